use super::{Header, PLAINTEXT, agreement_keys, rsa};
use grantee_jose::jwe::{self, Options};
use grantee_jose::signer::BlockingDecrypter;
use grantee_jose::{ContentEncryption, DecryptionKey, EncryptionKey, ErrorKind, Jwk, KeyAlgorithm};
use serde_json::json;

#[test]
fn alg_use_and_key_ops_of_a_key_bind_it() {
    let algorithm = KeyAlgorithm::A128Kw;
    let key = || Jwk::oct([7; 16]);
    for (jwk, encrypts, decrypts) in [
        (key(), true, true),
        (key().with_alg("A128KW"), true, true),
        (key().with_alg("A128GCMKW"), false, false),
        (key().with_alg("HS256"), false, false),
        (key().with_use("enc"), true, true),
        (key().with_use("sig"), false, false),
        (key().with_key_ops(["wrapKey"]), true, false),
        (key().with_key_ops(["unwrapKey"]), false, true),
        (key().with_key_ops(["wrapKey", "unwrapKey"]), true, true),
        (key().with_key_ops(["sign"]), false, false),
    ] {
        let (sender, receiver) = (EncryptionKey::new(&jwk, algorithm), DecryptionKey::new(&jwk, algorithm));
        assert_eq!((sender.is_ok(), receiver.is_ok()), (encrypts, decrypts), "{:?} {:?}", jwk.alg(), jwk.key_ops());
        assert!(sender.is_ok() || sender.unwrap_err().kind() == ErrorKind::Key);
        assert!(receiver.is_ok() || receiver.unwrap_err().kind() == ErrorKind::Key);
    }
}

#[test]
fn each_algorithm_takes_the_type_curve_and_size_that_is_its_own() {
    let mut keys = agreement_keys();
    keys.push(rsa());
    keys.extend([15, 16, 24, 32, 33, 48, 64].map(|len| Jwk::oct(vec![7; len])));
    keys.push(Jwk::from_pem(include_str!("../pem/secp256k1_pkcs8.pem")).unwrap());
    keys.push(Jwk::from_pem(include_str!("../pem/ed25519_pkcs8.pem")).unwrap());
    for jwk in &keys {
        for algorithm in KeyAlgorithm::ALL.iter().copied() {
            let fits = fits(jwk, algorithm);
            assert_eq!(EncryptionKey::new(jwk, algorithm).is_ok(), fits, "{jwk:?} {algorithm}");
            assert_eq!(DecryptionKey::new(jwk, algorithm).is_ok(), fits, "{jwk:?} {algorithm}");
        }
    }
}

/// RFC 7518 section 4.1, written down once more.
fn fits(jwk: &Jwk, algorithm: KeyAlgorithm) -> bool {
    let bytes = jwk.to_value()["k"].as_str().map(|k| k.len() * 3 / 4);
    let curve = jwk.curve().map_or("", |curve| curve.name());
    match (jwk.key_type(), algorithm.name()) {
        ("RSA", name) => name.starts_with("RSA-OAEP"),
        ("EC" | "OKP", name) => {
            name.starts_with("ECDH-ES") && ["P-256", "P-384", "P-521", "X25519", "X448"].contains(&curve)
        }
        ("oct", name) if name.starts_with("PBES2") => true,
        ("oct", "dir") => [16, 24, 32, 48, 64].contains(&bytes.unwrap()),
        ("oct", name) if name.starts_with("A128") => bytes == Some(16),
        ("oct", name) if name.starts_with("A192") => bytes == Some(24),
        ("oct", name) if name.starts_with("A256") => bytes == Some(32),
        _ => false,
    }
}

#[test]
fn any_is_the_keys_own_alg_or_all_that_fit_and_never_a_password() {
    use KeyAlgorithm as A;
    let algorithms = |jwk: &Jwk| BlockingDecrypter::algorithms(&DecryptionKey::any(jwk).unwrap()).to_vec();
    assert_eq!(algorithms(&rsa()), [A::RsaOaep, A::RsaOaep256, A::RsaOaep384, A::RsaOaep512]);
    assert_eq!(algorithms(&rsa().with_alg("RSA-OAEP-256")), [A::RsaOaep256]);
    let ecdh = [A::EcdhEs, A::EcdhEsA128Kw, A::EcdhEsA192Kw, A::EcdhEsA256Kw];
    agreement_keys().iter().for_each(|key| assert_eq!(algorithms(key), ecdh));
    assert_eq!(algorithms(&Jwk::oct([7; 16])), [A::A128Kw, A::A128GcmKw, A::Dir]);
    assert_eq!(algorithms(&Jwk::oct([7; 48])), [A::Dir]);
    assert_eq!(algorithms(&Jwk::oct("secret").with_alg("PBES2-HS256+A128KW")), [A::Pbes2Hs256A128Kw]);
    for key in
        [Jwk::oct("secret"), Jwk::oct([7; 16]).with_use("sig"), rsa().with_alg("RS256"), rsa().with_alg("RSA1_5")]
    {
        assert_eq!(DecryptionKey::any(&key).unwrap_err().kind(), ErrorKind::Key, "{key:?}");
    }
}

#[test]
fn a_public_key_does_not_decrypt() {
    let mut keys = agreement_keys();
    keys.push(rsa());
    for key in keys {
        let public = key.public().unwrap();
        assert_eq!(DecryptionKey::any(&public).unwrap_err().kind(), ErrorKind::Key, "{public:?}");
    }
}

