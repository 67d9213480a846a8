//! The authorization response, [RFC 6749 section 4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2), with the issuer check
//! of [RFC 9207](https://www.rfc-editor.org/rfc/rfc9207).

use super::callback::{
    ACCESS_TOKEN, Answer, CODE, Callback, ERROR, ERROR_DESCRIPTION, ERROR_URI, EXPIRES_IN, ID_TOKEN, ISS, NAMES,
    RESPONSE, SCOPE, SESSION_STATE, STATE, TOKEN_TYPE, rule,
};
use super::jarm::Signed;
use super::pending::Pending;
use super::pkce::CodeVerifier;
use crate::endpoint::token;
use crate::error::{Error, Result, ServerError};
use crate::oidc::{IdToken, IdTokenExpectations};
use crate::{Scope, Secret, Token, UnixTime, UnverifiedIdToken};
use serde_json::Value;
use std::sync::Arc;

const STAGE: &str = "authorization response";

/// An answer that was judged and found to be what was asked for. Only [`Pending::respond`] and
/// [`Client::respond`](crate::Client::respond) make one, so a function that takes one needs no check of its own.
#[derive(Debug)]
pub struct AuthorizationResponse {
    code: Option<Secret>,
    session_state: Option<Secret>,
    further: Vec<(String, Secret)>,
    id_token: Option<IdToken>,
    token: Option<Token>,
    asked: Pending,
}

impl AuthorizationResponse {
    /// The authorization code; there is one where the response type has `code`.
    pub fn code(&self) -> Option<&Secret> {
        self.code.as_ref()
    }

    /// What proves that the code comes back from whoever asked; `None` where the danger door was used.
    pub fn code_verifier(&self) -> Option<&CodeVerifier> {
        self.asked.code_verifier.as_ref()
    }

    /// The redirect URI as it was sent, which the token request repeats.
    pub fn redirect_uri(&self) -> &str {
        &self.asked.redirect_uri
    }

    /// The nonce that the ID token must carry.
    pub fn nonce(&self) -> Option<&Secret> {
        self.asked.nonce.as_ref()
    }

    /// The state, which was the one sent.
    pub fn state(&self) -> &str {
        self.asked.state()
    }

    /// The issuer asked, where one is known. Where the answer named one it was this.
    pub fn issuer(&self) -> Option<&str> {
        self.asked.issuer()
    }

    /// The client that asked.
    pub fn client_id(&self) -> &str {
        &self.asked.client_id
    }

    /// The response type asked for.
    pub fn response_type(&self) -> &str {
        &self.asked.response_type
    }

    /// The scope asked for; what was granted is told with the token.
    pub fn scope(&self) -> &Scope {
        &self.asked.scope
    }

    /// The resources asked for (RFC 8707).
    pub fn resource(&self) -> &[String] {
        &self.asked.resource
    }

    /// The audiences asked for.
    pub fn audience(&self) -> &[String] {
        &self.asked.audience
    }

    /// The authorization details asked for (RFC 9396).
    pub fn authorization_details(&self) -> Option<&Value> {
        self.asked.authorization_details.as_ref()
    }

    /// The thumbprint of the key that the code is bound to (RFC 9449 section 10).
    pub fn key_thumbprint(&self) -> Option<&str> {
        self.asked.key_thumbprint.as_deref()
    }

    /// How old, in seconds, the login was allowed to be.
    pub fn max_age(&self) -> Option<u64> {
        self.asked.max_age
    }

    /// The authentication context classes asked for.
    pub fn acr_values(&self) -> &Scope {
        &self.asked.acr_values
    }

