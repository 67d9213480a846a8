//! Request objects, RFC 9101 and OpenID Connect Core 1.0 section 6.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use grantor::{Client, Endpoint, Misbehaviour, Server, SigningKey};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value, json};

const SECRET: &str = "a secret of more than sixty-four bytes, for the longest of the three MACs";
const OUTSIDE: [(&str, &str); 3] = [("client_id", "kim"), ("response_type", "code"), ("scope", "openid")];

struct Kim {
    server: Server,
    key: SigningKey,
}

impl Kim {
    fn new(change: impl FnOnce(Client) -> Client) -> Self {
        Self::at(Server::builder(), change)
    }

    fn at(builder: grantor::Builder, change: impl FnOnce(Client) -> Client) -> Self {
        let key = SigningKey::fresh("ES256");
        let client = change(Client::new("kim").jwks(json!({"keys": [key.jwk()]})).auth("none"));
        Self { server: builder.auto_approve("alice").client(client).start(), key }
    }

    fn claims(&self) -> Value {
        let now = self.server.now().as_secs();
        json!({
            "iss": "kim", "aud": self.server.issuer(), "iat": now, "nbf": now, "exp": now + 300,
            "client_id": "kim", "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid",
            "state": "inside", "nonce": "n", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
        })
    }

    fn object(&self, change: Value) -> String {
        self.key.sign(Map::new(), changed(&self.claims(), &change))
    }

    fn typed(&self, typ: &str) -> String {
        let header = json!({"typ": typ}).as_object().unwrap().clone();
        self.key.sign(header, changed(&self.claims(), &json!({})))
    }

    fn unsigned(&self, change: Value) -> String {
        let part = |value: Value| {
            use base64::Engine;
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
        };
        let claims = Value::Object(changed(&self.claims(), &change));
        format!("{}.{}.", part(json!({"alg": "none"})), part(claims))
    }

    fn authorize(&self, object: &str) -> Answer {
        self.with(&[&OUTSIDE[..], &[("request", object)]].concat())
    }

    fn with(&self, pairs: &[(&str, &str)]) -> Answer {
        get(&self.server, &format!("/authorize?{}", encode(pairs)))
    }

    fn push(&self, more: &[(&str, &str)]) -> Answer {
        post(&self.server, "/par", more)
    }
}

fn error(answer: &Answer) -> Option<String> {
    answer.callback("error")
}

#[test]
fn only_what_is_inside_a_signed_request_object_counts() {
    let kim = Kim::new(|client| client);
    let object = kim.object(json!({"max_age": 600, "claims": {"id_token": {"email": null}}}));
    let outside =
        [&OUTSIDE[..], &[("request", &object), ("state", "outside"), ("redirect_uri", "https://evil.example")]];
    let answer = kim.with(&outside.concat());
    assert_eq!(answer.callback("state").as_deref(), Some("inside"));
    let tokens = redeem(&kim.server, "kim", None, &answer.callback("code").unwrap());
    assert_eq!(claims(&tokens.text("id_token"))["email"], "alice@example.test");
    // A parameter that stands outside alone is none.
    let answer = kim.with(
        &[&OUTSIDE[..], &[("request", &kim.object(json!({"code_challenge": null}))), ("code_challenge", CHALLENGE)]]
            .concat(),
    );
    assert_eq!(error(&answer).as_deref(), Some("invalid_request"));
}

#[test]
fn every_algorithm_of_the_clients_keys_and_of_its_secret_will_do() {
    for alg in ["RS256", "PS256", "ES256", "ES384", "EdDSA"] {
        let key = SigningKey::fresh(alg);
        let kim = Kim::new(|client| client.jwks(json!({"keys": [key.jwk()]})));
        let answer = kim.authorize(&key.sign(Map::new(), changed(&kim.claims(), &json!({}))));
        assert!(answer.callback("code").is_some(), "{alg}");
        let other = kim.authorize(&kim.object(json!({})));
        assert_eq!(error(&other).as_deref(), Some("invalid_request_object"), "{alg}: another key");
    }
    let kim = Kim::new(|client| client.secret(SECRET));
    let by = |secret: &str| {
        let key = EncodingKey::from_secret(secret.as_bytes());
        let header = Header { typ: None, ..Header::new(Algorithm::HS256) };
        kim.authorize(&jsonwebtoken::encode(&header, &kim.claims(), &key).unwrap())
    };
    assert!(by(SECRET).callback("code").is_some());
    assert_eq!(error(&by("another secret that is long enough")).as_deref(), Some("invalid_request_object"));
}

