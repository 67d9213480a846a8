//! Implicit and hybrid logins: what comes through the browser, in the fragment and by form_post.

use grantee::jose::jws::Compact;
use grantee::oidc::IdToken;
use grantee::{AuthorizationRequest, Callback, Pending, legacy};
use grantee_interop::plain::{self, callback_parameter};
use grantee_interop::{Server, Walk, walk};
use url::form_urlencoded;

use crate::face::{LoggedIn, OpenIdFace, Setup, through_both_faces};

through_both_faces!(
    code at oidc_provider glewlwyd,
    id_token at oidc_provider glewlwyd,
    id_token_token at oidc_provider glewlwyd,
    code_id_token at oidc_provider glewlwyd,
    code_token at oidc_provider glewlwyd,
    code_id_token_token at oidc_provider glewlwyd,
    token_by_the_legacy_door at glewlwyd,
    none_grants_and_gives_nothing at oidc_provider glewlwyd,
    a_form_post_with_an_encoded_issuer_is_refused at glewlwyd,
    a_changed_id_token_is_refused at oidc_provider glewlwyd,
    a_changed_code_or_access_token_is_refused at oidc_provider glewlwyd,
    an_answer_to_another_request_is_refused at oidc_provider glewlwyd,
    an_error_comes_in_the_fragment_too at oidc_provider,
);

/// Which client may ask for everything.
fn setup(server: &Server) -> Setup {
    Setup::registered(server, if server.name == "oidc-provider" { "hybrid" } else { "basic" })
}

fn request(response_type: &str) -> AuthorizationRequest {
    AuthorizationRequest::new().response_type(response_type).scope("openid email")
}

/// What came back in a URL, wherever it stands there.
fn parameters(callback: &str) -> Vec<(String, String)> {
    let (_, answer) = callback.split_once(['?', '#']).expect("a callback with an answer");
    form_urlencoded::parse(answer.as_bytes()).into_owned().collect()
}

fn parameter(callback: &str, name: &str) -> Option<String> {
    parameters(callback).into_iter().find_map(|(found, value)| (found == name).then_some(value))
}

/// The same callback with one parameter changed.
fn with(callback: &str, name: &str, change: impl Fn(&str) -> String) -> String {
    let start = callback.find(['?', '#']).expect("a callback with an answer") + 1;
    let pairs = parameters(callback).into_iter().map(|(found, value)| {
        let value = if found == name { change(&value) } else { value };
        (found, value)
    });
    let changed = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{}{changed}", &callback[..start])
}

/// One character in the middle becomes another of the same alphabet.
fn one_character_changed(text: &str) -> String {
    let (before, after) = text.split_at(text.len() / 2);
    let other = if after.starts_with('A') { "B" } else { "A" };
    format!("{before}{other}{}", &after[1..])
}

/// Logs in with each way to answer; every login ends well, and says who it is.
fn each_way<F: OpenIdFace>(server: &Server, response_type: &str) {
    let face = F::new(&setup(server));
    let has = |word: &str| response_type.split(' ').any(|one| one == word);

    let (url, pending) = face.start(request(response_type)).expect("a request");
    let callback = walk(server, &url);
    // Glewlwyd puts it into the query where there is a code.
    let place = if response_type == "code" || (server.name == "glewlwyd" && has("code")) { '?' } else { '#' };
    assert!(callback.contains(place), "{callback}");
    let bare = server.name == "oidc-provider" && has("id_token");
    assert_eq!(parameter(&callback, "iss").is_none(), bare, "an ID token stands for iss at oidc-provider: {callback}");
    ends_well(&face, response_type, pending, (&callback).into());

    // What ties the ID token to what came with it is there, and was judged.
    let (url, pending) = face.start(request(response_type)).expect("a request");
    let response = face.respond(pending, walk(server, &url).into()).expect("an answer");
    assert_eq!(response.code().is_some(), has("code"));
    assert_eq!(response.token().is_some(), has("token"));
    assert_eq!(response.id_token().is_some(), has("id_token"));
    if let Some(id_token) = response.id_token() {
        has_hash(id_token, "at_hash", has("token"));
        has_hash(id_token, "c_hash", has("code"));
        assert_eq!(id_token.claims().get::<String>("nonce").as_deref(), response.nonce().map(|nonce| nonce.reveal()));
    }

    // Glewlwyd's has a test of its own.
    if server.name == "oidc-provider" {
        let (url, pending) = face.start(request(response_type).response_mode("form_post")).expect("a request");
        let body = Walk::new(server).to_form_post(&url).expect("a form");
        ends_well(&face, response_type, pending, Callback::form_post(body.as_bytes()));
    }
}

