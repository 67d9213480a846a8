//! The authorization request, [RFC 6749 section 4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1), with the parameters
//! of [OpenID Connect Core section 3.1.2.1](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest), RFC 7636,
//! RFC 8707 and RFC 9396.

mod checks;
mod parameters;
mod query;

pub(crate) use checks::resource as check_resource;
pub(crate) use parameters::{Additions, Prepared};

use super::pending::{Pending, Version};
use super::pkce::{CodeChallengeMethod, CodeVerifier};
use super::response_type::ResponseType;
use crate::error::{Error, Result};
use crate::ports::Entropy;
use crate::wire;
use crate::{Scope, Secret, UnixTime};
use ::url::Url;
use grantee_jose::base64url;
use serde_json::Value;
use zeroize::Zeroizing;

/// What a person is asked for, as a plain value: nothing is checked or made before [`start`](Self::start).
///
/// `state`, PKCE and, for OpenID Connect, `nonce` are made by default. Lists are given like a scope: words with spaces
/// between them, or an array.
///
/// ```
/// use grantee_core::authorization::{AuthorizationRequest, RequestContext};
/// # struct Fixed;
/// # impl grantee_core::ports::Entropy for Fixed {
/// #     fn fill(&self, bytes: &mut [u8]) -> grantee_core::Result<()> { bytes.fill(7); Ok(()) }
/// # }
/// # let entropy = Fixed;
/// let request = AuthorizationRequest::new().scope("openid email").prompt("login").login_hint("alice@example.com");
/// let (url, pending) = request.start(&RequestContext {
///     client_id: "app",
///     issuer: Some("https://as.example"),
///     authorization_endpoint: "https://as.example/authorize",
///     iss_parameter_supported: true,
///     redirect_uri: Some("https://app.example/callback"),
///     entropy: &entropy,
///     now: grantee_core::UnixTime::now(),
///     allow_http: false,
/// })?;
/// assert!(url.as_str().starts_with("https://as.example/authorize?response_type=code&client_id=app&"));
/// let kept = pending.to_json()?; // in the person's session, a sealed cookie or a file, until the callback
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct AuthorizationRequest {
    response_type: Scope,
    scope: Scope,
    redirect_uri: Option<String>,
    state: Option<Secret>,
    nonce: Option<Secret>,
    code_verifier: Option<Secret>,
    challenge: Challenge,
    response_mode: Option<String>,
    prompt: Scope,
    max_age: Option<u64>,
    acr_values: Scope,
    ui_locales: Scope,
    login_hint: Option<Secret>,
    id_token_hint: Option<Secret>,
    claims: Option<Value>,
    display: Option<String>,
    authorization_details: Option<Value>,
    resource: Vec<String>,
    audience: Vec<String>,
    params: Vec<(String, Secret)>,
    implicit: bool,
    pushed: bool,
    request_object: Option<bool>,
}

/// Asks for an access token straight from the authorization endpoint (`response_type=token`,
/// [RFC 6749 section 4.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.2)), which OAuth 2.1 has removed: nothing ties the
/// token to this client, it passes through the browser, and no refresh token comes with it. Only for servers that know
/// nothing better.
#[must_use]
pub fn implicit(mut request: AuthorizationRequest) -> AuthorizationRequest {
    request.response_type = "token".into();
    request.implicit = true;
    request
}

/// What a request needs to know of the client and the server.
#[derive(Clone, Copy)]
pub struct RequestContext<'a> {
    /// REQUIRED. The client.
    pub client_id: &'a str,
    /// The server's issuer identifier, exactly as its metadata or the configuration spells it.
    pub issuer: Option<&'a str>,
    /// REQUIRED. Where the person is sent.
    pub authorization_endpoint: &'a str,
    /// Whether the server's metadata says `authorization_response_iss_parameter_supported`: then an answer without `iss`
    /// is refused (RFC 9207 section 2.4).
    pub iss_parameter_supported: bool,
    /// The redirect URI of a request that names none.
    pub redirect_uri: Option<&'a str>,
    /// Where `state`, `nonce` and the code verifier come from.
    pub entropy: &'a dyn Entropy,
    /// The time.
    pub now: UnixTime,
    /// Whether plain http is let through to other machines: for tests.
    pub allow_http: bool,
}

