//! What an audit found.

use super::Rules;
use std::fmt;

/// Who has to keep a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Party {
    /// This client, by how it is configured.
    Client,
    /// The authorization server, as its metadata tell.
    Server,
}

impl Party {
    /// `client` or `server`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// One rule of a profile, and whether it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The rule.
    pub rule: &'static str,
    /// Its section.
    pub spec: &'static str,
    /// Who has to keep it.
    pub party: Party,
    /// What it lacks; `None` where it is kept.
    pub lacks: Option<String>,
    /// What to do about it.
    pub hint: &'static str,
}

/// What an audit found, rule by rule in the order of the profile. `Display` writes a line for each.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Audit {
    /// The profile.
    pub rules: Rules,
    /// Each of its rules.
    pub findings: Vec<Finding>,
}

impl Audit {
    /// Whether nothing is lacking.
    pub fn is_kept(&self) -> bool {
        self.lacking().next().is_none()
    }

    /// The rules that are not kept, or of which nobody says that they are.
    pub fn lacking(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.lacks.is_some())
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            let mark = if finding.lacks.is_some() { "lacks" } else { "kept" };
            write!(f, "{mark:5} {} {} ({})", finding.party.name(), finding.rule, finding.spec)?;
            match &finding.lacks {
                Some(lacks) => writeln!(f, ": {lacks}; {}", finding.hint)?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}
