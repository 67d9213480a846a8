use crate::support::{Home, Ran};
use grantor::{Misbehaviour, Server};
use serde_json::{Value, json};

/// Any bytes: no text, no JSON, no newline at the end.
const PAYLOAD: &[u8] = b"\x00\xff\r\n\"caf\xc3\xa9\" ";

fn generate(home: &Home, name: &str, arguments: &[&str]) -> Value {
    let key = home.run(&[&["jwk", "generate"], arguments].concat()).json();
    home.file(name, key.to_string());
    key
}

fn public(home: &Home, from: &str, name: &str) {
    let key = home.run(&["jwk", "public", from]).json();
    assert!(key.get("d").is_none() && key.get("k").is_none(), "{key}");
    home.file(name, key.to_string());
}

fn sign(home: &Home, arguments: &[&str]) -> String {
    let ran = home.run_with(PAYLOAD, &[&["jose", "sign"], arguments].concat()).exits(0);
    assert!(ran.text().ends_with('\n'));
    ran.text().trim_end().to_owned()
}

fn verify(home: &Home, token: &str, arguments: &[&str]) -> Ran {
    home.run_with(token, &[&["jose", "verify", "--json"], arguments].concat())
}

#[track_caller]
fn refused(ran: Ran) -> Value {
    let ran = ran.exits(11);
    assert!(ran.stdout.is_empty(), "{ran:?}");
    let error = ran.error();
    assert!(error["rule"].is_string() && error["spec"].is_string(), "{error}");
    error
}

#[test]
fn every_signature_algorithm_goes_there_and_back() {
    let home = Home::new();
    generate(&home, "rsa", &["--type", "rsa"]);
    let rsa = std::fs::read_to_string(home.path("rsa")).unwrap();
    for alg in [
        "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
        "ES256K", "EdDSA", "Ed25519", "Ed448",
    ] {
        if alg.starts_with(['R', 'P']) {
            home.file("key", &rsa);
        } else {
            generate(&home, "key", &["--alg", alg]);
        }
        let token = sign(&home, &["--key", "key", "--alg", alg]);
        if alg.starts_with("HS") {
            std::fs::copy(home.path("key"), home.path("public")).unwrap();
        } else {
            public(&home, "key", "public");
        }
        // A newline behind the token is the one that printing it has put there.
        for stdin in [token.clone(), format!("{token}\n"), format!("{token}\r\n")] {
            let ran = verify(&home, &stdin, &["--key", "public", "--alg", alg]).exits(0);
            assert_eq!(ran.stdout, PAYLOAD, "{alg}");
        }
        assert_eq!(verify(&home, &token, &["--key", "public"]).exits(0).stdout, PAYLOAD, "{alg}: by the key alone");
        let other = if alg == "RS256" { "RS384" } else { "RS256" };
        refused(verify(&home, &token, &["--key", "public", "--alg", other]));
    }
}

#[test]
fn every_serialization_of_a_signed_token_is_verified() {
    let home = Home::new();
    generate(&home, "key", &["--alg", "ES256", "--kid", "k"]);
    home.file("payload", PAYLOAD);
    for form in ["flattened", "general"] {
        let token = sign(&home, &["--key", "key", "--json-serialization", form, "--typ", "x"]);
        let members: Value = serde_json::from_str(&token).unwrap();
        assert_eq!(members.get("signatures").is_some(), form == "general");
        assert_eq!(verify(&home, &token, &["--key", "key"]).exits(0).stdout, PAYLOAD);
        let detached = sign(&home, &["--key", "key", "--json-serialization", form, "--detached"]);
        assert_eq!(verify(&home, &detached, &["--key", "key", "--payload", "payload"]).exits(0).stdout, PAYLOAD);
        refused(verify(&home, &detached, &["--key", "key"]));
        refused(verify(&home, &token, &["--key", "key", "--payload", "payload"]));
    }
    let detached = sign(&home, &["--key", "key", "--detached"]);
    assert!(detached.contains(".."), "{detached}");
    assert_eq!(verify(&home, &detached, &["--key", "key", "--payload", "payload"]).exits(0).stdout, PAYLOAD);
    home.file("payload", "another");
    refused(verify(&home, &detached, &["--key", "key", "--payload", "payload"]));
    let ran = home.run_with("plain", &["jose", "sign", "--key", "key", "--unencoded"]).exits(0);
    assert!(ran.text().contains(".plain."));
    assert_eq!(verify(&home, ran.text(), &["--key", "key"]).exits(0).stdout, b"plain");
}

