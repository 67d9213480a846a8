//! The person agrees, [RFC 5849 section 2.2](https://www.rfc-editor.org/rfc/rfc5849#section-2.2).

use std::sync::Arc;

use super::store::State;
use crate::{
    Request,
    authorization_request::AuthorizationRequest,
    browser::Entered,
    callback::{Callback, ResponseMode},
    interaction,
    pages::{self, escape, page},
    random,
    response::{Body, Response},
    shared::{Shared, lock},
};

pub(crate) fn authorize(shared: &Shared, request: &Request) -> Response {
    let tokens: Vec<_> = request.query_pairs().into_iter().filter(|(name, _)| name == "oauth_token").collect();
    let [(_, token)] = tokens.as_slice() else {
        return pages::error("The request must name its temporary credentials, once.");
    };
    let waiting = lock(&shared.oauth1).waiting(token, &shared.clock).cloned();
    let Some(temporary) = waiting else {
        return out_of_date();
    };
    if let Some(username) = &shared.config.auto_approve {
        return decided(shared, token, Some(username), false);
    }
    let session = lock(&shared.browser).session_of(request, &shared.config);
    let login = session.and_then(|session| session.login);
    let authorization = AuthorizationRequest::of_oauth1(&temporary.consumer_key, &temporary.callback, token);
    interaction::begin(shared, request, authorization, login)
}

/// The person has logged in and said yes.
pub(crate) fn approved(shared: &Shared, token: &str, entered: &Entered) -> Response {
    let mut response = decided(shared, token, Some(&entered.login.username), true);
    response.headers.extend(entered.cookies(&shared.config));
    response
}

/// The person said no.
pub(crate) fn denied(shared: &Shared, token: &str) -> Response {
    decided(shared, token, None, true)
}

/// Yes by a person, with the verifier for it, or no. Nothing, where nobody was asked any more.
pub(crate) fn decide(shared: &Shared, token: &str, username: Option<&str>) -> Option<(String, Option<Arc<str>>)> {
    let mut store = lock(&shared.oauth1);
    let temporary = store.waiting(token, &shared.clock)?;
    let verifier = username.map(|_| random::token());
    temporary.state = match (&verifier, username) {
        (Some(verifier), Some(username)) => {
            State::Approved { verifier: verifier.clone(), username: username.to_owned() }
        }
        _ => State::Denied,
    };
    Some((temporary.callback.clone(), verifier))
}

fn decided(shared: &Shared, token: &str, username: Option<&str>, after_post: bool) -> Response {
    let Some((callback, verifier)) = decide(shared, token, username) else {
        return out_of_date();
    };
    if callback == "oob" {
        return match verifier {
            Some(verifier) => code(&verifier),
            None => page(200, "Not connected", "<h1>Not connected</h1><p>The program gets no access.</p>"),
        };
    }
    let mut params = vec![("oauth_token".to_owned(), token.to_owned())];
    params.push(match verifier {
        Some(verifier) => ("oauth_verifier".to_owned(), verifier.to_string()),
        None => ("oauth_problem".to_owned(), "permission_denied".to_owned()),
    });
    let mut response = Response::empty(302);
    response.body = Body::Callback(Callback {
        redirect_uri: callback,
        mode: ResponseMode::Query,
        params,
        after_post,
        frames: Vec::new(),
        jarm: None,
    });
    response
}

fn code(verifier: &str) -> Response {
    let body = format!(
        "<h1>Connected</h1><p>Enter this code in the program that sent you here:</p><p><code id=\"verifier\">{}</code></p>",
        escape(verifier)
    );
    page(200, "Your code", &body)
}

fn out_of_date() -> Response {
    pages::error("The temporary credentials are unknown, used or expired. Please start again.")
}
