//! TLS, mutual TLS and certificate-bound tokens, RFC 8705.

mod common;

use common::{https::*, *};
use grantor::{Builder, Client, ClientCertificate, Endpoint, Misbehaviour, Server};
use serde_json::json;

/// Client credentials of a client that authenticates by its certificate.
fn ask(server: &Server, identity: Option<&ClientCertificate>, client: &str) -> Answer {
    let pairs = [("grant_type", "client_credentials"), ("client_id", client)];
    https(server, identity, &server.mtls_url("/token"), &pairs)
}

fn refused(answer: &Answer) -> (u16, String) {
    (answer.status, answer.error())
}

fn invalid_client() -> (u16, String) {
    (401, "invalid_client".into())
}

fn tls() -> Builder {
    Server::builder().tls()
}

#[test]
fn the_issuer_is_https_by_a_certificate_of_the_servers_own_authority() {
    let server = tls().start();
    assert!(server.issuer().starts_with("https://127.0.0.1:"));
    let document = https(&server, None, &server.url("/.well-known/openid-configuration"), &[]).json();
    assert_eq!(document["issuer"], server.issuer());
    let by_name = server.url("/public").replace("127.0.0.1", "localhost");
    assert_eq!(https(&server, None, &by_name, &[]).status, 200);
    let stranger = tls().start();
    let untrusted = try_https(config(stranger.ca_pem(), None), "GET", &server.url("/public"), &[], "");
    assert!(untrusted.unwrap_err().to_string().contains("UnknownIssuer"));
}

#[test]
fn the_metadata_names_the_mtls_aliases_of_the_endpoints_there_are() {
    let server = Server::builder().mtls().issuer_path("/tenant").start();
    assert!(server.issuer().starts_with("http://127.0.0.1:"));
    let document = get(&server, "/tenant/.well-known/openid-configuration").json();
    let aliases = &document["mtls_endpoint_aliases"];
    for (endpoint, path) in [
        ("token_endpoint", "/tenant/token"),
        ("introspection_endpoint", "/tenant/introspect"),
        ("revocation_endpoint", "/tenant/revoke"),
        ("userinfo_endpoint", "/tenant/userinfo"),
        ("pushed_authorization_request_endpoint", "/tenant/par"),
        ("device_authorization_endpoint", "/tenant/device"),
        ("backchannel_authentication_endpoint", "/tenant/bc-authorize"),
    ] {
        assert_eq!(aliases[endpoint], server.mtls_url(path));
    }
    assert!(aliases.get("authorization_endpoint").is_none());
    assert_eq!(document["tls_client_certificate_bound_access_tokens"], true);
    let methods = document["token_endpoint_auth_methods_supported"].as_array().unwrap();
    for method in ["tls_client_auth", "self_signed_tls_client_auth"] {
        assert!(methods.contains(&json!(method)));
    }
    let plain = get(&Server::start(), "/.well-known/openid-configuration").json();
    assert!(plain.get("mtls_endpoint_aliases").is_none());
}

#[test]
fn the_mtls_port_takes_any_certificate_and_none_and_the_log_tells_which() {
    let server = Server::builder().mtls().start();
    let url = server.mtls_url("/public");
    let certificates = [server.client_certificate("a"), Server::self_signed_certificate("b c")];
    assert_eq!(https(&server, None, &url, &[]).status, 200);
    for certificate in &certificates {
        assert_eq!(https(&server, Some(certificate), &url, &[]).status, 200);
    }
    let requests = server.requests();
    let seen: Vec<_> = requests.iter().map(|request| request.client_certificate_thumbprint()).collect();
    let thumbprints = certificates.each_ref().map(ClientCertificate::thumbprint);
    assert_eq!(seen, [None, Some(thumbprints[0].as_str()), Some(thumbprints[1].as_str())]);
    assert!(!format!("{:?}", certificates[0]).contains("PRIVATE"));
}

#[test]
fn tls_client_auth_wants_the_registered_subject_by_the_right_authority() {
    let server = tls()
        .client(Client::new("dn").tls_client_auth_subject_dn("CN=shop"))
        .client(Client::new("dns").tls_client_auth_san_dns("shop.example"))
        .start();
    let shop = server.client_certificate("shop");
    assert_eq!(ask(&server, Some(&shop), "dn").status, 200);
    assert_eq!(ask(&server, Some(&server.client_certificate("shop.example")), "dns").status, 200);
    assert_eq!(refused(&ask(&server, None, "dn")), invalid_client(), "no certificate");
    for wrong in [
        server.client_certificate("another"),
        Server::self_signed_certificate("shop"),
        tls().start().client_certificate("shop"),
    ] {
        assert_eq!(refused(&ask(&server, Some(&wrong), "dn")), invalid_client());
    }
    assert_eq!(refused(&ask(&server, Some(&shop), "dns")), invalid_client());
    assert_eq!(refused(&ask(&server, Some(&shop), "svc")), invalid_client(), "a certificate is no secret");
    let elsewhere = [("grant_type", "client_credentials"), ("client_id", "dn")];
    let answer = https(&server, Some(&shop), &server.url("/token"), &elsewhere);
    assert_eq!(refused(&answer), invalid_client(), "the main port asks for no certificate");
    let both = [("grant_type", "client_credentials"), ("client_id", "dn"), ("client_secret", "x")];
    assert_eq!(refused(&https(&server, Some(&shop), &server.mtls_url("/token"), &both)), invalid_client());
}

