//! In front of anything on hyper: a [`tower::Layer`](https://docs.rs/tower-layer).

use super::Gate;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl crate::Session {
    /// This session as a [`tower::Layer`](https://docs.rs/tower-layer), for the origins that
    /// [`allow_origin`](crate::SessionBuilder::allow_origin) named. See [`adapters`](crate::adapters) for what it does.
    pub fn layer(&self) -> AuthorizationLayer {
        AuthorizationLayer { gate: Arc::new(Gate::new(self.source(), self.options())), replay: CloneBody }
    }
}

/// Puts a session's token on the requests of the service below, and sends one more after a 401 that rejects it or demands
/// something of its proof.
///
/// It works on bodies that can be cloned. For others say how to copy them ([`replay_with`](Self::replay_with)) or that
/// nothing is sent again ([`without_replay`](Self::without_replay)).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// # let server = grantor::Server::start(); let (issuer, api) = (server.issuer(), server.url("/api/orders"));
/// use bytes::Bytes;
/// use grantee::{Client, ClientCredentials};
/// use http_body_util::Empty;
/// use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
/// use tower::{Layer, ServiceExt};
///
/// let client = Client::discover(issuer).client("svc", "secret").build()?;
/// let session = client.session(ClientCredentials::new()).allow_origin(&api)?.build()?;
/// let hyper = Hyper::builder(TokioExecutor::new()).build_http();
///
/// let service = session.layer().layer(hyper);
/// let answer = service.oneshot(http::Request::get(&api).body(Empty::<Bytes>::new())?).await?;
/// assert_eq!(answer.status(), 200);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct AuthorizationLayer<R = CloneBody> {
    gate: Arc<Gate>,
    replay: R,
}

impl<R> AuthorizationLayer<R> {
    /// Passes requests to other origins on without a token, instead of refusing them.
    #[must_use]
    pub fn pass_other_origins(mut self) -> Self {
        Arc::make_mut(&mut self.gate).pass_other_origins = true;
        self
    }

    /// Sends nothing again, whatever the body: after a 401 the token is renewed for the next request.
    #[must_use]
    pub fn without_replay(self) -> AuthorizationLayer<NoReplay> {
        AuthorizationLayer { gate: self.gate, replay: NoReplay }
    }

    /// Sends again what this function can copy.
    #[must_use]
    pub fn replay_with<F>(self, copy: F) -> AuthorizationLayer<F> {
        AuthorizationLayer { gate: self.gate, replay: copy }
    }
}

/// How a body is copied before it is sent, in case it must be sent again.
pub trait ReplayBody<B> {
    /// The copy; `None` where this one can't be copied.
    fn copy(&self, body: &B) -> Option<B>;
}

/// Copies bodies by `Clone`.
#[derive(Debug, Clone, Copy, Default)]
pub struct CloneBody;

/// Copies nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoReplay;

impl<B: Clone> ReplayBody<B> for CloneBody {
    fn copy(&self, body: &B) -> Option<B> {
        Some(body.clone())
    }
}

impl<B> ReplayBody<B> for NoReplay {
    fn copy(&self, _: &B) -> Option<B> {
        None
    }
}

impl<B, F: Fn(&B) -> Option<B>> ReplayBody<B> for F {
    fn copy(&self, body: &B) -> Option<B> {
        self(body)
    }
}

impl<S, R: Clone> Layer<S> for AuthorizationLayer<R> {
    type Service = Authorization<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        Authorization { gate: Arc::clone(&self.gate), replay: self.replay.clone(), inner }
    }
}

/// What [`AuthorizationLayer`] makes of a service. Its error is [`Error`](crate::Error) or that of the service below.
#[derive(Debug, Clone)]
pub struct Authorization<S, R = CloneBody> {
    gate: Arc<Gate>,
    replay: R,
    inner: S,
}

impl<S, R, B, A> Service<http::Request<B>> for Authorization<S, R>
where
    S: Service<http::Request<B>, Response = http::Response<A>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    R: ReplayBody<B> + Clone + Send + 'static,
    B: Send + 'static,
    A: Send + 'static,
{
    type Response = http::Response<A>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let uri = match self.gate.judge_request(&request) {
            Ok(uri) => uri,
            Err(error) => return Box::pin(std::future::ready(Err(error.into()))),
        };
        // The service that was polled ready is the one to call; a clone takes its place.
        let next = self.inner.clone();
        let mut service = std::mem::replace(&mut self.inner, next);
        let Some(uri) = uri else {
            let answer = service.call(request);
            return Box::pin(async move { answer.await.map_err(Into::into) });
        };
        let (gate, replay) = (Arc::clone(&self.gate), self.replay.clone());
        Box::pin(async move {
            let method = request.method().clone();
            let mut attempt = gate.source.attempt();
            loop {
                let copy = copied(&request, &replay);
                attempt.authorize(&method, &uri, request.headers_mut()).await?;
                let answer = service.call(request).await.map_err(Into::into)?;
                let again = attempt.again(&uri, answer.status(), answer.headers()).await;
                // Without a copy the token was renewed for the next request; whether that failed is the next request's affair.
                let Some(copy) = copy else { return Ok(answer) };
                if !again? {
                    return Ok(answer);
                }
                drop(answer);
                request = copy;
                poll_fn(|context| service.poll_ready(context)).await.map_err(Into::into)?;
            }
        })
    }
}

fn copied<B>(request: &http::Request<B>, replay: &impl ReplayBody<B>) -> Option<http::Request<B>> {
    let mut copy = http::Request::new(replay.copy(request.body())?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    Some(copy)
}
