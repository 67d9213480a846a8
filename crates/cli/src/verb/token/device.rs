//! `grantee token device`: a person confirms on another device (RFC 8628).

use super::{Got, waiting};
use crate::client::{Setup, asked};
use crate::failure::Result;
use crate::output;
use crate::progress::spin;
use crate::settings::HeldGrant;
use grantee::DeviceAuthorizationRequest;
use grantee::blocking::Device;

pub(super) fn run(setup: &mut Setup) -> Result<Got> {
    let client = setup.client()?;
    let request = asked!(setup, DeviceAuthorizationRequest::new());
    let device = spin("asking the server for a code", || client.device(request))?;
    show(&device);
    let login = waiting::wait(device.polling())?;
    Got::of_login(setup, &client, &login, HeldGrant::DeviceCode)
}

/// What the person has to do; on a terminal with a picture for their telephone.
fn show(device: &Device) {
    output::note(&format!("{device}\n"));
    if output::is_seen()
        && let Some(picture) = device.qr()
    {
        output::note(&format!("{picture}\n"));
    }
}
