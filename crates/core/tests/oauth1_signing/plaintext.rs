//! PLAINTEXT (section 3.4.4) shows the secrets: who may see them.

use crate::*;
use grantee_core::oauth1::{Placement, Plaintext};

fn plaintext() -> Signing {
    Signing::new().method(Plaintext)
}

#[test]
fn plaintext_over_plain_http_is_refused() {
    for url in ["http://api.example/", "http://127.0.0.2.example/", "http://localhost.example/", "http://10.0.0.1/"] {
        for placement in [Placement::Header, Placement::Query] {
            assert!(refused(&plaintext().placement(placement), request("GET", url)).contains("http"), "{url}");
        }
        assert!(refused(&plaintext().placement(Placement::Body), form(url, b"a=b")).contains("http"), "{url}");
    }
}

#[test]
fn plaintext_over_tls_is_the_secrets_encoded_and_joined() {
    let (signed, read) = sign(&plaintext().without_version(), request("GET", "https://api.example/a"));
    assert_eq!(read.get("oauth_signature"), Some("client%20%26s3cret&token%20s3cr%25t"));
    let expected = r#"OAuth oauth_consumer_key="key", oauth_token="t%25k", oauth_signature_method="PLAINTEXT", oauth_timestamp="137131201", oauth_nonce="n", oauth_signature="client%2520%2526s3cret%26token%2520s3cr%2525t""#;
    assert_eq!(signed.headers()["authorization"], expected);
    assert!(signed.headers()["authorization"].is_sensitive());
}

#[test]
fn plaintext_without_a_token_ends_in_an_ampersand() {
    let secret = Secret::from("cs");
    let mut request = request("GET", "https://api.example/");
    let signer = Signer::new(KEY, &secret, UnixTime::from_seconds(1), "n");
    block_on(plaintext().sign(&mut request, signer)).unwrap();
    assert_eq!(header(&request).last().unwrap().1, "cs&");
    assert!(server::verify(&request, "cs", "").is_ok());
}

#[test]
fn plaintext_to_this_machine_is_allowed() {
    for url in ["http://localhost/", "http://127.0.0.1:8080/", "http://[::1]:8080/", "http://app.localhost/"] {
        sign(&plaintext(), request("GET", url));
    }
}

#[test]
fn plaintext_over_plain_http_goes_through_the_danger_door_alone() {
    let send = |allow: bool| {
        let client = client(|config| {
            config.set_signing(plaintext());
            if allow {
                config.set_allow_http();
            }
        });
        let mut request = request("GET", "http://api.example/");
        block_on(client.sign(&mut request, None)).map(|_| request)
    };
    assert!(matches!(send(false), Err(Error::Config { .. })));
    server::verify(&send(true).unwrap(), CLIENT_SECRET, "").unwrap();
}

#[test]
fn other_methods_sign_over_plain_http() {
    sign(&Signing::new(), request("GET", "http://api.example/"));
}
