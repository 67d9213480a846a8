//! OAuth 1.0: a program on a person's machine logs them in, and each request to the API is signed.

use grantee::blocking::oauth1::Client;
use grantee::loopback::LoopbackReceiver;
use grantee::ports::Cancel;
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own provider: a server in this process, which agrees at once. For X, Tumblr and others there are
    // presets, grantee::oauth1::presets, in the place of the three endpoints.
    let server = grantor::Server::builder().auto_approve("alice").start();

    let receiver = LoopbackReceiver::bind()?;
    let client = Client::builder("consumer", "secret")
        .temporary_credentials_endpoint(server.url("/oauth1/initiate"))
        .authorization_endpoint(server.url("/oauth1/authorize"))
        .token_credentials_endpoint(server.url("/oauth1/token"))
        .callback(receiver.redirect_uri())
        .build()?;
    let (url, pending) = client.start()?;

    // Your program calls grantee::loopback::open_browser(url.as_str())? here.
    let browser = std::thread::spawn(move || ureq::get(url.as_str()).call().map(|page| page.status()));

    let callback = receiver.wait_oauth1(pending.oauth_token(), Duration::from_secs(300), &Cancel::new())?;
    let token = client.finish(pending, &callback)?;
    println!("{} logged in", token.get("screen_name").ok_or("no name")?);

    // Such a token does not expire: it is kept as any other, and nothing is renewed.
    let api = client.session_of(token).api(&server.url("/oauth1/api"))?;
    let answer = api.get("photos").query("size", "original").send()?;
    assert_eq!(answer.status(), 200);
    assert_eq!(browser.join().expect("the browser's thread")?, 200);
    Ok(())
}
