//! Client options: one struct that is read from the command line, the environment and a profile alike.

pub(crate) mod oauth1;

use crate::failure::{Failure, Result};
use clap::{Args, ValueEnum};
use grantee::Rules;
use oauth1::OAuth1Settings;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A client-authentication method, by the registry's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub(crate) enum AuthMethod {
    None,
    ClientSecretBasic,
    ClientSecretPost,
    ClientSecretJwt,
    PrivateKeyJwt,
    TlsClientAuth,
    SelfSignedTlsClientAuth,
}

impl AuthMethod {
    /// Whether the connection's certificate says who the client is.
    pub(crate) fn is_by_certificate(self) -> bool {
        matches!(self, Self::TlsClientAuth | Self::SelfSignedTlsClientAuth)
    }
}

/// A profile of OAuth whose rules are kept to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RulesName {
    Oauth21,
    Fapi1Advanced,
    Fapi2,
    Fapi2MessageSigning,
}

impl RulesName {
    pub(crate) fn rules(self) -> Rules {
        match self {
            Self::Oauth21 => Rules::OAuth21,
            Self::Fapi1Advanced => Rules::Fapi1Advanced,
            Self::Fapi2 => Rules::Fapi2Security,
            Self::Fapi2MessageSigning => Rules::Fapi2MessageSigning,
        }
    }
}

/// The grant that brought a profile's token, by the value of `grant_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HeldGrant {
    AuthorizationCode,
    ClientCredentials,
    Password,
    DeviceCode,
    Ciba,
    TokenExchange,
    JwtBearer,
    Saml2Bearer,
}

/// Everything that can be said about a client and what it asks for.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize)]
#[serde(default)]
#[command(next_help_heading = "Client options (also in a profile, and as GRANTEE_… in the environment)")]
pub(crate) struct Settings {
    /// The authorization server's issuer; its metadata is fetched.
    #[arg(long, env = "GRANTEE_ISSUER", hide_env = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<String>,

    /// The server's metadata, in the place of what discovery by the issuer finds.
    #[arg(long, env = "GRANTEE_METADATA", hide_env = true, value_name = "FILE|URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<String>,

    /// The authorization endpoint; goes before the metadata's, and so do the others below.
    #[arg(long, env = "GRANTEE_AUTHORIZATION_ENDPOINT", hide_env = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authorization_endpoint: Option<String>,

    /// The token endpoint. Enough for a client without an issuer: nothing is fetched then.
    #[arg(long, env = "GRANTEE_TOKEN_ENDPOINT", hide_env = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_endpoint: Option<String>,

    /// Where authorization requests are pushed to (RFC 9126).
    #[arg(long, env = "GRANTEE_PUSHED_AUTHORIZATION_REQUEST_ENDPOINT", hide_env = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pushed_authorization_request_endpoint: Option<String>,

    /// Where a login on a device starts (RFC 8628).
    #[arg(long, env = "GRANTEE_DEVICE_AUTHORIZATION_ENDPOINT", hide_env = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device_authorization_endpoint: Option<String>,

    /// Where a backchannel authentication starts (CIBA).
    #[arg(long, env = "GRANTEE_BACKCHANNEL_AUTHENTICATION_ENDPOINT", hide_env = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backchannel_authentication_endpoint: Option<String>,

    /// The introspection endpoint.
    #[arg(long, env = "GRANTEE_INTROSPECTION_ENDPOINT", hide_env = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) introspection_endpoint: Option<String>,

    /// The revocation endpoint.
    #[arg(long, env = "GRANTEE_REVOCATION_ENDPOINT", hide_env = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revocation_endpoint: Option<String>,

    /// Where clients register (RFC 7591).
    #[arg(long, env = "GRANTEE_REGISTRATION_ENDPOINT", hide_env = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) registration_endpoint: Option<String>,

    /// The userinfo endpoint.
    #[arg(long, env = "GRANTEE_USERINFO_ENDPOINT", hide_env = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) userinfo_endpoint: Option<String>,

    /// Where a person is logged out.
    #[arg(long, env = "GRANTEE_END_SESSION_ENDPOINT", hide_env = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end_session_endpoint: Option<String>,

    /// Where the server's keys are.
    #[arg(long, env = "GRANTEE_JWKS_URI", hide_env = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jwks_uri: Option<String>,

