//! DPoP, demonstrating proof of possession: [RFC 9449](https://www.rfc-editor.org/rfc/rfc9449).

use super::{Answer, ProofContext, TokenType, header_of, is_not_applicable, other_granted, other_type};
use crate::Token;
use crate::chance::Chance;
use crate::client_auth::usual_algorithm;
use crate::error::{Error, Excerpt, Result};
use crate::metadata::AuthorizationServer;
use crate::ports::{BoxFuture, Ports};
use crate::wire::www_authenticate;
use grantee_jose::jws::{Header, ReadyHeader};
use grantee_jose::signer::Inline;
use grantee_jose::{BlockingSigner, Curve, ErrorKind, Jwk, KeyKind, SignatureAlgorithm, Signer, SigningKey, base64url};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use serde_json::Value;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

const DPOP: HeaderName = HeaderName::from_static("dpop");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Nonces are kept for this many origins, those used last.
const MOST_ORIGINS: usize = 64;
const LONGEST_NONCE: usize = 2048;

/// Tokens that are bound to a key, which each request proves to have: a token that was stolen is no use without it.
///
/// The key may be here, or anywhere that a [`Signer`] reaches. Every request to the token endpoint, to where authorization
/// requests are pushed and to an API carries a proof of its own, for its method and URL. Nonces are learnt from every answer and
/// kept for each origin; a server that demands one gets the request once more.
///
/// ```
/// use grantee_core::jose::{Curve, Jwk, KeyKind};
/// use grantee_core::token_type::dpop::Dpop;
///
/// let key = Jwk::generate(KeyKind::Curve(Curve::P256))?; // kept like a password, for as long as its tokens
/// let dpop = Dpop::from_key(&key)?;
/// assert_eq!(dpop.thumbprint(), key.thumbprint());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Dpop {
    first: Key,
    others: Vec<Key>,
    nonces: Nonces,
    chance: Chance,
}

impl Dpop {
    /// With a signer that knows its public key. One that needs an async runtime is refused by a blocking client.
    ///
    /// # Errors
    /// [`Error::Config`] when its algorithm is symmetric, or it has no public key to show.
    pub fn new(signer: impl Signer + 'static) -> Result<Self> {
        Ok(Self {
            first: Key::new(Arc::new(signer))?,
            others: Vec::new(),
            nonces: Nonces::default(),
            chance: Chance::default(),
        })
    }

    /// With a signer that holds the calling thread; also in an async client, whose thread it holds.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn blocking(signer: impl BlockingSigner + 'static) -> Result<Self> {
        Self::new(Inline(signer))
    }

    /// With a private key, by the algorithm that its `alg` names, else the usual one of its kind.
    ///
    /// # Errors
    /// [`Error::Config`] where the key has no private part, or is no key to sign with.
    pub fn from_key(key: &Jwk) -> Result<Self> {
        if key.is_symmetric() {
            return Err(symmetric());
        }
        Self::from_key_with(key, usual_algorithm(key)?)
    }

    /// As [`from_key`](Self::from_key), by this algorithm.
    ///
    /// # Errors
    /// As [`from_key`](Self::from_key), and where key and algorithm do not fit.
    pub fn from_key_with(key: &Jwk, alg: SignatureAlgorithm) -> Result<Self> {
        Self::new(SigningKey::new(key, alg).map_err(not_signed)?)
    }

    /// With a new key on P-256, which lives and dies with this value: for tokens that nobody keeps.
    ///
    /// # Errors
    /// [`Error::Config`] when the system has no chance to give.
    pub fn generate() -> Result<Self> {
        Self::from_key(&Jwk::generate(KeyKind::Curve(Curve::P256)).map_err(not_signed)?)
    }

    /// A further key, for tokens that were bound to it earlier: while keys are rotated. New ones are bound to the first.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn also(mut self, signer: impl Signer + 'static) -> Result<Self> {
        self.others.push(Key::new(Arc::new(signer))?);
        Ok(self)
    }

    /// The RFC 7638 thumbprint of the key that new tokens are bound to.
    pub fn thumbprint(&self) -> &str {
        &self.first.thumbprint
    }

    fn key(&self, thumbprint: Option<&str>) -> Result<&Key> {
        let Some(thumbprint) = thumbprint else { return Ok(&self.first) };
        let mut keys = std::iter::once(&self.first).chain(&self.others);
        keys.find(|key| key.thumbprint == thumbprint).ok_or_else(|| {
            Error::config(
                format!("the key that the token is bound to is not at hand (thumbprint {})", Excerpt(thumbprint)),
                "hand it over beside the new one with also(…), or log in again",
            )
        })
    }
}

// The keys' thumbprints are public.
impl std::fmt::Debug for Dpop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dpop").field("thumbprint", &self.first.thumbprint).finish_non_exhaustive()
    }
}

/// A signer with what is the same in all its proofs.
struct Key {
    signer: Arc<dyn Signer>,
    thumbprint: String,
    header: ReadyHeader,
}

