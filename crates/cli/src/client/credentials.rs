//! What the client shows, what it decrypts with, and what it is registered for.

use super::{Setup, environment};
use crate::failure::{Failure, Result};
use crate::input::Stdin;
use crate::keys;
use crate::settings::{AuthMethod, Settings};
use grantee::blocking::ClientBuilder;
use grantee::client_auth::{
    self, ClientSecretBasic, ClientSecretJwt, ClientSecretPost, PrivateKeyJwt, SelfSignedTlsClientAuth, TlsClientAuth,
};
use grantee::jose::{DecryptionKey, Jwk};
use grantee::{ClientAssertion, Error, Secret, assertion};
use std::path::Path;

/// The `enc` of a client that has registered no other (OpenID Connect Registration section 2).
const USUAL_ENC: &str = "A128CBC-HS256";

impl Setup {
    /// How the client shows who it is: as `--auth` says; else by its assertion, its key or its secret, where it has one.
    pub(super) fn authenticated(&self, builder: ClientBuilder, client_id: &str) -> Result<ClientBuilder> {
        let settings = &self.settings;
        let basic_raw = settings.basic_raw;
        // Whatever it authenticates by: ID tokens may be signed with the secret.
        let builder = match &self.secret {
            Some(secret) => builder.client(client_id, secret),
            None => builder.public_client(client_id),
        };
        Ok(match settings.auth {
            None => match (self.assertion()?, self.key()?) {
                (Some(assertion), _) => builder.auth(assertion),
                (None, Some(key)) => {
                    let key = self.in_its_profile(key);
                    signer(&key)?;
                    builder.client_key(client_id, key)
                }
                (None, None) if basic_raw => builder.basic_raw(),
                (None, None) => builder,
            },
            Some(AuthMethod::None) => builder.auth(client_auth::None),
            Some(method) if method.is_by_certificate() && settings.tls_cert.is_none() => {
                return Err(Failure::usage("this way to authenticate needs a certificate")
                    .hint("give --tls-cert FILE and --tls-key FILE"));
            }
            Some(AuthMethod::TlsClientAuth) => builder.auth(TlsClientAuth),
            Some(AuthMethod::SelfSignedTlsClientAuth) => builder.auth(SelfSignedTlsClientAuth),
            Some(AuthMethod::ClientSecretBasic) => {
                let method = ClientSecretBasic::new(self.needed_secret()?);
                builder.auth(if basic_raw { method.raw() } else { method })
            }
            Some(AuthMethod::ClientSecretPost) => builder.auth(ClientSecretPost::new(self.needed_secret()?)),
            Some(AuthMethod::ClientSecretJwt) => builder.auth(ClientSecretJwt::new(self.needed_secret()?)),
            Some(AuthMethod::PrivateKeyJwt) => match (self.assertion()?, self.key()?) {
                (Some(assertion), _) => builder.auth(assertion),
                (None, Some(key)) => builder.auth(signer(&self.in_its_profile(key))?),
                (None, None) => {
                    return Err(Failure::usage("this way to authenticate needs a private key")
                        .hint("give --key FILE, or --client-assertion-file FILE"));
                }
            },
        })
    }

    /// What the client is registered for in OpenID Connect.
    pub(super) fn with_openid(&self, mut builder: ClientBuilder, gets_tokens: bool) -> Result<ClientBuilder> {
        let settings = &self.settings;
        let key = settings.decryption_key.as_deref().map(|file| self.read_key(file)).transpose()?;
        if let Some(key) = &key {
            let key = DecryptionKey::any(key).map_err(|error| Failure::key("--decryption-key", &error))?;
            builder = builder.decryption_key(key);
        }
        if let Some(alg) = &settings.id_token_alg {
            builder = builder.id_token_alg(alg);
        }
        if let Some(alg) = &settings.userinfo_alg {
            builder = builder.userinfo_alg(alg);
        }
        // What no option says is taken as it comes: only what is signed is believed.
        builder = builder.accept_any_encryption();
        if self.takes_what_is_signed(gets_tokens) {
            builder = builder.accept_any_userinfo_alg();
        }
        if let Some(encryption) = &settings.id_token_encryption {
            let (alg, enc) = algorithms(encryption);
            builder = builder.id_token_encryption(alg, enc);
        }
        if let Some(encryption) = &settings.userinfo_encryption {
            let (alg, enc) = algorithms(encryption);
            builder = builder.userinfo_encryption(alg, enc);
        }
        if settings.accept_any_acr {
            builder = builder.accept_any_acr();
        }
        Ok(settings.trusted_audience.iter().fold(builder, ClientBuilder::trusted_audience))
    }

    fn needed_secret(&self) -> Result<Secret> {
        self.secret.clone().ok_or_else(|| {
            Failure::usage("this way to authenticate needs a secret")
                .hint("give --client-secret-file FILE, or GRANTEE_CLIENT_SECRET in the environment")
        })
    }

    pub(super) fn key(&self) -> Result<Option<Jwk>> {
        self.settings.key.as_deref().map(|file| self.read_key(file)).transpose()
    }

    pub(super) fn read_key(&self, file: &Path) -> Result<Jwk> {
        keys::key(file, self.key_password.as_ref())
    }

    /// An assertion that somebody else makes.
    pub(super) fn assertion(&self) -> Result<Option<ClientAssertion>> {
        let settings = &self.settings;
        if let Some(file) = &settings.client_assertion_file {
            return Ok(Some(assertion::file(file)));
        }
        if let Some((program, arguments)) = settings.client_assertion_command.split_first() {
            return Ok(Some(assertion::command(program, arguments)));
        }
        const NAME: &str = "GRANTEE_CLIENT_ASSERTION";
        Ok(environment(NAME)?.map(|_| assertion::env(NAME)))
    }
}

/// The password of the keys that the settings name: from a file, else from the environment.
pub(super) fn key_password(settings: &Settings, stdin: &mut Stdin) -> Result<Option<Secret>> {
    let keys = [&settings.key, &settings.decryption_key, &settings.request_object_key, &settings.dpop_key];
    if keys.into_iter().all(Option::is_none) {
        return Ok(None);
    }
    match &settings.key_password_file {
        Some(file) => stdin.secret_file("the key's password", file).map(Some),
        None => environment("GRANTEE_KEY_PASSWORD"),
    }
}

fn signer(key: &Jwk) -> Result<PrivateKeyJwt> {
    PrivateKeyJwt::from_key(key).map_err(|error| match error {
        Error::Config(why) => Failure::file(format!("--key: {}", why.message)),
        other => other.into(),
    })
}

/// `ALG/ENC`, or `ALG` alone.
pub(super) fn algorithms(encryption: &str) -> (&str, &str) {
    encryption.split_once('/').unwrap_or((encryption, USUAL_ENC))
}
