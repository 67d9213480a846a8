//! The client configuration endpoint, where a registration is read, updated and deleted:
//! [RFC 7592](https://www.rfc-editor.org/rfc/rfc7592).
//!
//! Every answer may bring a new secret or a new registration access token, after which the old one is worthless. So what these
//! calls return takes the place of what was kept, and must be kept before anything else is done.

use super::registration::{self, Registration, json_request};
use crate::Secret;
use crate::client::{Client, Config};
use crate::error::{Error, Result, RuleViolation, ServerError, StatusError};
use crate::metadata::reader::fault;
use crate::metadata::{AuthorizationServer, ClientMetadata};
use crate::ports::Request;
use crate::wire::{self, www_authenticate};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::Value;
use std::sync::Arc;
use url::Url;

const READ: &str = "registration read";
const UPDATE: &str = "registration update";
const DELETE: &str = "registration deletion";

/// A request for what the client is registered as (RFC 7592 section 2.1).
///
/// # Errors
/// [`Error::Config`] where the registration has no token for it.
pub fn read_request(url: &Url, kept: &Registration) -> Result<Request> {
    json_request(Method::GET, url, None, Some(token(kept)?))
}

/// A request to register the client as `metadata` and nothing else (RFC 7592 section 2.2): what is left out is asked to be gone.
///
/// # Errors
/// As [`registration::request`], and where the registration has no token for it.
pub fn update_request(url: &Url, kept: &Registration, metadata: &ClientMetadata) -> Result<Request> {
    // Of what the server has given, the identifier and the secret that it must match, and nothing else.
    let mut members = metadata.to_send()?;
    members.insert("client_id".to_owned(), Value::String(kept.client_id.clone()));
    if let Some(secret) = &kept.client_secret {
        members.insert("client_secret".to_owned(), Value::String(secret.reveal().to_owned()));
    }
    json_request(Method::PUT, url, Some(members), Some(token(kept)?))
}

/// A request to forget the client (RFC 7592 section 2.3).
///
/// # Errors
/// [`Error::Config`] where the registration has no token for it.
pub fn delete_request(url: &Url, kept: &Registration) -> Result<Request> {
    json_request(Method::DELETE, url, None, Some(token(kept)?))
}

/// Judges the answer to a read or an update (RFC 7592 section 3): the registration as it is from now on. What the answer does not
/// say of secret, token and URL stays as it was.
///
/// # Errors
/// [`Error::Server`], [`Error::Status`]: after 401 the client is gone, or the token is another by now; [`Error::Rule`] when the
/// answer is about another client.
pub fn judge(answer: &http::Response<Bytes>, kept: &Registration) -> Result<Registration> {
    judged(READ, answer, kept)
}

fn judged(stage: &'static str, answer: &http::Response<Bytes>, kept: &Registration) -> Result<Registration> {
    if !answer.status().is_success() {
        return Err(failure(stage, answer));
    }
    let mut now = registration::read(stage, super::members(stage, answer)?)?;
    if now.client_id != kept.client_id {
        return Err(RuleViolation::new(stage, "client_id does not change", "RFC 7592 section 2.1")
            .expected(&kept.client_id)
            .got(&now.client_id)
            .into());
    }
    now.issuer.clone_from(&kept.issuer);
    if now.client_secret.is_none() {
        now.client_secret.clone_from(&kept.client_secret);
        // An end that is told is that of the secret there is.
        now.client_secret_expires_at = now.client_secret_expires_at.or(kept.client_secret_expires_at);
    }
    now.client_id_issued_at = now.client_id_issued_at.or(kept.client_id_issued_at);
    now.registration_access_token =
        now.registration_access_token.take().or_else(|| kept.registration_access_token.clone());
    now.registration_client_uri = now.registration_client_uri.take().or_else(|| kept.registration_client_uri.clone());
    Ok(now)
}

/// Judges the answer to a deletion: 204, or 200 from servers that say a word.
///
/// # Errors
/// As [`judge`]; [`Error::Rule`] for another success, since the client may be there still.
pub fn judge_deletion(answer: &http::Response<Bytes>) -> Result<()> {
    if !answer.status().is_success() {
        return Err(failure(DELETE, answer));
    }
    if let Err(error @ Error::Server(_)) = super::members(DELETE, answer) {
        return Err(error);
    }
    match answer.status() {
        StatusCode::NO_CONTENT | StatusCode::OK => Ok(()),
        other => Err(RuleViolation::new(DELETE, "the answer says that the client is gone", "RFC 7592 section 2.3")
            .expected("status 204")
            .got(other.as_u16())
            .into()),
    }
}

