//! A signed request: [RFC 5849 section 3.1](https://www.rfc-editor.org/rfc/rfc5849#section-3.1), its parameters in one of the
//! places of section 3.5, and `oauth_body_hash` for bodies that are no form
//! ([OAuth Request Body Hash](https://datatracker.ietf.org/doc/html/draft-eaton-oauth-bodyhash-00)).

mod body;
mod change;
mod fixed;
mod unsigned;

use super::signature::{HmacSha1, SignatureMethod};
use crate::error::{Error, Result};
use crate::ports::Request;
use crate::{Secret, UnixTime};
use arc_swap::ArcSwapOption;
use bytes::Bytes;
use change::Change;
use fixed::Fixed;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Uri};
use std::sync::Arc;
use unsigned::Unsigned;

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
    body_hash: BodyHash,
    allow_http: bool,
    /// What of the last signature was the same as of the one before. Shared by clones that sign alike.
    fixed: Arc<ArcSwapOption<Fixed>>,
}

/// Which bodies `oauth_body_hash` is sent for. A form never has one: it is signed itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BodyHash {
    Never,
    /// Those that have bytes.
    Bodies,
    /// Those that have none too.
    Always,
}

impl Default for Signing {
    fn default() -> Self {
        Self {
            method: Arc::new(HmacSha1),
            placement: Placement::Header,
            realm: None,
            version: true,
            body_hash: BodyHash::Bodies,
            allow_http: false,
            fixed: Arc::default(),
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
    pub fn method(self, method: impl SignatureMethod + 'static) -> Self {
        self.shared_method(Arc::new(method))
    }

    /// As [`method`](Self::method), of one that is shared.
    #[must_use]
    pub fn shared_method(self, method: Arc<dyn SignatureMethod>) -> Self {
        Self { method, fixed: Arc::default(), ..self }
    }

    /// Where the parameters go.
    #[must_use]
    pub fn placement(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }

    /// The realm in the header, which is not signed (section 3.4.1.3.1). It has no meaning elsewhere.
    #[must_use]
    pub fn realm(self, realm: impl Into<String>) -> Self {
        Self { realm: Some(realm.into()), fixed: Arc::default(), ..self }
    }

    /// Leaves `oauth_version` out, which is OPTIONAL.
    #[must_use]
    pub fn without_version(self) -> Self {
        Self { version: false, fixed: Arc::default(), ..self }
    }

    /// Leaves `oauth_body_hash` out, for a server that refuses what it does not know. A body that is no form is then not signed:
    /// somebody on the way who can change it does.
    #[must_use]
    pub fn without_body_hash(mut self) -> Self {
        self.body_hash = BodyHash::Never;
        self
    }

    /// Sends `oauth_body_hash` of bodies that are no form, which is the way unless a preset has another.
    #[must_use]
    pub fn with_body_hash(mut self) -> Self {
        self.body_hash = BodyHash::Bodies;
        self
    }

    /// Sends `oauth_body_hash` of a body that is empty too, as the draft recommends and Mastercard wants: with all requests but
    /// those of a form, GET among them.
    #[must_use]
    pub fn body_hash_always(mut self) -> Self {
        self.body_hash = BodyHash::Always;
        self
    }

    /// Lets PLAINTEXT signatures, which are the secrets themselves, travel by plain http: for tests.
    #[must_use]
    pub fn danger_allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    pub(super) fn allow_http(&mut self) {
        self.allow_http = true;
    }

    pub(crate) fn needs_reactor(&self) -> bool {
        self.method.needs_reactor()
    }

    /// Signs a request whose body is at hand. One that can't be signed is left as it was.
    ///
    /// # Errors
    /// [`Error::Config`] for a URL that is none, for a body where its parameters can't go, for a parameter of the protocol that
    /// the request has already, for PLAINTEXT over plain http, and when the key can't sign.
    pub async fn sign(&self, request: &mut Request, signer: Signer<'_>) -> Result<Signed> {
        self.sign_revealed(request, signer.revealed()).await
    }

    pub(crate) async fn sign_revealed(&self, request: &mut Request, signer: Revealed<'_>) -> Result<Signed> {
        let subject = Subject {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            body: Some(request.body()),
        };
        let (signed, change) = self.prepare(subject, signer).await?;
        // Nothing of it is taken apart while something is waited for: whoever gives up a slow signer keeps the request.
        match change {
            Change::Header(header) => drop(request.headers_mut().insert(AUTHORIZATION, header)),
            change => {
                let (mut head, mut body) = std::mem::take(request).into_parts();
                change.apply(&mut head, Some(&mut body));
                *request = Request::from_parts(head, body);
            }
        }
        Ok(signed)
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
        self.sign_parts(head, body.map_or(Body::Streamed, Body::Seen), signer.revealed()).await
    }

    pub(crate) async fn sign_parts(
        &self,
        head: &mut http::request::Parts,
        body: Body<'_>,
        signer: Revealed<'_>,
    ) -> Result<Signed> {
        if self.placement == Placement::Body && matches!(body, Body::Seen(_)) {
            return Err(Error::config(
                "the OAuth parameters can't go into a body that is only looked at",
                "sign the whole request, or place them in the header",
            ));
        }
        let subject = Subject { method: &head.method, uri: &head.uri, headers: &head.headers, body: body.seen() };
        let (signed, change) = self.prepare(subject, signer).await?;
        let body = if let Body::Whole(body) = body { Some(body) } else { None };
        change.apply(head, body);
        Ok(signed)
    }

    /// Signs, and says what of the request changes by it.
    async fn prepare(&self, subject: Subject<'_>, signer: Revealed<'_>) -> Result<(Signed, Change)> {
        let unsigned = Unsigned::new(self, &subject, signer)?;
        let fixed = &unsigned.fixed;
        let signature = Secret::new(fixed.method.sign(&unsigned.base_string, fixed.secrets()).await?);
        unsigned.signed(self, &subject, &signature)
    }

    fn fixed(&self, signer: &Revealed<'_>) -> Arc<Fixed> {
        if let Some(fixed) = self.fixed.load_full().filter(|fixed| fixed.is_of(signer)) {
            return fixed;
        }
        let fixed = Arc::new(Fixed::new(&self.method, self.realm.as_deref(), self.version, signer));
        self.fixed.store(Some(Arc::clone(&fixed)));
        fixed
    }

    /// Whether a request needs its body to be signed, so that one that is streamed can't be.
    fn reads_body(&self, method: &http::Method, headers: &HeaderMap) -> bool {
        let kind = headers.get(CONTENT_TYPE);
        let hashed = self.body_hash != BodyHash::Never && self.method.body_hash(b"").is_some();
        self.placement == Placement::Body
            || kind.is_some_and(body::is_form_type)
            || hashed && !body::has_none(method, headers)
    }
}

/// Of a request what signing looks at.
struct Subject<'a> {
    method: &'a http::Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    /// `None` is one that is streamed.
    body: Option<&'a [u8]>,
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
#[derive(Clone, Copy)]
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

    fn revealed(self) -> Revealed<'a> {
        Revealed {
            consumer_key: self.consumer_key,
            consumer_secret: self.consumer_secret.reveal(),
            token: self.token,
            token_secret: self.token_secret.map(Secret::reveal),
            timestamp: self.timestamp,
            nonce: self.nonce,
            further: self.further,
        }
    }
}

