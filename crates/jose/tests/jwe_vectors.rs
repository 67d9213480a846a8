//! The published examples of JWE, each by its name. Those that know only RSA1_5 assert its refusal (RFC 8725 section 3.2).

use grantee_jose::jws::Compact;
use grantee_jose::signer::{BlockingDecrypter, WrappedKey};
use grantee_jose::{
    ContentEncryption, DecryptionKey, ErrorKind, Jwk, KeyAlgorithm, SignatureAlgorithm, VerifyingKey, base64url, jwe,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Cases of `jose_rfc.json` that are held here; B.1 to B.3 of RFC 7518 are in `jwe/content.rs`, whose function they need.
const RFC: [&str; 14] = [
    "rfc7516-A.1",
    "rfc7516-A.2",
    "rfc7516-A.3",
    "rfc7516-A.4",
    "rfc7516-A.5",
    "rfc7517-C",
    "rfc7518-B.1",
    "rfc7518-B.2",
    "rfc7518-B.3",
    "rfc7518-C",
    "rfc7519-A.1",
    "rfc7519-A.2",
    "rfc8037-A.6",
    "rfc8037-A.7",
];

const COOKBOOK: [&str; 14] = [
    "curve25519_ecdh-es",
    "jwe_5_1.key_encryption_using_rsa_v15_and_aes-hmac-sha2",
    "jwe_5_10.including_additional_authentication_data",
    "jwe_5_11.protecting_specific_header_fields",
    "jwe_5_12.protecting_content_only",
    "jwe_5_13.encrypting_to_multiple_recipients",
    "jwe_5_2.key_encryption_using_rsa-oaep_with_aes-gcm",
    "jwe_5_3.key_wrap_using_pbes2-aes-keywrap_with-aes-cbc-hmac-sha2",
    "jwe_5_4.key_agreement_with_key_wrapping_using_ecdh-es_and_aes-keywrap_with_aes-gcm",
    "jwe_5_5.key_agreement_using_ecdh-es_with_aes-cbc-hmac-sha2",
    "jwe_5_6.direct_encryption_using_aes-gcm",
    "jwe_5_7.key_wrap_using_aes-gcm_keywrap_with_aes-cbc-hmac-sha2",
    "jwe_5_8.key_wrap_using_aes-keywrap_with_aes-gcm",
    "jwe_5_9.compressed_content",
];

#[test]
fn every_case_of_jwe_is_held_here() {
    let of_jwe = |case: &&Value| {
        let kind = case["kind"].as_str().unwrap();
        kind.starts_with("jwe_")
            || ["jwt_encrypted", "jwt_nested", "aes_cbc_hmac", "ecdh_es_kdf", "ecdh_z"].contains(&kind)
            || case["input"].get("password").is_some()
    };
    let cases = read("jose_rfc.json");
    let names: BTreeSet<_> =
        cases["cases"].as_array().unwrap().iter().filter(of_jwe).map(|case| case["name"].as_str().unwrap()).collect();
    assert_eq!(names, RFC.into_iter().collect());
    assert_eq!(names.len(), 14);

    let files = std::fs::read_dir(vectors("jose_cookbook")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names = names.filter(|name| name.starts_with("jwe_") || name.contains("ecdh"));
    let names: BTreeSet<_> = names.map(|name| name.trim_end_matches(".json").to_owned()).collect();
    assert_eq!(names, COOKBOOK.into_iter().map(str::to_owned).collect());
    assert_eq!(names.len(), 14);
}

#[test]
fn rfc7516_a_1_rsa_oaep() {
    compact_of("rfc7516-A.1");
}

#[test]
fn rfc7516_a_2_rsa1_5_is_refused() {
    refused_of("rfc7516-A.2", "jwk");
}

#[test]
fn rfc7516_a_3_a128kw() {
    compact_of("rfc7516-A.3");
}

#[test]
fn rfc7516_a_4_general_is_read_by_the_recipient_that_is_not_rsa1_5() {
    let case = rfc("rfc7516-A.4");
    let token = case["input"]["json"].to_string();
    let [rsa, secret] = case["input"]["jwks"].as_array().unwrap().as_slice() else { panic!("two keys") };
    let decrypted = jwe::decrypt_json_blocking(&token, &any(secret), &jwe::Options::default()).unwrap();
    assert_eq!(text(&decrypted), case["expected"]["plaintext"]);
    assert_eq!((decrypted.recipient, decrypted.header.kid.as_deref()), (1, Some("7")));
    assert_eq!(decrypted.header.get("jku").unwrap(), "https://server.example.com/keys.jwks");
    let error = jwe::decrypt_json_blocking(&token, &any(rsa), &jwe::Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoKey);
}

#[test]
fn rfc7516_a_5_flattened() {
    let case = rfc("rfc7516-A.5");
    let key = any(&case["input"]["jwks"][0]);
    let token = case["input"]["json"].to_string();
    let decrypted = jwe::decrypt_json_blocking(&token, &key, &jwe::Options::default()).unwrap();
    assert_eq!(text(&decrypted), case["expected"]["plaintext"]);
}

#[test]
fn rfc7517_c_a_key_under_a_password() {
    let case = rfc("rfc7517-C");
    let password = case["input"]["password"].as_str().unwrap();
    let key = DecryptionKey::from_password(password.as_bytes(), KeyAlgorithm::Pbes2Hs256A128Kw).unwrap();
    let decrypted =
        jwe::decrypt_blocking(case["input"]["compact"].as_str().unwrap(), &key, &jwe::Options::default()).unwrap();
    let expected: Value = serde_json::from_str(case["expected"]["plaintext"].as_str().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&decrypted.plaintext).unwrap(), expected);
    assert_eq!(Jwk::parse(&*decrypted.plaintext).unwrap().kid(), Some("juliet@capulet.lit"));
}

#[test]
fn rfc7518_c_the_agreed_key() {
    let case = rfc("rfc7518-C");
    let header = header(&case["input"]["header"]);
    let wrapped = WrappedKey::new(KeyAlgorithm::EcdhEs, ContentEncryption::A128Gcm, b"", &header);
    let expected = case["expected"]["derived_key_b64u"].as_str().unwrap();
    let z = hex(&case["expected"]["z_hex"]);
    assert_eq!(base64url::encode(&*jwe::ecdh_es_key(&z, &wrapped).unwrap()), expected);
    let key = DecryptionKey::new(&jwk(&case["input"]["recipient_jwk"]), KeyAlgorithm::EcdhEs).unwrap();
    assert_eq!(base64url::encode(&*key.unwrap_key(wrapped).unwrap()), expected);
}

#[test]
fn rfc7519_a_1_rsa1_5_is_refused() {
    refused_of("rfc7519-A.1", "jwk");
}

#[test]
fn rfc7519_a_2_nested_in_rsa1_5_is_refused() {
    refused_of("rfc7519-A.2", "jwk_decrypt");
}

#[test]
fn rfc8037_a_6_x25519() {
    agreed_of("rfc8037-A.6").unwrap();
}

#[test]
fn rfc8037_a_7_x448_with_the_feature_and_else_unsupported() {
    let agreed = agreed_of("rfc8037-A.7");
    match cfg!(feature = "ed448") {
        true => agreed.unwrap(),
        false => assert_eq!(agreed.unwrap_err().kind(), ErrorKind::Unsupported),
    }
}

#[test]
fn cookbook_curve25519_ecdh_es() {
    cookbook_of("curve25519_ecdh-es");
}

#[test]
fn rfc7520_5_1_rsa1_5_is_refused() {
    let case = cookbook("jwe_5_1.key_encryption_using_rsa_v15_and_aes-hmac-sha2");
    let key = any(&case["input"]["key"]);
    let options = jwe::Options::default();
    assert_refused(jwe::decrypt_blocking(case["output"]["compact"].as_str().unwrap(), &key, &options));
    assert_refused(jwe::decrypt_json_blocking(&case["output"]["json"].to_string(), &key, &options));
    assert_refused(jwe::decrypt_json_blocking(&case["output"]["json_flat"].to_string(), &key, &options));
}

#[test]
fn rfc7520_5_2_rsa_oaep() {
    cookbook_of("jwe_5_2.key_encryption_using_rsa-oaep_with_aes-gcm");
}

#[test]
fn rfc7520_5_3_pbes2() {
    let case = cookbook("jwe_5_3.key_wrap_using_pbes2-aes-keywrap_with-aes-cbc-hmac-sha2");
    let password = case["input"]["pwd"].as_str().unwrap();
    let key = DecryptionKey::from_password(password.as_bytes(), KeyAlgorithm::Pbes2Hs512A256Kw).unwrap();
    opens(&case, &key, &jwe::Options::default());
}

#[test]
fn rfc7520_5_4_ecdh_es_a128kw() {
    cookbook_of("jwe_5_4.key_agreement_with_key_wrapping_using_ecdh-es_and_aes-keywrap_with_aes-gcm");
}

#[test]
fn rfc7520_5_5_ecdh_es() {
    cookbook_of("jwe_5_5.key_agreement_using_ecdh-es_with_aes-cbc-hmac-sha2");
}

#[test]
fn rfc7520_5_6_dir() {
    cookbook_of("jwe_5_6.direct_encryption_using_aes-gcm");
}

#[test]
fn rfc7520_5_7_a256gcmkw() {
    cookbook_of("jwe_5_7.key_wrap_using_aes-gcm_keywrap_with_aes-cbc-hmac-sha2");
}

#[test]
fn rfc7520_5_8_a128kw() {
    cookbook_of("jwe_5_8.key_wrap_using_aes-keywrap_with_aes-gcm");
}

#[test]
fn rfc7520_5_9_compressed_is_refused_unless_it_is_allowed() {
    let case = cookbook("jwe_5_9.compressed_content");
    let key = any(&case["input"]["key"]);
    let token = case["output"]["compact"].as_str().unwrap();
    let error = jwe::decrypt_blocking(token, &key, &jwe::Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotAllowed);
    let mut options = jwe::Options::default();
    options.zip = true;
    opens(&case, &key, &options);
}

#[test]
fn rfc7520_5_10_additional_data() {
    let case = cookbook_of("jwe_5_10.including_additional_authentication_data");
    let token = case["output"]["json"].to_string();
    let decrypted = jwe::decrypt_json_blocking(&token, &any(&case["input"]["key"]), &jwe::Options::default()).unwrap();
    assert_eq!(std::str::from_utf8(&decrypted.aad).unwrap(), case["input"]["aad"]);
}

#[test]
fn rfc7520_5_11_some_parameters_protected() {
    cookbook_of("jwe_5_11.protecting_specific_header_fields");
}

#[test]
fn rfc7520_5_12_content_only() {
    cookbook_of("jwe_5_12.protecting_content_only");
}

#[test]
fn rfc7520_5_13_each_recipient_but_that_of_rsa1_5_reads_it() {
    let case = cookbook("jwe_5_13.encrypting_to_multiple_recipients");
    let token = case["output"]["json"].to_string();
    let [rsa, ec, secret] = case["input"]["key"].as_array().unwrap().as_slice() else { panic!("three keys") };
    for (recipient, key) in [(1, ec), (2, secret)] {
        let decrypted = jwe::decrypt_json_blocking(&token, &any(key), &jwe::Options::default()).unwrap();
        assert_eq!(text(&decrypted), case["input"]["plaintext"]);
        assert_eq!(decrypted.recipient, recipient);
    }
    let error = jwe::decrypt_json_blocking(&token, &any(rsa), &jwe::Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoKey);
}

#[test]
fn rfc7520_6_a_signature_inside() {
    let case = cookbook("6.nesting_signatures_and_encryption");
    let key = any(&case["encrypt"]["input"]["key"]);
    let options = jwe::Options::default();
    let output = &case["encrypt"]["output"];
    let decrypted = jwe::decrypt_blocking(output["compact"].as_str().unwrap(), &key, &options).unwrap();
    assert_eq!(decrypted.header.cty.as_deref(), Some("JWT"));
    for form in ["json", "json_flat"] {
        let again = jwe::decrypt_json_blocking(&output[form].to_string(), &key, &options).unwrap();
        assert_eq!(again.plaintext, decrypted.plaintext);
    }
    assert_eq!(text(&decrypted), case["sign"]["output"]["compact"]);
    let verifying = VerifyingKey::new(&jwk(&case["sign"]["input"]["key"]), SignatureAlgorithm::Ps256).unwrap();
    let token = text(&decrypted);
    let verified = Compact::parse(&token).unwrap().verify(&verifying).unwrap();
    assert_eq!(std::str::from_utf8(&verified.payload).unwrap(), case["sign"]["input"]["payload"]);
}

fn compact_of(name: &str) {
    let case = rfc(name);
    let token = case["input"]["compact"].as_str().unwrap();
    let decrypted = jwe::decrypt_blocking(token, &any(&case["input"]["jwk"]), &jwe::Options::default()).unwrap();
    assert_eq!(text(&decrypted), case["expected"]["plaintext"]);
    assert_eq!(decrypted.header, header(&case["expected"]["header"]));
}

fn refused_of(name: &str, key: &str) {
    let case = rfc(name);
    let key = any(&case["input"][key]);
    let token = case["input"]["compact"].as_str().unwrap();
    assert_refused(jwe::decrypt_blocking(token, &key, &jwe::Options::default()));
}

fn assert_refused(decrypted: Result<jwe::Decrypted, grantee_jose::Error>) {
    let error = decrypted.unwrap_err();
    assert_eq!((error.kind(), error.spec()), (ErrorKind::Unsupported, "RFC 8725 section 3.2"));
    assert_eq!(error.found(), Some("RSA1_5"));
}

/// The key that two parties agree on is the one that the published secret gives.
fn agreed_of(name: &str) -> Result<(), grantee_jose::Error> {
    let case = rfc(name);
    let mut ours = case["expected"]["epk"].clone();
    ours["d"] = base64url::encode(hex(&case["input"]["ephemeral_private_hex"])).into();
    let theirs = &case["input"]["recipient_jwk"];
    let header = header(&json!({ "alg": "ECDH-ES", "epk": theirs }));
    let wrapped = WrappedKey::new(KeyAlgorithm::EcdhEs, ContentEncryption::A256Gcm, b"", &header);
    let key = DecryptionKey::new(&jwk(&ours), KeyAlgorithm::EcdhEs)?;
    let expected = jwe::ecdh_es_key(&hex(&case["expected"]["z_hex"]), &wrapped)?;
    assert_eq!(key.unwrap_key(wrapped)?, expected);
    Ok(())
}

fn cookbook_of(name: &str) -> Value {
    let case = cookbook(name);
    opens(&case, &any(&case["input"]["key"]), &jwe::Options::default());
    case
}

/// Every form in which the case shows the token.
fn opens(case: &Value, key: &DecryptionKey, options: &jwe::Options) {
    let mut forms = 0;
    for (form, token) in case["output"].as_object().unwrap() {
        let decrypted = match token.as_str() {
            Some(compact) => jwe::decrypt_blocking(compact, key, options),
            None => jwe::decrypt_json_blocking(&token.to_string(), key, options),
        };
        let decrypted = decrypted.unwrap_or_else(|error| panic!("{form}: {error}"));
        assert_eq!(text(&decrypted), case["input"]["plaintext"], "{form}");
        forms += 1;
    }
    assert!(forms >= 2);
}

fn text(decrypted: &jwe::Decrypted) -> String {
    String::from_utf8(decrypted.plaintext.to_vec()).unwrap()
}

fn any(value: &Value) -> DecryptionKey {
    DecryptionKey::any(&jwk(value)).unwrap()
}

fn jwk(value: &Value) -> Jwk {
    Jwk::from_value(value.clone()).unwrap()
}

fn header(value: &Value) -> jwe::Header {
    let members = value.as_object().unwrap().iter();
    members.fold(jwe::Header::new(), |header, (name, value)| header.with(name, value.clone()))
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn rfc(name: &str) -> Value {
    let cases = read("jose_rfc.json");
    cases["cases"].as_array().unwrap().iter().find(|case| case["name"] == name).unwrap().clone()
}

fn cookbook(name: &str) -> Value {
    read(&format!("jose_cookbook/{name}.json"))
}

fn read(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(vectors(name)).unwrap()).unwrap()
}

fn vectors(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}
