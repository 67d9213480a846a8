//! `grantee token jwt-bearer` and `saml2-bearer`: by an assertion (RFC 7523, RFC 7522).

use super::{Got, ask};
use crate::args::token::OfGrants;
use crate::client::{Setup, asked};
use crate::failure::{Failure, Result};
use crate::settings::HeldGrant;
use grantee::{JwtBearer, Saml2Bearer, Secret};

pub(super) fn jwt(setup: &mut Setup, of: OfGrants) -> Result<Got> {
    if let Some(given) = &of.assertion {
        // What the profile would sign with is not what is asked for now.
        setup.settings.service_account = None;
        setup.settings.subject = None;
        let client = setup.client()?;
        let assertion = read(setup, given)?;
        let grant = asked!(setup, JwtBearer::assertion(assertion.reveal().trim()));
        let token = ask(|| client.token(grant))?;
        return Ok(Got::new(setup, &client, token, HeldGrant::JwtBearer));
    }
    if of.service_account.is_some() {
        setup.settings.subject = None;
        setup.settings.service_account = of.service_account;
    }
    if of.subject.is_some() {
        setup.settings.subject = of.subject;
    }
    let grant = setup.signed_jwt_bearer()?.ok_or_else(|| {
        Failure::usage("there is no JWT to get a token by")
            .hint("give --assertion @FILE, or --service-account FILE, or --key FILE with --subject NAME")
    })?;
    let client = setup.client()?;
    let token = ask(|| client.token(grant))?;
    Ok(Got::new(setup, &client, token, HeldGrant::JwtBearer))
}

pub(super) fn saml2(setup: &mut Setup, of: OfGrants) -> Result<Got> {
    let given = of.assertion.as_deref().ok_or_else(|| {
        Failure::usage("there is no SAML assertion to get a token by").hint("give --assertion @FILE, or - for stdin")
    })?;
    let client = setup.client()?;
    let assertion = read(setup, given)?;
    let text = assertion.reveal();
    // The bytes between the tags are signed, so nothing else of it is touched.
    let is_xml = text.trim_start().trim_start_matches('\u{feff}').trim_start().starts_with('<');
    let grant = if is_xml { Saml2Bearer::xml(text)? } else { Saml2Bearer::encoded(text.trim())? };
    let grant = asked!(setup, grant);
    let token = ask(|| client.token(grant))?;
    Ok(Got::new(setup, &client, token, HeldGrant::Saml2Bearer))
}

fn read(setup: &mut Setup, given: &str) -> Result<Secret> {
    setup.stdin.referred("the assertion", given)
}
