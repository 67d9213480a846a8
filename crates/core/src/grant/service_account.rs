//! Service accounts: a key file as Google hands it out, used by [`JwtBearer`]
//! ([Google's description](https://developers.google.com/identity/protocols/oauth2/service-account)).

use super::jwt_bearer::not_signed;
use super::{JwtBearer, SignedJwtBearer};
use crate::client::{Config, Server};
use crate::client_auth::from_fn;
use crate::error::{Error, Result};
use crate::metadata::reader::fault;
use crate::wire;
use grantee_jose::{Jwk, SignatureAlgorithm, SigningKey};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Larger than any key file.
const MOST_BYTES: usize = 64 * 1024;

/// An account that is a program's own, made of the key file that its server handed out.
///
/// The scope goes into a claim, `aud` is the file's `token_uri`, and no client authentication goes along: the JWT says who asks.
///
/// ```
/// # use grantee_core::jose::{Jwk, KeyKind};
/// # let key = Jwk::generate(KeyKind::Rsa(2048))?.to_private_pem()?;
/// # let file = serde_json::json!({
/// #     "type": "service_account", "client_email": "svc@my-project.iam.example", "private_key_id": "k1",
/// #     "private_key": *key, "token_uri": "https://oauth2.example/token",
/// # });
/// # let file = file.to_string();
/// use grantee_core::grant::ServiceAccount;
///
/// let account = ServiceAccount::from_json(&file)?; // what MyProject-1234.json holds
/// assert_eq!(account.client_email(), "svc@my-project.iam.example");
/// let config = account.config();
/// let grant = account.grant().scope("https://www.googleapis.com/auth/devstorage.read_only");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ServiceAccount {
    client_email: String,
    token_uri: String,
    project_id: Option<String>,
    subject: Option<String>,
    signer: SigningKey,
}

impl ServiceAccount {
    /// Reads the key file as it was handed out: `type`, `client_email`, `private_key` (PEM), `token_uri`, and, where they are
    /// there, `private_key_id` and `project_id`. Further members are passed over.
    ///
    /// # Errors
    /// [`Error::Config`] that names the member that is missing or of no use; never what the private key is.
    pub fn from_json(text: &str) -> Result<Self> {
        let members = members(text)?;
        let kind = required(&members, "type")?;
        if kind != "service_account" {
            // A file with its members mixed up may have the key here.
            let is_word = kind.len() <= 40 && kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            return Err(wrong(
                format!("its type is {}", if is_word { kind } else { "no word" }),
                "hand over the key file of a service account; other credential files are for other grants",
            ));
        }
        let token_uri = required(&members, "token_uri")?;
        if let Some(fault) = fault(token_uri) {
            return Err(wrong(format!("its token_uri: {fault}"), "take the file as it was handed out"));
        }
        let url = wire::url::parse("the service account's token_uri", token_uri)?;
        wire::url::confidential("the service account's token_uri", &url, false)?;
        let pem = required(&members, "private_key")?;
        let mut key = Jwk::from_pem(pem).map_err(|error| {
            wrong(
                format!("its private_key can't be read: {error}"),
                "take the file as it was handed out, line breaks and all",
            )
        })?;
        if let Some(kid) = optional(&members, "private_key_id") {
            key = key.with_kid(kid);
        }
        Ok(Self {
            client_email: required(&members, "client_email")?.to_owned(),
            token_uri: token_uri.to_owned(),
            project_id: optional(&members, "project_id").map(str::to_owned),
            subject: None,
            // What Google signs and reads.
            signer: SigningKey::new(&key, SignatureAlgorithm::Rs256).map_err(not_signed)?,
        })
    }

    /// OPTIONAL. The person to act for, by domain-wide delegation.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Who the account is: the file's `client_email`.
    pub fn client_email(&self) -> &str {
        &self.client_email
    }

    /// The project it belongs to, where the file names one.
    pub fn project_id(&self) -> Option<&str> {
        self.project_id.as_deref()
    }

    /// The grant: a new JWT at each attempt. Add the scope to it, and whatever claims the server wants.
    pub fn grant(&self) -> SignedJwtBearer {
        let grant = JwtBearer::signed(self.signer.clone())
            .issuer(self.client_email.as_str())
            .audience_claim(self.token_uri.as_str())
            .scope_as_claim();
        match &self.subject {
            Some(subject) => grant.subject(subject.as_str()),
            None => grant,
        }
    }

    /// A client of this account: its token endpoint, its name for logs and stores, and nothing beside the JWT on the wire.
    pub fn config(&self) -> Config {
        let mut config = Config::new(Server::Literal);
        config.members_mut().token_endpoint = Some(self.token_uri.clone());
        config.set_client(self.client_email.clone(), None);
        // RFC 7521 section 4.1: client authentication is optional, and client_id is needed only where it relies on it.
        config.set_auth(Arc::new(from_fn("none", |_, _| Ok(()))));
        config
    }
}

