//! Drives the built program from outside, as a person or a script does, against a server in this process.

#![allow(clippy::unwrap_used)]

mod bound;
mod call;
mod client_auth;
mod errors;
mod grants;
mod id_token;
mod jose;
mod jwk;
mod login;
mod logout;
mod many_processes;
mod oauth1;
mod oauth1_sign;
mod openid;
mod profile;
mod register;
mod requests;
mod shell;
mod support;
mod token;
