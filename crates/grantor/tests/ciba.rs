//! Client-initiated backchannel authentication: the request, the polls, the pings and the pushes.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::Arc,
    thread,
    time::Duration,
};

use common::*;
use grantor::{
    Builder, CibaNotification, Client, Endpoint, Jwt, JwtFault, Misbehaviour, NotificationFault, Server, SigningKey,
    User,
};
use serde_json::{Map, Value, json};

const GRANT_TYPE: &str = "urn:openid:params:grant-type:ciba";
const RT_HASH: &str = "urn:openid:params:jwt:claim:rt_hash";
const AUTH_REQ_ID: &str = "urn:openid:params:jwt:claim:auth_req_id";
const ALICE: (&str, &str) = ("login_hint", "alice");
const OPENID: (&str, &str) = ("scope", "openid");
const TOKEN: (&str, &str) = ("client_notification_token", "8d67dc78-7faa-4d41-aabd-67707b374255");

fn still() -> Builder {
    Server::builder().clock(|| Duration::from_secs(1_000_000_000))
}

fn ask(server: &Server, pairs: &[(&str, &str)]) -> Answer {
    svc(server, "/bc-authorize", pairs)
}

fn poll(server: &Server, auth_req_id: &str) -> Answer {
    svc(server, "/token", &[("grant_type", GRANT_TYPE), ("auth_req_id", auth_req_id)])
}

