//! The servers, and the library and the program against them. Run by `cargo xtask interop`.
//!
//! | file | what |
//! |---|---|
//! | `walk` | the servers by plain HTTP: whether they do what the rest counts on |
//! | [`face`] | one interface to the async face, the blocking face and the program |
//! | `discovery`, `code`, `grants`, `client_auth`, `endpoints`, `session` | scenarios, each through each face at each server |
//! | `id_token`, `userinfo`, `response_type`, `authentication_request`, `logout` | OpenID Connect, through both library faces where a server has it |
//! | `pushed`, `request_object`, `jarm` | what travels through the browser: a reference, a signed request, a signed answer |
//! | `dpop`, `mtls` | tokens that are bound to a key or a certificate |
//! | `resource`, `exchange` | what a token is for, and tokens for tokens and assertions |
//! | `device`, `ciba` | logins that a person confirms on another device |
//! | `registration` | clients that register themselves |
//! | `introspection_jwt` | introspection answers that are signed |
//! | `fapi` | FAPI 2.0, all of it together |
//! | `oauth1`, `oauth1_placements`, `oauth1_refusals`, `oauth1_program` | OAuth 1.0, at servers of their own |
//! | `program` | what the program alone has: the pasted callback, its output, many processes |
//! | `program_openid` | its OpenID Connect: who logged in, userinfo, logout, `id-token verify`, assertions |

mod face;

mod authentication_request;
mod ciba;
mod client_auth;
mod code;
mod device;
mod discovery;
mod dpop;
mod endpoints;
mod exchange;
mod fapi;
mod grants;
mod id_token;
mod introspection_jwt;
mod jarm;
mod logout;
mod mtls;
mod oauth1;
mod oauth1_placements;
mod oauth1_program;
mod oauth1_refusals;
mod program;
mod program_openid;
mod pushed;
mod registration;
mod request_object;
mod resource;
mod response_type;
mod session;
mod userinfo;
mod walk;
