//! The rules of ID tokens (OpenID Connect Core section 3.1.3.7 and its like), each broken once.

mod support;

use grantee_core::jose::{
    ContentEncryption, Curve, EncryptionKey, ErrorKind, Jwk, KeyAlgorithm, KeyKind, SignatureAlgorithm, SigningKey,
    Verified, jwe, jws,
};
use grantee_core::oidc::IdTokenExpectations as Expect;
use grantee_core::{Client, Error, UnixTime};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use support::provider::{ISSUER, NOW, Provider, claims, ec, key, signed, signed_with, verify};

struct World {
    key: Jwk,
    provider: Provider,
    client: Client,
}

fn world() -> World {
    let key = ec("k");
    let provider = Provider::new(vec![key.clone()]);
    let client = provider.client(|_| ());
    World { key, provider, client }
}

impl World {
    fn judge(&self, edit: impl FnOnce(&mut Map<String, Value>), expected: &Expect) -> Result<String, Error> {
        self.judge_by(&self.client, edit, expected)
    }

    fn judge_by(
        &self,
        client: &Client,
        edit: impl FnOnce(&mut Map<String, Value>),
        expected: &Expect,
    ) -> Result<String, Error> {
        let mut claims = claims();
        edit(&mut claims);
        verify(client, &signed(&self.key, SignatureAlgorithm::Es256, &claims), expected)
            .map(|token| token.subject().to_owned())
    }

    fn broken(&self, edit: impl FnOnce(&mut Map<String, Value>), expected: &Expect) -> String {
        refused(self.judge(edit, expected))
    }
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    let error = outcome.unwrap_err();
    let Error::Rule(broken) = &error else { panic!("{error:?}") };
    assert_eq!(broken.verified, Verified::Signature, "{error}");
    error.to_string()
}

fn set(name: &'static str, value: impl Into<Value>) -> impl FnOnce(&mut Map<String, Value>) {
    let value = value.into();
    move |claims| drop(claims.insert(name.to_owned(), value))
}

fn without(name: &'static str) -> impl FnOnce(&mut Map<String, Value>) {
    move |claims| drop(claims.remove(name))
}

#[test]
fn a_good_one_is_verified_and_read() {
    let World { key, client, .. } = world();
    let mut claims = claims();
    claims.insert("auth_time".into(), json!(NOW - 10));
    claims.insert("amr".into(), json!(["pwd", "otp"]));
    claims.insert("sid".into(), json!("session"));
    claims.insert("email".into(), json!("alice@example.com"));
    let id_token = verify(&client, &signed(&key, SignatureAlgorithm::Es256, &claims), &Expect::new()).unwrap();
    assert_eq!(
        (id_token.issuer(), id_token.subject(), id_token.audience()),
        (ISSUER, "alice", &["svc".to_owned()][..])
    );
    assert_eq!(id_token.expires_at(), UnixTime::from_seconds(NOW + 600));
    assert_eq!(id_token.auth_time(), Some(UnixTime::from_seconds(NOW - 10)));
    assert_eq!((id_token.amr(), id_token.session_id()), (vec!["pwd", "otp"], Some("session")));
    assert_eq!(
        (id_token.claims().email(), id_token.algorithm()),
        (Some("alice@example.com"), Some(SignatureAlgorithm::Es256))
    );
    let shown = format!("{id_token:?}");
    assert!(!shown.contains("alice") && !shown.contains(id_token.reveal()), "{shown}");
}

#[test]
fn iss_is_required_and_exactly_the_issuer() {
    let world = world();
    for (edit, got) in [(json!(null), "null"), (json!(7), "a number"), (json!(""), "an empty string")] {
        assert!(world.broken(set("iss", edit), &Expect::new()).contains(got));
    }
    for other in ["https://as.example/", "https://AS.example", "https://evil.example", "http://as.example"] {
        let message = world.broken(set("iss", other), &Expect::new());
        assert!(
            message.contains("iss is the issuer that was asked (OpenID Connect Core section 3.1.3.7)"),
            "{message}"
        );
        assert!(message.contains(other), "{message}");
    }
    assert!(world.broken(without("iss"), &Expect::new()).contains("expected iss, got no such member"));
}

