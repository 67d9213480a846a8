//! `grantee oauth1 call`: a request to an API, signed.

use crate::args::oauth1::Call;
use crate::client::{Setup, Whose, build};
use crate::failure::{Failure, Result};
use crate::progress::spin;
use crate::verb::call::{Answer, request};

pub(super) fn run(args: Call, json: bool) -> Result<()> {
    let (profile, settings) = args.client.settings();
    let mut setup = Setup::oauth1(profile.as_deref(), settings)?;
    let request = request(&mut setup.stdin, &args.request)?;
    let whose = setup.whose(&args.token)?;
    if matches!(whose, Whose::Nobody) && !args.token.two_legged {
        return Err(Failure::login("nobody has logged in, and no token is given").hint(
            "give --profile NAME of a login, or --token @FILE, or --two-legged where the client signs for itself",
        ));
    }
    let client = setup.oauth1_client(None)?;
    let session = build(setup.oauth1_session(&client, whose)?.allow_origin(&args.request.url)?)?;
    let outcome = spin("calling the API", || session.send(request));
    let answer = Answer::of(outcome, |_| None).map_err(|error| setup.oauth1_log_in(error))?;
    // Servers seldom say which of these it is.
    let hint = "the token is revoked, a secret is wrong, or another base string is signed than the server's: see grantee oauth1 sign";
    answer.hint_at(401, hint).show(json)
}
