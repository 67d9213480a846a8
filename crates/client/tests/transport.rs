//! How connections are made: the settings of the two faces do the same.

mod faces;
#[path = "transport/server.rs"]
mod server;

use faces::process::{Process, task};
use faces::{Client, Face, Session, client, in_both_faces, session, shown};
use grantee::{ClientCredentials, Error, ReqwestHttp, Rules, blocking::UreqHttp};
use server::{Authority, Proxy, Server, full_listener};
use std::sync::Arc;
use std::time::Duration;

fn token(client: &Client) -> Result<grantee::Token, Error> {
    client.token(ClientCredentials::new())
}

in_both_faces! {
    a_server_of_an_unknown_authority_is_refused_before_anything_is_sent,
    an_added_authority_is_trusted,
    the_only_authority_is_the_only_one,
    a_self_signed_server_is_its_own_authority,
    a_trusted_certificate_for_another_name_is_refused,
    verification_goes_off_by_the_danger_door_alone,
    plain_http_to_another_machine_is_refused_before_anything_is_sent,
    what_is_no_certificate_is_a_typed_error_of_the_builder,
    a_client_certificate_is_shown_to_a_server_that_asks,
    a_proxy_carries_everything_and_is_shown_its_password,
    a_proxy_that_is_away_is_a_connect_error_without_its_password,
    proxy_variables_of_the_environment_are_not_obeyed,
    a_connection_that_does_not_come_about_is_a_connect_error,
    an_exchange_that_takes_too_long_is_a_timeout_also_while_the_connection_is_made,
    a_server_that_speaks_no_tls_is_a_typed_error,
    everything_a_client_does_goes_over_one_pool,
    an_answer_of_just_the_limit_is_read_and_one_byte_more_is_not,
    a_client_of_ones_own_sends_everything,
    a_client_of_ones_own_that_follows_a_redirect_is_found_out,
    a_proof_or_an_assertion_is_never_sent_twice,
}

fn a_server_of_an_unknown_authority_is_refused_before_anything_is_sent(face: Face) {
    let server = Server::tls(&Authority::new().signs(&["127.0.0.1"]));
    let error = token(&client!(face, at(server.url("/token")).client("svc", "s3cret")).unwrap()).unwrap_err();
    assert_eq!((error.code(), error.is_transient()), ("tls", false), "{error}");
    assert!(error.to_string().starts_with("token request: no trusted TLS connection"), "{error}");
    assert_eq!(server.requests().len(), 0);
}

fn an_added_authority_is_trusted(face: Face) {
    let authority = Authority::new();
    let server = Server::tls(&authority.signs(&["127.0.0.1"]));
    token(&client!(face, at(server.url("/token")).client("svc", "s3cret").add_ca(authority.pem())).unwrap()).unwrap();
    // Beside each other, in one PEM or in two calls.
    let other = Authority::new();
    let both = format!("{}\n{}", other.pem(), authority.pem());
    token(&client!(face, at(server.url("/token")).client("svc", "s3cret").add_ca(both.clone())).unwrap()).unwrap();
    token(
        &client!(face, at(server.url("/token")).client("svc", "s3cret").add_ca(other.pem()).add_ca(authority.pem()))
            .unwrap(),
    )
    .unwrap();
}

fn the_only_authority_is_the_only_one(face: Face) {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = Server::tls(&authority.signs(&["127.0.0.1"]));
    token(&client!(face, at(server.url("/token")).client("svc", "s3cret").only_ca(authority.pem())).unwrap()).unwrap();
    // An added one counts for nothing beside the only ones.
    let client =
        client!(face, at(server.url("/token")).client("svc", "s3cret").only_ca(other.pem()).add_ca(authority.pem()));
    assert_eq!(token(&client.unwrap()).unwrap_err().code(), "tls");
    assert_eq!(server.requests().len(), 1);
}

