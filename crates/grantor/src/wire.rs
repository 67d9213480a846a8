//! Reading and writing HTTP/1.1, [RFC 9112](https://www.rfc-editor.org/rfc/rfc9112), by hand: a server that must reset
//! and truncate on request has to own the bytes.

use std::{io, ops::Range};

use httparse::Status;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bounds of what is read.
const HEAD: usize = 64 << 10;
const BODY: usize = 1 << 20;
const HEADERS: usize = 128;

/// A request before it is known what it is for.
pub(crate) struct Incoming {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) keep_alive: bool,
}

/// Why there is no request to answer.
pub(crate) enum Broken {
    /// The client closed, or the network failed.
    Gone,
    /// What came is no request we take; the status says which rule it broke.
    Refused(u16),
}

impl From<io::Error> for Broken {
    fn from(_: io::Error) -> Self {
        Broken::Gone
    }
}

/// Reads one request after the other from a connection.
#[derive(Default)]
pub(crate) struct Reader {
    buffer: Vec<u8>,
}

enum Framing {
    Length(usize),
    Chunked,
}

struct Head {
    incoming: Incoming,
    framing: Framing,
    expects_continue: bool,
    length: usize,
}

impl Reader {
    pub(crate) async fn next(
        &mut self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    ) -> Result<Incoming, Broken> {
        let head = loop {
            if let Some(head) = parse_head(&self.buffer)? {
                break head;
            }
            if self.buffer.len() > HEAD {
                return Err(Broken::Refused(431));
            }
            self.fill(stream).await?;
        };
        self.buffer.drain(..head.length);
        if head.expects_continue && self.buffer.is_empty() {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let mut incoming = head.incoming;
        incoming.body = match head.framing {
            Framing::Length(length) if length > BODY => return Err(Broken::Refused(413)),
            Framing::Length(length) => {
                while self.buffer.len() < length {
                    self.fill(stream).await?;
                }
                self.buffer.drain(..length).collect()
            }
            Framing::Chunked => self.chunks(stream).await?,
        };
        Ok(incoming)
    }

    /// The chunked coding (RFC 9112 section 7.1); trailers are read and dropped.
    async fn chunks(&mut self, stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<Vec<u8>, Broken> {
        let mut body = Vec::new();
        loop {
            let size = loop {
                match httparse::parse_chunk_size(&self.buffer) {
                    Ok(Status::Complete((start, size))) => {
                        self.buffer.drain(..start);
                        break size;
                    }
                    Ok(Status::Partial) if self.buffer.len() < HEAD => self.fill(stream).await?,
                    _ => return Err(Broken::Refused(400)),
                }
            };
            if size == 0 {
                break;
            }
            if size > BODY as u64 || body.len() + size as usize > BODY {
                return Err(Broken::Refused(413));
            }
            let size = size as usize;
            while self.buffer.len() < size + 2 {
                self.fill(stream).await?;
            }
            body.extend(self.buffer.drain(..size));
            if !self.buffer.starts_with(b"\r\n") {
                return Err(Broken::Refused(400));
            }
            self.buffer.drain(..2);
        }
        loop {
            let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") else {
                if self.buffer.len() > HEAD {
                    return Err(Broken::Refused(431));
                }
                self.fill(stream).await?;
                continue;
            };
            self.buffer.drain(..end + 2);
            if end == 0 {
                return Ok(body);
            }
        }
    }

    async fn fill(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> Result<(), Broken> {
        self.buffer.reserve(2048);
        match stream.read_buf(&mut self.buffer).await? {
            0 => Err(Broken::Gone),
            _ => Ok(()),
        }
    }
}

fn parse_head(buffer: &[u8]) -> Result<Option<Head>, Broken> {
    if buffer.is_empty() {
        return Ok(None);
    }
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let length = match parsed.parse(buffer) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Broken::Refused(431)),
        Err(_) => return Err(Broken::Refused(400)),
    };
    if length > HEAD {
        return Err(Broken::Refused(431));
    }
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers: Vec<(String, String)> =
        parsed.headers.iter().map(|header| (header.name.to_owned(), text(header.value))).collect();
    let (path, query) = split_target(parsed.path.unwrap_or_default());
    let incoming = Incoming {
        method: parsed.method.unwrap_or_default().to_owned(),
        path,
        query,
        keep_alive: keeps_alive(&headers, parsed.version),
        body: Vec::new(),
        headers,
    };
    let expects_continue = values(&incoming.headers, "expect").any(|value| value.eq_ignore_ascii_case("100-continue"));
    Ok(Some(Head { framing: framing(&incoming.headers)?, expects_continue, incoming, length }))
}

