//! Keys that stand still, so that seeds once signed or encrypted serve for good. They are those of RFC 7515, RFC 7520 and
//! RFC 8037, which everybody knows.

use grantee_jose::{
    DecryptionKey, EncryptionKey, Jwk, JwkSet, KeyAlgorithm, SignatureAlgorithm, SigningKey, VerifyingKey,
};
use std::sync::LazyLock;

static SET: LazyLock<JwkSet> = LazyLock::new(|| JwkSet::parse(include_str!("keys.json")).expect("the keys are a set"));

/// One pair that signs and verifies.
pub(crate) struct Signing {
    pub(crate) private: SigningKey,
    pub(crate) public: VerifyingKey,
    /// Whether the same data gets the same signature.
    pub(crate) deterministic: bool,
}

/// One pair that encrypts and decrypts.
pub(crate) struct Encrypting {
    pub(crate) public: EncryptionKey,
    pub(crate) private: DecryptionKey,
}

/// `EdDSA`, `ES256`, `RS256` and `HS256`.
pub(crate) static SIGNING: LazyLock<Vec<Signing>> = LazyLock::new(|| {
    let pair = |key: &Jwk| {
        let algorithm = key.alg().and_then(SignatureAlgorithm::from_name)?;
        let private = SigningKey::new(key, algorithm).expect("the key signs");
        let public = VerifyingKey::new(key, algorithm).expect("the key verifies");
        Some(Signing { private, public, deterministic: algorithm != SignatureAlgorithm::Es256 })
    };
    SET.keys.iter().filter_map(pair).collect()
});

/// The password of RFC 7520 section 5.3.
const PASSWORD: &str = "entrap_o\u{2013}peter_long\u{2013}credit_tun";

/// A pair for nearly every family; RSA, which is slow, last.
pub(crate) static ENCRYPTING: LazyLock<Vec<Encrypting>> = LazyLock::new(|| {
    use KeyAlgorithm as A;
    let fitting = |algorithm: A| {
        let key = SET.keys.iter().find(|key| key.key_algorithms().contains(&algorithm)).expect("a key fits");
        let public = EncryptionKey::new(key, algorithm).expect("the key encrypts");
        Encrypting { public, private: DecryptionKey::new(key, algorithm).expect("the key decrypts") }
    };
    let on = |curve: &str, algorithm: A| {
        let key = SET
            .keys
            .iter()
            .find(|key| key.key_use() == Some("enc") && key.curve().is_some_and(|known| known.name() == curve));
        let key = key.expect("a key is on the curve");
        let public = EncryptionKey::new(key, algorithm).expect("the key encrypts");
        Encrypting { public, private: DecryptionKey::new(key, algorithm).expect("the key decrypts") }
    };
    let by_password = |algorithm: A| {
        let public = EncryptionKey::from_password(PASSWORD.as_bytes(), algorithm).expect("a password encrypts");
        Encrypting {
            public: public.with_iterations(1000).expect("enough of them"),
            private: DecryptionKey::from_password(PASSWORD.as_bytes(), algorithm).expect("a password decrypts"),
        }
    };
    vec![
        fitting(A::A128Kw),
        fitting(A::A256GcmKw),
        fitting(A::Dir),
        on("X25519", A::EcdhEs),
        on("X25519", A::EcdhEsA256Kw),
        on("P-256", A::EcdhEs),
        on("P-256", A::EcdhEsA128Kw),
        by_password(A::Pbes2Hs512A256Kw),
        fitting(A::RsaOaep),
    ]
});

/// The private key of that name in PEM: `ec` or `rsa`.
pub(crate) fn pem(kid: &str) -> String {
    let key = SET.keys.iter().find(|key| key.kid() == Some(kid)).expect("the key is there");
    key.to_private_pem().expect("it is private").to_string()
}

/// The key that signs as the provider does, and the set that it publishes.
pub(crate) fn provider() -> (&'static Signing, JwkSet) {
    let set = SET.keys.iter().take(3).filter_map(Jwk::public).collect();
    (&SIGNING[0], set)
}
