//! grantee's side: the async face on a runtime of one thread.

use crate::Found;
use crate::world::{Pace, World};
use grantee::client_auth::{AuthContext, ClientAuth as _, Draft};
use grantee::grant::TokenExchange;
use grantee::ports::Entropy;
use grantee::token_type::dpop::Dpop;
use grantee::token_type::{ProofContext, TokenType as _};
use grantee::{
    AuthorizationRequest, Client, ClientBuilder, ClientCredentials, Params, Pending, PrivateKeyJwt, Token, UnixTime,
};
use grantee_core::authorization::RequestObjects;
use grantee_core::grant::polling::PollState;
use grantee_core::grant::{DeviceCode, SecurityToken};
use std::future::Future;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const CALLBACK: &str = "https://app.example/callback";

pub fn rows(world: &World) -> Found {
    let runtime = grantee_benches::runtime();
    let _entered = runtime.enter();
    let bench = Bench { runtime: &runtime, pace: world.pace };
    let at = |issuer: String| Client::discover(issuer).client("svc", "secret").redirect_uri(CALLBACK);
    let ours = || at(world.server.issuer());
    let mut found = Found::new();
    let mut row = |name: &str, time: f64| {
        found.insert(name.to_owned(), time);
    };

    row("dpop_proof", proof(&bench, world));
    row("dpop_call", call(&bench, world, ours().dpop(world.key.clone())));
    row("bearer_call", call(&bench, world, ours()));
    row("client_assertion", assertion(&bench, world));
    let client = built(ours());
    row("client_credentials", bench.time(async || client.token(ClientCredentials::new().scope("read")).await));
    let exchange = || TokenExchange::new(SecurityToken::new(world.subject_token.as_str(), "access_token"));
    row("token_exchange", bench.time(async || client.token(exchange()).await));
    row("device_poll", poll(&bench, &built(at(world.pending.issuer()))));
    row("authorization_url", start(&bench, ours()));
    row("par", start(&bench, ours().par()));
    row("jar", start(&bench, ours().request_object(RequestObjects::from_key(&world.key).expect("a key"))));
    row("jarm", jarm(&bench, world, &client));
    found
}

struct Bench<'a> {
    runtime: &'a Runtime,
    pace: Pace,
}

impl Bench<'_> {
    /// Nanoseconds of one call.
    fn time<T, E: std::fmt::Debug>(&self, work: impl AsyncFn() -> Result<T, E>) -> f64 {
        self.time_with(|| (), |()| work())
    }

    /// The same, of calls that use something up, which is made outside of the time.
    fn time_with<I, T, E, F>(&self, make: impl Fn() -> I, work: impl Fn(I) -> F) -> f64
    where
        E: std::fmt::Debug,
        F: Future<Output = Result<T, E>>,
    {
        let run = |calls: u32| {
            let inputs: Vec<I> = (0..calls).map(|_| make()).collect();
            let start = Instant::now();
            for input in inputs {
                black_box(self.runtime.block_on(work(input)).expect("done"));
            }
            start.elapsed()
        };
        let (mut calls, mut spent) = (0, Duration::ZERO);
        while calls == 0 || spent < self.pace.warm {
            spent += run(16);
            calls += 16;
        }
        let each = spent.as_secs_f64() / f64::from(calls);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let calls = (self.pace.round.as_secs_f64() / each).ceil().max(1.0) as u32;
        let mut rounds: Vec<f64> =
            (0..self.pace.rounds).map(|_| run(calls).as_secs_f64() * 1e9 / f64::from(calls)).collect();
        rounds.sort_by(f64::total_cmp);
        rounds[rounds.len() / 2]
    }
}

fn built(builder: ClientBuilder) -> Client {
    builder.build().expect("a client")
}

struct System;

impl Entropy for System {
    fn fill(&self, bytes: &mut [u8]) -> grantee::Result<()> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| grantee::Error::config("no entropy", "look at the machine"))
    }
}

fn proof(bench: &Bench<'_>, world: &World) -> f64 {
    let dpop = Dpop::from_key(&world.key).expect("a key");
    let uri: http::Uri = world.server.url("/api/orders").parse().expect("a URI");
    let token = Token::bearer("x".repeat(43));
    bench.time(async || {
        let mut headers = http::HeaderMap::new();
        let mut context = ProofContext::new(&http::Method::GET, &uri, UnixTime::now(), &System);
        context.token = Some(&token);
        dpop.prove(context, &mut headers).await.map(|()| headers)
    })
}

/// A session's calls to an API, its JSON read.
fn call(bench: &Bench<'_>, world: &World, builder: ClientBuilder) -> f64 {
    let session = built(builder).session(ClientCredentials::new().scope("read"));
    let api = session.api(&world.server.url("/api")).expect("an API");
    bench.time(async || api.get("orders").send().await?.json::<serde_json::Value>())
}

fn assertion(bench: &Bench<'_>, world: &World) -> f64 {
    let method = PrivateKeyJwt::from_key(&world.key).expect("a key");
    let (issuer, url) = (world.server.issuer(), world.server.url("/token").parse::<url::Url>().expect("a URL"));
    bench.time(async || {
        let mut draft = Draft::post(url.clone(), Params::new());
        let mut context = AuthContext::new("svc", UnixTime::now(), &System);
        context.issuer = Some(&issuer);
        method.authenticate(&mut draft, context).await.map(|()| draft)
    })
}

fn poll(bench: &Bench<'_>, client: &Client) -> f64 {
    let grant = Arc::new(DeviceCode::new("a-code", UnixTime::now(), Duration::from_secs(1800)));
    let make = || client.core().polling(grant.clone()).expect("a grant with a schedule");
    bench.time_with(make, |mut polling| async move {
        match polling.poll_once().await {
            Some(PollState::Pending) => Ok(()),
            other => Err(other),
        }
    })
}

fn start(bench: &Bench<'_>, builder: ClientBuilder) -> f64 {
    let client = built(builder);
    bench.time(async || client.start(AuthorizationRequest::new().scope("openid email")).await)
}

fn jarm(bench: &Bench<'_>, world: &World, client: &Client) -> f64 {
    let request = AuthorizationRequest::new().response_mode("jwt");
    let (_, pending) = bench.runtime.block_on(client.start(request)).expect("a request");
    let query = format!("response={}", world.jarm(pending.state()));
    let kept = pending.to_json().expect("JSON");
    // Judging consumes what is pending.
    let make = || Pending::from_json(&kept).expect("pending");
    bench.time_with(make, |pending| client.respond(pending, query.as_str()))
}
