//! Hooks: what a program may look at and change on the way.

mod faces;

use bytes::Bytes;
use faces::{Client, Face, in_both_faces, session};
use grantee::hooks::TokenAnswer;
use grantee::ports::{BoxFuture, Request};
use grantee::wire::draft::Draft;
use grantee::{AuthorizationRequest, ClientCredentials, Error, Params, Result, blocking, legacy};
use grantor::{Endpoint, Misbehaviour, Server};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Log = Arc<Mutex<Vec<String>>>;

/// What a hook here does. One body for both faces: the two traits below call it.
#[derive(Clone)]
enum Does {
    /// Writes down what it saw, and leaves a parameter or header of its name.
    Notes(&'static str, Log),
    /// Turns a form-encoded answer into the JSON that the standard asks for.
    ReadsForms,
    /// Fails at this step.
    FailsAt(&'static str),
    /// Sends the request elsewhere.
    Moves(String),
    /// Puts what the server nests into the place where it belongs.
    Unnests,
    /// Leaves a mark on authorization requests, on their URLs, and on requests that are authenticated.
    Marks,
}

impl Does {
    fn draft(&self, step: &'static str, draft: &mut Draft) -> Result<()> {
        match self {
            Self::Notes(name, log) => {
                let seen: Vec<_> = draft.form.iter().filter_map(|(name, _)| name.strip_prefix("hook-")).collect();
                let authenticated =
                    draft.headers.contains_key("authorization") || draft.form.get("client_id").is_some();
                log.lock()
                    .unwrap()
                    .push(format!("{name} {step} after [{}] authenticated {authenticated}", seen.join(" ")));
                draft.form.push(format!("hook-{name}"), "1");
            }
            Self::FailsAt(at) if *at == step => return Err(failure()),
            Self::Moves(url) => draft.url = url.parse().unwrap(),
            _ => {}
        }
        Ok(())
    }

    fn answer(&self, kind: TokenAnswer, answer: &mut http::Response<Bytes>) -> Result<()> {
        match self {
            Self::Notes(name, log) => log.lock().unwrap().push(format!("{name} {kind:?} {}", answer.status().as_u16())),
            Self::ReadsForms => {
                let form = Params::parse(std::str::from_utf8(answer.body()).unwrap());
                if let Some(token) = form.get("access_token") {
                    let expires: u64 = form.get("expires").and_then(|text| text.parse().ok()).unwrap_or(0);
                    let json =
                        serde_json::json!({"access_token": token, "token_type": "Bearer", "expires_in": expires});
                    *answer.body_mut() = Bytes::from(json.to_string());
                }
            }
            Self::Unnests => {
                let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
                *answer.body_mut() = Bytes::from(body["authed_user"].to_string());
                *answer.status_mut() = http::StatusCode::OK;
            }
            Self::FailsAt("answer") => return Err(failure()),
            _ => {}
        }
        Ok(())
    }

    fn request(&self, request: &mut AuthorizationRequest) {
        if let Self::Marks = self {
            *request = std::mem::take(request).prompt("consent");
        }
    }

    fn url(&self, url: &mut url::Url) {
        if let Self::Marks = self {
            url.query_pairs_mut().append_pair("mark", "1");
        }
    }

    fn authenticated(&self, draft: &mut Draft) {
        if let Self::Marks = self {
            let mark = if draft.headers.contains_key("authorization") { "authenticated" } else { "bare" };
            draft.form.push("mark", mark);
        }
    }

    fn error(&self, error: &Error) {
        if let Self::Notes(name, log) = self {
            log.lock().unwrap().push(format!("{name} error {}", error.server_error().unwrap_or(error.code())));
        }
    }

    fn protected(&self, request: &mut Request) -> Result<()> {
        match self {
            Self::Notes(name, log) => {
                let authorized = request.headers().contains_key("authorization");
                log.lock().unwrap().push(format!("{name} protected authorized {authorized}"));
                request.headers_mut().append("x-hook", http::HeaderValue::from_static(name));
                Ok(())
            }
            Self::FailsAt("protected") => Err(failure()),
            _ => Ok(()),
        }
    }
}

fn failure() -> Error {
    Error::Callback { what: "my hook", source: Arc::new(std::io::Error::other("will not")) }
}

impl grantee::Hook for Does {
    fn before_token_request<'a>(&'a self, draft: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.draft("token", draft) })
    }
    fn on_token_answer<'a>(
        &'a self,
        kind: TokenAnswer,
        answer: &'a mut http::Response<Bytes>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.answer(kind, answer) })
    }
    fn on_token_error<'a>(&'a self, error: &'a Error) -> BoxFuture<'a, ()> {
        Box::pin(async move { self.error(error) })
    }
    fn before_protected_request<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.protected(request) })
    }
    fn before_introspection_request<'a>(&'a self, draft: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.draft("introspection", draft) })
    }
    fn before_revocation_request<'a>(&'a self, draft: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.draft("revocation", draft) })
    }
    fn before_authorization_request<'a>(&'a self, request: &'a mut AuthorizationRequest) -> BoxFuture<'a, Result<()>> {
        self.request(request);
        Box::pin(async { Ok(()) })
    }
    fn on_authorization_url<'a>(&'a self, url: &'a mut url::Url) -> BoxFuture<'a, Result<()>> {
        self.url(url);
        Box::pin(async { Ok(()) })
    }
    fn on_authenticated_request<'a>(&'a self, draft: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
        self.authenticated(draft);
        Box::pin(async { Ok(()) })
    }
}

