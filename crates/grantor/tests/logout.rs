//! Logging out: by the client, by the back channel, by frames, and the page that notices.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread::{self, JoinHandle},
    time::Duration,
};

use common::*;
use grantor::{Builder, Client, Endpoint, Jwt, JwtFault, Misbehaviour, OTHER_CLIENT, OTHER_ISSUER, Server};
use serde_json::{Value, json};
use url::Url;

const BYE: &str = "https://app.example/bye?from=op";

fn builder() -> Builder {
    let client = Client::new("public").redirect_uri(CALLBACK).post_logout_redirect_uri(BYE);
    Server::builder().auto_approve("alice").client(client)
}

fn end_session(pairs: &[(&str, &str)]) -> String {
    format!("/end_session?{}", encode(pairs))
}

fn id_token(server: &Server) -> String {
    exchange(server, &code(server)).text("id_token")
}

#[test]
fn a_client_ends_the_session_of_its_id_token_and_gets_its_state_back() {
    let server = builder().id_token_lifetime(Duration::ZERO).start();
    for by_post in [false, true] {
        let hint = id_token(&server);
        server.rotate_keys();
        let pairs = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", "a b")];
        let answer = if by_post { post(&server, "/end_session", &pairs) } else { get(&server, &end_session(&pairs)) };
        assert_eq!(answer.status, if by_post { 303 } else { 302 }, "an expired token will do, and so will an old key");
        assert_eq!(answer.header("location"), Some(format!("{BYE}&state=a+b").as_str()));
        assert_eq!(answer.headers("set-cookie").iter().filter(|cookie| cookie.contains("Max-Age=0")).count(), 2);
    }
    assert_eq!(server.count(Endpoint::EndSession), 2);
}

#[test]
fn nobody_is_sent_to_an_address_that_is_not_registered_exactly() {
    let server = builder().start();
    let hint = id_token(&server);
    for uri in ["https://app.example/bye", "https://app.example/bye?from=op&x=1", CALLBACK, "https://evil.example/"] {
        let answer = get(&server, &end_session(&[("id_token_hint", &hint), ("post_logout_redirect_uri", uri)]));
        assert_eq!((answer.status, answer.header("location")), (200, None), "{uri}");
    }
    let by_name = get(&server, &end_session(&[("client_id", "public"), ("post_logout_redirect_uri", BYE)]));
    assert_eq!(by_name.header("location"), Some(BYE));
    let anonymous = get(&server, &end_session(&[("post_logout_redirect_uri", BYE)]));
    assert_eq!(anonymous.header("location"), None);
    let contradiction = get(&server, &end_session(&[("id_token_hint", &hint), ("client_id", "svc")]));
    assert_eq!(contradiction.status, 400);
    assert_eq!(get(&server, &end_session(&[("client_id", "nobody")])).status, 400);
}

#[test]
fn state_can_be_missing_or_another() {
    let server = builder().start();
    let by = |misbehaviour: Misbehaviour| {
        server.misbehave_times(Endpoint::EndSession, 1, misbehaviour);
        let hint = id_token(&server);
        let pairs = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", "s")];
        get(&server, &end_session(&pairs)).callback("state")
    };
    assert_eq!(by(Misbehaviour::OmitMember("state".into())), None);
    assert_eq!(by(Misbehaviour::WrongState).as_deref(), Some("not-the-state-that-was-sent"));
    assert_eq!(by(Misbehaviour::SetMember("state".into(), json!("x"))).as_deref(), Some("x"));
}

/// A browser that logged alice in, by its cookies.
fn logged_in(server: &Server) -> (String, String) {
    let answer = get(server, &authorize_target(&[]));
    let cookie: Vec<&str> = answer.headers("set-cookie").iter().map(|field| field.split(';').next().unwrap()).collect();
    let token = exchange(server, &answer.callback("code").unwrap()).text("id_token");
    (cookie.join("; "), token)
}

