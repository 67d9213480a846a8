//! Sign in with Apple.

use super::{Deviation, Preset, deviating, discovered};
use crate::client::Config;
use crate::client_auth::{AuthContext, ClientAuth, Draft, read_pem};
use crate::error::{Error, Result};
use crate::ports::BoxFuture;
use grantee_jose::jws::{self, Header};
use grantee_jose::{SignatureAlgorithm, SigningKey};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const ISSUER: &str = "https://appleid.apple.com";

/// Apple allows half a year; each request has one of its own, so a few minutes do.
const LIFETIME: Duration = Duration::from_secs(300);

/// Sign in with Apple. Deviates in:
///
/// - The client's secret is a JWT that the team signs with its key, by ES256
///   ([creating a client secret](https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret)).
///   Here each request has a new one.
/// - Where a scope is asked for, the answer comes by `form_post`
///   ([requesting authorization](https://developer.apple.com/documentation/signinwithapplerestapi/request-an-authorization-to-the-sign-in-with-apple-server.)),
///   so every request asks for that.
///
/// The person's name comes once, with the first callback, in its parameter `user`.
///
/// ```
/// # use grantee_core::jose::{Curve, Jwk, KeyKind};
/// # let pem = Jwk::generate(KeyKind::Curve(Curve::P256))?.to_private_pem()?;
/// use grantee_core::preset::{Apple, Preset};
/// let mut config = Apple::new("DEF123GHIJ", "ABC123DEFG", &pem)?.config(); // AuthKey_ABC123DEFG.p8
/// config.set_client("com.example.app".into(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Apple {
    secret: Secret,
}

impl Apple {
    /// With the team's identifier, the key's identifier, and the key in PEM as Apple handed it out (`.p8`).
    ///
    /// # Errors
    /// [`Error::Config`] when the key is not a private one on P-256.
    pub fn new(team_id: impl Into<String>, key_id: impl Into<String>, key: &str) -> Result<Self> {
        let key = read_pem(key)?.with_kid(key_id);
        let signer = SigningKey::new(&key, SignatureAlgorithm::Es256).map_err(not_signed)?;
        Ok(Self { secret: Secret { team_id: team_id.into(), signer } })
    }
}

impl Preset for Apple {
    fn config(&self) -> Config {
        let mut config = deviating(discovered(ISSUER.to_owned()), [Deviation::FormPost]);
        config.set_auth(Arc::new(self.secret.clone()));
        config
    }
}

/// `client_secret_post` with a secret that is made for each request.
#[derive(Debug, Clone)]
struct Secret {
    team_id: String,
    signer: SigningKey,
}

impl ClientAuth for Secret {
    fn method(&self) -> &str {
        "client_secret_post"
    }

    fn authenticate<'a>(&'a self, draft: &'a mut Draft, context: AuthContext<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let claims = json!({
                "iss": self.team_id, "iat": context.now.seconds(), "exp": context.now.after(LIFETIME).seconds(),
                "aud": ISSUER, "sub": context.client_id,
            });
            let secret = jws::sign(&Header::new(), claims.to_string().as_bytes(), &self.signer).await;
            draft.form.set("client_id", context.client_id);
            draft.form.set("client_secret", secret.map_err(not_signed)?);
            Ok(())
        })
    }
}

fn not_signed(error: grantee_jose::Error) -> Error {
    Error::config(
        format!("the client's secret can't be signed: {error}"),
        "hand over the private key that Apple made for the team, a .p8 file",
    )
}
