//! A record in one allocation, wiped when it goes; what many records have in common is kept once.

use grantee_core::store::{Intent, Record};
use grantee_core::{Scope, Token, UnixTime, UnverifiedIdToken};
use serde_json::{Map, Number, Value};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// A record, packed. Unpacking gives back exactly what was packed.
pub(super) struct Packed {
    profile: Arc<Profile>,
    bytes: Zeroizing<Box<[u8]>>,
}

impl Packed {
    pub(super) fn new(record: &Record, profiles: &Profiles) -> Self {
        // Measured first: a buffer that grew would leave copies of the secrets in memory that nobody wipes.
        let mut size = 0_usize;
        write(&mut size, record);
        let mut bytes = Vec::with_capacity(size);
        write(&mut bytes, record);
        Self { profile: profiles.shared(Profile::of(record)), bytes: Zeroizing::new(bytes.into_boxed_slice()) }
    }

    pub(super) fn unpack(&self) -> Record {
        let mut reader = Reader(&self.bytes);
        let has = reader.number();
        let mut optional = |member: u64| (has & member != 0).then(|| reader.text().to_owned());
        let mut record = Record::new(self.profile.issuer.as_str(), self.profile.client_id.as_str());
        record.account = optional(ACCOUNT);
        if let Some(granted) = &self.profile.granted {
            let mut token = Token::bearer(optional(ACCESS_TOKEN).unwrap_or_default());
            token.token_type.clone_from(&granted.token_type);
            token.scope = granted.scope.as_deref().map(Scope::from);
            token.refresh_token = optional(REFRESH_TOKEN).map(Into::into);
            token.id_token = optional(ID_TOKEN).map(UnverifiedIdToken::new);
            token.issued_token_type = optional(ISSUED_TOKEN_TYPE);
            token.key_thumbprint = optional(KEY_THUMBPRINT);
            token.expires_at = (has & EXPIRES_AT != 0).then(|| reader.time());
            token.obtained_at = (has & OBTAINED_AT != 0).then(|| reader.time());
            if has & TOKEN_EXTRA != 0 {
                token.extra = reader.members();
            }
            record.token = Some(token);
        }
        if has & INTENT != 0 {
            let id = reader.text().to_owned();
            record.intent = Some(Intent::new(id, reader.time()));
        }
        if has & RECORD_EXTRA != 0 {
            record.extra = reader.members();
        }
        record
    }
}

/// What many records have in common.
#[derive(PartialEq, Eq, Hash)]
struct Profile {
    issuer: String,
    client_id: String,
    granted: Option<Granted>,
}

#[derive(PartialEq, Eq, Hash)]
struct Granted {
    token_type: String,
    scope: Option<String>,
}

impl Profile {
    fn of(record: &Record) -> Self {
        Self {
            issuer: record.issuer.clone(),
            client_id: record.client_id.clone(),
            granted: record.token.as_ref().map(|token| Granted {
                token_type: token.token_type.clone(),
                scope: token.scope.as_ref().map(ToString::to_string),
            }),
        }
    }
}

/// The profiles in use.
#[derive(Default)]
pub(super) struct Profiles(Mutex<Known>);

#[derive(Default)]
struct Known {
    profiles: HashSet<Arc<Profile>>,
    /// How many there may be before those that no record has any more are looked for.
    sweep_at: usize,
}

