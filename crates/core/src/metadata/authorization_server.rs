//! Authorization server metadata, [RFC 8414](https://www.rfc-editor.org/rfc/rfc8414) and
//! [OpenID Connect Discovery 1.0](https://openid.net/specs/openid-connect-discovery-1_0.html), with the members that later
//! specs added.

use super::reader::{Reader, fault};
use crate::error::{Error, Result};
use crate::wire::json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Defines [`AuthorizationServer`] and what goes over all of its members, so that a member is one line here.
macro_rules! authorization_server {
    (
        endpoints { $($(#[$endpoint_doc:meta])* $endpoint:ident,)* }
        texts { $($(#[$text_doc:meta])* $text:ident,)* }
        lists { $($(#[$list_doc:meta])* $list:ident,)* }
        flags { $($(#[$flag_doc:meta])* $flag:ident,)* }
    ) => {
        /// What an authorization server says about itself, or what a literal configuration says about it.
        ///
        /// Every member is OPTIONAL here, and `None` where the server is silent or sent nonsense; a call that needs a missing
        /// one says so. Issuer and URLs are the exact strings given. Lists hold strings, so a value nobody here has heard of
        /// harms nothing.
        ///
        /// ```
        /// use grantee_core::metadata::AuthorizationServer;
        /// let mut server = AuthorizationServer::default();
        /// server.token_endpoint = Some("https://as.example/token".into());
        /// assert_eq!(server.require("token_endpoint")?, "https://as.example/token");
        /// assert!(server.require("revocation_endpoint").is_err());
        /// # Ok::<(), grantee_core::Error>(())
        /// ```
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(from = "Map<String, Value>")]
        #[non_exhaustive]
        pub struct AuthorizationServer {
            $($(#[$text_doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $text: Option<String>,)*
            $($(#[$endpoint_doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $endpoint: Option<String>,)*
            /// Other addresses of the endpoints, by their member names, for clients with a certificate (RFC 8705 section 5).
            #[serde(skip_serializing_if = "Option::is_none")]
            pub mtls_endpoint_aliases: Option<BTreeMap<String, String>>,
            $($(#[$list_doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $list: Option<Vec<String>>,)*
            $($(#[$flag_doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $flag: Option<bool>,)*
            /// Members that are not among these, as they came.
            #[serde(flatten)]
            pub extra: Map<String, Value>,
            /// What was dropped from the document because it can't be meant, a line each: the member, a colon, why.
            #[serde(skip)]
            pub ignored: Vec<String>,
        }

        impl From<Map<String, Value>> for AuthorizationServer {
            fn from(members: Map<String, Value>) -> Self {
                let mut reader = Reader::new(members);
                Self {
                    $($text: reader.text(stringify!($text)),)*
                    $($endpoint: reader.endpoint(stringify!($endpoint)),)*
                    mtls_endpoint_aliases: reader.aliases("mtls_endpoint_aliases"),
                    $($list: reader.list(stringify!($list)),)*
                    $($flag: reader.flag(stringify!($flag)),)*
                    extra: reader.members,
                    ignored: reader.ignored,
                }
            }
        }

        impl AuthorizationServer {
            /// The same with every member that `members` has in the place of its own.
            #[must_use]
            pub fn overridden_by(mut self, members: &Self) -> Self {
                $(take_over(&mut self.$text, &members.$text);)*
                $(take_over(&mut self.$endpoint, &members.$endpoint);)*
                if let Some(aliases) = &mut self.mtls_endpoint_aliases {
                    // An endpoint that somebody set by hand is the one that is meant, with a certificate or without.
                    $(if members.$endpoint.is_some() {
                        aliases.remove(stringify!($endpoint));
                    })*
                }
                take_over(&mut self.mtls_endpoint_aliases, &members.mtls_endpoint_aliases);
                $(take_over(&mut self.$list, &members.$list);)*
                $(take_over(&mut self.$flag, &members.$flag);)*
                self.extra.extend(members.extra.clone());
                self
            }

            /// An endpoint by its member's name, such as `token_endpoint`, also one that only [`extra`](Self::extra) holds.
            pub fn endpoint(&self, name: &str) -> Option<&str> {
                match name {
                    $(stringify!($endpoint) => self.$endpoint.as_deref(),)*
                    _ => self.extra.get(name).and_then(Value::as_str).filter(|url| fault(url).is_none()),
                }
            }
        }
    };
}

authorization_server! {
    endpoints {
        /// Where the person logs in and consents (RFC 6749 section 3.1).
        authorization_endpoint,
        /// Where grants are exchanged for tokens (RFC 6749 section 3.2).
        token_endpoint,
        /// The keys the server signs with (RFC 8414 section 2).
        jwks_uri,
        /// Where tokens are revoked (RFC 7009).
        revocation_endpoint,
        /// Where tokens are asked about (RFC 7662).
        introspection_endpoint,
        /// Where the person's claims are (OpenID Connect Core section 5.3).
        userinfo_endpoint,
        /// Where clients register (RFC 7591).
        registration_endpoint,
        /// Where authorization requests are pushed to (RFC 9126 section 5).
        pushed_authorization_request_endpoint,
        /// Where a device starts (RFC 8628 section 4).
        device_authorization_endpoint,
        /// Where a backchannel authentication starts (CIBA section 4).
        backchannel_authentication_endpoint,
        /// Where the person logs out (RP-Initiated Logout section 2.1).
        end_session_endpoint,
        /// The frame that watches the session (Session Management section 3.3).
        check_session_iframe,
    }
    texts {
        /// The server's name, which its tokens bear too. A literal configuration may have none (RFC 8414 section 2).
        issuer,
        /// A page for developers (RFC 8414 section 2).
        service_documentation,
        /// A page on what a client may do with data (RFC 8414 section 2).
        op_policy_uri,
        /// The terms of service (RFC 8414 section 2).
        op_tos_uri,
        /// All this once more as a signed JWT, not verified here (RFC 8414 section 2.1).
        signed_metadata,
    }
    lists {
        /// Scopes, not necessarily all (RFC 8414 section 2).
        scopes_supported,
        /// Response types (RFC 8414 section 2).
        response_types_supported,
        /// Response modes; `query` and `fragment` when absent (RFC 8414 section 2).
        response_modes_supported,
        /// Grant types; `authorization_code` and `implicit` when absent (RFC 8414 section 2).
        grant_types_supported,
        /// How a client may authenticate at the token endpoint; `client_secret_basic` when absent (RFC 8414 section 2).
        token_endpoint_auth_methods_supported,
        /// Algorithms for client assertions at the token endpoint (RFC 8414 section 2).
        token_endpoint_auth_signing_alg_values_supported,
        /// How a client may authenticate at revocation; `client_secret_basic` when absent (RFC 8414 section 2).
        revocation_endpoint_auth_methods_supported,
        /// Algorithms for client assertions at revocation (RFC 8414 section 2).
        revocation_endpoint_auth_signing_alg_values_supported,
        /// How a client may authenticate at introspection (RFC 8414 section 2).
        introspection_endpoint_auth_methods_supported,
        /// Algorithms for client assertions at introspection (RFC 8414 section 2).
        introspection_endpoint_auth_signing_alg_values_supported,
        /// PKCE methods; silence does not tell (RFC 8414 section 2).
        code_challenge_methods_supported,
        /// Languages of the pages, BCP 47 (RFC 8414 section 2).
        ui_locales_supported,
        /// Authentication context classes (OpenID Connect Discovery section 3).
        acr_values_supported,
        /// `pairwise` or `public` (OpenID Connect Discovery section 3).
        subject_types_supported,
        /// Algorithms that sign ID tokens (OpenID Connect Discovery section 3).
        id_token_signing_alg_values_supported,
        /// Key management for ID tokens (OpenID Connect Discovery section 3).
        id_token_encryption_alg_values_supported,
        /// Content encryption for ID tokens (OpenID Connect Discovery section 3).
        id_token_encryption_enc_values_supported,
        /// Algorithms that sign userinfo answers (OpenID Connect Discovery section 3).
        userinfo_signing_alg_values_supported,
        /// Key management for userinfo answers (OpenID Connect Discovery section 3).
        userinfo_encryption_alg_values_supported,
        /// Content encryption for userinfo answers (OpenID Connect Discovery section 3).
        userinfo_encryption_enc_values_supported,
        /// Algorithms for request objects (OpenID Connect Discovery section 3, RFC 9101 section 10.5).
        request_object_signing_alg_values_supported,
        /// Key management for request objects (OpenID Connect Discovery section 3).
        request_object_encryption_alg_values_supported,
        /// Content encryption for request objects (OpenID Connect Discovery section 3).
        request_object_encryption_enc_values_supported,
        /// How pages may be shown (OpenID Connect Discovery section 3).
        display_values_supported,
        /// `normal`, `aggregated`, `distributed` (OpenID Connect Discovery section 3).
        claim_types_supported,
        /// Claims, not necessarily all (OpenID Connect Discovery section 3).
        claims_supported,
        /// Languages of claims, BCP 47 (OpenID Connect Discovery section 3).
        claims_locales_supported,
        /// Values of `prompt` (Initiating User Registration section 4).
        prompt_values_supported,
        /// Algorithms that sign authorization responses (JARM section 4).
        authorization_signing_alg_values_supported,
        /// Key management for authorization responses (JARM section 4).
        authorization_encryption_alg_values_supported,
        /// Content encryption for authorization responses (JARM section 4).
        authorization_encryption_enc_values_supported,
        /// Algorithms that sign introspection answers (RFC 9701 section 7).
        introspection_signing_alg_values_supported,
        /// Key management for introspection answers (RFC 9701 section 7).
        introspection_encryption_alg_values_supported,
        /// Content encryption for introspection answers (RFC 9701 section 7).
        introspection_encryption_enc_values_supported,
        /// `poll`, `ping`, `push` (CIBA section 4).
        backchannel_token_delivery_modes_supported,
        /// Algorithms for signed backchannel authentication requests (CIBA section 4).
        backchannel_authentication_request_signing_alg_values_supported,
        /// Types of `authorization_details` (RFC 9396 section 10).
        authorization_details_types_supported,
        /// Algorithms for DPoP proofs (RFC 9449 section 5.1).
        dpop_signing_alg_values_supported,
        /// APIs whose tokens come from here (RFC 9728 section 4).
        protected_resources,
    }
    flags {
        /// Whether authorization responses name the issuer; no when absent (RFC 9207 section 3).
        authorization_response_iss_parameter_supported,
        /// Whether the request parameter `claims` is understood; no when absent (OpenID Connect Discovery section 3).
        claims_parameter_supported,
        /// Whether the request parameter `request` is understood; no when absent (OpenID Connect Discovery section 3).
        request_parameter_supported,
        /// Whether the request parameter `request_uri` is understood; YES when absent (OpenID Connect Discovery section 3).
        request_uri_parameter_supported,
        /// Whether a `request_uri` must be registered first; no when absent (OpenID Connect Discovery section 3).
        require_request_uri_registration,
        /// Whether authorization requests must be signed; no when absent (RFC 9101 section 10.5).
        require_signed_request_object,
        /// Whether authorization requests must be pushed; no when absent (RFC 9126 section 5).
        require_pushed_authorization_requests,
        /// Whether tokens are bound to client certificates; no when absent (RFC 8705 section 3.3).
        tls_client_certificate_bound_access_tokens,
        /// Whether CIBA takes a `user_code`; no when absent (CIBA section 4).
        backchannel_user_code_parameter_supported,
        /// Whether clients are told of a logout by the server; no when absent (Back-Channel Logout section 2.1).
        backchannel_logout_supported,
        /// Whether such a message names the session; no when absent (Back-Channel Logout section 2.1).
        backchannel_logout_session_supported,
        /// Whether clients are told of a logout by the browser; no when absent (Front-Channel Logout section 3).
        frontchannel_logout_supported,
        /// Whether such a message names the session; no when absent (Front-Channel Logout section 3).
        frontchannel_logout_session_supported,
        /// Whether a client may be a URL of its own metadata; no when absent (Client ID Metadata Document).
        client_id_metadata_document_supported,
    }
}

impl AuthorizationServer {
    /// Reads a metadata document. Nothing in it is fatal but being no JSON object; see [`ignored`](Self::ignored).
    ///
    /// This trusts whoever gave the document. [`endpoint::discovery`](crate::endpoint::discovery) judges one that was fetched.
    ///
    /// # Errors
    /// [`Error::Rule`] when the document is no JSON object, or a member of it stands twice.
    pub fn parse(body: &[u8]) -> Result<Self> {
        json::object("metadata", body).map(Self::from)
    }

    /// An endpoint that the caller can't do without.
    ///
    /// # Errors
    /// [`Error::Config`] that names the missing member.
    pub fn require(&self, name: &'static str) -> Result<&str> {
        self.endpoint(name).ok_or_else(|| {
            let dropped = self.ignored.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            let what = match dropped {
                Some(why) => format!("the authorization server's metadata has no usable {name}: {why}"),
                None => format!("the authorization server's metadata has no {name}"),
            };
            Error::config(what, format!("if the server offers it, set {name} in its metadata by hand"))
        })
    }

    /// An endpoint by its member's name, at the address for clients with a certificate where there is one
    /// (RFC 8705 section 5).
    pub fn mtls_endpoint(&self, name: &str) -> Option<&str> {
        let alias = self.mtls_endpoint_aliases.as_ref().and_then(|aliases| aliases.get(name));
        alias.map(String::as_str).or_else(|| self.endpoint(name))
    }

    /// The issuer that tokens bear. Microsoft Entra's metadata for many tenants gives a template with `{tenantid}` in it,
    /// to be filled with the token's `tid`; without a tenant, or with one that is no plain identifier, such a server has
    /// no issuer to compare with.
    pub fn token_issuer(&self, tenant: Option<&str>) -> Option<String> {
        let issuer = self.issuer.as_deref()?;
        if !self.issuer_is_template() {
            return Some(issuer.to_owned());
        }
        let tenant = tenant
            .filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))?;
        Some(issuer.replace(TENANT, tenant))
    }

    /// Whether this server issues by this name: its [`issuer`](Self::issuer), or one that its template yields.
    pub fn issues_as(&self, issuer: &str) -> bool {
        let tenant = self.issuer.as_deref().and_then(|template| {
            let (before, after) = template.split_once(TENANT)?;
            issuer.strip_prefix(before)?.strip_suffix(after)
        });
        self.token_issuer(tenant).is_some_and(|own| own == issuer)
    }

    /// Whether [`issuer`](Self::issuer) is a template that stands for many tenants.
    pub fn issuer_is_template(&self) -> bool {
        self.issuer.as_deref().is_some_and(|issuer| issuer.contains(TENANT))
    }
}

fn take_over<T: Clone>(held: &mut Option<T>, other: &Option<T>) {
    if other.is_some() {
        held.clone_from(other);
    }
}

pub(crate) const TENANT: &str = "{tenantid}";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(document: Value) -> AuthorizationServer {
        AuthorizationServer::parse(document.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_member_of_the_wrong_type_counts_as_absent_and_is_noted() {
        let server = read(json!({
            "issuer": 7,
            "token_endpoint": ["https://as.example/token"],
            "scopes_supported": {"openid": true},
            "grant_types_supported": [1, null],
            "response_types_supported": ["code", 3, "code id_token"],
            "claims_parameter_supported": "perhaps",
            "mtls_endpoint_aliases": "https://mtls.example/",
            "service_documentation": false,
        }));
        assert_eq!(server.response_types_supported, Some(vec!["code".to_owned(), "code id_token".to_owned()]));
        assert_eq!(
            server.ignored,
            [
                "issuer: a number instead of a string",
                "service_documentation: a boolean instead of a string",
                "token_endpoint: a list instead of a string",
                "mtls_endpoint_aliases: a string instead of an object",
                "scopes_supported: an object instead of a list",
                "response_types_supported: 1 of 3 elements are no strings",
                "grant_types_supported: 2 of 2 elements are no strings",
                "claims_parameter_supported: a string instead of a boolean",
            ]
        );
        let nothing_else = AuthorizationServer { response_types_supported: None, ignored: Vec::new(), ..server };
        assert_eq!(nothing_else, AuthorizationServer::default());
    }

    #[test]
    fn what_is_meant_is_understood() {
        let server = read(json!({
            "scopes_supported": "openid",
            "acr_values_supported": [],
            "claims_parameter_supported": "True",
            "request_parameter_supported": "false",
            "require_request_uri_registration": null,
            "vendor": {"deep": [1]},
        }));
        assert_eq!(server.scopes_supported, Some(vec!["openid".to_owned()]));
        assert_eq!(server.acr_values_supported, Some(vec![]));
        assert_eq!(server.claims_parameter_supported, Some(true));
        assert_eq!(server.request_parameter_supported, Some(false));
        assert_eq!(server.require_request_uri_registration, None);
        assert_eq!(server.extra["vendor"], json!({"deep": [1]}));
        assert_eq!(server.ignored, [""; 0]);
    }

    #[test]
    fn an_endpoint_is_an_absolute_http_url_and_stays_the_string_it_was() {
        let exact = "HTTPS://AS.example:443/%7etoken?a=b";
        assert_eq!(read(json!({"token_endpoint": exact})).token_endpoint.as_deref(), Some(exact));
        for (url, why) in [
            ("", "no absolute URL"),
            ("/token", "no absolute URL"),
            ("as.example/token", "no absolute URL"),
            (" https://as.example/token", "no absolute URL"),
            ("https://as.example/to\nken", "no absolute URL"),
            ("https://", "no absolute URL"),
            ("javascript:alert(1)", "neither https nor http"),
            ("file:///etc/passwd", "neither https nor http"),
            ("https://as.example/token#x", "has a fragment"),
            ("https://user:pass@as.example/token", "has a user name or password in it"),
        ] {
            let server = read(json!({"token_endpoint": url, "vendor_endpoint": url}));
            assert_eq!(server.token_endpoint, None, "{url}");
            assert_eq!(server.endpoint("vendor_endpoint"), None, "{url}");
            assert_eq!(server.ignored, [format!("token_endpoint: {why}")]);
            let error = server.require("token_endpoint").unwrap_err();
            assert_eq!(error.code(), "configuration");
            let message = error.to_string();
            assert!(message.contains(&format!("no usable token_endpoint: {why}")), "{message}");
        }
    }

    #[test]
    fn a_missing_endpoint_is_an_error_that_names_the_member() {
        let error = AuthorizationServer::default().require("revocation_endpoint").unwrap_err();
        assert!(error.to_string().contains("has no revocation_endpoint"), "{error}");
        assert!(error.hint().unwrap().contains("revocation_endpoint"), "{error}");
    }

    #[test]
    fn an_endpoint_nobody_here_has_heard_of_is_found_by_its_name() {
        let server = read(json!({"vendor_endpoint": "https://as.example/v", "other_endpoint": 1}));
        assert_eq!(server.endpoint("vendor_endpoint"), Some("https://as.example/v"));
        assert_eq!(server.endpoint("other_endpoint"), None);
        // A member that is no endpoint is none by being asked for as one.
        assert_eq!(read(json!({"issuer": "https://as.example"})).endpoint("issuer"), None);
    }

    #[test]
    fn a_client_with_a_certificate_prefers_the_alias() {
        let server = read(json!({
            "token_endpoint": "https://as.example/token",
            "revocation_endpoint": "https://as.example/revoke",
            "mtls_endpoint_aliases": {"token_endpoint": "https://mtls.example/token", "revocation_endpoint": "#", "a": 1},
        }));
        assert_eq!(server.mtls_endpoint("token_endpoint"), Some("https://mtls.example/token"));
        assert_eq!(server.mtls_endpoint("revocation_endpoint"), Some("https://as.example/revoke"));
        let why = ["mtls_endpoint_aliases: a: a number", "mtls_endpoint_aliases: revocation_endpoint: no absolute URL"];
        let mut ignored = server.ignored.clone();
        ignored.sort();
        assert_eq!(ignored, why);
    }

    #[test]
    fn a_template_yields_the_issuer_of_one_tenant() {
        let server = read(json!({"issuer": "https://login.example/{tenantid}/v2.0"}));
        assert_eq!(server.token_issuer(Some("00-aa")).as_deref(), Some("https://login.example/00-aa/v2.0"));
        for hostile in [None, Some(""), Some("a/../b"), Some("{tenantid}")] {
            assert_eq!(server.token_issuer(hostile), None);
        }
        assert!(server.issues_as("https://login.example/00-aa/v2.0"));
        for hostile in
            ["https://login.example//v2.0", "https://login.example/{tenantid}/v2.0", "https://login.example/a/b/v2.0"]
        {
            assert!(!server.issues_as(hostile), "{hostile}");
        }
        let plain = read(json!({"issuer": "https://as.example"}));
        assert!(plain.issues_as("https://as.example") && !plain.issues_as("https://as.example/"));
        assert_eq!(plain.token_issuer(Some("x")).as_deref(), Some("https://as.example"));
    }

    #[test]
    fn members_given_by_hand_take_the_place_of_the_documents() {
        let fetched =
            read(json!({"token_endpoint": "https://a.example/", "jwks_uri": "https://a.example/k", "x": 1, "y": 1}));
        let mut by_hand =
            read(json!({"token_endpoint": "https://b.example/", "request_parameter_supported": true, "x": 2}));
        by_hand.revocation_endpoint = Some("https://b.example/r".to_owned());
        assert_eq!(
            serde_json::to_value(fetched.overridden_by(&by_hand)).unwrap(),
            json!({
                "token_endpoint": "https://b.example/",
                "revocation_endpoint": "https://b.example/r",
                "jwks_uri": "https://a.example/k",
                "request_parameter_supported": true,
                "x": 2,
                "y": 1,
            })
        );
    }

    #[test]
    fn an_endpoint_that_is_set_by_hand_goes_before_its_alias() {
        let server = read(json!({
            "issuer": "https://as.example",
            "token_endpoint": "https://as.example/token",
            "revocation_endpoint": "https://as.example/revoke",
            "mtls_endpoint_aliases": {
                "token_endpoint": "https://mtls.example/token", "revocation_endpoint": "https://mtls.example/revoke",
            },
        }));
        let by_hand = |endpoint: &str| Some(endpoint.to_owned());
        let mut members = AuthorizationServer {
            token_endpoint: by_hand("https://own.example/token"),
            ..AuthorizationServer::default()
        };
        let overridden = server.clone().overridden_by(&members);
        assert_eq!(overridden.mtls_endpoint("token_endpoint"), Some("https://own.example/token"));
        assert_eq!(overridden.mtls_endpoint("revocation_endpoint"), Some("https://mtls.example/revoke"));
        members.mtls_endpoint_aliases =
            Some([("token_endpoint".to_owned(), "https://own.example/mtls".to_owned())].into());
        let overridden = server.overridden_by(&members);
        assert_eq!(overridden.mtls_endpoint("token_endpoint"), Some("https://own.example/mtls"));
    }

    #[test]
    fn what_was_read_can_be_written_and_read_again() {
        let server = read(json!({
            "issuer": "https://as.example",
            "token_endpoint": "https://as.example/token",
            "mtls_endpoint_aliases": {"token_endpoint": "https://mtls.example/token"},
            "scopes_supported": ["a", "b"],
            "claims_parameter_supported": true,
            "ignored": ["x"],
            "extra": 1,
        }));
        let written = serde_json::to_vec(&server).unwrap();
        assert_eq!(AuthorizationServer::parse(&written).unwrap(), server);
        assert_eq!(serde_json::to_string(&AuthorizationServer::default()).unwrap(), "{}");
    }
}
