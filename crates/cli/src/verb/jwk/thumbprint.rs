//! `grantee jwk thumbprint`: [RFC 7638](https://www.rfc-editor.org/rfc/rfc7638).

use crate::args::jose::{Hash, Thumbprint};
use crate::failure::{Failure, Result};
use crate::input::Stdin;
use crate::output;
use grantee::jose::Digest;

pub(super) fn run(args: &Thumbprint, json: bool) -> Result<()> {
    let keys = super::read(&mut Stdin::default(), &args.input)?;
    let key = keys.one(args.input.kid.as_deref())?;
    // RFC 9278 section 4 takes the names of the registry of hash names.
    let (digest, name) = match args.hash {
        Hash::Sha256 => (Digest::Sha256, "sha-256"),
        Hash::Sha384 => (Digest::Sha384, "sha-384"),
        Hash::Sha512 => (Digest::Sha512, "sha-512"),
    };
    let thumbprint =
        key.thumbprint_with(digest).map_err(|error| Failure::key("the key has no such thumbprint", &error))?;
    let thumbprint =
        if args.uri { format!("urn:ietf:params:oauth:jwk-thumbprint:{name}:{thumbprint}") } else { thumbprint };
    if json {
        return output::json(&serde_json::json!({ "thumbprint": thumbprint, "hash": name }));
    }
    output::text(&thumbprint)
}
