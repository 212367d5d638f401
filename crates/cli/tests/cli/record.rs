//! `--record`: what was recorded plays again.

use serde_json::Value;
use tidewire_cli::serve::reply_text;

use crate::support::{Run, TempFile, Upstream, each, tidewire};

/// What does not depend on chance or pace.
fn comparable(mut lines: Vec<Value>, end: Value) -> Vec<Value> {
    for line in &mut lines {
        line.as_object_mut().unwrap().remove("delay_ms");
    }
    lines.push(end);
    lines
}

#[test]
fn a_recording_plays_again() {
    let rows: [(&str, &[&str]); 10] = [
        ("/chat?interval_ms=0", &[]),
        ("/chat?interval_ms=0&encoding=gzip", &[]),
        ("/flaky?interval_ms=0&events=40", &["--retry-delay", "1"]),
        ("/busy?interval_ms=0&retry_after=0&events=3", &["--retry-delay", "1"]),
        ("/hangup", &["--retry-delay", "1", "--retry-attempts", "2"]),
        ("/truncate?interval_ms=0", &[]),
        ("/html", &[]),
        ("/status?status=404", &[]),
        ("/notify?interval_ms=0", &["--follow", "--retry-delay", "1"]),
        ("/jsonseq?interval_ms=0", &[]),
    ];
    each(
        &rows,
        |row| row.0.to_owned(),
        |(path, options)| {
            let file = TempFile::new();
            let server = Upstream::start();
            let recorded = server.get(path, &[options, &["--record", file.name()][..]].concat());
            let again = Upstream::of_file(file.path()).get("/", options);
            let ((lines, end), (lines_again, end_again)) = (recorded.stream(), again.stream());
            assert!(comparable(lines, end) == comparable(lines_again, end_again), "{path}: {}", file.text());
            assert_eq!((recorded.status, &recorded.stderr), (again.status, &again.stderr), "{path}");
        },
    );
}

#[test]
fn a_recording_on_standard_output_stands_alone() {
    let server = Upstream::start();
    let url = server.url("/chat?interval_ms=0");
    for output in ["pretty", "events", "text"] {
        let done = tidewire(["get", &url, "--record", "-", "--output", output]).run();
        assert_eq!((done.status, &*done.stderr), (Some(0), ""), "{output}");
        let file = TempFile::with(done.text());
        let url = Upstream::of_file(file.path());
        let again = tidewire(["get", &url.url("/"), "--output", "text"]).run();
        assert_eq!(again.text(), reply_text(), "{output}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_anything_is_sent() {
    let server = Upstream::start();
    let url = server.url("/chat?interval_ms=0");
    let folder = std::env::temp_dir();
    for path in ["/no/such/folder/at/all.jsonl", folder.to_str().unwrap()] {
        let done = tidewire(["get", &url, "--record", path]).run();
        assert_eq!((done.status, done.text()), (Some(1), ""));
        assert!(done.complaint().contains("--record") && done.complaint().contains(path), "{}", done.stderr);
    }
    assert_eq!(server.log().len(), 0);
}

#[test]
fn a_request_that_cannot_be_made_leaves_an_earlier_recording_alone() {
    let file = TempFile::with("precious");
    assert_eq!(tidewire(["get", "ftp://x", "--record", file.name()]).run().status, Some(2));
    assert_eq!(file.text(), "precious");
    let server = Upstream::start();
    assert_eq!(server.get("/stream?interval_ms=0&events=1", &["--record", file.name()]).status, Some(0));
    assert!(file.text().starts_with('{') && !file.text().contains("precious"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_stops_the_stream_and_is_told() {
    if !std::fs::exists("/dev/full").unwrap() {
        return;
    }
    let server = Upstream::start();
    let done = server.get("/chat?interval_ms=0", &["--record", "/dev/full"]);
    assert_eq!((done.status, &done.stream().1["outcome"]), (Some(1), &"cancelled".into()));
    assert!(done.complaint().contains("the recording /dev/full"), "{}", done.stderr);
}

#[test]
fn no_secret_of_the_reply_is_recorded() {
    let server = Upstream::start();
    let file = TempFile::new();
    server.get("/chat?interval_ms=0", &["-H", "Authorization: Bearer geheim", "--record", file.name()]);
    assert!(!file.text().contains("geheim"));
    let head: Value =
        serde_json::from_str(file.text().lines().find(|line| line.contains("response")).unwrap()).unwrap();
    assert_eq!(head["response"]["status"], 200);
}
