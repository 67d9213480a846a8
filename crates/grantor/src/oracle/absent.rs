//! A build without the feature says so where it would be needed.

use serde_json::Value;

use super::Encryption;
use crate::{Client, SigningKey};

pub(crate) fn shared_key(alg: &str) -> SigningKey {
    panic!("grantor has no key for {alg}; ES512 and ES256K need its cargo feature `oracle`")
}

pub(crate) fn fresh_key(alg: &str) -> SigningKey {
    shared_key(alg)
}

pub(crate) fn verifies(_alg: &str, _jwk: &Value, _message: &[u8], _signature: &str) -> bool {
    false
}

pub(crate) fn encrypted(client: &Client, how: &Encryption, _text: &str, _is_jwt: bool) -> Result<String, String> {
    let Encryption { alg, enc } = how;
    Err(format!("client {}: {alg} with {enc} needs grantor's cargo feature `oracle`", client.id))
}

pub(crate) fn encryption_keys() -> Vec<Value> {
    Vec::new()
}

pub(crate) fn decrypted(_text: &str) -> Option<String> {
    None
}
