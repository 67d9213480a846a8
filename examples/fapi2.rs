//! A bank's client: FAPI 2.0 Message Signing, kept to by the client and explained by an audit.

use grantee::jose::{Curve, Jwk, JwkSet, KeyKind, SignatureAlgorithm, SigningKey};
use grantee::{AuthorizationRequest, Client, Error, Rules, legacy};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process, over TLS, which takes nothing less.
    let key = Jwk::generate(KeyKind::Curve(Curve::P256))?.with_kid("today");
    let jwks = serde_json::from_str(&JwkSet { keys: vec![key.clone()], ignored: Vec::new() }.public().to_json())?;
    let registered = grantor::Client::new("bank")
        .auth("private_key_jwt")
        .jwks(jwks)
        .dpop_bound_access_tokens()
        .request_object_signing_alg("ES256")
        .require_signed_request_object()
        .authorization_signed_response_alg("ES256")
        .id_token_signed_response_alg("ES256")
        .introspection_signed_response_alg("ES256");
    let server = grantor::Server::builder()
        .tls()
        .client(registered)
        .require_pushed_authorization_requests()
        .require_signed_request_object()
        .set_metadata("grant_types_supported", vec!["authorization_code", "refresh_token"])
        .dpop_nonces(grantor::DpopNonces::Required)
        .auto_approve("alice")
        .start();

    let client = Client::discover(server.issuer())
        .rules(Rules::Fapi2MessageSigning)
        .client_key("bank", key.clone())
        .dpop(Jwk::generate(KeyKind::Curve(Curve::P256))?)
        .request_object(SigningKey::new(&key, SignatureAlgorithm::Es256)?)
        .authorization_alg("ES256")
        .id_token_alg("ES256")
        .introspection_alg("ES256")
        .redirect_uri("https://app.example/callback")
        .only_ca(server.ca_pem())
        .build()?;
    // Rule by rule, what is kept and what the server lacks.
    let audit = client.audit().await?;
    println!("{audit}");
    assert!(audit.is_kept());

    // Signed, pushed, for a code, with PKCE: all of it by itself.
    let (url, pending) = client.start(AuthorizationRequest::new().scope("openid payments")).await?;
    let callback = visit(&client, &url).await?;
    let login = client.finish(pending, &callback).await?;
    println!("{} logged in", login.id_token().ok_or("no ID token")?.subject());
    let api = login.session().api(&server.url("/api"))?;
    assert_eq!(api.get("orders").send().await?.status(), 200);
    assert!(client.introspect(login.token()).await?.is_signed);

    // What the profile has removed is refused before anything is sent.
    let refused = client.token(legacy::Password::new("alice", "wonderland")).await.unwrap_err();
    assert!(matches!(refused, Error::Rule(_) | Error::Config(_)));
    Ok(())
}

/// In the place of a browser, one request over the client's own connections, which trust the server's authority.
async fn visit(client: &Client, url: &url::Url) -> Result<String, Box<dyn std::error::Error>> {
    let request = http::Request::get(url.as_str()).body(bytes::Bytes::new())?;
    let answer = client.core().ports().http.send(request).await?;
    Ok(answer.http.headers().get("location").ok_or("no redirect")?.to_str()?.to_owned())
}
