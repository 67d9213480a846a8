//! The published examples of JWS, JWK, thumbprints and JWT, each by its name. Those of JWE are in `jwe_vectors.rs`.

use grantee_jose::jws::{self, Compact, Header, Json, Payload, SigningKey, ToSign, VerifyingKey};
use grantee_jose::jwt::{self, Expect};
use grantee_jose::signer::BlockingSigner;
use grantee_jose::{ErrorKind, Jwk, JwkSet, SignatureAlgorithm, base64url};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Kinds of cases that `jwe_vectors.rs` holds. The signed token inside `jwt_nested` is held here too.
const OF_JWE: [&str; 7] =
    ["jwe_compact", "jwe_general", "jwe_flattened", "jwt_encrypted", "aes_cbc_hmac", "ecdh_es_kdf", "ecdh_z"];

macro_rules! cases {
    ($read:expr, $run:ident, $names:ident: $($test:ident = $name:literal,)*) => {
        const $names: &[&str] = &[$($name,)*];
        $(#[test]
        fn $test() {
            $run(&$read($name));
        })*
    };
}

cases! { rfc, run_rfc, RFC:
    rfc7515_a_1_hs256 = "rfc7515-A.1",
    rfc7515_a_2_rs256 = "rfc7515-A.2",
    rfc7515_a_3_es256 = "rfc7515-A.3",
    rfc7515_a_4_es512 = "rfc7515-A.4",
    rfc7515_a_5_none_is_refused = "rfc7515-A.5",
    rfc7515_a_6_general = "rfc7515-A.6",
    rfc7515_a_7_flattened = "rfc7515-A.7",
    rfc7515_e_crit_is_refused = "rfc7515-E",
    rfc7517_a_1_public_keys = "rfc7517-A.1",
    rfc7517_a_2_private_keys = "rfc7517-A.2",
    rfc7517_a_3_symmetric_keys = "rfc7517-A.3",
    rfc7517_b_x5c_is_kept = "rfc7517-B",
    rfc7519_3_1_claims = "rfc7519-3.1",
    rfc7519_6_1_none_is_refused = "rfc7519-6.1",
    rfc7519_a_2_inner_token = "rfc7519-A.2",
    rfc7638_3_1_thumbprint = "rfc7638-3.1",
    rfc7797_4_1_control = "rfc7797-4.1",
    rfc7797_4_2_detached = "rfc7797-4.2",
    rfc7797_4_2_flattened = "rfc7797-4.2-flattened",
    rfc8037_a_1_ed25519_key = "rfc8037-A.1",
    rfc8037_a_3_thumbprint = "rfc8037-A.3",
    rfc8037_a_4_ed25519 = "rfc8037-A.4",
}

cases! { cookbook, run_cookbook_jws, COOKBOOK_JWS:
    rfc7520_4_1_rs256 = "jws_4_1.rsa_v15_signature",
    rfc7520_4_2_ps384 = "jws_4_2.rsa-pss_signature",
    rfc7520_4_3_es512 = "jws_4_3.ecdsa_signature",
    rfc7520_4_4_hs256 = "jws_4_4.hmac-sha2_integrity_protection",
    rfc7520_4_5_detached = "jws_4_5.signature_with_detached_content",
    rfc7520_4_6_unprotected_kid = "jws_4_6.protecting_specific_header_fields",
    rfc7520_4_7_content_only = "jws_4_7.protecting_content_only",
    rfc7520_4_8_three_signatures = "jws_4_8.multiple_signatures",
    cookbook_ed25519 = "curve25519_jws",
    cookbook_unencoded = "rfc7797_hmac-sha2_b64_false",
}

cases! { cookbook, run_cookbook_jwk, COOKBOOK_JWK:
    rfc7520_3_1_ec_public = "jwk_3_1.ec_public_key",
    rfc7520_3_2_ec_private = "jwk_3_2.ec_private_key",
    rfc7520_3_3_rsa_public = "jwk_3_3.rsa_public_key",
    rfc7520_3_4_rsa_private = "jwk_3_4.rsa_private_key",
    rfc7520_3_5_mac_key = "jwk_3_5.symmetric_key_mac_computation",
    rfc7520_3_6_content_key = "jwk_3_6.symmetric_key_encryption",
}

/// The case whose signing input and signature belong to another one; its tokens are right.
const UNENCODED: &str = "'b64'=false compatible with compact serialization";