impl Profiles {
    fn shared(&self, profile: Profile) -> Arc<Profile> {
        let mut known = self.known();
        if let Some(known) = known.profiles.get(&profile) {
            return known.clone();
        }
        if known.profiles.len() >= known.sweep_at {
            known.profiles.retain(|profile| Arc::strong_count(profile) > 1);
            known.sweep_at = (2 * known.profiles.len()).max(64);
        }
        let profile = Arc::new(profile);
        known.profiles.insert(profile.clone());
        profile
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known().profiles.len()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const ACCOUNT: u64 = 1;
const ACCESS_TOKEN: u64 = 1 << 1;
const REFRESH_TOKEN: u64 = 1 << 2;
const EXPIRES_AT: u64 = 1 << 3;
const OBTAINED_AT: u64 = 1 << 4;
const INTENT: u64 = 1 << 5;
const ID_TOKEN: u64 = 1 << 6;
const ISSUED_TOKEN_TYPE: u64 = 1 << 7;
const KEY_THUMBPRINT: u64 = 1 << 8;
const TOKEN_EXTRA: u64 = 1 << 9;
const RECORD_EXTRA: u64 = 1 << 10;

fn write(sink: &mut impl Sink, record: &Record) {
    let token = record.token.as_ref();
    let texts = [
        (ACCOUNT, record.account.as_deref()),
        (ACCESS_TOKEN, token.map(|token| token.access_token.reveal())),
        (REFRESH_TOKEN, token.and_then(|token| token.refresh_token.as_ref()).map(|secret| secret.reveal())),
        (ID_TOKEN, token.and_then(|token| token.id_token.as_ref()).map(UnverifiedIdToken::reveal_unverified)),
        (ISSUED_TOKEN_TYPE, token.and_then(|token| token.issued_token_type.as_deref())),
        (KEY_THUMBPRINT, token.and_then(|token| token.key_thumbprint.as_deref())),
    ];
    let times = [
        (EXPIRES_AT, token.and_then(|token| token.expires_at)),
        (OBTAINED_AT, token.and_then(|token| token.obtained_at)),
    ];
    let token_extra = token.map(|token| &token.extra).filter(|extra| !extra.is_empty());
    let record_extra = Some(&record.extra).filter(|extra| !extra.is_empty());

    let mut has = 0;
    has |= texts.iter().filter(|(_, text)| text.is_some()).fold(0, |has, (member, _)| has | member);
    has |= times.iter().filter(|(_, time)| time.is_some()).fold(0, |has, (member, _)| has | member);
    has |= if record.intent.is_some() { INTENT } else { 0 };
    has |= if token_extra.is_some() { TOKEN_EXTRA } else { 0 };
    has |= if record_extra.is_some() { RECORD_EXTRA } else { 0 };

    sink.number(has);
    texts.into_iter().filter_map(|(_, text)| text).for_each(|text| sink.text(text));
    times.into_iter().filter_map(|(_, time)| time).for_each(|time| sink.time(time));
    if let Some(extra) = token_extra {
        sink.members(extra);
    }
    if let Some(intent) = &record.intent {
        sink.text(&intent.id);
        sink.time(intent.at);
    }
    if let Some(extra) = record_extra {
        sink.members(extra);
    }
}

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const UNSIGNED: u8 = 3;
const SIGNED: u8 = 4;
const FLOAT: u8 = 5;
const OTHER_NUMBER: u8 = 6;
const STRING: u8 = 7;
const ARRAY: u8 = 8;
const OBJECT: u8 = 9;

/// Where bytes go: into a buffer, or into a count of them.
trait Sink {
    fn bytes(&mut self, bytes: &[u8]);

    /// Seven bits a byte, the lowest first.
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes(&[(number & 0x7f) as u8 | 0x80]);
            number >>= 7;
        }
        self.bytes(&[number as u8]);
    }

