//! `grantee jose decrypt`.

use crate::args::jose::Decrypt;
use crate::failure::{Failure, Result};
use crate::input::{self, Stdin};
use crate::keys::{self, Keys};
use crate::output;
use grantee::Secret;
use grantee::jose::jwe::{self, Decrypted, Options};
use grantee::jose::{self, ContentEncryption, DecryptionKey, ErrorKind, Jwk, KeyAlgorithm};

pub(super) fn run(args: Decrypt) -> Result<()> {
    let mut stdin = Stdin::default();
    let password = keys::password(&mut stdin, args.key.password_file.as_deref())?;
    stdin.take("the token")?;
    let keys = Keys::named(&args.key, password.as_ref())?;
    let allowed = super::known(&args.alg, KeyAlgorithm::from_name)?;
    let mut options = Options::default();
    options.encryptions = super::known(&args.enc, ContentEncryption::from_name)?;
    options.zip = args.allow_zip;
    options.max_token = usize::MAX;
    options.max_plaintext = usize::try_from(input::MOST).unwrap_or(usize::MAX);
    if keys.is_none() && password.is_none() {
        return Err(super::no_key());
    }
    let token = input::token_from_stdin()?;
    // Whatever is encrypted so is refused, also with a key that is for nothing else.
    if let Some(alg) = jwe::peek_header(&token).ok().and_then(|header| header.alg) {
        super::known(&[alg], KeyAlgorithm::from_name)?;
    }
    let candidates = match (&keys, &password) {
        (Some(keys), _) => of(keys, &allowed)?,
        (None, Some(password)) => of_password(password, &allowed)?,
        (None, None) => Vec::new(),
    };
    let decrypted = decrypted(&token, &candidates, &options).map_err(Failure::refused)?;
    output::bytes(&decrypted.plaintext)
}

/// What the first of the keys that fits decrypts.
fn decrypted(token: &str, candidates: &[DecryptionKey], options: &Options) -> jose::Result<Decrypted> {
    let is_json = token.trim_ascii_start().starts_with('{');
    let mut fault = jose::Error::new(ErrorKind::NoKey, "a key fits the token", "RFC 7516 section 5.2");
    for key in candidates {
        let decrypted = match is_json {
            true => jwe::decrypt_json_blocking(token, key, options),
            false => jwe::decrypt_blocking(token, key, options),
        };
        match decrypted {
            Ok(decrypted) => return Ok(decrypted),
            // One that fits and fails says more than one that does not fit.
            Err(error) if fault.kind() != ErrorKind::Decryption => fault = error,
            Err(_) => {}
        }
    }
    Err(fault)
}

fn of(keys: &Keys, allowed: &[KeyAlgorithm]) -> Result<Vec<DecryptionKey>> {
    let mut bound = Vec::new();
    for key in keys.all() {
        match (bind(key, allowed), keys) {
            (Ok(keys), _) => bound.extend(keys),
            (Err(error), Keys::One(_)) => return Err(Failure::key("the key can't decrypt anything", &error)),
            // A set with one bad key still serves the others.
            (Err(_), Keys::Set(_)) => {}
        }
    }
    Ok(bound)
}

/// A key with what the caller allows, else with all that it can be used for.
fn bind(key: &Jwk, allowed: &[KeyAlgorithm]) -> jose::Result<Vec<DecryptionKey>> {
    if allowed.is_empty() {
        return DecryptionKey::any(key).map(|key| vec![key]);
    }
    let own = key.key_algorithms();
    allowed
        .iter()
        .filter(|algorithm| own.contains(algorithm))
        .map(|algorithm| DecryptionKey::new(key, *algorithm))
        .collect()
}

fn of_password(password: &Secret, allowed: &[KeyAlgorithm]) -> Result<Vec<DecryptionKey>> {
    let families = [KeyAlgorithm::Pbes2Hs256A128Kw, KeyAlgorithm::Pbes2Hs384A192Kw, KeyAlgorithm::Pbes2Hs512A256Kw];
    families
        .into_iter()
        .filter(|algorithm| allowed.is_empty() || allowed.contains(algorithm))
        .map(|algorithm| DecryptionKey::from_password(password.reveal().as_bytes(), algorithm))
        .collect::<jose::Result<_>>()
        .map_err(|error| Failure::key("the password can't decrypt anything", &error))
}
