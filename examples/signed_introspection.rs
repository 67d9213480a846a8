//! An API asks what a token is, and keeps the server's signed word for it (RFC 9701).

use grantee::Client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process, and a token that came with a request.
    let api = grantor::Client::new("api").secret("s3cret").introspection_signed_response_alg("ES256");
    let server = grantor::Server::builder().client(api).start();
    let came = server.issue("svc", Some("alice"), "orders").access_token;

    let client = Client::discover(server.issuer()).client("api", "s3cret").introspection_alg("ES256").build()?;
    let seen = client.introspect(came.as_str()).await?;
    assert!(seen.active && seen.is_signed);
    println!("{:?} for {:?}", seen.scope, seen.sub);
    // For a dispute later: the server's answer as it signed it.
    assert!(seen.jwt.is_some());

    // A plain answer is refused once a signed one is expected.
    let plain = Client::discover(server.issuer()).client("svc", "secret").introspection_alg("ES256").build()?;
    assert_eq!(plain.introspect(came.as_str()).await.unwrap_err().code(), "rule_violation");
    Ok(())
}
