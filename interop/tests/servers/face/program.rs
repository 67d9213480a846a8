//! The program: each call is a process, a session is a profile.

use grantee_interop::program::finish;
use grantee_interop::server::{PASSWORD, USER};
use grantee_interop::{Answer, Auth, Client, Program, Walk};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use super::{By, Face, Failure, Kind, Outcome, Session, Setup, Tokens};

/// The program with a home of its own.
pub(crate) struct ProgramFace {
    program: Rc<Program>,
    setup: Setup,
}

/// The profile `held` in that home.
pub(crate) struct Profile {
    program: Rc<Program>,
}

impl ProgramFace {
    pub(crate) fn program(&self) -> &Program {
        &self.program
    }

    /// The client, as options.
    pub(crate) fn options(&self) -> Vec<String> {
        let Setup { server, client, .. } = &self.setup;
        let mut options = vec!["--client-id", client.id.as_str(), "--redirect-uri", self.setup.redirect_uri()];
        match self.setup.issuer() {
            Some(issuer) => options.extend(["--issuer", issuer]),
            None => options.extend([
                "--authorization-endpoint",
                &server.authorization_endpoint,
                "--token-endpoint",
                &server.token_endpoint,
                "--introspection-endpoint",
                &server.introspection_endpoint,
                "--revocation-endpoint",
                &server.revocation_endpoint,
                "--device-authorization-endpoint",
                &server.device_authorization_endpoint,
            ]),
        }
        // What follows from the metadata, or is the default, need not be said.
        if matches!(
            client.auth,
            Auth::ClientSecretPost | Auth::ClientSecretJwt | Auth::TlsClientAuth | Auth::SelfSignedTlsClientAuth
        ) {
            options.extend(["--auth", client.auth.name()]);
        }
        if self.setup.basic_raw {
            options.push("--basic-raw");
        }
        if self.setup.pushed {
            options.push("--par");
        }
        let mut options: Vec<String> = options.into_iter().map(str::to_owned).collect();
        if let Some(key) = &self.setup.dpop {
            options.extend(["--dpop-key".into(), self.program.secret_file("dpop.jwk", &key.to_json())]);
        }
        if let Some(rules) = self.setup.rules {
            options.extend(["--rules".into(), rules.name().into()]);
        }
        if let Some(ca) = &server.tls.ca {
            options.extend(["--ca".into(), path(ca)]);
        }
        options.extend(registered(client));
        if let Some(secret) = &client.secret {
            options.extend(["--client-secret-file".into(), self.program.secret_file("client-secret", secret)]);
        }
        options
    }

    /// What an authorization request says beside the client, as options.
    pub(crate) fn login_options(&self, further: &[(&str, &str)]) -> Vec<String> {
        let mut options = vec!["--scope".to_owned()];
        options.extend(self.setup.server.scope.split(' ').map(str::to_owned));
        for (name, value) in self.setup.server.login_parameters.iter().chain(further) {
            match *name {
                "prompt" | "response_mode" | "resource" | "authorization_details" => {
                    options.extend([format!("--{}", name.replace('_', "-")), (*value).to_owned()]);
                }
                name => options.extend(["--param".to_owned(), format!("{name}={value}")]),
            }
        }
        options
    }

    /// Runs a verb as this client, with these further arguments.
    pub(crate) fn run(&self, verb: &[&str], further: &[String], stdin: &str) -> Answer {
        let arguments = verb.iter().map(|word| (*word).to_owned());
        let arguments: Vec<String> = arguments.chain(["--json".into()]).chain(self.options()).collect();
        self.program.run_with(arguments.iter().chain(further), stdin)
    }

    /// The same, while somebody reads each line that it says.
    pub(crate) fn run_with_a_person(&self, verb: &[&str], further: &[String], mut reads: impl FnMut(&str)) -> Answer {
        let arguments = verb.iter().map(|word| (*word).to_owned()).chain(["--json".into()]).chain(self.options());
        let mut command = self.program.command(arguments.chain(further.iter().cloned()));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be run");
        let (mut said, mut last) = (BufReader::new(child.stderr.take().expect("a pipe")), String::new());
        let mut line = String::new();
        while said.read_line(&mut line).expect("a pipe can be read") > 0 {
            reads(&line);
            last.push_str(&line);
            line.clear();
        }
        let mut answer = finish(child, format!("{command:?}"), Duration::from_secs(60));
        answer.stderr = last;
        answer
    }