/// The cookbook's files whose cases have tests of their own below.
const COOKBOOK_OTHERS: [&str; 2] = ["6.nesting_signatures_and_encryption", "rfc7797_4.2.hmac-sha2_b64_false"];

#[test]
fn every_case_of_the_rfcs_is_run_here_or_is_one_of_jwe() {
    let cases = read("jose_rfc.json")["cases"].as_array().unwrap().clone();
    assert_eq!(cases.len(), 35);
    let names: BTreeSet<&str> = cases
        .iter()
        .filter(|case| !OF_JWE.contains(&case["kind"].as_str().unwrap()))
        .map(|case| case["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, RFC.iter().copied().collect());
    assert_eq!(names.len(), 22);
}

#[test]
fn every_file_of_the_cookbook_is_run_here_or_is_one_of_jwe() {
    let mut names = BTreeSet::new();
    for file in std::fs::read_dir(vectors("jose_cookbook")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if !name.starts_with("jwe_") && name != "curve25519_ecdh-es.json" {
            names.insert(name.trim_end_matches(".json").to_owned());
        }
    }
    let held = [COOKBOOK_JWS, COOKBOOK_JWK, &COOKBOOK_OTHERS].concat();
    assert_eq!(names, held.into_iter().map(str::to_owned).collect());
    assert_eq!(names.len(), 18);
}

fn run_rfc(case: &Value) {
    let (input, expected) = (&case["input"], &case["expected"]);
    match case["kind"].as_str().unwrap() {
        "jws_compact" => compact(input, expected),
        "jws_detached_unencoded" => {
            let payload = text(&input["detached_payload_text"]).as_bytes();
            let parsed = Compact::parse_detached(text(&input["compact"]), payload).unwrap();
            assert_eq!(parsed.verify(&verifying(&input["jwk"], "HS256")).unwrap().payload, payload);
            let again = jws::sign_detached_blocking(
                &Header::new().with_unencoded_payload(),
                payload,
                &signing(&input["jwk"], "HS256"),
            );
            // The members' order is ours, so the token differs; it verifies all the same.
            let again = again.unwrap();
            Compact::parse_detached(&again, payload).unwrap().verify(&verifying(&input["jwk"], "HS256")).unwrap();
            // Without RFC 7797 the middle part would be an empty payload.
            Compact::parse(text(&input["compact"])).unwrap_err();
        }
        "jws_general" | "jws_flattened" => {
            for (index, jwk) in input["jwks"].as_array().unwrap().iter().enumerate() {
                let token = Json::parse(input["json"].to_string()).unwrap();
                let alg = token.signatures()[index].header().alg.clone().unwrap();
                let verified = token.verify(&verifying(jwk, &alg)).unwrap();
                assert_eq!(verified.index, index);
                assert_eq!(Some(verified.payload), payload_of(expected));
            }
        }
        "jwks_parse" => {
            let set = JwkSet::parse(input["jwks"].to_string()).unwrap();
            assert_eq!(set.ignored, Vec::<String>::new());
            assert_eq!(Some(set.keys.len() as u64), expected["key_count"].as_u64());
            for (key, kty) in set.keys.iter().zip(expected["kty"].as_array().unwrap()) {
                assert_eq!(key.key_type(), kty);
                assert_eq!(Some(key.is_private()), expected["private"].as_bool());
            }
            assert_eq!(set.to_value(), input["jwks"]);
        }
        "jwk_parse" => {
            let key = Jwk::from_value(input["jwk"].clone()).unwrap();
            assert_eq!(key.to_value(), input["jwk"]);
            if let Some(hex) = expected["public_hex"].as_str() {
                let x = base64url::decode(text(&input["jwk"]["x"])).unwrap();
                assert_eq!(x.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), hex);
                signing(&input["jwk"], "EdDSA");
            }
        }
        "thumbprint" => {
            let key = Jwk::from_value(input["jwk"].clone()).unwrap();
            assert_eq!(key.thumbprint(), expected["thumbprint"]);
            assert_eq!(
                base64url::encode(grantee_jose::sha256(text(&expected["canonical"]).as_bytes())),
                key.thumbprint()
            );
            if let Some(uri) = expected["uri"].as_str() {
                assert_eq!(key.thumbprint_uri(), uri);
            }
        }
        "jwt" if expected["valid"] == true => {
            let key = verifying(&input["jwk"], "HS256");
            let expires = expected["claims"]["exp"].as_i64().unwrap();
            let token = jwt::verify(text(&input["compact"]), &key, &Expect::new().issuer("joe"), expires - 1).unwrap();
            assert_eq!(Value::Object(token.claims.into_map()), expected["claims"]);
            let error = jwt::verify(text(&input["compact"]), &key, &Expect::new(), expires).unwrap_err();
            assert_eq!(error.spec(), "RFC 7519 section 4.1.4");
        }
        "jwt" => assert_eq!(Compact::parse(text(&input["compact"])).unwrap_err().kind(), ErrorKind::NotAllowed),
        "jwt_nested" => {
            let key = verifying(&input["jwk_verify"], "RS256");
            let token = jwt::verify(text(&expected["inner"]), &key, &Expect::new(), 0).unwrap();
            assert_eq!(Value::Object(token.claims.into_map()), expected["claims"]);
        }
        kind => panic!("no case of kind {kind} is known"),
    }
}

fn compact(input: &Value, expected: &Value) {
    let token = text(&input["compact"]);
    if expected["valid"] == false {
        let error = Compact::parse(token).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotAllowed);
        return;
    }
    let parsed = Compact::parse(token).unwrap();
    let alg = parsed.algorithm().name();
    if let Some(header) = expected["header"].as_object() {
        let found: Value = serde_json::from_str(&parsed.header().to_json()).unwrap();
        assert_eq!(found.as_object(), Some(header));
    }
    let payload = parsed.verify(&verifying(&input["jwk"], alg)).unwrap().payload;
    assert_eq!(Some(&payload), payload_of(expected).as_ref());
    let key = signing(&input["jwk"], alg);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    if expected["deterministic"] == true {
        assert_eq!(base64url::encode(key.sign(signed.as_bytes()).unwrap()), signature);
    }
    let again = jws::sign_blocking(&Header::new(), &payload, &key).unwrap();
    Compact::parse(&again).unwrap().verify(&verifying(&input["jwk"], alg)).unwrap();
}

