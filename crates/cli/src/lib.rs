//! The `grantee` program: every verb of it is a file under `verb/`, and each is built on the public API of the library
//! `grantee` alone.
//!
//! ```text
//! args ─ what was asked      settings ─ options, environment and profile laid over each other
//!   └ verb/… ─ does it       client   ─ settings made into a client, a grant, a session
//!       └ output ─ stdout    failure  ─ what went wrong, and the exit status
//!                            keys     ─ JWK, PEM and DER from files, sets from URLs
//! ```
//!
//! Data goes to stdout, everything else to stderr.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod args;
mod client;
mod failure;
mod input;
mod keys;
mod output;
mod private_file;
mod profile;
mod progress;
mod settings;
mod token_json;
mod verb;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _};
use failure::Failure;
use std::process::ExitCode;

#[doc(hidden)]
pub use profile::read_for_fuzzing;

/// The program, from its arguments to its exit status.
pub fn main() -> ExitCode {
    // Asked before the arguments are understood, since what can't be understood is told in JSON too.
    let json = std::env::args_os().skip(1).take_while(|argument| argument != "--").any(|argument| argument == "--json");
    let outcome = match args::Cli::command().try_get_matches() {
        Ok(matches) => args::Cli::from_arg_matches(&matches)
            .map_err(|error| Failure::usage(error.to_string()))
            .and_then(|cli| verb::run(cli, &matches)),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => output::text(&error.to_string()),
            _ if json => Err(failure::of_clap(&error)),
            _ => {
                output::note(&error.render().to_string());
                return ExitCode::from(failure::USAGE);
            }
        },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(json),
    }
}
