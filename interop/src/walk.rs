//! The way of a person from an authorization URL to the callback, by a plain HTTP client with cookies.

use ureq::http::{Method, Request, header};
use url::Url;

use crate::form::first_form;
use crate::server::{PASSWORD, Server, USER};

/// Walks as alice, who agrees, and gives the whole callback URL.
///
/// Panics with the page it got stuck at.
pub fn walk(server: &Server, authorization_url: &str) -> String {
    Walk::new(server).to_callback(authorization_url).unwrap_or_else(|stuck| panic!("{}: {stuck}", server.name))
}

/// A person with a cookie jar. A second walk of the same person finds her logged in.
#[derive(Debug)]
pub struct Walk {
    agent: ureq::Agent,
    server: Server,
    user: String,
    password: String,
    answer: &'static str,
    cookies: Vec<Cookie>,
}

#[derive(Debug)]
struct Cookie {
    host: String,
    path: String,
    name: String,
    value: String,
}

/// How a person comes back.
enum Arrival {
    Url(String),
    /// By a form, which is given as it would be posted.
    Form(String),
}

/// What a page answered.
#[derive(Debug)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// The Location header.
    pub location: Option<String>,
    /// The body.
    pub body: String,
}

impl Walk {
    /// Alice, not logged in yet.
    pub fn new(server: &Server) -> Self {
        Self {
            agent: server.tls.agent(),
            server: server.clone(),
            user: USER.into(),
            password: PASSWORD.into(),
            answer: "allow",
            cookies: Vec::new(),
        }
    }

    /// Somebody else, whose password is the name and `-password`.
    #[must_use]
    pub fn user(mut self, name: &str) -> Self {
        self.user = name.into();
        self.password = format!("{name}-password");
        self
    }

    /// Somebody who clicks Deny where a form asks for consent (`ui=form` at oidc-provider).
    #[must_use]
    pub fn denying(mut self) -> Self {
        self.answer = "deny";
        self
    }

    /// Follows redirects and fills in forms until the request's `redirect_uri` is reached.
    pub fn to_callback(&mut self, authorization_url: &str) -> Result<String, String> {
        self.to(authorization_url, &redirect_uri_of(authorization_url)?)
    }

    /// The same for a request that does not show its `redirect_uri`.
    pub fn to(&mut self, authorization_url: &str, redirect_uri: &str) -> Result<String, String> {
        match self.arrive(authorization_url, redirect_uri)? {
            Arrival::Url(url) => Ok(url),
            Arrival::Form(_) => Err(format!("a form is posted to {redirect_uri}; use to_form_post()")),
        }
    }

    /// As [`to_callback`](Self::to_callback), for a request with `response_mode=form_post`: what the browser posts to the
    /// `redirect_uri`, form-urlencoded.
    pub fn to_form_post(&mut self, authorization_url: &str) -> Result<String, String> {
        self.to_form_post_at(authorization_url, &redirect_uri_of(authorization_url)?)
    }

    /// The same for a request that does not show its `redirect_uri`.
    pub fn to_form_post_at(&mut self, authorization_url: &str, redirect_uri: &str) -> Result<String, String> {
        match self.arrive(authorization_url, redirect_uri)? {
            Arrival::Form(body) => Ok(body),
            Arrival::Url(url) => Err(format!("came back by {url}, not by a form")),
        }
    }

    /// Opens the URL in a browser that is as it is: nobody logs in at Glewlwyd first.
    pub fn to_callback_silently(&mut self, authorization_url: &str) -> Result<String, String> {
        let redirect_uri = redirect_uri_of(authorization_url)?;
        match self.follow(parse(authorization_url)?, &redirect_uri)? {
            Arrival::Url(url) => Ok(url),
            Arrival::Form(_) => Err(format!("a form is posted to {redirect_uri}")),
        }
    }

