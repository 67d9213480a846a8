//! Clients that register themselves (RFC 7591, OpenID Connect Registration), and their registrations later (RFC 7592).

mod support;

use grantee_core::client::{Config, Server};
use grantee_core::client_auth::PrivateKeyJwt;
use grantee_core::endpoint::registration::{Registered, Registration};
use grantee_core::error::Error;
use grantee_core::grant::ClientCredentials;
use grantee_core::jose::{Jwk, JwkSet};
use grantee_core::metadata::ClientMetadata;
use grantee_core::{Client, Result};
use serde_json::{Value, json};
use std::sync::Arc;
use support::provider::ec;
use support::{FakeServer, Inline, ManualClock, block_on, ports, whole};

const ISSUER: &str = "https://as.example";
const TOKEN: &str = r#"{"access_token":"at","token_type":"Bearer"}"#;

fn config() -> Config {
    let mut config = Config::new(Server::Literal);
    config.members_mut().issuer = Some(ISSUER.to_owned());
    config.members_mut().token_endpoint = Some(format!("{ISSUER}/token"));
    config.members_mut().registration_endpoint = Some(format!("{ISSUER}/register"));
    config
}

/// Answers registrations with this, and token requests with a token.
fn server(status: u16, answer: Value) -> Arc<FakeServer> {
    let answer = answer.to_string();
    FakeServer::new(move |request, _| match request.uri().path() {
        "/token" => support::json(200, TOKEN),
        _ => support::json(status, &answer),
    })
}

fn register_with(config: Config, server: &Arc<FakeServer>, asked: &ClientMetadata) -> Result<Registered> {
    block_on(Client::register(config, ports(server, &ManualClock::new(), Arc::new(Inline)), asked))
}

fn register(server: &Arc<FakeServer>, asked: &ClientMetadata) -> Result<Registered> {
    register_with(config(), server, asked)
}

/// The token request of a client whose registration says this.
fn token_request_as(registration: Value, configure: impl FnOnce(&mut Config)) -> Result<String> {
    let server = server(201, registration);
    let mut config = config();
    configure(&mut config);
    let client = register_with(config, &server, &ClientMetadata::new())?.client()?;
    block_on(client.token(&ClientCredentials::new()))?;
    Ok(whole(&server.requests.lock().unwrap()[1]))
}

fn kept(more: Value) -> Registration {
    let mut members = json!({
        "issuer": ISSUER, "client_id": "c1", "client_secret": "s1", "registration_access_token": "r1",
        "registration_client_uri": "https://as.example/register/c1",
        "metadata": {"client_name": "A", "redirect_uris": ["https://a.example/cb"], "vendor": 1},
    });
    members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(members).unwrap()
}

fn manager(server: &Arc<FakeServer>, configure: impl FnOnce(&mut Config)) -> Client {
    let mut config = config();
    config.set_registration(&kept(json!({})));
    configure(&mut config);
    Client::new(config, ports(server, &ManualClock::new(), Arc::new(Inline))).unwrap()
}

#[test]
fn a_client_registers_without_an_identifier_and_is_one_afterwards() {
    let server =
        server(201, json!({"client_id": "c1", "client_secret": "s1", "redirect_uris": ["https://a.example/cb"]}));
    let asked = ClientMetadata::new().client_name("A").redirect_uris(["https://a.example/cb"]).localized(
        "client_name",
        "de",
        "B",
    );
    let mut config = config();
    config.set_initial_access_token("initial".into());
    let registered = register_with(config, &server, &asked).unwrap();
    assert_eq!(registered.registration.issuer.as_deref(), Some(ISSUER));
    let client = registered.client().unwrap();
    assert_eq!(client.client_id(), "c1");
    block_on(client.token(&ClientCredentials::new())).unwrap();
    let requests = server.requests.lock().unwrap();
    assert_eq!(
        whole(&requests[0]),
        "POST https://as.example/register\naccept: application/json\nauthorization: Bearer initial\ncontent-type: application/json\n\n\
         {\"client_name\":\"A\",\"client_name#de\":\"B\",\"redirect_uris\":[\"https://a.example/cb\"]}"
    );
    assert!(whole(&requests[1]).contains("authorization: Basic YzE6czE="), "{}", whole(&requests[1]));
}

