//! The rules of access tokens that are JWTs (RFC 9068 section 4), each broken once.

mod support;

use grantee_core::jose::{
    ContentEncryption, DecryptionKey, EncryptionKey, Jwk, KeyAlgorithm, KeyKind, SignatureAlgorithm, SigningKey, jwe,
    jws,
};
use grantee_core::oidc::access_token::{self, AccessTokenClaims, AccessTokenValidator, Possession};
use grantee_core::{Error, Result, Scope, UnixTime};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use support::provider::{ISSUER, NOW, Provider, ec, key, signed_with};
use support::{block_on, seconds};

const API: &str = "https://api.example";

fn claims() -> Map<String, Value> {
    let claims = json!({
        "iss": ISSUER, "sub": "alice", "aud": API, "client_id": "app", "jti": "j", "iat": NOW, "exp": NOW + 600,
        "scope": "orders profile",
    });
    claims.as_object().unwrap().clone()
}

struct World {
    key: Jwk,
    provider: Provider,
    tokens: AccessTokenValidator,
}

fn world() -> World {
    let key = ec("k");
    let provider = Provider::new(vec![key.clone()]);
    let tokens = provider.client(|_| ()).access_tokens(API).alg("ES256");
    World { key, provider, tokens }
}

impl World {
    fn token(&self, typ: Option<&str>, edit: impl FnOnce(&mut Map<String, Value>)) -> String {
        let mut claims = claims();
        edit(&mut claims);
        let header = typ.map_or_else(jws::Header::new, |typ| jws::Header::new().with_typ(typ));
        signed_with(header, &SigningKey::new(&self.key, SignatureAlgorithm::Es256).unwrap(), &claims)
    }

    fn judge(&self, edit: impl FnOnce(&mut Map<String, Value>)) -> Result<AccessTokenClaims> {
        block_on(self.tokens.validate(&self.token(Some("at+jwt"), edit)))
    }

    fn broken(&self, edit: impl FnOnce(&mut Map<String, Value>)) -> String {
        refused(self.judge(edit))
    }
}

