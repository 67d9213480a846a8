//! What a key may be used for, by its material and by what it says of itself: `alg`, `use` and `key_ops`, RFC 7517 section 4.

use super::{Curve, Jwk, Material};
use crate::error::{Error, ErrorKind, Result};
use crate::{ContentEncryption, KeyAlgorithm, SignatureAlgorithm};

impl Jwk {
    /// The algorithms that it can sign or verify by: those that fit its material, `alg` and `use`, and are built in.
    pub fn signature_algorithms(&self) -> Vec<SignatureAlgorithm> {
        if self.built_in().is_err() || self.has_use("sig").is_err() {
            return Vec::new();
        }
        let fits = |algorithm: &SignatureAlgorithm| {
            self.has_material_for(*algorithm).is_ok() && self.says_signature_algorithm(*algorithm).is_ok()
        };
        SignatureAlgorithm::ALL.iter().copied().filter(fits).collect()
    }

    /// The algorithms that it can encrypt or decrypt by: those that fit its material, `alg` and `use`, and are built in.
    pub fn key_algorithms(&self) -> Vec<KeyAlgorithm> {
        if self.built_in().is_err() || self.has_use("enc").is_err() {
            return Vec::new();
        }
        let fits = |algorithm: &KeyAlgorithm| {
            self.has_material_to_wrap(*algorithm) && self.says_key_algorithm(*algorithm).is_ok()
        };
        KeyAlgorithm::ALL.iter().copied().filter(fits).collect()
    }

    /// Whether it may do this operation, `sign` or `verify`, by this algorithm.
    pub(crate) fn fits_signature(&self, algorithm: SignatureAlgorithm, operation: &'static str) -> Result<()> {
        self.has_material_for(algorithm)?;
        self.says_signature_algorithm(algorithm)?;
        self.has_use("sig")?;
        self.has_operation(&[operation])
    }

    /// Whether it may encrypt for (`sending`), or decrypt, what came by this algorithm.
    pub(crate) fn fits_encryption(&self, algorithm: KeyAlgorithm, sending: bool) -> Result<()> {
        if !self.has_material_to_wrap(algorithm) {
            return Err(self.wrong_material(
                "the key is of the type, curve and size of the algorithm",
                "RFC 7518 section 4.1",
                algorithm.name(),
            ));
        }
        self.says_key_algorithm(algorithm)?;
        self.has_use("enc")?;
        self.has_operation(operations(algorithm, sending))
    }

    /// Whether its curve is built in.
    pub(crate) fn built_in(&self) -> Result<()> {
        match self.curve() {
            Some(curve @ (Curve::Ed448 | Curve::X448)) if !cfg!(feature = "ed448") => {
                Err(Error::new(ErrorKind::Unsupported, "the curve is built in", "RFC 8037 section 2")
                    .expected("grantee-jose built with its feature `ed448`")
                    .got(curve))
            }
            _ => Ok(()),
        }
    }

    fn has_material_for(&self, algorithm: SignatureAlgorithm) -> Result<()> {
        use SignatureAlgorithm as A;
        let fits = match (algorithm, &self.material) {
            (A::Hs256 | A::Hs384 | A::Hs512, Material::Oct(k)) => {
                let least = mac_len(algorithm);
                if k.len() < least {
                    return Err(Error::new(
                        ErrorKind::Key,
                        "an HMAC key is as long as the digest at least",
                        "RFC 7518 section 3.2",
                    )
                    .expected(format!("{least} bytes for {algorithm}"))
                    .got(k.len()));
                }
                true
            }
            (A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512, Material::Rsa { .. }) => true,
            (_, Material::Ec { curve, .. }) => matches!(
                (algorithm, curve),
                (A::Es256, Curve::P256)
                    | (A::Es384, Curve::P384)
                    | (A::Es512, Curve::P521)
                    | (A::Es256k, Curve::Secp256k1)
            ),
            (_, Material::Okp { curve, .. }) => matches!(
                (algorithm, curve),
                (A::EdDsa | A::Ed25519, Curve::Ed25519) | (A::EdDsa | A::Ed448, Curve::Ed448)
            ),
            _ => false,
        };
        if fits {
            return Ok(());
        }
        Err(self.wrong_material(
            "the key is of the type and curve of the algorithm",
            "RFC 7518 section 3.1",
            algorithm.name(),
        ))
    }

