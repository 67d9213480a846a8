//! A parsed token, and the way from it to the plaintext: [RFC 7516 section 5.2](https://www.rfc-editor.org/rfc/rfc7516#section-5.2).

use super::header::{self, malformed};
use super::key::check_parameters;
use super::{Decrypted, Header, Options, content, pbes2, zip};
use crate::base64url;
use crate::error::{Error, ErrorKind, Result};
use crate::signer::{Decrypter, WrappedKey};
use crate::{ContentEncryption, KeyAlgorithm};

/// A token of either serialization, read and not decrypted.
pub(super) struct Message {
    /// The protected header as it came; empty when there is none.
    pub(super) protected_text: String,
    pub(super) protected: Header,
    pub(super) aad: Option<Vec<u8>>,
    pub(super) iv: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Vec<u8>,
    pub(super) recipients: Vec<Recipient>,
}

pub(super) struct Recipient {
    /// All parts of the header that hold for it.
    pub(super) header: Header,
    pub(super) encrypted_key: Vec<u8>,
}

/// A recipient that the key may be.
struct Candidate<'a> {
    index: usize,
    recipient: &'a Recipient,
    algorithm: KeyAlgorithm,
    encryption: ContentEncryption,
}

impl Message {
    /// What is authenticated beside the ciphertext (RFC 7516 section 5.2, step 15).
    fn authenticated(&self) -> Vec<u8> {
        authenticated(&self.protected_text, self.aad.as_deref())
    }

    /// Tries the recipients that the key may be, until one works.
    pub(super) async fn decrypt(self, key: &dyn Decrypter, options: &Options) -> Result<Decrypted> {
        let aad = self.authenticated();
        for candidate in self.candidates(key, options)? {
            let Candidate { index, recipient, algorithm, encryption } = candidate;
            let header = &recipient.header;
            // Where the key can't be unwrapped, a random one takes its place, and the same work is done with it: nobody
            // learns which of the two failed (RFC 7516 section 11.5).
            let random = content::random(encryption.key_len())?;
            let wrapped = WrappedKey { algorithm, encryption, encrypted_key: &recipient.encrypted_key, header };
            let content_key = match key.unwrap_key(wrapped).await {
                Ok(content_key) if content_key.len() == encryption.key_len() => content_key,
                _ => random,
            };
            let opened = content::open(encryption, &content_key, &self.iv, &aad, &self.ciphertext, &self.tag);
            let Some(mut plaintext) = opened else { continue };
            if header::wants_zip(header)? {
                plaintext = zip::inflate(&plaintext, options.max_plaintext)?;
            }
            if plaintext.len() > options.max_plaintext {
                return Err(zip::too_large(options.max_plaintext).got(plaintext.len()));
            }
            let header = header.clone();
            let aad = self.aad.unwrap_or_default();
            return Ok(Decrypted {
                header,
                protected: self.protected,
                aad,
                recipient: index,
                algorithm,
                encryption,
                plaintext,
            });
        }
        Err(Error::decryption())
    }

    /// Those of the recipients that the key may be, or why there are none.
    fn candidates(&self, key: &dyn Decrypter, options: &Options) -> Result<Vec<Candidate<'_>>> {
        self.check_recipients()?;
        let mut candidates = Vec::new();
        let mut refusals = Vec::new();
        for (index, recipient) in self.recipients.iter().enumerate() {
            match self.candidate(index, recipient, key, options) {
                Ok(candidate) => candidates.push(candidate),
                Err(refusal) => refusals.push(refusal),
            }
        }
        // A password costs what the stranger asks for, once for each recipient; the bound is on all of them.
        let cost = candidates.iter().try_fold(0_u32, |sum, candidate| {
            Ok::<_, Error>(sum.saturating_add(pbes2::cost(candidate.algorithm, &candidate.recipient.header)?))
        })?;
        if cost > options.max_p2c {
            let error = Error::new(ErrorKind::TooLarge, "p2c is within the caller's bound", "RFC 7518 section 4.8.1.2");
            return Err(error.expected(format!("at most {}", options.max_p2c)).got(cost));
        }
        match (candidates.is_empty(), refusals.len(), refusals.pop()) {
            (false, ..) => Ok(candidates),
            (true, 1, Some(refusal)) => Err(refusal),
            (true, ..) => {
                Err(Error::new(ErrorKind::NoKey, "the key fits one of the recipients", "RFC 7516 section 5.2")
                    .got(format!("{} recipients", self.recipients.len())))
            }
        }
    }

    fn candidate<'a>(
        &self,
        index: usize,
        recipient: &'a Recipient,
        key: &dyn Decrypter,
        options: &Options,
    ) -> Result<Candidate<'a>> {
        let Recipient { header, encrypted_key } = recipient;
        header::check(&self.protected, header, options)?;
        let encryption = header::encryption(header, options)?;
        let algorithm = header::algorithm(header)?;
        if !key.algorithms().contains(&algorithm) {
            let rule = "the alg is one that the key serves";
            let names: Vec<_> = key.algorithms().iter().map(|algorithm| algorithm.name()).collect();
            let error = Error::new(ErrorKind::NotAllowed, rule, "RFC 8725 section 3.1");
            return Err(error.expected(names.join(" or ")).got(algorithm));
        }
        if let (Some(wanted), Some(kid)) = (&header.kid, key.key_id())
            && wanted != kid
        {
            let error = Error::new(ErrorKind::NoKey, "the key is the one that the kid names", "RFC 7516 section 4.1.6");
            return Err(error.expected(kid.to_owned()).got(wanted));
        }
        if self.iv.len() != content::iv_len(encryption) {
            let error = malformed("the initialization vector has the length of the enc", "RFC 7518 section 5.1");
            return Err(error.expected(content::iv_len(encryption).to_string()).got(self.iv.len()));
        }
        if self.tag.len() != content::tag_len(encryption) {
            let error = malformed("the tag has the length of the enc", "RFC 7518 section 5.1");
            return Err(error.expected(content::tag_len(encryption).to_string()).got(self.tag.len()));
        }
        check_parameters(algorithm, header, encrypted_key)?;
        Ok(Candidate { index, recipient, algorithm, encryption })
    }

    /// One `enc` for all, and a directly used key for nobody but a single recipient.
    fn check_recipients(&self) -> Result<()> {
        let Some((first, others)) = self.recipients.split_first() else {
            return Err(malformed("there is a recipient", "RFC 7516 section 7.2.1"));
        };
        if others.iter().any(|other| other.header.get("enc") != first.header.get("enc")) {
            return Err(malformed("all recipients have the same enc", "RFC 7516 section 7.2.1"));
        }
        let direct = |recipient: &Recipient| matches!(recipient.header.alg.as_deref(), Some("dir" | "ECDH-ES"));
        if !others.is_empty() && self.recipients.iter().any(direct) {
            return Err(malformed("a key that is used directly has one recipient", "RFC 7518 section 4.1"));
        }
        Ok(())
    }
}

/// The protected header, and the additional data where there is some, both in base64url.
pub(super) fn authenticated(protected_text: &str, aad: Option<&[u8]>) -> Vec<u8> {
    match aad {
        None => protected_text.as_bytes().to_vec(),
        Some(aad) => format!("{protected_text}.{}", base64url::encode(aad)).into_bytes(),
    }
}