    /// The client's identifier.
    #[arg(long, env = "GRANTEE_CLIENT_ID", hide_env = true, value_name = "ID", allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,

    /// A file with the client's secret, `-` for stdin. GRANTEE_CLIENT_SECRET holds the secret itself.
    #[arg(
        long,
        alias = "consumer-secret-file",
        env = "GRANTEE_CLIENT_SECRET_FILE",
        hide_env = true,
        value_name = "FILE"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_secret_file: Option<PathBuf>,

    /// How the client shows who it is; follows from the metadata unless said.
    #[arg(long, env = "GRANTEE_AUTH", hide_env = true, value_name = "METHOD")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auth: Option<AuthMethod>,

    /// Sends identifier and secret of client_secret_basic as they are, for servers that do not decode them.
    #[arg(long, env = "GRANTEE_BASIC_RAW", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) basic_raw: bool,

    /// A file with the client's private key (JWK or PEM), for assertions: private_key_jwt.
    #[arg(long, env = "GRANTEE_KEY", hide_env = true, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<PathBuf>,

    /// A file with the private key (JWK or PEM) that signs request objects: of logins, as --request-object says, and of backchannel authentications.
    #[arg(long, env = "GRANTEE_REQUEST_OBJECT_KEY", hide_env = true, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_object_key: Option<PathBuf>,

    /// A file with the password of the encrypted ones among the client's keys, `-` for stdin. GRANTEE_KEY_PASSWORD holds it itself.
    #[arg(long, env = "GRANTEE_KEY_PASSWORD_FILE", hide_env = true, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key_password_file: Option<PathBuf>,

    /// A file with an assertion that the platform makes, read at each use. GRANTEE_CLIENT_ASSERTION holds one itself.
    #[arg(long, env = "GRANTEE_CLIENT_ASSERTION_FILE", hide_env = true, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_assertion_file: Option<PathBuf>,

    /// A program that prints an assertion, run at each use: its path and its arguments, without a shell.
    #[arg(long, env = "GRANTEE_CLIENT_ASSERTION_COMMAND", hide_env = true, value_name = "COMMAND", num_args = 1.., value_delimiter = '\n')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) client_assertion_command: Vec<String>,

    /// A file with the private key (JWK or PEM) that ID tokens and userinfo are encrypted to.
    #[arg(long, env = "GRANTEE_DECRYPTION_KEY", hide_env = true, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) decryption_key: Option<PathBuf>,

    /// A file with the client's certificate and its chain (PEM), shown to servers and APIs that ask for one. With --auth tls_client_auth or self_signed_tls_client_auth it says who the client is. However the client authenticates, tokens are taken to be bound to it, unless --dpop is given.
    #[arg(long, env = "GRANTEE_TLS_CERT", hide_env = true, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// A file with the private key of that certificate (PEM).
    #[arg(long, env = "GRANTEE_TLS_KEY", hide_env = true, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls_key: Option<PathBuf>,

    /// A file with certificate authorities (PEM) to trust beside the system's own.
    #[arg(long, env = "GRANTEE_CA", hide_env = true, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca: Option<PathBuf>,

    /// Where the answer to a login goes. `login` listens there when it is http on this machine.
    #[arg(long, env = "GRANTEE_REDIRECT_URI", hide_env = true, value_name = "URI")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redirect_uri: Option<String>,

    /// What is asked for.
    #[arg(long, env = "GRANTEE_SCOPE", hide_env = true, value_name = "S", num_args = 1.., value_delimiter = '\n')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) scope: Vec<String>,

    /// The resources the token is for (RFC 8707).
    #[arg(long, env = "GRANTEE_RESOURCE", hide_env = true, value_name = "URI", num_args = 1.., value_delimiter = '\n')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) resource: Vec<String>,

    /// The audiences the token is for.
    #[arg(long, env = "GRANTEE_AUDIENCE", hide_env = true, value_name = "A", num_args = 1.., value_delimiter = '\n')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) audience: Vec<String>,

    /// Further parameters of the token request, or of what starts a login: at `login`, `token device` and `token ciba`.
    #[arg(long, env = "GRANTEE_PARAM", hide_env = true, value_name = "K=V", num_args = 1.., value_delimiter = '\n')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) param: Vec<String>,

