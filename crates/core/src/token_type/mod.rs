//! Token types: how a token is asked for, and how it is put on a request. One file a type; a type of your own is usable
//! wherever ours are.
//!
//! | type | what a request shows | file |
//! |---|---|---|
//! | Bearer (RFC 6750) | the token | [`bearer`] |
//! | OAuth 1.0 (RFC 5849) | a signature of the whole request | [`oauth1`] |
//! | DPoP (RFC 9449) | the token, and a proof of the key it is bound to | [`dpop`] |
//! | bound to a certificate (RFC 8705 section 3) | the token, over a connection with that certificate | [`certificate_bound`] |

pub mod bearer;
pub mod certificate_bound;
pub mod dpop;
pub mod oauth1;

use crate::error::{Error, Excerpt, Result, RuleViolation};
use crate::metadata::AuthorizationServer;
use crate::ports::{BoxFuture, Entropy, Ports};
use crate::{Token, UnixTime};
use bytes::Bytes;
use grantee_jose::SignatureAlgorithm;
use http::{HeaderMap, HeaderValue, Method, Uri};

/// A token type, as one client uses it: what is sent to get such tokens, what an answer must hold, and what goes on a request
/// to an API.
///
/// Tokens may be bound to a key. The token knows its thumbprint ([`Token::key_thumbprint`]), the token type finds the key by
/// it, and no token ever holds one.
pub trait TokenType: Send + Sync {
    /// The registered name, as `token_type` has it. Case does not matter.
    fn name(&self) -> &str;

    /// What the next token will be bound to: a part of what it is kept under.
    fn key_thumbprint(&self, _: &Ports) -> Option<String> {
        None
    }

    /// The thumbprint of the key that the next token request proves. `settled` is the one of the token that is being refreshed,
    /// which serves where it is still at hand: a proof of any other would not do (RFC 9449 section 5).
    fn key_for(&self, settled: Option<&str>, ports: &Ports) -> Option<String> {
        settled.map(str::to_owned).or_else(|| self.key_thumbprint(ports))
    }

    /// Further parameters of authorization requests.
    fn authorization_parameters(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Takes in what a server granted. `bound_to` is the thumbprint of the key that the request showed.
    ///
    /// # Errors
    /// [`Error::Rule`] where the server granted something else than was asked for.
    fn accept(&self, answer: Token, bound_to: Option<String>) -> Result<Token> {
        let _ = bound_to;
        Ok(answer)
    }

    /// The `Authorization` header of a token, marked sensitive.
    ///
    /// # Errors
    /// [`Error::Config`] when the token is of another type, or holds what no header can carry.
    fn header(&self, token: &Token) -> Result<HeaderValue>;

    /// Whether a token can be used now, as far as the keys at hand tell.
    ///
    /// # Errors
    /// [`Error::Config`] that says which key is missing.
    fn usable(&self, _: &Token, _: &Ports) -> Result<()> {
        Ok(())
    }

    /// Whether tokens of this type can be had from a server, as far as its metadata tell. Asked before each token request.
    ///
    /// # Errors
    /// [`Error::Config`] that names the member and what it lacks.
    fn check_server(&self, _: &AuthorizationServer) -> Result<()> {
        Ok(())
    }

    /// Whether the key of a token has been replaced by another, as when a certificate was renewed: then the token serves no more,
    /// and a session gets a new one as if it had expired. A key that is missing is no such thing, but an error of
    /// [`usable`](Self::usable). Asked at each use of a token that is bound to a key.
    fn is_outdated(&self, _: &Token, _: &Ports) -> bool {
        false
    }

    /// What its proofs are signed by, by any of its keys, where it signs: a profile may allow some algorithms only.
    fn algorithms(&self) -> Vec<SignatureAlgorithm> {
        Vec::new()
    }

    /// Whether each request needs a proof beside the header.
    fn needs_proof(&self) -> bool {
        false
    }

    /// Puts a proof on one request. Its future awaits only what the context hands it, and a signer.
    fn prove<'a>(&'a self, _: ProofContext<'a>, _: &'a mut HeaderMap) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Whether a request is signed as a whole, by [`sign`](Self::sign), and shows no token.
    fn signs_request(&self) -> bool {
        false
    }

