//! Speed, as ratios against a floor of the same run. What timing can resolve is timed, floor and work in turn; what it
//! can't is shown by callgrind's instruction counts of a whole process, with one server in another.

use grantee::ports::Entropy;
use grantee::{AuthorizationRequest, Client, Token, UnixTime};
use grantee_core::authorization::{Pending, RequestContext};
use grantee_core::store::{BlockingStore, Record, TokenKey};
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

struct Row {
    what: &'static str,
    floor: String,
    found: String,
    reach: &'static str,
    reached: bool,
}

fn main() {
    // `cargo test --benches` asks for a quick run that only shows that it runs.
    let quick = std::env::args().any(|argument| argument == "--test");
    let mut rows = vec![held_header(quick), authorization_url(quick), callback(quick), memory_lookups(quick)];
    if !quick {
        rows.extend(instructions());
        rows.push(program_size());
    }
    println!("| what | floor | found | reach | |\n|---|---|---|---|---|");
    for row in &rows {
        println!(
            "| {} | {} | {} | {} | {} |",
            row.what,
            row.floor,
            row.found,
            row.reach,
            if row.reached { "reached" } else { "MISSED" }
        );
    }
    std::process::exit(i32::from(!quick && rows.iter().any(|row| !row.reached)));
}

/// Medians in nanoseconds of one call of each, the two measured in turn, in an order that changes.
fn pair(quick: bool, mut floor: impl FnMut(), mut work: impl FnMut()) -> (f64, f64) {
    let (rounds, calls) = if quick { (3, 10) } else { (31, 20_000) };
    let time = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..calls).for_each(|_| work());
        start.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
    };
    let (mut floors, mut works) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        if round % 2 == 0 {
            floors.push(time(&mut floor));
            works.push(time(&mut work));
        } else {
            works.push(time(&mut work));
            floors.push(time(&mut floor));
        }
    }
    let median = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    (median(floors), median(works))
}

fn held_header(quick: bool) -> Row {
    let runtime = grantee_benches::runtime();
    let session = runtime.block_on(async {
        let client = Client::at("https://as.example/token").client("svc", "secret").build().expect("a client");
        let token = Token::bearer("x".repeat(43)).with_expires_in(Duration::from_secs(3600));
        let session = client.session_of(token).build().expect("a session");
        session.token().await.expect("a token");
        session
    });
    let ready = session.held().expect("a header");
    let (floor, work) = pair(quick, || drop(black_box(ready.clone())), || drop(black_box(session.held())));
    Row {
        what: "putting a held Bearer token on a request",
        floor: format!("{floor:.1} ns (a ready header cloned)"),
        found: format!("{work:.1} ns"),
        reach: "at most 100 ns",
        reached: work <= 100.0,
    }
}

struct System;

impl Entropy for System {
    fn fill(&self, bytes: &mut [u8]) -> grantee::Result<()> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| grantee::Error::config("no entropy", "look at the machine"))
    }
}

const CALLBACK: &str = "https://app.example/callback";

fn start() -> (url::Url, Pending) {
    let context = RequestContext {
        client_id: "svc",
        issuer: Some("https://as.example"),
        authorization_endpoint: "https://as.example/authorize",
        iss_parameter_supported: true,
        redirect_uri: None,
        entropy: &System,
        now: UnixTime::from_seconds(1_700_000_000),
        allow_http: false,
    };
    AuthorizationRequest::new().scope("openid email").redirect_uri(CALLBACK).start(&context).expect("a request")
}

fn authorization_url(quick: bool) -> Row {
    let floor = || {
        let mut random = [0; 96];
        aws_lc_rs::rand::fill(&mut random).expect("entropy");
        let [state, nonce, verifier] =
            [0, 32, 64].map(|from| grantee_jose::base64url::encode(&random[from..from + 32]));
        let challenge = grantee_jose::base64url::encode(grantee_jose::sha256(verifier.as_bytes()));
        black_box(format!(
            "https://as.example/authorize?response_type=code&client_id=svc&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback\
             &scope=openid+email&state={state}&nonce={nonce}&code_challenge={challenge}&code_challenge_method=S256"
        ));
    };
    let (floor, work) = pair(quick, floor, || drop(black_box(start())));
    Row {
        what: "authorization URL",
        floor: format!("{floor:.0} ns (three random values, a hash, a string)"),
        found: format!("{work:.0} ns, {:.2} times", work / floor),
        reach: "at most 1.5 times",
        reached: work <= 1.5 * floor,
    }
}

