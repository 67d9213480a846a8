//! Speed of tokens: an ID token verified, a client assertion signed, a proof made, a ciphertext decrypted. Each beside the raw
//! operation of aws-lc in the same run, and beside jsonwebtoken, openidconnect and josekit. Then a request signed by OAuth 1.0.
//! `--test` runs each a few times only; `verify`, `sign`, `proof`, `decrypt` or `oauth1` runs those alone.

mod decrypt;
mod oauth1;
mod proof;
mod sign;
mod verify;

use std::time::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|argument| argument == "--test");
    let tables: [(&str, fn(bool) -> Vec<Row>); 4] =
        [("verify", verify::rows), ("sign", sign::rows), ("proof", proof::rows), ("decrypt", decrypt::rows)];
    let named = |name: &str| arguments.iter().any(|argument| argument == name);
    let all = !tables.iter().any(|(name, _)| named(name)) && !named("oauth1");
    let rows: Vec<Row> =
        tables.iter().filter(|(name, _)| all || named(name)).flat_map(|(_, rows)| rows(quick)).collect();
    let mut missed = print(["jsonwebtoken", "openidconnect", "josekit"], &rows);
    if all || named("oauth1") {
        missed |= print(["oauth1-request", "reqwest-oauth1", ""], &oauth1::rows(quick));
    }
    std::process::exit(i32::from(missed && !quick));
}

/// Whether something was missed.
fn print(peers: [&str; 3], rows: &[Row]) -> bool {
    println!("\n| what | raw | grantee | reach | | {} |\n|---|---|---|---|---|---|---|---|", peers.join(" | "));
    let mut missed = false;
    for row in rows {
        let ours = row.ours / row.raw;
        let reached = row.most.holds(row) && row.peers.iter().flatten().all(|peer| *peer > row.ours);
        missed |= !reached;
        let peers: String = row
            .peers
            .iter()
            .map(|peer| peer.map_or(" |".to_owned(), |peer| format!(" {:.2} times |", peer / row.raw)))
            .collect();
        println!(
            "| {} | {:.1} µs | {ours:.3} times (+{:.2} µs) | {}ahead of the peers | {} |{peers}",
            row.what,
            row.raw / 1000.0,
            (row.ours - row.raw) / 1000.0,
            row.most,
            if reached { "reached" } else { "MISSED" },
        );
    }
    missed
}

/// Nanoseconds of one call of each.
pub struct Row {
    what: String,
    raw: f64,
    ours: f64,
    /// The most that ours may take.
    most: Most,
    /// Those of the table, where they can do it.
    peers: [Option<f64>; 3],
}

#[derive(Clone, Copy)]
pub enum Most {
    /// In times of the raw operation.
    Times(f64),
    /// In nanoseconds beside it.
    Beside(f64),
    /// Less than the peers.
    Ahead,
}

impl Most {
    fn holds(self, row: &Row) -> bool {
        match self {
            Self::Times(most) => row.ours <= most * row.raw,
            Self::Beside(most) => row.ours <= row.raw + most,
            Self::Ahead => true,
        }
    }
}

impl std::fmt::Display for Most {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Times(most) => write!(f, "at most {most:.3} times, "),
            Self::Beside(most) => write!(f, "at most {:.1} µs more, ", most / 1000.0),
            Self::Ahead => Ok(()),
        }
    }
}

type Work<'a> = &'a dyn Fn();

/// Times the raw operation, ours and the peers' in turn, and takes the median of each.
pub fn row(quick: bool, what: String, most: Most, raw: Work<'_>, ours: Work<'_>, peers: [Option<Work<'_>>; 3]) -> Row {
    let once = || {
        let start = Instant::now();
        raw();
        start.elapsed().as_secs_f64()
    };
    let quickest = (0..9).map(|_| once()).fold(f64::INFINITY, f64::min);
    // Many short rounds, of half a millisecond or so: on a busy machine most of them still run without another program in between.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let (rounds, calls) = if quick { (3, 2) } else { (301, (0.0006 / quickest).clamp(2.0, 40.0) as u32) };
    let time = |work: Work<'_>| {
        let start = Instant::now();
        (0..calls).for_each(|_| work());
        start.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
    };
    let mut times: [Vec<f64>; 5] = Default::default();
    let works = [Some(raw), Some(ours), peers[0], peers[1], peers[2]];
    for round in 0..rounds {
        // Each has its turn at every place, so that none profits from what ran before it.
        for place in 0..works.len() {
            let index = (place + round) % works.len();
            if let Some(work) = works[index] {
                times[index].push(time(work));
            }
        }
    }
    let [raw, ours, peers @ ..] = times.map(|mut all| {
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    });
    Row { what, raw: raw.unwrap_or(f64::NAN), ours: ours.unwrap_or(f64::NAN), most, peers }
}
