//! Where a client's endpoints come from.

mod faces;

use faces::{Face, client, in_both_faces};
use grantee::endpoint::discovery::{IssuerPolicy, Where};
use grantee::metadata::AuthorizationServer;
use grantee::{AuthorizationRequest, ClientCredentials, Error};
use grantor::{Endpoint, Misbehaviour, Server};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

fn paths(server: &Server) -> Vec<String> {
    server.requests_to(Endpoint::Metadata).into_iter().map(|request| request.path).collect()
}

fn status(status: u16) -> Misbehaviour {
    Misbehaviour::Status { status, retry_after: None }
}

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";

in_both_faces! {
    nothing_is_fetched_before_it_is_needed_and_then_once,
    the_openid_form_comes_first_and_the_oauth_form_on_404,
    an_issuer_with_a_path_has_it_before_the_one_and_after_the_other,
    no_other_status_sends_to_the_next_place,
    a_server_without_metadata_is_told_with_both_places_and_what_to_do,
    the_issuer_is_exactly_the_one_asked_for,
    a_documents_url_is_asked_alone_and_derives_from_the_issuer_in_it,
    beside_a_documents_url_the_caller_may_name_the_issuer,
    a_server_reached_under_another_name_needs_the_policy_that_says_so,
    entras_template_needs_the_policy_that_says_so,
    metadata_is_fetched_again_after_its_lifetime,
    the_last_document_serves_on_while_the_server_fails,
    a_failure_is_never_kept,
    many_callers_at_once_make_one_fetch,
    an_endpoint_that_is_given_stands_in_the_documents_place,
    a_literal_configuration_works_with_nothing_but_a_token_endpoint,
    the_document_itself_may_be_handed_over,
    an_endpoint_in_plain_http_elsewhere_gets_no_credential,
}

fn nothing_is_fetched_before_it_is_needed_and_then_once(face: Face) {
    let server = Server::start();
    let client = client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap();
    assert!(server.requests().is_empty());
    for _ in 0..3 {
        client.token(ClientCredentials::new()).unwrap();
    }
    assert_eq!((paths(&server), client.counters().metadata_fetches), (vec![OPENID.to_owned()], 1));
}

fn the_openid_form_comes_first_and_the_oauth_form_on_404(face: Face) {
    let server = Server::start();
    server.misbehave_times(Endpoint::Metadata, 1, status(404));
    let client = client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap();
    client.metadata().unwrap();
    assert_eq!(paths(&server), [OPENID, OAUTH]);
}

fn an_issuer_with_a_path_has_it_before_the_one_and_after_the_other(face: Face) {
    let server = Server::builder().issuer_path("/tenant/one").start();
    server.misbehave_times(Endpoint::Metadata, 1, status(404));
    let client = client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap();
    client.token(ClientCredentials::new()).unwrap();
    assert_eq!(paths(&server), [format!("/tenant/one{OPENID}"), format!("{OAUTH}/tenant/one")]);
    assert_eq!(client.metadata().unwrap().issuer.as_deref(), Some(server.issuer().as_str()));
}

fn no_other_status_sends_to_the_next_place(face: Face) {
    for code in [400, 401, 403, 410, 500, 503] {
        let server = Server::start();
        server.misbehave_times(Endpoint::Metadata, 1, status(code));
        let client = client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap();
        assert_eq!(client.metadata().unwrap_err().status(), Some(code));
        assert_eq!(paths(&server), [OPENID]);
    }
}

fn a_server_without_metadata_is_told_with_both_places_and_what_to_do(face: Face) {
    let server = Server::start();
    server.misbehave(Endpoint::Metadata, status(404));
    let client = client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap();
    let error = client.token(ClientCredentials::new()).unwrap_err();
    assert!(matches!(error, Error::Status(_)) && error.status() == Some(404), "{error:?}");
    let hint = error.hint().unwrap();
    assert!(hint.contains(OPENID) && hint.contains(OAUTH) && hint.contains("give its endpoints literally"), "{error}");
}

