//! The same without a runtime; what is under way is kept, so that the program may end and go on.

use grantee::blocking::Client;
use grantee::ports::Cancel;
use grantee::{DeviceAuthorization, DeviceAuthorizationRequest, PollState};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process. Somebody confirms at the second request.
    let server =
        grantor::Server::builder().device_interval(1).auto_approve("alice").device_auto_approve_after(1).start();

    let client = Client::discover(server.issuer()).public_client("public").build()?;
    let device = client.device(DeviceAuthorizationRequest::new().scope("openid"))?;
    println!("{device}");
    // It has the device code in it: keep it as you would keep a token.
    let kept = serde_json::to_string(device.authorization())?;

    let authorization: DeviceAuthorization = serde_json::from_str(&kept)?;
    let device = client.resume_device(authorization)?;
    let login = device.wait()?;
    assert_eq!(login.id_token().map(|id_token| id_token.subject()), Some("alice"));

    // Another thread ends a wait by a Cancel.
    let cancel = Cancel::new();
    let mut polling = device.polling().cancelled_by(&cancel);
    cancel.cancel();
    assert!(polling.next().is_some_and(|state| !matches!(state, PollState::Granted(_))));
    Ok(())
}
