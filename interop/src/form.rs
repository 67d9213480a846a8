//! Just enough HTML to fill in a form.

use std::collections::BTreeMap;

/// A form of a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Where it goes; None for the page's own address.
    pub action: Option<String>,
    /// Names and values of its inputs.
    pub fields: Vec<(String, String)>,
    /// Names and values of its submit buttons.
    pub buttons: Vec<(String, String)>,
}

/// The first form of a page, with the buttons outside of it that name it.
pub fn first_form(html: &str) -> Option<Form> {
    let (mut form, mut id, mut closed) = (None, None, false);
    for (name, mut attributes) in tags(html) {
        let mut take = |attribute: &str| attributes.remove(attribute);
        match (name.as_str(), &mut form) {
            ("form", None) => {
                id = take("id");
                form = Some(Form { action: take("action").filter(|action| !action.is_empty()), ..Form::default() })
            }
            ("/form", Some(_)) => closed = true,
            ("input" | "button", Some(_)) if closed && (id.is_none() || take("form") != id) => {}
            ("input" | "button", Some(form)) => {
                let kind = take("type").unwrap_or_default();
                let Some(field) = take("name").filter(|name| !name.is_empty()) else { continue };
                let value = take("value").unwrap_or_default();
                if name == "button" || kind == "submit" {
                    form.buttons.push((field, value))
                } else {
                    form.fields.push((field, value))
                }
            }
            _ => {}
        }
    }
    form
}

/// Names and attributes of the tags, in order.
fn tags(html: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let end = rest.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = &rest[end..];
        let mut attributes = BTreeMap::new();
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if rest.is_empty() || rest.starts_with('>') {
                break;
            }
            let end = rest.find(|c: char| c.is_whitespace() || c == '=' || c == '>').unwrap_or(rest.len());
            let attribute = rest[..end.max(1)].to_ascii_lowercase();
            rest = &rest[end.max(1)..];
            let mut value = "";
            if let Some(after) = rest.strip_prefix('=') {
                let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
                let after = if quote.is_some() { &after[1..] } else { after };
                let end = match quote {
                    Some(quote) => after.find(quote),
                    None => after.find(|c: char| c.is_whitespace() || c == '>'),
                }
                .unwrap_or(after.len());
                value = &after[..end];
                rest = &after[(end + usize::from(quote.is_some())).min(after.len())..];
            }
            attributes.insert(attribute, unescape(value));
        }
        found.push((name, attributes));
    }
    found
}

fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_buttons_are_told_apart() {
        let page = r#"<!doctype html><p>x<form method=post action='/in?a=1&amp;b=2'><label>User <input name="username" autocomplete="username"></label>
            <input type=hidden name=xsrf value="a&quot;b"/><input type="submit" name="go" value="1"><input type="checkbox"><button name="action" value="login">Log in</button></form><form>"#;
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let form = Form {
            action: Some("/in?a=1&b=2".into()),
            fields: vec![pair("username", ""), pair("xsrf", "a\"b")],
            buttons: vec![pair("go", "1"), pair("action", "login")],
        };
        assert_eq!(first_form(page), Some(form));
        assert_eq!(first_form("<p>no form <"), None);
        let page =
            r#"<form id=f></form><button form="f" name="logout" value="yes">Yes</button><button name="no">No</button>"#;
        let form = Form { buttons: vec![pair("logout", "yes")], ..Form::default() };
        assert_eq!(first_form(page), Some(form));
        assert_eq!(first_form("<form><input name"), Some(Form::default()));
    }
}
