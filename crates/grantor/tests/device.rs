//! The device authorization grant: what the device sees, what the person sees, and what can go wrong.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::*;
use grantor::{Builder, Client, Endpoint, Misbehaviour, Server};
use serde_json::json;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A server whose clock stands still until a test moves it.
fn still() -> Builder {
    Server::builder().clock(|| Duration::from_secs(1_000_000_000))
}

fn ask(server: &Server, more: &[(&str, &str)]) -> Answer {
    post(server, "/device", &[&[("client_id", "public"), ("scope", "openid profile")], more].concat())
}

fn poll(server: &Server, device_code: &str) -> Answer {
    post(server, "/token", &[("grant_type", GRANT_TYPE), ("client_id", "public"), ("device_code", device_code)])
}

/// What the next poll says: an error code, or `ok`.
fn verdict(server: &Server, device_code: &str) -> String {
    let answer = poll(server, device_code);
    if answer.status == 200 { "ok".into() } else { answer.error() }
}

#[test]
fn a_device_gets_both_codes_and_says_where_to_enter_one() {
    let server = still().device_code_lifetime(Duration::from_secs(600)).device_interval(7).start();
    let answer = ask(&server, &[]);
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{}", answer.body);
    let members = answer.json();
    let user_code = answer.text("user_code");
    let page = format!("{}/device/verify", server.issuer());
    assert_eq!(members["verification_uri"], page);
    assert_eq!(members["verification_uri_complete"], format!("{page}?user_code={user_code}"));
    assert_eq!((&members["expires_in"], &members["interval"]), (&json!(600), &json!(7)));
    assert!(answer.text("device_code").len() >= 22);
    assert_eq!(server.count(Endpoint::DeviceAuthorization), 1);

    let silent = still().device_interval(None).start();
    assert_eq!(ask(&silent, &[]).json().get("interval"), None);
    let document = get(&server, "/.well-known/openid-configuration").json();
    assert_eq!(document["device_authorization_endpoint"], format!("{}/device", server.issuer()));
    assert!(document["grant_types_supported"].as_array().unwrap().contains(&json!(GRANT_TYPE)));
}

#[test]
fn a_client_authenticates_at_the_device_endpoint_as_at_the_token_endpoint() {
    let server = Server::start();
    assert_eq!(svc(&server, "/device", &[("scope", "read")]).status, 200);
    assert_eq!(post(&server, "/device", &[("client_id", "svc")]).error(), "invalid_client");
    assert_eq!(post(&server, "/device", &[]).error(), "invalid_client");
    server.register(Client::new("narrow").scope("read"));
    assert_eq!(post(&server, "/device", &[("client_id", "narrow"), ("scope", "write")]).error(), "invalid_scope");
    assert_eq!(get(&server, "/device").status, 405);
}

#[test]
fn tokens_come_once_the_person_has_said_yes_and_only_once() {
    let server = still().start();
    let answer = ask(&server, &[]);
    let code = answer.text("device_code");
    assert_eq!(verdict(&server, &code), "authorization_pending");
    assert!(!server.approve_device("XXXX-XXXX", "alice"));
    let typed = answer.text("user_code").to_lowercase().replace('-', " ");
    assert!(server.approve_device(&typed, "alice"), "case and punctuation do not count");
    assert!(!server.deny_device(&typed), "it is decided");
    let tokens = poll(&server, &code);
    assert_eq!(tokens.status, 200, "at once, however soon: {}", tokens.body);
    assert_eq!(claims(&tokens.text("id_token"))["sub"], "alice");
    assert!(is_by_server(&server, &tokens.text("id_token")));
    assert_eq!(get_with(&server, "/api", &tokens.text("access_token")).status, 200);
    assert_eq!(refresh(&server, &tokens.text("refresh_token")).status, 200);
    assert_eq!(verdict(&server, &code), "invalid_grant");
}

#[test]
fn slow_down_adds_five_seconds_for_good() {
    let server = still().start();
    let code = ask(&server, &[]).text("device_code");
    let after = |seconds: u64| {
        server.advance(Duration::from_secs(seconds));
        verdict(&server, &code)
    };
    assert_eq!(after(0), "authorization_pending", "the first may come at once");
    assert_eq!(after(5), "authorization_pending");
    assert_eq!(after(4), "slow_down");
    assert_eq!(after(9), "slow_down", "ten seconds now");
    assert_eq!(after(14), "slow_down", "fifteen");
    assert_eq!(after(20), "authorization_pending");
    assert_eq!(after(20), "authorization_pending");
    assert_eq!(after(19), "slow_down", "it does not shrink again");
    let times = server.polls(&code);
    assert_eq!(times.len(), 9, "the request and eight polls");
    assert_eq!(times[8] - times[7], Duration::from_secs(19));
}

