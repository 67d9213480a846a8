//! `grantee revoke`: revokes a token (RFC 7009).

use crate::args::ActOnToken;
use crate::client::Setup;
use crate::failure::Result;
use crate::output;
use crate::progress::spin;
use serde_json::json;

pub(super) fn run(mut args: ActOnToken, json: bool) -> Result<()> {
    let settings = std::mem::take(&mut args.common.settings);
    let mut setup = Setup::new(args.common.profile.as_deref(), settings)?;
    let client = setup.client()?;
    let token = super::token_to_act_on(&mut setup, &args)?;
    spin("revoking the token", || client.revoke(token))?;
    if json {
        return output::json(&json!({ "revoked": true }));
    }
    output::note("the token is revoked");
    Ok(())
}
