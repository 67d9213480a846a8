//! Logins on devices, RFC 8628.

use grantee::{DeviceAuthorizationRequest, PollState};
use grantee_interop::elsewhere::{Decision, confirm_device};
use grantee_interop::{Auth, Server, plain};
use std::time::Duration;

use crate::face::{Face, LoggedIn, OpenIdFace, Polls, Setup, through_all_faces, through_both_faces};

through_all_faces!(
    a_person_confirms_and_the_device_has_a_token at oidc_provider oidc_provider_strict glewlwyd authlib,
    a_person_refuses at oidc_provider authlib,
);

through_both_faces!(
    slow_down_is_obeyed at glewlwyd authlib,
    a_device_code_serves_once_and_one_client at oidc_provider glewlwyd authlib,
    a_devices_token_is_bound_to_its_key at oidc_provider oidc_provider_strict,
    who_confirmed_is_known at oidc_provider glewlwyd,
);

fn request(server: &Server) -> DeviceAuthorizationRequest {
    DeviceAuthorizationRequest::new().scope(server.scope)
}

fn a_person_confirms_and_the_device_has_a_token<F: Face>(server: &Server) {
    for auth in [Auth::None, Auth::ClientSecretBasic] {
        let face = F::new(&Setup::new(server, auth));
        let confirm = |user_code: &str| confirm_device(server, user_code, Decision::Allow);
        let tokens = face.log_in_on_a_device(server.scope, &confirm).expect("a token");
        assert_eq!(plain::get(&server.api, &tokens.access_token).status, 200);
        assert!(tokens.refresh_token.is_some(), "{tokens:?}");
        assert_eq!(tokens.id_token.is_some(), server.scope.contains("openid"), "{tokens:?}");
    }
}

fn a_person_refuses<F: Face>(server: &Server) {
    let face = F::new(&Setup::new(server, Auth::ClientSecretBasic));
    let refuse = |user_code: &str| confirm_device(server, user_code, Decision::Deny);
    let failure = face.log_in_on_a_device(server.scope, &refuse).expect_err("a refusal");
    assert_eq!(failure.server_error.as_deref(), Some("access_denied"), "{failure:?}");
}

fn slow_down_is_obeyed<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::new(server, Auth::ClientSecretBasic));
    let (device, mut polling) = face.device(request(server)).expect("a code");
    assert_eq!(polling.interval(), Duration::from_secs(1), "as both servers are set up");
    assert!(matches!(polling.poll_once(), Some(PollState::Pending)));
    // Too early: poll_once() asks whenever it is told to. A busy machine may be too slow for that now and then.
    let hasty = (0..20).find_map(|_| polling.poll_once().filter(|state| !matches!(state, PollState::Pending)));
    assert!(matches!(hasty, Some(PollState::SlowDown { .. })), "{hasty:?}");
    assert_eq!(polling.interval(), Duration::from_secs(6), "five seconds more, for good");
    confirm_device(server, device.user_code(), Decision::Allow);
    // Six seconds pass, which the server takes.
    let login = polling.wait().expect("a token");
    assert_eq!(plain::get(&server.api, login.token().access_token.reveal()).status, 200);
}

fn a_device_code_serves_once_and_one_client<F: OpenIdFace>(server: &Server) {
    let setup = Setup::new(server, Auth::ClientSecretBasic);
    let face = F::new(&setup);
    let (device, mut polling) = face.device(request(server)).expect("a code");
    confirm_device(server, device.user_code(), Decision::Allow);
    let stolen =
        F::new(&Setup::new(server, Auth::ClientSecretPost)).token(device.grant()).expect_err("another client's");
    let error = match server.name {
        "oidc-provider" => "invalid_grant",
        "glewlwyd" => "access_denied",
        _ => "unauthorized_client",
    };
    assert_eq!(stolen.server_error.as_deref(), Some(error), "{stolen:?}");
    let state = polling.poll_once();
    assert!(matches!(state, Some(PollState::Granted(_))), "{state:?}");
    let again = face.token(device.grant()).expect_err("it was used");
    let error = match server.name {
        "oidc-provider" => "invalid_grant",
        "glewlwyd" => "access_denied",
        _ => "invalid_request",
    };
    assert_eq!(again.server_error.as_deref(), Some(error), "{again:?}");
}

fn a_devices_token_is_bound_to_its_key<F: OpenIdFace>(server: &Server) {
    let setup = Setup::registered(server, "dpop-public");
    let face = F::new(&setup);
    let (device, mut polling) = face.device(request(server)).expect("a code");
    confirm_device(server, device.user_code(), Decision::Allow);
    let Some(PollState::Granted(login)) = polling.poll_once() else { panic!("not granted") };
    assert_eq!(login.token().token_type, "DPoP");
    assert_eq!(login.token().key_thumbprint, setup.dpop.map(|key| key.thumbprint()));
    assert_eq!(face.userinfo(&login).expect("userinfo").claims.sub(), Some("alice"));
}

fn who_confirmed_is_known<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::new(server, Auth::None));
    let (device, mut polling) = face.device(request(server)).expect("a code");
    assert!(device.to_string().contains(device.user_code()));
    assert!(device.verification_uri_complete().is_some_and(|uri| uri.contains(device.user_code())), "{device:?}");
    confirm_device(server, device.user_code(), Decision::Allow);
    let Some(PollState::Granted(login)) = polling.poll_once() else { panic!("not granted") };
    assert_eq!(face.userinfo(&login).expect("userinfo").claims.sub(), Some(login.id_token().subject()));
    assert_eq!(login.id_token().audience(), ["public"]);
}
