//! The verbs: one file each.

mod browser;
mod call;
mod demo;
mod discover;
mod id_token;
mod introspect;
mod jose;
mod jwk;
mod login;
mod logout;
mod oauth1;
mod profile;
mod register;
mod revoke;
mod shell;
mod step_up;
mod token;
mod userinfo;

use crate::args::openid::IdToken;
use crate::args::{ActOnToken, Cli, TokenKind, Verb};
use crate::client::Setup;
use crate::failure::{Failure, Result};
use crate::input;
use crate::settings::has_credentials;
use clap::ArgMatches;
use clap::parser::ValueSource;
use grantee::TokenToActOn;

/// Does what was asked.
pub(crate) fn run(cli: Cli, matches: &ArgMatches) -> Result<()> {
    refuse_proxy_credentials(matches)?;
    let json = cli.json;
    match cli.verb {
        Verb::Demo => demo::run(json),
        Verb::Discover(args) => discover::run(args, json),
        Verb::Login(args) => login::run(args, json),
        Verb::Token(args) => token::run(*args, json),
        Verb::Profile(args) => profile::run(args, json),
        Verb::Call(args) => call::run(args, json),
        Verb::Introspect(args) => introspect::run(args, json),
        Verb::Revoke(args) => revoke::run(args, json),
        Verb::Userinfo(args) => userinfo::run(args, json),
        Verb::Logout(args) => logout::run(args, json),
        Verb::Register(args) => register::run(args, json),
        Verb::IdToken(IdToken::Verify(args)) => id_token::verify(*args),
        Verb::Jose(args) => jose::run(*args),
        Verb::Jwk(args) => jwk::run(args, json),
        Verb::Oauth1(args) => oauth1::run(*args, json),
        Verb::Completions { shell } => shell::completions(shell),
        Verb::Man => shell::man(),
    }
}

/// A process list shows the command line, so the proxy's credentials don't stand there.
fn refuse_proxy_credentials(matches: &ArgMatches) -> Result<()> {
    let given = matches.try_contains_id("proxy").unwrap_or(false)
        && matches.value_source("proxy") == Some(ValueSource::CommandLine)
        && matches.try_get_one::<String>("proxy").ok().flatten().is_some_and(|proxy| has_credentials(proxy));
    if given {
        return Err(Failure::usage(
            "a proxy's credentials are not given as an option, since a process list shows those",
        )
        .hint("set GRANTEE_PROXY_USERNAME and GRANTEE_PROXY_PASSWORD"));
    }
    matches.subcommand().map_or(Ok(()), |(_, matches)| refuse_proxy_credentials(matches))
}

/// The token on stdin, as what it is said to be.
fn token_to_act_on(setup: &mut Setup, args: &ActOnToken) -> Result<TokenToActOn> {
    setup.stdin.take("the token")?;
    let token = input::secret_from_stdin("the token")?;
    let token = token.reveal().trim();
    Ok(match args.token_type_hint {
        Some(TokenKind::AccessToken) => TokenToActOn::access_token(token),
        Some(TokenKind::RefreshToken) => TokenToActOn::refresh_token(token),
        None => TokenToActOn::from(token),
    })
}
