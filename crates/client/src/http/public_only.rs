//! Names resolved to public addresses alone, at the moment of connecting: for requests that are
//! [`PublicOnly`](grantee_core::ports::PublicOnly).

use super::HttpSettings;
use grantee_core::error::TransportError;
use grantee_core::wire::address::{is_public, not_public};
use std::fmt;
use std::net::SocketAddr;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Resolves as always and leaves out what is not public.
#[derive(Debug, Default)]
pub(super) struct PublicResolver(DefaultResolver);

impl ::reqwest::dns::Resolve for PublicResolver {
    fn resolve(&self, name: ::reqwest::dns::Name) -> ::reqwest::dns::Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<SocketAddr> = found.iter().copied().filter(|address| is_public(address.ip())).collect();
            if public.is_empty() && !found.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(public.into_iter()) as ::reqwest::dns::Addrs)
        })
    }
}

impl Resolver for PublicResolver {
    fn resolve(
        &self,
        uri: &http::Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut public = self.empty();
        for address in self.0.resolve(uri, config, timeout)?.iter().filter(|address| is_public(address.ip())) {
            public.push(*address);
        }
        if public.is_empty() { Err(ureq::Error::Other(NotPublic.into())) } else { Ok(public) }
    }
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) struct NotPublic;

impl std::error::Error for NotPublic {}

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no public address")
    }
}

/// The settings of a client for URLs that strangers chose: they are shown no certificate.
pub(super) fn settings(settings: &HttpSettings) -> HttpSettings {
    HttpSettings { client_certificate: None, ..settings.clone() }
}

/// A URL with an address in it is never resolved, and a proxy resolves by itself.
pub(super) fn refuse(uri: &http::Uri, proxied: bool) -> Result<(), TransportError> {
    let url = url::Url::parse(&uri.to_string()).map_err(|_| not_public())?;
    grantee_core::wire::address::refuse_private(&url)?;
    if proxied {
        let mut error = not_public();
        "names are resolved by the proxy, so nobody here sees where it connects to".clone_into(&mut error.message);
        return Err(error);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use grantee_core::error::TransportErrorKind;

    // A name as any other to the resolvers: what is refused for its looks never comes as far.
    const LOCAL: &str = "http://localhost:1/";

    #[tokio::test]
    async fn a_name_that_leads_to_a_local_address_is_not_connected_to_by_reqwest() {
        let builder = ::reqwest::Client::builder().no_proxy().dns_resolver(PublicResolver::default());
        let error = builder.build().unwrap().get(LOCAL).send().await.unwrap_err();
        assert_eq!(super::super::reqwest::failure(error).kind, TransportErrorKind::NotPublic);
    }

    #[test]
    fn a_name_that_leads_to_a_local_address_is_not_connected_to_by_ureq() {
        let connector = ureq::unversioned::transport::DefaultConnector::default();
        let config = ureq::Agent::config_builder().proxy(None).build();
        let agent = ureq::Agent::with_parts(config, connector, PublicResolver::default());
        for local in [LOCAL, "http://127.0.0.1:1/", "http://[::1]:1/"] {
            let error = agent.get(local).call().unwrap_err();
            assert_eq!(super::super::ureq::failure(error).kind, TransportErrorKind::NotPublic, "{local}");
        }
    }

    #[test]
    fn behind_a_proxy_nothing_is_known_to_be_public() {
        let uri = http::Uri::from_static("https://api.example/");
        refuse(&uri, false).unwrap();
        assert_eq!(refuse(&uri, true).unwrap_err().kind, TransportErrorKind::NotPublic);
    }
}
