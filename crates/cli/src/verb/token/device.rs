//! `grantee token device`: a person confirms on another device (RFC 8628).

use super::{Got, waiting};
use crate::client::{Setup, asked};
use crate::failure::Result;
use crate::output;
use crate::progress::spin;
use crate::settings::HeldGrant;
use grantee::DeviceAuthorizationRequest;
use grantee::blocking::Device;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

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
    let address = device.verification_uri_complete().unwrap_or(device.verification_uri());
    if output::is_seen()
        && let Some(picture) = picture(address)
    {
        output::note(&format!("{picture}\n"));
    }
}

/// An address as a QR code, two modules a character; `None` where it is too long for one.
fn picture(address: &str) -> Option<String> {
    let code = QrCode::new(address).ok()?;
    // A code is dark on light, and most terminals are light on dark.
    Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_a_picture_with_a_margin() {
        let picture = picture("https://as.example/device?user_code=WDJB-MJHT").unwrap();
        let lines: Vec<&str> = picture.lines().collect();
        let width = lines[0].chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == width), "{picture}");
        // Four light modules around it (ISO/IEC 18004 section 6.3.8).
        assert!(lines[0].chars().chain(lines[1].chars()).all(|character| character == '\u{2588}'), "{picture}");
        // The last line has one row of modules alone.
        assert!(
            lines[..lines.len() - 1].iter().all(|line| line.starts_with("\u{2588}\u{2588}\u{2588}\u{2588}")),
            "{picture}"
        );
        assert_eq!(super::picture(&"x".repeat(5000)), None);
    }
}
