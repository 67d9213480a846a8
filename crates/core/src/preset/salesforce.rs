//! Salesforce.

use super::{Preset, discovered, host, is_host_below};
use crate::Token;
use crate::client::Config;
use crate::error::{Excerpt, Result, RuleViolation};
use crate::wire;
use serde_json::Value;

/// [Salesforce](https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_endpoints.htm). Deviates in:
///
/// - The API is at another address for each account, which comes with the token
///   ([the answer's `instance_url`](https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_web_server_flow.htm)):
///   [`instance_url`](Self::instance_url).
/// - Answers do not say how long a token lives (same page): a session finds out by the API's 401.
///
/// ```
/// use grantee_core::{Token, preset::Salesforce};
/// let mut token = Token::bearer("at");
/// token.extra.insert("instance_url".into(), "https://acme.my.salesforce.com".into());
/// assert_eq!(Salesforce::instance_url(&token)?, "https://acme.my.salesforce.com");
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Salesforce {
    host: String,
}

impl Salesforce {
    /// Production.
    pub fn production() -> Self {
        Self { host: "login.salesforce.com".to_owned() }
    }

    /// A sandbox.
    pub fn sandbox() -> Self {
        Self { host: "test.salesforce.com".to_owned() }
    }

    /// A My Domain, such as `acme.my.salesforce.com`.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when that is no name of a host.
    pub fn my_domain(domain: &str) -> Result<Self> {
        Ok(Self { host: host("the domain", domain)? })
    }

    /// Where the API of a token's account is.
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) when the token came without, or it is not one of Salesforce's; the token would go there.
    pub fn instance_url(token: &Token) -> Result<&str> {
        let url = token.get("instance_url").and_then(Value::as_str).unwrap_or_default();
        if is_host_below(url, &[".salesforce.com", ".force.com"]) {
            return Ok(url);
        }
        Err(RuleViolation::new(
            "token request",
            "instance_url is an address of Salesforce's",
            "Salesforce's web server flow",
        )
        .expected("https://NAME.my.salesforce.com")
        .got(Excerpt(&wire::url::shown(url)))
        .into())
    }
}

impl Preset for Salesforce {
    fn config(&self) -> Config {
        discovered(format!("https://{}", self.host))
    }
}
