//! Settings made into a client of OAuth 1.0, and whose requests it signs.

mod provider;

use super::{Setup, connected, environment};
use crate::args::oauth1::TokenArgs;
use crate::failure::{Failure, Result};
use crate::settings::oauth1::{BodyHash, CredentialsMethod, MethodName};
use crate::settings::param;
use crate::{input, keys};
use grantee::blocking::SessionBuilder;
use grantee::blocking::oauth1::{Client, ClientBuilder};
#[cfg(feature = "rsa-sha1")]
use grantee::oauth1::RsaSha1;
use grantee::oauth1::{
    Config, HmacSha1, HmacSha256, HmacSha512, Plaintext, RsaSha256, RsaSha512, Signing, token_credentials,
};
use grantee::{Error, Secret, Token};
use http::Method;
use std::path::Path;

/// How one setting is said to a client.
type Say = fn(ClientBuilder, &str) -> ClientBuilder;

/// Whose requests are signed.
pub(crate) enum Whose {
    /// Of the person whose token was given.
    Given(Box<Token>),
    /// Of the person whose token the profile holds.
    Held,
    /// The client's own.
    Nobody,
}

impl Setup {
    /// The client, with the callback of this login.
    pub(crate) fn oauth1_client(&self, callback: Option<&str>) -> Result<Client> {
        let settings = &self.settings;
        let mut builder = connected!(self, Client::builder(self.consumer_key()?, self.consumer_secret()?));
        if let Some(preset) = self.preset()? {
            builder = builder.preset(&*preset);
        }
        builder = builder.signing(self.signing()?);
        let server = &settings.oauth1.server;
        let endpoints: [(Say, &Option<String>); 3] = [
            (|builder, url| builder.temporary_credentials_endpoint(url), &server.temporary_credentials_endpoint),
            (|builder, url| builder.authorization_endpoint(url), &settings.authorization_endpoint),
            (|builder, url| builder.token_credentials_endpoint(url), &server.token_credentials_endpoint),
        ];
        for (say, url) in endpoints {
            if let Some(url) = url {
                builder = say(builder, url);
            }
        }
        if let Some(method) = server.credentials_method {
            builder = builder.credentials_method(match method {
                CredentialsMethod::Get => Method::GET,
                CredentialsMethod::Post => Method::POST,
            });
        }
        for pair in &server.temporary_credentials_param {
            let (name, value) = param(pair)?;
            builder = builder.temporary_credentials_parameter(name, value);
        }
        for (name, value) in settings.params()? {
            builder = builder.authorization_parameter(name, value);
        }
        if let Some(callback) = callback {
            builder = builder.callback(callback);
        }
        if settings.allow_http {
            builder = builder.danger().allow_http();
        }
        if settings.danger_accept_invalid_certs {
            builder = builder.danger().accept_invalid_certs();
        }
        Ok(builder.build()?)
    }

    pub(crate) fn consumer_key(&self) -> Result<&str> {
        let key = self.settings.oauth1.signing.consumer_key.as_deref().filter(|key| !key.is_empty());
        key.ok_or_else(|| self.missing("no client is named", "--consumer-key KEY"))
    }

    /// The shared secret, which an RSA key makes needless.
    pub(crate) fn consumer_secret(&self) -> Result<Secret> {
        match &self.secret {
            Some(secret) => Ok(secret.clone()),
            None if self.method().is_by_key() => Ok(Secret::default()),
            None => Err(Failure::usage("requests are signed with the client's secret, and there is none")
                .hint("give --client-secret-file FILE, or GRANTEE_CLIENT_SECRET in the environment")),
        }
    }

    fn method(&self) -> MethodName {
        self.settings.oauth1.signing.signature_method.unwrap_or_default()
    }

