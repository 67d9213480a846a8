//! Where notifications for many requests come in: bounded, found by their bearer token and `auth_req_id`, and each wakes who
//! waits for it.

use super::notification::{Notification, answer, auth_req_id, bearer, members, other_request, wrong_bearer};
use super::{BackchannelAuthentication, Delivery};
use crate::client::{Client, Login};
use crate::error::{Error, Result};
use crate::grant::polling::Notice;
use crate::ports::{BoxFuture, Cancel};
use crate::{Secret, UnixTime};
use bytes::Bytes;
use grantee_jose::Digest;
use http::HeaderMap;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const MOST: usize = 10_000;
/// How long a place is kept for a request that nobody has answered yet: longer than any HTTP timeout.
const UNANSWERED: Duration = Duration::from_secs(600);

/// Takes in notifications for requests under way. Cheap to clone; clones share what came.
///
/// The web framework's handler calls [`deliver`](Self::deliver); whoever waits by
/// [`Client::backchannel_polling`] goes on. Nothing comes in that no request of ours expects.
///
/// ```
/// use grantee_core::grant::ciba::NotificationInbox;
/// let inbox = NotificationInbox::new();
/// let stranger = inbox.deliver(&http::HeaderMap::new(), br#"{"auth_req_id":"x"}"#);
/// assert_eq!(stranger.status(), 401);
/// ```
#[derive(Clone)]
pub struct NotificationInbox(Arc<Shared>);

struct Shared {
    // By the digest of the bearer token, so that a look-up tells nothing of the token by the time it takes.
    places: Mutex<HashMap<Vec<u8>, Vec<Arc<Place>>>>,
    capacity: usize,
}

/// Where one request's notification is put.
struct Place {
    token: Secret,
    delivery: Delivery,
    state: Mutex<State>,
}

struct State {
    /// Unknown until the server has answered, which its notification may outrun.
    auth_req_id: Option<Secret>,
    until: UnixTime,
    came: Option<Map<String, Value>>,
    wake: Option<Cancel>,
}

impl Default for NotificationInbox {
    fn default() -> Self {
        Self::with_capacity(MOST)
    }
}

impl std::fmt::Debug for NotificationInbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NotificationInbox").field("capacity", &self.0.capacity).finish_non_exhaustive()
    }
}

impl NotificationInbox {
    /// For up to 10,000 requests at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// For up to this many requests at once; one more is an error.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Arc::new(Shared { places: Mutex::default(), capacity }))
    }

    /// Takes in what was posted to the client notification endpoint, and says what to answer: 204, 401 for a bearer token that
    /// nobody waits for, 400 for anything else that is wrong. Waits for nothing.
    pub fn deliver(&self, headers: &HeaderMap, body: &[u8]) -> http::Response<Bytes> {
        let outcome = self.take_in(headers, body);
        if let Err(error) = &outcome {
            tracing::warn!(outcome = error.code(), "backchannel notification refused");
        }
        answer(&outcome)
    }

    fn take_in(&self, headers: &HeaderMap, body: &[u8]) -> Result<()> {
        let shown = bearer(headers)?;
        let places: Vec<_> = {
            let held = self.0.lock();
            let fitting = held.get(&digest(&shown)).into_iter().flatten();
            fitting.filter(|place| place.token == shown).cloned().collect()
        };
        if places.is_empty() {
            return Err(wrong_bearer("a token that nobody waits for"));
        }
        let members = members(body)?;
        let id = auth_req_id(&members)?;
        let known = |place: &&Arc<Place>| place.lock().auth_req_id.as_ref() == Some(&id);
        let unanswered = |place: &&Arc<Place>| place.lock().auth_req_id.is_none();
        let place = places.iter().find(known).or_else(|| places.iter().find(unanswered)).ok_or_else(other_request)?;
        Notification::of(place.delivery, members.clone())?;
        let mut state = place.lock();
        // The first one counts; a repetition is answered alike.
        state.came.get_or_insert(members);
        if let Some(wake) = state.wake.take() {
            drop(state);
            wake.cancel();
        }
        Ok(())
    }

    /// Makes a place before the request is sent.
    pub(super) fn expect_token(&self, token: &Secret, delivery: Delivery, now: UnixTime) -> Result<Expected> {
        let place = Place {
            token: token.clone(),
            delivery,
            state: Mutex::new(State { auth_req_id: None, until: now.after(UNANSWERED), came: None, wake: None }),
        };
        let place = Arc::new(place);
        self.0.insert(Arc::clone(&place), now)?;
        Ok(Expected { inbox: self.clone(), place, keep: false })
    }

    /// The place of a request that was answered, made now where there is none.
    pub(super) fn expect(&self, pending: BackchannelAuthentication, now: UnixTime) -> Result<Expecting> {
        let token = pending.notification_token.as_ref().ok_or_else(|| {
            Error::config("the authentication has no client_notification_token", "ask anew, with its delivery(..) said")
        })?;
        let id = &pending.auth_req_id;
        let held = {
            let places = self.0.lock();
            let mut fitting = places.get(&digest(token)).into_iter().flatten();
            fitting.find(|place| place.lock().auth_req_id.as_ref() == Some(id)).cloned()
        };
        let place = match held {
            Some(place) => place,
            None => {
                let expected = self.expect_token(token, pending.delivery, now)?;
                let place = Arc::clone(&expected.place);
                expected.answered(&pending);
                place
            }
        };
        Ok(Expecting { inbox: self.clone(), place, pending })
    }
}

