//! Introspection answers that are JWTs, [RFC 9701](https://www.rfc-editor.org/rfc/rfc9701): for APIs that must be able to show
//! later what the server told them.

use super::introspection::{self, Introspection, STAGE};
use crate::Secret;
use crate::client::{Client, Config};
use crate::error::{Error, Result, RuleViolation};
use crate::oidc::jwt::{self, audiences, required_text};
use crate::oidc::rules::{Encryption, JwtRules};
use bytes::Bytes;
use grantee_jose::Verified;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::Value;
use std::time::Duration;

/// The media type of the answer (RFC 9701 section 5).
pub const MEDIA_TYPE: &str = "application/token-introspection+jwt";
const TYP: &str = "token-introspection+jwt";
const SPEC: &str = "RFC 9701 section 5";
/// An answer is made for the request: an older one was kept by somebody.
const OLDEST: Duration = Duration::from_secs(300);

/// How introspection answers are protected, as the client is registered.
#[derive(Debug, Clone, Default)]
pub(crate) struct IntrospectionRules {
    pub(crate) algorithm: Option<String>,
    pub(crate) encryption: Option<Encryption>,
}

impl IntrospectionRules {
    fn want_a_jwt(&self) -> bool {
        self.algorithm.is_some() || self.encryption.is_some()
    }

    /// What answers are signed by, where they are: RS256 where the registration says nothing (RFC 9701 section 6).
    pub(crate) fn signed_by(&self) -> Option<&str> {
        self.want_a_jwt().then(|| self.algorithm.as_deref().unwrap_or("RS256"))
    }
}

impl Config {
    #[doc(hidden)]
    pub fn set_introspection_alg(&mut self, alg: String) {
        self.introspection.algorithm = Some(alg);
    }

    #[doc(hidden)]
    pub fn set_introspection_encryption(&mut self, alg: String, enc: String) {
        self.introspection.encryption = Some(Encryption { alg, enc });
    }
}

impl Client {
    /// What an introspection request accepts, where that is no JSON (RFC 9701 section 4).
    pub(crate) fn accepted_introspection(&self) -> HeaderValue {
        let as_jwt = self.inner.config.introspection.want_a_jwt();
        HeaderValue::from_static(if as_jwt { MEDIA_TYPE } else { "application/json" })
    }

    /// Judges an introspection answer in the form that the client is registered for.
    pub(crate) async fn judge_introspection(
        &self,
        answer: &http::Response<Bytes>,
        issuer: Option<&str>,
    ) -> Result<Introspection> {
        if !self.inner.config.introspection.want_a_jwt() {
            return introspection::judge(answer);
        }
        let token = token_of(answer)?;
        self.open_introspection(token, issuer).await
    }

    async fn open_introspection(&self, token: &str, issuer: Option<&str>) -> Result<Introspection> {
        let config = &self.inner.config;
        // RS256 where the registration names none (RFC 9701 section 6).
        let algorithm = config.introspection.signed_by().unwrap_or("RS256");
        let rules = JwtRules {
            stage: STAGE,
            algorithms: vec![algorithm.into()],
            algorithm_spec: "RFC 9701 section 6",
            algorithm_setting: "introspection_alg(..)",
            encryption: config.introspection.encryption.as_ref(),
            any_encryption: false,
            encryption_spec: "RFC 9701 section 6",
            encryption_setting: "introspection_encryption",
            secret: config.secret.as_ref(),
            unsigned: false,
            typ: Some(TYP),
            // Without it an answer and an access token of the same server could be taken for each other (section 8.1).
            typ_required: true,
            typ_spec: SPEC,
        };
        let mut claims = jwt::open(self, token, &rules).await?.claims(STAGE)?;
        let verified = |broken: RuleViolation| Error::from(broken.after(Verified::Signature));
        let iss = required_text(STAGE, &claims, "iss", SPEC).map_err(verified)?;
        if issuer != Some(iss) {
            let broken = RuleViolation::new(STAGE, "iss is the issuer that was asked", SPEC).got(iss);
            return Err(verified(broken.expected(issuer.unwrap_or("an issuer in the configuration"))));
        }
        if !audiences(&claims).unwrap_or_default().contains(&self.client_id()) {
            let broken = RuleViolation::new(STAGE, "aud is this client", SPEC).expected(self.client_id());
            return Err(verified(broken.got(if claims.contains_key("aud") { "another audience" } else { "no aud" })));
        }
        let times = jwt::Times { now: self.now(), leeway: config.id_token.leeway, oldest: Some(OLDEST), spec: SPEC };
        let iat = jwt::required_time(STAGE, &claims, "iat", SPEC).map_err(verified)?;
        times.check_iat(STAGE, iat).map_err(verified)?;
        // Neither belongs here; where they are they must hold.
        if claims.contains_key("exp") {
            let exp = jwt::required_time(STAGE, &claims, "exp", SPEC).map_err(verified)?;
            times.not_expired(STAGE, exp).map_err(verified)?;
        }
        times.not_before(STAGE, &claims).map_err(verified)?;
        let Some(Value::Object(members)) = claims.remove("token_introspection") else {
            let broken = RuleViolation::new(STAGE, "the answer says what the server knows of the token", SPEC);
            return Err(verified(broken.expected("token_introspection as an object").got("none")));
        };
        let mut seen = introspection::of_members(members)?;
        seen.is_signed = true;
        seen.jwt = Some(Secret::new(token));
        Ok(seen)
    }
}

/// The JWT that an answer is.
///
/// # Errors
/// [`Error::Server`] and [`Error::Status`] as for any answer; [`Error::Rule`] for plain JSON, which proves nothing later.
pub fn token_of(answer: &http::Response<Bytes>) -> Result<&str> {
    let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = content_type.split(';').next().unwrap_or_default().trim();
    if !answer.status().is_success() || !media.eq_ignore_ascii_case(MEDIA_TYPE) {
        // An error of the server's says more than its content type.
        match super::members(STAGE, answer) {
            Err(error @ (Error::Server(_) | Error::Status(_))) => return Err(error),
            Err(error) if !answer.status().is_success() => return Err(error),
            _ => {}
        }
        return Err(RuleViolation::new(STAGE, "the answer is signed as registered", SPEC)
            .expected(MEDIA_TYPE)
            .got(if media.is_empty() { "no content type" } else { media })
            .hint("if the client is not registered for signed answers, leave introspection_alg(..) out")
            .into());
    }
    let text = std::str::from_utf8(answer.body())
        .map_err(|_| RuleViolation::new(STAGE, "a JWT is text", SPEC).got("bytes that are no text"))?;
    Ok(text.trim_ascii())
}
