//! The API client, each rule in both faces: `api/cases.rs` is compiled once for each.

mod recorder;

mod in_the_async_face {
    use grantee::{ApiClient, Client, SessionBuilder};
    use std::sync::LazyLock;

    static RUNTIME: LazyLock<tokio::runtime::Runtime> =
        LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

    fn enter() -> tokio::runtime::EnterGuard<'static> {
        RUNTIME.enter()
    }

    fn run<T>(call: impl Future<Output = T>) -> T {
        RUNTIME.block_on(call)
    }

    include!("api/cases.rs");

    #[test]
    fn a_source_of_ones_own_may_be_awaited() {
        let (recorder, api) = recorded();
        let api = api.authenticate_with_async(|mut request: Request| async move {
            tokio::task::yield_now().await;
            request.headers_mut().insert("x-key", http::HeaderValue::from_static("s3cret"));
            Ok(request)
        });
        run(api.get("x").send()).unwrap();
        assert_eq!(recorder.sent(), ["GET https://api.example/v1/x\nx-key: s3cret\n\n"]);
    }

    #[test]
    fn what_send_returns_is_send() {
        fn is_send<T: Send>(value: T) -> T {
            value
        }
        drop(is_send(recorded().1.get("x").send()));
    }

    #[tokio::test]
    async fn a_token_that_renews_retries_and_is_kept_takes_eight_lines() {
        let (server, directory) = (grantor::Server::start(), tempfile::tempdir().unwrap());
        let (issuer, base, file) = (server.issuer(), server.url("/api"), directory.path().join("tokens.json"));
        async fn program(issuer: &str, base: &str, file: &std::path::Path) -> grantee::Result<String> {
            use grantee::{Client, ClientCredentials, stores::File};
            let client = Client::discover(issuer).client("svc", "secret").build()?;
            let session = client.session(ClientCredentials::new().scope("orders")).store(File::at(file)?);
            let api = session.api(base)?;
            api.get("orders/open").send().await?.text()
        }
        for _ in 0..2 {
            assert!(program(&issuer, &base, &file).await.unwrap().contains("/api/orders/open"));
        }
        assert_eq!(server.count(grantor::Endpoint::Token), 1);
    }
}

mod in_the_blocking_face {
    use grantee::blocking::{ApiClient, Client, SessionBuilder};

    /// The blocking face has nothing to enter.
    struct Nothing;

    fn enter() -> Nothing {
        Nothing
    }

    fn run<T>(outcome: T) -> T {
        outcome
    }

    include!("api/cases.rs");

    #[test]
    fn a_token_that_renews_retries_and_is_kept_takes_eight_lines() {
        let (server, directory) = (grantor::Server::start(), tempfile::tempdir().unwrap());
        let (issuer, base, file) = (server.issuer(), server.url("/api"), directory.path().join("tokens.json"));
        fn program(issuer: &str, base: &str, file: &std::path::Path) -> grantee::Result<String> {
            use grantee::{ClientCredentials, blocking::Client, stores::File};
            let client = Client::discover(issuer).client("svc", "secret").build()?;
            let session = client.session(ClientCredentials::new().scope("orders")).store(File::at(file)?);
            let api = session.api(base)?;
            api.get("orders/open").send()?.text()
        }
        for _ in 0..2 {
            assert!(program(&issuer, &base, &file).unwrap().contains("/api/orders/open"));
        }
        assert_eq!(server.count(grantor::Endpoint::Token), 1);
    }
}
