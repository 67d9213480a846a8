//! Tests of the plan for clients of FAPI-CIBA.

use crate::basic::{NONE, SIGNATURE};
use crate::fapi::{ALG, Auth, Bound, KEY, VALIDATION, Variant, get, identify, ports_with_certificate, refreshes_twice};
use crate::fapi1::{HOUR_AGO, WEEK_AGO, claims};
use crate::suite::{Outcome, outcome};
use crate::world::{ManualClock, PERSON, RP, Rule, World, block_on};
use grantee::grant::ciba::{BackchannelAuthentication, BackchannelAuthenticationRequest, Delivery, NotificationInbox};
use grantee::jose::{SignatureAlgorithm, SigningKey};
use grantee::ports::Clock;
use grantee::rules::Rules;
use grantee::token_type::certificate_bound::CertificateBound;
use grantee::{Result, Stored};
use grantee_core::client::{self, Config};
use grantee_core::endpoint::discovery::Where;
use grantee_core::session::{Source, SourceBuilder};
use grantee_core::{Client, Login};
use grantor::{Builder, Endpoint, Jwt, JwtFault, Misbehaviour, NotificationFault, OTHER_CLIENT, OTHER_ISSUER, Server};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// One column of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Column {
    auth: Auth,
    delivery: Delivery,
}

fn columns() -> impl Iterator<Item = Column> {
    [Auth::PrivateKeyJwt, Auth::Mtls]
        .into_iter()
        .flat_map(|auth| [Delivery::Poll, Delivery::Ping].map(|delivery| Column { auth, delivery }))
}

fn polling() -> impl Iterator<Item = Column> {
    columns().filter(|column| column.delivery == Delivery::Poll)
}

/// A server, a client, and where the client is notified.
struct Ciba {
    world: World,
    column: Column,
    program: Program,
}

impl Column {
    fn ciba(self) -> Ciba {
        self.ciba_of(|op| op.ciba_auto_approve_after(1), |_| ())
    }

    fn ciba_of(self, settings: impl FnOnce(Builder) -> Builder, configure: impl FnOnce(&mut Config)) -> Ciba {
        let clock = ManualClock::new();
        let shared = Arc::clone(&clock);
        let program = Program::new();
        // Registered as the other clients of FAPI are, and for signed requests besides.
        let variant = Variant {
            rules: Rules::Fapi1Advanced,
            auth: self.auth,
            bound: Bound::Certificate,
            pushed: false,
            jarm: false,
        };
        let mut registered = variant.registered().backchannel_authentication_request_signing_alg(ALG);
        if self.delivery == Delivery::Ping {
            let uri = program.uri();
            registered =
                registered.backchannel_token_delivery_mode("ping").backchannel_client_notification_endpoint(uri);
        }
        let builder = Server::builder().clock(move || shared.monotonic()).mtls().client(registered);
        let op = settings(builder).start();
        let mut config = Config::new(client::Server::Discover(Where::from(op.issuer())));
        identify(&mut config, self.auth);
        config.set_id_token_alg(Some(ALG.to_owned()));
        config.set_token_type(Arc::new(CertificateBound));
        configure(&mut config);
        let rp = Client::new(config, ports_with_certificate(&op, &clock)).unwrap();
        Ciba { world: World { op, clock, rp }, column: self, program }
    }
}

impl Ciba {
    fn request(&self) -> BackchannelAuthenticationRequest {
        let key = SigningKey::new(&KEY, SignatureAlgorithm::Ps256).unwrap();
        let request = BackchannelAuthenticationRequest::login_hint(PERSON)
            .scope("accounts")
            .binding_message("W4SCT")
            .delivery(self.column.delivery)
            .signed_by(key);
        match self.column.delivery {
            Delivery::Ping => request.notified_in(&self.program.inbox),
            _ => request,
        }
    }

    fn start(&self) -> Result<BackchannelAuthentication> {
        block_on(self.world.rp.backchannel(self.request()))
    }

