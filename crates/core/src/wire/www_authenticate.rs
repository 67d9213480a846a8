//! Challenges in `WWW-Authenticate`: [RFC 9110 section 11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1),
//! with what OAuth puts into them (RFC 6750 section 3, RFC 9470 section 3, RFC 9728 section 5.1).

use crate::Scope;
use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// Reads every challenge of every `WWW-Authenticate` field, in order.
///
/// Never fails. Where a field stops making sense, the challenge that the bad part may belong to is dropped together
/// with the rest of the field, since nobody can say any more what belongs to whom; whole challenges before it stay.
///
/// ```
/// use grantee_core::wire::www_authenticate;
/// let mut headers = http::HeaderMap::new();
/// headers.append("www-authenticate", r#"Basic realm="a, b", BEARER error=invalid_token"#.parse()?);
/// let challenges = www_authenticate::parse(&headers);
/// assert_eq!(challenges[0].param("realm"), Some("a, b"));
/// assert_eq!(challenges[1].scheme(), "bearer");
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
pub fn parse(headers: &HeaderMap) -> Vec<Challenge> {
    let mut challenges = Vec::new();
    for field in headers.get_all(WWW_AUTHENTICATE).iter().take(MOST_FIELDS) {
        if field.len() <= MOST_BYTES {
            challenges.append(&mut read_field(field.as_bytes()));
        }
    }
    challenges.truncate(MOST_CHALLENGES);
    challenges
}

/// One challenge: what a server wants to see in `Authorization`.
///
/// ```
/// # use grantee_core::wire::www_authenticate;
/// # let headers = http::HeaderMap::from_iter([(http::header::WWW_AUTHENTICATE, "Negotiate YWJj==".parse()?)]);
/// let challenges = www_authenticate::parse(&headers);
/// assert_eq!(challenges[0].token68(), Some("YWJj=="));
/// assert_eq!(challenges[0].params().count(), 0);
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    scheme: String,
    token68: Option<String>,
    params: Vec<(String, String)>,
}

impl Challenge {
    /// The authentication scheme in lower case, such as `bearer`.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// What some schemes put in the place of parameters.
    pub fn token68(&self) -> Option<&str> {
        self.token68.as_deref()
    }

    /// A parameter's value; names are compared without regard to case.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params().find(|(held, _)| held.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Names, in lower case, and values in the order given, each name once.
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.params.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// What OAuth says in a challenge. Every part is OPTIONAL.
///
/// ```
/// use grantee_core::wire::www_authenticate::{self, BearerChallenge};
/// # let text = r#"Bearer error="insufficient_scope", scope="read write""#;
/// # let headers = http::HeaderMap::from_iter([(http::header::WWW_AUTHENTICATE, text.parse()?)]);
/// let challenge = BearerChallenge::find(&www_authenticate::parse(&headers)).unwrap();
/// assert_eq!(challenge.error.as_deref(), Some("insufficient_scope"));
/// assert!(challenge.scope.unwrap().contains("write"));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BearerChallenge {
    /// Why the request was refused, such as `invalid_token`; absent when it came without a token (RFC 6750 section 3.1).
    pub error: Option<String>,
    /// The server's own words, for developers.
    pub error_description: Option<String>,
    /// What a token needs to get in.
    pub scope: Option<Scope>,
    /// What is protected.
    pub realm: Option<String>,
    /// Where the API describes itself (RFC 9728 section 5.1).
    pub resource_metadata: Option<String>,
    /// The authentication context classes that would do, by preference (RFC 9470 section 3).
    pub acr_values: Option<String>,
    /// How old the login may be, in seconds (RFC 9470 section 3).
    pub max_age: Option<u64>,
}

impl BearerChallenge {
    /// Reads the first challenge of scheme Bearer.
    pub fn find(challenges: &[Challenge]) -> Option<Self> {
        Self::of_scheme(challenges, "bearer")
    }

    /// Reads the first challenge of another scheme that speaks like Bearer, such as `DPoP`.
    pub fn of_scheme(challenges: &[Challenge], scheme: &str) -> Option<Self> {
        challenges.iter().find(|challenge| challenge.scheme.eq_ignore_ascii_case(scheme)).map(Self::from)
    }
}

