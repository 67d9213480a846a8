//! Request objects, [RFC 9101](https://www.rfc-editor.org/rfc/rfc9101) and
//! [OpenID Connect Core 1.0 section 6](https://openid.net/specs/openid-connect-core-1_0.html#JWTRequests).

use serde_json::{Map, Value};

use crate::{
    Client, client_assertion,
    error::OAuthError,
    issue::has,
    jwt::Received,
    oracle,
    params::Params,
    request_uri,
    shared::{Shared, lock},
};

/// How far the client's clock may be ahead, in seconds.
const LEEWAY: u64 = 5;

/// How old `nbf` may be, and how far `exp` behind it, in seconds, where FAPI is meant.
const LONGEST: f64 = 3600.0;

/// Claims of the JWT that are no parameters of the request.
const OF_THE_JWT: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// The parameters of an authorization request that count, and what is wrong with the request object that they are in.
pub(crate) async fn assemble(shared: &Shared, outside: Params) -> (Params, Option<OAuthError>) {
    let client = outside.get("client_id").filter(|_| outside.count("client_id") == 1).and_then(|id| shared.client(id));
    let Some(client) = client else {
        return (outside, None);
    };
    if let Some(name) = outside.repeated() {
        let error = OAuthError::invalid_request(format!("the parameter {name} is repeated"));
        return (outside, Some(error));
    }
    let object = match (outside.get("request"), outside.get("request_uri")) {
        (None, None) => {
            let mistake = may_be_missing(shared, &client).err();
            return (outside, mistake);
        }
        (Some(_), Some(_)) => Err(OAuthError::invalid_request("request and request_uri exclude each other")),
        (Some(object), None) => Ok(object.to_owned()),
        (None, Some(uri)) => request_uri::fetched(&client, uri).await,
    };
    match object {
        Ok(object) => read(shared, &client, outside, &object, false),
        Err(error) => (outside, Some(error)),
    }
}

/// Whether the client may do without a request object (section 10.5).
pub(crate) fn may_be_missing(shared: &Shared, client: &Client) -> Result<(), OAuthError> {
    if must_be_signed(shared, client) {
        return Err(OAuthError::invalid_request("this client needs a signed request object"));
    }
    Ok(())
}

fn must_be_signed(shared: &Shared, client: &Client) -> bool {
    shared.config.requests.require_signed || client.requests.require_signed
}

/// Only what is inside counts (section 6.3), errors included where it can be told where they go.
pub(crate) fn read(
    shared: &Shared,
    client: &Client,
    outside: Params,
    text: &str,
    pushed: bool,
) -> (Params, Option<OAuthError>) {
    let object = match opened(shared, text) {
        Ok(object) => object,
        Err(error) => return (outside, Some(error)),
    };
    // The answer is for the client that is named outside, and for no other that an unread object may name.
    if object.text("client_id") != Some(&client.id) {
        return (outside, Some(invalid("client_id inside the request object is missing or another")));
    }
    match parameters(&object.claims) {
        Ok(inside) => {
            let mistake = verify(shared, client, &object, &outside, &inside, pushed).err();
            (inside, mistake)
        }
        Err(error) => (outside, Some(error)),
    }
}

fn invalid(description: &str) -> OAuthError {
    OAuthError::new("invalid_request_object", description)
}

/// Decrypts it where it is encrypted (section 6.1).
fn opened(shared: &Shared, text: &str) -> Result<Received, OAuthError> {
    let decrypted;
    let mut text = text.trim();
    if text.split('.').count() == 5 {
        let open = shared.config.requests.decrypts_objects.then(|| oracle::decrypted(text)).flatten();
        decrypted = open.ok_or_else(|| invalid("the request object cannot be decrypted"))?;
        text = &decrypted;
    }
    Received::parse(text).ok_or_else(|| invalid("the request object is no JWT"))
}

/// The claims as parameters: strings as they are, numbers and objects as JSON (section 4).
fn parameters(claims: &Map<String, Value>) -> Result<Params, OAuthError> {
    let mut pairs = Vec::new();
    for (name, value) in claims.iter().filter(|(name, _)| !OF_THE_JWT.contains(&name.as_str())) {
        let wrong = || invalid(&format!("{name} of the request object is of the wrong type"));
        match (name.as_str(), value) {
            ("request" | "request_uri", _) => {
                return Err(invalid(&format!("{name} must not be inside the request object")));
            }
            ("claims", Value::Object(_)) | ("authorization_details", Value::Array(_)) => {
                pairs.push((name.clone(), value.to_string()));
            }
            // Numbers are numbers, and what is JSON anyway is not wrapped in a string.
            ("claims" | "authorization_details" | "max_age", Value::String(_)) => return Err(wrong()),
            ("resource" | "audience", Value::Array(many)) => {
                for one in many {
                    pairs.push((name.clone(), one.as_str().ok_or_else(wrong)?.to_owned()));
                }
            }
            (_, Value::String(text)) => pairs.push((name.clone(), text.clone())),
            (_, Value::Number(_) | Value::Bool(_)) => pairs.push((name.clone(), value.to_string())),
            _ => return Err(wrong()),
        }
    }
    Ok(Params::new(pairs))
}

