//! Signed authorization responses (JARM): verified before anything in them is believed, then judged as plain ones.

mod support;

use grantee_core::authorization::{AuthorizationResponse, Pending};
use grantee_core::client::Config;
use grantee_core::jose::{
    ContentEncryption, DecryptionKey, Digest, EncryptionKey, Jwk, KeyAlgorithm, KeyKind, SignatureAlgorithm,
    SigningKey, base64url, jwe,
};
use grantee_core::{Error, Result};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use support::authorization::*;
use support::provider::{ISSUER, NOW, claims as id_claims, ec, key, signed, signed_with};
use support::{block_on, seconds};

struct Jarm {
    world: World,
    key: Jwk,
}

fn jarm() -> Jarm {
    jarm_of(|_| ())
}

fn jarm_of(configure: impl FnOnce(&mut Config)) -> Jarm {
    let key = ec("k1");
    let world = try_world(vec![key.clone()], |config| {
        config.set_authorization_alg("ES256".to_owned());
        config.set_id_token_alg(Some("ES256".to_owned()));
        config.members_mut().authorization_response_iss_parameter_supported = Some(true);
        configure(config);
    })
    .unwrap();
    Jarm { world, key }
}

/// What a proper answer holds, with these claims changed; null takes one away.
fn answer(changed: Value) -> Map<String, Value> {
    let mut claims = json!({"iss": ISSUER, "aud": "svc", "exp": NOW + 600, "code": "CODE", "state": "STATE"});
    let claims = claims.as_object_mut().unwrap();
    claims.extend(changed.as_object().unwrap().clone());
    claims.retain(|_, value| !value.is_null());
    claims.clone()
}

impl Jarm {
    fn pending(&self) -> Pending {
        self.world.start(request().response_mode("jwt")).1
    }

    fn signed(&self, changed: Value) -> String {
        signed(&self.key, SignatureAlgorithm::Es256, &answer(changed))
    }

    fn respond(&self, callback: &str) -> Result<AuthorizationResponse> {
        block_on(self.world.client.respond(self.pending(), callback))
    }

    fn refused(&self, changed: Value) -> String {
        rule(self.respond(&format!("response={}", self.signed(changed))))
    }
}