#[test]
fn the_issuer_of_a_tenant_is_the_template_filled_with_the_tokens_tenant() {
    let world = world();
    let client = world.provider.client(|config| {
        config.members_mut().issuer = Some("https://login.example/{tenantid}/v2.0".into());
    });
    let tenant = |tid: &str, iss: &str| {
        let (tid, iss) = (tid.to_owned(), iss.to_owned());
        world.judge_by(
            &client,
            move |claims| {
                claims.insert("tid".into(), tid.into());
                claims.insert("iss".into(), iss.into());
            },
            &Expect::new(),
        )
    };
    assert!(tenant("a-b", "https://login.example/a-b/v2.0").is_ok());
    assert!(refused(tenant("a-b", "https://login.example/c/v2.0")).contains("iss is the issuer"));
    assert!(refused(tenant("../x", "https://login.example/../x/v2.0")).contains("iss is the issuer"));
    assert!(refused(world.judge_by(&client, |_| (), &Expect::new())).contains("iss is the issuer"));
}

#[test]
fn aud_contains_the_client_and_nobody_who_is_not_trusted() {
    let world = world();
    for aud in
        [json!("other"), json!(["other"]), json!([]), json!(null), json!({"svc": 1}), json!(["svc", 7]), json!("SVC")]
    {
        let message = world.broken(set("aud", aud), &Expect::new());
        assert!(message.contains("aud is this client"), "{message}");
    }
    assert!(world.broken(without("aud"), &Expect::new()).contains("aud is this client"));
    assert!(world.judge(set("aud", json!(["svc"])), &Expect::new()).is_ok());
    let stranger = world.broken(set("aud", json!(["svc", "stranger"])), &Expect::new());
    assert!(stranger.contains("stranger beside it") && stranger.contains("trusted_audience"), "{stranger}");
    let trusting = world.provider.client(|config| config.add_trusted_audience("stranger".into()));
    assert!(world.judge_by(&trusting, set("aud", json!(["stranger", "svc"])), &Expect::new()).is_ok());
    let still = refused(world.judge_by(&trusting, set("aud", json!(["stranger"])), &Expect::new()));
    assert!(still.contains("aud is this client"), "{still}");
}

#[test]
fn azp_is_the_client_or_somebody_trusted() {
    let world = world();
    assert!(world.judge(set("azp", "svc"), &Expect::new()).is_ok());
    for azp in [json!("other"), json!(7), json!(["svc"]), json!(null)] {
        assert!(world.broken(set("azp", azp), &Expect::new()).contains("azp is this client"));
    }
    let trusting = world.provider.client(|config| config.add_trusted_audience("phone-app".into()));
    assert!(world.judge_by(&trusting, set("azp", "phone-app"), &Expect::new()).is_ok());
}

#[test]
fn exp_is_required_and_lies_in_the_future_within_the_leeway() {
    let world = world();
    assert!(world.broken(without("exp"), &Expect::new()).contains("expected exp as seconds"));
    for bad in [json!("1700000600"), json!(null), json!([1])] {
        assert!(world.broken(set("exp", bad), &Expect::new()).contains("expected exp"));
    }
    assert!(world.judge(set("exp", NOW - 59), &Expect::new()).is_ok());
    assert!(world.judge(set("exp", json!(NOW as f64 - 59.5)), &Expect::new()).is_ok());
    assert!(world.broken(set("exp", NOW - 60), &Expect::new()).contains("exp lies in the future"));
    let strict = world.provider.client(|config| config.set_id_token_leeway(support::seconds(0)));
    assert!(refused(world.judge_by(&strict, set("exp", NOW), &Expect::new())).contains("exp lies"));
    assert!(world.judge(set("exp", NOW - 5000), &Expect::new().at(UnixTime::from_seconds(NOW - 5001))).is_err());
    let then = Expect::new().at(UnixTime::from_seconds(NOW + 659));
    assert!(world.judge(|_| (), &then).is_ok());
    assert!(world.broken(|_| (), &Expect::new().at(UnixTime::from_seconds(NOW + 660))).contains("exp lies"));
    for extreme in [json!(i64::MAX), json!(u64::MAX), json!(1e300)] {
        assert!(world.judge(set("exp", extreme), &Expect::new()).is_ok());
    }
    assert!(world.broken(set("exp", i64::MIN), &Expect::new()).contains("exp lies"));
}

