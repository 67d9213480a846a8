//! JWT bearer grant, [RFC 7523 section 2.1](https://www.rfc-editor.org/rfc/rfc7523#section-2.1), with the audience of
//! draft-ietf-oauth-rfc7523bis.

use super::{Grant, GrantContext, TokenParameters, token_parameters};
use crate::Secret;
use crate::client_auth::{read_pem, usual_algorithm};
use crate::error::{Error, Result};
use crate::metadata::TENANT;
use crate::ports::BoxFuture;
use crate::wire::form::Params;
use grantee_jose::jws::{self, Header};
use grantee_jose::signer::Inline;
use grantee_jose::{BlockingSigner, ErrorKind, Jwk, Signer, SigningKey, base64url, sha256};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Claims and header members with a method of their own, and members that change what is signed.
const OWN_CLAIMS: [&str; 7] = ["aud", "exp", "iat", "iss", "jti", "nbf", "sub"];
const OWN_HEADER: [&str; 6] = ["alg", "b64", "crit", "cty", "kid", "typ"];

const LONGEST: Duration = Duration::from_secs(3600);

/// Exchanges a JWT that somebody else signed for a token. It serves once: a session on it needs the person again when its token
/// has expired and there is no refresh token.
///
/// With a key of one's own, [`signed`](Self::signed) makes the JWT anew whenever a token is due.
///
/// ```
/// use grantee_core::grant::JwtBearer;
/// use grantee_core::jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, SigningKey};
///
/// let given = JwtBearer::assertion("eyJhbGciOiJFUzI1NiJ9.e30.c2ln").scope("orders");
///
/// let key = Jwk::generate(KeyKind::Curve(Curve::P256))?.with_kid("16");
/// let signed = JwtBearer::signed(SigningKey::new(&key, SignatureAlgorithm::Es256)?)
///     .issuer("https://jwt-idp.example.com")
///     .subject("mailto:mike@example.com")
///     .claim("http://claims.example.com/member", true);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct JwtBearer {
    assertion: Secret,
    parameters: TokenParameters,
}

impl JwtBearer {
    /// REQUIRED. The JWT, as it was given.
    pub fn assertion(given: impl Into<Secret>) -> Self {
        Self { assertion: given.into(), parameters: TokenParameters::default() }
    }

    /// JWTs of one's own, each signed when it is needed. A signer that needs an async runtime is refused by a blocking client.
    pub fn signed(signer: impl Signer + 'static) -> SignedJwtBearer {
        SignedJwtBearer::new(Arc::new(signer))
    }

    /// As [`signed`](Self::signed), with a signer that holds the calling thread; also in an async client, whose thread it holds.
    pub fn signed_blocking(signer: impl BlockingSigner + 'static) -> SignedJwtBearer {
        Self::signed(Inline(signer))
    }

    /// As [`signed`](Self::signed), with a private key, by the algorithm that its `alg` names, else by the usual one of its kind.
    ///
    /// # Errors
    /// [`Error::Config`] where the key has no private part, is for something else, or is no key to sign with.
    pub fn signed_by_key(key: &Jwk) -> Result<SignedJwtBearer> {
        Ok(Self::signed(SigningKey::new(key, usual_algorithm(key)?).map_err(not_signed)?))
    }

    /// As [`signed_by_key`](Self::signed_by_key), with a private key in PEM, which names no `kid`.
    ///
    /// # Errors
    /// As [`signed_by_key`](Self::signed_by_key), and where the text holds no private key or an encrypted one.
    pub fn signed_by_pem(pem: &str) -> Result<SignedJwtBearer> {
        Self::signed_by_key(&read_pem(pem)?)
    }

    token_parameters!();
}

impl Grant for JwtBearer {
    fn grant_type(&self) -> &str {
        GRANT_TYPE
    }

    fn params<'a>(&'a self, _: GrantContext<'a>) -> BoxFuture<'a, Result<Params>> {
        Box::pin(async {
            // Section 2.1: a single JWT; signed it has three parts, encrypted five.
            let parts: Vec<&str> = self.assertion.reveal().split('.').collect();
            let encoded = |part: &&str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            if !matches!(parts.len(), 3 | 5) || parts[0].is_empty() || !parts.iter().all(encoded) {
                return Err(Error::config(
                    format!(
                        "the assertion given is no JWT: {} bytes in {} part(s)",
                        self.assertion.reveal().len(),
                        parts.len()
                    ),
                    "hand over the compact form, three parts of base64url with dots between them (RFC 7523 section 2.1)",
                ));
            }
            Ok(Params::new().with("assertion", &self.assertion))
        })
    }

