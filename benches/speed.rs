//! Speed, as ratios against a floor of the same run. What timing can resolve is timed, floor and work in turn; what it
//! can't is shown by callgrind's instruction counts of a whole process, with one server in another.

use grantee::ports::Entropy;
use grantee::{AuthorizationRequest, Client, ClientCredentials, Token, UnixTime};
use grantee_core::authorization::{Pending, RequestContext};
use grantor::{Endpoint, Misbehaviour};
use std::collections::BTreeSet;
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
    let mut rows = vec![held_header(quick)];
    rows.extend(authorization_url(quick));
    rows.extend([callback(quick), memory(quick), polls(quick)]);
    if !quick {
        rows.extend(instructions());
        rows.extend(stampede());
        rows.extend([crates(), program_size(), first_token()]);
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

/// Medians in nanoseconds of one call of each.
fn pair(quick: bool, floor: impl Fn(), work: impl Fn()) -> (f64, f64) {
    let (rounds, calls) = if quick { (3, 10) } else { (31, 20_000) };
    let time = |work: &dyn Fn()| {
        let start = Instant::now();
        (0..calls).for_each(|_| work());
        start.elapsed()
    };
    let (floor, work) = medians(rounds, || time(&floor), || time(&work));
    let each = |all: Duration| all.as_secs_f64() * 1e9 / f64::from(calls);
    (each(floor), each(work))
}

/// Medians of what each says it took, the two run in turn, in an order that changes.
fn medians(rounds: u32, floor: impl Fn() -> Duration, work: impl Fn() -> Duration) -> (Duration, Duration) {
    let (mut floors, mut works) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        if round % 2 == 0 {
            floors.push(floor());
            works.push(work());
        } else {
            works.push(work());
            floors.push(floor());
        }
    }
    let median = |mut all: Vec<Duration>| {
        all.sort();
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

fn start() -> (String, Pending) {
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
    AuthorizationRequest::new().scope("openid email").redirect_uri(CALLBACK).start_as_text(&context).expect("a request")
}

fn authorization_url(quick: bool) -> Vec<Row> {
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
    let row = |what, work: &dyn Fn(), reach, reached: fn(f64) -> bool| {
        let (floor, work) = pair(quick, floor, work);
        Row {
            what,
            floor: format!("{floor:.0} ns (three random values, a hash, a string)"),
            found: format!("{work:.0} ns, {:.2} times", work / floor),
            reach,
            reached: reached(work / floor),
        }
    };
    let parsed = || {
        let (text, pending) = start();
        black_box((url::Url::parse(&text).expect("a URL"), pending));
    };
    vec![
        row("authorization URL, as text", &|| drop(black_box(start())), "at most 1.5 times", |ratio| ratio <= 1.5),
        row("authorization URL, as a parsed `Url`", &parsed, "stated", |_| true),
    ]
}

fn callback(quick: bool) -> Row {
    let calls = if quick { 30 } else { 1000 };
    let (_, pending) = start();
    let query = format!("code={}&state={}&iss=https%3A%2F%2Fas.example", "c".repeat(43), pending.state());
    // Judging consumes what is pending, so each call gets its own, made outside of the time.
    let kept = pending.to_json().expect("JSON");
    let work = || {
        let all: Vec<Pending> = (0..calls).map(|_| Pending::from_json(&kept).expect("pending")).collect();
        let start = Instant::now();
        for pending in all {
            black_box(pending.respond(query.as_str()).expect("an answer"));
        }
        start.elapsed()
    };
    let state = pending.state().as_bytes();
    let floor = || {
        let start = Instant::now();
        for _ in 0..calls {
            let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            assert!(grantee_jose::constant_time_eq(pairs[1].1.as_bytes(), state));
            black_box(pairs);
        }
        start.elapsed()
    };
    let (floor, work) = medians(if quick { 3 } else { 31 }, floor, work);
    let each = |all: Duration| all.as_secs_f64() * 1e9 / f64::from(calls);
    let (floor, work) = (each(floor), each(work));
    Row {
        what: "callback parsed and judged",
        floor: format!("{floor:.0} ns (the query into strings, one comparison)"),
        found: format!("{work:.0} ns, {:.2} times", work / floor),
        reach: "at most 1000 ns",
        reached: work <= 1000.0,
    }
}

fn memory(quick: bool) -> Row {
    let count = if quick { "1000" } else { "1000000" };
    let output = Command::new(env!("CARGO_BIN_EXE_grantee-bench-memory")).args(["fill", "-", count]).output();
    let text = String::from_utf8(output.expect("a process").stdout).expect("text");
    let (bytes, rate) = text.trim().split_once(' ').expect("bytes and rate");
    Row {
        what: "`Memory` with a million tokens and refresh tokens, keys included",
        floor: "102 heap bytes each (the bare strings)".to_owned(),
        found: format!("{bytes} heap bytes each, {rate} look-ups a second"),
        reach: "at most 300 bytes",
        reached: quick || bytes.parse::<u32>().is_ok_and(|bytes| bytes <= 300),
    }
}

fn polls(quick: bool) -> Row {
    let count = if quick { 10 } else { 1000 };
    let output =
        Command::new(env!("CARGO_BIN_EXE_grantee-bench-polls")).args(["poll", "-", &count.to_string()]).output();
    let text = String::from_utf8(output.expect("a process").stdout).expect("text");
    let numbers: Vec<usize> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let [waiting, asking, most, tokens] = numbers[..] else { panic!("four numbers: {text}") };
    Row {
        what: "1,000 device polls in flight on one thread",
        floor: "-".to_owned(),
        found: format!("{most} at once; {waiting} heap bytes each waiting, {asking} asking; {tokens} tokens"),
        reach: "1,000 at once, bytes stated",
        reached: most == count && tokens == count,
    }
}

/// What is expired is asked for by everybody at once; the server holds its answer until all are waiting.
fn stampede() -> Vec<Row> {
    let row = |what, outcomes: [usize; 2]| Row {
        what,
        floor: "1 token request".to_owned(),
        found: format!("{}, and {} when it fails", outcomes[0], outcomes[1]),
        reach: "exactly 1 each",
        reached: outcomes == [1, 1],
    };
    vec![
        row("stampede: 10,000 tasks on a runtime of many threads", [false, true].map(stampede_of_tasks)),
        row("stampede: 64 threads, blocking face", [false, true].map(stampede_of_threads)),
    ]
}

fn expired() -> Token {
    Token::bearer("expired").with_expires_at(UnixTime::from_seconds(1_000_000_000))
}

fn stampede_server(fails: bool) -> grantor::Server {
    let server = grantor::Server::start();
    if fails {
        server.misbehave(Endpoint::Token, Misbehaviour::Status { status: 503, retry_after: Some(60) });
    }
    server
}

fn stampede_of_tasks(fails: bool) -> usize {
    let server = stampede_server(fails);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let client = Client::at(server.url("/token")).client("svc", "secret").build().expect("a client");
        let session = client.session(ClientCredentials::new()).token(expired()).build().expect("a session");
        let hold = server.hold(Endpoint::Token);
        let ask = |session: &grantee::Session| {
            let session = session.clone();
            tokio::spawn(async move { session.header().await })
        };
        let tasks: Vec<_> = (0..10_000).map(|_| ask(&session)).collect();
        while client.counters().waits < 9_999 {
            tokio::task::yield_now().await;
        }
        hold.release();
        for task in tasks {
            assert_eq!(task.await.expect("a task").is_err(), fails);
        }
    });
    server.count(Endpoint::Token)
}

