//! From a person's identifier to their provider's issuer: WebFinger
//! ([RFC 7033](https://www.rfc-editor.org/rfc/rfc7033)) as
//! [OpenID Connect Discovery 1.0 section 2](https://openid.net/specs/openid-connect-discovery-1_0.html#IssuerDiscovery) uses it.

use crate::client::Client;
use crate::endpoint::discovery::Where;
use crate::error::{Error, Result, RuleViolation, StatusError};
use crate::ports::{Limits, ParsedUrl, Request};
use crate::wire;
use ::url::Url;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{ACCEPT, LOCATION};
use serde_json::Value;
use std::sync::Arc;

const STAGE: &str = "issuer discovery";
const RULES: &str = "OpenID Connect Discovery section 2";
/// The relation of the link that is asked for.
pub const ISSUER: &str = "http://openid.net/specs/connect/1.0/issuer";
/// How many redirects are followed: a domain may have its WebFinger elsewhere (RFC 7033 section 4.2).
const MOST_REDIRECTS: usize = 3;
const MOST_BYTES: usize = 64 * 1024;

/// What a person typed, made into what is asked and who is asked
/// ([section 2.1](https://openid.net/specs/openid-connect-discovery-1_0.html#IdentifierNormalization)).
///
/// ```
/// use grantee_core::endpoint::webfinger::Identifier;
/// let joe = Identifier::parse("joe@example.com")?;
/// assert_eq!((joe.resource(), joe.host()), ("acct:joe@example.com", "example.com"));
/// let site = Identifier::parse("example.com:8080")?;
/// assert_eq!((site.resource(), site.host()), ("https://example.com:8080/", "example.com:8080"));
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Identifier {
    resource: String,
    host: String,
    /// Whether the person wrote `http://`: plain http is then asked where that is let through.
    plain: bool,
}

// It is a person's.
impl std::fmt::Debug for Identifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identifier").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Identifier {
    /// Normalizes what a person typed: an address like an email's, an `acct:` URI, a URL, a host with or without a port.
    ///
    /// # Errors
    /// [`Error::Config`] when it is none of these.
    pub fn parse(input: &str) -> Result<Self> {
        let input = input.trim_ascii();
        let refused = |why: &str| {
            Error::config(
                format!("what was given as a person's identifier {why}"),
                "it is like joe@example.com or https://example.com/joe (OpenID Connect Discovery section 2.1)",
            )
        };
        let input = input.split_once('#').map_or(input, |(before, _)| before);
        if input.is_empty() || input.len() > 2048 || input.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(refused("is empty, too long, or has spaces in it"));
        }
        if input.starts_with(['=', '@', '!', '+', '$', '(']) || scheme(input) == Some("xri") {
            return Err(refused("is an XRI, which is not supported (section 2.1.1)"));
        }
        let parsed = match scheme(input) {
            Some("acct") => account(input.split_at("acct:".len()).1, false),
            Some("https" | "http") if input.contains("://") => location(input.to_owned()),
            Some(_) => None,
            None => match input.rsplit_once('@') {
                Some((_, host)) if !host.contains(['/', '?', ':']) => account(input, true),
                _ => location(format!("https://{input}")).map(Self::with_path),
            },
        };
        parsed.ok_or_else(|| refused("is neither an account nor a URL with a host"))
    }

    /// What is asked about: an `acct:` URI or a URL.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// Who is asked: a host, with a port where one was given.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Where the first request goes.
    ///
    /// # Errors
    /// [`Error::Config`] when it would be plain http to another machine: all of WebFinger is over TLS.
    pub fn url(&self, allow_http: bool) -> Result<Url> {
        let scheme = if self.plain { "http" } else { "https" };
        let mut url =
            wire::url::parse("the WebFinger URL", &format!("{scheme}://{}/.well-known/webfinger", self.host))?;
        if self.plain && wire::url::confidential("the WebFinger URL", &url, allow_http).is_err() {
            // Somebody's page may be http; the question about it is not.
            url = wire::url::parse("the WebFinger URL", &format!("https://{}/.well-known/webfinger", self.host))?;
        }
        url.query_pairs_mut().append_pair("resource", &self.resource).append_pair("rel", ISSUER);
        Ok(url)
    }

    /// A host alone is asked about with the slash that stands for its root (section 2.2.3).
    fn with_path(mut self) -> Self {
        let after_scheme = self.resource.split_once("://").map_or("", |(_, rest)| rest);
        if !after_scheme.contains(['/', '?']) {
            self.resource.push('/');
        }
        self
    }
}

