//! Tests of what stops the command before its stream ends: signals, and standard output that cannot be written to.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Process, Run, Upstream, tidewire};

#[cfg(unix)]
#[test]
fn a_signal_cancels() {
    for signal in ["INT", "TERM"] {
        for path in ["/sse?interval_ms=20", "/stall?interval_ms=0"] {
            let server = Upstream::start();
            let mut process = Process::spawn(&mut tidewire(["get", &server.url(path), "--output", "events"]));
            process.line();
            let sent = Instant::now();
            process.signal(signal);
            let done = process.finish();
            assert!(sent.elapsed() < Duration::from_secs(1), "{:?}", sent.elapsed());
            assert_eq!(done.stream().1["outcome"], "cancelled");
            assert_eq!((done.status, done.complaint()), (Some(130), "cancelled"), "{signal} {path}");
            let log = server.log_of(1);
            assert_eq!(log.len(), 1, "it is not sent again");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_signal_cancels_while_it_waits_to_connect_again() {
    let server = Upstream::start();
    let url = server.url("/hangup");
    let args = ["get", &url, "--output", "events", "--retry-delay", "60000", "--retry-attempts", "9"];
    let mut process = Process::spawn(&mut tidewire(args));
    assert!(process.line().contains("attempt"));
    process.signal("INT");
    let done = process.finish();
    assert_eq!((done.status, &done.stream().1["outcome"]), (Some(130), &"cancelled".into()));
}

#[cfg(unix)]
#[test]
fn a_signal_ends_decode_with_an_end_line() {
    let mut process = Process::spawn(tidewire(["decode"]).stdin(Stdio::piped()));
    process.write(b"data: a\n\n");
    process.line();
    // Standard input stays open.
    let sent = Instant::now();
    process.signal("INT");
    assert!(process.line().contains(r#""outcome":"cancelled","events":1"#));
    assert!(sent.elapsed() < Duration::from_secs(1), "{:?}", sent.elapsed());
    assert_eq!(process.finish().status, Some(130));
}

#[cfg(unix)]
#[test]
fn pretty_says_cancelled_once() {
    let server = Upstream::start();
    let mut process = Process::spawn(&mut tidewire(["get", &server.url("/sse?interval_ms=20")]));
    process.line();
    process.signal("INT");
    let done = process.finish();
    assert_eq!((done.status, done.stderr.matches("cancelled").count()), (Some(130), 1), "{}", done.stderr);
}

/// Nothing reads its output, so it is blocked inside a write.
#[cfg(unix)]
#[test]
fn a_signal_ends_a_command_that_cannot_print() {
    let server = Upstream::start();
    let mut command = tidewire(["get", &server.url("/endless"), "--output", "events"]);
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let pipe = child.stdout.take();
    let mut process = Process::adopt(child);
    std::thread::sleep(Duration::from_millis(500));
    let sent = Instant::now();
    process.signal("INT");
    let status = process.wait();
    assert!(sent.elapsed() < Duration::from_secs(1), "{:?}", sent.elapsed());
    assert_eq!(status, Some(130));
    drop(pipe);
}

/// As with `| head -1`.
#[test]
fn it_ends_quietly_when_its_reader_goes() {
    let server = Upstream::start();
    // The first has more to write. The second is silent, so that only watching the pipe shows it.
    let silent = server.url("/stall?interval_ms=0");
    let busy = server.url("/sse?interval_ms=20");
    let mut rows = vec![
        vec!["get", &busy, "--output", "events"],
        vec!["get", &busy, "--output", "data"],
        vec!["get", &busy],
    ];
    if cfg!(target_os = "linux") {
        rows.push(vec!["get", &silent, "--output", "events"]);
        rows.push(vec!["decode"]);
    }
    for args in rows {
        let mut command = tidewire(args.iter().copied());
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take();
        if args[0] == "decode" {
            use std::io::Write;
            stdin.as_ref().unwrap().write_all(b"data: a\n\n").unwrap();
        }
        let mut pipe = child.stdout.take().unwrap();
        let mut byte = [0];
        std::io::Read::read_exact(&mut pipe, &mut byte).unwrap();
        drop(pipe);
        // Its standard input stays open.
        let mut process = Process::adopt(child);
        let gone = Instant::now();
        let status = process.wait();
        assert!(gone.elapsed() < Duration::from_secs(2), "{args:?}: {:?}", gone.elapsed());
        drop(stdin);
        let done = process.finish();
        assert_eq!((status, &*done.stderr), (Some(130), ""), "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported_in_one_line() {
    if !std::fs::exists("/dev/full").unwrap() {
        return;
    }
    let server = Upstream::start();
    let url = server.url("/chat?interval_ms=0");
    for output in ["events", "data", "text"] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let done = tidewire(["get", &url, "--output", output]).stdout(full).run();
        assert_eq!(done.status, Some(1), "{}", done.stderr);
        assert!(done.complaint().starts_with("cannot write to standard output: "), "{}", done.stderr);
    }
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let done = tidewire(["decode"]).stdout(full).run_with(b"data: a\n\n");
    assert_eq!(done.status, Some(1), "{}", done.stderr);
    assert!(done.complaint().starts_with("cannot write to standard output: "), "{}", done.stderr);
}
