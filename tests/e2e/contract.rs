//! Tests the contract service (`tests/contract-service`) by the same contract as LaunchDarkly's suite. `cargo xtask contract` runs
//! the suite itself if its program is installed; these tests run everywhere.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use tidewire_tests::child::{ChildServer, cargo_build};
use tidewire_tests::raw::{Act, RawServer, chunk, reply};
use tidewire_tests::within;
use tokio::net::TcpStream;

const STREAM: &str = "content-type: text/event-stream\r\ntransfer-encoding: chunked";
/// Long enough for an unwanted message to arrive.
const A_WHILE: Duration = Duration::from_millis(300);
const BEAT: Duration = Duration::from_millis(5);

/// The service as a child process, and the client that calls it.
struct Service {
    child: ChildServer,
    http: reqwest::Client,
}

/// A stream that the service was told to open, and the server that receives its callbacks.
struct Opened {
    path: String,
    callbacks: RawServer,
}

#[tokio::test]
async fn it_lists_its_capabilities_and_stops_when_told() {
    let service = Service::start().await;
    let status = service.http.get(service.child.url("/")).send().await.expect("a reply");
    assert_eq!(status.status(), 200);
    let status: Value = serde_json::from_str(&status.text().await.expect("a body")).expect("JSON");
    let able = [
        "bom",
        "comments",
        "headers",
        "last-event-id",
        "post",
        "read-timeout",
        "report",
        "restart",
        "server-directed-shutdown-request",
    ];
    assert_eq!(status["capabilities"], json!(able));
    assert_eq!(service.delete("/").await, 204);
    within("the end of the process", async {
        while TcpStream::connect(("127.0.0.1", service.child.port())).await.is_ok() {
            tokio::time::sleep(BEAT).await;
        }
    })
    .await;
}

