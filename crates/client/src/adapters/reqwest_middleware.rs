//! In front of reqwest, as a [middleware](https://docs.rs/reqwest-middleware).

use super::Gate;
use crate::Attempt;
use bytes::Bytes;
use http::{Extensions, Method, Uri};
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next, Result};
use std::pin::Pin;

impl crate::Session {
    /// This session as a middleware of reqwest-middleware, for the origins that
    /// [`allow_origin`](crate::SessionBuilder::allow_origin) named. See [`adapters`](crate::adapters) for what it does.
    pub fn middleware(&self) -> AuthorizationMiddleware {
        AuthorizationMiddleware { gate: Gate::new(self.source(), self.options()) }
    }
}

/// Puts a session's token on requests, and sends one more after a 401 that rejects it or demands something of its proof. A
/// request whose body is a stream can't be sent again; its 401 comes back.
///
/// The reqwest client below should follow no redirects; one that does drops the token itself when it leaves the host. What stands
/// in query or body it takes along, so that a signature (OAuth 1.0) goes into the header only.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = grantor::Server::start(); let (issuer, api) = (server.issuer(), server.url("/api/orders"));
/// use grantee::{Client, ClientCredentials};
/// use reqwest_middleware::ClientBuilder;
///
/// let client = Client::discover(issuer).client("svc", "secret").build()?;
/// let session = client.session(ClientCredentials::new()).allow_origin(&api)?.build()?;
/// let reqwest = ClientBuilder::new(reqwest::Client::new()).with(session.middleware()).build();
/// assert_eq!(reqwest.get(&api).send().await?.status(), 200);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct AuthorizationMiddleware {
    gate: Gate,
}

impl AuthorizationMiddleware {
    /// Passes requests to other origins on without a token, instead of refusing them.
    #[must_use]
    pub fn pass_other_origins(mut self) -> Self {
        self.gate.pass_other_origins = true;
        self
    }

    async fn exchange(&self, mut request: Request, extensions: &mut Extensions, next: Next<'_>) -> Result<Response> {
        if !self.gate.judge(request.url()).map_err(Error::middleware)? {
            return next.run(request, extensions).await;
        }
        let asked = request.url().origin();
        let url = request.url().as_str().parse();
        let (method, uri) = (request.method().clone(), url.map_err(Error::middleware)?);
        let mut attempt = self.gate.source.attempt();
        loop {
            let copy = request.try_clone();
            authorize(&mut attempt, &method, &uri, &mut request).await.map_err(Error::middleware)?;
            let answer = next.clone().run(request, extensions).await?;
            // A redirect led elsewhere, without the token: what stands in that answer is not about it.
            if answer.url().origin() != asked {
                return Ok(answer);
            }
            let again = attempt.again(&uri, answer.status(), answer.headers()).await;
            // Without a copy the token was renewed for the next request; whether that failed is the next request's affair.
            let Some(copy) = copy else { return Ok(answer) };
            if !again.map_err(Error::middleware)? {
                return Ok(answer);
            }
            request = copy;
        }
    }
}

/// With the body where it is there as a whole, for a token's type that signs it.
async fn authorize(attempt: &mut Attempt<'_>, method: &Method, uri: &Uri, request: &mut Request) -> crate::Result<()> {
    let body = match request.body() {
        None => Some(Bytes::new()),
        Some(body) => body.as_bytes().map(Bytes::copy_from_slice),
    };
    let Some(body) = body.filter(|_| attempt.signs_request()) else {
        return attempt.authorize(method, uri, request.headers_mut()).await;
    };
    let mut whole = http::Request::new(body.clone());
    (*whole.method_mut(), *whole.uri_mut()) = (method.clone(), uri.clone());
    *whole.headers_mut() = std::mem::take(request.headers_mut());
    attempt.authorize_request(&mut whole).await?;
    let (head, signed) = whole.into_parts();
    // A redirect of reqwest's would show the query as `Referer`, and the body as it is, to whomever it leads to.
    if head.uri != *uri || signed != body {
        return Err(crate::Error::config(
            "an adapter puts a signature into the header only",
            "leave Signing::placement out, or use an ApiClient",
        ));
    }
    *request.headers_mut() = head.headers;
    Ok(())
}

impl Middleware for AuthorizationMiddleware {
    // What `#[async_trait]` would write.
    fn handle<'s, 'e, 'n, 'f>(
        &'s self,
        request: Request,
        extensions: &'e mut Extensions,
        next: Next<'n>,
    ) -> Pin<Box<dyn Future<Output = Result<Response>> + Send + 'f>>
    where
        's: 'f,
        'e: 'f,
        'n: 'f,
        Self: 'f,
    {
        Box::pin(self.exchange(request, extensions, next))
    }
}
