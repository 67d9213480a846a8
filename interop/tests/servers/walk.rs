//! Whether the servers and the walk do what the other tests count on. By plain HTTP: none of our crates is asked.

use std::thread::sleep;
use std::time::Duration;

use grantee_interop::plain::{self, Reply, VERIFIER, authorization_url, callback_parameter};
use grantee_interop::server::{PASSWORD, USER};
use grantee_interop::{Auth, Client, Server, Walk, on_each_server, walk};

const ALL: [Auth; 3] = [Auth::None, Auth::ClientSecretBasic, Auth::ClientSecretPost];

/// Glewlwyd counts from the second before at times.
fn assert_lifetime(server: &Server, reply: &Reply) {
    let lifetime = reply.json["expires_in"].as_u64();
    assert!(lifetime.is_some_and(|seconds| seconds.abs_diff(server.access_token_lifetime) <= 1), "{reply:?}");
}

fn log_in(server: &Server, client: &Client) -> Reply {
    let callback = walk(server, &authorization_url(server, client, &server.redirect_uri));
    assert_eq!(callback_parameter(&callback, "state").as_deref(), Some("s"));
    let code = callback_parameter(&callback, "code").unwrap_or_else(|| panic!("no code in {callback}"));
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &server.redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    let reply = plain::post(server, client, &server.token_endpoint, &form);
    assert_eq!(reply.status, 200, "{} {}: {reply:?}", server.name, client.id);
    reply
}

fn refresh(server: &Server, client: &Client, token: &str) -> Reply {
    plain::post(server, client, &server.token_endpoint, &[("grant_type", "refresh_token"), ("refresh_token", token)])
}

on_each_server!(
    a_walk_ends_at_the_callback_and_its_code_buys_tokens,
    a_refresh_token_rotates_and_its_reuse_ends_the_family,
    a_short_token_expires,
    client_credentials_and_password,
    introspection_and_revocation,
    reserved_characters_in_basic,
    somebody_who_refuses,
);

fn a_walk_ends_at_the_callback_and_its_code_buys_tokens(server: &Server) {
    for auth in ALL {
        let reply = log_in(server, server.client(auth));
        assert_lifetime(server, &reply);
        assert_eq!(plain::get(&server.api, reply.text_of("access_token")).status, 200);
        assert_eq!(plain::get(&server.api, "nonsense").status, 401);
    }
}

fn a_refresh_token_rotates_and_its_reuse_ends_the_family(server: &Server) {
    for auth in ALL {
        let client = server.client(auth);
        let first = log_in(server, client);
        let second = refresh(server, client, first.text_of("refresh_token"));
        assert_eq!(second.status, 200, "{second:?}");
        assert_ne!(first.text_of("refresh_token"), second.text_of("refresh_token"));
        assert_eq!(plain::get(&server.api, second.text_of("access_token")).status, 200);
        for (what, token) in
            [("reuse", first.text_of("refresh_token")), ("its successor after that", second.text_of("refresh_token"))]
        {
            let refused = refresh(server, client, token);
            assert_eq!(refused.status, 400, "{what}: {refused:?}");
            assert_eq!(refused.json["error"] == "invalid_grant", server.explains_errors, "{what}: {refused:?}");
        }
    }
}

fn a_short_token_expires(server: &Server) {
    let server = server.short();
    let client = server.client(Auth::ClientSecretBasic);
    let first = log_in(&server, client);
    assert_lifetime(&server, &first);
    assert_eq!(plain::get(&server.api, first.text_of("access_token")).status, 200);
    sleep(Duration::from_secs(server.access_token_lifetime + 2));
    assert_eq!(plain::get(&server.api, first.text_of("access_token")).status, 401);
    let second = refresh(&server, client, first.text_of("refresh_token"));
    assert_lifetime(&server, &second);
    assert_eq!(plain::get(&server.api, second.text_of("access_token")).status, 200);
    for auth in ALL {
        let reply = log_in(&server, server.client(auth));
        assert_lifetime(&server, &reply);
        assert!(reply.json["refresh_token"].is_string(), "{reply:?}");
    }
}

