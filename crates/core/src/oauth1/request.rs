//! A signed request: [RFC 5849 section 3.1](https://www.rfc-editor.org/rfc/rfc5849#section-3.1), its parameters in one of the
//! places of section 3.5, and `oauth_body_hash` for bodies that are no form
//! ([OAuth Request Body Hash](https://datatracker.ietf.org/doc/html/draft-eaton-oauth-bodyhash-00)).

use super::authorization_header;
use super::signature::{HmacSha1, Secrets, SignatureMethod};
use super::signature_base_string::{Parameters, encode_into};
use crate::error::{Error, Result};
use crate::ports::{Entropy, Request};
use crate::{Secret, UnixTime, wire};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use std::sync::Arc;

/// Where the parameters of the protocol go (section 3.5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Placement {
    /// `Authorization`: what servers should take first (section 3.5.1).
    #[default]
    Header,
    /// A form body (section 3.5.2). A request with another body is refused.
    Body,
    /// The query (section 3.5.3), which logs and histories show.
    Query,
}

/// How requests are signed: HMAC-SHA1 in the header, until told otherwise.
///
/// ```
/// use grantee_core::oauth1::{HmacSha256, Placement, Signing};
/// let signing = Signing::new().method(HmacSha256).placement(Placement::Query);
/// let netsuite = Signing::new().method(HmacSha256).realm("1234567");
/// ```
#[derive(Clone)]
pub struct Signing {
    method: Arc<dyn SignatureMethod>,
    placement: Placement,
    realm: Option<String>,
    version: bool,
    body_hash: bool,
    allow_http: bool,
}

impl Default for Signing {
    fn default() -> Self {
        Self {
            method: Arc::new(HmacSha1),
            placement: Placement::Header,
            realm: None,
            version: true,
            body_hash: true,
            allow_http: false,
        }
    }
}

impl Signing {
    /// By HMAC-SHA1, in the header, with `oauth_version`.
    pub fn new() -> Self {
        Self::default()
    }

    /// By this method.
    #[must_use]
    pub fn method(mut self, method: impl SignatureMethod + 'static) -> Self {
        self.method = Arc::new(method);
        self
    }

    /// As [`method`](Self::method), of one that is shared.
    #[must_use]
    pub fn shared_method(mut self, method: Arc<dyn SignatureMethod>) -> Self {
        self.method = method;
        self
    }

    /// Where the parameters go.
    #[must_use]
    pub fn placement(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }

    /// The realm in the header, which is not signed (section 3.4.1.3.1). It has no meaning elsewhere.
    #[must_use]
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Leaves `oauth_version` out, which is OPTIONAL.
    #[must_use]
    pub fn without_version(mut self) -> Self {
        self.version = false;
        self
    }

    /// Leaves `oauth_body_hash` out, for a server that refuses what it does not know. A body that is no form is then not signed:
    /// somebody on the way who can change it does.
    #[must_use]
    pub fn without_body_hash(mut self) -> Self {
        self.body_hash = false;
        self
    }

    pub(super) fn allow_http(&mut self) {
        self.allow_http = true;
    }

    pub(crate) fn needs_reactor(&self) -> bool {
        self.method.needs_reactor()
    }

    /// Signs a request whose body is at hand.
    ///
    /// # Errors
    /// [`Error::Config`] for a URL that is none, for a body where its parameters can't go, for PLAINTEXT over plain http, and
    /// when the key can't sign.
    pub async fn sign(&self, request: &mut Request, signer: Signer<'_>) -> Result<Signed> {
        let (mut head, mut body) = std::mem::take(request).into_parts();
        let signed = self.sign_parts(&mut head, Body::Whole(&mut body), signer).await;
        *request = Request::from_parts(head, body);
        signed
    }

