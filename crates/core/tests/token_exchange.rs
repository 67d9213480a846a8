//! Token exchange (RFC 8693): the whole wire of each request, and what an answer must say.

mod support;

use grantee_core::grant::{Grant, RefreshToken, SecurityToken, TokenExchange};
use grantee_core::{Error, Result, Token, UnverifiedIdToken, contract};
use support::*;

const HEAD: &str = "POST https://as.example/token\naccept: application/json\nauthorization: Basic c3ZjOnMzY3JldA==\ncontent-type: application/x-www-form-urlencoded\n\ngrant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange";
const URN: &str = "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3A";

fn answer(grant: &TokenExchange, body: &'static str) -> (Result<Token>, String) {
    let server = FakeServer::new(move |_, _| json(200, body));
    let token = block_on(client(&server, &ManualClock::new()).token(grant));
    let requests = server.requests.lock().unwrap();
    (token, requests.first().map(whole).unwrap_or_default())
}

fn sent(grant: TokenExchange) -> String {
    let (token, sent) = answer(
        &grant,
        r#"{"access_token":"at","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer"}"#,
    );
    token.unwrap();
    sent
}

fn refused(grant: TokenExchange) -> String {
    let (token, sent) = answer(&grant, "{}");
    assert_eq!(sent, "", "nothing goes out");
    match token.unwrap_err() {
        Error::Config(error) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn short_names_of_types_serve_for_subject_actor_and_what_is_requested() {
    for name in ["access_token", "refresh_token", "id_token", "jwt", "saml1", "saml2"] {
        let grant = TokenExchange::new(SecurityToken::new("s", name))
            .actor(SecurityToken::new("a", name))
            .requested_token_type(name);
        assert_eq!(
            sent(grant),
            format!(
                "{HEAD}&subject_token=s&subject_token_type={URN}{name}&actor_token=a&actor_token_type={URN}{name}&requested_token_type={URN}{name}"
            )
        );
    }
}

#[test]
fn types_in_full_and_of_others_pass_as_they_are() {
    let grant = TokenExchange::new(SecurityToken::new("s", "urn:ietf:params:oauth:token-type:jwt"))
        .requested_token_type("urn:example:device");
    assert_eq!(
        sent(grant),
        format!("{HEAD}&subject_token=s&subject_token_type={URN}jwt&requested_token_type=urn%3Aexample%3Adevice")
    );
}

#[test]
fn types_are_inferred_from_our_own_values() {
    let token = Token::bearer("at").with_refresh_token("rt");
    assert_eq!(
        sent(TokenExchange::new(&token)),
        format!("{HEAD}&subject_token=at&subject_token_type={URN}access_token")
    );
    assert_eq!(
        sent(TokenExchange::new(RefreshToken::of(&token).unwrap()).actor(UnverifiedIdToken::new("idt"))),
        format!(
            "{HEAD}&subject_token=rt&subject_token_type={URN}refresh_token&actor_token=idt&actor_token_type={URN}id_token"
        )
    );
}

#[test]
fn an_actor_type_goes_with_an_actor_and_only_then() {
    assert!(!sent(TokenExchange::new(Token::bearer("at"))).contains("actor_token"));
    let token = Token::bearer("at");
    assert!(refused(TokenExchange::new(&token).actor(SecurityToken::new("a", ""))).contains("actor token"));
    assert!(refused(TokenExchange::new(&token).actor(SecurityToken::new("", "jwt"))).contains("actor token"));
    assert!(refused(TokenExchange::new(SecurityToken::new("", "jwt"))).contains("subject token"));
    for name in ["actor_token_type", "actor_token", "subject_token", "requested_token_type"] {
        assert!(refused(TokenExchange::new(&token).param(name, "x")).contains(name));
    }
}

#[test]
fn resources_and_audiences_repeat_and_scope_goes_along() {
    let grant = TokenExchange::new(Token::bearer("at"))
        .scope("read")
        .resource("https://a.example/")
        .resource("https://b.example/")
        .audience("x")
        .audience("y")
        .param("own", "1");
    assert_eq!(
        sent(grant),
        format!(
            "{HEAD}&subject_token=at&subject_token_type={URN}access_token&scope=read&resource=https%3A%2F%2Fa.example%2F&resource=https%3A%2F%2Fb.example%2F&audience=x&audience=y&own=1"
        )
    );
}

#[test]
fn a_resource_is_an_absolute_uri_without_a_fragment() {
    for bad in ["orders", "/orders", "https://api.example/#orders"] {
        assert!(refused(TokenExchange::new(Token::bearer("at")).resource(bad)).contains("absolute URI"), "{bad}");
    }
}

#[test]
fn an_answer_that_does_not_say_what_was_issued_is_refused() {
    for body in [
        r#"{"access_token":"s3cret","token_type":"Bearer"}"#,
        r#"{"access_token":"s3cret","token_type":"Bearer","issued_token_type":""}"#,
        r#"{"access_token":"s3cret","token_type":"Bearer","issued_token_type":7}"#,
    ] {
        let error = answer(&TokenExchange::new(Token::bearer("at")), body).0.unwrap_err();
        let Error::Rule(rule) = &error else { panic!("{error:?}") };
        assert_eq!(rule.spec, "RFC 8693 section 2.2.1");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}

#[test]
fn what_is_no_access_token_is_brought_and_never_put_on_a_request() {
    let body = r#"{"access_token":"s3cret","token_type":"N_A","issued_token_type":"urn:ietf:params:oauth:token-type:saml2","expires_in":60}"#;
    let server = FakeServer::new(move |_, _| json(200, body));
    let client = client(&server, &ManualClock::new());
    let grant = TokenExchange::new(Token::bearer("at")).requested_token_type("saml2");
    let source = source(&client, grant).build().unwrap();
    let token = block_on(source.token()).unwrap();
    assert_eq!(token.issued_token_type.as_deref(), Some("urn:ietf:params:oauth:token-type:saml2"));
    let error = block_on(source.header()).unwrap_err();
    assert!(matches!(error, Error::Config(_)) && error.to_string().contains("N_A"), "{error}");
    // It serves where another exchange wants it.
    let next = SecurityToken::from(&*token);
    assert_eq!(next.token_type(), "urn:ietf:params:oauth:token-type:saml2");
}

#[test]
fn a_session_exchanges_again_when_due_and_by_the_refresh_token_where_there_is_one() {
    let (server, clock) = (exchanging(""), ManualClock::new());
    let again =
        source(&client(&server, &clock), TokenExchange::new(Token::bearer("at")).audience("x")).build().unwrap();
    block_on(again.token()).unwrap();
    clock.pass(seconds(100));
    block_on(again.token()).unwrap();
    assert_eq!(server.body(0), server.body(1));
    let server = exchanging(r#","refresh_token":"rt""#);
    let refreshed =
        source(&client(&server, &clock), TokenExchange::new(Token::bearer("at")).audience("x")).build().unwrap();
    block_on(refreshed.token()).unwrap();
    clock.pass(seconds(100));
    // The refresh says nothing of what was issued, and need not (section 2.2.1 is about exchanges).
    assert_eq!(block_on(refreshed.token()).unwrap().access_token.reveal(), "at2");
    assert_eq!(server.body(1), "grant_type=refresh_token&refresh_token=rt&audience=x");
}

fn exchanging(more: &'static str) -> std::sync::Arc<FakeServer> {
    FakeServer::new(move |request, count| {
        let issued = if request.body().starts_with(b"grant_type=refresh_token") {
            ""
        } else {
            r#","issued_token_type":"urn:ietf:params:oauth:token-type:access_token""#
        };
        json(200, &format!(r#"{{"access_token":"at{count}","token_type":"Bearer","expires_in":60{issued}{more}}}"#))
    })
}

#[test]
fn a_subject_that_was_refused_is_not_shown_again() {
    let (server, clock) = (FakeServer::new(|_, _| json(400, r#"{"error":"invalid_grant"}"#)), ManualClock::new());
    let source = source(&client(&server, &clock), TokenExchange::new(Token::bearer("at"))).build().unwrap();
    block_on(source.token()).unwrap_err();
    clock.pass(seconds(60));
    block_on(source.token()).unwrap_err();
    assert_eq!(server.count(), 1);
}

#[test]
fn two_subjects_in_one_store_keep_a_token_each() {
    let server = FakeServer::new(|request, _| {
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        let who = if body.contains("subject_token=alice") { "a" } else { "b" };
        json(
            200,
            &format!(
                r#"{{"access_token":"for-{who}","token_type":"Bearer","expires_in":600,"issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}}"#
            ),
        )
    });
    let client = client(&server, &ManualClock::new());
    let store = Shelf::default();
    let get = |subject: &str| {
        let grant = TokenExchange::new(Token::bearer(subject));
        access(&source(&client, grant).store(std::sync::Arc::new(store.clone())).build().unwrap())
    };
    assert_eq!((get("alice").as_str(), get("bob").as_str(), get("alice").as_str()), ("for-a", "for-b", "for-a"));
    assert_eq!(server.count(), 2, "the third found what the first had stored");
}

#[test]
fn two_forms_of_one_subjects_token_are_kept_apart_in_a_store() {
    let server = FakeServer::new(|request, _| {
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        let kind = if body.contains("token-type%3Ajwt") { "jwt" } else { "opaque" };
        json(
            200,
            &format!(
                r#"{{"access_token":"{kind}","token_type":"Bearer","expires_in":600,"issued_token_type":"urn:example:{kind}"}}"#
            ),
        )
    });
    let client = client(&server, &ManualClock::new());
    let store = Shelf::default();
    let get = |requested: &str, account: Option<&str>| {
        let grant = TokenExchange::new(Token::bearer("alice")).requested_token_type(requested);
        let builder = source(&client, grant).store(std::sync::Arc::new(store.clone()));
        let builder = match account {
            Some(account) => builder.account(account),
            None => builder,
        };
        access(&builder.build().unwrap())
    };
    for account in [None, Some("alice")] {
        assert_eq!((get("jwt", account).as_str(), get("urn:example:opaque", account).as_str()), ("jwt", "opaque"));
        assert_eq!(get("jwt", account), "jwt");
    }
    assert_eq!(server.count(), 4);
}

#[test]
fn it_keeps_the_contract_of_grants() {
    contract::grant::run(
        &TokenExchange::new(Token::bearer("at")).actor(SecurityToken::new("a", "jwt")).param("own", "1"),
    );
    assert!(TokenExchange::new(Token::bearer("at")).is_repeatable());
}
