//! Dynamic client registration: [RFC 7591](https://www.rfc-editor.org/rfc/rfc7591) and
//! [OpenID Connect Registration 1.0](https://openid.net/specs/openid-connect-registration-1_0.html). What may be done with a
//! registration later is [`client_configuration`](super::client_configuration).

use crate::client::{Client, Config, Server};
use crate::client_auth::{
    self, ClientAuth, ClientSecretBasic, ClientSecretJwt, ClientSecretPost, Credentials, SelfSignedTlsClientAuth,
    TlsClientAuth,
};
use crate::endpoint::discovery::{IssuerPolicy, Where};
use crate::error::{Error, Excerpt, Result, RuleViolation};
use crate::metadata::client::{ClientMetadata, SERVERS_OWN};
use crate::ports::{ParsedUrl, Ports, Request};
use crate::token_type::certificate_bound::CertificateBound;
use crate::wire::json;
use crate::{Secret, Token, UnixTime};
use bytes::Bytes;
use grantee_jose::SignatureAlgorithm;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use url::Url;

const STAGE: &str = "client registration";

/// A client as a server has registered it. Keep it, as a secret: it says who the client is, and whoever has it is this client.
///
/// ```
/// use grantee_core::UnixTime;
/// use grantee_core::endpoint::registration::Registration;
///
/// let kept = r#"{"client_id": "s6BhdRkqt3", "client_secret": "cf136dc3", "client_secret_expires_at": 2893276800}"#;
/// let registration: Registration = serde_json::from_str(kept)?;
/// assert!(!registration.is_secret_expired(UnixTime::from_seconds(2_893_276_799)));
/// assert!(registration.is_secret_expired(UnixTime::from_seconds(2_893_276_800)));
/// assert!(!format!("{registration:?}").contains("cf136dc3"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Registration {
    /// The server's name, where one is known. A client is used at no other server.
    pub issuer: Option<String>,
    /// REQUIRED. The client's identifier.
    pub client_id: String,
    /// OPTIONAL. The client's secret.
    pub client_secret: Option<Secret>,
    /// OPTIONAL. When the identifier was given.
    pub client_id_issued_at: Option<UnixTime>,
    /// When the secret ends; `None` where it does not, which servers write as 0.
    pub client_secret_expires_at: Option<UnixTime>,
    /// OPTIONAL. The token by which this registration is read, updated and deleted (RFC 7592 section 3).
    pub registration_access_token: Option<Secret>,
    /// OPTIONAL. Where this registration is read, updated and deleted (RFC 7592 section 3).
    pub registration_client_uri: Option<String>,
    /// What the client is registered as, which may be other than what was asked for.
    pub metadata: ClientMetadata,
}

/// A member that the server registered otherwise than it was asked to (RFC 7591 section 3.2.1).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// Its name.
    pub member: String,
    /// What was asked for.
    pub asked: Value,
    /// What the server says in its place; `None` where it says nothing.
    pub registered: Option<Value>,
}

impl Registration {
    /// Whether the secret has ended: then the client registers anew, or asks for a new one by reading or updating its
    /// registration, as the server has it.
    pub fn is_secret_expired(&self, now: UnixTime) -> bool {
        self.client_secret.is_some() && self.client_secret_expires_at.is_some_and(|end| end <= now)
    }

    /// The members that the server registered otherwise than `asked`. What it added of its own is not among them; the order in a
    /// list does not count.
    pub fn changed_from(&self, asked: &ClientMetadata) -> Vec<Change> {
        let registered = self.metadata.members();
        let differs = |name: &String, asked: &Value| match registered.get(name) {
            Some(registered) => !means_the_same(name, asked, registered),
            None => true,
        };
        let asked = asked.members().into_iter().filter(|(name, asked)| {
            // What it vouches for stands in the other members.
            name != "software_statement" && differs(name, asked)
        });
        asked.map(|(member, asked)| Change { registered: registered.get(&member).cloned(), member, asked }).collect()
    }
}

