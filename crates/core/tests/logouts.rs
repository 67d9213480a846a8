//! Logouts over the whole wire: RP-initiated, back-channel, front-channel; and logins that somebody else starts.

mod support;

use grantee_core::endpoint::end_session::EndSession;
use grantee_core::error::{StoreError, StoreErrorKind};
use grantee_core::jose::{
    ContentEncryption, DecryptionKey, EncryptionKey, Jwk, KeyAlgorithm, KeyKind, SignatureAlgorithm, SigningKey,
    Verified, jwe, jws,
};
use grantee_core::oidc::{
    IdToken, IdTokenExpectations, LogoutToken, MemoryReplayCache, ReplayCache, backchannel_logout,
};
use grantee_core::ports::BoxFuture;
use grantee_core::{Client, Error, Result, UnixTime};
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex};
use support::provider::{ISSUER, NOW, Provider, claims, ec, key, signed, signed_with, verify};
use support::{Time, block_on, seconds};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

fn logout_claims() -> Map<String, Value> {
    let claims = json!({
        "iss": ISSUER, "sub": "alice", "aud": "svc", "iat": NOW, "exp": NOW + 120, "jti": "bWJq", "sid": "08a5019c",
        "events": {EVENT: {}},
    });
    claims.as_object().unwrap().clone()
}

struct World {
    key: Jwk,
    provider: Provider,
    client: Client,
    replays: MemoryReplayCache,
}

fn world() -> World {
    let key = ec("k");
    let provider = Provider::new(vec![key.clone()]);
    let client = provider.client(|config| config.set_id_token_alg(Some("ES256".to_owned())));
    let replays = MemoryReplayCache::new().clock(Arc::new(Time(Arc::clone(&provider.clock))));
    World { key, provider, client, replays }
}

impl World {
    fn token(&self, typ: Option<&str>, edit: impl FnOnce(&mut Map<String, Value>)) -> String {
        let mut claims = logout_claims();
        edit(&mut claims);
        let header = typ.map_or_else(jws::Header::new, |typ| jws::Header::new().with_typ(typ));
        signed_with(header, &SigningKey::new(&self.key, SignatureAlgorithm::Es256).unwrap(), &claims)
    }

    fn judge(&self, token: &str) -> Result<LogoutToken> {
        block_on(self.client.logout_token(format!("logout_token={token}").as_bytes(), &self.replays))
    }

    fn broken(&self, edit: impl FnOnce(&mut Map<String, Value>)) -> String {
        let error = self.judge(&self.token(Some("logout+jwt"), edit)).unwrap_err();
        let Error::Rule(broken) = &error else { panic!("{error:?}") };
        assert_eq!(broken.verified, Verified::Signature, "{error}");
        assert_eq!(backchannel_logout::answer::<()>(&Err(error.clone())).status(), 400);
        error.to_string()
    }

    fn id_token(&self, edit: impl FnOnce(&mut Map<String, Value>)) -> IdToken {
        let mut claims = claims();
        edit(&mut claims);
        verify(&self.client, &signed(&self.key, SignatureAlgorithm::Es256, &claims), &IdTokenExpectations::new())
            .unwrap()
    }
}

fn set(name: &'static str, value: impl Into<Value>) -> impl FnOnce(&mut Map<String, Value>) {
    let value = value.into();
    move |claims| drop(claims.insert(name.to_owned(), value))
}

fn without(name: &'static str) -> impl FnOnce(&mut Map<String, Value>) {
    move |claims| drop(claims.remove(name))
}

#[test]
fn a_logout_token_says_whose_session_ends() {
    let world = world();
    let token = world.judge(&world.token(Some("logout+jwt"), |_| ())).unwrap();
    assert_eq!((token.issuer(), token.subject(), token.session_id()), (ISSUER, Some("alice"), Some("08a5019c")));
    assert_eq!((token.jti(), token.issued_at(), token.expires_at()), ("bWJq", time(0), time(120)));
    assert!(token.claims().members().contains_key("events"));
    let alone = world.token(Some("application/Logout+JWT"), set("jti", "2"));
    block_on(world.client.logout_token(alone.as_bytes(), &world.replays)).unwrap();
}

fn time(after: i64) -> UnixTime {
    UnixTime::from_seconds(NOW + after)
}