    /// Waits until the server has told its decision, and gets the token.
    fn end(&self, pending: BackchannelAuthentication, notifications: usize) -> Result<Login> {
        let inbox = (self.column.delivery == Delivery::Ping).then_some(&self.program.inbox);
        if inbox.is_some() {
            // It has arrived before anybody waits for it, so that no time passes.
            let told = self.world.op.wait_for_ciba_notifications(notifications);
            assert_eq!(told.last().and_then(|notification| notification.status), Some(204), "{:?}", self.column);
        }
        block_on(self.world.rp.backchannel_polling(pending, inbox)?.wait())
    }

    /// The whole of it; as the first of this server, or as its `notifications`th.
    fn login(&self, notifications: usize) -> Result<Login> {
        self.end(self.start()?, notifications)
    }

    #[track_caller]
    fn succeeds(&self, notifications: usize) -> Login {
        let login = self.login(notifications).unwrap();
        assert_eq!(login.id_token.as_ref().unwrap().subject(), PERSON, "{:?}", self.column);
        let answer = get(&self.source(&login), &self.world.op.mtls_url("/api/accounts"));
        assert_eq!(answer.status(), 200, "{:?}", self.column);
        login
    }

    fn source(&self, login: &Login) -> Source {
        let (rp, grant) = (self.world.rp.clone(), Arc::new(Stored::new()));
        SourceBuilder::new(rp, grant).token(login.token.clone()).build().unwrap()
    }

    /// The pauses before each token request, in seconds.
    fn pauses(&self, id: &str) -> Vec<u64> {
        let times: Vec<Duration> = self.world.op.polls(id);
        times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs()).collect()
    }
}

/// A program with a client notification endpoint.
struct Program {
    port: u16,
    inbox: NotificationInbox,
    thread: Option<JoinHandle<()>>,
}

impl Program {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let inbox = NotificationInbox::new();
        let inside = inbox.clone();
        let thread = thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                // An empty connection ends it.
                let Some((headers, body)) = posted(&stream) else { return };
                let status = inside.deliver(&headers, &body).status();
                write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
            }
        });
        Self { port, inbox, thread: Some(thread) }
    }

    fn uri(&self) -> String {
        format!("http://127.0.0.1:{}/notified", self.port)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        drop(self.thread.take().map(JoinHandle::join));
    }
}

fn posted(stream: &TcpStream) -> Option<(HeaderMap, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut lines = reader.by_ref().lines().map_while(std::io::Result::ok);
    lines.next()?;
    let mut headers = HeaderMap::new();
    for (name, value) in lines.take_while(|line| !line.is_empty()).filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?))
    }) {
        headers.append(name, value);
    }
    let length: usize = headers.get("content-length")?.to_str().ok()?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((headers, body))
}

#[test]
fn fapi_ciba_id1_client_test() {
    outcome("fapi-ciba-id1-client-test", Outcome::Succeed);
    for column in columns() {
        let ciba = column.ciba();
        let login = ciba.succeeds(1);
        let op = &ciba.world.op;
        let asked = &op.requests_to(Endpoint::BackchannelAuthentication)[0];
        // The whole request is signed, and nothing but the client stands outside of it.
        let names: Vec<String> = asked.form().into_iter().map(|(name, _)| name).collect();
        assert!(names.iter().all(|name| name == "request" || name.starts_with("client_")), "{column:?}: {names:?}");
        let claims = claims(&asked.form_value("request").unwrap());
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(RP), &op.issuer().into()), "{column:?}");
        assert!(["exp", "iat", "nbf", "jti"].iter().all(|name| claims.get(name).is_some()), "{column:?}: {claims}");
        assert_eq!((&claims["login_hint"], &claims["scope"]), (&json!(PERSON), &json!("openid accounts")));
        assert_eq!(claims.get("client_notification_token").is_some(), column.delivery == Delivery::Ping, "{column:?}");
        let certificate = ciba.world.rp.ports().http.certificate();
        for request in op.requests_to(Endpoint::Token).iter().chain([asked]) {
            assert_eq!(request.client_certificate_thumbprint(), certificate.thumbprint(), "{column:?}");
            let asserts = request.form_value("client_assertion").is_some();
            assert_eq!(asserts, column.auth == Auth::PrivateKeyJwt, "{column:?}");
        }
        // Told when to ask, it asks once.
        let polls = if column.delivery == Delivery::Ping { 1 } else { 2 };
        assert_eq!(op.count(Endpoint::Token), polls, "{column:?}");
        assert_eq!(login.id_token.unwrap().algorithm(), Some(SignatureAlgorithm::Ps256), "{column:?}");
    }
}

