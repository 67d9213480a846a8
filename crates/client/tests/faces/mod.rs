//! Both faces behind one: a test is written once, and runs over each. An async call is driven to its end at once.
#![allow(dead_code, unreachable_pub, unused_macros, unused_imports)] // no test file uses all of it

pub mod process;

use bytes::Bytes;
use grantee::client_auth::ClientAuth;
use grantee::endpoint::introspection::Introspection;
use grantee::metadata::AuthorizationServer;
use grantee::oidc::{FrontchannelLogout, SessionWatch, ThirdPartyLogin};
use grantee::ports::Request;
use grantee::{
    AccessTokenClaims, AuthorizationRequest, Claims, EndSession, Error, Grant, IdToken, IdTokenExpectations,
    LogoutToken, MemoryReplayCache, Pending, PendingLogout, Result, Token, TokenToActOn, UnboundUserinfo,
    UnverifiedIdToken, Userinfo, blocking,
};
use http::HeaderValue;
use std::sync::{Arc, LazyLock};
use url::Url;

/// One runtime for all tests of a file, so that any thread may drive any client.
pub static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    Async,
    Blocking,
}

/// Makes two tests of each function that is named: one a face.
macro_rules! in_both_faces {
    ($($name:ident),* $(,)?) => {
        $(mod $name {
            #[test]
            fn in_the_async_face() {
                super::$name($crate::faces::Face::Async);
            }

            #[test]
            fn in_the_blocking_face() {
                super::$name($crate::faces::Face::Blocking);
            }
        })*
    };
}

/// `client!(face, discover(issuer).client("svc", "secret"))`: the outcome of building it in that face.
macro_rules! client {
    ($face:expr, $($making:tt)*) => {
        match $face {
            $crate::faces::Face::Async => {
                let _guard = $crate::faces::RUNTIME.enter();
                grantee::Client::$($making)*.build().map($crate::faces::Client::Async)
            }
            $crate::faces::Face::Blocking => {
                grantee::blocking::Client::$($making)*.build().map($crate::faces::Client::Blocking)
            }
        }
    };
}

/// `session!(client, session(grant).account("a"))`: the outcome of building it.
macro_rules! session {
    ($client:expr, $($making:tt)*) => {
        match &$client {
            $crate::faces::Client::Async(client) => {
                client.$($making)*.build().map($crate::faces::Session::Async)
            }
            $crate::faces::Client::Blocking(client) => {
                client.$($making)*.build().map($crate::faces::Session::Blocking)
            }
        }
    };
}

#[derive(Debug, Clone)]
pub enum Client {
    Async(grantee::Client),
    Blocking(blocking::Client),
}

/// Calls the method of that name in either face.
macro_rules! either {
    ($of:ident, $value:expr, $method:ident($($argument:expr),*)) => {
        match $value {
            $of::Async(it) => RUNTIME.block_on(it.$method($($argument),*)),
            $of::Blocking(it) => it.$method($($argument),*),
        }
    };
}

impl Client {
    pub fn metadata(&self) -> Result<Arc<AuthorizationServer>> {
        either!(Client, self, metadata())
    }

    pub fn token(&self, grant: impl Grant) -> Result<Token> {
        either!(Client, self, token(grant))
    }

    pub fn refresh(&self, token: &Token) -> Result<Token> {
        either!(Client, self, refresh(token))
    }

    pub fn start(&self, request: AuthorizationRequest) -> Result<(Url, Pending)> {
        either!(Client, self, start(request))
    }

