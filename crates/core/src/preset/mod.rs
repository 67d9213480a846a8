//! Providers: what is known of each before a client is registered there, as data. One file a provider.
//!
//! A preset settles endpoints, how the client shows its secret, and where the provider deviates from the specifications. Each
//! deviation is named in the provider's documentation with where the provider says so, and holds for its clients alone: any other
//! client stays strict.
//!
//! | provider | endpoints | deviates in |
//! |---|---|---|
//! | [`Apple`] | discovered | the client's secret, a JWT; answers by `form_post` |
//! | [`Auth0`] | discovered, by tenant | |
//! | [`Cognito`] | discovered, by user pool | |
//! | [`Entra`] | discovered, by tenant | issuers of many tenants |
//! | [`Facebook`] | fixed, by version | errors as objects |
//! | [`Fitbit`] | fixed | errors as a list |
//! | [`GitHub`] | fixed | answers as forms; commas in scope |
//! | [`Google`] | discovered | refresh tokens on request |
//! | [`Keycloak`] | discovered, by realm | |
//! | [`LinkedIn`] | discovered | no `token_type`; commas in scope |
//! | [`Mailchimp`] | fixed | no `token_type`; `expires_in` 0; API by account |
//! | [`Okta`] | discovered, by domain and server | |
//! | [`PingFederate`], [`PingOne`] | by address; discovered, by environment | |
//! | [`Salesforce`] | discovered | API by account; no `expires_in` |
//! | [`Slack`] | fixed | nested tokens; `token_type` bot and user; commas in scope |
//! | [`Spotify`] | fixed | |
//! | [`StackExchange`] | fixed | answers as forms; `expires`; parameters on API calls |
//! | [`TikTok`] | fixed | `client_key`; commas in scope; the code challenge as hex |
//!
//! A Google service account is a [`ServiceAccount`](crate::grant::ServiceAccount). Providers of OAuth 1.0 are in
//! [`oauth1::preset`](crate::oauth1::preset).

mod apple;
mod auth0;
mod cognito;
mod deviation;
mod entra;
mod facebook;
mod fitbit;
mod github;
mod google;
mod keycloak;
mod linkedin;
mod mailchimp;
mod okta;
mod ping;
mod salesforce;
mod slack;
mod spotify;
mod stack_exchange;
mod tiktok;

pub use apple::Apple;
pub use auth0::Auth0;
pub use cognito::Cognito;
pub use entra::Entra;
pub use facebook::Facebook;
pub use fitbit::Fitbit;
pub use github::GitHub;
pub use google::Google;
pub use keycloak::Keycloak;
pub use linkedin::LinkedIn;
pub use mailchimp::Mailchimp;
pub use okta::Okta;
pub use ping::{PingFederate, PingOne};
pub use salesforce::Salesforce;
pub use slack::Slack;
pub use spotify::Spotify;
pub use stack_exchange::StackExchange;
pub use tiktok::TikTok;

use crate::client::{Config, Server};
use crate::endpoint::discovery::Where;
use crate::error::{Error, Excerpt, Result};
use crate::metadata::AuthorizationServer;
use crate::wire;
use deviation::{Deviation, Deviations};
use serde_json::Value;
use std::sync::Arc;
use url::Url;

/// What all clients of one provider have in common.
///
/// ```
/// use grantee_core::preset::{GitHub, Preset};
/// let mut config = GitHub::new().config();
/// config.set_client("Iv1.0123".into(), Some("s3cret".into()));
/// ```
pub trait Preset {
    /// A configuration that lacks who the client is.
    fn config(&self) -> Config;
}

impl<P: Preset + ?Sized> Preset for &P {
    fn config(&self) -> Config {
        (**self).config()
    }
}

/// A provider whose addresses are known.
fn fixed(members: Value) -> Config {
    let mut config = Config::new(Server::Literal);
    if let Value::Object(members) = members {
        *config.members_mut() = AuthorizationServer::from(members);
    }
    config
}

