//! The library's two faces. They have the same names and methods, so they are one text here, waited for in two ways.

use grantee::authorization::{AuthorizationResponse, RequestObjects};
use grantee::endpoint::end_session::{EndSession, PendingLogout};
use grantee::endpoint::registration::Registration;
use grantee::endpoint::userinfo::{UnboundUserinfo, Userinfo};
use grantee::grant::DeviceAuthorization;
use grantee::jose::{DecryptionKey, Jwk, KeyAlgorithm, SignatureAlgorithm, SigningKey};
use grantee::legacy::Password;
use grantee::oidc::{IdToken, IdTokenExpectations};
use grantee::rules::{Audit, Rules};
use grantee::{
    AuthorizationRequest, BackchannelAuthenticationRequest, Callback, ClientCredentials, ClientMetadata,
    ClientSecretJwt, ClientSecretPost, DeviceAuthorizationRequest, Error, Grant, Pending, PollState, PrivateKeyJwt,
    RefreshToken, Secret, SelfSignedTlsClientAuth, TlsClientAuth, Token, TokenToActOn, UnverifiedIdToken,
};
use grantee_interop::server::USER;
use grantee_interop::{Auth, Walk};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

use super::{By, Face, Failure, Kind, LoggedIn, OpenIdFace, Outcome, Polls, Session, Setup, Tokens};

/// Waits for futures on a runtime.
#[derive(Clone)]
pub(super) struct Tokio(Arc<Runtime>);

impl Tokio {
    pub(super) fn new() -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        Self(Arc::new(builder.worker_threads(1).enable_all().build().expect("a runtime")))
    }

    pub(super) fn within<T>(&self, make: impl FnOnce() -> T) -> T {
        let _guard = self.0.enter();
        make()
    }

    pub(super) fn wait<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}

/// Has nothing to wait for.
#[derive(Clone)]
pub(super) struct Thread;

impl Thread {
    pub(super) fn new() -> Self {
        Self
    }

    pub(super) fn within<T>(&self, make: impl FnOnce() -> T) -> T {
        make()
    }

    pub(super) fn wait<T>(&self, outcome: T) -> T {
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
            rule: match &error {
                Error::Rule(broken) => Some(broken.rule.to_owned()),
                _ => None,
            },
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
        "scope" => request.scope(*value),
        "response_mode" => request.response_mode(*value),
        "resource" => request.resource(*value),
        "authorization_details" => request.authorization_details(*value),
        name => request.param(name, *value),
    })
}

fn to_act_on(token: &str, kind: Kind) -> TokenToActOn {
    match kind {
        Kind::Access => TokenToActOn::access_token(token),
        Kind::Refresh => TokenToActOn::refresh_token(token),
    }
}