fn verdict(server: &Server, auth_req_id: &str) -> String {
    let answer = poll(server, auth_req_id);
    if answer.status == 200 { "ok".into() } else { answer.error() }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[test]
fn a_client_polls_until_the_person_has_said_yes() {
    let server = still().start();
    let answer = ask(&server, &[OPENID, ALICE, ("binding_message", "W4SCT"), ("acr_values", "urn:a urn:b")]);
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{}", answer.body);
    assert_eq!((&answer.json()["expires_in"], &answer.json()["interval"]), (&json!(300), &json!(5)));
    let id = answer.text("auth_req_id");
    let waiting = server.pending_authorizations();
    assert_eq!((waiting[0].id.as_str(), waiting[0].username.as_deref()), (id.as_str(), Some("alice")));
    assert_eq!(waiting[0].binding_message.as_deref(), Some("W4SCT"));
    assert_eq!(verdict(&server, &id), "authorization_pending");
    assert_eq!(verdict(&server, &id), "slow_down");
    assert!(!server.approve_ciba("unknown", "alice"));
    assert!(server.approve_ciba(&id, "alice") && !server.deny_ciba(&id));
    let tokens = poll(&server, &id);
    let claims = claims(&tokens.text("id_token"));
    assert_eq!((&claims["sub"], &claims["acr"]), (&json!("alice"), &json!("urn:a")));
    assert_eq!(claims.get(AUTH_REQ_ID), None, "only a pushed one needs it");
    assert_eq!(verdict(&server, &id), "invalid_grant");
    assert_eq!(server.count(Endpoint::BackchannelAuthentication), 1);

    let document = get(&server, "/.well-known/openid-configuration").json();
    assert_eq!(document["backchannel_authentication_endpoint"], format!("{}/bc-authorize", server.issuer()));
    assert_eq!(document["backchannel_token_delivery_modes_supported"], json!(["poll", "ping", "push"]));
}

#[test]
fn an_end_without_tokens_has_its_own_error() {
    let server = still().start();
    let by = |end: &dyn Fn(&str) -> bool| {
        let id = ask(&server, &[OPENID, ALICE]).text("auth_req_id");
        assert!(end(&id));
        verdict(&server, &id)
    };
    assert_eq!(by(&|id| server.deny_ciba(id)), "access_denied");
    assert_eq!(by(&|id| server.expire_ciba(id)), "expired_token");
    assert_eq!(by(&|id| server.fail_ciba(id)), "transaction_failed");
    let late = ask(&server, &[OPENID, ALICE, ("requested_expiry", "40")]);
    assert_eq!(late.json()["expires_in"], 40);
    server.advance(Duration::from_secs(40));
    assert_eq!(verdict(&server, &late.text("auth_req_id")), "expired_token");
}

#[test]
fn an_auth_req_id_is_for_the_client_it_was_given_to_and_for_ciba() {
    let server = still().start();
    let id = ask(&server, &[OPENID, ALICE]).text("auth_req_id");
    server.approve_ciba(&id, "alice");
    let other =
        [("grant_type", GRANT_TYPE), ("auth_req_id", id.as_str()), ("client_id", "post"), ("client_secret", "secret")];
    assert_eq!(post(&server, "/token", &other).error(), "invalid_grant");
    let as_device = [("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", id.as_str())];
    assert_eq!(svc(&server, "/token", &as_device).error(), "invalid_grant");
    assert_eq!(verdict(&server, &id), "ok");
}

#[test]
fn a_request_has_exactly_one_hint_and_the_scope_openid() {
    let server = Server::start();
    let error = |pairs: &[(&str, &str)]| ask(&server, pairs).error();
    assert_eq!(error(&[OPENID]), "invalid_request");
    assert_eq!(error(&[OPENID, ALICE, ("id_token_hint", "x")]), "invalid_request");
    assert_eq!(error(&[OPENID, ALICE, ("login_hint_token", "x")]), "invalid_request");
    assert_eq!(error(&[ALICE]), "invalid_request");
    assert_eq!(error(&[ALICE, ("scope", "profile")]), "invalid_scope");
    assert_eq!(error(&[OPENID, ALICE, ALICE]), "invalid_request");
    for expiry in ["0", "-1", "soon"] {
        assert_eq!(error(&[OPENID, ALICE, ("requested_expiry", expiry)]), "invalid_request", "{expiry}");
    }
    for message in ["x".repeat(129), "a\nb".into()] {
        assert_eq!(error(&[OPENID, ALICE, ("binding_message", &message)]), "invalid_binding_message");
    }
    let public = [OPENID, ALICE, ("client_id", "public")];
    assert_eq!(post(&server, "/bc-authorize", &public).error(), "unauthorized_client");
    assert_eq!(post(&server, "/bc-authorize", &[OPENID, ALICE]).status, 401);
}

#[test]
fn a_hint_means_a_person_who_is_known() {
    let key = SigningKey::fresh("ES256");
    let jwks = json!({"keys": [key.jwk()]});
    let server = Server::builder().auto_approve("alice").trusted_issuer("https://idp.example", jwks).start();
    let now = server.now().as_secs();
    let whom = |hint: (&str, &str)| {
        let answer = ask(&server, &[OPENID, hint]);
        if answer.status != 200 {
            return answer.error();
        }
        let id = answer.text("auth_req_id");
        server.pending_authorizations().into_iter().find(|waiting| waiting.id == id).unwrap().username.unwrap()
    };
    for name in ["jane", "jane@example.test", "+44 20 7946 0000"] {
        assert_eq!(whom(("login_hint", name)), "jane", "{name}");
    }
    assert_eq!(whom(("login_hint", "nobody")), "unknown_user_id");

    let login = login(&server, "svc", Some("secret"), &[]);
    assert_eq!(whom(("id_token_hint", &login.text("id_token"))), "alice");
    let others = exchange(&server, &code(&server)).text("id_token");
    assert_eq!(whom(("id_token_hint", &others)), "unknown_user_id", "it was issued to another client");
    assert_eq!(whom(("id_token_hint", "x.y.z")), "unknown_user_id");

    let token = |claims: Value| key.sign(Map::new(), object(claims));
    let identified = json!({"iss": "https://idp.example", "exp": now + 60, "sub_id": {"format": "email", "email": "jane@example.test"}});
    assert_eq!(whom(("login_hint_token", &token(identified))), "jane");
    assert_eq!(whom(("login_hint_token", &token(json!({"iss": "https://idp.example", "sub": "jane"})))), "jane");
    let old = json!({"iss": "https://idp.example", "sub": "jane", "exp": now - 1});
    assert_eq!(whom(("login_hint_token", &token(old))), "expired_login_hint_token");
    assert_eq!(
        whom(("login_hint_token", &token(json!({"iss": "https://other.example", "sub": "jane"})))),
        "unknown_user_id"
    );
}

#[test]
fn a_user_code_counts_for_clients_that_are_registered_for_it() {
    let client = Client::new("svc").secret("secret").backchannel_user_code_parameter(true);
    let server = Server::builder().client(client).user(User::new("ann", "x").user_code("1234")).start();
    let ann = ("login_hint", "ann");
    assert_eq!(ask(&server, &[OPENID, ann]).error(), "missing_user_code");
    assert_eq!(ask(&server, &[OPENID, ann, ("user_code", "1235")]).error(), "invalid_user_code");
    assert_eq!(ask(&server, &[OPENID, ann, ("user_code", "1234")]).status, 200);
    assert_eq!(ask(&server, &[OPENID, ALICE]).status, 200, "alice has none");
    server.register(Client::new("svc").secret("secret"));
    assert_eq!(ask(&server, &[OPENID, ann]).status, 200);
}

#[test]
fn a_signed_request_has_every_claim_and_nothing_beside_it() {
    let key = SigningKey::fresh("PS256");
    let client = Client::new("svc").secret("secret").jwks(json!({"keys": [key.jwk()]}));
    let server = Server::builder().client(client.backchannel_authentication_request_signing_alg("PS256")).start();
    let now = server.now().as_secs();
    let right = |jti: &str| {
        object(json!({"iss": "svc", "aud": server.issuer(), "exp": now + 300, "iat": now, "nbf": now - 60, "jti": jti,
            "scope": "openid", "login_hint": "alice", "requested_expiry": 77}))
    };
    let spend = |request: &str, more: &[(&str, &str)]| ask(&server, &[&[("request", request)], more].concat());
    let good = key.sign(Map::new(), right("good"));
    assert_eq!(spend(&good, &[]).json()["expires_in"], 77, "a number will do");
    assert_eq!(spend(&good, &[]).error(), "invalid_request", "once");
    let mut text = right("text");
    text.insert("requested_expiry".into(), "78".into());
    assert_eq!(spend(&key.sign(Map::new(), text), &[]).json()["expires_in"], 78, "a string as well");
    assert_eq!(spend(&key.sign(Map::new(), right("1")), &[ALICE]).error(), "invalid_request", "outside");
    assert_eq!(ask(&server, &[OPENID, ALICE]).error(), "invalid_request", "unsigned");
    let wrong = [
        json!({"iss": null}),
        json!({"aud": null}),
        json!({"exp": null}),
        json!({"iat": null}),
        json!({"nbf": null}),
        json!({"jti": null}),
        json!({"iss": "post"}),
        json!({"aud": "https://other.example"}),
        json!({"exp": now - 1}),
        json!({"nbf": now + 60}),
        json!({"iat": now + 60}),
        json!({"exp": now + 3599, "nbf": now - 60}),
    ];
    for (index, change) in wrong.into_iter().enumerate() {
        let mut claims = right(&index.to_string());
        for (name, value) in object(change.clone()) {
            match value {
                Value::Null => drop(claims.remove(&name)),
                value => drop(claims.insert(name, value)),
            }
        }
        assert_eq!(spend(&key.sign(Map::new(), claims), &[]).error(), "invalid_request", "{change}");
    }
    let other = SigningKey::fresh("ES256").sign(Map::new(), right("other"));
    assert_eq!(spend(&other, &[]).error(), "invalid_request");
    let forged = SigningKey::fresh("PS256").sign(Map::new(), right("forged"));
    assert_eq!(spend(&forged, &[]).error(), "invalid_request");
    server.register(Client::new("svc").secret("secret"));
    assert_eq!(spend(&good, &[]).error(), "invalid_request", "not registered for it");
}

/// A client that listens for notifications and answers each with one of these statuses.
fn listen(statuses: &'static [u16]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/cb?x=1", listener.local_addr().unwrap());
    thread::spawn(move || {
        for status in statuses {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            let mut text = String::new();
            let mut buffer = [0; 4096];
            while !text.ends_with('}') {
                let count = stream.read(&mut buffer).unwrap();
                text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
            }
            assert!(
                text.starts_with("POST /cb?x=1 HTTP/1.1\r\n") && text.contains("Content-Type: application/json\r\n")
            );
            // What the client thinks of it: the token is right, or it is not.
            let right = text.contains(&format!("Authorization: Bearer {}\r\n", TOKEN.1));
            let status = if right { *status } else { 401 };
            write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n").unwrap();
        }
    });
    url
}

fn notified(mode: &str, url: &str) -> Client {
    Client::new("svc")
        .secret("secret")
        .backchannel_token_delivery_mode(mode)
        .backchannel_client_notification_endpoint(url)
}

fn body(notification: &CibaNotification) -> Value {
    serde_json::from_str(&notification.body).unwrap()
}

#[test]
fn a_ping_tells_the_client_to_fetch_its_tokens() {
    let server = still().client(notified("ping", &listen(&[204, 204, 204]))).start();
    let first = ask(&server, &[OPENID, ALICE, TOKEN]);
    assert_eq!(first.json()["interval"], 5);
    let id = first.text("auth_req_id");
    assert!(server.approve_ciba(&id, "alice"));
    let told = server.wait_for_ciba_notifications(1);
    assert_eq!((told[0].status, told[0].client_id.as_str(), &told[0].auth_req_id), (Some(204), "svc", &id));
    assert_eq!((told[0].bearer_token.as_deref(), body(&told[0])), (Some(TOKEN.1), json!({"auth_req_id": id})));
    assert_eq!(verdict(&server, &id), "ok");

    let id = ask(&server, &[OPENID, ALICE, TOKEN]).text("auth_req_id");
    server.misbehave_notification_times(1, NotificationFault::WrongBearerToken);
    assert!(server.deny_ciba(&id));
    let told = server.wait_for_ciba_notifications(2);
    assert_eq!((told[1].status, body(&told[1])), (Some(401), json!({"auth_req_id": id})), "a refusal is told too");
    assert_eq!(verdict(&server, &id), "access_denied");

    let id = ask(&server, &[OPENID, ALICE, TOKEN]).text("auth_req_id");
    assert!(server.expire_ciba(&id), "which the client knows by itself");
    let id = ask(&server, &[OPENID, ALICE, TOKEN]).text("auth_req_id");
    server.misbehave_notification(NotificationFault::WrongAuthReqId);
    assert!(server.approve_ciba(&id, "alice"));
    let told = server.wait_for_ciba_notifications(3);
    assert_eq!(told[2].auth_req_id, id);
    assert_ne!(body(&told[2])["auth_req_id"], id);
}

/// The same over TLS, with a certificate that nobody has vouched for. One notification.
fn listen_by_tls() -> String {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()).into();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/cb", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = rustls::StreamOwned::new(connection, stream);
        let mut received = Vec::new();
        let mut buffer = [0; 4096];
        while !received.ends_with(b"}") {
            let count = stream.read(&mut buffer).unwrap();
            received.extend_from_slice(&buffer[..count]);
        }
        write!(stream, "HTTP/1.1 204 X\r\n\r\n").unwrap();
        stream.flush().unwrap();
    });
    url
}

