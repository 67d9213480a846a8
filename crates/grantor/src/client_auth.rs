//! Who is calling, [RFC 6749 section 2.3](https://www.rfc-editor.org/rfc/rfc6749#section-2.3).

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use url::form_urlencoded;

use crate::{Client, Request, client_assertion, error::OAuthError, mutual_tls, params::Params, random, shared::Shared};

/// Authenticates a client by its header or its body. A public client only says its name.
pub(crate) fn authenticate(shared: &Shared, request: &Request, params: &Params) -> Result<Arc<Client>, OAuthError> {
    if params.get("client_assertion").is_some() || params.get("client_assertion_type").is_some() {
        if request.header("authorization").is_some() || params.get("client_secret").is_some() {
            return Err(OAuthError::invalid_request("a client authenticates in one way only"));
        }
        return client_assertion::authenticate(shared, params);
    }
    let in_body = params.get("client_id");
    let (id, secret, method) = match request.header("authorization") {
        Some(header) => {
            let (id, secret) = basic(header)
                .ok_or_else(|| OAuthError::invalid_client("the Authorization field holds no Basic credentials"))?;
            if params.get("client_secret").is_some() {
                return Err(OAuthError::invalid_request("a client authenticates in one way only"));
            }
            if in_body.is_some_and(|other| other != id) {
                return Err(OAuthError::invalid_request("client_id differs from the one in the Authorization field"));
            }
            (id, secret, "client_secret_basic")
        }
        None => {
            let id = in_body.ok_or_else(|| OAuthError::invalid_client("the client did not authenticate"))?.to_owned();
            match params.get("client_secret") {
                Some(secret) => (id, secret.to_owned(), "client_secret_post"),
                None => (id, String::new(), "none"),
            }
        }
    };
    let client = shared.client(&id).ok_or_else(|| OAuthError::invalid_client("no such client"))?;
    if method == "none"
        && let Some(by_certificate) = mutual_tls::method_of(&client)
    {
        mutual_tls::authenticate(shared, request, &client, by_certificate)?;
        return Ok(client);
    }
    if !client.may_use(method) {
        return Err(OAuthError::invalid_client(format!("this client may not use {method}")));
    }
    if method != "none" && client.secret_expires_at.is_some_and(|ends| ends <= shared.clock.seconds()) {
        return Err(OAuthError::invalid_client("the client_secret has expired"));
    }
    let proven = match &client.secret {
        Some(expected) if method != "none" => random::same(expected, &secret),
        // A client with a secret that was registered for `none` all the same.
        Some(_) => true,
        None => secret.is_empty(),
    };
    if proven { Ok(client) } else { Err(OAuthError::invalid_client("wrong client_secret")) }
}

/// Whom the header names, whether it proves so or not.
pub(crate) fn named(request: &Request) -> Option<String> {
    request.header("authorization").and_then(basic).map(|(id, _)| id)
}

/// Name and secret are form-encoded before they are joined by a colon (RFC 6749 section 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, credentials) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

/// Decodes one form value. None where the encoding is wrong: leniency here would hide a client's mistake.
fn form_decoded(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let sound = bytes.iter().enumerate().all(|(at, byte)| match byte {
        b'%' => is_hex(at + 1) && is_hex(at + 2),
        // A form value holds neither of these, and `=` or `&` would end it.
        b' ' | b'=' | b'&' => false,
        byte => byte.is_ascii(),
    });
    if !sound {
        return None;
    }
    if text.is_empty() {
        return Some(String::new());
    }
    let encoded = format!("v={text}");
    form_urlencoded::parse(encoded.as_bytes()).next().map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_form_encoded_before_they_are_joined() {
        let header = |text: &str| format!("bAsIc {}", STANDARD.encode(text));
        let read = |text: &str| basic(&header(text));
        assert_eq!(read("a%3Ab:c+d%25"), Some(("a:b".into(), "c d%".into())));
        assert_eq!(read("a:b:c"), Some(("a".into(), "b:c".into())));
        assert_eq!(read("a:c d"), None, "a space was not encoded");
        assert_eq!(read("a:100%"), None, "a percent sign was not encoded");
        assert_eq!(read("a:é"), None, "a letter beyond ASCII was not encoded");
        assert_eq!(read("a"), None);
        assert_eq!(basic("Bearer x"), None);
    }
}
