//! The JSON serialization: [RFC 7516 section 7.2](https://www.rfc-editor.org/rfc/rfc7516#section-7.2).

use super::compact::{bounded, decode};
use super::header::{self, malformed};
use super::key::{Direct, EncryptionKey, Wrapped};
use super::message::{Message, Recipient as Received, authenticated};
use super::{Header, content, zip};
use crate::error::{Error, ErrorKind, Result};
use crate::jwk::SecretBytes;
use crate::{ContentEncryption, base64url, json};
use serde_json::{Map, Value};

/// So many recipients are looked at; each may cost a private-key operation.
pub(super) const MOST_RECIPIENTS: usize = 32;

/// One of those that a message is encrypted to.
#[derive(Debug, Clone)]
pub struct Recipient<'a> {
    key: &'a EncryptionKey,
    header: Header,
}

/// What goes with a message in the JSON serialization, beside the plaintext.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Parts {
    /// What is integrity protected. `enc` is added, and for a single recipient `alg` and what belongs to it.
    pub protected: Header,
    /// What is not protected, for all recipients.
    pub unprotected: Header,
    /// Additional data that is authenticated and not encrypted; none where it is empty.
    pub aad: Option<Vec<u8>>,
    /// Writes the general form for a single recipient too.
    pub general: bool,
}

impl<'a> Recipient<'a> {
    /// A recipient by its key.
    pub fn new(key: &'a EncryptionKey) -> Self {
        Self { key, header: Header::new() }
    }

    /// The same with header parameters for it alone, which are not protected.
    #[must_use]
    pub fn with_header(mut self, header: Header) -> Self {
        self.header = header;
        self
    }
}

impl Parts {
    /// With this protected header and nothing else.
    pub fn new(protected: Header) -> Self {
        Self { protected, ..Self::default() }
    }

    /// The same with these header parameters that are not protected.
    #[must_use]
    pub fn with_unprotected(mut self, unprotected: Header) -> Self {
        self.unprotected = unprotected;
        self
    }

    /// The same with additional authenticated data.
    #[must_use]
    pub fn with_aad(mut self, aad: impl Into<Vec<u8>>) -> Self {
        self.aad = Some(aad.into());
        self
    }

    /// The same in the general form, whatever the number of recipients.
    #[must_use]
    pub fn in_general_form(mut self) -> Self {
        self.general = true;
        self
    }
}