impl Key {
    fn new(signer: Arc<dyn Signer>) -> Result<Self> {
        let algorithm = signer.algorithm();
        if algorithm.is_symmetric() {
            return Err(symmetric());
        }
        let public = signer.public_key().and_then(Jwk::public).ok_or_else(|| {
            Error::config("the signer of DPoP proofs does not know its public key", "give it Signer::public_key()")
        })?;
        let mut header = Header::new();
        header.typ = Some("dpop+jwt".to_owned());
        header.other.insert("jwk".to_owned(), required_members(&public));
        let bare = WithoutKid(&*signer);
        let header = ReadyHeader::new(&header, &bare).map_err(not_signed)?;
        Ok(Self { thumbprint: public.thumbprint(), header, signer })
    }
}

/// The key alone: what a proof shows says nothing else about whoever makes it.
fn required_members(public: &Jwk) -> Value {
    let members = public.to_value();
    let required = ["kty", "crv", "x", "y", "n", "e"];
    required.into_iter().filter_map(|name| Some((name.to_owned(), members.get(name)?.clone()))).collect()
}

/// A proof shows its key and needs no name for it.
struct WithoutKid<'a>(&'a dyn Signer);

impl Signer for WithoutKid<'_> {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }

    fn sign<'a>(&'a self, data: &'a [u8]) -> BoxFuture<'a, grantee_jose::Result<Vec<u8>>> {
        self.0.sign(data)
    }
}

impl TokenType for Dpop {
    fn name(&self) -> &str {
        "DPoP"
    }

    fn key_thumbprint(&self, _: &Ports) -> Option<String> {
        Some(self.first.thumbprint.clone())
    }

    // RFC 9449 section 10: nobody else can redeem the code.
    fn authorization_parameters(&self) -> Vec<(&'static str, String)> {
        vec![("dpop_jkt", self.first.thumbprint.clone())]
    }

    fn accept(&self, answer: Token, bound_to: Option<String>) -> Result<Token> {
        if is_not_applicable(&answer) {
            return Ok(answer);
        }
        if !answer.token_type.eq_ignore_ascii_case("DPoP") {
            return Err(other_granted("DPoP", &answer, "RFC 9449 section 5"));
        }
        Ok(Token { key_thumbprint: bound_to, ..answer })
    }

    fn header(&self, token: &Token) -> Result<HeaderValue> {
        if !token.token_type.eq_ignore_ascii_case("DPoP") {
            return Err(other_type(token, "this client uses tokens that are bound to its key, and this one is not"));
        }
        header_of("DPoP", token)
    }

    fn usable(&self, token: &Token, _: &Ports) -> Result<()> {
        self.key(token.key_thumbprint.as_deref()).map(drop)
    }

    fn check_server(&self, metadata: &AuthorizationServer) -> Result<()> {
        let algorithm = self.first.signer.algorithm().name();
        match &metadata.dpop_signing_alg_values_supported {
            Some(listed) if !listed.iter().any(|name| name == algorithm) => Err(Error::config(
                format!(
                    "the server's dpop_signing_alg_values_supported ({}) does not have {algorithm}",
                    Excerpt(&listed.join(" "))
                ),
                "use a key of another kind, or name its algorithm with from_key_with(…)",
            )),
            _ => Ok(()),
        }
    }

    fn algorithms(&self) -> Vec<SignatureAlgorithm> {
        std::iter::once(&self.first).chain(&self.others).map(|key| key.signer.algorithm()).collect()
    }

    fn needs_proof(&self) -> bool {
        true
    }

    fn prove<'a>(&'a self, context: ProofContext<'a>, headers: &'a mut HeaderMap) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let key = self.key(context.key_thumbprint)?;
            let claims = self.claims(context)?;
            let proof = key.header.sign(claims.as_bytes(), &*key.signer).await.map_err(not_signed)?;
            let proof = HeaderValue::from_maybe_shared(bytes::Bytes::from(proof))
                .map_err(|_| Error::config("the DPoP proof makes no header", "report this as a bug"))?;
            headers.insert(DPOP, proof);
            Ok(())
        })
    }

    // A server says nothing where the nonce it has just taken serves on (section 8.2).
    fn observe(&self, uri: &Uri, headers: &HeaderMap, met: Option<&str>) {
        if let Some(nonce) = nonce(headers).or(met) {
            self.nonces.keep(uri, nonce);
        }
    }

    fn demand(&self, answer: Answer<'_>) -> Option<String> {
        let (demanded, headers) = match answer {
            Answer::AuthorizationServer(answer) => {
                // Section 8: an error like any other of the token endpoint's.
                let error = matches!(answer.status(), StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED)
                    .then(|| crate::wire::json::object("", answer.body()).ok())
                    .flatten();
                let demanded = error.is_some_and(|error| error.get("error").is_some_and(|code| code == USE_NONCE));
                (demanded, answer.headers())
            }
            Answer::Api(status, headers) => {
                let demanded = status == StatusCode::UNAUTHORIZED
                    && www_authenticate::parse(headers).iter().any(|challenge| {
                        challenge.scheme().eq_ignore_ascii_case("dpop") && challenge.param("error") == Some(USE_NONCE)
                    });
                (demanded, headers)
            }
        };
        nonce(headers).filter(|_| demanded).map(str::to_owned)
    }

    fn needs_reactor(&self) -> bool {
        std::iter::once(&self.first).chain(&self.others).any(|key| key.signer.needs_reactor())
    }
}