/// The scheme, in lower case, of a text that begins with one. In `example.com:8080` what stands before the colon is a host.
fn scheme(input: &str) -> Option<&'static str> {
    let (before, after) = input.split_once(':')?;
    let is_scheme = before.starts_with(|first: char| first.is_ascii_alphabetic())
        && before.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let end = after.find(['/', '?']).unwrap_or(after.len());
    let (port, rest) = after.split_at(end);
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && !(port.is_empty() && rest.starts_with("//"));
    if !is_scheme || is_port {
        return None;
    }
    ["acct", "https", "http", "xri"].into_iter().find(|known| known.eq_ignore_ascii_case(before)).or(Some("another"))
}

/// `user@host`, given without the scheme. What the person did not write as a URI is encoded (RFC 7565 section 7).
fn account(text: &str, encode: bool) -> Option<Identifier> {
    let (user, host) = text.rsplit_once('@')?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(&byte);
    if user.is_empty() || !encode && !user.bytes().all(is_plain) {
        return None;
    }
    let mut resource = String::from("acct:");
    for byte in user.bytes() {
        if is_plain(byte) {
            resource.push(char::from(byte));
        } else {
            resource.push_str(&format!("%{byte:02X}"));
        }
    }
    let host = authority(host).filter(|host| !host.contains(':') || host.ends_with(']'))?;
    resource.push('@');
    resource.push_str(&host);
    Some(Identifier { resource, host, plain: false })
}

fn location(text: String) -> Option<Identifier> {
    let url = Url::parse(&text).ok().filter(Url::has_host)?;
    let authority_of = |url: &Url| wire::url::origin(url).split_once("://").map(|(_, host)| host.to_owned());
    let host = authority_of(&url).filter(|host| !host.is_empty())?;
    Some(Identifier { resource: text, host, plain: url.scheme() == "http" })
}

/// A host as a URL has it; `None` for what is more than a host.
fn authority(host: &str) -> Option<String> {
    let url = Url::parse(&format!("https://{host}/")).ok()?;
    let is_host = !host.contains(['/', '?', '\\', '@', '%']) && url.path() == "/" && url.query().is_none();
    is_host.then(|| wire::url::origin(&url)).and_then(|origin| origin.strip_prefix("https://").map(str::to_owned))
}

/// A WebFinger request.
///
/// # Errors
/// [`Error::Config`] when the URL is none that HTTP can carry.
pub fn request(url: &Url) -> Result<Request> {
    let mut request = http::Request::new(Bytes::new());
    *request.uri_mut() = url
        .as_str()
        .parse()
        .map_err(|_| Error::config("the WebFinger URL is not one that HTTP can carry", "look at the identifier"))?;
    request.extensions_mut().insert(ParsedUrl(url.clone()));
    request.extensions_mut().insert(Limits { body: MOST_BYTES, ..Limits::default() });
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/jrd+json, application/json"));
    Ok(request)
}

/// Judges the answer of `asked` and returns the issuer. Its `subject` may be another than what was asked about
/// (RFC 7033 section 4.4.1) and tells nothing here.
///
/// # Errors
/// [`Error::Status`] for an error status; [`Error::Rule`] when the answer names no issuer, or one that can't be.
pub fn judge(answer: &http::Response<Bytes>, asked: &Url, allow_http: bool) -> Result<String> {
    if answer.status() != http::StatusCode::OK {
        let mut error = StatusError::new(STAGE, answer);
        error.hint = Some(format!("{} does not say who the person's provider is", wire::url::origin(asked)));
        return Err(Error::Status(Arc::new(error)));
    }
    let members = wire::json::object(STAGE, answer.body())?;
    let links = members.get("links").and_then(Value::as_array);
    // They come in the order of preference (RFC 7033 section 4.4.4).
    let link = links.into_iter().flatten().find(|link| link.get("rel").and_then(Value::as_str) == Some(ISSUER));
    let Some(issuer) = link.and_then(|link| link.get("href")).and_then(Value::as_str) else {
        return Err(RuleViolation::new(STAGE, "a link leads to the issuer", RULES)
            .expected(format_args!("a link with href whose rel is {ISSUER}"))
            .got(match link {
                Some(link) => wire::json::kind(link.get("href")),
                None => "no such link",
            })
            .into());
    };
    let broken = |got: &str| {
        RuleViolation::new(STAGE, "the issuer is an https URL without query and fragment", RULES)
            .expected("such as https://as.example")
            .got(got)
    };
    // Tests run everything on one machine.
    let allow_http = allow_http || asked.scheme() == "http";
    if Where::Issuer(issuer.to_owned()).urls(allow_http).is_err() {
        return Err(broken(&wire::url::shown(issuer)).into());
    }
    if !allow_http && !issuer.starts_with("https:") {
        return Err(broken("plain http").into());
    }
    Ok(issuer.to_owned())
}

