//! A program on a person's machine logs them in: a receiver on the loopback address takes the callback (RFC 8252).

use grantee::AuthorizationRequest;
use grantee::blocking::Client;
use grantee::loopback::LoopbackReceiver;
use grantee::ports::Cancel;
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process, which agrees at once.
    let server = grantor::Server::builder().auto_approve("alice").start();

    let client = Client::discover(server.issuer()).public_client("public").build()?;
    let receiver = LoopbackReceiver::bind()?;
    let request = AuthorizationRequest::new().scope("openid").redirect_uri(receiver.redirect_uri());
    let (url, pending) = client.start(request)?;

    // Your program calls grantee::loopback::open_browser(url.as_str())? here.
    let browser = std::thread::spawn(move || ureq::get(url.as_str()).call().map(|page| page.status()));

    let callback = receiver.wait(pending.state(), Duration::from_secs(300), &Cancel::new())?;
    let login = client.finish(pending, &callback)?;
    assert!(login.token().refresh_token.is_some());
    assert_eq!(browser.join().expect("the browser's thread")?, 200);
    Ok(())
}
