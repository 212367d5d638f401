//! Tests the metrics of real streams.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics::{LocalRecorderGuard, Unit};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tidewire::{Client, Outcome, metrics as named};
use tidewire_tests::raw::{Act, RawServer};
use tidewire_tests::{take, upstream, within};

use crate::capture::enable_all_callsites;
use crate::{STALL, interrupted, stalling};

/// What has been recorded on this thread. Each snapshot resets the recorder's values, so they are added up here.
struct Recorded {
    snapshotter: Snapshotter,
    numbers: BTreeMap<String, f64>,
    times: BTreeMap<String, Vec<f64>>,
    units: BTreeMap<String, Option<Unit>>,
}

/// Starts recording on this thread. The recorder is leaked, since the guard borrows it until the test ends.
fn record() -> (Recorded, LocalRecorderGuard<'static>) {
    enable_all_callsites();
    let recorder: &'static DebuggingRecorder = Box::leak(Box::default());
    let snapshotter = recorder.snapshotter();
    let (numbers, times, units) = Default::default();
    let recorded = Recorded { snapshotter, numbers, times, units };
    (recorded, metrics::set_default_local_recorder(recorder))
}

impl Recorded {
    fn look(&mut self) {
        for (key, unit, _, value) in self.snapshotter.snapshot().into_vec() {
            let labels: String =
                key.key().labels().map(|label| format!(" {}={}", label.key(), label.value())).collect();
            let name = format!("{}{labels}", key.key().name());
            self.units.insert(key.key().name().to_owned(), unit);
            match value {
                DebugValue::Counter(count) => *self.numbers.entry(name).or_default() += count as f64,
                DebugValue::Gauge(value) => *self.numbers.entry(name).or_default() += value.into_inner(),
                DebugValue::Histogram(values) => {
                    self.times.entry(name).or_default().extend(values.iter().map(|value| value.into_inner()));
                }
            }
        }
    }

    /// Everything that is not 0, except the bytes.
    fn numbers(&mut self) -> Vec<String> {
        self.look();
        let recorded = self.numbers.iter().filter(|(name, value)| **value != 0.0 && *name != named::BYTES);
        recorded.map(|(name, value)| format!("{} {value}", name.trim_start_matches("tidewire_"))).collect()
    }

    fn times(&mut self, name: &str) -> Vec<f64> {
        self.look();
        self.times.get(name).cloned().unwrap_or_default()
    }
}

#[tokio::test]
async fn a_stream_that_is_complete() {
    let (mut recorded, _guard) = record();
    let server = upstream().await;
    let mut stream =
        Client::new().get(server.url("/slow-headers?silence_ms=60&interval_ms=15&events=4")).events();
    let first = within("an event", stream.next()).await;
    assert!(first.is_some_and(|item| item.is_ok()));
    assert_eq!(recorded.numbers(), ["attempts_total reason=first 1", "streams_active 1"]);
    let taken = take(&mut stream).await;
    assert_eq!(taken.outcome, Some(Outcome::Complete));
    assert_eq!(
        recorded.numbers(),
        ["attempts_total reason=first 1", "streams_ended_total outcome=complete 1"]
    );
    let stats = stream.stats();
    assert_eq!(recorded.numbers[named::BYTES], stats.bytes as f64);
    let first = recorded.times(named::TIME_TO_FIRST_EVENT);
    assert_eq!(first.len(), 1);
    assert!(first[0] >= 0.06 && Some(Duration::from_secs_f64(first[0])) <= stats.first_event, "{first:?}");
    let others = recorded.times(named::INTER_EVENT);
    assert_eq!(others.len() as u64, stats.events - 1);
    assert!(others.iter().sum::<f64>() <= stats.elapsed.as_secs_f64(), "{others:?}");
}