    /// The request's further parameters, as they were given to `param`.
    pub fn request_params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.asked.params.iter().map(|(name, value)| (name.as_str(), value.reveal()))
    }

    /// The state of the person's session at the server (OpenID Connect Session Management section 2).
    pub fn session_state(&self) -> Option<&str> {
        self.session_state.as_ref().map(Secret::reveal)
    }

    /// The first further parameter of the answer with this name. Nothing vouches for it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.further.iter().find(|(held, _)| held == name).map(|(_, value)| value.reveal())
    }

    /// The ID token that came in the answer itself, verified.
    pub fn id_token(&self) -> Option<&IdToken> {
        self.id_token.as_ref()
    }

    /// The access token that came in the answer itself. Where an ID token came along, it has vouched for it.
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    pub(crate) fn take_token(&mut self) -> Option<Token> {
        self.token.take()
    }

    pub(crate) fn id_token_expectations(&self) -> IdTokenExpectations {
        self.asked.id_token_expectations()
    }
}

/// An answer that was read.
#[allow(clippy::large_enum_variant)] // It lives for a moment, and nearly always is the large one.
pub(crate) enum Read {
    /// Plain parameters, judged.
    Plain(Unverified),
    /// A JWT, which the server's keys must open first.
    Signed(Signed),
}

impl Read {
    pub(crate) fn at(asked: Pending, callback: &Callback<'_>, now: UnixTime) -> Result<Self> {
        let answer = Answer::read(&asked, callback)?;
        match (answer.get(RESPONSE).map(Secret::from), asked.expects_signed()) {
            (None, false) => Unverified::judge(asked, answer, false, now).map(Self::Plain),
            (Some(response), true) => {
                let iss = answer.get(ISS).map(str::to_owned);
                Ok(Self::Signed(Signed { asked, response, iss }))
            }
            (Some(_), false) => Err(rule("the answer travels as it was asked to", "JARM section 2.3")
                .expected("plain parameters")
                .got("a signed answer (response)")
                .hint("ask for one with response_mode jwt (JARM), so that it is verified")
                .into()),
            // Whoever can make a browser come here can make up plain parameters.
            (None, true) => Err(rule("the answer is signed, as was asked", "JARM section 2.3")
                .expected("a JWT in response")
                .got(match answer.get(ERROR).filter(|error| is_plain_word(error)) {
                    Some(error) => format!("plain parameters that say {error}"),
                    None => "plain parameters".to_owned(),
                })
                .into()),
        }
    }
}

/// An answer that was judged but for the ID token in it.
pub(crate) struct Unverified {
    pub(crate) response: AuthorizationResponse,
    pub(crate) id_token: Option<UnverifiedIdToken>,
    now: UnixTime,
}

impl Unverified {
    /// Judges an answer. `signed` is one whose `iss` and signature were verified.
    pub(super) fn judge(asked: Pending, mut answer: Answer<'_>, signed: bool, now: UnixTime) -> Result<Self> {
        let response_type = asked.response_type()?;
        // An ID token names the issuer too, and is verified (RFC 9207 section 2.4).
        let vouched = response_type.id_token && answer.get(ID_TOKEN).is_some() && answer.get(ERROR).is_none();
        check_issuer(&asked, answer.get(ISS), signed || vouched)?;
        check_state(&asked, &answer)?;
        if let Some(error) = server_error(&answer)? {
            return Err(error);
        }
        for (place, name, wanted) in [
            (CODE, "code", response_type.code),
            (ID_TOKEN, "id_token", response_type.id_token),
            (ACCESS_TOKEN, "access_token", response_type.token),
        ] {
            check_presence(&asked, answer.get(place), name, wanted)?;
        }
        let token = if response_type.token { Some(read_token(&asked, &answer, now)?) } else { None };
        let text = |place| answer.get(place).map(Secret::from);
        let (code, session_state) = (text(CODE), text(SESSION_STATE));
        let id_token = text(ID_TOKEN).map(UnverifiedIdToken::new);
        let further =
            answer.further.drain(..).map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect();
        let response = AuthorizationResponse { code, session_state, further, id_token: None, token, asked };
        Ok(Self { response, id_token, now })
    }

