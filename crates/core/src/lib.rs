//! The core of grantee: OAuth values, rules, conversations and renewal. It has no socket, no runtime and no clock of
//! its own; the crate `grantee` brings those, in an async and a blocking face, and is what programs use.
//!
//! ```text
//!             person              program                      authorization server          API
//!                |    Client::start  |                                  |                      |
//!                | <- URL ---------- | keeps Pending                    |                      |
//!                | -- logs in, agrees ------------------------------->  |                      |
//!                | <- callback ---------------------------------------  |                      |
//!                | -- callback ----> | Client::finish                   |                      |
//!                |                   | -- code, verifier ------------>  | judge                |
//!                |                   | <- Token ----------------------  |                      |
//!                |             Source: holds it, renews it once for all who wait               |
//!                |                   | -- call: token on the request ------------------------> |
//!                |                   | <- 401: renew, once more ------------------------------ |
//! ```
//!
//! For each message there is a function that makes the request and one that judges the answer, both pure
//! ([`endpoint`]). Conversations ([`Client`], [`session::Source`]) are plain async functions over [`ports`].
//!
//! | specification | file |
//! |---|---|
//! | RFC 5849 OAuth 1.0, with draft-eaton-oauth-bodyhash | [`oauth1`], whose own table says what is where; [`token_type::oauth1`] |
//! | RFC 6749 OAuth 2.0 | [`grant`], [`endpoint::token`], [`authorization`], [`client_auth`] |
//! | RFC 6750 Bearer tokens | [`token_type::bearer`], [`session::call`] |
//! | RFC 7009 revocation | [`endpoint::revocation`] |
//! | RFC 7033 WebFinger, OpenID Connect Discovery section 2 | [`endpoint::webfinger`] |
//! | RFC 7517 key sets, as OpenID Connect Core section 10.1 uses them | [`endpoint::jwks`], `metadata::key_set` |
//! | RFC 7521, RFC 7523 client assertions, draft-ietf-oauth-rfc7523bis | [`client_auth`] |
//! | RFC 7521, RFC 7523 JWT bearer grants, service accounts | [`grant::JwtBearer`], [`grant::ServiceAccount`] |
//! | RFC 7522 SAML 2.0 bearer grants and client assertions | [`grant::Saml2Bearer`], [`client_auth::ClientAssertion`] |
//! | RFC 7591 registration, OpenID Connect Registration | [`endpoint::registration`], [`metadata::client`] |
//! | RFC 7592 registrations read, updated, deleted | [`endpoint::client_configuration`] |
//! | RFC 7636 PKCE | [`authorization::pkce`] |
//! | RFC 7662 introspection | [`endpoint::introspection`] |
//! | RFC 8414 metadata, OpenID Connect Discovery | [`endpoint::discovery`], [`metadata`] |
//! | RFC 8628 devices | [`grant::device_code`], [`grant::polling`] |
//! | RFC 8693 token exchange | [`grant::TokenExchange`] |
//! | RFC 8705 mutual TLS | [`client_auth`], [`token_type::certificate_bound`], `client::ask` (`mtls_endpoint_aliases`) |
//! | RFC 8252 native apps, redirect URIs at the loopback address | [`authorization::request`]; the receiver is in `grantee` |
//! | RFC 8707 resource indicators | [`grant::TokenParameters`], [`authorization::request`] |
//! | RFC 9068 access tokens that are JWTs, with RFC 7800 and RFC 8705 `cnf` | [`oidc::access_token`] |
//! | RFC 9101 request objects, OpenID Connect Core section 6 | [`authorization::request_object`] |
//! | RFC 9110 section 11 challenges | [`wire::www_authenticate`] |
//! | RFC 9126 pushed authorization requests | [`authorization::pushed`] |
//! | RFC 9207 issuer in the callback | [`authorization::response`] |
//! | RFC 9396 rich authorization requests | [`authorization::authorization_details`] |
//! | RFC 9449 DPoP | [`token_type::dpop`] |
//! | RFC 9470 step-up | [`wire::www_authenticate`], [`error::Insufficient`], `authorization::step_up` |
//! | RFC 9701 introspection answers that are JWTs | [`endpoint::introspection_jwt`] |
//! | RFC 9728 protected resource metadata | [`endpoint::protected_resource`], [`metadata::protected_resource`], [`wire::address`] |
//! | draft-ietf-oauth-v2-1, FAPI 1.0 Advanced, FAPI 2.0 Security Profile and Message Signing, as rule sets | [`rules`] |
//! | JWT Secured Authorization Response Mode (JARM) | [`authorization::jarm`] |
//! | OAuth 2.0 Form Post Response Mode | [`authorization::form_post`] |
//! | OAuth 2.0 Multiple Response Types | `authorization::response_type`, [`Client::respond`] |
//! | OpenID Connect Core sections 2, 3, 10 and 12.2, ID tokens | [`oidc::id_token`], [`client::Login`] |
//! | OpenID Connect Core section 5, claims and userinfo | [`oidc::claims`], [`endpoint::userinfo`] |
//! | OpenID Connect RP-Initiated Logout | [`endpoint::end_session`] |
//! | OpenID Connect Back-Channel Logout | [`oidc::backchannel_logout`] |
//! | OpenID Connect Front-Channel Logout | [`oidc::frontchannel_logout`] |
//! | OpenID Connect Session Management | [`oidc::session`] |
//! | OpenID Connect Core section 4, logins that others start | [`oidc::third_party_login`] |
//! | OpenID Connect Client-Initiated Backchannel Authentication (CIBA) Core | [`grant::ciba`], [`grant::polling`] |
//!
//! Providers that deviate, and those that do not: [`preset`]; of OAuth 1.0: [`oauth1::preset`].
//!
//! In scope: what a client sends, how an answer is judged, when a token is renewed and where it is kept meanwhile. Out of
//! scope: sockets, TLS, runtimes, browsers, files.
//!
//! Features, none of them on by default: `ed448` has Ed448 and X448; `rsa-sha1` has RSA-SHA1 for OAuth 1.0, and takes RSA keys of 1024
//! bits there, by a crate of which RUSTSEC-2023-0071 says that its time may tell about the key.

#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod authorization;
mod chance;
pub mod client;
pub mod client_auth;
pub mod contract;
pub mod counters;
pub mod endpoint;
pub mod error;
pub mod grant;
pub mod hooks;
pub mod metadata;
pub mod oauth1;
pub mod oidc;
pub mod ports;
pub mod preset;
pub mod rules;
pub mod scope;
pub mod secret;
pub mod session;
pub mod store;
pub mod time;
pub mod token;
pub mod token_type;
pub mod wire;

pub use client::{Client, Config, Login};

/// JOSE, as far as it is needed to hand over keys, signers and decrypters.
pub mod jose {
    pub use grantee_jose::*;
    pub use serde_json::Value;
}

pub use error::{Error, Result};
pub use scope::Scope;
pub use secret::Secret;
pub use time::UnixTime;
pub use token::{Token, TokenToActOn, UnverifiedIdToken};
pub use wire::form::Params;