/// The endpoint is a protected resource, so its challenge tells more than its body (RFC 6750 section 3).
fn failure(stage: &'static str, answer: &http::Response<Bytes>) -> Error {
    let hint = match answer.status().as_u16() {
        // RFC 7592 sections 2.1 to 2.3.
        401 => {
            "the client has been deleted at the server, or another answer brought a new registration_access_token that was not kept; register anew"
        }
        403 => "the server does not let this client do so",
        405 => "the server does not offer this operation",
        _ => return registration_error(stage, answer),
    };
    match registration_error(stage, answer) {
        Error::Server(mut error) => {
            Arc::make_mut(&mut error).hint = Some(hint.to_owned());
            Error::Server(error)
        }
        Error::Status(mut error) => {
            Arc::make_mut(&mut error).hint = Some(hint.to_owned());
            Error::Status(error)
        }
        other => other,
    }
}

fn registration_error(stage: &'static str, answer: &http::Response<Bytes>) -> Error {
    if let Err(error @ (Error::Server(_) | Error::Rule(_))) = super::members(stage, answer) {
        return error;
    }
    for challenge in www_authenticate::parse(answer.headers()) {
        if let Some(code) = challenge.param("error") {
            let mut error = ServerError::new(stage, code);
            error.description = challenge.param("error_description").map(str::to_owned);
            error.status = answer.status().as_u16();
            error.headers = answer.headers().clone();
            return Error::Server(Arc::new(error));
        }
    }
    Error::Status(Arc::new(StatusError::new(stage, answer)))
}

fn token(kept: &Registration) -> Result<&Secret> {
    kept.registration_access_token.as_ref().ok_or_else(|| cannot_be_managed("registration_access_token"))
}

fn cannot_be_managed(lacks: &str) -> Error {
    Error::config(
        format!("the registration has no {lacks}, so it can't be read, updated or deleted"),
        "the server does not offer it (RFC 7592), or it was not kept",
    )
}

impl Client {
    /// What a client is registered as by now. The registration that comes back takes the place of the kept one: keep it, since
    /// secret and registration access token may be new.
    ///
    /// # Errors
    /// As [`judge`]; [`Error::Config`] where the registration can't be managed, or its URL is at another origin than the
    /// server's.
    pub async fn read_registration(&self, kept: &Registration) -> Result<Registration> {
        let url = self.configuration_url(kept).await?;
        judged(READ, &self.exchange(READ, read_request(&url, kept)?).await?, kept)
    }

    /// Registers a client as `metadata`, whole: begin with the kept registration's metadata, since what is left out is asked to
    /// be gone. The registration that comes back takes the place of the kept one, as in
    /// [`read_registration`](Self::read_registration).
    ///
    /// # Errors
    /// As [`read_registration`](Self::read_registration).
    pub async fn update_registration(&self, kept: &Registration, metadata: &ClientMetadata) -> Result<Registration> {
        let url = self.configuration_url(kept).await?;
        judged(UPDATE, &self.exchange(UPDATE, update_request(&url, kept, metadata)?).await?, kept)
    }

    /// Has the server forget a client, its secret and its tokens.
    ///
    /// # Errors
    /// As [`read_registration`](Self::read_registration).
    pub async fn delete_registration(&self, kept: &Registration) -> Result<()> {
        let url = self.configuration_url(kept).await?;
        judge_deletion(&self.exchange(DELETE, delete_request(&url, kept)?).await?)
    }

