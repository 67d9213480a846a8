//! Request objects: by value, by reference and pushed, signed and encrypted (RFC 9101, OpenID Connect Core section 6).

mod support;

use grantee_core::Error;
use grantee_core::authorization::{AuthorizationRequest, RequestObjects};
use grantee_core::client::Config;
use grantee_core::jose::jws::{Compact, read_unsecured};
use grantee_core::jose::{
    Curve, DecryptionKey, Jwk, KeyAlgorithm, KeyKind, SignatureAlgorithm, SigningKey, VerifyingKey, jwe,
};
use serde_json::{Value, json};
use support::authorization::*;
use support::provider::{NOW, ec, key};
use support::{block_on, seconds};

fn es256(key: &Jwk) -> RequestObjects {
    SigningKey::new(key, SignatureAlgorithm::Es256).unwrap().into()
}

/// A client whose requests are signed by ES256 with a new key, and that key.
fn signing(configure: impl FnOnce(&mut Config)) -> (World, Jwk) {
    let key = ec("c1");
    let world = world(|config| {
        config.set_request_objects(es256(&key));
        configure(config);
    });
    (world, key)
}

fn object(world: &World, request: AuthorizationRequest) -> String {
    parameter(&world.start(request).0, "request").unwrap()
}

fn verify(token: &str, key: &Jwk, alg: SignatureAlgorithm) {
    Compact::parse(token).unwrap().verify(&VerifyingKey::new(&key.public().unwrap(), alg).unwrap()).unwrap();
}

#[test]
fn by_value_the_url_of_plain_oauth_holds_the_client_and_the_object_alone() {
    let (world, key) = signing(|_| ());
    let url = world.start(request()).0;
    let object = parameter(&url, "request").unwrap();
    assert_eq!(url, format!("https://as.example/authorize?client_id=svc&request={object}"));
    let (header, claims) = decoded(&object);
    assert_eq!(header, json!({"alg": "ES256", "kid": "c1", "typ": "oauth-authz-req+jwt"}));
    assert_eq!(claims, object_claims(json!({})));
    verify(&object, &key, SignatureAlgorithm::Es256);
    assert_eq!(world.server.count(), 0);
}

#[test]
fn openid_connect_has_response_type_scope_and_client_outside_too_with_the_same_values() {
    let (world, _) = signing(|_| ());
    let url = world.start(request().scope("openid").nonce("N").response_type("code id_token")).0;
    let object = parameter(&url, "request").unwrap();
    let head = "https://as.example/authorize?response_type=code+id_token&client_id=svc&scope=read+openid&request=";
    assert_eq!(url, format!("{head}{object}"));
    let expected = json!({"scope": "read openid", "nonce": "N", "response_type": "code id_token"});
    assert_eq!(decoded(&object).1, object_claims(expected));
}

