//! What clients are registered for in OpenID Connect.
//!
//! oidc-provider: an authorization answer with an ID token in it has no `iss` beside it, all others have one. The claims of `profile`
//! and `email` are in the ID token where no access token comes with it, else at userinfo alone. An ID token from the token endpoint
//! has no `at_hash`. `token` alone is not among its response types. `prompt=none` never serves a native client, whose person is asked each
//! time. A refresh brings an ID token.
//!
//! Glewlwyd: an answer with a code and more comes in the query, against OAuth 2.0 Multiple Response Types, 5. In a form_post it
//! encodes each value for a URL first, which the browser then does again: the issuer comes out as `http%3A%2F%2F…`, which is no
//! issuer of ours. It takes `code token`, and its metadata do not say so. There is no `acr`, whatever was asked for. Its token endpoint
//! takes `auth_time` from the browser's cookie, so that the ID token that a code buys says 0; the one that comes with the code is right.
//! A claim that is asked for as essential does not come; one asked for with `null` does. `prompt=none` is `interaction_required`
//! where nobody is logged in, and `invalid_request` without an `id_token_hint` where somebody is. A refresh brings no ID token.
//! Userinfo is a JWT where the query says `format=jwt`, and then has no `aud`. The `aud` of a client assertion must be the very
//! endpoint it is posted to, in a string. A code with another code_verifier is `invalid_code`, with status 403. The page that asks whether
//! to log out is a script's. What it encrypts by AES-CBC is not padded where its length is a multiple of 16, against RFC 7518, 5.2.2.1,
//! so that one in sixteen of its tokens cannot be decrypted: its clients here use AES-GCM.

use std::path::PathBuf;

use crate::extension::Extensions;
use crate::server::{Auth, Client, SECRET, Server};

/// What a server does for one client and not for others.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The one to use, if not [`Server::redirect_uri`].
    pub redirect_uri: Option<String>,
    /// The one to use, where there is one.
    pub post_logout_redirect_uri: Option<&'static str>,
    /// `id_token_signed_response_alg`.
    pub id_token_alg: &'static str,
    /// `id_token_encrypted_response_alg` and `_enc`.
    pub id_token_encryption: Option<(&'static str, &'static str)>,
    /// `userinfo_signed_response_alg`.
    pub userinfo_alg: Option<&'static str>,
    /// `userinfo_encrypted_response_alg` and `_enc`.
    pub userinfo_encryption: Option<(&'static str, &'static str)>,
    /// The file of its private key: a JWK, or PEM.
    pub key: Option<PathBuf>,
    /// What else.
    pub extensions: Extensions,
}

impl Default for Registration {
    fn default() -> Self {
        Self {
            redirect_uri: None,
            post_logout_redirect_uri: None,
            id_token_alg: "RS256",
            id_token_encryption: None,
            userinfo_alg: None,
            userinfo_encryption: None,
            key: None,
            extensions: Extensions::default(),
        }
    }
}

/// A redirect URI of clients that must have https; nobody listens there.
const WEB: &str = "https://rp.example.test/cb";

impl Server {
    /// The client of this name, as `servers/` registers it.
    pub fn registered(&self, id: &str) -> Client {
        let auth = match id {
            "public" => Auth::None,
            "post" => Auth::ClientSecretPost,
            "csjwt" => Auth::ClientSecretJwt,
            id if id.starts_with("pkjwt") || id.starts_with("fapi2") => Auth::PrivateKeyJwt,
            "dpop-public" => Auth::None,
            "selfsigned" => Auth::SelfSignedTlsClientAuth,
            id if id.starts_with("tls") => Auth::TlsClientAuth,
            _ => Auth::ClientSecretBasic,
        };
        let mut client = Client::new(id, SECRET, auth);
        client.registration = match self.name {
            "oidc-provider" => self.at_oidc_provider(id),
            "glewlwyd" => self.at_glewlwyd(id),
            name => panic!("{name} knows nothing of OpenID Connect"),
        };
        self.extend(id, &mut client.registration);
        client
    }

    fn at_oidc_provider(&self, id: &str) -> Registration {
        let key = |name: &str| Some(self.state().join(format!("client-{name}.jwk.json")));
        let mut found =
            Registration { post_logout_redirect_uri: Some("http://127.0.0.1/bye"), ..Registration::default() };
        match id {
            "pkjwt-eddsa" => found.key = key("EdDSA"),
            id if id.starts_with("pkjwt-") => found.key = key(&id["pkjwt-".len()..].to_uppercase()),
            "idt-ps256" => found.id_token_alg = "PS256",
            "idt-es256" => found.id_token_alg = "ES256",
            "idt-es512" => found.id_token_alg = "ES512",
            "idt-eddsa" => found.id_token_alg = "EdDSA",
            "idt-hs256" => found.id_token_alg = "HS256",
            "idt-enc-rsa" => {
                found.id_token_encryption = Some(("RSA-OAEP-256", "A256GCM"));
                found.key = key("RSA-OAEP-256");
            }
            "idt-enc-ecdh" => {
                found.id_token_encryption = Some(("ECDH-ES", "A128CBC-HS256"));
                found.key = key("ECDH-ES");
            }
            "idt-enc-dir" => found.id_token_encryption = Some(("dir", "A128GCM")),
            "jwt-userinfo" => found.userinfo_alg = Some("RS256"),
            "jwt-userinfo-enc" => {
                found.userinfo_alg = Some("ES256");
                found.userinfo_encryption = Some(("ECDH-ES", "A256GCM"));
                found.key = key("ECDH-ES");
            }
            "hybrid" => {
                found.redirect_uri = Some(WEB.into());
                found.post_logout_redirect_uri = Some("https://rp.example.test/bye");
            }
            "fapi2" => {
                found.id_token_alg = "PS256";
                found.redirect_uri = Some(WEB.into());
                found.key = key("PS256");
            }
            "pairwise" | "pairwise-sibling" => found.redirect_uri = Some(WEB.into()),
            "pairwise-stranger" => found.redirect_uri = Some("https://stranger.example.test/cb".into()),
            _ => {}
        }
        found
    }

    fn at_glewlwyd(&self, id: &str) -> Registration {
        let key = || Some(self.state().join("client.pem"));
        let mut found =
            Registration { post_logout_redirect_uri: Some("https://rp.example.test/bye"), ..Registration::default() };
        match id {
            "pkjwt" => found.key = key(),
            "idt-enc" => {
                found.id_token_encryption = Some(("RSA-OAEP-256", "A256GCM"));
                found.key = key();
            }
            "idt-enc-kw" => found.id_token_encryption = Some(("A256KW", "A256GCM")),
            "userinfo-enc" => {
                found.userinfo_alg = Some("RS256");
                found.userinfo_encryption = Some(("RSA-OAEP-256", "A256GCM"));
                found.key = key();
            }
            _ => {}
        }
        found
    }
}
