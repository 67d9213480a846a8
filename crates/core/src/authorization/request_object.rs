//! Request objects, [RFC 9101](https://www.rfc-editor.org/rfc/rfc9101) and
//! [OpenID Connect Core section 6](https://openid.net/specs/openid-connect-core-1_0.html#JWTRequests): the request as a JWT that is
//! signed, and encrypted where that is wanted, so that nobody on the way through the browser can change it, or read it.
//!
//! It goes by value (`request`), by a reference to where the program serves it (`request_uri`,
//! [`Client::start_by_reference`]), or is pushed, where requests are pushed ([`pushed`](super::pushed)).

use super::pending::Pending;
use super::request::{AuthorizationRequest, Prepared};
use crate::Secret;
use crate::client::Client;
use crate::client_auth::usual_algorithm;
use crate::error::{Error, Excerpt, Result};
use crate::metadata::{AuthorizationServer, TENANT};
use crate::oidc::jwt::secret_key;
use crate::oidc::rules::Encryption;
use crate::ports::Entropy;
use crate::rules::Rules;
use crate::{UnixTime, wire};
use grantee_jose::jws::{self, Header};
use grantee_jose::signer::Inline;
use grantee_jose::{
    BlockingSigner, EncryptionKey, ErrorKind, Jwk, SignatureAlgorithm, Signer, SigningKey, base64url, jwe,
};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The media type of a request object that is served to the authorization server (RFC 9101 section 9.4).
pub const CONTENT_TYPE: &str = "application/oauth-authz-req+jwt";

const TYP: &str = "oauth-authz-req+jwt";
const LONGEST: Duration = Duration::from_secs(3600);
/// Claims that are made here, each from what the client is.
const OWN_CLAIMS: [&str; 8] = ["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "client_id"];

/// How a client makes its request objects: `iss` and `client_id` are the client, `aud` is the issuer, `jti` is chance, `typ` is
/// `oauth-authz-req+jwt`, and five minutes later it is worthless. Made from any [`Signer`], too.
///
/// ```
/// use grantee_core::authorization::RequestObjects;
/// use grantee_core::jose::{Curve, Jwk, KeyKind};
/// use std::time::Duration;
///
/// let key = Jwk::generate(KeyKind::Curve(Curve::P256))?.with_kid("2026-11");
/// let objects = RequestObjects::from_key(&key)?.lifetime(Duration::from_secs(60)).not_before(Duration::from_secs(10));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RequestObjects {
    by: By,
    audience: Option<String>,
    lifetime: Duration,
    not_before: Duration,
    kid: Option<String>,
}

#[derive(Clone)]
enum By {
    Signer(Arc<dyn Signer>),
    Secret(SignatureAlgorithm),
    Nothing,
}

impl RequestObjects {
    /// Signed by a signer, which knows its algorithm. One that needs an async runtime is refused by a blocking client.
    pub fn new(signer: impl Signer + 'static) -> Self {
        Self::by(By::Signer(Arc::new(signer)))
    }

    /// Signed by a signer that holds the calling thread; also in an async client, whose thread it holds.
    pub fn blocking(signer: impl BlockingSigner + 'static) -> Self {
        Self::new(Inline(signer))
    }

    /// Signed with a private key, by the algorithm that its `alg` names, else by the usual one of its kind, as
    /// [`PrivateKeyJwt::from_key`](crate::client_auth::PrivateKeyJwt::from_key) chooses it.
    ///
    /// # Errors
    /// [`Error::Config`] where the key has no private part, is for something else, or is no key to sign with.
    pub fn from_key(key: &Jwk) -> Result<Self> {
        Ok(Self::new(SigningKey::new(key, usual_algorithm(key)?).map_err(not_made)?))
    }

    /// Signed with the client's secret (OpenID Connect Core section 6.1), by HS256, HS384 or HS512. Any other algorithm is an
    /// error when the client is built.
    pub fn by_secret(alg: SignatureAlgorithm) -> Self {
        Self::by(By::Secret(alg))
    }

    pub(super) fn unsigned() -> Self {
        Self::by(By::Nothing)
    }

