//! What comes back through the browser, read but not judged: [RFC 6749 section 4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2).

use super::pending::Pending;
use crate::error::{Result, RuleViolation};
use ::url::{Url, form_urlencoded};
use std::borrow::Cow;

const MOST_BYTES: usize = 64 * 1024;
const MOST_PARAMETERS: usize = 100;

/// What came back through the browser, not judged yet. Made from
///
/// | what | how it is read |
/// |---|---|
/// | text that begins with a scheme, or a [`Url`] | a whole URL: it must be the redirect URI; its query, or its fragment when that was asked for or the query holds no answer |
/// | text that begins with `#` | a fragment |
/// | text that begins with `/` | a path with a query or a fragment, as servers log it |
/// | other text, with or without `?` | a query |
/// | bytes | a form_post body |
///
/// or, when the shape leaves doubt, by the functions here. A lone fragment `#_=_`, which some servers leave behind, is
/// ignored. A web application behind a proxy, which sees another host than the browser, hands over the query alone.
#[derive(Clone)]
pub struct Callback<'a>(pub(super) Input<'a>);

#[derive(Clone)]
pub(super) enum Input<'a> {
    ByShape(Cow<'a, str>),
    Query(Cow<'a, str>),
    Fragment(Cow<'a, str>),
    Form(&'a [u8]),
}

impl<'a> Callback<'a> {
    /// A query, with or without `?`.
    pub fn query(query: impl Into<Cow<'a, str>>) -> Self {
        Self(Input::Query(query.into()))
    }

    /// A fragment, with or without `#`.
    pub fn fragment(fragment: impl Into<Cow<'a, str>>) -> Self {
        Self(Input::Fragment(fragment.into()))
    }

    /// What stands before the query, where this is a whole URL, and the query or form itself. For messages that never come
    /// in a fragment: one is left out.
    pub(crate) fn base_and_parameters(&self) -> (Option<&str>, &[u8]) {
        let text = match &self.0 {
            Input::Form(body) => return (None, body),
            Input::Query(text) => return (None, without_prefix(text, '?').as_bytes()),
            Input::Fragment(_) => return (None, &[]),
            Input::ByShape(text) => split(text.trim_ascii(), '#').0,
        };
        let (before, query) = split(text, '?');
        let query = query.map(str::as_bytes);
        if is_url(text) {
            (Some(before), query.unwrap_or_default())
        } else if text.starts_with(['/', '?']) {
            (None, query.unwrap_or_default())
        } else {
            (None, text.as_bytes())
        }
    }
}

// It holds a code.
impl std::fmt::Debug for Callback<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Callback(..)")
    }
}

impl<'a> From<&'a str> for Callback<'a> {
    fn from(text: &'a str) -> Self {
        Self(Input::ByShape(text.into()))
    }
}

impl<'a> From<&'a String> for Callback<'a> {
    fn from(text: &'a String) -> Self {
        text.as_str().into()
    }
}

impl From<String> for Callback<'_> {
    fn from(text: String) -> Self {
        Self(Input::ByShape(text.into()))
    }
}

impl<'a> From<&'a Url> for Callback<'a> {
    fn from(url: &'a Url) -> Self {
        url.as_str().into()
    }
}

impl From<Url> for Callback<'_> {
    fn from(url: Url) -> Self {
        String::from(url).into()
    }
}

// The parameters that a server answers with, which may not repeat (RFC 6749 section 3.1).
pub(super) const NAMES: [&str; 15] = [
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
    "session_state",
    "id_token",
    "access_token",
    "response",
    "token_type",
    "expires_in",
    "scope",
    "refresh_token",
    "authorization_details",
];
pub(super) const CODE: usize = 0;
pub(super) const STATE: usize = 1;
pub(super) const ISS: usize = 2;
pub(super) const ERROR: usize = 3;
pub(super) const ERROR_DESCRIPTION: usize = 4;
pub(super) const ERROR_URI: usize = 5;
pub(super) const SESSION_STATE: usize = 6;
pub(super) const ID_TOKEN: usize = 7;
pub(super) const ACCESS_TOKEN: usize = 8;
pub(super) const RESPONSE: usize = 9;
pub(super) const TOKEN_TYPE: usize = 10;
pub(super) const EXPIRES_IN: usize = 11;
pub(super) const SCOPE: usize = 12;

