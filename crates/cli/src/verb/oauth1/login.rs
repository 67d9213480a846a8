//! `grantee oauth1 login`: a token by a person's login in the browser (RFC 5849 section 2).

use crate::args::TokenForm;
use crate::args::oauth1::Login;
use crate::client::Setup;
use crate::failure::{Failure, Result};
use crate::progress::spin;
use crate::verb::{browser, login};
use crate::{output, private_file, token_json};
use grantee::Token;
use grantee::blocking::oauth1::Client;
use grantee::oauth1::Pending;
use grantee::oauth1::token_credentials::SECRET_MEMBER;
use grantee::ports::Cancel;
use serde_json::Map;
use std::path::Path;
use url::Url;

/// The callback of a login whose code the person types in (RFC 5849 section 2.1).
const OOB: &str = "oob";

pub(super) fn run(args: Login, json: bool) -> Result<()> {
    let Login { no_browser, start, finish, answer, output, client } = args;
    if output == TokenForm::Header {
        return Err(Failure::usage("a token of OAuth 1.0 has no header of its own: each request is signed anew")
            .hint("grantee oauth1 sign METHOD URL"));
    }
    let (profile, settings) = client.settings();
    let mut setup = Setup::oauth1(profile.as_deref(), settings)?;
    let callback = setup.settings.oauth1.server.callback.clone();
    if let Some(file) = start {
        let client = setup.oauth1_client(callback.as_deref())?;
        let (url, pending) = begin(&client)?;
        private_file::write(&file, pending.to_json()?.as_bytes())?;
        let answer = if pending.callback() == OOB { "CODE" } else { "CALLBACK" };
        return login::started(&url, &file, "oauth1 login", answer, json);
    }
    let (client, token) = match (finish, answer) {
        (Some(file), Some(answer)) => end(&mut setup, &file, &answer)?,
        _ if no_browser || callback.as_deref() == Some(OOB) => by_typing(&mut setup, callback.as_deref(), no_browser)?,
        _ => in_browser(&setup, callback.as_deref())?,
    };
    let kept = setup.keep_oauth1(&client, &token);
    if !json && output == TokenForm::Json && output::is_terminal() && setup.profile.is_some() && kept.is_ok() {
        // The profile has the token; the person sees what else was said, such as their name.
        let mut said = token.extra;
        said.remove(SECRET_MEMBER);
        return output::members(&said.into());
    }
    // What the server has given is printed also where it could not be kept.
    token_json::print_with(&token, Map::new(), output, json)?;
    kept
}

fn begin(client: &Client) -> Result<(Url, Pending)> {
    Ok(spin("asking the server for temporary credentials", || client.start())?)
}

fn trade(client: &Client, pending: Pending, answer: &str) -> Result<Token> {
    Ok(spin("asking the server for the token", || client.finish(pending, answer))?)
}

fn end(setup: &mut Setup, file: &Path, answer: &str) -> Result<(Client, Token)> {
    let answer = setup.stdin.literal_or_referred("the callback", answer)?;
    let pending = login::kept(file, Pending::from_json)?;
    // The pending login knows what it was started with.
    let known = &mut setup.settings.oauth1;
    match &known.signing.consumer_key {
        Some(key) if key != pending.consumer_key() => {
            let key = pending.consumer_key().escape_debug();
            return Err(Failure::usage(format!("the pending login was started by the client {key}")));
        }
        _ => known.signing.consumer_key = Some(pending.consumer_key().to_owned()),
    }
    let started_at = pending.token_credentials_endpoint();
    match &known.server.token_credentials_endpoint {
        Some(given) if Url::parse(given).is_ok_and(|given| given.as_str() != started_at) => {
            let server = started_at.escape_debug();
            return Err(Failure::usage(format!("the pending login was started where tokens come from {server}")));
        }
        None if known.server.provider.is_none() => {
            known.server.token_credentials_endpoint = Some(started_at.to_owned());
        }
        _ => {}
    }
    let client = setup.oauth1_client(None)?;
    login::remove(file)?;
    let token = trade(&client, pending, answer.reveal().trim())?;
    Ok((client, token))
}

/// The server shows a code, or the person pastes the address the browser ended up at.
fn by_typing(setup: &mut Setup, callback: Option<&str>, no_browser: bool) -> Result<(Client, Token)> {
    setup.stdin.take("the code")?;
    let client = setup.oauth1_client(callback.or(Some(OOB)))?;
    let (url, pending) = begin(&client)?;
    if no_browser {
        output::note(&format!("Open this in a browser:\n\n{url}\n"));
    } else {
        browser::open(&url);
    }
    output::note(match pending.callback() {
        OOB => "Then type in the code that the server shows:",
        _ => "Then paste the address the browser ended up at, whether or not it shows a page there:",
    });
    let answer = login::typed("the code was typed in")?;
    let token = trade(&client, pending, answer.reveal().trim())?;
    Ok((client, token))
}

/// The browser brings the answer to this machine.
fn in_browser(setup: &Setup, callback: Option<&str>) -> Result<(Client, Token)> {
    let receiver = browser::receiver(callback)?;
    let client = setup.oauth1_client(Some(&receiver.redirect_uri()))?;
    let (url, pending) = begin(&client)?;
    browser::open(&url);
    let wait = || receiver.wait_oauth1(pending.oauth_token(), browser::PATIENCE, &Cancel::new());
    let answer = spin("waiting for the login in the browser", wait).map_err(browser::not_in_time)?;
    let token = trade(&client, pending, &answer)?;
    Ok((client, token))
}
