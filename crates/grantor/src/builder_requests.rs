//! What a server makes of authorization requests: pushed ones, signed ones, and what they may ask for.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use crate::Builder;

/// What of an entry of `authorization_details` is granted.
pub(crate) type Granting = Arc<dyn Fn(&Value) -> Option<Value> + Send + Sync>;

#[derive(Clone)]
pub(crate) struct RequestPolicy {
    pub(crate) request_uri_lifetime: Duration,
    pub(crate) require_pushed: bool,
    pub(crate) require_signed: bool,
    pub(crate) strict_objects: bool,
    pub(crate) decrypts_objects: bool,
    /// The only resources there are; any, where none.
    pub(crate) resources: Option<Vec<String>>,
    /// The only types of authorization details there are; any, where none.
    pub(crate) details_types: Option<Vec<String>>,
    pub(crate) granting: Option<Granting>,
}

impl Default for RequestPolicy {
    fn default() -> Self {
        Self {
            request_uri_lifetime: Duration::from_secs(60),
            require_pushed: false,
            require_signed: false,
            strict_objects: false,
            decrypts_objects: false,
            resources: None,
            details_types: None,
            granting: None,
        }
    }
}

impl Builder {
    /// How long the `request_uri` of a pushed authorization request is good. A minute unless set.
    ///
    /// [RFC 9126 section 2.2](https://www.rfc-editor.org/rfc/rfc9126#section-2.2)
    pub fn request_uri_lifetime(mut self, lifetime: Duration) -> Self {
        self.config.requests.request_uri_lifetime = lifetime;
        self
    }

    /// Takes authorization requests only where they were pushed, from every client. See also
    /// [`Client::require_pushed_authorization_requests`](crate::Client::require_pushed_authorization_requests).
    ///
    /// [RFC 9126 section 5](https://www.rfc-editor.org/rfc/rfc9126#section-5)
    pub fn require_pushed_authorization_requests(mut self) -> Self {
        self.config.requests.require_pushed = true;
        self
    }

    /// Takes authorization requests only as request objects that are signed, from every client. See also
    /// [`Client::require_signed_request_object`](crate::Client::require_signed_request_object).
    ///
    /// [RFC 9101 section 10.5](https://www.rfc-editor.org/rfc/rfc9101#section-10.5)
    pub fn require_signed_request_object(mut self) -> Self {
        self.config.requests.require_signed = true;
        self
    }

    /// Whether request objects must be as FAPI has them: with `exp` and `nbf`, `nbf` at most 60 minutes ago and `exp` at most
    /// 60 minutes behind it; and whether a pushed one comes with nothing beside it but what authenticates the client. Off
    /// unless turned on.
    ///
    /// [FAPI 1.0 part 2 section 5.2.2](https://openid.net/specs/openid-financial-api-part-2-1_0.html#authorization-server),
    /// [FAPI 2.0 Message Signing section 5.3](https://openid.net/specs/fapi-message-signing-2_0.html),
    /// [RFC 9126 section 3](https://www.rfc-editor.org/rfc/rfc9126#section-3)
    pub fn strict_request_objects(mut self, strict: bool) -> Self {
        self.config.requests.strict_objects = strict;
        self
    }

    /// Publishes two keys to encrypt request objects to, one for RSA-OAEP-256 and one for ECDH-ES, and takes request objects
    /// that are encrypted to either.
    ///
    /// Needs the cargo feature `oracle`; a server without it does not start with this.
    ///
    /// [RFC 9101 section 6.1](https://www.rfc-editor.org/rfc/rfc9101#section-6.1)
    pub fn request_object_encryption_keys(mut self) -> Self {
        self.config.requests.decrypts_objects = true;
        self
    }

    /// The resources that there are; a `resource` that is none of them is refused with `invalid_target`. Any will do unless
    /// this is called.
    ///
    /// [RFC 8707 section 2](https://www.rfc-editor.org/rfc/rfc8707#section-2)
    pub fn resources(mut self, resources: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.config.requests.resources = Some(resources.into_iter().map(Into::into).collect());
        self
    }

    /// The types of `authorization_details` that there are; another is refused with `invalid_authorization_details`. Any will
    /// do unless this is called, and the metadata then names none.
    ///
    /// [RFC 9396 section 10](https://www.rfc-editor.org/rfc/rfc9396#section-10)
    pub fn authorization_details_types(mut self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.config.requests.details_types = Some(types.into_iter().map(Into::into).collect());
        self
    }

    /// What is granted of each entry of `authorization_details`, none for nothing: a person who allows less than was asked,
    /// or picks an account. Unless this is called, everything is granted as asked.
    ///
    /// ```
    /// use serde_json::json;
    ///
    /// let server = grantor::Server::builder()
    ///     .grant_authorization_details(|asked| {
    ///         let mut granted = asked.clone();
    ///         granted["actions"] = json!(["status"]);
    ///         (asked["type"] != "signature").then_some(granted)
    ///     })
    ///     .start();
    /// # drop(server);
    /// ```
    ///
    /// [RFC 9396 section 7.1](https://www.rfc-editor.org/rfc/rfc9396#section-7.1)
    pub fn grant_authorization_details(
        mut self,
        granting: impl Fn(&Value) -> Option<Value> + Send + Sync + 'static,
    ) -> Self {
        self.config.requests.granting = Some(Arc::new(granting));
        self
    }
}
