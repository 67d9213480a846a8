//! A provider, a client that is registered there, and a clock that both share and that moves when told to.

use crate::browser::{Arrived, Browser};
use crate::suite::{Flow, Outcome, Place, flows};
use grantee::ports::{BoxFuture, Cancel, Clock, Ports, WaitEnd};
use grantee::{AuthorizationRequest, Callback, Error, Pending, Result, Token, UnixTime, blocking};
use grantee_core::Client;
use grantee_core::client::{self, Config};
use grantee_core::endpoint::discovery::Where;
use grantee_core::oidc::IdToken;
use grantor::{Builder, Endpoint, JwtFault, Server};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;
use url::Url;

pub const RP: &str = "rp";
/// Long enough for a MAC by HS256.
pub const SECRET: &str = "thirty-two characters, and some more";
pub const REDIRECT_URI: &str = "http://127.0.0.1:4711/callback";
pub const PERSON: &str = "alice";

pub struct World {
    pub op: Server,
    pub clock: Arc<ManualClock>,
    pub rp: Client,
}

/// Who has logged in, and what came along.
#[derive(Debug)]
pub struct Person {
    pub id_token: IdToken,
    pub token: Option<Token>,
}

impl Person {
    pub fn token(&self) -> &Token {
        self.token.as_ref().unwrap()
    }
}

impl World {
    /// Both as they are when nothing is said.
    pub fn new() -> Self {
        Self::of(|op| op, |registered| registered, |_| ())
    }

    /// With these settings of the provider, this registration there, and this configuration of the client.
    pub fn of(
        op: impl FnOnce(Builder) -> Builder,
        registered: impl FnOnce(grantor::Client) -> grantor::Client,
        configure: impl FnOnce(&mut Config),
    ) -> Self {
        let clock = ManualClock::new();
        let shared = Arc::clone(&clock);
        let builder = Server::builder().auto_approve(PERSON).clock(move || shared.monotonic());
        let op = op(builder.client(registered(grantor::Client::new(RP).secret(SECRET)))).start();
        let rp = client_of(&op, &clock, configure);
        Self { op, clock, rp }
    }

    pub fn start(&self, flow: Flow, request: AuthorizationRequest) -> (Url, Pending) {
        let request = request.scope("openid").response_type(flow.response_type);
        let request = if flow.form_post { request.response_mode("form_post") } else { request };
        block_on(self.rp.start(request)).unwrap()
    }

    pub fn login(&self, flow: Flow) -> Result<Person> {
        self.login_for(flow, AuthorizationRequest::new())
    }

    pub fn login_for(&self, flow: Flow, request: AuthorizationRequest) -> Result<Person> {
        self.login_in(&Browser::new(), flow, request)
    }

    pub fn login_in(&self, browser: &Browser, flow: Flow, request: AuthorizationRequest) -> Result<Person> {
        let (url, pending) = self.start(flow, request);
        self.end(flow, pending, &browser.open(url.as_str()))
    }

    /// The client's part once the browser has come back.
    pub fn end(&self, flow: Flow, pending: Pending, arrived: &Arrived) -> Result<Person> {
        let callback = callback(arrived);
        assert_eq!(matches!(arrived, Arrived::Posted(_)), flow.form_post);
        if !flow.brings_token() {
            return Ok(Person { id_token: block_on(self.rp.identify(pending, callback))?, token: None });
        }
        let login = block_on(self.rp.finish(pending, callback))?;
        Ok(Person { id_token: login.id_token.expect("openid was asked for"), token: Some(login.token) })
    }
}

pub fn callback(arrived: &Arrived) -> Callback<'_> {
    match arrived {
        Arrived::At(url) => url.as_str().into(),
        Arrived::Posted(body) => Callback::form_post(body.as_bytes()),
        Arrived::Page(page) => panic!("a page: {page}"),
    }
}

/// The client of [`World::of`], of any provider.
pub fn client_of(op: &Server, clock: &Arc<ManualClock>, configure: impl FnOnce(&mut Config)) -> Client {
    let mut config = Config::new(client::Server::Discover(Where::from(op.issuer())));
    config.set_client(RP.to_owned(), Some(SECRET.into()));
    config.set_redirect_uri(REDIRECT_URI.to_owned());
    configure(&mut config);
    Client::new(config, ports(clock)).unwrap()
}

/// The ports of the blocking face, but for the time.
pub fn ports(clock: &Arc<ManualClock>) -> Ports {
    let face = blocking::Client::discover("https://as.example").public_client(RP).build().unwrap();
    Ports { clock: Arc::clone(clock) as Arc<dyn Clock>, ..face.core().ports().clone() }
}

/// What a refusal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    pub stage: &'static str,
    pub rule: &'static str,
    pub spec: &'static str,
    pub got: &'static str,
}

impl Rule {
    pub const fn id_token(rule: &'static str, spec: &'static str, got: &'static str) -> Self {
        Self { stage: "ID token", rule, spec, got }
    }

    #[track_caller]
    pub fn refuses<T: std::fmt::Debug>(&self, outcome: Result<T>) {
        let error = outcome.expect_err(self.rule);
        let Error::Rule(broken) = &error else { panic!("no rule but {error}") };
        let found = Self { stage: broken.stage, rule: broken.rule, spec: broken.spec, got: self.got };
        assert_eq!(found, *self);
        assert_eq!(broken.got, self.got);
    }
}

/// Each ID token of each flow of a test: with the fault the rule refuses it, without it the same login goes through.
pub fn id_token_fault(id: &str, world: fn() -> World, fault: &JwtFault, rule: Rule, has: fn(Flow, Place) -> bool) {
    let mut refusals = 0;
    for flow in flows(id, Outcome::Reject) {
        let world = world();
        for place in flow.places().into_iter().filter(|place| has(flow, *place)) {
            world.op.misbehave_jwt_times(place.jwt(), 1, fault.clone());
            rule.refuses(world.login(flow));
            let exchanged = world.op.count(Endpoint::Token);
            assert_eq!(
                exchanged,
                usize::from(place == Place::Back),
                "{flow:?}: no code is exchanged beside a bad ID token"
            );
            assert_eq!(world.login(flow).unwrap().id_token.subject(), PERSON, "{flow:?}");
            world.op.clear_log();
            refusals += 1;
        }
    }
    assert!(refusals > 0);
}

pub fn everywhere(_: Flow, _: Place) -> bool {
    true
}

/// Both of a computer's clocks in one: it begins in the year 2024.
pub struct ManualClock(AtomicU64);

impl ManualClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(1_704_067_200_000)))
    }

    pub fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_millis(self.0.load(Ordering::SeqCst).try_into().unwrap())
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn sleep_or_cancel<'a>(&'a self, duration: Duration, cancel: &'a Cancel) -> BoxFuture<'a, WaitEnd> {
        Box::pin(async move {
            if cancel.is_cancelled() {
                return WaitEnd::Cancelled;
            }
            self.pass(duration.as_secs().max(1));
            WaitEnd::Elapsed
        })
    }
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(outcome) => return outcome,
            Poll::Pending => std::thread::park(),
        }
    }
}
