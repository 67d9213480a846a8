//! The `grantee` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    grantee_cli::main()
}
