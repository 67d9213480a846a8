//! The blocking face's HTTP client: ureq.

use super::certificate::Pair;
use super::public_only::{self, NotPublic, PublicResolver};
use super::renewing::{Renewing, WithCertificate};
use super::{HttpSettings, IDLE, USER_AGENT, authorities, shown_by, unreadable};
use crate::blocking;
use crate::blocking::ports::WhenPolled;
use grantee_core::error::{Result, TransportError, TransportErrorKind};
use grantee_core::ports::{Certificate as ShownCertificate, Http, Limits, PublicOnly, Request, Response};
use std::sync::{Arc, OnceLock};
use ureq::ResponseExt as _;
use ureq::config::Config;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig, TlsProvider};

/// Sends by a ureq agent.
///
/// One of your own should follow no redirects and take no status for an error; an answer from elsewhere than the URL that
/// was asked is refused all the same.
#[derive(Debug, Clone)]
pub struct UreqHttp {
    agent: ureq::Agent,
    certificate: ShownCertificate,
    /// What the agent that connects to public addresses alone is made of, once it is needed, which few programs do.
    public: (Config, Arc<OnceLock<PublicAgent>>),
}

/// An agent, and the TLS settings for its requests where the agent's own would show a certificate.
#[derive(Debug)]
struct PublicAgent(ureq::Agent, Option<TlsConfig>);

impl UreqHttp {
    /// By an agent of your own, with its own timeouts.
    pub fn new(agent: ureq::Agent) -> Self {
        let public = (agent.config().clone(), Arc::default());
        Self { agent, certificate: ShownCertificate::Unknown, public }
    }

    /// The ureq agent underneath.
    pub fn agent(&self) -> &ureq::Agent {
        &self.agent
    }

    /// The port of a client with these settings.
    pub(crate) fn port(settings: &HttpSettings) -> Result<Arc<dyn Http>> {
        Ok(match settings.certificate()? {
            None => Arc::new(WhenPolled(Self::from_settings(settings, None)?)),
            Some(certificate) => Arc::new(WhenPolled(Renewing::<Self>::new(certificate, settings)?)),
        })
    }

    fn from_settings(settings: &HttpSettings, pair: Option<&Pair>) -> Result<Self> {
        Ok(Self {
            agent: ureq::Agent::new_with_config(config(settings, pair)?),
            certificate: shown_by(pair),
            public: (config(&public_only::settings(settings), None)?, Arc::default()),
        })
    }
}

impl blocking::Http for UreqHttp {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        let limits = Limits::of(&request);
        let (agent, tls) = if PublicOnly::is_on(&request) {
            let PublicAgent(agent, tls) = self.public_agent(&request)?;
            (agent, tls.as_ref())
        } else {
            (&self.agent, None)
        };
        let (parts, body) = request.into_parts();
        // A body where there is none would turn into `Content-Length: 0` on a GET.
        let answer = if body.is_empty() && !expects_body(&parts.method) {
            run(agent, tls, http::Request::from_parts(parts, ()), limits)
        } else {
            run(agent, tls, http::Request::from_parts(parts, &body[..]), limits)
        };
        let answer = answer.map_err(failure)?;
        let url = answer.get_uri().to_string();
        let (parts, mut body) = answer.into_parts();
        let most = u64::try_from(limits.body).unwrap_or(u64::MAX);
        if body.content_length().is_some_and(|announced| announced > most) {
            return Err(too_large(limits.body));
        }
        // One byte more than allowed is read, to tell a body that just fits from one that does not.
        let read = body.with_config().limit(most.saturating_add(1)).read_to_vec();
        let bytes = read.map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(_) => too_large(limits.body),
            other => failure(other),
        })?;
        if bytes.len() > limits.body {
            return Err(too_large(limits.body));
        }
        Ok(Response { http: http::Response::from_parts(parts, bytes.into()), url })
    }

    fn certificate(&self) -> ShownCertificate {
        self.certificate.clone()
    }
}

impl WithCertificate for UreqHttp {
    fn with_certificate(settings: &HttpSettings, pair: &Pair) -> Result<Self> {
        Self::from_settings(settings, Some(pair))
    }
}

impl UreqHttp {
    fn public_agent(&self, request: &Request) -> Result<&PublicAgent, TransportError> {
        let (config, agent) = &self.public;
        public_only::refuse(request.uri(), config.proxy().is_some())?;
        Ok(agent.get_or_init(|| {
            let connector = ureq::unversioned::transport::DefaultConnector::default();
            let agent = ureq::Agent::with_parts(config.clone(), connector, PublicResolver::default());
            PublicAgent(agent, without_certificate(config.tls_config()))
        }))
    }
}

/// The settings without a certificate, where they have one: strangers are shown none.
fn without_certificate(tls: &TlsConfig) -> Option<TlsConfig> {
    tls.client_cert()?;
    let mut without = TlsConfig::builder()
        .provider(tls.provider())
        .root_certs(tls.root_certs().clone())
        .use_sni(tls.use_sni())
        .disable_verification(tls.disable_verification());
    if let Some(provider) = tls.unversioned_rustls_crypto_provider() {
        without = without.unversioned_rustls_crypto_provider(Arc::clone(provider));
    }
    Some(without.build())
}

