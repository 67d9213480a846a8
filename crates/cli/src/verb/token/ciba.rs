//! `grantee token ciba`: the server asks a person on their own device (CIBA).

use super::{Got, waiting};
use crate::args::token::OfGrants;
use crate::client::{Setup, asked};
use crate::failure::{Failure, Result};
use crate::output;
use crate::progress::spin;
use crate::settings::HeldGrant;
use grantee::BackchannelAuthenticationRequest;
use grantee::ciba::{Delivery, NotificationListener};

pub(super) fn run(setup: &mut Setup, of: OfGrants) -> Result<Got> {
    let mut request = hinted(setup, &of)?;
    let client = setup.client()?;
    if let Some(acr_values) = &setup.settings.acr_values {
        request = request.acr_values(acr_values.as_str());
    }
    if let Some(message) = &of.binding_message {
        request = request.binding_message(message);
    }
    if let Some(given) = &of.user_code {
        let is_named = given == "-" || given.starts_with('@');
        request = match is_named {
            true => request.user_code(setup.stdin.referred("the user code", given)?),
            false => request.user_code(given.as_str()),
        };
    }
    if let Some(seconds) = of.requested_expiry {
        request = request.requested_expiry(seconds);
    }
    if let Some(signer) = setup.request_signer()? {
        request = request.signed_by(signer);
    }
    let request = asked!(setup, request);
    let (request, _listener) = notified(setup, request, &of)?;
    let asked = spin("asking the server to ask the person", || client.backchannel(request))?;
    output::note("The server asks the person on their own device.");
    let login = waiting::wait(asked.polling()?)?;
    Got::of_login(setup, &client, &login, HeldGrant::Ciba)
}

/// Listens for the server's notification, which says itself whether it is a ping or a push. The listener is there before the
/// request is sent, and lives as long as the wait.
fn notified(
    setup: &mut Setup,
    mut request: BackchannelAuthenticationRequest,
    of: &OfGrants,
) -> Result<(BackchannelAuthenticationRequest, Option<NotificationListener>)> {
    let Some(address) = of.notify_listen else { return Ok((request, None)) };
    if let Some(file) = &of.notification_token_file {
        request = request.notification_token(setup.stdin.secret_file("the notification token", file)?);
    }
    let listener = NotificationListener::bind(address)?;
    output::note(&format!("listening for the server's notification on {}", listener.local_addr()));
    Ok((request.delivery(Delivery::Notified).notified_in(listener.inbox()), Some(listener)))
}

/// Whom to ask, by the one hint that is given. A login hint that the profile has goes behind what is said now.
fn hinted(setup: &mut Setup, of: &OfGrants) -> Result<BackchannelAuthenticationRequest> {
    let by_token = of.login_hint_token.is_some() || of.id_token_hint.is_some();
    if by_token && setup.says_login_hint() {
        return Err(Failure::usage("--login-hint and a token both say who the person is").hint("give one of them"));
    }
    if let Some(given) = &of.login_hint_token {
        let token = setup.stdin.referred("the login hint token", given)?;
        return Ok(BackchannelAuthenticationRequest::login_hint_token(token.reveal().trim()));
    }
    if let Some(given) = &of.id_token_hint {
        let token = setup.stdin.referred("the ID token", given)?;
        return Ok(BackchannelAuthenticationRequest::id_token_hint(token.reveal().trim()));
    }
    let hint = setup.settings.login_hint.as_deref().ok_or_else(|| {
        Failure::usage("nobody is named whom the server is to ask")
            .hint("give --login-hint HINT, --login-hint-token @FILE or --id-token-hint @FILE")
    })?;
    Ok(BackchannelAuthenticationRequest::login_hint(hint))
}
