use crate::support::{Home, in_a_browser, log_in, service, with};
use grantor::{Endpoint, Server};

fn server() -> Server {
    Server::builder().auto_approve("alice").start()
}

#[test]
fn the_url_has_the_id_token_of_the_login_and_the_profile_forgets() {
    let (home, server) = (Home::new(), server());
    let options = service(&home, &server);
    let brought = log_in(&home, &options, &["--scope", "openid", "--profile", "p"]).json();
    let id_token = brought["id_token"].as_str().unwrap();
    // However old the token is, and without a word to the server.
    home.age_token("p");
    let asked = server.count(Endpoint::Token);
    let ran = home.run(&["logout", "--no-browser", "--profile", "p"]).exits(0);
    let url = ran.text().trim_end();
    assert!(
        url.starts_with(&server.url("/end_session?")) && url.contains(&format!("id_token_hint={id_token}")),
        "{url}"
    );
    assert!(url.contains("client_id=svc") && !url.contains("state="));
    assert_eq!(server.count(Endpoint::Token), asked);
    home.run(&["token", "--profile", "p"]).exits(12);
    // A second logout knows nobody, and is none the worse for it.
    let again = home.run(&["logout", "--no-browser", "--json", "--profile", "p"]).json();
    assert!(!again["url"].as_str().unwrap().contains("id_token_hint"));
}

#[test]
fn without_a_profile_the_id_token_is_given() {
    let (home, server) = (Home::new(), server());
    let options = service(&home, &server);
    home.file("id", "e30.e30.AA\n");
    let away = "https://app.example/callback";
    let arguments = [
        "logout",
        "--no-browser",
        "--json",
        "--id-token-hint",
        "@id",
        "--post-logout-redirect-uri",
        away,
        "--state",
        "own",
    ];
    let shown = home.run(&with(&arguments, &options)).json();
    let url = shown["url"].as_str().unwrap();
    assert!(url.contains("id_token_hint=e30.e30.AA&") && url.ends_with("&state=own"), "{url}");
    assert_eq!(shown["forgotten"], false);
    let literal = home.run(&with(&["logout", "--no-browser", "--id-token-hint", "e30.e30.AA"], &options)).exits(2);
    assert!(!literal.stderr.contains("e30.e30.AA"));
}

#[test]
fn the_way_back_is_waited_for_on_loopback_and_its_state_checked() {
    let (home, server) = (Home::new(), server());
    let options = service(&home, &server);
    log_in(&home, &options, &["--scope", "openid", "--profile", "p"]).json();
    let back = "http://127.0.0.1/callback";
    let arguments = with(&["logout", "--json", "--profile", "p", "--post-logout-redirect-uri", back], &options);
    let (ran, callback) = in_a_browser(home, &arguments);
    assert!(callback.contains("state="), "{callback}");
    assert_eq!(ran.json()["forgotten"], true);
}

#[test]
fn a_server_without_the_endpoint_is_said_and_nothing_is_forgotten() {
    let server = Server::builder().auto_approve("alice").omit_metadata("end_session_endpoint").start();
    let home = Home::new();
    let options = service(&home, &server);
    log_in(&home, &options, &["--scope", "openid", "--profile", "p"]).json();
    let ran = home.run(&["logout", "--json", "--no-browser", "--profile", "p"]).exits(2);
    assert!(ran.error()["message"].as_str().unwrap().contains("end_session_endpoint"));
    home.run(&["token", "--profile", "p"]).json();
    let own = server.url("/end_session");
    home.run(&["logout", "--no-browser", "--profile", "p", "--end-session-endpoint", &own]).exits(0);
}
