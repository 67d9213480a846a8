//! A client's certificate and its key, as somebody hands over files.

use crate::keys;
use crate::property::{hides, is_presentable, marker, tells_nothing};
use grantee::ClientCertificate;
use std::sync::LazyLock;

/// For the key `ec`.
const CERTIFICATE: &str = include_str!("certificate.pem");
static KEY: LazyLock<String> = LazyLock::new(|| keys::pem("ec"));

/// The first byte chooses which of both the rest is, and whether it is in PEM already.
pub fn certificate(data: &[u8]) {
    let (choice, bytes) = data.split_first().unwrap_or((&0, &[]));
    let as_pem = |label: &str| match choice & 4 {
        0 => bytes.to_vec(),
        _ => {
            let body = grantee::jose::base64url::encode_standard(bytes);
            format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n").into_bytes()
        }
    };
    let key = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let label = ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"][usize::from(choice >> 3) % 3];
    let outcome = match choice & 3 {
        0 => ClientCertificate::from_pem(as_pem("CERTIFICATE"), KEY.as_str()),
        1 => ClientCertificate::from_pem(CERTIFICATE, key(as_pem(label))),
        2 => ClientCertificate::from_pem([CERTIFICATE.as_bytes(), &as_pem("CERTIFICATE")].concat(), KEY.as_str()),
        _ => ClientCertificate::from_pem(bytes, key(bytes.to_vec())),
    };
    let secret = KEY.lines().nth(1).unwrap_or_default();
    match outcome {
        Ok(certificate) => {
            assert_eq!(certificate.thumbprint().len(), 43);
            hides(secret, &certificate);
            // What can't be read leaves what is there.
            let before = certificate.thumbprint();
            let replaced = certificate.replace(bytes, KEY.as_str());
            assert!(replaced.is_ok() || certificate.thumbprint() == before);
        }
        Err(error) => {
            is_presentable(&error);
            tells_nothing(secret, &error);
        }
    }
    // A key that is broken somewhere.
    let marker = marker(data);
    let broken =
        [b"-----BEGIN PRIVATE KEY-----\n", marker.as_bytes(), b"\n-----END PRIVATE KEY-----\n", bytes].concat();
    if let Err(error) = ClientCertificate::from_pem(CERTIFICATE, key(broken)) {
        tells_nothing(&marker, &error);
    }
}
