//! What can go wrong, as a value.

use serde_json::Value;

/// One way for the server to answer wrongly.
///
/// Given to [`Server::misbehave`](crate::Server::misbehave) or
/// [`Server::misbehave_times`](crate::Server::misbehave_times) together with an endpoint.
///
/// Some come *instead of* the request being carried out, the others change the answer *after* it has been. Where one
/// means nothing, as a wrong `state` at the token endpoint, the answer is the normal one and the misbehaviour is not
/// used up. At [`Endpoint::Authorize`](crate::Endpoint::Authorize) the ones about parameters wait for the callback: login
/// and consent pages before it are shown as always.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// Instead: that status, with a small JSON body that is no OAuth error.
    Status {
        /// The status, 500 or 503 say.
        status: u16,
        /// The `Retry-After` field in seconds.
        retry_after: Option<u64>,
    },
    /// Instead: an OAuth error. At the authorization endpoint it goes to the client as an error callback, once the request
    /// is one that would have succeeded, and `status` means nothing. At the API and at userinfo it also goes into a
    /// challenge.
    OAuthError {
        /// The status.
        status: u16,
        /// The `error` code.
        error: String,
        /// The `error_description`.
        description: Option<String>,
    },
    /// Instead: an OAuth 1.0 error, as a form and in a challenge: `nonce_used`, or `timestamp_refused` with
    /// `oauth_acceptable_timestamps`, say. At [`Endpoint::OAuth1Authorize`](crate::Endpoint::OAuth1Authorize) it goes to the client
    /// by the callback, and `status` means nothing.
    OAuthProblem {
        /// The status.
        status: u16,
        /// The `oauth_problem`.
        problem: String,
        /// Further parameters.
        more: Vec<(String, String)>,
    },
    /// Instead: no answer at all, until the client goes away or the server stops.
    Stall,
    /// Instead: the connection is reset (a TCP RST) once the request has been read.
    Reset,
    /// After: nothing. The answer is the right one, and the next in line comes with the next request: the third of three
    /// polls fails when two of these come before its [`Misbehaviour::OAuthError`].
    Nothing,
    /// After: the request is carried out, a refresh token rotated for instance, and then the connection is reset. A lost
    /// answer.
    ResetAfterProcessing,
    /// After: `Content-Length` promises more than is sent before the connection closes.
    Truncate,
    /// Instead: status 200 and an HTML login page, the way a proxy or a captive portal does.
    Html,
    /// Instead: status 200, `application/json`, and this for a body.
    NotJson(String),
    /// Instead: exactly this.
    Body {
        /// The status.
        status: u16,
        /// The `Content-Type`.
        content_type: String,
        /// The body.
        body: String,
    },
    /// After: the answer grows to at least that many bytes. JSON stays valid JSON and a form a form, by a member
    /// `padding`.
    Huge(usize),
    /// Instead: a redirect to that address: 307 for a POST, so that whoever follows it sends the credentials along; else 302.
    Redirect(String),
    /// Instead: a redirect to that address by 302, whatever the method.
    Found(String),
    /// After: the answer is JSON where it would be a form, as the credentials of OAuth 1.0 are.
    JsonForForm,
    /// After: the answer has this `Content-Type`.
    ContentType(String),
    /// After: the JSON answer, the form or the callback lacks that member. Or, where the answer has a header field of that name, such
    /// as `WWW-Authenticate`, it lacks that.
    OmitMember(String),
    /// After: that member of the JSON answer, of the form or parameter of the callback has this value instead.
    SetMember(String, Value),
    /// After: that member or parameter occurs twice, with different values, the right one first.
    DuplicateMember(String),
    /// After: `token_type` and the scheme of challenges in odd case, header names too.
    OddCase,
    /// After: `iss` of a callback or an introspection, or `issuer` of the metadata, is this.
    WrongIssuer(String),
    /// After: `state` of the callback is another.
    WrongState,
    /// After: `code` of the callback is one that has been used already.
    ReusedCode,
    /// After: the server's signing keys are rotated as soon as the answer is made. At
    /// [`Endpoint::Jwks`](crate::Endpoint::Jwks) the client has fetched keys that sign nothing any more.
    RotateKeys,
    /// After: before each key of the key set come three others with the same `kid`: of another type, for another
    /// algorithm, and with `use` `enc`.
    JwksDecoys,
    /// After: the key set begins with a key that cannot be read.
    JwksBrokenKey,
    /// After: no key of the key set has a `kid`. What is signed still has one; see [`JwtFault::NoKid`](crate::JwtFault::NoKid).
    JwksWithoutKids,
    /// Instead: `use_dpop_nonce` with another nonce each time, whatever the proof holds
    /// ([RFC 9449 section 8](https://www.rfc-editor.org/rfc/rfc9449#section-8)).
    UseDpopNonce,
    /// After: the answer has this `DPoP-Nonce`, though nobody asks for one; it takes the place of one that is asked for.
    DpopNonce(String),
    /// After: the status is this, 200 in place of 201 say. Means nothing for a callback.
    OtherStatus(u16),
    /// After: the JSON answer, the form or the callback has this member as well.
    ExtraParameter(String, String),
}