fn means_the_same(name: &str, one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.iter().all(|element| other.contains(element)) && other.iter().all(|element| one.contains(element))
        }
        (Value::String(one), Value::String(other)) if name == "scope" => {
            crate::Scope::from(one).same_set(&crate::Scope::from(other))
        }
        _ => one == other,
    }
}

/// A registration request (RFC 7591 section 3.1), with an initial access token where the server wants one.
///
/// # Errors
/// [`Error::Config`] for metadata that can't be sent: keys in two places, a private key, members that are the server's to give.
pub fn request(url: &Url, asked: &ClientMetadata, initial_access_token: Option<&Secret>) -> Result<Request> {
    json_request(Method::POST, url, Some(asked.to_send()?), initial_access_token)
}

/// A request with a JSON object in it, authorized by a Bearer token.
pub(super) fn json_request(
    method: Method,
    url: &Url,
    body: Option<Map<String, Value>>,
    token: Option<&Secret>,
) -> Result<Request> {
    let mut request = http::Request::new(Bytes::new());
    *request.method_mut() = method;
    *request.uri_mut() = url
        .as_str()
        .parse()
        .map_err(|_| Error::config("the registration's URL is not one that HTTP can carry", "look at the metadata"))?;
    request.extensions_mut().insert(ParsedUrl(url.clone()));
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(token) = token {
        headers.insert(AUTHORIZATION, HeaderValue::try_from(&Token::bearer(token))?);
    }
    if let Some(body) = body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Bytes::from(Value::Object(body).to_string());
    }
    Ok(request)
}

/// Judges the answer (RFC 7591 section 3.2). What the server changed is taken: [`Registration::changed_from`] tells.
///
/// # Errors
/// [`Error::Server`] with such as `invalid_redirect_uri` or `invalid_client_metadata`; as
/// [`token::judge`](super::token::judge); [`Error::Rule`] where there is no `client_id`.
pub fn judge(answer: &http::Response<Bytes>) -> Result<Registration> {
    read(STAGE, super::members(STAGE, answer)?)
}

pub(super) fn read(stage: &'static str, mut members: Map<String, Value>) -> Result<Registration> {
    let text = |name: &str| json::text(&members, name).filter(|text| !text.is_empty());
    let Some(client_id) = text("client_id") else {
        return Err(RuleViolation::new(stage, "the answer names the client", "RFC 7591 section 3.2.1")
            .expected("client_id as a string")
            .got(json::kind(members.get("client_id")))
            .into());
    };
    let client_secret = text("client_secret").map(Secret::new);
    let registration_access_token = text("registration_access_token").map(Secret::new);
    let registration_client_uri = text("registration_client_uri");
    let client_id_issued_at = members.get("client_id_issued_at").and_then(time);
    let client_secret_expires_at = members.get("client_secret_expires_at").and_then(time);
    members.retain(|name, _| !SERVERS_OWN.contains(&name.as_str()));
    Ok(Registration {
        issuer: None,
        client_id,
        client_secret,
        client_id_issued_at,
        client_secret_expires_at,
        registration_access_token,
        registration_client_uri,
        metadata: ClientMetadata::from(members),
    })
}

/// Seconds since the epoch, as a number or in a string; 0 says that there is no such time.
fn time(value: &Value) -> Option<UnixTime> {
    let value = match value {
        Value::String(text) => Value::Number(text.trim().parse().ok()?),
        other => other.clone(),
    };
    serde_json::from_value(value).ok().filter(|time: &UnixTime| time.seconds() != 0)
}

/// A registration that has just been made, and the way to its client.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Registered {
    /// What the server answered. Keep it before anything else: the server has the client, and tells its secrets once.
    pub registration: Registration,
    /// The client as it was configured before it was one.
    unregistered: Client,
}

impl Registered {
    /// The client, expecting what the server has registered. It shares metadata, connections and counters with the one that
    /// registered.
    ///
    /// # Errors
    /// [`Error::Config`] where it was registered for what can't work here, such as a key that nobody has handed over.
    pub fn client(&self) -> Result<Client> {
        let mut config = self.unregistered.inner.config.clone();
        config.set_registration(&self.registration);
        self.unregistered.configured(config)
    }

