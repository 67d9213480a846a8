//! Tokens that stay fresh: [`Source`] holds one and renews it, [`call`] puts it on requests.

pub mod call;
pub(crate) mod gate;
mod renewal;
mod source;

pub use call::Attempt;
pub use renewal::{OnChange, Renewal};
pub use source::{Source, SourceBuilder};
