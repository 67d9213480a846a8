//! An API's authorization server found from its 401, in both faces, over real connections.

mod faces;

use faces::{Face, RUNTIME, in_both_faces};
use grantee::error::TransportErrorKind;
use grantee::{Error, ResourceLookup, Result, Trust, blocking};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};

in_both_faces! {
    a_401_leads_to_the_server,
    an_api_at_a_local_address_is_not_asked_unless_allowed,
    a_client_of_ones_own_server_looks_too,
}

/// An API that answers each request with 401, but for its metadata.
fn api() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(std::io::Result::ok) {
            let mut read = [0; 4096];
            let count = stream.read(&mut read).unwrap_or(0);
            let body = format!(
                r#"{{"resource":"http://{address}/v1","authorization_servers":["https://as.example"],"scopes_supported":["a"]}}"#
            );
            let answer = if read[..count].starts_with(b"GET /meta ") || read[..count].starts_with(b"GET /.well-known/")
            {
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
            } else {
                format!(
                    "HTTP/1.1 401 No\r\nwww-authenticate: DPoP scope=\"b\", resource_metadata=\"http://{address}/meta\"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                )
            };
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

/// The error of a call without a token, and what an API client then finds.
fn found(face: Face, base: &str, find: impl Fn(&Error) -> ResourceLookup) -> Result<grantee::FoundResource> {
    match face {
        Face::Async => RUNTIME.block_on(async {
            let api = grantee::ApiClient::new(base).unwrap();
            let refused = api.get("orders").send().await.unwrap_err();
            api.find_resource(&find(&refused)).await
        }),
        Face::Blocking => {
            let api = blocking::ApiClient::new(base).unwrap();
            let refused = api.get("orders").send().unwrap_err();
            api.find_resource(&find(&refused))
        }
    }
}

fn trust() -> Trust {
    Trust::issuers(["https://as.example"])
}

fn a_401_leads_to_the_server(face: Face) {
    let base = format!("http://{}/v1", api());
    let found = found(face, &base, |refused| {
        ResourceLookup::new(&base, trust()).challenged_by_error(refused).unwrap().allow_private_addresses()
    });
    let found = found.unwrap();
    assert_eq!((found.resource.as_str(), found.issuer.as_str()), (base.as_str(), "https://as.example"));
    assert_eq!(found.scope, "b".into());
}

fn an_api_at_a_local_address_is_not_asked_unless_allowed(face: Face) {
    let base = format!("http://{}/v1", api());
    let refused = |outcome: Result<grantee::FoundResource>| match outcome {
        Err(Error::Transport(error)) => assert_eq!(error.kind, TransportErrorKind::NotPublic),
        other => panic!("{other:?}"),
    };
    refused(found(face, &base, |error| ResourceLookup::new(&base, trust()).challenged_by_error(error).unwrap()));
    match face {
        Face::Async => RUNTIME.block_on(async {
            let api = grantee::ApiClient::new(&base).unwrap();
            let error = api.get("orders").send().await.unwrap_err();
            refused(api.resource_of(&error, trust()).await);
            assert!(grantee::Client::for_resource(&base, trust()).await.is_err());
        }),
        Face::Blocking => {
            let api = blocking::ApiClient::new(&base).unwrap();
            let error = api.get("orders").send().unwrap_err();
            refused(api.resource_of(&error, trust()));
            assert!(blocking::Client::for_resource(&base, trust()).is_err());
        }
    }
}

fn a_client_of_ones_own_server_looks_too(face: Face) {
    let base = format!("http://{}/v1", api());
    let lookup = ResourceLookup::new(&base, trust()).allow_private_addresses();
    let found = match face {
        Face::Async => RUNTIME.block_on(async {
            let client = grantee::Client::at("https://as.example/token").client("svc", "s").build().unwrap();
            client.find_resource(&lookup).await
        }),
        Face::Blocking => {
            let client = blocking::Client::at("https://as.example/token").client("svc", "s").build().unwrap();
            client.find_resource(&lookup)
        }
    };
    assert_eq!(found.unwrap().scope, "a".into());
}