    #[doc(hidden)]
    pub fn unregistered(&self) -> &Client {
        &self.unregistered
    }
}

impl Client {
    /// Registers a client that is configured in all but its identifier and secret.
    ///
    /// # Errors
    /// [`Error::Server`] when the server says no; [`Error::Config`] where the metadata of client or server can't work. After an
    /// [`Error::Transport`] the server may have registered a client that nobody knows.
    pub async fn register(config: Config, ports: Ports, asked: &ClientMetadata) -> Result<Registered> {
        let unregistered = Client::unregistered(config, ports)?;
        let metadata = unregistered.metadata().await?;
        let url = unregistered.url_of(&metadata, "registration_endpoint")?;
        let token = unregistered.inner.config.initial_access_token.as_ref();
        let answer = unregistered.exchange(STAGE, request(&url, asked, token)?).await?;
        let mut registration = judge(&answer).map_err(|error| explained(error, token.is_some()))?;
        registration.issuer.clone_from(&metadata.issuer);
        tracing::info!(issuer = metadata.issuer.as_deref(), client_id = registration.client_id, "client registered");
        for change in registration.changed_from(asked) {
            tracing::warn!(member = change.member, "the server registered another value than was asked for");
        }
        Ok(Registered { registration, unregistered })
    }
}

fn explained(mut error: Error, with_token: bool) -> Error {
    if let (Error::Status(status), false) = (&mut error, with_token)
        && matches!(status.status, 401 | 403)
    {
        let hint = "this server may want an initial access token: initial_access_token(..) (RFC 7591 section 3)";
        Arc::make_mut(status).hint = Some(hint.to_owned());
    }
    error
}

/// How a client authenticates, as it is registered, until what it has to show is known.
#[derive(Clone)]
pub(crate) struct RegisteredAuth {
    issuer: Option<String>,
    method: Option<String>,
    alg: Option<String>,
}

impl Config {
    #[doc(hidden)]
    pub fn set_initial_access_token(&mut self, token: Secret) {
        self.initial_access_token = Some(token);
    }

    #[doc(hidden)]
    pub fn set_registration(&mut self, kept: &Registration) {
        let metadata = &kept.metadata;
        // A key that was handed over stays.
        let secret = kept.client_secret.clone();
        match &self.credentials {
            Credentials::Key(_) => (self.client_id, self.secret) = (kept.client_id.clone(), secret),
            _ => self.set_client(kept.client_id.clone(), secret),
        }
        self.registered = Some(RegisteredAuth {
            issuer: kept.issuer.clone(),
            method: metadata.token_endpoint_auth_method.clone(),
            alg: metadata.token_endpoint_auth_signing_alg.clone(),
        });
        if let Some([only]) = metadata.redirect_uris.as_deref() {
            self.set_redirect_uri(only.clone());
        }
        // A128CBC-HS256 where a content encryption is not named (OpenID Connect Registration section 2, RFC 9701 section 6).
        let enc = |enc: &Option<String>| enc.clone().unwrap_or_else(|| "A128CBC-HS256".to_owned());
        if let Some(alg) = &metadata.id_token_signed_response_alg {
            self.set_id_token_alg(Some(alg.clone()));
        }
        if let Some(alg) = &metadata.id_token_encrypted_response_alg {
            self.set_id_token_encryption(alg.clone(), enc(&metadata.id_token_encrypted_response_enc));
        }
        if let Some(alg) = &metadata.userinfo_signed_response_alg {
            self.set_userinfo_alg(alg.clone());
        }
        if let Some(alg) = &metadata.userinfo_encrypted_response_alg {
            self.set_userinfo_encryption(alg.clone(), enc(&metadata.userinfo_encrypted_response_enc));
        }
        if let Some(alg) = &metadata.introspection_signed_response_alg {
            self.set_introspection_alg(alg.clone());
        }
        if let Some(alg) = &metadata.introspection_encrypted_response_alg {
            self.set_introspection_encryption(alg.clone(), enc(&metadata.introspection_encrypted_response_enc));
        }
        if let Some(alg) = &metadata.authorization_signed_response_alg {
            self.set_authorization_alg(alg.clone());
        }
        if let Some(alg) = &metadata.authorization_encrypted_response_alg {
            self.set_authorization_encryption(alg.clone(), enc(&metadata.authorization_encrypted_response_enc));
        }
        if metadata.require_pushed_authorization_requests == Some(true) {
            self.set_par();
        }
        if metadata.tls_client_certificate_bound_access_tokens == Some(true) && !self.token_type.needs_proof() {
            self.set_token_type(Arc::new(CertificateBound));
        }
        if metadata.frontchannel_logout_session_required == Some(true) {
            self.set_frontchannel_logout_session_required();
        }
    }

