//! Rich authorization requests (RFC 9396) and resource indicators (RFC 8707) on the wire, and what was granted compared with it.

mod support;

use grantee_core::authorization::{AuthorizationDetail, AuthorizationDetails, Granted};
use grantee_core::grant::{AuthorizationCode, ClientCredentials, RefreshToken};
use grantee_core::{Error, Params, Token};
use serde_json::{Value, json};
use support::authorization::*;
use support::{access, block_on, seconds, source};

fn list(value: Value) -> AuthorizationDetails {
    AuthorizationDetails::from_value(value).unwrap()
}

fn compare(asked: Value, granted: Value) -> Granted {
    list(asked).compare(&list(granted))
}

fn counts(compared: &Granted) -> [usize; 4] {
    [compared.enriched.len(), compared.changed.len(), compared.missing.len(), compared.extra.len()]
}

#[test]
fn typed_and_raw_details_are_the_same_on_the_wire() {
    let world = world(|_| ());
    let raw = json!([{"type": "payment_initiation", "actions": ["initiate", "status"], "locations": ["https://a.example/"],
        "datatypes": ["d"], "privileges": ["p"], "identifier": "account-1", "amount": {"currency": "EUR"}}]);
    let typed = AuthorizationDetail::new("payment_initiation").action("initiate").action("status");
    let typed = typed.location("https://a.example/").datatype("d").privilege("p").with_identifier("account-1");
    let typed = typed.member("amount", json!({"currency": "EUR"})).member("type", "other");
    assert_eq!(Value::from(typed.clone()), raw);
    let sent =
        |details: Value| parameter(&world.start(request().authorization_details(details)).0, "authorization_details");
    let text = sent(typed.clone().into());
    assert_eq!(text, sent(raw.to_string().into()));
    assert_eq!(serde_json::from_str::<Value>(&text.unwrap()).unwrap(), raw);
    assert_eq!(typed.detail_type(), "payment_initiation");
    assert_eq!(typed.actions().collect::<Vec<_>>(), ["initiate", "status"]);
    assert_eq!((typed.identifier(), typed.locations().count()), (Some("account-1"), 1));
}

#[test]
fn the_order_of_lists_and_members_does_not_matter() {
    let compared = compare(
        json!([{"type": "a", "actions": ["x", "y"]}, {"type": "b", "n": {"p": 1, "q": [1, 2]}}]),
        json!([{"n": {"q": [2, 1], "p": 1}, "type": "b"}, {"actions": ["y", "x"], "type": "a"}]),
    );
    assert!(compared.all());
    assert_eq!(counts(&compared), [0; 4]);
}

#[test]
fn what_the_server_adds_is_enriched_and_not_missing() {
    let asked = json!([{"type": "account_information", "access": {"accounts": [], "balances": []}, "recurringIndicator": true}]);
    let granted = json!([{"type": "account_information", "recurringIndicator": true,
        "access": {"accounts": [{"iban": "DE2310010010123456789"}], "balances": [{"iban": "DE2310010010123456789"}]}}]);
    let compared = compare(asked, granted.clone());
    assert!(compared.all());
    assert_eq!(counts(&compared), [1, 0, 0, 0]);
    assert_eq!(Value::from(compared.enriched[0].granted.clone()), granted);
    let asked = json!([{"type": "medical_record", "sens": ["HIV", "ETH"], "actions": ["read"]}]);
    let granted =
        json!([{"type": "medical_record", "sens": ["HIV", "ETH"], "actions": ["read"], "identifier": "patient-1"}]);
    assert_eq!(counts(&compare(asked, granted)), [1, 0, 0, 0]);
}