pub(super) fn protocol(name: &str) -> Option<usize> {
    // Most strangers' names differ in length from all of ours, so few are compared.
    NAMES.iter().position(|known| known.len() == name.len() && *known == name)
}

pub(super) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The callback's parameters, borrowed from it where nothing had to be decoded.
#[derive(Default)]
pub(super) struct Answer<'a> {
    protocol: [Option<Cow<'a, str>>; NAMES.len()],
    pub(super) further: Vec<Pair<'a>>,
}

impl<'a> Answer<'a> {
    pub(super) fn read(asked: &Pending, callback: &'a Callback<'_>) -> Result<Self> {
        let bytes = match &callback.0 {
            Input::ByShape(text) | Input::Query(text) | Input::Fragment(text) => text.as_bytes(),
            Input::Form(body) => body,
        };
        if bytes.len() > MOST_BYTES {
            let broken = rule("a callback is of bounded size", "RFC 9700 section 4").expected("at most 64 KiB");
            return Err(broken.got(format_args!("{} bytes", bytes.len())).into());
        }
        let own_query = asked.redirect_uri.split_once('?').map_or("", |(_, query)| query);
        let own: Vec<Pair<'_>> = form_urlencoded::parse(own_query.as_bytes()).collect();
        match &callback.0 {
            Input::ByShape(text) => Self::by_shape(asked, text.trim_ascii(), own),
            Input::Query(text) => Self::parse(without_prefix(text, '?').as_bytes(), own),
            Input::Fragment(text) => Self::parse(without_prefix(text, '#').as_bytes(), Vec::new()),
            Input::Form(body) => Self::parse(body, Vec::new()),
        }
    }

    fn by_shape(asked: &Pending, text: &'a str, own: Vec<Pair<'_>>) -> Result<Self> {
        let (rest, fragment) = split(text, '#');
        let fragment = fragment.filter(|fragment| *fragment != "_=_" && !fragment.is_empty());
        let query = if is_url(text) {
            let (base, query) = split(rest, '?');
            check_redirect_uri(asked, base, query.unwrap_or_default(), &own)?;
            query
        } else if text.starts_with(['/', '?']) {
            split(rest, '?').1
        } else {
            Some(rest)
        };
        let query = query.unwrap_or_default();
        let holds_answer = |text: &str, own: &[Pair<'_>]| {
            form_urlencoded::parse(text.as_bytes()).any(|pair| protocol(&pair.0).is_some() && !own.contains(&pair))
        };
        let Some(fragment) = fragment else { return Self::parse(query.as_bytes(), own) };
        let takes_fragment = (asked.expects_fragment() || !holds_answer(query, &own)) && holds_answer(fragment, &[]);
        if takes_fragment { Self::parse(fragment.as_bytes(), Vec::new()) } else { Self::parse(query.as_bytes(), own) }
    }

    /// `own` is what the redirect URI's own query holds, which is not part of the answer: each pair of it is left out once.
    fn parse(text: &'a [u8], mut own: Vec<Pair<'_>>) -> Result<Self> {
        let mut answer = Self { protocol: Default::default(), further: Vec::new() };
        for (number, pair) in form_urlencoded::parse(text).enumerate() {
            if number == MOST_PARAMETERS {
                let broken = rule("a callback has a bounded number of parameters", "RFC 9700 section 4");
                return Err(broken.expected("at most 100").got("more").into());
            }
            if let Some(place) = own.iter().position(|own| *own == pair) {
                own.swap_remove(place);
                continue;
            }
            let (name, value) = pair;
            match protocol(&name) {
                None => answer.further.push((name, value)),
                Some(place) if answer.protocol[place].is_none() => answer.protocol[place] = Some(value),
                Some(place) => {
                    return Err(rule("no parameter stands twice", "RFC 6749 section 3.1")
                        .expected("each parameter once")
                        .got(format_args!("{} twice", NAMES[place]))
                        .into());
                }
            }
        }
        Ok(answer)
    }

