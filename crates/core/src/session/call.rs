//! A call to a protected API: the token put on, one repetition where the answer allows it
//! ([RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3), [RFC 9470](https://www.rfc-editor.org/rfc/rfc9470)).

use super::Source;
use crate::Token;
use crate::client::Client;
use crate::error::{Error, Insufficient, InsufficientKind, Result, TransportErrorKind};
use crate::ports::{Http, Request};
use crate::token_type::{Answer, ProofContext};
use crate::wire::www_authenticate::{self, BearerChallenge};
use crate::wire::{self, form::Params};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use std::sync::Arc;

/// The schemes that say in a challenge what is wrong with a token (RFC 6750 section 3, RFC 9449 section 7.1).
const OURS: [&str; 2] = ["bearer", "dpop"];

/// The stage that errors of API calls name.
pub const STAGE: &str = "api call";

/// Where a Bearer token goes on a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Placement {
    /// `Authorization` (RFC 6750 section 2.1).
    #[default]
    Header,
    /// `access_token` in a form body (RFC 6750 section 2.2); a request with another body is refused.
    FormBody,
    /// `access_token` in the query (RFC 6750 section 2.3). Legacy: URLs end up in logs, histories and `Referer`, so the
    /// token does too.
    Query,
}

/// Sends a request with a source's token. After a 401 that rejects the token the source renews it and the request is
/// sent once more, with the new token; any other answer comes back as it is.
///
/// # Errors
/// [`Error::Insufficient`] when the API asks for more scope or a better login; whatever keeps a token from coming;
/// [`Error::Transport`].
pub async fn call(source: &Source, request: Request, placement: Placement) -> Result<http::Response<Bytes>> {
    let client = source.client();
    let mut request = request;
    hooked(client, &mut request).await?;
    if client.inner.config.token_type.needs_proof() {
        as_it_goes_out(&mut request)?;
    }
    let mut attempt = Attempt::new(source, placement);
    let uri = request.uri().clone();
    let answer = loop {
        let mut with_token = request.clone();
        attempt.authorize_request(&mut with_token).await?;
        let answer = send(client, with_token).await?;
        if !attempt.again(&uri, answer.status(), answer.headers()).await? {
            break answer;
        }
        client.inner.counting.api_retries.add();
    };
    if let Some(insufficient) = insufficient(answer.status(), answer.headers()) {
        return Err(Error::Insufficient(Arc::new(insufficient.with_body(answer.into_body()))));
    }
    Ok(answer)
}

/// One request to an API with a source's token: what goes on it, and whether its answer asks for it to be sent once more. For
/// HTTP clients of the program's own; [`call`] is this around ours.
///
/// A demand of the token type (a nonce, RFC 9449 section 9) is met once for each token; a rejected token is renewed once. So
/// whatever a server answers, a request is sent four times at the most.
///
/// ```no_run
/// # async fn example(source: &grantee_core::session::Source, mut send: impl FnMut(http::Request<()>) -> http::Response<()>)
/// # -> grantee_core::Result<()> {
/// let mut attempt = source.attempt();
/// let answer = loop {
///     let mut request = http::Request::get("https://api.example/orders").body(()).unwrap();
///     let (method, uri) = (request.method().clone(), request.uri().clone());
///     attempt.authorize(&method, &uri, request.headers_mut()).await?;
///     let answer = send(request);
///     if !attempt.again(&uri, answer.status(), answer.headers()).await? {
///         break answer;
///     }
/// };
/// # Ok(()) }
/// ```
pub struct Attempt<'a> {
    source: &'a Source,
    placement: Placement,
    /// The header of the token that goes on next, or went on last.
    header: Option<HeaderValue>,
    demanded: Option<String>,
    /// Where the demand came from, until a request meets it.
    unmet: Option<Uri>,
    renewed: bool,
}

// A URL's query is the caller's own affair.
impl std::fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempt")
            .field("source", &self.source)
            .field("placement", &self.placement)
            .field("renewed", &self.renewed)
            .finish_non_exhaustive()
    }
}

/// Whoever can't send the request again leaves what was demanded to the next one.
impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let (Some(uri), Some(demanded)) = (&self.unmet, &self.demanded) {
            self.source.client().inner.config.token_type.observe(uri, &HeaderMap::new(), Some(demanded));
        }
    }
}

