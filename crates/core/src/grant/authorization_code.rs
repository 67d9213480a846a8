//! Authorization code grant, [RFC 6749 section 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3), with
//! PKCE ([RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)).

use super::{Grant, GrantContext, TokenParameters, token_parameters};
use crate::Secret;
use crate::authorization::AuthorizationResponse;
use crate::endpoint::token::STAGE;
use crate::error::{Error, Result, RuleViolation};
use crate::ports::BoxFuture;
use crate::wire::form::Params;

/// Exchanges an authorization code for a token. Takes only a response that has been judged against its pending request;
/// the one other door is [`AuthorizationCode::from_parts`].
#[derive(Debug, Clone)]
pub struct AuthorizationCode {
    code: Secret,
    redirect_uri: Option<String>,
    code_verifier: Option<Secret>,
    key_thumbprint: Option<String>,
    issuer: Option<String>,
    parameters: TokenParameters,
}

impl AuthorizationCode {
    /// With a judged response; sends back exactly the redirect URI of the request.
    ///
    /// # Errors
    /// [`Error::Config`] when the response type asked for brings no code.
    pub fn new(response: AuthorizationResponse) -> Result<Self> {
        let code = response.code().cloned().ok_or_else(|| {
            Error::config(
                format!("response_type {} brings no code to exchange", response.response_type()),
                "ask for response_type code",
            )
        })?;
        let parameters = Self::parameters_of(&response);
        Ok(Self {
            code,
            redirect_uri: Some(response.redirect_uri().to_owned()),
            code_verifier: response.code_verifier().map(|verifier| verifier.reveal().into()),
            key_thumbprint: response.key_thumbprint().map(str::to_owned),
            issuer: response.issuer().map(str::to_owned),
            parameters,
        })
    }

    /// What was asked for at the authorization endpoint, which renewals ask for again; not the authorization details, of which a
    /// token request names a part where it names any (RFC 9396 section 6).
    pub(crate) fn parameters_of(response: &AuthorizationResponse) -> TokenParameters {
        TokenParameters {
            scope: Some(response.scope().clone()).filter(|scope| !scope.is_empty()),
            resources: response.resource().to_vec(),
            audiences: response.audience().to_vec(),
            ..TokenParameters::default()
        }
    }

    /// With a bare code that something else has checked: its `state`, its issuer, and that it came to this redirect URI.
    /// Without those checks an attacker can plant a code of their own (RFC 9700 section 4.4 to 4.7).
    pub fn from_parts(
        code: impl Into<Secret>,
        redirect_uri: impl Into<String>,
        code_verifier: impl Into<Secret>,
    ) -> Self {
        Self {
            code: code.into(),
            redirect_uri: Some(redirect_uri.into()),
            code_verifier: Some(code_verifier.into()),
            key_thumbprint: None,
            issuer: None,
            parameters: TokenParameters::default(),
        }
    }

    token_parameters!();
}

impl Grant for AuthorizationCode {
    fn grant_type(&self) -> &str {
        "authorization_code"
    }

    fn params<'a>(&'a self, context: GrantContext<'a>) -> BoxFuture<'a, Result<Params>> {
        Box::pin(async move {
            // One client_id may be known to several servers, and a code of one is shown to no other.
            if let Some(asked) = &self.issuer
                && context.issuer != Some(asked)
            {
                return Err(RuleViolation::new(
                    STAGE,
                    "a code goes to the issuer that was asked",
                    "RFC 9700 section 4.4.2",
                )
                .expected(asked)
                .got(context.issuer.unwrap_or("a server without an issuer"))
                .hint("finish the login with the client that started it")
                .into());
            }
            let mut params = Params::new().with("code", &self.code);
            if let Some(redirect_uri) = &self.redirect_uri {
                params.push("redirect_uri", redirect_uri.as_str());
            }
            if let Some(code_verifier) = &self.code_verifier {
                params.push("code_verifier", code_verifier);
            }
            Ok(params)
        })
    }

    fn parameters(&self) -> &TokenParameters {
        &self.parameters
    }

    fn key_thumbprint(&self) -> Option<&str> {
        self.key_thumbprint.as_deref()
    }

    // The scope was settled at the authorization endpoint; RFC 6749 section 4.1.3 knows no scope here.
    fn sends_scope(&self) -> bool {
        false
    }

    fn is_repeatable(&self) -> bool {
        false
    }
}
