//! The OAuth client that keeps tokens fresh, 2.x and 1.0: async and blocking, one implementation.
//!
//! A [`Client`] is one registration at one authorization server. It gets tokens by any [`Grant`], logs people in, asks
//! about tokens and revokes them. A [`Session`] holds one token and renews it, once for all who wait. An [`ApiClient`] puts
//! it on requests to one API. [`blocking`] has the same three, without the `.await`s.
//!
//! ```text
//!   Client ── token(grant) ──────────────> Token
//!     ├────── start(request) ─> URL, Pending ── finish(pending, callback) ─> Login ── session() ─┐
//!     ├────── device(request), backchannel(request) ── wait() ─────────────> Login ── session() ─┤
//!     └────── session(grant) ──────────────────────────────────────────────────────────────────> Session ── api(base) ─> ApiClient
//! ```
//!
//! A service calls an API: the first token on first use, renewed when due, one retry on a 401, kept in a file.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = grantor::Server::start();
//! # let folder = tempfile::tempdir()?;
//! # let (issuer, base, tokens) = (server.issuer(), server.url("/api"), folder.path().join("tokens.json"));
//! use grantee::{Client, ClientCredentials, stores::File};
//!
//! let client = Client::discover(issuer).client("svc", "secret").build()?;
//! let api = client.session(ClientCredentials::new().scope("orders")).store(File::at(tokens)?).api(&base)?;
//! let orders: serde_json::Value = api.get(["orders", "open"]).send().await?.json()?;
//! # Ok(()) }
//! ```
//!
//! A client is made of an issuer ([`Client::discover`]), of endpoints ([`Client::at`]), of a provider that is known
//! ([`Client::preset`], [`presets`]), of an API that names its server ([`Client::for_resource`]), of a service account's file
//! ([`Client::service_account`]), or by registering it ([`ClientBuilder::register`]). Its tokens are Bearer tokens unless they are
//! bound: [`ClientBuilder::dpop`], [`ClientBuilder::certificate_bound_tokens`]. [`ClientBuilder::rules`] has it keep to a profile.
//!
//! | area | module |
//! |---|---|
//! | callbacks to a program on a person's machine | [`loopback`] |
//! | notifications of backchannel authentication | [`ciba`] |
//! | providers | [`presets`] |
//! | servers that speak OAuth 1.0 alone: signed requests, logins, providers | [`oauth1`] |
//! | client assertions from a file, the environment, a command | [`assertion`] |
//! | tokens in front of other HTTP clients | [`adapters`] |
//! | where tokens are kept | [`stores`] |
//! | keys, signatures, encryption | [`jose`] |
//!
//! Features, none of them on by default: `ed448` has Ed448 and X448; `rsa-sha1` has RSA-SHA1 for OAuth 1.0, and takes RSA keys of 1024
//! bits there (`SECURITY.md` says at what price); `qr` shows a device login as a QR code; `tower` and `reqwest-middleware` have the
//! [`adapters`] of their names.
//!
//! What to hand over where ours does not fit: a [`Grant`], a [`ClientAuth`], a [`ports::Http`] or [`blocking::Http`], a
//! [`store::Store`] or [`store::BlockingStore`], a [`Hook`] or [`blocking::Hook`]. Each is one trait, and [`contract`] holds
//! the suites that tell whether an implementation keeps to it.
//!
//! A store for the other face does not compile where it does not belong, and neither does an HTTP client:
//!
//! ```compile_fail
//! struct Mine;
//! impl grantee::blocking::Http for Mine {
//!     fn send(&self, _: grantee::ports::Request) -> Result<grantee::ports::Response, grantee::error::TransportError> {
//!         unreachable!()
//!     }
//! }
//! grantee::Client::at("https://as.example/token").http(Mine);
//! ```
//!
//! The table from specification to file is in `grantee-core`, whose modules appear here under their own names.

#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]
pub mod adapters;
mod api;
pub mod assertion;
mod backchannel;
pub mod ciba;
mod client;
mod device;
mod entropy;
mod faces;
mod http;
pub mod oauth1;
mod openid;
mod polling;
mod protected_resource;
mod registration;
mod request_object;
mod runtime;
mod session;
mod step_up;

pub mod blocking;
pub mod contract;
pub mod loopback;

pub use crate::http::ClientCertificate;
pub use crate::http::reqwest::ReqwestHttp;
pub use api::{ApiClient, ApiClientBuilder, ApiDanger, ApiRequest, ApiResponse, Booleans, NoneFields, Path};
pub use backchannel::Backchannel;
pub use client::{Client, ClientBuilder, Danger, Login};
pub use device::Device;
pub use grantee_core::authorization::{
    self, AuthorizationDetail, AuthorizationDetails, AuthorizationRequest, Callback, Granted, Pending, RequestObjects,
};
pub use grantee_core::client_auth::{
    self, ClientAssertion, ClientAuth, ClientSecretBasic, ClientSecretJwt, ClientSecretPost, PrivateKeyJwt,
    SelfSignedTlsClientAuth, TlsClientAuth,
};
pub use grantee_core::endpoint::end_session::{EndSession, PendingLogout};
pub use grantee_core::endpoint::protected_resource::{FoundResource, ResourceLookup, Trust};
pub use grantee_core::endpoint::registration::Registration;
pub use grantee_core::endpoint::userinfo::{UnboundUserinfo, Userinfo};
pub use grantee_core::error::{self, Error, Result};
pub use grantee_core::grant::polling::PollState;
pub use grantee_core::grant::{
    self, AuthorizationCode, BackchannelAuthenticationRequest, ClientCredentials, DeviceAuthorization,
    DeviceAuthorizationRequest, DeviceCode, Grant, JwtBearer, RefreshToken, Saml2Bearer, SecurityToken, ServiceAccount,
    SignedJwtBearer, Stored, TokenExchange, legacy,
};
pub use grantee_core::hooks::{self, Hook};
pub use grantee_core::metadata::ClientMetadata;
pub use grantee_core::oidc::{
    AccessTokenClaims, AccessTokenValidator, Claims, IdToken, IdTokenExpectations, LogoutToken, MemoryReplayCache,
};
pub use grantee_core::rules::{self, Audit, Rules};
pub use grantee_core::session::Renewal;
pub use grantee_core::session::call::{Attempt, Placement};
pub use grantee_core::{Params, Scope, Secret, Token, TokenToActOn, UnixTime, UnverifiedIdToken};
pub use grantee_core::{counters, endpoint, jose, metadata, oidc, ports, store, token_type, wire};
pub use polling::Polling;
pub use registration::Registered;
pub use session::{CallbackError, Session, SessionBuilder};

/// Providers: what is known of each before a client is registered there. Made a client by `Client::preset`.
///
/// ```
/// # fn main() -> grantee::Result<()> {
/// use grantee::blocking::Client;
/// use grantee::presets::{Auth0, GitHub};
///
/// let github = Client::preset(GitHub::new()).client("Iv1.0123", "s3cret").build()?;
/// let tenant = Auth0::tenant("mytenant.eu")?;
/// let auth0 = Client::preset(&tenant).client("client", "s3cret").build()?;
/// let management = auth0.session(tenant.management_grant()).api(&tenant.management_url())?;
/// # Ok(()) }
/// ```
pub mod presets {
    pub use grantee_core::preset::*;
}

/// Where tokens are kept.
pub mod stores {
    pub use grantee_stores::*;
}
