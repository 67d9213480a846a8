//! The program knows who the person is, and the server asks them on their own phone (CIBA). Here it is asked until they have
//! decided; `ciba_ping` is told.

use grantee::{BackchannelAuthenticationRequest, Client};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process. Alice agrees at the second request.
    let server = grantor::Server::builder().ciba_interval(1).ciba_auto_approve_after(1).start();

    let client = Client::discover(server.issuer()).client("svc", "secret").build()?;
    // The message is on both screens, so that the person sees what they agree to.
    let request = BackchannelAuthenticationRequest::login_hint("alice").scope("profile").binding_message("W4SCT");
    let login = client.backchannel(request).await?.wait().await?;
    let id_token = login.id_token().ok_or("no ID token")?;
    println!("{} agreed", id_token.subject());

    // The next time the ID token says who.
    let request = BackchannelAuthenticationRequest::id_token_hint(id_token);
    let session = client.session(client.backchannel(request).await?.into_grant()?).build()?;
    println!("expires in {:?}", session.token().await?.expires_in());
    Ok(())
}
