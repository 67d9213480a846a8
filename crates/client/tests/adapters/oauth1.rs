//! Requests that OAuth 1.0 signs, by other HTTP clients: what is signed is what is sent (RFC 5849 section 3.4.1).

use grantee::blocking;
use grantee::oauth1::{Client, Placement, Plaintext, Signing, token_credentials};
use grantee::{Session, Token};
use grantor::{Endpoint, Server};

/// What HTTP clients are known to write otherwise, or might.
const TARGETS: [&str; 14] = [
    "/a%20b/%C3%A9/~-._",
    "/%2F/..%2f?x=%2f",
    "/p?a=b&a=a&a&&=c",
    "/p?a!b=c*d'(e)&%FF=1&x=%zz",
    "/p;v=1/$&+,:@'?a=/?:@!$'()*,;",
    "/p|q{r}^s[t]",
    "/p?x={y}|[z]^\\`",
    "/a/../b/./c",
    "/a/%2e%2e/x",
    "/?",
    "/?a?b=c?",
    "//x//",
    "/p?a=b+c%2Bd#fragment",
    "/p?realm=mine&Oauth_token=x",
];

fn token(server: &Server) -> Token {
    let issued = server.issue_oauth1("consumer", "alice");
    token_credentials::token(issued.token, issued.secret)
}

fn signed(server: &Server, signing: Signing) -> Session {
    let client = Client::builder("consumer", "secret").signing(signing).build().unwrap();
    client.session_of(token(server)).allow_origin(&server.url("")).unwrap().build().unwrap()
}

fn blocking(server: &Server, signing: Signing) -> blocking::Session {
    let client = blocking::oauth1::Client::builder("consumer", "secret").signing(signing).build().unwrap();
    client.session_of(token(server)).allow_origin(&server.url("")).unwrap().build().unwrap()
}

#[cfg(feature = "reqwest-middleware")]
mod reqwest_middleware {
    use super::*;
    use ::reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

    fn with(session: &Session) -> ClientWithMiddleware {
        ClientBuilder::new(reqwest::Client::new()).with(session.middleware()).build()
    }

    #[tokio::test]
    async fn reqwest_sends_what_was_signed() {
        let server = Server::start();
        let client = with(&signed(&server, Signing::new()));
        for target in TARGETS {
            let url = server.url(&format!("/oauth1/api{target}"));
            let answer = client.get(&url).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{target}: {}", answer.text().await.unwrap());
            let answer = client.get(url.replace("127.0.0.1", "127.1")).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{target}");
            let answer = client.put(&url).header("content-type", "text/plain").body("hello").send().await.unwrap();
            assert!(answer.text().await.unwrap().contains("\"body_hash\":\""), "{target}");
            let form = client.post(&url).header("content-type", "application/x-www-form-urlencoded");
            let answer = form.body("a=%2f&b+c=d&%ff&").send().await.unwrap();
            assert_eq!(answer.status(), 200, "{target}: {}", answer.text().await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_signature_goes_into_the_header_alone_since_reqwest_takes_query_and_body_along_to_other_hosts() {
        let server = Server::start();
        for placement in [Placement::Query, Placement::Body] {
            let client = with(&signed(&server, Signing::new().method(Plaintext).placement(placement)));
            let error = client.post(server.url("/oauth1/api/x")).send().await.unwrap_err();
            let ::reqwest_middleware::Error::Middleware(error) = error else { panic!("{error}") };
            assert!(matches!(error.downcast_ref(), Some(grantee::Error::Config(_))), "{error}");
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
        assert!(server.requests().is_empty());
    }

    #[tokio::test]
    async fn reqwest_drops_the_signature_when_it_follows_a_redirect_to_another_host() {
        let (server, other) = (Server::start(), Server::start());
        let client = with(&signed(&server, Signing::new().method(Plaintext)));
        let to = other.url("/public/x");
        let answer = client.get(format!("{}?to={to}", server.url("/oauth1/api/redirect"))).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let seen = format!("{:?}", other.requests());
        assert!(!seen.contains("oauth_") && !seen.contains("secret"), "{seen}");
        assert_eq!(server.count(Endpoint::OAuth1Api), 1);
    }
}

#[cfg(feature = "tower")]
mod tower {
    use super::*;
    use ::tower::{Layer, ServiceExt};
    use bytes::Bytes;
    use http_body_util::{BodyExt as _, Full};
    use hyper_util::client::legacy::Client as Hyper;
    use hyper_util::rt::TokioExecutor;

    #[tokio::test]
    async fn hyper_sends_what_was_signed() {
        let server = Server::start();
        let hyper = Hyper::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let service = signed(&server, Signing::new()).layer().layer(hyper);
        for target in TARGETS {
            let url = server.url(&format!("/oauth1/api{target}"));
            let request = http::Request::get(url).body(Full::<Bytes>::default()).unwrap();
            let answer = service.clone().oneshot(request).await.unwrap();
            let status = answer.status();
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(status, 200, "{target}: {body:?}");
        }
    }

    #[tokio::test]
    async fn what_can_not_be_signed_without_its_body_is_not_sent() {
        let server = Server::start();
        for (signing, kind) in [
            (Signing::new(), "text/plain"),
            (Signing::new().without_body_hash(), "application/x-www-form-urlencoded"),
            (Signing::new().placement(Placement::Query).without_body_hash(), "text/plain"),
            (Signing::new().placement(Placement::Body), "application/x-www-form-urlencoded"),
        ] {
            let hyper = Hyper::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
            let service = signed(&server, signing).layer().layer(hyper);
            let request = http::Request::post(server.url("/oauth1/api/x")).header("content-type", kind);
            let error = service.oneshot(request.body(Full::from("a=b")).unwrap()).await.unwrap_err();
            assert!(matches!(error.downcast_ref(), Some(grantee::Error::Config(_))), "{error}");
        }
        assert!(server.requests().is_empty());
    }
}

#[test]
fn ureq_sends_what_was_signed() {
    let server = Server::start();
    let settings = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    let agent: ureq::Agent = settings.middleware(blocking(&server, Signing::new()).middleware()).build().into();
    for target in TARGETS {
        let url = server.url(&format!("/oauth1/api{target}"));
        let mut answer = agent.get(url).call().unwrap();
        assert_eq!(answer.status(), 200, "{target}: {}", answer.body_mut().read_to_string().unwrap());
    }
}

#[test]
fn ureq_sends_no_form_that_was_not_signed() {
    let server = Server::start();
    let settings = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    let agent: ureq::Agent =
        settings.middleware(blocking(&server, Signing::new().without_body_hash()).middleware()).build().into();
    let error = agent.post(server.url("/oauth1/api/x")).send_form([("a", "b")]).unwrap_err();
    let ureq::Error::Other(error) = error else { panic!("{error}") };
    assert!(matches!(error.downcast_ref(), Some(grantee::Error::Config(_))), "{error}");
    assert!(server.requests().is_empty());
}
