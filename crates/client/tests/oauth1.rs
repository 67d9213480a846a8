//! OAuth 1.0 in both faces against grantor, which has a base string of its own.

mod faces;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use faces::{Face, RUNTIME, Session, callback_of, in_both_faces, shown, walk};
use grantee::error::ServerError;
use grantee::oauth1::{
    HmacSha1, HmacSha256, HmacSha512, Pending, Placement, Plaintext, RsaSha256, RsaSha512, SignatureMethod, Signing,
    token_credentials,
};
use grantee::stores::{File, Memory};
use grantee::{ApiResponse, Error, Result, Token, blocking};
use grantor::{Endpoint, Misbehaviour, OAuth1Client, Server};
use http::StatusCode;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::{Arc, LazyLock};
use url::Url;

in_both_faces! {
    a_login_ends_with_a_token_that_signs,
    a_login_without_a_callback_ends_with_a_code,
    a_refused_login_is_the_servers_no,
    temporary_credentials_are_used_once,
    a_client_signs_for_itself,
    each_method_signs_in_each_place,
    characters_that_need_encoding_are_signed_as_they_are_sent,
    a_wrong_secret_is_refused,
    the_base_string_is_the_servers_own,
    a_head_is_signed_whatever_its_body_is_made_of,
    redirects_are_neither_followed_nor_signed_again,
    no_nonce_is_used_twice,
    a_token_is_kept_in_a_store,
    a_rejected_token_is_not_tried_again,
    an_answer_that_breaks_a_rule_is_refused,
    credentials_come_as_json_or_under_another_type,
    a_refusal_says_what_the_server_said,
    over_tls_https_is_signed,
}

/// A client of either face.
#[derive(Debug, Clone)]
enum Consumer {
    Async(grantee::oauth1::Client),
    Blocking(blocking::oauth1::Client),
}

macro_rules! either {
    ($consumer:expr, $method:ident($($argument:expr),*)) => {
        match $consumer {
            Consumer::Async(it) => RUNTIME.block_on(it.$method($($argument),*)),
            Consumer::Blocking(it) => it.$method($($argument),*),
        }
    };
}

/// `session_of!(consumer, two_legged())`: the session that is built so.
macro_rules! session_of {
    ($consumer:expr, $($making:tt)*) => {
        match &$consumer {
            Consumer::Async(it) => it.$($making)*.build().map(Session::Async),
            Consumer::Blocking(it) => it.$($making)*.build().map(Session::Blocking),
        }
        .unwrap()
    };
}

/// `call!(session, base, get("photos").query("size", 1))`: the answer of an API below this base, whatever its status.
macro_rules! call {
    ($session:expr, $base:expr, $($request:tt)*) => {
        match &$session {
            Session::Async(it) => {
                RUNTIME.block_on(async { it.api(&$base)?.$($request)*.accept_error_status().send().await })
            }
            Session::Blocking(it) => it.api(&$base).and_then(|api| api.$($request)*.accept_error_status().send()),
        }
    };
}

const CALLBACK: &str = "http://127.0.0.1:4711/callback";

impl Consumer {
    /// A client at this server, with this signing and callback.
    fn of(face: Face, server: &Server, (key, secret): (&str, &str), signing: Signing, callback: &str) -> Self {
        macro_rules! built {
            ($builder:expr) => {
                $builder
                    .temporary_credentials_endpoint(server.url("/oauth1/initiate"))
                    .authorization_endpoint(server.url("/oauth1/authorize"))
                    .token_credentials_endpoint(server.url("/oauth1/token"))
                    .signing(signing)
                    .callback(callback)
                    .build()
                    .unwrap()
            };
        }
        match face {
            Face::Async => {
                let _guard = RUNTIME.enter();
                Self::Async(built!(grantee::oauth1::Client::builder(key, secret)))
            }
            Face::Blocking => Self::Blocking(built!(blocking::oauth1::Client::builder(key, secret))),
        }
    }

