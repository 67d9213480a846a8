//! SAML 2.0 bearer grants and client assertions (RFC 7522): the whole wire of each request.

mod support;

use grantee_core::client_auth::ClientAssertion;
use grantee_core::grant::{ClientCredentials, Grant, Saml2Bearer};
use grantee_core::{Client, Config, Error, contract};
use std::sync::Arc;
use support::*;

const TOKEN: &str = r#"{"access_token":"at","token_type":"Bearer","expires_in":60}"#;
const XML: &str = "<saml:Assertion ID='_1'>??></saml:Assertion>";
/// The same as base64url: `?` and `>` beside each other give characters in which the alphabets differ.
const ENCODED: &str = "PHNhbWw6QXNzZXJ0aW9uIElEPSdfMSc-Pz8-PC9zYW1sOkFzc2VydGlvbj4";

fn sent_by(config: Config, grant: &dyn Grant) -> String {
    let server = FakeServer::new(|_, _| json(200, TOKEN));
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    block_on(client.token(grant)).unwrap();
    let requests = server.requests.lock().unwrap();
    whole(&requests[0])
}

#[test]
fn the_assertion_goes_as_base64url_without_padding() {
    let expected = format!(
        "POST https://as.example/token\naccept: application/json\nauthorization: Basic c3ZjOnMzY3JldA==\ncontent-type: application/x-www-form-urlencoded\n\ngrant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Asaml2-bearer&assertion={ENCODED}&scope=orders"
    );
    assert_eq!(sent_by(literal(), &Saml2Bearer::xml(XML).unwrap().scope("orders")), expected);
    assert_eq!(sent_by(literal(), &Saml2Bearer::encoded(ENCODED).unwrap().scope("orders")), expected);
}

#[test]
fn what_is_encoded_otherwise_or_holds_no_assertion_is_an_error_that_says_so() {
    let padded = format!("{ENCODED}=");
    let standard = ENCODED.replace('-', "+");
    let broken = format!("{}\n{}", &ENCODED[..20], &ENCODED[20..]);
    for bad in [XML, &padded, &standard, &broken] {
        let error = Saml2Bearer::encoded(bad).unwrap_err();
        assert!(matches!(error, Error::Config(_)) && error.to_string().contains("not base64url"), "{error}");
        assert!(error.hint().unwrap().contains("xml(..)") && !error.to_string().contains(&bad[..20]), "{error}");
    }
    assert!(Saml2Bearer::encoded("aGVsbG8").unwrap_err().to_string().contains("XML"));
}

#[test]
fn an_assertion_serves_once_and_a_store_needs_to_know_whose_it_is() {
    let (server, clock) = (FakeServer::new(|_, _| json(200, TOKEN)), ManualClock::new());
    let client = client(&server, &clock);
    let held = source(&client, Saml2Bearer::xml(XML).unwrap()).build().unwrap();
    block_on(held.token()).unwrap();
    clock.pass(seconds(60));
    assert!(block_on(held.token()).unwrap_err().needs_login());
    assert_eq!(server.count(), 1);
    let unnamed = source(&client, Saml2Bearer::xml(XML).unwrap()).store(Arc::new(Shelf::default()));
    assert!(unnamed.build().unwrap_err().to_string().contains("nobody said whose"));
}

#[test]
fn a_client_authenticates_by_a_saml_assertion() {
    let mut config = literal();
    let method = ClientAssertion::from_fn(|| Saml2Bearer::encode(XML))
        .assertion_type("urn:ietf:params:oauth:client-assertion-type:saml2-bearer")
        .method_name("saml2_bearer");
    config.set_auth(Arc::new(method));
    assert_eq!(
        sent_by(config, &ClientCredentials::new()),
        format!(
            "POST https://as.example/token\naccept: application/json\ncontent-type: application/x-www-form-urlencoded\n\ngrant_type=client_credentials&client_id=svc&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Asaml2-bearer&client_assertion={ENCODED}"
        )
    );
}

#[test]
fn it_keeps_the_contract_of_grants() {
    contract::grant::run(&Saml2Bearer::xml(XML).unwrap().scope("a").param("own", "1"));
    assert!(!format!("{:?}", Saml2Bearer::xml(XML).unwrap()).contains("PHNh"));
}
