//! `grantee completions` and `grantee man`: what a package installs beside the program.

use crate::args::Cli;
use crate::failure::{Failure, Result};
use crate::output;
use clap::CommandFactory as _;

pub(super) fn completions(shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "grantee", &mut script);
    output::bytes(&script)
}

/// The page of the program, followed by one for each verb.
pub(super) fn man() -> Result<()> {
    let mut command = Cli::command();
    command.build();
    let mut page = Vec::new();
    write_pages(command, &mut page).map_err(|error| Failure::file(format!("can't write the manual page: {error}")))?;
    output::bytes(&page)
}

fn write_pages(command: clap::Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    let verbs: Vec<_> = command.get_subcommands().filter(|verb| verb.get_name() != "help").cloned().collect();
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    clap_mangen::Man::new(command).title(name).render(page)?;
    verbs.into_iter().try_for_each(|verb| write_pages(verb, page))
}