impl<'a> Attempt<'a> {
    pub(crate) fn new(source: &'a Source, placement: Placement) -> Self {
        Self { source, placement, header: None, demanded: None, unmet: None, renewed: false }
    }

    /// Whether the token's type signs requests, and so wants whole ones
    /// ([`authorize_request`](Self::authorize_request)) where they are at hand.
    pub fn signs_request(&self) -> bool {
        self.source.client().inner.config.token_type.signs_request()
    }

    /// Puts the token on a request, and a proof where its type needs one: new ones at each call. Of a type that signs requests
    /// ([`oauth1`](crate::oauth1)) those alone that can be signed without their body.
    ///
    /// # Errors
    /// Whatever keeps a token from coming; [`Error::Config`] for one that can't be put on a request.
    pub async fn authorize(&mut self, method: &Method, uri: &Uri, headers: &mut HeaderMap) -> Result<()> {
        let client = self.source.client();
        let token_type = &client.inner.config.token_type;
        if !token_type.needs_proof() {
            let header = match self.header.take() {
                Some(header) => header,
                None => self.source.authorization().await?,
            };
            self.header = Some(header.clone());
            headers.insert(AUTHORIZATION, header);
            return Ok(());
        }
        if token_type.signs_request() {
            // A copy, so that whoever gives up a slow signer keeps the headers.
            let mut head = http::Request::new(()).into_parts().0;
            (head.method, head.uri, head.headers) = (method.clone(), uri.clone(), headers.clone());
            self.sign(&mut head, None).await?;
            if head.uri != *uri {
                return Err(Error::config(
                    "a signature in the query changes the request's URL",
                    "place it in the header, or hand over the whole request",
                ));
            }
            *headers = head.headers;
            return Ok(());
        }
        // The proof is for the very token that goes along, whatever is renewed meanwhile.
        let (token, header) = self.source.fresh().await?;
        let mut context = ProofContext::new(method, uri, client.now(), &*client.inner.ports.entropy);
        context.token = Some(&*token);
        context.key_thumbprint = token.key_thumbprint.as_deref();
        context.demanded = self.demanded.as_deref();
        token_type.prove(context, headers).await?;
        self.unmet = None;
        self.header = Some(header.clone());
        headers.insert(AUTHORIZATION, header);
        Ok(())
    }

    async fn sign(&mut self, head: &mut http::request::Parts, body: Option<&mut Bytes>) -> Result<()> {
        if self.placement != Placement::Header {
            return Err(Error::config(
                "a signature does not go where a Bearer token would",
                "leave placement(…) out; Signing::placement says where OAuth 1.0 has it (RFC 5849 section 3.5)",
            ));
        }
        let client = self.source.client();
        let (token, header) = self.source.fresh().await?;
        let (method, uri) = (head.method.clone(), head.uri.clone());
        let mut context = ProofContext::new(&method, &uri, client.now(), &*client.inner.ports.entropy);
        context.token = Some(&*token);
        self.header = Some(header);
        client.inner.config.token_type.sign(context, head, body).await
    }

    /// As [`authorize`](Self::authorize), of a whole request: whatever of it a token's type signs or changes.
    ///
    /// # Errors
    /// As [`authorize`](Self::authorize).
    pub async fn authorize_request(&mut self, request: &mut Request) -> Result<()> {
        if self.source.client().inner.config.token_type.signs_request() {
            // A copy, so that whoever gives up a slow signer keeps the request.
            let (mut head, mut body) = request.clone().into_parts();
            self.sign(&mut head, Some(&mut body)).await?;
            *request = Request::from_parts(head, body);
            return Ok(());
        }
        if let Some(rules) = self.source.client().inner.config.rules {
            rules.check_placement(self.placement)?;
        }
        if self.placement == Placement::Header {
            let (method, uri) = (request.method().clone(), request.uri().clone());
            return self.authorize(&method, &uri, request.headers_mut()).await;
        }
        if self.source.client().inner.config.token_type.needs_proof() {
            return Err(Error::config(
                "a token with a proof goes into the header only",
                "leave placement(…) out (RFC 9449 section 7.1)",
            ));
        }
        let header = match self.header.take() {
            Some(header) => header,
            None => self.source.authorization().await?,
        };
        place(request, &header, self.placement)?;
        self.header = Some(header);
        Ok(())
    }