#[test]
fn a_registered_algorithm_is_the_only_one_and_none_is_one_only_there() {
    let kim = Kim::new(|client| client.request_object_signing_alg("PS256"));
    assert_eq!(error(&kim.authorize(&kim.object(json!({})))).as_deref(), Some("invalid_request_object"));
    let kim = Kim::new(|client| client);
    assert_eq!(error(&kim.authorize(&kim.unsigned(json!({})))).as_deref(), Some("invalid_request_object"));
    let algs = |kim: &Kim| {
        get(&kim.server, "/.well-known/openid-configuration").json()["request_object_signing_alg_values_supported"]
            .clone()
    };
    assert!(!algs(&kim).as_array().unwrap().contains(&json!("none")));
    let kim = Kim::new(|client| client.request_object_signing_alg("none"));
    assert!(algs(&kim).as_array().unwrap().contains(&json!("none")));
    let bare = json!({"iss": null, "aud": null, "exp": null, "nbf": null, "iat": null});
    assert!(kim.authorize(&kim.unsigned(bare)).callback("code").is_some());
    assert!(error(&kim.authorize(&kim.unsigned(json!({"iss": "other"})))).is_some());
    assert!(error(&kim.authorize(&format!("{}AAAA", kim.unsigned(json!({}))))).is_some(), "none with a signature");
    assert_eq!(error(&kim.authorize(&kim.object(json!({})))).as_deref(), Some("invalid_request_object"));
}

#[test]
fn a_request_object_must_be_right_in_all_it_says() {
    let kim = Kim::new(|client| client);
    let now = kim.server.now().as_secs();
    let wrong = [
        json!({"iss": null}),
        json!({"iss": "other"}),
        json!({"aud": null}),
        json!({"aud": "https://other.example"}),
        json!({"aud": ["https://other.example"]}),
        json!({"exp": now - 1}),
        json!({"exp": "soon"}),
        json!({"nbf": now + 3600}),
        json!({"iat": now + 3600}),
        json!({"client_id": "public"}),
        json!({"client_id": null}),
        json!({"request": "x"}),
        json!({"request_uri": "https://client.example/r"}),
        json!({"max_age": "600"}),
        json!({"claims": "{}"}),
        json!({"state": ["a"]}),
        json!({"state": {"a": 1}}),
        json!({"jti": 7}),
    ];
    for change in wrong {
        let outside = [&OUTSIDE[..], &[("request", &*kim.object(change.clone())), ("redirect_uri", CALLBACK)]];
        let answer = kim.with(&outside.concat());
        assert_eq!(error(&answer).as_deref(), Some("invalid_request_object"), "{change}");
    }
    for typ in ["JWT", "dpop+jwt", "client-authentication+jwt"] {
        assert_eq!(error(&kim.authorize(&kim.typed(typ))).as_deref(), Some("invalid_request_object"), "{typ}");
    }
    for typ in ["oauth-authz-req+jwt", "application/oauth-authz-req+jwt", "OAuth-Authz-Req+JWT"] {
        assert!(kim.authorize(&kim.typed(typ)).callback("code").is_some(), "{typ}");
    }
    let list = json!({"aud": ["https://other.example", kim.server.issuer()]});
    assert!(kim.authorize(&kim.object(list)).callback("code").is_some());
    // What cannot be read goes where the parameters outside say.
    let answer =
        kim.with(&[&OUTSIDE[..], &[("request", "x.y.z"), ("redirect_uri", CALLBACK), ("state", "out")]].concat());
    assert_eq!(
        (error(&answer).as_deref(), answer.callback("state").as_deref()),
        (Some("invalid_request_object"), Some("out"))
    );
    assert_eq!(kim.authorize("x.y.z").status, 400, "and is shown where they say nothing");
    assert_eq!(kim.authorize(&kim.object(json!({"redirect_uri": "https://evil.example/"}))).status, 400);
}

