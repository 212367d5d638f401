//! Tests of the timeouts: each ends the stream, and is named.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;

use crate::support::{Run, Upstream, each, tidewire};

#[test]
fn each_timeout_is_named() {
    let rows: [(&str, &[&str], &str); 6] = [
        ("/sse?interval_ms=50", &["--timeout", "400"], "total"),
        ("/slow-headers", &["--timeout", "300"], "total"),
        ("/slow-headers", &["--first-event-timeout", "300", "--retry-attempts", "0"], "first_event"),
        ("/stall?interval_ms=0", &["--idle-timeout", "300"], "idle"),
        ("/stall?interval_ms=0", &["--progress-timeout", "300"], "progress"),
        ("/slow-headers", &["--idle-timeout", "300", "--retry-attempts", "0"], "idle"),
    ];
    each(
        &rows,
        |row| format!("{row:?}"),
        |(path, options, limit)| {
            let server = Upstream::start();
            let done = server.get(path, options);
            let (_, end) = done.stream();
            assert_eq!(
                (&end["outcome"], &end["timeout"]),
                (&json!("timed_out"), &json!(limit)),
                "{}",
                done.stderr
            );
            assert_eq!(done.status, Some(6));
            let option = if *limit == "total" {
                "--timeout".to_owned()
            } else {
                format!("--{}-timeout", limit.replace('_', "-"))
            };
            assert!(done.complaint().contains(&option), "{}", done.stderr);
            assert!(done.took < Duration::from_secs(5), "{:?}", done.took);
        },
    );
}

#[test]
fn the_connect_timeout_counts_until_tls_is_established() {
    // It accepts the connection and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", silent.local_addr().unwrap());
    let args = ["get", &url, "--connect-timeout", "200", "--retry-attempts", "0", "--output", "events"];
    let done = tidewire(args).run();
    let (_, end) = done.stream();
    assert_eq!(
        (&end["outcome"], &end["timeout"]),
        (&json!("timed_out"), &json!("connect")),
        "{}",
        done.stderr
    );
    assert_eq!(done.status, Some(6));
    assert!(done.complaint().contains("--connect-timeout"), "{}", done.stderr);
}

#[test]
fn a_wait_beyond_the_timeout_is_refused_at_once() {
    let server = Upstream::start();
    let done = server.get("/busy?retry_after=30", &["--timeout", "5000"]);
    let (_, end) = done.stream();
    assert_eq!((&end["outcome"], &end["retry_after_ms"]), (&json!("refused"), &json!(30_000)));
    assert!(done.took < Duration::from_secs(4));
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    let most = u64::MAX.to_string();
    let limits = [
        "timeout",
        "connect-timeout",
        "first-event-timeout",
        "idle-timeout",
        "progress-timeout",
        "stall-after",
    ];
    each(
        &limits,
        |limit| (*limit).to_owned(),
        |limit| {
            let server = Upstream::start();
            let done = server.get("/chat?interval_ms=0", &[&format!("--{limit}"), &most]);
            assert_eq!(done.status, Some(0), "{}", done.stderr);
        },
    );
}
