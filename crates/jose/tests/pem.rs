//! PEM and DER as OpenSSL writes them. `tests/pem/ORIGINS.md` has the commands.

use grantee_jose::{Curve, ErrorKind, Jwk, KeyKind, base64url};
use std::path::PathBuf;

const CURVES: [&str; 4] = ["p256", "p384", "p521", "secp256k1"];
const OKP: [&str; 4] = ["ed25519", "ed448", "x25519", "x448"];

fn text(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/pem").join(format!("{name}.pem"));
    std::fs::read_to_string(path).unwrap()
}

fn key(name: &str) -> Jwk {
    Jwk::from_pem(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn kind(name: &str) -> ErrorKind {
    Jwk::from_pem(&text(name)).unwrap_err().kind()
}

fn same(one: &Jwk, other: &Jwk) -> bool {
    one.to_value() == other.to_value()
}

/// Whether it is of a curve that only the feature can compute with.
fn needs_feature(name: &str) -> bool {
    name.contains("448") && !cfg!(feature = "ed448")
}

#[test]
fn every_form_of_a_key_is_the_same_key() {
    assert!(same(&key("rsa_pkcs1"), &key("rsa_pkcs8")));
    assert!(same(&key("rsa_pkcs1_public"), &key("rsa_spki")));
    assert!(same(&key("rsa_certificate"), &key("rsa_spki")));
    assert!(same(&key("rsa_pkcs8").public().unwrap(), &key("rsa_spki")));
    assert!(same(&key("p256_certificate"), &key("p256_spki")));
    assert!(same(&key("p256_sec1_no_public"), &key("p256_pkcs8")));
    for curve in CURVES {
        let private = key(&format!("{curve}_pkcs8"));
        assert!(same(&key(&format!("{curve}_sec1")), &private), "{curve}");
        assert!(same(&key(&format!("{curve}_spki")), &private.public().unwrap()), "{curve}");
    }
    for curve in OKP.into_iter().filter(|curve| !needs_feature(curve)) {
        let private = key(&format!("{curve}_pkcs8"));
        assert!(same(&key(&format!("{curve}_spki")), &private.public().unwrap()), "{curve}");
    }
}

#[test]
fn a_curve_that_is_not_built_in_is_unsupported_as_a_private_key_and_read_as_a_public_one() {
    for curve in ["ed448", "x448"] {
        assert_eq!(key(&format!("{curve}_spki")).curve().unwrap().name().to_lowercase(), curve);
        if needs_feature(curve) {
            assert_eq!(kind(&format!("{curve}_pkcs8")), ErrorKind::Unsupported);
        }
    }
}

#[test]
fn the_numbers_are_those_that_openssl_shows() {
    // `openssl pkey -text` of the same files.
    let value = key("p256_pkcs8").to_value();
    assert_eq!(value["crv"], "P-256");
    for (member, shown) in [("d", D), ("x", X), ("y", Y)] {
        let bytes = base64url::decode(value[member].as_str().unwrap()).unwrap();
        assert_eq!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), shown, "{member}");
    }
    let value = key("rsa_spki").to_value();
    assert_eq!(value["e"], "AQAB");
    let n = base64url::decode(value["n"].as_str().unwrap()).unwrap();
    assert_eq!((n.len(), n[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>()), (256, N.to_owned()));
}

const D: &str = "fb7030ba6008ae68cebe8c6469c836c3d052054c1f234e8ed55a27a66b3fd7a6";
const X: &str = "94f4b10be3c74aab44332ff9d9743c7e63ee145a1aee8655e229a8880576266d";
const Y: &str = "064620fac6095cb10c465d1eb2dac59cd4a568685dadfcbd10a8863abe723e67";
const N: &str = "a4ed4ddb770fff59";

#[test]
fn what_is_written_is_what_openssl_writes() {
    for name in [&["rsa"][..], &CURVES, &OKP].concat().into_iter().filter(|name| !needs_feature(name)) {
        let private = key(&format!("{name}_pkcs8"));
        assert_eq!(*private.to_private_pem().unwrap(), text(&format!("{name}_pkcs8")), "{name}");
        assert_eq!(private.to_public_pem().unwrap(), text(&format!("{name}_spki")), "{name}");
        let public = key(&format!("{name}_spki"));
        assert_eq!(public.to_public_pem().unwrap(), text(&format!("{name}_spki")), "{name}");
        assert_eq!(public.to_private_pem().unwrap_err().kind(), ErrorKind::Key);
    }
    let secret = Jwk::oct([7; 16]);
    assert_eq!(secret.to_private_pem().unwrap_err().kind(), ErrorKind::Key);
    assert_eq!(secret.to_public_pem().unwrap_err().kind(), ErrorKind::Key);
    assert_eq!(secret.to_encrypted_pem(b"secret").unwrap_err().kind(), ErrorKind::Key);
}

#[test]
fn a_password_opens_what_openssl_encrypted_by_pbes2() {
    for (name, plain) in [
        ("p256_aes128_sha1", "p256_pkcs8"),
        ("p256_aes192_sha384", "p256_pkcs8"),
        ("p256_aes256_sha256", "p256_pkcs8"),
        ("rsa_aes256_sha512", "rsa_pkcs8"),
    ] {
        let opened = Jwk::from_encrypted_pem(&text(name), b"secret").unwrap();
        assert!(same(&opened, &key(plain)), "{name}");
        for wrong in [&b""[..], b"Secret", b"secret\n"] {
            let error = Jwk::from_encrypted_pem(&text(name), wrong).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decryption, "{name}");
        }
        let error = Jwk::from_pem(&text(name)).unwrap_err();
        assert_eq!((error.kind(), error.expectation()), (ErrorKind::Key, Some("Jwk::from_encrypted_pem")), "{name}");
    }
}

