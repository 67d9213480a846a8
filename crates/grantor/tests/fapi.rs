//! The profile of FAPI: pushed requests, request objects, answers as JWTs and certificates, all at once; and clients that
//! register themselves for it.
#![allow(clippy::unwrap_used)]

mod common;

use common::{https::*, prover::*, *};
use grantor::{Client, ClientCertificate, Endpoint, Server, SigningKey};
use serde_json::{Map, Value, json};

const CIBA: &str = "urn:openid:params:grant-type:ciba";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn request_object(server: &Server, client: &str, key: &SigningKey, change: Value) -> String {
    let now = server.now().as_secs();
    let claims = json!({
        "iss": client, "aud": server.issuer(), "nbf": now, "exp": now + 300, "client_id": client, "response_type": "code",
        "redirect_uri": CALLBACK, "scope": "openid", "state": "inside", "nonce": "n", "code_challenge": CHALLENGE,
        "code_challenge_method": "S256", "response_mode": "jwt",
    });
    key.sign(Map::new(), changed(&claims, &change))
}

fn redemption<'a>(client: &'a str, code: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

fn alias(server: &Server, name: &str) -> String {
    let document = get(server, "/.well-known/openid-configuration").json();
    document["mtls_endpoint_aliases"][name].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned()
}

#[test]
fn a_pushed_signed_request_is_answered_with_a_jwt_and_a_token_that_is_bound_to_the_certificate() {
    let key = SigningKey::fresh("PS256");
    let bank = Client::new("bank")
        .tls_client_auth_subject_dn("CN=bank")
        .certificate_bound_access_tokens()
        .jwks(json!({"keys": [key.jwk()]}))
        .request_object_signing_alg("PS256")
        .require_signed_request_object()
        .authorization_signed_response_alg("PS256")
        .id_token_signed_response_alg("PS256");
    let server = Server::builder()
        .mtls()
        .auto_approve("alice")
        .client(bank)
        .require_pushed_authorization_requests()
        .strict_request_objects(true)
        .start();
    let (own, other) = (server.client_certificate("bank"), server.client_certificate("other"));
    let par = alias(&server, "pushed_authorization_request_endpoint");
    let details = json!([{"type": "payment", "actions": ["initiate"]}]);
    let object = request_object(&server, "bank", &key, json!({"authorization_details": details}));
    let pairs = [("client_id", "bank"), ("request", object.as_str())];
    assert_eq!(https(&server, Some(&other), &par, &pairs).error(), "invalid_client");
    let plain = [("client_id", "bank"), ("response_type", "code"), ("redirect_uri", CALLBACK)];
    assert_eq!(https(&server, Some(&own), &par, &plain).error(), "invalid_request", "it must be signed");
    let pushed = https(&server, Some(&own), &par, &pairs);
    assert_eq!(pushed.status, 201, "{}", pushed.body);

    let uri = pushed.text("request_uri");
    let answer = get(&server, &format!("/authorize?{}", encode(&[("client_id", "bank"), ("request_uri", &uri)])));
    let response = answer.callback("response").unwrap();
    assert!(jose_header(&response)["alg"] == "PS256" && is_by_server(&server, &response));
    let inside = claims(&response);
    let told = (&inside["iss"], &inside["aud"], &inside["state"]);
    assert_eq!(told, (&json!(server.issuer()), &json!("bank"), &json!("inside")));

    let pairs = redemption("bank", inside["code"].as_str().unwrap());
    let redeem =
        |identity: &ClientCertificate| https(&server, Some(identity), &alias(&server, "token_endpoint"), &pairs);
    assert_eq!(redeem(&other).error(), "invalid_client");
    let tokens = redeem(&own);
    assert_eq!(tokens.json()["authorization_details"], details, "{}", tokens.body);
    assert_eq!(jose_header(&tokens.text("id_token"))["alg"], "PS256");
    let token = tokens.text("access_token");
    let api = server.mtls_url("/api/orders");
    let statuses = [Some(&own), Some(&other), None].map(|identity| with_token(&server, identity, &api, &token).status);
    assert_eq!(statuses, [200, 401, 401]);
    assert_eq!(get_with(&server, "/api/orders", &token).status, 401, "the main port sees no certificate");
    assert_eq!(server.count(Endpoint::Par), 3);
}

fn register(server: &Server, metadata: Value) -> Answer {
    send(server, "POST", "/register", &[("Content-Type", "application/json")], &metadata.to_string())
}

