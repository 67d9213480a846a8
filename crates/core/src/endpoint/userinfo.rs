//! Userinfo: [OpenID Connect Core section 5.3](https://openid.net/specs/openid-connect-core-1_0.html#UserInfo), as JSON, signed, or
//! encrypted.

use crate::client::Client;
use crate::error::{Error, Result, RuleViolation, ServerError, StatusError};
use crate::oidc::jwt::{self, audiences, required_text};
use crate::oidc::rules::JwtRules;
use crate::oidc::{ClaimSource, Claims, IdToken, SourceKind};
use crate::ports::{ParsedUrl, Request};
use crate::session::call::{Placement, hooked};
use crate::wire::{self, www_authenticate};
use crate::{Secret, Token};
use bytes::Bytes;
use grantee_jose::SignatureAlgorithm;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;
use url::Url;

pub(crate) const STAGE: &str = "userinfo";
const VALIDATION: &str = "OpenID Connect Core section 5.3.4";

/// What the provider says about the person of an ID token: `sub` is the same, so both are about one person.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Userinfo {
    /// The claims.
    pub claims: Claims,
    /// Whether the answer was a signed JWT, and verified.
    pub is_signed: bool,
}

/// What the provider says about the person whose access token it is. It is bound to no ID token: whoever planted the access
/// token decides who this is, so nobody is logged in by it. [`bind`](Self::bind) makes a [`Userinfo`] of it.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct UnboundUserinfo {
    /// The claims.
    pub claims: Claims,
    /// Whether the answer was a signed JWT, and verified.
    pub is_signed: bool,
    /// The answer's body as it came.
    pub body: Bytes,
}

impl std::fmt::Debug for UnboundUserinfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnboundUserinfo")
            .field("claims", &self.claims)
            .field("is_signed", &self.is_signed)
            .finish_non_exhaustive()
    }
}

impl UnboundUserinfo {
    /// Binds it to the ID token of the same login.
    ///
    /// # Errors
    /// [`Error::Rule`] when `sub` is missing or another.
    pub fn bind(self, id_token: &IdToken) -> Result<Userinfo> {
        let broken = || {
            RuleViolation::new(STAGE, "sub is that of the ID token", "OpenID Connect Core section 5.3.2")
                .expected("the sub of the ID token")
                .hint("the answer is about somebody else, or about nobody: do not use it")
        };
        match self.claims.sub() {
            Some(sub) if sub == id_token.subject() => Ok(Userinfo { claims: self.claims, is_signed: self.is_signed }),
            Some(_) => Err(broken().got("another sub").into()),
            None => Err(broken().got("no sub").into()),
        }
    }
}

/// A userinfo request, with the access token in the header or in the body (RFC 6750 section 2).
///
/// # Errors
/// [`Error::Config`] for a token that is no Bearer token, and for a placement that userinfo does not know.
pub fn request(url: &Url, token: &Token, placement: Placement) -> Result<Request> {
    let mut request = bare_request(url)?;
    match placement {
        Placement::Header => drop(request.headers_mut().insert(AUTHORIZATION, token.try_into()?)),
        Placement::FormBody => {
            // The header's maker refuses a token that is none to be used so.
            let _: HeaderValue = token.try_into()?;
            *request.method_mut() = Method::POST;
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
            let form = wire::form::Params::new().with("access_token", &token.access_token);
            *request.body_mut() = Bytes::from(form.encode());
        }
        _ => {
            return Err(Error::config(
                "userinfo takes the access token in the header or in the body",
                "OpenID Connect Core section 5.3.1",
            ));
        }
    }
    Ok(request)
}

fn bare_request(url: &Url) -> Result<Request> {
    let mut request = http::Request::new(Bytes::new());
    *request.uri_mut() = url
        .as_str()
        .parse()
        .map_err(|_| Error::config("the userinfo_endpoint is not one that HTTP can carry", "look at the metadata"))?;
    request.extensions_mut().insert(ParsedUrl(url.clone()));
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json, application/jwt"));
    Ok(request)
}

/// What came, told apart by its content type.
enum Answer {
    Json(Map<String, Value>),
    Jwt(String),
}

fn read(answer: &http::Response<Bytes>) -> Result<Answer> {
    if !answer.status().is_success() {
        return Err(failure(answer));
    }
    let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_jwt =
        content_type.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/jwt"));
    if !is_jwt {
        return super::members(STAGE, answer).map(Answer::Json);
    }
    let text = std::str::from_utf8(answer.body()).map_err(|_| {
        RuleViolation::new(STAGE, "a JWT is text", "OpenID Connect Core section 5.3.2").got("bytes that are no text")
    })?;
    Ok(Answer::Jwt(text.trim_ascii().to_owned()))
}

