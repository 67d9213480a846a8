use crate::support::{Home, Ran, log_in, service};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantor::{Endpoint, Misbehaviour, Server, SigningKey};
use serde_json::{Map, Value, json};

const ISSUER: &str = "https://as.example";
const NOW: i64 = 1_800_000_000;

fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "s", "aud": "c", "iat": NOW, "exp": NOW + 600, "nonce": "n", "auth_time": NOW - 10, "acr": "high"})
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn signed(key: &SigningKey, claims: Value) -> String {
    key.sign(object(json!({"alg": key.alg(), "kid": key.kid()})), object(claims))
}

/// A home with the key set of `key` in the file `set`.
fn home(key: &SigningKey) -> Home {
    let home = Home::new();
    home.file("set", json!({ "keys": [key.jwk()] }).to_string());
    home
}

fn verify(home: &Home, token: &str, more: &[&str]) -> Ran {
    let at = NOW.to_string();
    let base = ["id-token", "verify", "--json", "--issuer", ISSUER, "--client-id", "c", "--jwks", "set", "--at", &at];
    home.run_with(format!("{token}\n"), &[&base[..], more].concat())
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
fn the_claims_of_a_good_one_are_printed() {
    let key = SigningKey::shared("RS256");
    let home = home(&key);
    let token = signed(&key, claims());
    assert_eq!(verify(&home, &token, &[]).json(), claims());
    let all = ["--nonce", "n", "--max-age", "60", "--acr", "low", "--acr", "high"];
    assert_eq!(verify(&home, &token, &all).json(), claims());
    assert!(refused(verify(&home, &token, &["--acr", "low"]))["hint"].as_str().unwrap().contains("--accept-any-acr"));
    verify(&home, &token, &["--acr", "low", "--accept-any-acr"]).json();
}

#[test]
fn whatever_breaks_a_rule_is_11() {
    let key = SigningKey::shared("RS256");
    let home = home(&key);
    let token = signed(&key, claims());
    for more in [
        &["--nonce", "other"][..],
        &["--max-age", "1", "--at", "1800000100"],
        &["--acr", "low"],
        &["--at", "1800000700"],
        &["--at", "1799990000"],
        &["--client-id", "other"],
        &["--issuer", "https://other.example"],
        &["--alg", "ES256"],
        &["--alg", "none"],
    ] {
        let mut arguments = vec!["id-token", "verify", "--json", "--jwks", "set"];
        let at = NOW.to_string();
        for (name, value) in [("--issuer", ISSUER), ("--client-id", "c"), ("--at", &at)] {
            if !more.contains(&name) {
                arguments.extend([name, value]);
            }
        }
        arguments.extend(more);
        refused(home.run_with(&token, &arguments));
    }
    for (name, value) in [("iss", json!("x")), ("aud", json!(["c", "x"])), ("exp", json!(NOW - 100)), ("sub", json!(7))]
    {
        let mut claims = claims();
        claims[name] = value;
        refused(verify(&home, &signed(&key, claims), &[]));
    }
    for name in ["iss", "sub", "aud", "exp", "iat"] {
        let mut claims = object(claims());
        claims.remove(name);
        refused(verify(&home, &signed(&key, claims.into()), &[]));
    }
    let other = SigningKey::fresh("RS256");
    refused(verify(&home, &signed(&other, claims()), &[]));
    for bad in ["", "x", "a.b.c", "e30.e30.", &format!("{token}A")] {
        refused(verify(&home, bad, &[]));
    }
}

#[test]
fn the_algorithm_is_rs256_unless_said_and_the_refusal_names_the_option() {
    let key = SigningKey::shared("ES256");
    let home = home(&key);
    let token = signed(&key, claims());
    assert!(refused(verify(&home, &token, &[]))["hint"].as_str().unwrap().contains("--alg"));
    verify(&home, &token, &["--alg", "ES256"]).json();
    verify(&home, &token, &["--id-token-alg", "ES256"]).json();
}

#[test]
fn another_audience_is_trusted_by_name() {
    let key = SigningKey::shared("RS256");
    let home = home(&key);
    let mut claims = claims();
    claims["aud"] = json!(["c", "d"]);
    claims["azp"] = json!("c");
    let token = signed(&key, claims);
    assert!(refused(verify(&home, &token, &[]))["hint"].as_str().unwrap().contains("--trusted-audience"));
    verify(&home, &token, &["--trusted-audience", "d"]).json();
}

#[test]
fn hashes_are_of_what_came_along() {
    let key = SigningKey::shared("RS256");
    let home = home(&key);
    // OpenID Connect Core appendix A.
    let mut claims = claims();
    claims["at_hash"] = json!("77QmUPtjPfzWtF2AnpK9RQ");
    claims["c_hash"] = json!("LDktKdoQak3Pk0cnXxCltA");
    let token = signed(&key, claims);
    home.file("access_token", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
    home.file("code", "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk");
    home.file("other", "other");
    verify(&home, &token, &["--access-token", "@access_token", "--code", "@code"]).json();
    refused(verify(&home, &token, &["--access-token", "@other"]));
    refused(verify(&home, &token, &["--code", "@other"]));
    let literal = verify(&home, &token, &["--code", "l1teral"]).exits(2);
    assert!(!literal.stderr.contains("l1teral"));
    verify(&home, &token, &["--code", "-"]).exits(2);
    let bare = signed(&key, self::claims());
    verify(&home, &bare, &["--code", "@code"]).json();
    refused(verify(&home, &bare, &["--code", "@code", "--front-channel"]));
}

#[test]
fn a_symmetric_signature_is_by_the_client_secret_and_needs_no_keys() {
    let home = Home::new();
    let secret = "a-secret-of-thirty-two-characters";
    home.file("secret", secret);
    home.file("key", json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(secret)}).to_string());
    let token = home.run_with(claims().to_string(), &["jose", "sign", "--key", "key", "--alg", "HS256"]).exits(0);
    let at = NOW.to_string();
    let base = ["id-token", "verify", "--json", "--issuer", ISSUER, "--client-id", "c", "--at", &at];
    let with_secret = [&base[..], &["--alg", "HS256", "--client-secret-file", "secret"]].concat();
    home.run_with(&token.stdout, &with_secret).json();
    home.run_with(&token.stdout, &[&base[..], &["--alg", "HS256"]].concat()).exits(2);
    home.file("secret", "another-secret-of-thirty-two-chars");
    refused(home.run_with(&token.stdout, &with_secret));
}

