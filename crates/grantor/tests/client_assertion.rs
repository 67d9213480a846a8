//! Clients that authenticate with a JWT, and everything such a JWT can have wrong.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use grantor::{Client, Endpoint, Server, SigningKey};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Map, Value, json};

const SECRET: &str = "a secret of more than sixty-four bytes, for the longest of the three MACs";
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn right(server: &Server, client: &str, jti: &str) -> Map<String, Value> {
    let now = server.now().as_secs();
    object(json!({"iss": client, "sub": client, "aud": server.issuer(), "iat": now, "exp": now + 60, "jti": jti}))
}

fn spend(server: &Server, assertion: &str) -> Answer {
    let pairs =
        [("grant_type", "client_credentials"), ("client_assertion_type", TYPE), ("client_assertion", assertion)];
    post(server, "/token", &pairs)
}

fn by_secret(alg: &str, secret: &str, claims: &Map<String, Value>) -> String {
    let algorithm: Algorithm = alg.parse().unwrap();
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::new(algorithm), claims, &key).unwrap()
}

/// A server whose client `kim` has these keys.
fn with_keys(keys: &[&SigningKey]) -> Server {
    let jwks = json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()});
    Server::builder().client(Client::new("kim").jwks(jwks)).start()
}

#[test]
fn every_algorithm_will_do_unless_the_client_registered_one() {
    for alg in ["RS256", "RS512", "PS256", "ES256", "ES384", "EdDSA"] {
        let key = SigningKey::fresh(alg);
        let server = with_keys(&[&SigningKey::fresh("ES256"), &key]);
        let answer = spend(&server, &key.sign(Map::new(), right(&server, "kim", "1")));
        assert_eq!(answer.status, 200, "{alg}: {}", answer.body);
        let other = SigningKey::fresh("ES256").sign(Map::new(), right(&server, "kim", "2"));
        assert_eq!((spend(&server, &other).status, spend(&server, &other).error()), (401, "invalid_client".into()));
    }
    let client = |id: &str| Client::new(id).secret(SECRET).auth("client_secret_jwt");
    let narrow = client("narrow").token_endpoint_auth_signing_alg("HS512");
    let server = Server::builder().client(client("sam")).client(narrow).start();
    for alg in ["HS256", "HS384", "HS512"] {
        assert_eq!(spend(&server, &by_secret(alg, SECRET, &right(&server, "sam", alg))).status, 200, "{alg}");
        let status = spend(&server, &by_secret(alg, SECRET, &right(&server, "narrow", alg))).status;
        assert_eq!(status == 200, alg == "HS512", "{alg}");
    }
    let wrong = by_secret("HS256", "another secret that is long enough", &right(&server, "sam", "x"));
    assert_eq!(spend(&server, &wrong).status, 401);
}

#[test]
fn an_assertion_must_be_right_in_all_it_says() {
    let key = SigningKey::fresh("ES256");
    let server = with_keys(&[&key]);
    let now = server.now().as_secs();
    let token_endpoint = format!("{}/token", server.issuer());
    let wrong = [
        json!({"iss": "other"}),
        json!({"sub": "svc", "iss": "svc"}),
        json!({"sub": "nobody", "iss": "nobody"}),
        json!({"iss": null}),
        json!({"sub": null}),
        json!({"aud": null}),
        json!({"aud": "https://other.example"}),
        json!({"aud": format!("{}/", server.issuer())}),
        json!({"aud": token_endpoint}),
        json!({"aud": [server.issuer()]}),
        json!({"exp": null}),
        json!({"exp": now - 1}),
        json!({"exp": now + 86_400}),
        json!({"iat": now + 3600}),
        json!({"nbf": now + 3600}),
        json!({"jti": null}),
    ];
    for (index, change) in wrong.into_iter().enumerate() {
        let mut claims = right(&server, "kim", &index.to_string());
        for (name, value) in object(change.clone()) {
            match value {
                Value::Null => drop(claims.remove(&name)),
                value => drop(claims.insert(name, value)),
            }
        }
        let answer = spend(&server, &key.sign(Map::new(), claims));
        assert_eq!((answer.status, answer.error().as_str()), (401, "invalid_client"), "{change}");
    }
    let good = key.sign(Map::new(), right(&server, "kim", "good"));
    assert_eq!(spend(&server, &good).status, 200);
    assert_eq!(server.requests_to(Endpoint::Token).last().unwrap().form_value("client_assertion"), Some(good));
}

