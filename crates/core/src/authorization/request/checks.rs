//! What an authorization request must keep to before it is sent, rule by rule.

use super::RequestContext;
use crate::authorization::authorization_details::{AuthorizationDetails, parsed};
use crate::error::{Error, Result};
use crate::{Scope, Secret, wire};
use ::url::Url;
use serde_json::Value;

/// The longest `state` or `nonce` taken over from the caller, in bytes: it has to fit into a URL twice.
const LONGEST_OWN_VALUE: usize = 1024;

/// Parameters with a method, a maker or a way of their own; by another way they would pass by what checks them.
pub(super) fn param(name: &str) -> Result<()> {
    let hint = match name {
        "" => "give it a name",
        "client_id" | "response_type" | "code_challenge" | "code_challenge_method" => "it is sent by itself",
        "redirect_uri"
        | "scope"
        | "state"
        | "nonce"
        | "response_mode"
        | "prompt"
        | "max_age"
        | "acr_values"
        | "ui_locales"
        | "login_hint"
        | "id_token_hint"
        | "claims"
        | "display"
        | "authorization_details"
        | "resource"
        | "audience" => "use the method of that name",
        "code_verifier" => "use the method of that name, which sends its digest alone",
        "client_secret" | "client_assertion" | "password" => "a browser must never see it",
        "request" | "request_uri" => "the client makes it: request_object(..) and pushed() say how",
        "dpop_jkt" => "the token type sends it by itself",
        _ => return Ok(()),
    };
    Err(Error::config(format!("an authorization request can't take {name:?} by param(..)"), hint))
}

pub(super) fn endpoint(context: &RequestContext<'_>) -> Result<Url> {
    let url = wire::url::parse("the authorization endpoint", context.authorization_endpoint)?;
    wire::url::confidential("the authorization endpoint", &url, context.allow_http)?;
    if url.fragment().is_some() {
        return Err(Error::config(
            "the authorization endpoint has a fragment",
            "RFC 6749 section 3.1 allows none: leave out the # and what follows",
        ));
    }
    // The endpoint's own query is kept, but no parameter may come twice (RFC 6749 section 3.1), and a server that took
    // the first one would not see ours.
    if url.query_pairs().any(|(name, _)| name != "resource" && name != "audience" && param(&name).is_err()) {
        return Err(Error::config(
            "the authorization endpoint's own query holds a parameter that the request sends itself",
            "leave it out of the endpoint",
        ));
    }
    if context.client_id.is_empty() {
        return Err(Error::config("the authorization request has no client_id", "name it where the client is built"));
    }
    if context.iss_parameter_supported && context.issuer.is_none() {
        return Err(Error::config(
            "answers are to carry the issuer, but no issuer is configured to compare it with",
            "name the issuer (RFC 9207 section 2.4)",
        ));
    }
    Ok(url)
}

/// The classes that the `claims` parameter makes essential for the ID token: a server that can't meet one must fail
/// (OpenID Connect Core section 5.5.1.1), so an answer with another is none to this request.
pub(super) fn essential_acr(claims: &Value) -> Scope {
    let Some(acr) = claims.pointer("/id_token/acr").filter(|acr| acr.get("essential") == Some(&Value::Bool(true)))
    else {
        return Scope::default();
    };
    let values = acr.get("values").and_then(Value::as_array).into_iter().flatten().chain(acr.get("value"));
    values.filter_map(Value::as_str).collect()
}

pub(super) fn redirect_uri(own: Option<String>, context: &RequestContext<'_>) -> Result<String> {
    let Some(uri) = own.or_else(|| context.redirect_uri.map(str::to_owned)) else {
        return Err(Error::config(
            "the authorization request has no redirect URI",
            "name it with redirect_uri(..), on the request or on the client",
        ));
    };
    let scheme_end = uri.find(':').unwrap_or(0);
    if scheme_end == 0 || uri.contains('#') || !uri.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::config(
            "the redirect URI is not an absolute URI of ASCII characters without a fragment",
            "give it exactly as it is registered, as in https://app.example/callback (RFC 6749 section 3.1.2)",
        ));
    }
    // The code travels there. Apps' own schemes stay on the machine (RFC 8252 section 7.1).
    if uri[..scheme_end].eq_ignore_ascii_case("http") {
        wire::url::confidential("the redirect URI", &wire::url::parse("the redirect URI", &uri)?, context.allow_http)?;
    }
    Ok(uri)
}

pub(super) fn own_value(what: &'static str, value: Secret) -> Result<Secret> {
    let text = value.reveal().as_bytes();
    if text.is_empty() || text.len() > LONGEST_OWN_VALUE || !text.iter().all(u8::is_ascii_graphic) {
        return Err(Error::config(
            format!("the {what} given is not 1 to {LONGEST_OWN_VALUE} visible characters of ASCII"),
            "leave it out, and one is made",
        ));
    }
    Ok(value)
}

/// An absolute URI without a fragment ([RFC 8707 section 2](https://www.rfc-editor.org/rfc/rfc8707#section-2)).
pub(crate) fn resource(resource: &str) -> Result<()> {
    match Url::parse(resource) {
        Ok(url) if url.fragment().is_none() => Ok(()),
        _ => Err(Error::config(
            "a resource is not an absolute URI without a fragment",
            "give it in full, as in https://api.example/ (RFC 8707 section 2)",
        )),
    }
}

pub(super) fn claims(value: Value) -> Result<Value> {
    match parsed(value) {
        claims @ Value::Object(_) => Ok(claims),
        _ => Err(Error::config("claims is not a JSON object", "see OpenID Connect Core section 5.5")),
    }
}

