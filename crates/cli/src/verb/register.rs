//! `grantee register`: a client's registration, made, read, updated and deleted (RFC 7591, RFC 7592).

use crate::args::register::{Register as Args, RegisterAction};
use crate::client::{Setup, save_registration};
use crate::failure::{Failure, Result};
use crate::progress::spin;
use crate::{input, output};
use grantee::{ClientMetadata, Registration};
use serde_json::{Map, Value, json};
use std::path::Path;

pub(super) fn run(args: Args, json: bool) -> Result<()> {
    let Args { action, client_metadata, initial_access_token, common } = args;
    if initial_access_token.is_some() && action.is_some() {
        return Err(Failure::usage("--initial-access-token goes with a new registration alone"));
    }
    let wants_metadata = matches!(action, None | Some(RegisterAction::Update));
    let asked = match (wants_metadata, &client_metadata) {
        (true, Some(file)) => Some(read(file)?),
        (true, None) => {
            return Err(Failure::usage("nothing says what the client is to be registered as")
                .hint("give --client-metadata FILE, a JSON object"));
        }
        (false, Some(_)) => {
            return Err(Failure::usage("--client-metadata goes with a new registration and with update"));
        }
        (false, None) => None,
    };
    let mut setup = Setup::new(common.profile.as_deref(), common.settings)?;
    let registration = match (action, asked) {
        (None, asked) => {
            let token = initial_access_token
                .map(|given| setup.stdin.referred("the initial access token", &given))
                .transpose()?;
            register(&mut setup, &asked.unwrap_or_default(), token)?
        }
        (Some(RegisterAction::Delete), _) => return delete(&mut setup, json),
        (Some(_), asked) => {
            let (profile, kept) = setup.registered()?;
            let client = setup.registrar()?;
            let now = match &asked {
                Some(asked) => spin("updating the registration", || client.update_registration(&kept, asked))?,
                None => spin("reading the registration", || client.read_registration(&kept))?,
            };
            // The token may have been replaced by this very answer.
            let kept = save_registration(&profile, &now);
            if let Some(asked) = &asked {
                tell_changes(&now, asked);
            }
            show(&now, json)?;
            return kept;
        }
    };
    show(&registration, json)
}

fn register(
    setup: &mut Setup,
    asked: &ClientMetadata,
    initial_access_token: Option<grantee::Secret>,
) -> Result<Registration> {
    if let (Some(profile), true) = (&setup.profile, setup.has_a_client()) {
        return Err(Failure::usage(format!("the profile {} is for a client already", profile.name()))
            .hint("take another profile; or: grantee register update, grantee register delete"));
    }
    let mut builder = setup.unregistered()?;
    if let Some(token) = initial_access_token {
        builder = builder.initial_access_token(token.reveal().trim());
    }
    let registered = spin("registering the client", || builder.register(asked))?;
    let registration = registered.registration().clone();
    if let Err(failure) = setup.keep_registration(&registration) {
        // What the server tells once is printed also where it could not be kept.
        show(&registration, true)?;
        return Err(failure);
    }
    tell_changes(&registration, asked);
    Ok(registration)
}

fn delete(setup: &mut Setup, json: bool) -> Result<()> {
    let (profile, kept) = setup.registered()?;
    let client = setup.registrar()?;
    spin("deleting the registration", || client.delete_registration(&kept))?;
    setup.forget_registration(&profile)?;
    if json {
        return output::json(&json!({ "deleted": kept.client_id }));
    }
    output::note("the server has forgotten the client, and the profile its registration and tokens");
    Ok(())
}

/// What the server has made of the request (RFC 7591 section 3.2.1).
fn tell_changes(registration: &Registration, asked: &ClientMetadata) {
    for change in registration.changed_from(asked) {
        let found = change.registered.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
        output::note(&output::clean(&format!(
            "the server registered {} as {found}, not {}",
            change.member, change.asked
        )));
    }
}

/// The answer as a server writes it, secrets and all.
fn show(registration: &Registration, json: bool) -> Result<()> {
    let metadata = serde_json::to_value(&registration.metadata)
        .map_err(|error| Failure::file(format!("can't write JSON: {error}")))?;
    let mut members = metadata.as_object().cloned().unwrap_or_else(Map::new);
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    };
    put("client_id", Some(registration.client_id.as_str().into()));
    put("client_secret", registration.client_secret.as_ref().map(|secret| secret.reveal().into()));
    put("client_id_issued_at", registration.client_id_issued_at.map(|at| at.seconds().into()));
    // REQUIRED beside a secret; 0 where it does not end.
    let expires_at = registration.client_secret_expires_at.map_or(0, |at| at.seconds());
    put("client_secret_expires_at", registration.client_secret.as_ref().map(|_| expires_at.into()));
    let token = registration.registration_access_token.as_ref();
    put("registration_access_token", token.map(|token| token.reveal().into()));
    put("registration_client_uri", registration.registration_client_uri.as_deref().map(Into::into));
    let members = Value::Object(members);
    if json { output::json(&members) } else { output::members(&members) }
}

fn read(file: &Path) -> Result<ClientMetadata> {
    let metadata: ClientMetadata = serde_json::from_slice(&input::read_file(file)?)
        .map_err(|error| Failure::usage(format!("{} is no JSON object: {error}", file.display())))?;
    match metadata.ignored.first() {
        None => Ok(metadata),
        Some(ignored) => Err(Failure::usage(format!("{}: {ignored}", file.display()))),
    }
}
