//! What a server's handle and its thread both hold.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

use serde_json::Value;

use crate::{
    BearerMethod, Client, LogoutNotice, User,
    browser::Browser,
    builder_registration::RegistrationPolicy,
    builder_requests::RequestPolicy,
    clock::Clock,
    dpop::Dpop,
    dpop_nonce::DpopNonces,
    fault::Faults,
    forge::Forgeries,
    grant_settings::GrantSettings,
    hold::Holds,
    key_ring::KeyRing,
    log::Log,
    notification::Notifications,
    oauth1,
    pending::Waiting,
    store::Store,
    tls::{Reach, Tls},
};

pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) clock: Arc<Clock>,
    pub(crate) keys: KeyRing,
    pub(crate) clients: RwLock<HashMap<String, Arc<Client>>>,
    pub(crate) store: Mutex<Store>,
    pub(crate) browser: Mutex<Browser>,
    pub(crate) faults: Faults,
    pub(crate) forgeries: Forgeries,
    pub(crate) holds: Holds,
    pub(crate) log: Log,
    pub(crate) dpop: Dpop,
    pub(crate) tls: Option<Tls>,
    /// The back-channel logouts that were sent.
    pub(crate) notices: Mutex<Vec<LogoutNotice>>,
    /// What devices and CIBA clients wait for.
    pub(crate) pending: Mutex<Waiting>,
    pub(crate) notifications: Notifications,
    pub(crate) oauth1: Mutex<oauth1::Store>,
}

impl Shared {
    pub(crate) fn client(&self, id: &str) -> Option<Arc<Client>> {
        self.clients.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    pub(crate) fn register(&self, client: Client) {
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        clients.insert(client.id.clone(), Arc::new(client));
    }

    pub(crate) fn forget_client(&self, id: &str) {
        self.clients.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Changes a client that is still there.
    pub(crate) fn change_client(&self, id: &str, change: impl FnOnce(&mut Client)) {
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get_mut(id) {
            change(Arc::make_mut(client));
        }
    }

    pub(crate) fn any_client(&self, is: impl Fn(&Client) -> bool) -> bool {
        self.clients.read().unwrap_or_else(PoisonError::into_inner).values().any(|client| is(client))
    }
}

/// What never changes once the server runs.
#[derive(Clone)]
pub(crate) struct Config {
    /// `http://127.0.0.1:PORT`, or `https`.
    pub(crate) origin: String,
    /// The path of the issuer: empty, or `/tenant/one`.
    pub(crate) base: String,
    /// Where the key set is, below the issuer.
    pub(crate) jwks_path: String,
    pub(crate) access_token_lifetime: Duration,
    pub(crate) refresh_token_lifetime: Duration,
    pub(crate) code_lifetime: Duration,
    pub(crate) id_token_lifetime: Duration,
    pub(crate) rotate_refresh_tokens: bool,
    pub(crate) claims_in_id_token: bool,
    pub(crate) claim_sources_in_id_token: bool,
    /// The only way userinfo takes a token, where it takes one alone.
    pub(crate) userinfo_bearer: Option<BearerMethod>,
    pub(crate) tolerant_assertion_audience: bool,
    pub(crate) tls: Reach,
    /// Whether the API describes itself.
    pub(crate) protected_resource: bool,
    pub(crate) dpop_nonces: DpopNonces,
    /// What DPoP proofs may be signed with.
    pub(crate) dpop_algs: Vec<String>,
    pub(crate) requests: RequestPolicy,
    pub(crate) registration: RegistrationPolicy,
    pub(crate) users: HashMap<String, User>,
    pub(crate) auto_approve: Option<String>,
    /// Members set in the metadata document, or left out of it.
    pub(crate) metadata: Vec<(String, Option<Value>)>,
    pub(crate) grants: GrantSettings,
    pub(crate) oauth1: oauth1::Settings,
}

impl Config {
    pub(crate) fn issuer(&self) -> String {
        format!("{}{}", self.origin, self.base)
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin, self.base)
    }
}

/// A panic elsewhere leaves nothing half-done behind these locks.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