// When it asks

#[test]
fn fapi_ciba_id1_client_respects_interval_test() {
    outcome("fapi-ciba-id1-client-respects-interval-test", Outcome::Succeed);
    for column in polling() {
        let ciba = column.ciba_of(|op| op.ciba_interval(31).ciba_auto_approve_after(3), |_| ());
        let pending = ciba.start().unwrap();
        let id = pending.auth_req_id().reveal().to_owned();
        assert_eq!(pending.interval(), Duration::from_secs(31));
        ciba.end(pending, 0).unwrap();
        assert_eq!(ciba.pauses(&id), [31, 31, 31, 31], "{column:?}: before the first too");
        // Where nothing is said it is five seconds (CIBA section 7.3).
        let ciba = column.ciba_of(|op| op.ciba_interval(None).ciba_auto_approve_after(1), |_| ());
        let pending = ciba.start().unwrap();
        let id = pending.auth_req_id().reveal().to_owned();
        ciba.end(pending, 0).unwrap();
        assert_eq!(ciba.pauses(&id), [5, 5], "{column:?}");
    }
}

#[test]
fn fapi_ciba_id1_client_slow_down_test() {
    outcome("fapi-ciba-id1-client-slow-down-test", Outcome::Succeed);
    for column in polling() {
        let ciba = column.ciba_of(|op| op.ciba_interval(5).ciba_auto_approve_after(3), |_| ());
        let pending = ciba.start().unwrap();
        let id = pending.auth_req_id().reveal().to_owned();
        assert!(ciba.world.op.slow_down(&id));
        ciba.end(pending, 0).unwrap();
        assert_eq!(ciba.pauses(&id), [5, 10, 10, 10], "{column:?}: five seconds more, for good");
    }
}

/// The third answer of the token endpoint is this error. It is the last: nobody asks again.
fn ends(id: &str, error: &str) {
    outcome(id, Outcome::Reject);
    for column in polling() {
        let ciba = column.ciba_of(|op| op.ciba_auto_approve_after(4), |_| ());
        let op = &ciba.world.op;
        op.misbehave_times(Endpoint::Token, 2, Misbehaviour::Nothing);
        let says = Misbehaviour::OAuthError { status: 400, error: error.to_owned(), description: None };
        op.misbehave_times(Endpoint::Token, 1, says);
        let refusal = ciba.login(1).unwrap_err();
        if error == "expired_token" {
            assert!(refusal.code() == "expired" && refusal.to_string().contains(error), "{column:?}: {refusal}");
        } else {
            assert_eq!(refusal.server_error(), Some(error), "{column:?}: {refusal}");
        }
        assert_eq!(op.count(Endpoint::Token), 3, "{column:?}");
        op.clear_log();
        ciba.succeeds(2);
        assert_eq!(op.count(Endpoint::Token), 5, "{column:?}: without the error it goes on");
    }
}

#[test]
fn fapi_ciba_id1_client_invalid_access_denied_test() {
    ends("fapi-ciba-id1-client-invalid-access-denied-test", "access_denied");
}

#[test]
fn fapi_ciba_id1_client_invalid_expired_token_test() {
    ends("fapi-ciba-id1-client-invalid-expired-token-test", "expired_token");
}

#[test]
fn fapi_ciba_id1_client_invalid_request_test() {
    ends("fapi-ciba-id1-client-invalid-request-test", "invalid_request");
}