#[test]
fn self_signed_tls_client_auth_wants_a_certificate_of_the_clients_key_set() {
    let (own, other) = (Server::self_signed_certificate("shop"), Server::self_signed_certificate("shop"));
    let by_thumbprint = json!({"keys": [{"kty": "EC", "x5t#S256": own.thumbprint()}]});
    let server = tls()
        .client(Client::new("x5c").auth("self_signed_tls_client_auth").jwks(own.jwks()))
        .client(Client::new("x5t").auth("self_signed_tls_client_auth").jwks(by_thumbprint))
        .start();
    for client in ["x5c", "x5t"] {
        assert_eq!(ask(&server, Some(&own), client).status, 200, "{client}");
        assert_eq!(refused(&ask(&server, Some(&other), client)), invalid_client());
        assert_eq!(refused(&ask(&server, None, client)), invalid_client());
    }
    let introspected =
        https(&server, Some(&own), &server.mtls_url("/introspect"), &[("client_id", "x5c"), ("token", "x")]);
    assert_eq!(introspected.json(), json!({"active": false}));
}

#[test]
fn a_certificate_bound_token_is_good_by_its_own_certificate_alone() {
    let bound = |id: &str| Client::new(id).secret("secret").certificate_bound_access_tokens();
    let server =
        Server::builder().mtls().client(bound("bound")).client(bound("jwt").jwt_access_tokens("ES256")).start();
    let (own, other) = (server.client_certificate("own"), server.client_certificate("other"));
    let pairs = |id| [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", "secret")];
    let without = post(&server, "/token", &pairs("bound"));
    assert_eq!(refused(&without), (400, "invalid_request".into()), "asked for past the alias");
    let answer = https(&server, Some(&own), &server.mtls_url("/token"), &pairs("bound"));
    assert_eq!(answer.text("token_type"), "Bearer");
    let token = answer.text("access_token");
    let cnf = json!({"x5t#S256": own.thumbprint()});
    assert_eq!(svc(&server, "/introspect", &[("token", &token)]).json()["cnf"], cnf);
    let jwt = https(&server, Some(&own), &server.mtls_url("/token"), &pairs("jwt")).text("access_token");
    assert_eq!(claims(&jwt)["cnf"], cnf);

    let api = server.mtls_url("/api/orders");
    assert_eq!(with_token(&server, Some(&own), &api, &token).status, 200);
    for identity in [None, Some(&other)] {
        let answer = with_token(&server, identity, &api, &token);
        assert_eq!(refused(&answer), (401, "invalid_token".into()));
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer "));
    }
    assert_eq!(refused(&get_with(&server, "/api/orders", &token)), (401, "invalid_token".into()));
    assert_eq!(refused(&get_with(&server, "/userinfo", &token)), (401, "invalid_token".into()));
    // A token that is not bound is good by any.
    let free = server.issue("svc", None, "").access_token;
    assert_eq!(with_token(&server, Some(&other), &api, &free).status, 200);
}

#[test]
fn the_refresh_token_of_a_public_client_is_bound_to_its_certificate() {
    let public = Client::new("app").auth("none").certificate_bound_access_tokens();
    let server = Server::builder().mtls().auto_approve("alice").client(public).start();
    let (own, other) = (Server::self_signed_certificate("own"), Server::self_signed_certificate("other"));
    let code = get(&server, &authorize_target(&[("client_id", "app")])).callback("code").unwrap();
    let url = server.mtls_url("/token");
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let token = https(&server, Some(&own), &url, &pairs).text("refresh_token");
    let pairs = [("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", token.as_str())];
    assert_eq!(https(&server, Some(&other), &url, &pairs).error(), "invalid_grant");
    assert_eq!(https(&server, Some(&own), &url, &pairs).status, 200);
}

#[test]
fn a_bound_token_may_be_of_any_kind_of_client() {
    let by_certificate = Client::new("dn").tls_client_auth_subject_dn("CN=shop").certificate_bound_access_tokens();
    let server = tls().client(by_certificate).start();
    let shop = server.client_certificate("shop");
    let token = ask(&server, Some(&shop), "dn").text("access_token");
    let api = server.mtls_url("/api");
    assert_eq!(with_token(&server, Some(&shop), &api, &token).status, 200);
    // The name does not count, the certificate does.
    let again = server.client_certificate("shop");
    assert_eq!(with_token(&server, Some(&again), &api, &token).status, 401);
}

#[test]
fn misbehaviour_goes_through_tls_as_well() {
    let server = tls().start();
    let url = server.url("/public");
    let send = || try_https(config(server.ca_pem(), None), "GET", &url, &[], "");
    server.misbehave_times(Endpoint::Other, 1, Misbehaviour::Truncate);
    let cut = parse(&send().unwrap());
    assert!(cut.header("content-length").unwrap().parse::<usize>().unwrap() > cut.body.len());
    server.misbehave_times(Endpoint::Other, 1, Misbehaviour::Reset);
    assert!(send().is_err());
    assert_eq!(parse(&send().unwrap()).status, 200);
}

#[test]
#[should_panic(expected = "tls_client_auth needs a subject or a DNS name")]
fn a_client_by_certificate_says_what_is_in_it() {
    Server::start().register(Client::new("shop").auth("tls_client_auth"));
}