    /// The sign goes into the lowest bit, so that small negative numbers stay short.
    fn signed(&mut self, number: i64) {
        self.number((number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned());
    }

    fn time(&mut self, time: UnixTime) {
        self.signed(time.millis());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    fn members(&mut self, members: &Map<String, Value>) {
        self.number(members.len() as u64);
        for (name, value) in members {
            self.text(name);
            self.value(value);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.bytes(&[NULL]),
            Value::Bool(false) => self.bytes(&[FALSE]),
            Value::Bool(true) => self.bytes(&[TRUE]),
            Value::Number(number) => self.json_number(number),
            Value::String(text) => {
                self.bytes(&[STRING]);
                self.text(text);
            }
            Value::Array(items) => {
                self.bytes(&[ARRAY]);
                self.number(items.len() as u64);
                items.iter().for_each(|item| self.value(item));
            }
            Value::Object(members) => {
                self.bytes(&[OBJECT]);
                self.members(members);
            }
        }
    }

    fn json_number(&mut self, number: &Number) {
        if let Some(unsigned) = number.as_u64().filter(|unsigned| Number::from(*unsigned) == *number) {
            self.bytes(&[UNSIGNED]);
            self.number(unsigned);
        } else if let Some(signed) = number.as_i64().filter(|signed| Number::from(*signed) == *number) {
            self.bytes(&[SIGNED]);
            self.signed(signed);
        } else if let Some(float) = number.as_f64().filter(|float| Number::from_f64(*float).as_ref() == Some(number)) {
            self.bytes(&[FLOAT]);
            self.bytes(&float.to_le_bytes());
        } else {
            // Numbers of any length, where somebody in the program has switched serde_json to them.
            self.bytes(&[OTHER_NUMBER]);
            self.text(&number.to_string());
        }
    }
}

impl Sink for usize {
    fn bytes(&mut self, bytes: &[u8]) {
        *self += bytes.len();
    }
}

impl Sink for Vec<u8> {
    fn bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Reads what [`write`] wrote, and nothing else ever: it stands in our own memory.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(count);
        self.0 = rest;
        bytes
    }

    fn byte(&mut self) -> u8 {
        self.bytes(1)[0]
    }

    fn number(&mut self) -> u64 {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte();
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        number
    }

    fn signed(&mut self) -> i64 {
        let number = self.number();
        (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
    }

    fn length(&mut self) -> usize {
        usize::try_from(self.number()).expect("a length that came from a usize")
    }

    fn time(&mut self) -> UnixTime {
        UnixTime::from_millis(self.signed())
    }

    fn text(&mut self) -> &'a str {
        let length = self.length();
        std::str::from_utf8(self.bytes(length)).expect("text that came from a str")
    }

    fn members(&mut self) -> Map<String, Value> {
        (0..self.length()).map(|_| (self.text().to_owned(), self.value())).collect()
    }

    fn value(&mut self) -> Value {
        match self.byte() {
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            UNSIGNED => self.number().into(),
            SIGNED => self.signed().into(),
            FLOAT => {
                let mut float = [0; 8];
                float.copy_from_slice(self.bytes(8));
                f64::from_le_bytes(float).into()
            }
            OTHER_NUMBER => self.text().parse().map_or(Value::Null, Value::Number),
            STRING => self.text().into(),
            ARRAY => Value::Array((0..self.length()).map(|_| self.value()).collect()),
            OBJECT => Value::Object(self.members()),
            _ => Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn round_trip(record: &Record) {
        assert_eq!(&Packed::new(record, &Profiles::default()).unpack(), record);
    }

    #[test]
    fn every_combination_of_members_comes_back() {
        for members in 0_u32..1 << 11 {
            let has = |bit: u32| members & (1 << bit) != 0;
            let mut record = Record::new("https://as.example", "");
            record.account = has(0).then(|| "account".to_owned());
            record.intent = has(1).then(|| Intent::new("id", UnixTime::from_millis(-1)));
            if has(2) {
                record.extra.insert("later".to_owned(), Value::Null);
            }
            if has(3) {
                let mut token = Token::bearer("");
                token.refresh_token = has(4).then(|| "\u{0}\u{1f980}".into());
                token.id_token = has(5).then(|| UnverifiedIdToken::new("a.b.c"));
                token.scope = has(6).then(|| Scope::from("b a"));
                token.expires_at = has(7).then(|| UnixTime::from_millis(i64::MAX));
                token.obtained_at = has(8).then(|| UnixTime::from_millis(i64::MIN));
                token.issued_token_type = has(9).then(|| "urn:x".to_owned());
                token.key_thumbprint = has(10).then(|| "thumb".repeat(100));
                record.token = Some(token);
            }
            round_trip(&record);
        }
    }

    #[test]
    fn every_json_value_comes_back() {
        let mut record = Record::new("i", "c");
        let mut token = Token::bearer("a");
        token.token_type = "DPoP".to_owned();
        token.scope = Some(Scope::default());
        // Names that are members too: nothing here goes by name.
        token.extra.insert("access_token".to_owned(), json!("b"));
        record.token = Some(token);
        record.extra.insert(
            "all".to_owned(),
            json!([null, true, false, 0, 127, 128, u64::MAX, -1, i64::MIN, 0.1, -0.0, 1e300, 5e-324, "", "x", [], {}, {"a": [{}]}]),
        );
        round_trip(&record);
    }

    #[test]
    fn a_common_profile_is_kept_once() {
        let profiles = Profiles::default();
        let packed: Vec<_> = (0..100).map(|_| Packed::new(&Record::new("i", "c"), &profiles)).collect();
        assert_eq!(profiles.len(), 1);
        assert!(packed.iter().all(|one| Arc::ptr_eq(&one.profile, &packed[0].profile)));
    }
}
