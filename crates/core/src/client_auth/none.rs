//! `none`: a public client, [RFC 6749 section 2.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.1).

use super::{AuthContext, ClientAuth, Draft};
use crate::error::Result;
use crate::ports::BoxFuture;

/// Says who the client is and shows no credential.
#[derive(Debug, Clone, Copy, Default)]
pub struct None;

impl ClientAuth for None {
    fn method(&self) -> &str {
        "none"
    }

    fn authenticate<'a>(&'a self, draft: &'a mut Draft, context: AuthContext<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            // RFC 6749 section 3.2.1: a client that does not authenticate sends its client_id.
            draft.form.set("client_id", context.client_id);
            Ok(())
        })
    }
}
