//! `Memory` with as many tokens as asked for, each with a refresh token of 43 bytes and an account of its own of 16: heap
//! bytes each, keys included, and look-ups a second. A process of its own, since it counts every allocation.

use grantee::{Token, UnixTime};
use grantee_core::store::{BlockingStore, Record, TokenKey};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::hint::black_box;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let (_, _, count) = grantee_benches::arguments();
    let region = Region::new(ALLOCATOR);
    let store = grantee::stores::Memory::new();
    for number in 0..count {
        let (key, record) = (key(number), record(number));
        let lock = BlockingStore::lock(&store, &key, Duration::from_secs(1)).expect("a lock");
        BlockingStore::save(&store, &key, &record, &*lock).expect("a save");
    }
    let change = region.change();
    let keys: Vec<TokenKey> = (0..count.min(100_000)).map(|step| key(step * 7919 % count)).collect();
    let start = Instant::now();
    for key in &keys {
        black_box(BlockingStore::load(&store, key).expect("a look").expect("a record"));
    }
    #[allow(clippy::cast_precision_loss)]
    let rate = keys.len() as f64 / start.elapsed().as_secs_f64();
    println!("{} {rate:.0}", (change.bytes_allocated - change.bytes_deallocated) / count);
}

fn key(number: usize) -> TokenKey {
    TokenKey::new([("issuer", "https://as.example"), ("client", "svc"), ("account", &*format!("{number:016}"))])
}

fn record(number: usize) -> Record {
    let mut record = Record::new("https://as.example", "svc");
    record.account = Some(format!("{number:016}"));
    let token = Token::bearer(format!("{number:043}")).with_refresh_token(format!("{number:043}"));
    record.token = Some(token.with_scope("openid email").with_expires_at(UnixTime::from_seconds(1_700_000_000)));
    record
}
