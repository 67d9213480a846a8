//! Claims, checked apart from signatures: [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519), with what
//! [RFC 8725](https://www.rfc-editor.org/rfc/rfc8725) asks of those who read them.
//!
//! ```
//! use grantee_jose::jws::Header;
//! use grantee_jose::jwt::{self, Claims, Expect};
//! use grantee_jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, SigningKey, VerifyingKey};
//!
//! let key = Jwk::generate(KeyKind::Curve(Curve::P256))?;
//! let claims = Claims::new().with("iss", "https://as.example").with("aud", "api").with("exp", 1_300_819_380);
//! let signer = SigningKey::new(&key, SignatureAlgorithm::Es256)?;
//! let token = jwt::sign_blocking(&Header::new().with_typ("at+jwt"), &claims, &signer)?;
//!
//! let expect = Expect::new().typ("at+jwt").issuer("https://as.example").audience("api").require("exp");
//! let verifying = VerifyingKey::new(&key, SignatureAlgorithm::Es256)?;
//! assert!(jwt::verify(&token, &verifying, &expect, 1_300_819_000).is_ok());
//! assert!(jwt::verify(&token, &verifying, &expect, 1_300_819_380).is_err());
//! # Ok::<(), grantee_jose::Error>(())
//! ```

use crate::error::{Error, ErrorKind, Result, Verified};
use crate::json;
use crate::jws::{self, Compact, Header, VerifyingKey};
use crate::signer::{BlockingSigner, Signer};
use serde_json::{Map, Value};
use std::fmt;
use std::time::Duration;

/// A token whose signature and claims are as expected.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Jwt {
    /// The header.
    pub header: Header,
    /// The claims.
    pub claims: Claims,
}

/// Verifies a compact token with one key, then checks its claims at `now`, in seconds since the epoch.
///
/// # Errors
/// As [`Compact::parse`], [`check_encoded`] and [`Compact::verify`]; then [`ErrorKind::Malformed`] where the payload is no strict JSON object,
/// and as [`Expect::check`], both marked with [`Verified::Signature`].
pub fn verify(token: &str, key: &VerifyingKey, expect: &Expect, now: i64) -> Result<Jwt> {
    let compact = Compact::parse(token)?;
    check_encoded(compact.header())?;
    let jws::Verified { header, payload } = compact.verify(key)?;
    let claims = Claims::parse(&payload).map_err(|error| error.after(Verified::Signature))?;
    expect.check(&header, &claims, now)?;
    Ok(Jwt { header, claims })
}

/// Whether a header is one that a JWT may have: its payload is encoded
/// ([RFC 7797 section 7](https://www.rfc-editor.org/rfc/rfc7797#section-7)).
///
/// # Errors
/// [`ErrorKind::NotAllowed`] where `b64` is false.
pub fn check_encoded(header: &Header) -> Result<()> {
    match header.get("b64") {
        Some(Value::Bool(false)) => {
            Err(Error::new(ErrorKind::NotAllowed, "the payload of a JWT is encoded", "RFC 7797 section 7")
                .got("b64 false"))
        }
        _ => Ok(()),
    }
}

/// Signs claims as a compact token.
///
/// # Errors
/// As [`jws::sign`].
pub async fn sign(header: &Header, claims: &Claims, signer: &dyn Signer) -> Result<String> {
    jws::sign(header, claims.to_json().as_bytes(), signer).await
}

/// As [`sign`], holding the calling thread.
///
/// # Errors
/// As [`jws::sign`].
pub fn sign_blocking(header: &Header, claims: &Claims, signer: &dyn BlockingSigner) -> Result<String> {
    jws::sign_blocking(header, claims.to_json().as_bytes(), signer)
}

