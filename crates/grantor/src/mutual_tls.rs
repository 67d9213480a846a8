//! A client that is known by the certificate of its connection,
//! [RFC 8705 section 2](https://www.rfc-editor.org/rfc/rfc8705#section-2).

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::{
    client::verify_server_name,
    pki_types::{CertificateDer, ServerName},
    server::ParsedCertificate,
};
use serde_json::Value;

use crate::{Client, Request, error::OAuthError, shared::Shared, subject};

const BY_AUTHORITY: &str = "tls_client_auth";
const SELF_SIGNED: &str = "self_signed_tls_client_auth";

pub(crate) const METHODS: [&str; 2] = [BY_AUTHORITY, SELF_SIGNED];

/// The way in which a client authenticates by certificate, if it does.
pub(crate) fn method_of(client: &Client) -> Option<&'static str> {
    METHODS.into_iter().find(|method| client.may_use(method))
}

pub(crate) fn authenticate(
    shared: &Shared,
    request: &Request,
    client: &Client,
    method: &'static str,
) -> Result<(), OAuthError> {
    let refused = |why| Err(OAuthError::invalid_client(why));
    let link = &request.link;
    let Some(certificate) = link.certificates.first() else {
        return refused(match link.mutual {
            true => "the client sent no certificate",
            false => "this client authenticates at the mtls_endpoint_aliases",
        });
    };
    if method == SELF_SIGNED {
        return match is_registered(client, certificate, link.thumbprint.as_deref()) {
            true => Ok(()),
            false => refused("the certificate is none of the client's jwks"),
        };
    }
    if !shared.tls.as_ref().is_some_and(|tls| tls.authority.has_signed(&link.certificates)) {
        return refused("the certificate is not by this server's authority");
    }
    let wrong_subject = |wanted: &String| !subject::is(certificate, wanted);
    if client.tls_client_auth_subject_dn.as_ref().is_some_and(wrong_subject) {
        return refused("the subject of the certificate is not tls_client_auth_subject_dn");
    }
    if client.tls_client_auth_san_dns.as_ref().is_some_and(|wanted| !has_dns_name(certificate, wanted)) {
        return refused("the certificate is not for tls_client_auth_san_dns");
    }
    Ok(())
}

/// Section 2.2.2: the registered key is found by its certificate, which need not be by anybody.
fn is_registered(client: &Client, certificate: &CertificateDer<'_>, thumbprint: Option<&str>) -> bool {
    let keys = client.jwks.as_ref().and_then(|jwks| jwks.get("keys")).and_then(Value::as_array);
    keys.into_iter().flatten().any(|key| {
        let first = key.get("x5c").and_then(|chain| chain.get(0)).and_then(Value::as_str);
        let der = first.and_then(|text| STANDARD.decode(text).ok());
        let named = key.get("x5t#S256").and_then(Value::as_str);
        der.as_deref() == Some(certificate.as_ref()) || (named.is_some() && named == thumbprint)
    })
}

fn has_dns_name(certificate: &CertificateDer<'_>, name: &str) -> bool {
    let (Ok(parsed), Ok(name)) = (ParsedCertificate::try_from(certificate), ServerName::try_from(name)) else {
        return false;
    };
    verify_server_name(&parsed, &name).is_ok()
}

impl Client {
    /// The subject of its certificate as in [RFC 4514](https://www.rfc-editor.org/rfc/rfc4514), `CN=shop,O=Example` say; the
    /// certificate must be by [`Server::client_certificate`](crate::Server::client_certificate). It authenticates by
    /// `tls_client_auth` then ([RFC 8705 section 2.1.2](https://www.rfc-editor.org/rfc/rfc8705#section-2.1.2)).
    pub fn tls_client_auth_subject_dn(mut self, subject: impl Into<String>) -> Self {
        self.tls_client_auth_subject_dn = Some(subject.into());
        self.auth(BY_AUTHORITY)
    }

    /// A DNS name of its certificate; as [`Client::tls_client_auth_subject_dn`] in all else.
    pub fn tls_client_auth_san_dns(mut self, name: impl Into<String>) -> Self {
        self.tls_client_auth_san_dns = Some(name.into());
        self.auth(BY_AUTHORITY)
    }

    /// Its access tokens are bound to the certificate of the connection they were asked for by, however it authenticates. A
    /// token request without a certificate is refused
    /// ([RFC 8705 section 3](https://www.rfc-editor.org/rfc/rfc8705#section-3)).
    pub fn certificate_bound_access_tokens(mut self) -> Self {
        self.certificate_bound = true;
        self
    }

    /// One thing about its certificate has to be known (section 2.1.2).
    pub(crate) fn check_mutual_tls(&self) -> Result<(), String> {
        let known = self.tls_client_auth_subject_dn.is_some() || self.tls_client_auth_san_dns.is_some();
        if method_of(self) == Some(BY_AUTHORITY) && !known {
            return Err(format!("client {}: tls_client_auth needs a subject or a DNS name", self.id));
        }
        if self.tls_client_auth_subject_dn.as_ref().is_some_and(|subject| !subject::is_sound(subject)) {
            return Err(format!("client {}: tls_client_auth_subject_dn is no distinguished name", self.id));
        }
        Ok(())
    }
}
