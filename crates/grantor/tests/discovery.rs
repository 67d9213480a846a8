//! What the server says of itself, WebFinger, logins that somebody else starts, and the clock.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use common::*;
use grantor::{Client, Endpoint, Misbehaviour, Server};
use serde_json::{Value, json};
use url::Url;

const REL: &str = "http://openid.net/specs/connect/1.0/issuer";

fn finger(server: &Server, resource: &str) -> Answer {
    get(server, &format!("/.well-known/webfinger?{}", encode(&[("resource", resource), ("rel", REL)])))
}

#[test]
fn webfinger_finds_the_issuer_by_account_and_by_url() {
    let server = Server::builder().issuer_path("/tenant").start();
    let account = format!("acct:alice@127.0.0.1:{}", server.port());
    for resource in [account.as_str(), "https://example.com/alice", "http://127.0.0.1:1/"] {
        let answer = finger(&server, resource);
        assert_eq!(answer.headers("content-type"), ["application/jrd+json"]);
        assert_eq!(
            answer.json(),
            json!({"subject": resource, "links": [{"rel": REL, "href": server.issuer()}]}),
            "{resource}"
        );
    }
    let other = get(&server, "/.well-known/webfinger?resource=acct%3Aa%40b&rel=urn%3Ax");
    assert_eq!(other.json()["links"], json!([]), "only the relations that were asked for");
    for wrong in ["", "acct:alice", "acct:@b", "alice@example.com", "http:"] {
        assert_eq!(finger(&server, wrong).status, 400, "{wrong}");
    }
    assert_eq!(server.count(Endpoint::Webfinger), 9);
}

#[test]
fn webfinger_can_be_wrong() {
    let server = Server::start();
    let by = |misbehaviour: Misbehaviour| {
        server.misbehave_times(Endpoint::Webfinger, 1, misbehaviour);
        finger(&server, "acct:alice@localhost").json()
    };
    assert_eq!(by(Misbehaviour::SetMember("subject".into(), json!("acct:bob@x")))["subject"], "acct:bob@x");
    assert!(by(Misbehaviour::OmitMember("links".into())).get("links").is_none());
    let links = json!([{"rel": "urn:x", "href": "https://x.example"}]);
    assert_eq!(by(Misbehaviour::SetMember("links".into(), links.clone()))["links"], links);
}

#[test]
fn a_third_party_starts_a_login_with_a_link() {
    let server = Server::start();
    let link = server.initiate_login_url("https://app.example/start?a=b", Some("https://app.example/deep"), Some("al"));
    let link = Url::parse(&link.unwrap()).unwrap();
    let pairs: Vec<_> = link.query_pairs().into_owned().collect();
    let expected = [
        ("a", "b".to_owned()),
        ("iss", server.issuer()),
        ("login_hint", "al".to_owned()),
        ("target_link_uri", "https://app.example/deep".to_owned()),
    ];
    assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value)));
    assert_eq!(server.initiate_login_url("nowhere", None, None), None);
}

#[test]
fn the_metadata_names_what_there_is() {
    let server = Server::start();
    let document = get(&server, "/.well-known/openid-configuration").json();
    let list = |name: &str| -> Vec<String> {
        let values = document[name].as_array().unwrap_or_else(|| panic!("no {name}"));
        values.iter().map(|value| value.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        list("response_types_supported"),
        ["code", "none", "id_token", "token", "id_token token", "code id_token", "code token", "code id_token token"]
    );
    assert_eq!(
        list("response_modes_supported"),
        ["query", "fragment", "form_post", "query.jwt", "fragment.jwt", "form_post.jwt", "jwt"]
    );
    let algs = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "HS256", "HS384", "HS512"];
    assert_eq!(list("id_token_signing_alg_values_supported"), algs);
    assert_eq!(list("userinfo_signing_alg_values_supported"), algs);
    assert_eq!(
        list("token_endpoint_auth_methods_supported"),
        ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"]
    );
    assert!(list("token_endpoint_auth_signing_alg_values_supported").contains(&"EdDSA".to_owned()));
    assert_eq!(list("scopes_supported"), ["openid", "profile", "email", "address", "phone", "offline_access"]);
    for claim in ["sub", "sid", "c_hash", "address", "zoneinfo"] {
        assert!(list("claims_supported").contains(&claim.to_owned()), "{claim}");
    }
    for what in ["frontchannel", "backchannel"] {
        assert_eq!(document[format!("{what}_logout_supported")], true);
        assert_eq!(document[format!("{what}_logout_session_supported")], true);
    }
    assert_eq!(document["claims_parameter_supported"], true);
    assert_eq!(list("claim_types_supported"), ["normal"]);
    assert_eq!(list("subject_types_supported"), ["public"]);
    assert_eq!(document["check_session_iframe"], format!("{}/check_session", server.issuer()));
    assert_eq!(document.get("id_token_encryption_alg_values_supported").is_some(), cfg!(feature = "oracle"));
}

