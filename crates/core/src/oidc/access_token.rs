//! Access tokens that are JWTs, for those who serve an API: [RFC 9068](https://www.rfc-editor.org/rfc/rfc9068).

use super::claims::Claims;
use super::id_token::check_issuer;
use super::jwt::{self, Opened, Times, audiences, required_text};
use super::lookup::{Claim, Lookup, kind, time};
use super::rules::{Encryption, JwtRules, LEEWAY};
use crate::client::Client;
use crate::error::{Error, Insufficient, InsufficientKind, Result, RuleViolation};
use crate::metadata::AuthorizationServer;
use crate::{Scope, UnixTime};
use bytes::Bytes;
use grantee_jose::{SignatureAlgorithm, constant_time_eq};
use http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

const STAGE: &str = "access token";
const CLAIMS: &str = "RFC 9068 section 2.2";
const VALIDATION: &str = "RFC 9068 section 4";

/// Validates the access tokens that come to an API, by the keys of the client's server. Made by
/// [`Client::access_tokens`]; cheap to clone, and made once for many requests.
///
/// ```no_run
/// # async fn example(client: &grantee_core::Client, token: &str) -> Result<(), http::Response<bytes::Bytes>> {
/// use grantee_core::oidc::access_token;
/// let tokens = client.access_tokens("https://api.example").require_scope("orders");
/// let caller = tokens.validate(token).await.map_err(|error| access_token::answer(&error))?;
/// println!("{} for {}", caller.client_id(), caller.subject());
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use]
pub struct AccessTokenValidator {
    client: Client,
    audience: Vec<String>,
    algorithms: Vec<String>,
    leeway: Duration,
    scope: Scope,
    encryption: Option<Encryption>,
}

impl std::fmt::Debug for AccessTokenValidator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessTokenValidator")
            .field("audience", &self.audience)
            .field("algorithms", &self.algorithms)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Validates access tokens for the API with this identifier, such as `https://api.example`: it must be in their `aud`.
    pub fn access_tokens(&self, resource: impl Into<String>) -> AccessTokenValidator {
        AccessTokenValidator {
            client: self.clone(),
            audience: vec![resource.into()],
            algorithms: Vec::new(),
            leeway: LEEWAY,
            scope: Scope::default(),
            encryption: None,
        }
    }
}

impl AccessTokenValidator {
    /// Another identifier of the same API. A token for any of them will do.
    pub fn audience(mut self, resource: impl Into<String>) -> Self {
        self.audience.push(resource.into());
        self
    }

    /// An algorithm that tokens may be signed by; may be called more than once. Without it only RS256 is, which every server
    /// knows (section 2.1). Algorithms with a shared secret are not allowed: whoever can check could also make.
    pub fn alg(mut self, alg: impl Into<String>) -> Self {
        self.algorithms.push(alg.into());
        self
    }

    /// How far the server's clock may be from this machine's; a minute by default.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// What the token must allow, all of it: words with spaces between them, or an array. Adds to what was given before.
    pub fn require_scope(mut self, scope: impl Into<Scope>) -> Self {
        self.scope.extend(scope);
        self
    }

    /// How tokens are encrypted to this API; the client holds the decryption key. One that is not encrypted is refused then.
    pub fn encryption(mut self, alg: impl Into<String>, enc: impl Into<String>) -> Self {
        self.encryption = Some(Encryption { alg: alg.into(), enc: enc.into() });
        self
    }

    /// Validates a token that came without proof of a key: as `Bearer`, and without a client certificate. One that is bound to
    /// a key is refused, since it may have been stolen; see [`validate_with`](Self::validate_with).
    ///
    /// # Errors
    /// [`Error::Rule`] names the rule that is broken, [`Error::Insufficient`] the scope that is missing; [`answer`] turns either
    /// into what the API answers. As [`Client::metadata`] and for the key set, where they have to be fetched.
    pub async fn validate(&self, token: &str) -> Result<AccessTokenClaims> {
        self.validate_with(token, &Possession::nothing()).await
    }

