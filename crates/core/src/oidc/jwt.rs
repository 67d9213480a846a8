//! A JWT from the server, opened: decrypted where that was agreed, its signature verified with a key of the server's, its
//! claims read. What the claims must say is judged by whoever asked.

pub(crate) use super::lookup::{audiences, required_text, required_time};

use super::lookup::Lookup;
use super::rules::{Encryption, JwtRules};
use crate::client::Client;
use crate::error::{Error, Excerpt, Result, RuleViolation};
use crate::{Secret, UnixTime};
use grantee_jose::jws::{self, Compact};
use grantee_jose::view::View;
use grantee_jose::{
    BlockingDecrypter as _, DecryptionKey, Digest, ErrorKind, Jwk, KeyAlgorithm, SignatureAlgorithm, VerifyingKey, jwe,
};
use serde_json::{Map, Value};
use std::time::Duration;

/// The most keys that one token is tried with: a set with more that fit is no key set but an attack.
const MOST_TRIES: usize = 20;

/// A token whose signature is verified, or whose lack of one was allowed.
pub(crate) struct Opened {
    pub(crate) header: jws::Header,
    /// The claims as text.
    pub(crate) payload: Vec<u8>,
    pub(crate) algorithm: Option<SignatureAlgorithm>,
    /// The digest of its hash claims.
    pub(crate) digest: Option<Digest>,
}

impl Opened {
    /// What of it is verified when its claims are judged.
    pub(crate) fn verified(&self) -> grantee_jose::Verified {
        if self.algorithm.is_some() { grantee_jose::Verified::Signature } else { grantee_jose::Verified::Nothing }
    }

    /// The claims, copied.
    pub(crate) fn claims(&self, stage: &'static str) -> Result<Map<String, Value>> {
        grantee_jose::json::object(&self.payload)
            .map_err(|error| RuleViolation::from_jose(stage, error.after(self.verified())).into())
    }

