//! A browser for the demo: follows the server's redirect to where it leads.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use url::Url;

/// Opens a page and goes where it redirects to; returns the address of the last page.
pub(super) fn walk(url: &Url) -> io::Result<Url> {
    let mut url = url.clone();
    for _ in 0..5 {
        match redirect(&url)? {
            Some(next) => url = next,
            None => return Ok(url),
        }
    }
    Err(io::Error::other("too many redirects"))
}

/// Opens a page; returns where it redirects to.
pub(super) fn redirect(url: &Url) -> io::Result<Option<Url>> {
    let invalid = || io::Error::other("no page on this machine");
    let address = url.socket_addrs(|| None)?;
    let mut stream = TcpStream::connect(&*address)?;
    let host = url.host_str().ok_or_else(invalid)?;
    let port = url.port_or_known_default().ok_or_else(invalid)?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    write!(stream, "GET {}{query} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n", url.path())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    let location = head.lines().skip(1).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
    });
    location.map(|location| url.join(&location).map_err(io::Error::other)).transpose()
}
