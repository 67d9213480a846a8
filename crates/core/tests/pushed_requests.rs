//! Pushed authorization requests (RFC 9126), and the key that a request names (RFC 9449 section 10).

mod support;

use grantee_core::authorization::{AuthorizationRequest, Pending, pushed};
use grantee_core::jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, SigningKey};
use grantee_core::ports::{BoxFuture, Ports};
use grantee_core::token_type::{ProofContext, TokenType, bearer::Bearer};
use grantee_core::{Error, Params, Token};
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use std::sync::Arc;
use support::authorization::*;
use support::{block_on, whole};

const FORM: &str = "response_type=code&client_id=svc&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=read&state=STATE\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
const BASIC: &str = "Basic c3ZjOnMzY3JldC1vZi10aGUtY2xpZW50LXRoYXQtaXMtbG9uZy1lbm91Z2g=";

fn answer(status: u16, body: &str) -> grantee_core::Result<pushed::Pushed> {
    pushed::judge(&http::Response::builder().status(status).body(body.to_owned().into()).unwrap())
}

#[test]
fn the_request_goes_from_here_and_the_browser_carries_client_id_and_request_uri_alone() {
    let world = world(|_| ());
    let (url, pending) = world.start(request().pushed());
    assert_eq!(url, "https://as.example/authorize?client_id=svc&request_uri=urn%3Aexample%3A1");
    let requests = world.server.requests.lock().unwrap();
    let expected = format!(
        "POST https://as.example/par\naccept: application/json\nauthorization: {BASIC}\n\
         content-type: application/x-www-form-urlencoded\n\n{FORM}"
    );
    assert_eq!(whole(&requests[0]), expected);
    let kept: Value = serde_json::from_str(&pending.to_json().unwrap()).unwrap();
    let complete = json!({
        "v": 1, "state": "STATE", "code_verifier": VERIFIER, "redirect_uri": "https://app.example/cb",
        "issuer": "https://as.example", "iss_required": false, "client_id": "svc", "response_type": "code",
        "scope": "read", "created_at": 1_700_000_000, "request_expires_at": 1_700_000_090,
    });
    assert_eq!(kept, complete);
}

#[test]
fn the_form_is_what_the_url_would_have_been() {
    let world = world(|config| config.set_par());
    let ask = || {
        let request = request().scope("openid").nonce("N").max_age(60).resource("https://a.example/").resource("urn:b");
        request.claims(json!({"id_token": {"acr": null}})).authorization_details(json!([{"type": "t"}])).param("k", "ä")
    };
    world.start(ask());
    let plain = support::authorization::world(|_| ()).start(ask()).0;
    assert_eq!(plain.split_once('?').unwrap().1, world.server.body(0));
}

#[test]
fn a_login_that_was_pushed_ends_as_any_other() {
    let world = world(|config| config.set_par());
    let pending = world.start(request()).1;
    block_on(world.client.finish(pending, "code=CODE&state=STATE")).unwrap();
    let expected = format!(
        "grant_type=authorization_code&code=CODE&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&code_verifier={VERIFIER}"
    );
    assert_eq!(world.server.body(1), expected);
}

#[test]
fn a_server_that_requires_it_gets_it_by_itself() {
    let world = world(|config| config.members_mut().require_pushed_authorization_requests = Some(true));
    assert!(world.start(request()).0.ends_with("?client_id=svc&request_uri=urn%3Aexample%3A1"));
    let by_choice = support::authorization::world(|_| ());
    assert!(by_choice.start(request()).0.contains("redirect_uri"));
    assert_eq!(by_choice.server.count(), 0);
}

#[test]
fn without_an_endpoint_nothing_is_sent_otherwise() {
    let world = world(|config| {
        config.members_mut().pushed_authorization_request_endpoint = None;
        config.set_par();
    });
    assert!(world.refused(request()).contains("pushed_authorization_request_endpoint"));
}

#[test]
fn a_public_client_and_a_client_with_an_assertion_authenticate_as_at_the_token_endpoint() {
    let world = world(|config| {
        config.set_client("app".to_owned(), None);
        config.set_par();
    });
    world.start(request());
    assert!(world.server.body(0).contains("client_id=app") && !world.server.body(0).contains("client_secret"));
    let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap();
    let world = support::authorization::world(|config| {
        config.set_auth(Arc::new(grantee_core::client_auth::PrivateKeyJwt::from_key(&key).unwrap()));
        config.set_par();
    });
    world.start(request());
    let form = Params::parse(&world.server.body(0));
    assert_eq!(form.get_all("client_id").collect::<Vec<_>>(), ["svc"]);
    assert_eq!(decoded(form.get("client_assertion").unwrap()).1["aud"], "https://as.example");
}

#[test]
fn a_request_object_is_pushed_with_nothing_beside_it_but_the_client() {
    let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap();
    let world = world(|config| {
        config.set_par();
        config.set_request_objects(SigningKey::new(&key, SignatureAlgorithm::Es256).unwrap().into());
    });
    let (url, _) = world.start(request().scope("openid").nonce("N"));
    assert_eq!(url, "https://as.example/authorize?client_id=svc&request_uri=urn%3Aexample%3A1");
    let form = Params::parse(&world.server.body(0));
    assert_eq!(form.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["client_id", "request"]);
    let expected = object_claims(json!({"scope": "read openid", "nonce": "N"}));
    assert_eq!(decoded(form.get("request").unwrap()).1, expected);
}

