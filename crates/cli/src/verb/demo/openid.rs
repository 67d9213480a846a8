//! OpenID Connect: who logged in, what is known of them, logging out; and clients that sign.

use super::flows::{outlive, service, session};
use super::{LIFETIME, Outcome, Steps, walk};
use grantee::blocking::{Client, Login};
use grantee::endpoint::discovery::Where;
use grantee::endpoint::end_session::EndSession;
use grantee::jose::{Curve, Jwk, JwkSet, KeyKind};
use grantee::oidc::{IdTokenExpectations, MemoryReplayCache};
use grantee::{AuthorizationRequest, ClientCredentials, ClientSecretJwt, Error, Pending};
use grantor::{Jwt, JwtFault, Server};

const REDIRECT_URI: &str = "http://127.0.0.1/callback";

/// A secret that is long enough to sign with.
const SECRET: &str = "a secret of more than thirty-two characters";

/// Sends the demo's browser to the server, and returns what it came back with.
fn answered(client: &Client, steps: &mut Steps, request: AuthorizationRequest) -> Outcome<(Pending, String)> {
    let request = request.scope("openid email orders").redirect_uri(REDIRECT_URI);
    let (url, pending) = steps.step("login started", client.start(request))?;
    let callback = steps.step("the server approved", walk::redirect(&url))?.ok_or("the server did not redirect")?;
    Ok((pending, callback.into()))
}

fn logged_in(client: &Client, steps: &mut Steps, response_type: &str) -> Outcome<Login> {
    let request = AuthorizationRequest::new().response_type(response_type);
    let (pending, callback) = answered(client, steps, request)?;
    let login = steps.step("callback and ID token judged", client.finish(pending, callback.as_str()))?;
    steps.check("who logged in is known", login.id_token().is_some_and(|id_token| id_token.subject() == "alice"))?;
    Ok(login)
}

pub(super) fn hybrid(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let login = logged_in(&client, steps, "code id_token")?;
    outlive(server, steps, session(server, login.session()), "svc")
}

pub(super) fn implicit(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let login = logged_in(&client, steps, "id_token token")?;
    let session = steps.step("session made", session(server, login.session()))?;
    steps.step("API called", super::flows::call(server, &session, "/api/orders", "svc"))?;
    std::thread::sleep(LIFETIME);
    let past = session.token();
    steps.check("past its expiry the person must log in", matches!(&past, Err(error) if error.needs_login()))
}

pub(super) fn identity(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let (pending, callback) = answered(&client, steps, AuthorizationRequest::new().response_type("id_token"))?;
    let id_token = steps.step("ID token verified", client.identify(pending, callback.as_str()))?;
    steps.check("who logged in is known", id_token.subject() == "alice")
}

pub(super) fn refused(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    for (what, fault) in [
        ("one with another signature is refused", JwtFault::BrokenSignature),
        ("one without a signature is refused", JwtFault::AlgNone),
        ("one signed by the public key as a secret is refused", JwtFault::AlgorithmConfusion),
        ("one for another client is refused", JwtFault::WrongAudience),
        ("one of another login is refused", JwtFault::WrongNonce),
        ("one that has expired is refused", JwtFault::Expired),
    ] {
        server.misbehave_jwt_times(Jwt::IdToken, 1, fault);
        let (pending, callback) = answered(&client, &mut Steps::default(), AuthorizationRequest::new())?;
        let outcome = client.finish(pending, callback.as_str());
        steps.check(what, matches!(outcome, Err(Error::Rule(_))))?;
    }
    Ok(())
}

pub(super) fn rotated_keys(_: &Server, steps: &mut Steps) -> Outcome {
    // A server of its own, since the others share keys.
    let own = grantor::Server::builder().auto_approve("alice").fresh_signing_keys().try_start();
    let own = steps.step("server with keys of its own started", own)?;
    let client = steps.step("client made", service(&own))?;
    logged_in(&client, steps, "code")?;
    own.rotate_keys();
    logged_in(&client, steps, "code")?;
    steps.check("the keys were fetched once more", own.count(grantor::Endpoint::Jwks) == 2)
}

pub(super) fn userinfo(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let login = logged_in(&client, steps, "code")?;
    let userinfo = steps.step("server asked about the person, who is the same", login.userinfo())?;
    steps.check("their email address is known", userinfo.claims.email().is_some())
}

