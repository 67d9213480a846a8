//! `grantee profile`: client options kept under a name.

use crate::args::{Profile as Args, ProfileName, ProfileSave};
use crate::client::Setup;
use crate::failure::{Failure, Result};
use crate::output;
use crate::profile::{self, Profile};
use crate::settings::Settings;
use serde_json::{Value, json};

pub(super) fn run(args: Args, json: bool) -> Result<()> {
    match args {
        Args::List => list(json),
        Args::Show(name) => show(&existing(name)?, json),
        Args::Save(args) => save(*args, json),
        Args::Remove(name) => remove(&existing(name)?, json),
    }
}

fn list(json: bool) -> Result<()> {
    let names = profile::list()?;
    if json {
        return output::json(&names);
    }
    if names.is_empty() {
        output::note("there is no profile yet");
        return Ok(());
    }
    output::text(&names.join("\n"))
}

fn show(profile: &Profile, json: bool) -> Result<()> {
    let settings = profile.load()?;
    let mut shown =
        serde_json::to_value(&settings).map_err(|error| Failure::file(format!("can't write JSON: {error}")))?;
    if let Value::Object(members) = &mut shown {
        if settings.client_secret.is_some() {
            members.insert("client_secret".to_owned(), "(hidden)".into());
        }
        if settings.proxy.as_deref().is_some_and(crate::settings::has_credentials) {
            members.insert("proxy".to_owned(), "(hidden)".into());
        }
    }
    if json { output::json(&shown) } else { output::members(&shown) }
}

fn save(args: ProfileSave, json: bool) -> Result<()> {
    let name = one_name(args.name, args.common.profile)?;
    let settings = Settings { oauth1: args.oauth1, ..args.common.settings };
    let mut setup = Setup::of_either(Some(&name), settings)?;
    setup.settings.params()?;
    setup.authorization_details()?;
    setup.save_profile()?;
    if json { output::json(&json!({ "profile": name })) } else { said(&format!("saved the profile {name}")) }
}

fn remove(profile: &Profile, json: bool) -> Result<()> {
    profile.remove()?;
    let name = profile.name();
    if json {
        output::json(&json!({ "profile": name }))
    } else {
        said(&format!("removed the profile {name} and the tokens it held"))
    }
}

fn said(what: &str) -> Result<()> {
    output::note(what);
    Ok(())
}

fn existing(name: ProfileName) -> Result<Profile> {
    let profile = Profile::named(&one_name(name.name, name.profile)?)?;
    if profile.exists() { Ok(profile) } else { Err(profile.unknown()) }
}

fn one_name(name: Option<String>, option: Option<String>) -> Result<String> {
    name.or(option).ok_or_else(|| Failure::usage("no profile is named").hint("give its NAME"))
}
