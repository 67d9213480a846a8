//! Rich authorization requests, [RFC 9396](https://www.rfc-editor.org/rfc/rfc9396): what exactly is asked, and how that compares
//! with what was granted.

use crate::Token;
use crate::error::{Error, Excerpt, Result, RuleViolation};
use crate::metadata::AuthorizationServer;
use crate::wire::json;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

const NAME: &str = "authorization_details";

/// One thing that is asked or granted: a `type`, the members that types have in common
/// ([RFC 9396 section 2.2](https://www.rfc-editor.org/rfc/rfc9396#section-2.2)), and whatever else the type defines. Read from
/// JSON it is kept as it came, to the last member.
///
/// ```
/// use grantee_core::authorization::AuthorizationDetail;
///
/// let detail = AuthorizationDetail::new("payment_initiation")
///     .action("initiate")
///     .location("https://example.com/payments")
///     .member("instructedAmount", serde_json::json!({"currency": "EUR", "amount": "123.50"}));
/// assert_eq!(detail.actions().collect::<Vec<_>>(), ["initiate"]);
/// assert_eq!(detail.get("instructedAmount").unwrap()["currency"], "EUR");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct AuthorizationDetail(Map<String, Value>);

/// Defines the members that are lists of strings.
macro_rules! lists {
    ($($(#[$doc:meta])* $name:ident adds $one:ident,)*) => {$(
        $(#[$doc])*
        pub fn $name(&self) -> impl Iterator<Item = &str> {
            self.texts(stringify!($name))
        }

        #[doc = concat!("OPTIONAL, repeatable. One of the ", stringify!($name), ".")]
        #[must_use]
        pub fn $one(mut self, value: impl Into<String>) -> Self {
            self.add(stringify!($name), value.into());
            self
        }
    )*};
}

impl AuthorizationDetail {
    /// REQUIRED. With its `type`, which says what else may stand in it.
    pub fn new(detail_type: impl Into<String>) -> Self {
        Self(Map::from_iter([("type".to_owned(), Value::from(detail_type.into()))]))
    }

    /// `type`: a name that the server knows, often a URI.
    pub fn detail_type(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    lists! {
        /// Where the access is used: the resources, as URIs.
        locations adds location,
        /// What may be done there.
        actions adds action,
        /// Which kinds of data are wanted.
        datatypes adds datatype,
        /// What standing is asked for.
        privileges adds privilege,
    }

    /// `identifier`: one certain resource.
    pub fn identifier(&self) -> Option<&str> {
        self.text("identifier")
    }

    /// OPTIONAL. One certain resource, by the name it has at the API.
    #[must_use]
    pub fn with_identifier(self, identifier: impl Into<String>) -> Self {
        self.member("identifier", identifier.into())
    }

    /// Any member, those above included.
    pub fn get(&self, member: &str) -> Option<&Value> {
        self.0.get(member)
    }

    /// Sets a member that the type defines. `type` stays as it is.
    #[must_use]
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let name = name.into();
        if name != "type" {
            self.0.insert(name, value.into());
        }
        self
    }

    /// All members.
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// A single string counts as a list of one, as some types have it.
    fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let value = self.0.get(name);
        let list = value.and_then(Value::as_array).into_iter().flatten();
        list.chain(value.filter(|value| value.is_string())).filter_map(Value::as_str)
    }

    fn add(&mut self, name: &str, value: String) {
        match self.0.get_mut(name) {
            Some(Value::Array(list)) => list.push(value.into()),
            _ => drop(self.0.insert(name.to_owned(), Value::Array(vec![value.into()]))),
        }
    }

    fn of(value: Value) -> Option<Self> {
        match value {
            Value::Object(members) if members.get("type")?.as_str().is_some_and(|name| !name.is_empty()) => {
                Some(Self(members))
            }
            _ => None,
        }
    }
}

/// A list of things that are asked or granted.
///
/// ```
/// use grantee_core::authorization::{AuthorizationDetail, AuthorizationDetails, AuthorizationRequest};
///
/// let asked = AuthorizationDetails::from(AuthorizationDetail::new("account_information").action("read_balances"));
/// let request = AuthorizationRequest::new().authorization_details(asked.clone());
///
/// let granted: AuthorizationDetails = r#"[{"type": "account_information", "actions": ["read_balances"], "accounts": [7]}]"#.parse()?;
/// let compared = asked.compare(&granted);
/// assert!(compared.all() && compared.enriched.len() == 1);
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct AuthorizationDetails(Vec<AuthorizationDetail>);

impl AuthorizationDetails {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more.
    #[must_use]
    pub fn with(mut self, detail: AuthorizationDetail) -> Self {
        self.0.push(detail);
        self
    }

    /// Reads a JSON list of objects that each have a `type`, or one as text.
    ///
    /// # Errors
    /// [`Error::Config`] when it is something else.
    pub fn from_value(value: Value) -> Result<Self> {
        let list = match parsed(value) {
            Value::Array(list) => list.into_iter().map(AuthorizationDetail::of).collect::<Option<_>>(),
            _ => None,
        };
        list.map(Self).ok_or_else(|| {
            Error::config(
                "authorization_details is not a JSON list of objects that each have a type",
                "see RFC 9396 section 2",
            )
        })
    }

    /// One after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, AuthorizationDetail> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares what was asked, which this is, with what was granted. The order of lists and members does not matter.
    ///
    /// What a server adds to what was asked, such as the accounts that the person chose, is granted and enriched
    /// ([RFC 9396 section 7.1](https://www.rfc-editor.org/rfc/rfc9396#section-7.1)): members beyond those asked, and the contents of
    /// lists and objects that were asked for empty. What a type means beyond that is not known here: a server whose `admin` covers
    /// `read` has changed what was asked.
    pub fn compare(&self, granted: &Self) -> Granted {
        let mut left: Vec<&AuthorizationDetail> = granted.0.iter().collect();
        let mut asked: Vec<&AuthorizationDetail> = self.0.iter().collect();
        let mut compared = Granted::default();
        // The best matches first, so that a poor one takes nothing away from a better.
        pair(&mut asked, &mut left, |asked, granted| same_members(asked, granted, &same), |_, _| {});
        let partners = partners(&asked, &left, |asked, granted| covers_members(&asked.0, &granted.0));
        let mut unclaimed: Vec<_> = left.into_iter().map(Some).collect();
        let mut place = partners.into_iter();
        asked.retain(|one| {
            let partner = place.next().flatten().and_then(|place| unclaimed.get_mut(place)?.take());
            let enriched = partner.map(|granted| Change { requested: (*one).clone(), granted: granted.clone() });
            let alone = enriched.is_none();
            compared.enriched.extend(enriched);
            alone
        });
        left = unclaimed.into_iter().flatten().collect();
        let same_type = |asked: &Map<_, _>, granted: &Map<String, Value>| asked.get("type") == granted.get("type");
        pair(&mut asked, &mut left, same_type, |asked, granted| {
            compared.changed.push(Change { requested: asked.clone(), granted: granted.clone() });
        });
        compared.missing = asked.into_iter().cloned().collect();
        compared.extra = left.into_iter().cloned().collect();
        compared
    }
}

/// Takes out of both lists what matches.
fn pair(
    asked: &mut Vec<&AuthorizationDetail>,
    granted: &mut Vec<&AuthorizationDetail>,
    matches: impl Fn(&Map<String, Value>, &Map<String, Value>) -> bool,
    mut found: impl FnMut(&AuthorizationDetail, &AuthorizationDetail),
) {
    asked.retain(|one| match granted.iter().position(|other| matches(&one.0, &other.0)) {
        Some(place) => {
            found(one, granted.remove(place));
            false
        }
        None => true,
    });
}

/// The same but for the order of lists.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => same_list(one, other),
        (Value::Object(one), Value::Object(other)) => same_members(one, other, &same),
        _ => one == other,
    }
}

