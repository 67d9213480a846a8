//! Logins in a real browser. Run by `cargo xtask check` or `cargo xtask interop --browser`.

mod login;
mod walk;