impl Shared {
    fn insert(&self, place: Arc<Place>, now: UnixTime) -> Result<()> {
        let mut places = self.lock();
        if places.values().map(Vec::len).sum::<usize>() >= self.capacity {
            places.retain(|_, list| {
                list.retain(|place| place.lock().until > now);
                !list.is_empty()
            });
        }
        if places.values().map(Vec::len).sum::<usize>() >= self.capacity {
            return Err(Error::config(
                format!("the inbox has no room for more than {} notifications at once", self.capacity),
                "wait until some have come, or make a larger one with with_capacity(..)",
            ));
        }
        places.entry(digest(&place.token)).or_default().push(place);
        Ok(())
    }

    fn remove(&self, place: &Arc<Place>) {
        let mut places = self.lock();
        let key = digest(&place.token);
        if let Some(list) = places.get_mut(&key) {
            list.retain(|held| !Arc::ptr_eq(held, place));
            if list.is_empty() {
                places.remove(&key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Vec<Arc<Place>>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(token: &Secret) -> Vec<u8> {
    Digest::Sha256.of(token.reveal().as_bytes()).unwrap_or_default()
}

/// A place for a request that is being sent; given up unless the server answers.
pub(super) struct Expected {
    inbox: NotificationInbox,
    place: Arc<Place>,
    keep: bool,
}

impl Expected {
    pub(super) fn answered(mut self, pending: &BackchannelAuthentication) {
        let mut state = self.place.lock();
        // What came before the answer and is about something else is not ours.
        state.came = state.came.take().filter(|came| auth_req_id(came).is_ok_and(|id| id == pending.auth_req_id));
        state.auth_req_id = Some(pending.auth_req_id.clone());
        state.until = pending.expires_at();
        drop(state);
        self.keep = true;
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        if !self.keep {
            self.inbox.0.remove(&self.place);
        }
    }
}

/// Who waits for one notification. The place goes with it.
pub(super) struct Expecting {
    inbox: NotificationInbox,
    place: Arc<Place>,
    pending: BackchannelAuthentication,
}

impl Drop for Expecting {
    fn drop(&mut self) {
        self.inbox.0.remove(&self.place);
    }
}

impl Notice for Expecting {
    fn wake(&self, wake: &Cancel) {
        let mut state = self.place.lock();
        if state.came.is_some() {
            drop(state);
            wake.cancel();
        } else {
            state.wake = Some(wake.clone());
        }
    }

    fn arrived<'a>(&'a self, client: &'a Client) -> Option<Option<BoxFuture<'a, Result<Login>>>> {
        let came = self.place.lock().came.clone()?;
        match Notification::of(self.place.delivery, came) {
            Ok(Notification::Ping) => Some(None),
            Ok(Notification::Push(push)) => {
                Some(Some(Box::pin(async move { client.pushed(&self.pending, &push).await })))
            }
            Ok(Notification::Error(error)) => Some(Some(Box::pin(std::future::ready(Err(Error::Server(error)))))),
            Err(error) => Some(Some(Box::pin(std::future::ready(Err(error))))),
        }
    }

    fn may_ask(&self) -> bool {
        !self.place.delivery.may_push()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, TOKEN, pending};
    use super::*;
    use serde_json::json;

    const ID: &str = "1c266114-a1be-4252-8ad1-04986c5b9ac1";

    fn deliver(inbox: &NotificationInbox, token: &str, id: &str) -> u16 {
        let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap())]);
        inbox.deliver(&headers, json!({"auth_req_id": id}).to_string().as_bytes()).status().as_u16()
    }

    fn count(inbox: &NotificationInbox) -> usize {
        inbox.0.lock().values().map(Vec::len).sum()
    }

    #[test]
    fn only_what_is_expected_comes_in_and_it_wakes_who_waits() {
        let inbox = NotificationInbox::new();
        let waiting = inbox.expect(pending(Delivery::Ping), NOW).unwrap();
        let wake = Cancel::new();
        waiting.wake(&wake);
        assert_eq!(deliver(&inbox, "8d67dc78-7faa-4d41-aabd-67707b374256", ID), 401);
        assert_eq!(deliver(&inbox, TOKEN, "other"), 400);
        assert!(!wake.is_cancelled());
        assert_eq!(deliver(&inbox, TOKEN, ID), 204);
        assert!(wake.is_cancelled());
        assert_eq!(deliver(&inbox, TOKEN, ID), 204);
        let late = Cancel::new();
        waiting.wake(&late);
        assert!(late.is_cancelled());
        drop(waiting);
        assert_eq!((deliver(&inbox, TOKEN, ID), count(&inbox)), (401, 0));
    }

    #[test]
    fn requests_with_one_token_are_told_apart() {
        let inbox = NotificationInbox::new();
        let first = inbox.expect(pending(Delivery::Ping), NOW).unwrap();
        let other = BackchannelAuthentication { auth_req_id: "other".into(), ..pending(Delivery::Ping) };
        let second = inbox.expect(other, NOW).unwrap();
        assert_eq!(deliver(&inbox, TOKEN, "other"), 204);
        assert!(first.place.lock().came.is_none() && second.place.lock().came.is_some());
    }

    #[test]
    fn one_that_outruns_the_answer_is_kept_where_it_is_about_that_request() {
        for (id, kept) in [(ID, true), ("other", false)] {
            let inbox = NotificationInbox::new();
            let expected = inbox.expect_token(&TOKEN.into(), Delivery::Ping, NOW).unwrap();
            assert_eq!(deliver(&inbox, TOKEN, id), 204);
            expected.answered(&pending(Delivery::Ping));
            let waiting = inbox.expect(pending(Delivery::Ping), NOW).unwrap();
            assert_eq!(waiting.place.lock().came.is_some(), kept);
            assert_eq!(count(&inbox), 1);
        }
    }

    #[test]
    fn a_request_that_fails_leaves_no_place() {
        let inbox = NotificationInbox::new();
        drop(inbox.expect_token(&TOKEN.into(), Delivery::Ping, NOW).unwrap());
        assert_eq!(count(&inbox), 0);
    }

    #[test]
    fn it_is_bounded_and_what_has_expired_makes_room() {
        let inbox = NotificationInbox::with_capacity(2);
        let ids =
            ["a", "b", "c"].map(|id| BackchannelAuthentication { auth_req_id: id.into(), ..pending(Delivery::Ping) });
        let [first, second, third] = ids;
        // Nobody waits for these any more.
        for pending in [first, second] {
            inbox.expect_token(&TOKEN.into(), Delivery::Ping, NOW).unwrap().answered(&pending);
        }
        let full = inbox.expect_token(&TOKEN.into(), Delivery::Ping, NOW).err().unwrap();
        assert!(full.to_string().contains("no room"), "{full}");
        let later = NOW.after(Duration::from_secs(121));
        assert!(inbox.expect(third, later).is_ok());
        assert_eq!(count(&inbox), 0);
    }
}
