//! Device authorization grant, [RFC 8628](https://www.rfc-editor.org/rfc/rfc8628): a program without a browser shows an address
//! and a code, and a person confirms on another device.
//!
//! ```text
//! DeviceAuthorizationRequest -> Client::device -> DeviceAuthorization: shown to the person
//!                                                  └ grant() -> DeviceCode -> Client::polling | token | session
//! ```

use super::polling::{DEFAULT_INTERVAL, LONGEST_LIFE, Openid, Polling, Schedule};
use super::{Grant, GrantContext, TokenParameters, token_parameters};
use crate::client::{Client, Proof};
use crate::error::{Error, Excerpt, Result, RuleViolation};
use crate::oidc::IdTokenExpectations;
use crate::ports::{BoxFuture, Cancel};
use crate::wire::form::Params;
use crate::wire::json;
use crate::{Secret, UnixTime};
use ::url::Url;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const STAGE: &str = "device authorization request";
const ANSWER: &str = "RFC 8628 section 3.2";
/// A person is shown it, or a QR code, which holds no more.
const LONGEST_ADDRESS: usize = 2048;

/// Asks for a code for a device.
///
/// ```
/// use grantee_core::grant::device_code::DeviceAuthorizationRequest;
/// let request = DeviceAuthorizationRequest::new().scope("openid orders").resource("https://api.example/");
/// ```
#[derive(Debug, Clone, Default)]
pub struct DeviceAuthorizationRequest {
    parameters: TokenParameters,
}

impl DeviceAuthorizationRequest {
    /// Asks for whatever the server gives this client by default.
    pub fn new() -> Self {
        Self::default()
    }

    token_parameters!();

    /// The form, without the client's authentication.
    pub fn form(&self) -> Params {
        let mut form = Params::new();
        self.parameters.append_to(&mut form);
        form
    }

    /// Judges the answer: [RFC 8628 section 3.2](https://www.rfc-editor.org/rfc/rfc8628#section-3.2). `sent_at` is when the
    /// request was sent; the code's life counts from there.
    ///
    /// # Errors
    /// [`Error::Server`] when the server said no, [`Error::Status`] for an error status without an OAuth error,
    /// [`Error::Rule`] for an answer that lacks something or shows what is no address.
    pub fn judge(
        self,
        answer: &http::Response<Bytes>,
        client_id: &str,
        issuer: Option<&str>,
        sent_at: UnixTime,
    ) -> Result<DeviceAuthorization> {
        let members = crate::endpoint::members(STAGE, answer)?;
        let broken = |rule, expected: &str, name: &str| {
            RuleViolation::new(STAGE, rule, ANSWER).expected(expected).got(json::kind(members.get(name)))
        };
        let required = |name: &'static str| {
            json::text(&members, name)
                .filter(|text| !text.is_empty())
                .ok_or_else(|| broken("the answer has all that is required", name, name))
        };
        // Google wrote it so before the RFC did, and some servers still do.
        let verification_uri = match members.contains_key("verification_uri") {
            false if members.contains_key("verification_url") => required("verification_url")?,
            _ => required("verification_uri")?,
        };
        let expires_in = members.get("expires_in").and_then(json::seconds).filter(|life| !life.is_zero());
        Ok(DeviceAuthorization {
            device_code: required("device_code")?.into(),
            user_code: required("user_code")?,
            verification_uri: web_address("verification_uri", &verification_uri)?,
            verification_uri_complete: json::text(&members, "verification_uri_complete")
                .map(|complete| web_address("verification_uri_complete", &complete))
                .transpose()?,
            expires_in: expires_in
                .ok_or_else(|| {
                    broken(
                        "the answer says how long the code lives",
                        "a positive number of seconds as expires_in",
                        "expires_in",
                    )
                })?
                .min(LONGEST_LIFE),
            interval: members.get("interval").and_then(json::seconds).unwrap_or(DEFAULT_INTERVAL),
            requested_at: sent_at,
            client_id: client_id.to_owned(),
            issuer: issuer.map(str::to_owned),
            parameters: self.parameters,
        })
    }
}

