//! `grantee jwk generate`.

use crate::args::jose::{Generate, KeyType};
use crate::failure::{Failure, Result};
use crate::output;
use grantee::jose::{ContentEncryption, Curve, Jwk, JwkSet, KeyAlgorithm, KeyKind, SignatureAlgorithm};

/// Bits of an RSA key when nobody says.
const RSA_BITS: usize = 2048;

pub(super) fn run(args: Generate) -> Result<()> {
    let kind = kind(&args)?;
    let mut key = Jwk::generate(kind).map_err(|error| Failure::usage(error.to_string()))?;
    if let Some(alg) = &args.alg {
        key = key.with_alg(alg);
        let fits = !key.signature_algorithms().is_empty()
            || !key.key_algorithms().is_empty()
            || ContentEncryption::from_name(alg).is_some_and(|enc| kind == KeyKind::Oct(enc.key_len()));
        if !fits {
            return Err(Failure::usage(format!("a key of this kind is not for {alg}")));
        }
    }
    if let Some(key_use) = &args.r#use {
        key = key.with_use(key_use);
    }
    match &args.kid {
        Some(kid) => key = key.with_kid(kid),
        None if key.is_symmetric() => {}
        None => {
            let thumbprint = key.thumbprint();
            key = key.with_kid(thumbprint);
        }
    }
    if args.set { output::json(&JwkSet::from_iter([key]).to_value()) } else { output::json(&key.to_value()) }
}

/// What the options say, each filling in what the others leave open.
fn kind(args: &Generate) -> Result<KeyKind> {
    let curve = args.curve.as_deref().map(curve).transpose()?;
    let for_alg = args.alg.as_deref().map(kind_for).transpose()?.flatten();
    let r#type = match (args.r#type, curve, for_alg) {
        (Some(r#type), ..) => r#type,
        (None, Some(curve), _) => type_of(curve),
        (None, None, Some(KeyKind::Rsa(_))) => KeyType::Rsa,
        (None, None, Some(KeyKind::Curve(curve))) => type_of(curve),
        (None, None, Some(_)) => KeyType::Oct,
        (None, None, None) => {
            return Err(Failure::usage("nobody says what kind of key").hint("give --type, --curve or --alg"));
        }
    };
    match r#type {
        KeyType::Rsa | KeyType::Oct if curve.is_some() => Err(Failure::usage("only ec and okp have a curve")),
        KeyType::Ec | KeyType::Okp if args.size.is_some() => {
            Err(Failure::usage("the curve is the size of such a key").hint("give --curve NAME"))
        }
        KeyType::Rsa => Ok(KeyKind::Rsa(args.size.unwrap_or(RSA_BITS))),
        KeyType::Oct => {
            let bits = match (args.size, for_alg) {
                (Some(bits), _) => bits,
                (None, Some(KeyKind::Oct(bytes))) => bytes * 8,
                (None, _) => 256,
            };
            if bits == 0 || bits % 8 != 0 || bits > 65_536 {
                return Err(Failure::usage("the size of a symmetric key is a number of bits, 8 by 8, up to 65536"));
            }
            Ok(KeyKind::Oct(bits / 8))
        }
        KeyType::Ec | KeyType::Okp => {
            let for_alg = match for_alg {
                Some(KeyKind::Curve(curve)) if type_of(curve) == r#type => Some(curve),
                _ => None,
            };
            let usual = if r#type == KeyType::Ec { Curve::P256 } else { Curve::Ed25519 };
            let curve = curve.or(for_alg).unwrap_or(usual);
            if type_of(curve) != r#type {
                return Err(Failure::usage(format!("{curve} is a curve of the other type of key")));
            }
            Ok(KeyKind::Curve(curve))
        }
    }
}

fn curve(name: &str) -> Result<Curve> {
    Curve::from_name(name).ok_or_else(|| {
        Failure::usage(format!("{} is no known curve", name.escape_debug()))
            .hint("one of P-256, P-384, P-521, secp256k1, Ed25519, Ed448, X25519, X448")
    })
}

fn type_of(curve: Curve) -> KeyType {
    match curve {
        Curve::P256 | Curve::P384 | Curve::P521 | Curve::Secp256k1 => KeyType::Ec,
        _ => KeyType::Okp,
    }
}

/// The kind of key that goes with an algorithm; `None` where several do.
fn kind_for(alg: &str) -> Result<Option<KeyKind>> {
    use KeyAlgorithm as K;
    use SignatureAlgorithm as S;
    if let Some(algorithm) = S::from_name(alg) {
        return Ok(Some(match algorithm {
            S::Hs256 => KeyKind::Oct(32),
            S::Hs384 => KeyKind::Oct(48),
            S::Hs512 => KeyKind::Oct(64),
            S::Es256 => KeyKind::Curve(Curve::P256),
            S::Es384 => KeyKind::Curve(Curve::P384),
            S::Es512 => KeyKind::Curve(Curve::P521),
            S::Es256k => KeyKind::Curve(Curve::Secp256k1),
            S::EdDsa | S::Ed25519 => KeyKind::Curve(Curve::Ed25519),
            S::Ed448 => KeyKind::Curve(Curve::Ed448),
            _ => KeyKind::Rsa(RSA_BITS),
        }));
    }
    if let Some(algorithm) = K::from_name(alg) {
        return Ok(match algorithm {
            K::RsaOaep | K::RsaOaep256 | K::RsaOaep384 | K::RsaOaep512 => Some(KeyKind::Rsa(RSA_BITS)),
            K::A128Kw | K::A128GcmKw => Some(KeyKind::Oct(16)),
            K::A192Kw | K::A192GcmKw => Some(KeyKind::Oct(24)),
            K::A256Kw | K::A256GcmKw | K::Dir => Some(KeyKind::Oct(32)),
            K::EcdhEs | K::EcdhEsA128Kw | K::EcdhEsA192Kw | K::EcdhEsA256Kw => Some(KeyKind::Curve(Curve::P256)),
            _ => None,
        });
    }
    match ContentEncryption::from_name(alg) {
        Some(encryption) => Ok(Some(KeyKind::Oct(encryption.key_len()))),
        None => Err(Failure::usage(format!("{} is no known algorithm", alg.escape_debug()))),
    }
}
