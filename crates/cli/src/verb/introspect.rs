//! `grantee introspect`: asks the server about a token (RFC 7662).

use crate::args::ActOnToken;
use crate::client::Setup;
use crate::failure::Result;
use crate::output;
use crate::progress::spin;
use serde_json::Value;

pub(super) fn run(mut args: ActOnToken, json: bool) -> Result<()> {
    let settings = std::mem::take(&mut args.common.settings);
    let mut setup = Setup::new(args.common.profile.as_deref(), settings)?;
    let client = setup.client()?;
    let token = super::token_to_act_on(&mut setup, &args)?;
    let answer = spin("asking the server about the token", || client.introspect(token))?;
    let members = Value::Object(answer.members);
    if json { output::json(&members) } else { output::members(&members) }
}