    /// `login --start`, a walk, `login --finish`; `kept` goes to the latter.
    fn walk_in(&self, further: &[(&str, &str)], kept: &[String]) -> Outcome<Tokens> {
        let mut walk = Walk::new(&self.setup.server);
        Ok(tokens(&done(self.log_in_by(&mut walk, &self.login_options(further), kept)?)?))
    }

    /// `login --start` with these options, this person's walk, `login --finish` with those.
    pub(crate) fn log_in_by(&self, walk: &mut Walk, asked: &[String], kept: &[String]) -> Outcome<Answer> {
        let file = self.program.home().join("pending");
        let file = file.to_str().expect("an UTF-8 path");
        let started = done(self.run(&["login", "--start", file], asked, ""))?;
        assert_eq!(started["file"], file);
        let callback = walk.to(started["url"].as_str().expect("a URL"), self.setup.redirect_uri());
        let callback = callback.unwrap_or_else(|stuck| panic!("{}: {stuck}", self.setup.server.name));
        let finished = self.run(&["login", "--finish", file, &callback], kept, "");
        assert!(!std::path::Path::new(file).exists(), "a pending login serves once");
        Ok(finished)
    }
}

/// What the client is registered for, as options.
fn registered(client: &Client) -> Vec<String> {
    let registration = &client.registration;
    let mut options = Vec::new();
    let mut option = |name: &str, value: String| options.extend([name.to_owned(), value]);
    if registration.id_token_alg != "RS256" {
        option("--id-token-alg", registration.id_token_alg.into());
    }
    if let Some((alg, enc)) = registration.id_token_encryption {
        option("--id-token-encryption", format!("{alg}/{enc}"));
    }
    if let Some(alg) = registration.userinfo_alg {
        option("--userinfo-alg", alg.into());
    }
    if let Some((alg, enc)) = registration.userinfo_encryption {
        option("--userinfo-encryption", format!("{alg}/{enc}"));
    }
    let extensions = &registration.extensions;
    if let Some(key) = &registration.key {
        let name = match (client.auth, extensions.request_object_alg) {
            (Auth::PrivateKeyJwt, _) => "--key",
            (_, Some(_)) => "--request-object-key",
            _ => "--decryption-key",
        };
        option(name, path(key));
    }
    if let Some((certificate, key)) = &extensions.certificate {
        option("--tls-cert", path(certificate));
        option("--tls-key", path(key));
    }
    if let Some(alg) = extensions.authorization_alg {
        option("--authorization-alg", alg.into());
    }
    if let Some((alg, enc)) = extensions.authorization_encryption {
        option("--authorization-encryption", format!("{alg}/{enc}"));
    }
    if let Some(alg) = extensions.introspection_alg {
        option("--introspection-alg", alg.into());
    }
    if extensions.request_object_alg.is_some() {
        options.push("--request-object".into());
    }
    options
}

fn path(file: &Path) -> String {
    file.to_str().expect("an UTF-8 path").into()
}

/// The JSON of a run that went well, or why it did not, with the exit status that goes with it.
pub(crate) fn done(answer: Answer) -> Outcome<Value> {
    if answer.status == 0 {
        return Ok(answer.json());
    }
    let error = &answer.error()["error"];
    let text = |name: &str| error[name].as_str().map(str::to_owned);
    let failure = Failure {
        code: text("code").unwrap_or_else(|| panic!("no code in {error}")),
        server_error: text("server_error"),
        status: error["status"].as_u64().and_then(|status| status.try_into().ok()),
        hint: text("hint"),
        rule: text("rule"),
    };
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
    let status = match failure.code.as_str() {
        "usage" | "configuration" => 2,
        "server_error_response" | "http_status" => 10,
        "rule_violation" => 11,
        "login_required" => 12,
        "connect" | "timeout" | "broken_connection" => 13,
        _ => 14,
    };
    let _ = answer.exits(status);
    Err(failure)
}

/// What an API has answered to a `call` with `--json`: status and JSON.
pub(crate) fn answered(answer: Answer) -> Outcome<(u16, Value)> {
    if answer.stdout.is_empty() {
        done(answer)?;
        panic!("neither an answer nor an error");
    }
    let said = answer.json();
    let status = said["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status");
    let _ = answer.exits(if status >= 400 { 10 } else { 0 });
    Ok((status, serde_json::from_str(said["body"].as_str().unwrap_or_default()).unwrap_or_default()))
}

