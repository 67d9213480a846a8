//! A ciphertext of 1 KiB decrypted, the size of an ID token.

use crate::{Most, Row, row};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap as _};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use grantee_jose::{
    ContentEncryption, Curve, DecryptionKey, EncryptionKey, Jwk, KeyAlgorithm, KeyKind, base64url, jwe,
};
use std::hint::black_box;

pub fn rows(quick: bool) -> Vec<Row> {
    vec![
        decrypt(quick, KeyAlgorithm::RsaOaep256, KeyKind::Rsa(2048)),
        decrypt(quick, KeyAlgorithm::EcdhEsA256Kw, KeyKind::Curve(Curve::P256)),
    ]
}

fn decrypt(quick: bool, alg: KeyAlgorithm, kind: KeyKind) -> Row {
    let key = Jwk::generate(kind).expect("a key");
    let public = EncryptionKey::new(&key.public().expect("a public key"), alg).expect("a key");
    let token =
        jwe::encrypt(&jwe::Header::new(), &[b'x'; 1024], &public, ContentEncryption::A256Gcm).expect("encrypted");
    let token = token.as_str();

    let private = DecryptionKey::new(&key, alg).expect("a key");
    let options = jwe::Options::default();
    let ours = || drop(black_box(jwe::decrypt_blocking(token, &private, &options).expect("decrypted").plaintext));

    let parts: Vec<Vec<u8>> = token.split('.').map(|part| base64url::decode(part).expect("base64url")).collect();
    let aad = token.split('.').next().unwrap_or_default().as_bytes().to_vec();
    let header: serde_json::Value = serde_json::from_slice(&parts[0]).expect("a header");
    let open = |cek: &[u8]| {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, cek).expect("a key"));
        let nonce = Nonce::try_assume_unique_for_key(&parts[2]).expect("a nonce");
        let mut text = [parts[3].as_slice(), &parts[4]].concat();
        black_box(key.open_in_place(nonce, Aad::from(&aad), &mut text).expect("opened"));
    };
    let raw: Box<dyn Fn()> = if alg == KeyAlgorithm::RsaOaep256 {
        let der = pem_body(&key.to_private_pem().expect("PEM"));
        let key = PrivateDecryptingKey::from_pkcs8(&der).expect("a key");
        let key = OaepPrivateDecryptingKey::new(key).expect("a key");
        Box::new(move || {
            let mut cek = [0; 512];
            let cek = key.decrypt(&OAEP_SHA256_MGF1SHA256, &parts_of(token, 1), &mut cek, None).expect("decrypted");
            open(cek);
        })
    } else {
        let der = pem_body(&key.to_private_pem().expect("PEM"));
        let private = PrivateKey::from_private_key_der(&ECDH_P256, &der).expect("a key");
        let coordinate =
            |name: &str| base64url::decode(header["epk"][name].as_str().unwrap_or_default()).expect("base64url");
        let point = [vec![4], coordinate("x"), coordinate("y")].concat();
        // AlgorithmID, empty PartyUInfo and PartyVInfo, SuppPubInfo (RFC 7518 section 4.6.2).
        let alg = KeyAlgorithm::EcdhEsA256Kw.name().as_bytes();
        let length = u32::try_from(alg.len()).expect("short").to_be_bytes();
        let info = [&length[..], alg, &[0; 4], &[0; 4], &256u32.to_be_bytes()].concat();
        let digest = get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256).expect("SHA-256");
        Box::new(move || {
            let peer = UnparsedPublicKey::new(&ECDH_P256, &point);
            let mut kek = [0; 32];
            agree(&private, peer, (), |secret| sskdf_digest(digest, secret, &info, &mut kek).map_err(drop))
                .expect("agreed");
            let kek = AesKek::new(&AES_256, &kek).expect("a key");
            let mut cek = [0; 40];
            open(kek.unwrap(&parts_of(token, 1), &mut cek).expect("unwrapped"));
        })
    };

    let jwk = josekit::jwk::Jwk::from_bytes(key.to_json().as_bytes()).expect("a key");
    let by_josekit: Box<dyn Fn()> = if alg == KeyAlgorithm::RsaOaep256 {
        let decrypter = josekit::jwe::RSA_OAEP_256.decrypter_from_jwk(&jwk).expect("a key");
        Box::new(move || drop(black_box(josekit::jwe::deserialize_compact(token, &decrypter).expect("decrypted"))))
    } else {
        let decrypter = josekit::jwe::ECDH_ES_A256KW.decrypter_from_jwk(&jwk).expect("a key");
        Box::new(move || drop(black_box(josekit::jwe::deserialize_compact(token, &decrypter).expect("decrypted"))))
    };
    let what = format!("1 KiB decrypted, {alg} and A256GCM");
    row(quick, what, Most::Times(1.1), &*raw, &ours, [None, None, Some(&*by_josekit)])
}

fn parts_of(token: &str, index: usize) -> Vec<u8> {
    base64url::decode(token.split('.').nth(index).unwrap_or_default()).expect("base64url")
}

fn pem_body(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let url: String = body.trim_end_matches('=').replace('+', "-").replace('/', "_");
    base64url::decode(url).expect("base64")
}