fn same_members(
    one: &Map<String, Value>,
    other: &Map<String, Value>,
    matches: &dyn Fn(&Value, &Value) -> bool,
) -> bool {
    one.len() == other.len()
        && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| matches(value, other)))
}

/// Whether each of one list has a partner in the other, and none is left over.
fn same_list(one: &[Value], other: &[Value]) -> bool {
    let mut left: Vec<&Value> = other.iter().collect();
    one.len() == other.len()
        && one.iter().all(|value| match left.iter().position(|other| same(value, other)) {
            Some(place) => {
                left.swap_remove(place);
                true
            }
            None => false,
        })
}

/// The place of a partner for as many as can have one. Where several would do, none takes another's only one, whatever the order:
/// whoever is in the way moves on where it can.
fn partners<A, G>(asked: &[A], granted: &[G], matches: impl Fn(&A, &G) -> bool) -> Vec<Option<usize>> {
    fn settle(one: usize, fitting: &[Vec<usize>], holders: &mut [Option<usize>], seen: &mut [bool]) -> bool {
        for place in fitting.get(one).into_iter().flatten().copied() {
            if seen.get_mut(place).is_none_or(|seen| std::mem::replace(seen, true)) {
                continue;
            }
            let holder = holders.get(place).copied().flatten();
            if holder.is_none_or(|holder| settle(holder, fitting, holders, seen))
                && let Some(held) = holders.get_mut(place)
            {
                *held = Some(one);
                return true;
            }
        }
        false
    }
    let fits =
        |one| granted.iter().enumerate().filter_map(|(place, other)| matches(one, other).then_some(place)).collect();
    let fitting: Vec<Vec<usize>> = asked.iter().map(fits).collect();
    let mut holders = vec![None; granted.len()];
    for one in 0..asked.len() {
        settle(one, &fitting, &mut holders, &mut vec![false; granted.len()]);
    }
    let mut partners = vec![None; asked.len()];
    for (place, holder) in holders.into_iter().enumerate() {
        if let Some(partner) = holder.and_then(|holder| partners.get_mut(holder)) {
            *partner = Some(place);
        }
    }
    partners
}

