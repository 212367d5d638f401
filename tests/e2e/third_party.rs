//! Tests against servers that others wrote (`tests/servers`), directly and through nginx. `cargo xtask test` installs them and passes
//! their locations in the environment; without them, these tests pass and report that they did not run.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write as _;
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;
use tidewire::{Client, Event, Frame, Marker, Outcome, Reason, Refusal, Request};
use tidewire_tests::child::ChildServer;
use tidewire_tests::raw::{RawServer, reply};
use tidewire_tests::{Taken, take, within};
use tokio::net::{TcpListener, TcpStream};

const SERVERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/servers");
const CHAT: &str = "潮水来了，tide 🌊 in, 潮水退了 👩‍💻.";
const SOON: Duration = Duration::from_millis(1);

/// A framework with its app.
struct App {
    name: &'static str,
    /// The environment variable with its location.
    variable: &'static str,
    command: fn(&OsStr, u16) -> Command,
    /// Whether it sends a comment every second.
    pings: bool,
}

const FLASK: App = App {
    name: "flask",
    variable: "TIDEWIRE_PY",
    command: |python, port| {
        python_module(python, &["gunicorn", "--bind", &format!("127.0.0.1:{port}"), "flask_app:app"])
    },
    pings: false,
};

const FASTAPI: App = App {
    name: "fastapi",
    variable: "TIDEWIRE_PY",
    command: |python, port| {
        let mut command = python_module(python, &["uvicorn", "--host", "127.0.0.1", "fastapi_app:app"]);
        // Without this it would wait forever for its open streams.
        command.args(["--port", &port.to_string(), "--timeout-graceful-shutdown", "1"]);
        command
    },
    pings: true,
};

const BETTER_SSE: App = App {
    name: "better-sse",
    variable: "TIDEWIRE_NODE_SERVERS",
    command: |folder, port| {
        let mut command = Command::new("node");
        command.arg(Path::new(folder).join("better_sse.mjs")).arg(port.to_string());
        command
    },
    pings: true,
};

/// A running app.
struct Running {
    app: &'static App,
    child: ChildServer,
}

/// nginx in front of a running app.
struct Front {
    nginx: ChildServer,
    /// Stopped after nginx.
    _app: Running,
}

/// Makes a test of each case against each server, each with a server of its own.
macro_rules! against {
    ([$($module:ident: $server:expr),*] $cases:tt) => { $(against!(@ $module, $server, $cases);)* };
    (@ $module:ident, $server:expr, { $($case:ident)* }) => {
        mod $module {
            use super::*;

            $(#[tokio::test]
            async fn $case() {
                if let Some(server) = $server.await {
                    super::$case(server).await;
                }
            })*
        }
    };
}

against!([flask: start(&FLASK), fastapi: start(&FASTAPI), better_sse: start(&BETTER_SSE)] {
    events_are_exact_and_resumed_where_an_earlier_stream_stopped
    events_arrive_as_they_are_sent
    a_followed_stream_continues_until_204
    a_chat_is_complete
    json_lines_are_typed_records
    a_silence_is_reported_and_not_cut
    a_cut_get_is_resumed_and_a_cut_post_is_truncated
    an_error_is_refused_after_the_attempts
    the_server_closes_a_dropped_stream
    fifty_streams_at_once
    a_stopped_server_frees_its_port
});

against!([nginx_before_flask: start_behind_nginx(&FLASK), nginx_before_better_sse: start_behind_nginx(&BETTER_SSE)] {
    unbuffered_and_compressed_events_arrive_as_they_are_sent
    buffered_events_are_held_until_the_end
    compressed_bodies_are_whole
    a_cut_is_noticed_through_nginx
    a_silence_beyond_nginxs_timeout_is_a_break
    statuses_are_unchanged
    a_connection_is_reused_after_a_stream
});

