//! Protected resource metadata, [RFC 9728 section 2](https://www.rfc-editor.org/rfc/rfc9728#section-2).

use super::reader::Reader;
use crate::error::Result;
use crate::wire::json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Defines [`ProtectedResource`], so that a member is one line here.
macro_rules! protected_resource {
    (
        endpoints { $($(#[$endpoint_doc:meta])* $endpoint:ident,)* }
        texts { $($(#[$text_doc:meta])* $text:ident,)* }
        lists { $($(#[$list_doc:meta])* $list:ident,)* }
        flags { $($(#[$flag_doc:meta])* $flag:ident,)* }
    ) => {
        /// What an API says about itself. Every member but `resource` is OPTIONAL.
        ///
        /// ```
        /// use grantee_core::metadata::ProtectedResource;
        /// let api = ProtectedResource::parse(br#"{"resource": "https://api.example", "resource_name#de": "Bestellungen"}"#)?;
        /// assert_eq!(api.resource.as_deref(), Some("https://api.example"));
        /// assert_eq!(api.extra["resource_name#de"], "Bestellungen");
        /// # Ok::<(), grantee_core::Error>(())
        /// ```
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(from = "Map<String, Value>")]
        #[non_exhaustive]
        pub struct ProtectedResource {
            $($(#[$text_doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $text: Option<String>,)*
            $($(#[$endpoint_doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $endpoint: Option<String>,)*
            $($(#[$list_doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $list: Option<Vec<String>>,)*
            $($(#[$flag_doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $flag: Option<bool>,)*
            /// Members that are not among these, as they came: those with a language (`resource_name#de`) and those of others.
            #[serde(flatten)]
            pub extra: Map<String, Value>,
            /// What was dropped from the document because it can't be meant, a line each: the member, a colon, why.
            #[serde(skip)]
            pub ignored: Vec<String>,
        }

        impl From<Map<String, Value>> for ProtectedResource {
            fn from(members: Map<String, Value>) -> Self {
                let mut reader = Reader::new(members);
                Self {
                    $($text: reader.text(stringify!($text)),)*
                    $($endpoint: reader.endpoint(stringify!($endpoint)),)*
                    $($list: reader.list(stringify!($list)),)*
                    $($flag: reader.flag(stringify!($flag)),)*
                    extra: reader.members,
                    ignored: reader.ignored,
                }
            }
        }
    };
}

protected_resource! {
    endpoints {
        /// The keys that it signs answers with.
        jwks_uri,
    }
    texts {
        /// REQUIRED. Its name, a URL.
        resource,
        /// Its name, for people.
        resource_name,
        /// A page for developers.
        resource_documentation,
        /// A page on what a client may do with its data.
        resource_policy_uri,
        /// Its terms of service.
        resource_tos_uri,
        /// All this once more as a signed JWT, not verified here, and nothing of it is believed (section 2.2).
        signed_metadata,
    }
    lists {
        /// The issuers whose tokens it takes, not necessarily all.
        authorization_servers,
        /// The scopes it knows, not necessarily all.
        scopes_supported,
        /// `header`, `body`, `query`: where a Bearer token may be; an empty list says nowhere.
        bearer_methods_supported,
        /// The algorithms it signs answers with; `none` is none.
        resource_signing_alg_values_supported,
        /// The types of `authorization_details` it knows (RFC 9396).
        authorization_details_types_supported,
        /// The algorithms of DPoP proofs it takes (RFC 9449).
        dpop_signing_alg_values_supported,
    }
    flags {
        /// Whether its tokens are bound to client certificates; no when absent (RFC 8705).
        tls_client_certificate_bound_access_tokens,
        /// Whether it takes tokens bound by DPoP alone; no when absent (RFC 9449).
        dpop_bound_access_tokens_required,
    }
}

impl ProtectedResource {
    /// Reads a document. This trusts whoever gave it: [`endpoint::protected_resource`](crate::endpoint::protected_resource) judges
    /// one that was fetched.
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) when it is no JSON object, or a member of it stands twice.
    pub fn parse(body: &[u8]) -> Result<Self> {
        json::object("protected resource metadata", body).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_known_is_typed_and_the_rest_is_kept() {
        let members = json!({
            "resource": "https://api.example", "authorization_servers": ["https://as.example"],
            "jwks_uri": "https://api.example/keys", "scopes_supported": ["a"], "bearer_methods_supported": [],
            "dpop_bound_access_tokens_required": true, "resource_name": "A", "resource_name#it": "B", "own": {"x": 1},
        });
        let api = ProtectedResource::parse(members.to_string().as_bytes()).unwrap();
        assert_eq!(api.bearer_methods_supported, Some(vec![]));
        assert_eq!(api.dpop_bound_access_tokens_required, Some(true));
        assert_eq!((api.extra.len(), api.ignored.len()), (2, 0));
        assert_eq!(serde_json::to_value(&api).unwrap(), members);
    }

    #[test]
    fn what_cant_be_meant_counts_as_absent() {
        let api = ProtectedResource::parse(br#"{"resource":["x"],"jwks_uri":"javascript:1"}"#).unwrap();
        assert_eq!((api.resource, api.jwks_uri), (None, None));
        assert_eq!(api.ignored, ["resource: a list instead of a string", "jwks_uri: neither https nor http"]);
    }
}
