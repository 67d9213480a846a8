//! A request to one of the server's endpoints as this client: authenticated, with a proof where the token type wants one, and
//! made once more where the server demands something of that proof
//! ([RFC 9449 section 8](https://www.rfc-editor.org/rfc/rfc9449#section-8)).

use super::{Client, Config, explained};
use crate::client_auth::{AuthContext, ClientAuth};
use crate::error::{Error, Result};
use crate::metadata::AuthorizationServer;
use crate::token_type::{Answer, ProofContext};
use crate::wire;
use crate::wire::draft::Draft;
use crate::wire::form::Params;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use url::Url;

/// Whether a request carries a proof of possession.
#[derive(Clone, Copy)]
pub(crate) enum Proof<'a> {
    /// It gets no token, so there is nothing to bind.
    None,
    /// With the key of this thumbprint, or with the first one.
    By(Option<&'a str>),
}

/// What came of one request.
pub(crate) struct Asked {
    pub(crate) answer: http::Response<Bytes>,
    /// The thumbprint of the key it proved.
    pub(crate) bound_to: Option<String>,
    method: Arc<dyn ClientAuth>,
}

impl Asked {
    /// An error that the server answered, with what the client authentication knows about it.
    pub(crate) fn explain(&self, error: Error) -> Error {
        explained(error, &*self.method)
    }
}

/// A demand that was met is met once: a server that goes on demanding gets its answer judged.
#[derive(Default)]
pub(crate) struct Demanded(Option<String>);

impl Client {
    /// An endpoint by its member's name, at the address for clients with a certificate where this one is known by it or its
    /// tokens are bound to it.
    pub(crate) fn endpoint<'a>(&self, metadata: &'a AuthorizationServer, name: &'static str) -> Result<&'a str> {
        endpoint(&self.inner.config, metadata, name)
    }

    /// As [`endpoint`](Self::endpoint), as a URL that may carry a credential.
    pub(crate) fn url_of(&self, metadata: &AuthorizationServer, name: &'static str) -> Result<Url> {
        self.endpoint_url(&format!("the {name}"), self.endpoint(metadata, name)?)
    }

    /// Posts a form to an endpoint as this client, with a new proof and a new assertion where it has to be made once more.
    pub(crate) async fn ask(
        &self,
        stage: &'static str,
        metadata: &AuthorizationServer,
        endpoint: &'static str,
        form: Params,
        proof: Proof<'_>,
    ) -> Result<Asked> {
        self.ask_with(stage, metadata, Draft::post(self.url_of(metadata, endpoint)?, form), proof).await
    }

    /// As [`ask`](Self::ask), with a draft that a hook may have changed.
    pub(crate) async fn ask_with(
        &self,
        stage: &'static str,
        metadata: &AuthorizationServer,
        draft: Draft,
        proof: Proof<'_>,
    ) -> Result<Asked> {
        let mut demanded = Demanded::default();
        loop {
            let asked = self.attempt(stage, metadata, draft.clone(), proof, &mut demanded, None).await?;
            if let Some(asked) = asked {
                return Ok(asked);
            }
        }
    }

