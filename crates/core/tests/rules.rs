//! Rule sets: what each profile refuses, what it does by itself, and how the audit explains it.
#![allow(clippy::unwrap_used)]

mod support;

use grantee_core::authorization::{AuthorizationRequest, RequestObjects};
use grantee_core::client::{Config, Server};
use grantee_core::client_auth::{PrivateKeyJwt, TlsClientAuth};
use grantee_core::endpoint::discovery::Where;
use grantee_core::error::Error;
use grantee_core::grant::legacy::{Password, implicit};
use grantee_core::grant::{ClientCredentials, Stored};
use grantee_core::jose::jws::Compact;
use grantee_core::jose::{Curve, Jwk, KeyKind};
use grantee_core::rules::{Party, Rules};
use grantee_core::session::SourceBuilder;
use grantee_core::session::call::{Placement, call};
use grantee_core::token_type::certificate_bound::CertificateBound;
use grantee_core::{Client, Result, Token};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};
use support::{FakeServer, Inline, ManualClock, block_on, json as answer, ports};

static EC: LazyLock<Jwk> = LazyLock::new(|| Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap().with_kid("ec"));
static RSA: LazyLock<Jwk> = LazyLock::new(|| Jwk::generate(KeyKind::Rsa(2048)).unwrap().with_kid("rsa"));

const ISSUER: &str = "https://as.example";
const CALLBACK: &str = "https://app.example/callback";

/// A server that keeps every rule of every profile.
fn metadata() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://as.example/authorize",
        "token_endpoint": "https://as.example/token",
        "jwks_uri": "https://as.example/jwks",
        "pushed_authorization_request_endpoint": "https://as.example/par",
        "require_pushed_authorization_requests": true,
        "require_signed_request_object": true,
        "authorization_response_iss_parameter_supported": true,
        "tls_client_certificate_bound_access_tokens": true,
        "code_challenge_methods_supported": ["S256"],
        "response_types_supported": ["code", "code id_token"],
        "response_modes_supported": ["query", "fragment", "jwt"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "tls_client_auth"],
        "token_endpoint_auth_signing_alg_values_supported": ["PS256", "ES256"],
        "id_token_signing_alg_values_supported": ["PS256", "RS256"],
        "request_object_signing_alg_values_supported": ["PS256", "ES256"],
        "authorization_signing_alg_values_supported": ["PS256"],
        "introspection_signing_alg_values_supported": ["PS256"],
        "dpop_signing_alg_values_supported": ["ES256"],
    })
}

