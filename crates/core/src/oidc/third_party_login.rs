//! A login that somebody else starts: [OpenID Connect Core section 4](https://openid.net/specs/openid-connect-core-1_0.html#ThirdPartyInitiatedLogin).

use crate::Secret;
use crate::authorization::{AuthorizationRequest, Callback};
use crate::client::Client;
use crate::error::{Result, RuleViolation};
use crate::wire::inbound::Inbound;
use ::url::Url;

const STAGE: &str = "third-party login";
const SPEC: &str = "OpenID Connect Core section 4";

/// Somebody has sent a browser to the program's `initiate_login_uri`: a login is wanted, at this client's issuer.
///
/// Nothing in it is signed: any page can send a browser here. What comes of it is a login like any other, judged as such.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThirdPartyLogin {
    issuer: String,
    login_hint: Option<Secret>,
    target_link_uri: Option<String>,
}

impl ThirdPartyLogin {
    /// Reads a request for the `initiate_login_uri`: its URL, its query, or the body of a POST. Which issuer it
    /// [names](Self::issuer) has not been judged then: for a program that has a client for each of several issuers, to find the
    /// one that judges it ([`Client::third_party_login`]).
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) when it names no issuer, or a parameter stands twice.
    pub fn read<'a>(request: impl Into<Callback<'a>>) -> Result<Self> {
        let request = request.into();
        let parameters = request.base_and_parameters().1;
        let seen = Inbound::read(STAGE, parameters, "", ["iss", "login_hint", "target_link_uri"])?;
        let Some(issuer) = seen.get("iss") else {
            return Err(RuleViolation::new(STAGE, "iss names the issuer", SPEC).got("no such parameter").into());
        };
        Ok(Self {
            issuer: issuer.to_owned(),
            login_hint: seen.get("login_hint").map(Secret::from),
            target_link_uri: seen.get("target_link_uri").map(str::to_owned),
        })
    }

    /// `iss`: where the login is wanted.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `login_hint`: who is to log in.
    pub fn login_hint(&self) -> Option<&Secret> {
        self.login_hint.as_ref()
    }

    /// `target_link_uri`: where the person is to be afterwards, as it came. A redirect to it as it is would send people wherever
    /// a stranger likes: see [`target_within`](Self::target_within).
    pub fn target_link_uri(&self) -> Option<&str> {
        self.target_link_uri.as_deref()
    }

    /// Where the person is to be afterwards, where that lies within one of these URLs: the same scheme, host and port, and the
    /// same path or one below it.
    ///
    /// ```
    /// # use grantee_core::oidc::ThirdPartyLogin;
    /// let login = ThirdPartyLogin::read("iss=https://as.example&target_link_uri=https://app.example/orders/7")?;
    /// assert!(login.target_within(&["https://app.example/orders"]).is_some());
    /// assert!(login.target_within(&["https://app.example/order"]).is_none());
    /// # Ok::<(), grantee_core::Error>(())
    /// ```
    pub fn target_within(&self, prefixes: &[&str]) -> Option<Url> {
        let target = Url::parse(self.target_link_uri()?).ok().filter(is_plain)?;
        let is_within = |prefix: &&str| {
            Url::parse(prefix).is_ok_and(|prefix| {
                is_plain(&prefix) && prefix.origin() == target.origin() && is_below(prefix.path(), target.path())
            })
        };
        prefixes.iter().any(is_within).then_some(target)
    }

    /// The login to start: for `openid`, with the `login_hint`. Further scopes are added to it.
    pub fn request(&self) -> AuthorizationRequest {
        let request = AuthorizationRequest::new().scope("openid");
        match &self.login_hint {
            Some(login_hint) => request.login_hint(login_hint),
            None => request,
        }
    }
}

/// http or https, and nobody's user name in it, which could pass for the host on a screen.
fn is_plain(url: &Url) -> bool {
    matches!(url.scheme(), "https" | "http") && url.username().is_empty() && url.password().is_none()
}

/// The parser has resolved dots and turned backslashes round. An encoded separator is resolved by some servers later, and two
/// slashes at the start of a path are another host once the rest of the URL is gone.
fn is_below(prefix: &str, path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    if lower.contains("%2f") || lower.contains("%5c") || path.starts_with("//") {
        return false;
    }
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/'))
}