fn id(registered: &Answer) -> String {
    assert_eq!(registered.status, 201, "{}", registered.body);
    registered.text("client_id")
}

#[test]
fn a_client_registers_for_dpop_and_signed_requests_and_is_held_to_both() {
    let server = auto();
    let (key, prover) = (SigningKey::fresh("ES256"), Prover::new());
    let registered = register(
        &server,
        json!({
            "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", "jwks": {"keys": [key.jwk()]},
            "grant_types": ["authorization_code", "refresh_token"], "dpop_bound_access_tokens": true,
            "request_object_signing_alg": "ES256", "require_signed_request_object": true,
            "require_pushed_authorization_requests": true, "authorization_signed_response_alg": "ES256",
        }),
    );
    let id = id(&registered);
    for name in ["dpop_bound_access_tokens", "require_signed_request_object"] {
        assert_eq!(registered.json()[name], true, "{name}");
    }
    assert!(registered.json().get("client_secret").is_none());
    let push = |pairs: &[(&str, &str)]| {
        let proof = prover.proof("POST", &server.url("/par"), json!({}));
        to(&server, "POST", "/par", &[FORM, ("DPoP", &proof)], &encode(pairs))
    };
    assert_eq!(push(&[("client_id", &id), ("response_type", "code")]).error(), "invalid_request");
    let object = request_object(&server, &id, &key, json!({}));
    let uri = push(&[("client_id", &id), ("request", &object)]).text("request_uri");
    let answer = get(&server, &format!("/authorize?{}", encode(&[("client_id", &id), ("request_uri", &uri)])));
    let response = answer.callback("response").unwrap();
    assert_eq!(jose_header(&response)["alg"], "ES256");
    let code = claims(&response)["code"].as_str().unwrap().to_owned();
    assert_eq!(post(&server, "/token", &redemption(&id, &code)).error(), "invalid_request", "no proof");
    let tokens = prover.token(&server, &redemption(&id, &code), json!({}));
    assert_eq!(tokens.text("token_type"), "DPoP", "{}", tokens.body);
    assert_eq!(prover.get(&server, "/userinfo", &tokens.text("access_token"), json!({})).text("sub"), "alice");
    let refresh = tokens.text("refresh_token");
    let pairs = [("grant_type", "refresh_token"), ("client_id", id.as_str()), ("refresh_token", refresh.as_str())];
    assert_eq!(Prover::new().token(&server, &pairs, json!({})).error(), "invalid_grant", "keys or not, it is public");
    assert_eq!(prover.token(&server, &pairs, json!({})).text("token_type"), "DPoP");
}

#[test]
fn a_client_registers_with_the_subject_of_its_certificate() {
    let server = Server::builder().mtls().start();
    let metadata = json!({
        "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=shop",
        "grant_types": ["client_credentials"], "tls_client_certificate_bound_access_tokens": true,
    });
    let id = id(&register(&server, metadata.clone()));
    let pairs = [("grant_type", "client_credentials"), ("client_id", id.as_str())];
    let ask = |name: &str| https(&server, Some(&server.client_certificate(name)), &server.mtls_url("/token"), &pairs);
    assert_eq!(ask("other").error(), "invalid_client");
    let own = server.client_certificate("shop");
    let token = https(&server, Some(&own), &server.mtls_url("/token"), &pairs).text("access_token");
    let described = svc(&server, "/introspect", &[("token", &token)]).json();
    assert_eq!(described["cnf"], json!({"x5t#S256": own.thumbprint()}));
    let by_name = register(
        &server,
        json!({
            "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "shop.example",
            "grant_types": ["client_credentials"],
        }),
    );
    let pairs = [("grant_type", "client_credentials"), ("client_id", &*by_name.text("client_id"))];
    let named = server.client_certificate("shop.example");
    assert_eq!(https(&server, Some(&named), &server.mtls_url("/token"), &pairs).status, 200);

    let wrong = |server: &Server, change: Value| register(server, Value::Object(changed(&metadata, &change))).error();
    assert_eq!(wrong(&server, json!({"tls_client_auth_subject_dn": null})), "invalid_client_metadata");
    assert_eq!(wrong(&server, json!({"tls_client_auth_subject_dn": "shop"})), "invalid_client_metadata");
    let by_itself = json!({"token_endpoint_auth_method": "self_signed_tls_client_auth"});
    assert_eq!(wrong(&server, by_itself), "invalid_client_metadata", "its keys are missing");
    assert_eq!(wrong(&Server::start(), json!({})), "invalid_client_metadata", "a server without TLS");
}