#[test]
fn a_jti_is_good_once() {
    let kim = Kim::new(|client| client);
    let object = kim.object(json!({"jti": "1"}));
    assert!(kim.authorize(&object).callback("code").is_some());
    assert_eq!(error(&kim.authorize(&object)).as_deref(), Some("invalid_request_object"));
    assert!(kim.authorize(&kim.object(json!({"jti": "2"}))).callback("code").is_some());
}

#[test]
fn an_openid_request_says_so_beside_its_request_object() {
    let kim = Kim::new(|client| client);
    for outside in [
        &[("client_id", "kim")][..],
        &[("client_id", "kim"), ("scope", "openid")],
        &[("client_id", "kim"), ("response_type", "code")],
        &[("client_id", "kim"), ("response_type", "code"), ("scope", "email")],
        &[("client_id", "kim"), ("response_type", "code id_token"), ("scope", "openid")],
    ] {
        let answer = kim.with(&[outside, &[("request", &*kim.object(json!({})))]].concat());
        assert_eq!(error(&answer).as_deref(), Some("invalid_request"), "{outside:?}");
    }
    let plain = kim.object(json!({"scope": "orders"}));
    assert!(kim.with(&[("client_id", "kim"), ("request", &plain)]).callback("code").is_some(), "RFC 9101 alone");
    assert_eq!(kim.with(&[("request", &plain)]).status, 400, "client_id is always there");
}

#[test]
fn a_request_object_may_be_fetched_from_where_the_client_has_registered() {
    let host = Server::start();
    let uri = host.url("/public/published");
    let kim = Kim::new(|client| client.request_uri(&uri));
    publish(&host, &kim.object(json!({})));
    let by = |uri: &str| kim.with(&[&OUTSIDE[..], &[("request_uri", uri), ("redirect_uri", CALLBACK)]].concat());
    assert_eq!(by(&uri).callback("state").as_deref(), Some("inside"));
    assert_eq!(host.count(Endpoint::Other), 1);
    for other in
        [format!("{uri}x"), host.url("/public/"), "https://client.example/r".into(), "file:///etc/passwd".into()]
    {
        assert_eq!(error(&by(&other)).as_deref(), Some("invalid_request_uri"), "{other}");
    }
    assert_eq!(host.count(Endpoint::Other), 1, "nothing is fetched that is not registered");
    for fault in [
        Misbehaviour::Status { status: 404, retry_after: None },
        Misbehaviour::Redirect(host.url("/public/other")),
        Misbehaviour::Reset,
        Misbehaviour::Body { status: 200, content_type: "text/plain".into(), body: "x".repeat(300_000) },
    ] {
        host.misbehave_times(Endpoint::Other, 1, fault.clone());
        assert_eq!(error(&by(&uri)).as_deref(), Some("invalid_request_uri"), "{fault:?}");
    }
    let both = [&OUTSIDE[..], &[("request_uri", &*uri), ("request", "x"), ("redirect_uri", CALLBACK)]];
    assert_eq!(error(&kim.with(&both.concat())).as_deref(), Some("invalid_request"));
}

#[test]
fn an_unsigned_request_object_may_be_fetched_where_that_is_registered() {
    let host = Server::start();
    let uri = host.url("/public/published");
    let kim = Kim::new(|client| client.request_uri(&uri).request_object_signing_alg("none"));
    publish(&host, &kim.unsigned(json!({})));
    let answer = kim.with(&[&OUTSIDE[..], &[("request_uri", &*uri)]].concat());
    assert!(answer.callback("code").is_some());
}