    /// What a login brings: code, or any of code, id_token, token with spaces between, or none.
    #[arg(long, env = "GRANTEE_RESPONSE_TYPE", hide_env = true, value_name = "TYPE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_type: Option<String>,

    /// How the answer to a login travels: query, fragment, form_post; signed as jwt, query.jwt, fragment.jwt, form_post.jwt (JARM).
    #[arg(long, env = "GRANTEE_RESPONSE_MODE", hide_env = true, value_name = "MODE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_mode: Option<String>,

    /// Pushes authorization requests to the server, so that the browser carries a reference alone (RFC 9126).
    #[arg(long, env = "GRANTEE_PAR", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) par: bool,

    /// Sends logins and backchannel authentications as signed request objects (RFC 9101), by --request-object-key, else --key; logins by the client's secret (HS256) where there is neither. Follows from --request-object-key, and from --rules that want it.
    #[arg(long, env = "GRANTEE_REQUEST_OBJECT", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) request_object: bool,

    /// What exactly is asked for (RFC 9396): JSON, a list of objects with a type, or a file that has it.
    #[arg(long, env = "GRANTEE_AUTHORIZATION_DETAILS", hide_env = true, value_name = "JSON|@FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authorization_details: Option<String>,

    /// A nonce of your own for a login; one is made unless given.
    #[arg(long, env = "GRANTEE_NONCE", hide_env = true, value_name = "NONCE", allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<String>,

    /// A state of your own for a login; one is made unless given.
    #[arg(long, env = "GRANTEE_STATE", hide_env = true, value_name = "STATE", allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<String>,

    /// What a login is to show: none, login, consent, select_account, create.
    #[arg(long, env = "GRANTEE_PROMPT", hide_env = true, value_name = "PROMPT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prompt: Option<String>,

    /// How many seconds ago the person may have logged in.
    #[arg(long, env = "GRANTEE_MAX_AGE", hide_env = true, value_name = "SECONDS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_age: Option<u64>,

    /// Authentication context classes a login should have, the most wished first.
    #[arg(long, env = "GRANTEE_ACR_VALUES", hide_env = true, value_name = "ACR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acr_values: Option<String>,

    /// Who is about to log in, or whom a backchannel authentication asks.
    #[arg(long, env = "GRANTEE_LOGIN_HINT", hide_env = true, value_name = "HINT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) login_hint: Option<String>,

    /// Which claims a login is to return (OpenID Connect Core section 5.5).
    #[arg(long, env = "GRANTEE_CLAIMS", hide_env = true, value_name = "JSON")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) claims: Option<String>,

    /// Binds tokens to a key, and proves it with each request (DPoP, RFC 9449). The key is that of --dpop-key; else the profile's, made once and kept beside its tokens; else one for this run alone.
    #[arg(long, env = "GRANTEE_DPOP", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) dpop: bool,

    /// A file with the private key (JWK or PEM) for DPoP; says --dpop too.
    #[arg(long, env = "GRANTEE_DPOP_KEY", hide_env = true, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dpop_key: Option<PathBuf>,

    /// Keeps to the rules of a profile of OAuth, and refuses servers and answers that don't.
    #[arg(long, env = "GRANTEE_RULES", hide_env = true, value_name = "PROFILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rules: Option<RulesName>,

    /// How ID tokens are signed, as the client is registered; RS256 unless said.
    #[arg(long, env = "GRANTEE_ID_TOKEN_ALG", hide_env = true, value_name = "ALG")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id_token_alg: Option<String>,

    /// How ID tokens are encrypted, as the client is registered; without ENC it is A128CBC-HS256. Unless said, by whatever --decryption-key or the client's secret serves.
    #[arg(long, env = "GRANTEE_ID_TOKEN_ENCRYPTION", hide_env = true, value_name = "ALG[/ENC]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id_token_encryption: Option<String>,

    /// How signed answers to logins (--response-mode jwt) are signed, as the client is registered. Unless said, by --id-token-alg; without that by any key of the server's.
    #[arg(long, env = "GRANTEE_AUTHORIZATION_ALG", hide_env = true, value_name = "ALG")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authorization_alg: Option<String>,

    /// How signed answers to logins are encrypted, as the client is registered. Unless said, as with --id-token-encryption, or not at all.
    #[arg(long, env = "GRANTEE_AUTHORIZATION_ENCRYPTION", hide_env = true, value_name = "ALG[/ENC]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authorization_encryption: Option<String>,

