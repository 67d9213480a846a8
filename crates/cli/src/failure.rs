//! What went wrong, told to a person or as JSON, and the exit status.

use crate::output;
use grantee::Error;
use grantee::error::{InsufficientKind, RuleViolation};
use grantee::jose;
use serde_json::{Map, Value};
use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

/// Wrong use.
pub(crate) const USAGE: u8 = 2;
/// The server said no.
pub(crate) const SERVER: u8 = 10;
/// An answer broke a rule and was refused.
pub(crate) const RULE: u8 = 11;
/// The person must log in.
pub(crate) const LOGIN: u8 = 12;
/// The server could not be reached.
pub(crate) const UNREACHABLE: u8 = 13;
/// A file, key or store failed.
pub(crate) const FILE: u8 = 14;

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a verb did not do what it was asked.
#[derive(Debug, Clone)]
pub(crate) struct Failure(Box<Details>);

#[derive(Debug, Clone)]
struct Details {
    exit: u8,
    code: String,
    message: String,
    rule: Option<String>,
    spec: Option<String>,
    hint: Option<String>,
    server_error: Option<String>,
    status: Option<u16>,
}

impl Failure {
    fn new(exit: u8, code: &str, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            exit,
            code: code.to_owned(),
            message: message.into(),
            rule: None,
            spec: None,
            hint: None,
            server_error: None,
            status: None,
        }))
    }

    /// Wrong use of the program.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(USAGE, "usage", message)
    }

    /// A file, or a stream, that could not be read or written.
    pub(crate) fn file(message: impl Into<String>) -> Self {
        Self::new(FILE, "file", message)
    }

    /// An operation on a file that failed.
    pub(crate) fn io(what: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::file(format!("{what} {}: {error}", path.display()))
    }

    /// A key that can't be read or used.
    pub(crate) fn key(what: impl Display, error: &jose::Error) -> Self {
        let mut failure = Self::new(FILE, "key", format!("{what}: {error}"));
        failure.0.rule = Some(error.rule().to_owned());
        failure.0.spec = Some(error.spec().to_owned());
        failure
    }

    /// A token that was refused.
    pub(crate) fn refused(error: jose::Error) -> Self {
        Error::from(RuleViolation::from_jose("token", error)).into()
    }

    /// Nothing more can be had without the person.
    pub(crate) fn login(message: impl Into<String>) -> Self {
        Self::new(LOGIN, "login_required", message)
    }

    /// An API answered with an error status.
    pub(crate) fn status(status: u16) -> Self {
        let mut failure = Self::new(SERVER, "http_status", format!("api call: status {status}"));
        failure.0.status = Some(status);
        failure
    }

    /// Flows of the demo did not pass.
    pub(crate) fn demo(message: impl Into<String>) -> Self {
        Self::new(1, "demo", message)
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The hint, where there is none yet.
    pub(crate) fn hint_if_none(mut self, hint: impl FnOnce() -> String) -> Self {
        self.0.hint.get_or_insert_with(hint);
        self
    }

    /// The hint, with another name for an option: a verb may have its own.
    pub(crate) fn with_option(mut self, option: &str, here: &str) -> Self {
        self.0.hint = self.0.hint.map(|hint| hint.replace(option, here));
        self
    }

    /// Whether an answer broke a rule.
    pub(crate) fn broke_a_rule(&self) -> bool {
        self.0.exit == RULE
    }

    pub(crate) fn needs_login(&self) -> bool {
        self.0.exit == LOGIN
    }

    /// Tells it on stderr, of which it is the end.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        if json {
            output::note(&serde_json::json!({ "error": self.members() }).to_string());
        } else {
            let hint = self.0.hint.as_ref().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default();
            output::note(&format!("grantee: {}{hint}", self.0.message));
        }
        ExitCode::from(self.0.exit)
    }

    fn members(&self) -> Map<String, Value> {
        let texts = [
            ("code", Some(&self.0.code)),
            ("message", Some(&self.0.message)),
            ("rule", self.0.rule.as_ref()),
            ("spec", self.0.spec.as_ref()),
            ("hint", self.0.hint.as_ref()),
            ("server_error", self.0.server_error.as_ref()),
        ];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::from(text?.as_str()))));
        texts.chain(self.0.status.map(|status| ("status".to_owned(), Value::from(status)))).collect()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match &error {
            _ if error.needs_login() => LOGIN,
            Error::Server(_) | Error::Status(_) => SERVER,
            Error::Insufficient(insufficient) if insufficient.kind == InsufficientKind::Scope => SERVER,
            Error::Rule(_) => RULE,
            Error::Transport(_) => UNREACHABLE,
            Error::Store(_) => FILE,
            Error::Config(_) => USAGE,
            _ => 1,
        };
        let mut failure = Self::new(exit, error.code(), without_hint(&error));
        if let Error::Rule(rule) = &error {
            failure.0.rule = Some(rule.rule.to_owned());
            failure.0.spec = Some(rule.spec.to_owned());
        }
        failure.0.hint = error.hint().map(in_options);
        failure.0.server_error = error.server_error().map(str::to_owned);
        // An error that came by redirect has no status.
        failure.0.status = error.status().filter(|status| *status != 0);
        failure
    }
}