#[test]
fn iat_is_required_not_in_the_future_and_not_a_week_old() {
    let world = world();
    assert!(world.broken(without("iat"), &Expect::new()).contains("expected iat"));
    assert!(world.judge(set("iat", NOW + 60), &Expect::new()).is_ok());
    assert!(world.broken(set("iat", NOW + 61), &Expect::new()).contains("iat does not lie in the future"));
    let week = 7 * 86_400;
    assert!(world.judge(set("iat", NOW - week + 1), &Expect::new()).is_ok());
    // Clocks that differ make a week no longer.
    assert!(world.broken(set("iat", NOW - week), &Expect::new()).contains("iat is not too far in the past"));
}

#[test]
fn nbf_counts_where_it_is_there() {
    let world = world();
    assert!(world.judge(set("nbf", NOW + 60), &Expect::new()).is_ok());
    assert!(world.broken(set("nbf", NOW + 61), &Expect::new()).contains("nbf does not lie in the future"));
    assert!(world.broken(set("nbf", "soon"), &Expect::new()).contains("expected nbf"));
}

#[test]
fn sub_is_required_and_bounded() {
    let world = world();
    assert!(world.broken(without("sub"), &Expect::new()).contains("expected sub"));
    for bad in [json!(7), json!(""), json!(null)] {
        assert!(world.broken(set("sub", bad), &Expect::new()).contains("expected sub"));
    }
    assert!(world.judge(set("sub", "x".repeat(255)), &Expect::new()).is_ok());
    assert!(world.broken(set("sub", "x".repeat(256)), &Expect::new()).contains("at most 255"));
}

#[test]
fn the_nonce_sent_must_come_back() {
    let world = world();
    let expected = Expect::new().nonce("n-0S6");
    assert!(world.judge(set("nonce", "n-0S6"), &expected).is_ok());
    for (nonce, got) in [(json!("n-0S7"), "another nonce"), (json!(""), "another nonce"), (json!(7), "a number")] {
        let message = world.broken(set("nonce", nonce), &expected);
        assert!(message.contains("nonce is the one that was sent") && message.contains(got), "{message}");
        assert!(!message.contains("n-0S"), "{message}");
    }
    assert!(world.broken(|_| (), &expected).contains("no such member"));
    assert!(world.judge(set("nonce", "whatever"), &Expect::new()).is_ok());
}

#[test]
fn max_age_wants_auth_time_and_a_login_that_is_recent_enough() {
    let world = world();
    let expected = Expect::new().max_age(300);
    assert!(world.broken(|_| (), &expected).contains("expected auth_time"));
    assert!(world.judge(set("auth_time", NOW - 360), &expected).is_ok());
    assert!(world.broken(set("auth_time", NOW - 361), &expected).contains("the login is no older than max_age"));
    assert!(world.broken(set("auth_time", NOW + 61), &expected).contains("the login is no older than max_age"));
    assert!(world.judge(set("auth_time", NOW - 60), &Expect::new().max_age(0)).is_ok());
    assert!(world.judge(set("auth_time", NOW), &Expect::new().max_age(u64::MAX)).is_ok());
}

#[test]
fn acr_is_one_of_those_asked_for_unless_any_will_do() {
    let world = world();
    let expected = Expect::new().acr_values("gold silver");
    assert!(world.judge(set("acr", "silver"), &expected).is_ok());
    for acr in [json!("bronze"), json!("gold silver"), json!(2), json!(null)] {
        assert!(world.broken(set("acr", acr), &expected).contains("acr is one of those asked for"));
    }
    assert!(world.broken(|_| (), &expected).contains("accept_any_acr"));
    let any = world.provider.client(|config| config.set_any_acr());
    assert!(world.judge_by(&any, set("acr", "bronze"), &expected).is_ok());
}