/// Only the close of the connection delimits the body that nginx reads, and nginx ends its own body as if it were whole. So no client
/// can detect a cut between records, except with a declared marker.
#[tokio::test]
async fn buffering_makes_a_cut_between_events_a_clean_end() {
    let whole_events = "data: one\n\ndata: two\n\n";
    let upstream =
        RawServer::start(vec![vec![reply("content-type: text/event-stream", whole_events.as_bytes())]]).await;
    let port = upstream.url("").rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let Some(nginx) = start_nginx(port).await else { return };
    let request = || post(nginx.url("/buffered/"));
    let taken = take(&mut request().events()).await;
    assert_eq!((taken.outcome, taken.items.len()), (Some(Outcome::Ended), 2));
    let done: Marker = "[DONE]".parse().expect("a marker");
    let taken = take(&mut request().end_on(done).events()).await;
    assert_eq!((taken.outcome, taken.items.len()), (Some(Outcome::Truncated), 2));
    assert_eq!(upstream.seen().len(), 2);
}

#[tokio::test]
async fn a_worker_that_dies_is_a_break_and_the_next_one_resumes() {
    let Some(server) = start(&FLASK).await else { return };
    let taken = take(&mut get(server.url("/cut?n=7&after=3&how=exit")).events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Ended), "{:?}", taken.error);
    assert_tides(&taken, 1..=7);
}

async fn events_are_exact_and_resumed_where_an_earlier_stream_stopped(server: Running) {
    let mut first = get(server.url("/events?n=10")).events();
    let mut items = Vec::new();
    for _ in 0..4 {
        items.push(within("an event", first.next()).await.expect("an item").expect("an event"));
    }
    assert_eq!(items, tides(1..=4));
    let stopped_at = first.last_event_id().expect("a cursor").to_owned();
    drop(first);
    for (after, rest) in
        [(None, tides(1..=10)), (Some(stopped_at.as_str()), tides(5..=10)), (Some("10"), vec![])]
    {
        let mut request = get(server.url("/events?n=10"));
        if let Some(after) = after {
            request = request.last_event_id(after);
        }
        let mut events = request.events();
        let taken = take(&mut events).await;
        // The last row is a 204.
        assert_eq!((taken.outcome, events.stats().attempts), (Some(Outcome::Ended), 1), "after {after:?}");
        assert_eq!(taken.items, rest);
    }
}

async fn events_arrive_as_they_are_sent(server: Running) {
    let (first, all) = times(server.url("/events")).await;
    assert!(first < all / 2, "the first event came after {first:?} of {all:?}");
}

async fn a_followed_stream_continues_until_204(server: Running) {
    let reported = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&reported);
    let request = get(server.url("/events?n=5")).follow();
    let request = request.on_attempt(move |attempt| {
        noted.lock().expect("a lock").push((attempt.reason, attempt.cursor.clone()));
    });
    let taken = take(&mut request.events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Ended));
    assert_tides(&taken, 1..=5);
    assert_eq!(*reported.lock().expect("a lock"), [(None, None), (Some(Reason::End), Some("5".to_owned()))]);
}

async fn a_chat_is_complete(server: Running) {
    let mut events = post(server.url("/chat")).events();
    let taken = take(&mut events).await;
    assert_eq!((taken.outcome, events.stats().attempts), (Some(Outcome::Complete), 1));
    assert_eq!(text_of(&taken.items), CHAT);
    assert!(taken.items.iter().all(|event| event.id.is_empty()));
}

async fn json_lines_are_typed_records(server: Running) {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Line {
        index: u64,
        text: String,
    }

    let taken = take(&mut get(server.url("/ndjson?n=10")).records::<Line>()).await;
    let expected: Vec<Line> = (0..10).map(|index| Line { index, text: tide(index) }).collect();
    assert_eq!((taken.outcome, taken.items), (Some(Outcome::Ended), expected));
    assert!(taken.passed_over.is_empty());
}