    /// Asks for introspection answers that are signed by it, as the client is registered (RFC 9701). With --rules fapi2-message-signing it is --id-token-alg unless said.
    #[arg(long, env = "GRANTEE_INTROSPECTION_ALG", hide_env = true, value_name = "ALG")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) introspection_alg: Option<String>,

    /// How signed introspection answers are encrypted, as the client is registered.
    #[arg(long, env = "GRANTEE_INTROSPECTION_ENCRYPTION", hide_env = true, value_name = "ALG[/ENC]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) introspection_encryption: Option<String>,

    /// Who may stand beside this client in the aud of ID tokens.
    #[arg(long, env = "GRANTEE_TRUSTED_AUDIENCE", hide_env = true, value_name = "A", num_args = 1.., value_delimiter = '\n')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) trusted_audience: Vec<String>,

    /// Takes whatever acr an ID token has, also where classes were asked for by --acr-values.
    #[arg(long, env = "GRANTEE_ACCEPT_ANY_ACR", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) accept_any_acr: bool,

    /// After a login, also by device or CIBA, fetches what the server says about the person, and checks that it is about the same one.
    #[arg(long, env = "GRANTEE_USERINFO", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) userinfo: bool,

    /// How userinfo is signed, as the client is registered. Unless said, by any key of the server's, or not at all.
    #[arg(long, env = "GRANTEE_USERINFO_ALG", hide_env = true, value_name = "ALG")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) userinfo_alg: Option<String>,

    /// How userinfo is encrypted, as the client is registered. Unless said, as with --id-token-encryption, or not at all.
    #[arg(long, env = "GRANTEE_USERINFO_ENCRYPTION", hide_env = true, value_name = "ALG[/ENC]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) userinfo_encryption: Option<String>,

    /// An HTTP proxy for everything. Its credentials come from GRANTEE_PROXY_USERNAME and GRANTEE_PROXY_PASSWORD, or stand in GRANTEE_PROXY.
    #[arg(long, env = "GRANTEE_PROXY", hide_env = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) proxy: Option<String>,

    /// How long an exchange with a server may take; 30 unless said.
    #[arg(long, env = "GRANTEE_TIMEOUT", hide_env = true, value_name = "SECONDS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<f64>,

    /// Lets secrets and tokens travel by plain http, where anybody on the way reads them. For tests.
    #[arg(long, env = "GRANTEE_ALLOW_HTTP", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) allow_http: bool,

    /// Takes any certificate, so that anybody on the way can pose as the server. For tests.
    #[arg(long, env = "GRANTEE_DANGER_ACCEPT_INVALID_CERTS", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) danger_accept_invalid_certs: bool,

    /// The grant that brought the held token. Only in a profile.
    #[arg(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) grant: Option<HeldGrant>,

    /// The client's secret itself. Only in a profile, which nobody else may read then.
    #[arg(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_secret: Option<String>,

    /// Whose password it is. Only in a profile: `token password` has it as an option.
    #[arg(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,

    /// A file with the password. Only in a profile: `token password` has it as an option.
    #[arg(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password_file: Option<PathBuf>,

    /// A service account's key file. Only in a profile: `token jwt-bearer` has it as an option.
    #[arg(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_account: Option<PathBuf>,

    /// Whose token a JWT bearer grant brings. Only in a profile: `token jwt-bearer` has it as an option.
    #[arg(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<String>,

    /// What a client of OAuth 1.0 alone has. `oauth1` and `profile save` have it as options.
    #[arg(skip)]
    #[serde(flatten)]
    pub(crate) oauth1: OAuth1Settings,
}

