//! Profiles: client options kept under a name, as TOML in the user's configuration directory. What a profile holds of tokens
//! lies in a store of the library's, one file a profile, in the user's state directory.

use crate::failure::{Failure, Result};
use crate::settings::Settings;
use crate::{input, private_file};
use directories::ProjectDirs;
use grantee::stores::File as TokenFile;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A profile by its name, which may not exist yet.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    name: String,
    path: PathBuf,
    state: PathBuf,
}

impl Profile {
    /// # Errors
    /// Wrong use for a name that makes no file name.
    pub(crate) fn named(name: &str) -> Result<Self> {
        let allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
        if name.is_empty() || name.len() > 64 || name.starts_with(['.', '-']) || !name.chars().all(allowed) {
            return Err(Failure::usage(
                "a profile's name is 1 to 64 of the characters A-Z a-z 0-9 - _ . and begins with none of - .",
            ));
        }
        let places = places()?;
        Ok(Self {
            name: name.to_owned(),
            path: profiles_directory(&places).join(format!("{name}.toml")),
            state: places.state_dir().unwrap_or(places.data_local_dir()).join(name),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// The settings kept; none where the profile does not exist yet.
    pub(crate) fn load(&self) -> Result<Settings> {
        let bytes = match fs::metadata(&self.path) {
            Ok(_) => input::read_file(&self.path)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Settings::default()),
            Err(error) => return Err(Failure::io("can't read the profile", &self.path, &error)),
        };
        let mut settings = parse(&bytes)
            .map_err(|why| Failure::file(format!("the profile {} can't be read: {why}", self.path.display())))?;
        if settings.holds_a_secret() {
            private_file::refuse_if_shared(&self.path, "the profile")?;
        }
        // A path written by hand is meant from where the profile is.
        if let Some(directory) = self.path.parent() {
            settings.files_mut().for_each(|file| *file = directory.join(&*file));
            if let Some(file) = settings.metadata_file().map(|file| directory.join(file)) {
                settings.metadata = Some(file.display().to_string());
            }
            if let Some(file) = settings.details_file().map(|file| directory.join(file)) {
                settings.authorization_details = Some(format!("@{}", file.display()));
            }
        }
        Ok(settings)
    }

    /// Keeps these settings, in a file that nobody else can read.
    pub(crate) fn save(&self, settings: &Settings) -> Result<()> {
        let mut settings = settings.clone();
        // The profile is used from anywhere.
        for file in settings.files_mut() {
            *file = absolute(file)?;
        }
        if let Some(file) = settings.metadata_file().map(absolute).transpose()? {
            settings.metadata = Some(file.display().to_string());
        }
        if let Some(file) = settings.details_file().map(absolute).transpose()? {
            settings.authorization_details = Some(format!("@{}", file.display()));
        }
        let text = toml::to_string(&settings)
            .map_err(|error| Failure::file(format!("the profile can't be written: {error}")))?;
        if let Some(directory) = self.path.parent() {
            private_file::directory(directory)?;
        }
        private_file::write(&self.path, text.as_bytes())
    }

    /// Where its tokens are kept.
    pub(crate) fn tokens(&self) -> Result<TokenFile> {
        self.make_state()?;
        Ok(TokenFile::at(self.state.join("tokens.json"))?)
    }

    /// Where the key that its tokens are bound to is kept.
    pub(crate) fn dpop_key(&self) -> PathBuf {
        self.state.join("dpop.jwk")
    }

    /// Where its registration at the server is kept.
    pub(crate) fn registration(&self) -> PathBuf {
        self.state.join("registration.json")
    }

    /// Makes the directory that holds its secrets.
    pub(crate) fn make_state(&self) -> Result<()> {
        private_file::directory(&self.state)
    }

    /// Removes what it holds beside its settings: tokens, keys, a registration.
    pub(crate) fn forget(&self) -> Result<()> {
        match fs::remove_dir_all(&self.state) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Failure::io("can't remove", &self.state, &error)),
            _ => Ok(()),
        }
    }

    /// Removes it with its tokens.
    pub(crate) fn remove(&self) -> Result<()> {
        self.forget()?;
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Failure::io("can't remove", &self.path, &error)),
            _ => Ok(()),
        }
    }

    /// The failure of a verb that needs one which exists.
    pub(crate) fn unknown(&self) -> Failure {
        Failure::usage(format!("there is no profile {}", self.name))
            .hint(format!("make it with: grantee profile save {}", self.name))
    }
}