    fn by(by: By) -> Self {
        Self { by, audience: None, lifetime: Duration::from_secs(300), not_before: Duration::ZERO, kid: None }
    }

    /// How long one serves, in whole seconds: from one second to one hour, five minutes where this is not called.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// How long before `iat` its `nbf` lies, for a server whose clock is behind; together with the lifetime at most an hour
    /// (FAPI 2.0 Message Signing section 5.3.1). Both are the same where this is not called.
    #[must_use]
    pub fn not_before(mut self, before_iat: Duration) -> Self {
        self.not_before = before_iat;
        self
    }

    /// The `aud`, in the place of the issuer. Take it from where the client was registered, never from metadata.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// The header's `kid`, in the place of the signer's own.
    #[must_use]
    pub fn kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// The registered name of the algorithm; `none` where it is not signed.
    pub fn algorithm(&self) -> &'static str {
        match &self.by {
            By::Signer(signer) => signer.algorithm().name(),
            By::Secret(alg) => alg.name(),
            By::Nothing => "none",
        }
    }

    /// Whether it names another audience than the issuer, by the program's choice.
    pub(crate) fn has_own_audience(&self) -> bool {
        self.audience.is_some()
    }

    pub(super) fn needs_reactor(&self) -> bool {
        matches!(&self.by, By::Signer(signer) if signer.needs_reactor())
    }

    pub(super) fn check(&self, has_secret: bool) -> Result<()> {
        match self.by {
            By::Secret(alg) if !alg.is_symmetric() => {
                return Err(Error::config(
                    format!("request objects can't be signed by {alg} with the client's secret"),
                    "use HS256, HS384 or HS512; for a private key hand over a signer",
                ));
            }
            By::Secret(alg) if !has_secret => {
                return Err(Error::config(
                    format!("request objects signed by {alg} need the client's secret, and there is none"),
                    "hand it over with client(id, secret)",
                ));
            }
            _ => {}
        }
        let whole = self.lifetime.checked_add(self.not_before);
        if self.lifetime < Duration::from_secs(1) || whole.is_none_or(|whole| whole > LONGEST) {
            return Err(Error::config(
                "a request object lives one second to one hour, what not_before(..) adds included",
                "give it a shorter lifetime(..)",
            ));
        }
        Ok(())
    }

    /// Signs what is asked, with the claims that say for whom, from whom and until when.
    pub(crate) async fn sign(&self, mut claims: Map<String, Value>, typ: &str, making: &Making<'_>) -> Result<String> {
        // A template for the issuers of many tenants names no server.
        let issuer = making.issuer.filter(|issuer| !issuer.contains(TENANT));
        let audience = self.audience.as_deref().or(issuer).ok_or_else(|| {
            Error::config("a request object names the issuer, and none is known", "give the client its issuer(..)")
        })?;
        // 128 bits: nobody has the same one twice.
        let mut jti = [0; 16];
        making.entropy.fill(&mut jti)?;
        for (name, value) in [
            ("iss", Value::from(making.client_id)),
            ("aud", audience.into()),
            ("iat", making.now.seconds().into()),
            ("nbf", making.now.before(self.not_before).seconds().into()),
            ("exp", making.now.after(self.lifetime).seconds().into()),
            ("jti", base64url::encode(jti).into()),
        ] {
            claims.insert(name.to_owned(), value);
        }
        let payload = Value::Object(claims).to_string();
        let mut header = Header::new().with_typ(typ);
        header.kid.clone_from(&self.kid);
        let signed = match &self.by {
            By::Signer(signer) => jws::sign(&header, payload.as_bytes(), &**signer).await,
            By::Secret(alg) => {
                let secret = making.secret.map(Secret::reveal).unwrap_or_default();
                SigningKey::from_secret(secret.as_bytes(), *alg)
                    .and_then(|key| jws::sign_blocking(&header, payload.as_bytes(), &key))
            }
            By::Nothing => {
                let header = format!("{{\"alg\":\"none\",\"typ\":{}}}", Value::from(typ));
                return Ok(format!("{}.{}.", base64url::encode(header), base64url::encode(payload)));
            }
        };
        signed.map_err(not_made)
    }
}

