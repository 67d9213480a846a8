//! Against another implementation, josekit over OpenSSL, in both directions: what one makes the other takes.

use grantee_jose::jwe::{self, Options};
use grantee_jose::jws::{self, Compact, Header};
use grantee_jose::{
    ContentEncryption, Curve, DecryptionKey, EncryptionKey, Jwk, KeyAlgorithm, KeyKind, SignatureAlgorithm, SigningKey,
    VerifyingKey,
};
use josekit::jwe::{JweDecrypter, JweEncrypter, JweHeader};
use josekit::jws::{JwsHeader, JwsSigner, JwsVerifier};

const PLAINTEXT: &[u8] = b"plaintext of more than one block of AES";

#[test]
fn every_encryption_of_either_is_decrypted_by_the_other() {
    let mut combinations = 0;
    for algorithm in KeyAlgorithm::ALL.iter().copied() {
        for encryption in ContentEncryption::ALL.iter().copied() {
            for jwk in keys(algorithm, encryption) {
                let about = format!("{algorithm} {encryption} {:?}", jwk.curve());
                let (encrypter, decrypter) = theirs(algorithm, &foreign(&jwk));

                let token = jwe::encrypt(&Header::new().with_cty("x"), PLAINTEXT, &sender(&jwk, algorithm), encryption);
                let (plaintext, header) = josekit::jwe::deserialize_compact(&token.unwrap(), &*decrypter)
                    .unwrap_or_else(|error| panic!("{about}: {error}"));
                assert_eq!((plaintext.as_slice(), header.content_type()), (PLAINTEXT, Some("x")), "{about}");

                let mut header = JweHeader::new();
                header.set_content_encryption(encryption.name());
                header.set_content_type("x");
                let token = josekit::jwe::serialize_compact(PLAINTEXT, &header, &*encrypter).unwrap();
                let key = DecryptionKey::new(&jwk, algorithm).unwrap();
                let decrypted = jwe::decrypt_blocking(&token, &key, &Options::default())
                    .unwrap_or_else(|error| panic!("{about}: {error}"));
                assert_eq!(*decrypted.plaintext, PLAINTEXT, "{about}");
                assert_eq!(decrypted.header.cty.as_deref(), Some("x"));
                combinations += 1;
            }
        }
    }
    assert_eq!(combinations, 6 * (14 + 4 * curves().len()));
}

#[test]
fn compressed_plaintexts_and_party_information_are_understood_alike() {
    let jwk = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap();
    let (algorithm, encryption) = (KeyAlgorithm::EcdhEsA128Kw, ContentEncryption::A128CbcHs256);
    let (encrypter, decrypter) = theirs(algorithm, &foreign(&jwk));
    let header = Header::new().with("zip", "DEF").with("apu", "QWxpY2U").with("apv", "Qm9i");
    let token = jwe::encrypt(&header, PLAINTEXT, &sender(&jwk, algorithm), encryption).unwrap();
    assert_eq!(josekit::jwe::deserialize_compact(&token, &*decrypter).unwrap().0, PLAINTEXT);

    let mut header = JweHeader::new();
    header.set_content_encryption(encryption.name());
    header.set_compression("DEF");
    header.set_agreement_partyuinfo(b"Alice");
    header.set_agreement_partyvinfo(b"Bob");
    let token = josekit::jwe::serialize_compact(PLAINTEXT, &header, &*encrypter).unwrap();
    let mut options = Options::default();
    options.zip = true;
    let key = DecryptionKey::new(&jwk, algorithm).unwrap();
    assert_eq!(*jwe::decrypt_blocking(&token, &key, &options).unwrap().plaintext, PLAINTEXT);
}

