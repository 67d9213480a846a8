//! The pages a person sees. Plain HTML without a single external resource.

use std::sync::OnceLock;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{authorize::Login, browser::Interaction, response::Response, shared::Config};

const STYLE: &str = include_str!("pages.css");
const SUBMIT: &str = "document.forms[0].submit()";
/// Goes on once every frame has loaded.
const GO_ON: &str = "addEventListener('load', () => location.replace(document.getElementById('go-on').href))";

pub(crate) fn login(
    config: &Config,
    id: &str,
    interaction: &Interaction,
    username: &str,
    alert: Option<&str>,
) -> Response {
    let client = escape(&interaction.authorization.client_id);
    let alert_box = alert.map_or(String::new(), |text| format!(r#"<p role="alert" id="alert">{}</p>"#, escape(text)));
    let described = if alert.is_some() { r#" aria-describedby="alert" aria-invalid="true""# } else { "" };
    // Whoever's name is known goes on with the password.
    let (focus_name, focus_password) = if username.is_empty() { (" autofocus", "") } else { ("", " autofocus") };
    let body = format!(
        r#"<h1>Sign in</h1>
<p>to continue to <strong>{client}</strong></p>
{alert_box}
<form method="post" action="{action}">
{hidden}
<label for="username">User name</label>
<input id="username" name="username" value="{username}" autocomplete="username" autocapitalize="none" spellcheck="false" required{described}{focus_name}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required{described}{focus_password}>
<div class="buttons">
<button type="submit" name="action" value="login">Sign in</button>
<button type="submit" name="action" value="deny" class="quiet" formnovalidate>Cancel</button>
</div>
</form>"#,
        action = escape(&format!("{}/authorize/login", config.base)),
        hidden = hidden(id, interaction),
        username = escape(username),
    );
    let title = if alert.is_some() { "Error: sign in" } else { "Sign in" };
    page(200, title, &body)
}

pub(crate) fn consent(config: &Config, id: &str, interaction: &Interaction, login: &Login) -> Response {
    let authorization = &interaction.authorization;
    let client = escape(&authorization.client_id);
    let name = config.users.get(&login.username).map_or(login.username.as_str(), |user| user.display_name());
    let scopes: String = authorization
        .scope
        .split(' ')
        .filter(|value| !value.is_empty())
        .map(|value| format!("<li><code>{}</code>{}</li>\n", escape(value), meaning(value)))
        // RFC 9396 section 12: the person sees what is asked.
        .chain(
            authorization.details.iter().map(|entry| format!("<li><code>{}</code></li>\n", escape(&entry.to_string()))),
        )
        .collect();
    let wishes = if scopes.is_empty() {
        "<p>It asks for nothing in particular.</p>".to_owned()
    } else {
        format!("<p>It asks for:</p>\n<ul>\n{scopes}</ul>")
    };
    let way_on = match &authorization.user_code {
        Some(user_code) => format!("Your device must show <code>{}</code>", escape(user_code)),
        // RFC 5849 section 2.1.
        None if authorization.reply.redirect_uri == "oob" => "You will be shown a code".to_owned(),
        None => format!("You will be sent to <code>{}</code>", escape(&authorization.reply.redirect_uri)),
    };
    let body = format!(
        r#"<h1>Allow access?</h1>
<p><strong>{client}</strong> wants to act for you, <strong>{name}</strong>.</p>
{wishes}
<p class="small">{way_on}</p>
<form method="post" action="{action}">
{hidden}
<div class="buttons">
<button type="submit" name="action" value="allow">Allow</button>
<button type="submit" name="action" value="deny" class="quiet">Deny</button>
</div>
</form>"#,
        name = escape(name),
        action = escape(&format!("{}/authorize/consent", config.base)),
        hidden = hidden(id, interaction),
    );
    page(200, "Allow access?", &body)
}

fn meaning(scope: &str) -> &'static str {
    match scope {
        "openid" => ": to know that it is you",
        "profile" => ": your name",
        "email" => ": your email address",
        "offline_access" => ": to go on while you are away",
        _ => "",
    }
}

fn hidden(id: &str, interaction: &Interaction) -> String {
    format!(
        r#"<input type="hidden" name="interaction" value="{}">
<input type="hidden" name="csrf" value="{}">"#,
        escape(id),
        escape(&interaction.csrf)
    )
}

pub(crate) fn error(message: &str) -> Response {
    let body = format!(r#"<h1>This does not work</h1><p role="alert">{}</p>"#, escape(message));
    page(400, "This does not work", &body)
}

pub(crate) fn signed_out() -> Response {
    page(200, "Signed out", "<h1>Signed out</h1><p>You can close this window.</p>")
}

pub(crate) fn still_signed_in() -> Response {
    page(200, "Still signed in", "<h1>Still signed in</h1><p>Nothing has changed.</p>")
}

/// Asks the person before a session ends.
pub(crate) fn confirm_logout(config: &Config, id: &str, csrf: &str, client: Option<&str>) -> Response {
    let client = client.map_or_else(|| "A page".to_owned(), |client| format!("<strong>{}</strong>", escape(client)));
    let body = format!(
        r#"<h1>Sign out?</h1>
<p>{client} wants to sign you out here.</p>
<form method="post" action="{action}">
<input type="hidden" name="interaction" value="{id}">
<input type="hidden" name="csrf" value="{csrf}">
<div class="buttons">
<button type="submit" name="action" value="logout">Sign out</button>
<button type="submit" name="action" value="stay" class="quiet">Stay</button>
</div>
</form>"#,
        action = escape(&format!("{}/end_session/confirm", config.base)),
        id = escape(id),
        csrf = escape(csrf),
    );
    page(200, "Sign out?", &body)
}

/// Loads a page of every client in a frame, and then goes on.
pub(crate) fn logging_out(frames: &[String], then: Option<&str>) -> Response {
    let frames: String = frames
        .iter()
        .map(|url| format!("<iframe src=\"{}\" title=\"signing out\" hidden></iframe>\n", escape(url)))
        .collect();
    let way_on = then.map_or_else(
        || "<p>You can close this window.</p>".to_owned(),
        |url| format!("<p><a id=\"go-on\" href=\"{}\">Continue</a></p>\n<script>{GO_ON}</script>", escape(url)),
    );
    let body = format!("<h1>Signed out</h1>\n{frames}{way_on}");
    // The frames are the clients' pages, wherever they are.
    page_under(200, "Signed out", &body, &policy(&[GO_ON], "; frame-src *"))
}

/// The login page of somebody else that `Misbehaviour::Html` answers with.
pub(crate) fn portal() -> Response {
    let html = "<!doctype html><html lang=\"en\"><head><title>Sign in to the network</title></head>\
        <body><h1>Sign in to the network</h1><form method=\"post\"><input name=\"room\"></form></body></html>\n";
    Response::raw(200, "text/html; charset=utf-8", html)
}

/// The answer as a form that sends itself, OAuth 2.0 Form Post Response Mode section 2.
pub(crate) fn form_post(redirect_uri: &str, params: &[(String, String)]) -> Response {
    let inputs: String = params
        .iter()
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", escape(name), escape(value)))
        .collect();
    let body = format!(
        r#"<h1>One moment</h1>
<form method="post" action="{}">
{inputs}<p>You are being sent back. If nothing happens, press the button.</p>
<button type="submit">Continue</button>
</form>
<script>{SUBMIT}</script>"#,
        escape(redirect_uri)
    );
    page(200, "One moment", &body)
}

pub(crate) fn page(status: u16, title: &str, body: &str) -> Response {
    static POLICY: OnceLock<String> = OnceLock::new();
    page_under(status, title, body, POLICY.get_or_init(|| policy(&[SUBMIT], "")))
}

fn page_under(status: u16, title: &str, body: &str, policy: &str) -> Response {
    let html = format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{} - grantor</title>
<style>{STYLE}</style>
</head>
<body>
<main>
{body}
</main>
<footer>grantor, a server for tests. Do not enter a password you use elsewhere.</footer>
</body>
</html>
"#,
        escape(title)
    );
    Response::raw(status, "text/html; charset=utf-8", html)
        .header("Content-Security-Policy", policy)
        .header("X-Frame-Options", "DENY")
        .header("X-Content-Type-Options", "nosniff")
        .header("Referrer-Policy", "no-referrer")
        .no_store()
}

/// Nothing but our own style and our own script, and no frame around them (RFC 9700 section 4.16).
///
/// `form-action` is left open: browsers hold the redirect that answers a form to it as well, and the client's address,
/// with whatever it redirects to in turn, cannot be listed.
fn policy(scripts: &[&str], more: &str) -> String {
    let hash = |text: &str| {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
        format!("'sha256-{}'", STANDARD.encode(digest))
    };
    let scripts: Vec<String> = scripts.iter().map(|script| hash(script)).collect();
    format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; frame-ancestors 'none'{more}",
        hash(STYLE),
        scripts.join(" ")
    )
}

pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
