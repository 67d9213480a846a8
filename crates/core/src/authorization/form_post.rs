//! A callback that comes as a POST, [OAuth 2.0 Form Post Response Mode](https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html).
//!
//! The body is form-urlencoded like a query and is judged like one; only the redirect URI's own query is not looked for
//! in it, since that stays in the URL that is posted to. Ask with
//! [`AuthorizationRequest::response_mode`](super::AuthorizationRequest::response_mode)`("form_post")` and hand the body
//! to [`Pending::respond`](super::Pending::respond).
//!
//! The POST comes from the server's site, so the browser sends no cookie with it that is `SameSite=Lax` or `Strict`. A web
//! application that keeps [`Pending`](super::Pending), or what finds it, in a cookie makes that cookie
//! `SameSite=None; Secure`.

use super::callback::Callback;

impl<'a> Callback<'a> {
    /// The body of a form_post, whose content type was `application/x-www-form-urlencoded`.
    pub fn form_post(body: &'a [u8]) -> Self {
        Self(super::callback::Input::Form(body))
    }
}

/// Bytes are a form_post body.
impl<'a> From<&'a [u8]> for Callback<'a> {
    fn from(body: &'a [u8]) -> Self {
        Self::form_post(body)
    }
}

/// Bytes are a form_post body.
impl<'a> From<&'a bytes::Bytes> for Callback<'a> {
    fn from(body: &'a bytes::Bytes) -> Self {
        Self::form_post(body)
    }
}

#[cfg(test)]
mod tests {
    use crate::authorization::testing::pending;

    #[test]
    fn a_form_post_body_is_read_like_a_query() {
        let body = b"state=STATE&code=a%2Bb+c".as_slice();
        let response = pending(|request| request.state("STATE").response_mode("form_post")).respond(body).unwrap();
        assert_eq!(response.code().unwrap().reveal(), "a+b c");
    }

    #[test]
    fn the_redirect_uris_own_query_is_not_looked_for_in_a_body() {
        let uri = "https://client.example/cb?code=own";
        let ask = || pending(|request| request.state("STATE").redirect_uri(uri).response_mode("form_post"));
        let response = ask().respond(b"state=STATE&code=own".as_slice()).unwrap();
        assert_eq!(response.code().unwrap().reveal(), "own");
        assert!(ask().respond(b"state=STATE&code=own&code=other".as_slice()).is_err());
    }

    #[test]
    fn bytes_that_are_no_utf8_are_no_panic() {
        let response = pending(|request| request.state("STATE")).respond(b"state=\xff\xfe&code=%ff%".as_slice());
        assert!(response.is_err());
    }
}
