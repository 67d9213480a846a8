//! `grantee jose sign`.

use crate::args::jose::{JsonSerialization, Sign};
use crate::failure::{Failure, Result};
use crate::input::{self, Stdin};
use crate::keys::{self, Keys};
use crate::output;
use grantee::jose::jws::{self, Header, Payload, ToSign};
use grantee::jose::{BlockingSigner, Jwk, SignatureAlgorithm, SigningKey};

pub(super) fn run(args: Sign) -> Result<()> {
    let mut stdin = Stdin::default();
    let password = keys::password(&mut stdin, args.key.password_file.as_deref())?;
    stdin.take("the payload")?;
    let keys = Keys::named(&args.key, password.as_ref())?.ok_or_else(super::no_key)?;
    let key = signing_key(&keys, args.alg.as_deref())?;
    let header = super::header(&args.header, args.key.kid.as_deref())?;
    let header = if args.unencoded { header.with_unencoded_payload() } else { header };
    let payload = input::read_stdin("the payload")?;
    let payload = if args.detached { Payload::Detached(&payload) } else { Payload::Attached(&payload) };
    let token = token(&header, payload, &key, args.header.json_serialization);
    output::text(&token.map_err(|error| Failure::usage(error.to_string()))?)
}

fn signing_key(keys: &Keys, alg: Option<&str>) -> Result<SigningKey> {
    let possible = |key: &Jwk| named_once(key.signature_algorithms());
    let usable = |key: &&Jwk| key.is_private() && !possible(key).is_empty();
    let algorithm = |key| super::chosen(alg, SignatureAlgorithm::from_name, &possible(key));
    match keys {
        Keys::One(key) => {
            SigningKey::new(key, algorithm(key)?).map_err(|error| Failure::key("the key can't sign this", &error))
        }
        Keys::Set(set) => {
            let mut fault = Failure::file("no key of the set can sign this");
            for key in set.keys.iter().filter(usable) {
                match SigningKey::new(key, algorithm(key)?) {
                    Ok(key) => return Ok(key),
                    Err(error) => fault = Failure::key("no key of the set can sign this", &error),
                }
            }
            Err(fault)
        }
    }
}

/// An Ed25519 key has its algorithm under two names, of which every verifier knows the older (RFC 9864 section 2.2).
fn named_once(mut algorithms: Vec<SignatureAlgorithm>) -> Vec<SignatureAlgorithm> {
    if algorithms.contains(&SignatureAlgorithm::EdDsa) {
        algorithms.truncate(1);
    }
    algorithms
}

fn token(
    header: &Header,
    payload: Payload<'_>,
    key: &SigningKey,
    form: Option<JsonSerialization>,
) -> grantee::jose::Result<String> {
    match (form, payload) {
        (None, Payload::Attached(payload)) => jws::sign_blocking(header, payload, key),
        (None, Payload::Detached(payload)) => jws::sign_detached_blocking(header, payload, key),
        (Some(JsonSerialization::Flattened), payload) => {
            jws::sign_flattened_blocking(payload, header, &Header::new(), key)
        }
        (Some(JsonSerialization::General), payload) => {
            let signer: &dyn BlockingSigner = key;
            let signature = ToSign { protected: header.clone(), unprotected: Header::new(), signer };
            jws::sign_general_blocking(payload, &[signature])
        }
    }
}
