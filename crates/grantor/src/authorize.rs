//! The authorization endpoint, [RFC 6749 section 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1).

use std::sync::Arc;

use crate::{
    Client, Request, User,
    callback::{Callback, ResponseMode},
    error::OAuthError,
    interaction, pages,
    params::Params,
    response::Response,
    shared::{Shared, lock},
    store::{Code, Grant, Life, since_epoch},
};

/// A request that has been found in order.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizationRequest {
    pub(crate) client_id: String,
    pub(crate) reply: Reply,
    /// As sent; the token request must repeat it (RFC 6749 section 4.1.3).
    redirect_uri: Option<String>,
    pub(crate) scope: String,
    audience: Vec<String>,
    code_challenge: Option<String>,
    nonce: Option<String>,
    acr: Option<String>,
    prompt: Vec<String>,
    max_age: Option<u64>,
    pub(crate) login_hint: Option<String>,
}

/// Where the answer goes.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) redirect_uri: String,
    mode: ResponseMode,
    state: Option<String>,
}

/// A person who is logged in.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) username: String,
    /// Seconds since the epoch.
    pub(crate) auth_time: u64,
}

impl AuthorizationRequest {
    pub(crate) fn asks_for(&self, prompt: &str) -> bool {
        self.prompt.iter().any(|value| value == prompt)
    }

    /// Whether a login of that time will do.
    fn is_fresh(&self, login: &Login) -> bool {
        let age = since_epoch().as_secs().saturating_sub(login.auth_time);
        self.max_age.is_none_or(|max_age| age < max_age)
    }
}

pub(crate) fn authorize(shared: &Shared, request: &Request) -> Response {
    let after_post = request.method == "POST";
    let pairs = if after_post { request.form() } else { request.query_pairs() };
    let params = Params::new(pairs);
    // Until it is known that the address belongs to the client, errors are shown here and never sent there
    // (RFC 6749 section 4.1.2.1).
    let (client, redirect_uri) = match destination(shared, &params) {
        Ok(found) => found,
        Err(message) => return pages::error(&message),
    };
    let mode = params.get("response_mode").map_or(Some(ResponseMode::Query), ResponseMode::parse);
    let reply = Reply {
        redirect_uri,
        mode: mode.unwrap_or(ResponseMode::Query),
        state: params.get("state").map(str::to_owned),
    };
    if mode.is_none() {
        let error = OAuthError::invalid_request("response_mode is none of query, fragment and form_post");
        return refuse(shared, &reply, &error, after_post);
    }
    match validate(client, &params, reply.clone()) {
        Ok(authorization) => proceed(shared, request, authorization, after_post),
        Err(error) => refuse(shared, &reply, &error, after_post),
    }
}

fn destination<'a>(shared: &'a Shared, params: &Params) -> Result<(&'a Client, String), String> {
    if params.count("client_id") > 1 || params.count("redirect_uri") > 1 {
        return Err("The request names its client or its redirect URI more than once.".into());
    }
    let id = params.get("client_id").ok_or("The request names no client.")?;
    let client = shared.config.clients.get(id).ok_or("The request names a client that is not registered here.")?;
    match (params.get("redirect_uri"), client.redirect_uris().as_slice()) {
        (Some(uri), _) if client.allows_redirect_to(uri) => Ok((client, uri.to_owned())),
        (Some(_), _) => Err("The redirect URI of the request is not registered for this client.".into()),
        // With one registered there is no doubt which is meant (RFC 6749 section 3.1.2.3).
        (None, [only]) => Ok((client, (*only).to_owned())),
        (None, _) => Err("The request names no redirect URI.".into()),
    }
}

fn validate(client: &Client, params: &Params, reply: Reply) -> Result<AuthorizationRequest, OAuthError> {
    if let Some(name) = params.repeated() {
        return Err(OAuthError::invalid_request(format!("the parameter {name} is repeated")));
    }
    if params.get("request").is_some() {
        return Err(OAuthError::new("request_not_supported", "request objects are not supported"));
    }
    if params.get("request_uri").is_some() {
        return Err(OAuthError::new("request_uri_not_supported", "request_uri is not supported"));
    }
    if params.required("response_type")? != "code" {
        return Err(OAuthError::new("unsupported_response_type", "the only response_type here is code"));
    }
    let code_challenge = code_challenge(client, params)?;
    let scope = client
        .grantable(params.get("scope"))
        .map_err(|value| OAuthError::new("invalid_scope", format!("the scope {value} is not allowed")))?;
    let prompt: Vec<String> = params.get("prompt").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    if prompt.len() > 1 && prompt.iter().any(|value| value == "none") {
        return Err(OAuthError::invalid_request("prompt none stands alone"));
    }
    let max_age = match params.get("max_age").map(str::parse) {
        Some(Err(_)) => return Err(OAuthError::invalid_request("max_age must be a number of seconds")),
        Some(Ok(seconds)) => Some(seconds),
        None => None,
    };
    let text = |name: &str| params.get(name).map(str::to_owned);
    Ok(AuthorizationRequest {
        client_id: client.id.clone(),
        reply,
        redirect_uri: text("redirect_uri"),
        scope,
        audience: params.audience()?,
        code_challenge,
        nonce: text("nonce"),
        acr: params.get("acr_values").and_then(|values| values.split_whitespace().next()).map(str::to_owned),
        prompt,
        max_age,
        login_hint: text("login_hint"),
    })
}

