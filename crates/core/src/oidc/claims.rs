//! What is said about a person: [OpenID Connect Core section 5](https://openid.net/specs/openid-connect-core-1_0.html#Claims).

use super::lookup::{Lookup as _, time};
use crate::{Secret, UnixTime};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::fmt;
use std::sync::OnceLock;

/// The claims of an ID token or of a userinfo answer, with the standard ones typed. A claim of another type than the
/// standard says counts as absent there; [`get`](Self::get) reads any claim as any type.
///
/// Serializing it shows everything; `Debug` shows the names alone.
///
/// ```
/// # use grantee_core::oidc::Claims;
/// let claims = Claims::from_members(serde_json::from_str(
///     r#"{"sub":"24400320","name":"Jane Doe","name#ja-Kana-JP":"ジェーン","email_verified":true,"groups":["a","b"]}"#,
/// ).unwrap());
/// assert_eq!(claims.name(), Some("Jane Doe"));
/// assert_eq!(claims.localized("name", "ja-Kana-JP"), Some("ジェーン"));
/// assert_eq!(claims.email_verified(), Some(true));
/// assert_eq!(claims.get::<Vec<String>>("groups").unwrap(), ["a", "b"]);
/// ```
#[derive(Clone, Default)]
pub struct Claims {
    /// What was verified; copied into `members` when somebody asks for a claim. Empty where `members` came first.
    text: Vec<u8>,
    members: OnceLock<Map<String, Value>>,
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $($(#[$doc])* pub fn $name(&self) -> Option<&str> {
            self.text(stringify!($name))
        })*
    };
}

impl Claims {
    /// Members that something has verified, or that need no verifying.
    pub fn from_members(members: Map<String, Value>) -> Self {
        Self { text: Vec::new(), members: OnceLock::from(members) }
    }

    /// A JSON object that has been read strictly before. Most programs look at few claims, or at none, of many tokens.
    pub(crate) fn from_text(text: Vec<u8>) -> Self {
        Self { text, members: OnceLock::new() }
    }

