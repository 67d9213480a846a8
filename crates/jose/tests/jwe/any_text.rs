use super::{Case, PLAINTEXT, cases};
use grantee_jose::jwe::{self, Options, Parts, Recipient};
use grantee_jose::{ContentEncryption, DecryptionKey, EncryptionKey, Jwk, KeyAlgorithm};

/// The same numbers at every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }
}

const INTERESTING: [&str; 18] = [
    "",
    ".",
    "..",
    "\"",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "=",
    "\\u0000",
    "null",
    "A",
    "AAAA",
    "\u{e9}",
    "\"zip\":\"DEF\",",
    "\"alg\":\"dir\",",
];

#[test]
fn no_changed_text_makes_a_reader_panic_or_decrypts_to_something_else() {
    let fast = |case: &Case| {
        let name = case.algorithm.name();
        !name.starts_with("RSA") && !name.starts_with("ECDH") && !name.starts_with("PBES2")
    };
    let mut chance = Chance(7);
    for case in cases(ContentEncryption::A128CbcHs256).into_iter().filter(fast) {
        let compact = case.encrypt(ContentEncryption::A128CbcHs256);
        let key = case.encryption_key();
        let parts = Parts::default().with_aad("data").in_general_form();
        let json =
            jwe::encrypt_json(&parts, PLAINTEXT, &[Recipient::new(&key)], ContentEncryption::A128CbcHs256).unwrap();
        for _ in 0..2000 {
            for (text, read) in [(&compact, jwe::decrypt_blocking as Read), (&json, jwe::decrypt_json_blocking)] {
                let mut changed: Vec<char> = text.chars().collect();
                for _ in 0..=chance.below(3) {
                    let from = chance.below(changed.len());
                    let to = (from + chance.below(4)).min(changed.len());
                    changed.splice(from..to, INTERESTING[chance.below(INTERESTING.len())].chars());
                }
                let changed: String = changed.into_iter().collect();
                if let Ok(decrypted) = read(&changed, &case.decryption_key(), &Options::default()) {
                    assert_eq!(*decrypted.plaintext, PLAINTEXT, "{changed}");
                }
                let _ = jwe::peek_header(&changed);
            }
        }
    }
}

type Read = fn(&str, &dyn grantee_jose::BlockingDecrypter, &Options) -> Result<jwe::Decrypted, grantee_jose::Error>;

#[test]
fn a_header_that_nests_or_repeats_without_end_is_refused() {
    let key = Jwk::oct([7; 16]);
    let token = jwe::encrypt(
        &jwe::Header::new(),
        PLAINTEXT,
        &EncryptionKey::new(&key, KeyAlgorithm::A128Kw).unwrap(),
        ContentEncryption::A128Gcm,
    );
    let rest = token.unwrap().split_once('.').unwrap().1.to_owned();
    let key = DecryptionKey::any(&key).unwrap();
    for header in [
        format!(r#"{{"alg":"A128KW","enc":"A128GCM","x":{}1{}}}"#, "[".repeat(50_000), "]".repeat(50_000)),
        format!(r#"{{"alg":"A128KW","enc":"A128GCM","crit":[{}"x"]}}"#, r#""x","#.repeat(10_000)),
    ] {
        let token = format!("{}.{rest}", grantee_jose::base64url::encode(header));
        jwe::decrypt_blocking(&token, &key, &Options::default()).unwrap_err();
    }
}