    /// Signs a request, where [`signs_request`](Self::signs_request) says so. Without `body` it is streamed.
    ///
    /// # Errors
    /// [`Error::Config`] for a request that can't be signed.
    fn sign<'a>(
        &'a self,
        _: ProofContext<'a>,
        _: &'a mut http::request::Parts,
        _: Option<&'a mut Bytes>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Whether a token that an API rejects is worth renewing. Where it is not, a store is looked at for another one.
    fn is_renewed(&self) -> bool {
        true
    }

    /// Looks at an answer of a server, whatever its status, for what later proofs need. `met` is what had been demanded and the
    /// request showed, if it was made for a demand. An answer that demands something is shown here only where nothing is sent
    /// again: what it demands is for the very request that follows, and may serve once.
    fn observe(&self, uri: &Uri, headers: &HeaderMap, met: Option<&str>) {
        let _ = (uri, headers, met);
    }

    /// What an answer demands of a proof before anything else, so that the request is to be made once more with it.
    fn demand(&self, _: Answer<'_>) -> Option<String> {
        None
    }

    /// Whether requests go over a connection with the client's certificate, and so to the server's addresses for those.
    fn over_mtls(&self) -> bool {
        false
    }

    /// Whether its futures need an async runtime to make progress. A blocking client refuses such a type when it is built.
    fn needs_reactor(&self) -> bool {
        false
    }
}

/// What a proof is made for.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct ProofContext<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The request's URL.
    pub uri: &'a Uri,
    /// The token that goes along, in a request to an API.
    pub token: Option<&'a Token>,
    /// The thumbprint of the key to prove with, where that is settled: by the token, or by an earlier request.
    pub key_thumbprint: Option<&'a str>,
    /// What the server has just demanded, by [`TokenType::demand`].
    pub demanded: Option<&'a str>,
    /// The time.
    pub now: UnixTime,
    /// Chance.
    pub entropy: &'a dyn Entropy,
}

impl<'a> ProofContext<'a> {
    /// A proof for a request without a token, by whatever key is the first.
    pub fn new(method: &'a Method, uri: &'a Uri, now: UnixTime, entropy: &'a dyn Entropy) -> Self {
        Self { method, uri, token: None, key_thumbprint: None, demanded: None, now, entropy }
    }
}

/// The answer to a request that carried a proof.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Answer<'a> {
    /// Of an authorization server, which says in the body what it lacks.
    AuthorizationServer(&'a http::Response<Bytes>),
    /// Of an API, which says so in its challenge.
    Api(http::StatusCode, &'a HeaderMap),
}

/// The `Authorization` header that carries a Bearer token, marked sensitive.
///
/// # Errors
/// [`Error::Config`] when the token is of another type, or holds what no header can carry.
pub fn authorization_header(token: &Token) -> Result<HeaderValue> {
    bearer::Bearer.header(token)
}

/// A header of one word and a token.
pub(crate) fn header_of(scheme: &str, token: &Token) -> Result<HeaderValue> {
    let value = token.access_token.reveal();
    let refused = || {
        Error::config(
            "the access token has characters that no Authorization header can carry",
            "RFC 6750 section 2.1 allows visible ASCII",
        )
    };
    // Wider than the b64token of RFC 6750 section 2.1, since real servers are; never a space, a comma's neighbour or a control.
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refused());
    }
    let text = Bytes::from(format!("{scheme} {value}"));
    let mut header = HeaderValue::from_maybe_shared(text).map_err(|_| refused())?;
    header.set_sensitive(true);
    Ok(header)
}

/// Why a token of another type is not put on a request.
pub(crate) fn other_type(token: &Token, hint: &str) -> Error {
    Error::config(format!("a token of type {} can't be put on a request", Excerpt(&token.token_type)), hint)
}

/// Why an answer with a token of another type is refused.
pub(crate) fn other_granted(wanted: &str, token: &Token, spec: &'static str) -> Error {
    RuleViolation::new(crate::endpoint::token::STAGE, "the token is of the type that was asked for", spec)
        .expected(wanted)
        .got(Excerpt(&token.token_type))
        .hint("the server did not bind the token to the key; nothing falls back to Bearer")
        .into()
}

/// Whether it is no token to put on requests at all, but what a token exchange brought (RFC 8693 section 2.2.1).
pub(crate) fn is_not_applicable(token: &Token) -> bool {
    token.issued_token_type.is_some() && token.token_type.eq_ignore_ascii_case("N_A")
}