#[test]
fn whatever_verify_refuses_is_11_with_nothing_on_stdout() {
    let home = Home::new();
    generate(&home, "key", &["--alg", "ES256", "--kid", "k"]);
    generate(&home, "other", &["--alg", "ES256", "--kid", "k"]);
    generate(&home, "rsa", &["--type", "rsa"]);
    home.file("set", home.run(&["jwk", "convert", "key", "--to", "jwks"]).exits(0).stdout);
    let pem = home.run(&["jwk", "convert", "rsa", "--to", "public-pem"]).exits(0);
    home.file("rsa.pem", &pem.stdout);
    let token = sign(&home, &["--key", "key"]);
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
    let b64 = |value: Value| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
    };
    let headed = |value: Value| format!("{}.{payload}.{signature}", b64(value));
    for bad in [
        String::new(),
        "\n".to_owned(),
        "x".to_owned(),
        "a.b".to_owned(),
        format!("{token}."),
        format!("{token}\n\n"),
        format!(" {token}"),
        format!("{header}.{payload}.{signature}="),
        format!("{header}.{payload}."),
        format!("{header}.{payload}.{}", "A".repeat(86)),
        format!("{header}.{}.{signature}", b64(json!("another payload"))),
        format!("{}.{payload}.{signature}", b64(json!([]))),
        headed(json!({"alg": "none"})),
        headed(json!({})),
        headed(json!({"alg": "RS256"})),
        headed(json!({"alg": "HS256"})),
        headed(json!({"alg": "ES384"})),
        headed(json!({"alg": "XX999"})),
        headed(json!({"alg": "ES256", "crit": ["x"], "x": 1})),
        format!("{}.{payload}.", b64(json!({"alg": "none"}))),
        "{".to_owned(),
        "{}".to_owned(),
        json!({"payload": payload, "signature": signature}).to_string(),
        json!({"payload": payload, "signatures": []}).to_string(),
        json!({"payload": payload, "protected": header, "signature": "AA"}).to_string(),
        "a.b.c.d.e".to_owned(),
    ] {
        for key in [&["--key", "key"][..], &["--key", "key", "--alg", "ES256"], &["--jwks", "set"]] {
            refused(verify(&home, &bad, key));
        }
    }
    let ran = home.run_with(b"\xff\xfe", &["jose", "verify", "--json", "--key", "key"]);
    refused(ran);
    refused(verify(&home, &token, &["--key", "other"]));
    for alg in ["none", "RSA1_5", "ES384", "HS256", "nonsense"] {
        refused(verify(&home, &token, &["--key", "key", "--alg", alg]));
    }
    // The public key's text is no secret to sign with.
    let secret = home.file("confused", json!({"kty": "oct", "k": b64(pem.text().into())}).to_string());
    let confused = sign(&home, &["--key", secret.to_str().unwrap(), "--alg", "HS256"]);
    for alg in [&[][..], &["--alg", "HS256"], &["--alg", "HS256", "--alg", "RS256"]] {
        refused(verify(&home, &confused, &[&["--key", "rsa.pem"], alg].concat()));
    }
}

