//! TLS, and mutual TLS on a port of its own as in [RFC 8705 section 5](https://www.rfc-editor.org/rfc/rfc8705#section-5).

use std::{io, sync::Arc};

use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, UnixTime},
    server::{
        NoServerSessionStorage,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use serde_json::{Map, Value};

use crate::{
    Builder, ClientCertificate, Server,
    authority::{self, Authority, provider},
    mutual_tls,
    shared::{Config, Shared},
};

/// What a server does by TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reach {
    #[default]
    Nothing,
    /// The port that asks for certificates.
    Mutual,
    /// That and the main port.
    Everything,
}

/// What a server with TLS has.
pub(crate) struct Tls {
    pub(crate) authority: Authority,
    /// `https://127.0.0.1:PORT` of the port that asks for certificates.
    pub(crate) mtls_origin: String,
    pub(crate) plain: Arc<ServerConfig>,
    pub(crate) mutual: Arc<ServerConfig>,
}

impl Tls {
    pub(crate) fn new(mtls_port: u16) -> io::Result<Self> {
        let authority = Authority::new().map_err(io::Error::other)?;
        let (certificate, key) = authority.server().map_err(io::Error::other)?;
        let builder = || {
            ServerConfig::builder_with_provider(provider())
                .with_safe_default_protocol_versions()
                .map_err(io::Error::other)
        };
        let signed = |config: Result<ServerConfig, Error>| {
            let mut config = config.map_err(io::Error::other)?;
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            // A session that is resumed would keep its certificate, whatever the client has now.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
            Ok::<_, io::Error>(Arc::new(config))
        };
        let chain = || vec![certificate.clone()];
        let plain = signed(builder()?.with_no_client_auth().with_single_cert(chain(), key.clone_key()))?;
        let algorithms = provider().signature_verification_algorithms;
        let anybody = Arc::new(Anybody { algorithms });
        let mutual = signed(builder()?.with_client_cert_verifier(anybody).with_single_cert(chain(), key))?;
        let mtls_origin = format!("https://127.0.0.1:{mtls_port}");
        Ok(Self { authority, mtls_origin, plain, mutual })
    }
}

/// Asks for a certificate and takes any that the client has the key of, and none as well: who a client is shows later,
/// when it says who it claims to be (RFC 8705 section 2).
#[derive(Debug)]
struct Anybody {
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for Anybody {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Endpoints that have an alias for mutual TLS where they exist.
const ALIASED: [&str; 7] = [
    "token_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "userinfo_endpoint",
    "pushed_authorization_request_endpoint",
    "device_authorization_endpoint",
    "backchannel_authentication_endpoint",
];

/// What the metadata says of it (RFC 8705 sections 3.3 and 5).
pub(crate) fn describe(shared: &Shared, document: &mut Map<String, Value>) {
    let Some(tls) = &shared.tls else { return };
    let alias = |name: &&str| {
        let path = document.get(*name)?.as_str()?.strip_prefix(&shared.config.origin)?;
        Some(((*name).to_owned(), Value::from(format!("{}{path}", tls.mtls_origin))))
    };
    let aliases: Map<String, Value> = ALIASED.iter().filter_map(alias).collect();
    document.insert("mtls_endpoint_aliases".into(), aliases.into());
    document.insert("tls_client_certificate_bound_access_tokens".into(), true.into());
    for endpoint in ["token", "introspection", "revocation"] {
        let methods = document.get_mut(&format!("{endpoint}_endpoint_auth_methods_supported"));
        if let Some(methods) = methods.and_then(Value::as_array_mut) {
            methods.extend(mutual_tls::METHODS.map(Value::from));
        }
    }
}

impl Config {
    /// The scheme of the main port.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls == Reach::Everything { "https" } else { "http" }
    }
}

impl Builder {
    /// Speaks TLS: the issuer becomes `https://127.0.0.1:PORT`, and a second port asks clients for a certificate, as with
    /// [`Builder::mtls`].
    ///
    /// The certificate is for `localhost`, `127.0.0.1` and `::1` and signed by an authority of this server alone:
    /// [`Server::ca_pem`]. HTTP/1.1, TLS 1.2 and 1.3, no resumption.
    ///
    /// ```
    /// let server = grantor::Server::builder().tls().start();
    /// assert!(server.issuer().starts_with("https://127.0.0.1:"));
    /// assert!(server.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
    /// ```
    pub fn tls(mut self) -> Self {
        self.config.tls = Reach::Everything;
        self
    }

    /// Has a second port, by TLS, that asks clients for a certificate and takes any, and none. It has all the endpoints and
    /// the API; `mtls_endpoint_aliases` of the metadata leads there. Without [`Builder::tls`] the issuer stays plain HTTP.
    ///
    /// [RFC 8705 section 5](https://www.rfc-editor.org/rfc/rfc8705#section-5)
    pub fn mtls(mut self) -> Self {
        if self.config.tls == Reach::Nothing {
            self.config.tls = Reach::Mutual;
        }
        self
    }
}

impl Server {
    /// The certificate of this server's authority, as PEM: what a client is to trust.
    ///
    /// # Panics
    /// When the server has no TLS: see [`Builder::tls`].
    pub fn ca_pem(&self) -> &str {
        self.must_have_tls().authority.pem()
    }

    /// The address of a path on the port that asks for client certificates, `/api/orders` say. As [`Server::url`] in all
    /// else.
    ///
    /// # Panics
    /// When the server has no TLS: see [`Builder::mtls`].
    pub fn mtls_url(&self, path: &str) -> String {
        format!("{}{path}", self.must_have_tls().mtls_origin)
    }

    /// A new certificate by this server's authority: its subject is `CN=` and the name, which also is its DNS name.
    ///
    /// # Panics
    /// When the server has no TLS: see [`Builder::mtls`].
    pub fn client_certificate(&self, common_name: &str) -> ClientCertificate {
        self.must_have_tls().authority.client(common_name).expect("a certificate can be made for any name")
    }

    /// A new certificate that no authority has signed. See [`ClientCertificate::jwks`].
    pub fn self_signed_certificate(common_name: &str) -> ClientCertificate {
        authority::self_signed(common_name).expect("a certificate can be made for any name")
    }

    fn must_have_tls(&self) -> &Tls {
        self.shared.tls.as_ref().expect("grantor was started without Builder::tls and Builder::mtls")
    }
}
