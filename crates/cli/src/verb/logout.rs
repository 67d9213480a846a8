//! `grantee logout`: OpenID Connect RP-Initiated Logout, and the end of the profile's token.

use super::browser;
use crate::args::openid::Logout as Args;
use crate::client::{Setup, build};
use crate::failure::{Failure, Result};
use crate::output;
use crate::progress::spin;
use grantee::Secret;
use grantee::endpoint::end_session::EndSession;
use grantee::loopback::open_browser;
use serde_json::json;

pub(super) fn run(args: Args, json: bool) -> Result<()> {
    let Args { post_logout_redirect_uri, id_token_hint, no_browser, common } = args;
    let mut setup = Setup::new(common.profile.as_deref(), common.settings)?;
    let client = setup.client()?;
    let hint = match id_token_hint {
        Some(given) => Some(setup.stdin.referred("the ID token", &given)?),
        None => {
            setup.held_token(&client)?.and_then(|token| token.id_token.map(|raw| Secret::new(raw.reveal_unverified())))
        }
    };
    let mut request = EndSession::new();
    if let Some(hint) = hint {
        request = request.id_token_hint(hint.reveal().trim());
    }
    // Nobody waits where nobody can come back to.
    let receiver = match &post_logout_redirect_uri {
        Some(uri) if !no_browser => browser::receiver_at(uri)?,
        _ => None,
    };
    let back = receiver.as_ref().map(|receiver| receiver.redirect_uri()).or(post_logout_redirect_uri);
    if let Some(uri) = back {
        request = request.post_logout_redirect_uri(uri);
        if let Some(state) = &setup.settings.state {
            request = request.state(state);
        }
    }
    let (url, pending) = spin("asking the server for its metadata", || client.logout(request))?;
    // Before the person leaves: they may not come back.
    let forgotten = setup.profile.is_some();
    if forgotten {
        build(setup.held_session(&client)?)?.forget()?;
    }
    if no_browser {
        let shown = json!({ "url": url.as_str(), "forgotten": forgotten });
        return if json { output::json(&shown) } else { output::text(url.as_str()) };
    }
    output::note(&format!("Log out in the browser. If none opens, open this:\n\n{url}\n"));
    if let Err(error) = open_browser(url.as_str()) {
        output::note(&format!("no browser could be opened: {error}"));
    }
    if let Some((receiver, state)) = receiver.zip(pending.state().map(str::to_owned)) {
        let callback = browser::wait(receiver, &state, "waiting for the logout in the browser").map_err(|failure| {
            if failure.needs_login() { Failure::login("nobody came back from the logout in time") } else { failure }
        })?;
        pending.finish(callback.as_str())?;
    }
    if json {
        return output::json(&json!({ "url": url.as_str(), "forgotten": forgotten }));
    }
    if forgotten {
        output::note("the profile's token is forgotten");
    }
    Ok(())
}
