//! Carrying a [`Misbehaviour`] out.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use serde_json::{Map, Value, json};

use crate::{
    Endpoint, Misbehaviour, authorize,
    bearer::{self, Scheme},
    callback::Callback,
    error::printable,
    jwks,
    oauth1::Problem,
    pages, protected_resource,
    queue::Queue,
    random,
    request::Request,
    response::{Body, Response},
    shared::{Shared, lock},
};

/// What happens to the connection with the answer, or instead of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    OddCase,
    Truncated,
    Reset,
    Never,
}

/// What each endpoint is to do wrong.
#[derive(Default)]
pub(crate) struct Faults {
    queues: Mutex<[Queue<Misbehaviour>; Endpoint::ALL.len()]>,
    /// Spares every request a lock while all behave.
    any: AtomicBool,
}

impl Faults {
    pub(crate) fn always(&self, endpoint: Endpoint, misbehaviour: Misbehaviour) {
        lock(&self.queues)[endpoint.index()].always(misbehaviour);
        self.any.store(true, Ordering::Release);
    }

    pub(crate) fn times(&self, endpoint: Endpoint, times: usize, misbehaviour: Misbehaviour) {
        lock(&self.queues)[endpoint.index()].times(times, misbehaviour);
        self.any.store(true, Ordering::Release);
    }

    pub(crate) fn none(&self, endpoint: Endpoint) {
        let mut queues = lock(&self.queues);
        queues[endpoint.index()] = Queue::default();
        let any = queues.iter().any(|queue| !queue.is_empty());
        self.any.store(any, Ordering::Release);
    }

    /// The misbehaviour next in line, used up if it is `wanted`.
    fn take(&self, endpoint: Endpoint, wanted: impl Fn(&Misbehaviour) -> bool) -> Option<Misbehaviour> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        lock(&self.queues)[endpoint.index()].take(wanted)
    }

    /// What comes instead of carrying the request out.
    pub(crate) fn instead(&self, shared: &Shared, request: &Request) -> Option<(Response, Delivery)> {
        let at_authorize = request.endpoint == Endpoint::Authorize;
        let misbehaviour = self.take(request.endpoint, |misbehaviour| match misbehaviour {
            Misbehaviour::OAuthError { .. } => !at_authorize,
            Misbehaviour::OAuthProblem { .. } => request.endpoint != Endpoint::OAuth1Authorize,
            other => is_instead(other),
        })?;
        Some(answer_instead(misbehaviour, shared, request))
    }

    /// Changes the answer to a request that has been carried out.
    pub(crate) fn after(&self, shared: &Shared, endpoint: Endpoint, response: &mut Response) -> Delivery {
        match self.take(endpoint, |misbehaviour| means_something(misbehaviour, response)) {
            Some(misbehaviour) => change(misbehaviour, shared, response),
            None => Delivery::Whole,
        }
    }
}

fn is_instead(misbehaviour: &Misbehaviour) -> bool {
    use Misbehaviour::*;
    matches!(
        misbehaviour,
        Status { .. } | Stall | Reset | UseDpopNonce | Html | NotJson(_) | Body { .. } | Redirect(_) | Found(_)
    )
}

fn answer_instead(misbehaviour: Misbehaviour, shared: &Shared, request: &Request) -> (Response, Delivery) {
    let response = match misbehaviour {
        Misbehaviour::Status { status, retry_after } => {
            let mut response = Response::json(status, members(json!({"message": "grantor was told to fail"})));
            if let Some(seconds) = retry_after {
                response = response.header("Retry-After", seconds.to_string());
            }
            response
        }
        Misbehaviour::OAuthError { status, error, description } => {
            oauth_error(shared, request, status, &error, description.as_deref())
        }
        Misbehaviour::UseDpopNonce => {
            let resource = matches!(request.endpoint, Endpoint::Api | Endpoint::Userinfo);
            let status = if resource { 401 } else { 400 };
            oauth_error(shared, request, status, "use_dpop_nonce", None).header("DPoP-Nonce", random::token().as_ref())
        }
        Misbehaviour::Stall => return (Response::empty(0), Delivery::Never),
        Misbehaviour::Reset => return (Response::empty(0), Delivery::Reset),
        Misbehaviour::Html => pages::portal(),
        Misbehaviour::NotJson(text) => Response::raw(200, "application/json", text),
        Misbehaviour::Body { status, content_type, body } => Response::raw(status, &content_type, body),
        Misbehaviour::Redirect(to) => {
            let status = if request.method == "POST" { 307 } else { 302 };
            Response::empty(status).header("Location", to)
        }
        Misbehaviour::Found(to) => Response::empty(302).header("Location", to),
        Misbehaviour::OAuthProblem { status, problem, more } => {
            let problem = Problem::new(status, problem);
            more.into_iter().fold(problem, |problem, (name, value)| problem.with(&name, value)).into()
        }
        other => unreachable!("{other:?} comes after, not instead"),
    };
    (response, Delivery::Whole)
}

