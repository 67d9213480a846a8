//! A provider of whom it is known what differs: endpoints, and each deviation by name.

mod browser;

use grantee::presets::{Auth0, GitHub, Keycloak};
use grantee::{AuthorizationRequest, Client};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own Keycloak: a server in this process, at the same path.
    let server = grantor::Server::builder().issuer_path("/realms/demo").auto_approve("alice").start();

    let realm = Keycloak::realm(&format!("http://127.0.0.1:{}", server.port()), "demo")?;
    let client = Client::preset(&realm).client("svc", "secret").redirect_uri("https://app.example/callback").build()?;
    let (url, pending) = client.start(AuthorizationRequest::new().scope("openid")).await?;
    let login = client.finish(pending, &browser::visit(&url)?).await?;
    assert_eq!(login.id_token().map(|id_token| id_token.issuer()), Some(realm.issuer()));

    // One that has no metadata: nothing is fetched before the request goes out.
    let github =
        Client::preset(GitHub::new()).client("Iv1.0123", "s3cret").redirect_uri("https://app.example/callback");
    let (url, _) = github.build()?.start(AuthorizationRequest::new().scope("user:email")).await?;
    assert_eq!(url.host_str(), Some("github.com"));

    // And one with more than endpoints.
    let tenant = Auth0::tenant("mytenant.eu")?;
    let auth0 = Client::preset(&tenant).client("client", "s3cret").build()?;
    let management = auth0.session(tenant.management_grant().scope("read:users")).api(&tenant.management_url())?;
    println!("{}", management.base());
    Ok(())
}
