use crate::support::Home;
use serde_json::{Value, json};

/// RFC 7638 section 3.1.
const RFC_7638: &str = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;

#[test]
fn a_new_key_says_what_it_is_for_and_is_named_by_its_thumbprint() {
    let home = Home::new();
    for (arguments, members) in [
        (&["--type", "rsa"][..], json!({"kty": "RSA", "e": "AQAB"})),
        (&["--type", "RSA", "--size", "3072", "--use", "sig"], json!({"kty": "RSA", "use": "sig"})),
        (&["--type", "ec"], json!({"kty": "EC", "crv": "P-256"})),
        (&["--curve", "P-521"], json!({"kty": "EC", "crv": "P-521"})),
        (&["--curve", "secp256k1", "--alg", "ES256K"], json!({"kty": "EC", "crv": "secp256k1", "alg": "ES256K"})),
        (&["--type", "okp"], json!({"kty": "OKP", "crv": "Ed25519"})),
        (&["--curve", "X25519", "--alg", "ECDH-ES"], json!({"kty": "OKP", "crv": "X25519", "alg": "ECDH-ES"})),
        (&["--alg", "ES384"], json!({"kty": "EC", "crv": "P-384", "alg": "ES384"})),
    ] {
        let key = home.run(&[&["jwk", "generate"], arguments].concat()).json();
        for (name, value) in members.as_object().unwrap() {
            assert_eq!(&key[name], value, "{arguments:?}");
        }
        assert!(key["d"].is_string());
        let thumbprint = home.run_with(key.to_string(), &["jwk", "thumbprint"]).exits(0);
        assert_eq!(key["kid"], thumbprint.text().trim_end());
    }
    let secret = home.run(&["jwk", "generate", "--type", "oct", "--size", "512"]).json();
    assert!(secret.get("kid").is_none(), "the thumbprint of a secret tells of the secret");
    assert_eq!(secret["k"].as_str().unwrap().len(), 86);
    assert_eq!(home.run(&["jwk", "generate", "--alg", "HS384", "--kid", "a"]).json()["kid"], "a");
    let set = home.run(&["jwk", "generate", "--type", "ec", "--set"]).json();
    assert_eq!(set["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn the_thumbprint_is_the_published_one() {
    let home = Home::new();
    home.file("key", RFC_7638);
    let thumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    for arguments in [&["key"][..], &["--key", "key"]] {
        let ran = home.run(&[&["jwk", "thumbprint"], arguments].concat()).exits(0);
        assert_eq!(ran.text().trim_end(), thumbprint);
    }
    let uri = home.run(&["jwk", "thumbprint", "key", "--uri", "--json"]).json();
    assert_eq!(uri["thumbprint"], format!("urn:ietf:params:oauth:jwk-thumbprint:sha-256:{thumbprint}"));
    let long = home.run(&["jwk", "thumbprint", "key", "--hash", "sha512"]).exits(0);
    assert_eq!(long.text().trim_end().len(), 86);
}

#[test]
fn every_form_leads_back_to_the_same_key() {
    let home = Home::new();
    home.file("password", "s3cret");
    home.file("wrong", "another");
    for arguments in [&["--type", "rsa"][..], &["--curve", "P-256"], &["--curve", "P-384"], &["--curve", "Ed25519"]] {
        let key = home.run(&[&["jwk", "generate", "--kid", "k"], arguments].concat()).json();
        home.file("key", key.to_string());
        for form in ["jwk", "jwks", "pem", "der"] {
            let other = home.run(&["jwk", "convert", "key", "--to", form]).exits(0);
            assert_eq!(form == "pem", other.stdout.starts_with(b"-----BEGIN PRIVATE KEY-----"));
            let back = home.run_with(&other.stdout, &["jwk", "convert", "--to", "jwk"]).json();
            assert_eq!(back["d"], key["d"], "{form} of {arguments:?}");
        }
        let encrypt = ["jwk", "convert", "key", "--to", "encrypted-pem", "--new-password-file", "password"];
        let encrypted = home.run(&encrypt).exits(0);
        home.file("encrypted", &encrypted.stdout);
        let decrypt = |password| home.run(&["jwk", "convert", "encrypted", "--to", "jwk", "--password-file", password]);
        assert_eq!(decrypt("password").json()["d"], key["d"]);
        let wrong = decrypt("wrong").exits(14);
        assert!(!wrong.stderr.contains("another") && wrong.stdout.is_empty());
        let without = home.run(&["jwk", "convert", "encrypted", "--to", "jwk", "--json"]).exits(14);
        assert!(without.error()["hint"].as_str().unwrap().contains("--password-file"));
        let signed = ["jose", "sign", "--key", "encrypted", "--password-file", "password"];
        let alg = if key["kty"] == "RSA" { &["--alg", "RS256"][..] } else { &[] };
        home.run_with("x", &[&signed, alg].concat()).exits(0);
        let public = home.run(&["jwk", "convert", "key", "--to", "public-pem"]).exits(0);
        assert!(public.text().starts_with("-----BEGIN PUBLIC KEY-----"));
        let back = home.run_with(&public.stdout, &["jwk", "convert", "--to", "jwk"]).json();
        assert!(back.get("d").is_none());
        let thumbprint =
            |key: &Value| home.run_with(key.to_string(), &["jwk", "thumbprint"]).exits(0).text().to_owned();
        assert_eq!(thumbprint(&back), thumbprint(&key));
    }
}

#[test]
fn a_public_part_is_public() {
    let home = Home::new();
    let key = home.run(&["jwk", "generate", "--type", "ec", "--alg", "ES256"]).json();
    let public = home.run_with(key.to_string(), &["jwk", "public"]).json();
    assert_eq!((&public["x"], &public["kid"], public.get("d")), (&key["x"], &key["kid"], None));
    let secret = home.run(&["jwk", "generate", "--type", "oct"]).json();
    let ran = home.run_with(secret.to_string(), &["jwk", "public"]).exits(14);
    assert!(!ran.stderr.contains(secret["k"].as_str().unwrap()));
    // One in 64 names begins like an option.
    let mut key = key;
    key["kid"] = "-tTmPIm3kln9BdvDIe9XXkJsPjoFNxOk1uUC6LMBDxY".into();
    let public = home.run_with(key.to_string(), &["jwk", "public"]).json();
    let set = json!({ "keys": [secret, key] }).to_string();
    assert_eq!(home.run_with(&set, &["jwk", "public"]).json()["keys"], json!([public]));
    let kid = key["kid"].as_str().unwrap();
    assert_eq!(home.run_with(&set, &["jwk", "public", "--kid", kid]).json(), public);
    home.run_with(&set, &["jwk", "public", "--kid", "none"]).exits(14);
}