#[test]
fn a_ping_goes_by_tls_too() {
    let server = still().client(notified("ping", &listen_by_tls())).start();
    let id = ask(&server, &[OPENID, ALICE, TOKEN]).text("auth_req_id");
    assert!(server.approve_ciba(&id, "alice"));
    assert_eq!(server.wait_for_ciba_notifications(1)[0].status, Some(204));
}

#[test]
fn a_push_brings_tokens_that_the_id_token_binds_together() {
    let server = still().client(notified("push", &listen(&[204; 4]))).start();
    let first = ask(&server, &[OPENID, ALICE, TOKEN]);
    assert_eq!(first.json().get("interval"), None);
    let id = first.text("auth_req_id");
    assert_eq!(verdict(&server, &id), "unauthorized_client");
    assert!(server.approve_ciba(&id, "alice"));
    let pushed = body(&server.wait_for_ciba_notifications(1)[0]);
    assert_eq!((&pushed["auth_req_id"], &pushed["token_type"]), (&json!(id), &json!("Bearer")));
    let id_token = pushed["id_token"].as_str().unwrap();
    assert!(is_by_server(&server, id_token));
    let hash = |name: &str| {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, pushed[name].as_str().unwrap().as_bytes());
        base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &digest.as_ref()[..16])
    };
    let bound = claims(id_token);
    assert_eq!((&bound["at_hash"], &bound[RT_HASH]), (&json!(hash("access_token")), &json!(hash("refresh_token"))));
    assert_eq!(bound[AUTH_REQ_ID], id);
    assert_eq!(get_with(&server, "/api", pushed["access_token"].as_str().unwrap()).status, 200);

    for (index, fault) in [JwtFault::WrongAtHash, JwtFault::claim(RT_HASH, "x"), JwtFault::claim(AUTH_REQ_ID, "x")]
        .into_iter()
        .enumerate()
    {
        server.misbehave_jwt_times(Jwt::PushedIdToken, 1, fault.clone());
        let id = ask(&server, &[OPENID, ALICE, TOKEN]).text("auth_req_id");
        assert!(server.approve_ciba(&id, "alice"));
        let pushed = body(&server.wait_for_ciba_notifications(index + 2)[index + 1]);
        let wrong = claims(pushed["id_token"].as_str().unwrap());
        let name = ["at_hash", RT_HASH, AUTH_REQ_ID][index];
        assert!(is_by_server(&server, pushed["id_token"].as_str().unwrap()) && pushed["auth_req_id"] == id);
        assert!(
            wrong[name].as_str().unwrap() != bound[name].as_str().unwrap() && wrong[name] != json!(id),
            "{fault:?}"
        );
    }
}

