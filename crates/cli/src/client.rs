//! Settings made into a client of the library, a grant and a session.

mod bound;
mod credentials;
mod grants;
mod held;
mod oauth1;
mod registration;

pub(crate) use grants::asked;
pub(crate) use oauth1::Whose;
pub(crate) use registration::save as save_registration;

use crate::failure::{Failure, Result, usage};
use crate::input::{self, Stdin};
use crate::profile::Profile;
use crate::settings::{Settings, has_credentials};
use grantee::blocking::{Client, ClientBuilder, Session, SessionBuilder};
use grantee::endpoint::discovery::Where;
use grantee::metadata::AuthorizationServer;
use grantee::{Error, Registration, Secret};
use std::path::Path;
use std::time::Duration;
use url::Url;

/// How one setting is said to a client.
type Say = fn(ClientBuilder, &str) -> ClientBuilder;

/// How connections are made, said to a builder of whatever client.
macro_rules! connected {
    ($setup:expr, $builder:expr) => {{
        let settings = &$setup.settings;
        let mut builder = $builder;
        if let Some(ca) = &settings.ca {
            builder = builder.add_ca($crate::input::read_file(ca)?);
        }
        match (&settings.tls_cert, &settings.tls_key) {
            (Some(certificate), Some(key)) => {
                let key = String::from_utf8($crate::input::read_file(key)?)
                    .map_err(|_| $crate::failure::Failure::file("the key of --tls-key is no PEM"))?;
                builder = builder.client_certificate($crate::input::read_file(certificate)?, key);
            }
            (None, None) => {}
            _ => return Err($crate::failure::Failure::usage("--tls-cert and --tls-key go together")),
        }
        if let Some(proxy) = &settings.proxy {
            builder = builder.proxy($crate::client::proxy_with_credentials(proxy)?);
        }
        if let Some(seconds) = settings.timeout {
            let timeout = $crate::client::timeout(seconds)?;
            builder = builder.timeout(timeout).connect_timeout(timeout.min(std::time::Duration::from_secs(10)));
        }
        builder
    }};
}
use connected;

/// Everything a verb works with: the settings laid over each other, and where they came from.
pub(crate) struct Setup {
    pub(crate) profile: Option<Profile>,
    pub(crate) settings: Settings,
    pub(crate) stdin: Stdin,
    /// What the profile itself holds.
    kept: Settings,
    secret: Option<Secret>,
    /// The secret as it came from stdin, to be kept in a profile.
    secret_from_stdin: bool,
    /// The password of the keys that the settings name.
    key_password: Option<Secret>,
    /// The password, once it has been read.
    password: Option<Secret>,
    /// What the profile's client is registered as, where it registered itself.
    registration: Option<Registration>,
}

impl Setup {
    /// From what the command line and the environment say, of a client of OAuth 2.
    pub(crate) fn new(profile: Option<&str>, given: Settings) -> Result<Self> {
        Self::of(profile, given, |kept| kept.oauth1.is_empty(), "is of OAuth 1.0", "grantee oauth1")
    }

    /// As [`new`](Self::new), of a client of OAuth 1.0.
    pub(crate) fn oauth1(profile: Option<&str>, given: Settings) -> Result<Self> {
        let hint = "grantee login, grantee token and grantee call";
        Self::of(profile, given, |kept| !kept.is_of_oauth2(), "is of OAuth 2", hint)
    }

    /// As [`new`](Self::new), to be saved: of a client of either.
    pub(crate) fn of_either(profile: Option<&str>, given: Settings) -> Result<Self> {
        let setup = Self::of(profile, given, |_| true, "", "")?;
        if setup.settings.is_of_oauth2() && !setup.settings.oauth1.is_empty() {
            return Err(Failure::usage(
                "a profile is of OAuth 2 or of OAuth 1.0, and options of both are given or kept",
            )
            .hint("save them under two names"));
        }
        Ok(setup)
    }

    fn of(
        profile: Option<&str>,
        given: Settings,
        fits: fn(&Settings) -> bool,
        other: &str,
        hint: &str,
    ) -> Result<Self> {
        let profile = profile.map(Profile::named).transpose()?;
        let kept = profile.as_ref().map(Profile::load).transpose()?.unwrap_or_default();
        if let Some(profile) = &profile
            && !fits(&kept)
        {
            return Err(Failure::usage(format!(
                "the profile {} {other}, which this verb does not speak",
                profile.name()
            ))
            .hint(format!("it is for {hint}")));
        }
        let given_secret_file = given.client_secret_file.is_some();
        let settings = given.over(kept.clone());
        let mut setup = Self {
            profile,
            settings,
            stdin: Stdin::default(),
            kept,
            secret: None,
            secret_from_stdin: false,
            key_password: None,
            password: None,
            registration: None,
        };
        setup.read_secret(given_secret_file)?;
        setup.take_up_registration()?;
        setup.key_password = credentials::key_password(&setup.settings, &mut setup.stdin)?;
        Ok(setup)
    }