#[test]
fn an_encrypted_one_is_decrypted_and_a_plain_one_refused_then() {
    let key = SigningKey::shared("RS256");
    let home = home(&key);
    let token = signed(&key, claims());
    home.file("private", home.run(&["jwk", "generate", "--type", "rsa", "--kid", "e"]).exits(0).stdout);
    home.file("public", home.run(&["jwk", "public", "private"]).exits(0).stdout);
    for (alg, enc) in [("RSA-OAEP", "A128CBC-HS256"), ("RSA-OAEP-256", "A256GCM")] {
        let arguments = ["jose", "encrypt", "--key", "public", "--alg", alg, "--enc", enc, "--cty", "JWT"];
        let encrypted = home.run_with(&token, &arguments).exits(0);
        let encrypted = encrypted.text().trim_end();
        assert_eq!(verify(&home, encrypted, &["--decryption-key", "private"]).json(), claims());
        assert!(refused(verify(&home, encrypted, &[]))["hint"].as_str().unwrap().contains("--decryption-key"));
        let other = if enc == "A256GCM" { "RSA-OAEP-256/A128GCM" } else { "RSA-OAEP/A256GCM" };
        refused(verify(&home, encrypted, &["--decryption-key", "private", "--id-token-encryption", other]));
    }
    refused(verify(&home, &token, &["--decryption-key", "private"]));
    refused(verify(&home, "e30.e30.e30.e30.e30", &["--decryption-key", "private"]));
}

#[test]
fn the_keys_are_found_by_the_issuer_or_at_a_url() {
    let (home, server) = (Home::new(), Server::builder().auto_approve("alice").start());
    let options = service(&home, &server);
    let brought = log_in(&home, &options, &["--scope", "openid"]).json();
    let token = brought["id_token"].as_str().unwrap();
    let issuer = server.issuer();
    let base = ["id-token", "verify", "--json", "--issuer", &issuer, "--client-id", "svc"];
    assert_eq!(home.run_with(token, &base).json(), brought["id_token_claims"]);
    let url = server.url("/jwks");
    let asked = server.count(Endpoint::Metadata);
    home.run_with(token, &[&base[..], &["--jwks", &url]].concat()).json();
    assert_eq!(server.count(Endpoint::Metadata), asked, "the metadata are not asked for");
    home.run_with(token, &[&base[..], &["--jwks", "http://127.0.0.1:9/jwks"]].concat()).exits(13);
    home.run_with(token, &[&base[..], &["--jwks", "none"]].concat()).exits(14);
    server.misbehave(Endpoint::Jwks, Misbehaviour::Status { status: 500, retry_after: None });
    home.run_with(token, &[&base[..], &["--jwks", &url]].concat()).exits(10);
    home.run_with(token, &["id-token", "verify", "--client-id", "svc", "--jwks", &url]).exits(2);
    home.run_with(token, &["id-token", "verify", "--issuer", &issuer, "--jwks", &url]).exits(2);
}
