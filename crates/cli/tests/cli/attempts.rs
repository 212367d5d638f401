//! Tests of what `get` says about its attempts: how many requests were sent, how long it waits, and what the server repeats.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Process, Run, TempFile, Upstream, tidewire};

/// A scenario file of server-sent events: a response for each body, which is broken off unless it has its end marker.
fn upstream(bodies: &[&str]) -> (Upstream, TempFile) {
    let mut text = String::new();
    for body in bodies {
        let head =
            json!({ "response": { "status": 200, "headers": [["content-type", "text/event-stream"]] } });
        let end = if body.contains("[DONE]") { json!({ "end": true }) } else { json!({ "cut": true }) };
        text += &format!("{head}\n{}\n{end}\n", json!({ "text": body }));
    }
    let file = TempFile::with(&text);
    (Upstream::of_file(file.path()), file)
}

fn of_type<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

const FIRST: &str = "id: 1\ndata: a\n\nid: 2\ndata: b\n\n";
const AGAIN: &str = "id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\ndata: [DONE]\n\n";

#[test]
fn repeated_events_are_reported_once() {
    let (server, _file) = upstream(&[FIRST, AGAIN]);
    let done = server.get("/", &["--retry-delay", "1"]);
    let (lines, end) = done.stream();
    assert_eq!(of_type(&lines, "replayed"), [&json!({ "type": "replayed", "id": "1" })]);
    let data: Vec<_> = of_type(&lines, "event").into_iter().map(|line| line["data"].clone()).collect();
    assert_eq!(data, ["a", "b", "a", "b", "c"]);
    assert_eq!(
        (&end["outcome"], &end["events"], &end["attempts"]),
        (&json!("complete"), &json!(5), &json!(2))
    );
    // People are told as well.
    let (server, _file) = upstream(&[FIRST, AGAIN]);
    let done = tidewire(["get", &server.url("/"), "--retry-delay", "1"]).run();
    assert!(done.stderr.contains("[the server repeats events, from 1 on]"), "{}", done.stderr);
}

#[test]
fn dedupe_drops_repeated_events() {
    let (server, _file) = upstream(&[FIRST, AGAIN]);
    let (lines, end) = server.get("/", &["--retry-delay", "1", "--dedupe"]).stream();
    assert_eq!(of_type(&lines, "replayed"), [&json!({ "type": "replayed", "id": "1" })]);
    let data: Vec<_> = of_type(&lines, "event").into_iter().map(|line| line["data"].clone()).collect();
    assert_eq!(data, ["a", "b", "c"]);
    assert_eq!((&end["outcome"], &end["events"]), (&json!("complete"), &json!(3)));
}

#[test]
fn a_server_that_only_repeats_itself_is_given_up() {
    let (server, _file) = upstream(&[FIRST]);
    let done = server.get("/", &["--retry-delay", "1", "--retry-attempts", "3"]);
    let (lines, end) = done.stream();
    assert_eq!((done.status, &end["attempts"]), (Some(3), &json!(4)), "{}", done.stderr);
    assert_eq!(of_type(&lines, "replayed").len(), 3);
    assert_eq!(server.log_of(4).len(), 4);
}

#[test]
fn a_wait_that_the_server_asks_for_has_a_bound_and_says_so() {
    let (server, _file) = upstream(&["retry: 1000000000\nid: 1\ndata: a\n\n"]);
    let url = server.url("/");
    for (output, want) in [
        ("events", r#""delay_ms":60000,"reason":"body","cursor":"1","asked_ms":1000000000}"#),
        ("pretty", "in 60.0 s (request 2); the server asked for 1000000.0 s]"),
    ] {
        let mut command = tidewire(["get", &url, "--output", output]);
        let mut process = Process::spawn(command.stderr(Stdio::piped()));
        let deadline = Instant::now() + Duration::from_secs(20);
        if output == "events" {
            loop {
                let line = process.line();
                if line.contains("\"attempt\"") {
                    assert!(line.contains(want), "{line}");
                    break;
                }
                assert!(Instant::now() < deadline);
            }
        } else {
            process.line();
            std::thread::sleep(Duration::from_millis(300));
        }
        #[cfg(unix)]
        {
            process.signal("INT");
            let done = process.finish();
            assert_eq!(done.status, Some(130));
            assert!(output == "events" || done.stderr.contains(want), "{}", done.stderr);
        }
    }
}

#[test]
fn attempts_are_the_requests_that_were_sent() {
    let server = Upstream::start();
    let options = ["--retry-delay", "1", "--retry-attempts", "2"];
    assert_eq!(server.get("/hangup", &options).stream().1["attempts"], 3);
    assert_eq!(server.log_of(3).len(), 3);
    // A stream that is stopped while it waits for its next attempt has not sent that one.
    let (server, _file) = upstream(&["retry: 30000\nid: 1\ndata: a\n\n"]);
    let (lines, end) = server.get("/", &["--timeout", "300"]).stream();
    assert_eq!((of_type(&lines, "attempt").len(), &end["attempts"]), (1, &json!(1)), "{end}");
}
