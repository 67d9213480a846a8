//! A machine with a key of its own: a service account's file, and a JWT as the grant (RFC 7523 section 2.1).

use grantee::jose::{Jwk, JwkSet, KeyKind};
use grantee::{Client, JwtBearer, ServiceAccount};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process, which knows the account's key.
    let key = Jwk::generate(KeyKind::Rsa(2048))?.with_kid("k1");
    let jwks = serde_json::from_str(&JwkSet { keys: vec![key.clone()], ignored: Vec::new() }.public().to_json())?;
    let account = grantor::Client::new("robot@project.iam.example").jwks(jwks);
    let server = grantor::Server::builder().client(account).start();
    let file = serde_json::json!({
        "type": "service_account", "client_email": "robot@project.iam.example", "private_key_id": "k1",
        "private_key": *key.to_private_pem()?, "token_uri": server.url("/token"),
    });

    // As it came from the console.
    let account = ServiceAccount::from_json(&file.to_string())?;
    let client = Client::service_account(&account).build()?;
    let api = client.session(account.grant().scope("orders")).api(&server.url("/api"))?;
    assert_eq!(api.get("orders").send().await?.status(), 200);

    // The same by its parts, for whoever has another key, such as one in a KMS; it is signed anew each time.
    let grant = JwtBearer::signed_by_key(&key)?.issuer(account.client_email()).scope("orders");
    let token = client.token(grant).await?;
    println!("expires in {:?}", token.expires_in());

    // One that somebody else has signed for this purpose goes as it is, and serves once.
    assert!(client.token(JwtBearer::assertion("not.a.jwt")).await.is_err());
    Ok(())
}
