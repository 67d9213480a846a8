//! OAuth 2.1, [draft-ietf-oauth-v2-1](https://datatracker.ietf.org/doc/draft-ietf-oauth-v2-1/).

use super::facts::{Facts, kept, said};
use super::{Party, Rule, Verdict};

pub(super) const RULES: &[Rule] = &[
    Rule {
        text: "whatever carries a credential goes over TLS",
        spec: "draft-ietf-oauth-v2-1 section 1.5",
        party: Party::Client,
        hint: "leave allow_http() and accept_invalid_certs() of danger() out; loopback needs no door",
        check: |facts| facts.is_https_only(),
    },
    Rule {
        text: "every code is protected by PKCE with S256",
        spec: "draft-ietf-oauth-v2-1 section 4.1.1",
        party: Party::Client,
        hint: "a request through its danger door is refused",
        check: |_| Verdict::Kept,
    },
    Rule {
        text: "neither the implicit nor the password grant is used",
        spec: "draft-ietf-oauth-v2-1 section 10",
        party: Party::Client,
        hint: "both are refused",
        check: |_| Verdict::Kept,
    },
    Rule {
        text: "no token stands in a URL",
        spec: "draft-ietf-oauth-v2-1 section 5.1",
        party: Party::Client,
        hint: "a session with Placement::Query is refused",
        check: |_| Verdict::Kept,
    },
    Rule {
        text: "a client of several servers tells their answers apart",
        spec: "draft-ietf-oauth-v2-1 section 7.15",
        party: Party::Client,
        hint: "give the client its issuer(..)",
        check: |facts| {
            let literal = facts.config.members.issuer.is_some();
            said(literal || matches!(facts.discovers(), Verdict::Kept), || "it knows no issuer".to_owned())
        },
    },
    Rule {
        text: "the server takes PKCE with S256",
        spec: "draft-ietf-oauth-v2-1 section 4.1.1",
        party: Party::Server,
        hint: "without it a stolen code can be redeemed",
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
        spec: "RFC 9207 section 3",
        party: Party::Server,
        hint: "use a redirect URI for this server alone (draft-ietf-oauth-v2-1 section 7.15.2)",
        check: |facts| {
            facts.flag("authorization_response_iss_parameter_supported", |metadata| {
                metadata.authorization_response_iss_parameter_supported
            })
        },
    },
    Rule {
        text: "the server offers no password grant",
        spec: "draft-ietf-oauth-v2-1 section 10",
        party: Party::Server,
        hint: "this client does not use it",
        check: no_password,
    },
    Rule {
        text: "the server offers no implicit grant",
        spec: "draft-ietf-oauth-v2-1 section 10.1",
        party: Party::Server,
        hint: "this client does not use it",
        check: |facts| {
            let listed = facts.metadata.and_then(|metadata| metadata.response_types_supported.as_deref());
            let token = listed.unwrap_or_default().iter().any(|kind| kind.split(' ').any(|word| word == "token"));
            said(!token, || "response_types_supported has some with token".to_owned())
        },
    },
    Rule {
        text: "the server's issuer is an https URL",
        spec: "RFC 8414 section 2",
        party: Party::Server,
        hint: "over plain http anybody on the way is the server",
        check: https_issuer,
    },
];

pub(super) fn no_password(facts: &Facts<'_>) -> Verdict {
    let listed = facts.metadata.and_then(|metadata| metadata.grant_types_supported.as_deref()).unwrap_or_default();
    said(!listed.iter().any(|grant| grant == "password"), || "grant_types_supported has password".to_owned())
}

pub(super) fn https_issuer(facts: &Facts<'_>) -> Verdict {
    let issuer = facts.metadata.and_then(|metadata| metadata.issuer.as_deref());
    let Some(issuer) = issuer else { return Verdict::Unsaid("no issuer".to_owned()) };
    let loopback = url::Url::parse(issuer).is_ok_and(|url| crate::wire::url::is_loopback(&url));
    kept(issuer.starts_with("https://") || loopback, || format!("the issuer is {}", crate::wire::url::shown(issuer)))
}