pub(crate) fn tokens(token: &Value) -> Tokens {
    let text = |name: &str| token[name].as_str().map(str::to_owned);
    let mut scope: Vec<String> = token["scope"].as_str().unwrap_or_default().split(' ').map(str::to_owned).collect();
    scope.sort_unstable();
    Tokens {
        access_token: text("access_token").unwrap_or_else(|| panic!("no access_token in {token}")),
        token_type: text("token_type").unwrap_or_else(|| panic!("no token_type in {token}")),
        refresh_token: text("refresh_token"),
        id_token: text("id_token"),
        scope,
        expires_in: token["expires_in"].as_u64(),
    }
}

impl Face for ProgramFace {
    type Session = Profile;

    fn new(setup: &Setup) -> Self {
        Self { program: Rc::new(Program::new()), setup: setup.clone() }
    }

    fn metadata(&self) -> Outcome<Value> {
        let issuer = self.setup.issuer().expect("a server with metadata");
        let ca = self.setup.server.tls.ca.iter().flat_map(|ca| ["--ca".to_owned(), path(ca)]);
        done(self.program.run(["discover", issuer, "--json"].map(str::to_owned).into_iter().chain(ca)))
    }

    fn log_in_with(&self, further: &[(&str, &str)]) -> Outcome<Tokens> {
        self.walk_in(further, &[])
    }

    fn client_credentials(&self, scope: &str) -> Outcome<Tokens> {
        let answer = self.run(&["token", "client-credentials"], &["--scope".into(), scope.into()], "");
        Ok(tokens(&done(answer)?))
    }

    fn password(&self, password: &str) -> Outcome<Tokens> {
        let mut further = vec!["--username".into(), USER.into(), "--password-file".into(), "-".into()];
        further.extend(self.login_options(&[]));
        Ok(tokens(&done(self.run(&["token", "password"], &further, password))?))
    }

    fn refresh(&self, refresh_token: &str) -> Outcome<Tokens> {
        Ok(tokens(&done(self.run(&["token", "refresh", "--refresh-token", "-"], &[], refresh_token))?))
    }

    fn log_in_on_a_device(&self, scope: &str, person: &dyn Fn(&str)) -> Outcome<Tokens> {
        let further = [vec!["--scope".to_owned()], scope.split(' ').map(str::to_owned).collect()].concat();
        let mut is_next = false;
        let answer = self.run_with_a_person(&["token", "device"], &further, |line| {
            if is_next {
                person(line.trim());
            }
            is_next = !is_next && line.starts_with("And enter the code:");
        });
        Ok(tokens(&done(answer)?))
    }

    fn log_in_elsewhere(&self, hint: &str, person: &dyn Fn()) -> Outcome<Tokens> {
        let further = ["--login-hint", hint, "--scope", "openid"].map(str::to_owned);
        let answer = self.run_with_a_person(&["token", "ciba"], &further, |line| {
            if line.starts_with("The server asks the person") {
                person();
            }
        });
        Ok(tokens(&done(answer)?))
    }

    fn introspect(&self, token: &str, kind: Kind) -> Outcome<Value> {
        done(self.run(&["introspect", "--token-type-hint", kind.hint()], &[], token))
    }

    fn revoke(&self, token: &str, kind: Kind) -> Outcome<()> {
        done(self.run(&["revoke", "--token-type-hint", kind.hint()], &[], token)).map(|_| ())
    }

    fn session(&self, by: By) -> Outcome<Profile> {
        let profile = ["--profile".to_owned(), "held".to_owned()];
        match by {
            By::Login => {
                self.walk_in(&[], &profile)?;
            }
            By::ClientCredentials => {
                let further = [&profile[..], &["--scope".into(), "read".into()]].concat();
                done(self.run(&["token", "client-credentials"], &further, ""))?;
            }
            By::Password => {
                let file = self.program.secret_file("password", PASSWORD);
                let password = ["--username".into(), USER.into(), "--password-file".into(), file, "--scope".into()];
                let scope = self.setup.server.scope.split(' ').map(str::to_owned).collect::<Vec<_>>();
                done(self.run(&["token", "password"], &[&profile[..], &password, &scope].concat(), ""))?;
            }
        }
        Ok(Profile { program: Rc::clone(&self.program) })
    }
}

impl Session for Profile {
    fn token(&self) -> Outcome<Tokens> {
        Ok(tokens(&done(self.program.run(["token", "--profile", "held", "--json"]))?))
    }

    fn renew(&self) -> Outcome<Tokens> {
        Ok(tokens(&done(self.program.run(["token", "refresh", "--profile", "held", "--json"]))?))
    }

    fn get(&self, url: &str) -> Outcome<(u16, Value)> {
        answered(self.program.run(["call", "GET", url, "--profile", "held", "--json"]))
    }

    fn retries(&self) -> Option<u64> {
        None
    }
}