    fn has_material_to_wrap(&self, algorithm: KeyAlgorithm) -> bool {
        use KeyAlgorithm as A;
        match (algorithm, &self.material) {
            (A::RsaOaep | A::RsaOaep256 | A::RsaOaep384 | A::RsaOaep512, Material::Rsa { .. }) => true,
            (
                A::EcdhEs | A::EcdhEsA128Kw | A::EcdhEsA192Kw | A::EcdhEsA256Kw,
                Material::Ec { curve, .. } | Material::Okp { curve, .. },
            ) => matches!(curve, Curve::P256 | Curve::P384 | Curve::P521 | Curve::X25519 | Curve::X448),
            (A::A128Kw | A::A128GcmKw, Material::Oct(k)) => k.len() == 16,
            (A::A192Kw | A::A192GcmKw, Material::Oct(k)) => k.len() == 24,
            (A::A256Kw | A::A256GcmKw, Material::Oct(k)) => k.len() == 32,
            (A::Dir, Material::Oct(k)) => {
                ContentEncryption::ALL.iter().any(|encryption| encryption.key_len() == k.len())
            }
            (A::Pbes2Hs256A128Kw | A::Pbes2Hs384A192Kw | A::Pbes2Hs512A256Kw, Material::Oct(k)) => !k.is_empty(),
            _ => false,
        }
    }

    fn says_signature_algorithm(&self, algorithm: SignatureAlgorithm) -> Result<()> {
        use SignatureAlgorithm as A;
        let Some(alg) = self.alg() else { return Ok(()) };
        // RFC 9864 section 2.2: the old name and the one that tells the curve are the same algorithm on that curve.
        let same_curve = match algorithm {
            A::EdDsa => self.curve().is_some_and(|curve| curve.name() == alg),
            A::Ed25519 | A::Ed448 => alg == A::EdDsa.name(),
            _ => false,
        };
        if alg == algorithm.name() || same_curve { Ok(()) } else { Err(other_algorithm(algorithm.name(), alg)) }
    }

    fn says_key_algorithm(&self, algorithm: KeyAlgorithm) -> Result<()> {
        let Some(alg) = self.alg() else { return Ok(()) };
        // A key that names a content encryption is a content key (RFC 7520 section 3.6).
        let content = algorithm == KeyAlgorithm::Dir && ContentEncryption::from_name(alg).is_some();
        if alg == algorithm.name() || content { Ok(()) } else { Err(other_algorithm(algorithm.name(), alg)) }
    }

    fn has_use(&self, key_use: &'static str) -> Result<()> {
        match self.key_use() {
            Some(other) if other != key_use => {
                Err(Error::new(ErrorKind::Key, "the key's use allows it", "RFC 7517 section 4.2")
                    .expected(key_use)
                    .got(other))
            }
            _ => Ok(()),
        }
    }

    fn has_operation(&self, any_of: &[&'static str]) -> Result<()> {
        match self.key_ops() {
            Some(operations) if !operations.iter().any(|operation| any_of.contains(&operation.as_str())) => {
                Err(Error::new(ErrorKind::Key, "the key's key_ops allow it", "RFC 7517 section 4.3")
                    .expected(any_of.join(" or ")))
            }
            _ => Ok(()),
        }
    }

    fn wrong_material(&self, rule: &'static str, spec: &'static str, algorithm: &'static str) -> Error {
        Error::new(ErrorKind::Key, rule, spec)
            .expected(algorithm)
            .got(format_args!("{} {}", self.key_type(), self.curve().map_or("", Curve::name)).to_string().trim_end())
    }
}

/// Bytes of an HMAC by this algorithm.
pub(crate) fn mac_len(algorithm: SignatureAlgorithm) -> usize {
    match algorithm {
        SignatureAlgorithm::Hs384 => 48,
        SignatureAlgorithm::Hs512 => 64,
        _ => 32,
    }
}

/// The operations of the public key whose private key has these.
pub(super) fn public_operations(private: &[String]) -> Vec<String> {
    let mut public: Vec<String> = Vec::with_capacity(private.len());
    for operation in private {
        let other_side = match operation.as_str() {
            "sign" => "verify",
            "decrypt" => "encrypt",
            "unwrapKey" => "wrapKey",
            same => same,
        };
        if !public.iter().any(|operation| operation == other_side) {
            public.push(other_side.to_owned());
        }
    }
    public
}

fn operations(algorithm: KeyAlgorithm, sending: bool) -> &'static [&'static str] {
    use KeyAlgorithm as A;
    match (algorithm, sending) {
        (A::EcdhEs | A::EcdhEsA128Kw | A::EcdhEsA192Kw | A::EcdhEsA256Kw, _)
        | (A::Pbes2Hs256A128Kw | A::Pbes2Hs384A192Kw | A::Pbes2Hs512A256Kw, _) => &["deriveKey", "deriveBits"],
        (A::Dir, true) => &["encrypt"],
        (A::Dir, false) => &["decrypt"],
        (_, true) => &["wrapKey", "encrypt"],
        (_, false) => &["unwrapKey", "decrypt"],
    }
}

