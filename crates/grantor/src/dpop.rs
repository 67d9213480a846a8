//! Demonstrating proof of possession, [RFC 9449](https://www.rfc-editor.org/rfc/rfc9449): the proof of a request.

use std::sync::Mutex;

use serde_json::{Map, Value};
use url::Url;

use crate::{
    Client, Endpoint, Request, Server,
    bounded::Bounded,
    builder::Builder,
    client::is_loopback,
    dpop_nonce::{DpopNonces, Nonces, Side},
    error::OAuthError,
    jwt::Received,
    oracle, random,
    response::{Body, Response},
    shared::{Shared, lock},
};

/// What a proof may be signed with, unless [`Builder::dpop_signing_algs`] says otherwise.
const ALGS: [&str; 9] = ["ES256", "ES384", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"];

/// A proof is for one request; how old it may be, in seconds (section 11.1).
const OLDEST: u64 = 60;

/// How far the client's clock may be ahead, in seconds.
const LEEWAY: u64 = 5;

/// How many proofs are remembered, so that none is used twice.
const PROOFS: usize = 200_000;

/// Members of a JWK that only its owner may have (RFC 7518 section 6, RFC 8037 section 2).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// What a server remembers of proofs.
pub(crate) struct Dpop {
    pub(crate) nonces: Nonces,
    /// By thumbprint and `jti`.
    seen: Mutex<Bounded<()>>,
}

impl Dpop {
    pub(crate) fn new(nonces: DpopNonces) -> Self {
        Self { nonces: Nonces::new(nonces), seen: Mutex::new(Bounded::new(PROOFS)) }
    }
}

/// Why a proof is not taken.
pub(crate) enum Refusal {
    Proof(&'static str),
    Nonce,
}

impl Refusal {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Proof(_) => "invalid_dpop_proof",
            Self::Nonce => "use_dpop_nonce",
        }
    }

    pub(crate) fn description(&self) -> &'static str {
        match self {
            Self::Proof(why) => why,
            Self::Nonce => "the DPoP proof needs the nonce of this answer",
        }
    }
}

impl From<Refusal> for OAuthError {
    /// Section 5; the nonce itself comes with [`stamp`].
    fn from(refusal: Refusal) -> Self {
        OAuthError::new(refusal.code(), refusal.description())
    }
}

/// The thumbprint of the key that a request to the authorization server proves; none where it bears no proof.
///
/// Asked once for a request: it uses the proof up. At the pushed authorization request endpoint it counts as `dpop_jkt`
/// (section 10.1).
pub(crate) fn thumbprint_of(shared: &Shared, request: &Request) -> Result<Option<String>, OAuthError> {
    Ok(verify(shared, request, None)?)
}

/// The same at a resource, where the proof is for one access token (section 7).
pub(crate) fn thumbprint_for(
    shared: &Shared,
    request: &Request,
    access_token: &str,
) -> Result<Option<String>, Refusal> {
    verify(shared, request, Some(access_token))
}

/// Section 4.3, rule by rule.
fn verify(shared: &Shared, request: &Request, access_token: Option<&str>) -> Result<Option<String>, Refusal> {
    let refused = |why| Err(Refusal::Proof(why));
    let mut fields = request.header_all("dpop");
    let Some(text) = fields.next() else {
        return Ok(None);
    };
    if fields.next().is_some() {
        return refused("there is more than one DPoP field");
    }
    let Some(proof) = Received::parse(text.trim()) else {
        return refused("the DPoP proof is no signed JWT");
    };
    if proof.header.get("typ").and_then(Value::as_str) != Some("dpop+jwt") {
        return refused("typ of the DPoP proof is not dpop+jwt");
    }
    if !shared.config.dpop_algs.iter().any(|alg| alg == proof.alg()) {
        return refused("alg of the DPoP proof is none that this server takes");
    }
    let Some(jwk) = proof.header.get("jwk").and_then(Value::as_object) else {
        return refused("the DPoP proof has no jwk in its header");
    };
    if PRIVATE.iter().any(|name| jwk.contains_key(*name)) {
        return refused("jwk of the DPoP proof is not a public key");
    }
    let Some(thumbprint) = thumbprint(jwk) else {
        return refused("jwk of the DPoP proof is no key that this server knows");
    };
    if !proof.is_by_key(&Value::Object(jwk.clone())) {
        return refused("the signature of the DPoP proof is wrong");
    }
    if proof.text("htm") != Some(&request.method) {
        return refused("htm of the DPoP proof is not the method of the request");
    }
    if !proof.text("htu").is_some_and(|htu| is_target(htu, request)) {
        return refused("htu of the DPoP proof is not the URL of the request without query and fragment");
    }
    let now = shared.clock.seconds();
    let age_is_right = |iat: f64| iat >= now.saturating_sub(OLDEST) as f64 && iat <= (now + LEEWAY) as f64;
    if !proof.claims.get("iat").and_then(Value::as_f64).is_some_and(age_is_right) {
        return refused("iat of the DPoP proof is not the present time");
    }
    // Section 4.3 item 12.
    if access_token.is_some_and(|token| proof.text("ath") != Some(&random::sha256_base64url(token))) {
        return refused("ath of the DPoP proof is not the hash of the access token");
    }
    let Some(jti) = proof.text("jti").filter(|jti| !jti.is_empty()) else {
        return refused("the DPoP proof has no jti");
    };
    // Before the nonce: whoever was asked for one makes another proof and does not mend the old one (section 8).
    if !is_new(shared, &thumbprint, jti) {
        return refused("the DPoP proof was used before");
    }
    if !shared.dpop.nonces.accepts(Side::of(request.endpoint), proof.text("nonce"), now) {
        return Err(Refusal::Nonce);
    }
    Ok(Some(thumbprint))
}