#[test]
fn every_signature_of_either_is_verified_by_the_other() {
    let mut combinations = 0;
    for algorithm in SignatureAlgorithm::ALL.iter().copied() {
        let Some(jwk) = signing_key(algorithm) else { continue };
        let Some((signer, verifier)) = their_signature(algorithm, &foreign(&jwk)) else { continue };

        let key = SigningKey::new(&jwk, algorithm).unwrap();
        let token = jws::sign_blocking(&Header::new().with_typ("x"), PLAINTEXT, &key).unwrap();
        let (payload, header) = josekit::jws::deserialize_compact(&token, &*verifier)
            .unwrap_or_else(|error| panic!("{algorithm}: {error}"));
        assert_eq!((payload.as_slice(), header.token_type()), (PLAINTEXT, Some("x")), "{algorithm}");

        let mut header = JwsHeader::new();
        header.set_token_type("x");
        let token = josekit::jws::serialize_compact(PLAINTEXT, &header, &*signer).unwrap();
        let key = VerifyingKey::new(&jwk, algorithm).unwrap();
        let verified =
            Compact::parse(&token).unwrap().verify(&key).unwrap_or_else(|error| panic!("{algorithm}: {error}"));
        assert_eq!(verified.payload, PLAINTEXT, "{algorithm}");
        combinations += 1;
    }
    // josekit has not the two names of RFC 9864.
    assert_eq!(combinations, SignatureAlgorithm::ALL.len() - 2);
}

#[test]
fn keys_in_pem_are_read_and_written_alike() {
    for curve in [Curve::P256, Curve::P384, Curve::P521, Curve::Secp256k1] {
        let jwk = Jwk::generate(KeyKind::Curve(curve)).unwrap();
        let pair = josekit::jwk::alg::ec::EcKeyPair::from_pem(&*jwk.to_private_pem().unwrap(), None).unwrap();
        let theirs = josekit::jwk::KeyPair::to_jwk_key_pair(&pair);
        assert_eq!(Jwk::parse(theirs.to_string()).unwrap().thumbprint(), jwk.thumbprint(), "{curve}");
        for text in [josekit::jwk::KeyPair::to_pem_private_key(&pair), pair.to_traditional_pem_private_key()] {
            let read = Jwk::from_pem(std::str::from_utf8(&text).unwrap()).unwrap();
            assert_eq!(read.to_value(), jwk.to_value(), "{curve}");
        }
    }
}

fn sender(jwk: &Jwk, algorithm: KeyAlgorithm) -> EncryptionKey {
    let key = EncryptionKey::new(jwk, algorithm).unwrap();
    if algorithm.name().starts_with("PBES2") { key.with_iterations(1000).unwrap() } else { key }
}

fn foreign(jwk: &Jwk) -> josekit::jwk::Jwk {
    josekit::jwk::Jwk::from_bytes(jwk.to_value().to_string()).unwrap()
}

fn curves() -> Vec<Curve> {
    let mut curves = vec![Curve::P256, Curve::P384, Curve::P521, Curve::X25519];
    if cfg!(feature = "ed448") {
        curves.push(Curve::X448);
    }
    curves
}

fn keys(algorithm: KeyAlgorithm, encryption: ContentEncryption) -> Vec<Jwk> {
    use KeyAlgorithm as A;
    match algorithm {
        A::RsaOaep | A::RsaOaep256 | A::RsaOaep384 | A::RsaOaep512 => vec![rsa()],
        A::EcdhEs | A::EcdhEsA128Kw | A::EcdhEsA192Kw | A::EcdhEsA256Kw => curves().into_iter().map(on_curve).collect(),
        A::A128Kw | A::A128GcmKw => vec![Jwk::oct([7; 16])],
        A::A192Kw | A::A192GcmKw => vec![Jwk::oct([7; 24])],
        A::A256Kw | A::A256GcmKw => vec![Jwk::oct([7; 32])],
        A::Dir => vec![Jwk::oct(vec![7; encryption.key_len()])],
        _ => vec![Jwk::oct("a password")],
    }
}

fn rsa() -> Jwk {
    Jwk::from_pem(include_str!("pem/rsa_pkcs8.pem")).unwrap()
}

fn on_curve(curve: Curve) -> Jwk {
    match curve {
        Curve::X448 => Jwk::from_pem(include_str!("pem/x448_pkcs8.pem")).unwrap(),
        curve => Jwk::generate(KeyKind::Curve(curve)).unwrap(),
    }
}

