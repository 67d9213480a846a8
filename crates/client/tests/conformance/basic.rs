//! Tests of the basic plan; most are in the implicit and hybrid plans too, and run through their flows as well.

use crate::browser::Browser;
use crate::suite::{Flow, Outcome, Place, flows, flows_where};
use crate::world::{
    PERSON, REDIRECT_URI, RP, Rule, SECRET, World, block_on, callback, client_of, everywhere, id_token_fault,
};
use grantee::AuthorizationRequest;
use grantee::jose::{SignatureAlgorithm, jws};
use grantee::oidc::Claims;
use grantee_core::client::Config;
use grantor::{BearerMethod, Builder, Endpoint, JwtFault, Misbehaviour, OTHER_CLIENT, OTHER_ISSUER, SigningKey};
use serde_json::{Value, json};

const VALIDATION: &str = "OpenID Connect Core section 3.1.3.7";
pub const SIGNATURE: Rule = Rule::id_token("the signature verifies", "RFC 7515 section 5.2", "");
/// An algorithm that nobody registered for is refused before anything else is read.
pub const NONE: Rule = Rule::id_token("the token is signed", "RFC 8725 section 3.2", "none");

#[test]
fn oidcc_client_test() {
    for flow in flows("oidcc-client-test", Outcome::Succeed) {
        let world = World::new();
        let person = world.login(flow).unwrap();
        assert_eq!(person.id_token.subject(), PERSON, "{flow:?}");
        assert_eq!((person.id_token.issuer(), person.id_token.audience()), (&*world.op.issuer(), &[RP.to_owned()][..]));
        if flow.brings_token() {
            let userinfo = block_on(world.rp.userinfo(person.token(), &person.id_token)).unwrap();
            assert_eq!(userinfo.claims.sub(), Some(PERSON), "{flow:?}");
        }
        let asked = &world.op.requests_to(Endpoint::Authorize)[0];
        assert_eq!(asked.query_value("response_type").as_deref(), Some(flow.response_type));
        assert_eq!(world.op.count(Endpoint::Token), usize::from(flow.code()), "{flow:?}");
        assert_eq!(world.op.count(Endpoint::Jwks), 1, "{flow:?}: one fetch for all");
    }
    // The faces that programs use, by the system's clock.
    let op = grantor::Server::builder().auto_approve(PERSON).client(grantor::Client::new(RP).secret(SECRET)).start();
    let request = || AuthorizationRequest::new().scope("openid");
    let face =
        grantee::blocking::Client::discover(op.issuer()).client(RP, SECRET).redirect_uri(REDIRECT_URI).build().unwrap();
    let (url, pending) = face.start(request()).unwrap();
    let arrived = Browser::new().open(url.as_str());
    assert_eq!(block_on(face.core().finish(pending, callback(&arrived))).unwrap().id_token.unwrap().subject(), PERSON);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let face =
            grantee::Client::discover(op.issuer()).client(RP, SECRET).redirect_uri(REDIRECT_URI).build().unwrap();
        let (url, pending) = face.start(request()).await.unwrap();
        let arrived = Browser::new().open(url.as_str());
        let login = face.core().finish(pending, callback(&arrived)).await.unwrap();
        assert_eq!(login.id_token.unwrap().subject(), PERSON);
    });
}

#[test]
fn oidcc_client_test_client_secret_basic() {
    // Each with what form encoding and base64 change.
    let (client_id, secret) = ("r&p: 1/é", "s3cret &+%41/=:é");
    for flow in flows_where("oidcc-client-test-client-secret-basic", Outcome::Succeed, Flow::code) {
        let world = World::of(
            |op| {
                let client = grantor::Client::new(client_id).secret(secret).auth("client_secret_basic");
                op.client(client).set_metadata("token_endpoint_auth_methods_supported", json!(["client_secret_basic"]))
            },
            |registered| registered,
            |config| config.set_client(client_id.to_owned(), Some(secret.into())),
        );
        assert_eq!(world.login(flow).unwrap().id_token.audience(), [client_id], "{flow:?}");
        let sent = &world.op.requests_to(Endpoint::Token)[0];
        let credentials = "ciUyNnAlM0ElMjAxJTJGJUMzJUE5OnMzY3JldCUyMCUyNiUyQiUyNTQxJTJGJTNEJTNBJUMzJUE5";
        assert_eq!(sent.header("authorization"), Some(format!("Basic {credentials}").as_str()));
        assert_eq!((sent.form_value("client_secret"), sent.form_value("client_assertion")), (None, None), "{flow:?}");
        // The provider would have noticed another secret.
        let wrong = client_of(&world.op, &world.clock, |config| {
            config.set_client(client_id.to_owned(), Some("s3cret &+A/=:é".into()));
        });
        let wrong = World { rp: wrong, ..world };
        assert_eq!(wrong.login(flow).unwrap_err().server_error(), Some("invalid_client"), "{flow:?}");
    }
}

