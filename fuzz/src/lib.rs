//! What must hold for any bytes a stranger sends: for each thing read, a function of bytes that panics when it does not.
//!
//! `tests/replay.rs` runs each over `corpus/<target>/` on stable Rust; `libfuzzer/` searches for more with cargo-fuzz
//! (`cargo xtask fuzz`). A target is a file here, a line in [`TARGETS`], a wrapper in `libfuzzer/` and some seeds.

mod callback;
mod challenges;
mod discovery;
mod form;
mod introspection;
mod metadata;
mod profile;
mod property;
mod token_answer;
mod token_file;
mod url;

pub use callback::callback;
pub use challenges::challenges;
pub use discovery::discovery;
pub use form::form;
pub use introspection::introspection;
pub use metadata::metadata;
pub use profile::profile;
pub use token_answer::token_answer;
pub use token_file::token_file;
pub use url::url;

/// A function that panics when bytes break a property.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("callback", callback),
    ("challenges", challenges),
    ("discovery", discovery),
    ("form", form),
    ("introspection", introspection),
    ("metadata", metadata),
    ("profile", profile),
    ("token_answer", token_answer),
    ("token_file", token_file),
    ("url", url),
];
