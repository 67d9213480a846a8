use super::{Header, PLAINTEXT, agreement_keys, rsa};
use grantee_jose::jwe::{self, Options, Parts, Recipient};
use grantee_jose::{ContentEncryption, DecryptionKey, EncryptionKey, ErrorKind, Jwk, KeyAlgorithm, base64url};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ENCRYPTION: ContentEncryption = ContentEncryption::A128CbcHs256;

fn secret() -> Jwk {
    Jwk::oct([7; 16])
}

fn sender() -> EncryptionKey {
    EncryptionKey::new(&secret(), KeyAlgorithm::A128Kw).unwrap()
}

fn token(parts: &Parts) -> Value {
    let key = sender();
    let token = jwe::encrypt_json(parts, PLAINTEXT, &[Recipient::new(&key)], ENCRYPTION).unwrap();
    serde_json::from_str(&token).unwrap()
}

fn decrypt(token: &Value, jwk: &Jwk) -> Result<jwe::Decrypted, ErrorKind> {
    let key = DecryptionKey::any(jwk).unwrap();
    jwe::decrypt_json_blocking(&token.to_string(), &key, &Options::default()).map_err(|error| error.kind())
}

fn refused(token: &Value) -> ErrorKind {
    decrypt(token, &secret()).unwrap_err()
}

#[test]
fn one_recipient_is_flattened_and_all_its_header_protected() {
    let token = token(&Parts::new(Header::new().with_cty("text/plain")));
    let names: BTreeSet<_> = token.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(Vec::from_iter(names), ["ciphertext", "encrypted_key", "iv", "protected", "tag"]);
    let decrypted = decrypt(&token, &secret()).unwrap();
    assert_eq!((&*decrypted.plaintext, decrypted.recipient), (&PLAINTEXT.to_vec(), 0));
    assert_eq!(decrypted.header, decrypted.protected);
    assert_eq!(
        (decrypted.header.alg.as_deref(), decrypted.header.cty.as_deref()),
        (Some("A128KW"), Some("text/plain"))
    );
}

#[test]
fn every_algorithm_comes_back_in_both_forms() {
    for case in super::cases(ENCRYPTION) {
        let key = case.encryption_key();
        for parts in [Parts::default(), Parts::default().in_general_form()] {
            let token = jwe::encrypt_json(&parts, PLAINTEXT, &[Recipient::new(&key)], ENCRYPTION).unwrap();
            assert_eq!(token.contains("recipients"), parts.general);
            let decrypted = jwe::decrypt_json_blocking(&token, &case.decryption_key(), &Options::default()).unwrap();
            assert_eq!(*decrypted.plaintext, PLAINTEXT, "{}", case.algorithm);
        }
    }
}

#[test]
fn several_recipients_each_find_their_own() {
    let keys = [
        (rsa().with_kid("rsa"), KeyAlgorithm::RsaOaep256),
        (agreement_keys()[0].clone().with_kid("ec"), KeyAlgorithm::EcdhEsA128Kw),
        (agreement_keys()[3].clone(), KeyAlgorithm::EcdhEsA256Kw),
        (Jwk::oct([7; 24]), KeyAlgorithm::A192GcmKw),
        (Jwk::oct([8; 24]), KeyAlgorithm::A192GcmKw),
    ];
    let senders = keys.each_ref().map(|(jwk, algorithm)| EncryptionKey::new(jwk, *algorithm).unwrap());
    let recipients = senders
        .each_ref()
        .map(|key| Recipient::new(key).with_header(Header::new().with("for", key.algorithm().name())));
    let parts =
        Parts::new(Header::new().with_typ("x")).with_unprotected(Header::new().with("seen", true)).with_aad("data");
    let token = jwe::encrypt_json(&parts, PLAINTEXT, &recipients, ENCRYPTION).unwrap();
    let token: Value = serde_json::from_str(&token).unwrap();
    for (index, (jwk, algorithm)) in keys.iter().enumerate() {
        let decrypted = decrypt(&token, jwk).unwrap();
        assert_eq!((&*decrypted.plaintext, decrypted.recipient), (&PLAINTEXT.to_vec(), index));
        assert_eq!((decrypted.aad.as_slice(), decrypted.algorithm), (&b"data"[..], *algorithm));
        assert_eq!(decrypted.header.get("for"), Some(&json!(algorithm.name())));
        assert_eq!(decrypted.header.get("seen"), Some(&json!(true)));
        assert_eq!((decrypted.protected.get("seen"), decrypted.protected.typ.as_deref()), (None, Some("x")));
    }
    assert_eq!(decrypt(&token, &Jwk::oct([9; 24])).unwrap_err(), ErrorKind::Decryption);
    assert_eq!(decrypt(&token, &Jwk::oct([9; 16])).unwrap_err(), ErrorKind::NoKey);
    assert_eq!(decrypt(&token, &keys[1].0.clone().with_kid("other")).unwrap_err(), ErrorKind::Decryption);
}

