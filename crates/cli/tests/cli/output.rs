//! Tests of what `get` prints, by `--output`.

use tidewire_cli::serve::{flaky_text, reply_text};

use crate::support::{Done, Run, Upstream, tidewire};

const ESCAPE: char = '\u{1b}';

fn get(server: &Upstream, path: &str, output: &str, more: &[&str]) -> Done {
    let url = server.url(path);
    tidewire(["get", &url, "--output", output].into_iter().chain(more.iter().copied())).run()
}

#[test]
fn text_prints_the_text_and_nothing_else() {
    let server = Upstream::start();
    for path in ["/chat?interval_ms=0", "/text?interval_ms=0", "/plain", "/chat?interval_ms=0&encoding=br"] {
        let done = get(&server, path, "text", &[]);
        assert_eq!((done.text(), &*done.stderr, done.status), (reply_text(), "", Some(0)), "{path}");
    }
    let done = get(&server, "/flaky?interval_ms=0", "text", &["--retry-delay", "1"]);
    assert_eq!((done.text(), &*done.stderr), (flaky_text(), ""));
}

#[test]
fn data_prints_a_line_for_each_event() {
    let server = Upstream::start();
    let done = get(&server, "/notify?interval_ms=0&events=2", "data", &[]);
    assert_eq!(done.text(), "{\"number\":1,\"text\":\"通知 1\"}\n{\"number\":2,\"text\":\"通知 2\"}\n");
    // However the peer formats its records.
    let done = get(&server, "/jsonarray?interval_ms=0&events=3", "data", &[]);
    assert_eq!(done.text().lines().count(), 4, "{}", done.text());
    assert!(done.text().lines().all(|line| line.starts_with('{') && line.ends_with('}')));
    let done = get(&server, "/text?interval_ms=0", "data", &[]);
    assert_eq!(done.text(), reply_text());
}

#[test]
fn data_and_text_report_what_they_leave_out() {
    let server = Upstream::start();
    for output in ["data", "text"] {
        let options = ["--max-event-bytes", "1000", "--skip-oversized"];
        let done = get(&server, "/bigfinal?interval_ms=0", output, &options);
        assert_eq!((done.text().lines().count(), done.status), (5, Some(0)));
        assert!(done.complaint().contains("skipped"), "{}", done.stderr);
    }
}

#[test]
fn pretty_prints_the_text_and_a_summary() {
    let server = Upstream::start();
    let done = get(&server, "/chat?interval_ms=0", "pretty", &[]);
    assert_eq!(done.text(), reply_text());
    assert!(done.stderr.starts_with("complete · 72 events · first event "), "{}", done.stderr);
    assert!(done.stderr.ends_with(" events/s · 1 request · 13.4 kB\n"), "{}", done.stderr);
    // It is the default.
    let url = server.url("/chat?interval_ms=0");
    assert_eq!(tidewire(["get", &url]).run().text(), reply_text());
}

#[test]
fn pretty_reports_what_happens_on_the_way() {
    let server = Upstream::start();
    let done = get(&server, "/flaky?interval_ms=0", "pretty", &["--retry-delay", "1"]);
    assert_eq!(done.text(), flaky_text());
    assert!(
        done.stderr.contains("[the connection broke; resuming after 7 in 200 ms (request 2)]"),
        "{}",
        done.stderr
    );
    assert!(!done.text().contains(ESCAPE) && !done.stderr.contains(ESCAPE), "a pipe shows no colours");
    let done = get(&server, "/think?interval_ms=0&silence_ms=400", "pretty", &["--stall-after", "100"]);
    assert!(
        done.stderr.contains("[silent for 10") && done.stderr.contains("still waiting]"),
        "{}",
        done.stderr
    );
    let done = get(&server, "/midstream-error?interval_ms=0", "pretty", &[]);
    let last = done.text().lines().last().unwrap();
    assert!(last.starts_with("error {"), "a line of its own: {last}");
    assert!(done.stderr.contains("failed · ") && done.stderr.contains("the model is overloaded"));
    assert_eq!(done.status, Some(5));
    let done = get(&server, "/notify?interval_ms=0&events=2", "pretty", &[]);
    assert!(done.text().starts_with("update {\"number\":1"), "{}", done.text());
}

#[test]
fn events_show_stalls_attempts_comments_and_retries() {
    let server = Upstream::start();
    let done = server.get("/think?interval_ms=0&silence_ms=400", &["--stall-after", "100"]);
    let (lines, _) = done.stream();
    let stalls: Vec<_> = lines.iter().filter(|line| line["type"] == "stall").collect();
    assert_eq!(stalls.len(), 1, "once for one silence");
    assert!(stalls[0]["silent_ms"].as_u64().unwrap() >= 100);
    let (lines, _) = server.get("/flaky?interval_ms=0&events=20", &["--retry-delay", "1"]).stream();
    assert_eq!(lines[0], serde_json::json!({"type": "retry", "ms": 200}));
    let attempt = lines.iter().find(|line| line["type"] == "attempt").unwrap();
    let want = serde_json::json!({"type": "attempt", "attempt": 2, "delay_ms": 200, "reason": "body", "cursor": "7"});
    assert_eq!(*attempt, want);
    let (lines, _) = server.get("/heartbeat?interval_ms=0", &[]).stream();
    assert!(lines.iter().any(|line| line["type"] == "comment"));
}

#[test]
fn an_event_without_its_blank_line() {
    let server = Upstream::start();
    // The reply ends after the data line, before the blank one.
    let whole = server.get("/stream?interval_ms=0&events=1", &["--end-on", "none"]).stream().1;
    let cut = whole["bytes"].as_u64().unwrap() - 1;
    let path = format!("/stream?interval_ms=0&events=1&end=clean&cut_at={cut}");
    let options = ["-d", "", "--end-on", "none"];
    let (lines, end) = server.get(&path, &options).stream();
    assert_eq!((lines.len(), &end["outcome"]), (1, &"truncated".into()));
    let options = ["-d", "", "--end-on", "none", "--deliver-unterminated"];
    let (lines, end) = server.get(&path, &options).stream();
    assert_eq!((lines.len(), &end["outcome"]), (2, &"ended".into()), "{lines:?}");
}

#[test]
fn stats_go_to_standard_error() {
    let server = Upstream::start();
    let done = server.get("/chat?interval_ms=0", &["--stats"]);
    done.stream();
    let stats = done.stderr.trim_end();
    assert!(!stats.contains('\n'), "{stats}");
    for part in [
        "stats: ",
        "first byte ",
        "first event ",
        "72 events",
        "13395 bytes",
        "1 request",
        "longest silence ",
    ] {
        assert!(stats.contains(part), "{part}: {stats}");
    }
}
