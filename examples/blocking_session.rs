//! The same without a runtime: another `Client`, and no `.await`.

use grantee::blocking::Client;
use grantee::{ClientCredentials, stores::File};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process.
    let server = grantor::Server::start();
    let folder = tempfile::tempdir()?;
    let (issuer, base, tokens) = (server.issuer(), server.url("/api"), folder.path().join("tokens.json"));

    let client = Client::discover(issuer).client("svc", "secret").build()?;
    let api = client.session(ClientCredentials::new().scope("orders")).store(File::at(tokens)?).api(&base)?;
    let orders: serde_json::Value = api.get(["orders", "open"]).send()?.json()?;
    println!("{orders}");

    server.expire_access_tokens();
    let again = api.get("orders/open").send()?;
    assert_eq!(again.status(), 200);
    assert_eq!(client.counters().api_retries, 1);
    Ok(())
}