    /// The client `consumer`, as it comes.
    fn new(face: Face, server: &Server) -> Self {
        Self::of(face, server, ("consumer", "secret"), Signing::new(), CALLBACK)
    }

    fn start(&self) -> Result<(Url, Pending)> {
        either!(self, start())
    }

    fn finish(&self, pending: Pending, verifier: &str) -> Result<Token> {
        either!(self, finish(pending, verifier))
    }
}

fn auto() -> Server {
    Server::builder().auto_approve("alice").start()
}

/// A token by no login at all.
fn issued(server: &Server) -> Token {
    let issued = server.issue_oauth1("consumer", "alice");
    token_credentials::token(issued.token, issued.secret)
}

fn echo(answer: Result<ApiResponse>) -> Value {
    let answer = answer.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().unwrap());
    answer.json().unwrap()
}

fn server_error(error: Error) -> Arc<ServerError> {
    match error {
        Error::Server(error) => error,
        other => panic!("{other:?}"),
    }
}

/// A private key and its public half, as PEM.
static RSA: LazyLock<(String, String)> = LazyLock::new(|| {
    let pem = |label: &str, der: &[u8]| {
        let base64 = grantee_jose::base64url::encode_standard(der);
        let lines: Vec<_> = base64.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    };
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    (pem("PRIVATE KEY", private.as_ref()), pem("PUBLIC KEY", public.as_ref()))
});

/// Every method there is, with its name.
fn methods() -> Vec<(&'static str, Arc<dyn SignatureMethod>)> {
    Vec::from([
        ("HMAC-SHA1", Arc::new(HmacSha1) as Arc<dyn SignatureMethod>),
        ("HMAC-SHA256", Arc::new(HmacSha256)),
        ("HMAC-SHA512", Arc::new(HmacSha512)),
        ("PLAINTEXT", Arc::new(Plaintext)),
        ("RSA-SHA256", Arc::new(RsaSha256::from_pem(&RSA.0).unwrap())),
        ("RSA-SHA512", Arc::new(RsaSha512::from_pem(&RSA.0).unwrap())),
        #[cfg(feature = "rsa-sha1")]
        ("RSA-SHA1", Arc::new(grantee::oauth1::RsaSha1::from_pem(&RSA.0).unwrap())),
    ])
}

fn a_login_ends_with_a_token_that_signs(face: Face) {
    let server = auto();
    let consumer = Consumer::new(face, &server);
    let (url, pending) = consumer.start().unwrap();
    let token = consumer.finish(pending, &callback_of(&url)).unwrap();
    assert_eq!((token.token_type.as_str(), token.get("screen_name")), ("OAuth1", Some(&json!("alice"))));
    let session = session_of!(consumer, session_of(token));
    let answer = echo(call!(session, server.url("/oauth1/api"), get("photos").query("size", "a b")));
    assert_eq!((&answer["client"], &answer["user"]), (&json!("consumer"), &json!("alice")));
    assert_eq!((&answer["path"], &answer["query"]), (&json!("/oauth1/api/photos"), &json!([["size", "a b"]])));
    assert_eq!((&answer["version"], &answer["placement"]), (&json!("1.0"), &json!("header")));
    let asked: Vec<_> = server.requests().into_iter().map(|request| (request.method, request.path)).collect();
    let expected = [
        ("POST", "/oauth1/initiate"),
        ("GET", "/oauth1/authorize"),
        ("POST", "/oauth1/token"),
        ("GET", "/oauth1/api/photos"),
    ];
    assert_eq!(asked, expected.map(|(method, path)| (method.to_owned(), path.to_owned())));
}

fn a_login_without_a_callback_ends_with_a_code(face: Face) {
    let server = auto();
    let consumer = Consumer::of(face, &server, ("consumer", "secret"), Signing::new(), "oob");
    let (url, pending) = consumer.start().unwrap();
    assert_eq!(pending.callback(), "oob");
    let (_, _, page) = walk(url.as_str());
    let (_, rest) = page.split_once("<code id=\"verifier\">").unwrap();
    let code = rest.split_once('<').unwrap().0;
    let token = consumer.finish(pending, &format!(" {code}\n")).unwrap();
    assert_eq!(token.get("screen_name").unwrap(), "alice");

    let (_, pending) = consumer.start().unwrap();
    server.approve_oauth1(pending.oauth_token(), "alice").unwrap();
    assert_eq!(server_error(consumer.finish(pending, "another").unwrap_err()).error, "verifier_invalid");
}

