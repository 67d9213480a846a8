//! Rich authorization requests, RFC 9396, and resource indicators, RFC 8707.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use grantor::{Builder, Client, Server, SigningKey};
use serde_json::{Map, Value, json};

fn payment() -> Value {
    json!({
        "type": "payment_initiation",
        "actions": ["initiate", "status", "cancel"],
        "locations": ["https://example.com/payments"],
        "instructedAmount": {"currency": "EUR", "amount": "123.50"},
    })
}

fn account() -> Value {
    json!({"type": "account_information", "actions": ["read_balances"]})
}

fn start(builder: Builder) -> Server {
    builder.auto_approve("alice").start()
}

fn tokens(server: &Server, client: &str, details: &Value, more: &[(&str, &str)]) -> Answer {
    let target = authorize_target(&[("client_id", client), ("authorization_details", &details.to_string())]);
    let code = get(server, &target).callback("code").expect("a code");
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    post(server, "/token", &[&pairs, more].concat())
}

fn refreshed(server: &Server, tokens: &Answer, more: &[(&str, &str)]) -> Answer {
    let token = tokens.text("refresh_token");
    let pairs = [("grant_type", "refresh_token"), ("client_id", "public"), ("refresh_token", &token)];
    post(server, "/token", &[&pairs, more].concat())
}

fn introspected(server: &Server, tokens: &Answer) -> Value {
    svc(server, "/introspect", &[("token", &tokens.text("access_token"))]).json()
}

#[test]
fn what_was_granted_is_in_the_answer_in_the_token_and_at_introspection() {
    let server = start(Server::builder().client(Client::new("public").jwt_access_tokens("ES256")));
    let asked = json!([payment(), account()]);
    let answer = tokens(&server, "public", &asked, &[]);
    assert_eq!(answer.json()["authorization_details"], asked);
    assert_eq!(claims(&answer.text("access_token"))["authorization_details"], asked);
    assert_eq!(introspected(&server, &answer)["authorization_details"], asked);
    assert_eq!(refreshed(&server, &answer, &[]).json()["authorization_details"], asked);
    let without = exchange(&server, &code(&server));
    assert!(without.json().get("authorization_details").is_none());
    assert!(introspected(&server, &without).get("authorization_details").is_none());
}

#[test]
fn a_token_request_may_ask_for_less_and_for_no_more() {
    let server = start(Server::builder());
    let asked = json!([payment(), account()]);
    let less = json!([{"type": "payment_initiation", "actions": ["status"]}]);
    let mut granted = payment();
    granted["actions"] = json!(["status"]);
    let answer = tokens(&server, "public", &asked, &[("authorization_details", &less.to_string())]);
    assert_eq!(answer.json()["authorization_details"], json!([granted]));
    assert_eq!(introspected(&server, &answer)["authorization_details"], json!([granted]));
    // The grant itself is what it was.
    let answer = refreshed(&server, &answer, &[]);
    assert_eq!(answer.json()["authorization_details"], asked);
    for more in [
        json!([{"type": "payment_initiation", "actions": ["refund"]}]),
        json!([{"type": "signature"}]),
        json!([account(), {"type": "account_information", "actions": ["read_transactions"]}]),
    ] {
        let refused = refreshed(&server, &answer, &[("authorization_details", &more.to_string())]);
        assert_eq!(refused.error(), "invalid_authorization_details", "{more}");
    }
    assert_eq!(refreshed(&server, &answer, &[]).status, 200, "none of these cost the refresh token");
}

#[test]
fn what_is_no_list_of_typed_objects_is_refused_wherever_it_comes() {
    let server = start(Server::builder());
    let wrong = [
        "x",
        "{}",
        "[1]",
        "[{}]",
        r#"[{"type":1}]"#,
        r#"[{"type":"t","actions":"read"}]"#,
        r#"[{"type":"t","locations":[1]}]"#,
        r#"[{"type":"t","identifier":1}]"#,
    ];
    for text in wrong {
        let more = [("authorization_details", text)];
        let answer = get(&server, &authorize_target(&more));
        assert_eq!(answer.callback("error").as_deref(), Some("invalid_authorization_details"), "{text}");
        let machine = [&[("grant_type", "client_credentials")][..], &more].concat();
        assert_eq!(svc(&server, "/token", &machine).error(), "invalid_authorization_details", "{text}");
        let pushed = [
            ("client_id", "public"),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            more[0],
        ];
        assert_eq!(post(&server, "/par", &pushed).error(), "invalid_authorization_details", "{text}");
    }
}

