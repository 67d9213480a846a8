//! Values of 128 bits that nobody has twice: nonces of OAuth 1.0, `jti` of assertions and proofs.

use crate::error::Result;
use crate::ports::Entropy;
use std::sync::{Mutex, PoisonError};

/// Draws them 32 at once, since the system takes its time however few bytes are asked for. For what is sent and never for a secret:
/// those that are not used yet lie in memory.
#[derive(Default)]
pub(crate) struct Chance(Mutex<Drawn>);

struct Drawn {
    bytes: [u8; 512],
    used: usize,
}

impl Default for Drawn {
    fn default() -> Self {
        Self { bytes: [0; 512], used: 512 }
    }
}

impl Chance {
    pub(crate) fn next(&self, entropy: &dyn Entropy) -> Result<[u8; 16]> {
        let mut drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if drawn.used >= drawn.bytes.len() {
            entropy.fill(&mut drawn.bytes)?;
            drawn.used = 0;
        }
        let next = drawn.bytes.get(drawn.used..).and_then(|left| left.first_chunk()).copied().unwrap_or_default();
        drawn.used += next.len();
        Ok(next)
    }
}

/// A clone draws its own: two that hold the same bytes would both use them.
impl Clone for Chance {
    fn clone(&self) -> Self {
        Self::default()
    }
}

// What comes next is nobody's affair.
impl std::fmt::Debug for Chance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chance(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU16, Ordering};

    struct Counting(AtomicU16);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) -> Result<()> {
            for pair in bytes.chunks_exact_mut(2) {
                pair.copy_from_slice(&self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes());
            }
            Ok(())
        }
    }

    #[test]
    fn no_chance_is_used_twice_and_none_is_skipped() {
        let (chance, entropy) = (Chance::default(), Counting(0.into()));
        let all: Vec<u8> = (0..100).flat_map(|_| chance.next(&entropy).unwrap()).collect();
        let expected: Vec<u8> = (0..800).flat_map(u16::to_be_bytes).collect();
        assert_eq!(all, expected);
    }

    #[test]
    fn a_clone_uses_none_of_what_the_other_has_drawn() {
        let (chance, entropy) = (Chance::default(), Counting(0.into()));
        let first = chance.next(&entropy).unwrap();
        let clone = chance.clone();
        let next = chance.next(&entropy).unwrap();
        let others = [clone.next(&entropy).unwrap(), clone.next(&entropy).unwrap()];
        assert!(!others.contains(&first) && !others.contains(&next));
    }

    #[test]
    fn without_chance_there_is_none() {
        struct Dry;
        impl Entropy for Dry {
            fn fill(&self, _: &mut [u8]) -> Result<()> {
                Err(crate::Error::config("no chance is left", "wait"))
            }
        }
        let chance = Chance::default();
        chance.next(&Dry).unwrap_err();
        chance.next(&Dry).unwrap_err();
    }
}
