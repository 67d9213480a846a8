//! A server's settings.

use std::{collections::HashMap, io, sync::Arc, time::Duration};

use serde_json::Value;

use crate::{
    BearerMethod, Client, DpopNonces, Server, SigningKey, User, builder_registration::RegistrationPolicy,
    builder_requests::RequestPolicy, clock::Source, dpop, grant_settings::GrantSettings, oauth1, random,
    shared::Config, tls::Reach,
};

/// The settings of a [`Server`], by [`Server::builder`].
///
/// Whatever is not set has its default: the clients and the user that the crate's front page lists, access tokens for an
/// hour, refresh tokens for 30 days, codes for a minute, refresh tokens rotated.
#[derive(Clone)]
pub struct Builder {
    pub(crate) config: Config,
    pub(crate) clients: HashMap<String, Client>,
    pub(crate) keys: Option<Vec<SigningKey>>,
    pub(crate) clock: Option<Source>,
    pub(crate) port: u16,
    pub(crate) log_limit: usize,
}

impl Builder {
    pub(crate) fn new() -> Self {
        let alice = User::new("alice", "wonderland").name("Alice").email("alice@example.test");
        let jane = User::new("jane", "bennet").all_claims();
        let clients = Client::preregistered().into_iter().map(|client| (client.id.clone(), client)).collect();
        let config = Config {
            origin: String::new(),
            base: String::new(),
            jwks_path: "/jwks".into(),
            access_token_lifetime: Duration::from_secs(3600),
            refresh_token_lifetime: Duration::from_secs(30 * 86_400),
            code_lifetime: Duration::from_secs(60),
            id_token_lifetime: Duration::from_secs(3600),
            rotate_refresh_tokens: true,
            claims_in_id_token: false,
            claim_sources_in_id_token: false,
            userinfo_bearer: None,
            tolerant_assertion_audience: false,
            tls: Reach::default(),
            protected_resource: false,
            dpop_nonces: DpopNonces::default(),
            dpop_algs: dpop::default_algs(),
            requests: RequestPolicy::default(),
            registration: RegistrationPolicy::default(),
            users: [alice, jane].map(|user| (user.username.clone(), user)).into(),
            auto_approve: None,
            metadata: Vec::new(),
            grants: GrantSettings::default(),
            oauth1: oauth1::Settings::default(),
        };
        Self { config, clients, keys: None, clock: None, port: 0, log_limit: 100_000 }
    }

