//! What a test sets and does.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use super::{OAuth1Client, authorize::decide};
use crate::{Builder, Server, shared::lock};

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) clients: HashMap<String, Arc<OAuth1Client>>,
    pub(crate) temporary_lifetime: Duration,
    pub(crate) timestamp_window: Duration,
    /// Further members of token credentials.
    pub(crate) token_members: Vec<(String, String)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            clients: OAuth1Client::preregistered().map(|client| (client.key.clone(), Arc::new(client))).into(),
            temporary_lifetime: Duration::from_secs(600),
            timestamp_window: Duration::from_secs(300),
            token_members: Vec::new(),
        }
    }
}

/// Token credentials made by [`Server::issue_oauth1`], past all endpoints.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuth1Token {
    /// `oauth_token`.
    pub token: String,
    /// `oauth_token_secret`.
    pub secret: String,
}

impl fmt::Debug for OAuth1Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth1Token").finish_non_exhaustive()
    }
}

impl Builder {
    /// Registers a client of OAuth 1.0; one of the same key is replaced.
    pub fn oauth1_client(mut self, client: OAuth1Client) -> Self {
        self.config.oauth1.clients.insert(client.key.clone(), Arc::new(client));
        self
    }

    /// How long temporary credentials live. Ten minutes unless set.
    ///
    /// [RFC 5849 section 2.3](https://www.rfc-editor.org/rfc/rfc5849#section-2.3)
    pub fn oauth1_temporary_credentials_lifetime(mut self, lifetime: Duration) -> Self {
        self.config.oauth1.temporary_lifetime = lifetime;
        self
    }

    /// How far `oauth_timestamp` may be from the server's clock, in whole seconds to either side. Five minutes unless set.
    ///
    /// [RFC 5849 section 3.3](https://www.rfc-editor.org/rfc/rfc5849#section-3.3)
    pub fn oauth1_timestamp_window(mut self, window: Duration) -> Self {
        self.config.oauth1.timestamp_window = window;
        self
    }

    /// A further member of token credentials, besides `user_id` and `screen_name`. Calling it again adds one.
    pub fn oauth1_token_member(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.config.oauth1.token_members.push((name.into(), value.into()));
        self
    }
}

impl Server {
    /// Makes token credentials without any request. The person need not be registered.
    ///
    /// ```
    /// let server = grantor::Server::start();
    /// let issued = server.issue_oauth1("consumer", "alice");
    /// assert!(server.revoke_oauth1(&issued.token));
    /// ```
    pub fn issue_oauth1(&self, consumer_key: &str, username: &str) -> OAuth1Token {
        let [token, secret] = lock(&self.shared.oauth1).issue(consumer_key, username);
        OAuth1Token { token: token.to_string(), secret: secret.to_string() }
    }

    /// From now on these token credentials are refused with `token_rejected`. False where there are none.
    pub fn revoke_oauth1(&self, token: &str) -> bool {
        lock(&self.shared.oauth1).revoke(token)
    }

    /// The person says yes, past `/oauth1/authorize`: the verifier that they would bring. None where no temporary credentials of
    /// that name wait for a person.
    pub fn approve_oauth1(&self, oauth_token: &str, username: &str) -> Option<String> {
        decide(&self.shared, oauth_token, Some(username))?.1.map(|verifier| verifier.to_string())
    }

    /// The person says no, past `/oauth1/authorize`. False where no temporary credentials of that name wait for a person.
    pub fn deny_oauth1(&self, oauth_token: &str) -> bool {
        decide(&self.shared, oauth_token, None).is_some()
    }
}