#[test]
fn the_fragment_of_a_request_uri_is_the_hash_of_what_is_there() {
    use aws_lc_rs::digest::{SHA256, digest};
    use base64::Engine;
    let host = Server::start();
    let kim = Kim::new(|client| client);
    let text = kim.object(json!({}));
    let hash = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()));
    let (right, wrong) = (format!("{}#{hash}", host.url("/public/r")), format!("{}#AAAA", host.url("/public/r")));
    let client = Client::new("kim").jwks(json!({"keys": [kim.key.jwk()]})).request_uri(&right).request_uri(&wrong);
    kim.server.register(client);
    publish(&host, &text);
    let by = |uri: &str| kim.with(&[&OUTSIDE[..], &[("request_uri", uri), ("redirect_uri", CALLBACK)]].concat());
    assert!(by(&right).callback("code").is_some());
    assert_eq!(error(&by(&wrong)).as_deref(), Some("invalid_request_uri"));
}

#[test]
fn a_server_or_a_client_may_want_every_request_signed() {
    let by_client: fn(Client) -> Client = Client::require_signed_request_object;
    let by_server = Server::builder().require_signed_request_object();
    for kim in [Kim::new(by_client), Kim::at(by_server, |client| client)] {
        let plain = get(&kim.server, &authorize_target(&[("client_id", "kim")]));
        assert_eq!(error(&plain).as_deref(), Some("invalid_request"));
        let pairs = [("client_id", "kim"), ("response_type", "code"), ("redirect_uri", CALLBACK)];
        assert_eq!(kim.push(&pairs).error(), "invalid_request", "RFC 9126 section 2.3");
        assert!(kim.authorize(&kim.object(json!({}))).callback("code").is_some());
    }
    let kim = Kim::new(|client| client.require_signed_request_object().request_object_signing_alg("none"));
    let unsigned = kim.unsigned(json!({}));
    assert_eq!(error(&kim.authorize(&unsigned)).as_deref(), Some("invalid_request_object"));
}

#[test]
fn a_request_object_may_be_pushed() {
    let kim = Kim::new(|client| client);
    let pushed =
        |object: &str, more: &[(&str, &str)]| kim.push(&[&[("client_id", "kim"), ("request", object)], more].concat());
    let answer = pushed(&kim.object(json!({})), &[("state", "outside")]);
    assert_eq!(answer.status, 201, "{}", answer.body);
    let uri = answer.text("request_uri");
    let answer = kim.with(&[("client_id", "kim"), ("request_uri", &uri)]);
    assert_eq!(answer.callback("state").as_deref(), Some("inside"));
    assert_eq!(pushed(&kim.object(json!({"client_id": "public"})), &[]).error(), "invalid_request_object");
    assert_eq!(pushed(&kim.object(json!({"aud": "x"})), &[]).error(), "invalid_request_object");
    assert_eq!(pushed(&kim.object(json!({"redirect_uri": "https://evil.example"})), &[]).error(), "invalid_request");
}

#[test]
fn a_strict_server_wants_what_fapi_wants() {
    let kim = Kim::at(Server::builder().strict_request_objects(true), |client| client);
    let now = kim.server.now().as_secs();
    for change in
        [json!({"nbf": null}), json!({"exp": null}), json!({"nbf": now - 3700}), json!({"nbf": now, "exp": now + 3700})]
    {
        let answer = kim.push(&[("client_id", "kim"), ("request", &kim.object(change.clone()))]);
        assert_eq!(answer.error(), "invalid_request_object", "{change}");
    }
    let beside = |more: &[(&str, &str)]| {
        kim.push(&[&[("client_id", "kim"), ("request", &*kim.object(json!({})))], more].concat())
    };
    assert_eq!(beside(&[]).status, 201);
    assert_eq!(beside(&[("state", "x")]).error(), "invalid_request");
    assert_eq!(beside(&[("scope", "openid")]).error(), "invalid_request");
}

