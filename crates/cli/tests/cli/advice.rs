//! Tests of the advice in errors: what is advised does what was asked for, and nothing else is advised.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::support::{Done, Run, TempFile, Upstream, each, tidewire};

/// The options that a line names.
fn options(line: &str) -> Vec<&str> {
    line.split(|c: char| c.is_whitespace() || ";,:()".contains(c))
        .filter(|word| word.starts_with("--"))
        .collect()
}

#[test]
fn an_unknown_option_is_replaced_only_by_one_that_does_the_same() {
    let rows: [(&str, &[&str]); 26] = [
        // Typing errors.
        ("--outptu", &["--output"]),
        ("--formt", &["--format"]),
        ("--heder", &["--header"]),
        ("--idle-timout", &["--idle-timeout"]),
        ("--max-event-byte", &["--max-event-bytes"]),
        ("--lastevent-id", &["--last-event-id"]),
        // Options of curl that have another name here.
        ("--max-time", &["--timeout"]),
        ("-m", &["--timeout"]),
        ("--retry", &["--retry-attempts"]),
        // Options of curl that need nothing here, or that do not exist.
        ("--compressed", &[]),
        ("--location", &[]),
        ("--no-buffer", &[]),
        ("--fail", &[]),
        ("--form", &["--help"]),
        ("--head", &[]),
        ("--cert", &["--help"]),
        ("--insecure", &["--help"]),
        ("--proxy", &["--help"]),
        ("--resolve", &["--help"]),
        ("--request-target", &["--help"]),
        ("--limit-rate", &["--help"]),
        ("--connect-to", &["--help"]),
        ("--speed-time", &["--help"]),
        // Merely similar.
        ("--records", &["--record"]),
        ("--timeout-ms", &["--help"]),
        ("--reconnect", &["--help"]),
    ];
    each(
        &rows,
        |row| row.0.to_owned(),
        |(option, advised)| {
            let done = tidewire(["get", "http://127.0.0.1:1/", option]).run();
            assert_eq!(done.status, Some(2), "{}", done.stderr);
            let named: Vec<_> =
                options(done.complaint()).into_iter().filter(|named| named != option).collect();
            assert_eq!(named, *advised, "{}", done.stderr);
        },
    );
}

#[test]
fn other_commands_are_not_advised_options_of_get() {
    for command in ["decode", "serve"] {
        for option in ["--max-time", "--retry", "-m", "--compressed"] {
            let done = tidewire([command, option]).run();
            let named: Vec<_> =
                options(done.complaint()).into_iter().filter(|named| named != &option).collect();
            assert_eq!((done.status, named), (Some(2), vec!["--help"]), "{}", done.stderr);
        }
    }
}

/// A server that sends these bytes to each connection and closes it.
fn raw_server(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(mut socket) = socket else { return };
            let _ = socket.read(&mut [0; 4096]);
            let _ = socket.write_all(answer);
        }
    });
    url
}

fn get(url: &str, more: &[&str]) -> Done {
    let args = ["get", url, "--retry-delay", "1", "--retry-attempts", "1", "--output", "data"];
    tidewire(args.into_iter().chain(more.iter().copied())).run()
}

const IS_IT_RUNNING: &str = "is the server running";

#[test]
fn whether_the_server_runs_is_asked_only_if_nothing_answered() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    for url in [closed.as_str(), "http://nowhere.invalid/"] {
        let done = get(url, &[]);
        assert_eq!(done.status, Some(7));
        assert!(done.complaint().contains(IS_IT_RUNNING), "{}", done.stderr);
    }
    let answers: [&[u8]; 7] = [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\ndata",
    ];
    each(
        &answers,
        |answer| String::from_utf8_lossy(answer).into_owned(),
        |answer| {
            let done = get(&raw_server(answer), &[]);
            assert!(matches!(done.status, Some(7 | 3)), "{}", done.stderr);
            assert!(!done.complaint().contains(IS_IT_RUNNING), "{}", done.stderr);
            assert!(!done.complaint().contains("could not be reached"), "{}", done.stderr);
        },
    );
    // TLS that speaks no TLS is a server that runs.
    let url = raw_server(b"HTTP/1.1 400 Bad Request\r\n\r\n").replace("http", "https");
    let done = get(&url, &[]);
    assert!(!done.complaint().contains(IS_IT_RUNNING), "{}", done.stderr);
}

