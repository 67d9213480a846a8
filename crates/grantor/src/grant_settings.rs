//! The settings of the grants that come without a redirect.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use serde_json::Value;

use crate::Builder;

#[derive(Clone, Debug)]
pub(crate) struct GrantSettings {
    /// Seconds; none leaves the member out.
    pub(crate) device_interval: Option<u64>,
    pub(crate) device_code_lifetime: Duration,
    pub(crate) device_auto_approve_after: Option<usize>,
    pub(crate) ciba_interval: Option<u64>,
    pub(crate) ciba_lifetime: Duration,
    pub(crate) ciba_auto_approve_after: Option<usize>,
    /// The JWK Set of each issuer of assertions.
    pub(crate) trusted_issuers: HashMap<String, Value>,
    pub(crate) saml_issuers: HashSet<String>,
}

impl Default for GrantSettings {
    fn default() -> Self {
        Self {
            device_interval: Some(5),
            device_code_lifetime: Duration::from_secs(1800),
            device_auto_approve_after: None,
            ciba_interval: Some(5),
            ciba_lifetime: Duration::from_secs(300),
            ciba_auto_approve_after: None,
            trusted_issuers: HashMap::new(),
            saml_issuers: HashSet::new(),
        }
    }
}

impl Builder {
    /// How many seconds a device has to leave between two polls, and what `interval` says; 5 unless set. With none the
    /// member is left out, which means 5 too ([RFC 8628 section 3.2](https://www.rfc-editor.org/rfc/rfc8628#section-3.2)).
    pub fn device_interval(mut self, seconds: impl Into<Option<u64>>) -> Self {
        self.config.grants.device_interval = seconds.into();
        self
    }

    /// How long a device code and its user code live; half an hour unless set.
    pub fn device_code_lifetime(mut self, lifetime: Duration) -> Self {
        self.config.grants.device_code_lifetime = lifetime;
        self
    }

    /// Devices are approved by nobody's doing: each has that many polls (fewer than a thousand) answered with `authorization_pending` and gets tokens
    /// at the next. The person is that of [`Builder::auto_approve`], else `alice`.
    pub fn device_auto_approve_after(mut self, polls: usize) -> Self {
        self.config.grants.device_auto_approve_after = Some(polls);
        self
    }

    /// How many seconds a CIBA client has to leave between two polls, and what `interval` says; 5 unless set. With none the
    /// member is left out, which means 5 too
    /// ([CIBA section 7.3](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#successful_authentication_request_acknowdlegment)).
    pub fn ciba_interval(mut self, seconds: impl Into<Option<u64>>) -> Self {
        self.config.grants.ciba_interval = seconds.into();
        self
    }

    /// How long an `auth_req_id` lives where the client asks for no other time by `requested_expiry`; five minutes unless set.
    pub fn ciba_lifetime(mut self, lifetime: Duration) -> Self {
        self.config.grants.ciba_lifetime = lifetime;
        self
    }

    /// CIBA requests are approved by nobody's doing, as the person of the hint: each has that many polls answered with
    /// `authorization_pending` and gets tokens at the next. A client with ping or push gets its notification as soon as it has
    /// the answer to its request, whatever the number.
    pub fn ciba_auto_approve_after(mut self, polls: usize) -> Self {
        self.config.grants.ciba_auto_approve_after = Some(polls);
        self
    }

    /// Trusts that issuer's assertions for the JWT bearer grant, and its JWTs for token exchange. `jwks` are its public keys
    /// as a JWK Set. A second call for an issuer replaces its keys.
    ///
    /// [RFC 7523 section 2.1](https://www.rfc-editor.org/rfc/rfc7523#section-2.1)
    ///
    /// ```
    /// use grantor::{Server, SigningKey};
    ///
    /// let key = SigningKey::fresh("ES256");
    /// let jwks = serde_json::json!({"keys": [key.jwk()]});
    /// let server = Server::builder().trusted_issuer("https://idp.example", jwks).start();
    /// # drop(server);
    /// ```
    pub fn trusted_issuer(mut self, iss: impl Into<String>, jwks: Value) -> Self {
        self.config.grants.trusted_issuers.insert(iss.into(), jwks);
        self
    }

    /// Trusts that issuer's assertions for the SAML 2.0 bearer grant. Their signatures are *not* checked.
    ///
    /// [RFC 7522 section 2.1](https://www.rfc-editor.org/rfc/rfc7522#section-2.1)
    pub fn saml_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.config.grants.saml_issuers.insert(issuer.into());
        self
    }
}
