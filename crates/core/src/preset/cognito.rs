//! Amazon Cognito.

use super::{Preset, discovered, word};
use crate::client::Config;
use crate::error::{Error, Result};

/// A user pool of [Amazon Cognito](https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html). Deviates in
/// logging out alone: its endpoint takes `logout_uri` and `client_id`
/// ([logout endpoint](https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html)), and knows no
/// `post_logout_redirect_uri`.
///
/// ```
/// let pool = grantee_core::preset::Cognito::user_pool("eu-west-1_AbCdEfGhI")?;
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Cognito {
    pool: String,
    region: String,
}

impl Cognito {
    /// A user pool by its identifier, which begins with its region.
    ///
    /// # Errors
    /// [`Error::Config`] when it does not.
    pub fn user_pool(id: &str) -> Result<Self> {
        let pool = word("the user pool", id)?;
        match pool.split_once('_') {
            Some((region, name)) if !region.is_empty() && !name.is_empty() && !region.contains('.') => {
                Ok(Self { region: region.to_owned(), pool })
            }
            _ => Err(Error::config(
                "the user pool's identifier has no region before an underscore",
                "give it as in eu-west-1_AbCdEfGhI",
            )),
        }
    }
}

impl Preset for Cognito {
    fn config(&self) -> Config {
        discovered(format!("https://cognito-idp.{}.amazonaws.com/{}", self.region, self.pool))
    }
}