    /// Validates a token that came with proof of a key: each key that it is bound to must be among those proven.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub async fn validate_with(&self, token: &str, proven: &Possession) -> Result<AccessTokenClaims> {
        let outcome = self.verify(token, proven).await;
        if let Err(error) = &outcome {
            // One a request: not at the level of conversations.
            tracing::debug!(client_id = self.client.client_id(), outcome = error.code(), "access token refused");
        }
        outcome
    }

    async fn verify(&self, token: &str, proven: &Possession) -> Result<AccessTokenClaims> {
        let metadata = self.client.metadata().await?;
        let rules = JwtRules {
            stage: STAGE,
            algorithms: self.algorithms()?.into_iter().map(Cow::Borrowed).collect(),
            algorithm_spec: VALIDATION,
            algorithm_setting: "alg(..)",
            encryption: self.encryption.as_ref(),
            any_encryption: false,
            encryption_spec: VALIDATION,
            encryption_setting: "encryption",
            secret: None,
            unsigned: false,
            typ: Some("at+jwt"),
            typ_required: true,
            typ_spec: VALIDATION,
        };
        let opened = jwt::open(&self.client, token, &rules).await?;
        let judged = self.judge(&metadata, opened, proven);
        let claims = judged.map_err(|broken| broken.after(grantee_jose::Verified::Signature))?;
        if !claims.scope.contains_all(&self.scope) {
            return Err(Error::Insufficient(Arc::new(Insufficient {
                kind: InsufficientKind::Scope,
                status: StatusCode::FORBIDDEN.as_u16(),
                scope: Some(self.scope.clone()),
                acr_values: None,
                max_age: None,
                description: None,
                headers: HeaderMap::new(),
                body: Bytes::new(),
            })));
        }
        Ok(claims)
    }

    fn algorithms(&self) -> Result<Vec<&str>> {
        if self.algorithms.is_empty() {
            return Ok(vec!["RS256"]);
        }
        for alg in &self.algorithms {
            if SignatureAlgorithm::from_name(alg).is_none_or(SignatureAlgorithm::is_symmetric) {
                return Err(Error::config(
                    format!("{alg} is no algorithm for access tokens that is known here"),
                    "use a registered one without a shared secret, such as RS256 or ES256",
                ));
            }
        }
        Ok(self.algorithms.iter().map(String::as_str).collect())
    }

    fn judge(
        &self,
        metadata: &AuthorizationServer,
        opened: Opened,
        proven: &Possession,
    ) -> Result<AccessTokenClaims, RuleViolation> {
        let claims = &opened.view(STAGE)?;
        let issuer = check_issuer(STAGE, VALIDATION, metadata, claims)?.to_owned();
        let audience = self.check_audience(claims)?;
        let times = Times { now: self.client.now(), leeway: self.leeway, oldest: None, spec: CLAIMS };
        let (expires_at, issued_at) = times.check(STAGE, claims)?;
        let text = |name| required_text(STAGE, claims, name, CLAIMS).map(str::to_owned);
        let (subject, client_id, jti) = (text("sub")?, text("client_id")?, text("jti")?);
        let scope = match claims.claim("scope") {
            None => Scope::default(),
            Some(Claim::Text(scope)) => Scope::from(scope),
            other => {
                return Err(RuleViolation::new(STAGE, "scope is a string", "RFC 9068 section 2.2.3").got(kind(other)));
            }
        };
        proven.check(claims)?;
        Ok(AccessTokenClaims {
            issuer,
            subject,
            audience,
            client_id,
            jti,
            expires_at,
            issued_at,
            scope,
            claims: Claims::from_text(opened.payload),
        })
    }

    fn check_audience(&self, claims: &impl Lookup) -> Result<Vec<String>, RuleViolation> {
        let audience = audiences(claims).unwrap_or_default();
        if audience.iter().any(|aud| self.audience.iter().any(|own| own == aud)) {
            return Ok(audience.into_iter().map(str::to_owned).collect());
        }
        Err(RuleViolation::new(STAGE, "aud is this API", VALIDATION).expected(self.audience.join(" or ")).got(
            match audience.as_slice() {
                [] => kind(claims.claim("aud")).to_owned(),
                several => several.join(", "),
            },
        ))
    }
}

