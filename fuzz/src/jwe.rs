//! Encrypted tokens of either serialization.

use crate::keys::{ENCRYPTING, Encrypting};
use crate::property::{another_character, of_jose};
use grantee_jose::jwe::{self, Decrypted, Header, Options, Parts, Recipient};
use grantee_jose::{ContentEncryption, Error, ErrorKind, Verified, base64url};
use std::sync::LazyLock;

/// The one error that says that a token can't be decrypted.
static ONE: LazyLock<Error> = LazyLock::new(|| {
    let (first, other) = (&ENCRYPTING[0], &ENCRYPTING[1]);
    let token = encrypt(first, b"x", ContentEncryption::A128Gcm, false);
    let wrong = token.replacen('.', &format!(".{}", "AAAA"), 1);
    assert!(jwe::decrypt_blocking(&token, &other.private, &options(0)).is_err());
    jwe::decrypt_blocking(&wrong, &first.private, &options(0)).expect_err("another encrypted key is none")
});

/// The first byte chooses what the rest is: a token, the parts of one, a line each, or a plaintext. The second chooses the key.
pub fn jwe(data: &[u8]) {
    let Some((&[choice, which], bytes)) = data.split_first_chunk() else { return };
    let pair = &ENCRYPTING[usize::from(which) % ENCRYPTING.len()];
    match choice % 3 {
        0 => token(pair, which, &String::from_utf8_lossy(bytes)),
        1 => parts(pair, which, bytes),
        _ => own(pair, which, bytes),
    }
}

fn token(pair: &Encrypting, which: u8, text: &str) {
    judged(jwe::decrypt_blocking(text, &pair.private, &options(which)), which);
    judged(jwe::decrypt_json_blocking(text, &pair.private, &options(which)), which);
    if let Err(error) = jwe::peek_header(text) {
        of_jose(&error);
    }
}

/// A header, an encrypted key, a vector, a ciphertext and a tag, as bytes.
fn parts(pair: &Encrypting, which: u8, bytes: &[u8]) {
    let mut parts: Vec<_> = bytes.splitn(5, |byte| *byte == b'\n').map(base64url::encode).collect();
    parts.resize(5, String::new());
    judged(jwe::decrypt_blocking(&parts.join("."), &pair.private, &options(which)), which);
    let names = ["protected", "encrypted_key", "iv", "ciphertext", "tag"];
    let members = names.into_iter().zip(parts).filter(|(name, text)| !text.is_empty() || *name == "ciphertext");
    let json: serde_json::Map<_, _> = members.map(|(name, text)| (name.to_owned(), text.into())).collect();
    let json = serde_json::Value::Object(json).to_string();
    judged(jwe::decrypt_json_blocking(&json, &pair.private, &options(which)), which);
}

fn judged(outcome: Result<Decrypted, Error>, which: u8) {
    let error = match outcome {
        Ok(decrypted) => {
            assert!(decrypted.plaintext.len() <= options(which).max_plaintext);
            assert!(options(which).zip || !decrypted.header.contains("zip"));
            return;
        }
        Err(error) => error,
    };
    of_jose(&error);
    match error.kind() {
        ErrorKind::Decryption => assert_eq!(error, *ONE, "there is one error of decryption"),
        ErrorKind::Malformed | ErrorKind::TooLarge => {}
        _ => assert_eq!(error.verified(), Verified::Nothing),
    }
}

/// What we encrypt we decrypt, in each form, and nothing that differs by a character.
fn own(pair: &Encrypting, which: u8, plaintext: &[u8]) {
    let encryption = match which % 9 {
        // A shared key of 16 bytes is for this one.
        2 => ContentEncryption::A128Gcm,
        _ => ContentEncryption::ALL[plaintext.len() % ContentEncryption::ALL.len()],
    };
    let zip = which & 0x80 != 0;
    let token = encrypt(pair, plaintext, encryption, zip);
    let decrypted = jwe::decrypt_blocking(&token, &pair.private, &options(0x80)).expect("ours is decrypted");
    assert_eq!(decrypted.plaintext.as_slice(), plaintext);
    if zip {
        let error = jwe::decrypt_blocking(&token, &pair.private, &options(0)).expect_err("zip is off by default");
        assert_eq!(error.kind(), ErrorKind::NotAllowed);
    }
    let other = another_character(&token, plaintext);
    let refused = jwe::decrypt_blocking(&other, &pair.private, &options(0x80));
    assert!(refused.is_err(), "{other} for {token}");
    judged(refused, 0x80);

    let parts = Parts::new(Header::new().with("x", 1)).with_aad(plaintext);
    let token = jwe::encrypt_json(&parts, plaintext, &[Recipient::new(&pair.public)], encryption);
    let token = token.expect("any plaintext is encrypted");
    let decrypted = jwe::decrypt_json_blocking(&token, &pair.private, &options(0x80)).expect("ours is decrypted");
    assert_eq!((decrypted.plaintext.as_slice(), decrypted.aad.as_slice()), (plaintext, plaintext));
}

fn encrypt(pair: &Encrypting, plaintext: &[u8], encryption: ContentEncryption, zip: bool) -> String {
    let header = if zip { Header::new().with("zip", "DEF") } else { Header::new().with_cty("JWT") };
    jwe::encrypt(&header, plaintext, &pair.public, encryption).expect("any plaintext is encrypted")
}

fn options(which: u8) -> Options {
    let mut options = Options::default();
    options.zip = which & 0x80 != 0;
    // Enough for the seeds of RFC 7520, and little enough to fuzz.
    options.max_p2c = 8192;
    options.max_plaintext = 64 * 1024;
    options
}
