//! The other end of the suite: a server that answers with given bytes, or doesn't.

use http::{HeaderMap, HeaderName, HeaderValue};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// What happens once a request has been read.
#[derive(Clone, Debug)]
pub(super) enum Then {
    /// These bytes, then the connection is closed.
    Answer(Vec<u8>),
    /// These bytes, then nothing more until the client leaves.
    Silence(Vec<u8>),
    /// A head, then a body that never ends.
    Endless,
    /// The connection is reset.
    Reset,
}

impl Then {
    pub(super) fn answer(text: impl Into<String>) -> Self {
        Self::Answer(text.into().into_bytes())
    }

    pub(super) fn ok(body: &str) -> Self {
        Self::answer(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()))
    }
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// A server on a loopback port; gone when it is dropped.
pub(super) struct Peer {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    /// What a connection's first request gets, where that is not what the others get.
    first: Option<Vec<u8>>,
    then: Then,
    seen: Mutex<Vec<Seen>>,
    /// The connections that are open, so that none outlives the server.
    open: Mutex<Vec<(usize, TcpStream)>>,
    stopped: AtomicBool,
}

impl Peer {
    pub(super) fn start(then: Then) -> Self {
        Self::launch(None, then)
    }

    /// The server's very first answer, which leaves the connection open, and what happens to every later request.
    pub(super) fn start_with(first: Vec<u8>, then: Then) -> Self {
        Self::launch(Some(first), then)
    }

    fn launch(first: Option<Vec<u8>>, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared =
            Shared { first, then, seen: Mutex::default(), open: Mutex::default(), stopped: AtomicBool::new(false) };
        let shared = Arc::new(shared);
        let serving = Arc::clone(&shared);
        let thread = thread::spawn(move || serving.accept(&listener));
        Self { address, shared, thread: Some(thread) }
    }

    pub(super) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(super) fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }

    pub(super) fn requests(&self) -> usize {
        lock(&self.shared.seen).len()
    }

    pub(super) fn only_request(&self) -> Seen {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1, "a request is sent once");
        seen.remove(0)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
        for (_, stream) in lock(&self.shared.open).drain(..) {
            // It fails where the connection is gone already.
            let _ = stream.shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
            if self.stopped.load(Ordering::SeqCst) {
                return;
            }
            if let Ok(other) = stream.try_clone() {
                lock(&self.open).push((number, other));
            }
            let shared = Arc::clone(self);
            thread::spawn(move || {
                shared.serve(&stream);
                // Both go: a connection is closed with the last handle on it.
                lock(&shared.open).retain(|(other, _)| *other != number);
            });
        }
    }

    /// A client that goes away ends it, which is no fault of the suite's.
    fn serve(&self, mut stream: &TcpStream) {
        while let Some((head, mut rest)) = read_head(stream) {
            let Some((mut request, length)) = parse(&head) else { return };
            let first = self.first.as_ref().filter(|_| lock(&self.seen).is_empty());
            if first.is_none() && matches!(self.then, Then::Reset) {
                lock(&self.seen).push(request);
                if length > rest.len() {
                    // Closing over bytes that nobody has read sends a reset.
                    let _ = stream.peek(&mut [0]);
                }
                return;
            }
            while rest.len() < length {
                let mut more = [0; 4096];
                match stream.read(&mut more) {
                    Ok(count) if count > 0 => rest.extend_from_slice(&more[..count]),
                    _ => return,
                }
            }
            request.body = rest;
            lock(&self.seen).push(request);
            if let Some(first) = first {
                if stream.write_all(first).is_err() {
                    return;
                }
                continue;
            }
            return self.answer(stream);
        }
    }

    fn answer(&self, mut stream: &TcpStream) {
        match &self.then {
            Then::Answer(bytes) => {
                let _ = stream.write_all(bytes);
                let _ = stream.shutdown(Shutdown::Both);
            }
            Then::Silence(bytes) => {
                let _ = stream.write_all(bytes);
                let _ = stream.read(&mut [0]);
            }
            Then::Endless => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
                while stream.write_all(&[b'x'; 16 * 1024]).is_ok() {}
            }
            Then::Reset => {}
        }
    }
}

/// The bytes up to the empty line, and those that came along after it.
fn read_head(mut stream: &TcpStream) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return Some((bytes, rest));
        }
        let mut more = [0; 1024];
        match stream.read(&mut more) {
            Ok(count) if count > 0 => bytes.extend_from_slice(&more[..count]),
            _ => return None,
        }
    }
}

fn parse(head: &[u8]) -> Option<(Seen, usize)> {
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let first = String::from_utf8(lines.next()?.to_vec()).ok()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HeaderMap::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        headers.append(name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?);
    }
    let length = headers.get("content-length").and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or(0);
    Some((Seen { method, target, headers, body: Vec::new() }, length))
}

/// An address where nobody listens.
pub(super) fn refused_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    listener.local_addr().expect("a bound socket has an address")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
