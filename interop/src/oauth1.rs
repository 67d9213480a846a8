//! The servers of OAuth 1.0: where they are, whom they know, what is odd about each. And alice, who is sent there.

use std::path::PathBuf;

use ureq::http::{Request, header};
use url::Url;

use crate::agent::Tls;
use crate::server::{base, state};

/// A server of OAuth 1.0 that runs. It answers any request that is signed with token credentials with JSON: `method`, `path`, `query` and
/// `form` (pairs, without the parameters of the protocol), `body`, `placements` and `protocol` (where those stood, and what they were, the
/// signature among them), `client` and `realm`. A body hash that is not the body's is refused; that is ours, neither library has it.
#[derive(Clone, Debug)]
pub struct Provider {
    /// `oauth1-oauthlib` or `authlib`.
    pub name: &'static str,
    /// RFC 5849, 2.1.
    pub temporary_credentials_endpoint: String,
    /// RFC 5849, 2.2.
    pub authorization_endpoint: String,
    /// RFC 5849, 2.3.
    pub token_credentials_endpoint: String,
    /// Tells what it was asked.
    pub api: String,
    /// Sends whoever asks to the URL in the parameter `to`.
    pub elsewhere: String,
    /// The same as the API, for tokens that were asked for in the realm `photos`, where there are realms.
    pub photos: Option<String>,
    /// The same for requests without a token, where they are taken.
    pub two_legged: Option<String>,
    /// The signature methods.
    pub methods: &'static [&'static str],
    /// Where the value of an `oauth_…` parameter is decoded once more, after it has been, before a signature is compared: `header`, `query`,
    /// `body`. A callback with `%20` is signed with another base string there than RFC 5849, 3.4.1.3.1 says.
    pub decodes_twice: &'static [&'static str],
    /// Whether that goes for the signature itself too, where it is in a query or a body: a PLAINTEXT signature of a secret with reserved
    /// characters is another one then.
    pub decodes_signatures_twice: bool,
    /// The `oauth_problem` or `error` of a person who said no.
    pub refusal: &'static str,
    /// Whether an answer that refuses says why, in `error`.
    pub explains_errors: bool,
}

/// A client of theirs.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// `oauth_consumer_key`.
    pub key: &'static str,
    /// Its shared secret.
    pub secret: &'static str,
}

/// With what has to be encoded in a key, as have the secrets of its credentials.
pub const CLIENT: Consumer = Consumer { key: "client", secret: "s3cret &+%/=" };
/// With letters and digits alone, as have the secrets of its credentials.
pub const PLAIN: Consumer = Consumer { key: "plain", secret: "simple-secret" };

impl Provider {
    /// Python's oauthlib on Flask. It refuses with an empty body.
    pub fn oauthlib() -> Self {
        let base = base("oauth1-oauthlib");
        Self {
            name: "oauth1-oauthlib",
            temporary_credentials_endpoint: format!("{base}/initiate"),
            authorization_endpoint: format!("{base}/authorize"),
            token_credentials_endpoint: format!("{base}/token"),
            api: format!("{base}/echo"),
            elsewhere: format!("{base}/elsewhere"),
            photos: Some(format!("{base}/photos")),
            two_legged: Some(format!("{base}/two-legged")),
            methods: &["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256", "RSA-SHA512", "PLAINTEXT"],
            decodes_twice: &["query", "body"],
            decodes_signatures_twice: true,
            refusal: "user_refused",
            explains_errors: false,
        }
    }

    /// Python's Authlib on Flask. It confirms the callback with `True`, and a person who says no comes back with `error=access_denied` and
    /// without the token. A form or query with other characters than `A-Z a-z 0-9 _ . - = & ; : % + ~ , * @ ! ( ) / ?` is an error 500.
    pub fn authlib() -> Self {
        let base = base("authlib");
        Self {
            name: "authlib",
            temporary_credentials_endpoint: format!("{base}/oauth1/initiate"),
            authorization_endpoint: format!("{base}/oauth1/authorize"),
            token_credentials_endpoint: format!("{base}/oauth1/token"),
            api: format!("{base}/oauth1/api"),
            elsewhere: format!("{base}/oauth1/elsewhere"),
            photos: None,
            two_legged: None,
            methods: &["HMAC-SHA1", "RSA-SHA1", "PLAINTEXT"],
            decodes_twice: &["header", "query", "body"],
            decodes_signatures_twice: false,
            refusal: "access_denied",
            explains_errors: true,
        }
    }

    /// The file of the private key that its clients are registered for, in PEM.
    pub fn key(&self) -> PathBuf {
        state(self.name).join("client-rsa.pem")
    }

    /// The file of a key that no client is registered for.
    pub fn strangers_key(&self) -> PathBuf {
        state(self.name).join("stranger-rsa.pem")
    }
}

/// Alice opens the URL and agrees at once. Where she comes back to, or the verifier that she is shown.
pub fn agree(authorization_url: &str) -> String {
    let (location, page) = open(authorization_url);
    location.unwrap_or_else(|| match page.split('&').find_map(|pair| pair.strip_prefix("oauth_verifier=")) {
        Some(verifier) => verifier.to_owned(),
        None => page.trim().to_owned(),
    })
}

/// She opens the URL and refuses. Where she comes back to.
pub fn refuse(authorization_url: &str) -> String {
    let mut url = Url::parse(authorization_url).expect("a URL");
    url.query_pairs_mut().append_pair("ui", "deny");
    open(url.as_str()).0.unwrap_or_else(|| panic!("{url} leads nowhere"))
}

fn open(url: &str) -> (Option<String>, String) {
    let request = Request::get(url).body(()).expect("a request");
    let mut answer = Tls::default().agent().run(request).unwrap_or_else(|error| panic!("{url}: {error}"));
    let page = answer.body_mut().read_to_string().unwrap_or_else(|error| panic!("{url}: {error}"));
    assert!(answer.status().as_u16() < 400, "{url}: {} {page}", answer.status());
    let location = answer.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    (location.map(str::to_owned), page)
}
