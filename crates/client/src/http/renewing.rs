//! An HTTP client whose certificate may be renewed: a new client takes the place of the old one, and with it new connections and
//! new TLS sessions the place of the old.

use super::HttpSettings;
use super::certificate::{ClientCertificate, Pair};
use crate::blocking;
use arc_swap::ArcSwap;
use grantee_core::Result;
use grantee_core::error::TransportError;
use grantee_core::ports::{BoxFuture, Certificate, Http, Request, Response};
use std::sync::{Arc, Mutex, PoisonError};

/// What a client with a certificate is made of.
pub(crate) trait WithCertificate: Clone {
    fn with_certificate(settings: &HttpSettings, pair: &Pair) -> Result<Self>;
}

/// Sends by a client that shows the certificate of now.
pub(crate) struct Renewing<H> {
    certificate: ClientCertificate,
    settings: HttpSettings,
    made: ArcSwap<Made<H>>,
    making: Mutex<()>,
}

struct Made<H> {
    pair: Arc<Pair>,
    http: H,
}

impl<H: WithCertificate> Renewing<H> {
    pub(crate) fn new(certificate: ClientCertificate, settings: &HttpSettings) -> Result<Self> {
        let pair = certificate.current();
        let http = H::with_certificate(settings, &pair)?;
        let made = ArcSwap::from_pointee(Made { pair, http });
        Ok(Self { certificate, settings: settings.clone(), made, making: Mutex::default() })
    }

    /// Whoever holds it may go on with it; the next one gets the next.
    fn current(&self) -> Arc<Made<H>> {
        let pair = self.certificate.current();
        let made = self.made.load_full();
        if Arc::ptr_eq(&made.pair, &pair) {
            return made;
        }
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let (pair, made) = (self.certificate.current(), self.made.load_full());
        if Arc::ptr_eq(&made.pair, &pair) {
            return made;
        }
        let http = H::with_certificate(&self.settings, &pair).unwrap_or_else(|error| {
            tracing::warn!(outcome = error.code(), %error, "the client certificate before is used on");
            made.http.clone()
        });
        let made = Arc::new(Made { pair, http });
        self.made.store(Arc::clone(&made));
        made
    }
}

impl<H: WithCertificate + Http> Http for Renewing<H> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let made = self.current();
            made.http.send(request).await
        })
    }

    fn certificate(&self) -> Certificate {
        self.current().http.certificate()
    }
}

impl<H: WithCertificate + blocking::Http> blocking::Http for Renewing<H> {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.current().http.send(request)
    }

    fn certificate(&self) -> Certificate {
        self.current().http.certificate()
    }
}
