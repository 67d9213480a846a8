//! Every misbehaviour at every endpoint where it can occur.
//!
//! The table is [`table`]: a row a misbehaviour, a column an endpoint, an empty cell its reason. Each case checks the
//! variant by its `code()`, the stage that the message begins with, what was expected and what came, whether another try
//! may help, how many requests were sent, and that nothing secret shows.

use crate::faces::{Client, Face, callback_of, client, in_both_faces, session, shown};
use grantee::ports::Limits;
use grantee::{AuthorizationCode, AuthorizationRequest, ClientCredentials, Error, Token, TokenToActOn, legacy};
use grantor::{Endpoint, Misbehaviour, Server};
use std::time::Duration;

const CLIENT_SECRET: &str = "s3cret-of-the-client";
const PASSWORD: &str = "s3cret-of-the-person";
pub(crate) const BODY: &str = "{\"access_token\": \"s3cret-in-the-body\"";
const REDIRECT_URI: &str = "http://127.0.0.1/callback";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Metadata,
    Callback,
    ClientCredentials,
    Code,
    Refresh,
    Introspection,
    Revocation,
    Userinfo,
    Api,
}
use Column::{Api, Callback, Code, Introspection, Metadata, Refresh, Revocation, Userinfo};

const COLUMNS: [Column; 9] =
    [Metadata, Callback, Column::ClientCredentials, Code, Refresh, Introspection, Revocation, Userinfo, Api];
const TOKEN: &[Column] = &[Column::ClientCredentials, Code, Refresh];
const CALLS: &[Column] = &[Userinfo, Api];
/// Where the answer is protocol, and JSON.
const JSON: &[Column] = &[Metadata, Column::ClientCredentials, Code, Refresh, Introspection];

impl Column {
    fn endpoint(self) -> Endpoint {
        match self {
            Metadata => Endpoint::Metadata,
            Callback => Endpoint::Authorize,
            Column::ClientCredentials | Code | Refresh => Endpoint::Token,
            Introspection => Endpoint::Introspection,
            Revocation => Endpoint::Revocation,
            Userinfo => Endpoint::Userinfo,
            Api => Endpoint::Api,
        }
    }

