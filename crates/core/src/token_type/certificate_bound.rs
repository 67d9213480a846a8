//! Tokens that are bound to the client's certificate, [RFC 8705 section 3](https://www.rfc-editor.org/rfc/rfc8705#section-3).

use super::TokenType;
use super::bearer::Bearer;
use crate::Token;
use crate::error::{Error, Result};
use crate::ports::Ports;
use http::HeaderValue;

/// Bearer tokens that an API takes only over a connection with the certificate they were asked for with: whoever steals one
/// can't use it.
///
/// Independent of how the client authenticates, which may be by a secret, a key or not at all (section 4). Requests go to the
/// server's `mtls_endpoint_aliases` where it has them (section 5). The token keeps the certificate's thumbprint; once the
/// certificate is renewed a session gets a new token (section 6.3).
///
/// Whether a server binds is a matter of the client's registration (`tls_client_certificate_bound_access_tokens`, section 3.4);
/// its answer doesn't say. An API sees it in the token, and introspection tells it as `cnf` (section 3.2).
///
/// ```
/// use grantee_core::token_type::{TokenType, certificate_bound::CertificateBound};
/// assert_eq!((CertificateBound.name(), CertificateBound.over_mtls()), ("Bearer", true));
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct CertificateBound;

impl TokenType for CertificateBound {
    fn name(&self) -> &str {
        Bearer.name()
    }

    fn key_thumbprint(&self, ports: &Ports) -> Option<String> {
        ports.http.certificate().thumbprint().map(str::to_owned)
    }

    // The connection has one certificate, and what comes over it is bound to that, also where an older token is refreshed.
    fn key_for(&self, _: Option<&str>, ports: &Ports) -> Option<String> {
        self.key_thumbprint(ports)
    }

    fn accept(&self, answer: Token, bound_to: Option<String>) -> Result<Token> {
        if !answer.is_bearer() {
            return Ok(answer);
        }
        Ok(Token { key_thumbprint: bound_to, ..answer })
    }

    fn header(&self, token: &Token) -> Result<HeaderValue> {
        Bearer.header(token)
    }

    fn usable(&self, token: &Token, ports: &Ports) -> Result<()> {
        if self.is_outdated(token, ports) {
            return Err(Error::config(
                "the token is bound to another certificate than the one of this client's connections (RFC 8705 section 3)",
                "get a new token, as a session does by itself, or use a client that shows that certificate",
            ));
        }
        Ok(())
    }

    // What is not known on either side is left to the API, which knows.
    fn is_outdated(&self, token: &Token, ports: &Ports) -> bool {
        let Some(bound_to) = &token.key_thumbprint else { return false };
        ports.http.certificate().thumbprint().is_some_and(|shown| shown != bound_to)
    }

    fn over_mtls(&self) -> bool {
        true
    }
}
