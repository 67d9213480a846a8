//! `grantee jwk convert`.

use crate::args::jose::{Convert, KeyForm};
use crate::failure::{Failure, Result};
use crate::input::Stdin;
use crate::keys::Keys;
use crate::output;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use grantee::jose::{self, Jwk, JwkSet};
use serde_json::json;

pub(super) fn run(args: &Convert, json: bool) -> Result<()> {
    let mut stdin = Stdin::default();
    let password = match (args.to, &args.new_password_file) {
        (KeyForm::EncryptedPem, Some(file)) => Some(stdin.secret_file("the new password", file)?),
        (KeyForm::EncryptedPem, None) => {
            return Err(Failure::usage("encrypted-pem needs a password").hint("give --new-password-file FILE"));
        }
        (_, Some(_)) => return Err(Failure::usage("--new-password-file goes with --to encrypted-pem alone")),
        (_, None) => None,
    };
    let keys = super::read(&mut stdin, &args.input)?;
    if let (KeyForm::Jwks, Keys::Set(set), None) = (args.to, &keys, &args.input.kid) {
        return output::json(&set.to_value());
    }
    let key = keys.one(args.input.kid.as_deref())?;
    let bad = |error| Failure::key("the key has no such form", &error);
    let pem = match args.to {
        KeyForm::Jwk => return output::json(&key.to_value()),
        KeyForm::Jwks => return output::json(&JwkSet::from_iter([key.clone()]).to_value()),
        KeyForm::Pem | KeyForm::Der => pem(key).map_err(bad)?,
        KeyForm::PublicPem => key.to_public_pem().map_err(bad)?,
        KeyForm::EncryptedPem => {
            let password = password.as_ref().map(|password| password.reveal().as_bytes()).unwrap_or_default();
            key.to_encrypted_pem(password).map_err(bad)?
        }
    };
    match (args.to, json) {
        (KeyForm::Der, json) => {
            let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
            if json {
                return output::json(&json!({ "der": body }));
            }
            output::bytes(&STANDARD.decode(body).map_err(|error| Failure::file(format!("the PEM is broken: {error}")))?)
        }
        (_, true) => output::json(&json!({ "pem": pem })),
        (_, false) => output::text(&pem),
    }
}

/// The key as it is: private when it is.
fn pem(key: &Jwk) -> jose::Result<String> {
    if key.is_private() { key.to_private_pem().map(|pem| pem.to_string()) } else { key.to_public_pem() }
}
