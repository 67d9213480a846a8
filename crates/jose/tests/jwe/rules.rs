use super::{Case, Header, PLAINTEXT, agreement_keys, compact, parts, rsa, with_header};
use grantee_jose::jwe::{self, Options};
use grantee_jose::signer::{BlockingDecrypter, WrappedKey};
use grantee_jose::{
    ContentEncryption, Curve, DecryptionKey, EncryptionKey, Error, ErrorKind, Jwk, KeyAlgorithm, KeyKind, Verified,
};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

fn shared() -> Case {
    Case { jwk: Jwk::oct([7; 16]), algorithm: KeyAlgorithm::A128Kw }
}

fn token() -> String {
    shared().encrypt(ContentEncryption::A128Gcm)
}

fn kind(token: &str, options: &Options) -> ErrorKind {
    jwe::decrypt_blocking(token, &shared().decryption_key(), options).unwrap_err().kind()
}

#[test]
fn whatever_is_wrong_once_a_key_is_used_is_one_error() {
    for encryption in [ContentEncryption::A128CbcHs256, ContentEncryption::A128Gcm] {
        let token = shared().encrypt(encryption);
        let mut errors = Vec::new();
        let other = Case { jwk: Jwk::oct([8; 16]), algorithm: KeyAlgorithm::A128Kw };
        errors.push(other.decrypt(&token).unwrap_err());
        for part in 1..5 {
            let mut parts = parts(&token);
            parts[part][0] ^= 1;
            errors.push(shared().decrypt(&compact(&parts)).unwrap_err());
        }
        for length in [1, 8, 16, 17, 300] {
            let mut parts = parts(&token);
            parts[1] = vec![5; length];
            errors.push(shared().decrypt(&compact(&parts)).unwrap_err());
        }
        errors.push(shared().decrypt(&with_header(&token, |header| header["x"] = json!(1))).unwrap_err());
        assert_eq!(errors.len(), 11);
        assert!(errors.windows(2).all(|two| two[0] == two[1]), "{errors:?}");
        assert_eq!((errors[0].kind(), errors[0].verified()), (ErrorKind::Decryption, Verified::Nothing));
        assert_eq!((errors[0].found(), errors[0].expectation()), (None, None));
    }
}

#[test]
fn a_token_has_five_parts_of_base64url() {
    let token = token();
    let four = token.rsplit_once('.').unwrap().0;
    for text in ["", ".", "....", "a.b.c.d.e", four, &format!("{token}.AA"), &format!("{token}="), &format!(" {token}")]
    {
        assert_eq!(kind(text, &Options::default()), ErrorKind::Malformed, "{text}");
    }
}

#[test]
fn a_header_member_that_comes_twice_is_refused() {
    let mut parts = parts(&token());
    parts[0] = br#"{"alg":"A128KW","enc":"A128GCM","enc":"A128GCM"}"#.to_vec();
    assert_eq!(kind(&compact(&parts), &Options::default()), ErrorKind::Malformed);
}

#[test]
fn the_algorithm_is_one_that_the_key_was_made_for() {
    for (alg, expected) in [
        (json!("A128GCMKW"), ErrorKind::NotAllowed),
        (json!("dir"), ErrorKind::NotAllowed),
        (json!("RSA-OAEP"), ErrorKind::NotAllowed),
        (json!("RSA1_5"), ErrorKind::Unsupported),
        (json!("none"), ErrorKind::Unsupported),
        (json!("a128kw"), ErrorKind::Unsupported),
        (json!(7), ErrorKind::Malformed),
        (Value::Null, ErrorKind::Malformed),
    ] {
        let token = with_header(&token(), |header| header["alg"] = alg.clone());
        assert_eq!(kind(&token, &Options::default()), expected, "{alg}");
    }
    let missing = with_header(&token(), |header| drop(header.as_object_mut().unwrap().remove("alg")));
    assert_eq!(kind(&missing, &Options::default()), ErrorKind::Malformed);
}

