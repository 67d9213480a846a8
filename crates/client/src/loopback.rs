//! Native apps, [RFC 8252](https://www.rfc-editor.org/rfc/rfc8252): the redirect comes back to a port of this machine.
//!
//! ```text
//! LoopbackReceiver::bind() -> redirect_uri() -> the authorization request -> open_browser(url) -> wait(state) -> callback
//! ```
//!
//! One thread watches a bounded number of connections at once, so neither a browser's spare connections nor a hostile
//! program on the same machine keeps the right answer from coming through. Everything here blocks; from async code run
//! [`LoopbackReceiver::wait`] where blocking is allowed (`tokio::task::spawn_blocking`, a thread) and keep a clone of the
//! [`Cancel`] to end it when the caller is dropped.

mod browser;
pub(crate) mod connection;
mod pages;

pub use browser::open_browser;

use connection::{Connection, Request, Step};
use grantee_core::Secret;
use grantee_core::error::{Error, Result, TransportError, TransportErrorKind};
use grantee_core::ports::Cancel;
use pages::Page;
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};
use url::form_urlencoded;

const MOST_CONNECTIONS: usize = 32;
/// New ones taken up in one round: fewer than are kept, so that each is looked at before it could have to make room.
const MOST_NEW: usize = 16;
const IDLE_PAUSE: Duration = Duration::from_millis(20);
const BUSY_PAUSE: Duration = Duration::from_millis(4);
/// How long the last page may take to reach the browser.
const FAREWELL: Duration = Duration::from_secs(2);

/// Receives one authorization response on this machine, then closes.
///
/// ```
/// use grantee::loopback::LoopbackReceiver;
/// let receiver = LoopbackReceiver::bind()?;
/// assert!(receiver.redirect_uri().starts_with("http://127.0.0.1:"));
/// # Ok::<(), grantee::Error>(())
/// ```
#[derive(Debug)]
pub struct LoopbackReceiver {
    listeners: Vec<TcpListener>,
    host: String,
    path: String,
}

/// Where a [`LoopbackReceiver`] listens. The default is any free port of `127.0.0.1`, and `/callback`.
#[derive(Debug, Clone)]
pub struct LoopbackOptions {
    host: Host,
    port: u16,
    path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Host {
    Ipv4,
    Ipv6,
    Localhost,
}

impl Default for LoopbackOptions {
    fn default() -> Self {
        Self { host: Host::Ipv4, port: 0, path: "/callback".to_owned() }
    }
}

impl LoopbackOptions {
    /// Listens on `[::1]`.
    #[must_use]
    pub fn ipv6(mut self) -> Self {
        self.host = Host::Ipv6;
        self
    }

    /// Says `localhost` in the redirect URI, for servers that register nothing else, and listens on both families, since
    /// the browser may try either. The literal addresses are the better choice where a server takes them (RFC 8252
    /// section 8.3).
    #[must_use]
    pub fn localhost(mut self) -> Self {
        self.host = Host::Localhost;
        self
    }

    /// Listens on this port, for servers that compare it; any free one otherwise.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Expects the answer at this path.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Starts to listen.
    ///
    /// # Errors
    /// [`Error::Config`] when the port is taken or the path is none.
    pub fn bind(self) -> Result<LoopbackReceiver> {
        let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'"' | b'<' | b'>' | b'\\');
        if !self.path.starts_with('/') || !self.path.bytes().all(plain) {
            return Err(Error::config("the path of the loopback receiver is none", "begin it with /, as in /callback"));
        }
        let listeners = match self.host {
            Host::Ipv4 => vec![listen(Ipv4Addr::LOCALHOST.into(), self.port)?],
            Host::Ipv6 => vec![listen(Ipv6Addr::LOCALHOST.into(), self.port)?],
            Host::Localhost => listen_on_both(self.port)?,
        };
        let port = listeners.first().and_then(|listener| listener.local_addr().ok()).map_or(self.port, |at| at.port());
        let name = match self.host {
            Host::Ipv4 => "127.0.0.1",
            Host::Ipv6 => "[::1]",
            Host::Localhost => "localhost",
        };
        Ok(LoopbackReceiver { listeners, host: format!("{name}:{port}"), path: self.path })
    }
}

