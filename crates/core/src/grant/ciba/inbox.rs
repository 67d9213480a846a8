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
    places: Mutex<Places>,
    capacity: usize,
}

/// By the digest of the bearer token, so that a look-up tells nothing of the token by the time it takes. What comes and what is
/// answered changes under the lock of this whole, so that neither passes the other by.
#[derive(Default)]
struct Places(HashMap<Vec<u8>, Vec<Arc<Place>>>);

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
        let key = digest(&shown);
        let unknown = || wrong_bearer("a token that nobody waits for");
        let delivery = self.0.lock().fitting(&key).find(|place| place.token == shown).ok_or_else(unknown)?.delivery;
        let mut members = members(body)?;
        let id = auth_req_id(&members)?;
        if matches!(Notification::of(delivery, members.clone())?, Notification::Ping) {
            // Nothing else of it is ever looked at.
            members.retain(|name, _| name == "auth_req_id");
        }
        let places = self.0.lock();
        let place = places.of(&key, &id).ok_or_else(other_request)?;
        let mut state = place.lock();
        // The first one counts; a repetition is answered alike.
        state.came.get_or_insert(members);
        let wake = state.wake.take();
        drop(state);
        drop(places);
        if let Some(wake) = wake {
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
            places.fitting(&digest(token)).find(|place| place.lock().auth_req_id.as_ref() == Some(id)).cloned()
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

impl Places {
    fn fitting(&self, key: &[u8]) -> impl Iterator<Item = &Arc<Place>> {
        self.0.get(key).into_iter().flatten()
    }

    /// Where a notification about this request belongs: with the request, or with one that is not answered yet and has none.
    fn of(&self, key: &[u8], id: &Secret) -> Option<&Arc<Place>> {
        self.holding(key, id).or_else(|| {
            self.fitting(key).find(|place| {
                let state = place.lock();
                state.auth_req_id.is_none() && state.came.is_none()
            })
        })
    }

    fn holding(&self, key: &[u8], id: &Secret) -> Option<&Arc<Place>> {
        let answered = |place: &&Arc<Place>| place.lock().auth_req_id.as_ref() == Some(id);
        self.fitting(key).find(answered).or_else(|| self.fitting(key).find(|place| place.lock().is_early_for(id)))
    }

    fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }
}

impl State {
    /// Whether it holds what came about this request before its answer.
    fn is_early_for(&self, id: &Secret) -> bool {
        let is_ours = |came: &Map<String, Value>| auth_req_id(came).is_ok_and(|held| held == *id);
        self.auth_req_id.is_none() && self.came.as_ref().is_some_and(is_ours)
    }
}

impl Shared {
    fn insert(&self, place: Arc<Place>, now: UnixTime) -> Result<()> {
        let mut places = self.lock();
        if places.count() >= self.capacity {
            places.0.retain(|_, list| {
                list.retain(|place| place.lock().until > now);
                !list.is_empty()
            });
        }
        if places.count() >= self.capacity {
            return Err(Error::config(
                format!("the inbox has no room for more than {} notifications at once", self.capacity),
                "wait until some have come, or make a larger one with with_capacity(..)",
            ));
        }
        places.0.entry(digest(&place.token)).or_default().push(place);
        Ok(())
    }

    fn remove(&self, place: &Arc<Place>) {
        let mut places = self.lock();
        let key = digest(&place.token);
        if let Some(list) = places.0.get_mut(&key) {
            list.retain(|held| !Arc::ptr_eq(held, place));
            if list.is_empty() {
                places.0.remove(&key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
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
        let places = self.inbox.0.lock();
        let key = digest(&self.place.token);
        // What came early was put with any request of this token, so the two may have to change places.
        if !self.place.lock().is_early_for(&pending.auth_req_id) {
            let other = places.holding(&key, &pending.auth_req_id).filter(|other| !Arc::ptr_eq(other, &self.place));
            let ours = other.and_then(|other| other.lock().came.take());
            let theirs = std::mem::replace(&mut self.place.lock().came, ours);
            let id = theirs.as_ref().and_then(|theirs| auth_req_id(theirs).ok());
            self.place.lock().auth_req_id = Some(pending.auth_req_id.clone());
            if let (Some(place), Some(theirs)) = (id.and_then(|id| places.of(&key, &id)), theirs) {
                place.lock().came.get_or_insert(theirs);
            }
        }
        let mut state = self.place.lock();
        state.auth_req_id = Some(pending.auth_req_id.clone());
        state.until = pending.expires_at();
        drop(state);
        drop(places);
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
        inbox.0.lock().count()
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
    fn early_ones_with_one_token_find_their_requests_in_any_order() {
        let inbox = NotificationInbox::new();
        let ids = ["a", "b", "c"];
        let expected = ids.map(|_| inbox.expect_token(&TOKEN.into(), Delivery::Ping, NOW).unwrap());
        for id in ["c", "a", "b", "c"] {
            assert_eq!(deliver(&inbox, TOKEN, id), 204, "{id}");
        }
        assert_eq!(deliver(&inbox, TOKEN, "d"), 400, "there are three requests");
        let pendings = ids.map(|id| BackchannelAuthentication { auth_req_id: id.into(), ..pending(Delivery::Ping) });
        for (expected, pending) in expected.into_iter().zip(&pendings) {
            expected.answered(pending);
        }
        for pending in pendings {
            assert!(inbox.expect(pending, NOW).unwrap().place.lock().came.is_some());
        }
    }

    #[test]
    fn of_a_ping_no_more_is_kept_than_what_it_is_about() {
        let inbox = NotificationInbox::new();
        let waiting = inbox.expect(pending(Delivery::Ping), NOW).unwrap();
        let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, format!("Bearer {TOKEN}").parse().unwrap())]);
        let body = json!({"auth_req_id": ID, "more": vec![0; 10_000]}).to_string();
        assert_eq!(inbox.deliver(&headers, body.as_bytes()).status(), 204);
        assert_eq!(waiting.place.lock().came.as_ref().unwrap().len(), 1);
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
