//! What to run where an API asks for more than the token has (RFC 9470, RFC 6750 section 3.1).

use crate::client::Setup;
use crate::settings::HeldGrant;
use grantee::Scope;
use grantee::error::Insufficient;

/// What the person decides, and no API: who they are, and access while they are away.
const NEVER_ADDED: [&str; 2] = ["openid", "offline_access"];

/// The command that asks for what was asked for before and what is missing now.
pub(super) fn hint(missing: &Insufficient, setup: &Setup) -> String {
    let settings = &setup.settings;
    let by = match settings.grant {
        Some(HeldGrant::ClientCredentials) => "token client-credentials",
        Some(HeldGrant::Password) => "token password",
        Some(HeldGrant::DeviceCode) => "token device",
        Some(HeldGrant::Ciba) => "token ciba",
        Some(HeldGrant::TokenExchange) => "token exchange",
        Some(HeldGrant::JwtBearer) => "token jwt-bearer",
        Some(HeldGrant::Saml2Bearer) => "token saml2-bearer",
        Some(HeldGrant::AuthorizationCode) | None => "login",
    };
    // Only a login says how the person is to be known.
    let asks_for_login = missing.acr_values.is_some() || missing.max_age.is_some();
    let mut command = format!("grantee {}", if asks_for_login { "login" } else { by });
    if let Some(profile) = &setup.profile {
        command.push_str(&format!(" --profile {}", profile.name()));
    }
    if let Some(wanted) = &missing.scope {
        let before = Scope::from(settings.scope.join(" "));
        let more: Vec<&str> =
            wanted.iter().filter(|word| fits(word) && !NEVER_ADDED.contains(word) && !before.contains(word)).collect();
        let all = before.iter().chain(more).collect::<Vec<_>>().join(" ");
        command.push_str(&format!(" --scope '{all}'"));
    }
    if let Some(acr_values) = &missing.acr_values {
        let classes: Vec<&str> = acr_values.split(' ').filter(|class| fits(class)).collect();
        command.push_str(&format!(" --acr-values '{}'", classes.join(" ")));
    }
    if let Some(max_age) = missing.max_age {
        command.push_str(&format!(" --max-age {max_age}"));
    }
    command
}

/// A stranger's word that may stand in a command which somebody copies: between quotes no shell does anything with it.
fn fits(word: &str) -> bool {
    !word.is_empty() && word.len() <= 256 && word.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\'')
}
