//! Addresses on the public internet, and those that are not: what a URL from a stranger must not make us ask
//! ([RFC 9728 section 7.7](https://www.rfc-editor.org/rfc/rfc9728#section-7.7)).

use crate::error::{TransportError, TransportErrorKind};
use ::url::{Host, Url};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is one of the public internet: no loopback, private (RFC 1918), shared (RFC 6598), link-local,
/// unique-local, multicast, unspecified, documentation or benchmark address, and none of these written as another.
///
/// ```
/// use grantee_core::wire::address::is_public;
/// assert!(is_public("9.9.9.9".parse()?));
/// assert!(!is_public("169.254.169.254".parse()?));
/// assert!(!is_public("::ffff:9.9.9.9".parse()?));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Refuses a URL whose host is, without asking anybody, an address that is not public, or a name of this machine.
///
/// A name may lead to such an address all the same: [`PublicOnly`](crate::ports::PublicOnly) on the request keeps the HTTP
/// client from connecting there.
///
/// # Errors
/// [`TransportErrorKind::NotPublic`].
pub fn refuse_private(url: &Url) -> Result<(), TransportError> {
    let public = match url.host() {
        Some(Host::Ipv4(address)) => is_public_v4(address),
        Some(Host::Ipv6(address)) => is_public_v6(address),
        Some(Host::Domain(_)) => !super::url::is_loopback(url),
        None => false,
    };
    if public { Ok(()) } else { Err(not_public()) }
}

/// What an [`Http`](crate::ports::Http) reports in the place of a connection to an address that is not public.
pub fn not_public() -> TransportError {
    TransportError::new(
        TransportErrorKind::NotPublic,
        "the URL came from elsewhere and leads to a loopback, private or other local address",
    )
}

/// The special-purpose blocks of RFC 6890 and its registry.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224..=255, _, _)
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    match (a, b) {
        // A network that knows IPv6 alone reaches every IPv4 address so (RFC 6052 section 2.1).
        (0x64, 0xff9b) if [c, d, e, f] == [0; 4] => {
            let [[a, b], [c, d]] = [g.to_be_bytes(), h.to_be_bytes()];
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Tunnels to IPv4 addresses (Teredo, 6to4), protocol assignments, documentation.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x2002, _) | (0x3fff, 0..=0xfff) => false,
        // All that is handed out to be reached by everybody (RFC 4291 section 2.4).
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for public in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "64:ff9b::101:101",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for local in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:1.1.1.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(local.parse().unwrap()), "{local}");
        }
    }

    #[test]
    fn a_url_is_refused_for_its_address_however_that_is_spelled() {
        for local in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "data:text/plain,x",
        ] {
            let error = refuse_private(&Url::parse(local).unwrap()).unwrap_err();
            assert_eq!(error.kind, TransportErrorKind::NotPublic, "{local}");
            assert!(!error.may_have_been_sent());
        }
        refuse_private(&Url::parse("https://api.example/").unwrap()).unwrap();
    }
}