#[test]
fn a_set_is_chosen_from_by_kid_and_says_nothing_of_keys_that_do_not_fit() {
    let (home, server) = (Home::new(), Server::start());
    let mut keys = vec![json!({"kty": "XX"})];
    for kid in ["a", "b"] {
        keys.push(generate(&home, kid, &["--alg", "ES256", "--kid", kid]));
    }
    home.file("set", json!({ "keys": keys }).to_string());
    let token = sign(&home, &["--jwks", "set", "--kid", "b"]);
    assert_eq!(verify(&home, &token, &["--jwks", "set"]).exits(0).stdout, PAYLOAD);
    assert_eq!(verify(&home, &token, &["--jwks", "set", "--kid", "b"]).exits(0).stdout, PAYLOAD);
    refused(verify(&home, &token, &["--jwks", "set", "--kid", "a"]));
    let unnamed = generate(&home, "unnamed", &["--alg", "ES256", "--kid", "c"]);
    let token = sign(&home, &["--key", "unnamed"]);
    refused(verify(&home, &token, &["--jwks", "set"]));
    keys.push(unnamed);
    home.file("set", json!({ "keys": keys }).to_string());
    verify(&home, &token, &["--jwks", "set"]).exits(0);
    // The server's keys know nothing of it.
    refused(verify(&home, &token, &["--jwks", &server.url("/jwks")]));
}

#[test]
fn a_key_without_a_kid_serves_a_token_whose_kid_no_key_has() {
    let home = Home::new();
    let mut unnamed = generate(&home, "unnamed", &["--alg", "ES256"]);
    unnamed.as_object_mut().unwrap().remove("kid");
    let named = generate(&home, "named", &["--alg", "ES256", "--kid", "k"]);
    home.file("unnamed", unnamed.to_string());
    home.file("set", json!({ "keys": [unnamed, named] }).to_string());
    for form in [&[][..], &["--json-serialization", "general"]] {
        let token = sign(&home, &[&["--key", "unnamed", "--kid", "elsewhere"], form].concat());
        assert_eq!(verify(&home, &token, &["--jwks", "set"]).exits(0).stdout, PAYLOAD);
        // Where a key has the kid, it is that one and no other.
        let token = sign(&home, &[&["--key", "unnamed", "--kid", "k"], form].concat());
        refused(verify(&home, &token, &["--jwks", "set"]));
        let token = sign(&home, &[&["--key", "named", "--kid", "elsewhere"], form].concat());
        refused(verify(&home, &token, &["--jwks", "set"]));
    }
}

#[test]
fn a_set_is_fetched_by_the_library_and_what_fails_has_its_own_status() {
    let (home, server) = (Home::new(), Server::builder().auto_approve("alice").start());
    let options = crate::support::service(&home, &server);
    let started =
        home.run(&crate::support::with(&["login", "--start", "pending", "--scope", "openid"], &options)).exits(0);
    let callback = crate::support::redirect(started.text().trim()).unwrap();
    let token = home.run(&crate::support::with(&["login", "--finish", "pending", &callback], &options)).json();
    let id_token = token["id_token"].as_str().unwrap();
    let url = server.url("/jwks");
    let ran = verify(&home, id_token, &["--jwks", &url]).exits(0);
    let claims: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(claims["iss"], server.issuer());
    verify(&home, id_token, &["--jwks", "http://127.0.0.1:9/jwks"]).exits(13);
    let far = verify(&home, id_token, &["--jwks", "http://as.example/jwks"]).exits(2);
    assert!(far.stdout.is_empty() && !far.stderr.contains("--allow-http"), "an option that the verb does not have");
    server.misbehave(grantor::Endpoint::Jwks, Misbehaviour::Status { status: 500, retry_after: None });
    assert_eq!(verify(&home, id_token, &["--jwks", &url]).exits(10).error()["status"], 500);
    verify(&home, id_token, &["--jwks", &url, "--proxy", "http://u:p@127.0.0.1:9"]).exits(2);
    verify(&home, id_token, &["--jwks", &url, "--timeout", "0"]).exits(2);
    verify(&home, id_token, &["--jwks", &url, "--ca", "none"]).exits(14);
    verify(&home, id_token, &["--jwks", &url, "--proxy", "http://127.0.0.1:9"]).exits(13);
}