#[test]
fn a_content_key_that_names_its_enc_is_for_that_one_alone() {
    let jwk = Jwk::oct([7; 32]).with_alg("A256GCM");
    let key = EncryptionKey::new(&jwk, KeyAlgorithm::Dir).unwrap();
    let encrypt = |key: &EncryptionKey, encryption| jwe::encrypt(&Header::new(), PLAINTEXT, key, encryption);
    let token = encrypt(&key, ContentEncryption::A256Gcm).unwrap();
    assert_eq!(encrypt(&key, ContentEncryption::A128CbcHs256).unwrap_err().kind(), ErrorKind::Key);
    let receiver = DecryptionKey::any(&jwk).unwrap();
    jwe::decrypt_blocking(&token, &receiver, &Options::default()).unwrap();
    let other = EncryptionKey::new(&Jwk::oct([7; 32]), KeyAlgorithm::Dir).unwrap();
    let token = encrypt(&other, ContentEncryption::A128CbcHs256).unwrap();
    assert_eq!(
        jwe::decrypt_blocking(&token, &receiver, &Options::default()).unwrap_err().kind(),
        ErrorKind::Decryption
    );
    assert_eq!(encrypt(&other, ContentEncryption::A128Gcm).unwrap_err().kind(), ErrorKind::Key);
}

#[test]
fn a_point_off_its_curve_is_no_key() {
    for jwk in agreement_keys().into_iter().filter(|jwk| jwk.key_type() == "EC") {
        let mut value = jwk.public().unwrap().to_value();
        value["y"] = value["x"].clone();
        let off = Jwk::from_value(value).and_then(|jwk| EncryptionKey::new(&jwk, KeyAlgorithm::EcdhEs));
        assert_eq!(off.unwrap_err().kind(), ErrorKind::Key);
    }
}

#[test]
fn a_private_key_with_the_public_part_of_another_is_no_key() {
    for (one, other) in
        agreement_keys().into_iter().zip(agreement_keys()).filter(|(one, other)| one.thumbprint() != other.thumbprint())
    {
        let mut value = one.to_value();
        value["x"] = other.to_value()["x"].clone();
        if other.key_type() == "EC" {
            value["y"] = other.to_value()["y"].clone();
        }
        let mixed = Jwk::from_value(value).and_then(|jwk| DecryptionKey::new(&jwk, KeyAlgorithm::EcdhEs));
        assert_eq!(mixed.unwrap_err().kind(), ErrorKind::Key);
    }
}

#[test]
fn passwords_are_not_empty_and_are_stretched_by_a_thousand_at_least() {
    let algorithm = KeyAlgorithm::Pbes2Hs256A128Kw;
    assert_eq!(EncryptionKey::from_password(b"", algorithm).unwrap_err().kind(), ErrorKind::Key);
    assert_eq!(DecryptionKey::from_password(b"", algorithm).unwrap_err().kind(), ErrorKind::Key);
    assert_eq!(EncryptionKey::new(&Jwk::oct([]), algorithm).unwrap_err().kind(), ErrorKind::Key);
    assert_eq!(DecryptionKey::new(&Jwk::oct([]), algorithm).unwrap_err().kind(), ErrorKind::Key);
    assert_eq!(EncryptionKey::from_password(b"secret", KeyAlgorithm::A128Kw).unwrap_err().kind(), ErrorKind::Key);
    assert_eq!(DecryptionKey::from_password(b"secret", KeyAlgorithm::Dir).unwrap_err().kind(), ErrorKind::Key);
    let key = EncryptionKey::from_password(b"secret", algorithm).unwrap();
    assert_eq!(key.clone().with_iterations(999).unwrap_err().kind(), ErrorKind::Key);
    let other = EncryptionKey::new(&Jwk::oct([7; 16]), KeyAlgorithm::A128Kw).unwrap();
    assert_eq!(other.with_iterations(2000).unwrap_err().kind(), ErrorKind::Key);

    let key = key.with_key_id("vault");
    let token = jwe::encrypt(&Header::new(), PLAINTEXT, &key, ContentEncryption::A128Gcm).unwrap();
    let header = jwe::peek_header(&token).unwrap();
    assert_eq!((header.kid.as_deref(), header.get("p2c")), (Some("vault"), Some(&json!(600_000))));
    let receiver = DecryptionKey::from_password(b"secret", algorithm).unwrap().with_key_id("vault");
    jwe::decrypt_blocking(&token, &receiver, &Options::default()).unwrap();
    let wrong = DecryptionKey::from_password(b"Secret", algorithm).unwrap();
    assert_eq!(jwe::decrypt_blocking(&token, &wrong, &Options::default()).unwrap_err().kind(), ErrorKind::Decryption);
}

#[test]
fn x448_is_built_in_with_its_feature_and_else_cleanly_unsupported() {
    let x448 = include_str!("../pem/x448_spki.pem");
    let jwk = Jwk::from_pem(x448).unwrap();
    let key = EncryptionKey::new(&jwk, KeyAlgorithm::EcdhEs);
    match cfg!(feature = "ed448") {
        true => assert!(key.is_ok()),
        false => assert_eq!(key.unwrap_err().kind(), ErrorKind::Unsupported),
    }
}