/// Where a redirect leads, where the answer is one. It must not leave TLS (RFC 7033 section 4.2).
fn redirect(answer: &http::Response<Bytes>, asked: &Url, allow_http: bool) -> Result<Option<Url>> {
    if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let broken = || {
        RuleViolation::new(STAGE, "a redirect leads to an https URL", "RFC 7033 section 4.2").expected("an https URL")
    };
    let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let Some(url) = location.and_then(|text| asked.join(text).ok()) else {
        return Err(broken().got("no usable Location").into());
    };
    let stays = url.scheme() == "https" || url.scheme() == "http" && (allow_http || asked.scheme() == "http");
    if !stays || wire::url::confidential("a redirect", &url, allow_http).is_err() || !url.username().is_empty() {
        return Err(broken().got(wire::url::shown(url.as_str())).into());
    }
    Ok(Some(url))
}

/// Asks who the issuer is of the person with this identifier.
pub(crate) async fn issuer_of(client: &Client, identifier: &str) -> Result<String> {
    let allow_http = client.allows_http();
    let mut url = Identifier::parse(identifier)?.url(allow_http)?;
    for _ in 0..=MOST_REDIRECTS {
        let answer = client.exchange(STAGE, request(&url)?).await?;
        match redirect(&answer, &url, allow_http)? {
            Some(next) => url = next,
            None => return judge(&answer, &url, allow_http),
        }
    }
    Err(RuleViolation::new(STAGE, "a redirect leads to an answer", "RFC 7033 section 4.2")
        .expected(format_args!("at most {MOST_REDIRECTS} redirects"))
        .got("more")
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(input: &str) -> (String, String) {
        let identifier = Identifier::parse(input).unwrap();
        (identifier.resource, identifier.host)
    }

    #[test]
    fn identifiers_are_normalized_as_section_2_1_says() {
        for (input, resource, host) in [
            ("joe@example.com", "acct:joe@example.com", "example.com"),
            (" Jane.Doe@example.com ", "acct:Jane.Doe@example.com", "example.com"),
            ("https://example.com/joe", "https://example.com/joe", "example.com"),
            ("https://example.com", "https://example.com", "example.com"),
            ("https://joe@example.com:8080", "https://joe@example.com:8080", "example.com:8080"),
            ("example.com", "https://example.com/", "example.com"),
            ("example.com/joe", "https://example.com/joe", "example.com"),
            ("example.com:8080", "https://example.com:8080/", "example.com:8080"),
            ("example.com:8080/joe", "https://example.com:8080/joe", "example.com:8080"),
            ("joe@example.com:8080", "https://joe@example.com:8080/", "example.com:8080"),
            ("example.com?x=1", "https://example.com?x=1", "example.com"),
            ("joe@example.com/x", "https://joe@example.com/x", "example.com"),
            (
                "acct:juliet%40capulet.example@shopping.example.com",
                "acct:juliet%40capulet.example@shopping.example.com",
                "shopping.example.com",
            ),
            (
                "juliet@capulet.example@shopping.example.com",
                "acct:juliet%40capulet.example@shopping.example.com",
                "shopping.example.com",
            ),
            ("ACCT:joe@example.com", "acct:joe@example.com", "example.com"),
            ("jürgen@example.com", "acct:j%C3%BCrgen@example.com", "example.com"),
            ("https://example.com/joe#me", "https://example.com/joe", "example.com"),
            ("joe@example.com#me", "acct:joe@example.com", "example.com"),
            ("http://example.com/joe", "http://example.com/joe", "example.com"),
        ] {
            assert_eq!(parsed(input), (resource.to_owned(), host.to_owned()), "{input}");
        }
    }

    #[test]
    fn xris_and_what_has_no_host_are_refused() {
        for input in [
            "",
            " ",
            "#x",
            "=joe",
            "@example",
            "!x",
            "xri://=joe",
            "acct:joe",
            "acct:@example.com",
            "acct:a@b@example.com",
            "acct:joe@example.com:80",
            "joe@",
            "@",
            "mailto:joe@example.com",
            "ftp://example.com/",
            "javascript:alert(1)",
            "https://",
            "https:example.com",
            "joe doe@example.com",
            "joe@exam\u{0}ple.com",
            "joe@a\\b",
            &"x".repeat(3000),
        ] {
            let error = Identifier::parse(input).unwrap_err();
            assert!(matches!(error, Error::Config(_)), "{input} {error:?}");
        }
    }

    #[test]
    fn the_request_is_the_specifications_example() {
        let url = Identifier::parse("joe@example.com").unwrap().url(false).unwrap();
        let example = "https://example.com/.well-known/webfinger?resource=acct%3Ajoe%40example.com&rel=http%3A%2F%2Fopenid.net%2Fspecs%2Fconnect%2F1.0%2Fissuer";
        assert_eq!(url.as_str(), example);
        let request = request(&url).unwrap();
        assert_eq!((request.method().as_str(), request.uri().to_string().as_str()), ("GET", example));
        assert_eq!(Limits::of(&request).body, 64 * 1024);
        let shop = Identifier::parse("acct:juliet%40capulet.example@shopping.example.com").unwrap().url(false).unwrap();
        assert!(shop.as_str().contains("resource=acct%3Ajuliet%2540capulet.example%40shopping.example.com&"));
    }

    #[test]
    fn the_question_goes_over_tls_but_on_this_machine() {
        let url = |input: &str, door| Identifier::parse(input).unwrap().url(door).unwrap();
        assert_eq!(url("http://example.com/joe", false).scheme(), "https");
        assert_eq!(url("http://127.0.0.1:8080/joe", false).scheme(), "http");
        assert_eq!(url("http://example.com/joe", true).scheme(), "http");
    }

    fn judged(body: &str) -> Result<String> {
        let answer = http::Response::new(Bytes::from(body.to_owned()));
        judge(&answer, &Url::parse("https://example.com/").unwrap(), false)
    }

    #[test]
    fn the_issuer_is_the_href_of_the_first_link_with_the_relation() {
        let body = format!(
            r#"{{"subject":"acct:other@example.com","links":[{{"rel":"x","href":"https://x.example"}},{{"rel":"{ISSUER}","href":"https://server.example.com"}},{{"rel":"{ISSUER}","href":"https://b.example"}}]}}"#
        );
        assert_eq!(judged(&body).unwrap(), "https://server.example.com");
    }

    #[test]
    fn an_answer_that_names_no_issuer_is_refused() {
        for body in [
            "",
            "<html>",
            "[]",
            "{}",
            r#"{"links":{}}"#,
            r#"{"links":[]}"#,
            r#"{"links":[1,null]}"#,
            &format!(r#"{{"links":[{{"rel":"{ISSUER}"}}]}}"#),
            &format!(r#"{{"links":[{{"rel":"{ISSUER}","href":7}}]}}"#),
        ] {
            assert_eq!(judged(body).unwrap_err().code(), "rule_violation", "{body}");
        }
    }

    #[test]
    fn the_issuer_is_an_https_url_without_query_or_fragment() {
        for href in [
            "http://server.example.com",
            "http://127.0.0.1:1",
            "https://server.example.com?x",
            "https://server.example.com#x",
            "https://u:p@server.example.com",
            "server.example.com",
            "javascript:alert(1)",
            "",
        ] {
            let error = judged(&format!(r#"{{"links":[{{"rel":"{ISSUER}","href":"{href}"}}]}}"#)).unwrap_err();
            assert!(error.to_string().contains("OpenID Connect Discovery section 2"), "{error}");
        }
    }

    #[test]
    fn a_redirect_never_leaves_tls() {
        let asked = Url::parse("https://example.com/.well-known/webfinger?resource=x").unwrap();
        let to = |location: &str| {
            let answer = http::Response::builder().status(302).header("location", location).body(Bytes::new()).unwrap();
            redirect(&answer, &asked, false)
        };
        assert_eq!(to("/wf?y").unwrap().unwrap().as_str(), "https://example.com/wf?y");
        assert_eq!(to("https://wf.example/").unwrap().unwrap().as_str(), "https://wf.example/");
        for bad in ["http://example.com/", "http://127.0.0.1/", "ftp://example.com/", "https://u:p@example.com/"] {
            assert!(to(bad).unwrap_err().to_string().contains("RFC 7033 section 4.2"), "{bad}");
        }
    }
}
