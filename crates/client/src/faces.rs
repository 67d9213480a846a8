//! What both faces' client modules hold besides their conversations: written once, expanded in each.

/// The door to what is weaker, and what a login brought. Expects `Client`, `ClientBuilder` and `SessionBuilder` in scope.
macro_rules! danger_and_login {
    () => {
        impl std::fmt::Debug for ClientBuilder {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct("ClientBuilder").field("config", &self.config).finish_non_exhaustive()
            }
        }

        /// The door to what is weaker than it should be.
        #[derive(Debug)]
        #[must_use]
        pub struct Danger(ClientBuilder);

        impl Danger {
            /// Lets credentials and tokens travel by plain http to other machines. Whoever is on the way can read and use them.
            pub fn allow_http(mut self) -> ClientBuilder {
                self.0.config.set_allow_http();
                self.0
            }

            /// Takes any certificate. Whoever is on the way can pose as the server and read everything.
            pub fn accept_invalid_certs(mut self) -> ClientBuilder {
                self.0.http.accept_invalid_certs = true;
                self.0
            }
        }

        /// What a login brought.
        #[derive(Debug, Clone)]
        pub struct Login {
            login: grantee_core::Login,
            client: Client,
        }

        impl Login {
            /// The token.
            pub fn token(&self) -> &grantee_core::Token {
                &self.login.token
            }

            /// The state of the person's session at the server, if it was sent.
            pub fn session_state(&self) -> Option<&str> {
                self.login.session_state.as_deref()
            }

            /// What was asked for.
            pub fn parameters(&self) -> &grantee_core::grant::TokenParameters {
                &self.login.parameters
            }

            /// A session on this login's token. With a store, [`account`](SessionBuilder::account) says whose it is.
            pub fn session(&self) -> SessionBuilder {
                let grant = grantee_core::grant::Stored::with_parameters(self.login.parameters.clone());
                SessionBuilder::new(
                    self.client.core.clone(),
                    std::sync::Arc::new(grant),
                    Some(self.login.token.clone()),
                )
            }
        }
    };
}
pub(crate) use danger_and_login;
