//! Registering a client in the async face, and what may be done with a registration later
//! ([RFC 7591](https://www.rfc-editor.org/rfc/rfc7591), [RFC 7592](https://www.rfc-editor.org/rfc/rfc7592)).

use crate::client::{Client, ClientBuilder};
use grantee_core::Result;
use grantee_core::endpoint::registration::Registration;
use grantee_core::metadata::ClientMetadata;

/// A registration that has just been made, and the way to its client.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use grantee::{Client, ClientCredentials, ClientMetadata};
///
/// let metadata = ClientMetadata::new().client_name("Orders").grant_types(["client_credentials"]);
/// let registered = Client::discover("https://as.example").register(&metadata).await?;
/// std::fs::write("registration.json", serde_json::to_vec(registered.registration())?)?;
/// let token = registered.client()?.token(ClientCredentials::new()).await?;
///
/// // Another day.
/// let kept = serde_json::from_slice(&std::fs::read("registration.json")?)?;
/// let client = Client::discover("https://as.example").registration(&kept).build()?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "the server tells a client's secrets once"]
pub struct Registered {
    registered: grantee_core::endpoint::registration::Registered,
    unregistered: Client,
}

impl Registered {
    /// What the server answered: keep it, as a secret, before anything else. It is serde.
    pub fn registration(&self) -> &Registration {
        &self.registered.registration
    }

    /// The client, expecting what the server has registered. It shares connections and metadata with the builder that registered
    /// it.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) where it was registered for what can't work here, such as a key that nobody has
    /// handed over: then build one by [`ClientBuilder::registration`].
    pub fn client(&self) -> Result<Client> {
        Ok(self.unregistered.with_core(self.registered.client()?))
    }
}

impl ClientBuilder {
    /// Registers a client at this server ([RFC 7591](https://www.rfc-editor.org/rfc/rfc7591)), with all that is set here but an
    /// identifier: the initial access token where the server wants one, and what the client will show, such as a key by
    /// [`auth`](Self::auth).
    ///
    /// # Errors
    /// [`Error::Server`](crate::Error::Server) when the server says no. After an [`Error::Transport`](crate::Error::Transport) it
    /// may have registered a client that nobody knows.
    pub async fn register(self, metadata: &ClientMetadata) -> Result<Registered> {
        let (config, ports, executor) = self.parts()?;
        let registered = grantee_core::Client::register(config, ports, metadata).await?;
        let unregistered = Client::of_core(registered.unregistered().clone(), executor);
        Ok(Registered { registered, unregistered })
    }
}

impl Client {
    /// What a client is registered as by now ([RFC 7592 section 2.1](https://www.rfc-editor.org/rfc/rfc7592#section-2.1)). What comes
    /// back takes the place of what was kept: keep it, since the secret and the registration access token may be new, and the old
    /// ones worthless.
    ///
    /// # Errors
    /// [`Error::Status`](crate::Error::Status) or [`Error::Server`](crate::Error::Server) with 401 when the client has been deleted;
    /// [`Error::Config`](crate::Error::Config) where the server offers no such thing.
    pub async fn read_registration(&self, kept: &Registration) -> Result<Registration> {
        self.core().read_registration(kept).await
    }

    /// Registers a client as `metadata` and nothing else ([RFC 7592 section
    /// 2.2](https://www.rfc-editor.org/rfc/rfc7592#section-2.2)): begin with `kept.metadata.clone()`. What comes back takes the place
    /// of what was kept, as with [`read_registration`](Self::read_registration).
    ///
    /// # Errors
    /// As [`read_registration`](Self::read_registration).
    pub async fn update_registration(&self, kept: &Registration, metadata: &ClientMetadata) -> Result<Registration> {
        self.core().update_registration(kept, metadata).await
    }

    /// Has the server forget a client ([RFC 7592 section 2.3](https://www.rfc-editor.org/rfc/rfc7592#section-2.3)).
    ///
    /// # Errors
    /// As [`read_registration`](Self::read_registration).
    pub async fn delete_registration(&self, kept: &Registration) -> Result<()> {
        self.core().delete_registration(kept).await
    }
}
