//! A request that is ready to be signed: [RFC 5849 section 3.4.1](https://www.rfc-editor.org/rfc/rfc5849#section-3.4.1).

use super::body::Form;
use super::change::Change;
use super::fixed::Fixed;
use super::{BodyHash, Placement, Revealed, Signed, Signing, Subject};
use crate::error::{Error, Result};
use crate::oauth1::signature_base_string::{Parameters, SignedUri};
use crate::{Secret, wire};
use http::HeaderMap;
use http::header::HOST;
use http::uri::Authority;
use std::borrow::Cow;
use std::sync::Arc;

pub(super) struct Unsigned<'a> {
    pub(super) base_string: String,
    pub(super) fixed: Arc<Fixed>,
    timestamp: String,
    nonce: &'a str,
    /// The parameters of the protocol; none where nothing is in the request but what was in the one before, time and nonce.
    protocol: Option<Vec<(&'a str, Cow<'a, str>)>>,
}

impl<'a> Unsigned<'a> {
    pub(super) fn new(signing: &'a Signing, subject: &Subject<'_>, signer: Revealed<'a>) -> Result<Self> {
        let Subject { method, uri, headers, body } = subject;
        if signing.method.needs_tls() {
            let url = wire::url::parse("the request's URL", &uri.to_string())?;
            wire::url::confidential("the request's URL", &url, signing.allow_http)?;
        }
        // A timestamp is positive (section 3.3).
        if signer.timestamp <= 0 {
            return Err(Error::config("the clock stands before 1970, when no request can be signed", "set it"));
        }
        let form = match body {
            Some(body) => Form::of(headers, body)?,
            None if signing.reads_body(method, headers) => {
                return Err(Error::config(
                    "this request can't be signed without its body, which is streamed",
                    "hand over a body that is there as a whole, or leave the body hash out (without_body_hash) where the server \
                     allows it",
                ));
            }
            None => Form::No,
        };
        if signing.placement == Placement::Body {
            form.may_take_parameters(method)?;
        }
        let body = body.unwrap_or_default();
        // A form is among what is signed; of any other body a digest is, where the method has one.
        let becomes_form = form == Form::Yes || signing.placement == Placement::Body;
        let hash = match signing.body_hash {
            BodyHash::Bodies if !becomes_form && !body.is_empty() => signing.method.body_hash(body),
            BodyHash::Always if !becomes_form => signing.method.body_hash(body),
            _ => None,
        };
        let query = uri.query().unwrap_or_default();
        // Most bytes stay as they are.
        let mut parameters = Parameters::with_capacity(16, 360 + 2 * query.len());
        parameters.push_form(query.as_bytes());
        let of_query = parameters.len();
        if form == Form::Yes {
            parameters.push_form(body);
        }
        let host = host(headers)?;
        let signed_uri = SignedUri::of_uri(uri, host.as_ref())?;
        let (fixed, timestamp, nonce) = (signing.fixed(&signer), signer.timestamp.to_string(), signer.nonce);
        let is_usual = signing.placement == Placement::Header && hash.is_none() && signer.further.is_empty();
        if is_usual && !parameters.has_any_of_the_protocol() {
            parameters.push_protocol(|base| fixed.write_base(&timestamp, nonce, base));
            let base_string = parameters.into_base_string(method.as_str(), &signed_uri);
            return Ok(Self { base_string, fixed, timestamp, nonce, protocol: None });
        }
        let mut protocol: Vec<(&str, Cow<'_, str>)> = Vec::with_capacity(10);
        protocol.push(("oauth_consumer_key", signer.consumer_key.into()));
        protocol.extend(signer.token.map(|token| ("oauth_token", token.into())));
        protocol.push(("oauth_signature_method", signing.method.name().into()));
        if signing.version {
            protocol.push(("oauth_version", "1.0".into()));
        }
        protocol.push(("oauth_timestamp", timestamp.clone().into()));
        protocol.push(("oauth_nonce", nonce.into()));
        protocol.extend(signer.further.iter().map(|(name, value)| (*name, (*value).into())));
        protocol.extend(hash.map(|hash| ("oauth_body_hash", hash.into())));
        for (place, name) in parameters.names().enumerate() {
            let here = if place < of_query { Placement::Query } else { Placement::Body };
            refuse_second(name, here, signing.placement, &protocol)?;
        }
        protocol.iter().for_each(|(name, value)| parameters.push(name, value));
        let base_string = parameters.into_base_string(method.as_str(), &signed_uri);
        Ok(Self { base_string, fixed, timestamp, nonce, protocol: Some(protocol) })
    }

    pub(super) fn signed(
        self,
        signing: &Signing,
        subject: &Subject<'_>,
        signature: &Secret,
    ) -> Result<(Signed, Change)> {
        let signature = signature.reveal();
        let change = match &self.protocol {
            None => Change::Header(self.fixed.header(&self.timestamp, self.nonce, signature)?),
            Some(protocol) => {
                let signature = ("oauth_signature", signature);
                let protocol: Vec<_> =
                    protocol.iter().map(|(name, value)| (*name, &**value)).chain([signature]).collect();
                match signing.placement {
                    Placement::Header => Change::header(signing.realm.as_deref(), &protocol)?,
                    Placement::Query => Change::query(subject.uri, &protocol)?,
                    Placement::Body => Change::body(subject.body.unwrap_or_default(), &protocol),
                }
            }
        };
        Ok((Signed { base_string: self.base_string }, change))
    }
}

/// No parameter of the protocol stands twice (section 3.1), and all whose names begin with `oauth_` are in one place
/// (section 3.5).
fn refuse_second(name: &[u8], here: Placement, ours: Placement, protocol: &[(&str, Cow<'_, str>)]) -> Result<()> {
    let is_ours = name == b"oauth_signature" || protocol.iter().any(|(held, _)| held.as_bytes() == name);
    if !name.starts_with(b"oauth_") || !is_ours && here == ours {
        return Ok(());
    }
    let place = if here == Placement::Query { "query" } else { "form" };
    let name = String::from_utf8_lossy(name);
    Err(Error::config(
        format!(
            "the request has {name} in its {place} already, where signing adds such parameters itself, in one place"
        ),
        "leave it out (RFC 5849 sections 3.1 and 3.5)",
    ))
}

/// The host that the request names, where it names one of its own: that one is signed (section 3.4.1.2).
fn host(headers: &HeaderMap) -> Result<Option<Authority>> {
    let Some(host) = headers.get(HOST) else { return Ok(None) };
    let host = host.as_bytes().try_into();
    host.map(Some).map_err(|_| Error::config("the Host header is no host and port", "leave it out: the URL says them"))
}
