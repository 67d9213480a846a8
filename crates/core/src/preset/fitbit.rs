//! Fitbit.

use super::{Deviation, Preset, deviating, fixed};
use crate::client::Config;
use serde_json::json;

/// The [Fitbit Web API](https://dev.fitbit.com/build/reference/web-api/authorization/). Deviates in:
///
/// - Errors are a list ([error handling](https://dev.fitbit.com/build/reference/web-api/troubleshooting-guide/error-handling/)); the
///   first one's `errorType` is taken for the error code and its `message` for the description.
/// - Introspection is authorized by a person's token
///   ([introspect](https://dev.fitbit.com/build/reference/web-api/authorization/introspect/)), so ask with `introspect_as`.
///
/// ```
/// let fitbit = grantee_core::preset::Fitbit::new();
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Fitbit;

impl Fitbit {
    /// The base of the API.
    pub const API: &str = "https://api.fitbit.com/";

    /// The preset.
    pub fn new() -> Self {
        Self
    }
}

impl Preset for Fitbit {
    fn config(&self) -> Config {
        let config = fixed(json!({
            "authorization_endpoint": "https://www.fitbit.com/oauth2/authorize",
            "token_endpoint": "https://api.fitbit.com/oauth2/token",
            "revocation_endpoint": "https://api.fitbit.com/oauth2/revoke",
            "introspection_endpoint": "https://api.fitbit.com/1.1/oauth2/introspect",
        }));
        deviating(config, [Deviation::ErrorsAsList])
    }
}
