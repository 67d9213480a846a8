//! A call to a protected API: the token put on, one repetition where the answer allows it
//! ([RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3), [RFC 9470](https://www.rfc-editor.org/rfc/rfc9470)).

use super::Source;
use crate::client::Client;
use crate::error::{Error, Insufficient, InsufficientKind, Result, TransportErrorKind};
use crate::ports::{Http, Request};
use crate::wire::form::Params;
use crate::wire::www_authenticate::{self, BearerChallenge};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::sync::Arc;

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
    let header = source.header().await?;
    let mut answer = send(client, with_token(&request, &header, placement)?).await?;
    if rejects_the_token(answer.status(), answer.headers()) {
        let other = source.after_rejection(&header).await?;
        // The same again where the API rejects tokens faster than they are renewed.
        if other != header {
            client.inner.counting.api_retries.add();
            answer = send(client, with_token(&request, &other, placement)?).await?;
        }
    }
    if let Some(insufficient) = insufficient(answer.status(), answer.headers()) {
        return Err(Error::Insufficient(Arc::new(insufficient.with_body(answer.into_body()))));
    }
    Ok(answer)
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

/// The request with the token on it. A repetition makes it anew from the same parts.
fn with_token(request: &Request, header: &HeaderValue, placement: Placement) -> Result<Request> {
    let mut request = request.clone();
    if placement == Placement::Header {
        request.headers_mut().insert(AUTHORIZATION, header.clone());
        return Ok(request);
    }
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
        return Ok(request);
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
    Ok(request)
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
    let Some(challenge) = BearerChallenge::find(&www_authenticate::parse(headers)) else {
        return true;
    };
    matches!(challenge.error.as_deref(), None | Some("invalid_token"))
}

/// What the API asks for beyond the token it got.
pub fn insufficient(status: StatusCode, headers: &HeaderMap) -> Option<Insufficient> {
    if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return None;
    }
    let challenge = BearerChallenge::find(&www_authenticate::parse(headers))?;
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
