//! The request's query, written straight into one string: [RFC 6749 appendix B](https://www.rfc-editor.org/rfc/rfc6749#appendix-B).

use crate::Scope;
use crate::wire::form::encode_into;

/// Parameters appended to a URL's text, after what its own query holds.
pub(super) struct Query {
    text: String,
    separator: Option<char>,
}

impl Query {
    pub(super) fn after(url: &::url::Url) -> Self {
        let separator = match url.query() {
            None => Some('?'),
            Some("") => None,
            Some(_) => Some('&'),
        };
        let mut text = String::with_capacity(url.as_str().len() + 512);
        text.push_str(url.as_str());
        Self { text, separator }
    }

    /// A parameter; `name` is one that needs no encoding.
    pub(super) fn pair(&mut self, name: &str, value: &str) {
        self.name(name);
        encode_into(&mut self.text, value);
    }

    /// A parameter whose name comes from the caller.
    pub(super) fn foreign_pair(&mut self, name: &str, value: &str) {
        self.text.extend(self.separator);
        self.separator = Some('&');
        encode_into(&mut self.text, name);
        self.text.push('=');
        encode_into(&mut self.text, value);
    }

    /// A list with spaces between its words; left out where it is empty.
    pub(super) fn words(&mut self, name: &str, words: &Scope) {
        for (number, word) in words.iter().enumerate() {
            match number {
                0 => self.name(name),
                _ => self.text.push('+'),
            }
            encode_into(&mut self.text, word);
        }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn name(&mut self, name: &str) {
        self.text.extend(self.separator);
        self.separator = Some('&');
        self.text.push_str(name);
        self.text.push('=');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_as_the_url_crate_does() {
        let every: String = (0..0x250).filter_map(char::from_u32).chain("\u{20ac}\u{1f600} a b".chars()).collect();
        for value in [&*every, "", " ", "plain", "é"] {
            let mut url = ::url::Url::parse("https://as.example/a?x=1").unwrap();
            let mut query = Query::after(&url);
            query.pair("name", value);
            query.foreign_pair(value, value);
            url.query_pairs_mut().append_pair("name", value).append_pair(value, value);
            assert_eq!(query.into_text(), url.as_str());
        }
    }
}
