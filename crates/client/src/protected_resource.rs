//! The authorization server of an API, as the API tells it, in the async face
//! ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)).

use crate::api::ApiClient;
use crate::client::{Client, ClientBuilder};
use crate::http::{HttpSettings, reqwest::ReqwestHttp};
use grantee_core::endpoint::protected_resource::{FoundResource, ResourceLookup, Trust};
use grantee_core::{Error, Result};

impl Client {
    /// Asks an API for its authorization server, and gives the builder of a client there, where `trust` has that server.
    ///
    /// ```no_run
    /// # async fn example() -> grantee::Result<()> {
    /// use grantee::endpoint::protected_resource::Trust;
    /// use grantee::{Client, ClientCredentials};
    ///
    /// let trust = Trust::issuers(["https://as.example"]);
    /// let (client, found) = Client::for_resource("https://api.example/mcp", trust).await?;
    /// let client = client.client("svc", "secret").build()?;
    /// let token = client.token(ClientCredentials::new().resource(&found.resource).scope(&found.scope)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`ResourceLookup::find`].
    pub async fn for_resource(resource: &str, trust: Trust) -> Result<(ClientBuilder, FoundResource)> {
        let http = ReqwestHttp::port(&HttpSettings::default())?;
        let found = ResourceLookup::new(resource, trust).find(&*http).await?;
        Ok((Self::discover(&found), found))
    }

    /// Asks an API for its authorization server, over this client's connections.
    ///
    /// # Errors
    /// As [`ResourceLookup::find`].
    pub async fn find_resource(&self, lookup: &ResourceLookup) -> Result<FoundResource> {
        let lookup = lookup.clone().allow_http(self.core().allows_http());
        lookup.find(&*self.core().ports().http).await
    }
}

impl ApiClient {
    /// Asks this API for its authorization server, after a call that was answered 401: its challenge says where to look, and what
    /// scope a token needs. The API's name must be this client's base URL, exactly; [`find_resource`](Self::find_resource) takes
    /// another rule.
    ///
    /// ```no_run
    /// # async fn example() -> grantee::Result<()> {
    /// use grantee::endpoint::protected_resource::Trust;
    /// use grantee::{ApiClient, Client, ClientCredentials};
    ///
    /// let api = ApiClient::new("https://api.example/v1")?;
    /// let refused = api.get("orders").send().await.unwrap_err();
    /// let found = api.resource_of(&refused, Trust::issuers(["https://as.example"])).await?;
    /// let client = Client::discover(&found).client("svc", "secret").build()?;
    /// let grant = ClientCredentials::new().resource(&found.resource).scope(&found.scope);
    /// let api = client.session(grant).api("https://api.example/v1")?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`ResourceLookup::find`]; [`Error::Config`] where the error is no answer of the API.
    pub async fn resource_of(&self, error: &Error, trust: Trust) -> Result<FoundResource> {
        self.find_resource(&ResourceLookup::new(self.base(), trust).challenged_by_error(error)?).await
    }

    /// Asks an API for its authorization server, over this client's connections and with none of its tokens.
    ///
    /// # Errors
    /// As [`ResourceLookup::find`].
    pub async fn find_resource(&self, lookup: &ResourceLookup) -> Result<FoundResource> {
        let lookup = lookup.clone().allow_http(self.allows_http());
        lookup.find(self.http_port()).await
    }
}
