//! What a scenario asks for, by whichever face of grantee: the async one, the blocking one, the program.

mod library;
pub(crate) mod oauth1;
mod oauth1_program;
mod openid;
pub(crate) mod program;

pub(crate) use library::{AsyncFace, BlockingFace};
pub(crate) use openid::{LoggedIn, OpenIdFace, Polls, at, through_all_faces, through_both_faces, through_the_program};
pub(crate) use program::ProgramFace;

use grantee::jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, base64url};
use grantee::rules::Rules;
use grantee_interop::{Auth, Client, Server};
use serde_json::Value;

/// All ways to authenticate.
pub(crate) const ALL: [Auth; 3] = [Auth::None, Auth::ClientSecretBasic, Auth::ClientSecretPost];

/// A client at a server, as somebody would configure it.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) server: Server,
    pub(crate) client: Client,
    /// Name the endpoints one by one, also where there are metadata.
    pub(crate) literal: bool,
    /// Name the issuer and its keys too, so that ID tokens are verified.
    pub(crate) keys: bool,
    /// The switch of `client_secret_basic`.
    pub(crate) basic_raw: bool,
    /// Takes an ID token without the `acr` asked for.
    pub(crate) any_acr: bool,
    /// Where userinfo is, if not where the metadata say.
    pub(crate) userinfo_endpoint: Option<String>,
    /// The algorithm and the `aud` of client assertions, if not those that follow from key and metadata.
    pub(crate) assertion: (Option<SignatureAlgorithm>, Option<String>),
    /// Push authorization requests also where nobody requires it.
    pub(crate) pushed: bool,
    /// The `aud` of request objects, if not the issuer.
    pub(crate) request_object_audience: Option<&'static str>,
    /// The key that tokens are bound to.
    pub(crate) dpop: Option<Jwk>,
    /// The profile to keep to.
    pub(crate) rules: Option<Rules>,
}

impl Setup {
    /// The client that authenticates in this way, by discovery where the server has metadata.
    pub(crate) fn new(server: &Server, auth: Auth) -> Self {
        Self::of(server, server.client(auth))
    }

    pub(crate) fn of(server: &Server, client: &Client) -> Self {
        Self {
            server: server.clone(),
            client: client.clone(),
            literal: server.issuer.is_none(),
            keys: false,
            basic_raw: false,
            any_acr: false,
            userinfo_endpoint: None,
            assertion: (None, None),
            pushed: false,
            request_object_audience: None,
            dpop: client.registration.extensions.dpop.then(new_key),
            rules: None,
        }
    }

    pub(crate) fn literal(mut self) -> Self {
        self.literal = true;
        self
    }

    pub(crate) fn secret(mut self, secret: &str) -> Self {
        self.client.secret = Some(secret.into());
        self
    }

    pub(crate) fn basic_raw(mut self, raw: bool) -> Self {
        self.basic_raw = raw;
        self
    }

    pub(crate) fn pushed(mut self) -> Self {
        self.pushed = true;
        self
    }

    /// With tokens bound to a new key.
    pub(crate) fn dpop(mut self) -> Self {
        self.dpop = Some(new_key());
        self
    }

    pub(crate) fn rules(mut self, rules: Rules) -> Self {
        self.rules = Some(rules);
        self
    }

    /// The client of this name.
    pub(crate) fn registered(server: &Server, id: &str) -> Self {
        Self::of(server, &server.registered(id))
    }

    pub(crate) fn redirect_uri(&self) -> &str {
        self.client.registration.redirect_uri.as_deref().unwrap_or(&self.server.redirect_uri)
    }

    /// The issuer to discover, if any.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.server.issuer.as_deref().filter(|_| !self.literal)
    }
}

/// The claims of a JWT, which nobody has verified.
pub(crate) fn claims_of(jwt: &str) -> Value {
    let payload = jwt.split('.').nth(1).unwrap_or_else(|| panic!("no JWT but {} characters", jwt.len()));
    let payload = base64url::decode(payload).expect("base64url");
    serde_json::from_slice(&payload).expect("JSON")
}

/// A key for DPoP.
pub(crate) fn new_key() -> Jwk {
    Jwk::generate(KeyKind::Curve(Curve::P256)).expect("a key")
}

/// A token as a caller sees it.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) token_type: String,
    pub(crate) refresh_token: Option<String>,
    pub(crate) id_token: Option<String>,
    /// The words, sorted.
    pub(crate) scope: Vec<String>,
    pub(crate) expires_in: Option<u64>,
}