/// Any signer makes request objects as they are made by default.
impl<S: Signer + 'static> From<S> for RequestObjects {
    fn from(signer: S) -> Self {
        Self::new(signer)
    }
}

impl std::fmt::Debug for RequestObjects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestObjects")
            .field("alg", &self.algorithm())
            .field("audience", &self.audience)
            .field("lifetime", &self.lifetime)
            .field("not_before", &self.not_before)
            .finish_non_exhaustive()
    }
}

/// What a request object is made with, beside what it asks.
pub(crate) struct Making<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) issuer: Option<&'a str>,
    pub(crate) secret: Option<&'a Secret>,
    pub(crate) now: UnixTime,
    pub(crate) entropy: &'a dyn Entropy,
}

impl Client {
    /// Starts an authorization whose request object the program serves at `request_uri`, with [`CONTENT_TYPE`], before the person
    /// is sent off: the URL to send them to, what the callback must be checked against, and the request object. Most requests go
    /// by value or are pushed, which [`start`](Self::start) does; this is for a server that fetches them.
    ///
    /// Nobody must be able to guess the URI (RFC 9101 section 5.2.1).
    ///
    /// # Errors
    /// [`Error::Config`] when the client has no signer, or the server takes no reference; as [`start`](Self::start).
    pub async fn start_by_reference(
        &self,
        request: AuthorizationRequest,
        request_uri: &str,
    ) -> Result<(Url, Pending, String)> {
        let metadata = self.metadata().await?;
        let prepared = self.prepare(request.request_object(true), &metadata).await?;
        let rules = self.inner.config.rules;
        if prepared.wants_push()
            || metadata.require_pushed_authorization_requests == Some(true)
            || rules.is_some_and(Rules::pushes)
        {
            return Err(Error::config(
                "a request that is pushed can't be one by reference",
                "use start(..), which pushes the request object (RFC 9126 section 2.1)",
            ));
        }
        if metadata.request_uri_parameter_supported == Some(false) {
            return Err(Error::config(
                "the server takes no request_uri (request_uri_parameter_supported)",
                "use start(..), which sends the request object by value",
            ));
        }
        let url = wire::url::parse("the request_uri", request_uri)?;
        wire::url::confidential("the request_uri", &url, self.allows_http())?;
        if request_uri.len() > 512 || !request_uri.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::config(
                "the request_uri is not at most 512 visible characters of ASCII",
                "give it a shorter one (RFC 9101 section 5.2)",
            ));
        }
        let object = self.request_object(&metadata, &prepared).await?.unwrap_or_default();
        let url = prepared.url_with(outside(&prepared, rules), &[("request_uri", request_uri)]);
        Ok((self.started(&metadata, &url).await?, prepared.pending, object))
    }

    /// The request object of a request, where it is to have one.
    pub(crate) async fn request_object(
        &self,
        metadata: &AuthorizationServer,
        prepared: &Prepared,
    ) -> Result<Option<String>> {
        let config = &self.inner.config;
        let required = metadata.require_signed_request_object == Some(true);
        let objects = match (prepared.wants_request_object(), &config.authorization.request_objects) {
            (Some(false), _) if required => {
                return Err(Error::config(
                    "the server requires signed requests (require_signed_request_object), and this one is to have none",
                    "leave request_object(false) out (RFC 9101 section 10.5)",
                ));
            }
            (Some(false), _) | (None, None) if !required => return Ok(None),
            (_, Some(objects)) => objects,
            _ if required => {
                return Err(Error::config(
                    "the server requires signed requests (require_signed_request_object), and the client has no signer for them",
                    "hand one over with request_object(..) where the client is built (RFC 9101 section 10.5)",
                ));
            }
            _ => {
                return Err(Error::config(
                    "a signed request is asked for, and the client has no signer for it",
                    "hand one over with request_object(..) where the client is built",
                ));
            }
        };
        if required && matches!(objects.by, By::Nothing) {
            return Err(Error::config(
                "the server requires signed requests (require_signed_request_object), and the client's are unsigned",
                "hand over a signer with request_object(..) where the client is built",
            ));
        }
        check_listed(
            "request objects are signed by",
            objects.algorithm(),
            "request_object_signing_alg_values_supported",
            metadata.request_object_signing_alg_values_supported.as_deref(),
        )?;
        if let Some(name) = prepared.own_names().find(|name| OWN_CLAIMS.contains(name)) {
            return Err(Error::config(
                format!("a request object can't take {name:?} by param(..)"),
                "it is a claim that is made by itself; RequestObjects has what can be set",
            ));
        }
        let making = Making {
            client_id: self.client_id(),
            issuer: metadata.issuer.as_deref(),
            secret: config.secret.as_ref(),
            now: self.now(),
            entropy: &*self.inner.ports.entropy,
        };
        let signed = objects.sign(prepared.claims(), TYP, &making).await?;
        match &config.authorization.encryption {
            None => Ok(Some(signed)),
            Some(encryption) => Box::pin(self.encrypt_request(metadata, &signed, encryption)).await.map(Some),
        }
    }

    /// Encrypts to a key of the server's, or with the client's secret (OpenID Connect Core section 10.2).
    async fn encrypt_request(
        &self,
        metadata: &AuthorizationServer,
        signed: &str,
        encryption: &Encryption,
    ) -> Result<String> {
        let (alg, enc) = encryption.parsed()?;
        for (what, name, member, listed) in [
            (
                "request objects are encrypted by",
                alg.name(),
                "request_object_encryption_alg_values_supported",
                &metadata.request_object_encryption_alg_values_supported,
            ),
            (
                "request objects are encrypted by",
                enc.name(),
                "request_object_encryption_enc_values_supported",
                &metadata.request_object_encryption_enc_values_supported,
            ),
        ] {
            check_listed(what, name, member, listed.as_deref())?;
        }
        let key = match secret_key(alg, enc, self.inner.config.secret.as_ref())? {
            Some(key) => EncryptionKey::new(&key, alg).map_err(not_made)?,
            None => self.inner.keys.to_encrypt(self, "request object", alg).await?,
        };
        // Signed, then encrypted (RFC 9101 section 4).
        jwe::encrypt(&Header::new().with_cty("JWT"), signed.as_bytes(), &key, enc).map_err(not_made)
    }
}

