//! The conversations: [RFC 5849 section 2](https://www.rfc-editor.org/rfc/rfc5849#section-2).

use super::config::Config;
use super::pending::{Pending, Verifier};
use super::percent_decode;
use super::percent_encoding::nonce;
use super::request::{Body, Revealed, Signed, Signer};
use super::temporary_credentials;
use super::token_credentials::{self, TOKEN_TYPE};
use crate::chance::Chance;
use crate::client::{self, Server};
use crate::error::{Error, Result};
use crate::grant::Stored;
use crate::hooks::{self, TokenAnswer};
use crate::ports::{Ports, Request};
use crate::session::SourceBuilder;
use crate::token_type::oauth1::{OAuth1, check_token, identifier_of, secret_of};
use crate::wire::draft::Draft;
use crate::wire::form::Params;
use crate::{Secret, Token};
use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, HeaderValue};
use serde_json::Value;
use std::sync::Arc;
use tracing::Instrument as _;
use url::Url;

/// One client at one server of OAuth 1.0. Cheap to clone; clones share connections and counters.
///
/// Hooks see both requests for credentials before they are signed, both answers as token answers, and the URL that the person is
/// sent to. What they change is what is signed.
#[derive(Debug, Clone)]
pub struct Client {
    config: Arc<Config>,
    chance: Arc<Chance>,
    /// What sources and calls need of a client: ports, hooks, counters, and a token type that signs.
    client: client::Client,
}

impl Client {
    /// Puts a configuration and the ports together. Fetches nothing.
    ///
    /// # Errors
    /// [`Error::Config`] when the configuration can't work.
    pub fn new(mut config: Config, ports: Ports) -> Result<Self> {
        config.check()?;
        if config.allow_http {
            config.signing.allow_http();
        }
        let mut settings = client::Config::new(Server::Literal);
        settings.set_client(config.consumer_key.clone(), None);
        // What its tokens are kept under: the server's name, as far as there is one.
        settings.members_mut().token_endpoint.clone_from(&config.token_credentials_endpoint);
        let token_type =
            OAuth1::new(config.consumer_key.clone(), config.consumer_secret.clone(), config.signing.clone());
        settings.set_token_type(Arc::new(token_type));
        if config.allow_http {
            settings.set_allow_http();
        }
        config.hooks.iter().for_each(|hook| settings.add_hook(Arc::clone(hook)));
        let client = client::Client::new(settings, ports)?;
        Ok(Self { config: Arc::new(config), chance: Arc::default(), client })
    }

    /// The client underneath, with its ports and counters.
    pub fn client(&self) -> &client::Client {
        &self.client
    }

    /// The client's identifier.
    pub fn consumer_key(&self) -> &str {
        &self.config.consumer_key
    }

    /// Starts a login: temporary credentials, the URL to send the person to, and what their coming back is judged by. Without a
    /// callback the person is shown a code (`oob`).
    ///
    /// # Errors
    /// [`Error::Config`] where an endpoint or a callback is missing; [`Error::Server`] when the server refuses; [`Error::Rule`] when its answer
    /// breaks a rule.
    pub async fn start(&self) -> Result<(Url, Pending)> {
        let config = &self.config;
        let callback = config.callback.as_deref().unwrap_or("oob");
        if config.callback_required && callback == "oob" {
            return Err(Error::config(
                "this server shows nobody a code (oob), so a login needs a callback",
                "set callback where it is built, as it is registered with the server",
            ));
        }
        let endpoint = self.endpoint(&config.temporary_credentials_endpoint, "temporary credentials endpoint")?;
        let mut url = self.endpoint(&config.authorization_endpoint, "authorization endpoint")?;
        // Nobody is sent away to come back to nothing.
        let server = self.endpoint(&config.token_credentials_endpoint, "token credentials endpoint")?;
        let span = tracing::info_span!("temporary_credentials_request", client_id = self.consumer_key());
        let lent = async {
            let asked =
                Asked { stage: temporary_credentials::STAGE, credentials: None, further: ("oauth_callback", callback) };
            let lent =
                self.ask(&endpoint, asked, &config.temporary_credentials_parameters, temporary_credentials::judge);
            let lent = lent.await;
            client::tell(lent.as_ref().map(|_| "started"));
            lent
        };
        let lent = lent.instrument(span).await?;
        url.query_pairs_mut().append_pair("oauth_token", lent.token.reveal());
        for (name, value) in &config.authorization_parameters {
            url.query_pairs_mut().append_pair(name, value);
        }
        hooks::shape_url(&config.hooks, &mut url).await?;
        let pending = Pending::new(lent, &config.consumer_key, server.as_str(), callback, self.client.now());
        Ok((url, pending))
    }

