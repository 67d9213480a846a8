//! Encrypting a JWT to a client, [OpenID Connect Core 1.0 section 10.2](https://openid.net/specs/openid-connect-core-1_0.html#Encryption).

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use josekit::{
    JoseError,
    jwe::{self, JweEncrypter, JweHeader},
    jwk::Jwk,
};
use serde_json::Value;

use super::Encryption;
use crate::Client;

/// The JWE around a signed JWT, or around bare claims.
pub(crate) fn encrypted(client: &Client, how: &Encryption, text: &str, is_jwt: bool) -> Result<String, String> {
    let Encryption { alg, enc } = how;
    let jwk = recipient(client, how);
    let encrypter = encrypter(client, how, jwk.as_ref())
        .map_err(|error| format!("client {}: cannot encrypt with {alg} and {enc}: {error}", client.id))?
        .ok_or_else(|| format!("client {}: there is no key to encrypt to with {alg}", client.id))?;
    let mut header = JweHeader::new();
    header.set_algorithm(alg);
    header.set_content_encryption(enc);
    if is_jwt {
        // RFC 7519 section 5.2.
        header.set_content_type("JWT");
    }
    if let Some(kid) = jwk.as_ref().and_then(Jwk::key_id) {
        header.set_key_id(kid);
    }
    jwe::serialize_compact(text.as_bytes(), &header, encrypter.as_ref())
        .map_err(|error| format!("client {}: cannot encrypt with {alg} and {enc}: {error}", client.id))
}

fn encrypter(client: &Client, how: &Encryption, jwk: Option<&Jwk>) -> Result<Option<Box<dyn JweEncrypter>>, JoseError> {
    fn boxed(encrypter: impl JweEncrypter + 'static) -> Box<dyn JweEncrypter> {
        Box::new(encrypter)
    }
    let secret = |bits: usize| client.secret.as_deref().map(|secret| key_of_secret(secret, bits));
    Ok(match (how.alg.as_str(), jwk) {
        // Nobody should take it any more (RFC 8725 section 3.2), which is what it is for here.
        #[allow(deprecated)]
        ("RSA1_5", Some(jwk)) => Some(boxed(jwe::RSA1_5.encrypter_from_jwk(jwk)?)),
        ("RSA-OAEP", Some(jwk)) => Some(boxed(jwe::RSA_OAEP.encrypter_from_jwk(jwk)?)),
        ("RSA-OAEP-256", Some(jwk)) => Some(boxed(jwe::RSA_OAEP_256.encrypter_from_jwk(jwk)?)),
        ("ECDH-ES", Some(jwk)) => Some(boxed(jwe::ECDH_ES.encrypter_from_jwk(jwk)?)),
        ("ECDH-ES+A128KW", Some(jwk)) => Some(boxed(jwe::ECDH_ES_A128KW.encrypter_from_jwk(jwk)?)),
        ("ECDH-ES+A256KW", Some(jwk)) => Some(boxed(jwe::ECDH_ES_A256KW.encrypter_from_jwk(jwk)?)),
        ("dir", _) => match secret(content_key_bits(&how.enc)) {
            Some(key) => Some(boxed(jwe::Dir.encrypter_from_bytes(key)?)),
            None => None,
        },
        ("A128KW", _) => match secret(128) {
            Some(key) => Some(boxed(jwe::A128KW.encrypter_from_bytes(key)?)),
            None => None,
        },
        ("A192KW", _) => match secret(192) {
            Some(key) => Some(boxed(jwe::A192KW.encrypter_from_bytes(key)?)),
            None => None,
        },
        ("A256KW", _) => match secret(256) {
            Some(key) => Some(boxed(jwe::A256KW.encrypter_from_bytes(key)?)),
            None => None,
        },
        _ => None,
    })
}

/// The left bits of the shortest SHA-2 hash of the secret that has as many.
fn key_of_secret(secret: &str, bits: usize) -> Vec<u8> {
    let algorithm = match bits {
        0..=256 => &SHA256,
        257..=384 => &SHA384,
        _ => &SHA512,
    };
    digest(algorithm, secret.as_bytes()).as_ref().iter().take(bits / 8).copied().collect()
}

/// RFC 7518 section 5.1.
fn content_key_bits(enc: &str) -> usize {
    match enc {
        "A128GCM" => 128,
        "A192GCM" => 192,
        "A128CBC-HS256" | "A256GCM" => 256,
        "A192CBC-HS384" => 384,
        _ => 512,
    }
}

/// A key of the client's that is of the right kind and not meant for signatures.
fn recipient(client: &Client, how: &Encryption) -> Option<Jwk> {
    let kinds: &[&str] = if how.alg.starts_with("RSA") { &["RSA"] } else { &["EC", "OKP"] };
    let says = |key: &Value, name: &str, value: &str| key.get(name).is_none_or(|said| said == value);
    let keys = client.jwks.as_ref()?.get("keys")?.as_array()?;
    let fits = |key: &&Value| {
        let kind = key.get("kty").and_then(Value::as_str).unwrap_or_default();
        kinds.contains(&kind) && says(key, "use", "enc") && (how.alg == "RSA1_5" || says(key, "alg", &how.alg))
    };
    let mut members = keys.iter().find(fits)?.as_object()?.clone();
    // josekit takes it for a condition; what the key is for has been judged.
    members.remove("alg");
    Jwk::from_map(members).ok()
}