    /// Settles how a registered client authenticates, when all that it has to show has been handed over.
    ///
    /// # Errors
    /// [`Error::Config`] where something is missing, and for a registration at another server.
    pub(crate) fn settle(&mut self) -> Result<()> {
        let Some(registered) = self.registered.take() else { return Ok(()) };
        self.only_where_registered(registered.issuer.as_deref())?;
        // What the caller chose goes before.
        if matches!(self.credentials, Credentials::Method(_)) {
            return Ok(());
        }
        let alg = match registered.alg.as_deref() {
            Some(name) => Some(SignatureAlgorithm::from_name(name).ok_or_else(|| {
                Error::config(
                    format!("the client is registered to sign by {}, which is not known here", Excerpt(name)),
                    "choose the method yourself with auth(…)",
                )
            })?),
            None => None,
        };
        let lacks = |what: &str, method: &str, hint: &str| {
            Error::config(format!("the client is registered for {method} and has no {what}"), hint)
        };
        let secret = |method: &str| {
            let hint = "register anew, or read the registration: the answer may hold one";
            self.secret.as_ref().ok_or_else(|| lacks("secret", method, hint))
        };
        let method: Arc<dyn ClientAuth> = match registered.method.as_deref() {
            None => return Ok(()),
            Some("none") => Arc::new(client_auth::None),
            Some(name @ "client_secret_basic") => {
                let method = ClientSecretBasic::new(secret(name)?);
                Arc::new(if self.basic_raw { method.raw() } else { method })
            }
            Some(name @ "client_secret_post") => Arc::new(ClientSecretPost::new(secret(name)?)),
            Some(name @ "client_secret_jwt") => {
                Arc::new(ClientSecretJwt::new(secret(name)?).alg(alg.unwrap_or(SignatureAlgorithm::Hs256)))
            }
            Some(name @ "private_key_jwt") => match (self.credentials.with_alg(alg)?, alg) {
                (Some(method), _) => method,
                // Whichever fits the key and is listed.
                (None, None) if matches!(self.credentials, Credentials::Key(_)) => return Ok(()),
                _ => {
                    return Err(lacks(
                        "key",
                        name,
                        "hand it over with client_key(id, key), or with auth(PrivateKeyJwt…)",
                    ));
                }
            },
            Some("tls_client_auth") => Arc::new(TlsClientAuth),
            Some("self_signed_tls_client_auth") => Arc::new(SelfSignedTlsClientAuth),
            Some(other) => {
                return Err(Error::config(
                    format!("the client is registered for {}, which is not known here", Excerpt(other)),
                    "choose the method yourself with auth(…)",
                ));
            }
        };
        self.credentials = Credentials::Method(method);
        Ok(())
    }

