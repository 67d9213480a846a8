//! A plain HTTP client for the other modules: no redirects, no proxy, and TLS to the servers of this run.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use ureq::Agent;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, TlsProvider};

/// Whom it trusts and what it shows.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// The file of the only authority.
    pub ca: Option<PathBuf>,
    /// The files of a certificate and its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    /// Makes an agent.
    pub fn agent(&self) -> Agent {
        let mut tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()));
        if let Some(ca) = &self.ca {
            tls = tls.root_certs(RootCerts::from(certificates(ca)));
        }
        if let Some((chain, key)) = &self.certificate {
            let key = PrivateKey::from_pem(&read(key)).expect("a key in PEM");
            tls = tls.client_cert(Some(ClientCert::new_with_certs(&certificates(chain), key)));
        }
        let config = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(30)))
            .tls_config(tls.build());
        config.build().new_agent()
    }
}

fn read(file: &Path) -> Vec<u8> {
    std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn certificates(file: &Path) -> Vec<Certificate<'static>> {
    let items = ureq::tls::parse_pem(&read(file)).collect::<Result<Vec<_>, _>>().expect("PEM");
    let certificate = |item| if let PemItem::Certificate(certificate) = item { Some(certificate) } else { None };
    items.into_iter().filter_map(certificate).collect()
}