#[test]
fn fapi_ciba_id1_client_ping_with_invalid_bearer_token_test() {
    outcome("fapi-ciba-id1-client-ping-with-invalid-bearer-token-test", Outcome::Reject);
    for column in columns().filter(|column| column.delivery == Delivery::Ping) {
        for fault in [NotificationFault::WrongBearerToken, NotificationFault::NoBearerToken] {
            let ciba = column.ciba();
            let op = &ciba.world.op;
            op.misbehave_notification_times(1, fault);
            let pending = ciba.start().unwrap();
            assert_eq!(op.wait_for_ciba_notifications(1)[0].status, Some(401), "{column:?}");
            // Nobody is woken by it: until the time is up the token endpoint is not asked.
            let polling = ciba.world.rp.backchannel_polling(pending, Some(&ciba.program.inbox)).unwrap();
            let error = block_on(polling.wait()).unwrap_err();
            assert_eq!((error.code(), op.count(Endpoint::Token)), ("expired", 0), "{column:?}: {error}");
            ciba.succeeds(2);
        }
    }
}

// What the backchannel authentication endpoint answers

fn refused_at_once(id: &str, error: &str) {
    outcome(id, Outcome::Reject);
    for column in columns() {
        let ciba = column.ciba();
        let op = &ciba.world.op;
        let says = Misbehaviour::OAuthError { status: 400, error: error.to_owned(), description: None };
        op.misbehave_times(Endpoint::BackchannelAuthentication, 1, says);
        let refusal = ciba.start().unwrap_err();
        assert_eq!(refusal.server_error(), Some(error), "{column:?}: {refusal}");
        assert_eq!(op.count(Endpoint::BackchannelAuthentication), 1, "{column:?}");
        assert_eq!(op.requests().last().unwrap().endpoint, Endpoint::BackchannelAuthentication, "{column:?}");
        ciba.succeeds(1);
    }
}

#[test]
fn fapi_ciba_id1_client_invalid_expired_id_token_hint_test() {
    refused_at_once("fapi-ciba-id1-client-invalid-expired-id-token-hint-test", "expired_id_token_hint");
}

#[test]
fn fapi_ciba_id1_client_invalid_id_token_hint_test() {
    refused_at_once("fapi-ciba-id1-client-invalid-id-token-hint-test", "invalid_id_token_hint");
}

#[test]
fn fapi_ciba_id1_client_invalid_unknown_user_id_test() {
    refused_at_once("fapi-ciba-id1-client-invalid-unknown-user-id-test", "unknown_user_id");
}

fn lacking(id: &str, member: &str) {
    outcome(id, Outcome::Reject);
    let rule = Rule {
        stage: "backchannel authentication request",
        rule: "the answer has all that is required",
        spec: "CIBA section 7.3",
        got: "no such member",
    };
    for column in columns() {
        let ciba = column.ciba();
        let fault = Misbehaviour::OmitMember(member.to_owned());
        ciba.world.op.misbehave_times(Endpoint::BackchannelAuthentication, 1, fault);
        rule.refuses(ciba.start().map(drop));
        let sent =
            if column.delivery == Delivery::Ping { ciba.world.op.wait_for_ciba_notifications(1).len() } else { 0 };
        assert_eq!(ciba.world.op.count(Endpoint::Token), 0, "{column:?}");
        ciba.succeeds(sent + 1);
    }
}

#[test]
fn fapi_ciba_id1_client_invalid_missing_authreqid_test() {
    lacking("fapi-ciba-id1-client-invalid-missing-authreqid-test", "auth_req_id");
}

#[test]
fn fapi_ciba_id1_client_invalid_missing_expiresin_test() {
    lacking("fapi-ciba-id1-client-invalid-missing-expiresin-test", "expires_in");
}

// ID tokens

fn refused(id: &str, fault: &JwtFault, rule: Rule) {
    refused_by(id, |_| (), None, fault, rule);
}

/// With the fault the rule refuses it, without it the same goes through.
fn refused_by(id: &str, configure: fn(&mut Config), right: Option<JwtFault>, fault: &JwtFault, rule: Rule) {
    outcome(id, Outcome::Reject);
    for column in columns() {
        let ciba = column.ciba_of(|op| op.ciba_auto_approve_after(0), configure);
        if let Some(right) = &right {
            ciba.world.op.misbehave_jwt(Jwt::IdToken, right.clone());
        }
        ciba.world.op.misbehave_jwt_times(Jwt::IdToken, 1, fault.clone());
        rule.refuses(ciba.login(1).map(drop));
        assert_eq!(ciba.world.op.count(Endpoint::Token), 1, "{column:?}: it ends there");
        ciba.succeeds(2);
    }
}