#[test]
fn without_a_hint_the_person_is_asked() {
    // The session is made by form, as a server that approves by itself asks nobody.
    let server = Server::start();
    let with = |cookie: &str, method: &str, target: &str, body: &str| {
        send(&server, method, target, &[FORM, ("Cookie", cookie)], body)
    };
    let field = |page: &Answer, name: &str| {
        page.body.split_once(&format!(r#"name="{name}" value=""#)).unwrap().1.split('"').next().unwrap().to_owned()
    };
    let submit = |cookie: &str, page: &Answer, action: &str, more: &[(&str, &str)]| {
        let (interaction, csrf) = (field(page, "interaction"), field(page, "csrf"));
        let pairs = [&[("interaction", interaction.as_str()), ("csrf", csrf.as_str())], more].concat();
        with(cookie, "POST", action, &encode(&pairs))
    };
    let cookie = |answer: &Answer| answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let page = get(&server, &authorize_target(&[]));
    let person = [("username", "alice"), ("password", "wonderland"), ("action", "login")];
    let consent = submit(&cookie(&page), &page, "/authorize/login", &person);
    let own = cookie(&consent);
    assert!(submit(&own, &consent, "/authorize/consent", &[("action", "allow")]).callback("code").is_some());

    let is_logged_in = || with(&own, "GET", &authorize_target(&[("prompt", "none")]), "").callback("code").is_some();
    let ask = || with(&own, "GET", &end_session(&[("client_id", "public")]), "");
    assert!(ask().body.contains("<h1>Sign out?</h1>"));
    assert!(submit(&own, &ask(), "/end_session/confirm", &[("action", "stay")]).body.contains("Still signed in"));
    let other = submit("grantor_session_1=x", &ask(), "/end_session/confirm", &[("action", "logout")]);
    assert_eq!(other.status, 400, "the form came from another browser");
    assert!(is_logged_in());
    // A hint that is not of this server is none.
    let forged = end_session(&[("id_token_hint", &format!("{}x", id_token(&builder().start())))]);
    assert!(with(&own, "GET", &forged, "").body.contains("<h1>Sign out?</h1>"));
    assert!(submit(&own, &ask(), "/end_session/confirm", &[("action", "logout")]).body.contains("<h1>Signed out</h1>"));
    assert!(!is_logged_in());
}

/// A client that listens for logout tokens and answers each with one of these statuses.
fn listen(statuses: &'static [u16]) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/logout?a=b", listener.local_addr().unwrap());
    let thread = thread::spawn(move || {
        let answer = |status: &u16| {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            let mut text = String::new();
            let mut buffer = [0; 4096];
            loop {
                let count = stream.read(&mut buffer).unwrap();
                text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
                if body.len() >= length.parse().unwrap() {
                    break;
                }
            }
            write!(stream, "HTTP/1.1 {status} X\r\nCache-Control: no-store\r\nContent-Length: 2\r\n\r\n{{}}").unwrap();
            text
        };
        statuses.iter().map(answer).collect()
    });
    (url, thread)
}

#[test]
fn a_logout_token_says_what_it_must() {
    let server = Server::start();
    let now = server.now().as_secs();
    let token = server.logout_token("public", Some("alice"), Some("s1"), None);
    assert_eq!(jose_header(&token)["typ"], "logout+jwt");
    assert!(is_by_server(&server, &token));
    let claims = claims(&token);
    assert_eq!(claims["events"], json!({"http://schemas.openid.net/event/backchannel-logout": {}}));
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(server.issuer()), &json!("public")));
    assert_eq!((&claims["sub"], &claims["sid"]), (&json!("alice"), &json!("s1")));
    assert!(claims["iat"].as_u64().unwrap() >= now && claims["exp"].as_u64().unwrap() <= now + 180);
    assert!(claims["jti"].is_string() && claims.get("nonce").is_none());
    server.register(Client::new("es").id_token_signed_response_alg("ES256"));
    server.register(Client::new("none").id_token_signed_response_alg("none"));
    let alg = |client: &str| jose_header(&server.logout_token(client, None, Some("s"), None))["alg"].clone();
    assert_eq!((alg("es"), alg("none")), (json!("ES256"), json!("RS256")), "never unsigned");
}