fn signing_key(algorithm: SignatureAlgorithm) -> Option<Jwk> {
    use SignatureAlgorithm as A;
    match algorithm {
        A::Hs256 | A::Hs384 | A::Hs512 => Some(Jwk::oct([7; 64])),
        A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512 => Some(rsa()),
        A::Es256 => Some(on_curve(Curve::P256)),
        A::Es384 => Some(on_curve(Curve::P384)),
        A::Es512 => Some(on_curve(Curve::P521)),
        A::Es256k => Some(on_curve(Curve::Secp256k1)),
        A::EdDsa => Some(on_curve(Curve::Ed25519)),
        _ => None,
    }
}

macro_rules! both {
    ($algorithm:path, $jwk:expr) => {
        (Box::new($algorithm.encrypter_from_jwk($jwk).unwrap()), Box::new($algorithm.decrypter_from_jwk($jwk).unwrap()))
    };
}

fn theirs(algorithm: KeyAlgorithm, jwk: &josekit::jwk::Jwk) -> (Box<dyn JweEncrypter>, Box<dyn JweDecrypter>) {
    use KeyAlgorithm as A;
    match algorithm {
        A::RsaOaep => both!(josekit::jwe::RSA_OAEP, jwk),
        A::RsaOaep256 => both!(josekit::jwe::RSA_OAEP_256, jwk),
        A::RsaOaep384 => both!(josekit::jwe::RSA_OAEP_384, jwk),
        A::RsaOaep512 => both!(josekit::jwe::RSA_OAEP_512, jwk),
        A::EcdhEs => both!(josekit::jwe::ECDH_ES, jwk),
        A::EcdhEsA128Kw => both!(josekit::jwe::ECDH_ES_A128KW, jwk),
        A::EcdhEsA192Kw => both!(josekit::jwe::ECDH_ES_A192KW, jwk),
        A::EcdhEsA256Kw => both!(josekit::jwe::ECDH_ES_A256KW, jwk),
        A::A128Kw => both!(josekit::jwe::A128KW, jwk),
        A::A192Kw => both!(josekit::jwe::A192KW, jwk),
        A::A256Kw => both!(josekit::jwe::A256KW, jwk),
        A::A128GcmKw => both!(josekit::jwe::A128GCMKW, jwk),
        A::A192GcmKw => both!(josekit::jwe::A192GCMKW, jwk),
        A::A256GcmKw => both!(josekit::jwe::A256GCMKW, jwk),
        A::Pbes2Hs256A128Kw => both!(josekit::jwe::PBES2_HS256_A128KW, jwk),
        A::Pbes2Hs384A192Kw => both!(josekit::jwe::PBES2_HS384_A192KW, jwk),
        A::Pbes2Hs512A256Kw => both!(josekit::jwe::PBES2_HS512_A256KW, jwk),
        A::Dir => both!(josekit::jwe::Dir, jwk),
        other => panic!("{other} is not held against josekit"),
    }
}

macro_rules! signature {
    ($algorithm:path, $jwk:expr) => {
        Some((
            Box::new($algorithm.signer_from_jwk($jwk).unwrap()),
            Box::new($algorithm.verifier_from_jwk($jwk).unwrap()),
        ))
    };
}

fn their_signature(
    algorithm: SignatureAlgorithm,
    jwk: &josekit::jwk::Jwk,
) -> Option<(Box<dyn JwsSigner>, Box<dyn JwsVerifier>)> {
    use SignatureAlgorithm as A;
    match algorithm {
        A::Hs256 => signature!(josekit::jws::HS256, jwk),
        A::Hs384 => signature!(josekit::jws::HS384, jwk),
        A::Hs512 => signature!(josekit::jws::HS512, jwk),
        A::Rs256 => signature!(josekit::jws::RS256, jwk),
        A::Rs384 => signature!(josekit::jws::RS384, jwk),
        A::Rs512 => signature!(josekit::jws::RS512, jwk),
        A::Ps256 => signature!(josekit::jws::PS256, jwk),
        A::Ps384 => signature!(josekit::jws::PS384, jwk),
        A::Ps512 => signature!(josekit::jws::PS512, jwk),
        A::Es256 => signature!(josekit::jws::ES256, jwk),
        A::Es384 => signature!(josekit::jws::ES384, jwk),
        A::Es512 => signature!(josekit::jws::ES512, jwk),
        A::Es256k => signature!(josekit::jws::ES256K, jwk),
        A::EdDsa => signature!(josekit::jws::EdDSA, jwk),
        _ => None,
    }
}
