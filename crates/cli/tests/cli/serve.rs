//! Tests of the `serve` command: its log on standard output, and what a request may cost.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{PATIENCE, Process, Run as _, TempFile, listening, tidewire};

fn start(options: &[&str]) -> (Process, String) {
    let mut server =
        Process::spawn(&mut tidewire(["serve", "--port", "0"].into_iter().chain(options.iter().copied())));
    let url = listening(&server.line());
    (server, url.strip_prefix("http://").unwrap().to_owned())
}

/// Sends a GET, and leaves the response unread.
fn ask(address: &str, path: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).unwrap();
    socket
}

fn answer(address: &str, path: &str) -> String {
    let mut answer = Vec::new();
    ask(address, path).read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn every_line_of_standard_output_is_json() {
    let (mut server, address) = start(&[]);
    assert!(answer(&address, "/gone").starts_with("HTTP/1.1 204"));
    assert!(answer(&address, "/nothing").starts_with("HTTP/1.1 404"));
    let lines: Vec<Value> = (0..4).map(|_| serde_json::from_str(&server.line()).unwrap()).collect();
    let kinds: Vec<_> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["request", "response", "request", "response"]);
    #[cfg(unix)]
    {
        server.signal("INT");
        let done = server.finish();
        assert_eq!((done.status, done.text(), &*done.stderr), (Some(0), "", ""));
    }
}

#[test]
fn names_of_the_server_are_its_own_or_allowed() {
    let (_server, address) = start(&["--allow-host", "upstream", "--allow-host", "other.test"]);
    for (host, status) in
        [("localhost", 204), ("upstream:8787", 204), ("other.test", 204), ("evil.test", 403)]
    {
        let mut socket = TcpStream::connect(&address).unwrap();
        let head = format!("GET /gone HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        socket.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{host}: {answer}");
    }
}

#[test]
fn a_certificate_makes_it_https() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate =
        rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let (certificate, key) = (TempFile::with(&certificate.pem()), TempFile::with(&key.serialize_pem()));
    let options =
        |certificate, key| tidewire(["serve", "--port", "0", "--tls-cert", certificate, "--tls-key", key]);
    let mut server = Process::spawn(&mut options(certificate.name(), key.name()));
    let url = listening(&server.line());
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    for (certificate, key, said) in [
        ("missing.pem", key.name(), "cannot read missing.pem"),
        (certificate.name(), "missing.pem", "cannot read missing.pem"),
        (key.name(), key.name(), "--tls-cert takes a PEM file"),
        (certificate.name(), certificate.name(), "--tls-key takes a PEM file"),
    ] {
        let done = options(certificate, key).run();
        assert_eq!(done.status, Some(7));
        assert!(done.complaint().contains(said), "{}", done.complaint());
    }
}

/// Responses of the largest size that nobody reads: they take no memory, and others are answered meanwhile.
#[cfg(target_os = "linux")]
#[test]
fn a_response_is_made_as_it_is_read() {
    let (server, address) = start(&[]);
    let most = "interval_ms=0&events=1000000";
    let unread: Vec<TcpStream> = [
        "/bigfinal?interval_ms=0&bytes=1073741824".to_owned(),
        "/endless?bytes=18446744073709551615".to_owned(),
        format!("/chat?{most}"),
        format!("/flaky?{most}"),
        format!("/truncate?{most}"),
        format!("/text?{most}"),
        format!("/plain?{most}"),
        format!("/jsonarray?{most}"),
        format!("/split?{most}"),
        "/bigfinal?interval_ms=0&bytes=1073741824&encoding=gzip".to_owned(),
        "/llm?dialect=openai-responses&interval_ms=0&events=100000".to_owned(),
    ]
    .iter()
    .flat_map(|path| [ask(&address, path), ask(&address, path)])
    .collect();
    std::thread::sleep(Duration::from_millis(500));
    let asked = Instant::now();
    assert!(answer(&address, "/gone").starts_with("HTTP/1.1 204"));
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak_kb: u64 = peak.trim().split(' ').next().unwrap().parse().unwrap();
    assert!(peak_kb < 150_000, "{peak_kb} kB");
    drop(unread);
}

/// The log is kept, and printed, within limits.
#[cfg(unix)]
#[test]
fn a_reader_that_does_not_take_the_log_holds_nothing_up() {
    let mut command = tidewire(["serve", "--port", "0"]);
    let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut first = Vec::new();
    let mut byte = [0];
    while byte != *b"\n" {
        stdout.read_exact(&mut byte).unwrap();
        first.push(byte[0]);
    }
    let address = listening(std::str::from_utf8(&first).unwrap()).strip_prefix("http://").unwrap().to_owned();
    let mut process = Process::adopt(child);
    // More than the pipe and the queue hold; nobody reads them.
    for _ in 0..1_500 {
        assert!(answer(&address, "/gone").starts_with("HTTP/1.1 204"));
    }
    process.signal("INT");
    assert_eq!(process.wait(), Some(0));
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    let whole: Vec<&str> = rest.lines().filter(|line| line.ends_with('}')).collect();
    assert!(whole.len() > 10, "{} lines", whole.len());
    for line in whole {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    }
}
