//! What a person sees in the browser after logging in ([RFC 8252 section 7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)).

use grantee_core::error::Excerpt;

/// A page and its status. No page takes anything from a request but [`Page::refused`], which escapes it.
pub(super) struct Page {
    status: &'static str,
    title: &'static str,
    text: String,
    script: &'static str,
}

impl Page {
    pub(super) fn done() -> Self {
        Self::new("200 OK", "Login received", "You can close this page and go back to the program.")
    }

    pub(super) fn refused(error: &str) -> Self {
        let text = format!(
            "The server said <code>{}</code>. You can close this page and go back to the program.",
            escape(&Excerpt(error).to_string())
        );
        Self { text, ..Self::new("200 OK", "The login was refused", "") }
    }

    pub(super) fn relay() -> Self {
        let text = "Handing over to the program. <noscript>That takes JavaScript, which is off here: copy this page's address \
                    into the program instead.</noscript>";
        Self { script: RELAY, ..Self::new("200 OK", "One moment", text) }
    }

    pub(super) fn another_login() -> Self {
        let text = "This answer belongs to another login than the one under way. Start again from the program.";
        Self::new("400 Bad Request", "Another login", text)
    }

    pub(super) fn not_found() -> Self {
        Self::new("404 Not Found", "Nothing here", "The program waits for a login, at another address than this.")
    }

    pub(super) fn wrong_host() -> Self {
        Self::new("421 Misdirected Request", "Nothing here", "This address goes by another name.")
    }

    pub(super) fn wrong_method() -> Self {
        Self::new("405 Method Not Allowed", "Nothing here", "This address takes a GET or a form.")
    }

    pub(super) fn bad_request() -> Self {
        Self::new("400 Bad Request", "Not understood", "The browser's request could not be read.")
    }

    pub(super) fn head_too_large() -> Self {
        Self::new("431 Request Header Fields Too Large", "Too large", "The browser sent more than is read here.")
    }

    pub(super) fn body_too_large() -> Self {
        Self::new("413 Content Too Large", "Too large", "The browser sent more than is read here.")
    }

    fn new(status: &'static str, title: &'static str, text: &str) -> Self {
        Self { status, title, text: text.to_owned(), script: "" }
    }

    /// The whole answer.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let Self { status, title, text, script } = self;
        let script = if script.is_empty() { String::new() } else { format!("<script>{script}</script>") };
        let body = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
             <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head>\
             <body><main><h1>{title}</h1><p>{text}</p></main>{script}</body></html>\n"
        );
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\
             Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
             Allow: GET, POST\r\nContent-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; \
             script-src '{RELAY_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}

const STYLE: &str = ":root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;display:grid;place-items:center;\
                     min-height:90vh;margin:1rem}main{max-width:34rem}h1{font-size:1.5rem}";

/// Posts what the fragment holds to this same address, where it is judged like any other form.
const RELAY: &str = "const answer=location.hash.slice(1);history.replaceState(null,'',location.pathname);\
if(answer){const form=document.createElement('form');form.method='post';\
for(const[name,value]of new URLSearchParams(answer)){const input=document.createElement('input');\
input.type='hidden';input.name=name;input.value=value;form.append(input)}\
document.body.append(form);HTMLFormElement.prototype.submit.call(form)}\
else{document.querySelector('p').textContent='There is no answer in this address. Start again from the program.'}";

/// What lets the relay's script run, and no other: its SHA-256 digest.
const RELAY_HASH: &str = "sha256-5b8ooy6/EtaClbJCKL26vnL8bMwve9EsOSwoUxSN428=";

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_words_are_text_and_no_markup() {
        let bytes = Page::refused("<script>alert('1')</script>&\"\u{202e}").to_bytes();
        let page = String::from_utf8(bytes).unwrap();
        assert!(page.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;\u{fffd}"), "{page}");
        assert!(!page.contains("<script>"));
        assert!(String::from_utf8(Page::refused(&"<".repeat(9000)).to_bytes()).unwrap().len() < 3000);
    }

    #[test]
    fn the_policy_names_the_script_that_is_sent() {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, RELAY.as_bytes());
        assert_eq!(RELAY_HASH, format!("sha256-{}", base64(digest.as_ref())));
    }

    fn base64(bytes: &[u8]) -> String {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let digit = |group: u32, at: u32| char::from(DIGITS[(group >> (18 - 6 * at)) as usize & 63]);
        let groups = bytes.chunks(3).map(|three| {
            let group = (0..3).fold(0, |group, at| group << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
            (0..4).map(|at| if at > three.len() as u32 { '=' } else { digit(group, at) }).collect::<String>()
        });
        groups.collect()
    }
}
