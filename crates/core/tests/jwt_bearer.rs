//! JWT bearer grants (RFC 7523 section 2.1) and service accounts: the whole wire where the assertion is given, claims and a
//! verified signature where it is made.

mod support;

use grantee_core::grant::{Grant, JwtBearer, ServiceAccount, SignedJwtBearer};
use grantee_core::jose::signer::BoxFuture;
use grantee_core::jose::{Curve, ErrorKind, Jwk, KeyKind, SignatureAlgorithm, Signer, SigningKey, VerifyingKey, jws};
use grantee_core::{Client, Config, Error, Params, contract};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use support::*;

const HEAD: &str = "POST https://as.example/token\naccept: application/json\nauthorization: Basic c3ZjOnMzY3JldA==\ncontent-type: application/x-www-form-urlencoded\n\ngrant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
const TOKEN: &str = r#"{"access_token":"at","token_type":"Bearer","expires_in":60}"#;
const GIVEN: &str = "eyJhbGciOiJFUzI1NiJ9.e30.c2ln";

fn built(config: Config, server: &Arc<FakeServer>, clock: &Arc<ManualClock>) -> Client {
    Client::new(config, ports(server, clock, Arc::new(Inline))).unwrap()
}

fn sent_by(config: Config, grant: &dyn Grant) -> String {
    let server = FakeServer::new(|_, _| json(200, TOKEN));
    block_on(built(config, &server, &ManualClock::new()).token(grant)).unwrap();
    let requests = server.requests.lock().unwrap();
    whole(&requests[0])
}

fn with_issuer() -> Config {
    let mut config = literal();
    config.members_mut().issuer = Some("https://as.example".into());
    config
}

