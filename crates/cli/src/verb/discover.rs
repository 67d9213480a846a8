//! `grantee discover`: fetches, checks and shows a server's metadata, and what of the profiles of OAuth server and client keep.

use crate::args::Discover;
use crate::client::Setup;
use crate::failure::{Failure, Result, in_options};
use crate::output;
use crate::progress::spin;
use crate::settings::RulesName;
use comfy_table::{Cell, Color};
use grantee::blocking::Client;
use grantee::endpoint::discovery::Where;
use grantee::{Audit, Rules};
use serde_json::{Value, json};

pub(super) fn run(args: Discover, json: bool) -> Result<()> {
    let Discover { server, person, common } = args;
    let mut setup = Setup::new(common.profile.as_deref(), common.settings)?;
    let mut found = None;
    if let Some(server) = server {
        if person || is_address(&server) {
            found = Some(Client::discover(Where::person(server)));
        } else if server.contains("/.well-known/") {
            setup.settings.metadata = Some(server);
        } else {
            setup.settings.issuer = Some(server);
            setup.settings.metadata = None;
        }
    }
    let client = setup.anonymous_client(found)?;
    let metadata = spin("asking the server for its metadata", || client.metadata())?;
    for dropped in &metadata.ignored {
        output::note(&format!("left out, since it can't be meant: {dropped}"));
    }
    let mut document =
        serde_json::to_value(&*metadata).map_err(|error| Failure::file(format!("can't write JSON: {error}")))?;
    let rules = setup.settings.rules.map(RulesName::rules);
    let audits: Vec<Audit> = Rules::ALL
        .into_iter()
        .filter(|one| rules.is_none_or(|rules| *one == rules))
        .map(|rules| client.audit_for(rules))
        .collect::<grantee::Result<_>>()?;
    if json {
        document["audit"] = audits.iter().map(as_json).collect();
        return output::json(&document);
    }
    output::members(&document)?;
    audits.iter().try_for_each(show)
}

/// A profile, and what of its rules the server and this client keep.
fn as_json(audit: &Audit) -> Value {
    let findings = audit.findings.iter().map(|finding| {
        let mut shown = json!({
            "rule": finding.rule,
            "spec": finding.spec,
            "party": finding.party.name(),
            "kept": finding.lacks.is_none(),
        });
        if let Some(lacks) = &finding.lacks {
            shown["lacks"] = lacks.as_str().into();
            shown["hint"] = in_options(finding.hint).into();
        }
        shown
    });
    json!({ "rules": audit.rules.name(), "kept": audit.is_kept(), "findings": findings.collect::<Value>() })
}

fn show(audit: &Audit) -> Result<()> {
    let mut table = output::table([audit.rules.name(), "by", "of", "found"]);
    for finding in &audit.findings {
        let found = match &finding.lacks {
            None => Cell::new("kept").fg(Color::Green),
            Some(lacks) => {
                Cell::new(format!("{}\n{}", output::clean(lacks), in_options(finding.hint))).fg(Color::Yellow)
            }
        };
        table.add_row([Cell::new(finding.rule), Cell::new(finding.party.name()), Cell::new(finding.spec), found]);
    }
    output::text(&format!("\n{table}"))
}

/// An email address or an `acct:` URI, whose issuer WebFinger tells (OpenID Connect Discovery section 2).
fn is_address(server: &str) -> bool {
    server.starts_with("acct:") || (server.contains('@') && !server.contains("://"))
}