/// A [`Signer`] whose secrets are read and not kept.
pub(crate) struct Revealed<'a> {
    pub(crate) consumer_key: &'a str,
    pub(crate) consumer_secret: &'a str,
    pub(crate) token: Option<&'a str>,
    pub(crate) token_secret: Option<&'a str>,
    pub(crate) timestamp: i64,
    pub(crate) nonce: &'a str,
    pub(crate) further: &'a [(&'a str, &'a str)],
}

// A verifier is among what is further, and a token may be all that a server asks for.
impl std::fmt::Debug for Signer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let further: Vec<_> = self.further.iter().map(|(name, _)| name).collect();
        f.debug_struct("Signer")
            .field("consumer_key", &self.consumer_key)
            .field("timestamp", &self.timestamp)
            .field("further", &further)
            .finish_non_exhaustive()
    }
}

/// What signing a request went by, to compare with a server's own where a signature is refused.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signed {
    /// The signature base string. No secret of client or token is in it, but all that the request has in query and form is.
    pub base_string: String,
}

// A form may hold a password, and a request for token credentials holds the verifier.
impl std::fmt::Debug for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.base_string.rsplit_once('&').map_or("", |(shown, _)| shown);
        f.debug_struct("Signed").field("base_string", &format_args!("{shown}&..")).finish()
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
