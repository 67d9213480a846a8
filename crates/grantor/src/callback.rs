//! The authorization response, [RFC 6749 section 4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2), on its
//! way through the browser to the client.

use url::form_urlencoded;

use crate::{pages, response::Response};

/// How the parameters travel (OAuth 2.0 Multiple Response Type Encoding Practices, section 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseMode {
    Query,
    Fragment,
    FormPost,
}

impl ResponseMode {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "query" => Some(Self::Query),
            "fragment" => Some(Self::Fragment),
            "form_post" => Some(Self::FormPost),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Callback {
    pub(crate) redirect_uri: String,
    pub(crate) mode: ResponseMode,
    pub(crate) params: Vec<(String, String)>,
    /// Whether it answers a POST, whose body must not be sent on to the client.
    pub(crate) after_post: bool,
    /// What the browser loads in frames before it goes on (OpenID Connect Front-Channel Logout 1.0 section 2).
    pub(crate) frames: Vec<String>,
    /// The client it is to be a JWT for (JARM section 2).
    pub(crate) jarm: Option<String>,
}

/// How an answer travels, and whether as a JWT (JARM section 2.3).
pub(crate) fn parse_response_mode(name: &str, default: ResponseMode) -> Option<(ResponseMode, bool)> {
    match name.strip_suffix(".jwt") {
        Some(mode) => Some((ResponseMode::parse(mode)?, true)),
        None if name == "jwt" => Some((default, true)),
        None => Some((ResponseMode::parse(name)?, false)),
    }
}

impl Callback {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Replaces a parameter where it stands, or adds it.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        match self.params.iter_mut().find(|(other, _)| other == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.params.push((name.to_owned(), value.to_owned())),
        }
    }

    pub(crate) fn into_response(self) -> Response {
        if self.mode == ResponseMode::FormPost {
            return pages::form_post(&self.redirect_uri, &self.params);
        }
        let to = self.target();
        if !self.frames.is_empty() {
            return pages::logging_out(&self.frames, Some(&to));
        }
        // A browser repeats a POST on a 307, and may on a 302: with 303 the person's password stays here
        // (RFC 9700 section 4.12).
        let status = if self.after_post { 303 } else { 302 };
        Response::empty(status).header("Location", to).header("Referrer-Policy", "no-referrer").no_store()
    }

    fn target(&self) -> String {
        if self.params.is_empty() {
            return self.redirect_uri.clone();
        }
        let params = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.params).finish();
        let separator = match self.mode {
            ResponseMode::Fragment => '#',
            // A redirect URI keeps the query it was registered with (RFC 6749 section 3.1.2).
            _ if self.redirect_uri.contains('?') => '&',
            _ => '?',
        };
        format!("{}{separator}{params}", self.redirect_uri)
    }
}