/// An API answers each of them with 401 and `invalid_token` (section 4).
fn refused(outcome: Result<AccessTokenClaims>) -> String {
    let error = outcome.unwrap_err();
    assert!(matches!(error, Error::Rule(_)), "{error:?}");
    let answer = access_token::answer(&error);
    assert_eq!(answer.status(), 401);
    assert!(answer.headers()["www-authenticate"].to_str().unwrap().starts_with(r#"Bearer error="invalid_token""#));
    error.to_string()
}

fn set(name: &'static str, value: impl Into<Value>) -> impl FnOnce(&mut Map<String, Value>) {
    let value = value.into();
    move |claims| drop(claims.insert(name.to_owned(), value))
}

#[test]
fn a_token_says_who_may_do_what() {
    let world = world();
    let token = world
        .judge(|claims| {
            set("auth_time", NOW - 5)(claims);
            set("acr", "high")(claims);
            set("amr", json!(["pwd", "otp"]))(claims);
            set("roles", json!(["admin", 7, {"value": "editor", "display": "Editor"}]))(claims);
            set("groups", json!([{"value": "g"}]))(claims);
            set("entitlements", json!(["e"]))(claims);
        })
        .unwrap();
    assert_eq!((token.issuer(), token.subject(), token.client_id(), token.jti()), (ISSUER, "alice", "app", "j"));
    assert_eq!(token.audience(), [API]);
    assert_eq!(token.scope(), &Scope::from("orders profile"));
    assert_eq!(token.expires_at(), UnixTime::from_seconds(NOW + 600));
    assert_eq!(token.auth_time(), Some(UnixTime::from_seconds(NOW - 5)));
    assert_eq!((token.acr(), token.amr()), (Some("high"), vec!["pwd", "otp"]));
    assert_eq!((token.roles(), token.groups(), token.entitlements()), (vec!["admin", "editor"], vec!["g"], vec!["e"]));
    assert!(token.confirmation().is_none());
    assert!(!format!("{:?}", world.tokens).contains("s3cret"));
}

#[test]
fn typ_must_say_that_it_is_an_access_token() {
    let world = world();
    for typ in ["at+jwt", "application/at+jwt", "AT+JWT"] {
        block_on(world.tokens.validate(&world.token(Some(typ), |_| ()))).unwrap();
    }
    for typ in [None, Some("JWT"), Some("logout+jwt"), Some("")] {
        let error = refused(block_on(world.tokens.validate(&world.token(typ, |_| ()))));
        assert!(error.contains("typ is that of this kind of token (RFC 9068 section 4)"), "{error}");
    }
}

#[test]
fn each_required_claim_is_required_and_of_its_type() {
    let world = world();
    for name in ["iss", "sub", "aud", "client_id", "jti", "iat", "exp"] {
        let error = world.broken(|claims| drop(claims.remove(name)));
        assert!(error.contains("RFC 9068 section"), "{error}");
        for wrong in [json!(null), json!(true), json!({}), json!("")] {
            world.broken(set(name, wrong));
        }
    }
    for wrong in [json!(7), json!(["orders"]), json!(null)] {
        assert!(world.broken(set("scope", wrong)).contains("scope is a string"));
    }
    assert!(world.judge(|claims| drop(claims.remove("scope"))).unwrap().scope().is_empty());
}

#[test]
fn the_issuer_is_exactly_the_one_configured() {
    let world = world();
    for other in ["https://other.example", "https://as.example/", "https://AS.example"] {
        assert!(world.broken(set("iss", other)).contains("iss is the issuer that was asked (RFC 9068 section 4)"));
    }
}

#[test]
fn the_api_is_among_the_audience() {
    let world = world();
    world.judge(set("aud", json!(["https://other.example", API]))).unwrap();
    for other in [json!("https://other.example"), json!([]), json!(["https://api.example/"]), json!([API, 7])] {
        assert!(world.broken(set("aud", other)).contains("aud is this API (RFC 9068 section 4)"));
    }
    let both = world.tokens.clone().audience("urn:api");
    block_on(both.validate(&world.token(Some("at+jwt"), set("aud", "urn:api")))).unwrap();
}

#[test]
fn times_are_judged_within_the_leeway() {
    let world = world();
    world.judge(set("exp", NOW - 59)).unwrap();
    world.judge(set("nbf", NOW + 60)).unwrap();
    assert!(world.broken(set("exp", NOW - 60)).contains("exp lies in the future"));
    assert!(world.broken(set("nbf", NOW + 61)).contains("nbf does not lie in the future"));
    assert!(world.broken(set("iat", NOW + 61)).contains("iat does not lie in the future"));
    let strict = world.tokens.clone().leeway(seconds(0));
    assert!(refused(block_on(strict.validate(&world.token(Some("at+jwt"), set("exp", NOW))))).contains("exp lies"));
    // A token that lives long is old and good.
    world.judge(set("iat", NOW - 400 * 86_400)).unwrap();
}

#[test]
fn only_the_algorithms_that_are_allowed_and_rs256_where_none_is_named() {
    let world = world();
    let rsa = key("r", KeyKind::Rsa(2048));
    world.provider.serve(vec![world.key.clone(), rsa.clone()]);
    let plain = world.provider.client(|_| ()).access_tokens(API);
    let header = || jws::Header::new().with_typ("at+jwt");
    let by = |alg| signed_with(header(), &SigningKey::new(&rsa, alg).unwrap(), &claims());
    block_on(plain.validate(&by(SignatureAlgorithm::Rs256))).unwrap();
    assert!(refused(block_on(plain.validate(&by(SignatureAlgorithm::Ps256)))).contains("alg is the one registered"));
    assert!(refused(block_on(plain.validate(&world.token(Some("at+jwt"), |_| ())))).contains("alg is the one"));
    assert!(refused(block_on(world.tokens.validate(&by(SignatureAlgorithm::Rs256)))).contains("alg is the one"));
    let two = world.tokens.clone().alg("PS256");
    block_on(two.validate(&by(SignatureAlgorithm::Ps256))).unwrap();
    block_on(two.validate(&world.token(Some("at+jwt"), |_| ()))).unwrap();
}

#[test]
fn unsigned_tokens_and_shared_secrets_are_out_of_the_question() {
    let world = world();
    let part = |json: &str| grantee_jose::base64url::encode(json);
    let unsigned =
        format!("{}.{}.", part(r#"{"alg":"none","typ":"at+jwt"}"#), part(&Value::from(claims()).to_string()));
    refused(block_on(world.tokens.validate(&unsigned)));
    let door = world.provider.client(|config| config.set_accept_unsigned_id_tokens()).access_tokens(API);
    refused(block_on(door.validate(&unsigned)));
    for alg in ["none", "HS256", "ROT13"] {
        let error = block_on(world.tokens.clone().alg(alg).validate("a.b.c")).unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{error}");
        assert_eq!(access_token::answer(&error).status(), 503);
    }
}

#[test]
fn a_strangers_signature_and_a_broken_token_are_refused() {
    let world = world();
    let header = || jws::Header::new().with_typ("at+jwt");
    let stranger = signed_with(header(), &SigningKey::new(&ec("k"), SignatureAlgorithm::Es256).unwrap(), &claims());
    assert!(refused(block_on(world.tokens.validate(&stranger))).contains("the signature verifies"));
    let unknown = signed_with(header(), &SigningKey::new(&ec("x"), SignatureAlgorithm::Es256).unwrap(), &claims());
    assert!(refused(block_on(world.tokens.validate(&unknown))).contains("a key of the server's set fits the token"));
    for broken in ["", "a", "a.b.c", "..", "opaque-token", "é.é.é", "....", &"x".repeat(400_000)] {
        refused(block_on(world.tokens.validate(broken)));
    }
}

#[test]
fn an_outage_of_the_key_set_is_not_the_tokens_fault() {
    let world = world();
    world.provider.answer(503, "");
    let error = world.judge(|_| ()).unwrap_err();
    let answer = access_token::answer(&error);
    assert_eq!((answer.status().as_u16(), answer.headers().get("www-authenticate")), (503, None));
}

#[test]
fn a_missing_scope_is_named_in_the_challenge() {
    let world = world();
    let writing = world.tokens.clone().require_scope("orders").require_scope("orders:write");
    let token = world.token(Some("at+jwt"), |_| ());
    let error = block_on(writing.validate(&token)).unwrap_err();
    assert_eq!((error.code(), error.status()), ("insufficient_scope", Some(403)));
    let answer = access_token::answer(&error);
    assert_eq!(answer.status(), 403);
    assert_eq!(
        answer.headers()["www-authenticate"],
        r#"Bearer error="insufficient_scope", scope="orders orders:write""#
    );
    block_on(world.tokens.clone().require_scope("profile orders").validate(&token)).unwrap();
}

#[test]
fn a_bound_token_is_worth_nothing_without_its_key() {
    let world = world();
    let cnf = json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"});
    let token = world.token(Some("at+jwt"), set("cnf", cnf));
    let alone = refused(block_on(world.tokens.validate(&token)));
    assert!(alone.contains("the DPoP key is the one the token is bound to"), "{alone}");
    let with =
        |thumbprint: &str| block_on(world.tokens.validate_with(&token, &Possession::nothing().dpop_key(thumbprint)));
    let claims = with("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I").unwrap();
    let confirmation = claims.confirmation().unwrap();
    assert_eq!(confirmation.dpop_key(), Some("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"));
    assert_eq!(confirmation.certificate(), None);
    refused(with("another"));
    let token =
        world.token(Some("at+jwt"), set("cnf", json!({"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"})));
    refused(block_on(world.tokens.validate(&token)));
    let proven = Possession::nothing().certificate("bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2");
    let claims = block_on(world.tokens.validate_with(&token, &proven)).unwrap();
    assert!(claims.confirmation().unwrap().certificate().is_some());
}

#[test]
fn an_encrypted_token_is_refused_unless_that_was_agreed() {
    let world = world();
    let (alg, enc) = (KeyAlgorithm::RsaOaep256, ContentEncryption::A256Gcm);
    let mine = key("mine", KeyKind::Rsa(2048));
    let signed = world.token(Some("at+jwt"), |_| ());
    let recipient = EncryptionKey::new(&mine.public().unwrap(), alg).unwrap();
    let encrypted = jwe::encrypt(&jwe::Header::new().with_cty("JWT"), signed.as_bytes(), &recipient, enc).unwrap();
    assert!(refused(block_on(world.tokens.validate(&encrypted))).contains("expected a signed token"));
    let client = world.provider.client(|config| {
        config.add_decryption_key(Arc::new(DecryptionKey::new(&mine, alg).unwrap()));
    });
    let tokens = client.access_tokens(API).alg("ES256").encryption(alg.name(), enc.name());
    block_on(tokens.validate(&encrypted)).unwrap();
    assert!(refused(block_on(tokens.validate(&signed))).contains("encrypted as registered"));
}
