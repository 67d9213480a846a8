//! Keys in PEM and DER, with a password and without.

use crate::property::of_jose;
use grantee_jose::Jwk;

const LABELS: [&str; 7] = [
    "PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
    "CERTIFICATE",
];

/// The first byte chooses what the rest is: a PEM text, or DER, which is put into PEM too.
pub fn pem_der(data: &[u8]) {
    let (choice, bytes) = data.split_first().unwrap_or((&0, &[]));
    let text = String::from_utf8_lossy(bytes);
    if choice % 8 == 7 {
        judged(Jwk::from_pem(&text));
        // A text that asks for a few seconds of stretching gets them, which is too slow here.
        if text.len() < 100 {
            judged(Jwk::from_encrypted_pem(&text, b"secret"));
        }
        return;
    }
    judged(Jwk::from_der(bytes));
    let label = LABELS[usize::from(choice % 8)];
    let text = pem(label, bytes);
    if label == "ENCRYPTED PRIVATE KEY" {
        let costs = [[2, 3], [2, 4]].iter().any(|integer| bytes.windows(2).any(|window| window == integer));
        if !costs {
            judged(Jwk::from_encrypted_pem(&text, b"secret"));
        }
    } else {
        judged(Jwk::from_pem(&text));
    }
}

fn judged(outcome: grantee_jose::Result<Jwk>) {
    let key = match outcome {
        Ok(key) => key,
        Err(error) => return of_jose(&error),
    };
    assert!(!key.is_symmetric());
    let public = Jwk::from_pem(&key.to_public_pem().expect("a key has a public part"));
    let public = public.expect("what is written is read");
    assert_eq!((public.thumbprint(), public.is_private()), (key.thumbprint(), false));
    match key.to_private_pem() {
        Ok(text) => {
            let again = Jwk::from_pem(&text).expect("what is written is read");
            assert_eq!(again.to_value(), key.to_value());
        }
        Err(error) => {
            of_jose(&error);
            assert!(!key.is_private());
        }
    }
    assert_eq!(Jwk::parse(key.to_json()).expect("a key is a JWK").thumbprint(), key.thumbprint());
}

fn pem(label: &str, der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("-----BEGIN {label}-----\n");
    for chunk in der.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) & 63;
            text.push(if place <= chunk.len() { char::from(ALPHABET[index as usize]) } else { '=' });
        }
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}