impl std::fmt::Debug for RequestContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestContext")
            .field("client_id", &self.client_id)
            .field("issuer", &self.issuer)
            .field("authorization_endpoint", &wire::url::shown(self.authorization_endpoint))
            .finish_non_exhaustive()
    }
}

/// How the challenge is made, if there is one; S256 unless the danger door was opened.
#[derive(Debug, Clone, Copy)]
struct Challenge(Option<CodeChallengeMethod>);

impl Default for Challenge {
    fn default() -> Self {
        Self(Some(CodeChallengeMethod::S256))
    }
}

impl AuthorizationRequest {
    /// Asks for a code, and nothing else yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the answer is to hold: `code` (the default), `none`, `id_token`, or several of `code`, `id_token` and `token`
    /// ([OAuth 2.0 Multiple Response Types](https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html)). An access token
    /// alone is behind [`legacy::implicit`](crate::grant::legacy::implicit).
    #[must_use]
    pub fn response_type(mut self, response_type: impl Into<Scope>) -> Self {
        self.response_type = response_type.into();
        self
    }

    /// OPTIONAL. What is asked for; `openid` among it makes this an OpenID Connect login. Adds to what was given before.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<Scope>) -> Self {
        self.scope.extend(scope);
        self
    }

    /// REQUIRED, here or in the client's configuration. Where the answer goes, sent exactly as given.
    #[must_use]
    pub fn redirect_uri(mut self, redirect_uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(redirect_uri.into());
        self
    }

    /// A `state` of the caller's own, at most 1024 characters of ASCII. It must be one that nobody can guess.
    #[must_use]
    pub fn state(mut self, state: impl Into<Secret>) -> Self {
        self.state = Some(state.into());
        self
    }

    /// A `nonce` of the caller's own, at most 1024 characters of ASCII. It must be one that nobody can guess.
    #[must_use]
    pub fn nonce(mut self, nonce: impl Into<Secret>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// A code verifier of the caller's own, checked like [`CodeVerifier::new`] does.
    #[must_use]
    pub fn code_verifier(mut self, code_verifier: impl Into<Secret>) -> Self {
        self.code_verifier = Some(code_verifier.into());
        self
    }

    /// OPTIONAL. How the answer travels: `query`, `fragment`, `form_post`; or signed, as `jwt`, `query.jwt`, `fragment.jwt` or
    /// `form_post.jwt` ([JARM](https://openid.net/specs/oauth-v2-jarm.html)), which is read by the client's
    /// [`finish`](crate::Client::finish) and [`respond`](crate::Client::respond).
    #[must_use]
    pub fn response_mode(mut self, response_mode: impl Into<String>) -> Self {
        self.response_mode = Some(response_mode.into());
        self
    }

    /// OPTIONAL. What the person is to see: `none`, `login`, `consent`, `select_account`, `create`.
    #[must_use]
    pub fn prompt(mut self, prompt: impl Into<Scope>) -> Self {
        self.prompt.extend(prompt);
        self
    }

    /// OPTIONAL. How long ago, in seconds, the person may have logged in.
    #[must_use]
    pub fn max_age(mut self, seconds: u64) -> Self {
        self.max_age = Some(seconds);
        self
    }

    /// OPTIONAL. The wished authentication context classes, the most wished first.
    #[must_use]
    pub fn acr_values(mut self, acr_values: impl Into<Scope>) -> Self {
        self.acr_values.extend(acr_values);
        self
    }

    /// OPTIONAL. The person's languages (BCP 47), the most wished first.
    #[must_use]
    pub fn ui_locales(mut self, ui_locales: impl Into<Scope>) -> Self {
        self.ui_locales.extend(ui_locales);
        self
    }

    /// OPTIONAL. Who is about to log in.
    #[must_use]
    pub fn login_hint(mut self, login_hint: impl Into<Secret>) -> Self {
        self.login_hint = Some(login_hint.into());
        self
    }

    /// OPTIONAL. An ID token of an earlier login, as a hint at who is about to log in.
    #[must_use]
    pub fn id_token_hint(mut self, id_token_hint: impl Into<Secret>) -> Self {
        self.id_token_hint = Some(id_token_hint.into());
        self
    }

    pub(crate) fn id_token_hint_mut(&mut self) -> &mut Option<Secret> {
        &mut self.id_token_hint
    }

    /// OPTIONAL. Which claims to return where (OpenID Connect Core section 5.5): a JSON object, or one as text.
    #[must_use]
    pub fn claims(mut self, claims: impl Into<Value>) -> Self {
        self.claims = Some(claims.into());
        self
    }

    /// OPTIONAL. How the server shows its pages: `page`, `popup`, `touch`, `wap`.
    #[must_use]
    pub fn display(mut self, display: impl Into<String>) -> Self {
        self.display = Some(display.into());
        self
    }

    /// OPTIONAL. Rich authorization requests (RFC 9396): a JSON list of objects with a `type`, or one as text.
    #[must_use]
    pub fn authorization_details(mut self, authorization_details: impl Into<Value>) -> Self {
        self.authorization_details = Some(authorization_details.into());
        self
    }

    /// OPTIONAL, repeatable. Where the token will be used (RFC 8707): an absolute URI without a fragment.
    #[must_use]
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource.push(resource.into());
        self
    }

    /// OPTIONAL, repeatable. For whom the token will be, at servers that want it so.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// OPTIONAL, repeatable. A parameter that has no method here. One that has can't be set by this, so that no check is
    /// passed by.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// Sends the request to the server from here, so that the browser carries no more than a reference to it
    /// ([RFC 9126](https://www.rfc-editor.org/rfc/rfc9126)). A server that requires it gets it by itself.
    #[must_use]
    pub fn pushed(mut self) -> Self {
        self.pushed = true;
        self
    }

    /// Whether the request goes as a signed request object ([RFC 9101](https://www.rfc-editor.org/rfc/rfc9101)), in the place of
    /// what the client's configuration says: every request does where it has a signer for them.
    #[must_use]
    pub fn request_object(mut self, wanted: bool) -> Self {
        self.request_object = Some(wanted);
        self
    }

    pub(crate) fn asks_for_request_object(&self) -> bool {
        self.request_object == Some(true)
    }

    pub(crate) fn asks_for_id_token(&self) -> bool {
        self.response_type.contains("id_token")
    }

    pub(crate) fn default_response_mode(&mut self, mode: &str) {
        self.response_mode.get_or_insert_with(|| mode.to_owned());
    }

    /// The way to weaker requests.
    pub fn danger(self) -> DangerousRequest {
        DangerousRequest(self)
    }

    /// Makes the URL the person is sent to, and what must be kept until the callback.
    ///
    /// # Errors
    /// [`Error::Config`] when the request can't work as it stands, or would leave something out that keeps it safe.
    pub fn start(self, context: &RequestContext<'_>) -> Result<(Url, Pending)> {
        let (url, pending) = self.start_as_text(context)?;
        Ok((wire::url::parse("the authorization request", &url)?, pending))
    }

    /// As [`start`](Self::start), with the URL as text, ready for a `Location` header: less work where it is not taken
    /// apart again.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_as_text(self, context: &RequestContext<'_>) -> Result<(String, Pending)> {
        if self.pushed || self.asks_for_request_object() {
            return Err(Error::config(
                "a request that is pushed or signed can't be made without a client",
                "hand it to the client's start(..)",
            ));
        }
        let prepared = self.prepare(context, Additions::default())?;
        Ok((prepared.url(), prepared.pending))
    }

    /// Checks the request and makes what is to be made, all but the text.
    pub(crate) fn prepare(mut self, context: &RequestContext<'_>, additions: Additions) -> Result<Prepared> {
        let endpoint = checks::endpoint(context)?;
        let response_type = ResponseType::of_request(&self.response_type, self.implicit)?;
        let redirect_uri = checks::redirect_uri(self.redirect_uri.take(), context)?;
        self.check(response_type, additions.encrypted_answers)?;
        self.claims = self.claims.take().map(checks::claims).transpose()?;
        self.authorization_details =
            self.authorization_details.take().map(checks::authorization_details).transpose()?;

        // PKCE protects a code, so an answer without one needs none (RFC 7636 section 1).
        let method = if response_type.code { self.challenge.0 } else { None };
        let makes_nonce = self.nonce.is_none() && self.scope.contains("openid");
        let makes_verifier = method.is_some() && self.code_verifier.is_none();
        let mut random = Random::new(context.entropy, [self.state.is_none(), makes_verifier, makes_nonce])?;
        let state = match self.state.take() {
            Some(own) => checks::own_value("state", own)?,
            None => random.secret(),
        };
        let code_verifier = match (method, self.code_verifier.take()) {
            (None, _) => None,
            (Some(_), Some(own)) => Some(CodeVerifier::new(own)?),
            (Some(_), None) => Some(CodeVerifier::from_bytes(random.next())),
        };
        let nonce = match self.nonce.take() {
            Some(own) => Some(checks::own_value("nonce", own)?),
            None => makes_nonce.then(|| random.secret()),
        };
        // The code will be bound to this key (RFC 9449 section 10).
        let bound_to = additions.parameters.iter().find(|(name, _)| *name == "dpop_jkt");
        let pending = Pending {
            version: Version,
            state,
            nonce,
            code_verifier,
            redirect_uri,
            issuer: context.issuer.map(str::to_owned),
            iss_required: context.iss_parameter_supported,
            client_id: context.client_id.to_owned(),
            response_type: response_type.name().to_owned(),
            response_mode: self.response_mode.take(),
            scope: std::mem::take(&mut self.scope),
            resource: std::mem::take(&mut self.resource),
            audience: std::mem::take(&mut self.audience),
            authorization_details: self.authorization_details.take(),
            max_age: self.max_age,
            acr_values: std::mem::take(&mut self.acr_values),
            essential_acr: self.claims.as_ref().map(checks::essential_acr).unwrap_or_default(),
            params: std::mem::take(&mut self.params),
            key_thumbprint: bound_to.map(|(_, thumbprint)| thumbprint.clone()),
            request_expires_at: None,
            created_at: context.now,
        };
        Ok(Prepared { endpoint, request: self, method, added: additions.parameters, pending })
    }

    fn check(&self, response_type: ResponseType, encrypted_answers: bool) -> Result<()> {
        if response_type.id_token && !self.scope.contains("openid") {
            return Err(Error::config(
                "an ID token is asked for without the scope openid",
                "add it to the scope (OpenID Connect Core section 3.1.2.1)",
            ));
        }
        if response_type.fragment() && self.response_mode.as_deref() == Some("query") {
            return Err(Error::config(
                "tokens can't come in a query, where logs and referrers show them",
                "leave response_mode out, or ask for form_post (OAuth 2.0 Multiple Response Types section 5)",
            ));
        }
        if response_type.fragment() && self.response_mode.as_deref() == Some("query.jwt") && !encrypted_answers {
            return Err(Error::config(
                "tokens can't come in a query, where logs and referrers show them, unless they are encrypted",
                "ask for fragment.jwt or form_post.jwt, or register the client for encryption (JARM section 2.3.1)",
            ));
        }
        if self.prompt.contains("none") && self.prompt.iter().nth(1).is_some() {
            return Err(Error::config(
                "prompt none stands beside another prompt",
                "none asks to show nothing, so it stands alone (OpenID Connect Core section 3.1.2.1)",
            ));
        }
        self.resource.iter().try_for_each(|resource| checks::resource(resource))?;
        self.params.iter().try_for_each(|(name, _)| checks::param(name))
    }
}

