//! Whether a person is still logged in at the server (OpenID Connect Session Management): the page for the hidden frame,
//! served by a listener of this program's own.
//!
//! A page of the program's holds `<iframe hidden src="/session-frame">`. That frame asks the server's frame every few seconds;
//! on `changed` it goes to `/login/again`, where a login with `prompt=none` tells whether the person is still the same.

use grantee::blocking::{Client, Login};
use grantee::{AuthorizationRequest, Result};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // In the place of your own server: one in this process, with a person who agrees to everything.
    let server = grantor::Server::builder().auto_approve("alice").start();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let own = format!("http://{}", listener.local_addr()?);
    let client =
        Client::discover(server.issuer()).client("svc", "secret").redirect_uri(format!("{own}/callback")).build()?;

    let (url, pending) = client.start(AuthorizationRequest::new().scope("openid"))?;
    let login = client.finish(pending, callback_of(url.as_str())?)?;

    // The browser, as far as it matters here: it asks for the frame, and for what `changed` leads to.
    let browser = std::thread::spawn(move || -> std::result::Result<_, ureq::Error> {
        let mut frame = ureq::get(format!("{own}/session-frame")).call()?;
        let again = ureq::get(format!("{own}/login/again")).config().max_redirects(0).build().call()?;
        Ok((frame.headers().clone(), frame.body_mut().read_to_string()?, again))
    });
    for _ in 0..2 {
        serve(&client, &login, listener.accept()?.0)?;
    }
    let (headers, page, again) = browser.join().expect("the browser's thread ends")?;

    let state = login.session_state().expect("the server manages sessions");
    assert!(page.contains(&format!("data-message=\"svc {state}\"")));
    assert!(page.contains("/check_session"));
    assert!(headers["content-security-policy"].to_str()?.contains(&server.issuer()));
    assert!(again.headers()["location"].to_str()?.contains("prompt=none"));
    Ok(())
}

/// One request of the browser's. Everything that is not the frame starts the login that finds out what has changed.
fn serve(
    client: &Client,
    login: &Login,
    mut connection: TcpStream,
) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut lines = BufReader::new(connection.try_clone()?).lines();
    let asked = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let answer = if asked.starts_with("GET /session-frame ") { frame(client, login)? } else { again(client, login)? };
    write!(
        connection,
        "HTTP/1.1 {}\r\nConnection: close\r\nContent-Length: {}\r\n",
        answer.status(),
        answer.body().len()
    )?;
    for (name, value) in answer.headers() {
        write!(connection, "{name}: {}\r\n", value.to_str()?)?;
    }
    write!(connection, "\r\n")?;
    connection.write_all(answer.body())?;
    Ok(())
}

fn frame(client: &Client, login: &Login) -> Result<http::Response<bytes::Bytes>> {
    // Without a session state there is nothing to watch; a program would serve an empty page.
    let watch = client.session_watch(login.session_state().unwrap_or_default())?;
    watch.rp_iframe_page("/login/again", "/session/unknown")
}

/// The ID token says who is expected. `Pending` goes into the person's session, as with any login.
fn again(client: &Client, login: &Login) -> Result<http::Response<bytes::Bytes>> {
    let mut request = AuthorizationRequest::new().scope("openid").prompt("none");
    if let Some(id_token) = login.id_token() {
        request = request.id_token_hint(id_token);
    }
    let (url, _pending) = client.start(request)?;
    let answer = http::Response::builder().status(302).header("location", url.as_str()).body(bytes::Bytes::new());
    answer.map_err(|_| grantee::Error::config("the login's URL fits into no header", "look at the metadata"))
}

fn callback_of(url: &str) -> std::result::Result<String, Box<dyn std::error::Error>> {
    let answer = ureq::get(url).config().max_redirects(0).build().call()?;
    Ok(answer.headers()["location"].to_str()?.to_owned())
}
