//! `grantee login`: a token by a person's login in the browser.

use crate::args::{Login as Args, TokenForm};
use crate::client::{Setup, asked};
use crate::failure::{Failure, Result};
use crate::input;
use crate::output;
use crate::private_file;
use crate::progress::spin;
use crate::settings::{HeldGrant, Settings};
use crate::token_json;
use grantee::blocking::{Client, Login};
use grantee::jose::{self, ErrorKind};
use grantee::oidc::IdToken;
use grantee::{AuthorizationRequest, Pending, Secret, legacy};
use serde_json::{Map, Value, json};
use std::fs;
use std::io::{self, BufRead as _, Read as _};
use std::path::Path;
use url::Url;

/// Where the answer goes when nobody says: the browser shows no page there, but its address, which is what is pasted.
const PASTED_REDIRECT_URI: &str = "http://127.0.0.1/callback";

/// The longest callback that is read from a terminal.
const MOST_PASTED: u64 = 64 * 1024;

/// What a login brought.
pub(super) enum Brought {
    /// A token, and who logged in where `openid` was asked for.
    Login(Box<Login>),
    /// Who logged in, and nothing else.
    Identity(Box<IdToken>),
    /// That the server agreed.
    Nothing,
}

pub(super) fn run(args: Args, json: bool) -> Result<()> {
    let Args { no_browser, start, finish, callback, output, common } = args;
    let mut setup = Setup::new(common.profile.as_deref(), common.settings)?;
    if let Some(file) = start {
        return begin(&setup, &file, json);
    }
    let (client, brought) = match (finish, callback) {
        (Some(file), Some(callback)) => end(&mut setup, &file, &callback)?,
        _ if no_browser => by_pasting(&mut setup)?,
        _ => super::browser::log_in(&setup)?,
    };
    encrypted_as_said(&setup.settings, &brought)?;
    match brought {
        Brought::Login(login) => show(&mut setup, &client, &login, output, json),
        Brought::Identity(id_token) => identity(&setup, &id_token),
        Brought::Nothing => output::json(&Map::new()),
    }
}

/// A key to decrypt with says that ID tokens come encrypted, unless it may be for something else.
fn encrypted_as_said(settings: &Settings, brought: &Brought) -> Result<()> {
    let others =
        [&settings.userinfo_encryption, &settings.authorization_encryption, &settings.introspection_encryption];
    let for_another = settings.userinfo || others.iter().any(|encryption| encryption.is_some());
    if settings.decryption_key.is_none() || for_another {
        return Ok(());
    }
    let id_token = match brought {
        Brought::Login(login) => login.id_token(),
        Brought::Identity(id_token) => Some(&**id_token),
        Brought::Nothing => None,
    };
    match id_token {
        Some(id_token) if id_token.reveal().bytes().filter(|byte| *byte == b'.').count() != 4 => {
            let rule = "the token is encrypted as registered";
            let error = jose::Error::new(ErrorKind::NotAllowed, rule, "OpenID Connect Core section 3.1.3.7");
            Err(Failure::refused(error.got("one that is not encrypted"))
                .hint("if the key is for something else, say so: --userinfo, --authorization-encryption ALG/ENC"))
        }
        _ => Ok(()),
    }
}

/// Keeps the token and prints it with what is known of the person.
fn show(setup: &mut Setup, client: &Client, login: &Login, form: TokenForm, json: bool) -> Result<()> {
    let Known { members: mut more, outcome } = known(setup, client, login)?;
    if let Some(session_state) = login.session_state() {
        more.insert("session_state".to_owned(), session_state.into());
    }
    // The request settled these, and the held token is found by them again.
    let asked = login.parameters();
    setup.settings.scope =
        asked.scope.as_ref().filter(|scope| !scope.is_empty()).map(ToString::to_string).into_iter().collect();
    setup.settings.resource.clone_from(&asked.resources);
    let kept = setup.keep(client, login.token(), HeldGrant::AuthorizationCode);
    // What the server has given is printed also where it could not be kept.
    if !json && form == TokenForm::Json && output::is_terminal() && setup.profile.is_some() && kept.is_ok() {
        person(&more)?;
    } else {
        token_json::print_with(login.token(), more, form, json)?;
    }
    kept.and(outcome)
}