impl blocking::Hook for Does {
    fn before_token_request(&self, draft: &mut Draft) -> Result<()> {
        self.draft("token", draft)
    }
    fn on_token_answer(&self, kind: TokenAnswer, answer: &mut http::Response<Bytes>) -> Result<()> {
        self.answer(kind, answer)
    }
    fn on_token_error(&self, error: &Error) {
        self.error(error);
    }
    fn before_protected_request(&self, request: &mut Request) -> Result<()> {
        self.protected(request)
    }
    fn before_introspection_request(&self, draft: &mut Draft) -> Result<()> {
        self.draft("introspection", draft)
    }
    fn before_revocation_request(&self, draft: &mut Draft) -> Result<()> {
        self.draft("revocation", draft)
    }
    fn before_authorization_request(&self, request: &mut AuthorizationRequest) -> Result<()> {
        self.request(request);
        Ok(())
    }
    fn on_authorization_url(&self, url: &mut url::Url) -> Result<()> {
        self.url(url);
        Ok(())
    }
    fn on_authenticated_request(&self, draft: &mut Draft) -> Result<()> {
        self.authenticated(draft);
        Ok(())
    }
}

/// A client with these hooks, in this order.
fn hooked(face: Face, server: &Server, hooks: &[Does]) -> Client {
    match face {
        Face::Async => {
            let _guard = faces::RUNTIME.enter();
            let mut builder = grantee::Client::discover(server.issuer().as_str()).client("svc", "secret");
            for hook in hooks {
                builder = builder.hook(hook.clone());
            }
            Client::Async(builder.build().unwrap())
        }
        Face::Blocking => {
            let mut builder = blocking::Client::discover(server.issuer().as_str()).client("svc", "secret");
            for hook in hooks {
                builder = builder.hook(hook.clone());
            }
            Client::Blocking(builder.build().unwrap())
        }
    }
}

fn two_notes() -> (Log, [Does; 2]) {
    let log = Log::default();
    let hooks = [Does::Notes("first", Arc::clone(&log)), Does::Notes("second", Arc::clone(&log))];
    (log, hooks)
}

fn taken(log: &Log) -> Vec<String> {
    std::mem::take(&mut *log.lock().unwrap())
}

in_both_faces! {
    hooks_run_in_the_order_they_were_added_and_before_the_client_is_authenticated,
    access_and_refresh_answers_are_told_apart,
    a_form_encoded_answer_is_read_by_a_hook_that_turns_it_into_json,
    status_and_body_of_an_answer_are_replaceable,
    later_hooks_see_what_earlier_ones_left_of_an_answer,
    the_error_hook_is_told_of_each_failure_once,
    a_session_tells_hooks_of_its_renewals_too,
    before_a_protected_request_the_token_is_not_on_it_yet_and_the_repetition_keeps_what_hooks_did,
    an_error_of_a_hook_ends_the_conversation_with_that_error,
    a_hook_may_move_a_request_but_not_to_where_others_could_read_it,
    hooks_see_authorization_requests_and_what_is_authenticated,
}

fn hooks_see_authorization_requests_and_what_is_authenticated(face: Face) {
    let server = Server::start();
    let client = hooked(face, &server, &[Does::Marks]);
    let (url, _) = client.start(AuthorizationRequest::new().redirect_uri("http://127.0.0.1:4711/cb")).unwrap();
    let value = |name: &str| url.query_pairs().find(|(held, _)| held == name).map(|(_, value)| value.into_owned());
    assert_eq!((value("prompt").as_deref(), value("mark").as_deref()), (Some("consent"), Some("1")));
    client.token(ClientCredentials::new()).unwrap();
    assert!(server.requests_to(Endpoint::Token)[0].text().ends_with("mark=authenticated"));
}

