//! Introspection answered with a JWT, [RFC 9701](https://www.rfc-editor.org/rfc/rfc9701).

use serde_json::{Map, Value};

use crate::{
    Client, Jwt, Request, forge,
    jwt::Draft,
    oracle::{Encryption, encrypted},
    response::Response,
    shared::Shared,
    signer::signer,
};

const TYPE: &str = "token-introspection+jwt";

/// Whether the caller asks for one (section 4), or is registered for one (section 6).
pub(crate) fn is_wanted(request: &Request, client: &Client) -> bool {
    let accepts = request
        .header_all("accept")
        .flat_map(|value| value.split(','))
        .filter_map(|range| range.split(';').next())
        .any(|range| range.trim().eq_ignore_ascii_case(&format!("application/{TYPE}")));
    accepts || client.introspection_alg.is_some() || client.introspection_encryption.is_some()
}

/// Section 5. What is said of the token is in a claim of its own, so that nobody takes the answer for an access token.
pub(crate) fn answer(shared: &Shared, client: &Client, described: Map<String, Value>) -> Response {
    let mut claims = Map::new();
    claims.insert("iss".into(), shared.config.issuer().into());
    claims.insert("aud".into(), client.id.clone().into());
    claims.insert("iat".into(), shared.clock.seconds().into());
    claims.insert("token_introspection".into(), described.into());
    let alg = client.introspection_alg.clone().unwrap_or_else(|| shared.keys.default_alg());
    let draft = Draft::new(signer(shared, client, &alg), claims).typed(TYPE);
    let jwt = forge::sealed(shared, Jwt::Introspection, draft);
    let jwt = match &client.introspection_encryption {
        // It was tried when the client was registered.
        Some(how) => encrypted(client, how, &jwt, true).unwrap_or(jwt),
        None => jwt,
    };
    Response::raw(200, &format!("application/{TYPE}"), jwt).no_store()
}

impl Client {
    /// Introspection answers it with a JWT signed like this, whatever it accepts. Without, it gets one where its `Accept`
    /// has `application/token-introspection+jwt` ([RFC 9701 section 6](https://www.rfc-editor.org/rfc/rfc9701#section-6)).
    pub fn introspection_signed_response_alg(mut self, alg: impl Into<String>) -> Self {
        self.introspection_alg = Some(alg.into());
        self
    }

    /// Introspection answers it with a JWE of that JWT. As [`Client::id_token_encrypted_response`] in all else.
    pub fn introspection_encrypted_response(mut self, alg: impl Into<String>, enc: impl Into<String>) -> Self {
        self.introspection_encryption = Some(Encryption { alg: alg.into(), enc: enc.into() });
        self
    }
}
