//! The speed table's row for `Memory`: a million records, at most 300 heap bytes each, keys included. Alone in its file,
//! since it counts every allocation of its process.

use grantee_core::store::{BlockingStore, Record, TokenKey};
use grantee_core::{Token, UnixTime};
use grantee_stores::Memory;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::hint::black_box;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

const RECORDS: usize = 1_000_000;

#[test]
fn a_million_records_take_at_most_300_bytes_each() {
    let region = Region::new(ALLOCATOR);
    let store = Memory::new();
    for number in 0..RECORDS {
        let (key, record) = (key(number), record(number));
        let lock = BlockingStore::lock(&store, &key, Duration::ZERO).unwrap();
        BlockingStore::save(&store, &key, &record, &*lock).unwrap();
    }
    let stats = region.change();
    let each = (stats.bytes_allocated - stats.bytes_deallocated) / RECORDS;

    let sample: Vec<_> = (0..RECORDS).step_by(10).map(key).collect();
    let start = Instant::now();
    for key in &sample {
        black_box(BlockingStore::load(&store, key).unwrap());
    }
    #[allow(clippy::cast_precision_loss)]
    let per_second = sample.len() as f64 / start.elapsed().as_secs_f64();
    println!("{each} heap bytes a record, {per_second:.0} look-ups a second on one thread");

    assert!(each <= 300, "{each} bytes");
    assert_eq!(store.len(), RECORDS);
    for number in (0..RECORDS).step_by(99_999) {
        assert_eq!(BlockingStore::load(&store, &key(number)).unwrap(), Some(record(number)));
    }

    // Everything that was taken is given back.
    drop(store);
    drop(sample);
    let stats = region.change();
    assert!(stats.bytes_allocated - stats.bytes_deallocated < 100_000);
}

fn key(number: usize) -> TokenKey {
    TokenKey::new([("issuer", "https://as.example"), ("client", "svc"), ("account", account(number).as_str())])
}

fn account(number: usize) -> String {
    format!("account-{number:08}")
}

fn record(number: usize) -> Record {
    let mut record = Record::new("https://as.example", "svc");
    record.account = Some(account(number));
    let mut token = Token::bearer(format!("{number:043}"))
        .with_refresh_token(format!("{:043}", number + 1))
        .with_scope("openid orders")
        .with_expires_at(UnixTime::from_millis(1_700_003_600_123));
    token.obtained_at = Some(UnixTime::from_millis(1_700_000_000_123));
    record.token = Some(token);
    record
}