#[test]
fn a_recipient_that_fails_or_is_not_supported_stands_in_no_other_ones_way() {
    let mut token = token(&Parts::default().in_general_form());
    let protected = base64url::decode(token["protected"].as_str().unwrap()).unwrap();
    assert!(String::from_utf8(protected).unwrap().contains("A128KW"));
    // With alg in the protected header all have the same; the first is wrapped for somebody else.
    let ours = token["recipients"][0].clone();
    token["recipients"] = json!([{ "encrypted_key": base64url::encode([1; 40]) }, { "encrypted_key": "AA" }, ours]);
    assert_eq!(decrypt(&token, &secret()).unwrap().recipient, 2);

    let parts = Parts::default();
    let keys = [sender(), EncryptionKey::new(&Jwk::oct([8; 32]), KeyAlgorithm::A256Kw).unwrap()];
    let recipients = keys.each_ref().map(Recipient::new);
    let token = jwe::encrypt_json(&parts, PLAINTEXT, &recipients, ENCRYPTION).unwrap();
    for alg in [json!("RSA1_5"), json!("unheard of"), json!("PBES2-HS256+A128KW")] {
        let mut token: Value = serde_json::from_str(&token).unwrap();
        token["recipients"][1]["header"]["alg"] = alg;
        assert_eq!(decrypt(&token, &secret()).unwrap().recipient, 0);
        assert_eq!(decrypt(&token, &Jwk::oct([8; 32])).unwrap_err(), ErrorKind::NoKey);
    }
}

#[test]
fn additional_data_is_authenticated() {
    let mut token = token(&Parts::default().with_aad("data"));
    assert_eq!(decrypt(&token, &secret()).unwrap().aad, b"data");
    token["aad"] = json!(base64url::encode("date"));
    assert_eq!(refused(&token), ErrorKind::Decryption);
    token.as_object_mut().unwrap().remove("aad");
    assert_eq!(refused(&token), ErrorKind::Decryption);
    // RFC 7516 section 7.2.1: what would be empty is absent.
    let empty = self::token(&Parts::default().with_aad(""));
    assert_eq!(empty.get("aad"), None);
    assert_eq!(decrypt(&empty, &secret()).unwrap().aad, b"");
}

#[test]
fn no_header_name_is_in_two_parts() {
    let whole = token(&Parts::default());
    for part in ["unprotected", "header"] {
        let mut token = whole.clone();
        token[part] = json!({ "alg": "A128KW" });
        assert_eq!(refused(&token), ErrorKind::Malformed, "{part}");
    }
    let mut token = whole.clone();
    (token["unprotected"], token["header"]) = (json!({ "x": 1 }), json!({ "x": 1 }));
    assert_eq!(refused(&token), ErrorKind::Malformed);
    (token["unprotected"], token["header"]) = (json!({ "x": 1 }), json!({ "y": 1 }));
    decrypt(&token, &secret()).unwrap();

    let twice = Parts::new(Header::new().with("x", 1)).with_unprotected(Header::new().with("x", 1));
    let error = jwe::encrypt_json(&twice, PLAINTEXT, &[Recipient::new(&sender())], ENCRYPTION).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
}

