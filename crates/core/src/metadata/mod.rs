//! What a server says about itself.

pub mod authorization_server;
pub(crate) mod cache;

pub use authorization_server::AuthorizationServer;