    /// How requests are signed.
    pub(crate) fn signing(&self) -> Result<Signing> {
        let settings = &self.settings.oauth1.signing;
        let method = self.method();
        // A method that is said may leave the profile's key alone.
        if self.settings.key.is_some() && settings.signature_method.is_none() {
            return Err(Failure::usage("a private key is given, and the signature method signs by a shared secret")
                .hint("give --signature-method RSA-SHA1, RSA-SHA256 or RSA-SHA512"));
        }
        let refused = |error: Error| match error {
            Error::Config(why) => {
                let failure = Failure::file(format!("--key: {}", why.message));
                match why.hint {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                }
            }
            other => other.into(),
        };
        let mut signing = match self.preset()? {
            Some(preset) => {
                let mut config = Config::new("", "");
                preset.settle(&mut config);
                config.signing().clone()
            }
            None => Signing::new(),
        };
        signing = match method {
            _ if settings.signature_method.is_none() => signing,
            MethodName::HmacSha1 => signing.method(HmacSha1),
            MethodName::HmacSha256 => signing.method(HmacSha256),
            MethodName::HmacSha512 => signing.method(HmacSha512),
            #[cfg(feature = "rsa-sha1")]
            MethodName::RsaSha1 => signing.method(RsaSha1::from_pem(self.rsa_pem()?.reveal()).map_err(refused)?),
            MethodName::RsaSha256 => signing.method(RsaSha256::from_pem(self.rsa_pem()?.reveal()).map_err(refused)?),
            MethodName::RsaSha512 => signing.method(RsaSha512::from_pem(self.rsa_pem()?.reveal()).map_err(refused)?),
            MethodName::Plaintext => signing.method(Plaintext),
        };
        if let Some(placement) = settings.placement {
            signing = signing.placement(placement.into());
        }
        if let Some(realm) = &settings.realm {
            signing = signing.realm(realm);
        }
        if settings.no_version {
            signing = signing.without_version();
        }
        signing = match settings.body_hash {
            None => signing,
            Some(BodyHash::Auto) => signing.with_body_hash(),
            Some(BodyHash::Always) => signing.body_hash_always(),
            Some(BodyHash::Never) => signing.without_body_hash(),
        };
        Ok(if self.settings.allow_http { signing.danger_allow_http() } else { signing })
    }

    /// The private key in PEM: servers of OAuth 1.0 have keys that are too short for a JWK.
    fn rsa_pem(&self) -> Result<Secret> {
        let file = self.settings.key.as_deref().ok_or_else(|| {
            Failure::usage("this signature method needs a private RSA key").hint("give --key FILE (JWK or PEM)")
        })?;
        if file != Path::new("-")
            && let Ok(text) = String::from_utf8(input::read_file(file)?)
            && text.contains("-----BEGIN ")
            && !text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----")
        {
            return Ok(Secret::new(text));
        }
        let key = keys::key(file, self.key_password.as_ref())?;
        let pem = key.to_private_pem().map_err(|error| Failure::key("--key", &error))?;
        Ok(Secret::new(pem.as_str()))
    }

    /// Whose requests the options say; without any, the profile's person.
    pub(crate) fn whose(&mut self, args: &TokenArgs) -> Result<Whose> {
        let Some(given) = &args.token else {
            return Ok(if args.two_legged || self.profile.is_none() { Whose::Nobody } else { Whose::Held });
        };
        let token = self.stdin.referred("the token", given)?;
        let token = token.reveal().trim();
        if token.is_empty() {
            return Err(Failure::file("the token is empty"));
        }
        let secret = match &args.token_secret_file {
            Some(file) => self.stdin.secret_file("the token's secret", file)?,
            None => match environment("GRANTEE_TOKEN_SECRET")? {
                Some(secret) => secret,
                // A key signs alone; a token whose secret is empty is said to have one, and that it is.
                None if self.method().is_by_key() || std::env::var_os("GRANTEE_TOKEN_SECRET").is_some() => {
                    Secret::default()
                }
                None => {
                    return Err(Failure::usage("requests are signed with the token's secret too, and there is none")
                        .hint(
                            "give --token-secret-file FILE, or GRANTEE_TOKEN_SECRET in the environment, empty if it is",
                        ));
                }
            },
        };
        Ok(Whose::Given(Box::new(token_credentials::token(token, secret))))
    }

    /// The session whose requests are signed.
    pub(crate) fn oauth1_session(&self, client: &Client, whose: Whose) -> Result<SessionBuilder> {
        Ok(match (whose, &self.profile) {
            (Whose::Given(token), _) => client.session_of(*token),
            (Whose::Held, Some(profile)) => client.session().account(profile.name()).store(profile.tokens()?),
            (Whose::Held | Whose::Nobody, _) => client.two_legged(),
        })
    }

    /// Keeps a token that has just come, and the settings it came by, in the profile, where there is one.
    pub(crate) fn keep_oauth1(&mut self, client: &Client, token: &Token) -> Result<()> {
        if self.profile.is_none() {
            return Ok(());
        }
        self.oauth1_session(client, Whose::Held)?.token(token.clone()).build()?.save()?;
        self.forget_danger();
        self.save_profile()
    }

    /// Says how to log in, where that is what is needed.
    pub(crate) fn oauth1_log_in(&self, error: Error) -> Failure {
        let failure = Failure::from(error);
        match &self.profile {
            Some(profile) if failure.needs_login() => {
                failure.hint_if_none(|| format!("grantee oauth1 login --profile {}", profile.name()))
            }
            _ => failure,
        }
    }
}