impl Client {
    /// Starts a login on a device: what to show to the person, and what to wait for.
    ///
    /// # Errors
    /// [`Error::Server`] when the server said no, [`Error::Rule`] when its answer breaks a rule, [`Error::Config`] when it has no
    /// `device_authorization_endpoint`; as [`metadata`](Self::metadata).
    pub async fn device(&self, request: DeviceAuthorizationRequest) -> Result<DeviceAuthorization> {
        let metadata = self.metadata().await?;
        let sent_at = self.now();
        let form = request.form();
        let asked = self.ask(STAGE, &metadata, "device_authorization_endpoint", form, Proof::None).await?;
        let issuer = metadata.issuer.as_deref();
        let authorization =
            request.judge(&asked.answer, self.client_id(), issuer, sent_at).map_err(|error| asked.explain(error))?;
        tracing::info!(client_id = self.client_id(), issuer, "device authorization started");
        Ok(authorization)
    }

    /// Waits for a person's decision on a device, step by step.
    pub fn device_polling(&self, authorization: &DeviceAuthorization) -> Polling {
        Polling::of(self, Arc::new(authorization.grant()), &authorization.schedule())
    }
}

/// What the server answered: shown to the person by `Display`, which prints what they have to do; `device_code` is for the
/// token endpoint alone.
///
/// It can be kept: serializing it reveals the device code; `Debug` does not.
///
/// ```
/// use grantee_core::grant::device_code::DeviceAuthorizationRequest;
/// let body = r#"{"device_code":"GmRh","user_code":"WDJB-MJHT","verification_uri":"https://example.com/device","expires_in":1800}"#;
/// let answer = http::Response::new(bytes::Bytes::from_static(body.as_bytes()));
/// let device = DeviceAuthorizationRequest::new().judge(&answer, "tv", None, grantee_core::UnixTime::now())?;
/// assert!(device.to_string().contains("https://example.com/device") && device.to_string().contains("WDJB-MJHT"));
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceAuthorization {
    device_code: Secret,
    user_code: String,
    verification_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verification_uri_complete: Option<String>,
    #[serde(with = "whole_and_fraction")]
    expires_in: Duration,
    #[serde(with = "whole_and_fraction")]
    interval: Duration,
    requested_at: UnixTime,
    client_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(default)]
    parameters: TokenParameters,
}

impl DeviceAuthorization {
    /// The code that the person enters. It is a stranger's text: `Display` of this value makes it fit for a terminal.
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// Where the person goes: an http or https URL without anything that a terminal could obey.
    pub fn verification_uri(&self) -> &str {
        &self.verification_uri
    }

    /// The same with the code in it, to be opened or shown as a QR code. The person is shown the
    /// [`user_code`](Self::user_code) all the same, to compare (RFC 8628 section 3.3.1).
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.verification_uri_complete.as_deref()
    }

    /// Until when the person may confirm.
    pub fn expires_at(&self) -> UnixTime {
        self.requested_at.after(self.expires_in)
    }

    /// The pause between two token requests that the server asked for; 5 s where it named none.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// The client that asked.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// What was asked for.
    pub fn parameters(&self) -> &TokenParameters {
        &self.parameters
    }

    /// The grant that brings the token once the person has confirmed.
    pub fn grant(&self) -> DeviceCode {
        DeviceCode {
            device_code: self.device_code.clone(),
            parameters: self.parameters.clone(),
            schedule: self.schedule(),
        }
    }

    fn schedule(&self) -> Schedule {
        let asked_openid = self.parameters.scope.as_ref().is_some_and(|scope| scope.contains("openid"));
        let openid = || Openid { expected: IdTokenExpectations::new(), issuer: self.issuer.clone(), always: false };
        Schedule {
            what: "the device code",
            openid: asked_openid.then(openid),
            issuer: self.issuer.clone(),
            ..Schedule::new(self.requested_at, self.expires_in).interval(self.interval)
        }
    }
}