#[test]
fn without_an_initial_access_token_none_is_sent_and_a_401_says_what_may_be_missing() {
    let server = server(401, json!({}));
    let error = register(&server, &ClientMetadata::new()).unwrap_err();
    assert!(error.hint().unwrap().contains("initial_access_token"), "{error}");
    assert!(!server.requests.lock().unwrap()[0].headers().contains_key("authorization"));
}

#[test]
fn a_software_statement_goes_along_as_it_is() {
    let server = server(201, json!({"client_id": "c1"}));
    let asked = ClientMetadata::new().software_statement("a.b.c").scope("read").scope("write");
    let registered = register(&server, &asked).unwrap();
    assert_eq!(server.body(0), r#"{"scope":"read write","software_statement":"a.b.c"}"#);
    let told: Vec<_> = registered.registration.changed_from(&asked).into_iter().map(|change| change.member).collect();
    assert_eq!(told, ["scope"]);
}

#[test]
fn keys_in_two_places_and_private_keys_are_refused_before_anything_is_sent() {
    let server = server(201, json!({"client_id": "c1"}));
    let keys = JwkSet::from_iter([ec("k")]);
    let mut private = ClientMetadata::new();
    private.jwks = Some(keys.to_value());
    for asked in [ClientMetadata::new().jwks(&keys).jwks_uri("https://a.example/k"), private] {
        assert_eq!(register(&server, &asked).unwrap_err().code(), "configuration");
    }
    assert_eq!(server.count(), 0);
    register(&server, &ClientMetadata::new().jwks(&keys)).unwrap();
    assert!(!server.body(0).contains("\"d\""), "only public parts are sent");
}

#[test]
fn the_servers_refusal_is_its_own_error() {
    let refused = server(400, json!({"error": "invalid_redirect_uri", "error_description": "not allowed"}));
    let error = register(&refused, &ClientMetadata::new()).unwrap_err();
    assert_eq!(error.server_error(), Some("invalid_redirect_uri"));
    let html = FakeServer::new(|_, _| support::json(200, "<html>"));
    assert_eq!(register(&html, &ClientMetadata::new()).unwrap_err().code(), "rule_violation");
}

#[test]
fn a_server_without_registration_endpoint_is_a_configuration_error() {
    let server = server(201, json!({"client_id": "c1"}));
    let mut config = config();
    config.members_mut().registration_endpoint = None;
    let error = register_with(config, &server, &ClientMetadata::new()).unwrap_err();
    assert!(error.to_string().contains("registration_endpoint"), "{error}");
    assert_eq!(server.count(), 0);
}

#[test]
fn the_client_authenticates_as_it_is_registered() {
    let as_method = |method: &str| {
        token_request_as(
            json!({"client_id": "c1", "client_secret": "s1", "token_endpoint_auth_method": method}),
            |_| {},
        )
    };
    assert!(as_method("client_secret_basic").unwrap().contains("Basic YzE6czE="));
    assert!(as_method("client_secret_post").unwrap().contains("client_secret=s1"));
    let public = as_method("none").unwrap();
    assert!(public.contains("client_id=c1") && !public.contains("s1"), "{public}");
    assert!(as_method("client_secret_jwt").unwrap().contains("client_assertion="));
    for method in ["tls_client_auth", "self_signed_tls_client_auth"] {
        let request = as_method(method).unwrap();
        assert!(request.contains("client_id=c1") && !request.contains("s1"), "{request}");
    }
    assert!(as_method("own").unwrap_err().to_string().contains("own"));
    let without =
        token_request_as(json!({"client_id": "c1", "token_endpoint_auth_method": "client_secret_post"}), |_| {});
    assert!(without.unwrap_err().to_string().contains("has no secret"));
}

#[test]
fn a_certificate_takes_the_client_to_the_servers_addresses_for_certificates() {
    let alias = [("token_endpoint".to_owned(), "https://mtls.example/token".to_owned())];
    let registration = json!({"client_id": "c1", "token_endpoint_auth_method": "tls_client_auth"});
    let request = token_request_as(registration, |config| {
        config.members_mut().mtls_endpoint_aliases = Some(alias.into_iter().collect());
    });
    assert!(request.unwrap().starts_with("POST https://mtls.example/token"));
}

#[test]
fn a_key_signs_by_the_algorithm_that_is_registered() {
    let key: Jwk = support::provider::key("k", grantee_core::jose::KeyKind::Rsa(2048));
    let registration = |alg: Option<&str>| {
        let mut members = json!({"client_id": "c1", "token_endpoint_auth_method": "private_key_jwt"});
        if let Some(alg) = alg {
            members["token_endpoint_auth_signing_alg"] = alg.into();
        }
        members
    };
    let alg_of = |request: String| {
        let assertion = request.split("client_assertion=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        grantee_core::jose::jws::Compact::parse(&assertion).unwrap().algorithm().name()
    };
    let with_key = |config: &mut Config| config.set_client_key(String::new(), key.clone());
    assert_eq!(alg_of(token_request_as(registration(None), with_key).unwrap()), "RS256");
    assert_eq!(alg_of(token_request_as(registration(Some("PS256")), with_key).unwrap()), "PS256");
    // What the caller chose goes before.
    let own = |config: &mut Config| config.set_auth(Arc::new(PrivateKeyJwt::from_key(&key).unwrap()));
    assert_eq!(alg_of(token_request_as(registration(Some("PS256")), own).unwrap()), "RS256");
    let missing = token_request_as(registration(None), |_| {}).unwrap_err();
    assert!(missing.to_string().contains("has no key"), "{missing}");
}

#[test]
fn a_registration_is_not_lost_when_its_client_cant_work() {
    let server = server(
        201,
        json!({"client_id": "c1", "id_token_signed_response_alg": "none", "registration_access_token": "r"}),
    );
    let registered = register(&server, &ClientMetadata::new()).unwrap();
    assert_eq!(registered.client().unwrap_err().code(), "configuration");
    assert_eq!(registered.registration.registration_access_token, Some("r".into()));
}

#[test]
fn a_registration_is_used_at_no_other_server() {
    let server = server(200, json!({}));
    let ports = ports(&server, &ManualClock::new(), Arc::new(Inline));
    let at = |server: Server| {
        let mut config = Config::new(server);
        config.set_registration(&kept(json!({})));
        Client::new(config, ports.clone())
    };
    at(Server::Discover(ISSUER.into())).unwrap();
    at(Server::Discover("https://as.example/.well-known/openid-configuration".into())).unwrap();
    for other in ["https://evil.example", "https://as.example/"] {
        let error = at(Server::Discover(other.into())).unwrap_err();
        assert!(error.to_string().contains("is registered at https://as.example"), "{error}");
    }
}

#[test]
fn a_registration_is_read_with_its_token_and_what_comes_back_replaces_it() {
    let server = server(
        200,
        json!({"client_id": "c1", "client_secret": "s2", "registration_access_token": "r2", "client_name": "B"}),
    );
    let client = manager(&server, |_| {});
    let now = block_on(client.read_registration(&kept(json!({})))).unwrap();
    assert_eq!(now.client_secret, Some("s2".into()));
    assert_eq!(now.metadata.client_name.as_deref(), Some("B"));
    block_on(client.read_registration(&now)).unwrap();
    let requests = server.requests.lock().unwrap();
    let request = |token: &str| {
        format!("GET https://as.example/register/c1\naccept: application/json\nauthorization: Bearer {token}\n\n")
    };
    assert_eq!(whole(&requests[0]), request("r1"));
    assert_eq!(whole(&requests[1]), request("r2"), "the rotated token serves from now on");
}

#[test]
fn an_update_sends_everything_but_what_the_server_has_set() {
    let server = server(200, json!({"client_id": "c1"}));
    let old = kept(json!({"client_id_issued_at": 5, "client_secret_expires_at": 9}));
    let metadata = old.metadata.clone().client_name("New");
    block_on(manager(&server, |_| {}).update_registration(&old, &metadata)).unwrap();
    assert_eq!(
        whole(&server.requests.lock().unwrap()[0]),
        "PUT https://as.example/register/c1\naccept: application/json\nauthorization: Bearer r1\ncontent-type: application/json\n\n\
         {\"client_id\":\"c1\",\"client_name\":\"New\",\"client_secret\":\"s1\",\"redirect_uris\":[\"https://a.example/cb\"],\"vendor\":1}"
    );
}

#[test]
fn an_update_of_a_public_client_sends_no_secret_and_none_of_ones_own() {
    let server = server(200, json!({"client_id": "c1"}));
    let client = manager(&server, |_| {});
    let public = kept(json!({"client_secret": null}));
    block_on(client.update_registration(&public, &ClientMetadata::new())).unwrap();
    assert_eq!(server.body(0), r#"{"client_id":"c1"}"#);
    let chosen = ClientMetadata::new().other("client_secret", "mine");
    assert_eq!(block_on(client.update_registration(&public, &chosen)).unwrap_err().code(), "configuration");
    assert_eq!(server.count(), 1);
}

#[test]
fn a_deletion_is_one_request_without_a_body() {
    let server = FakeServer::new(|_, _| support::json(204, ""));
    block_on(manager(&server, |_| {}).delete_registration(&kept(json!({})))).unwrap();
    assert_eq!(
        whole(&server.requests.lock().unwrap()[0]),
        "DELETE https://as.example/register/c1\naccept: application/json\nauthorization: Bearer r1\n\n"
    );
}

#[test]
fn a_client_that_was_deleted_is_told_plainly() {
    let server = FakeServer::new(|_, _| support::json(401, ""));
    let error = block_on(manager(&server, |_| {}).read_registration(&kept(json!({})))).unwrap_err();
    assert_eq!(error.status(), Some(401));
    assert!(error.hint().unwrap().contains("has been deleted"), "{error}");
}

#[test]
fn a_registration_without_token_or_url_cant_be_managed() {
    let server = server(200, json!({"client_id": "c1"}));
    let client = manager(&server, |_| {});
    for lacks in ["registration_access_token", "registration_client_uri"] {
        let error = block_on(client.read_registration(&kept(json!({lacks: null})))).unwrap_err();
        assert!(error.to_string().contains(lacks), "{error}");
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn a_hostile_registration_client_uri_is_never_asked() {
    let server = server(200, json!({"client_id": "c1"}));
    let client = manager(&server, |_| {});
    for hostile in [
        "https://evil.example/register/c1",
        "https://as.example:8443/register/c1",
        "https://as.example.evil.example/",
        "https://169.254.169.254/latest",
        "https://127.0.0.1/",
        "http://as.example/register/c1",
        "http://127.0.0.1/register/c1",
        "https://u:p@as.example/register/c1",
        "https://as.example/register/c1#x",
        "file:///etc/passwd",
        "/register/c1",
        "",
    ] {
        let hostile_one = kept(json!({"registration_client_uri": hostile}));
        block_on(client.read_registration(&hostile_one)).unwrap_err();
        block_on(client.update_registration(&hostile_one, &ClientMetadata::new())).unwrap_err();
        block_on(client.delete_registration(&hostile_one)).unwrap_err();
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn another_origin_is_asked_where_the_caller_trusts_it_and_http_never() {
    let server = server(200, json!({"client_id": "c1"}));
    let client = manager(&server, |config| {
        config.add_registration_origin("https://manage.example/anything");
        config.add_registration_origin("http://plain.example");
    });
    let at = |url: &str| block_on(client.read_registration(&kept(json!({"registration_client_uri": url}))));
    at("https://manage.example/c1").unwrap();
    at("http://plain.example/c1").unwrap_err();
    assert_eq!(server.count(), 1);
}

#[test]
fn a_registration_of_another_server_is_not_managed_here() {
    let server = server(200, json!({"client_id": "c1"}));
    let other = kept(json!({"issuer": "https://other.example"}));
    let error = block_on(manager(&server, |_| {}).delete_registration(&other)).unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error}");
    assert_eq!(server.count(), 0);
}

#[test]
fn an_answer_about_another_client_is_refused() {
    let server = server(200, json!({"client_id": "other", "client_secret": "s"}));
    let error = block_on(manager(&server, |_| {}).read_registration(&kept(json!({})))).unwrap_err();
    assert_eq!(error.code(), "rule_violation");
}