/// What is known of the person beside the token.
pub(super) struct Known {
    pub(super) members: Map<String, Value>,
    /// Why userinfo is not among it, where it was asked for.
    pub(super) outcome: Result<()>,
}

/// The claims of the ID token, and userinfo where that is asked for.
pub(super) fn known(setup: &Setup, client: &Client, login: &Login) -> Result<Known> {
    let mut known = Known { members: Map::new(), outcome: Ok(()) };
    if let Some(id_token) = login.id_token() {
        known.members.insert("id_token_claims".to_owned(), id_token.claims().members().clone().into());
    }
    if setup.settings.userinfo {
        match super::userinfo::fetch(client, login.token(), login.id_token()) {
            Ok(claims) => drop(known.members.insert("userinfo".to_owned(), claims.members().clone().into())),
            // A token that is about somebody else is neither kept nor shown.
            Err(failure) if failure.broke_a_rule() => return Err(failure),
            Err(failure) => known.outcome = Err(failure),
        }
    }
    Ok(known)
}

/// Shows who has logged in; the profile has the token.
fn person(known: &Map<String, Value>) -> Result<()> {
    let claims = ["id_token_claims", "userinfo"].into_iter().filter_map(|name| known.get(name)?.as_object());
    output::members(&claims.flat_map(Clone::clone).collect::<Map<_, _>>().into())
}

/// There is no access token, so there is nothing that a profile could hold.
fn identity(setup: &Setup, id_token: &IdToken) -> Result<()> {
    if let Some(profile) = &setup.profile {
        output::note(&format!("no access token came, so the profile {} holds none", profile.name()));
    }
    output::json(&json!({ "id_token": id_token.reveal(), "id_token_claims": id_token.claims().members() }))
}

/// Ends a login by what its response type brings.
pub(super) fn finish(client: &Client, pending: Pending, callback: &str) -> Result<Brought> {
    let asked = pending.response_type_name().to_owned();
    let brings = |name| asked.split(' ').any(|word| word == name);
    if brings("none") {
        client.respond(pending, callback)?;
        return Ok(Brought::Nothing);
    }
    if !brings("code") && !brings("token") {
        let id_token = spin("verifying the ID token", || client.identify(pending, callback))?;
        return Ok(Brought::Identity(Box::new(id_token)));
    }
    let login = spin("asking the server for the token", || client.finish(pending, callback))?;
    Ok(Brought::Login(Box::new(login)))
}

fn begin(setup: &Setup, file: &Path, json: bool) -> Result<()> {
    if setup.binds_for_this_run_alone() {
        return Err(Failure::usage(
            "the key that the token is to be bound to would be gone when the login is finished",
        )
        .hint("give --profile NAME, which keeps it, or --dpop-key FILE"));
    }
    let client = setup.client()?;
    let request = pasted(setup, request(setup)?);
    let (url, pending) = spin("asking the server for its metadata", || client.start(request))?;
    private_file::write(file, pending.to_json()?.as_bytes())?;
    started(&url, file, "login", "CALLBACK", json)
}

fn end(setup: &mut Setup, file: &Path, callback: &str) -> Result<(Client, Brought)> {
    let callback = setup.stdin.literal_or_referred("the callback", callback)?;
    let pending = kept(file, Pending::from_json)?;
    // The pending login knows what it was started with.
    let settings = &mut setup.settings;
    match &settings.client_id {
        Some(client_id) if client_id != pending.client_id() => {
            return Err(Failure::usage(format!(
                "the pending login was started by the client {}",
                pending.client_id().escape_debug()
            )));
        }
        _ => settings.client_id = Some(pending.client_id().to_owned()),
    }
    if settings.issuer.is_none() && settings.metadata.is_none() && settings.token_endpoint.is_none() {
        settings.issuer = pending.issuer().map(str::to_owned);
    }
    let client = setup.client()?;
    remove(file)?;
    let brought = finish(&client, pending, callback.reveal().trim())?;
    Ok((client, brought))
}