    /// The claim of this name as this type; `None` where it is absent or of another type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        T::deserialize(self.members().get(name)?).ok()
    }

    /// The claim at a JSON pointer such as `/address/country` (RFC 6901), or of a plain name.
    pub fn at(&self, path: &str) -> Option<&Value> {
        let Some(pointer) = path.strip_prefix('/') else { return self.members().get(path) };
        let (first, rest) =
            pointer.split_once('/').map_or((pointer, ""), |(first, _)| (first, &pointer[first.len()..]));
        self.members().get(&first.replace("~1", "/").replace("~0", "~"))?.pointer(rest)
    }

    /// Every claim, as it came.
    pub fn members(&self) -> &Map<String, Value> {
        self.members.get_or_init(|| grantee_jose::json::object(&self.text).unwrap_or_default())
    }

    texts! {
        /// The person, by an identifier that is theirs at this issuer for ever, and nobody else's.
        sub,
        /// Full name, for display.
        name,
        /// Given names.
        given_name,
        /// Family names.
        family_name,
        /// Middle names.
        middle_name,
        /// Casual name.
        nickname,
        /// The name the person wants to be referred to by. It may change and belong to somebody else later.
        preferred_username,
        /// The profile page.
        profile,
        /// A picture of the person.
        picture,
        /// Home page or blog.
        website,
        /// Email address. It identifies nobody: see [`sub`](Self::sub).
        email,
        /// Gender.
        gender,
        /// Birthday: `YYYY-MM-DD`, `0000-MM-DD` without the year, or `YYYY`.
        birthdate,
        /// Time zone, such as `Europe/Paris`.
        zoneinfo,
        /// Language, BCP 47, such as `en-US`.
        locale,
        /// Telephone number, best as E.164.
        phone_number,
    }

    /// Whether the provider has verified that the address is the person's.
    pub fn email_verified(&self) -> Option<bool> {
        self.flag("email_verified")
    }

    /// Whether the provider has verified that the number is the person's.
    pub fn phone_number_verified(&self) -> Option<bool> {
        self.flag("phone_number_verified")
    }

    /// When what is said here was last changed.
    pub fn updated_at(&self) -> Option<UnixTime> {
        time(self.members().claim("updated_at")?)
    }

    /// Postal address.
    pub fn address(&self) -> Option<Address<'_>> {
        self.members().get("address")?.as_object().map(Address)
    }

    /// A claim in a language or script, as `name#ja-Kana-JP` has it. The tag's case does not matter
    /// ([section 5.2](https://openid.net/specs/openid-connect-core-1_0.html#ClaimsLanguagesAndScripts)).
    pub fn localized(&self, name: &str, language: &str) -> Option<&str> {
        self.languages(name).find(|(tag, _)| tag.eq_ignore_ascii_case(language)).map(|(_, text)| text)
    }

    /// The languages and scripts a claim comes in, with its text in each.
    pub fn languages<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a, 'n> {
        self.members().iter().filter_map(move |(member, value)| {
            let tag = member.strip_prefix(name)?.strip_prefix('#')?;
            Some((tag, value.as_str()?))
        })
    }

    /// Claims that come from somebody else ([section 5.6.2](https://openid.net/specs/openid-connect-core-1_0.html#AggregatedDistributedClaims)).
    /// Nothing here has been verified by the provider that names them.
    pub fn sources(&self) -> impl Iterator<Item = ClaimSource<'_>> {
        let names = self.members().get("_claim_names").and_then(Value::as_object);
        let sources = self.members().get("_claim_sources").and_then(Value::as_object);
        sources.into_iter().flatten().filter_map(move |(id, source)| {
            let text = |name: &str| source.get(name).and_then(Value::as_str);
            let kind = match (text("JWT"), text("endpoint")) {
                (Some(jwt), _) => SourceKind::Aggregated { jwt },
                (None, Some(endpoint)) => {
                    SourceKind::Distributed { endpoint, access_token: text("access_token").map(Secret::from) }
                }
                _ => return None,
            };
            let claims = names
                .into_iter()
                .flatten()
                .filter(|(_, source)| source.as_str() == Some(id))
                .map(|(name, _)| name.as_str())
                .collect();
            Some(ClaimSource { id, claims, kind })
        })
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.members().get(name)?.as_str()
    }

    fn flag(&self, name: &str) -> Option<bool> {
        match self.members().get(name)? {
            Value::Bool(value) => Some(*value),
            // Cognito and Apple send these as strings.
            Value::String(text) if text == "true" => Some(true),
            Value::String(text) if text == "false" => Some(false),
            _ => None,
        }
    }
}

impl PartialEq for Claims {
    fn eq(&self, other: &Self) -> bool {
        self.members() == other.members()
    }
}

impl Serialize for Claims {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.members().serialize(serializer)
    }
}

// They are about a person.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claims")?;
        f.debug_list().entries(self.members().keys()).finish()
    }
}

/// A postal address ([section 5.1.1](https://openid.net/specs/openid-connect-core-1_0.html#AddressClaim)).
#[derive(Clone, Copy, PartialEq)]
pub struct Address<'a>(&'a Map<String, Value>);

impl<'a> Address<'a> {
    /// The whole address as on a label, lines divided by `\n` or `\r\n`.
    pub fn formatted(&self) -> Option<&'a str> {
        self.text("formatted")
    }

    /// Street, number, box; lines divided by `\n` or `\r\n`.
    pub fn street_address(&self) -> Option<&'a str> {
        self.text("street_address")
    }

    /// City.
    pub fn locality(&self) -> Option<&'a str> {
        self.text("locality")
    }

    /// State, province or prefecture.
    pub fn region(&self) -> Option<&'a str> {
        self.text("region")
    }

    /// Postal code.
    pub fn postal_code(&self) -> Option<&'a str> {
        self.text("postal_code")
    }

    /// Country.
    pub fn country(&self) -> Option<&'a str> {
        self.text("country")
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }
}

impl fmt::Debug for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

/// Somebody else who speaks about the person.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ClaimSource<'a> {
    /// The provider's name for it.
    pub id: &'a str,
    /// The claims that it has.
    pub claims: Vec<&'a str>,
    /// How to get them.
    pub kind: SourceKind<'a>,
}