/// What stands beside a request object in the URL: what OAuth 2.0 itself requires, where the server may be one of OpenID Connect
/// (its Core section 6.1); else the client alone (RFC 9101 section 5).
pub(crate) fn outside(prepared: &Prepared, rules: Option<Rules>) -> &'static [&'static str] {
    let openid = prepared.pending.scope.contains("openid") || rules.is_some_and(Rules::repeats_outside);
    if openid { &["response_type", "client_id", "scope"] } else { &["client_id"] }
}

/// That a request object can go by value, as far as the metadata tell.
pub(crate) fn check_by_value(metadata: &AuthorizationServer) -> Result<()> {
    if metadata.request_parameter_supported == Some(false) {
        return Err(Error::config(
            "the server takes no request object by value (request_parameter_supported)",
            "push it, with par() on the client, or serve it, with start_by_reference(..)",
        ));
    }
    Ok(())
}

fn check_listed(what: &str, name: &str, member: &str, listed: Option<&[String]>) -> Result<()> {
    match listed {
        Some(listed) if !listed.iter().any(|one| one == name) => Err(Error::config(
            format!("{what} {name}, and the server takes {} ({member})", Excerpt(&listed.join(", "))),
            "configure what the client is registered for and the server takes",
        )),
        _ => Ok(()),
    }
}

/// Why there is none: the key does not fit, or the signer failed.
fn not_made(error: grantee_jose::Error) -> Error {
    if error.kind() == ErrorKind::External {
        return Error::Callback { what: "request object", source: Arc::new(error) };
    }
    Error::config(
        format!("the request object can't be made: {error}"),
        "look at the keys and algorithms that request_object(..) and request_object_encryption(..) were given",
    )
}
