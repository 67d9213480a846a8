//! Settings made into a client of the library, a grant and a session.

mod credentials;
mod held;

use crate::failure::{Failure, Result, usage};
use crate::input::{self, Stdin};
use crate::profile::Profile;
use crate::settings::{HeldGrant, Settings, has_credentials};
use grantee::blocking::{Client, ClientBuilder, Session, SessionBuilder};
use grantee::endpoint::discovery::Where;
use grantee::grant::{GrantContext, TokenParameters};
use grantee::legacy::Password;
use grantee::metadata::AuthorizationServer;
use grantee::ports::BoxFuture;
use grantee::{ClientCredentials, Error, Grant, Params, Secret, Stored, Token};
use std::path::Path;
use std::time::Duration;
use url::Url;

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
}

impl Setup {
    /// From what the command line and the environment say.
    pub(crate) fn new(profile: Option<&str>, given: Settings) -> Result<Self> {
        let profile = profile.map(Profile::named).transpose()?;
        let kept = profile.as_ref().map(Profile::load).transpose()?.unwrap_or_default();
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
        };
        setup.read_secret(given_secret_file)?;
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

    pub(crate) fn has_secret(&self) -> bool {
        self.secret.is_some()
    }

    /// The client.
    pub(crate) fn client(&self) -> Result<Client> {
        let client_id = self.client_id()?;
        self.built(client_id)
    }

    /// The client of a server that is known otherwise than from the settings.
    pub(crate) fn client_on(&self, server: ClientBuilder) -> Result<Client> {
        let client_id = self.client_id()?;
        self.built_on(server, client_id)
    }

    /// A client for whoever only reads metadata.
    pub(crate) fn anonymous_client(&self, server: Option<ClientBuilder>) -> Result<Client> {
        let server = match server {
            Some(server) => server,
            None => self.server()?,
        };
        self.built_on(server, self.settings.client_id.as_deref().unwrap_or("-"))
    }

    fn client_id(&self) -> Result<&str> {
        self.settings.client_id.as_deref().ok_or_else(|| self.missing("no client is named", "--client-id ID"))
    }

    fn built(&self, client_id: &str) -> Result<Client> {
        self.built_on(self.server()?, client_id)
    }

    fn built_on(&self, server: ClientBuilder, client_id: &str) -> Result<Client> {
        self.configured(server, client_id)?.build().map_err(|error| match error {
            // What else can't work was looked at before.
            Error::Config(why) if why.message.contains("certificate") => Failure::file(why.message),
            other => other.into(),
        })
    }

    /// The rest of a client, whatever its server is.
    fn configured(&self, server: ClientBuilder, client_id: &str) -> Result<ClientBuilder> {
        let settings = &self.settings;
        let builder = self.with_endpoints(server);
        let builder = self.with_connection(builder)?;
        let builder = self.authenticated(builder, client_id)?;
        let builder = self.with_openid(builder)?;
        let builder = match &settings.redirect_uri {
            Some(redirect_uri) => builder.redirect_uri(redirect_uri),
            None => builder,
        };
        let builder = if settings.allow_http { builder.danger().allow_http() } else { builder };
        Ok(if settings.danger_accept_invalid_certs { builder.danger().accept_invalid_certs() } else { builder })
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
        let endpoints = [
            &settings.token_endpoint,
            &settings.authorization_endpoint,
            &settings.introspection_endpoint,
            &settings.revocation_endpoint,
            &settings.userinfo_endpoint,
            &settings.end_session_endpoint,
        ];
        if endpoints.into_iter().all(Option::is_none) {
            return Err(self.missing("no server is named", "--issuer URL, or --token-endpoint URL"));
        }
        Ok(Client::with_metadata(AuthorizationServer::default()))
    }

    /// Single endpoints go before those of the metadata.
    fn with_endpoints(&self, mut builder: ClientBuilder) -> ClientBuilder {
        let settings = &self.settings;
        if let Some(url) = &settings.authorization_endpoint {
            builder = builder.authorization_endpoint(url);
        }
        if let Some(url) = &settings.token_endpoint {
            builder = builder.token_endpoint(url);
        }
        if let Some(url) = &settings.introspection_endpoint {
            builder = builder.introspection_endpoint(url);
        }
        if let Some(url) = &settings.revocation_endpoint {
            builder = builder.revocation_endpoint(url);
        }
        if let Some(url) = &settings.userinfo_endpoint {
            builder = builder.userinfo_endpoint(url);
        }
        if let Some(url) = &settings.end_session_endpoint {
            builder = builder.end_session_endpoint(url);
        }
        if let Some(url) = &settings.jwks_uri {
            builder = builder.jwks_uri(url);
        }
        builder
    }