#[test]
fn the_enc_is_one_that_the_caller_allows() {
    let mut options = Options::default();
    options.encryptions = vec![ContentEncryption::A256Gcm];
    assert_eq!(kind(&token(), &options), ErrorKind::NotAllowed);
    options.encryptions.push(ContentEncryption::A128Gcm);
    jwe::decrypt_blocking(&token(), &shared().decryption_key(), &options).unwrap();
    for (enc, expected) in [(json!("A128CBC"), ErrorKind::Unsupported), (json!(1), ErrorKind::Malformed)] {
        let token = with_header(&token(), |header| header["enc"] = enc.clone());
        assert_eq!(kind(&token, &Options::default()), expected, "{enc}");
    }
}

#[test]
fn a_kid_that_names_another_key_is_refused_before_any_work() {
    let jwk = Jwk::oct([7; 16]).with_kid("mine");
    let key = DecryptionKey::any(&jwk).unwrap();
    let encrypt = |kid: &str| {
        let key = EncryptionKey::new(&Jwk::oct([7; 16]), KeyAlgorithm::A128Kw).unwrap();
        jwe::encrypt(&Header::new().with_kid(kid), PLAINTEXT, &key, ContentEncryption::A128Gcm).unwrap()
    };
    let error = jwe::decrypt_blocking(&encrypt("theirs"), &key, &Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoKey);
    jwe::decrypt_blocking(&encrypt("mine"), &key, &Options::default()).unwrap();
    // One that says nothing may be it.
    jwe::decrypt_blocking(&token(), &key, &Options::default()).unwrap();
    shared().decrypt(&encrypt("theirs")).unwrap();
}

#[test]
fn keys_and_addresses_in_the_header_are_not_looked_at() {
    let other = serde_json::to_value(json!({"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAA"})).unwrap();
    let header = Header::new()
        .with("jwk", other)
        .with("jku", "https://evil.example/jwks")
        .with("x5u", 7)
        .with("x5c", "not a chain");
    let token = jwe::encrypt(&header, PLAINTEXT, &shared().encryption_key(), ContentEncryption::A128Gcm).unwrap();
    assert_eq!(*shared().decrypt(&token).unwrap().plaintext, PLAINTEXT);
}

#[test]
fn vector_tag_and_encrypted_key_have_the_shape_of_their_algorithms() {
    for encryption in ContentEncryption::ALL.iter().copied() {
        let token = shared().encrypt(encryption);
        for part in [2, 4] {
            for change in
                [|part: &mut Vec<u8>| part.truncate(part.len() - 1), |part: &mut Vec<u8>| part.push(0), Vec::clear]
            {
                let mut parts = parts(&token);
                change(&mut parts[part]);
                assert_eq!(kind(&compact(&parts), &Options::default()), ErrorKind::Malformed, "{encryption} {part}");
            }
        }
    }
    let mut without = parts(&token());
    without[1].clear();
    assert_eq!(kind(&compact(&without), &Options::default()), ErrorKind::Malformed);
    let direct = Case { jwk: Jwk::oct([7; 16]), algorithm: KeyAlgorithm::Dir };
    let mut with = parts(&direct.encrypt(ContentEncryption::A128Gcm));
    with[1] = vec![0; 16];
    assert_eq!(direct.decrypt(&compact(&with)).unwrap_err().kind(), ErrorKind::Malformed);
}

#[test]
fn crit_is_understood_or_refused() {
    let encrypt = |header: &Header| {
        jwe::encrypt(header, PLAINTEXT, &shared().encryption_key(), ContentEncryption::A128Gcm).unwrap()
    };
    let token = encrypt(&Header::new().with("exp", 1).with_crit(["exp"]));
    assert_eq!(kind(&token, &Options::default()), ErrorKind::Critical);
    let mut options = Options::default();
    options.understood = vec!["exp".to_owned()];
    jwe::decrypt_blocking(&token, &shared().decryption_key(), &options).unwrap();
    for crit in [json!([]), json!(["exp", "exp"]), json!(["enc"]), json!(["p2c"]), json!(["absent"])] {
        let token = with_header(&token, |header| header["crit"] = crit.clone());
        options.understood = ["exp", "enc", "p2c", "absent"].map(str::to_owned).to_vec();
        assert_eq!(kind(&token, &options), ErrorKind::Critical, "{crit}");
    }
    let own = Header::new().with_crit(["absent"]);
    jwe::encrypt(&own, PLAINTEXT, &shared().encryption_key(), ContentEncryption::A128Gcm).unwrap_err();
}

