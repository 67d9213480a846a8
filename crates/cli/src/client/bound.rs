//! What requests are signed with and tokens are bound to: request objects, DPoP, the client's certificate; and how what is signed
//! comes back.

use super::Setup;
use super::credentials::algorithms;
use crate::failure::{Failure, Result};
use crate::profile::Profile;
use crate::settings::RulesName;
use crate::{input, private_file};
use grantee::Error;
use grantee::authorization::RequestObjects;
use grantee::blocking::ClientBuilder;
use grantee::jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, SigningKey};
use grantee::token_type::dpop::Dpop;

impl Setup {
    /// How authorization requests travel, and how their answers and those about tokens are signed.
    pub(super) fn with_requests(&self, mut builder: ClientBuilder, gets_tokens: bool) -> Result<ClientBuilder> {
        let settings = &self.settings;
        if settings.par {
            builder = builder.par();
        }
        if let Some(objects) = self.request_objects()? {
            builder = builder.request_object(objects);
        }
        if self.takes_what_is_signed(gets_tokens) {
            builder = builder.accept_any_authorization_alg();
        }
        let registered = self.registration.as_ref().map(|kept| &kept.metadata);
        // What is registered is said already.
        let usual = |registered: Option<&String>| settings.id_token_alg.as_ref().filter(|_| registered.is_none());
        let answers = usual(registered.and_then(|metadata| metadata.authorization_signed_response_alg.as_ref()));
        if let Some(alg) = settings.authorization_alg.as_ref().or(answers) {
            builder = builder.authorization_alg(alg);
        }
        if let Some(encryption) = &settings.authorization_encryption {
            let (alg, enc) = algorithms(encryption);
            builder = builder.authorization_encryption(alg, enc);
        }
        let signed_by_rule = settings.rules == Some(RulesName::Fapi2MessageSigning);
        let about_tokens = usual(registered.and_then(|metadata| metadata.introspection_signed_response_alg.as_ref()));
        if let Some(alg) = settings.introspection_alg.as_ref().or(about_tokens.filter(|_| signed_by_rule)) {
            builder = builder.introspection_alg(alg);
        }
        if let Some(encryption) = &settings.introspection_encryption {
            let (alg, enc) = algorithms(encryption);
            builder = builder.introspection_encryption(alg, enc);
        }
        Ok(builder)
    }

    /// What tokens are bound to, if anything: the key of DPoP, else the connection's certificate.
    pub(super) fn with_token_type(&self, builder: ClientBuilder, gets_tokens: bool) -> Result<ClientBuilder> {
        let settings = &self.settings;
        if self.uses_dpop() {
            return Ok(builder.token_type(self.dpop(gets_tokens)?));
        }
        Ok(if settings.tls_cert.is_some() { builder.certificate_bound_tokens() } else { builder })
    }

    pub(crate) fn uses_dpop(&self) -> bool {
        self.settings.dpop || self.settings.dpop_key.is_some()
    }

    /// Whether tokens are bound to a key that ends with this run.
    pub(crate) fn binds_for_this_run_alone(&self) -> bool {
        self.uses_dpop() && self.settings.dpop_key.is_none() && self.profile.is_none()
    }

    /// The key that signs requests of this client; `None` where they are not signed, or by the client's secret.
    pub(crate) fn request_signer(&self) -> Result<Option<SigningKey>> {
        if !self.signs_requests() {
            return Ok(None);
        }
        self.request_key()?.map(|(option, key)| signer(option, &key)).transpose()
    }

    fn signs_requests(&self) -> bool {
        let settings = &self.settings;
        let wanted = matches!(settings.rules, Some(RulesName::Fapi1Advanced | RulesName::Fapi2MessageSigning));
        settings.request_object || settings.request_object_key.is_some() || wanted && settings.key.is_some()
    }

    fn request_key(&self) -> Result<Option<(&'static str, Jwk)>> {
        let key = match &self.settings.request_object_key {
            Some(file) => Some(("--request-object-key", self.read_key(file)?)),
            None => self.key()?.map(|key| ("--key", key)),
        };
        Ok(key.map(|(option, key)| (option, self.in_its_profile(key))))
    }

    fn request_objects(&self) -> Result<Option<RequestObjects>> {
        if !self.signs_requests() {
            return Ok(None);
        }
        Ok(Some(match self.request_key()? {
            Some((option, key)) => RequestObjects::new(signer(option, &key)?),
            None if self.secret.is_some() => RequestObjects::by_secret(SignatureAlgorithm::Hs256),
            None => {
                return Err(Failure::usage("there is nothing to sign request objects with")
                    .hint("give --request-object-key FILE, or --key FILE"));
            }
        }))
    }

    /// Whether what no option says is taken as it comes, since only what is signed is believed. FAPI wants it said.
    pub(super) fn takes_what_is_signed(&self, gets_tokens: bool) -> bool {
        gets_tokens && !self.keeps_to_fapi()
    }

    fn keeps_to_fapi(&self) -> bool {
        !matches!(self.settings.rules, None | Some(RulesName::Oauth21))
    }

    /// FAPI knows RS256 no more, so an RSA key that names no algorithm is for PS256.
    pub(super) fn in_its_profile(&self, key: Jwk) -> Jwk {
        if self.keeps_to_fapi() && key.key_type() == "RSA" && key.alg().is_none() { key.with_alg("PS256") } else { key }
    }

    fn dpop(&self, gets_tokens: bool) -> Result<Dpop> {
        const KEPT: &str = "the profile's key for DPoP";
        if let Some(file) = &self.settings.dpop_key {
            return of_key("--dpop-key", &self.in_its_profile(self.read_key(file)?));
        }
        match (self.profile.as_ref().map(kept_key).transpose()?.flatten(), &self.profile) {
            (Some(key), _) => of_key(KEPT, &key),
            (None, Some(profile)) if gets_tokens => of_key(KEPT, &make_key(profile)?),
            (None, _) => Ok(Dpop::generate()?),
        }
    }
}

/// The key that was made for this profile, where one was.
fn kept_key(profile: &Profile) -> Result<Option<Jwk>> {
    let path = profile.dpop_key();
    if !path.exists() {
        return Ok(None);
    }
    private_file::refuse_if_shared(&path, "the profile's key for DPoP")?;
    Jwk::parse(input::read_file(&path)?).map(Some).map_err(|error| Failure::key(path.display(), &error))
}

/// Makes the profile's key. Where two processes do so at once, both use the one that was first.
fn make_key(profile: &Profile) -> Result<Jwk> {
    let key = Jwk::generate(KeyKind::Curve(Curve::P256)).map_err(|error| Failure::key("a key for DPoP", &error))?;
    profile.make_state()?;
    if private_file::write_new(&profile.dpop_key(), key.to_json().as_bytes())? {
        return Ok(key);
    }
    kept_key(profile)?.ok_or_else(|| Failure::file("the profile's key for DPoP has just been removed"))
}

fn of_key(what: &str, key: &Jwk) -> Result<Dpop> {
    Dpop::from_key(key).map_err(|error| match error {
        Error::Config(why) => Failure::file(format!("{what}: {}", why.message)),
        other => other.into(),
    })
}

/// A key as what signs by the algorithm it names, else by the usual one of its kind.
fn signer(what: &str, key: &Jwk) -> Result<SigningKey> {
    let algorithm = key.signature_algorithms().first().copied();
    let algorithm = algorithm.ok_or_else(|| Failure::file(format!("{what}: it is no key to sign with")))?;
    SigningKey::new(key, algorithm).map_err(|error| Failure::key(what, &error))
}
