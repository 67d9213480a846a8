//! As many device polls in flight as asked for, all on one thread: heap bytes of each while it waits for its interval, and while
//! its request is under way (ours, and not those of an HTTP client below); how many were under way at once; how many tokens came.
//! A process of its own, since it counts every allocation.

use bytes::Bytes;
use grantee::error::TransportError;
use grantee::grant::DeviceCode;
use grantee::ports::{BoxFuture, Http, Request, Response};
use grantee::{Client, UnixTime};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let (_, _, count) = grantee_benches::arguments();
    let server = Arc::new(Held::default());
    grantee_benches::runtime().block_on(async {
        let builder = Client::at("https://as.example/token").client("tv", "secret").http(Port(server.clone()));
        let client = builder.build().expect("a client");
        // Whatever is made once is made now.
        server.granted.store(true, Ordering::SeqCst);
        server.gate.add_permits(1);
        client.token(code(count)).await.expect("a token");
        server.granted.store(false, Ordering::SeqCst);

        let region = Region::new(ALLOCATOR);
        let each = || {
            let change = region.change();
            (change.bytes_allocated - change.bytes_deallocated) / count
        };
        let poll = |number| {
            let client = client.clone();
            tokio::spawn(async move { client.token(code(number)).await })
        };
        let tasks: Vec<_> = (0..count).map(poll).collect();
        tokio::task::yield_now().await;
        let waiting = each();
        server.until_asked(count).await;
        let asking = each();
        // Nobody has confirmed, and they all come again.
        server.answer(count).await;
        server.until_asked(count).await;
        let most = server.asking.load(Ordering::SeqCst);
        server.granted.store(true, Ordering::SeqCst);
        server.gate.add_permits(count);
        let mut tokens = 0;
        for task in tasks {
            tokens += usize::from(task.await.expect("a task").is_ok());
        }
        println!("{waiting} {asking} {most} {tokens}");
    });
}

fn code(number: usize) -> DeviceCode {
    DeviceCode::new(format!("{number:043}"), UnixTime::now(), Duration::from_secs(1800))
        .interval(Duration::from_secs(1))
}

/// A server that holds its answers until it is told.
struct Held {
    gate: Semaphore,
    asking: AtomicUsize,
    granted: AtomicBool,
}

impl Default for Held {
    fn default() -> Self {
        Self { gate: Semaphore::new(0), asking: AtomicUsize::new(0), granted: AtomicBool::new(false) }
    }
}

impl Held {
    async fn until_asked(&self, count: usize) {
        while self.asking.load(Ordering::SeqCst) < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn answer(&self, count: usize) {
        self.gate.add_permits(count);
        while self.asking.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
    }
}

struct Port(Arc<Held>);

impl Http for Port {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            self.0.asking.fetch_add(1, Ordering::SeqCst);
            self.0.gate.acquire().await.expect("open").forget();
            self.0.asking.fetch_sub(1, Ordering::SeqCst);
            let granted = self.0.granted.load(Ordering::SeqCst);
            let (status, body) = match granted {
                true => (200, r#"{"access_token":"a","token_type":"Bearer","expires_in":3600}"#),
                false => (400, r#"{"error":"authorization_pending"}"#),
            };
            let answer = http::Response::builder().status(status).header("content-type", "application/json");
            let http = answer.body(Bytes::from_static(body.as_bytes())).expect("a response");
            Ok(Response { http, url: request.uri().to_string() })
        })
    }
}
