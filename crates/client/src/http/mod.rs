//! HTTP clients: reqwest for the async face, ureq for the blocking one, with the same settings.

mod certificate;
mod public_only;
mod renewing;
pub(crate) mod reqwest;
pub(crate) mod ureq;

pub use certificate::ClientCertificate;

use certificate::Pair;
use grantee_core::ports::{BoxFuture, Certificate};
use grantee_core::{Error, Result, Secret};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::sync::Arc;
use std::time::Duration;

/// How connections are made. Shared by both faces, so that they can't differ.
#[derive(Debug, Clone)]
pub(crate) struct HttpSettings {
    pub(crate) added_ca: Vec<Vec<u8>>,
    pub(crate) only_ca: Vec<Vec<u8>>,
    pub(crate) proxy: Option<Secret>,
    pub(crate) connect_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) client_certificate: Option<CertificateSetting>,
    pub(crate) accept_invalid_certs: bool,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            added_ca: Vec::new(),
            only_ca: Vec::new(),
            proxy: None,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            client_certificate: None,
            accept_invalid_certs: false,
        }
    }
}

/// The client certificate as it was given: what is wrong with it is said when the client is built.
#[derive(Debug, Clone)]
pub(crate) enum CertificateSetting {
    Pem(Vec<u8>, Secret),
    Shared(ClientCertificate),
}

impl HttpSettings {
    fn certificate(&self) -> Result<Option<ClientCertificate>> {
        Ok(match &self.client_certificate {
            None => None,
            Some(CertificateSetting::Pem(chain, key)) => Some(ClientCertificate::from_pem(chain, key.clone())?),
            Some(CertificateSetting::Shared(certificate)) => Some(certificate.clone()),
        })
    }
}

/// What a client made of settings says about its certificate.
fn shown_by(pair: Option<&Pair>) -> Certificate {
    pair.map_or(Certificate::Absent, |pair| Certificate::Thumbprint(Arc::clone(&pair.thumbprint)))
}

/// How long an idle connection is kept. Many servers, Node's and Apache's among them, close theirs after five seconds: a request on
/// its way meanwhile would be lost, and one that spends a code or a refresh token can't be repeated.
pub(crate) const IDLE: Duration = Duration::from_secs(4);

/// Said with every request, since some APIs refuse one without.
pub(crate) const USER_AGENT: &str = concat!("grantee/", env!("CARGO_PKG_VERSION"));

/// The builder methods on connections that both faces share. Each builder holds an `http: HttpSettings`.
macro_rules! http_settings_methods {
    () => {
        /// Trusts these certificate authorities (PEM) beside the system's own.
        pub fn add_ca(mut self, pem: impl Into<Vec<u8>>) -> Self {
            self.http.added_ca.push(pem.into());
            self
        }

        /// Trusts these certificate authorities (PEM) and no others. A server's self-signed certificate is its own authority.
        pub fn only_ca(mut self, pem: impl Into<Vec<u8>>) -> Self {
            self.http.only_ca.push(pem.into());
            self
        }

        /// Sends everything through this HTTP proxy, such as `http://user:password@proxy.example:3128`. Proxy variables of
        /// the environment are not obeyed.
        pub fn proxy(mut self, url: impl Into<$crate::Secret>) -> Self {
            self.http.proxy = Some(url.into());
            self
        }

        /// How long making a connection may take: 10 s by default.
        pub fn connect_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.http.connect_timeout = timeout;
            self
        }

        /// How long a whole exchange may take: 30 s by default.
        pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.http.timeout = timeout;
            self
        }

        /// The certificate (PEM, with its chain) and private key (PEM) shown to servers that ask for one. One that does not
        /// belong to the other is an error when the client is built.
        pub fn client_certificate(mut self, chain_pem: impl Into<Vec<u8>>, key_pem: impl Into<$crate::Secret>) -> Self {
            let given = $crate::http::CertificateSetting::Pem(chain_pem.into(), key_pem.into());
            self.http.client_certificate = Some(given);
            self
        }

        /// As [`client_certificate`](Self::client_certificate), one that may be renewed while the client runs, and that several
        /// clients may share.
        pub fn client_certificate_from(mut self, certificate: $crate::ClientCertificate) -> Self {
            self.http.client_certificate = Some($crate::http::CertificateSetting::Shared(certificate));
            self
        }
    };
}
pub(crate) use http_settings_methods;

const AUTHORITY: &str = "the certificate authority";

/// The certificates in PEM files of authorities, each one that can be trusted: a file without any would silently trust
/// nobody.
fn authorities(pems: &[Vec<u8>]) -> Result<Vec<CertificateDer<'static>>> {
    let mut all = Vec::new();
    for pem in pems {
        let before = all.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|_| unreadable(AUTHORITY, "it is no PEM"))?;
            let added = rustls::RootCertStore::empty().add(certificate.clone());
            added.map_err(|_| unreadable(AUTHORITY, "a certificate in it is none"))?;
            all.push(certificate);
        }
        if all.len() == before {
            return Err(unreadable(AUTHORITY, "there is no certificate in it"));
        }
    }
    Ok(all)
}

fn unreadable(what: &str, error: impl std::fmt::Display) -> Error {
    Error::config(format!("{what} can't be read: {error}"), "give it as PEM")
}

/// Keeps a stranger's blocking call off until its future is polled.
pub(crate) fn when_polled<'a, T>(work: impl FnOnce() -> T + Send + 'a) -> BoxFuture<'a, T> {
    Box::pin(async move { work() })
}
