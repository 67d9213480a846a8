//! What is settled about a client before its first conversation.

use crate::Secret;
use crate::authorization::rules::AuthorizationRules;
use crate::client_auth::{ClientAuth, Credentials, SecretMethods};
use crate::endpoint::discovery;
use crate::endpoint::introspection_jwt::IntrospectionRules;
use crate::endpoint::registration::RegisteredAuth;
use crate::error::{Error, Result};
use crate::hooks::Hook;
use crate::metadata::AuthorizationServer;
use crate::oidc::rules::{AlgorithmRule, Encryption, Expectation, Holds, IdTokenRules, LogoutRules, UserinfoRules};
use crate::ports::{Certificate, Ports};
use crate::rules::Rules;
use crate::session::call::Placement;
use crate::token_type::TokenType;
use crate::token_type::bearer::Bearer;
use crate::token_type::dpop::Dpop;
use grantee_jose::{Decrypter, Jwk, JwkSet, SignatureAlgorithm};
use std::sync::Arc;
use std::time::Duration;

/// Where the authorization server's endpoints come from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Server {
    /// From the metadata of an issuer, or of a document at a URL.
    Discover(discovery::Where),
    /// From these members alone; nothing is fetched.
    Literal,
}

/// Everything that is settled about a client before its first conversation.
#[derive(Clone)]
pub struct Config {
    pub(crate) server: Server,
    /// Members that the caller gave, in the place of what discovery brings.
    pub(crate) members: AuthorizationServer,
    pub(crate) client_id: String,
    /// The client's secret, however the client authenticates: symmetric algorithms need it too.
    pub(crate) secret: Option<Secret>,
    pub(crate) credentials: Credentials,
    pub(crate) basic_raw: bool,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) hooks: Vec<Arc<dyn Hook>>,
    pub(crate) assumed_token_type: Option<String>,
    pub(crate) issuer_policy: discovery::IssuerPolicy,
    pub(crate) metadata_lifetime: Duration,
    pub(crate) allow_http: bool,
    /// Whether its HTTP client takes any certificate: a profile has to know.
    pub(crate) accept_invalid_certs: bool,
    pub(crate) id_token: IdTokenRules,
    pub(crate) userinfo: UserinfoRules,
    pub(crate) introspection: IntrospectionRules,
    pub(crate) logout: LogoutRules,
    pub(crate) decryption_keys: Vec<Arc<dyn Decrypter>>,
    pub(crate) jwks: Option<JwkSet>,
    pub(crate) token_type: Arc<dyn TokenType>,
    /// What went wrong while it was put together.
    pub(crate) fault: Option<Error>,
    pub(crate) rules: Option<Rules>,
    pub(crate) authorization: AuthorizationRules,
    pub(crate) initial_access_token: Option<Secret>,
    pub(crate) registered: Option<RegisteredAuth>,
    /// Where registrations may be managed besides the server's own origin.
    pub(crate) registration_origins: Vec<String>,
}

