//! `grantee token`: the profile's held token, or a new one by a grant.

mod assertion;
mod ciba;
mod device;
mod exchange;
mod waiting;

use crate::args::token::{GrantName, OfGrants, Token as Args};
use crate::client::{Setup, asked, build};
use crate::failure::{Failure, Result};
use crate::input;
use crate::profile::Profile;
use crate::progress::spin;
use crate::settings::HeldGrant;
use crate::token_json;
use grantee::blocking::{Client, Login};
use grantee::{RefreshToken, Secret, Token};
use serde_json::Map;

pub(super) fn run(args: Args, json: bool) -> Result<()> {
    let Args { grant, output, of, common } = args;
    if let Some((option, grants)) = of.misplaced(grant) {
        return Err(Failure::usage(format!("{option} goes with the grant {grants} alone")));
    }
    let mut setup = Setup::new(common.profile.as_deref(), common.settings)?;
    let got = match grant {
        None => {
            let client = setup.client()?;
            Got { token: held(&mut setup, &client)?, more: Map::new(), kept: Ok(()) }
        }
        Some(grant) => by(grant, &mut setup, of)?,
    };
    // What the server has given is printed also where it could not be kept.
    token_json::print_with(&got.token, got.more, output, json)?;
    got.kept
}

/// What a grant brought, and whether the profile has it.
struct Got {
    token: Token,
    /// What is known beside it.
    more: Map<String, serde_json::Value>,
    kept: Result<()>,
}

impl Got {
    fn new(setup: &mut Setup, client: &Client, token: Token, grant: HeldGrant) -> Self {
        let kept = setup.keep(client, &token, grant);
        Self { token, more: Map::new(), kept }
    }

    /// A token with who logged in, and what the server says of them where that is asked for.
    fn of_login(setup: &mut Setup, client: &Client, login: &Login, grant: HeldGrant) -> Result<Self> {
        let known = super::login::known(setup, client, login)?;
        let mut got = Self::new(setup, client, login.token().clone(), grant);
        got.more = known.members;
        got.kept = got.kept.and(known.outcome);
        Ok(got)
    }
}

fn by(grant: GrantName, setup: &mut Setup, of: OfGrants) -> Result<Got> {
    match grant {
        GrantName::ClientCredentials => {
            let client = setup.client()?;
            let grant = setup.client_credentials()?;
            let token = ask(|| client.token(grant))?;
            Ok(Got::new(setup, &client, token, HeldGrant::ClientCredentials))
        }
        GrantName::Password => by_password(setup, of),
        GrantName::Refresh => by_refresh_token(setup, of.refresh_token.as_deref()),
        GrantName::Device => device::run(setup),
        GrantName::Ciba => ciba::run(setup, of),
        GrantName::Exchange => exchange::run(setup, of),
        GrantName::JwtBearer => assertion::jwt(setup, of),
        GrantName::Saml2Bearer => assertion::saml2(setup, of),
    }
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

fn by_password(setup: &mut Setup, of: OfGrants) -> Result<Got> {
    if of.username.is_some() {
        setup.settings.username = of.username;
    }
    if let Some(file) = of.password_file {
        setup.read_password(file)?;
    }
    let client = setup.client()?;
    if setup.settings.username.is_none() {
        return Err(Failure::usage("nobody is named whose password it is").hint("give --username NAME"));
    }
    let grant = setup.password()?.ok_or_else(|| {
        Failure::usage("the password is missing")
            .hint("give --password-file FILE, - for stdin, or GRANTEE_PASSWORD in the environment")
    })?;
    let token = ask(|| client.token(grant))?;
    Ok(Got::new(setup, &client, token, HeldGrant::Password))
}

/// By the refresh token that was given; else the profile's, renewed however fresh its token is; else one from stdin.
fn by_refresh_token(setup: &mut Setup, given: Option<&str>) -> Result<Got> {
    let client = setup.client()?;
    let refresh_token = match (given, setup.profile.clone()) {
        (Some(given), _) => setup.stdin.referred("the refresh token", given)?,
        (None, Some(profile)) if setup.knows_its_grant() => {
            return Ok(Got { token: renewed(setup, &client, &profile)?, more: Map::new(), kept: Ok(()) });
        }
        (None, _) => {
            setup.stdin.take("the refresh token")?;
            input::secret_from_stdin("the refresh token")?
        }
    };
    let grant = refresh_grant(setup, &refresh_token)?;
    let token = ask(|| client.token(grant))?;
    let held = setup.settings.grant.unwrap_or(HeldGrant::AuthorizationCode);
    Ok(Got::new(setup, &client, token, held))
}

fn refresh_grant(setup: &Setup, refresh_token: &Secret) -> Result<RefreshToken> {
    Ok(asked!(setup, RefreshToken::new(refresh_token.reveal().trim())))
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
