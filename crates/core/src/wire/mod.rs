//! What goes over the wire: forms, JSON, URLs, addresses, challenges.

pub mod address;
pub mod draft;
pub mod form;
pub(crate) mod inbound;
pub mod json;
pub mod retry_after;
pub mod url;
pub mod www_authenticate;
