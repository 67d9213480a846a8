//! A login of which the browser carries a reference alone: the request is signed (RFC 9101) and pushed (RFC 9126), and so is the
//! answer (JARM).

mod browser;

use grantee::jose::{Curve, Jwk, JwkSet, KeyKind, SignatureAlgorithm, SigningKey};
use grantee::{AuthorizationRequest, Client};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process, which knows the client's key and takes nothing unsigned.
    let key = Jwk::generate(KeyKind::Curve(Curve::P256))?.with_kid("today");
    let jwks = serde_json::from_str(&JwkSet { keys: vec![key.clone()], ignored: Vec::new() }.public().to_json())?;
    let registered = grantor::Client::new("bank")
        .auth("private_key_jwt")
        .jwks(jwks)
        .request_object_signing_alg("ES256")
        .require_signed_request_object()
        .authorization_signed_response_alg("ES256");
    let builder = grantor::Server::builder().client(registered).auto_approve("alice");
    let server = builder.require_pushed_authorization_requests().start();

    let client = Client::discover(server.issuer())
        .client_key("bank", key.clone())
        .request_object(SigningKey::new(&key, SignatureAlgorithm::Es256)?)
        .authorization_alg("ES256")
        .redirect_uri("https://app.example/callback")
        .build()?;
    // That it is pushed the server's metadata says; par() on the builder says so to a server that leaves it open.
    let (url, pending) = client.start(AuthorizationRequest::new().scope("openid").response_mode("jwt")).await?;
    let names: Vec<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["client_id", "request_uri"]);

    let callback = browser::visit(&url)?;
    assert!(callback.contains("response=ey"));
    let login = client.finish(pending, &callback).await?;
    println!("{} logged in", login.id_token().ok_or("no ID token")?.subject());

    // Where a signed answer was asked for, a plain one is nobody's.
    let (_, pending) = client.start(AuthorizationRequest::new().scope("openid").response_mode("jwt")).await?;
    let made_up = format!("https://app.example/callback?code=made-up&state={}", pending.state());
    assert_eq!(client.finish(pending, &made_up).await.unwrap_err().code(), "rule_violation");
    Ok(())
}
