//! Grants: one file a grant. Adding one is a file and a `pub mod` line here, or a type in a crate of your own.

mod authorization_code;
pub mod ciba;
mod client_credentials;
pub mod device_code;
mod jwt_bearer;
mod password;
pub mod polling;
mod refresh_token;
mod saml2_bearer;
mod service_account;
mod stored;
mod token_exchange;

pub use authorization_code::AuthorizationCode;
pub use ciba::{BackchannelAuthentication, BackchannelAuthenticationRequest, Ciba, Delivery, NotificationInbox};
pub use client_credentials::ClientCredentials;
pub use device_code::{DeviceAuthorization, DeviceAuthorizationRequest, DeviceCode};
pub use jwt_bearer::{JwtBearer, SignedJwtBearer};
pub use refresh_token::RefreshToken;
pub use saml2_bearer::Saml2Bearer;
pub use service_account::ServiceAccount;
pub use stored::Stored;
pub use token_exchange::{SecurityToken, TokenExchange, token_type_identifier};

/// What OAuth 2.1 has removed and some servers still want.
pub mod legacy {
    pub use super::password::Password;
    pub use crate::authorization::request::implicit;
}

use crate::error::Result;
use crate::ports::{BoxFuture, Entropy};
use crate::wire::form::Params;
use crate::{Scope, Token, UnixTime};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a grant may know while it makes its parameters.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct GrantContext<'a> {
    /// The client's identifier.
    pub client_id: &'a str,
    /// The issuer, where one is known.
    pub issuer: Option<&'a str>,
    /// The token endpoint.
    pub token_endpoint: &'a str,
    /// The time.
    pub now: UnixTime,
    /// Chance.
    pub entropy: &'a dyn Entropy,
}

impl<'a> GrantContext<'a> {
    /// What a token request of this client is made from.
    pub fn new(client_id: &'a str, token_endpoint: &'a str, now: UnixTime, entropy: &'a dyn Entropy) -> Self {
        Self { client_id, issuer: None, token_endpoint, now, entropy }
    }
}

/// A way to get a token. A type of your own is usable wherever ours are, sessions included.
///
/// ```
/// use grantee_core::{Params, Result, grant::{Grant, GrantContext}, ports::BoxFuture};
///
/// /// A grant that only one server knows.
/// struct PinCode(String);
///
/// impl Grant for PinCode {
///     fn grant_type(&self) -> &str {
///         "urn:example:pin-code"
///     }
///     fn params<'a>(&'a self, _: GrantContext<'a>) -> BoxFuture<'a, Result<Params>> {
///         Box::pin(async { Ok(Params::new().with("pin", self.0.as_str())) })
///     }
/// }
/// ```
pub trait Grant: Send + Sync {
    /// The value of `grant_type`.
    fn grant_type(&self) -> &str;

    /// The parameters of this grant, asked anew at each attempt, so that whatever may be used once is made anew. The
    /// future awaits only what the context hands it, since both faces drive it.
    fn params<'a>(&'a self, context: GrantContext<'a>) -> BoxFuture<'a, Result<Params>>;

    /// The parameters that any token request may have, sent after those of the grant.
    fn parameters(&self) -> &TokenParameters {
        &NO_PARAMETERS
    }

    /// A last look at the answer, which may complete it; an error refuses it.
    ///
    /// # Errors
    /// Whatever the grant finds wrong, best a [`RuleViolation`](crate::error::RuleViolation).
    fn finish(&self, answer: Token) -> Result<Token> {
        Ok(answer)
    }

    /// The token it renews, whose login the answer's ID token must continue
    /// ([OpenID Connect Core section 12.2](https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse)).
    fn renews(&self) -> Option<&Token> {
        None
    }

    /// The thumbprint of the key that what it brings is bound to, where that is settled: a refresh, or the code of a request that
    /// named one, is good with that key alone.
    fn key_thumbprint(&self) -> Option<&str> {
        self.renews().and_then(|token| token.key_thumbprint.as_deref())
    }

    /// Whether the scope of [`parameters`](Self::parameters) goes into the token request, or was settled before.
    fn sends_scope(&self) -> bool {
        true
    }

    /// Whether the same grant can bring another token later without a person. `false` for what is used once.
    fn is_repeatable(&self) -> bool {
        true
    }

