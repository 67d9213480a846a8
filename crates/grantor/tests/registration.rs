//! Dynamic client registration and its management, RFC 7591 and RFC 7592.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::*;
use grantor::{Builder, Endpoint, Misbehaviour, Server, SigningKey};
use serde_json::{Map, Value, json};

const JSON: (&str, &str) = ("Content-Type", "application/json");

fn web() -> Value {
    json!({"redirect_uris": [CALLBACK]})
}

fn with(change: Value) -> Value {
    Value::Object(changed(&web(), &change))
}

fn register(server: &Server, metadata: &Value) -> Answer {
    send(server, "POST", "/register", &[JSON], &metadata.to_string())
}

/// A request about a registration, with the token that came with it.
fn manage(server: &Server, method: &str, registered: &Value, body: &str) -> Answer {
    let uri = registered["registration_client_uri"].as_str().unwrap();
    let target = uri.strip_prefix(&server.issuer()).unwrap();
    let token = format!("Bearer {}", registered["registration_access_token"].as_str().unwrap());
    send(server, method, target, &[JSON, ("Authorization", &token)], body)
}

fn text<'a>(registered: &'a Value, name: &str) -> &'a str {
    registered[name].as_str().unwrap_or_else(|| panic!("no {name} in {registered}"))
}

fn approving() -> Builder {
    Server::builder().auto_approve("alice")
}