/// What the person has to do, in at most five lines. Nothing in it can steer a terminal.
impl fmt::Display for DeviceAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Using a browser on another device, visit:\n  {}", self.verification_uri)?;
        write!(f, "And enter the code:\n  {}", Excerpt(&self.user_code))?;
        match &self.verification_uri_complete {
            Some(complete) => write!(f, "\nOr open this, and compare the code: {complete}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for DeviceAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceAuthorization")
            .field("verification_uri", &self.verification_uri)
            .field("expires_at", &self.expires_at())
            .field("interval", &self.interval)
            .field("client_id", &self.client_id)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Gets the token for a device once a person has confirmed: [RFC 8628 section
/// 3.4](https://www.rfc-editor.org/rfc/rfc8628#section-3.4). Whatever asks with it waits as
/// [`polling`](super::polling) tells; a session does so when its token is first needed, and renews by the refresh token.
#[derive(Debug, Clone)]
pub struct DeviceCode {
    device_code: Secret,
    parameters: TokenParameters,
    schedule: Schedule,
}

impl DeviceCode {
    /// With the parts of an answer that somebody else has read.
    pub fn new(device_code: impl Into<Secret>, requested_at: UnixTime, expires_in: Duration) -> Self {
        Self {
            device_code: device_code.into(),
            parameters: TokenParameters::default(),
            schedule: Schedule { what: "the device code", ..Schedule::new(requested_at, expires_in) },
        }
    }

    /// The pause between two requests; 5 s where this is not called.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.schedule = self.schedule.interval(interval);
        self
    }

    /// Ends the waits when this is thrown.
    #[must_use]
    pub fn cancelled_by(mut self, cancel: &Cancel) -> Self {
        self.schedule = self.schedule.cancel(cancel);
        self
    }

    token_parameters!();
}

impl Grant for DeviceCode {
    fn grant_type(&self) -> &str {
        "urn:ietf:params:oauth:grant-type:device_code"
    }

    fn params<'a>(&'a self, _: GrantContext<'a>) -> BoxFuture<'a, Result<Params>> {
        Box::pin(async { Ok(Params::new().with("device_code", &self.device_code)) })
    }

    fn parameters(&self) -> &TokenParameters {
        &self.parameters
    }

    // Settled at the device authorization endpoint.
    fn sends_scope(&self) -> bool {
        false
    }

    fn is_repeatable(&self) -> bool {
        false
    }

    fn polling(&self) -> Option<Schedule> {
        Some(self.schedule.clone())
    }
}

/// An address to send a person to: http or https, and in visible ASCII, so that no terminal obeys what is in it.
fn web_address(name: &'static str, text: &str) -> Result<String> {
    let broken = || {
        RuleViolation::new(STAGE, "a verification address is a URL that a browser opens", ANSWER)
            .expected(format_args!("{name} with https or http"))
    };
    let url = Url::parse(text).map_err(|_| broken().got("what is no URL"))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(Error::from(broken().got(format_args!("the scheme {}", url.scheme()))));
    }
    // Parsed, a URL has its odd characters encoded.
    let address = if text.bytes().all(|byte| byte.is_ascii_graphic()) { text.to_owned() } else { String::from(url) };
    if address.len() > LONGEST_ADDRESS {
        let long = broken().expected(format_args!("{name} of at most {LONGEST_ADDRESS} bytes"));
        return Err(long.got(format_args!("{} bytes", address.len())).into());
    }
    Ok(address)
}

