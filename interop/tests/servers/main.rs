//! The servers, and the library and the program against them. Run by `cargo xtask interop`.
//!
//! | file | what |
//! |---|---|
//! | `walk` | the servers by plain HTTP: whether they do what the rest counts on |
//! | [`face`] | one interface to the async face, the blocking face and the program |
//! | `discovery`, `code`, `grants`, `client_auth`, `endpoints`, `session` | scenarios, each through each face at each server |
//! | `program` | what the program alone has: the pasted callback, its output, many processes |

mod face;

mod client_auth;
mod code;
mod discovery;
mod endpoints;
mod grants;
mod program;
mod session;
mod walk;
