//! Ways to a token, and what the server does with one.

use super::{LIFETIME, Outcome, Steps, walk};
use bytes::Bytes;
use grantee::blocking::{Client, Session, SessionBuilder};
use grantee::client_auth::from_fn;
use grantee::grant::GrantContext;
use grantee::legacy::Password;
use grantee::loopback::LoopbackReceiver;
use grantee::ports::{BoxFuture, Cancel};
use grantee::{
    AuthorizationRequest, ClientCredentials, ClientSecretPost, Error, Grant, Params, Pending, RefreshToken,
    TokenToActOn,
};
use grantor::{Endpoint, Server};
use http::Request;
use std::time::Duration;

/// How long the receiver waits for the demo's browser.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// The demo's confidential client.
pub(super) fn service(server: &Server) -> grantee::Result<Client> {
    Client::discover(server.issuer().as_str()).client("svc", "secret").build()
}

/// A session that may call the server's own API.
pub(super) fn session(server: &Server, builder: SessionBuilder) -> grantee::Result<Session> {
    builder.allow_origin(&server.issuer())?.build()
}

/// Calls the API, waits until the token has expired, and calls again; each answer says whose token it was.
pub(super) fn outlive(server: &Server, steps: &mut Steps, session: grantee::Result<Session>, whose: &str) -> Outcome {
    outlive_at(server, &server.url("/api/orders"), steps, session, whose)
}

/// As [`outlive`], with the API at this URL.
pub(super) fn outlive_at(
    server: &Server,
    url: &str,
    steps: &mut Steps,
    session: grantee::Result<Session>,
    whose: &str,
) -> Outcome {
    let session = steps.step("session made", session)?;
    steps.step("API called", call_at(&session, url, whose))?;
    let asked = server.count(Endpoint::Token);
    std::thread::sleep(LIFETIME);
    steps.step("API called past the token's expiry", call_at(&session, url, whose))?;
    steps.check("the token was renewed for it", server.count(Endpoint::Token) > asked)
}

/// Calls the API, which says whose token it saw.
pub(super) fn call(server: &Server, session: &Session, path: &str, whose: &str) -> Outcome {
    call_at(session, &server.url(path), whose)
}

fn call_at(session: &Session, url: &str, whose: &str) -> Outcome {
    let request = Request::get(url).body(Bytes::new()).map_err(|error| error.to_string())?;
    let answer = session.send(request).map_err(|error| error.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("status {}", answer.status()));
    }
    let echo: serde_json::Value = serde_json::from_slice(answer.body()).map_err(|error| error.to_string())?;
    if echo["client_id"] == whose { Ok(()) } else { Err("the API saw somebody else's token".to_owned()) }
}

pub(super) fn discovery(server: &Server, steps: &mut Steps) -> Outcome {
    let metadata = service(server).and_then(|client| client.metadata());
    let metadata = steps.step("metadata fetched and checked", metadata)?;
    steps.check("the issuer is the very string asked for", metadata.issuer.as_deref() == Some(server.issuer().as_str()))
}

pub(super) fn client_secret_basic(server: &Server, steps: &mut Steps) -> Outcome {
    // A secret that only the right encoding carries over.
    let client = Client::discover(server.issuer().as_str()).client("odd", "s3cret &+%41/=:é").build();
    let client = steps.step("client made", client)?;
    outlive(server, steps, session(server, client.session(ClientCredentials::new().scope("orders"))), "odd")
}

pub(super) fn client_secret_post(server: &Server, steps: &mut Steps) -> Outcome {
    let builder =
        Client::discover(server.issuer().as_str()).public_client("post").auth(ClientSecretPost::new("secret"));
    let client = steps.step("client made", builder.build())?;
    outlive(server, steps, session(server, client.session(ClientCredentials::new().scope("orders"))), "post")
}

pub(super) fn own_authentication(server: &Server, steps: &mut Steps) -> Outcome {
    let method = from_fn("demo_form", |draft, context| {
        draft.form.push("client_id", context.client_id);
        draft.form.push("client_secret", "secret");
        Ok(())
    });
    let client = Client::discover(server.issuer().as_str()).public_client("svc").auth(method).build();
    let client = steps.step("client made with a closure that authenticates", client)?;
    outlive(server, steps, session(server, client.session(ClientCredentials::new().scope("orders"))), "svc")
}

