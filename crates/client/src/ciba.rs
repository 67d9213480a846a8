//! Backchannel authentication ([CIBA](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html)):
//! its values, and where the server's notifications come in.
//!
//! A web program hands what is posted to its notification endpoint to [`NotificationInbox::deliver`]. One without a web server
//! has [`NotificationListener`].

mod listener;

pub use grantee_core::grant::ciba::*;
pub use listener::NotificationListener;