/// The keys that the sender of a request has proven to hold, as their thumbprints.
///
/// ```
/// use grantee_core::oidc::access_token::Possession;
/// let proven = Possession::nothing().dpop_key("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Possession {
    dpop_key: Option<String>,
    certificate: Option<String>,
}

impl Possession {
    /// No key: whoever has the token can send it.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// The key of a DPoP proof that has been checked, by its JWK thumbprint (RFC 7638): SHA-256 in base64url. A token that came
    /// with such a proof must be bound to this key.
    #[must_use]
    pub fn dpop_key(mut self, thumbprint: impl Into<String>) -> Self {
        self.dpop_key = Some(thumbprint.into());
        self
    }

    /// The certificate of the connection: SHA-256 of its DER in base64url (RFC 8705 section 3.1).
    #[must_use]
    pub fn certificate(mut self, thumbprint: impl Into<String>) -> Self {
        self.certificate = Some(thumbprint.into());
        self
    }

    fn check(&self, claims: &impl Lookup) -> Result<(), RuleViolation> {
        const CNF: &str = "RFC 7800 section 3.1";
        let bound_to = match claims.claim("cnf") {
            None => None,
            Some(Claim::Nested(Value::Object(members))) => Some(members),
            other => return Err(RuleViolation::new(STAGE, "cnf is an object", CNF).got(kind(other))),
        };
        let mut confirmed = 0;
        for (name, proven, spec, rule) in [
            ("jkt", &self.dpop_key, "RFC 9449 section 4.3", "the DPoP key is the one the token is bound to"),
            ("x5t#S256", &self.certificate, "RFC 8705 section 3", "the certificate is the one the token is bound to"),
        ] {
            let broken = || RuleViolation::new(STAGE, rule, spec);
            match (bound_to.and_then(|members| members.get(name)), proven) {
                (Some(Value::String(bound)), Some(proven)) => {
                    if !constant_time_eq(bound.as_bytes(), proven.as_bytes()) {
                        return Err(broken().expected("the key of its owner").got("another key"));
                    }
                    confirmed += 1;
                }
                (Some(Value::String(_)), None) => {
                    return Err(broken()
                        .expected("proof of that key")
                        .got("none")
                        .hint("the token may have been stolen; hand over what was proven with validate_with(..)"));
                }
                (Some(other), _) => return Err(broken().got(crate::wire::json::kind(Some(other)))),
                // A token that is bound to nothing makes a proof worthless, and DPoP is asked for by name.
                (None, Some(_)) if name == "jkt" => return Err(broken().got("a token without cnf.jkt")),
                (None, _) => {}
            }
        }
        if bound_to.is_some() && confirmed == 0 {
            return Err(RuleViolation::new(STAGE, "cnf names a key in a way that is known here", CNF)
                .expected("jkt or x5t#S256")
                .got("neither"));
        }
        Ok(())
    }
}

/// What an access token says, verified: signature, issuer, audience, time, and the key it is bound to, if any.
#[derive(Debug, Clone, PartialEq)]
pub struct AccessTokenClaims {
    issuer: String,
    subject: String,
    audience: Vec<String>,
    client_id: String,
    jti: String,
    expires_at: UnixTime,
    issued_at: UnixTime,
    scope: Scope,
    claims: Claims,
}

impl AccessTokenClaims {
    /// `iss`: who says so.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `sub`: the person, or the client itself where no person takes part.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// `aud`: for whom. This API is among them.
    pub fn audience(&self) -> &[String] {
        &self.audience
    }

