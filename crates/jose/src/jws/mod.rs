//! Signed tokens: [RFC 7515](https://www.rfc-editor.org/rfc/rfc7515), and with unencoded or detached payloads
//! [RFC 7797](https://www.rfc-editor.org/rfc/rfc7797).
//!
//! ```text
//!   "eyJ…" ──> Compact::parse ──> header(): which key? ──> verify(key) ──> Verified { header, payload }
//! ```
//!
//! What a token says before it is verified may come from anybody: [`Compact`] says so in its names. The key decides the
//! algorithm, and the token must agree.

mod compact;
mod ed448;
mod header;
mod json;
mod key;
mod sign;
mod unsecured;

pub use compact::{Compact, Limits, Verified};
pub use header::Header;
pub use json::{
    Json, Payload, Signature, ToSign, VerifiedJson, sign_flattened, sign_flattened_blocking, sign_general,
    sign_general_blocking,
};
pub use key::{SigningKey, VerifyingKey};
pub(crate) use sign::check_length;
pub use sign::{ReadyHeader, sign, sign_blocking, sign_detached, sign_detached_blocking};
pub use unsecured::read_unsecured;

use crate::SignatureAlgorithm;
use crate::error::{Error, ErrorKind, Result};

/// The algorithm that a header names.
fn algorithm(header: &Header) -> Result<SignatureAlgorithm> {
    let Some(alg) = &header.alg else {
        return Err(Error::new(ErrorKind::Malformed, "the header has alg", "RFC 7515 section 4.1.1"));
    };
    match SignatureAlgorithm::from_name(alg) {
        Some(algorithm) => Ok(algorithm),
        None if alg.eq_ignore_ascii_case("none") => {
            Err(Error::new(ErrorKind::NotAllowed, "the token is signed", "RFC 8725 section 3.2").got(alg))
        }
        None => {
            Err(Error::new(ErrorKind::Unsupported, "alg is an algorithm for signatures", "RFC 7518 section 3.1")
                .got(alg))
        }
    }
}

/// Whether a key may judge a token of this algorithm.
fn check_algorithm(named: SignatureAlgorithm, key: &VerifyingKey) -> Result<()> {
    if named == key.algorithm() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::NotAllowed, "alg is the one that the key is for", "RFC 8725 section 3.1")
        .expected(key.algorithm().name())
        .got(named))
}
