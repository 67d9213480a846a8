//! A browser of a hundred lines: it keeps cookies, follows nothing, and says where it was sent.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use url::Url;

#[derive(Default)]
pub struct Browser {
    cookies: Mutex<BTreeMap<String, String>>,
}

/// Where a request has led.
#[derive(Debug)]
pub enum Arrived {
    /// The client's address, by a redirect.
    At(String),
    /// The client's address, with this form as the body of a POST.
    Posted(String),
    /// A page of the server's.
    Page(String),
}

impl Arrived {
    pub fn at(self) -> String {
        match self {
            Self::At(url) => url,
            other => panic!("no redirect but {other:?}"),
        }
    }

    pub fn page(self) -> String {
        match self {
            Self::Page(page) => page,
            other => panic!("no page but {other:?}"),
        }
    }
}

impl Browser {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub fn open(&self, url: &str) -> Arrived {
        let url = Url::parse(url).unwrap();
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut cookies = self.cookies.lock().unwrap();
        let cookie: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut connection = TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).unwrap();
        write!(
            connection,
            "GET {}{query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {}\r\n\r\n",
            url.path(),
            cookie.join("; ")
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let fields = || head.lines().filter_map(|line| line.split_once(": "));
        for (_, field) in fields().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            let (name, value) = field.split(';').next().unwrap().split_once('=').unwrap();
            if field.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        if let Some((_, location)) = fields().find(|(name, _)| name.eq_ignore_ascii_case("location")) {
            return Arrived::At(location.to_owned());
        }
        match hidden_inputs(body) {
            Some(form) => Arrived::Posted(form),
            None => Arrived::Page(body.to_owned()),
        }
    }
}

/// The head of the answer to a request with a token that is none.
pub fn head(url: &str) -> String {
    let url = Url::parse(url).unwrap();
    let mut connection = TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).unwrap();
    let path = url.path();
    write!(connection, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: DPoP x\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().0.to_owned()
}

/// The form that a page sends by itself, encoded.
fn hidden_inputs(page: &str) -> Option<String> {
    let form = page.split_once("<form method=\"post\"")?.1.split_once("</form>")?.0;
    let mut encoded = url::form_urlencoded::Serializer::new(String::new());
    for input in form.split("<input type=\"hidden\" ").skip(1) {
        encoded.append_pair(&attribute(input, "name")?, &attribute(input, "value")?);
    }
    Some(encoded.finish())
}

/// Every value of an attribute in a page.
pub fn attributes(page: &str, element: &str, name: &str) -> Vec<String> {
    page.split(&format!("<{element} ")).skip(1).filter_map(|rest| attribute(rest, name)).collect()
}

fn attribute(element: &str, name: &str) -> Option<String> {
    let value = element.split_once(&format!("{name}=\""))?.1.split_once('"')?.0;
    let unescaped = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
        .iter()
        .fold(value.to_owned(), |text, (from, to)| text.replace(from, to));
    Some(unescaped)
}
