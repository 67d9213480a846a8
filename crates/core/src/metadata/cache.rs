//! Metadata as the conversations use it: lazy, one fetch at a time, with a lifetime, and stale rather than absent.

use super::AuthorizationServer;
use crate::client::{Client, Config, Server};
use crate::endpoint::{discovery, webfinger};
use crate::error::{Error, Result, RuleViolation};
use crate::session::gate::Gate;
use arc_swap::ArcSwapOption;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// After a refetch has failed, the held document serves this long before another try.
const STALE_RETRY: Duration = Duration::from_secs(60);

pub(crate) struct MetadataCache {
    held: ArcSwapOption<Held>,
    gate: Arc<Gate<Arc<AuthorizationServer>>>,
    /// What a person's identifier has led to.
    issuer: OnceLock<String>,
}

struct Held {
    metadata: Arc<AuthorizationServer>,
    /// By the monotonic clock; `None` never ends.
    good_until: Option<Duration>,
}

impl MetadataCache {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let held = match &config.server {
            Server::Literal => Some(Arc::new(Held { metadata: Arc::new(config.members.clone()), good_until: None })),
            Server::Discover(_) => None,
        };
        Ok(Self { held: ArcSwapOption::new(held), gate: Gate::new("metadata fetch"), issuer: OnceLock::new() })
    }

    pub(crate) async fn get(&self, client: &Client) -> Result<Arc<AuthorizationServer>> {
        if let Some(metadata) = self.fresh(client) {
            return Ok(metadata);
        }
        let fetching = client.clone();
        let work = move || -> crate::ports::BoxFuture<'static, Result<Arc<AuthorizationServer>>> {
            Box::pin(async move { fetching.inner.metadata.refetch(&fetching).await })
        };
        // Apart, so that the many calls that find it held do not carry the room for it.
        Box::pin(self.gate.run(&*client.ports().executor, || self.fresh(client).map(Ok), || (), work)).await
    }

    /// Asked once: tokens of one issuer must not go to another because an answer has changed.
    async fn issuer_of(&self, client: &Client, identifier: &str) -> Result<String> {
        if let Some(issuer) = self.issuer.get() {
            return Ok(issuer.clone());
        }
        let issuer = webfinger::issuer_of(client, identifier).await?;
        if let Some(expected) = &client.inner.config.members.issuer
            && *expected != issuer
        {
            return Err(RuleViolation::new(
                "issuer discovery",
                "the person's issuer is the one configured",
                "OpenID Connect Discovery section 2",
            )
            .expected(expected)
            .got(issuer)
            .into());
        }
        Ok(self.issuer.get_or_init(|| issuer).clone())
    }

    fn fresh(&self, client: &Client) -> Option<Arc<AuthorizationServer>> {
        let held = self.held.load();
        let held = held.as_ref()?;
        held.good_until.is_none_or(|until| client.ports().clock.monotonic() < until).then(|| Arc::clone(&held.metadata))
    }

    async fn refetch(&self, client: &Client) -> Result<Arc<AuthorizationServer>> {
        let config = &client.inner.config;
        let keep = |metadata: &Arc<AuthorizationServer>, lifetime: Duration| {
            let good_until = Some(client.ports().clock.monotonic().saturating_add(lifetime));
            self.held.store(Some(Arc::new(Held { metadata: Arc::clone(metadata), good_until })));
        };
        match fetch(client).await {
            Ok(fetched) => {
                let metadata = Arc::new(fetched.overridden_by(&config.members));
                keep(&metadata, config.metadata_lifetime);
                tracing::info!(client_id = client.client_id(), issuer = metadata.issuer.as_deref(), "metadata fetched");
                Ok(metadata)
            }
            Err(error) => match self.held.load_full() {
                Some(held) => {
                    tracing::warn!(
                        client_id = client.client_id(),
                        outcome = error.code(),
                        "metadata could not be fetched again; the last document serves on"
                    );
                    keep(&held.metadata, STALE_RETRY);
                    Ok(Arc::clone(&held.metadata))
                }
                None => {
                    tracing::warn!(
                        client_id = client.client_id(),
                        outcome = error.code(),
                        status = error.status(),
                        "metadata could not be fetched"
                    );
                    Err(error)
                }
            },
        }
    }
}

async fn fetch(client: &Client) -> Result<AuthorizationServer> {
    let config = &client.inner.config;
    let Server::Discover(place) = &config.server else { return Ok(config.members.clone()) };
    let asked;
    let place = match place {
        discovery::Where::Person(identifier) => {
            asked = discovery::Where::Issuer(client.inner.metadata.issuer_of(client, identifier).await?);
            &asked
        }
        known => known,
    };
    let urls = place.urls(config.allow_http)?;
    let mut last = Error::config("no place to look for metadata", "give an issuer");
    for url in &urls {
        client.inner.counting.metadata_fetches.add();
        let answer = client.exchange("metadata", discovery::request(url)?).await?;
        match discovery::judge(&answer, place, &config.issuer_policy) {
            Err(error) if discovery::not_here(&error) => last = error,
            outcome => return outcome,
        }
    }
    Err(discovery::nowhere(&urls, last))
}
