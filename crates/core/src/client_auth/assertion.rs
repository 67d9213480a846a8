//! What both methods that sign a JWT share: [RFC 7523 sections 2.2 and 3](https://www.rfc-editor.org/rfc/rfc7523#section-2.2),
//! OpenID Connect Core section 9, and the audience of draft-ietf-oauth-rfc7523bis.

use super::{AuthContext, Draft};
use crate::Secret;
use crate::chance::Chance;
use crate::error::{Error, Result, ServerError};
use crate::metadata::TENANT;
use grantee_jose::jws::{Header, ReadyHeader};
use grantee_jose::{ErrorKind, Signer, base64url};
use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The `client_assertion_type` of a JWT (RFC 7523 section 2.2).
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Claims that a method makes itself, each from what the request is.
const OWN_CLAIMS: [&str; 7] = ["aud", "exp", "iat", "iss", "jti", "nbf", "sub"];

/// Header members that have a method of their own, and those that would change what is signed.
const OWN_HEADER: [&str; 6] = ["alg", "b64", "crit", "cty", "kid", "typ"];

const LONGEST: Duration = Duration::from_secs(3600);

/// How the assertions of one method are made.
#[derive(Clone)]
pub(super) struct Assertion {
    pub(super) audience: Option<String>,
    pub(super) lifetime: Duration,
    pub(super) not_before: Option<Duration>,
    pub(super) typ: Option<String>,
    pub(super) kid: Option<String>,
    pub(super) claims: Map<String, Value>,
    pub(super) header: Map<String, Value>,
    /// The header of all assertions, made with the first. Whatever changes it empties this.
    pub(super) ready: OnceLock<ReadyHeader>,
    pub(super) chance: Chance,
}

impl Default for Assertion {
    fn default() -> Self {
        Self {
            audience: None,
            lifetime: Duration::from_secs(60),
            not_before: None,
            typ: None,
            kid: None,
            claims: Map::new(),
            header: Map::new(),
            ready: OnceLock::new(),
            chance: Chance::default(),
        }
    }
}

/// The builder methods that both JWT methods share. Each holds an `assertion: Assertion`.
macro_rules! assertion_methods {
    () => {
        /// The `aud` of the assertions, in the place of the issuer: for a server that takes its token endpoint alone, say.
        ///
        /// Whoever gets an assertion can show it to the server that its `aud` names. Take the value from where the client was
        /// registered, never from metadata: a hostile server that may choose it has the client sign one for another server
        /// (audience injection, draft-ietf-oauth-rfc7523bis).
        #[must_use]
        pub fn audience(mut self, audience: impl Into<String>) -> Self {
            self.assertion.audience = Some(audience.into());
            self
        }

        /// How long an assertion lives, in whole seconds: from one second to one hour, a minute where this is not called.
        #[must_use]
        pub fn lifetime(mut self, lifetime: std::time::Duration) -> Self {
            self.assertion.lifetime = lifetime;
            self
        }

        /// Adds `nbf`, this long before `iat` and at most an hour; zero makes both the same. The time before it is for a server
        /// whose clock is behind.
        #[must_use]
        pub fn not_before(mut self, before_iat: std::time::Duration) -> Self {
            self.assertion.not_before = Some(before_iat);
            self
        }

        /// The header's `typ`, which is left out where this is not called. draft-ietf-oauth-rfc7523bis wants
        /// `client-authentication+jwt` of clients; several JWT libraries that servers use refuse any type that they do not know.
        #[must_use]
        pub fn typ(mut self, typ: impl Into<String>) -> Self {
            self.assertion.typ = Some(typ.into());
            self.assertion.ready = std::sync::OnceLock::new();
            self
        }

        /// A further claim. One that is made here already (`iss`, `sub`, `aud`, `exp`, `iat`, `nbf`, `jti`) is an error when the
        /// client is built.
        #[must_use]
        pub fn claim(mut self, name: impl Into<String>, value: impl Into<crate::jose::Value>) -> Self {
            self.assertion.claims.insert(name.into(), value.into());
            self
        }

        /// A further header member, such as `x5t#S256`. One that is made here already, or that changes what is signed (`alg`,
        /// `kid`, `typ`, `cty`, `crit`, `b64`), is an error when the client is built.
        #[must_use]
        pub fn header(mut self, name: impl Into<String>, value: impl Into<crate::jose::Value>) -> Self {
            self.assertion.header.insert(name.into(), value.into());
            self.assertion.ready = std::sync::OnceLock::new();
            self
        }
    };
}
pub(super) use assertion_methods;

impl Assertion {
    /// That it can be made at all.
    pub(super) fn check(&self) -> Result<()> {
        if let Some(claim) = self.claims.keys().find(|claim| OWN_CLAIMS.contains(&claim.as_str())) {
            return Err(Error::config(
                format!("the claim {claim} of a client assertion can't be set"),
                "iss and sub are the client_id, jti is chance; aud, exp and nbf have audience(…), lifetime(…) and not_before(…)",
            ));
        }
        if let Some(member) = self.header.keys().find(|member| OWN_HEADER.contains(&member.as_str())) {
            return Err(Error::config(
                format!("the header member {member} of a client assertion can't be set"),
                "alg and kid are the key's, typ has typ(…), and the others have no use here",
            ));
        }
        if !(Duration::from_secs(1)..=LONGEST).contains(&self.lifetime) {
            return Err(Error::config(
                format!("a client assertion can't live {} s", self.lifetime.as_secs_f64()),
                "lifetime(…) takes one second to one hour",
            ));
        }
        match self.not_before {
            Some(before) if before > LONGEST => Err(Error::config(
                format!("a client assertion can't begin {} s before it is made", before.as_secs_f64()),
                "not_before(…) takes an hour at the most",
            )),
            _ => Ok(()),
        }
    }