    /// The secret: from a file that was named for this run, else from the environment, else what the profile holds.
    fn read_secret(&mut self, given_file: bool) -> Result<()> {
        let from_environment = environment("GRANTEE_CLIENT_SECRET")?.filter(|_| !given_file);
        self.secret = match (from_environment, &self.settings.client_secret, &self.settings.client_secret_file) {
            (Some(secret), ..) => Some(secret),
            (None, Some(secret), _) => Some(Secret::new(secret)),
            (None, None, Some(file)) => {
                self.secret_from_stdin = file == Path::new("-");
                let secret = self.stdin.secret_file("the client secret", file)?;
                if secret.is_empty() {
                    return Err(Failure::file("the client secret is empty"));
                }
                Some(secret)
            }
            (None, None, None) => None,
        };
        Ok(())
    }

    /// The client. That of a service account needs no server and no name beside its file.
    pub(crate) fn client(&self) -> Result<Client> {
        match self.service_account()? {
            Some(account) if !self.names_a_server() => {
                let client_id = self.settings.client_id.as_deref().unwrap_or(account.client_email());
                self.built_on(Client::service_account(&account), client_id, true)
            }
            _ => self.built_on(self.server()?, self.client_id()?, true),
        }
    }

    /// The client of a server that is known otherwise than from the settings.
    pub(crate) fn client_on(&self, server: ClientBuilder) -> Result<Client> {
        let client_id = self.client_id()?;
        self.built_on(server, client_id, true)
    }

    /// A client for whoever only reads metadata.
    pub(crate) fn anonymous_client(&self, server: Option<ClientBuilder>) -> Result<Client> {
        let server = match server {
            Some(server) => server,
            None => self.server()?,
        };
        self.built_on(server, self.settings.client_id.as_deref().unwrap_or("-"), false)
    }

    fn client_id(&self) -> Result<&str> {
        self.settings.client_id.as_deref().ok_or_else(|| self.missing("no client is named", "--client-id ID"))
    }

    /// `gets_tokens` is a client that does more than read metadata: it keeps to the rules, and where tokens are to be bound to a
    /// key and there is none yet, one is made.
    fn built_on(&self, server: ClientBuilder, client_id: &str, gets_tokens: bool) -> Result<Client> {
        let settings = &self.settings;
        self.configured(server, client_id, gets_tokens)?.build().map_err(|error| match error {
            // What else can't work was looked at before.
            Error::Config(why) if settings.rules.is_none() && why.message.contains("certificate") => {
                Failure::file(why.message)
            }
            other => other.into(),
        })
    }

    /// Whether this run, and not the profile alone, says who is about to log in.
    pub(crate) fn says_login_hint(&self) -> bool {
        self.settings.login_hint.is_some() && self.settings.login_hint != self.kept.login_hint
    }

    /// The rest of a client, whatever its server is.
    fn configured(&self, server: ClientBuilder, client_id: &str, gets_tokens: bool) -> Result<ClientBuilder> {
        let settings = &self.settings;
        let builder = self.with_endpoints(server);
        let builder = self.with_connection(builder)?;
        let builder = match &self.registration {
            Some(kept) if kept.client_id == client_id => builder.registration(kept),
            _ => builder,
        };
        let builder = self.authenticated(builder, client_id)?;
        let builder = self.with_openid(builder, gets_tokens)?;
        let builder = self.with_requests(builder, gets_tokens)?;
        let builder = self.with_token_type(builder, gets_tokens)?;
        let builder = match &settings.redirect_uri {
            Some(redirect_uri) => builder.redirect_uri(redirect_uri),
            None => builder,
        };
        let builder = match settings.rules {
            // Whoever only looks is told what is broken, and not refused.
            Some(rules) if gets_tokens => builder.rules(rules.rules()),
            _ => builder,
        };
        let builder = if settings.allow_http { builder.danger().allow_http() } else { builder };
        Ok(if settings.danger_accept_invalid_certs { builder.danger().accept_invalid_certs() } else { builder })
    }

    fn names_a_server(&self) -> bool {
        let settings = &self.settings;
        settings.issuer.is_some() || settings.metadata.is_some() || self.endpoints().any(|(_, url)| url.is_some())
    }

    fn server(&self) -> Result<ClientBuilder> {
        let settings = &self.settings;
        if let Some(file) = settings.metadata_file() {
            let metadata = AuthorizationServer::parse(&input::read_file(file)?)?;
            if let (Some(asked), Some(named)) = (&settings.issuer, &metadata.issuer)
                && asked != named
            {
                return Err(Failure::usage(format!(
                    "the metadata in {} are those of another issuer than --issuer says",
                    file.display()
                )));
            }
            return Ok(Client::with_metadata(metadata));
        }
        if let Some(url) = &settings.metadata {
            return Ok(Client::discover(Where::DocumentUrl { url: url.clone(), issuer: settings.issuer.clone() }));
        }
        if let Some(issuer) = &settings.issuer {
            return Ok(Client::discover(issuer.as_str()));
        }
        if !self.names_a_server() {
            return Err(self.missing("no server is named", "--issuer URL, or --token-endpoint URL"));
        }
        Ok(Client::with_metadata(AuthorizationServer::default()))
    }

