//! `client_secret_jwt`, `private_key_jwt` and assertions from elsewhere: the whole wire where the signature is always the same
//! (made by other code than ours), claims and a verified signature where it is not.

mod support;

use grantee_core::client_auth::{AuthContext, ClientAssertion, ClientAuth, ClientSecretJwt, Draft, PrivateKeyJwt};
use grantee_core::grant::ClientCredentials;
use grantee_core::jose::signer::BoxFuture;
use grantee_core::jose::{BlockingSigner, Curve, Jwk, KeyKind, SignatureAlgorithm, Signer, SigningKey, VerifyingKey};
use grantee_core::jose::{ErrorKind, jws, jws::Compact};
use grantee_core::ports::Entropy;
use grantee_core::{Client, Config, Error, Params, Secret, UnixTime, contract};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::*;

const TOKEN: &str = r#"{"access_token":"at","token_type":"Bearer","expires_in":60}"#;

const HEAD: &str = "POST https://as.example/token\naccept: application/json\ncontent-type: application/x-www-form-urlencoded\n\ngrant_type=client_credentials&client_id=svc&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=";

/// `{"aud":"https://as.example","exp":1700000060,"iat":1700000000,"iss":"svc","jti":"AAECAwQFBgcICQoLDA0ODw","sub":"svc"}`
const CLAIMS: &str = "eyJhdWQiOiJodHRwczovL2FzLmV4YW1wbGUiLCJleHAiOjE3MDAwMDAwNjAsImlhdCI6MTcwMDAwMDAwMCwiaXNzIjoic3ZjIiwianRpIjoiQUFFQ0F3UUZCZ2NJQ1FvTERBME9EdyIsInN1YiI6InN2YyJ9";

fn config(method: impl ClientAuth + 'static) -> Config {
    let mut config = literal();
    config.members_mut().issuer = Some("https://as.example".to_owned());
    config.set_auth(Arc::new(method));
    config
}

fn built(config: Config, server: &Arc<FakeServer>) -> grantee_core::Result<Client> {
    Client::new(config, ports(server, &ManualClock::new(), Arc::new(Inline)))
}

fn answering() -> Arc<FakeServer> {
    FakeServer::new(|_, _| json(200, TOKEN))
}

fn sent(method: impl ClientAuth + 'static) -> String {
    let server = answering();
    block_on(built(config(method), &server).unwrap().token(&ClientCredentials::new())).unwrap();
    let requests = server.requests.lock().unwrap();
    whole(&requests[0])
}

