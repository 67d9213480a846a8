//! The library's two faces. They have the same names and methods, so they are one text here, waited for in two ways.

use grantee::client_auth::ClientSecretPost;
use grantee::legacy::Password;
use grantee::{AuthorizationRequest, ClientCredentials, Error, RefreshToken, Secret, Token, TokenToActOn};
use grantee_interop::server::USER;
use grantee_interop::{Auth, walk};
use serde_json::Value;
use std::sync::Arc;
use tokio::runtime::Runtime;

use super::{By, Face, Failure, Kind, Outcome, Session, Setup, Tokens};

/// Waits for futures on a runtime.
#[derive(Clone)]
struct Tokio(Arc<Runtime>);

impl Tokio {
    fn new() -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        Self(Arc::new(builder.worker_threads(1).enable_all().build().expect("a runtime")))
    }

    fn within<T>(&self, make: impl FnOnce() -> T) -> T {
        let _guard = self.0.enter();
        make()
    }

    fn wait<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}

/// Has nothing to wait for.
#[derive(Clone)]
struct Thread;

impl Thread {
    fn new() -> Self {
        Self
    }

    fn within<T>(&self, make: impl FnOnce() -> T) -> T {
        make()
    }

    fn wait<T>(&self, outcome: T) -> T {
        outcome
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            code: error.code().into(),
            server_error: error.server_error().map(str::to_owned),
            status: error.status().filter(|status| *status != 0),
            hint: error.hint().map(str::to_owned),
        }
    }
}

impl From<&Token> for Tokens {
    fn from(token: &Token) -> Self {
        let mut scope: Vec<String> = token.scope.iter().flat_map(|scope| scope.iter()).map(str::to_owned).collect();
        scope.sort_unstable();
        Self {
            access_token: token.access_token.reveal().into(),
            token_type: token.token_type.clone(),
            refresh_token: token.refresh_token.as_ref().map(|token| token.reveal().into()),
            id_token: token.id_token.as_ref().map(|token| token.reveal_unverified().into()),
            scope,
            expires_in: token.expires_in().map(|left| left.as_secs()),
        }
    }
}

fn request(setup: &Setup, further: &[(&str, &str)]) -> AuthorizationRequest {
    let request = AuthorizationRequest::new().scope(setup.server.scope);
    setup.server.login_parameters.iter().chain(further).fold(request, |request, (name, value)| match *name {
        "prompt" => request.prompt(*value),
        name => request.param(name, *value),
    })
}

fn to_act_on(token: &str, kind: Kind) -> TokenToActOn {
    match kind {
        Kind::Access => TokenToActOn::access_token(token),
        Kind::Refresh => TokenToActOn::refresh_token(token),
    }
}

