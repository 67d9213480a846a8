//! Our own HTTP clients keep the contract that a stranger's can be tested against.

use grantee::ReqwestHttp;
use grantee::blocking::{self, UreqHttp};
use grantee::contract::http::{run, run_blocking};
use grantee::error::{TransportError, TransportErrorKind as Kind};
use grantee::ports::{Limits, PublicOnly, Request, Response};

#[tokio::test]
async fn the_async_faces_own_client_keeps_the_contract() {
    let client = grantee::Client::at("http://127.0.0.1:1/token").client("svc", "secret").build().unwrap();
    run(&*client.core().ports().http).await;
}

#[tokio::test]
async fn a_reqwest_client_of_ones_own_keeps_it_with_redirects_off() {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    run(&ReqwestHttp::new(client)).await;
}

#[tokio::test]
async fn a_reqwest_client_that_follows_redirects_tells_where_it_landed() {
    run(&ReqwestHttp::new(reqwest::Client::builder().no_proxy().build().unwrap())).await;
}

#[test]
fn the_blocking_faces_own_client_keeps_the_contract() {
    let client = grantee::blocking::Client::at("http://127.0.0.1:1/token").client("svc", "secret").build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(run(&*client.core().ports().http));
}

#[test]
fn a_ureq_agent_of_ones_own_keeps_it_with_redirects_off() {
    let config = ureq::Agent::config_builder().proxy(None).max_redirects(0).http_status_as_error(false);
    run_blocking(&UreqHttp::new(config.allow_non_standard_methods(true).build().into()));
}

/// A client that breaks one rule. The suite must say which.
struct Faulty(UreqHttp, fn(&UreqHttp, Request) -> Result<Response, TransportError>);

impl blocking::Http for Faulty {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.1(&self.0, request)
    }
}

fn rule_broken_by(fault: fn(&UreqHttp, Request) -> Result<Response, TransportError>) -> String {
    let config = ureq::Agent::config_builder().proxy(None).max_redirects(0).http_status_as_error(false);
    let http = Faulty(UreqHttp::new(config.allow_non_standard_methods(true).build().into()), fault);
    let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run_blocking(&http))).unwrap_err();
    let text = broken.downcast_ref::<String>().cloned();
    text.unwrap_or_else(|| (*broken.downcast_ref::<&str>().unwrap()).to_owned())
}

#[test]
fn the_suite_says_which_rule_is_broken() {
    use blocking::Http as _;
    type Fault = fn(&UreqHttp, Request) -> Result<Response, TransportError>;
    let faults: [(&str, Fault); 10] = [
        ("any status is an answer", |http, request| {
            let answer = http.send(request)?;
            let status = answer.http.status();
            if status.is_success() { Ok(answer) } else { Err(TransportError::new(Kind::Broken, status)) }
        }),
        ("the body arrives byte for byte", |http, mut request| {
            *request.body_mut() = request.body().to_ascii_lowercase().into();
            http.send(request)
        }),
        ("x-repeated arrives as it is", |http, mut request| {
            if request.headers().contains_key("x-repeated") {
                request.headers_mut().insert("x-repeated", http::HeaderValue::from_static("one"));
            }
            http.send(request)
        }),
        ("authorization is not added", |http, mut request| {
            request.headers_mut().entry("authorization").or_insert(http::HeaderValue::from_static("Basic x"));
            http.send(request)
        }),
        ("the URL that answered is told", |http, request| {
            let answer = http.send(request)?;
            Ok(Response { url: String::new(), ..answer })
        }),
        ("the URL it led to is told", |_, request| {
            let asked = request.uri().to_string();
            let config = ureq::Agent::config_builder().proxy(None).http_status_as_error(false);
            let follower = UreqHttp::new(config.allow_non_standard_methods(true).build().into());
            Ok(Response { url: asked, ..follower.send(request)? })
        }),
        ("a larger body is refused", |http, mut request| {
            if let Some(limits) = request.extensions_mut().get_mut::<Limits>() {
                limits.body += 1;
            }
            http.send(request)
        }),
        ("where nobody listens is Connect", |http, request| {
            http.send(request).map_err(|error| match error.kind {
                Kind::Connect => TransportError::new(Kind::Broken, "?"),
                _ => error,
            })
        }),
        ("a PublicOnly request connects to no private address", |http, mut request| {
            request.extensions_mut().remove::<PublicOnly>();
            http.send(request)
        }),
        ("a request is sent once", |http, request| {
            let again = request.clone();
            http.send(request).or_else(|_| http.send(again))
        }),
    ];
    for (rule, fault) in faults {
        let said = rule_broken_by(fault);
        assert!(said.contains(rule), "instead of «{rule}»: {said}");
    }
}
