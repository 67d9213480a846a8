//! An API calls another one for the person who called it: their token is exchanged for one that says so (RFC 8693).

use grantee::{Client, Error, SecurityToken, TokenExchange};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process, and a token that alice's program shows to this API.
    let server = grantor::Server::start();
    let shown = server.issue("public", Some("alice"), "openid orders refunds").access_token;

    let client = Client::discover(server.issuer()).client("svc", "secret").build()?;
    let theirs = SecurityToken::new(shown.as_str(), "access_token");
    let grant = TokenExchange::new(theirs).scope("orders");
    let token = client.token(grant.clone()).await?;
    println!("{:?} for {:?}", token.issued_token_type, token.scope);
    let seen = client.introspect(&token).await?;
    assert_eq!((seen.sub.as_deref(), seen.scope), (Some("alice"), Some("orders".into())));

    // With an actor the new token says who acts for whom; types of our own tokens need not be said.
    let own = client.token(grantee::ClientCredentials::new()).await?;
    let acting = client.token(grant.clone().actor(&own)).await?;
    assert!(client.introspect(&acting).await?.members.contains_key("act"));

    // What is no token for APIs goes on no request.
    let id_token = client.token(grant.clone().scope("openid").requested_token_type("id_token")).await?;
    assert_eq!(id_token.token_type, "N_A");
    let api = client.session_of(id_token).api(&server.url("/api"))?;
    assert!(matches!(api.get("orders").send().await, Err(Error::Config(_))));

    // A session on it exchanges again when the token has expired.
    let api = client.session(grant).api(&server.url("/api"))?;
    assert_eq!(api.get("orders").send().await?.status(), 200);
    Ok(())
}