macro_rules! library_face {
    ($(#[$doc:meta])* $face:ident, $held:ident, $driver:ty, $client:ty, $session:ty, $login:ty) => {
        $(#[$doc])*
        pub(crate) struct $face {
            driver: $driver,
            client: $client,
            setup: Setup,
        }

        /// A session, and the client whose counters it feeds.
        pub(crate) struct $held {
            driver: $driver,
            client: $client,
            session: $session,
        }

        impl $face {
            fn walk_in(&self, further: &[(&str, &str)]) -> Outcome<$login> {
                let (url, pending) = self.driver.wait(self.client.start(request(&self.setup, further)))?;
                let callback = walk(&self.setup.server, url.as_str());
                Ok(self.driver.wait(self.client.finish(pending, &callback))?)
            }
        }

        impl Face for $face {
            type Session = $held;

            fn new(setup: &Setup) -> Self {
                let server = &setup.server;
                let builder = match setup.issuer() {
                    Some(issuer) => <$client>::discover(issuer),
                    None => <$client>::at(&server.token_endpoint)
                        .authorization_endpoint(&server.authorization_endpoint)
                        .introspection_endpoint(&server.introspection_endpoint)
                        .revocation_endpoint(&server.revocation_endpoint),
                };
                let secret = || Secret::from(setup.client.secret.as_deref().expect("the client has a secret"));
                let builder = match setup.client.auth {
                    Auth::None => builder.public_client(&setup.client.id),
                    Auth::ClientSecretBasic => builder.client(&setup.client.id, secret()),
                    Auth::ClientSecretPost => {
                        builder.client(&setup.client.id, secret()).auth(ClientSecretPost::new(secret()))
                    }
                };
                let builder = if setup.basic_raw { builder.basic_raw() } else { builder };
                let driver = <$driver>::new();
                let client = driver.within(|| builder.redirect_uri(&server.redirect_uri).build());
                Self { driver, client: client.expect("a client"), setup: setup.clone() }
            }

            fn metadata(&self) -> Outcome<Value> {
                let metadata = self.driver.wait(self.client.metadata())?;
                Ok(serde_json::to_value(&*metadata).expect("metadata are JSON"))
            }

            fn log_in_with(&self, further: &[(&str, &str)]) -> Outcome<Tokens> {
                Ok(self.walk_in(further)?.token().into())
            }

            fn client_credentials(&self, scope: &str) -> Outcome<Tokens> {
                Ok((&self.driver.wait(self.client.token(ClientCredentials::new().scope(scope)))?).into())
            }

            fn password(&self, password: &str) -> Outcome<Tokens> {
                let grant = Password::new(USER, password).scope(self.setup.server.scope);
                Ok((&self.driver.wait(self.client.token(grant))?).into())
            }

            fn refresh(&self, refresh_token: &str) -> Outcome<Tokens> {
                Ok((&self.driver.wait(self.client.token(RefreshToken::new(refresh_token)))?).into())
            }

            fn introspect(&self, token: &str, kind: Kind) -> Outcome<Value> {
                let seen = self.driver.wait(self.client.introspect(to_act_on(token, kind)))?;
                assert_eq!(seen.members["active"], seen.active);
                Ok(Value::Object(seen.members))
            }

            fn revoke(&self, token: &str, kind: Kind) -> Outcome<()> {
                Ok(self.driver.wait(self.client.revoke(to_act_on(token, kind)))?)
            }

            fn session(&self, by: By) -> Outcome<$held> {
                let builder = match by {
                    By::Login => self.walk_in(&[])?.session(),
                    By::ClientCredentials => self.client.session(ClientCredentials::new().scope("read")),
                    By::Password => {
                        let grant = Password::new(USER, grantee_interop::server::PASSWORD);
                        self.client.session(grant.scope(self.setup.server.scope))
                    }
                };
                let held = $held {
                    driver: self.driver.clone(),
                    client: self.client.clone(),
                    session: builder.build()?,
                };
                held.token()?;
                Ok(held)
            }
        }

        impl Session for $held {
            fn token(&self) -> Outcome<Tokens> {
                Ok((&*self.driver.wait(self.session.token())?).into())
            }

            fn renew(&self) -> Outcome<Tokens> {
                Ok((&*self.driver.wait(self.session.renew())?).into())
            }

            fn get(&self, url: &str) -> Outcome<(u16, Value)> {
                let answer = self.driver.wait(self.session.api(url)?.get("").accept_error_status().send())?;
                Ok((answer.status().as_u16(), answer.json().unwrap_or_default()))
            }

            fn retries(&self) -> Option<u64> {
                Some(self.client.counters().api_retries)
            }
        }
    };
}

library_face!(
    /// `grantee::Client`, over reqwest.
    AsyncFace, AsyncSession, Tokio, grantee::Client, grantee::Session, grantee::Login
);
library_face!(
    /// `grantee::blocking::Client`, over ureq.
    BlockingFace, BlockingSession, Thread, grantee::blocking::Client, grantee::blocking::Session, grantee::blocking::Login
);