#[test]
fn zip_is_refused_unless_allowed_and_then_bounded() {
    let header = Header::new().with("zip", "DEF");
    let plaintext = vec![b'x'; 300_000];
    let token = jwe::encrypt(&header, &plaintext, &shared().encryption_key(), ContentEncryption::A128Gcm).unwrap();
    assert!(token.len() < 2000);
    assert_eq!(kind(&token, &Options::default()), ErrorKind::NotAllowed);
    let mut options = Options::default();
    options.zip = true;
    let error = jwe::decrypt_blocking(&token, &shared().decryption_key(), &options).unwrap_err();
    assert_eq!((error.kind(), error.verified()), (ErrorKind::TooLarge, Verified::Decrypted));
    options.max_plaintext = 300_000;
    let decrypted = jwe::decrypt_blocking(&token, &shared().decryption_key(), &options).unwrap();
    assert_eq!(*decrypted.plaintext, plaintext);
    let other = with_header(&token, |header| header["zip"] = json!("GZIP"));
    assert_eq!(kind(&other, &options), ErrorKind::Unsupported);
    let header = Header::new().with("zip", "GZIP");
    jwe::encrypt(&header, PLAINTEXT, &shared().encryption_key(), ContentEncryption::A128Gcm).unwrap_err();
}

#[test]
fn token_and_plaintext_are_bounded() {
    let mut options = Options::default();
    options.max_plaintext = PLAINTEXT.len();
    jwe::decrypt_blocking(&token(), &shared().decryption_key(), &options).unwrap();
    options.max_plaintext -= 1;
    assert_eq!(kind(&token(), &options), ErrorKind::TooLarge);
    options = Options::default();
    options.max_token = token().len();
    jwe::decrypt_blocking(&token(), &shared().decryption_key(), &options).unwrap();
    options.max_token -= 1;
    assert_eq!(kind(&token(), &options), ErrorKind::TooLarge);
    assert_eq!(kind(&"a".repeat(256 * 1024 + 1), &Options::default()), ErrorKind::TooLarge);
    assert_eq!(jwe::peek_header(&"a".repeat(256 * 1024 + 1)).unwrap_err().kind(), ErrorKind::TooLarge);
}

#[test]
fn p2c_is_bounded_before_the_password_is_stretched() {
    let algorithm = KeyAlgorithm::Pbes2Hs256A128Kw;
    let case = Case { jwk: Jwk::oct("secret"), algorithm };
    let token = case.encrypt(ContentEncryption::A128Gcm);
    let asked = Counting {
        algorithms: vec![algorithm],
        asked: AtomicUsize::new(0),
        answer: Err(Error::new(ErrorKind::External, "", "")),
    };
    for (p2c, expected) in [
        (json!(620_001), ErrorKind::TooLarge),
        (json!(4_294_967_296_u64), ErrorKind::TooLarge),
        (json!(u64::MAX), ErrorKind::TooLarge),
        (json!(0), ErrorKind::Malformed),
        (json!(-1), ErrorKind::Malformed),
        (json!(1.5), ErrorKind::Malformed),
        (json!("1000"), ErrorKind::Malformed),
        (Value::Null, ErrorKind::Malformed),
    ] {
        let token = with_header(&token, |header| header["p2c"] = p2c.clone());
        let error = jwe::decrypt_blocking(&token, &asked, &Options::default()).unwrap_err();
        assert_eq!(error.kind(), expected, "{p2c}");
    }
    assert_eq!(asked.asked.load(Ordering::Relaxed), 0);
    let mut options = Options::default();
    options.max_p2c = 999;
    let error = jwe::decrypt_blocking(&token, &case.decryption_key(), &options).unwrap_err();
    assert_eq!((error.kind(), error.found()), (ErrorKind::TooLarge, Some("1000")));
    options.max_p2c = 1000;
    jwe::decrypt_blocking(&token, &case.decryption_key(), &options).unwrap();
}

