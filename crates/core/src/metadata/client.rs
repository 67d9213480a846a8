//! Client metadata: [RFC 7591 section 2](https://www.rfc-editor.org/rfc/rfc7591#section-2) and
//! [OpenID Connect Registration 1.0 section 2](https://openid.net/specs/openid-connect-registration-1_0.html#ClientMetadata),
//! with the members that later specs added.

use super::reader::Reader;
use crate::Scope;
use crate::error::{Error, Result};
use grantee_jose::JwkSet;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// Defines [`ClientMetadata`] and what goes over all of its members, so that a member is one line here.
macro_rules! client_metadata {
    (
        texts { $($(#[$text_doc:meta])* $text:ident,)* }
        lists { $($(#[$list_doc:meta])* $list:ident,)* }
        flags { $($(#[$flag_doc:meta])* $flag:ident,)* }
    ) => {
        /// What a client is: asked for when it registers, and as the server has registered it.
        ///
        /// Every member is OPTIONAL, and one left out has the default that its specification names.
        ///
        /// ```
        /// use grantee_core::metadata::ClientMetadata;
        /// let metadata = ClientMetadata::new()
        ///     .client_name("Orders")
        ///     .localized("client_name", "de", "Bestellungen")
        ///     .redirect_uris(["https://app.example/callback"])
        ///     .grant_types(["authorization_code", "refresh_token"]);
        /// let json = serde_json::to_value(&metadata)?;
        /// assert_eq!(json["client_name#de"], "Bestellungen");
        /// # Ok::<(), serde_json::Error>(())
        /// ```
        #[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(from = "Map<String, Value>")]
        #[non_exhaustive]
        pub struct ClientMetadata {
            $($(#[$text_doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $text: Option<String>,)*
            $($(#[$list_doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $list: Option<Vec<String>>,)*
            $($(#[$flag_doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $flag: Option<bool>,)*
            /// What the client may ask for (RFC 7591 section 2).
            #[serde(skip_serializing_if = "Option::is_none")]
            pub scope: Option<Scope>,
            /// The client's public keys, as they stand there; not beside `jwks_uri` (RFC 7591 section 2).
            #[serde(skip_serializing_if = "Option::is_none")]
            pub jwks: Option<Value>,
            /// How old a login may be, in seconds (OpenID Connect Registration section 2).
            #[serde(skip_serializing_if = "Option::is_none")]
            pub default_max_age: Option<u64>,
            /// Members that are not among these, as they came: those with a language (`client_name#de`) and those of others.
            #[serde(flatten)]
            pub extra: Map<String, Value>,
            /// What was dropped because it can't be meant, a line each: the member, a colon, why.
            #[serde(skip)]
            pub ignored: Vec<String>,
        }

        impl From<Map<String, Value>> for ClientMetadata {
            fn from(members: Map<String, Value>) -> Self {
                let mut reader = Reader::new(members);
                Self {
                    $($text: reader.text(stringify!($text)),)*
                    $($list: reader.list(stringify!($list)),)*
                    $($flag: reader.flag(stringify!($flag)),)*
                    scope: reader.scope("scope"),
                    jwks: reader.object("jwks"),
                    default_max_age: reader.seconds("default_max_age"),
                    extra: reader.members,
                    ignored: reader.ignored,
                }
            }
        }

        impl ClientMetadata {
            $($(#[$text_doc])* #[must_use] pub fn $text(mut self, $text: impl Into<String>) -> Self {
                self.$text = Some($text.into());
                self
            })*

            $($(#[$list_doc])* #[must_use] pub fn $list(mut self, $list: impl IntoIterator<Item = impl Into<String>>) -> Self {
                self.$list = Some($list.into_iter().map(Into::into).collect());
                self
            })*

            $($(#[$flag_doc])* #[must_use] pub fn $flag(mut self, $flag: bool) -> Self {
                self.$flag = Some($flag);
                self
            })*
        }
    };
}

client_metadata! {
    texts {
        /// How the client authenticates at the token endpoint; `client_secret_basic` when absent (RFC 7591 section 2).
        token_endpoint_auth_method,
        /// The algorithm of its assertions there (OpenID Connect Registration section 2).
        token_endpoint_auth_signing_alg,
        /// Its name, for people (RFC 7591 section 2).
        client_name,
        /// A page about it (RFC 7591 section 2).
        client_uri,
        /// Its logo (RFC 7591 section 2).
        logo_uri,
        /// Its terms of service (RFC 7591 section 2).
        tos_uri,
        /// What it does with data (RFC 7591 section 2).
        policy_uri,
        /// Where its public keys are; not beside `jwks` (RFC 7591 section 2).
        jwks_uri,
        /// An identifier of the software, the same for all its installations (RFC 7591 section 2).
        software_id,
        /// The version of the software (RFC 7591 section 2).
        software_version,
        /// A JWT in which somebody the server trusts vouches for such members as these (RFC 7591 section 2.3).
        software_statement,
        /// `web`, the default, or `native` (OpenID Connect Registration section 2).
        application_type,
        /// `pairwise` or `public` (OpenID Connect Registration section 2).
        subject_type,
        /// Whose redirect URIs share a pairwise subject (OpenID Connect Registration section 2).
        sector_identifier_uri,
        /// The algorithm of ID tokens; RS256 when absent (OpenID Connect Registration section 2).
        id_token_signed_response_alg,
        /// Key management of ID tokens; not encrypted when absent (OpenID Connect Registration section 2).
        id_token_encrypted_response_alg,
        /// Content encryption of ID tokens; A128CBC-HS256 when absent (OpenID Connect Registration section 2).
        id_token_encrypted_response_enc,
        /// The algorithm of userinfo answers; not signed when absent (OpenID Connect Registration section 2).
        userinfo_signed_response_alg,
        /// Key management of userinfo answers; not encrypted when absent (OpenID Connect Registration section 2).
        userinfo_encrypted_response_alg,
        /// Content encryption of userinfo answers; A128CBC-HS256 when absent (OpenID Connect Registration section 2).
        userinfo_encrypted_response_enc,
        /// The algorithm that request objects must have (OpenID Connect Registration section 2, RFC 9101).
        request_object_signing_alg,
        /// Key management of request objects (OpenID Connect Registration section 2).
        request_object_encryption_alg,
        /// Content encryption of request objects (OpenID Connect Registration section 2).
        request_object_encryption_enc,
        /// The algorithm of authorization responses (JARM section 3).
        authorization_signed_response_alg,
        /// Key management of authorization responses (JARM section 3).
        authorization_encrypted_response_alg,
        /// Content encryption of authorization responses (JARM section 3).
        authorization_encrypted_response_enc,
        /// The algorithm of introspection answers (RFC 9701 section 6).
        introspection_signed_response_alg,
        /// Key management of introspection answers (RFC 9701 section 6).
        introspection_encrypted_response_alg,
        /// Content encryption of introspection answers (RFC 9701 section 6).
        introspection_encrypted_response_enc,
        /// Where a login that others start begins (OpenID Connect Registration section 2).
        initiate_login_uri,
        /// `poll`, `ping` or `push` (CIBA section 4).
        backchannel_token_delivery_mode,
        /// Where pings and pushes go (CIBA section 4).
        backchannel_client_notification_endpoint,
        /// The algorithm of signed backchannel authentication requests (CIBA section 4).
        backchannel_authentication_request_signing_alg,
        /// Where logout tokens go (Back-Channel Logout section 2.2).
        backchannel_logout_uri,
        /// What the browser is shown at a logout (Front-Channel Logout section 2).
        frontchannel_logout_uri,
        /// The distinguished name of its certificate (RFC 8705 section 2.1.2).
        tls_client_auth_subject_dn,
        /// A DNS name in its certificate (RFC 8705 section 2.1.2).
        tls_client_auth_san_dns,
        /// A URI in its certificate (RFC 8705 section 2.1.2).
        tls_client_auth_san_uri,
        /// An IP address in its certificate (RFC 8705 section 2.1.2).
        tls_client_auth_san_ip,
        /// An e-mail address in its certificate (RFC 8705 section 2.1.2).
        tls_client_auth_san_email,
    }
    lists {
        /// Where people are sent back to (RFC 7591 section 2).
        redirect_uris,
        /// The grants it uses; `authorization_code` when absent (RFC 7591 section 2).
        grant_types,
        /// The response types it uses; `code` when absent (RFC 7591 section 2).
        response_types,
        /// How to reach those responsible, mostly e-mail addresses (RFC 7591 section 2).
        contacts,
        /// Classes of authentication to ask for (OpenID Connect Registration section 2).
        default_acr_values,
        /// Where its request objects are (OpenID Connect Registration section 2).
        request_uris,
        /// Where people are sent after a logout (RP-Initiated Logout section 3.1).
        post_logout_redirect_uris,
        /// The types of `authorization_details` it uses (RFC 9396 section 10).
        authorization_details_types,
    }
    flags {
        /// Whether ID tokens say when the person logged in; no when absent (OpenID Connect Registration section 2).
        require_auth_time,
        /// Whether its authorization requests are always signed; no when absent (RFC 9101 section 10.5).
        require_signed_request_object,
        /// Whether its authorization requests are always pushed; no when absent (RFC 9126 section 6).
        require_pushed_authorization_requests,
        /// Whether its tokens are bound to its certificate; no when absent (RFC 8705 section 3.4).
        tls_client_certificate_bound_access_tokens,
        /// Whether its tokens are always bound to a key; no when absent (RFC 9449 section 5.2).
        dpop_bound_access_tokens,
        /// Whether it sends a `user_code`; no when absent (CIBA section 4).
        backchannel_user_code_parameter,
        /// Whether logout tokens must name the session; no when absent (Back-Channel Logout section 2.2).
        backchannel_logout_session_required,
        /// Whether a front-channel logout must name the session; no when absent (Front-Channel Logout section 2).
        frontchannel_logout_session_required,
    }
}

impl ClientMetadata {
    /// Nothing said yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the client may ask for (RFC 7591 section 2); several calls add up.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<Scope>) -> Self {
        self.scope.get_or_insert_default().extend(scope);
        self
    }

    /// The client's keys, of which the public parts go to the server; not beside `jwks_uri` (RFC 7591 section 2).
    #[must_use]
    pub fn jwks(mut self, keys: &JwkSet) -> Self {
        self.jwks = Some(keys.public().to_value());
        self
    }

    /// How old a login may be, in seconds (OpenID Connect Registration section 2).
    #[must_use]
    pub fn default_max_age(mut self, seconds: u64) -> Self {
        self.default_max_age = Some(seconds);
        self
    }

    /// A member for people in one language, by its BCP 47 tag (RFC 7591 section 2.2).
    #[must_use]
    pub fn localized(self, member: &str, language: &str, text: impl Into<String>) -> Self {
        self.other(format!("{member}#{language}"), Value::String(text.into()))
    }

    /// Any further member.
    #[must_use]
    pub fn other(mut self, member: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.insert(member.into(), value.into());
        self
    }

    /// What goes to the server.
    ///
    /// # Errors
    /// [`Error::Config`] for keys in two places, for a private key, for members that are the server's to give, and for ones that
    /// could not be read.
    pub(crate) fn to_send(&self) -> Result<Map<String, Value>> {
        if self.jwks.is_some() && self.jwks_uri.is_some() {
            return Err(Error::config(
                "the client's metadata has both jwks and jwks_uri",
                "give the keys, or say where they are (RFC 7591 section 2)",
            ));
        }
        if self.jwks.as_ref().and_then(|set| set.get("keys")?.as_array()).is_some_and(|keys| keys.iter().any(is_secret))
        {
            return Err(Error::config(
                "the client's metadata has a private key in jwks",
                "set it by ClientMetadata::jwks(..), which takes the public parts",
            ));
        }
        if let Some(name) = SERVERS_OWN.iter().find(|name| self.extra.contains_key(**name)) {
            return Err(Error::config(
                format!("{name} is no metadata of a client: the server gives it"),
                "leave it out (RFC 7592 section 2.2)",
            ));
        }
        let members = self.members();
        // What is left out of an update is asked to be gone (RFC 7592 section 2.2).
        let is_lost = |line: &&String| line.split(": ").next().is_some_and(|name| !members.contains_key(name));
        if let Some(line) = self.ignored.iter().find(is_lost) {
            return Err(Error::config(
                format!("the client's metadata had a member that is not to be read ({line}), and would lose it"),
                "set it, or begin with what the client was registered as",
            ));
        }
        Ok(members)
    }

    /// Everything that is said, by its name.
    pub(crate) fn members(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        }
    }
}

/// What an answer holds beside the metadata (RFC 7591 section 3.2.1, RFC 7592 section 3).
pub(crate) const SERVERS_OWN: [&str; 6] = [
    "client_id",
    "client_secret",
    "client_id_issued_at",
    "client_secret_expires_at",
    "registration_access_token",
    "registration_client_uri",
];

fn is_secret(key: &Value) -> bool {
    // RFC 7518 sections 6.2.2, 6.3.2 and 6.4, RFC 8037 section 2.
    ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|member| key.get(member).is_some())
}

// A software statement would serve whoever reads it in a log.
impl fmt::Debug for ClientMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut members = self.members();
        if let Some(statement) = members.get_mut("software_statement") {
            *statement = Value::String("(..)".to_owned());
        }
        f.debug_tuple("ClientMetadata").field(&members).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grantee_jose::{Curve, Jwk, KeyKind};
    use serde_json::json;

    fn read(members: Value) -> ClientMetadata {
        serde_json::from_value(members).unwrap()
    }

    #[test]
    fn what_is_known_is_typed_and_the_rest_is_kept() {
        let members = json!({
            "redirect_uris": ["https://a.example/cb"],
            "client_name": "A",
            "client_name#ja-Jpan-JP": "\u{30af}",
            "scope": "read write",
            "default_max_age": 3600,
            "require_auth_time": true,
            "jwks": {"keys": [{"kty": "XYZ", "x": 1}]},
            "vendor": {"deep": [1]},
        });
        let metadata = read(members.clone());
        assert_eq!(metadata.redirect_uris.as_deref(), Some(&["https://a.example/cb".to_owned()][..]));
        assert_eq!(metadata.default_max_age, Some(3600));
        assert_eq!(metadata.extra["client_name#ja-Jpan-JP"], "\u{30af}");
        assert_eq!(metadata.ignored, [""; 0]);
        assert_eq!(serde_json::to_value(&metadata).unwrap(), members);
    }

    #[test]
    fn what_cant_be_meant_counts_as_absent_and_what_is_meant_is_understood() {
        let metadata = read(json!({
            "redirect_uris": "https://a.example/cb",
            "scope": ["a", "b"],
            "default_max_age": "60",
            "client_name": 7,
            "jwks": [],
            "require_auth_time": "true",
            "tos_uri": null,
        }));
        assert_eq!(metadata.redirect_uris.as_ref().unwrap().len(), 1);
        assert_eq!(metadata.scope, Some("a b".into()));
        assert_eq!((metadata.default_max_age, metadata.require_auth_time), (Some(60), Some(true)));
        assert_eq!((metadata.client_name, metadata.jwks, metadata.tos_uri), (None, None, None));
        assert_eq!(
            metadata.ignored,
            ["client_name: a number instead of a string", "jwks: a list instead of an object"]
        );
    }

    #[test]
    fn keys_and_where_they_are_exclude_each_other() {
        let keys = JwkSet::from_iter([Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap()]);
        let both = ClientMetadata::new().jwks(&keys).jwks_uri("https://a.example/keys");
        assert!(both.to_send().unwrap_err().to_string().contains("both jwks and jwks_uri"));
    }

    #[test]
    fn a_private_key_is_never_sent() {
        let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap();
        let d = key.to_value()["d"].as_str().unwrap().to_owned();
        let sent = ClientMetadata::new().jwks(&JwkSet::from_iter([key.clone()])).to_send().unwrap();
        assert!(sent["jwks"]["keys"][0]["x"].is_string() && sent["jwks"]["keys"][0].get("d").is_none());
        for secret in [key, Jwk::oct([7; 32])] {
            let mut by_hand = ClientMetadata::new();
            by_hand.jwks = Some(json!({"keys": [secret.to_value()]}));
            let error = by_hand.to_send().unwrap_err().to_string();
            assert!(error.contains("private key") && !error.contains(&d), "{error}");
        }
    }

    #[test]
    fn what_the_server_gives_is_no_metadata() {
        for name in SERVERS_OWN {
            let error = ClientMetadata::new().other(name, "x").to_send().unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }

    #[test]
    fn debug_shows_no_software_statement() {
        let shown = format!("{:?}", ClientMetadata::new().software_statement("s3cret").client_name("A"));
        assert!(shown.contains("client_name") && !shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn a_member_that_could_not_be_read_is_set_before_anything_is_sent() {
        // Glewlwyd tells the method as a list, and takes it as a string alone.
        let metadata = read(json!({"client_name": "a", "token_endpoint_auth_method": ["client_secret_basic"]}));
        let error = metadata.to_send().unwrap_err();
        assert!(error.to_string().contains("token_endpoint_auth_method: a list instead of a string"), "{error}");
        let sent = metadata.token_endpoint_auth_method("client_secret_basic").to_send().unwrap();
        assert_eq!(
            Value::Object(sent),
            json!({"client_name": "a", "token_endpoint_auth_method": "client_secret_basic"})
        );
    }
}