const USE_NONCE: &str = "use_dpop_nonce";

impl Dpop {
    /// The claims of a proof ([RFC 9449 section 4.2](https://www.rfc-editor.org/rfc/rfc9449#section-4.2)).
    fn claims(&self, context: ProofContext<'_>) -> Result<String> {
        let jti = self.chance.next(context.entropy)?;
        let mut json = String::with_capacity(384);
        json.push_str("{\"jti\":\"");
        base64url::append(jti, &mut json);
        json.push_str("\",\"htm\":\"");
        // A method is a token (RFC 9110 section 9.1), and needs no escape.
        json.push_str(context.method.as_str());
        json.push_str("\",\"htu\":\"");
        let start = json.len();
        append_htu(context.uri, &mut json)?;
        // The characters of a URI need none either, but for what a lenient parser lets through.
        // Looked at without a branch, which is many bytes a step.
        let odd = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        if json.as_bytes()[start..].iter().fold(false, |any, byte| any | odd(byte)) {
            return Err(Error::config("the request's URL has characters that no URL may have", "encode them first"));
        }
        let _ = write!(json, "\",\"iat\":{}", context.now.seconds());
        if let Some(token) = context.token {
            json.push_str(",\"ath\":\"");
            base64url::append(grantee_jose::sha256(token.access_token.reveal().as_bytes()), &mut json);
            json.push('"');
        }
        // What this very server has just demanded goes before what any answer brought meanwhile.
        match context.demanded {
            Some(nonce) => append_nonce(nonce, &mut json),
            None => self.nonces.append(context.uri, &mut json),
        }
        json.push('}');
        Ok(json)
    }
}

/// The URL without query and fragment, and without whoever its authority names (section 4.2).
fn append_htu(uri: &Uri, text: &mut String) -> Result<()> {
    let (Some(_), Some(_)) = (uri.scheme(), uri.host()) else {
        return Err(Error::config("the request's URL is not absolute", "a proof names scheme, host and path"));
    };
    append_origin(uri, text);
    text.push_str(uri.path());
    Ok(())
}

/// Scheme, host and port, the usual port left out (RFC 9449 section 4.3 compares after normalization).
fn append_origin(uri: &Uri, text: &mut String) {
    let scheme = uri.scheme_str().unwrap_or_default();
    text.push_str(scheme);
    text.push_str("://");
    let start = text.len();
    text.push_str(uri.host().unwrap_or_default());
    text[start..].make_ascii_lowercase();
    if let Some(port) = uri.port_u16().filter(|port| !matches!((scheme, port), ("https", 443) | ("http", 80))) {
        let _ = write!(text, ":{port}");
    }
}

fn append_nonce(nonce: &str, json: &mut String) {
    // Its characters (section 8.1) need no escape; whatever has others is not taken in.
    json.push_str(",\"nonce\":\"");
    json.push_str(nonce);
    json.push('"');
}

/// The nonce that an answer brings: one, of the characters that section 8.1 allows.
fn nonce(headers: &HeaderMap) -> Option<&str> {
    let mut fields = headers.get_all(DPOP_NONCE).iter();
    let nonce = fields.next().filter(|_| fields.next().is_none())?.to_str().ok()?;
    let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    (!nonce.is_empty() && nonce.len() <= LONGEST_NONCE && nonce.bytes().all(allowed)).then_some(nonce)
}

/// The last nonce of each origin (section 8.2), for as many origins as a client talks to.
#[derive(Default)]
struct Nonces(Mutex<Vec<(String, String)>>);

impl Nonces {
    fn keep(&self, uri: &Uri, nonce: &str) {
        let mut origin = String::with_capacity(64);
        append_origin(uri, &mut origin);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = held.iter().position(|(other, _)| *other == origin) {
            // The one used last stands last, and the first one goes first.
            let Some((_, last)) = held.get_mut(place) else { return };
            nonce.clone_into(last);
            if place + 1 < held.len() {
                held[place..].rotate_left(1);
            }
            return;
        }
        if held.len() >= MOST_ORIGINS {
            held.remove(0);
        }
        held.push((origin, nonce.to_owned()));
    }

    fn append(&self, uri: &Uri, json: &mut String) {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_empty() {
            return;
        }
        let mut origin = String::with_capacity(64);
        append_origin(uri, &mut origin);
        if let Some((_, nonce)) = held.iter().find(|(other, _)| *other == origin) {
            append_nonce(nonce, json);
        }
    }
}

fn symmetric() -> Error {
    Error::config("a shared secret can't prove possession of a key", "use an RSA, elliptic-curve or Ed25519 key")
}

fn not_signed(error: grantee_jose::Error) -> Error {
    if error.kind() == ErrorKind::External {
        return Error::Callback { what: "DPoP proof", source: Arc::new(error) };
    }
    Error::config(
        format!("the DPoP proof can't be signed: {error}"),
        "the key must be a private one of the algorithm's type, and meant for signatures",
    )
}
