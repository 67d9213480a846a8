//! A login in the browser of this machine: the answer comes back over a loopback receiver (RFC 8252).

use super::login::{self, Brought};
use crate::client::Setup;
use crate::failure::{Failure, Result};
use crate::output;
use crate::progress::spin;
use grantee::Error;
use grantee::blocking::Client;
use grantee::loopback::{LoopbackReceiver, open_browser};
use grantee::ports::Cancel;
use std::time::Duration;
use url::{Host, Url};

/// How long the person may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);

pub(super) fn log_in(setup: &Setup) -> Result<(Client, Brought)> {
    let client = setup.client()?;
    let receiver = receiver(setup.settings.redirect_uri.as_deref())?;
    let request = login::request(setup)?.redirect_uri(receiver.redirect_uri());
    let (url, pending) = spin("asking the server for its metadata", || client.start(request))?;
    open(&url);
    let state = pending.state().to_owned();
    let callback = wait(receiver, &state, "waiting for the login in the browser")?;
    let brought = login::finish(&client, pending, &callback)?;
    Ok((client, brought))
}

/// Shows the person where to log in.
pub(super) fn open(url: &Url) {
    output::note(&format!("Log in in the browser. If none opens, open this:\n\n{url}\n"));
    if let Err(error) = open_browser(url.as_str()) {
        output::note(&format!("no browser could be opened: {error}"));
    }
}

/// Waits for the person to come back.
pub(super) fn wait(receiver: LoopbackReceiver, state: &str, what: &'static str) -> Result<String> {
    spin(what, || receiver.wait(state, PATIENCE, &Cancel::new())).map_err(not_in_time)
}

/// What a wait in vain comes to.
pub(super) fn not_in_time(error: Error) -> Failure {
    match error {
        Error::Transport(_) => {
            Failure::login("nobody has logged in in time").hint("on a machine without a browser: --no-browser")
        }
        other => other.into(),
    }
}

/// Listens where the redirect URI says; without a port in it, on any free one.
pub(super) fn receiver(redirect_uri: Option<&str>) -> Result<LoopbackReceiver> {
    let Some(redirect_uri) = redirect_uri else { return Ok(LoopbackReceiver::bind()?) };
    receiver_at(redirect_uri)?.ok_or_else(|| {
        Failure::usage("nobody can listen at this URI: it is not http on 127.0.0.1, [::1] or localhost, or has a query")
            .hint("log in with --no-browser and paste the address the browser ends up at, or with --start and --finish")
    })
}

/// Listens at a URI of this machine; `None` where it is none.
pub(super) fn receiver_at(uri: &str) -> Result<Option<LoopbackReceiver>> {
    let Ok(url) = Url::parse(uri) else { return Ok(None) };
    if url.scheme() != "http" || url.query().is_some() || url.fragment().is_some() {
        return Ok(None);
    }
    let options = LoopbackReceiver::options().path(url.path());
    let options = match url.host() {
        Some(Host::Ipv4(address)) if address.is_loopback() => options,
        Some(Host::Ipv6(address)) if address.is_loopback() => options.ipv6(),
        Some(Host::Domain("localhost")) => options.localhost(),
        _ => return Ok(None),
    };
    Ok(Some(options.port(url.port().unwrap_or(0)).bind()?))
}
