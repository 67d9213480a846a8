//! What OpenID Connect adds, in the library's two faces.

use grantee::authorization::AuthorizationResponse;
use grantee::endpoint::end_session::{EndSession, PendingLogout};
use grantee::endpoint::registration::Registration;
use grantee::endpoint::userinfo::{UnboundUserinfo, Userinfo};
use grantee::grant::DeviceAuthorization;
use grantee::oidc::{IdToken, IdTokenExpectations};
use grantee::rules::{Audit, Rules};
use grantee::{
    AuthorizationRequest, BackchannelAuthenticationRequest, Callback, ClientMetadata, DeviceAuthorizationRequest,
    Grant, Pending, PollState, Token, UnverifiedIdToken,
};
use grantee_interop::Walk;
use std::time::Duration;

use super::{Face, Outcome, Setup};

/// A client that knows who logged in.
pub(crate) trait OpenIdFace: Face {
    type Login: LoggedIn;
    type Polling: Polls<Self::Login>;

    fn start(&self, request: AuthorizationRequest) -> Outcome<(String, Pending)>;
    fn finish(&self, pending: Pending, callback: Callback<'_>) -> Outcome<Self::Login>;
    fn identify(&self, pending: Pending, callback: Callback<'_>) -> Outcome<IdToken>;
    fn respond(&self, pending: Pending, callback: Callback<'_>) -> Outcome<AuthorizationResponse>;
    fn verify(&self, id_token: &UnverifiedIdToken, expected: &IdTokenExpectations) -> Outcome<IdToken>;
    fn userinfo(&self, login: &Self::Login) -> Outcome<Userinfo>;
    fn userinfo_of(&self, token: &Token, id_token: &IdToken) -> Outcome<Userinfo>;
    /// A refresh that continues the login.
    fn renew(&self, token: &Token) -> Outcome<Token>;
    fn log_out(&self, request: EndSession) -> Outcome<(String, PendingLogout)>;
    fn key_set_fetches(&self) -> u64;
    fn token(&self, grant: impl Grant) -> Outcome<Token>;
    /// Userinfo by a token of whoever it may be.
    fn anybodys_userinfo(&self, token: &Token) -> Outcome<UnboundUserinfo>;
    fn audit(&self, rules: Rules) -> Outcome<Audit>;
    fn device(&self, request: DeviceAuthorizationRequest) -> Outcome<(DeviceAuthorization, Self::Polling)>;
    fn backchannel(&self, request: BackchannelAuthenticationRequest) -> Outcome<Self::Polling>;
    /// A client that the server registers now: this setup with what it is registered as, and the client itself.
    fn register(setup: &Setup, initial: Option<&str>, metadata: &ClientMetadata) -> Outcome<(Registration, Self)>;
    /// A client whose registration was kept.
    fn registered(setup: &Setup, kept: &Registration) -> Outcome<Self>;
    fn read_registration(&self, kept: &Registration) -> Outcome<Registration>;
    fn update_registration(&self, kept: &Registration, metadata: &ClientMetadata) -> Outcome<Registration>;
    fn delete_registration(&self, kept: &Registration) -> Outcome<()>;

    /// From the request to the login, by this person.
    fn log_in_by(&self, walk: &mut Walk, request: AuthorizationRequest) -> Outcome<Self::Login> {
        let (url, pending) = self.start(request)?;
        let callback = walk.to(&url, pending.redirect_uri()).unwrap_or_else(|stuck| panic!("{stuck}"));
        self.finish(pending, callback.into())
    }
}

/// Waits for a person.
pub(crate) trait Polls<L> {
    fn poll_once(&mut self) -> Option<PollState<L>>;
    fn interval(&self) -> Duration;
    fn wait(self) -> Outcome<L>;
}

/// What a login brought.
pub(crate) trait LoggedIn: std::fmt::Debug {
    fn token(&self) -> &Token;
    fn id_token(&self) -> &IdToken;
}

/// Runs a scenario at one server.
pub(crate) mod at {
    use grantee_interop::Server;
    use grantee_interop::server::glewlwyd_alone;

    pub(crate) fn oidc_provider(scenario: fn(&Server)) {
        scenario(&Server::oidc_provider());
    }

    pub(crate) fn oidc_provider_strict(scenario: fn(&Server)) {
        scenario(&Server::oidc_provider_strict());
    }

    pub(crate) fn oidc_provider_tls(scenario: fn(&Server)) {
        scenario(&Server::oidc_provider_tls());
    }

    pub(crate) fn glewlwyd(scenario: fn(&Server)) {
        let _alone = glewlwyd_alone();
        scenario(&Server::glewlwyd());
    }

    pub(crate) fn glewlwyd_nonce(scenario: fn(&Server)) {
        let _alone = glewlwyd_alone();
        scenario(&Server::glewlwyd_nonce());
    }

    pub(crate) fn authlib(scenario: fn(&Server)) {
        scenario(&Server::authlib());
    }
}

/// Makes of each `fn scenario<F: OpenIdFace>(server: &Server)` a test for each of the library's faces and each server named.
macro_rules! through_both_faces {
    ($($name:ident at $($server:ident)+),+ $(,)?) => { $(
        mod $name {
            mod async_face {
                $(#[test] fn $server() { crate::face::at::$server(super::super::$name::<crate::face::AsyncFace>) })+
            }
            mod blocking_face {
                $(#[test] fn $server() { crate::face::at::$server(super::super::$name::<crate::face::BlockingFace>) })+
            }
        }
    )+ };
}
pub(crate) use through_both_faces;

/// Makes of each `fn scenario<F: Face>(server: &Server)` a test for each face, the program too, and each server named.
macro_rules! through_all_faces {
    ($($name:ident at $($server:ident)+),+ $(,)?) => { $(
        mod $name {
            mod async_face {
                $(#[test] fn $server() { crate::face::at::$server(super::super::$name::<crate::face::AsyncFace>) })+
            }
            mod blocking_face {
                $(#[test] fn $server() { crate::face::at::$server(super::super::$name::<crate::face::BlockingFace>) })+
            }
            mod program {
                $(#[test] fn $server() { crate::face::at::$server(super::super::$name::<crate::face::ProgramFace>) })+
            }
        }
    )+ };
}
pub(crate) use through_all_faces;

/// Makes of each `fn scenario(server: &Server)` a test of the program for each server named.
macro_rules! through_the_program {
    ($($name:ident at $($server:ident)+),+ $(,)?) => { $(
        mod $name {
            $(#[test] fn $server() { crate::face::at::$server(super::$name) })+
        }
    )+ };
}
pub(crate) use through_the_program;