fn a_self_signed_server_is_its_own_authority(face: Face) {
    let certificate = server::self_signed(&["127.0.0.1"]);
    let server = Server::tls(&certificate);
    token(&client!(face, at(server.url("/token")).client("svc", "s3cret").only_ca(certificate.pem.clone())).unwrap())
        .unwrap();
    token(&client!(face, at(server.url("/token")).client("svc", "s3cret").add_ca(certificate.pem.clone())).unwrap())
        .unwrap();
}

fn a_trusted_certificate_for_another_name_is_refused(face: Face) {
    let authority = Authority::new();
    let server = Server::tls(&authority.signs(&["other.example"]));
    let error =
        token(&client!(face, at(server.url("/token")).client("svc", "s3cret").only_ca(authority.pem())).unwrap())
            .unwrap_err();
    assert_eq!((error.code(), server.requests().len()), ("tls", 0), "{error}");
}

fn verification_goes_off_by_the_danger_door_alone(face: Face) {
    let server = Server::tls(&Authority::new().signs(&["other.example"]));
    token(&client!(face, at(server.url("/token")).client("svc", "s3cret").danger().accept_invalid_certs()).unwrap())
        .unwrap();
    // The door to plain http is another one.
    let client = client!(face, at(server.url("/token")).client("svc", "s3cret").danger().allow_http()).unwrap();
    assert_eq!(token(&client).unwrap_err().code(), "tls");
    let kept = client!(
        face,
        at(server.url("/token")).client("svc", "s3cret").rules(Rules::OAuth21).danger().accept_invalid_certs()
    );
    assert!(kept.unwrap_err().to_string().contains("any certificate"), "a profile shuts it");
}

fn plain_http_to_another_machine_is_refused_before_anything_is_sent(face: Face) {
    let client = client!(face, at("http://as.example/token").client("svc", "s3cret")).unwrap();
    let error = token(&client).unwrap_err();
    assert_eq!(error.code(), "configuration");
    assert!(error.hint().unwrap().contains("danger().allow_http()"), "{error}");
}

fn what_is_no_certificate_is_a_typed_error_of_the_builder(face: Face) {
    for pem in ["", "no PEM", "-----BEGIN CERTIFICATE-----\ns3cret\n-----END CERTIFICATE-----\n"] {
        let builders = [
            client!(face, at("https://as.example/token").client("svc", "s3cret").only_ca(pem)),
            client!(face, at("https://as.example/token").client("svc", "s3cret").add_ca(pem)),
            client!(face, at("https://as.example/token").client("svc", "s3cret").client_certificate(pem, "s3cret")),
            client!(face, at("https://as.example/token").client("svc", "s3cret").proxy("s3cret no URL")),
        ];
        for (index, outcome) in builders.into_iter().enumerate() {
            let error = outcome.expect_err(&format!("builder {index} took «{pem}»"));
            assert!(error.code() == "configuration" && !shown(&error).contains("s3cret"), "{index} {error:?}");
        }
    }
}

fn a_client_certificate_is_shown_to_a_server_that_asks(face: Face) {
    let authority = Authority::new();
    let server = Server::mutual_tls(&authority.signs(&["127.0.0.1"]), &authority);
    let mine = authority.signs(&["client.example"]);
    let with = client!(
        face,
        at(server.url("/token"))
            .public_client("svc")
            .only_ca(authority.pem())
            .client_certificate(mine.pem.clone(), mine.key_pem.clone())
    )
    .unwrap();
    token(&with).unwrap();
    assert_eq!(server.requests()[0].certificate.as_deref(), Some(&mine.der[..]));
    let without = client!(face, at(server.url("/token")).public_client("svc").only_ca(authority.pem())).unwrap();
    let error = token(&without).unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
    assert_eq!(server.requests().len(), 1);
}