async fn a_silence_is_reported_and_not_cut(server: Running) {
    // Shorter than the interval of the pings, so that there is one silence.
    let reported = async {
        let stalls = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&stalls);
        let mut events = get(server.url("/silent?ms=800"))
            .stall_after(Duration::from_millis(200))
            .on_stall(move |silent| noted.lock().expect("a lock").push(silent))
            .events();
        // Starting up is a silence too.
        let first = within("the first event", events.next()).await.expect("an item").expect("an event");
        stalls.lock().expect("a lock").clear();
        let mut taken = take(&mut events).await;
        taken.items.insert(0, first);
        assert_eq!((taken.outcome, events.stats().attempts), (Some(Outcome::Ended), 1));
        assert_tides(&taken, 1..=3);
        assert_eq!(stalls.lock().expect("a lock").len(), 1);
    };
    // Longer than that interval: pings count as activity on the wire, but not as records.
    let pinged = async {
        let taken = take(&mut get(server.url("/silent?ms=1300")).frames()).await;
        assert_eq!(taken.outcome, Some(Outcome::Ended));
        let pings = taken.items.iter().filter(|frame| matches!(frame, Frame::Comment(_))).count();
        let events = taken.items.iter().filter(|frame| matches!(frame, Frame::Event(_))).count();
        (pings, events)
    };
    let ((), (pings, events)) = tokio::join!(reported, pinged);
    assert_eq!(events, 3);
    assert_eq!(pings > 0, server.app.pings, "{pings} pings");
}

async fn a_cut_get_is_resumed_and_a_cut_post_is_truncated(server: Running) {
    let url = server.url("/cut?n=7&after=3");
    let (mut resumed, mut posted) = (get(&url).events(), post(&url).events());
    let (resumed_taken, posted_taken) = tokio::join!(take(&mut resumed), take(&mut posted));
    assert_eq!((resumed_taken.outcome, resumed.stats().attempts), (Some(Outcome::Ended), 3));
    assert_tides(&resumed_taken, 1..=7);
    assert_eq!((posted_taken.outcome, posted.stats().attempts), (Some(Outcome::Truncated), 1));
    assert_tides(&posted_taken, 1..=3);
    assert_eq!(posted.last_event_id(), Some("3"));
}

async fn an_error_is_refused_after_the_attempts(server: Running) {
    assert_refused_503(server.url("/error")).await;
}