#[test]
fn numbers_stay_numbers_and_json_stays_json() {
    let (world, _) = signing(|_| ());
    let asked = request().max_age(86400).claims(r#"{"userinfo": {"email": {"essential": true}}}"#);
    let asked =
        asked.authorization_details(json!([{"type": "t", "n": 1.5}])).prompt("login consent").param("tenant", "7");
    let asked = asked.resource("https://a.example/").resource("urn:b").audience("one").acr_values("gold");
    let expected = json!({
        "max_age": 86400, "claims": {"userinfo": {"email": {"essential": true}}},
        "authorization_details": [{"type": "t", "n": 1.5}], "prompt": "login consent", "tenant": "7",
        "resource": ["https://a.example/", "urn:b"], "audience": "one", "acr_values": "gold",
    });
    assert_eq!(decoded(&object(&world, asked)).1, object_claims(expected));
}

#[test]
fn lifetime_and_not_before_are_settable_and_bounded() {
    let made = |objects: RequestObjects| {
        let world = world(|config| config.set_request_objects(objects));
        decoded(&object(&world, request())).1
    };
    let objects = es256(&ec("k")).lifetime(seconds(60)).not_before(seconds(10)).audience("urn:as");
    let expected = json!({"nbf": NOW - 10, "exp": NOW + 60, "aud": "urn:as"});
    assert_eq!(made(objects), object_claims(expected));
    made(es256(&ec("k")).lifetime(seconds(3000)).not_before(seconds(600)));
    for (lifetime, before) in [(0, 0), (3601, 0), (3000, 601), (u64::MAX, 1)] {
        let objects = es256(&ec("k")).lifetime(seconds(lifetime)).not_before(seconds(before));
        assert!(unbuilt(|config| config.set_request_objects(objects)).contains("one second to one hour"));
    }
}

#[test]
fn a_kid_of_the_callers_own_takes_the_place_of_the_keys() {
    let world = world(|config| config.set_request_objects(es256(&ec("k")).kid("mine")));
    assert_eq!(decoded(&object(&world, request())).0["kid"], "mine");
}

#[test]
fn each_object_has_a_jti_of_its_own() {
    let (world, _) = signing(|_| ());
    let jti = || decoded(&object(&world, request())).1["jti"].clone();
    assert_ne!(jti(), jti());
}

#[test]
fn the_clients_secret_signs_by_hmac() {
    let world = world(|config| config.set_request_objects(RequestObjects::by_secret(SignatureAlgorithm::Hs256)));
    let made = object(&world, request());
    assert_eq!(decoded(&made).0, json!({"alg": "HS256", "typ": "oauth-authz-req+jwt"}));
    let key = VerifyingKey::from_secret(SECRET.as_bytes(), SignatureAlgorithm::Hs256).unwrap();
    Compact::parse(&made).unwrap().verify(&key).unwrap();
    let by_secret = |alg| move |config: &mut Config| config.set_request_objects(RequestObjects::by_secret(alg));
    assert!(unbuilt(by_secret(SignatureAlgorithm::Rs256)).contains("with the client's secret"));
    let public = unbuilt(|config| {
        config.set_client("svc".to_owned(), None);
        by_secret(SignatureAlgorithm::Hs256)(config);
    });
    assert!(public.contains("there is none"), "{public}");
}

#[test]
fn what_is_encrypted_to_the_server_was_signed_first() {
    let (signer, server) = (ec("c1"), key("enc1", KeyKind::Rsa(2048)).with_use("enc"));
    let others = [key("sig1", KeyKind::Rsa(2048)).with_use("sig"), server.clone(), ec("e")];
    let world = try_world(others.to_vec(), |config| {
        config.set_request_objects(es256(&signer));
        config.set_request_object_encryption("RSA-OAEP-256".into(), "A256GCM".into());
    })
    .unwrap();
    let made = object(&world, request());
    let header = jwe::peek_header(&made).unwrap();
    let header: Value = serde_json::from_str(&header.to_json()).unwrap();
    assert_eq!(header, json!({"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "enc1", "cty": "JWT"}));
    let key = DecryptionKey::new(&server, KeyAlgorithm::RsaOaep256).unwrap();
    let inner = jwe::decrypt_blocking(&made, &key, &jwe::Options::default()).unwrap().plaintext;
    let inner = std::str::from_utf8(&inner).unwrap();
    assert_eq!(decoded(inner).1, object_claims(json!({})));
    verify(inner, &signer, SignatureAlgorithm::Es256);
}

#[test]
fn a_symmetric_algorithm_encrypts_by_the_clients_secret() {
    let (world, _) = signing(|config| config.set_request_object_encryption("dir".into(), "A128CBC-HS256".into()));
    let made = object(&world, request());
    let hash = grantee_core::jose::Digest::Sha256.of(SECRET.as_bytes()).unwrap();
    let key = DecryptionKey::new(&Jwk::oct(hash), KeyAlgorithm::Dir).unwrap();
    let inner = jwe::decrypt_blocking(&made, &key, &jwe::Options::default()).unwrap().plaintext;
    assert_eq!(decoded(std::str::from_utf8(&inner).unwrap()).1, object_claims(json!({})));
}

#[test]
fn without_a_key_to_encrypt_to_nothing_goes_out_in_the_clear() {
    let world = try_world(vec![ec("e").with_use("sig")], |config| {
        config.set_request_objects(es256(&ec("c1")));
        config.set_request_object_encryption("RSA-OAEP-256".into(), "A256GCM".into());
    })
    .unwrap();
    assert!(world.refused(request()).contains("no key to encrypt to by RSA-OAEP-256"));
    let unknown = unbuilt(|config| config.set_request_object_encryption("RSA1_5".into(), "A256GCM".into()));
    assert!(unknown.contains("RSA1_5"), "{unknown}");
}

#[test]
fn by_reference_the_program_serves_the_object() {
    let (world, _) = signing(|_| ());
    let start = |request| block_on(world.client.start_by_reference(request, "https://app.example/r/7?x=1"));
    let (url, pending, object) = start(request()).unwrap();
    let expected = "https://as.example/authorize?client_id=svc&request_uri=https%3A%2F%2Fapp.example%2Fr%2F7%3Fx%3D1";
    assert_eq!(url.as_str(), expected);
    assert_eq!(decoded(&object).1, object_claims(json!({})));
    assert_eq!(pending.state(), "STATE");
    let openid = start(request().scope("openid")).unwrap().0;
    assert!(openid.as_str().contains("?response_type=code&client_id=svc&scope=read+openid&request_uri="));
}

#[test]
fn a_reference_that_can_t_work_is_refused() {
    let refused = |configure: &dyn Fn(&mut Config), request: AuthorizationRequest, uri: &str| {
        let (world, _) = signing(|config| configure(config));
        match block_on(world.client.start_by_reference(request, uri)).map(|_| ()) {
            Err(Error::Config(error)) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let uri = "https://app.example/r";
    assert!(refused(&|_| (), request(), "http://app.example/r").contains("http"));
    assert!(refused(&|_| (), request(), "/r").contains("request_uri"));
    assert!(refused(&|_| (), request(), &format!("{uri}/{}", "x".repeat(512))).contains("512"));
    assert!(refused(&|_| (), request().pushed(), uri).contains("RFC 9126"));
    let required = |config: &mut Config| config.members_mut().require_pushed_authorization_requests = Some(true);
    assert!(refused(&required, request(), uri).contains("RFC 9126"));
    let none = |config: &mut Config| config.members_mut().request_uri_parameter_supported = Some(false);
    assert!(refused(&none, request(), uri).contains("request_uri_parameter_supported"));
    let unsigned = world(|_| ());
    assert!(block_on(unsigned.client.start_by_reference(request(), uri)).is_err());
}

#[test]
fn a_server_that_requires_signed_requests_gets_them_or_a_clear_error() {
    let required = |config: &mut Config| config.members_mut().require_signed_request_object = Some(true);
    let (world, _) = signing(required);
    assert!(world.start(request()).0.contains("&request="));
    let refused = world.refused(request().request_object(false));
    assert!(refused.contains("require_signed_request_object"), "{refused}");
    let without = support::authorization::world(required).refused(request());
    assert!(without.contains("has no signer") && without.contains("request_object(..)"), "{without}");
    let unsigned = support::authorization::world(|config| {
        required(config);
        config.set_unsigned_request_objects();
    });
    assert!(unsigned.refused(request()).contains("unsigned"));
}

#[test]
fn one_request_may_choose_otherwise() {
    let (world, _) = signing(|_| ());
    assert!(!world.start(request().request_object(false)).0.contains("&request="));
    let without = support::authorization::world(|_| ());
    assert!(without.refused(request().request_object(true)).contains("no signer"));
}

#[test]
fn an_algorithm_that_the_server_does_not_take_is_an_error_that_names_both() {
    let (world, _) = signing(|config| {
        config.members_mut().request_object_signing_alg_values_supported = Some(vec!["PS256".into(), "RS256".into()]);
    });
    let refused = world.refused(request());
    assert!(refused.contains("ES256") && refused.contains("PS256, RS256"), "{refused}");
    let (world, _) = signing(|config| {
        config.set_request_object_encryption("RSA-OAEP".into(), "A256GCM".into());
        config.members_mut().request_object_encryption_enc_values_supported = Some(vec!["A128GCM".into()]);
    });
    let refused = world.refused(request());
    assert!(refused.contains("A256GCM") && refused.contains("A128GCM"), "{refused}");
}

#[test]
fn a_server_that_takes_none_by_value_is_told_apart() {
    let (world, _) = signing(|config| config.members_mut().request_parameter_supported = Some(false));
    assert!(world.refused(request()).contains("request_parameter_supported"));
    // What is pushed is another matter.
    world.start(request().pushed());
}

#[test]
fn claims_that_are_made_here_can_t_be_set_and_the_issuer_must_be_known() {
    let (world, _) = signing(|_| ());
    for name in ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"] {
        assert!(world.refused(request().param(name, "x")).contains(name));
    }
    let (world, _) = signing(|config| config.members_mut().issuer = None);
    assert!(world.refused(request()).contains("issuer(..)"));
}

#[test]
fn unsigned_ones_are_behind_the_danger_door_alone() {
    let world = world(|config| config.set_unsigned_request_objects());
    let made = object(&world, request());
    let (header, payload) = read_unsecured(&made).unwrap().unwrap();
    assert_eq!(header.typ.as_deref(), Some("oauth-authz-req+jwt"));
    assert_eq!(serde_json::from_slice::<Value>(&payload).unwrap(), object_claims(json!({})));
    assert!(made.ends_with('.'));
}

#[test]
fn debug_shows_how_they_are_made_and_no_key() {
    let shown = format!("{:?}", RequestObjects::from_key(&ec("k")).unwrap());
    assert_eq!(shown, r#"RequestObjects { alg: "ES256", audience: None, lifetime: 300s, not_before: 0ns, .. }"#);
    let x25519 = Jwk::generate(KeyKind::Curve(Curve::X25519)).unwrap();
    assert!(RequestObjects::from_key(&x25519).is_err());
}
