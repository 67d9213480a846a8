//! DPoP (RFC 9449): what a proof says, whose nonce it bears, and when a request is made once more.
#![allow(clippy::unwrap_used)]

mod support;

use grantee_core::client::Config;
use grantee_core::client_auth::PrivateKeyJwt;
use grantee_core::error::Error;
use grantee_core::grant::{ClientCredentials, RefreshToken};
use grantee_core::jose::jws::Compact;
use grantee_core::jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, SigningKey, VerifyingKey};
use grantee_core::ports::Request;
use grantee_core::session::call::{Placement, call};
use grantee_core::session::{Source, SourceBuilder};
use grantee_core::token_type::dpop::Dpop;
use grantee_core::{Client, Token};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};
use support::{FakeServer, Inline, ManualClock, block_on, json as answer, literal, ports};

static KEY: LazyLock<Jwk> = LazyLock::new(|| Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap().with_kid("mine"));
static OLD: LazyLock<Jwk> = LazyLock::new(|| Jwk::generate(KeyKind::Curve(Curve::Ed25519)).unwrap());

fn dpop(config: Config) -> Config {
    let mut config = config;
    config.set_token_type(Arc::new(Dpop::from_key(&KEY).unwrap()));
    config
}

fn client_of(server: &Arc<FakeServer>, config: Config) -> Client {
    Client::new(config, ports(server, &ManualClock::new(), Arc::new(Inline))).unwrap()
}

fn client(server: &Arc<FakeServer>) -> Client {
    client_of(server, dpop(literal()))
}

fn source(client: &Client) -> Source {
    SourceBuilder::new(client.clone(), Arc::new(ClientCredentials::new())).build().unwrap()
}

const GRANTED: &str = r#"{"access_token":"the-token","token_type":"DPoP","expires_in":3600}"#;

fn with_nonce(
    mut answer: http::Response<bytes::Bytes>,
    nonce: &str,
) -> Result<http::Response<bytes::Bytes>, grantee_core::error::TransportError> {
    answer.headers_mut().insert("dpop-nonce", nonce.parse().unwrap());
    Ok(answer)
}

fn challenge(text: &str) -> http::Response<bytes::Bytes> {
    http::Response::builder().status(401).header("www-authenticate", text).body(bytes::Bytes::new()).unwrap()
}

fn api(method: &str, url: &str) -> Request {
    http::Request::builder().method(method).uri(url).body(bytes::Bytes::new()).unwrap()
}

/// Header and claims of the proof on a request, once its signature is verified by the key in it.
#[track_caller]
fn proof(request: &Request) -> (Value, Value) {
    let mut proofs = request.headers().get_all("dpop").iter();
    let proof = proofs.next().expect("a proof").to_str().unwrap();
    assert!(proofs.next().is_none(), "one proof");
    let token = Compact::parse(proof).unwrap();
    let header: Value =
        serde_json::from_slice(&grantee_core::jose::base64url::decode(proof.split('.').next().unwrap()).unwrap())
            .unwrap();
    let key = Jwk::from_value(header["jwk"].clone()).unwrap();
    let alg = SignatureAlgorithm::from_name(header["alg"].as_str().unwrap()).unwrap();
    let verified = token.verify(&VerifyingKey::new(&key, alg).unwrap()).unwrap();
    (header.clone(), serde_json::from_slice(&verified.payload).unwrap())
}

fn sent(server: &FakeServer, index: usize) -> Request {
    server.requests.lock().unwrap()[index].clone()
}

