//! What is kept between sending a person off and their coming back: [RFC 9700 sections 2.1 and 4.4](https://www.rfc-editor.org/rfc/rfc9700#section-2.1).

use super::callback::Callback;
use super::jarm;
use super::pkce::CodeVerifier;
use super::response::{AuthorizationResponse, Read};
use super::response_type::ResponseType;
use crate::error::{Error, Result};
use crate::oidc::IdTokenExpectations;
use crate::{Scope, Secret, UnixTime};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// An authorization request under way: everything that the callback will be checked against.
///
/// It belongs to one browser: keep it in that browser's session, in a cookie that is encrypted and signed, or, for a
/// program on a person's machine, in a file that only they can read. Whoever finds it by
/// [`state`](Self::state) alone, whichever browser asks, lets an attacker log a victim into the attacker's account.
///
/// [`respond`](Self::respond) uses it up. It can't be cloned; a serialized one is to be removed when it is read.
/// Serializing it reveals the code verifier; `Debug` shows nothing secret.
///
/// ```
/// # use grantee_core::authorization::{AuthorizationRequest, Pending, RequestContext};
/// # struct Fixed;
/// # impl grantee_core::ports::Entropy for Fixed {
/// #     fn fill(&self, bytes: &mut [u8]) -> grantee_core::Result<()> { bytes.fill(7); Ok(()) }
/// # }
/// # let context = RequestContext {
/// #     client_id: "app", issuer: None, authorization_endpoint: "https://as.example/authorize",
/// #     iss_parameter_supported: false, redirect_uri: Some("https://app.example/callback"), entropy: &Fixed,
/// #     now: grantee_core::UnixTime::now(), allow_http: false,
/// # };
/// # let (_url, pending) = AuthorizationRequest::new().state("xyz").start(&context)?;
/// let kept = pending.to_json()?;
/// let response = Pending::from_json(&kept)?.respond("https://app.example/callback?code=SplxlOBe&state=xyz")?;
/// assert_eq!(response.code().unwrap().reveal(), "SplxlOBe");
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Serialize, Deserialize)]
pub struct Pending {
    #[serde(rename = "v")]
    pub(super) version: Version,
    pub(super) state: Secret,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nonce: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) code_verifier: Option<CodeVerifier>,
    pub(super) redirect_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) issuer: Option<String>,
    pub(super) iss_required: bool,
    pub(super) client_id: String,
    pub(super) response_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) response_mode: Option<String>,
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    pub(crate) scope: Scope,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) resource: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) audience: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) authorization_details: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) max_age: Option<u64>,
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    pub(super) acr_values: Scope,
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    pub(super) essential_acr: Scope,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) params: Vec<(String, Secret)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key_thumbprint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request_expires_at: Option<UnixTime>,
    pub(super) created_at: UnixTime,
}