    /// What the ID token in the answer must agree with: the request, and everything that came along.
    pub(crate) fn expectations(&self) -> IdTokenExpectations {
        let mut expected = self.response.id_token_expectations().state(&self.response.asked.state).front_channel();
        expected.code.clone_from(&self.response.code);
        expected.access_token = self.response.token.as_ref().map(|token| token.access_token.clone());
        expected.at = Some(self.now);
        expected
    }

    /// The whole answer, once its ID token is verified.
    pub(crate) fn verified(mut self, id_token: Option<IdToken>) -> AuthorizationResponse {
        if let (Some(token), Some(raw)) = (&mut self.response.token, self.id_token) {
            token.id_token = Some(raw);
        }
        self.response.id_token = id_token;
        self.response
    }
}

fn check_presence(asked: &Pending, value: Option<&str>, name: &'static str, wanted: bool) -> Result<()> {
    let broken = |rule_text| {
        rule(rule_text, "OAuth 2.0 Multiple Response Types section 3")
            .expected(format_args!("what response_type {} brings", asked.response_type))
    };
    match (value, wanted) {
        (Some(""), true) => {
            Err(broken("the answer holds what was asked for").got(format_args!("an empty {name}")).into())
        }
        (None, true) if name == "code" => Err(rule("the answer holds a code", "RFC 6749 section 4.1.2")
            .expected("a code")
            .got("neither code nor error")
            .into()),
        (None, true) => Err(broken("the answer holds what was asked for").got(format_args!("no {name}")).into()),
        (Some(_), false) => {
            Err(broken("the answer holds nothing but what was asked for").got(format_args!("{name} too")).into())
        }
        _ => Ok(()),
    }
}

/// The access token of the answer itself ([RFC 6749 section 4.2.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2)).
fn read_token(asked: &Pending, answer: &Answer<'_>, now: UnixTime) -> Result<Token> {
    let named =
        [(ACCESS_TOKEN, "access_token"), (TOKEN_TYPE, "token_type"), (EXPIRES_IN, "expires_in"), (SCOPE, "scope")];
    let members = named
        .into_iter()
        .filter_map(|(place, name)| Some((name.to_owned(), Value::from(answer.get(place)?))))
        .collect();
    let asked = token::Asked {
        scope: Some(asked.scope.clone()).filter(|scope| !scope.is_empty()),
        // When it was sent off is not known to the second: the server counts from when it made the token.
        sent_at: Some(now),
        assumed_token_type: None,
    };
    token::from_members(STAGE, members, &asked)
}

// Exact, character by character, against nothing but what was known before (RFC 9207 section 2.4). An answer that names an
// issuer where the configuration names none can't be compared with anything, so there the name proves nothing and is ignored.
fn check_issuer(asked: &Pending, iss: Option<&str>, vouched: bool) -> Result<()> {
    let broken = || rule("iss is the issuer that was asked", "RFC 9207 section 2.4");
    match (iss, asked.issuer.as_deref()) {
        (Some(iss), Some(issuer)) if iss != issuer => Err(broken()
            .expected(issuer)
            .got(iss)
            .hint("the answer may come from another server: start the login again")
            .into()),
        (None, issuer) if asked.iss_required && !vouched => {
            Err(broken().expected(issuer.unwrap_or("an issuer")).got("no iss").into())
        }
        (Some(_), None) if asked.iss_required => Err(broken().got("an iss, but no issuer to compare it with").into()),
        _ => Ok(()),
    }
}

fn check_state(asked: &Pending, answer: &Answer<'_>) -> Result<()> {
    let state = answer.get(STATE).unwrap_or_default();
    let equal = grantee_jose::constant_time_eq(state.as_bytes(), asked.state.reveal().as_bytes());
    if equal && !state.is_empty() {
        return Ok(());
    }
    let got = match answer.get(STATE) {
        None => "no state",
        Some("") => "an empty state",
        Some(_) => "another state",
    };
    let broken = rule("state is the one that was sent", "RFC 6749 section 10.12").expected("the state sent");
    // Said for whoever configures the client; nothing is done on the strength of it.
    Err(match answer.get(ERROR).filter(|error| is_plain_word(error)) {
        Some(error) => broken.got(format_args!("{got}, in an answer that says {error}")),
        None => broken.got(got),
    }
    .hint("the answer belongs to another login, or was kept or made up by somebody: start the login again")
    .into())
}

