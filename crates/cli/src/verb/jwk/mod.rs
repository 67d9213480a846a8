//! `grantee jwk`: keys made and turned into other forms.

mod convert;
mod generate;
mod public;
mod thumbprint;

use crate::args::jose::{Jwk, KeyInput};
use crate::failure::{Failure, Result};
use crate::input::{self, Stdin};
use crate::keys::{self, Keys};
use std::path::Path;

pub(super) fn run(args: Jwk, json: bool) -> Result<()> {
    match args {
        Jwk::Generate(args) => generate::run(args),
        Jwk::Public(args) => public::run(&args),
        Jwk::Thumbprint(args) => thumbprint::run(&args, json),
        Jwk::Convert(args) => convert::run(&args, json),
    }
}

/// The key that the options name, or stdin.
fn read(stdin: &mut Stdin, args: &KeyInput) -> Result<Keys> {
    let file = args.file.as_deref().or(args.key.as_deref()).filter(|file| *file != Path::new("-"));
    if file.is_none() {
        stdin.take("the key")?;
    }
    let password = keys::password(stdin, args.password_file.as_deref())?;
    let (what, bytes) = match file {
        Some(file) => (file.display().to_string(), input::read_file(file)?),
        None => ("the key on stdin".to_owned(), input::read_stdin("the key")?),
    };
    if bytes.is_empty() {
        return Err(Failure::file(format!("{what} is empty")));
    }
    Keys::read(&what, &bytes, password.as_ref())
}