impl Settings {
    /// These settings with what they leave open taken from others.
    pub(crate) fn over(self, below: Self) -> Self {
        let list = |mine: Vec<String>, theirs| if mine.is_empty() { theirs } else { mine };
        // A secret replaces a secret, wherever either is kept.
        let secret_below = if self.client_secret_file.is_some() { None } else { below.client_secret };
        Self {
            issuer: self.issuer.or(below.issuer),
            metadata: self.metadata.or(below.metadata),
            authorization_endpoint: self.authorization_endpoint.or(below.authorization_endpoint),
            token_endpoint: self.token_endpoint.or(below.token_endpoint),
            introspection_endpoint: self.introspection_endpoint.or(below.introspection_endpoint),
            revocation_endpoint: self.revocation_endpoint.or(below.revocation_endpoint),
            userinfo_endpoint: self.userinfo_endpoint.or(below.userinfo_endpoint),
            end_session_endpoint: self.end_session_endpoint.or(below.end_session_endpoint),
            jwks_uri: self.jwks_uri.or(below.jwks_uri),
            client_id: self.client_id.or(below.client_id),
            client_secret_file: self.client_secret_file.or(below.client_secret_file),
            auth: self.auth.or(below.auth),
            basic_raw: self.basic_raw || below.basic_raw,
            key: self.key.or(below.key),
            key_password_file: self.key_password_file.or(below.key_password_file),
            client_assertion_file: self.client_assertion_file.or(below.client_assertion_file),
            client_assertion_command: list(self.client_assertion_command, below.client_assertion_command),
            decryption_key: self.decryption_key.or(below.decryption_key),
            tls_cert: self.tls_cert.or(below.tls_cert),
            tls_key: self.tls_key.or(below.tls_key),
            ca: self.ca.or(below.ca),
            redirect_uri: self.redirect_uri.or(below.redirect_uri),
            scope: list(self.scope, below.scope),
            resource: list(self.resource, below.resource),
            audience: list(self.audience, below.audience),
            param: list(self.param, below.param),
            response_type: self.response_type.or(below.response_type),
            response_mode: self.response_mode.or(below.response_mode),
            nonce: self.nonce.or(below.nonce),
            state: self.state.or(below.state),
            prompt: self.prompt.or(below.prompt),
            max_age: self.max_age.or(below.max_age),
            acr_values: self.acr_values.or(below.acr_values),
            login_hint: self.login_hint.or(below.login_hint),
            claims: self.claims.or(below.claims),
            id_token_alg: self.id_token_alg.or(below.id_token_alg),
            id_token_encryption: self.id_token_encryption.or(below.id_token_encryption),
            trusted_audience: list(self.trusted_audience, below.trusted_audience),
            accept_any_acr: self.accept_any_acr || below.accept_any_acr,
            userinfo: self.userinfo || below.userinfo,
            userinfo_alg: self.userinfo_alg.or(below.userinfo_alg),
            userinfo_encryption: self.userinfo_encryption.or(below.userinfo_encryption),
            proxy: self.proxy.or(below.proxy),
            timeout: self.timeout.or(below.timeout),
            allow_http: self.allow_http || below.allow_http,
            danger_accept_invalid_certs: self.danger_accept_invalid_certs || below.danger_accept_invalid_certs,
            grant: self.grant.or(below.grant),
            client_secret: self.client_secret.or(secret_below),
            username: self.username.or(below.username),
            password_file: self.password_file.or(below.password_file),
            pushed_authorization_request_endpoint: self
                .pushed_authorization_request_endpoint
                .or(below.pushed_authorization_request_endpoint),
            device_authorization_endpoint: self.device_authorization_endpoint.or(below.device_authorization_endpoint),
            backchannel_authentication_endpoint: self
                .backchannel_authentication_endpoint
                .or(below.backchannel_authentication_endpoint),
            registration_endpoint: self.registration_endpoint.or(below.registration_endpoint),
            request_object_key: self.request_object_key.or(below.request_object_key),
            authorization_details: self.authorization_details.or(below.authorization_details),
            dpop_key: self.dpop_key.or(below.dpop_key),
            rules: self.rules.or(below.rules),
            authorization_alg: self.authorization_alg.or(below.authorization_alg),
            authorization_encryption: self.authorization_encryption.or(below.authorization_encryption),
            introspection_alg: self.introspection_alg.or(below.introspection_alg),
            introspection_encryption: self.introspection_encryption.or(below.introspection_encryption),
            service_account: self.service_account.or(below.service_account),
            subject: self.subject.or(below.subject),
            par: self.par || below.par,
            request_object: self.request_object || below.request_object,
            dpop: self.dpop || below.dpop,
            oauth1: self.oauth1.over(below.oauth1),
        }
    }

    /// Whether it names a client of OAuth 2, or a server.
    pub(crate) fn is_of_oauth2(&self) -> bool {
        let said = [&self.issuer, &self.metadata, &self.token_endpoint, &self.client_id];
        self.grant.is_some() || said.into_iter().any(Option::is_some)
    }