fn oauth_error(shared: &Shared, request: &Request, status: u16, error: &str, description: Option<&str>) -> Response {
    let mut body = members(json!({"error": error}));
    let scheme = bearer::scheme_of(request).unwrap_or(Scheme::Bearer);
    let mut challenge = format!("{} realm=\"grantor\", error=\"{}\"", scheme.name(), printable(error));
    if let Some(description) = description {
        body.insert("error_description".into(), description.into());
        challenge.push_str(&format!(", error_description=\"{}\"", printable(description)));
    }
    if scheme == Scheme::Dpop {
        challenge.push_str(&format!(", algs=\"{}\"", shared.config.dpop_algs.join(" ")));
    }
    if let Some(url) = protected_resource::parameter(shared, request) {
        challenge.push_str(&format!(", resource_metadata=\"{url}\""));
    }
    let response = Response::json(status, body).no_store();
    match request.endpoint {
        Endpoint::Api | Endpoint::Userinfo => response.header("WWW-Authenticate", challenge),
        Endpoint::Registration if status == 401 => response.header("WWW-Authenticate", challenge),
        _ if status == 401 => response.header("WWW-Authenticate", "Basic realm=\"grantor\""),
        _ => response,
    }
}

fn means_something(misbehaviour: &Misbehaviour, response: &Response) -> bool {
    let json = match &response.body {
        Body::Json(members) => Some(members),
        _ => None,
    };
    let callback = match &response.body {
        Body::Callback(callback) => Some(callback),
        _ => None,
    };
    let form = match &response.body {
        Body::Form(members) => Some(members),
        _ => None,
    };
    let has = |name: &str| {
        json.is_some_and(|members| members.contains_key(name))
            || form.is_some_and(|members| members.iter().any(|(other, _)| other == name))
            || callback.is_some_and(|callback| callback.get(name).is_some())
    };
    match misbehaviour {
        Misbehaviour::Nothing
        | Misbehaviour::ResetAfterProcessing
        | Misbehaviour::Truncate
        | Misbehaviour::Huge(_)
        | Misbehaviour::OddCase
        | Misbehaviour::DpopNonce(_)
        | Misbehaviour::RotateKeys => true,
        Misbehaviour::JwksDecoys | Misbehaviour::JwksBrokenKey | Misbehaviour::JwksWithoutKids => has("keys"),
        Misbehaviour::OmitMember(name) => has(name) || response.has_header(name),
        Misbehaviour::DuplicateMember(name) => has(name),
        Misbehaviour::SetMember(..) | Misbehaviour::ExtraParameter(..) => {
            json.is_some() || form.is_some() || callback.is_some()
        }
        Misbehaviour::JsonForForm => form.is_some(),
        Misbehaviour::ContentType(_) => !matches!(response.body, Body::Empty | Body::Callback(_)),
        Misbehaviour::OAuthProblem { .. } => callback.is_some_and(|callback| callback.get("oauth_verifier").is_some()),
        Misbehaviour::WrongIssuer(_) => has("iss") || has("issuer"),
        Misbehaviour::OAuthError { .. } => callback.is_some_and(|callback| callback.get("error").is_none()),
        Misbehaviour::ReusedCode => callback.is_some_and(|callback| callback.get("code").is_some()),
        Misbehaviour::WrongState => callback.is_some(),
        Misbehaviour::OtherStatus(_) => callback.is_none(),
        _ => false,
    }
}

fn change(misbehaviour: Misbehaviour, shared: &Shared, response: &mut Response) -> Delivery {
    match misbehaviour {
        Misbehaviour::Nothing => {}
        Misbehaviour::ResetAfterProcessing => return Delivery::Reset,
        Misbehaviour::Truncate => return Delivery::Truncated,
        Misbehaviour::OddCase => {
            odd_case(response);
            return Delivery::OddCase;
        }
        Misbehaviour::DpopNonce(nonce) => {
            response.headers.retain(|(name, _)| name != "DPoP-Nonce");
            response.headers.push(("DPoP-Nonce".into(), nonce));
        }
        Misbehaviour::Huge(size) => pad(response, size),
        Misbehaviour::OmitMember(name) => {
            let before = response.headers.len();
            response.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(&name));
            if response.headers.len() == before {
                remove(&mut response.body, &name);
            }
        }
        Misbehaviour::SetMember(name, value) => set(&mut response.body, &name, value),
        Misbehaviour::ExtraParameter(name, value) => set(&mut response.body, &name, value.into()),
        Misbehaviour::DuplicateMember(name) => duplicate(response, &name),
        Misbehaviour::WrongIssuer(issuer) => {
            let metadata = matches!(&response.body, Body::Json(members) if members.contains_key("issuer"));
            set(&mut response.body, if metadata { "issuer" } else { "iss" }, issuer.into());
        }
        Misbehaviour::JsonForForm => {
            if let Body::Form(pairs) = &response.body {
                let members = pairs.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
                response.body = Body::Json(members);
            }
        }
        Misbehaviour::ContentType(named) => match &mut response.body {
            Body::Raw { content_type, .. } => *content_type = named,
            _ => response.headers.push(("Content-Type".into(), named)),
        },
        Misbehaviour::OAuthProblem { problem, more, .. } => {
            if let Body::Callback(callback) = &mut response.body {
                callback.params.retain(|(name, _)| name == "oauth_token");
                callback.params.push(("oauth_problem".into(), problem));
                callback.params.extend(more);
            }
        }
        Misbehaviour::OtherStatus(status) => response.status = status,
        Misbehaviour::RotateKeys => shared.keys.rotate(),
        Misbehaviour::JwksDecoys => change_keys(&mut response.body, jwks::add_decoys),
        Misbehaviour::JwksBrokenKey => change_keys(&mut response.body, jwks::add_broken_key),
        Misbehaviour::JwksWithoutKids => change_keys(&mut response.body, |keys| jwks::remove_kids(keys)),
        Misbehaviour::WrongState => set(&mut response.body, "state", "not-the-state-that-was-sent".into()),
        Misbehaviour::ReusedCode => {
            if let Body::Callback(callback) = &response.body {
                authorize::spoil_code(shared, callback);
            }
        }
        Misbehaviour::OAuthError { error, description, .. } => {
            if let Body::Callback(callback) = &mut response.body {
                into_error(callback, &error, description.as_deref());
            }
        }
        other => unreachable!("{other:?} comes instead, not after"),
    }
    Delivery::Whole
}