#[test]
fn a_logout_token_can_be_wrong_in_every_way() {
    let server = Server::start();
    let by = |fault: JwtFault| server.logout_token("public", Some("alice"), Some("s1"), fault);
    let get = |fault: JwtFault, name: &str| claims(&by(fault))[name].clone();
    assert!(by(JwtFault::AlgNone).ends_with('.'));
    assert_eq!(get(JwtFault::without("events"), "events"), Value::Null);
    assert_eq!(get(JwtFault::claim("nonce", "n"), "nonce"), "n");
    assert_eq!(jose_header(&by(JwtFault::OtherAlg("ES256".into())))["alg"], "ES256");
    assert_eq!(get(JwtFault::WrongAudience, "aud"), OTHER_CLIENT);
    assert_eq!(get(JwtFault::claim("events", json!({"urn:x": {}})), "events"), json!({"urn:x": {}}));
    assert_eq!(get(JwtFault::WrongIssuer, "iss"), OTHER_ISSUER);
    assert_eq!(get(JwtFault::without("jti"), "jti"), Value::Null);
    let nobody = claims(&server.logout_token("public", None, None, None));
    assert!(nobody.get("sub").is_none() && nobody.get("sid").is_none());
    assert!(get(JwtFault::Expired, "exp").as_u64().unwrap() < server.now().as_secs());
    assert_eq!(jose_header(&by(JwtFault::SetHeader("typ".into(), "JWT".into())))["typ"], "JWT");
    assert!(!is_by_server(&server, &by(JwtFault::BrokenSignature)));
}

#[test]
fn a_logout_token_is_posted_as_a_form_and_the_answer_told() {
    let server = Server::start();
    let (url, client) = listen(&[200, 400]);
    let token = server.logout_token("public", Some("alice"), None, None);
    let good = server.send_backchannel_logout(&url, &token).unwrap();
    assert_eq!((good.status, good.header("cache-control"), good.body.as_str()), (200, Some("no-store"), "{}"));
    assert_eq!(server.send_backchannel_logout(&url, "x").unwrap().status, 400);
    let received = client.join().unwrap();
    assert!(received[0].starts_with("POST /logout?a=b HTTP/1.1\r\n"), "{}", received[0]);
    assert!(received[0].contains("Content-Type: application/x-www-form-urlencoded\r\n"));
    assert!(received[0].ends_with(&format!("\r\n\r\nlogout_token={token}")));
    assert!(server.send_backchannel_logout("https://rp.example/", &token).is_err());
    assert!(server.send_backchannel_logout(&url, &token).is_err(), "nobody listens any more");
}

#[test]
fn a_logout_tells_the_clients_of_the_session_before_the_browser_hears() {
    let server = builder().start();
    let (url, client) = listen(&[200, 503]);
    for id in ["one", "two", "elsewhere"] {
        server.register(Client::new(id).redirect_uri(CALLBACK).backchannel_logout_uri(&url));
    }
    let (cookie, token) = logged_in(&server);
    for id in ["one", "two"] {
        let target = authorize_target(&[("client_id", id)]);
        assert!(send(&server, "GET", &target, &[("Cookie", &cookie)], "").callback("code").is_some());
    }
    server.misbehave_jwt_times(Jwt::LogoutToken, 1, JwtFault::without("sub"));
    assert!(get(&server, &end_session(&[("id_token_hint", &token)])).body.contains("Signed out"));
    let told = server.backchannel_logouts();
    let told: Vec<_> = told.iter().map(|notice| (notice.client_id.as_str(), notice.status)).collect();
    assert_eq!(told, [("one", Some(200)), ("two", Some(503))]);
    let received = client.join().unwrap();
    let tokens: Vec<Value> = received.iter().map(|text| claims(text.rsplit_once("logout_token=").unwrap().1)).collect();
    assert!(tokens.iter().all(|logout| logout["sid"] == claims(&token)["sid"]));
    assert_eq!((tokens[0].get("sub"), &tokens[1]["sub"]), (None, &json!("alice")));
}

