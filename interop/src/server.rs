//! The servers that run: where they are, who may log in, what is odd about each.

use std::env;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::agent::Tls;
use crate::openid::Registration;

/// The secret of the confidential clients of oidc-provider and Glewlwyd.
pub const SECRET: &str = "test-secret-0123456789-0123456789-0123456789-0123456789-0123456789";

/// How a client says who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// By its name alone: a public client.
    None,
    /// RFC 6749, 2.3.1: in the Authorization header.
    ClientSecretBasic,
    /// RFC 6749, 2.3.1: in the body.
    ClientSecretPost,
    /// RFC 7523, by the secret. The library alone does this, not [`plain`](crate::plain).
    ClientSecretJwt,
    /// RFC 7523, by a private key. The library alone does this too.
    PrivateKeyJwt,
    /// RFC 8705, by a certificate of an authority's.
    TlsClientAuth,
    /// RFC 8705, by a certificate of its own.
    SelfSignedTlsClientAuth,
}

impl Auth {
    /// The registry's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::TlsClientAuth => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
        }
    }
}

/// A client that a server knows.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its `client_id`.
    pub id: String,
    /// None for a public client.
    pub secret: Option<String>,
    /// The one way it may authenticate.
    pub auth: Auth,
    /// Whether the server gives it a token for its own sake.
    pub client_credentials: bool,
    /// Whether the server lets it trade a user's password.
    pub password: bool,
    /// What else it is registered for.
    pub registration: Registration,
}

impl Client {
    pub(crate) fn new(id: &str, secret: &str, auth: Auth) -> Self {
        let confidential = auth != Auth::None;
        let by_secret = matches!(auth, Auth::ClientSecretBasic | Auth::ClientSecretPost | Auth::ClientSecretJwt);
        Self {
            id: id.into(),
            secret: by_secret.then(|| secret.into()),
            auth,
            client_credentials: confidential,
            password: true,
            registration: Registration::default(),
        }
    }

    /// Whom it trusts, and the certificate it has.
    pub fn tls(&self, server: &Server) -> Tls {
        Tls { certificate: self.registration.extensions.certificate.clone(), ..server.tls.clone() }
    }
}

/// A running authorization server, as its documentation would tell of it.
#[derive(Clone, Debug)]
pub struct Server {
    /// `oidc-provider`, `glewlwyd` or `authlib`.
    pub name: &'static str,
    /// Scheme, host and port.
    pub base: String,
    /// Its authority, where it has https.
    pub tls: Tls,
    /// For discovery; Authlib's server has no metadata.
    pub issuer: Option<String>,
    /// Where the person is sent.
    pub authorization_endpoint: String,
    /// Where tokens come from.
    pub token_endpoint: String,
    /// RFC 7662. Asks for client authentication.
    pub introspection_endpoint: String,
    /// RFC 7009.
    pub revocation_endpoint: String,
    /// RFC 8628.
    pub device_authorization_endpoint: String,
    /// The keys of its ID tokens.
    pub jwks_uri: Option<String>,
    /// Where a person logs out of everything.
    pub end_session_endpoint: Option<String>,
    /// An API for a GET with the token of a login or a password: userinfo, or the server's own.
    pub api: String,
    /// An API for a GET with the token of client credentials, where there is one.
    pub service_api: Option<String>,
    /// What to ask for at a login or with a password, so that a refresh token comes along.
    pub scope: &'static str,
    /// What else an authorization request must say for a refresh token.
    pub login_parameters: &'static [(&'static str, &'static str)],
    /// A redirect URI for a walk, at which nobody needs to listen.
    pub redirect_uri: String,
    /// Seconds.
    pub access_token_lifetime: u64,
    /// The public one, then one each for Basic and for the body, then the one with odd characters in its secret. Further ones:
    /// [`registered`](Self::registered).
    pub clients: Vec<Client>,
    /// Whether Basic credentials are form-encoded first, as RFC 6749, 2.3.1 says.
    pub decodes_basic: bool,
    /// Whether an error is told as RFC 6749, 5.2 says. Glewlwyd answers most refusals with a bare status.
    pub explains_errors: bool,
    /// Whether a public client may introspect.
    pub public_introspection: bool,
    /// Whether a public client may revoke.
    pub public_revocation: bool,
}

