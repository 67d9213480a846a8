//! What the tests of this directory ask with: one context, and chance that is none.

use super::callback::Callback;
use super::pending::Pending;
use super::request::{AuthorizationRequest, RequestContext};
use crate::UnixTime;
use crate::error::{Error, Result};
use crate::ports::Entropy;

/// Fills the first 32 bytes of a call with 1, the next 32 with 2 and so on.
pub(crate) struct Counting;

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        for (block, number) in bytes.chunks_mut(32).zip(1..) {
            block.fill(number);
        }
        Ok(())
    }
}

pub(crate) fn context() -> RequestContext<'static> {
    RequestContext {
        client_id: "client",
        issuer: Some("https://as.example"),
        authorization_endpoint: "https://as.example/authorize",
        iss_parameter_supported: false,
        redirect_uri: Some("https://client.example/cb"),
        entropy: &Counting,
        now: UnixTime::from_seconds(1_700_000_000),
        allow_http: false,
    }
}

pub(crate) fn pending(ask: impl FnOnce(AuthorizationRequest) -> AuthorizationRequest) -> Pending {
    ask(AuthorizationRequest::new()).start(&context()).unwrap().1
}

pub(crate) fn refused(ask: impl FnOnce(AuthorizationRequest) -> AuthorizationRequest) -> String {
    refused_in(&context(), ask)
}

pub(crate) fn refused_in(
    context: &RequestContext<'_>,
    ask: impl FnOnce(AuthorizationRequest) -> AuthorizationRequest,
) -> String {
    let error = ask(AuthorizationRequest::new()).start(context).unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error:?}");
    error.to_string()
}

pub(crate) fn asked() -> Pending {
    pending(|request| request.scope("openid a").state("STATE").nonce("NONCE").resource("https://api.example/"))
}

pub(crate) fn asked_with(redirect_uri: &str, response_mode: &str) -> Pending {
    pending(|request| request.state("STATE").redirect_uri(redirect_uri).response_mode(response_mode))
}

pub(crate) fn code<'a>(asked: Pending, callback: impl Into<Callback<'a>>) -> String {
    asked.respond(callback).unwrap().code().unwrap().reveal().to_owned()
}

pub(crate) fn broken<'a>(asked: Pending, callback: impl Into<Callback<'a>>) -> String {
    let error = asked.respond(callback).unwrap_err();
    assert!(matches!(error, Error::Rule(_)), "{error:?}");
    let text = format!("{error} {error:?}");
    assert!(!text.contains("STATE") && !text.contains("CODE"), "{text}");
    error.to_string()
}