    /// Signs a request by its head, whatever its body is made of: `None` is one that is streamed.
    ///
    /// # Errors
    /// As [`sign`](Self::sign); [`Error::Config`] too where a streamed body would be among what is signed, or have to take the
    /// parameters.
    pub async fn sign_head(
        &self,
        head: &mut http::request::Parts,
        body: Option<&[u8]>,
        signer: Signer<'_>,
    ) -> Result<Signed> {
        self.sign_parts(head, body.map_or(Body::Streamed, Body::Seen), signer).await
    }

    pub(crate) async fn sign_parts(
        &self,
        head: &mut http::request::Parts,
        body: Body<'_>,
        signer: Signer<'_>,
    ) -> Result<Signed> {
        let url = head.uri.to_string();
        if self.method.needs_tls() {
            let parsed = wire::url::parse("the request's URL", &url)?;
            wire::url::confidential("the request's URL", &parsed, self.allow_http)?;
        }
        let form = match body.seen() {
            Some(seen) => is_form(&head.headers, seen),
            None if self.reads_body(&head.method, &head.headers) => {
                return Err(Error::config(
                    "this request can't be signed without its body, which is streamed",
                    "hand over a body that is there as a whole, or leave the body hash out (without_body_hash) where the server \
                     allows it",
                ));
            }
            None => Form::No,
        };
        if self.placement == Placement::Body && !form.may_take_parameters(&head.method) {
            return Err(Error::config(
                "the OAuth parameters can't go into the body of this request, which is no form",
                "send a form by POST, PUT or PATCH, or place them in the header (RFC 5849 section 3.5.2)",
            ));
        }
        if self.placement == Placement::Body && !matches!(body, Body::Whole(_)) {
            return Err(Error::config(
                "the OAuth parameters can't go into a body that is only looked at",
                "sign the whole request, or place them in the header",
            ));
        }
        let seen = body.seen().unwrap_or_default();
        let timestamp = signer.timestamp.to_string();
        let mut protocol: Vec<(&str, &str)> = Vec::with_capacity(10);
        protocol.push(("oauth_consumer_key", signer.consumer_key));
        protocol.extend(signer.token.map(|token| ("oauth_token", token)));
        protocol.push(("oauth_signature_method", self.method.name()));
        protocol.push(("oauth_timestamp", &timestamp));
        protocol.push(("oauth_nonce", signer.nonce));
        if self.version {
            protocol.push(("oauth_version", "1.0"));
        }
        protocol.extend(signer.further.iter().copied());
        // A form is among what is signed; of any other body a digest is, where the method has one.
        let hash = match self.body_hash && form == Form::No && !seen.is_empty() {
            true => self.method.body_hash(seen),
            false => None,
        };
        protocol.extend(hash.as_deref().map(|hash| ("oauth_body_hash", hash)));
        let mut parameters = Parameters::new();
        parameters.push_form(head.uri.query().unwrap_or_default().as_bytes());
        if form == Form::Yes {
            parameters.push_form(seen);
        }
        protocol.iter().for_each(|(name, value)| parameters.push(name, value));
        let base_string = parameters.base_string(head.method.as_str(), &url)?;
        let secrets = Secrets { client: signer.consumer_secret, token: signer.token_secret };
        let signature = Secret::new(self.method.sign(&base_string, secrets).await?);
        protocol.push(("oauth_signature", signature.reveal()));
        match self.placement {
            Placement::Header => {
                let header = authorization_header::write(self.realm.as_deref(), &protocol)?;
                head.headers.insert(AUTHORIZATION, header);
            }
            Placement::Query => {
                let joint = if url.contains('?') { '&' } else { '?' };
                let uri = format!("{url}{joint}{}", joined(&protocol));
                head.uri = uri
                    .parse()
                    .map_err(|_| Error::config("the OAuth parameters make no URL", "place them in the header"))?;
                // The core has parsed another URL than is sent now.
                head.extensions.remove::<crate::ports::ParsedUrl>();
            }
            Placement::Body => {
                let Body::Whole(body) = body else { return Ok(Signed { base_string }) };
                let mut form = body.to_vec();
                if !form.is_empty() {
                    form.push(b'&');
                }
                form.extend_from_slice(joined(&protocol).as_bytes());
                *body = Bytes::from(form);
                // Its length is another one now.
                head.headers.remove(CONTENT_LENGTH);
                let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
                head.headers.entry(CONTENT_TYPE).or_insert(kind);
            }
        }
        Ok(Signed { base_string })
    }

