//! What must hold for any bytes a stranger sends: for each thing read, a function of bytes that panics when it does not.
//!
//! `tests/replay.rs` runs each over `corpus/<target>/` on stable Rust; `libfuzzer/` searches for more with cargo-fuzz
//! (`cargo xtask fuzz`). A target is a file here, a line in [`TARGETS`], a wrapper in `libfuzzer/` and some seeds.

mod browser;
mod callback;
mod challenges;
mod claims;
mod client;
mod discovery;
mod form;
mod id_token;
mod introspection;
mod jwe;
mod jwk;
mod jws;
mod keys;
mod metadata;
mod pem_der;
mod profile;
mod property;
mod token_answer;
mod token_file;
mod url;
mod webfinger;

pub use browser::browser;
pub use callback::callback;
pub use challenges::challenges;
pub use claims::claims;
pub use discovery::discovery;
pub use form::form;
pub use id_token::id_token;
pub use introspection::introspection;
pub use jwe::jwe;
pub use jwk::jwk;
pub use jws::jws;
pub use metadata::metadata;
pub use pem_der::pem_der;
pub use profile::profile;
pub use token_answer::token_answer;
pub use token_file::token_file;
pub use url::url;
pub use webfinger::webfinger;

/// A function that panics when bytes break a property.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("browser", browser),
    ("callback", callback),
    ("challenges", challenges),
    ("claims", claims),
    ("discovery", discovery),
    ("form", form),
    ("id_token", id_token),
    ("introspection", introspection),
    ("jwe", jwe),
    ("jwk", jwk),
    ("jws", jws),
    ("metadata", metadata),
    ("pem_der", pem_der),
    ("profile", profile),
    ("token_answer", token_answer),
    ("token_file", token_file),
    ("url", url),
    ("webfinger", webfinger),
];