#[test]
fn hash_claims_match_by_the_digest_of_the_algorithm() {
    // The left halves of the digests of "token", computed with Python's hashlib.
    let cases = [
        (SignatureAlgorithm::Es256, KeyKind::Curve(Curve::P256), "PEaenWxYddN6Q_NT1PiOYQ"),
        (SignatureAlgorithm::Es256k, KeyKind::Curve(Curve::Secp256k1), "PEaenWxYddN6Q_NT1PiOYQ"),
        (SignatureAlgorithm::Es384, KeyKind::Curve(Curve::P384), "Cm6hANx1qgPTYYSWu3KFaieklEAsPkh3"),
        (SignatureAlgorithm::Es512, KeyKind::Curve(Curve::P521), "ImXaughy_DrvFp0Hk2XlkPDLyO1GwqeYTIpkKAPP2Ww"),
        (SignatureAlgorithm::EdDsa, KeyKind::Curve(Curve::Ed25519), "ImXaughy_DrvFp0Hk2XlkPDLyO1GwqeYTIpkKAPP2Ww"),
        (SignatureAlgorithm::Ed25519, KeyKind::Curve(Curve::Ed25519), "ImXaughy_DrvFp0Hk2XlkPDLyO1GwqeYTIpkKAPP2Ww"),
    ];
    for (alg, kind, known) in cases {
        let key = key("k", kind);
        let provider = Provider::new(vec![key.clone()]);
        let client = provider.client(|config| config.set_id_token_alg(Some(alg.name().into())));
        assert_eq!(alg.digest(key.curve()).left_half(b"token").as_deref(), Some(known));
        let half = |text: &str| alg.digest(key.curve()).left_half(text.as_bytes()).unwrap();
        for (claim, expected, spec) in [
            ("at_hash", Expect::new().access_token("token"), "3.2.2.9"),
            ("c_hash", Expect::new().code("token"), "3.3.2.10"),
            ("s_hash", Expect::new().state("token"), "5.1.1"),
        ] {
            let mut claims = claims();
            claims.insert(claim.into(), half("token").into());
            assert!(verify(&client, &signed(&key, alg, &claims), &expected).is_ok(), "{alg} {claim}");
            for wrong in [half("other"), half("token")[..10].to_owned(), String::new(), format!("{}=", half("token"))] {
                claims.insert(claim.into(), wrong.into());
                let message = refused(verify(&client, &signed(&key, alg, &claims), &expected));
                assert!(message.contains(claim) && message.contains(spec), "{message}");
            }
        }
    }
}

#[test]
fn hash_claims_are_required_in_the_front_channel_and_optional_from_the_token_endpoint() {
    let world = world();
    assert!(world.judge(|_| (), &Expect::new().access_token("t").code("c").state("s")).is_ok());
    let front = || Expect::new().front_channel();
    assert!(world.broken(|_| (), &front().access_token("t")).contains("expected at_hash, got no such member"));
    assert!(world.broken(|_| (), &front().code("c")).contains("expected c_hash, got no such member"));
    assert!(world.judge(|_| (), &front().state("s")).is_ok());
}

#[test]
fn a_rule_of_the_programs_own_is_one_line() {
    let world = world();
    let client = world.provider.client(|config| {
        let holds = |claim: Option<&Value>| claim.and_then(Value::as_str) == Some("uk_tfida");
        config.add_expectation("/verified_claims/verification/trust_framework".into(), Arc::new(holds));
    });
    let with = |framework: &str| set("verified_claims", json!({"verification": {"trust_framework": framework}}));
    assert!(world.judge_by(&client, with("uk_tfida"), &Expect::new()).is_ok());
    let message = refused(world.judge_by(&client, with("other"), &Expect::new()));
    assert!(message.contains("trust_framework") && message.contains("expect_claim"), "{message}");
    assert!(refused(world.judge_by(&client, |_| (), &Expect::new())).contains("no such member"));
}

