//! A world for tests: a server made of a closure, clocks that stand still, chance that counts, and executors.
#![allow(dead_code, missing_docs, clippy::unwrap_used)]

pub mod authorization;
pub mod provider;

use bytes::Bytes;
use grantee_core::client::{Config, Server};
use grantee_core::error::{StoreError, TransportError};
use grantee_core::grant::Grant;
use grantee_core::ports::{BoxFuture, Cancel, Clock, Entropy, Executor, Http, Ports, Request, Response, WaitEnd};
use grantee_core::session::{Source, SourceBuilder};
use grantee_core::store::{Record, Store, StoreLock, TokenKey};
use grantee_core::{Client, Result, UnixTime};
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

type Answer = Result<http::Response<Bytes>, TransportError>;

type Answering = dyn Fn(&Request, usize) -> Answer + Send + Sync;

/// Answers by a closure and keeps every request.
pub struct FakeServer {
    answer: Box<Answering>,
    pub requests: Mutex<Vec<Request>>,
}

impl FakeServer {
    pub fn new(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { answer: Box::new(answer), requests: Mutex::new(Vec::new()) })
    }

    pub fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    pub fn body(&self, index: usize) -> String {
        String::from_utf8(self.requests.lock().unwrap()[index].body().to_vec()).unwrap()
    }
}

pub struct Wire(pub Arc<FakeServer>);

impl Http for Wire {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let count = {
                let mut requests = self.0.requests.lock().unwrap();
                requests.push(request.clone());
                requests.len()
            };
            let url = request.uri().to_string();
            (self.0.answer)(&request, count).map(|http| Response { http, url })
        })
    }
}

pub fn json(status: u16, body: &str) -> Answer {
    Ok(http::Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_owned()))
        .unwrap())
}

/// Two clocks that move when told to.
pub struct ManualClock {
    pub wall: AtomicI64,
    pub monotonic: AtomicU64,
}

impl ManualClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { wall: AtomicI64::new(1_700_000_000_000), monotonic: AtomicU64::new(5_000) })
    }

    pub fn pass(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap();
        self.wall.fetch_add(i64::try_from(millis).unwrap(), Ordering::SeqCst);
        self.monotonic.fetch_add(millis, Ordering::SeqCst);
    }
}

pub struct Time(pub Arc<ManualClock>);

impl Clock for Time {
    fn now(&self) -> UnixTime {
        UnixTime::from_millis(self.0.wall.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.monotonic.load(Ordering::SeqCst))
    }

    fn sleep_or_cancel<'a>(&'a self, duration: Duration, _: &'a Cancel) -> BoxFuture<'a, WaitEnd> {
        Box::pin(async move {
            self.0.pass(duration);
            WaitEnd::Elapsed
        })
    }
}

/// Bytes that count up.
#[derive(Default)]
pub struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        bytes.iter_mut().for_each(|byte| *byte = self.0.fetch_add(1, Ordering::SeqCst));
        Ok(())
    }
}

/// Callers run their own; what nobody waits for runs at once.
pub struct Inline;

impl Executor for Inline {
    fn spawn(&self, future: BoxFuture<'static, ()>) -> Result<()> {
        block_on(future);
        Ok(())
    }

    fn callers_run_their_own(&self) -> bool {
        true
    }
}

