//! `grantee id-token verify`: OpenID Connect Core section 3.1.3.7 on a token from stdin.

use crate::args::openid::Verify as Args;
use crate::client::Setup;
use crate::failure::{Failure, Result};
use crate::progress::spin;
use crate::{input, keys, output};
use grantee::blocking::Client;
use grantee::jose::{self, ErrorKind, JwkSet, KeyAlgorithm, SignatureAlgorithm, jwe};
use grantee::metadata::AuthorizationServer;
use grantee::oidc::IdTokenExpectations;
use grantee::{Secret, UnixTime, UnverifiedIdToken};
use serde_json::Value;

const CORE: &str = "OpenID Connect Core section 3.1.3.7";

pub(super) fn verify(args: Args) -> Result<()> {
    let Args { jwks, alg, access_token, code, front_channel, acr, at, common } = args;
    let mut setup = Setup::new(common.profile.as_deref(), common.settings)?;
    setup.stdin.take("the ID token")?;
    let expected = Expected { access_token, code, front_channel, acr, at }.read(&mut setup)?;
    if alg.is_some() {
        setup.settings.id_token_alg = alg;
    }
    if let Some(alg) = &setup.settings.id_token_alg
        && SignatureAlgorithm::from_name(alg).is_none()
    {
        return Err(refused(ErrorKind::Unsupported, "alg is a signature algorithm that is known", alg));
    }
    let keys = Source::of(jwks, &mut setup)?;
    let token = UnverifiedIdToken::new(input::token_from_stdin()?);
    note_encryption(&mut setup, token.reveal_unverified())?;
    let client = keys.client(&setup)?;
    let verified = spin("verifying the ID token", || client.verify_id_token(&token, &expected));
    let verified = verified.map_err(|error| Failure::from(error).with_option("--id-token-alg", "--alg"))?;
    output::json(verified.claims().members())
}

/// What the token must agree with, as the options say it.
struct Expected {
    access_token: Option<String>,
    code: Option<String>,
    front_channel: bool,
    acr: Vec<String>,
    at: Option<i64>,
}

impl Expected {
    fn read(self, setup: &mut Setup) -> Result<IdTokenExpectations> {
        let mut expected = IdTokenExpectations::new();
        let mut referred = |what, value: Option<String>| -> Result<Option<Secret>> {
            value.map(|value| setup.stdin.referred(what, &value)).transpose()
        };
        if let Some(access_token) = referred("the access token", self.access_token)? {
            expected = expected.access_token(access_token);
        }
        if let Some(code) = referred("the code", self.code)? {
            expected = expected.code(code);
        }
        let settings = &setup.settings;
        if let Some(nonce) = &settings.nonce {
            expected = expected.nonce(nonce);
        }
        if let Some(state) = &settings.state {
            expected = expected.state(state);
        }
        if let Some(max_age) = settings.max_age {
            expected = expected.max_age(max_age);
        }
        match (self.acr.is_empty(), &settings.acr_values) {
            (false, _) => expected = expected.acr_values(self.acr.join(" ")),
            (true, Some(acr_values)) => expected = expected.acr_values(acr_values.as_str()),
            (true, None) => {}
        }
        if self.front_channel {
            expected = expected.front_channel();
        }
        if let Some(at) = self.at {
            expected = expected.at(UnixTime::from_seconds(at));
        }
        Ok(expected)
    }
}

/// Where the server's keys come from.
enum Source {
    /// What discovery says.
    Metadata,
    /// A URL, which is in the settings; or nowhere, since none is needed.
    Known,
    Set(JwkSet),
}

impl Source {
    fn of(jwks: Option<String>, setup: &mut Setup) -> Result<Self> {
        let settings = &mut setup.settings;
        let symmetric = settings.id_token_alg.as_deref().and_then(SignatureAlgorithm::from_name);
        match jwks {
            Some(url) if url.contains("://") => {
                settings.jwks_uri = Some(url);
                Ok(Self::Known)
            }
            Some(file) => keys::set(&file, &Default::default()).map(Self::Set),
            None if settings.metadata.is_some() => Ok(Self::Metadata),
            None if settings.jwks_uri.is_some() || symmetric.is_some_and(SignatureAlgorithm::is_symmetric) => {
                Ok(Self::Known)
            }
            None => Ok(Self::Metadata),
        }
    }

    fn client(self, setup: &Setup) -> Result<Client> {
        if matches!(self, Self::Metadata) {
            return setup.client();
        }
        let issuer = setup
            .settings
            .issuer
            .as_ref()
            .ok_or_else(|| Failure::usage("nobody says who must have issued it").hint("give --issuer URL"))?;
        let builder = Client::with_metadata(AuthorizationServer::default()).issuer(issuer);
        setup.client_on(match self {
            Self::Set(keys) => builder.jwks(keys),
            _ => builder,
        })
    }
}

/// A key to decrypt with means that the token is encrypted, and by what the key can be used for.
fn note_encryption(setup: &mut Setup, token: &str) -> Result<()> {
    let settings = &mut setup.settings;
    if settings.decryption_key.is_none() || settings.id_token_encryption.is_some() {
        return Ok(());
    }
    if token.bytes().filter(|byte| *byte == b'.').count() != 4 {
        return Err(refused(
            ErrorKind::NotAllowed,
            "the token is encrypted as registered",
            "one that is not encrypted",
        ));
    }
    let header = jwe::peek_header(token).map_err(Failure::refused)?;
    let alg = header.alg.as_deref().unwrap_or_default();
    let enc = header.get("enc").and_then(Value::as_str).unwrap_or_default();
    if KeyAlgorithm::from_name(alg).is_none() || jose::ContentEncryption::from_name(enc).is_none() {
        return Err(refused(
            ErrorKind::Unsupported,
            "alg and enc are ones that are known and safe",
            &format!("{alg} with {enc}"),
        ));
    }
    settings.id_token_encryption = Some(format!("{alg}/{enc}"));
    Ok(())
}

fn refused(kind: ErrorKind, rule: &'static str, got: &str) -> Failure {
    Failure::refused(jose::Error::new(kind, rule, CORE).got(got))
}
