//! Logins that a client asks the server for, CIBA.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use grantee::ciba::{Delivery, NotificationListener};
use grantee::jose::{Jwk, SignatureAlgorithm, SigningKey};
use grantee::{BackchannelAuthenticationRequest, PollState};
use grantee_interop::elsewhere::{Decision, confirm_backchannel};
use grantee_interop::server::notification_port;
use grantee_interop::{Auth, Client, Server, plain};

use crate::face::program::done;
use crate::face::{
    Face, LoggedIn, OpenIdFace, Polls, ProgramFace, Setup, through_all_faces, through_both_faces, through_the_program,
};

through_all_faces!(
    the_person_agrees_and_the_client_asks_until_then at oidc_provider glewlwyd,
);

through_both_faces!(
    the_person_refuses at oidc_provider glewlwyd,
    the_server_pings_and_the_client_asks_once at oidc_provider glewlwyd,
    the_server_pushes at glewlwyd,
    somebody_unknown_is_refused at oidc_provider glewlwyd,
    a_signed_request_is_taken_and_one_by_another_key_is_not at oidc_provider,
);

through_the_program!(the_program_listens_for_the_servers_notification at oidc_provider glewlwyd);

/// How each server takes alice's name.
fn hint(server: &Server, name: &str) -> String {
    if server.name == "glewlwyd" { format!(r#"{{"username":"{name}"}}"#) } else { name.into() }
}

/// One at a time, since the servers know one address.
fn the_address_alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listener() -> NotificationListener {
    NotificationListener::bind(("127.0.0.1", notification_port())).expect("a free port")
}

fn the_person_agrees_and_the_client_asks_until_then<F: Face>(server: &Server) {
    let face = F::new(&Setup::new(server, Auth::ClientSecretBasic));
    let agree = || confirm_backchannel(server, Decision::Allow);
    let tokens = face.log_in_elsewhere(&hint(server, "alice"), &agree).expect("a login");
    assert!(tokens.id_token.is_some(), "{tokens:?}");
    assert_eq!(plain::get(&server.api, &tokens.access_token).status, 200);
}

fn the_person_refuses<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::new(server, Auth::ClientSecretBasic));
    let who = if server.name == "oidc-provider" { "deny" } else { "alice" };
    let request = BackchannelAuthenticationRequest::login_hint(hint(server, who)).scope("openid");
    let mut polling = face.backchannel(request).expect("a request");
    confirm_backchannel(server, Decision::Deny);
    let failure = match server.name {
        // Its person has decided already.
        "glewlwyd" => match polling.poll_once() {
            Some(PollState::Denied(error)) => error.into(),
            state => panic!("{state:?}"),
        },
        _ => polling.wait().expect_err("a refusal"),
    };
    assert_eq!(failure.server_error.as_deref(), Some("access_denied"), "{failure:?}");
}

fn notified<F: OpenIdFace>(
    server: &Server,
    id: &str,
    delivery: Delivery,
    listener: &NotificationListener,
) -> (F, F::Polling) {
    let face = F::new(&client(server, id));
    let request = BackchannelAuthenticationRequest::login_hint(hint(server, "alice")).scope("openid");
    let request = request.binding_message("W4SCT").delivery(delivery).notified_in(listener.inbox());
    let polling = face.backchannel(request).expect("a request");
    (face, polling)
}

/// The client of this name, which authenticates as `basic` does.
fn client(server: &Server, id: &str) -> Setup {
    Setup::of(server, &Client { id: id.into(), ..server.client(Auth::ClientSecretBasic).clone() })
}

fn the_server_pings_and_the_client_asks_once<F: OpenIdFace>(server: &Server) {
    let (_alone, listener) = (the_address_alone(), listener());
    let (face, mut polling) = notified::<F>(server, "ciba-ping", Delivery::Ping, &listener);
    assert!(matches!(polling.poll_once(), Some(PollState::Pending)));
    confirm_backchannel(server, Decision::Allow);
    let start = Instant::now();
    let login = polling.wait().expect("a login");
    // Nobody waited for the interval, which is five seconds.
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert_eq!(face.userinfo(&login).expect("userinfo").claims.sub(), Some(login.id_token().subject()));
}

fn the_server_pushes<F: OpenIdFace>(server: &Server) {
    let (_alone, listener) = (the_address_alone(), listener());
    let (face, polling) = notified::<F>(server, "ciba-push", Delivery::Push, &listener);
    confirm_backchannel(server, Decision::Allow);
    let login = polling.wait().expect("a login");
    assert_eq!(face.userinfo(&login).expect("userinfo").claims.sub(), Some(login.id_token().subject()));
}

fn somebody_unknown_is_refused<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::new(server, Auth::ClientSecretBasic));
    let request = BackchannelAuthenticationRequest::login_hint(hint(server, "nobody")).scope("openid");
    let failure = face.backchannel(request).err().expect("nobody");
    let error = if server.name == "glewlwyd" { "invalid_request" } else { "unknown_user_id" };
    assert_eq!(failure.server_error.as_deref(), Some(error), "{failure:?}");
}

fn a_signed_request_is_taken_and_one_by_another_key_is_not<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::registered(server, "ciba-signed"));
    let ask = |key: &str| {
        let file = server.state().join(format!("{key}.jwk.json"));
        let key = Jwk::parse_any(&std::fs::read(file).expect("a key file")).expect("a key");
        let signer = SigningKey::new(&key, SignatureAlgorithm::Rs256).expect("it signs");
        face.backchannel(BackchannelAuthenticationRequest::login_hint("alice").scope("openid").signed_by(signer))
    };
    let failure = ask("assertion-issuer").err().expect("another key");
    failure.is_refusal(server, "invalid_request");
    let login = ask("client-RS256").expect("a request").wait().expect("a login");
    assert_eq!(login.id_token().subject(), "alice");
}

fn the_program_listens_for_the_servers_notification(server: &Server) {
    for id in if server.name == "glewlwyd" { &["ciba-ping", "ciba-push"][..] } else { &["ciba-ping"] } {
        let _alone = the_address_alone();
        let face = ProgramFace::new(&client(server, id));
        let (address, hint) = (format!("127.0.0.1:{}", notification_port()), hint(server, "alice"));
        let further = ["--notify-listen", &address, "--login-hint", &hint, "--scope", "openid"].map(str::to_owned);
        let start = Instant::now();
        let answer = face.run_with_a_person(&["token", "ciba"], &further, |line| {
            if line.starts_with("The server asks the person") {
                confirm_backchannel(server, Decision::Allow);
            }
        });
        let token = done(answer).expect("a login");
        assert!(start.elapsed() < Duration::from_secs(5), "nobody waited for the interval: {:?}", start.elapsed());
        assert_eq!(plain::get(&server.api, token["access_token"].as_str().expect("a token")).status, 200);
    }
}
