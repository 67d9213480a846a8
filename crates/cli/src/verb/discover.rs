//! `grantee discover`: fetches, checks and shows a server's metadata.

use crate::args::Discover;
use crate::client::Setup;
use crate::failure::{Failure, Result};
use crate::output;
use crate::progress::spin;
use grantee::blocking::Client;
use grantee::endpoint::discovery::Where;

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
    let document =
        serde_json::to_value(&*metadata).map_err(|error| Failure::file(format!("can't write JSON: {error}")))?;
    if json { output::json(&document) } else { output::members(&document) }
}

/// An email address or an `acct:` URI, whose issuer WebFinger tells (OpenID Connect Discovery section 2).
fn is_address(server: &str) -> bool {
    server.starts_with("acct:") || (server.contains('@') && !server.contains("://"))
}
