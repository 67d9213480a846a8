//! What the tests against real servers share.
//!
//! `cargo xtask interop [SERVER]` installs and starts the servers of `servers/`, side by side on free ports, names them
//! in the environment and runs `tests/`. Nothing here uses a crate of ours: a server's addresses and clients are
//! written down as a person would read them off its documentation, so that the library is judged and not mirrored.
//!
//! | file | what |
//! |---|---|
//! | [`server`] | the running servers: endpoints, clients, secrets, lifetimes, what is odd about each |
//! | [`openid`] | what their clients are registered for in OpenID Connect, and what is odd about that |
//! | [`extension`] | what they are registered for in OAuth's extensions, and what is odd about that |
//! | [`oauth1`] | the servers of OAuth 1.0, in the same way, and the person there |
//! | [`walk`](mod@walk) | from an authorization URL to the callback, with cookies and forms but no browser |
//! | [`elsewhere`] | what a person does on another device |
//! | [`agent`] | the HTTP client of these two |
//! | [`plain`] | requests by hand, to look at a server without the library |
//! | [`program`] | runs the `grantee` program in a home of its own |
//! | [`browser`] | a login in headless Chromium, as `$BROWSER` or by itself |
//!
//! A test is a function of a server; [`on_each_server!`] makes one test of it for each, named for the server, which is
//! how `cargo xtask interop glewlwyd` finds its own:
//!
//! ```text
//! on_each_server!(a_code_buys_a_token);
//! fn a_code_buys_a_token(server: &Server) { … }
//! ```

pub mod agent;
pub mod browser;
pub mod elsewhere;
pub mod extension;
pub mod form;
pub mod oauth1;
pub mod openid;
pub mod plain;
pub mod program;
pub mod server;
pub mod walk;

pub use browser::Browser;
pub use extension::Extensions;
pub use openid::Registration;
pub use program::{Answer, Program};
pub use server::{Auth, Client, Server};
pub use walk::{Walk, walk};

/// Makes of each function of a [`&Provider`](oauth1::Provider) a module of that name, with one test for each server of OAuth 1.0.
#[macro_export]
macro_rules! on_each_oauth1_server {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            #[test] fn oauth1_oauthlib() { let _: () = super::$name(&$crate::oauth1::Provider::oauthlib()); }
            #[test] fn authlib() { let _: () = super::$name(&$crate::oauth1::Provider::authlib()); }
        }
    )+ };
}

/// Makes of each function of a `&Server` a module of that name, with one test for each server.
#[macro_export]
macro_rules! on_each_server {
    ($($(#[$attribute:meta])* $name:ident),+ $(,)?) => { $(
        mod $name {
            $(#[$attribute])* #[test] fn oidc_provider() { let _: () = super::$name(&$crate::Server::oidc_provider()); }
            $(#[$attribute])* #[test] fn glewlwyd() {
                let _alone = $crate::server::glewlwyd_alone();
                let _: () = super::$name(&$crate::Server::glewlwyd());
            }
            $(#[$attribute])* #[test] fn authlib() { let _: () = super::$name(&$crate::Server::authlib()); }
        }
    )+ };
}