fn the_issuer_is_exactly_the_one_asked_for(face: Face) {
    let server = Server::start();
    let with_slash = format!("{}/", server.issuer());
    let client = client!(face, discover(with_slash.as_str()).client("svc", "secret")).unwrap();
    let error = client.metadata().unwrap_err();
    assert_eq!(error.code(), "rule_violation");
    assert!(error.hint().unwrap().contains("the slash at the end counts"), "{error}");
    // The strings stay as they are: that of another name for the same machine is another issuer.
    let other = format!("http://localhost:{}", server.port());
    let client = client!(face, discover(other.as_str()).client("svc", "secret")).unwrap();
    assert_eq!(client.token(ClientCredentials::new()).unwrap_err().code(), "rule_violation");
    assert_eq!(server.count(Endpoint::Token), 0);
}

fn a_documents_url_is_asked_alone_and_derives_from_the_issuer_in_it(face: Face) {
    let server = Server::builder().issuer_path("/tenant").start();
    for url in [format!("{}{OPENID}", server.issuer()), server.url(&format!("{OAUTH}/tenant"))] {
        server.clear_log();
        let client = client!(face, discover(url.as_str()).client("svc", "secret")).unwrap();
        assert_eq!(client.metadata().unwrap().issuer.as_deref(), Some(server.issuer().as_str()));
        assert_eq!(server.url(&paths(&server)[0]), url);
    }
    server.misbehave(Endpoint::Metadata, Misbehaviour::SetMember("issuer".into(), server.url("").into()));
    let client =
        client!(face, discover(format!("{}{OPENID}", server.issuer()).as_str()).client("svc", "secret")).unwrap();
    let error = client.metadata().unwrap_err();
    assert!(error.code() == "rule_violation" && error.hint().unwrap().contains("name it beside"), "{error}");
}

fn beside_a_documents_url_the_caller_may_name_the_issuer(face: Face) {
    let server = Server::builder().set_metadata("issuer", "https://login.example").start();
    let at = |issuer: &str| Where::DocumentUrl { url: server.url(OPENID), issuer: Some(issuer.to_owned()) };
    let client = client!(face, discover(at("https://login.example")).client("svc", "secret")).unwrap();
    client.token(ClientCredentials::new()).unwrap();
    let client = client!(face, discover(at("https://other.example")).client("svc", "secret")).unwrap();
    assert_eq!(client.metadata().unwrap_err().code(), "rule_violation");
}

fn a_server_reached_under_another_name_needs_the_policy_that_says_so(face: Face) {
    let server = Server::builder().set_metadata("issuer", "https://login.example").start();
    let strict = client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap();
    assert!(strict.metadata().unwrap_err().hint().unwrap().contains("ReachedAs"));
    let policy = |issuer: &str| IssuerPolicy::ReachedAs { issuer: issuer.to_owned() };
    let right = client!(
        face,
        discover(server.issuer().as_str()).client("svc", "secret").issuer_policy(policy("https://login.example"))
    )
    .unwrap();
    right.token(ClientCredentials::new()).unwrap();
    let wrong = client!(
        face,
        discover(server.issuer().as_str()).client("svc", "secret").issuer_policy(policy("https://evil.example"))
    )
    .unwrap();
    assert_eq!(wrong.metadata().unwrap_err().code(), "rule_violation");
}

fn entras_template_needs_the_policy_that_says_so(face: Face) {
    let server = Server::builder().issuer_path("/common/v2.0").start();
    let template = server.url("/{tenantid}/v2.0");
    server.misbehave(Endpoint::Metadata, Misbehaviour::SetMember("issuer".into(), template.into()));
    let strict = client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap();
    assert!(strict.metadata().unwrap_err().hint().unwrap().contains("EntraTenant"));
    let client = client!(
        face,
        discover(server.issuer().as_str()).client("svc", "secret").issuer_policy(IssuerPolicy::EntraTenant)
    )
    .unwrap();
    assert!(client.metadata().unwrap().issuer_is_template());
    client.token(ClientCredentials::new()).unwrap();
}

fn metadata_is_fetched_again_after_its_lifetime(face: Face) {
    let server = Server::start();
    let client =
        client!(face, discover(server.issuer().as_str()).client("svc", "secret").metadata_lifetime(Duration::ZERO))
            .unwrap();
    for count in 1..=3 {
        client.metadata().unwrap();
        assert_eq!(server.count(Endpoint::Metadata), count);
    }
}

