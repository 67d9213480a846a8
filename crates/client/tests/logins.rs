//! Logins from start to finish, and every way a session comes to its first token.

mod faces;

use faces::{Client, Face, callback_of, client, in_both_faces, login_session, session, walk};
use grantee::client_auth::from_fn;
use grantee::grant::GrantContext;
use grantee::ports::BoxFuture;
use grantee::{AuthorizationCode, AuthorizationRequest, Callback, Error, Grant, Params, Pending, Result, Token};
use grantor::{Endpoint, Misbehaviour, Server};

const REDIRECT_URI: &str = "http://127.0.0.1:4711/callback";

fn server() -> Server {
    Server::builder().auto_approve("alice").start()
}

fn client_of(face: Face, server: &Server) -> Client {
    client!(face, discover(server.issuer().as_str()).client("svc", "secret").redirect_uri(REDIRECT_URI)).unwrap()
}

fn started(client: &Client, request: AuthorizationRequest) -> (String, Pending) {
    let (url, pending) = client.start(request).unwrap();
    (callback_of(&url), pending)
}

fn code_in(callback: &str) -> String {
    let url = url::Url::parse(callback).unwrap();
    url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
}

fn kept(pending: &Pending, member: &str) -> String {
    let kept: serde_json::Value = serde_json::from_str(&pending.to_json().unwrap()).unwrap();
    kept[member].as_str().unwrap().to_owned()
}

in_both_faces! {
    a_login_brings_a_token_for_what_was_asked,
    a_public_client_logs_in_without_a_credential,
    exactly_the_redirect_uri_of_the_request_is_sent_back,
    the_server_really_checks_the_verifier_that_is_sent,
    a_pending_login_goes_through_a_cookie_or_a_file_and_is_finished_by_another_process,
    a_callback_is_read_in_every_shape_it_comes_in,
    a_form_post_is_read_from_its_body,
    an_error_answer_is_an_error_and_no_token_request_follows,
    an_error_answer_is_checked_for_its_sender_first,
    an_answer_from_somebody_else_costs_no_token_request,
    one_logins_callback_does_not_end_another,
    a_pending_login_is_finished_by_the_client_that_started_it,
    a_code_that_is_used_twice_is_told_and_its_tokens_are_dead,
    a_signed_answer_is_taken_by_whichever_key_signed_it_where_nobody_says_which,
    a_session_starts_from_a_login,
    a_session_starts_from_a_code,
    a_session_starts_from_a_token_that_came_from_elsewhere,
    a_session_starts_from_a_grant_of_ones_own,
    a_session_goes_by_a_client_authentication_of_ones_own,
}

fn a_login_brings_a_token_for_what_was_asked(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    let (callback, pending) = started(&client, AuthorizationRequest::new().scope("openid orders"));
    let login = client.finish(pending, callback.as_str()).unwrap();
    let token = login.token();
    assert!(token.scope.as_ref().unwrap().contains("orders") && token.refresh_token.is_some());
    assert!(token.id_token.is_some(), "kept as it came, and called unverified");
    let seen = client.introspect(token).unwrap();
    assert_eq!((seen.active, seen.username.as_deref(), seen.client_id.as_deref()), (true, Some("alice"), Some("svc")));
}

fn a_public_client_logs_in_without_a_credential(face: Face) {
    let server = server();
    let client =
        client!(face, discover(server.issuer().as_str()).public_client("public").redirect_uri(REDIRECT_URI)).unwrap();
    let (callback, pending) = started(&client, AuthorizationRequest::new());
    client.finish(pending, callback.as_str()).unwrap();
    let sent = &server.requests_to(Endpoint::Token)[0];
    assert_eq!((sent.header("authorization"), sent.form_value("client_id").as_deref()), (None, Some("public")));
}

fn exactly_the_redirect_uri_of_the_request_is_sent_back(face: Face) {
    let server = Server::builder()
        .client(grantor::Client::new("exact").secret("secret").redirect_uri("http://127.0.0.1/cb?keep=%41+b&x"))
        .auto_approve("alice")
        .start();
    let redirect_uri = "http://127.0.0.1:8181/cb?keep=%41+b&x";
    let client = client!(face, discover(server.issuer().as_str()).client("exact", "secret")).unwrap();
    let (callback, pending) = started(&client, AuthorizationRequest::new().redirect_uri(redirect_uri));
    assert_eq!(pending.redirect_uri(), redirect_uri);
    client.finish(pending, callback.as_str()).unwrap();
    assert_eq!(server.requests_to(Endpoint::Authorize)[0].query_value("redirect_uri").as_deref(), Some(redirect_uri));
    assert_eq!(server.requests_to(Endpoint::Token)[0].form_value("redirect_uri").as_deref(), Some(redirect_uri));
}