fn hooks_run_in_the_order_they_were_added_and_before_the_client_is_authenticated(face: Face) {
    let server = Server::start();
    let (log, hooks) = two_notes();
    let client = hooked(face, &server, &hooks);
    let token = client.token(ClientCredentials::new()).unwrap();
    assert_eq!(
        taken(&log),
        [
            "first token after [] authenticated false",
            "second token after [first] authenticated false",
            "first Access 200",
            "second Access 200",
        ]
    );
    let sent = &server.requests_to(Endpoint::Token)[0];
    assert!(
        sent.text().ends_with("hook-first=1&hook-second=1") && sent.header("authorization").is_some(),
        "{}",
        sent.text()
    );
    client.introspect(&token).unwrap();
    client.revoke(&token).unwrap();
    assert_eq!(
        taken(&log),
        [
            "first introspection after [] authenticated false",
            "second introspection after [first] authenticated false",
            "first revocation after [] authenticated false",
            "second revocation after [first] authenticated false",
        ]
    );
    assert!(server.requests_to(Endpoint::Revocation)[0].text().ends_with("hook-first=1&hook-second=1"));
}

fn access_and_refresh_answers_are_told_apart(face: Face) {
    let server = Server::start();
    let (log, hooks) = two_notes();
    let client = hooked(face, &server, &hooks[..1]);
    let token = client.token(legacy::Password::new("alice", "wonderland")).unwrap();
    client.refresh(&token).unwrap();
    let answers: Vec<_> = taken(&log).into_iter().filter(|line| line.ends_with("200")).collect();
    assert_eq!(answers, ["first Access 200", "first Refresh 200"]);
}

fn a_form_encoded_answer_is_read_by_a_hook_that_turns_it_into_json(face: Face) {
    let server = Server::start();
    let (content_type, body) =
        ("application/x-www-form-urlencoded".into(), "access_token=from-a-form&expires=86400".into());
    server.misbehave(Endpoint::Token, Misbehaviour::Body { status: 200, content_type, body });
    let plain = hooked(face, &server, &[]);
    assert_eq!(plain.token(ClientCredentials::new()).unwrap_err().code(), "rule_violation");
    let client = hooked(face, &server, &[Does::ReadsForms]);
    let session = session!(client, session(ClientCredentials::new())).unwrap();
    let token = session.token().unwrap();
    assert_eq!(token.access_token.reveal(), "from-a-form");
    assert_eq!(token.lifetime(), Some(Duration::from_secs(86_400)));
}

fn status_and_body_of_an_answer_are_replaceable(face: Face) {
    let server = Server::start();
    let body = r#"{"ok":true,"authed_user":{"access_token":"nested","token_type":"user","team":"t"}}"#.to_owned();
    server
        .misbehave(Endpoint::Token, Misbehaviour::Body { status: 500, content_type: "application/json".into(), body });
    let token = hooked(face, &server, &[Does::Unnests]).token(ClientCredentials::new()).unwrap();
    assert_eq!((token.access_token.reveal(), token.get("team").unwrap().as_str()), ("nested", Some("t")));
}

fn later_hooks_see_what_earlier_ones_left_of_an_answer(face: Face) {
    let server = Server::start();
    server.misbehave(
        Endpoint::Token,
        Misbehaviour::Body {
            status: 500,
            content_type: "application/json".into(),
            body: r#"{"authed_user":{}}"#.into(),
        },
    );
    let (log, hooks) = two_notes();
    let client = hooked(face, &server, &[hooks[0].clone(), Does::Unnests, hooks[1].clone()]);
    client.token(ClientCredentials::new()).unwrap_err();
    let seen = taken(&log);
    assert!(
        seen.contains(&"first Access 500".to_owned()) && seen.contains(&"second Access 200".to_owned()),
        "{seen:?}"
    );
}

