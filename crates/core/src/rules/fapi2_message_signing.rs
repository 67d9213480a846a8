//! [FAPI 2.0 Message Signing](https://openid.net/specs/fapi-message-signing-2_0-final.html), on top of the Security Profile.

use super::facts::{FAPI2_ALGORITHMS, kept};
use super::{Party, Rule, Verdict};

pub(super) const RULES: &[Rule] = &[
    Rule {
        text: "authorization requests are signed, with aud, nbf and exp",
        spec: "FAPI 2.0 Message Signing section 5.3.2",
        party: Party::Client,
        hint: "call request_object(signer), and leave its audience(..) out",
        check: |facts| facts.signs_requests(),
    },
    Rule {
        text: "authorization responses are signed (response_mode jwt)",
        spec: "FAPI 2.0 Message Signing section 5.4.2",
        party: Party::Client,
        hint: "the client asks for it by itself and refuses anything else",
        check: |_| Verdict::Kept,
    },
    Rule {
        text: "authorization responses are expected signed by PS256, ES256 or EdDSA",
        spec: "FAPI 2.0 Security Profile section 5.4.1",
        party: Party::Client,
        hint: "say authorization_alg(\"PS256\") as the client is registered",
        check: |facts| {
            let answers = &facts.config.authorization.answers;
            let alg = if answers.takes_any() { "any of them" } else { answers.algorithm() };
            kept(FAPI2_ALGORITHMS.contains(&alg), || format!("it expects {alg}"))
        },
    },
    Rule {
        text: "introspection answers are signed",
        spec: "FAPI 2.0 Message Signing section 5.5.2",
        party: Party::Client,
        hint: "call introspection_alg(\"PS256\"); without it introspection is refused",
        check: |_| Verdict::Kept,
    },
    Rule {
        text: "request objects by PS256, ES256 or EdDSA are taken",
        spec: "FAPI 2.0 Message Signing section 5.3.1",
        party: Party::Server,
        hint: "the server needs RFC 9101",
        check: |facts| {
            facts.lists(
                "request_object_signing_alg_values_supported",
                |metadata| &metadata.request_object_signing_alg_values_supported,
                FAPI2_ALGORITHMS,
            )
        },
    },
    Rule {
        text: "request objects must be signed",
        spec: "FAPI 2.0 Message Signing section 5.3.1",
        party: Party::Server,
        hint: "the server may require it of this client without saying so",
        check: |facts| facts.flag("require_signed_request_object", |metadata| metadata.require_signed_request_object),
    },
    Rule {
        text: "authorization responses can be signed",
        spec: "FAPI 2.0 Message Signing section 5.4.1",
        party: Party::Server,
        hint: "the server needs response_mode jwt (JARM)",
        check: |facts| facts.lists("response_modes_supported", |metadata| &metadata.response_modes_supported, &["jwt"]),
    },
    Rule {
        text: "authorization responses can be signed by PS256, ES256 or EdDSA",
        spec: "FAPI 2.0 Security Profile section 5.4.1",
        party: Party::Server,
        hint: "the server needs one of them",
        check: |facts| facts.listed(|metadata| &metadata.authorization_signing_alg_values_supported, FAPI2_ALGORITHMS),
    },
    Rule {
        text: "introspection answers can be signed by PS256, ES256 or EdDSA",
        spec: "FAPI 2.0 Security Profile section 5.4.1",
        party: Party::Server,
        hint: "the server needs one of them",
        check: |facts| facts.listed(|metadata| &metadata.introspection_signing_alg_values_supported, FAPI2_ALGORITHMS),
    },
];