fn refused(grant: &dyn Grant) -> String {
    let server = FakeServer::new(|_, _| json(200, TOKEN));
    let error = block_on(client(&server, &ManualClock::new()).token(grant)).unwrap_err();
    assert_eq!(server.count(), 0, "nothing goes out");
    match error {
        Error::Config(error) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

fn key() -> Jwk {
    Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap().with_kid("16")
}

fn signed() -> SignedJwtBearer {
    JwtBearer::signed_by_key(&key()).unwrap()
}

fn body(sent: &str) -> Params {
    Params::parse(sent.split_once("\n\n").unwrap().1)
}

fn assertion(sent: &str) -> (jws::Header, Value) {
    let body = body(sent);
    let compact = jws::Compact::parse(body.get("assertion").unwrap()).unwrap();
    (compact.header().clone(), serde_json::from_slice(compact.unverified_payload()).unwrap())
}

fn claims(grant: &dyn Grant) -> Value {
    assertion(&sent_by(with_issuer(), grant)).1
}

#[test]
fn a_given_assertion_goes_as_it_is() {
    let grant = JwtBearer::assertion(GIVEN).scope("orders").resource("https://api.example/");
    assert_eq!(sent_by(literal(), &grant), format!("{HEAD}{GIVEN}&scope=orders&resource=https%3A%2F%2Fapi.example%2F"));
}

#[test]
fn what_is_no_jwt_is_refused_before_it_is_sent_and_not_shown() {
    for bad in ["", "s3cret", "..", "s3cret.b", "a.b.c.d", "a b.c.d", "s3cret+.b.c", "<saml>.b.c"] {
        let error = refused(&JwtBearer::assertion(bad));
        assert!(error.contains("no JWT") && !error.contains("s3cret"), "{bad}: {error}");
    }
}

#[test]
fn the_whole_wire_of_a_signed_assertion() {
    let all: Value = serde_json::from_str(include_str!("vectors/keys.json")).unwrap();
    let key = Jwk::from_value(all["rfc7515-A.2"].clone()).unwrap().with_kid("rsa-1");
    let sent = sent_by(with_issuer(), &JwtBearer::signed_by_key(&key).unwrap().subject("alice").scope("orders"));
    let claims = r#"{"aud":"https://as.example","exp":1700000060,"iat":1700000000,"iss":"svc","jti":"AAECAwQFBgcICQoLDA0ODw","sub":"alice"}"#;
    let verifying = VerifyingKey::new(&key, SignatureAlgorithm::Rs256).unwrap();
    let assertion = body(&sent).get("assertion").unwrap().to_owned();
    assert_eq!(sent, format!("{HEAD}{assertion}&scope=orders"));
    let verified = jws::Compact::parse(&assertion).unwrap().verify(&verifying).unwrap();
    assert_eq!(verified.header.to_json(), r#"{"alg":"RS256","kid":"rsa-1"}"#);
    assert_eq!(String::from_utf8(verified.payload).unwrap(), claims);
}

#[test]
fn sub_is_optional_and_iss_is_the_client_unless_said() {
    let bare = claims(&signed());
    assert_eq!((bare.get("sub"), &bare["iss"]), (None, &json!("svc")));
    let named = claims(&signed().issuer("https://idp.example").subject("alice"));
    assert_eq!((&named["sub"], &named["iss"]), (&json!("alice"), &json!("https://idp.example")));
}

#[test]
fn aud_is_the_issuer_else_the_token_endpoint_else_what_is_set() {
    let aud = |config, grant: SignedJwtBearer| assertion(&sent_by(config, &grant)).1["aud"].clone();
    assert_eq!(aud(with_issuer(), signed()), json!("https://as.example"));
    assert_eq!(aud(literal(), signed()), json!("https://as.example/token"));
    assert_eq!(aud(with_issuer(), signed().audience_claim("https://rp.example")), json!("https://rp.example"));
    // A template for the issuers of many tenants names no server.
    let mut tenants = literal();
    tenants.members_mut().issuer = Some("https://as.example/{tenantid}".into());
    assert_eq!(aud(tenants, signed()), json!("https://as.example/token"));
}

#[test]
fn it_lives_a_minute_unless_said_and_an_hour_at_the_most() {
    let lives = |grant: SignedJwtBearer| {
        let claims = claims(&grant);
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()
    };
    assert_eq!(lives(signed()), 60);
    assert_eq!(lives(signed().lifetime(Duration::from_secs(3600))), 3600);
    for lifetime in [Duration::ZERO, Duration::from_millis(999), Duration::from_millis(3_600_001), Duration::MAX] {
        assert!(refused(&signed().lifetime(lifetime)).contains("can't live"));
    }
    assert_eq!(claims(&signed().not_before(Duration::from_secs(5)))["nbf"], json!(1_699_999_995));
    assert!(claims(&signed()).get("nbf").is_none());
    assert!(refused(&signed().not_before(Duration::from_secs(3601))).contains("can't begin"));
}

#[test]
fn claims_and_header_members_of_ones_own_go_along_and_replace_none() {
    let grant =
        signed().claim("prn", "x").claim("deep", json!({"a": [1]})).header("x5t#S256", "t").typ("JWT").kid("other");
    let (header, claims) = assertion(&sent_by(literal(), &grant));
    assert_eq!((&claims["prn"], &claims["deep"]), (&json!("x"), &json!({"a": [1]})));
    assert_eq!(header.to_json(), r#"{"alg":"ES256","typ":"JWT","kid":"other","x5t#S256":"t"}"#);
    for claim in ["aud", "exp", "iat", "iss", "jti", "nbf", "sub"] {
        assert!(refused(&signed().claim(claim, "x")).contains(claim));
    }
    for member in ["alg", "b64", "crit", "cty", "kid", "typ"] {
        assert!(refused(&signed().header(member, "x")).contains(member));
    }
}

#[test]
fn the_scope_goes_as_a_parameter_or_as_a_claim_and_never_as_both() {
    let as_parameter = sent_by(literal(), &signed().scope("a b"));
    assert_eq!(body(&as_parameter).get("scope"), Some("a b"));
    assert!(assertion(&as_parameter).1.get("scope").is_none());
    let as_claim = sent_by(literal(), &signed().scope("a b").scope_as_claim());
    assert_eq!(body(&as_claim).get("scope"), None);
    assert_eq!(assertion(&as_claim).1["scope"], json!("a b"));
    assert!(refused(&signed().claim("scope", "a").scope("b").scope_as_claim()).contains("twice"));
}

#[test]
fn each_attempt_of_a_session_has_an_assertion_of_its_own() {
    let (server, clock) = (FakeServer::new(|_, _| json(200, TOKEN)), ManualClock::new());
    let source = source(&built(with_issuer(), &server, &clock), signed()).build().unwrap();
    block_on(source.token()).unwrap();
    clock.pass(seconds(60));
    block_on(source.token()).unwrap();
    let made: Vec<Value> = server.requests.lock().unwrap().iter().map(|request| assertion(&whole(request)).1).collect();
    assert_eq!(made.len(), 2, "a new token is obtained when one is due");
    assert_ne!(made[0]["jti"], made[1]["jti"]);
    assert_eq!(made[1]["iat"].as_i64().unwrap() - made[0]["iat"].as_i64().unwrap(), 60);
}

#[test]
fn a_signed_assertion_that_was_refused_is_made_anew_later_and_a_given_one_is_not() {
    let refusing = || FakeServer::new(|_, _| json(400, r#"{"error":"invalid_grant"}"#));
    for (grant, asked) in
        [(Box::new(signed().subject("alice")) as Box<dyn Grant>, 2), (Box::new(JwtBearer::assertion(GIVEN)), 1)]
    {
        let (server, clock) = (refusing(), ManualClock::new());
        let client = built(with_issuer(), &server, &clock);
        let source = grantee_core::session::SourceBuilder::new(client, Arc::from(grant)).build().unwrap();
        block_on(source.token()).unwrap_err();
        clock.pass(seconds(60));
        block_on(source.token()).unwrap_err();
        assert_eq!(server.count(), asked);
    }
}

#[test]
fn a_store_needs_to_know_whose_a_given_assertion_is_and_keeps_signed_subjects_apart() {
    let (server, clock) =
        (FakeServer::new(|_, count| json(200, &TOKEN.replace("at", &format!("at{count}")))), ManualClock::new());
    let client = built(with_issuer(), &server, &clock);
    let shelf = Shelf::default();
    let given = source(&client, JwtBearer::assertion(GIVEN)).store(Arc::new(shelf.clone()));
    assert!(given.build().unwrap_err().to_string().contains("nobody said whose"));
    let get = |subject: &str| {
        access(&source(&client, signed().subject(subject)).store(Arc::new(shelf.clone())).build().unwrap())
    };
    assert_eq!([get("alice"), get("bob"), get("alice")], ["at1", "at2", "at1"]);
}

struct Remote(SigningKey, bool);

impl Signer for Remote {
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::Es256
    }

    fn sign<'a>(&'a self, data: &'a [u8]) -> BoxFuture<'a, grantee_core::jose::Result<Vec<u8>>> {
        if self.1 {
            return Box::pin(async {
                Err(grantee_core::jose::Error::new(ErrorKind::External, "the vault answers", "its manual"))
            });
        }
        Signer::sign(&self.0, data)
    }
}

#[test]
fn a_signer_from_elsewhere_signs_and_says_what_it_needs() {
    let key = key();
    let remote = |fails| JwtBearer::signed(Remote(SigningKey::new(&key, SignatureAlgorithm::Es256).unwrap(), fails));
    assert!(remote(false).needs_reactor() && !signed().needs_reactor());
    let sent = sent_by(literal(), &remote(false));
    let verifying = VerifyingKey::new(&key, SignatureAlgorithm::Es256).unwrap();
    jws::Compact::parse(body(&sent).get("assertion").unwrap()).unwrap().verify(&verifying).unwrap();
    let server = FakeServer::new(|_, _| json(200, TOKEN));
    let error = block_on(client(&server, &ManualClock::new()).token(&remote(true))).unwrap_err();
    assert!(matches!(error, Error::Callback { what: "signed assertion", .. }), "{error}");
}

#[test]
fn both_keep_the_contract_of_grants() {
    contract::grant::run(&JwtBearer::assertion(GIVEN).scope("a"));
    contract::grant::run(&signed().subject("a").scope("a").param("own", "1"));
    assert!(!JwtBearer::assertion(GIVEN).is_repeatable() && signed().is_repeatable());
}

fn account() -> (ServiceAccount, Jwk) {
    let key = Jwk::generate(KeyKind::Rsa(2048)).unwrap();
    let file = json!({
        "type": "service_account", "project_id": "p", "private_key_id": "k1",
        "private_key": *key.to_private_pem().unwrap(), "client_email": "svc@p.iam.example", "client_id": "1",
        "auth_uri": "https://accounts.as.example/auth", "token_uri": "https://oauth2.as.example/token",
    });
    (ServiceAccount::from_json(&file.to_string()).unwrap(), key)
}

#[test]
fn a_service_account_sends_its_assertion_and_nothing_else() {
    let (account, key) = account();
    let sent = sent_by(account.config(), &account.grant().scope("https://api.example/auth/read"));
    let assertion = body(&sent).get("assertion").unwrap().to_owned();
    assert_eq!(
        sent,
        format!(
            "POST https://oauth2.as.example/token\naccept: application/json\ncontent-type: application/x-www-form-urlencoded\n\ngrant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}"
        )
    );
    let verifying = VerifyingKey::new(&key, SignatureAlgorithm::Rs256).unwrap();
    let verified = jws::Compact::parse(&assertion).unwrap().verify(&verifying).unwrap();
    assert_eq!(verified.header.to_json(), r#"{"alg":"RS256","kid":"k1"}"#);
    assert_eq!(
        String::from_utf8(verified.payload).unwrap(),
        r#"{"aud":"https://oauth2.as.example/token","exp":1700000060,"iat":1700000000,"iss":"svc@p.iam.example","jti":"AAECAwQFBgcICQoLDA0ODw","scope":"https://api.example/auth/read"}"#
    );
}

#[test]
fn a_service_account_acts_for_a_person_by_delegation() {
    let (account, _) = account();
    let account = account.subject("alice@example.com");
    let claims =
        assertion(&sent_by(account.config(), &account.grant().scope("a").lifetime(Duration::from_secs(3600)))).1;
    assert_eq!((&claims["sub"], &claims["exp"]), (&json!("alice@example.com"), &json!(1_700_003_600)));
}