    pub fn finish<'a>(&self, pending: Pending, callback: impl Into<grantee::Callback<'a>>) -> Result<Login> {
        match self {
            Self::Async(client) => RUNTIME.block_on(client.finish(pending, callback)).map(Login::Async),
            Self::Blocking(client) => client.finish(pending, callback).map(Login::Blocking),
        }
    }

    pub fn introspect(&self, token: impl Into<TokenToActOn>) -> Result<Introspection> {
        either!(Client, self, introspect(token))
    }

    pub fn introspect_as(&self, token: impl Into<TokenToActOn>, by: &Token) -> Result<Introspection> {
        either!(Client, self, introspect_as(token, by))
    }

    pub fn revoke(&self, token: impl Into<TokenToActOn>) -> Result<()> {
        either!(Client, self, revoke(token))
    }

    pub fn respond<'a>(
        &self,
        pending: Pending,
        callback: impl Into<grantee::Callback<'a>>,
    ) -> Result<grantee::authorization::AuthorizationResponse> {
        either!(Client, self, respond(pending, callback))
    }

    pub fn identify<'a>(&self, pending: Pending, callback: impl Into<grantee::Callback<'a>>) -> Result<IdToken> {
        either!(Client, self, identify(pending, callback))
    }

    pub fn verify_id_token(&self, token: &UnverifiedIdToken, expected: &IdTokenExpectations) -> Result<IdToken> {
        either!(Client, self, verify_id_token(token, expected))
    }

    pub fn userinfo(&self, token: &Token, id_token: &IdToken) -> Result<Userinfo> {
        either!(Client, self, userinfo(token, id_token))
    }

    pub fn userinfo_unbound(&self, token: &Token) -> Result<UnboundUserinfo> {
        either!(Client, self, userinfo_unbound(token))
    }

    pub fn logout(&self, request: EndSession) -> Result<(Url, PendingLogout)> {
        either!(Client, self, logout(request))
    }

    pub fn logout_token(&self, body: &[u8], replays: &MemoryReplayCache) -> Result<LogoutToken> {
        either!(Client, self, logout_token(body, replays))
    }

    pub fn frontchannel_logout(&self, request: &str) -> Result<FrontchannelLogout> {
        either!(Client, self, frontchannel_logout(request))
    }

    pub fn third_party_login(&self, request: &str) -> Result<ThirdPartyLogin> {
        either!(Client, self, third_party_login(request))
    }

    pub fn session_watch(&self, session_state: &str) -> Result<SessionWatch> {
        either!(Client, self, session_watch(session_state))
    }

    /// Validates an access token for an API that wants this scope.
    pub fn validate(&self, api: &str, alg: &str, scope: &str, token: &str) -> Result<AccessTokenClaims> {
        match self {
            Self::Async(client) => {
                RUNTIME.block_on(client.access_tokens(api).alg(alg).require_scope(scope).validate(token))
            }
            Self::Blocking(client) => client.access_tokens(api).alg(alg).require_scope(scope).validate(token),
        }
    }

    pub fn client_id(&self) -> &str {
        self.core().client_id()
    }

    pub fn counters(&self) -> grantee::counters::Counters {
        self.core().counters()
    }

    pub fn core(&self) -> &grantee_core::Client {
        match self {
            Self::Async(client) => client.core(),
            Self::Blocking(client) => client.core(),
        }
    }
}

#[derive(Debug, Clone)]
pub enum Login {
    Async(grantee::Login),
    Blocking(blocking::Login),
}

impl Login {
    pub fn token(&self) -> &Token {
        match self {
            Self::Async(login) => login.token(),
            Self::Blocking(login) => login.token(),
        }
    }

    pub fn id_token(&self) -> Option<&IdToken> {
        match self {
            Self::Async(login) => login.id_token(),
            Self::Blocking(login) => login.id_token(),
        }
    }

    pub fn claims(&self) -> Option<&Claims> {
        match self {
            Self::Async(login) => login.claims(),
            Self::Blocking(login) => login.claims(),
        }
    }

    pub fn session_state(&self) -> Option<&str> {
        match self {
            Self::Async(login) => login.session_state(),
            Self::Blocking(login) => login.session_state(),
        }
    }

    pub fn userinfo(&self) -> Result<Userinfo> {
        either!(Login, self, userinfo())
    }
}

/// `login_session!(login, account("a"))`: the outcome of building a session of what a login brought.
macro_rules! login_session {
    ($login:expr $(, $($making:tt)*)?) => {
        match &$login {
            $crate::faces::Login::Async(login) => login.session()$(.$($making)*)?.build().map($crate::faces::Session::Async),
            $crate::faces::Login::Blocking(login) => login.session()$(.$($making)*)?.build().map($crate::faces::Session::Blocking),
        }
    };
}

pub(crate) use {client, in_both_faces, login_session, session};

#[derive(Debug, Clone)]
pub enum Session {
    Async(grantee::Session),
    Blocking(blocking::Session),
}

impl Session {
    pub fn held(&self) -> Option<HeaderValue> {
        match self {
            Self::Async(session) => session.held(),
            Self::Blocking(session) => session.held(),
        }
    }

    pub fn header(&self) -> Result<HeaderValue> {
        either!(Session, self, header())
    }

