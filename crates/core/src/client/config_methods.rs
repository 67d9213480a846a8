//! The builder methods of a client, written once for both faces.

/// The builder methods that both faces' client builders share. Each builder holds a `config: Config`.
#[doc(hidden)]
#[macro_export]
macro_rules! client_config_methods {
    () => {
        /// The client's identifier and secret. How the secret is shown follows from the server's metadata, unless
        /// [`auth`](Self::auth) says how: by the first of `client_secret_basic`, `client_secret_post` and `client_secret_jwt` that
        /// they list, and by `client_secret_basic` where they list nothing. Nothing is tried out.
        #[must_use]
        pub fn client(mut self, client_id: impl Into<String>, secret: impl Into<$crate::Secret>) -> Self {
            self.config.set_client(client_id.into(), Some(secret.into()));
            self
        }

        /// The client's identifier and private key: `private_key_jwt`
        /// ([RFC 7523](https://www.rfc-editor.org/rfc/rfc7523#section-2.2)). The algorithm is the one that the key's `alg` names,
        /// else the usual one of its kind, else one that fits it and that the server's metadata list. For a key that lives
        /// elsewhere, and for what else can be set, hand a [`PrivateKeyJwt`]($crate::client_auth::PrivateKeyJwt) to
        /// [`auth`](Self::auth). A key that can't sign is an error when the client is built.
        #[must_use]
        pub fn client_key(mut self, client_id: impl Into<String>, key: $crate::jose::Jwk) -> Self {
            self.config.set_client_key(client_id.into(), key);
            self
        }

        /// The identifier of a client without a secret: of a public one, or of one that [`auth`](Self::auth) knows how to show.
        #[must_use]
        pub fn public_client(mut self, client_id: impl Into<String>) -> Self {
            self.config.set_client(client_id.into(), None);
            self
        }

        /// A client as the server has registered it: identifier, secret, and all that it is registered for is expected from
        /// here on (how it authenticates, the algorithms of ID tokens and userinfo answers, its redirect URI where it has one). A
        /// client that is registered for `private_key_jwt` gets its key by [`client_key`](Self::client_key) or
        /// [`auth`](Self::auth) as well. Used at another server than the one that registered it, it is an error.
        #[must_use]
        pub fn registration(mut self, kept: &$crate::endpoint::registration::Registration) -> Self {
            self.config.set_registration(kept);
            self
        }

        /// The token that lets a client register, where the server wants one ([RFC 7591 section
        /// 3](https://www.rfc-editor.org/rfc/rfc7591#section-3)).
        #[must_use]
        pub fn initial_access_token(mut self, token: impl Into<$crate::Secret>) -> Self {
            self.config.set_initial_access_token(token.into());
            self
        }

        /// An origin, beside the server's own, where registrations may be read, updated and deleted, such as
        /// `https://manage.as.example`: the secret and the registration access token go there. May be given more than once.
        #[must_use]
        pub fn trusted_registration_origin(mut self, origin: &str) -> Self {
            self.config.add_registration_origin(origin);
            self
        }

        /// The registration endpoint, in the place of the one in the metadata.
        #[must_use]
        pub fn registration_endpoint(mut self, url: impl Into<String>) -> Self {
            self.config.members_mut().registration_endpoint = Some(url.into());
            self
        }

        /// The client-authentication method, in the place of the one that would follow from the metadata.
        #[must_use]
        pub fn auth(mut self, method: impl $crate::client_auth::ClientAuth + 'static) -> Self {
            self.config.set_auth(std::sync::Arc::new(method));
            self
        }

        /// A profile whose rules this client keeps to, beyond those of each specification: a configuration, a server and a request
        /// that break one are refused, and what the profile asks for is done by itself. `audit()` of the client explains it.
        #[must_use]
        pub fn rules(mut self, rules: $crate::rules::Rules) -> Self {
            self.config.set_rules(rules);
            self
        }

        /// The type of the tokens this client asks for, in the place of Bearer. Everything that uses a token follows it.
        #[must_use]
        pub fn token_type(mut self, token_type: impl $crate::token_type::TokenType + 'static) -> Self {
            self.config.set_token_type(std::sync::Arc::new(token_type));
            self
        }

        /// Binds tokens to this private key, and proves it with each request (DPoP,
        /// [RFC 9449](https://www.rfc-editor.org/rfc/rfc9449)). Keep it as long as its tokens. For one that lives elsewhere, and
        /// while keys are rotated, hand a [`Dpop`]($crate::token_type::dpop::Dpop) to [`token_type`](Self::token_type). A key that
        /// can't sign is an error when the client is built.
        #[must_use]
        pub fn dpop(mut self, key: $crate::jose::Jwk) -> Self {
            self.config.set_dpop(&key);
            self
        }

        /// Asks for tokens that are bound to the client's certificate
        /// ([RFC 8705 section 3](https://www.rfc-editor.org/rfc/rfc8705#section-3)), however the client authenticates: requests go
        /// to the server's `mtls_endpoint_aliases`, and a session replaces its token when the certificate is renewed. The client
        /// must have one.
        #[must_use]
        pub fn certificate_bound_tokens(self) -> Self {
            self.token_type($crate::token_type::certificate_bound::CertificateBound)
        }

        /// Sends identifier and secret of `client_secret_basic` as they are, for servers that do not decode them.
        #[must_use]
        pub fn basic_raw(mut self) -> Self {
            self.config.set_basic_raw();
            self
        }

        /// The redirect URI of authorization requests that name none.
        #[must_use]
        pub fn redirect_uri(mut self, redirect_uri: impl Into<String>) -> Self {
            self.config.set_redirect_uri(redirect_uri.into());
            self
        }

        /// Pushes every authorization request to the server from here, so that the browser carries a reference alone
        /// ([RFC 9126](https://www.rfc-editor.org/rfc/rfc9126)). A server that requires it gets it without this.
        #[must_use]
        pub fn par(mut self) -> Self {
            self.config.set_par();
            self
        }

        /// Sends every authorization request as a signed request object ([RFC 9101](https://www.rfc-editor.org/rfc/rfc9101)): made
        /// by a [`Signer`]($crate::jose::Signer), or as
        /// [`RequestObjects`]($crate::authorization::RequestObjects) say.
        #[must_use]
        pub fn request_object(mut self, objects: impl Into<$crate::authorization::RequestObjects>) -> Self {
            self.config.set_request_objects(objects.into());
            self
        }

        /// As [`request_object`](Self::request_object), signed with the client's secret by HS256, HS384 or HS512.
        #[must_use]
        pub fn request_object_by_secret(self, alg: $crate::jose::SignatureAlgorithm) -> Self {
            self.request_object($crate::authorization::RequestObjects::by_secret(alg))
        }

        /// Encrypts request objects to the server's key, or, with a symmetric `alg`, by a key made of the client's secret.
        #[must_use]
        pub fn request_object_encryption(mut self, alg: impl Into<String>, enc: impl Into<String>) -> Self {
            self.config.set_request_object_encryption(alg.into(), enc.into());
            self
        }

        /// The `alg` that signed authorization responses ([JARM](https://openid.net/specs/oauth-v2-jarm.html)) are signed by, as the
        /// client is registered (`authorization_signed_response_alg`); RS256 where this is not called. Such an answer is asked for
        /// with [`response_mode`]($crate::authorization::AuthorizationRequest::response_mode)`("jwt")`.
        #[must_use]
        pub fn authorization_alg(mut self, alg: impl Into<String>) -> Self {
            self.config.set_authorization_alg(alg.into());
            self
        }

        /// Takes signed authorization responses that are signed by any key of the server's: for a program that isn't told how its
        /// client is registered. What [`authorization_alg`](Self::authorization_alg) says goes before it.
        #[must_use]
        pub fn accept_any_authorization_alg(mut self) -> Self {
            self.config.set_any_authorization_alg();
            self
        }

        /// How signed authorization responses are encrypted, as the client is registered (`authorization_encrypted_response_alg`
        /// and `_enc`). One that is not encrypted is refused then. With a symmetric `alg` the key is made of the client's secret.
        #[must_use]
        pub fn authorization_encryption(mut self, alg: impl Into<String>, enc: impl Into<String>) -> Self {
            self.config.set_authorization_encryption(alg.into(), enc.into());
            self
        }

        /// Where authorization requests are pushed to, in the place of what the metadata says.
        #[must_use]
        pub fn pushed_authorization_request_endpoint(mut self, url: impl Into<String>) -> Self {
            self.config.members_mut().pushed_authorization_request_endpoint = Some(url.into());
            self
        }

        /// The issuer, for a client whose endpoints are given one by one.
        #[must_use]
        pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
            self.config.members_mut().issuer = Some(issuer.into());
            self
        }

        /// The authorization endpoint, in the place of the one in the metadata.
        #[must_use]
        pub fn authorization_endpoint(mut self, url: impl Into<String>) -> Self {
            self.config.members_mut().authorization_endpoint = Some(url.into());
            self
        }

        /// The token endpoint, in the place of the one in the metadata.
        #[must_use]
        pub fn token_endpoint(mut self, url: impl Into<String>) -> Self {
            self.config.members_mut().token_endpoint = Some(url.into());
            self
        }

        /// The introspection endpoint, in the place of the one in the metadata.
        #[must_use]
        pub fn introspection_endpoint(mut self, url: impl Into<String>) -> Self {
            self.config.members_mut().introspection_endpoint = Some(url.into());
            self
        }

        /// The revocation endpoint, in the place of the one in the metadata.
        #[must_use]
        pub fn revocation_endpoint(mut self, url: impl Into<String>) -> Self {
            self.config.members_mut().revocation_endpoint = Some(url.into());
            self
        }

        /// Where a device starts (RFC 8628), in the place of what the metadata says.
        #[must_use]
        pub fn device_authorization_endpoint(mut self, url: impl Into<String>) -> Self {
            self.config.members_mut().device_authorization_endpoint = Some(url.into());
            self
        }

        /// Where a backchannel authentication starts (CIBA), in the place of what the metadata says.
        #[must_use]
        pub fn backchannel_authentication_endpoint(mut self, url: impl Into<String>) -> Self {
            self.config.members_mut().backchannel_authentication_endpoint = Some(url.into());
            self
        }

        /// The userinfo endpoint, in the place of the one in the metadata.
        #[must_use]
        pub fn userinfo_endpoint(mut self, url: impl Into<String>) -> Self {
            self.config.members_mut().userinfo_endpoint = Some(url.into());
            self
        }

        /// How the issuer in the metadata must agree with the one asked for; exactly, unless a named policy says otherwise.
        #[must_use]
        pub fn issuer_policy(mut self, policy: $crate::endpoint::discovery::IssuerPolicy) -> Self {
            self.config.set_issuer_policy(policy);
            self
        }

        /// How long fetched metadata serves before it is fetched again; an hour by default.
        #[must_use]
        pub fn metadata_lifetime(mut self, lifetime: std::time::Duration) -> Self {
            self.config.set_metadata_lifetime(lifetime);
            self
        }

        /// The `alg` that ID tokens are signed by, as the client is registered (`id_token_signed_response_alg`); RS256 where
        /// this is not called. A token with another is refused. A name, or a
        /// [`SignatureAlgorithm`]($crate::jose::SignatureAlgorithm).
        #[must_use]
        pub fn id_token_alg(mut self, alg: impl Into<String>) -> Self {
            self.config.set_id_token_alg(Some(alg.into()));
            self
        }

        /// Takes for ID tokens the only asymmetric algorithm that the server's metadata lists; an error where it lists several.
        #[must_use]
        pub fn id_token_alg_from_metadata(mut self) -> Self {
            self.config.set_id_token_alg(None);
            self
        }

        /// How ID tokens are encrypted, as the client is registered (`id_token_encrypted_response_alg` and `_enc`). One that is
        /// not encrypted is refused then. With a symmetric `alg` the key is made of the client's secret.
        #[must_use]
        pub fn id_token_encryption(mut self, alg: impl Into<String>, enc: impl Into<String>) -> Self {
            self.config.set_id_token_encryption(alg.into(), enc.into());
            self
        }

        /// Takes ID tokens, userinfo answers and signed authorization responses that are encrypted by whatever a decryption key, or
        /// the client's secret, serves, and such as are not encrypted: for a program that isn't told how its client is registered.
        /// What [`id_token_encryption`](Self::id_token_encryption), [`userinfo_encryption`](Self::userinfo_encryption) and
        /// [`authorization_encryption`](Self::authorization_encryption) say goes before it.
        #[must_use]
        pub fn accept_any_encryption(mut self) -> Self {
            self.config.set_any_encryption();
            self
        }

        /// The `alg` that userinfo answers are signed by, as the client is registered (`userinfo_signed_response_alg`). An answer
        /// that is not signed is refused then, and without this one that is.
        #[must_use]
        pub fn userinfo_alg(mut self, alg: impl Into<String>) -> Self {
            self.config.set_userinfo_alg(alg.into());
            self
        }

        /// Takes userinfo answers that are signed by any key of the server's, and such as are not signed: for a program that isn't
        /// told how its client is registered. What [`userinfo_alg`](Self::userinfo_alg) says goes before it.
        #[must_use]
        pub fn accept_any_userinfo_alg(mut self) -> Self {
            self.config.set_any_userinfo_alg();
            self
        }

        /// How userinfo answers are encrypted, as the client is registered (`userinfo_encrypted_response_alg` and `_enc`).
        #[must_use]
        pub fn userinfo_encryption(mut self, alg: impl Into<String>, enc: impl Into<String>) -> Self {
            self.config.set_userinfo_encryption(alg.into(), enc.into());
            self
        }

        /// Asks for introspection answers that are signed, by the `alg` that the client is registered for
        /// (`introspection_signed_response_alg`, [RFC 9701](https://www.rfc-editor.org/rfc/rfc9701)). One that is not signed, and so
        /// could not be shown to others later, is refused then.
        #[must_use]
        pub fn introspection_alg(mut self, alg: impl Into<String>) -> Self {
            self.config.set_introspection_alg(alg.into());
            self
        }

        /// How introspection answers are encrypted, beside being signed, as the client is registered
        /// (`introspection_encrypted_response_alg` and `_enc`).
        #[must_use]
        pub fn introspection_encryption(mut self, alg: impl Into<String>, enc: impl Into<String>) -> Self {
            self.config.set_introspection_encryption(alg.into(), enc.into());
            self
        }

        /// Sends the access token to the userinfo endpoint in a form body, for servers that take it nowhere else.
        #[must_use]
        pub fn userinfo_in_body(mut self) -> Self {
            self.config.set_userinfo_in_body();
            self
        }

        /// The server's keys, in the place of those at its `jwks_uri`; they are never fetched.
        #[must_use]
        pub fn jwks(mut self, keys: $crate::jose::JwkSet) -> Self {
            self.config.set_jwks(keys);
            self
        }

        /// Where the server's keys are, in the place of what the metadata says.
        #[must_use]
        pub fn jwks_uri(mut self, url: impl Into<String>) -> Self {
            self.config.members_mut().jwks_uri = Some(url.into());
            self
        }

        /// Where the person is logged out, in the place of what the metadata says.
        #[must_use]
        pub fn end_session_endpoint(mut self, url: impl Into<String>) -> Self {
            self.config.members_mut().end_session_endpoint = Some(url.into());
            self
        }

        /// Takes logout tokens whose `typ` does not say what they are, for the many servers that leave it out
        /// (OpenID Connect Back-Channel Logout section 4.1). One that says to be something else is refused still.
        #[must_use]
        pub fn accept_untyped_logout_tokens(mut self) -> Self {
            self.config.set_untyped_logout_tokens();
            self
        }

        /// Refuses a front-channel logout that does not name its session, as the client is registered
        /// (`frontchannel_logout_session_required`).
        #[must_use]
        pub fn frontchannel_logout_session_required(mut self) -> Self {
            self.config.set_frontchannel_logout_session_required();
            self
        }

        /// How far the server's clock may be from this machine's when an ID token is judged; a minute by default.
        #[must_use]
        pub fn id_token_leeway(mut self, leeway: std::time::Duration) -> Self {
            self.config.set_id_token_leeway(leeway);
            self
        }

        /// A party that may stand beside this client in the `aud` of ID tokens, or as `azp`; may be given more than once. It
        /// can use such a token to pose as the person here.
        #[must_use]
        pub fn trusted_audience(mut self, audience: impl Into<String>) -> Self {
            self.config.add_trusted_audience(audience.into());
            self
        }

        /// Takes whatever `acr` an ID token has, or none, where `acr_values` were asked for: they are a wish
        /// (OpenID Connect Core section 3.1.2.1), and the program looks for itself at what was granted.
        #[must_use]
        pub fn accept_any_acr(mut self) -> Self {
            self.config.set_any_acr();
            self
        }

        /// A rule of the program's own, or of an ecosystem's: an ID token whose claim at `path` does not satisfy it is refused.
        /// The path is a claim's name, or a JSON pointer such as `/verified_claims/verification/trust_framework` (RFC 6901).
        #[must_use]
        pub fn expect_claim(
            mut self,
            path: impl Into<String>,
            holds: impl Fn(Option<&$crate::jose::Value>) -> bool + Send + Sync + 'static,
        ) -> Self {
            self.config.add_expectation(path.into(), std::sync::Arc::new(holds));
            self
        }

        /// Takes a token answer without `token_type` as this type, for a server known to leave it out.
        #[must_use]
        pub fn assume_token_type(mut self, token_type: impl Into<String>) -> Self {
            self.config.set_assumed_token_type(token_type.into());
            self
        }
    };
}
