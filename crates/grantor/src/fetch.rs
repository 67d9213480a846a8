//! Getting what a client has published, by plain HTTP on a loopback host: a request object, a key set.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::Url;

use crate::{client::is_loopback, post};

/// How long a client may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How much of an answer is read.
const LIMIT: usize = 256 << 10;

/// The body of a 200. Redirects are not followed.
pub(crate) async fn text(uri: &str) -> io::Result<String> {
    let (host, port, request) = request(uri)?;
    let exchange = async {
        let mut stream = TcpStream::connect((host.as_str(), port)).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut received = Vec::new();
        loop {
            let ended = stream.read_buf(&mut received).await? == 0;
            if received.len() > LIMIT {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is too long"));
            }
            if let Some(answer) = post::answer(&received, ended)? {
                return match answer.status {
                    200 => Ok(answer.body),
                    status => Err(io::Error::other(format!("the status is {status}"))),
                };
            }
        }
    };
    tokio::time::timeout(PATIENCE, exchange).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn request(uri: &str) -> io::Result<(String, u16, String)> {
    let unfit = || io::Error::new(io::ErrorKind::InvalidInput, "it is no plain http on a loopback host");
    let url = Url::parse(uri).map_err(|_| unfit())?;
    if url.scheme() != "http" || !is_loopback(&url) {
        return Err(unfit());
    }
    let host = url.host_str().ok_or_else(unfit)?;
    let port = url.port_or_known_default().unwrap_or(80);
    let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
    // In HTTP/1.0 there are no chunks.
    let request = format!("GET {}{query} HTTP/1.0\r\nHost: {host}:{port}\r\nAccept: */*\r\n\r\n", url.path());
    // A literal IPv6 address is written in brackets in a URL alone.
    Ok((host.trim_start_matches('[').trim_end_matches(']').to_owned(), port, request))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_on_a_loopback_host_is_fetched() {
        let (host, port, text) = request("http://[::1]:81/a?b=c#d").unwrap();
        assert_eq!((host.as_str(), port), ("::1", 81));
        assert!(text.starts_with("GET /a?b=c HTTP/1.0\r\nHost: [::1]:81\r\n"), "{text}");
        for uri in
            ["https://127.0.0.1/", "http://client.example/", "http://169.254.169.254/", "file:///etc/passwd", "x"]
        {
            assert!(request(uri).is_err(), "{uri}");
        }
    }
}