fn into_error(callback: &mut Callback, error: &str, description: Option<&str>) {
    callback.params.retain(|(name, _)| name == "state" || name == "iss");
    callback.params.push(("error".into(), error.into()));
    if let Some(description) = description {
        callback.params.push(("error_description".into(), description.into()));
    }
}

fn change_keys(body: &mut Body, change: impl FnOnce(&mut Vec<Value>)) {
    if let Body::Json(members) = body
        && let Some(keys) = members.get_mut("keys").and_then(Value::as_array_mut)
    {
        change(keys);
    }
}

fn remove(body: &mut Body, name: &str) {
    match body {
        Body::Json(members) => drop(members.remove(name)),
        Body::Form(members) => members.retain(|(other, _)| other != name),
        Body::Callback(callback) => callback.params.retain(|(other, _)| other != name),
        _ => {}
    }
}

fn set(body: &mut Body, name: &str, value: Value) {
    match body {
        Body::Json(members) => drop(members.insert(name.into(), value)),
        Body::Form(members) => match members.iter_mut().find(|(other, _)| other == name) {
            Some((_, old)) => *old = as_text(&value),
            None => members.push((name.to_owned(), as_text(&value))),
        },
        Body::Callback(callback) => callback.set(name, &as_text(&value)),
        _ => {}
    }
}

fn duplicate(response: &mut Response, name: &str) {
    match &mut response.body {
        Body::Callback(callback) => {
            let other = another(&callback.get(name).unwrap_or_default().into());
            callback.params.push((name.to_owned(), as_text(&other)));
        }
        Body::Form(members) => {
            let value = members.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone());
            let other = another(&value.unwrap_or_default().into());
            members.push((name.to_owned(), as_text(&other)));
        }
        Body::Json(members) => {
            // A serde_json map holds a name once, so the second one is written by hand.
            let other = another(&members[name]);
            let mut text = Value::Object(members.clone()).to_string();
            text.pop();
            text.push_str(&format!(",{}:{other}}}", Value::from(name)));
            response.body = Body::Raw { content_type: "application/json".into(), bytes: text.into_bytes() };
        }
        _ => {}
    }
}

/// A value of the same type that differs.
fn another(value: &Value) -> Value {
    match value {
        Value::String(text) => format!("{text}-another").into(),
        Value::Number(number) => (number.as_f64().unwrap_or_default() as i64 + 1).into(),
        Value::Bool(value) => (!value).into(),
        Value::Array(_) => json!(["another"]),
        _ => json!({"another": true}),
    }
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn pad(response: &mut Response, size: usize) {
    let filler = "x".repeat(size);
    match &mut response.body {
        Body::Json(members) => drop(members.insert("padding".into(), filler.into())),
        Body::Callback(Callback { params, .. }) | Body::Form(params) => params.push(("padding".into(), filler)),
        Body::Raw { bytes, .. } => bytes.resize(bytes.len().max(size), b' '),
        Body::Empty => {
            response.body = Body::Json(members(json!({"padding": filler})));
        }
    }
}

fn odd_case(response: &mut Response) {
    if let Body::Json(members) = &mut response.body
        && let Some(Value::String(token_type)) = members.get_mut("token_type")
    {
        *token_type = alternating(token_type);
    }
    for (name, value) in &mut response.headers {
        if name.eq_ignore_ascii_case("www-authenticate")
            && let Some((scheme, rest)) = value.split_once(' ')
        {
            *value = format!("{} {rest}", alternating(scheme));
        }
    }
}

/// `bEaReR`.
pub(crate) fn alternating(text: &str) -> String {
    let flip = |(index, c): (usize, char)| if index % 2 == 0 { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() };
    text.chars().enumerate().map(flip).collect()
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
