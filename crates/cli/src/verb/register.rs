//! `grantee register`: a client's registration, made, read, updated and deleted (RFC 7591, RFC 7592).

use crate::args::register::Register as Args;
use crate::failure::{Failure, Result};

pub(super) fn run(_args: Args, _json: bool) -> Result<()> {
    Err(Failure::usage("not yet"))
}