/// Our choice of the two: refused, unless the client is registered for it and the danger door is open.
#[test]
fn oidcc_client_test_idtoken_sig_none() {
    let open_door = Config::set_accept_unsigned_id_tokens;
    let registered = |client: grantor::Client| client.id_token_signed_response_alg("none");
    let rule = Rule::id_token("alg is the one registered for this client", VALIDATION, "none");
    // With an ID token in the response itself a client can't register for none (Registration 1.0 section 2).
    let is_back = |flow: Flow| flow.places() == [Place::Back];
    for flow in flows_where("oidcc-client-test-idtoken-sig-none", Outcome::Either, is_back) {
        NONE.refuses(World::of(|op| op, registered, |_| ()).login(flow));
        let world = World::new();
        world.op.misbehave_jwt_times(Place::Back.jwt(), 1, JwtFault::AlgNone);
        NONE.refuses(world.login(flow));
        assert_eq!(world.login(flow).unwrap().id_token.algorithm(), Some(SignatureAlgorithm::Rs256));

        let world = World::of(|op| op, registered, open_door);
        let person = world.login(flow).unwrap();
        assert_eq!((person.id_token.subject(), person.id_token.algorithm()), (PERSON, None), "{flow:?}");
        assert_eq!(world.op.count(Endpoint::Jwks), 0, "{flow:?}");
        // Every other rule still holds.
        world.op.misbehave_jwt_times(Place::Back.jwt(), 1, JwtFault::WrongNonce);
        Rule::id_token("nonce is the one that was sent", VALIDATION, "another nonce").refuses(world.login(flow));
        // Registered for none, it takes no other, and none never comes through the browser.
        world.op.misbehave_jwt_times(Place::Back.jwt(), 1, JwtFault::OtherAlg("RS256".into()));
        Rule { got: "RS256", ..rule }.refuses(world.login(flow));
        let front = Flow { response_type: "id_token", form_post: flow.form_post };
        world.op.misbehave_jwt_times(Place::Front.jwt(), 1, JwtFault::AlgNone);
        NONE.refuses(world.login(front));
    }
}

#[test]
fn oidcc_client_test_idtoken_sig_rs256() {
    for flow in flows("oidcc-client-test-idtoken-sig-rs256", Outcome::Succeed) {
        let world = World::new();
        assert_eq!(world.login(flow).unwrap().id_token.algorithm(), Some(SignatureAlgorithm::Rs256), "{flow:?}");
        for place in flow.places() {
            world.op.misbehave_jwt_times(place.jwt(), 1, JwtFault::OtherKey);
            SIGNATURE.refuses(world.login(flow));
        }
    }
}

#[test]
fn oidcc_client_test_invalid_aud() {
    let rule = Rule::id_token("aud is this client", VALIDATION, OTHER_CLIENT);
    id_token_fault("oidcc-client-test-invalid-aud", World::new, &JwtFault::WrongAudience, rule, everywhere);
}

#[test]
fn oidcc_client_test_invalid_iss() {
    let rule = Rule::id_token("iss is the issuer that was asked", VALIDATION, OTHER_ISSUER);
    id_token_fault("oidcc-client-test-invalid-iss", World::new, &JwtFault::WrongIssuer, rule, everywhere);
}

#[test]
fn oidcc_client_test_invalid_sig_rs256() {
    id_token_fault(
        "oidcc-client-test-invalid-sig-rs256",
        World::new,
        &JwtFault::BrokenSignature,
        SIGNATURE,
        everywhere,
    );
}

/// Our choice of the two: every key that fits is tried.
#[test]
fn oidcc_client_test_kid_absent_multiple_jwks() {
    // The one that signs is the last of the set.
    let of_several = |op: Builder| {
        let keys = ["RS256", "ES256", "PS256"].map(|alg| SigningKey::shared(alg).without_kid());
        op.signing_keys(keys)
    };
    let stranger = strange_key();
    for flow in flows("oidcc-client-test-kid-absent-multiple-jwks", Outcome::Either) {
        let world = World::of(of_several, |registered| registered, |_| ());
        let mut keys: Vec<Value> = world.op.signing_keys().iter().rev().map(SigningKey::jwk).collect();
        keys.insert(0, stranger.clone());
        world.op.misbehave(Endpoint::Jwks, Misbehaviour::SetMember("keys".into(), keys.into()));
        assert_eq!(world.login(flow).unwrap().id_token.subject(), PERSON, "{flow:?}");
        assert_eq!(world.op.count(Endpoint::Jwks), 1, "{flow:?}: one of the set fits, so it is not fetched again");
        without_kid_alone(&World::new(), flow);
        for place in flow.places() {
            world.op.misbehave_jwt_times(place.jwt(), 1, JwtFault::OtherKey);
            SIGNATURE.refuses(world.login(flow));
        }
    }
}