fn a_proxy_carries_everything_and_is_shown_its_password(face: Face) {
    let authority = Authority::new();
    let (server, proxy) = (Server::tls(&authority.signs(&["127.0.0.1"])), Proxy::start());
    let client = client!(
        face,
        at(server.url("/token")).client("svc", "s3cret").only_ca(authority.pem()).proxy(proxy.url("user:s3cret-pass"))
    )
    .unwrap();
    token(&client).unwrap();
    let asked = proxy.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with(&format!("CONNECT 127.0.0.1:{} HTTP/1.1", server.port())), "{asked:?}");
    // user:s3cret-pass
    assert!(asked[0].contains("Basic dXNlcjpzM2NyZXQtcGFzcw=="), "{asked:?}");
    assert!(!asked[0].contains("access_token") && !asked[0].to_lowercase().contains("\r\nauthorization"), "{asked:?}");
}

fn a_proxy_that_is_away_is_a_connect_error_without_its_password(face: Face) {
    let proxy = Proxy::start();
    let url = proxy.url("user:s3cret-pass");
    drop(proxy);
    let client = client!(face, at("https://127.0.0.1:1/token").client("svc", "s3cret").proxy(url)).unwrap();
    let error = token(&client).unwrap_err();
    assert_eq!((error.code(), error.is_transient()), ("connect", true), "{error}");
    assert!(!shown(&error).contains("s3cret") && !format!("{client:?}").contains("s3cret"), "{error:?}");
}

fn proxy_variables_of_the_environment_are_not_obeyed(face: Face) {
    let (server, proxy) = (Server::plain(), Proxy::start());
    let url = proxy.url("");
    let names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
    let variables: Vec<_> =
        names.iter().map(|name| (*name, url.as_str())).chain([("NO_PROXY", ""), ("no_proxy", "")]).collect();
    Process::start_with(face, "token", &[&server.url("/token")], &variables).wait();
    assert_eq!((server.requests().len(), proxy.asked().len()), (1, 0));
}

fn a_connection_that_does_not_come_about_is_a_connect_error(face: Face) {
    let (_listener, address) = full_listener();
    let client = client!(
        face,
        at(format!("http://{address}/token")).client("svc", "s3cret").connect_timeout(Duration::from_millis(200))
    )
    .unwrap();
    let error = token(&client).unwrap_err();
    // Nothing was sent, so the refresh token of a renewal is known to be unspent.
    assert!(matches!(&error, Error::Transport(transport) if !transport.may_have_been_sent()), "{error:?}");
    assert_eq!((error.code(), error.is_transient()), ("connect", true), "{error}");
}

fn an_exchange_that_takes_too_long_is_a_timeout_also_while_the_connection_is_made(face: Face) {
    let (_listener, address) = full_listener();
    let client = client!(
        face,
        at(format!("http://{address}/token")).client("svc", "s3cret").timeout(Duration::from_millis(200))
    )
    .unwrap();
    let error = token(&client).unwrap_err();
    assert!(["timeout", "connect"].contains(&error.code()) && error.is_transient(), "{error}");
}

fn a_server_that_speaks_no_tls_is_a_typed_error(face: Face) {
    let server = Server::plain();
    let client =
        client!(face, at(format!("https://127.0.0.1:{}/token", server.port())).client("svc", "s3cret")).unwrap();
    let error = token(&client).unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
}

fn everything_a_client_does_goes_over_one_pool(face: Face) {
    let server = Server::plain();
    let client = client!(face, discover(server.url("").as_str()).client("svc", "s3cret")).unwrap();
    let held = token(&client).unwrap();
    client.introspect(&held).unwrap();
    client.revoke(&held).unwrap();
    let session = session!(client, session(ClientCredentials::new()).allow_origin(&server.url("")).unwrap()).unwrap();
    session.get(&server.url("/api")).unwrap();
    let clone = client.clone();
    token(&clone).unwrap();
    assert_eq!(server.requests().len(), 7);
    let http = |core: &grantee_core::Client| Arc::as_ptr(&core.ports().http).cast::<()>();
    match (&client, &clone, &session) {
        (Client::Async(client), Client::Async(clone), Session::Async(session)) => {
            // hyper gives a connection back from a task of its own, so the next request may come before it and open
            // another: what can be counted on is that there is one client underneath.
            assert!(
                [http(clone.core()), http(session.source().client())].iter().all(|other| *other == http(client.core()))
            );
            assert!(server.connections() < 7, "{} connections", server.connections());
        }
        _ => assert_eq!(server.connections(), 1),
    }
}

