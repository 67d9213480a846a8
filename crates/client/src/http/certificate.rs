//! The client's certificate: [RFC 8705](https://www.rfc-editor.org/rfc/rfc8705). Read once, and again when it was renewed.

use super::unreadable;
use arc_swap::ArcSwap;
use aws_lc_rs::digest::{SHA256, digest};
use grantee_core::{Error, Result, Secret};
use grantee_jose::base64url;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const WHAT: &str = "the client certificate";

/// How often files are looked at, unless told otherwise.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A certificate and its private key, shown to servers that ask for one. Cheap to clone; clones share it, and so do all clients
/// that were built with it.
///
/// It may be renewed while they run: by [`replace`](Self::replace), or by changing the files of
/// [`from_files`](Self::from_files), which are looked at before a request, once a second at the most. New connections show the
/// new one at once, and no request goes over a connection that was made with the old one any more.
///
/// The certificate is PEM, the client's own first and then its chain; the key is unencrypted PEM: PKCS#8, PKCS#1 or SEC1. A key
/// that does not belong to the certificate is an error.
///
/// ```no_run
/// # async fn example() -> grantee::Result<()> {
/// use grantee::{Client, ClientCertificate, TlsClientAuth};
///
/// let certificate = ClientCertificate::from_files("/run/certs/tls.crt", "/run/certs/tls.key")?;
/// let client = Client::discover("https://as.example")
///     .public_client("svc")
///     .auth(TlsClientAuth)
///     .client_certificate_from(certificate)
///     .certificate_bound_tokens()
///     .build()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ClientCertificate {
    shared: Arc<Shared>,
}

struct Shared {
    pair: ArcSwap<Pair>,
    files: Option<Files>,
}

impl ClientCertificate {
    /// From PEM at hand.
    ///
    /// # Errors
    /// [`Error::Config`] where something is unreadable, or the key does not belong to the certificate.
    pub fn from_pem(chain: impl AsRef<[u8]>, key: impl Into<Secret>) -> Result<Self> {
        Ok(Self::new(Pair::parse(chain.as_ref(), &key.into())?, None))
    }

    /// From two PEM files, which may be one and the same. A change of either is noticed. While they don't fit together, as when
    /// one of them has been written and the other not yet, the pair before is used and a warning is logged.
    ///
    /// # Errors
    /// As [`from_pem`](Self::from_pem).
    pub fn from_files(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Self> {
        let files = Files::new(chain.into(), key.into());
        let stamp = files.stamp();
        let pair = files.read()?;
        // As it was before it was read, so that what changes meanwhile is read again.
        lock(&files.seen).read = stamp;
        Ok(Self::new(pair, Some(files)))
    }

    fn new(pair: Pair, files: Option<Files>) -> Self {
        Self { shared: Arc::new(Shared { pair: ArcSwap::from_pointee(pair), files }) }
    }

    /// How often the files are looked at, at the most: every second where this is not called. Zero is before every request.
    #[must_use]
    pub fn look_every(self, interval: Duration) -> Self {
        if let Some(files) = &self.shared.files {
            files.interval.store(millis(interval), Ordering::Relaxed);
        }
        self
    }

    /// Puts another certificate in its place, for all who share it. Files that are changed later go before it.
    ///
    /// # Errors
    /// As [`from_pem`](Self::from_pem); then the one before stays.
    pub fn replace(&self, chain: impl AsRef<[u8]>, key: impl Into<Secret>) -> Result<()> {
        let pair = Pair::parse(chain.as_ref(), &key.into())?;
        self.shared.pair.store(Arc::new(pair));
        Ok(())
    }

    /// Looks at the files now, as on a signal, and says whether they held another certificate. `false` where there are none.
    ///
    /// # Errors
    /// As [`from_pem`](Self::from_pem); then the one before stays.
    pub fn reload(&self) -> Result<bool> {
        match &self.shared.files {
            Some(files) => files.renew(&self.shared.pair),
            None => Ok(false),
        }
    }

    /// Its SHA-256 thumbprint as base64url (RFC 8705 section 3.1): what tokens are bound to, and what an API finds in their
    /// `cnf` as `x5t#S256`.
    pub fn thumbprint(&self) -> String {
        self.shared.pair.load().thumbprint.to_string()
    }

    /// The pair of now, after a look at the files where one is due.
    pub(crate) fn current(&self) -> Arc<Pair> {
        if let Some(files) = &self.shared.files
            && files.is_due(files.start.elapsed())
        {
            // Told once for each state of the files, where it is an error.
            let _ = files.renew(&self.shared.pair);
        }
        self.shared.pair.load_full()
    }
}

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let files = self.shared.files.as_ref();
        f.debug_struct("ClientCertificate")
            .field("thumbprint", &self.shared.pair.load().thumbprint)
            .field("chain", &files.map(|files| &files.chain))
            .field("key", &files.map(|files| &files.key))
            .finish()
    }
}

