//! The same work done by grantee, by openid-client (JavaScript) and by requests_oauth2client (Python), each with its own HTTP
//! client against the same servers. `cargo xtask bench` installs the two and says by `BENCH_NODE`, `BENCH_PYTHON` and
//! `BENCH_PEERS` where they are; a row without them fails.

mod ours;
mod world;

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};
use world::World;

/// Nanoseconds of one call, by row.
type Found = BTreeMap<String, f64>;

/// What each row does, and whether openid-client and requests_oauth2client have it.
const ROWS: [(&str, &str, [bool; 2]); 11] = [
    ("dpop_proof", "a DPoP proof made, ES256", [true, true]),
    ("dpop_call", "a GET with a DPoP token, and its JSON", [true, true]),
    ("bearer_call", "a GET with a Bearer token, and its JSON", [true, true]),
    ("client_assertion", "a `private_key_jwt` assertion made, ES256", [true, true]),
    ("client_credentials", "a token by client credentials", [true, true]),
    ("token_exchange", "a token exchanged", [true, true]),
    ("device_poll", "a device's poll", [true, true]),
    ("authorization_url", "authorization URL and what is pending", [true, true]),
    ("par", "the same, pushed (PAR)", [true, true]),
    ("jar", "the same, signed (JAR), ES256", [true, true]),
    ("jarm", "a signed authorization response verified (JARM), RS256", [true, false]),
];

fn main() -> ExitCode {
    // `cargo test --benches` asks for a quick run that only shows that it runs.
    let quick = std::env::args().any(|argument| argument == "--test");
    let world = World::start(quick);
    let peers = [
        Peer::new("openid-client", "BENCH_NODE", "openid-client/rows.mjs"),
        Peer::new("requests_oauth2client", "BENCH_PYTHON", "requests_oauth2client/rows.py"),
    ];
    // Each has its turn, more than once, so that a busy minute of the machine strikes all alike.
    let passes = if quick { 1 } else { 3 };
    let (mut ours, mut theirs) = (Vec::new(), [Vec::new(), Vec::new()]);
    for _ in 0..passes {
        ours.push(ours::rows(&world));
        for (peer, found) in peers.iter().zip(&mut theirs) {
            found.extend(peer.as_ref().ok().map(|peer| peer.run(&world)));
        }
    }
    for missing in peers.iter().filter_map(|peer| peer.as_ref().err()) {
        println!("{missing}");
    }
    let (ours, theirs) = (median(&ours), theirs.map(|found| median(&found)));
    println!("| what | grantee | openid-client | requests_oauth2client | |\n|---|---|---|---|---|");
    let mut missed = false;
    for (row, what, has) in ROWS {
        let own = ours.get(row).copied().unwrap_or(f64::NAN);
        let mut ahead = own.is_finite();
        let mut line = format!("| {what} | {} |", shown(own));
        for (found, has) in theirs.iter().zip(has) {
            let cell = match found.get(row) {
                Some(time) => {
                    ahead &= *time > own;
                    format!("{}, {:.1} times", shown(*time), time / own)
                }
                None if has => {
                    ahead = false;
                    "not installed".to_owned()
                }
                None => String::new(),
            };
            line.push_str(&format!(" {cell} |"));
        }
        missed |= !ahead;
        println!("{line} {} |", if ahead { "ahead" } else { "MISSED" });
    }
    ExitCode::from(u8::from(missed && !quick))
}

struct Peer {
    name: &'static str,
    program: String,
    script: String,
}

impl Peer {
    fn new(name: &'static str, program: &str, script: &str) -> Result<Self, String> {
        let variable = |variable: &str| {
            std::env::var(variable)
                .map_err(|_| format!("{name} is not installed: {variable} is not set; `cargo xtask bench` installs it"))
        };
        Ok(Self { name, program: variable(program)?, script: format!("{}/{script}", variable("BENCH_PEERS")?) })
    }

    /// # Panics
    /// When the peer fails: then there is nothing to compare with.
    fn run(&self, world: &World) -> Found {
        let output = Command::new(&self.program).arg(&self.script).arg(world.file()).output();
        let output = output.unwrap_or_else(|error| panic!("{}: {error}", self.program));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", self.name);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{}: {error}: {said}", self.name))
    }
}

/// Of the passes, row by row.
fn median(passes: &[Found]) -> Found {
    let rows = passes.first().into_iter().flat_map(|first| first.keys());
    let of = |row: &String| {
        let mut times: Vec<f64> = passes.iter().filter_map(|pass| pass.get(row).copied()).collect();
        times.sort_by(f64::total_cmp);
        (row.clone(), times[times.len() / 2])
    };
    rows.map(of).collect()
}

fn shown(nanoseconds: f64) -> String {
    format!("{:.1} µs", nanoseconds / 1000.0)
}
