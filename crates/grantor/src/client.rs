//! A registered client.

use serde_json::Value;
use url::{Host, Url};

use crate::{
    binding::Binding, client_ciba::CibaRegistration, client_requests::ClientRequests, mutual_tls, oracle::Encryption,
    registration::Registration,
};

/// A client the server knows.
///
/// With a secret it may authenticate by `client_secret_basic` and `client_secret_post`; without one it is a public
/// client; with keys alone ([`Client::jwks`]) it uses `private_key_jwt`. Narrow that with [`Client::auth`].
///
/// ```
/// let server = grantor::Server::builder()
///     .client(grantor::Client::new("shop").secret("s3cret").redirect_uri("https://shop.example/cb").scope("orders"))
///     .start();
/// # drop(server);
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
    auth: Vec<String>,
    redirect_uris: Vec<String>,
    scope: Option<String>,
    pub(crate) jwks: Option<Value>,
    pub(crate) assertion_alg: Option<String>,
    pub(crate) response_types: Vec<String>,
    pub(crate) id_token_alg: Option<String>,
    pub(crate) id_token_encryption: Option<Encryption>,
    pub(crate) userinfo_alg: Option<String>,
    pub(crate) userinfo_encryption: Option<Encryption>,
    pub(crate) access_token_alg: Option<String>,
    pub(crate) access_token_cnf: Option<Value>,
    pub(crate) s_hash: bool,
    pub(crate) introspection_alg: Option<String>,
    pub(crate) introspection_encryption: Option<Encryption>,
    pub(crate) dpop_bound: bool,
    pub(crate) certificate_bound: bool,
    pub(crate) tls_client_auth_subject_dn: Option<String>,
    pub(crate) tls_client_auth_san_dns: Option<String>,
    /// What the tokens of this very request are bound to.
    pub(crate) binding: Binding,
    pub(crate) post_logout_redirect_uris: Vec<String>,
    pub(crate) frontchannel_logout_uri: Option<String>,
    pub(crate) backchannel_logout_uri: Option<String>,
    pub(crate) ciba: CibaRegistration,
    pub(crate) requests: ClientRequests,
    /// Seconds since the epoch.
    pub(crate) secret_expires_at: Option<u64>,
    /// What is known of it where it registered itself.
    pub(crate) registration: Option<Registration>,
}

/// What a client gets that registers no redirect URI of its own.
pub(crate) const DEFAULT_REDIRECT_URIS: [&str; 5] = [
    "http://127.0.0.1/callback",
    "http://127.0.0.1/cb",
    "http://localhost/callback",
    "http://[::1]/callback",
    "https://app.example/callback",
];

