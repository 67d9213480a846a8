//! OAuth 1.0 without a person: the client signs for itself; and what to look at when a signature is refused.

use grantee::oauth1::{Client, HmacSha256, Signing};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process.
    let server = grantor::Server::start();

    let client = Client::builder("consumer", "secret").signing(Signing::new().method(HmacSha256)).build()?;
    let api = client.two_legged().api(&server.url("/oauth1/two-legged"))?;
    let echo: serde_json::Value = api.post("orders").form([("item", "café")]).send().await?.json()?;
    println!("{echo}");

    // Any request, for an HTTP client of your own. The base string is what a server's own is compared with.
    let mut request = http::Request::get(server.url("/oauth1/two-legged/orders?page=2")).body(bytes::Bytes::new())?;
    let signed = client.sign(&mut request, None).await?;
    assert!(signed.base_string.starts_with("GET&http%3A%2F%2F127.0.0.1"));
    assert!(request.headers().contains_key("authorization"));
    Ok(())
}