#[test]
fn crit_and_zip_are_protected_or_refused() {
    for (unprotected, expected) in
        [(json!({ "crit": ["x"], "x": 1 }), ErrorKind::Critical), (json!({ "zip": "DEF" }), ErrorKind::Malformed)]
    {
        let mut token = token(&Parts::default());
        token["unprotected"] = unprotected;
        let mut options = Options::default();
        (options.zip, options.understood) = (true, vec!["x".to_owned()]);
        let key = DecryptionKey::any(&secret()).unwrap();
        let error = jwe::decrypt_json_blocking(&token.to_string(), &key, &options).unwrap_err();
        assert_eq!(error.kind(), expected);
    }
    for header in [Header::new().with("zip", "DEF"), Header::new().with("x", 1).with_crit(["x"])] {
        let parts = Parts::default().with_unprotected(header);
        jwe::encrypt_json(&parts, PLAINTEXT, &[Recipient::new(&sender())], ENCRYPTION).unwrap_err();
    }
}

#[test]
fn a_compressed_plaintext_comes_back_where_it_is_allowed() {
    let token = token(&Parts::new(Header::new().with("zip", "DEF")));
    assert_eq!(refused(&token), ErrorKind::NotAllowed);
    let mut options = Options::default();
    options.zip = true;
    let key = DecryptionKey::any(&secret()).unwrap();
    assert_eq!(*jwe::decrypt_json_blocking(&token.to_string(), &key, &options).unwrap().plaintext, PLAINTEXT);
}