    fn parameters(&self) -> &TokenParameters {
        &self.parameters
    }

    fn is_repeatable(&self) -> bool {
        false
    }
}

/// Gets a token by a JWT of one's own, made anew each time: a service that acts for itself or for people
/// ("assertion session", "service account"). Made by [`JwtBearer::signed`].
///
/// `iss` is the client unless [`issuer`](Self::issuer) says otherwise; `aud` the server's issuer (where none is configured, the
/// token endpoint); `jti` is chance; the JWT lives a minute.
#[derive(Clone)]
pub struct SignedJwtBearer {
    signer: Arc<dyn Signer>,
    issuer: Option<String>,
    subject: Option<String>,
    audience: Option<String>,
    lifetime: Duration,
    not_before: Option<Duration>,
    typ: Option<String>,
    kid: Option<String>,
    claims: Map<String, Value>,
    header: Map<String, Value>,
    scope_as_claim: bool,
    parameters: TokenParameters,
    identity: Option<String>,
}

impl SignedJwtBearer {
    fn new(signer: Arc<dyn Signer>) -> Self {
        Self {
            signer,
            issuer: None,
            subject: None,
            audience: None,
            lifetime: Duration::from_secs(60),
            not_before: None,
            typ: None,
            kid: None,
            claims: Map::new(),
            header: Map::new(),
            scope_as_claim: false,
            parameters: TokenParameters::default(),
            identity: None,
        }
    }

    /// `iss`, in the place of the client's identifier.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self.identified()
    }

    /// `sub`: whose token it is to be. RFC 7523 section 3 wants one, and some servers take its absence for the service itself.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self.identified()
    }

    /// `aud`, in the place of the server's issuer: for a server that takes its token endpoint alone, say. Take it from where the
    /// service was registered, never from metadata: whoever gets the JWT can show it to the server that its `aud` names.
    #[must_use]
    pub fn audience_claim(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// How long a JWT lives, in whole seconds: from one second to one hour, a minute where this is not called.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Adds `nbf`, this long before `iat` and at most an hour; zero makes both the same.
    #[must_use]
    pub fn not_before(mut self, before_iat: Duration) -> Self {
        self.not_before = Some(before_iat);
        self
    }

    /// The header's `typ`, which is left out where this is not called.
    #[must_use]
    pub fn typ(mut self, typ: impl Into<String>) -> Self {
        self.typ = Some(typ.into());
        self
    }

    /// The header's `kid`, in the place of the signer's own.
    #[must_use]
    pub fn kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// A further claim. One that has a method here, or is made here (`jti`), is an error when a token is asked for.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self.identified()
    }

    /// A further header member, such as `x5t#S256`. One that is made here (`alg`, `kid`, `typ`), or that changes what is signed,
    /// is an error when a token is asked for.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.header.insert(name.into(), value.into());
        self
    }

    /// Puts the scope into the claim `scope`, and not into a parameter: Google and others read it there alone.
    #[must_use]
    pub fn scope_as_claim(mut self) -> Self {
        self.scope_as_claim = true;
        self
    }

    token_parameters!();

    /// Two subjects of one service have a record each in a store. Other claims may name the subject too.
    fn identified(mut self) -> Self {
        let who = json!([self.issuer, self.subject, self.claims]).to_string();
        self.identity = Some(base64url::encode(sha256(who.as_bytes())));
        self
    }

    fn check(&self) -> Result<()> {
        let set = |name: &&&str| self.claims.contains_key(**name);
        if let Some(claim) = OWN_CLAIMS.iter().find(set) {
            return Err(Error::config(
                format!("the claim {claim} of a signed assertion can't be set by claim(..)"),
                "jti and iat are made anew; the others have issuer(..), subject(..), audience_claim(..), lifetime(..) and not_before(..)",
            ));
        }
        if self.scope_as_claim && self.claims.contains_key("scope") {
            return Err(Error::config("the scope is given as a claim twice", "call scope(..) alone"));
        }
        if let Some(member) = OWN_HEADER.iter().find(|member| self.header.contains_key(**member)) {
            return Err(Error::config(
                format!("the header member {member} of a signed assertion can't be set by header(..)"),
                "alg and kid are the key's, kid and typ have methods, and the others have no use here",
            ));
        }
        if !(Duration::from_secs(1)..=LONGEST).contains(&self.lifetime) {
            return Err(Error::config(
                format!("a signed assertion can't live {} s", self.lifetime.as_secs_f64()),
                "lifetime(..) takes one second to one hour",
            ));
        }
        match self.not_before {
            Some(before) if before > LONGEST => Err(Error::config(
                format!("a signed assertion can't begin {} s before it is made", before.as_secs_f64()),
                "not_before(..) takes an hour at the most",
            )),
            _ => Ok(()),
        }
    }

    fn claims(&self, context: GrantContext<'_>) -> Result<String> {
        // 128 bits: nobody has the same one twice, nor can guess it (RFC 7523 section 3, item 7).
        let mut jti = [0; 16];
        context.entropy.fill(&mut jti)?;
        // One string, and the issuer's where there is one: no other server takes it for its own (draft-ietf-oauth-rfc7523bis).
        let issuer = context.issuer.filter(|issuer| !issuer.contains(TENANT));
        let mut claims = self.claims.clone();
        let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        set("iss", self.issuer.as_deref().unwrap_or(context.client_id).into());
        set("aud", self.audience.as_deref().or(issuer).unwrap_or(context.token_endpoint).into());
        set("exp", context.now.after(self.lifetime).seconds().into());
        set("iat", context.now.seconds().into());
        set("jti", base64url::encode(jti).into());
        if let Some(subject) = &self.subject {
            set("sub", subject.as_str().into());
        }
        if let Some(before) = self.not_before {
            set("nbf", context.now.before(before).seconds().into());
        }
        if let Some(scope) = self.parameters.scope.as_ref().filter(|scope| self.scope_as_claim && !scope.is_empty()) {
            set("scope", scope.to_string().into());
        }
        Ok(Value::Object(claims).to_string())
    }
}

