//! Logins with ID tokens: in the answer itself, from the token endpoint, at refresh (OpenID Connect Core sections 3 and 12).

mod support;

use grantee_core::authorization::{AuthorizationRequest, Pending};
use grantee_core::client::{Config, Login, Server};
use grantee_core::grant::{RefreshToken, Stored, legacy};
use grantee_core::jose::{
    ContentEncryption, Curve, DecryptionKey, Digest, EncryptionKey, Jwk, JwkSet, KeyAlgorithm, KeyKind,
    SignatureAlgorithm, jwe,
};
use grantee_core::oidc::IdToken;
use grantee_core::{Client, Error, Result, Token, UnverifiedIdToken};
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex};
use support::provider::{ISSUER, NOW, claims, ec, signed};
use support::{FakeServer, Inline, ManualClock, block_on, ports};

struct World {
    key: Jwk,
    client: Client,
    server: Arc<FakeServer>,
    /// What the token endpoint answers, or the status it fails with; and whether the keys can be had.
    token: Arc<Mutex<Value>>,
    keys_up: Arc<Mutex<bool>>,
}

fn world() -> World {
    world_of(|_| ())
}

fn world_of(configure: impl FnOnce(&mut Config)) -> World {
    let key = ec("k");
    let (token, keys_up) = (Arc::new(Mutex::new(json!({}))), Arc::new(Mutex::new(true)));
    let (answer, up, keys) = (Arc::clone(&token), Arc::clone(&keys_up), vec![key.clone()]);
    let server = FakeServer::new(move |request, _| match request.uri().path() {
        "/jwks" if *up.lock().unwrap() => {
            support::json(200, &JwkSet { keys: keys.clone(), ignored: Vec::new() }.public().to_json())
        }
        "/jwks" => support::json(503, "{}"),
        "/me" => support::json(200, r#"{"sub":"alice","email":"alice@example.com"}"#),
        _ => support::json(200, &answer.lock().unwrap().to_string()),
    });
    let mut config = Config::new(Server::Literal);
    config.set_client("svc".to_owned(), Some("s3cret".into()));
    config.set_redirect_uri("https://app.example/cb".to_owned());
    config.set_id_token_alg(Some("ES256".into()));
    let members = config.members_mut();
    members.issuer = Some(ISSUER.to_owned());
    members.authorization_endpoint = Some(format!("{ISSUER}/authorize"));
    members.token_endpoint = Some(format!("{ISSUER}/token"));
    members.userinfo_endpoint = Some(format!("{ISSUER}/me"));
    members.jwks_uri = Some(format!("{ISSUER}/jwks"));
    members.authorization_response_iss_parameter_supported = Some(true);
    configure(&mut config);
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    World { key, client, server, token, keys_up }
}

fn half(text: &str) -> String {
    Digest::Sha256.left_half(text.as_bytes()).unwrap()
}

impl World {
    fn start(&self, response_type: &str) -> Pending {
        let request = AuthorizationRequest::new().scope("openid").state("STATE").nonce("NONCE");
        block_on(self.client.start(request.response_type(response_type))).unwrap().1
    }

    fn id_token(&self, edit: impl FnOnce(&mut Map<String, Value>)) -> String {
        let mut claims = claims();
        claims.insert("nonce".into(), "NONCE".into());
        edit(&mut claims);
        signed(&self.key, SignatureAlgorithm::Es256, &claims)
    }

    fn front(&self, edit: impl FnOnce(&mut Map<String, Value>)) -> String {
        self.id_token(|claims| {
            claims.insert("c_hash".into(), half("CODE").into());
            claims.insert("at_hash".into(), half("TOKEN").into());
            claims.insert("s_hash".into(), half("STATE").into());
            edit(claims);
        })
    }

    fn grants(&self, id_token: Option<String>) {
        let mut answer =
            json!({"access_token": "BACK", "token_type": "Bearer", "refresh_token": "r", "expires_in": 60});
        if let Some(id_token) = id_token {
            answer["id_token"] = id_token.into();
        }
        *self.token.lock().unwrap() = answer;
    }

    fn finish(&self, response_type: &str, callback: &str) -> Result<Login> {
        block_on(self.client.finish(self.start(response_type), callback))
    }

    fn identify(&self, callback: &str) -> Result<IdToken> {
        block_on(self.client.identify(self.start("id_token"), callback))
    }
}

fn rule(error: Error) -> String {
    assert!(matches!(error, Error::Rule(_)), "{error:?}");
    error.to_string()
}

#[test]
fn the_code_flow_verifies_the_id_token_of_the_token_endpoint() {
    let world = world();
    let callback = format!("code=CODE&state=STATE&iss={ISSUER}");
    world.grants(Some(world.id_token(|claims| drop(claims.insert("at_hash".into(), half("BACK").into())))));
    let login = world.finish("code", &callback).unwrap();
    assert_eq!(login.id_token.unwrap().subject(), "alice");
    for (edit, rule_text) in [
        (("nonce", json!("OTHER")), "nonce is the one that was sent"),
        (("at_hash", json!(half("OTHER"))), "at_hash is the digest"),
        (("aud", json!("other")), "aud is this client"),
    ] {
        world.grants(Some(world.id_token(|claims| drop(claims.insert(edit.0.into(), edit.1)))));
        let message = rule(world.finish("code", &callback).unwrap_err());
        assert!(message.contains(rule_text), "{message}");
    }
    world.grants(None);
    assert!(rule(world.finish("code", &callback).unwrap_err()).contains("the answer has an ID token"));
}

#[test]
fn expectations_come_from_what_was_sent_and_never_from_the_callback() {
    let world = world();
    let request =
        AuthorizationRequest::new().scope("openid").max_age(60).acr_values("gold").state("STATE").nonce("NONCE");
    let kept = block_on(world.client.start(request)).unwrap().1.to_json().unwrap();
    let finish = |id_token: String| {
        world.grants(Some(id_token));
        let callback = format!("code=CODE&state=STATE&iss={ISSUER}&nonce=OTHER&max_age=99999&acr_values=tin");
        block_on(world.client.finish(Pending::from_json(&kept).unwrap(), callback.as_str()))
    };
    let with = |acr: &str, auth_time: i64| {
        let (acr, auth_time) = (Value::from(acr), Value::from(auth_time));
        world.id_token(|claims| claims.extend([("acr".to_owned(), acr), ("auth_time".to_owned(), auth_time)]))
    };
    assert!(finish(with("gold", NOW)).is_ok());
    assert!(rule(finish(with("tin", NOW)).unwrap_err()).contains("acr is one of"));
    assert!(rule(finish(with("gold", NOW - 200)).unwrap_err()).contains("max_age"));
    assert!(rule(finish(world.id_token(|_| ())).unwrap_err()).contains("auth_time"));
}

#[test]
fn an_essential_acr_of_the_claims_parameter_must_be_met() {
    let world = world();
    let claims = json!({"id_token": {"acr": {"essential": true, "values": ["gold"]}}});
    let request =
        AuthorizationRequest::new().scope("openid").claims(claims).acr_values("any").state("STATE").nonce("NONCE");
    let kept = block_on(world.client.start(request)).unwrap().1.to_json().unwrap();
    for (acr, met) in [("gold", true), ("any", false)] {
        world.grants(Some(world.id_token(|claims| drop(claims.insert("acr".into(), acr.into())))));
        let pending = Pending::from_json(&kept).unwrap();
        let outcome = block_on(world.client.finish(pending, &*format!("code=CODE&state=STATE&iss={ISSUER}")));
        assert_eq!(outcome.is_ok(), met, "{acr}");
    }
}

#[test]
fn an_id_token_alone_says_who_somebody_is() {
    let world = world();
    let answer = |id_token: String| format!("https://app.example/cb#id_token={id_token}&state=STATE");
    let id_token = world.identify(&answer(world.id_token(|_| ()))).unwrap();
    assert_eq!(id_token.subject(), "alice");
    assert!(rule(world.identify(&answer(world.id_token(|c| drop(c.remove("nonce"))))).unwrap_err()).contains("nonce"));
    let error = world.finish("id_token", &answer(world.id_token(|_| ()))).unwrap_err();
    assert!(error.to_string().contains("identify(..)"), "{error}");
    let error = block_on(world.client.identify(world.start("code"), "code=CODE&state=STATE")).unwrap_err();
    assert_eq!(error.code(), "configuration");
}

#[test]
fn its_verified_iss_stands_for_the_plain_one_and_a_plain_one_beside_it_is_equal() {
    let world = world();
    let token = || world.id_token(|_| ());
    assert!(world.identify(&format!("#id_token={}&state=STATE", token())).is_ok());
    assert!(world.identify(&format!("#id_token={}&state=STATE&iss={ISSUER}", token())).is_ok());
    let other = world.identify(&format!("#id_token={}&state=STATE&iss=https://evil.example", token()));
    assert!(rule(other.unwrap_err()).contains("RFC 9207"));
    // An error answer has no ID token, so it must name its issuer.
    assert!(rule(world.identify("#error=access_denied&state=STATE").unwrap_err()).contains("no iss"));
    let denied = world.identify(&format!("#error=access_denied&state=STATE&iss={ISSUER}")).unwrap_err();
    assert_eq!(denied.server_error(), Some("access_denied"));
    // Without one asked for, an ID token beside a code vouches for nothing.
    let planted = format!("code=CODE&state=STATE&id_token={}", token());
    assert!(rule(world.finish("code", &planted).unwrap_err()).contains("no iss"));
}

#[test]
fn a_token_beside_its_id_token_is_taken_when_at_hash_matches() {
    let world = world();
    let answer = |id_token: String| {
        format!("#access_token=TOKEN&token_type=bearer&expires_in=60&id_token={id_token}&state=STATE")
    };
    let login = world.finish("id_token token", &answer(world.front(|_| ()))).unwrap();
    assert_eq!((login.token.access_token.reveal(), login.id_token.unwrap().subject()), ("TOKEN", "alice"));
    assert_eq!(login.token.expires_at, Some(grantee_core::UnixTime::from_seconds(NOW + 60)));
    let missing = world.finish("id_token token", &answer(world.front(|c| drop(c.remove("at_hash")))));
    assert!(rule(missing.unwrap_err()).contains("expected at_hash"));
    let other = world.finish("id_token token", &answer(world.front(|_| ())).replace("=TOKEN", "=PLANTED"));
    assert!(rule(other.unwrap_err()).contains("at_hash is the digest"));
    let typeless = world.finish("id_token token", &answer(world.front(|_| ())).replace("&token_type=bearer", ""));
    assert!(rule(typeless.unwrap_err()).contains("token_type"));
    assert_eq!(world.server.requests.lock().unwrap().iter().filter(|r| r.uri().path() == "/token").count(), 0);
}

#[test]
fn hybrid_answers_are_tied_together_by_their_hashes() {
    let world = world();
    world.grants(Some(world.id_token(|_| ())));
    let answer = |id_token: &str| format!("#code=CODE&id_token={id_token}&state=STATE");
    let login = world.finish("code id_token", &answer(&world.front(|_| ()))).unwrap();
    assert_eq!(login.token.access_token.reveal(), "BACK");
    for (claim, spec) in [("c_hash", "3.3.2.10"), ("s_hash", "5.1.1")] {
        let wrong = world.front(|claims| drop(claims.insert(claim.into(), half("OTHER").into())));
        let message = rule(world.finish("code id_token", &answer(&wrong)).unwrap_err());
        assert!(message.contains(claim) && message.contains(spec), "{message}");
    }
    let without = world.front(|claims| drop(claims.remove("c_hash")));
    assert!(rule(world.finish("code id_token", &answer(&without)).unwrap_err()).contains("expected c_hash"));
    let whole = format!("{}&access_token=TOKEN&token_type=Bearer", answer(&world.front(|_| ())));
    assert!(world.finish("code id_token token", &whole).is_ok());
    assert!(rule(world.finish("code id_token", &whole).unwrap_err()).contains("access_token too"));
    let code_token = "#code=CODE&access_token=TOKEN&token_type=Bearer&state=STATE&iss=https://as.example";
    assert_eq!(world.finish("code token", code_token).unwrap().token.access_token.reveal(), "BACK");
}

#[test]
fn both_id_tokens_of_a_hybrid_login_are_about_the_same_person() {
    let world = world();
    world.grants(Some(world.id_token(|claims| drop(claims.insert("sub".into(), "mallory".into())))));
    let answer = format!("#code=CODE&id_token={}&state=STATE", world.front(|_| ()));
    assert!(rule(world.finish("code id_token", &answer).unwrap_err()).contains("about the same person"));
}

#[test]
fn the_implicit_grant_is_behind_legacy_and_needs_no_token_endpoint() {
    let world = world_of(|config| config.members_mut().token_endpoint = None);
    let request = AuthorizationRequest::new().scope("a").state("STATE");
    assert!(block_on(world.client.start(request.clone().response_type("token"))).is_err());
    let (url, pending) = block_on(world.client.start(legacy::implicit(request))).unwrap();
    assert!(url.as_str().contains("response_type=token&") && !url.as_str().contains("code_challenge"), "{url}");
    let callback = format!("https://app.example/cb#access_token=T&token_type=Bearer&scope=a&state=STATE&iss={ISSUER}");
    let login = block_on(world.client.finish(pending, callback.as_str())).unwrap();
    assert_eq!((login.token.access_token.reveal(), login.id_token.is_none()), ("T", true));
    assert_eq!(world.server.count(), 0);
}

#[test]
fn a_form_post_and_a_stored_pending_work_as_well() {
    let world = world();
    world.grants(Some(world.id_token(|_| ())));
    let request = AuthorizationRequest::new().scope("openid").state("STATE").nonce("NONCE").response_mode("form_post");
    let pending = block_on(world.client.start(request.response_type("code id_token"))).unwrap().1;
    let pending = Pending::from_json(&pending.to_json().unwrap()).unwrap();
    let body = format!("code=CODE&id_token={}&state=STATE", world.front(|_| ()));
    assert!(block_on(world.client.finish(pending, body.as_bytes())).is_ok());
}

fn login_token(world: &World, edit: impl FnOnce(&mut Map<String, Value>)) -> Token {
    let mut token = Token::bearer("old").with_refresh_token("r0");
    token.id_token = Some(UnverifiedIdToken::new(world.id_token(edit)));
    token
}

#[test]
fn a_refreshed_id_token_is_of_the_same_login() {
    let world = world();
    let before = |claims: &mut Map<String, Value>| {
        claims.insert("auth_time".into(), json!(NOW - 50));
        claims.insert("azp".into(), json!("svc"));
    };
    let refresh = |edit: &dyn Fn(&mut Map<String, Value>)| {
        world.grants(Some(world.id_token(|claims| {
            before(claims);
            claims.insert("jti".into(), "new".into());
            edit(claims);
        })));
        block_on(world.client.refresh(&login_token(&world, before)))
    };
    assert!(refresh(&|_| ()).is_ok());
    assert!(refresh(&|claims| drop(claims.remove("nonce"))).is_ok());
    assert!(refresh(&|claims| drop(claims.remove("auth_time"))).is_ok());
    assert!(refresh(&|claims| drop(claims.insert("aud".into(), json!(["svc"])))).is_ok());
    type Edit = (&'static str, Box<dyn Fn(&mut Map<String, Value>)>);
    let changed: Vec<Edit> = vec![
        ("sub", Box::new(|claims| drop(claims.insert("sub".into(), "mallory".into())))),
        ("auth_time", Box::new(|claims| drop(claims.insert("auth_time".into(), json!(NOW))))),
        ("azp", Box::new(|claims| drop(claims.remove("azp")))),
        ("nonce", Box::new(|claims| drop(claims.insert("nonce".into(), "other".into())))),
    ];
    for (name, edit) in changed {
        let message = rule(refresh(&edit).unwrap_err());
        assert!(message.contains("section 12.2") && message.contains(&format!("another {name}")), "{message}");
    }
    let issuer = rule(refresh(&|claims| drop(claims.insert("iss".into(), "https://evil.example".into()))).unwrap_err());
    assert!(issuer.contains("iss is the issuer"), "{issuer}");
    let audience = rule(refresh(&|claims| drop(claims.insert("aud".into(), json!(["svc", "x"])))).unwrap_err());
    assert!(audience.contains("x beside it"), "{audience}");
}

#[test]
fn the_old_id_token_is_kept_when_none_comes() {
    let world = world();
    let before = login_token(&world, |_| ());
    world.grants(None);
    assert_eq!(block_on(world.client.refresh(&before)).unwrap().id_token, before.id_token);
}

#[test]
fn a_rotated_refresh_token_is_not_lost_to_keys_that_cannot_be_had() {
    let world = world();
    *world.keys_up.lock().unwrap() = false;
    let before = login_token(&world, |_| ());
    world.grants(Some(world.id_token(|claims| drop(claims.insert("jti".into(), "new".into())))));
    let token = block_on(world.client.refresh(&before)).unwrap();
    assert_eq!(token.refresh_token.unwrap().reveal(), "r");
    assert_eq!(token.id_token, before.id_token, "one that nobody verified does not take its place");
    // One that can be verified, and is another person's, is refused.
    let world = self::world();
    let before = login_token(&world, |_| ());
    world.grants(Some(world.id_token(|claims| drop(claims.insert("sub".into(), "mallory".into())))));
    assert!(block_on(world.client.refresh(&before)).is_err());
}

#[test]
fn sessions_renew_by_the_same_rule() {
    let world = world();
    let before = login_token(&world, |_| ()).with_expires_at(grantee_core::UnixTime::from_seconds(NOW - 1));
    world.grants(Some(world.id_token(|claims| drop(claims.insert("sub".into(), "mallory".into())))));
    let source = support::source(&world.client, Stored::new()).token(before).build().unwrap();
    assert!(rule(block_on(source.token()).unwrap_err()).contains("section 12.2"));
    let bare = RefreshToken::new("r");
    assert!(block_on(world.client.token(&bare)).is_ok(), "a bare refresh token continues no login that is known");
}

#[test]
fn userinfo_is_about_the_person_of_the_id_token() {
    let world = world();
    world.grants(Some(world.id_token(|_| ())));
    let login = world.finish("code", &format!("code=CODE&state=STATE&iss={ISSUER}")).unwrap();
    let id_token = login.id_token.unwrap();
    let userinfo = block_on(world.client.userinfo(&login.token, &id_token)).unwrap();
    assert_eq!((userinfo.claims.email(), userinfo.is_signed), (Some("alice@example.com"), false));
    let unbound = block_on(world.client.userinfo_unbound(&login.token)).unwrap();
    assert_eq!(&unbound.body[..], br#"{"sub":"alice","email":"alice@example.com"}"#);
    let bob = world.id_token(|claims| drop(claims.insert("sub".into(), "bob".into())));
    world.grants(Some(bob));
    let other = world.finish("code", &format!("code=CODE&state=STATE&iss={ISSUER}")).unwrap().id_token.unwrap();
    assert!(rule(unbound.bind(&other).unwrap_err()).contains("sub is that of the ID token"));
}

#[test]
fn a_client_of_single_endpoints_without_keys_verifies_nothing_and_says_so_by_the_type() {
    let world = world_of(|config| config.members_mut().jwks_uri = None);
    world.grants(Some(world.id_token(|_| ())));
    let callback = format!("code=CODE&state=STATE&iss={ISSUER}");
    let login = world.finish("code", &callback).unwrap();
    assert!(login.id_token.is_none() && login.token.id_token.is_some());
    // Told the keys, it verifies or refuses; without an issuer there is nothing to compare with.
    let world = world_of(|config| {
        config.members_mut().issuer = None;
        config.members_mut().authorization_response_iss_parameter_supported = None;
    });
    world.grants(Some(world.id_token(|_| ())));
    assert!(rule(world.finish("code", "code=CODE&state=STATE").unwrap_err()).contains("name it with issuer(..)"));
}

#[test]
fn userinfo_that_is_encrypted_alone_is_not_signed() {
    let recipient = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap().with_kid("enc");
    let key = EncryptionKey::new(&recipient, KeyAlgorithm::EcdhEs).unwrap();
    let claims = br#"{"sub":"alice","email":"alice@example.com"}"#;
    let token = jwe::encrypt(&jwe::Header::new(), claims, &key, ContentEncryption::A256Gcm).unwrap();
    let server = FakeServer::new(move |_, _| {
        let answer = http::Response::builder().header("content-type", "application/jwt");
        Ok(answer.body(bytes::Bytes::from(token.clone())).unwrap())
    });
    let mut config = Config::new(Server::Literal);
    config.set_client("svc".to_owned(), Some("s3cret".into()));
    config.members_mut().userinfo_endpoint = Some(format!("{ISSUER}/me"));
    config.set_userinfo_encryption("ECDH-ES".into(), "A256GCM".into());
    config.add_decryption_key(Arc::new(DecryptionKey::new(&recipient, KeyAlgorithm::EcdhEs).unwrap()));
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    let userinfo = block_on(client.userinfo_unbound(&Token::bearer("at"))).unwrap();
    assert_eq!((userinfo.claims.sub(), userinfo.is_signed), (Some("alice"), false));
}

#[test]
fn a_login_ends_with_the_issuer_that_it_was_started_at() {
    let pending = || world().start("code");
    let world = world_of(|config| config.members_mut().issuer = Some("https://other.example".into()));
    let finish = |iss: &str| {
        world.grants(Some(world.id_token(|claims| drop(claims.insert("iss".into(), iss.into())))));
        block_on(world.client.finish(pending(), &*format!("code=CODE&state=STATE&iss={ISSUER}")))
    };
    // Whichever the ID token would name, it is not both that was asked and that answers now: the code is not even shown to it.
    for iss in ["https://other.example", ISSUER] {
        assert!(rule(finish(iss).unwrap_err()).contains("a code goes to the issuer that was asked"), "{iss}");
    }
    assert_eq!(world.server.count(), 0);
    // Nor is what comes without a code.
    let pending = self::world().start("id_token");
    let id_token = world.id_token(|claims| drop(claims.insert("iss".into(), "https://other.example".into())));
    let error = block_on(world.client.identify(pending, &*format!("state=STATE&id_token={id_token}"))).unwrap_err();
    assert!(rule(error).contains("iss is the issuer that was asked"));
}