    fn stage(self) -> &'static str {
        match self {
            Metadata => "metadata: ",
            Callback => "authorization response: ",
            Column::ClientCredentials | Code | Refresh => "token request: ",
            Introspection => "introspection: ",
            Revocation => "revocation: ",
            Userinfo | Api => "api call: ",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Expect {
    /// An error with this code, whose message has these parts: what was expected, what came.
    Fails { code: &'static str, says: &'static [&'static str], transient: bool },
    /// As if nothing had happened.
    Works,
    /// Any status is an answer to an API call, and the program's to judge.
    Answer(u16),
}

struct Row {
    name: &'static str,
    cells: Vec<(Column, Vec<(Misbehaviour, Expect)>)>,
    /// Why the columns that have no cell have none.
    empty: Vec<(&'static [Column], &'static str)>,
}

impl Row {
    fn new(name: &'static str) -> Self {
        Self { name, cells: Vec::new(), empty: Vec::new() }
    }

    fn cell(mut self, columns: &[Column], misbehaviour: &Misbehaviour, expect: &Expect) -> Self {
        for column in columns {
            match self.cells.iter_mut().find(|(held, _)| held == column) {
                Some((_, cases)) => cases.push((misbehaviour.clone(), expect.clone())),
                None => self.cells.push((*column, vec![(misbehaviour.clone(), expect.clone())])),
            }
        }
        self
    }

    fn empty(mut self, columns: &'static [Column], reason: &'static str) -> Self {
        self.empty.push((columns, reason));
        self
    }
}

const IN_THE_BROWSER: &str = "the person's browser sees it; no callback comes of it";
const NO_MEMBERS: &str = "its successful answer has no members";
const NOT_OURS: &str = "its members are the API's own, and the program's to judge";

pub(crate) fn rule(says: &'static [&'static str]) -> Expect {
    Expect::Fails { code: "rule_violation", says, transient: false }
}

pub(crate) fn transport(code: &'static str, says: &'static [&'static str]) -> Expect {
    Expect::Fails { code, says, transient: true }
}

pub(crate) fn omit(name: &str) -> Misbehaviour {
    Misbehaviour::OmitMember(name.into())
}

pub(crate) fn twice(name: &str) -> Misbehaviour {
    Misbehaviour::DuplicateMember(name.into())
}

fn table() -> Vec<Row> {
    use Misbehaviour::*;
    let protocol: Vec<Column> = JSON.iter().copied().chain([Revocation]).collect();
    let network: Vec<Column> = protocol.iter().chain(CALLS).copied().collect();
    let status = |status, retry_after| Status { status, retry_after };
    let broken = transport("broken_connection", &["the connection broke before a whole answer came"]);
    let oauth = |status, error: &str| OAuthError { status, error: error.into(), description: Some("because".into()) };
    let said_no = |says| Expect::Fails { code: "server_error_response", says, transient: false };
    let not_json = rule(&["the answer is one JSON object", "expected a JSON object", "no JSON object"]);
    let redirected = rule(&["does not redirect", "expected a status that is no redirect", "got status 307"]);
    let stands_twice = rule(&["expected a JSON object", "got a member that stands twice"]);
    vec![
        Row::new("status 500")
            .cell(&protocol, &status(500, None), &transport("http_status", &["status 500"]))
            .cell(CALLS, &status(500, None), &Expect::Answer(500))
            .empty(&[Callback], IN_THE_BROWSER),
        Row::new("status 503 with Retry-After")
            .cell(&protocol, &status(503, Some(7)), &transport("http_status", &["status 503", "try again in 7 s"]))
            .cell(CALLS, &status(503, Some(7)), &Expect::Answer(503))
            .empty(&[Callback], IN_THE_BROWSER),
        Row::new("an OAuth error")
            .cell(
                &[Metadata],
                &oauth(400, "invalid_request"),
                &Expect::Fails { code: "http_status", says: &["status 400"], transient: false },
            )
            .cell(&[Callback], &oauth(0, "access_denied"), &said_no(&["the server said access_denied: because"]))
            .cell(TOKEN, &oauth(400, "invalid_grant"), &said_no(&["the server said invalid_grant: because"]))
            .cell(TOKEN, &oauth(200, "invalid_request"), &said_no(&["the server said invalid_request: because"]))
            .cell(
                &[Introspection, Revocation],
                &oauth(401, "invalid_client"),
                &said_no(&["the server said invalid_client: because"]),
            )
            .cell(
                CALLS,
                &oauth(403, "insufficient_scope"),
                &Expect::Fails { code: "insufficient_scope", says: &["insufficient_scope"], transient: false },
            ),
        Row::new("stall")
            .cell(&network, &Stall, &transport("timeout", &["timed out"]))
            .empty(&[Callback], IN_THE_BROWSER),
        Row::new("reset").cell(&network, &Reset, &broken).empty(&[Callback], IN_THE_BROWSER),
        Row::new("reset after processing")
            .cell(&network, &ResetAfterProcessing, &broken)
            .empty(&[Callback], IN_THE_BROWSER),
        Row::new("truncated body").cell(&network, &Truncate, &broken).empty(&[Callback], IN_THE_BROWSER),
        Row::new("HTML instead of JSON")
            .cell(JSON, &Html, &rule(&["the answer is one JSON object", "expected a JSON object", "got HTML or XML"]))
            // RFC 7009 section 2.2: the status alone says it.
            .cell(&[Revocation], &Html, &Expect::Works)
            .cell(CALLS, &Html, &Expect::Answer(200))
            .empty(&[Callback], IN_THE_BROWSER),
        Row::new("not JSON")
            .cell(JSON, &NotJson(BODY.into()), &not_json)
            .cell(JSON, &NotJson(String::new()), &rule(&["expected a JSON object", "got an empty body"]))
            .cell(&[Revocation], &NotJson(BODY.into()), &Expect::Works)
            .cell(CALLS, &NotJson(BODY.into()), &Expect::Answer(200))
            .empty(&[Callback], "a callback is no JSON"),
        Row::new("a body of 5 MB")
            .cell(
                &protocol,
                &Huge(5_000_000),
                &rule(&["an answer is no larger than allowed", "expected at most 1048576 bytes", "got more"]),
            )
            .cell(
                CALLS,
                &Huge(5_000_000),
                &Expect::Fails {
                    code: "answer_too_large",
                    says: &["larger than allowed", "1048576 bytes"],
                    transient: false,
                },
            )
            .cell(
                &[Callback],
                &Huge(5_000_000),
                &rule(&["a callback is of bounded size", "expected at most 64 KiB", "got 5000"]),
            ),
        Row::new("a redirect to another host")
            .cell(&[Metadata], &Redirect(ELSEWHERE.into()), &rule(&["the status is 200", "got 302"]))
            .cell(TOKEN, &Redirect(ELSEWHERE.into()), &redirected)
            .cell(&[Introspection, Revocation], &Redirect(ELSEWHERE.into()), &redirected)
            .cell(CALLS, &Redirect(ELSEWHERE.into()), &Expect::Answer(302))
            .empty(&[Callback], IN_THE_BROWSER),
        Row::new("duplicate members or parameters")
            .cell(&[Metadata], &twice("issuer"), &stands_twice)
            .cell(&[Metadata], &twice("token_endpoint"), &stands_twice)
            .cell(&[Callback], &twice("code"), &rule(&["code"]))
            .cell(&[Callback], &twice("state"), &rule(&["state"]))
            .cell(&[Callback], &twice("iss"), &rule(&["iss"]))
            .cell(TOKEN, &twice("access_token"), &stands_twice)
            .cell(TOKEN, &twice("expires_in"), &stands_twice)
            .cell(&[Introspection], &twice("active"), &stands_twice)
            .empty(&[Revocation], NO_MEMBERS)
            .empty(CALLS, NOT_OURS),
        Row::new("each missing member")
            .cell(&[Metadata], &omit("issuer"), &rule(&["the document names its issuer", "got no issuer"]))
            .cell(
                &[Metadata],
                &omit("token_endpoint"),
                &Expect::Fails { code: "configuration", says: &["token_endpoint"], transient: false },
            )
            .cell(&[Metadata], &omit("jwks_uri"), &Expect::Works)
            .cell(&[Metadata], &omit("token_endpoint_auth_methods_supported"), &Expect::Works)
            .cell(
                &[Callback],
                &omit("code"),
                &rule(&["the answer holds a code", "expected a code", "got neither code nor error"]),
            )
            .cell(
                &[Callback],
                &omit("state"),
                &rule(&["state is the one that was sent", "expected the state sent", "got no state"]),
            )
            .cell(&[Callback], &omit("iss"), &rule(&["iss is the issuer that was asked", "RFC 9207", "got no iss"]))
            .cell(
                TOKEN,
                &omit("access_token"),
                &rule(&["has an access_token", "expected a string", "got no such member"]),
            )
            .cell(
                TOKEN,
                &omit("token_type"),
                &rule(&["has a token_type", "expected Bearer", "got no such member", "assume_token_type"]),
            )
            .cell(TOKEN, &omit("expires_in"), &Expect::Works)
            .cell(TOKEN, &omit("scope"), &Expect::Works)
            .cell(&[Code, Refresh], &omit("refresh_token"), &Expect::Works)
            .cell(
                &[Introspection],
                &omit("active"),
                &rule(&["says whether the token is active", "expected active as a boolean", "got no such member"]),
            )
            .cell(&[Introspection], &omit("exp"), &Expect::Works)
            .empty(&[Revocation], NO_MEMBERS)
            .empty(CALLS, NOT_OURS),
        Row::new("odd case").cell(&network, &OddCase, &Expect::Works).cell(&[Callback], &OddCase, &Expect::Works),
        Row::new("wrong iss")
            .cell(
                &[Metadata],
                &WrongIssuer(EVIL.into()),
                &rule(&[
                    "issuer is exactly the one asked for",
                    "expected http://127.0.0.1",
                    "got https://evil.example",
                ]),
            )
            .cell(
                &[Callback],
                &WrongIssuer(EVIL.into()),
                &rule(&[
                    "iss is the issuer that was asked",
                    "RFC 9207",
                    "expected http://127.0.0.1",
                    "got https://evil.example",
                ]),
            )
            // RFC 7662 section 2.2 lets a server speak of tokens that another has issued.
            .cell(&[Introspection], &WrongIssuer(EVIL.into()), &Expect::Works)
            .empty(TOKEN, "its answer names an issuer in the ID token alone, which is verified from the next issue on")
            .empty(&[Revocation], NO_MEMBERS)
            .empty(CALLS, NOT_OURS),
        Row::new("wrong state")
            .cell(
                &[Callback],
                &WrongState,
                &rule(&["state is the one that was sent", "expected the state sent", "got another state"]),
            )
            .empty(
                &[Metadata, Column::ClientCredentials, Code, Refresh, Introspection, Revocation, Userinfo, Api],
                "only a callback has a state",
            ),
        Row::new("a reused code")
            .cell(&[Callback], &ReusedCode, &said_no(&["the server said invalid_grant", "used before"]))
            .empty(
                &[Metadata, Column::ClientCredentials, Code, Refresh, Introspection, Revocation, Userinfo, Api],
                "a code comes by a callback alone",
            ),
    ]
}

pub(crate) const EVIL: &str = "https://evil.example";
/// Replaced by a server of the case's own, which nobody may ask.
pub(crate) const ELSEWHERE: &str = "elsewhere";

/// What the act was done with and must not show.
struct Outcome {
    result: Result<Option<u16>, Error>,
    secrets: Vec<String>,
}

fn act(face: Face, column: Column, server: &Server, misbehaviour: &Misbehaviour, timeout: Option<Duration>) -> Outcome {
    let secret = || grantee::Secret::from(CLIENT_SECRET);
    let timeout = timeout.unwrap_or(Duration::from_secs(30));
    let client = client!(
        face,
        discover(server.issuer().as_str()).client("faulty", secret()).redirect_uri(REDIRECT_URI).timeout(timeout)
    )
    .unwrap();
    let mut secrets = vec![CLIENT_SECRET.to_owned(), PASSWORD.to_owned(), "s3cret".to_owned()];
    let misbehave = || {
        server.clear_log();
        server.misbehave(column.endpoint(), misbehaviour.clone());
    };
    let mut known = |token: &Token| {
        secrets.push(token.access_token.reveal().to_owned());
        secrets.extend(token.refresh_token.as_ref().map(|token| token.reveal().to_owned()));
    };
    let result = match column {
        Metadata => {
            misbehave();
            client.token(ClientCredentials::new()).map(|_| None)
        }
        Callback => {
            let (url, pending) = client.start(AuthorizationRequest::new().scope("a")).unwrap();
            secrets.extend(hidden_in(&pending.to_json().unwrap()));
            misbehave();
            let callback = callback_of(&url);
            secrets.extend(
                url::Url::parse(&callback)
                    .unwrap()
                    .query_pairs()
                    .filter(|(name, _)| name == "code")
                    .map(|(_, code)| code.into_owned()),
            );
            client.finish(pending, &callback).map(|_| None)
        }
        Column::ClientCredentials => {
            client.metadata().unwrap();
            misbehave();
            client.token(ClientCredentials::new().scope("a")).map(|_| None)
        }
        Code => {
            let (url, pending) = client.start(AuthorizationRequest::new().scope("a")).unwrap();
            let hidden = hidden_in(&pending.to_json().unwrap());
            let callback = url::Url::parse(&callback_of(&url)).unwrap();
            let code = callback.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
            let verifier =
                serde_json::from_str::<serde_json::Value>(&pending.to_json().unwrap()).unwrap()["code_verifier"]
                    .as_str()
                    .unwrap()
                    .to_owned();
            secrets.extend(hidden);
            secrets.push(code.clone());
            misbehave();
            client.token(AuthorizationCode::from_parts(code, REDIRECT_URI, verifier)).map(|_| None)
        }
        Refresh => {
            let token = person(&client);
            known(&token);
            misbehave();
            client.refresh(&token).map(|_| None)
        }
        Introspection => {
            let token = person(&client);
            known(&token);
            misbehave();
            client.introspect(&token).map(|_| None)
        }
        Revocation => {
            let token = person(&client);
            known(&token);
            misbehave();
            client.revoke(TokenToActOn::refresh_token(token.refresh_token.clone().unwrap())).map(|()| None)
        }
        Userinfo | Api => {
            let token = person(&client);
            known(&token);
            let session = session!(client, session_of(token.clone()).allow_origin(&server.url("")).unwrap()).unwrap();
            let url = server.url(if column == Api { "/api/orders" } else { "/userinfo" });
            misbehave();
            session.get(&url).map(|answer| Some(answer.status().as_u16()))
        }
    };
    Outcome { result, secrets }
}

fn person(client: &Client) -> Token {
    client.token(legacy::Password::new("alice", PASSWORD).scope("openid a")).unwrap()
}

fn hidden_in(pending: &str) -> Vec<String> {
    let pending: serde_json::Value = serde_json::from_str(pending).unwrap();
    ["state", "code_verifier", "nonce"].iter().filter_map(|name| pending[*name].as_str().map(str::to_owned)).collect()
}

fn start_server() -> Server {
    let client = grantor::Client::new("faulty").secret(CLIENT_SECRET);
    Server::builder().client(client).user(grantor::User::new("alice", PASSWORD)).auto_approve("alice").start()
}

fn check(face: Face, row: &Row, column: Column, misbehaviour: &Misbehaviour, expect: &Expect) {
    let (server, elsewhere) = (start_server(), Server::start());
    let misbehaviour = match misbehaviour {
        Misbehaviour::Redirect(_) => Misbehaviour::Redirect(elsewhere.url("/token")),
        other => other.clone(),
    };
    let case = format!("{} at {column:?} ({misbehaviour:.60?}) in {face:?}", row.name);
    // Only where it has to run out is the time short.
    let timeout = (misbehaviour == Misbehaviour::Stall).then_some(Duration::from_millis(300));
    let Outcome { result, secrets } = act(face, column, &server, &misbehaviour, timeout);
    assert_eq!(server.count(column.endpoint()), 1, "{case}: requests sent");
    assert!(elsewhere.requests().is_empty(), "{case}: a redirect was followed");
    let stage = if matches!(misbehaviour, Misbehaviour::ReusedCode) { "token request: " } else { column.stage() };
    let wait = row.name.contains("Retry-After").then_some(Duration::from_secs(7));
    agrees(&case, stage, expect, result, wait, &secrets);
}

/// Whether what came is what the table tells.
pub(crate) fn agrees(
    case: &str,
    stage: &str,
    expect: &Expect,
    result: Result<Option<u16>, Error>,
    expected_wait: Option<Duration>,
    secrets: &[String],
) {
    match (expect, result) {
        (Expect::Works, Ok(None | Some(200))) => {}
        (Expect::Answer(expected), Ok(Some(status))) => assert_eq!(status, *expected, "{case}"),
        (Expect::Fails { code, says, transient }, Err(error)) => {
            let text = error.to_string();
            assert_eq!(error.code(), *code, "{case}: {text}");
            let is_staged = !matches!(*code, "configuration" | "untrusted_issuer");
            assert!(text.starts_with(stage) || !is_staged, "{case}: {text}");
            for part in *says {
                assert!(text.contains(part), "{case}: no «{part}» in «{text}»");
            }
            assert!(!text.contains('\n'), "{case}: one line: {text}");
            assert_eq!(error.is_transient(), *transient, "{case}: {text}");
            assert!(!error.needs_login(), "{case}: {text}");
            assert_eq!(error.retry_after(), expected_wait, "{case}");
            let shown = shown(&error);
            for secret in secrets {
                assert!(!shown.contains(secret.as_str()), "{case}: {secret} shows in {shown}");
            }
        }
        (expect, result) => panic!("{case}: expected {expect:?}, came {result:?}"),
    }
}

in_both_faces! {
    every_misbehaviour_at_every_endpoint_gives_a_typed_error,
}

fn every_misbehaviour_at_every_endpoint_gives_a_typed_error(face: Face) {
    for row in table() {
        for (column, cases) in &row.cells {
            for (misbehaviour, expect) in cases {
                check(face, &row, *column, misbehaviour, expect);
            }
        }
    }
}

#[test]
fn every_cell_of_the_table_has_a_case_or_a_reason() {
    for row in table() {
        for column in COLUMNS {
            let cases = row.cells.iter().filter(|(held, _)| *held == column).count();
            let reasons =
                row.empty.iter().filter(|(columns, reason)| columns.contains(&column) && !reason.is_empty()).count();
            assert_eq!(cases + reasons, 1, "{} at {column:?}", row.name);
        }
    }
}

#[test]
fn the_limit_that_the_table_tells_is_the_default_one() {
    assert_eq!(Limits::default().body, 1_048_576);
}
