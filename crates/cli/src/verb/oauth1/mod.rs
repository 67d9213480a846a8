//! `grantee oauth1`: the protocol before OAuth 2 (RFC 5849).

mod call;
mod login;
mod sign;

use crate::args::oauth1::OAuth1;
use crate::failure::Result;

pub(super) fn run(args: OAuth1, json: bool) -> Result<()> {
    match args {
        OAuth1::Sign(args) => sign::run(args, json),
        OAuth1::Login(args) => login::run(args, json),
        OAuth1::Call(args) => call::run(args, json),
    }
}