/// A duration as seconds, with a fraction where there is one.
pub(crate) mod whole_and_fraction {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        match duration.subsec_nanos() {
            0 => serializer.serialize_u64(duration.as_secs()),
            _ => serializer.serialize_f64(duration.as_secs_f64()),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        crate::wire::json::seconds(&value).ok_or_else(|| serde::de::Error::custom("not a number of seconds"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);

    fn judge(body: &Value) -> Result<DeviceAuthorization> {
        let answer = http::Response::new(Bytes::from(body.to_string()));
        let request = DeviceAuthorizationRequest::new().scope("openid a").param("tenant", "s3cret-p");
        request.judge(&answer, "tv", Some("https://as.example"), NOW)
    }

    fn full() -> Value {
        json!({"device_code": "s3cret-d", "user_code": "WDJB-MJHT", "verification_uri": "https://example.com/device",
            "verification_uri_complete": "https://example.com/device?user_code=WDJB-MJHT", "expires_in": 1800})
    }

    fn with(name: &str, value: Value) -> Result<DeviceAuthorization> {
        let mut body = full();
        body[name] = value;
        judge(&body)
    }

    #[test]
    fn what_is_required_is_there() {
        for name in ["device_code", "user_code", "verification_uri", "expires_in"] {
            let mut body = full();
            body.as_object_mut().unwrap().remove(name);
            for message in
                [judge(&body).unwrap_err(), with(name, json!("")).unwrap_err(), with(name, json!([])).unwrap_err()]
            {
                assert!(message.to_string().contains(name) && message.to_string().contains("RFC 8628"), "{message}");
            }
        }
        for life in [json!(0), json!(-5), json!("soon"), json!(null)] {
            assert!(with("expires_in", life).unwrap_err().to_string().contains("a positive number"));
        }
    }

    #[test]
    fn numbers_come_as_strings_too_and_nonsense_counts_as_no_interval() {
        let device = with("expires_in", json!("90")).unwrap();
        assert_eq!(device.expires_at(), NOW.after(Duration::from_secs(90)));
        for (interval, seconds) in [(json!("31"), 31), (json!(2), 2), (json!("soon"), 5), (json!(null), 5)] {
            assert_eq!(with("interval", interval).unwrap().interval(), Duration::from_secs(seconds));
        }
        for interval in [json!(0), json!(-7), json!(0.1)] {
            let schedule = with("interval", interval).unwrap().grant().polling().unwrap();
            assert_eq!(schedule.interval, Duration::from_secs(1));
        }
        assert!(with("interval", json!(1e300)).unwrap().interval() > Duration::from_secs(86_400));
    }

    #[test]
    fn googles_old_spelling_serves_where_the_right_one_is_missing() {
        let mut body = full();
        body.as_object_mut().unwrap().remove("verification_uri");
        body["verification_url"] = json!("https://www.google.com/device");
        assert_eq!(judge(&body).unwrap().verification_uri(), "https://www.google.com/device");
        body["verification_uri"] = json!(7);
        assert!(judge(&body).is_err());
    }

    #[test]
    fn an_address_is_one_for_a_browser() {
        for bad in ["javascript:alert(1)", "file:///etc/passwd", "device", "", "//example.com", "ftp://example.com/"] {
            assert!(with("verification_uri", json!(bad)).is_err(), "{bad}");
            assert!(with("verification_uri_complete", json!(bad)).is_err(), "{bad}");
        }
        assert!(with("verification_uri", json!("http://192.168.0.1/device")).is_ok());
    }

    #[test]
    fn what_is_shown_fits_on_a_screen() {
        let long = |length| format!("https://example.com/{}", "a".repeat(length));
        for name in ["verification_uri", "verification_uri_complete"] {
            assert!(with(name, json!(long(2000))).is_ok());
            assert!(with(name, json!(long(2100))).unwrap_err().to_string().contains("2048"), "{name}");
        }
        let shown = with("user_code", json!("A".repeat(100_000))).unwrap().to_string();
        assert!(shown.len() < 1000, "{}", shown.len());
    }

    #[test]
    fn display_says_what_to_do_and_no_control_character_reaches_the_terminal() {
        assert_eq!(
            judge(&full()).unwrap().to_string(),
            "Using a browser on another device, visit:\n  https://example.com/device\nAnd enter the code:\n  WDJB-MJHT\n\
             Or open this, and compare the code: https://example.com/device?user_code=WDJB-MJHT"
        );
        let mut body = full();
        body["user_code"] = json!("A\u{1b}[2J\nB\u{202e}C\u{9b}31m");
        body["verification_uri"] = json!("https://example.com/\u{1b}[31m/ä\u{202e}");
        body["verification_uri_complete"] = json!("https://example.com/\r\n?a=\u{7f}\u{9b}");
        let shown = judge(&body).unwrap().to_string();
        assert_eq!(shown.lines().count(), 5, "{shown:?}");
        assert!(!shown.chars().any(|one| one.is_control() && one != '\n' || one == '\u{202e}'), "{shown:?}");
    }

    #[test]
    fn debug_shows_no_secret() {
        let device = judge(&full()).unwrap();
        let shown = format!("{device:?} {:?} {device}", device.grant());
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn one_that_is_pending_can_be_kept() {
        let device = judge(&full()).unwrap();
        let kept = serde_json::to_string(&device).unwrap();
        assert_eq!(serde_json::from_str::<DeviceAuthorization>(&kept).unwrap(), device);
    }

    #[test]
    fn an_address_that_no_person_could_be_shown_is_refused() {
        let judge = |length: usize| {
            let address = format!("https://a.example/{}", "x".repeat(length - 18));
            let body = format!(
                r#"{{"device_code":"s3cret","user_code":"u","verification_uri":"https://a.example","verification_uri_complete":"{address}","expires_in":9}}"#
            );
            let answer = http::Response::new(Bytes::from(body));
            DeviceAuthorizationRequest::new().judge(&answer, "tv", None, UnixTime::from_seconds(0))
        };
        assert!(judge(2048).is_ok());
        let error = judge(2049).unwrap_err().to_string();
        assert!(error.contains("verification_uri_complete") && error.contains("2049 bytes"), "{error}");
    }
}
