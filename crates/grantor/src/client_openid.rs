//! What a client registers for OpenID Connect: the names are those of
//! [OpenID Connect Dynamic Client Registration 1.0 section 2](https://openid.net/specs/openid-connect-registration-1_0.html#ClientMetadata).

use serde_json::Value;

use crate::{
    Client,
    oracle::{self, Encryption},
};

impl Client {
    /// A response type it may ask for, such as `code id_token`; the order of the words does not matter. Calling it again adds
    /// one. Any, when never called.
    pub fn response_type(mut self, response_type: impl Into<String>) -> Self {
        self.response_types.push(response_type.into());
        self
    }

    /// How its ID tokens and logout tokens are signed: RS256 (the default), another algorithm of [`crate::SigningKey`],
    /// HS256, HS384 or HS512 with its secret, or `none`.
    pub fn id_token_signed_response_alg(mut self, alg: impl Into<String>) -> Self {
        self.id_token_alg = Some(alg.into());
        self
    }

    /// Its ID tokens are encrypted: `alg` is RSA-OAEP, RSA-OAEP-256, ECDH-ES or ECDH-ES+A256KW to a key of
    /// [`Client::jwks`], or dir, A128KW, A192KW or A256KW with its secret; `enc` is A128CBC-HS256, A128GCM or the like
    /// ([OpenID Connect Core 1.0 section 10.2](https://openid.net/specs/openid-connect-core-1_0.html#Encryption)).
    ///
    /// Needs the cargo feature `oracle`; a server without it does not start with such a client.
    pub fn id_token_encrypted_response(mut self, alg: impl Into<String>, enc: impl Into<String>) -> Self {
        self.id_token_encryption = Some(Encryption { alg: alg.into(), enc: enc.into() });
        self
    }

    /// UserInfo answers with a JWT signed like this, in place of JSON.
    pub fn userinfo_signed_response_alg(mut self, alg: impl Into<String>) -> Self {
        self.userinfo_alg = Some(alg.into());
        self
    }

    /// UserInfo answers with a JWE: of a signed JWT where it is to be signed too, else of the bare claims. As
    /// [`Client::id_token_encrypted_response`] in all else.
    pub fn userinfo_encrypted_response(mut self, alg: impl Into<String>, enc: impl Into<String>) -> Self {
        self.userinfo_encryption = Some(Encryption { alg: alg.into(), enc: enc.into() });
        self
    }

    /// Its public keys, as a JWK Set: what its assertions are verified with, and its tokens encrypted to.
    pub fn jwks(mut self, jwks: Value) -> Self {
        self.jwks = Some(jwks);
        self
    }

    /// The one algorithm its assertions may be signed with. Any that fits the method, when never called.
    pub fn token_endpoint_auth_signing_alg(mut self, alg: impl Into<String>) -> Self {
        self.assertion_alg = Some(alg.into());
        self
    }

    /// Its access tokens are JWTs as in [RFC 9068](https://www.rfc-editor.org/rfc/rfc9068), signed with that algorithm. They
    /// are opaque unless this is called.
    pub fn jwt_access_tokens(mut self, alg: impl Into<String>) -> Self {
        self.access_token_alg = Some(alg.into());
        self
    }

    /// The `cnf` of its access tokens, in the JWT and at introspection
    /// ([RFC 7800](https://www.rfc-editor.org/rfc/rfc7800)): what binds them to a key. This server does not check it; for what it does,
    /// see [`Client::dpop_bound_access_tokens`] and [`Client::certificate_bound_access_tokens`].
    pub fn access_token_cnf(mut self, cnf: Value) -> Self {
        self.access_token_cnf = Some(cnf);
        self
    }

    /// Its front-channel ID tokens have `s_hash`, the hash of the state
    /// ([Financial-grade API 1.0 part 2 section 5.1.1](https://openid.net/specs/openid-financial-api-part-2-1_0.html#id-token-as-detached-signature)).
    /// A client that registered itself gets it too.
    pub fn s_hash(mut self) -> Self {
        self.s_hash = true;
        self
    }

    /// Where a browser may be sent after a logout; must match exactly. Calling it again adds one. A client without any gets
    /// its redirect URIs.
    pub fn post_logout_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.post_logout_redirect_uris.push(uri.into());
        self
    }

    /// What the page of a logout loads in a frame, with `iss` and `sid` added
    /// ([OpenID Connect Front-Channel Logout 1.0](https://openid.net/specs/openid-connect-frontchannel-1_0.html)).
    pub fn frontchannel_logout_uri(mut self, uri: impl Into<String>) -> Self {
        self.frontchannel_logout_uri = Some(uri.into());
        self
    }

    /// Where a logout posts a logout token, before the browser gets its answer. It must be plain `http`
    /// ([OpenID Connect Back-Channel Logout 1.0](https://openid.net/specs/openid-connect-backchannel-1_0.html)).
    pub fn backchannel_logout_uri(mut self, uri: impl Into<String>) -> Self {
        self.backchannel_logout_uri = Some(uri.into());
        self
    }

    pub(crate) fn allows_post_logout_redirect_to(&self, uri: &str) -> bool {
        if self.post_logout_redirect_uris.is_empty() {
            return self.allows_redirect_to(uri);
        }
        self.post_logout_redirect_uris.iter().any(|registered| registered == uri)
    }

    pub(crate) fn may_ask_for(&self, response_type: &str) -> bool {
        // Each part of an answer needs its grant (RFC 7591 section 2.1).
        let grant = |word: &&str| if *word == "code" { "authorization_code" } else { "implicit" };
        if words(response_type).iter().filter(|word| **word != "none").any(|word| !self.may_use_grant(grant(word))) {
            return false;
        }
        let same = |registered: &String| words(registered) == words(response_type);
        self.response_types.is_empty() || self.response_types.iter().any(same)
    }

    /// What this build cannot do for it, or what it lacks for what it asks.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.check_mutual_tls()?;
        let id = &self.id;
        let needs_oracle = |what: &str| Err(format!("client {id}: {what} needs grantor's cargo feature `oracle`"));
        if self.introspection_alg.as_deref() == Some("none") {
            // RFC 9701 section 6.
            return Err(format!("client {id}: an introspection answer is not signed with none"));
        }
        let answers = [&self.introspection_alg, &self.requests.response_alg];
        let algs = [&self.id_token_alg, &self.userinfo_alg, &self.access_token_alg].into_iter().chain(answers);
        for alg in algs.flatten() {
            match alg.as_str() {
                "none" => {}
                "HS256" | "HS384" | "HS512" if self.secret.is_none() => {
                    return Err(format!("client {id}: {alg} needs a client secret"));
                }
                "HS256" | "HS384" | "HS512" => {}
                alg if oracle::SIGNATURES.contains(&alg) && !oracle::PRESENT => return needs_oracle(alg),
                alg if crate::keys::can_sign(alg) => {}
                alg => return Err(format!("client {id}: this server cannot sign with {alg}")),
            }
        }
        let encryptions = [&self.id_token_encryption, &self.userinfo_encryption, &self.introspection_encryption];
        for encryption in encryptions.into_iter().flatten() {
            // Whether it can be done shows when it is.
            oracle::encrypted(self, encryption, "{}", false)?;
        }
        self.check_ciba()?;
        self.check_requests()
    }
}

fn words(response_type: &str) -> Vec<&str> {
    let mut words: Vec<&str> = response_type.split_whitespace().collect();
    words.sort_unstable();
    words
}
