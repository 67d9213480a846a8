//! PLAINTEXT: [RFC 5849 section 3.4.4](https://www.rfc-editor.org/rfc/rfc5849#section-3.4.4).

use super::{Secrets, SignatureMethod};
use crate::error::Result;
use crate::ports::BoxFuture;

/// `PLAINTEXT`: the secrets themselves in the place of a signature. They go over TLS or to this machine, or through the danger
/// door.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plaintext;

impl SignatureMethod for Plaintext {
    fn name(&self) -> &str {
        "PLAINTEXT"
    }

    fn sign<'a>(&'a self, _: &'a str, secrets: Secrets<'a>) -> BoxFuture<'a, Result<String>> {
        let signature = secrets.joined().to_string();
        Box::pin(std::future::ready(Ok(signature)))
    }

    fn needs_tls(&self) -> bool {
        true
    }
}
