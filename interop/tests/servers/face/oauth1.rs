//! What a scenario of OAuth 1.0 asks for, by whichever face of grantee. Those of the library have the same names and methods, so they are
//! one text here, waited for in two ways.

use bytes::Bytes;
use grantee::Token;
use grantee::oauth1::{
    HmacSha1, HmacSha256, HmacSha512, Placement, Plaintext, RsaSha1, RsaSha256, RsaSha512, Signing, token_credentials,
};
use grantee_interop::oauth1::{CLIENT, Consumer, PLAIN, Provider};
use http::{Request, header};
use serde_json::Value;
use std::path::PathBuf;
use url::Url;
use url::form_urlencoded::Serializer;

use super::library::{Thread, Tokio};
pub(crate) use super::oauth1_program::ProgramOAuth1;
use super::{Failure, Outcome};

pub(crate) const PLACEMENTS: [Placement; 3] = [Placement::Header, Placement::Query, Placement::Body];

/// A client at a server, as somebody would configure it.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) provider: Provider,
    pub(crate) consumer: Consumer,
    pub(crate) method: &'static str,
    pub(crate) placement: Placement,
    pub(crate) realm: Option<&'static str>,
    /// None for `oob`.
    pub(crate) callback: Option<&'static str>,
    /// The file of the private key.
    pub(crate) key: PathBuf,
}

impl Setup {
    /// The client with reserved characters in its secret, or the plain one where the server mistakes those.
    pub(crate) fn new(provider: &Provider, method: &'static str, placement: Placement) -> Self {
        let mistaken = provider.decodes_signatures_twice && method == "PLAINTEXT" && placement != Placement::Header;
        Self {
            consumer: if mistaken { PLAIN } else { CLIENT },
            key: provider.key(),
            provider: provider.clone(),
            method,
            placement,
            realm: None,
            callback: Some("http://127.0.0.1/cb?x=1&y=2+3"),
        }
    }

    /// By HMAC-SHA1 in the header.
    pub(crate) fn usual(provider: &Provider) -> Self {
        Self::new(provider, "HMAC-SHA1", Placement::Header)
    }

    pub(crate) fn secret(mut self, secret: &'static str) -> Self {
        self.consumer.secret = secret;
        self
    }

    pub(crate) fn signs_by_key(&self) -> bool {
        self.method.starts_with("RSA")
    }

    fn signing(&self) -> Signing {
        let pem =
            || std::fs::read_to_string(&self.key).unwrap_or_else(|error| panic!("{}: {error}", self.key.display()));
        let signing = Signing::new().placement(self.placement);
        let signing = match self.method {
            "HMAC-SHA1" => signing.method(HmacSha1),
            "HMAC-SHA256" => signing.method(HmacSha256),
            "HMAC-SHA512" => signing.method(HmacSha512),
            "RSA-SHA1" => signing.method(RsaSha1::from_pem(&pem()).expect("a key")),
            "RSA-SHA256" => signing.method(RsaSha256::from_pem(&pem()).expect("a key")),
            "RSA-SHA512" => signing.method(RsaSha512::from_pem(&pem()).expect("a key")),
            "PLAINTEXT" => signing.method(Plaintext),
            other => panic!("no method {other}"),
        };
        self.realm.into_iter().fold(signing, Signing::realm)
    }
}

/// What a login brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) token: String,
    pub(crate) secret: String,
}

impl Credentials {
    fn of(token: &Token) -> Self {
        let secret = token.get(token_credentials::SECRET_MEMBER).and_then(Value::as_str);
        Self { token: token.access_token.reveal().into(), secret: secret.expect("a secret").into() }
    }

    fn token(&self) -> Token {
        token_credentials::token(&*self.token, &*self.secret)
    }
}

/// A request that is to be signed.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) url: String,
    /// Its media type, and itself.
    pub(crate) body: Option<(&'static str, String)>,
}

impl Call {
    /// A request without a body.
    pub(crate) fn new(method: &'static str, url: &str, query: &[(&str, &str)]) -> Self {
        let mut url = Url::parse(url).expect("a URL");
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Self { method, url: url.into(), body: None }
    }

    pub(crate) fn form(self, form: &[(&str, &str)]) -> Self {
        let form = Serializer::new(String::new()).extend_pairs(form).finish();
        Self { body: Some(("application/x-www-form-urlencoded", form)), ..self }
    }

    pub(crate) fn json(self, json: &str) -> Self {
        Self { body: Some(("application/json", json.into())), ..self }
    }

    fn request(&self) -> Request<Bytes> {
        let request = Request::builder().method(self.method).uri(&self.url);
        let request = match &self.body {
            Some((kind, _)) => request.header(header::CONTENT_TYPE, *kind),
            None => request,
        };
        let body = self.body.iter().map(|(_, body)| Bytes::from(body.clone())).next();
        request.body(body.unwrap_or_default()).expect("a request")
    }
}

/// A client of OAuth 1.0, by one of the faces.
pub(crate) trait OAuth1Face: Sized {
    /// Whether each call starts a process.
    const IS_PROGRAM: bool = false;

    fn new(setup: &Setup) -> Self;
    /// Three legs. The person is told a URL and says where they came back to, or what they were shown.
    fn log_in(&self, person: &dyn Fn(&str) -> String) -> Outcome<Credentials>;
    /// Signs with credentials, or as the client alone, and sends: status and JSON.
    fn call(&self, credentials: Option<&Credentials>, call: &Call) -> Outcome<(u16, Value)>;
    /// Signs alone.
    fn sign(&self, credentials: Option<&Credentials>, call: &Call) -> Outcome<Request<Vec<u8>>>;
    /// How often a request was sent once more because an API refused it, where that can be seen.
    fn retries(&self) -> Option<u64>;

