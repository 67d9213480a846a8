//! An ID token that comes back as a hint, [OpenID Connect Core 1.0 section 3.1.2.1](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest).

use serde_json::Value;

use crate::{jwt::Received, shared::Shared, signer::id_token_alg};

pub(crate) struct IdTokenHint {
    pub(crate) client_id: String,
    pub(crate) sub: String,
    pub(crate) sid: Option<String>,
}

impl IdTokenHint {
    /// Only what this server has signed counts; that it has expired does not matter (RP-Initiated Logout 1.0 section 4).
    pub(crate) fn read(shared: &Shared, text: &str) -> Option<Self> {
        let token = Received::parse(text)?;
        if token.text("iss")? != shared.config.issuer() {
            return None;
        }
        let client_id = match token.claims.get("aud")? {
            Value::String(one) => one.as_str(),
            // Of several, the one it was issued to.
            Value::Array(many) => token.text("azp").or_else(|| many.first()?.as_str())?,
            _ => return None,
        };
        let client = shared.client(client_id)?;
        let alg = id_token_alg(shared, &client);
        let genuine = match token.alg() {
            // Somebody who is registered for tokens without a signature gets them back.
            "none" => alg == "none",
            "HS256" | "HS384" | "HS512" => {
                alg == token.alg() && client.secret.as_ref().is_some_and(|secret| token.is_by_secret(secret.as_bytes()))
            }
            _ => shared.keys.all().iter().any(|key| token.is_by_key(&key.jwk())),
        };
        let found = Self {
            client_id: client_id.to_owned(),
            sub: token.text("sub")?.to_owned(),
            sid: token.text("sid").map(str::to_owned),
        };
        genuine.then_some(found)
    }
}
