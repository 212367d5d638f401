//! The library as a foreign caller uses it, against `tidewire serve`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tidewire_cli::serve::{ServeConfig, Server};
use tokio::runtime::Runtime;

use crate::*;

/// How long anything here may take at most.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server on a runtime of its own.
struct Serve {
    runtime: Runtime,
    server: Option<Server>,
}

impl Serve {
    fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let server = runtime.block_on(Server::start(ServeConfig::default())).expect("a server");
        Self { runtime, server: Some(server) }
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs")
    }

    fn url(&self, path: &str) -> String {
        self.server().url(path)
    }

    /// Waits until all requests have ended, and returns their number.
    fn ended(&self) -> usize {
        let all =
            |log: &[tidewire_cli::serve::RequestLog]| log.iter().all(|request| request.response.is_some());
        self.runtime.block_on(async {
            tokio::time::timeout(PATIENCE, self.server().log_until(all)).await.expect("they end").len()
        })
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.shutdown());
        }
    }
}

fn client() -> Arc<NativeClient> {
    NativeClient::new(ClientSettings::default()).expect("a client")
}

fn get(url: &str) -> RequestSettings {
    RequestSettings { url: url.to_owned(), ..RequestSettings::default() }
}

fn events(settings: RequestSettings) -> Arc<NativeStream> {
    client().open(StreamKind::Events, settings, RequestHooks::default()).expect("a stream")
}

/// Everything that a stream yields, taken in batches of this size.
fn all(stream: &NativeStream, most: u32) -> (Vec<Item>, StreamEnd) {
    let mut items = Vec::new();
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let batch = stream.next_batch_blocking(items.len() as u64, most, Some(1000)).expect("a batch");
        items.extend(batch.items);
        if let Some(end) = batch.end {
            return (items, end);
        }
    }
    panic!("no end after {} items", items.len());
}

/// Takes so many events, and returns the number of the next item. Notices are items too, so that may be larger.
fn take(stream: &NativeStream, events: usize) -> u64 {
    let (mut taken, mut came) = (0, 0);
    while came < events {
        let batch = stream.next_batch_blocking(taken, 1, None).expect("a batch");
        assert_eq!(batch.end, None);
        taken += batch.items.len() as u64;
        came += batch.items.iter().filter(|item| matches!(item, Item::Event { .. })).count();
    }
    taken
}

#[derive(Deserialize)]
struct Row {
    name: String,
    kind: String,
    path: String,
    settings: Box<RawValue>,
    expect: serde_json::Map<String, Value>,
}

#[derive(Deserialize)]
struct Rows {
    rows: Vec<Row>,
}