impl Grant for SignedJwtBearer {
    fn grant_type(&self) -> &str {
        GRANT_TYPE
    }

    fn params<'a>(&'a self, context: GrantContext<'a>) -> BoxFuture<'a, Result<Params>> {
        Box::pin(async move {
            self.check()?;
            let mut header = Header::new();
            header.typ.clone_from(&self.typ);
            header.kid.clone_from(&self.kid);
            header.other.clone_from(&self.header);
            let claims = self.claims(context)?;
            let signed = jws::sign(&header, claims.as_bytes(), &*self.signer).await.map_err(not_signed)?;
            Ok(Params::new().with("assertion", signed))
        })
    }

    fn parameters(&self) -> &TokenParameters {
        &self.parameters
    }

    fn sends_scope(&self) -> bool {
        !self.scope_as_claim
    }

    fn account(&self) -> Option<&str> {
        self.identity.as_deref()
    }

    fn is_refused_for_good(&self) -> bool {
        false
    }

    fn needs_reactor(&self) -> bool {
        self.signer.needs_reactor()
    }
}

// What claims and header members of the program's own hold is not known here, so only their names are shown.
impl std::fmt::Debug for SignedJwtBearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedJwtBearer")
            .field("alg", &self.signer.algorithm())
            .field("kid", &self.kid.as_deref().or(self.signer.key_id()))
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("lifetime", &self.lifetime)
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
            .field("header", &self.header.keys().collect::<Vec<_>>())
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

/// Why there is no signature: the key does not fit, or the signer failed.
pub(super) fn not_signed(error: grantee_jose::Error) -> Error {
    if error.kind() == ErrorKind::External {
        return Error::Callback { what: "signed assertion", source: Arc::new(error) };
    }
    Error::config(
        format!("the assertion can't be signed: {error}"),
        "the key must be a private one of the algorithm's type, and meant for signatures",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use grantee_jose::{Curve, KeyKind};

    fn signed() -> SignedJwtBearer {
        JwtBearer::signed_by_key(&Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap()).unwrap()
    }

    #[test]
    fn subjects_issuers_and_claims_make_different_records_and_nothing_else_does() {
        let of = |grant: SignedJwtBearer| Grant::account(&grant).map(str::to_owned);
        assert_eq!(of(signed()), None, "a client's own token needs no label");
        let alice = of(signed().subject("alice"));
        assert!(alice.is_some() && !alice.as_ref().unwrap().contains("alice"));
        assert_eq!(of(signed().lifetime(LONGEST).subject("alice").typ("t")), alice);
        for other in [signed().subject("bob"), signed().issuer("alice"), signed().subject("alice").claim("org", "1")] {
            assert_ne!(of(other), alice);
        }
    }

    #[test]
    fn debug_shows_no_assertion_and_no_claim() {
        let signed = signed().claim("own", "s3cret").header("x", "s3cret");
        assert!(!format!("{signed:?} {:?}", JwtBearer::assertion("s3cret")).contains("s3cret"));
    }
}