/// The keys have names, and the ID tokens do not.
fn without_kid_alone(world: &World, flow: Flow) {
    for place in flow.places() {
        world.op.misbehave_jwt(place.jwt(), JwtFault::NoKid);
    }
    let person = world.login(flow).unwrap();
    assert_eq!(jws::Compact::parse(person.id_token.reveal()).unwrap().header().kid, None, "{flow:?}");
    assert_eq!((person.id_token.subject(), world.op.count(Endpoint::Jwks)), (PERSON, 1), "{flow:?}");
}

/// A public key of the kind that RS256 takes, which signs nothing here: that of RFC 7517 appendix A.1.
fn strange_key() -> Value {
    json!({"kty": "RSA", "use": "sig", "alg": "RS256", "e": "AQAB", "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"})
}

#[test]
fn oidcc_client_test_kid_absent_single_jwks() {
    let single = |op: Builder| op.signing_keys([SigningKey::shared("RS256").without_kid()]);
    for flow in flows("oidcc-client-test-kid-absent-single-jwks", Outcome::Succeed) {
        let world = World::of(single, |registered| registered, |_| ());
        let person = world.login(flow).unwrap();
        assert_eq!((person.id_token.subject(), world.op.signing_keys().len()), (PERSON, 1), "{flow:?}");
        assert_eq!(world.op.count(Endpoint::Jwks), 1, "{flow:?}");
        without_kid_alone(&World::of(|op| op.signing_keys([SigningKey::shared("RS256")]), |it| it, |_| ()), flow);
        // A name that the set does not know is another matter.
        for place in flow.places() {
            world.op.misbehave_jwt_times(place.jwt(), 1, JwtFault::UnknownKid);
            let rule = Rule::id_token(
                "a key of the server's set fits the token",
                "OpenID Connect Core section 10.1",
                "kid no-such-key with alg RS256",
            );
            rule.refuses(world.login(flow));
        }
    }
}

#[test]
fn oidcc_client_test_missing_iat() {
    let rule = Rule::id_token("a time that is required is there as a number", VALIDATION, "no such member");
    id_token_fault("oidcc-client-test-missing-iat", World::new, &JwtFault::without("iat"), rule, everywhere);
}

#[test]
fn oidcc_client_test_missing_sub() {
    let spec = "OpenID Connect Core section 2";
    let rule = Rule::id_token("a claim that is required is there as a string", spec, "no such member");
    id_token_fault("oidcc-client-test-missing-sub", World::new, &JwtFault::without("sub"), rule, everywhere);
}

#[test]
fn oidcc_client_test_nonce_invalid() {
    let rule = Rule::id_token("nonce is the one that was sent", VALIDATION, "another nonce");
    id_token_fault("oidcc-client-test-nonce-invalid", World::new, &JwtFault::WrongNonce, rule, everywhere);
    let rule = Rule { got: "no such member", ..rule };
    id_token_fault("oidcc-client-test-nonce-invalid", World::new, &JwtFault::without("nonce"), rule, everywhere);
}

#[test]
fn oidcc_client_test_scope_userinfo_claims() {
    type Check = fn(&Claims) -> bool;
    let scopes: [(&str, Check); 4] = [
        ("profile", |claims| {
            (claims.name(), claims.birthdate(), claims.zoneinfo())
                == (Some("Jane Bennet"), Some("1990-02-28"), Some("Europe/London"))
                && claims.localized("name", "ja-Kana-JP") == Some("ジェーン ベネット")
        }),
        ("email", |claims| (claims.email(), claims.email_verified()) == (Some("jane@example.test"), Some(true))),
        ("address", |claims| claims.address().and_then(|address| address.postal_code()) == Some("AL1 1AA")),
        ("phone", |claims| {
            (claims.phone_number(), claims.phone_number_verified()) == (Some("+44 20 7946 0000"), Some(false))
        }),
    ];
    for flow in flows("oidcc-client-test-scope-userinfo-claims", Outcome::Succeed) {
        let world = World::of(|op| op.auto_approve("jane"), |registered| registered, |_| ());
        for (scope, _) in scopes {
            let person = world.login_for(flow, AuthorizationRequest::new().scope(scope)).unwrap();
            // Where no access token comes, the ID token has them (OpenID Connect Core section 5.4).
            let claims = match &person.token {
                Some(token) => block_on(world.rp.userinfo(token, &person.id_token)).unwrap().claims,
                None => person.id_token.claims().clone(),
            };
            assert_eq!(claims.sub(), Some("jane"));
            for (other, check) in scopes {
                assert_eq!(check(&claims), other == scope, "{flow:?}: {other} when {scope} was asked for");
            }
            let asked = world.op.requests_to(Endpoint::Authorize).pop().unwrap().query_value("scope").unwrap();
            assert!(asked.split(' ').any(|word| word == scope), "{asked}");
        }
    }
}