/// How to get the claims of a [`ClaimSource`].
#[derive(Clone)]
#[non_exhaustive]
pub enum SourceKind<'a> {
    /// They came along, as a JWT of the other provider's.
    Aggregated {
        /// The token, not verified: its issuer's keys tell whether it is genuine.
        jwt: &'a str,
    },
    /// They are to be had from the other provider.
    Distributed {
        /// Where.
        endpoint: &'a str,
        /// The token to ask with, if one was given.
        access_token: Option<Secret>,
    },
}

impl fmt::Debug for SourceKind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aggregated { .. } => f.write_str("Aggregated(..)"),
            Self::Distributed { endpoint, .. } => {
                f.debug_tuple("Distributed").field(&crate::wire::url::shown(endpoint)).finish()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claims(value: Value) -> Claims {
        Claims::from_members(value.as_object().unwrap().clone())
    }

    #[test]
    fn standard_claims_are_typed_and_the_wrong_type_counts_as_absent() {
        let claims = claims(json!({
            "sub": "s", "email": 7, "email_verified": "true", "phone_number_verified": false, "updated_at": 1.5,
            "address": {"country": "IS", "street_address": "Laugavegur 1\n2"}, "zoneinfo": "Atlantic/Reykjavik",
        }));
        assert_eq!((claims.sub(), claims.email(), claims.zoneinfo()), (Some("s"), None, Some("Atlantic/Reykjavik")));
        assert_eq!((claims.email_verified(), claims.phone_number_verified()), (Some(true), Some(false)));
        assert_eq!(claims.updated_at(), Some(UnixTime::from_millis(1500)));
        let address = claims.address().unwrap();
        assert_eq!((address.country(), address.locality()), (Some("IS"), None));
        assert_eq!(claims.at("/address/country"), Some(&json!("IS")));
    }

    #[test]
    fn a_path_is_a_pointer_or_a_plain_name() {
        let claims = claims(json!({"https://x.example/a/b": 1, "a/b": {"~": [7]}, "a": {"b": 2}}));
        assert_eq!(claims.at("https://x.example/a/b"), Some(&json!(1)));
        assert_eq!(claims.at("/a~1b/~0/0"), Some(&json!(7)));
        assert_eq!(claims.at("/a/b"), Some(&json!(2)));
        assert_eq!(claims.at("/a"), Some(&json!({"b": 2})));
        assert_eq!((claims.at("/a/c"), claims.at("/"), claims.at("")), (None, None, None));
    }

    #[test]
    fn language_tags_are_found_in_any_case_and_are_no_other_claim() {
        let claims = claims(json!({"name": "n", "name#de-CH": "d", "name#fr": "f", "nickname#de": "x", "name#": ""}));
        assert_eq!(claims.localized("name", "DE-ch"), Some("d"));
        assert_eq!(claims.localized("name", "it"), None);
        assert_eq!(claims.languages("name").count(), 3);
        assert_eq!(claims.name(), Some("n"));
    }

    #[test]
    fn aggregated_and_distributed_claims_name_their_sources() {
        let claims = claims(json!({
            "_claim_names": {"address": "src1", "phone_number": "src1", "payment_info": "src2", "lost": "src9"},
            "_claim_sources": {
                "src1": {"JWT": "a.b.c"},
                "src2": {"endpoint": "https://bank.example/claims", "access_token": "s3cret"},
                "src3": {"neither": 1},
            },
        }));
        let sources: Vec<_> = claims.sources().collect();
        assert_eq!(sources.len(), 2);
        assert_eq!(sources[0].claims, ["address", "phone_number"]);
        assert!(matches!(sources[0].kind, SourceKind::Aggregated { jwt: "a.b.c" }));
        assert!(matches!(
            &sources[1].kind,
            SourceKind::Distributed { endpoint: "https://bank.example/claims", access_token: Some(_) }
        ));
        assert!(!format!("{sources:?} {claims:?}").contains("s3cret"));
    }
}
