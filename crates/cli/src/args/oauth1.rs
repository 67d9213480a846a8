//! What `grantee oauth1` takes.

use super::{Request, TokenForm};
use crate::settings::Settings;
use crate::settings::oauth1::{OAuth1Settings, ServerSettings, SigningSettings};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum OAuth1 {
    /// Signs a request and prints it with its base string; sends nothing.
    Sign(Sign),
    /// Gets a token by a person's login in the browser.
    Login(Login),
    /// Sends a request to an API, signed, and prints the answer's body.
    Call(Call),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    grantee oauth1 sign GET 'https://photos.example.net/photos?size=original' --consumer-key KEY --token @token --token-secret-file secret\n  \
    grantee oauth1 sign POST https://photos.example.net/initiate --consumer-key KEY --callback oob --json")]
pub(crate) struct Sign {
    /// The method.
    pub(crate) method: String,

    /// The URL with its query, as it will be sent.
    pub(crate) url: String,

    /// The body: a form, as in a=1&b=2; or @FILE, or @- for stdin, of any type.
    #[arg(long, value_name = "FORM|@FILE", allow_hyphen_values = true)]
    pub(crate) body: Option<String>,

    /// What the body is. Unless said, one given here is a form, and one of a file is application/octet-stream.
    #[arg(long, value_name = "TYPE", requires = "body")]
    pub(crate) content_type: Option<String>,

    /// oauth_nonce; one is made unless given.
    #[arg(long, value_name = "NONCE", allow_hyphen_values = true)]
    pub(crate) nonce: Option<String>,

    /// oauth_timestamp, in seconds since the epoch; now unless given.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) timestamp: Option<i64>,

    /// oauth_callback, of a request for temporary credentials.
    #[arg(long, value_name = "URI|oob")]
    pub(crate) callback: Option<String>,

    /// oauth_verifier, of a request for token credentials: as given, or @FILE, or - for stdin.
    #[arg(long, value_name = "CODE|@FILE|-")]
    pub(crate) verifier: Option<String>,

    #[command(flatten)]
    pub(crate) token: TokenArgs,

    #[command(flatten)]
    pub(crate) consumer: Consumer,

    #[command(flatten)]
    pub(crate) signing: SigningSettings,
}

#[derive(Debug, Args)]
pub(crate) struct Login {
    /// Prints the URL instead of opening a browser, and reads the code that the server shows, or the pasted callback, from stdin.
    #[arg(long, conflicts_with_all = ["start", "finish"])]
    pub(crate) no_browser: bool,

    /// Writes the pending login to FILE and prints the URL to open.
    #[arg(long, value_name = "FILE", conflicts_with = "finish")]
    pub(crate) start: Option<PathBuf>,

    /// Finishes the login that --start wrote to FILE, with the CALLBACK it led to, or the code.
    #[arg(long, value_name = "FILE", requires = "answer")]
    pub(crate) finish: Option<PathBuf>,

    /// With --finish: the URL the browser was sent to, its query, or the code; @FILE, or - for stdin.
    #[arg(value_name = "CALLBACK|CODE", requires = "finish", allow_hyphen_values = false)]
    pub(crate) answer: Option<String>,

    /// How the token is printed: json, everything that came with it; or token, alone.
    #[arg(long, value_enum, default_value_t, value_name = "FORM", hide_possible_values = true)]
    pub(crate) output: TokenForm,

    #[command(flatten)]
    pub(crate) client: Client,
}

#[derive(Debug, Args)]
pub(crate) struct Call {
    #[command(flatten)]
    pub(crate) request: Request,

    #[command(flatten)]
    pub(crate) token: TokenArgs,

    #[command(flatten)]
    pub(crate) client: Client,
}

/// Whose request it is.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// Where the token is; the profile's unless given.
    #[arg(long, value_name = "@FILE|-")]
    pub(crate) token: Option<String>,

    /// A file with the token's secret, - for stdin. GRANTEE_TOKEN_SECRET holds the secret itself.
    #[arg(long, value_name = "FILE", requires = "token")]
    pub(crate) token_secret_file: Option<PathBuf>,

    /// With no token: the client signs for itself.
    #[arg(long, conflicts_with = "token")]
    pub(crate) two_legged: bool,
}

