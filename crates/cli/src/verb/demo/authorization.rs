//! Authorization requests that are pushed, signed and rich, answers that are signed, and logins that an API asks for.

use super::flows::{outlive, service, session};
use super::{Outcome, Steps, walk};
use bytes::Bytes;
use grantee::blocking::{Client, ClientBuilder, Login};
use grantee::jose::{Curve, Jwk, JwkSet, KeyKind, SignatureAlgorithm};
use grantee::{AuthorizationDetail, AuthorizationDetails, AuthorizationRequest, Error, RequestObjects, TokenExchange};
use grantor::{Endpoint, Jwt, JwtFault, Server};
use http::Request;
use url::Url;

pub(super) const REDIRECT_URI: &str = "http://127.0.0.1/callback";

/// A secret that is long enough to sign with.
const SECRET: &str = "a secret of more than thirty-two characters";

/// A new key, and the client at the server that has its public part.
pub(super) fn keyed(steps: &mut Steps, client: grantor::Client, kind: KeyKind) -> Outcome<(Jwk, grantor::Client)> {
    let key = steps.step("key made", Jwk::generate(kind))?.with_kid("demo");
    let public = JwkSet::from_iter([key.clone()]).public().to_value();
    Ok((key, client.jwks(public)))
}

pub(super) const P256: KeyKind = KeyKind::Curve(Curve::P256);

/// Sends the demo's browser to the server and back.
pub(super) fn log_in(client: &Client, steps: &mut Steps, request: AuthorizationRequest) -> Outcome<(Url, Login)> {
    let request = request.scope("orders").redirect_uri(REDIRECT_URI);
    let (url, pending) = steps.step("login started", client.start(request))?;
    let callback = steps.step("the server approved", walk::redirect(&url))?.ok_or("the server did not redirect")?;
    let login = steps.step("answer judged, code exchanged", client.finish(pending, callback.as_str()))?;
    Ok((url, login))
}

fn asks(url: &Url, name: &str) -> bool {
    url.query_pairs().any(|(found, _)| found == name)
}

fn built(steps: &mut Steps, builder: ClientBuilder) -> Outcome<Client> {
    steps.step("client made", builder.build())
}

pub(super) fn pushed(server: &Server, steps: &mut Steps) -> Outcome {
    let builder = Client::discover(server.issuer().as_str()).client("svc", "secret").par();
    let client = built(steps, builder)?;
    let asked = server.count(Endpoint::Par);
    let (url, login) = log_in(&client, steps, AuthorizationRequest::new())?;
    steps.check("the request was pushed", server.count(Endpoint::Par) == asked + 1)?;
    steps.check("the browser carried a reference alone", asks(&url, "request_uri") && !asks(&url, "scope"))?;
    outlive(server, steps, session(server, login.session()), "svc")
}

pub(super) fn signed_requests(server: &Server, steps: &mut Steps) -> Outcome {
    let registered = grantor::Client::new("jar").secret("secret").require_signed_request_object();
    let (key, registered) = keyed(steps, registered, P256)?;
    server.register(registered);
    let plain = Client::discover(server.issuer().as_str()).client("jar", "secret");
    let objects = steps.step("signer made", RequestObjects::from_key(&key))?;
    let client = built(steps, plain.request_object(objects.clone()))?;
    let (url, login) = log_in(&client, steps, AuthorizationRequest::new())?;
    steps.check("the browser carried a signed object", asks(&url, "request") && !asks(&url, "state"))?;
    let both = Client::discover(server.issuer().as_str()).client("jar", "secret").request_object(objects).par();
    let both = built(steps, both)?;
    log_in(&both, steps, AuthorizationRequest::new())?;
    outlive(server, steps, session(server, login.session()), "jar")
}

pub(super) fn requests_signed_by_secret(server: &Server, steps: &mut Steps) -> Outcome {
    server.register(grantor::Client::new("jar-mac").secret(SECRET).request_object_signing_alg("HS256"));
    let builder = Client::discover(server.issuer().as_str()).client("jar-mac", SECRET);
    let client = built(steps, builder.request_object_by_secret(SignatureAlgorithm::Hs256))?;
    let (_, login) = log_in(&client, steps, AuthorizationRequest::new())?;
    outlive(server, steps, session(server, login.session()), "jar-mac")
}

pub(super) fn signed_answers(server: &Server, steps: &mut Steps) -> Outcome {
    server.register(grantor::Client::new("jarm").secret("secret").authorization_signed_response_alg("ES256"));
    let builder = Client::discover(server.issuer().as_str()).client("jarm", "secret").authorization_alg("ES256");
    let client = built(steps, builder)?;
    let request = || AuthorizationRequest::new().response_mode("jwt");
    let (_, login) = log_in(&client, steps, request())?;
    for (what, fault) in [
        ("an answer with another signature is refused", JwtFault::BrokenSignature),
        ("an answer without a signature is refused", JwtFault::AlgNone),
        ("an answer for another client is refused", JwtFault::WrongAudience),
    ] {
        server.misbehave_jwt_times(Jwt::AuthorizationResponse, 1, fault);
        let refused = log_in(&client, &mut Steps::default(), request());
        steps.check(what, refused.is_err())?;
    }
    outlive(server, steps, session(server, login.session()), "jarm")
}

pub(super) fn authorization_details(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let payment = AuthorizationDetail::new("payment_initiation").action("initiate").member("amount", "123.50");
    let asked = AuthorizationDetails::new().with(payment);
    let (_, login) = log_in(&client, steps, AuthorizationRequest::new().authorization_details(asked.clone()))?;
    let granted = steps.step("what was granted read", login.token().authorization_details())?;
    let granted = granted.ok_or("nothing was granted")?;
    steps.check("it is what was asked for", asked.compare(&granted).all())?;
    outlive(server, steps, session(server, login.session()), "svc")
}

pub(super) fn step_up(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let (_, login) = log_in(&client, steps, AuthorizationRequest::new().scope("openid"))?;
    let weak = steps.step("session made", session(server, login.session()))?;
    let strict = server.url("/api/step-up");
    let request = || Request::get(strict.as_str()).body(Bytes::new()).map_err(|error| error.to_string());
    let missing = match weak.send(request()?) {
        Err(Error::Insufficient(missing)) => missing,
        Ok(_) => return Err("the API took a login that is too weak".to_owned()),
        Err(error) => return Err(error.to_string()),
    };
    steps.check("the API says what it wants", missing.acr_values.is_some())?;
    let more = steps.step("login made of it", weak.step_up_request(&missing))?;
    let (_, login) = log_in(&client, steps, more)?;
    let strong = steps.step("session made", session(server, login.session()))?;
    let answer = steps.step("API called again", strong.send(request()?))?;
    steps.check("it is content", answer.status().is_success())?;
    outlive(server, steps, session(server, login.session()), "svc")
}

pub(super) fn exchanged(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let (_, login) = log_in(&client, steps, AuthorizationRequest::new().scope("openid"))?;
    let id_token = login.id_token().ok_or("nobody is known")?;
    let grant = TokenExchange::new(id_token).scope("orders").resource("https://api.example/");
    let token = steps.step("ID token exchanged", client.token(grant.clone()))?;
    steps.check(
        "the answer says what came",
        token.issued_token_type.is_some_and(|kind| kind.ends_with("access_token")),
    )?;
    let other =
        steps.step("exchanged for a JWT", client.token(TokenExchange::new(id_token).requested_token_type("jwt")))?;
    steps.check("which goes onto no request", !other.is_bearer())?;
    outlive(server, steps, session(server, client.session(grant)), "svc")
}