    /// `client_id`: the client that was granted it.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// `jti`: the token's own identifier.
    pub fn jti(&self) -> &str {
        &self.jti
    }

    /// `exp`: until when it serves.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// `iat`: when it was made.
    pub fn issued_at(&self) -> UnixTime {
        self.issued_at
    }

    /// `scope`: what it allows; empty where it does not say.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// `auth_time`: when the person logged in.
    pub fn auth_time(&self) -> Option<UnixTime> {
        self.claims.members().claim("auth_time").and_then(time)
    }

    /// `acr`: the authentication context class.
    pub fn acr(&self) -> Option<&str> {
        self.claims.text("acr")
    }

    /// `amr`: the methods the person authenticated by.
    pub fn amr(&self) -> Vec<&str> {
        self.list("amr")
    }

    /// `roles`: what the person is (section 2.2.3.1).
    pub fn roles(&self) -> Vec<&str> {
        self.list("roles")
    }

    /// `groups`: where the person belongs.
    pub fn groups(&self) -> Vec<&str> {
        self.list("groups")
    }

    /// `entitlements`: what the person may.
    pub fn entitlements(&self) -> Vec<&str> {
        self.list("entitlements")
    }

    /// `cnf`: the key it is bound to, which the sender has proven to hold.
    pub fn confirmation(&self) -> Option<Confirmation<'_>> {
        self.claims.members().get("cnf")?.as_object().map(Confirmation)
    }

    /// Every claim, those above included.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Strings, or objects with a `value` as SCIM has them (RFC 7643 section 2.4).
    fn list(&self, name: &str) -> Vec<&str> {
        let list = self.claims.members().get(name).and_then(Value::as_array);
        let text = |value| Value::as_str(value).or_else(|| value.get("value")?.as_str());
        list.into_iter().flatten().filter_map(text).collect()
    }
}

/// The keys an access token is bound to (RFC 7800 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confirmation<'a>(&'a Map<String, Value>);

impl<'a> Confirmation<'a> {
    /// `jkt`: the thumbprint of a DPoP key (RFC 9449 section 6.1).
    pub fn dpop_key(&self) -> Option<&'a str> {
        self.0.get("jkt")?.as_str()
    }

    /// `x5t#S256`: the thumbprint of a certificate (RFC 8705 section 3.1).
    pub fn certificate(&self) -> Option<&'a str> {
        self.0.get("x5t#S256")?.as_str()
    }
}

