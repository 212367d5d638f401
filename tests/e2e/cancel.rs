//! Cancels calls of `next` and drops whole streams at random: no event is lost or delivered twice, and no task, socket or memory
//! is left over.
//!
//! `TIDEWIRE_CANCEL_SEED` repeats a run's random choices (though not its timing); `TIDEWIRE_CANCEL_ROUNDS` sets the number of rounds.

use std::alloc::System;
use std::collections::BTreeMap;
use std::env;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cap::Cap;
use fastrand::Rng;
use tidewire::{Client, Frame, Outcome, Streaming};
use tidewire_cli::serve::{Ended, Server};
use tidewire_tests::{PATIENCE, upstream, within};
use tokio::runtime::Handle;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{sleep, timeout};

/// Counts the heap without limiting it.
#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// A slice of the campaign; `cargo xtask test --long` runs 120.
const ROUNDS: usize = 6;
/// How many streams a round drops, over HTTP/1.1 and over HTTP/2 each.
const DROPS: usize = 120;
/// How often a round reads each of [`READ`], over HTTP/1.1 and over HTTP/2 each.
const READINGS: usize = 1;
const AT_A_TIME: usize = 24;
/// At least this many in [`ROUNDS`].
const CANCELS: usize = 5_000;
/// Far less than what one leak per stream would add up to in half of the rounds, and more than what tables grow by.
const SLACK: usize = 64 << 10;

/// Bodies that arrive in slices of all sizes and are read to their end.
const READ: [&str; 13] = [
    "/sse?events=60&interval_ms=1",
    // Cut several times, and resumed.
    "/sse?events=60&interval_ms=1&cut_at=500",
    "/split?events=2&ids=1&interval_ms=0",
    "/glued?events=60&ids=1&interval_ms=1",
    "/chat?events=40&ids=1&interval_ms=1&encoding=gzip",
    "/chat?events=40&ids=1&interval_ms=1&encoding=deflate",
    "/chat?events=40&ids=1&interval_ms=1&encoding=br",
    "/chat?events=40&ids=1&interval_ms=1&encoding=zstd",
    "/heartbeat?events=20&interval_ms=1",
    "/ndjson?events=40&interval_ms=1",
    "/jsonseq?events=40&interval_ms=1",
    "/jsonarray?events=40&interval_ms=1",
    "/text?events=40&interval_ms=1",
];

/// Where a stream is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Point {
    NeverPolled,
    BeforeTheHead,
    InTheBody,
    BetweenTwoCalls,
    InACompressedBlock,
    InABackoffWait,
    AfterClose,
    InTheQueue,
}

impl Point {
    const ALL: [Self; 8] = [
        Self::NeverPolled,
        Self::BeforeTheHead,
        Self::InTheBody,
        Self::BetweenTwoCalls,
        Self::InACompressedBlock,
        Self::InABackoffWait,
        Self::AfterClose,
        Self::InTheQueue,
    ];

    const fn path(self) -> &'static str {
        match self {
            Self::BeforeTheHead => "/slow-headers?silence_ms=600000",
            Self::InTheBody | Self::AfterClose | Self::NeverPolled => "/sse?interval_ms=1",
            // More than all buffers on the way can hold.
            Self::BetweenTwoCalls => "/endless",
            Self::InACompressedBlock => "/endless?encoding=gzip",
            Self::InABackoffWait => "/status?status=503",
            Self::InTheQueue => "/stall?interval_ms=0",
        }
    }
}

/// A client of the caller's own. They are rare here, because each one reads the machine's certificates, which is slow.
fn own(http2: bool) -> reqwest::Client {
    let builder = reqwest::Client::builder();
    // By prior knowledge, since without TLS nothing negotiates the version.
    let builder = if http2 { builder.http2_prior_knowledge() } else { builder };
    builder.build().expect("a client")
}