#[test]
fn the_page_of_a_logout_loads_the_clients_in_frames_with_iss_and_sid() {
    let server = builder().start();
    let client = |id: &str| Client::new(id).redirect_uri(CALLBACK).post_logout_redirect_uri(BYE);
    server.register(client("public").frontchannel_logout_uri("http://127.0.0.1:9999/out?x=1"));
    let token = id_token(&server);
    let sid = claims(&token)["sid"].as_str().unwrap().to_owned();
    let url = Url::parse(&server.frontchannel_logout_url("public", &sid).unwrap()).unwrap();
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    let expected = [("x", "1".to_owned()), ("iss", server.issuer()), ("sid", sid.clone())];
    assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value)));
    assert_eq!(server.frontchannel_logout_url("svc", &sid), None);

    let pairs = [("id_token_hint", token.as_str()), ("post_logout_redirect_uri", BYE), ("state", "s")];
    let page = get(&server, &end_session(&pairs));
    assert_eq!(page.status, 200);
    let frame = format!(r#"<iframe src="{}""#, url.as_str().replace('&', "&amp;"));
    assert!(page.body.contains(&frame), "{}", page.body);
    assert!(page.body.contains(&format!(r#"href="{BYE}&amp;state=s""#)), "and then the browser goes on");
    assert!(page.header("content-security-policy").unwrap().contains("frame-src *"));

    // By the provider's own decision.
    let (_, token) = logged_in(&server);
    let sid = claims(&token)["sid"].as_str().unwrap().to_owned();
    assert_eq!(server.end_session(&sid), [server.frontchannel_logout_url("public", &sid).unwrap()]);
    assert!(server.end_session(&sid).is_empty(), "it is over");
}

/// OpenID Connect Session Management 1.0 section 3.2, as the page works it out.
fn state_by_page(session_state: &str, client: &str, cookie: &str, server: &Server) -> String {
    let name = format!("grantor_state_{}=", server.port());
    let state = cookie.split("; ").find_map(|pair| pair.strip_prefix(name.as_str())).unwrap_or_default();
    let salt = session_state.split('.').nth(1).unwrap();
    let text = format!("{client} http://127.0.0.1:9999 {state} {salt}");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}.{salt}")
}

#[test]
fn the_session_state_is_what_the_page_works_out_until_the_logout() {
    let server = builder().start();
    let first = get(&server, &authorize_target(&[]));
    let jar = |answer: &Answer| {
        answer.headers("set-cookie").iter().map(|field| field.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
    };
    let cookie = jar(&first);
    let state = first.callback("session_state").unwrap();
    assert_eq!(state_by_page(&state, "public", &cookie, &server), state, "unchanged");
    assert_ne!(state_by_page(&state, "other", &cookie, &server), state);
    // Another answer in the same session changes nothing.
    let again = send(&server, "GET", &authorize_target(&[]), &[("Cookie", &cookie)], "");
    assert_eq!(state_by_page(&state, "public", &jar(&again), &server), state);
    let out = send(&server, "GET", "/end_session", &[("Cookie", &cookie)], "");
    assert_ne!(state_by_page(&state, "public", &jar(&out), &server), state, "changed");
    let plain = get(&server, &authorize_target(&[("scope", "read")]));
    assert_eq!(plain.callback("session_state"), None, "only for OpenID requests");

    let page = get(&server, "/check_session");
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert!(page.body.contains(&format!("grantor_state_{}=", server.port())) && page.body.contains("postMessage"));
    assert_eq!(page.header("x-frame-options"), None, "it has to stand in a frame");
    let field = first.headers("set-cookie")[1].to_owned();
    assert!(field.starts_with("grantor_state_") && !field.contains("HttpOnly"), "its script reads it: {field}");
}

#[test]
fn the_sid_stays_for_a_session_and_changes_with_the_next() {
    let server = builder().start();
    let (cookie, token) = logged_in(&server);
    let again = send(&server, "GET", &authorize_target(&[]), &[("Cookie", &cookie)], "").callback("code").unwrap();
    let again = exchange(&server, &again);
    assert_eq!(claims(&again.text("id_token"))["sid"], claims(&token)["sid"]);
    assert_eq!(claims(&again.text("id_token"))["auth_time"], claims(&token)["auth_time"]);
    let refreshed = refresh(&server, &again.text("refresh_token")).text("id_token");
    assert_eq!(claims(&refreshed)["sid"], claims(&token)["sid"]);
    assert_ne!(claims(&id_token(&server))["sid"], claims(&token)["sid"]);
}
