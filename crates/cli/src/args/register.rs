//! What `grantee register` takes.

use super::Common;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RegisterAction {
    /// What the profile's client is registered as by now.
    Read,
    /// Registers the profile's client as --client-metadata says, and nothing else.
    Update,
    /// Has the server forget the profile's client.
    Delete,
}

#[derive(Debug, Args)]
pub(crate) struct Register {
    /// What to do with the profile's registration; without it, a new client is registered (RFC 7591, RFC 7592).
    #[arg(value_enum)]
    pub(crate) action: Option<RegisterAction>,

    /// A file with what the client is to be registered as: a JSON object of the registry's members, such as redirect_uris.
    #[arg(long, value_name = "FILE")]
    pub(crate) client_metadata: Option<PathBuf>,

    /// Where the token is that lets a client register, for servers that want one.
    #[arg(long, value_name = "@FILE|-")]
    pub(crate) initial_access_token: Option<String>,

    #[command(flatten)]
    pub(crate) common: Common,
}
