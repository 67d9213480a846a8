//! An API wants a stronger login than the one at hand: the person logs in again, and the call is made once more (RFC 9470).

mod browser;

use grantee::blocking::Client;
use grantee::{AuthorizationRequest, Error};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process.
    let server = grantor::Server::builder().auto_approve("alice").start();

    let client = Client::discover(server.issuer())
        .client("svc", "secret")
        .redirect_uri("https://app.example/callback")
        .build()?;
    let (url, pending) = client.start(AuthorizationRequest::new().scope("openid orders"))?;
    let login = client.finish(pending, browser::visit(&url)?)?;
    let api = login.session().api(&server.url("/api"))?;
    assert_eq!(api.get("orders").send()?.status(), 200);

    let Err(Error::Insufficient(missing)) = api.get("step-up").send() else { return Err("it was enough".into()) };
    println!("{missing}");
    // All that was asked for before is asked for again, and what is missing beside it; what an API may ask for is bounded.
    let (url, pending) = login.step_up(&missing)?;
    let login = client.finish(pending, browser::visit(&url)?)?;
    // The class that the API wanted is in the new ID token, or there would be no login.
    assert_eq!(login.id_token().and_then(|id_token| id_token.acr()), missing.acr_values.as_deref());
    assert_eq!(login.session().api(&server.url("/api"))?.get("step-up").send()?.status(), 200);
    Ok(())
}
