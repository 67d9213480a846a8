//! What everything else is made of: encodings, digests, PKCE, HTTP Basic.

use crate::Case;
use crate::support::{FakeServer, Inline, ManualClock, block_on, json, literal, ports};
use grantee_core::authorization::pkce::CodeVerifier;
use grantee_core::grant::ClientCredentials;
use grantee_core::jose::{Jwk, base64url};
use grantee_core::ports::Entropy;
use grantee_core::wire::form;
use grantee_core::{Client, Result};
use std::sync::Arc;

/// Chance that is known.
struct Octets(Vec<u8>);

impl Entropy for Octets {
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        bytes.copy_from_slice(&self.0);
        Ok(())
    }
}

fn octets(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2);
    pairs.map(|place| u8::from_str_radix(&hex[place..place + 2], 16).unwrap()).collect()
}

pub fn pkce_s256(case: &Case) {
    let verifier = CodeVerifier::generate(&Octets(octets(case.input("/random_octets_hex")))).unwrap();
    assert_eq!(verifier.reveal(), case.input("/code_verifier"));
    assert_eq!(verifier.challenge_s256(), case.expected("/code_challenge"));
    assert_eq!(case.expected("/code_challenge_method"), "S256");
}

pub fn base64url_no_pad(case: &Case) {
    let (octets, encoded) = (octets(case.input("/octets_hex")), case.expected("/encoded"));
    assert_eq!(base64url::encode(&octets), encoded);
    assert_eq!(base64url::decode(encoded).unwrap(), octets);
}

pub fn jwk_thumbprint(case: &Case) {
    assert_eq!(Jwk::from_value(case.input["jwk"].clone()).unwrap().thumbprint(), case.expected("/jkt"));
}

pub fn form_urlencode_unicode(case: &Case) {
    let codepoints = case.input["codepoints"].as_array().unwrap().iter();
    let text: String = codepoints.map(|point| char::from_u32(point.as_u64().unwrap() as u32).unwrap()).collect();
    assert_eq!(form::encode(&text), case.expected("/encoded"));
    assert_eq!(grantee_core::Params::parse(&format!("k={}", case.expected("/encoded"))).get("k"), Some(&*text));
}

pub fn basic_auth(case: &Case) {
    let server = FakeServer::new(|_, _| json(200, r#"{"access_token":"at","token_type":"Bearer"}"#));
    let mut config = literal();
    config.set_client(case.input("/client_id").to_owned(), Some(case.input("/client_secret").into()));
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    block_on(client.token(&ClientCredentials::new())).unwrap();
    assert_eq!(server.requests.lock().unwrap()[0].headers()["authorization"], case.expected("/header"));
    assert_eq!(server.body(0), "grant_type=client_credentials", "nothing of the client in the body");
}
