//! What other libraries' documents show, done here. One module a document, one test a snippet, named for it.

mod httpx_oauth_client;
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

const CALLBACK: &str = "https://app.example/callback";
