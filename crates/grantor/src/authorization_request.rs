//! The authorization request, [RFC 6749 section 4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1) and
//! [OpenID Connect Core 1.0 section 3.1.2.1](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest).

use serde_json::Value;

use crate::{
    Client, authorization_details,
    authorize::Reply,
    callback::{ResponseMode, parse_response_mode},
    claims_request::ClaimsRequest,
    error::OAuthError,
    id_token_hint::IdTokenHint,
    issue::has,
    params::Params,
    pending::Pending,
    resource,
    response_type::ResponseType,
    shared::Shared,
};

/// A request that has been found in order.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizationRequest {
    pub(crate) client_id: String,
    pub(crate) reply: Reply,
    pub(crate) response_type: ResponseType,
    /// As sent; the token request must repeat it (RFC 6749 section 4.1.3).
    pub(crate) redirect_uri: Option<String>,
    pub(crate) scope: String,
    pub(crate) audience: Vec<String>,
    /// What is asked for in `authorization_details` (RFC 9396 section 2).
    pub(crate) details: Vec<Value>,
    pub(crate) code_challenge: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) acr: Option<String>,
    pub(crate) claims: ClaimsRequest,
    /// The only person who will do.
    pub(crate) sub: Option<String>,
    pub(crate) max_age: Option<u64>,
    pub(crate) dpop_jkt: Option<String>,
    pub(crate) login_hint: Option<String>,
    /// What the device shows that the person is asked about (RFC 8628).
    pub(crate) user_code: Option<String>,
    /// The temporary credentials of OAuth 1.0 that the person is asked about (RFC 5849 section 2.2).
    pub(crate) oauth1_token: Option<String>,
    prompt: Vec<String>,
}

impl AuthorizationRequest {
    /// What a person is asked who has entered the code of a device.
    pub(crate) fn of_device(pending: &Pending, user_code: &str) -> Self {
        Self {
            client_id: pending.client_id.clone(),
            reply: Reply::nowhere(),
            response_type: ResponseType::default(),
            redirect_uri: None,
            scope: pending.scope.clone(),
            audience: pending.audience.clone(),
            details: pending.details.clone(),
            code_challenge: None,
            nonce: None,
            acr: pending.acr.clone(),
            claims: ClaimsRequest::default(),
            sub: None,
            max_age: None,
            login_hint: None,
            dpop_jkt: None,
            user_code: Some(user_code.to_owned()),
            oauth1_token: None,
            // Each device is asked about, lest a link be enough (RFC 8628 section 5.4).
            prompt: vec!["consent".into()],
        }
    }

    /// What a person is asked about a client of OAuth 1.0, each time.
    pub(crate) fn of_oauth1(consumer_key: &str, callback: &str, token: &str) -> Self {
        let mut reply = Reply::nowhere();
        callback.clone_into(&mut reply.redirect_uri);
        Self {
            client_id: consumer_key.to_owned(),
            reply,
            response_type: ResponseType::default(),
            redirect_uri: None,
            scope: String::new(),
            audience: Vec::new(),
            details: Vec::new(),
            code_challenge: None,
            nonce: None,
            acr: None,
            claims: ClaimsRequest::default(),
            sub: None,
            max_age: None,
            login_hint: None,
            dpop_jkt: None,
            user_code: None,
            oauth1_token: Some(token.to_owned()),
            prompt: vec!["consent".into()],
        }
    }

    pub(crate) fn asks_for(&self, prompt: &str) -> bool {
        self.prompt.iter().any(|value| value == prompt)
    }
}

