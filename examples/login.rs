//! A person logs in. What is pending stays in their session meanwhile.

mod browser;

use grantee::{AuthorizationRequest, Client, Pending};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server and browser: a server in this process that agrees at once.
    let server = grantor::Server::builder().auto_approve("alice").start();

    let redirect_uri = "https://app.example/callback";
    let client = Client::discover(server.issuer()).client("svc", "secret").redirect_uri(redirect_uri).build()?;
    let (url, pending) = client.start(AuthorizationRequest::new().scope("openid email")).await?;
    let in_the_persons_session = serde_json::to_string(&pending)?;

    let callback = browser::visit(&url)?;

    let pending: Pending = serde_json::from_str(&in_the_persons_session)?;
    let login = client.finish(pending, &callback).await?;
    // Verified: the signature, who it is from and for, when, and that it answers this very login.
    let id_token = login.id_token().ok_or("no ID token")?;
    println!("{} logged in at {}", id_token.subject(), id_token.issuer());
    let userinfo = login.userinfo().await?;
    println!("email {}", userinfo.claims.email().unwrap_or("unknown"));
    assert_eq!(userinfo.claims.email(), Some("alice@example.test"));
    Ok(())
}