fn refused(method: impl ClientAuth + 'static) -> String {
    match built(config(method), &answering()) {
        Err(Error::Config(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

fn assertion(body: &str) -> String {
    Params::parse(body).get("client_assertion").unwrap().to_owned()
}

fn claims(token: &str) -> Value {
    serde_json::from_slice(Compact::parse(token).unwrap().unverified_payload()).unwrap()
}

fn header(token: &str) -> jws::Header {
    Compact::parse(token).unwrap().header().clone()
}

fn made_by(method: impl ClientAuth + 'static) -> String {
    made_with(config(method))
}

fn made_with(config: Config) -> String {
    let server = answering();
    block_on(built(config, &server).unwrap().token(&ClientCredentials::new())).unwrap();
    assertion(&server.body(0))
}

fn published(name: &str) -> Jwk {
    let keys: Value = serde_json::from_str(include_str!("vectors/keys.json")).unwrap();
    Jwk::from_value(keys[name].clone()).unwrap()
}

fn generated(curve: Curve) -> Jwk {
    Jwk::generate(KeyKind::Curve(curve)).unwrap()
}

fn es256() -> PrivateKeyJwt {
    PrivateKeyJwt::from_key(&generated(Curve::P256)).unwrap()
}

#[test]
fn client_secret_jwt_by_hs256() {
    assert_eq!(
        sent(ClientSecretJwt::new("s3cret")),
        format!("{HEAD}eyJhbGciOiJIUzI1NiJ9.{CLAIMS}.OKdL89H43M3rE3mqE4pBXfwTQDmV6IiVHQnPB8RTPJA")
    );
}

#[test]
fn client_secret_jwt_by_hs512_with_a_type() {
    let method = ClientSecretJwt::new("s3cret").alg(SignatureAlgorithm::Hs512).typ("client-authentication+jwt");
    assert_eq!(
        sent(method),
        format!(
            "{HEAD}eyJhbGciOiJIUzUxMiIsInR5cCI6ImNsaWVudC1hdXRoZW50aWNhdGlvbitqd3QifQ.{CLAIMS}.rydMoE_1_LqZEv000-N9n8jqBl1i0yRfdbiTyUseua32Hm1-MLfv_D2IRq2ldwxxaLei4R8yHeY8Rt-OPZETBg"
        )
    );
}

#[test]
fn private_key_jwt_by_rs256_with_the_keys_kid() {
    let key = published("rfc7515-A.2").with_kid("rsa-1");
    assert_eq!(
        sent(PrivateKeyJwt::from_key(&key).unwrap()),
        format!(
            "{HEAD}eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYS0xIn0.{CLAIMS}.gAs_CahgtXWpyfLO92oWZpHYwlEhq8OSnGlpREn4Jbx_zVbZTwmrGLPqBV5UY41T_JKh5NTsHjHqcvYf5Ttgn8MqRkMIL_VWDfZFipmAyZPTTuAw-yKDaHA79js6tDGk4nmYVY7wMyKvu7kBLohBZQ-z3qOqvHNaaxKDocAuA-WySVXbUFA7AWmCyDKWUxX86pTuOr-8mFeewOFkGrJAEfvL-LsuYKA7um8G8SR9mR7t9mVYWLoqj_BvxJQM6n1iQ7dbbKq9uK3i9LO2pujZ3_5UuseQ9KLTX7iyFGj7PPUkXlwdwky6Dpm3X93J5tGiddK4B_7NhOzzwSrLWSXzEg"
        )
    );
}

#[test]
fn private_key_jwt_by_eddsa() {
    assert_eq!(
        sent(PrivateKeyJwt::from_key(&published("rfc8037-A.1")).unwrap()),
        format!(
            "{HEAD}eyJhbGciOiJFZERTQSJ9.{CLAIMS}.Pi8xzmYZAv7OWcVFcR8P72F-KIZ32efF65oiidc0OXmVKq5coKgpBpQJqhyP_rBkegUGBODAG1hTm0z0Y6vOBA"
        )
    );
}

#[test]
fn every_asymmetric_algorithm_signs_the_same_claims_and_the_public_key_verifies() {
    let expected = json!({"aud": "https://as.example", "exp": 1_700_000_060, "iat": 1_700_000_000, "iss": "svc",
        "jti": "AAECAwQFBgcICQoLDA0ODw", "sub": "svc"});
    let rsa = published("rfc7515-A.2");
    let mut tried = 0;
    for alg in SignatureAlgorithm::ALL.iter().copied().filter(|alg| !alg.is_symmetric()) {
        use SignatureAlgorithm as A;
        let keys = match alg {
            A::Es256 => vec![generated(Curve::P256)],
            A::Es384 => vec![generated(Curve::P384)],
            A::Es512 => vec![generated(Curve::P521)],
            A::Es256k => vec![generated(Curve::Secp256k1)],
            A::Ed25519 => vec![generated(Curve::Ed25519)],
            A::Ed448 if cfg!(feature = "ed448") => vec![generated(Curve::Ed448)],
            A::EdDsa if cfg!(feature = "ed448") => vec![generated(Curve::Ed25519), generated(Curve::Ed448)],
            A::EdDsa => vec![generated(Curve::Ed25519)],
            A::Ed448 => continue,
            _ => vec![rsa.clone()],
        };
        for key in keys {
            let token = made_by(PrivateKeyJwt::from_key_with(&key.clone().with_kid("k"), alg).unwrap());
            let compact = Compact::parse(&token).unwrap();
            assert_eq!((compact.algorithm(), compact.header().kid.as_deref()), (alg, Some("k")));
            let verified = compact.verify(&VerifyingKey::new(&key.public().unwrap(), alg).unwrap()).unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&verified.payload).unwrap(), expected, "{alg}");
            tried += 1;
        }
    }
    assert_eq!(tried, if cfg!(feature = "ed448") { 14 } else { 12 });
}

#[test]
fn the_audience_is_one_string_the_issuer_else_the_token_endpoint_and_any_other_by_choice() {
    let aud = |issuer: Option<&str>, method: PrivateKeyJwt| {
        let mut config = config(method);
        config.members_mut().issuer = issuer.map(str::to_owned);
        claims(&made_with(config))["aud"].clone()
    };
    assert_eq!(aud(Some("https://as.example"), es256()), "https://as.example");
    assert_eq!(aud(None, es256()), "https://as.example/token");
    assert_eq!(aud(Some("https://as.example"), es256().audience("https://other.example")), "https://other.example");
    // Entra's metadata for many tenants: the template is nobody's name.
    assert_eq!(aud(Some("https://as.example/{tenantid}/v2.0"), es256()), "https://as.example/token");
}

#[test]
fn lifetime_and_nbf_are_by_choice_and_there_is_no_nbf_by_default() {
    assert_eq!(claims(&made_by(es256())).get("nbf"), None);
    let other = claims(&made_by(es256().lifetime(seconds(300)).not_before(seconds(10))));
    assert_eq!((&other["nbf"], &other["iat"]), (&json!(1_699_999_990), &json!(1_700_000_000)));
    assert_eq!(other["exp"], 1_700_000_300);
    let same = claims(&made_by(es256().not_before(seconds(0))));
    assert_eq!(same["nbf"], same["iat"]);
}

#[test]
fn a_lifetime_outside_of_its_bounds_is_refused_when_the_client_is_built() {
    for lifetime in [seconds(0), std::time::Duration::from_millis(999), seconds(3601)] {
        assert!(refused(es256().lifetime(lifetime)).contains("lifetime"), "{lifetime:?}");
        assert!(refused(ClientSecretJwt::new("s").lifetime(lifetime)).contains("lifetime"), "{lifetime:?}");
    }
    made_by(es256().lifetime(seconds(1)));
    made_by(es256().lifetime(seconds(3600)).not_before(seconds(3600)));
    assert!(refused(es256().not_before(seconds(3601))).contains("not_before"));
}

#[test]
fn further_claims_and_header_members_go_along_and_a_kid_of_ones_own_wins() {
    let key = generated(Curve::P256).with_kid("the key's");
    let method = PrivateKeyJwt::from_key(&key).unwrap().claim("scope", json!(["a"])).claim("x", 1);
    let token = made_by(method.header("x5t#S256", "thumb").typ("client-authentication+jwt").kid("mine"));
    assert_eq!((&claims(&token)["scope"], &claims(&token)["x"]), (&json!(["a"]), &json!(1)));
    let header = header(&token);
    assert_eq!(header.get("x5t#S256").unwrap(), "thumb");
    assert_eq!((header.typ.as_deref(), header.kid.as_deref()), (Some("client-authentication+jwt"), Some("mine")));
}

struct Sevens;

impl Entropy for Sevens {
    fn fill(&self, bytes: &mut [u8]) -> grantee_core::Result<()> {
        bytes.fill(7);
        Ok(())
    }
}

#[test]
fn what_is_chosen_after_a_use_holds_from_then_on() {
    let method = PrivateKeyJwt::from_key(&generated(Curve::P256).with_kid("first")).unwrap();
    let mut draft = Draft::post("https://as.example/token".parse().unwrap(), Params::new());
    let context = || {
        let mut context = AuthContext::new("svc", UnixTime::from_seconds(1_700_000_000), &Sevens);
        context.issuer = Some("https://as.example");
        context
    };
    block_on(method.authenticate(&mut draft, context())).unwrap();
    let changed = method.typ("client-authentication+jwt").kid("second").header("x5t#S256", "hash");
    block_on(changed.authenticate(&mut draft, context())).unwrap();
    let header = header(draft.form.get("client_assertion").unwrap());
    assert_eq!((header.typ.as_deref(), header.kid.as_deref()), (Some("client-authentication+jwt"), Some("second")));
    assert_eq!(header.get("x5t#S256"), Some(&json!("hash")));
}

#[test]
fn what_json_would_read_otherwise_is_escaped() {
    let mut config = config(es256().audience("https://as.example/\"\\\n").claim("a\"b", "c\\d"));
    config.set_client("s\"v\\c\u{1}ä".to_owned(), None);
    let claims = claims(&made_with(config));
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("s\"v\\c\u{1}ä"), &json!("s\"v\\c\u{1}ä")));
    assert_eq!((&claims["aud"], &claims["a\"b"]), (&json!("https://as.example/\"\\\n"), &json!("c\\d")));
}

