//! Requests by hand, to look at a server without the library.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::Value;
use ureq::AsSendBody;
use ureq::http::{Request, header};
use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::agent::Tls;
use crate::server::{Auth, Client, Server};

/// The verifier of RFC 7636, Appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The challenge that goes with it.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The WWW-Authenticate header.
    pub challenge: Option<String>,
    /// The body, or null when it is not JSON.
    pub json: Value,
    /// The body as it is.
    pub text: String,
}

impl Reply {
    /// A member that is a string; panics with the answer if it is not there.
    pub fn text_of(&self, member: &str) -> &str {
        self.json[member].as_str().unwrap_or_else(|| panic!("no {member} in {self:?}"))
    }
}

fn send(request: Request<String>) -> Reply {
    send_by(&Tls::default(), request)
}

/// A request that somebody else has made, as it is.
pub fn exchange(request: Request<Vec<u8>>) -> Reply {
    send_by(&Tls::default(), request)
}

fn send_by(tls: &Tls, request: Request<impl AsSendBody>) -> Reply {
    let url = request.uri().to_string();
    let mut answer = tls.agent().run(request).unwrap_or_else(|error| panic!("{url}: {error}"));
    let challenge =
        answer.headers().get(header::WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let text = answer.body_mut().read_to_string().unwrap_or_else(|error| panic!("{url}: {error}"));
    Reply { status: answer.status().as_u16(), challenge, json: serde_json::from_str(&text).unwrap_or_default(), text }
}

/// An authorization request with PKCE and `state=s`.
pub fn authorization_url(server: &Server, client: &Client, redirect_uri: &str) -> String {
    let mut url = Url::parse(&server.authorization_endpoint).expect("an endpoint is a URL");
    url.query_pairs_mut()
        .extend_pairs([
            ("response_type", "code"),
            ("client_id", &client.id),
            ("redirect_uri", redirect_uri),
            ("scope", server.scope),
            ("state", "s"),
            ("nonce", "nonce-0123"),
        ])
        .extend_pairs([("code_challenge", CHALLENGE), ("code_challenge_method", "S256")])
        .extend_pairs(server.login_parameters);
    url.into()
}

/// A parameter of a callback's query.
pub fn callback_parameter(callback: &str, name: &str) -> Option<String> {
    let url = Url::parse(callback).unwrap_or_else(|error| panic!("{callback}: {error}"));
    url.query_pairs().find_map(|(found, value)| (found == name).then(|| value.into_owned()))
}

/// Posts a form as a client, in the one way it may authenticate. In Basic a space is sent as `%20`, which everybody undoes.
pub fn post(server: &Server, client: &Client, url: &str, form: &[(&str, &str)]) -> Reply {
    let mut fields = url::form_urlencoded::Serializer::new(String::new());
    fields.extend_pairs(form);
    let mut request = Request::post(url)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json");
    let secret = client.secret.as_deref().unwrap_or_default();
    match client.auth {
        Auth::None => {
            fields.append_pair("client_id", &client.id);
        }
        Auth::ClientSecretPost => {
            fields.append_pair("client_id", &client.id).append_pair("client_secret", secret);
        }
        Auth::ClientSecretBasic => {
            let encode = |text: &str| {
                if server.decodes_basic {
                    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
                } else {
                    text.to_owned()
                }
            };
            let pair = format!("{}:{}", encode(&client.id), encode(secret));
            request = request.header(header::AUTHORIZATION, format!("Basic {}", BASE64_STANDARD.encode(pair)));
        }
        Auth::TlsClientAuth | Auth::SelfSignedTlsClientAuth => {
            fields.append_pair("client_id", &client.id);
        }
        Auth::ClientSecretJwt | Auth::PrivateKeyJwt => panic!("nothing is signed here: {}", client.auth.name()),
    }
    send_by(&client.tls(server), request.body(fields.finish()).expect("a request"))
}

/// A GET of what anybody may read.
pub fn fetch(url: &str) -> Reply {
    send(Request::get(url).body(String::new()).expect("a request"))
}

/// A GET with a Bearer token.
pub fn get(url: &str, token: &str) -> Reply {
    get_by(&Tls::default(), url, token)
}

/// The same over TLS.
pub fn get_by(tls: &Tls, url: &str, token: &str) -> Reply {
    let request = Request::get(url).header(header::AUTHORIZATION, format!("Bearer {token}"));
    send_by(tls, request.body(String::new()).expect("a request"))
}

/// Posts a form as nobody.
pub fn submit(url: &str, form: &[(&str, &str)]) -> Reply {
    let fields = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = Request::post(url).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(request.body(fields).expect("a request"))
}