#[tokio::test]
async fn every_attempt_is_counted_by_its_reason() {
    let (mut recorded, _guard) = record();
    let server = RawServer::start(interrupted()).await;
    take(&mut Client::new().get(server.url("/")).retry_delay(Duration::from_millis(1)).events()).await;
    assert_eq!(
        recorded.numbers(),
        [
            "attempts_total reason=body 1",
            "attempts_total reason=first 1",
            "attempts_total reason=status 1",
            "streams_ended_total outcome=complete 1",
        ]
    );
    assert_eq!(recorded.times(named::TIME_TO_FIRST_EVENT).len(), 1);
    let others = recorded.times(named::INTER_EVENT);
    assert_eq!(others.len(), 2);
    assert_eq!(others[0], 0.0, "both arrived in one piece");
    assert!(others[1] > 0.0, "{others:?}");
}

#[tokio::test]
async fn a_stall_is_counted() {
    let (mut recorded, _guard) = record();
    let server = RawServer::start(stalling()).await;
    take(&mut Client::new().get(server.url("/")).stall_after(STALL).events()).await;
    assert_eq!(
        recorded.numbers(),
        ["attempts_total reason=first 1", "stalls_total 1", "streams_ended_total outcome=ended 1"]
    );
    assert!(recorded.times(named::INTER_EVENT)[0] > STALL.as_secs_f64());
}

#[tokio::test]
async fn each_end_is_counted_by_its_outcome() {
    let server = upstream().await;
    let silent = RawServer::start(vec![vec![Act::Hang]]).await;
    let get = |path: &str| Client::new().get(server.url(path)).retry_attempts(0);
    let rows = [
        (get("/midstream-error?interval_ms=0"), "failed"),
        (get("/truncate?interval_ms=0").resume(tidewire::Resume::Never), "truncated"),
        (get("/status?status=404"), "refused"),
        (get("/bigfinal?interval_ms=0").max_event_bytes(1 << 12), "unreadable"),
        (Client::new().get(silent.url("/")).retry_attempts(0).idle_timeout(STALL), "timed_out"),
        (Client::new().get("http://127.0.0.1:1/").retry_attempts(0), "unreachable"),
        (Client::new().get("nowhere"), "usage"),
    ];
    for (request, outcome) in rows {
        let (mut recorded, _guard) = record();
        let taken = take(&mut request.events()).await;
        assert_eq!(taken.error.as_ref().map(tidewire::Error::code), Some(outcome));
        let ended = format!("streams_ended_total outcome={outcome} 1");
        let sent = (outcome != "usage").then(|| "attempts_total reason=first 1".to_owned());
        assert_eq!(recorded.numbers(), sent.into_iter().chain([ended]).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn dropped_streams_are_cancelled_and_not_active() {
    let (mut recorded, _guard) = record();
    let server = upstream().await;
    let client = Client::builder().max_concurrent(2).build();
    let mut streams: Vec<_> =
        (0..3).map(|_| client.get(server.url("/stall?interval_ms=0")).events()).collect();
    assert_eq!(recorded.numbers(), [""; 0], "none of them was polled");
    for stream in &mut streams[..2] {
        within("an event", stream.next()).await.expect("an item").expect("an event");
    }
    // The third one waits for a slot.
    assert!(tokio::time::timeout(STALL, streams[2].next()).await.is_err());
    assert_eq!(recorded.numbers(), ["attempts_total reason=first 2", "streams_active 3"]);
    streams.clear();
    assert_eq!(
        recorded.numbers(),
        ["attempts_total reason=first 2", "streams_ended_total outcome=cancelled 3"]
    );
}

#[test]
fn each_metric_has_its_unit_and_starts_at_0() {
    let (mut recorded, _guard) = record();
    named::describe();
    recorded.look();
    let counted = [named::STREAMS_ACTIVE, named::ATTEMPTS, named::STREAMS_ENDED, named::STALLS];
    for name in counted {
        assert_eq!(recorded.units[name], Some(Unit::Count), "{name}");
    }
    assert_eq!(recorded.units[named::BYTES], Some(Unit::Bytes));
    assert_eq!(recorded.numbers.len(), 3 + named::REASONS.len() + named::OUTCOMES.len());
    assert!(recorded.numbers.values().all(|value| *value == 0.0));
    // A histogram does not start at zero: it appears once something is recorded.
    for name in [named::TIME_TO_FIRST_EVENT, named::INTER_EVENT] {
        metrics::histogram!(name).record(1.0);
        recorded.look();
        assert_eq!(recorded.units[name], Some(Unit::Seconds), "{name}");
    }
}