#[test]
fn an_assertion_is_good_once() {
    let key = SigningKey::fresh("ES256");
    let server = with_keys(&[&key]);
    let assertion = key.sign(Map::new(), right(&server, "kim", "1"));
    assert_eq!([spend(&server, &assertion).status, spend(&server, &assertion).status], [200, 401]);
    let same_jti =
        key.sign(Map::new(), object(json!({"x": 1})).into_iter().chain(right(&server, "kim", "1")).collect());
    assert_eq!(spend(&server, &same_jti).status, 401);
    assert_eq!(spend(&server, &key.sign(Map::new(), right(&server, "kim", "2"))).status, 200);
}

#[test]
fn a_tolerant_server_takes_the_token_endpoint_and_a_list() {
    let key = SigningKey::fresh("ES256");
    let jwks = json!({"keys": [key.jwk()]});
    let server = Server::builder().client(Client::new("kim").jwks(jwks)).tolerant_assertion_audience(true).start();
    let by = |jti: &str, aud: Value| {
        let mut claims = right(&server, "kim", jti);
        claims.insert("aud".into(), aud);
        spend(&server, &key.sign(Map::new(), claims)).status
    };
    let token_endpoint = format!("{}/token", server.issuer());
    let statuses = [
        by("1", json!(server.issuer())),
        by("2", json!(token_endpoint)),
        by("3", json!(["x", token_endpoint])),
        by("5", json!(format!("{}/bc-authorize", server.issuer()))),
        by("4", json!("https://other.example")),
    ];
    assert_eq!(statuses, [200, 200, 200, 200, 401]);
}

#[test]
fn a_method_must_be_the_clients_own_and_the_only_one() {
    let server = Server::start();
    let mac = by_secret("HS256", "secret", &right(&server, "svc", "1"));
    assert_eq!(spend(&server, &mac).error(), "invalid_client", "svc is not registered for it");
    let key = SigningKey::fresh("ES256");
    let server = with_keys(&[&key]);
    let assertion = key.sign(Map::new(), right(&server, "kim", "1"));
    let grant = ("grant_type", "client_credentials");
    let with =
        |more: &[(&str, &str)]| post(&server, "/token", &[&[grant, ("client_assertion", &assertion)], more].concat());
    assert_eq!(with(&[]).error(), "invalid_request", "the type is missing");
    assert_eq!(with(&[("client_assertion_type", "urn:x")]).error(), "invalid_request");
    let kind = ("client_assertion_type", TYPE);
    assert_eq!(with(&[kind, ("client_secret", "x")]).error(), "invalid_request");
    assert_eq!(with(&[kind, ("client_id", "svc")]).error(), "invalid_client");
    assert_eq!(post(&server, "/token", &[grant, kind, ("client_assertion", "x.y.z")]).error(), "invalid_client");
    assert_eq!(with(&[kind, ("client_id", "kim")]).status, 200, "none of these used the assertion up");
    let none = [("grant_type", "client_credentials"), ("client_id", "kim")];
    assert_eq!(post(&server, "/token", &none).error(), "invalid_client");
}

#[test]
fn the_kid_of_an_assertion_names_its_key() {
    let key = SigningKey::fresh("ES256").with_kid("right");
    let server = with_keys(&[&key]);
    let renamed = key.clone().with_kid("wrong").sign(Map::new(), right(&server, "kim", "1"));
    assert_eq!(spend(&server, &renamed).status, 401);
    let nameless = key.clone().without_kid().sign(Map::new(), right(&server, "kim", "2"));
    assert_eq!(spend(&server, &nameless).status, 200);
}