#[test]
fn a_client_registers_where_its_self_signed_certificate_is() {
    let (server, host) = (Server::builder().mtls().start(), Server::start());
    let (first, second) = (Server::self_signed_certificate("shop"), Server::self_signed_certificate("shop"));
    let registered = register(
        &server,
        json!({
            "token_endpoint_auth_method": "self_signed_tls_client_auth", "grant_types": ["client_credentials"],
            "jwks_uri": publish(&host, &first.jwks().to_string()),
        }),
    );
    let id = id(&registered);
    let pairs = [("grant_type", "client_credentials"), ("client_id", id.as_str())];
    let ask = |identity: &ClientCertificate| https(&server, Some(identity), &server.mtls_url("/token"), &pairs).status;
    assert_eq!((ask(&first), ask(&second)), (200, 401));
    publish(&host, &second.jwks().to_string());
    assert_eq!((ask(&first), ask(&second)), (401, 200), "a certificate is exchanged by publishing another");
}

#[test]
fn a_client_registers_for_ciba_and_for_devices_and_for_nothing_else() {
    let server = Server::builder().ciba_auto_approve_after(0).device_auto_approve_after(0).start();
    let key = SigningKey::fresh("ES256");
    let metadata = json!({
        "grant_types": [CIBA], "token_endpoint_auth_method": "client_secret_post", "jwks": {"keys": [key.jwk()]},
        "backchannel_token_delivery_mode": "poll", "backchannel_authentication_request_signing_alg": "ES256",
    });
    let registered = register(&server, metadata.clone());
    let (id, secret) = (id(&registered), registered.text("client_secret"));
    let by = [("client_id", id.as_str()), ("client_secret", secret.as_str())];
    let with = |path: &str, pairs: &[(&str, &str)]| post(&server, path, &[&by[..], pairs].concat());
    let now = server.now().as_secs();
    let claims = json!({
        "iss": id, "aud": server.issuer(), "iat": now, "nbf": now, "exp": now + 300, "jti": "1", "scope": "openid",
        "login_hint": "alice",
    });
    let request = key.sign(Map::new(), changed(&claims, &json!({})));
    let unsigned = [("scope", "openid"), ("login_hint", "alice")];
    assert_eq!(with("/bc-authorize", &unsigned).error(), "invalid_request");
    let auth_req_id = with("/bc-authorize", &[("request", &request)]).text("auth_req_id");
    assert_eq!(with("/token", &[("grant_type", CIBA), ("auth_req_id", &auth_req_id)]).status, 200);
    assert_eq!(with("/device", &[]).error(), "unauthorized_client");

    let wrong = |change: Value| register(&server, Value::Object(changed(&metadata, &change))).error();
    assert_eq!(wrong(json!({"backchannel_token_delivery_mode": "ping"})), "invalid_client_metadata", "to where?");
    assert_eq!(wrong(json!({"jwks": null})), "invalid_client_metadata");

    let tv =
        register(&server, json!({"grant_types": [DEVICE], "token_endpoint_auth_method": "none"})).text("client_id");
    let asked = post(&server, "/device", &[("client_id", &tv)]).text("device_code");
    let poll = [("grant_type", DEVICE), ("client_id", tv.as_str()), ("device_code", asked.as_str())];
    assert_eq!(post(&server, "/token", &poll).status, 200);
    let other = register(&server, json!({"grant_types": [DEVICE], "token_endpoint_auth_method": "client_secret_post"}));
    let by = [("client_id", &*other.text("client_id")), ("client_secret", &*other.text("client_secret"))];
    let ciba = [&by[..], &unsigned].concat();
    assert_eq!(post(&server, "/bc-authorize", &ciba).error(), "unauthorized_client");
}

#[test]
fn a_client_registers_how_introspection_answers_it() {
    let server = Server::start();
    let registered = register(
        &server,
        json!({
            "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post",
            "introspection_signed_response_alg": "ES384",
        }),
    );
    let by = [("client_id", &*registered.text("client_id")), ("client_secret", &*registered.text("client_secret"))];
    let answer = post(&server, "/introspect", &[&by[..], &[("token", "x")]].concat());
    assert_eq!(jose_header(&answer.body)["alg"], "ES384");
    let unsigned = json!({"grant_types": ["client_credentials"], "introspection_signed_response_alg": "none"});
    assert_eq!(register(&server, unsigned).error(), "invalid_client_metadata");
}