fn other_algorithm(wanted: &'static str, alg: &str) -> Error {
    Error::new(ErrorKind::Key, "the key's alg is the algorithm it is used by", "RFC 7517 section 4.4")
        .expected(wanted)
        .got(alg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use SignatureAlgorithm as A;

    fn key(json: &str) -> Jwk {
        Jwk::parse(json).unwrap()
    }

    const ED25519: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

    #[test]
    fn eddsa_and_the_name_of_its_curve_serve_each_other_and_nothing_else() {
        for (alg, serves) in [
            (None, vec![A::EdDsa, A::Ed25519]),
            (Some("EdDSA"), vec![A::EdDsa, A::Ed25519]),
            (Some("Ed25519"), vec![A::EdDsa, A::Ed25519]),
            (Some("Ed448"), vec![]),
            (Some("ES256"), vec![]),
        ] {
            let alg = alg.map_or(String::new(), |alg| format!(r#","alg":"{alg}""#));
            assert_eq!(key(&format!("{{{ED25519}{alg}}}")).signature_algorithms(), serves, "{alg}");
        }
    }

    #[test]
    fn use_and_key_ops_bind() {
        for (says, serves) in [
            ("", true),
            (r#","use":"sig""#, true),
            (r#","use":"enc""#, false),
            (r#","use":"other""#, false),
            (r#","key_ops":["verify"]"#, true),
            (r#","key_ops":["sign","verify"]"#, true),
            (r#","key_ops":["sign"]"#, false),
            (r#","key_ops":[]"#, false),
            (r#","use":"enc","key_ops":["verify"]"#, false),
        ] {
            let fits = key(&format!("{{{ED25519}{says}}}")).fits_signature(A::EdDsa, "verify");
            assert_eq!(fits.is_ok(), serves, "{says}");
            assert!(fits.is_ok() || fits.unwrap_err().kind() == ErrorKind::Key);
        }
    }

    #[test]
    fn a_secret_serves_the_macs_whose_digest_is_no_longer() {
        for (bytes, serves) in
            [(31, vec![]), (32, vec![A::Hs256]), (47, vec![A::Hs256]), (64, vec![A::Hs256, A::Hs384, A::Hs512])]
        {
            assert_eq!(Jwk::oct(vec![7; bytes]).signature_algorithms(), serves, "{bytes}");
        }
    }

    #[test]
    fn a_content_key_serves_dir_alone_and_its_length_tells_the_rest() {
        assert_eq!(Jwk::oct([7; 32]).with_alg("A256GCM").key_algorithms(), [KeyAlgorithm::Dir]);
        assert!(Jwk::oct([7; 24]).key_algorithms().contains(&KeyAlgorithm::A192GcmKw));
        assert!(!Jwk::oct([7; 24]).key_algorithms().contains(&KeyAlgorithm::A256Kw));
        assert_eq!(Jwk::oct([7; 16]).with_use("sig").key_algorithms(), []);
        assert!(Jwk::oct([7; 16]).with_key_ops(["unwrapKey"]).fits_encryption(KeyAlgorithm::A128Kw, true).is_err());
        assert!(Jwk::oct([7; 16]).with_key_ops(["unwrapKey"]).fits_encryption(KeyAlgorithm::A128Kw, false).is_ok());
    }

    #[test]
    fn the_public_part_of_a_signing_key_verifies() {
        let signing: Vec<String> = ["sign", "verify", "deriveKey"].map(str::to_owned).into();
        assert_eq!(public_operations(&signing), ["verify", "deriveKey"]);
    }
}