    /// The single endpoints, each with how it is said to a client.
    fn endpoints(&self) -> impl Iterator<Item = (Say, Option<&str>)> {
        let settings = &self.settings;
        let endpoints: [(Say, &Option<String>); 11] = [
            (|builder, url| builder.authorization_endpoint(url), &settings.authorization_endpoint),
            (|builder, url| builder.token_endpoint(url), &settings.token_endpoint),
            (|builder, url| builder.introspection_endpoint(url), &settings.introspection_endpoint),
            (|builder, url| builder.revocation_endpoint(url), &settings.revocation_endpoint),
            (|builder, url| builder.userinfo_endpoint(url), &settings.userinfo_endpoint),
            (|builder, url| builder.end_session_endpoint(url), &settings.end_session_endpoint),
            (
                |builder, url| builder.pushed_authorization_request_endpoint(url),
                &settings.pushed_authorization_request_endpoint,
            ),
            (|builder, url| builder.device_authorization_endpoint(url), &settings.device_authorization_endpoint),
            (
                |builder, url| builder.backchannel_authentication_endpoint(url),
                &settings.backchannel_authentication_endpoint,
            ),
            (|builder, url| builder.registration_endpoint(url), &settings.registration_endpoint),
            (|builder, url| builder.jwks_uri(url), &settings.jwks_uri),
        ];
        endpoints.into_iter().map(|(say, url)| (say, url.as_deref()))
    }

    /// Single endpoints go before those of the metadata.
    fn with_endpoints(&self, builder: ClientBuilder) -> ClientBuilder {
        self.endpoints().fold(builder, |builder, (say, url)| match url {
            Some(url) => say(builder, url),
            None => builder,
        })
    }

    fn with_connection(&self, builder: ClientBuilder) -> Result<ClientBuilder> {
        Ok(connected!(self, builder))
    }

    /// What lacks, with what to do in this situation.
    fn missing(&self, what: &str, option: &str) -> Failure {
        match &self.profile {
            Some(profile) if !profile.exists() => {
                Failure::usage(format!("{what}, and there is no profile {}", profile.name()))
                    .hint(format!("give {option}"))
            }
            _ => Failure::usage(what).hint(format!("give {option}, or a profile that says it")),
        }
    }

    /// Writes the settings into the profile.
    pub(crate) fn save_profile(&mut self) -> Result<()> {
        let Some(profile) = &self.profile else { return Ok(()) };
        let mut settings = self.settings.clone();
        if self.secret_from_stdin {
            // It can be read only this once.
            settings.client_secret = self.secret.as_ref().map(|secret| secret.reveal().to_owned());
            settings.client_secret_file = None;
        }
        if settings.password_file.as_deref() == Some(Path::new("-")) {
            settings.password_file = None;
        }
        if settings.key_password_file.as_deref() == Some(Path::new("-")) {
            settings.key_password_file = None;
        }
        if settings.proxy.as_deref().is_some_and(has_credentials) && self.kept.proxy != settings.proxy {
            settings.proxy = settings.proxy.as_deref().map(without_credentials).transpose()?;
        }
        if settings == self.kept {
            return Ok(());
        }
        profile.save(&settings)
    }
}

/// A held session built, for a profile or, without one, by client credentials in memory.
pub(crate) fn build(builder: SessionBuilder) -> Result<Session> {
    builder.build().map_err(Into::into)
}

/// A secret of the environment.
fn environment(name: &str) -> Result<Option<Secret>> {
    match std::env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(Secret::new(value))),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(Failure::usage(format!("{name} is not UTF-8"))),
    }
}

/// `--timeout`.
pub(crate) fn timeout(seconds: f64) -> Result<Duration> {
    let timeout = Duration::try_from_secs_f64(seconds).ok().filter(|timeout| !timeout.is_zero());
    timeout.ok_or_else(|| Failure::usage("--timeout is no number of seconds above 0"))
}

/// `--proxy`, with the credentials that the environment holds.
pub(crate) fn proxy_with_credentials(proxy: &str) -> Result<Secret> {
    let Some(username) = environment("GRANTEE_PROXY_USERNAME")? else { return Ok(Secret::new(proxy)) };
    let mut url = proxy_url(proxy)?;
    let password = environment("GRANTEE_PROXY_PASSWORD")?;
    let set =
        url.set_username(username.reveal()).and_then(|()| url.set_password(password.as_ref().map(Secret::reveal)));
    set.map_err(|()| Failure::usage("the proxy's URL can have no credentials"))?;
    Ok(Secret::new(String::from(url)))
}

fn without_credentials(proxy: &str) -> Result<String> {
    let mut url = proxy_url(proxy)?;
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    Ok(String::from(url))
}

fn proxy_url(proxy: &str) -> Result<Url> {
    Url::parse(proxy).map_err(|_| usage("the proxy is no URL, as in http://proxy.example:3128"))
}