/// An error of a protected resource is told by its challenge (RFC 6750 section 3).
fn failure(answer: &http::Response<Bytes>) -> Error {
    let challenged = www_authenticate::parse(answer.headers()).into_iter().find_map(|challenge| {
        let text = |name: &str| challenge.param(name).map(str::to_owned);
        Some((text("error")?, text("error_description")))
    });
    if let Some((code, description)) = challenged {
        let mut error = ServerError::new(STAGE, code);
        error.description = description;
        error.status = answer.status().as_u16();
        error.headers = answer.headers().clone();
        return Error::Server(Arc::new(error));
    }
    match super::members(STAGE, answer) {
        Err(error @ (Error::Server(_) | Error::Rule(_))) => error,
        _ => Error::Status(Arc::new(StatusError::new(STAGE, answer))),
    }
}

/// Claims that somebody else has about the person ([`ClaimSource`]). The provider named the source; what it says has not been
/// verified here.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SourcedClaims {
    /// The claims that the provider said come from there, and no others.
    pub claims: Claims,
    /// The source's JWT as it came, where it was one: its own keys tell whether it is genuine.
    pub jwt: Option<Secret>,
}

impl Client {
    /// What the provider says about the person of this login.
    ///
    /// # Errors
    /// [`Error::Rule`] when the answer breaks a rule, such as another `sub` than the ID token's; [`Error::Server`] when the
    /// access token is refused.
    pub async fn userinfo(&self, token: &Token, id_token: &IdToken) -> Result<Userinfo> {
        self.userinfo_unbound(token).await?.bind(id_token)
    }

    /// What the provider says about the person whose access token this is, whoever that may be.
    ///
    /// # Errors
    /// As [`userinfo`](Self::userinfo).
    pub async fn userinfo_unbound(&self, token: &Token) -> Result<UnboundUserinfo> {
        let outcome = self.request_userinfo(token).await;
        if let Err(error) = &outcome {
            tracing::warn!(client_id = self.client_id(), outcome = error.code(), "userinfo refused");
        }
        outcome
    }

    async fn request_userinfo(&self, token: &Token) -> Result<UnboundUserinfo> {
        let config = &self.inner.config;
        let metadata = self.metadata().await?;
        let url = self.url_of(&metadata, "userinfo_endpoint")?;
        if let Some(rules) = config.rules {
            rules.check_placement(config.userinfo.placement)?;
        }
        let answer = match config.userinfo.placement {
            Placement::Header => {
                let mut request = bare_request(&url)?;
                hooked(self, &mut request).await?;
                self.present(STAGE, token, request).await?
            }
            placement => {
                let mut request = request(&url, token, placement)?;
                hooked(self, &mut request).await?;
                self.exchange(STAGE, request).await?
            }
        };
        let protected = config.userinfo.algorithm.is_some() || config.userinfo.encryption.is_some();
        let (members, is_signed) = match read(&answer)? {
            Answer::Json(members) if !protected => (members, false),
            Answer::Json(_) => {
                return Err(RuleViolation::new(STAGE, "the answer is signed or encrypted as registered", VALIDATION)
                    .expected("application/jwt")
                    .got("plain JSON")
                    .into());
            }
            Answer::Jwt(token) => self.open_userinfo(&token, metadata.issuer.as_deref()).await?,
        };
        Ok(UnboundUserinfo { claims: Claims::from_members(members), is_signed, body: answer.into_body() })
    }

    /// The claims, and whether a signature of the server's was verified.
    async fn open_userinfo(&self, token: &str, issuer: Option<&str>) -> Result<(Map<String, Value>, bool)> {
        let config = &self.inner.config;
        let mut algorithms: Vec<_> = config.userinfo.algorithm.iter().map(Into::into).collect();
        let any_algorithm = algorithms.is_empty() && config.userinfo.any_algorithm;
        if any_algorithm {
            // Unsigned JSON would pass as well, so whichever of the server's keys signed takes nothing away.
            let asymmetric = SignatureAlgorithm::ALL.iter().filter(|algorithm| !algorithm.is_symmetric());
            algorithms.extend(asymmetric.map(|algorithm| Cow::Borrowed(algorithm.name())));
        }
        let rules = JwtRules {
            stage: STAGE,
            algorithms,
            algorithm_spec: VALIDATION,
            algorithm_setting: "userinfo_alg(..)",
            encryption: config.userinfo.encryption.as_ref(),
            any_encryption: config.userinfo.any_encryption,
            encryption_spec: VALIDATION,
            encryption_setting: "userinfo_encryption",
            secret: config.secret.as_ref(),
            unsigned: false,
            typ: None,
            typ_required: false,
            typ_spec: "",
        };
        let by_key = jwt::encryption_by_key(self, token, &rules).filter(|_| rules.encryption.is_none());
        if let Some(encryption) = rules.encryption.or(by_key.as_ref())
            && (any_algorithm || rules.algorithms.is_empty())
        {
            // Registered to be encrypted and not signed: the plaintext is the JSON itself.
            if let Some(claims) = jwt::decrypted_object(self, token, encryption, &rules).await? {
                return Ok((claims, false));
            }
        }
        let claims = jwt::open(self, token, &rules).await?.claims(STAGE)?;
        let verified = |broken: RuleViolation| Error::from(broken.after(grantee_jose::Verified::Signature));
        // Both SHOULD be there (section 5.3.2); where they are they must be right.
        if claims.contains_key("iss") {
            let iss = required_text(STAGE, &claims, "iss", VALIDATION).map_err(verified)?;
            if issuer != Some(iss) {
                let broken = RuleViolation::new(STAGE, "iss is the issuer that was asked", VALIDATION);
                return Err(verified(broken.expected(issuer.unwrap_or("an issuer in the configuration")).got(iss)));
            }
        }
        if claims.contains_key("aud") && !audiences(&claims).unwrap_or_default().contains(&self.client_id()) {
            let broken = RuleViolation::new(STAGE, "aud is this client", VALIDATION);
            return Err(verified(broken.expected(self.client_id()).got("another audience")));
        }
        let times = jwt::Times { now: self.now(), leeway: config.id_token.leeway, oldest: None, spec: VALIDATION };
        if claims.contains_key("exp") {
            let exp = jwt::required_time(STAGE, &claims, "exp", VALIDATION).map_err(verified)?;
            times.not_expired(STAGE, exp).map_err(verified)?;
        }
        times.not_before(STAGE, &claims).map_err(verified)?;
        Ok((claims, true))
    }