#[test]
fn sub_or_sid_is_enough_and_neither_is_not() {
    let world = world();
    let only = |jti: &'static str, gone: &'static str| {
        world.judge(&world.token(Some("logout+jwt"), |claims| {
            set("jti", jti)(claims);
            without(gone)(claims);
        }))
    };
    assert_eq!(only("1", "sub").unwrap().subject(), None);
    assert_eq!(only("2", "sid").unwrap().session_id(), None);
    let neither = world.broken(|claims| {
        without("sub")(claims);
        without("sid")(claims);
    });
    assert!(neither.contains("sub or sid says whose session ends (OpenID Connect Back-Channel Logout section 2.4)"));
    for name in ["sub", "sid"] {
        for wrong in [json!(7), json!(""), json!(null), json!([])] {
            assert!(world.broken(set(name, wrong)).contains("is there as a string"));
        }
    }
}

#[test]
fn a_session_matches_by_issuer_person_and_session() {
    let world = world();
    let token = |jti: &'static str, edit: &dyn Fn(&mut Map<String, Value>)| {
        let token = world.token(Some("logout+jwt"), |claims| {
            set("jti", jti)(claims);
            edit(claims);
        });
        world.judge(&token).unwrap()
    };
    let both = token("1", &|_| ());
    let person = token("2", &|claims| without("sid")(claims));
    let session = token("3", &|claims| without("sub")(claims));
    let [same, other_session, unnamed, other_person] = [
        world.id_token(set("sid", "08a5019c")),
        world.id_token(set("sid", "other")),
        world.id_token(|_| ()),
        world.id_token(|claims| {
            set("sid", "08a5019c")(claims);
            set("sub", "bob")(claims);
        }),
    ];
    let all = [&same, &other_session, &unnamed, &other_person];
    assert_eq!(all.map(|id_token| both.matches(id_token)), [true, false, true, false]);
    assert_eq!(all.map(|id_token| person.matches(id_token)), [true, true, true, false]);
    assert_eq!(all.map(|id_token| session.matches(id_token)), [true, false, false, true]);
}

#[test]
fn each_required_claim_is_required() {
    let world = world();
    for (name, rule) in [
        ("iss", "a claim that is required is there as a string"),
        ("aud", "aud is this client"),
        ("iat", "a time that is required is there as a number"),
        ("exp", "a time that is required is there as a number"),
        ("jti", "a claim that is required is there as a string"),
        ("events", "events has the event of a back-channel logout"),
    ] {
        assert!(world.broken(without(name)).contains(rule), "{name}");
    }
}

#[test]
fn claims_are_judged_as_those_of_id_tokens() {
    let world = world();
    for (name, wrong, rule) in [
        ("iss", json!("https://other.example"), "iss is the issuer that was asked"),
        ("aud", json!("other"), "aud is this client"),
        ("aud", json!(["svc", "other"]), "aud names nobody who is not trusted"),
        ("exp", json!(NOW - 60), "exp lies in the future"),
        ("iat", json!(NOW + 61), "iat does not lie in the future"),
        ("iat", json!(NOW - 8 * 86_400), "iat is not too far in the past"),
        ("jti", json!(7), "is there as a string"),
        ("jti", json!(""), "is there as a string"),
    ] {
        assert!(world.broken(set(name, wrong)).contains(rule), "{name}");
    }
}

#[test]
fn events_holds_the_logout_as_an_object() {
    let world = world();
    for wrong in [
        json!({}),
        json!([EVENT]),
        json!(EVENT),
        json!({EVENT: null}),
        json!({EVENT: "x"}),
        json!({EVENT: []}),
        json!({"http://schemas.openid.net/event/other": {}}),
    ] {
        let broken = world.broken(set("events", wrong));
        assert!(broken.contains("events has the event of a back-channel logout"), "{broken}");
    }
    let more = world.token(Some("logout+jwt"), set("events", json!({EVENT: {"x": 1}, "y": {}})));
    world.judge(&more).unwrap();
}

#[test]
fn a_nonce_of_any_kind_is_refused() {
    let world = world();
    for nonce in [json!("n"), json!(null), json!(7)] {
        assert!(world.broken(set("nonce", nonce)).contains("there is no nonce"));
    }
}

#[test]
fn typ_must_say_what_it_is() {
    let world = world();
    for typ in [None, Some("JWT"), Some("at+jwt"), Some("secevent+jwt"), Some("")] {
        let error = world.judge(&world.token(typ, |_| ())).unwrap_err().to_string();
        assert!(error.contains("typ is that of this kind of token (OpenID Connect Back-Channel Logout section 2.4)"));
    }
}

