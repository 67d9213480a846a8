//! An OAuth 2.x, OAuth 1.0 and OpenID Connect authorization server for tests and demos, in your process, that misbehaves on
//! request.
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
//! tests near it: it speaks plain HTTP, unless asked for TLS, and its passwords are on this page.
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
//! Each may ask for any scope and any response type, and be redirected to `/callback` on `http://127.0.0.1`, `http://[::1]`
//! and `http://localhost` at any port, to `http://127.0.0.1/cb` at any port, and to `https://app.example/callback`. There are
//! two people: `alice`, with password `wonderland`, has a name and an email address; `jane`, with password `bennet`, has every
//! standard claim, some in Japanese too. Add or replace with [`Builder::client`] and [`Builder::user`], or with
//! [`Server::register`] while it runs.
//!
//! For OAuth 1.0 there are the clients `consumer`, with secret `secret`, and `odd consumer&=+%é`, with secret
//! `s3cret &+%41/=:é`, each with the same callbacks and with `oob`. [`Builder::oauth1_client`] adds one.
//!
//! # What it answers
//!
//! | path | [`Endpoint`] | |
//! |---|---|---|
//! | `/.well-known/openid-configuration`, `/.well-known/oauth-authorization-server` | `Metadata` | one document for both; an issuer path goes before the first and after the second |
//! | `/.well-known/webfinger` | `Webfinger` | the issuer of any `acct:` and `http(s):` resource |
//! | `/authorize` | `Authorize` | every response type, PKCE with S256 only, RFC 9207 `iss`; login and consent pages, or [`Builder::auto_approve`] |
//! | `/par` | `Par` | takes what `/authorize` takes, from a client that authenticates, and answers with a `request_uri` for it |
//! | `/token` | `Token` | `authorization_code`, `client_credentials`, `refresh_token`, `password`, device code, CIBA, token exchange, JWT and SAML 2.0 bearer |
//! | `/device` | `DeviceAuthorization` | the codes of a device; at `/device/verify` a person enters theirs |
//! | `/bc-authorize` | `BackchannelAuthentication` | CIBA by poll, ping and push, signed or not |
//! | `/introspect` | `Introspection` | for clients with a secret, keys or a certificate and for holders of an access token; JSON or a JWT |
//! | `/revoke` | `Revocation` | a refresh token takes its family along |
//! | `/userinfo` | `Userinfo` | claims by scope and by the `claims` parameter, as JSON or as a JWT |
//! | `/jwks` | `Jwks` | a key each for RS256, PS256, ES256, ES384 and EdDSA, the same ones for all servers of a process |
//! | `/end_session` | `EndSession` | ends the browser's session: by ID token, by the person's own word, or at once with [`Builder::auto_approve`] |
//! | `/check_session` | `CheckSession` | the page for a client's frame |
//! | `/register`, `/register/CLIENT` | `Registration` | registers a client; shows, replaces and deletes it by its `registration_access_token` |
//! | `/claims`, `/claims/jwks`, `/claims/.well-known/openid-configuration` | `Claims` | a claims provider for distributed and aggregated claims |
//! | `/.well-known/oauth-protected-resource`, the same and `/api` | `ProtectedResource` | with [`Builder::protected_resource_metadata`] |
//! | `/api/…` | `Api` | wants a Bearer token, in the header or in a form, or a DPoP token, and echoes the request as JSON |
//! | `/oauth1/initiate` | `OAuth1TemporaryCredentials` | by GET too |
//! | `/oauth1/authorize` | `OAuth1Authorize` | the pages of `/authorize`, or [`Builder::auto_approve`] |
//! | `/oauth1/token` | `OAuth1TokenCredentials` | by GET too; with `user_id` and `screen_name` |
//! | `/oauth1/api/…`, `/oauth1/two-legged/…` | `OAuth1Api` | what arrived as JSON, signed with token credentials or by the client alone |
//! | `/public/…` | `Other` | the same echo without a token |
//! | `/attacker/jwks` | `Other` | the keys that [`JwtFault::AttackerJku`] points to; no client asks for them |
//!
//! Refresh tokens come with the code and password grants, and with client credentials only where the scope has
//! `offline_access`. Each use replaces the token; a second use of one revokes its family, and so does a second use of a
//! code ([`Server::families_revoked`] counts both). ID tokens come where the scope has `openid` and there is a person.
//!
//! **Response types** are `code`, `none`, `id_token`, `token` and every union of these, by `query`, `fragment` or
//! `form_post`, and with `.jwt` behind it, or by `jwt` alone, inside a JWT ([`Client::authorization_signed_response_alg`],
//! [`Client::authorization_encrypted_response`]); a query is refused for tokens unless it is encrypted. An ID token of the
//! authorization response needs a `nonce`. Its `c_hash` and `at_hash` go by the digest of its signature, and so does
//! `s_hash` for who wants one ([`Client::s_hash`]). `prompt`, `max_age`, `acr_values`, `claims`, `login_hint` and
//! `id_token_hint` are honoured, `ui_locales` and `display` are not.
//!
//! **A request may be pushed**, once and for a minute ([`Builder::request_uri_lifetime`]), and must be where
//! [`Builder::require_pushed_authorization_requests`] or its client says so. It may be a request object, by value, pushed, or
//! by reference where the client has registered its [`Client::request_uri`]; then nothing outside counts. A request object is
//! signed with the client's secret or a key of [`Client::jwks`], or not at all where `none` is registered
//! ([`Client::request_object_signing_alg`]). Its `client_id` is there, and `iss` and `aud` where it is signed; `exp`, `nbf`,
//! `iat`, `jti` and `typ` are right where they are there, see [`Builder::strict_request_objects`] for more. An OpenID request
//! repeats `response_type` and `scope` outside unless it is pushed. See also [`Builder::require_signed_request_object`] and
//! [`Builder::request_object_encryption_keys`].
//!
//! **What it asks for** besides scope: `resource`, as often as it likes ([`Builder::resources`]), and `authorization_details`
//! ([`Builder::authorization_details_types`], [`Builder::grant_authorization_details`]). A token request may narrow both; the
//! grant stays as wide as it was. Devices, CIBA clients and the other grants may ask for the same.
//!
//! **A client registers itself** at `/register`, by [`Builder::initial_access_token`] where there is one, and can then do what
//! its metadata says and no more. Defaults are filled in and what is not understood is left out of the answer. See
//! [`Builder::rotate_registration_access_tokens`], [`Builder::registered_secret_lifetime`],
//! [`Builder::software_statement_issuer`] and [`Builder::replace_client_metadata`].
//!
//! **A client authenticates** with its secret, or with an assertion that it signs with its secret or with a key of
//! [`Client::jwks`] ([`Client::auth`]). `iss` and `sub` of an assertion are the client, `aud` is the issuer as one string
//! (see [`Builder::tolerant_assertion_audience`]), `exp` is there and within the hour, and each `jti` is good once. What
//! arrived is in the log: `request.form_value("client_assertion")`. Or it is known by the certificate of its connection:
//! [`Client::tls_client_auth_subject_dn`], [`Client::tls_client_auth_san_dns`], or `self_signed_tls_client_auth` with the
//! certificate in [`Client::jwks`].
//!
//! **TLS** comes with [`Builder::tls`], or on a second port alone with [`Builder::mtls`]. That port asks for a certificate and
//! takes any; it has all the endpoints and the API ([`Server::mtls_url`]), and `mtls_endpoint_aliases` leads there.
//! Certificates are by [`Server::client_certificate`] and [`Server::self_signed_certificate`]; what to trust is
//! [`Server::ca_pem`]. [`Request::client_certificate_thumbprint`] tells what a request came with.
//!
//! **Tokens are bound** to the key of a DPoP proof, where the token request bears one ([`Request::dpop`]) or must
//! ([`Client::dpop_bound_access_tokens`]), and to the certificate with [`Client::certificate_bound_access_tokens`]. `cnf` of a
//! JWT and of introspection says to which; `/api`, `/userinfo` and `/introspect` take such a token in no other hands; the
//! refresh token of a public client is bound along. A proof is checked by every rule of RFC 9449 section 4.3: it is good once
//! and for a minute, `htu` is the URL as it was asked for, without query and fragment, and with the nonce that
//! [`Builder::dpop_nonces`] wants. The authorization server and the API have nonces of their own. `dpop_jkt` of an
//! authorization request binds the code, and so does a proof that comes with a pushed one. Every grant gives bound tokens;
//! what is pushed by CIBA and what comes by the front channel cannot be bound, and is not for clients that want it.
//!
//! **JWTs** are signed as the client is registered: [`Client::id_token_signed_response_alg`] also for its logout tokens,
//! [`Client::userinfo_signed_response_alg`], [`Client::introspection_signed_response_alg`], [`Client::jwt_access_tokens`].
//! Access tokens are opaque unless asked for as JWTs. Keys can be chosen, published without `kid`, and rotated:
//! [`Builder::signing_keys`], [`Server::rotate_keys`].
//!
//! **Logout** ends a session, which every ID token names by `sid`. A browser is sent back to addresses that the client has
//! registered, exactly. Clients of the session are told in frames ([`Client::frontchannel_logout_uri`]) and by a logout
//! token ([`Client::backchannel_logout_uri`], see [`Server::backchannel_logouts`]).
//!
//! **Without a browser.** A device and a CIBA client wait for a person, who comes to `/device/verify` or is a line of the test:
//! [`Server::approve_device`], [`Server::approve_ciba`], their opposites, or [`Builder::device_auto_approve_after`] and
//! [`Builder::ciba_auto_approve_after`]. What waits is in [`Server::pending_authorizations`]. A poll before its time is answered
//! with `slow_down`, and the interval is five seconds longer from then on; the first poll may come at once.
//! [`Server::polls`] has the times. A CIBA client gets its result by [`Client::backchannel_token_delivery_mode`]; what was posted
//! to it, and its answer, is in [`Server::ciba_notifications`].
//!
//! ```
//! use grantor::{Client, Server};
//!
//! let client = Client::new("till").secret("s3cret")
//!     .backchannel_token_delivery_mode("ping")
//!     .backchannel_client_notification_endpoint("http://127.0.0.1:4711/cb");
//! let server = Server::builder().client(client).ciba_interval(31).start();
//! // ... the client posts to /bc-authorize, and then:
//! for waiting in server.pending_authorizations() {
//!     server.approve_ciba(&waiting.id, "alice");
//! }
//! ```
//!
//! **Token exchange** takes access tokens, refresh tokens and ID tokens of this server, JWTs by a [`Builder::trusted_issuer`] or
//! by the client, and SAML 2.0 assertions; it gives access tokens, refresh tokens, ID tokens and JWTs, all but the first with
//! `token_type` `N_A`. With an actor token the new one has `act`, and a `may_act` of the subject token is obeyed.
//!
//! **Assertion grants** need no client. A JWT is by a [`Builder::trusted_issuer`], or by a client with [`Client::jwks`] whose
//! name is in `iss`, as service accounts have it: then `sub` may be missing, and `scope` may be a claim. `aud` is the issuer or
//! the token endpoint, `exp` is there and within the hour, each `jti` is good once. A SAML assertion is by a
//! [`Builder::saml_issuer`] and good once too; its signature is not looked at.
//!
//! **OAuth 1.0** ([RFC 5849](https://www.rfc-editor.org/rfc/rfc5849)) is below `/oauth1`, whatever the issuer's path. A request is
//! signed by HMAC or RSA with SHA-1, SHA-256 or SHA-512, or by PLAINTEXT, which nobody on the way reads: the server is on
//! loopback. The parameters are in the header, in a form or in the query, each once, in one of these, and in the header encoded
//! exactly as section 3.6 says. `Host` must name this server. `oauth_timestamp` is near the server's clock
//! ([`Builder::oauth1_timestamp_window`]), a nonce is good once, `oauth_body_hash` is right where it is there. What is refused is
//! refused by `oauth_problem`, in a form and in a challenge, and a wrong signature with the `base_string` that it should have
//! been of. A person may be a line of the test: [`Server::approve_oauth1`], [`Server::deny_oauth1`]; and
//! [`Server::issue_oauth1`] makes a token without any.
//!
//! **Time** is the system's, or the test's own: [`Builder::clock`], [`Server::advance`].
//!
//! Some paths of the API have a wish of their own, once the token is found good:
//!
//! | path | answer |
//! |---|---|
//! | `/api/scope/NAME` | 403 `insufficient_scope` unless the token's scope has NAME |
//! | `/api/status/NNN` | the echo with that status |
//! | `/api/step-up` | 401 `insufficient_user_authentication` ([RFC 9470](https://www.rfc-editor.org/rfc/rfc9470)) unless the token came from an authorization request whose first `acr_values` is [`STRONG_ACR`] |
//! | `/api/signed` | the echo as a JWT for the client, [`Jwt::ApiAnswer`] |
//! | `/api/redirect?to=URL` | 302 to that URL |
//! | `/api/bare-401` | the first time with each token a 401 without any challenge, then the echo |
//! | `/api/challenge?with=TEXT&with=…` | a 401 with a `WWW-Authenticate` field for each TEXT, literally |
//!
//! Below `/oauth1/api` there are `status` and `redirect` as well.
//!
//! # What it does wrong
//!
//! A [`Misbehaviour`] is a value, given to an endpoint until further notice ([`Server::misbehave`]) or for the next few
//! requests ([`Server::misbehave_times`]). [`Server::hold`] keeps answers back until a test lets them go, which turns a race
//! into a sequence: wait until all requests have arrived, then release.
//!
//! With DPoP: [`Misbehaviour::UseDpopNonce`] asks for another nonce without end, [`Misbehaviour::DpopNonce`] names one that
//! nobody asked for, `OmitMember("DPoP-Nonce")` asks for one and names none, `SetMember("token_type", "Bearer")` belittles
//! a bound token, and [`Misbehaviour::OAuthError`] with `invalid_token` goes into a challenge by the scheme of the request.
//! Of the API's metadata, `SetMember` spoils `resource` and `authorization_servers`.
//!
//! With OAuth 1.0: [`Misbehaviour::OAuthProblem`] refuses every nonce, or every time with `oauth_acceptable_timestamps`;
//! `OmitMember`, `SetMember` and `DuplicateMember` spoil `oauth_callback_confirmed`, `oauth_token`, `oauth_token_secret` and, of
//! the callback, `oauth_verifier`; [`Misbehaviour::JsonForForm`] and [`Misbehaviour::ContentType`] do what some providers do;
//! [`Misbehaviour::Found`] redirects.
//!
//! A [`JwtFault`] is what is wrong with one kind of [`Jwt`]: a claim, the header, the signature, the key
//! ([`Server::misbehave_jwt`], [`Server::misbehave_jwt_times`]). What none of them says, a test signs itself with
//! [`SigningKey::sign`]. A [`NotificationFault`] is what is wrong with a ping or a push besides its ID token
//! ([`Server::misbehave_notification`]).
//!
//! ```
//! use grantor::{Endpoint, Jwt, JwtFault, Misbehaviour, Server};
//!
//! let server = Server::builder().auto_approve("alice").start();
//! server.misbehave_jwt(Jwt::RefreshedIdToken, JwtFault::claim("azp", "somebody"));
//! server.misbehave_jwt_times(Jwt::FrontChannelIdToken, 1, JwtFault::AlgorithmConfusion);
//! server.misbehave(Endpoint::Jwks, Misbehaviour::JwksDecoys);
//! # drop(server);
//! ```
//!
#![doc = include_str!("conformance.md")]
//!
//! # How far it goes
//!
//! - Lifetimes may be milliseconds; `expires_in` is then a fraction, as in 1.5.
//! - A request head may have 64 KiB, a body 1 MiB. The newest 200,000 tokens of a kind are remembered.
//! - In scope: RFC 5849, 6749, 6750, 7009, 7033, 7521, 7522, 7523, 7591, 7592, 7636, 7662, 8252, 8414, 8628, 8693, 8705, 8707,
//!   9068, 9101, 9126, 9207, 9396, 9449, 9470, 9701, 9728, JARM, CIBA, OpenID Connect Core, Discovery, Dynamic Client
//!   Registration, Form Post Response Mode, Session Management, Front-Channel, Back-Channel and RP-Initiated Logout, each as
//!   far as this page says. Out of scope: pairwise subjects, signatures of SAML assertions, HTTP/2, revocation of certificates.
//! - What a client publishes, at its `request_uri` or its [`Client::jwks_uri`], is fetched by plain HTTP from a loopback
//!   host and from nowhere else: 256 KiB at most, within five seconds, without following a redirect.
//! - Encrypted ID tokens, UserInfo and introspection answers, authorization responses and logout tokens
//!   ([`Client::id_token_encrypted_response`], [`Client::userinfo_encrypted_response`],
//!   [`Client::introspection_encrypted_response`], [`Client::authorization_encrypted_response`]), encrypted request objects,
//!   and the algorithms ES512 and ES256K need the cargo feature `oracle`, which needs OpenSSL: Debian's `libssl-dev` and
//!   `pkg-config`.
//!
//! # The map
//!
//! `listener` owns the thread, `tls` and `authority` what its ports show, `connection` one connection, `link` what is known
//! of it, `wire` its bytes. `router` goes from a path to the file named after what answers it (`metadata`, `webfinger`,
//! `par`, `authorize` with `authorization_request`, `request_object`, `request_uri`, `interaction` and `pages`,
//! `registration` with `client_metadata` and `client_configuration`, `token` with `extension_grant` and a file for each of
//! its grants, `device`, `device_verify`, `ciba`, `introspection` with `introspection_jwt`, `revocation`, `userinfo`, `jwks`,
//! `end_session`, `session`, `claims_provider`, `protected_resource`, `api`, and `oauth1` for all of that protocol). They return a `response`, still a value, which
//! `fault` may change, `jarm` may seal and `hold` may delay. `issue`, `id_token`, `access_token` and `logout` say what a
//! token holds, `binding` in whose hands it is good (`dpop` with `dpop_nonce`, `mutual_tls` with `subject`), `claims` what is
//! known of a person; `signer` picks who signs, `jwt` puts it together, and `forge` spoils it. `keys` are one process's,
//! `key_ring` one server's. `store` keeps what was issued, `pending` what waits for a person, `browser` who is logged in,
//! `log` what arrived.

