//! The program: each call is a process, a session is a profile.

use grantee_interop::server::{PASSWORD, USER};
use grantee_interop::{Answer, Auth, Client, Program, Walk};
use serde_json::Value;
use std::rc::Rc;

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
            ]),
        }
        // What follows from the metadata, or is the default, need not be said.
        if matches!(client.auth, Auth::ClientSecretPost | Auth::ClientSecretJwt) {
            options.extend(["--auth", client.auth.name()]);
        }
        if self.setup.basic_raw {
            options.push("--basic-raw");
        }
        let mut options: Vec<String> = options.into_iter().map(str::to_owned).collect();
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
                "prompt" => options.extend(["--prompt".to_owned(), (*value).to_owned()]),
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
        let callback = walk.to_callback(started["url"].as_str().expect("a URL"));
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
    if let Some(key) = &registration.key {
        let name = if client.auth == Auth::PrivateKeyJwt { "--key" } else { "--decryption-key" };
        option(name, key.to_str().expect("an UTF-8 path").into());
    }
    options
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
        done(self.program.run(["discover", issuer, "--json"]))
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

    fn log_in_on_a_device(&self, _: &str, _: &dyn Fn(&str)) -> Outcome<Tokens> {
        panic!("not yet")
    }

    fn log_in_elsewhere(&self, _: &str, _: &dyn Fn()) -> Outcome<Tokens> {
        panic!("not yet")
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
        let answer = self.program.run(["call", "GET", url, "--profile", "held", "--json"]);
        if answer.stdout.is_empty() {
            done(answer)?;
            panic!("neither an answer nor an error");
        }
        let said = answer.json();
        let status = said["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status");
        let _ = answer.exits(if status >= 400 { 10 } else { 0 });
        Ok((status, serde_json::from_str(said["body"].as_str().unwrap_or_default()).unwrap_or_default()))
    }

    fn retries(&self) -> Option<u64> {
        None
    }
}
