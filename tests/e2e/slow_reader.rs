//! Streams to a reader that pauses: nothing is read from the socket faster than it is consumed. `TIDEWIRE_SLOW_READER_MIB` sets how much;
//! `cargo xtask test --long` streams a gigabyte.

use std::time::Duration;

use tidewire::{Client, Outcome};
use tidewire_tests::{upstream, within};

const MIB: u64 = 256;
/// The limit for client and server together, since both are in this process.
const MOST_RESIDENT: u64 = 64 << 20;

/// The resident memory of this process in bytes; `None` if the system does not tell.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib << 10)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_bounded() {
    let server = upstream().await;
    let mib = std::env::var("TIDEWIRE_SLOW_READER_MIB").map_or(MIB, |mib| mib.parse().expect("a number"));
    let bytes = mib << 20;
    let mut events = Client::new().get(server.url(&format!("/endless?bytes={bytes}"))).events();
    let mut count = 0_u64;
    let mut peak = 0;
    while let Some(item) = within("an event", events.next()).await {
        item.expect("an event");
        count += 1;
        if count % 250_000 == 1 {
            // Meanwhile the server may send as much as it can.
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        if count.is_multiple_of(10_000) {
            peak = peak.max(resident().unwrap_or_default());
        }
    }
    assert_eq!(events.outcome(), Some(Outcome::Complete));
    assert!(events.stats().bytes >= bytes && count >= bytes / 256);
    assert!(peak < MOST_RESIDENT, "{} MiB resident", peak >> 20);
    println!("{count} events, {} MiB, at most {} MiB resident", events.stats().bytes >> 20, peak >> 20);
}