/// Keeps what is spawned until somebody runs it.
#[derive(Default)]
pub struct Queue(pub Mutex<Vec<BoxFuture<'static, ()>>>);

impl Executor for Queue {
    fn spawn(&self, future: BoxFuture<'static, ()>) -> Result<()> {
        self.0.lock().unwrap().push(future);
        Ok(())
    }
}

impl Queue {
    pub fn run(&self) -> usize {
        let waiting = std::mem::take(&mut *self.0.lock().unwrap());
        let count = waiting.len();
        waiting.into_iter().for_each(block_on);
        count
    }
}

pub fn ports(server: &Arc<FakeServer>, clock: &Arc<ManualClock>, executor: Arc<dyn Executor>) -> Ports {
    Ports {
        http: Arc::new(Wire(Arc::clone(server))),
        clock: Arc::new(Time(Arc::clone(clock))),
        executor,
        entropy: Arc::new(Counting::default()),
    }
}

pub fn literal() -> Config {
    let mut config = Config::new(Server::Literal);
    config.set_client("svc".to_owned(), Some("s3cret".into()));
    config.members_mut().token_endpoint = Some("https://as.example/token".to_owned());
    config
}

pub fn client(server: &Arc<FakeServer>, clock: &Arc<ManualClock>) -> Client {
    Client::new(literal(), ports(server, clock, Arc::new(Inline))).unwrap()
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(outcome) => return outcome,
            Poll::Pending => thread::park(),
        }
    }
}

/// The whole request as text.
pub fn whole(request: &Request) -> String {
    let mut text = format!("{} {}\n", request.method(), request.uri());
    let mut headers: Vec<_> =
        request.headers().iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap())).collect();
    headers.sort();
    headers.iter().for_each(|header| text.push_str(header));
    text.push('\n');
    text.push_str(std::str::from_utf8(request.body()).unwrap());
    text
}

pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Numbers its tokens; each lives a hundred seconds and rotates its refresh token.
pub fn rotating() -> Arc<FakeServer> {
    FakeServer::new(|_, count| {
        json(
            200,
            &format!(
                r#"{{"access_token":"at{count}","token_type":"Bearer","expires_in":100,"refresh_token":"rt{count}"}}"#
            ),
        )
    })
}

pub fn source(client: &Client, grant: impl Grant + 'static) -> SourceBuilder {
    SourceBuilder::new(client.clone(), Arc::new(grant))
}

pub fn access(source: &Source) -> String {
    block_on(source.token()).unwrap().access_token.reveal().to_owned()
}

/// A store that keeps many records and lets everybody in.
#[derive(Clone, Default)]
pub struct Shelf(Arc<Mutex<Vec<(TokenKey, Record)>>>);

struct Unlocked;

impl StoreLock for Unlocked {
    fn fence(&self) -> Option<u64> {
        None
    }
}

impl Shelf {
    pub fn records(&self) -> Vec<Record> {
        self.0.lock().unwrap().iter().map(|(_, record)| record.clone()).collect()
    }

    /// As another program would change what is kept.
    pub fn change(&self, change: impl Fn(&mut Record)) {
        self.0.lock().unwrap().iter_mut().for_each(|(_, record)| change(record));
    }

    fn put(&self, key: &TokenKey, record: Option<&Record>) {
        let mut records = self.0.lock().unwrap();
        records.retain(|(held, _)| held != key);
        records.extend(record.map(|record| (*key, record.clone())));
    }
}

impl Store for Shelf {
    fn load<'a>(&'a self, key: &'a TokenKey) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        let records = self.0.lock().unwrap();
        let found = records.iter().find(|(held, _)| held == key).map(|(_, record)| record.clone());
        Box::pin(async { Ok(found) })
    }

    fn lock<'a>(&'a self, _: &'a TokenKey, _: Duration) -> BoxFuture<'a, Result<Box<dyn StoreLock>, StoreError>> {
        Box::pin(async { Ok(Box::new(Unlocked) as Box<dyn StoreLock>) })
    }

    fn prepare<'a>(
        &'a self,
        key: &'a TokenKey,
        record: &'a Record,
        _: &'a dyn StoreLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.put(key, Some(record));
        Box::pin(async { Ok(()) })
    }

    fn save<'a>(
        &'a self,
        key: &'a TokenKey,
        record: &'a Record,
        _: &'a dyn StoreLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.put(key, Some(record));
        Box::pin(async { Ok(()) })
    }

    fn remove<'a>(&'a self, key: &'a TokenKey, _: &'a dyn StoreLock) -> BoxFuture<'a, Result<(), StoreError>> {
        self.put(key, None);
        Box::pin(async { Ok(()) })
    }
}