fn key(setup: &Setup) -> Jwk {
    let file = setup.client.registration.key.as_ref().expect("the client has a key");
    let text = std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    Jwk::parse_any(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn decryption_key(setup: &Setup) -> Option<DecryptionKey> {
    let registration = &setup.client.registration;
    registration.key.as_ref()?;
    let answers = registration.extensions.authorization_encryption;
    let (alg, _) = registration.id_token_encryption.or(registration.userinfo_encryption).or(answers)?;
    let algorithm = KeyAlgorithm::from_name(alg).expect("a name of RFC 7518");
    Some(DecryptionKey::new(&key(setup), algorithm).expect("the key is for this"))
}

fn secret_jwt(setup: &Setup) -> ClientSecretJwt {
    let method = ClientSecretJwt::new(setup.client.secret.as_deref().expect("the client has a secret"));
    let (alg, audience) = &setup.assertion;
    let method = alg.iter().fold(method, |method, alg| method.alg(*alg));
    audience.iter().fold(method, |method, audience| method.audience(audience))
}

/// The method where something about it is chosen.
fn private_key_jwt(setup: &Setup) -> Option<PrivateKeyJwt> {
    let method = match &setup.assertion {
        (None, None) => return None,
        (Some(alg), _) => PrivateKeyJwt::from_key_with(&key(setup), *alg),
        (None, _) => PrivateKeyJwt::from_key(&key(setup)),
    };
    let audience = setup.assertion.1.iter();
    Some(audience.fold(method.expect("the key signs"), |method, audience| method.audience(audience)))
}

fn request_objects(setup: &Setup) -> Option<RequestObjects> {
    let alg = SignatureAlgorithm::from_name(setup.client.registration.extensions.request_object_alg?);
    let alg = alg.expect("a name of RFC 7518");
    let objects = match setup.client.registration.key {
        Some(_) => SigningKey::new(&key(setup), alg).expect("the key signs").into(),
        None => RequestObjects::by_secret(alg),
    };
    Some(setup.request_object_audience.into_iter().fold(objects, RequestObjects::audience))
}

fn pem(file: &Path) -> Vec<u8> {
    std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

macro_rules! library_face {
    ($(#[$doc:meta])*
        $face:ident, $held:ident, $waiting:ident, $driver:ty, $client:ty, $builder:ty, $session:ty, $login:ty, $polling:ty
    ) => {
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

        /// A wait for a person.
        pub(crate) struct $waiting {
            driver: $driver,
            polling: $polling,
        }

        impl $face {
            fn builder(setup: &Setup) -> $builder {
                let server = &setup.server;
                let builder = match setup.issuer() {
                    Some(issuer) => <$client>::discover(issuer),
                    None => <$client>::at(&server.token_endpoint)
                        .authorization_endpoint(&server.authorization_endpoint)
                        .introspection_endpoint(&server.introspection_endpoint)
                        .revocation_endpoint(&server.revocation_endpoint)
                        .device_authorization_endpoint(&server.device_authorization_endpoint),
                };
                let builder = match (&server.issuer, &server.jwks_uri) {
                    (Some(issuer), Some(keys)) if setup.keys => {
                        builder.issuer(issuer).jwks_uri(keys).userinfo_endpoint(&server.api)
                    }
                    _ => builder,
                };
                let (id, registration) = (&setup.client.id, &setup.client.registration);
                let secret = || Secret::from(setup.client.secret.as_deref().expect("the client has a secret"));
                let builder = builder.id_token_alg(registration.id_token_alg);
                let builder = match setup.client.auth {
                    Auth::None => builder.public_client(id),
                    Auth::ClientSecretBasic => builder.client(id, secret()),
                    Auth::ClientSecretPost => {
                        builder.client(id, secret()).auth(ClientSecretPost::new(secret()))
                    }
                    Auth::ClientSecretJwt => builder.client(id, secret()).auth(secret_jwt(setup)),
                    Auth::PrivateKeyJwt => match private_key_jwt(setup) {
                        Some(method) => builder.public_client(id).auth(method),
                        None => builder.client_key(id, key(setup)),
                    },
                    Auth::TlsClientAuth => builder.public_client(id).auth(TlsClientAuth),
                    Auth::SelfSignedTlsClientAuth => builder.public_client(id).auth(SelfSignedTlsClientAuth),
                };
                let extensions = &registration.extensions;
                let builder = if setup.pushed { builder.par() } else { builder };
                let builder = match request_objects(setup) {
                    Some(objects) => builder.request_object(objects),
                    None => builder,
                };
                let builder = match extensions.request_object_encryption {
                    Some((alg, enc)) => builder.request_object_encryption(alg, enc),
                    None => builder,
                };
                let builder = match extensions.authorization_alg {
                    Some(alg) => builder.authorization_alg(alg),
                    None => builder,
                };
                let builder = match extensions.introspection_alg {
                    Some(alg) => builder.introspection_alg(alg),
                    None => builder,
                };
                let builder = match extensions.authorization_encryption {
                    Some((alg, enc)) => builder.authorization_encryption(alg, enc),
                    None => builder,
                };
                let builder = match &setup.dpop {
                    Some(key) => builder.dpop(key.clone()),
                    None => builder,
                };
                let builder = match &extensions.certificate {
                    Some((chain, key)) => {
                        let key = String::from_utf8(pem(key)).expect("PEM is text");
                        builder.client_certificate(pem(chain), key).certificate_bound_tokens()
                    }
                    None => builder,
                };
                let builder = match &server.tls.ca {
                    Some(ca) => builder.only_ca(pem(ca)),
                    None => builder,
                };
                let builder = match setup.rules {
                    Some(rules) => builder.rules(rules),
                    None => builder,
                };
                let builder = if setup.basic_raw { builder.basic_raw() } else { builder };
                let builder = if setup.any_acr { builder.accept_any_acr() } else { builder };
                let builder = match registration.id_token_encryption {
                    Some((alg, enc)) => builder.id_token_encryption(alg, enc),
                    None => builder,
                };
                let builder = match registration.userinfo_encryption {
                    Some((alg, enc)) => builder.userinfo_encryption(alg, enc),
                    None => builder,
                };
                let builder = match decryption_key(setup) {
                    Some(key) => builder.decryption_key(key),
                    None => builder,
                };
                let builder = match registration.userinfo_alg {
                    Some(alg) => builder.userinfo_alg(alg),
                    None => builder,
                };
                let builder = match &setup.userinfo_endpoint {
                    Some(url) => builder.userinfo_endpoint(url),
                    None => builder,
                };
                builder.redirect_uri(setup.redirect_uri())
            }

            /// A client that has no identifier yet.
            fn unregistered(setup: &Setup) -> $builder {
                let builder = <$client>::discover(setup.issuer().expect("a server with metadata"));
                builder.redirect_uri(setup.redirect_uri())
            }

            fn walk_in(&self, further: &[(&str, &str)]) -> Outcome<$login> {
                let (url, pending) = self.driver.wait(self.client.start(request(&self.setup, further)))?;
                let callback = Walk::new(&self.setup.server).to(url.as_str(), self.setup.redirect_uri());
                let callback = callback.unwrap_or_else(|stuck| panic!("{}: {stuck}", self.setup.server.name));
                Ok(self.driver.wait(self.client.finish(pending, &callback))?)
            }
        }

        impl Face for $face {
            type Session = $held;

            fn new(setup: &Setup) -> Self {
                let (driver, builder) = (<$driver>::new(), Self::builder(setup));
                let client = driver.within(|| builder.build());
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

            fn log_in_on_a_device(&self, scope: &str, person: &dyn Fn(&str)) -> Outcome<Tokens> {
                let request = DeviceAuthorizationRequest::new().scope(scope);
                let device = self.driver.wait(self.client.device(request))?;
                person(device.user_code());
                Ok(self.driver.wait(device.wait())?.token().into())
            }

            fn log_in_elsewhere(&self, hint: &str, person: &dyn Fn()) -> Outcome<Tokens> {
                let request = BackchannelAuthenticationRequest::login_hint(hint).scope("openid");
                let asked = self.driver.wait(self.client.backchannel(request))?;
                person();
                Ok(self.driver.wait(asked.wait())?.token().into())
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

        impl LoggedIn for $login {
            fn token(&self) -> &Token {
                self.token()
            }

            fn id_token(&self) -> &IdToken {
                self.id_token().expect("a login for openid has an ID token")
            }
        }

        impl OpenIdFace for $face {
            type Login = $login;
            type Polling = $waiting;

            fn start(&self, request: AuthorizationRequest) -> Outcome<(String, Pending)> {
                let (url, pending) = self.driver.wait(self.client.start(request))?;
                Ok((url.into(), pending))
            }

            fn finish(&self, pending: Pending, callback: Callback<'_>) -> Outcome<$login> {
                Ok(self.driver.wait(self.client.finish(pending, callback))?)
            }

            fn identify(&self, pending: Pending, callback: Callback<'_>) -> Outcome<IdToken> {
                Ok(self.driver.wait(self.client.identify(pending, callback))?)
            }

            fn respond(&self, pending: Pending, callback: Callback<'_>) -> Outcome<AuthorizationResponse> {
                Ok(self.driver.wait(self.client.respond(pending, callback))?)
            }

            fn verify(&self, id_token: &UnverifiedIdToken, expected: &IdTokenExpectations) -> Outcome<IdToken> {
                Ok(self.driver.wait(self.client.verify_id_token(id_token, expected))?)
            }

            fn userinfo(&self, login: &$login) -> Outcome<Userinfo> {
                Ok(self.driver.wait(login.userinfo())?)
            }

            fn userinfo_of(&self, token: &Token, id_token: &IdToken) -> Outcome<Userinfo> {
                Ok(self.driver.wait(self.client.userinfo(token, id_token))?)
            }

            fn renew(&self, token: &Token) -> Outcome<Token> {
                Ok(self.driver.wait(self.client.refresh(token))?)
            }

            fn log_out(&self, request: EndSession) -> Outcome<(String, PendingLogout)> {
                let (url, pending) = self.driver.wait(self.client.logout(request))?;
                Ok((url.into(), pending))
            }

            fn key_set_fetches(&self) -> u64 {
                self.client.counters().key_set_fetches
            }

            fn token(&self, grant: impl Grant) -> Outcome<Token> {
                Ok(self.driver.wait(self.client.token(grant))?)
            }

            fn anybodys_userinfo(&self, token: &Token) -> Outcome<UnboundUserinfo> {
                Ok(self.driver.wait(self.client.userinfo_unbound(token))?)
            }

            fn register(setup: &Setup, initial: Option<&str>, metadata: &ClientMetadata) -> Outcome<(Registration, Self)> {
                let (driver, builder) = (<$driver>::new(), Self::unregistered(setup));
                let builder = match initial {
                    Some(token) => builder.initial_access_token(token),
                    None => builder,
                };
                let builder = match setup.client.auth {
                    Auth::PrivateKeyJwt => builder.auth(PrivateKeyJwt::from_key(&key(setup))?),
                    _ => builder,
                };
                let registered = driver.wait(driver.within(|| builder.register(metadata)))?;
                let client = registered.client()?;
                Ok((registered.registration().clone(), Self { driver, client, setup: setup.clone() }))
            }

            fn registered(setup: &Setup, kept: &Registration) -> Outcome<Self> {
                let (driver, builder) = (<$driver>::new(), Self::unregistered(setup));
                let builder = builder.registration(kept);
                let builder = match setup.client.auth {
                    Auth::PrivateKeyJwt => builder.client_key(kept.client_id.as_str(), key(setup)),
                    _ => builder,
                };
                let client = driver.within(|| builder.build())?;
                Ok(Self { driver, client, setup: setup.clone() })
            }

            fn read_registration(&self, kept: &Registration) -> Outcome<Registration> {
                Ok(self.driver.wait(self.client.read_registration(kept))?)
            }

            fn update_registration(&self, kept: &Registration, metadata: &ClientMetadata) -> Outcome<Registration> {
                Ok(self.driver.wait(self.client.update_registration(kept, metadata))?)
            }

            fn delete_registration(&self, kept: &Registration) -> Outcome<()> {
                Ok(self.driver.wait(self.client.delete_registration(kept))?)
            }

            fn device(&self, request: DeviceAuthorizationRequest) -> Outcome<(DeviceAuthorization, $waiting)> {
                let device = self.driver.wait(self.client.device(request))?;
                let waiting = $waiting { driver: self.driver.clone(), polling: device.polling() };
                Ok((device.authorization().clone(), waiting))
            }

            fn backchannel(&self, request: BackchannelAuthenticationRequest) -> Outcome<$waiting> {
                let asked = self.driver.wait(self.client.backchannel(request))?;
                Ok($waiting { driver: self.driver.clone(), polling: asked.polling()? })
            }

            fn audit(&self, rules: Rules) -> Outcome<Audit> {
                Ok(self.driver.wait(self.client.audit_for(rules))?)
            }
        }

        impl Polls<$login> for $waiting {
            fn poll_once(&mut self) -> Option<PollState<$login>> {
                self.driver.wait(self.polling.poll_once())
            }

            fn interval(&self) -> Duration {
                self.polling.interval()
            }

            fn wait(self) -> Outcome<$login> {
                Ok(self.driver.wait(self.polling.wait())?)
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
    AsyncFace, AsyncSession, AsyncPolling, Tokio, grantee::Client, grantee::ClientBuilder, grantee::Session, grantee::Login,
    grantee::Polling
);
library_face!(
    /// `grantee::blocking::Client`, over ureq.
    BlockingFace, BlockingSession, BlockingPolling, Thread, grantee::blocking::Client, grantee::blocking::ClientBuilder,
    grantee::blocking::Session, grantee::blocking::Login, grantee::blocking::Polling
);