    /// Ends a login: judges how the person came back and trades the temporary credentials for a token.
    ///
    /// # Errors
    /// [`Error::Server`] when the person or the server said no, [`Error::Rule`] when the callback is not the answer to this login.
    pub async fn finish<'a>(&self, pending: Pending, verifier: impl Into<Verifier<'a>>) -> Result<Token> {
        let endpoint = self.endpoint(&self.config.token_credentials_endpoint, "token credentials endpoint")?;
        if pending.consumer_key != self.config.consumer_key || pending.server != endpoint.as_str() {
            return Err(Error::config(
                "the pending login was started by another client",
                "finish it with the client that started it",
            ));
        }
        let verifier = pending.judge(&verifier.into())?;
        let span = tracing::info_span!("token_request", client_id = self.consumer_key(), grant = "oauth1");
        let asked = Asked {
            stage: token_credentials::STAGE,
            credentials: Some((pending.oauth_token.reveal(), &pending.oauth_token_secret)),
            further: ("oauth_verifier", verifier.reveal()),
        };
        async {
            self.client.inner.counting.token_requests.add();
            let outcome = self.ask(&endpoint, asked, &[], token_credentials::judge).await;
            self.client.token_request_ended(outcome.as_ref()).await;
            outcome
        }
        .instrument(span)
        .await
    }

    /// A source of this token, for sessions and API clients. It is never renewed. One that is none of OAuth 1.0 is an error when it
    /// is first used.
    pub fn source_of(&self, token: Token) -> SourceBuilder {
        self.source().token(token)
    }

    /// A source of the token that a store keeps for an account, of a client with the same token credentials endpoint.
    pub fn source(&self) -> SourceBuilder {
        SourceBuilder::new(self.client.clone(), Arc::new(Stored::of_oauth1()))
    }

    /// A source for requests that the client signs for itself (two legs).
    pub fn two_legged(&self) -> SourceBuilder {
        let mut token = Token::bearer(Secret::default());
        TOKEN_TYPE.clone_into(&mut token.token_type);
        SourceBuilder::new(self.client.clone(), Arc::new(Stored::of_oauth1_client())).token(token)
    }

    /// Signs any request, with a token or for the client itself, and says by what base string.
    ///
    /// # Errors
    /// As [`Signing::sign`](super::Signing::sign); [`Error::Config`] for a token of another type.
    pub async fn sign(&self, request: &mut Request, token: Option<&Token>) -> Result<Signed> {
        let nonce = nonce(self.chance.next(&*self.client.ports().entropy)?);
        self.config.signing.sign_revealed(request, self.signer(&nonce, token)?).await
    }

    /// As [`sign`](Self::sign), by a request's head, whatever its body is made of: `None` is one that is streamed.
    ///
    /// # Errors
    /// As [`Signing::sign_head`](super::Signing::sign_head); [`Error::Config`] for a token of another type.
    pub async fn sign_head(
        &self,
        head: &mut http::request::Parts,
        body: Option<&[u8]>,
        token: Option<&Token>,
    ) -> Result<Signed> {
        let nonce = nonce(self.chance.next(&*self.client.ports().entropy)?);
        let signer = self.signer(&nonce, token)?;
        self.config.signing.sign_parts(head, body.map_or(Body::Streamed, Body::Seen), signer).await
    }

    fn signer<'a>(&'a self, nonce: &'a str, token: Option<&'a Token>) -> Result<Revealed<'a>> {
        token.map_or(Ok(()), check_token)?;
        Ok(Revealed {
            consumer_key: &self.config.consumer_key,
            consumer_secret: self.config.consumer_secret.reveal(),
            token: token.and_then(identifier_of),
            token_secret: token.and_then(secret_of),
            timestamp: self.client.now().seconds(),
            nonce,
            further: &[],
        })
    }

    fn endpoint(&self, url: &Option<String>, what: &str) -> Result<Url> {
        let url = url.as_deref().ok_or_else(|| {
            Error::config(
                format!("the client has no {what}"),
                format!("set {} where it is built", what.replace(' ', "_")),
            )
        })?;
        self.client.endpoint_url(&format!("the {what}"), url)
    }

    async fn ask<T>(
        &self,
        endpoint: &Url,
        asked: Asked<'_>,
        parameters: &[(String, String)],
        judge: fn(&http::Response<Bytes>) -> Result<T>,
    ) -> Result<T> {
        let ports = self.client.ports();
        let config = &self.config;
        let mut draft = Draft::post(endpoint.clone(), Params::new());
        draft.method = config.credentials_method.clone();
        // A form or JSON comes under many names.
        draft.headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        for (name, value) in parameters {
            match draft.method == Method::GET {
                true => draft.push_query(name, value),
                false => draft.form.push(name, value),
            }
        }
        for hook in &config.hooks {
            hook.before_token_request(&mut draft).await?;
        }
        crate::wire::url::confidential("the request's URL", &draft.url, config.allow_http)?;
        let mut request = draft.into_request()?;
        let nonce = nonce(self.chance.next(&*ports.entropy)?);
        let mut signer = Signer::new(&config.consumer_key, &config.consumer_secret, ports.clock.now(), &nonce);
        signer.token = asked.credentials.map(|(token, _)| token);
        signer.token_secret = asked.credentials.map(|(_, secret)| secret);
        let further = [asked.further];
        signer.further = &further;
        config.signing.sign(&mut request, signer).await?;
        let mut answer = self.client.exchange(asked.stage, request).await?;
        for hook in &config.hooks {
            hook.on_token_answer(TokenAnswer::Access, &mut answer).await?;
        }
        judge(&answer).map_err(|error| {
            let secrets = [
                config.consumer_secret.reveal(),
                asked.credentials.map_or("", |(_, secret)| secret.reveal()),
                asked.verifier(),
            ];
            unquoted(error, answer.body(), &secrets)
        })
    }
}