/// Who logs in everywhere.
pub const USER: &str = "alice";
/// Her password everywhere.
pub const PASSWORD: &str = "alice-password";

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: these tests are run by `cargo xtask interop`"))
}

pub(crate) fn base(name: &str) -> String {
    variable(&format!("GRANTEE_INTEROP_{}", name.to_uppercase().replace('-', "_")))
}

fn short_lifetime() -> u64 {
    variable("GRANTEE_INTEROP_LIFETIME").parse().expect("GRANTEE_INTEROP_LIFETIME is a number of seconds")
}

/// Loopback ports that every server calls back at, on the path `/cb`. Nobody listens there unless a test does; a test that
/// does takes a port of its own, since tests run side by side.
pub fn redirect_ports() -> Vec<u16> {
    let parse = |port: &str| port.parse().expect("GRANTEE_INTEROP_REDIRECT_PORTS is a list of ports");
    variable("GRANTEE_INTEROP_REDIRECT_PORTS").split_whitespace().map(parse).collect()
}

/// Where servers post backchannel notifications to, at any path. Clients named `ciba-ping` have that address.
pub fn notification_port() -> u16 {
    variable("GRANTEE_INTEROP_NOTIFICATION_PORT").parse().expect("GRANTEE_INTEROP_NOTIFICATION_PORT is a port")
}