fn the_last_document_serves_on_while_the_server_fails(face: Face) {
    let server = Server::start();
    let client =
        client!(face, discover(server.issuer().as_str()).client("svc", "secret").metadata_lifetime(Duration::ZERO))
            .unwrap();
    let first = client.metadata().unwrap();
    for misbehaviour in [status(503), Misbehaviour::WrongIssuer("https://evil.example".into())] {
        server.misbehave(Endpoint::Metadata, misbehaviour);
        assert_eq!(client.metadata().unwrap(), first);
        client.token(ClientCredentials::new()).unwrap();
    }
    // A server that fails is left alone for a while.
    assert_eq!(server.count(Endpoint::Metadata), 2);
}

fn a_failure_is_never_kept(face: Face) {
    let server = Server::start();
    let client = client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap();
    for misbehaviour in [status(500), Misbehaviour::Reset, Misbehaviour::Html, status(404)] {
        server.misbehave(Endpoint::Metadata, misbehaviour);
        client.metadata().unwrap_err();
    }
    server.behave(Endpoint::Metadata);
    client.token(ClientCredentials::new()).unwrap();
}

fn many_callers_at_once_make_one_fetch(face: Face) {
    let server = Server::start();
    let client = client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap();
    let hold = server.hold(Endpoint::Metadata);
    let started = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..32)
        .map(|_| {
            let (client, started) = (client.clone(), Arc::clone(&started));
            thread::spawn(move || {
                started.fetch_add(1, Ordering::SeqCst);
                client.metadata().unwrap()
            })
        })
        .collect();
    while started.load(Ordering::SeqCst) < 32 {
        thread::yield_now();
    }
    assert!(hold.wait_for(1));
    hold.release();
    let documents: Vec<_> = callers.into_iter().map(|caller| caller.join().unwrap()).collect();
    assert!(documents.iter().all(|document| Arc::ptr_eq(document, &documents[0])));
    assert_eq!(server.count(Endpoint::Metadata), 1);
}

fn an_endpoint_that_is_given_stands_in_the_documents_place(face: Face) {
    let (server, other) = (Server::start(), Server::start());
    let client =
        client!(face, discover(server.issuer().as_str()).client("svc", "secret").token_endpoint(other.url("/token")))
            .unwrap();
    let token = client.token(ClientCredentials::new()).unwrap();
    assert_eq!((server.count(Endpoint::Token), other.count(Endpoint::Token)), (0, 1));
    // The others are the document's still.
    assert!(!client.introspect(&token).unwrap().active);
    assert_eq!(server.count(Endpoint::Introspection), 1);
}

fn a_literal_configuration_works_with_nothing_but_a_token_endpoint(face: Face) {
    let server = Server::start();
    let client = client!(face, at(server.url("/token")).client("svc", "secret")).unwrap();
    let token = client.token(ClientCredentials::new().scope("a")).unwrap();
    for (error, member) in [
        (client.introspect(&token).unwrap_err(), "introspection_endpoint"),
        (client.revoke(&token).unwrap_err(), "revocation_endpoint"),
        (
            client.start(AuthorizationRequest::new().redirect_uri("http://127.0.0.1/callback")).unwrap_err(),
            "authorization_endpoint",
        ),
    ] {
        assert!(error.code() == "configuration" && error.to_string().contains(member), "{error}");
    }
    assert_eq!(server.requests().len(), 1);
    let more = client!(
        face,
        at(server.url("/token"))
            .client("svc", "secret")
            .introspection_endpoint(server.url("/introspect"))
            .revocation_endpoint(server.url("/revoke"))
    )
    .unwrap();
    assert!(more.introspect(&token).unwrap().active);
    more.revoke(&token).unwrap();
    assert_eq!(server.count(Endpoint::Metadata), 0);
}

fn the_document_itself_may_be_handed_over(face: Face) {
    let server = Server::start();
    let document = faces::walk(&server.url(OPENID)).2;
    server.clear_log();
    let metadata = AuthorizationServer::parse(document.as_bytes()).unwrap();
    let client = client!(face, with_metadata(metadata.clone()).client("svc", "secret")).unwrap();
    client.token(ClientCredentials::new()).unwrap();
    assert_eq!(server.count(Endpoint::Metadata), 0);
}

fn an_endpoint_in_plain_http_elsewhere_gets_no_credential(face: Face) {
    let server = Server::builder().set_metadata("token_endpoint", "http://as.example/token").start();
    let client = client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap();
    let error = client.token(ClientCredentials::new()).unwrap_err();
    assert!(error.code() == "configuration" && error.to_string().contains("the token_endpoint is http"), "{error}");
}
