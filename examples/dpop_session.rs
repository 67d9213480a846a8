//! Tokens that nobody else can use: each request proves the key that the token is bound to (RFC 9449).

use grantee::jose::{Curve, Jwk, KeyKind};
use grantee::{ApiClient, Client, ClientCredentials, stores::File};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process, which wants a new nonce now and then.
    let server = grantor::Server::builder().dpop_nonces(grantor::DpopNonces::Required).start();
    let folder = tempfile::tempdir()?;

    // Kept like a password, beside the tokens and as long as they; a Signer reaches one in a KMS or an HSM.
    let key = Jwk::generate(KeyKind::Curve(Curve::P256))?;
    let client = Client::discover(server.issuer()).client("svc", "secret").dpop(key.clone()).build()?;
    let session =
        client.session(ClientCredentials::new().scope("orders")).store(File::at(folder.path().join("tokens"))?);
    let api = session.api(&server.url("/api"))?;
    assert_eq!(api.get("orders").send().await?.status(), 200);
    // Nonces are learnt on the way: a demand costs one request more, once.
    assert_eq!(api.get("orders").send().await?.status(), 200);

    let token = client.token(ClientCredentials::new().scope("orders")).await?;
    assert_eq!(token.key_thumbprint, Some(key.thumbprint()));
    // A thief has the token and not the key.
    let thief = ApiClient::new(&server.url("/api"))?.bearer(token.access_token.reveal())?;
    assert_eq!(thief.get("orders").send().await.unwrap_err().status(), Some(401));
    Ok(())
}