fn callback(quick: bool) -> Row {
    let calls = if quick { 30 } else { 31 * 20_000 };
    // Judging consumes what is pending, so each call gets its own, made outside of the time.
    let (_, pending) = start();
    let kept = serde_json::to_value(&pending).expect("JSON");
    let query = format!("code={}&state={}&iss=https%3A%2F%2Fas.example", "c".repeat(43), pending.state());
    let rounds = if quick { 3 } else { 31 };
    let mut medians = Vec::new();
    for _ in 0..rounds {
        let batch: Vec<Pending> =
            (0..calls / rounds / 20).map(|_| serde_json::from_value(kept.clone()).expect("pending")).collect();
        let count = batch.len().max(1);
        let start = Instant::now();
        for pending in batch {
            black_box(pending.respond(query.as_str()).expect("an answer"));
        }
        #[allow(clippy::cast_precision_loss)]
        medians.push(start.elapsed().as_secs_f64() * 1e9 / count as f64);
    }
    medians.sort_by(f64::total_cmp);
    let work = medians[medians.len() / 2];
    Row {
        what: "callback parsed and judged",
        floor: "-".to_owned(),
        found: format!("{work:.0} ns"),
        reach: "at most 1000 ns",
        reached: work <= 1000.0,
    }
}

fn memory_lookups(quick: bool) -> Row {
    let count: u32 = if quick { 1000 } else { 1_000_000 };
    let store = grantee::stores::Memory::new();
    let key = |index: u32| TokenKey::new([("account", format!("{index:016}").as_str())]);
    for index in 0..count {
        let mut record = Record::new("https://as.example", "svc");
        record.account = Some(format!("{index:016}"));
        let token =
            Token::bearer(format!("{index:043}")).with_refresh_token(format!("{index:043}")).with_scope("openid email");
        record.token = Some(token.with_expires_at(UnixTime::from_seconds(1_700_000_000)));
        let lock = BlockingStore::lock(&store, &key(index), Duration::from_secs(1)).expect("a lock");
        BlockingStore::save(&store, &key(index), &record, &*lock).expect("a save");
    }
    let keys: Vec<TokenKey> = (0..count.min(100_000)).map(|step| key(step.wrapping_mul(7919) % count)).collect();
    let start = Instant::now();
    for key in &keys {
        black_box(BlockingStore::load(&store, key).expect("a look").expect("a record"));
    }
    #[allow(clippy::cast_precision_loss)]
    let rate = keys.len() as f64 / start.elapsed().as_secs_f64();
    Row {
        what: "`Memory` with a million tokens",
        floor: "bytes each: a test of its own (at most 300)".to_owned(),
        found: format!("{rate:.0} look-ups a second"),
        reach: "stated",
        reached: true,
    }
}

/// Instructions of one request: the difference between a long and a short run, so that start-up cancels out.
fn per_request(program: &str, name: &str, url: &str, header: &str) -> Option<f64> {
    let count = |requests: u32| -> Option<f64> {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", program, name, url, &requests.to_string()])
            .env("BENCH_HEADER", header)
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{text}");
        text.lines().find_map(|line| line.split_once("Collected :")).and_then(|(_, count)| count.trim().parse().ok())
    };
    Some((count(220)? - count(20)?) / 200.0)
}

fn instructions() -> Vec<Row> {
    let server = grantor::Server::start();
    let token = server.issue("svc", None, "read").access_token;
    let header = format!("Bearer {token}");
    let (floor, work) = (env!("CARGO_BIN_EXE_grantee-bench-floor"), env!("CARGO_BIN_EXE_grantee-bench-process"));
    let missing =
        |what| Row { what, floor: "-".into(), found: "valgrind is not installed".into(), reach: "", reached: false };
    let get = "instructions of one GET with a held token";
    let gets = || {
        Some((
            per_request(floor, "get", &server.url("/api/x"), &header)?,
            per_request(work, "get", &server.url("/api/x"), &header)?,
        ))
    };
    let post = "instructions of one client-credentials request";
    let posts = || {
        Some((
            per_request(floor, "post", &server.url("/token"), "")?,
            per_request(work, "post", &server.url("/token"), "")?,
        ))
    };
    vec![
        gets().map_or_else(
            || missing(get),
            |(floor, work)| Row {
                what: get,
                floor: format!("{floor:.0} (a fixed header)"),
                found: format!("{work:.0}, {:+.0}", work - floor),
                reach: "at most +500",
                reached: work - floor <= 500.0,
            },
        ),
        posts().map_or_else(
            || missing(post),
            |(floor, work)| Row {
                what: post,
                floor: format!("{floor:.0} (reqwest and serde)"),
                found: format!("{work:.0}, {:.3} times", work / floor),
                reach: "at most 1.10 times",
                reached: work <= 1.10 * floor,
            },
        ),
    ]
}

fn program_size() -> Row {
    let size = |path: &str| std::fs::metadata(path).map_or(0, |file| file.len()) / 1024;
    Row {
        what: "size of the stripped program",
        floor: format!("{} KiB (plain reqwest)", size(env!("CARGO_BIN_EXE_grantee-bench-floor"))),
        found: format!("{} KiB", size(env!("CARGO_BIN_EXE_grantee-bench-process"))),
        reach: "stated",
        reached: true,
    }
}