pub(super) fn signed_userinfo(server: &Server, steps: &mut Steps) -> Outcome {
    server.register(grantor::Client::new("signed").secret("secret").userinfo_signed_response_alg("ES256"));
    let builder = Client::discover(server.issuer().as_str()).client("signed", "secret").userinfo_alg("ES256");
    let client = steps.step("client made", builder.build())?;
    let login = logged_in(&client, steps, "code")?;
    let userinfo = steps.step("server asked about the person, who is the same", login.userinfo())?;
    steps.check("the answer was signed", userinfo.is_signed)?;
    server.misbehave_jwt_times(Jwt::Userinfo, 1, JwtFault::WrongSubject);
    let login = logged_in(&client, steps, "code")?;
    steps.check("an answer about somebody else is refused", matches!(login.userinfo(), Err(Error::Rule(_))))
}

pub(super) fn refreshed(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let login = logged_in(&client, steps, "code")?;
    let session = steps.step("session made", session(server, login.session()))?;
    let renewed = steps.step("renewed, with an ID token of the same login", session.renew())?;
    let raw = renewed.id_token.as_ref().ok_or("no ID token came")?;
    steps.step("it is verified", client.verify_id_token(raw, &IdTokenExpectations::new()))?;
    server.misbehave_jwt_times(Jwt::RefreshedIdToken, 1, JwtFault::WrongSubject);
    steps.check("one about somebody else is refused", matches!(session.renew(), Err(Error::Rule(_))))
}

pub(super) fn logout(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let login = logged_in(&client, steps, "code")?;
    let id_token = login.id_token().ok_or("nobody is known")?;
    let request = EndSession::new().id_token_hint(id_token).post_logout_redirect_uri(REDIRECT_URI);
    let (url, pending) = steps.step("logout started: state made", client.logout(request))?;
    let back =
        steps.step("the server ended the session", walk::redirect(&url))?.ok_or("the server did not redirect")?;
    steps.step("the way back judged", pending.finish(back.as_str()))
}

pub(super) fn backchannel_logout(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let replays = MemoryReplayCache::new();
    let body = format!("logout_token={}", server.logout_token("svc", Some("alice"), None, None));
    let logout = steps.step("logout token judged", client.logout_token(body.as_bytes(), &replays))?;
    steps.check("it is about the person", logout.subject() == Some("alice"))?;
    let again = client.logout_token(body.as_bytes(), &replays);
    steps.check("it serves once", matches!(again, Err(Error::Rule(_))))
}

pub(super) fn person(server: &Server, steps: &mut Steps) -> Outcome {
    let client = Client::discover(Where::person(server.url("/alice"))).public_client("public").build();
    let client = steps.step("client made of a person's address", client)?;
    let metadata = steps.step("WebFinger asked, metadata fetched", client.metadata())?;
    steps.check("it is this server", metadata.issuer.as_deref() == Some(server.issuer().as_str()))
}

pub(super) fn private_key_jwt(server: &Server, steps: &mut Steps) -> Outcome {
    let key = steps.step("key made", Jwk::generate(KeyKind::Curve(Curve::P256)))?.with_kid("demo");
    let public = JwkSet::from_iter([key.clone()]).public().to_value();
    server.register(grantor::Client::new("keyed").auth("private_key_jwt").jwks(public));
    let client = Client::discover(server.issuer().as_str()).client_key("keyed", key).build();
    let client = steps.step("client made", client)?;
    outlive(server, steps, session(server, client.session(ClientCredentials::new().scope("orders"))), "keyed")
}

pub(super) fn client_secret_jwt(server: &Server, steps: &mut Steps) -> Outcome {
    server.register(grantor::Client::new("macs").auth("client_secret_jwt").secret(SECRET));
    let builder = Client::discover(server.issuer().as_str()).public_client("macs").auth(ClientSecretJwt::new(SECRET));
    let client = steps.step("client made", builder.build())?;
    outlive(server, steps, session(server, client.session(ClientCredentials::new().scope("orders"))), "macs")
}

pub(super) fn access_token(server: &Server, steps: &mut Steps) -> Outcome {
    server.register(grantor::Client::new("jwt").secret("secret").jwt_access_tokens("ES256"));
    let client = Client::discover(server.issuer().as_str()).client("jwt", "secret").build();
    let client = steps.step("client made", client)?;
    let grant = ClientCredentials::new().scope("orders").resource("https://api.example");
    let token = steps.step("token got", client.token(grant))?;
    let tokens = client.access_tokens("https://api.example").alg("ES256").require_scope("orders");
    let claims = steps.step("an API has judged it", tokens.validate(token.access_token.reveal()))?;
    steps.check("it is this client's", claims.client_id() == "jwt")?;
    let elsewhere = client.access_tokens("https://other.example").alg("ES256");
    let refused = elsewhere.validate(token.access_token.reveal());
    steps.check("another API refuses it", matches!(refused, Err(Error::Rule(_))))
}