#[test]
fn keys_at_a_jwks_uri_are_fetched_when_something_is_signed() {
    let host = Server::start();
    let key = SigningKey::fresh("ES256");
    let uri = publish(&host, &json!({"keys": [key.jwk()]}).to_string());
    let server = Server::builder().auto_approve("alice").client(Client::new("kim").jwks_uri(uri)).start();
    let kim = Kim { server, key };
    assert!(kim.authorize(&kim.object(json!({}))).callback("code").is_some());
    let next = SigningKey::fresh("ES256");
    publish(&host, &json!({"keys": [next.jwk()]}).to_string());
    assert_eq!(error(&kim.authorize(&kim.object(json!({})))).as_deref(), Some("invalid_request_object"));
    let kim = Kim { key: next, ..kim };
    assert!(kim.authorize(&kim.object(json!({}))).callback("code").is_some());
    // And for client assertions.
    let now = kim.server.now().as_secs();
    let assertion = json!({"iss": "kim", "sub": "kim", "aud": kim.server.issuer(), "exp": now + 60, "jti": "1"});
    let pairs = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &*kim.key.sign(Map::new(), assertion.as_object().unwrap().clone())),
    ];
    assert_eq!(post(&kim.server, "/token", &pairs).status, 200);
}

#[test]
fn the_metadata_says_what_is_taken() {
    let metadata = get(&Server::start(), "/.well-known/openid-configuration").json();
    for name in ["request_parameter_supported", "request_uri_parameter_supported", "require_request_uri_registration"] {
        assert_eq!(metadata[name], true, "{name}");
    }
    assert_eq!(metadata["require_signed_request_object"], false);
    assert!(metadata.get("request_object_encryption_alg_values_supported").is_none());
}

#[cfg(not(feature = "oracle"))]
#[test]
fn encryption_keys_need_the_feature() {
    assert!(Server::builder().request_object_encryption_keys().try_start().is_err());
}

#[cfg(feature = "oracle")]
#[test]
fn a_request_object_may_be_encrypted_to_a_key_of_the_server() {
    use josekit::{
        jwe::{self, JweEncrypter, JweHeader},
        jwk::Jwk,
    };
    let kim = Kim::at(Server::builder().request_object_encryption_keys(), |client| client);
    let keys = key_set(&kim.server);
    let key = |alg: &str| {
        let found =
            keys.iter().find(|key| key["alg"] == alg && key["use"] == "enc").unwrap().as_object().unwrap().clone();
        assert!(!found.contains_key("d"));
        Jwk::from_map(found).unwrap()
    };
    let encrypters: [(&str, Box<dyn JweEncrypter>); 2] = [
        ("RSA-OAEP-256", Box::new(jwe::RSA_OAEP_256.encrypter_from_jwk(&key("RSA-OAEP-256")).unwrap())),
        ("ECDH-ES", Box::new(jwe::ECDH_ES.encrypter_from_jwk(&key("ECDH-ES")).unwrap())),
    ];
    for (alg, encrypter) in encrypters {
        let encrypted = |text: &str| {
            let mut header = JweHeader::new();
            header.set_algorithm(alg);
            header.set_content_encryption("A256GCM");
            header.set_content_type("JWT");
            jwe::serialize_compact(text.as_bytes(), &header, encrypter.as_ref()).unwrap()
        };
        assert!(kim.authorize(&encrypted(&kim.object(json!({})))).callback("code").is_some(), "{alg}");
        let unsigned = kim.authorize(&encrypted(&kim.unsigned(json!({}))));
        assert_eq!(error(&unsigned).as_deref(), Some("invalid_request_object"), "{alg}: encryption is no signature");
        let plain = Kim::new(|client| client);
        let answer = plain.with(
            &[&OUTSIDE[..], &[("request", &*encrypted(&plain.object(json!({})))), ("redirect_uri", CALLBACK)]].concat(),
        );
        assert_eq!(error(&answer).as_deref(), Some("invalid_request_object"), "{alg}: this server has no such keys");
    }
    let metadata = get(&kim.server, "/.well-known/openid-configuration").json();
    assert_eq!(metadata["request_object_encryption_alg_values_supported"], json!(["RSA-OAEP-256", "ECDH-ES"]));
    assert!(key_set(&Server::start()).iter().all(|key| key["use"] == "sig"));
}