#[test]
fn what_is_encrypted_here_opens_with_its_password_alone() {
    for name in ["p256_pkcs8", "ed25519_pkcs8"] {
        let text = key(name).to_encrypted_pem(b"secret").unwrap();
        assert!(same(&Jwk::from_encrypted_pem(&text, b"secret").unwrap(), &key(name)), "{name}");
        assert_eq!(Jwk::from_encrypted_pem(&text, b"other").unwrap_err().kind(), ErrorKind::Decryption);
        assert_ne!(text, key(name).to_encrypted_pem(b"secret").unwrap());
    }
    assert_eq!(key("p256_pkcs8").to_encrypted_pem(b"").unwrap_err().kind(), ErrorKind::Key);
}

#[test]
fn triple_des_scrypt_and_the_older_form_are_refused_by_name() {
    let error = |name: &str| Jwk::from_encrypted_pem(&text(name), b"secret").unwrap_err();
    assert_eq!((error("p256_des3").kind(), error("p256_des3").found()), (ErrorKind::Unsupported, Some("triple DES")));
    assert_eq!((error("p256_scrypt").kind(), error("p256_scrypt").found()), (ErrorKind::Unsupported, Some("scrypt")));
    assert_eq!(kind("p256_proc_type"), ErrorKind::Unsupported);
    assert_eq!(Jwk::from_encrypted_pem(&text("p256_pkcs8"), b"secret").unwrap_err().kind(), ErrorKind::Key);
}

