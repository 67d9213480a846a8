//! Signature methods (section 3.4), ours and the program's own; nonce and timestamp (section 3.3).

use crate::*;
use grantee_core::oauth1::{HmacSha1, HmacSha256, HmacSha512, Placement, Secrets, SignatureMethod};
use grantee_core::ports::{BoxFuture, Entropy};
use std::sync::atomic::Ordering;

#[test]
fn hmac_of_each_hash_is_what_a_server_computes_in_each_place() {
    let methods: [(&str, Arc<dyn SignatureMethod>); 3] = [
        ("HMAC-SHA1", Arc::new(HmacSha1)),
        ("HMAC-SHA256", Arc::new(HmacSha256)),
        ("HMAC-SHA512", Arc::new(HmacSha512)),
    ];
    for (name, method) in methods {
        for placement in [Placement::Header, Placement::Query, Placement::Body] {
            let signing = Signing::new().shared_method(Arc::clone(&method)).placement(placement);
            let (_, read) = sign(&signing, form("https://api.example/?a=b", b"c=d"));
            assert_eq!(read.get("oauth_signature_method"), Some(name));
        }
    }
}

/// A method that one server only knows, with a key and a digest of its own.
struct Weighed {
    key: &'static str,
}

impl SignatureMethod for Weighed {
    fn name(&self) -> &str {
        "X-WEIGHED"
    }

    fn sign<'a>(&'a self, base_string: &'a str, secrets: Secrets<'a>) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move { Ok(format!("{}:{}:{}", self.key, base_string.len(), secrets.joined().len())) })
    }

    fn body_hash(&self, body: &[u8]) -> Option<String> {
        Some(format!("{} bytes", body.len()))
    }
}

#[test]
fn a_method_of_the_programs_own_signs_and_hashes_by_itself() {
    let client = client(|config| config.set_signing(Signing::new().method(Weighed { key: "k+/=" })));
    let mut request = with_body("POST", "https://api.example/", "application/json", b"{}");
    let signed = block_on(client.sign(&mut request, None)).unwrap();
    let header = header(&request);
    let get = |name: &str| header.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str());
    assert_eq!(get("oauth_signature_method"), Some("X-WEIGHED"));
    assert_eq!(get("oauth_body_hash"), Some("2 bytes"));
    let secrets = "client%20%26s3cret&".len();
    assert_eq!(get("oauth_signature").unwrap(), format!("k+/=:{}:{secrets}", signed.base_string.len()));
    assert!(signed.base_string.contains("oauth_body_hash%3D2%2520bytes%26"));
}

#[test]
fn a_method_without_a_body_hash_of_its_own_sends_none() {
    struct Bare;
    impl SignatureMethod for Bare {
        fn name(&self) -> &str {
            "X-BARE"
        }
        fn sign<'a>(&'a self, _: &'a str, _: Secrets<'a>) -> BoxFuture<'a, Result<String>> {
            Box::pin(async { Ok("s".to_owned()) })
        }
    }
    let mut request = with_body("POST", "https://api.example/", "application/json", b"{}");
    try_sign(&Signing::new().method(Bare), &mut request).unwrap();
    assert!(!header(&request).iter().any(|(name, _)| name == "oauth_body_hash"));
}

#[test]
fn a_method_that_fails_leaves_the_request_as_it_was() {
    struct Broken;
    impl SignatureMethod for Broken {
        fn name(&self) -> &str {
            "X-BROKEN"
        }
        fn sign<'a>(&'a self, _: &'a str, _: Secrets<'a>) -> BoxFuture<'a, Result<String>> {
            Box::pin(async { Err(Error::config("the HSM is gone", "bring it back")) })
        }
    }
    assert!(refused(&Signing::new().method(Broken), form("https://api.example/", b"a=b")).contains("the HSM is gone"));
}