    pub fn token(&self) -> Result<Arc<Token>> {
        either!(Session, self, token())
    }

    /// The access token alone.
    pub fn access(&self) -> Result<String> {
        Ok(self.token()?.access_token.reveal().to_owned())
    }

    pub fn renew(&self) -> Result<Arc<Token>> {
        either!(Session, self, renew())
    }

    pub fn save(&self) -> Result<()> {
        either!(Session, self, save())
    }

    pub fn forget(&self) -> Result<()> {
        either!(Session, self, forget())
    }

    pub fn send(&self, request: Request) -> Result<http::Response<Bytes>> {
        either!(Session, self, send(request))
    }

    pub fn get(&self, url: &str) -> Result<http::Response<Bytes>> {
        self.send(http::Request::get(url).body(Bytes::new()).unwrap())
    }

    pub fn close(&self) {
        either!(Session, self, close());
    }
}

/// A GET by nobody's client: status, headers in lower case, body.
pub fn walk(url: &str) -> (u16, Vec<(String, String)>, String) {
    use std::io::{Read, Write};
    let url = Url::parse(url).unwrap();
    let mut connection = std::net::TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).unwrap();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    write!(connection, "GET {}{query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", url.path()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    (status, headers.collect(), body.to_owned())
}

/// Where a server that approves by itself sends the person: the callback.
pub fn callback_of(url: &Url) -> String {
    let (status, headers, body) = walk(url.as_str());
    let location = headers.into_iter().find(|(name, _)| name == "location");
    location.unwrap_or_else(|| panic!("no redirect but {status}: {body}")).1
}

/// Every text by which an error may reach a log.
pub fn shown(error: &Error) -> String {
    format!("{error} {error:?} {error:#?} {:?}", error.hint())
}

#[derive(Debug)]
pub enum Polling {
    Async(grantee::Polling),
    Blocking(blocking::Polling),
}

impl Client {
    /// The login on a device, and its waits.
    pub fn device(
        &self,
        request: grantee::DeviceAuthorizationRequest,
    ) -> Result<(grantee::DeviceAuthorization, Polling)> {
        match self {
            Self::Async(client) => {
                let device = RUNTIME.block_on(client.device(request))?;
                Ok((device.authorization().clone(), Polling::Async(device.polling())))
            }
            Self::Blocking(client) => {
                let device = client.device(request)?;
                Ok((device.authorization().clone(), Polling::Blocking(device.polling())))
            }
        }
    }

    /// The `auth_req_id` of a backchannel authentication, and its waits.
    pub fn backchannel(&self, request: grantee::BackchannelAuthenticationRequest) -> Result<(String, Polling)> {
        match self {
            Self::Async(client) => {
                let asked = RUNTIME.block_on(client.backchannel(request))?;
                let id = asked.pending().auth_req_id().reveal().to_owned();
                Ok((id, Polling::Async(asked.polling()?)))
            }
            Self::Blocking(client) => {
                let asked = client.backchannel(request)?;
                let id = asked.pending().auth_req_id().reveal().to_owned();
                Ok((id, Polling::Blocking(asked.polling()?)))
            }
        }
    }
}

impl Polling {
    pub fn next(&mut self) -> Option<grantee::PollState<Login>> {
        match self {
            Self::Async(polling) => RUNTIME.block_on(polling.next()).map(|state| state.map(Login::Async)),
            Self::Blocking(polling) => polling.next().map(|state| state.map(Login::Blocking)),
        }
    }

    pub fn poll_once(&mut self) -> Option<grantee::PollState<Login>> {
        match self {
            Self::Async(polling) => RUNTIME.block_on(polling.poll_once()).map(|state| state.map(Login::Async)),
            Self::Blocking(polling) => polling.poll_once().map(|state| state.map(Login::Blocking)),
        }
    }

    pub fn cancelled_by(self, cancel: &grantee::ports::Cancel) -> Self {
        match self {
            Self::Async(polling) => Self::Async(polling.cancelled_by(cancel)),
            Self::Blocking(polling) => Self::Blocking(polling.cancelled_by(cancel)),
        }
    }

    pub fn wait(self) -> Result<Login> {
        match self {
            Self::Async(polling) => RUNTIME.block_on(polling.wait()).map(Login::Async),
            Self::Blocking(polling) => polling.wait().map(Login::Blocking),
        }
    }
}