/// A certificate with the key that belongs to it.
pub(crate) struct Pair {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    /// One private key in PEM and nothing else.
    pub(crate) key: Secret,
    pub(crate) thumbprint: Arc<str>,
}

impl Pair {
    fn parse(chain: &[u8], key: &Secret) -> Result<Self> {
        let chain: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
        let chain = chain.map_err(|_| unreadable(WHAT, "it is no PEM"))?;
        let Some(own) = chain.first() else { return Err(unreadable(WHAT, "there is none in it")) };
        let thumbprint = thumbprint(own);
        let key = PrivateKeyDer::from_pem_slice(key.reveal().as_bytes())
            .map_err(|_| unreadable("the client certificate's key", "there is no unencrypted private key in it"))?;
        let pem = pem_of(&key);
        CertifiedKey::from_der(chain.clone(), key, &rustls::crypto::aws_lc_rs::default_provider()).map_err(
            |error| match error {
                rustls::Error::InconsistentKeys(_) => Error::config(
                    "the private key does not belong to the client certificate",
                    "give the key that the certificate was made for, and the client's own certificate before its chain",
                ),
                rustls::Error::InvalidCertificate(_) => {
                    unreadable(WHAT, "what is in it is no X.509 certificate of version 3")
                }
                _ => unreadable("the client certificate's key", "it is none that signs"),
            },
        )?;
        Ok(Self { chain, key: pem, thumbprint })
    }

    /// Both in one text.
    pub(crate) fn pem(&self) -> Secret {
        let mut text = String::from(self.key.reveal());
        for certificate in &self.chain {
            push_pem(&mut text, "CERTIFICATE", certificate);
        }
        Secret::new(text)
    }
}

/// RFC 8705 section 3.1: SHA-256 of the certificate as DER, base64url without padding.
fn thumbprint(certificate: &CertificateDer<'_>) -> Arc<str> {
    base64url::encode(digest(&SHA256, certificate)).into()
}

fn pem_of(key: &PrivateKeyDer<'_>) -> Secret {
    let label = match key {
        PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
        PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
        _ => "PRIVATE KEY",
    };
    let mut text = String::new();
    push_pem(&mut text, label, key.secret_der());
    Secret::new(text)
}

fn push_pem(text: &mut String, label: &str, der: &[u8]) {
    let body = Secret::new(base64url::encode_standard(der));
    for piece in ["-----BEGIN ", label, "-----\n", body.reveal(), "\n-----END ", label, "-----\n"] {
        text.push_str(piece);
    }
}

/// Where a pair is read from, and what was seen there.
struct Files {
    chain: PathBuf,
    key: PathBuf,
    start: Instant,
    /// Milliseconds, as below since `start`.
    interval: AtomicU64,
    next: AtomicU64,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// What the pair in use was read from.
    read: Option<Stamps>,
    /// What a warning has been given for.
    refused: Option<Option<Stamps>>,
}

