//! Options of OAuth 1.0 clients (RFC 5849): read from the command line, the environment and a profile alike. What such a client
//! has in common with one of OAuth 2 is in [`Settings`](super::Settings).

use clap::{Args, ValueEnum};
use grantee::oauth1::Placement;
use serde::{Deserialize, Serialize};

/// A signature method, by the name that goes over the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum MethodName {
    #[default]
    #[value(name = "HMAC-SHA1")]
    #[serde(rename = "HMAC-SHA1")]
    HmacSha1,
    #[value(name = "HMAC-SHA256")]
    #[serde(rename = "HMAC-SHA256")]
    HmacSha256,
    #[value(name = "HMAC-SHA512")]
    #[serde(rename = "HMAC-SHA512")]
    HmacSha512,
    #[cfg(feature = "rsa-sha1")]
    #[value(name = "RSA-SHA1")]
    #[serde(rename = "RSA-SHA1")]
    RsaSha1,
    #[value(name = "RSA-SHA256")]
    #[serde(rename = "RSA-SHA256")]
    RsaSha256,
    #[value(name = "RSA-SHA512")]
    #[serde(rename = "RSA-SHA512")]
    RsaSha512,
    #[value(name = "PLAINTEXT")]
    #[serde(rename = "PLAINTEXT")]
    Plaintext,
}

impl MethodName {
    /// Whether a private key signs, and no shared secret.
    pub(crate) fn is_by_key(self) -> bool {
        match self {
            #[cfg(feature = "rsa-sha1")]
            Self::RsaSha1 => true,
            Self::RsaSha256 | Self::RsaSha512 => true,
            Self::HmacSha1 | Self::HmacSha256 | Self::HmacSha512 | Self::Plaintext => false,
        }
    }
}

/// Of which bodies the digest is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BodyHash {
    /// Of one that is no form.
    Auto,
    /// Of an empty one as well.
    Always,
    /// Of none: a body that is no form is then not signed.
    Never,
}

/// Where the parameters of the protocol go (RFC 5849 section 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PlacementName {
    Header,
    Body,
    Query,
}

impl From<PlacementName> for Placement {
    fn from(name: PlacementName) -> Self {
        match name {
            PlacementName::Header => Self::Header,
            PlacementName::Body => Self::Body,
            PlacementName::Query => Self::Query,
        }
    }
}

/// A provider of which endpoints and deviations are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub(crate) enum ProviderName {
    /// Parameters: screen_name; force_login, read_only and sign_in, each true.
    X,
    /// Parameter: user_agent, which names the program.
    Discogs,
    /// Parameters: name, which the person is shown; scope; expiration.
    Trello,
    Tumblr,
    /// Parameter: perms, one of read, write, delete.
    Flickr,
    /// Parameter: account.
    NetSuite,
}

/// By what method credentials are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[value(rename_all = "UPPER")]
pub(crate) enum CredentialsMethod {
    Get,
    Post,
}

/// Everything that can be said about a client of OAuth 1.0 alone.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct OAuth1Settings {
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) signing: SigningSettings,

    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) server: ServerSettings,
}

/// Who signs, and how.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize)]
#[serde(default)]
#[command(next_help_heading = "Options of OAuth 1.0 clients (also in a profile, and as GRANTEE_… in the environment)")]
pub(crate) struct SigningSettings {
    /// The client's identifier, as the provider shows it.
    #[arg(long, env = "GRANTEE_CONSUMER_KEY", hide_env = true, value_name = "KEY", allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) consumer_key: Option<String>,

    /// How requests are signed; HMAC-SHA1 unless said.
    #[arg(long, env = "GRANTEE_SIGNATURE_METHOD", hide_env = true, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signature_method: Option<MethodName>,

    /// Where the OAuth parameters go; into the Authorization header unless said. A body that takes them is a form.
    #[arg(long, env = "GRANTEE_PLACEMENT", hide_env = true, value_name = "PLACE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) placement: Option<PlacementName>,

    /// The realm in the header. It is not signed.
    #[arg(long, env = "GRANTEE_REALM", hide_env = true, value_name = "REALM")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) realm: Option<String>,

    /// Leaves oauth_version out.
    #[arg(long, env = "GRANTEE_NO_VERSION", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) no_version: bool,

    /// Whether oauth_body_hash is sent; as the provider has it unless said, else auto.
    #[arg(long, env = "GRANTEE_BODY_HASH", hide_env = true, value_name = "WHEN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body_hash: Option<BodyHash>,
}