fn has_hash(id_token: &IdToken, name: &str, wanted: bool) {
    let there = id_token.claims().get::<String>(name).is_some();
    assert_eq!(there, wanted, "{name}: {id_token:?}");
}

fn ends_well<F: OpenIdFace>(face: &F, response_type: &str, pending: Pending, callback: Callback<'_>) {
    if response_type == "id_token" {
        let id_token = face.identify(pending, callback).expect("who it is");
        assert_eq!(id_token.claims().email(), Some("alice@example.test"), "there is no userinfo to ask");
        return;
    }
    let login = face.finish(pending, callback).expect("a login");
    // `code token` has its ID token from the token endpoint, `id_token token` from the answer itself.
    let info = face.userinfo(&login).expect("userinfo");
    assert_eq!(info.claims.sub(), Some(login.id_token().subject()));
    assert_eq!(info.claims.email(), Some("alice@example.test"));
}

fn code<F: OpenIdFace>(server: &Server) {
    each_way::<F>(server, "code");
}

fn id_token<F: OpenIdFace>(server: &Server) {
    each_way::<F>(server, "id_token");
}

fn id_token_token<F: OpenIdFace>(server: &Server) {
    each_way::<F>(server, "id_token token");
}

fn code_id_token<F: OpenIdFace>(server: &Server) {
    each_way::<F>(server, "code id_token");
}

fn code_token<F: OpenIdFace>(server: &Server) {
    each_way::<F>(server, "code token");
}

fn code_id_token_token<F: OpenIdFace>(server: &Server) {
    each_way::<F>(server, "code id_token token");
}

fn token_by_the_legacy_door<F: OpenIdFace>(server: &Server) {
    let face = F::new(&setup(server));
    let (url, pending) =
        face.start(legacy::implicit(AuthorizationRequest::new().scope("openid read"))).expect("a request");
    let callback = walk(server, &url);
    assert!(callback.contains('#'), "{callback}");
    // It asked for openid, but nothing says who it is.
    let response = face.respond(pending, (&callback).into()).expect("an answer");
    let token = response.token().expect("an access token");
    assert!(response.code().is_none() && response.id_token().is_none() && token.refresh_token.is_none());
    assert_eq!(plain::get(&server.api, token.access_token.reveal()).status, 200);
}

fn none_grants_and_gives_nothing<F: OpenIdFace>(server: &Server) {
    let face = F::new(&setup(server));
    let (url, pending) = face.start(request("none")).expect("a request");
    let response = face.respond(pending, walk(server, &url).into()).expect("an answer");
    assert!(response.code().is_none() && response.token().is_none() && response.id_token().is_none());
}

/// Glewlwyd encodes the values of its form for a URL, and the browser encodes them again.
fn a_form_post_with_an_encoded_issuer_is_refused<F: OpenIdFace>(server: &Server) {
    let face = F::new(&setup(server));
    for response_type in ["code", "id_token", "code id_token token"] {
        let (url, pending) = face.start(request(response_type).response_mode("form_post")).expect("a request");
        let body = Walk::new(server).to_form_post(&url).expect("a form");
        let iss = form_urlencoded::parse(body.as_bytes()).find_map(|(name, value)| (name == "iss").then_some(value));
        assert!(iss.is_some_and(|iss| iss.starts_with("http%3A%2F%2F")), "Glewlwyd was mended: test it as the others");
        let failure = face.respond(pending, Callback::form_post(body.as_bytes())).expect_err("no such issuer");
        failure.breaks("iss is the issuer that was asked");
    }
}

