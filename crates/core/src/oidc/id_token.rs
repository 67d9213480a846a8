//! The ID token: [OpenID Connect Core section 2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken), judged as
//! [section 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation) and its like for implicit, hybrid and
//! refresh say.

use super::claims::Claims;
use super::jwt::{self, Opened, Times};
use super::lookup::{Claim, Lookup, audiences, kind, required_text, required_time, time};
use super::rules::{JwtRules, OLDEST_IAT};
use crate::client::Client;
use crate::error::{Error, Result, RuleViolation};
use crate::metadata::AuthorizationServer;
use crate::{Scope, Secret, Token, UnixTime, UnverifiedIdToken};
use grantee_jose::{Digest, SignatureAlgorithm, constant_time_eq};
use serde_json::{Map, Value};
use std::time::Duration;

const STAGE: &str = "ID token";
const PUSH: &str = "CIBA section 10.3.1";
const VALIDATION: &str = "OpenID Connect Core section 3.1.3.7";
/// The types of what else an issuer, or a client, signs: RFC 9068, Back-Channel Logout, RFC 9449, RFC 9101, RFC 9701, RFC 8417
/// and draft-ietf-oauth-rfc7523bis.
const OTHER_KINDS: [&str; 7] = [
    "at+jwt",
    "logout+jwt",
    "dpop+jwt",
    "oauth-authz-req+jwt",
    "token-introspection+jwt",
    "secevent+jwt",
    "client-authentication+jwt",
];

/// Who logged in, when and how, by the word of the issuer. One that exists has been verified: signature, issuer,
/// audience, time, nonce and all else that was expected.
///
/// ```no_run
/// # fn show(login: &grantee_core::Login) {
/// if let Some(id_token) = &login.id_token {
///     println!("{} at {}", id_token.subject(), id_token.issuer());
/// }
/// # }
/// ```
#[derive(Clone, PartialEq)]
pub struct IdToken {
    raw: String,
    claims: Claims,
    issuer: String,
    subject: String,
    audience: Vec<String>,
    expires_at: UnixTime,
    issued_at: UnixTime,
    algorithm: Option<SignatureAlgorithm>,
}

impl IdToken {
    /// `iss`: who says so.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `sub`: the person, by an identifier that is unique at this issuer alone. A program that knows several issuers
    /// identifies a person by both.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// `aud`: for whom. This client is among them.
    pub fn audience(&self) -> &[String] {
        &self.audience
    }

    /// `exp`: until when it may be taken for a login. A session of the program's own may last longer.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// `iat`: when it was made.
    pub fn issued_at(&self) -> UnixTime {
        self.issued_at
    }

    /// `auth_time`: when the person logged in.
    pub fn auth_time(&self) -> Option<UnixTime> {
        self.claims.members().claim("auth_time").and_then(time)
    }

    /// `acr`: the authentication context class.
    pub fn acr(&self) -> Option<&str> {
        self.claims.text("acr")
    }

    /// `amr`: the methods the person authenticated by, such as `pwd` and `otp` (RFC 8176).
    pub fn amr(&self) -> Vec<&str> {
        let list = self.claims.members().get("amr").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// `sid`: the session at the issuer, which logout tokens name.
    pub fn session_id(&self) -> Option<&str> {
        self.claims.text("sid")
    }

    /// Every claim, those above included.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The algorithm it was signed by; `None` for one that the danger door let through unsigned.
    pub fn algorithm(&self) -> Option<SignatureAlgorithm> {
        self.algorithm
    }

    /// The token as it came: for logout, and as a hint in a later login, for which the client decrypts one that is encrypted.
    pub fn reveal(&self) -> &str {
        &self.raw
    }
}

/// The token as it came: as a hint in a later login or in a logout.
impl From<&IdToken> for Secret {
    fn from(id_token: &IdToken) -> Self {
        Self::new(id_token.raw.as_str())
    }
}

// The token itself logs nobody in twice, yet says much about a person.
impl std::fmt::Debug for IdToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdToken")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("expires_at", &self.expires_at)
            .field("algorithm", &self.algorithm)
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}

