//! What a program sees: events, counters, and never a secret.
//!
//! Everything that any crate here says, by `tracing` or by `log`, at its most talkative, is captured and searched.

mod faces;

use faces::{Face, callback_of, client, in_both_faces, session};
use grantee::stores::Memory;
use grantee::{AuthorizationRequest, ClientCredentials, TokenToActOn, legacy};
use grantor::{Endpoint, Misbehaviour, Server};
use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::sync::{Mutex, Once};
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_core::span::Current;

/// Spans by number, with the text of their fields; and all that was said, events with the spans they are in.
static SPANS: Mutex<Vec<(&'static Metadata<'static>, String)>> = Mutex::new(Vec::new());
static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

thread_local! {
    static INSIDE: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

struct Capture;

struct Text<'a>(&'a mut String);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Subscriber for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut text = attributes.metadata().name().to_owned();
        attributes.record(&mut Text(&mut text));
        let mut spans = SPANS.lock().unwrap();
        spans.push((attributes.metadata(), text));
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        values.record(&mut Text(&mut SPANS.lock().unwrap()[index(span.into_u64())].1));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = format!("{} {}:", event.metadata().level(), event.metadata().target());
        event.record(&mut Text(&mut text));
        let inside = INSIDE.with_borrow(Clone::clone);
        let spans = SPANS.lock().unwrap();
        for span in inside {
            let _ = write!(text, " in {}", spans[index(span)].1);
        }
        drop(spans);
        SAID.lock().unwrap().push(text);
    }

    fn enter(&self, span: &Id) {
        INSIDE.with_borrow_mut(|inside| inside.push(span.into_u64()));
    }

    fn exit(&self, _: &Id) {
        INSIDE.with_borrow_mut(Vec::pop);
    }

    fn current_span(&self) -> Current {
        match INSIDE.with_borrow(|inside| inside.last().copied()) {
            Some(span) => Current::new(Id::from_u64(span), SPANS.lock().unwrap()[index(span)].0),
            None => Current::none(),
        }
    }
}

fn index(span: u64) -> usize {
    usize::try_from(span - 1).unwrap()
}

impl log::Log for Capture {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        SAID.lock().unwrap().push(format!("{} {}: {}", record.level(), record.target(), record.args()));
    }
    fn flush(&self) {}
}

fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::subscriber::set_global_default(Capture).unwrap();
        log::set_logger(&Capture).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
}

/// All that was said so far, the fields of spans included.
fn everything() -> Vec<String> {
    let spans = SPANS.lock().unwrap();
    SAID.lock().unwrap().iter().chain(spans.iter().map(|(_, text)| text)).cloned().collect()
}

/// What this crate said about one client.
fn about(client_id: &str) -> Vec<String> {
    let said = SAID.lock().unwrap();
    said.iter()
        .filter(|line| line.contains(": ") && line.contains("grantee") && line.contains(client_id))
        .cloned()
        .collect()
}

#[track_caller]
fn assert_said(lines: &[String], parts: &[&str]) {
    assert!(
        lines.iter().any(|line| parts.iter().all(|part| line.contains(part))),
        "nothing with {parts:?} in {lines:#?}"
    );
}

in_both_faces! {
    every_conversation_is_told_with_issuer_grant_and_outcome,
    an_error_of_the_network_is_told_too,
    a_narrower_scope_than_asked_for_is_told,
    nothing_that_is_said_holds_a_secret,
    counters_count_what_was_done,
    a_certificate_that_cannot_be_renewed_is_warned_of_once,
}

