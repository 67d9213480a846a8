//! Asking a person through their browser: [RFC 6749 section 4.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1) and
//! what grew around it.
//!
//! ```text
//! AuthorizationRequest --start--> URL     -> the browser -> the server -> the browser -> callback
//!                           \---> Pending ----------------------------------------> respond(callback)
//!                                                                                        |
//!                                                              AuthorizationResponse <---/
//! ```
//!
//! [`Pending`] holds what the callback must be checked against, and alone can make an [`AuthorizationResponse`].
//!
//! | file | what | specification |
//! |---|---|---|
//! | [`request`] | the URL the person is sent to | RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2.1 |
//! | [`pkce`] | the code verifier and its challenge | RFC 7636 |
//! | [`pending`] | what is kept meanwhile | RFC 9700 sections 2.1 and 4.4 |
//! | [`callback`] | what came back, read | RFC 6749 section 4.1.2 |
//! | [`response`] | the callback judged | RFC 6749 section 4.1.2, RFC 9207 |
//! | `response_type` | what the answer holds | OAuth 2.0 Multiple Response Types |
//! | `step_up` | the next request, where an API wants more | RFC 9470, RFC 6750 section 3.1 |
//! | [`form_post`] | a callback that comes as a POST | OAuth 2.0 Form Post Response Mode |
//! | [`jarm`] | a callback that is signed | JARM |
//! | [`pushed`] | the request sent from here, not by the browser | RFC 9126 |
//! | [`request_object`] | the request signed and encrypted | RFC 9101, OpenID Connect Core section 6 |
//! | [`authorization_details`] | what exactly is asked and granted | RFC 9396 |
//! | `rules` | what a client does with every request and answer | |

pub mod authorization_details;
pub mod callback;
pub mod form_post;
pub mod jarm;
pub mod pending;
pub mod pkce;
pub mod pushed;
pub mod request;
pub mod request_object;
pub mod response;
pub(crate) mod response_type;
pub(crate) mod rules;
pub(crate) mod step_up;
#[cfg(test)]
mod testing;

pub use authorization_details::{AuthorizationDetail, AuthorizationDetails, Granted};
pub use callback::Callback;
pub use pending::Pending;
pub use pkce::{CodeChallengeMethod, CodeVerifier};
pub use pushed::Pushed;
pub use request::{AuthorizationRequest, DangerousRequest, RequestContext};
pub use request_object::RequestObjects;
pub use response::AuthorizationResponse;