#[test]
fn a_client_is_registered_with_its_defaults_filled_in_and_works_at_once() {
    let server = approving().start();
    let answer = register(&server, &with(json!({"client_name": "Shop", "client_name#ja": "店", "made_up": 1})));
    assert_eq!((answer.status, answer.header("cache-control")), (201, Some("no-store")), "{}", answer.body);
    let registered = answer.json();
    for (name, value) in [
        ("redirect_uris", json!([CALLBACK])),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("grant_types", json!(["authorization_code"])),
        ("response_types", json!(["code"])),
        ("application_type", json!("web")),
        ("id_token_signed_response_alg", json!("RS256")),
        ("client_name", json!("Shop")),
        ("client_name#ja", json!("店")),
        ("client_secret_expires_at", json!(0)),
        ("client_id_issued_at", json!(server.now().as_secs())),
    ] {
        assert_eq!(registered[name], value, "{name}");
    }
    assert!(registered.get("made_up").is_none(), "what is not understood is left out");
    let (id, secret) = (text(&registered, "client_id"), text(&registered, "client_secret"));
    let code = get(&server, &authorize_target(&[("client_id", id)])).callback("code").unwrap();
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let by =
        |secret: &str| send(&server, "POST", "/token", &[FORM, ("Authorization", &basic(id, secret))], &encode(&pairs));
    assert_eq!(by("guessed").error(), "invalid_client");
    assert_eq!(claims(&by(secret).text("id_token"))["aud"], id);
    assert_eq!(
        post(&server, "/token", &[("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)])
            .error(),
        "invalid_client",
        "client_secret_post is another method"
    );
    let header = [FORM, ("Authorization", &*basic(id, secret))];
    let other = send(&server, "POST", "/token", &header, "grant_type=client_credentials");
    assert_eq!(other.error(), "unauthorized_client", "and that is another grant");
    assert_eq!(server.count(Endpoint::Registration), 1);
    let metadata = get(&server, "/.well-known/openid-configuration").json();
    assert_eq!(metadata["registration_endpoint"], server.url("/register"));
}

#[test]
fn a_client_gets_what_its_metadata_says() {
    let key = SigningKey::fresh("ES256");
    let server = approving().start();
    let metadata = with(json!({
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "jwks": {"keys": [key.jwk()]},
        "id_token_signed_response_alg": "PS256",
        "userinfo_signed_response_alg": "ES256",
        "authorization_signed_response_alg": "ES256",
        "request_object_signing_alg": "ES256",
        "require_signed_request_object": true,
        "require_pushed_authorization_requests": true,
        "scope": "openid email",
    }));
    let registered = register(&server, &metadata).json();
    assert!(registered.get("client_secret").is_none());
    let id = text(&registered, "client_id");
    let now = server.now().as_secs();
    let signed = |claims: Value| key.sign(Map::new(), claims.as_object().unwrap().clone());
    let assertion =
        |jti: &str| signed(json!({"iss": id, "sub": id, "aud": server.issuer(), "exp": now + 60, "jti": jti}));
    let object = signed(json!({
        "iss": id, "aud": server.issuer(), "client_id": id, "response_type": "code", "redirect_uri": CALLBACK,
        "scope": "openid email", "response_mode": "jwt", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }));
    let kind = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let push = |more: &[(&str, &str)], jti: &str| {
        post(&server, "/par", &[&[("client_id", id), kind, ("client_assertion", &*assertion(jti))], more].concat())
    };
    assert_eq!(push(&[("response_type", "code"), ("redirect_uri", CALLBACK)], "1").error(), "invalid_request");
    let uri = push(&[("request", &object)], "2").text("request_uri");
    let target = format!("/authorize?{}", encode(&[("client_id", id), ("request_uri", &uri)]));
    let response = get(&server, &target).callback("response").unwrap();
    assert_eq!(jose_header(&response)["alg"], "ES256");
    let inside = claims(&response);
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", text(&inside, "code")),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        kind,
        ("client_assertion", &*assertion("3")),
    ];
    let tokens = post(&server, "/token", &pairs);
    assert_eq!(jose_header(&tokens.text("id_token"))["alg"], "PS256");
    let userinfo = get_with(&server, "/userinfo", &tokens.text("access_token"));
    assert_eq!(jose_header(&userinfo.body)["alg"], "ES256");
    assert_eq!(push(&[("request", &object), ("scope", "x")], "4").status, 201);
    let plain = get(&server, &authorize_target(&[("client_id", id)]));
    assert_eq!(plain.callback("error").as_deref(), Some("invalid_request"), "it must be pushed");
}

#[test]
fn metadata_that_will_not_do_is_refused_with_the_error_it_has() {
    let server = Server::start();
    let jwk = SigningKey::fresh("ES256").jwk();
    let private = json!({"kty": "oct", "k": "AAAA"});
    let metadata = [
        json!({"token_endpoint_auth_method": "by_heart"}),
        json!({"token_endpoint_auth_method": "private_key_jwt"}),
        json!({"jwks": {"keys": [jwk]}, "jwks_uri": "http://127.0.0.1:1/"}),
        json!({"jwks": {"keys": [private]}}),
        json!({"jwks": {"key": []}}),
        json!({"jwks": []}),
        json!({"response_types": ["telegram"]}),
        json!({"response_types": ["code id_token"]}),
        json!({"response_types": ["code"], "grant_types": ["implicit"]}),
        json!({"id_token_signed_response_alg": "ROT13"}),
        json!({"id_token_signed_response_alg": "none", "response_types": ["id_token"], "grant_types": ["implicit"]}),
        json!({"authorization_signed_response_alg": "none"}),
        json!({"request_object_signing_alg": "ROT13"}),
        json!({"token_endpoint_auth_signing_alg": "none"}),
        json!({"id_token_encrypted_response_enc": "A128GCM"}),
        json!({"request_uris": ["file:///etc/passwd"]}),
        json!({"request_uris": "https://client.example/r"}),
        json!({"logo_uri": "javascript:alert(1)"}),
        json!({"subject_type": "pairwise"}),
        json!({"client_name": 7}),
    ];
    for change in metadata {
        let answer = register(&server, &with(change.clone()));
        assert_eq!((answer.status, answer.error().as_str()), (400, "invalid_client_metadata"), "{change}");
    }
    let uris = [
        json!(null),
        json!([]),
        json!(CALLBACK),
        json!([7]),
        json!(["relative"]),
        json!(["https://app.example/cb#fragment"]),
        json!(["http://app.example/cb"]),
        json!(["javascript:alert(1)"]),
    ];
    for uris in uris {
        let answer = register(&server, &with(json!({"redirect_uris": uris})));
        assert_eq!(answer.error(), "invalid_redirect_uri", "{uris}");
    }
    for uri in ["https://app.example/cb", "http://127.0.0.1/cb", "com.example.app:/cb"] {
        assert_eq!(register(&server, &json!({"redirect_uris": [uri]})).status, 201, "{uri}");
    }
    let machine = json!({"grant_types": ["client_credentials"]});
    assert_eq!(register(&server, &machine).json()["response_types"], json!([]));
    assert_eq!(send(&server, "POST", "/register", &[JSON], "[]").error(), "invalid_client_metadata");
    assert_eq!(send(&server, "POST", "/register", &[FORM], "a=b").error(), "invalid_request");
    assert_eq!(get(&server, "/register").status, 405);
}

#[test]
fn only_who_has_the_initial_access_token_may_register_where_there_is_one() {
    let server = Server::builder().initial_access_token("let-me-in").start();
    let by = |token: &str| send(&server, "POST", "/register", &[JSON, ("Authorization", token)], &web().to_string());
    let refused = by("Bearer guessed");
    assert_eq!((refused.status, refused.error().as_str()), (401, "invalid_token"));
    assert!(refused.header("www-authenticate").unwrap().starts_with("Bearer "));
    assert_eq!(register(&server, &web()).status, 401);
    assert_eq!(by("Bearer let-me-in").status, 201);
}

#[test]
fn a_registration_is_read_replaced_and_deleted_by_its_own_token() {
    let server = approving().start();
    let registered = register(&server, &with(json!({"client_name": "Shop", "scope": "openid"}))).json();
    assert_eq!(manage(&server, "GET", &registered, "").json(), registered);
    let mut update = registered.clone();
    for name in
        ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"]
    {
        update.as_object_mut().unwrap().remove(name);
    }
    for name in
        ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"]
    {
        let wrong = Value::Object(changed(&update, &json!({name: registered[name]})));
        assert_eq!(manage(&server, "PUT", &registered, &wrong.to_string()).error(), "invalid_request", "{name}");
    }
    for wrong in [
        json!({"client_id": "svc"}),
        json!({"client_id": null}),
        json!({"client_secret": "mine"}),
        json!({"client_secret": 7}),
    ] {
        let wrong_body = Value::Object(changed(&update, &wrong)).to_string();
        assert_eq!(manage(&server, "PUT", &registered, &wrong_body).error(), "invalid_request", "{wrong}");
    }
    let bad = Value::Object(changed(&update, &json!({"redirect_uris": []})));
    assert_eq!(manage(&server, "PUT", &registered, &bad.to_string()).error(), "invalid_redirect_uri");
    assert_eq!(manage(&server, "GET", &registered, "").json(), registered, "none of these changed anything");

    let update =
        Value::Object(changed(&update, &json!({"client_name": null, "redirect_uris": ["https://app.example/new"]})));
    let answer = manage(&server, "PUT", &registered, &update.to_string());
    let updated = answer.json();
    assert_eq!((answer.status, &updated["redirect_uris"]), (200, &json!(["https://app.example/new"])));
    assert!(updated.get("client_name").is_none(), "what is left out is deleted");
    for name in ["client_id", "client_secret", "client_id_issued_at", "registration_access_token"] {
        assert_eq!(updated[name], registered[name], "{name}");
    }
    let id = text(&registered, "client_id");
    assert_eq!(get(&server, &authorize_target(&[("client_id", id)])).status, 400, "the old redirect URI is gone");

    let wrong = Value::Object(changed(&registered, &json!({"registration_access_token": "guessed"})));
    for method in ["GET", "PUT", "DELETE"] {
        assert_eq!(manage(&server, method, &wrong, "{}").error(), "invalid_token", "{method}");
    }
    assert_eq!(manage(&server, "POST", &registered, "{}").status, 405);
    let token = server.issue(id, Some("alice"), "openid");
    assert_eq!(get_with(&server, "/api", &token.access_token).status, 200);
    let gone = manage(&server, "DELETE", &registered, "");
    assert_eq!((gone.status, gone.body.as_str()), (204, ""));
    assert_eq!(manage(&server, "GET", &registered, "").status, 401);
    assert_eq!(get(&server, &authorize_target(&[("client_id", id)])).status, 400);
    assert_eq!(get_with(&server, "/api", &token.access_token).status, 401, "its tokens are gone too");
    assert_eq!(get_with(&server, "/register/svc", "x").status, 401, "who has not registered itself is not managed");
}

#[test]
fn a_registration_access_token_may_be_rotated_with_each_answer() {
    let server = Server::builder().rotate_registration_access_tokens().start();
    let first = register(&server, &web()).json();
    let second = manage(&server, "GET", &first, "").json();
    assert_ne!(first["registration_access_token"], second["registration_access_token"]);
    assert_eq!(manage(&server, "GET", &first, "").status, 401);
    let update = json!({"client_id": second["client_id"], "redirect_uris": [CALLBACK]}).to_string();
    let third = manage(&server, "PUT", &second, &update).json();
    assert_eq!(manage(&server, "GET", &second, "").status, 401);
    assert_eq!(manage(&server, "DELETE", &third, "").status, 204);
}

#[test]
fn a_secret_may_end() {
    let server = Server::builder().registered_secret_lifetime(Duration::from_secs(100)).start();
    let registered =
        register(&server, &with(json!({"grant_types": ["authorization_code", "client_credentials"]}))).json();
    let ends = registered["client_secret_expires_at"].as_u64().unwrap();
    assert_eq!(ends, registered["client_id_issued_at"].as_u64().unwrap() + 100);
    let by = || {
        let header = basic(text(&registered, "client_id"), text(&registered, "client_secret"));
        send(&server, "POST", "/token", &[FORM, ("Authorization", &header)], "grant_type=client_credentials")
    };
    assert_eq!(by().status, 200);
    server.advance(Duration::from_secs(101));
    assert_eq!(by().error(), "invalid_client");
}

#[test]
fn a_software_statement_has_the_last_word_where_its_issuer_is_known() {
    let key = SigningKey::fresh("ES256");
    let server =
        Server::builder().software_statement_issuer("https://vouch.example", json!({"keys": [key.jwk()]})).start();
    let statement = |by: &SigningKey, change: Value| {
        let base = json!({"iss": "https://vouch.example", "software_id": "shop", "client_name": "Vouched"});
        by.sign(Map::new(), changed(&base, &change))
    };
    let with_statement =
        |text: &str| register(&server, &with(json!({"client_name": "Mine", "software_statement": text})));
    let right = statement(&key, json!({}));
    let registered = with_statement(&right).json();
    assert_eq!((&registered["client_name"], &registered["software_id"]), (&json!("Vouched"), &json!("shop")));
    assert_eq!(registered["software_statement"], right, "it comes back as it was");
    assert!(registered.get("iss").is_none());
    for wrong in [
        "x.y.z".to_owned(),
        statement(&SigningKey::fresh("ES256"), json!({})),
        statement(&key, json!({"exp": 1})),
        statement(&key, json!({"iss": null})),
    ] {
        assert_eq!(with_statement(&wrong).error(), "invalid_software_statement");
    }
    let other = statement(&key, json!({"iss": "https://other.example"}));
    assert_eq!(with_statement(&other).error(), "unapproved_software_statement");
    assert_eq!(register(&server, &with(json!({"software_statement": 7}))).error(), "invalid_software_statement");
}

#[test]
fn a_server_may_have_its_own_mind_and_says_so() {
    let server = Server::builder().replace_client_metadata("token_endpoint_auth_method", "client_secret_post").start();
    let asked = with(
        json!({"token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "client_credentials"]}),
    );
    let registered = register(&server, &asked).json();
    assert_eq!(registered["token_endpoint_auth_method"], "client_secret_post");
    let pairs = [
        ("grant_type", "client_credentials"),
        ("client_id", text(&registered, "client_id")),
        ("client_secret", text(&registered, "client_secret")),
    ];
    assert_eq!(post(&server, "/token", &pairs).status, 200);
}

#[test]
fn an_answer_may_be_wrong_in_every_way_a_client_should_notice() {
    let server = Server::start();
    let by = |misbehaviour: Misbehaviour| {
        server.misbehave_times(Endpoint::Registration, 1, misbehaviour);
        register(&server, &web())
    };
    assert!(by(Misbehaviour::OmitMember("client_id".into())).json().get("client_id").is_none());
    let other = by(Misbehaviour::SetMember("redirect_uris".into(), json!(["https://evil.example"])));
    assert_eq!(other.json()["redirect_uris"], json!(["https://evil.example"]));
    let ok = by(Misbehaviour::OtherStatus(200));
    assert!(ok.status == 200 && ok.json()["client_id"].is_string());
    assert!(by(Misbehaviour::Html).body.contains("<html"));
    assert_eq!(register(&server, &web()).status, 201);
}

#[test]
fn keys_may_be_at_a_jwks_uri() {
    let host = Server::start();
    let key = SigningKey::fresh("ES256");
    let uri = publish(&host, &json!({"keys": [key.jwk()]}).to_string());
    let server = Server::start();
    let metadata = json!({
        "jwks_uri": uri, "token_endpoint_auth_method": "private_key_jwt", "grant_types": ["client_credentials"],
    });
    let registered = register(&server, &metadata).json();
    let id = text(&registered, "client_id");
    let assertion =
        json!({"iss": id, "sub": id, "aud": server.issuer(), "exp": server.now().as_secs() + 60, "jti": "1"});
    let pairs = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &*key.sign(Map::new(), assertion.as_object().unwrap().clone())),
    ];
    assert_eq!(post(&server, "/token", &pairs).status, 200);
}