#[test]
fn the_metadata_follows_what_is_registered() {
    let user = grantor::User::new("mo", "m").aggregated_claims(json!({"a": 1})).distributed_claims(json!({}), true);
    let client = Client::new("n").id_token_signed_response_alg("none");
    let server = Server::builder().user(user).client(client).start();
    let list = |name: &str| get(&server, "/.well-known/openid-configuration").json()[name].clone();
    assert_eq!(list("claim_types_supported"), json!(["normal", "aggregated", "distributed"]));
    let contains =
        |alg: &str| list("id_token_signing_alg_values_supported").as_array().unwrap().contains(&Value::from(alg));
    assert!(contains("none") && !contains("PS384"));
    server.signing_key("PS384");
    assert!(contains("PS384"));
}

#[test]
fn a_client_that_this_build_cannot_serve_is_refused_at_once() {
    let start =
        |client: Client| Server::builder().client(client).try_start().map(drop).map_err(|error| error.to_string());
    let no_secret = start(Client::new("c").id_token_signed_response_alg("HS256"));
    assert_eq!(no_secret, Err("client c: HS256 needs a client secret".into()));
    assert!(start(Client::new("c").id_token_signed_response_alg("RS1")).is_err());
    let encrypted = start(Client::new("c").secret("s").id_token_encrypted_response("dir", "A128GCM"));
    let es512 = start(Client::new("c").id_token_signed_response_alg("ES512"));
    for (result, what) in [(encrypted, "dir with A128GCM"), (es512, "ES512")] {
        if cfg!(feature = "oracle") {
            assert_eq!(result, Ok(()));
        } else {
            assert_eq!(result, Err(format!("client c: {what} needs grantor's cargo feature `oracle`")));
        }
    }
}

#[test]
fn the_clock_is_the_tests_own() {
    let now = Arc::new(AtomicU64::new(1_000_000_000));
    let of_server = now.clone();
    let server = Server::builder()
        .auto_approve("alice")
        .clock(move || Duration::from_secs(of_server.load(Ordering::Relaxed)))
        .start();
    let tokens = exchange(&server, &code(&server));
    let id_token = claims(&tokens.text("id_token"));
    assert_eq!((&id_token["iat"], &id_token["auth_time"]), (&json!(1_000_000_000), &json!(1_000_000_000)));
    assert_eq!(id_token["exp"], 1_000_003_600);
    let token = tokens.text("access_token");
    let live = svc(&server, "/introspect", &[("token", &token)]).json();
    assert_eq!((&live["iat"], &live["exp"]), (&json!(1_000_000_000), &json!(1_000_003_600)));
    let late = code(&server);
    now.fetch_add(3599, Ordering::Relaxed);
    assert_eq!(get_with(&server, "/api", &token).status, 200);
    assert_eq!(exchange(&server, &late).error(), "invalid_grant", "a code lives for a minute");
    now.fetch_add(1, Ordering::Relaxed);
    assert_eq!(get_with(&server, "/api", &token).status, 401);
    assert_eq!(refresh(&server, &tokens.text("refresh_token")).status, 200);
}

#[test]
fn the_clock_can_be_set_ahead() {
    let server = auto();
    let before = server.now();
    let tokens = exchange(&server, &code(&server));
    server.advance(Duration::from_secs(31 * 86_400));
    assert!(server.now() >= before + Duration::from_secs(31 * 86_400));
    assert_eq!(get_with(&server, "/api", &tokens.text("access_token")).status, 401);
    assert_eq!(refresh(&server, &tokens.text("refresh_token")).error(), "invalid_grant");
}

#[test]
fn a_login_grows_old_with_the_clock() {
    let server = auto();
    let first = get(&server, &authorize_target(&[]));
    let cookie = first.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let auth_time = |max_age: &str| {
        let target = authorize_target(&[("max_age", max_age)]);
        let code = send(&server, "GET", &target, &[("Cookie", &cookie)], "").callback("code").unwrap();
        claims(&exchange(&server, &code).text("id_token"))["auth_time"].as_u64().unwrap()
    };
    let at_first = auth_time("1000");
    server.advance(Duration::from_secs(500));
    assert_eq!(auth_time("1000"), at_first);
    assert!(auth_time("400") >= at_first + 500, "it was too old, so the person logged in again");
}
