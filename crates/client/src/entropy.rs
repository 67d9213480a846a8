//! Chance from the system.

use grantee_core::ports::Entropy;
use grantee_core::{Error, Result};

/// The system's own generator, by way of aws-lc-rs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| {
            Error::config("the system gives no random bytes", "nothing can be done safely without; look at the machine")
        })
    }
}