    pub(super) fn set(&mut self, place: usize, value: String) {
        self.protocol[place] = Some(value.into());
    }

    pub(super) fn get(&self, place: usize) -> Option<&str> {
        self.protocol[place].as_deref()
    }
}

/// That a whole URL is the redirect URI: the same scheme, host, port and path, and its own query still there. It keeps one
/// server's answer from being taken for another's where each has a redirect URI of its own (RFC 9700 section 4.4.2.2).
fn check_redirect_uri(asked: &Pending, base: &str, query: &str, own: &[Pair<'_>]) -> Result<()> {
    let expected = asked.redirect_uri.split_once('?').map_or(asked.redirect_uri.as_str(), |(base, _)| base);
    let same_base = base == expected
        || matches!((Url::parse(base), Url::parse(expected)), (Ok(got), Ok(expected)) if got == expected);
    let kept_query = own.iter().all(|own| {
        // Bounded, since a stranger's text may hold thousands of them.
        form_urlencoded::parse(query.as_bytes()).take(MOST_PARAMETERS).any(|pair| pair == *own)
    });
    if same_base && kept_query {
        return Ok(());
    }
    let got =
        if same_base { "one without the redirect URI's own query".to_owned() } else { crate::wire::url::shown(base) };
    Err(rule("the callback is the redirect URI", "RFC 9700 section 4.4.2.2")
        .expected(expected)
        .got(got)
        .hint("behind a proxy that changes the host, hand over the query alone")
        .into())
}

/// Whether a text begins with a scheme (RFC 3986 section 3.1). No query does, since `=` or `&` ends its first name.
fn is_url(text: &str) -> bool {
    let scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let end = text.bytes().position(|byte| !scheme(byte));
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && end.is_some_and(|end| text.as_bytes()[end] == b':')
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn without_prefix(text: &str, prefix: char) -> &str {
    text.strip_prefix(prefix).unwrap_or(text)
}

/// A rule that a callback broke.
pub(super) fn rule(rule: &'static str, spec: &'static str) -> RuleViolation {
    RuleViolation::new("authorization response", rule, spec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorization::testing::{asked, asked_with, broken, code};
    use crate::error::Error;

    #[test]
    fn every_shape_of_callback_is_read() {
        let query = "code=CODE&state=STATE";
        let whole = format!("https://client.example/cb?{query}");
        let url = Url::parse(&whole).unwrap();
        assert_eq!(code(asked(), &url), "CODE");
        assert_eq!(code(asked(), url), "CODE");
        for text in [
            whole.clone(),
            format!("\n{whole}  "),
            format!("{whole}#_=_"),
            format!("{whole}#"),
            format!("{query}#_=_"),
            format!("?{query}"),
            format!("#{query}"),
            format!("/cb?{query}"),
            format!("/cb#{query}"),
            format!("https://client.example/cb#{query}"),
            format!("https://client.example/cb?x=1#{query}"),
            format!("{query}&iss=https://as.example"),
            format!("&&{query}&&unknown"),
            "c%6Fde=CODE&state=STATE".to_owned(),
        ] {
            assert_eq!(code(asked(), &text), "CODE", "{text}");
            assert_eq!(code(asked(), text), "CODE");
        }
        assert_eq!(code(asked(), query.as_bytes()), "CODE");
        assert_eq!(code(asked(), Callback::query("?state=STATE&code=CODE")), "CODE");
        assert_eq!(code(asked(), Callback::fragment("state=STATE&code=CODE")), "CODE");
    }

    #[test]
    fn the_fragment_counts_where_it_was_asked_for() {
        let asked = || asked_with("https://client.example/cb", "fragment");
        let both = "https://client.example/cb?code=query&state=STATE#code=fragment&state=STATE";
        assert_eq!(code(asked(), both), "fragment");
        assert_eq!(code(asked_with("https://client.example/cb", "query"), both), "query");
        assert_eq!(code(asked(), "https://client.example/cb?code=query&state=STATE#_=_"), "query");
    }

    #[test]
    fn protocol_parameters_stand_once() {
        for name in NAMES {
            let twice = broken(asked(), &*format!("state=STATE&code=CODE&{name}=a&{name}=a"));
            assert!(twice.contains("no parameter stands twice (RFC 6749 section 3.1)"), "{twice}");
        }
        assert!(broken(asked(), "state=STATE&code=CODE&c%6fde=CODE").contains("code twice"));
        assert_eq!(code(asked(), "state=STATE&code=CODE&unknown=1&unknown=2"), "CODE");
    }

    #[test]
    fn the_redirect_uris_own_query_stays_out_of_it() {
        let asked = || asked_with("https://client.example/cb?tenant=7&code=own&error=own", "query");
        let url = "https://client.example/cb?tenant=7&code=own&error=own&code=CODE&state=STATE";
        let response = asked().respond(url).unwrap();
        assert_eq!((response.code().unwrap().reveal(), response.get("tenant")), ("CODE", None));
        assert!(broken(asked(), &*format!("{url}&code=other")).contains("code twice"));
        assert!(broken(asked(), "code=own&state=STATE").contains("neither code nor error"));
        assert!(matches!(asked().respond(&*format!("{url}&error=denied")), Err(Error::Server(_))));
        let fragment = "https://client.example/cb?tenant=7&code=own&error=own#code=CODE&state=STATE";
        assert_eq!(code(asked(), fragment), "CODE");
        assert!(broken(asked(), "https://client.example/cb?code=CODE&state=STATE").contains("own query"));
    }

    #[test]
    fn a_whole_url_must_be_the_redirect_uri() {
        let query = "?code=CODE&state=STATE";
        for other in [
            "http://client.example/cb",
            "https://client.example:8443/cb",
            "https://other.example/cb",
            "https://client.example/cb/",
            "https://client.example/",
            "https://user@client.example/cb",
            "com.example.app:/cb",
            "client.example:443/cb",
        ] {
            let message = broken(asked(), &*format!("{other}{query}"));
            assert!(message.contains("the callback is the redirect URI"), "{message}");
        }
        for (registered, same) in [
            ("https://client.example", "https://client.example/"),
            ("https://Client.Example:443/cb", "https://client.example/cb"),
            ("http://127.0.0.1:4711/cb", "http://127.0.0.1:4711/cb"),
            ("com.example.app:/cb", "com.example.app:/cb"),
        ] {
            assert_eq!(code(asked_with(registered, "query"), &*format!("{same}{query}")), "CODE", "{registered}");
        }
        assert!(
            broken(asked_with("http://127.0.0.1:1/cb", "query"), &*format!("http://127.0.0.1:2/cb{query}"))
                .contains("got http://127.0.0.1:2/cb")
        );
    }

    #[test]
    fn a_callback_is_bounded() {
        let long = format!("state=STATE&code=CODE&x={}", "x".repeat(MOST_BYTES));
        assert!(broken(asked(), &long).contains("at most 64 KiB"));
        assert!(broken(asked(), long.as_bytes()).contains("at most 64 KiB"));
        assert!(broken(asked(), &*format!("{}state=STATE&code=CODE", "x=&".repeat(99))).contains("at most 100"));
        assert_eq!(code(asked(), &*format!("{}state=STATE&code=CODE", "x=&".repeat(98))), "CODE");
        assert_eq!(code(asked(), &*format!("{}state=STATE&code=CODE", "&".repeat(50_000))), "CODE");
    }

    #[test]
    fn nonsense_is_an_error_and_no_panic() {
        for text in [
            "",
            "?",
            "#",
            "/",
            ":",
            "://",
            "https://",
            "a:",
            "%",
            "=&=",
            "#_=_",
            "é=é",
            "https://client.example/cb",
            "\0",
        ] {
            assert!(asked().respond(text).is_err(), "{text:?}");
            assert!(asked().respond(text.as_bytes()).is_err());
        }
    }
}
