//! Introspection and revocation.

use grantee_interop::{Auth, Server, plain};

use crate::face::{ALL, Face, Kind, Setup, through_each_face};

through_each_face!(a_revoked_token_is_inactive_and_dead, what_was_never_a_token_is_inactive_and_revoked_all_the_same);

fn a_revoked_token_is_inactive_and_dead<F: Face>(server: &Server) {
    for auth in ALL {
        let setup = Setup::new(server, auth);
        let face = F::new(&setup);
        let may_ask = auth != Auth::None || server.public_introspection;
        let may_revoke = auth != Auth::None || server.public_revocation;
        for kind in Kind::ALL {
            let tokens = face.log_in().expect("a login");
            let token = kind.of(&tokens);
            match face.introspect(token, kind) {
                Ok(seen) if may_ask => {
                    assert_eq!(seen["active"], true, "{seen}");
                    assert_eq!(seen["client_id"], setup.client.id.as_str(), "{seen}");
                }
                Ok(seen) => panic!("a public client may not ask: {seen}"),
                Err(failure) => assert!(!may_ask, "{failure:?}"),
            }
            match face.revoke(token, kind) {
                Ok(()) => assert!(may_revoke),
                Err(failure) => {
                    assert!(!may_revoke, "{failure:?}");
                    continue;
                }
            }
            if may_ask {
                let seen = face.introspect(token, kind).expect("an answer");
                assert_eq!(seen, serde_json::json!({ "active": false }));
            }
            match kind {
                Kind::Access => assert_eq!(plain::get(&server.api, token).status, 401),
                Kind::Refresh => face.refresh(token).expect_err("a dead token").is_refusal(server, "invalid_grant"),
            }
        }
    }
}

fn what_was_never_a_token_is_inactive_and_revoked_all_the_same<F: Face>(server: &Server) {
    let face = F::new(&Setup::new(server, Auth::ClientSecretBasic));
    let seen = face.introspect("never-a-token", Kind::Access).expect("an answer");
    assert_eq!(seen, serde_json::json!({ "active": false }));
    face.revoke("never-a-token", Kind::Access).expect("RFC 7009 section 2.2: it is gone, which is what was wanted");
}