    /// Agrees to a logout, and gives the URL that the person comes back to.
    pub fn log_out(&mut self, url: &str, post_logout_redirect_uri: &str) -> Result<String, String> {
        if self.server.name == "glewlwyd" {
            return self.log_out_of_glewlwyd(&parse(url)?);
        }
        match self.follow(parse(url)?, post_logout_redirect_uri)? {
            Arrival::Url(url) => Ok(url),
            Arrival::Form(_) => Err(format!("a form is posted to {post_logout_redirect_uri}")),
        }
    }

    fn arrive(&mut self, authorization_url: &str, redirect_uri: &str) -> Result<Arrival, String> {
        let mut url = parse(authorization_url)?;
        if self.server.name == "glewlwyd" {
            self.log_in_to_glewlwyd()?;
            url.query_pairs_mut().append_key_only("g_continue"); // what the button of its own page sends
        }
        self.follow(url, redirect_uri)
    }

    fn follow(&mut self, mut url: Url, redirect_uri: &str) -> Result<Arrival, String> {
        let mut page = self.get(&url)?;
        for _ in 0..20 {
            if let Some(location) = &page.location {
                if location.split(['?', '#']).next() == Some(redirect_uri) {
                    return Ok(Arrival::Url(location.clone()));
                }
                url = url.join(location).map_err(|error| format!("{location}: {error}"))?;
                page = self.get(&url)?;
            } else if let Some(form) = first_form(&page.body).filter(|_| page.status == 200) {
                let mut fields = form.fields;
                if form.action.as_deref() == Some(redirect_uri) {
                    return Ok(Arrival::Form(encoded(fields)));
                }
                for (name, value) in &mut fields {
                    match name.as_str() {
                        "username" => value.clone_from(&self.user),
                        "password" => value.clone_from(&self.password),
                        _ => {}
                    }
                }
                let is_wanted = |(name, value): &(String, String)| match name.as_str() {
                    "action" => ["login", self.answer].contains(&value.as_str()),
                    "logout" => value == "yes",
                    _ => false,
                };
                fields.extend(form.buttons.into_iter().find(is_wanted));
                url = url.join(form.action.as_deref().unwrap_or("")).map_err(|error| error.to_string())?;
                page = self.send(Method::POST, &url, Some(("application/x-www-form-urlencoded", encoded(fields))))?;
            } else {
                let excerpt: String = page.body.chars().take(600).collect();
                return Err(format!(
                    "stuck at {url}: status {} and neither a redirect nor a form: {excerpt}",
                    page.status
                ));
            }
        }
        Err(format!("never came to {redirect_uri}, last at {url}"))
    }

    /// What the script of its page does when the person clicks on it.
    fn log_out_of_glewlwyd(&mut self, end_session: &Url) -> Result<String, String> {
        let page = self.get(end_session)?;
        let there = page.location.ok_or_else(|| format!("{end_session}: no redirect but status {}", page.status))?;
        let there = end_session.join(&there).map_err(|error| error.to_string())?;
        let parameter =
            |wanted: &str| there.query_pairs().find_map(|(name, value)| (name == wanted).then(|| value.into_owned()));
        let session = parameter("sid").ok_or_else(|| format!("{there} names no session"))?;
        let issuer = self.server.issuer.clone().unwrap_or_default();
        for url in [format!("{issuer}/session/{session}"), format!("{}/api/auth/", self.server.base)] {
            let page = self.send(Method::DELETE, &parse(&url)?, None)?;
            if page.status != 200 {
                return Err(format!("{url}: status {}", page.status));
            }
        }
        parameter("callback_url").ok_or_else(|| format!("{there} leads nowhere after the logout"))
    }

    pub(crate) fn log_in_to_glewlwyd(&mut self) -> Result<(), String> {
        let login = Url::parse(&format!("{}/api/auth/", self.server.base)).map_err(|error| error.to_string())?;
        let body = serde_json::json!({ "username": self.user, "password": self.password }).to_string();
        let page = self.send(Method::POST, &login, Some(("application/json", body)))?;
        if page.status == 200 { Ok(()) } else { Err(format!("{} cannot log in: status {}", self.user, page.status)) }
    }

