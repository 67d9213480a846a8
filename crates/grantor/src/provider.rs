//! What a test can do with a server as an OpenID Provider.

use std::{io, time::Duration};

use url::Url;

use crate::{Client, Jwt, JwtFault, LogoutAnswer, LogoutNotice, Server, SigningKey, logout, post, shared::lock};

impl Server {
    /// Makes every JWT of that kind wrong until [`Server::behave_jwt`]. Another fault replaces this one.
    ///
    /// ```
    /// use grantor::{Jwt, JwtFault, Server};
    ///
    /// let server = Server::start();
    /// server.misbehave_jwt(Jwt::IdToken, JwtFault::WrongIssuer);
    /// server.misbehave_jwt_times(Jwt::FrontChannelIdToken, 1, JwtFault::without("nonce"));
    /// ```
    ///
    /// # Panics
    /// When the fault is an algorithm that this build cannot sign with.
    pub fn misbehave_jwt(&self, jwt: Jwt, fault: JwtFault) {
        fault.must_be_possible();
        self.shared.forgeries.change(jwt, |queue| queue.always(fault));
    }

    /// Makes the next `times` JWTs of that kind wrong. Further calls queue up behind, and all of them come before what
    /// [`Server::misbehave_jwt`] has set.
    ///
    /// # Panics
    /// When the fault is an algorithm that this build cannot sign with.
    pub fn misbehave_jwt_times(&self, jwt: Jwt, times: usize, fault: JwtFault) {
        fault.must_be_possible();
        self.shared.forgeries.change(jwt, |queue| queue.times(times, fault));
    }

    /// From now on JWTs of that kind are right again.
    pub fn behave_jwt(&self, jwt: Jwt) {
        self.shared.forgeries.change(jwt, |queue| *queue = Default::default());
    }

    /// Registers a client on a server that runs; one of the same id is replaced. For a client whose addresses are only known
    /// once it listens.
    ///
    /// # Panics
    /// When the client is registered for what this build cannot do: a signature or an encryption that needs the cargo
    /// feature `oracle`, an algorithm nobody knows, or one there is no key for.
    pub fn register(&self, client: Client) {
        if let Err(message) = client.check() {
            panic!("grantor cannot register this client: {message}");
        }
        self.shared.register(client);
    }

    /// The keys the server signs with now, in the order of its key set.
    pub fn signing_keys(&self) -> Vec<SigningKey> {
        self.shared.keys.current()
    }

    /// The key the server signs with for an algorithm; one is added where there is none.
    ///
    /// # Panics
    /// When there can be no key for it: see [`SigningKey::shared`].
    pub fn signing_key(&self, alg: &str) -> SigningKey {
        self.shared.keys.key(alg)
    }

    /// From now on the server has these keys and no others.
    pub fn set_signing_keys(&self, keys: impl IntoIterator<Item = SigningKey>) {
        self.shared.keys.replace(keys.into_iter().collect());
    }

    /// Replaces every key by another of the same kind, under a new `kid`. The old ones are gone from the key set.
    ///
    /// See [`JwtFault::RotateKeys`] and [`Misbehaviour::RotateKeys`](crate::Misbehaviour::RotateKeys) for a rotation at a
    /// certain moment.
    pub fn rotate_keys(&self) {
        self.shared.keys.rotate();
    }

    /// What the server takes for the time, since the epoch.
    pub fn now(&self) -> Duration {
        self.shared.clock.now()
    }

    /// Sets the server's clock ahead: tokens, codes and logins are older at once.
    pub fn advance(&self, by: Duration) {
        self.shared.clock.advance(by);
    }

    /// A logout token for a client, with `sub`, `sid` or both, and with what is to be wrong with it.
    ///
    /// ```
    /// use grantor::{JwtFault, Server};
    ///
    /// let server = Server::start();
    /// let right = server.logout_token("public", Some("alice"), None, None);
    /// let wrong = server.logout_token("public", Some("alice"), None, JwtFault::claim("nonce", "n"));
    /// # assert_ne!(right, wrong);
    /// ```
    ///
    /// # Panics
    /// When the fault is an algorithm that this build cannot sign with.
    ///
    /// [OpenID Connect Back-Channel Logout 1.0 section 2.4](https://openid.net/specs/openid-connect-backchannel-1_0.html#LogoutToken)
    pub fn logout_token(
        &self,
        client_id: &str,
        sub: Option<&str>,
        sid: Option<&str>,
        fault: impl Into<Option<JwtFault>>,
    ) -> String {
        let fault = fault.into();
        if let Some(fault) = &fault {
            fault.must_be_possible();
        }
        let draft = logout::draft(&self.shared, client_id, sub, sid);
        logout::token(&self.shared, client_id, draft, fault.as_ref())
    }

    /// Posts a logout token to a client by plain HTTP and waits for its answer, for ten seconds at most. Blocks the thread.
    ///
    /// # Errors
    /// When the URL is not plain `http`, or the client cannot be reached or does not answer with HTTP.
    pub fn send_backchannel_logout(&self, url: &str, logout_token: &str) -> io::Result<LogoutAnswer> {
        post::blocking(url, logout_token)
    }

    /// The logout tokens that logouts have posted by themselves, the oldest first.
    pub fn backchannel_logouts(&self) -> Vec<LogoutNotice> {
        lock(&self.shared.notices).clone()
    }

    /// What the browser is to load in a frame for a client to log out: its `frontchannel_logout_uri` with `iss` and `sid`.
    /// None where it has not registered one.
    pub fn frontchannel_logout_url(&self, client_id: &str, sid: &str) -> Option<String> {
        logout::frontchannel_url(&self.shared, client_id, sid)
    }

    /// Ends a session as the provider would by its own decision: posts the logout tokens, blocking the thread, and returns
    /// what a browser would be given to load in frames.
    pub fn end_session(&self, sid: &str) -> Vec<String> {
        let Some(session) = lock(&self.shared.browser).session_by_sid(sid) else {
            return Vec::new();
        };
        lock(&self.shared.browser).log_out(&session.id);
        for mut notice in logout::notices(&self.shared, &session) {
            notice.status = post::blocking(&notice.uri, &notice.logout_token).ok().map(|answer| answer.status);
            logout::remember(&self.shared, notice);
        }
        logout::frames(&self.shared, &session)
    }

    /// The link with which a third party starts a login at the client: its `initiate_login_uri` with `iss`, and with
    /// `login_hint` and `target_link_uri` where given. None where the first is no URL.
    ///
    /// [OpenID Connect Core 1.0 section 4](https://openid.net/specs/openid-connect-core-1_0.html#ThirdPartyInitiatedLogin)
    pub fn initiate_login_url(
        &self,
        initiate_login_uri: &str,
        target_link_uri: Option<&str>,
        login_hint: Option<&str>,
    ) -> Option<String> {
        let mut url = Url::parse(initiate_login_uri).ok()?;
        url.query_pairs_mut().append_pair("iss", &self.issuer());
        for (name, value) in [("login_hint", login_hint), ("target_link_uri", target_link_uri)] {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        Some(url.into())
    }
}