fn every_conversation_is_told_with_issuer_grant_and_outcome(face: Face) {
    listen();
    let id = format!("told-{face:?}");
    let server = Server::builder().client(grantor::Client::new(id.as_str()).secret("x")).auto_approve("alice").start();
    let issuer = server.issuer();
    let client =
        client!(face, discover(issuer.as_str()).client(id.as_str(), "x").redirect_uri("http://127.0.0.1/callback"))
            .unwrap();
    let (url, pending) = client.start(AuthorizationRequest::new()).unwrap();
    let login = client.finish(pending, callback_of(&url).as_str()).unwrap();
    client.token(ClientCredentials::new()).unwrap();
    let token = client.refresh(login.token()).unwrap();
    client.introspect(&token).unwrap();
    client.revoke(&token).unwrap();
    client.introspect(&token).unwrap();
    server.misbehave_times(Endpoint::Token, 1, Misbehaviour::Status { status: 503, retry_after: None });
    client.token(ClientCredentials::new()).unwrap_err();
    client.token(legacy::Password::new("alice", "wrong")).unwrap_err();
    server.misbehave_times(Endpoint::Introspection, 1, Misbehaviour::Html);
    client.introspect(&token).unwrap_err();
    server.misbehave_times(Endpoint::Revocation, 1, Misbehaviour::Status { status: 503, retry_after: None });
    client.revoke(&token).unwrap_err();
    let (_, pending) = client.start(AuthorizationRequest::new()).unwrap();
    client.finish(pending, "?code=c&state=another").unwrap_err();
    let session = session!(client, session(ClientCredentials::new()).allow_origin(&server.url("")).unwrap()).unwrap();
    session.get(&server.url("/api/status/404")).unwrap();
    let lines = about(&id);
    let server = format!("issuer=\"{issuer}\"");
    for parts in [
        &["authorization started", &server][..],
        &["outcome=\"token\"", &server, "grant=\"authorization_code\""],
        &["outcome=\"token\"", &server, "grant=\"client_credentials\""],
        &["outcome=\"token\"", &server, "grant=\"refresh_token\""],
        &["outcome=\"active\"", &server, "in introspection"],
        &["outcome=\"inactive\"", &server, "introspection"],
        &["outcome=\"revoked\"", &server, "revocation"],
        &["WARN", "outcome=\"http_status\"", "status=503", &server, "grant=\"client_credentials\""],
        &["WARN", "outcome=\"server_error_response\"", "server_error=invalid_grant", "grant=\"password\""],
        &["outcome=\"rule_violation\"", &server, "introspection"],
        &["outcome=\"http_status\"", &server, "revocation"],
        &["WARN", "outcome=\"rule_violation\"", &server, "authorization_response"],
        &["DEBUG", "api call", "status=404"],
    ] {
        assert_said(&lines, parts);
    }
    assert_said(&everything(), &["metadata fetched", &server]);
    let away = client!(face, discover("http://127.0.0.1:1").client(id.as_str(), "x")).unwrap();
    away.token(ClientCredentials::new()).unwrap_err();
    assert_said(&about(&id), &["WARN", "metadata could not be fetched", "outcome=\"connect\""]);
}

fn an_error_of_the_network_is_told_too(face: Face) {
    listen();
    let id = format!("lost-{face:?}");
    let server = Server::builder().client(grantor::Client::new(id.as_str()).secret("x")).start();
    let client = client!(face, discover(server.issuer().as_str()).client(id.as_str(), "x")).unwrap();
    let token = client.token(ClientCredentials::new()).unwrap();
    for endpoint in [Endpoint::Token, Endpoint::Introspection, Endpoint::Revocation] {
        server.misbehave(endpoint, Misbehaviour::Reset);
    }
    client.token(ClientCredentials::new()).unwrap_err();
    client.introspect(&token).unwrap_err();
    client.revoke(&token).unwrap_err();
    let lines = about(&id);
    assert_said(&lines, &["outcome=\"broken_connection\"", "token_request"]);
    assert_said(&lines, &["outcome=\"broken_connection\"", "introspection"]);
    assert_said(&lines, &["outcome=\"broken_connection\"", "revocation"]);
}

fn a_narrower_scope_than_asked_for_is_told(face: Face) {
    listen();
    let id = format!("scope-{face:?}");
    let server = Server::builder().client(grantor::Client::new(id.as_str()).secret("x")).start();
    server.misbehave(Endpoint::Token, Misbehaviour::SetMember("scope".into(), "a".into()));
    let client = client!(face, discover(server.issuer().as_str()).client(id.as_str(), "x")).unwrap();
    client.token(ClientCredentials::new().scope("a b")).unwrap();
    assert_said(&about(&id), &["WARN", "asked=a b", "granted=a "]);
}

