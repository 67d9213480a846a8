//! What stands in the file: `{"version":1,"records":{KEY: record}}`, one record a line, `KEY` the [`TokenKey`]'s text.

use grantee_core::error::{StoreError, StoreErrorKind};
use grantee_core::store::{Record, TokenKey};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

const VERSION: u64 = 1;

/// The file, read as far as its records; each of them is still text, so that those of other keys go through a rewrite
/// untouched, whatever later version wrote them.
#[derive(Default)]
pub(super) struct Content<'a> {
    records: BTreeMap<String, &'a RawValue>,
}

impl<'a> Content<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, StoreError> {
        #[derive(Deserialize)]
        struct Version {
            version: u64,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Members<'a> {
            #[serde(rename = "version")]
            _version: u64,
            #[serde(borrow)]
            records: BTreeMap<String, &'a RawValue>,
        }
        let version = serde_json::from_slice::<Version>(bytes).map_err(|error| unreadable(&error))?.version;
        if version != VERSION {
            let message = format!("the token file is of version {version}, and this program knows version {VERSION}");
            return Err(StoreError::new(StoreErrorKind::Corrupt, message)
                .hint("use the newer program that wrote it, or another file"));
        }
        let members: Members<'a> = serde_json::from_slice(bytes).map_err(|error| unreadable(&error))?;
        Ok(Self { records: members.records })
    }

    pub(super) fn record(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        let Some(text) = self.records.get(&key.to_string()) else { return Ok(None) };
        serde_json::from_str(text.get()).map(Some).map_err(|error| unreadable(&error))
    }

    pub(super) fn has(&self, key: &TokenKey) -> bool {
        self.records.contains_key(&key.to_string())
    }

    /// The file as it will be, with another record under a key, or none.
    pub(super) fn with(&self, key: &TokenKey, record: Option<&Packed>) -> Zeroizing<Vec<u8>> {
        let key = key.to_string();
        let mut records: BTreeMap<&str, &[u8]> =
            self.records.iter().map(|(key, text)| (key.as_str(), text.get().as_bytes())).collect();
        match record {
            Some(record) => records.insert(&key, &record.0),
            None => records.remove(key.as_str()),
        };
        // Room for all of it at once: a buffer that grew would leave copies of the tokens in memory.
        let room = records.iter().map(|(key, text)| key.len() + text.len() + 16).sum::<usize>() + 64;
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        bytes.extend_from_slice(format!("{{\"version\":{VERSION},\"records\":{{").as_bytes());
        for (index, (key, text)) in records.iter().enumerate() {
            bytes.extend_from_slice(if index == 0 { b"\n" } else { b",\n" });
            // Through serde, since a key that somebody else wrote may hold anything.
            bytes.extend_from_slice(serde_json::Value::from(*key).to_string().as_bytes());
            bytes.push(b':');
            bytes.extend_from_slice(text);
        }
        bytes.extend_from_slice(b"\n}}\n");
        bytes
    }
}

/// A record as it will stand in the file.
pub(super) struct Packed(Zeroizing<Vec<u8>>);

impl Packed {
    /// Refuses what could not be read again, such as a further member that bears the name of a known one.
    pub(super) fn new(record: &Record) -> Result<Self, StoreError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
        let unfit =
            |_| StoreError::new(StoreErrorKind::Io, "the record can't be written as JSON that could be read again");
        serde_json::to_writer(&mut *bytes, record).map_err(unfit)?;
        serde_json::from_slice::<Record>(&bytes).map_err(unfit)?;
        Ok(Self(bytes))
    }
}

/// Where it went wrong and no more: serde's own message may quote what stands there.
fn unreadable(error: &serde_json::Error) -> StoreError {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Syntax => "it is not JSON",
        _ => "it is not what this program writes",
    };
    let message = format!("the token file can't be read: {what} (line {}, column {})", error.line(), error.column());
    StoreError::new(StoreErrorKind::Corrupt, message)
        .hint("restore it, or move it away and log in again; it is left as it is")
}

#[cfg(test)]
mod tests {
    use super::*;
    use grantee_core::Token;

    fn refusal(text: &str) -> StoreError {
        let error = Content::parse(text.as_bytes()).err().expect(text);
        assert_eq!(error.kind, StoreErrorKind::Corrupt, "{text}");
        assert!(error.hint.is_some());
        error
    }

    #[test]
    fn what_no_store_wrote_is_refused() {
        for text in [
            "",
            "{}",
            "null",
            "[]",
            "{\"version\":1}",
            "{\"version\":1,\"records\":[]}",
            "\u{0}",
            "{\"version\":1,\"records\":{",
        ] {
            refusal(text);
        }
        refusal(r#"{"version":1,"records":{},"more":1}"#);
    }

    #[test]
    fn another_version_is_refused_whatever_its_shape() {
        assert!(refusal(r#"{"version":2,"tokens":[]}"#).message.contains("version 2"));
    }

    #[test]
    fn an_error_quotes_nothing_from_the_file() {
        let key = TokenKey::new([]);
        let text = format!(r#"{{"version":1,"records":{{"{key}":{{"issuer":["s3cret"],"token":"s3cret"}}}}}}"#);
        let content = Content::parse(text.as_bytes()).unwrap();
        let error = content.record(&key).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        let error = refusal(r#"{"version":"s3cret","records":{}}"#);
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
    }

    #[test]
    fn records_of_other_keys_go_through_untouched() {
        let text = r#"{"version":1,"records":{"a \"key\"":{ "of": "a later version", "n": 1.00 }}}"#;
        let content = Content::parse(text.as_bytes()).unwrap();
        let key = TokenKey::new([]);
        let with = content.with(&key, Some(&Packed::new(&Record::new("i", "c")).unwrap()));
        let content = Content::parse(&with).unwrap();
        assert_eq!(content.records["a \"key\""].get(), r#"{ "of": "a later version", "n": 1.00 }"#);
        assert_eq!(content.record(&key).unwrap(), Some(Record::new("i", "c")));
        let without = content.with(&key, None);
        assert_eq!(Content::parse(&without).unwrap().records.len(), 1);
    }

    #[test]
    fn a_record_that_could_not_be_read_again_is_not_written() {
        let mut record = Record::new("i", "c");
        let mut token = Token::bearer("s3cret");
        token.extra.insert("access_token".to_owned(), "another".into());
        record.token = Some(token);
        let error = Packed::new(&record).err().unwrap();
        assert!(!error.to_string().contains("s3cret"));
    }
}
