//! Keys from files, stdin and URLs, in whatever form they come.

use crate::args::jose::{Connection, KeyArgs};
use crate::client;
use crate::failure::{Failure, Result};
use crate::input::{self, Stdin};
use crate::progress::spin;
use grantee::blocking::{ApiClient, Http as _};
use grantee::endpoint::jwks;
use grantee::jose::{Jwk, JwkSet, json};
use grantee::{Error, Secret, wire};
use std::path::Path;
use std::time::Duration;

/// What a key file holds.
pub(crate) enum Keys {
    One(Box<Jwk>),
    Set(JwkSet),
}

impl Keys {
    /// The keys that `--key` or `--jwks` names; `None` where neither is given.
    pub(crate) fn named(args: &KeyArgs, password: Option<&Secret>) -> Result<Option<Self>> {
        if let Some(file) = &args.key {
            return key(file, password).map(|key| Some(Self::One(Box::new(key))));
        }
        let Some(place) = &args.jwks else { return Ok(None) };
        let mut set = set(place, &args.connection)?;
        if let Some(kid) = &args.kid {
            set.keys.retain(|key| key.kid() == Some(kid));
        }
        Ok(Some(Self::Set(set)))
    }

    /// Reads a JWK, a set, PEM or DER.
    pub(crate) fn read(what: &str, bytes: &[u8], password: Option<&Secret>) -> Result<Self> {
        let bad = |error| Failure::key(what, &error);
        if bytes.trim_ascii_start().starts_with(b"{") {
            let is_set = json::object(bytes).map_err(bad)?.contains_key("keys");
            return if is_set {
                JwkSet::parse(bytes).map(Self::Set).map_err(bad)
            } else {
                Jwk::parse(bytes).map(|key| Self::One(Box::new(key))).map_err(bad)
            };
        }
        let key = match std::str::from_utf8(bytes) {
            Ok(text) if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") => {
                let password = password.ok_or_else(|| {
                    Failure::file(format!("{what} is encrypted"))
                        .hint("give the file with its password: --key-password-file FILE of a client's key, else --password-file FILE")
                })?;
                Jwk::from_encrypted_pem(text, password.reveal().as_bytes())
            }
            Ok(text) if text.contains("-----BEGIN ") => Jwk::from_pem(text),
            _ if bytes.first() == Some(&0x30) => Jwk::from_der(bytes),
            _ => return Err(Failure::file(format!("{what} is neither a JWK, nor PEM, nor DER"))),
        };
        key.map(|key| Self::One(Box::new(key))).map_err(bad)
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[Jwk] {
        match self {
            Self::One(key) => std::slice::from_ref(key),
            Self::Set(set) => &set.keys,
        }
    }

    /// The one of this kid, else the first.
    pub(crate) fn one(&self, kid: Option<&str>) -> Result<&Jwk> {
        let key = match kid {
            Some(kid) => self.all().iter().find(|key| key.kid() == Some(kid)),
            None => self.all().first(),
        };
        key.ok_or_else(|| match kid {
            Some(kid) => Failure::file(format!("no key has the kid {}", kid.escape_debug())),
            None => Failure::file("there is no key that can be read in the set"),
        })
    }
}

/// The one key in a file.
pub(crate) fn key(file: &Path, password: Option<&Secret>) -> Result<Jwk> {
    if file == Path::new("-") {
        return Err(Failure::usage("a key does not come from stdin, which is for what it is used on"));
    }
    match Keys::read(&file.display().to_string(), &input::read_file(file)?, password)? {
        Keys::One(key) => Ok(*key),
        Keys::Set(_) => {
            Err(Failure::file(format!("{} is a set of keys", file.display()))
                .hint("give it with --jwks, or one key of it"))
        }
    }
}

/// The set in a file or at a URL.
pub(crate) fn set(place: &str, connection: &Connection) -> Result<JwkSet> {
    let set = if place.contains("://") {
        fetch(place, connection)?
    } else {
        let bytes = input::read_file(Path::new(place))?;
        JwkSet::parse(&bytes).map_err(|error| Failure::key(place, &error))?
    };
    for ignored in &set.ignored {
        crate::output::note(&format!("left out of the set: {ignored}"));
    }
    Ok(set)
}

/// The password that `--password-file` names.
pub(crate) fn password(stdin: &mut Stdin, file: Option<&Path>) -> Result<Option<Secret>> {
    file.map(|file| stdin.secret_file("the password", file)).transpose()
}

fn fetch(url: &str, connection: &Connection) -> Result<JwkSet> {
    let url = wire::url::parse("the URL of the key set", url)?;
    // Whoever could change it on the way would choose the keys. There is no option that lets it through.
    if wire::url::confidential("the URL of the key set", &url, false).is_err() {
        return Err(Failure::usage(
            "the URL of the key set is not https, so whoever is on the way could change the keys",
        )
        .hint("use https, or a file"));
    }
    let mut api = ApiClient::builder(&wire::url::origin(&url));
    if let Some(ca) = &connection.ca {
        api = api.add_ca(input::read_file(ca)?);
    }
    if let Some(proxy) = &connection.proxy {
        api = api.proxy(client::proxy_with_credentials(proxy)?);
    }
    if let Some(seconds) = connection.timeout {
        let timeout = client::timeout(seconds)?;
        api = api.timeout(timeout).connect_timeout(timeout.min(Duration::from_secs(10)));
    }
    let api = api.build()?;
    let answer = spin("fetching the key set", || api.http().send(jwks::request(&url)?).map_err(Error::Transport))?;
    Ok(jwks::judge(&answer.http)?)
}