#[test]
fn the_whole_wire_of_a_clients_request_with_time_and_chance_from_its_ports() {
    let client = client(|_| ());
    let token = grantee_core::oauth1::token_credentials::token("t", TOKEN_SECRET);
    let mut request = request("GET", "http://photos.example.net/photos?file=vacation.jpg&size=original");
    block_on(client.sign(&mut request, Some(&token))).unwrap();
    let expected = "GET http://photos.example.net/photos?file=vacation.jpg&size=original\n\
         authorization: OAuth oauth_consumer_key=\"key\", oauth_token=\"t\", oauth_signature_method=\"HMAC-SHA1\", \
         oauth_timestamp=\"1700000000\", oauth_nonce=\"000102030405060708090a0b0c0d0e0f\", oauth_version=\"1.0\", \
         oauth_signature=\"qL3jtNdiYVaV03r5CAYIYYJBxTE%3D\"\n\n";
    assert_eq!(support::whole(&request), expected);
    server::verify(&request, CLIENT_SECRET, TOKEN_SECRET).unwrap();
}

#[test]
fn each_request_has_a_nonce_of_128_bits_of_its_own_and_the_clocks_time() {
    let server = FakeServer::new(|_, _| panic!("nothing is sent"));
    let clock = ManualClock::new();
    let client = Client::new(Config::new(KEY, "s"), ports(&server, &clock, Arc::new(Inline))).unwrap();
    let once = || {
        let mut request = request("GET", "https://api.example/");
        block_on(client.sign(&mut request, None)).unwrap();
        let found = header(&request);
        let get = |name: &str| found.iter().find(|(held, _)| held == name).unwrap().1.clone();
        (get("oauth_timestamp"), get("oauth_nonce"))
    };
    assert_eq!(once(), ("1700000000".into(), "000102030405060708090a0b0c0d0e0f".into()));
    assert_eq!(once(), ("1700000000".into(), "101112131415161718191a1b1c1d1e1f".into()));
    clock.wall.store(1_800_000_000_999, Ordering::SeqCst);
    assert_eq!(once().0, "1800000000", "whole seconds");
}

#[test]
fn without_chance_or_with_a_clock_before_1970_nothing_is_signed() {
    struct Dry;
    impl Entropy for Dry {
        fn fill(&self, _: &mut [u8]) -> Result<()> {
            Err(Error::config("no chance is left", "wait"))
        }
    }
    let server = FakeServer::new(|_, _| panic!("nothing is sent"));
    let clock = ManualClock::new();
    let mut dry = ports(&server, &clock, Arc::new(Inline));
    dry.entropy = Arc::new(Dry);
    let dry = Client::new(Config::new(KEY, "s"), dry).unwrap();
    let mut request = request("GET", "https://api.example/");
    assert!(block_on(dry.sign(&mut request, None)).unwrap_err().to_string().contains("no chance is left"));
    let early = Client::new(Config::new(KEY, "s"), ports(&server, &clock, Arc::new(Inline))).unwrap();
    clock.wall.store(-5_000, Ordering::SeqCst);
    assert!(block_on(early.sign(&mut request, None)).unwrap_err().to_string().contains("1970"));
    assert!(request.headers().is_empty());
}

#[test]
fn the_version_is_sent_unless_it_is_left_out() {
    let version = |signing: Signing| {
        let (_, read) = sign(&signing, request("GET", "https://api.example/"));
        assert_eq!(read.base_string.contains("oauth_version%3D1.0"), read.get("oauth_version").is_some());
        read.get("oauth_version").map(str::to_owned)
    };
    assert_eq!(version(Signing::new()).as_deref(), Some("1.0"));
    assert_eq!(version(Signing::new().without_version()), None);
}

#[test]
fn a_client_that_acts_for_itself_sends_no_token() {
    let mut request = request("GET", "https://api.example/");
    block_on(client(|_| ()).sign(&mut request, None)).unwrap();
    let read = server::verify(&request, CLIENT_SECRET, "").unwrap();
    assert_eq!(read.get("oauth_token"), None);
}
