//! Tests of errors in the arguments and the environment: one line each, which says what to do and holds no secret.

use std::net::TcpListener;

use crate::support::{Run, TempFile, Upstream, each, tidewire};

const SECRET: &str = "sk-geheim-123";

#[test]
fn an_error_in_the_arguments_is_one_line() {
    let marker = "json:PATH=VALUE";
    #[rustfmt::skip]
    let rows: Vec<(&[&str], &str)> = vec![
        (&["get"], "<URL>"),
        (&["frob"], "get, decode or serve"),
        (&["get", "x", "--bogus"], "--help"),
        (&["get", "x", "--outptu", "events"], "--output"),
        (&["get", "x", "--dialect", "openai"], "openai-chat"),
        (&["get", "x", "y"], "quotes"),
        (&["get", "x", "--format", "csv"], "sse, ndjson, json-seq, json-array, concat or text"),
        (&["get", "x", "--output", "csv"], "pretty, events, data or text"),
        (&["get", "x", "--output"], "--output <WHAT>"),
        (&["get", "x", "--resume", "maybe"], "auto, always or never"),
        (&["get", "x", "--end-on", ""], marker),
        (&["get", "x", "--end-on", "json:done"], marker),
        (&["get", "x", "--fail-on", "event:"], marker),
        (&["get", "x", "--heartbeat-on", "json:=1"], marker),
        (&["get", "x", "--end-on", "none", "--end-on", "[DONE]"], "--end-on none"),
        (&["get", "x", "--fail-on", "event:a", "--fail-on", "none"], "--fail-on none"),
        (&["decode", "--heartbeat-on", "event:a", "--heartbeat-on", "none"], "--heartbeat-on none"),
        (&["decode", "--chunk", "0"], "random:SEED"),
        (&["decode", "--chunk", "random:"], "random:SEED"),
        (&["decode", "--chunk", "-1"], "random:SEED"),
        (&["decode", "file.txt"], "tidewire decode < FILE"),
        (&["get", "http://"], "https://host/path"),
        (&["get", ""], "https://host/path"),
        (&["get", "ftp://host/"], "https://host/path"),
        (&["get", "http://user:sk-geheim-123@host:99999/"], "https://host/path"),
        (&["get", "x", "-H", "sk-geheim-123"], "'Name: value'"),
        (&["get", "x", "-H", "Authorization:", "sk-geheim-123"], "'Name: value'"),
        (&["get", "x", "-H", "bad name: sk-geheim-123"], "\"bad name\""),
        (&["get", "x", "-H", "X: sk-geheim-123\u{7}"], "\"X\""),
        (&["get", "x", "-H", "@/no/such/file"], "/no/such/file"),
        (&["get", "x", "-X", "GE T"], "GET, POST"),
        (&["get", "x", "-X", ""], "GET, POST"),
        (&["get", "x", "--json", "{\"key\": sk-geheim-123}"], "-d"),
        (&["get", "x", "--json", "{}", "-d", "a"], "one of them"),
        (&["get", "x", "-d", "@/no/such/file"], "/no/such/file"),
        (&["get", "x", "--json", "@/no/such/file"], "/no/such/file"),
        (&["get", "x", "--idempotent", "--idempotency-key", "sk-geheim-123"], "one of them"),
        (&["get", "x", "--idempotency-key", "sk-geheim-123\n"], "idempotency-key"),
        (&["get", "x", "--timeout", "5s"], "whole number"),
        (&["get", "x", "--timeout", "-5"], "whole number"),
        (&["get", "x", "--max-events", "-1"], "whole number"),
        (&["get", "x", "--max-event-bytes", "1MB"], "whole number"),
        (&["get", "x", "--retry-attempts", "99999999999"], "not in 0..="),
        (&["get", "x", "--timeout", "1", "--timeout", "2"], "once"),
        (&["serve", "--scenario", "nope"], "chat, flaky"),
        (&["serve", "--port", "http"], "whole number"),
        (&["serve", "--port", "65536"], "65535"),
        (&["serve", "--host", "here"], "127.0.0.1"),
        (&["serve", "--tls-cert", "cert.pem"], "--tls-key"),
        (&["serve", "--tls-key", "key.pem"], "--tls-cert"),
        (&["serve", "--cors", "a b"], "http://localhost:5173"),
    ];
    each(
        &rows,
        |row| format!("{:?}", row.0),
        |(args, says)| {
            let done = tidewire(args.iter().copied()).run();
            assert_eq!((done.status, done.text()), (Some(2), ""), "{args:?}: {}", done.stderr);
            assert!(done.complaint().contains(says), "{args:?} should say {says:?}: {}", done.stderr);
            assert!(!done.stderr.contains(SECRET), "{args:?}: {}", done.stderr);
        },
    );
}