#[test]
fn a_type_is_left_out_unless_it_is_chosen() {
    assert_eq!(header(&made_by(es256())).typ, None);
}

#[test]
fn what_is_made_here_can_t_be_overridden() {
    for claim in ["iss", "sub", "aud", "exp", "iat", "nbf", "jti"] {
        assert!(refused(es256().claim(claim, "x")).contains(claim), "{claim}");
        assert!(refused(ClientSecretJwt::new("s").claim(claim, "x")).contains(claim), "{claim}");
    }
    for member in ["alg", "kid", "typ", "cty", "crit", "b64"] {
        assert!(refused(es256().header(member, "x")).contains(member), "{member}");
    }
}

#[test]
fn a_method_for_one_request_is_checked_when_it_is_used() {
    let server = answering();
    let client = built(literal(), &server).unwrap();
    let error = client.authenticated_by(Arc::new(es256().claim("iss", "x")));
    let error = block_on(error.token(&ClientCredentials::new())).unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error:?}");
    assert_eq!(server.count(), 0);
}

#[test]
fn keys_and_secrets_that_can_t_sign_are_refused_when_the_client_is_built() {
    assert!(refused(ClientSecretJwt::new("s").alg(SignatureAlgorithm::Rs256)).contains("RS256"));
    assert!(refused(ClientSecretJwt::new("")).contains("can't be signed"));
    let hmac = SigningKey::from_secret(b"shared", SignatureAlgorithm::Hs256).unwrap();
    assert!(refused(PrivateKeyJwt::new(hmac)).contains("shared secret"));
    let mut config = literal();
    config.set_client_key("svc".to_owned(), generated(Curve::P256).public().unwrap());
    assert!(matches!(built(config, &answering()), Err(Error::Config(_))));
}