/// The server, and where the person comes back to from it.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ServerSettings {
    /// A provider whose endpoints and deviations are known; what is said besides goes before.
    #[arg(long, env = "GRANTEE_PROVIDER", hide_env = true, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<ProviderName>,

    /// Parameters of the provider.
    #[arg(long, env = "GRANTEE_PROVIDER_PARAM", hide_env = true, value_name = "K=V", num_args = 1.., value_delimiter = '\n')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) provider_param: Vec<String>,

    /// Where a login starts (RFC 5849 section 2.1).
    #[arg(long, env = "GRANTEE_TEMPORARY_CREDENTIALS_ENDPOINT", hide_env = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temporary_credentials_endpoint: Option<String>,

    /// Where a login ends (RFC 5849 section 2.3). The profile's token is kept under it.
    #[arg(long, env = "GRANTEE_TOKEN_CREDENTIALS_ENDPOINT", hide_env = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_credentials_endpoint: Option<String>,

    /// By what method both kinds of credentials are asked for; POST unless said.
    #[arg(long, env = "GRANTEE_CREDENTIALS_METHOD", hide_env = true, value_name = "METHOD")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credentials_method: Option<CredentialsMethod>,

    /// Further parameters of the request for temporary credentials.
    #[arg(long, env = "GRANTEE_TEMPORARY_CREDENTIALS_PARAM", hide_env = true, value_name = "K=V", num_args = 1.., value_delimiter = '\n')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) temporary_credentials_param: Vec<String>,

    /// Where the person comes back to; `oob` where the server shows them a code. `login` listens there when it is http on this machine, and on any free port unless it is given.
    #[arg(long, env = "GRANTEE_CALLBACK", hide_env = true, value_name = "URI|oob")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) callback: Option<String>,
}

impl OAuth1Settings {
    /// Whether anything is said.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These settings with what they leave open taken from others.
    pub(crate) fn over(self, below: Self) -> Self {
        let list = |mine: Vec<String>, theirs| if mine.is_empty() { theirs } else { mine };
        let (signing, server) = (self.signing, self.server);
        let (signing_below, server_below) = (below.signing, below.server);
        Self {
            signing: SigningSettings {
                consumer_key: signing.consumer_key.or(signing_below.consumer_key),
                signature_method: signing.signature_method.or(signing_below.signature_method),
                placement: signing.placement.or(signing_below.placement),
                realm: signing.realm.or(signing_below.realm),
                no_version: signing.no_version || signing_below.no_version,
                body_hash: signing.body_hash.or(signing_below.body_hash),
            },
            server: ServerSettings {
                provider: server.provider.or(server_below.provider),
                provider_param: list(server.provider_param, server_below.provider_param),
                credentials_method: server.credentials_method.or(server_below.credentials_method),
                temporary_credentials_param: list(
                    server.temporary_credentials_param,
                    server_below.temporary_credentials_param,
                ),
                temporary_credentials_endpoint: server
                    .temporary_credentials_endpoint
                    .or(server_below.temporary_credentials_endpoint),
                token_credentials_endpoint: server
                    .token_credentials_endpoint
                    .or(server_below.token_credentials_endpoint),
                callback: server.callback.or(server_below.callback),
            },
        }
    }

    /// Settings with something everywhere, for the names they have.
    pub(crate) fn full() -> Self {
        let text = || Some(String::new());
        Self {
            signing: SigningSettings {
                consumer_key: text(),
                signature_method: Some(MethodName::HmacSha1),
                placement: Some(PlacementName::Header),
                realm: text(),
                no_version: true,
                body_hash: Some(BodyHash::Never),
            },
            server: ServerSettings {
                provider: Some(ProviderName::X),
                provider_param: vec![String::new()],
                credentials_method: Some(CredentialsMethod::Get),
                temporary_credentials_param: vec![String::new()],
                temporary_credentials_endpoint: text(),
                token_credentials_endpoint: text(),
                callback: text(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_has_the_name_that_goes_over_the_wire() {
        for method in MethodName::value_variants() {
            let name = method.to_possible_value().unwrap().get_name().to_owned();
            assert_eq!(serde_json::to_value(method).unwrap(), name.as_str());
            assert_eq!(method.is_by_key(), name.starts_with("RSA-"));
        }
    }

    #[test]
    fn an_option_goes_before_the_profile() {
        let mut mine = OAuth1Settings::default();
        mine.signing.realm = Some("mine".into());
        let both = mine.over(OAuth1Settings::full());
        assert_eq!((both.signing.realm.as_deref(), both.signing.no_version), (Some("mine"), true));
        assert!(OAuth1Settings::default().is_empty() && !both.is_empty());
    }

    #[test]
    fn every_option_is_in_the_environment_by_its_own_name() {
        let command = OAuth1Settings::augment_args(clap::Command::new("grantee"));
        for argument in command.get_arguments() {
            let name = argument.get_id().as_str();
            let variable = argument.get_env().and_then(std::ffi::OsStr::to_str);
            assert_eq!(variable, Some(format!("GRANTEE_{}", name.to_uppercase()).as_str()));
            assert_eq!(argument.get_long(), Some(name.replace('_', "-").as_str()));
        }
    }
}