    /// Whether a request needs its body to be signed, so that one that is streamed can't be.
    fn reads_body(&self, method: &http::Method, headers: &HeaderMap) -> bool {
        use http::Method;
        let kind = headers.get(CONTENT_TYPE);
        let bodiless = kind.is_none()
            && matches!(*method, Method::GET | Method::HEAD | Method::DELETE | Method::OPTIONS | Method::TRACE);
        let hashed = self.body_hash && self.method.body_hash(b"").is_some();
        self.placement == Placement::Body || kind.is_some_and(is_form_type) || !bodiless && hashed
    }
}

// A method may hold a key.
impl std::fmt::Debug for Signing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signing")
            .field("method", &self.method.name())
            .field("placement", &self.placement)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

/// Who signs one request, and what makes it different from every other.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Signer<'a> {
    /// REQUIRED. The client's identifier.
    pub consumer_key: &'a str,
    /// REQUIRED. The client's secret; empty where an RSA key is all there is.
    pub consumer_secret: &'a Secret,
    /// The temporary or token credentials; none where the client acts for itself.
    pub token: Option<&'a str>,
    /// Their secret.
    pub token_secret: Option<&'a Secret>,
    /// Seconds since the epoch (section 3.3).
    pub timestamp: i64,
    /// What nobody else uses at this time (section 3.3).
    pub nonce: &'a str,
    /// Further parameters of the protocol: `oauth_callback`, `oauth_verifier`.
    pub further: &'a [(&'a str, &'a str)],
}

impl<'a> Signer<'a> {
    /// A client that acts for itself.
    pub fn new(consumer_key: &'a str, consumer_secret: &'a Secret, now: UnixTime, nonce: &'a str) -> Self {
        Self {
            consumer_key,
            consumer_secret,
            token: None,
            token_secret: None,
            timestamp: now.seconds(),
            nonce,
            further: &[],
        }
    }
}

/// A new nonce: 128 bits as hexadecimal, since some servers take letters and digits alone.
pub(crate) fn nonce(entropy: &dyn Entropy) -> Result<String> {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What signing a request went by, to compare with a server's own where a signature is refused. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signed {
    /// The signature base string.
    pub base_string: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Yes,
    No,
    /// There is no body, and nothing says what one would be.
    Empty,
}

impl Form {
    fn may_take_parameters(self, method: &http::Method) -> bool {
        self != Self::No && !matches!(*method, http::Method::GET | http::Method::HEAD)
    }
}

/// A request's body, as far as it is at hand.
pub(crate) enum Body<'a> {
    Whole(&'a mut Bytes),
    Seen(&'a [u8]),
    Streamed,
}

impl Body<'_> {
    fn seen(&self) -> Option<&[u8]> {
        match self {
            Self::Whole(body) => Some(body),
            Self::Seen(body) => Some(body),
            Self::Streamed => None,
        }
    }
}

fn is_form(headers: &HeaderMap, body: &[u8]) -> Form {
    match headers.get(CONTENT_TYPE) {
        Some(kind) if is_form_type(kind) => Form::Yes,
        None if body.is_empty() => Form::Empty,
        _ => Form::No,
    }
}

fn is_form_type(kind: &HeaderValue) -> bool {
    kind.to_str().is_ok_and(|kind| {
        kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

fn joined(parameters: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(256);
    for (name, value) in parameters {
        if !text.is_empty() {
            text.push('&');
        }
        encode_into(name, &mut text);
        text.push('=');
        encode_into(value, &mut text);
    }
    text
}
