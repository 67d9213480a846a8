//! A person's login: code with PKCE.

use grantee_interop::{Auth, Server, plain};

use crate::face::{ALL, Face, Setup, Tokens, through_each_face};

through_each_face!(
    a_login_brings_tokens_that_the_api_takes,
    a_login_needs_no_metadata,
    somebody_who_refuses_is_an_error_of_the_server,
);

#[track_caller]
fn is_good(server: &Server, tokens: &Tokens) {
    assert!(tokens.token_type.eq_ignore_ascii_case("bearer"), "{tokens:?}");
    let lifetime = tokens.expires_in.unwrap_or_default();
    assert!((server.access_token_lifetime - 20..=server.access_token_lifetime).contains(&lifetime), "{tokens:?}");
    assert!(tokens.refresh_token.is_some(), "{tokens:?}");
    assert_eq!(tokens.id_token.is_some(), server.scope.contains("openid"), "{tokens:?}");
    assert!(tokens.scope.iter().any(|word| word == "read"), "{tokens:?}");
    assert_eq!(plain::get(&server.api, &tokens.access_token).status, 200);
}

fn a_login_brings_tokens_that_the_api_takes<F: Face>(server: &Server) {
    for auth in ALL {
        is_good(server, &F::new(&Setup::new(server, auth)).log_in().expect("a login"));
    }
}

fn a_login_needs_no_metadata<F: Face>(server: &Server) {
    is_good(server, &F::new(&Setup::new(server, Auth::ClientSecretBasic).literal()).log_in().expect("a login"));
}

fn somebody_who_refuses_is_an_error_of_the_server<F: Face>(server: &Server) {
    if server.name == "glewlwyd" {
        return; // its own page does that without asking the server
    }
    let failure = F::new(&Setup::new(server, Auth::None)).log_in_with(&[("ui", "deny")]).expect_err("a refusal");
    assert_eq!(failure.code, "server_error_response", "{failure:?}");
    assert_eq!((failure.server_error.as_deref(), failure.status), (Some("access_denied"), None), "{failure:?}");
}