#[test]
fn a_key_that_is_used_directly_has_a_single_recipient() {
    let direct = EncryptionKey::new(&Jwk::oct([7; 32]), KeyAlgorithm::Dir).unwrap();
    let agreed = EncryptionKey::new(&agreement_keys()[0], KeyAlgorithm::EcdhEs).unwrap();
    for key in [direct, agreed] {
        for recipients in [[&key, &sender()], [&sender(), &key]] {
            let recipients = recipients.map(Recipient::new);
            let error = jwe::encrypt_json(&Parts::default(), PLAINTEXT, &recipients, ENCRYPTION).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotAllowed);
        }
    }
    let mut token = token(&Parts::default());
    let members = token.as_object_mut().unwrap();
    members.insert("protected".into(), json!(base64url::encode(r#"{"enc":"A128CBC-HS256"}"#)));
    members.remove("encrypted_key");
    members.insert("recipients".into(), json!([{ "header": { "alg": "dir" } }, { "header": { "alg": "A128KW" } }]));
    assert_eq!(refused(&token), ErrorKind::Malformed);
}

#[test]
fn all_recipients_have_the_same_enc() {
    let mut token = token(&Parts::default());
    let members = token.as_object_mut().unwrap();
    members.remove("protected");
    members.remove("encrypted_key");
    let recipient = |enc: &str| json!({ "header": { "alg": "A128KW", "enc": enc }, "encrypted_key": "AA" });
    members.insert("recipients".into(), json!([recipient("A128GCM"), recipient("A256GCM")]));
    assert_eq!(refused(&token), ErrorKind::Malformed);
}

#[test]
fn a_token_is_flattened_or_general_and_has_its_members_in_their_types() {
    let whole = token(&Parts::default());
    for (name, value) in [
        ("recipients", json!([])),
        ("recipients", json!({})),
        ("recipients", json!([{}])),
        ("iv", Value::Null),
        ("iv", json!("")),
        ("iv", json!("A=")),
        ("tag", json!(7)),
        ("ciphertext", json!(["AA"])),
        ("encrypted_key", json!("")),
        ("protected", json!("")),
        ("protected", json!("bm8ganNvbg")),
        ("protected", json!({ "alg": "A128KW" })),
        ("unprotected", json!("x")),
        ("header", json!([])),
        ("aad", json!("")),
    ] {
        let mut token = whole.clone();
        token[name] = value.clone();
        assert_eq!(refused(&token), ErrorKind::Malformed, "{name} {value}");
    }
    for name in ["iv", "ciphertext", "tag", "protected", "encrypted_key"] {
        let mut token = whole.clone();
        token.as_object_mut().unwrap().remove(name);
        assert_eq!(refused(&token), ErrorKind::Malformed, "{name}");
    }
    let mut token = whole.clone();
    token["another"] = json!({ "member": "is ignored" });
    decrypt(&token, &secret()).unwrap();
    let doubled = whole.to_string().replacen('{', r#"{"iv":"AA","#, 1);
    let key = DecryptionKey::any(&secret()).unwrap();
    let error = jwe::decrypt_json_blocking(&doubled, &key, &Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
}

#[test]
fn the_number_of_recipients_and_what_they_cost_together_is_bounded() {
    let mut token = token(&Parts::default().in_general_form());
    let entry = token["recipients"][0].clone();
    token["recipients"] = Value::Array(vec![entry.clone(); 32]);
    decrypt(&token, &secret()).unwrap();
    token["recipients"] = Value::Array(vec![entry; 33]);
    assert_eq!(refused(&token), ErrorKind::TooLarge);

    let algorithm = KeyAlgorithm::Pbes2Hs256A128Kw;
    let key = EncryptionKey::from_password(b"secret", algorithm).unwrap().with_iterations(1000).unwrap();
    let recipients = [Recipient::new(&key), Recipient::new(&key)];
    let token = jwe::encrypt_json(&Parts::default(), PLAINTEXT, &recipients, ENCRYPTION).unwrap();
    let key = DecryptionKey::from_password(b"secret", algorithm).unwrap();
    let mut options = Options::default();
    options.max_p2c = 1999;
    let error = jwe::decrypt_json_blocking(&token, &key, &options).unwrap_err();
    assert_eq!((error.kind(), error.found()), (ErrorKind::TooLarge, Some("2000")));
    options.max_p2c = 2000;
    jwe::decrypt_json_blocking(&token, &key, &options).unwrap();

    let many: Vec<_> = std::iter::repeat_with(sender).take(33).collect();
    let many: Vec<_> = many.iter().map(Recipient::new).collect();
    assert_eq!(
        jwe::encrypt_json(&Parts::default(), PLAINTEXT, &many, ENCRYPTION).unwrap_err().kind(),
        ErrorKind::TooLarge
    );
    assert_eq!(
        jwe::encrypt_json(&Parts::default(), PLAINTEXT, &[], ENCRYPTION).unwrap_err().kind(),
        ErrorKind::Malformed
    );
}

#[test]
fn a_header_that_many_recipients_share_is_bounded_by_what_it_costs_them_all() {
    let mut shared = token(&Parts::default());
    let one = json!({"header": {"alg": "A128KW"}, "encrypted_key": shared["encrypted_key"].take()});
    let members = shared.as_object_mut().unwrap();
    members.remove("encrypted_key");
    let mut cost = |recipients: usize, values: usize, protected: bool| {
        let header = json!({"enc": "A128CBC-HS256", "x": vec![1; values]});
        members.insert("recipients".to_owned(), vec![one.clone(); recipients].into());
        members.remove("unprotected");
        members.remove("protected");
        match protected {
            true => members.insert("protected".to_owned(), base64url::encode(header.to_string()).into()),
            false => members.insert("unprotected".to_owned(), header),
        };
        refused(&Value::Object(members.clone()))
    };
    for protected in [true, false] {
        assert_eq!(cost(32, 1000, protected), ErrorKind::Decryption);
        assert_eq!(cost(1, 60_000, protected), ErrorKind::Decryption);
        assert_eq!(cost(32, 60_000, protected), ErrorKind::TooLarge);
        assert_eq!(cost(8, 60_000, protected), ErrorKind::TooLarge);
    }
}