/// Requests that protect less than the default. Made by [`AuthorizationRequest::danger`].
#[derive(Debug, Clone)]
pub struct DangerousRequest(AuthorizationRequest);

impl DangerousRequest {
    /// Sends the code verifier itself as the challenge, for a server that knows no `S256`. Whoever can read the request,
    /// in a log or a browser's history, and get hold of the code can then redeem it.
    #[must_use]
    pub fn plain_pkce(mut self) -> AuthorizationRequest {
        self.0.challenge = Challenge(Some(CodeChallengeMethod::Plain));
        self.0
    }

    /// Sends no challenge, for a server that refuses one. Whoever gets hold of the code can then redeem it as far as the
    /// client's own authentication lets them, and slip it into another person's login.
    #[must_use]
    pub fn without_pkce(mut self) -> AuthorizationRequest {
        self.0.challenge = Challenge(None);
        self.0
    }
}

/// The 256-bit values of one request, from one call to the source of chance.
struct Random {
    bytes: Zeroizing<[[u8; 32]; 3]>,
    used: usize,
}

impl Random {
    fn new(entropy: &dyn Entropy, wanted: [bool; 3]) -> Result<Self> {
        let mut bytes = Zeroizing::new([[0; 32]; 3]);
        let count = wanted.iter().filter(|wanted| **wanted).count();
        if count > 0 {
            entropy.fill(bytes[..count].as_flattened_mut())?;
        }
        Ok(Self { bytes, used: 0 })
    }

