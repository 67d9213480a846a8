//! `self_signed_tls_client_auth`: [RFC 8705 section 2.2](https://www.rfc-editor.org/rfc/rfc8705#section-2.2).

use super::tls_client_auth::{explain, put_client_id};
use super::{AuthContext, ClientAuth, Draft};
use crate::error::{Result, ServerError};
use crate::ports::BoxFuture;

/// The client is known by the certificate of its connection, which it made itself and registered as `x5c` of a key in its
/// `jwks`, or behind its `jwks_uri` (section 2.2.2). One that an authority issued is [`TlsClientAuth`](super::TlsClientAuth).
///
/// The body says `client_id` and nothing else. Requests go to the server's `mtls_endpoint_aliases` where it has them (section
/// 5). The certificate is the HTTP client's: a client without one is refused when it is built.
///
/// ```
/// use grantee_core::client_auth::{ClientAuth, SelfSignedTlsClientAuth};
/// assert_eq!(SelfSignedTlsClientAuth.method(), "self_signed_tls_client_auth");
/// assert!(SelfSignedTlsClientAuth.uses_certificate());
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct SelfSignedTlsClientAuth;

impl ClientAuth for SelfSignedTlsClientAuth {
    fn method(&self) -> &str {
        "self_signed_tls_client_auth"
    }

    fn authenticate<'a>(&'a self, draft: &'a mut Draft, context: AuthContext<'a>) -> BoxFuture<'a, Result<()>> {
        put_client_id(draft, context)
    }

    fn uses_certificate(&self) -> bool {
        true
    }

    fn explain(&self, error: &mut ServerError) {
        explain(
            error,
            "look at whether this very certificate is registered (x5c in the client's jwks, or behind its jwks_uri), and at whether the address asks for certificates (mtls_endpoint_aliases)",
        );
    }
}