#[test]
fn an_error_in_a_scenario_file_names_the_line() {
    let file = TempFile::with("{\"response\":{\"status\":200}}\n{\"txt\":\"a\"}\n");
    let done = tidewire(["serve", "--port", "0", "--scenario", file.name()]).run();
    assert_eq!(done.status, Some(2));
    assert!(done.complaint().contains("line 2"), "{}", done.stderr);
}

#[test]
fn help_and_version() {
    for (args, says) in [
        (&["--help"][..], "Exit status: 0 complete or ended"),
        (&["get", "--help"], "--idle-timeout"),
        (&["get", "-h"], "[default: 300000]"),
        (&["decode", "--help"], "--chunk"),
        (&["serve", "--help"], "[default: 8787]"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
    ] {
        let done = tidewire(args.iter().copied()).run();
        assert_eq!((done.status, &*done.stderr), (Some(0), ""));
        assert!(done.text().contains(says), "{args:?}");
        assert!(done.text().lines().all(|line| line.chars().count() <= 80), "{args:?}");
    }
    let done = tidewire([]).run();
    assert_eq!(done.status, Some(2));
    assert!(done.stderr.contains("Usage: tidewire <COMMAND>"));
}

#[test]
fn an_error_of_the_environment_is_one_line() {
    let server = Upstream::start();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://user:{SECRET}@{}/?key={SECRET}", free.local_addr().unwrap());
    drop(free);
    let tls = format!("https://user:{SECRET}@127.0.0.1:{}/", server.port());
    let unknown = format!("http://user:{SECRET}@nowhere.invalid/");
    let header = format!("Authorization: Bearer {SECRET}");
    let quick = ["--retry-attempts", "0", "--output", "events", "-H", &header];
    for (url, says) in [
        (&closed, "the connection was refused"),
        (&tls, "the server answered, but not with TLS"),
        (&unknown, "cannot be resolved"),
    ] {
        let done = tidewire(["get", url].into_iter().chain(quick)).run();
        assert_eq!(done.status, Some(7), "{}", done.stderr);
        assert_eq!(done.stream().1["outcome"], "unreachable");
        assert!(done.complaint().contains(says), "{}", done.stderr);
        assert!(!done.stderr.contains(SECRET) && !done.text().contains(SECRET));
    }
    let done = tidewire(["serve", "--port", &server.port().to_string()]).run();
    assert_eq!((done.status, done.text()), (Some(7), ""));
    assert!(done.complaint().contains("in use") && done.complaint().contains("--port"), "{}", done.stderr);
    // So is a proxy's password.
    let mut command =
        tidewire(["get", "http://example.invalid/", "--retry-attempts", "0", "--output", "events"]);
    let done = command.env("http_proxy", &closed).run();
    assert_eq!(done.status, Some(7));
    assert!(!done.stderr.contains(SECRET) && !done.text().contains(SECRET), "{}", done.stderr);
}

#[test]
fn a_refusal_and_a_failure_are_one_line() {
    let file = TempFile::with(concat!(
        r#"{"response":{"status":403,"headers":[["content-type","text/plain"]]}}"#,
        "\n",
        r#"{"text":"no\u001b[2J\nway\r\n\u0007"}"#,
        "\n"
    ));
    let done = Upstream::of_file(file.path()).get("/", &[]);
    assert_eq!(done.status, Some(4));
    assert!(done.complaint().contains("403: no [2J;") && !done.stderr.contains('\u{1b}'), "{}", done.stderr);
    let done = Upstream::start().get("/html", &[]);
    assert!(
        done.complaint().contains("text/html") && done.complaint().contains("is the URL right?"),
        "{}",
        done.stderr
    );
    let done = Upstream::start().get("/midstream-error?interval_ms=0", &[]);
    assert!(done.complaint().contains("the model is overloaded"), "{}", done.stderr);
}
