//! What could wait for itself: `close()` from a listener, a renewal behind another on the one thread.

use bytes::Bytes;
use grantee::error::TransportError;
use grantee::ports::{BoxFuture, Request, Response};
use grantee::{Client, ClientCredentials, Token, UnixTime, blocking};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

/// Numbers its tokens.
#[derive(Clone, Default)]
struct Numbering(Arc<AtomicUsize>);

impl Numbering {
    fn answer(&self) -> Response {
        let count = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        let text = format!(r#"{{"access_token":"at{count}","token_type":"Bearer","expires_in":1000}}"#);
        Response { http: http::Response::new(Bytes::from(text)), url: "https://as.example/token".to_owned() }
    }
}

impl blocking::Http for Numbering {
    fn send(&self, _: Request) -> Result<Response, TransportError> {
        Ok(self.answer())
    }
}

impl grantee::ports::Http for Numbering {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async { Ok(self.answer()) })
    }
}

fn aged() -> Token {
    let mut token = Token::bearer("aged").with_expires_in(Duration::from_secs(400));
    token.obtained_at = Some(UnixTime::now().before(Duration::from_secs(600)));
    token
}

#[tokio::test]
async fn closing_the_client_from_a_listener_does_not_wait_for_that_very_renewal() {
    let client =
        Client::at("https://as.example/token").client("svc", "secret").http(Numbering::default()).build().unwrap();
    let own = client.clone();
    let session = client.session(ClientCredentials::new()).on_change_async(move |_, _, _| {
        let own = own.clone();
        async move {
            own.close().await;
            Ok(())
        }
    });
    let token = tokio::time::timeout(Duration::from_secs(30), session.build().unwrap().token()).await;
    assert_eq!(token.expect("it waits for itself").unwrap().access_token.reveal(), "at1");
}

#[test]
fn closing_from_a_listener_does_not_wait_for_that_very_renewal_in_the_blocking_face() {
    let client =
        blocking::Client::at("https://as.example/token").client("svc", "s").http(Numbering::default()).build().unwrap();
    let own: Arc<OnceLock<blocking::Session>> = Arc::default();
    let (closing, shared) = (client.clone(), Arc::clone(&own));
    let session = client.session(ClientCredentials::new()).on_change(move |_, _, _| {
        shared.get().unwrap().close();
        closing.close();
        Ok(())
    });
    let session = session.build().unwrap();
    assert!(own.set(session.clone()).is_ok());
    let (done, waiting) = channel();
    thread::spawn(move || done.send(session.token().unwrap().access_token.reveal().to_owned()));
    assert_eq!(waiting.recv_timeout(Duration::from_secs(30)).expect("it waits for itself"), "at1");
}

#[test]
fn a_caller_never_waits_for_an_early_renewal_that_is_queued_behind_another_sessions() {
    let client =
        blocking::Client::at("https://as.example/token").client("svc", "s").http(Numbering::default()).build().unwrap();
    let (entered, has_entered) = channel();
    let (release, released) = channel::<()>();
    let (entered, released) = (Mutex::new(entered), Mutex::new(released));
    let early = |session: blocking::SessionBuilder| session.token(aged()).renew_early(Duration::from_secs(450));
    let busy = early(client.session(ClientCredentials::new())).on_change(move |_, _, _| {
        entered.lock().unwrap().send(())?;
        released.lock().unwrap().recv()?;
        Ok(())
    });
    let busy = busy.build().unwrap();
    let queued = early(client.session(ClientCredentials::new().scope("other"))).build().unwrap();
    busy.save().unwrap();
    queued.save().unwrap();
    assert_eq!(busy.held().unwrap(), "Bearer aged");
    has_entered.recv().unwrap();
    assert_eq!(queued.held().unwrap(), "Bearer aged");
    let (done, waiting) = channel();
    let asking = queued.clone();
    thread::spawn(move || done.send(asking.renew().unwrap().access_token.reveal().to_owned()));
    assert_eq!(waiting.recv_timeout(Duration::from_secs(30)).expect("it waits for the other session"), "at2");
    release.send(()).unwrap();
    client.close();
    assert_eq!(queued.held().unwrap(), "Bearer at2");
}