/// What the library calls by its methods, by the program's options.
pub(crate) fn in_options(hint: &str) -> String {
    const NAMES: [(&str, &str); 37] = [
        ("authorization_encryption(alg, enc)", "--authorization-encryption ALG/ENC"),
        ("introspection_encryption(alg, enc)", "--introspection-encryption ALG/ENC"),
        ("authorization_alg(\"PS256\")", "--authorization-alg PS256"),
        ("introspection_alg(\"PS256\")", "--introspection-alg PS256"),
        ("id_token_alg(\"PS256\")", "--id-token-alg PS256"),
        ("authorization_alg(..)", "--authorization-alg"),
        ("introspection_alg(..)", "--introspection-alg"),
        ("client_certificate(..) and certificate_bound_tokens()", "--tls-cert FILE and --tls-key FILE"),
        ("dpop(key), or certificate_bound_tokens()", "--dpop, or --tls-cert FILE and --tls-key FILE"),
        ("certificate_bound_tokens()", "--tls-cert FILE and --tls-key FILE"),
        ("client_certificate(…)", "--tls-cert FILE and --tls-key FILE"),
        ("client_key(id, key), or auth(TlsClientAuth)", "--key FILE, or --auth tls_client_auth"),
        ("client_key(id, key)", "--key FILE"),
        ("request_object(signer)", "--request-object-key FILE"),
        ("rules(..)", "--rules"),
        ("initial_access_token(..)", "--initial-access-token @FILE"),
        ("dpop(key)", "--dpop"),
        ("par()", "--par"),
        ("id_token_encryption(alg, enc)", "--id-token-encryption ALG/ENC"),
        ("userinfo_encryption(alg, enc)", "--userinfo-encryption ALG/ENC"),
        ("id_token_alg(..)", "--id-token-alg"),
        ("userinfo_alg(\"PS256\")", "--userinfo-alg PS256"),
        ("userinfo_alg(..)", "--userinfo-alg"),
        ("decryption_key(..)", "--decryption-key FILE"),
        ("trusted_audience(..)", "--trusted-audience"),
        ("client(id, secret)", "--client-secret-file FILE"),
        ("call accept_any_acr() where the client is built", "say so with --accept-any-acr"),
        ("accept_any_acr()", "--accept-any-acr"),
        ("post_logout_redirect_uri(..)", "--post-logout-redirect-uri"),
        ("basic_raw()", "--basic-raw"),
        ("danger().allow_http()", "--allow-http"),
        ("issuer(..)", "--issuer"),
        ("set temporary_credentials_endpoint where it is built", "give --temporary-credentials-endpoint URL"),
        ("set token_credentials_endpoint where it is built", "give --token-credentials-endpoint URL"),
        ("set authorization_endpoint where it is built", "give --authorization-endpoint URL"),
        ("set callback where it is built", "give --callback URI"),
        ("(without_body_hash)", "(--body-hash never)"),
    ];
    let hint = NAMES.iter().fold(hint.to_owned(), |hint, (method, option)| hint.replace(method, option));
    match hint.strip_prefix("call ") {
        Some(rest) if rest.starts_with("--") => format!("give {rest}"),
        _ => hint,
    }
}

/// The library says the hint in its message; here it stands on its own.
fn without_hint(error: &Error) -> String {
    let message = error.to_string();
    let suffix = error.hint().map(|hint| format!(" (hint: {hint})")).unwrap_or_default();
    message.strip_suffix(&suffix).unwrap_or(&message).to_owned()
}

impl From<grantee::error::StoreError> for Failure {
    fn from(error: grantee::error::StoreError) -> Self {
        Error::from(error).into()
    }
}

/// What clap could not understand, in one line and without the usage that follows.
pub(crate) fn of_clap(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let message = text.lines().take_while(|line| !line.starts_with("Usage:")).map(str::trim);
    let message = message.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    Failure::usage(message.strip_prefix("error: ").unwrap_or(&message))
}

/// A failure of wrong use, from anything that can say what is wrong.
pub(crate) fn usage(error: impl Display) -> Failure {
    Failure::usage(error.to_string())
}