fn run_cookbook_jwk(case: &Value) {
    let key = Jwk::from_value(case.clone()).unwrap();
    assert_eq!(key.to_value(), *case);
    assert_eq!(key.is_private(), case.get("d").is_some() || case.get("k").is_some());
    match key.public() {
        Some(public) => assert!(!public.is_private() && public.thumbprint() == key.thumbprint()),
        None => assert!(key.is_symmetric()),
    }
}

fn run_cookbook_jws(case: &Value) {
    let payload = text(&case["input"]["payload"]).as_bytes();
    let (keys, algs, made) = match &case["input"]["key"] {
        Value::Array(keys) => {
            let algs = case["input"]["alg"].as_array().unwrap().clone();
            (keys.clone(), algs, case["signing"].as_array().unwrap().clone())
        }
        key => (vec![key.clone()], vec![case["input"]["alg"].clone()], vec![case["signing"].clone()]),
    };
    let signers: Vec<SigningKey> = keys.iter().zip(&algs).map(|(key, alg)| signing(key, text(alg))).collect();
    let mut to_sign: Vec<ToSign<'_, dyn BlockingSigner>> = Vec::new();
    for (index, made) in made.iter().enumerate() {
        let (key, alg) = (&keys[index], text(&algs[index]));
        let input = text(&made["sig-input"]);
        if case["title"] != UNENCODED {
            let signature = base64url::decode(text(&made["sig"])).unwrap();
            verifying(key, alg).verify(input.as_bytes(), &signature).unwrap();
            if ["HS256", "RS256", "EdDSA"].contains(&alg) {
                assert_eq!(signers[index].sign(input.as_bytes()).unwrap(), signature);
            }
        }
        to_sign.push(ToSign {
            protected: header(&made["protected"]),
            unprotected: header(&made["unprotected"]),
            signer: &signers[index],
        });
    }
    let output = &case["output"];
    let detached = case["title"] == "Signature with Detached Content";
    if let Some(token) = output["compact"].as_str() {
        let parsed = if detached { Compact::parse_detached(token, payload) } else { Compact::parse(token) };
        assert_eq!(parsed.unwrap().verify(&verifying(&keys[0], text(&algs[0]))).unwrap().payload, payload);
    }
    for form in ["json", "json_flat"] {
        let Some(token) = output.get(form).map(Value::to_string) else { continue };
        for (index, (key, alg)) in keys.iter().zip(&algs).enumerate() {
            let parsed = if detached { Json::parse_detached(&token, payload) } else { Json::parse(&token) }.unwrap();
            let verified = parsed.verify(&verifying(key, text(alg))).unwrap();
            assert_eq!((verified.index, verified.payload.as_slice()), (index, payload));
            assert_eq!(verified.protected.alg.is_some(), made[index]["protected"]["alg"].is_string());
        }
    }
    let to_seal = if detached { Payload::Detached(payload) } else { Payload::Attached(payload) };
    let ours = jws::sign_general_blocking(to_seal, &to_sign).unwrap();
    for (key, alg) in keys.iter().zip(&algs) {
        let parsed = if detached { Json::parse_detached(&ours, payload) } else { Json::parse(&ours) }.unwrap();
        parsed.verify(&verifying(key, text(alg))).unwrap();
    }
    if let ([only], Some(made), true) = (to_sign.as_slice(), output.get("json_flat"), case["reproducible"] == true) {
        let ours = jws::sign_flattened_blocking(to_seal, &only.protected, &only.unprotected, only.signer).unwrap();
        let ours: Value = serde_json::from_str(&ours).unwrap();
        // The order of the members of that one's header is not ours.
        if case["title"] != UNENCODED {
            assert_eq!(&ours, made);
        }
    }
}