/// The server's processes close their ends of the connections long before the streams would have ended.
async fn the_server_closes_a_dropped_stream(server: Running) {
    const STREAMS: usize = 5;
    if server.child.sockets().is_none() {
        say("NOT RUN: whether the server closes a dropped stream; only Linux's /proc can tell");
        return;
    }
    let sockets = || server.child.sockets().expect("/proc");
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        let mut events = get(server.url("/events?n=1000&interval_ms=20")).events();
        for _ in 0..3 {
            assert!(within("an event", events.next()).await.is_some_and(|item| item.is_ok()));
        }
        streams.push(events);
    }
    let open = sockets();
    let dropped = Instant::now();
    drop(streams);
    while sockets() + STREAMS > open {
        assert!(dropped.elapsed() < Duration::from_secs(10), "{} sockets of {open} are left", sockets());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn fifty_streams_at_once(server: Running) {
    let client = Client::new();
    let streams: Vec<_> = (0..50)
        .map(|_| {
            let mut events = client.get(server.url("/events?n=10&interval_ms=10")).events();
            tokio::spawn(async move { (take(&mut events).await, events.stats().attempts) })
        })
        .collect();
    for stream in streams {
        let (taken, attempts) = stream.await.expect("no panic");
        assert_eq!((taken.outcome, attempts), (Some(Outcome::Ended), 1), "{:?}", taken.error);
        assert_tides(&taken, 1..=10);
    }
}

/// Stopping a server ends it in the middle of a stream, with its workers, which would otherwise hold the port.
async fn a_stopped_server_frees_its_port(server: Running) {
    let port = server.child.port();
    let mut events = post(server.url("/chat?interval_ms=500")).events();
    assert!(within("an event", events.next()).await.is_some_and(|item| item.is_ok()));
    drop(server);
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

async fn unbuffered_and_compressed_events_arrive_as_they_are_sent(front: Front) {
    let url = |prefix: &str| front.nginx.url(&format!("/{prefix}/events"));
    let (unbuffered, gzip) = tokio::join!(times(url("unbuffered")), times(url("gzip")));
    for (prefix, (first, all)) in [("unbuffered", unbuffered), ("gzip", gzip)] {
        assert!(first < all / 2, "{prefix}: the first event came after {first:?} of {all:?}");
    }
}

async fn buffered_events_are_held_until_the_end(front: Front) {
    let (first, all) = times(front.nginx.url("/buffered/events")).await;
    assert!(first > all * 8 / 10, "the first event came after {first:?} of {all:?}");
}

async fn compressed_bodies_are_whole(front: Front) {
    let url = |path: &str| front.nginx.url(&format!("/gzip/{path}"));
    let plain = reqwest::Client::builder().no_gzip().build().expect("a client");
    let request = plain.get(url("events")).header("accept-encoding", "gzip");
    let head = within("a head", request.send()).await.expect("a reply");
    assert_eq!(head.headers()["content-encoding"], "gzip");
    let taken = take(&mut get(url("events")).events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Ended));
    assert_tides(&taken, 1..=10);
    let taken = take(&mut post(url("chat")).events()).await;
    assert_eq!((taken.outcome, text_of(&taken.items).as_str()), (Some(Outcome::Complete), CHAT));
    let taken = take(&mut get(url("ndjson")).records::<Value>()).await;
    assert_eq!((taken.outcome, taken.items.len()), (Some(Outcome::Ended), 10));
}

/// Either nginx passes the cut on, or it turns the cut into a clean end, and then the last event is incomplete.
async fn a_cut_is_noticed_through_nginx(front: Front) {
    let cut = async |prefix: &str| {
        let url = front.nginx.url(&format!("/{prefix}/cut?n=4&after=3"));
        let (mut resumed, mut posted) = (get(&url).events(), post(&url).events());
        let (resumed_taken, posted_taken) = tokio::join!(take(&mut resumed), take(&mut posted));
        assert_eq!(resumed_taken.outcome, Some(Outcome::Ended), "{prefix}");
        assert_tides(&resumed_taken, 1..=4);
        let posted = (posted_taken.outcome, posted.stats().attempts);
        assert_eq!(posted, (Some(Outcome::Truncated), 1), "{prefix}");
        assert_tides(&posted_taken, 1..=3);
    };
    tokio::join!(cut("buffered"), cut("unbuffered"), cut("gzip"));
}

/// `/short/` cuts after half a second.
async fn a_silence_beyond_nginxs_timeout_is_a_break(front: Front) {
    let url = |path: &str| front.nginx.url(&format!("/short/{path}&interval_ms=800"));
    let (mut resumed, mut posted) = (get(url("events?n=2")).events(), post(url("chat?")).events());
    let (resumed_taken, posted_taken) = tokio::join!(take(&mut resumed), take(&mut posted));
    // nginx also cuts after the second event; the third request gets a 204, because there are no more.
    assert_eq!((resumed_taken.outcome, resumed.stats().attempts), (Some(Outcome::Ended), 3));
    assert_tides(&resumed_taken, 1..=2);
    assert_eq!((posted_taken.outcome, posted.stats().attempts), (Some(Outcome::Truncated), 1));
    assert_eq!(posted_taken.items.len(), 1);
}

async fn statuses_are_unchanged(front: Front) {
    for prefix in ["buffered", "unbuffered", "gzip", "short"] {
        let mut events = get(front.nginx.url(&format!("/{prefix}/events?n=3"))).last_event_id("3").events();
        let taken = take(&mut events).await;
        assert_eq!((taken.outcome, events.stats().attempts), (Some(Outcome::Ended), 1), "{prefix}");
        assert!(taken.items.is_empty(), "{prefix}");
        assert_refused_503(front.nginx.url(&format!("/{prefix}/error"))).await;
    }
}

async fn a_connection_is_reused_after_a_stream(front: Front) {
    let relay = Relay::start(front.nginx.port()).await;
    let client = Client::new();
    for round in 1..=3 {
        let taken = take(&mut client.get(relay.url("/unbuffered/events?n=3")).events()).await;
        assert_eq!((taken.outcome, relay.connections()), (Some(Outcome::Ended), 1), "round {round}");
        assert_tides(&taken, 1..=3);
    }
}

/// Starts an app on a free port; `None`, with a notice, if it is not installed.
async fn start(app: &'static App) -> Option<Running> {
    let place = place_of(app.name, app.variable)?;
    let command = |port, _: &Path| {
        let mut command = (app.command)(&place, port);
        command.current_dir(SERVERS);
        command
    };
    let child = ChildServer::start(app.name, folder(), command).await;
    // gunicorn accepts connections before its worker can answer.
    assert_tides(&take(&mut get(child.url("/events?n=1")).events()).await, 1..=1);
    Some(Running { app, child })
}

async fn start_behind_nginx(app: &'static App) -> Option<Front> {
    let app = start(app).await?;
    let nginx = start_nginx(app.child.port()).await?;
    Some(Front { nginx, _app: app })
}

async fn start_nginx(upstream_port: u16) -> Option<ChildServer> {
    let program = place_of("nginx", "TIDEWIRE_NGINX")?;
    let template = fs::read_to_string(Path::new(SERVERS).join("nginx.conf.in")).expect("nginx.conf.in");
    let command = |port: u16, folder: &Path| {
        let ports = template
            .replace("@PORT@", &port.to_string())
            .replace("@UPSTREAM_PORT@", &upstream_port.to_string());
        fs::create_dir_all(folder.join("temp")).expect("a folder for nginx");
        fs::write(folder.join("nginx.conf"), ports).expect("nginx.conf");
        let mut command = Command::new(&program);
        command.args(["-e", "stderr", "-p"]).arg(folder).arg("-c").arg(folder.join("nginx.conf"));
        command
    };
    Some(ChildServer::start("nginx", folder(), command).await)
}

fn python_module(python: &OsStr, arguments: &[&str]) -> Command {
    let mut command = Command::new(python);
    command.arg("-m").args(arguments);
    command
}

/// The location of a program that these tests need; `None`, with a notice, if the environment does not have it.
fn place_of(name: &str, variable: &str) -> Option<OsString> {
    static SAID: Once = Once::new();
    if env::var_os("TIDEWIRE_SERVERS").is_none_or(|value| value != "1") {
        SAID.call_once(|| say("NOT RUN: third-party servers; run cargo xtask test"));
        return None;
    }
    let place = env::var_os(variable);
    if place.is_none() {
        say(&format!("NOT RUN: {name}; {variable} is not set, run cargo xtask test"));
    }
    place
}

/// Prints a line that the test harness does not capture.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

fn get(url: impl AsRef<str>) -> Request {
    Client::new().get(url).retry_delay(SOON)
}

fn post(url: impl AsRef<str>) -> Request {
    Client::new().post(url).body("{}").retry_delay(SOON)
}

/// Reads ten events from `/events`, and returns the times until the first and until the end.
async fn times(url: String) -> (Duration, Duration) {
    let mut events = get(format!("{url}?n=10&interval_ms=60")).events();
    let taken = take(&mut events).await;
    assert_eq!(taken.outcome, Some(Outcome::Ended));
    assert_tides(&taken, 1..=10);
    (events.stats().first_event.expect("an event"), events.stats().elapsed)
}

async fn assert_refused_503(url: String) {
    let mut events = get(&url).retry_attempts(1).events();
    let taken = take(&mut events).await;
    let refused = Outcome::Refused { status: 503, why: Refusal::Status };
    assert_eq!((taken.outcome, events.stats().attempts), (Some(refused), 2), "{url}");
    let end = events.end().expect("an end");
    let body = &end.refused.as_ref().expect("the refused response").body;
    let body: Value = serde_json::from_slice(body).expect("a body of JSON");
    assert_eq!(body["error"]["message"], "the tide is out", "{url}");
}

fn assert_tides(taken: &Taken<Event>, numbers: RangeInclusive<u64>) {
    assert_eq!(taken.items, tides(numbers));
}

fn tides(numbers: RangeInclusive<u64>) -> Vec<Event> {
    numbers.map(|n| Event { event: "message".into(), data: tide(n), id: n.to_string() }).collect()
}

fn tide(number: u64) -> String {
    format!("tide {number} 潮汐 🌊")
}

/// The text of an OpenAI-shaped reply.
fn text_of(events: &[Event]) -> String {
    let contents = events.iter().map(|event| {
        let chunk: Value = serde_json::from_str(&event.data).expect("a chunk is JSON");
        chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default().to_owned()
    });
    contents.collect()
}

impl Running {
    fn url(&self, path: &str) -> String {
        self.child.url(path)
    }
}

/// Forwards connections to a port of this machine, and counts them.
struct Relay {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Relay {
    async fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let mut server = TcpStream::connect(("127.0.0.1", to)).await.expect("the server");
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
            }
        });
        Self { port, connections }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}