#[test]
fn alg_is_as_registered_and_the_refusal_names_the_setting() {
    let keys: Vec<(SignatureAlgorithm, Jwk)> = vec![
        (SignatureAlgorithm::Rs256, key("rsa", KeyKind::Rsa(2048))),
        (SignatureAlgorithm::Es256, ec("ec")),
        (SignatureAlgorithm::EdDsa, key("ed", KeyKind::Curve(Curve::Ed25519))),
    ];
    let provider = Provider::new(keys.iter().map(|(_, key)| key.clone()).collect());
    for (registered, _) in &keys {
        let client = provider.client(|config| config.set_id_token_alg(Some(registered.name().into())));
        for (alg, key) in &keys {
            let outcome = verify(&client, &signed(key, *alg, &claims()), &Expect::new());
            if alg == registered {
                assert!(outcome.is_ok());
                continue;
            }
            let error = outcome.unwrap_err();
            let Error::Rule(broken) = &error else { panic!("{error:?}") };
            assert_eq!((broken.kind, broken.verified), (Some(ErrorKind::NotAllowed), Verified::Nothing));
            assert!(error.to_string().contains("id_token_alg(..)"), "{error}");
        }
    }
    let default = provider.client(|config| config.set_id_token_alg(Some("RS256".into())));
    assert!(verify(&default, &signed(&keys[0].1, SignatureAlgorithm::Rs256, &claims()), &Expect::new()).is_ok());
    // The same RSA key by another of its algorithms.
    assert!(verify(&default, &signed(&keys[0].1, SignatureAlgorithm::Ps256, &claims()), &Expect::new()).is_err());
}

#[test]
fn by_named_option_the_only_asymmetric_alg_that_the_metadata_lists() {
    let key = ec("k");
    let provider = Provider::new(vec![key.clone()]);
    let judge = |listed: Option<&[&str]>| {
        let client = provider.client(|config| {
            config.set_id_token_alg(None);
            config.members_mut().id_token_signing_alg_values_supported =
                listed.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        });
        verify(&client, &signed(&key, SignatureAlgorithm::Es256, &claims()), &Expect::new())
    };
    assert!(judge(Some(&["HS256", "ES256", "none", "X-NEW"])).is_ok());
    for ambiguous in [Some(&["ES256", "RS256"][..]), Some(&["HS256"][..]), Some(&[][..]), None] {
        let error = judge(ambiguous).unwrap_err();
        assert_eq!(error.code(), "configuration");
        assert!(error.to_string().contains("id_token_alg"), "{error}");
    }
}

#[test]
fn an_unknown_alg_in_the_configuration_is_said_when_the_client_is_built() {
    let mut config = grantee_core::Config::new(grantee_core::client::Server::Literal);
    config.set_client("svc".into(), None);
    config.set_id_token_alg(Some("none".into()));
    let provider = Provider::new(vec![]);
    let ports = support::ports(&provider.server, &provider.clock, Arc::new(support::Inline));
    let error = Client::new(config, ports).unwrap_err();
    assert!(error.to_string().contains("behind danger()"), "{error}");
}

#[test]
fn hs_tokens_verify_with_the_client_secret_and_never_with_a_public_key() {
    let world = world();
    for alg in [SignatureAlgorithm::Hs256, SignatureAlgorithm::Hs384, SignatureAlgorithm::Hs512] {
        let client = world.provider.client(|config| config.set_id_token_alg(Some(alg.name().into())));
        let mac =
            |secret: &[u8]| signed_with(jws::Header::new(), &SigningKey::from_secret(secret, alg).unwrap(), &claims());
        let good = mac(b"s3cret-of-the-client-that-is-long-enough");
        assert!(verify(&client, &good, &Expect::new()).is_ok());
        assert!(
            verify(&client, &mac(b"another"), &Expect::new()).unwrap_err().to_string().contains("signature verifies")
        );
        let public = world.key.public().unwrap().to_json();
        assert!(verify(&client, &mac(public.as_bytes()), &Expect::new()).is_err());
        // Registered for an asymmetric algorithm, a MAC is nothing.
        assert!(
            verify(&world.client, &good, &Expect::new()).unwrap_err().to_string().contains("alg is the one registered")
        );
        let public_client = world.provider.client(|config| {
            config.set_client("svc".into(), None);
            config.set_id_token_alg(Some(alg.name().into()));
        });
        assert_eq!(verify(&public_client, &good, &Expect::new()).unwrap_err().code(), "configuration");
    }
}