fn the_error_hook_is_told_of_each_failure_once(face: Face) {
    let server = Server::start();
    let (log, hooks) = two_notes();
    let client = hooked(face, &server, &hooks);
    client.metadata().unwrap();
    for (misbehaviour, told) in [
        (Misbehaviour::OAuthError { status: 400, error: "invalid_scope".into(), description: None }, "invalid_scope"),
        (Misbehaviour::Status { status: 500, retry_after: None }, "http_status"),
        (Misbehaviour::Reset, "broken_connection"),
    ] {
        server.misbehave_times(Endpoint::Token, 1, misbehaviour);
        client.token(ClientCredentials::new()).unwrap_err();
        let errors: Vec<_> = taken(&log).into_iter().filter(|line| line.contains("error")).collect();
        assert_eq!(errors, [format!("first error {told}"), format!("second error {told}")]);
    }
    client.token(ClientCredentials::new()).unwrap();
    assert!(!taken(&log).iter().any(|line| line.contains("error")));
}

fn a_session_tells_hooks_of_its_renewals_too(face: Face) {
    let server = Server::builder().access_token_lifetime(Duration::ZERO).start();
    let (log, hooks) = two_notes();
    let client = hooked(face, &server, &hooks[..1]);
    let session = session!(client, session(legacy::Password::new("alice", "wonderland"))).unwrap();
    session.token().unwrap();
    session.token().unwrap();
    server.misbehave(Endpoint::Token, Misbehaviour::Status { status: 503, retry_after: None });
    session.token().unwrap_err();
    let seen = taken(&log);
    let steps: Vec<_> = seen.iter().filter(|line| !line.contains("after")).map(String::as_str).collect();
    assert_eq!(steps, ["first Access 200", "first Refresh 200", "first Refresh 503", "first error http_status"]);
}

fn before_a_protected_request_the_token_is_not_on_it_yet_and_the_repetition_keeps_what_hooks_did(face: Face) {
    let server = Server::start();
    let (log, hooks) = two_notes();
    let client = hooked(face, &server, &hooks);
    let session = session!(client, session(ClientCredentials::new()).allow_origin(&server.url("")).unwrap()).unwrap();
    session.header().unwrap();
    taken(&log);
    server.expire_access_tokens();
    assert_eq!(session.get(&server.url("/api/orders")).unwrap().status(), 200);
    let protected: Vec<_> = taken(&log).into_iter().filter(|line| line.contains("protected")).collect();
    assert_eq!(protected, ["first protected authorized false", "second protected authorized false"]);
    let sent = server.requests_to(Endpoint::Api);
    assert_eq!(sent.len(), 2);
    for request in sent {
        assert_eq!(request.header_all("x-hook").collect::<Vec<_>>(), ["first", "second"]);
    }
}

fn an_error_of_a_hook_ends_the_conversation_with_that_error(face: Face) {
    for (step, endpoint, sent) in [
        ("token", Endpoint::Token, 0),
        ("answer", Endpoint::Token, 1),
        ("introspection", Endpoint::Introspection, 0),
        ("revocation", Endpoint::Revocation, 0),
        ("protected", Endpoint::Api, 0),
    ] {
        let server = Server::start();
        let token = grantee::Token::bearer(server.issue("svc", None, "a").access_token);
        let (log, hooks) = two_notes();
        let client = hooked(face, &server, &[Does::FailsAt(step), hooks[0].clone()]);
        let error = match step {
            "introspection" => client.introspect(&token).map(drop),
            "revocation" => client.revoke(&token),
            "protected" => {
                let session =
                    session!(client, session_of(token.clone()).allow_origin(&server.url("")).unwrap()).unwrap();
                session.get(&server.url("/api/x")).map(drop)
            }
            _ => client.token(ClientCredentials::new()).map(drop),
        };
        let error = error.unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), ("callback", "my hook: will not"), "{step}");
        assert_eq!(server.count(endpoint), sent, "{step}");
        let told: Vec<_> = taken(&log).into_iter().filter(|line| !line.contains("error")).collect();
        // At the answer it has seen the request; at any other step nothing at all.
        assert_eq!(told.len(), usize::from(step == "answer"), "no later hook runs: {step}: {told:?}");
    }
}

fn a_hook_may_move_a_request_but_not_to_where_others_could_read_it(face: Face) {
    let (server, other) = (Server::start(), Server::start());
    let client = hooked(face, &server, &[Does::Moves(other.url("/token"))]);
    client.token(ClientCredentials::new()).unwrap();
    assert_eq!((server.count(Endpoint::Token), other.count(Endpoint::Token)), (0, 1));
    let client = hooked(face, &server, &[Does::Moves("http://as.example/token".into())]);
    assert_eq!(client.token(ClientCredentials::new()).unwrap_err().code(), "configuration");
}