fn the_server_really_checks_the_verifier_that_is_sent(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    let (callback, pending) = started(&client, AuthorizationRequest::new());
    let verifier = kept(&pending, "code_verifier");
    let tampered = pending.to_json().unwrap().replace(&verifier, &"x".repeat(43));
    let error = client.finish(Pending::from_json(&tampered).unwrap(), callback.as_str()).unwrap_err();
    assert_eq!(error.server_error(), Some("invalid_grant"));
    let (callback, pending) = started(&client, AuthorizationRequest::new());
    let verifier = kept(&pending, "code_verifier");
    client.finish(pending, callback.as_str()).unwrap();
    assert_eq!(server.requests_to(Endpoint::Token)[1].form_value("code_verifier"), Some(verifier));
    let asked = &server.requests_to(Endpoint::Authorize)[1];
    assert_eq!(asked.query_value("code_challenge_method").as_deref(), Some("S256"));
}

fn a_pending_login_goes_through_a_cookie_or_a_file_and_is_finished_by_another_process(face: Face) {
    let server = server();
    let (callback, pending) = started(&client_of(face, &server), AuthorizationRequest::new().scope("openid a"));
    let cookie = pending.to_json().unwrap();
    drop(pending);
    let login = client_of(face, &server).finish(Pending::from_json(&cookie).unwrap(), callback.as_str()).unwrap();
    assert!(login.token().scope.as_ref().unwrap().contains("a"));
    // Serde knows it as well.
    let (callback, pending) = started(&client_of(face, &server), AuthorizationRequest::new());
    let value = serde_json::to_value(&pending).unwrap();
    client_of(face, &server).finish(serde_json::from_value(value).unwrap(), callback.as_str()).unwrap();
}

fn a_callback_is_read_in_every_shape_it_comes_in(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    let shapes: [fn(&str) -> String; 5] = [
        |callback| callback.to_owned(),
        |callback| callback.split_once('?').unwrap().1.to_owned(),
        |callback| format!("?{}", callback.split_once('?').unwrap().1),
        |callback| format!("/callback?{}", callback.split_once('?').unwrap().1),
        |callback| format!("{callback}&unknown=1&unknown=2#_=_"),
    ];
    for shape in shapes {
        let (callback, pending) = started(&client, AuthorizationRequest::new());
        client.finish(pending, shape(&callback).as_str()).unwrap();
    }
    let (callback, pending) = started(&client, AuthorizationRequest::new().response_mode("fragment"));
    assert!(callback.contains('#'));
    client.finish(pending, callback.as_str()).unwrap();
}

fn a_form_post_is_read_from_its_body(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    let (url, pending) = client.start(AuthorizationRequest::new().response_mode("form_post")).unwrap();
    let page = walk(url.as_str()).2;
    let inputs = page.split("<input").skip(1).map(|input| {
        let attribute = |name: &str| {
            let rest = input.split_once(&format!("{name}=\"")).unwrap().1;
            rest.split('"').next().unwrap().replace("&amp;", "&")
        };
        (attribute("name"), attribute("value"))
    });
    let body = inputs.collect::<Params>().encode();
    client.finish(pending, Callback::form_post(body.as_bytes())).unwrap();
}

fn an_error_answer_is_an_error_and_no_token_request_follows(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    for (error, transient) in [
        ("access_denied", false),
        ("invalid_scope", false),
        ("unauthorized_client", false),
        ("login_required", false),
        ("temporarily_unavailable", true),
        ("server_error", true),
    ] {
        let description = Some("in the server's words".to_owned());
        server.misbehave_times(
            Endpoint::Authorize,
            1,
            Misbehaviour::OAuthError { status: 0, error: error.into(), description },
        );
        let (callback, pending) = started(&client, AuthorizationRequest::new());
        let came = client.finish(pending, callback.as_str()).unwrap_err();
        let Error::Server(server_error) = &came else { panic!("{came:?}") };
        assert_eq!((server_error.stage, server_error.error.as_str()), ("authorization response", error));
        assert_eq!(server_error.description.as_deref(), Some("in the server's words"));
        assert_eq!((came.is_transient(), came.status().unwrap_or(0)), (transient, 0), "{came}");
    }
    assert_eq!(server.count(Endpoint::Token), 0);
}

fn an_error_answer_is_checked_for_its_sender_first(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    for callback in [
        "?error=access_denied",
        "?error=access_denied&state=another",
        &format!("?error=access_denied&iss={}", server.issuer()),
    ] {
        let (_, pending) = client.start(AuthorizationRequest::new()).unwrap();
        assert_eq!(client.finish(pending, callback).unwrap_err().code(), "rule_violation", "{callback}");
    }
}