    /// One GET with the cookies.
    pub fn get(&mut self, url: &Url) -> Result<Page, String> {
        self.send(Method::GET, url, None)
    }

    fn send(&mut self, method: Method, url: &Url, body: Option<(&str, String)>) -> Result<Page, String> {
        let sent: Vec<_> = self
            .cookies
            .iter()
            .filter(|cookie| cookie.applies_to(url))
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        let mut request = Request::builder().method(method).uri(url.as_str());
        if !sent.is_empty() {
            request = request.header(header::COOKIE, sent.join("; "));
        }
        if let Some((kind, _)) = &body {
            request = request.header(header::CONTENT_TYPE, *kind);
        }
        let request =
            request.body(body.map_or_else(String::new, |(_, body)| body)).map_err(|error| error.to_string())?;
        let mut answer = self.agent.run(request).map_err(|error| format!("{url}: {error}"))?;
        for set in answer.headers().get_all(header::SET_COOKIE) {
            if let Some(cookie) = set.to_str().ok().and_then(|set| Cookie::parse(url, set)) {
                self.cookies
                    .retain(|old| (&old.host, &old.path, &old.name) != (&cookie.host, &cookie.path, &cookie.name));
                if !cookie.value.is_empty() {
                    self.cookies.push(cookie);
                }
            }
        }
        let location =
            answer.headers().get(header::LOCATION).and_then(|location| location.to_str().ok()).map(str::to_owned);
        let body = answer.body_mut().read_to_string().map_err(|error| format!("{url}: {error}"))?;
        Ok(Page { status: answer.status().as_u16(), location, body })
    }
}

fn parse(url: &str) -> Result<Url, String> {
    Url::parse(url).map_err(|error| format!("{url}: {error}"))
}

fn redirect_uri_of(authorization_url: &str) -> Result<String, String> {
    let found = parse(authorization_url)?
        .query_pairs()
        .find_map(|(name, value)| (name == "redirect_uri").then(|| value.into_owned()));
    found.ok_or_else(|| "the authorization URL has no redirect_uri; use to()".into())
}

fn encoded(fields: Vec<(String, String)>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

impl Cookie {
    fn parse(url: &Url, set: &str) -> Option<Self> {
        let mut parts = set.split(';');
        let (name, value) = parts.next()?.trim().split_once('=')?;
        let path = parts.find_map(|part| {
            part.trim().split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("path")).map(|(_, path)| path)
        });
        let default =
            url.path().rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder });
        Some(Self {
            host: url.authority().into(),
            path: path.unwrap_or(default).into(),
            name: name.into(),
            value: value.into(),
        })
    }

    fn applies_to(&self, url: &Url) -> bool {
        let rest = url.path().strip_prefix(self.path.as_str());
        self.host == url.authority()
            && rest.is_some_and(|rest| rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_goes_to_its_path_and_below() {
        let at = |url: &str| Url::parse(url).expect("a URL");
        let cookie = Cookie::parse(&at("http://127.0.0.1:1/a/b"), "_x=1=2; Path=/auth/7; HttpOnly").expect("a cookie");
        assert_eq!((cookie.name.as_str(), cookie.value.as_str()), ("_x", "1=2"));
        assert!(
            cookie.applies_to(&at("http://127.0.0.1:1/auth/7"))
                && cookie.applies_to(&at("http://127.0.0.1:1/auth/7/x"))
        );
        assert!(
            !cookie.applies_to(&at("http://127.0.0.1:1/auth/77"))
                && !cookie.applies_to(&at("http://127.0.0.1:2/auth/7"))
        );
        assert_eq!(Cookie::parse(&at("http://127.0.0.1:1/a/b"), "x=1").expect("a cookie").path, "/a");
    }
}
