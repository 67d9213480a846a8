//! Settings made into grants, and into the session that the profile's token lives in.

use super::{Setup, environment};
use crate::failure::{Failure, Result};
use crate::input;
use crate::settings::{AuthMethod, HeldGrant};
use grantee::blocking::{Client, SessionBuilder};
use grantee::grant::{GrantContext, ServiceAccount, TokenParameters};
use grantee::legacy::Password;
use grantee::ports::BoxFuture;
use grantee::{ClientCredentials, Grant, JwtBearer, Params, SignedJwtBearer, Stored, Token};
use std::path::PathBuf;

/// Asks in a request for what the settings say: scope, resources, audiences, authorization details, further parameters.
macro_rules! asked {
    ($setup:expr, $request:expr) => {{
        let setup: &$crate::client::Setup = $setup;
        let settings = &setup.settings;
        let mut request = $request;
        if !settings.scope.is_empty() {
            request = request.scope(settings.scope.join(" "));
        }
        for resource in &settings.resource {
            request = request.resource(resource);
        }
        for audience in &settings.audience {
            request = request.audience(audience);
        }
        if let Some(details) = setup.authorization_details()? {
            request = request.authorization_details(details);
        }
        for (name, value) in settings.params()? {
            request = request.param(name, value);
        }
        request
    }};
}
pub(crate) use asked;

impl Setup {
    /// `--authorization-details`, or the file that it names.
    pub(crate) fn authorization_details(&self) -> Result<Option<serde_json::Value>> {
        let Some(given) = &self.settings.authorization_details else { return Ok(None) };
        let text = match self.settings.details_file() {
            Some(file) => input::read_file(file)?,
            None => given.as_bytes().to_vec(),
        };
        let details = serde_json::from_slice(&text)
            .map_err(|error| Failure::usage(format!("--authorization-details is no JSON: {error}")))?;
        Ok(Some(details))
    }

    /// What any grant asks for beside its own parameters.
    fn parameters(&self) -> Result<TokenParameters> {
        let settings = &self.settings;
        let mut parameters = TokenParameters::default();
        if !settings.scope.is_empty() {
            parameters.scope = Some(settings.scope.join(" ").into());
        }
        parameters.resources.clone_from(&settings.resource);
        parameters.audiences.clone_from(&settings.audience);
        parameters.authorization_details = self.authorization_details()?;
        for (name, value) in settings.params()? {
            parameters.other.push(name, value);
        }
        Ok(parameters)
    }

    pub(crate) fn client_credentials(&self) -> Result<ClientCredentials> {
        Ok(asked!(self, ClientCredentials::new()))
    }

    /// Reads the password from a file that was named for this run, which goes before the environment.
    pub(crate) fn read_password(&mut self, file: PathBuf) -> Result<()> {
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
        Ok(Some(asked!(self, Password::new(username, password))))
    }

    /// The account that `--service-account` names, acting for `--subject` where that is given.
    pub(super) fn service_account(&self) -> Result<Option<ServiceAccount>> {
        let settings = &self.settings;
        let Some(file) = &settings.service_account else { return Ok(None) };
        let text = String::from_utf8(input::read_file(file)?)
            .map_err(|_| Failure::file(format!("{} is not UTF-8", file.display())))?;
        let account = ServiceAccount::from_json(&text).map_err(|error| match error {
            grantee::Error::Config(why) => Failure::file(format!("{}: {}", file.display(), why.message)),
            other => other.into(),
        })?;
        Ok(Some(match &settings.subject {
            Some(subject) => account.subject(subject),
            None => account,
        }))
    }

    /// The JWT bearer grant that signs for itself, where there is something to sign with.
    pub(crate) fn signed_jwt_bearer(&self) -> Result<Option<SignedJwtBearer>> {
        if let Some(account) = self.service_account()? {
            return Ok(Some(asked!(self, account.grant())));
        }
        let Some(subject) = &self.settings.subject else { return Ok(None) };
        let key = self.key()?.ok_or_else(|| {
            Failure::usage("a JWT for --subject is signed by a key, and there is none")
                .hint("give --key FILE, or --service-account FILE, or a JWT by --assertion")
        })?;
        let grant = JwtBearer::signed_by_key(&key).map_err(|error| match error {
            grantee::Error::Config(why) => Failure::file(format!("--key: {}", why.message)),
            other => other.into(),
        })?;
        Ok(Some(asked!(self, grant.subject(subject))))
    }

    /// The session on the profile's token. The same settings lead to the same token, in this process and in any other.
    pub(crate) fn held_session(&mut self, client: &Client) -> Result<SessionBuilder> {
        let kept = |setup: &Self, grant_type| -> Result<SessionBuilder> {
            Ok(client.session(Kept { grant_type, parameters: setup.parameters()? }))
        };
        let builder = match self.settings.grant {
            Some(HeldGrant::ClientCredentials) => client.session(self.client_credentials()?),
            Some(HeldGrant::Password) => match self.password()? {
                Some(grant) => client.session(grant),
                None => kept(self, "password")?,
            },
            Some(HeldGrant::JwtBearer) => match self.signed_jwt_bearer()? {
                Some(grant) => client.session(grant),
                None => kept(self, "urn:ietf:params:oauth:grant-type:jwt-bearer")?,
            },
            Some(HeldGrant::Saml2Bearer) => kept(self, "urn:ietf:params:oauth:grant-type:saml2-bearer")?,
            Some(HeldGrant::TokenExchange) => kept(self, "urn:ietf:params:oauth:grant-type:token-exchange")?,
            Some(HeldGrant::AuthorizationCode | HeldGrant::DeviceCode | HeldGrant::Ciba) | None => {
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
        self.forget_danger();
        self.save_profile()
    }

    /// Leaves what is dangerous out of what is kept, unless it was kept before.
    pub(super) fn forget_danger(&mut self) {
        self.settings.allow_http = self.kept.allow_http;
        self.settings.danger_accept_invalid_certs = self.kept.danger_accept_invalid_certs;
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

    /// Whether the client has anything to show for itself.
    pub(crate) fn can_authenticate(&self) -> Result<bool> {
        let settings = &self.settings;
        let by_certificate = settings.auth.is_some_and(AuthMethod::is_by_certificate);
        let has_something = self.secret.is_some() || settings.key.is_some() || by_certificate;
        Ok(settings.auth != Some(AuthMethod::None) && (has_something || self.assertion()?.is_some()))
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
