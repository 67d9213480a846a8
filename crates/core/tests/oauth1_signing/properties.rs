//! What holds for any request: pseudo-random ones, the same at every run.

use crate::*;
use grantee_core::oauth1::{
    HmacSha1, HmacSha256, HmacSha512, Parameters, Placement, Plaintext, Secrets, SignatureMethod, base_string_uri,
    percent_decode, percent_encode,
};

/// Marsaglia's xorshift.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % end
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    fn text(&mut self, most: usize) -> String {
        let pieces = [
            "a", "Z", "0", "-", ".", "_", "~", " ", "+", "%", "&", "=", "\"", "\\", ",", "'", "!", "/", "ä", "€", "😀",
            "%41",
        ];
        (0..self.below(most + 1)).map(|_| self.one_of(&pieces)).collect()
    }

    /// Of a query or a form, encoded one way or another, well or badly.
    fn encoded(&mut self, raw: bool) -> Vec<u8> {
        let mut text = Vec::new();
        for _ in 0..self.below(12) {
            let byte = u8::try_from(self.below(256)).unwrap();
            match self.below(7) {
                0 => text.extend(format!("%{byte:02X}").bytes()),
                1 => text.extend(format!("%{byte:02x}").bytes()),
                2 => text.push(b'+'),
                3 => text.push(self.one_of(b"&=&=%")),
                4 if raw => text.push(byte),
                _ => text.push(self.one_of(b"abcXYZ019-._~!*'();:@/?")),
            }
        }
        text
    }

    fn request(&mut self) -> Request {
        let authority = self.one_of(&[
            "api.example",
            "API.Example:443",
            "api.example:80",
            "[2001:db8::1]:8443",
            "me:x@h.example",
            "10.0.0.1",
        ]);
        let scheme = self.one_of(&["http", "https"]);
        let path = self.one_of(&["", "/", "/a/b", "/r%20v/X", "/%7e/~;p=1", "//x/../y", "/a+b,c"]);
        let mut url = format!("{scheme}://{authority}{path}").into_bytes();
        if self.below(3) > 0 {
            url.push(b'?');
            url.extend(self.encoded(false));
        }
        let mut request = http::Request::builder();
        if self.below(8) == 0 {
            request = request.header("host", self.one_of(&["other.example", "Other.Example:8080", "h:443", "h:80"]));
        }
        let kind = self.one_of(&[
            "",
            FORM,
            FORM,
            "application/x-www-form-urlencoded;charset=UTF-8",
            "application/json",
            "multipart/form-data; boundary=b",
        ]);
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let method = self.one_of(&["GET", "POST", "PUT", "PATCH", "DELETE", "purge"]);
        let body = if method == "GET" && kind.is_empty() { Vec::new() } else { self.encoded(true) };
        request.method(method).uri(url).body(Bytes::from(body)).unwrap()
    }
}

