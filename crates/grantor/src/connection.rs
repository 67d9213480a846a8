//! One connection, from its first request to its end.

use std::{cell::RefCell, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::server::TlsStream;
use url::form_urlencoded;

use crate::{
    date, dpop,
    endpoint::Route,
    fault::{Delivery, alternating},
    jarm,
    link::Link,
    logout, notification, post,
    request::Request,
    response::{Body, Response},
    router,
    shared::Shared,
    wire::{Broken, Incoming, Reader, Writing},
};

/// How long a connection may take to bring its next request, or to take an answer.
const IDLE: Duration = Duration::from_secs(600);

/// What HTTP is spoken over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin {
    fn socket(&self) -> &TcpStream;
}

impl Stream for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Stream for TlsStream<TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.get_ref().0
    }
}

pub(crate) async fn serve(mut stream: impl Stream, shared: Arc<Shared>, link: Arc<Link>) {
    let _ = stream.socket().set_nodelay(true);
    let mut reader = Reader::default();
    loop {
        let incoming = match timeout(IDLE, reader.next(&mut stream)).await {
            Ok(Ok(incoming)) => incoming,
            Ok(Err(Broken::Refused(status))) => return refuse(stream, status).await,
            Ok(Err(Broken::Gone)) | Err(_) => return,
        };
        match timeout(IDLE, answer(&mut stream, &shared, &link, incoming)).await {
            Ok(true) => {}
            _ => return,
        }
    }
}

/// Answers one request; true when the connection is fit for another.
async fn answer(stream: &mut impl Stream, shared: &Arc<Shared>, link: &Arc<Link>, incoming: Incoming) -> bool {
    let Incoming { method, path, query, headers, body, keep_alive } = incoming;
    let route = Route::of(&path, &shared.config.base);
    let endpoint = route.endpoint();
    let secure = link.scheme == "https";
    let link = link.clone();
    let entry = shared.log.add(Request { endpoint, method, path, query, headers, body, status: None, link });
    let request = &entry.request;

    shared.holds.pass(endpoint, true).await;
    let (mut response, delivery) = match shared.faults.instead(shared, request) {
        Some(instead) => instead,
        None => {
            let mut response = router::handle(shared, route, request).await;
            dpop::stamp(shared, request, &mut response);
            for mut notice in std::mem::take(&mut response.notices) {
                notice.status = post::send(&notice.uri, &notice.logout_token).await.ok().map(|answer| answer.status);
                logout::remember(shared, notice);
            }
            let delivery = shared.faults.after(shared, endpoint, &mut response);
            // A response that is to be a JWT is signed over what a fault has made of it.
            jarm::seal(shared, &mut response);
            (response, delivery)
        }
    };
    shared.holds.pass(endpoint, false).await;

    match delivery {
        Delivery::Reset => {
            // Closing with no time to linger sends RST in place of FIN.
            let _ = stream.socket().set_zero_linger();
            return false;
        }
        Delivery::Never => {
            wait_for_the_client_to_leave(stream).await;
            return false;
        }
        Delivery::Whole | Delivery::OddCase | Delivery::Truncated => {}
    }
    let truncated = delivery == Delivery::Truncated;
    let afterwards = std::mem::take(&mut response.afterwards);
    let bytes = written(response.rendered(), request.method == "HEAD", keep_alive && !truncated, delivery, |status| {
        entry.answered(status);
    });
    let sent = stream.write_all(&bytes).await.is_ok();
    for notification in afterwards {
        notification::send(shared, notification);
    }
    // TLS says goodbye, so that nobody takes the end for a cut (RFC 8446 section 6.1).
    if truncated || (!keep_alive && secure) {
        let _ = stream.shutdown().await;
    }
    sent && keep_alive && !truncated
}

fn written(
    response: Response,
    head_only: bool,
    keep_alive: bool,
    delivery: Delivery,
    status: impl FnOnce(u16),
) -> Vec<u8> {
    status(response.status);
    let (content_type, body) = match response.body {
        Body::Empty | Body::Callback(_) => (None, Vec::new()),
        Body::Json(members) => {
            let bytes = serde_json::to_vec(&members).expect("a map of JSON values is JSON");
            let named = response.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            ((!named).then(|| "application/json".to_owned()), bytes)
        }
        Body::Form(members) => {
            let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish();
            let named = response.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            ((!named).then(|| "application/x-www-form-urlencoded".to_owned()), text.into_bytes())
        }
        Body::Raw { content_type, bytes } => (Some(content_type), bytes),
    };
    let truncated = delivery == Delivery::Truncated;
    let odd = delivery == Delivery::OddCase;
    let outgoing = DATE.with_borrow_mut(|date| {
        Writing {
            status: response.status,
            headers: &response.headers,
            content_type: content_type.as_deref(),
            body: &body,
            keep_alive,
            date: date.now(),
            // Even an empty body falls short of what is promised.
            missing: if truncated { 64 } else { 0 },
            head_only,
            name: if odd { alternating } else { str::to_owned },
        }
        .bytes()
    });
    let mut bytes = outgoing.bytes;
    if truncated {
        bytes.truncate(outgoing.body.start + outgoing.body.len() / 2);
    }
    bytes
}

thread_local! {
    static DATE: RefCell<date::Date> = RefCell::default();
}

async fn wait_for_the_client_to_leave(stream: &mut impl Stream) {
    let mut sink = [0; 1024];
    while stream.read(&mut sink).await.is_ok_and(|count| count > 0) {}
}

/// Says why, then reads on for a moment: closing over unread bytes would reset the connection and lose the answer.
async fn refuse(mut stream: impl Stream, status: u16) {
    let response = Response::raw(status, "text/plain; charset=utf-8", "grantor does not take this request\n");
    let bytes = written(response, false, false, Delivery::Whole, |_| {});
    if stream.write_all(&bytes).await.is_ok() {
        let _ = stream.shutdown().await;
        let _ = timeout(Duration::from_secs(2), wait_for_the_client_to_leave(&mut stream)).await;
    }
}
