//! A person who can log in.

use serde_json::{Map, Value, json};

/// A person the server knows.
#[derive(Clone, Debug)]
pub struct User {
    pub(crate) username: String,
    /// None for a person who is only ever approved automatically.
    pub(crate) password: Option<String>,
    pub(crate) sub: String,
    /// What is known about them, by the names of OpenID Connect Core 1.0 section 5.1.
    pub(crate) claims: Map<String, Value>,
    pub(crate) aggregated: Vec<Map<String, Value>>,
    /// Each with whether the claims provider answers with a JWT.
    pub(crate) distributed: Vec<(Map<String, Value>, bool)>,
    pub(crate) user_code: Option<String>,
}

impl User {
    /// A person with a user name, which is also their `sub`, and a password.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        let username = username.into();
        Self {
            sub: username.clone(),
            claims: Map::from_iter([("preferred_username".to_owned(), username.clone().into())]),
            username,
            password: Some(password.into()),
            aggregated: Vec::new(),
            distributed: Vec::new(),
            user_code: None,
        }
    }

    /// Their subject identifier, where it is not the user name.
    pub fn subject(mut self, sub: impl Into<String>) -> Self {
        self.sub = sub.into();
        self
    }

    /// Their user code, which a client has to send that is registered for it
    /// ([CIBA section 7.1.2](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#user_code)).
    pub fn user_code(mut self, user_code: impl Into<String>) -> Self {
        self.user_code = Some(user_code.into());
        self
    }

    /// The `name` claim, given with scope `profile`.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.claim("name", name.into())
    }

    /// The `email` claim, given with scope `email`, and marked as verified.
    pub fn email(self, email: impl Into<String>) -> Self {
        self.claim("email", email.into()).claim("email_verified", true)
    }

    /// Any claim. The standard ones are given with the scope they belong to, with or without a language tag, as in
    /// `name#ja-Kana-JP`; the others where the `claims` parameter asks for them.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Every standard claim of
    /// [OpenID Connect Core 1.0 section 5.1](https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims), some of
    /// them in Japanese too.
    pub fn all_claims(mut self) -> Self {
        if let Value::Object(claims) = json!({
            "name": "Jane Bennet",
            "given_name": "Jane",
            "family_name": "Bennet",
            "middle_name": "Fitz",
            "nickname": "Jenny",
            "profile": "https://people.example/jane",
            "picture": "https://people.example/jane.png",
            "website": "https://jane.example/",
            "gender": "female",
            "birthdate": "1990-02-28",
            "zoneinfo": "Europe/London",
            "locale": "en-GB",
            "updated_at": 1_600_000_000,
            "email": "jane@example.test",
            "email_verified": true,
            "phone_number": "+44 20 7946 0000",
            "phone_number_verified": false,
            "address": {
                "formatted": "1 Longbourn Lane\nMeryton\nHerts\nAL1 1AA\nUK",
                "street_address": "1 Longbourn Lane",
                "locality": "Meryton",
                "region": "Herts",
                "postal_code": "AL1 1AA",
                "country": "UK",
            },
            "name#ja-Kana-JP": "ジェーン ベネット",
            "given_name#ja-Kana-JP": "ジェーン",
            "family_name#ja-Hani-JP": "辺音",
        }) {
            self.claims.extend(claims);
        }
        self
    }

    /// Claims that a claims provider vouches for, given as an *aggregated* JWT beside the others
    /// ([OpenID Connect Core 1.0 section 5.6.2](https://openid.net/specs/openid-connect-core-1_0.html#AggregatedDistributedClaims)).
    /// One call is one source; anything but an object counts as an empty one.
    pub fn aggregated_claims(mut self, claims: Value) -> Self {
        self.aggregated.push(members(claims));
        self
    }

    /// Claims that are to be fetched from a claims provider, *distributed*, at `/claims` of this server. It answers with a
    /// JWT, as it must; with `as_jwt` false with plain JSON. One call is one source.
    pub fn distributed_claims(mut self, claims: Value, as_jwt: bool) -> Self {
        self.distributed.push((members(claims), as_jwt));
        self
    }

    pub(crate) fn without_password(username: &str) -> Self {
        let mut user = Self::new(username, "");
        user.password = None;
        user
    }

    pub(crate) fn display_name(&self) -> &str {
        self.claims.get("name").and_then(Value::as_str).unwrap_or(&self.username)
    }
}

fn members(claims: Value) -> Map<String, Value> {
    match claims {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