impl Pending {
    /// Judges the callback, and is used up whatever comes of it.
    ///
    /// The checks, in this order: no protocol parameter stands twice; `iss` is the issuer asked (RFC 9207); `state` is the
    /// one sent; the answer is no error; it holds what was asked for, and nothing that was not. An answer with tokens in it, and
    /// a signed one, is judged by [`Client::respond`](crate::Client::respond), which has the server's keys.
    ///
    /// ```compile_fail,E0382
    /// # use grantee_core::authorization::Pending;
    /// fn twice(pending: Pending) {
    ///     let _ = pending.respond("code=a&state=s");
    ///     let _ = pending.respond("code=b&state=s"); // used up
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error::Config`] when tokens were asked for in the answer itself, or a signed answer.
    /// [`Error::Server`] when the server or the person said no, with the stage `authorization response`.
    /// [`Error::Rule`] when the callback breaks a rule, and so may come from anybody.
    pub fn respond<'a>(self, callback: impl Into<Callback<'a>>) -> Result<AuthorizationResponse> {
        if self.response_type()?.fragment() || self.expects_signed() {
            let asked = match self.response_mode.as_deref() {
                Some(mode) if self.expects_signed() => format!("response_mode {mode}"),
                _ => format!("response_type {}", self.response_type),
            };
            return Err(Error::config(
                format!("an answer to {asked} can't be judged without the server's keys"),
                "hand it to the client: respond(..) or finish(..)",
            ));
        }
        match Read::at(self, &callback.into(), UnixTime::now())? {
            Read::Plain(read) => Ok(read.verified(None)),
            Read::Signed(_) => Err(Error::config("a signed answer is judged by the client", "hand it to finish(..)")),
        }
    }

    pub(crate) fn response_type(&self) -> Result<ResponseType> {
        ResponseType::parse(&self.response_type.as_str().into()).ok_or_else(|| {
            Error::config(
                "the pending request asked for what can't be judged",
                "start the login again with this version",
            )
        })
    }

    /// Whether the answer is to come as a signed JWT.
    pub(crate) fn expects_signed(&self) -> bool {
        self.response_mode.as_deref().is_some_and(jarm::is_mode)
    }

    /// Whether the answer is looked for in the fragment first.
    pub(super) fn expects_fragment(&self) -> bool {
        match self.response_mode.as_deref() {
            Some("fragment" | "fragment.jwt") => true,
            None | Some("jwt") => self.response_type().is_ok_and(ResponseType::fragment),
            Some(_) => false,
        }
    }

    /// What the ID token of this login must agree with.
    pub(crate) fn id_token_expectations(&self) -> IdTokenExpectations {
        let mut expected = IdTokenExpectations::new().acr_values(self.acr_values.clone());
        if !self.essential_acr.is_empty() {
            expected.acr_values = self.essential_acr.clone();
        }
        expected.nonce.clone_from(&self.nonce);
        expected.max_age = self.max_age;
        expected
    }

    /// The `response_type` that was asked for, by its registered name.
    pub fn response_type_name(&self) -> &str {
        &self.response_type
    }

    /// The `state` that the callback will carry, to tell one request of a browser from another.
    pub fn state(&self) -> &str {
        self.state.reveal()
    }

    /// The redirect URI, exactly as it was sent.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// The issuer that was asked, where one is known.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The client that asked.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// How the answer was asked to travel, where the request said so.
    pub fn response_mode(&self) -> Option<&str> {
        self.response_mode.as_deref()
    }

    /// What exactly is asked for (RFC 9396).
    pub fn authorization_details(&self) -> Option<&Value> {
        self.authorization_details.as_ref()
    }

    /// When the person must have been sent off by, where the request was pushed (RFC 9126 section 2.2).
    pub fn request_expires_at(&self) -> Option<UnixTime> {
        self.request_expires_at
    }

    /// When the request was made: to forget those that nobody comes back from.
    pub fn created_at(&self) -> UnixTime {
        self.created_at
    }

    /// As JSON of one line, the code verifier included.
    ///
    /// # Errors
    /// None that is known of.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|_| Error::config("the pending request can't be written as JSON", "report this as a bug"))
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// [`Error::Config`] when it is something else, or of another version.
    pub fn from_json(json: &str) -> Result<Self> {
        // serde's words quote what it read, so only the place is told.
        serde_json::from_str(json).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Error::config(
                format!("what was kept is no pending request of this version (line {line} column {column})"),
                "start the login again",
            )
        })
    }
}

/// The version of the serialized form; another one is refused rather than half understood.
#[derive(Debug)]
pub(super) struct Version;

const VERSION: u8 = 1;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(VERSION)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if u8::deserialize(deserializer)? == VERSION {
            Ok(Self)
        } else {
            Err(serde::de::Error::custom("a pending request of another version"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorization::testing::pending;
    use serde_json::json;

    #[test]
    fn one_serialized_value_holds_all_that_the_callback_is_checked_against() {
        let pending = pending(|request| {
            request
                .scope("openid a")
                .resource("https://api.example/")
                .audience("api")
                .authorization_details(json!([{"type": "t"}]))
                .max_age(60)
                .acr_values("high low")
                .response_mode("query")
                .param("tenant", "7")
        });
        let kept = pending.to_json().unwrap();
        let expected = json!({
            "v": 1, "state": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
            "nonce": "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM",
            "code_verifier": "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI",
            "redirect_uri": "https://client.example/cb", "issuer": "https://as.example", "iss_required": false,
            "client_id": "client", "response_type": "code", "response_mode": "query", "scope": "openid a",
            "resource": ["https://api.example/"], "audience": ["api"], "authorization_details": [{"type": "t"}],
            "max_age": 60, "acr_values": "high low", "params": [["tenant", "7"]], "created_at": 1_700_000_000,
        });
        assert_eq!(serde_json::from_str::<Value>(&kept).unwrap(), expected);
        let again = Pending::from_json(&kept).unwrap();
        assert_eq!(again.to_json().unwrap(), kept);
        assert!(again.respond("code=c&state=AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE").is_ok());
    }

    #[test]
    fn a_plain_request_fits_into_a_cookie() {
        assert!(pending(|request| request.scope("openid profile email")).to_json().unwrap().len() < 500);
    }

    #[test]
    fn another_version_and_another_thing_are_refused_without_being_quoted() {
        let kept = pending(|request| request.state("s3cret")).to_json().unwrap();
        for bad in [
            kept.replace("\"v\":1", "\"v\":2"),
            kept.replace("\"v\":1,", ""),
            kept.replace("\"code_v", "\"v\":1,\"code_v"),
            "\"s3cret\"".into(),
        ] {
            let error = Pending::from_json(&bad).unwrap_err();
            assert!(matches!(error, Error::Config(_)) && !error.to_string().contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let pending = pending(|request| {
            let verifier = "s3cret".repeat(10);
            request.state("s3cret-s").nonce("s3cret-n").code_verifier(verifier).param("x", "s3cret-p")
        });
        let shown = format!("{pending:?} {pending:#?}");
        assert!(shown.contains("https://client.example/cb") && !shown.contains("s3cret"), "{shown}");
    }
}
