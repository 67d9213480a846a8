//! Rule sets: profiles of OAuth that a client keeps to, and can explain. Each is a list of rules, each rule with its section; the
//! client refuses a configuration, a server and a request that break one, and [`Client::audit`] says of each whether it is kept.
//!
//! | profile | file |
//! |---|---|
//! | draft-ietf-oauth-v2-1, OAuth 2.1 | `oauth21` |
//! | FAPI 1.0 Part 2, Advanced | `fapi1_advanced` |
//! | FAPI 2.0 Security Profile | `fapi2_security` |
//! | FAPI 2.0 Message Signing | `fapi2_message_signing` |

mod audit;
mod facts;
mod fapi1_advanced;
mod fapi2_message_signing;
mod fapi2_security;
mod oauth21;
mod request;

pub use audit::{Audit, Finding, Party};
use facts::Facts;

use crate::client::{Client, Config};
use crate::error::{Error, Excerpt, Result, RuleViolation};
use crate::grant::Grant;
use crate::metadata::AuthorizationServer;
use crate::session::call::Placement;
use crate::wire::form::Params;

/// A profile whose rules a client keeps to. Without one a client follows the rules of each specification it uses, and whatever
/// is weaker stands behind its danger door; with one that door is shut, and what the profile asks for beyond them is done by
/// itself or refused.
///
/// ```
/// use grantee_core::rules::Rules;
/// assert_eq!(Rules::from_name("fapi2"), Some(Rules::Fapi2Security));
/// assert_eq!(Rules::Fapi2Security.name(), "fapi2");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rules {
    /// draft-ietf-oauth-v2-1: PKCE always, neither implicit nor password grant, no token in a URL.
    OAuth21,
    /// FAPI 1.0 Part 2, Advanced: signed requests, certificate-bound tokens, answers that are signed or come with an ID token.
    Fapi1Advanced,
    /// FAPI 2.0 Security Profile: pushed requests, tokens bound to a key or a certificate.
    Fapi2Security,
    /// FAPI 2.0 Message Signing: the same, with signed requests, authorization responses and introspection answers.
    Fapi2MessageSigning,
}

impl Rules {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::OAuth21, Self::Fapi1Advanced, Self::Fapi2Security, Self::Fapi2MessageSigning];

    /// A short name, as the program takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::OAuth21 => "oauth21",
            Self::Fapi1Advanced => "fapi1-advanced",
            Self::Fapi2Security => "fapi2",
            Self::Fapi2MessageSigning => "fapi2-message-signing",
        }
    }

    /// The profile of a short name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rules| rules.name() == name)
    }

    fn list(self) -> impl Iterator<Item = &'static Rule> {
        let lists: &[&[Rule]] = match self {
            Self::OAuth21 => &[oauth21::RULES],
            Self::Fapi1Advanced => &[fapi1_advanced::RULES],
            Self::Fapi2Security => &[fapi2_security::RULES],
            Self::Fapi2MessageSigning => &[fapi2_security::RULES, fapi2_message_signing::RULES],
        };
        lists.iter().copied().flatten()
    }

    fn is_fapi(self) -> bool {
        self != Self::OAuth21
    }

    /// Whether every authorization request is pushed.
    pub(crate) fn pushes(self) -> bool {
        matches!(self, Self::Fapi2Security | Self::Fapi2MessageSigning)
    }

    /// Whether every authorization request goes as a signed object.
    pub(crate) fn signs_requests(self) -> bool {
        matches!(self, Self::Fapi1Advanced | Self::Fapi2MessageSigning)
    }

    /// Whether an authorization response must name the issuer, whatever the metadata say.
    pub(crate) fn requires_iss(self) -> bool {
        self.pushes()
    }

    /// Whether the ID token of an authorization response must vouch for the state.
    pub(crate) fn requires_s_hash(self) -> bool {
        self == Self::Fapi1Advanced
    }

    /// Whether a request object has the parameters beside it that OpenID Connect wants there, whatever is asked
    /// (FAPI 1.0 Advanced section 5.2.3).
    pub(crate) fn repeats_outside(self) -> bool {
        self == Self::Fapi1Advanced
    }

    /// What JWTs are signed by, where the profile allows some algorithms only.
    fn algorithms(self) -> Option<&'static [&'static str]> {
        match self {
            Self::OAuth21 => None,
            Self::Fapi1Advanced => Some(facts::FAPI1_ALGORITHMS),
            Self::Fapi2Security | Self::Fapi2MessageSigning => Some(facts::FAPI2_ALGORITHMS),
        }
    }

    /// Refuses a grant that the profile has removed.
    pub(crate) fn check_grant(self, grant: &dyn Grant) -> Result<()> {
        self.check_grant_type(grant.grant_type())
    }

    /// Refuses a form that a hook or a further parameter has made such a grant of.
    pub(crate) fn check_form(self, form: &Params) -> Result<()> {
        form.iter().filter(|(name, _)| *name == "grant_type").try_for_each(|(_, kind)| self.check_grant_type(kind))
    }

    fn check_grant_type(self, grant_type: &str) -> Result<()> {
        match grant_type {
            "password" => Err(self.refused("the password grant is not used", self.spec_of_removal())),
            _ => Ok(()),
        }
    }

    /// Refuses authorization responses that would be signed by what the profile forbids.
    pub(crate) fn check_answers(self, algorithm: &str) -> Result<()> {
        self.check_signed("authorization responses", algorithm, "see authorization_alg(..)")
    }

    fn check_signed(self, what: &str, algorithm: &str, see: &str) -> Result<()> {
        match self.algorithms() {
            Some(allowed) if !allowed.contains(&algorithm) => Err(self.refused(
                &format!(
                    "{what} are signed by {}, and {} is expected: {see}",
                    allowed.join(" or "),
                    Excerpt(algorithm)
                ),
                match self {
                    Self::Fapi1Advanced => "FAPI 1.0 Advanced section 8.6",
                    _ => "FAPI 2.0 Security Profile section 5.4.1",
                },
            )),
            _ => Ok(()),
        }
    }

    /// Refuses a place for tokens that the profile has removed.
    pub(crate) fn check_placement(self, placement: Placement) -> Result<()> {
        match placement {
            Placement::Header => Ok(()),
            Placement::FormBody if !self.is_fapi() => Ok(()),
            _ => Err(self.refused(
                "the access token goes into the header",
                match self {
                    Self::OAuth21 => "draft-ietf-oauth-v2-1 section 5.1",
                    Self::Fapi1Advanced => "FAPI 1.0 Part 1 section 6.2.2",
                    _ => "FAPI 2.0 Security Profile section 5.3.3.1",
                },
            )),
        }
    }

    /// Refuses introspection whose answer would not be signed, or by what the profile forbids.
    pub(crate) fn check_introspection(self, algorithm: Option<&str>) -> Result<()> {
        match algorithm {
            Some(algorithm) => self.check_signed("introspection answers", algorithm, "see introspection_alg(..)"),
            None if self == Self::Fapi2MessageSigning => Err(self.refused(
                "introspection answers are signed by PS256, ES256 or EdDSA: see introspection_alg(..)",
                "FAPI 2.0 Message Signing section 5.5.2",
            )),
            None => Ok(()),
        }
    }

    fn spec_of_removal(self) -> &'static str {
        match self {
            Self::OAuth21 => "draft-ietf-oauth-v2-1 section 10",
            Self::Fapi1Advanced => "FAPI 1.0 Advanced section 5.2.2",
            _ => "FAPI 2.0 Security Profile section 5.3.2.1",
        }
    }

    fn refused(self, rule: &str, spec: &str) -> Error {
        Error::config(format!("{}: {rule} ({spec})", self.name()), "leave it out, or leave rules(..) out")
    }
}

