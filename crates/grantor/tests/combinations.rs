//! What several specifications do together: DPoP and mutual TLS with the grants and the requests of others.
#![allow(clippy::unwrap_used)]

mod common;

use common::{https::*, prover::*, *};
use grantor::{Builder, Client, ClientCertificate, DpopNonces, Misbehaviour, Server, SigningKey};
use serde_json::{Map, Value, json};

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const CIBA: &str = "urn:openid:params:grant-type:ciba";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const REFRESH_TOKEN: &str = "urn:ietf:params:oauth:token-type:refresh_token";

fn auto_with(client: Client) -> Builder {
    Server::builder().auto_approve("alice").client(client)
}

/// An authorization request of the client `public`, pushed.
fn push(server: &Server, proof: Option<&str>, more: &[(&str, &str)]) -> Answer {
    let target = authorize_target(more);
    let mut headers = vec![FORM];
    headers.extend(proof.map(|proof| ("DPoP", proof)));
    to(server, "POST", "/par", &headers, target.split_once('?').unwrap().1)
}

fn code_of(server: &Server, pushed: &Answer) -> String {
    let pairs = [("client_id", "public"), ("request_uri", &*pushed.text("request_uri"))];
    get(server, &format!("/authorize?{}", encode(&pairs))).callback("code").unwrap()
}