fn stampede_of_threads(fails: bool) -> usize {
    let server = stampede_server(fails);
    let client = grantee::blocking::Client::at(server.url("/token")).client("svc", "secret").build().expect("a client");
    let session = client.session(ClientCredentials::new()).token(expired()).build().expect("a session");
    let hold = server.hold(Endpoint::Token);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..64).map(|_| scope.spawn(|| session.header().is_err())).collect();
        while client.counters().waits < 63 {
            std::thread::yield_now();
        }
        hold.release();
        assert!(threads.into_iter().all(|thread| thread.join().expect("a thread") == fails));
    });
    server.count(Endpoint::Token)
}

/// Instructions of one request: the difference between a long and a short run, so that start-up cancels out.
fn per_request(program: &str, name: &str, url: &str, token: &str) -> Option<f64> {
    let count = |requests: u32| -> Option<f64> {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", program, name, url, &requests.to_string()])
            .env("BENCH_TOKEN", token)
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
    let (floor, work) = (env!("CARGO_BIN_EXE_grantee-bench-floor"), env!("CARGO_BIN_EXE_grantee-bench-process"));
    let missing =
        |what| Row { what, floor: "-".into(), found: "valgrind is not installed".into(), reach: "", reached: false };
    let get = "instructions of one GET with a held token";
    let gets = || {
        Some((
            per_request(work, "get-fixed", &server.url("/api/x"), &token)?,
            per_request(work, "get", &server.url("/api/x"), &token)?,
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
                floor: format!("{floor:.0} (a fixed header, same process)"),
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

fn crates() -> Row {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "-p", "grantee", "-e", "normal", "--prefix", "none", "-f", "{p}"])
        .output()
        .expect("cargo tree");
    let text = String::from_utf8(output.stdout).expect("text");
    let lines = text.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| !line.starts_with("grantee"));
    let count = lines.filter(|line| !line.is_empty()).collect::<BTreeSet<_>>().len();
    Row {
        what: "crates in `cargo tree` of the default build, without ours",
        floor: "-".to_owned(),
        found: count.to_string(),
        reach: "at most 105",
        reached: (1..=105).contains(&count),
    }
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

/// A process that makes one client, the TLS set-up included, and gets one token.
fn first_token() -> Row {
    let server = grantor::Server::start();
    let time = |program: &str| {
        let start = Instant::now();
        let output = Command::new(program).args(["post", &server.url("/token"), "1"]).output().expect("a process");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        start.elapsed()
    };
    let (floor, work) = medians(
        15,
        || time(env!("CARGO_BIN_EXE_grantee-bench-floor")),
        || time(env!("CARGO_BIN_EXE_grantee-bench-process")),
    );
    Row {
        what: "process start to first token, TLS linked",
        floor: format!("{:.1} ms (plain reqwest)", floor.as_secs_f64() * 1e3),
        found: format!("{:.1} ms", work.as_secs_f64() * 1e3),
        reach: "stated",
        reached: true,
    }
}
