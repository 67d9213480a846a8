//! What a test does in place of the person who is asked on another device.

use std::time::Duration;

use crate::{
    CibaNotification, NotificationFault, Server,
    ciba::{self, Verdict},
    device_verify, notification,
    pending::{Kind, Person},
    shared::lock,
};

/// How long a test waits for notifications: what a client may take, and a little.
const PATIENCE: Duration = Duration::from_secs(15);

/// An authorization that waits for a person: of a device, or by CIBA.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingAuthorization {
    /// The `device_code` or the `auth_req_id`.
    pub id: String,
    /// The client that asks.
    pub client_id: String,
    /// What it asks for.
    pub scope: String,
    /// What a device shows.
    pub user_code: Option<String>,
    /// Whom the hint of a CIBA request means.
    pub username: Option<String>,
    /// What a CIBA request has the person compare.
    pub binding_message: Option<String>,
}

impl Server {
    /// The person enters a device's code, logs in and says yes. False where no device waits with that code.
    ///
    /// ```
    /// let server = grantor::Server::start();
    /// assert!(!server.approve_device("WDJB-MJHT", "alice"), "no device has asked");
    /// ```
    pub fn approve_device(&self, user_code: &str, username: &str) -> bool {
        let auth_time = self.shared.clock.seconds();
        device_verify::decide(&self.shared, user_code, Some(&Person { username, auth_time, sid: None }))
    }

    /// The person enters a device's code and says no. False where no device waits with that code.
    pub fn deny_device(&self, user_code: &str) -> bool {
        device_verify::decide(&self.shared, user_code, None)
    }

    /// Somebody says yes to a CIBA request: the person of the hint, or another to see whether the client notices. A client
    /// with ping or push is notified. False where no request waits under that id.
    pub fn approve_ciba(&self, auth_req_id: &str, username: &str) -> bool {
        self.decide_ciba(auth_req_id, Verdict::Yes(username))
    }

    /// The person says no to a CIBA request (`access_denied`). False where no request waits under that id.
    pub fn deny_ciba(&self, auth_req_id: &str) -> bool {
        self.decide_ciba(auth_req_id, Verdict::No("access_denied"))
    }

    /// A CIBA request ends before its time (`expired_token`). False where no request waits under that id.
    pub fn expire_ciba(&self, auth_req_id: &str) -> bool {
        self.decide_ciba(auth_req_id, Verdict::No("expired_token"))
    }

    /// A CIBA request comes to nothing by no fault of the person's (`transaction_failed`, which only a client with push should
    /// ever get). False where no request waits under that id.
    pub fn fail_ciba(&self, auth_req_id: &str) -> bool {
        self.decide_ciba(auth_req_id, Verdict::No("transaction_failed"))
    }

    fn decide_ciba(&self, auth_req_id: &str, verdict: Verdict<'_>) -> bool {
        match ciba::decide(&self.shared, auth_req_id, verdict) {
            Some(told) => {
                if let Some(told) = told {
                    notification::send(&self.shared, told);
                }
                true
            }
            None => false,
        }
    }

    /// The devices and CIBA requests that wait for a person, in no order.
    pub fn pending_authorizations(&self) -> Vec<PendingAuthorization> {
        let waiting = lock(&self.shared.pending);
        let describe = |(id, pending): (&std::sync::Arc<str>, &crate::pending::Pending)| {
            let (user_code, username, binding_message) = match pending.kind.clone() {
                Kind::Device { user_code } => (Some(user_code), None, None),
                Kind::Ciba { username, binding_message, .. } => (None, Some(username), binding_message),
            };
            let (client_id, scope) = (pending.client_id.clone(), pending.scope.clone());
            PendingAuthorization { id: id.to_string(), client_id, scope, user_code, username, binding_message }
        };
        waiting.waiting().map(describe).collect()
    }

    /// The next poll with that `device_code` or `auth_req_id` is answered with `slow_down`, whenever it comes, and the
    /// client is held to the longer interval from then on. False where there is none.
    pub fn slow_down(&self, id: &str) -> bool {
        lock(&self.shared.pending).slow_down(id)
    }

    /// When a `device_code` or `auth_req_id` was given out, and when each poll with it arrived, since the epoch by the
    /// server's clock. Empty where there is none.
    pub fn polls(&self, id: &str) -> Vec<Duration> {
        lock(&self.shared.pending).polls(id)
    }

    /// The pings and pushes that were sent and answered, or given up, the oldest first.
    pub fn ciba_notifications(&self) -> Vec<CibaNotification> {
        self.shared.notifications.sent()
    }

    /// The same, once there are that many of them, or after fifteen seconds. Blocks the thread: a client that is served by
    /// this very thread would never answer.
    pub fn wait_for_ciba_notifications(&self, count: usize) -> Vec<CibaNotification> {
        self.shared.notifications.wait_for(count, PATIENCE)
    }

    /// Makes every ping and push wrong until [`Server::behave_notification`]. Another fault replaces this one.
    pub fn misbehave_notification(&self, fault: NotificationFault) {
        lock(&self.shared.notifications.faults).always(fault);
    }

    /// Makes the next `times` pings and pushes wrong. Further calls queue up behind, and all of them come before what
    /// [`Server::misbehave_notification`] has set.
    pub fn misbehave_notification_times(&self, times: usize, fault: NotificationFault) {
        lock(&self.shared.notifications.faults).times(times, fault);
    }

    /// From now on pings and pushes are right again.
    pub fn behave_notification(&self) {
        *lock(&self.shared.notifications.faults) = Default::default();
    }
}
