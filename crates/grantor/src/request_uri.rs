//! A request object by reference, [RFC 9101 section 5.2](https://www.rfc-editor.org/rfc/rfc9101#section-5.2) and
//! [OpenID Connect Core 1.0 section 6.2](https://openid.net/specs/openid-connect-core-1_0.html#RequestUriParameter).

use crate::{Client, error::OAuthError, fetch, random};

/// RFC 9101 section 5.2.
const LONGEST: usize = 512;

/// What is at a `request_uri` that the client has registered.
pub(crate) async fn fetched(client: &Client, uri: &str) -> Result<String, OAuthError> {
    let wrong = |what: &str| OAuthError::new("invalid_request_uri", what);
    if uri.len() > LONGEST {
        return Err(wrong("request_uri is longer than 512 characters"));
    }
    // Whoever could name any address would have this server ask there (RFC 9101 section 10.4.1).
    if !client.requests.request_uris.iter().any(|registered| registered == uri) {
        return Err(wrong("request_uri is not registered for this client"));
    }
    let text = fetch::text(uri).await.map_err(|error| wrong(&format!("request_uri cannot be fetched: {error}")))?;
    let hash = uri.split_once('#').map(|(_, fragment)| fragment);
    if hash.is_some_and(|hash| hash != random::sha256_base64url(&text)) {
        return Err(wrong("what is at request_uri has another hash than its fragment"));
    }
    Ok(text)
}
