//! One connection of the loopback receiver, or of the listener for notifications: as much of HTTP/1.1 ([RFC 9112](https://www.rfc-editor.org/rfc/rfc9112)) as a browser
//! or a server needs, bounded, and never waiting.

use super::pages::Page;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

const MOST_HEAD: usize = 16 * 1024;
const MOST_BODY: usize = 64 * 1024;
/// Browsers open connections ahead of need; one that sends nothing for so long is not missed.
const READ_TIME: Duration = Duration::from_secs(10);
const WRITE_TIME: Duration = Duration::from_secs(5);
/// How long what still comes in is thrown away, so that closing doesn't take the answer back from the other side.
const LINGER_TIME: Duration = Duration::from_secs(1);

/// A whole request, as far as it matters here.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) host: String,
    pub(crate) is_form: bool,
    pub(crate) authorization: Option<String>,
    pub(crate) body: String,
}

pub(crate) enum Step {
    Waiting,
    Received(Request),
    Closed,
}

enum Phase {
    Reading,
    Writing { done: usize },
    Lingering,
}

pub(crate) struct Connection {
    stream: TcpStream,
    phase: Phase,
    bytes: Vec<u8>,
    /// How much of `bytes` has been searched for the end of the head.
    searched: usize,
    deadline: Instant,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, now: Instant) -> Option<Self> {
        stream.set_nonblocking(true).ok()?;
        Some(Self { stream, phase: Phase::Reading, bytes: Vec::new(), searched: 0, deadline: now + READ_TIME })
    }

    /// Does what can be done at once.
    pub(crate) fn step(&mut self, now: Instant) -> Step {
        if self.deadline <= now {
            return Step::Closed;
        }
        match self.phase {
            Phase::Reading => self.read(now),
            Phase::Writing { done } => self.write(done, now),
            Phase::Lingering => self.linger(),
        }
    }

    /// Answers with a whole response, and closes after it.
    pub(crate) fn answer(&mut self, response: Vec<u8>, now: Instant) {
        self.bytes = response;
        self.phase = Phase::Writing { done: 0 };
        self.deadline = now + WRITE_TIME;
    }

    /// Sees the answer through to the other side, for at most `limit`.
    pub(crate) fn finish(mut self, limit: Duration) {
        let end = Instant::now() + limit;
        while Instant::now() < end && matches!(self.step(Instant::now()), Step::Waiting) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn read(&mut self, now: Instant) -> Step {
        let mut buffer = [0; 8 * 1024];
        // As many rounds as the largest request needs: more would be one connection's gain over the others.
        for _ in 0..(MOST_HEAD + MOST_BODY) / buffer.len() {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Step::Closed,
                Ok(count) => self.bytes.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Step::Waiting,
                Err(_) => return Step::Closed,
            }
            match self.parse() {
                Ok(None) => {}
                Ok(Some(request)) => return Step::Received(request),
                Err(page) => {
                    self.answer(page.to_bytes(), now);
                    return Step::Waiting;
                }
            }
        }
        Step::Waiting
    }

    fn write(&mut self, done: usize, now: Instant) -> Step {
        match self.stream.write(&self.bytes[done..]) {
            Ok(count) if done + count < self.bytes.len() => self.phase = Phase::Writing { done: done + count },
            Ok(_) => {
                if self.stream.shutdown(Shutdown::Write).is_err() {
                    return Step::Closed;
                }
                self.phase = Phase::Lingering;
                self.deadline = now + LINGER_TIME;
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => return Step::Closed,
        }
        Step::Waiting
    }

    fn linger(&mut self) -> Step {
        match self.stream.read(&mut [0; 8 * 1024]) {
            Ok(0) => Step::Closed,
            Ok(_) => Step::Waiting,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Step::Waiting,
            Err(_) => Step::Closed,
        }
    }

    /// The request once it is whole; a page when it can't become one.
    fn parse(&mut self) -> Result<Option<Request>, Page> {
        let from = self.searched.saturating_sub(3);
        let end = self.bytes[from..].windows(4).position(|four| four == b"\r\n\r\n").map(|at| from + at);
        self.searched = end.unwrap_or(self.bytes.len());
        let Some(end) = end else {
            return if self.bytes.len() > MOST_HEAD { Err(Page::head_too_large()) } else { Ok(None) };
        };
        if end > MOST_HEAD {
            return Err(Page::head_too_large());
        }
        let head = std::str::from_utf8(&self.bytes[..end]).map_err(|_| Page::bad_request())?;
        let (mut request, length) = parse_head(head).ok_or_else(Page::bad_request)?;
        if length > MOST_BODY {
            return Err(Page::body_too_large());
        }
        let Some(body) = self.bytes.get(end + 4..end + 4 + length) else { return Ok(None) };
        request.body = std::str::from_utf8(body).map_err(|_| Page::bad_request())?.to_owned();
        Ok(Some(request))
    }
}

/// The request without its body, and how long that is.
fn parse_head(head: &str) -> Option<(Request, usize)> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let is_target = target.starts_with('/') && target.bytes().all(|byte| byte.is_ascii_graphic());
    if words.next().is_some() || !version.starts_with("HTTP/1.") || !is_target {
        return None;
    }
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let (mut host, mut length, mut is_form, mut authorization) = (None, None, true, None);
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let value = value.trim_matches([' ', '\t']);
        match &*name.to_ascii_lowercase() {
            // Twice, or in another form than ours, they are how two readers come to see two requests in one.
            "host" if host.replace(value).is_some() => return None,
            "authorization" if authorization.replace(value.to_owned()).is_some() => return None,
            "content-length" => {
                let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
                let number = value.parse::<usize>().unwrap_or(usize::MAX);
                if !is_number || length.replace(number).is_some() {
                    return None;
                }
            }
            "transfer-encoding" => return None,
            "content-type" => {
                let kind = value.split(';').next().unwrap_or_default().trim();
                is_form = kind.eq_ignore_ascii_case("application/x-www-form-urlencoded");
            }
            _ => {}
        }
    }
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.map(str::to_owned),
        host: host?.to_owned(),
        is_form,
        authorization,
        body: String::new(),
    };
    Some((request, length.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_could_be_read_in_two_ways_is_none() {
        assert!(parse_head("GET /a?b HTTP/1.1\r\nHost: h").is_some());
        for bad in [
            "",
            "GET /",
            "GET / HTTP/2",
            "GET  / HTTP/1.1\r\nHost: h",
            "GET http://h/ HTTP/1.1\r\nHost: h",
            "GET / HTTP/1.1",
            "GET / HTTP/1.1\r\nHost: h\r\nHost: h",
            "GET / HTTP/1.1\r\nHost: h\r\nnonsense",
            "POST / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer a\r\nauthorization: Bearer b",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\ncontent-length: 1",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length:",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked",
        ] {
            assert!(parse_head(bad).is_none(), "{bad:?}");
        }
        let (_, length) = parse_head("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999").unwrap();
        assert_eq!(length, usize::MAX);
    }
}
