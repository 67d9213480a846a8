//! What of a signature stays the same while the same client signs with the same credentials.

use super::Revealed;
use crate::Secret;
use crate::error::Result;
use crate::oauth1::authorization_header as header;
use crate::oauth1::percent_encoding::{encode_into, encode_twice_into};
use crate::oauth1::signature::{Secrets, SignatureMethod};
use grantee_jose::constant_time_eq;
use http::HeaderValue;
use std::sync::Arc;

pub(super) struct Fixed {
    consumer_key: String,
    consumer_secret: Secret,
    token: Option<String>,
    token_secret: Option<Secret>,
    /// The method, with the key of these secrets where it has one.
    pub(super) method: Arc<dyn SignatureMethod>,
    /// Of the base string: what comes before the nonce, between it and the timestamp, and after that.
    base: [Vec<u8>; 3],
    /// The header, to the timestamp.
    header: Vec<u8>,
}

impl Fixed {
    pub(super) fn new(
        method: &Arc<dyn SignatureMethod>,
        realm: Option<&str>,
        version: bool,
        signer: &Revealed<'_>,
    ) -> Self {
        let consumer_secret = Secret::from(signer.consumer_secret);
        let token_secret = signer.token_secret.map(Secret::from);
        let secrets = Secrets { client: &consumer_secret, token: token_secret.as_ref() };
        let ready = method.with_secrets(secrets).unwrap_or_else(|| Arc::clone(method));
        let mut base: [Vec<u8>; 3] = Default::default();
        let mut push = |place: usize, before: &str, value: &str| {
            let Some(base) = base.get_mut(place) else { return };
            base.extend_from_slice(before.as_bytes());
            encode_twice_into(value, base);
        };
        push(0, "oauth_consumer_key%3D", signer.consumer_key);
        push(0, "%26oauth_nonce%3D", "");
        push(1, "%26oauth_signature_method%3D", method.name());
        push(1, "%26oauth_timestamp%3D", "");
        let mut header = header::start(realm);
        header::push("oauth_consumer_key", signer.consumer_key, &mut header);
        if let Some(token) = signer.token {
            push(2, "%26oauth_token%3D", token);
            header::push("oauth_token", token, &mut header);
        }
        header::push("oauth_signature_method", method.name(), &mut header);
        if version {
            push(2, "%26oauth_version%3D", "1.0");
            header::push("oauth_version", "1.0", &mut header);
        }
        Self {
            consumer_key: signer.consumer_key.to_owned(),
            consumer_secret,
            token: signer.token.map(str::to_owned),
            token_secret,
            method: ready,
            base,
            header,
        }
    }

    pub(super) fn is_of(&self, signer: &Revealed<'_>) -> bool {
        let same = |held: &Secret, secret: &str| constant_time_eq(held.reveal().as_bytes(), secret.as_bytes());
        self.consumer_key == signer.consumer_key
            && self.token.as_deref() == signer.token
            && same(&self.consumer_secret, signer.consumer_secret)
            && match (&self.token_secret, signer.token_secret) {
                (Some(held), Some(secret)) => same(held, secret),
                (held, secret) => held.is_none() && secret.is_none(),
            }
    }

    pub(super) fn secrets(&self) -> Secrets<'_> {
        Secrets { client: &self.consumer_secret, token: self.token_secret.as_ref() }
    }

    /// The parameters of the protocol, sorted and joined, as they stand in the base string.
    pub(super) fn write_base(&self, timestamp: &str, nonce: &str, base: &mut Vec<u8>) {
        let [before, between, after] = &self.base;
        base.extend_from_slice(before);
        encode_twice_into(nonce, base);
        base.extend_from_slice(between);
        base.extend_from_slice(timestamp.as_bytes());
        base.extend_from_slice(after);
    }

    pub(super) fn header(&self, timestamp: &str, nonce: &str, signature: &str) -> Result<HeaderValue> {
        let mut text = Vec::with_capacity(self.header.len() + 3 * signature.len() + 128);
        text.extend_from_slice(&self.header);
        text.extend_from_slice(b"oauth_timestamp=\"");
        text.extend_from_slice(timestamp.as_bytes());
        text.extend_from_slice(b"\", oauth_nonce=\"");
        encode_into(nonce, &mut text);
        text.extend_from_slice(b"\", oauth_signature=\"");
        encode_into(signature, &mut text);
        text.extend_from_slice(b"\", ");
        header::end(text)
    }
}
