//! The async face's HTTP client: reqwest.

use super::certificate::Pair;
use super::public_only::{self, NotPublic, PublicResolver};
use super::renewing::{Renewing, WithCertificate};
use super::{AUTHORITY, HttpSettings, IDLE, USER_AGENT, authorities, shown_by, unreadable};
use bytes::{Bytes, BytesMut};
use grantee_core::error::{Result, TransportError, TransportErrorKind};
use grantee_core::ports::{BoxFuture, Certificate, Http, Limits, ParsedUrl, PublicOnly, Request, Response};
use rustls::pki_types::CertificateDer;
use std::sync::{Arc, OnceLock};

/// Sends by a reqwest client.
///
/// One of your own should follow no redirects, obey no cookies and repeat nothing; an answer from elsewhere than the URL
/// that was asked is refused all the same. Requests that are [`PublicOnly`] go by another client, with our own settings.
#[derive(Debug, Clone)]
pub struct ReqwestHttp {
    client: reqwest::Client,
    certificate: Certificate,
    public: Arc<Public>,
}

/// The client that connects to public addresses alone: made when it is first needed, which few programs do.
#[derive(Debug)]
struct Public {
    settings: HttpSettings,
    client: OnceLock<Result<reqwest::Client>>,
}

impl Public {
    fn of(settings: &HttpSettings) -> Arc<Self> {
        Arc::new(Self { settings: public_only::settings(settings), client: OnceLock::new() })
    }

    fn client(&self, request: &Request) -> Result<&reqwest::Client, TransportError> {
        public_only::refuse(request.uri(), self.settings.proxy.is_some())?;
        let made = self.client.get_or_init(|| {
            let builder = builder(&self.settings, None)?.dns_resolver(PublicResolver::default());
            builder.build().map_err(|error| unreadable("the connection's settings", shown(&error)))
        });
        made.as_ref().map_err(|error| TransportError::new(TransportErrorKind::Connect, error))
    }
}

impl ReqwestHttp {
    /// By a client of your own, with its own timeouts.
    pub fn new(client: reqwest::Client) -> Self {
        Self { client, certificate: Certificate::Unknown, public: Public::of(&HttpSettings::default()) }
    }

    /// The reqwest client underneath.
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// The port of a client with these settings.
    pub(crate) fn port(settings: &HttpSettings) -> Result<Arc<dyn Http>> {
        Ok(match settings.certificate()? {
            None => Arc::new(Self::from_settings(settings, None)?),
            Some(certificate) => Arc::new(Renewing::<Self>::new(certificate, settings)?),
        })
    }

    fn from_settings(settings: &HttpSettings, pair: Option<&Pair>) -> Result<Self> {
        let client =
            builder(settings, pair)?.build().map_err(|error| unreadable("the connection's settings", shown(&error)))?;
        Ok(Self { client, certificate: shown_by(pair), public: Public::of(settings) })
    }

    async fn exchange(&self, request: Request) -> Result<Response, TransportError> {
        let limits = Limits::of(&request);
        let client = if PublicOnly::is_on(&request) { self.public.client(&request)? } else { &self.client };
        let mut request = converted(request).map_err(failure)?;
        if limits.total.is_some() {
            *request.timeout_mut() = limits.total;
        }
        let mut answer = client.execute(request).await.map_err(failure)?;
        let url = answer.url().as_str().to_owned();
        let too_large =
            || TransportError::new(TransportErrorKind::TooLarge, format!("more than {} bytes", limits.body));
        let announced = answer.content_length().unwrap_or(0);
        if announced > limits.body as u64 {
            return Err(too_large());
        }
        let mut body = Bytes::new();
        while let Some(piece) = answer.chunk().await.map_err(failure)? {
            if body.len() + piece.len() > limits.body {
                return Err(too_large());
            }
            // Most answers come in one piece, which is taken as it is.
            body = if body.is_empty() { piece } else { joined(body, &piece) };
        }
        let mut response = http::Response::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(Response { http: response, url })
    }
}

impl Http for ReqwestHttp {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(self.exchange(request))
    }

    fn certificate(&self) -> Certificate {
        self.certificate.clone()
    }
}

impl WithCertificate for ReqwestHttp {
    fn with_certificate(settings: &HttpSettings, pair: &Pair) -> Result<Self> {
        Self::from_settings(settings, Some(pair))
    }
}

fn builder(settings: &HttpSettings, pair: Option<&Pair>) -> Result<reqwest::ClientBuilder> {
    let certificates = |pems: &[Vec<u8>]| -> Result<Vec<reqwest::Certificate>> {
        let read = |der: &CertificateDer<'_>| {
            reqwest::Certificate::from_der(der).map_err(|error| unreadable(AUTHORITY, error))
        };
        authorities(pems)?.iter().map(read).collect()
    };
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        // A redirect could carry credentials to another host.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // A repetition must be made anew: a proof or an assertion serves once.
        .retry(reqwest::retry::never())
        .connect_timeout(settings.connect_timeout)
        .pool_idle_timeout(IDLE)
        .timeout(settings.timeout)
        .no_proxy();
    if !settings.only_ca.is_empty() {
        builder = builder.tls_certs_only(certificates(&settings.only_ca)?);
    } else if !settings.added_ca.is_empty() {
        builder = builder.tls_certs_merge(certificates(&settings.added_ca)?);
    }
    if settings.accept_invalid_certs {
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    if let Some(proxy) = &settings.proxy {
        builder = builder.proxy(
            reqwest::Proxy::all(proxy.reveal()).map_err(|error| unreadable("the proxy URL", error.without_url()))?,
        );
    }
    if let Some(pair) = pair {
        let identity = reqwest::Identity::from_pem(pair.pem().reveal().as_bytes())
            .map_err(|error| unreadable("the client certificate or its key", error));
        builder = builder.identity(identity?);
    }
    Ok(builder)
}

/// As reqwest's own conversion, without parsing a URL that the core has parsed.
fn converted(mut request: Request) -> reqwest::Result<reqwest::Request> {
    let Some(url) = ParsedUrl::take(&mut request) else { return request.try_into() };
    let (parts, body) = request.into_parts();
    let mut converted = reqwest::Request::new(parts.method, url);
    *converted.headers_mut() = parts.headers;
    *converted.version_mut() = parts.version;
    *converted.body_mut() = Some(body.into());
    Ok(converted)
}

fn joined(body: Bytes, piece: &[u8]) -> Bytes {
    let mut body = BytesMut::from(body);
    body.extend_from_slice(piece);
    body.freeze()
}

pub(super) fn failure(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    if is::<NotPublic>(&error) {
        return grantee_core::wire::address::not_public();
    }
    // First of all whether there was a connection: one that took too long to make has carried nothing.
    let kind = if error.is_connect() {
        if is::<rustls::Error>(&error) { TransportErrorKind::Tls } else { TransportErrorKind::Connect }
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else {
        TransportErrorKind::Broken
    };
    TransportError::new(kind, shown(&error))
}

/// Whether an error is one of this kind, or comes of one.
fn is<E: std::error::Error + 'static>(error: &(dyn std::error::Error + 'static)) -> bool {
    if error.is::<E>() {
        return true;
    }
    // The source of an I/O error is that of the error within, which would be passed over.
    let within = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    let within = within.map(|within| -> &(dyn std::error::Error + 'static) { within });
    within.or_else(|| error.source()).is_some_and(is::<E>)
}

/// The innermost cause says most; the layers above repeat the URL.
fn shown(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