/// One rule of a profile.
struct Rule {
    text: &'static str,
    spec: &'static str,
    party: Party,
    hint: &'static str,
    check: fn(&Facts<'_>) -> Verdict,
}

/// Whether a rule is kept, as far as is known.
enum Verdict {
    Kept,
    /// Nobody says so: it is told, and not refused.
    Unsaid(String),
    /// It is broken for certain: nothing is sent.
    Broken(String),
}

impl Config {
    /// What follows from the profile by itself.
    pub(crate) fn apply_rules(&mut self) {
        if self.rules.is_some_and(Rules::is_fapi) {
            self.credentials.prefer_ps256();
        }
    }

    /// Refuses a configuration that breaks the rules it has chosen.
    pub(crate) fn check_rules(&self) -> Result<()> {
        let Some(rules) = self.rules else { return Ok(()) };
        let facts = Facts { config: self, metadata: None };
        for rule in rules.list().filter(|rule| rule.party == Party::Client) {
            if let Verdict::Broken(found) = (rule.check)(&facts) {
                let name = rules.name();
                return Err(Error::config(format!("{name}: {}: {found} ({})", rule.text, rule.spec), rule.hint));
            }
        }
        Ok(())
    }
}

impl Client {
    /// Says of each rule of the client's profile whether the configuration and the server's metadata keep it: of OAuth 2.1 where
    /// the client was given none. Whatever is broken would be refused when it is met.
    ///
    /// # Errors
    /// As [`metadata`](Self::metadata), but for the rules themselves.
    pub async fn audit(&self) -> Result<Audit> {
        self.audit_for(self.inner.config.rules.unwrap_or(Rules::OAuth21)).await
    }

    /// As [`audit`](Self::audit), for a profile that the client was not given.
    ///
    /// # Errors
    /// As [`audit`](Self::audit).
    pub async fn audit_for(&self, rules: Rules) -> Result<Audit> {
        let metadata = self.inner.metadata.get(self).await?;
        let facts = Facts { config: &self.inner.config, metadata: Some(&*metadata) };
        let findings = rules
            .list()
            .map(|rule| Finding {
                rule: rule.text,
                spec: rule.spec,
                party: rule.party,
                lacks: match (rule.check)(&facts) {
                    Verdict::Kept => None,
                    Verdict::Unsaid(found) | Verdict::Broken(found) => Some(found),
                },
                hint: rule.hint,
            })
            .collect();
        Ok(Audit { rules, findings })
    }

    /// Refuses a server that breaks the rules of the client's profile.
    pub(crate) fn check_server_rules(&self, metadata: &AuthorizationServer) -> Result<()> {
        let config = &self.inner.config;
        let Some(rules) = config.rules else { return Ok(()) };
        let facts = Facts { config, metadata: Some(metadata) };
        for rule in rules.list().filter(|rule| rule.party == Party::Server) {
            if let Verdict::Broken(found) = (rule.check)(&facts) {
                return Err(RuleViolation::new("metadata", rule.text, rule.spec)
                    .expected(rules.name())
                    .got(found)
                    .hint(rule.hint)
                    .into());
            }
        }
        Ok(())
    }
}
