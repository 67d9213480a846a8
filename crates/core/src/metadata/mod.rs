//! What a server says about itself.

pub mod authorization_server;
pub(crate) mod cache;
pub mod client;
mod key_set;
pub mod protected_resource;
pub(crate) mod reader;

pub use authorization_server::AuthorizationServer;
pub(crate) use authorization_server::TENANT;
pub use client::ClientMetadata;
pub(crate) use key_set::{KeySource, found_no_key};
pub use protected_resource::ProtectedResource;
