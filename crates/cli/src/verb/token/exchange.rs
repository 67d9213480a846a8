//! `grantee token exchange`: a token for another one (RFC 8693).

use super::{Got, ask};
use crate::args::token::OfGrants;
use crate::client::{Setup, asked};
use crate::failure::Result;
use crate::input;
use crate::settings::HeldGrant;
use grantee::{SecurityToken, TokenExchange};

/// What a token is where nobody says.
const USUAL_TYPE: &str = "access_token";

pub(super) fn run(setup: &mut Setup, of: OfGrants) -> Result<Got> {
    let client = setup.client()?;
    let subject = match &of.subject_token {
        Some(given) => setup.stdin.referred("the subject token", given)?,
        None => {
            setup.stdin.take("the subject token")?;
            input::secret_from_stdin("the subject token")?
        }
    };
    let token_type = of.subject_token_type.as_deref().unwrap_or(USUAL_TYPE);
    let mut grant = TokenExchange::new(SecurityToken::new(subject.reveal().trim(), token_type));
    if let Some(given) = &of.actor_token {
        let actor = setup.stdin.referred("the actor token", given)?;
        let token_type = of.actor_token_type.as_deref().unwrap_or(USUAL_TYPE);
        grant = grant.actor(SecurityToken::new(actor.reveal().trim(), token_type));
    }
    if let Some(requested) = &of.requested_token_type {
        grant = grant.requested_token_type(requested);
    }
    let grant = asked!(setup, grant);
    let token = ask(|| client.token(grant))?;
    Ok(Got::new(setup, &client, token, HeldGrant::TokenExchange))
}