impl From<&Challenge> for BearerChallenge {
    fn from(challenge: &Challenge) -> Self {
        let text = |name| challenge.param(name).map(str::to_owned);
        Self {
            error: text("error"),
            error_description: text("error_description"),
            scope: challenge.param("scope").map(Scope::from).filter(|scope| !scope.is_empty()),
            realm: text("realm"),
            resource_metadata: text("resource_metadata"),
            acr_values: text("acr_values"),
            // A non-negative integer as JSON writes it, quoted or not (RFC 9470 section 3); anything else says nothing.
            max_age: challenge
                .param("max_age")
                .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|digits| digits.parse().ok()),
        }
    }
}

const MOST_FIELDS: usize = 32;
const MOST_BYTES: usize = 16 * 1024;
const MOST_CHALLENGES: usize = 32;
const MOST_PARAMS: usize = 64;

fn read_field(field: &[u8]) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    let mut reader = Reader { rest: field };
    // Whether the last challenge takes parameters: its scheme had a space after it, and no token68.
    let mut open = false;
    loop {
        // Empty list elements are ignored (RFC 9110 section 5.6.1.2).
        reader.skip(|byte| byte == b',' || is_space(byte));
        if reader.rest.is_empty() || found.len() > MOST_CHALLENGES {
            return found;
        }
        let understood = match reader.element() {
            Some(Element::Param(name, value)) if open => add(found.last_mut(), name, value),
            // A parameter behind a challenge that takes none.
            Some(Element::Param(..)) | None => None,
            Some(Element::Scheme { scheme, spaced }) => {
                found.push(Challenge { scheme, token68: None, params: Vec::new() });
                open = spaced;
                if reader.at_element_end() {
                    Some(())
                } else if !spaced {
                    None
                } else if let Some(token68) = reader.token68() {
                    open = false;
                    found.last_mut().map(|challenge| challenge.token68 = Some(token68))
                } else {
                    match reader.element() {
                        Some(Element::Param(name, value)) => add(found.last_mut(), name, value),
                        _ => None,
                    }
                }
            }
        };
        if understood.is_none() || !reader.at_element_end() {
            found.pop();
            return found;
        }
    }
}

fn add(challenge: Option<&mut Challenge>, name: String, value: String) -> Option<()> {
    let params = &mut challenge?.params;
    // A name stands once in a challenge (RFC 9110 section 11.2). Of two, the first counts: what comes later may belong to
    // a challenge whose scheme got lost on the way.
    if params.iter().all(|(held, _)| *held != name) {
        params.push((name, value));
    }
    (params.len() <= MOST_PARAMS).then_some(())
}

enum Element {
    Param(String, String),
    Scheme { scheme: String, spaced: bool },
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    /// A parameter, or the scheme that begins a challenge: only an equals sign tells them apart.
    fn element(&mut self) -> Option<Element> {
        let name = self.token()?.to_ascii_lowercase();
        let spaced = self.skip(is_space) > 0;
        if !self.eat(b'=') {
            return Some(Element::Scheme { scheme: name, spaced });
        }
        self.skip(is_space);
        let value = if self.eat(b'"') { self.quoted_rest()? } else { self.token()? };
        Some(Element::Param(name, value))
    }

    fn token(&mut self) -> Option<String> {
        let token = self.take(is_token_char);
        (!token.is_empty()).then(|| String::from_utf8_lossy(token).into_owned())
    }

    /// A quoted string whose opening quote has been read (RFC 9110 section 5.6.4). Bytes that are no UTF-8 are replaced.
    fn quoted_rest(&mut self) -> Option<String> {
        let mut text = Vec::new();
        loop {
            match self.next()? {
                b'"' => return Some(String::from_utf8_lossy(&text).into_owned()),
                b'\\' => text.push(self.next()?),
                byte => text.push(byte),
            }
        }
    }

    /// Reads a token68 if one stands here and fills the element; otherwise stays where it is.
    fn token68(&mut self) -> Option<String> {
        let mut ahead = Reader { rest: self.rest };
        let characters = ahead.take(is_token68_char).len();
        let padding = ahead.skip(|byte| byte == b'=');
        if characters == 0 || !ahead.at_element_end() {
            return None;
        }
        let (token68, rest) = self.rest.split_at(characters + padding);
        self.rest = rest;
        Some(String::from_utf8_lossy(token68).into_owned())
    }

    fn at_element_end(&self) -> bool {
        self.rest.iter().copied().find(|byte| !is_space(*byte)).is_none_or(|byte| byte == b',')
    }

