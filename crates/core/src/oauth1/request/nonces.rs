//! What makes each request another one: [RFC 5849 section 3.3](https://www.rfc-editor.org/rfc/rfc5849#section-3.3).

use crate::error::Result;
use crate::oauth1::percent_encoding::{ascii, hex};
use crate::ports::Entropy;
use std::sync::{Mutex, PoisonError};

/// Nonces of 128 bits as hexadecimal, since some servers take letters and digits alone. Chance is drawn for 32 of them at once.
#[derive(Default)]
pub(crate) struct Nonces(Mutex<Drawn>);

struct Drawn {
    chance: [u8; 512],
    used: usize,
}

impl Default for Drawn {
    fn default() -> Self {
        Self { chance: [0; 512], used: 512 }
    }
}

impl Nonces {
    pub(crate) fn next(&self, entropy: &dyn Entropy) -> Result<String> {
        let mut drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if drawn.used >= drawn.chance.len() {
            entropy.fill(&mut drawn.chance)?;
            drawn.used = 0;
        }
        let place = drawn.used;
        drawn.used += 16;
        let chance = drawn.chance.get(place..place + 16).unwrap_or_default();
        let mut nonce = vec![0; 32];
        nonce.chunks_exact_mut(2).zip(chance).for_each(|(digits, byte)| digits.copy_from_slice(&hex(*byte)));
        Ok(ascii(nonce))
    }
}

// What comes next is nobody's affair.
impl std::fmt::Debug for Nonces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nonces(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU16);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) -> Result<()> {
            for pair in bytes.chunks_exact_mut(2) {
                pair.copy_from_slice(&self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst).to_be_bytes());
            }
            Ok(())
        }
    }

    #[test]
    fn no_chance_is_used_twice_and_none_is_skipped() {
        let (nonces, entropy) = (Nonces::default(), Counting(0.into()));
        let all: String = (0..100).map(|_| nonces.next(&entropy).unwrap()).collect();
        let expected: String = (0..800).map(|number: u16| format!("{number:04X}")).collect();
        assert_eq!(all, expected);
    }
}