    /// How long access tokens live. Where that is no whole number of seconds, `expires_in` on the wire is a fraction: 1.5.
    pub fn access_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.config.access_token_lifetime = lifetime;
        self
    }

    /// How long refresh tokens live, each counted from its own issuance.
    pub fn refresh_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.config.refresh_token_lifetime = lifetime;
        self
    }

    /// How long authorization codes live.
    pub fn code_lifetime(mut self, lifetime: Duration) -> Self {
        self.config.code_lifetime = lifetime;
        self
    }

    /// How long ID tokens live, in whole seconds.
    pub fn id_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.config.id_token_lifetime = lifetime;
        self
    }

    /// Registers a client; one of the same id is replaced. See also [`Server::register`].
    pub fn client(mut self, client: Client) -> Self {
        self.clients.insert(client.id.clone(), client);
        self
    }

    /// Registers a person; one of the same user name is replaced.
    pub fn user(mut self, user: User) -> Self {
        self.config.users.insert(user.username.clone(), user);
        self
    }

    /// Answers every sound authorization request at once, as that person and without a page.
    pub fn auto_approve(mut self, username: impl Into<String>) -> Self {
        self.config.auto_approve = Some(username.into());
        self
    }

    /// Gives the issuer a path, `/tenant/one` say. Its endpoints move below it; `/api` and `/public` stay.
    pub fn issuer_path(mut self, path: &str) -> Self {
        let path = path.trim_matches('/');
        self.config.base = if path.is_empty() { String::new() } else { format!("/{path}") };
        self
    }

    /// Whether each use of a refresh token replaces it, and a second use revokes its family. On unless turned off.
    pub fn rotate_refresh_tokens(mut self, rotate: bool) -> Self {
        self.config.rotate_refresh_tokens = rotate;
        self
    }

    /// Whether ID tokens carry the name and email that userinfo would give. Off unless turned on, as in
    /// [OpenID Connect Core 1.0 section 5.4](https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims).
    pub fn claims_in_id_token(mut self, claims: bool) -> Self {
        self.config.claims_in_id_token = claims;
        self
    }

    /// Whether ID tokens carry the aggregated and distributed claims that userinfo would give. Off unless turned on.
    pub fn claim_sources_in_id_token(mut self, claims: bool) -> Self {
        self.config.claim_sources_in_id_token = claims;
        self
    }

    /// The one way in which userinfo takes an access token. Without, it takes one in the header and one in a form body
    /// ([RFC 6750 section 2](https://www.rfc-editor.org/rfc/rfc6750#section-2)).
    pub fn userinfo_bearer(mut self, method: BearerMethod) -> Self {
        self.config.userinfo_bearer = Some(method);
        self
    }

    /// Whether the `aud` of a client assertion may also be the token endpoint, the pushed authorization request endpoint
    /// ([RFC 9126 section 2](https://www.rfc-editor.org/rfc/rfc9126#section-2)) or the backchannel authentication endpoint, or
    /// a list with one of these in it. Off unless turned on: then it is the issuer, as one string.
    pub fn tolerant_assertion_audience(mut self, tolerant: bool) -> Self {
        self.config.tolerant_assertion_audience = tolerant;
        self
    }

    /// The keys that the server signs with and publishes, in that order. Unless set, there is one for each of RS256, PS256,
    /// ES256, ES384 and EdDSA, shared by all servers of the process. A key is added when a client wants an algorithm that
    /// none of them has.
    pub fn signing_keys(mut self, keys: impl IntoIterator<Item = SigningKey>) -> Self {
        self.keys = Some(keys.into_iter().collect());
        self
    }

    /// The same kinds of keys as always, but of this server alone. See [`SigningKey::fresh`].
    pub fn fresh_signing_keys(self) -> Self {
        self.signing_keys(crate::keys::DEFAULT_ALGS.map(SigningKey::fresh))
    }

    /// Puts the key set at a path that nobody can guess, in place of `/jwks`.
    pub fn random_jwks_path(mut self) -> Self {
        self.config.jwks_path = format!("/jwks/{}", random::token());
        self
    }

    /// What the server takes for the time: a function that tells the time since the epoch. It goes for tokens, codes and
    /// logins; connections and the `Date` field keep to the system's clock. See also [`Server::advance`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let server = grantor::Server::builder().clock(|| Duration::from_secs(1_000_000_000)).start();
    /// assert_eq!(server.now(), Duration::from_secs(1_000_000_000));
    /// ```
    pub fn clock(mut self, now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.clock = Some(Arc::new(now));
        self
    }

    /// Leaves a member out of the metadata document. The endpoint itself stays.
    pub fn omit_metadata(mut self, name: impl Into<String>) -> Self {
        self.config.metadata.push((name.into(), None));
        self
    }

    /// Sets a member of the metadata document.
    pub fn set_metadata(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.config.metadata.push((name.into(), Some(value.into())));
        self
    }

    /// The port to listen on; 0, the default, for any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// How many requests the log keeps, 100,000 unless set and never more than 64 MiB of them; the oldest go first. With 0 it
    /// only counts, which suits benchmarks.
    pub fn log_limit(mut self, requests: usize) -> Self {
        self.log_limit = requests;
        self
    }

    /// Starts the server.
    ///
    /// # Panics
    /// When the port cannot be bound, or a client is registered for what this build cannot do: see [`Server::register`].
    pub fn start(self) -> Server {
        match self.try_start() {
            Ok(server) => server,
            Err(error) => panic!("grantor cannot start on 127.0.0.1: {error}"),
        }
    }

    /// Starts the server.
    ///
    /// # Errors
    /// When the port cannot be bound or no thread can be started; [`io::ErrorKind::InvalidInput`] when a client is registered
    /// for what this build cannot do.
    pub fn try_start(mut self) -> io::Result<Server> {
        if self.config.requests.decrypts_objects && !crate::oracle::PRESENT {
            let message = "request object encryption keys need grantor's cargo feature `oracle`";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        for client in self.clients.values() {
            client.check().map_err(|message| io::Error::new(io::ErrorKind::InvalidInput, message))?;
        }
        if let Some(name) = self.config.auto_approve.clone() {
            self.config.users.entry(name).or_insert_with_key(|name| User::without_password(name));
        }
        Server::launch(self)
    }
}
