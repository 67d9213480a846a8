//! OAuth 1.0 by the program: each call is a process.

use grantee_interop::Program;
use http::Request;
use serde_json::Value;
use std::cell::Cell;

use super::Outcome;
use super::oauth1::{Call, Credentials, OAuth1Face, Setup, name_of};
use super::program::{answered, done};

/// The program with a home of its own.
pub(crate) struct ProgramOAuth1 {
    program: Program,
    setup: Setup,
    logins: Cell<u32>,
}

impl ProgramOAuth1 {
    pub(crate) fn program(&self) -> &Program {
        &self.program
    }

    /// Who signs, and how, as options.
    pub(crate) fn signing(&self) -> Vec<String> {
        let setup = &self.setup;
        let mut options = vec!["--consumer-key", setup.consumer.key, "--placement", name_of(setup.placement)];
        if setup.method != "HMAC-SHA1" {
            options.extend(["--signature-method", setup.method]);
        }
        options.extend(setup.realm.iter().flat_map(|realm| ["--realm", realm]));
        let mut options: Vec<String> = options.into_iter().map(str::to_owned).collect();
        if setup.signs_by_key() {
            options.extend(["--key".into(), setup.key.to_str().expect("an UTF-8 path").into()]);
        } else {
            let secret = self.program.secret_file("consumer-secret", setup.consumer.secret);
            options.extend(["--client-secret-file".into(), secret]);
        }
        options
    }

    /// The server, as options.
    pub(crate) fn server(&self) -> Vec<String> {
        let provider = &self.setup.provider;
        let options = [
            "--temporary-credentials-endpoint",
            &provider.temporary_credentials_endpoint,
            "--authorization-endpoint",
            &provider.authorization_endpoint,
            "--token-credentials-endpoint",
            &provider.token_credentials_endpoint,
            "--callback",
            self.setup.callback.unwrap_or("oob"),
        ];
        options.map(str::to_owned).into()
    }

    /// `login --start`, the person, `login --finish` with these further options.
    pub(crate) fn log_in_with(&self, person: &dyn Fn(&str) -> String, further: &[&str]) -> Outcome<Value> {
        self.logins.set(self.logins.get() + 1);
        let file = self.program.home().join(format!("pending-{}", self.logins.get()));
        let file = file.to_str().expect("an UTF-8 path");
        let options = [self.signing(), self.server()].concat();
        let run = |words: &[&str]| {
            self.program.run(
                ["oauth1", "login", "--json"].iter().chain(words).copied().chain(options.iter().map(String::as_str)),
            )
        };
        let started = done(run(&["--start", file]))?;
        assert_eq!(started["file"], file);
        let answer = person(started["url"].as_str().expect("a URL"));
        done(run(&[&["--finish", file, &answer], further].concat()))
    }

    fn whose(&self, credentials: Option<&Credentials>) -> Vec<String> {
        let Some(credentials) = credentials else { return vec!["--two-legged".into()] };
        let token = format!("@{}", self.program.secret_file("token", &credentials.token));
        let secret = self.program.secret_file("token-secret", &credentials.secret);
        vec!["--token".into(), token, "--token-secret-file".into(), secret]
    }
}

impl OAuth1Face for ProgramOAuth1 {
    const IS_PROGRAM: bool = true;

    fn new(setup: &Setup) -> Self {
        Self { program: Program::new(), setup: setup.clone(), logins: Cell::new(0) }
    }

    fn log_in(&self, person: &dyn Fn(&str) -> String) -> Outcome<Credentials> {
        let token = self.log_in_with(person, &[])?;
        assert_eq!(token["token_type"], "OAuth1", "{token}");
        let text = |name: &str| token[name].as_str().unwrap_or_else(|| panic!("no {name} in {token}")).to_owned();
        Ok(Credentials { token: text("access_token"), secret: text("oauth_token_secret") })
    }

    fn call(&self, credentials: Option<&Credentials>, call: &Call) -> Outcome<(u16, Value)> {
        let mut arguments =
            vec!["oauth1".to_owned(), "call".into(), call.method.into(), call.url.clone(), "--json".into()];
        if let Some((kind, body)) = &call.body {
            arguments.extend(["-H".into(), format!("Content-Type: {kind}"), "-d".into(), body.clone()]);
        }
        answered(self.program.run([arguments, self.whose(credentials), self.signing()].concat()))
    }

    fn sign(&self, credentials: Option<&Credentials>, call: &Call) -> Outcome<Request<Vec<u8>>> {
        let mut arguments =
            vec!["oauth1".to_owned(), "sign".into(), call.method.into(), call.url.clone(), "--json".into()];
        if let Some((kind, body)) = &call.body {
            arguments.extend(["--content-type".into(), (*kind).into(), "--body".into(), body.clone()]);
        }
        let signed = done(self.program.run([arguments, self.whose(credentials), self.signing()].concat()))?;
        let text = |name: &str| signed[name].as_str().unwrap_or_else(|| panic!("no {name} in {signed}"));
        assert!(text("base_string").starts_with(&format!("{}&http%3A%2F%2F127.0.0.1", call.method)), "{signed}");
        let mut request = Request::builder().method(text("method")).uri(text("url"));
        for (name, value) in signed["headers"].as_object().expect("headers") {
            request = request.header(name, value.as_str().expect("a header's value is text"));
        }
        let body = signed["body"].as_str().unwrap_or_default();
        Ok(request.body(body.as_bytes().to_vec()).expect("a request"))
    }

    fn retries(&self) -> Option<u64> {
        None
    }
}
