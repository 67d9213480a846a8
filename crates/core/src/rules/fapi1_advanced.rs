//! [FAPI 1.0 Part 2, Advanced](https://openid.net/specs/openid-financial-api-part-2-1_0.html).

use super::facts::{FAPI_METHODS, FAPI1_ALGORITHMS, kept};
use super::oauth21::https_issuer;
use super::{Party, Rule, Verdict};

pub(super) const RULES: &[Rule] = &[
    Rule {
        text: "tokens are bound to the client's certificate",
        spec: "FAPI 1.0 Advanced section 5.2.3",
        party: Party::Client,
        hint: "call client_certificate(..) and certificate_bound_tokens()",
        check: |facts| facts.token_is_certificate_bound(),
    },
    Rule {
        text: "the client authenticates by its private key or its certificate",
        spec: "FAPI 1.0 Advanced section 5.2.2",
        party: Party::Client,
        hint: "call client_key(id, key), or auth(TlsClientAuth)",
        check: |facts| facts.method_is(FAPI_METHODS),
    },
    Rule {
        text: "authorization requests are signed, with aud, nbf and exp",
        spec: "FAPI 1.0 Advanced section 5.2.3",
        party: Party::Client,
        hint: "call request_object(signer), and leave its audience(..) out",
        check: |facts| facts.signs_requests(),
    },
    Rule {
        text: "a login asks for code id_token, or for a code in a signed answer",
        spec: "FAPI 1.0 Advanced section 5.2.2",
        party: Party::Client,
        hint: "anything else is refused",
        check: |_| Verdict::Kept,
    },
    Rule {
        text: "the ID token of an authorization response vouches for code and state",
        spec: "FAPI 1.0 Advanced section 5.2.3.1",
        party: Party::Client,
        hint: "one without c_hash or s_hash is refused",
        check: |_| Verdict::Kept,
    },
    Rule {
        text: "JWTs are signed by PS256 or ES256",
        spec: "FAPI 1.0 Advanced section 8.6",
        party: Party::Client,
        hint: "use such a key; an RSA key with the alg PS256",
        check: |facts| facts.signs_by(FAPI1_ALGORITHMS),
    },
    Rule {
        text: "ID tokens are expected signed by PS256 or ES256",
        spec: "FAPI 1.0 Advanced section 8.6",
        party: Party::Client,
        hint: "say id_token_alg(\"PS256\") as the client is registered",
        check: |facts| facts.expects(FAPI1_ALGORITHMS),
    },
    Rule {
        text: "userinfo answers that are signed are expected signed by PS256 or ES256",
        spec: "FAPI 1.0 Advanced section 8.6",
        party: Party::Client,
        hint: "say userinfo_alg(\"PS256\") as the client is registered",
        check: |facts| facts.expects_userinfo(FAPI1_ALGORITHMS),
    },
    Rule {
        text: "authorization and introspection responses that are signed are so by PS256 or ES256",
        spec: "FAPI 1.0 Advanced section 8.6",
        party: Party::Client,
        hint: "others are refused: see authorization_alg(..) and introspection_alg(..)",
        check: |_| Verdict::Kept,
    },
    Rule {
        text: "whatever is sent goes over TLS",
        spec: "FAPI 1.0 Advanced section 8.5",
        party: Party::Client,
        hint: "leave allow_http() and accept_invalid_certs() of danger() out",
        check: |facts| facts.is_https_only(),
    },
    Rule {
        text: "the server's issuer is an https URL",
        spec: "FAPI 1.0 Advanced section 8.5",
        party: Party::Server,
        hint: "over plain http anybody on the way is the server",
        check: https_issuer,
    },
    Rule {
        text: "a login may ask for code id_token, or for a signed answer",
        spec: "FAPI 1.0 Advanced section 5.2.2",
        party: Party::Server,
        hint: "the server needs OpenID Connect's hybrid flow or JARM",
        check: |facts| {
            let lists = |list: Option<&Vec<String>>, name: &str| {
                list.is_some_and(|list| list.iter().any(|other| other == name))
            };
            let holds = facts.metadata.is_none_or(|metadata| {
                lists(metadata.response_types_supported.as_ref(), "code id_token")
                    || lists(metadata.response_modes_supported.as_ref(), "jwt")
            });
            kept(holds, || "neither is offered".to_owned())
        },
    },
    Rule {
        text: "request objects by PS256 or ES256 are taken",
        spec: "FAPI 1.0 Advanced section 5.2.2",
        party: Party::Server,
        hint: "the server needs signed request objects",
        check: |facts| {
            facts.lists(
                "request_object_signing_alg_values_supported",
                |metadata| &metadata.request_object_signing_alg_values_supported,
                FAPI1_ALGORITHMS,
            )
        },
    },
    Rule {
        text: "tokens can be bound to certificates",
        spec: "FAPI 1.0 Advanced section 5.2.2",
        party: Party::Server,
        hint: "the server needs RFC 8705",
        check: |facts| {
            facts.flag("tls_client_certificate_bound_access_tokens", |metadata| {
                metadata.tls_client_certificate_bound_access_tokens
            })
        },
    },
    Rule {
        text: "clients authenticate by private key or certificate",
        spec: "FAPI 1.0 Advanced section 5.2.2",
        party: Party::Server,
        hint: "the server needs private_key_jwt or RFC 8705",
        check: |facts| {
            facts.lists(
                "token_endpoint_auth_methods_supported",
                |metadata| &metadata.token_endpoint_auth_methods_supported,
                FAPI_METHODS,
            )
        },
    },
    Rule {
        text: "ID tokens can be signed by PS256 or ES256",
        spec: "FAPI 1.0 Advanced section 8.6",
        party: Party::Server,
        hint: "the server needs one of them",
        check: |facts| facts.listed(|metadata| &metadata.id_token_signing_alg_values_supported, FAPI1_ALGORITHMS),
    },
];