/// The pending login that a file holds.
pub(super) fn kept<P>(file: &Path, read: fn(&str) -> grantee::Result<P>) -> Result<P> {
    private_file::refuse_if_shared(file, "the pending login")?;
    let kept =
        String::from_utf8(input::read_file(file)?).map_err(|_| Failure::file("the pending login is not UTF-8"))?;
    read(Secret::new(kept).reveal()).map_err(|_| {
        Failure::file(format!("{} is no pending login of this version", file.display())).hint("start the login again")
    })
}

/// Takes the pending login away. It serves once: whoever removes it may go on.
pub(super) fn remove(file: &Path) -> Result<()> {
    fs::remove_file(file).map_err(|error| Failure::io("can't remove the pending login", file, &error))
}

/// Tells where the login that was started lies, and what to do now.
pub(super) fn started(url: &Url, file: &Path, verb: &str, answer: &str, json: bool) -> Result<()> {
    if json {
        return output::json(&serde_json::json!({ "url": url.as_str(), "file": file.display().to_string() }));
    }
    output::note(&format!("open this, and then: grantee {verb} --finish '{}' {answer}", file.display()));
    output::text(url.as_str())
}

fn by_pasting(setup: &mut Setup) -> Result<(Client, Brought)> {
    setup.stdin.take("the callback")?;
    let client = setup.client()?;
    let request = pasted(setup, request(setup)?);
    let (url, pending) = spin("asking the server for its metadata", || client.start(request))?;
    output::note(&format!("Open this in a browser:\n\n{url}\n"));
    output::note("Then paste the address the browser ended up at, whether or not it shows a page there:");
    let callback = typed("a callback was pasted")?;
    let brought = finish(&client, pending, callback.reveal().trim())?;
    Ok((client, brought))
}

/// The line that the person types in.
pub(super) fn typed(what: &str) -> Result<Secret> {
    let mut line = String::new();
    let read = io::stdin().lock().take(MOST_PASTED).read_line(&mut line);
    read.map_err(|error| Failure::file(format!("can't read from stdin: {error}")))?;
    let line = Secret::new(line);
    if line.reveal().trim().is_empty() {
        return Err(Failure::login(format!("nobody has logged in: stdin ended before {what}")));
    }
    Ok(line)
}

fn pasted(setup: &Setup, request: AuthorizationRequest) -> AuthorizationRequest {
    if setup.settings.redirect_uri.is_some() { request } else { request.redirect_uri(PASTED_REDIRECT_URI) }
}

/// The authorization request that the settings describe.
pub(super) fn request(setup: &Setup) -> Result<AuthorizationRequest> {
    let settings = &setup.settings;
    let mut request = response_type(settings, asked!(setup, AuthorizationRequest::new()))?;
    if let Some(response_mode) = &settings.response_mode {
        request = request.response_mode(response_mode);
    }
    if let Some(state) = &settings.state {
        request = request.state(state);
    }
    if let Some(nonce) = &settings.nonce {
        request = request.nonce(nonce);
    }
    if let Some(prompt) = &settings.prompt {
        request = request.prompt(prompt.as_str());
    }
    if let Some(max_age) = settings.max_age {
        request = request.max_age(max_age);
    }
    if let Some(acr_values) = &settings.acr_values {
        request = request.acr_values(acr_values.as_str());
    }
    if let Some(login_hint) = &settings.login_hint {
        request = request.login_hint(login_hint);
    }
    if let Some(claims) = &settings.claims {
        let claims: serde_json::Value =
            serde_json::from_str(claims).map_err(|error| Failure::usage(format!("--claims is no JSON: {error}")))?;
        request = request.claims(claims);
    }
    Ok(request)
}

/// What the login is to bring.
fn response_type(settings: &Settings, request: AuthorizationRequest) -> Result<AuthorizationRequest> {
    let Some(asked) = &settings.response_type else { return Ok(request) };
    let words: Vec<&str> = asked.split_whitespace().collect();
    if settings.userinfo && !words.iter().any(|word| matches!(*word, "code" | "token")) {
        return Err(Failure::usage(format!("--userinfo needs an access token, and response type {asked} brings none")));
    }
    Ok(if words == ["token"] { legacy::implicit(request) } else { request.response_type(words.join(" ")) })
}