impl LoopbackReceiver {
    /// Listens on any free port of `127.0.0.1`.
    ///
    /// # Errors
    /// [`Error::Config`] when there is none.
    pub fn bind() -> Result<Self> {
        Self::options().bind()
    }

    /// Another address, port or path.
    pub fn options() -> LoopbackOptions {
        LoopbackOptions::default()
    }

    /// What to send as `redirect_uri`, its port included.
    pub fn redirect_uri(&self) -> String {
        format!("http://{}{}", self.host, self.path)
    }

    /// Waits for the answer that carries `state` and returns it as a callback for
    /// [`Pending::respond`](grantee_core::authorization::Pending::respond): the whole URL, or `?` and the parameters where
    /// they came by form_post or in a fragment. Whatever else comes in meanwhile is turned away. The browser is shown a
    /// page that says how it went; then the receiver closes.
    ///
    /// # Errors
    /// [`Error::Transport`] when `timeout` has passed; [`Error::Interrupted`] when it was cancelled.
    pub fn wait(self, state: &str, timeout: Duration, cancel: &Cancel) -> Result<String> {
        if state.is_empty() {
            return Err(Error::config("a wait for the answer without a state", "hand over pending.state()"));
        }
        self.wait_for(&Awaited::State(state.into()), timeout, cancel)
    }

    /// As [`wait`](Self::wait), for a callback of OAuth 1.0 (RFC 5849 section 2.2): the one that names the temporary credentials
    /// of [`Pending::oauth_token`](crate::oauth1::Pending::oauth_token), or says that they were denied.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub fn wait_oauth1(self, oauth_token: &str, timeout: Duration, cancel: &Cancel) -> Result<String> {
        if oauth_token.is_empty() {
            return Err(Error::config("a wait for the answer without a token", "hand over pending.oauth_token()"));
        }
        self.wait_for(&Awaited::Token(oauth_token.into()), timeout, cancel)
    }

    // Taking the receiver by value is what closes it, however the wait ends.
    #[allow(clippy::needless_pass_by_value)]
    fn wait_for(self, awaited: &Awaited, timeout: Duration, cancel: &Cancel) -> Result<String> {
        // A timeout beyond what the clock can count never passes.
        let deadline = Instant::now().checked_add(timeout);
        let mut connections = VecDeque::new();
        loop {
            let now = Instant::now();
            if cancel.is_cancelled() {
                return Err(Error::Interrupted { what: "waiting for the person to log in", why: "cancelled" });
            }
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Err(timed_out(timeout));
            }
            self.accept(&mut connections, now);
            for mut connection in std::mem::take(&mut connections) {
                match connection.step(now) {
                    Step::Waiting => connections.push_back(connection),
                    Step::Closed => {}
                    Step::Received(request) => {
                        let (page, callback) = self.judge(&request, awaited);
                        connection.answer(page.to_bytes(), now);
                        if let Some(callback) = callback {
                            connection.finish(FAREWELL);
                            return Ok(callback);
                        }
                        connections.push_back(connection);
                    }
                }
            }
            let pause = if connections.is_empty() { IDLE_PAUSE } else { BUSY_PAUSE };
            cancel.wait_blocking(deadline.map_or(pause, |deadline| pause.min(deadline.saturating_duration_since(now))));
        }
    }

    fn accept(&self, connections: &mut VecDeque<Connection>, now: Instant) {
        for listener in &self.listeners {
            // An error, such as no more file descriptors, is one of this round alone.
            for (stream, _) in std::iter::from_fn(|| listener.accept().ok()).take(MOST_NEW / self.listeners.len()) {
                if connections.len() == MOST_CONNECTIONS {
                    connections.pop_front();
                }
                connections.extend(Connection::new(stream, now));
            }
        }
    }

    /// What to show, and the callback if this is it.
    fn judge(&self, request: &Request, awaited: &Awaited) -> (Page, Option<String>) {
        // A page of elsewhere whose name was made to resolve to this machine still sends its own name.
        if !request.host.eq_ignore_ascii_case(&self.host) {
            return (Page::wrong_host(), None);
        }
        if request.path != self.path {
            return (Page::not_found(), None);
        }
        let (parameters, callback) = match (&*request.method, &request.query) {
            ("GET", query) => match query.as_deref() {
                Some(query) if awaited.is_held_by(query) => (query, format!("{}?{query}", self.redirect_uri())),
                // What came in a fragment is known to the browser alone, so a page there has to bring it.
                _ => return (Page::relay(), None),
            },
            ("POST", _) if request.is_form => (request.body.as_str(), format!("?{}", request.body)),
            _ => return (Page::wrong_method(), None),
        };
        let mut error = None;
        let mut is_ours = false;
        for (name, value) in form_urlencoded::parse(parameters.as_bytes()).take(100) {
            match (&*name, awaited) {
                ("state", Awaited::State(state)) => is_ours |= Secret::new(value) == *state,
                // A signed answer (JARM) holds the state where only the client's keys may read it.
                ("response", Awaited::State(state)) => is_ours |= may_hold(&value, state),
                ("error", Awaited::State(_)) | ("oauth_problem", Awaited::Token(_)) => error = Some(value.into_owned()),
                ("oauth_token", Awaited::Token(token)) => is_ours |= Secret::new(value) == *token,
                // X names the refused login by its token, in a parameter of its own.
                ("denied", Awaited::Token(token)) if Secret::new(&*value) == *token => {
                    is_ours = true;
                    error = Some("denied".to_owned());
                }
                _ => {}
            }
        }
        match (is_ours, error) {
            (false, _) => (Page::another_login(), None),
            (true, None) => (Page::done(), Some(callback)),
            (true, Some(error)) => (Page::refused(&error), Some(callback)),
        }
    }
}

