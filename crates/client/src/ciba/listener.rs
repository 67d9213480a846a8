//! A listener for notifications, for programs without a web server: a thread on plain sockets, bounded, the same for both faces.

use crate::loopback::connection::{Connection, Request, Step};
use grantee_core::grant::ciba::NotificationInbox;
use grantee_core::ports::Cancel;
use grantee_core::{Error, Result};
use http::header::{ALLOW, AUTHORIZATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const MOST_CONNECTIONS: usize = 64;
const MOST_NEW: usize = 16;
const IDLE_PAUSE: Duration = Duration::from_millis(20);
const BUSY_PAUSE: Duration = Duration::from_millis(4);

/// Listens for notifications until it is dropped, and hands them to its inbox.
///
/// It speaks plain HTTP. The notification endpoint must be https (CIBA section 9), so put it behind a reverse proxy that does
/// TLS, and let it listen where nobody but the proxy reaches it. It takes a POST at any path.
///
/// ```
/// use grantee::ciba::NotificationListener;
/// let listener = NotificationListener::bind("127.0.0.1:0")?;
/// assert_ne!(listener.local_addr().port(), 0);
/// let inbox = listener.inbox();    // BackchannelAuthenticationRequest::notified_in(inbox)
/// # Ok::<(), grantee::Error>(())
/// ```
#[derive(Debug)]
pub struct NotificationListener {
    address: SocketAddr,
    inbox: NotificationInbox,
    stop: Cancel,
    thread: Option<JoinHandle<()>>,
}

impl NotificationListener {
    /// Starts to listen.
    ///
    /// # Errors
    /// [`Error::Config`] when the address is none of this machine's, or taken, or no thread can be started.
    pub fn bind(address: impl ToSocketAddrs) -> Result<Self> {
        let listen = || {
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            let (inbox, stop) = (NotificationInbox::new(), Cancel::new());
            let (taking, stopped) = (inbox.clone(), stop.clone());
            let thread = std::thread::Builder::new().name("grantee-notifications".to_owned());
            let thread = thread.spawn(move || run(&listener, &taking, &stopped))?;
            Ok(Self { address, inbox, stop, thread: Some(thread) })
        };
        listen().map_err(|error: std::io::Error| {
            Error::config(
                format!("can't listen for notifications: {error}"),
                "another program may hold the port: choose another",
            )
        })
    }

    /// Where what comes in goes.
    pub fn inbox(&self) -> &NotificationInbox {
        &self.inbox
    }

    /// Where it listens, the port included.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for NotificationListener {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(listener: &TcpListener, inbox: &NotificationInbox, stop: &Cancel) {
    let mut connections: VecDeque<Connection> = VecDeque::new();
    while !stop.is_cancelled() {
        let now = Instant::now();
        // An error, such as no more file descriptors, is one of this round alone.
        for (stream, _) in std::iter::from_fn(|| listener.accept().ok()).take(MOST_NEW) {
            if connections.len() == MOST_CONNECTIONS {
                connections.pop_front();
            }
            connections.extend(Connection::new(stream, now));
        }
        for mut connection in std::mem::take(&mut connections) {
            match connection.step(now) {
                Step::Closed => continue,
                Step::Waiting => {}
                Step::Received(request) => connection.answer(answer(inbox, &request), now),
            }
            connections.push_back(connection);
        }
        stop.wait_blocking(if connections.is_empty() { IDLE_PAUSE } else { BUSY_PAUSE });
    }
}

fn answer(inbox: &NotificationInbox, request: &Request) -> Vec<u8> {
    let mut headers = HeaderMap::new();
    if let Some(Ok(value)) = request.authorization.as_deref().map(HeaderValue::from_str) {
        headers.insert(AUTHORIZATION, value);
    }
    let response = if request.method == "POST" {
        inbox.deliver(&headers, request.body.as_bytes())
    } else {
        let mut response = http::Response::default();
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        response
    };
    let status = response.status();
    let mut bytes = format!("HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or_default());
    for (name, value) in response.headers() {
        bytes.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap_or_default()));
    }
    // A 204 has no body, and so no length (RFC 9110 section 8.6).
    if status != StatusCode::NO_CONTENT {
        bytes.push_str(&format!("content-length: {}\r\n", response.body().len()));
    }
    bytes.push_str("connection: close\r\n\r\n");
    let mut bytes = bytes.into_bytes();
    bytes.extend_from_slice(response.body());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    fn send(listener: &NotificationListener, request: &str) -> String {
        let mut stream = TcpStream::connect(listener.local_addr()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn a_post_is_judged_and_anything_else_turned_away() {
        let listener = NotificationListener::bind("127.0.0.1:0").unwrap();
        let stranger =
            send(&listener, "POST /cb HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\nContent-Length: 2\r\n\r\n{}");
        assert!(stranger.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{stranger}");
        assert!(stranger.contains("www-authenticate: Bearer"), "{stranger}");
        assert!(send(&listener, "GET /cb HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 405"));
        let large = send(&listener, "POST /cb HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\n\r\n");
        assert!(large.starts_with("HTTP/1.1 413"), "{large}");
        let twice = "POST /cb HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\nAuthorization: Bearer y\r\n\r\n";
        assert!(send(&listener, twice).starts_with("HTTP/1.1 400"));
    }

    #[test]
    fn it_listens_until_it_is_dropped() {
        let listener = NotificationListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr();
        assert!(NotificationListener::bind(address).is_err());
        drop(listener);
        assert!(TcpStream::connect(address).is_err());
    }

    #[test]
    fn connections_that_say_nothing_keep_nobody_out() {
        let listener = NotificationListener::bind("127.0.0.1:0").unwrap();
        let silent: Vec<_> =
            (0..2 * MOST_CONNECTIONS).map(|_| TcpStream::connect(listener.local_addr()).unwrap()).collect();
        let answer = send(&listener, "POST / HTTP/1.1\r\nHost: h\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
        drop(silent);
    }
}