fn a_refused_login_is_the_servers_no(face: Face) {
    let server = auto();
    let consumer = Consumer::new(face, &server);
    let (url, pending) = consumer.start().unwrap();
    let problem = Misbehaviour::OAuthProblem { status: 401, problem: "permission_denied".into(), more: Vec::new() };
    server.misbehave_times(Endpoint::OAuth1Authorize, 1, problem);
    let error = server_error(consumer.finish(pending, &callback_of(&url)).unwrap_err());
    assert_eq!(error.error, "permission_denied");
    assert_eq!(server.count(Endpoint::OAuth1TokenCredentials), 0, "there is nothing to ask for");

    let (_, pending) = consumer.start().unwrap();
    assert!(server.deny_oauth1(pending.oauth_token()));
    assert_eq!(server_error(consumer.finish(pending, "guessed").unwrap_err()).error, "permission_denied");
}

fn temporary_credentials_are_used_once(face: Face) {
    let server = auto();
    let consumer = Consumer::new(face, &server);
    let (url, pending) = consumer.start().unwrap();
    let callback = callback_of(&url);
    let again = Pending::from_json(&pending.to_json().unwrap()).unwrap();
    consumer.finish(pending, &callback).unwrap();
    assert_eq!(server_error(consumer.finish(again, &callback).unwrap_err()).error, "token_used");

    let (_, other) = consumer.start().unwrap();
    assert!(matches!(consumer.finish(other, &callback), Err(Error::Rule(_))), "the callback is another login's");
}

fn a_client_signs_for_itself(face: Face) {
    let server = Server::start();
    for (key, secret) in [("consumer", "secret"), ("odd consumer&=+%é", "s3cret &+%41/=:é")] {
        let consumer = Consumer::of(face, &server, (key, secret), Signing::new().realm("a \"b\", c"), "oob");
        let session = session_of!(consumer, two_legged());
        let answer = echo(call!(session, server.url("/oauth1/two-legged"), delete("photos")));
        assert_eq!((&answer["client"], &answer["user"]), (&json!(key), &Value::Null));
        assert_eq!((&answer["method"], &answer["realm"]), (&json!("DELETE"), &json!("a \"b\", c")));
        let sent = server.requests_to(Endpoint::OAuth1Api).pop().unwrap();
        assert!(!sent.header("authorization").unwrap().contains("oauth_token="), "there is none to name");
    }
}

