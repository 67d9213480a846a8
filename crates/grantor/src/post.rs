//! Posting a form to a client by plain HTTP: a logout token, and nothing else.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::{Url, form_urlencoded};

/// How long a client may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How much of an answer is read.
const LIMIT: usize = 1 << 20;

/// What a client answered to a logout token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogoutAnswer {
    /// The status: 200 where it took the token, 400 where it did not
    /// ([OpenID Connect Back-Channel Logout 1.0 section 2.8](https://openid.net/specs/openid-connect-backchannel-1_0.html#BCResponse)).
    pub status: u16,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl LogoutAnswer {
    /// The first header field of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Sends it and waits for the answer.
pub(crate) fn blocking(url: &str, logout_token: &str) -> io::Result<LogoutAnswer> {
    let (host, port, bytes) = request(url, logout_token)?;
    let address = (host.as_str(), port).to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(&bytes)?;
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer)?;
        received.extend(buffer.iter().take(count));
        if let Some(answer) = answer(&received, count == 0)? {
            return Ok(answer);
        }
    }
}

/// The same on the server's own runtime.
pub(crate) async fn send(url: &str, logout_token: &str) -> io::Result<LogoutAnswer> {
    let exchange = async {
        let (host, port, bytes) = request(url, logout_token)?;
        let mut stream = tokio::net::TcpStream::connect((host.as_str(), port)).await?;
        stream.write_all(&bytes).await?;
        let mut received = Vec::new();
        loop {
            let count = stream.read_buf(&mut received).await?;
            if let Some(answer) = answer(&received, count == 0)? {
                return Ok(answer);
            }
        }
    };
    tokio::time::timeout(PATIENCE, exchange).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn request(url: &str, logout_token: &str) -> io::Result<(String, u16, Vec<u8>)> {
    let unfit =
        |why: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("a logout URL must be plain http: {why}"));
    let url = Url::parse(url).map_err(|_| unfit("it is no URL"))?;
    if url.scheme() != "http" {
        return Err(unfit("it has another scheme"));
    }
    let host = url.host_str().ok_or_else(|| unfit("it has no host"))?;
    let port = url.port_or_known_default().unwrap_or(80);
    let body: String =
        form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", logout_token).finish();
    let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
    let head = format!(
        "POST {}{query} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\nAccept: application/json\r\nConnection: close\r\n\r\n",
        url.path(),
        body.len()
    );
    // A literal IPv6 address is written in brackets in a URL alone.
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok((host, port, (head + &body).into_bytes()))
}

/// The answer, once it is all there.
pub(crate) fn answer(received: &[u8], ended: bool) -> io::Result<Option<LogoutAnswer>> {
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "the client did not answer with HTTP");
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Response::new(&mut headers);
    let start = match parsed.parse(received).map_err(|_| bad())? {
        httparse::Status::Complete(start) => start,
        httparse::Status::Partial if ended || received.len() > LIMIT => return Err(bad()),
        httparse::Status::Partial => return Ok(None),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = parsed.headers.iter().map(|header| (header.name.to_owned(), text(header.value))).collect();
    let body = received.get(start..).unwrap_or_default();
    let answer = LogoutAnswer { status: parsed.code.unwrap_or_default(), headers, body: text(body) };
    let length = answer.header("content-length").and_then(|value| value.trim().parse::<usize>().ok());
    let whole = length.is_some_and(|length| body.len() >= length) || answer.status == 204;
    Ok((ended || whole || body.len() > LIMIT).then_some(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_length_is_there_or_the_connection_ends() {
        let whole = |text: &str, ended| answer(text.as_bytes(), ended).map(|answer| answer.is_some()).ok();
        assert_eq!(whole("HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}", false), Some(true));
        assert_eq!(whole("HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\n{}", false), Some(false));
        assert_eq!(whole("HTTP/1.1 200 OK\r\n\r\n", false), Some(false));
        assert_eq!(whole("HTTP/1.1 200 OK\r\n\r\n", true), Some(true));
        assert_eq!(whole("HTTP/1.1 20", true), None);
        assert_eq!(whole("nonsense\r\n\r\n", false), None);
    }

    #[test]
    fn only_plain_http_is_posted_to() {
        assert!(request("https://rp.example/logout", "t").is_err());
        let (host, port, bytes) = request("http://[::1]:81/a?b=c", "t&").unwrap();
        assert_eq!((host.as_str(), port), ("::1", 81));
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("POST /a?b=c HTTP/1.1\r\nHost: [::1]:81\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\nlogout_token=t%26"), "{text}");
    }
}
