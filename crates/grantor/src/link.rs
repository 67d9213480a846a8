//! The connection a request came by.

use rustls::pki_types::CertificateDer;

use crate::random;

/// What is known of a connection before its first request.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// The port that was connected to.
    pub(crate) port: u16,
    /// Whether the client was asked for a certificate.
    pub(crate) mutual: bool,
    /// The certificate whose key the client has shown to have, and those it sent behind it.
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    /// Of the first certificate (RFC 8705 section 3.1).
    pub(crate) thumbprint: Option<String>,
}

impl Link {
    pub(crate) fn new(scheme: &'static str, port: u16, mutual: bool) -> Self {
        Self { scheme, port, mutual, certificates: Vec::new(), thumbprint: None }
    }

    pub(crate) fn origin(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    pub(crate) fn with(&self, certificates: Vec<CertificateDer<'static>>) -> Self {
        let thumbprint = certificates.first().map(|certificate| random::sha256_of_bytes(certificate));
        Self { certificates, thumbprint, ..*self }
    }
}