/// Whether what was granted is what was asked, and at the most more about it.
fn covers(asked: &Value, granted: &Value) -> bool {
    match (asked, granted) {
        // An empty list is a place for what the server fills in.
        (Value::Array(asked), Value::Array(granted)) => {
            asked.is_empty()
                || asked.len() == granted.len() && partners(asked, granted, covers).iter().all(Option::is_some)
        }
        (Value::Object(asked), Value::Object(granted)) => covers_members(asked, granted),
        _ => asked == granted,
    }
}

fn covers_members(asked: &Map<String, Value>, granted: &Map<String, Value>) -> bool {
    asked.iter().all(|(name, value)| granted.get(name).is_some_and(|granted| covers(value, granted)))
}

/// What was granted of what was asked. Made by [`AuthorizationDetails::compare`].
///
/// ```
/// use grantee_core::authorization::AuthorizationDetails;
///
/// let asked: AuthorizationDetails = r#"[{"type": "files", "actions": ["read", "write"]}, {"type": "mail"}]"#.parse()?;
/// let granted: AuthorizationDetails = r#"[{"type": "files", "actions": ["read"]}]"#.parse()?;
/// let compared = asked.compare(&granted);
/// assert!(!compared.all());
/// assert_eq!(compared.changed[0].granted.actions().collect::<Vec<_>>(), ["read"]);
/// assert_eq!(compared.missing[0].detail_type(), "mail");
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Granted {
    /// What was granted, with more about it than was asked.
    pub enriched: Vec<Change>,
    /// What was granted otherwise than it was asked, by its type.
    pub changed: Vec<Change>,
    /// What was not granted.
    pub missing: Vec<AuthorizationDetail>,
    /// What was granted and not asked.
    pub extra: Vec<AuthorizationDetail>,
}

impl Granted {
    /// Whether everything that was asked was granted, enriched or not.
    pub fn all(&self) -> bool {
        self.missing.is_empty() && self.changed.is_empty()
    }
}

/// Something that was granted otherwise than it was asked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// As it was asked.
    pub requested: AuthorizationDetail,
    /// As it was granted.
    pub granted: AuthorizationDetail,
}

impl Token {
    /// What exactly was granted, as the server said ([RFC 9396 section 7](https://www.rfc-editor.org/rfc/rfc9396#section-7)); `None`
    /// where it said nothing. Kept through renewals that say nothing.
    ///
    /// # Errors
    /// [`Error::Rule`] when the member is no list of objects that each have a type.
    pub fn authorization_details(&self) -> Result<Option<AuthorizationDetails>> {
        let Some(value) = self.extra.get(NAME).filter(|value| !value.is_null()) else { return Ok(None) };
        AuthorizationDetails::from_value(value.clone()).map(Some).map_err(|_| {
            RuleViolation::new("token answer", "authorization_details is a list of typed objects", "RFC 9396 section 7")
                .expected("objects that each have a type")
                .got(json::kind(Some(value)))
                .into()
        })
    }
}

