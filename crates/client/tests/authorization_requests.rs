//! Request objects, signed answers and authorization details through both faces.

use grantee::authorization::RequestObjects;
use grantee::jose::jws::Compact;
use grantee::jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, SigningKey};
use grantee::{AuthorizationDetail, AuthorizationRequest, Error, Pending, blocking};
use serde_json::Value;
use std::time::Duration;

const URI: &str = "https://app.example/request/7";

fn key() -> SigningKey {
    let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap();
    SigningKey::new(&key, SignatureAlgorithm::Es256).unwrap()
}

fn asked() -> AuthorizationRequest {
    AuthorizationRequest::new().scope("read").authorization_details(AuthorizationDetail::new("t").action("read"))
}

macro_rules! configured {
    ($builder:expr) => {
        $builder
            .client("app", "secret")
            .issuer("https://as.example")
            .authorization_endpoint("https://as.example/authorize")
            .redirect_uri("https://app.example/cb")
            .authorization_alg("ES256")
    };
}

fn claims(object: &str) -> Value {
    serde_json::from_slice(Compact::parse(object).unwrap().unverified_payload()).unwrap()
}

fn by_reference((url, pending, object): (url::Url, Pending, String)) {
    let expected = "https://as.example/authorize?client_id=app&request_uri=https%3A%2F%2Fapp.example%2Frequest%2F7";
    assert_eq!(url.as_str(), expected);
    let claims = claims(&object);
    assert_eq!((&claims["aud"], &claims["iss"]), (&"https://as.example".into(), &"app".into()));
    assert_eq!(claims["state"], pending.state());
    assert_eq!(claims["authorization_details"], serde_json::json!([{"type": "t", "actions": ["read"]}]));
}

fn by_value(url: &url::Url) {
    let names: Vec<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["client_id", "request"]);
}

#[tokio::test]
async fn the_async_face() {
    let client = configured!(grantee::Client::at("https://as.example/token")).request_object(key()).build().unwrap();
    by_reference(
        tokio::spawn({
            let client = client.clone();
            async move { client.start_by_reference(asked(), URI).await.unwrap() }
        })
        .await
        .unwrap(),
    );
    let (url, pending) = client.start(asked().response_mode("jwt")).await.unwrap();
    by_value(&url);
    let finished = tokio::spawn({
        let client = client.clone();
        async move { client.finish(pending, "code=c&state=s").await.map(|_| ()) }
    });
    assert!(matches!(finished.await.unwrap(), Err(Error::Rule(_))));
    let unsigned = configured!(grantee::Client::at("https://as.example/token"));
    let unsigned = unsigned.danger().unsigned_request_objects().build().unwrap();
    let (_, _, object) = unsigned.start_by_reference(asked(), URI).await.unwrap();
    assert!(object.ends_with('.'));
}

#[test]
fn the_blocking_face() {
    let objects = RequestObjects::blocking(key()).lifetime(Duration::from_secs(60));
    let client = configured!(blocking::Client::at("https://as.example/token")).request_object(objects);
    let client = client.build().unwrap();
    by_reference(client.start_by_reference(asked(), URI).unwrap());
    let (url, pending) = client.start(asked().response_mode("jwt")).unwrap();
    by_value(&url);
    assert!(matches!(client.finish(pending, "code=c&state=s"), Err(Error::Rule(_))));
    let pushed = configured!(blocking::Client::at("https://as.example/token")).par().build().unwrap();
    assert!(pushed.start(asked()).unwrap_err().to_string().contains("pushed_authorization_request_endpoint"));
    let by_secret = configured!(blocking::Client::at("https://as.example/token"));
    let by_secret = by_secret.request_object_by_secret(SignatureAlgorithm::Hs256).build().unwrap();
    by_value(&by_secret.start(asked()).unwrap().0);
}

/// A signer that needs an async runtime.
struct Remote(SigningKey);

impl grantee::jose::Signer for Remote {
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::Es256
    }

    fn sign<'a>(
        &'a self,
        data: &'a [u8],
    ) -> grantee::jose::signer::BoxFuture<'a, Result<Vec<u8>, grantee::jose::Error>> {
        Box::pin(async move { self.0.sign(data) })
    }
}

#[test]
fn a_blocking_client_refuses_a_signer_that_needs_a_runtime() {
    let client = configured!(blocking::Client::at("https://as.example/token")).request_object(Remote(key()));
    assert!(matches!(client.build(), Err(Error::Config(_))));
}
