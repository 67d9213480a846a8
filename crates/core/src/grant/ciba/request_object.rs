//! Signed authentication requests, [CIBA section
//! 7.1.1](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#signed_auth_request).

use crate::UnixTime;
use crate::error::{Error, Result};
use crate::ports::Entropy;
use crate::wire::form::Params;
use grantee_jose::jws::{self, Header};
use grantee_jose::{ErrorKind, Signer, base64url};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// How long a request object may be shown.
const LIFETIME: Duration = Duration::from_secs(300);

pub(super) struct Context<'a> {
    pub(super) client_id: &'a str,
    pub(super) issuer: Option<&'a str>,
    pub(super) now: UnixTime,
    pub(super) entropy: &'a dyn Entropy,
}

/// All parameters as the claims of a JWT. None of them stands outside of it.
pub(super) async fn sign(params: &Params, signer: &dyn Signer, context: &Context<'_>) -> Result<String> {
    if signer.algorithm().is_symmetric() {
        return Err(Error::config(
            format!("a signed authentication request can't be signed by {}", signer.algorithm()),
            "CIBA section 7.1.1 wants an asymmetric signature: use the client's private key",
        ));
    }
    let claims = Value::from(claims(params, context)?).to_string();
    let mut header = Header::new();
    header.kid = signer.key_id().map(str::to_owned);
    jws::sign(&header, claims.as_bytes(), signer).await.map_err(|error| match error.kind() {
        ErrorKind::External => Error::Callback { what: "signed authentication request", source: Arc::new(error) },
        _ => Error::config(
            format!("the authentication request can't be signed: {error}"),
            "the key must be a private one of the algorithm's type, and meant for signatures",
        ),
    })
}

fn claims(params: &Params, context: &Context<'_>) -> Result<Map<String, Value>> {
    let issuer = context.issuer.ok_or_else(|| {
        Error::config(
            "a signed authentication request names the issuer as its audience, and none is known",
            "name it with issuer(..) where the client is built",
        )
    })?;
    let mut jti = [0; 16];
    context.entropy.fill(&mut jti)?;
    let mut claims = Map::new();
    claims.insert("iss".to_owned(), context.client_id.into());
    claims.insert("aud".to_owned(), issuer.into());
    claims.insert("exp".to_owned(), context.now.after(LIFETIME).seconds().into());
    claims.insert("iat".to_owned(), context.now.seconds().into());
    claims.insert("nbf".to_owned(), context.now.seconds().into());
    claims.insert("jti".to_owned(), base64url::encode(jti).into());
    for (name, value) in params.iter() {
        let value = match name {
            // JSON in the form is JSON here (RFC 9396 section 4).
            "authorization_details" => serde_json::from_str(value).unwrap_or_else(|_| value.into()),
            _ => Value::from(value),
        };
        match claims.get_mut(name) {
            None => {
                claims.insert(name.to_owned(), value);
            }
            // A parameter that may stand more than once is a list (RFC 8707 section 2.1).
            Some(Value::Array(list)) => list.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
        }
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Fixed;
    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) -> Result<()> {
            bytes.fill(7);
            Ok(())
        }
    }

    fn context(issuer: Option<&str>) -> Context<'_> {
        Context { client_id: "svc", issuer, now: UnixTime::from_seconds(1_700_000_000), entropy: &Fixed }
    }

    #[test]
    fn every_parameter_is_a_claim_and_all_registered_claims_are_there() {
        let params = Params::new()
            .with("scope", "openid")
            .with("requested_expiry", "60")
            .with("resource", "https://a.example/")
            .with("resource", "https://b.example/")
            .with("resource", "https://c.example/")
            .with("authorization_details", r#"[{"type":"t"}]"#);
        let claims = claims(&params, &context(Some("https://as.example"))).unwrap();
        let expected = json!({
            "iss": "svc", "aud": "https://as.example", "iat": 1_700_000_000, "nbf": 1_700_000_000, "exp": 1_700_000_300,
            "jti": "BwcHBwcHBwcHBwcHBwcHBw", "scope": "openid", "requested_expiry": "60",
            "resource": ["https://a.example/", "https://b.example/", "https://c.example/"],
            "authorization_details": [{"type": "t"}],
        });
        assert_eq!(Value::from(claims), expected);
    }

    #[test]
    fn without_an_issuer_there_is_no_audience() {
        assert!(claims(&Params::new(), &context(None)).unwrap_err().to_string().contains("issuer"));
    }
}