/// How the answer travels, whether as a JWT, and what is wrong with the wish if it cannot be met.
pub(crate) fn response_mode(client: &Client, params: &Params) -> (ResponseMode, bool, Option<OAuthError>) {
    let response_type = params.get("response_type").and_then(ResponseType::parse).unwrap_or_default();
    let default = response_type.default_mode();
    let refused = |jwt: bool, why: &str| (default, jwt, Some(OAuthError::invalid_request(why)));
    let Some(asked) = params.get("response_mode") else {
        return (default, false, None);
    };
    match parse_response_mode(asked, default) {
        None => refused(false, "response_mode is none of query, fragment and form_post, nor one of these with .jwt"),
        // A query ends up in logs and in Referer (Multiple Response Type Encoding Practices section 3), unless nobody can
        // read it there (JARM section 2.3.1).
        Some((ResponseMode::Query, jwt))
            if response_type.is_front_channel() && !(jwt && client.requests.response_encryption.is_some()) =>
        {
            refused(jwt, "response_mode query is not for tokens")
        }
        Some((mode, jwt)) => (mode, jwt, None),
    }
}

pub(crate) fn validate(
    shared: &Shared,
    client: &Client,
    params: &Params,
    reply: Reply,
) -> Result<AuthorizationRequest, OAuthError> {
    if let Some(name) = params.repeated() {
        return Err(OAuthError::invalid_request(format!("the parameter {name} is repeated")));
    }
    let response_type = response_type(client, params)?;
    let code_challenge = if response_type.code { code_challenge(client, params)? } else { None };
    let scope = client
        .grantable(params.get("scope"))
        .map_err(|value| OAuthError::new("invalid_scope", format!("the scope {value} is not allowed")))?;
    if response_type.id_token {
        if !has(&scope, "openid") {
            return Err(OAuthError::invalid_request("an ID token is only for requests with the scope openid"));
        }
        // OpenID Connect Core 1.0 sections 3.2.2.1 and 3.3.2.11.
        if params.get("nonce").is_none() {
            return Err(OAuthError::invalid_request("an ID token by the front channel needs a nonce"));
        }
    }
    let prompt: Vec<String> = params.get("prompt").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    if prompt.len() > 1 && prompt.iter().any(|value| value == "none") {
        return Err(OAuthError::invalid_request("prompt none stands alone"));
    }
    let max_age = match params.get("max_age").map(str::parse) {
        Some(Err(_)) => return Err(OAuthError::invalid_request("max_age must be a number of seconds")),
        Some(Ok(seconds)) => Some(seconds),
        None => None,
    };
    let claims = ClaimsRequest::parse(params.get("claims"))?;
    let first_acr = params.get("acr_values").and_then(|values| values.split_whitespace().next());
    let hinted = params.get("id_token_hint").and_then(|hint| IdTokenHint::read(shared, hint)).map(|hint| hint.sub);
    let text = |name: &str| params.get(name).map(str::to_owned);
    Ok(AuthorizationRequest {
        client_id: client.id.clone(),
        reply,
        response_type,
        redirect_uri: text("redirect_uri"),
        scope,
        audience: resource::asked(shared, params)?,
        details: authorization_details::asked(shared, client, params)?,
        code_challenge,
        nonce: text("nonce"),
        acr: claims.wanted("acr").or(first_acr).map(str::to_owned),
        sub: claims.wanted("sub").map(str::to_owned).or(hinted),
        claims,
        prompt,
        max_age,
        login_hint: text("login_hint"),
        dpop_jkt: text("dpop_jkt"),
        user_code: None,
        oauth1_token: None,
    })
}

fn response_type(client: &Client, params: &Params) -> Result<ResponseType, OAuthError> {
    let text = params.required("response_type")?;
    let parsed = ResponseType::parse(text)
        .ok_or_else(|| OAuthError::new("unsupported_response_type", "this server does not know that response_type"))?;
    if !client.may_ask_for(text) {
        return Err(OAuthError::new("unauthorized_client", "the client is not registered for that response_type"));
    }
    // The front channel has no room for a proof, and no certificate of the client's (RFC 9449 section 5.2).
    if parsed.token && (client.dpop_bound || client.certificate_bound) {
        return Err(OAuthError::new("unauthorized_client", "the client is registered for tokens that are bound"));
    }
    Ok(parsed)
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