/// What the API tells the sender of a token that was refused: `invalid_token`, or `insufficient_scope` with the scope that is
/// wanted ([RFC 6750 section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)). `None` where the token is not at fault.
pub fn challenge(error: &Error) -> Option<HeaderValue> {
    let text = match error {
        Error::Rule(broken) if broken.stage == STAGE => {
            format!(r#"Bearer error="invalid_token", error_description="{}""#, quotable(broken.rule))
        }
        Error::Insufficient(missing) => match &missing.scope {
            Some(scope) => {
                format!(r#"Bearer error="insufficient_scope", scope="{}""#, quotable(&scope.to_string()))
            }
            None => r#"Bearer error="insufficient_scope""#.to_owned(),
        },
        _ => return None,
    };
    HeaderValue::from_str(&text).ok()
}

/// What the API answers where a token was refused: 401 or 403 with the [`challenge`], and 503 where the token could not be
/// judged, as when the server's keys can't be had.
pub fn answer(error: &Error) -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::new());
    let challenge = challenge(error);
    *response.status_mut() = match (&challenge, error) {
        (None, _) => StatusCode::SERVICE_UNAVAILABLE,
        (Some(_), Error::Insufficient(_)) => StatusCode::FORBIDDEN,
        (Some(_), _) => StatusCode::UNAUTHORIZED,
    };
    if let Some(challenge) = challenge {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What may stand in the quotes of `error_description` and `scope` (RFC 6750 section 3).
fn quotable(text: &str) -> String {
    text.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proven(cnf: Option<Value>, proven: &Possession) -> Result<(), String> {
        let claims: Map<String, Value> = cnf.map(|cnf| ("cnf".to_owned(), cnf)).into_iter().collect();
        proven.check(&claims).map_err(|error| error.to_string())
    }

    #[test]
    fn a_bound_token_needs_proof_of_each_key_that_it_names() {
        use serde_json::json;
        let (nothing, dpop) = (Possession::nothing(), Possession::nothing().dpop_key("J"));
        let (mtls, both) = (Possession::nothing().certificate("X"), dpop.clone().certificate("X"));
        let (jkt, x5t, two) = (json!({"jkt": "J"}), json!({"x5t#S256": "X"}), json!({"jkt": "J", "x5t#S256": "X"}));
        for (cnf, good) in [(&jkt, &dpop), (&jkt, &both), (&x5t, &mtls), (&two, &both)] {
            proven(Some(cnf.clone()), good).unwrap();
        }
        proven(None, &nothing).unwrap();
        proven(None, &mtls).unwrap();
        proven(Some(json!({"jkt": "J", "other": 1})), &dpop).unwrap();
        for (cnf, bad, rule) in [
            (Some(&jkt), &nothing, "RFC 9449 section 4.3"),
            (Some(&x5t), &nothing, "RFC 8705 section 3"),
            (Some(&jkt), &mtls, "got none"),
            (Some(&two), &dpop, "RFC 8705 section 3"),
            (Some(&two), &mtls, "RFC 9449 section 4.3"),
            (Some(&json!({"jkt": "K"})), &dpop, "got another key"),
            (Some(&json!({"x5t#S256": "Y"})), &mtls, "got another key"),
            (Some(&json!({"jkt": 7})), &dpop, "got a number"),
            (Some(&json!({})), &mtls, "RFC 7800 section 3.1"),
            (Some(&json!({"jwk": {}})), &mtls, "got neither"),
            (Some(&json!("J")), &dpop, "cnf is an object"),
            (Some(&json!(null)), &nothing, "cnf is an object"),
            // Section 7.2 of RFC 9449: a proof beside a token that is bound to nothing proves nothing.
            (None, &dpop, "a token without cnf.jkt"),
            (Some(&x5t), &both, "a token without cnf.jkt"),
        ] {
            let error = proven(cnf.cloned(), bad).unwrap_err();
            assert!(error.contains(rule), "{cnf:?} {error}");
        }
    }

    #[test]
    fn errors_become_challenges() {
        let broken = Error::from(RuleViolation::new(STAGE, "aud is this API", VALIDATION).got("s3cret"));
        let answered = answer(&broken);
        assert_eq!(answered.status().as_u16(), 401);
        assert_eq!(
            answered.headers()[WWW_AUTHENTICATE],
            r#"Bearer error="invalid_token", error_description="aud is this API""#
        );
        let missing = Insufficient {
            kind: InsufficientKind::Scope,
            status: 403,
            scope: Some("a b\"\\\u{e9}".into()),
            acr_values: None,
            max_age: None,
            description: None,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        let answered = answer(&Error::Insufficient(Arc::new(missing)));
        assert_eq!(answered.status().as_u16(), 403);
        assert_eq!(answered.headers()[WWW_AUTHENTICATE], r#"Bearer error="insufficient_scope", scope="a b""#);
    }

    #[test]
    fn what_is_not_the_tokens_fault_is_no_challenge() {
        let outage = crate::error::TransportError::new(crate::error::TransportErrorKind::Connect, "down");
        let key_set = RuleViolation::new("key set", "a key set is an object", "RFC 7517 section 5");
        for error in [Error::from(outage), key_set.into(), Error::config("x", "y")] {
            let answered = answer(&error);
            assert_eq!((answered.status().as_u16(), answered.headers().get(WWW_AUTHENTICATE)), (503, None));
        }
    }
}