#[test]
fn rfc7520_6_the_signed_token_inside() {
    let case = &cookbook("6.nesting_signatures_and_encryption")["sign"];
    let key = &case["input"]["key"];
    let verified = Compact::parse(text(&case["output"]["compact"])).unwrap().verify(&verifying(key, "PS256")).unwrap();
    assert_eq!(verified.payload, text(&case["input"]["payload"]).as_bytes());
    assert_eq!(verified.header.typ.as_deref(), Some("JWT"));
}

#[test]
fn cookbook_unencoded_without_crit_is_refused_though_its_signature_is_right() {
    // The file says that crit names b64; the header that was signed has no crit (RFC 7797 section 6).
    let case = cookbook("rfc7797_4.2.hmac-sha2_b64_false");
    let protected = base64url::decode(text(&case["output"]["json_flat"]["protected"])).unwrap();
    assert_eq!(protected, br#"{"alg":"HS256","b64":false}"#);
    let signature = base64url::decode(text(&case["signing"]["sig"])).unwrap();
    let key = verifying(&case["input"]["key"], "HS256");
    key.verify(text(&case["signing"]["sig-input"]).as_bytes(), &signature).unwrap();
    for form in ["json", "json_flat"] {
        assert_eq!(Json::parse(case["output"][form].to_string()).unwrap_err().kind(), ErrorKind::Critical);
    }
}

#[test]
fn what_providers_publish_is_read_whole_and_serves() {
    let mut sets = 0;
    for file in std::fs::read_dir(vectors("providers/jwks")).unwrap() {
        let set = JwkSet::parse(std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        assert_eq!(set.ignored, Vec::<String>::new());
        for key in &set.keys {
            VerifyingKey::new(key, SignatureAlgorithm::Rs256).unwrap();
        }
        sets += 1;
    }
    assert_eq!(sets, 6);
}

fn header(members: &Value) -> Header {
    let mut header = Header::new();
    for (name, value) in members.as_object().into_iter().flatten() {
        header = match value {
            Value::Array(names) if name == "crit" => header.with_crit(names.iter().map(text)),
            value => header.with(name, value.clone()),
        };
    }
    header
}

fn payload_of(expected: &Value) -> Option<Vec<u8>> {
    match expected["payload_b64u"].as_str() {
        Some(encoded) => base64url::decode(encoded).ok(),
        None => expected["payload_text"].as_str().map(|text| text.as_bytes().to_vec()),
    }
}

fn verifying(jwk: &Value, alg: &str) -> VerifyingKey {
    let jwk = Jwk::from_value(jwk.clone()).unwrap();
    VerifyingKey::new(&jwk, SignatureAlgorithm::from_name(alg).unwrap()).unwrap()
}

fn signing(jwk: &Value, alg: &str) -> SigningKey {
    let jwk = Jwk::from_value(jwk.clone()).unwrap();
    SigningKey::new(&jwk, SignatureAlgorithm::from_name(alg).unwrap()).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn rfc(name: &str) -> Value {
    let mut file = read("jose_rfc.json");
    let cases = file["cases"].take();
    cases.as_array().unwrap().iter().find(|case| case["name"] == name).unwrap().clone()
}

fn cookbook(name: &str) -> Value {
    read(&format!("jose_cookbook/{name}.json"))
}

fn read(file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(vectors(file)).unwrap()).unwrap()
}

fn vectors(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(file)
}