pub(super) fn loopback(server: &Server, steps: &mut Steps) -> Outcome {
    let client = Client::discover(server.issuer().as_str()).public_client("public").build();
    let client = steps.step("public client made", client)?;
    let receiver = steps.step("receiver listens on a free port", LoopbackReceiver::bind())?;
    let request =
        AuthorizationRequest::new().scope("openid orders offline_access").redirect_uri(receiver.redirect_uri());
    let (url, pending) = steps.step("login started: state, nonce and PKCE made", client.start(request))?;
    let state = pending.state().to_owned();
    let (walked, callback) = std::thread::scope(|scope| {
        let browser = scope.spawn(|| walk::walk(&url));
        let callback = receiver.wait(&state, PATIENCE, &Cancel::new());
        (browser.join(), callback)
    });
    let walked = walked.map_err(|_| "the browser panicked".to_owned())?;
    steps.step("browser sent to the server and from there to the receiver", walked)?;
    let callback = steps.step("answer received", callback)?;
    let login = steps.step("callback judged, code exchanged", client.finish(pending, callback))?;
    steps.check("who logged in is known", login.id_token().is_some())?;
    outlive(server, steps, session(server, login.session()), "public")
}

pub(super) fn pasted(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let request = AuthorizationRequest::new().scope("openid orders").redirect_uri("http://127.0.0.1/callback");
    let (url, pending) = steps.step("login started: state, nonce and PKCE made", client.start(request))?;
    let kept = steps.step("pending login written", pending.to_json())?;
    let callback = steps.step("the server approved", walk::redirect(&url))?.ok_or("the server did not redirect")?;
    let pending = steps.step("pending login read", Pending::from_json(&kept))?;
    let login = steps.step("callback judged, code exchanged", client.finish(pending, callback))?;
    steps.check("who logged in is known", login.id_token().is_some())?;
    outlive(server, steps, session(server, login.session()), "svc")
}

pub(super) fn rotation(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let first = steps.step("token got", client.token(Password::new("alice", "wonderland").scope("orders")))?;
    let second = steps.step("refreshed", client.refresh(&first))?;
    steps.check("the refresh token was replaced", first.refresh_token != second.refresh_token)?;
    let families = server.families_revoked();
    let used_twice = client.refresh(&first);
    steps.check(
        "the old one is refused: invalid_grant",
        matches!(&used_twice, Err(error) if error.server_error() == Some("invalid_grant")),
    )?;
    steps.check("and the server has revoked its whole family", server.families_revoked() == families + 1)?;
    let third = steps.step("token got anew", client.token(Password::new("alice", "wonderland").scope("orders")))?;
    outlive(server, steps, session(server, client.session_of(third)), "svc")
}

pub(super) fn password(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    outlive(server, steps, session(server, client.session(Password::new("alice", "wonderland").scope("orders"))), "svc")
}

/// A grant of the program's own, in a type of its own. (The server knows no grant type beyond the usual ones.)
struct Own;

impl Grant for Own {
    fn grant_type(&self) -> &str {
        "password"
    }

    fn params<'a>(&'a self, _: GrantContext<'a>) -> BoxFuture<'a, grantee::Result<Params>> {
        Box::pin(async {
            Ok(Params::new().with("username", "alice").with("password", "wonderland").with("scope", "own"))
        })
    }
}

pub(super) fn own_grant(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    outlive(server, steps, session(server, client.session(Own)), "svc")
}

pub(super) fn introspection(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let token = steps.step("token got", client.token(ClientCredentials::new().scope("orders")))?;
    let seen = steps.step("server asked about it", client.introspect(&token))?;
    steps.check(
        "it is active, with its scope",
        seen.active && seen.scope.is_some_and(|scope| scope.contains("orders")),
    )?;
    std::thread::sleep(LIFETIME);
    let seen = steps.step("server asked again past its expiry", client.introspect(&token))?;
    steps.check("it is not active", !seen.active)
}

pub(super) fn revocation(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let token = steps.step("token got", client.token(Password::new("alice", "wonderland")))?;
    steps.step("access token revoked", client.revoke(&token))?;
    let seen = steps.step("server asked about it", client.introspect(&token))?;
    steps.check("it is not active", !seen.active)?;
    let refresh = token.refresh_token.as_ref().ok_or("no refresh token came")?;
    steps.step("refresh token revoked", client.revoke(TokenToActOn::refresh_token(refresh)))?;
    let refused = client.token(RefreshToken::new(refresh));
    steps.check(
        "it is refused: invalid_grant",
        matches!(&refused, Err(Error::Server(error)) if error.error == "invalid_grant"),
    )
}