#[test]
fn p2s_has_eight_bytes() {
    let case = Case { jwk: Jwk::oct("secret"), algorithm: KeyAlgorithm::Pbes2Hs512A256Kw };
    let token = case.encrypt(ContentEncryption::A128Gcm);
    for p2s in [json!("AAAAAAAAAA"), json!(""), json!("A"), json!(7), Value::Null] {
        let token = with_header(&token, |header| header["p2s"] = p2s.clone());
        assert_eq!(case.decrypt(&token).unwrap_err().kind(), ErrorKind::Malformed, "{p2s}");
    }
}

#[test]
fn epk_is_a_whole_public_key_and_a_point_of_the_recipients_curve() {
    for jwk in agreement_keys() {
        let curve = jwk.curve().unwrap();
        for algorithm in [KeyAlgorithm::EcdhEs, KeyAlgorithm::EcdhEsA128Kw] {
            let case = Case { jwk: jwk.clone(), algorithm };
            let token = case.encrypt(ContentEncryption::A128Gcm);
            let with_epk = |change: &dyn Fn(&mut Value)| {
                let token = with_header(&token, |header| change(&mut header["epk"]));
                case.decrypt(&token).unwrap_err().kind()
            };
            for missing in ["kty", "crv", "x"] {
                let remove = |epk: &mut Value| drop(epk.as_object_mut().unwrap().remove(missing));
                assert_eq!(with_epk(&remove), ErrorKind::Malformed, "{curve} {missing}");
            }
            assert_eq!(with_epk(&|epk| *epk = json!("AAAA")), ErrorKind::Malformed);
            assert_eq!(with_epk(&|epk| *epk = Value::Null), ErrorKind::Malformed);
            assert_eq!(with_epk(&|epk| epk["kty"] = json!("RSA")), ErrorKind::Malformed);
            assert_eq!(with_epk(&|epk| epk["crv"] = json!("Ed25519")), ErrorKind::Malformed);
            assert_eq!(with_epk(&|epk| epk["crv"] = json!("secp256k1")), ErrorKind::Malformed);
            assert_eq!(with_epk(&|epk| epk["x"] = json!("AAAA")), ErrorKind::Malformed);
            // Zeros are no point of the Weierstrass curves, and of the others one of small order.
            let coordinate = token_len_zeros(curve);
            assert_eq!(with_epk(&|epk| epk["x"] = json!(coordinate)), ErrorKind::Decryption, "{curve}");
            let other =
                Jwk::generate(KeyKind::Curve(if curve == Curve::P256 { Curve::P384 } else { Curve::P256 })).unwrap();
            let other = other.public().unwrap().to_value();
            assert_eq!(with_epk(&|epk| *epk = other.clone()), ErrorKind::Decryption, "{curve}");
        }
    }
}

fn token_len_zeros(curve: Curve) -> String {
    let len = match curve {
        Curve::P384 => 48,
        Curve::P521 => 66,
        Curve::X448 => 56,
        _ => 32,
    };
    grantee_jose::base64url::encode(vec![0; len])
}

#[test]
fn the_callers_header_says_nothing_else_than_the_key() {
    let key = shared().encryption_key();
    let encrypt = |header: Header| jwe::encrypt(&header, PLAINTEXT, &key, ContentEncryption::A128Gcm);
    for (name, value) in [
        ("alg", json!("dir")),
        ("enc", json!("A256GCM")),
        ("epk", json!({})),
        ("iv", json!("")),
        ("tag", json!("")),
        ("p2s", json!("")),
        ("p2c", json!(1)),
    ] {
        let error = encrypt(Header::new().with(name, value)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotAllowed, "{name}");
    }
    let header = Header::new().with("alg", "A128KW").with("enc", "A128GCM").with_cty("JWT");
    assert_eq!(shared().decrypt(&encrypt(header).unwrap()).unwrap().header.cty.as_deref(), Some("JWT"));
}

/// A decrypter that counts how often it is asked, and answers as it is told.
struct Counting {
    algorithms: Vec<KeyAlgorithm>,
    asked: AtomicUsize,
    answer: Result<Vec<u8>, Error>,
}