fn nothing_that_is_said_holds_a_secret(face: Face) {
    listen();
    let secret = format!("s3cret-client-{face:?}");
    let password = format!("s3cret-password-{face:?}");
    let id = format!("secretive-{face:?}");
    let server = Server::builder()
        .client(grantor::Client::new(id.as_str()).secret(secret.as_str()))
        .user(grantor::User::new("alice", password.as_str()))
        .auto_approve("alice")
        .start();
    let mut secrets = vec![secret.clone(), password.clone(), "s3cret-in-an-answer".to_owned()];
    // As it stands in the header of client_secret_basic: any three bytes of it, whatever comes before.
    let basic = reqwest_basic(&id, &secret);
    secrets.push(basic[basic.len() - 16..].to_owned());
    let client = client!(
        face,
        discover(server.issuer().as_str())
            .client(id.as_str(), secret.as_str())
            .redirect_uri("http://127.0.0.1/callback")
    )
    .unwrap();
    let (url, pending) = client.start(AuthorizationRequest::new().scope("openid a")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&pending.to_json().unwrap()).unwrap();
    secrets.extend(["state", "nonce", "code_verifier"].map(|name| kept[name].as_str().unwrap().to_owned()));
    let callback = callback_of(&url);
    let query = url::Url::parse(&callback).unwrap();
    secrets.extend(query.query_pairs().filter(|(name, _)| name == "code").map(|(_, code)| code.into_owned()));
    let _ = format!("{client:?} {pending:?}");
    tracing::trace!(?client, ?pending, "what a program may well do");
    let login = client.finish(pending, callback.as_str()).unwrap();
    tracing::trace!(?login, "likewise");
    let mut note = |token: &grantee::Token| {
        secrets.push(token.access_token.reveal().to_owned());
        secrets.extend(token.refresh_token.as_ref().map(|token| token.reveal().to_owned()));
        secrets.extend(token.id_token.as_ref().map(|token| token.reveal_unverified().to_owned()));
    };
    note(login.token());
    let refreshed = client.refresh(login.token()).unwrap();
    note(&refreshed);
    let by_password = client.token(legacy::Password::new("alice", password.as_str()).scope("a")).unwrap();
    note(&by_password);
    client.introspect(&by_password).unwrap();
    client.introspect_as(&by_password, &by_password).unwrap();
    let session = session!(
        client,
        session(legacy::Password::new("alice", password.as_str()))
            .store(Memory::new())
            .allow_origin(&server.url(""))
            .unwrap()
    )
    .unwrap();
    note(&session.token().unwrap());
    session.get(&server.url("/api/orders")).unwrap();
    server.expire_access_tokens();
    session.get(&server.url("/api/orders")).unwrap();
    note(&session.token().unwrap());
    tracing::trace!(?session, "likewise");
    // Failures talk most.
    let answer = r#"{"access_token":"s3cret-in-an-answer","token_type":7}"#;
    for misbehaviour in [
        Misbehaviour::NotJson(answer[..40].into()),
        Misbehaviour::Body { status: 200, content_type: "application/json".into(), body: answer.into() },
        Misbehaviour::Body { status: 500, content_type: "text/html".into(), body: answer.into() },
        Misbehaviour::Reset,
        Misbehaviour::Truncate,
        // No secret in this one: ureq's own debug log tells an answer's headers, which nothing here can keep from it.
        Misbehaviour::Redirect(server.url("/elsewhere")),
    ] {
        server.misbehave(Endpoint::Token, misbehaviour.clone());
        let error = client.token(legacy::Password::new("alice", password.as_str())).unwrap_err();
        tracing::trace!(?error, %error, "likewise");
        server.misbehave(Endpoint::Introspection, misbehaviour);
        let error = client.introspect(&by_password).unwrap_err();
        tracing::trace!(?error, %error, "likewise");
    }
    client.revoke(TokenToActOn::refresh_token(by_password.refresh_token.as_ref().unwrap())).unwrap();
    let said = everything();
    assert!(said.len() > 50, "so little was said that the capture must be broken: {said:?}");
    for secret in &secrets {
        assert!(secret.len() >= 16, "too short to be told from chance: {secret}");
        for line in &said {
            assert!(!line.contains(secret.as_str()), "{secret} in {line}");
        }
    }
}

fn a_certificate_that_cannot_be_renewed_is_warned_of_once(face: Face) {
    listen();
    let folder = tempfile::tempdir().unwrap();
    let (chain, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    let own = rcgen::generate_simple_self_signed([]).unwrap();
    std::fs::write(&chain, own.cert.pem()).unwrap();
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let certificate = grantee::ClientCertificate::from_files(&chain, &key).unwrap().look_every(Duration::ZERO);
    let client =
        client!(face, at("https://as.example/token").client("svc", "s3cret").client_certificate_from(certificate));
    let client = client.unwrap();
    let warnings = || {
        (0..3).for_each(|_| drop(client.core().ports().http.certificate()));
        let file = chain.display().to_string();
        everything().iter().filter(|line| line.starts_with("WARN") && line.contains(&file)).count()
    };
    assert_eq!(warnings(), 0);
    std::fs::write(&key, rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
    assert_eq!(warnings(), 1, "for each state of the files, not for each look");
    std::fs::remove_file(&key).unwrap();
    assert_eq!(warnings(), 2);
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    assert_eq!(warnings(), 2);
    assert!(!everything().iter().any(|line| line.contains("PRIVATE KEY")));
}

fn counters_count_what_was_done(face: Face) {
    let server = Server::start();
    let client = client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap();
    let store = Memory::new();
    let grant = || legacy::Password::new("alice", "wonderland");
    let session =
        session!(client, session(grant()).store(store.clone()).allow_origin(&server.url("")).unwrap()).unwrap();
    session.get(&server.url("/api/a")).unwrap();
    server.expire_access_tokens();
    session.get(&server.url("/api/b")).unwrap();
    session!(client, session(grant()).store(store.clone())).unwrap().token().unwrap();
    server.misbehave(Endpoint::Token, Misbehaviour::Reset);
    client.token(ClientCredentials::new()).unwrap_err();
    let counted: std::collections::BTreeMap<_, _> = client.counters().iter().collect();
    let expected = [
        ("token_requests", 3),
        ("token_failures", 1),
        ("refreshes", 1),
        ("waits", 0),
        ("adoptions", 1),
        ("api_requests", 3),
        ("api_retries", 1),
        ("metadata_fetches", 1),
        ("key_set_fetches", 0),
    ];
    assert_eq!(counted, expected.into_iter().collect());
}

/// `client_secret_basic` as an HTTP client of the standard sort writes it.
fn reqwest_basic(id: &str, secret: &str) -> String {
    let request = reqwest::Client::new().get("http://127.0.0.1/").basic_auth(id, Some(secret)).build().unwrap();
    request.headers()["authorization"].to_str().unwrap().to_owned()
}