    /// Whether the request is to be made and sent once more: the answer rejects the token, which has been renewed, or demands
    /// something of the proof. To be asked about every answer, since later proofs may need what it says.
    ///
    /// # Errors
    /// Whatever keeps a new token from coming.
    pub async fn again(&mut self, uri: &Uri, status: StatusCode, headers: &HeaderMap) -> Result<bool> {
        let token_type = &self.source.client().inner.config.token_type;
        if self.demanded.is_none() {
            self.demanded = token_type.demand(Answer::Api(status, headers));
            if self.demanded.is_some() {
                self.unmet = Some(uri.clone());
                return Ok(true);
            }
        }
        token_type.observe(uri, headers, self.demanded.as_deref());
        let Some(header) = self.header.take() else { return Ok(false) };
        let is_renewed = token_type.is_renewed();
        // Where nothing is renewed the person may have logged in again elsewhere, and a store knows.
        let may_change = is_renewed || self.source.inner.store.is_some();
        if self.renewed || !may_change || !rejects_the_token(status, headers) {
            return Ok(false);
        }
        self.renewed = true;
        let other = match self.source.after_rejection(&header).await {
            Err(_) if !is_renewed => return Ok(false),
            other => other?,
        };
        // The same again where the API rejects tokens faster than they are renewed.
        let renewed = other != header;
        self.header = Some(other);
        self.demanded = None;
        Ok(renewed)
    }
}

impl Client {
    /// Sends a request with a token that no session holds, once more where the token type's proof has to be made anew.
    pub(crate) async fn present(
        &self,
        stage: &'static str,
        token: &Token,
        request: Request,
    ) -> Result<http::Response<Bytes>> {
        let config = &self.inner.config;
        let ports = &self.inner.ports;
        config.token_type.usable(token, ports)?;
        let header = config.token_type.header(token)?;
        let uri = request.uri().clone();
        let mut demanded = None;
        loop {
            let mut request = request.clone();
            if config.token_type.signs_request() {
                let (mut head, mut body) = request.into_parts();
                let (method, uri) = (head.method.clone(), head.uri.clone());
                let mut context = ProofContext::new(&method, &uri, self.now(), &*ports.entropy);
                context.token = Some(token);
                config.token_type.sign(context, &mut head, Some(&mut body)).await?;
                return self.exchange(stage, Request::from_parts(head, body)).await;
            }
            if config.token_type.needs_proof() {
                let method = request.method().clone();
                let mut context = ProofContext::new(&method, &uri, self.now(), &*ports.entropy);
                context.token = Some(token);
                context.key_thumbprint = token.key_thumbprint.as_deref();
                context.demanded = demanded.as_deref();
                config.token_type.prove(context, request.headers_mut()).await?;
            }
            request.headers_mut().insert(AUTHORIZATION, header.clone());
            let answer = self.exchange(stage, request).await?;
            if demanded.is_none() {
                demanded = config.token_type.demand(Answer::Api(answer.status(), answer.headers()));
                if demanded.is_some() {
                    continue;
                }
            }
            config.token_type.observe(&uri, answer.headers(), demanded.as_deref());
            return Ok(answer);
        }
    }
}

/// Writes a URL as the URL standard does, without dot segments and the like. HTTP clients do so too, some of them, and a proof is
/// for what they send (RFC 9449 section 4.2).
fn as_it_goes_out(request: &mut Request) -> Result<()> {
    let mut url = wire::url::parse("the request's URL", &request.uri().to_string())?;
    url.set_fragment(None);
    if !wire::url::is_exactly(request.uri(), url.as_str()) {
        *request.uri_mut() = url.as_str().parse().map_err(|_| {
            Error::config("the request's URL is not one that HTTP can carry", "it may be too long: send a body")
        })?;
    }
    Ok(())
}

async fn send(client: &Client, request: Request) -> Result<http::Response<Bytes>> {
    client.inner.counting.api_requests.add();
    let outcome = exchange(&*client.inner.ports.http, request).await;
    let client_id = client.client_id();
    // The program's own traffic, so not at the level of conversations about tokens.
    match &outcome {
        Ok(answer) => tracing::debug!(client_id, status = answer.status().as_u16(), "api call"),
        Err(error) => tracing::debug!(client_id, outcome = error.code(), "api call"),
    }
    outcome
}

