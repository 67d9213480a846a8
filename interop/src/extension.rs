//! What clients are registered for in OAuth's extensions: pushed and signed requests, signed answers, bound tokens.
//!
//! oidc-provider: a request object that is no good leaves the person on a page; pushed, it is `invalid_request_object`. Another DPoP key
//! than the code's, and a missing proof where one is registered for, are `invalid_grant`. Introspection answers are signed for whoever
//! asks for that, by RS256 unless registered otherwise. Updating a registration brings a new registration access token, reading it
//! does not. It never says `slow_down`, and a backchannel answer names no `interval`. Notifications go to https addresses that are not of
//! its own machine; ours is led here by `server.mjs`. Token exchange and JWT bearer grants are ours.
//!
//! Glewlwyd: refuses pushed requests with a bare status. It takes a request object that is pushed for the client's authentication, and
//! so from clients of `private_key_jwt` alone. At `/api/nonce` a proof without nonce is `invalid_dpop_proof` where requests are pushed, and no
//! nonce comes along; one of the token endpoint serves there too. Userinfo takes a token that is bound to a key with a proof by any key,
//! so that a thief is not told from its owner. `authorization_details` need a consent of their own, which `setup.py` gives for `payment`.
//! A signed introspection answer has the token's `aud`, not that of who asks (RFC 9701 section 5): it is refused. Reading a
//! registration tells `token_endpoint_auth_method` as a list, which an update does not take back. The hint of a backchannel request is JSON,
//! and notifications go to plain http too. A device code that was used, or is another client's, is `access_denied`.
//!
//! Authlib: of all this it has devices alone. Another client's device code is `unauthorized_client`.

use std::path::PathBuf;

use url::Url;

use crate::agent::Tls;
use crate::openid::Registration;
use crate::server::{Server, base};

/// What a server does for one client, or asks of it, and not for others.
#[derive(Clone, Debug, Default)]
pub struct Extensions {
    /// `require_pushed_authorization_requests`.
    pub pushed: bool,
    /// `request_object_signing_alg`: by its key, or by its secret.
    pub request_object_alg: Option<&'static str>,
    /// `request_object_encryption_alg` and `_enc`.
    pub request_object_encryption: Option<(&'static str, &'static str)>,
    /// `authorization_signed_response_alg`.
    pub authorization_alg: Option<&'static str>,
    /// `authorization_encrypted_response_alg` and `_enc`.
    pub authorization_encryption: Option<(&'static str, &'static str)>,
    /// `introspection_signed_response_alg`.
    pub introspection_alg: Option<&'static str>,
    /// `dpop_bound_access_tokens`.
    pub dpop: bool,
    /// The files of its certificate and key: `tls_client_certificate_bound_access_tokens`.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

impl Server {
    /// The issuer of oidc-provider at which requests must be pushed, every DPoP proof needs a nonce and registration an initial access
    /// token (`initial-access-token`).
    pub fn oidc_provider_strict() -> Self {
        Self::oidc_provider_at(beside(&base("oidc-provider"), "http://127.0.0.1", 3))
    }

    /// The issuer of oidc-provider over https, with aliases for clients that have a certificate.
    pub fn oidc_provider_tls() -> Self {
        let server = Self::oidc_provider_at(beside(&base("oidc-provider"), "https://localhost", 1));
        let ca = Some(server.state().join("ca.crt"));
        Self { tls: Tls { ca, certificate: None }, ..server }
    }

    /// The issuer of Glewlwyd at which every DPoP proof needs a nonce.
    pub fn glewlwyd_nonce() -> Self {
        Self::glewlwyd_issuer("nonce", 600)
    }

    /// The files of a certificate and its key: `client`, of the authority that oidc-provider trusts, or `selfsigned`.
    pub fn certificate(&self, name: &str) -> (PathBuf, PathBuf) {
        (self.state().join(format!("{name}.crt")), self.state().join(format!("{name}.key")))
    }

    pub(crate) fn extend(&self, id: &str, registration: &mut Registration) {
        if self.name == "glewlwyd" {
            if id == "jar" {
                registration.extensions.request_object_alg = Some("RS256");
                registration.key = Some(self.state().join("client.pem"));
            }
            return;
        }
        let key = |name: &str| Some(self.state().join(format!("client-{name}.jwk.json")));
        let extensions = &mut registration.extensions;
        match id {
            "par" => extensions.pushed = true,
            "jar" => {
                extensions.request_object_alg = Some("RS256");
                registration.key = key("RS256");
            }
            "jar-hs" => extensions.request_object_alg = Some("HS256"),
            "jar-enc" => {
                extensions.request_object_alg = Some("RS256");
                extensions.request_object_encryption = Some(("RSA-OAEP-256", "A256GCM"));
                registration.key = key("RS256");
            }
            "jarm" => extensions.authorization_alg = Some("RS256"),
            "jarm-enc" => {
                extensions.authorization_alg = Some("ES256");
                extensions.authorization_encryption = Some(("RSA-OAEP-256", "A256GCM"));
                registration.key = key("RSA-OAEP-256");
            }
            "jwt-introspection" => extensions.introspection_alg = Some("RS256"),
            "dpop" | "dpop-public" => extensions.dpop = true,
            "tls" | "tls-dn" | "bound" => extensions.certificate = Some(self.certificate("client")),
            "selfsigned" => extensions.certificate = Some(self.certificate("selfsigned")),
            _ => {}
        }
    }
}

/// Another port of the same server.
fn beside(base: &str, origin: &str, further: u16) -> String {
    let port = Url::parse(base).ok().and_then(|url| url.port()).expect("a base with a port");
    format!("{origin}:{}", port + further)
}
