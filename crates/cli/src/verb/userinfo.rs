//! `grantee userinfo`: what the server says about the person (OpenID Connect Core section 5.3).

use crate::args::openid::Userinfo as Args;
use crate::client::{Setup, build};
use crate::failure::Result;
use crate::progress::spin;
use crate::{input, output};
use grantee::blocking::Client;
use grantee::jose::json;
use grantee::jose::jws::Compact;
use grantee::oidc::{Claims, IdToken, IdTokenExpectations};
use grantee::{Token, UnixTime, UnverifiedIdToken};
use serde_json::Value;

pub(super) fn run(args: Args, json: bool) -> Result<()> {
    let mut setup = Setup::new(args.common.profile.as_deref(), args.common.settings)?;
    let client = setup.client()?;
    let (token, id_token) = match (args.access_token, setup.profile.clone()) {
        (Some(given), _) => {
            let token = setup.stdin.referred("the access token", &given)?;
            (bare(&setup, token.reveal()), None)
        }
        (None, Some(profile)) => {
            let session = build(setup.held_session(&client)?)?;
            let token = spin("looking after the token", || session.token());
            let token = token.map_err(|error| super::token::log_in(error.into(), &profile))?;
            let id_token = token.id_token.as_ref().map(|id_token| kept(&client, &token, id_token)).transpose()?;
            (Token::clone(&token), id_token)
        }
        (None, None) => {
            setup.stdin.take("the access token")?;
            let token = input::secret_from_stdin("the access token")?;
            (bare(&setup, token.reveal()), None)
        }
    };
    let claims = fetch(&client, &token, id_token.as_ref())?;
    let members = Value::Object(claims.members().clone());
    if json { output::json(&members) } else { output::members(&members) }
}

/// A token of which only its text is known.
fn bare(setup: &Setup, token: &str) -> Token {
    let mut token = Token::bearer(token.trim());
    if setup.uses_dpop() {
        "DPoP".clone_into(&mut token.token_type);
    }
    token
}

/// Asks for it, and checks that it is about the person of the ID token, where there is one.
pub(super) fn fetch(client: &Client, token: &Token, id_token: Option<&IdToken>) -> Result<Claims> {
    let asking = "asking the server about the person";
    match id_token {
        Some(id_token) => Ok(spin(asking, || client.userinfo(token, id_token))?.claims),
        None => {
            let unbound = spin(asking, || client.userinfo_unbound(token))?;
            output::note("this is bound to no ID token: whoever gave the access token decides who it is about");
            Ok(unbound.claims)
        }
    }
}

/// The ID token of the login, verified as of when it was issued: it may have expired long ago.
fn kept(client: &Client, token: &Token, id_token: &UnverifiedIdToken) -> Result<IdToken> {
    let issued = issued_at(id_token.reveal_unverified()).or(token.obtained_at);
    let expected = IdTokenExpectations::new();
    let expected = match issued {
        Some(at) => expected.at(at),
        None => expected,
    };
    Ok(spin("verifying the ID token of the login", || client.verify_id_token(id_token, &expected))?)
}

/// When a signed token says it was issued. One that lies is refused by its signature.
fn issued_at(token: &str) -> Option<UnixTime> {
    let compact = Compact::parse(token).ok()?;
    let issued = json::object(compact.unverified_payload()).ok()?.get("iat")?.as_f64()?;
    serde_json::from_value(issued.into()).ok()
}