/// Sends a request to an API as it is: no token, no repetition.
///
/// # Errors
/// [`Error::Transport`]; [`Error::Rule`] when another origin answered than the one that was asked.
pub async fn exchange(http: &dyn Http, request: Request) -> Result<http::Response<Bytes>> {
    let asked = request.uri().to_string();
    let sent = http.send(request).await;
    let response = sent.map_err(|mut error| {
        error.stage = STAGE;
        if error.kind == TransportErrorKind::TooLarge {
            error.message = format!("{}; raise the limit for this request where such answers are right", error.message);
        }
        error
    })?;
    crate::client::same_origin_answer(STAGE, &asked, &response.url)?;
    Ok(response.http)
}

/// The token in the place of a header.
fn place(request: &mut Request, header: &HeaderValue, placement: Placement) -> Result<()> {
    let token =
        header.to_str().ok().and_then(|header| header.split_once(' ')).map(|(_, token)| token).unwrap_or_default();
    let pair = Params::new().with("access_token", token).encode();
    if placement == Placement::Query {
        let uri = request.uri().to_string();
        let joint = if uri.contains('?') { '&' } else { '?' };
        *request.uri_mut() = format!("{uri}{joint}{pair}")
            .parse()
            .map_err(|_| Error::config("the token makes no URL", "place it in the header"))?;
        // RFC 6750 section 2.3: nobody on the way may keep it.
        request.headers_mut().insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return Ok(());
    }
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    let is_form = match request.headers().get(CONTENT_TYPE) {
        Some(kind) => kind.to_str().is_ok_and(|kind| {
            kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        }),
        None => request.body().is_empty(),
    };
    // RFC 6750 section 2.2: only on a form, and never where a body has no meaning.
    if !is_form || matches!(*request.method(), http::Method::GET | http::Method::HEAD) {
        return Err(Error::config(
            "the token can't go into the body of this request, which is no form",
            "place it in the header, or send a form by POST, PUT or PATCH",
        ));
    }
    let mut body = request.body().to_vec();
    if !body.is_empty() {
        body.push(b'&');
    }
    body.extend_from_slice(pair.as_bytes());
    request.headers_mut().insert(CONTENT_TYPE, form);
    *request.body_mut() = Bytes::from(body);
    Ok(())
}

/// Shows a request to the hooks, which may change anything but where it goes.
pub(crate) async fn hooked(client: &Client, request: &mut Request) -> Result<()> {
    for hook in &client.inner.config.hooks {
        let asked = request.uri().clone();
        hook.before_protected_request(request).await?;
        // The caller has judged where the token may go.
        if (request.uri().scheme(), request.uri().authority()) != (asked.scheme(), asked.authority()) {
            return Err(Error::config(
                "a hook moved the request to another origin than the one the token may go to",
                "send the request to that origin in the first place",
            ));
        }
    }
    Ok(())
}

/// Whether an answer rejects the token: a 401 with `invalid_token`, with a challenge without `error`, or without a challenge.
pub fn rejects_the_token(status: StatusCode, headers: &HeaderMap) -> bool {
    if status != StatusCode::UNAUTHORIZED {
        return false;
    }
    let challenges = www_authenticate::parse(headers);
    let mut ours = OURS.iter().filter_map(|scheme| BearerChallenge::of_scheme(&challenges, scheme)).peekable();
    // A server may offer several schemes at once; the one that says what is wrong is the one that counts.
    ours.peek().is_none()
        || match ours.clone().find_map(|challenge| challenge.error) {
            Some(error) => error == "invalid_token",
            None => true,
        }
}

/// What the API asks for beyond the token it got.
pub fn insufficient(status: StatusCode, headers: &HeaderMap) -> Option<Insufficient> {
    if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return None;
    }
    let challenges = www_authenticate::parse(headers);
    let mut ours = OURS.iter().filter_map(|scheme| BearerChallenge::of_scheme(&challenges, scheme));
    let challenge = ours.find(|challenge| challenge.error.is_some())?;
    let kind = match challenge.error.as_deref()? {
        "insufficient_scope" => InsufficientKind::Scope,
        "insufficient_user_authentication" => InsufficientKind::UserAuthentication,
        _ => return None,
    };
    Some(Insufficient {
        kind,
        status: status.as_u16(),
        scope: challenge.scope,
        acr_values: challenge.acr_values,
        max_age: challenge.max_age,
        description: challenge.error_description,
        headers: headers.clone(),
        body: Bytes::new(),
    })
}
