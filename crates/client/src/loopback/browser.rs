//! Opening the person's browser ([RFC 8252 section 6](https://www.rfc-editor.org/rfc/rfc8252#section-6)).

use grantee_core::error::{Error, Result};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a program that opens browsers may take to say that it can't.
const PATIENCE: Duration = Duration::from_secs(1);

/// Opens a URL in the person's browser: with `$BROWSER` where it is set (several commands with `:` between them, each with
/// arguments; `%s` is the URL, which otherwise comes last), else with what the system has for it. No shell is involved.
///
/// Blocks for at most a second a program tried. `Ok` means that one was started and did not fail at once; whether the
/// person sees a page nobody can know, so show them the URL as well.
///
/// # Errors
/// [`Error::Config`] when the URL is no web address, or no program could open it, as on a machine without a screen.
pub fn open_browser(url: &str) -> Result<()> {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if !is_web || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::config(
            "what is to be opened in a browser is no web address",
            "hand over the URL as it was made",
        ));
    }
    let chosen = std::env::var("BROWSER").ok();
    let screen = !cfg!(target_os = "linux")
        || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    if commands(chosen.as_deref(), screen, url).into_iter().any(|command| runs(&command)) {
        return Ok(());
    }
    Err(Error::config("no browser could be opened", "open the URL by hand, or name a browser in $BROWSER"))
}

/// The commands to try in turn, each a program and its arguments.
fn commands(chosen: Option<&str>, screen: bool, url: &str) -> Vec<Vec<String>> {
    let chosen: Vec<_> =
        chosen.into_iter().flat_map(|list| split(list, ':')).filter_map(|one| command(&one, url)).collect();
    if !chosen.is_empty() {
        return chosen;
    }
    let own: &[&str] = if cfg!(target_os = "macos") {
        &["open"]
    } else if cfg!(windows) {
        &["rundll32 url.dll,FileProtocolHandler"]
    } else if screen {
        &["xdg-open", "wslview", "gio open", "sensible-browser", "x-www-browser"]
    } else {
        // Under WSL the screen is Windows' own.
        &["wslview"]
    };
    own.iter().filter_map(|one| command(one, url)).collect()
}

fn command(text: &str, url: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = split(text, ' ').into_iter().map(|word| word.replace(['"', '\''], "")).collect();
    words.retain(|word| !word.is_empty());
    let program = words.first()?.clone();
    let names_url = words.iter().skip(1).any(|word| word.contains("%s"));
    let arguments = words.into_iter().skip(1).map(|word| word.replace("%s", url));
    let mut command: Vec<String> = std::iter::once(program).chain(arguments).collect();
    if !names_url {
        command.push(url.to_owned());
    }
    Some(command)
}

/// Splits at a character that stands outside quotation marks.
fn split(text: &str, at: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for character in text.chars() {
        match quote {
            None if character == at => {
                parts.push(String::new());
                continue;
            }
            None if matches!(character, '"' | '\'') => quote = Some(character),
            Some(open) if open == character => quote = None,
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(character);
        }
    }
    parts
}

fn runs(command: &[String]) -> bool {
    let Some((program, arguments)) = command.split_first() else { return false };
    let started =
        Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = started else { return false };
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => std::thread::sleep(Duration::from_millis(10)),
            Err(_) => return false,
        }
    }
    reap(child);
    true
}

/// A browser that stays in the foreground is collected when it ends, so that it leaves no zombie behind.
fn reap(mut child: Child) {
    let _ = std::thread::Builder::new().name("grantee-browser".to_owned()).spawn(move || child.wait());
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://as.example/a?b=c&d=%20e;f";

    #[test]
    fn browser_may_hold_several_commands_with_arguments() {
        let found = commands(Some("my-browser --url=%s -x:\"/opt/a b:c/other\" --new 'two words'::"), true, URL);
        let expected: [&[&str]; 2] =
            [&["my-browser", &format!("--url={URL}"), "-x"], &["/opt/a b:c/other", "--new", "two words", URL]];
        assert_eq!(found, expected);
    }

    #[test]
    fn without_one_the_systems_own_openers_are_tried() {
        for unset in [None, Some(""), Some(" : ")] {
            let found = commands(unset, true, URL);
            assert!(!found.is_empty() && found.iter().all(|command| command.last().unwrap() == URL), "{found:?}");
        }
    }

    #[test]
    fn only_web_addresses_are_opened() {
        for bad in
            ["file:///etc/passwd", "--help", "", "javascript:1", "https://as.example/ x", "https://as.example/\n"]
        {
            assert!(open_browser(bad).is_err(), "{bad:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_fails_or_is_missing_is_no_browser() {
        let command = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert!(runs(&command(&["true"])));
        assert!(!runs(&command(&["false"])));
        assert!(!runs(&command(&["/nonexistent/browser"])));
        assert!(!runs(&[]));
    }

    #[cfg(unix)]
    #[test]
    fn no_shell_sees_the_url() {
        let found = commands(Some("test %s ="), true, "https://as.example/?$(id)`id`;id");
        assert!(runs(&[&found[0][..], &["https://as.example/?$(id)`id`;id".to_owned()]].concat()));
    }
}