    /// The URL came in an answer, so it goes nowhere but to the server that gave it, unless the caller says otherwise: secret and
    /// token go there, and the program must not be sent about its own network.
    async fn configuration_url(&self, kept: &Registration) -> Result<Url> {
        let text = kept.registration_client_uri.as_deref();
        let text = text.ok_or_else(|| cannot_be_managed("registration_client_uri"))?;
        if let Some(fault) = fault(text) {
            return Err(Error::config(format!("the registration_client_uri: {fault}"), "register anew"));
        }
        let url = self.endpoint_url("the registration_client_uri", text)?;
        let metadata = self.metadata().await?;
        if let (Some(registered), Some(issuer)) = (&kept.issuer, &metadata.issuer)
            && !metadata.issues_as(registered)
        {
            return Err(Error::config(
                format!("the registration is one at {registered}, and this client one of {issuer}"),
                "use a client of the server that registered it",
            ));
        }
        let origin = wire::url::origin(&url);
        if self.inner.config.registration_origins.contains(&origin) || own_origins(&metadata).any(|own| own == origin) {
            return Ok(url);
        }
        Err(RuleViolation::new(READ, "registration_client_uri is at the server's own origin", "RFC 7592 section 5")
            .expected(own_origins(&metadata).collect::<Vec<_>>().join(" or "))
            .got(origin)
            .hint("if the server manages its clients there, say so with trusted_registration_origin(..)")
            .into())
    }
}

fn own_origins(metadata: &AuthorizationServer) -> impl Iterator<Item = String> {
    let AuthorizationServer { registration_endpoint, issuer, .. } = metadata;
    let urls = registration_endpoint.iter().chain(issuer).filter_map(|url| Url::parse(url).ok());
    urls.map(|url| wire::url::origin(&url))
}

impl Config {
    #[doc(hidden)]
    pub fn add_registration_origin(&mut self, url: &str) {
        // One that is no URL trusts nobody.
        self.registration_origins.extend(Url::parse(url).ok().map(|url| wire::url::origin(&url)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kept() -> Registration {
        serde_json::from_value(json!({
            "issuer": "https://as.example", "client_id": "c", "client_secret": "s1", "client_secret_expires_at": 9,
            "registration_access_token": "t1", "registration_client_uri": "https://as.example/r/c",
        }))
        .unwrap()
    }

    fn answer(status: u16, body: &str) -> http::Response<Bytes> {
        http::Response::builder().status(status).body(Bytes::from(body.to_owned())).unwrap()
    }

    #[test]
    fn what_an_answer_does_not_say_stays_and_what_it_says_is_new() {
        let same = judge(&answer(200, r#"{"client_id":"c"}"#), &kept()).unwrap();
        assert_eq!(same, kept());
        let body = r#"{"client_id":"c","client_secret":"s2","client_secret_expires_at":0,"registration_access_token":"t2",
            "registration_client_uri":"https://as.example/r/2","client_name":"A"}"#;
        let new = judge(&answer(200, body), &kept()).unwrap();
        assert_eq!(new.client_secret, Some("s2".into()));
        assert_eq!(new.client_secret_expires_at, None, "the old secret's end is not the new one's");
        assert_eq!(new.registration_access_token, Some("t2".into()));
        assert_eq!(new.registration_client_uri.as_deref(), Some("https://as.example/r/2"));
        assert_eq!((new.issuer, new.metadata.client_name), (kept().issuer, Some("A".to_owned())));
    }

    #[test]
    fn client_id_does_not_change() {
        let error = judge(&answer(200, r#"{"client_id":"other"}"#), &kept()).unwrap_err();
        assert!(error.to_string().contains("client_id does not change"), "{error}");
    }

    #[test]
    fn a_client_that_was_deleted_is_told_plainly() {
        let bare = judge(&answer(401, ""), &kept()).unwrap_err();
        assert_eq!((bare.status(), bare.server_error()), (Some(401), None));
        let mut challenged = answer(401, "");
        challenged.headers_mut().insert("www-authenticate", "Bearer error=\"invalid_token\"".parse().unwrap());
        let told = judge(&challenged, &kept()).unwrap_err();
        assert_eq!((told.status(), told.server_error()), (Some(401), Some("invalid_token")));
        for error in [bare, told] {
            assert!(error.hint().unwrap().contains("deleted"), "{error}");
        }
    }

    #[test]
    fn a_deletion_is_204_or_200() {
        for good in [answer(204, ""), answer(200, ""), answer(200, "{}")] {
            judge_deletion(&good).unwrap();
        }
        assert_eq!(judge_deletion(&answer(202, "")).unwrap_err().code(), "rule_violation");
        assert_eq!(judge_deletion(&answer(200, r#"{"error":"x"}"#)).unwrap_err().server_error(), Some("x"));
        assert_eq!(
            judge_deletion(&answer(405, "")).unwrap_err().hint(),
            Some("the server does not offer this operation")
        );
        assert_eq!(judge_deletion(&answer(302, "")).unwrap_err().code(), "rule_violation");
    }
}