/// What changes when a file is written, moved into place, or reached by another link.
type Stamps = [Stamp; 2];

#[derive(PartialEq, Clone, Copy)]
struct Stamp {
    modified: Option<std::time::SystemTime>,
    length: u64,
    node: (u64, i64, i64),
}

impl Files {
    fn new(chain: PathBuf, key: PathBuf) -> Self {
        let interval = millis(LOOK_EVERY);
        Self {
            chain,
            key,
            start: Instant::now(),
            interval: AtomicU64::new(interval),
            next: AtomicU64::new(interval),
            seen: Mutex::default(),
        }
    }

    /// Whether to look now, for one caller of all that ask at once.
    fn is_due(&self, elapsed: Duration) -> bool {
        let (now, next) = (millis(elapsed), self.next.load(Ordering::Relaxed));
        let interval = self.interval.load(Ordering::Relaxed);
        if interval == 0 {
            return true;
        }
        now >= next
            && self
                .next
                .compare_exchange(next, now.saturating_add(interval), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// Puts what the files hold in the place of `current` where they have changed. `true` where it is another pair.
    fn renew(&self, current: &ArcSwap<Pair>) -> Result<bool> {
        // Held meanwhile, so that an older look never undoes a newer one.
        let mut seen = lock(&self.seen);
        let stamp = self.stamp();
        if stamp.is_some() && seen.read == stamp {
            return Ok(false);
        }
        match self.read() {
            Ok(pair) => {
                *seen = Seen { read: stamp, refused: None };
                let before = current.load_full();
                // Touched files bring no new connections.
                if before.chain == pair.chain && before.key == pair.key {
                    return Ok(false);
                }
                tracing::info!(thumbprint = &*pair.thumbprint, "the client certificate was renewed");
                current.store(Arc::new(pair));
                Ok(true)
            }
            Err(error) => {
                if seen.refused.replace(stamp) != Some(stamp) {
                    let file = self.chain.display();
                    tracing::warn!(outcome = error.code(), %file, %error, "the client certificate before is used on");
                }
                Err(error)
            }
        }
    }

    fn read(&self) -> Result<Pair> {
        let chain = read(&self.chain)?;
        let key = read(&self.key)?;
        let key = String::from_utf8(key).map_err(|_| unreadable("the client certificate's key", "it is no PEM"))?;
        Pair::parse(&chain, &key.into())
    }

    fn stamp(&self) -> Option<Stamps> {
        let stamp = |path: &Path| std::fs::metadata(path).ok().map(|metadata| Stamp::of(&metadata));
        Some([stamp(&self.chain)?, stamp(&self.key)?])
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self { modified: metadata.modified().ok(), length: metadata.len(), node: node(metadata) }
    }
}

#[cfg(unix)]
fn node(metadata: &Metadata) -> (u64, i64, i64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn node(_: &Metadata) -> (u64, i64, i64) {
    (0, 0, 0)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| unreadable(&format!("{WHAT}'s file {}", path.display()), error))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_the_one_of_the_specification() {
        // RFC 8705 appendix A.
        const PEM: &str = "-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
-----END CERTIFICATE-----
";
        let certificate = CertificateDer::from_pem_slice(PEM.as_bytes()).unwrap();
        assert_eq!(&*thumbprint(&certificate), "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0");
    }

    #[test]
    fn files_are_looked_at_once_a_second_at_the_most() {
        let files = Files::new(PathBuf::new(), PathBuf::new());
        let due = |millis| files.is_due(Duration::from_millis(millis));
        assert_eq!([due(0), due(999)], [false; 2], "they have just been read");
        assert_eq!([due(1000), due(1000), due(1999), due(2000)], [true, false, false, true]);
        assert_eq!([due(60_000), due(60_999)], [true, false]);
        files.interval.store(0, Ordering::Relaxed);
        assert_eq!([due(60_999), due(60_999)], [true; 2]);
    }
}
