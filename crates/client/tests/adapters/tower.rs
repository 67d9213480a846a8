use super::{counts, proof, session};
use bytes::Bytes;
use grantee::adapters::{Authorization, CloneBody};
use grantor::Server;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper_util::client::legacy::Client as Hyper;
use hyper_util::rt::TokioExecutor;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tower::{Layer, ServiceExt, service_fn};

type Body = Full<Bytes>;
type Connector = hyper_util::client::legacy::connect::HttpConnector;

fn hyper() -> Hyper<Connector, Body> {
    Hyper::builder(TokioExecutor::new()).build_http()
}

fn post(server: &Server, path: &str) -> Request<Body> {
    Request::post(server.url(path)).header("x-a", "b").body(Full::from("hello")).unwrap()
}

async fn text<B: http_body_util::BodyExt<Error: std::fmt::Debug, Data = Bytes>>(answer: Response<B>) -> String {
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn a_rejected_token_is_renewed_and_the_request_sent_once_more() {
    let server = Server::start();
    let service: Authorization<_, CloneBody> = session(&server).layer().layer(hyper());
    assert_eq!(service.clone().oneshot(post(&server, "/api/x")).await.unwrap().status(), 200);
    server.expire_access_tokens();
    let answer = service.oneshot(post(&server, "/api/y")).await.unwrap();
    assert_eq!(answer.status(), 200);
    let echo = text(answer).await;
    assert!(echo.contains(r#""body":"hello""#) && echo.contains(r#""x-a":"b""#), "{echo}");
    assert_eq!(counts(&server), (2, 3));
}

#[tokio::test]
async fn a_body_that_cannot_be_copied_gets_its_401_and_the_next_request_a_new_token() {
    let server = Server::start();
    let layer = session(&server).layer();
    let services = [
        layer.clone().without_replay().layer(hyper()).boxed_clone(),
        layer.replay_with(|_: &Body| None).layer(hyper()).boxed_clone(),
    ];
    for service in services {
        assert_eq!(service.clone().oneshot(post(&server, "/api/x")).await.unwrap().status(), 200);
        server.expire_access_tokens();
        let refused = service.clone().oneshot(post(&server, "/api/x")).await.unwrap();
        assert_eq!(refused.status(), 401);
        assert!(refused.headers().contains_key("www-authenticate"));
        assert_eq!(service.oneshot(post(&server, "/api/x")).await.unwrap().status(), 200);
    }
    assert_eq!(counts(&server), (3, 6));
}

#[tokio::test]
async fn a_second_401_and_other_challenges_are_answers() {
    let server = Server::start();
    let service = session(&server).layer().layer(hyper());
    let status = async |path: &str| service.clone().oneshot(post(&server, path)).await.unwrap().status().as_u16();
    assert_eq!((status("/api/scope/write").await, status("/api/step-up").await), (403, 401));
    assert_eq!(counts(&server), (1, 2));
    assert_eq!(status("/api/challenge?with=Bearer").await, 401);
    assert_eq!(counts(&server), (2, 4));
}

#[tokio::test]
async fn the_token_goes_to_named_origins_only() {
    let (server, other) = (Server::start(), Server::start());
    let layer = session(&server).layer();
    let refused = layer.clone().layer(hyper()).oneshot(post(&other, "/public/x")).await.unwrap_err();
    assert!(matches!(refused.downcast_ref(), Some(grantee::Error::Config(_))), "{refused}");
    assert!(other.requests().is_empty());
    let passed = layer.pass_other_origins().layer(hyper()).oneshot(post(&other, "/public/x")).await.unwrap();
    assert_eq!(passed.status(), 200);
    assert_eq!(other.requests()[0].header("authorization"), None);
    assert_eq!(counts(&server), (0, 0));
}

#[tokio::test]
async fn a_path_alone_goes_where_host_says() {
    let server = Server::start();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let below = {
        let seen = Arc::clone(&seen);
        service_fn(move |request: Request<()>| {
            let header = request.headers().get("authorization").map(|header| header.is_sensitive());
            seen.lock().unwrap().push((request.uri().to_string(), header));
            std::future::ready(Ok::<_, Infallible>(Response::new(())))
        })
    };
    let service = session(&server).layer().layer(below);
    let get = |host: &str| Request::get("/api/x").header("host", host).body(()).unwrap();
    service.clone().oneshot(get(&format!("127.0.0.1:{}", server.port()))).await.unwrap();
    service.oneshot(get("other.example")).await.unwrap_err();
    assert_eq!(*seen.lock().unwrap(), [("/api/x".to_owned(), Some(true))]);
}

#[tokio::test]
async fn no_token_no_request() {
    let server = Server::start();
    server.misbehave(grantor::Endpoint::Token, grantor::Misbehaviour::Status { status: 503, retry_after: Some(9) });
    let error = session(&server).layer().layer(hyper()).oneshot(post(&server, "/api/x")).await.unwrap_err();
    let error = error.downcast_ref::<grantee::Error>().unwrap();
    assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE.as_u16()));
    assert_eq!(counts(&server), (1, 0));
}

#[tokio::test]
async fn a_proof_is_made_for_each_sending_and_a_nonce_put_in_where_it_is_demanded() {
    let (server, api) = (Server::start(), Arc::new(proof::Api::default()));
    let url = format!("http://{}/x?y=z", api.serve());
    let service = proof::session(&server, &url).layer().layer(hyper());
    let request = Request::post(&url).body(Full::from("hello")).unwrap();
    assert_eq!(service.oneshot(request).await.unwrap().status(), 200);
    api.assert_four(&format!("POST {url}"), "hello");
    assert_eq!(counts(&server).0, 2);
}

#[tokio::test]
async fn a_proof_is_for_the_whole_uri_where_the_request_has_a_path_alone() {
    let (server, api) = (Server::start(), Arc::new(proof::Api::default()));
    let below = {
        let api = Arc::clone(&api);
        service_fn(move |request: Request<&'static str>| {
            assert_eq!(request.uri(), "/x?y=z");
            let header = |name: &str| request.headers()[name].to_str().unwrap();
            let (status, (name, value)) = api.judge(header("authorization"), header("x-proof"), request.body());
            std::future::ready(Response::builder().status(status).header(name, value).body(()))
        })
    };
    let service = proof::session(&server, "https://api.example").layer().layer(below);
    let request = Request::post("/x?y=z").header("host", "api.example").body("hello").unwrap();
    assert_eq!(service.oneshot(request).await.unwrap().status(), 200);
    api.assert_four("POST https://api.example/x?y=z", "hello");
}