    fn take(&mut self, wanted: fn(u8) -> bool) -> &[u8] {
        let length = self.rest.iter().position(|byte| !wanted(*byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn skip(&mut self, unwanted: fn(u8) -> bool) -> usize {
        self.take(unwanted).len()
    }

    fn eat(&mut self, wanted: u8) -> bool {
        let there = self.rest.first() == Some(&wanted);
        if there {
            self.next();
        }
        there
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// RFC 9110 section 5.6.2.
fn is_token_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// RFC 9110 section 11.2.
fn is_token68_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(field: &str) -> Vec<Challenge> {
        read_field(field.as_bytes())
    }

    fn schemes(field: &str) -> Vec<String> {
        read(field).into_iter().map(|challenge| challenge.scheme).collect()
    }

    #[test]
    fn token68_ends_its_challenge() {
        let challenges = read("Negotiate YWJj==, NTLM abc , Basic realm=\"x\"");
        assert_eq!(challenges[0].token68(), Some("YWJj=="));
        assert_eq!(challenges[1].token68(), Some("abc"));
        assert_eq!(challenges[2].param("realm"), Some("x"));
        // What follows a token68 can be no parameter of it.
        assert!(schemes("Negotiate abc, realm=\"x\"").is_empty());
    }

    #[test]
    fn a_bad_part_takes_its_challenge_along_and_leaves_those_before() {
        assert_eq!(schemes("Bearer error=\"invalid_token\", Basic realm=\"open"), ["bearer"]);
        assert_eq!(schemes("A x=1, B, c=2, D"), ["a"]);
        assert_eq!(schemes("A, B \"x\", C"), ["a"]);
        for nothing in [
            "",
            " , ,",
            "=",
            "=a",
            "realm=\"x\"",
            "\"",
            "Bearer realm=\"a\" error=\"b\"",
            "Bearer realm=\"a\"x",
            "Bearer error=\"x\", realm=",
            "Bearer realm==a",
            "Bearer \"x\"",
            "Bearer\"x\"",
            "Bearer realm=\"\\",
            "B\u{e9}arer realm=x",
        ] {
            assert!(read(nothing).is_empty(), "{nothing}");
        }
    }

    #[test]
    fn of_two_parameters_of_one_name_the_first_counts() {
        let challenges = read("Bearer scope=a, SCOPE=\"b\"");
        assert_eq!(challenges[0].params().collect::<Vec<_>>(), [("scope", "a")]);
    }

    #[test]
    fn number_and_length_are_bounded() {
        let mut headers = HeaderMap::new();
        for _ in 0..100 {
            headers.append(WWW_AUTHENTICATE, "A, B, C".parse().unwrap());
        }
        assert_eq!(parse(&headers).len(), MOST_CHALLENGES);
        assert!(read(&"A, ".repeat(5_000)).len() <= MOST_CHALLENGES + 1);

        let many = |count| format!("A {}", (0..count).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join(","));
        assert_eq!(read(&many(MOST_PARAMS))[0].params().count(), MOST_PARAMS);
        assert!(read(&many(MOST_PARAMS + 1)).is_empty());

        let long = format!("A b=\"{}\"", "x".repeat(MOST_BYTES));
        headers.insert(WWW_AUTHENTICATE, long.parse().unwrap());
        assert!(parse(&headers).is_empty());
    }

    #[test]
    fn max_age_is_digits_alone() {
        let max_age = |text: &str| BearerChallenge::from(&read(&format!("Bearer max_age=\"{text}\""))[0]).max_age;
        assert_eq!(max_age("5"), Some(5));
        for nonsense in ["", "-1", "+1", "1.5", " 5", "99999999999999999999"] {
            assert_eq!(max_age(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn the_first_challenge_of_the_scheme_speaks() {
        let challenges = read("Basic realm=a, DPoP error=use_dpop_nonce, Bearer, Bearer error=invalid_token");
        assert_eq!(BearerChallenge::find(&challenges), Some(BearerChallenge::default()));
        let dpop = BearerChallenge::of_scheme(&challenges, "DPoP").unwrap();
        assert_eq!(dpop.error.as_deref(), Some("use_dpop_nonce"));
        assert_eq!(BearerChallenge::of_scheme(&challenges, "hoba"), None);
    }
}
