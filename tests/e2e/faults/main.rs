//! A campaign of streams over real sockets, each with random faults from one seed. A second implementation of the table of reconnects,
//! the model, says what the caller and the servers of each stream must see, and everything is compared.
//!
//! ```sh
//! cargo test -p tidewire-tests --test faults -- --nocapture                                          # the report
//! TIDEWIRE_FAULTS_SEED=7 TIDEWIRE_FAULTS_STREAMS=50000 cargo test -p tidewire-tests --test faults    # another, longer one
//! TIDEWIRE_FAULTS_SEED=7 TIDEWIRE_FAULTS_ONLY=123 cargo test -p tidewire-tests --test faults         # one stream of it
//! ```

mod bodies;
mod call;
mod coding;
mod http2;
mod item;
mod model;
mod naive;
mod report;
mod script;
mod stage;
mod story;
mod upstream;

use std::alloc::System;
use std::env;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cap::Cap;
use item::Item;
use model::Model;
use report::Report;
use script::{ItemKind, Script};
use stage::{Clients, Played, play};
use tidewire::{Format, Outcome};
use tidewire_tests::{PATIENCE, within};
use tokio::sync::Semaphore;

/// Counts the bytes on the heap, without a limit.
#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// A slice of the campaign; `cargo xtask test --long` runs 30,000.
const STREAMS: usize = 2000;
/// Streams at a time; they mostly wait.
const AT_A_TIME: usize = 96;
/// The most bytes on the heap, for clients and servers: both are in this process.
const MOST_HEAP: usize = 256 << 20;
/// The most bytes that may remain after all streams. A leak of a hundred bytes per stream would exceed it.
const KEPT_HEAP: usize = 512 << 10;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_stream_ends_as_the_model_says() {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| u64::from(time.subsec_nanos()));
    let seed = number("TIDEWIRE_FAULTS_SEED").unwrap_or(clock);
    let clients = Arc::new(Clients::new());
    if let Some(only) = number("TIDEWIRE_FAULTS_ONLY") {
        let only = usize::try_from(only).expect("the number of a stream");
        let (script, _) = story::script(seed, only);
        println!("{script:#?}");
        stream(&clients, seed, only, &Mutex::default()).await;
        return;
    }
    let streams = number("TIDEWIRE_FAULTS_STREAMS").map_or(STREAMS, |count| count as usize);
    println!("seed {seed}, {streams} streams");
    let begun = Instant::now();
    let at_first = HEAP.allocated();
    let report = Arc::new(Mutex::new(Report::default()));
    let slots = Arc::new(Semaphore::new(AT_A_TIME));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..streams {
        let slot = Arc::clone(&slots).acquire_owned().await.expect("never closed");
        let (clients, counted) = (Arc::clone(&clients), Arc::clone(&report));
        tasks.spawn(async move {
            let _place = slot;
            stream(&clients, seed, number, &counted).await;
        });
        while let Some(done) = tasks.try_join_next() {
            note(done, &report);
        }
    }
    while let Some(done) = tasks.join_next().await {
        note(done, &report);
    }
    let took = begun.elapsed().as_secs_f32();
    // The clients' pools keep even closed connections for 90 s.
    let (most, pooled) = (HEAP.max_allocated(), HEAP.allocated());
    drop(clients);
    within("the memory that the streams took", async {
        while HEAP.allocated() > at_first + KEPT_HEAP {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    let left = HEAP.allocated();
    let report = report.lock().expect("a lock");
    println!(
        "{report}\n{took:.1} s, on the heap {at_first} bytes before, {most} at most, {pooled} with the clients, {left} behind them"
    );
    assert_eq!(report.failed(), 0, "of {streams} streams with seed {seed}");
    report.assert_nothing_is_missing(streams);
    assert!(most < MOST_HEAP, "{most} bytes on the heap");
}

/// Counts a stream that panicked. It has printed why.
fn note(done: Result<(), tokio::task::JoinError>, report: &Mutex<Report>) {
    if done.is_err() {
        report.lock().expect("a lock").fail();
    }
}

async fn stream(clients: &Clients, seed: u64, number: usize, report: &Mutex<Report>) {
    let (script, model) = story::script(seed, number);
    let played = match tokio::time::timeout(PATIENCE, play(clients, number, &script)).await {
        Ok(played) => played,
        Err(_) => panic!("stream {number} of seed {seed} does not end: {script:#?}"),
    };
    let wrong = differences(&script, &model, &played);
    assert!(
        wrong.is_empty(),
        "stream {number} of seed {seed} (TIDEWIRE_FAULTS_SEED={seed} TIDEWIRE_FAULTS_ONLY={number} plays it alone):\n\
         {wrong}\nscript: {script:#?}\nplayed: {played:#?}\nexpected: {:#?}, {:?}, cursor {:?}",
        model.items,
        model.outcome,
        model.cursor
    );
    report.lock().expect("a lock").add(&script, &played);
}

/// Describes the differences between what was expected and seen; empty if there are none.
fn differences(script: &Script, model: &Model, played: &Played) -> String {
    let mut wrong = String::new();
    let (expected, outcome) = expected(script, model);
    let (sent, items): (Vec<Item>, Vec<Item>) =
        expected.into_iter().partition(|item| matches!(item, Item::Sent(_)));
    let notices: Vec<Item> = items
        .iter()
        .filter(|item| matches!(item, Item::Attempt { .. } | Item::Gap(_) | Item::Replayed(_)))
        .cloned()
        .collect();
    let shown: Vec<&Item> = items.iter().filter(|item| item.is_shown(script.call.kind)).collect();
    let mut shown: Vec<Item> = shown.into_iter().map(|item| as_kind(script, item)).collect();
    if script.call.format == Format::Text {
        stage::merge_texts(&mut shown);
    }
    let mut differ = |what: &str, expected: &dyn std::fmt::Debug, seen: &dyn std::fmt::Debug| {
        let _ = writeln!(wrong, "{what}:\n  expected {expected:?}\n  seen     {seen:?}");
    };
    // If one read has a corrupt byte, brotli's decoder loses what it had decoded of that read.
    let certain = match outcome == model.outcome && model.corrupt_at.is_some() {
        true => model.items[..model.corrupt_at.unwrap_or(0)]
            .iter()
            .filter(|item| item.is_shown(script.call.kind))
            .count(),
        false => shown.len(),
    };
    let came = played.items.len().clamp(certain, shown.len());
    if !same_items(&shown[..came], &played.items) {
        differ("items", &shown, &played.items);
    }
    if !same_items(&notices, &played.notices) {
        differ("hooks", &notices, &played.notices);
    }
    let sent: Vec<_> = sent
        .into_iter()
        .map(|item| if let Item::Sent(want) = item { want } else { unreachable!() })
        .collect();
    if sent != played.requests {
        differ("requests", &sent, &played.requests);
    }
    if without_offset(outcome) != without_offset(played.outcome) {
        differ("outcome", &outcome, &(played.outcome, &played.said));
    }
    if outcome != Some(Outcome::Cancelled) {
        if model.cursor != played.cursor && came == shown.len() {
            differ("cursor", &model.cursor, &played.cursor);
        }
        if script.attempts.len() != played.attempts as usize {
            differ("attempts", &script.attempts.len(), &played.attempts);
        }
    }
    wrong
}

/// What the model expects, up to where the caller closes the stream.
fn expected(script: &Script, model: &Model) -> (Vec<Item>, Option<Outcome>) {
    let kind = script.call.kind;
    let shown: Vec<usize> = (0..model.items.len()).filter(|&at| model.items[at].is_shown(kind)).collect();
    match script.call.close_after {
        Some(count) => (model.items[..=shown[count - 1]].to_vec(), Some(Outcome::Cancelled)),
        None => (model.items.clone(), model.outcome),
    }
}

/// The item as a stream of this kind shows it.
fn as_kind(script: &Script, item: &Item) -> Item {
    match (script.call.kind, item) {
        (ItemKind::Text, Item::Event { data, .. }) => Item::Text(data.clone()),
        (ItemKind::Records, Item::Record(json)) => {
            let value: serde_json::Value = serde_json::from_str(json).expect("records are JSON");
            Item::Record(value.to_string())
        }
        (_, item) => item.clone(),
    }
}

fn same_items(expected: &[Item], seen: &[Item]) -> bool {
    expected.len() == seen.len()
        && expected.iter().zip(seen).all(|(expected, seen)| match (expected, seen) {
            (
                Item::Attempt { number, reason, cursor, wait: (least, most), asked },
                Item::Attempt { number: n, reason: r, cursor: c, wait: (wait, _), asked: a },
            ) => (number, reason, cursor, asked) == (n, r, c, a) && least <= wait && wait <= most,
            (expected, seen) => expected == seen,
        })
}

/// The decoders' own tests check the exact offset.
fn without_offset(outcome: Option<Outcome>) -> Option<Outcome> {
    match outcome {
        Some(Outcome::Unreadable { limit, .. }) => Some(Outcome::Unreadable { offset: 0, limit }),
        other => other,
    }
}