/// What one ID token must agree with, beside the client's configuration. A login's expectations come from its
/// [`Pending`](crate::authorization::Pending); this is for a token that came another way.
///
/// ```
/// use grantee_core::oidc::IdTokenExpectations;
/// let expected = IdTokenExpectations::new().nonce("n-0S6_WzA2Mj").max_age(3600);
/// ```
#[derive(Debug, Clone, Default)]
pub struct IdTokenExpectations {
    pub(crate) nonce: Option<Secret>,
    pub(crate) max_age: Option<u64>,
    pub(crate) acr_values: Scope,
    pub(crate) access_token: Option<Secret>,
    pub(crate) code: Option<Secret>,
    pub(crate) state: Option<Secret>,
    pub(crate) at: Option<UnixTime>,
    /// What came along in a push of CIBA, and the request that it answers.
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) auth_req_id: Option<Secret>,
    /// Whether it came through the browser, or to an address of the program's own, where hash claims are what ties it to what
    /// came along.
    pub(crate) front_channel: bool,
    /// Whether it must vouch for the state, and not only where it does.
    pub(crate) s_hash_required: bool,
    pub(crate) continues: Option<Box<Continued>>,
}

impl IdTokenExpectations {
    /// Nothing but what the client's configuration says.
    pub fn new() -> Self {
        Self::default()
    }

    /// The nonce that was sent. It must be there and be this.
    #[must_use]
    pub fn nonce(mut self, nonce: impl Into<Secret>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// How long ago, in seconds, the person may have logged in. `auth_time` must then be there.
    #[must_use]
    pub fn max_age(mut self, seconds: u64) -> Self {
        self.max_age = Some(seconds);
        self
    }

    /// The authentication context classes asked for. `acr` must be one of them.
    #[must_use]
    pub fn acr_values(mut self, acr_values: impl Into<Scope>) -> Self {
        self.acr_values.extend(acr_values);
        self
    }

    /// The access token that came along. `at_hash` must be its digest where it is there.
    #[must_use]
    pub fn access_token(mut self, access_token: impl Into<Secret>) -> Self {
        self.access_token = Some(access_token.into());
        self
    }

    /// The code that came along. `c_hash` must be its digest where it is there.
    #[must_use]
    pub fn code(mut self, code: impl Into<Secret>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// The state that came along. `s_hash` must be its digest where it is there.
    #[must_use]
    pub fn state(mut self, state: impl Into<Secret>) -> Self {
        self.state = Some(state.into());
        self
    }

    /// It came through the browser: `at_hash` and `c_hash` must be there for what came along, and `alg` `none` is out of the
    /// question.
    #[must_use]
    pub fn front_channel(mut self) -> Self {
        self.front_channel = true;
        self
    }

    /// Judges it as of this moment, not of now.
    #[must_use]
    pub fn at(mut self, time: UnixTime) -> Self {
        self.at = Some(time);
        self
    }

    pub(crate) fn continuing(mut self, before: Continued) -> Self {
        self.continues = Some(Box::new(before));
        self
    }
}

/// What the ID token of a refresh must have in common with the one before
/// ([OpenID Connect Core section 12.2](https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse)).
#[derive(Clone)]
pub(crate) struct Continued(Map<String, Value>);

impl std::fmt::Debug for Continued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Continued(..)")
    }
}

impl Continued {
    /// From one that this client or an earlier process verified when it came, and kept; decrypted again where it has to be.
    async fn kept(client: &Client, metadata: &AuthorizationServer, before: &UnverifiedIdToken) -> Result<Self> {
        let rules = rules(client, metadata, false)?;
        jwt::kept_claims(client, before.reveal_unverified(), &rules).await.map(Self)
    }