/// Whether a signed answer may be the one to this state: it says so, or is encrypted. The client judges it.
fn may_hold(response: &str, state: &Secret) -> bool {
    match grantee_core::jose::jws::Compact::parse(response) {
        Ok(signed) => serde_json::from_slice::<serde_json::Value>(signed.unverified_payload())
            .is_ok_and(|claims| claims["state"].as_str().is_some_and(|said| Secret::new(said) == *state)),
        Err(_) => response.bytes().filter(|byte| *byte == b'.').count() == 4,
    }
}

/// What tells the answer that is waited for from any other.
enum Awaited {
    /// `state` of OAuth 2.
    State(Secret),
    /// `oauth_token` of OAuth 1.0.
    Token(Secret),
}

impl Awaited {
    /// Whether a query is an answer, to whatever login.
    fn is_held_by(&self, query: &str) -> bool {
        const STATE: &[&str] = &["state", "code", "error", "response", "id_token", "access_token"];
        const TOKEN: &[&str] = &["oauth_token", "oauth_verifier", "oauth_problem", "denied"];
        let names = match self {
            Self::State(_) => STATE,
            Self::Token(_) => TOKEN,
        };
        form_urlencoded::parse(query.as_bytes()).take(100).any(|(name, _)| names.contains(&&*name))
    }
}

fn timed_out(timeout: Duration) -> Error {
    let message = format!("nobody came back from the browser within {} s", timeout.as_secs_f32());
    let mut error = TransportError::new(TransportErrorKind::Timeout, message);
    error.stage = "waiting for the person to log in";
    error.into()
}