#[test]
fn wrong_use_is_2_and_a_bad_key_is_14() {
    let home = Home::new().env("GRANTEE_X", "x");
    let key = generate(&home, "key", &["--type", "rsa"]);
    home.file("bad", "s3cret");
    home.file("brace", r#"{"kty":"oct","k":"s3cret!"}"#);
    home.file("set", json!({ "keys": [key] }).to_string());
    generate(&home, "enc", &["--type", "rsa", "--use", "enc"]);
    public(&home, "key", "public");
    for (arguments, status) in [
        (&["jose", "verify"][..], 2),
        (&["jose", "verify", "--key", "-"], 2),
        (&["jose", "verify", "--key", "key", "--jwks", "set"], 2),
        (&["jose", "verify", "--key", "key", "--password-file", "-"], 2),
        (&["jose", "sign", "--key", "key"], 2),
        (&["jose", "sign", "--key", "key", "--alg", "none"], 2),
        (&["jose", "sign", "--key", "key", "--alg", "RS256", "--header", "x"], 2),
        (&["jose", "sign", "--key", "key", "--alg", "RS256", "--header", r#"{"alg":"PS256"}"#], 2),
        (&["jose", "sign", "--key", "key", "--alg", "RS256", "--header", r#"{"kid":1}"#], 2),
        (&["jose", "encrypt", "--key", "key"], 2),
        (&["jose", "encrypt", "--key", "key", "--alg", "RSA1_5"], 2),
        (&["jose", "encrypt", "--key", "key", "--alg", "RSA-OAEP", "--enc", "x"], 2),
        (&["jose", "encrypt", "--alg", "dir"], 2),
        (&["jose", "decrypt"], 2),
        (&["jose", "verify", "--key", "none"], 14),
        (&["jose", "verify", "--key", "bad"], 14),
        (&["jose", "verify", "--key", "brace"], 14),
        (&["jose", "verify", "--key", "set"], 14),
        (&["jose", "verify", "--jwks", "key"], 14),
        (&["jose", "verify", "--key", "key", "--payload", "none"], 14),
        (&["jose", "sign", "--key", "public", "--alg", "RS256"], 14),
        (&["jose", "sign", "--key", "key", "--alg", "ES256"], 14),
        (&["jose", "sign", "--key", "enc", "--alg", "RS256"], 14),
        (&["jose", "encrypt", "--key", "key", "--alg", "A128KW"], 14),
        (&["jwk", "thumbprint", "bad"], 14),
        (&["jwk", "generate"], 2),
        (&["jwk", "generate", "--type", "ec", "--size", "256"], 2),
        (&["jwk", "generate", "--type", "ec", "--curve", "Ed25519"], 2),
        (&["jwk", "generate", "--type", "rsa", "--alg", "ES256"], 2),
        (&["jwk", "generate", "--type", "rsa", "--size", "1024"], 2),
        (&["jwk", "generate", "--type", "oct", "--size", "12"], 2),
        (&["jwk", "convert", "key", "--to", "encrypted-pem"], 2),
        (&["jwk", "convert", "key", "--to", "x"], 2),
    ] {
        let ran = home.run_with("x", &[arguments, &["--json"]].concat()).exits(status);
        assert!(ran.stdout.is_empty() && !ran.stderr.contains("s3cret"), "{ran:?}");
        ran.error();
    }
}

#[test]
fn every_key_algorithm_and_content_encryption_goes_there_and_back() {
    let home = Home::new();
    generate(&home, "rsa", &["--type", "rsa"]);
    generate(&home, "ec", &["--type", "ec", "--curve", "P-384"]);
    generate(&home, "okp", &["--type", "okp", "--curve", "X25519"]);
    generate(&home, "x448", &["--type", "okp", "--curve", "X448"]);
    let there_and_back = |key: &str, alg: &str, enc: &str| {
        let encrypted = home.run_with(PAYLOAD, &["jose", "encrypt", "--key", key, "--alg", alg, "--enc", enc]).exits(0);
        for arguments in [&[][..], &["--alg", alg, "--enc", enc]] {
            let ran = home.run_with(encrypted.text(), &[&["jose", "decrypt", "--key", key], arguments].concat());
            assert_eq!(ran.exits(0).stdout, PAYLOAD, "{alg} {enc}");
        }
        encrypted.text().to_owned()
    };
    for alg in ["RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512"] {
        there_and_back("rsa", alg, "A256GCM");
    }
    for alg in ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"] {
        there_and_back("ec", alg, "A128GCM");
        there_and_back("okp", alg, "A192GCM");
        there_and_back("x448", alg, "A256GCM");
    }
    for alg in ["A128KW", "A192KW", "A256KW", "A128GCMKW", "A192GCMKW", "A256GCMKW"] {
        generate(&home, "oct", &["--alg", alg]);
        for enc in ["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"] {
            there_and_back("oct", alg, enc);
        }
    }
    for enc in ["A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"] {
        generate(&home, "content", &["--alg", enc]);
        let encrypted = home.run_with(PAYLOAD, &["jose", "encrypt", "--key", "content", "--alg", "dir"]).exits(0);
        let ran = home.run_with(encrypted.text(), &["jose", "decrypt", "--key", "content"]).exits(0);
        assert_eq!(ran.stdout, PAYLOAD, "{enc}");
    }
}

#[test]
fn what_sign_prints_is_nested_without_the_newline() {
    let home = Home::new();
    generate(&home, "key", &["--alg", "ES256"]);
    generate(&home, "enc", &["--alg", "A256KW"]);
    let printed = home.run_with("{}", &["jose", "sign", "--key", "key"]).exits(0);
    let decrypted = |cty: &[&str]| {
        let encrypt = [&["jose", "encrypt", "--key", "enc"], cty].concat();
        let nested = home.run_with(printed.text(), &encrypt).exits(0);
        home.run_with(nested.text(), &["jose", "decrypt", "--key", "enc"]).exits(0).stdout
    };
    for cty in [&["--cty", "JWT"][..], &["--cty", "application/jwt"], &["--header", r#"{"cty":"jwt"}"#]] {
        assert_eq!(decrypted(cty), printed.text().trim_end().as_bytes(), "{cty:?}");
    }
    // Other bytes stay as they are.
    assert_eq!(decrypted(&[]), printed.stdout);
    assert_eq!(decrypted(&["--cty", "text/plain"]), printed.stdout);
}

#[test]
fn passwords_serializations_and_compression() {
    let home = Home::new();
    home.file("password", "entrap_o_peter_long_credit_tun\n");
    home.file("wrong", "another");
    for alg in ["PBES2-HS256+A128KW", "PBES2-HS384+A192KW", "PBES2-HS512+A256KW"] {
        let encrypted =
            home.run_with(PAYLOAD, &["jose", "encrypt", "--password-file", "password", "--alg", alg]).exits(0);
        let decrypt = ["jose", "decrypt", "--password-file", "password"];
        assert_eq!(home.run_with(encrypted.text(), &decrypt).exits(0).stdout, PAYLOAD);
        refused(home.run_with(encrypted.text(), &["jose", "decrypt", "--json", "--password-file", "wrong"]));
    }
    generate(&home, "key", &["--alg", "A256KW", "--kid", "k"]);
    for form in ["flattened", "general"] {
        let arguments = ["jose", "encrypt", "--key", "key", "--json-serialization", form];
        let encrypted = home.run_with(PAYLOAD, &arguments).exits(0);
        assert!(serde_json::from_str::<Value>(encrypted.text()).unwrap().is_object());
        let ran = home.run_with(encrypted.text(), &["jose", "decrypt", "--key", "key"]).exits(0);
        assert_eq!(ran.stdout, PAYLOAD);
    }
    let zipped = home.run_with(PAYLOAD, &["jose", "encrypt", "--key", "key", "--zip"]).exits(0);
    refused(home.run_with(zipped.text(), &["jose", "decrypt", "--json", "--key", "key"]));
    let ran = home.run_with(zipped.text(), &["jose", "decrypt", "--key", "key", "--allow-zip"]).exits(0);
    assert_eq!(ran.stdout, PAYLOAD);
}

#[test]
fn whatever_decrypt_refuses_is_11_with_nothing_on_stdout() {
    let home = Home::new();
    generate(&home, "key", &["--alg", "A256KW", "--kid", "k"]);
    generate(&home, "other", &["--alg", "A256KW", "--kid", "k"]);
    home.file("set", home.run(&["jwk", "convert", "key", "--to", "jwks"]).exits(0).stdout);
    let encrypted = home.run_with(PAYLOAD, &["jose", "encrypt", "--jwks", "set", "--kid", "k"]).exits(0);
    let token = encrypted.text().trim_end();
    assert_eq!(home.run_with(token, &["jose", "decrypt", "--jwks", "set"]).exits(0).stdout, PAYLOAD);
    let tail = token.split_once('.').unwrap().1;
    for bad in ["", "x", "a.b.c", "a.b.c.d.e", "{}", "{\"ciphertext\":1}", &format!("{token}A"), &format!("e30.{tail}")]
    {
        refused(home.run_with(bad, &["jose", "decrypt", "--json", "--key", "key"]));
        refused(home.run_with(bad, &["jose", "decrypt", "--json", "--jwks", "set"]));
    }
    for arguments in [
        &["--key", "other"][..],
        &["--jwks", "set", "--kid", "x"],
        &["--key", "key", "--alg", "A128KW"],
        &["--key", "key", "--alg", "RSA1_5"],
        &["--key", "key", "--enc", "A128GCM"],
    ] {
        refused(home.run_with(token, &[&["jose", "decrypt", "--json"], arguments].concat()));
    }
    // RFC 7516 A.2's header: the refusal is of the token, whatever the key says of itself.
    let mut only = generate(&home, "rsa", &["--type", "rsa"]);
    only["alg"] = "RSA1_5".into();
    home.file("only", only.to_string());
    let unsafe_one =
        "eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.AA.AAAAAAAAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA";
    for key in ["only", "rsa", "key"] {
        let error = refused(home.run_with(unsafe_one, &["jose", "decrypt", "--json", "--key", key]));
        assert!(error["message"].as_str().unwrap().contains("RSA1_5"), "{error}");
    }
}

#[test]
fn inspect_shows_what_nobody_has_verified_and_says_so() {
    let home = Home::new();
    generate(&home, "key", &["--alg", "ES256", "--kid", "k"]);
    generate(&home, "secret", &["--alg", "A256KW"]);
    let inspect = |token: &str| home.run_with(token, &["jose", "inspect"]).json();
    let signed = home.run_with(r#"{"sub":"s"}"#, &["jose", "sign", "--key", "key", "--typ", "JWT"]).exits(0);
    let shown = inspect(signed.text());
    assert_eq!(
        (&shown["verified"], &shown["kind"], &shown["payload"]["sub"]),
        (&false.into(), &"JWS".into(), &"s".into())
    );
    assert_eq!(shown["header"], json!({"alg": "ES256", "kid": "k", "typ": "JWT"}));
    let shown = inspect(&sign(&home, &["--key", "key", "--json-serialization", "general"]));
    assert_eq!(shown["signatures"][0]["protected"]["kid"], "k");
    assert!(shown["payload_base64url"].is_string() && shown["verified"] == false, "{shown}");
    for form in [&[][..], &["--json-serialization", "flattened"], &["--json-serialization", "general"]] {
        let encrypted = home.run_with("x", &[&["jose", "encrypt", "--key", "secret"], form].concat()).exits(0);
        let shown = inspect(encrypted.text());
        assert_eq!((&shown["kind"], &shown["verified"]), (&"JWE".into(), &false.into()));
        assert!(shown.get("payload").is_none() && shown.to_string().contains("A256GCM"), "{shown}");
    }
    // What no verb here would ever take is shown too.
    assert_eq!(inspect("eyJhbGciOiJub25lIn0.e30.")["header"]["alg"], "none");
    for bad in ["", "x", "a.b.c", "{", "e30.e30.e30.e30"] {
        refused(home.run_with(bad, &["jose", "inspect", "--json"]));
    }
}