    fn with_connection(&self, mut builder: ClientBuilder) -> Result<ClientBuilder> {
        let settings = &self.settings;
        if let Some(ca) = &settings.ca {
            builder = builder.add_ca(input::read_file(ca)?);
        }
        match (&settings.tls_cert, &settings.tls_key) {
            (Some(certificate), Some(key)) => {
                let key = String::from_utf8(input::read_file(key)?)
                    .map_err(|_| Failure::file("the key of --tls-key is no PEM"))?;
                builder = builder.client_certificate(input::read_file(certificate)?, key);
            }
            (None, None) => {}
            _ => return Err(Failure::usage("--tls-cert and --tls-key go together")),
        }
        if let Some(proxy) = &settings.proxy {
            builder = builder.proxy(proxy_with_credentials(proxy)?);
        }
        if let Some(seconds) = settings.timeout {
            let timeout = timeout(seconds)?;
            builder = builder.timeout(timeout).connect_timeout(timeout.min(Duration::from_secs(10)));
        }
        Ok(builder)
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

    /// What any grant asks for beside its own parameters.
    pub(crate) fn parameters(&self) -> Result<TokenParameters> {
        let settings = &self.settings;
        let mut parameters = TokenParameters::default();
        if !settings.scope.is_empty() {
            parameters.scope = Some(settings.scope.join(" ").into());
        }
        parameters.resources.clone_from(&settings.resource);
        parameters.audiences.clone_from(&settings.audience);
        for (name, value) in settings.params()? {
            parameters.other.push(name, value);
        }
        Ok(parameters)
    }

    pub(crate) fn client_credentials(&self) -> Result<ClientCredentials> {
        let mut grant = ClientCredentials::new();
        if !self.settings.scope.is_empty() {
            grant = grant.scope(self.settings.scope.join(" "));
        }
        grant = self.settings.resource.iter().fold(grant, ClientCredentials::resource);
        grant = self.settings.audience.iter().fold(grant, ClientCredentials::audience);
        Ok(self.settings.params()?.into_iter().fold(grant, |grant, (name, value)| grant.param(name, value)))
    }

    /// Reads the password from a file that was named for this run, which goes before the environment.
    pub(crate) fn read_password(&mut self, file: std::path::PathBuf) -> Result<()> {
        self.password = Some(self.stdin.secret_file("the password", &file)?);
        self.settings.password_file = Some(file);
        Ok(())
    }

    /// The password grant, where its password is at hand: from the environment, or from the profile's file.
    pub(crate) fn password(&mut self) -> Result<Option<Password>> {
        let Some(username) = self.settings.username.clone() else { return Ok(None) };
        if self.password.is_none() {
            self.password = environment("GRANTEE_PASSWORD")?;
        }
        if let (None, Some(file)) = (&self.password, &self.settings.password_file) {
            self.password = Some(self.stdin.secret_file("the password", file)?);
        }
        let Some(password) = &self.password else { return Ok(None) };
        let mut grant = Password::new(username, password);
        if !self.settings.scope.is_empty() {
            grant = grant.scope(self.settings.scope.join(" "));
        }
        grant = self.settings.resource.iter().fold(grant, Password::resource);
        grant = self.settings.audience.iter().fold(grant, Password::audience);
        Ok(Some(self.settings.params()?.into_iter().fold(grant, |grant, (name, value)| grant.param(name, value))))
    }

    /// The session on the profile's token. The same settings lead to the same token, in this process and in any other.
    pub(crate) fn held_session(&mut self, client: &Client) -> Result<SessionBuilder> {
        let builder = match self.settings.grant {
            Some(HeldGrant::ClientCredentials) => client.session(self.client_credentials()?),
            Some(HeldGrant::Password) => match self.password()? {
                Some(grant) => client.session(grant),
                None => client.session(Kept { grant_type: "password", parameters: self.parameters()? }),
            },
            Some(HeldGrant::AuthorizationCode) | None => {
                let mut stored = Stored::new();
                if !self.settings.scope.is_empty() {
                    stored = stored.scope(self.settings.scope.join(" "));
                }
                client.session(self.settings.resource.iter().fold(stored, Stored::resource))
            }
        };
        Ok(match &self.profile {
            Some(profile) => builder.account(profile.name()).store(profile.tokens()?),
            None => builder,
        })
    }

    /// Keeps a token that has just come, and the settings it came by, in the profile, where there is one.
    pub(crate) fn keep(&mut self, client: &Client, token: &Token, grant: HeldGrant) -> Result<()> {
        if self.profile.is_none() {
            return Ok(());
        }
        self.settings.grant = Some(grant);
        self.held_session(client)?.token(token.clone()).build()?.save()?;
        // What serves once, and what is dangerous, is kept only when `profile save` says so.
        self.settings.state.clone_from(&self.kept.state);
        self.settings.nonce.clone_from(&self.kept.nonce);
        self.settings.allow_http = self.kept.allow_http;
        self.settings.danger_accept_invalid_certs = self.kept.danger_accept_invalid_certs;
        self.save_profile()
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

    /// Whether the profile says by which grant its token comes.
    pub(crate) fn knows_its_grant(&self) -> bool {
        self.settings.grant.is_some()
    }

    /// Notes, for later runs, that the profile's token comes by client credentials.
    pub(crate) fn note_client_credentials(&mut self) -> Result<()> {
        self.kept.grant = Some(HeldGrant::ClientCredentials);
        match &self.profile {
            Some(profile) if profile.exists() => profile.save(&self.kept),
            _ => Ok(()),
        }
    }
}

/// A token brought by a grant that can't be repeated here, since what it needs is not at hand. It is renewed by its refresh
/// token, and after that a person is needed.
struct Kept {
    grant_type: &'static str,
    parameters: TokenParameters,
}

impl Grant for Kept {
    fn grant_type(&self) -> &str {
        self.grant_type
    }

    fn params<'a>(&'a self, context: GrantContext<'a>) -> BoxFuture<'a, grantee::Result<Params>> {
        Box::pin(async move { Stored::new().params(context).await })
    }

    fn parameters(&self) -> &TokenParameters {
        &self.parameters
    }

    fn is_repeatable(&self) -> bool {
        false
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
