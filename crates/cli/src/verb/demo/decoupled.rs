//! Grants that need no browser of the program's: devices, CIBA, assertions.

use super::flows::{outlive, service, session};
use super::{LIFETIME, Outcome, Steps, authorization};
use grantee::blocking::{Client, Login};
use grantee::ciba::{Delivery, NotificationListener};
use grantee::grant::ServiceAccount;
use grantee::jose::{Jwk, KeyKind};
use grantee::{
    BackchannelAuthenticationRequest, ClientCredentials, DeviceAuthorizationRequest, Grant, JwtBearer, PollState,
    Saml2Bearer,
};
use grantor::{Endpoint, Server};
use serde_json::{Map, Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// Who vouches for people in assertions.
pub(super) const IDP: &str = "https://idp.example";

pub(super) fn device(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let request = DeviceAuthorizationRequest::new().scope("openid orders");
    let device = steps.step("code for the person got", client.device(request))?;
    steps.check("it says where to enter it", device.to_string().contains(device.verification_uri()))?;
    let mut pending = 0;
    let mut granted = None;
    for state in device.polling() {
        match state {
            PollState::Pending => pending += 1,
            other => granted = other.outcome().or(granted),
        }
    }
    let login = steps.step("the person confirmed", granted.ok_or("the wait ended without an answer")?)?;
    steps.check("the server had said to wait", pending == 1)?;
    steps.check("who logged in is known", login.id_token().is_some_and(|id_token| id_token.subject() == "alice"))?;
    outlive(server, steps, session(server, login.session()), "svc")
}

fn asked() -> BackchannelAuthenticationRequest {
    BackchannelAuthenticationRequest::login_hint("alice").scope("orders").binding_message("W4SCT")
}

fn as_alice(server: &Server, steps: &mut Steps, login: &Login, whose: &str) -> Outcome {
    steps.check("who confirmed is known", login.id_token().is_some_and(|id_token| id_token.subject() == "alice"))?;
    outlive(server, steps, session(server, login.session()), whose)
}

pub(super) fn ciba_poll(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let asked = steps.step("server asks the person", client.backchannel(asked()))?;
    let login = steps.step("the person confirmed", asked.wait())?;
    as_alice(server, steps, &login, "svc")
}

fn notified(server: &Server, steps: &mut Steps, name: &'static str, delivery: Delivery) -> Outcome<Login> {
    let listener = steps.step("listener for the notification started", NotificationListener::bind("127.0.0.1:0"))?;
    let client = grantor::Client::new(name).secret("secret").backchannel_token_delivery_mode(name);
    let endpoint = format!("http://{}/cb", listener.local_addr());
    server.register(client.backchannel_client_notification_endpoint(endpoint));
    let client = Client::discover(server.issuer().as_str()).client(name, "secret").build();
    let client = steps.step("client made", client)?;
    let request = asked().delivery(delivery).notified_in(listener.inbox());
    let asked = steps.step("server asks the person", client.backchannel(request))?;
    let polled = server.count(Endpoint::Token);
    let login = steps.step("notified, and the outcome judged", asked.wait())?;
    let expected = usize::from(delivery == Delivery::Ping);
    steps.check(
        "the token endpoint was asked as often as that needs",
        server.count(Endpoint::Token) == polled + expected,
    )?;
    Ok(login)
}

pub(super) fn ciba_ping(server: &Server, steps: &mut Steps) -> Outcome {
    let login = notified(server, steps, "ping", Delivery::Ping)?;
    as_alice(server, steps, &login, "ping")
}

pub(super) fn ciba_push(server: &Server, steps: &mut Steps) -> Outcome {
    let login = notified(server, steps, "push", Delivery::Push)?;
    as_alice(server, steps, &login, "push")
}

/// A token by an assertion that serves once: past its expiry somebody has to bring another.
fn once(server: &Server, steps: &mut Steps, client: &Client, grant: impl Grant + 'static) -> Outcome {
    let session = steps.step("session made", session(server, client.session(grant)))?;
    steps.step("API called", super::flows::call(server, &session, "/api/orders", "svc"))?;
    std::thread::sleep(LIFETIME);
    let past = session.token();
    steps.check("past its expiry another assertion is needed", matches!(&past, Err(error) if error.needs_login()))
}

fn in_a_minute() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() + 60)
}

pub(super) fn jwt_bearer_given(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let claims = json!({"iss": IDP, "sub": "alice", "aud": server.issuer(), "exp": in_a_minute(), "jti": "demo"});
    let claims = claims.as_object().cloned().unwrap_or_else(Map::new);
    // Its issuer's key is the one that this process's servers sign by.
    let assertion = grantor::SigningKey::shared("ES256").sign(Map::new(), claims);
    once(server, steps, &client, JwtBearer::assertion(assertion).scope("orders"))
}

pub(super) fn jwt_bearer_signed(server: &Server, steps: &mut Steps) -> Outcome {
    let registered = grantor::Client::new("asserts").auth("private_key_jwt");
    let (key, registered) = authorization::keyed(steps, registered, authorization::P256)?;
    server.register(registered);
    let client = Client::discover(server.issuer().as_str()).client_key("asserts", key.clone()).build();
    let client = steps.step("client made", client)?;
    let grant = steps.step("signer made", JwtBearer::signed_by_key(&key))?.subject("alice").scope("orders");
    outlive(server, steps, session(server, client.session(grant)), "asserts")
}

pub(super) fn service_account(server: &Server, steps: &mut Steps) -> Outcome {
    const EMAIL: &str = "svc@project.iam.example";
    let registered = grantor::Client::new(EMAIL).auth("private_key_jwt");
    let (key, registered) = authorization::keyed(steps, registered, KeyKind::Rsa(2048))?;
    server.register(registered);
    let pem = steps.step("key written as PEM", Jwk::to_private_pem(&key))?;
    let file: Value = json!({
        "type": "service_account", "client_email": EMAIL, "private_key_id": "demo", "private_key": *pem,
        "token_uri": server.url("/token"),
    });
    let account = steps.step("key file read", ServiceAccount::from_json(&file.to_string()))?;
    let client = steps.step("client made of it", Client::service_account(&account).build())?;
    outlive(server, steps, session(server, client.session(account.grant().scope("orders"))), EMAIL)
}

pub(super) fn saml2_bearer(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let xml = format!(
        "<saml:Assertion xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion' ID='_demo'><saml:Issuer>{IDP}</saml:Issuer>\
         <saml:Subject><saml:NameID>alice</saml:NameID><saml:SubjectConfirmation>\
         <saml:SubjectConfirmationData Recipient='{}' NotOnOrAfter='2099-01-01T00:00:00Z'/></saml:SubjectConfirmation>\
         </saml:Subject><saml:Conditions NotOnOrAfter='2099-01-01T00:00:00Z'><saml:AudienceRestriction>\
         <saml:Audience>{}</saml:Audience></saml:AudienceRestriction></saml:Conditions></saml:Assertion>",
        server.url("/token"),
        server.issuer()
    );
    let grant = steps.step("assertion read", Saml2Bearer::xml(xml))?.scope("orders");
    once(server, steps, &client, grant)
}

/// A token of the client's own, for flows that are about something else.
pub(super) fn own_token() -> ClientCredentials {
    ClientCredentials::new().scope("orders")
}
