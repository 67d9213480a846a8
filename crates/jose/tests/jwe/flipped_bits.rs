use super::{Case, cases, compact, parts};
use grantee_jose::{ContentEncryption, Curve, ErrorKind, KeyAlgorithm};

const PARTS: [&str; 5] = ["header", "key", "vector", "ciphertext", "tag"];

#[test]
fn every_flipped_bit_of_every_part_is_refused() {
    use KeyAlgorithm as A;
    let chosen = [
        (A::RsaOaep256, ContentEncryption::A256Gcm),
        (A::A128Kw, ContentEncryption::A128CbcHs256),
        (A::A192Kw, ContentEncryption::A192CbcHs384),
        (A::Dir, ContentEncryption::A256CbcHs512),
        (A::A256GcmKw, ContentEncryption::A192Gcm),
        (A::EcdhEs, ContentEncryption::A256Gcm),
        (A::EcdhEsA192Kw, ContentEncryption::A128Gcm),
        (A::Pbes2Hs256A128Kw, ContentEncryption::A128Gcm),
    ];
    for (algorithm, encryption) in chosen {
        // The slower curves are in the next test.
        let fast = |case: &&Case| {
            case.algorithm == algorithm && matches!(case.jwk.curve(), None | Some(Curve::P256 | Curve::X25519))
        };
        for case in cases(encryption).iter().filter(fast) {
            let token = case.encrypt(encryption);
            for (index, part) in parts(&token).iter().enumerate() {
                (0..part.len() * 8).for_each(|bit| refused(case, &token, index, bit));
            }
        }
    }
}

#[test]
fn a_flipped_bit_of_each_part_is_refused_with_every_algorithm_and_enc() {
    for encryption in ContentEncryption::ALL.iter().copied() {
        for case in cases(encryption) {
            let token = case.encrypt(encryption);
            for (index, part) in parts(&token).iter().enumerate().filter(|(_, part)| !part.is_empty()) {
                refused(&case, &token, index, 0);
                refused(&case, &token, index, part.len() * 8 - 1);
            }
        }
    }
}

/// Of the header a flipped bit may make something that is no header; what it was is told. Of the other parts there is the
/// one error.
fn refused(case: &Case, token: &str, index: usize, bit: usize) {
    let mut parts = parts(token);
    parts[index][bit / 8] ^= 1 << (bit % 8);
    let Err(error) = case.decrypt(&compact(&parts)) else {
        panic!("{} took a token with bit {bit} of the {} flipped", case.algorithm, PARTS[index]);
    };
    let told = [
        ErrorKind::Malformed,
        ErrorKind::Unsupported,
        ErrorKind::NotAllowed,
        ErrorKind::TooLarge,
        ErrorKind::Critical,
        ErrorKind::Decryption,
    ];
    assert!(if index == 0 { told.contains(&error.kind()) } else { error.kind() == ErrorKind::Decryption }, "{error}");
    if error.kind() == ErrorKind::Decryption {
        let one = "rule broken: the token can be decrypted with the key at hand (RFC 7516 section 5.2)";
        assert_eq!(error.to_string(), one);
    }
}