/// The list that every language runs.
#[test]
fn end_to_end() {
    let serve = Serve::start();
    let client =
        NativeClient::new(ClientSettings { base_url: Some(serve.url("")), ..ClientSettings::default() })
            .expect("a client");
    let rows: Rows = serde_json::from_str(include_str!("../../end_to_end.json")).expect("rows");
    let mut wrong = Vec::new();
    for (number, row) in rows.rows.into_iter().enumerate() {
        let mut settings = RequestSettings::from_json(row.settings.get()).expect(&row.name);
        settings.url = row.path.replace("{key}", &format!("ffi-{number}"));
        let kind = match &*row.kind {
            "events" => StreamKind::Events,
            "records" => StreamKind::Records,
            "text" => StreamKind::Text,
            "reply" => StreamKind::Reply,
            _ => StreamKind::Frames,
        };
        let stream = client.open(kind, settings, RequestHooks::default()).expect(&row.name);
        let (items, end) = all(&stream, 256);
        for (key, want) in &row.expect {
            let have = had(key, &items, &end, &stream);
            let holds = match key.as_str() {
                "message" => have.as_str().is_some_and(|have| have.contains(want.as_str().unwrap())),
                "text_begins" => have.as_str().is_some_and(|have| have.starts_with(want.as_str().unwrap())),
                "notices" => {
                    want.as_array().unwrap().iter().all(|kind| have.as_array().unwrap().contains(kind))
                }
                _ => have == *want,
            };
            if !holds {
                wrong.push(format!("{}: {key} is {have}, not {want}; {end:?}", row.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The value of an expectation.
fn had(key: &str, items: &[Item], end: &StreamEnd, stream: &NativeStream) -> Value {
    let records = || {
        items.iter().filter(|item| {
            matches!(item, Item::Event { .. } | Item::Record { .. } | Item::Text { .. } | Item::Reply { .. })
        })
    };
    match key {
        "code" => end.code.clone().into(),
        "records" => records().count().into(),
        "ids" => records()
            .enumerate()
            .all(|(at, item)| matches!(item, Item::Event { id, .. } if *id == (at + 1).to_string()))
            .into(),
        "text_begins" => records()
            .map(|item| match item {
                Item::Text { text } | Item::Reply { delta: Delta::Text { text, .. } } => &**text,
                _ => "",
            })
            .collect::<String>()
            .into(),
        "attempts" => end.stats.attempts.into(),
        "status" => end.status.into(),
        "timeout" => end.timeout.clone().into(),
        "limit" => end.limit.into(),
        "message" => end.message.clone().into(),
        "notices" => items.iter().map(kind).collect(),
        "finish" => {
            let message: Value = serde_json::from_str(&stream.message().expect("a message")).expect("JSON");
            message["finish"].clone()
        }
        other => panic!("no such expectation: {other}"),
    }
}

fn kind(item: &Item) -> &str {
    match item {
        Item::Event { .. } => "event",
        Item::Record { .. } => "record",
        Item::Text { .. } => "text",
        Item::Reply { .. } => "reply",
        Item::Comment { .. } => "comment",
        Item::Retry { .. } => "retry",
        Item::Problem { code, .. } => code,
        Item::Attempt { .. } => "attempt",
        Item::Stall { .. } => "stall",
        Item::Gap { .. } => "gap",
        Item::Replayed { .. } => "replayed",
    }
}

#[test]
fn nothing_is_sent_before_an_item_is_asked_for() {
    let serve = Serve::start();
    let stream = events(get(&serve.url("/notify?interval_ms=0")));
    assert_eq!(stream.state().name, "idle");
    thread::sleep(Duration::from_millis(50));
    assert_eq!(serve.server().log().len(), 0);
    drop(stream);
    assert_eq!(serve.ended(), 0);
}

#[test]
fn a_batch_comes_again_until_it_is_acknowledged() {
    let serve = Serve::start();
    let stream = events(get(&serve.url("/notify?interval_ms=0")));
    let first = stream.next_batch_blocking(0, 3, None).expect("a batch");
    assert!(!first.items.is_empty());
    assert_eq!(stream.next_batch_blocking(0, 3, None).expect("the same"), first);
    let second = stream.next_batch_blocking(1, 1, None).expect("a batch");
    assert_eq!(second.items.len(), 1);
    assert_ne!(first.items.first(), second.items.first());
    assert!(matches!(stream.next_batch_blocking(0, 3, None), Err(NativeError::Usage { .. })));
    assert!(matches!(stream.next_batch_blocking(99, 3, None), Err(NativeError::Usage { .. })));
}

#[test]
fn the_cursor_is_that_of_the_consumer() {
    let serve = Serve::start();
    let stream = events(get(&serve.url("/notify?interval_ms=0")));
    assert_eq!(stream.last_event_id(0), None);
    let taken = take(&stream, 2);
    // The items of the last batch are still kept, so the cursor before them is known.
    assert_eq!(stream.last_event_id(taken - 1).as_deref(), Some("1"));
    assert_eq!(stream.last_event_id(taken).as_deref(), Some("2"));
    let batch = stream.next_batch_blocking(taken, 256, None).expect("a batch");
    assert_eq!(
        stream.last_event_id(taken).as_deref(),
        Some("2"),
        "{} items were not taken",
        batch.items.len()
    );
}

#[test]
fn a_consumer_that_takes_no_items_stops_the_server() {
    let serve = Serve::start();
    let stream = events(get(&serve.url("/endless")));
    let taken = take(&stream, 1);
    let batch = stream.next_batch_blocking(taken, 100_000, None).expect("a batch");
    let bytes: usize = batch.items.iter().map(Item::size).sum();
    assert!((1..70_000).contains(&bytes), "{bytes} B");
    thread::sleep(Duration::from_millis(200));
    let received = stream.stats().bytes;
    thread::sleep(Duration::from_millis(200));
    assert_eq!(stream.stats().bytes, received, "it reads ahead");
}

#[test]
fn a_consumer_that_never_waits_gets_on() {
    let serve = Serve::start();
    let stream = events(get(&serve.url("/notify?interval_ms=0")));
    let (mut taken, mut events) = (0, 0);
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let batch = stream.next_batch_blocking(taken, 3, Some(0)).expect("a batch");
        taken += batch.items.len() as u64;
        events += batch.items.iter().filter(|item| matches!(item, Item::Event { .. })).count();
        if let Some(end) = batch.end {
            return assert_eq!((end.code.as_str(), events), ("ended", 10));
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("no end after {events} events");
}

/// Those that were told by direct calls.
static TOLD: Mutex<Vec<u64>> = Mutex::new(Vec::new());

extern "C" fn told(data: u64) {
    TOLD.lock().expect("a lock").push(data);
}

/// One direct call: its result, and what it wrote.
fn direct_take(stream: u64, item: u64, most: u32, capacity: usize) -> (i64, Vec<u8>) {
    let mut buffer = vec![0; capacity];
    let address = buffer.as_mut_ptr();
    // SAFETY: the buffer has this capacity, and the function is one of this program.
    let length = unsafe {
        direct::tidewire_direct_take(stream, item, most, address, capacity as u64, Some(told), stream)
    };
    buffer.truncate(usize::try_from(length).unwrap_or(0));
    (length, buffer)
}

fn was_told(stream: u64) -> bool {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if TOLD.lock().expect("a lock").contains(&stream) {
            TOLD.lock().expect("a lock").retain(|told| *told != stream);
            return true;
        }
        thread::sleep(Duration::from_millis(1));
    }
    false
}

#[test]
fn direct_calls_take_what_other_calls_take() {
    let serve = Serve::start();
    let stream = events(get(&serve.url("/notify?interval_ms=0")));
    let number = Arc::clone(&stream).direct();
    let (mut item, mut come) = (0, Vec::new());
    loop {
        let (length, bytes) = direct_take(number, item, 3, 1 << 16);
        if length == 0 {
            assert!(was_told(number));
            continue;
        }
        let batch: Batch = uniffi::Lift::<UniFfiTag>::try_read(&mut &bytes[..]).expect("a batch");
        // The same comes again until it is acknowledged, if the buffer is too small too.
        assert_eq!(direct_take(number, item, 3, 4), (-length, Vec::new()));
        assert_eq!(direct_take(number, item, 3, 1 << 16), (length, bytes));
        assert_eq!(stream.next_batch_blocking(item, 3, Some(0)), Ok(batch.clone()));
        item += batch.items.len() as u64;
        come.extend(batch.items);
        if let Some(end) = batch.end {
            assert_eq!(end.code, "ended");
            break;
        }
    }
    let mut ids = come
        .iter()
        .filter_map(|item| if let Item::Event { id, .. } = item { Some(id.as_str()) } else { None });
    assert!((1..=10).all(|id| ids.next() == Some(id.to_string().as_str())) && ids.next().is_none());
    // What a direct call cannot do, the other says.
    assert_eq!(direct_take(number, item + 1, 3, 1 << 16).0, -1);
    drop(stream);
    assert_eq!(direct_take(number, item, 3, 1 << 16).0, -1);
    assert_eq!(direct_take(0, 0, 3, 1 << 16).0, -1);
}

#[test]
fn a_consumer_is_told_of_stops_and_not_after_it_left() {
    let serve = Serve::start();
    let stream = events(get(&serve.url("/stall?interval_ms=0")));
    let number = Arc::clone(&stream).direct();
    let taken = take(&stream, 4);
    assert_eq!(direct_take(number, taken, 3, 1 << 16).0, 0);
    direct::tidewire_direct_leave(number);
    stream.interrupt();
    assert_eq!(stream.next_batch_blocking(taken, 3, None), Ok(Batch::default()));
    assert!(!TOLD.lock().expect("a lock").contains(&number));
    assert_eq!(direct_take(number, taken, 3, 1 << 16).0, 0);
    stream.stop();
    assert!(was_told(number) && direct_take(number, taken, 3, 1 << 16).0 > 0);
}

#[test]
fn an_interrupted_call_returns_nothing_and_loses_nothing() {
    let serve = Serve::start();
    let stream = events(get(&serve.url("/stall?interval_ms=0")));
    let taken = take(&stream, 4);
    let waiting = Arc::clone(&stream);
    let call = thread::spawn(move || waiting.next_batch_blocking(taken, 256, None));
    thread::sleep(Duration::from_millis(50));
    stream.interrupt();
    assert_eq!(call.join().expect("no panic"), Ok(Batch::default()));
    // Before a call it holds for the next one.
    stream.interrupt();
    assert_eq!(stream.next_batch_blocking(taken, 256, None), Ok(Batch::default()));
    assert_eq!(stream.next_batch_blocking(taken, 256, Some(20)), Ok(Batch::default()));
}

#[test]
fn a_stopped_stream_closes_its_connection_and_ends() {
    let serve = Serve::start();
    for is_waiting in [false, true] {
        let stream = events(get(&serve.url("/stall?interval_ms=0")));
        let taken = take(&stream, 4);
        let waiting = Arc::clone(&stream);
        let call = is_waiting.then(|| thread::spawn(move || waiting.next_batch_blocking(taken, 256, None)));
        thread::sleep(Duration::from_millis(20));
        let before = Instant::now();
        stream.stop();
        serve.ended();
        assert!(before.elapsed() < Duration::from_secs(5));
        if let Some(call) = call {
            let end = call.join().expect("no panic").expect("a batch").end;
            assert_eq!(end.map(|end| end.code).as_deref(), Some("cancelled"));
        }
        assert_eq!(stream.outcome().map(|end| end.code).as_deref(), Some("cancelled"));
        assert_eq!(all_after(&stream, taken).1.code, "cancelled");
        assert_eq!(
            (stream.state().name.as_str(), stream.state().outcome.as_deref()),
            ("closed", Some("cancelled"))
        );
    }
    let idle = events(get(&serve.url("/stall")));
    idle.stop();
    assert_eq!(all(&idle, 1).1.code, "cancelled");
}

fn all_after(stream: &NativeStream, taken: u64) -> (Vec<Item>, StreamEnd) {
    let batch = stream.next_batch_blocking(taken, 256, Some(1000)).expect("a batch");
    (batch.items, batch.end.expect("the end"))
}

#[test]
fn an_abandoned_stream_closes_its_connection() {
    let serve = Serve::start();
    let stream = events(get(&serve.url("/endless")));
    take(&stream, 1);
    drop(stream);
    assert_eq!(serve.ended(), 1);
}

#[test]
fn a_paused_stream_reads_nothing() {
    let serve = Serve::start();
    let stream =
        events(RequestSettings { idle_timeout: Some(100), ..get(&serve.url("/sse?interval_ms=10")) });
    stream.pause();
    assert_eq!(stream.next_batch_blocking(0, 1, Some(200)), Ok(Batch::default()));
    assert_eq!(serve.server().log().len(), 0);
    stream.resume();
    let taken = take(&stream, 2);
    stream.pause();
    // Its limits stand still as well.
    assert_eq!(stream.next_batch_blocking(taken, 1, Some(300)), Ok(Batch::default()));
    stream.resume();
    assert!(!stream.next_batch_blocking(taken, 1, None).expect("a batch").items.is_empty());
}

#[test]
fn limits_stand_still_while_nobody_asks() {
    let serve = Serve::start();
    let settings = RequestSettings {
        idle_timeout: Some(600),
        retry_attempts: Some(0),
        ..get(&serve.url("/stall?interval_ms=0&silence_ms=900"))
    };
    let stream = events(settings);
    let taken = take(&stream, 4);
    thread::sleep(Duration::from_millis(800));
    let batch = stream.next_batch_blocking(taken, 256, None).expect("a batch");
    assert!(!batch.items.is_empty(), "{:?}", batch.end);
}

#[test]
fn a_silent_stream_is_taken_up_at_once() {
    let serve = Serve::start();
    let stream = events(get(&serve.url("/stall?interval_ms=0&ids=true")));
    let taken = take(&stream, 4);
    stream.reconnect();
    let batch = stream.next_batch_blocking(taken, 1, None).expect("a batch");
    assert!(matches!(&batch.items[..], [Item::Attempt { number: 2, .. }]), "{batch:?}");
}

#[test]
fn states_are_told() {
    let serve = Serve::start();
    let stream = events(get(&serve.url("/stall?interval_ms=0")));
    let watched = Arc::clone(&stream);
    let (tell, told) = mpsc::channel();
    let watcher = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let mut name = watched.state().name;
        while tell.send(name.clone()).is_ok() && name != "closed" {
            name = runtime.block_on(watched.next_state(name)).name;
        }
    });
    let wait_for = |want| while told.recv_timeout(PATIENCE).expect(want) != want {};
    wait_for("idle");
    take(&stream, 4);
    wait_for("open");
    stream.stop();
    wait_for("closed");
    watcher.join().expect("no panic");
}

/// A function that sets a header, but only when it is let go on.
struct Waits {
    called: mpsc::Sender<()>,
    goes_on: Mutex<mpsc::Receiver<()>>,
}

impl RequestHook for Waits {
    fn change(&self, request: RequestView) -> Result<RequestChanges, HookError> {
        self.called.send(()).expect("somebody listens");
        self.goes_on.lock().expect("no panic").recv_timeout(PATIENCE).expect("it is let go on");
        let value = format!("Bearer {} {}", request.method, request.attempt);
        let headers = vec![Header { name: "authorization".to_owned(), value }];
        Ok(RequestChanges { headers, ..RequestChanges::default() })
    }
}

#[test]
fn a_function_that_waits_delays_its_own_stream_alone() {
    let serve = Serve::start();
    let ((called, is_called), (let_go, goes_on)) = (mpsc::channel(), mpsc::channel());
    let hook = Waits { called, goes_on: Mutex::new(goes_on) };
    let hooks = RequestHooks { prepare: Some(Arc::new(hook)), ..RequestHooks::default() };
    let slow =
        client().open(StreamKind::Events, get(&serve.url("/auth?interval_ms=0")), hooks).expect("a stream");
    let reader = Arc::clone(&slow);
    let slow = thread::spawn(move || all(&reader, 256));
    is_called.recv_timeout(PATIENCE).expect("a call");
    let (_, end) = all(&events(get(&serve.url("/notify?interval_ms=0"))), 256);
    assert_eq!(end.code, "ended");
    let_go.send(()).expect("the function waits");
    let (_, end) = slow.join().expect("no panic");
    assert_eq!(end.code, "complete");
}

/// Answers from another thread, or never.
struct Answers(bool);

impl LaterHook for Answers {
    fn ask(&self, request: RequestView, answer: Arc<HookAnswer>) {
        let value = format!("Bearer {} {}", request.method, request.attempt);
        let headers = vec![Header { name: "authorization".to_owned(), value }];
        if self.0 {
            thread::spawn(move || answer.change(RequestChanges { headers, ..RequestChanges::default() }));
        }
    }
}

#[test]
fn a_function_may_answer_later_and_has_failed_without_an_answer() {
    let serve = Serve::start();
    for (answers, code) in [(true, "complete"), (false, "unreachable")] {
        let hook = wait_for(Arc::new(Answers(answers)));
        let hooks = RequestHooks { prepare: Some(hook), ..RequestHooks::default() };
        let settings = RequestSettings { retry_attempts: Some(0), ..get(&serve.url("/auth?interval_ms=0")) };
        let (_, end) = all(&client().open(StreamKind::Events, settings, hooks).expect("a stream"), 256);
        assert_eq!(end.code, code, "{end:?}");
    }
}

struct Throws;

impl RequestHook for Throws {
    fn change(&self, _: RequestView) -> Result<RequestChanges, HookError> {
        Err(HookError::Failed { reason: "no token".to_owned() })
    }
}

struct Panics;

impl RequestHook for Panics {
    fn change(&self, _: RequestView) -> Result<RequestChanges, HookError> {
        panic!("a defect of the caller")
    }
}

#[test]
fn a_function_that_fails_is_an_attempt_that_did_not_connect() {
    let serve = Serve::start();
    for (hook, said) in
        [(Arc::new(Throws) as Arc<dyn RequestHook>, "no token"), (Arc::new(Panics), "panicked")]
    {
        let hooks = RequestHooks { prepare: Some(hook), ..RequestHooks::default() };
        let settings = RequestSettings { retry_attempts: Some(0), ..get(&serve.url("/auth")) };
        let stream = client().open(StreamKind::Events, settings, hooks).expect("a stream");
        let (_, end) = all(&stream, 1);
        assert!(end.code == "unreachable" && end.message.contains(said), "{end:?}");
    }
    assert_eq!(serve.server().log().len(), 0);
}

/// Continues elsewhere, and says from where.
struct Continues;

impl RequestHook for Continues {
    fn change(&self, request: RequestView) -> Result<RequestChanges, HookError> {
        let cursor = request.cursor.expect("a cursor");
        let url = format!("/notify?interval_ms=0&last_event_id={cursor}");
        Ok(RequestChanges {
            method: Some("GET".to_owned()),
            url: Some(url),
            clear_body: true,
            ..RequestChanges::default()
        })
    }
}

#[test]
fn a_function_makes_the_request_that_continues() {
    let serve = Serve::start();
    let settings = RequestSettings {
        body: Some(b"{}".to_vec()),
        retry_delay: Some(1),
        ..get(&serve.url("/notify?interval_ms=0&cut_at=100"))
    };
    let hooks = RequestHooks { resume: Some(Arc::new(Continues)), ..RequestHooks::default() };
    let (items, end) = all(&client().open(StreamKind::Events, settings, hooks).expect("a stream"), 256);
    let ids: Vec<&str> = items
        .iter()
        .filter_map(|item| if let Item::Event { id, .. } = item { Some(&**id) } else { None })
        .collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    assert_eq!(end.code, "ended");
}

#[test]
fn mistakes_of_the_caller_are_named_before_anything_is_sent() {
    let settings = |change: fn(&mut RequestSettings)| {
        let mut settings = get("http://localhost/");
        change(&mut settings);
        settings
    };
    for (settings, said) in [
        (get("localhost:80/x"), "http"),
        (settings(|it| it.format = Some("xml".to_owned())), "ndjson"),
        (settings(|it| it.dialect = Some("gpt".to_owned())), "openai-chat"),
        (settings(|it| it.resume = Some("yes".to_owned())), "always"),
        (settings(|it| it.method = Some("a b".to_owned())), "method"),
        (settings(|it| it.json = Some("{".to_owned())), "JSON"),
        (settings(|it| it.end_on = Some(vec!["json:=".to_owned()])), "json:PATH=VALUE"),
        (settings(|it| it.headers = vec![Header { name: "a b".to_owned(), value: String::new() }]), "a b"),
        (settings(|it| (it.body, it.json) = (Some(Vec::new()), Some("1".to_owned()))), "one body"),
    ] {
        let opened = client().open(StreamKind::Frames, settings, RequestHooks::default());
        let error = opened.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(said), "{error:?} does not say {said}");
    }
    assert!(
        NativeClient::new(ClientSettings { base_url: Some("x".to_owned()), ..ClientSettings::default() })
            .is_err()
    );
}

#[test]
fn slots_are_shared_by_the_streams_of_a_client() {
    let serve = Serve::start();
    let settings =
        ClientSettings { max_concurrent: Some(1), queue_timeout: Some(50), ..ClientSettings::default() };
    let client = NativeClient::new(settings).expect("a client");
    let open = |path| {
        client.open(StreamKind::Events, get(&serve.url(path)), RequestHooks::default()).expect("a stream")
    };
    let first = open("/stall?interval_ms=0");
    take(&first, 1);
    let (_, end) = all(&open("/notify?interval_ms=0"), 256);
    assert_eq!((end.code.as_str(), end.timeout.as_deref()), ("timed_out", Some("queue")));
    first.stop();
    let (_, end) = all(&open("/notify?interval_ms=0"), 256);
    assert_eq!(end.code, "ended");
}

#[test]
fn many_streams_take_two_threads() {
    let serve = Serve::start();
    let streams: Vec<_> = (0..100).map(|_| events(get(&serve.url("/stall?interval_ms=0")))).collect();
    for stream in &streams {
        take(stream, 1);
    }
    let tasks = std::fs::read_dir("/proc/self/task").expect("tasks").flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    let threads = names.filter(|name| name.trim() == "tidewire").count();
    // One, and those in which the functions of other tests run at the same time.
    assert!((1..20).contains(&threads), "{threads} threads");
}

#[test]
fn cancelled_calls_lose_nothing() {
    let serve = Serve::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let stream = events(get(&serve.url("/endless?bytes=400000")));
    let mut items: Vec<Item> = Vec::new();
    let mut cancelled = 0;
    let end = runtime.block_on(async {
        for round in 0_u64.. {
            let next = stream.next_batch(items.len() as u64, 7);
            let limit = Duration::from_micros(round % 5 * 20);
            match tokio::time::timeout(limit, next).await {
                Err(_) => cancelled += 1,
                Ok(batch) => {
                    let batch = batch.expect("a batch");
                    items.extend(batch.items);
                    if let Some(end) = batch.end {
                        return end;
                    }
                }
            }
            assert!(round < 1_000_000, "no end");
        }
        unreachable!("the loop returns")
    });
    assert_eq!(end.code, "complete");
    let data: Vec<&str> = items
        .iter()
        .filter_map(|item| if let Item::Event { data, .. } = item { Some(&**data) } else { None })
        .collect();
    assert_eq!(data.len() as u64, end.stats.events);
    let mut sorted = data.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), data.len(), "an event was delivered twice");
    assert!(cancelled > 0, "nothing was cancelled");
}

#[test]
fn bytes_that_are_there_are_decoded() {
    let decoder = |settings| NativeDecoder::new(settings).expect("a decoder");
    let whole = decoder(DecodeSettings::default());
    let body = b"id: 1\ndata: a\n\ndata: b\n\n".to_vec();
    let items = whole.push(body).items;
    assert_eq!(items.len(), 2);
    assert_eq!(whole.finish().end.map(|end| end.code).as_deref(), Some("ended"));
    let reply =
        decoder(DecodeSettings { dialect: Some("generic:t".to_owned()), ..DecodeSettings::default() });
    for byte in b"{\"t\":\"a\"}\n{\"t\":\"b\"}\n" {
        reply.push(vec![*byte]);
    }
    reply.finish();
    assert!(reply.message().is_some_and(|message| message.contains("\"ab\"")));
    assert!(
        NativeDecoder::new(DecodeSettings { format: Some("xml".to_owned()), ..DecodeSettings::default() })
            .is_err()
    );
}

#[test]
fn options_of_the_c_api_are_json() {
    let settings = RequestSettings::from_json(
        r#"{"url":"http://h/","headers":[["a","b"]],"json":{"q":1},"endOn":[],"idleTimeout":5,"cursor":{"path":"seq","place":"query","name":"after"}}"#,
    )
    .expect("settings");
    assert_eq!(settings.json.as_deref(), Some(r#"{"q":1}"#));
    assert_eq!((settings.end_on, settings.idle_timeout), (Some(Vec::new()), Some(5)));
    assert_eq!(settings.headers, [Header { name: "a".to_owned(), value: "b".to_owned() }]);
    assert!(settings.cursor.is_some_and(|cursor| cursor.place == CursorPlace::Query));
    for (json, said) in [
        (r#"{"idleTimout":5}"#, "idleTimout"),
        (r#"{"idleTimeout":"5"}"#, "a whole number"),
        (r#"{"idleTimeout":-1}"#, "a whole number"),
        (r#"{"retryAttempts":4294967296}"#, "below 2^32"),
        (r#"{"url":5}"#, "a text"),
        (r#"{"follow":1}"#, "true or false"),
        (r#"{"endOn":"[DONE]"}"#, "a list of texts"),
        (r#"{"headers":[["a"]]}"#, "a list of ["),
        (r#"{"headers":{"a":"b"}}"#, "a list of ["),
        (r#"{"cursor":{"path":"a","name":"b"}}"#, "path, place and name"),
        (r#"{"cursor":{"path":"a","name":"b","place":"url"}}"#, "query, header or body"),
        (r#"{"cursor":1}"#, "no JSON object"),
        ("[]", "no JSON object"),
        ("{", "no JSON object"),
    ] {
        let error = RequestSettings::from_json(json).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(said), "{json}: {error:?} does not say {said}");
    }
    let settings = RequestSettings::from_json(r#"{"timeout":null,"json":null}"#).expect("settings");
    assert_eq!((settings.timeout, settings.json.as_deref()), (None, Some("null")));
}