    /// The claims of a source that the provider names: read from what came along, or asked for where they are. A source that
    /// is asked gets the access token that the provider gave for it, over https (loopback excepted) and without redirects. The
    /// provider chooses the host: a program that trusts it with less than its own network looks at the endpoint first.
    ///
    /// # Errors
    /// [`Error::Rule`] when the answer is none, [`Error::Status`] or [`Error::Transport`] when there is none.
    pub async fn claims_of(&self, source: &ClaimSource<'_>) -> Result<SourcedClaims> {
        const STAGE: &str = "claims source";
        let answer = match &source.kind {
            SourceKind::Aggregated { jwt } => Answer::Jwt((*jwt).to_owned()),
            SourceKind::Distributed { endpoint, access_token } => {
                let url = self.endpoint_url("the endpoint of a claims source", endpoint)?;
                let mut token = Token::bearer(access_token.clone().unwrap_or_default());
                token.access_token = access_token.clone().unwrap_or_else(|| "none".into());
                let mut request = request(&url, &token, Placement::Header)?;
                if access_token.is_none() {
                    request.headers_mut().remove(AUTHORIZATION);
                }
                read(&self.exchange(STAGE, request).await?)?
            }
        };
        let (members, jwt) = match answer {
            Answer::Json(members) => (members, None),
            Answer::Jwt(jwt) => {
                let broken = |error| Error::from(RuleViolation::from_jose(STAGE, error));
                let compact = grantee_jose::jws::Compact::parse(&jwt).map_err(broken)?;
                let members = grantee_jose::json::object(compact.unverified_payload()).map_err(broken)?;
                drop(compact);
                (members, Some(Secret::new(jwt)))
            }
        };
        let named = members.into_iter().filter(|(name, _)| source.claims.contains(&name.as_str())).collect();
        Ok(SourcedClaims { claims: Claims::from_members(named), jwt })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &'static str) -> http::Response<Bytes> {
        let builder = headers.iter().fold(http::Response::builder().status(status), |b, (k, v)| b.header(*k, *v));
        builder.body(Bytes::from_static(body.as_bytes())).unwrap()
    }

    #[test]
    fn the_token_goes_into_the_header_or_into_a_form() {
        let url = Url::parse("https://as.example/me").unwrap();
        let request = |placement| request(&url, &Token::bearer("tok+en"), placement);
        let header = request(Placement::Header).unwrap();
        assert_eq!(
            (header.method().as_str(), &header.headers()[AUTHORIZATION]),
            ("GET", &"Bearer tok+en".parse().unwrap())
        );
        let body = request(Placement::FormBody).unwrap();
        assert_eq!((body.method().as_str(), &body.body()[..]), ("POST", &b"access_token=tok%2Ben"[..]));
        assert!(!body.headers().contains_key(AUTHORIZATION));
    }

    #[test]
    fn json_and_jwt_are_told_apart_by_the_content_type() {
        let jwt = [("content-type", "Application/JWT; charset=utf-8")];
        assert!(matches!(read(&answer(200, &jwt, " a.b.c\n")), Ok(Answer::Jwt(jwt)) if jwt == "a.b.c"));
        assert!(matches!(read(&answer(200, &[], r#"{"sub":"s"}"#)), Ok(Answer::Json(_))));
        assert!(read(&answer(200, &[("content-type", "application/json")], "a.b.c")).is_err());
    }

    #[test]
    fn an_error_is_told_by_its_challenge() {
        let challenge = [("www-authenticate", r#"Bearer error="invalid_token", error_description="gone""#)];
        let error = failure(&answer(401, &challenge, ""));
        assert_eq!((error.server_error(), error.status()), (Some("invalid_token"), Some(401)));
        assert_eq!(
            failure(&answer(400, &[], r#"{"error":"invalid_request"}"#)).server_error(),
            Some("invalid_request")
        );
        assert!(matches!(failure(&answer(503, &[], "")), Error::Status(_)));
    }
}
