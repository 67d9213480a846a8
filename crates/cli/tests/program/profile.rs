use crate::support::{Home, mode, service, set_mode, with};
use grantor::Server;
use serde_json::json;

#[test]
fn a_profile_is_saved_shown_listed_and_removed() {
    let (home, server) = (Home::new(), Server::start());
    let options = service(&home, &server);
    home.run(&with(&["profile", "save", "work", "--scope", "a", "b"], &options)).exits(0);
    assert_eq!(mode(&home.profile_file("work")), 0o600);
    assert_eq!(home.run(&["profile", "list", "--json"]).json(), json!(["work"]));
    assert_eq!(home.run(&["profile", "list"]).exits(0).text(), "work\n");
    let shown = home.run(&["profile", "show", "work", "--json"]).json();
    assert_eq!((&shown["issuer"], &shown["scope"]), (&server.issuer().into(), &json!(["a", "b"])));
    // What is not given stays as it was.
    home.run(&["profile", "save", "work", "--audience", "x"]).exits(0);
    let shown = home.run(&["profile", "show", "--profile", "work", "--json"]).json();
    assert_eq!((&shown["client_id"], &shown["audience"]), (&"svc".into(), &json!(["x"])));
    home.run(&["token", "client-credentials", "--profile", "work"]).json();
    assert!(home.path("state/grantee/work/tokens.json").exists());
    home.run(&["profile", "remove", "work"]).exits(0);
    assert!(!home.path("state/grantee/work").exists());
    assert_eq!(home.run(&["profile", "list", "--json"]).json(), json!([]));
    home.run(&["profile", "show", "work"]).exits(2);
    home.run(&["profile", "remove", "work"]).exits(2);
}

#[test]
fn a_secret_from_stdin_is_kept_and_never_shown() {
    let (home, server) = (Home::new(), Server::start());
    let issuer = server.issuer();
    home.run_with(
        "secret\n",
        &["profile", "save", "p", "--issuer", &issuer, "--client-id", "svc", "--client-secret-file", "-"],
    )
    .exits(0);
    let shown = home.run(&["profile", "show", "p", "--json"]).json();
    assert_eq!(shown["client_secret"], "(hidden)");
    home.run(&["token", "client-credentials", "--profile", "p"]).json();
    set_mode(&home.profile_file("p"), 0o640);
    let ran = home.run(&["token", "client-credentials", "--profile", "p", "--json"]).exits(14);
    assert!(ran.error()["hint"].as_str().unwrap().starts_with("chmod 600"));
}

#[test]
fn a_secret_of_the_environment_stays_there() {
    let (home, server) = (Home::new().env("GRANTEE_CLIENT_SECRET", "s3cret-of-env"), Server::start());
    let proxy = home.env("GRANTEE_PROXY", "http://user:s3cret-of-proxy@127.0.0.1:9");
    proxy.run(&["profile", "save", "p", "--issuer", &server.issuer(), "--client-id", "svc"]).exits(0);
    let text = std::fs::read_to_string(proxy.profile_file("p")).unwrap();
    assert!(!text.contains("s3cret") && text.contains("127.0.0.1:9"), "{text}");
}

#[test]
fn options_go_before_the_environment_and_that_before_the_profile() {
    let (home, server) = (Home::new(), Server::start());
    home.run(&with(&["profile", "save", "p", "--scope", "profile"], &service(&home, &server))).exits(0);
    let scope = |home: &Home, more: &[&str]| {
        home.run(&[&["token", "client-credentials", "--profile", "p"], more].concat()).json()["scope"].clone()
    };
    assert_eq!(scope(&home, &[]), "profile");
    let home = home.env("GRANTEE_SCOPE", "environment");
    assert_eq!(scope(&home, &[]), "environment");
    assert_eq!(scope(&home, &["--scope", "option"]), "option");
}

#[test]
fn a_profile_written_by_hand_is_read() {
    let (home, server) = (Home::new(), Server::start());
    std::fs::create_dir_all(home.profile_file("p").parent().unwrap()).unwrap();
    std::fs::write(home.profile_file("p").with_file_name("secret"), "secret").unwrap();
    let text = format!(
        "issuer = '{}'\nclient-id = 'svc'\nclient-secret-file = 'secret'\ngrant = 'client_credentials'\n",
        server.issuer()
    );
    std::fs::write(home.profile_file("p"), text).unwrap();
    home.run(&["token", "--profile", "p"]).json();
    std::fs::write(home.profile_file("p"), "isuer = 'x'\n").unwrap();
    let ran = home.run(&["token", "--profile", "p", "--json"]).exits(14);
    assert!(ran.error()["message"].as_str().unwrap().contains("isuer"));
}

#[test]
fn what_is_dangerous_is_kept_only_when_it_is_saved() {
    let (home, server) = (Home::new(), Server::start());
    let options = service(&home, &server);
    home.run(&with(
        &["token", "client-credentials", "--profile", "p", "--allow-http", "--danger-accept-invalid-certs"],
        &options,
    ))
    .exits(0);
    assert!(!std::fs::read_to_string(home.profile_file("p")).unwrap().contains("true"));
    home.run(&["profile", "save", "p", "--allow-http"]).exits(0);
    assert!(std::fs::read_to_string(home.profile_file("p")).unwrap().contains("allow_http = true"));
}