#[test]
fn without_an_interval_it_is_five_seconds() {
    let server = still().device_interval(None).start();
    let code = ask(&server, &[]).text("device_code");
    assert_eq!(verdict(&server, &code), "authorization_pending");
    server.advance(Duration::from_secs(4));
    assert_eq!(verdict(&server, &code), "slow_down");
}

#[test]
fn a_test_can_slow_the_next_poll_down() {
    let server = still().device_interval(0).start();
    let code = ask(&server, &[]).text("device_code");
    assert_eq!([verdict(&server, &code), verdict(&server, &code)], ["authorization_pending"; 2]);
    assert!(server.slow_down(&code) && !server.slow_down("x"));
    assert_eq!([verdict(&server, &code), verdict(&server, &code)], ["slow_down"; 2]);
}

#[test]
fn a_refusal_and_the_end_of_the_code_have_errors_of_their_own() {
    let server = still().device_code_lifetime(Duration::from_secs(60)).start();
    let denied = ask(&server, &[]);
    assert!(server.deny_device(&denied.text("user_code")));
    assert_eq!([0, 1].map(|_| verdict(&server, &denied.text("device_code"))), ["access_denied"; 2]);
    let late = ask(&server, &[]);
    server.advance(Duration::from_secs(60));
    assert!(!server.approve_device(&late.text("user_code"), "alice"));
    assert_eq!(verdict(&server, &late.text("device_code")), "expired_token");
}

#[test]
fn a_device_code_is_for_the_client_it_was_given_to() {
    let server = still().start();
    let answer = ask(&server, &[]);
    let code = answer.text("device_code");
    server.approve_device(&answer.text("user_code"), "alice");
    let by = |pairs: &[(&str, &str)]| svc(&server, "/token", &[&[("grant_type", GRANT_TYPE)], pairs].concat()).error();
    assert_eq!(by(&[("device_code", &code)]), "invalid_grant");
    assert_eq!(by(&[("device_code", "unknown")]), "invalid_grant");
    assert_eq!(by(&[]), "invalid_request");
    assert_eq!(verdict(&server, &code), "ok", "that did not use it up");
}

#[test]
fn a_device_can_be_approved_after_some_polls() {
    let server = still().device_auto_approve_after(2).auto_approve("jane").start();
    let code = ask(&server, &[]).text("device_code");
    let next = || {
        server.advance(Duration::from_secs(5));
        poll(&server, &code)
    };
    assert_eq!([next().error(), next().error()], ["authorization_pending"; 2]);
    let tokens = next();
    assert_eq!(claims(&tokens.text("id_token"))["sub"], "jane");
    assert_eq!(next().error(), "invalid_grant");
    let soon = Server::builder().device_auto_approve_after(0).start();
    let code = ask(&soon, &[]).text("device_code");
    assert_eq!(claims(&poll(&soon, &code).text("id_token"))["sub"], "alice");
}

#[test]
fn a_poll_can_fail_at_a_chosen_time_and_any_member_can_be_missing() {
    let server = still().start();
    server.misbehave_times(Endpoint::DeviceAuthorization, 1, Misbehaviour::OmitMember("user_code".into()));
    server.misbehave_times(
        Endpoint::DeviceAuthorization,
        1,
        Misbehaviour::Status { status: 503, retry_after: Some(9) },
    );
    assert_eq!(ask(&server, &[]).json().get("user_code"), None);
    assert_eq!(ask(&server, &[]).header("retry-after"), Some("9"));
    let code = ask(&server, &[]).text("device_code");
    let denied = Misbehaviour::OAuthError { status: 400, error: "access_denied".into(), description: None };
    server.misbehave_times(Endpoint::Token, 2, Misbehaviour::Nothing);
    server.misbehave_times(Endpoint::Token, 1, denied);
    let next = || {
        server.advance(Duration::from_secs(5));
        verdict(&server, &code)
    };
    assert_eq!([next(), next(), next()], ["authorization_pending", "authorization_pending", "access_denied"]);
}

#[test]
fn revoking_everything_takes_what_waits_along() {
    let server = still().start();
    let answer = ask(&server, &[]);
    assert!(server.approve_device(&answer.text("user_code"), "alice"));
    server.revoke_everything();
    assert_eq!(verdict(&server, &answer.text("device_code")), "invalid_grant");
}

