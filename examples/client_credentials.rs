//! A token for the client itself, what the server says about it, and its end.

use grantee::{Client, ClientCredentials};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process.
    let server = grantor::Server::start();

    let client = Client::discover(server.issuer()).client("svc", "secret").build()?;
    let token = client.token(ClientCredentials::new().scope("orders").resource("https://api.example/")).await?;
    println!("expires in {:?}, scope {:?}", token.expires_in(), token.scope);

    let seen = client.introspect(&token).await?;
    assert!(seen.active);
    client.revoke(&token).await?;
    assert!(!client.introspect(&token).await?.active);
    Ok(())
}