    /// The claims, looked at.
    pub(crate) fn view(&self, stage: &'static str) -> Result<View<'_>, RuleViolation> {
        View::read(&self.payload).map_err(|error| RuleViolation::from_jose(stage, error.after(self.verified())))
    }
}

pub(crate) async fn open(client: &Client, token: &str, rules: &JwtRules<'_>) -> Result<Opened> {
    let jose = |error| Error::from(RuleViolation::from_jose(rules.stage, error));
    let inner;
    let by_key = encryption_by_key(client, token, rules);
    let (token, decrypted) =
        match (rules.encryption.or(by_key.as_ref()), token.bytes().filter(|byte| *byte == b'.').count()) {
            (Some(encryption), 4) => {
                // Apart, so that the many tokens that are only signed do not carry the room for it.
                inner = Box::pin(decrypt(client, token, encryption, rules)).await?;
                (inner.as_str(), grantee_jose::Verified::Decrypted)
            }
            (Some(encryption), _) => {
                return Err(RuleViolation::new(
                    rules.stage,
                    "the token is encrypted as registered",
                    rules.encryption_spec,
                )
                .expected(format_args!("a JWE with alg {} and enc {}", encryption.alg, encryption.enc))
                .got("a token that is not encrypted")
                .into());
            }
            (None, 4) => {
                return Err(RuleViolation::new(
                    rules.stage,
                    "the token is as it was registered",
                    rules.encryption_spec,
                )
                .expected("a signed token")
                .got("an encrypted one")
                .hint(format!(
                    "say so with {}(alg, enc) and hand over the key with decryption_key(..)",
                    rules.encryption_setting
                ))
                .into());
            }
            (None, _) => (token, grantee_jose::Verified::Nothing),
        };
    verify(client, token, rules).await.map_err(|error| error.after(decrypted)).map_err(|error| match error {
        Failure::Jose(error) => jose(error),
        Failure::Other(error) => error,
    })
}

enum Failure {
    Jose(grantee_jose::Error),
    Other(Error),
}

impl Failure {
    fn after(self, verified: grantee_jose::Verified) -> Self {
        match self {
            Self::Jose(error) => Self::Jose(error.after(verified)),
            other => other,
        }
    }
}

impl From<grantee_jose::Error> for Failure {
    fn from(error: grantee_jose::Error) -> Self {
        Self::Jose(error)
    }
}

impl From<RuleViolation> for Failure {
    fn from(error: RuleViolation) -> Self {
        Self::Other(error.into())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

async fn verify(client: &Client, token: &str, rules: &JwtRules<'_>) -> Result<Opened, Failure> {
    let unsigned = rules.unsigned && rules.algorithms.iter().any(|allowed| allowed == "none");
    if unsigned && let Some((header, payload)) = jws::read_unsecured(token)? {
        check_typ(&header, rules)?;
        return Ok(Opened { header, payload, algorithm: None, digest: None });
    }
    let compact = Compact::parse(token)?;
    grantee_jose::jwt::check_encoded(compact.header())?;
    let algorithm = allowed(compact.header(), rules)?;
    check_typ(compact.header(), rules)?;
    let key = if algorithm.is_symmetric() {
        let secret = rules.secret.ok_or_else(|| {
            Error::config(
                format!("a token signed by {algorithm} needs the client's secret, and there is none"),
                "hand it over with client(id, secret)",
            )
        })?;
        let key = VerifyingKey::from_secret(secret.reveal().as_bytes(), algorithm)?;
        compact.verifies_with(&key)?;
        key
    } else {
        find_key(client, &compact, algorithm, rules).await?
    };
    let digest = Some(key.digest());
    let (header, payload) = compact.into_parts();
    Ok(Opened { header, payload, algorithm: Some(algorithm), digest })
}

/// The algorithm comes from the registration; the token may only agree (RFC 8725 section 3.1).
fn allowed(header: &jws::Header, rules: &JwtRules<'_>) -> Result<SignatureAlgorithm, Failure> {
    let said = header.alg.as_deref().unwrap_or_default();
    let refused = || {
        RuleViolation::new(rules.stage, "alg is the one registered for this client", rules.algorithm_spec)
            .expected(rules.algorithms.join(" or "))
            .got(said)
            .hint(format!("if the client is registered for {}, say so with {}", Excerpt(said), rules.algorithm_setting))
            .of_kind(ErrorKind::NotAllowed)
    };
    if !rules.algorithms.iter().any(|allowed| allowed == said) {
        return Err(refused().into());
    }
    SignatureAlgorithm::from_name(said).ok_or_else(|| refused().into())
}

/// A declared type must be the right one; where the rules want one it must be there (RFC 8725 section 3.11).
fn check_typ(header: &jws::Header, rules: &JwtRules<'_>) -> Result<(), Failure> {
    let Some(typ) = rules.typ else { return Ok(()) };
    if header.typ.is_some() && header.typ_is(typ) || header.typ.is_none() && !rules.typ_required {
        return Ok(());
    }
    Err(RuleViolation::new(rules.stage, "typ is that of this kind of token", rules.typ_spec)
        .expected(typ)
        .got(header.typ.as_deref().unwrap_or("no typ"))
        .into())
}

async fn find_key(
    client: &Client,
    compact: &Compact<'_>,
    algorithm: SignatureAlgorithm,
    rules: &JwtRules<'_>,
) -> Result<VerifyingKey, Failure> {
    let kid = compact.header().kid.as_deref();
    let mut wrong = None;
    let found = client
        .inner
        .keys
        .find(client, rules.stage, (kid, algorithm.name()), |ring| {
            wrong = None;
            for key in ring.candidates(kid, algorithm).take(MOST_TRIES) {
                match compact.verifies_with(key) {
                    Ok(()) => return Some(Ok(key.clone())),
                    Err(error) if error.kind() == ErrorKind::Signature => wrong = Some(error),
                    // Nothing that another key could mend.
                    Err(error) => return Some(Err(error)),
                }
            }
            None
        })
        .await;
    match (found, wrong) {
        (Ok(key), _) => Ok(key?),
        (Err(Error::Rule(_)), Some(wrong)) => Err(wrong.into()),
        (Err(error), _) => Err(error.into()),
    }
}

/// How a token is encrypted, where nothing was agreed, any will do, and a key at hand serves it. Only what is signed within is
/// believed, so nothing is gained by encrypting otherwise.
pub(crate) fn encryption_by_key(client: &Client, token: &str, rules: &JwtRules<'_>) -> Option<Encryption> {
    if !rules.any_encryption || token.bytes().filter(|byte| *byte == b'.').count() != 4 {
        return None;
    }
    let header = jwe::peek_header(token).ok()?;
    let enc = header.get("enc")?.as_str()?;
    let found = Encryption { alg: header.alg.clone()?, enc: enc.to_owned() };
    let (algorithm, enc) = found.parsed().ok()?;
    let serves = match symmetric(algorithm, enc, rules.secret) {
        Ok(Some(_)) => true,
        Ok(None) => client.inner.config.decryption_keys.iter().any(|key| key.algorithms().contains(&algorithm)),
        Err(_) => false,
    };
    serves.then_some(found)
}

async fn decrypt(client: &Client, token: &str, encryption: &Encryption, rules: &JwtRules<'_>) -> Result<String> {
    let jose = |error| Error::from(RuleViolation::from_jose(rules.stage, error));
    let config = &client.inner.config;
    let (algorithm, enc) = encryption.parsed()?;
    let header = jwe::peek_header(token).map_err(jose)?;
    for (name, said, registered) in [
        ("alg is the one registered for this client", header.alg.as_deref(), algorithm.name()),
        ("enc is the one registered for this client", header.get("enc").and_then(Value::as_str), enc.name()),
    ] {
        if said != Some(registered) {
            return Err(RuleViolation::new(rules.stage, name, rules.encryption_spec)
                .expected(registered)
                .got(said.unwrap_or("none"))
                .of_kind(ErrorKind::NotAllowed)
                .into());
        }
    }
    let mut options = jwe::Options::default();
    options.encryptions = vec![enc];
    let plaintext = if let Some(key) = symmetric(algorithm, enc, rules.secret)? {
        jwe::decrypt_blocking(token, &key, &options).map_err(jose)?.plaintext
    } else {
        let kid = header.kid.as_deref();
        let fits = |key: &&std::sync::Arc<dyn grantee_jose::Decrypter>| {
            key.algorithms().contains(&algorithm) && (kid.is_none() || key.key_id().is_none() || kid == key.key_id())
        };
        let mut outcome = Err(Error::config(
            format!("no decryption key serves {algorithm}"),
            "hand over the key whose public part the server has, with decryption_key(..)",
        ));
        // Several while the client rotates its own keys (OpenID Connect Core section 10.2.1).
        for key in config.decryption_keys.iter().filter(fits).take(MOST_TRIES) {
            outcome = jwe::decrypt(token, &**key, &options).await.map_err(jose);
            if outcome.is_ok() {
                break;
            }
        }
        outcome?.plaintext
    };
    std::str::from_utf8(&plaintext).map(str::to_owned).map_err(|_| {
        RuleViolation::new(rules.stage, "an encrypted token holds a signed one", "RFC 7519 section 5.2")
            .got("bytes that are no text")
            .into()
    })
}

/// A token that is encrypted and may hold the claims themselves, not a signed token; `None` where it holds something else.
pub(crate) async fn decrypted_object(
    client: &Client,
    token: &str,
    encryption: &Encryption,
    rules: &JwtRules<'_>,
) -> Result<Option<Map<String, Value>>> {
    let text = decrypt(client, token, encryption, rules).await?;
    if !rules.algorithms.is_empty() && !text.trim_ascii_start().starts_with('{') {
        return Ok(None);
    }
    grantee_jose::json::object(text.as_bytes())
        .map(Some)
        .map_err(|error| RuleViolation::from_jose(rules.stage, error.after(grantee_jose::Verified::Decrypted)).into())
}

/// What was signed, within a token that is encrypted; `None` where it is not.
pub(crate) async fn signed_within(client: &Client, token: &str, rules: &JwtRules<'_>) -> Result<Option<String>> {
    let by_key = encryption_by_key(client, token, rules);
    match rules.encryption.or(by_key.as_ref()) {
        Some(encryption) if token.bytes().filter(|byte| *byte == b'.').count() == 4 => {
            decrypt(client, token, encryption, rules).await.map(Some)
        }
        _ => Ok(None),
    }
}

/// The claims of a token that was verified when it came.
pub(crate) async fn kept_claims(client: &Client, token: &str, rules: &JwtRules<'_>) -> Result<Map<String, Value>> {
    let broken = |error| Error::from(RuleViolation::from_jose(rules.stage, error));
    let inner = signed_within(client, token, rules).await?;
    let token = inner.as_deref().unwrap_or(token);
    if let Some((_, payload)) = jws::read_unsecured(token).map_err(broken)? {
        return grantee_jose::json::object(&payload).map_err(broken);
    }
    let compact = Compact::parse(token).map_err(broken)?;
    grantee_jose::json::object(compact.unverified_payload()).map_err(broken)
}

/// As [`secret_key`], to decrypt.
fn symmetric(
    algorithm: KeyAlgorithm,
    enc: grantee_jose::ContentEncryption,
    secret: Option<&Secret>,
) -> Result<Option<DecryptionKey>> {
    let Some(key) = secret_key(algorithm, enc, secret)? else { return Ok(None) };
    let key = DecryptionKey::new(&key, algorithm)
        .map_err(|error| Error::config(error.to_string(), "use another encryption algorithm"))?;
    debug_assert!(!key.algorithms().is_empty());
    Ok(Some(key))
}

/// The key made of the client's secret, for symmetric encryption
/// ([OpenID Connect Core section 10.2](https://openid.net/specs/openid-connect-core-1_0.html#Encryption)).
pub(crate) fn secret_key(
    algorithm: KeyAlgorithm,
    enc: grantee_jose::ContentEncryption,
    secret: Option<&Secret>,
) -> Result<Option<Jwk>> {
    let len = match algorithm {
        KeyAlgorithm::A128Kw | KeyAlgorithm::A128GcmKw => 16,
        KeyAlgorithm::A192Kw | KeyAlgorithm::A192GcmKw => 24,
        KeyAlgorithm::A256Kw | KeyAlgorithm::A256GcmKw => 32,
        KeyAlgorithm::Dir => enc.key_len(),
        _ => return Ok(None),
    };
    let secret = secret.ok_or_else(|| {
        Error::config(
            format!("a token encrypted by {algorithm} needs the client's secret, and there is none"),
            "hand it over with client(id, secret)",
        )
    })?;
    // The shortest SHA-2 that is long enough, cut off at the right.
    let digest = if len <= 32 {
        Digest::Sha256
    } else if len <= 48 {
        Digest::Sha384
    } else {
        Digest::Sha512
    };
    let hash = zeroize::Zeroizing::new(digest.of(secret.reveal().as_bytes()).unwrap_or_default());
    Ok(Some(Jwk::oct(hash.get(..len).unwrap_or_default())))
}

/// `exp`, `iat` and `nbf` at `now`, within the leeway.
pub(crate) struct Times {
    pub(crate) now: UnixTime,
    pub(crate) leeway: Duration,
    /// How old `iat` may be.
    pub(crate) oldest: Option<Duration>,
    pub(crate) spec: &'static str,
}

impl Times {
    /// # Errors
    /// The first rule that is broken. Returns `exp` and `iat`.
    pub(crate) fn check(
        &self,
        stage: &'static str,
        claims: &impl Lookup,
    ) -> Result<(UnixTime, UnixTime), RuleViolation> {
        let exp = required_time(stage, claims, "exp", self.spec)?;
        let iat = required_time(stage, claims, "iat", self.spec)?;
        self.not_expired(stage, exp)?;
        self.check_iat(stage, iat)?;
        self.not_before(stage, claims)?;
        Ok((exp, iat))
    }

    pub(crate) fn not_expired(&self, stage: &'static str, exp: UnixTime) -> Result<(), RuleViolation> {
        if self.now < exp.after(self.leeway) {
            return Ok(());
        }
        Err(RuleViolation::new(stage, "exp lies in the future", self.spec)
            .expected(format_args!("later than {} less {} s", self.now.seconds(), self.leeway.as_secs()))
            .got(exp.seconds()))
    }

    pub(crate) fn check_iat(&self, stage: &'static str, iat: UnixTime) -> Result<(), RuleViolation> {
        if iat > self.now.after(self.leeway) {
            return Err(RuleViolation::new(stage, "iat does not lie in the future", self.spec)
                .expected(format_args!("at most {} and {} s", self.now.seconds(), self.leeway.as_secs()))
                .got(iat.seconds())
                .hint("compare the clocks of both machines"));
        }
        // No leeway: the limit is our own, and one that is just as old is refused.
        if let Some(oldest) = self.oldest
            && self.now.since(iat) >= oldest
        {
            return Err(RuleViolation::new(stage, "iat is not too far in the past", self.spec)
                .expected(format_args!("less than {} s", oldest.as_secs()))
                .got(format_args!("{} s ago", self.now.since(iat).as_secs())));
        }
        Ok(())
    }

    pub(crate) fn not_before(&self, stage: &'static str, claims: &impl Lookup) -> Result<(), RuleViolation> {
        if claims.claim("nbf").is_none() {
            return Ok(());
        }
        let nbf = required_time(stage, claims, "nbf", "RFC 7519 section 4.1.5")?;
        if nbf <= self.now.after(self.leeway) {
            return Ok(());
        }
        Err(RuleViolation::new(stage, "nbf does not lie in the future", "RFC 7519 section 4.1.5")
            .expected(format_args!("at most {} and {} s", self.now.seconds(), self.leeway.as_secs()))
            .got(nbf.seconds()))
    }
}
