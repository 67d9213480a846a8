//! The authorization server of an API, as the API tells it, in the blocking face
//! ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)).

use super::api::ApiClient;
use super::client::{Client, ClientBuilder};
use super::runtime::block_on;
use crate::http::{HttpSettings, ureq::UreqHttp};
use grantee_core::endpoint::protected_resource::{FoundResource, ResourceLookup, Trust};
use grantee_core::{Error, Result};

impl Client {
    /// Asks an API for its authorization server, and gives the builder of a client there, where `trust` has that server.
    ///
    /// ```no_run
    /// # fn example() -> grantee::Result<()> {
    /// use grantee::blocking::Client;
    /// use grantee::{ClientCredentials, endpoint::protected_resource::Trust};
    ///
    /// let trust = Trust::issuers(["https://as.example"]);
    /// let (client, found) = Client::for_resource("https://api.example/mcp", trust)?;
    /// let client = client.client("svc", "secret").build()?;
    /// let token = client.token(ClientCredentials::new().resource(&found.resource).scope(&found.scope))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`ResourceLookup::find`].
    pub fn for_resource(resource: &str, trust: Trust) -> Result<(ClientBuilder, FoundResource)> {
        let http = UreqHttp::port(&HttpSettings::default())?;
        let found = block_on(ResourceLookup::new(resource, trust).find(&*http))?;
        Ok((Self::discover(&found), found))
    }

    /// Asks an API for its authorization server, over this client's connections.
    ///
    /// # Errors
    /// As [`ResourceLookup::find`].
    pub fn find_resource(&self, lookup: &ResourceLookup) -> Result<FoundResource> {
        let lookup = lookup.clone().allow_http(self.core().allows_http());
        block_on(lookup.find(&*self.core().ports().http))
    }
}

impl ApiClient {
    /// Asks this API for its authorization server, after a call that was answered 401: its challenge says where to look, and what
    /// scope a token needs. The API's name must be this client's base URL, exactly; [`find_resource`](Self::find_resource) takes
    /// another rule.
    ///
    /// ```no_run
    /// # fn example() -> grantee::Result<()> {
    /// use grantee::blocking::{ApiClient, Client};
    /// use grantee::{ClientCredentials, endpoint::protected_resource::Trust};
    ///
    /// let api = ApiClient::new("https://api.example/v1")?;
    /// let refused = api.get("orders").send().unwrap_err();
    /// let found = api.resource_of(&refused, Trust::issuers(["https://as.example"]))?;
    /// let client = Client::discover(&found).client("svc", "secret").build()?;
    /// let grant = ClientCredentials::new().resource(&found.resource).scope(&found.scope);
    /// let api = client.session(grant).api("https://api.example/v1")?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`ResourceLookup::find`]; [`Error::Config`] where the error is no answer of the API.
    pub fn resource_of(&self, error: &Error, trust: Trust) -> Result<FoundResource> {
        self.find_resource(&ResourceLookup::new(self.base(), trust).challenged_by_error(error)?)
    }

    /// Asks an API for its authorization server, over this client's connections and with none of its tokens.
    ///
    /// # Errors
    /// As [`ResourceLookup::find`].
    pub fn find_resource(&self, lookup: &ResourceLookup) -> Result<FoundResource> {
        let lookup = lookup.clone().allow_http(self.allows_http());
        block_on(lookup.find(self.http_port()))
    }
}