#[test]
fn a_type_must_be_one_of_the_servers_and_of_the_clients() {
    let client = Client::new("narrow").authorization_details_type("account_information");
    let types = ["payment_initiation", "account_information"];
    let server = start(Server::builder().authorization_details_types(types).client(client));
    let by = |client: &str, details: Value| {
        let target = authorize_target(&[("client_id", client), ("authorization_details", &details.to_string())]);
        get(&server, &target).callback("error")
    };
    assert_eq!(by("public", json!([payment()])), None);
    assert_eq!(by("public", json!([payment(), {"type": "t"}])).as_deref(), Some("invalid_authorization_details"));
    assert_eq!(by("narrow", json!([account()])), None);
    assert_eq!(by("narrow", json!([payment()])).as_deref(), Some("invalid_authorization_details"));
    let document = |server: &Server| get(server, "/.well-known/oauth-authorization-server").json();
    assert_eq!(document(&server)["authorization_details_types_supported"], json!(types));
    assert!(document(&auto()).get("authorization_details_types_supported").is_none());
}

#[test]
fn a_server_may_grant_less_than_was_asked() {
    let server = start(Server::builder().grant_authorization_details(|asked| {
        let mut granted = asked.clone();
        granted["actions"] = json!(["status"]);
        (asked["type"] != "account_information").then_some(granted)
    }));
    let mut granted = payment();
    granted["actions"] = json!(["status"]);
    let answer = tokens(&server, "public", &json!([payment(), account()]), &[]);
    assert_eq!(answer.json()["authorization_details"], json!([granted]));
    assert_eq!(introspected(&server, &answer)["authorization_details"], json!([granted]));
    let details = json!([payment()]).to_string();
    let machine = svc(&server, "/token", &[("grant_type", "client_credentials"), ("authorization_details", &details)]);
    assert_eq!(machine.json()["authorization_details"], json!([granted]));
}

#[test]
fn a_person_sees_what_is_asked_each_time() {
    let server = Server::start();
    let details = json!([{"type": "<payment>"}]).to_string();
    let page = get(&server, &authorize_target(&[("authorization_details", &details), ("prompt", "consent")]));
    let value = |name: &str| {
        let rest = page.body.split_once(&format!(r#"name="{name}" value=""#)).unwrap().1;
        rest.split('"').next().unwrap().to_owned()
    };
    let cookie = page.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let pairs = [
        ("interaction", &*value("interaction")),
        ("csrf", &value("csrf")),
        ("username", "alice"),
        ("password", "wonderland"),
        ("action", "login"),
    ];
    let consent = send(&server, "POST", "/authorize/login", &[FORM, ("Cookie", &cookie)], &encode(&pairs));
    assert!(consent.body.contains("&lt;payment&gt;") && !consent.body.contains("<payment>"), "{}", consent.body);
}

#[test]
fn details_inside_a_request_object_are_json() {
    let key = SigningKey::fresh("ES256");
    let client = Client::new("public").jwks(json!({"keys": [key.jwk()]})).auth("none");
    let server = start(Server::builder().client(client));
    let claims = json!({
        "iss": "public", "aud": server.issuer(), "client_id": "public", "response_type": "code",
        "redirect_uri": CALLBACK, "scope": "orders", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
        "authorization_details": [account()], "resource": ["https://one.example", "https://two.example"],
    });
    let object = key.sign(Map::new(), claims.as_object().unwrap().clone());
    let uri = post(&server, "/par", &[("client_id", "public"), ("request", &object)]).text("request_uri");
    let target = format!("/authorize?{}", encode(&[("client_id", "public"), ("request_uri", &uri)]));
    let answer = exchange(&server, &get(&server, &target).callback("code").unwrap());
    assert_eq!(answer.json()["authorization_details"], json!([account()]));
    assert_eq!(introspected(&server, &answer)["aud"], json!(["https://one.example", "https://two.example"]));
}

#[test]
fn a_resource_must_be_one_of_the_servers_where_it_has_said_so() {
    let (one, two) = ("https://one.example", "https://two.example");
    let server = start(Server::builder().resources([one, two]));
    let ask = |resources: &[&str]| {
        let more: String = resources.iter().map(|uri| format!("&{}", encode(&[("resource", uri)]))).collect();
        get(&server, &format!("{}{more}", authorize_target(&[])))
    };
    assert_eq!(ask(&[one, "https://three.example"]).callback("error").as_deref(), Some("invalid_target"));
    let answer = exchange(&server, &ask(&[one, two]).callback("code").unwrap());
    assert_eq!(introspected(&server, &answer)["aud"], json!([one, two]));
    let narrow = refreshed(&server, &answer, &[("resource", two)]);
    assert_eq!(introspected(&server, &narrow)["aud"], two);
    let wide = refreshed(&server, &narrow, &[]);
    assert_eq!(introspected(&server, &wide)["aud"], json!([one, two]), "the grant is for both still");
    assert_eq!(refreshed(&server, &wide, &[("resource", "https://three.example")]).error(), "invalid_target");
    let machine = [("grant_type", "client_credentials"), ("resource", "https://three.example")];
    assert_eq!(svc(&server, "/token", &machine).error(), "invalid_target");
    let pushed = [
        ("client_id", "public"),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("resource", "https://three.example"),
    ];
    assert_eq!(post(&server, "/par", &pushed).error(), "invalid_target");
}
