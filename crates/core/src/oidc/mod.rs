//! OpenID Connect: who a person is, by the word of the server.
//!
//! | file | what | specification |
//! |---|---|---|
//! | [`id_token`] | the ID token, verified | OpenID Connect Core sections 2, 3.1.3.7, 3.2.2.11, 3.3.2.12, 12.2 |
//! | [`claims`] | what is said about a person | OpenID Connect Core section 5 |
//! | [`access_token`] | access tokens that are JWTs, for those who serve an API | RFC 9068 |
//! | [`backchannel_logout`] | logout tokens | OpenID Connect Back-Channel Logout |
//! | [`frontchannel_logout`] | logout through the browser | OpenID Connect Front-Channel Logout |
//! | [`replay`] | identifiers that serve once | RFC 7519 section 4.1.7 |
//! | [`session`] | whether the person is still logged in at the server | OpenID Connect Session Management |
//! | [`third_party_login`] | a login that somebody else starts | OpenID Connect Core section 4 |
//!
//! Logging out at the server is [`endpoint::end_session`](crate::endpoint::end_session), finding a person's provider
//! [`endpoint::webfinger`](crate::endpoint::webfinger).

pub mod access_token;
pub mod backchannel_logout;
pub mod claims;
pub mod frontchannel_logout;
pub mod id_token;
pub(crate) mod jwt;
pub(crate) mod lookup;
pub mod replay;
pub(crate) mod rules;
pub mod session;
pub mod third_party_login;

pub use access_token::{AccessTokenClaims, AccessTokenValidator};
pub use backchannel_logout::LogoutToken;
pub use claims::{Address, ClaimSource, Claims, SourceKind};
pub use frontchannel_logout::FrontchannelLogout;
pub use id_token::{IdToken, IdTokenExpectations};
pub use replay::{BlockingReplayCache, MemoryReplayCache, ReplayCache};
pub use session::SessionWatch;
pub use third_party_login::ThirdPartyLogin;