fn each_method_signs_in_each_place(face: Face) {
    let rsa = OAuth1Client::new("rsa", "secret").rsa_public_key(&RSA.1);
    let server = Server::builder().oauth1_client(rsa).auto_approve("alice").start();
    let base = server.url("/oauth1/api");
    for (name, method) in methods() {
        for (placement, place) in
            [(Placement::Header, "header"), (Placement::Body, "body"), (Placement::Query, "query")]
        {
            let signing = Signing::new().shared_method(Arc::clone(&method)).placement(placement);
            let consumer = Consumer::of(face, &server, ("rsa", "secret"), signing, CALLBACK);
            let (url, pending) = consumer.start().unwrap_or_else(|error| panic!("{name} in the {place}: {error:?}"));
            let token = consumer.finish(pending, &callback_of(&url)).unwrap();
            let session = session_of!(consumer, session_of(token));
            let seen = |answer: &Value| {
                assert_eq!((&answer["signature_method"], &answer["placement"]), (&json!(name), &json!(place)));
            };

            let form = [("status", "Hello Ladies + Gentlemen, a signed OAuth request!"), ("é", "&=%")];
            let answer = echo(call!(session, base, post("form").query("q", "1 2").form(form)));
            seen(&answer);
            assert_eq!(answer["form"], json!(form));
            assert_eq!(answer["query"], json!([["q", "1 2"]]));

            let get = call!(session, base, get("photos").query("file", "vacation.jpg").query("file", "b/c d"));
            let json = call!(session, base, post("json").json(&json!({"a": "ü"})));
            if placement == Placement::Body {
                // Section 3.5.2: neither has a form to put them in.
                assert!(matches!((get, json), (Err(Error::Config(_)), Err(Error::Config(_)))), "{name}");
                continue;
            }
            let answer = echo(get);
            seen(&answer);
            assert_eq!(answer["query"], json!([["file", "vacation.jpg"], ["file", "b/c d"]]));
            let answer = echo(json);
            seen(&answer);
            assert_eq!(answer["body"], r#"{"a":"ü"}"#);
            // PLAINTEXT proves nothing of a body.
            assert_eq!(answer["body_hash"].is_string(), name != "PLAINTEXT", "{name}");
        }
    }
}

fn characters_that_need_encoding_are_signed_as_they_are_sent(face: Face) {
    let server = Server::start();
    let origin = server.url("");
    for placement in [Placement::Header, Placement::Query] {
        let signing = Signing::new().placement(placement);
        let consumer = Consumer::of(face, &server, ("consumer", "secret"), signing, CALLBACK);
        let session = session_of!(consumer, session_of(issued(&server)).allow_origin(&origin).unwrap());
        for target in [
            "/a%20b/%C3%A9/~-._",
            "/%2F/..%2f?x=%2f",
            "/p?a=b&a=a&a&&=c",
            "/p?b5=%3D%253D&a3=a&c%40=&a2=r%20b&c2&a3=2+q",
            "/p?a!b=c*d'(e)&%FF=1&x=%zz",
            "/p;v=1/$&+,:@?a=/?:@!$'()*,;",
            "/?",
            "//",
            "/p|q{r}^s[t]\"u\\v",
            "/p?x={y}|[z]^\\`",
            "/a/../b/./c",
            "/a/%2e%2e/x",
            "/?a?b=c?",
            "/p?a=b&",
            "/p?a=b+c%2Bd#fragment",
            "/p?realm=mine&Oauth_token=x",
        ] {
            let answer = session.get(&server.url(&format!("/oauth1/api{target}"))).unwrap();
            assert_eq!(answer.status(), StatusCode::OK, "{target}: {:?}", answer.body());
        }
    }
}

fn a_wrong_secret_is_refused(face: Face) {
    let server = auto();
    let consumer = Consumer::of(face, &server, ("consumer", "wrong-s3cret"), Signing::new(), CALLBACK);
    let error = consumer.start().unwrap_err();
    assert!(!shown(&error).contains("wrong-s3cret"), "{error:?}");
    let error = server_error(error);
    assert_eq!((error.error.as_str(), error.status), ("signature_invalid", 401));
    let session = session_of!(consumer, session_of(issued(&server)));
    assert_eq!(call!(session, server.url("/oauth1/api"), get("x")).unwrap().status(), StatusCode::UNAUTHORIZED);

    let right = Consumer::new(face, &server);
    let mut token = issued(&server);
    token.extra.insert("oauth_token_secret".into(), "another".into());
    let session = session_of!(right, session_of(token));
    let answer = call!(session, server.url("/oauth1/api"), get("x")).unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let bearer = session_of!(right, session_of(Token::bearer("t")));
    assert!(
        matches!(call!(bearer, server.url("/oauth1/api"), get("x")), Err(Error::Config(_))),
        "it is none of OAuth 1.0"
    );
}

/// A server that refuses a signature says what it should have been of.
fn the_base_string_is_the_servers_own(face: Face) {
    let server = Server::start();
    let consumer = Consumer::of(face, &server, ("consumer", "wrong"), Signing::new().realm("r"), CALLBACK);
    let token = issued(&server);
    let mut request = http::Request::post(server.url("/oauth1/api/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("c2&a3=2+q".into())
        .unwrap();
    let signed = either!(&consumer, sign(&mut request, Some(&token))).unwrap();
    assert_eq!(request.body(), "c2&a3=2+q", "a body is never lost");
    let api = blocking::ApiClient::new(&server.url("/oauth1/api")).unwrap();
    let mut again = api.post("request").query("b5", "=%3D").query("a3", "a").query("c@", "").query("a2", "r b");
    for (name, value) in request.headers() {
        again = again.header(name, value);
    }
    let answer = again.body(request.body().clone()).accept_error_status().send().unwrap();
    let text = answer.text().unwrap();
    let own = url::form_urlencoded::parse(text.as_bytes()).find(|(name, _)| name == "base_string");
    assert_eq!(own.unwrap_or_else(|| panic!("{text}")).1, signed.base_string);
    assert!(signed.base_string.starts_with("POST&http%3A%2F%2F127.0.0.1%3A"));
}

fn a_head_is_signed_whatever_its_body_is_made_of(face: Face) {
    let server = Server::start();
    let consumer = Consumer::new(face, &server);
    let token = issued(&server);
    let api = blocking::ApiClient::new(&server.url("/oauth1/api")).unwrap();
    let (mut head, ()) = http::Request::put(server.url("/oauth1/api/file"))
        .header("content-type", "text/plain")
        .body(())
        .unwrap()
        .into_parts();
    assert!(matches!(either!(&consumer, sign_head(&mut head, None, Some(&token))), Err(Error::Config(_))));
    either!(&consumer, sign_head(&mut head, Some(b"text"), Some(&token))).unwrap();
    let send = |head: &http::request::Parts, body: &'static str| {
        let mut request = api.put("file");
        for (name, value) in &head.headers {
            request = request.header(name, value);
        }
        request.body(body).accept_error_status().send().unwrap()
    };
    let forged = send(&head, "tezt");
    assert!(forged.text().unwrap().contains("body_hash_invalid"), "{:?}", forged.text());
    assert_eq!(send(&head, "text").status(), StatusCode::OK);
    let unhashed = Consumer::of(face, &server, ("consumer", "secret"), Signing::new().without_body_hash(), CALLBACK);
    either!(&unhashed, sign_head(&mut head, None, Some(&token))).unwrap();
    assert_eq!(send(&head, "whatever").status(), StatusCode::OK);
}

fn redirects_are_neither_followed_nor_signed_again(face: Face) {
    let server = auto();
    let other = auto();
    let consumer = Consumer::new(face, &server);
    for to in [other.url("/oauth1/api/stolen"), server.url("/oauth1/api/elsewhere")] {
        server.misbehave_times(Endpoint::OAuth1TemporaryCredentials, 1, Misbehaviour::Found(to.clone()));
        consumer.start().unwrap_err();
        let (url, pending) = consumer.start().unwrap();
        server.misbehave_times(Endpoint::OAuth1TokenCredentials, 1, Misbehaviour::Found(to.clone()));
        consumer.finish(pending, &callback_of(&url)).unwrap_err();
        assert_eq!(server.count(Endpoint::OAuth1Api), 0);

        let session = session_of!(consumer, session_of(issued(&server)));
        let answer = call!(session, server.url("/oauth1/api"), get("redirect").query("to", &to)).unwrap();
        assert_eq!((answer.status(), answer.headers()["location"].to_str().unwrap()), (StatusCode::FOUND, to.as_str()));
        assert_eq!((server.count(Endpoint::OAuth1Api), other.requests().len()), (1, 0));
        server.clear_log();
    }
}

fn no_nonce_is_used_twice(face: Face) {
    let server = Server::start();
    let consumer = Consumer::new(face, &server);
    let session = session_of!(consumer, session_of(issued(&server)));
    let base = server.url("/oauth1/api");
    let mut nonces = HashSet::new();
    for _ in 0..1000 {
        let answer = echo(call!(session, base, get("x")));
        assert!(nonces.insert(answer["nonce"].as_str().unwrap().to_owned()), "{answer}");
    }
    assert_eq!(server.count(Endpoint::OAuth1Api), 1000, "none was refused, and none was sent again");
}

fn a_token_is_kept_in_a_store(face: Face) {
    let server = Server::start();
    let directory = tempfile::tempdir().unwrap();
    let file = File::at(directory.path().join("tokens.json")).unwrap();
    let base = server.url("/oauth1/api");
    macro_rules! over {
        ($store:expr) => {
            let consumer = Consumer::new(face, &server);
            let kept = session_of!(consumer, session_of(issued(&server)).store($store).account("alice"));
            kept.save().unwrap();
            drop(kept);
            let taken_up = session_of!(Consumer::new(face, &server), session().store($store).account("alice"));
            assert_eq!(echo(call!(taken_up, base, get("x")))["user"], "alice");
            let nobodys = session_of!(Consumer::new(face, &server), session().store($store).account("jane"));
            assert!(matches!(call!(nobodys, base, get("x")), Err(Error::LoginRequired(_))));
            let other = Consumer::of(face, &server, ("odd consumer&=+%é", "s3cret &+%41/=:é"), Signing::new(), "oob");
            let others = session_of!(other, session().store($store).account("alice"));
            assert!(matches!(call!(others, base, get("x")), Err(Error::LoginRequired(_))));
        };
    }
    let memory = Memory::new();
    over!(memory.clone());
    over!(file.clone());
}

fn a_rejected_token_is_not_tried_again(face: Face) {
    let server = Server::start();
    let consumer = Consumer::new(face, &server);
    let token = issued(&server);
    assert!(server.revoke_oauth1(token.access_token.reveal()));
    let session = session_of!(consumer, session_of(token));
    let answer = call!(session, server.url("/oauth1/api"), get("x")).unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert!(answer.text().unwrap().contains("token_rejected"));
    assert_eq!(server.count(Endpoint::OAuth1Api), 1, "nothing can be renewed");
}

fn an_answer_that_breaks_a_rule_is_refused(face: Face) {
    let server = auto();
    let consumer = Consumer::new(face, &server);
    let (omit, set) = (
        |name: &str| Misbehaviour::OmitMember(name.into()),
        |name: &str, value: &str| Misbehaviour::SetMember(name.into(), value.into()),
    );
    let lent = [
        omit("oauth_callback_confirmed"),
        set("oauth_callback_confirmed", "false"),
        set("oauth_callback_confirmed", "1"),
        omit("oauth_token"),
        omit("oauth_token_secret"),
        set("oauth_token_secret", ""),
        Misbehaviour::DuplicateMember("oauth_token".into()),
        Misbehaviour::Html,
        Misbehaviour::NotJson("{".into()),
        Misbehaviour::Huge(5 << 20),
    ];
    for wrong in lent {
        server.misbehave_times(Endpoint::OAuth1TemporaryCredentials, 1, wrong.clone());
        let outcome = consumer.start();
        assert!(matches!(outcome, Err(Error::Rule(_))), "{wrong:?}: {outcome:?}");
    }
    let back = [
        set("oauth_token", "another"),
        omit("oauth_token"),
        omit("oauth_verifier"),
        set("oauth_verifier", ""),
        Misbehaviour::DuplicateMember("oauth_token".into()),
        Misbehaviour::DuplicateMember("oauth_verifier".into()),
    ];
    for wrong in back {
        let (url, pending) = consumer.start().unwrap();
        server.misbehave_times(Endpoint::OAuth1Authorize, 1, wrong.clone());
        let outcome = consumer.finish(pending, &callback_of(&url));
        assert!(matches!(outcome, Err(Error::Rule(_))), "{wrong:?}: {outcome:?}");
    }
    assert_eq!(server.count(Endpoint::OAuth1TokenCredentials), 0, "a verifier of a wrong callback is not spent");
    for wrong in
        [omit("oauth_token"), omit("oauth_token_secret"), Misbehaviour::DuplicateMember("oauth_token_secret".into())]
    {
        let (url, pending) = consumer.start().unwrap();
        server.misbehave_times(Endpoint::OAuth1TokenCredentials, 1, wrong.clone());
        let outcome = consumer.finish(pending, &callback_of(&url));
        assert!(matches!(outcome, Err(Error::Rule(_))), "{wrong:?}: {outcome:?}");
    }
}

fn credentials_come_as_json_or_under_another_type(face: Face) {
    let server = auto();
    let consumer = Consumer::new(face, &server);
    for kind in [Misbehaviour::JsonForForm, Misbehaviour::ContentType("text/html; charset=utf-8".into())] {
        server.misbehave(Endpoint::OAuth1TemporaryCredentials, kind.clone());
        server.misbehave(Endpoint::OAuth1TokenCredentials, kind);
        let (url, pending) = consumer.start().unwrap();
        let token = consumer.finish(pending, &callback_of(&url)).unwrap();
        assert_eq!(token.get("screen_name").unwrap(), "alice");
        let session = session_of!(consumer, session_of(token));
        echo(call!(session, server.url("/oauth1/api"), get("x")));
    }
}

fn a_refusal_says_what_the_server_said(face: Face) {
    let server = auto();
    let consumer = Consumer::new(face, &server);
    let more = vec![("oauth_problem_advice".to_owned(), "your clock is an hour behind".to_owned())];
    let problem = Misbehaviour::OAuthProblem { status: 401, problem: "timestamp_refused".into(), more };
    server.misbehave_times(Endpoint::OAuth1TemporaryCredentials, 1, problem);
    let error = server_error(consumer.start().unwrap_err());
    assert_eq!((error.error.as_str(), error.status), ("timestamp_refused", 401));
    assert_eq!(error.description.as_deref(), Some("your clock is an hour behind"));
    for (content_type, body, said) in [
        (
            "text/plain",
            "Failed to validate oauth signature and token",
            Some("Failed to validate oauth signature and token"),
        ),
        ("text/html", "<html>no</html>", Some("no")),
    ] {
        let body = Misbehaviour::Body { status: 403, content_type: content_type.into(), body: body.into() };
        server.misbehave_times(Endpoint::OAuth1TemporaryCredentials, 1, body);
        let error = server_error(consumer.start().unwrap_err());
        assert_eq!((error.status, error.description.as_deref()), (403, said));
    }
    // The clock of the server is ahead: the client's own time is too old for it.
    server.advance(std::time::Duration::from_secs(3600));
    assert_eq!(server_error(consumer.start().unwrap_err()).error, "timestamp_refused");
}

fn over_tls_https_is_signed(face: Face) {
    let server = Server::builder().tls().auto_approve("alice").start();
    macro_rules! built {
        ($builder:expr, $signing:expr) => {
            $builder
                .temporary_credentials_endpoint(server.url("/oauth1/initiate"))
                .authorization_endpoint(server.url("/oauth1/authorize"))
                .token_credentials_endpoint(server.url("/oauth1/token"))
                .signing($signing)
                .add_ca(server.ca_pem())
                .build()
                .unwrap()
        };
    }
    for signing in [Signing::new(), Signing::new().method(Plaintext)] {
        let consumer = match face {
            Face::Async => {
                let _guard = RUNTIME.enter();
                Consumer::Async(built!(grantee::oauth1::Client::builder("consumer", "secret"), signing))
            }
            Face::Blocking => {
                Consumer::Blocking(built!(blocking::oauth1::Client::builder("consumer", "secret"), signing))
            }
        };
        let (url, pending) = consumer.start().unwrap();
        assert_eq!(url.scheme(), "https");
        let code = server.approve_oauth1(pending.oauth_token(), "alice").unwrap();
        let session = session_of!(consumer, session_of(consumer.finish(pending, &code).unwrap()));
        assert_eq!(echo(call!(session, server.url("/oauth1/api"), get("x")))["user"], "alice");
    }
}
