use super::{Header, PLAINTEXT, agreement_keys, cases, rsa};
use grantee_jose::contract::decrypter;
use grantee_jose::jwe::{self, Options};
use grantee_jose::signer::{BlockingDecrypter, Inline};
use grantee_jose::{ContentEncryption, DecryptionKey, EncryptionKey, Jwk, KeyAlgorithm};
use std::task::{Context, Poll, Waker};

#[test]
fn every_algorithm_with_every_enc_comes_back() {
    let mut combinations = 0;
    for encryption in ContentEncryption::ALL.iter().copied() {
        for case in cases(encryption) {
            let decrypted = case.decrypt(&case.encrypt(encryption)).unwrap();
            assert_eq!(*decrypted.plaintext, PLAINTEXT, "{} {encryption}", case.algorithm);
            assert_eq!((decrypted.algorithm, decrypted.encryption), (case.algorithm, encryption));
            combinations += 1;
        }
    }
    // 14 algorithms with one key, and the four of ECDH-ES with one for each curve.
    assert_eq!(combinations, 6 * (14 + 4 * agreement_keys().len()));
}

#[test]
fn every_decryption_key_keeps_to_the_contract() {
    let password = |algorithm| EncryptionKey::from_password(b"secret", algorithm)?.with_iterations(1000);
    let mut jwks = agreement_keys();
    jwks.push(rsa());
    jwks.extend([16, 24, 32, 48, 64].map(|len| Jwk::oct(vec![7; len])));
    let mut served = Vec::new();
    for jwk in &jwks {
        let key = DecryptionKey::any(jwk).unwrap();
        decrypter::check(&key, &|algorithm| EncryptionKey::new(jwk, algorithm));
        at_once(decrypter::check_async(&Inline(key.clone()), &|algorithm| EncryptionKey::new(jwk, algorithm)));
        served.extend_from_slice(BlockingDecrypter::algorithms(&key));
    }
    for algorithm in KeyAlgorithm::ALL.iter().filter(|algorithm| algorithm.name().starts_with("PBES2")) {
        let key = DecryptionKey::from_password(b"secret", *algorithm).unwrap();
        decrypter::check(&key, &password);
        served.push(*algorithm);
    }
    assert!(KeyAlgorithm::ALL.iter().all(|algorithm| served.contains(algorithm)));
}

#[test]
fn an_async_program_decrypts_the_same() {
    let jwk = Jwk::oct([7; 32]).with_kid("1");
    let key = EncryptionKey::new(&jwk, KeyAlgorithm::A256Kw).unwrap();
    let token = jwe::encrypt(&Header::new(), PLAINTEXT, &key, ContentEncryption::A128Gcm).unwrap();
    let key = DecryptionKey::any(&jwk).unwrap();
    let decrypted = at_once(jwe::decrypt(&token, &key, &Options::default())).unwrap();
    assert_eq!(*decrypted.plaintext, PLAINTEXT);
    assert_eq!(jwe::peek_header(&token).unwrap().kid.as_deref(), Some("1"));
}

#[test]
fn what_is_encrypted_twice_differs_in_every_random_part() {
    for encryption in [ContentEncryption::A128CbcHs256, ContentEncryption::A256Gcm] {
        for case in cases(encryption) {
            let (one, other) = (case.encrypt(encryption), case.encrypt(encryption));
            let mut both = one.split('.').zip(other.split('.')).skip(2);
            assert!(both.all(|(one, other)| one != other), "{} {encryption}", case.algorithm);
        }
    }
}

#[test]
fn apu_and_apv_of_the_callers_header_go_into_the_agreed_key() {
    let jwk = &agreement_keys()[0];
    let key = EncryptionKey::new(jwk, KeyAlgorithm::EcdhEsA256Kw).unwrap();
    let header = Header::new().with("apu", "QWxpY2U").with("apv", "Qm9i");
    let token = jwe::encrypt(&header, PLAINTEXT, &key, ContentEncryption::A128Gcm).unwrap();
    let key = DecryptionKey::any(jwk).unwrap();
    let decrypted = jwe::decrypt_blocking(&token, &key, &Options::default()).unwrap();
    assert_eq!(
        (decrypted.header.get("apu").unwrap(), decrypted.header.get("apv").unwrap()),
        (&"QWxpY2U".into(), &"Qm9i".into())
    );
}

#[test]
fn an_empty_plaintext_and_a_long_one_come_back() {
    for encryption in ContentEncryption::ALL.iter().copied() {
        let key = Jwk::oct(vec![7; encryption.key_len()]);
        let sender = EncryptionKey::new(&key, KeyAlgorithm::Dir).unwrap();
        let receiver = DecryptionKey::new(&key, KeyAlgorithm::Dir).unwrap();
        for plaintext in [vec![], vec![3; 100_000]] {
            let token = jwe::encrypt(&Header::new(), &plaintext, &sender, encryption).unwrap();
            assert_eq!(*jwe::decrypt_blocking(&token, &receiver, &Options::default()).unwrap().plaintext, plaintext);
        }
    }
}

/// Nothing of ours waits.
pub(crate) fn at_once<F: Future>(future: F) -> F::Output {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a local key does not wait"),
    }
}
