//! What a client gets to know about a person, [OpenID Connect Core 1.0 section 5](https://openid.net/specs/openid-connect-core-1_0.html#Claims).

use serde_json::{Map, Value, json};

use crate::{
    User, claims_provider,
    issue::has,
    shared::{Shared, lock},
    store::{Grant, HeldClaims},
};

/// The scopes that stand for claims (section 5.4).
const SCOPES: [(&str, &[&str]); 4] = [
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
];

/// The names of all of them.
pub(crate) fn standard() -> impl Iterator<Item = &'static str> {
    SCOPES.iter().flat_map(|(_, names)| names.iter().copied())
}

/// The claims that the scope gives and those that were asked for by name, as far as they are known.
pub(crate) fn of_person(shared: &Shared, grant: &Grant, scope: &str, asked: &Map<String, Value>) -> Map<String, Value> {
    let Some(username) = &grant.username else {
        return Map::new();
    };
    let stranger;
    let user = match shared.config.users.get(username) {
        Some(user) => user,
        None => {
            stranger = User::without_password(username);
            &stranger
        }
    };
    let given = |name: &String| asked.contains_key(name) || scope_gives(scope, name);
    user.claims.iter().filter(|(name, _)| given(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn scope_gives(scope: &str, name: &str) -> bool {
    // A language tag makes no other claim of it (section 5.2).
    let bare = name.split('#').next().unwrap_or_default();
    SCOPES.iter().any(|(value, names)| names.contains(&bare) && has(scope, value))
}

/// Adds the claims that come from somebody else (section 5.6.2).
pub(crate) fn add_sources(shared: &Shared, grant: &Grant, claims: &mut Map<String, Value>) {
    let Some(user) = grant.username.as_ref().and_then(|name| shared.config.users.get(name)) else {
        return;
    };
    let mut names = Map::new();
    let mut sources = Map::new();
    let mut add = |given: &Map<String, Value>, source: Value| {
        let id = format!("src{}", sources.len() + 1);
        names.extend(given.keys().map(|name| (name.clone(), id.clone().into())));
        sources.insert(id, source);
    };
    for given in &user.aggregated {
        add(given, json!({"JWT": claims_provider::jwt(shared, given)}));
    }
    for (given, as_jwt) in &user.distributed {
        let held = HeldClaims { claims: given.clone(), as_jwt: *as_jwt };
        let token = lock(&shared.store).hold_claims(held);
        add(given, json!({"endpoint": shared.config.at("/claims"), "access_token": token.as_ref()}));
    }
    if !sources.is_empty() {
        claims.insert("_claim_names".into(), names.into());
        claims.insert("_claim_sources".into(), sources.into());
    }
}