/// A provider that describes itself.
fn discovered(issuer: String) -> Config {
    Config::new(Server::Discover(Where::Issuer(issuer)))
}

/// The secret goes into the body, whatever the provider's metadata list, where its manual wants it there.
fn secret_in_body(config: &mut Config) {
    config.members_mut().token_endpoint_auth_methods_supported = Some(vec!["client_secret_post".to_owned()]);
}

fn deviating(mut config: Config, deviations: impl Into<Vec<Deviation>>) -> Config {
    config.add_hook(Arc::new(Deviations(deviations.into())));
    config
}

/// A host's name, and nothing that would make another address of it.
fn host(what: &str, text: &str) -> Result<String> {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    if text.is_empty() || !text.bytes().all(fine) || text.starts_with(['.', '-']) || text.contains("..") {
        return Err(Error::config(
            format!("{what} is no name of a host: {}", Excerpt(text)),
            "give the name alone, without https:// and path",
        ));
    }
    Ok(text.to_owned())
}

/// Whether a text from an answer is the address of a host below one of these domains and no more, so that what is put behind it
/// is a path there.
fn is_host_below(text: &str, domains: &[&str]) -> bool {
    let name = text.strip_prefix("https://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    name.is_some_and(|name| host("it", name).is_ok() && domains.iter().any(|domain| name.ends_with(domain)))
}

/// One segment of a path that needs no encoding.
fn word(what: &str, text: &str) -> Result<String> {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if text.is_empty() || text.bytes().all(|byte| byte == b'.') || !text.bytes().all(fine) {
        return Err(Error::config(
            format!("{what} is not of letters, digits, -, _ and . alone: {}", Excerpt(text)),
            "take it as the provider's console shows it",
        ));
    }
    Ok(text.to_owned())
}

/// An address without a slash at its end, to which paths are added.
fn base(what: &str, text: &str) -> Result<String> {
    let url: Url = wire::url::parse(what, text)?;
    wire::url::confidential(what, &url, false)?;
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(Error::config(
            format!("{what} has more than a host and a path"),
            "leave out the query, the fragment and the user",
        ));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_make_another_address_is_refused() {
        for good in ["tenant.eu.auth0.com", "dev-1", "A.b"] {
            assert_eq!(host("the tenant", good).unwrap(), good);
        }
        for bad in
            ["", "a/b", "evil.example/", "a@evil.example", "a:1", "a?b", "a#b", "a b", ".a", "-a", "a..b", "https://a"]
        {
            assert!(host("the tenant", bad).unwrap_err().to_string().contains("the tenant"), "{bad}");
        }
        for bad in ["", ".", "..", "a/b", "a?b", "%2e", "a b"] {
            assert!(word("the realm", bad).is_err(), "{bad}");
        }
        for bad in
            ["http://as.example", "https://u@as.example", "https://as.example?x", "https://as.example#x", "as.example"]
        {
            assert!(base("the server", bad).is_err(), "{bad}");
        }
        assert_eq!(base("the server", "https://as.example/auth/").unwrap(), "https://as.example/auth");
    }

    #[test]
    fn an_address_from_an_answer_is_a_host_and_nothing_behind_it() {
        for good in ["https://us6.a.example", "https://us6.a.example/", "https://x.b.example"] {
            assert!(is_host_below(good, &[".a.example", ".b.example"]), "{good}");
        }
        for bad in [
            "",
            "http://us6.a.example",
            "https://a.example",
            "https://us6.a.example?x",
            "https://us6.a.example#f",
            "https://us6.a.example/x",
            "https://us6.a.example:444",
            "https://u@us6.a.example",
            "https://:p@us6.a.example",
            "https://us6.a.example\\",
            "https://us6.\ta.example",
            "https://evil.example?.a.example",
            "https://evil.example/.a.example",
        ] {
            assert!(!is_host_below(bad, &[".a.example"]), "{bad}");
        }
    }
}
