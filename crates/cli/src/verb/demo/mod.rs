//! `grantee demo`: every flow against a server of its own, which lives in this process and whose tokens live for less than a
//! second, so that each is used past its end.

mod authorization;
mod bound;
mod decoupled;
mod flows;
mod oauth1;
mod openid;
mod profiles;
mod registration;
mod sessions;
mod walk;

use crate::failure::{Failure, Result};
use crate::{output, progress};
use comfy_table::{Cell, Color};
use grantor::{DpopNonces, Server, SigningKey};
use serde::Serialize;
use serde_json::json;
use std::time::{Duration, Instant};

/// How long the server's access tokens live.
const LIFETIME: Duration = Duration::from_millis(400);

/// A flow: what it is called, and what does it.
type Flow = (&'static str, fn(&Server, &mut Steps) -> Outcome);

/// Why a flow did not pass.
type Outcome<T = ()> = std::result::Result<T, String>;

const FLOWS: [Flow; 65] = [
    ("discovery", flows::discovery),
    ("client credentials, client_secret_basic", flows::client_secret_basic),
    ("client credentials, client_secret_post", flows::client_secret_post),
    ("client credentials, client_secret_jwt", openid::client_secret_jwt),
    ("client credentials, private_key_jwt", openid::private_key_jwt),
    ("client credentials, authentication of one's own", flows::own_authentication),
    ("authorization code with PKCE, loopback receiver", flows::loopback),
    ("authorization code, pending login kept and callback pasted", flows::pasted),
    ("hybrid login: code id_token", openid::hybrid),
    ("implicit login: id_token token", openid::implicit),
    ("identity alone: id_token", openid::identity),
    ("ID tokens that break a rule", openid::refused),
    ("ID token after the server has rotated its keys", openid::rotated_keys),
    ("ID token of a refresh", openid::refreshed),
    ("userinfo", openid::userinfo),
    ("userinfo, signed", openid::signed_userinfo),
    ("logout at the server and back", openid::logout),
    ("back-channel logout", openid::backchannel_logout),
    ("issuer found by a person's address", openid::person),
    ("access token as JWT, judged by an API", openid::access_token),
    ("authorization request, pushed (PAR)", authorization::pushed),
    ("authorization request, signed (JAR), and pushed", authorization::signed_requests),
    ("authorization request, signed with the client's secret", authorization::requests_signed_by_secret),
    ("authorization response, signed (JARM)", authorization::signed_answers),
    ("rich authorization requests (RAR)", authorization::authorization_details),
    ("a login that is not enough for an API (step-up)", authorization::step_up),
    ("token bound to a key (DPoP), with nonces", bound::dpop),
    ("login with a token bound to a key (DPoP)", bound::dpop_login),
    ("client credentials, tls_client_auth, bound token", bound::tls_client_auth),
    ("client credentials, self_signed_tls_client_auth", bound::self_signed),
    ("token bound to a certificate, client_secret_basic", bound::certificate_bound),
    ("device", decoupled::device),
    ("backchannel authentication (CIBA), poll", decoupled::ciba_poll),
    ("backchannel authentication (CIBA), ping", decoupled::ciba_ping),
    ("backchannel authentication (CIBA), push", decoupled::ciba_push),
    ("token exchange", authorization::exchanged),
    ("JWT bearer, an assertion that was given", decoupled::jwt_bearer_given),
    ("JWT bearer, signed anew for each token", decoupled::jwt_bearer_signed),
    ("service account", decoupled::service_account),
    ("SAML 2.0 bearer", decoupled::saml2_bearer),
    ("registration: made, read, updated, deleted", registration::life_cycle),
    ("the server of an API, found by the API's word", registration::protected_resource),
    ("refresh token with rotation", flows::rotation),
    ("resource owner password", flows::password),
    ("grant of one's own", flows::own_grant),
    ("introspection", flows::introspection),
    ("introspection, signed", registration::signed_introspection),
    ("revocation", flows::revocation),
    ("OAuth 2.1, its rules kept", profiles::oauth21),
    ("FAPI 1.0 Advanced, end to end", profiles::fapi1_advanced),
    ("FAPI 2.0 Security Profile, end to end", profiles::fapi2_security),
    ("FAPI 2.0 Message Signing, end to end", profiles::fapi2_message_signing),
    ("OAuth 1.0, three legs, loopback receiver", oauth1::three_legs),
    ("OAuth 1.0, three legs, code typed in (oob)", oauth1::out_of_band),
    ("OAuth 1.0, login denied, callback of another login", oauth1::denied),
    ("OAuth 1.0, two legs", oauth1::two_legs),
    ("OAuth 1.0, signed in header, body and query", oauth1::placements),
    ("OAuth 1.0, every signature method", oauth1::methods),
    ("OAuth 1.0, forged, replayed and revoked: refused", oauth1::refused),
    ("a 401 renewed and repeated once", sessions::retry_after_401),
    ("insufficient scope said by the API", sessions::insufficient_scope),
    ("stampede of 32 threads, one token request", sessions::stampede),
    ("token kept in a file, taken up by a second session", sessions::file),
    ("async: client credentials past expiry", sessions::asynchronous),
    ("async: stampede of 200 tasks, one token request", sessions::asynchronous_stampede),
];

/// What came of a flow.
#[derive(Serialize)]
struct Report {
    flow: &'static str,
    steps: Vec<String>,
    passed: bool,
    ms: u64,
}

/// What a flow has done so far.
#[derive(Default)]
struct Steps(Vec<String>);

impl Steps {
    /// Takes a step; one that fails ends the flow.
    fn step<T, E: std::fmt::Display>(&mut self, what: &str, outcome: std::result::Result<T, E>) -> Outcome<T> {
        match outcome {
            Ok(value) => {
                self.0.push(what.to_owned());
                Ok(value)
            }
            Err(error) => Err(format!("{what}: {error}")),
        }
    }

    /// A step that is a condition.
    fn check(&mut self, what: &str, holds: bool) -> Outcome {
        self.step(what, if holds { Ok(()) } else { Err("it is not so") })
    }
}

pub(super) fn run(json: bool) -> Result<()> {
    let server = Server::builder()
        .access_token_lifetime(LIFETIME)
        .auto_approve("alice")
        .mtls()
        .dpop_nonces(DpopNonces::EachRequest)
        .protected_resource_metadata()
        .device_interval(1)
        .device_auto_approve_after(1)
        .ciba_interval(1)
        .ciba_auto_approve_after(0)
        .trusted_issuer(decoupled::IDP, json!({ "keys": [SigningKey::shared("ES256").jwk()] }))
        .saml_issuer(decoupled::IDP)
        .try_start()
        .map_err(|error| Failure::file(format!("the demo's server can't start: {error}")))?;
    let bar = progress::bar(FLOWS.len() as u64);
    let reports: Vec<Report> = FLOWS
        .iter()
        .map(|(name, flow)| {
            bar.set_message(*name);
            let report = report(&server, name, *flow);
            bar.inc(1);
            report
        })
        .collect();
    bar.finish_and_clear();
    if json {
        output::json(&reports)?
    } else {
        show(&reports)?
    }
    let failed: Vec<&str> = reports.iter().filter(|report| !report.passed).map(|report| report.flow).collect();
    if failed.is_empty() { Ok(()) } else { Err(Failure::demo(format!("not passed: {}", failed.join("; ")))) }
}

fn report(server: &Server, flow: &'static str, run: fn(&Server, &mut Steps) -> Outcome) -> Report {
    let start = Instant::now();
    let mut steps = Steps::default();
    let outcome = run(server, &mut steps);
    let passed = outcome.is_ok();
    if let Err(why) = outcome {
        steps.0.push(format!("FAILED: {why}"));
    }
    Report { flow, steps: steps.0, passed, ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX) }
}

fn show(reports: &[Report]) -> Result<()> {
    let mut table = output::table(["flow", "steps", "result", "time"]);
    for report in reports {
        let result =
            if report.passed { Cell::new("passed").fg(Color::Green) } else { Cell::new("FAILED").fg(Color::Red) };
        table.add_row([
            Cell::new(report.flow),
            Cell::new(report.steps.join("\n")),
            result,
            Cell::new(format!("{} ms", report.ms)),
        ]);
    }
    output::text(&table.to_string())
}