#[test]
fn a_retry_signs_a_new_assertion() {
    let server = FakeServer::new(|_, count| match count {
        1 => json(503, "{}"),
        _ => json(200, TOKEN),
    });
    let client = built(config(es256()), &server).unwrap();
    let grant = ClientCredentials::new();
    assert!(block_on(client.token(&grant)).is_err());
    block_on(client.token(&grant)).unwrap();
    let jtis = [0, 1].map(|attempt| claims(&assertion(&server.body(attempt)))["jti"].clone());
    assert_ne!(jtis[0], jtis[1]);
    assert!(jtis.iter().all(|jti| jti.as_str().unwrap().len() == 22), "128 bits: {jtis:?}");
}

#[test]
fn introspection_and_revocation_get_an_assertion_for_the_same_audience() {
    let server = FakeServer::new(|_, _| json(200, r#"{"active":false}"#));
    let mut config = config(es256());
    config.members_mut().introspection_endpoint = Some("https://as.example/introspect".to_owned());
    config.members_mut().revocation_endpoint = Some("https://as.example/revoke".to_owned());
    let client = built(config, &server).unwrap();
    block_on(client.introspect("t")).unwrap();
    block_on(client.revoke("t")).unwrap();
    for index in [0, 1] {
        assert_eq!(claims(&assertion(&server.body(index)))["aud"], "https://as.example");
    }
}

#[test]
fn a_clients_key_alone_means_private_key_jwt() {
    let key = published("rfc8037-A.1");
    let mut config = literal();
    config.set_client_key("key-client".to_owned(), key.clone());
    config.members_mut().issuer = Some("https://as.example".to_owned());
    let token = made_with(config);
    assert_eq!(claims(&token)["sub"], "key-client");
    Compact::parse(&token).unwrap().verify(&VerifyingKey::new(&key, SignatureAlgorithm::EdDsa).unwrap()).unwrap();
}

#[test]
fn a_key_in_pem_signs_and_gets_its_kid_by_choice() {
    for (key, alg) in [
        (published("rfc7515-A.2"), SignatureAlgorithm::Rs256),
        (generated(Curve::P384), SignatureAlgorithm::Es384),
        (published("rfc8037-A.1"), SignatureAlgorithm::EdDsa),
    ] {
        let pem = key.to_private_pem().unwrap();
        let token = made_by(PrivateKeyJwt::from_pem(&pem).unwrap().kid("k"));
        assert_eq!((header(&token).kid.as_deref(), header(&token).alg.as_deref()), (Some("k"), Some(alg.name())));
        Compact::parse(&token).unwrap().verify(&VerifyingKey::new(&key, alg).unwrap()).unwrap();
    }
    let pem = published("rfc7515-A.2").to_private_pem().unwrap();
    let token = made_by(PrivateKeyJwt::from_pem_with(&pem, SignatureAlgorithm::Ps256).unwrap());
    assert_eq!((header(&token).kid, header(&token).alg.as_deref()), (None, Some("PS256")));
}

#[test]
fn pem_without_a_private_key_is_refused_and_not_quoted() {
    let key = published("rfc8037-A.1");
    let encrypted = key.to_encrypted_pem(b"hunter2").unwrap();
    for pem in [key.to_public_pem().unwrap(), encrypted, "hunter2".to_owned(), String::new()] {
        let error = PrivateKeyJwt::from_pem(&pem).unwrap_err();
        assert!(matches!(error, Error::Config(_)) && !error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn a_refused_client_is_told_what_to_look_at() {
    let server = FakeServer::new(|_, _| json(401, r#"{"error":"invalid_client"}"#));
    let hint = |method: Arc<dyn ClientAuth>| {
        let client = built(literal(), &server).unwrap().authenticated_by(method);
        let error = block_on(client.token(&ClientCredentials::new())).unwrap_err();
        error.hint().unwrap().to_owned()
    };
    assert!(hint(Arc::new(es256())).contains("kid"));
    assert!(hint(Arc::new(ClientSecretJwt::new("s"))).contains("aud"));
    assert!(hint(Arc::new(ClientAssertion::from_fn(|| Ok("a".into())))).contains("elsewhere"));
}

/// A key behind a door: what a KMS or an agent is to a client.
struct Elsewhere {
    key: SigningKey,
    reachable: bool,
}

impl BlockingSigner for Elsewhere {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }

    fn key_id(&self) -> Option<&str> {
        Some("elsewhere")
    }

    fn sign(&self, data: &[u8]) -> grantee_core::jose::Result<Vec<u8>> {
        if self.reachable {
            return self.key.sign(data);
        }
        Err(grantee_core::jose::Error::new(ErrorKind::External, "the HSM answers", "its manual"))
    }
}

impl Signer for Elsewhere {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }

    fn sign<'a>(&'a self, data: &'a [u8]) -> BoxFuture<'a, grantee_core::jose::Result<Vec<u8>>> {
        Box::pin(async move { BlockingSigner::sign(self, data) })
    }
}

fn elsewhere(key: &Jwk, reachable: bool) -> Elsewhere {
    Elsewhere { key: SigningKey::new(key, SignatureAlgorithm::Es256).unwrap(), reachable }
}

#[test]
fn the_key_may_live_elsewhere() {
    let key = generated(Curve::P256);
    for method in
        [PrivateKeyJwt::blocking(elsewhere(&key, true)), PrivateKeyJwt::new(elsewhere(&key, true)).kid("elsewhere")]
    {
        let token = made_by(method);
        assert_eq!(header(&token).kid.as_deref(), Some("elsewhere"));
        let verifying = VerifyingKey::new(&key, SignatureAlgorithm::Es256).unwrap();
        Compact::parse(&token).unwrap().verify(&verifying).unwrap();
    }
}

#[test]
fn a_signer_that_fails_ends_the_request_before_it_is_sent() {
    let server = answering();
    let method = PrivateKeyJwt::blocking(elsewhere(&generated(Curve::P256), false));
    let client = built(config(method), &server).unwrap();
    let error = block_on(client.token(&ClientCredentials::new())).unwrap_err();
    assert!(matches!(error, Error::Callback { what: "client assertion", .. }), "{error:?}");
    assert!(error.to_string().contains("the HSM answers"), "{error}");
    assert_eq!(server.count(), 0);
}

#[test]
fn what_needs_a_reactor_says_so_and_a_blocking_client_refuses_it() {
    let key = generated(Curve::P256);
    let refused = |method: Arc<dyn ClientAuth>| {
        let mut config = literal();
        config.set_auth(method);
        config.refuse_reactor().is_err()
    };
    assert!(refused(Arc::new(PrivateKeyJwt::new(elsewhere(&key, true)))));
    assert!(refused(Arc::new(ClientAssertion::from_async_fn(|| async { Ok("a".into()) }))));
    assert!(!refused(Arc::new(PrivateKeyJwt::blocking(elsewhere(&key, true)))));
    assert!(!refused(Arc::new(PrivateKeyJwt::from_key(&key).unwrap())));
    assert!(!refused(Arc::new(ClientSecretJwt::new("s"))));
    assert!(!refused(Arc::new(ClientAssertion::from_fn(|| Ok("a".into())))));
    assert!(!refused(Arc::new(ClientAssertion::from_async_fn(|| async { Ok("a".into()) }).needs_no_reactor())));
}

#[test]
fn an_assertion_from_elsewhere_is_asked_for_at_each_request() {
    let made = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&made);
    let method =
        ClientAssertion::from_fn(move || Ok(Secret::new(format!("h.p{}.s", counter.fetch_add(1, Ordering::SeqCst)))));
    let server = answering();
    let client = built(config(method), &server).unwrap();
    assert_eq!(made.load(Ordering::SeqCst), 0, "nothing is read before it is needed");
    for _ in 0..2 {
        block_on(client.token(&ClientCredentials::new())).unwrap();
    }
    assert_eq!(server.body(0), format!("{}h.p0.s", HEAD.rsplit('\n').next().unwrap()));
    assert_eq!(assertion(&server.body(1)), "h.p1.s");
}

#[test]
fn an_assertion_from_elsewhere_may_have_another_name_and_type() {
    let method = ClientAssertion::from_async_fn(|| async { Ok("a.b.c".into()) })
        .method_name("spiffe_jwt")
        .assertion_type("urn:ietf:params:oauth:client-assertion-type:jwt-spiffe");
    assert_eq!(method.method(), "spiffe_jwt");
    let sent = sent(method);
    assert!(sent.contains("client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-spiffe"));
    assert!(sent.ends_with("&client_assertion=a.b.c"), "{sent}");
}

#[test]
fn an_empty_assertion_is_not_sent() {
    let server = answering();
    let client = built(config(ClientAssertion::from_fn(|| Ok("".into()))), &server).unwrap();
    let error = block_on(client.token(&ClientCredentials::new())).unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error:?}");
    assert_eq!(server.count(), 0);
}

#[test]
fn they_keep_the_contract_of_any_method() {
    contract::client_auth::run(&ClientSecretJwt::new("s").typ("client-authentication+jwt"));
    contract::client_auth::run(&es256().claim("x", 1));
    contract::client_auth::run(&PrivateKeyJwt::blocking(elsewhere(&generated(Curve::P256), true)));
    contract::client_auth::run(&ClientAssertion::from_fn(|| Ok("a.b.c".into())));
}

#[test]
fn debug_shows_no_secret_and_no_assertion() {
    let shown = format!(
        "{:?} {:?}",
        ClientSecretJwt::new("s3cret").claim("x", "s3cret"),
        ClientAssertion::from_fn(|| Ok("a.s3cret.c".into())).method_name("own")
    );
    assert!(!shown.contains("s3cret") && shown.contains("own"), "{shown}");
}
