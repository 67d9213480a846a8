//! `grantee token`: the profile's held token, or a new one by a grant.

use crate::args::{GrantName, Token as Args};
use crate::client::{Setup, build};
use crate::failure::{Failure, Result};
use crate::input;
use crate::profile::Profile;
use crate::progress::spin;
use crate::settings::HeldGrant;
use crate::token_json;
use grantee::blocking::Client;
use grantee::{RefreshToken, Secret, Token};

pub(super) fn run(args: Args, json: bool) -> Result<()> {
    let Args { grant, output, username, password_file, refresh_token, common } = args;
    if refresh_token.is_some() && grant != Some(GrantName::Refresh) {
        return Err(Failure::usage("--refresh-token goes with the grant refresh alone"));
    }
    let mut setup = Setup::new(common.profile.as_deref(), common.settings)?;
    if username.is_some() {
        setup.settings.username = username;
    }
    if let (Some(file), Some(GrantName::Password)) = (password_file, grant) {
        setup.read_password(file)?;
    }
    let client = setup.client()?;
    let (token, kept) = match grant {
        None => (held(&mut setup, &client)?, Ok(())),
        Some(GrantName::ClientCredentials) => {
            let grant = setup.client_credentials()?;
            let token = ask(|| client.token(grant))?;
            let kept = setup.keep(&client, &token, HeldGrant::ClientCredentials);
            (token, kept)
        }
        Some(GrantName::Password) => {
            let token = by_password(&mut setup, &client)?;
            let kept = setup.keep(&client, &token, HeldGrant::Password);
            (token, kept)
        }
        Some(GrantName::Refresh) => by_refresh_token(&mut setup, &client, refresh_token.as_deref())?,
    };
    // What the server has given is printed also where it could not be kept.
    token_json::print(&token, output, json)?;
    kept
}

fn ask(request: impl FnOnce() -> grantee::Result<Token>) -> Result<Token> {
    spin("asking the server for a token", request).map_err(Into::into)
}

fn held(setup: &mut Setup, client: &Client) -> Result<Token> {
    let profile = setup.profile.clone().ok_or_else(|| {
        Failure::usage("there is no held token without a profile")
            .hint("give --profile NAME, or a grant, as in: grantee token client-credentials")
    })?;
    let session = build(setup.held_session(client)?)?;
    let token = spin("looking after the token", || session.token()).map_err(|error| log_in(error.into(), &profile))?;
    Ok(Token::clone(&token))
}

fn by_password(setup: &mut Setup, client: &Client) -> Result<Token> {
    if setup.settings.username.is_none() {
        return Err(Failure::usage("nobody is named whose password it is").hint("give --username NAME"));
    }
    let grant = setup.password()?.ok_or_else(|| {
        Failure::usage("the password is missing")
            .hint("give --password-file FILE, - for stdin, or GRANTEE_PASSWORD in the environment")
    })?;
    ask(|| client.token(grant))
}

/// By the refresh token that was given; else the profile's, renewed however fresh its token is; else one from stdin.
fn by_refresh_token(setup: &mut Setup, client: &Client, given: Option<&str>) -> Result<(Token, Result<()>)> {
    let refresh_token = match (given, setup.profile.clone()) {
        (Some(given), _) => setup.stdin.referred("the refresh token", given)?,
        (None, Some(profile)) if setup.knows_its_grant() => return Ok((renewed(setup, client, &profile)?, Ok(()))),
        (None, _) => {
            setup.stdin.take("the refresh token")?;
            input::secret_from_stdin("the refresh token")?
        }
    };
    let grant = refresh_grant(setup, &refresh_token)?;
    let token = ask(|| client.token(grant))?;
    let held = setup.settings.grant.unwrap_or(HeldGrant::AuthorizationCode);
    let kept = setup.keep(client, &token, held);
    Ok((token, kept))
}

fn refresh_grant(setup: &Setup, refresh_token: &Secret) -> Result<RefreshToken> {
    let mut grant = RefreshToken::new(refresh_token.reveal().trim());
    if !setup.settings.scope.is_empty() {
        grant = grant.scope(setup.settings.scope.join(" "));
    }
    grant = setup.settings.resource.iter().fold(grant, RefreshToken::resource);
    grant = setup.settings.audience.iter().fold(grant, RefreshToken::audience);
    Ok(setup.settings.params()?.into_iter().fold(grant, |grant, (name, value)| grant.param(name, value)))
}

fn renewed(setup: &mut Setup, client: &Client, profile: &Profile) -> Result<Token> {
    let session = build(setup.held_session(client)?)?;
    let token = spin("renewing the token", || {
        let token = session.token()?;
        // It may just have been renewed because it was due.
        if client.counters().token_requests > 0 { Ok(token) } else { session.renew() }
    });
    let token = token.map_err(|error: grantee::Error| log_in(error.into(), profile))?;
    Ok(Token::clone(&token))
}

/// Says how to log in, where that is what is needed.
pub(super) fn log_in(failure: Failure, profile: &Profile) -> Failure {
    if !failure.needs_login() {
        return failure;
    }
    let name = profile.name();
    failure.hint_if_none(|| format!("grantee login --profile {name}, or: grantee token GRANT --profile {name}"))
}
