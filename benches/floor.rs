//! The floor as a process: reqwest alone, with a header made once or the same POST as a client-credentials request.

use grantee_benches::{arguments, runtime};

#[derive(serde::Deserialize)]
#[allow(dead_code)]
struct Answer {
    access_token: String,
    token_type: String,
    expires_in: Option<f64>,
    scope: Option<String>,
}

fn main() {
    let (name, url, count) = arguments();
    let client =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().expect("a client");
    runtime().block_on(async {
        match name.as_str() {
            "get" => {
                let header = http::HeaderValue::from_str(&std::env::var("BENCH_HEADER").expect("BENCH_HEADER"))
                    .expect("a header");
                for _ in 0..count {
                    let answer =
                        client.get(&url).header("authorization", header.clone()).send().await.expect("an answer");
                    assert_eq!(answer.status(), 200);
                    answer.bytes().await.expect("a body");
                }
            }
            "post" => {
                for _ in 0..count {
                    let request = client
                        .post(&url)
                        .header("accept", "application/json")
                        .header("authorization", "Basic c3ZjOnNlY3JldA==")
                        .header("content-type", "application/x-www-form-urlencoded")
                        .body("grant_type=client_credentials&scope=read");
                    let bytes = request.send().await.expect("an answer").bytes().await.expect("a body");
                    let answer: Answer = serde_json::from_slice(&bytes).expect("a token");
                    assert!(!answer.access_token.is_empty());
                }
            }
            "start" => drop(client),
            other => panic!("no such floor: {other}"),
        }
    });
}