    /// The signature methods to try: by the program, which has the library's, one of each kind.
    fn methods(provider: &Provider) -> Vec<&'static str> {
        let is_tried = |method: &&str| !Self::IS_PROGRAM || ["HMAC-SHA1", "RSA-SHA1", "PLAINTEXT"].contains(method);
        provider.methods.iter().copied().filter(is_tried).collect()
    }
}

/// What the library alone has.
pub(crate) trait OAuth1Library: OAuth1Face {
    /// Calls by an API client: a POST of a form to this URL, or a GET without one.
    fn api(
        &self,
        credentials: &Credentials,
        url: &str,
        query: &[(&str, &str)],
        form: Option<&[(&str, &str)]>,
    ) -> Outcome<(u16, Value)>;
}

macro_rules! library_face {
    ($(#[$doc:meta])* $face:ident, $driver:ty, $client:ty) => {
        $(#[$doc])*
        pub(crate) struct $face {
            driver: $driver,
            client: $client,
        }

        impl OAuth1Face for $face {
            fn new(setup: &Setup) -> Self {
                let provider = &setup.provider;
                let builder = <$client>::builder(setup.consumer.key, setup.consumer.secret)
                    .temporary_credentials_endpoint(&provider.temporary_credentials_endpoint)
                    .authorization_endpoint(&provider.authorization_endpoint)
                    .token_credentials_endpoint(&provider.token_credentials_endpoint)
                    .signing(setup.signing());
                let builder = setup.callback.into_iter().fold(builder, |builder, callback| builder.callback(callback));
                let driver = <$driver>::new();
                let client = driver.within(|| builder.build());
                Self { driver, client: client.expect("a client") }
            }

            fn log_in(&self, person: &dyn Fn(&str) -> String) -> Outcome<Credentials> {
                let (url, pending) = self.driver.wait(self.client.start())?;
                let answer = person(url.as_str());
                let token = self.driver.wait(self.client.finish(pending, &answer))?;
                Ok(Credentials::of(&token))
            }

            fn call(&self, credentials: Option<&Credentials>, call: &Call) -> Outcome<(u16, Value)> {
                let session = match credentials {
                    Some(credentials) => self.client.session_of(credentials.token()),
                    None => self.client.two_legged(),
                };
                let session = session.allow_origin(&call.url)?.build()?;
                let answer = self.driver.wait(session.send(call.request()))?;
                Ok((answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or_default()))
            }

            fn sign(&self, credentials: Option<&Credentials>, call: &Call) -> Outcome<Request<Vec<u8>>> {
                let (mut request, token) = (call.request(), credentials.map(Credentials::token));
                self.driver.wait(self.client.sign(&mut request, token.as_ref()))?;
                Ok(request.map(Vec::from))
            }

            fn retries(&self) -> Option<u64> {
                Some(self.client.core().client().counters().api_retries)
            }
        }

        impl OAuth1Library for $face {
            fn api(
                &self,
                credentials: &Credentials,
                url: &str,
                query: &[(&str, &str)],
                form: Option<&[(&str, &str)]>,
            ) -> Outcome<(u16, Value)> {
                let (base, path) = url.rsplit_once('/').expect("a URL has a path");
                let api = self.client.session_of(credentials.token()).api(base)?;
                let asked = match form {
                    Some(form) => api.post(path).form(form),
                    None => api.get(path),
                };
                let answer = self.driver.wait(asked.query_all(query).accept_error_status().send())?;
                Ok((answer.status().as_u16(), answer.json().unwrap_or_default()))
            }
        }
    };
}

library_face!(
    /// `grantee`.
    AsyncOAuth1,
    Tokio,
    grantee::oauth1::Client
);
library_face!(
    /// `grantee::blocking`.
    BlockingOAuth1,
    Thread,
    grantee::blocking::oauth1::Client
);

/// The request's own parameters that a server has seen, of each name in the order in which they came.
#[track_caller]
pub(crate) fn seen(answer: &Value, place: &str) -> Vec<(String, String)> {
    let pairs: Vec<(String, String)> =
        serde_json::from_value(answer[place].clone()).unwrap_or_else(|error| panic!("{error}: {answer}"));
    by_name(pairs)
}

/// Pairs as servers tell of them.
pub(crate) fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    by_name(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

fn by_name(mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
    pairs
}

/// As servers name it.
pub(crate) fn name_of(placement: Placement) -> &'static str {
    match placement {
        Placement::Header => "header",
        Placement::Query => "query",
        _ => "body",
    }
}

/// Whether grantee itself refuses.
pub(crate) fn is_configuration(failure: &Failure) -> bool {
    failure.code == "configuration"
}

/// Makes of each `fn scenario<F: OAuth1Face>(provider: &Provider)` a test for each face and server.
macro_rules! through_each_oauth1_face {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            use crate::face::oauth1::{AsyncOAuth1, BlockingOAuth1, ProgramOAuth1};
            use grantee_interop::oauth1::Provider;
            use grantee_interop::on_each_oauth1_server;

            fn async_face(provider: &Provider) { super::$name::<AsyncOAuth1>(provider); }
            fn blocking_face(provider: &Provider) { super::$name::<BlockingOAuth1>(provider); }
            fn program(provider: &Provider) { super::$name::<ProgramOAuth1>(provider); }
            on_each_oauth1_server!(async_face, blocking_face, program);
        }
    )+ };
}
pub(crate) use through_each_oauth1_face;