    /// How the token endpoint is to be asked while a person has yet to confirm; `None` where one request decides.
    /// Whatever asks with this grant, a session included, waits and asks as [`polling`] tells.
    fn polling(&self) -> Option<polling::Schedule> {
        None
    }

    /// Whose token it brings, where the grant itself knows: keeps the tokens of two people apart in one store. A session
    /// whose grant is not repeatable and has no account must be given one before it may use a store.
    fn account(&self) -> Option<&str> {
        None
    }

    /// What it asks for beside [`parameters`](Self::parameters) and makes its token another one: keeps both apart in one store,
    /// whatever the account.
    fn variant(&self) -> Option<&str> {
        None
    }

    /// Whether `invalid_grant` settles it: what it shows stays wrong, like a password, and shown again and again it does harm.
    /// `false` for what is made anew each time and may come right, as when a clock does.
    fn is_refused_for_good(&self) -> bool {
        self.account().is_some()
    }

    /// Whether the future of [`params`](Self::params) needs an async runtime to make progress, as one does that signs at a
    /// KMS. A blocking client refuses such a grant.
    fn needs_reactor(&self) -> bool {
        false
    }
}

/// What any token request may ask for beside its grant's own parameters. Serializing it reveals the further parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenParameters {
    /// OPTIONAL. The scope asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// OPTIONAL. The resources the token is for (RFC 8707), each an absolute URI.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// OPTIONAL. The audiences the token is for (RFC 8693 section 2.1, and servers of their own).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// OPTIONAL. What exactly the token is to allow (RFC 9396).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<Value>,
    /// Further parameters; a name may stand more than once.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub other: Params,
}

static NO_PARAMETERS: TokenParameters = TokenParameters {
    scope: None,
    resources: Vec::new(),
    audiences: Vec::new(),
    authorization_details: None,
    other: Params::NONE,
};

impl TokenParameters {
    /// Adds them to a form: scope first, then what may repeat, then the rest.
    pub(crate) fn append_to(&self, form: &mut Params) {
        if let Some(scope) = self.scope.as_ref().filter(|scope| !scope.is_empty()) {
            form.push("scope", scope.to_string());
        }
        self.append_all_but_scope(form);
    }

    /// As [`append_to`](Self::append_to), for a refresh: no scope there means the scope first granted (RFC 6749 section 6).
    pub(crate) fn append_all_but_scope(&self, form: &mut Params) {
        for resource in &self.resources {
            form.push("resource", resource.as_str());
        }
        for audience in &self.audiences {
            form.push("audience", audience.as_str());
        }
        if let Some(details) = &self.authorization_details {
            form.push("authorization_details", details.to_string());
        }
        form.append(self.other.clone());
    }
}

/// The builder methods that every grant of ours has.
macro_rules! token_parameters {
    () => {
        /// OPTIONAL. The scope asked for; several calls add up.
        #[must_use]
        pub fn scope(mut self, scope: impl Into<crate::Scope>) -> Self {
            self.parameters.scope.get_or_insert_default().extend(scope);
            self
        }

        /// OPTIONAL. A resource the token is for, an absolute URI (RFC 8707 section 2); may be given more than once.
        #[must_use]
        pub fn resource(mut self, resource: impl Into<String>) -> Self {
            self.parameters.resources.push(resource.into());
            self
        }

        /// OPTIONAL. An audience the token is for; may be given more than once.
        #[must_use]
        pub fn audience(mut self, audience: impl Into<String>) -> Self {
            self.parameters.audiences.push(audience.into());
            self
        }

        /// OPTIONAL. What exactly the token is to allow (RFC 9396):
        /// [`AuthorizationDetails`](crate::authorization::AuthorizationDetails), a JSON list of objects with a `type`, or one as
        /// text.
        #[must_use]
        pub fn authorization_details(mut self, details: impl Into<crate::jose::Value>) -> Self {
            let details = crate::authorization::authorization_details::parsed(details.into());
            self.parameters.authorization_details = Some(details);
            self
        }

        /// OPTIONAL. Any further parameter, sent again at each renewal; may be given more than once.
        #[must_use]
        pub fn param(mut self, name: impl Into<String>, value: impl Into<crate::Secret>) -> Self {
            self.parameters.other.push(name, value);
            self
        }
    };
}
pub(crate) use token_parameters;
