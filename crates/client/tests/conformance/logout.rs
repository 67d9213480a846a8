//! Tests of the logout plans: asked for by the client, told by the back channel, told through frames, noticed by a frame.

use crate::basic::NONE;
use crate::browser::{Browser, attributes};
use crate::suite::{Flow, Outcome, flows};
use crate::world::{PERSON, Person, REDIRECT_URI, RP, Rule, SECRET, World, block_on, callback};
use grantee::endpoint::end_session::{EndSession, PendingLogout};
use grantee::jose::sha256;
use grantee::oidc::{IdToken, MemoryReplayCache, backchannel_logout};
use grantee::{AuthorizationRequest, Result};
use grantee_core::Client;
use grantor::{Endpoint, Jwt, JwtFault, Misbehaviour, OTHER_CLIENT, OTHER_ISSUER};
use serde_json::json;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use url::Url;

const BYE: &str = "https://rp.example/bye";
const FRAME: &str = "https://rp.example/frontchannel_logout";
const CORE: &str = "OpenID Connect Core section 3.1.3.7";
const TOKEN: &str = "OpenID Connect Back-Channel Logout section 2.4";
const VALIDATION: &str = "OpenID Connect Back-Channel Logout section 2.6";

fn registered(registered: grantor::Client) -> grantor::Client {
    registered.post_logout_redirect_uri(BYE)
}

fn world() -> World {
    World::of(|op| op, registered, |_| ())
}

impl World {
    fn session(&self, browser: &Browser, flow: Flow) -> Person {
        self.login_in(browser, flow, AuthorizationRequest::new()).unwrap()
    }

    fn logout(&self, id_token: &IdToken) -> (Url, PendingLogout) {
        let request = EndSession::new().id_token_hint(id_token).post_logout_redirect_uri(BYE);
        block_on(self.rp.logout(request)).unwrap()
    }
}

// Asked for by the client

#[test]
fn oidcc_client_test_rp_init_logout() {
    for flow in flows("oidcc-client-test-rp-init-logout", Outcome::Succeed) {
        let (world, browser) = (world(), Browser::new());
        let person = world.session(&browser, flow);
        let (url, pending) = world.logout(&person.id_token);
        let kept = pending.to_json().unwrap();
        let back = browser.open(url.as_str()).at();
        assert!(back.starts_with(&format!("{BYE}?state=")), "{back}");
        PendingLogout::from_json(&kept).unwrap().finish(back.as_str()).unwrap();
        let asked = &world.op.requests_to(Endpoint::EndSession)[0];
        assert_eq!(asked.query_value("id_token_hint").as_deref(), Some(person.id_token.reveal()), "{flow:?}");
        assert_eq!(asked.query_value("client_id").as_deref(), Some(RP));
        assert_eq!(asked.query_value("state").as_deref(), pending.state());
        assert_eq!(browser.cookie(&session_cookie(&world)), None, "{flow:?}: the provider has ended its session");
    }
}

fn session_cookie(world: &World) -> String {
    format!("grantor_session_{}", world.op.port())
}

fn other_way_back(id: &str, misbehaviour: &Misbehaviour, got: &'static str) {
    let rule = Rule {
        stage: "logout response",
        rule: "state is the one that was sent",
        spec: "OpenID Connect RP-Initiated Logout section 3",
        got,
    };
    for flow in flows(id, Outcome::Reject) {
        let world = world();
        world.op.misbehave_times(Endpoint::EndSession, 1, misbehaviour.clone());
        for good in [false, true] {
            let browser = Browser::new();
            let (url, pending) = world.logout(&world.session(&browser, flow).id_token);
            let outcome = pending.finish(browser.open(url.as_str()).at());
            if good { outcome.unwrap() } else { rule.refuses(outcome) }
        }
    }
}

#[test]
fn oidcc_client_test_rp_init_logout_no_state() {
    let id = "oidcc-client-test-rp-init-logout-no-state";
    other_way_back(id, &Misbehaviour::OmitMember("state".into()), "no state");
}

#[test]
fn oidcc_client_test_rp_init_logout_other_state() {
    other_way_back("oidcc-client-test-rp-init-logout-other-state", &Misbehaviour::WrongState, "another state");
}

// Told by the back channel

/// A program with sessions of its own, and an address for logout tokens.
struct Program {
    port: u16,
    sessions: Arc<Mutex<Vec<IdToken>>>,
    heard: Arc<Mutex<Vec<Result<()>>>>,
    thread: Option<JoinHandle<()>>,
}