impl Client {
    /// A public client with that `client_id`.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: None,
            auth: Vec::new(),
            redirect_uris: Vec::new(),
            scope: None,
            jwks: None,
            assertion_alg: None,
            response_types: Vec::new(),
            id_token_alg: None,
            id_token_encryption: None,
            userinfo_alg: None,
            userinfo_encryption: None,
            access_token_alg: None,
            access_token_cnf: None,
            s_hash: false,
            introspection_alg: None,
            introspection_encryption: None,
            dpop_bound: false,
            certificate_bound: false,
            tls_client_auth_subject_dn: None,
            tls_client_auth_san_dns: None,
            binding: Binding::default(),
            post_logout_redirect_uris: Vec::new(),
            frontchannel_logout_uri: None,
            backchannel_logout_uri: None,
            ciba: CibaRegistration::default(),
            requests: ClientRequests::default(),
            secret_expires_at: None,
            registration: None,
        }
    }

    /// Its `client_secret`.
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = Some(secret.into());
        self
    }

    /// The one way it may authenticate: `client_secret_basic`, `client_secret_post`, `client_secret_jwt`, `private_key_jwt`,
    /// `tls_client_auth`, `self_signed_tls_client_auth` or `none`. Calling it again adds a way.
    pub fn auth(mut self, method: impl Into<String>) -> Self {
        self.auth.push(method.into());
        self
    }

    /// Adds a redirect URI. One on a loopback host matches any port
    /// ([RFC 8252 section 7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)).
    ///
    /// A client without any gets `/callback` on 127.0.0.1, `[::1]` and localhost, `http://127.0.0.1/cb`, and
    /// `https://app.example/callback`.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// The scope values it may ask for, separated by spaces; also what it gets when it names none. Any, when never called.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    pub(crate) fn preregistered() -> Vec<Client> {
        vec![
            Client::new("svc").secret("secret"),
            Client::new("basic").secret("secret").auth("client_secret_basic"),
            Client::new("post").secret("secret").auth("client_secret_post"),
            // Every character that tells a right encoding of the credentials from a wrong one.
            Client::new("odd").secret("s3cret &+%41/=:é").auth("client_secret_basic"),
            Client::new("public"),
        ]
    }

    pub(crate) fn is_public(&self) -> bool {
        // Keys may be there for something else, request objects say.
        if !self.auth.is_empty() {
            return self.auth.iter().all(|method| method == "none");
        }
        let keys = self.jwks.is_some() || self.requests.jwks_uri.is_some();
        self.secret.is_none() && !keys && mutual_tls::method_of(self).is_none()
    }

    pub(crate) fn may_use(&self, method: &str) -> bool {
        if !self.auth.is_empty() {
            return self.auth.iter().any(|allowed| allowed == method);
        }
        match (&self.secret, &self.jwks) {
            (Some(_), _) => method == "client_secret_basic" || method == "client_secret_post",
            (None, Some(_)) => method == "private_key_jwt",
            (None, None) if self.requests.jwks_uri.is_some() => method == "private_key_jwt",
            (None, None) => method == "none",
        }
    }

    pub(crate) fn redirect_uris(&self) -> Vec<&str> {
        if self.redirect_uris.is_empty() && self.registration.is_none() {
            return DEFAULT_REDIRECT_URIS.to_vec();
        }
        self.redirect_uris.iter().map(String::as_str).collect()
    }

    pub(crate) fn allows_redirect_to(&self, uri: &str) -> bool {
        self.redirect_uris().iter().any(|registered| matches_registered(registered, uri))
    }

    /// The scope to grant, or the value that is not allowed.
    pub(crate) fn grantable(&self, asked: Option<&str>) -> Result<String, String> {
        let Some(asked) = asked else {
            return Ok(self.scope.clone().unwrap_or_default());
        };
        let mut granted: Vec<&str> = Vec::new();
        for value in asked.split(' ') {
            let listed = |allowed: &String| allowed.split(' ').any(|known| known == value);
            if !is_scope_token(value) || !self.scope.as_ref().is_none_or(listed) {
                return Err(value.to_owned());
            }
            if !granted.contains(&value) {
                granted.push(value);
            }
        }
        Ok(granted.join(" "))
    }
}

/// `scope-token` of RFC 6749 section 3.3.
fn is_scope_token(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

/// Exactly, but for the port of a loopback host.
pub(crate) fn matches_registered(registered: &str, uri: &str) -> bool {
    registered == uri || same_but_for_the_port(registered, uri)
}

/// A native app listens on whatever port it is given, so the port of a loopback redirect does not count
/// (RFC 8252 section 7.3). Everything else does.
fn same_but_for_the_port(registered: &str, uri: &str) -> bool {
    let (Ok(mut registered), Ok(mut uri)) = (Url::parse(registered), Url::parse(uri)) else {
        return false;
    };
    if registered.scheme() != "http" || !is_loopback(&registered) {
        return false;
    }
    registered.set_port(None).is_ok() && uri.set_port(None).is_ok() && registered == uri
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_redirect_matches_any_port_and_nothing_else_does() {
        let client = Client::new("c").redirect_uri("http://127.0.0.1/cb").redirect_uri("https://app.example/cb");
        for (uri, allowed) in [
            ("http://127.0.0.1:4711/cb", true),
            ("http://127.0.0.1/cb", true),
            ("http://127.0.0.1:4711/cb?x=1", false),
            ("http://127.0.0.1:4711/cb#x", false),
            ("http://user@127.0.0.1:4711/cb", false),
            ("http://127.0.0.1:4711/other", false),
            ("https://127.0.0.1:4711/cb", false),
            ("http://localhost:4711/cb", false),
            ("https://app.example/cb", true),
            ("https://app.example:444/cb", false),
            ("https://app.example/cb/", false),
        ] {
            assert_eq!(client.allows_redirect_to(uri), allowed, "{uri}");
        }
    }

    #[test]
    fn scope_is_limited_to_what_was_registered() {
        let client = Client::new("c").scope("a b");
        assert_eq!(client.grantable(None), Ok("a b".into()));
        assert_eq!(client.grantable(Some("b b")), Ok("b".into()));
        assert_eq!(client.grantable(Some("b c")), Err("c".into()));
        assert_eq!(Client::new("d").grantable(Some("any thing")), Ok("any thing".into()));
        assert_eq!(Client::new("d").grantable(Some("a  b")), Err("".into()));
        assert_eq!(Client::new("d").grantable(Some("\"")), Err("\"".into()));
    }
}
