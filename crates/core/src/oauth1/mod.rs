//! OAuth 1.0: [RFC 5849](https://www.rfc-editor.org/rfc/rfc5849), for servers that speak nothing newer.
//!
//! ```text
//!   Client::start ── temporary credentials ──> URL, Pending ── the person agrees ──> Client::finish ── token credentials ──> Token
//!   Token ──> session, API client: each request is signed          Client::two_legged ──> the same, for the client itself
//! ```
//!
//! A [`Token`](crate::Token) of the type `OAuth1` is a token like any other: a [`Source`](crate::session::Source) holds it, a store
//! keeps it, [`call`](crate::session::call::call) puts it on requests. Nothing is renewed, since it does not expire.
//!
//! | file | what | section |
//! |---|---|---|
//! | [`signature_base_string`] | what is signed | 3.4.1, 3.6 |
//! | [`signature`] | how | 3.4.2 to 3.4.4 |
//! | [`request`] | a request signed, in three placements | 3.1, 3.5, body hash |
//! | `authorization_header` | the header, written and read | 3.5.1 |
//! | [`temporary_credentials`] | the first leg | 2.1 |
//! | `pending` | what is kept meanwhile, and the callback judged by it | 2.2 |
//! | [`token_credentials`] | the third leg | 2.3 |
//! | `answer` | the endpoints' answers, granted and refused | 2.1, 2.3 |
//! | `config`, `client` | the conversations | 2 |
//! | [`preset`] | providers, as data | |

mod answer;
mod authorization_header;
mod client;
mod config;
mod pending;
mod percent_encoding;
pub mod preset;
pub mod request;
pub mod signature;
pub mod signature_base_string;
pub mod temporary_credentials;
pub mod token_credentials;

pub use authorization_header::parse as parse_authorization_header;
pub use client::Client;
pub use config::{Config, Preset};
pub use pending::{Pending, Verifier};
pub(crate) use percent_encoding::nonce;
pub use percent_encoding::{percent_decode, percent_encode};
pub use request::{Placement, Signed, Signing};
#[cfg(feature = "rsa-sha1")]
pub use signature::RsaSha1;
pub use signature::{HmacSha1, HmacSha256, HmacSha512, Plaintext, RsaSha256, RsaSha512, Secrets, SignatureMethod};
pub use signature_base_string::{Parameters, base_string_uri};