#[test]
fn what_waits_can_be_listed() {
    let server = still().start();
    let answer = ask(&server, &[]);
    let waiting = server.pending_authorizations();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].id, answer.text("device_code"));
    assert_eq!(waiting[0].user_code, Some(answer.text("user_code")));
    assert_eq!((waiting[0].client_id.as_str(), waiting[0].scope.as_str()), ("public", "openid profile"));
    server.deny_device(&answer.text("user_code"));
    assert!(server.pending_authorizations().is_empty());
}

/// A person at a browser.
struct Person<'a> {
    server: &'a Server,
    cookie: String,
    page: Answer,
}

impl<'a> Person<'a> {
    fn at(server: &'a Server, target: &str) -> Self {
        Self { server, cookie: String::new(), page: get(server, target) }
    }

    fn submit(&mut self, action: &str, more: &[(&str, &str)]) {
        let field = |name: &str| {
            let (_, rest) = self.page.body.split_once(&format!(r#"name="{name}" value=""#))?;
            Some(rest.split('"').next().unwrap().to_owned())
        };
        let (interaction, csrf) = (field("interaction"), field("csrf"));
        let mut pairs = more.to_vec();
        pairs.extend(interaction.as_deref().map(|value| ("interaction", value)));
        pairs.extend(csrf.as_deref().map(|value| ("csrf", value)));
        let headers = [FORM, ("Cookie", self.cookie.as_str())];
        let page = send(self.server, "POST", action, &headers, &encode(&pairs));
        if let Some(field) = page.headers("set-cookie").iter().find(|field| field.starts_with("grantor_session")) {
            self.cookie = field.split(';').next().unwrap().to_owned();
        }
        self.page = page;
    }
}

#[test]
fn a_person_enters_the_code_logs_in_and_consents() {
    let server = Server::builder().device_interval(0).start();
    let answer = ask(&server, &[]);
    let (device_code, user_code) = (answer.text("device_code"), answer.text("user_code"));
    let mut person = Person::at(&server, "/device/verify");
    person.submit("/device/verify", &[("user_code", "nonsense")]);
    assert!(person.page.body.contains("No device waits with that code"));
    person.submit("/device/verify", &[("user_code", &user_code.to_lowercase())]);
    let login = [("username", "alice"), ("password", "wonderland"), ("action", "login")];
    person.submit("/authorize/login", &login);
    assert!(person.page.body.contains("Your device must show"), "{}", person.page.body);
    assert_eq!(verdict(&server, &device_code), "authorization_pending");
    person.submit("/authorize/consent", &[("action", "allow")]);
    assert!(person.page.body.contains("<h1>Connected</h1>"));
    let tokens = poll(&server, &device_code);
    assert_eq!(claims(&tokens.text("id_token"))["sub"], "alice");
    assert!(claims(&tokens.text("id_token"))["sid"].is_string());

    // The same person with another device: no login, but a consent all the same.
    let again = ask(&server, &[]);
    person.submit("/device/verify", &[("user_code", &again.text("user_code"))]);
    assert!(person.page.body.contains("Allow access?"));
    person.submit("/authorize/consent", &[("action", "deny")]);
    assert!(person.page.body.contains("Not connected"));
    assert_eq!(verdict(&server, &again.text("device_code")), "access_denied");
}

#[test]
fn a_link_with_the_code_in_it_still_has_to_be_confirmed() {
    let server = Server::start();
    let answer = ask(&server, &[]);
    let target = format!("/device/verify?user_code={}", answer.text("user_code"));
    assert!(get(&server, &target).body.contains(&format!(r#"value="{}""#, answer.text("user_code"))));
    assert_eq!(verdict(&server, &answer.text("device_code")), "authorization_pending");

    let auto = auto();
    let answer = ask(&auto, &[]);
    let target = format!("/device/verify?user_code={}", answer.text("user_code"));
    assert!(get(&auto, &target).body.contains("Connected"), "where everything is approved this is too");
    assert_eq!(verdict(&auto, &answer.text("device_code")), "ok");
}

#[test]
fn the_page_shows_the_authorization_details_of_the_device() {
    let server = still().start();
    let details = r#"[{"type":"payment","creditor":"Merchant A"}]"#;
    let user_code = ask(&server, &[("authorization_details", details)]).text("user_code");
    let mut person = Person::at(&server, "/device/verify");
    person.submit("/device/verify", &[("user_code", &user_code)]);
    person.submit("/authorize/login", &[("username", "alice"), ("password", "wonderland"), ("action", "login")]);
    assert!(person.page.body.contains("Merchant A"), "{}", person.page.body);
}