/// To be held while Glewlwyd is used: with SQLite it asks for the number of the row it has just inserted without holding a lock, so that of
/// two requests at once one is at times answered with a 500, or with what belongs to the other.
pub fn glewlwyd_alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    /// npm oidc-provider. To get a refresh token, ask for `offline_access` and send `prompt=consent`. Userinfo takes tokens with the scope
    /// `openid` only, `/api` (ours) takes all opaque ones. Revoking an access token ends the refresh token of the same login too, and the other
    /// way about. Users log in by themselves; `ui=form` shows forms, `ui=deny` refuses, `login_hint` picks
    /// the user. Its password grant is ours, not theirs. A native client may come back at any loopback port.
    pub fn oidc_provider() -> Self {
        Self::oidc_provider_at(base("oidc-provider"))
    }

    pub(crate) fn oidc_provider_at(base: String) -> Self {
        Self {
            name: "oidc-provider",
            tls: Tls::default(),
            issuer: Some(base.clone()),
            authorization_endpoint: format!("{base}/auth"),
            token_endpoint: format!("{base}/token"),
            introspection_endpoint: format!("{base}/token/introspection"),
            revocation_endpoint: format!("{base}/token/revocation"),
            device_authorization_endpoint: format!("{base}/device/auth"),
            jwks_uri: Some(format!("{base}/jwks")),
            end_session_endpoint: Some(format!("{base}/session/end")),
            api: format!("{base}/me"),
            service_api: Some(format!("{base}/api")),
            scope: "openid offline_access read",
            login_parameters: &[("prompt", "consent")],
            redirect_uri: format!("http://127.0.0.1:{}/cb", redirect_ports()[0]),
            access_token_lifetime: 600,
            clients: clients("", SECRET, Some(("odd client:+%", "%41 &+:=/"))),
            decodes_basic: true,
            explains_errors: true,
            public_introspection: true,
            public_revocation: true,
            base,
        }
    }

    /// Debian's glewlwyd. Redirect URIs are compared to the letter, so only [`redirect_ports`] will do. A refusal at the token endpoint
    /// often has an empty body; a 401 of userinfo has no challenge. `token_type` is lower-case. Basic credentials are not
    /// decoded. Only confidential clients may use the password grant, introspection and revocation. Userinfo takes tokens with the
    /// scope `openid` of a user. A request with the scope `openid` must have a `nonce`.
    pub fn glewlwyd() -> Self {
        Self::glewlwyd_issuer("oidc", 600)
    }

    pub(crate) fn glewlwyd_issuer(path: &str, lifetime: u64) -> Self {
        let base = base("glewlwyd");
        let issuer = format!("{base}/api/{path}");
        let mut clients = clients("", SECRET, Some(("odd", "%41 &+:=/é")));
        for client in &mut clients {
            client.password = client.auth != Auth::None;
        }
        Self {
            name: "glewlwyd",
            tls: Tls::default(),
            issuer: Some(issuer.clone()),
            authorization_endpoint: format!("{issuer}/auth"),
            token_endpoint: format!("{issuer}/token"),
            introspection_endpoint: format!("{issuer}/introspect"),
            revocation_endpoint: format!("{issuer}/revoke"),
            device_authorization_endpoint: format!("{issuer}/device_authorization"),
            jwks_uri: Some(format!("{issuer}/jwks")),
            end_session_endpoint: Some(format!("{issuer}/end_session")),
            api: format!("{issuer}/userinfo"),
            service_api: None,
            scope: "openid offline read",
            login_parameters: &[],
            redirect_uri: format!("http://127.0.0.1:{}/cb", redirect_ports()[0]),
            access_token_lifetime: lifetime,
            clients,
            decodes_basic: false,
            explains_errors: false,
            public_introspection: false,
            public_revocation: false,
            base,
        }
    }

    /// Authlib on Flask: no metadata, no OpenID Connect, its own API. In Basic credentials it undoes `%20` but not `+`. Every login
    /// and password gives a refresh token. The user is always alice, who agrees; `ui=deny` refuses.
    pub fn authlib() -> Self {
        let base = base("authlib");
        Self {
            name: "authlib",
            tls: Tls::default(),
            issuer: None,
            authorization_endpoint: format!("{base}/oauth/authorize"),
            token_endpoint: format!("{base}/oauth/token"),
            introspection_endpoint: format!("{base}/oauth/introspect"),
            revocation_endpoint: format!("{base}/oauth/revoke"),
            device_authorization_endpoint: format!("{base}/oauth/device"),
            jwks_uri: None,
            end_session_endpoint: None,
            api: format!("{base}/oauth/api"),
            service_api: Some(format!("{base}/oauth/api")),
            scope: "read",
            login_parameters: &[],
            redirect_uri: format!("http://127.0.0.1:{}/cb", redirect_ports()[0]),
            access_token_lifetime: 600,
            clients: clients("", "simple-secret", Some(("odd client:+%", "%41 &+:=/é"))),
            decodes_basic: true,
            explains_errors: true,
            public_introspection: false,
            public_revocation: true,
            base,
        }
    }

    /// The same server where access tokens live a few seconds ([`Self::access_token_lifetime`]): other clients, and at
    /// Glewlwyd another issuer.
    #[must_use]
    pub fn short(&self) -> Self {
        let lifetime = short_lifetime();
        match self.name {
            "glewlwyd" => Self::glewlwyd_issuer("short", lifetime),
            name => {
                let secret = if name == "authlib" { "simple-secret" } else { SECRET };
                Self { access_token_lifetime: lifetime, clients: clients("short-", secret, None), ..self.clone() }
            }
        }
    }

    /// The client that authenticates in this way.
    pub fn client(&self, auth: Auth) -> &Client {
        let found = self.clients.iter().find(|client| client.auth == auth);
        found.unwrap_or_else(|| panic!("{} has a client for {}", self.name, auth.name()))
    }

    /// The client whose Basic credentials hold what has to be encoded, or must not be ([`Self::decodes_basic`]).
    pub fn odd_client(&self) -> &Client {
        let found = self.clients.iter().find(|client| client.id.starts_with("odd"));
        found.unwrap_or_else(|| panic!("{} has an odd client among those of long-lived tokens", self.name))
    }

    /// Where the server keeps its keys and its log in this run.
    pub fn state(&self) -> PathBuf {
        state(self.name)
    }
}

pub(crate) fn state(name: &str) -> PathBuf {
    PathBuf::from(variable("GRANTEE_INTEROP_STATE")).join(name)
}

fn clients(prefix: &str, secret: &str, odd: Option<(&str, &str)>) -> Vec<Client> {
    let mut clients = vec![
        Client::new(&format!("{prefix}public"), secret, Auth::None),
        Client::new(&format!("{prefix}basic"), secret, Auth::ClientSecretBasic),
        Client::new(&format!("{prefix}post"), secret, Auth::ClientSecretPost),
    ];
    clients.extend(odd.map(|(id, secret)| Client::new(id, secret, Auth::ClientSecretBasic)));
    clients
}
