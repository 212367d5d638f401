//! Tests of `--record`: a recording plays again, and holds no secret.

use serde_json::Value;
use tidewire_cli::serve::reply_text;

use crate::support::{Run, TempFile, Upstream, each, tidewire};

/// The lines without what depends on chance or pace.
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
fn a_recording_on_standard_output_is_all_that_is_printed() {
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
fn a_file_that_cannot_be_written_is_reported_before_anything_is_sent() {
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
fn an_invalid_request_keeps_an_earlier_recording() {
    let file = TempFile::with("precious");
    assert_eq!(tidewire(["get", "ftp://x", "--record", file.name()]).run().status, Some(2));
    assert_eq!(file.text(), "precious");
    let server = Upstream::start();
    assert_eq!(server.get("/stream?interval_ms=0&events=1", &["--record", file.name()]).status, Some(0));
    assert!(file.text().starts_with('{') && !file.text().contains("precious"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_stops_the_stream_and_is_reported() {
    if !std::fs::exists("/dev/full").unwrap() {
        return;
    }
    let server = Upstream::start();
    let done = server.get("/chat?interval_ms=0", &["--record", "/dev/full"]);
    assert_eq!((done.status, &done.stream().1["outcome"]), (Some(1), &"cancelled".into()));
    assert!(done.complaint().contains("the recording /dev/full"), "{}", done.stderr);
}

#[test]
fn no_secret_is_recorded() {
    let file = TempFile::new();
    let scenario = TempFile::with(concat!(
        r#"{"response":{"status":307,"headers":[["location","/next?a=1&access_token=s3cr3t"],["x-mine","s3cr3t"]]}}"#,
        "\n",
        r#"{"response":{"status":200,"headers":[["content-type","text/event-stream"],["set-cookie","id=s3cr3t"],"#,
        r#"["link","<https://user:s3cr3t@host/?key=s3cr3t>; rel=next"],["x-auth-token","s3cr3t"],["x-kept","yes"]]}}"#,
        "\n",
        r#"{"text":"data: a\n\n"}"#,
        "\n",
    ));
    let server = Upstream::of_file(scenario.path());
    let url = server.url("/?api_key=s3cr3t").replace("http://", "http://user:s3cr3t@");
    let args = [
        "get",
        &url,
        "-H",
        "Authorization: Bearer s3cr3t",
        "-H",
        "X-Mine: s3cr3t",
        "--secret-header",
        "x-mine",
    ];
    let done = tidewire(args.into_iter().chain(["--record", file.name(), "--output", "events"])).run();
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    let recording = file.text();
    assert!(!recording.contains("s3cr3t"), "{recording}");
    assert!(recording.contains(r#"["x-kept","yes"]"#) && recording.contains("rel=next"), "{recording}");
    assert_eq!(Upstream::of_file(file.path()).get("/", &[]).status, Some(0), "it plays again");
}

#[cfg(unix)]
#[test]
fn a_recording_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let server = Upstream::start();
    let file = TempFile::new();
    let options = ["--record", file.name()];
    assert_eq!(server.get("/stream?interval_ms=0&events=1", &options).status, Some(0));
    let mode = std::fs::metadata(file.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{mode:o}");
}