impl Program {
    fn new(rp: &Client) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sessions, heard) = (Arc::<Mutex<Vec<IdToken>>>::default(), Arc::<Mutex<Vec<_>>>::default());
        let (rp, replays) = (rp.clone(), MemoryReplayCache::new().clock(Arc::clone(&rp.ports().clock)));
        let (held, told) = (Arc::clone(&sessions), Arc::clone(&heard));
        let thread = thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                // An empty connection ends it.
                let Some(body) = posted(&mut stream) else { return };
                let outcome = block_on(rp.logout_token(&body, &replays));
                let answer = backchannel_logout::answer(&outcome);
                if let Ok(token) = &outcome {
                    held.lock().unwrap().retain(|id_token| !token.matches(id_token));
                }
                told.lock().unwrap().push(outcome.map(drop));
                send(&mut stream, &answer);
            }
        });
        Self { port, sessions, heard, thread: Some(thread) }
    }

    fn uri(&self) -> String {
        format!("http://127.0.0.1:{}/backchannel_logout", self.port)
    }

    fn begin(&self, id_token: &IdToken) {
        self.sessions.lock().unwrap().push(id_token.clone());
    }

    fn has(&self, id_token: &IdToken) -> bool {
        self.sessions.lock().unwrap().contains(id_token)
    }

    /// What came of the last logout token.
    fn last(&self) -> Result<()> {
        self.heard.lock().unwrap().pop().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        self.thread.take().map(JoinHandle::join);
    }
}

fn posted(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).unwrap();
        if count == 0 {
            return None;
        }
        received.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&received);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
        if body.len() == length.parse::<usize>().unwrap() {
            return Some(body.as_bytes().to_vec());
        }
    }
}