pub(super) fn authorization_details(value: Value) -> Result<Value> {
    AuthorizationDetails::from_value(value).map(Value::from)
}

#[cfg(test)]
mod tests {
    use super::super::AuthorizationRequest;
    use super::*;
    use crate::authorization::testing::{context, refused, refused_in};
    use serde_json::json;

    #[test]
    fn own_values_are_checked() {
        for bad in ["", "a b", "é", "a\n", &"s".repeat(1025)] {
            assert!(refused(|request| request.state(bad)).contains("the state given"));
            assert!(refused(|request| request.nonce(bad)).contains("the nonce given"));
        }
        assert!(refused(|request| request.code_verifier("v".repeat(42))).contains("code verifier"));
        assert!(refused(|request| request.code_verifier("v".repeat(129))).contains("code verifier"));
    }

    #[test]
    fn an_endpoint_that_would_lose_a_parameter_or_a_secret_is_refused() {
        for (endpoint, why) in [
            ("https://as.example/a#f", "fragment"),
            ("https://as.example/a?state=x", "own query"),
            ("https://as.example/a?code%5Fchallenge=x", "own query"),
            ("http://as.example/a", "http"),
            ("ftp://as.example/a", "https"),
            ("/authorize", "absolute URL"),
        ] {
            let context = RequestContext { authorization_endpoint: endpoint, ..context() };
            assert!(refused_in(&context, |request| request).contains(why), "{endpoint}");
        }
        for (endpoint, allow_http) in [("http://127.0.0.1:9/a", false), ("http://as.example/a", true)] {
            let context = RequestContext { authorization_endpoint: endpoint, allow_http, ..context() };
            AuthorizationRequest::new().start(&context).unwrap();
        }
    }

    #[test]
    fn json_of_the_wrong_shape_is_refused() {
        for bad in [json!([]), json!("x"), json!(1)] {
            assert!(refused(|request| request.claims(bad)).contains("claims"));
        }
        for bad in [json!({"type": "t"}), json!([{}]), json!([{"type": 1}]), json!(["t"]), json!("[")] {
            assert!(refused(|request| request.authorization_details(bad)).contains("authorization_details"));
        }
    }

    #[test]
    fn param_overrides_nothing() {
        for name in
            ["client_id", "response_type", "redirect_uri", "state", "nonce", "code_challenge", "scope", "prompt"]
        {
            assert!(refused(|request| request.param(name, "x")).contains(name));
        }
        for name in ["", "client_secret", "code_verifier", "request", "request_uri", "dpop_jkt"] {
            assert!(refused(|request| request.param(name, "s3cret")).contains("by param(..)"));
        }
    }

    #[test]
    fn an_id_token_needs_openid_and_tokens_never_come_in_a_query() {
        for response_type in ["id_token", "id_token token", "code id_token", "code id_token token"] {
            assert!(refused(|request| request.response_type(response_type)).contains("without the scope openid"));
            let ask = |request: AuthorizationRequest| request.response_type(response_type).scope("openid");
            assert!(refused(|request| ask(request).response_mode("query")).contains("can't come in a query"));
        }
        assert!(refused(|request| request.response_type("token")).contains("implicit grant"));
        assert!(refused(|request| request.response_type("code device")).contains("none that is known"));
    }

    #[test]
    fn only_an_essential_acr_of_the_claims_parameter_binds() {
        let acr = |acr: Value| super::essential_acr(&json!({"id_token": {"acr": acr}})).to_string();
        assert_eq!(acr(json!({"essential": true, "values": ["a", "b"]})), "a b");
        assert_eq!(acr(json!({"essential": true, "value": "a"})), "a");
        assert_eq!(acr(json!({"essential": false, "value": "a"})), "");
        assert_eq!(acr(json!({"value": "a"})), "");
        assert_eq!(acr(Value::Null), "");
    }

    #[test]
    fn tokens_come_signed_in_a_query_only_where_they_are_encrypted() {
        use crate::authorization::request::Additions;
        let request = || AuthorizationRequest::new().response_type("code id_token").scope("openid");
        assert!(refused(|_| request().response_mode("query.jwt")).contains("unless they are encrypted"));
        for mode in ["jwt", "fragment.jwt", "form_post.jwt"] {
            request().response_mode(mode).start(&context()).unwrap();
        }
        let encrypted = Additions { encrypted_answers: true, ..Additions::default() };
        assert!(request().response_mode("query.jwt").prepare(&context(), encrypted).is_ok());
        AuthorizationRequest::new().response_mode("query.jwt").start(&context()).unwrap();
    }

    #[test]
    fn what_only_a_client_can_send_is_not_sent_otherwise() {
        assert!(refused(AuthorizationRequest::pushed).contains("without a client"));
        assert!(refused(|request| request.request_object(true)).contains("without a client"));
        AuthorizationRequest::new().request_object(false).start(&context()).unwrap();
    }

    #[test]
    fn a_required_issuer_must_be_known() {
        let context = RequestContext { issuer: None, iss_parameter_supported: true, ..context() };
        assert!(refused_in(&context, |request| request).contains("name the issuer"));
        let context = RequestContext { client_id: "", ..crate::authorization::testing::context() };
        assert!(refused_in(&context, |request| request).contains("client_id"));
    }

    #[test]
    fn resources_are_absolute_uris_without_a_fragment() {
        for bad in ["api", "https://api.example/#f", ""] {
            assert!(refused(|request| request.resource(bad)).contains("RFC 8707"));
        }
    }
}
