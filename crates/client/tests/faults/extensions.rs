//! The same table for the endpoints that came after: pushed requests, devices, CIBA, registration and its management, protected
//! resource metadata, signed introspection answers, and tokens bound to a key or a certificate.

use crate::faces::{Client, Face, RUNTIME, client, in_both_faces, session};
use crate::matrix::{BODY, ELSEWHERE, EVIL, Expect, agrees, omit, rule, transport, twice};
use grantee::jose::{Curve, Jwk, KeyKind};
use grantee::{
    AuthorizationRequest, BackchannelAuthenticationRequest, ClientCredentials, ClientMetadata,
    DeviceAuthorizationRequest, PollState, Registration, ResourceLookup, Result, TlsClientAuth, Trust, blocking,
};
use grantor::{Endpoint, Misbehaviour, Server};
use serde_json::json;
use std::time::Duration;

const CLIENT_SECRET: &str = "s3cret-of-the-client";
const INITIAL: &str = "s3cret-to-register";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Par,
    Device,
    DevicePoll,
    Backchannel,
    Register,
    Read,
    Update,
    Delete,
    Resource,
    SignedIntrospection,
    DpopToken,
    DpopApi,
    DpopUserinfo,
    MtlsToken,
}
use Column::*;

const COLUMNS: [Column; 14] = [
    Par,
    Device,
    DevicePoll,
    Backchannel,
    Register,
    Read,
    Update,
    Delete,
    Resource,
    SignedIntrospection,
    DpopToken,
    DpopApi,
    DpopUserinfo,
    MtlsToken,
];
const TOKEN: &[Column] = &[DevicePoll, DpopToken, MtlsToken];
const CALLS: &[Column] = &[DpopApi, DpopUserinfo];
/// Where the answer is protocol, and JSON.
const JSON: &[Column] = &[Par, Device, DevicePoll, Backchannel, Register, Read, Update, DpopToken, MtlsToken];
/// Requests that carry something, which a redirect would take elsewhere.
const POSTS: &[Column] = &[Par, Device, DevicePoll, Backchannel, Register, SignedIntrospection, DpopToken, MtlsToken];

impl Column {
    fn endpoint(self) -> Endpoint {
        match self {
            Par => Endpoint::Par,
            Device => Endpoint::DeviceAuthorization,
            Backchannel => Endpoint::BackchannelAuthentication,
            Register | Read | Update | Delete => Endpoint::Registration,
            Resource => Endpoint::ProtectedResource,
            SignedIntrospection => Endpoint::Introspection,
            DevicePoll | DpopToken | MtlsToken => Endpoint::Token,
            DpopApi => Endpoint::Api,
            DpopUserinfo => Endpoint::Userinfo,
        }
    }

    fn stage(self) -> &'static str {
        match self {
            Par => "pushed authorization request: ",
            Device => "device authorization request: ",
            Backchannel => "backchannel authentication request: ",
            Register => "client registration: ",
            Read => "registration read: ",
            Update => "registration update: ",
            Delete => "registration deletion: ",
            Resource => "protected resource metadata: ",
            SignedIntrospection => "introspection: ",
            DevicePoll | DpopToken | MtlsToken => "token request: ",
            DpopApi | DpopUserinfo => "api call: ",
        }
    }
}

struct Case {
    column: Column,
    misbehaviour: Misbehaviour,
    expect: Expect,
    requests: usize,
}

struct Row {
    name: &'static str,
    cases: Vec<Case>,
    /// Why the columns that have no case have none.
    empty: Vec<(Vec<Column>, &'static str)>,
}

impl Row {
    fn new(name: &'static str) -> Self {
        Self { name, cases: Vec::new(), empty: Vec::new() }
    }

    fn cell(self, columns: &[Column], misbehaviour: &Misbehaviour, expect: &Expect) -> Self {
        self.asked(1, columns, misbehaviour, expect)
    }

    /// With that many requests.
    fn asked(mut self, requests: usize, columns: &[Column], misbehaviour: &Misbehaviour, expect: &Expect) -> Self {
        self.cases.extend(columns.iter().map(|column| Case {
            column: *column,
            misbehaviour: misbehaviour.clone(),
            expect: expect.clone(),
            requests,
        }));
        self
    }

    fn empty(mut self, columns: &[Column], reason: &'static str) -> Self {
        self.empty.push((columns.to_vec(), reason));
        self
    }

