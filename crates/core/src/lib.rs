//! The core of grantee.
#![allow(missing_docs)]
pub mod authorization;
pub mod client_auth;
pub mod contract;
pub mod endpoint;
pub mod error;
pub mod grant;
pub mod metadata;
pub mod ports;
pub mod scope;
pub mod secret;
pub mod session;
pub mod store;
pub mod time;
pub mod token;
pub mod token_type;
pub mod wire;

pub use error::{Error, Result};
pub use scope::Scope;
pub use secret::Secret;
pub use time::UnixTime;
pub use token::{Token, TokenToActOn, UnverifiedIdToken};
pub use wire::form::Params;
