//! Being told of a logout by the server itself: [OpenID Connect Back-Channel Logout 1.0](https://openid.net/specs/openid-connect-backchannel-1_0.html).

use super::claims::Claims;
use super::id_token::{IdToken, check_audience, check_issuer};
use super::jwt::{self, Times, required_text};
use super::replay::ReplayCache;
use super::rules::{JwtRules, OLDEST_IAT};
use crate::UnixTime;
use crate::client::Client;
use crate::error::{Error, Result, RuleViolation};
use crate::metadata::AuthorizationServer;
use crate::store::TokenKey;
use crate::wire::inbound::Inbound;
use bytes::Bytes;
use grantee_jose::jws;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value};

const STAGE: &str = "logout token";
const TOKEN: &str = "OpenID Connect Back-Channel Logout section 2.4";
const VALIDATION: &str = "OpenID Connect Back-Channel Logout section 2.6";
pub(crate) const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const TYP: &str = "logout+jwt";

/// By the word of the issuer, a person has logged out: end the sessions that it [`matches`](Self::matches). One that exists
/// has been verified, and is the first with its `jti`.
#[derive(Debug, Clone, PartialEq)]
pub struct LogoutToken {
    claims: Claims,
    issuer: String,
    subject: Option<String>,
    session_id: Option<String>,
    jti: String,
    issued_at: UnixTime,
    expires_at: UnixTime,
}

impl LogoutToken {
    /// `iss`: who says so.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `sub`: the person. Without a [`session_id`](Self::session_id) all of their sessions are meant.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// `sid`: the session at the issuer, as [`IdToken::session_id`] names it. Where there is no [`subject`](Self::subject) this is
    /// there.
    pub fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }

    /// `jti`: the token's own identifier.
    pub fn jti(&self) -> &str {
        &self.jti
    }

    /// `iat`: when it was made.
    pub fn issued_at(&self) -> UnixTime {
        self.issued_at
    }

    /// `exp`: until when it counts.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// Every claim, those above included.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Whether the session that began with this ID token is over. One whose ID token names no `sid` is over with any session
    /// of the person's, since it can't be told from others.
    pub fn matches(&self, id_token: &IdToken) -> bool {
        if self.issuer != id_token.issuer() || self.subject().is_some_and(|subject| subject != id_token.subject()) {
            return false;
        }
        match (self.session_id(), id_token.session_id()) {
            (Some(ended), Some(own)) => ended == own,
            _ => self.subject.is_some(),
        }
    }
}

/// What to answer to the server: 200 when the sessions are ended, else 400 with an OAuth error as JSON; never to be cached
/// ([section 2.8](https://openid.net/specs/openid-connect-backchannel-1_0.html#BCResponse)). The error names the rule and
/// nothing of what came.
///
/// ```
/// # use grantee_core::oidc::backchannel_logout::answer;
/// let answered = answer(&grantee_core::Result::Ok(()));
/// assert_eq!(answered.headers()["cache-control"], "no-store");
/// ```
pub fn answer<T>(outcome: &Result<T>) -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::new());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let Err(error) = outcome else { return response };
    let body = match error {
        Error::Rule(broken) => serde_json::json!({
            "error": "invalid_request",
            "error_description": format!("rule broken: {} ({})", broken.rule, broken.spec),
        }),
        // What ails this program is nobody else's business.
        _ => serde_json::json!({"error": "server_error", "error_description": "the logout could not be carried out"}),
    };
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = Bytes::from(body.to_string());
    response
}

