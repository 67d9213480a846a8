//! The client tests of the OpenID Foundation's conformance suite, each under its own name, against `grantor`, which does the
//! one thing wrong that the test is about.
//!
//! `vectors/rp_conformance.json` says which tests there are, in which plans, and how each must end. A test runs through every
//! flow of its plans ([`suite`]), or through every variant of the FAPI profiles ([`fapi`]). Where it ends in a refusal, the rule that refuses is named, and the same flow without the
//! fault goes through. Server and client share a clock that stands still until it is moved ([`world`]). The command
//! `cargo xtask conformance-mutants` takes rules out of the client, one at a time, and shows which of these tests notice.

mod browser;
mod suite;
mod world;

mod encryption;
mod fapi;

mod basic;
mod ciba;
mod comprehensive;
mod config;
mod dynamic;
mod fapi1;
mod fapi2;
mod form_post;
mod hybrid;
mod implicit;
mod logout;
mod refresh;
mod third_party;
