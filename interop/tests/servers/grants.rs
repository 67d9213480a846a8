//! The other grants.

use grantee_interop::server::PASSWORD;
use grantee_interop::{Server, plain};

use crate::face::{ALL, Face, Setup, through_each_face};

through_each_face!(
    client_credentials_for_those_who_may,
    a_password_for_those_who_may,
    a_refresh_rotates_and_reuse_ends_the_family,
);

fn client_credentials_for_those_who_may<F: Face>(server: &Server) {
    for auth in ALL {
        let setup = Setup::new(server, auth);
        let outcome = F::new(&setup).client_credentials("read");
        if !setup.client.client_credentials {
            let failure = outcome.expect_err("a public client can't");
            let error = failure.server_error.as_deref();
            // oidc-provider and Authlib differ in what they call it, Glewlwyd does not call it anything.
            assert!(
                matches!(error, None | Some("unauthorized_client" | "invalid_client" | "invalid_request")),
                "{failure:?}"
            );
            assert_eq!(error.is_some(), server.explains_errors, "{failure:?}");
            continue;
        }
        let tokens = outcome.expect("a token");
        assert_eq!(tokens.scope, ["read"]);
        assert!(
            tokens.expires_in.is_some() && tokens.refresh_token.is_none() && tokens.id_token.is_none(),
            "{tokens:?}"
        );
        if let Some(api) = &server.service_api {
            assert_eq!(plain::get(api, &tokens.access_token).status, 200);
        }
    }
}

fn a_password_for_those_who_may<F: Face>(server: &Server) {
    for auth in ALL {
        let setup = Setup::new(server, auth);
        let face = F::new(&setup);
        let outcome = face.password(PASSWORD);
        if setup.client.password {
            let tokens = outcome.expect("a token");
            assert_eq!(plain::get(&server.api, &tokens.access_token).status, 200);
            assert!(tokens.refresh_token.is_some(), "{tokens:?}");
            let error = if server.name == "authlib" { "invalid_request" } else { "invalid_grant" };
            face.password("wrong").expect_err("a wrong password").is_refusal(server, error);
        } else {
            outcome.expect_err("this client may not").is_refusal(server, "unauthorized_client");
        }
    }
}

fn a_refresh_rotates_and_reuse_ends_the_family<F: Face>(server: &Server) {
    for auth in ALL {
        let face = F::new(&Setup::new(server, auth));
        let first = face.log_in().expect("a login");
        let second = face.refresh(first.refresh_token()).expect("a refresh");
        assert_ne!(first.access_token, second.access_token);
        assert_ne!(first.refresh_token(), second.refresh_token());
        assert_eq!(plain::get(&server.api, &second.access_token).status, 200);
        for (what, token) in [("reuse", &first), ("its successor after that", &second)] {
            let failure = face.refresh(token.refresh_token()).expect_err(what);
            failure.is_refusal(server, "invalid_grant");
        }
    }
}