fn an_answer_of_just_the_limit_is_read_and_one_byte_more_is_not(face: Face) {
    const LIMIT: usize = 1024 * 1024;
    for (size, fits) in [(LIMIT, true), (LIMIT + 1, false)] {
        let server = Server::plain_of_size(size);
        let outcome = token(&client!(face, at(server.url("/token")).client("svc", "s3cret")).unwrap());
        assert_eq!(outcome.is_ok(), fits, "{size}: {outcome:?}");
        if let Err(error) = outcome {
            assert!(error.to_string().contains("at most 1048576 bytes"), "{error}");
        }
    }
}

fn a_client_of_ones_own_sends_everything(face: Face) {
    let server = Server::plain();
    let client = with_own_client(face, &server, 0);
    token(&client).unwrap();
    assert!(
        server.requests().iter().all(|request| request.head.to_lowercase().contains("user-agent: my own")),
        "{:?}",
        server.requests()
    );
    assert_eq!(server.requests().len(), 2);
}

fn a_client_of_ones_own_that_follows_a_redirect_is_found_out(face: Face) {
    let (server, elsewhere) = (Server::plain(), Server::plain());
    server.redirect_to(&elsewhere.url("/.well-known/openid-configuration"));
    let error = token(&with_own_client(face, &server, 5)).unwrap_err();
    assert_eq!(error.code(), "rule_violation");
    assert!(error.to_string().contains("the answer comes from the URL that was asked"), "{error}");
    assert!(error.hint().unwrap().contains("hand over one that follows none"), "{error}");
    assert_eq!(elsewhere.requests().len(), 1, "the metadata; no credential follows");
}

fn a_proof_or_an_assertion_is_never_sent_twice(face: Face) {
    let server = Server::plain();
    let client = client!(face, at(server.url("/token")).client("svc", "s3cret")).unwrap();
    token(&client).unwrap();
    server.hang_up_at_the_next_request();
    // It goes over the connection that is open already, which is where clients are tempted to try again.
    assert_eq!(token(&client).unwrap_err().code(), "broken_connection");
    assert_eq!(server.requests().len(), 2);
}

fn with_own_client(face: Face, server: &Server, redirects: usize) -> Client {
    let policy = reqwest::redirect::Policy::limited(redirects);
    let policy = if redirects == 0 { reqwest::redirect::Policy::none() } else { policy };
    let reqwest = reqwest::Client::builder().no_proxy().redirect(policy).user_agent("my own").build().unwrap();
    let ureq = ureq::Agent::config_builder().proxy(None).user_agent("my own").http_status_as_error(false);
    let ureq: ureq::Agent = ureq.max_redirects(u32::try_from(redirects).unwrap()).build().into();
    match face {
        Face::Async => {
            let _guard = faces::RUNTIME.enter();
            let client = grantee::Client::discover(server.url("").as_str())
                .client("svc", "s3cret")
                .http(ReqwestHttp::new(reqwest));
            Client::Async(client.build().unwrap())
        }
        Face::Blocking => {
            let client = grantee::blocking::Client::discover(server.url("").as_str())
                .client("svc", "s3cret")
                .http(UreqHttp::new(ureq));
            Client::Blocking(client.build().unwrap())
        }
    }
}

/// What the processes do that tests here start.
#[test]
fn child() {
    let Some((face, _, arguments)) = task() else { return };
    token(&client!(face, at(arguments[0].as_str()).client("svc", "s3cret")).unwrap()).unwrap();
}