    pub(crate) fn check(&self, claims: &impl Lookup) -> Result<(), RuleViolation> {
        const SPEC: &str = "OpenID Connect Core section 12.2";
        let broken = |name: &str| {
            RuleViolation::new(STAGE, "the ID token of a refresh is of the same login as the one before", SPEC)
                .expected(format_args!("the {name} of the login"))
                .got(format_args!("another {name}"))
                .hint("the answer belongs to somebody else: do not use its token")
        };
        for name in ["iss", "sub"] {
            if claims.claim(name) != self.0.claim(name) {
                return Err(broken(name));
            }
        }
        let (mut now, mut before) = (audiences(claims), audiences(&self.0));
        for list in now.iter_mut().chain(&mut before) {
            list.sort_unstable();
        }
        if now != before {
            return Err(broken("aud"));
        }
        if claims.claim("azp") != self.0.claim("azp") {
            return Err(broken("azp"));
        }
        // auth_time and nonce may be left out.
        for name in ["auth_time", "nonce"] {
            if let (Some(now), Some(before)) = (claims.claim(name), self.0.claim(name))
                && now != before
            {
                return Err(broken(name));
            }
        }
        Ok(())
    }
}

impl Client {
    /// Verifies an ID token that came with a token of this client's, or from elsewhere. [`finish`](Self::finish) does so by
    /// itself.
    ///
    /// # Errors
    /// [`Error::Rule`] names the rule that is broken; as [`metadata`](Self::metadata) and for the key set,
    /// where they have to be fetched.
    pub async fn verify_id_token(
        &self,
        id_token: &UnverifiedIdToken,
        expected: &IdTokenExpectations,
    ) -> Result<IdToken> {
        let metadata = self.metadata().await?;
        let outcome = verify(self, &metadata, id_token, expected).await;
        if let Err(error) = &outcome {
            tracing::warn!(
                client_id = self.client_id(),
                issuer = metadata.issuer.as_deref(),
                outcome = error.code(),
                "ID token refused"
            );
        }
        outcome
    }
}

/// Makes of an ID token what the server can read as a hint: where it was encrypted to this client, what was signed within
/// ([OpenID Connect Core section 3.1.2.1](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)). One that no key of
/// ours opens may have been encrypted to the server, and goes as it is.
pub(crate) async fn as_hint(client: &Client, metadata: &AuthorizationServer, hint: &mut Option<Secret>) {
    let Some(id_token) = hint else { return };
    let Ok(mut rules) = rules(client, metadata, false) else { return };
    rules.any_encryption = true;
    if let Ok(Some(signed)) = jwt::signed_within(client, id_token.reveal(), &rules).await {
        *hint = Some(Secret::new(signed));
    }
}

async fn verify(
    client: &Client,
    metadata: &AuthorizationServer,
    id_token: &UnverifiedIdToken,
    expected: &IdTokenExpectations,
) -> Result<IdToken> {
    let rules = rules(client, metadata, expected.front_channel)?;
    let raw = id_token.reveal_unverified();
    let opened = jwt::open(client, raw, &rules).await?;
    let now = expected.at.unwrap_or_else(|| client.now());
    let verified = opened.verified();
    judge(client, metadata, opened, expected, now, raw).map_err(|broken| broken.after(verified).into())
}

fn rules<'a>(client: &'a Client, metadata: &AuthorizationServer, front_channel: bool) -> Result<JwtRules<'a>> {
    let config = &client.inner.config;
    Ok(JwtRules {
        stage: STAGE,
        algorithms: vec![config.id_token.algorithm(metadata.id_token_signing_alg_values_supported.as_deref())?],
        algorithm_spec: VALIDATION,
        algorithm_setting: "id_token_alg(..)",
        encryption: config.id_token.encryption.as_ref(),
        any_encryption: config.id_token.any_encryption,
        encryption_spec: VALIDATION,
        encryption_setting: "id_token_encryption",
        secret: config.secret.as_ref(),
        unsigned: config.id_token.unsigned && !front_channel,
        // Nobody has agreed on one: servers send JWT, at times nothing.
        typ: None,
        typ_required: false,
        typ_spec: "",
    })
}