    /// The parameters given by `--param`, each a name and a value.
    ///
    /// # Errors
    /// Wrong use when there is no `=`, or when it would carry a secret.
    pub(crate) fn params(&self) -> Result<Vec<(&str, &str)>> {
        self.param.iter().map(|pair| param(pair)).collect()
    }

    /// Whether a secret stands in it literally.
    pub(crate) fn holds_a_secret(&self) -> bool {
        self.client_secret.is_some() || self.proxy.as_deref().is_some_and(has_credentials)
    }

    /// The files it names, for whoever has to find them from elsewhere.
    pub(crate) fn files_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let files = [
            &mut self.client_secret_file,
            &mut self.key,
            &mut self.key_password_file,
            &mut self.client_assertion_file,
            &mut self.decryption_key,
            &mut self.tls_cert,
            &mut self.tls_key,
            &mut self.ca,
            &mut self.password_file,
            &mut self.request_object_key,
            &mut self.dpop_key,
            &mut self.service_account,
        ];
        files.into_iter().flatten().filter(|path| **path != *Path::new("-"))
    }

    /// The file of `--authorization-details @FILE`.
    pub(crate) fn details_file(&self) -> Option<&Path> {
        self.authorization_details.as_deref()?.strip_prefix('@').map(Path::new)
    }

    /// The metadata as a file, unless it is a URL.
    pub(crate) fn metadata_file(&self) -> Option<&Path> {
        self.metadata.as_deref().filter(|place| !is_url(place)).map(Path::new)
    }
}

fn is_url(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// Whether a URL has a user name or a password in it.
pub(crate) fn has_credentials(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    authority.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
}

pub(crate) fn param(pair: &str) -> Result<(&str, &str)> {
    let (name, value) = pair
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| Failure::usage("a parameter has no name or no value").hint("give it as NAME=VALUE"))?;
    const SECRETS: [&str; 12] = [
        "client_secret",
        "password",
        "refresh_token",
        "code",
        "code_verifier",
        "assertion",
        "client_assertion",
        "subject_token",
        "actor_token",
        "id_token_hint",
        "login_hint_token",
        "user_code",
    ];
    if SECRETS.contains(&name) {
        return Err(Failure::usage(format!("{name} is not given as a parameter, since a process list shows those"))
            .hint("secrets come from files, stdin or the environment"));
    }
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_goes_before_the_profile() {
        let option = Settings { scope: vec!["a".into()], client_secret_file: Some("f".into()), ..Settings::default() };
        let profile = Settings {
            scope: vec!["b".into()],
            client_id: Some("c".into()),
            client_secret: Some("s".into()),
            allow_http: true,
            ..Settings::default()
        };
        let both = option.over(profile);
        assert_eq!((both.scope, both.client_id.as_deref(), both.allow_http), (vec!["a".to_owned()], Some("c"), true));
        assert_eq!(both.client_secret, None, "the file given replaces the secret kept");
    }

    #[test]
    fn every_option_is_in_the_environment_by_its_own_name() {
        let command = Settings::augment_args(clap::Command::new("grantee"));
        for argument in command.get_arguments() {
            let name = argument.get_id().as_str();
            let variable = argument.get_env().and_then(std::ffi::OsStr::to_str);
            assert_eq!(variable, Some(format!("GRANTEE_{}", name.to_uppercase()).as_str()));
            assert_eq!(argument.get_long(), Some(name.replace('_', "-").as_str()));
        }
        assert!(command.get_arguments().count() > 50);
    }

    #[test]
    fn credentials_in_a_proxy_url_are_seen() {
        for url in ["http://u:p@proxy:3128", "http://u@proxy/", "u:p@proxy"] {
            assert!(has_credentials(url), "{url}");
        }
        for url in ["http://proxy:3128", "http://proxy/@x", "http://proxy?a@b"] {
            assert!(!has_credentials(url), "{url}");
        }
    }

    #[test]
    fn a_parameter_carries_no_secret() {
        for bad in ["client_secret=x", "password=x", "plain", "=x"] {
            assert!(param(bad).is_err(), "{bad}");
        }
        assert_eq!(param("a=b=c").unwrap(), ("a", "b=c"));
    }
}