fn an_answer_from_somebody_else_costs_no_token_request(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    for misbehaviour in [
        Misbehaviour::WrongState,
        Misbehaviour::OmitMember("state".into()),
        Misbehaviour::SetMember("state".into(), "".into()),
        Misbehaviour::WrongIssuer("https://evil.example".into()),
        Misbehaviour::WrongIssuer(format!("{}/", server.issuer())),
        Misbehaviour::OmitMember("iss".into()),
        Misbehaviour::DuplicateMember("code".into()),
        Misbehaviour::DuplicateMember("state".into()),
        Misbehaviour::DuplicateMember("iss".into()),
        Misbehaviour::OmitMember("code".into()),
        Misbehaviour::ExtraParameter("error".into(), "access_denied".into()),
        Misbehaviour::ExtraParameter("access_token".into(), "s3cret".into()),
        Misbehaviour::ExtraParameter("id_token".into(), "s3cret".into()),
        Misbehaviour::ExtraParameter("response".into(), "s3cret".into()),
    ] {
        server.misbehave_times(Endpoint::Authorize, 1, misbehaviour.clone());
        let (callback, pending) = started(&client, AuthorizationRequest::new());
        let error = client.finish(pending, callback.as_str()).unwrap_err();
        assert!(["rule_violation", "server_error_response"].contains(&error.code()), "{misbehaviour:?}: {error:?}");
    }
    // At another address than the one asked for, though everything in it be right.
    let (callback, pending) = started(&client, AuthorizationRequest::new());
    let elsewhere = callback.replace("127.0.0.1:4711", "evil.example");
    assert_eq!(client.finish(pending, elsewhere.as_str()).unwrap_err().code(), "rule_violation");
    assert_eq!(server.count(Endpoint::Token), 0);
}

fn one_logins_callback_does_not_end_another(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    let (one, _) = started(&client, AuthorizationRequest::new());
    let (_, pending) = started(&client, AuthorizationRequest::new());
    assert_eq!(client.finish(pending, one.as_str()).unwrap_err().code(), "rule_violation");
}

fn a_pending_login_is_finished_by_the_client_that_started_it(face: Face) {
    let server = server();
    let (callback, pending) = started(&client_of(face, &server), AuthorizationRequest::new());
    let other =
        client!(face, discover(server.issuer().as_str()).client("basic", "secret").redirect_uri(REDIRECT_URI)).unwrap();
    assert!(matches!(other.finish(pending, callback.as_str()).unwrap_err(), Error::Config(_)));
    assert_eq!(server.count(Endpoint::Token), 0);
}

fn a_code_that_is_used_twice_is_told_and_its_tokens_are_dead(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    let (callback, pending) = started(&client, AuthorizationRequest::new());
    let copy = Pending::from_json(&pending.to_json().unwrap()).unwrap();
    let login = client.finish(pending, callback.as_str()).unwrap();
    let error = client.finish(copy, callback.as_str()).unwrap_err();
    assert_eq!((error.server_error(), error.is_transient()), (Some("invalid_grant"), false));
    assert!(!client.introspect(login.token()).unwrap().active);
    assert_eq!(server.families_revoked(), 1);
}

fn a_signed_answer_is_taken_by_whichever_key_signed_it_where_nobody_says_which(face: Face) {
    let server = server();
    server.register(grantor::Client::new("es").secret("secret").authorization_signed_response_alg("ES256"));
    let request = || AuthorizationRequest::new().response_mode("jwt").redirect_uri(REDIRECT_URI);
    let issuer = server.issuer();
    let usual = client!(face, discover(issuer.as_str()).client("es", "secret")).unwrap();
    let (callback, pending) = started(&usual, request());
    let refused = usual.finish(pending, callback.as_str()).map(drop).unwrap_err();
    assert!(refused.hint().unwrap().contains("authorization_alg"), "{refused}");
    let any = client!(face, discover(issuer.as_str()).client("es", "secret").accept_any_authorization_alg()).unwrap();
    let (callback, pending) = started(&any, request());
    any.finish(pending, callback.as_str()).unwrap();
    // What is said goes before it, and a signature is wanted still.
    let said = client!(
        face,
        discover(issuer.as_str()).client("es", "secret").accept_any_authorization_alg().authorization_alg("PS256")
    )
    .unwrap();
    let (callback, pending) = started(&said, request());
    assert!(said.finish(pending, callback.as_str()).is_err());
    server.misbehave_jwt(grantor::Jwt::AuthorizationResponse, grantor::JwtFault::AlgNone);
    let (callback, pending) = started(&any, request());
    assert!(matches!(any.finish(pending, callback.as_str()).map(drop), Err(Error::Rule(_))));
}

