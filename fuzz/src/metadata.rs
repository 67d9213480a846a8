//! A metadata document from any server.

use crate::property::{is_exact, is_presentable};
use grantee_core::metadata::AuthorizationServer;

/// The bytes are the document.
pub fn metadata(data: &[u8]) {
    let server = match AuthorizationServer::parse(data) {
        Ok(server) => server,
        Err(error) => return is_presentable(&error),
    };
    for endpoint in ["authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint", "vendor_endpoint"]
    {
        if let Some(text) = server.endpoint(endpoint) {
            let url = url::Url::parse(text).expect("an endpoint is an absolute URL");
            assert!(matches!(url.scheme(), "https" | "http") && url.host().is_some(), "{url}");
            assert!(url.fragment().is_none() && url.username().is_empty() && url.password().is_none(), "{url}");
        }
    }
    if let Err(error) = server.require("token_endpoint") {
        is_presentable(&error);
    }
    assert!(server.ignored.iter().all(|line| line.len() < 1024 && !line.chars().any(char::is_control)));
    if let Some(issuer) = server.token_issuer(Some("00000000-aaaa")) {
        assert!(!issuer.contains("{tenantid}"));
    }

    if server.extra.values().all(is_exact) {
        let written = serde_json::to_vec(&server).expect("what was read can be written");
        let mut again = AuthorizationServer::parse(&written).expect("and read again");
        again.ignored.clone_from(&server.ignored);
        assert_eq!(again, server);
    }
    assert_eq!(AuthorizationServer::default().overridden_by(&server).issuer, server.issuer);
}