impl Client {
    /// Verifies what was posted to the program's `backchannel_logout_uri`: the form body as it came, or the token in it. It
    /// must be signed, and encrypted, as ID tokens are; its `typ` must be `logout+jwt` unless the client accepts untyped ones.
    ///
    /// The token serves once, by the `replays` that it is noted in. [`answer`] makes the answer; where ending the sessions
    /// takes long, answer first.
    ///
    /// # Errors
    /// [`Error::Rule`] names the rule that is broken; as [`metadata`](Self::metadata) and for the key set, where they have to be
    /// fetched; what the `replays` say.
    pub async fn logout_token(&self, body: &[u8], replays: &dyn ReplayCache) -> Result<LogoutToken> {
        let outcome = verify(self, body, replays).await;
        let client_id = self.client_id();
        match &outcome {
            Ok(token) => tracing::info!(client_id, issuer = token.issuer(), outcome = "logout", "logout token"),
            Err(error) => tracing::warn!(client_id, outcome = error.code(), "logout token refused"),
        }
        outcome
    }
}

async fn verify(client: &Client, body: &[u8], replays: &dyn ReplayCache) -> Result<LogoutToken> {
    let raw = token_in(body)?;
    let metadata = client.metadata().await?;
    let config = &client.inner.config;
    let algorithm = match config.id_token.algorithm(metadata.id_token_signing_alg_values_supported.as_deref())? {
        // A client whose ID tokens are unsigned gets signed logout tokens all the same.
        none if none == "none" => "RS256".into(),
        registered => registered,
    };
    let rules = JwtRules {
        stage: STAGE,
        algorithms: vec![algorithm],
        algorithm_spec: VALIDATION,
        algorithm_setting: "id_token_alg(..)",
        encryption: config.id_token.encryption.as_ref(),
        any_encryption: config.id_token.any_encryption,
        encryption_spec: VALIDATION,
        encryption_setting: "id_token_encryption",
        secret: config.secret.as_ref(),
        unsigned: false,
        typ: (!config.logout.untyped).then_some(TYP),
        typ_required: true,
        typ_spec: TOKEN,
    };
    let opened = jwt::open(client, &raw, &rules).await?;
    let claims = opened.claims(STAGE)?;
    let judged = judge(client, &metadata, &opened.header, claims);
    let (token, until) = judged.map_err(|broken| broken.after(grantee_jose::Verified::Signature))?;
    // A digest, so that a cache that many clients share holds short names that never run together.
    let parts = [("iss", token.issuer()), ("client_id", client.client_id()), ("jti", token.jti())];
    if !replays.first_use(&TokenKey::new(parts).to_string(), until).await? {
        return Err(RuleViolation::new(STAGE, "jti has not been seen before", VALIDATION)
            .expected("a new jti")
            .got("one that was used")
            .after(grantee_jose::Verified::Signature)
            .into());
    }
    Ok(token)
}

/// The token of a form body, or the body where that is the token itself.
fn token_in(body: &[u8]) -> Result<String> {
    let body = body.trim_ascii();
    // Neither is in the alphabet of a compact token.
    if !body.iter().any(|byte| matches!(byte, b'=' | b'&')) && body.contains(&b'.') {
        let text = std::str::from_utf8(body).map_err(|_| {
            RuleViolation::new(STAGE, "a logout token is text", "RFC 7519 section 3").got("bytes that are no text")
        })?;
        return Ok(text.to_owned());
    }
    let form = Inbound::read(STAGE, body, "", ["logout_token"])?;
    form.get("logout_token").map(str::to_owned).ok_or_else(|| {
        RuleViolation::new(STAGE, "the request has a logout_token", "OpenID Connect Back-Channel Logout section 2.5")
            .got("no such parameter")
            .into()
    })
}

