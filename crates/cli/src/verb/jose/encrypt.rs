//! `grantee jose encrypt`.

use crate::args::jose::{Encrypt, JsonSerialization};
use crate::failure::{Failure, Result};
use crate::input::{self, Stdin};
use crate::keys::{self, Keys};
use crate::output;
use grantee::jose::jwe::{self, Header, Parts, Recipient};
use grantee::jose::{ContentEncryption, EncryptionKey, Jwk, KeyAlgorithm};

pub(super) fn run(args: Encrypt) -> Result<()> {
    let mut stdin = Stdin::default();
    let password = keys::password(&mut stdin, args.key.password_file.as_deref())?;
    stdin.take("the payload")?;
    let keys = Keys::named(&args.key, password.as_ref())?;
    let alg = args.alg.as_deref();
    let (key, names) = match (&keys, &password) {
        (Some(keys), _) => of(keys, alg)?,
        (None, Some(password)) => {
            let algorithm = super::chosen(alg, KeyAlgorithm::from_name, &PASSWORD)?;
            let key = EncryptionKey::from_password(password.reveal().as_bytes(), algorithm);
            (key.map_err(|error| Failure::key("the password can't encrypt this", &error))?, None)
        }
        (None, None) => return Err(super::no_key()),
    };
    let encryption = encryption(args.enc.as_deref(), names)?;
    let header = super::header(&args.header, args.key.kid.as_deref())?;
    let header = if args.zip { header.with("zip", "DEF") } else { header };
    let payload = input::read_stdin("the payload")?;
    let payload = if says_jwt(&header) { without_newline(&payload) } else { &payload };
    let token = token(header, payload, &key, encryption, args.header.json_serialization);
    output::text(&token.map_err(|error| Failure::usage(error.to_string()))?)
}

const PASSWORD: [KeyAlgorithm; 3] =
    [KeyAlgorithm::Pbes2Hs256A128Kw, KeyAlgorithm::Pbes2Hs384A192Kw, KeyAlgorithm::Pbes2Hs512A256Kw];

/// The key to encrypt to, and the content encryption that it names.
fn of(keys: &Keys, alg: Option<&str>) -> Result<(EncryptionKey, Option<ContentEncryption>)> {
    let bind = |key: &Jwk| {
        let public = key.public();
        let key = public.as_ref().unwrap_or(key);
        let algorithm = super::chosen(alg, KeyAlgorithm::from_name, &key.key_algorithms())?;
        let bound = EncryptionKey::new(key, algorithm);
        let bound = bound.map_err(|error| Failure::key("the key can't encrypt this", &error))?;
        Ok((bound, key.alg().and_then(ContentEncryption::from_name)))
    };
    match keys {
        Keys::One(key) => bind(key),
        Keys::Set(set) => {
            let mut fault = Failure::file("no key of the set can encrypt this");
            for key in set.keys.iter().filter(|key| !key.key_algorithms().is_empty()) {
                match bind(key) {
                    Ok(bound) => return Ok(bound),
                    Err(failure) => fault = failure,
                }
            }
            Err(fault)
        }
    }
}

/// Whether the content is a token (RFC 7519 section 5.2). A media type may come with `application/` and in any case.
fn says_jwt(header: &Header) -> bool {
    let cty = header.cty.as_deref().unwrap_or_default().to_ascii_lowercase();
    cty.strip_prefix("application/").unwrap_or(&cty) == "jwt"
}

/// A token without the newline that printing it has put there, which nobody could verify it with.
fn without_newline(token: &[u8]) -> &[u8] {
    let token = token.strip_suffix(b"\n").unwrap_or(token);
    token.strip_suffix(b"\r").unwrap_or(token)
}

fn encryption(name: Option<&str>, names: Option<ContentEncryption>) -> Result<ContentEncryption> {
    match name {
        Some(name) => ContentEncryption::from_name(name)
            .ok_or_else(|| Failure::usage(format!("{} is no way to encrypt content", name.escape_debug()))),
        None => Ok(names.unwrap_or(ContentEncryption::A256Gcm)),
    }
}

fn token(
    header: Header,
    payload: &[u8],
    key: &EncryptionKey,
    encryption: ContentEncryption,
    form: Option<JsonSerialization>,
) -> grantee::jose::Result<String> {
    let Some(form) = form else { return jwe::encrypt(&header, payload, key, encryption) };
    let parts = Parts::new(header);
    let parts = if form == JsonSerialization::General { parts.in_general_form() } else { parts };
    jwe::encrypt_json(&parts, payload, &[Recipient::new(key)], encryption)
}
