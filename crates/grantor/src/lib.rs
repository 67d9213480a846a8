//! An OAuth 2.x and OpenID Connect authorization server for tests and demos, in your process, that misbehaves on request.
//!
//! You write an OAuth client, or a program that uses one, and want to know what it does when the token endpoint answers
//! 503, when the answer to a refresh gets lost, when the callback bears somebody else's `iss`. Start a [`Server`], point
//! the client at its [`issuer`](Server::issuer), tell it what to do wrong, and look at what arrived:
//!
//! ```
//! use std::{io::{Read, Write}, net::TcpStream};
//! use grantor::{Endpoint, Misbehaviour, Server};
//!
//! let server = Server::start();
//! server.misbehave_times(Endpoint::Token, 1, Misbehaviour::Status { status: 503, retry_after: Some(3) });
//!
//! // Your client goes here. This stands in for it.
//! let form = "grant_type=client_credentials&client_id=svc&client_secret=secret";
//! let mut connection = TcpStream::connect(("127.0.0.1", server.port()))?;
//! write!(connection, "POST /token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
//!     Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}", form.len())?;
//! let mut answer = String::new();
//! connection.read_to_string(&mut answer)?;
//!
//! assert!(answer.starts_with("HTTP/1.1 503 "));
//! assert_eq!(server.count(Endpoint::Token), 1);
//! assert_eq!(server.requests()[0].form_value("client_id").as_deref(), Some("svc"));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! It listens on a free port of 127.0.0.1, runs on a thread of its own, and stops when dropped. It therefore works in
//! synchronous tests and in tests of any async runtime; hundreds of servers at a time are fine. Never let anybody but your
//! tests near it: it speaks plain HTTP and its passwords are on this page.
//!
//! # What is registered
//!
//! | client | secret | authenticates by |
//! |---|---|---|
//! | `svc` | `secret` | `client_secret_basic` or `client_secret_post` |
//! | `basic` | `secret` | `client_secret_basic` only |
//! | `post` | `secret` | `client_secret_post` only |
//! | `odd` | `s3cret &+%41/=:é` | `client_secret_basic`; right only when the credentials are form-encoded first |
//! | `public` | none | `none`; needs PKCE |
//!
//! Each may ask for any scope, and be redirected to `/callback` on `http://127.0.0.1`, `http://[::1]` and
//! `http://localhost` at any port, to `http://127.0.0.1/cb` at any port, and to `https://app.example/callback`. There is one
//! person, `alice`, with password `wonderland`. Add or replace with [`Builder::client`] and [`Builder::user`].
//!
//! # What it answers
//!
//! | path | [`Endpoint`] | |
//! |---|---|---|
//! | `/.well-known/openid-configuration`, `/.well-known/oauth-authorization-server` | `Metadata` | one document for both; an issuer path goes before the first and after the second |
//! | `/authorize` | `Authorize` | code only, PKCE with S256 only, RFC 9207 `iss`; login and consent pages, or [`Builder::auto_approve`] |
//! | `/token` | `Token` | `authorization_code`, `client_credentials`, `refresh_token`, `password` |
//! | `/introspect` | `Introspection` | for clients with a secret and for holders of an access token |
//! | `/revoke` | `Revocation` | a refresh token takes its family along |
//! | `/userinfo` | `Userinfo` | claims by scope |
//! | `/jwks` | `Jwks` | an RS256 key and an ES256 key, the same ones for all servers of a process |
//! | `/end_session` | `Other` | forgets the browser's login |
//! | `/api/…` | `Api` | wants a Bearer token, in the header or in a form, and echoes the request as JSON |
//! | `/public/…` | `Other` | the same echo without a token |
//!
//! Refresh tokens come with the code and password grants, and with client credentials only where the scope has
//! `offline_access`. Each use replaces the token; a second use of one revokes its family, and so does a second use of a
//! code ([`Server::families_revoked`] counts both). ID tokens come where the scope has `openid` and there is a person.
//!
//! Some paths of the API have a wish of their own, once the token is found good:
//!
//! | path | answer |
//! |---|---|
//! | `/api/scope/NAME` | 403 `insufficient_scope` unless the token's scope has NAME |
//! | `/api/status/NNN` | the echo with that status |
//! | `/api/step-up` | 401 `insufficient_user_authentication` ([RFC 9470](https://www.rfc-editor.org/rfc/rfc9470)) unless the token came from an authorization request whose first `acr_values` is [`STRONG_ACR`] |
//! | `/api/redirect?to=URL` | 302 to that URL |
//! | `/api/bare-401` | the first time with each token a 401 without any challenge, then the echo |
//! | `/api/challenge?with=TEXT&with=…` | a 401 with a `WWW-Authenticate` field for each TEXT, literally |
//!
//! # What it does wrong
//!
//! A [`Misbehaviour`] is a value, given to an endpoint until further notice ([`Server::misbehave`]) or for the next few
//! requests ([`Server::misbehave_times`]). [`Server::hold`] keeps answers back until a test lets them go, which turns a race
//! into a sequence: wait until all requests have arrived, then release.
//!
//! # How far it goes
//!
//! - Access tokens are opaque. Lifetimes may be milliseconds; `expires_in` is then a fraction, as in 1.5.
//! - A request head may have 64 KiB, a body 1 MiB. The newest 200,000 tokens of a kind are remembered.
//! - In scope: RFC 6749, 6750, 7009, 7636, 7662, 8252, 8414, 8707, 9207, 9470, OpenID Connect Core, Discovery and
//!   RP-Initiated Logout, each as far as this page says. Out of scope: TLS, device, CIBA and exchange grants, JWT client
//!   authentication, DPoP, pushed requests and request objects, dynamic registration, encryption.
//!
//! # The map
//!
//! `listener` owns the thread, `connection` one connection, `wire` its bytes. `router` goes from a path to the file named
//! after what answers it (`metadata`, `authorize` with `interaction` and `pages`, `token`, `introspection`, `revocation`,
//! `userinfo`, `jwks`, `api`). They return a `response`, still a value, which `fault` may change and `hold` may delay.
//! `store` keeps what was issued, `browser` who is logged in, `log` what arrived.

#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod api;
mod authorize;
mod bearer;
mod bounded;
mod browser;
mod builder;
mod callback;
mod client;
mod client_auth;
mod connection;
mod date;
mod end_session;
mod endpoint;
mod error;
mod fault;
mod hold;
mod interaction;
mod introspection;
mod issue;
mod jwks;
mod keys;
mod listener;
mod log;
mod metadata;
mod misbehaviour;
mod pages;
mod params;
mod random;
mod request;
mod response;
mod revocation;
mod router;
mod server;
mod shared;
mod store;
mod token;
mod user;
mod userinfo;
mod wire;

pub use builder::Builder;
pub use client::Client;
pub use endpoint::Endpoint;
pub use hold::Hold;
pub use misbehaviour::Misbehaviour;
pub use request::Request;
pub use server::{IssuedToken, Server};
pub use user::User;

/// The authentication context class that `/api/step-up` wants. Ask for it by `acr_values`.
pub const STRONG_ACR: &str = "urn:grantor:acr:strong";