#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod access_token;
mod api;
mod authority;
mod authorization_details;
mod authorization_request;
mod authorize;
mod bearer;
mod binding;
mod bounded;
mod browser;
mod builder;
mod builder_registration;
mod builder_requests;
mod callback;
mod certificate;
mod ciba;
mod ciba_hint;
mod ciba_request;
mod claims;
mod claims_provider;
mod claims_request;
mod client;
mod client_assertion;
mod client_auth;
mod client_ciba;
mod client_configuration;
mod client_keys;
mod client_metadata;
mod client_openid;
mod client_requests;
mod clock;
mod connection;
mod date;
mod decoupled;
mod device;
mod device_verify;
mod dpop;
mod dpop_nonce;
mod end_session;
mod endpoint;
mod error;
mod exchange;
mod exchange_party;
mod extension_grant;
mod fault;
mod fetch;
mod forge;
mod grant_settings;
mod hold;
mod id_token;
mod id_token_hint;
mod interaction;
mod introspection;
mod introspection_jwt;
mod issue;
mod jarm;
mod jwks;
mod jwks_uri;
mod jwt;
mod jwt_bearer;
mod jwt_fault;
mod key_ring;
mod keys;
mod link;
mod listener;
mod log;
mod logout;
mod metadata;
mod metadata_requests;
mod misbehaviour;
mod mutual_tls;
mod notification;
mod notification_post;
mod oauth1;
mod oracle;
mod pages;
mod par;
mod params;
mod pending;
mod post;
mod protected_resource;
mod provider;
mod queue;
mod random;
mod registration;
mod request;
mod request_object;
mod request_uri;
mod resource;
mod response;
mod response_type;
mod revocation;
mod router;
mod saml;
mod saml_bearer;
mod server;
mod session;
mod shared;
mod signer;
mod software_statement;
mod store;
mod subject;
mod tls;
mod token;
mod user;
mod userinfo;
mod webfinger;
mod wire;

pub use authority::ClientCertificate;
pub use bearer::BearerMethod;
pub use builder::Builder;
pub use client::Client;
pub use decoupled::PendingAuthorization;
pub use dpop_nonce::DpopNonces;
pub use endpoint::Endpoint;
pub use hold::Hold;
pub use jwt_fault::{Jwt, JwtFault};
pub use keys::SigningKey;
pub use logout::LogoutNotice;
pub use misbehaviour::Misbehaviour;
pub use notification::{CibaNotification, NotificationFault};
pub use oauth1::{OAuth1Client, OAuth1Token};
pub use post::LogoutAnswer;
pub use request::Request;
pub use server::{IssuedToken, Server};
pub use user::User;

/// The authentication context class that `/api/step-up` wants. Ask for it by `acr_values`.
pub const STRONG_ACR: &str = "urn:grantor:acr:strong";

/// The issuer of [`JwtFault::WrongIssuer`].
pub const OTHER_ISSUER: &str = "https://other-issuer.example";

/// The audience of [`JwtFault::WrongAudience`].
pub const OTHER_CLIENT: &str = "other-client";

/// The person of [`JwtFault::WrongSubject`].
pub const OTHER_SUBJECT: &str = "somebody-else";