#[test]
fn a_push_of_no_tokens_says_why() {
    let server = still().client(notified("push", &listen(&[204; 3]))).start();
    type End = fn(&Server, &str) -> bool;
    let ends: [(&str, End); 3] = [
        ("access_denied", Server::deny_ciba),
        ("expired_token", Server::expire_ciba),
        ("transaction_failed", Server::fail_ciba),
    ];
    for (index, (error, end)) in ends.into_iter().enumerate() {
        let id = ask(&server, &[OPENID, ALICE, TOKEN]).text("auth_req_id");
        assert!(end(&server, &id));
        let told = server.wait_for_ciba_notifications(index + 1);
        assert_eq!(body(&told[index]), json!({"error": error, "auth_req_id": id}));
    }
}

#[test]
fn a_client_that_is_notified_brings_a_token_for_it() {
    let server = Server::builder().client(notified("ping", "http://127.0.0.1:1/")).start();
    let error = |token: &str| ask(&server, &[OPENID, ALICE, ("client_notification_token", token)]).error();
    assert_eq!(ask(&server, &[OPENID, ALICE]).error(), "invalid_request");
    assert_eq!([error(&"x".repeat(1025)), error("a b"), error("é"), error("=")], ["invalid_request"; 4]);
    let longest = "x".repeat(1024);
    assert_eq!(ask(&server, &[OPENID, ALICE, ("client_notification_token", &longest)]).status, 200);
}