/// Claims: a strict JSON object, whose registered members are read by type (RFC 7519 section 4.1). Debug shows names alone,
/// since values may be a person's.
#[derive(Clone, Default, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// No claims.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the payload of a token.
    ///
    /// # Errors
    /// As [`json::object`].
    pub fn parse(payload: &[u8]) -> Result<Self> {
        json::object(payload).map(Self)
    }

    /// With another claim.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// A claim as it came.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All of them.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// All of them.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// The claims as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }

    /// Who issued it.
    ///
    /// # Errors
    /// [`ErrorKind::Claim`] where it is no string, as with the other texts.
    pub fn iss(&self) -> Result<Option<&str>> {
        self.text("iss")
    }

    /// Whom it is about.
    ///
    /// # Errors
    /// As [`iss`](Self::iss).
    pub fn sub(&self) -> Result<Option<&str>> {
        self.text("sub")
    }

    /// Its own identifier.
    ///
    /// # Errors
    /// As [`iss`](Self::iss).
    pub fn jti(&self) -> Result<Option<&str>> {
        self.text("jti")
    }

    /// Whom it is for: one text or several. `None` where it does not say.
    ///
    /// # Errors
    /// [`ErrorKind::Claim`] where it is neither a string nor an array of strings.
    pub fn aud(&self) -> Result<Option<Vec<&str>>> {
        match self.get("aud") {
            None => Ok(None),
            Some(Value::String(one)) => Ok(Some(vec![one])),
            Some(Value::Array(several)) => {
                let texts: Option<Vec<&str>> = several.iter().map(Value::as_str).collect();
                texts.map(Some).ok_or_else(|| wrong_type("aud", "a string or an array of strings"))
            }
            Some(_) => Err(wrong_type("aud", "a string or an array of strings")),
        }
    }

    /// When it expires, in seconds since the epoch, perhaps with a fraction.
    ///
    /// # Errors
    /// [`ErrorKind::Claim`] where it is no number, or none between the epoch and the year 9999.
    pub fn exp(&self) -> Result<Option<f64>> {
        self.date("exp")
    }

    /// From when on it is good.
    ///
    /// # Errors
    /// As [`exp`](Self::exp).
    pub fn nbf(&self) -> Result<Option<f64>> {
        self.date("nbf")
    }

    /// When it was issued.
    ///
    /// # Errors
    /// As [`exp`](Self::exp).
    pub fn iat(&self) -> Result<Option<f64>> {
        self.date("iat")
    }

    /// A claim that is a text.
    ///
    /// # Errors
    /// [`ErrorKind::Claim`] where it is no string.
    pub fn text(&self, name: &str) -> Result<Option<&str>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong_type(name, "a string")),
        }
    }

    /// A claim that is a NumericDate (RFC 7519 section 2): `auth_time`, say.
    ///
    /// # Errors
    /// As [`exp`](Self::exp).
    pub fn date(&self, name: &str) -> Result<Option<f64>> {
        const YEAR_9999: f64 = 253_402_300_799.0;
        let Some(value) = self.get(name) else { return Ok(None) };
        match value.as_f64().filter(|seconds| (0.0..=YEAR_9999).contains(seconds)) {
            Some(seconds) => Ok(Some(seconds)),
            None => Err(wrong_type(name, "a number of seconds from the epoch to the year 9999")),
        }
    }
}

impl From<Map<String, Value>> for Claims {
    fn from(claims: Map<String, Value>) -> Self {
        Self(claims)
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What a token must say. `exp` and `nbf` are obeyed wherever they are; the rest is checked as far as it was asked for.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    issuer: Option<String>,
    audience: Option<String>,
    any_audience: bool,
    subject: Option<String>,
    typ: Option<String>,
    leeway: Duration,
    max_age: Option<Duration>,
    required: Vec<String>,
}

impl Expect {
    /// Nothing but what every token keeps to.
    pub fn new() -> Self {
        Self::default()
    }

    /// `iss` is there and this, character by character.
    #[must_use]
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        Self { issuer: Some(issuer.into()), ..self }
    }

    /// `aud` is there and has this among its values.
    #[must_use]
    pub fn audience(self, audience: impl Into<String>) -> Self {
        Self { audience: Some(audience.into()), ..self }
    }

    /// `aud` is not looked at here. Otherwise a token that has one, where no audience is expected, is somebody else's (RFC
    /// 7519 section 4.1.3).
    #[must_use]
    pub fn any_audience(self) -> Self {
        Self { any_audience: true, ..self }
    }

