//! Whatever comes in, the readers answer: mended, cut, doubled and crossed texts end in a value or an error.

use grantee_jose::jws::{self, Compact, Header, Json, Payload, VerifyingKey};
use grantee_jose::jwt::{Claims, Expect};
use grantee_jose::{Curve, Jwk, JwkSet, KeyKind, SignatureAlgorithm, SigningKey, base64url, json};

/// The same numbers at every run (Knuth's MMIX generator).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }

    /// One of the seeds with a few changes.
    fn text(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        const INTERESTING: &[u8] = b"\0\n \"\\.,:[]{}-_+=/0a\x7f\x80\xff";
        let mut text = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(4) {
            let (at, to) = (self.below(text.len() + 1), self.below(text.len() + 1));
            let (from, to) = (at.min(to), at.max(to));
            match self.below(5) {
                0 => text.insert(at, INTERESTING[self.below(INTERESTING.len())]),
                1 => drop(text.drain(from..to.min(from + 8))),
                2 => text.truncate(at),
                3 => {
                    let part = text[from..to].to_vec();
                    text.splice(at..at, part);
                }
                _ => {
                    let other = &seeds[self.below(seeds.len())];
                    let part = other[self.below(other.len())..].to_vec();
                    text.splice(at.., part);
                }
            }
        }
        text
    }
}

#[test]
fn no_text_makes_a_reader_panic_and_none_that_was_changed_verifies_as_another() {
    let jwk = Jwk::generate(KeyKind::Curve(Curve::Ed25519)).unwrap().with_kid("1").with_key_ops(["sign", "verify"]);
    let signer = SigningKey::new(&jwk, SignatureAlgorithm::EdDsa).unwrap();
    let key = VerifyingKey::new(&jwk, SignatureAlgorithm::EdDsa).unwrap();
    let payload = br#"{"iss":"joe","aud":["a","b"],"exp":1300819380,"nested":[[{"a":null}]]}"#;
    let header = Header::new().with_typ("JWT").with_unencoded_payload();
    let token = jws::sign_blocking(&Header::new().with_typ("JWT"), payload, &signer).unwrap();
    let unencoded = jws::sign_blocking(&header, b"text", &signer).unwrap();
    let json_token = jws::sign_flattened_blocking(Payload::Attached(payload), &Header::new(), &header_of_x(), &signer);
    let rsa = Jwk::generate(KeyKind::Rsa(2048)).unwrap();
    let set: JwkSet = [jwk.clone(), rsa.clone(), Jwk::oct("secret")].into_iter().collect();
    let seeds = [
        token.clone(),
        unencoded.clone(),
        json_token.unwrap(),
        jwk.to_json(),
        rsa.to_json(),
        set.to_json(),
        String::from_utf8(payload.to_vec()).unwrap(),
        base64url::encode(payload),
    ]
    .map(String::into_bytes);
    let mut chance = Chance(1);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let bytes = chance.text(&seeds);
        let text = String::from_utf8_lossy(&bytes);
        let mut count = |ok| *if ok { &mut read } else { &mut refused } += 1;
        if let Ok(parsed) = Compact::parse(&text) {
            if let Ok(verified) = parsed.verify(&key) {
                assert!(
                    *text == token && verified.payload == payload || *text == unencoded && verified.payload == b"text"
                );
            }
            count(true);
        }
        if let Ok(verified) = Json::parse(&bytes).and_then(|parsed| parsed.verify(&key)) {
            assert_eq!(verified.payload, payload);
        }
        let _ = Compact::parse_detached(&text, &bytes).and_then(|parsed| parsed.verify(&key));
        count(json::value(&bytes).is_ok());
        if let Ok(jwk) = Jwk::parse(&bytes) {
            assert_eq!(Jwk::parse(jwk.to_json()).unwrap().thumbprint(), jwk.thumbprint());
            for algorithm in jwk.signature_algorithms() {
                let _ = (VerifyingKey::new(&jwk, algorithm).map(drop), SigningKey::new(&jwk, algorithm).map(drop));
            }
        }
        count(JwkSet::parse(&bytes).is_ok());
        if let Ok(claims) = Claims::parse(&bytes) {
            count(Expect::new().audience("a").check(&Header::new(), &claims, 0).is_ok());
        }
    }
    assert!(read > 500 && refused > 500, "{read} {refused}");
}

fn header_of_x() -> Header {
    Header::new().with("x", 1)
}
