//! A program without a browser, or on a machine without one: the person confirms on their phone (RFC 8628).

use grantee::{Client, DeviceAuthorizationRequest, PollState};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process. Alice confirms once she has been asked for.
    let server = grantor::Server::builder().device_interval(1).auto_approve("alice").start();

    let client = Client::discover(server.issuer()).public_client("public").build()?;
    let device = client.device(DeviceAuthorizationRequest::new().scope("openid offline_access")).await?;
    // Go to https://… and enter WDJB-MJHT.
    println!("{device}");
    assert!(server.approve_device(device.user_code(), "alice"));

    // device.wait().await? does the same in one step; this tells how it stands.
    let mut polling = device.polling();
    let login = loop {
        match polling.next().await.ok_or("over")? {
            PollState::Waiting { until, attempt } => println!("attempt {attempt} at {until:?}"),
            PollState::Granted(login) => break login,
            other => println!("{other:?}"),
        }
    };
    println!("{} logged in", login.id_token().ok_or("no ID token")?.subject());
    // From here on it is a session like any other, and renews.
    let session = login.session().build()?;
    assert_ne!(session.token().await?, session.renew().await?);
    Ok(())
}