#[test]
fn nobody_is_told_who_does_not_listen() {
    let url = format!("http://{}/", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let server = Server::builder().client(notified("ping", &url)).start();
    let id = ask(&server, &[OPENID, ALICE, TOKEN]).text("auth_req_id");
    assert!(server.approve_ciba(&id, "alice"));
    assert_eq!(server.wait_for_ciba_notifications(1)[0].status, None);
}

#[test]
fn a_notification_can_be_wrong_in_every_way() {
    let server = still().client(notified("push", "http://127.0.0.1:1/")).start();
    let mut count = 0;
    let mut by = |fault: NotificationFault| {
        server.misbehave_notification(fault);
        let id = ask(&server, &[OPENID, ALICE, TOKEN]).text("auth_req_id");
        assert!(server.deny_ciba(&id));
        count += 1;
        server.wait_for_ciba_notifications(count).pop().unwrap()
    };
    assert_eq!(by(NotificationFault::NoBearerToken).bearer_token, None);
    assert_ne!(by(NotificationFault::WrongBearerToken).bearer_token.as_deref(), Some(TOKEN.1));
    assert_eq!(body(&by(NotificationFault::OmitMember("auth_req_id".into()))), json!({"error": "access_denied"}));
    assert_eq!(body(&by(NotificationFault::SetMember("error".into(), json!(7))))["error"], 7);
    assert_eq!(by(NotificationFault::Body("{".into())).body, "{");
    server.behave_notification();
    let id = ask(&server, &[OPENID, ALICE, TOKEN]).text("auth_req_id");
    assert!(server.deny_ciba(&id));
    let right = server.wait_for_ciba_notifications(6).pop().unwrap();
    assert_eq!((right.bearer_token.as_deref(), &body(&right)["auth_req_id"]), (Some(TOKEN.1), &json!(id)));
}

#[test]
fn requests_are_approved_by_themselves_where_a_test_wants_that() {
    let server = still().ciba_auto_approve_after(1).start();
    let id = ask(&server, &[OPENID, ("login_hint", "jane")]).text("auth_req_id");
    assert_eq!(verdict(&server, &id), "authorization_pending");
    server.advance(Duration::from_secs(5));
    assert_eq!(claims(&poll(&server, &id).text("id_token"))["sub"], "jane");

    for mode in ["ping", "push"] {
        server.register(notified(mode, &listen(&[200])));
        let before = server.ciba_notifications().len();
        let id = ask(&server, &[OPENID, ALICE, TOKEN]).text("auth_req_id");
        let told = server.wait_for_ciba_notifications(before + 1);
        assert_eq!((told[before].status, &body(&told[before])["auth_req_id"]), (Some(200), &json!(id)), "{mode}");
    }
}

#[test]
fn an_answer_can_lack_what_it_must_have_and_make_the_client_wait() {
    let server = still().ciba_interval(31).start();
    for name in ["auth_req_id", "expires_in"] {
        server.misbehave_times(Endpoint::BackchannelAuthentication, 1, Misbehaviour::OmitMember(name.into()));
        assert_eq!(ask(&server, &[OPENID, ALICE]).json().get(name), None);
    }
    let answer = ask(&server, &[OPENID, ALICE]);
    assert_eq!(answer.json()["interval"], 31);
    let id = answer.text("auth_req_id");
    let after = |seconds: u64| {
        server.advance(Duration::from_secs(seconds));
        verdict(&server, &id)
    };
    assert_eq!([after(31), after(31), after(30)], ["authorization_pending", "authorization_pending", "slow_down"]);
    assert_eq!(
        server.polls(&id).windows(2).map(|pair| (pair[1] - pair[0]).as_secs()).collect::<Vec<_>>(),
        [31, 31, 30]
    );
    let unknown = Misbehaviour::OAuthError { status: 400, error: "unknown_user_id".into(), description: None };
    server.misbehave_times(Endpoint::BackchannelAuthentication, 1, unknown);
    assert_eq!(ask(&server, &[OPENID, ALICE]).error(), "unknown_user_id");
}

#[test]
fn the_id_token_of_a_poll_is_wrong_as_any_other() {
    let server = still().ciba_auto_approve_after(0).start();
    let by = |fault: JwtFault| {
        server.misbehave_jwt_times(Jwt::IdToken, 1, fault);
        poll(&server, &ask(&server, &[OPENID, ALICE]).text("auth_req_id")).text("id_token")
    };
    assert_eq!(claims(&by(JwtFault::claim("aud", json!(["svc"]))))["aud"], json!(["svc"]));
    let vouched = json!({"verification": {"trust_framework": "other"}, "claims": {}});
    assert_eq!(claims(&by(JwtFault::claim("verified_claims", vouched.clone())))["verified_claims"], vouched);
    assert_eq!(jose_header(&by(JwtFault::OtherAlg("ES256".into())))["alg"], "ES256");
    assert_eq!(jose_header(&by(JwtFault::AlgNone))["alg"], "none");
    assert_eq!(claims(&by(JwtFault::without("exp"))).get("exp"), None);
    let several = claims(&by(JwtFault::SeveralAudiences { azp: None }));
    assert_eq!((several["aud"].as_array().unwrap().len(), several.get("azp")), (2, None));
    assert!(!is_by_server(&server, &by(JwtFault::BrokenSignature)));
}

#[test]
fn a_registration_that_cannot_work_is_refused_at_once() {
    let with = |client: Client| Server::builder().client(client).try_start().is_err();
    assert!(with(Client::new("c").backchannel_token_delivery_mode("pull")));
    assert!(with(Client::new("c").backchannel_token_delivery_mode("ping")), "it needs an address");
    assert!(with(notified("push", "https://rp.example/cb")), "of this machine");
    assert!(with(Client::new("c").backchannel_authentication_request_signing_alg("HS256")));
    assert!(with(Client::new("c").backchannel_authentication_request_signing_alg("ES256")), "it needs keys");
    assert!(!with(notified("push", "https://localhost:4711/cb")));
}
