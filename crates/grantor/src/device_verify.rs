//! Where a person enters the code that a device shows, [RFC 8628 section 3.3](https://www.rfc-editor.org/rfc/rfc8628#section-3.3).

use crate::{
    Request,
    authorization_request::AuthorizationRequest,
    browser::Entered,
    interaction,
    pages::{escape, page},
    pending::{Decision, Person},
    response::Response,
    shared::{Config, Shared, lock},
};

/// The page, and the form on it.
pub(crate) fn verify(shared: &Shared, request: &Request) -> Response {
    let posted = request.method == "POST";
    let entered = if posted { request.form_value("user_code") } else { request.query_value("user_code") };
    let Some(user_code) = entered.filter(|text| !text.trim().is_empty()) else {
        return enter_code(&shared.config, "", None);
    };
    let Some((_, pending)) = lock(&shared.pending).device(&user_code) else {
        return enter_code(&shared.config, &user_code, Some("No device waits with that code."));
    };
    if let Some(username) = &shared.config.auto_approve {
        let auth_time = shared.clock.seconds();
        return match decide(shared, &user_code, Some(&Person { username, auth_time, sid: None })) {
            true => connected(),
            false => out_of_date(),
        };
    }
    // Whoever follows a link with the code in it confirms that the device is theirs (section 5.4).
    if !posted {
        return enter_code(&shared.config, &user_code, None);
    }
    let session = lock(&shared.browser).session_of(request, &shared.config);
    let login = session.and_then(|session| session.login);
    interaction::begin(shared, request, AuthorizationRequest::of_device(&pending, &user_code), login)
}

/// The person has logged in and said yes.
pub(crate) fn approved(shared: &Shared, user_code: &str, entered: &Entered) -> Response {
    let login = &entered.login;
    let waiting = lock(&shared.pending).device(user_code);
    let person = Person { username: &login.username, auth_time: login.auth_time, sid: Some(&entered.sid) };
    let mut response = match waiting {
        Some((_, pending)) if decide(shared, user_code, Some(&person)) => {
            lock(&shared.browser).remember_client(&entered.session, &pending.client_id);
            connected()
        }
        _ => out_of_date(),
    };
    response.headers.extend(entered.cookies(&shared.config));
    response
}

/// The person said no.
pub(crate) fn denied(shared: &Shared, user_code: &str) -> Response {
    match decide(shared, user_code, None) {
        true => page(200, "Not connected", "<h1>Not connected</h1><p>The device gets no access.</p>"),
        false => out_of_date(),
    }
}

/// Yes by a person, or no. True where a device waited with that code.
pub(crate) fn decide(shared: &Shared, user_code: &str, person: Option<&Person<'_>>) -> bool {
    let mut waiting = lock(&shared.pending);
    let Some((id, pending)) = waiting.device(user_code) else {
        return false;
    };
    let decision = match person {
        Some(person) => Decision::Approved(pending.grant(shared, &id, person)),
        None => Decision::Refused("access_denied"),
    };
    waiting.decide(&id, decision)
}

fn enter_code(config: &Config, user_code: &str, alert: Option<&str>) -> Response {
    let alert_box = alert.map_or(String::new(), |text| format!(r#"<p role="alert" id="alert">{}</p>"#, escape(text)));
    let described = if alert.is_some() { r#" aria-describedby="alert" aria-invalid="true""# } else { "" };
    let body = format!(
        r#"<h1>Connect a device</h1>
<p>Enter the code that your device shows. Go on only if you have just started this on it.</p>
{alert_box}
<form method="post" action="{action}">
<label for="user_code">Code</label>
<input id="user_code" name="user_code" value="{user_code}" autocomplete="off" autocapitalize="characters" spellcheck="false" required{described} autofocus>
<div class="buttons">
<button type="submit">Continue</button>
</div>
</form>"#,
        action = escape(&format!("{}/device/verify", config.base)),
        user_code = escape(user_code),
    );
    page(200, if alert.is_some() { "Error: connect a device" } else { "Connect a device" }, &body)
}

fn connected() -> Response {
    page(200, "Connected", "<h1>Connected</h1><p>You can go back to your device.</p>")
}

fn out_of_date() -> Response {
    crate::pages::error("The code is out of date. Please start again on your device.")
}