fn server(metadata: Value) -> Arc<FakeServer> {
    FakeServer::new(move |request, _| match request.uri().path() {
        "/.well-known/openid-configuration" => answer(200, &metadata.to_string()),
        "/par" => answer(201, r#"{"request_uri":"urn:x","expires_in":60}"#),
        _ => answer(200, r#"{"access_token":"t","token_type":"DPoP"}"#),
    })
}

/// A configuration that keeps the rules of a profile.
fn keeping(rules: Rules) -> Config {
    let mut config = Config::new(Server::Discover(Where::from(ISSUER)));
    config.set_client("app".to_owned(), Some("s3cret".into()));
    config.set_redirect_uri(CALLBACK.to_owned());
    config.set_rules(rules);
    if rules == Rules::OAuth21 {
        return config;
    }
    config.set_client_key("app".to_owned(), EC.clone());
    config.set_id_token_alg(Some("PS256".to_owned()));
    config.set_authorization_alg("PS256".to_owned());
    config.set_request_objects(RequestObjects::from_key(&EC).unwrap());
    match rules {
        Rules::Fapi1Advanced => config.set_token_type(Arc::new(CertificateBound)),
        _ => config.set_dpop(&EC),
    }
    config
}

fn build(server: &Arc<FakeServer>, config: Config) -> Result<Client> {
    Client::new(config, ports(server, &ManualClock::new(), Arc::new(Inline)))
}

fn client(rules: Rules) -> Client {
    build(&server(metadata()), keeping(rules)).unwrap()
}

/// What a client is refused with before it is built.
fn refused(rules: Rules, change: impl FnOnce(&mut Config)) -> String {
    let mut config = keeping(rules);
    change(&mut config);
    let error = build(&server(metadata()), config).unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error}");
    assert!(error.to_string().starts_with(rules.name()), "{error}");
    error.to_string()
}

/// What a request is refused with.
fn not_started(rules: Rules, request: AuthorizationRequest) -> String {
    block_on(client(rules).start(request)).unwrap_err().to_string()
}

const FAPI: [Rules; 3] = [Rules::Fapi1Advanced, Rules::Fapi2Security, Rules::Fapi2MessageSigning];
const FAPI2: [Rules; 2] = [Rules::Fapi2Security, Rules::Fapi2MessageSigning];

#[test]
fn names_go_both_ways() {
    for rules in Rules::ALL {
        assert_eq!(Rules::from_name(rules.name()), Some(rules));
    }
    assert_eq!(Rules::from_name("fapi3"), None);
}

#[test]
fn a_client_and_a_server_that_keep_every_rule_pass_the_audit() {
    for rules in Rules::ALL {
        let audit = block_on(client(rules).audit()).unwrap();
        assert_eq!(audit.rules, rules);
        assert!(audit.is_kept(), "{rules:?}\n{audit}");
        assert!(audit.findings.iter().any(|finding| finding.party == Party::Server));
        assert!(audit.findings.iter().all(|finding| finding.spec.contains("section")), "{audit}");
    }
}

#[test]
fn the_audit_names_what_is_lacking_and_its_section() {
    let bare = json!({
        "issuer": ISSUER, "token_endpoint": "https://as.example/token",
        "grant_types_supported": ["password"], "response_types_supported": ["token"],
    });
    let mut config = Config::new(Server::Discover(Where::from(ISSUER)));
    config.set_client("app".to_owned(), Some("s3cret".into()));
    let client = build(&server(bare), config).unwrap();
    let audit = block_on(client.audit()).unwrap();
    assert_eq!((audit.rules, audit.is_kept()), (Rules::OAuth21, false));
    let text = audit.to_string();
    for lacking in ["no code_challenge_methods_supported", "grant_types_supported has password", "section 10.1"] {
        assert!(text.contains(lacking), "{lacking}\n{text}");
    }
    let audit = block_on(client.audit_for(Rules::Fapi2MessageSigning)).unwrap();
    let lacking: Vec<_> = audit.lacking().map(|finding| (finding.party, finding.rule)).collect();
    for rule in [
        (Party::Client, "tokens are bound to a key or a certificate of the client"),
        (Party::Client, "the client authenticates by its private key or its certificate"),
        (Party::Client, "authorization requests are signed, with aud, nbf and exp"),
        (Party::Server, "authorization requests can be pushed"),
    ] {
        assert!(lacking.contains(&rule), "{rule:?}\n{audit}");
    }
    assert!(!audit.to_string().contains("s3cret"));
}

#[test]
fn a_configuration_that_breaks_a_rule_is_refused_when_the_client_is_built() {
    for rules in FAPI {
        assert!(refused(rules, |config| config.set_token_type(Arc::new(Bearer))).contains("bound"));
        let secret = refused(rules, |config| {
            config.set_auth(Arc::new(grantee_core::client_auth::ClientSecretBasic::new("s3cret")));
        });
        assert!(secret.contains("client_secret_basic") && !secret.contains("s3cret"), "{secret}");
        assert!(refused(rules, |config| config.set_id_token_alg(Some("RS256".to_owned()))).contains("RS256"));
        assert!(refused(rules, Config::set_allow_http).contains("TLS"));
        assert!(refused(rules, Config::set_accept_invalid_certs).contains("any certificate"));
        assert!(refused(rules, Config::set_accept_unsigned_id_tokens).contains("ID tokens"));
        let rs256 = RSA.clone().with_alg("RS256");
        assert!(refused(rules, |config| config.set_client_key("app".to_owned(), rs256)).contains("RS256"));
    }
    for rules in FAPI2 {
        let audience = refused(rules, |config| {
            config.set_auth(Arc::new(PrivateKeyJwt::from_key(&EC).unwrap().audience("https://as.example/token")));
        });
        assert!(audience.contains("audience"), "{audience}");
        assert!(refused(rules, |config| config.set_dpop(&RSA)).contains("RS256"));
    }
    for rules in [Rules::Fapi1Advanced, Rules::Fapi2MessageSigning] {
        assert!(refused(rules, Config::set_unsigned_request_objects).contains("sign"));
    }
    assert!(refused(Rules::Fapi1Advanced, |config| config.set_dpop(&EC)).contains("certificate"));
    let jarm = refused(Rules::Fapi2MessageSigning, |config| config.set_authorization_alg("RS256".to_owned()));
    assert!(jarm.contains("RS256"), "{jarm}");
    let mut any = keeping(Rules::Fapi2MessageSigning);
    any.set_any_authorization_alg();
    assert!(build(&server(metadata()), any).is_ok(), "what is said goes before it");
    assert!(refused(Rules::OAuth21, Config::set_allow_http).contains("TLS"));
    assert!(refused(Rules::OAuth21, Config::set_accept_invalid_certs).contains("any certificate"));
}

use grantee_core::token_type::bearer::Bearer;

#[test]
fn an_rsa_key_without_an_algorithm_signs_by_ps256_under_fapi() {
    let server = server(metadata());
    let mut config = keeping(Rules::Fapi2Security);
    config.set_client_key("app".to_owned(), RSA.clone());
    block_on(build(&server, config).unwrap().token(&ClientCredentials::new())).unwrap();
    let body = server.body(1);
    let params = grantee_core::wire::form::Params::parse(&body);
    let assertion = params.get("client_assertion").unwrap().to_owned();
    assert_eq!(Compact::parse(&assertion).unwrap().algorithm().name(), "PS256");
}

#[test]
fn mutual_tls_keeps_the_rules_too() {
    let mut config = keeping(Rules::Fapi2Security);
    config.set_auth(Arc::new(TlsClientAuth));
    config.set_token_type(Arc::new(CertificateBound));
    assert!(block_on(build(&server(metadata()), config).unwrap().audit()).unwrap().is_kept());
}

#[test]
fn a_server_that_breaks_a_rule_is_refused_before_anything_is_sent_to_it() {
    for (rules, member, value, word) in [
        (Rules::Fapi2Security, "pushed_authorization_request_endpoint", Value::Null, "pushed"),
        (Rules::Fapi2Security, "code_challenge_methods_supported", json!(["plain"]), "PKCE"),
        (Rules::Fapi2Security, "token_endpoint_auth_methods_supported", json!(["client_secret_basic"]), "authenticate"),
        (Rules::Fapi2Security, "dpop_signing_alg_values_supported", json!(["RS256"]), "DPoP"),
        (Rules::Fapi2MessageSigning, "response_modes_supported", json!(["query"]), "signed"),
        (Rules::Fapi2MessageSigning, "request_object_signing_alg_values_supported", json!(["none"]), "request objects"),
        (Rules::Fapi1Advanced, "id_token_signing_alg_values_supported", json!(["RS256"]), "ID tokens"),
        (Rules::OAuth21, "code_challenge_methods_supported", json!(["plain"]), "PKCE"),
    ] {
        let mut metadata = metadata();
        match value {
            Value::Null => drop(metadata.as_object_mut().unwrap().remove(member)),
            value => metadata[member] = value,
        }
        let server = server(metadata);
        let client = build(&server, keeping(rules)).unwrap();
        let error = block_on(client.token(&ClientCredentials::new())).unwrap_err();
        let Error::Rule(broken) = &error else { panic!("{member}: {error}") };
        assert!(broken.rule.contains(word) && broken.spec.contains("section"), "{member}: {error}");
        assert_eq!(server.count(), 1, "{member}: its metadata and nothing else");
        assert!(!block_on(client.audit()).unwrap().is_kept(), "the audit explains it");
    }
}

#[test]
fn fapi2_pushes_every_request_and_sends_two_parameters_through_the_browser() {
    let server = server(metadata());
    let (url, _) =
        block_on(build(&server, keeping(Rules::Fapi2Security)).unwrap().start(AuthorizationRequest::new())).unwrap();
    assert_eq!(url.as_str(), "https://as.example/authorize?client_id=app&request_uri=urn%3Ax");
}

#[test]
fn message_signing_pushes_one_signed_object_that_asks_for_a_signed_answer() {
    let server = server(metadata());
    let client = build(&server, keeping(Rules::Fapi2MessageSigning)).unwrap();
    block_on(client.start(AuthorizationRequest::new())).unwrap();
    let pushed = grantee_core::wire::form::Params::parse(&server.body(1));
    let names: Vec<_> = pushed.iter().map(|(name, _)| name).collect();
    assert_eq!(names.iter().filter(|name| !name.starts_with("client_")).collect::<Vec<_>>(), [&"request"]);
    let object = Compact::parse(pushed.get("request").unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(object.unverified_payload()).unwrap();
    assert_eq!((claims["response_mode"].as_str(), claims["aud"].as_str()), (Some("jwt"), Some(ISSUER)));
    assert!(claims["nbf"].is_i64() && claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap() <= 3600);
}

#[test]
fn requests_that_break_a_rule_are_not_started() {
    let without_pkce = || AuthorizationRequest::new().danger().without_pkce();
    for rules in FAPI2 {
        assert!(
            not_started(rules, AuthorizationRequest::new().response_type("code id_token").scope("openid"))
                .contains("a code")
        );
        assert!(not_started(rules, without_pkce()).contains("S256"));
        assert!(not_started(rules, AuthorizationRequest::new().danger().plain_pkce()).contains("S256"));
        let custom = AuthorizationRequest::new().redirect_uri("com.example.app:/cb");
        assert!(not_started(rules, custom).contains("redirect URI"));
    }
    let signing = Rules::Fapi2MessageSigning;
    assert!(not_started(signing, AuthorizationRequest::new().response_mode("query")).contains("signed"));
    assert!(not_started(signing, AuthorizationRequest::new().request_object(false)).contains("signed"));
    let fapi1 = Rules::Fapi1Advanced;
    assert!(not_started(fapi1, AuthorizationRequest::new().response_mode("query")).contains("code id_token"));
    assert!(not_started(fapi1, AuthorizationRequest::new().request_object(false)).contains("signed"));
    assert!(not_started(Rules::OAuth21, without_pkce()).contains("S256"));
    assert!(not_started(Rules::OAuth21, implicit(AuthorizationRequest::new())).contains("browser"));
}

#[test]
fn fapi1_asks_for_a_signed_answer_unless_an_id_token_comes_with_it() {
    let mut metadata = metadata();
    metadata["require_pushed_authorization_requests"] = false.into();
    let server = server(metadata);
    let client = build(&server, keeping(Rules::Fapi1Advanced)).unwrap();
    for (request, mode) in [
        (AuthorizationRequest::new(), Some("jwt")),
        (AuthorizationRequest::new().response_type("code id_token").scope("openid"), None),
    ] {
        let (_, pending) = block_on(client.start(request)).unwrap();
        assert_eq!(pending.response_mode(), mode);
    }
}

#[test]
fn an_answer_without_iss_is_refused_under_fapi2_whatever_the_metadata_say() {
    let mut metadata = metadata();
    metadata.as_object_mut().unwrap().remove("authorization_response_iss_parameter_supported");
    let client = build(&server(metadata), keeping(Rules::Fapi2Security)).unwrap();
    let (_, pending) = block_on(client.start(AuthorizationRequest::new().state("s"))).unwrap();
    let error = block_on(client.finish(pending, "https://app.example/callback?code=c&state=s")).unwrap_err();
    assert!(error.to_string().contains("iss"), "{error}");
}

#[test]
fn the_password_grant_and_tokens_in_urls_are_refused() {
    for rules in Rules::ALL {
        let server = server(metadata());
        let client = build(&server, keeping(rules)).unwrap();
        let error = block_on(client.token(&Password::new("alice", "s3cret"))).unwrap_err();
        assert!(error.to_string().contains("password grant"), "{error}");
        let source = SourceBuilder::new(client, Arc::new(Stored::new())).token(Token::bearer("t")).build().unwrap();
        let request = http::Request::get("https://api.example/").body(bytes::Bytes::new()).unwrap();
        let error = block_on(call(&source, request, Placement::Query)).unwrap_err();
        assert!(error.to_string().contains("header"), "{error}");
        assert_eq!(server.count(), 0);
    }
}

#[test]
fn a_method_that_is_changed_later_is_judged_before_it_is_used() {
    let server = server(metadata());
    let client = build(&server, keeping(Rules::Fapi2Security)).unwrap();
    let other = client.authenticated_by(Arc::new(grantee_core::client_auth::ClientSecretBasic::new("s3cret")));
    let error = block_on(other.token(&ClientCredentials::new())).unwrap_err();
    assert!(error.to_string().contains("client_secret_basic"), "{error}");
    assert_eq!(server.count(), 1);
}

#[test]
fn message_signing_introspects_by_signed_answers_alone() {
    let mut metadata = metadata();
    metadata["introspection_endpoint"] = "https://as.example/introspect".into();
    for (alg, refused) in [(None, true), (Some("RS256"), true), (Some("PS256"), false)] {
        let server = server(metadata.clone());
        let mut config = keeping(Rules::Fapi2MessageSigning);
        if let Some(alg) = alg {
            config.set_introspection_alg(alg.to_owned());
        }
        let error = block_on(build(&server, config).unwrap().introspect("t")).unwrap_err().to_string();
        assert_eq!(error.starts_with("fapi2-message-signing"), refused, "{alg:?} {error}");
        assert_eq!(server.count() > 0, !refused);
    }
}

#[test]
fn every_jwt_that_is_judged_is_signed_by_an_algorithm_of_the_profile() {
    for rules in FAPI {
        let userinfo = refused(rules, |config| config.set_userinfo_alg("RS256".to_owned()));
        assert!(userinfo.contains("userinfo") && userinfo.contains("RS256"), "{userinfo}");
        assert!(refused(rules, Config::set_any_userinfo_alg).contains("userinfo"));
    }
    // Signed answers are a request's choice here, and FAPI 1 has ID tokens in their place.
    for rules in [Rules::Fapi1Advanced, Rules::Fapi2Security] {
        let mut config = keeping(rules);
        config.set_authorization_alg("RS256".to_owned());
        let mut metadata = metadata();
        metadata["authorization_signing_alg_values_supported"] = json!(["RS256", "PS256"]);
        let server = server(metadata);
        let client = build(&server, config).unwrap();
        let error = block_on(client.start(AuthorizationRequest::new().response_mode("jwt"))).unwrap_err().to_string();
        assert!(error.starts_with(rules.name()) && error.contains("RS256"), "{error}");
        assert_eq!(server.count(), 1, "its metadata and nothing else");
    }
}

#[test]
fn introspection_answers_are_signed_by_no_other_algorithm_where_they_are_signed() {
    for rules in FAPI {
        for change in [
            (|config: &mut Config| config.set_introspection_alg("RS256".to_owned())) as fn(&mut Config),
            // RS256 is what holds where nothing is said.
            |config| config.set_introspection_encryption("RSA-OAEP-256".to_owned(), "A256GCM".to_owned()),
        ] {
            let server = server(metadata());
            let mut config = keeping(rules);
            change(&mut config);
            let error = block_on(build(&server, config).unwrap().introspect("t")).unwrap_err().to_string();
            assert!(error.starts_with(rules.name()), "{error}");
            assert_eq!(server.count(), 0);
        }
    }
}

#[test]
fn a_key_of_earlier_tokens_keeps_to_the_algorithms_too() {
    use grantee_core::jose::{SignatureAlgorithm, SigningKey};
    use grantee_core::token_type::dpop::Dpop;
    for rules in FAPI2 {
        let old = refused(rules, |config| {
            let old = SigningKey::new(&RSA, SignatureAlgorithm::Rs256).unwrap();
            config.set_token_type(Arc::new(Dpop::from_key(&EC).unwrap().also(old).unwrap()));
        });
        assert!(old.contains("DPoP proofs are signed by RS256"), "{old}");
    }
}

#[test]
fn the_audience_of_a_signed_request_is_the_issuer() {
    for rules in [Rules::Fapi1Advanced, Rules::Fapi2MessageSigning] {
        let other = refused(rules, |config| {
            config.set_request_objects(RequestObjects::from_key(&EC).unwrap().audience("https://as.example/token"));
        });
        assert!(other.contains("audience"), "{other}");
    }
}

#[test]
fn fapi1_has_response_type_scope_and_client_outside_of_the_request_object_whatever_is_asked() {
    let mut metadata = metadata();
    metadata["require_pushed_authorization_requests"] = false.into();
    let client = build(&server(metadata), keeping(Rules::Fapi1Advanced)).unwrap();
    let (url, _) = block_on(client.start(AuthorizationRequest::new().scope("payments"))).unwrap();
    let names: Vec<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["response_type", "client_id", "scope", "request"]);
}

/// Says that the grant is another, which a hook may.
struct Renamed;

impl grantee_core::hooks::Hook for Renamed {
    fn before_token_request<'a>(
        &'a self,
        draft: &'a mut grantee_core::client_auth::Draft,
    ) -> grantee_core::ports::BoxFuture<'a, Result<()>> {
        draft.form.set("grant_type", "password");
        Box::pin(std::future::ready(Ok(())))
    }
}

#[test]
fn no_hook_and_no_parameter_makes_a_password_grant_of_another() {
    for rules in Rules::ALL {
        let server = server(metadata());
        let keeping = |rules| {
            let mut config = keeping(rules);
            config.set_client_key("app".to_owned(), EC.clone());
            config
        };
        let client = build(&server, keeping(rules)).unwrap();
        let grant = ClientCredentials::new().param("grant_type", "password");
        let error = block_on(client.token(&grant)).unwrap_err().to_string();
        assert!(error.contains("password grant"), "{error}");
        let mut config = keeping(rules);
        config.add_hook(Arc::new(Renamed));
        let error = block_on(build(&server, config).unwrap().token(&ClientCredentials::new())).unwrap_err().to_string();
        assert!(error.contains("password grant"), "{error}");
        assert!(server.requests.lock().unwrap().iter().all(|request| request.uri().path() != "/token"));
    }
}