impl Client {
    /// Judges a request for the program's `initiate_login_uri`: its URL, its query, or the body of a POST. Start the login with
    /// [`ThirdPartyLogin::request`].
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) when it names no issuer, or another than this client's; as
    /// [`metadata`](Self::metadata) where that has to be fetched.
    pub async fn third_party_login<'a>(&self, request: impl Into<Callback<'a>>) -> Result<ThirdPartyLogin> {
        let login = ThirdPartyLogin::read(request)?;
        let metadata = self.metadata().await?;
        if !metadata.issues_as(&login.issuer) {
            return Err(RuleViolation::new(STAGE, "iss is the issuer of this client", SPEC)
                .expected(metadata.issuer.as_deref().unwrap_or("an issuer in the client's configuration"))
                .got(&login.issuer)
                .hint("where there are clients of several issuers, choose the one that ThirdPartyLogin::read(..) names")
                .into());
        }
        Ok(login)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: &str = "iss=https%3A%2F%2Fas.example&login_hint=joe%40example.com&target_link_uri=https%3A%2F%2Fapp.example%2Fx&more=1&more=2";

    #[test]
    fn a_query_and_a_form_are_read_alike() {
        let url = format!("https://app.example/login?{QUERY}");
        for login in [
            ThirdPartyLogin::read(QUERY),
            ThirdPartyLogin::read(&url),
            ThirdPartyLogin::read(QUERY.as_bytes()),
            ThirdPartyLogin::read(format!("?{QUERY}")),
        ] {
            let login = login.unwrap();
            assert_eq!(login.issuer(), "https://as.example");
            assert_eq!(login.login_hint().unwrap().reveal(), "joe@example.com");
            assert_eq!(login.target_link_uri(), Some("https://app.example/x"));
            assert!(!format!("{login:?}").contains("joe"));
        }
    }

    #[test]
    fn the_issuer_is_named_and_nothing_twice() {
        for query in ["", "iss=", "login_hint=x"] {
            let error = ThirdPartyLogin::read(query).unwrap_err().to_string();
            assert!(error.contains("iss names the issuer (OpenID Connect Core section 4)"), "{error}");
        }
        for name in ["iss", "login_hint", "target_link_uri"] {
            let error = ThirdPartyLogin::read(format!("iss=a&{name}=b&{name}=b")).unwrap_err();
            assert!(error.to_string().contains("twice"), "{error}");
        }
    }

    fn within(target: &str, prefixes: &[&str]) -> bool {
        let query = format!("iss=a&target_link_uri={}", crate::wire::form::encode(target));
        ThirdPartyLogin::read(query).unwrap().target_within(prefixes).is_some()
    }

    #[test]
    fn the_target_stays_within_the_programs_own_urls() {
        let own = ["https://app.example/a", "https://app.example/b/", "https://other.example:8443"];
        for good in [
            "https://app.example/a",
            "https://app.example/a/",
            "https://app.example/a/x?y=z#f",
            "https://app.example/a?y=https://evil.example",
            "https://APP.example:443/a",
            "https://app.example/b/x",
            "https://other.example:8443/anything",
        ] {
            assert!(within(good, &own), "{good}");
        }
        for bad in [
            "https://app.example/",
            "https://app.example/ab",
            "https://app.example/b",
            "https://app.example/a/../c",
            "https://app.example/a/%2e%2e/c",
            "https://app.example/a/..%2fc",
            "https://app.example/a/..%5Cc",
            "https://app.example/a\\..\\c",
            "http://app.example/a",
            "https://app.example:8443/a",
            "https://app.example.evil.example/a",
            "https://app.example@evil.example/a",
            "https://evil.example/a",
            "https://user@app.example/a",
            "https://other.example:8443//evil.example",
            "//app.example/a",
            "/a",
            "",
            "javascript:alert(1)//https://app.example/a",
            "data:text/html,x",
        ] {
            assert!(!within(bad, &own), "{bad}");
        }
        assert!(!within("https://app.example/a", &[]));
        assert!(!within("javascript:alert(1)", &["javascript:alert(1)"]));
    }
}
