//! The snippets of the requests_oauth2client document; what waits for a person is in `decoupled`.

use super::{CALLBACK, server, visit};
use grantee::blocking::{ApiClient, Client};
use grantee::client_auth::{ClientSecretBasic, ClientSecretPost, None};
use grantee::presets::Auth0;
use grantee::{
    AuthorizationCode, AuthorizationRequest, ClientCredentials, ClientSecretJwt, RefreshToken, SecurityToken, Token,
    TokenExchange, TokenToActOn, UnverifiedIdToken,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn client(server: &grantor::Server) -> Client {
    Client::at(server.url("/token"))
        .authorization_endpoint(server.url("/authorize"))
        .introspection_endpoint(server.url("/introspect"))
        .revocation_endpoint(server.url("/revoke"))
        .issuer(server.issuer())
        .client("svc", "secret")
        .redirect_uri(CALLBACK)
        .build()
        .unwrap()
}

#[test]
fn calling_an_api_with_a_token_at_hand() {
    let server = server();
    let token = server.issue("svc", Some("alice"), "").access_token;
    let answer =
        ApiClient::new(&server.url("/api")).unwrap().bearer(token.as_str()).unwrap().get("endpoint").send().unwrap();
    assert_eq!(answer.status(), 200);
}

#[test]
fn a_client_is_made_from_a_token_endpoint_and_credentials_alone() {
    let server = server();
    let client = Client::at(server.url("/token")).client("svc", "secret").build().unwrap();
    client.token(ClientCredentials::new()).unwrap();
}

#[test]
fn a_token_tells_how_long_it_lives_and_whether_it_has_expired() {
    let token = Token::bearer("an_access_token").with_expires_in(Duration::from_secs(60));
    assert!(token.expires_at.is_some());
    assert!(!token.is_expired(Duration::ZERO));
    assert!(token.expires_in().unwrap() <= Duration::from_secs(60));
}

#[test]
fn client_credentials_with_scope_resource_audience_and_custom_parameters() {
    let server = server();
    let client = client(&server);
    client.token(ClientCredentials::new().scope("myscope")).unwrap();
    client.token(ClientCredentials::new().scope("myscope").resource("https://myapi.local")).unwrap();
    client.token(ClientCredentials::new().audience("https://myapi.local")).unwrap();
    client.token(ClientCredentials::new().scope("myscope").param("custom_param", "custom_value")).unwrap();
    let last = server.requests().pop().unwrap();
    assert_eq!(last.form_value("custom_param").as_deref(), Some("custom_value"));
}

#[test]
fn client_credentials_as_an_auth_handler() {
    let server = server();
    let grant = ClientCredentials::new().scope("myscope").resource("https://myapi.local");
    let api = client(&server).session(grant).api(&server.url("/api")).unwrap();
    assert_eq!(api.get("resource").send().unwrap().status(), 200);
}

#[test]
fn a_leeway_of_ones_own() {
    let server = server();
    let session = client(&server)
        .session(ClientCredentials::new().scope("myscope"))
        .leeway(Duration::from_secs(30))
        .build()
        .unwrap();
    session.token().unwrap();
}

#[test]
fn an_authorization_request_its_callback_and_the_code() {
    let server = server();
    let client = client(&server);
    let (url, pending) = client.start(AuthorizationRequest::new().scope("openid email profile")).unwrap();
    let login = client.finish(pending, visit(&url)).unwrap();
    assert!(login.token().refresh_token.is_some());
}

#[test]
fn a_callback_judged_by_itself_and_a_code_with_its_parts() {
    let server = server();
    let client = client(&server);
    let (url, pending) = client.start(AuthorizationRequest::new()).unwrap();
    let response = pending.respond(visit(&url).as_str()).unwrap();
    let verifier = response.code_verifier().unwrap().reveal().to_owned();
    let grant = AuthorizationCode::from_parts(response.code().unwrap(), CALLBACK, verifier)
        .param("custom_param", "custom_value");
    client.token(grant).unwrap();
}

#[test]
fn own_state_nonce_and_verifier() {
    let verifier = "v".repeat(43);
    let request =
        AuthorizationRequest::new().scope("openid").state("my-state").nonce("my-nonce").code_verifier(verifier);
    let (url, pending) = client(&server()).start(request).unwrap();
    assert_eq!(pending.state(), "my-state");
    assert!(url.query().unwrap().contains("nonce=my-nonce"));
}

#[test]
fn an_api_client_on_an_authorization_code() {
    let server = server();
    let client = client(&server);
    let (url, pending) = client.start(AuthorizationRequest::new()).unwrap();
    let grant = AuthorizationCode::new(pending.respond(visit(&url).as_str()).unwrap()).unwrap();
    let api = client.session(grant).api(&server.url("/api/endpoint")).unwrap();
    assert_eq!(api.post("").body("data").send().unwrap().status(), 200);
}

#[test]
fn client_secret_basic_post_and_none() {
    let server = server();
    let at = || Client::at(server.url("/token"));
    at().public_client("basic")
        .auth(ClientSecretBasic::new("secret"))
        .build()
        .unwrap()
        .token(ClientCredentials::new())
        .unwrap();
    at().public_client("post")
        .auth(ClientSecretPost::new("secret"))
        .build()
        .unwrap()
        .token(ClientCredentials::new())
        .unwrap();
    let public = at()
        .authorization_endpoint(server.url("/authorize"))
        .issuer(server.issuer())
        .public_client("public")
        .auth(None)
        .redirect_uri(CALLBACK)
        .build()
        .unwrap();
    let (url, pending) = public.start(AuthorizationRequest::new()).unwrap();
    public.finish(pending, visit(&url)).unwrap();
}

#[test]
fn revocation_and_its_aliases() {
    let server = server();
    let client = client(&server);
    let issued = server.issue("svc", Some("alice"), "");
    client.revoke(TokenToActOn::access_token(issued.access_token.as_str())).unwrap();
    client.revoke("a-token-of-which-nothing-is-known").unwrap();
    client.revoke(TokenToActOn::refresh_token(issued.refresh_token.as_str())).unwrap();
    assert!(client.token(RefreshToken::new(issued.refresh_token)).is_err());
}

#[test]
fn introspection() {
    let server = server();
    let client = client(&server);
    let token = client.token(ClientCredentials::new().scope("a")).unwrap();
    let seen = client.introspect(&token).unwrap();
    assert_eq!((seen.active, seen.client_id.as_deref()), (true, Some("svc")));
}

#[test]
fn a_client_from_a_discovery_document_or_an_issuer() {
    let server = server();
    let document = server.url("/.well-known/openid-configuration");
    for place in [document, server.issuer()] {
        let client = Client::discover(place).client("svc", "secret").build().unwrap();
        client.token(ClientCredentials::new()).unwrap();
    }
}

#[test]
fn an_api_client_takes_paths_in_many_forms_and_never_leaves_its_root() {
    let server = server();
    let api = client(&server).session(ClientCredentials::new()).api(&server.url("/api/root")).unwrap();
    for answer in [
        api.get("/resource/foo").send().unwrap(),
        api.get("resource/foo").send().unwrap(),
        api.get(["resource", "foo"]).send().unwrap(),
        api.sub("resource").unwrap().get("foo").send().unwrap(),
    ] {
        assert_eq!(answer.json::<serde_json::Value>().unwrap()["path"], "/api/root/resource/foo");
    }
    for outside in ["../other", "https://elsewhere.example/", "//elsewhere.example/"] {
        assert!(api.get(outside).send().is_err(), "{outside}");
    }
}

#[test]
fn an_error_status_is_an_error_unless_told_otherwise() {
    let server = server();
    let api = client(&server).session(ClientCredentials::new()).api(&server.url("/api")).unwrap();
    assert_eq!(api.get("status/500").send().unwrap_err().status(), Some(500));
    assert_eq!(api.get("status/500").error_for_status(false).send().unwrap().status(), 500);
    let lenient = api.error_for_status(false);
    assert_eq!(lenient.get("status/500").send().unwrap().status(), 500);
    assert!(lenient.get("status/500").error_for_status(true).send().is_err());
}

/// A client that authenticates by `client_secret_jwt`, and tokens of alice's: an access token and an ID token.
fn exchanging() -> (grantor::Server, Client, Token) {
    let registered = grantor::Client::new("client_id").secret("client_secret").auth("client_secret_jwt");
    let server = grantor::Server::builder().client(registered).start();
    let client = Client::at(server.url("/token"))
        .issuer(server.issuer())
        .public_client("client_id")
        .auth(ClientSecretJwt::new("client_secret"))
        .build()
        .unwrap();
    let issued = server.issue("client_id", Some("alice"), "openid");
    let mut token = Token::bearer(issued.access_token.as_str());
    let other = Client::discover(server.issuer()).client("svc", "secret").build().unwrap();
    let password = grantee::legacy::Password::new("alice", "wonderland").scope("openid");
    token.id_token = other.token(password).unwrap().id_token;
    (server, client, token)
}

#[test]
fn token_exchange_with_a_type_in_full_and_by_its_short_name() {
    let (server, client, token) = exchanging();
    let id_token = token.id_token.as_ref().map(UnverifiedIdToken::reveal_unverified).unwrap();
    for name in ["urn:ietf:params:oauth:token-type:access_token", "access_token"] {
        let subject = SecurityToken::new(token.access_token.clone(), name);
        client.token(TokenExchange::new(subject).actor(SecurityToken::new(id_token, "id_token"))).unwrap();
        let last = server.requests().pop().unwrap();
        let sent = |name| last.form_value(name).unwrap();
        assert_eq!(sent("subject_token_type"), "urn:ietf:params:oauth:token-type:access_token");
        assert_eq!(sent("actor_token_type"), "urn:ietf:params:oauth:token-type:id_token");
    }
}

#[test]
fn token_exchange_with_types_that_our_own_values_tell() {
    let (_server, client, token) = exchanging();
    let actor = token.id_token.clone().unwrap();
    let exchanged = client.token(TokenExchange::new(&token).actor(actor)).unwrap();
    assert!(exchanged.is_bearer());
}

/// A network on which every host is an authorization server and an API.
#[derive(Clone, Default)]
struct Network(Arc<Mutex<Vec<String>>>);

impl grantee::blocking::Http for Network {
    fn send(
        &self,
        request: grantee::ports::Request,
    ) -> Result<grantee::ports::Response, grantee::error::TransportError> {
        let url = request.uri().to_string();
        let body = match request.uri().path() {
            "/.well-known/openid-configuration" => {
                let issuer = url.strip_suffix(".well-known/openid-configuration").unwrap();
                serde_json::json!({"issuer": issuer, "token_endpoint": format!("{issuer}oauth/token")})
            }
            "/oauth/token" => serde_json::json!({"access_token": "at", "token_type": "Bearer", "expires_in": 60}),
            _ => serde_json::json!([]),
        };
        self.0.lock().unwrap().push(format!("{url} {}", String::from_utf8_lossy(request.body())));
        Ok(grantee::ports::Response { http: http::Response::new(body.to_string().into()), url })
    }
}

#[test]
fn a_vendors_client_and_its_management_api() {
    let network = Network::default();
    let tenant = Auth0::tenant("mytenant.eu").unwrap();
    let client = Client::preset(&tenant).client("client_id", "client_secret").http(network.clone()).build().unwrap();
    client.token(ClientCredentials::new().audience("audience")).unwrap();
    let management = client.session(tenant.management_grant()).api(&tenant.management_url()).unwrap();
    assert_eq!(management.get("users").send().unwrap().status(), 200);
    let seen = network.0.lock().unwrap();
    assert!(seen[1].starts_with("https://mytenant.eu.auth0.com/oauth/token ") && seen[1].contains("audience=audience"));
    assert!(seen[2].contains("audience=https%3A%2F%2Fmytenant.eu.auth0.com%2Fapi%2Fv2%2F"), "{}", seen[2]);
    assert_eq!(seen[3], "https://mytenant.eu.auth0.com/api/v2/users ");
}