#[test]
fn a_client_that_accepts_untyped_tokens_still_refuses_another_type() {
    let mut world = world();
    world.client = world.provider.client(|config| config.set_untyped_logout_tokens());
    for (jti, typ) in [("1", None), ("2", Some("JWT")), ("3", Some("logout+jwt"))] {
        world.judge(&world.token(typ, set("jti", jti))).unwrap();
    }
    for typ in ["at+jwt", "secevent+jwt", "dpop+jwt", ""] {
        let error = world.judge(&world.token(Some(typ), set("jti", "9"))).unwrap_err().to_string();
        assert!(error.contains("typ is that of this kind of token"), "{typ} {error}");
    }
    // An ID token is none: it has no events.
    let id_token = signed(&world.key, SignatureAlgorithm::Es256, &claims());
    assert!(world.judge(&id_token).is_err());
}

#[test]
fn an_unsigned_token_is_refused_behind_every_door() {
    let mut world = world();
    let part = |json: &str| grantee_jose::base64url::encode(json);
    let payload = part(&Value::from(logout_claims()).to_string());
    let unsigned = format!("{}.{payload}.", part(r#"{"alg":"none","typ":"logout+jwt"}"#));
    assert!(world.judge(&unsigned).is_err());
    world.client = world.provider.client(|config| config.set_accept_unsigned_id_tokens());
    assert!(world.judge(&unsigned).is_err());
    // Such a client gets its logout tokens signed by the default.
    let rsa = key("r", KeyKind::Rsa(2048));
    world.provider.serve(vec![rsa.clone()]);
    let header = jws::Header::new().with_typ("logout+jwt");
    let signer = SigningKey::new(&rsa, SignatureAlgorithm::Rs256).unwrap();
    world.judge(&signed_with(header, &signer, &logout_claims())).unwrap();
}

#[test]
fn another_algorithm_and_another_key_are_refused() {
    let world = world();
    let header = || jws::Header::new().with_typ("logout+jwt");
    let mac = SigningKey::from_secret(b"s3cret-of-the-client-that-is-long-enough", SignatureAlgorithm::Hs256).unwrap();
    let error = world.judge(&signed_with(header(), &mac, &logout_claims())).unwrap_err().to_string();
    assert!(error.contains("alg is the one registered for this client"), "{error}");
    let stranger = SigningKey::new(&ec("k"), SignatureAlgorithm::Es256).unwrap();
    let error = world.judge(&signed_with(header(), &stranger, &logout_claims())).unwrap_err().to_string();
    assert!(error.contains("the signature verifies"), "{error}");
}

#[test]
fn a_token_serves_once_while_it_counts() {
    let world = world();
    let token = world.token(Some("logout+jwt"), |_| ());
    world.judge(&token).unwrap();
    let error = world.judge(&token).unwrap_err();
    assert!(
        error.to_string().contains("jti has not been seen before (OpenID Connect Back-Channel Logout section 2.6)")
    );
    // Up to the last moment at which it is not refused for its age.
    world.provider.clock.pass(seconds(179));
    assert!(world.judge(&token).unwrap_err().to_string().contains("jti has not been seen before"));
    world.provider.clock.pass(seconds(1));
    assert!(world.judge(&token).unwrap_err().to_string().contains("exp lies in the future"));
}

#[test]
fn a_jti_is_remembered_as_long_as_its_token_counts() {
    const WEEK: i64 = 7 * 86_400;
    let world = world();
    let token = world.token(Some("logout+jwt"), set("exp", NOW + 10 * WEEK));
    world.judge(&token).unwrap();
    // The last moment at which `iat` is not too far in the past.
    world.provider.clock.pass(seconds(u64::try_from(WEEK).unwrap() - 1));
    assert!(world.judge(&token).unwrap_err().to_string().contains("jti has not been seen before"));
    world.provider.clock.pass(seconds(1));
    assert!(world.judge(&token).unwrap_err().to_string().contains("iat is not too far in the past"));
}

#[test]
fn a_jti_is_the_issuers_and_the_clients_own() {
    let world = world();
    world.judge(&world.token(Some("logout+jwt"), |_| ())).unwrap();
    let other = world.provider.client(|config| config.set_client("other".to_owned(), None));
    let token = world.token(Some("logout+jwt"), set("aud", "other"));
    block_on(other.logout_token(token.as_bytes(), &world.replays)).unwrap();
}

#[test]
fn a_refused_token_does_not_use_its_jti_up() {
    let world = world();
    world.broken(without("events"));
    world.judge(&world.token(Some("logout+jwt"), |_| ())).unwrap();
}

#[test]
fn an_end_that_lies_ages_away_fills_no_cache_for_ages() {
    struct Noting(Mutex<Vec<(String, UnixTime)>>);
    impl ReplayCache for Noting {
        fn first_use<'a>(&'a self, id: &'a str, until: UnixTime) -> BoxFuture<'a, Result<bool>> {
            self.0.lock().unwrap().push((id.to_owned(), until));
            Box::pin(async { Ok(true) })
        }
    }
    let world = world();
    let noting = Noting(Mutex::default());
    for exp in [json!(NOW + 120), json!(9_007_199_254_740_991_i64)] {
        let token = world.token(Some("logout+jwt"), set("exp", exp));
        block_on(world.client.logout_token(token.as_bytes(), &noting)).unwrap();
    }
    let noted = noting.0.into_inner().unwrap();
    // From an age of a week on it is refused for that.
    let aged = time(7 * 86_400);
    assert_eq!([noted[0].1, noted[1].1], [time(120 + 60), aged]);
    assert!(noted.iter().all(|(id, _)| id.len() == 43 && !id.contains("bWJq")));
}

#[test]
fn a_cache_that_fails_ends_no_session() {
    struct Broken;
    impl ReplayCache for Broken {
        fn first_use<'a>(&'a self, _: &'a str, _: UnixTime) -> BoxFuture<'a, Result<bool>> {
            Box::pin(async { Err(StoreError::new(StoreErrorKind::Io, "down").into()) })
        }
    }
    let world = world();
    let token = world.token(Some("logout+jwt"), |_| ());
    let outcome = block_on(world.client.logout_token(token.as_bytes(), &Broken));
    assert!(matches!(outcome, Err(Error::Store(_))));
    assert_eq!(backchannel_logout::answer(&outcome).status(), 400);
}

#[test]
fn an_encrypted_client_wants_its_logout_tokens_encrypted() {
    let mut world = world();
    let (alg, enc) = (KeyAlgorithm::RsaOaep256, ContentEncryption::A256Gcm);
    let mine = key("mine", KeyKind::Rsa(2048));
    world.client = world.provider.client(|config| {
        config.set_id_token_encryption(alg.name().into(), enc.name().into());
        config.add_decryption_key(Arc::new(DecryptionKey::new(&mine, alg).unwrap()));
    });
    let signed = world.token(Some("logout+jwt"), |_| ());
    let recipient = EncryptionKey::new(&mine.public().unwrap(), alg).unwrap();
    let encrypted = jwe::encrypt(&jwe::Header::new().with_cty("JWT"), signed.as_bytes(), &recipient, enc).unwrap();
    assert!(world.judge(&signed).unwrap_err().to_string().contains("encrypted as registered"));
    world.judge(&encrypted).unwrap();
}

#[test]
fn a_logout_is_sent_to_the_servers_endpoint_and_comes_back() {
    let world = world();
    let client = world.provider.client(|config| {
        config.members_mut().end_session_endpoint = Some(format!("{ISSUER}/logout?tenant=7"));
    });
    let id_token = world.id_token(|_| ());
    let request = || {
        EndSession::new().id_token_hint(&id_token).post_logout_redirect_uri("https://app.example/bye").ui_locales("is")
    };
    let (url, pending) = block_on(client.logout(request())).unwrap();
    let sent: Vec<(String, String)> = url.query_pairs().map(|(name, value)| (name.into(), value.into())).collect();
    let state = pending.state().unwrap().to_owned();
    let sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        sent,
        [
            ("tenant", "7"),
            ("id_token_hint", id_token.reveal()),
            ("client_id", "svc"),
            ("post_logout_redirect_uri", "https://app.example/bye"),
            ("state", &state),
            ("ui_locales", "is"),
        ]
    );
    pending.finish(format!("https://app.example/bye?state={state}")).unwrap();
    let (_, next) = block_on(client.logout(request())).unwrap();
    assert_ne!(next.state().unwrap(), state);
    let error = block_on(world.client.logout(EndSession::new())).unwrap_err();
    assert!(error.to_string().contains("end_session_endpoint"), "{error}");
    assert_eq!(world.provider.server.count(), 1, "the key set for the ID token, and nothing else");
}

#[test]
fn an_encrypted_id_token_is_a_hint_by_what_was_signed_within() {
    let world = world();
    let mine = key("mine", KeyKind::Rsa(2048));
    let (alg, enc) = (KeyAlgorithm::RsaOaep256, ContentEncryption::A256Gcm);
    let endpoint = |config: &mut grantee_core::client::Config| {
        config.members_mut().end_session_endpoint = Some(format!("{ISSUER}/logout"));
        config.members_mut().authorization_endpoint = Some(format!("{ISSUER}/authorize"));
        config.set_redirect_uri("https://app.example/cb".to_owned());
    };
    let registered = world.provider.client(|config| {
        endpoint(config);
        config.set_id_token_encryption(alg.name().to_owned(), enc.name().to_owned());
        config.add_decryption_key(Arc::new(DecryptionKey::new(&mine, alg).unwrap()));
    });
    let keyless = world.provider.client(endpoint);
    let inner = signed(&world.key, SignatureAlgorithm::Es256, &claims());
    let recipient = EncryptionKey::new(&mine.public().unwrap(), alg).unwrap();
    let encrypted = jwe::encrypt(&jwe::Header::new().with_cty("JWT"), inner.as_bytes(), &recipient, enc).unwrap();
    let hint = |url: url::Url| url.query_pairs().find(|(name, _)| name == "id_token_hint").unwrap().1.into_owned();
    let of_logout =
        |client: &Client, token: &str| hint(block_on(client.logout(EndSession::new().id_token_hint(token))).unwrap().0);
    assert_eq!(of_logout(&registered, &encrypted), inner);
    assert_eq!(of_logout(&registered, &inner), inner);
    // It may have been encrypted to the server, which alone can tell.
    assert_eq!(of_logout(&keyless, &encrypted), encrypted);
    let request =
        grantee_core::authorization::AuthorizationRequest::new().scope("openid").id_token_hint(encrypted.as_str());
    assert_eq!(hint(block_on(registered.start(request)).unwrap().0), inner);
}

#[test]
fn a_front_channel_logout_ends_the_session_it_names() {
    let world = world();
    let named = block_on(world.client.frontchannel_logout("iss=https%3A%2F%2Fas.example&sid=08a5019c")).unwrap();
    assert!(named.matches(&world.id_token(set("sid", "08a5019c"))));
    assert!(!named.matches(&world.id_token(set("sid", "other"))));
    assert!(!named.matches(&world.id_token(|_| ())));
    let plain = block_on(world.client.frontchannel_logout("https://app.example/out")).unwrap();
    assert!(plain.matches(&world.id_token(|_| ())));
    assert!(block_on(world.client.frontchannel_logout("iss=https://other.example&sid=1")).is_err());
    let strict = world.provider.client(|config| config.set_frontchannel_logout_session_required());
    assert!(block_on(strict.frontchannel_logout("")).unwrap_err().to_string().contains("iss and sid name the session"));
}

#[test]
fn a_third_party_starts_a_login_at_this_clients_issuer_alone() {
    let world = world();
    let client = world.provider.client(|config| {
        config.members_mut().authorization_endpoint = Some(format!("{ISSUER}/authorize"));
        config.set_redirect_uri("https://app.example/cb".to_owned());
    });
    let query = "iss=https%3A%2F%2Fas.example&login_hint=joe%40example.com";
    let login = block_on(client.third_party_login(query)).unwrap();
    let (url, _) = block_on(client.start(login.request().scope("email"))).unwrap();
    let sent = |wanted: &str| url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
    assert_eq!(sent("login_hint").as_deref(), Some("joe@example.com"));
    assert_eq!(sent("scope").as_deref(), Some("openid email"));
    for other in ["https://other.example", "https://as.example/", "http://as.example"] {
        let error = block_on(client.third_party_login(format!("iss={other}"))).unwrap_err().to_string();
        assert!(error.contains("iss is the issuer of this client (OpenID Connect Core section 4)"), "{error}");
    }
}

#[test]
fn a_session_is_watched_at_the_servers_page() {
    let world = world();
    let error = block_on(world.client.session_watch("s.salt")).unwrap_err();
    assert!(error.to_string().contains("check_session_iframe"), "{error}");
    let client = world.provider.client(|config| {
        config.members_mut().check_session_iframe = Some(format!("{ISSUER}/check"));
    });
    let watch = block_on(client.session_watch("s.salt")).unwrap();
    assert_eq!((watch.message(), watch.origin()), ("svc s.salt", ISSUER));
}
