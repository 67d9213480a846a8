//! What must hold for any bytes a stranger sends: for each thing read, a function of bytes that panics when it does not.
//!
//! `tests/replay.rs` runs each over `corpus/<target>/` on stable Rust; `libfuzzer/` searches for more with cargo-fuzz
//! (`cargo xtask fuzz`). A target is a file here, a line in [`TARGETS`], a wrapper in `libfuzzer/` and some seeds.

mod authorization_details;
mod backchannel;
mod browser;
mod callback;
mod certificate;
mod challenges;
mod claims;
mod client;
mod device;
mod discovery;
mod dpop;
mod form;
mod id_token;
mod introspection;
mod introspection_jwt;
mod jarm;
mod jwe;
mod jwk;
mod jws;
mod keys;
mod metadata;
mod notification;
mod oauth1;
mod oauth1_login;
mod pem_der;
mod polling;
mod preset;
mod profile;
mod property;
mod protected_resource;
mod pushed_request;
mod registration;
mod service_account;
mod token_answer;
mod token_exchange;
mod token_file;
mod url;
mod webfinger;

pub use authorization_details::authorization_details;
pub use backchannel::backchannel;
pub use browser::browser;
pub use callback::callback;
pub use certificate::certificate;
pub use challenges::challenges;
pub use claims::claims;
pub use device::device;
pub use discovery::discovery;
pub use dpop::dpop;
pub use form::form;
pub use id_token::id_token;
pub use introspection::introspection;
pub use introspection_jwt::introspection_jwt;
pub use jarm::jarm;
pub use jwe::jwe;
pub use jwk::jwk;
pub use jws::jws;
pub use metadata::metadata;
pub use notification::notification;
pub use oauth1::oauth1;
pub use oauth1_login::oauth1_login;
pub use pem_der::pem_der;
pub use polling::polling;
pub use preset::preset;
pub use profile::profile;
pub use protected_resource::protected_resource;
pub use pushed_request::pushed_request;
pub use registration::registration;
pub use service_account::service_account;
pub use token_answer::token_answer;
pub use token_exchange::token_exchange;
pub use token_file::token_file;
pub use url::url;
pub use webfinger::webfinger;

/// A function that panics when bytes break a property.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("authorization_details", authorization_details),
    ("backchannel", backchannel),
    ("browser", browser),
    ("callback", callback),
    ("certificate", certificate),
    ("challenges", challenges),
    ("claims", claims),
    ("device", device),
    ("discovery", discovery),
    ("dpop", dpop),
    ("form", form),
    ("id_token", id_token),
    ("introspection", introspection),
    ("introspection_jwt", introspection_jwt),
    ("jarm", jarm),
    ("jwe", jwe),
    ("jwk", jwk),
    ("jws", jws),
    ("metadata", metadata),
    ("notification", notification),
    ("oauth1", oauth1),
    ("oauth1_login", oauth1_login),
    ("pem_der", pem_der),
    ("polling", polling),
    ("preset", preset),
    ("profile", profile),
    ("protected_resource", protected_resource),
    ("pushed_request", pushed_request),
    ("registration", registration),
    ("service_account", service_account),
    ("token_answer", token_answer),
    ("token_exchange", token_exchange),
    ("token_file", token_file),
    ("url", url),
    ("webfinger", webfinger),
];
