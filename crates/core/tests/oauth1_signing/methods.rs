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
         oauth_version=\"1.0\", oauth_timestamp=\"1700000000\", oauth_nonce=\"000102030405060708090A0B0C0D0E0F\", \
         oauth_signature=\"w8OrtTjMyuY6%2FCK%2FrizI0LMpbeo%3D\"\n\n";
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
    assert_eq!(once(), ("1700000000".into(), "000102030405060708090A0B0C0D0E0F".into()));
    assert_eq!(once(), ("1700000000".into(), "101112131415161718191A1B1C1D1E1F".into()));
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

#[test]
fn the_server_refuses_what_was_changed() {
    let (request, _) = sign(&Signing::new(), request("GET", "https://api.example/a?b=c"));
    let secrets = (CLIENT_SECRET, TOKEN_SECRET);
    let refused = |change: &dyn Fn(&mut Request)| {
        let mut changed = request.clone();
        change(&mut changed);
        assert!(server::verify(&changed, secrets.0, secrets.1).is_err(), "{changed:?}");
    };
    refused(&|request| *request.method_mut() = http::Method::PUT);
    refused(&|request| *request.uri_mut() = "https://api.example/a?b=d".parse().unwrap());
    refused(&|request| *request.uri_mut() = "https://api.example/A?b=c".parse().unwrap());
    refused(&|request| *request.uri_mut() = "http://api.example/a?b=c".parse().unwrap());
    refused(&|request| drop(request.headers_mut().insert("host", "other.example".parse().unwrap())));
    assert!(
        server::verify(&request, secrets.0, "other").is_err() && server::verify(&request, "other", secrets.1).is_err()
    );
}

#[test]
fn each_request_is_signed_by_the_credentials_it_comes_with() {
    // A signing keeps what the last request had in common with the one before; clones share it, and another order of calls
    // changes nothing.
    let signing = Signing::new();
    let others = [signing.clone(), signing.clone().method(HmacSha256), signing.clone().without_version().realm("r")];
    for turn in 0..24 {
        let (key, token) = (["a", "b"][turn % 2], [None, Some("t"), Some("u")][turn % 3]);
        let secrets = [["x", "y"][turn / 2 % 2], ["", "z"][turn / 3 % 2]].map(Secret::from);
        let mut signer = Signer::new(key, &secrets[0], UnixTime::from_seconds(1), "n");
        signer.token = token;
        signer.token_secret = Some(&secrets[1]);
        for signing in [&signing, &others[0], &others[1], &others[2]] {
            let mut request = form("https://api.example/?oauth=1&oauth~=2&p=3", b"oauthZ=4");
            let made = block_on(signing.sign(&mut request, signer)).unwrap();
            let read = server::verify(&request, secrets[0].reveal(), secrets[1].reveal()).unwrap();
            assert_eq!((read.get("oauth_consumer_key"), read.get("oauth_token")), (Some(key), token));
            assert_eq!(made.base_string, read.base_string);
        }
    }
}

#[test]
fn no_nonce_comes_twice_among_many() {
    let client = client(|_| ());
    let nonces = (0..16).map(|_| {
        let mut request = request("GET", "https://api.example/");
        block_on(client.sign(&mut request, None)).unwrap();
        header(&request).into_iter().find(|(name, _)| name == "oauth_nonce").unwrap().1
    });
    let nonces: std::collections::BTreeSet<_> = nonces.collect();
    assert_eq!(nonces.len(), 16);
    assert!(nonces.iter().all(|nonce| nonce.len() == 32 && nonce.bytes().all(|byte| byte.is_ascii_hexdigit())));
}

#[test]
fn people_whose_requests_are_signed_at_once_are_never_mixed_up() {
    let signing = Signing::new();
    std::thread::scope(|scope| {
        for person in 0..8 {
            // Clones share what they keep between two signatures.
            let signing = signing.clone();
            scope.spawn(move || {
                let (key, token) = (format!("key{}", person / 4), format!("t{}", person / 2));
                let (client, held) = (Secret::new(format!("c{}", person / 4)), Secret::new(format!("s{person}")));
                for turn in 0..200 {
                    let nonce = format!("{person}-{turn}");
                    let mut signer = Signer::new(&key, &client, UnixTime::from_seconds(1_700_000_000), &nonce);
                    if person % 4 != 3 {
                        signer.token = Some(&token);
                        signer.token_secret = Some(&held);
                    }
                    let mut request = request("GET", "https://api.example/a?b=c");
                    block_on(signing.sign(&mut request, signer)).unwrap();
                    let secret = signer.token_secret.map_or("", Secret::reveal);
                    let read = server::verify(&request, client.reveal(), secret).unwrap();
                    assert_eq!((read.get("oauth_consumer_key"), read.get("oauth_token")), (Some(&*key), signer.token));
                }
            });
        }
    });
}

#[test]
fn clones_that_sign_otherwise_take_nothing_over() {
    let first = Signing::new().realm("r");
    sign(&first, request("GET", "https://api.example/"));
    for (other, method, version) in [
        (first.clone().method(grantee_core::oauth1::HmacSha256), "HMAC-SHA256", Some("1.0")),
        (first.clone().without_version(), "HMAC-SHA1", None),
    ] {
        let (_, read) = sign(&other, request("GET", "https://api.example/"));
        assert_eq!((read.get("oauth_signature_method"), read.get("oauth_version")), (Some(method), version));
        let (_, read) = sign(&first, request("GET", "https://api.example/"));
        assert_eq!((read.get("oauth_signature_method"), read.get("oauth_version")), (Some("HMAC-SHA1"), Some("1.0")));
    }
    let (_, read) = sign(&first.clone().realm("other"), request("GET", "https://api.example/"));
    assert_eq!(read.realm.as_deref(), Some("other"));
    let (signed, _) =
        sign(&first.placement(grantee_core::oauth1::Placement::Query), request("GET", "https://api.example/"));
    assert!(!signed.headers().contains_key("authorization"));
}

#[test]
fn credentials_that_differ_in_one_part_are_others() {
    let signing = Signing::new();
    let first = ("k", "c", Some("t"), Some("s"));
    let others = [
        ("k2", "c", Some("t"), Some("s")),
        ("k", "c2", Some("t"), Some("s")),
        ("k", "c", Some("t2"), Some("s")),
        ("k", "c", Some("t"), Some("s2")),
        ("k", "c", Some("t"), None),
        ("k", "c", None, None),
    ];
    for (key, client, token, held) in others.into_iter().flat_map(|other| [first, other]) {
        let (client, held) = (Secret::from(client), held.map(Secret::from));
        let mut signer = Signer::new(key, &client, UnixTime::from_seconds(1_700_000_000), "n");
        (signer.token, signer.token_secret) = (token, held.as_ref());
        let mut request = request("GET", "https://api.example/a?b=c");
        block_on(signing.sign(&mut request, signer)).unwrap();
        let read = server::verify(&request, client.reveal(), held.as_ref().map_or("", Secret::reveal)).unwrap();
        assert_eq!((read.get("oauth_consumer_key"), read.get("oauth_token")), (Some(key), token));
    }
}

#[test]
fn a_timestamp_is_positive() {
    let secret = Secret::from("s");
    for seconds in [0, -1] {
        let signer = Signer::new("k", &secret, UnixTime::from_seconds(seconds), "n");
        let error = block_on(Signing::new().sign(&mut request("GET", "https://api.example/"), signer)).unwrap_err();
        assert!(error.to_string().contains("1970"), "{error}");
    }
}
