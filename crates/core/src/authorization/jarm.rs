//! Signed authorization responses,
//! [JWT Secured Authorization Response Mode](https://openid.net/specs/oauth-v2-jarm.html) (JARM).
//!
//! The answer is one JWT in the parameter `response`. It is decrypted where that was agreed, its signature verified, its issuer,
//! audience and expiry checked; then what it holds is judged as plain parameters are. Nothing beside it is believed, and where it
//! was asked for nothing else is accepted. Ask with
//! [`response_mode`](super::AuthorizationRequest::response_mode)`("jwt")`; how the answers are signed is said with the client
//! builder's `authorization_alg`.

use super::callback::{Answer, EXPIRES_IN, ISS, protocol, rule};
use super::pending::Pending;
use super::response::Unverified;
use crate::client::Client;
use crate::error::{Error, Excerpt, Result, RuleViolation};
use crate::metadata::{AuthorizationServer, TENANT};
use crate::oidc::id_token::{check_issuer, check_kind};
use crate::oidc::jwt::{self, Times, audiences, required_time};
use crate::oidc::rules::{Encryption, JwtRules};
use crate::wire::json;
use crate::{Secret, UnixTime};
use grantee_jose::SignatureAlgorithm;
use serde_json::{Map, Value};
use std::borrow::Cow;

const STAGE: &str = "authorization response";
const SPEC: &str = "JARM section 2.4";
/// What the client's registration says where it says nothing (JARM section 3).
const USUAL_ALGORITHM: &str = "RS256";

/// How the answers to a client are signed and encrypted, as it is registered.
#[derive(Clone, Default)]
pub(crate) struct ResponseRules {
    pub(crate) algorithm: Option<String>,
    /// Whether any asymmetric one will do where none is said.
    pub(crate) any_algorithm: bool,
    pub(crate) encryption: Option<Encryption>,
}

impl ResponseRules {
    pub(crate) fn algorithm(&self) -> &str {
        self.algorithm.as_deref().unwrap_or(USUAL_ALGORITHM)
    }

    /// Whether whichever key of the server's has signed will do.
    pub(crate) fn takes_any(&self) -> bool {
        self.any_algorithm && self.algorithm.is_none()
    }

    fn algorithms(&self) -> Vec<Cow<'_, str>> {
        if !self.takes_any() {
            return vec![Cow::Borrowed(self.algorithm())];
        }
        // JARM section 2.4: never none. A secret of the client's is no key of the server's.
        let asymmetric = SignatureAlgorithm::ALL.iter().filter(|algorithm| !algorithm.is_symmetric());
        asymmetric.map(|algorithm| Cow::Borrowed(algorithm.name())).collect()
    }

    pub(super) fn check(&self) -> Result<()> {
        if let Some(encryption) = &self.encryption {
            encryption.parsed()?;
        }
        if SignatureAlgorithm::from_name(self.algorithm()).is_none() {
            return Err(Error::config(
                format!("authorization responses can't be signed by {}", self.algorithm()),
                "use a registered name, such as RS256 or ES256; none is never accepted (JARM section 2.4)",
            ));
        }
        Ok(())
    }

    /// That a signed answer can come at all, as far as the metadata tell.
    pub(crate) fn check_against(&self, metadata: &AuthorizationServer) -> Result<()> {
        if self.takes_any() {
            return Ok(());
        }
        let alg = self.algorithm();
        match &metadata.authorization_signing_alg_values_supported {
            Some(listed) if !listed.iter().any(|name| name == alg) => Err(Error::config(
                format!(
                    "authorization responses are expected signed by {alg}, and the server signs by {}",
                    Excerpt(&listed.join(", "))
                ),
                "say with authorization_alg(..) what the client is registered for (authorization_signed_response_alg)",
            )),
            _ => Ok(()),
        }
    }
}

/// Whether a response mode asks for a signed answer.
pub(super) fn is_mode(mode: &str) -> bool {
    mode == "jwt" || mode.ends_with(".jwt")
}

/// A signed answer, not opened yet.
pub(crate) struct Signed {
    pub(super) asked: Pending,
    pub(super) response: Secret,
    /// The plain parameter beside it.
    pub(super) iss: Option<String>,
}

