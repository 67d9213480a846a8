//! Assertions as grants: a JWT by a trusted issuer or a service account, and a SAML 2.0 assertion.
#![allow(clippy::unwrap_used)]

mod common;

use base64::{
    Engine,
    engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD},
};
use common::*;
use grantor::{Client, Endpoint, Server, SigningKey};
use serde_json::{Map, Value, json};

const JWT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const SAML: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";
const IDP: &str = "https://idp.example";
const ROBOT: &str = "robot@project.iam.example";

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// A server that trusts an issuer and has a service account, both with this key.
fn trusting(key: &SigningKey) -> Server {
    let jwks = json!({"keys": [key.jwk()]});
    Server::builder().trusted_issuer(IDP, jwks.clone()).client(Client::new(ROBOT).jwks(jwks)).saml_issuer(IDP).start()
}

fn right(server: &Server, iss: &str, jti: &str) -> Map<String, Value> {
    let now = server.now().as_secs();
    object(json!({"iss": iss, "sub": "alice", "aud": server.issuer(), "iat": now, "exp": now + 60, "jti": jti}))
}

fn spend(server: &Server, assertion: &str, more: &[(&str, &str)]) -> Answer {
    post(server, "/token", &[&[("grant_type", JWT), ("assertion", assertion)], more].concat())
}

fn introspected(server: &Server, answer: &Answer) -> Value {
    svc(server, "/introspect", &[("token", &answer.text("access_token"))]).json()
}

#[test]
fn an_assertion_of_a_trusted_issuer_is_worth_a_token_with_and_without_a_client() {
    let key = SigningKey::fresh("RS256");
    let server = trusting(&key);
    let sign = |jti: &str| key.sign(Map::new(), right(&server, IDP, jti));
    let alone = spend(&server, &sign("1"), &[("scope", "read")]);
    assert_eq!(alone.status, 200, "{}", alone.body);
    assert_eq!((&alone.json()["scope"], alone.json().get("refresh_token")), (&json!("read"), None));
    let token = introspected(&server, &alone);
    assert_eq!((&token["sub"], &token["client_id"]), (&json!("alice"), &json!(IDP)));

    let pairs = [("grant_type", JWT), ("assertion", &sign("2")), ("scope", "openid")];
    let with_client = svc(&server, "/token", &pairs);
    assert_eq!(introspected(&server, &with_client)["client_id"], "svc");
    assert_eq!(claims(&with_client.text("id_token"))["aud"], "svc");
    assert_eq!(spend(&server, &sign("3"), &[("client_id", "public")]).status, 200);
    let wrong = [("client_id", "svc"), ("client_secret", "wrong")];
    assert_eq!(spend(&server, &sign("4"), &wrong).error(), "invalid_client", "what there is of a client counts");
    let mut guest = right(&server, IDP, "5");
    guest.insert("sub".into(), "guest".into());
    let stranger = key.sign(Map::new(), guest);
    assert_eq!(introspected(&server, &spend(&server, &stranger, &[]))["sub"], "guest");
    assert_eq!(server.requests_to(Endpoint::Token)[0].form_value("grant_type").as_deref(), Some(JWT));
}

#[test]
fn every_claim_of_an_assertion_is_checked() {
    let key = SigningKey::fresh("ES256");
    let server = trusting(&key);
    let now = server.now().as_secs();
    let wrong = [
        json!({"iss": "https://other.example"}),
        json!({"iss": null}),
        json!({"sub": null}),
        json!({"aud": null}),
        json!({"aud": "https://other.example"}),
        json!({"aud": ["https://other.example"]}),
        json!({"exp": null}),
        json!({"exp": now - 1}),
        json!({"exp": now + 86_400}),
        json!({"iat": now + 3600}),
        json!({"nbf": now + 3600}),
    ];
    let by = |change: &Value, jti: &str| {
        let mut claims = right(&server, IDP, jti);
        for (name, value) in object(change.clone()) {
            match value {
                Value::Null => drop(claims.remove(&name)),
                value => drop(claims.insert(name, value)),
            }
        }
        spend(&server, &key.sign(Map::new(), claims), &[])
    };
    for (index, change) in wrong.iter().enumerate() {
        let answer = by(change, &index.to_string());
        assert_eq!((answer.status, answer.error().as_str()), (400, "invalid_grant"), "{change}");
    }
    let token_endpoint = format!("{}/token", server.issuer());
    for (index, change) in [
        json!({"aud": token_endpoint}),
        json!({"aud": ["x", token_endpoint]}),
        json!({"jti": null}),
        json!({"iat": null}),
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(by(change, &format!("good {index}")).status, 200, "{change}");
    }
    let forged = SigningKey::fresh("ES256").sign(Map::new(), right(&server, IDP, "forged"));
    assert_eq!(spend(&server, &forged, &[]).error(), "invalid_grant");
    for text in ["", "x", "x.y.z"] {
        assert!(["invalid_grant", "invalid_request"].contains(&spend(&server, text, &[]).error().as_str()));
    }
}

