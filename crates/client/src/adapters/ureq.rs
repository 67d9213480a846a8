//! In front of ureq, as a [middleware](https://docs.rs/ureq/3/ureq/middleware/index.html).

use super::Gate;
use crate::blocking::Attempt;
use http::{HeaderMap, Method, StatusCode, Uri};
use ureq::middleware::{Middleware, MiddlewareNext};
use ureq::{Agent, Body, ResponseExt as _, SendBody};

impl crate::blocking::Session {
    /// This session as a middleware of ureq, for the origins that
    /// [`allow_origin`](crate::blocking::SessionBuilder::allow_origin) named. See [`adapters`](crate::adapters) for what it does.
    pub fn middleware(&self) -> AuthorizationMiddleware {
        AuthorizationMiddleware { gate: Gate::new(self.source(), self.options()), replay_by: None }
    }
}

/// Puts a session's token on an agent's requests, and renews it after a 401 that rejects it. A proof is made anew where an API
/// demands something of it.
///
/// ureq lets a middleware send a request once, so a second sending goes by another agent, where
/// [`replay_by`](Self::replay_by) gives one; otherwise, and for requests that have a body or settings of their own, the 401
/// comes back and the next request has the new token. Turn the agent's `http_status_as_error` off: it hides the challenge,
/// so that a 401 which is not about the token looks like one that is, and what it demands of a proof is lost. Turn redirects off as well, or leave the agent's
/// `redirect_auth_headers` at `Never`, as it is by default.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = grantor::Server::start(); let (issuer, api) = (server.issuer(), server.url("/api/orders"));
/// use grantee::{ClientCredentials, blocking::Client};
/// use ureq::Agent;
///
/// let client = Client::discover(issuer).client("svc", "secret").build()?;
/// let session = client.session(ClientCredentials::new()).allow_origin(&api)?.build()?;
/// let settings = || Agent::config_builder().http_status_as_error(false).max_redirects(0);
///
/// let middleware = session.middleware().replay_by(settings().build().into());
/// let agent: Agent = settings().middleware(middleware).build().into();
/// assert_eq!(agent.get(&api).call()?.status(), 200);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct AuthorizationMiddleware {
    gate: Gate,
    replay_by: Option<Agent>,
}

impl AuthorizationMiddleware {
    /// Passes requests to other origins on without a token, instead of refusing them.
    #[must_use]
    pub fn pass_other_origins(mut self) -> Self {
        self.gate.pass_other_origins = true;
        self
    }

    /// Sends a request without a body once more by this agent, which has the same settings and not this middleware.
    #[must_use]
    pub fn replay_by(mut self, agent: Agent) -> Self {
        self.replay_by = Some(agent);
        self
    }

    /// Another request of the same parts, where there is certainly no body to it.
    fn copy(&self, request: &http::Request<SendBody<'_>>) -> Option<(Agent, http::Request<()>)> {
        let agent = self.replay_by.clone()?;
        let bodiless =
            matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS | Method::DELETE | Method::TRACE);
        // ureq marks a forced body, and settings of one request, by extensions that only it can read; one it always adds.
        if !bodiless || request.extensions().len() > 1 {
            return None;
        }
        let mut again = http::Request::new(());
        *again.method_mut() = request.method().clone();
        *again.uri_mut() = request.uri().clone();
        *again.version_mut() = request.version();
        *again.headers_mut() = request.headers().clone();
        Some((agent, again))
    }
}

impl Middleware for AuthorizationMiddleware {
    fn handle(
        &self,
        mut request: http::Request<SendBody>,
        next: MiddlewareNext,
    ) -> Result<http::Response<Body>, ureq::Error> {
        let Some(uri) = self.gate.judge_request(&request).map_err(other)? else { return next.handle(request) };
        let method = request.method().clone();
        let copy = self.copy(&request);
        let mut attempt = Attempt(self.gate.source.attempt());
        attempt.authorize(&method, &uri, request.headers_mut()).map_err(other)?;
        let mut answer = next.handle(request);
        loop {
            let again = match &answer {
                // A redirect led elsewhere, without the token: what stands in that answer is not about it.
                Ok(found) if !is_same_origin(found.get_uri(), &uri) => return answer,
                Ok(answer) => attempt.again(&uri, answer.status(), answer.headers()),
                Err(ureq::Error::StatusCode(status)) => match StatusCode::from_u16(*status) {
                    Ok(status) => attempt.again(&uri, status, &HeaderMap::new()),
                    Err(_) => return answer,
                },
                Err(_) => return answer,
            };
            // Without a copy the token was renewed for the next request; whether that failed is the next request's affair.
            let Some((agent, copy)) = &copy else { return answer };
            if !again.map_err(other)? {
                return answer;
            }
            drop(answer);
            let mut again = copy.clone();
            attempt.authorize(&method, &uri, again.headers_mut()).map_err(other)?;
            answer = agent.run(again);
        }
    }
}

fn is_same_origin(one: &Uri, other: &Uri) -> bool {
    let parsed = |uri: &Uri| url::Url::parse(&uri.to_string()).map(|url| url.origin());
    matches!((parsed(one), parsed(other)), (Ok(one), Ok(other)) if one == other)
}

fn other(error: grantee_core::Error) -> ureq::Error {
    ureq::Error::Other(Box::new(error))
}