fn verify(
    shared: &Shared,
    client: &Client,
    object: &Received,
    outside: &Params,
    inside: &Params,
    pushed: bool,
) -> Result<(), OAuthError> {
    verify_signature(shared, client, object)?;
    let signed = object.alg() != "none";
    match object.text("iss") {
        Some(iss) if iss == client.id => {}
        None if !signed && !object.claims.contains_key("iss") => {}
        _ => return Err(invalid("iss of the request object is missing or not the client")),
    }
    let issuer = shared.config.issuer();
    match object.claims.get("aud") {
        Some(Value::String(one)) if *one == issuer => {}
        Some(Value::Array(many)) if many.iter().any(|one| *one == issuer) => {}
        None if !signed => {}
        _ => return Err(invalid("aud of the request object is missing or does not name the issuer")),
    }
    verify_times(object, shared.clock.seconds(), shared.config.requests.strict_objects)?;
    if !pushed {
        verify_outside(outside, inside)?;
    }
    match object.claims.get("jti").map(Value::as_str) {
        None => Ok(()),
        Some(Some(jti)) if lock(&shared.store).is_new_assertion(&format!("request object {}", client.id), jti) => {
            Ok(())
        }
        Some(_) => Err(invalid("jti of the request object was used before, or is no string")),
    }
}

/// Section 6.2.
fn verify_signature(shared: &Shared, client: &Client, object: &Received) -> Result<(), OAuthError> {
    let registered = client.requests.object_alg.as_deref();
    let alg = object.alg();
    if registered.is_some_and(|registered| registered != alg) {
        return Err(invalid("the request object is signed with another algorithm than registered"));
    }
    let sound = match alg {
        "none" => registered.is_some() && !must_be_signed(shared, client) && object.is_unsigned(),
        _ => client_assertion::is_by(client, object),
    };
    if !sound {
        return Err(invalid("the signature of the request object is wrong or missing"));
    }
    // A JWT of another kind, a client assertion say, is no request object (section 10.8).
    let typ = object.header.get("typ").map(|typ| typ.as_str().unwrap_or_default().to_ascii_lowercase());
    match typ.as_deref().map(|typ| typ.strip_prefix("application/").unwrap_or(typ)) {
        None | Some("oauth-authz-req+jwt") => Ok(()),
        Some(_) => Err(invalid("typ of the request object is not oauth-authz-req+jwt")),
    }
}

fn verify_times(object: &Received, now: u64, strict: bool) -> Result<(), OAuthError> {
    let time = |name: &str| match object.claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_f64().map(Some).ok_or_else(|| invalid(&format!("{name} is no number"))),
    };
    let (exp, nbf, iat) = (time("exp")?, time("nbf")?, time("iat")?);
    if exp.is_some_and(|exp| exp <= now as f64) {
        return Err(invalid("the request object has expired"));
    }
    if [nbf, iat].into_iter().flatten().any(|time| time > (now + LEEWAY) as f64) {
        return Err(invalid("the request object is not good yet"));
    }
    if strict {
        let (Some(exp), Some(nbf)) = (exp, nbf) else {
            return Err(invalid("the request object lacks exp or nbf"));
        };
        if nbf < now as f64 - LONGEST {
            return Err(invalid("nbf of the request object is more than 60 minutes ago"));
        }
        if exp > nbf + LONGEST {
            return Err(invalid("the request object is good for more than 60 minutes"));
        }
    }
    Ok(())
}

/// An OpenID request stays one without its request object (OpenID Connect Core 1.0 section 6.1).
fn verify_outside(outside: &Params, inside: &Params) -> Result<(), OAuthError> {
    if !has(inside.get("scope").unwrap_or_default(), "openid") {
        return Ok(());
    }
    let refused = |what: &str| Err(OAuthError::invalid_request(what));
    if !has(outside.get("scope").unwrap_or_default(), "openid") {
        return refused("scope with openid is missing beside the request object");
    }
    let sorted = |params: &Params| {
        let mut words: Vec<String> =
            params.get("response_type").unwrap_or_default().split(' ').map(str::to_owned).collect();
        words.sort();
        words
    };
    if outside.get("response_type").is_none() || sorted(outside) != sorted(inside) {
        return refused("response_type beside the request object is missing or another");
    }
    Ok(())
}