impl BlockingDecrypter for Counting {
    fn algorithms(&self) -> &[KeyAlgorithm] {
        &self.algorithms
    }

    fn unwrap_key(&self, _: WrappedKey<'_>) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.answer.clone().map(zeroize::Zeroizing::new)
    }
}

#[test]
fn a_decrypter_that_fails_or_gives_a_wrong_length_ends_in_the_one_error() {
    let external = Error::new(ErrorKind::External, "the module answers", "");
    for answer in [Err(external), Ok(vec![]), Ok(vec![0; 15]), Ok(vec![0; 16]), Ok(vec![0; 32])] {
        let decrypter =
            Counting { algorithms: vec![KeyAlgorithm::A128Kw], asked: AtomicUsize::new(0), answer: answer.clone() };
        let error = jwe::decrypt_blocking(&token(), &decrypter, &Options::default()).unwrap_err();
        assert_eq!(error, shared_error(), "{answer:?}");
        assert_eq!(decrypter.asked.load(Ordering::Relaxed), 1);
    }
}

fn shared_error() -> Error {
    Case { jwk: Jwk::oct([8; 16]), algorithm: KeyAlgorithm::A128Kw }.decrypt(&token()).unwrap_err()
}

#[test]
fn a_decrypter_is_not_asked_for_what_it_does_not_serve() {
    let decrypter =
        Counting { algorithms: vec![KeyAlgorithm::Dir], asked: AtomicUsize::new(0), answer: Ok(vec![7; 16]) };
    let error = jwe::decrypt_blocking(&token(), &decrypter, &Options::default()).unwrap_err();
    assert_eq!((error.kind(), decrypter.asked.load(Ordering::Relaxed)), (ErrorKind::NotAllowed, 0));
}

#[test]
fn a_key_module_does_the_agreement_and_ecdh_es_key_the_rest() {
    struct Module(Vec<u8>);
    impl BlockingDecrypter for Module {
        fn algorithms(&self) -> &[KeyAlgorithm] {
            &[KeyAlgorithm::EcdhEsA256Kw]
        }
        fn unwrap_key(&self, wrapped: WrappedKey<'_>) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
            use aws_lc_rs::agreement;
            let x = wrapped.header.get("epk").and_then(|epk| epk["x"].as_str()).unwrap();
            let point = grantee_jose::base64url::decode(x).unwrap();
            let key = agreement::PrivateKey::from_private_key(&agreement::X25519, &self.0).unwrap();
            let peer = agreement::UnparsedPublicKey::new(&agreement::X25519, point);
            agreement::agree(&key, peer, Error::new(ErrorKind::External, "", ""), |z| jwe::ecdh_es_key(z, &wrapped))
        }
    }
    let jwk = Jwk::generate(KeyKind::Curve(Curve::X25519)).unwrap();
    let case = Case { jwk: jwk.clone(), algorithm: KeyAlgorithm::EcdhEsA256Kw };
    let d = grantee_jose::base64url::decode(jwk.to_value()["d"].as_str().unwrap()).unwrap();
    let token = case.encrypt(ContentEncryption::A192Gcm);
    let decrypted = jwe::decrypt_blocking(&token, &Module(d), &Options::default()).unwrap();
    assert_eq!(*decrypted.plaintext, PLAINTEXT);
}

#[test]
fn debug_shows_no_key_and_no_plaintext() {
    let secret = Jwk::oct(b"0123456789abcdef");
    let key = EncryptionKey::new(&secret, KeyAlgorithm::A128Kw).unwrap();
    let shown = format!("{key:?} {:?}", DecryptionKey::any(&secret).unwrap());
    assert!(shown.contains("A128Kw") && !shown.contains("MDEyMzQ1") && !shown.contains("48, 49"), "{shown}");
    let decrypted = shared().decrypt(&token()).unwrap();
    let shown = format!("{decrypted:?} {:?}", DecryptionKey::any(&rsa()).unwrap());
    assert!(!shown.contains("plaintext") && !shown.contains("112, 108"), "{shown}");
}
