//! OpenID Connect in the program.

use grantee_interop::{Server, Walk};
use serde_json::Value;

use crate::face::program::done;
use crate::face::{By, Face, Kind, Outcome, ProgramFace, Session, Setup, through_the_program};

through_the_program!(
    a_login_shows_who_it_is at oidc_provider glewlwyd,
    a_login_by_each_response_type at oidc_provider glewlwyd,
    id_tokens_signed_and_encrypted_as_registered at oidc_provider glewlwyd,
    userinfo_as_registered at oidc_provider,
    userinfo_of_a_profile at oidc_provider glewlwyd,
    a_logout_forgets_the_profile at oidc_provider glewlwyd,
    an_id_token_is_verified_and_a_changed_one_refused at oidc_provider glewlwyd,
    assertions_by_key_and_by_secret at oidc_provider,
);

fn program(server: &Server, id: &str) -> ProgramFace {
    ProgramFace::new(&Setup::registered(server, id))
}

fn options(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Logs in with these words after `login --start`, and those after `login --finish`.
fn login(face: &ProgramFace, walk: &mut Walk, asked: &[&str], kept: &[&str]) -> Outcome<Value> {
    done(face.log_in_by(walk, &options(asked), &options(kept))?)
}

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}"))
}

fn a_login_shows_who_it_is(server: &Server) {
    let face = program(server, "basic");
    let asked = ["--scope", "openid", "email", "profile"];
    let shown = login(&face, &mut Walk::new(server), &asked, &["--userinfo"]).expect("a login");
    assert_eq!(shown["id_token_claims"]["iss"].as_str(), server.issuer.as_deref(), "{shown}");
    assert_eq!(shown["id_token_claims"]["aud"], "basic", "{shown}");
    assert_eq!(shown["userinfo"]["sub"], shown["id_token_claims"]["sub"], "{shown}");
    assert_eq!(shown["userinfo"]["email"], "alice@example.test", "{shown}");
}

/// Which client may ask for everything.
fn hybrid(server: &Server) -> ProgramFace {
    program(server, if server.name == "oidc-provider" { "hybrid" } else { "basic" })
}

fn a_login_by_each_response_type(server: &Server) {
    let face = hybrid(server);
    for response_type in ["code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"] {
        let asked = ["--scope", "openid", "--response-type", response_type];
        let shown = login(&face, &mut Walk::new(server), &asked, &[]).expect(response_type);
        assert!(shown["id_token_claims"]["sub"].is_string(), "{response_type}: {shown}");
        assert_eq!(shown["access_token"].is_string(), response_type != "id_token", "{response_type}: {shown}");
    }
    if server.name == "glewlwyd" {
        let shown = login(&face, &mut Walk::new(server), &["--scope", "read", "--response-type", "token"], &[]);
        assert!(shown.expect("the implicit grant")["access_token"].is_string());
    }
}

fn id_tokens_signed_and_encrypted_as_registered(server: &Server) {
    let clients: &[&str] = match server.name {
        "glewlwyd" => &["idt-enc", "idt-enc-kw"],
        _ => &[
            "idt-ps256",
            "idt-es256",
            "idt-es512",
            "idt-eddsa",
            "idt-hs256",
            "idt-enc-rsa",
            "idt-enc-ecdh",
            "idt-enc-dir",
        ],
    };
    for id in clients {
        let shown = login(&program(server, id), &mut Walk::new(server), &["--scope", "openid"], &[]).expect(id);
        assert_eq!(shown["id_token_claims"]["aud"], *id, "{shown}");
    }
}

fn userinfo_as_registered(server: &Server) {
    for id in ["jwt-userinfo", "jwt-userinfo-enc"] {
        let asked = ["--scope", "openid", "email"];
        let shown = login(&program(server, id), &mut Walk::new(server), &asked, &["--userinfo"]).expect(id);
        assert_eq!(shown["userinfo"]["email"], "alice@example.test", "{shown}");
    }
}

fn userinfo_of_a_profile(server: &Server) {
    let face = program(server, "basic");
    let session = face.session(By::Login).expect("a session");
    let run = || done(face.program().run(["userinfo", "--profile", "held", "--json"])).expect("userinfo");
    let before = run();
    assert!(before["sub"].is_string(), "{before}");
    // The renewed token is of the same login, whether or not an ID token came with it.
    session.renew().expect("another token");
    assert_eq!(run()["sub"], before["sub"]);
    // An access token by itself is bound to nobody, which is said.
    let token = session.token().expect("a token").access_token;
    let answer = face.run(&["userinfo", "--access-token", "-"], &[], &token).exits(0);
    assert!(answer.stderr.contains("bound to no ID token"), "{}", answer.stderr);
    assert_eq!(answer.json()["sub"], before["sub"]);
}

fn a_logout_forgets_the_profile(server: &Server) {
    let face = hybrid(server);
    let way_back = server.registered(if server.name == "oidc-provider" { "hybrid" } else { "basic" });
    let way_back = way_back.registration.post_logout_redirect_uri.expect("a way back");
    let mut walk = Walk::new(server);
    login(&face, &mut walk, &["--scope", "openid"], &["--profile", "held"]).expect("a login");

    let words = ["logout", "--no-browser", "--profile", "held", "--json", "--post-logout-redirect-uri", way_back];
    let shown = done(face.program().run(words)).expect("a logout");
    assert_eq!(shown["forgotten"], true, "{shown}");
    let back = walk.log_out(text(&shown, "url"), way_back).expect("a way back");
    assert!(back.contains("state="), "{back}");
    let answer = face.program().run(["token", "--profile", "held", "--json"]).exits(12);
    assert_eq!(answer.error()["error"]["code"], "login_required");
}

fn an_id_token_is_verified_and_a_changed_one_refused(server: &Server) {
    let face = program(server, "basic");
    let shown = login(&face, &mut Walk::new(server), &["--scope", "openid"], &[]).expect("a login");
    let raw = text(&shown, "id_token");
    let verify = |token: &str, further: &[&str]| done(face.run(&["id-token", "verify"], &options(further), token));
    assert_eq!(verify(raw, &[]).expect("it is good")["sub"], shown["id_token_claims"]["sub"]);
    let nonce = text(&shown["id_token_claims"], "nonce");
    verify(raw, &["--nonce", nonce]).expect("it is the nonce");
    verify(raw, &["--nonce", "another"]).expect_err("another nonce").breaks("nonce is the one that was sent");
    let later = shown["id_token_claims"]["exp"].as_i64().expect("a time") + 100;
    verify(raw, &["--at", &later.to_string()]).expect_err("an old one").breaks("exp lies in the future");

    let (head, signature) = raw.rsplit_once('.').expect("a JWS");
    let (before, after) = signature.split_at(signature.len() / 2);
    let other = if after.starts_with('A') { 'B' } else { 'A' };
    let changed = format!("{head}.{before}{other}{}", &after[1..]);
    verify(&changed, &[]).expect_err("a changed one").breaks("the signature verifies");
}

fn assertions_by_key_and_by_secret(server: &Server) {
    let algorithms = ["rs256", "ps256", "es256", "es384", "es512", "eddsa"];
    for id in algorithms.map(|alg| format!("pkjwt-{alg}")).iter().map(String::as_str).chain(["csjwt"]) {
        let face = program(server, id);
        let tokens = face.client_credentials("read").expect(id);
        assert_eq!(face.introspect(&tokens.access_token, Kind::Access).expect(id)["client_id"], id);
        face.revoke(&tokens.access_token, Kind::Access).expect(id);
        assert_eq!(face.introspect(&tokens.access_token, Kind::Access).expect(id)["active"], false);
    }
}