/// Everything after the signature. Returns until when the `jti` is to be remembered too.
fn judge(
    client: &Client,
    metadata: &AuthorizationServer,
    header: &jws::Header,
    members: Map<String, Value>,
) -> Result<(LogoutToken, UnixTime), RuleViolation> {
    let rules = &client.inner.config.id_token;
    let claims = &members;
    if header.typ.is_some() && !header.typ_is(TYP) && !header.typ_is("JWT") {
        return Err(RuleViolation::new(STAGE, "typ is that of this kind of token", TOKEN)
            .expected(TYP)
            .got(header.typ.as_deref().unwrap_or_default()));
    }
    let issuer = check_issuer(STAGE, VALIDATION, metadata, claims)?;
    check_audience(STAGE, claims, client.client_id(), &rules.trusted_audiences)?;
    let times = Times { now: client.now(), leeway: rules.leeway, oldest: Some(OLDEST_IAT), spec: VALIDATION };
    let (expires_at, issued_at) = times.check(STAGE, claims)?;
    let jti = required_text(STAGE, claims, "jti", TOKEN)?;
    check_events(claims)?;
    if claims.contains_key("nonce") {
        return Err(RuleViolation::new(STAGE, "there is no nonce", TOKEN).got("a nonce: it may be an ID token"));
    }
    let subject = optional_text(claims, "sub")?;
    let session_id = optional_text(claims, "sid")?;
    if subject.is_none() && session_id.is_none() {
        return Err(RuleViolation::new(STAGE, "sub or sid says whose session ends", TOKEN).got("neither"));
    }
    // Whichever comes first: from `exp` on the token is refused, and for its age once that is past what is allowed.
    let until = expires_at.after(rules.leeway).min(issued_at.after(OLDEST_IAT));
    let token = LogoutToken {
        issuer: issuer.to_owned(),
        subject: subject.map(str::to_owned),
        session_id: session_id.map(str::to_owned),
        jti: jti.to_owned(),
        issued_at,
        expires_at,
        claims: Claims::from_members(members),
    };
    Ok((token, until))
}

fn check_events(claims: &Map<String, Value>) -> Result<(), RuleViolation> {
    let event = claims.get("events").and_then(|events| events.get(EVENT));
    if event.is_some_and(Value::is_object) {
        return Ok(());
    }
    Err(RuleViolation::new(STAGE, "events has the event of a back-channel logout", TOKEN)
        .expected(format_args!("an object with an object as {EVENT}"))
        .got(match claims.get("events") {
            Some(Value::Object(_)) => crate::wire::json::kind(event),
            other => crate::wire::json::kind(other),
        }))
}

fn optional_text<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, RuleViolation> {
    if claims.contains_key(name) { required_text(STAGE, claims, name, TOKEN).map(Some) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_200_or_400_and_never_cached() {
        let done = answer(&Ok(()));
        assert_eq!((done.status().as_u16(), done.body().len()), (200, 0));
        let broken = RuleViolation::new(STAGE, "there is no nonce", TOKEN).got("s3cret");
        let refused = answer::<()>(&Err(broken.into()));
        let transport = crate::error::TransportError::new(crate::error::TransportErrorKind::Timeout, "s3cret");
        let failed = answer::<()>(&Err(transport.into()));
        for (answer, body) in [
            (
                &refused,
                r#"{"error":"invalid_request","error_description":"rule broken: there is no nonce (OpenID Connect Back-Channel Logout section 2.4)"}"#,
            ),
            (&failed, r#"{"error":"server_error","error_description":"the logout could not be carried out"}"#),
        ] {
            assert_eq!(answer.status().as_u16(), 400);
            assert_eq!(answer.headers()[CONTENT_TYPE], "application/json");
            assert_eq!(std::str::from_utf8(answer.body()).unwrap(), body);
        }
        for answer in [done, refused, failed] {
            assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
        }
    }

    #[test]
    fn a_token_comes_alone_or_in_a_form_and_only_once() {
        assert_eq!(token_in(b" a.b.c\n").unwrap(), "a.b.c");
        assert_eq!(token_in(b"x=1&logout_token=a.b.c&x=2").unwrap(), "a.b.c");
        for (body, got) in [
            (&b"logout_token=a.b.c&logout_token=a.b.c"[..], "logout_token twice"),
            (b"", "no such parameter"),
            (b"logout_token=", "no such parameter"),
            (b"id_token=a.b.c", "no such parameter"),
            (b"a.\xff.c", "no text"),
            (&[&b"x="[..], &vec![b'x'; 70_000]].concat(), "at most 64 KiB"),
        ] {
            let error = token_in(body).unwrap_err();
            assert!(matches!(&error, Error::Rule(_)) && error.to_string().contains(got), "{error}");
        }
    }
}
