//! `grantee jose`: tokens of any payload, from stdin to stdout.
//!
//! The key decides what a token may be, and `--alg` narrows it. A token that is refused is exit status 11, a key that can't
//! be read or used is 14.

mod decrypt;
mod encrypt;
mod inspect;
mod sign;
mod verify;

use crate::args::jose::{HeaderArgs, Jose};
use crate::failure::{Failure, Result};
use grantee::jose::jws::Header;
use grantee::jose::{self, ErrorKind, json};
use serde_json::Value;

pub(super) fn run(args: Jose) -> Result<()> {
    match args {
        Jose::Sign(args) => sign::run(args),
        Jose::Verify(args) => verify::run(args),
        Jose::Encrypt(args) => encrypt::run(args),
        Jose::Decrypt(args) => decrypt::run(args),
        Jose::Inspect => inspect::run(),
    }
}

/// The header as the options describe it.
fn header(args: &HeaderArgs, kid: Option<&str>) -> Result<Header> {
    let mut header = Header::new();
    if let Some(text) = &args.header {
        let members = json::object(text.as_bytes()).map_err(|error| Failure::usage(format!("--header: {error}")))?;
        for (name, value) in members {
            header = match (name.as_str(), value) {
                ("crit", Value::Array(names)) => {
                    let names: Option<Vec<String>> =
                        names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
                    header.with_crit(names.ok_or_else(|| Failure::usage("--header: crit is an array of names"))?)
                }
                (_, value) => header.with(name, value),
            };
        }
    }
    if let Some(typ) = &args.typ {
        header = header.with_typ(typ);
    }
    if let Some(cty) = &args.cty {
        header = header.with_cty(cty);
    }
    if let Some(kid) = kid {
        header = header.with_kid(kid);
    }
    Ok(header)
}

fn no_key() -> Failure {
    Failure::usage("no key is named").hint("give --key FILE, or --jwks FILE|URL")
}

/// The algorithms that `--alg` of a verb that judges tokens names. Whatever is signed or encrypted by one that is not known is
/// refused.
fn known<A>(names: &[String], from_name: impl Fn(&str) -> Option<A>) -> Result<Vec<A>> {
    let known = |name: &String| {
        from_name(name).ok_or_else(|| {
            let error = jose::Error::new(
                ErrorKind::Unsupported,
                "the algorithm is one that is known and safe",
                "RFC 8725 section 3.2",
            );
            Failure::refused(error.got(name))
        })
    };
    names.iter().map(known).collect()
}

/// The algorithm for making a token: `--alg`, else the only one that the key can be used with.
fn chosen<A: Copy + std::fmt::Display>(
    name: Option<&str>,
    from_name: impl Fn(&str) -> Option<A>,
    possible: &[A],
) -> Result<A> {
    match (name, possible) {
        (Some(name), _) => {
            from_name(name).ok_or_else(|| Failure::usage(format!("{} is no algorithm for this", name.escape_debug())))
        }
        (None, [one]) => Ok(*one),
        (None, []) => Err(Failure::file("the key is not for this")),
        (None, several) => {
            let names: Vec<String> = several.iter().map(ToString::to_string).collect();
            Err(Failure::usage("the key does not say by which algorithm")
                .hint(format!("give --alg, one of {}", names.join(", "))))
        }
    }
}