/// The URL that the request was sent to, and that it is one of this server: a proof for another one must not pass because
/// a `Host` field says so.
fn is_target(htu: &str, request: &Request) -> bool {
    let host = request.header("host").unwrap_or_default();
    let real = Url::parse(&format!("{}://{host}{}", request.link.scheme, request.path));
    let (Ok(htu), Ok(real)) = (Url::parse(htu), real) else {
        return false;
    };
    htu == real && is_loopback(&real) && real.port_or_known_default() == Some(request.link.port)
}

fn is_new(shared: &Shared, thumbprint: &str, jti: &str) -> bool {
    let key = format!("{thumbprint} {jti}");
    let mut seen = lock(&shared.dpop.seen);
    let new = seen.get(&key).is_none();
    if new {
        seen.insert(key.into(), ());
    }
    new
}

/// [RFC 7638 section 3](https://www.rfc-editor.org/rfc/rfc7638#section-3).
pub(crate) fn thumbprint(jwk: &Map<String, Value>) -> Option<String> {
    let names: &[&str] = match jwk.get("kty")?.as_str()? {
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        "RSA" => &["e", "kty", "n"],
        _ => return None,
    };
    let member = |name: &&str| Some(format!("{}:{}", Value::from(*name), Value::from(jwk.get(*name)?.as_str()?)));
    let members = names.iter().map(member).collect::<Option<Vec<_>>>()?;
    Some(random::sha256_base64url(&format!("{{{}}}", members.join(","))))
}

/// Gives the answer the nonce that the client is to use next (sections 8.2 and 9).
pub(crate) fn stamp(shared: &Shared, request: &Request, response: &mut Response) {
    let nonces = &shared.dpop.nonces;
    if nonces.policy == DpopNonces::None || !takes_proofs(request.endpoint) {
        return;
    }
    let proof = request.dpop().and_then(Received::parse);
    let asked = matches!(&response.body, Body::Json(members)
        if members.get("error").and_then(Value::as_str) == Some("use_dpop_nonce"));
    if nonces.policy == DpopNonces::Required && proof.is_none() && !asked {
        return;
    }
    let used = proof.as_ref().and_then(|proof| proof.text("nonce"));
    if let Some(nonce) = nonces.next(Side::of(request.endpoint), used, shared.clock.seconds()) {
        response.headers.push(("DPoP-Nonce".into(), nonce));
    }
}

fn takes_proofs(endpoint: Endpoint) -> bool {
    use Endpoint::*;
    !matches!(
        endpoint,
        Metadata
            | Authorize
            | Jwks
            | EndSession
            | CheckSession
            | Webfinger
            | Claims
            | ProtectedResource
            | DeviceAuthorization
            | BackchannelAuthentication
            | Registration
            | OAuth1TemporaryCredentials
            | OAuth1Authorize
            | OAuth1TokenCredentials
            | OAuth1Api
            | Other
    )
}

/// What proofs may be signed with in this build.
pub(crate) fn default_algs() -> Vec<String> {
    let by_oracle: &[&str] = if oracle::PRESENT { &oracle::SIGNATURES } else { &[] };
    ALGS.iter().chain(by_oracle).map(|alg| (*alg).to_owned()).collect()
}

impl Client {
    /// Its access tokens are bound to a key: the token endpoint refuses a request without a DPoP proof, and the
    /// authorization endpoint one for an access token. A client that never calls this gets a bound token where it shows a
    /// proof ([RFC 9449 section 5.2](https://www.rfc-editor.org/rfc/rfc9449#section-5.2)).
    pub fn dpop_bound_access_tokens(mut self) -> Self {
        self.dpop_bound = true;
        self
    }
}

impl Builder {
    /// Whether DPoP proofs need a nonce. None unless set.
    ///
    /// ```
    /// use grantor::{DpopNonces, Server};
    ///
    /// let server = Server::builder().dpop_nonces(DpopNonces::EachRequest).start();
    /// # drop(server);
    /// ```
    pub fn dpop_nonces(mut self, policy: DpopNonces) -> Self {
        self.config.dpop_nonces = policy;
        self
    }

    /// What DPoP proofs may be signed with: `dpop_signing_alg_values_supported` of the metadata, and `algs` of challenges.
    pub fn dpop_signing_algs(mut self, algs: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.config.dpop_algs = algs.into_iter().map(Into::into).collect();
        self
    }
}

impl Server {
    /// Makes [`DpopNonces::Required`] go on to its next nonce. The one that was current is still taken, until the next time.
    pub fn rotate_dpop_nonces(&self) {
        self.shared.dpop.nonces.rotate();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_the_vectors() {
        // RFC 9449 section 6.1.
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA", "alg": "ES256"});
        assert_eq!(
            thumbprint(jwk.as_object().unwrap()).as_deref(),
            Some("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")
        );
        // RFC 8037 appendix A.3.
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        assert_eq!(
            thumbprint(jwk.as_object().unwrap()).as_deref(),
            Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        );
        assert_eq!(thumbprint(json!({"kty": "oct", "k": "AA"}).as_object().unwrap()), None);
        assert_eq!(thumbprint(json!({"kty": "EC", "crv": "P-256", "x": 1}).as_object().unwrap()), None);
    }
}
