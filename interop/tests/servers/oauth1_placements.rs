//! OAuth 1.0: that where the parameters of the protocol stand changes nothing else ([RFC 5849, 3.5](https://www.rfc-editor.org/rfc/rfc5849#section-3.5)).

use grantee_interop::oauth1::{Provider, agree};
use serde_json::json;

use crate::face::oauth1::{Call, OAuth1Face, PLACEMENTS, Setup, name_of, pairs, seen, through_each_oauth1_face};

through_each_oauth1_face!(every_placement_of_the_same_request_verifies);

/// How many requests; by the program fewer, since each is a process.
const REQUESTS: usize = 40;
const PROCESSES: usize = 10;

/// A generator of the numbers that follow from a seed (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % (end as u64)).expect("below a usize")
    }

    fn text(&mut self, longest: usize) -> String {
        const BEYOND: [char; 12] =
            ['é', 'ß', 'Ж', '中', '€', '😀', '\u{a0}', '\u{301}', '\n', '\t', '\u{7f}', '\u{2028}'];
        let length = self.below(longest + 1);
        let mut text = String::new();
        for _ in 0..length {
            text.push(match self.below(4) {
                0 => BEYOND[self.below(BEYOND.len())],
                _ => char::from(b' ' + u8::try_from(self.below(95)).expect("below 95")),
            });
        }
        text
    }

    /// Names that repeat and names that begin alike, since they are sorted; values of all kinds, some empty, some that look encoded.
    fn parameters(&mut self) -> Vec<(String, String)> {
        const NAMES: [&str; 8] = ["a", "a", "a0", "A", "a b", "a~", "b[]", "é%2F"];
        const VALUES: [&str; 6] = ["", "%", "%2541", "a+b", "a=b&c=d", "~*'()!"];
        let count = self.below(6);
        let mut parameters = Vec::new();
        for _ in 0..count {
            let name = match self.below(10) {
                at @ 0..8 => NAMES[at].to_owned(),
                _ => format!("n{}", self.text(5)),
            };
            let value = match self.below(10) {
                at @ 0..6 => VALUES[at].to_owned(),
                _ => self.text(12),
            };
            parameters.push((name, value));
        }
        parameters
    }
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn every_placement_of_the_same_request_verifies<F: OAuth1Face>(provider: &Provider) {
    let mut chance = Chance(5849);
    let faces = PLACEMENTS.map(|placement| F::new(&Setup::new(provider, "HMAC-SHA1", placement)));
    let credentials = faces[0].log_in(&agree).expect("a login");
    for turn in 0..if F::IS_PROGRAM { PROCESSES } else { REQUESTS } {
        let (query, form) = (chance.parameters(), chance.parameters());
        let (query, form) = (borrowed(&query), borrowed(&form));
        let call = Call::new(["POST", "PUT"][turn % 2], &provider.api, &query).form(&form);
        for (face, placement) in faces.iter().zip(PLACEMENTS) {
            let (status, answer) = face.call(Some(&credentials), &call).expect("an answer");
            assert_eq!(status, 200, "{turn} {placement:?}: {call:?}");
            assert_eq!(
                (seen(&answer, "query"), seen(&answer, "form")),
                (pairs(&query), pairs(&form)),
                "{turn} {placement:?}"
            );
            assert_eq!(answer["placements"], json!([name_of(placement)]), "{turn}");
        }
    }
}