#[test]
fn a_token_request_proves_the_key_by_method_and_url_and_shows_nothing_else_of_it() {
    let server = FakeServer::new(|_, _| answer(200, GRANTED));
    let token = block_on(client(&server).token(&ClientCredentials::new())).unwrap();
    let (header, claims) = proof(&sent(&server, 0));
    let public = KEY.public().unwrap().to_value();
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": public["x"], "y": public["y"]});
    assert_eq!(header, json!({"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk}));
    let jti = claims["jti"].clone();
    assert_eq!(jti.as_str().unwrap().len(), 22, "128 bits");
    assert_eq!(claims, json!({"jti": jti, "htm": "POST", "htu": "https://as.example/token", "iat": 1_700_000_000}));
    assert_eq!(token.key_thumbprint, Some(KEY.thumbprint()));
    assert!(!format!("{token:?}").contains("the-token"));
}

#[test]
fn a_call_proves_it_for_the_token_without_query_and_fragment_and_anew_each_time() {
    let server = FakeServer::new(|request, _| match request.uri().host() {
        Some("as.example") => answer(200, GRANTED),
        _ => answer(200, "{}"),
    });
    let source = source(&client(&server));
    for _ in 0..2 {
        let request = api("PATCH", "https://API.example:443/a/b?secret=1");
        block_on(call(&source, request, Placement::Header)).unwrap();
    }
    let (first, second) = (sent(&server, 1), sent(&server, 2));
    assert_eq!(first.headers()["authorization"], "DPoP the-token");
    assert!(first.headers()["authorization"].is_sensitive());
    let claims = proof(&first).1;
    assert_eq!((claims["htm"].as_str(), claims["htu"].as_str()), (Some("PATCH"), Some("https://api.example/a/b")));
    let ath = grantee_core::jose::base64url::encode(grantee_core::jose::sha256(b"the-token"));
    assert_eq!(claims["ath"], ath);
    assert_ne!(claims["jti"], proof(&second).1["jti"]);
}

#[test]
fn a_nonce_is_learnt_from_every_answer_and_kept_for_its_origin() {
    let server = FakeServer::new(|request, count| match request.uri().host() {
        Some("as.example") => with_nonce(answer(200, GRANTED)?, "of-the-server"),
        Some("one.example") => with_nonce(answer(404, "")?, &format!("of-one-{count}")),
        _ => answer(200, "{}"),
    });
    let client = client(&server);
    let source = source(&client);
    for host in ["one", "one", "two"] {
        block_on(call(&source, api("GET", &format!("https://{host}.example/")), Placement::Header)).unwrap();
    }
    block_on(client.token(&ClientCredentials::new())).unwrap();
    let nonces: Vec<_> = (0..5).map(|index| proof(&sent(&server, index)).1["nonce"].clone()).collect();
    assert_eq!(nonces, [Value::Null, Value::Null, "of-one-2".into(), Value::Null, "of-the-server".into()]);
}

#[test]
fn the_token_endpoints_demand_is_met_once_with_its_own_nonce_a_new_proof_and_a_new_assertion() {
    let server = FakeServer::new(|_, count| match count {
        1 => with_nonce(answer(400, r#"{"error":"use_dpop_nonce"}"#)?, "demanded"),
        _ => answer(200, GRANTED),
    });
    let mut config = dpop(literal());
    config.set_auth(Arc::new(PrivateKeyJwt::from_key(&OLD).unwrap()));
    block_on(client_of(&server, config).token(&ClientCredentials::new())).unwrap();
    assert_eq!(server.count(), 2);
    let (first, second) = (sent(&server, 0), sent(&server, 1));
    assert_eq!(proof(&second).1["nonce"], "demanded");
    assert_ne!(proof(&first).1["jti"], proof(&second).1["jti"]);
    assert_ne!(server.body(0), server.body(1), "the assertion is a new one");
}

#[test]
fn a_server_that_goes_on_demanding_gets_no_third_request() {
    let server =
        FakeServer::new(|_, count| with_nonce(answer(400, r#"{"error":"use_dpop_nonce"}"#)?, &format!("n{count}")));
    let error = block_on(client(&server).token(&ClientCredentials::new())).unwrap_err();
    assert_eq!((error.server_error(), server.count()), (Some("use_dpop_nonce"), 2));
    let server = FakeServer::new(|request, count| match request.uri().host() {
        Some("as.example") => answer(200, GRANTED),
        _ => with_nonce(challenge(r#"DPoP error="use_dpop_nonce""#), &format!("n{count}")),
    });
    let request = api("GET", "https://api.example/");
    let answered = block_on(call(&source(&client(&server)), request, Placement::Header)).unwrap();
    assert_eq!((answered.status().as_u16(), server.count()), (401, 3), "one token, two calls");
}

#[test]
fn an_apis_demand_is_met_whatever_the_case_of_its_scheme() {
    for scheme in ["DPoP", "dPOP", r#"Bearer realm="a", dpop"#] {
        let text = format!(r#"{scheme} error="use_dpop_nonce", algs="ES256""#);
        let server = FakeServer::new(move |request, count| match (request.uri().host(), count) {
            (Some("as.example"), _) => answer(200, GRANTED),
            (_, 2) => with_nonce(challenge(&text), "demanded"),
            _ => answer(200, "{}"),
        });
        let request = api("GET", "https://api.example/");
        let answered = block_on(call(&source(&client(&server)), request, Placement::Header)).unwrap();
        assert_eq!((answered.status().as_u16(), server.count()), (200, 3));
        assert_eq!(proof(&sent(&server, 2)).1["nonce"], "demanded");
    }
}

#[test]
fn a_401_for_another_reason_comes_back_as_it_is() {
    for text in [r#"DPoP error="invalid_dpop_proof""#, r#"DPoP error="use_dpop_nonce""#] {
        let server = FakeServer::new(move |request, _| match request.uri().host() {
            Some("as.example") => answer(200, GRANTED),
            // The second one demands and names no nonce.
            _ => Ok(challenge(text)),
        });
        let request = api("GET", "https://api.example/");
        let answered = block_on(call(&source(&client(&server)), request, Placement::Header)).unwrap();
        assert_eq!((answered.status().as_u16(), server.count()), (401, 2), "{text}");
    }
}

#[test]
fn a_rejected_token_is_renewed_and_each_token_may_meet_one_demand() {
    let server = FakeServer::new(|request, count| match (request.uri().host(), count) {
        (Some("as.example"), _) => {
            answer(200, &format!(r#"{{"access_token":"t{count}","token_type":"dpop","expires_in":3600}}"#))
        }
        (_, 2) => with_nonce(challenge(r#"DPoP error="use_dpop_nonce""#), "a"),
        (_, 3) => with_nonce(challenge(r#"DPoP error="invalid_token""#), "b"),
        (_, 5) => with_nonce(challenge(r#"DPoP error="use_dpop_nonce""#), "c"),
        _ => answer(200, "{}"),
    });
    let request = api("GET", "https://api.example/");
    let answered = block_on(call(&source(&client(&server)), request, Placement::Header)).unwrap();
    assert_eq!((answered.status().as_u16(), server.count()), (200, 6));
    let nonces: Vec<_> = [2, 4, 5].map(|index| proof(&sent(&server, index)).1["nonce"].clone()).into();
    assert_eq!(nonces, ["a", "b", "c"]);
    assert_eq!(sent(&server, 5).headers()["authorization"], "DPoP t4");
}

#[test]
fn a_bearer_answer_is_refused_and_nothing_falls_back() {
    let server = FakeServer::new(|_, _| answer(200, r#"{"access_token":"s3cret","token_type":"Bearer"}"#));
    let error = block_on(client(&server).token(&ClientCredentials::new())).unwrap_err();
    let Error::Rule(broken) = &error else { panic!("{error}") };
    assert_eq!((broken.spec, broken.expected.as_str(), broken.got.as_str()), ("RFC 9449 section 5", "DPoP", "Bearer"));
    assert!(!format!("{error}{error:?}").contains("s3cret"));
    // One that is given by hand goes on no request either.
    let source = SourceBuilder::new(client(&server), Arc::new(grantee_core::grant::Stored::new()))
        .token(Token::bearer("s3cret"))
        .build()
        .unwrap();
    let before = server.count();
    let error = block_on(call(&source, api("GET", "https://api.example/"), Placement::Header)).unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error}");
    assert_eq!(server.count(), before);
}

#[test]
fn what_an_exchange_brings_as_n_a_is_taken_and_goes_on_no_request() {
    let server = FakeServer::new(|_, _| {
        answer(
            200,
            r#"{"access_token":"x","token_type":"N_A","issued_token_type":"urn:ietf:params:oauth:token-type:id_token"}"#,
        )
    });
    let token = block_on(client(&server).token(&ClientCredentials::new())).unwrap();
    assert_eq!((token.token_type.as_str(), token.key_thumbprint.clone()), ("N_A", None));
    let source = source(&client(&server));
    let error = block_on(call(&source, api("GET", "https://api.example/"), Placement::Header)).unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error}");
}

#[test]
fn a_refresh_proves_the_key_its_token_is_bound_to_and_a_missing_key_is_named() {
    let server = FakeServer::new(|_, _| answer(200, GRANTED));
    let mut before: Token = serde_json::from_str(GRANTED.replace("3600", "1").as_str()).unwrap();
    before.refresh_token = Some("r".into());
    before.key_thumbprint = Some(OLD.thumbprint());
    let both = Dpop::from_key(&KEY).unwrap().also(SigningKey::new(&OLD, SignatureAlgorithm::EdDsa).unwrap()).unwrap();
    let mut config = literal();
    config.set_token_type(Arc::new(both));
    let token = block_on(client_of(&server, config).token(&RefreshToken::of(&before).unwrap())).unwrap();
    assert_eq!(proof(&sent(&server, 0)).0["alg"], "EdDSA");
    assert_eq!(token.key_thumbprint, Some(OLD.thumbprint()));
    let error = block_on(client(&server).token(&RefreshToken::of(&before).unwrap())).unwrap_err();
    assert!(error.to_string().contains(&OLD.thumbprint()), "{error}");
    assert_eq!(server.count(), 1, "nothing is sent without a proof");
}

#[test]
fn a_proof_goes_with_a_header_and_with_no_other_placement() {
    let server = FakeServer::new(|_, _| answer(200, GRANTED));
    let source = source(&client(&server));
    for placement in [Placement::FormBody, Placement::Query] {
        let error = block_on(call(&source, api("POST", "https://api.example/"), placement)).unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{error}");
    }
    // A header alone would be refused by the API, so nobody gets one.
    assert!(block_on(source.header()).unwrap_err().to_string().contains("proof"));
    assert_eq!(server.count(), 0);
}

#[test]
fn introspection_and_revocation_bind_nothing_and_prove_nothing() {
    let server = FakeServer::new(|_, _| answer(200, r#"{"active":true}"#));
    let mut config = dpop(literal());
    config.members_mut().introspection_endpoint = Some("https://as.example/introspect".into());
    config.members_mut().revocation_endpoint = Some("https://as.example/revoke".into());
    let client = client_of(&server, config);
    block_on(client.introspect("t")).unwrap();
    block_on(client.revoke("t")).unwrap();
    assert!(server.requests.lock().unwrap().iter().all(|request| !request.headers().contains_key("dpop")));
}

#[test]
fn userinfo_proves_the_key_and_meets_a_demand() {
    let server = FakeServer::new(|_, count| match count {
        1 => with_nonce(challenge(r#"DPoP error="use_dpop_nonce""#), "demanded"),
        _ => answer(200, r#"{"sub":"alice"}"#),
    });
    let mut config = dpop(literal());
    config.members_mut().userinfo_endpoint = Some("https://as.example/me".into());
    let mut token: Token = serde_json::from_str(GRANTED).unwrap();
    token.key_thumbprint = Some(KEY.thumbprint());
    block_on(client_of(&server, config).userinfo_unbound(&token)).unwrap();
    let claims = proof(&sent(&server, 1)).1;
    assert_eq!((claims["htu"].as_str(), claims["nonce"].as_str()), (Some("https://as.example/me"), Some("demanded")));
    assert!(claims["ath"].is_string());
}

#[test]
fn an_algorithm_that_the_server_does_not_list_is_an_error_before_anything_is_sent() {
    let server = FakeServer::new(|_, _| answer(200, GRANTED));
    let mut config = dpop(literal());
    config.members_mut().dpop_signing_alg_values_supported = Some(vec!["EdDSA".into()]);
    let error = block_on(client_of(&server, config).token(&ClientCredentials::new())).unwrap_err();
    assert!(error.to_string().contains("EdDSA") && error.to_string().contains("ES256"), "{error}");
    assert_eq!(server.count(), 0);
}

#[test]
fn a_nonce_of_other_characters_or_without_end_is_not_taken_in() {
    for bad in ["with space", "quo\"te", "back\\slash", "", &"n".repeat(2049)] {
        let bad = bad.to_owned();
        let server = FakeServer::new(move |_, count| match count {
            1 => with_nonce(answer(400, r#"{"error":"use_dpop_nonce"}"#)?, &bad),
            _ => answer(200, GRANTED),
        });
        let error = block_on(client(&server).token(&ClientCredentials::new())).unwrap_err();
        assert_eq!((error.server_error(), server.count()), (Some("use_dpop_nonce"), 1));
    }
}

#[test]
fn keys_that_prove_nothing_are_refused_when_the_client_is_built() {
    let refused = |key: &Jwk| Dpop::from_key(key).unwrap_err().to_string();
    assert!(refused(&Jwk::oct([1; 32])).contains("secret"));
    assert!(refused(&KEY.public().unwrap()).contains("private"));
    assert!(refused(&KEY.clone().with_use("enc")).contains("use"));
    let mut config = literal();
    config.set_dpop(&Jwk::oct([1; 32]));
    let server = FakeServer::new(|_, _| answer(200, GRANTED));
    assert!(Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).is_err());
}

#[test]
fn debug_shows_the_thumbprint_and_no_key() {
    let d = KEY.to_value()["d"].as_str().unwrap().to_owned();
    let shown = format!("{:?}", Dpop::from_key(&KEY).unwrap());
    assert!(shown.contains(&KEY.thumbprint()) && !shown.contains(&d), "{shown}");
}

#[test]
fn what_was_demanded_is_for_the_request_that_follows_and_serves_others_once_it_was_met() {
    let server = FakeServer::new(|request, count| match (request.uri().host(), count) {
        (Some("as.example"), _) => answer(200, GRANTED),
        (_, 2) => with_nonce(challenge(r#"DPoP error="use_dpop_nonce""#), "demanded"),
        _ => answer(200, "{}"),
    });
    let source = source(&client(&server));
    let get = || api("GET", "https://api.example/");
    let uri = get().uri().clone();
    block_on(async {
        // One request is told what to show. Another that goes out meanwhile must not use it up.
        let mut first = source.attempt();
        let mut headers = http::HeaderMap::new();
        first.authorize(&http::Method::GET, &uri, &mut headers).await.unwrap();
        let told = with_nonce(challenge(r#"DPoP error="use_dpop_nonce""#), "mine").unwrap();
        assert!(first.again(&uri, told.status(), told.headers()).await.unwrap());
        let nonce_of_another = async || {
            let mut headers = http::HeaderMap::new();
            source.attempt().authorize(&http::Method::GET, &uri, &mut headers).await.unwrap();
            let mut request = get();
            *request.headers_mut() = headers;
            proof(&request).1["nonce"].clone()
        };
        assert_eq!(nonce_of_another().await, Value::Null);
        let mut headers = http::HeaderMap::new();
        first.authorize(&http::Method::GET, &uri, &mut headers).await.unwrap();
        let mut again = get();
        *again.headers_mut() = headers;
        assert_eq!(proof(&again).1["nonce"], "mine");
        // The answer names no other one, so it serves on.
        assert!(!first.again(&uri, http::StatusCode::OK, &http::HeaderMap::new()).await.unwrap());
        assert_eq!(nonce_of_another().await, "mine");
        // Whoever can't repeat a request leaves the demand to the next one.
        let mut streamed = source.attempt();
        streamed.authorize(&http::Method::GET, &uri, &mut http::HeaderMap::new()).await.unwrap();
        let told = with_nonce(challenge(r#"DPoP error="use_dpop_nonce""#), "left").unwrap();
        assert!(streamed.again(&uri, told.status(), told.headers()).await.unwrap());
        drop(streamed);
        assert_eq!(nonce_of_another().await, "left");
    });
}

#[test]
fn the_url_that_is_proven_is_the_one_that_goes_out_however_the_caller_wrote_it() {
    let server = FakeServer::new(|request, _| match request.uri().host() {
        Some("as.example") => answer(200, GRANTED),
        _ => with_nonce(answer(200, "{}")?, "of-the-api"),
    });
    let source = source(&client(&server));
    for (written, proven) in [
        ("https://api.example/a/../b?x=1", "https://api.example/b"),
        ("https://api.example/a/%2e%2E/b/.", "https://api.example/b/"),
        ("https://api.example/{id}", "https://api.example/%7Bid%7D"),
        ("https://api.example/%7Eid%2f", "https://api.example/%7Eid%2f"),
        ("https://api.example", "https://api.example/"),
        ("https://127.1/", "https://127.0.0.1/"),
        ("https://[0:0:0:0:0:0:0:1]:443/", "https://[::1]/"),
        ("HTTPS://API.EXAMPLE:8443/A", "https://api.example:8443/A"),
    ] {
        block_on(call(&source, api("GET", written), Placement::Header)).unwrap();
        let last = sent(&server, server.count() - 1);
        assert_eq!(proof(&last).1["htu"], proven, "{written}");
        let sent = last.uri().to_string();
        assert_eq!(sent.split('?').next().unwrap(), proven, "{written}");
    }
    block_on(call(&source, api("GET", "https://[::1]/"), Placement::Header)).unwrap();
    assert_eq!(proof(&sent(&server, server.count() - 1)).1["nonce"], "of-the-api", "one origin, however it is written");
}

#[test]
fn a_token_that_would_come_through_the_browser_is_not_asked_for() {
    use grantee_core::authorization::AuthorizationRequest;
    use grantee_core::grant::legacy::implicit;
    use grantee_core::token_type::certificate_bound::CertificateBound;
    let ask = |bind: fn(&mut Config), request: AuthorizationRequest| {
        let server = FakeServer::new(|_, _| answer(200, GRANTED));
        let mut config = literal();
        config.members_mut().authorization_endpoint = Some("https://as.example/authorize".to_owned());
        config.set_redirect_uri("https://app.example/cb".to_owned());
        bind(&mut config);
        block_on(client_of(&server, config).start(request))
    };
    let bindings: [fn(&mut Config); 2] =
        [|config| config.set_dpop(&KEY), |config| config.set_token_type(Arc::new(CertificateBound))];
    for bind in bindings {
        let hybrid = |kind: &str| AuthorizationRequest::new().scope("openid").response_type(kind);
        for request in [implicit(AuthorizationRequest::new()), hybrid("id_token token"), hybrid("code id_token token")]
        {
            let error = ask(bind, request.clone()).unwrap_err().to_string();
            assert!(error.contains("bound to no key"), "{error}");
            ask(|_| (), request).unwrap();
        }
        ask(bind, hybrid("code id_token")).unwrap();
    }
}

#[test]
fn debug_of_an_attempt_shows_neither_token_nor_query() {
    let server = FakeServer::new(|_, _| answer(200, GRANTED));
    let source = source(&client(&server));
    let mut attempt = source.attempt();
    let uri = "https://api.example/x?secret=s3cret".parse().unwrap();
    let mut headers = http::HeaderMap::new();
    block_on(attempt.authorize(&http::Method::GET, &uri, &mut headers)).unwrap();
    let mut demand = challenge("DPoP error=\"use_dpop_nonce\"");
    demand.headers_mut().insert("dpop-nonce", "n".parse().unwrap());
    assert!(block_on(attempt.again(&uri, demand.status(), demand.headers())).unwrap());
    let shown = format!("{attempt:?}");
    assert!(!shown.contains("s3cret") && !shown.contains("the-token"), "{shown}");
}

#[test]
fn a_caller_that_goes_away_leaves_the_demand_and_the_new_refresh_token_to_the_renewal() {
    use support::Queue;
    let server = FakeServer::new(|request, count| match count {
        1 => with_nonce(answer(400, r#"{"error":"use_dpop_nonce"}"#)?, "n1"),
        _ if request.uri().path() == "/token" => {
            let body = r#"{"access_token":"new","token_type":"DPoP","refresh_token":"r2","expires_in":3600}"#;
            with_nonce(answer(200, body)?, "n2")
        }
        _ => answer(200, "{}"),
    });
    let queue = Arc::new(Queue::default());
    let client = Client::new(dpop(literal()), ports(&server, &ManualClock::new(), queue.clone())).unwrap();
    let mut given = Token::bearer("old");
    given.token_type = "DPoP".to_owned();
    given.refresh_token = Some("r1".into());
    given.key_thumbprint = Some(KEY.thumbprint());
    given.expires_at = Some(grantee_core::UnixTime::from_seconds(1_600_000_000));
    let source = SourceBuilder::new(client, Arc::new(ClientCredentials::new())).token(given).build().unwrap();
    {
        let mut caller = Box::pin(source.token());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(caller.as_mut().poll(&mut context).is_pending());
        // Dropped here, while the renewal is on its way.
    }
    assert_eq!(queue.run(), 1);
    assert_eq!(server.count(), 2, "the demand was met");
    assert_eq!(proof(&sent(&server, 1)).1["nonce"], "n1");
    let held = block_on(source.token()).unwrap();
    assert_eq!((held.access_token.reveal(), held.refresh_token.as_ref().unwrap().reveal()), ("new", "r2"));
    assert_eq!((held.key_thumbprint.as_deref(), server.count()), (Some(&*KEY.thumbprint()), 2));
}

#[test]
fn dpop_jkt_is_the_keys_thumbprint_in_the_url_in_a_push_and_in_a_request_object() {
    use grantee_core::authorization::{AuthorizationRequest, RequestObjects};
    for (pushed, signed) in [(false, false), (true, false), (false, true), (true, true)] {
        let server = FakeServer::new(|_, _| answer(201, r#"{"request_uri":"urn:x","expires_in":60}"#));
        let mut config = dpop(literal());
        let members = config.members_mut();
        members.issuer = Some("https://as.example".to_owned());
        members.authorization_endpoint = Some("https://as.example/authorize".to_owned());
        members.pushed_authorization_request_endpoint = Some("https://as.example/par".to_owned());
        config.set_redirect_uri("https://app.example/cb".to_owned());
        config.set_request_objects(RequestObjects::from_key(&KEY).unwrap());
        let request = AuthorizationRequest::new().request_object(signed);
        let request = if pushed { request.pushed() } else { request };
        let (url, pending) = block_on(client_of(&server, config).start(request)).unwrap();
        let text = if pushed { server.body(0) } else { url.query().unwrap().to_owned() };
        let params = grantee_core::Params::parse(&text);
        let said = match params.get("request") {
            None => params.get("dpop_jkt").unwrap().to_owned(),
            Some(object) => {
                let claims: Value =
                    serde_json::from_slice(Compact::parse(object).unwrap().unverified_payload()).unwrap();
                claims["dpop_jkt"].as_str().unwrap().to_owned()
            }
        };
        assert_eq!((said, params.get("request").is_some()), (KEY.thumbprint(), signed));
        assert!(pending.to_json().unwrap().contains(&KEY.thumbprint()), "the code is redeemed with that key");
        if pushed {
            proof(&sent(&server, 0));
            let outside: Vec<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
            assert_eq!(outside, ["client_id", "request_uri"]);
        }
    }
}
