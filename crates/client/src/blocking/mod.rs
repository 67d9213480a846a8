//! The blocking face: the same names and methods as the async one, without the `.await`s, over the very same conversations.
//!
//! ```
//! # fn main() -> grantee::Result<()> {
//! # let server = grantor::Server::start(); let issuer = server.issuer();
//! use grantee::{ClientCredentials, blocking::Client};
//!
//! let client = Client::discover(issuer).client("svc", "secret").build()?;
//! let token = client.token(ClientCredentials::new().scope("orders"))?;
//! assert!(client.introspect(&token)?.active);
//! # Ok(()) }
//! ```
//!
//! Everything runs on the calling thread, which parks while it waits; only early renewals have a thread of their own. It
//! may be used inside somebody's runtime, where it holds the thread it is called on.

mod api;
mod backchannel;
mod client;
mod device;
pub mod oauth1;
mod openid;
mod polling;
pub(crate) mod ports;
pub mod presets;
mod protected_resource;
mod registration;
mod request_object;
pub(crate) mod runtime;
mod session;
mod step_up;

pub use crate::adapters::ureq::AuthorizationMiddleware;
pub use crate::http::ureq::UreqHttp;
pub use api::{ApiClient, ApiClientBuilder, ApiDanger, ApiRequest};
pub use backchannel::Backchannel;
pub use client::{Client, ClientBuilder, Danger, Login};
pub use device::Device;
pub use openid::AccessTokenValidator;
pub use polling::Polling;
pub use ports::{Hook, Http};
pub use registration::Registered;
pub use session::{Attempt, Session, SessionBuilder};