fn stream(client: &Client, url: &str) -> Streaming<Frame> {
    client.get(url).retry_delay(Duration::from_millis(1)).frames()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_leaks() {
    let number = |name| env::var(name).ok().map(|value| value.parse::<u64>().expect("a number"));
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| u64::from(time.subsec_nanos()));
    let seed = number("TIDEWIRE_CANCEL_SEED").unwrap_or(clock);
    let rounds = number("TIDEWIRE_CANCEL_ROUNDS").map_or(ROUNDS, |rounds| rounds as usize);
    println!("seed {seed}, {rounds} rounds");
    let begun = Instant::now();
    let server = Arc::new(upstream().await);
    let whole = Arc::new(whole(&server).await);
    let mut rng = Rng::with_seed(seed);
    let mut counts = Counts::default();
    // What the first streams of a process allocate once is not a leak.
    round(&server, &whole, &mut rng, &mut Counts::default()).await;
    settled(&server, None).await;
    let rest = Rest::now();
    let mut heap = Vec::new();
    for _ in 0..rounds {
        round(&server, &whole, &mut rng, &mut counts).await;
        settled(&server, Some(rest)).await;
        heap.push(HEAP.allocated());
    }
    println!("{counts:#?}\n{rest:?} before and after, heap {heap:?}, {:.1} s", begun.elapsed().as_secs_f32());
    assert!(counts.nexts + counts.drops() >= CANCELS * rounds / ROUNDS, "only {counts:?}");
    for point in Point::ALL {
        assert!(counts.dropped.contains_key(&point), "no stream was dropped at {point:?}");
    }
    // In the middle third, and in the last one.
    let least = |heap: &[usize]| heap.iter().copied().min().unwrap_or_default();
    let (middle, end) = (least(&heap[rounds / 3..rounds * 2 / 3]), least(&heap[rounds * 2 / 3..]));
    assert!(end < middle + SLACK, "{middle} bytes in the middle, {end} at the end: {heap:?}");
}

#[derive(Debug, Default)]
struct Counts {
    /// Streams read to their end.
    read: usize,
    items: usize,
    /// Calls of `next` that were cancelled.
    nexts: usize,
    dropped: BTreeMap<Point, usize>,
}

impl Counts {
    fn drops(&self) -> usize {
        self.dropped.values().sum()
    }
}

/// What the process holds while no stream is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rest {
    tasks: usize,
    /// 0 if the system does not tell.
    files: usize,
}

impl Rest {
    fn now() -> Self {
        let files = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        Self { tasks: Handle::current().metrics().num_alive_tasks(), files }
    }
}

/// Waits until all requests have ended and what they held is released; without a `rest` to compare with, until nothing changes.
async fn settled(server: &Server, rest: Option<Rest>) {
    within("the end of all requests", server.log_until(|log| log.iter().all(|one| one.response.is_some())))
        .await;
    server.clear_log();
    let begun = Instant::now();
    let mut quiet = 0;
    let mut before = Rest::now();
    loop {
        sleep(Duration::from_millis(10)).await;
        let now = Rest::now();
        match rest {
            Some(rest) if now.tasks <= rest.tasks && now.files <= rest.files => return,
            Some(rest) => assert!(begun.elapsed() < PATIENCE, "leaked: {now:?} instead of {rest:?}"),
            None => {
                quiet = if now == before { quiet + 1 } else { 0 };
                before = now;
                if quiet > 100 {
                    return;
                }
            }
        }
    }
}

/// The items of each body of [`READ`], read without cancelling.
async fn whole(server: &Server) -> Vec<Vec<Frame>> {
    let client = Client::new();
    let mut whole = Vec::new();
    for path in READ {
        let mut stream = stream(&client, &server.url(path));
        let mut items = Vec::new();
        while let Some(item) = within(path, stream.next()).await {
            keep(&mut items, item.expect("an item"));
        }
        assert!(items.len() > 1 || path.starts_with("/text"), "{path}: {items:?}");
        if path.starts_with("/sse") {
            let ids = items.iter().map(|item| match item {
                Frame::Event(event) => event.id.parse::<usize>().expect("a number"),
                other => panic!("{other:?}"),
            });
            assert!(ids.eq(1..=60), "{path}");
        }
        whole.push(items);
    }
    whole
}

