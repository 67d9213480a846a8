//! The way of a person from an authorization URL to the callback, by a plain HTTP client with cookies.

use std::time::Duration;

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
        let config = ureq::Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(30)));
        Self {
            agent: config.build().new_agent(),
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
        let redirect_uri = Url::parse(authorization_url)
            .map_err(|error| error.to_string())?
            .query_pairs()
            .find_map(|(name, value)| (name == "redirect_uri").then(|| value.into_owned()))
            .ok_or("the authorization URL has no redirect_uri; use to()")?;
        self.to(authorization_url, &redirect_uri)
    }

    /// The same for a request that does not show its `redirect_uri`.
    pub fn to(&mut self, authorization_url: &str, redirect_uri: &str) -> Result<String, String> {
        let mut url = Url::parse(authorization_url).map_err(|error| error.to_string())?;
        if self.server.name == "glewlwyd" {
            self.log_in_to_glewlwyd()?;
            url.query_pairs_mut().append_key_only("g_continue"); // what the button of its own page sends
        }
        let mut page = self.get(&url)?;
        for _ in 0..20 {
            if let Some(location) = &page.location {
                if location.split(['?', '#']).next() == Some(redirect_uri) {
                    return Ok(location.clone());
                }
                url = url.join(location).map_err(|error| format!("{location}: {error}"))?;
                page = self.get(&url)?;
            } else if let Some(form) = first_form(&page.body).filter(|_| page.status == 200) {
                let mut fields = form.fields;
                for (name, value) in &mut fields {
                    match name.as_str() {
                        "username" => value.clone_from(&self.user),
                        "password" => value.clone_from(&self.password),
                        _ => {}
                    }
                }
                let wanted = ["login", self.answer];
                fields.extend(
                    form.buttons.into_iter().find(|(name, value)| name == "action" && wanted.contains(&value.as_str())),
                );
                url = url.join(form.action.as_deref().unwrap_or("")).map_err(|error| error.to_string())?;
                let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                page = self.send(Method::POST, &url, Some(("application/x-www-form-urlencoded", body)))?;
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

    fn log_in_to_glewlwyd(&mut self) -> Result<(), String> {
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