/// Everything after the signature.
fn judge(
    client: &Client,
    metadata: &AuthorizationServer,
    opened: Opened,
    expected: &IdTokenExpectations,
    now: UnixTime,
    raw: &str,
) -> Result<IdToken, RuleViolation> {
    let rules = &client.inner.config.id_token;
    let claims = &opened.view(STAGE)?;
    check_kind(STAGE, "an ID token", opened.header.typ.as_deref(), claims)?;
    let issuer = check_issuer(STAGE, VALIDATION, metadata, claims)?;
    check_audience(STAGE, claims, client.client_id(), &rules.trusted_audiences)?;
    let times = Times { now, leeway: rules.leeway, oldest: Some(OLDEST_IAT), spec: VALIDATION };
    let (expires_at, issued_at) = times.check(STAGE, claims)?;
    let subject = required_text(STAGE, claims, "sub", "OpenID Connect Core section 2")?;
    if subject.len() > 255 {
        return Err(RuleViolation::new(STAGE, "sub has at most 255 characters", "OpenID Connect Core section 2")
            .got(subject.len()));
    }
    if let Some(before) = &expected.continues {
        before.check(claims)?;
    }
    check_nonce(claims, expected.nonce.as_ref())?;
    check_auth_time(claims, expected.max_age, now, rules.leeway)?;
    if !rules.any_acr {
        check_acr(claims, &expected.acr_values)?;
    }
    check_hashes(claims, opened.digest, expected)?;
    check_auth_req_id(claims, expected)?;
    let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
    let audience = audiences(claims).unwrap_or_default().into_iter().map(str::to_owned).collect();
    let (algorithm, claims) = (opened.algorithm, Claims::from_text(opened.payload));
    for expectation in &rules.expectations {
        if !expectation.holds(&claims) {
            return Err(RuleViolation::new(STAGE, "a claim is as the program expects it", "set by expect_claim(..)")
                .expected(format_args!("a fitting {}", expectation.path))
                .got(crate::wire::json::kind(claims.at(&expectation.path))));
        }
    }
    Ok(IdToken { raw: raw.into(), claims, issuer, subject, audience, expires_at, issued_at, algorithm })
}

/// ID tokens have no `typ` of their own, but one that says that it is of another kind is none, though the issuer signed it
/// and it names this client (RFC 8725 section 3.11): access tokens and logout tokens do. So is one that tells of a logout.
pub(crate) fn check_kind(
    stage: &'static str,
    expected: &'static str,
    typ: Option<&str>,
    claims: &impl Lookup,
) -> Result<(), RuleViolation> {
    let broken = || RuleViolation::new(stage, "the token is of no other kind", "RFC 8725 section 3.11");
    let is_other = |typ: &str| {
        let plain = typ.rsplit('/').next().unwrap_or(typ);
        OTHER_KINDS.iter().any(|other| plain.eq_ignore_ascii_case(other))
    };
    if let Some(typ) = typ.filter(|typ| is_other(typ)) {
        return Err(broken().expected(expected).got(format_args!("typ {typ}")));
    }
    match claims.claim("events") {
        Some(Claim::Nested(events)) if events.get(super::backchannel_logout::EVENT).is_some() => {
            Err(broken().expected(expected).got("a logout token"))
        }
        _ => Ok(()),
    }
}

pub(crate) fn check_issuer<'a>(
    stage: &'static str,
    spec: &'static str,
    metadata: &AuthorizationServer,
    claims: &'a impl Lookup,
) -> Result<&'a str, RuleViolation> {
    let issuer = required_text(stage, claims, "iss", spec)?;
    let tenant = claims.text_of("tid");
    match metadata.token_issuer(tenant) {
        Some(expected) if expected == issuer => Ok(issuer),
        expected => {
            let broken = RuleViolation::new(stage, "iss is the issuer that was asked", spec);
            Err(match (&metadata.issuer, expected) {
                (_, Some(expected)) => broken.expected(expected).got(issuer),
                (Some(template), None) => broken.expected(template).got(issuer),
                (None, None) => broken
                    .expected("an issuer to compare with")
                    .got("none in the client's configuration")
                    .hint("name it with issuer(..) where the client is built"),
            })
        }
    }
}

