//! Providers of OAuth 1.0: what is known of each before a client is registered there, as data. One file a provider.
//!
//! A preset settles endpoints, how requests are signed, and where the provider deviates. Each deviation is named in the provider's
//! documentation with where the provider says so, and holds for its clients alone: any other client stays strict. All of these
//! confirm the callback.
//!
//! | provider | signed by | deviates in |
//! |---|---|---|
//! | [`Discogs`] | HMAC-SHA1 | a `User-Agent` of the program's own; a refusal comes as `denied` |
//! | [`Flickr`] | HMAC-SHA1 | credentials by GET; `perms`; a person who refuses is not sent back |
//! | [`NetSuite`] | HMAC-SHA256, with a realm | hosts and realm by account; a refusal is an empty `oauth_verifier` |
//! | [`Trello`] | HMAC-SHA1 | `name`, `scope`, `expiration`; no `oob` |
//! | [`Tumblr`] | HMAC-SHA1 | no `oob` |
//! | [`X`] | HMAC-SHA1 | a refusal comes as `denied`; errors as JSON and XML |
//!
//! None of them documents `oauth_body_hash`, so none gets it: of a body that is no form, nothing is signed
//! ([`Signing::without_body_hash`](super::Signing::without_body_hash)). A preset sets how requests are signed; a
//! [`set_signing`](super::Config::set_signing) of the program's own comes after it.

mod discogs;
mod flickr;
mod netsuite;
mod trello;
mod tumblr;
mod x;

pub use discogs::Discogs;
pub use flickr::Flickr;
pub use netsuite::NetSuite;
pub use trello::Trello;
pub use tumblr::Tumblr;
pub use x::X;

use super::config::{Config, Preset};
use super::request::Signing;

/// Three endpoints, and HMAC-SHA1 in the header.
fn endpoints(config: &mut Config, [temporary, authorization, token]: [&str; 3]) {
    config.set_temporary_credentials_endpoint(temporary.to_owned());
    config.set_authorization_endpoint(authorization.to_owned());
    config.set_token_credentials_endpoint(token.to_owned());
    config.set_signing(Signing::new().without_body_hash());
}