fn run(
    agent: &ureq::Agent,
    tls: Option<&TlsConfig>,
    request: http::Request<impl ureq::AsSendBody>,
    limits: Limits,
) -> Result<http::Response<ureq::Body>, ureq::Error> {
    if limits.total.is_none() && tls.is_none() {
        return agent.run(request);
    }
    let mut request = agent.configure_request(request);
    if let Some(total) = limits.total {
        request = request.timeout_global(Some(total));
    }
    if let Some(tls) = tls {
        request = request.tls_config(tls.clone());
    }
    agent.run(request.build())
}

fn config(settings: &HttpSettings, pair: Option<&Pair>) -> Result<Config> {
    let mut tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        // Given explicitly: were a second provider in the program, rustls would panic for want of a default one.
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .root_certs(roots(settings)?)
        .disable_verification(settings.accept_invalid_certs);
    if let Some(pair) = pair {
        let chain: Vec<_> = pair.chain.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
        let key = PrivateKey::from_pem(pair.key.reveal().as_bytes())
            .map_err(|error| unreadable("the client certificate's key", error))?;
        tls = tls.client_cert(Some(ClientCert::new_with_certs(&chain, key)));
    }
    let proxy = match &settings.proxy {
        Some(url) => {
            Some(ureq::Proxy::new(url.reveal()).map_err(|_| unreadable("the proxy URL", "it is no URL of a proxy"))?)
        }
        None => None,
    };
    Ok(ureq::Agent::config_builder()
        .user_agent(USER_AGENT)
        .proxy(proxy)
        // A redirect could carry credentials to another host.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .timeout_connect(Some(settings.connect_timeout))
        .max_idle_age(IDLE)
        .timeout_global(Some(settings.timeout))
        // The pool goes by the identity of this value, so it is made once.
        .tls_config(tls.build())
        .build())
}

fn expects_body(method: &http::Method) -> bool {
    matches!(*method, http::Method::POST | http::Method::PUT | http::Method::PATCH)
}

fn too_large(limit: usize) -> TransportError {
    TransportError::new(TransportErrorKind::TooLarge, format!("more than {limit} bytes"))
}

fn roots(settings: &HttpSettings) -> Result<RootCerts> {
    let given = |pems: &[Vec<u8>]| -> Result<Vec<Certificate<'static>>> {
        Ok(authorities(pems)?.iter().map(|der| Certificate::from_der(der).to_owned()).collect())
    };
    if !settings.only_ca.is_empty() {
        return Ok(RootCerts::new_with_certs(&given(&settings.only_ca)?));
    }
    if settings.added_ca.is_empty() {
        return Ok(RootCerts::PlatformVerifier);
    }
    // ureq knows either given roots or the platform's, so both together are given.
    let mut all: Vec<Certificate<'static>> = rustls_native_certs::load_native_certs()
        .certs
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect();
    all.extend(given(&settings.added_ca)?);
    Ok(RootCerts::new_with_certs(&all))
}

pub(super) fn failure(error: ureq::Error) -> TransportError {
    use std::io::ErrorKind;
    if matches!(&error, ureq::Error::Other(other) if other.is::<NotPublic>()) {
        return grantee_core::wire::address::not_public();
    }
    let kind = match &error {
        // These come before anything has been sent.
        ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => TransportErrorKind::Connect,
        ureq::Error::Timeout(_) => TransportErrorKind::Timeout,
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => TransportErrorKind::Connect,
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => TransportErrorKind::Tls,
        ureq::Error::BodyExceedsLimit(_) => TransportErrorKind::TooLarge,
        ureq::Error::Io(io) => match io.kind() {
            ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::AddrNotAvailable => TransportErrorKind::Connect,
            ErrorKind::TimedOut => TransportErrorKind::Timeout,
            _ if io.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => TransportErrorKind::Tls,
            // The standard library has no kind of its own for a name that does not resolve.
            _ if io.to_string().starts_with("failed to lookup address information") => TransportErrorKind::Connect,
            _ => TransportErrorKind::Broken,
        },
        _ => TransportErrorKind::Broken,
    };
    let message = match &error {
        // Its text holds the URL, and so the query.
        ureq::Error::BadUri(_) => "the URL is none that HTTP can use".to_owned(),
        other => other.to_string(),
    };
    TransportError::new(kind, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use grantee_core::jose::{Curve, Jwk, KeyKind};

    #[test]
    fn an_idle_connection_is_given_up_before_servers_close_it() {
        let http = UreqHttp::from_settings(&HttpSettings::default(), None).unwrap();
        assert!(http.agent().config().max_idle_age() < std::time::Duration::from_secs(5));
    }

    #[test]
    fn strangers_are_shown_no_certificate_of_an_agent_of_ones_own() {
        let pem = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap().to_private_pem().unwrap();
        let key = PrivateKey::from_pem(pem.as_bytes()).unwrap();
        let certificate = ClientCert::new_with_certs(&[], key);
        let with = TlsConfig::builder().client_cert(Some(certificate)).use_sni(false).build();
        let without = without_certificate(&with).unwrap();
        assert!(without.client_cert().is_none() && !without.use_sni());
        assert!(without_certificate(&without).is_none(), "nothing to leave out");
    }
}
