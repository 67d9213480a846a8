//! `grantee jwk public`.

use crate::args::jose::KeyInput;
use crate::failure::{Failure, Result};
use crate::input::Stdin;
use crate::keys::Keys;
use crate::output;

pub(super) fn run(args: &KeyInput) -> Result<()> {
    let keys = super::read(&mut Stdin::default(), args)?;
    match (&keys, &args.kid) {
        (Keys::Set(set), None) => output::json(&set.public().to_value()),
        _ => match keys.one(args.kid.as_deref())?.public() {
            Some(public) => output::json(&public.to_value()),
            None => Err(Failure::file("a symmetric key has no public part")),
        },
    }
}