    /// `sub` is there and this.
    #[must_use]
    pub fn subject(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    /// The header's `typ` is there and this media type, so that one kind of token is not taken for another (RFC 8725 section
    /// 3.11).
    #[must_use]
    pub fn typ(self, typ: impl Into<String>) -> Self {
        Self { typ: Some(typ.into()), ..self }
    }

    /// How far the two clocks may be apart. None by default.
    #[must_use]
    pub fn leeway(self, leeway: Duration) -> Self {
        Self { leeway, ..self }
    }

    /// `iat` is there, not in the future, and no longer ago than this.
    #[must_use]
    pub fn max_age(self, max_age: Duration) -> Self {
        Self { max_age: Some(max_age), ..self }
    }

    /// This claim is there.
    #[must_use]
    pub fn require(mut self, claim: impl Into<String>) -> Self {
        self.required.push(claim.into());
        self
    }

    /// Checks the header and claims of a token whose signature was verified, at `now`, in seconds since the epoch.
    ///
    /// # Errors
    /// [`ErrorKind::Claim`], marked with [`Verified::Signature`].
    pub fn check(&self, header: &Header, claims: &Claims, now: i64) -> Result<()> {
        self.check_all(header, claims, now).map_err(|error| error.after(Verified::Signature))
    }

    fn check_all(&self, header: &Header, claims: &Claims, now: i64) -> Result<()> {
        if let Some(typ) = self.typ.as_deref().filter(|typ| !header.typ_is(typ)) {
            return Err(broken("typ is the kind of token expected", "RFC 8725 section 3.11")
                .expected(typ.to_owned())
                .got(header.typ.as_deref().unwrap_or("none")));
        }
        if let Some(missing) = self.required.iter().find(|name| claims.get(name).is_none()) {
            return Err(broken("the claims that are required are there", "RFC 7519 section 4")
                .expected(missing.clone())
                .got("none"));
        }
        self.check_parties(claims)?;
        self.check_times(claims, now)
    }

    fn check_parties(&self, claims: &Claims) -> Result<()> {
        same("iss is the issuer", "RFC 7519 section 4.1.1", self.issuer.as_deref(), claims.iss()?)?;
        same("sub is the subject", "RFC 7519 section 4.1.2", self.subject.as_deref(), claims.sub()?)?;
        claims.jti()?;
        let aud = claims.aud()?;
        let rule = || broken("aud names the one who reads the token", "RFC 7519 section 4.1.3");
        match (&self.audience, aud) {
            (Some(audience), Some(aud)) if aud.contains(&audience.as_str()) => Ok(()),
            (Some(audience), aud) => {
                Err(rule().expected(audience.clone()).got(aud.map_or("none".to_owned(), |aud| aud.join(", "))))
            }
            (None, Some(aud)) if !self.any_audience => Err(rule().expected("no aud").got(aud.join(", "))),
            (None, _) => Ok(()),
        }
    }

    fn check_times(&self, claims: &Claims, now: i64) -> Result<()> {
        // Seconds fit a float to the year 9999 and far beyond.
        let (now, leeway) = (now as f64, self.leeway.as_secs_f64());
        let at = |rule, spec, date: f64| broken(rule, spec).expected(format!("checked at {now}")).got(date);
        if let Some(exp) = claims.exp()?.filter(|exp| now >= exp + leeway) {
            return Err(at("the time is before exp", "RFC 7519 section 4.1.4", exp));
        }
        if let Some(nbf) = claims.nbf()?.filter(|nbf| now + leeway < *nbf) {
            return Err(at("the time is not before nbf", "RFC 7519 section 4.1.5", nbf));
        }
        let iat = claims.iat()?;
        let Some(max_age) = self.max_age else { return Ok(()) };
        match iat {
            None => {
                Err(broken("the claims that are required are there", "RFC 7519 section 4").expected("iat").got("none"))
            }
            Some(iat) if iat > now + leeway => Err(at("iat is not in the future", "RFC 7519 section 4.1.6", iat)),
            Some(iat) if iat + max_age.as_secs_f64() + leeway < now => {
                Err(at("iat is no longer ago than allowed", "RFC 7519 section 4.1.6", iat))
            }
            Some(_) => Ok(()),
        }
    }
}

fn same(rule: &'static str, spec: &'static str, expected: Option<&str>, found: Option<&str>) -> Result<()> {
    match expected {
        Some(expected) if found != Some(expected) => {
            Err(broken(rule, spec).expected(expected.to_owned()).got(found.unwrap_or("none")))
        }
        _ => Ok(()),
    }
}

fn broken(rule: &'static str, spec: &'static str) -> Error {
    Error::new(ErrorKind::Claim, rule, spec)
}

fn wrong_type(name: &str, expected: &'static str) -> Error {
    broken("a claim has the type of its definition", "RFC 7519 section 4.1")
        .expected(expected)
        .got(format_args!("something else for {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_300_819_380;

    fn claims(json: &str) -> Claims {
        Claims::parse(json.as_bytes()).unwrap()
    }

    fn check(expect: Expect, json: &str) -> Result<()> {
        expect.check(&Header::new(), &claims(json), NOW)
    }

    #[test]
    fn issuer_subject_and_audience_are_those_expected() {
        let expect = || Expect::new().issuer("a").subject("b").audience("c");
        check(expect(), r#"{"iss":"a","sub":"b","aud":"c"}"#).unwrap();
        check(expect(), r#"{"iss":"a","sub":"b","aud":["x","c"]}"#).unwrap();
        for json in [
            r#"{"sub":"b","aud":"c"}"#,
            r#"{"iss":"A","sub":"b","aud":"c"}"#,
            r#"{"iss":"a/","sub":"b","aud":"c"}"#,
            r#"{"iss":["a"],"sub":"b","aud":"c"}"#,
            r#"{"iss":"a","aud":"c"}"#,
            r#"{"iss":"a","sub":"x","aud":"c"}"#,
            r#"{"iss":"a","sub":7,"aud":"c"}"#,
            r#"{"iss":"a","sub":"b"}"#,
            r#"{"iss":"a","sub":"b","aud":[]}"#,
            r#"{"iss":"a","sub":"b","aud":"cc"}"#,
            r#"{"iss":"a","sub":"b","aud":["c",1]}"#,
            r#"{"iss":"a","sub":"b","aud":{"c":1}}"#,
        ] {
            let error = check(expect(), json).unwrap_err();
            assert_eq!((error.kind(), error.verified()), (ErrorKind::Claim, Verified::Signature), "{json}");
        }
    }

    #[test]
    fn a_token_for_somebody_else_is_refused_where_no_audience_is_expected() {
        assert_eq!(check(Expect::new(), r#"{"aud":"c"}"#).unwrap_err().spec(), "RFC 7519 section 4.1.3");
        check(Expect::new().any_audience(), r#"{"aud":"c"}"#).unwrap();
        check(Expect::new(), "{}").unwrap();
        check(Expect::new().any_audience(), r#"{"aud":7}"#).unwrap_err();
    }

    #[test]
    fn exp_nbf_and_iat_bind_to_the_second_and_leeway_widens_them() {
        let leeway = || Expect::new().leeway(Duration::from_secs(10));
        let aged = || Expect::new().max_age(Duration::from_secs(60));
        for (expect, claim, offset, ok) in [
            (Expect::new(), "exp", 1.0, true),
            (Expect::new(), "exp", 0.5, true),
            (Expect::new(), "exp", 0.0, false),
            (Expect::new(), "exp", -0.5, false),
            (leeway(), "exp", -9.0, true),
            (leeway(), "exp", -10.0, false),
            (Expect::new(), "nbf", 0.0, true),
            (Expect::new(), "nbf", 0.5, false),
            (leeway(), "nbf", 10.0, true),
            (leeway(), "nbf", 11.0, false),
            (Expect::new(), "iat", 100.0, true),
            (aged(), "iat", 0.0, true),
            (aged(), "iat", 1.0, false),
            (aged(), "iat", -60.0, true),
            (aged(), "iat", -61.0, false),
            (aged().leeway(Duration::from_secs(10)), "iat", -70.0, true),
            (aged().leeway(Duration::from_secs(10)), "iat", 10.0, true),
            (aged().leeway(Duration::from_secs(10)), "iat", -71.0, false),
        ] {
            let checked = expect.check(&Header::new(), &Claims::new().with(claim, NOW as f64 + offset), NOW);
            assert_eq!(checked.is_ok(), ok, "{claim} {offset} {expect:?}");
        }
        check(aged(), "{}").unwrap_err();
    }

    #[test]
    fn a_time_that_is_no_number_of_seconds_is_refused_whatever_is_expected() {
        for claim in ["exp", "nbf", "iat"] {
            for value in ["\"1300819381\"", "-1", "1300819381000", "1e300", "null", "true", "[1]"] {
                let error = check(Expect::new(), &format!(r#"{{"{claim}":{value}}}"#)).unwrap_err();
                assert_eq!(error.rule(), "a claim has the type of its definition", "{claim} {value}");
            }
        }
    }

    #[test]
    fn what_is_required_is_there() {
        check(Expect::new().require("exp"), "{}").unwrap_err();
        check(Expect::new().require("nonce"), r#"{"nonce":null}"#).unwrap();
        check(Expect::new().require("jti"), r#"{"jti":"1"}"#).unwrap();
        check(Expect::new(), r#"{"jti":1}"#).unwrap_err();
    }

    #[test]
    fn typ_is_explicit() {
        let expect = Expect::new().typ("at+jwt");
        let with = |typ: &str| expect.check(&Header::new().with_typ(typ), &Claims::new(), NOW);
        with("at+jwt").unwrap();
        with("application/AT+JWT").unwrap();
        for typ in ["JWT", "at", "dpop+jwt", ""] {
            assert_eq!(with(typ).unwrap_err().spec(), "RFC 8725 section 3.11", "{typ}");
        }
        expect.check(&Header::new(), &Claims::new(), NOW).unwrap_err();
    }

    #[test]
    fn the_payload_of_a_jwt_is_encoded() {
        let key = jws::SigningKey::from_secret(b"secret", crate::SignatureAlgorithm::Hs256).unwrap();
        let verifying = VerifyingKey::from_secret(b"secret", crate::SignatureAlgorithm::Hs256).unwrap();
        let token = sign_blocking(&Header::new().with_unencoded_payload(), &Claims::new(), &key).unwrap();
        assert!(Compact::parse(&token).unwrap().verify(&verifying).is_ok());
        let error = verify(&token, &verifying, &Expect::new(), NOW).unwrap_err();
        assert_eq!((error.kind(), error.spec()), (ErrorKind::NotAllowed, "RFC 7797 section 7"));
    }

    #[test]
    fn debug_shows_names_and_no_values() {
        let shown = format!("{:?}", claims(r#"{"email":"joe@example.com"}"#));
        assert!(shown.contains("email") && !shown.contains("joe"), "{shown}");
    }
}
