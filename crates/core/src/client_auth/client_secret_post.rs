//! `client_secret_post`: [RFC 6749 section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1), second form.

use super::{AuthContext, ClientAuth, Draft};
use crate::Secret;
use crate::error::Result;
use crate::ports::BoxFuture;

/// Sends identifier and secret in the body.
#[derive(Debug, Clone)]
pub struct ClientSecretPost {
    secret: Secret,
}

impl ClientSecretPost {
    /// With the client's secret.
    pub fn new(secret: impl Into<Secret>) -> Self {
        Self { secret: secret.into() }
    }
}

impl ClientAuth for ClientSecretPost {
    fn method(&self) -> &str {
        "client_secret_post"
    }

    fn authenticate<'a>(&'a self, draft: &'a mut Draft, context: AuthContext<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            draft.form.set("client_id", context.client_id);
            draft.form.set("client_secret", &self.secret);
            Ok(())
        })
    }
}