#[tokio::test]
async fn invalid_parameters_and_commands_are_refused() {
    let service = Service::start().await;
    let with = |name: &str, value: Value| {
        let mut parameters =
            json!({ "streamUrl": "http://127.0.0.1:1/", "callbackUrl": "http://127.0.0.1:1/" });
        parameters[name] = value;
        parameters.to_string()
    };
    let rows = [
        "{".to_owned(),
        "{}".to_owned(),
        with("streamUrl", json!("nowhere")),
        with("streamUrl", json!("file:///etc/hosts")),
        with("callbackUrl", json!(null)),
        with("initialDelayMs", json!(-1)),
        with("method", json!("NO METHOD")),
        with("headers", json!({ "a header": "x" })),
        with("headers", json!({ "x": "a\r\nb: c" })),
    ];
    for row in rows {
        assert_eq!(service.post("/", &row).await.status(), 400, "{row}");
    }
    assert_eq!(service.post("/streams/1", r#"{"command":"restart"}"#).await.status(), 404);
    assert_eq!(service.delete("/streams/1").await, 404);

    let upstream = RawServer::start(vec![silent()]).await;
    let stream = service.open(&upstream, json!({})).await;
    for (command, status) in [
        ("", 400),
        (r#"{"command":"dance"}"#, 400),
        (r#"{"command":"listen"}"#, 400),
        (r#"{"command":"listen","listen":{"type":"x"}}"#, 204),
    ] {
        assert_eq!(service.post(&stream.path, command).await.status(), status, "{command}");
    }
}

#[tokio::test]
async fn events_and_comments_arrive_in_order() {
    let service = Service::start().await;
    let first =
        ":hi\n\ndata: a\n\nid: 1\nevent: greet\ndata: é\ndata: 2\n\nevent: error\ndata: one of ours\n\n";
    let upstream = RawServer::start(vec![vec![
        reply(STREAM, &chunk(first.as_bytes())),
        Act::Wait(BEAT),
        Act::Send(chunk(b"data: [DONE]\n\n:lives\n")),
        Act::Hang,
    ]])
    .await;
    let stream = service.open(&upstream, json!({})).await;
    let want = [
        comment("hi"),
        event("message", "a", ""),
        event("greet", "é\n2", "1"),
        event("error", "one of ours", "1"),
        event("message", "[DONE]", "1"),
        comment("lives"),
    ];
    assert_eq!(stream.messages(want.len()).await, want);
}

#[tokio::test]
async fn the_request_has_the_given_parameters() {
    let service = Service::start().await;
    let upstream = RawServer::start(vec![silent()]).await;
    service.open(&upstream, json!({ "initialDelayMs": null })).await;
    let plain = &requests(&upstream, 1).await[0];
    assert!(plain.starts_with("GET / HTTP/1.1\r\n"), "{plain}");
    for line in ["accept: text/event-stream\r\n", "cache-control: no-cache\r\n"] {
        assert!(plain.contains(line), "{line} in {plain}");
    }
    assert!(!plain.contains("last-event-id"), "{plain}");

    let body = r#"{"hello":"world"}"#;
    for method in ["POST", "REPORT"] {
        let upstream = RawServer::start(vec![silent()]).await;
        let headers = json!({ "content-type": "application/json; charset=utf-8", "x-one": "1" });
        let parameters = json!({ "method": method, "body": body, "headers": headers, "lastEventId": "abc" });
        service.open(&upstream, parameters).await;
        let sent = &requests(&upstream, 1).await[0];
        assert!(sent.starts_with(&format!("{method} / HTTP/1.1\r\n")), "{sent}");
        assert!(sent.ends_with(&format!("\r\n\r\n{body}")), "{sent}");
        for line in
            ["content-type: application/json; charset=utf-8\r\n", "x-one: 1\r\n", "last-event-id: abc\r\n"]
        {
            assert!(sent.contains(line), "{line} in {sent}");
        }
    }
}

#[tokio::test]
async fn a_restart_resumes_after_the_last_event_and_is_not_an_error() {
    let service = Service::start().await;
    let upstream = RawServer::start(vec![
        vec![reply(STREAM, &chunk(b"id: 7\ndata: before\n\nid: 8\ndata: never whole")), Act::Hang],
        vec![reply(STREAM, &chunk(b"data: after\n\n")), Act::Hang],
    ])
    .await;
    let stream = service.open(&upstream, json!({ "initialDelayMs": 60_000 })).await;
    stream.messages(1).await;
    assert_eq!(service.post(&stream.path, r#"{"command":"restart"}"#).await.status(), 204);
    assert_eq!(stream.messages(2).await, [event("message", "before", "7"), event("message", "after", "7")]);
    assert!(requests(&upstream, 2).await[1].contains("last-event-id: 7\r\n"));
    gone(&upstream).await;
}

#[tokio::test]
async fn every_end_of_a_connection_is_reported_and_followed_by_another() {
    let service = Service::start().await;
    let before = chunk(b"data: before\n\n");
    let whole = [&before[..], b"0\r\n\r\n"].concat();
    let ends = [
        ("a clean end", vec![reply(STREAM, &whole)]),
        ("a cut", vec![reply(STREAM, &before)]),
        ("a reset", vec![reply(STREAM, &before), Act::Wait(A_WHILE), Act::Reset]),
        ("silence", vec![reply(STREAM, &before), Act::Hang]),
    ];
    for (name, end) in ends {
        let after = vec![reply(STREAM, &chunk(b"data: after\n\n")), Act::Hang];
        let upstream = RawServer::start(vec![end, after]).await;
        let parameters =
            json!({ "initialDelayMs": 0, "readTimeoutMs": 1000, "method": "POST", "body": "the same" });
        let stream = service.open(&upstream, parameters).await;
        let messages = stream.messages(3).await;
        assert_eq!(messages[0], event("message", "before", ""), "{name}");
        assert!(
            messages[1]["kind"] == "error" && messages[1]["error"].is_string(),
            "{name}: {}",
            messages[1]
        );
        assert_eq!(messages[2], event("message", "after", ""), "{name}");
        let requests = requests(&upstream, 2).await;
        assert!(requests.iter().all(|request| request.ends_with("\r\n\r\nthe same")), "{name}: {requests:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_reported_and_ends_the_stream_and_204_ends_it_silently() {
    let service = Service::start().await;
    let rows = [
        ("404 Not Found\r\ncontent-length: 0", 1),
        ("301 Moved Permanently\r\ncontent-length: 0", 1),
        ("200 OK\r\ncontent-type: text/html\r\ncontent-length: 0", 1),
        ("200 OK\r\ncontent-type: application/json\r\ncontent-length: 0", 1),
        ("204 No Content", 0),
    ];
    for (head, errors) in rows {
        let head = format!("HTTP/1.1 {head}\r\n\r\n").into_bytes();
        let upstream = RawServer::start(vec![vec![Act::Send(head)]]).await;
        let stream = service.open(&upstream, json!({ "initialDelayMs": 0 })).await;
        requests(&upstream, 1).await;
        stream.messages(errors).await;
        tokio::time::sleep(A_WHILE).await;
        let messages = stream.messages(errors).await;
        assert!(
            messages.len() == errors && messages.iter().all(|one| one["kind"] == "error"),
            "{messages:?}"
        );
        assert_eq!(upstream.seen().len(), 1);
        assert_eq!(service.delete(&stream.path).await, 204);
    }
}

#[tokio::test]
async fn a_closed_stream_closes_its_connection_and_reports_no_more() {
    let service = Service::start().await;
    let upstream = RawServer::start(vec![vec![
        reply(STREAM, &chunk(b"data: one\n\n")),
        Act::Wait(A_WHILE),
        Act::Send(chunk(b"data: two\n\n")),
        Act::Hang,
    ]])
    .await;
    let stream = service.open(&upstream, json!({})).await;
    stream.messages(1).await;
    assert_eq!(service.delete(&stream.path).await, 204);
    assert_eq!(service.delete(&stream.path).await, 404);
    tokio::time::sleep(A_WHILE).await;
    assert_eq!((stream.messages(1).await.len(), upstream.seen().len()), (1, 1));

    let upstream = RawServer::start(vec![silent()]).await;
    let stream = service.open(&upstream, json!({})).await;
    requests(&upstream, 1).await;
    assert_eq!(service.delete(&stream.path).await, 204);
    gone(&upstream).await;
}

impl Service {
    async fn start() -> Self {
        let program = program();
        let child = ChildServer::start("contract", Path::new(env!("CARGO_TARGET_TMPDIR")), |port, _| {
            let mut command = Command::new(program);
            // A proxy from the environment must not be used for this machine's own address.
            command
                .arg(format!("127.0.0.1:{port}"))
                .env("NO_PROXY", "127.0.0.1")
                .env("no_proxy", "127.0.0.1");
            command
        });
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { child: child.await, http }
    }

    async fn open(&self, upstream: &RawServer, mut parameters: Value) -> Opened {
        // One connection per callback, since each connection plays one script.
        let callbacks =
            RawServer::start(vec![vec![reply("connection: close\r\ncontent-length: 0", b"")]]).await;
        parameters["tag"] = json!("a test of our own");
        parameters["streamUrl"] = json!(upstream.url("/"));
        parameters["callbackUrl"] = json!(callbacks.url("/callback"));
        let opened = self.post("/", &parameters.to_string()).await;
        assert_eq!(opened.status(), 201, "{parameters}");
        let path = opened.headers()["location"].to_str().expect("a path").to_owned();
        Opened { path, callbacks }
    }

    async fn post(&self, path: &str, body: &str) -> reqwest::Response {
        let request = self.http.post(self.child.url(path)).header("content-type", "application/json");
        within("a reply", request.body(body.to_owned()).send()).await.expect("a reply")
    }

    async fn delete(&self, path: &str) -> u16 {
        let request = self.http.delete(self.child.url(path));
        within("a reply", request.send()).await.expect("a reply").status().as_u16()
    }
}

impl Opened {
    /// All messages so far, as soon as there are at least `count`.
    async fn messages(&self, count: usize) -> Vec<Value> {
        let callbacks = requests(&self.callbacks, count).await;
        let messages = callbacks.iter().enumerate().map(|(index, callback)| {
            let line = format!("POST /callback/{} HTTP/1.1\r\n", index + 1);
            assert!(callback.starts_with(&line), "{line} in {callback}");
            let (_, body) = callback.split_once("\r\n\r\n").expect("a head");
            serde_json::from_str(body).expect("JSON")
        });
        messages.collect()
    }
}

/// The requests that a server has received, as soon as there are at least `count`.
async fn requests(server: &RawServer, count: usize) -> Vec<String> {
    within("requests", async {
        loop {
            let seen = server.seen();
            if seen.len() >= count {
                return seen.into_iter().map(|seen| seen.request).collect();
            }
            tokio::time::sleep(BEAT).await;
        }
    })
    .await
}

/// Waits until the client of the first connection has disconnected.
async fn gone(server: &RawServer) {
    within("the end of the connection", async {
        while server.seen()[0].gone_after.is_none() {
            tokio::time::sleep(BEAT).await;
        }
    })
    .await;
}

/// A stream that never sends anything.
fn silent() -> Vec<Act> {
    vec![reply(STREAM, b""), Act::Hang]
}

fn event(name: &str, data: &str, id: &str) -> Value {
    json!({ "kind": "event", "event": { "type": name, "data": data, "id": id } })
}

fn comment(text: &str) -> Value {
    json!({ "kind": "comment", "comment": text })
}

/// The service's program, in the folder of this test's profile. cargo builds a program only for the tests of its own package, so
/// this calls cargo; that takes a moment if there is nothing to build.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().expect("this test's own path");
        let profile = test.ancestors().nth(2).expect("the folder of the profile");
        let mut cargo = cargo_build();
        cargo.args(["--bin", NAME, "--target-dir"]);
        cargo.arg(profile.parent().expect("the folder of the target"));
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().expect("cargo runs").success());
        profile.join(NAME).with_extension(std::env::consts::EXE_EXTENSION)
    })
}

const NAME: &str = "tidewire-contract-service";
