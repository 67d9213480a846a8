//! Where the endpoints come from.

use grantee_interop::{Auth, Server};

use crate::face::{Face, Setup, through_each_face};

through_each_face!(the_metadata_are_those_of_the_issuer_asked, a_documents_own_url_serves_as_well);

fn the_metadata_are_those_of_the_issuer_asked<F: Face>(server: &Server) {
    let setup = Setup::new(server, Auth::None);
    let Some(issuer) = &server.issuer else {
        // No document by either well-known form: that is said, with what to do.
        let server = Server { issuer: Some(server.base.clone()), ..server.clone() };
        let failure = F::new(&Setup::new(&server, Auth::None)).metadata().expect_err("there are no metadata");
        assert_eq!((failure.code.as_str(), failure.status), ("http_status", Some(404)), "{failure:?}");
        assert!(failure.hint.as_deref().is_some_and(|hint| hint.contains("endpoints literally")), "{failure:?}");
        return;
    };
    let metadata = F::new(&setup).metadata().expect("metadata");
    assert_eq!(metadata["issuer"], issuer.as_str());
    for (name, endpoint) in [
        ("authorization_endpoint", &server.authorization_endpoint),
        ("token_endpoint", &server.token_endpoint),
        ("introspection_endpoint", &server.introspection_endpoint),
        ("revocation_endpoint", &server.revocation_endpoint),
        ("userinfo_endpoint", &server.api),
    ] {
        assert_eq!(metadata[name], endpoint.as_str(), "{name}");
    }
    let supported = metadata["code_challenge_methods_supported"].as_array().expect("a list");
    assert!(supported.iter().any(|method| method == "S256"), "{supported:?}");
}

fn a_documents_own_url_serves_as_well<F: Face>(server: &Server) {
    let Some(issuer) = server.issuer.as_deref() else {
        return; // it has none
    };
    // oidc-provider has no path in its issuer, and serves both well-known forms; Glewlwyd has the OpenID Connect one.
    let other = (server.name == "oidc-provider").then_some("oauth-authorization-server");
    for form in ["openid-configuration"].into_iter().chain(other) {
        let there = Server { issuer: Some(format!("{issuer}/.well-known/{form}")), ..server.clone() };
        let metadata = F::new(&Setup::new(&there, Auth::None)).metadata().expect("metadata");
        assert_eq!(metadata["issuer"], issuer, "{form}");
    }
}