fn is_plain_word(text: &str) -> bool {
    text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn server_error(answer: &Answer<'_>) -> Result<Option<Error>> {
    let Some(code) = answer.get(ERROR) else { return Ok(None) };
    if code.is_empty() {
        let broken = rule("an error has a code", "RFC 6749 section 4.1.2.1").expected("a code such as access_denied");
        return Err(broken.got("an empty error").into());
    }
    let mut error = ServerError::new(STAGE, code);
    error.description = answer.get(ERROR_DESCRIPTION).map(str::to_owned);
    error.uri = answer.get(ERROR_URI).map(str::to_owned);
    for (name, value) in &answer.further {
        error.members.entry(name.as_ref()).or_insert_with(|| value.as_ref().into());
    }
    // State, code and tokens stay out of an error, which gets logged.
    for place in [ERROR, ERROR_DESCRIPTION, ERROR_URI, ISS] {
        if let Some(value) = answer.get(place) {
            error.members.insert(NAMES[place].to_owned(), value.into());
        }
    }
    error.hint = hint(code).map(str::to_owned);
    Ok(Some(Error::Server(Arc::new(error))))
}

fn hint(error: &str) -> Option<&'static str> {
    Some(match error {
        "access_denied" => {
            "start again for a person who agrees; where nobody was asked, the server's policy forbids it"
        }
        "login_required" | "interaction_required" | "account_selection_required" | "consent_required" => {
            "the person must be shown something: ask again without prompt none"
        }
        "invalid_scope" => "ask for a scope that the server knows and the client may have",
        "unauthorized_client" => "the client is not registered for this response type",
        "invalid_target" => "the server does not know the resource asked for (RFC 8707 section 2)",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorization::testing::{asked, broken, code, context, pending};
    use crate::authorization::{AuthorizationRequest, RequestContext};

    #[test]
    fn a_response_holds_what_was_asked_and_what_came() {
        let url = "https://client.example/cb?code=CODE%2F+x&state=STATE&iss=https%3A%2F%2Fas.example&session_state=s&hd=h&hd=i";
        let response = asked().respond(url).unwrap();
        assert_eq!(response.code().unwrap().reveal(), "CODE/ x");
        assert_eq!(response.nonce().unwrap().reveal(), "NONCE");
        assert_eq!(response.code_verifier().unwrap().reveal().len(), 43);
        assert_eq!(response.redirect_uri(), "https://client.example/cb");
        assert_eq!(response.scope().to_string(), "openid a");
        assert_eq!(response.resource(), ["https://api.example/"]);
        assert_eq!((response.state(), response.issuer()), ("STATE", Some("https://as.example")));
        assert_eq!((response.session_state(), response.get("hd"), response.get("code")), (Some("s"), Some("h"), None));
        let shown = format!("{response:?}");
        assert!(!shown.contains("CODE") && !shown.contains("STATE") && !shown.contains("NONCE"), "{shown}");
    }

    #[test]
    fn iss_must_be_the_issuer_exactly() {
        assert_eq!(code(asked(), "code=CODE&state=STATE&iss=https://as.example"), "CODE");
        for other in ["https://as.example/", "https://AS.example", "https://evil.example", ""] {
            let message = broken(asked(), &*format!("code=CODE&state=STATE&iss={other}"));
            assert!(message.contains("RFC 9207 section 2.4"), "{message}");
        }
    }

    #[test]
    fn iss_is_required_when_metadata_says_so() {
        let context = RequestContext { iss_parameter_supported: true, ..context() };
        let asked = || AuthorizationRequest::new().state("STATE").start(&context).unwrap().1;
        assert!(broken(asked(), "code=CODE&state=STATE").contains("got no iss"));
        assert!(broken(asked(), "error=access_denied&state=STATE").contains("got no iss"));
        assert_eq!(code(asked(), "code=CODE&state=STATE&iss=https%3A%2F%2Fas.example"), "CODE");
    }

    #[test]
    fn iss_proves_nothing_where_no_issuer_is_known() {
        let context = RequestContext { issuer: None, ..context() };
        let (_, asked) = AuthorizationRequest::new().state("STATE").start(&context).unwrap();
        let response = asked.respond("code=CODE&state=STATE&iss=https://anything.example").unwrap();
        assert_eq!(response.issuer(), None);
    }

    #[test]
    fn state_must_be_the_one_sent() {
        for (callback, got) in [
            ("code=CODE", "got no state"),
            ("code=CODE&state=", "got an empty state"),
            ("code=CODE&state=STAT", "got another state"),
            ("code=CODE&state=STATE2", "got another state"),
            ("code=CODE&state=state", "got another state"),
            ("error=invalid_scope", "got no state, in an answer that says invalid_scope"),
            ("error=<b>&state=x", "got another state (hint"),
        ] {
            let message = broken(asked(), callback);
            assert!(message.contains(got), "{message}");
        }
    }

    #[test]
    fn a_stored_request_whose_state_was_emptied_matches_nothing() {
        let kept = asked().to_json().unwrap().replace("STATE", "");
        assert!(broken(Pending::from_json(&kept).unwrap(), "code=CODE&state=").contains("an empty state"));
    }

    #[test]
    fn checks_come_in_order() {
        let iss = "iss=https://evil.example";
        let order = [
            ("no parameter stands twice", format!("code=a&code=a&state=x&{iss}&error=e")),
            ("iss is the issuer", format!("code=a&state=x&{iss}&error=e")),
            ("state is the one", "code=a&state=x&error=e".to_owned()),
        ];
        for (rule, callback) in order {
            assert!(broken(asked(), &callback).contains(rule), "{callback}");
        }
        let error = asked().respond("code=CODE&state=STATE&error=e&id_token=t").unwrap_err();
        assert_eq!(error.server_error(), Some("e"));
    }

    #[test]
    fn an_error_answer_is_an_error_with_all_its_members() {
        let callback = "error=login_required&error_description=say+who&error_uri=https%3A%2F%2Fe.example&state=STATE&code=CODE&sub=7&sub=8";
        let error = asked().respond(callback).unwrap_err();
        let Error::Server(server) = &error else { panic!("{error:?}") };
        assert_eq!((server.stage, &*server.error), ("authorization response", "login_required"));
        assert_eq!(server.description.as_deref(), Some("say who"));
        assert_eq!(server.uri.as_deref(), Some("https://e.example"));
        let mut names: Vec<_> = server.members.keys().collect();
        names.sort();
        assert_eq!(names, ["error", "error_description", "error_uri", "sub"]);
        assert_eq!(server.members["sub"], "7");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("CODE") && !shown.contains("STATE"), "{shown}");
        assert!(broken(asked(), "error=&state=STATE&code=CODE").contains("an empty error"));
    }

    #[test]
    fn what_was_asked_for_must_be_there_and_nothing_else() {
        assert!(broken(asked(), "state=STATE").contains("neither code nor error"));
        assert!(broken(asked(), "state=STATE&code=").contains("an empty code"));
        assert!(broken(asked(), "state=STATE&code=CODE&id_token=t").contains("got id_token too"));
        assert!(broken(asked(), "state=STATE&access_token=t&token_type=Bearer").contains("neither code nor error"));
        assert!(broken(asked(), "response=a.b.c").contains("JARM"));
        let none = || pending(|request| request.state("STATE").response_type("none"));
        assert!(none().respond("state=STATE").unwrap().code().is_none());
        assert!(broken(none(), "state=STATE&code=CODE").contains("got code too"));
        let hybrid = pending(|request| request.response_type("code id_token").scope("openid"));
        assert!(hybrid.respond("state=x").unwrap_err().to_string().contains("without the server's keys"));
    }
}
