//! OAuth 1.0, [RFC 5849](https://www.rfc-editor.org/rfc/rfc5849): the server's side of it.
//!
//! `request` judges whoever signs, by what `parameters` found, `base_string` made of it and `signature` says of that. The three
//! legs are `temporary`, `authorize` and `token`; `api` is what the tokens are for. `store` keeps what was lent, issued and
//! used, `problem` says why not, `settings` are a test's.

mod api;
mod authorize;
mod base_string;
mod client;
mod parameters;
mod percent;
mod problem;
mod request;
mod settings;
mod signature;
mod store;
mod temporary;
mod token;

pub(crate) use api::{api, two_legged};
pub(crate) use authorize::{approved, authorize, denied};
pub use client::OAuth1Client;
pub(crate) use problem::Problem;
pub use settings::OAuth1Token;
pub(crate) use settings::Settings;
pub(crate) use store::Store;
pub(crate) use temporary::lend;
pub(crate) use token::issue;