impl Client {
    /// Verifies a signed answer and judges what it holds.
    ///
    /// # Errors
    /// [`Error::Rule`] names the rule that is broken; [`Error::Server`] when the person or the server said no; as
    /// [`metadata`](Self::metadata) and for the key set, where they have to be fetched.
    pub(crate) async fn open_response(&self, signed: Signed) -> Result<Unverified> {
        let metadata = self.metadata().await?;
        let config = &self.inner.config;
        let rules = JwtRules {
            stage: STAGE,
            algorithms: config.authorization.answers.algorithms(),
            algorithm_spec: SPEC,
            algorithm_setting: "authorization_alg(..)",
            encryption: config.authorization.answers.encryption.as_ref(),
            any_encryption: config.id_token.any_encryption,
            encryption_spec: "JARM section 3",
            encryption_setting: "authorization_encryption",
            secret: config.secret.as_ref(),
            unsigned: false,
            // Nobody has agreed on one; that it is none of the others is checked below.
            typ: None,
            typ_required: false,
            typ_spec: "",
        };
        let opened = jwt::open(self, signed.response.reveal(), &rules).await?;
        let verified = opened.verified();
        let claims = opened.claims(STAGE)?;
        let now = self.now();
        // The issuer signs other things for this client too, by the same keys.
        check_kind(STAGE, "an authorization response", opened.header.typ.as_deref(), &claims)
            .map_err(|broken| broken.after(verified))?;
        check(self, &metadata, &signed, &claims, now).map_err(|broken| broken.after(verified))?;
        Unverified::judge(signed.asked, answer(claims)?, true, now)
    }
}

/// What is checked before anything the JWT holds is looked at.
fn check(
    client: &Client,
    metadata: &AuthorizationServer,
    signed: &Signed,
    claims: &Map<String, Value>,
    now: UnixTime,
) -> Result<(), RuleViolation> {
    let issuer = check_issuer(STAGE, SPEC, metadata, claims)?;
    let other = |expected: &str| {
        rule("iss is the issuer that was asked", "RFC 9207 section 2.4")
            .expected(expected)
            .got(issuer)
            .hint("the answer may come from another server: start the login again")
    };
    // The metadata may have changed since the login was started.
    if let Some(asked) = signed.asked.issuer()
        && asked != issuer
        && !asked.contains(TENANT)
    {
        return Err(other(asked));
    }
    if let Some(plain) = &signed.iss
        && plain != issuer
    {
        return Err(other(plain).got(format_args!("{issuer} in the signed answer")));
    }
    match audiences(claims) {
        Some(audience) if audience.contains(&client.client_id()) => {}
        audience => {
            let got = audience.map_or_else(|| json::kind(claims.get("aud")).to_owned(), |list| list.join(", "));
            return Err(rule("aud is this client", SPEC).expected(client.client_id()).got(got));
        }
    }
    let leeway = client.inner.config.id_token.leeway;
    let times = Times { now, leeway, oldest: None, spec: SPEC };
    times.not_expired(STAGE, required_time(STAGE, claims, "exp", SPEC)?)?;
    times.not_before(STAGE, claims)
}

/// The claims as the parameters they stand for.
fn answer(claims: Map<String, Value>) -> Result<Answer<'static>> {
    let mut answer = Answer::default();
    for (name, value) in claims {
        match protocol(&name) {
            // It was checked, and stands for the plain parameter too.
            Some(ISS) => {}
            Some(place) => answer.set(place, text(&name, place, value)?),
            None if matches!(name.as_str(), "aud" | "exp" | "iat" | "nbf" | "jti") => {}
            None => {
                let text = if let Value::String(text) = value { text } else { value.to_string() };
                answer.further.push((name.into(), text.into()));
            }
        }
    }
    Ok(answer)
}

fn text(name: &str, place: usize, value: Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) if place == EXPIRES_IN => Ok(number.to_string()),
        details @ Value::Array(_) if name == "authorization_details" => Ok(details.to_string()),
        other => Err(rule("a parameter in a signed answer is a string", "JARM section 2.1")
            .expected(name)
            .got(json::kind(Some(&other)))
            .into()),
    }
}