/// RFC 7636 section 4.3, with S256 alone: a plain challenge protects nothing (RFC 9700 section 2.1.1).
fn code_challenge(client: &Client, params: &Params) -> Result<Option<String>, OAuthError> {
    let Some(challenge) = params.get("code_challenge") else {
        if client.is_public() {
            return Err(OAuthError::invalid_request("a public client needs a code_challenge"));
        }
        if params.get("code_challenge_method").is_some() {
            return Err(OAuthError::invalid_request("code_challenge_method came without a code_challenge"));
        }
        return Ok(None);
    };
    // A method left out means plain.
    if params.get("code_challenge_method") != Some("S256") {
        return Err(OAuthError::invalid_request("code_challenge_method must be S256"));
    }
    let base64url = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if challenge.len() != 43 || !challenge.bytes().all(base64url) {
        return Err(OAuthError::invalid_request("code_challenge is no SHA-256 hash in base64url"));
    }
    Ok(Some(challenge.to_owned()))
}

fn proceed(shared: &Shared, request: &Request, authorization: AuthorizationRequest, after_post: bool) -> Response {
    if let Some(user) = shared.config.auto_approve.as_ref().and_then(|name| shared.config.users.get(name)) {
        let login = Login { username: user.username.clone(), auth_time: since_epoch().as_secs() };
        return approve(shared, &authorization, &login, after_post);
    }
    let session = lock(&shared.browser).session_of(request, &shared.config);
    let again = authorization.asks_for("login") || authorization.asks_for("select_account");
    let login = session.login.clone().filter(|login| !again && authorization.is_fresh(login));
    let consented = session.has_consented(&authorization);
    match login {
        Some(login) if consented => approve(shared, &authorization, &login, after_post),
        // OpenID Connect Core 1.0 section 3.1.2.6.
        None if authorization.asks_for("none") => {
            let error = OAuthError::new("login_required", "nobody is logged in");
            refuse(shared, &authorization.reply, &error, after_post)
        }
        Some(_) if authorization.asks_for("none") => {
            let error = OAuthError::new("consent_required", "the person has not consented to this");
            refuse(shared, &authorization.reply, &error, after_post)
        }
        login => interaction::begin(shared, request, authorization, login),
    }
}

/// The person said yes.
pub(crate) fn approve(
    shared: &Shared,
    authorization: &AuthorizationRequest,
    login: &Login,
    after_post: bool,
) -> Response {
    let sub = shared.config.users.get(&login.username).map_or(&login.username, |user: &User| &user.sub);
    let grant = Grant {
        client_id: authorization.client_id.clone(),
        username: Some(login.username.clone()),
        sub: sub.clone(),
        scope: authorization.scope.clone(),
        audience: authorization.audience.clone(),
        auth_time: login.auth_time,
        acr: authorization.acr.clone(),
        nonce: authorization.nonce.clone(),
        ..Grant::default()
    };
    let code = lock(&shared.store).add_code(Code {
        grant: Arc::new(grant),
        redirect_uri: authorization.redirect_uri.clone(),
        code_challenge: authorization.code_challenge.clone(),
        life: Life::starting_now(shared.config.code_lifetime),
        used: false,
    });
    reply(shared, &authorization.reply, vec![("code".into(), code.to_string())], after_post)
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
    response.body = crate::response::Body::Callback(Callback {
        redirect_uri: to.redirect_uri.clone(),
        mode: to.mode,
        params,
        after_post,
    });
    response
}

/// Makes the code of the callback one that has been used already.
pub(crate) fn spoil_code(shared: &Shared, callback: &Callback) {
    if let Some(code) = callback.get("code") {
        lock(&shared.store).use_code_up(code);
    }
}