/// The time at which the token comes: five seconds late where it is polled for, so all is counted from this column.
fn refused_by_time(id: &str, fault: &JwtFault, rule: Rule) {
    outcome(id, Outcome::Reject);
    for column in columns().filter(|column| column.delivery == Delivery::Ping) {
        let ciba = column.ciba();
        ciba.world.op.misbehave_jwt_times(Jwt::IdToken, 1, fault.clone());
        rule.refuses(ciba.login(1).map(drop));
        ciba.succeeds(2);
    }
}

#[test]
fn fapi_ciba_id1_client_invalid_alternate_alg_test() {
    let rule = Rule::id_token("alg is the one registered for this client", VALIDATION, "RS256");
    refused("fapi-ciba-id1-client-invalid-alternate-alg-test", &JwtFault::OtherAlg("RS256".into()), rule);
}

#[test]
fn fapi_ciba_id1_client_invalid_null_alg_test() {
    refused("fapi-ciba-id1-client-invalid-null-alg-test", &JwtFault::AlgNone, NONE);
}

#[test]
fn fapi_ciba_id1_client_invalid_signature_test() {
    refused("fapi-ciba-id1-client-invalid-signature-test", &JwtFault::BrokenSignature, SIGNATURE);
}

#[test]
fn fapi_ciba_id1_client_invalid_aud_test() {
    let rule = Rule::id_token("aud is this client", VALIDATION, OTHER_CLIENT);
    refused("fapi-ciba-id1-client-invalid-aud-test", &JwtFault::WrongAudience, rule);
}

#[test]
fn fapi_ciba_id1_client_invalid_missing_aud_test() {
    let rule = Rule::id_token("aud is this client", VALIDATION, "no such member");
    refused("fapi-ciba-id1-client-invalid-missing-aud-test", &JwtFault::without("aud"), rule);
}

#[test]
fn fapi_ciba_id1_client_invalid_secondary_aud_test() {
    let rule = Rule::id_token("aud names nobody who is not trusted", VALIDATION, "other-client beside it");
    let fault = JwtFault::SeveralAudiences { azp: None };
    refused("fapi-ciba-id1-client-invalid-secondary-aud-test", &fault, rule);
}

#[test]
fn fapi_ciba_id1_client_invalid_iss_test() {
    let rule = Rule::id_token("iss is the issuer that was asked", VALIDATION, OTHER_ISSUER);
    refused("fapi-ciba-id1-client-invalid-iss-test", &JwtFault::WrongIssuer, rule);
}

#[test]
fn fapi_ciba_id1_client_invalid_missing_iss_test() {
    let rule = Rule::id_token("a claim that is required is there as a string", VALIDATION, "no such member");
    refused("fapi-ciba-id1-client-invalid-missing-iss-test", &JwtFault::without("iss"), rule);
}

#[test]
fn fapi_ciba_id1_client_invalid_missing_exp_test() {
    let rule = Rule::id_token("a time that is required is there as a number", VALIDATION, "no such member");
    refused("fapi-ciba-id1-client-invalid-missing-exp-test", &JwtFault::without("exp"), rule);
}

#[test]
fn fapi_ciba_id1_client_invalid_expired_exp_test() {
    let rule = Rule::id_token("exp lies in the future", VALIDATION, HOUR_AGO);
    refused_by_time("fapi-ciba-id1-client-invalid-expired-exp-test", &JwtFault::Expired, rule);
    // However the token comes.
    let rule = Rule { got: "1704066899", ..rule };
    let fault = JwtFault::claim("exp", 1_704_066_899_u64);
    refused("fapi-ciba-id1-client-invalid-expired-exp-test", &fault, rule);
}