#[test]
fn any_request_that_is_signed_is_taken_by_a_server_and_has_kept_what_it_had() {
    let mut chance = Chance(0x0a11_ce5e_ed00_0001);
    let (mut in_header, mut in_query, mut in_body, mut refusals) = (0, 0, 0, 0);
    for _ in 0..4000 {
        let request = chance.request();
        let placement = chance.one_of(&[Placement::Header, Placement::Query, Placement::Body]);
        let method: Arc<dyn SignatureMethod> = match chance.below(5) {
            0 => Arc::new(HmacSha256),
            1 => Arc::new(HmacSha512),
            2 if request.uri().scheme_str() == Some("https") => Arc::new(Plaintext),
            _ => Arc::new(HmacSha1),
        };
        let mut signing = Signing::new().shared_method(method).placement(placement);
        let realm = Some(chance.text(8)).filter(|realm| realm.is_ascii() && chance.below(2) == 0);
        if let Some(realm) = &realm {
            signing = signing.realm(realm);
        }
        if chance.below(4) == 0 {
            signing = signing.without_version();
        }
        let (key, nonce, token, verifier) = (chance.text(6), chance.text(6), chance.text(9), chance.text(5));
        let (client_secret, token_secret) = (chance.text(80), chance.text(9));
        let (client, held) = (Secret::from(client_secret.as_str()), Secret::from(token_secret.as_str()));
        let further = [("oauth_verifier", verifier.as_str())];
        let mut signer = Signer::new(&key, &client, UnixTime::from_seconds(1_700_000_000), &nonce);
        signer.token = Some(&token);
        signer.token_secret = Some(&held);
        signer.further = &further;

        let mut signed = request.clone();
        let base_string = match block_on(signing.sign(&mut signed, signer)) {
            Ok(made) => made.base_string,
            Err(error) => {
                assert_eq!(placement, Placement::Body, "{request:?}: {error}");
                assert_eq!((signed.uri(), signed.body()), (request.uri(), request.body()));
                refusals += 1;
                continue;
            }
        };
        let read =
            server::verify(&signed, &client_secret, &token_secret).unwrap_or_else(|why| panic!("{signed:?}: {why}"));
        assert_eq!(read.base_string, base_string);
        for (name, expected) in [("oauth_consumer_key", &key), ("oauth_nonce", &nonce), ("oauth_token", &token)] {
            assert_eq!(read.get(name), Some(expected.as_str()));
        }
        assert_eq!(read.get("oauth_verifier"), Some(verifier.as_str()));
        let uri = signed.uri().to_string();
        match placement {
            Placement::Header => {
                assert_eq!((signed.uri(), signed.body()), (request.uri(), request.body()));
                assert_eq!(read.realm, realm);
                let parsed = parse_authorization_header(
                    std::str::from_utf8(signed.headers()["authorization"].as_bytes()).unwrap(),
                );
                let parsed = parsed.unwrap().into_iter().filter(|(name, _)| name != "realm");
                let parsed: Vec<_> = parsed.map(|(name, value)| (name.into_bytes(), value.into_bytes())).collect();
                assert_eq!(parsed, read.protocol);
                in_header += 1;
            }
            Placement::Query => {
                assert!(uri.starts_with(&request.uri().to_string()) && signed.body() == request.body(), "{uri}");
                in_query += 1;
            }
            _ => {
                assert!(signed.body().starts_with(request.body()) && signed.uri() == request.uri());
                in_body += 1;
            }
        }
    }
    assert!(
        in_header > 900 && in_query > 900 && in_body > 300 && refusals > 300,
        "{in_header} {in_query} {in_body} {refusals}"
    );
}

#[test]
fn any_permutation_of_parameters_has_the_same_base_string_and_signature() {
    let mut chance = Chance(0x5eed_0000_0000_0002);
    let secret = Secret::from("s");
    let of = |pairs: &[(String, String)]| {
        let mut parameters = Parameters::new();
        pairs.iter().for_each(|(name, value)| parameters.push(name, value));
        let base_string = parameters.base_string("GET", "https://api.example/").unwrap();
        let signature = block_on(HmacSha1.sign(&base_string, Secrets { client: &secret, token: None })).unwrap();
        (base_string, signature)
    };
    for _ in 0..300 {
        let mut pairs: Vec<_> = (0..1 + chance.below(9)).map(|_| (chance.text(2), chance.text(3))).collect();
        let expected = of(&pairs);
        for _ in 0..6 {
            for place in (1..pairs.len()).rev() {
                pairs.swap(place, chance.below(place + 1));
            }
            assert_eq!(of(&pairs), expected, "{pairs:?}");
        }
    }
}

#[test]
fn what_was_encoded_decodes_to_itself_and_has_unreserved_characters_alone() {
    let mut chance = Chance(0x5eed_0000_0000_0003);
    let every: String =
        (0..=0x24fu32).chain([0x7ff, 0x800, 0xffff, 0x10_0000, 0x10_ffff]).filter_map(char::from_u32).collect();
    for text in (0..3000).map(|_| chance.text(20)).chain([every]) {
        let encoded = percent_encode(&text);
        assert_eq!(percent_decode(&encoded), text);
        assert_eq!(encoded, server::encode(text.as_bytes()));
        // A form of it is read as it was meant.
        let mut parameters = Parameters::new();
        parameters.push_form(format!("n={encoded}").as_bytes());
        assert_eq!(parameters.normalized(), format!("n={encoded}"));
    }
}

#[test]
fn a_base_string_uri_is_its_own() {
    let mut chance = Chance(0x5eed_0000_0000_0004);
    for _ in 0..1000 {
        let uri = base_string_uri(&chance.request().uri().to_string()).unwrap();
        assert_eq!(base_string_uri(&uri).unwrap(), uri);
    }
}
