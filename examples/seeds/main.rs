//! What other libraries' documents show, done here. One module a document, one test a snippet, named for it.

mod decoupled;
mod httpx_oauth_client;
mod oauth1_session;
mod oauth2_session;
mod openid_connect;
mod requests_oauth;
mod requests_oauth2client;

use grantor::Server;
use url::Url;

/// A server that agrees to everything as alice.
fn server() -> Server {
    Server::builder().auto_approve("alice").start()
}

/// What the browser would be sent back to.
fn visit(url: &Url) -> String {
    let agent = ureq::Agent::config_builder().max_redirects(0).build().new_agent();
    let answer = agent.get(url.as_str()).call().unwrap();
    answer.headers().get("location").unwrap().to_str().unwrap().to_owned()
}

/// A service account's file as Google's console makes it, and a server that knows its key.
fn service_account() -> (Server, String) {
    use grantee::jose::{Jwk, JwkSet, KeyKind};
    let key = Jwk::generate(KeyKind::Rsa(2048)).unwrap().with_kid("k1");
    let jwks = JwkSet { keys: vec![key.public().unwrap()], ignored: Vec::new() }.to_json();
    let account = grantor::Client::new("robot@myproject-1234.iam.example").jwks(serde_json::from_str(&jwks).unwrap());
    let server = Server::builder().client(account).start();
    let file = serde_json::json!({
        "type": "service_account", "project_id": "myproject-1234", "private_key_id": "k1",
        "private_key": *key.to_private_pem().unwrap(), "client_email": "robot@myproject-1234.iam.example",
        "token_uri": server.url("/token"),
    });
    (server, file.to_string())
}

const CALLBACK: &str = "https://app.example/callback";
