//! Mailchimp.

use super::{Deviation, Preset, deviating, fixed, is_host_below};
use crate::client::{Client, Config};
use crate::endpoint;
use crate::error::{Excerpt, Result, RuleViolation};
use crate::ports::Request;
use crate::token_type::header_of;
use crate::{Token, wire};
use bytes::Bytes;
use http::HeaderValue;
use http::header::{ACCEPT, AUTHORIZATION};
use serde_json::{Value, json};

const STAGE: &str = "mailchimp metadata";
const METADATA: &str = "https://login.mailchimp.com/oauth2/metadata";

/// [Mailchimp](https://mailchimp.com/developer/marketing/guides/access-user-data-oauth-2/). Deviates in:
///
/// - Token answers lack `token_type`: it is taken for Bearer (same page).
/// - Tokens live until they are revoked, and `expires_in` 0 says so (same page).
/// - The API is at another address for each account, which a metadata endpoint tells (same page):
///   [`api_base`](Self::api_base).
///
/// ```
/// use grantee_core::{Token, preset::Mailchimp};
/// let request = Mailchimp::metadata_request(&Token::bearer("at"))?;
/// assert_eq!(request.headers()["authorization"], "OAuth at");
/// let answer = http::Response::new(r#"{"dc":"us6","api_endpoint":"https://us6.api.mailchimp.com"}"#.into());
/// assert_eq!(Mailchimp::judge_metadata(&answer)?, "https://us6.api.mailchimp.com/3.0/");
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Mailchimp;

impl Mailchimp {
    /// The preset.
    pub fn new() -> Self {
        Self
    }

    /// Where the API of a token's account is.
    ///
    /// # Errors
    /// As [`judge_metadata`](Self::judge_metadata), and why no answer came.
    pub async fn api_base(client: &Client, token: &Token) -> Result<String> {
        Self::judge_metadata(&client.exchange(STAGE, Self::metadata_request(token)?).await?)
    }

    /// Asks where the API of a token's account is.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) for a token that no header can carry.
    pub fn metadata_request(token: &Token) -> Result<Request> {
        let mut request = http::Request::new(Bytes::new());
        *request.uri_mut() = http::Uri::from_static(METADATA);
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        request.headers_mut().insert(AUTHORIZATION, header_of("OAuth", token)?);
        Ok(request)
    }

    /// The base of the API.
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) when the answer names none, or one that is not Mailchimp's; the token would go there.
    pub fn judge_metadata(answer: &http::Response<Bytes>) -> Result<String> {
        let members = endpoint::members(STAGE, answer)?;
        let base = members.get("api_endpoint").and_then(Value::as_str).unwrap_or_default();
        if !is_host_below(base, &[".api.mailchimp.com"]) {
            return Err(RuleViolation::new(
                STAGE,
                "api_endpoint is an address of Mailchimp's",
                "Mailchimp's OAuth guide",
            )
            .expected("https://DC.api.mailchimp.com")
            .got(Excerpt(&wire::url::shown(base)))
            .into());
        }
        Ok(format!("{}/3.0/", base.trim_end_matches('/')))
    }
}

impl Preset for Mailchimp {
    fn config(&self) -> Config {
        let mut config = fixed(json!({
            "authorization_endpoint": "https://login.mailchimp.com/oauth2/authorize",
            "token_endpoint": "https://login.mailchimp.com/oauth2/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }));
        config.set_assumed_token_type("Bearer".to_owned());
        deviating(config, [Deviation::ZeroIsForEver])
    }
}
