//! The registration that a profile keeps (RFC 7591): which client it is, and what it is registered for.

use super::Setup;
use crate::failure::{Failure, Result};
use crate::profile::Profile;
use crate::{input, private_file};
use grantee::Registration;
use grantee::blocking::{Client, ClientBuilder};
use std::io::ErrorKind;

impl Setup {
    /// Takes up what the profile's registration says and nobody says otherwise. Another client than the registered one has
    /// nothing to do with it.
    pub(super) fn take_up_registration(&mut self) -> Result<()> {
        let Some(profile) = &self.profile else { return Ok(()) };
        let Some(kept) = load(profile)? else { return Ok(()) };
        let settings = &mut self.settings;
        if settings.client_id.as_ref().is_some_and(|client_id| *client_id != kept.client_id) {
            return Ok(());
        }
        settings.client_id = Some(kept.client_id.clone());
        if self.secret.is_none() {
            self.secret.clone_from(&kept.client_secret);
        }
        if let (None, Some([only])) = (&settings.redirect_uri, kept.metadata.redirect_uris.as_deref()) {
            settings.redirect_uri = Some(only.clone());
        }
        settings.dpop |= kept.metadata.dpop_bound_access_tokens == Some(true);
        self.registration = Some(kept);
        if !self.names_a_server() {
            self.settings.issuer = self.registration.as_ref().and_then(|kept| kept.issuer.clone());
        }
        Ok(())
    }

    /// A client to be registered: all that is set but which one it is.
    pub(crate) fn unregistered(&self) -> Result<ClientBuilder> {
        self.configured(self.server()?, "", true)
    }

    /// A client that manages the registration, for which it shows the registration access token alone.
    pub(crate) fn registrar(&self) -> Result<Client> {
        let builder = self.with_connection(self.with_endpoints(self.server()?))?;
        let builder = builder.public_client(self.settings.client_id.as_deref().unwrap_or("-"));
        let builder = if self.settings.allow_http { builder.danger().allow_http() } else { builder };
        let insecure = self.settings.danger_accept_invalid_certs;
        let builder = if insecure { builder.danger().accept_invalid_certs() } else { builder };
        Ok(builder.build()?)
    }

    /// The profile with its registration.
    pub(crate) fn registered(&self) -> Result<(Profile, Registration)> {
        let profile = self
            .profile
            .clone()
            .ok_or_else(|| Failure::usage("a registration is kept in a profile").hint("give --profile NAME"))?;
        match load(&profile)? {
            Some(kept) => Ok((profile, kept)),
            None => Err(Failure::usage(format!("the profile {} has no registration", profile.name()))
                .hint(format!("make one with: grantee register --client-metadata FILE --profile {}", profile.name()))),
        }
    }

    /// Whether the profile is for some client already.
    pub(crate) fn has_a_client(&self) -> bool {
        self.registration.is_some() || self.kept.client_id.is_some()
    }

    /// Keeps a registration that has just come. The server tells its secrets once, so this comes before anything else.
    pub(crate) fn keep_registration(&mut self, registration: &Registration) -> Result<()> {
        let Some(profile) = self.profile.clone() else { return Ok(()) };
        save(&profile, registration)?;
        self.settings.client_id = Some(registration.client_id.clone());
        self.settings.allow_http = self.kept.allow_http;
        self.settings.danger_accept_invalid_certs = self.kept.danger_accept_invalid_certs;
        self.save_profile()
    }

    /// Forgets the registration, and the tokens of a client that there is no more.
    pub(crate) fn forget_registration(&mut self, profile: &Profile) -> Result<()> {
        profile.forget()?;
        self.kept.client_id = None;
        self.kept.grant = None;
        if profile.exists() { profile.save(&self.kept) } else { Ok(()) }
    }
}

/// What the profile keeps; `None` where it has no registration.
fn load(profile: &Profile) -> Result<Option<Registration>> {
    let path = profile.registration();
    match path.metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        outcome => outcome.map_err(|error| Failure::io("can't look at", &path, &error))?,
    };
    private_file::refuse_if_shared(&path, "the registration")?;
    // The error could quote a secret.
    let kept = serde_json::from_slice(&input::read_file(&path)?)
        .map_err(|_| Failure::file(format!("{} is no registration of this version", path.display())))?;
    Ok(Some(kept))
}

/// Keeps a registration in the place of the one before.
pub(crate) fn save(profile: &Profile, registration: &Registration) -> Result<()> {
    let text = serde_json::to_vec(registration)
        .map_err(|error| Failure::file(format!("the registration can't be written: {error}")))?;
    profile.make_state()?;
    private_file::write(&profile.registration(), &text)
}
