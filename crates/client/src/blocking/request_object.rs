//! Request objects in the blocking client: those that the program serves itself (RFC 9101 section 5.2).

use super::client::Client;
use super::runtime::block_on;
use grantee_core::Result;
use grantee_core::authorization::{AuthorizationRequest, Pending};
use url::Url;

impl Client {
    /// Starts a login whose request object the program serves at `request_uri`, as
    /// [`CONTENT_TYPE`](crate::authorization::request_object::CONTENT_TYPE), before the person is sent off: the URL to send them to,
    /// what the callback must be checked against, and the request object. Most requests go by value or are pushed, which
    /// [`start`](Self::start) does. Nobody must be able to guess the URI
    /// ([RFC 9101 section 5.2](https://www.rfc-editor.org/rfc/rfc9101#section-5.2)).
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when the client has no signer, or the server takes no reference; as
    /// [`start`](Self::start).
    pub fn start_by_reference(
        &self,
        request: AuthorizationRequest,
        request_uri: &str,
    ) -> Result<(Url, Pending, String)> {
        block_on(self.core().start_by_reference(request, request_uri))
    }
}
