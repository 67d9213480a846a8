//! What the verbs of OpenID Connect take.

use super::Common;
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct Userinfo {
    /// The access token, in the place of the profile's; stdin unless there is a profile. It is bound to no ID token then.
    #[arg(long, value_name = "@FILE|-")]
    pub(crate) access_token: Option<String>,

    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Logout {
    /// Where the person comes back to. When it is http on this machine, that is waited for and its state checked.
    #[arg(long, env = "GRANTEE_POST_LOGOUT_REDIRECT_URI", hide_env = true, value_name = "URI")]
    pub(crate) post_logout_redirect_uri: Option<String>,

    /// The ID token of the login, in the place of the profile's.
    #[arg(long, value_name = "@FILE|-")]
    pub(crate) id_token_hint: Option<String>,

    /// Prints the URL instead of opening a browser, and waits for nobody.
    #[arg(long)]
    pub(crate) no_browser: bool,

    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IdToken {
    /// Verifies the ID token on stdin as OpenID Connect Core section 3.1.3.7 says, and prints its claims; exit status 11 for
    /// one that breaks a rule.
    Verify(Box<Verify>),
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The server's keys, in a file or at a URL. Unless given they are found by the issuer's metadata.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) jwks: Option<String>,

    /// How it is signed, as the client is registered: RS256 unless said.
    #[arg(long, value_name = "ALG", conflicts_with = "id_token_alg")]
    pub(crate) alg: Option<String>,

    /// The access token that came along: at_hash must be its digest where it is there.
    #[arg(long, value_name = "@FILE|-")]
    pub(crate) access_token: Option<String>,

    /// The code that came along: c_hash must be its digest where it is there.
    #[arg(long, value_name = "@FILE|-")]
    pub(crate) code: Option<String>,

    /// It came through the browser: what came along must be there by its digest.
    #[arg(long)]
    pub(crate) front_channel: bool,

    /// An authentication context class that acr may be; may be repeated. --acr-values serves too.
    #[arg(long, value_name = "ACR")]
    pub(crate) acr: Vec<String>,

    /// Judges it as of this time, in seconds since the epoch, and not of now.
    #[arg(long, value_name = "UNIX_TIME", allow_negative_numbers = true)]
    pub(crate) at: Option<i64>,

    #[command(flatten)]
    pub(crate) common: Common,
}
