//! The authorization endpoint, [RFC 6749 section 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1).

use std::sync::Arc;

use crate::{
    Client, Jwt, Request, access_token, authorization_details,
    authorization_request::{AuthorizationRequest, response_mode, validate},
    browser::Entered,
    callback::{Callback, ResponseMode},
    device_verify,
    error::OAuthError,
    id_token::{IdToken, id_token},
    interaction,
    issue::{has, seconds},
    oauth1, pages, par,
    params::Params,
    request_object,
    response::{Body, Response},
    session,
    shared::{Shared, lock},
    store::{Code, Grant, Life},
};

/// Where the answer goes.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) redirect_uri: String,
    mode: ResponseMode,
    state: Option<String>,
    /// The client, where the answer is to be a JWT for it.
    jarm: Option<String>,
}

impl Reply {
    /// For a device, whose answer goes to no browser.
    pub(crate) fn nowhere() -> Self {
        Self { redirect_uri: String::new(), mode: ResponseMode::Query, state: None, jarm: None }
    }
}

/// A person who is logged in.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) username: String,
    /// Seconds since the epoch.
    pub(crate) auth_time: u64,
}

pub(crate) async fn authorize(shared: &Shared, request: &Request) -> Response {
    let after_post = request.method == "POST";
    let pairs = if after_post { request.form() } else { request.query_pairs() };
    let params = Params::new(pairs);
    if let Some(uri) = params.get("request_uri").filter(|uri| par::is_pushed(uri)) {
        return match par::take(shared, &params, uri) {
            Some(authorization) => proceed(shared, request, authorization, after_post),
            None => pages::error("The request_uri is unknown, used, expired, or another client's."),
        };
    }
    let (params, mistake) = request_object::assemble(shared, params).await;
    // Until it is known that the address belongs to the client, errors are shown here and never sent there
    // (RFC 6749 section 4.1.2.1).
    let (client, redirect_uri) = match destination(shared, &params) {
        Ok(found) => found,
        Err(message) => return pages::error(&message),
    };
    let (reply, checked) = check(shared, &client, redirect_uri, &params);
    let must_push = || shared.config.requests.require_pushed || client.requests.require_pushed;
    let checked = match mistake {
        Some(error) => Err(error),
        None if must_push() => Err(OAuthError::invalid_request("authorization requests must be pushed")),
        None => checked,
    };
    match checked {
        Ok(authorization) => proceed(shared, request, authorization, after_post),
        Err(error) => refuse(shared, &reply, &error, after_post),
    }
}

/// An authorization request that is checked before it comes to a browser (RFC 9126 section 2.1).
pub(crate) fn checked(shared: &Shared, params: &Params) -> Result<AuthorizationRequest, OAuthError> {
    let (client, redirect_uri) = destination(shared, params).map_err(OAuthError::invalid_request)?;
    check(shared, &client, redirect_uri, params).1
}

/// Where the answer goes, and whether the request is in order.
fn check(
    shared: &Shared,
    client: &Client,
    redirect_uri: String,
    params: &Params,
) -> (Reply, Result<AuthorizationRequest, OAuthError>) {
    let (mode, jwt, mistake) = response_mode(client, params);
    let state = params.get("state").map(str::to_owned);
    let reply = Reply { redirect_uri, mode, state, jarm: jwt.then(|| client.id.clone()) };
    let checked = match mistake {
        Some(error) => Err(error),
        None => validate(shared, client, params, reply.clone()),
    };
    (reply, checked)
}

fn destination(shared: &Shared, params: &Params) -> Result<(Arc<Client>, String), String> {
    if params.count("client_id") > 1 || params.count("redirect_uri") > 1 {
        return Err("The request names its client or its redirect URI more than once.".into());
    }
    let id = params.get("client_id").ok_or("The request names no client.")?;
    let client = shared.client(id).ok_or("The request names a client that is not registered here.")?;
    let uri = match (params.get("redirect_uri"), client.redirect_uris().as_slice()) {
        (Some(uri), _) if client.allows_redirect_to(uri) => uri.to_owned(),
        (Some(_), _) => return Err("The redirect URI of the request is not registered for this client.".into()),
        // With one registered there is no doubt which is meant (RFC 6749 section 3.1.2.3).
        (None, [only]) => (*only).to_owned(),
        (None, _) => return Err("The request names no redirect URI.".into()),
    };
    Ok((client, uri))
}

fn proceed(shared: &Shared, request: &Request, authorization: AuthorizationRequest, after_post: bool) -> Response {
    let config = &shared.config;
    let silent = authorization.asks_for("none");
    // A login of this very moment cannot be had without asking for it (OpenID Connect Core 1.0 section 3.1.2.1).
    if silent && authorization.max_age == Some(0) {
        return login_required(shared, &authorization, after_post);
    }
    let session = lock(&shared.browser).session_of(request, config);
    let again = authorization.asks_for("login") || authorization.asks_for("select_account");
    let is_fresh = |login: &Login| {
        let age = shared.clock.seconds().saturating_sub(login.auth_time);
        authorization.max_age.is_none_or(|max_age| age < max_age)
    };
    let login = session.as_ref().and_then(|session| session.login.clone());
    let login = login.filter(|login| !again && is_fresh(login));
    if let Some(user) = config.auto_approve.as_ref().and_then(|name| config.users.get(name)) {
        let login = login.filter(|login| login.username == user.username);
        let entered = lock(&shared.browser).enter(request, config, &user.username, || {
            login.unwrap_or_else(|| Login { username: user.username.clone(), auth_time: shared.clock.seconds() })
        });
        return approve(shared, &authorization, &entered, after_post);
    }
    let consented = session.as_ref().is_some_and(|session| session.has_consented(&authorization));
    match (session, login) {
        (Some(session), Some(login)) if consented => {
            approve(shared, &authorization, &session.entered(login), after_post)
        }
        // OpenID Connect Core 1.0 section 3.1.2.6.
        (_, None) if silent => login_required(shared, &authorization, after_post),
        (_, Some(_)) if silent => {
            let error = OAuthError::new("consent_required", "the person has not consented to this");
            refuse(shared, &authorization.reply, &error, after_post)
        }
        (_, login) => interaction::begin(shared, request, authorization, login),
    }
}