    /// A client's secrets are for the server that registered it.
    fn only_where_registered(&mut self, issuer: Option<&str>) -> Result<()> {
        let Some(issuer) = issuer else { return Ok(()) };
        let configured = match &self.server {
            // Under another name, as the caller says.
            _ if self.issuer_policy != IssuerPolicy::Exact => None,
            Server::Discover(Where::Issuer(issuer)) => Some(issuer),
            Server::Discover(Where::DocumentUrl { issuer, .. }) => issuer.as_ref(),
            Server::Discover(Where::Person(_)) => {
                // Whatever issuer the person's identifier leads to must be this one.
                self.members.issuer.get_or_insert_with(|| issuer.to_owned());
                None
            }
            Server::Literal => self.members.issuer.as_ref(),
        };
        match configured {
            Some(configured) if configured != issuer => Err(Error::config(
                format!("the client is registered at {}, not at {}", Excerpt(issuer), Excerpt(configured)),
                "its secrets are that server's: register at this one",
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(status: u16, body: &str) -> Result<Registration> {
        judge(&http::Response::builder().status(status).body(Bytes::from(body.to_owned())).unwrap())
    }

    #[test]
    fn any_2xx_with_a_client_id_is_a_registration() {
        for status in [200, 201] {
            let registration = answer(status, r#"{"client_id":"c","client_secret":"","own":1}"#).unwrap();
            assert_eq!((registration.client_id.as_str(), registration.client_secret), ("c", None));
            assert_eq!(registration.metadata.extra["own"], 1);
        }
    }

    #[test]
    fn an_answer_without_client_id_is_refused() {
        for body in ["{}", r#"{"client_id":""}"#, r#"{"client_id":["c"]}"#, "<html>", ""] {
            assert_eq!(answer(201, body).unwrap_err().code(), "rule_violation", "{body}");
        }
    }

    #[test]
    fn an_error_is_one_under_any_status() {
        for status in [200, 400] {
            let error = answer(status, r#"{"error":"invalid_redirect_uri","client_id":"c"}"#).unwrap_err();
            assert_eq!(error.server_error(), Some("invalid_redirect_uri"));
        }
    }

    #[test]
    fn a_secret_that_expires_at_0_never_does() {
        let at = |expires: Value| {
            let body = json!({"client_id": "c", "client_secret": "s", "client_secret_expires_at": expires}).to_string();
            answer(201, &body).unwrap().client_secret_expires_at
        };
        for never in [json!(0), json!("0"), json!(0.0), json!(null), json!("soon"), json!([1])] {
            assert_eq!(at(never), None);
        }
        for then in [json!(4_102_444_800_i64), json!("4102444800"), json!(4_102_444_800.0)] {
            assert_eq!(at(then), Some(UnixTime::from_seconds(4_102_444_800)));
        }
        let public: Registration =
            serde_json::from_value(json!({"client_id": "c", "client_secret_expires_at": 1})).unwrap();
        assert!(!public.is_secret_expired(UnixTime::from_seconds(2)), "there is none to expire");
    }

    #[test]
    fn what_the_server_changed_is_told() {
        let asked = ClientMetadata::new()
            .client_name("A")
            .redirect_uris(["https://a.example/1", "https://a.example/2"])
            .scope("read write")
            .grant_types(["refresh_token"])
            .software_statement("jwt");
        let body = json!({
            "client_id": "c",
            "redirect_uris": ["https://a.example/2", "https://a.example/1"],
            "scope": "write read",
            "grant_types": ["authorization_code"],
            "added": true,
        });
        let changed = answer(201, &body.to_string()).unwrap().changed_from(&asked);
        let told: Vec<_> = changed.iter().map(|change| (change.member.as_str(), change.registered.clone())).collect();
        assert_eq!(told, [("client_name", None), ("grant_types", Some(json!(["authorization_code"])))]);
    }

    #[test]
    fn what_is_kept_comes_back_and_debug_hides_its_secrets() {
        let body = json!({
            "client_id": "c", "client_secret": "s3cret-1", "registration_access_token": "s3cret-2",
            "registration_client_uri": "https://as.example/r/c", "client_id_issued_at": 1, "client_name": "A",
        });
        let registration = answer(201, &body.to_string()).unwrap();
        let kept = serde_json::to_string(&registration).unwrap();
        assert_eq!(serde_json::from_str::<Registration>(&kept).unwrap(), registration);
        assert!(!format!("{registration:?}").contains("s3cret"), "{registration:?}");
    }
}
