//! What a token is bound to, so that a thief has no use for it: the key of a DPoP proof
//! ([RFC 9449 section 6](https://www.rfc-editor.org/rfc/rfc9449#section-6)) or the certificate of a connection
//! ([RFC 8705 section 3](https://www.rfc-editor.org/rfc/rfc8705#section-3)).

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    Client, Request,
    bearer::{Challenge, Presented, Scheme},
    dpop,
    error::OAuthError,
    shared::Shared,
    store::AccessToken,
};

/// What a token is bound to: nothing, a key, a certificate or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Binding {
    /// The thumbprint of a key.
    pub(crate) jkt: Option<String>,
    /// The thumbprint of a certificate.
    pub(crate) x5t: Option<String>,
}

impl Binding {
    /// The client as it is for this request to the token endpoint: with what its tokens are to be bound to.
    pub(crate) fn of(shared: &Shared, client: Arc<Client>, request: &Request) -> Result<Arc<Client>, OAuthError> {
        let jkt = dpop::thumbprint_of(shared, request)?;
        if client.dpop_bound && jkt.is_none() {
            return Err(OAuthError::invalid_request("the client is registered for DPoP, and there is no proof"));
        }
        let x5t = request.link.thumbprint.clone().filter(|_| client.certificate_bound);
        if client.certificate_bound && x5t.is_none() {
            return Err(OAuthError::invalid_request(
                "the client is registered for certificate-bound tokens, and there is no certificate",
            ));
        }
        let binding = Self { jkt, x5t };
        if binding == Self::default() {
            return Ok(client);
        }
        let mut client = Client::clone(&client);
        client.binding = binding;
        Ok(Arc::new(client))
    }

    /// A refresh token of a client that has no other way to prove itself is bound as well (RFC 9449 section 5, RFC 8705
    /// section 4).
    pub(crate) fn of_refresh_token(client: &Client) -> Self {
        if client.is_public() { client.binding.clone() } else { Self::default() }
    }

    pub(crate) fn token_type(&self) -> &'static str {
        if self.jkt.is_some() { "DPoP" } else { "Bearer" }
    }

    /// The `cnf` of a token: what the client is registered with, and what it is bound to.
    pub(crate) fn cnf(&self, registered: Option<&Value>) -> Option<Value> {
        let mut members = match registered {
            Some(Value::Object(members)) => members.clone(),
            Some(other) => return Some(other.clone()),
            None => Map::new(),
        };
        for (name, value) in [("jkt", &self.jkt), ("x5t#S256", &self.x5t)] {
            if let Some(value) = value {
                members.insert(name.into(), value.clone().into());
            }
        }
        (registered.is_some() || !members.is_empty()).then_some(Value::Object(members))
    }

    /// Whether `other` proves what this asks for.
    pub(crate) fn is_met_by(&self, other: &Self) -> bool {
        let met = |wanted: &Option<String>, shown: &Option<String>| wanted.is_none() || wanted == shown;
        met(&self.jkt, &other.jkt) && met(&self.x5t, &other.x5t)
    }
}

/// Whether who presents a token may: with the scheme that goes with it and with proof of what it is bound to.
pub(crate) fn verify(
    shared: &Shared,
    request: &Request,
    presented: &Presented,
    token: &AccessToken,
) -> Result<(), Challenge> {
    let wrong = |why| Challenge::new(401, "invalid_token", why);
    match (&token.binding.jkt, presented.scheme) {
        // RFC 9449 section 7.2.
        (Some(_), Scheme::Bearer) => return Err(wrong("the token is bound to a key").by(Scheme::Dpop, shared)),
        (None, Scheme::Dpop) => return Err(wrong("the token is not bound to a key").by(Scheme::Bearer, shared)),
        (None, Scheme::Bearer) => {}
        (Some(jkt), Scheme::Dpop) => {
            let proven = dpop::thumbprint_for(shared, request, &presented.value)
                .map_err(|refusal| Challenge::new(401, refusal.code(), refusal.description()))
                .and_then(|proven| {
                    proven.ok_or_else(|| Challenge::new(401, "invalid_dpop_proof", "there is no DPoP proof"))
                })
                .map_err(|challenge| challenge.by(Scheme::Dpop, shared))?;
            if proven != *jkt {
                return Err(wrong("the DPoP proof is by another key").by(Scheme::Dpop, shared));
            }
        }
    }
    // RFC 8705 section 3: the very certificate, on this connection.
    if token.binding.x5t.is_some() && token.binding.x5t != request.link.thumbprint {
        return Err(wrong("the token is bound to another certificate").by(presented.scheme, shared));
    }
    Ok(())
}
