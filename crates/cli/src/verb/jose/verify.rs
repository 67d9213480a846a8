//! `grantee jose verify`.

use crate::args::jose::Verify;
use crate::failure::{Failure, Result};
use crate::input::{self, Stdin};
use crate::keys::{self, Keys};
use crate::output;
use grantee::jose::jws::{Compact, Json, Limits};
use grantee::jose::{self, ErrorKind, Jwk, SignatureAlgorithm, VerifyingKey};

pub(super) fn run(args: Verify) -> Result<()> {
    let mut stdin = Stdin::default();
    let password = keys::password(&mut stdin, args.key.password_file.as_deref())?;
    stdin.take("the token")?;
    let keys = Keys::named(&args.key, password.as_ref())?.ok_or_else(super::no_key)?;
    let allowed = super::known(&args.alg, SignatureAlgorithm::from_name)?;
    let payload = args.payload.as_deref().map(input::read_file).transpose()?;
    let candidates = Candidates::new(&keys, &allowed)?;
    let token = input::token_from_stdin()?;
    output::bytes(&verified(&token, payload.as_deref(), &candidates).map_err(Failure::refused)?)
}

/// The payload of a token that one of the keys verifies.
fn verified(token: &str, detached: Option<&[u8]>, candidates: &Candidates) -> jose::Result<Vec<u8>> {
    let limits = Limits::default().with_token(usize::MAX);
    if token.trim_ascii_start().starts_with('{') {
        let json = match detached {
            Some(payload) => Json::parse_detached(token, payload),
            None => Json::parse_with(token, &limits),
        }?;
        return candidates.verify_json(json);
    }
    let compact = match detached {
        Some(payload) => Compact::parse_detached(token, payload),
        None => Compact::parse_with(token, &limits),
    }?;
    let kid = compact.header().kid.clone();
    let keys = candidates.named(kid.as_deref())?;
    Ok(compact.verify_with_any(keys)?.payload)
}

/// The keys, each bound to an algorithm that the caller or the key allows.
struct Candidates {
    keys: Vec<VerifyingKey>,
    /// Whether the token's `kid` chooses among them. The one key of `--key` was chosen by the caller.
    by_kid: bool,
}

impl Candidates {
    fn new(keys: &Keys, allowed: &[SignatureAlgorithm]) -> Result<Self> {
        let mut bound = Vec::new();
        for key in keys.all() {
            // A key for signing verifies by its public part.
            let public = key.public();
            let key = public.as_ref().unwrap_or(key);
            for algorithm in algorithms(key, allowed) {
                match VerifyingKey::new(key, algorithm) {
                    Ok(key) => bound.push(key),
                    Err(error) if matches!(keys, Keys::One(_)) => {
                        return Err(Failure::key("the key can't verify anything", &error));
                    }
                    // A set with one bad key still serves the others.
                    Err(_) => {}
                }
            }
        }
        Ok(Self { keys: bound, by_kid: matches!(keys, Keys::Set(_)) })
    }

    fn named(&self, kid: Option<&str>) -> jose::Result<Vec<&VerifyingKey>> {
        let mut keys: Vec<&VerifyingKey> = self.keys.iter().collect();
        if let Some(kid) = kid.filter(|_| self.by_kid) {
            keys.retain(|key| key.key_id() == Some(kid));
            if keys.is_empty() {
                // kid is a hint (RFC 7515 section 4.1.4), and a key without a name contradicts none.
                keys = self.keys.iter().filter(|key| key.key_id().is_none()).collect();
            }
        }
        if keys.is_empty() {
            let error = jose::Error::new(ErrorKind::NoKey, "a key fits the token", "RFC 7515 section 6");
            return Err(error.got(kid.map_or_else(|| "no kid".to_owned(), |kid| format!("kid {kid}"))));
        }
        Ok(keys)
    }

    /// One signature that verifies is enough.
    fn verify_json(&self, json: Json) -> jose::Result<Vec<u8>> {
        let kids: Vec<Option<String>> =
            json.signatures().iter().map(|signature| signature.header().kid.clone()).collect();
        let mut fault = None;
        for kid in kids {
            match self.named(kid.as_deref()) {
                Err(error) => fault = fault.or(Some(error)),
                Ok(keys) => {
                    for key in keys {
                        match json.verifies_with(key) {
                            Ok(_) => return Ok(json.verify(key)?.payload),
                            Err(error) => {
                                // That a signature is wrong says more than that a key is for another algorithm.
                                if fault.is_none() || error.kind() == ErrorKind::Signature {
                                    fault = Some(error);
                                }
                            }
                        }
                    }
                }
            }
        }
        Err(fault.unwrap_or_else(|| jose::Error::new(ErrorKind::NoKey, "a key fits the token", "RFC 7515 section 6")))
    }
}

/// What a key may verify: never what a token asks for.
fn algorithms(key: &Jwk, allowed: &[SignatureAlgorithm]) -> Vec<SignatureAlgorithm> {
    let mut own = key.signature_algorithms();
    own.retain(|algorithm| allowed.is_empty() || allowed.contains(algorithm));
    own
}
