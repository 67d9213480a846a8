//! What a client and a server learn of each other: registration, signed introspection, an API's own word on its server.

use super::decoupled::own_token;
use super::flows::{outlive, session};
use super::{Outcome, Steps};
use grantee::blocking::{ApiClient, Client};
use grantee::{ClientCredentials, ClientMetadata, Error, Registration, ResourceLookup, Trust};
use grantor::{Endpoint, Jwt, JwtFault, Server};

pub(super) fn life_cycle(server: &Server, steps: &mut Steps) -> Outcome {
    let metadata = ClientMetadata::new()
        .client_name("Orders")
        .grant_types(["client_credentials"])
        .token_endpoint_auth_method("client_secret_post");
    let registered = Client::discover(server.issuer().as_str()).register(&metadata);
    let registered = steps.step("client registered", registered)?;
    let text = steps.step("registration written", serde_json::to_string(registered.registration()))?;
    let kept: Registration = steps.step("registration read", serde_json::from_str(&text))?;
    let client = Client::discover(server.issuer().as_str()).registration(&kept).build();
    let client = steps.step("client made of it", client)?;
    outlive(server, steps, session(server, client.session(own_token())), &kept.client_id)?;
    let now = steps.step("registration asked for", client.read_registration(&kept))?;
    steps.check("it is the same client", now.client_id == kept.client_id)?;
    let renamed = now.metadata.clone().client_name("Orders and returns");
    let now = steps.step("registration updated", client.update_registration(&now, &renamed))?;
    steps.check("it has the new name", now.metadata.client_name.as_deref() == Some("Orders and returns"))?;
    steps.step("registration deleted", client.delete_registration(&now))?;
    let refused = client.token(ClientCredentials::new());
    steps.check("the server knows the client no more", matches!(refused, Err(Error::Server(_))))
}

pub(super) fn signed_introspection(server: &Server, steps: &mut Steps) -> Outcome {
    server.register(grantor::Client::new("rs").secret("secret").introspection_signed_response_alg("ES256"));
    let builder = Client::discover(server.issuer().as_str()).client("rs", "secret").introspection_alg("ES256");
    let client = steps.step("client made", builder.build())?;
    let token = steps.step("token got", client.token(own_token()))?;
    let seen = steps.step("server asked about it", client.introspect(&token))?;
    steps.check("the answer was signed, and can be shown to others", seen.is_signed && seen.jwt.is_some())?;
    server.misbehave_jwt_times(Jwt::Introspection, 1, JwtFault::BrokenSignature);
    let refused = client.introspect(&token);
    steps.check("one with another signature is refused", matches!(refused, Err(Error::Rule(_))))?;
    outlive(server, steps, session(server, client.session(own_token())), "rs")
}

pub(super) fn protected_resource(server: &Server, steps: &mut Steps) -> Outcome {
    let base = server.url("/api");
    let api = steps.step("API client made, without a token", ApiClient::new(&base))?;
    let refused = match api.get("orders").send() {
        Err(error) => error,
        Ok(_) => return Err("the API took a request without a token".to_owned()),
    };
    steps.check("the API refused it", refused.status() == Some(401))?;
    let lookup = |trust| ResourceLookup::new(&base, trust).challenged_by_error(&refused);
    // The demo's server is at a local address, which an API on the net may lead nobody to.
    let trusted = steps.step("challenge read", lookup(Trust::issuers([server.issuer()])))?.allow_private_addresses();
    let asked = server.count(Endpoint::ProtectedResource);
    let found = steps.step("API asked for its server", api.find_resource(&trusted))?;
    steps.check("its own document was read", server.count(Endpoint::ProtectedResource) == asked + 1)?;
    let other = steps.step("challenge read", lookup(Trust::issuers(["https://other.example"])))?;
    let untrusted = api.find_resource(&other.allow_private_addresses());
    steps.check("a server that nobody trusts is not used", untrusted.is_err())?;
    let client = steps.step("client of it made", Client::discover(&found).client("svc", "secret").build())?;
    let grant = ClientCredentials::new().resource(&found.resource).scope(&found.scope);
    outlive(server, steps, session(server, client.session(grant)), "svc")
}
