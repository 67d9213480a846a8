//! What a provider's preset needs to ask for, in the blocking face.

use super::client::Client;
use super::runtime::block_on;
use grantee_core::{Result, Token};

/// Where the API of a Mailchimp account is: [`Mailchimp::api_base`](crate::presets::Mailchimp::api_base).
///
/// # Errors
/// As there.
pub fn mailchimp_api_base(client: &Client, token: &Token) -> Result<String> {
    block_on(crate::presets::Mailchimp::api_base(client.core(), token))
}
