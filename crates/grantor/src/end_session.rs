//! Logging out, [OpenID Connect RP-Initiated Logout 1.0](https://openid.net/specs/openid-connect-rpinitiated-1_0.html).

use std::sync::Arc;

use crate::{
    Client, Request,
    authorize::Login,
    browser::{Session, no_cookies},
    callback::{Callback, ResponseMode},
    id_token_hint::IdTokenHint,
    logout, pages,
    params::Params,
    response::{Body, Response},
    shared::{Shared, lock},
};

/// Where the browser goes afterwards.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    uri: String,
    state: Option<String>,
}

pub(crate) fn end_session(shared: &Shared, request: &Request) -> Response {
    let after_post = request.method == "POST";
    let params = Params::new(if after_post { request.form() } else { request.query_pairs() });
    let hint = params.get("id_token_hint").and_then(|hint| IdTokenHint::read(shared, hint));
    let client = match client(shared, &params, hint.as_ref()) {
        Ok(client) => client,
        Err(message) => return pages::error(&message),
    };
    let allowed = |uri: &&str| client.as_ref().is_some_and(|client| client.allows_post_logout_redirect_to(uri));
    // Nobody is sent to an address that is not the client's (section 3).
    let target = params
        .get("post_logout_redirect_uri")
        .filter(allowed)
        .map(|uri| Target { uri: uri.to_owned(), state: params.get("state").map(str::to_owned) });

    let of_hint = hint.as_ref().and_then(|hint| hint.sid.as_ref());
    let session = {
        let browser = lock(&shared.browser);
        let named = of_hint.and_then(|sid| browser.session_by_sid(sid));
        named.or_else(|| browser.session_of(request, &shared.config))
    };
    let login = session.as_ref().and_then(|session| session.login.as_ref());
    let asked_by_the_person = shared.config.auto_approve.is_some()
        || login.is_none_or(|login| hint.as_ref().is_some_and(|hint| hint.sub == sub_of(shared, login)));
    match session {
        // Any page could send a browser here; without a hint the person decides (section 2).
        Some(session) if !asked_by_the_person => {
            let (id, csrf) = lock(&shared.browser).ask_to_log_out(session.id, target);
            pages::confirm_logout(&shared.config, &id, &csrf, client.as_ref().map(|client| client.id.as_str()))
        }
        session => finish(shared, session.as_ref(), target, after_post),
    }
}

/// The person's own answer.
pub(crate) fn confirm(shared: &Shared, request: &Request) -> Response {
    let asked = lock(&shared.browser).take_logout(request, &shared.config);
    let Some((session, target)) = asked else {
        return pages::error("This page is out of date, or it was not opened in this browser. Please start again.");
    };
    if request.form_value("action").as_deref() != Some("logout") {
        return pages::still_signed_in();
    }
    finish(shared, session.as_ref(), target, true)
}

fn client(shared: &Shared, params: &Params, hint: Option<&IdTokenHint>) -> Result<Option<Arc<Client>>, String> {
    let named = params.get("client_id");
    // Section 2: both must mean the same client.
    if let (Some(named), Some(hint)) = (named, hint)
        && named != hint.client_id
    {
        return Err("The request names another client than its ID token was issued to.".into());
    }
    match named.or(hint.map(|hint| hint.client_id.as_str())) {
        Some(id) => shared.client(id).map(Some).ok_or_else(|| "There is no such client here.".into()),
        None => Ok(None),
    }
}

pub(crate) fn sub_of(shared: &Shared, login: &Login) -> String {
    shared.config.users.get(&login.username).map_or_else(|| login.username.clone(), |user| user.sub.clone())
}

fn finish(shared: &Shared, session: Option<&Session>, target: Option<Target>, after_post: bool) -> Response {
    let (frames, notices) = match session {
        Some(session) => {
            lock(&shared.browser).log_out(&session.id);
            (logout::frames(shared, session), logout::notices(shared, session))
        }
        None => (Vec::new(), Vec::new()),
    };
    let mut response = match target {
        Some(Target { uri, state }) => {
            let params = state.map(|state| ("state".to_owned(), state)).into_iter().collect();
            let mode = ResponseMode::Query;
            let mut response = Response::empty(303);
            response.body =
                Body::Callback(Callback { redirect_uri: uri, mode, params, after_post, frames, jarm: None });
            response
        }
        None if frames.is_empty() => pages::signed_out(),
        None => pages::logging_out(&frames, None),
    };
    response.headers.extend(no_cookies(&shared.config));
    response.notices = notices;
    response
}
