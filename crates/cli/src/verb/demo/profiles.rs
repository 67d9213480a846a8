//! Profiles of OAuth, end to end: what each asks for is done by itself, and what breaks it is refused.

use super::authorization::{P256, keyed, log_in};
use super::flows::{outlive, outlive_at, session};
use super::{Outcome, Steps};
use grantee::blocking::{Client, ClientBuilder};
use grantee::jose::Jwk;
use grantee::legacy::Password;
use grantee::rules::Party;
use grantee::{AuthorizationRequest, Error, RequestObjects, Rules};
use grantor::{Endpoint, Server};

/// That the client keeps its part.
fn audited(client: &Client, steps: &mut Steps) -> Outcome {
    let audit = steps.step("audited", client.audit())?;
    let lacking: Vec<&str> =
        audit.lacking().filter(|finding| finding.party == Party::Client).map(|finding| finding.rule).collect();
    steps.step(
        "the client keeps every rule that is its own",
        if lacking.is_empty() { Ok(()) } else { Err(lacking.join("; ")) },
    )
}

pub(super) fn oauth21(server: &Server, steps: &mut Steps) -> Outcome {
    let builder = Client::discover(server.issuer().as_str()).client("svc", "secret").rules(Rules::OAuth21);
    let client = steps.step("client made", builder.build())?;
    audited(&client, steps)?;
    let refused = client.token(Password::new("alice", "wonderland"));
    steps.check("the password grant is refused", matches!(refused, Err(Error::Config(_))))?;
    let implicit = AuthorizationRequest::new().response_type("id_token token").redirect_uri("http://127.0.0.1/cb");
    steps.check("a token through the browser is refused", client.start(implicit).is_err())?;
    let (_, login) = log_in(&client, steps, AuthorizationRequest::new().scope("openid"))?;
    outlive(server, steps, session(server, login.session()), "svc")
}

/// A client of FAPI 2.0 with its key.
fn fapi2(server: &Server, steps: &mut Steps, client: grantor::Client, name: &str) -> Outcome<(Jwk, ClientBuilder)> {
    let registered = client.auth("private_key_jwt").dpop_bound_access_tokens().id_token_signed_response_alg("PS256");
    let (key, registered) = keyed(steps, registered, P256)?;
    server.register(registered);
    let builder = Client::discover(server.issuer().as_str()).client_key(name, key.clone()).id_token_alg("PS256");
    let bound = steps.step("key to bind tokens to made", Jwk::generate(P256))?;
    Ok((key, builder.dpop(bound)))
}

pub(super) fn fapi2_security(server: &Server, steps: &mut Steps) -> Outcome {
    let weaker = Client::discover(server.issuer().as_str()).client("svc", "secret").rules(Rules::Fapi2Security);
    steps.check("a client with a secret is refused", matches!(weaker.build(), Err(Error::Config(_))))?;
    let (_, builder) = fapi2(server, steps, grantor::Client::new("fapi2"), "fapi2")?;
    let client = steps.step("client made", builder.rules(Rules::Fapi2Security).build())?;
    audited(&client, steps)?;
    let asked = server.count(Endpoint::Par);
    let (_, login) = log_in(&client, steps, AuthorizationRequest::new().scope("openid"))?;
    steps.check("the request was pushed without being told so", server.count(Endpoint::Par) > asked)?;
    outlive(server, steps, session(server, login.session()), "fapi2")
}

pub(super) fn fapi2_message_signing(server: &Server, steps: &mut Steps) -> Outcome {
    let registered = grantor::Client::new("fapi2ms")
        .require_signed_request_object()
        .authorization_signed_response_alg("PS256")
        .introspection_signed_response_alg("PS256");
    let (key, builder) = fapi2(server, steps, registered, "fapi2ms")?;
    let objects = steps.step("signer made", RequestObjects::from_key(&key))?;
    let builder = builder.request_object(objects).authorization_alg("PS256").introspection_alg("PS256");
    let client = steps.step("client made", builder.rules(Rules::Fapi2MessageSigning).build())?;
    audited(&client, steps)?;
    let (_, login) = log_in(&client, steps, AuthorizationRequest::new().scope("openid"))?;
    let seen = steps.step("server asked about the token", client.introspect(login.token()))?;
    steps.check("the answer was signed", seen.is_signed)?;
    outlive(server, steps, session(server, login.session()), "fapi2ms")
}

pub(super) fn fapi1_advanced(server: &Server, steps: &mut Steps) -> Outcome {
    let registered = grantor::Client::new("fapi1")
        .auth("private_key_jwt")
        .certificate_bound_access_tokens()
        .id_token_signed_response_alg("PS256")
        .require_signed_request_object()
        .s_hash();
    let (key, registered) = keyed(steps, registered, P256)?;
    server.register(registered);
    let certificate = server.client_certificate("fapi1");
    let objects = steps.step("signer made", RequestObjects::from_key(&key))?;
    let builder = Client::discover(server.issuer().as_str())
        .client_key("fapi1", key)
        .client_certificate(certificate.chain_pem.as_str(), certificate.key_pem.as_str())
        .add_ca(server.ca_pem())
        .certificate_bound_tokens()
        .id_token_alg("PS256")
        .request_object(objects);
    let client = steps.step("client made", builder.rules(Rules::Fapi1Advanced).build())?;
    audited(&client, steps)?;
    let request = AuthorizationRequest::new().scope("openid").response_type("code id_token");
    let (_, login) = log_in(&client, steps, request)?;
    let url = server.mtls_url("/api/orders");
    let session = login.session().allow_origin(&url).and_then(|session| session.build());
    outlive_at(server, &url, steps, session, "fapi1")
}
