//! The authority that signs the certificates of one server and of its clients.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
    string::Ia5String,
};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use serde_json::{Value, json};

use crate::random;

/// A certificate for a client's side of TLS, with its key.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientCertificate {
    /// The certificate, and behind it the authority's where it has one, as PEM.
    pub chain_pem: String,
    /// Its private key, PKCS #8 as PEM.
    pub key_pem: String,
    der: CertificateDer<'static>,
}

impl ClientCertificate {
    fn new(certificate: &Certificate, key: &KeyPair, authority: Option<&str>) -> Self {
        let chain_pem = certificate.pem() + authority.unwrap_or_default();
        Self { chain_pem, key_pem: key.serialize_pem(), der: certificate.der().clone() }
    }

    /// `x5t#S256`: the base64url of its SHA-256 hash ([RFC 8705 section 3.1](https://www.rfc-editor.org/rfc/rfc8705#section-3.1)).
    pub fn thumbprint(&self) -> String {
        random::sha256_of_bytes(&self.der)
    }

    /// A key set with this certificate alone, for [`Client::jwks`](crate::Client::jwks) of a client that authenticates by
    /// `self_signed_tls_client_auth` ([RFC 8705 section 2.2](https://www.rfc-editor.org/rfc/rfc8705#section-2.2)).
    ///
    /// Its key has `x5c` and no parameters of its own.
    pub fn jwks(&self) -> Value {
        json!({"keys": [{"kty": "EC", "crv": "P-256", "use": "sig", "x5c": [STANDARD.encode(&self.der)]}]})
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").field("thumbprint", &self.thumbprint()).finish_non_exhaustive()
    }
}

pub(crate) struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    verifier: Arc<dyn ClientCertVerifier>,
}

/// What goes wrong here is a bug in how certificates are asked for, not in what a stranger sent.
type Made<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

impl Authority {
    pub(crate) fn new() -> Made<Self> {
        let key = KeyPair::generate()?;
        // Two authorities of one name would be taken for one.
        let mut params = named(&format!("grantor {}", random::token().get(..8).unwrap_or_default()));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key)?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone())?;
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider()).build()?;
        Ok(Self { pem: certificate.pem(), issuer: Issuer::new(params, key), verifier })
    }

    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// The server's own certificate, for loopback.
    pub(crate) fn server(&self) -> Made<(CertificateDer<'static>, PrivateKeyDer<'static>)> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(["localhost", "127.0.0.1", "::1"].map(str::to_owned))?;
        params.distinguished_name = named("grantor").distinguished_name;
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
    }

    pub(crate) fn client(&self, common_name: &str) -> Made<ClientCertificate> {
        let key = KeyPair::generate()?;
        let certificate = of_client(common_name).signed_by(&key, &self.issuer)?;
        Ok(ClientCertificate::new(&certificate, &key, Some(&self.pem)))
    }

    /// Whether a chain leads to this authority, is for clients, and is good now.
    pub(crate) fn has_signed(&self, chain: &[CertificateDer<'static>]) -> bool {
        let Some((first, rest)) = chain.split_first() else { return false };
        self.verifier.verify_client_cert(first, rest, UnixTime::now()).is_ok()
    }
}

pub(crate) fn self_signed(common_name: &str) -> Made<ClientCertificate> {
    let key = KeyPair::generate()?;
    let certificate = of_client(common_name).self_signed(&key)?;
    Ok(ClientCertificate::new(&certificate, &key, None))
}

pub(crate) fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn of_client(common_name: &str) -> CertificateParams {
    let mut params = named(common_name);
    // A name that no DNS name can be is in the subject alone.
    params.subject_alt_names = Ia5String::try_from(common_name).map(SanType::DnsName).into_iter().collect();
    params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
    params
}

fn named(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}
