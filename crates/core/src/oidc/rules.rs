//! What a client is registered for, and how strict it is: the part of the expectations that no single login changes.

use super::claims::Claims;
use crate::Secret;
use crate::error::{Error, Result};
use crate::session::call::Placement;
use grantee_jose::{ContentEncryption, KeyAlgorithm, SignatureAlgorithm};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// How far clocks may differ, unless told otherwise.
pub(crate) const LEEWAY: Duration = Duration::from_secs(60);
/// A token issued that long ago was kept by somebody.
pub(crate) const OLDEST_IAT: Duration = Duration::from_secs(7 * 86_400);

/// What a JWT from the server must be like before its claims are looked at.
pub(crate) struct JwtRules<'a> {
    pub(crate) stage: &'static str,
    /// The names allowed for `alg`; what is not a signature algorithm of ours is refused all the same.
    pub(crate) algorithms: Vec<Cow<'a, str>>,
    pub(crate) algorithm_spec: &'static str,
    /// The builder method that says otherwise.
    pub(crate) algorithm_setting: &'static str,
    pub(crate) encryption: Option<&'a Encryption>,
    /// Whether one that is encrypted may come where `encryption` says nothing, by what the keys at hand serve.
    pub(crate) any_encryption: bool,
    pub(crate) encryption_spec: &'static str,
    pub(crate) encryption_setting: &'static str,
    pub(crate) secret: Option<&'a Secret>,
    /// Whether a token without a signature may pass, where `none` is among the algorithms.
    pub(crate) unsigned: bool,
    pub(crate) typ: Option<&'static str>,
    pub(crate) typ_required: bool,
    pub(crate) typ_spec: &'static str,
}

/// How tokens to this client are encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Encryption {
    pub(crate) alg: String,
    pub(crate) enc: String,
}

impl Encryption {
    pub(crate) fn parsed(&self) -> Result<(KeyAlgorithm, ContentEncryption)> {
        match (KeyAlgorithm::from_name(&self.alg), ContentEncryption::from_name(&self.enc)) {
            (Some(alg), Some(enc)) => Ok((alg, enc)),
            _ => Err(Error::config(
                format!("alg {} with enc {} is no encryption that is known here", self.alg, self.enc),
                "use the registered names, such as RSA-OAEP-256 and A256GCM; RSA1_5 is never accepted (RFC 8725 section 3.2)",
            )),
        }
    }
}

/// Where the signature algorithm of ID tokens is known from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AlgorithmRule {
    /// The client's registration (`id_token_signed_response_alg`), RS256 where it says nothing.
    Registered(String),
    /// The only asymmetric one that the metadata lists.
    OnlyOneListed,
}

impl Default for AlgorithmRule {
    fn default() -> Self {
        Self::Registered("RS256".to_owned())
    }
}

/// A rule of the program's own about a claim.
#[derive(Clone)]
pub(crate) struct Expectation {
    pub(crate) path: String,
    pub(crate) holds: Arc<Holds>,
}

pub(crate) type Holds = dyn Fn(Option<&Value>) -> bool + Send + Sync;

impl Expectation {
    pub(crate) fn holds(&self, claims: &Claims) -> bool {
        (self.holds)(claims.at(&self.path))
    }
}

/// The rules for ID tokens that come from the client's configuration.
#[derive(Clone)]
pub(crate) struct IdTokenRules {
    pub(crate) algorithm: AlgorithmRule,
    pub(crate) encryption: Option<Encryption>,
    pub(crate) any_encryption: bool,
    pub(crate) leeway: Duration,
    pub(crate) trusted_audiences: Vec<String>,
    pub(crate) any_acr: bool,
    pub(crate) unsigned: bool,
    pub(crate) expectations: Vec<Expectation>,
}

impl Default for IdTokenRules {
    fn default() -> Self {
        Self {
            algorithm: AlgorithmRule::default(),
            encryption: None,
            any_encryption: false,
            leeway: LEEWAY,
            trusted_audiences: Vec::new(),
            any_acr: false,
            unsigned: false,
            expectations: Vec::new(),
        }
    }
}

impl IdTokenRules {
    /// Whether ID tokens are verified by the client's secret, or by nothing.
    pub(crate) fn needs_no_keys(&self) -> bool {
        match &self.algorithm {
            AlgorithmRule::Registered(alg) => SignatureAlgorithm::from_name(alg).is_none_or(|alg| alg.is_symmetric()),
            AlgorithmRule::OnlyOneListed => false,
        }
    }

    /// The `alg` that ID tokens must have.
    pub(crate) fn algorithm(&self, listed: Option<&[String]>) -> Result<Cow<'_, str>> {
        match &self.algorithm {
            AlgorithmRule::Registered(alg) => Ok(alg.into()),
            AlgorithmRule::OnlyOneListed => {
                let asymmetric = |name: &&String| {
                    SignatureAlgorithm::from_name(name).is_some_and(|algorithm| !algorithm.is_symmetric())
                };
                let mut fitting = listed.unwrap_or_default().iter().filter(asymmetric);
                match (fitting.next(), fitting.next()) {
                    (Some(only), None) => Ok(only.clone().into()),
                    (None, _) => Err(Error::config(
                        "the metadata lists no asymmetric algorithm for ID tokens",
                        "say which one the client is registered for with id_token_alg(..)",
                    )),
                    _ => Err(Error::config(
                        "the metadata lists several asymmetric algorithms for ID tokens",
                        "say which one the client is registered for with id_token_alg(..)",
                    )),
                }
            }
        }
    }
}

/// The rules for userinfo answers.
#[derive(Clone, Default)]
pub(crate) struct UserinfoRules {
    pub(crate) algorithm: Option<String>,
    /// Whether an answer may be signed by any key of the server's where `algorithm` says nothing.
    pub(crate) any_algorithm: bool,
    pub(crate) encryption: Option<Encryption>,
    pub(crate) any_encryption: bool,
    pub(crate) placement: Placement,
}

/// The rules for being told of a logout.
#[derive(Clone, Copy, Default)]
pub(crate) struct LogoutRules {
    /// Whether a logout token's `typ` may say nothing.
    pub(crate) untyped: bool,
    /// Whether a front-channel logout must name its session.
    pub(crate) session_required: bool,
}