    /// Signs a new one and puts it into the request.
    pub(super) async fn authenticate(
        &self,
        signer: &dyn Signer,
        draft: &mut Draft,
        context: AuthContext<'_>,
    ) -> Result<()> {
        self.check()?;
        let claims = self.claims(context)?;
        let ready = match self.ready.get() {
            Some(ready) => ready,
            None => {
                let ready = ReadyHeader::new(&self.jose_header(), signer).map_err(not_signed)?;
                self.ready.get_or_init(|| ready)
            }
        };
        let signed = ready.sign(claims.as_bytes(), signer).await.map_err(not_signed)?;
        put(draft, context.client_id, JWT_BEARER, signed);
        Ok(())
    }

    /// The claims as JSON, by name, those of the program's own last.
    fn claims(&self, context: AuthContext<'_>) -> Result<String> {
        // 128 bits: nobody has the same one twice, nor can guess it (OpenID Connect Core section 9).
        let jti = self.chance.next(context.entropy)?;
        // Written at once: a map of seven values would cost more than all else but the signature. Writing to a string can't fail.
        let mut json = String::with_capacity(384);
        json.push_str("{\"aud\":");
        append_text(self.aud(context)?, &mut json);
        let _ = write!(json, ",\"exp\":{}", context.now.after(self.lifetime).seconds());
        let _ = write!(json, ",\"iat\":{},\"iss\":", context.now.seconds());
        append_text(context.client_id, &mut json);
        json.push_str(",\"jti\":\"");
        base64url::append(jti, &mut json);
        json.push('"');
        if let Some(before) = self.not_before {
            let _ = write!(json, ",\"nbf\":{}", context.now.before(before).seconds());
        }
        json.push_str(",\"sub\":");
        append_text(context.client_id, &mut json);
        for (name, value) in &self.claims {
            json.push(',');
            append_text(name, &mut json);
            let _ = write!(json, ":{value}");
        }
        json.push('}');
        Ok(json)
    }

    /// One string, and the issuer's where there is one: the only value that no other server takes for its own
    /// (draft-ietf-oauth-rfc7523bis, which replaces section 3 item 3 of RFC 7523).
    fn aud<'a>(&'a self, context: AuthContext<'a>) -> Result<&'a str> {
        // A template for the issuers of many tenants names no server.
        let issuer = context.issuer.filter(|issuer| !issuer.contains(TENANT));
        self.audience.as_deref().or(issuer).or(context.token_endpoint).ok_or_else(|| {
            Error::config(
                "a client assertion needs an audience, and neither issuer nor token endpoint is known",
                "give the client its issuer(…), or the method its audience(…)",
            )
        })
    }

    fn jose_header(&self) -> Header {
        let mut header = Header::new();
        header.typ.clone_from(&self.typ);
        header.kid.clone_from(&self.kid);
        header.other.clone_from(&self.header);
        header
    }
}

/// A text as a JSON string.
fn append_text(text: &str, json: &mut String) {
    if text.bytes().fold(false, |any, byte| any | matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
        let _ = write!(json, "{}", Value::from(text));
        return;
    }
    json.push('"');
    json.push_str(text);
    json.push('"');
}

/// Puts an assertion into the body, with the client it is for: RFC 7521 section 4.2 lets `client_id` go along, and some servers
/// find the client by it.
pub(super) fn put(draft: &mut Draft, client_id: &str, assertion_type: &str, assertion: impl Into<Secret>) {
    draft.form.set("client_id", client_id);
    draft.form.set("client_assertion_type", assertion_type);
    draft.form.set("client_assertion", assertion);
}

/// What is most often wrong where a server refuses one.
pub(super) fn explain(error: &mut ServerError, hint: &str) {
    if error.error == "invalid_client" && error.hint.is_none() {
        error.hint = Some(hint.to_owned());
    }
}

/// Why there is no signature: the key does not fit, or the signer failed.
pub(super) fn not_signed(error: grantee_jose::Error) -> Error {
    if error.kind() == ErrorKind::External {
        return Error::Callback { what: "client assertion", source: Arc::new(error) };
    }
    Error::config(
        format!("the client assertion can't be signed: {error}"),
        "the key must be a private one of the algorithm's type, and meant for signatures",
    )
}

// What claims and header members of the program's own hold is not known here, so only their names are shown.
impl std::fmt::Debug for Assertion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assertion")
            .field("audience", &self.audience)
            .field("lifetime", &self.lifetime)
            .field("not_before", &self.not_before)
            .field("typ", &self.typ)
            .field("kid", &self.kid)
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
            .field("header", &self.header.keys().collect::<Vec<_>>())
            .finish()
    }
}
