//! The floor as a process: reqwest alone, with the same POST as a client-credentials request.

use grantee_benches::{arguments, http_client, runtime};

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
    assert_eq!(name, "post", "the only floor");
    runtime().block_on(async {
        let client = http_client();
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
    });
}