    /// Sends one draft. `None` where the server has just demanded something of the proof: then it is to be made anew.
    pub(crate) async fn attempt(
        &self,
        stage: &'static str,
        metadata: &AuthorizationServer,
        mut draft: Draft,
        proof: Proof<'_>,
        demanded: &mut Demanded,
        sent: Option<&AtomicBool>,
    ) -> Result<Option<Asked>> {
        let config = &self.inner.config;
        let ports = &self.inner.ports;
        // Asked anew, since one request may be authenticated by another method than the client was built with.
        config.check_certificate(ports)?;
        // Somebody may have changed the method since the client was built.
        config.check_rules()?;
        let method = config.credentials.method(metadata, config.basic_raw)?;
        let context = AuthContext {
            client_id: &config.client_id,
            issuer: metadata.issuer.as_deref(),
            token_endpoint: metadata.token_endpoint.as_deref(),
            now: self.now(),
            entropy: &*ports.entropy,
        };
        method.authenticate(&mut draft, context).await?;
        for hook in &config.hooks {
            hook.on_authenticated_request(&mut draft).await?;
        }
        if let Some(rules) = config.rules {
            rules.check_form(&draft.form)?;
        }
        // A hook or a method of the program's own may have moved the request.
        wire::url::confidential("the request's URL", &draft.url, config.allow_http)?;
        let mut request = draft.into_request()?;
        let uri = request.uri().clone();
        let mut bound_to = None;
        if let Proof::By(key) = proof {
            config.token_type.check_server(metadata)?;
            bound_to = config.token_type.key_for(key, ports);
            if config.token_type.needs_proof() {
                let verb = request.method().clone();
                let mut context = ProofContext::new(&verb, &uri, self.now(), &*ports.entropy);
                context.key_thumbprint = bound_to.as_deref();
                context.demanded = demanded.0.as_deref();
                config.token_type.prove(context, request.headers_mut()).await?;
            }
        }
        if let Some(sent) = sent {
            sent.store(true, Ordering::SeqCst);
        }
        let answer = self.exchange(stage, request).await?;
        if matches!(proof, Proof::By(_)) && demanded.0.is_none() {
            demanded.0 = config.token_type.demand(Answer::AuthorizationServer(&answer));
            if demanded.0.is_some() {
                return Ok(None);
            }
        }
        config.token_type.observe(&uri, answer.headers(), demanded.0.as_deref());
        Ok(Some(Asked { answer, bound_to, method }))
    }
}

// RFC 8705 section 5: a client that is known by its certificate, or whose tokens are bound to it, goes to the alias where there
// is one.
fn endpoint<'a>(config: &Config, metadata: &'a AuthorizationServer, name: &'static str) -> Result<&'a str> {
    let over_mtls = config.token_type.over_mtls()
        || config.credentials.method(metadata, config.basic_raw).is_ok_and(|method| method.uses_certificate());
    match metadata.mtls_endpoint(name) {
        Some(endpoint) if over_mtls => Ok(endpoint),
        _ => metadata.require(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Server;
    use crate::client_auth::TlsClientAuth;
    use crate::token_type::certificate_bound::CertificateBound;

    /// Every endpoint that a client asks itself and sends what a certificate matters for.
    const NAMES: [&str; 8] = [
        "token_endpoint",
        "introspection_endpoint",
        "revocation_endpoint",
        "userinfo_endpoint",
        "pushed_authorization_request_endpoint",
        "device_authorization_endpoint",
        "backchannel_authentication_endpoint",
        "registration_endpoint",
    ];

    fn metadata() -> AuthorizationServer {
        let urls = |host: &str| NAMES.map(|name| format!("\"{name}\":\"https://{host}/{name}\"")).join(",");
        let text = format!(
            "{{\"issuer\":\"https://as.example\",{},\"mtls_endpoint_aliases\":{{{}}}}}",
            urls("as.example"),
            urls("mtls.as.example")
        );
        AuthorizationServer::parse(text.as_bytes()).unwrap()
    }

    fn hosts(config: &Config) -> Vec<String> {
        let metadata = metadata();
        let url = |name| Url::parse(endpoint(config, &metadata, name).unwrap()).unwrap();
        NAMES.iter().map(|name| url(name).host_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn with_a_certificate_every_endpoint_is_asked_at_its_alias() {
        let config = || Config::new(Server::Literal);
        assert_eq!(hosts(&config()), ["as.example"; 8]);
        let mut bound = config();
        bound.set_token_type(Arc::new(CertificateBound));
        assert_eq!(hosts(&bound), ["mtls.as.example"; 8]);
        let mut known = config();
        known.set_auth(Arc::new(TlsClientAuth));
        assert_eq!(hosts(&known), ["mtls.as.example"; 8]);
    }
}