fn by(method: BearerMethod, configure: fn(&mut Config)) -> World {
    World::of(|op| op.userinfo_bearer(method), |registered| registered, configure)
}

#[test]
fn oidcc_client_test_userinfo_bearer_header() {
    for flow in flows_where("oidcc-client-test-userinfo-bearer-header", Outcome::Succeed, Flow::brings_token) {
        let world = by(BearerMethod::Header, |_| ());
        let person = world.login(flow).unwrap();
        assert_eq!(block_on(world.rp.userinfo(person.token(), &person.id_token)).unwrap().claims.sub(), Some(PERSON));
        let asked = &world.op.requests_to(Endpoint::Userinfo)[0];
        let bearer = format!("Bearer {}", person.token().access_token.reveal());
        assert_eq!((asked.method.as_str(), asked.header("authorization")), ("GET", Some(bearer.as_str())), "{flow:?}");
        assert!(asked.body.is_empty() && asked.query.is_none(), "{flow:?}: it is nowhere else");
        let wrong = by(BearerMethod::Header, Config::set_userinfo_in_body);
        let person = wrong.login(flow).unwrap();
        assert!(block_on(wrong.rp.userinfo(person.token(), &person.id_token)).is_err(), "the provider would notice");
    }
}

#[test]
fn oidcc_client_test_userinfo_bearer_body() {
    for flow in flows_where("oidcc-client-test-userinfo-bearer-body", Outcome::Succeed, Flow::brings_token) {
        let world = by(BearerMethod::Body, Config::set_userinfo_in_body);
        let person = world.login(flow).unwrap();
        assert_eq!(block_on(world.rp.userinfo(person.token(), &person.id_token)).unwrap().claims.sub(), Some(PERSON));
        let asked = &world.op.requests_to(Endpoint::Userinfo)[0];
        let access_token = person.token().access_token.reveal().to_owned();
        assert_eq!((asked.method.as_str(), asked.form_value("access_token")), ("POST", Some(access_token)), "{flow:?}");
        assert_eq!((asked.header("authorization"), &asked.query), (None, &None), "{flow:?}: it is nowhere else");
        let wrong = by(BearerMethod::Body, |_| ());
        let person = wrong.login(flow).unwrap();
        assert!(block_on(wrong.rp.userinfo(person.token(), &person.id_token)).is_err(), "the provider would notice");
    }
}

#[test]
fn oidcc_client_test_userinfo_invalid_sub() {
    let rule = Rule {
        stage: "userinfo",
        rule: "sub is that of the ID token",
        spec: "OpenID Connect Core section 5.3.2",
        got: "another sub",
    };
    for flow in flows_where("oidcc-client-test-userinfo-invalid-sub", Outcome::Reject, Flow::brings_token) {
        let world = World::new();
        let person = world.login(flow).unwrap();
        let userinfo = || block_on(world.rp.userinfo(person.token(), &person.id_token));
        world.op.misbehave_times(Endpoint::Userinfo, 1, Misbehaviour::SetMember("sub".into(), "mallory".into()));
        rule.refuses(userinfo());
        world.op.misbehave_times(Endpoint::Userinfo, 1, Misbehaviour::OmitMember("sub".into()));
        Rule { got: "no sub", ..rule }.refuses(userinfo());
        assert_eq!(userinfo().unwrap().claims.sub(), Some(PERSON), "{flow:?}");

        let signed = |registered: grantor::Client| registered.userinfo_signed_response_alg("RS256");
        let world = World::of(|op| op, signed, |config| config.set_userinfo_alg("RS256".into()));
        let person = world.login(flow).unwrap();
        let userinfo = || block_on(world.rp.userinfo(person.token(), &person.id_token));
        world.op.misbehave_jwt_times(grantor::Jwt::Userinfo, 1, JwtFault::WrongSubject);
        rule.refuses(userinfo());
        assert_eq!(userinfo().unwrap().claims.sub(), Some(PERSON), "{flow:?}");
    }
}