impl Config {
    /// A client of this server, public until told otherwise.
    pub fn new(server: Server) -> Self {
        Self {
            server,
            members: AuthorizationServer::default(),
            client_id: String::new(),
            secret: None,
            credentials: Credentials::Public,
            basic_raw: false,
            redirect_uri: None,
            hooks: Vec::new(),
            assumed_token_type: None,
            issuer_policy: discovery::IssuerPolicy::default(),
            metadata_lifetime: Duration::from_secs(3600),
            allow_http: false,
            accept_invalid_certs: false,
            id_token: IdTokenRules::default(),
            userinfo: UserinfoRules::default(),
            introspection: IntrospectionRules::default(),
            logout: LogoutRules::default(),
            decryption_keys: Vec::new(),
            jwks: None,
            token_type: Arc::new(Bearer),
            fault: None,
            rules: None,
            authorization: AuthorizationRules::default(),
            initial_access_token: None,
            registered: None,
            registration_origins: Vec::new(),
        }
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("server", &self.server)
            .field("client_id", &self.client_id)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

impl Config {
    #[doc(hidden)]
    pub fn set_client(&mut self, client_id: String, secret: Option<crate::Secret>) {
        self.client_id = client_id;
        self.secret.clone_from(&secret);
        // A method that was chosen already stays chosen: the order of the calls does not matter.
        if !matches!(self.credentials, Credentials::Method(_)) {
            self.credentials =
                secret.map_or(Credentials::Public, |secret| Credentials::Secret(SecretMethods::new(&secret)));
        }
    }

    #[doc(hidden)]
    pub fn set_client_key(&mut self, client_id: String, key: Jwk) {
        self.client_id = client_id;
        if !matches!(self.credentials, Credentials::Method(_)) {
            self.credentials = Credentials::key(key);
        }
    }

    #[doc(hidden)]
    pub fn set_auth(&mut self, method: Arc<dyn ClientAuth>) {
        self.credentials = Credentials::Method(method);
    }

    #[doc(hidden)]
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = Some(rules);
    }

    #[doc(hidden)]
    pub fn set_token_type(&mut self, token_type: Arc<dyn TokenType>) {
        self.token_type = token_type;
    }

    #[doc(hidden)]
    pub fn set_dpop(&mut self, key: &Jwk) {
        match Dpop::from_key(key) {
            Ok(dpop) => self.set_token_type(Arc::new(dpop)),
            Err(error) => self.fault = Some(error),
        }
    }

    #[doc(hidden)]
    pub fn set_basic_raw(&mut self) {
        self.basic_raw = true;
    }

    #[doc(hidden)]
    pub fn set_redirect_uri(&mut self, redirect_uri: String) {
        self.redirect_uri = Some(redirect_uri);
    }

    #[doc(hidden)]
    pub fn members_mut(&mut self) -> &mut AuthorizationServer {
        &mut self.members
    }

    #[doc(hidden)]
    pub fn set_issuer_policy(&mut self, policy: discovery::IssuerPolicy) {
        self.issuer_policy = policy;
    }

    #[doc(hidden)]
    pub fn set_metadata_lifetime(&mut self, lifetime: Duration) {
        self.metadata_lifetime = lifetime;
    }

    #[doc(hidden)]
    pub fn set_assumed_token_type(&mut self, token_type: String) {
        self.assumed_token_type = Some(token_type);
    }

    #[doc(hidden)]
    pub fn set_allow_http(&mut self) {
        self.allow_http = true;
    }

    #[doc(hidden)]
    pub fn set_accept_invalid_certs(&mut self) {
        self.accept_invalid_certs = true;
    }

    #[doc(hidden)]
    pub fn add_hook(&mut self, hook: Arc<dyn Hook>) {
        self.hooks.push(hook);
    }

    #[doc(hidden)]
    pub fn set_id_token_alg(&mut self, alg: Option<String>) {
        self.id_token.algorithm = alg.map_or(AlgorithmRule::OnlyOneListed, AlgorithmRule::Registered);
    }

    #[doc(hidden)]
    pub fn set_id_token_encryption(&mut self, alg: String, enc: String) {
        self.id_token.encryption = Some(Encryption { alg, enc });
    }

    #[doc(hidden)]
    pub fn set_any_userinfo_alg(&mut self) {
        self.userinfo.any_algorithm = true;
    }

    #[doc(hidden)]
    pub fn set_any_encryption(&mut self) {
        self.id_token.any_encryption = true;
        self.userinfo.any_encryption = true;
    }

    #[doc(hidden)]
    pub fn set_userinfo_alg(&mut self, alg: String) {
        self.userinfo.algorithm = Some(alg);
    }

    #[doc(hidden)]
    pub fn set_userinfo_encryption(&mut self, alg: String, enc: String) {
        self.userinfo.encryption = Some(Encryption { alg, enc });
    }

    #[doc(hidden)]
    pub fn set_userinfo_in_body(&mut self) {
        self.userinfo.placement = Placement::FormBody;
    }

    #[doc(hidden)]
    pub fn set_jwks(&mut self, keys: JwkSet) {
        self.jwks = Some(keys);
    }

    #[doc(hidden)]
    pub fn set_id_token_leeway(&mut self, leeway: Duration) {
        self.id_token.leeway = leeway;
    }

    #[doc(hidden)]
    pub fn set_untyped_logout_tokens(&mut self) {
        self.logout.untyped = true;
    }

    #[doc(hidden)]
    pub fn set_frontchannel_logout_session_required(&mut self) {
        self.logout.session_required = true;
    }

    #[doc(hidden)]
    pub fn add_trusted_audience(&mut self, audience: String) {
        self.id_token.trusted_audiences.push(audience);
    }

    #[doc(hidden)]
    pub fn set_any_acr(&mut self) {
        self.id_token.any_acr = true;
    }

    #[doc(hidden)]
    pub fn add_expectation(&mut self, path: String, holds: Arc<Holds>) {
        self.id_token.expectations.push(Expectation { path, holds });
    }

    #[doc(hidden)]
    pub fn add_decryption_key(&mut self, key: Arc<dyn Decrypter>) {
        self.decryption_keys.push(key);
    }

    #[doc(hidden)]
    pub fn set_accept_unsigned_id_tokens(&mut self) {
        self.id_token.unsigned = true;
        self.id_token.algorithm = AlgorithmRule::Registered("none".to_owned());
    }

    /// Refuses what a program without an async runtime can't use.
    ///
    /// # Errors
    /// [`Error::Config`] that names it.
    #[doc(hidden)]
    pub fn refuse_reactor(&self) -> Result<()> {
        let method = matches!(&self.credentials, Credentials::Method(method) if method.needs_reactor());
        let own = method || self.authorization.needs_reactor() || self.token_type.needs_reactor();
        if own || self.decryption_keys.iter().any(|key| key.needs_reactor()) {
            return Err(Error::config(
                "a signer or decrypter of this blocking client needs an async runtime",
                "hand over one that implements BlockingSigner or BlockingDecrypter, wrapped in Inline",
            ));
        }
        Ok(())
    }

    /// That there is a certificate where the client is known by it, or its tokens are bound to it, as far as its HTTP client can
    /// tell.
    pub(crate) fn check_certificate(&self, ports: &Ports) -> Result<()> {
        let method = matches!(&self.credentials, Credentials::Method(method) if method.uses_certificate());
        if (method || self.token_type.over_mtls()) && ports.http.certificate() == Certificate::Absent {
            return Err(Error::config(
                "this client is known by its certificate, or its tokens are bound to one, and it has none (RFC 8705 section 2)",
                "call client_certificate(…), or hand over an HTTP client of your own that shows one",
            ));
        }
        Ok(())
    }

    /// Refuses a grant that a program without an async runtime can't use.
    ///
    /// # Errors
    /// [`Error::Config`] that says so.
    #[doc(hidden)]
    pub fn refuse_reactor_of(grant: &dyn crate::grant::Grant) -> Result<()> {
        if grant.needs_reactor() {
            return Err(Error::config(
                "the signer of this grant needs an async runtime, and the client is a blocking one",
                "hand over one that implements BlockingSigner, wrapped in Inline",
            ));
        }
        Ok(())
    }

    /// That there is a client, and that it has what it is registered to show.
    pub(crate) fn check_client(&mut self) -> Result<()> {
        if self.client_id.is_empty() {
            return Err(Error::config("no client_id is given", "call client(id, secret) or public_client(id)"));
        }
        self.settle()
    }

    /// That what is configured can work at all.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        self.credentials.check()?;
        self.authorization.check(self.secret.is_some())?;
        let encryptions = self.id_token.encryption.iter().chain(&self.userinfo.encryption);
        for encryption in encryptions.chain(&self.introspection.encryption) {
            encryption.parsed()?;
        }
        let id_token = match &self.id_token.algorithm {
            AlgorithmRule::Registered(alg) => Some(alg),
            AlgorithmRule::OnlyOneListed => None,
        };
        for alg in id_token.into_iter().chain(&self.userinfo.algorithm).chain(&self.introspection.algorithm) {
            let unsigned = alg == "none" && self.id_token.unsigned;
            if !unsigned && SignatureAlgorithm::from_name(alg).is_none() {
                return Err(Error::config(
                    format!("{alg} is no signature algorithm that is known here"),
                    "use a registered name, such as RS256 or ES256; none is behind danger()",
                ));
            }
        }
        Ok(())
    }
}