/// The names of all profiles, sorted.
pub(crate) fn list() -> Result<Vec<String>> {
    let directory = profiles_directory(&places()?);
    let entries = match fs::read_dir(&directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        outcome => outcome.map_err(|error| Failure::io("can't read", &directory, &error))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| Failure::io("can't read", &directory, &error))?.path();
        if path.extension() == Some(OsStr::new("toml"))
            && let Some(name) = path.file_stem().and_then(OsStr::to_str)
            && Profile::named(name).is_ok()
        {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn places() -> Result<ProjectDirs> {
    ProjectDirs::from("", "", "grantee")
        .ok_or_else(|| Failure::file("the user has no home directory to keep profiles in").hint("set HOME"))
}

fn profiles_directory(places: &ProjectDirs) -> PathBuf {
    places.config_dir().join("profiles")
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| Failure::io("can't find", path, &error))
}

/// Reads a profile's text. Names may be written with dashes, as the options are. The error quotes nothing, since a secret
/// may stand there.
fn parse(bytes: &[u8]) -> Result<Settings, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| {
            text.as_bytes()[..span.start.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
        });
        format!("it is not TOML (line {line})")
    })?;
    let table: toml::Table = table.into_iter().map(|(name, value)| (name.replace('-', "_"), value)).collect();
    let known = toml::Value::try_from(names()).ok().and_then(|value| value.as_table().cloned()).unwrap_or_default();
    let unknown = table.keys().find(|name| !known.contains_key(*name));
    if let Some(name) = unknown {
        return Err(format!("{name} is no option that a profile can hold"));
    }
    let names: Vec<String> = table.keys().cloned().collect();
    for name in names {
        let one = toml::Table::from_iter([(name.clone(), table[&name].clone())]);
        one.try_into::<Settings>().map_err(|_| format!("the value of {name} is none that it can have"))?;
    }
    toml::Value::Table(table).try_into().map_err(|_| "its values don't fit".to_owned())
}

/// Settings with something everywhere, for the names they have.
fn names() -> Settings {
    use crate::settings::oauth1::OAuth1Settings;
    use crate::settings::{AuthMethod, HeldGrant, RulesName};
    let text = || Some(String::new());
    let path = || Some(PathBuf::new());
    let list = || vec![String::new()];
    Settings {
        issuer: text(),
        metadata: text(),
        authorization_endpoint: text(),
        token_endpoint: text(),
        introspection_endpoint: text(),
        revocation_endpoint: text(),
        userinfo_endpoint: text(),
        end_session_endpoint: text(),
        jwks_uri: text(),
        client_id: text(),
        client_secret_file: path(),
        auth: Some(AuthMethod::None),
        basic_raw: true,
        key: path(),
        key_password_file: path(),
        client_assertion_file: path(),
        client_assertion_command: list(),
        decryption_key: path(),
        tls_cert: path(),
        tls_key: path(),
        ca: path(),
        redirect_uri: text(),
        scope: list(),
        resource: list(),
        audience: list(),
        param: list(),
        response_type: text(),
        response_mode: text(),
        nonce: text(),
        state: text(),
        prompt: text(),
        max_age: Some(0),
        acr_values: text(),
        login_hint: text(),
        claims: text(),
        id_token_alg: text(),
        id_token_encryption: text(),
        trusted_audience: list(),
        accept_any_acr: true,
        userinfo: true,
        userinfo_alg: text(),
        userinfo_encryption: text(),
        proxy: text(),
        timeout: Some(0.0),
        allow_http: true,
        danger_accept_invalid_certs: true,
        grant: Some(HeldGrant::AuthorizationCode),
        client_secret: text(),
        username: text(),
        password_file: path(),
        service_account: path(),
        subject: text(),
        pushed_authorization_request_endpoint: text(),
        device_authorization_endpoint: text(),
        backchannel_authentication_endpoint: text(),
        registration_endpoint: text(),
        request_object_key: path(),
        authorization_details: text(),
        dpop_key: path(),
        rules: Some(RulesName::Oauth21),
        authorization_alg: text(),
        authorization_encryption: text(),
        introspection_alg: text(),
        introspection_encryption: text(),
        par: true,
        request_object: true,
        dpop: true,
        oauth1: OAuth1Settings::full(),
    }
}

/// Reads a profile's text as the program would. For fuzzing; no part of any interface.
#[doc(hidden)]
pub fn read_for_fuzzing(bytes: &[u8]) -> bool {
    parse(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read_again() {
        let all = names();
        assert_eq!(parse(toml::to_string(&all).unwrap().as_bytes()).unwrap(), all);
    }

    #[test]
    fn names_may_have_dashes_and_numbers_no_point() {
        let settings = parse(b"client-id = 'c'\nscope = ['a', 'b']\ntimeout = 5\n").unwrap();
        assert_eq!((settings.client_id.as_deref(), settings.timeout), (Some("c"), Some(5.0)));
    }

    #[test]
    fn no_error_quotes_what_stands_there() {
        for text in ["client_secret = 's3cret", "client_secret = ['s3cret']", "s3cret", "auth = 's3cret'"] {
            let error = parse(text.as_bytes()).unwrap_err();
            assert!(!error.contains("s3cret"), "{error}");
        }
        assert!(parse(b"clientid = 'x'").unwrap_err().contains("clientid"));
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        for bad in ["", "..", "a/b", "../x", ".hidden", "a b", "-x", "ä"] {
            assert!(Profile::named(bad).is_err(), "{bad}");
        }
    }
}