#[test]
fn forms_that_are_not_served_are_unsupported() {
    assert_eq!(kind("p256_spki_compressed"), ErrorKind::Unsupported);
    assert_eq!(kind("rsa_pss_pkcs8"), ErrorKind::Unsupported);
    let request = text("p256_spki").replace("PUBLIC KEY", "CERTIFICATE REQUEST");
    assert_eq!(Jwk::from_pem(&request).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn the_private_key_counts_among_several_blocks_and_there_is_one() {
    let (private, certificate) = (text("p256_pkcs8"), text("p256_certificate"));
    for together in [format!("{private}{certificate}"), format!("{certificate}\n{certificate}{private}")] {
        assert!(same(&Jwk::from_pem(&together).unwrap(), &key("p256_pkcs8")));
    }
    let chain = format!("a leaf\n{certificate}{}", text("rsa_certificate"));
    assert!(same(&Jwk::from_pem(&chain).unwrap(), &key("p256_spki")));
    let two = format!("{private}{}", text("rsa_pkcs8"));
    assert_eq!(Jwk::from_pem(&two).unwrap_err().kind(), ErrorKind::Malformed);
}

#[test]
fn a_text_that_is_no_pem_is_refused() {
    let good = text("ed25519_pkcs8");
    let other_end = good.replace("END PRIVATE", "END PUBLIC");
    let bad_base64 = good.replace("MC4C", "M*4C");
    let cut = good.get(..good.len() - 10).unwrap();
    for text in
        ["", "key", "-----BEGIN PRIVATE KEY-----", &other_end, &bad_base64, cut, "-----BEGIN X-----\n-----END X"]
    {
        assert_eq!(Jwk::from_pem(text).unwrap_err().kind(), ErrorKind::Malformed, "{text}");
    }
    let long = format!("{good}{}", " ".repeat(256 * 1024));
    assert_eq!(Jwk::from_pem(&long).unwrap_err().kind(), ErrorKind::TooLarge);
    assert!(same(&Jwk::from_pem(&good.replace('\n', "\r\n")).unwrap(), &key("ed25519_pkcs8")));
}

#[test]
fn a_label_whose_dashes_are_lost_shows_nothing_of_the_key() {
    let key = text("p256_pkcs8");
    let secret = key.lines().nth(1).unwrap();
    let begun = key.replacen("KEY-----", "KEY", 1);
    let ended = key.trim_end().strip_suffix("-----").unwrap();
    for text in [
        format!("{begun}{}", text("p256_spki")),
        format!("-----BEGIN X-----\n{ended}\n{key}"),
        format!("-----BEGIN EC PARAMETERS-----\nAA==\n-----END EC PARAMETERS\n{secret}\n{key}"),
        "-----BEGIN X\u{1b}[31m\n-----\n-----END X\u{1b}[31m\n-----\n".to_owned(),
    ] {
        let error = Jwk::from_pem(&text).unwrap_err().to_string();
        assert!(!error.contains(&secret[..8]) && !error.chars().any(char::is_control), "{error}");
    }
}

#[test]
fn der_is_told_apart_by_its_shape() {
    for name in [
        "rsa_pkcs1",
        "rsa_pkcs8",
        "rsa_spki",
        "rsa_pkcs1_public",
        "rsa_certificate",
        "p256_sec1_no_public",
        "p384_sec1",
        "p521_pkcs8",
        "secp256k1_spki",
        "ed25519_pkcs8",
        "x25519_spki",
        "p256_certificate",
    ] {
        assert!(same(&Jwk::from_der(&der(name)).unwrap(), &key(name)), "{name}");
    }
    assert_eq!(Jwk::from_der(&der("p256_aes256_sha256")).unwrap_err().kind(), ErrorKind::Key);
    assert_eq!(Jwk::from_der(b"").unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(Jwk::from_der(&[0x30; 70_000]).unwrap_err().kind(), ErrorKind::TooLarge);
}

/// Cut anywhere, lengthened, or with any byte changed, it is read or refused; nothing panics, and what is cut is refused.
#[test]
fn der_that_is_cut_or_changed_is_refused_or_another_key_and_never_a_panic() {
    let names = [
        "rsa_pkcs8",
        "rsa_pkcs1",
        "p384_sec1",
        "p256_pkcs8",
        "ed25519_pkcs8",
        "x25519_spki",
        "p256_certificate",
        "p521_spki",
    ];
    for name in names {
        let der = der(name);
        for len in 0..der.len() {
            assert!(Jwk::from_der(&der[..len]).is_err(), "{name} {len}");
        }
        assert!(Jwk::from_der(&[&der[..], &[0]].concat()).is_err(), "{name}");
        for at in 0..der.len() {
            for change in [1, 0x80, 0xff] {
                let mut changed = der.clone();
                changed[at] ^= change;
                let _ = Jwk::from_der(&changed);
            }
        }
    }
}

#[test]
fn the_public_part_of_a_key_is_that_of_its_private_part() {
    for (name, last) in [("p256_pkcs8", 1), ("p384_sec1", 1)] {
        let mut der = der(name);
        let at = der.len() - last;
        der[at] ^= 1;
        assert_eq!(Jwk::from_der(&der).unwrap_err().kind(), ErrorKind::Key, "{name}");
    }
    let mut off_the_curve = der("p256_spki");
    *off_the_curve.last_mut().unwrap() ^= 1;
    assert_eq!(Jwk::from_der(&off_the_curve).unwrap_err().kind(), ErrorKind::Key);
}

#[test]
fn generated_keys_come_back_from_pem() {
    for curve in [Curve::P256, Curve::P384, Curve::P521, Curve::Secp256k1, Curve::Ed25519, Curve::X25519] {
        for _ in 0..8 {
            let key = Jwk::generate(KeyKind::Curve(curve)).unwrap();
            assert!(same(&Jwk::from_pem(&key.to_private_pem().unwrap()).unwrap(), &key), "{curve}");
        }
    }
}

fn der(name: &str) -> Vec<u8> {
    use base64::Engine as _;
    let text = text(name);
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    base64::engine::general_purpose::STANDARD.decode(body).unwrap()
}
