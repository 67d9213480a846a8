//! Drives the built program from outside, as a person or a script does, against a server in this process.

#![allow(clippy::unwrap_used)]

mod call;
mod errors;
mod login;
mod many_processes;
mod profile;
mod shell;
mod support;
mod token;
