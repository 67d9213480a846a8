//! Keys as text: PEM, [RFC 7468](https://www.rfc-editor.org/rfc/rfc7468).

use crate::Jwk;
use crate::der::{self, Shape};
use crate::error::{Error, ErrorKind, Result};
use crate::jwk::{Material, SecretBytes};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// A private key with a long chain of certificates fits.
const MOST_BYTES: usize = 256 * 1024;
const MOST_LABEL: usize = 64;

/// PEM and DER.
impl Jwk {
    /// Reads a key from PEM: `PRIVATE KEY` (PKCS#8), `RSA PRIVATE KEY` (PKCS#1), `EC PRIVATE KEY` (SEC 1), `PUBLIC KEY`
    /// (SPKI), `RSA PUBLIC KEY` (PKCS#1), or `CERTIFICATE`, of which the public key is taken and nothing is checked.
    ///
    /// Of several blocks the private key counts, else the first; `EC PARAMETERS` are passed over.
    ///
    /// ```
    /// # let text = include_str!("../tests/pem/p256_pkcs8.pem");
    /// let key = grantee_jose::Jwk::from_pem(text)?;
    /// assert_eq!(key.key_type(), "EC");
    /// # Ok::<_, grantee_jose::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] when it is no PEM or DER, [`ErrorKind::Key`] when a password is needed or the key is not
    /// whole, [`ErrorKind::Unsupported`] for another kind of key.
    pub fn from_pem(text: &str) -> Result<Self> {
        let Block { label, der } = chosen(text)?;
        let material = match label {
            "PRIVATE KEY" => der::pkcs8(&der),
            "RSA PRIVATE KEY" => der::pkcs1_private(&der),
            "EC PRIVATE KEY" => der::sec1(&der),
            "PUBLIC KEY" => der::spki(&der),
            "RSA PUBLIC KEY" => der::pkcs1_public(&der),
            "CERTIFICATE" => der::certificate(&der),
            _ => Err(needs_password()),
        };
        material.and_then(checked)
    }

    /// Reads a private key from PEM that a password protects: `ENCRYPTED PRIVATE KEY` with PBES2, PBKDF2 over HMAC with
    /// SHA-1, SHA-256, SHA-384 or SHA-512 in at most 5,000,000 iterations, and AES-CBC.
    ///
    /// # Errors
    /// [`ErrorKind::Decryption`] for another password, [`ErrorKind::Unsupported`] for scrypt, triple DES and the older
    /// schemes, and as [`Jwk::from_pem`].
    pub fn from_encrypted_pem(text: &str, password: &[u8]) -> Result<Self> {
        let Block { label, der } = chosen(text)?;
        if label != "ENCRYPTED PRIVATE KEY" {
            let error = Error::new(ErrorKind::Key, "a password goes with an encrypted key", "RFC 7468 section 11");
            return Err(error.expected("ENCRYPTED PRIVATE KEY").got(label));
        }
        der::pkcs8(&der::decrypt(&der, password)?).and_then(checked)
    }

    /// Reads a key from DER of the kinds that [`Jwk::from_pem`] reads, told apart by their shape.
    ///
    /// # Errors
    /// As [`Jwk::from_pem`].
    pub fn from_der(bytes: &[u8]) -> Result<Self> {
        let material = match der::shape(bytes)? {
            Shape::Pkcs8 => der::pkcs8(bytes),
            Shape::Pkcs1Private => der::pkcs1_private(bytes),
            Shape::Pkcs1Public => der::pkcs1_public(bytes),
            Shape::Sec1 => der::sec1(bytes),
            Shape::Spki => der::spki(bytes),
            Shape::Certificate => der::certificate(bytes),
            Shape::EncryptedPkcs8 => Err(needs_password()),
        };
        material.and_then(checked)
    }

    /// The private key as PEM, PKCS#8. It reveals the key.
    ///
    /// # Errors
    /// [`ErrorKind::Key`] for a public or symmetric key.
    pub fn to_private_pem(&self) -> Result<Zeroizing<String>> {
        Ok(write("PRIVATE KEY", &der::write_pkcs8(&self.material)?))
    }

