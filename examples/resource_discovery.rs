//! An API of which only the address is known: its 401 leads to its authorization server (RFC 9728), where the program trusts it.

use grantee::{ApiClient, Client, ClientCredentials, ResourceLookup, Trust};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own API and server: both in this process.
    let server = grantor::Server::builder().protected_resource_metadata().start();
    let base = server.url("/api");

    let api = ApiClient::new(&base)?;
    let refused = api.get("orders").send().await.unwrap_err();
    assert_eq!(refused.status(), Some(401));

    // The API chooses the text, so the program says which servers it may name.
    let trust = Trust::issuers([server.issuer()]);
    // This one is on this machine: without the last word no request goes to an address that is not public.
    let lookup = ResourceLookup::new(&base, trust).challenged_by_error(&refused)?.allow_private_addresses();
    let found = api.find_resource(&lookup).await?;
    println!("{} is protected by {}, scope {}", found.resource, found.issuer, found.scope);

    let client = Client::discover(&found).client("svc", "secret").build()?;
    let grant = ClientCredentials::new().resource(&found.resource).scope(&found.scope);
    assert_eq!(client.session(grant).api(&base)?.get("orders").send().await?.status(), 200);

    // An API that names somebody else leads nowhere.
    let elsewhere = ResourceLookup::new(&base, Trust::issuers(["https://as.example"])).allow_private_addresses();
    assert!(api.find_resource(&elsewhere).await.is_err());
    Ok(())
}