/// Origin form, or absolute form as a proxy would get it (RFC 9112 section 3.2).
fn split_target(target: &str) -> (String, Option<String>) {
    let target = match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') && !scheme.contains('?') => {
            rest.find(['/', '?']).map_or("/", |start| &rest[start..])
        }
        _ => target,
    };
    match target.split_once('?') {
        Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
        None => (target.to_owned(), None),
    }
}

fn keeps_alive(headers: &[(String, String)], version: Option<u8>) -> bool {
    let says = |word: &str| {
        values(headers, "connection")
            .flat_map(|value| value.split(','))
            .any(|item| item.trim().eq_ignore_ascii_case(word))
    };
    if version == Some(0) { says("keep-alive") } else { !says("close") }
}

/// A message framed in two ways at once is how requests are smuggled (RFC 9112 section 6.1), so it is refused.
fn framing(headers: &[(String, String)]) -> Result<Framing, Broken> {
    let mut codings = values(headers, "transfer-encoding");
    let mut lengths = values(headers, "content-length");
    if let Some(coding) = codings.next() {
        let sound = coding.eq_ignore_ascii_case("chunked") && codings.next().is_none() && lengths.next().is_none();
        return if sound { Ok(Framing::Chunked) } else { Err(Broken::Refused(400)) };
    }
    let Some(first) = lengths.next() else {
        return Ok(Framing::Length(0));
    };
    let digits = !first.is_empty() && first.bytes().all(|b| b.is_ascii_digit());
    if !digits || lengths.any(|other| other != first) {
        return Err(Broken::Refused(400));
    }
    // A number beyond usize is too large a body as well.
    Ok(Framing::Length(first.parse().unwrap_or(usize::MAX)))
}

fn values<'a>(headers: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = &'a str> {
    headers.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The bytes of an answer, and where its body lies in them.
pub(crate) struct Outgoing {
    pub(crate) bytes: Vec<u8>,
    pub(crate) body: Range<usize>,
}

/// What to write besides the answer's own header fields.
pub(crate) struct Writing<'a> {
    pub(crate) status: u16,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) content_type: Option<&'a str>,
    pub(crate) body: &'a [u8],
    pub(crate) keep_alive: bool,
    pub(crate) date: &'a str,
    /// How much more `Content-Length` claims than there is.
    pub(crate) missing: usize,
    /// The answer to HEAD has the header of a GET and nothing behind it (RFC 9110 section 9.3.2).
    pub(crate) head_only: bool,
    pub(crate) name: fn(&str) -> String,
}

impl Writing<'_> {
    pub(crate) fn bytes(&self) -> Outgoing {
        let mut bytes = Vec::with_capacity(512 + self.body.len());
        bytes.extend_from_slice(format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status)).as_bytes());
        let mut field = |name: &str, value: &str| {
            bytes.extend_from_slice((self.name)(name).as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        };
        field("Date", self.date);
        for (name, value) in self.headers {
            field(name, value);
        }
        if let Some(content_type) = self.content_type {
            field("Content-Type", content_type);
        }
        // These have no body by definition, so no length either (RFC 9110 section 8.6).
        if self.status != 204 && self.status != 304 {
            field("Content-Length", &(self.body.len() + self.missing).to_string());
        }
        if !self.keep_alive {
            field("Connection", "close");
        }
        bytes.extend_from_slice(b"\r\n");
        let start = bytes.len();
        if !self.head_only && self.status != 204 && self.status != 304 {
            bytes.extend_from_slice(self.body);
        }
        Outgoing { body: start..bytes.len(), bytes }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(headers: &[(&str, &str)]) -> bool {
        let headers: Vec<_> = headers.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        framing(&headers).is_ok()
    }

    #[test]
    fn a_message_framed_in_two_ways_is_refused() {
        assert!(framed(&[("Content-Length", "3"), ("content-length", "3")]));
        assert!(!framed(&[("Content-Length", "3"), ("content-length", "4")]));
        assert!(!framed(&[("Content-Length", "3"), ("Transfer-Encoding", "chunked")]));
        assert!(!framed(&[("Transfer-Encoding", "gzip, chunked")]));
        assert!(!framed(&[("Content-Length", "+3")]));
    }

    #[test]
    fn a_target_may_be_absolute() {
        assert_eq!(split_target("/a?b=http://c/d"), ("/a".into(), Some("b=http://c/d".into())));
        assert_eq!(split_target("http://h:1/a?b"), ("/a".into(), Some("b".into())));
        assert_eq!(split_target("http://h"), ("/".into(), None));
    }
}