#[test]
fn less_more_and_other_than_was_asked_is_told_apart() {
    let asked = json!([{"type": "a", "actions": ["read", "write"]}, {"type": "b"}, {"type": "c"}]);
    let compared = compare(asked.clone(), json!([{"type": "a", "actions": ["read"]}, {"type": "c"}, {"type": "d"}]));
    assert!(!compared.all());
    assert_eq!(counts(&compared), [0, 1, 1, 1]);
    assert_eq!(compared.changed[0].granted.actions().collect::<Vec<_>>(), ["read"]);
    assert_eq!((compared.missing[0].detail_type(), compared.extra[0].detail_type()), ("b", "d"));
    assert_eq!(counts(&compare(asked, json!([]))), [0, 0, 3, 0]);
    // More than was asked for in a list is no enrichment.
    let more =
        compare(json!([{"type": "a", "actions": ["read"]}]), json!([{"type": "a", "actions": ["read", "write"]}]));
    assert_eq!(counts(&more), [0, 1, 0, 0]);
    // One grant answers one wish.
    let twice = compare(json!([{"type": "a"}, {"type": "a"}]), json!([{"type": "a"}]));
    assert_eq!(counts(&twice), [0, 0, 1, 0]);
}

#[test]
fn the_best_match_is_made_first() {
    let asked = json!([{"type": "a", "n": 1}, {"type": "a", "n": 2}]);
    let compared = compare(asked, json!([{"type": "a", "n": 2}, {"type": "a", "n": 1, "m": 3}]));
    assert_eq!(counts(&compared), [1, 0, 0, 0]);
}

#[test]
fn a_login_tells_what_was_granted_of_what_was_asked() {
    let world = world(|_| ());
    let asked = json!([{"type": "a", "actions": ["read"]}, {"type": "b"}]);
    let login = |answer: Value| {
        *world.token.lock().unwrap() = answer;
        let pending = world.start(request().authorization_details(asked.clone())).1;
        block_on(world.client.finish(pending, "code=CODE&state=STATE")).unwrap()
    };
    let granted = json!([{"type": "a", "actions": ["read"], "identifier": "1"}]);
    let seen = login(json!({"access_token": "AT", "token_type": "Bearer", "authorization_details": granted}));
    assert_eq!(Value::from(seen.token.authorization_details().unwrap().unwrap()), granted);
    let compared = seen.granted_details.unwrap();
    assert!(!compared.all());
    assert_eq!(counts(&compared), [1, 0, 1, 0]);
    assert_eq!(seen.parameters.authorization_details, Some(asked.clone()));
    let silent = login(json!({"access_token": "AT", "token_type": "Bearer"}));
    assert_eq!((silent.granted_details, silent.token.authorization_details().unwrap()), (None, None));
    // They were settled at the authorization endpoint: naming all of them again might be more than was granted.
    assert!(!world.server.body(0).contains("authorization_details"));
}