pub(crate) fn check_audience(
    stage: &'static str,
    claims: &impl Lookup,
    client_id: &str,
    trusted: &[String],
) -> Result<(), RuleViolation> {
    let broken = || RuleViolation::new(stage, "aud is this client", VALIDATION).expected(client_id);
    // Nearly every token is for one party.
    if claims.text_of("aud") != Some(client_id) {
        let Some(audience) = audiences(claims) else {
            return Err(broken().got(kind(claims.claim("aud"))));
        };
        if !audience.contains(&client_id) {
            return Err(broken().got(audience.join(", ")));
        }
        let is_trusted = |aud: &str| aud == client_id || trusted.iter().any(|one| one == aud);
        if let Some(stranger) = audience.iter().find(|aud| !is_trusted(aud)) {
            return Err(RuleViolation::new(stage, "aud names nobody who is not trusted", VALIDATION)
                .expected(client_id)
                .got(format_args!("{stranger} beside it"))
                .hint("if it may hold tokens of this client's, name it with trusted_audience(..)"));
        }
    }
    match claims.claim("azp") {
        None => Ok(()),
        Some(Claim::Text(azp)) if azp == client_id || trusted.iter().any(|one| one == azp) => Ok(()),
        Some(azp) => Err(RuleViolation::new(stage, "azp is this client", VALIDATION)
            .expected(client_id)
            .got(azp.text().unwrap_or(kind(Some(azp))))
            .hint("if that party is this program too, name it with trusted_audience(..)")),
    }
}

fn check_nonce(claims: &impl Lookup, sent: Option<&Secret>) -> Result<(), RuleViolation> {
    let Some(sent) = sent else { return Ok(()) };
    let broken = || RuleViolation::new(STAGE, "nonce is the one that was sent", VALIDATION).expected("the nonce sent");
    match claims.claim("nonce") {
        Some(Claim::Text(nonce)) if constant_time_eq(nonce.as_bytes(), sent.reveal().as_bytes()) => Ok(()),
        Some(Claim::Text(_)) => Err(broken().got("another nonce")),
        other => Err(broken().got(kind(other))),
    }
}

fn check_auth_time(
    claims: &impl Lookup,
    max_age: Option<u64>,
    now: UnixTime,
    leeway: Duration,
) -> Result<(), RuleViolation> {
    let Some(max_age) = max_age else { return Ok(()) };
    let auth_time = required_time(STAGE, claims, "auth_time", "OpenID Connect Core section 3.1.2.1")?;
    let age = now.since(auth_time);
    if age <= Duration::from_secs(max_age).saturating_add(leeway) && auth_time <= now.after(leeway) {
        return Ok(());
    }
    Err(RuleViolation::new(STAGE, "the login is no older than max_age", VALIDATION)
        .expected(format_args!("within {max_age} s"))
        .got(format_args!("auth_time {}", auth_time.seconds()))
        .hint("ask again: a server that obeys max_age lets the person log in anew"))
}

fn check_acr(claims: &impl Lookup, asked: &Scope) -> Result<(), RuleViolation> {
    if asked.is_empty() {
        return Ok(());
    }
    match claims.claim("acr") {
        Some(Claim::Text(acr)) if asked.contains(acr) => Ok(()),
        other => Err(RuleViolation::new(STAGE, "acr is one of those asked for", VALIDATION)
            .expected(asked)
            .got(other.and_then(Claim::text).unwrap_or(kind(other)))
            .hint("if any will do, call accept_any_acr() where the client is built")),
    }
}