    fn rest_empty(mut self, reason: &'static str) -> Self {
        let held: Vec<_> = self.cases.iter().map(|case| case.column).collect();
        let named: Vec<_> = self.empty.iter().flat_map(|(columns, _)| columns.clone()).collect();
        let rest: Vec<_> = COLUMNS.into_iter().filter(|it| !held.contains(it) && !named.contains(it)).collect();
        self.empty.push((rest, reason));
        self
    }
}

const NO_BODY: &str = "its answer has no body";
const NOT_OURS: &str = "its members are the API's own, and the program's to judge";
const A_JWT: &str = "its answer is a JWT, whose faults are told with the signatures";

fn table() -> Vec<Row> {
    use Misbehaviour::*;
    let and = |columns: &[Column], more: &[Column]| [columns, more].concat();
    let protocol = and(JSON, &[SignedIntrospection, Delete, Resource]);
    let with_body = and(JSON, &[SignedIntrospection, Resource]);
    let status = |status, retry_after| Status { status, retry_after };
    let broken = transport("broken_connection", &["the connection broke before a whole answer came"]);
    let oauth = |status, error: &str| OAuthError { status, error: error.into(), description: Some("because".into()) };
    let said_no = |says| Expect::Fails { code: "server_error_response", says, transient: false };
    let set = |name: &str, value: serde_json::Value| SetMember(name.into(), value);
    let not_json = rule(&["the answer is one JSON object", "expected a JSON object"]);
    let not_signed = rule(&["the answer is signed as registered", "application/token-introspection+jwt"]);
    let stands_twice = rule(&["expected a JSON object", "got a member that stands twice"]);
    let too_large = |says| Expect::Fails { code: "answer_too_large", says, transient: false };
    let nonce_again = said_no(&["the server said use_dpop_nonce"]);
    vec![
        Row::new("status 500").cell(&protocol, &status(500, None), &transport("http_status", &["status 500"])).cell(
            CALLS,
            &status(500, None),
            &Expect::Answer(500),
        ),
        Row::new("status 503 with Retry-After")
            .cell(&protocol, &status(503, Some(7)), &transport("http_status", &["status 503", "try again in 7 s"]))
            .cell(CALLS, &status(503, Some(7)), &Expect::Answer(503)),
        Row::new("status 429 with Retry-After")
            .cell(&protocol, &status(429, Some(7)), &transport("http_status", &["status 429", "try again in 7 s"]))
            .cell(CALLS, &status(429, Some(7)), &Expect::Answer(429)),
        Row::new("status 404")
            .cell(
                &protocol,
                &status(404, None),
                &Expect::Fails { code: "http_status", says: &["status 404"], transient: false },
            )
            .cell(CALLS, &status(404, None), &Expect::Answer(404)),
        Row::new("an OAuth error")
            .cell(&[Par], &oauth(400, "invalid_request"), &said_no(&["the server said invalid_request: because"]))
            .cell(&[Device], &oauth(401, "invalid_client"), &said_no(&["the server said invalid_client: because"]))
            .cell(TOKEN, &oauth(400, "invalid_grant"), &said_no(&["the server said invalid_grant: because"]))
            .cell(TOKEN, &oauth(200, "invalid_scope"), &said_no(&["the server said invalid_scope: because"]))
            .cell(
                &[Backchannel],
                &oauth(400, "unknown_user_id"),
                &said_no(&["the server said unknown_user_id: because"]),
            )
            .cell(
                &[Register, Update],
                &oauth(400, "invalid_redirect_uri"),
                &said_no(&["the server said invalid_redirect_uri: because"]),
            )
            .cell(
                &[Read, Update, Delete],
                &oauth(401, "invalid_token"),
                &said_no(&["the server said invalid_token: because", "register anew"]),
            )
            .cell(
                &[Resource],
                &oauth(400, "invalid_request"),
                &Expect::Fails { code: "http_status", says: &["status 400"], transient: false },
            )
            .cell(
                &[SignedIntrospection],
                &oauth(401, "invalid_client"),
                &said_no(&["the server said invalid_client: because"]),
            )
            .cell(&[DpopToken], &oauth(400, "invalid_dpop_proof"), &said_no(&["the server said invalid_dpop_proof"]))
            .cell(
                CALLS,
                &oauth(403, "insufficient_scope"),
                &Expect::Fails { code: "insufficient_scope", says: &["insufficient_scope"], transient: false },
            ),
        Row::new("stall").cell(&protocol, &Stall, &transport("timeout", &["timed out"])).cell(
            CALLS,
            &Stall,
            &transport("timeout", &["timed out"]),
        ),
        Row::new("reset").cell(&protocol, &Reset, &broken).cell(CALLS, &Reset, &broken),
        Row::new("reset after processing").cell(&protocol, &ResetAfterProcessing, &broken).cell(
            CALLS,
            &ResetAfterProcessing,
            &broken,
        ),
        Row::new("truncated body")
            .cell(&with_body, &Truncate, &broken)
            .cell(CALLS, &Truncate, &broken)
            .empty(&[Delete], NO_BODY),
        Row::new("HTML instead of JSON")
            .cell(JSON, &Html, &rule(&["the answer is one JSON object", "expected a JSON object", "got HTML or XML"]))
            .cell(&[Resource], &Html, &rule(&["got HTML or XML"]))
            .cell(&[SignedIntrospection], &Html, &not_signed)
            // The status says that the client is gone.
            .cell(&[Delete], &Html, &Expect::Works)
            .cell(CALLS, &Html, &Expect::Answer(200)),
        Row::new("not JSON")
            .cell(JSON, &NotJson(BODY.into()), &not_json)
            .cell(JSON, &NotJson(String::new()), &rule(&["expected a JSON object", "got an empty body"]))
            .cell(&[Resource], &NotJson(BODY.into()), &rule(&["no JSON object"]))
            .cell(&[SignedIntrospection], &NotJson(BODY.into()), &not_signed)
            .cell(&[Delete], &NotJson(BODY.into()), &Expect::Works)
            .cell(CALLS, &NotJson(BODY.into()), &Expect::Answer(200)),
        Row::new("a body of 5 MB")
            .cell(
                &and(JSON, &[SignedIntrospection]),
                &Huge(5_000_000),
                &rule(&["an answer is no larger than allowed", "expected at most 1048576 bytes", "got more"]),
            )
            .cell(&[Resource], &Huge(100_000), &too_large(&["larger than allowed", "65536 bytes"]))
            .cell(CALLS, &Huge(5_000_000), &too_large(&["larger than allowed", "1048576 bytes"]))
            .empty(&[Delete], NO_BODY),
        Row::new("a redirect to another host")
            .cell(POSTS, &Redirect(ELSEWHERE.into()), &rule(&["does not redirect", "got status 307"]))
            .cell(&[Read, Update, Delete], &Redirect(ELSEWHERE.into()), &rule(&["does not redirect", "got status 302"]))
            .cell(&[Resource], &Redirect(ELSEWHERE.into()), &rule(&["the status is 200", "got 302"]))
            .cell(CALLS, &Redirect(ELSEWHERE.into()), &Expect::Answer(302)),
        Row::new("duplicate members")
            .cell(&[Par], &twice("request_uri"), &stands_twice)
            .cell(&[Device], &twice("user_code"), &stands_twice)
            .cell(TOKEN, &twice("access_token"), &stands_twice)
            .cell(&[Backchannel], &twice("auth_req_id"), &stands_twice)
            .cell(&[Register, Read, Update], &twice("client_id"), &stands_twice)
            .cell(&[Register, Read, Update], &twice("client_secret"), &stands_twice)
            .cell(&[Resource], &twice("authorization_servers"), &rule(&["got a member that stands twice"]))
            .empty(&[Delete], NO_BODY)
            .empty(&[SignedIntrospection], A_JWT)
            .empty(CALLS, NOT_OURS),
        Row::new("each missing member")
            .cell(&[Par], &omit("request_uri"), &rule(&["the answer has a request_uri", "got no such member"]))
            .cell(&[Par], &omit("expires_in"), &rule(&["says how long it serves", "got no such member"]))
            .cell(&[Device], &omit("device_code"), &rule(&["RFC 8628 section 3.2", "device_code"]))
            .cell(&[Device], &omit("user_code"), &rule(&["RFC 8628 section 3.2", "user_code"]))
            .cell(&[Device], &omit("verification_uri"), &rule(&["RFC 8628 section 3.2", "verification_uri"]))
            .cell(&[Device], &omit("expires_in"), &rule(&["how long the code lives", "expires_in"]))
            .cell(&[Device], &omit("verification_uri_complete"), &Expect::Works)
            .cell(&[Device, Backchannel], &omit("interval"), &Expect::Works)
            .cell(&[Backchannel], &omit("auth_req_id"), &rule(&["CIBA section 7.3", "auth_req_id"]))
            .cell(&[Backchannel], &omit("expires_in"), &rule(&["CIBA section 7.3", "expires_in"]))
            .cell(TOKEN, &omit("access_token"), &rule(&["has an access_token", "got no such member"]))
            .cell(TOKEN, &omit("token_type"), &rule(&["has a token_type", "got no such member"]))
            .cell(TOKEN, &omit("expires_in"), &Expect::Works)
            .cell(&[Register, Read, Update], &omit("client_id"), &rule(&["the answer names the client"]))
            .cell(&[Register, Read, Update], &omit("client_secret"), &Expect::Works)
            .cell(&[Register, Read, Update], &omit("registration_client_uri"), &Expect::Works)
            .cell(&[Resource], &omit("resource"), &rule(&["resource is the URL that was asked for"]))
            .cell(&[Resource], &omit("authorization_servers"), &rule(&["name an authorization server", "got none"]))
            .cell(&[Resource], &omit("scopes_supported"), &Expect::Works)
            .empty(&[Delete], NO_BODY)
            .empty(&[SignedIntrospection], A_JWT)
            .empty(CALLS, NOT_OURS),
        Row::new("members of another kind")
            .cell(&[Par], &set("expires_in", json!(0)), &rule(&["says how long it serves", "got 0"]))
            .cell(&[Par], &set("request_uri", json!("urn:a b")), &rule(&["the answer has a request_uri"]))
            .cell(
                &[Device],
                &set("verification_uri", json!("javascript:alert(1)")),
                &rule(&["a URL that a browser opens"]),
            )
            .cell(&[Device, Backchannel], &set("expires_in", json!(-1)), &rule(&["expires_in"]))
            .cell(&[Device, Backchannel], &set("interval", json!(1e300)), &Expect::Works)
            .cell(
                &[Read, Update],
                &set("client_id", json!("other")),
                &rule(&["client_id does not change", "got other"]),
            )
            .cell(&[Register], &set("client_id", json!([7])), &rule(&["the answer names the client", "got a list"]))
            .cell(&[Resource], &set("resource", json!(EVIL)), &rule(&["resource is the URL that was asked for", EVIL]))
            .cell(
                &[Resource],
                &set("authorization_servers", json!([EVIL])),
                &Expect::Fails { code: "untrusted_issuer", says: &[EVIL], transient: false },
            )
            // RFC 9449 section 5: nothing falls back.
            .cell(
                &[DpopToken],
                &set("token_type", json!("Bearer")),
                &rule(&["the token is of the type that was asked for", "expected DPoP", "got Bearer"]),
            )
            .cell(&[DevicePoll], &set("access_token", json!(7)), &rule(&["has an access_token", "got a number"]))
            .rest_empty("nothing of it is of a kind of its own"),
        Row::new("another status of success")
            .cell(&[Par, Register], &OtherStatus(200), &Expect::Works)
            .cell(&[Device, DevicePoll, Backchannel, Read, Update], &OtherStatus(201), &Expect::Works)
            .cell(&[Delete], &OtherStatus(200), &Expect::Works)
            .cell(&[Delete], &OtherStatus(202), &rule(&["the answer says that the client is gone", "got 202"]))
            .cell(&[Resource], &OtherStatus(203), &rule(&["the status is 200", "got 203"]))
            .rest_empty("told by the endpoints of the first table"),
        Row::new("odd case").cell(&protocol, &OddCase, &Expect::Works).cell(CALLS, &OddCase, &Expect::Works),
        Row::new("a nonce for proofs that nobody asked for")
            .cell(&protocol, &DpopNonce("abc".into()), &Expect::Works)
            .cell(CALLS, &DpopNonce("abc".into()), &Expect::Works)
            .cell(&[DpopToken], &DpopNonce("a\"b".into()), &Expect::Works),
        Row::new("a nonce demanded without end")
            .asked(2, &[DpopToken], &UseDpopNonce, &nonce_again)
            .asked(2, CALLS, &UseDpopNonce, &Expect::Answer(401))
            .rest_empty("its requests carry no proof"),
        Row::new("a token that is refused again and again")
            .asked(2, CALLS, &oauth(401, "invalid_token"), &Expect::Answer(401))
            .rest_empty("its requests carry no access token"),
    ]
}

/// What the act was done with and must not show.
struct Outcome {
    result: Result<Option<u16>>,
    secrets: Vec<String>,
}

fn start_server(column: Column) -> Server {
    let ours = grantor::Client::new("faulty")
        .secret(CLIENT_SECRET)
        .redirect_uri("http://127.0.0.1/callback")
        .introspection_signed_response_alg("RS256");
    let builder = Server::builder().client(ours).initial_access_token(INITIAL).protected_resource_metadata();
    match column {
        MtlsToken => {
            let known = grantor::Client::new("certified").tls_client_auth_subject_dn("CN=certified");
            builder.client(known).mtls().start()
        }
        _ => builder.start(),
    }
}

fn act(face: Face, column: Column, server: &Server, misbehaviour: &Misbehaviour, timeout: Duration) -> Outcome {
    let issuer = server.issuer();
    let secret = || grantee::Secret::from(CLIENT_SECRET);
    let mut secrets = vec![CLIENT_SECRET.to_owned(), INITIAL.to_owned(), "s3cret".to_owned()];
    let misbehave = || {
        server.clear_log();
        server.misbehave(column.endpoint(), misbehaviour.clone());
    };
    let ours = || {
        let redirect_uri = "http://127.0.0.1/callback";
        client!(face, discover(issuer.as_str()).client("faulty", secret()).redirect_uri(redirect_uri).timeout(timeout))
            .unwrap()
    };
    let bound = || {
        let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap();
        client!(face, discover(issuer.as_str()).client("faulty", secret()).dpop(key).timeout(timeout)).unwrap()
    };
    let result = match column {
        Par => {
            let client = ours();
            client.metadata().unwrap();
            misbehave();
            client.start(AuthorizationRequest::new().scope("a").pushed()).map(|_| None)
        }
        Device => {
            let client = ours();
            client.metadata().unwrap();
            misbehave();
            client.device(DeviceAuthorizationRequest::new()).map(|_| None)
        }
        DevicePoll => {
            let (device, mut polling) = ours().device(DeviceAuthorizationRequest::new()).unwrap();
            assert!(server.approve_device(device.user_code(), "alice"));
            secrets.push(serde_json::to_value(&device).unwrap()["device_code"].as_str().unwrap().to_owned());
            misbehave();
            match polling.poll_once().unwrap() {
                PollState::Unreachable { error, .. } => Err(error),
                state => state.outcome().unwrap().map(|_| None),
            }
        }
        Backchannel => {
            let client = ours();
            client.metadata().unwrap();
            misbehave();
            client.backchannel(BackchannelAuthenticationRequest::login_hint("alice")).map(|_| None)
        }
        Register => register(face, server, timeout, &misbehave).map(|_| None),
        Read | Update | Delete => {
            let kept = register(face, server, timeout, &|| ()).unwrap();
            secrets.extend(
                [&kept.client_secret, &kept.registration_access_token]
                    .map(|it| it.as_ref().unwrap().reveal().to_owned()),
            );
            let client = ours();
            client.metadata().unwrap();
            misbehave();
            manage(&client, column, &kept).map(|()| None)
        }
        Resource => {
            let client = ours();
            let lookup = ResourceLookup::new(server.url("/api"), Trust::issuers([issuer.as_str()]));
            let lookup = lookup.allow_private_addresses();
            misbehave();
            match &client {
                Client::Async(client) => RUNTIME.block_on(client.find_resource(&lookup)),
                Client::Blocking(client) => client.find_resource(&lookup),
            }
            .map(|_| None)
        }
        SignedIntrospection => {
            let client = client!(
                face,
                discover(issuer.as_str()).client("faulty", secret()).introspection_alg("RS256").timeout(timeout)
            )
            .unwrap();
            let token = client.token(ClientCredentials::new()).unwrap();
            secrets.push(token.access_token.reveal().to_owned());
            misbehave();
            client.introspect(&token).map(|_| None)
        }
        DpopToken => {
            let client = bound();
            client.metadata().unwrap();
            misbehave();
            client.token(ClientCredentials::new()).map(|_| None)
        }
        DpopApi | DpopUserinfo => {
            let client = bound();
            let token = client.token(grantee::legacy::Password::new("alice", "wonderland").scope("openid")).unwrap();
            secrets.push(token.access_token.reveal().to_owned());
            let session = session!(client, session_of(token).allow_origin(&server.url("")).unwrap()).unwrap();
            let url = server.url(if column == DpopApi { "/api/orders" } else { "/userinfo" });
            misbehave();
            session.get(&url).map(|answer| Some(answer.status().as_u16()))
        }
        MtlsToken => {
            let certificate = server.client_certificate("certified");
            let client = client!(
                face,
                discover(issuer.as_str())
                    .public_client("certified")
                    .auth(TlsClientAuth)
                    .certificate_bound_tokens()
                    .only_ca(server.ca_pem())
                    .client_certificate(certificate.chain_pem.as_str(), certificate.key_pem.as_str())
                    .timeout(timeout)
            )
            .unwrap();
            client.metadata().unwrap();
            misbehave();
            client.token(ClientCredentials::new()).map(|_| None)
        }
    };
    Outcome { result, secrets }
}

fn register(face: Face, server: &Server, timeout: Duration, before: &dyn Fn()) -> Result<Registration> {
    let asked = ClientMetadata::new().client_name("A").grant_types(["client_credentials"]);
    let issuer = server.issuer();
    match face {
        Face::Async => RUNTIME.block_on(async {
            let builder = grantee::Client::discover(issuer).initial_access_token(INITIAL).timeout(timeout);
            before();
            builder.register(&asked).await.map(|registered| registered.registration().clone())
        }),
        Face::Blocking => {
            let builder = blocking::Client::discover(issuer).initial_access_token(INITIAL).timeout(timeout);
            before();
            builder.register(&asked).map(|registered| registered.registration().clone())
        }
    }
}

fn manage(client: &Client, column: Column, kept: &Registration) -> Result<()> {
    let changed = kept.metadata.clone().client_name("B");
    match (client, column) {
        (Client::Async(client), Read) => RUNTIME.block_on(client.read_registration(kept)).map(drop),
        (Client::Async(client), Update) => RUNTIME.block_on(client.update_registration(kept, &changed)).map(drop),
        (Client::Async(client), _) => RUNTIME.block_on(client.delete_registration(kept)),
        (Client::Blocking(client), Read) => client.read_registration(kept).map(drop),
        (Client::Blocking(client), Update) => client.update_registration(kept, &changed).map(drop),
        (Client::Blocking(client), _) => client.delete_registration(kept),
    }
}

fn check(face: Face, row: &Row, case: &Case) {
    let column = case.column;
    let server = start_server(column);
    let elsewhere = matches!(case.misbehaviour, Misbehaviour::Redirect(_)).then(Server::start);
    let misbehaviour = match &elsewhere {
        Some(elsewhere) => Misbehaviour::Redirect(elsewhere.url("/token")),
        None => case.misbehaviour.clone(),
    };
    let name = format!("{} at {column:?} ({misbehaviour:.60?}) in {face:?}", row.name);
    // Only where it has to run out is the time short.
    let timeout = if misbehaviour == Misbehaviour::Stall { 300 } else { 30_000 };
    let Outcome { result, secrets } = act(face, column, &server, &misbehaviour, Duration::from_millis(timeout));
    assert_eq!(server.count(column.endpoint()), case.requests, "{name}: requests sent");
    assert!(elsewhere.is_none_or(|it| it.requests().is_empty()), "{name}: a redirect was followed");
    // A renewal asks for no more than one token.
    assert!(column.endpoint() == Endpoint::Token || server.count(Endpoint::Token) <= 1, "{name}: token requests");
    let wait = row.name.contains("Retry-After").then_some(Duration::from_secs(7));
    agrees(&name, column.stage(), &case.expect, result, wait, &secrets);
}

in_both_faces! {
    every_misbehaviour_at_every_later_endpoint_gives_a_typed_error,
}

fn every_misbehaviour_at_every_later_endpoint_gives_a_typed_error(face: Face) {
    for row in table() {
        for case in &row.cases {
            check(face, &row, case);
        }
    }
}

#[test]
fn every_cell_of_the_later_table_has_a_case_or_a_reason() {
    for row in table() {
        for column in COLUMNS {
            let has_case = row.cases.iter().any(|case| case.column == column);
            let reasons = row.empty.iter().filter(|(columns, why)| columns.contains(&column) && !why.is_empty());
            assert_eq!(usize::from(has_case) + reasons.count(), 1, "{} at {column:?}", row.name);
        }
    }
}
