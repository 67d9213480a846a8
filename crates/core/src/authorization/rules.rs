//! What a client is configured to do with every authorization request and answer.

use super::jarm::ResponseRules;
use super::request_object::RequestObjects;
use crate::client::Config;
use crate::error::Result;
use crate::oidc::rules::Encryption;

/// The part of the configuration that authorization requests and their answers follow.
#[derive(Clone, Default)]
pub(crate) struct AuthorizationRules {
    /// Whether every request is pushed.
    pub(crate) pushed: bool,
    /// How request objects are made; every request goes as one where this is there.
    pub(crate) request_objects: Option<RequestObjects>,
    /// How request objects are encrypted.
    pub(crate) encryption: Option<Encryption>,
    pub(crate) answers: ResponseRules,
}

impl AuthorizationRules {
    pub(crate) fn check(&self, has_secret: bool) -> Result<()> {
        if let Some(objects) = &self.request_objects {
            objects.check(has_secret)?;
        }
        if let Some(encryption) = &self.encryption {
            encryption.parsed()?;
        }
        self.answers.check()
    }

    pub(crate) fn needs_reactor(&self) -> bool {
        self.request_objects.as_ref().is_some_and(RequestObjects::needs_reactor)
    }
}

impl Config {
    #[doc(hidden)]
    pub fn set_par(&mut self) {
        self.authorization.pushed = true;
    }

    #[doc(hidden)]
    pub fn set_request_objects(&mut self, objects: RequestObjects) {
        self.authorization.request_objects = Some(objects);
    }

    #[doc(hidden)]
    pub fn set_unsigned_request_objects(&mut self) {
        self.authorization.request_objects = Some(RequestObjects::unsigned());
    }

    #[doc(hidden)]
    pub fn set_request_object_encryption(&mut self, alg: String, enc: String) {
        self.authorization.encryption = Some(Encryption { alg, enc });
    }

    #[doc(hidden)]
    pub fn set_authorization_alg(&mut self, alg: String) {
        self.authorization.answers.algorithm = Some(alg);
    }

    #[doc(hidden)]
    pub fn set_any_authorization_alg(&mut self) {
        self.authorization.answers.any_algorithm = true;
    }

    #[doc(hidden)]
    pub fn set_authorization_encryption(&mut self, alg: String, enc: String) {
        self.authorization.answers.encryption = Some(Encryption { alg, enc });
    }
}