fn redemption(code: &str) -> [(&str, &str); 5] {
    [
        ("grant_type", "authorization_code"),
        ("client_id", "public"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

fn refresh_with(prover: &Prover, server: &Server, token: &str) -> Answer {
    let pairs = [("grant_type", "refresh_token"), ("client_id", "public"), ("refresh_token", token)];
    prover.token(server, &pairs, json!({}))
}

fn cnf(server: &Server, token: &str) -> Value {
    svc(server, "/introspect", &[("token", token)]).json()["cnf"].clone()
}

#[test]
fn a_proof_at_the_par_endpoint_binds_the_code_as_dpop_jkt_does() {
    let server = auto();
    let (prover, other) = (Prover::new(), Prover::new());
    let proof = || prover.proof("POST", &server.url("/par"), json!({}));
    let shown = push(&server, Some(&proof()), &[]);
    let said = push(&server, None, &[("dpop_jkt", &prover.jkt)]);
    let both = push(&server, Some(&proof()), &[("dpop_jkt", &prover.jkt)]);
    for pushed in [shown, said, both] {
        assert_eq!(pushed.status, 201, "{}", pushed.body);
        let code = code_of(&server, &pushed);
        assert_eq!(exchange(&server, &code).error(), "invalid_grant", "without a proof");
        assert_eq!(other.token(&server, &redemption(&code), json!({})).error(), "invalid_grant", "by another key");
        let tokens = prover.token(&server, &redemption(&code), json!({}));
        assert_eq!(tokens.text("token_type"), "DPoP", "{}", tokens.body);
        assert_eq!(prover.get(&server, "/api/orders", &tokens.text("access_token"), json!({})).status, 200);
    }
    let unbound = code_of(&server, &push(&server, None, &[]));
    assert_eq!(exchange(&server, &unbound).text("token_type"), "Bearer");
}

#[test]
fn a_proof_at_the_par_endpoint_is_checked_as_any_and_agrees_with_dpop_jkt() {
    let server = auto();
    let (prover, other) = (Prover::new(), Prover::new());
    let proof = |url: &str| prover.proof("POST", &server.url(url), json!({}));
    let disagreeing = push(&server, Some(&proof("/par")), &[("dpop_jkt", &other.jkt)]);
    assert_eq!((disagreeing.status, disagreeing.error().as_str()), (400, "invalid_dpop_proof"));
    assert_eq!(push(&server, Some(&proof("/token")), &[]).error(), "invalid_dpop_proof", "for another address");
    let once = proof("/par");
    assert_eq!(push(&server, Some(&once), &[]).status, 201);
    assert_eq!(push(&server, Some(&once), &[]).error(), "invalid_dpop_proof", "a second time");
}

#[test]
fn a_nonce_is_asked_for_before_a_pushed_request_object_is_used_up() {
    let key = SigningKey::fresh("ES256");
    let client = Client::new("kim").jwks(json!({"keys": [key.jwk()]})).auth("none");
    let server = auto_with(client).dpop_nonces(DpopNonces::Required).start();
    let (prover, now) = (Prover::new(), server.now().as_secs());
    let claims = json!({
        "iss": "kim", "aud": server.issuer(), "exp": now + 300, "jti": "1", "client_id": "kim", "response_type": "code",
        "redirect_uri": CALLBACK, "scope": "read", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    });
    let object = key.sign(Map::new(), changed(&claims, &json!({})));
    let body = encode(&[("client_id", "kim"), ("request", &object)]);
    let push = |more: Value| {
        let proof = prover.proof("POST", &server.url("/par"), more);
        to(&server, "POST", "/par", &[FORM, ("DPoP", &proof)], &body)
    };
    let refused = push(json!({}));
    assert_eq!((refused.status, refused.error().as_str()), (400, "use_dpop_nonce"));
    assert_eq!(push(json!({"nonce": refused.header("dpop-nonce").unwrap()})).status, 201);
    server.misbehave_times(grantor::Endpoint::Par, 1, Misbehaviour::UseDpopNonce);
    assert_eq!(push(json!({})).error(), "use_dpop_nonce");
}

#[test]
fn a_device_gets_a_bound_token_and_a_refresh_token_that_is_bound_along() {
    let server = Server::builder().device_auto_approve_after(0).start();
    let (prover, other) = (Prover::new(), Prover::new());
    let asked = post(&server, "/device", &[("client_id", "public"), ("scope", "openid")]);
    let device_code = asked.text("device_code");
    let poll = [("grant_type", DEVICE), ("client_id", "public"), ("device_code", device_code.as_str())];
    let tokens = prover.token(&server, &poll, json!({}));
    assert_eq!(tokens.text("token_type"), "DPoP", "{}", tokens.body);
    let token = tokens.text("access_token");
    assert_eq!(cnf(&server, &token), json!({"jkt": prover.jkt}));
    assert_eq!(get_with(&server, "/api/orders", &token).status, 401, "not as a Bearer token");
    assert_eq!(prover.get(&server, "/userinfo", &token, json!({})).text("sub"), "alice");
    let first = tokens.text("refresh_token");
    assert_eq!(refresh(&server, &first).error(), "invalid_grant", "without a proof");
    assert_eq!(refresh_with(&other, &server, &first).error(), "invalid_grant", "by another key");
    let refreshed = refresh_with(&prover, &server, &first);
    assert_eq!(refreshed.text("token_type"), "DPoP", "and that has not used it up: {}", refreshed.body);
    let second = refreshed.text("refresh_token");
    assert_eq!(refresh(&server, &second).error(), "invalid_grant", "the next one is bound as well");
    assert_eq!(cnf(&server, &refreshed.text("access_token")), json!({"jkt": prover.jkt}));
}

#[test]
fn a_device_that_must_show_a_proof_and_does_not_may_poll_again() {
    let server = Server::builder()
        .client(Client::new("tv").dpop_bound_access_tokens())
        .device_auto_approve_after(0)
        .dpop_nonces(DpopNonces::EachRequest)
        .start();
    let asked = post(&server, "/device", &[("client_id", "tv")]);
    assert_eq!(asked.header("dpop-nonce"), None, "no proof is for that endpoint");
    let device_code = asked.text("device_code");
    let poll = [("grant_type", DEVICE), ("client_id", "tv"), ("device_code", device_code.as_str())];
    assert_eq!(post(&server, "/token", &poll).error(), "invalid_request");
    let prover = Prover::new();
    let refused = prover.token(&server, &poll, json!({}));
    assert_eq!(refused.error(), "use_dpop_nonce");
    let nonce = refused.header("dpop-nonce").unwrap();
    assert_eq!(prover.token(&server, &poll, json!({"nonce": nonce})).text("token_type"), "DPoP");
}

/// A shop that is known by its certificate, and whose tokens are bound to it.
fn shop() -> Client {
    Client::new("shop").tls_client_auth_subject_dn("CN=shop").certificate_bound_access_tokens()
}

fn bound_to(certificate: &ClientCertificate) -> Value {
    json!({"x5t#S256": certificate.thumbprint()})
}

#[test]
fn a_ciba_client_is_known_by_its_certificate_and_its_token_is_bound_to_it() {
    let server = Server::builder().tls().client(shop()).ciba_interval(0).start();
    let (own, other) = (server.client_certificate("shop"), server.client_certificate("other"));
    let document = https(&server, None, &server.url("/.well-known/openid-configuration"), &[]).json();
    let alias = |name: &str| document["mtls_endpoint_aliases"][name].as_str().unwrap().to_owned();
    let request = [("client_id", "shop"), ("scope", "openid"), ("login_hint", "alice")];
    let ask = |identity| https(&server, identity, &alias("backchannel_authentication_endpoint"), &request);
    assert_eq!(ask(Some(&other)).error(), "invalid_client");
    let id = ask(Some(&own)).text("auth_req_id");
    let pairs = [("grant_type", CIBA), ("client_id", "shop"), ("auth_req_id", id.as_str())];
    let poll = |identity| https(&server, identity, &alias("token_endpoint"), &pairs);
    assert_eq!(poll(Some(&own)).error(), "authorization_pending");
    assert!(server.approve_ciba(&id, "alice"));
    assert_eq!(poll(None).error(), "invalid_client");
    let tokens = poll(Some(&own));
    assert_eq!(tokens.text("token_type"), "Bearer", "{}", tokens.body);
    let token = tokens.text("access_token");
    let introspect = [("client_id", "shop"), ("token", token.as_str())];
    let described = https(&server, Some(&own), &alias("introspection_endpoint"), &introspect).json();
    assert_eq!(described["cnf"], bound_to(&own));
    let api = server.mtls_url("/api/orders");
    let statuses = [Some(&own), Some(&other), None].map(|identity| with_token(&server, identity, &api, &token).status);
    assert_eq!(statuses, [200, 401, 401]);
}

#[test]
fn what_is_pushed_to_a_client_cannot_be_bound_so_such_a_client_is_refused() {
    let pushed = |client: Client| {
        let client = client
            .secret("secret")
            .backchannel_token_delivery_mode("push")
            .backchannel_client_notification_endpoint("http://127.0.0.1:9/cb");
        Server::builder().client(client).try_start().map(drop).map_err(|error| error.to_string())
    };
    assert!(pushed(Client::new("till")).is_ok());
    for bound in [Client::new("till").dpop_bound_access_tokens(), Client::new("till").certificate_bound_access_tokens()]
    {
        assert!(pushed(bound).unwrap_err().contains("bound"));
    }
}

#[test]
fn a_token_in_the_front_channel_is_not_for_a_client_whose_tokens_are_bound() {
    let server = auto_with(Client::new("bound").certificate_bound_access_tokens()).start();
    let ask = |kind: &str| get(&server, &authorize_target(&[("client_id", "bound"), ("response_type", kind)]));
    assert_eq!(ask("code token").fragment("error").as_deref(), Some("unauthorized_client"));
    assert!(ask("code id_token").fragment("code").is_some());
}

#[test]
fn a_token_may_be_bound_to_a_key_and_to_a_certificate_and_tell_its_details() {
    let client = shop().jwt_access_tokens("ES256");
    let server = Server::builder().tls().client(client).start();
    let (own, other) = (server.client_certificate("shop"), server.client_certificate("other"));
    let prover = Prover::new();
    let details = json!([{"type": "payment", "actions": ["initiate"]}]);
    let pairs =
        [("grant_type", "client_credentials"), ("client_id", "shop"), ("authorization_details", &*details.to_string())];
    let url = server.mtls_url("/token");
    let proof = prover.proof("POST", &url, json!({}));
    let post = [FORM, ("DPoP", &proof)];
    let answer = try_https(config(server.ca_pem(), Some(&own)), "POST", &url, &post, &encode(&pairs))
        .map(|answer| parse(&answer));
    let tokens = answer.unwrap();
    assert_eq!((tokens.text("token_type"), &tokens.json()["authorization_details"]), ("DPoP".to_owned(), &details));
    let token = tokens.text("access_token");
    let both = json!({"jkt": prover.jkt, "x5t#S256": own.thumbprint()});
    assert_eq!((&claims(&token)["cnf"], &claims(&token)["authorization_details"]), (&both, &details));

    let api = |identity: &ClientCertificate, prover: &Prover, path: &str| {
        let url = server.mtls_url(path);
        let proof = prover.proof("GET", &url, json!({"ath": hash(&token)}));
        let headers = [("Authorization", &*format!("DPoP {token}")), ("DPoP", &proof)];
        parse(&try_https(config(server.ca_pem(), Some(identity)), "GET", &url, &headers, "").unwrap())
    };
    let signed = api(&own, &prover, "/api/signed");
    assert_eq!((signed.status, signed.header("content-type")), (200, Some("application/jwt")));
    assert_eq!(claims(&signed.body)["aud"], "shop");
    assert_eq!(api(&other, &prover, "/api/orders").status, 401, "another certificate");
    assert_eq!(api(&own, &Prover::new(), "/api/orders").status, 401, "another key");
    assert_eq!(with_token(&server, Some(&own), &server.mtls_url("/api/orders"), &token).status, 401, "no proof");

    let introspect = [("client_id", "shop"), ("token", token.as_str())];
    let accept = [FORM, ("Accept", "application/token-introspection+jwt")];
    let url = server.mtls_url("/introspect");
    let answer = try_https(config(server.ca_pem(), Some(&own)), "POST", &url, &accept, &encode(&introspect)).unwrap();
    let inside = claims(&parse(&answer).body)["token_introspection"].clone();
    assert_eq!((&inside["cnf"], &inside["authorization_details"]), (&both, &details));
}

#[test]
fn an_exchanged_refresh_token_is_bound_and_one_that_is_bound_needs_its_key() {
    let server = auto();
    let (prover, other) = (Prover::new(), Prover::new());
    let tokens = prover.token(&server, &redemption(&code(&server)), json!({}));
    let exchange = |prover: &Prover, subject: &str, kind: &str| {
        let pairs = [
            ("grant_type", EXCHANGE),
            ("client_id", "public"),
            ("subject_token", subject),
            ("subject_token_type", kind),
            ("requested_token_type", REFRESH_TOKEN),
        ];
        prover.token(&server, &pairs, json!({}))
    };
    let exchanged = exchange(&prover, &tokens.text("access_token"), ACCESS_TOKEN).text("access_token");
    assert_eq!(refresh(&server, &exchanged).error(), "invalid_grant");
    assert_eq!(refresh_with(&prover, &server, &exchanged).text("token_type"), "DPoP");
    let own = tokens.text("refresh_token");
    assert_eq!(exchange(&other, &own, REFRESH_TOKEN).error(), "invalid_request");
    assert_eq!(exchange(&prover, &own, REFRESH_TOKEN).status, 200);
}

#[test]
fn an_exchange_hands_on_the_authorization_details_and_never_more() {
    let server = Server::start();
    let details = json!([{"type": "payment", "actions": ["initiate", "status"]}]).to_string();
    let pairs = [("grant_type", "client_credentials"), ("authorization_details", details.as_str())];
    let subject = svc(&server, "/token", &pairs).text("access_token");
    let exchange = |more: &[(&str, &str)]| {
        let pairs = [("grant_type", EXCHANGE), ("subject_token", &*subject), ("subject_token_type", ACCESS_TOKEN)];
        svc(&server, "/token", &[&pairs[..], more].concat())
    };
    assert_eq!(exchange(&[]).json()["authorization_details"][0]["actions"], json!(["initiate", "status"]));
    let fewer = r#"[{"type":"payment","actions":["status"]}]"#;
    let token = exchange(&[("authorization_details", fewer)]).text("access_token");
    let described = svc(&server, "/introspect", &[("token", &token)]).json();
    assert_eq!(described["authorization_details"][0]["actions"], json!(["status"]));
    let more = r#"[{"type":"payment","actions":["refund"]}]"#;
    assert_eq!(exchange(&[("authorization_details", more)]).error(), "invalid_authorization_details");
}

#[test]
fn an_assertion_that_comes_without_a_client_gets_a_bound_token_by_a_proof() {
    let key = SigningKey::fresh("ES256");
    let keys = json!({"keys": [key.jwk()]});
    let server = Server::builder()
        .trusted_issuer("https://idp.example", keys.clone())
        .client(Client::new("robot").jwks(keys).dpop_bound_access_tokens())
        .start();
    let assertion = |iss: &str, jti: &str| {
        let exp = server.now().as_secs() + 300;
        let claims = json!({"iss": iss, "sub": "alice", "aud": server.issuer(), "exp": exp, "jti": jti});
        key.sign(Map::new(), changed(&claims, &json!({})))
    };
    let prover = Prover::new();
    for iss in ["https://idp.example", "robot"] {
        let assertion = assertion(iss, "1");
        let pairs = [("grant_type", JWT_BEARER), ("assertion", assertion.as_str())];
        let tokens = prover.token(&server, &pairs, json!({}));
        assert_eq!(tokens.text("token_type"), "DPoP", "{}", tokens.body);
        assert_eq!(cnf(&server, &tokens.text("access_token")), json!({"jkt": prover.jkt}));
    }
    let plain =
        |iss: &str| post(&server, "/token", &[("grant_type", JWT_BEARER), ("assertion", &*assertion(iss, "2"))]);
    assert_eq!(plain("https://idp.example").text("token_type"), "Bearer");
    assert_eq!(plain("robot").error(), "invalid_request", "a service account that is registered for DPoP");
}

#[test]
fn authorization_details_are_for_devices_and_ciba_too() {
    let key = SigningKey::fresh("ES256");
    let till = Client::new("till")
        .secret("secret")
        .jwks(json!({"keys": [key.jwk()]}))
        .backchannel_authentication_request_signing_alg("ES256");
    let server = Server::builder()
        .client(till)
        .authorization_details_types(["payment"])
        .device_auto_approve_after(0)
        .ciba_auto_approve_after(0)
        .start();
    let details = json!([{"type": "payment", "actions": ["initiate"]}]);
    let ask = |details: &str| post(&server, "/device", &[("client_id", "public"), ("authorization_details", details)]);
    assert_eq!(ask(r#"[{"type":"other"}]"#).error(), "invalid_authorization_details");
    let device_code = ask(&details.to_string()).text("device_code");
    let poll = [("grant_type", DEVICE), ("client_id", "public"), ("device_code", &*device_code)];
    assert_eq!(post(&server, "/token", &poll).json()["authorization_details"], details);

    let now = server.now().as_secs();
    let claims = json!({
        "iss": "till", "aud": server.issuer(), "iat": now, "nbf": now, "exp": now + 300, "jti": "1",
        "scope": "openid", "login_hint": "alice", "authorization_details": details,
    });
    let request = key.sign(Map::new(), changed(&claims, &json!({})));
    let by = [("client_id", "till"), ("client_secret", "secret")];
    let id = post(&server, "/bc-authorize", &[&by[..], &[("request", &request)]].concat()).text("auth_req_id");
    let poll = [&by[..], &[("grant_type", CIBA), ("auth_req_id", &*id)]].concat();
    assert_eq!(post(&server, "/token", &poll).json()["authorization_details"], details);
}

#[test]
fn a_resource_that_is_not_there_is_refused_by_every_grant() {
    let key = SigningKey::fresh("ES256");
    let server = Server::builder()
        .trusted_issuer("https://idp.example", json!({"keys": [key.jwk()]}))
        .resources(["https://api.example"])
        .start();
    let claims = json!({"iss": "https://idp.example", "sub": "alice", "aud": server.issuer(),
        "exp": server.now().as_secs() + 300});
    let assertion = key.sign(Map::new(), changed(&claims, &json!({})));
    let subject = svc(&server, "/token", &[("grant_type", "client_credentials")]).text("access_token");
    let requests: [(&str, &[(&str, &str)]); 4] = [
        ("/device", &[]),
        ("/bc-authorize", &[("scope", "openid"), ("login_hint", "alice")]),
        ("/token", &[("grant_type", JWT_BEARER), ("assertion", &assertion)]),
        ("/token", &[("grant_type", EXCHANGE), ("subject_token", &subject), ("subject_token_type", ACCESS_TOKEN)]),
    ];
    for (path, pairs) in requests {
        let with = |resource: &str| svc(&server, path, &[pairs, &[("resource", resource)]].concat());
        assert_eq!(with("https://evil.example").error(), "invalid_target", "{path}");
        assert_eq!(with("https://api.example").status, 200, "{path}");
    }
}