/// What every verb of OAuth 1.0 takes of what clients of OAuth 2 take too.
#[derive(Debug, Args)]
pub(crate) struct Consumer {
    /// The profile to use, and to save to; its own settings come after options and environment.
    #[arg(long, env = "GRANTEE_PROFILE", hide_env = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// A file with the client's secret, `-` for stdin. GRANTEE_CLIENT_SECRET holds the secret itself.
    #[arg(
        long,
        visible_alias = "consumer-secret-file",
        env = "GRANTEE_CLIENT_SECRET_FILE",
        hide_env = true,
        value_name = "FILE"
    )]
    pub(crate) client_secret_file: Option<PathBuf>,

    /// A file with the client's private RSA key (JWK or PEM), for the RSA methods.
    #[arg(long, env = "GRANTEE_KEY", hide_env = true, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,

    /// A file with the password of an encrypted key, `-` for stdin. GRANTEE_KEY_PASSWORD holds it itself.
    #[arg(long, env = "GRANTEE_KEY_PASSWORD_FILE", hide_env = true, value_name = "FILE")]
    pub(crate) key_password_file: Option<PathBuf>,

    /// Lets secrets and tokens travel by plain http, where anybody on the way reads them. For tests.
    #[arg(long, env = "GRANTEE_ALLOW_HTTP", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) allow_http: bool,
}

/// What the verbs take that send something.
#[derive(Debug, Args)]
pub(crate) struct Client {
    #[command(flatten)]
    pub(crate) consumer: Consumer,

    /// Where the person is sent to agree (RFC 5849 section 2.2).
    #[arg(long, env = "GRANTEE_AUTHORIZATION_ENDPOINT", hide_env = true, value_name = "URL")]
    pub(crate) authorization_endpoint: Option<String>,

    /// Further parameters of the URL that the person is sent to.
    #[arg(long, env = "GRANTEE_PARAM", hide_env = true, value_name = "K=V", num_args = 1.., value_delimiter = '\n')]
    pub(crate) param: Vec<String>,

    /// A file with the client's certificate and its chain (PEM), shown to servers and APIs that ask for one.
    #[arg(long, env = "GRANTEE_TLS_CERT", hide_env = true, value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// A file with the private key of that certificate (PEM).
    #[arg(long, env = "GRANTEE_TLS_KEY", hide_env = true, value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,

    /// A file with certificate authorities (PEM) to trust beside the system's own.
    #[arg(long, env = "GRANTEE_CA", hide_env = true, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// An HTTP proxy for everything. Its credentials come from GRANTEE_PROXY_USERNAME and GRANTEE_PROXY_PASSWORD, or stand in GRANTEE_PROXY.
    #[arg(long, env = "GRANTEE_PROXY", hide_env = true, value_name = "URL")]
    pub(crate) proxy: Option<String>,

    /// How long an exchange with a server may take; 30 unless said.
    #[arg(long, env = "GRANTEE_TIMEOUT", hide_env = true, value_name = "SECONDS")]
    pub(crate) timeout: Option<f64>,

    /// Takes any certificate, so that anybody on the way can pose as the server. For tests.
    #[arg(long, env = "GRANTEE_DANGER_ACCEPT_INVALID_CERTS", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) danger_accept_invalid_certs: bool,

    #[command(flatten)]
    pub(crate) signing: SigningSettings,

    #[command(flatten)]
    pub(crate) server: ServerSettings,
}

impl Consumer {
    /// The profile that is named, and what else is said.
    pub(crate) fn with(self, signing: SigningSettings) -> (Option<String>, Settings) {
        let settings = Settings {
            client_secret_file: self.client_secret_file,
            key: self.key,
            key_password_file: self.key_password_file,
            allow_http: self.allow_http,
            oauth1: OAuth1Settings { signing, ..OAuth1Settings::default() },
            ..Settings::default()
        };
        (self.profile, settings)
    }
}

impl Client {
    /// As [`Consumer::with`].
    pub(crate) fn settings(self) -> (Option<String>, Settings) {
        let (profile, settings) = self.consumer.with(self.signing);
        let settings = Settings {
            authorization_endpoint: self.authorization_endpoint,
            param: self.param,
            tls_cert: self.tls_cert,
            tls_key: self.tls_key,
            ca: self.ca,
            proxy: self.proxy,
            timeout: self.timeout,
            danger_accept_invalid_certs: self.danger_accept_invalid_certs,
            oauth1: OAuth1Settings { server: self.server, ..settings.oauth1 },
            ..settings
        };
        (profile, settings)
    }
}
