//! `grantee oauth1 sign`: a request as it would go out, and what its signature is over (RFC 5849 section 3).

use crate::args::oauth1::Sign;
use crate::client::{Setup, Whose, build};
use crate::failure::{Failure, Result};
use crate::input::Stdin;
use crate::output;
use crate::verb::call::{body, content_type, method};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use grantee::blocking::oauth1::Client;
use grantee::oauth1::request::Signer;
use grantee::oauth1::token_credentials::SECRET_MEMBER;
use grantee::{Secret, Token, UnixTime};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Uri};
use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

const FORM: &str = "application/x-www-form-urlencoded";

/// A signed request.
#[derive(Serialize)]
struct Shown {
    method: String,
    url: String,
    headers: Map<String, Value>,
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    base_string: String,
}

pub(super) fn run(args: Sign, json: bool) -> Result<()> {
    let (profile, settings) = args.consumer.with(args.signing);
    let mut setup = Setup::oauth1(profile.as_deref(), settings)?;
    let mut request =
        request(&mut setup.stdin, &args.method, &args.url, args.body.as_deref(), args.content_type.as_deref())?;
    let whose = setup.whose(&args.token)?;
    let verifier = args.verifier.map(|given| setup.stdin.literal_or_referred("the verifier", &given)).transpose()?;
    let client = setup.oauth1_client(None)?;
    let token = token(&setup, &client, whose)?;
    let nonce = match args.nonce {
        Some(nonce) => nonce,
        None => nonce(&client)?,
    };
    let secret = setup.consumer_secret()?;
    let token_secret = token.as_ref().and_then(|token| token.get(SECRET_MEMBER)?.as_str()).map(Secret::from);
    let verifier = verifier.as_ref().map(|verifier| verifier.reveal().trim());
    let further: Vec<(&str, &str)> = [("oauth_callback", args.callback.as_deref()), ("oauth_verifier", verifier)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let at = match args.timestamp {
        Some(seconds) => UnixTime::from_seconds(seconds),
        None => client.core().client().ports().clock.now(),
    };
    let mut signer = Signer::new(setup.consumer_key()?, &secret, at, &nonce);
    signer.token = token.as_ref().map(|token| token.access_token.reveal());
    signer.token_secret = token_secret.as_ref();
    signer.further = &further;
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| Failure::file(format!("the runtime can't start: {error}")))?;
    let signed = runtime.block_on(setup.signing()?.sign(&mut request, signer))?;
    show(&Shown::new(&request, signed.base_string), json)
}

/// The token that is named, or held.
fn token(setup: &Setup, client: &Client, whose: Whose) -> Result<Option<Token>> {
    match whose {
        Whose::Given(token) => Ok(Some(*token)),
        Whose::Nobody => Ok(None),
        Whose::Held => {
            let held = build(setup.oauth1_session(client, whose)?)?.token();
            held.map(|token| Some(Token::clone(&token))).map_err(|error| setup.oauth1_log_in(error))
        }
    }
}

/// 128 bits as hexadecimal: some servers take letters and digits alone.
fn nonce(client: &Client) -> Result<String> {
    let mut bytes = [0; 16];
    client.core().client().ports().entropy.fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn request(
    stdin: &mut Stdin,
    method: &str,
    url: &str,
    given: Option<&str>,
    kind: Option<&str>,
) -> Result<Request<Bytes>> {
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = self::method(method)?;
    *request.uri_mut() = uri(url)?;
    let Some(given) = given else { return Ok(request) };
    let body = body(stdin, given)?;
    let kind = match kind {
        Some(kind) => kind,
        None if given.starts_with('@') => "application/octet-stream",
        None if content_type(&body) == "application/json" => {
            return Err(Failure::usage("the body is JSON and no form").hint("give --content-type application/json"));
        }
        None => FORM,
    };
    let kind = HeaderValue::from_str(kind).map_err(|_| Failure::usage("--content-type can't stand in a header"))?;
    request.headers_mut().insert(CONTENT_TYPE, kind);
    *request.body_mut() = body.into();
    Ok(request)
}

/// The URL as it is written, since that is what is signed; escaped where it can't go out so.
fn uri(text: &str) -> Result<Uri> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.ok_or_else(|| Failure::usage("the URL is none, as in https://photos.example.net/photos"))?;
    let as_written = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
    let parsed = as_written.and_then(|text| text.parse().ok()).map_or_else(|| url.as_str().parse(), Ok);
    parsed.map_err(|_| Failure::usage("the URL is none that HTTP can use"))
}

impl Shown {
    fn new(request: &Request<Bytes>, base_string: String) -> Self {
        let header = |(name, value): (&http::HeaderName, &HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned().into())
        };
        let sent = Some(request.body()).filter(|body| !body.is_empty());
        let text = sent.map(|body| std::str::from_utf8(body));
        Self {
            method: request.method().to_string(),
            url: request.uri().to_string(),
            headers: request.headers().iter().map(header).collect(),
            body: text.and_then(std::result::Result::ok).map(str::to_owned),
            body_base64: sent.filter(|_| matches!(text, Some(Err(_)))).map(|body| STANDARD.encode(body)),
            base_string,
        }
    }
}

fn show(shown: &Shown, json: bool) -> Result<()> {
    if json {
        return output::json(shown);
    }
    // In lines and not in a table: a base string is copied, and compared with the server's.
    let mut lines = vec![format!("method       {}", shown.method), format!("url          {}", shown.url)];
    for (name, value) in &shown.headers {
        lines.push(format!("header       {name}: {}", value.as_str().unwrap_or_default()));
    }
    if let Some(body) = &shown.body {
        lines.push(format!("body         {}", output::clean(body)));
    }
    if let Some(body) = &shown.body_base64 {
        lines.push(format!("body_base64  {body}"));
    }
    lines.push(format!("base_string  {}", shown.base_string));
    output::text(&lines.join("\n"))
}
