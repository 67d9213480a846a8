//! In front of ureq, as a [middleware](https://docs.rs/ureq/3/ureq/middleware/index.html).

use super::Gate;
use crate::blocking::runtime::block_on;
use grantee_core::session::call::rejects_the_token;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode};
use ureq::middleware::{Middleware, MiddlewareNext};
use ureq::{Agent, Body, SendBody};

impl crate::blocking::Session {
    /// This session as a middleware of ureq, for the origins that
    /// [`allow_origin`](crate::blocking::SessionBuilder::allow_origin) named. See [`adapters`](crate::adapters) for what it does.
    pub fn middleware(&self) -> AuthorizationMiddleware {
        AuthorizationMiddleware { gate: Gate::new(self.source(), self.options()), replay_by: None }
    }
}

/// Puts a session's token on an agent's requests, and renews it after a 401 that rejects it.
///
/// ureq lets a middleware send a request once, so a second sending goes by another agent, where
/// [`replay_by`](Self::replay_by) gives one; otherwise, and for requests that have a body or settings of their own, the 401
/// comes back and the next request has the new token. Turn the agent's `http_status_as_error` off: it hides the challenge,
/// so that a 401 which is not about the token looks like one that is. Turn redirects off as well, or leave the agent's
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
        if !self.gate.judge_request(&request).map_err(other)? {
            return next.handle(request);
        }
        let source = &self.gate.source;
        let header = block_on(source.header()).map_err(other)?;
        let again = self.copy(&request);
        request.headers_mut().insert(AUTHORIZATION, header.clone());
        let answer = next.handle(request);
        let rejected = match &answer {
            Ok(answer) => rejects_the_token(answer.status(), answer.headers()),
            Err(ureq::Error::StatusCode(status)) => {
                StatusCode::from_u16(*status).is_ok_and(|status| rejects_the_token(status, &HeaderMap::new()))
            }
            Err(_) => false,
        };
        if !rejected {
            return answer;
        }
        let renewed = block_on(source.after_rejection(&header));
        let Some((agent, mut again)) = again else {
            // Renewed for the next request; whether that fails is the next request's affair.
            return answer;
        };
        drop(answer);
        again.headers_mut().insert(AUTHORIZATION, renewed.map_err(other)?);
        agent.run(again)
    }
}

fn other(error: grantee_core::Error) -> ureq::Error {
    ureq::Error::Other(Box::new(error))
}
