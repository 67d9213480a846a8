//! A program that registers itself as a client (RFC 7591), and looks after its registration (RFC 7592).

use grantee::{Client, ClientCredentials, ClientMetadata, Registration};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process.
    let server = grantor::Server::builder().initial_access_token("from-the-portal").start();

    let asked = ClientMetadata::new()
        .client_name("Orders")
        .localized("client_name", "de", "Bestellungen")
        .grant_types(["client_credentials"])
        .scope("orders");
    let builder = Client::discover(server.issuer()).initial_access_token("from-the-portal");
    let registered = builder.register(&asked).await?;
    // First of all: the server tells a client's secrets once.
    let kept = serde_json::to_string(registered.registration())?;
    for change in registered.registration().changed_from(&asked) {
        println!("{change:?}");
    }
    let token = registered.client()?.token(ClientCredentials::new().scope("orders")).await?;
    println!("expires in {:?}", token.expires_in());

    // Another day.
    let kept: Registration = serde_json::from_str(&kept)?;
    let client = Client::discover(server.issuer()).registration(&kept).build()?;
    // What comes back takes the place of what was kept.
    let kept = client.update_registration(&kept, &kept.metadata.clone().client_name("Orders and refunds")).await?;
    assert_eq!(client.read_registration(&kept).await?.metadata.client_name.as_deref(), Some("Orders and refunds"));
    client.delete_registration(&kept).await?;
    let gone = Client::discover(server.issuer()).registration(&kept).build()?;
    assert!(gone.token(ClientCredentials::new()).await.is_err());
    Ok(())
}