#[test]
fn a_token_request_sends_them_and_a_code_may_name_a_part() {
    let world = world(|_| ());
    let details = json!([{"type": "a"}]);
    let grant = ClientCredentials::new().authorization_details(AuthorizationDetail::new("a"));
    block_on(world.client.token(&grant)).unwrap();
    let form = Params::parse(&world.server.body(0));
    assert_eq!(form.get("authorization_details"), Some(details.to_string().as_str()));
    block_on(world.client.token(&ClientCredentials::new().authorization_details(r#"[{"type": "a"}]"#))).unwrap();
    assert_eq!(world.server.body(0), world.server.body(1));
    let code = AuthorizationCode::from_parts("CODE", "https://app.example/cb", VERIFIER).authorization_details(details);
    block_on(world.client.token(&code)).unwrap();
    assert!(world.server.body(2).ends_with("&authorization_details=%5B%7B%22type%22%3A%22a%22%7D%5D"));
}

#[test]
fn what_is_malformed_or_of_an_unknown_type_is_refused_before_anything_is_asked() {
    let world = world(|config| {
        config.members_mut().authorization_details_types_supported = Some(vec!["a".into(), "b".into()]);
    });
    let refused = |grant: ClientCredentials| match block_on(world.client.token(&grant)) {
        Err(Error::Config(error)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    for bad in [json!("["), json!({"type": "a"}), json!([{"type": ""}]), json!([{}]), json!(["a"]), json!(7)] {
        assert!(refused(ClientCredentials::new().authorization_details(bad)).contains("RFC 9396"));
    }
    let unknown = refused(ClientCredentials::new().authorization_details(AuthorizationDetail::new("c")));
    assert!(unknown.contains("\"c\"") && unknown.contains("a, b"), "{unknown}");
    assert!(world.refused(request().authorization_details(AuthorizationDetail::new("c"))).contains("a, b"));
    world.start(request().authorization_details(AuthorizationDetail::new("b")));
    assert_eq!(world.server.count(), 0);
}

#[test]
fn what_a_server_grants_is_typed_or_refused() {
    let token = |details: Value| {
        let mut token = Token::bearer("t");
        token.extra.insert("authorization_details".into(), details);
        token
    };
    assert_eq!(token(json!([])).authorization_details().unwrap().unwrap().len(), 0);
    assert_eq!(token(Value::Null).authorization_details().unwrap(), None);
    for bad in [json!({}), json!([{"no": "type"}]), json!(7)] {
        assert!(matches!(token(bad).authorization_details(), Err(Error::Rule(_))));
    }
}

#[test]
fn what_was_granted_is_kept_through_a_refresh_that_says_nothing() {
    let world = world(|_| ());
    let granted = json!([{"type": "a", "identifier": "1"}]);
    let mut before = Token::bearer("t").with_refresh_token("r");
    before.extra.insert("authorization_details".into(), granted.clone());
    let after = block_on(world.client.token(&RefreshToken::of(&before).unwrap())).unwrap();
    assert_eq!(after.extra["authorization_details"], granted);
    assert_eq!(world.server.body(0), "grant_type=refresh_token&refresh_token=r");
    let less = json!([{"type": "a"}]);
    *world.token.lock().unwrap() = json!({"access_token": "AT", "token_type": "Bearer", "authorization_details": less});
    let after = block_on(world.client.token(&RefreshToken::of(&before).unwrap())).unwrap();
    assert_eq!(after.extra["authorization_details"], less);
}

#[test]
fn a_session_asks_for_the_resources_again_and_for_no_details_at_a_refresh() {
    let world = world(|_| ());
    *world.token.lock().unwrap() =
        json!({"access_token": "AT", "token_type": "Bearer", "refresh_token": "r", "expires_in": 100});
    let grant = ClientCredentials::new()
        .resource("https://a.example/")
        .resource("urn:b")
        .authorization_details(r#"[{"type":"a"}]"#);
    let source = source(&world.client, grant).build().unwrap();
    access(&source);
    world.clock.pass(seconds(200));
    access(&source);
    let resources = "resource=https%3A%2F%2Fa.example%2F&resource=urn%3Ab";
    assert_eq!(
        world.server.body(0),
        format!("grant_type=client_credentials&{resources}&authorization_details=%5B%7B%22type%22%3A%22a%22%7D%5D")
    );
    assert_eq!(world.server.body(1), format!("grant_type=refresh_token&refresh_token=r&{resources}"));
}

#[test]
fn resources_repeat_everywhere_and_are_absolute_uris_without_a_fragment() {
    let world = world(|_| ());
    let ask = || request().resource("https://a.example/").resource("urn:b");
    let pending = world.start(ask()).1;
    assert!(world.start(ask()).0.ends_with("&resource=https%3A%2F%2Fa.example%2F&resource=urn%3Ab"));
    let login = block_on(world.client.finish(pending, "code=CODE&state=STATE")).unwrap();
    assert_eq!(login.parameters.resources, ["https://a.example/", "urn:b"]);
    assert_eq!(Params::parse(&world.server.body(0)).get_all("resource").count(), 2);
    for bad in ["api", "https://api.example/#f", "/relative", ""] {
        let error = block_on(world.client.token(&ClientCredentials::new().resource(bad))).unwrap_err();
        assert!(matches!(&error, Error::Config(_)) && error.to_string().contains("RFC 8707"), "{error}");
        assert!(world.refused(request().resource(bad)).contains("RFC 8707"));
    }
    assert_eq!(world.server.count(), 1);
}