    /// The public key as PEM, SPKI; of a private key its public part.
    ///
    /// # Errors
    /// [`ErrorKind::Key`] for a symmetric key.
    pub fn to_public_pem(&self) -> Result<String> {
        Ok(write("PUBLIC KEY", &der::write_spki(&self.material)?).to_string())
    }

    /// The private key as PEM under a password: PBES2 with PBKDF2 over HMAC SHA-256 in 600,000 iterations, and
    /// AES-256-CBC.
    ///
    /// # Errors
    /// [`ErrorKind::Key`] for a public or symmetric key, and for an empty password.
    pub fn to_encrypted_pem(&self, password: &[u8]) -> Result<String> {
        let encrypted = der::encrypt(&der::write_pkcs8(&self.material)?, password)?;
        Ok(write("ENCRYPTED PRIVATE KEY", &encrypted).to_string())
    }
}

/// A key of a size that can be used.
fn checked(material: Material) -> Result<Jwk> {
    material.check()?;
    Ok(Jwk::from_material(material))
}

struct Block<'a> {
    label: &'a str,
    der: SecretBytes,
}

/// The block that counts.
fn chosen(text: &str) -> Result<Block<'_>> {
    let (mut private, mut public) = (None, None);
    for (label, body) in blocks(text)? {
        match label {
            "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => {
                if private.replace((label, body)).is_some() {
                    return Err(malformed("there is one private key").expected("1").got("several"));
                }
            }
            "PUBLIC KEY" | "RSA PUBLIC KEY" | "CERTIFICATE" => {
                public.get_or_insert((label, body));
            }
            "EC PARAMETERS" => {}
            other => {
                let error =
                    Error::new(ErrorKind::Unsupported, "the PEM is a key or a certificate", "RFC 7468 section 4");
                return Err(error.got(other));
            }
        }
    }
    let (label, body) = private.or(public).ok_or_else(|| malformed("there is a PEM block of a key"))?;
    if body.contains("Proc-Type:") {
        let error = Error::new(ErrorKind::Unsupported, "an encrypted key is PKCS#8", "RFC 7468 section 11");
        return Err(error.expected("ENCRYPTED PRIVATE KEY").got("the older form with Proc-Type"));
    }
    let mut compact = Zeroizing::new(Vec::with_capacity(body.len()));
    compact.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let der = STANDARD.decode(&compact).map_err(|_| malformed("a PEM block is base64"))?;
    Ok(Block { label, der: Zeroizing::new(der) })
}

/// Labels and bodies. Text outside of blocks is passed over.
fn blocks(text: &str) -> Result<Vec<(&str, &str)>> {
    if text.len() > MOST_BYTES {
        let error = Error::new(ErrorKind::TooLarge, "a PEM text is of a reasonable size", "RFC 7468 section 2");
        return Err(error.expected("at most 256 KiB").got(text.len()));
    }
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, after) = after.split_once("-----").ok_or_else(|| malformed("a PEM block has a label"))?;
        // Where its dashes are lost the label runs on into the key, which no error may show.
        if label.len() > MOST_LABEL || !label.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(malformed("a PEM block has a label of one line"));
        }
        let (body, after) = after.split_once("-----END ").ok_or_else(|| malformed("a PEM block has an end"))?;
        let (end, after) = after.split_once("-----").ok_or_else(|| malformed("a PEM block has an end"))?;
        if label != end {
            return Err(malformed("a PEM block ends as it began").expected(label.to_owned()).got("another label"));
        }
        blocks.push((label, body));
        rest = after;
    }
    Ok(blocks)
}

/// 64 characters a line (RFC 7468 section 2).
fn write(label: &str, der: &[u8]) -> Zeroizing<String> {
    let encoded = Zeroizing::new(STANDARD.encode(der));
    let mut text = Zeroizing::new(String::with_capacity(encoded.len() + encoded.len() / 64 + 2 * label.len() + 40));
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    let mut rest = encoded.as_str();
    while let Some((line, after)) = rest.split_at_checked(64) {
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    if !rest.is_empty() {
        text.push_str(rest);
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

fn malformed(rule: &'static str) -> Error {
    Error::new(ErrorKind::Malformed, rule, "RFC 7468 section 2")
}

fn needs_password() -> Error {
    Error::new(ErrorKind::Key, "an encrypted key needs its password", "RFC 7468 section 11")
        .expected("Jwk::from_encrypted_pem")
}
