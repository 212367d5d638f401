//! Tests of `get` on every scenario: the outcome, the exit status, and the number of requests.

use serde_json::{Value, json};
use tidewire_cli::serve::SCENARIOS;

use crate::support::{Upstream, each};

struct Row {
    path: &'static str,
    options: &'static [&'static str],
    outcome: &'static str,
    status: i32,
    requests: usize,
    /// Further fields of the end line.
    end: Value,
}

fn row(path: &'static str, options: &'static [&'static str], outcome: &'static str, requests: usize) -> Row {
    let status = match outcome {
        "complete" | "ended" => 0,
        "truncated" => 3,
        "refused" => 4,
        "failed" => 5,
        "timed_out" => 6,
        "unreachable" => 7,
        "unreadable" => 8,
        _ => 130,
    };
    Row { path, options, outcome, status, requests, end: json!({}) }
}

impl Row {
    fn with(self, end: Value) -> Self {
        Self { end, ..self }
    }

    fn status(self, status: i32) -> Self {
        Self { status, ..self }
    }
}

/// A POST is not repeated by itself.
const POST: &[&str] = &["-d", "{}", "--retry-delay", "1"];
const SOON: &[&str] = &["--retry-delay", "1"];

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    vec![
        row("/chat?interval_ms=0", &[], "complete", 1).with(json!({"events": 72, "bytes": 13395})),
        row("/chat?interval_ms=0", POST, "complete", 1),
        row("/chat?interval_ms=0", &["--end-on", "none"], "ended", 1).with(json!({"events": 73})),
        row("/chat?interval_ms=0", &["--end-on", "event:close"], "complete", 1),
        row("/chat?interval_ms=0&encoding=gzip", &[], "complete", 1).with(json!({"bytes": 13395})),
        row("/chat?interval_ms=0&encoding=deflate", &[], "complete", 1).with(json!({"bytes": 13395})),
        row("/chat?interval_ms=0&encoding=br", &[], "complete", 1).with(json!({"bytes": 13395})),
        row("/chat?interval_ms=0&encoding=zstd", &[], "complete", 1).with(json!({"bytes": 13395})),
        row("/chat?interval_ms=0&cut_at=1000&end=clean", &[], "truncated", 1),
        row("/chat?interval_ms=0&cut_at=0&cuts=2", SOON, "complete", 3),
        row("/chat?interval_ms=0&cut_at=0&cuts=2", POST, "truncated", 1),
        row("/chat?interval_ms=0&cut_at=0", SOON, "unreachable", 4),
        row("/chat?interval_ms=0&cut_at=0", &["--retry-delay", "1", "--retry-attempts", "0"], "unreachable", 1),
        row("/chat?interval_ms=0", &["--max-events", "3"], "cancelled", 1).status(0).with(json!({"events": 3})),
        row("/chat?interval_ms=0", &["--max-events", "0"], "cancelled", 0).status(0).with(json!({"events": 0})),
        row("/flaky?interval_ms=0", SOON, "complete", 10).with(json!({"events": 80})),
        row("/flaky?interval_ms=0", &["--resume", "never"], "truncated", 1).with(json!({"cursor": "7"})),
        row("/flaky?interval_ms=0", POST, "truncated", 1).with(json!({"cursor": "7"})),
        row("/flaky?interval_ms=0", &["-d", "{}", "--resume", "always"], "complete", 10),
        row("/flaky?interval_ms=0", &["-d", "{}", "--idempotent"], "complete", 10),
        row("/flaky?interval_ms=0&end=clean&events=10", &["--end-on", "event:close"], "complete", 2),
        row("/think?interval_ms=0&silence_ms=300", &[], "complete", 1),
        row("/stall?interval_ms=0", &["--idle-timeout", "200"], "timed_out", 1).with(json!({"timeout": "idle", "events": 4})),
        row("/truncate?interval_ms=0", &[], "truncated", 1).with(json!({"events": 11})),
        row("/truncate?interval_ms=0&ids=1", POST, "truncated", 1).with(json!({"cursor": "11"})),
        row("/midstream-error?interval_ms=0", &[], "failed", 1).with(json!({"events": 10})),
        row("/midstream-error?interval_ms=0", &["--fail-on", "none"], "complete", 1),
        row("/midstream-error?interval_ms=0", &["--fail-on", "json:error.code=529"], "failed", 1),
        row("/midstream-error?interval_ms=0", &["--fail-on", "event:other"], "complete", 1),
        row("/slow-headers?interval_ms=0&silence_ms=200", &[], "complete", 1),
        row("/slow-headers?interval_ms=0", &["--idle-timeout", "100", "--retry-attempts", "1", "--retry-delay", "1"], "timed_out", 2)
            .with(json!({"timeout": "idle"})),
        row("/glued?interval_ms=0", &[], "complete", 1).with(json!({"events": 72})),
        row("/split?interval_ms=0", &[], "complete", 1),
        row("/bigfinal?interval_ms=0", &[], "complete", 1).with(json!({"events": 6})),
        row("/bigfinal?interval_ms=0", &["--max-event-bytes", "1000000"], "unreadable", 1).with(json!({"limit": 1_000_000, "events": 5})),
        row("/bigfinal?interval_ms=0", &["--max-event-bytes", "1000000", "--skip-oversized"], "complete", 1).with(json!({"events": 5})),
        row("/endless?bytes=100000", &[], "complete", 1),
        row("/text?interval_ms=0", &[], "complete", 1),
        row("/text?interval_ms=0", &["--end-on", "none"], "ended", 1),
        row("/notify?interval_ms=0", &[], "ended", 1).with(json!({"events": 10})),
        row("/notify?interval_ms=0", &["--last-event-id", "7"], "ended", 1).with(json!({"events": 3})),
        row("/notify?interval_ms=0", &["--last-event-id", "10"], "ended", 1).with(json!({"events": 0})),
        row("/notify?interval_ms=0", &["--follow", "--retry-delay", "1"], "ended", 2).with(json!({"events": 10})),
        row("/heartbeat?interval_ms=0", &[], "complete", 1).with(json!({"events": 24})),
        row("/heartbeat?interval_ms=0", &["--heartbeat-on", "json:type=heartbeat"], "complete", 1).with(json!({"events": 12})),
        row("/heartbeat?interval_ms=0", &["--heartbeat-on", "none"], "complete", 1).with(json!({"events": 24})),
        row("/sse?interval_ms=0", &["--max-events", "5"], "cancelled", 1).status(0).with(json!({"events": 5})),
        row("/stream?interval_ms=0&events=5", POST, "complete", 1).with(json!({"events": 5})),
        row("/ai/chat?interval_ms=0", &["--json", r#"{"prompt":"why"}"#], "complete", 1),
        row("/ai/chat?interval_ms=0", POST, "refused", 1).with(json!({"status": 400})),
        row("/ndjson?interval_ms=0&events=4", &[], "ended", 1).with(json!({"events": 5})),
        row("/ndjson?interval_ms=0&events=4", &["--end-on", "json:done=true"], "complete", 1).with(json!({"events": 5})),
        row("/ndjson?interval_ms=0&events=4", &["--end-on", "json:done=never"], "truncated", 1),
        row("/jsonseq?interval_ms=0&events=4", &["--end-on", "json:done=true"], "complete", 1).with(json!({"events": 5})),
        row("/jsonarray?interval_ms=0&events=4", &[], "ended", 1).with(json!({"events": 5})),
        row("/jsonarray?interval_ms=0&cut_at=100&end=clean", POST, "truncated", 1),
        row("/jsonarray?interval_ms=0&cut_at=100&end=clean", SOON, "unreachable", 4),
        row("/plain", &[], "ended", 1).with(json!({"events": 1})),
        row("/plain", &["--format", "json-array"], "unreadable", 1).with(json!({"offset": 0})),
        row("/busy?interval_ms=0&retry_after=0", SOON, "complete", 3),
        row("/busy?interval_ms=0&retry_after=0", POST, "complete", 3),
        row("/busy?retry_after=3600", &[], "refused", 1).with(json!({"status": 429, "retry_after_ms": 3_600_000})),
        row("/status?status=500", SOON, "refused", 4).with(json!({"status": 500})),
        row("/status?status=503", POST, "refused", 1).with(json!({"status": 503})),
        row("/status?status=503", &["-d", "{}", "--idempotency-key", "k", "--retry-delay", "1", "--retry-attempts", "2"], "refused", 3),
        row("/status?status=404", SOON, "refused", 1).with(json!({"status": 404})),
        row("/auth", SOON, "refused", 1).with(json!({"status": 401})),
        row("/auth?interval_ms=0", &["-H", "Authorization: Bearer t"], "complete", 1),
        row("/gone", &[], "ended", 1).with(json!({"events": 0})),
        row("/gone", &["--follow"], "ended", 1),
        row("/gone", &["--end-on", "event:close"], "truncated", 1),
        row("/html", &[], "refused", 1).with(json!({"status": 200})),
        row("/html", &["--format", "text"], "ended", 1),
        row("/llm?interval_ms=0", &[], "complete", 1),
        row("/llm?interval_ms=0&unfinished=1", &[], "truncated", 1),
        row("/redirect?interval_ms=0", &[], "complete", 2),
        row("/redirect?interval_ms=0", POST, "complete", 2),
        row("/redirect?to=redirect", &[], "refused", 21).with(json!({"status": 307})),
        row("/hangup", SOON, "unreachable", 4),
        row("/hangup", POST, "unreachable", 1),
    ]
}

#[test]
fn every_scenario_has_a_row() {
    let rows = rows();
    for scenario in SCENARIOS {
        let path = format!("/{}", scenario.name);
        assert!(rows.iter().any(|row| row.path.split('?').next() == Some(&path)), "{path}");
    }
}

#[test]
fn outcome_status_and_requests() {
    each(
        &rows(),
        |row| format!("{} {:?}", row.path, row.options),
        |row| {
            let server = Upstream::start();
            let done = server.get(row.path, row.options);
            let (lines, end) = done.stream();
            let what = || format!("{} {:?}: {end}: {}", row.path, row.options, done.stderr);
            assert_eq!((&end["outcome"], done.status), (&json!(row.outcome), Some(row.status)), "{}", what());
            for (field, value) in row.end.as_object().unwrap() {
                assert_eq!(&end[field], value, "{field}: {}", what());
            }
            let log = server.log_of(row.requests);
            assert_eq!(log.len(), row.requests, "requests: {}", what());
            // The requests that a redirect causes are not counted as attempts.
            if !row.path.starts_with("/redirect") {
                assert_eq!(
                    end.get("attempts").and_then(Value::as_u64).unwrap_or(0),
                    row.requests as u64,
                    "{}",
                    what()
                );
                let reported = lines.iter().filter(|line| line["type"] == "attempt").count();
                assert_eq!(reported, row.requests.saturating_sub(1), "{}", what());
            }
            let events = lines
                .iter()
                .filter(|line| ["event", "record", "text"].contains(&line["type"].as_str().unwrap()));
            assert_eq!(events.count() as u64, end["events"].as_u64().unwrap(), "{}", what());
            if row.status == 0 {
                assert_eq!(done.stderr, "", "{}", what());
            } else {
                assert!(!done.complaint().is_empty());
            }
        },
    );
}