/// What a token grants of what was asked; `None` where nothing was asked or nothing is said. Less than was asked is worth a word
/// in the log.
pub(crate) fn compared(asked: Option<&Value>, token: &Token) -> Option<Granted> {
    let asked = AuthorizationDetails::from_value(asked?.clone()).ok()?;
    let granted = asked.compare(&token.authorization_details().ok()??);
    if !granted.all() {
        tracing::warn!(
            missing = granted.missing.len(),
            changed = granted.changed.len(),
            "the server granted other authorization details than were asked for"
        );
    }
    Some(granted)
}

/// That what is asked is well formed and of types that the server knows, where its metadata name them
/// ([RFC 9396 section 10](https://www.rfc-editor.org/rfc/rfc9396#section-10)).
pub(crate) fn check(asked: Option<&Value>, metadata: &AuthorizationServer) -> Result<()> {
    let Some(asked) = asked else { return Ok(()) };
    let asked = AuthorizationDetails::from_value(asked.clone())?;
    let Some(known) = &metadata.authorization_details_types_supported else { return Ok(()) };
    match asked.iter().map(AuthorizationDetail::detail_type).find(|name| !known.iter().any(|known| known == name)) {
        Some(unknown) => Err(Error::config(
            format!(
                "authorization details of type {unknown:?} are asked for, and the server knows {}",
                Excerpt(&known.join(", "))
            ),
            "see authorization_details_types_supported in the server's metadata (RFC 9396 section 10)",
        )),
        None => Ok(()),
    }
}

/// JSON given as text is read, so that it isn't put into quotes when it is written.
pub(crate) fn parsed(value: Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        value => value,
    }
}

impl From<AuthorizationDetail> for AuthorizationDetails {
    fn from(detail: AuthorizationDetail) -> Self {
        Self(vec![detail])
    }
}

impl FromIterator<AuthorizationDetail> for AuthorizationDetails {
    fn from_iter<I: IntoIterator<Item = AuthorizationDetail>>(details: I) -> Self {
        Self(details.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a AuthorizationDetails {
    type Item = &'a AuthorizationDetail;
    type IntoIter = std::slice::Iter<'a, AuthorizationDetail>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl From<AuthorizationDetail> for Value {
    fn from(detail: AuthorizationDetail) -> Self {
        Self::Array(vec![Self::Object(detail.0)])
    }
}

impl From<AuthorizationDetails> for Value {
    fn from(details: AuthorizationDetails) -> Self {
        Self::Array(details.0.into_iter().map(|detail| Self::Object(detail.0)).collect())
    }
}

impl std::str::FromStr for AuthorizationDetails {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::from_value(Value::String(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for AuthorizationDetails {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_order_keeps_one_from_its_only_partner() {
        let details = |value| AuthorizationDetails::from_value(value).unwrap();
        let alike = [
            (
                json!([{"type": "a"}, {"type": "a", "x": 1}]),
                json!([{"type": "a", "x": 1, "y": 2}, {"type": "a", "z": 1}]),
            ),
            (json!([{"type": "a", "l": [{}, {"x": 1}]}]), json!([{"type": "a", "l": [{"x": 1, "y": 2}, {"z": 1}]}])),
            (json!([{"type": "a", "l": [[], [1]]}]), json!([{"type": "a", "l": [[1], [2]]}])),
        ];
        for (asked, granted) in alike {
            let compared = details(asked.clone()).compare(&details(granted.clone()));
            assert!(compared.all() && compared.extra.is_empty(), "{asked} {granted} {compared:?}");
        }
        let more = details(json!([{"type": "a", "x": 1}, {"type": "a", "x": 1}]));
        let compared = more.compare(&details(json!([{"type": "a", "x": 1, "y": 2}, {"type": "a", "y": 2}])));
        assert_eq!((compared.enriched.len(), compared.changed.len()), (1, 1));
    }
}
