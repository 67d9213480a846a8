//! What goes to stdout and stderr. Nothing here panics when a pipe is gone.

use crate::failure::{Failure, Result};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use serde_json::Value;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

/// Bytes to stdout, exactly.
pub(crate) fn bytes(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        // Whoever read it has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.map_err(|error| Failure::file(format!("can't write to stdout: {error}"))),
    }
}

/// A text to stdout, ended by one newline.
pub(crate) fn text(text: &str) -> Result<()> {
    bytes(format!("{}\n", text.trim_end_matches('\n')).as_bytes())
}

/// Whether a person sees stdout.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether a person sees stderr.
pub(crate) fn is_seen() -> bool {
    io::stderr().is_terminal()
}

/// One JSON value to stdout: in lines for a person who sees it, else on one line.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    let written = if is_terminal() { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    text(&written.map_err(|error| Failure::file(format!("can't write JSON: {error}")))?)
}

/// A line to stderr, for the person. Where stderr is gone there is nobody to tell.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", line.trim_end_matches('\n'));
}

/// A table with these headings; lines are broken to fit a terminal, and left alone in a pipe.
pub(crate) fn table<const N: usize>(headings: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(headings);
    if is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
}

/// The members of a JSON object as a table.
pub(crate) fn members(value: &Value) -> Result<()> {
    let mut table = table(["member", "value"]);
    for (name, value) in value.as_object().into_iter().flatten() {
        table.add_row([clean(name), shown(value)]);
    }
    text(&table.to_string())
}

/// A JSON value as a person reads it: texts without quotes, lists by line.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => clean(text),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join("\n"),
        other => other.to_string(),
    }
}

/// A stranger's text without what could drive the terminal.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}