    fn next(&mut self) -> &[u8; 32] {
        self.used += 1;
        &self.bytes[self.used - 1]
    }

    fn secret(&mut self) -> Secret {
        Secret::new(base64url::encode(self.next()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorization::testing::{context, pending, refused, refused_in};
    use serde_json::json;

    // Counting's first, second and third value, and the digest of the second.
    const STATE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    const NONCE: &str = "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM";
    const CHALLENGE: &str = "bB1ju9q0N8VDaMu9iIaohqea2XcpfiZe6_H19fAVM7k";

    fn url(ask: impl FnOnce(AuthorizationRequest) -> AuthorizationRequest) -> String {
        let request = ask(AuthorizationRequest::new());
        let text = request.clone().start_as_text(&context()).unwrap().0;
        assert_eq!(request.start(&context()).unwrap().0.as_str(), text);
        text
    }

    const HEAD: &str = "https://as.example/authorize?response_type=code&client_id=client\
                        &redirect_uri=https%3A%2F%2Fclient.example%2Fcb";

    #[test]
    fn state_and_pkce_s256_are_made_by_default() {
        let expected = format!("{HEAD}&scope=a+b&state={STATE}&code_challenge={CHALLENGE}&code_challenge_method=S256");
        assert_eq!(url(|request| request.scope("a b")), expected);
    }

    #[test]
    fn a_nonce_is_made_when_openid_is_asked() {
        let expected = format!(
            "{HEAD}&scope=openid&state={STATE}&nonce={NONCE}&code_challenge={CHALLENGE}&code_challenge_method=S256"
        );
        assert_eq!(url(|request| request.scope("openid")), expected);
        assert!(!url(|request| request.scope("openidx")).contains("nonce"));
    }

    #[test]
    fn own_values_are_sent_as_given() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let expected = format!(
            "{HEAD}&state=s%26t&nonce=n&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
        );
        assert_eq!(url(|request| request.state("s&t").nonce("n").code_verifier(verifier)), expected);
    }

    #[test]
    fn plain_and_no_pkce_only_through_the_danger_door() {
        let verifier = "v".repeat(43);
        let expected = format!("{HEAD}&state=s&code_challenge={verifier}&code_challenge_method=plain");
        assert_eq!(url(|request| request.state("s").code_verifier(&verifier).danger().plain_pkce()), expected);
        assert_eq!(url(|request| request.state("s").danger().without_pkce()), format!("{HEAD}&state=s"));
    }

    #[test]
    fn an_answer_without_a_code_needs_no_pkce() {
        let sent = url(|request| request.response_type("none").state("s"));
        assert_eq!(sent, format!("{HEAD}&state=s").replace("=code", "=none"));
    }

    #[test]
    fn the_endpoints_own_query_is_kept() {
        let sent = |endpoint| {
            let context = RequestContext { authorization_endpoint: endpoint, ..context() };
            let request = AuthorizationRequest::new().state("s").danger().without_pkce();
            String::from(request.start(&context).unwrap().0)
        };
        let ours = HEAD.split_once('?').unwrap().1;
        assert_eq!(sent("https://as.example/a?p=b%2Fc&q"), format!("https://as.example/a?p=b%2Fc&q&{ours}&state=s"));
        assert_eq!(sent("https://as.example/a?"), format!("https://as.example/a?{ours}&state=s"));
        assert_eq!(sent("https://as.example"), format!("https://as.example/?{ours}&state=s"));
    }

    #[test]
    fn list_values_repeat_and_json_is_encoded_once() {
        let sent = |claims: Value| {
            let details = json!([{"type": "t", "x": "ä&"}]);
            url(|request| {
                let request =
                    request.state("s").resource("https://a.example/").resource("urn:b").audience("c").audience("d");
                request
                    .claims(claims)
                    .authorization_details(details)
                    .param("k", "1")
                    .param("k", "2")
                    .danger()
                    .without_pkce()
            })
        };
        let expected = format!(
            "{HEAD}&state=s&claims=%7B%22id_token%22%3A%7B%22acr%22%3Anull%7D%7D\
             &authorization_details=%5B%7B%22type%22%3A%22t%22%2C%22x%22%3A%22%C3%A4%26%22%7D%5D\
             &resource=https%3A%2F%2Fa.example%2F&resource=urn%3Ab&audience=c&audience=d&k=1&k=2"
        );
        assert_eq!(sent(json!({"id_token": {"acr": null}})), expected);
        assert_eq!(sent(json!(r#"{"id_token": {"acr": null}}"#)), expected);
    }

    #[test]
    fn openid_parameters() {
        let sent = url(|request| {
            let request = request.state("s").prompt("login").prompt(["consent"]).max_age(0).acr_values("high low");
            let request = request.ui_locales("fr-CA fr").login_hint("a@b.example").id_token_hint("h.h.h");
            request.display("popup").response_mode("form_post").param("kc_idp_hint", "x y").danger().without_pkce()
        });
        let expected = format!(
            "{HEAD}&state=s&response_mode=form_post&display=popup&login_hint=a%40b.example&id_token_hint=h.h.h\
             &prompt=login+consent&acr_values=high+low&ui_locales=fr-CA+fr&max_age=0&kc_idp_hint=x+y"
        );
        assert_eq!(sent, expected);
        assert!(refused(|request| request.prompt("none login")).contains("prompt none"));
    }

    #[test]
    fn the_redirect_uri_is_required_and_sent_exactly_as_given() {
        let uri = "HTTPS://Client.example:443/cb?x=%7e";
        let (sent, pending) = AuthorizationRequest::new().redirect_uri(uri).start(&context()).unwrap();
        assert!(sent.as_str().contains("&redirect_uri=HTTPS%3A%2F%2FClient.example%3A443%2Fcb%3Fx%3D%257e&"));
        assert_eq!(pending.redirect_uri(), uri);
        let context = RequestContext { redirect_uri: None, ..context() };
        assert!(refused_in(&context, |request| request).contains("redirect_uri(..)"));
        for good in ["http://127.0.0.1:1/cb", "http://[::1]/", "com.example.app:/cb", "urn:ietf:wg:oauth:2.0:oob"] {
            AuthorizationRequest::new().redirect_uri(good).start(&context).unwrap();
        }
        for bad in
            ["", "/cb", "https://c.example/#f", "https://c.example/ö", "http://c.example/cb", "https://c.example/ x"]
        {
            assert!(refused(|request| request.redirect_uri(bad)).contains("redirect URI"), "{bad}");
        }
    }

    #[test]
    fn a_failing_source_of_chance_starts_nothing() {
        struct Empty;
        impl Entropy for Empty {
            fn fill(&self, _: &mut [u8]) -> Result<()> {
                Err(Error::config("no chance", ""))
            }
        }
        let context = RequestContext { entropy: &Empty, ..context() };
        assert!(refused_in(&context, |request| request).contains("no chance"));
        let verifier = "v".repeat(43);
        AuthorizationRequest::new().state("s").code_verifier(verifier).start(&context).unwrap();
    }

    #[test]
    fn debug_shows_no_secret() {
        let request = AuthorizationRequest::new().state("s3cret").nonce("s3cret").id_token_hint("s3cret");
        let request = request.code_verifier("s3cret").login_hint("s3cret").param("x", "s3cret");
        assert!(!format!("{request:?}").contains("s3cret"));
        assert!(!format!("{:?}", pending(|_| request.clone().code_verifier("s3cret".repeat(9)))).contains("s3cret"));
    }
}