#[test]
fn a_jti_is_good_once_and_a_refusal_does_not_use_it_up() {
    let key = SigningKey::fresh("ES256");
    let server = trusting(&key);
    let assertion = key.sign(Map::new(), right(&server, IDP, "1"));
    assert_eq!(spend(&server, &assertion, &[("resource", "no URI")]).error(), "invalid_target");
    assert_eq!(spend(&server, &assertion, &[]).status, 200);
    assert_eq!(spend(&server, &assertion, &[]).error(), "invalid_grant");
    let again = key.sign(Map::new(), right(&server, ROBOT, "1"));
    assert_eq!(spend(&server, &again, &[]).status, 200, "another issuer's is another");
}

#[test]
fn a_service_account_signs_for_itself() {
    let key = SigningKey::fresh("RS256");
    let server = trusting(&key);
    let mut claims = right(&server, ROBOT, "1");
    claims.remove("sub");
    claims.insert("scope".into(), "read write".into());
    let answer = spend(&server, &key.sign(Map::new(), claims.clone()), &[]);
    assert_eq!(answer.json()["scope"], "read write", "as a claim");
    let token = introspected(&server, &answer);
    assert_eq!((&token["sub"], &token["client_id"], token.get("username")), (&json!(ROBOT), &json!(ROBOT), None));
    claims.insert("jti".into(), "2".into());
    let answer = spend(&server, &key.sign(Map::new(), claims), &[("scope", "read")]);
    assert_eq!(answer.json()["scope"], "read", "the parameter goes first");
    let for_alice = spend(&server, &key.sign(Map::new(), right(&server, ROBOT, "3")), &[]);
    assert_eq!(introspected(&server, &for_alice)["username"], "alice");

    let other = [("grant_type", JWT), ("assertion", &key.sign(Map::new(), right(&server, ROBOT, "4")))];
    assert_eq!(svc(&server, "/token", &other).error(), "invalid_grant", "a client speaks for no other");
}

fn saml(server: &Server, id: &str) -> String {
    format!(
        r#"<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" Version="2.0">
<saml:Issuer>{IDP}</saml:Issuer>
<saml:Subject><saml:NameID>alice</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
<saml:SubjectConfirmationData NotOnOrAfter="2999-01-01T00:00:00Z" Recipient="{issuer}/token"/>
</saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="2001-01-01T00:00:00Z"><saml:AudienceRestriction>
<saml:Audience>{issuer}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
</saml:Assertion>"#,
        issuer = server.issuer()
    )
}

fn bring(server: &Server, assertion: &str) -> Answer {
    post(server, "/token", &[("grant_type", SAML), ("assertion", assertion), ("scope", "read")])
}

#[test]
fn a_saml_assertion_is_worth_a_token_once() {
    let server = trusting(&SigningKey::fresh("ES256"));
    let assertion = URL_SAFE_NO_PAD.encode(saml(&server, "_1"));
    let answer = bring(&server, &assertion);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(introspected(&server, &answer)["sub"], "alice");
    assert_eq!(bring(&server, &assertion).error(), "invalid_grant");
    let with_client = [("grant_type", SAML), ("assertion", &URL_SAFE_NO_PAD.encode(saml(&server, "_2")))];
    assert_eq!(introspected(&server, &svc(&server, "/token", &with_client))["client_id"], "svc");

    let subject = URL_SAFE_NO_PAD.encode(saml(&server, "_3"));
    let exchange = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", subject.as_str()),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:saml2"),
    ];
    assert_eq!(introspected(&server, &svc(&server, "/token", &exchange))["sub"], "alice");
}

#[test]
fn what_is_wrong_with_a_saml_assertion_is_an_invalid_grant() {
    let server = trusting(&SigningKey::fresh("ES256"));
    let changes = [
        (IDP.to_owned(), "https://other.example"),
        (format!("<saml:Audience>{}</saml:Audience>", server.issuer()), "<saml:Audience>urn:other</saml:Audience>"),
        ("2999".into(), "2009"),
        (r#"NotOnOrAfter="2999-01-01T00:00:00Z" "#.into(), ""),
        ("2001-".into(), "2998-"),
        (format!("{}/token\"", server.issuer()), "https://other.example/token\""),
        ("<saml:NameID>alice</saml:NameID>".into(), ""),
        ("ID=\"_1\" ".into(), ""),
        ("alice".into(), "ali<!-- -->ce"),
    ];
    for (from, to) in changes {
        let right = saml(&server, "_1");
        assert!(right.contains(&from), "{from}");
        assert_eq!(bring(&server, &URL_SAFE_NO_PAD.encode(right.replace(&from, to))).error(), "invalid_grant", "{to}");
    }
    let mut text = saml(&server, "_1");
    while text.len().is_multiple_of(3) {
        text.push(' ');
    }
    assert_eq!(bring(&server, &URL_SAFE.encode(&text)).error(), "invalid_grant", "padded");
    assert_eq!(bring(&server, &text).error(), "invalid_grant", "not encoded");
    assert_eq!(bring(&server, &URL_SAFE_NO_PAD.encode(&text)).status, 200, "none of these used it up");
}