#[test]
fn fapi_ciba_id1_client_invalid_iat_is_week_in_past_test() {
    let rule = Rule::id_token("iat is not too far in the past", VALIDATION, "604800 s ago");
    let fault = JwtFault::claim("iat", WEEK_AGO);
    refused_by_time("fapi-ciba-id1-client-invalid-iat-is-week-in-past-test", &fault, rule);
}

#[test]
fn fapi_ciba_id1_client_valid_aud_as_array_test() {
    outcome("fapi-ciba-id1-client-valid-aud-as-array-test", Outcome::Succeed);
    for column in columns() {
        let ciba = column.ciba();
        ciba.world.op.misbehave_jwt(Jwt::IdToken, JwtFault::claim("aud", json!([RP])));
        let id_token = ciba.succeeds(1).id_token.unwrap();
        assert_eq!(id_token.claims().at("aud"), Some(&json!([RP])), "{column:?}");
    }
}

// ConnectID, whose rules the program states

const EXPECTED: &str = "a claim is as the program expects it";
const BY_PROGRAM: &str = "set by expect_claim(..)";
const FRAMEWORK: &str = "/verified_claims/verification/trust_framework";

fn of_connectid(config: &mut Config) {
    let is_text = |value: Option<&Value>, text: &str| value.and_then(Value::as_str) == Some(text);
    config.add_expectation(FRAMEWORK.to_owned(), Arc::new(move |value| is_text(value, "au_connectid")));
    config.add_expectation("txn".to_owned(), Arc::new(|value| value.is_some_and(Value::is_string)));
}

/// The claims of such an ID token, as this framework's.
fn verified(framework: Option<&str>) -> JwtFault {
    let mut verified = json!({"verification": {}, "claims": {"over18": true}});
    if let Some(framework) = framework {
        verified["verification"]["trust_framework"] = framework.into();
    }
    JwtFault::claim("verified_claims", verified)
}

fn refused_by_connectid(id: &str, fault: JwtFault, got: &'static str) {
    let right = JwtFault::All(vec![verified(Some("au_connectid")), JwtFault::claim("txn", "b7e0c2")]);
    let fault = JwtFault::All(vec![right.clone(), fault]);
    refused_by(id, of_connectid, Some(right), &fault, Rule::id_token(EXPECTED, BY_PROGRAM, got));
}

#[test]
fn fapi_ciba_id1_client_connectid_invalid_missing_trust_framework_test() {
    let id = "fapi-ciba-id1-client-connectid-invalid-missing-trust-framework-test";
    refused_by_connectid(id, verified(None), "no such member");
}

#[test]
fn fapi_ciba_id1_client_connectid_invalid_wrong_trust_framework_test() {
    let id = "fapi-ciba-id1-client-connectid-invalid-wrong-trust-framework-test";
    refused_by_connectid(id, verified(Some("us_connectid")), "a string");
}

#[test]
fn fapi_ciba_id1_client_connectid_invalid_missing_txn_test() {
    let id = "fapi-ciba-id1-client-connectid-invalid-missing-txn-test";
    refused_by_connectid(id, JwtFault::without("txn"), "no such member");
}

// Tokens

#[test]
fn fapi_ciba_id1_client_no_scope_in_token_endpoint_response_test() {
    outcome("fapi-ciba-id1-client-no-scope-in-token-endpoint-response-test", Outcome::Succeed);
    for column in columns() {
        let ciba = column.ciba();
        ciba.world.op.misbehave(Endpoint::Token, Misbehaviour::OmitMember("scope".into()));
        let login = ciba.succeeds(1);
        // What was asked for is what was granted (RFC 6749 section 5.1).
        assert_eq!(login.token.scope, Some("openid accounts".into()), "{column:?}");
    }
}

#[test]
fn fapi_ciba_id1_client_refresh_token_test() {
    outcome("fapi-ciba-id1-client-refresh-token-test", Outcome::Succeed);
    for column in columns() {
        let ciba = column.ciba();
        let login = ciba.login(1).unwrap();
        let url = ciba.world.op.mtls_url("/api/accounts");
        refreshes_twice(&ciba.world, &ciba.source(&login), &url, &format!("{column:?}"));
    }
}