#[test]
fn any_status_of_success_will_do() {
    for status in [200, 201, 202] {
        let pushed = answer(status, r#"{"request_uri": "urn:x", "expires_in": 5, "more": 1}"#).unwrap();
        assert_eq!((pushed.request_uri.as_str(), pushed.expires_in.as_secs()), ("urn:x", 5));
        assert!(!format!("{pushed:?}").contains("urn:x"));
    }
}

#[test]
fn an_answer_has_a_request_uri_and_says_how_long_it_serves() {
    for (body, why) in [
        (r#"{"expires_in": 90}"#, "request_uri"),
        (r#"{"request_uri": "", "expires_in": 90}"#, "an empty string"),
        (r#"{"request_uri": 7, "expires_in": 90}"#, "got 7"),
        (r#"{"request_uri": "urn:x y", "expires_in": 90}"#, "another string"),
        (r#"{"request_uri": "urn:x\r\nSet-Cookie: a=b", "expires_in": 90}"#, "another string"),
        (r#"{"request_uri": "urn:x"}"#, "no such member"),
        (r#"{"request_uri": "urn:x", "expires_in": 0}"#, "got 0"),
        (r#"{"request_uri": "urn:x", "expires_in": -1}"#, "got -1"),
        (r#"{"request_uri": "urn:x", "expires_in": 1.5}"#, "got 1.5"),
        (r#"{"request_uri": "urn:x", "expires_in": "90"}"#, "positive integer"),
        ("<html>", "HTML"),
    ] {
        match answer(201, body) {
            Err(Error::Rule(broken)) => assert!(broken.to_string().contains(why), "{broken}"),
            other => panic!("{body} {other:?}"),
        }
    }
}

#[test]
fn what_the_server_gave_is_encoded_in_the_url() {
    let world = world(|config| config.set_par());
    *world.par.lock().unwrap() =
        (201, json!({"request_uri": "https://x/?a=1&redirect_uri=evil#f", "expires_in": 1}).to_string());
    let url = world.start(request()).0;
    assert_eq!(
        url,
        "https://as.example/authorize?client_id=svc&request_uri=https%3A%2F%2Fx%2F%3Fa%3D1%26redirect_uri%3Devil%23f"
    );
}

#[test]
fn a_refusal_is_the_servers_error_and_a_failure_without_one_is_a_status() {
    let world = world(|config| config.set_par());
    *world.par.lock().unwrap() = (400, r#"{"error": "invalid_request", "error_description": "no"}"#.to_owned());
    match block_on(world.client.start(request())) {
        Err(Error::Server(error)) => {
            assert_eq!(
                (error.stage, &*error.error, error.status),
                ("pushed authorization request", "invalid_request", 400)
            );
        }
        other => panic!("{other:?}"),
    }
    *world.par.lock().unwrap() = (503, String::new());
    let error = block_on(world.client.start(request())).unwrap_err();
    assert!(matches!(error, Error::Status(_)) && error.is_transient());
}

#[test]
fn the_endpoints_own_query_is_kept() {
    let world = world(|config| {
        config.members_mut().authorization_endpoint = Some("https://as.example/authorize?tenant=7".to_owned());
        config.set_par();
    });
    let expected = "https://as.example/authorize?tenant=7&client_id=svc&request_uri=urn%3Aexample%3A1";
    assert_eq!(world.start(request()).0, expected);
}

/// A type that names its key and proves with it.
struct Bound;

impl TokenType for Bound {
    fn name(&self) -> &str {
        "Bearer"
    }

    fn key_thumbprint(&self, _: &Ports) -> Option<String> {
        Some("NEWEST".to_owned())
    }

    fn authorization_parameters(&self) -> Vec<(&'static str, String)> {
        vec![("dpop_jkt", "JKT".to_owned())]
    }

    fn header(&self, token: &Token) -> grantee_core::Result<HeaderValue> {
        Bearer.header(token)
    }

    fn needs_proof(&self) -> bool {
        true
    }

    fn prove<'a>(
        &'a self,
        context: ProofContext<'a>,
        headers: &'a mut HeaderMap,
    ) -> BoxFuture<'a, grantee_core::Result<()>> {
        Box::pin(async move {
            headers.insert("proof", context.key_thumbprint.unwrap_or("none").parse().unwrap());
            Ok(())
        })
    }
}

#[test]
fn the_key_that_the_request_names_proves_the_code_too() {
    for pushed in [false, true] {
        let world = world(|config| config.set_token_type(Arc::new(Bound)));
        let ask = |request: AuthorizationRequest| if pushed { request.pushed() } else { request };
        let (url, pending) = world.start(ask(request()));
        let asked = if pushed { world.server.body(0) } else { url };
        assert!(asked.ends_with("&dpop_jkt=JKT"), "{asked}");
        let kept = pending.to_json().unwrap();
        assert!(kept.contains(r#""key_thumbprint":"JKT""#));
        block_on(world.client.finish(Pending::from_json(&kept).unwrap(), "code=CODE&state=STATE")).unwrap();
        let requests = world.server.requests.lock().unwrap();
        assert!(requests.iter().all(|request| request.headers()["proof"] == "JKT"));
        assert_eq!(requests.len(), usize::from(pushed) + 1);
    }
}

#[test]
fn a_form_without_a_client_is_not_made_of_a_request_that_is_to_be_signed() {
    let context = grantee_core::authorization::RequestContext {
        client_id: "svc",
        issuer: None,
        authorization_endpoint: "https://as.example/authorize",
        iss_parameter_supported: false,
        redirect_uri: Some("https://app.example/cb"),
        entropy: &support::Counting::default(),
        now: grantee_core::UnixTime::from_seconds(0),
        allow_http: false,
    };
    let error = request().request_object(true).start_as_form(&context).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("without a client"), "{error}");
    assert!(request().pushed().start_as_form(&context).is_ok());
}