fn a_changed_id_token_is_refused<F: OpenIdFace>(server: &Server) {
    let face = F::new(&setup(server));
    for part in [1, 2] {
        let (url, pending) = face.start(request("code id_token")).expect("a request");
        let callback = with(&walk(server, &url), "id_token", |token| {
            let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
            parts[part] = one_character_changed(&parts[part]);
            parts.join(".")
        });
        face.finish(pending, callback.into()).expect_err("a changed token").breaks("the signature verifies");
    }
    // Signed by the same key for another client: its signature is good.
    let other = F::new(&Setup::registered(server, "basic"));
    if server.name == "oidc-provider" {
        let theirs = other.log_in_by(&mut Walk::new(server), AuthorizationRequest::new().scope("openid"));
        let theirs = theirs.expect("a login").id_token().reveal().to_owned();
        let (url, pending) = face.start(request("id_token")).expect("a request");
        let callback = with(&walk(server, &url), "id_token", |_| theirs.clone());
        face.identify(pending, callback.into()).expect_err("another client's").breaks("aud is this client");
    }
}

fn a_changed_code_or_access_token_is_refused<F: OpenIdFace>(server: &Server) {
    let face = F::new(&setup(server));
    for (name, rule) in [
        ("code", "c_hash is the digest of the code"),
        ("access_token", "at_hash is the digest of the access token"),
        ("state", "state is the one that was sent"),
    ] {
        let (url, pending) = face.start(request("code id_token token")).expect("a request");
        let callback = with(&walk(server, &url), name, one_character_changed);
        face.finish(pending, callback.into()).expect_err(name).breaks(rule);
    }
}

fn an_answer_to_another_request_is_refused<F: OpenIdFace>(server: &Server) {
    let face = F::new(&setup(server));
    // The state alone tells two requests apart; where it is the same, the nonce does.
    for (ours, theirs, rule) in [
        ("state-1", "state-2", "state is the one that was sent"),
        ("state-1", "state-1", "nonce is the one that was sent"),
    ] {
        for response_type in ["id_token", "code"] {
            let ask = |state: &str, nonce: &str| request(response_type).state(state).nonce(nonce);
            let (_, pending) = face.start(ask(ours, "nonce-0123456789")).expect("a request");
            let (url, _) = face.start(ask(theirs, "nonce-9876543210")).expect("a request");
            let callback = walk(server, &url);
            if response_type == "code" && ours == theirs {
                // The code is refused before there is an ID token: it was asked for with another code_verifier.
                let failure = face.finish(pending, callback.into()).expect_err("another request's code");
                let error = if server.name == "glewlwyd" { "invalid_code" } else { "invalid_grant" };
                assert_eq!(failure.server_error.as_deref(), Some(error), "{failure:?}");
            } else if response_type == "code" {
                face.finish(pending, callback.into()).expect_err("another request's code").breaks(rule);
            } else {
                let raw = parameter(&callback, "id_token").expect("an ID token");
                assert!(Compact::parse(&raw).is_ok());
                face.identify(pending, callback.into()).expect_err("another request's ID token").breaks(rule);
            }
        }
    }
}

fn an_error_comes_in_the_fragment_too<F: OpenIdFace>(server: &Server) {
    let face = F::new(&setup(server));
    let (url, pending) = face.start(request("code id_token").param("ui", "deny")).expect("a request");
    let callback = walk(server, &url);
    assert!(callback.contains('#') && callback_parameter(&callback, "error").is_none(), "{callback}");
    let failure = face.finish(pending, callback.into()).expect_err("a refusal");
    assert_eq!(failure.server_error.as_deref(), Some("access_denied"), "{failure:?}");
}