#[test]
fn none_is_refused_but_by_the_danger_door_and_never_in_the_front_channel() {
    let world = world();
    let body = grantee_jose::base64url::encode(Value::from(claims()).to_string());
    let unsigned = format!("{}.{body}.", grantee_jose::base64url::encode(r#"{"alg":"none"}"#));
    assert!(verify(&world.client, &unsigned, &Expect::new()).is_err());
    let danger = world.provider.client(|config| config.set_accept_unsigned_id_tokens());
    assert!(verify(&danger, &unsigned, &Expect::new()).unwrap().algorithm().is_none());
    assert!(verify(&danger, &unsigned, &Expect::new().front_channel()).is_err());
    assert!(verify(&danger, &format!("{unsigned}AA"), &Expect::new()).is_err());
    let mut expired = claims();
    expired.insert("exp".into(), json!(NOW - 100));
    let body = grantee_jose::base64url::encode(Value::from(expired).to_string());
    let unsigned = format!("{}.{body}.", grantee_jose::base64url::encode(r#"{"alg":"none"}"#));
    assert!(verify(&danger, &unsigned, &Expect::new()).is_err());
}

#[test]
fn a_claim_that_stands_twice_and_any_changed_character_are_refused() {
    let World { key, client, .. } = world();
    let payload =
        format!(r#"{{"iss":"{ISSUER}","sub":"alice","aud":"svc","iat":{NOW},"exp":{},"sub":"bob"}}"#, NOW + 600);
    let signer = SigningKey::new(&key, SignatureAlgorithm::Es256).unwrap();
    let twice = jws::sign_blocking(&jws::Header::new(), payload.as_bytes(), &signer).unwrap();
    let error = verify(&client, &twice, &Expect::new()).unwrap_err();
    assert!(matches!(&error, Error::Rule(broken) if broken.verified == Verified::Signature), "{error}");
    let good = signed(&key, SignatureAlgorithm::Es256, &claims());
    for place in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(verify(&client, &changed, &Expect::new()).is_err(), "{place}");
    }
    for text in ["", ".", "..", "a.b.c", "....", "a.b", &"a".repeat(300_000)] {
        assert!(verify(&client, text, &Expect::new()).is_err());
    }
}

#[test]
fn a_crit_that_is_not_understood_is_refused_and_keys_in_headers_are_not_looked_at() {
    let World { key, client, .. } = world();
    let signer = SigningKey::new(&key, SignatureAlgorithm::Es256).unwrap();
    let crit = jws::Header::new().with("exp", NOW).with_crit(["exp"]);
    let error = verify(&client, &signed_with(crit, &signer, &claims()), &Expect::new()).unwrap_err();
    assert!(matches!(&error, Error::Rule(broken) if broken.kind == Some(ErrorKind::Critical)), "{error}");
    let evil = ec("k");
    let mine = SigningKey::new(&evil, SignatureAlgorithm::Es256).unwrap();
    let header =
        jws::Header::new().with("jwk", evil.public().unwrap().to_value()).with("jku", "https://evil.example/jwks");
    let error = verify(&client, &signed_with(header, &mine, &claims()), &Expect::new()).unwrap_err();
    assert!(error.to_string().contains("the signature verifies"), "{error}");
}

#[test]
fn a_token_of_another_kind_is_no_id_token_whatever_it_says() {
    let World { key, client, .. } = world();
    let signer = SigningKey::new(&key, SignatureAlgorithm::Es256).unwrap();
    let judge = |typ: &str, claims: &Map<String, Value>| {
        verify(&client, &signed_with(jws::Header::new().with_typ(typ), &signer, claims), &Expect::new())
    };
    for typ in ["at+jwt", "application/at+jwt", "Logout+JWT", "dpop+jwt", "oauth-authz-req+jwt", "secevent+jwt"] {
        let error = refused(judge(typ, &claims()));
        assert!(error.contains("the token is of no other kind (RFC 8725 section 3.11)"), "{error}");
    }
    for typ in ["JWT", "application/jwt", "id_token", ""] {
        judge(typ, &claims()).unwrap();
    }
    let event = "http://schemas.openid.net/event/backchannel-logout";
    let mut logout = claims();
    logout.insert("events".into(), json!({event: {}}));
    assert!(refused(judge("JWT", &logout)).contains("got a logout token"));
    logout.insert("events".into(), json!({"another": {}}));
    judge("JWT", &logout).unwrap();
}

#[test]
fn the_payload_of_a_token_is_encoded() {
    let World { key, client, .. } = world();
    let signer = SigningKey::new(&key, SignatureAlgorithm::Es256).unwrap();
    let mut claims = claims();
    claims.insert("iss".into(), json!("https://as"));
    let token = signed_with(jws::Header::new().with_unencoded_payload(), &signer, &claims);
    let error = verify(&client, &token, &Expect::new()).unwrap_err().to_string();
    assert!(error.contains("the payload of a JWT is encoded (RFC 7797 section 7)"), "{error}");
}

fn encrypted(inner: &str, recipient: &Jwk, alg: KeyAlgorithm, enc: ContentEncryption) -> String {
    let key = EncryptionKey::new(recipient, alg).unwrap();
    jwe::encrypt(&jwe::Header::new().with_cty("JWT"), inner.as_bytes(), &key, enc).unwrap()
}

#[test]
fn encrypted_tokens_are_decrypted_and_then_verified() {
    let world = world();
    let (alg, enc) = (KeyAlgorithm::RsaOaep256, ContentEncryption::A256Gcm);
    let mine = key("mine", KeyKind::Rsa(2048));
    let old = key("old", KeyKind::Rsa(2048));
    let client = world.provider.client(|config| {
        config.set_id_token_encryption(alg.name().into(), enc.name().into());
        for key in [&old, &mine] {
            let key = grantee_jose::DecryptionKey::new(key, alg).unwrap();
            config.add_decryption_key(Arc::new(key));
        }
    });
    let inner = signed(&world.key, SignatureAlgorithm::Es256, &claims());
    assert!(verify(&client, &encrypted(&inner, &mine.public().unwrap(), alg, enc), &Expect::new()).is_ok());
    let plain = verify(&client, &inner, &Expect::new()).unwrap_err();
    assert!(plain.to_string().contains("encrypted as registered"), "{plain}");
    let other = encrypted(&inner, &mine.public().unwrap(), alg, ContentEncryption::A128Gcm);
    assert!(verify(&client, &other, &Expect::new()).unwrap_err().to_string().contains("enc is the one registered"));
    let other = encrypted(&inner, &mine.public().unwrap(), KeyAlgorithm::RsaOaep, enc);
    assert!(verify(&client, &other, &Expect::new()).unwrap_err().to_string().contains("alg is the one registered"));
    let bad = signed(&ec("k"), SignatureAlgorithm::Es256, &claims());
    let error = verify(&client, &encrypted(&bad, &mine.public().unwrap(), alg, enc), &Expect::new()).unwrap_err();
    assert!(matches!(&error, Error::Rule(broken) if broken.verified == Verified::Decrypted), "{error:?}");
    let unasked = verify(&world.client, &encrypted(&inner, &mine.public().unwrap(), alg, enc), &Expect::new());
    assert!(unasked.unwrap_err().to_string().contains("id_token_encryption(alg, enc)"));
    // Claims that were only encrypted prove nothing: anybody has the public key.
    let claims = Value::from(claims()).to_string();
    assert!(verify(&client, &encrypted(&claims, &mine.public().unwrap(), alg, enc), &Expect::new()).is_err());
}

#[test]
fn any_encryption_is_whatever_the_keys_at_hand_serve() {
    let world = world();
    let rsa = key("mine", KeyKind::Rsa(2048));
    let client = world.provider.client(|config| {
        config.set_any_encryption();
        config.add_decryption_key(Arc::new(grantee_jose::DecryptionKey::any(&rsa).unwrap()));
    });
    let inner = signed(&world.key, SignatureAlgorithm::Es256, &claims());
    let to_us = rsa.public().unwrap();
    for (alg, enc) in [
        (KeyAlgorithm::RsaOaep, ContentEncryption::A128CbcHs256),
        (KeyAlgorithm::RsaOaep256, ContentEncryption::A256Gcm),
    ] {
        assert!(verify(&client, &encrypted(&inner, &to_us, alg, enc), &Expect::new()).is_ok(), "{alg} {enc}");
    }
    let (dir, a128gcm) = (KeyAlgorithm::Dir, ContentEncryption::A128Gcm);
    let secret = grantee_jose::Digest::Sha256.of(b"s3cret-of-the-client-that-is-long-enough").unwrap();
    assert!(verify(&client, &encrypted(&inner, &Jwk::oct(&secret[..16]), dir, a128gcm), &Expect::new()).is_ok());
    assert!(verify(&client, &inner, &Expect::new()).is_ok(), "one that is not encrypted");
    // The signature within is what counts, and another key's recipient is not us.
    let forged = signed(&ec("k"), SignatureAlgorithm::Es256, &claims());
    let claims_alone = Value::from(claims()).to_string();
    for bad in [&forged, &claims_alone] {
        let token = encrypted(bad, &to_us, KeyAlgorithm::RsaOaep256, ContentEncryption::A256Gcm);
        assert!(verify(&client, &token, &Expect::new()).is_err());
    }
    let to_another = encrypted(&inner, &ec("x").public().unwrap(), KeyAlgorithm::EcdhEs, ContentEncryption::A256Gcm);
    let error = verify(&client, &to_another, &Expect::new()).unwrap_err().to_string();
    assert!(error.contains("expected a signed token"), "{error}");
    // What is registered goes before it.
    let strict = world.provider.client(|config| {
        config.set_any_encryption();
        config.set_id_token_encryption("RSA-OAEP".into(), "A128GCM".into());
        config.add_decryption_key(Arc::new(grantee_jose::DecryptionKey::any(&rsa).unwrap()));
    });
    let token = encrypted(&inner, &to_us, KeyAlgorithm::RsaOaep256, ContentEncryption::A256Gcm);
    assert!(verify(&strict, &token, &Expect::new()).unwrap_err().to_string().contains("alg is the one registered"));
    assert!(verify(&strict, &inner, &Expect::new()).unwrap_err().to_string().contains("encrypted as registered"));
}

#[test]
fn symmetric_encryption_uses_a_key_made_of_the_client_secret() {
    let world = world();
    let inner = signed(&world.key, SignatureAlgorithm::Es256, &claims());
    for (alg, enc, digest, len) in [
        (KeyAlgorithm::Dir, ContentEncryption::A128CbcHs256, grantee_jose::Digest::Sha256, 32),
        (KeyAlgorithm::Dir, ContentEncryption::A256CbcHs512, grantee_jose::Digest::Sha512, 64),
        (KeyAlgorithm::A128Kw, ContentEncryption::A128Gcm, grantee_jose::Digest::Sha256, 16),
        (KeyAlgorithm::A256GcmKw, ContentEncryption::A256Gcm, grantee_jose::Digest::Sha256, 32),
    ] {
        let client =
            world.provider.client(|config| config.set_id_token_encryption(alg.name().into(), enc.name().into()));
        let hash = digest.of(b"s3cret-of-the-client-that-is-long-enough").unwrap();
        let token = encrypted(&inner, &Jwk::oct(&hash[..len]), alg, enc);
        assert!(verify(&client, &token, &Expect::new()).is_ok(), "{alg} {enc}");
        let other = encrypted(&inner, &Jwk::oct(vec![7; len]), alg, enc);
        assert!(verify(&client, &other, &Expect::new()).unwrap_err().to_string().contains("can be decrypted"));
    }
}