#[test]
fn advice_on_a_truncated_stream_continues_it() {
    let server = Upstream::start();
    let cut = "/notify?interval_ms=0&cut_at=250&cuts=2&key=";
    let path = |key: &str| server.url(&format!("{cut}{key}"));
    let post = ["-X", "POST"];
    // A POST is not repeated by itself.
    let done = get(&path("post"), &post);
    assert_eq!(done.status, Some(3), "{}", done.stderr);
    assert_eq!(options(done.complaint()), ["--resume"], "{}", done.stderr);
    let args = ["get", &path("always"), "-X", "POST", "--resume", "always", "--retry-delay", "1"];
    assert_eq!(tidewire(args).run().status, Some(0));
    // A user who refuses to resume is not told to.
    let done = get(&path("never"), &["--resume", "never"]);
    assert_eq!(options(done.complaint()), ["--last-event-id"], "{}", done.stderr);
    let id =
        done.complaint().split_whitespace().skip_while(|word| *word != "--last-event-id").nth(1).unwrap();
    let rest = get(&server.url("/notify?interval_ms=0"), &["--last-event-id", id]);
    assert_eq!(done.text().to_owned() + rest.text(), get(&server.url("/notify?interval_ms=0"), &[]).text());
    // An id that a shell would take apart is not pasted into the line.
    let file = TempFile::with(concat!(
        r#"{"response":{"status":200,"headers":[["content-type","text/event-stream"]]}}"#,
        "\n",
        r#"{"text":"id: $(x) ;\ndata: a\n\n"}"#,
        "\n",
        r#"{"cut":true}"#,
        "\n"
    ));
    let done = get(&Upstream::of_file(file.path()).url("/"), &["--resume", "never"]);
    assert!(!done.stderr.contains("$(x)") && done.stderr.contains("--last-event-id with"), "{}", done.stderr);
    // Neither helps without an id, nor with a dialect's message.
    for options_given in [&["-X", "POST"][..], &["--dialect", "openai-chat"]] {
        let done = get(&server.url("/chat?interval_ms=0&cut_at=900"), options_given);
        assert_eq!((done.status, options(done.complaint())), (Some(3), vec![]), "{}", done.stderr);
    }
}

#[test]
fn a_response_that_was_continued_at_a_relay_is_not_advised_to_be_continued() {
    let body = "id: 1\ndata: a\n\n";
    for (relay, advised) in [("tidewire-stream: 7\r\nlocation: /streams/7\r\n", false), ("", true)] {
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{relay}content-length: 99\r\n\r\n{body}"
        );
        let url = raw_server(answer.leak().as_bytes());
        let done = get(&url, &["--json", "{}"]);
        let complaint = done.complaint();
        assert_eq!(done.status, Some(3), "{complaint}");
        assert_eq!(complaint.contains("--resume always"), advised, "{complaint}");
        assert_eq!(complaint.contains("what arrived is not all of it"), !advised, "{complaint}");
    }
}

#[test]
fn advice_on_a_refusal() {
    let server = Upstream::start();
    let says = |path: &str, more: &[&str]| {
        let done = get(&server.url(path), more);
        assert_eq!(done.status, Some(4), "{}", done.stderr);
        done.complaint().to_owned()
    };
    let line = says("/auth", &[]);
    assert!(line.contains("does it want a header like -H 'Authorization: Bearer …'?"), "{line}");
    for credentials in ["Authorization: Bearer t", "X-Api-Key: t", "Cookie: t"] {
        let line = says("/status?status=401", &["-H", credentials]);
        assert!(line.contains("are the credentials right?"), "{line}");
    }
    let line = says("/status?status=403&api_key=t", &[]);
    assert!(line.contains("are the credentials right?"), "{line}");
    let line = says("/html", &[]);
    assert!(line.contains("is the URL right?") && options(&line) == ["--format"], "{line}");
    assert!(get(&server.url("/html"), &["--format", "text"]).text().contains("<h1>Sign in"));
    assert!(!line.contains("<html>"), "{line}");
    let line = says("/status?status=404", &[]);
    assert!(line.contains("404") && options(&line).is_empty(), "{line}");

    let file = TempFile::with(concat!(
        r#"{"response":{"status":200,"headers":[["content-type","application/octet-stream"]]}}"#,
        "\n",
        r#"{"text":"data: a\n\n"}"#,
        "\n"
    ));
    let server = Upstream::of_file(file.path());
    let done = get(&server.url("/"), &[]);
    assert_eq!(options(done.complaint()), ["--format"], "{}", done.stderr);
    assert_eq!(get(&server.url("/"), &["--format", "sse"]).text(), "a\n");
}

#[test]
fn a_refusal_gives_the_servers_reason() {
    let rows = [
        (r#"{"error":{"type":"x","message":"invalid\n api key"}}"#, "invalid api key"),
        (r#"{"error":"no such model"}"#, "no such model"),
        (r#"{"message":"slow down","code":5}"#, "slow down"),
        (r#"{"detail":"Not Found"}"#, "Not Found"),
        (r#"{"errors":[{"message":"first"},{"message":"second"}]}"#, "first"),
        (r#"{"error":"invalid_grant","error_description":"expired"}"#, "expired"),
        ("plain text", "plain text"),
    ];
    for (body, reason) in rows {
        let head = r#"{"response":{"status":400,"headers":[["content-type","application/json"]]}}"#;
        let file = TempFile::with(&format!("{head}\n{}\n", serde_json::json!({ "text": body })));
        let done = get(&Upstream::of_file(file.path()).url("/"), &[]);
        let want = format!("refused with status 400: {reason}");
        assert!(done.complaint().ends_with(&want), "{body}: {}", done.stderr);
    }
}
