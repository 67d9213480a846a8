//! grantee as a process: the same work as the floor's.

use grantee::{Client, ClientCredentials, Token};
use grantee_benches::{arguments, runtime};

fn main() {
    let (name, url, count) = arguments();
    runtime().block_on(async {
        match name.as_str() {
            // A session puts the held token on; the request itself is the floor's.
            "get" => {
                let http = reqwest::Client::builder()
                    .redirect(reqwest::redirect::Policy::none())
                    .no_proxy()
                    .build()
                    .expect("a client");
                let header = std::env::var("BENCH_HEADER").expect("BENCH_HEADER");
                let token = Token::bearer(header.trim_start_matches("Bearer "))
                    .with_expires_in(std::time::Duration::from_secs(3600));
                let client = Client::at("https://as.example/token").client("svc", "secret").build().expect("a client");
                let session = client.session_of(token).build().expect("a session");
                session.token().await.expect("a token");
                for _ in 0..count {
                    let header = session.held().expect("a held token");
                    let answer = http.get(&url).header("authorization", header).send().await.expect("an answer");
                    assert_eq!(answer.status(), 200);
                    answer.bytes().await.expect("a body");
                }
            }
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
