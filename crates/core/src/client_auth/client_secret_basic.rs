//! `client_secret_basic`: [RFC 6749 section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1), first form.

use super::{AuthContext, ClientAuth, Draft};
use crate::Secret;
use crate::error::{Error, Result, ServerError};
use crate::ports::BoxFuture;
use crate::wire::form;
use bytes::Bytes;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use std::sync::OnceLock;

/// Sends identifier and secret by HTTP Basic authentication.
#[derive(Debug, Clone)]
pub struct ClientSecretBasic {
    secret: Secret,
    raw: bool,
    /// The header once it was made, and for which client.
    ready: OnceLock<(String, HeaderValue)>,
}

impl ClientSecretBasic {
    /// With the client's secret.
    pub fn new(secret: impl Into<Secret>) -> Self {
        Self { secret: secret.into(), raw: false, ready: OnceLock::new() }
    }

    /// For servers that do not decode: sends identifier and secret as they are.
    #[must_use]
    pub fn raw(mut self) -> Self {
        self.raw = true;
        self.ready = OnceLock::new();
        self
    }

    fn header(&self, client_id: &str) -> Result<HeaderValue> {
        if let Some((of, header)) = self.ready.get()
            && of == client_id
        {
            return Ok(header.clone());
        }
        let header = self.make_header(client_id)?;
        // Where another client was first its header stays, and ours is made each time.
        let _ = self.ready.set((client_id.to_owned(), header.clone()));
        Ok(header)
    }

    fn make_header(&self, client_id: &str) -> Result<HeaderValue> {
        let mut pair = if self.raw {
            if client_id.contains(':') {
                return Err(Error::config(
                    "a client_id with a colon can't be sent raw by client_secret_basic",
                    "leave the raw switch off, or use client_secret_post",
                ));
            }
            format!("{client_id}:{}", self.secret.reveal())
        } else {
            format!("{}:{}", encoded(client_id), encoded(self.secret.reveal()))
        };
        let text = Bytes::from(format!("Basic {}", grantee_jose::base64url::encode_standard(&pair)));
        zeroize::Zeroize::zeroize(&mut pair);
        let mut header = HeaderValue::from_maybe_shared(text).map_err(|_| {
            Error::config("the client's credentials make no header", "look for control characters in them")
        })?;
        header.set_sensitive(true);
        Ok(header)
    }
}

/// RFC 6749 section 2.3.1: identifier and secret are form-urlencoded as UTF-8 before they become user and password. A space
/// goes as `%20`, which every form decoder reads, and so do the servers that undo percent-encoding alone.
fn encoded(text: &str) -> String {
    form::encode(text).replace('+', "%20")
}

impl ClientAuth for ClientSecretBasic {
    fn method(&self) -> &str {
        "client_secret_basic"
    }

    fn authenticate<'a>(&'a self, draft: &'a mut Draft, context: AuthContext<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            draft.headers.insert(AUTHORIZATION, self.header(context.client_id)?);
            Ok(())
        })
    }

    fn explain(&self, error: &mut ServerError) {
        let encoding_matters = encoded(self.secret.reveal()) != self.secret.reveal();
        if error.error == "invalid_client" && encoding_matters && error.hint.is_none() {
            error.hint = Some(
                if self.raw {
                    "the secret has reserved characters and was sent raw; RFC 6749 section 2.3.1 wants it form-urlencoded: leave the raw switch (basic_raw) off"
                } else {
                    "the secret has reserved characters and was sent form-urlencoded as RFC 6749 section 2.3.1 wants; for a server that does not decode, use the raw switch (basic_raw)"
                }
                .to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifier_and_secret_are_form_urlencoded_before_base64() {
        let header = ClientSecretBasic::new("a:b c%41é").header("my id").unwrap();
        // "my%20id:a%3Ab%20c%2541%C3%A9"
        assert_eq!(header, "Basic bXklMjBpZDphJTNBYiUyMGMlMjU0MSVDMyVBOQ==");
        assert!(header.is_sensitive());
    }

    #[test]
    fn each_client_gets_its_own_header() {
        let method = ClientSecretBasic::new("s");
        assert_eq!(method.header("a").unwrap(), "Basic YTpz");
        assert_eq!(method.header("b").unwrap(), "Basic Yjpz");
        assert_eq!(method.header("a").unwrap(), "Basic YTpz");
        assert_eq!(ClientSecretBasic::new("s+").header("a").unwrap(), "Basic YTpzJTJC");
        let used = ClientSecretBasic::new("s+");
        used.header("a").unwrap();
        assert_eq!(used.raw().header("a").unwrap(), "Basic YTpzKw==");
    }

    #[test]
    fn raw_sends_them_as_they_are() {
        // "id:a:b"
        assert_eq!(ClientSecretBasic::new("a:b").raw().header("id").unwrap(), "Basic aWQ6YTpi");
        assert!(ClientSecretBasic::new("a").raw().header("i:d").is_err());
    }

    #[test]
    fn invalid_client_names_the_switch_when_the_secret_has_reserved_characters() {
        let hint = |secret: &str, code| {
            let mut error = ServerError::new("token request", code);
            ClientSecretBasic::new(secret).explain(&mut error);
            error.hint
        };
        assert!(hint("a+b", "invalid_client").unwrap().contains("basic_raw"));
        assert_eq!(hint("plain-secret_1.2", "invalid_client"), None);
        assert_eq!(hint("a+b", "invalid_grant"), None);
    }
}