/// What makes one request for credentials different from the other.
#[derive(Clone, Copy)]
struct Asked<'a> {
    stage: &'static str,
    credentials: Option<(&'a str, &'a Secret)>,
    further: (&'a str, &'a str),
}

impl Asked<'_> {
    fn verifier(&self) -> &str {
        if self.further.0 == "oauth_verifier" { self.further.1 } else { "" }
    }
}

/// A server may quote what it was sent, and PLAINTEXT shows the secrets themselves: then its words are left out.
fn unquoted(mut error: Error, body: &[u8], secrets: &[&str]) -> Error {
    let Error::Server(server) = &mut error else { return error };
    // JSON has ways of its own to write a character, so what was read of it is looked at as well.
    let quotes_one = quotes(&String::from_utf8_lossy(body), secrets)
        || server.members.iter().any(|(name, value)| quotes(name, secrets) || holds(value, secrets));
    let server = Arc::make_mut(server);
    if quotes_one {
        server.description = Some("its words are left out, since they quote a secret".to_owned());
        server.members.clear();
        if quotes(&server.error, secrets) {
            "refused".clone_into(&mut server.error);
        }
    }
    if server.headers.values().any(|value| quotes(&String::from_utf8_lossy(value.as_bytes()), secrets)) {
        let kept = server.headers.iter();
        let kept = kept.filter(|(_, value)| !quotes(&String::from_utf8_lossy(value.as_bytes()), secrets));
        server.headers = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    }
    error
}

fn holds(value: &Value, secrets: &[&str]) -> bool {
    match value {
        Value::String(text) => quotes(text, secrets),
        Value::Array(values) => values.iter().any(|value| holds(value, secrets)),
        Value::Object(members) => members.iter().any(|(name, value)| quotes(name, secrets) || holds(value, secrets)),
        _ => false,
    }
}

/// Whether a text holds one of these, as it is or encoded: once, twice as in a base string, as a form, in either case.
fn quotes(text: &str, secrets: &[&str]) -> bool {
    let once = percent_decode(text);
    let texts = [text, &once, &percent_decode(&once), &percent_decode(&text.replace('+', " "))];
    secrets.iter().any(|secret| !secret.is_empty() && texts.iter().any(|text| text.contains(*secret)))
}