fn rule<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    match outcome {
        Err(Error::Rule(broken)) => {
            let text = broken.to_string();
            assert!(!text.contains("CODE") && !text.contains("STATE"), "{text}");
            text
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_signed_answer_ends_a_login_as_a_plain_one_does() {
    let jarm = jarm();
    let (url, pending) = jarm.world.start(request().response_mode("query.jwt"));
    assert_eq!(parameter(&url, "response_mode").unwrap(), "query.jwt");
    let kept = Pending::from_json(&pending.to_json().unwrap()).unwrap();
    let response = jarm.signed(json!({"session_state": "S", "hd": "h", "level": 3}));
    let login =
        block_on(jarm.world.client.finish(kept, format!("https://app.example/cb?response={response}"))).unwrap();
    assert_eq!((login.token.access_token.reveal(), login.session_state.as_deref()), ("AT", Some("S")));
    let seen = jarm.respond(&format!("response={response}")).unwrap();
    assert_eq!((seen.get("hd"), seen.get("level"), seen.get("exp")), (Some("h"), Some("3"), None));
}

#[test]
fn it_is_found_where_each_mode_puts_it() {
    let jarm = jarm();
    let response = jarm.signed(json!({}));
    let url = |separator: &str| format!("https://app.example/cb{separator}response={response}");
    for (mode, callback) in [("jwt", url("?")), ("query.jwt", url("?")), ("fragment.jwt", url("#"))] {
        let pending = jarm.world.start(request().response_mode(mode)).1;
        let seen = block_on(jarm.world.client.respond(pending, callback.as_str())).unwrap();
        assert_eq!(seen.code().unwrap().reveal(), "CODE", "{mode}");
    }
    let pending = jarm.world.start(request().response_mode("form_post.jwt")).1;
    let body = format!("response={response}");
    block_on(jarm.world.client.respond(pending, body.as_bytes())).unwrap();
    let other = jarm.world.start(request().response_mode("jwt")).1;
    let elsewhere = format!("https://evil.example/cb?response={response}");
    assert!(rule(block_on(jarm.world.client.respond(other, elsewhere))).contains("redirect URI"));
}

#[test]
fn iss_is_the_issuer_that_was_asked() {
    let jarm = jarm();
    for iss in [json!("https://evil.example"), json!("https://as.example/"), Value::Null, json!(7), json!("")] {
        let message = jarm.refused(json!({"iss": iss}));
        assert!(message.contains("iss") && message.contains("JARM section 2.4"), "{message}");
    }
}

#[test]
fn the_issuer_is_the_one_of_when_the_login_was_started() {
    let jarm = jarm();
    let kept = jarm.pending().to_json().unwrap().replace(ISSUER, "https://other.example");
    let outcome = block_on(
        jarm.world.client.respond(Pending::from_json(&kept).unwrap(), format!("response={}", jarm.signed(json!({})))),
    );
    assert!(rule(outcome).contains("RFC 9207"));
}

#[test]
fn aud_names_this_client() {
    let jarm = jarm();
    for aud in [json!("other"), json!([]), json!(["other"]), Value::Null, json!(7)] {
        assert!(jarm.refused(json!({"aud": aud})).contains("aud is this client"));
    }
    jarm.respond(&format!("response={}", jarm.signed(json!({"aud": ["svc", "other"]})))).unwrap();
}

#[test]
fn exp_is_there_and_has_not_passed() {
    let jarm = jarm();
    for exp in [Value::Null, json!("tomorrow")] {
        assert!(jarm.refused(json!({"exp": exp})).contains("required"));
    }
    assert!(jarm.refused(json!({"exp": NOW - 60})).contains("exp lies in the future"));
    assert!(jarm.refused(json!({"nbf": NOW + 61})).contains("nbf"));
    jarm.respond(&format!("response={}", jarm.signed(json!({"exp": NOW - 59})))).unwrap();
    let response = jarm.signed(json!({"exp": NOW + 10}));
    jarm.world.clock.pass(seconds(71));
    assert!(rule(jarm.respond(&format!("response={response}"))).contains("exp lies in the future"));
}

#[test]
fn the_signature_is_one_of_the_servers_keys() {
    let jarm = jarm();
    let good = jarm.signed(json!({}));
    let (head, signature) = good.rsplit_once('.').unwrap();
    let other = signed(&ec("k1"), SignatureAlgorithm::Es256, &answer(json!({})));
    let unknown = signed(&ec("k2"), SignatureAlgorithm::Es256, &answer(json!({})));
    let flipped =
        if signature.starts_with('A') { signature.replacen('A', "B", 1) } else { format!("A{}", &signature[1..]) };
    let edited = format!(
        "{}.{}.{signature}",
        head.split_once('.').unwrap().0,
        base64url::encode(Value::from(answer(json!({"code": "EVIL"}))).to_string())
    );
    for bad in [
        format!("{head}.{flipped}"),
        edited,
        other,
        unknown,
        format!("{head}."),
        "CODE".into(),
        "a.b.c".into(),
        String::new(),
    ] {
        rule(jarm.respond(&format!("response={bad}")));
    }
}

#[test]
fn alg_is_the_one_registered_and_never_none() {
    let jarm = jarm();
    let none = base64url::encode(r#"{"alg":"none"}"#);
    let payload = base64url::encode(Value::from(answer(json!({}))).to_string());
    rule(jarm.respond(&format!("response={none}.{payload}.")));
    // The danger door for ID tokens lets no answer through.
    let open = jarm_of(Config::set_accept_unsigned_id_tokens);
    rule(open.respond(&format!("response={none}.{payload}.")));
    let secret = SigningKey::from_secret(SECRET.as_bytes(), SignatureAlgorithm::Hs256).unwrap();
    let by_secret = signed_with(Default::default(), &secret, &answer(json!({})));
    let message = rule(jarm.respond(&format!("response={by_secret}")));
    assert!(
        message.contains("ES256") && message.contains("HS256") && message.contains("authorization_alg"),
        "{message}"
    );
    for bad in ["none", "RS1"] {
        assert!(unbuilt(|config| config.set_authorization_alg(bad.to_owned())).contains("can't be signed by"));
    }
}

#[test]
fn rs256_is_what_holds_where_nothing_is_said() {
    let rsa = key("r", KeyKind::Rsa(2048));
    let world = try_world(vec![rsa.clone()], |_| ()).unwrap();
    let respond = |response: String| {
        let pending = world.start(request().response_mode("jwt")).1;
        block_on(world.client.respond(pending, format!("response={response}")))
    };
    respond(signed(&rsa, SignatureAlgorithm::Rs256, &answer(json!({})))).unwrap();
    assert!(rule(respond(signed(&rsa, SignatureAlgorithm::Ps256, &answer(json!({}))))).contains("RS256"));
}

#[test]
fn the_clients_secret_verifies_where_it_is_registered_so() {
    let jarm = jarm_of(|config| config.set_authorization_alg("HS256".to_owned()));
    let sign = |secret: &str| {
        let key = SigningKey::from_secret(secret.as_bytes(), SignatureAlgorithm::Hs256).unwrap();
        signed_with(Default::default(), &key, &answer(json!({})))
    };
    jarm.respond(&format!("response={}", sign(SECRET))).unwrap();
    rule(jarm.respond(&format!("response={}", sign("another"))));
    assert_eq!(jarm.world.server.count(), 0);
}

#[test]
fn a_server_that_signs_otherwise_is_told_before_anybody_is_sent_off() {
    let jarm = jarm_of(|config| {
        config.members_mut().authorization_signing_alg_values_supported = Some(vec!["PS256".into(), "RS256".into()]);
    });
    let refused = jarm.world.refused(request().response_mode("jwt"));
    assert!(refused.contains("ES256") && refused.contains("PS256, RS256"), "{refused}");
    jarm.world.start(request());
}

#[test]
fn what_was_registered_encrypted_is_refused_when_it_is_not() {
    let own = key("mine", KeyKind::Rsa(2048));
    let jarm = jarm_of(|config| {
        config.set_authorization_encryption("RSA-OAEP-256".into(), "A256GCM".into());
        config.add_decryption_key(Arc::new(DecryptionKey::new(&own, KeyAlgorithm::RsaOaep256).unwrap()));
    });
    let encrypt = |inner: &str, alg, enc| {
        let key = EncryptionKey::new(&own.public().unwrap(), alg).unwrap();
        jwe::encrypt(&jwe::Header::new().with_cty("JWT"), inner.as_bytes(), &key, enc).unwrap()
    };
    let (oaep, gcm) = (KeyAlgorithm::RsaOaep256, ContentEncryption::A256Gcm);
    let inner = jarm.signed(json!({}));
    let seen = jarm.respond(&format!("response={}", encrypt(&inner, oaep, gcm))).unwrap();
    assert_eq!(seen.code().unwrap().reveal(), "CODE");
    assert!(rule(jarm.respond(&format!("response={inner}"))).contains("encrypted as registered"));
    let other = encrypt(&inner, oaep, ContentEncryption::A128Gcm);
    assert!(rule(jarm.respond(&format!("response={other}"))).contains("enc is the one registered"));
    // Anybody can encrypt: what is within must be signed.
    let bare = encrypt(&Value::from(answer(json!({}))).to_string(), oaep, gcm);
    rule(jarm.respond(&format!("response={bare}")));
    let plain = support::authorization::world(|_| ());
    let pending = plain.start(request().response_mode("jwt")).1;
    let unregistered = block_on(plain.client.respond(pending, format!("response={}", encrypt(&inner, oaep, gcm))));
    assert!(rule(unregistered).contains("authorization_encryption"));
}

#[test]
fn encryption_by_the_clients_secret() {
    let jarm = jarm_of(|config| config.set_authorization_encryption("A128KW".into(), "A128CBC-HS256".into()));
    let hash = Digest::Sha256.of(SECRET.as_bytes()).unwrap();
    let key = EncryptionKey::new(&Jwk::oct(&hash[..16]), KeyAlgorithm::A128Kw).unwrap();
    let inner = jarm.signed(json!({}));
    let sealed = jwe::encrypt(&jwe::Header::new(), inner.as_bytes(), &key, ContentEncryption::A128CbcHs256).unwrap();
    jarm.respond(&format!("response={sealed}")).unwrap();
}

#[test]
fn a_plain_answer_is_refused_where_a_signed_one_was_asked_for() {
    let jarm = jarm();
    let plain = format!("code=CODE&state=STATE&iss={ISSUER}");
    assert!(rule(jarm.respond(&plain)).contains("the answer is signed"));
    assert!(rule(jarm.respond("error=access_denied&state=STATE")).contains("that say access_denied"));
}

#[test]
fn a_signed_answer_is_refused_where_none_was_asked_for() {
    let jarm = jarm();
    let pending = jarm.world.start(request()).1;
    let callback = format!("response={}", jarm.signed(json!({})));
    assert!(rule(block_on(jarm.world.client.respond(pending, callback))).contains("plain parameters"));
    assert!(rule(jarm.world.start(request()).1.respond("response=a.b.c")).contains("JARM"));
}

#[test]
fn without_keys_it_is_the_clients_to_judge() {
    let jarm = jarm();
    let error = jarm.pending().respond(format!("response={}", jarm.signed(json!({})))).unwrap_err();
    assert!(matches!(error, Error::Config(_)) && error.to_string().contains("finish(..)"), "{error}");
}

#[test]
fn what_it_holds_is_judged_as_plain_parameters_are() {
    let jarm = jarm();
    assert!(jarm.refused(json!({"state": "OTHER"})).contains("state is the one"));
    assert!(jarm.refused(json!({"state": null})).contains("got no state"));
    assert!(jarm.refused(json!({"code": null})).contains("neither code nor error"));
    assert!(jarm.refused(json!({"code": ""})).contains("an empty code"));
    assert!(jarm.refused(json!({"code": 7})).contains("is a string"));
    assert!(jarm.refused(json!({"access_token": "t"})).contains("access_token too"));
    assert!(jarm.refused(json!({"state": "OTHER", "error": "x"})).contains("state is the one"));
}

#[test]
fn an_error_comes_signed_too() {
    let jarm = jarm();
    let response = jarm.signed(json!({"error": "access_denied", "error_description": "no", "code": null}));
    let error = jarm.respond(&format!("response={response}")).unwrap_err();
    assert_eq!((error.server_error(), error.hint().is_some()), (Some("access_denied"), true));
}

#[test]
fn its_iss_satisfies_rfc_9207_and_a_plain_one_beside_it_is_equal() {
    let jarm = jarm();
    let response = jarm.signed(json!({}));
    jarm.respond(&format!("response={response}")).unwrap();
    jarm.respond(&format!("response={response}&iss={ISSUER}")).unwrap();
    let other = rule(jarm.respond(&format!("response={response}&iss=https://evil.example")));
    assert!(other.contains("RFC 9207"), "{other}");
}

#[test]
fn nothing_beside_it_is_believed_and_nothing_stands_twice() {
    let jarm = jarm();
    let response = jarm.signed(json!({}));
    let seen = jarm.respond(&format!("response={response}&code=EVIL&state=EVIL&error=x&hd=EVIL")).unwrap();
    assert_eq!((seen.code().unwrap().reveal(), seen.get("hd")), ("CODE", None));
    assert!(rule(jarm.respond(&format!("response={response}&response={response}"))).contains("twice"));
}

#[test]
fn tokens_in_it_are_judged_with_their_id_token() {
    let jarm = jarm();
    let half = |text: &str| Digest::Sha256.left_half(text.as_bytes()).unwrap();
    let id_token = |c_hash: String| {
        let mut claims = id_claims();
        claims.extend([("nonce".to_owned(), "N".into()), ("c_hash".to_owned(), c_hash.into())]);
        claims.insert("at_hash".to_owned(), half("TOKEN").into());
        signed(&jarm.key, SignatureAlgorithm::Es256, &claims)
    };
    let respond = |id_token: String| {
        let request = request().scope("openid").nonce("N").response_type("code id_token token").response_mode("jwt");
        let token = json!({"id_token": id_token, "access_token": "TOKEN", "token_type": "bearer", "expires_in": 3600});
        let callback = format!("#response={}", jarm.signed(token));
        block_on(jarm.world.client.respond(jarm.world.start(request).1, callback))
    };
    let seen = respond(id_token(half("CODE"))).unwrap();
    assert_eq!(seen.id_token().unwrap().subject(), "alice");
    assert_eq!(seen.token().unwrap().lifetime(), Some(seconds(3600)));
    assert!(rule(respond(id_token(half("OTHER")))).contains("c_hash"));
}

#[test]
fn what_else_the_issuer_signs_is_no_answer() {
    for (typ, refused) in [
        ("logout+jwt", true),
        ("at+jwt", true),
        ("application/token-introspection+jwt", true),
        ("SECEVENT+JWT", true),
        ("JWT", false),
    ] {
        let jarm = jarm();
        let header = grantee_core::jose::jws::Header::new().with_typ(typ);
        let payload = Value::Object(answer(json!({}))).to_string();
        let signer = SigningKey::new(&jarm.key, SignatureAlgorithm::Es256).unwrap();
        let token = grantee_core::jose::jws::sign_blocking(&header, payload.as_bytes(), &signer).unwrap();
        let outcome = jarm.respond(&format!("response={token}"));
        assert_eq!(outcome.is_err(), refused, "{typ}: {outcome:?}");
        if refused {
            assert!(rule(outcome).contains("RFC 8725 section 3.11"), "{typ}");
        }
    }
}

#[test]
fn a_code_is_redeemed_nowhere_but_at_the_issuer_that_was_asked() {
    let (asked, other) = (jarm(), jarm_of(|config| config.members_mut().issuer = Some("https://other.example".into())));
    for signed in [false, true] {
        let request = if signed { request().response_mode("jwt") } else { request() };
        let (_, pending) = asked.world.start(request);
        let response = match signed {
            true => block_on(asked.world.client.respond(pending, &*format!("response={}", asked.signed(json!({}))))),
            false => block_on(asked.world.client.respond(pending, &*format!("code=CODE&state=STATE&iss={ISSUER}"))),
        };
        let code = grantee_core::grant::AuthorizationCode::new(response.unwrap()).unwrap();
        let message = rule(block_on(other.world.client.token(&code)));
        assert!(message.contains("RFC 9700 section 4.4"), "{message}");
        assert_eq!(other.world.server.count(), 0);
        block_on(asked.world.client.token(&code)).unwrap();
    }
}

#[test]
fn what_a_stranger_wrote_ends_no_line_of_an_error_and_does_not_fill_the_log() {
    let forged = format!("ES256\nforged {}", "x".repeat(100_000));
    let is_tame = |text: &str| assert!(!text.contains('\n') && text.len() < 1500, "{} {text:.300}", text.len());
    // In metadata.
    let listed = || Some(vec![forged.clone()]);
    let jarm = jarm_of(|config| config.members_mut().authorization_signing_alg_values_supported = listed());
    is_tame(&jarm.world.refused(request().response_mode("jwt")));
    let world = support::authorization::world(|config| {
        let key = grantee_core::jose::Jwk::generate(KeyKind::Curve(grantee_core::jose::Curve::P256)).unwrap();
        config.set_request_objects(grantee_core::authorization::RequestObjects::from_key(&key).unwrap());
        config.members_mut().request_object_signing_alg_values_supported = listed();
        config.members_mut().authorization_details_types_supported = listed();
    });
    is_tame(&world.refused(request()));
    is_tame(&world.refused(request().request_object(false).authorization_details(json!([{"type": "t"}]))));
    // In the header of a token.
    let header = base64url::encode(json!({"alg": &forged[..10_000]}).to_string());
    let jarm = self::jarm();
    is_tame(&rule(jarm.respond(&format!("response={header}.e30.AAAA"))));
}