fn login_required(shared: &Shared, authorization: &AuthorizationRequest, after_post: bool) -> Response {
    let error = OAuthError::new("login_required", "nobody who would do is logged in");
    refuse(shared, &authorization.reply, &error, after_post)
}

/// The person said yes.
pub(crate) fn approve(
    shared: &Shared,
    authorization: &AuthorizationRequest,
    entered: &Entered,
    after_post: bool,
) -> Response {
    if let Some(user_code) = &authorization.user_code {
        return device_verify::approved(shared, user_code, entered);
    }
    if let Some(token) = &authorization.oauth1_token {
        return oauth1::approved(shared, token, entered);
    }
    let login = &entered.login;
    let sub = shared.config.users.get(&login.username).map_or(&login.username, |user| &user.sub);
    let Some(client) = shared.client(&authorization.client_id) else {
        return pages::error("The client is not registered here any more.");
    };
    // OpenID Connect Core 1.0 sections 3.1.2.1 and 5.5.1: another person will not do.
    if authorization.sub.as_ref().is_some_and(|wanted| wanted != sub) {
        return login_required(shared, authorization, after_post);
    }
    lock(&shared.browser).remember_client(&entered.session, &client.id);
    let grant = Arc::new(Grant {
        client_id: authorization.client_id.clone(),
        username: Some(login.username.clone()),
        sub: sub.clone(),
        scope: authorization.scope.clone(),
        audience: authorization.audience.clone(),
        authorization_details: authorization_details::granted(shared, authorization.details.clone()),
        auth_time: login.auth_time,
        acr: authorization.acr.clone(),
        nonce: authorization.nonce.clone(),
        state: authorization.reply.state.clone(),
        sid: Some(entered.sid.to_string()),
        claims: authorization.claims.clone(),
        dpop_jkt: authorization.dpop_jkt.clone(),
        ..Grant::default()
    });
    let mut params = response_params(shared, &client, authorization, &grant);
    if has(&grant.scope, "openid") {
        let state = session::session_state(&client.id, &authorization.reply.redirect_uri, &entered.state);
        params.push(("session_state".into(), state));
    }
    let mut response = reply(shared, &authorization.reply, params, after_post);
    response.headers.extend(entered.cookies(&shared.config));
    response
}

/// OpenID Connect Core 1.0 sections 3.1.2.5, 3.2.2.5 and 3.3.2.5.
fn response_params(
    shared: &Shared,
    client: &Client,
    authorization: &AuthorizationRequest,
    grant: &Arc<Grant>,
) -> Vec<(String, String)> {
    let asked = authorization.response_type;
    let mut params: Vec<(String, String)> = Vec::new();
    let code = asked.code.then(|| {
        lock(&shared.store).add_code(Code {
            grant: grant.clone(),
            redirect_uri: authorization.redirect_uri.clone(),
            code_challenge: authorization.code_challenge.clone(),
            life: Life::starting(shared.clock.now(), shared.config.code_lifetime),
            used: false,
        })
    });
    if let Some(code) = &code {
        params.push(("code".into(), code.to_string()));
    }
    let access_token = asked.token.then(|| {
        let (token, _) = access_token::issue(shared, Some(client), grant, &grant.scope, &grant.audience);
        params.push(("access_token".into(), token.to_string()));
        params.push(("token_type".into(), "Bearer".into()));
        params.push(("expires_in".into(), seconds(shared.config.access_token_lifetime).to_string()));
        params.push(("scope".into(), grant.scope.clone()));
        token
    });
    if asked.id_token {
        let with = IdToken {
            client,
            grant,
            scope: &grant.scope,
            jwt: Jwt::FrontChannelIdToken,
            access_token: access_token.as_deref(),
            code: code.as_deref(),
            refresh_token: None,
            state: grant.state.as_deref().filter(|_| client.s_hash),
            userinfo_follows: asked.code || asked.token,
        };
        params.push(("id_token".into(), id_token(shared, &with)));
    }
    params
}

/// The client is told that nothing came of it, RFC 6749 section 4.1.2.1.
pub(crate) fn refuse(shared: &Shared, to: &Reply, error: &OAuthError, after_post: bool) -> Response {
    let params = vec![
        ("error".into(), error.code.into()),
        ("error_description".into(), crate::error::printable(&error.description)),
    ];
    reply(shared, to, params, after_post)
}

fn reply(shared: &Shared, to: &Reply, mut params: Vec<(String, String)>, after_post: bool) -> Response {
    if let Some(state) = &to.state {
        params.push(("state".into(), state.clone()));
    }
    // Errors name their sender too (RFC 9207 section 2).
    params.push(("iss".into(), shared.config.issuer()));
    let mut response = Response::empty(302);
    response.body = Body::Callback(Callback {
        redirect_uri: to.redirect_uri.clone(),
        mode: to.mode,
        params,
        after_post,
        frames: Vec::new(),
        jarm: to.jarm.clone(),
    });
    response
}

/// Makes the code of the callback one that has been used already.
pub(crate) fn spoil_code(shared: &Shared, callback: &Callback) {
    if let Some(code) = callback.get("code") {
        lock(&shared.store).use_code_up(code);
    }
}
