//! What a client with ping or push is told,
//! [CIBA sections 9, 10.2 and 10.3](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#notification_endpoint),
//! and what can be wrong with it.

use std::{
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Map, Value};

use crate::{
    notification_post,
    queue::Queue,
    shared::{Shared, lock},
};

/// A ping or a push that was posted to a client, and what it said to that.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CibaNotification {
    /// Whom it was for.
    pub client_id: String,
    /// Where it went.
    pub uri: String,
    /// The request it is about; in the body there may be another, by [`NotificationFault::WrongAuthReqId`].
    pub auth_req_id: String,
    /// The token of the `Authorization` field, if there was one.
    pub bearer_token: Option<String>,
    /// The body: JSON, unless a fault says otherwise.
    pub body: String,
    /// The status of the answer: 204 where the client took it, 401 where it did not know the token; none where there was no
    /// answer within ten seconds.
    pub status: Option<u16>,
}

/// One way for a ping or a push to be wrong, besides its ID token, for which there is
/// [`Jwt::PushedIdToken`](crate::Jwt::PushedIdToken).
///
/// Given to [`Server::misbehave_notification`](crate::Server::misbehave_notification) or
/// [`Server::misbehave_notification_times`](crate::Server::misbehave_notification_times).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum NotificationFault {
    /// The `Authorization` field has a token that is not the client's.
    WrongBearerToken,
    /// There is no `Authorization` field.
    NoBearerToken,
    /// `auth_req_id` is one that was never given out.
    WrongAuthReqId,
    /// The member is missing.
    OmitMember(String),
    /// The member has this value, in place of its own or as one more.
    SetMember(String, Value),
    /// This text in place of the JSON.
    Body(String),
}

/// What was sent, and what is to go wrong.
#[derive(Default)]
pub(crate) struct Notifications {
    pub(crate) faults: Mutex<Queue<NotificationFault>>,
    /// Those that have ended.
    sent: Mutex<Vec<CibaNotification>>,
    one_more: Condvar,
}

impl Notifications {
    pub(crate) fn sent(&self) -> Vec<CibaNotification> {
        lock(&self.sent).clone()
    }

    /// Waits until that many have ended.
    pub(crate) fn wait_for(&self, count: usize, patience: Duration) -> Vec<CibaNotification> {
        let end = Instant::now() + patience;
        let mut sent = lock(&self.sent);
        while sent.len() < count {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            sent = match self.one_more.wait_timeout(sent, left) {
                Ok((sent, _)) => sent,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        sent.clone()
    }

    fn add(&self, notification: CibaNotification) {
        lock(&self.sent).push(notification);
        self.one_more.notify_all();
    }
}

/// Puts one together, with whatever is to be wrong with it.
pub(crate) fn make(
    shared: &Shared,
    client_id: &str,
    uri: &str,
    auth_req_id: &str,
    mut bearer_token: Option<String>,
    mut body: Map<String, Value>,
) -> CibaNotification {
    let has = |fault: &NotificationFault| match fault {
        NotificationFault::OmitMember(name) => body.contains_key(name),
        _ => true,
    };
    let fault = lock(&shared.notifications.faults).take(has);
    let mut literal = None;
    match fault {
        Some(NotificationFault::WrongBearerToken) => bearer_token = Some("not-the-token-that-was-sent".into()),
        Some(NotificationFault::NoBearerToken) => bearer_token = None,
        Some(NotificationFault::WrongAuthReqId) => {
            drop(body.insert("auth_req_id".into(), "not-the-id-that-was-given".into()));
        }
        Some(NotificationFault::OmitMember(name)) => drop(body.remove(&name)),
        Some(NotificationFault::SetMember(name, value)) => drop(body.insert(name, value)),
        Some(NotificationFault::Body(text)) => literal = Some(text),
        None => {}
    }
    CibaNotification {
        client_id: client_id.to_owned(),
        uri: uri.to_owned(),
        auth_req_id: auth_req_id.to_owned(),
        bearer_token,
        body: literal.unwrap_or_else(|| Value::Object(body).to_string()),
        status: None,
    }
}

/// Posts it on a thread of its own: the client may be served by the very thread that asked for this.
pub(crate) fn send(shared: &Arc<Shared>, mut notification: CibaNotification) {
    let shared = shared.clone();
    let posted = thread::Builder::new().name("grantor notification".into()).spawn(move || {
        let status =
            notification_post::post(&notification.uri, notification.bearer_token.as_deref(), &notification.body);
        notification.status = status.ok();
        shared.notifications.add(notification);
    });
    // Without threads to spare nobody is notified, which the list then shows.
    drop(posted);
}
