//! What `grantee token` takes.

use super::{Common, TokenForm};
use clap::{Args, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GrantName {
    /// A token for the client itself.
    ClientCredentials,
    /// By a refresh token: --refresh-token, else the profile's, else from stdin.
    Refresh,
    /// By a person's password. Removed from OAuth 2.1; for servers that know no other.
    Password,
    /// By a person who confirms on another device (RFC 8628): shows where, and waits.
    Device,
    /// By a person whom the server asks on their own device (CIBA): --login-hint, --login-hint-token or --id-token-hint says whom.
    Ciba,
    /// A token for another one (RFC 8693): --subject-token, else from stdin.
    Exchange,
    /// By a JWT (RFC 7523): --assertion; or one of one's own, by --service-account, or by --key with --subject.
    JwtBearer,
    /// By a SAML 2.0 assertion (RFC 7522): --assertion.
    Saml2Bearer,
}

#[derive(Debug, Args)]
pub(crate) struct Token {
    /// The grant; without one, the profile's held token.
    #[arg(value_enum)]
    pub(crate) grant: Option<GrantName>,

    /// How the token is printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    pub(crate) output: TokenForm,

    #[command(flatten)]
    pub(crate) of: OfGrants,

    #[command(flatten)]
    pub(crate) common: Common,
}

/// Options of single grants.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of single grants")]
pub(crate) struct OfGrants {
    /// password: whose it is.
    #[arg(long, env = "GRANTEE_USERNAME", hide_env = true, value_name = "NAME")]
    pub(crate) username: Option<String>,

    /// password: a file with it, - for stdin. GRANTEE_PASSWORD holds the password itself.
    #[arg(long, env = "GRANTEE_PASSWORD_FILE", hide_env = true, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,

    /// refresh: where the refresh token is.
    #[arg(long, value_name = "@FILE|-")]
    pub(crate) refresh_token: Option<String>,

    /// exchange: where the token is of whom the new one is for; stdin unless said.
    #[arg(long, value_name = "@FILE|-")]
    pub(crate) subject_token: Option<String>,

    /// exchange: what it is: access_token (unless said), refresh_token, id_token, jwt, saml1, saml2, or a URI in full.
    #[arg(long, value_name = "TYPE")]
    pub(crate) subject_token_type: Option<String>,

    /// exchange: where the token is of who acts for the subject.
    #[arg(long, value_name = "@FILE|-")]
    pub(crate) actor_token: Option<String>,

    /// exchange: what the actor's token is, as with --subject-token-type.
    #[arg(long, value_name = "TYPE", requires = "actor_token")]
    pub(crate) actor_token_type: Option<String>,

    /// exchange: what is wanted, as with --subject-token-type. The server may issue another.
    #[arg(long, value_name = "TYPE")]
    pub(crate) requested_token_type: Option<String>,

    /// ciba: where a token is that names the person, in the place of --login-hint.
    #[arg(long, value_name = "@FILE|-")]
    pub(crate) login_hint_token: Option<String>,

    /// ciba: where an ID token of an earlier login is, in the place of --login-hint.
    #[arg(long, value_name = "@FILE|-", conflicts_with = "login_hint_token")]
    pub(crate) id_token_hint: Option<String>,

    /// ciba: what both devices show, so that the person sees that they belong together.
    #[arg(long, value_name = "TEXT")]
    pub(crate) binding_message: Option<String>,

    /// ciba: the code that the person has with the server against requests that nobody asked for.
    #[arg(long, value_name = "CODE|@FILE|-")]
    pub(crate) user_code: Option<String>,

    /// ciba: how long the person is wished to have.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) requested_expiry: Option<u64>,

    /// ciba: where this program listens for the server's notification, by plain http: for a client that is registered for ping
    /// or push. A server elsewhere reaches it through what ends TLS before it.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) notify_listen: Option<SocketAddr>,

    /// ciba: a file with the token that the notification must show, - for stdin; one is made unless said.
    #[arg(long, value_name = "FILE", requires = "notify_listen")]
    pub(crate) notification_token_file: Option<PathBuf>,

    /// jwt-bearer, saml2-bearer: where the assertion is, as it was given: a JWT; SAML as XML or base64url.
    #[arg(long, value_name = "@FILE|-")]
    pub(crate) assertion: Option<String>,

    /// jwt-bearer: a service account's key file (JSON), which says the server too unless another is named.
    #[arg(long, value_name = "FILE", conflicts_with = "assertion")]
    pub(crate) service_account: Option<PathBuf>,

    /// jwt-bearer: whose token it is to be; with --service-account the person to act for, else signed by --key.
    #[arg(long, value_name = "NAME", conflicts_with = "assertion")]
    pub(crate) subject: Option<String>,
}

impl OfGrants {
    /// An option that was given and that this grant has no use for, with the grants that have.
    pub(crate) fn misplaced(&self, grant: Option<GrantName>) -> Option<(&'static str, &'static str)> {
        use GrantName::{Ciba, Exchange, JwtBearer, Refresh, Saml2Bearer};
        // Those of a password may stand in the environment, where they are for whichever run needs them.
        let given: [(bool, &str, &[GrantName], &str); 16] = [
            (self.refresh_token.is_some(), "--refresh-token", &[Refresh], "refresh"),
            (self.subject_token.is_some(), "--subject-token", &[Exchange], "exchange"),
            (self.subject_token_type.is_some(), "--subject-token-type", &[Exchange], "exchange"),
            (self.actor_token.is_some(), "--actor-token", &[Exchange], "exchange"),
            (self.actor_token_type.is_some(), "--actor-token-type", &[Exchange], "exchange"),
            (self.requested_token_type.is_some(), "--requested-token-type", &[Exchange], "exchange"),
            (self.login_hint_token.is_some(), "--login-hint-token", &[Ciba], "ciba"),
            (self.id_token_hint.is_some(), "--id-token-hint", &[Ciba], "ciba"),
            (self.binding_message.is_some(), "--binding-message", &[Ciba], "ciba"),
            (self.user_code.is_some(), "--user-code", &[Ciba], "ciba"),
            (self.requested_expiry.is_some(), "--requested-expiry", &[Ciba], "ciba"),
            (self.notify_listen.is_some(), "--notify-listen", &[Ciba], "ciba"),
            (self.notification_token_file.is_some(), "--notification-token-file", &[Ciba], "ciba"),
            (self.assertion.is_some(), "--assertion", &[JwtBearer, Saml2Bearer], "jwt-bearer and saml2-bearer"),
            (self.service_account.is_some(), "--service-account", &[JwtBearer], "jwt-bearer"),
            (self.subject.is_some(), "--subject", &[JwtBearer], "jwt-bearer"),
        ];
        given
            .into_iter()
            .find(|(given, _, grants, _)| *given && !grant.is_some_and(|grant| grants.contains(&grant)))
            .map(|(_, option, _, grants)| (option, grants))
    }
}
