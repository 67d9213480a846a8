//! Tokens that are no use in other hands: bound to a key (DPoP) or to a certificate (mutual TLS).

use super::flows::{outlive, outlive_at, session};
use super::{Outcome, Steps, authorization};
use grantee::blocking::{Client, ClientBuilder};
use grantee::jose::Jwk;
use grantee::{AuthorizationRequest, ClientCredentials, SelfSignedTlsClientAuth, TlsClientAuth};
use grantor::{ClientCertificate, Endpoint, Server};

pub(super) fn dpop(server: &Server, steps: &mut Steps) -> Outcome {
    server.register(grantor::Client::new("dpop").secret("secret").dpop_bound_access_tokens());
    let key = steps.step("key made", Jwk::generate(authorization::P256))?;
    let builder = Client::discover(server.issuer().as_str()).client("dpop", "secret").dpop(key);
    let client = steps.step("client made", builder.build())?;
    let asked = server.count(Endpoint::Token);
    let token = steps.step("token got", client.token(ClientCredentials::new().scope("orders")))?;
    steps.check("it is bound to the key", token.token_type == "DPoP" && token.key_thumbprint.is_some())?;
    steps.check("the server's nonce was taken up", server.count(Endpoint::Token) == asked + 2)?;
    let bearer = Client::discover(server.issuer().as_str()).client("dpop", "secret").build();
    let bearer = steps.step("client without the key made", bearer)?;
    let stolen = steps.step("session on the stolen token made", session(server, bearer.session_of(token)))?;
    steps.check("it can't use the token", stolen.token().is_err() || stolen.header().is_err())?;
    outlive(server, steps, session(server, client.session(ClientCredentials::new().scope("orders"))), "dpop")
}

pub(super) fn dpop_login(server: &Server, steps: &mut Steps) -> Outcome {
    let key = steps.step("key made", Jwk::generate(authorization::P256))?;
    let builder = Client::discover(server.issuer().as_str()).public_client("public").dpop(key);
    let client = steps.step("public client made", builder.build())?;
    let request = AuthorizationRequest::new().scope("openid offline_access");
    let (url, login) = authorization::log_in(&client, steps, request)?;
    steps.check("the code was bound too", url.query_pairs().any(|(name, _)| name == "dpop_jkt"))?;
    steps.step("server asked about the person", login.userinfo())?;
    outlive(server, steps, session(server, login.session()), "public")
}

fn with(server: &Server, client: &str, certificate: &ClientCertificate) -> ClientBuilder {
    Client::discover(server.issuer().as_str())
        .public_client(client)
        .client_certificate(certificate.chain_pem.as_str(), certificate.key_pem.as_str())
        .add_ca(server.ca_pem())
}

/// Calls the API where it asks for certificates.
fn over_mtls(server: &Server, steps: &mut Steps, client: &Client, whose: &str) -> Outcome {
    let url = server.mtls_url("/api/orders");
    let session = client.session(ClientCredentials::new().scope("orders")).allow_origin(&url);
    outlive_at(server, &url, steps, session.and_then(|session| session.build()), whose)
}

pub(super) fn tls_client_auth(server: &Server, steps: &mut Steps) -> Outcome {
    server
        .register(grantor::Client::new("mtls").tls_client_auth_subject_dn("CN=mtls").certificate_bound_access_tokens());
    let certificate = server.client_certificate("mtls");
    let builder = with(server, "mtls", &certificate).auth(TlsClientAuth).certificate_bound_tokens();
    let client = steps.step("client made with its certificate", builder.build())?;
    over_mtls(server, steps, &client, "mtls")?;
    let seen = server.requests_to(Endpoint::Token).pop().ok_or("nothing was asked")?;
    steps.check(
        "the server knew it by the certificate",
        seen.client_certificate_thumbprint() == Some(certificate.thumbprint().as_str()),
    )
}

pub(super) fn self_signed(server: &Server, steps: &mut Steps) -> Outcome {
    let certificate = Server::self_signed_certificate("selfmade");
    server.register(grantor::Client::new("selfmade").auth("self_signed_tls_client_auth").jwks(certificate.jwks()));
    let builder = with(server, "selfmade", &certificate).auth(SelfSignedTlsClientAuth);
    let client = steps.step("client made with a certificate of its own making", builder.build())?;
    over_mtls(server, steps, &client, "selfmade")
}

pub(super) fn certificate_bound(server: &Server, steps: &mut Steps) -> Outcome {
    server.register(grantor::Client::new("certified").secret("secret").certificate_bound_access_tokens());
    let certificate = server.client_certificate("certified");
    let builder = with(server, "certified", &certificate).client("certified", "secret").certificate_bound_tokens();
    let client = steps.step("client made that authenticates by its secret", builder.build())?;
    let token = steps.step("token got", client.token(ClientCredentials::new().scope("orders")))?;
    let seen = steps.step("server asked about it", client.introspect(&token))?;
    let bound_to = seen.members.get("cnf").and_then(|cnf| cnf.get("x5t#S256")?.as_str());
    steps.check("it is bound to the certificate", bound_to == Some(certificate.thumbprint().as_str()))?;
    over_mtls(server, steps, &client, "certified")
}
