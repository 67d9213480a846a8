//! Logins that a client asks the server for, CIBA.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use grantee::ciba::{Delivery, NotificationListener};
use grantee::jose::{Jwk, SignatureAlgorithm, SigningKey};
use grantee::{BackchannelAuthenticationRequest, PollState};
use grantee_interop::elsewhere::{Decision, confirm_backchannel};
use grantee_interop::server::notification_port;
use grantee_interop::{Auth, Server, plain};

use crate::face::{Face, LoggedIn, OpenIdFace, Polls, Setup, through_both_faces};

through_both_faces!(
    the_person_agrees_and_the_client_asks_until_then at oidc_provider glewlwyd,
    the_person_refuses at oidc_provider glewlwyd,
    the_server_pings_and_the_client_asks_once at oidc_provider glewlwyd,
    the_server_pushes at glewlwyd,
    somebody_unknown_is_refused at oidc_provider glewlwyd,
    a_signed_request_is_taken_and_one_by_another_key_is_not at oidc_provider,
);

/// How each server takes alice's name.
fn hint(server: &Server, name: &str) -> String {
    if server.name == "glewlwyd" { format!(r#"{{"username":"{name}"}}"#) } else { name.into() }
}

/// One for all, since the servers know one address.
fn listener() -> &'static NotificationListener {
    static LISTENER: OnceLock<NotificationListener> = OnceLock::new();
    LISTENER.get_or_init(|| NotificationListener::bind(("127.0.0.1", notification_port())).expect("a free port"))
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

fn notified<F: OpenIdFace>(server: &Server, id: &str, delivery: Delivery) -> (F, F::Polling) {
    let setup =
        Setup::of(server, &grantee_interop::Client { id: id.into(), ..server.client(Auth::ClientSecretBasic).clone() });
    let face = F::new(&setup);
    let request =
        BackchannelAuthenticationRequest::login_hint(hint(server, "alice")).scope("openid").binding_message("W4SCT");
    let polling = face.backchannel(request.delivery(delivery).notified_in(listener().inbox())).expect("a request");
    (face, polling)
}

fn the_server_pings_and_the_client_asks_once<F: OpenIdFace>(server: &Server) {
    let (face, mut polling) = notified::<F>(server, "ciba-ping", Delivery::Ping);
    assert!(matches!(polling.poll_once(), Some(PollState::Pending)));
    confirm_backchannel(server, Decision::Allow);
    let start = Instant::now();
    let login = polling.wait().expect("a login");
    // Nobody waited for the interval, which is five seconds.
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert_eq!(face.userinfo(&login).expect("userinfo").claims.sub(), Some(login.id_token().subject()));
}

fn the_server_pushes<F: OpenIdFace>(server: &Server) {
    let (face, polling) = notified::<F>(server, "ciba-push", Delivery::Push);
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
    println!("CIBA FORGED {failure:?}");
    let login = ask("client-RS256").expect("a request").wait().expect("a login");
    assert_eq!(login.id_token().subject(), "alice");
}