fn a_session_starts_from_a_login(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    let (callback, pending) = started(&client, AuthorizationRequest::new().scope("orders"));
    let login = client.finish(pending, callback.as_str()).unwrap();
    let session = login_session!(login, allow_origin(&server.url("")).unwrap()).unwrap();
    server.clear_log();
    assert_eq!(session.get(&server.url("/api/scope/orders")).unwrap().status(), 200);
    assert_eq!(server.count(Endpoint::Token), 0, "the login's own token serves");
    server.expire_access_tokens();
    assert_eq!(session.get(&server.url("/api/scope/orders")).unwrap().status(), 200);
    assert_eq!(server.requests_to(Endpoint::Token)[0].form_value("grant_type").as_deref(), Some("refresh_token"));
}

fn a_session_starts_from_a_code(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    let (callback, pending) = started(&client, AuthorizationRequest::new().scope("orders"));
    let grant = AuthorizationCode::from_parts(code_in(&callback), REDIRECT_URI, kept(&pending, "code_verifier"));
    let session = session!(client, session(grant.clone())).unwrap();
    assert_eq!(server.count(Endpoint::Token), 0, "on first use");
    let first = session.access().unwrap();
    let second = session.renew().unwrap();
    assert_ne!(first, second.access_token.reveal());
    let grants: Vec<_> =
        server.requests_to(Endpoint::Token).iter().map(|request| request.form_value("grant_type").unwrap()).collect();
    assert_eq!(grants, ["authorization_code", "refresh_token"]);
}

fn a_session_starts_from_a_token_that_came_from_elsewhere(face: Face) {
    let server = server();
    let issued = server.issue("svc", Some("alice"), "orders");
    let client = client_of(face, &server);
    let token = Token::bearer(issued.access_token.as_str()).with_refresh_token(issued.refresh_token.as_str());
    let session = session!(client, session_of(token.clone()).allow_origin(&server.url("")).unwrap()).unwrap();
    assert_eq!(session.access().unwrap(), issued.access_token);
    assert_eq!(session.get(&server.url("/api/scope/orders")).unwrap().status(), 200);
    assert_ne!(session.renew().unwrap().access_token.reveal(), issued.access_token);
    // A bare one serves as long as the API takes it, and then the person is wanted.
    let bare = Token::bearer(server.issue("svc", None, "orders").access_token);
    let session = session!(client, session_of(bare.clone()).allow_origin(&server.url("")).unwrap()).unwrap();
    assert_eq!(session.get(&server.url("/api/x")).unwrap().status(), 200);
    server.expire_access_tokens();
    assert!(session.get(&server.url("/api/x")).unwrap_err().needs_login());
}

fn a_session_starts_from_a_grant_of_ones_own(face: Face) {
    let server = server();
    let client = client_of(face, &server);
    let session = session!(client, session(Renamed("alice"))).unwrap();
    session.token().unwrap();
    let sent = &server.requests_to(Endpoint::Token)[0];
    assert_eq!(
        (sent.form_value("grant_type").as_deref(), sent.form_value("username").as_deref()),
        (Some("password"), Some("alice"))
    );
    // It is renewed as any other is.
    session.renew().unwrap();
    assert_eq!(server.requests_to(Endpoint::Token)[1].form_value("grant_type").as_deref(), Some("refresh_token"));
}

fn a_session_goes_by_a_client_authentication_of_ones_own(face: Face) {
    let server = server();
    let own = from_fn("header_of_its_own", |draft, context| {
        draft.headers.insert("x-own", http::HeaderValue::from_static("proof"));
        draft.form.push("client_id", context.client_id);
        draft.form.push("client_secret", "secret");
        Ok(())
    });
    let client = client!(face, discover(server.issuer().as_str()).public_client("svc").auth(own)).unwrap();
    let session = session!(client, session(Renamed("alice"))).unwrap();
    session.token().unwrap();
    let token = session.renew().unwrap();
    client.introspect(&*token).unwrap();
    client.revoke(&*token).unwrap();
    for endpoint in [Endpoint::Token, Endpoint::Introspection, Endpoint::Revocation] {
        for request in server.requests_to(endpoint) {
            assert_eq!((request.header("x-own"), request.header("authorization")), (Some("proof"), None));
            assert_eq!(request.status, Some(200));
        }
    }
}

/// A grant that this crate knows nothing of; it passes for one that grantor knows.
#[derive(Clone)]
struct Renamed(&'static str);

impl Grant for Renamed {
    fn grant_type(&self) -> &str {
        "password"
    }

    fn params<'a>(&'a self, _: GrantContext<'a>) -> BoxFuture<'a, Result<Params>> {
        Box::pin(async { Ok(Params::new().with("username", self.0).with("password", "wonderland")) })
    }
}
