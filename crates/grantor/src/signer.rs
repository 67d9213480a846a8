//! Who signs what a client gets.

use serde_json::{Map, Value};

use crate::{
    Client, Jwt, forge,
    jwt::{Draft, Signer},
    oracle::{Encryption, encrypted},
    shared::Shared,
};

/// The signer for an algorithm a client is registered with.
pub(crate) fn signer(shared: &Shared, client: &Client, alg: &str) -> Signer {
    match alg {
        "none" => Signer::Nobody,
        "HS256" | "HS384" | "HS512" => {
            Signer::Secret(alg.into(), client.secret.clone().unwrap_or_default().into_bytes())
        }
        alg => Signer::Key(shared.keys.key(alg)),
    }
}

/// The algorithm of a client's ID tokens.
pub(crate) fn id_token_alg(shared: &Shared, client: &Client) -> String {
    client.id_token_alg.clone().unwrap_or_else(|| shared.keys.default_alg())
}

/// Signs and, where the client wants it, encrypts.
pub(crate) fn sealed(
    shared: &Shared,
    client: &Client,
    jwt: Jwt,
    alg: &str,
    claims: Map<String, Value>,
    encryption: Option<&Encryption>,
) -> String {
    sealed_draft(shared, client, jwt, Draft::new(signer(shared, client, alg), claims), encryption)
}

/// The same for what is written already.
pub(crate) fn sealed_draft(
    shared: &Shared,
    client: &Client,
    jwt: Jwt,
    mut draft: Draft,
    encryption: Option<&Encryption>,
) -> String {
    draft.encryption = encryption.cloned();
    let draft = forge::forged(shared, jwt, draft);
    let token = draft.compact();
    match &draft.encryption {
        // It was tried when the client was registered.
        Some(how) => encrypted(client, how, &token, true).unwrap_or(token),
        None => token,
    }
}