/// The hash claims tie the ID token to what came with it. Through the browser they are required; from the token endpoint
/// TLS ties them together already.
fn check_hashes(
    claims: &impl Lookup,
    digest: Option<Digest>,
    expected: &IdTokenExpectations,
) -> Result<(), RuleViolation> {
    const AT_HASH: &str = "OpenID Connect Core section 3.2.2.9";
    const C_HASH: &str = "OpenID Connect Core section 3.3.2.10";
    const S_HASH: &str = "FAPI 1.0 Advanced section 5.1.1";
    const RT_HASH: &str = "urn:openid:params:jwt:claim:rt_hash";
    let front = expected.front_channel;
    for (name, hashed, required, spec, rule) in [
        (RT_HASH, &expected.refresh_token, front, PUSH, "rt_hash is the digest of the refresh token"),
        ("at_hash", &expected.access_token, front, AT_HASH, "at_hash is the digest of the access token"),
        ("c_hash", &expected.code, front, C_HASH, "c_hash is the digest of the code"),
        ("s_hash", &expected.state, expected.s_hash_required, S_HASH, "s_hash is the digest of the state"),
    ] {
        let Some(hashed) = hashed else { continue };
        let broken = || RuleViolation::new(STAGE, rule, spec);
        let claimed = match claims.claim(name) {
            None if required => return Err(broken().expected(name).got("no such member")),
            None => continue,
            Some(Claim::Text(claimed)) => claimed,
            other => return Err(broken().expected("a string").got(kind(other))),
        };
        let Some(digest) = digest.filter(|digest| digest.is_built_in()) else {
            return Err(broken().expected("a digest that is known here").got("an algorithm without one"));
        };
        if !digest.is_left_half(hashed.reveal().as_bytes(), claimed) {
            return Err(broken()
                .expected(digest.left_half(hashed.reveal().as_bytes()).unwrap_or_default())
                .got(claimed)
                .hint("what came with the ID token is not what it was made for: somebody may have replaced it"));
        }
    }
    Ok(())
}

/// Which request of CIBA it answers: required in a push (CIBA section 10.3.1).
fn check_auth_req_id(claims: &impl Lookup, expected: &IdTokenExpectations) -> Result<(), RuleViolation> {
    const NAME: &str = "urn:openid:params:jwt:claim:auth_req_id";
    let Some(asked) = &expected.auth_req_id else { return Ok(()) };
    let broken = || RuleViolation::new(STAGE, "auth_req_id is that of the request", PUSH).expected(NAME);
    match claims.claim(NAME) {
        Some(Claim::Text(said)) if constant_time_eq(said.as_bytes(), asked.reveal().as_bytes()) => Ok(()),
        Some(Claim::Text(_)) => Err(broken().got("that of another request")),
        None if !expected.front_channel => Ok(()),
        other => Err(broken().got(kind(other))),
    }
}

/// Where a renewed token brings an ID token it must be of the same login. Where it can't be verified just now, because no
/// key can be had, the one before is kept: leaving it out is the server's right, and the spent refresh token is not to be lost.
pub(crate) async fn continue_login(client: &Client, before: &Token, answer: Token) -> Result<Token> {
    let (Some(old), Some(new)) = (&before.id_token, &answer.id_token) else { return Ok(answer) };
    if old == new {
        return Ok(answer);
    }
    let keep = |mut answer: Token, error: &Error| {
        tracing::warn!(
            client_id = client.client_id(),
            outcome = error.code(),
            "the renewed ID token could not be verified; the one before is kept"
        );
        answer.id_token.clone_from(&before.id_token);
        answer
    };
    let login = match Continued::kept(client, &*client.metadata().await?, old).await {
        Ok(login) => login,
        // There is nothing to compare with, so the new one proves no more than the old.
        Err(error) => return Ok(keep(answer, &error)),
    };
    let expected = IdTokenExpectations::new().access_token(&answer.access_token).continuing(login);
    match client.verify_id_token(new, &expected).await {
        Ok(_) => Ok(answer),
        Err(error) if crate::metadata::found_no_key(&error) => Ok(keep(answer, &error)),
        Err(error) => Err(error),
    }
}
