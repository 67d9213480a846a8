//! What a client registers for its authorization requests and their answers: pushed, signed, encrypted, detailed.

use crate::{
    Client,
    oracle::{self, Encryption},
};

#[derive(Clone, Debug, Default)]
pub(crate) struct ClientRequests {
    pub(crate) require_pushed: bool,
    pub(crate) require_signed: bool,
    pub(crate) object_alg: Option<String>,
    pub(crate) request_uris: Vec<String>,
    pub(crate) details_types: Vec<String>,
    pub(crate) response_alg: Option<String>,
    pub(crate) response_encryption: Option<Encryption>,
    pub(crate) jwks_uri: Option<String>,
    /// The only grant types it may use; any, where none.
    pub(crate) grant_types: Vec<String>,
}

impl Client {
    /// Its authorization requests must be pushed
    /// ([RFC 9126 section 6](https://www.rfc-editor.org/rfc/rfc9126#section-6)).
    pub fn require_pushed_authorization_requests(mut self) -> Self {
        self.requests.require_pushed = true;
        self
    }

    /// Its authorization requests must be request objects, and signed
    /// ([RFC 9101 section 10.5](https://www.rfc-editor.org/rfc/rfc9101#section-10.5)).
    pub fn require_signed_request_object(mut self) -> Self {
        self.requests.require_signed = true;
        self
    }

    /// The one algorithm its request objects may be signed with; `none` for no signature, which nothing else allows. Any that
    /// goes with [`Client::jwks`] or its secret, when never called.
    pub fn request_object_signing_alg(mut self, alg: impl Into<String>) -> Self {
        self.requests.object_alg = Some(alg.into());
        self
    }

    /// A `request_uri` that this server may fetch a request object from, by plain HTTP on a loopback host; must match exactly.
    /// With a fragment, that is the SHA-256 hash of what is there
    /// ([OpenID Connect Core 1.0 section 6.2](https://openid.net/specs/openid-connect-core-1_0.html#RequestUriParameter)).
    /// Calling it again adds one.
    pub fn request_uri(mut self, uri: impl Into<String>) -> Self {
        self.requests.request_uris.push(uri.into());
        self
    }

    /// A type of `authorization_details` that it may use. Calling it again adds one. Any, when never called
    /// ([RFC 9396 section 10](https://www.rfc-editor.org/rfc/rfc9396#section-10)).
    pub fn authorization_details_type(mut self, name: impl Into<String>) -> Self {
        self.requests.details_types.push(name.into());
        self
    }

    /// How its authorization responses are signed where it asks for a JWT by `response_mode`: as
    /// [`Client::id_token_signed_response_alg`], but never `none`
    /// ([JARM section 3](https://openid.net/specs/oauth-v2-jarm.html#name-client-metadata)).
    pub fn authorization_signed_response_alg(mut self, alg: impl Into<String>) -> Self {
        self.requests.response_alg = Some(alg.into());
        self
    }

    /// Its authorization responses are encrypted where they are JWTs. As [`Client::id_token_encrypted_response`] in all else.
    pub fn authorization_encrypted_response(mut self, alg: impl Into<String>, enc: impl Into<String>) -> Self {
        self.requests.response_encryption = Some(Encryption { alg: alg.into(), enc: enc.into() });
        self
    }

    /// Where its public keys are, by plain HTTP on a loopback host: they are fetched each time that it signs something, and
    /// take the place of [`Client::jwks`].
    pub fn jwks_uri(mut self, uri: impl Into<String>) -> Self {
        self.requests.jwks_uri = Some(uri.into());
        self
    }

    pub(crate) fn may_use_grant(&self, grant_type: &str) -> bool {
        let allowed = &self.requests.grant_types;
        allowed.is_empty() || allowed.iter().any(|other| other == grant_type)
    }

    pub(crate) fn check_requests(&self) -> Result<(), String> {
        if self.requests.response_alg.as_deref() == Some("none") {
            return Err(format!("client {}: an authorization response is never without a signature", self.id));
        }
        match &self.requests.response_encryption {
            Some(how) => oracle::encrypted(self, how, "{}", false).map(drop),
            None => Ok(()),
        }
    }
}