fn send(stream: &mut TcpStream, answer: &http::Response<bytes::Bytes>) {
    let mut head = format!("HTTP/1.1 {}\r\nContent-Length: {}\r\n", answer.status(), answer.body().len());
    for (name, value) in answer.headers() {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    stream.write_all(&[head.as_bytes(), b"\r\n", answer.body()].concat()).unwrap();
}

/// A person logs out; the program hears of it and answers with this status.
fn logs_out(world: &World, browser: &Browser, id_token: &IdToken, status: u16) {
    let (url, pending) = world.logout(id_token);
    pending.finish(browser.open(url.as_str()).at()).unwrap();
    let notice = world.op.backchannel_logouts().pop().unwrap();
    assert_eq!((notice.client_id.as_str(), notice.status), (RP, Some(status)));
}

/// A world with a program in it that two browsers have a session with.
struct Told {
    program: Program,
    world: World,
    browsers: [Browser; 2],
    sessions: [IdToken; 2],
}

fn told(flow: Flow) -> Told {
    let world = world();
    let program = Program::new(&world.rp);
    world.op.register(registered(grantor::Client::new(RP).secret(SECRET)).backchannel_logout_uri(program.uri()));
    let browsers = [Browser::new(), Browser::new()];
    let sessions = [0, 1].map(|which| world.session(&browsers[which], flow).id_token);
    sessions.iter().for_each(|id_token| program.begin(id_token));
    Told { program, world, browsers, sessions }
}

#[test]
fn oidcc_client_test_rp_backchannel_rpinitlogout() {
    for flow in flows("oidcc-client-test-rp-backchannel-rpinitlogout", Outcome::Succeed) {
        let Told { program, world, browsers, sessions } = told(flow);
        logs_out(&world, &browsers[0], &sessions[0], 200);
        program.last().unwrap();
        assert_eq!(sessions.each_ref().map(|session| program.has(session)), [false, true], "{flow:?}: this one alone");
        // A token serves once; one without a session ends all of the person's.
        let again = world.op.backchannel_logouts()[0].logout_token.clone();
        let answer = world.op.send_backchannel_logout(&program.uri(), &again).unwrap();
        assert_eq!((answer.status, answer.header("cache-control")), (400, Some("no-store")));
        assert!(answer.body.contains("jti has not been seen before"), "{}", answer.body);
        let all = world.op.logout_token(RP, Some(PERSON), None, None);
        let answer = world.op.send_backchannel_logout(&program.uri(), &all).unwrap();
        assert_eq!((answer.status, answer.header("cache-control"), &*answer.body), (200, Some("no-store"), ""));
        assert!(!program.has(&sessions[1]), "{flow:?}");
    }
}

/// With the fault the program answers 400 and keeps the session; without it the session ends.
fn backchannel_fault(id: &str, fault: &JwtFault, rule: Rule) {
    let rule = Rule { stage: "logout token", ..rule };
    for flow in flows(id, Outcome::Reject) {
        let Told { program, world, browsers, sessions } = told(flow);
        world.op.misbehave_jwt_times(Jwt::LogoutToken, 1, fault.clone());
        logs_out(&world, &browsers[0], &sessions[0], 400);
        rule.refuses(program.last());
        assert!(program.has(&sessions[0]), "{flow:?}");
        let (sub, sid) = (sessions[0].subject(), sessions[0].session_id());
        let token = world.op.logout_token(RP, Some(sub), sid, fault.clone());
        let answer = world.op.send_backchannel_logout(&program.uri(), &token).unwrap();
        assert_eq!((answer.status, answer.header("cache-control")), (400, Some("no-store")), "{flow:?}");
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(body["error"], "invalid_request");
        let description = body["error_description"].as_str().unwrap();
        assert!(description.contains(rule.rule) && !description.contains(&token), "{description}");
        logs_out(&world, &browsers[1], &sessions[1], 200);
        assert_eq!(sessions.each_ref().map(|session| program.has(session)), [true, false], "{flow:?}");
    }
}

#[test]
fn oidcc_client_test_rp_backchannel_rpinitlogout_alg_none() {
    backchannel_fault("oidcc-client-test-rp-backchannel-rpinitlogout-alg-none", &JwtFault::AlgNone, NONE);
}

#[test]
fn oidcc_client_test_rp_backchannel_rpinitlogout_no_event() {
    let rule = Rule::id_token("events has the event of a back-channel logout", TOKEN, "no such member");
    let fault = JwtFault::without("events");
    backchannel_fault("oidcc-client-test-rp-backchannel-rpinitlogout-no-event", &fault, rule);
}

#[test]
fn oidcc_client_test_rp_backchannel_rpinitlogout_with_nonce() {
    let rule = Rule::id_token("there is no nonce", TOKEN, "a nonce: it may be an ID token");
    let fault = JwtFault::claim("nonce", "n");
    backchannel_fault("oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce", &fault, rule);
}

#[test]
fn oidcc_client_test_rp_backchannel_rpinitlogout_wrong_alg() {
    let id = "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg";
    let rule = |got| Rule::id_token("alg is the one registered for this client", VALIDATION, got);
    backchannel_fault(id, &JwtFault::OtherAlg("ES256".into()), rule("ES256"));
    backchannel_fault(id, &JwtFault::OtherAlg("HS256".into()), rule("HS256"));
}

#[test]
fn oidcc_client_test_rp_backchannel_rpinitlogout_wrong_aud() {
    let rule = Rule::id_token("aud is this client", CORE, OTHER_CLIENT);
    let fault = JwtFault::WrongAudience;
    backchannel_fault("oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud", &fault, rule);
}

#[test]
fn oidcc_client_test_rp_backchannel_rpinitlogout_wrong_event() {
    let rule = Rule::id_token("events has the event of a back-channel logout", TOKEN, "no such member");
    let fault = JwtFault::claim("events", json!({"http://schemas.openid.net/event/foo": {}}));
    backchannel_fault("oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event", &fault, rule);
}

#[test]
fn oidcc_client_test_rp_backchannel_rpinitlogout_wrong_iss() {
    let rule = Rule::id_token("iss is the issuer that was asked", VALIDATION, OTHER_ISSUER);
    let fault = JwtFault::WrongIssuer;
    backchannel_fault("oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss", &fault, rule);
}

// Told through frames

fn framed() -> World {
    let framed = |client: grantor::Client| registered(client).frontchannel_logout_uri(FRAME);
    World::of(|op| op, framed, |config| config.set_frontchannel_logout_session_required())
}

/// What the program's page in the frame finds: the session of this login and no other is over.
fn hears(world: &World, frame: &str, over: &IdToken, other: &IdToken) {
    let heard = block_on(world.rp.frontchannel_logout(frame)).unwrap();
    assert_eq!((heard.issuer(), heard.session_id()), (Some(&*world.op.issuer()), over.session_id()));
    assert_eq!((heard.matches(over), heard.matches(other)), (true, false));
    let refused = |frame: String, rule: &'static str, got: &'static str| {
        let spec = "OpenID Connect Front-Channel Logout section 2";
        let rule = Rule { stage: "front-channel logout", rule, spec, got };
        rule.refuses(block_on(world.rp.frontchannel_logout(frame.as_str())));
    };
    let sid = over.session_id().unwrap();
    refused(format!("{FRAME}?iss={OTHER_ISSUER}&sid={sid}"), "iss is the issuer of this client", OTHER_ISSUER);
    refused(format!("{FRAME}?iss={}", world.op.issuer()), "iss and sid name the session", "iss alone");
    refused(FRAME.to_owned(), "iss and sid name the session", "neither");
}

#[test]
fn oidcc_client_test_rp_frontchannel_opinitlogout() {
    for flow in flows("oidcc-client-test-rp-frontchannel-opinitlogout", Outcome::Succeed) {
        let world = framed();
        let [person, other] = [0, 1].map(|_| world.login(flow).unwrap().id_token);
        let frames = world.op.end_session(person.session_id().unwrap());
        assert_eq!(frames.len(), 1, "{flow:?}");
        assert_eq!(world.op.frontchannel_logout_url(RP, person.session_id().unwrap()).as_ref(), frames.first());
        hears(&world, &frames[0], &person, &other);
    }
}

#[test]
fn oidcc_client_test_rp_frontchannel_rpinitlogout() {
    for flow in flows("oidcc-client-test-rp-frontchannel-rpinitlogout", Outcome::Succeed) {
        let (world, browser) = (framed(), Browser::new());
        let person = world.session(&browser, flow).id_token;
        let other = world.login(flow).unwrap().id_token;
        let (url, pending) = world.logout(&person);
        let page = browser.open(url.as_str()).page();
        let frames = attributes(&page, "iframe", "src");
        assert_eq!(frames.len(), 1, "{flow:?}: {page}");
        hears(&world, &frames[0], &person, &other);
        let back = attributes(&page, "a", "href");
        pending.finish(back[0].as_str()).unwrap();
    }
}

// Noticed by a frame

#[test]
fn oidcc_client_test_session_management() {
    for flow in flows("oidcc-client-test-session-management", Outcome::Succeed) {
        let (world, browser) = (world(), Browser::new());
        let (url, pending) = world.start(flow, AuthorizationRequest::new());
        let kept = pending.to_json().unwrap();
        let arrived = browser.open(url.as_str());
        let response = block_on(world.rp.respond(pending, callback(&arrived))).unwrap();
        let session_state = response.session_state().unwrap().to_owned();
        let pending = grantee::Pending::from_json(&kept).unwrap();
        let person = world.end(flow, pending, &arrived).unwrap();

        let watch = block_on(world.rp.session_watch(&session_state)).unwrap();
        assert_eq!((watch.message(), watch.origin()), (&*format!("{RP} {session_state}"), &*world.op.url("")));
        let page = watch.rp_iframe_page("/login/again", "/session/unknown").unwrap();
        let page = std::str::from_utf8(page.body()).unwrap();
        assert_eq!(attributes(page, "iframe", "src"), [world.op.url("/check_session")]);
        let asked = attributes(page, "script", "data-message").pop().unwrap();
        assert_eq!(asked, watch.message());

        let other = World::new().login(flow).unwrap();
        assert_ne!(other.id_token.session_id(), person.id_token.session_id());
        assert_eq!(provider_page(&world, &browser, &asked), "unchanged", "{flow:?}");
        world.session(&browser, flow);
        assert_eq!(provider_page(&world, &browser, &asked), "unchanged", "{flow:?}: the same session still");
        let (url, pending) = world.logout(&person.id_token);
        pending.finish(browser.open(url.as_str()).at()).unwrap();
        assert_eq!(provider_page(&world, &browser, &asked), "changed", "{flow:?}");
        world.session(&browser, flow);
        assert_eq!(provider_page(&world, &browser, &asked), "changed", "{flow:?}: another session");
        assert_eq!(provider_page(&world, &browser, RP), "error");
    }
}

/// What the provider's page answers to a message, in this browser (OpenID Connect Session Management section 3.2).
fn provider_page(world: &World, browser: &Browser, message: &str) -> &'static str {
    let cookie = format!("grantor_state_{}", world.op.port());
    let script = browser.open(&world.op.url("/check_session")).page();
    assert!(script.contains(&cookie), "{script}");
    let Some((client_id, session_state)) = message.split_once(' ') else { return "error" };
    let Some((_, salt)) = session_state.split_once('.') else { return "error" };
    let origin = Url::parse(REDIRECT_URI).unwrap().origin().ascii_serialization();
    let state = browser.cookie(&cookie).unwrap_or_default();
    let digest = sha256(format!("{client_id} {origin} {state} {salt}").as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    if format!("{hex}.{salt}") == session_state { "unchanged" } else { "changed" }
}