/// Encrypts to one or several recipients, in the JSON serialization: flattened for one, general for several.
///
/// `dir` and `ECDH-ES` have a single recipient. A `zip` of `DEF` in the protected header compresses.
///
/// ```
/// use grantee_jose::{ContentEncryption, DecryptionKey, EncryptionKey, Jwk, KeyAlgorithm, jwe};
///
/// let (ann, bob) = (Jwk::oct([1; 16]).with_kid("ann"), Jwk::oct([2; 32]).with_kid("bob"));
/// let to_ann = EncryptionKey::new(&ann, KeyAlgorithm::A128Kw)?;
/// let to_bob = EncryptionKey::new(&bob, KeyAlgorithm::A256GcmKw)?;
/// let recipients = [jwe::Recipient::new(&to_ann), jwe::Recipient::new(&to_bob)];
/// let parts = jwe::Parts::default().with_aad("for both");
/// let token = jwe::encrypt_json(&parts, b"plaintext", &recipients, ContentEncryption::A128CbcHs256)?;
///
/// let key = DecryptionKey::any(&bob)?;
/// let decrypted = jwe::decrypt_json_blocking(&token, &key, &jwe::Options::default())?;
/// assert_eq!(*decrypted.plaintext, b"plaintext");
/// assert_eq!((decrypted.recipient, decrypted.aad.as_slice()), (1, &b"for both"[..]));
/// # Ok::<_, grantee_jose::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Malformed`] when a header name is in two places or a recipient is missing, [`ErrorKind::NotAllowed`] when a
/// header says other than the key, [`ErrorKind::Key`] when a key can't be used.
pub fn encrypt_json(
    parts: &Parts,
    plaintext: &[u8],
    recipients: &[Recipient<'_>],
    encryption: ContentEncryption,
) -> Result<String> {
    let single = match recipients {
        [] => return Err(malformed("there is a recipient", "RFC 7516 section 7.2.1")),
        [single] => Some(single),
        _ => None,
    };
    if recipients.len() > MOST_RECIPIENTS {
        return Err(too_many(recipients.len()));
    }
    let mut protected = parts.protected.to_object();
    let unprotected = parts.unprotected.to_object();
    let fixed = joint(&[&protected, &unprotected])?;
    if !fixed.contains_key("enc") {
        protected.insert("enc".to_owned(), Value::from(encryption.name()));
    }

    let mut content_key = None;
    let mut entries = Vec::new();
    for recipient in recipients {
        let own = recipient.header.to_object();
        let seen = Header::from_object(joint(&[&protected, &unprotected, &own])?)?;
        header::check_own(&seen, recipient.key.algorithm(), encryption)?;
        header::check_protected(&parts.protected, &seen)?;
        let (key, wrapped) = content_key_for(recipient.key, encryption, &seen, content_key.as_ref(), recipients.len())?;
        content_key.get_or_insert(key);
        let mut own = own;
        let target = if single.is_some() { &mut protected } else { &mut own };
        name_key(target, &seen, recipient.key);
        target.extend(wrapped.parameters);
        entries.push((own, wrapped.encrypted_key));
    }
    let content_key = content_key.ok_or_else(|| malformed("there is a recipient", "RFC 7516 section 7.2.1"))?;

    let protected_text = if protected.is_empty() { String::new() } else { encode_map(&protected)? };
    // What would be empty is left out (RFC 7516 section 7.2.1).
    let additional = parts.aad.as_deref().filter(|aad| !aad.is_empty());
    let aad = authenticated(&protected_text, additional);
    let compressed = if header::wants_zip(&parts.protected)? { Some(zip::deflate(plaintext)) } else { None };
    let plaintext = compressed.as_ref().map_or(plaintext, |compressed| compressed);
    let (iv, sealed) = content::seal(encryption, &content_key, &aad, plaintext)?;

    let mut token = Map::new();
    let mut member = |name: &str, bytes: &[u8]| token.insert(name.to_owned(), Value::from(base64url::encode(bytes)));
    member("iv", &iv);
    member("ciphertext", &sealed.ciphertext);
    member("tag", &sealed.tag);
    if let Some(aad) = additional {
        member("aad", aad);
    }
    if !protected_text.is_empty() {
        token.insert("protected".to_owned(), Value::String(protected_text));
    }
    if !unprotected.is_empty() {
        token.insert("unprotected".to_owned(), Value::Object(unprotected));
    }
    let mut entries: Vec<_> =
        entries.into_iter().map(|(header, encrypted_key)| entry(header, &encrypted_key)).collect();
    match (single.is_some() && !parts.general, entries.pop()) {
        (true, Some(entry)) => token.extend(entry),
        (_, last) => {
            let entries = entries.into_iter().chain(last).map(Value::Object).collect();
            token.insert("recipients".to_owned(), Value::Array(entries));
        }
    }
    serde_json::to_string(&Value::Object(token)).map_err(|_| malformed("the token is JSON", "RFC 7516 section 7.2"))
}

/// The flattened or the general form; other members are ignored (RFC 7516 section 7.2.1).
pub(super) fn parse(token: &str, most: usize) -> Result<Message> {
    bounded(token, most)?;
    let token = json::object(token.as_bytes())?;
    let protected_text = string(&token, "protected")?.unwrap_or_default().to_owned();
    let protected = match protected_text.as_str() {
        "" => Map::new(),
        text => json::object(&decode(text)?)?,
    };
    let unprotected = object(&token, "unprotected")?;
    let entries = match token.get("recipients") {
        None => vec![&token],
        Some(_) if token.contains_key("header") || token.contains_key("encrypted_key") => {
            return Err(malformed("a token is of the general or of the flattened form", "RFC 7516 section 7.2.2"));
        }
        Some(Value::Array(recipients)) if recipients.len() > MOST_RECIPIENTS => return Err(too_many(recipients.len())),
        Some(Value::Array(recipients)) => recipients
            .iter()
            .map(|recipient| {
                recipient.as_object().ok_or_else(|| malformed("a recipient is an object", "RFC 7516 section 7.2.1"))
            })
            .collect::<Result<_>>()?,
        Some(_) => return Err(malformed("recipients is an array", "RFC 7516 section 7.2.1")),
    };
    // What is shared is read once for each, so a long header for many would cost far more than its length.
    let shared = protected_text.len() + size(&unprotected);
    if shared.saturating_mul(entries.len().saturating_sub(1)) > most {
        let error = Error::new(ErrorKind::TooLarge, "the headers are within the caller's bound", "RFC 7516 section 11");
        return Err(error.expected(format!("at most {most} bytes for all recipients")).got(entries.len()));
    }
    let recipients = entries.into_iter().map(|entry| {
        let own = object(entry, "header")?;
        let header = Header::from_object(joint(&[&protected, &unprotected, &own])?)?;
        Ok(Received { header, encrypted_key: bytes(entry, "encrypted_key")?.unwrap_or_default() })
    });
    let recipients = recipients.collect::<Result<_>>()?;
    let required = |name: &'static str| {
        let missing = || malformed("the token has iv, ciphertext and tag", "RFC 7516 section 7.2.1").expected(name);
        bytes(&token, name)?.ok_or_else(missing)
    };
    Ok(Message {
        protected: Header::from_object(protected)?,
        aad: bytes(&token, "aad")?,
        iv: required("iv")?,
        ciphertext: required("ciphertext")?,
        tag: required("tag")?,
        recipients,
        protected_text,
    })
}

