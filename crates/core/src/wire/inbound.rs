//! What a browser or a server brings to an address of the program's own: form-urlencoded, bounded, each known name once.

use crate::error::RuleViolation;
use ::url::form_urlencoded;

const MOST_BYTES: usize = 64 * 1024;
const MOST_PARAMETERS: usize = 100;

/// The parameters that some message has, by their names; others are ignored.
pub(crate) struct Inbound<const N: usize> {
    names: [&'static str; N],
    values: [Option<String>; N],
}

impl<const N: usize> Inbound<N> {
    /// Reads a query or a form. `own` is what the address itself has in its query: each pair of it is left out once.
    ///
    /// # Errors
    /// The rule that is broken: too long, too many, or one of `names` twice (RFC 6749 section 3.1).
    pub(crate) fn read(
        stage: &'static str,
        encoded: &[u8],
        own: &str,
        names: [&'static str; N],
    ) -> Result<Self, RuleViolation> {
        if encoded.len() > MOST_BYTES {
            return Err(RuleViolation::new(stage, "a message is of bounded size", "RFC 9700 section 4")
                .expected("at most 64 KiB")
                .got(format_args!("{} bytes", encoded.len())));
        }
        let mut own: Vec<_> = form_urlencoded::parse(own.as_bytes()).collect();
        let mut values = [const { None }; N];
        for (number, pair) in form_urlencoded::parse(encoded).enumerate() {
            if number == MOST_PARAMETERS {
                return Err(RuleViolation::new(
                    stage,
                    "a message has a bounded number of parameters",
                    "RFC 9700 section 4",
                )
                .expected("at most 100")
                .got("more"));
            }
            if let Some(place) = own.iter().position(|own| *own == pair) {
                own.swap_remove(place);
                continue;
            }
            let (name, value) = pair;
            let Some((name, held)) = names.iter().zip(&mut values).find(|(known, _)| **known == name) else { continue };
            if held.is_some() {
                return Err(RuleViolation::new(stage, "no parameter stands twice", "RFC 6749 section 3.1")
                    .expected("each parameter once")
                    .got(format_args!("{name} twice")));
            }
            *held = Some(value.into_owned());
        }
        Ok(Self { names, values })
    }

    /// A parameter; one without a value counts as absent (RFC 6749 section 3.1).
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let place = self.names.iter().position(|known| *known == name)?;
        self.values.get(place)?.as_deref().filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Inbound<2>, String> {
        Inbound::read("test", text.as_bytes(), "a=own", ["a", "b"]).map_err(|error| error.to_string())
    }

    #[test]
    fn known_names_stand_once_and_others_are_ignored() {
        let seen = read("a=own&c=1&%61=x+y&c=2&b=").unwrap();
        assert_eq!((seen.get("a"), seen.get("b"), seen.get("c")), (Some("x y"), None, None));
        assert!(read("b=1&%62=1").err().unwrap().contains("no parameter stands twice (RFC 6749 section 3.1)"));
        assert!(read("a=own&a=own&a=own").err().unwrap().contains("a twice"));
        assert!(read("b=&b=").is_err());
    }

    #[test]
    fn what_comes_is_bounded() {
        assert!(read(&format!("{}a=1", "x=&".repeat(99))).is_ok());
        assert!(read(&format!("{}a=1", "x=&".repeat(100))).err().unwrap().contains("at most 100"));
        assert!(read(&"x".repeat(MOST_BYTES + 1)).err().unwrap().contains("at most 64 KiB"));
        assert!(read("%&=&\u{0}=é&+").is_ok());
    }
}
