//! The authorization endpoint, and a person who walks through its pages.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use grantor::{Client, Endpoint, Server, User};

#[test]
fn auto_approve_answers_at_once_with_code_state_and_iss() {
    let server = auto();
    let answer = get(&server, &authorize_target(&[]));
    assert_eq!(answer.status, 302);
    assert!(answer.header("location").unwrap().starts_with(&format!("{CALLBACK}?")));
    assert_eq!(answer.callback("code").unwrap().len(), 43);
    assert_eq!(answer.callback("state").as_deref(), Some("af0ifjsldkj"));
    assert_eq!(answer.callback("iss"), Some(server.issuer()));
}

#[test]
fn a_person_nobody_registered_can_be_approved_too() {
    let server = Server::builder().auto_approve("bob").start();
    let token = exchange(&server, &code(&server)).text("access_token");
    assert_eq!(get_with(&server, "/userinfo", &token).text("sub"), "bob");
}

#[test]
fn nobody_is_redirected_to_an_address_that_is_not_the_clients() {
    let server = auto();
    let bad: [&[(&str, &str)]; 5] = [
        &[("client_id", "nobody")],
        &[("redirect_uri", "https://evil.example/")],
        &[("redirect_uri", "http://127.0.0.1:9999/callback/../x")],
        &[("redirect_uri", "")],
        &[("client_id", "")],
    ];
    let twice = format!("{}&redirect_uri=https%3A%2F%2Fevil.example", authorize_target(&[]));
    for target in bad.map(authorize_target).into_iter().chain([twice]) {
        let answer = get(&server, &target);
        assert_eq!((answer.status, answer.header("location")), (400, None), "{target}");
        assert!(answer.body.contains(r#"role="alert""#));
    }
}

#[test]
fn other_mistakes_go_to_the_client() {
    let server = auto();
    let mistakes: [(&[(&str, &str)], &str); 11] = [
        (&[("response_type", "telegram")], "unsupported_response_type"),
        (&[("response_type", "")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge", "short")], "invalid_request"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("response_mode", "telegram")], "invalid_request"),
        (&[("scope", "a\"b")], "invalid_scope"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("max_age", "soon")], "invalid_request"),
        (&[("request", "x.y.z")], "invalid_request_object"),
    ];
    for (pairs, error) in mistakes {
        let answer = get(&server, &authorize_target(pairs));
        assert_eq!(answer.callback("error").as_deref(), Some(error), "{pairs:?}");
        assert_eq!(answer.callback("state").as_deref(), Some("af0ifjsldkj"));
        assert_eq!(answer.callback("iss"), Some(server.issuer()));
    }
    let repeated = get(&server, &format!("{}&scope=x", authorize_target(&[])));
    assert_eq!(repeated.callback("error").as_deref(), Some("invalid_request"));
}

#[test]
fn a_confidential_client_may_go_without_pkce_and_its_only_redirect_uri_may_be_left_out() {
    let client = Client::new("one").secret("secret").redirect_uri("https://app.example/cb?x=1");
    let server = Server::builder().auto_approve("alice").client(client).start();
    let target = authorize_target(&[
        ("client_id", "one"),
        ("redirect_uri", ""),
        ("code_challenge", ""),
        ("code_challenge_method", ""),
    ]);
    let answer = get(&server, &target);
    assert!(answer.header("location").unwrap().starts_with("https://app.example/cb?x=1&code="));
    let code = answer.callback("code").unwrap();
    let by = |more: &[(&str, &str)]| {
        let base =
            [("grant_type", "authorization_code"), ("client_id", "one"), ("client_secret", "secret"), ("code", &code)];
        post(&server, "/token", &[&base, more].concat())
    };
    assert_eq!(by(&[("code_verifier", VERIFIER)]).error(), "invalid_grant", "no challenge, no verifier");
    assert_eq!(by(&[]).status, 200);
}

#[test]
fn fragment_and_form_post_carry_the_answer_too() {
    let server = auto();
    let fragment = get(&server, &authorize_target(&[("response_mode", "fragment")]));
    assert!(fragment.header("location").unwrap().starts_with(&format!("{CALLBACK}#code=")));
    let form = get(&server, &authorize_target(&[("response_mode", "form_post"), ("state", "\"><script>")]));
    assert_eq!(form.status, 200);
    assert!(form.body.contains(&format!(r#"action="{CALLBACK}""#)));
    assert_eq!(input(&form, "code").len(), 43);
    assert!(!form.body.contains("\"><script>"));
    assert_eq!(form.body.matches("<script>").count(), 1);
}

/// A browser, as far as the pages need one.
struct Person<'a> {
    server: &'a Server,
    cookie: Option<String>,
}

impl<'a> Person<'a> {
    fn new(server: &'a Server) -> Self {
        Self { server, cookie: None }
    }

    fn keep(&mut self, answer: Answer) -> Answer {
        if let Some(cookie) = answer.header("set-cookie") {
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"));
            self.cookie = Some(cookie.split(';').next().unwrap().to_owned());
        }
        answer
    }

    fn get(&mut self, target: &str) -> Answer {
        let cookie = self.cookie.clone().unwrap_or_default();
        let answer = send(self.server, "GET", target, &[("Cookie", &cookie)], "");
        self.keep(answer)
    }

    /// Fills in the form of a page.
    fn submit(&mut self, page: &Answer, fields: &[(&str, &str)]) -> Answer {
        assert_eq!(page.status, 200, "{page:?}");
        let action = between(&page.body, r#"<form method="post" action=""#, '"');
        let (interaction, csrf) = (input(page, "interaction"), input(page, "csrf"));
        let pairs = [&[("interaction", interaction.as_str()), ("csrf", csrf.as_str())], fields].concat();
        let cookie = self.cookie.clone().unwrap_or_default();
        let answer = send(self.server, "POST", &action, &[FORM, ("Cookie", &cookie)], &encode(&pairs));
        self.keep(answer)
    }
}

fn between(text: &str, start: &str, end: char) -> String {
    let rest = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}")).1;
    rest.split(end).next().unwrap().to_owned()
}

fn input(page: &Answer, name: &str) -> String {
    between(&page.body, &format!(r#"name="{name}" value=""#), '"')
}

const ALICE: &[(&str, &str)] = &[("username", "alice"), ("password", "wonderland"), ("action", "login")];
const ALLOW: &[(&str, &str)] = &[("action", "allow")];

#[test]
fn a_person_logs_in_consents_and_is_remembered() {
    let server = Server::builder().issuer_path("/t").start();
    let mut person = Person::new(&server);
    let target = format!("/t{}", authorize_target(&[("login_hint", "ali<ce")]));
    let page = person.get(&target);
    assert_eq!(input_value(&page, "username"), "ali&lt;ce");
    for header in ["content-security-policy", "referrer-policy", "x-frame-options"] {
        assert!(page.header(header).is_some(), "{header}");
    }
    assert!(page.body.contains(r#"<html lang="en">"#) && page.body.contains(r#"<label for="password">"#));
    assert!(page.body.contains(r#"autocomplete="current-password""#));

    let before = person.cookie.clone();
    let wrong = person.submit(&page, &[("username", "alice"), ("password", "?"), ("action", "login")]);
    assert!(wrong.body.contains(r#"role="alert""#));
    let consent = person.submit(&wrong, ALICE);
    assert_ne!(person.cookie, before, "a login makes a new session");
    assert!(consent.body.contains("<code>email</code>") && consent.body.contains("Alice"));
    let done = person.submit(&consent, ALLOW);
    assert_eq!(done.status, 303);
    let code = done.callback("code").unwrap();
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", "public"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(post(&server, "/t/token", &pairs).status, 200);

    // Once more, and nothing is asked; unless the client wants it asked.
    assert!(person.get(&target).callback("code").is_some());
    let silent = format!("/t{}", authorize_target(&[("prompt", "none")]));
    assert!(person.get(&silent).callback("code").is_some());
    let again = person.get(&format!("/t{}", authorize_target(&[("prompt", "login")])));
    assert!(again.body.contains("<h1>Sign in</h1>"));
    let stale = person.get(&format!("/t{}", authorize_target(&[("max_age", "0")])));
    assert!(stale.body.contains("<h1>Sign in</h1>"));
    let wider = format!("/t{}", authorize_target(&[("scope", "openid orders"), ("prompt", "none")]));
    assert_eq!(person.get(&wider).callback("error").as_deref(), Some("consent_required"));

    let out =
        person.get("/t/end_session?client_id=public&post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcb&state=s");
    let out = person.submit(&out, &[("action", "logout")]);
    assert_eq!(out.header("location"), Some("http://127.0.0.1:1/cb?state=s"));
    assert_eq!(person.get(&silent).callback("error").as_deref(), Some("login_required"));
    assert!(
        person.get("/t/end_session?post_logout_redirect_uri=https%3A%2F%2Fevil.example").body.contains("Signed out")
    );
}

fn input_value(page: &Answer, id: &str) -> String {
    let rest = between(&page.body, &format!(r#"<input id="{id}""#), '>');
    between(&rest, r#"value=""#, '"')
}

#[test]
fn a_person_may_say_no_on_either_page() {
    let server = Server::start();
    let mut person = Person::new(&server);
    let page = person.get(&authorize_target(&[]));
    let no = person.submit(&page, &[("action", "deny")]);
    assert_eq!(no.callback("error").as_deref(), Some("access_denied"));
    let page = person.get(&authorize_target(&[]));
    let consent = person.submit(&page, ALICE);
    let no = person.submit(&consent, &[("action", "deny")]);
    assert_eq!(no.callback("error").as_deref(), Some("access_denied"));
    assert_eq!(no.callback("state").as_deref(), Some("af0ifjsldkj"));
    assert_eq!(server.count(Endpoint::Authorize), 5);
}

#[test]
fn a_form_from_another_browser_or_a_second_time_is_refused() {
    let server = Server::builder().user(User::new("bob", "b")).start();
    let mut person = Person::new(&server);
    let page = person.get(&authorize_target(&[]));
    let mut other = Person::new(&server);
    other.get(&authorize_target(&[]));
    assert_eq!(other.submit(&page, ALICE).status, 400);
    let forged = Answer { body: page.body.replace(&input(&page, "csrf"), "guessed"), head: page.head.clone(), ..page };
    assert_eq!(person.submit(&forged, ALICE).status, 400);
    let consent = person.submit(&page, ALICE);
    assert_eq!(consent.status, 200);
    assert_eq!(person.submit(&page, ALICE).status, 400, "the page was used up");
    // A login form cannot stand in for consent, nor a consent form for a login.
    let fresh = Person::new(&server).get(&authorize_target(&[]));
    let skipping = Answer { body: fresh.body.replace("/authorize/login", "/authorize/consent"), ..fresh };
    assert_eq!(person.submit(&skipping, ALLOW).status, 400);
}