fn listen(address: IpAddr, port: u16) -> Result<TcpListener> {
    let listen = || {
        let listener = TcpListener::bind(SocketAddr::new(address, port))?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    listen().map_err(|error: std::io::Error| {
        let hint =
            if port == 0 { "is there a loopback interface?" } else { "another program may hold it: choose another" };
        Error::config(format!("can't listen on {address} port {port}: {error}"), hint)
    })
}

/// Both families on one port. A machine without IPv6 has nobody else there either; a port that somebody else holds on one
/// family would hand them the answer, so that one won't do.
fn listen_on_both(port: u16) -> Result<Vec<TcpListener>> {
    let mut last = None;
    for _ in 0..if port == 0 { 16 } else { 1 } {
        let ipv4 = listen(Ipv4Addr::LOCALHOST.into(), port)?;
        let port = ipv4.local_addr().map_or(port, |at| at.port());
        if TcpListener::bind(SocketAddr::new(Ipv6Addr::LOCALHOST.into(), 0)).is_err() {
            return Ok(vec![ipv4]);
        }
        match listen(Ipv6Addr::LOCALHOST.into(), port) {
            Ok(ipv6) => return Ok(vec![ipv4, ipv6]),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| Error::config("no port is free on both families", "choose one by port(..)")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;
    use std::thread::JoinHandle;

    struct Running {
        address: String,
        cancel: Cancel,
        waiting: JoinHandle<Result<String>>,
    }

    fn start() -> Running {
        start_with(LoopbackReceiver::options())
    }

    fn start_with(options: LoopbackOptions) -> Running {
        let receiver = options.bind().unwrap();
        let (address, cancel) = (receiver.host.clone(), Cancel::new());
        let shared = cancel.clone();
        let waiting = std::thread::spawn(move || receiver.wait("STATE", Duration::from_secs(60), &shared));
        Running { address, cancel, waiting }
    }

    impl Running {
        fn connect(&self) -> TcpStream {
            let stream = TcpStream::connect(&self.address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            stream
        }

        fn send(&self, request: &str) -> String {
            let mut stream = self.connect();
            stream.write_all(request.replace("HOST", &self.address).as_bytes()).unwrap();
            read(stream)
        }

        fn get(&self, target: &str) -> String {
            self.send(&format!("GET {target} HTTP/1.1\r\nHost: HOST\r\nAccept: */*\r\n\r\n"))
        }

        fn post(&self, body: &str) -> String {
            let kind = "application/x-www-form-urlencoded";
            let length = body.len();
            self.send(&format!(
                "POST /callback HTTP/1.1\r\nhost: HOST\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
            ))
        }

        fn answer(self) -> String {
            self.waiting.join().unwrap().unwrap()
        }

        fn end(self) {
            self.cancel.cancel();
            self.waiting.join().unwrap().unwrap_err();
        }
    }

    fn read(mut stream: TcpStream) -> String {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn the_right_answer_gets_a_page_and_closes_the_receiver() {
        let running = start();
        let address = running.address.clone();
        let page = running.get("/callback?code=CODE&state=STATE");
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("You can close this page"), "{page}");
        for header in ["Cache-Control: no-store", "Connection: close", "Content-Security-Policy: default-src 'none'"] {
            assert!(page.contains(header), "{page}");
        }
        assert!(!page.contains("CODE") && !page.contains("STATE"));
        assert_eq!(running.answer(), format!("http://{address}/callback?code=CODE&state=STATE"));
        assert!(TcpStream::connect(address).is_err());
    }

    #[test]
    fn an_answer_of_oauth1_is_taken_by_the_token_it_names() {
        let ask = |target: &str| {
            let receiver = LoopbackReceiver::bind().unwrap();
            let (address, cancel) = (receiver.host.clone(), Cancel::new());
            let shared = cancel.clone();
            let waiting = std::thread::spawn(move || receiver.wait_oauth1("t/1", Duration::from_secs(60), &shared));
            let running = Running { address, cancel, waiting };
            for other in ["oauth_token=other&oauth_verifier=v", "oauth_verifier=v", "denied=other", "oauth_problem=x"] {
                assert!(running.get(&format!("/callback?{other}")).starts_with("HTTP/1.1 400"), "{other}");
            }
            let page = running.get(&format!("/callback?{target}"));
            assert!(running.answer().ends_with(&format!("/callback?{target}")));
            page
        };
        assert!(ask("oauth_token=t%2F1&oauth_verifier=v").contains("You can close this page"));
        for refused in ["denied=t%2F1", "oauth_token=t%2F1&oauth_problem=user_refused"] {
            assert!(ask(refused).contains("The login was refused"), "{refused}");
        }
    }

    #[test]
    fn a_signed_answer_is_taken_by_the_state_in_it() {
        use grantee_core::jose::base64url::encode;
        let running = start();
        let response = |state: &str| {
            let claims = format!(r#"{{"state":"{state}","code":"CODE"}}"#);
            format!("{}.{}.AAAA", encode(r#"{"alg":"RS256"}"#), encode(claims))
        };
        assert!(running.get(&format!("/callback?response={}", response("other"))).starts_with("HTTP/1.1 400"));
        let ours = response("STATE");
        running.get(&format!("/callback?response={ours}"));
        assert!(running.answer().ends_with(&format!("/callback?response={ours}")));
    }

    #[test]
    fn another_path_or_state_or_host_or_method_is_turned_away_and_the_wait_goes_on() {
        let running = start();
        for (target, status) in [
            ("/favicon.ico", "404"),
            ("/callback/?code=x&state=STATE", "404"),
            ("/callback?code=x&state=other", "400"),
            ("/callback?code=x", "400"),
            ("/callback?error=denied", "400"),
            ("http://127.0.0.1/callback?code=x&state=STATE", "400"),
        ] {
            let page = running.get(target);
            assert!(page.starts_with(&format!("HTTP/1.1 {status}")), "{target}: {page}");
        }
        let rebound = running.send("GET /callback?code=x&state=STATE HTTP/1.1\r\nHost: evil.example\r\n\r\n");
        assert!(rebound.starts_with("HTTP/1.1 421"), "{rebound}");
        let head = running.send("HEAD /callback?code=x&state=STATE HTTP/1.1\r\nHost: HOST\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 405"), "{head}");
        running.get("/callback?code=right&state=STATE");
        assert!(running.answer().ends_with("/callback?code=right&state=STATE"));
    }

    #[test]
    fn a_refusal_is_an_answer_and_its_words_are_escaped() {
        let running = start();
        let page = running.get("/callback?error=%3Cb%3Eaccess_denied&state=STATE");
        assert!(page.contains("The login was refused") && page.contains("&lt;b&gt;access_denied"), "{page}");
        assert!(running.answer().ends_with("?error=%3Cb%3Eaccess_denied&state=STATE"));
    }

    #[test]
    fn a_form_post_is_accepted() {
        let running = start();
        assert!(running.post("code=x&state=other").starts_with("HTTP/1.1 400"));
        assert!(running.post("code=CODE&state=STATE").starts_with("HTTP/1.1 200"));
        assert_eq!(running.answer(), "?code=CODE&state=STATE");
    }

    #[test]
    fn another_kind_of_post_is_not() {
        let running = start();
        let page = running.send(
            "POST /callback HTTP/1.1\r\nHost: HOST\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nstate=STATE",
        );
        assert!(page.starts_with("HTTP/1.1 405"), "{page}");
        running.end();
    }

    #[test]
    fn an_answer_in_a_fragment_comes_through_the_relay_page() {
        let running = start();
        let page = running.get("/callback");
        assert!(page.starts_with("HTTP/1.1 200 OK") && page.contains("location.hash"), "{page}");
        assert!(running.get("/callback?utm=1").contains("location.hash"));
        // What the page's script posts.
        running.post("state=STATE&code=CODE");
        assert_eq!(running.answer(), "?state=STATE&code=CODE");
    }

    #[test]
    fn slow_and_silent_connections_do_not_delay_the_right_one() {
        let running = start();
        let mut slow = Vec::new();
        for number in 0..3 * MOST_CONNECTIONS {
            let mut stream = running.connect();
            if number % 2 == 0 {
                stream.write_all(b"GET /callback?co").unwrap();
            }
            slow.push(stream);
        }
        running.get("/callback?code=CODE&state=STATE");
        assert!(running.answer().ends_with("?code=CODE&state=STATE"));
    }

    #[test]
    fn a_request_that_comes_byte_by_byte_is_read() {
        let running = start();
        let mut stream = running.connect();
        stream.set_nodelay(true).unwrap();
        let request = format!("GET /callback?code=CODE&state=STATE HTTP/1.1\r\nHost: {}\r\n\r\n", running.address);
        for byte in request.bytes() {
            stream.write_all(&[byte]).unwrap();
        }
        assert!(read(stream).starts_with("HTTP/1.1 200"));
        running.answer();
    }

    #[test]
    fn a_giant_head_or_body_is_refused() {
        let running = start();
        let head = format!("GET /callback?state=STATE HTTP/1.1\r\nHost: HOST\r\nX: {}\r\n\r\n", "x".repeat(20_000));
        assert!(running.send(&head).starts_with("HTTP/1.1 431"));
        assert!(running.send(&"x".repeat(17_000)).starts_with("HTTP/1.1 431"));
        let body = running.send("POST /callback HTTP/1.1\r\nHost: HOST\r\nContent-Length: 65537\r\n\r\n");
        assert!(body.starts_with("HTTP/1.1 413"), "{body}");
        running.end();
    }

    #[test]
    fn nonsense_is_refused_and_the_wait_goes_on() {
        let running = start();
        for nonsense in ["\r\n\r\n", "\u{16}\u{3}\u{1}\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"] {
            assert!(running.send(nonsense).starts_with("HTTP/1.1 400"), "{nonsense:?}");
        }
        drop(running.connect());
        let mut stream = running.connect();
        stream.write_all(b"\xff\xfe\r\n\r\n").unwrap();
        assert!(read(stream).starts_with("HTTP/1.1 400"));
        running.get("/callback?code=CODE&state=STATE");
        running.answer();
    }

    #[test]
    fn cancel_ends_the_wait() {
        let running = start();
        running.cancel.cancel();
        let error = running.waiting.join().unwrap().unwrap_err();
        assert_eq!(error.code(), "interrupted");
        assert!(TcpStream::connect(running.address).is_err());
    }

    #[test]
    fn the_timeout_ends_the_wait() {
        let receiver = LoopbackReceiver::bind().unwrap();
        let error = receiver.wait("STATE", Duration::from_millis(30), &Cancel::new()).unwrap_err();
        assert_eq!(error.code(), "timeout");
        assert!(error.to_string().starts_with("waiting for the person to log in: timed out"), "{error}");
    }

    #[test]
    fn the_redirect_uri_says_where_it_listens() {
        let port = |uri: &str| url::Url::parse(uri).unwrap().port().unwrap();
        let uri = LoopbackReceiver::options().path("/cb").bind().unwrap().redirect_uri();
        assert_eq!(uri, format!("http://127.0.0.1:{}/cb", port(&uri)));
        let held = LoopbackReceiver::bind().unwrap();
        let taken = LoopbackReceiver::options().port(port(&held.redirect_uri())).bind().unwrap_err();
        assert!(taken.to_string().contains("another program may hold it"), "{taken}");
        for bad in ["", "callback", "/a?b", "/a#b", "/a b", "/ä"] {
            assert!(LoopbackReceiver::options().path(bad).bind().is_err(), "{bad}");
        }
        assert!(held.wait("", Duration::ZERO, &Cancel::new()).is_err());
    }

    #[test]
    fn localhost_is_answered_on_both_families() {
        let has_ipv6 = TcpListener::bind("[::1]:0").is_ok();
        for family in if has_ipv6 { &["127.0.0.1", "[::1]"][..] } else { &["127.0.0.1"] } {
            let running = start_with(LoopbackReceiver::options().localhost());
            assert!(running.address.starts_with("localhost:"));
            let port = running.address.strip_prefix("localhost:").unwrap();
            let mut stream = TcpStream::connect(format!("{family}:{port}")).unwrap();
            write!(stream, "GET /callback?code=C&state=STATE HTTP/1.1\r\nHost: LocalHost:{port}\r\n\r\n").unwrap();
            assert!(read(stream).starts_with("HTTP/1.1 200"));
            let expected = format!("http://localhost:{port}/callback?code=C&state=STATE");
            assert_eq!(running.answer(), expected);
        }
    }

    #[test]
    fn ipv6_by_choice() {
        if TcpListener::bind("[::1]:0").is_err() {
            return;
        }
        let running = start_with(LoopbackReceiver::options().ipv6());
        assert!(running.address.starts_with("[::1]:"));
        running.get("/callback?code=CODE&state=STATE");
        assert!(running.answer().starts_with("http://[::1]:"));
    }
}