impl Tokens {
    pub(crate) fn refresh_token(&self) -> &str {
        self.refresh_token.as_deref().unwrap_or_else(|| panic!("no refresh token in {self:?}"))
    }
}

/// Why not, by the names that both the library and the program have for it.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) server_error: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) hint: Option<String>,
    /// The rule that is broken.
    pub(crate) rule: Option<String>,
}

impl Failure {
    /// Panics unless this rule was broken.
    #[track_caller]
    pub(crate) fn breaks(&self, rule: &str) {
        assert_eq!((self.code.as_str(), self.rule.as_deref()), ("rule_violation", Some(rule)), "{self:?}");
    }

    /// Panics unless the token endpoint refused in this way: with this OAuth error where the server explains itself, else
    /// with a bare status.
    #[track_caller]
    pub(crate) fn is_refusal(&self, server: &Server, error: &str) {
        if server.explains_errors {
            assert_eq!(self.code, "server_error_response", "{self:?}");
            assert_eq!(self.server_error.as_deref(), Some(error), "{self:?}");
        } else {
            assert_eq!(self.code, "http_status", "{self:?}");
            assert!(self.status.is_some_and(|status| (400..=403).contains(&status)), "{self:?}");
        }
    }
}

pub(crate) type Outcome<T> = Result<T, Failure>;

/// How a session gets its first token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Login,
    ClientCredentials,
    Password,
}

/// A client, by one of the faces.
pub(crate) trait Face: Sized {
    type Session: Session;

    fn new(setup: &Setup) -> Self;
    fn metadata(&self) -> Outcome<Value>;
    /// Code with PKCE; the person walks. Further parameters of the authorization request may be given.
    fn log_in_with(&self, further: &[(&str, &str)]) -> Outcome<Tokens>;
    fn client_credentials(&self, scope: &str) -> Outcome<Tokens>;
    /// As alice.
    fn password(&self, password: &str) -> Outcome<Tokens>;
    fn refresh(&self, refresh_token: &str) -> Outcome<Tokens>;
    fn introspect(&self, token: &str, kind: Kind) -> Outcome<Value>;
    fn revoke(&self, token: &str, kind: Kind) -> Outcome<()>;
    /// A login on a device: the person is told the code, and confirms it or not before this waits.
    fn log_in_on_a_device(&self, scope: &str, person: &dyn Fn(&str)) -> Outcome<Tokens>;
    /// A login that the server asks a person for, who is told that it has and decides before this waits.
    fn log_in_elsewhere(&self, hint: &str, person: &dyn Fn()) -> Outcome<Tokens>;
    /// A session with its first token: a session of the library's, or a profile of the program's.
    fn session(&self, by: By) -> Outcome<Self::Session>;

    fn log_in(&self) -> Outcome<Tokens> {
        self.log_in_with(&[])
    }
}

/// What kind of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Access,
    Refresh,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Access, Self::Refresh];

    /// As RFC 7009 and RFC 7662 name it.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            Self::Access => "access_token",
            Self::Refresh => "refresh_token",
        }
    }

    pub(crate) fn of(self, tokens: &Tokens) -> &str {
        match self {
            Self::Access => &tokens.access_token,
            Self::Refresh => tokens.refresh_token(),
        }
    }
}

/// A held token that stays fresh.
pub(crate) trait Session {
    /// The held token, renewed when due.
    fn token(&self) -> Outcome<Tokens>;
    /// A new token, however fresh the held one is.
    fn renew(&self) -> Outcome<Tokens>;
    /// GETs a URL of an API: status and body.
    fn get(&self, url: &str) -> Outcome<(u16, Value)>;
    /// How often the API's rejection of the token made it repeat a request, where that can be seen.
    fn retries(&self) -> Option<u64>;
}

/// Makes of each `fn scenario<F: Face>(server: &Server)` a test for each face and server.
macro_rules! through_each_face {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            use crate::face::{AsyncFace, BlockingFace, ProgramFace};
            use grantee_interop::{Server, on_each_server};

            fn async_face(server: &Server) { super::$name::<AsyncFace>(server); }
            fn blocking_face(server: &Server) { super::$name::<BlockingFace>(server); }
            fn program(server: &Server) { super::$name::<ProgramFace>(server); }
            on_each_server!(async_face, blocking_face, program);
        }
    )+ };
}
pub(crate) use through_each_face;
