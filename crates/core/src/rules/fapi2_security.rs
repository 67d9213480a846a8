//! [FAPI 2.0 Security Profile](https://openid.net/specs/fapi-security-profile-2_0-final.html).

use super::facts::{FAPI_METHODS, FAPI2_ALGORITHMS, kept, said};
use super::oauth21::{https_issuer, no_password};
use super::{Party, Rule, Verdict};

pub(super) const RULES: &[Rule] = &[
    Rule {
        text: "tokens are bound to a key or a certificate of the client",
        spec: "FAPI 2.0 Security Profile section 5.3.3.1",
        party: Party::Client,
        hint: "call dpop(key), or certificate_bound_tokens()",
        check: |facts| facts.token_is_bound(),
    },
    Rule {
        text: "the client authenticates by its private key or its certificate",
        spec: "FAPI 2.0 Security Profile section 5.3.3.1",
        party: Party::Client,
        hint: "call client_key(id, key), or auth(TlsClientAuth)",
        check: |facts| facts.method_is(FAPI_METHODS),
    },
    Rule {
        text: "the audience of client assertions is the issuer, as one string",
        spec: "FAPI 2.0 Security Profile section 5.3.3.1",
        party: Party::Client,
        hint: "leave audience(..) out of the method",
        check: |facts| {
            let own = facts.config.credentials.has_own_audience();
            kept(!own, || "the method has an audience of its own".to_owned())
        },
    },
    Rule {
        text: "endpoints come from the metadata of the issuer",
        spec: "FAPI 2.0 Security Profile section 5.3.3.1",
        party: Party::Client,
        hint: "use Client::discover(issuer)",
        check: |facts| facts.discovers(),
    },
    Rule {
        text: "whatever is sent goes over TLS",
        spec: "FAPI 2.0 Security Profile section 5.2.1",
        party: Party::Client,
        hint: "leave allow_http() and accept_invalid_certs() of danger() out",
        check: |facts| facts.is_https_only(),
    },
    Rule {
        text: "JWTs are signed by PS256, ES256 or EdDSA",
        spec: "FAPI 2.0 Security Profile section 5.4.1",
        party: Party::Client,
        hint: "use such a key; an RSA key with the alg PS256",
        check: |facts| facts.signs_by(FAPI2_ALGORITHMS),
    },
    Rule {
        text: "ID tokens are expected signed by PS256, ES256 or EdDSA",
        spec: "FAPI 2.0 Security Profile section 5.4.1",
        party: Party::Client,
        hint: "say id_token_alg(\"PS256\") as the client is registered",
        check: |facts| facts.expects(FAPI2_ALGORITHMS),
    },
    Rule {
        text: "userinfo answers that are signed are expected signed by PS256, ES256 or EdDSA",
        spec: "FAPI 2.0 Security Profile section 5.4.1",
        party: Party::Client,
        hint: "say userinfo_alg(\"PS256\") as the client is registered",
        check: |facts| facts.expects_userinfo(FAPI2_ALGORITHMS),
    },
    Rule {
        text: "authorization and introspection responses that are signed are so by PS256, ES256 or EdDSA",
        spec: "FAPI 2.0 Security Profile section 5.4.1",
        party: Party::Client,
        hint: "others are refused: see authorization_alg(..) and introspection_alg(..)",
        check: |_| Verdict::Kept,
    },
    Rule {
        text: "every authorization request is pushed, for a code, with PKCE by S256",
        spec: "FAPI 2.0 Security Profile section 5.3.3.2",
        party: Party::Client,
        hint: "the client does so by itself and refuses anything else",
        check: |_| Verdict::Kept,
    },
    Rule {
        text: "an authorization response without the right iss is refused",
        spec: "FAPI 2.0 Security Profile section 5.3.3.2",
        party: Party::Client,
        hint: "the client does so by itself",
        check: |_| Verdict::Kept,
    },
    Rule {
        text: "the server's issuer is an https URL",
        spec: "FAPI 2.0 Security Profile section 5.2.1",
        party: Party::Server,
        hint: "over plain http anybody on the way is the server",
        check: https_issuer,
    },
    Rule {
        text: "authorization requests can be pushed",
        spec: "FAPI 2.0 Security Profile section 5.3.2.2",
        party: Party::Server,
        hint: "the server needs RFC 9126",
        check: |facts| facts.endpoint("pushed_authorization_request_endpoint"),
    },
    Rule {
        text: "authorization requests must be pushed",
        spec: "FAPI 2.0 Security Profile section 5.3.2.2",
        party: Party::Server,
        hint: "the server may require it of this client without saying so",
        check: |facts| {
            facts.flag("require_pushed_authorization_requests", |metadata| {
                metadata.require_pushed_authorization_requests
            })
        },
    },
    Rule {
        text: "the server takes PKCE with S256",
        spec: "FAPI 2.0 Security Profile section 5.3.2.2",
        party: Party::Server,
        hint: "the server needs RFC 7636",
        check: |facts| {
            facts.lists(
                "code_challenge_methods_supported",
                |metadata| &metadata.code_challenge_methods_supported,
                &["S256"],
            )
        },
    },
    Rule {
        text: "the server names itself in authorization responses",
        spec: "FAPI 2.0 Security Profile section 5.3.2.2",
        party: Party::Server,
        hint: "an answer that does not is refused all the same",
        check: |facts| {
            facts.flag("authorization_response_iss_parameter_supported", |metadata| {
                metadata.authorization_response_iss_parameter_supported
            })
        },
    },
    Rule {
        text: "tokens can be bound to a key or a certificate",
        spec: "FAPI 2.0 Security Profile section 5.3.2.1",
        party: Party::Server,
        hint: "the server needs RFC 9449 or RFC 8705",
        check: |facts| {
            let bound = facts.metadata.is_some_and(|metadata| {
                metadata.dpop_signing_alg_values_supported.is_some()
                    || metadata.tls_client_certificate_bound_access_tokens == Some(true)
            });
            said(bound, || "neither DPoP nor certificate-bound tokens are offered".to_owned())
        },
    },
    Rule {
        text: "clients authenticate by private key or certificate",
        spec: "FAPI 2.0 Security Profile section 5.3.2.1",
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
        text: "client assertions by PS256, ES256 or EdDSA are taken",
        spec: "FAPI 2.0 Security Profile section 5.4.1",
        party: Party::Server,
        hint: "the server needs one of them",
        check: |facts| {
            facts.listed(|metadata| &metadata.token_endpoint_auth_signing_alg_values_supported, FAPI2_ALGORITHMS)
        },
    },
    Rule {
        text: "ID tokens can be signed by PS256, ES256 or EdDSA",
        spec: "FAPI 2.0 Security Profile section 5.4.1",
        party: Party::Server,
        hint: "the server needs one of them",
        check: |facts| facts.listed(|metadata| &metadata.id_token_signing_alg_values_supported, FAPI2_ALGORITHMS),
    },
    Rule {
        text: "DPoP proofs by PS256, ES256 or EdDSA are taken",
        spec: "FAPI 2.0 Security Profile section 5.4.1",
        party: Party::Server,
        hint: "the server needs one of them",
        check: |facts| facts.listed(|metadata| &metadata.dpop_signing_alg_values_supported, FAPI2_ALGORITHMS),
    },
    Rule {
        text: "the server offers no password grant",
        spec: "FAPI 2.0 Security Profile section 5.3.2.1",
        party: Party::Server,
        hint: "this client does not use it",
        check: no_password,
    },
];
