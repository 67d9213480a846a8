//! The person logs in and consents.

use std::sync::Arc;

use crate::{
    Request,
    authorization_request::AuthorizationRequest,
    authorize::{self, Login},
    browser::{Interaction, session_cookie},
    device_verify,
    error::OAuthError,
    oauth1, pages,
    response::Response,
    shared::{Shared, lock},
    token::check_password,
};

/// Shows the page that is needed next.
pub(crate) fn begin(
    shared: &Shared,
    request: &Request,
    authorization: AuthorizationRequest,
    login: Option<Login>,
) -> Response {
    let session = lock(&shared.browser).session_id(request, &shared.config);
    show(shared, session, authorization, login)
}

fn show(shared: &Shared, session: Arc<str>, authorization: AuthorizationRequest, login: Option<Login>) -> Response {
    let cookie = session_cookie(&shared.config, &session);
    let (id, interaction) = lock(&shared.browser).add(session, authorization, login);
    let page = match &interaction.login {
        None => {
            let hint = interaction.authorization.login_hint.clone().unwrap_or_default();
            pages::login(&shared.config, &id, &interaction, &hint, None)
        }
        Some(login) => pages::consent(&shared.config, &id, &interaction, login),
    };
    page.header("Set-Cookie", cookie)
}

/// The login form.
pub(crate) fn login(shared: &Shared, request: &Request) -> Response {
    let Some((session, interaction)) = lock(&shared.browser).take(request, &shared.config) else {
        return expired();
    };
    if !wants(request, "login") {
        return denied(shared, &interaction);
    }
    let username = request.form_value("username").unwrap_or_default();
    let password = request.form_value("password").unwrap_or_default();
    if check_password(shared, &username, &password).is_none() {
        let (id, interaction) = lock(&shared.browser).add(session, interaction.authorization, None);
        let alert = "The user name or the password is wrong.";
        return pages::login(&shared.config, &id, &interaction, &username, Some(alert));
    }
    let login = Login { username, auth_time: shared.clock.seconds() };
    let (entered, consented) = {
        let mut browser = lock(&shared.browser);
        let entered = browser.log_in(&session, login);
        let consented = browser.has_consented(&entered.session, &interaction.authorization);
        (entered, consented)
    };
    if consented {
        return authorize::approve(shared, &interaction.authorization, &entered, true);
    }
    show(shared, entered.session, interaction.authorization, Some(entered.login))
}

/// The consent form.
pub(crate) fn consent(shared: &Shared, request: &Request) -> Response {
    let taken = lock(&shared.browser).take(request, &shared.config);
    let Some((session, mut interaction)) = taken else {
        return expired();
    };
    let Some(login) = interaction.login.take() else {
        return expired();
    };
    if !wants(request, "allow") {
        return denied(shared, &interaction);
    }
    let entered = {
        let mut browser = lock(&shared.browser);
        browser.consent(&session, &interaction.authorization);
        browser.session_of(request, &shared.config).map(|session| session.entered(login))
    };
    match entered {
        Some(entered) => authorize::approve(shared, &interaction.authorization, &entered, true),
        // They logged out in another window meanwhile.
        None => expired(),
    }
}

fn wants(request: &Request, action: &str) -> bool {
    request.form_value("action").as_deref() == Some(action)
}

fn denied(shared: &Shared, interaction: &Interaction) -> Response {
    if let Some(user_code) = &interaction.authorization.user_code {
        return device_verify::denied(shared, user_code);
    }
    if let Some(token) = &interaction.authorization.oauth1_token {
        return oauth1::denied(shared, token);
    }
    let error = OAuthError::new("access_denied", "the person said no");
    authorize::refuse(shared, &interaction.authorization.reply, &error, true)
}

fn expired() -> Response {
    pages::error("This page is out of date, or it was not opened in this browser. Please start again.")
}