/// Adds records, and joins text into one piece.
fn keep(items: &mut Vec<Frame>, item: Frame) {
    match (items.last_mut(), item) {
        (Some(Frame::Text(before)), Frame::Text(more)) => before.push_str(&more),
        (_, item @ (Frame::Event(_) | Frame::Record { .. } | Frame::Text(_))) => items.push(item),
        _ => {}
    }
}

/// Runs streams of each kind, several at once, over clients that exist only for this round.
async fn round(server: &Arc<Server>, whole: &Arc<Vec<Vec<Frame>>>, rng: &mut Rng, counts: &mut Counts) {
    let mut reading = JoinSet::new();
    let mut dropping = JoinSet::new();
    for http2 in [false, true] {
        let readers = if http2 { Client::from_reqwest(own(true)) } else { Client::new() };
        for index in (0..READ.len()).cycle().take(READ.len() * READINGS) {
            let (server, client, whole, rng) =
                (Arc::clone(server), readers.clone(), Arc::clone(whole), rng.fork());
            reading.spawn(async move { read(&client, &server.url(READ[index]), &whole[index], rng).await });
        }
        // A client of their own, because dozens of resets can close an HTTP/2 connection, and with it the other streams on it.
        let droppers = own(http2);
        for _ in 0..DROPS {
            if dropping.len() >= AT_A_TIME {
                note_drop(dropping.join_next().await, counts);
            }
            let (server, client, rng) = (Arc::clone(server), droppers.clone(), rng.fork());
            dropping.spawn(async move { dropped(client, &server, http2, rng).await });
        }
    }
    while let Some(done) = reading.join_next().await {
        let (items, nexts) = done.expect("a stream that was read");
        counts.read += 1;
        counts.items += items;
        counts.nexts += nexts;
    }
    while !dropping.is_empty() {
        note_drop(dropping.join_next().await, counts);
    }
    // The server saw every dropped stream disconnect; all others have ended.
    let log = within(
        "the end of all requests",
        server.log_until(|log| log.iter().all(|one| one.response.is_some())),
    )
    .await;
    for request in log.iter().filter(|one| ["/endless", "/stall", "/slow-headers"].contains(&one.route())) {
        let ended = request.response.as_ref().map(|end| end.ended);
        assert_eq!(ended, Some(Ended::ClientClosed), "{}", request.path);
    }
}

fn note_drop(done: Option<Result<Point, tokio::task::JoinError>>, counts: &mut Counts) {
    if let Some(done) = done {
        *counts.dropped.entry(done.expect("a stream that was dropped")).or_default() += 1;
    }
}

/// Reads a stream to its end and cancels most calls of `next`. Returns the numbers of items and of cancelled calls.
async fn read(client: &Client, url: &str, whole: &[Frame], mut rng: Rng) -> (usize, usize) {
    let mut stream = stream(client, url);
    let (mut items, mut cancelled) = (Vec::new(), 0);
    within("the end of the stream", async {
        loop {
            match next_or_not(&mut stream, &mut rng).await {
                Some(Some(item)) => keep(&mut items, item.unwrap_or_else(|error| panic!("{url}: {error}"))),
                Some(None) => break,
                None => {
                    cancelled += 1;
                    match rng.u8(..8) {
                        0 => sleep(Duration::from_millis(rng.u64(1..4))).await,
                        1..=5 => yield_now().await,
                        _ => {}
                    }
                }
            }
        }
    })
    .await;
    assert!(stream.outcome().is_some_and(|outcome| outcome.is_success()), "{url}: {:?}", stream.outcome());
    assert_eq!(items, whole, "{url}, with {cancelled} calls cancelled");
    (items.len(), cancelled)
}

/// One call of `next`, which may be cancelled in any of the ways that callers have; `None` if it was.
async fn next_or_not(
    stream: &mut Streaming<Frame>,
    rng: &mut Rng,
) -> Option<Option<Result<Frame, tidewire::Error>>> {
    match rng.u8(..7) {
        0 | 1 => once(&mut stream.next()).await,
        2 => timeout(Duration::ZERO, stream.next()).await.ok(),
        3 => timeout(Duration::from_micros(rng.u64(..3000)), stream.next()).await.ok(),
        4 => tokio::select! {
            biased;
            item = stream.next() => Some(item),
            () = turns(rng.u8(..4)) => None,
        },
        5 => tokio::select! {
            biased;
            () = turns(rng.u8(..4)) => None,
            item = stream.next() => Some(item),
        },
        _ => Some(stream.next().await),
    }
}