/// A content key for a recipient: the one there is already, wrapped, or the first one.
pub(super) fn content_key_for(
    key: &EncryptionKey,
    encryption: ContentEncryption,
    header: &Header,
    present: Option<&SecretBytes>,
    recipients: usize,
) -> Result<(SecretBytes, Wrapped)> {
    if let Some(Direct { content_key, parameters }) = key.direct(encryption, header)? {
        if recipients > 1 {
            let rule = "a key that is used directly has one recipient";
            return Err(Error::new(ErrorKind::NotAllowed, rule, "RFC 7518 section 4.1").got(key.algorithm()));
        }
        return Ok((content_key, Wrapped { encrypted_key: Vec::new(), parameters }));
    }
    let content_key = match present {
        Some(present) => present.clone(),
        None => content::random(encryption.key_len())?,
    };
    let wrapped = key.wrap(&content_key, encryption, header)?;
    Ok((content_key, wrapped))
}

/// `alg`, and the key's `kid` where the caller named none.
pub(super) fn name_key(members: &mut Map<String, Value>, seen: &Header, key: &EncryptionKey) {
    if seen.alg.is_none() {
        members.insert("alg".to_owned(), Value::from(key.algorithm().name()));
    }
    if let (None, Some(kid)) = (&seen.kid, key.key_id()) {
        members.insert("kid".to_owned(), Value::from(kid));
    }
}

pub(super) fn encode_map(members: &Map<String, Value>) -> Result<String> {
    serde_json::to_vec(members)
        .map(base64url::encode)
        .map_err(|_| malformed("the header is JSON", "RFC 7516 section 4"))
}

fn entry(header: Map<String, Value>, encrypted_key: &[u8]) -> Map<String, Value> {
    let mut entry = Map::new();
    if !header.is_empty() {
        entry.insert("header".to_owned(), Value::Object(header));
    }
    if !encrypted_key.is_empty() {
        entry.insert("encrypted_key".to_owned(), Value::from(base64url::encode(encrypted_key)));
    }
    entry
}

/// About how many bytes it is as JSON.
fn size(members: &Map<String, Value>) -> usize {
    serde_json::to_string(members).map_or(0, |text| text.len())
}

fn joint(parts: &[&Map<String, Value>]) -> Result<Map<String, Value>> {
    let mut members = Map::new();
    for part in parts {
        header::merge(&mut members, (*part).clone())?;
    }
    Ok(members)
}

fn string<'a>(object: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>> {
    match object.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() || name == "ciphertext" => Ok(Some(text)),
        // What would be empty is left out (RFC 7516 section 7.2.1).
        Some(_) => Err(malformed("the member is a string and not empty", "RFC 7516 section 7.2.1").expected(name)),
    }
}

fn bytes(object: &Map<String, Value>, name: &'static str) -> Result<Option<Vec<u8>>> {
    string(object, name)?.map(decode).transpose()
}

fn object(of: &Map<String, Value>, name: &'static str) -> Result<Map<String, Value>> {
    match of.get(name) {
        None => Ok(Map::new()),
        Some(Value::Object(members)) => Ok(members.clone()),
        Some(_) => Err(malformed("the member is an object", "RFC 7516 section 7.2.1").expected(name)),
    }
}

fn too_many(got: usize) -> Error {
    Error::new(ErrorKind::TooLarge, "a token has a bounded number of recipients", "RFC 7516 section 7.2.1")
        .expected(format!("at most {MOST_RECIPIENTS}"))
        .got(got)
}
