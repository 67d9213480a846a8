//! grantee as a process: the same work as the floor's.

use grantee::{Client, ClientCredentials, Token};
use grantee_benches::{arguments, http_client, runtime};
use std::time::Duration;

fn main() {
    let (name, url, count) = arguments();
    runtime().block_on(async {
        match name.as_str() {
            "get" | "get-fixed" => get(&url, count, name == "get-fixed").await,
            "post" => {
                let client = Client::at(url).client("svc", "secret").build().expect("a client");
                for _ in 0..count {
                    let token = client.token(ClientCredentials::new().scope("read")).await.expect("a token");
                    assert!(!token.access_token.is_empty());
                }
            }
            other => panic!("no such work: {other}"),
        }
    });
}

/// A session puts the held token on, or its header was made once and is copied. All else is the same, the heap too, since
/// what the allocator does on a request hangs on what was allocated before.
async fn get(url: &str, count: usize, fixed: bool) {
    let token = std::env::var("BENCH_TOKEN").expect("BENCH_TOKEN");
    let token = Token::bearer(token).with_expires_in(Duration::from_secs(3600));
    let client = Client::at("https://as.example/token").client("svc", "secret").build().expect("a client");
    let session = client.session_of(token).build().expect("a session");
    let ready = session.header().await.expect("a token");
    let http = http_client();
    for _ in 0..count {
        let header = if fixed { ready.clone() } else { session.held().expect("a held token") };
        let answer = http.get(url).header("authorization", header).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.bytes().await.expect("a body");
    }
}