/// Polls once.
async fn once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    poll_fn(|cx| {
        Poll::Ready(match Pin::new(&mut *future).poll(cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

/// Becomes ready after this many polls.
async fn turns(count: u8) {
    for _ in 0..count {
        yield_now().await;
    }
}

/// Drops a stream at a random point, and returns which.
async fn dropped(own: reqwest::Client, server: &Server, http2: bool, mut rng: Rng) -> Point {
    let point = Point::ALL[rng.usize(..Point::ALL.len())];
    let url = server.url(point.path());
    if point == Point::InTheQueue {
        let client = Client::builder().reqwest(own).max_concurrent(1).build();
        in_the_queue(&client, &url, &mut rng).await;
        return point;
    }
    let client = Client::from_reqwest(own);
    let mut stream = match point {
        Point::InABackoffWait => client.get(&url).retry_delay(Duration::from_secs(60)).frames(),
        _ => stream(&client, &url),
    };
    within("a stream that is to be dropped", async {
        match point {
            Point::NeverPolled => {
                // Not even the call of `next` is polled.
                let _unpolled = stream.next();
            }
            Point::BeforeTheHead => {
                for _ in 0..rng.u8(1..4) {
                    let waited = timeout(Duration::from_micros(rng.u64(..4000)), stream.next()).await;
                    assert!(waited.is_err(), "{waited:?}");
                }
            }
            Point::InTheBody | Point::BetweenTwoCalls | Point::InACompressedBlock | Point::AfterClose => {
                let mut left = rng.u8(..20);
                // An early end is not a failure: over HTTP/2, the reset of another stream may have caused it.
                while left > 0
                    && let Some(item) = next_or_not(&mut stream, &mut rng)
                        .await
                        .unwrap_or(Some(Ok(Frame::Stall(Duration::ZERO))))
                {
                    left -= u8::from(!matches!(item, Ok(Frame::Stall(_))));
                }
            }
            // The attempt is announced before its wait begins.
            Point::InABackoffWait => {
                while !matches!(stream.next().await, Some(Ok(Frame::Attempt(_))) | None) {}
            }
            Point::InTheQueue => {}
        }
        match point {
            Point::AfterClose => {
                stream.close();
                if rng.bool() {
                    while stream.next().await.is_some() {}
                    assert!(matches!(stream.outcome(), Some(Outcome::Cancelled | Outcome::Truncated)));
                }
            }
            Point::InABackoffWait => {
                let waiting = once(&mut stream.next()).await;
                assert!(waiting.is_none() || http2, "{waiting:?}");
            }
            Point::BetweenTwoCalls => sleep(Duration::from_millis(rng.u64(..20))).await,
            Point::InTheBody | Point::InACompressedBlock if rng.bool() => {
                let _cancelled = once(&mut stream.next()).await;
            }
            _ => {}
        }
    })
    .await;
    drop(stream);
    point
}

/// Drops streams that wait for the client's only slot, before or after it becomes free; the last stream gets it.
async fn in_the_queue(client: &Client, url: &str, rng: &mut Rng) {
    let mut first = stream(client, url);
    assert!(within("the first", first.next()).await.is_some_and(|item| item.is_ok()));
    let mut queued: Vec<_> = (0..3).map(|_| stream(client, url)).collect();
    for stream in &mut queued {
        assert!(once(&mut stream.next()).await.is_none(), "there is only one slot");
    }
    let mut last = queued.remove(rng.usize(..3));
    if rng.bool() {
        drop(queued);
        drop(first);
    } else {
        drop(first);
        drop(queued);
    }
    let item = within("the slot", pin!(last.next())).await;
    assert!(item.is_some_and(|item| item.is_ok()));
}