fn client_credentials_and_password(server: &Server) {
    for server in [server.clone(), server.short()] {
        for client in &server.clients {
            let reply = plain::post(
                &server,
                client,
                &server.token_endpoint,
                &[("grant_type", "client_credentials"), ("scope", "read")],
            );
            assert_eq!(reply.status == 200, client.client_credentials, "{}: {reply:?}", client.id);
            if client.client_credentials {
                assert_lifetime(&server, &reply);
                assert!(reply.json.get("refresh_token").is_none());
                if let Some(api) = &server.service_api {
                    assert_eq!(plain::get(api, reply.text_of("access_token")).status, 200);
                }
            }
            let password = |password| {
                let form =
                    [("grant_type", "password"), ("username", USER), ("password", password), ("scope", server.scope)];
                plain::post(&server, client, &server.token_endpoint, &form)
            };
            let reply = password(PASSWORD);
            assert_eq!(reply.status == 200, client.password, "{}: {reply:?}", client.id);
            assert_ne!(password("wrong").status, 200);
            if client.password {
                assert_eq!(plain::get(&server.api, reply.text_of("access_token")).status, 200);
                let fresh = refresh(&server, client, reply.text_of("refresh_token"));
                assert_lifetime(&server, &fresh);
            }
        }
    }
}

fn introspection_and_revocation(server: &Server) {
    for auth in ALL {
        let client = server.client(auth);
        for kind in ["access_token", "refresh_token"] {
            let tokens = log_in(server, client);
            let form = [("token", tokens.text_of(kind)), ("token_type_hint", kind)];
            let is_active = |client: &Client| {
                let seen = plain::post(server, client, &server.introspection_endpoint, &form);
                (seen.status == 200).then(|| seen.json["active"].as_bool().unwrap_or_else(|| panic!("{seen:?}")))
            };
            let may_ask = auth != Auth::None || server.public_introspection;
            assert_eq!(is_active(client), may_ask.then_some(true), "{} {kind}", client.id);
            let gone = plain::post(server, client, &server.revocation_endpoint, &form);
            if auth != Auth::None || server.public_revocation {
                assert_eq!(gone.status, 200, "{} {kind}: {gone:?}", client.id);
                assert_eq!(is_active(client), may_ask.then_some(false), "{} {kind}", client.id);
                let left = plain::get(&server.api, tokens.text_of("access_token")).status;
                assert!(left == 401 || kind == "refresh_token", "{left}");
                if kind == "refresh_token" {
                    assert_eq!(refresh(server, client, tokens.text_of(kind)).status, 400);
                }
            } else {
                assert_ne!(gone.status, 200);
            }
        }
    }
}

fn reserved_characters_in_basic(server: &Server) {
    let form = [("grant_type", "client_credentials"), ("scope", "read")];
    let client = server.odd_client();
    assert_eq!(plain::post(server, client, &server.token_endpoint, &form).status, 200);
    let otherwise = Server { decodes_basic: !server.decodes_basic, ..server.clone() };
    assert_ne!(plain::post(&otherwise, client, &server.token_endpoint, &form).status, 200);
}

fn somebody_who_refuses(server: &Server) {
    let url = authorization_url(server, server.client(Auth::None), &server.redirect_uri);
    let callback = match server.name {
        "glewlwyd" => return, // its own page does that without asking the server
        "oidc-provider" => {
            let allowed =
                Walk::new(server).user("bob").to_callback(&format!("{url}&ui=form")).expect("forms are filled in");
            assert!(callback_parameter(&allowed, "code").is_some(), "{allowed}");
            assert!(Walk::new(server).to("http://127.0.0.1:1/", "http://127.0.0.1:2/").is_err());
            Walk::new(server).denying().to_callback(&format!("{url}&ui=form")).expect("a refusal comes back too")
        }
        _ => walk(server, &format!("{url}&ui=deny")),
    };
    assert_eq!(callback_parameter(&callback, "error").as_deref(), Some("access_denied"));
}
