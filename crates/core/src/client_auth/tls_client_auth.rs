//! `tls_client_auth`: [RFC 8705 section 2.1](https://www.rfc-editor.org/rfc/rfc8705#section-2.1).

use super::{AuthContext, ClientAuth, Draft};
use crate::error::{Result, ServerError};
use crate::ports::BoxFuture;

/// The client is known by the certificate of its connection, which an authority issued: the server knows the one subject name
/// that it expects (`tls_client_auth_subject_dn` or one of `tls_client_auth_san_…`, section 2.1.2). A certificate that the
/// client made itself is [`SelfSignedTlsClientAuth`](super::SelfSignedTlsClientAuth).
///
/// The body says `client_id` and nothing else. Requests go to the server's `mtls_endpoint_aliases` where it has them (section
/// 5). The certificate is the HTTP client's: a client without one is refused when it is built.
///
/// ```
/// use grantee_core::client_auth::{ClientAuth, TlsClientAuth};
/// assert_eq!(TlsClientAuth.method(), "tls_client_auth");
/// assert!(TlsClientAuth.uses_certificate());
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct TlsClientAuth;

impl ClientAuth for TlsClientAuth {
    fn method(&self) -> &str {
        "tls_client_auth"
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
            "look at the subject that the server expects (tls_client_auth_subject_dn, or one tls_client_auth_san_…), at whether it trusts the certificate's authority and got the whole chain, and at whether the address asks for certificates (mtls_endpoint_aliases)",
        );
    }
}

/// Section 2: `client_id` is there in every request, so that the server finds the client without reading the certificate.
pub(super) fn put_client_id<'a>(draft: &'a mut Draft, context: AuthContext<'a>) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        draft.form.set("client_id", context.client_id);
        Ok(())
    })
}

/// What is most often wrong where a server does not know a client by its certificate.
pub(super) fn explain(error: &mut ServerError, hint: &str) {
    if error.error == "invalid_client" && error.hint.is_none() {
        error.hint = Some(hint.to_owned());
    }
}
