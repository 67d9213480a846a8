//! A service calls an API: the first token on first use, renewed when due, one retry on a 401, kept in a file.

use grantee::{Client, ClientCredentials, stores::File};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process.
    let server = grantor::Server::start();
    let folder = tempfile::tempdir()?;
    let (issuer, base, tokens) = (server.issuer(), server.url("/api"), folder.path().join("tokens.json"));

    let client = Client::discover(issuer).client("svc", "secret").build()?;
    let api = client.session(ClientCredentials::new().scope("orders")).store(File::at(tokens)?).api(&base)?;
    let orders: serde_json::Value = api.get(["orders", "open"]).send().await?.json()?;
    println!("{orders}");

    server.expire_access_tokens();
    let again = api.get("orders/open").send().await?;
    assert_eq!(again.status(), 200);
    assert_eq!(client.counters().api_retries, 1);
    Ok(())
}