impl std::fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceAccount")
            .field("client_email", &self.client_email)
            .field("token_uri", &self.token_uri)
            .field("project_id", &self.project_id)
            .finish_non_exhaustive()
    }
}

fn members(text: &str) -> Result<Map<String, Value>> {
    let text = text.trim_start_matches('\u{feff}');
    if text.len() > MOST_BYTES {
        return Err(wrong(format!("it has {} bytes", text.len()), "hand over the key file alone"));
    }
    wire::json::object("service account", text.as_bytes()).map_err(|error| {
        let got = if let Error::Rule(broken) = &error { broken.got.as_str() } else { "something else" };
        wrong(format!("it is no JSON object but {got}"), "hand over the text of the file, not its path")
    })
}

fn optional<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn required<'a>(members: &'a Map<String, Value>, name: &str) -> Result<&'a str> {
    optional(members, name)
        .ok_or_else(|| wrong(format!("it has no {name} that is a text"), "take the file as it was handed out"))
}

fn wrong(what: String, hint: &str) -> Error {
    Error::config(format!("this is no service account's key file: {what}"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use grantee_jose::KeyKind;
    use serde_json::json;

    fn file() -> Value {
        let key = Jwk::generate(KeyKind::Rsa(2048)).unwrap().to_private_pem().unwrap();
        json!({
            "type": "service_account", "project_id": "p", "private_key_id": "k1", "private_key": *key,
            "client_email": "svc@p.iam.example", "client_id": "1", "auth_uri": "https://as.example/auth",
            "token_uri": "https://as.example/token", "universe_domain": "example",
        })
    }

    fn refused(change: impl FnOnce(&mut Map<String, Value>)) -> String {
        let mut file = file();
        let key = file["private_key"].as_str().unwrap()[40..80].to_owned();
        change(file.as_object_mut().unwrap());
        let error = ServiceAccount::from_json(&file.to_string()).unwrap_err();
        assert!(matches!(error, Error::Config(_)) && !error.to_string().contains(&key), "{error}");
        error.to_string()
    }

    #[test]
    fn the_file_is_taken_as_it_is_and_shows_no_key() {
        let account = ServiceAccount::from_json(&format!("\u{feff}{:#}\n", file())).unwrap();
        assert_eq!((account.client_email(), account.project_id()), ("svc@p.iam.example", Some("p")));
        let shown = format!("{account:?} {:?}", account.grant());
        assert!(shown.contains("k1") && !shown.contains("PRIVATE"), "{shown}");
    }

    #[test]
    fn an_error_names_the_member_and_never_the_key() {
        for member in ["type", "client_email", "private_key", "token_uri"] {
            assert!(refused(|file| drop(file.remove(member))).contains(&format!("no {member}")));
            assert!(refused(|file| drop(file.insert(member.into(), 7.into()))).contains(&format!("no {member}")));
        }
        assert!(refused(|file| file["type"] = "authorized_user".into()).contains("authorized_user"));
        assert!(refused(|file| file["token_uri"] = "http://as.example/token".into()).contains("token_uri"));
        let mixed_up = |file: &mut Map<String, Value>| drop(file.insert("type".into(), file["private_key"].clone()));
        assert!(refused(mixed_up).contains("no word"));
        let cut = |file: &mut Map<String, Value>| {
            let pem = file["private_key"].as_str().unwrap().replace("-----END", "");
            file["private_key"] = pem.into();
        };
        assert!(refused(cut).contains("private_key"));
        let elliptic = Jwk::generate(KeyKind::Curve(grantee_jose::Curve::P256)).unwrap().to_private_pem().unwrap();
        assert!(refused(|file| file["private_key"] = elliptic.as_str().into()).contains("can't be signed"));
    }

    #[test]
    fn a_token_uri_is_an_address_and_nothing_more() {
        for bad in ["https://u:p@as.example/token", "https://as.example/token#x", " https://as.example/token"] {
            assert!(refused(|file| file["token_uri"] = bad.into()).contains("token_uri"), "{bad}");
        }
    }

    #[test]
    fn a_member_that_stands_twice_is_refused() {
        let twice = file().to_string().replacen('{', r#"{"token_uri":"https://evil.example/token","#, 1);
        assert!(ServiceAccount::from_json(&twice).unwrap_err().to_string().contains("no JSON object"));
    }

    #[test]
    fn a_path_or_another_text_is_no_key_file() {
        for text in ["/etc/key.json", "", "[]", "{\"private_key\":\"s3cret\""] {
            let error = ServiceAccount::from_json(text).unwrap_err().to_string();
            assert!(error.contains("no JSON object") && !error.contains("s3cret"), "{error}");
        }
        assert!(ServiceAccount::from_json(&" ".repeat(MOST_BYTES + 1)).unwrap_err().to_string().contains("bytes"));
    }
}
