//! Tests of what the options of `get` send.

use std::collections::BTreeMap;

use tidewire_cli::serve::RequestLog;

use crate::support::{Run, TempFile, Upstream, each, tidewire};

const PATH: &str = "/stream?interval_ms=0&events=1";
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

fn sent(options: &[&str], stdin: &str) -> RequestLog {
    let server = Upstream::start();
    let url = server.url(PATH);
    let args = ["get", &url, "--output", "events"].into_iter().chain(options.iter().copied());
    let done = tidewire(args).run_with(stdin.as_bytes());
    assert_eq!(done.status, Some(0), "{options:?}: {}", done.stderr);
    server.log_of(1).remove(0)
}

fn headers(request: &RequestLog) -> BTreeMap<&str, &str> {
    request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[test]
fn method_and_body() {
    let file = TempFile::with("{\n \"a\": 1 }\n");
    let at_file = format!("@{}", file.name());
    let rows: [(&[&str], &str, &str, &str); 14] = [
        (&[], "GET", "", ""),
        (&["-d", "a=1"], "POST", "a=1", FORM),
        (&["-d", "a=1", "-d", "b=2"], "POST", "a=1&b=2", FORM),
        (&["--data", "-1"], "POST", "-1", FORM),
        (&["-d", ""], "POST", "", FORM),
        (&["-d", &at_file], "POST", "{\n \"a\": 1 }\n", FORM),
        (&["-d", "@-"], "POST", "from stdin", FORM),
        (&["--json", "{\"a\": 1}"], "POST", "{\"a\": 1}", JSON),
        (&["--json", &at_file], "POST", "{\n \"a\": 1 }\n", JSON),
        (&["--json", "-1"], "POST", "-1", JSON),
        (&["-d", "<a/>", "-H", "Content-Type: application/xml"], "POST", "<a/>", "application/xml"),
        (&["-X", "PUT", "-d", "a"], "PUT", "a", FORM),
        (&["-X", "POST"], "POST", "", ""),
        (&["-XGET", "-da"], "GET", "a", FORM),
    ];
    each(
        &rows,
        |row| format!("{:?}", row.0),
        |(options, method, body, content_type)| {
            let server = Upstream::start();
            let url = server.url(PATH);
            tidewire(["get", &url].into_iter().chain(options.iter().copied())).run_with(b"from stdin");
            let request = server.log_of(1).remove(0);
            let have = (request.method.as_str(), request.body.as_str());
            assert_eq!(have, (*method, *body), "{options:?}");
            assert_eq!(headers(&request).get("content-type").copied().unwrap_or_default(), *content_type);
        },
    );
    assert_eq!(sent(&["--json", "@-"], "[1]").body, "[1]");
}

#[test]
fn headers_as_given() {
    let file = TempFile::with("X-One: 1\n\nX-Two:2\r\n");
    let at_file = format!("@{}", file.name());
    let request = sent(&["-H", &at_file, "-H", "X-Three: a:b c", "-H", "accept: text/x-mine"], "");
    let have = headers(&request);
    for (name, value) in [("x-one", "1"), ("x-two", "2"), ("x-three", "a:b c"), ("accept", "text/x-mine")] {
        assert_eq!(have.get(name), Some(&value), "{name}");
    }
    // Several values are joined.
    let request = sent(&["-H", "X-List: a", "-H", "x-list: b"], "");
    assert_eq!(headers(&request).get("x-list"), Some(&"a, b"));
    let request = sent(&["-H", "@-"], "X-In: yes\n");
    assert_eq!(headers(&request).get("x-in"), Some(&"yes"));
}

#[test]
fn the_cursor_and_the_idempotency_key() {
    let request = sent(&["--last-event-id", "-7", "--idempotency-key", "order-1", "-d", "x"], "");
    let have = headers(&request);
    assert_eq!((have.get("last-event-id"), have.get("idempotency-key")), (Some(&"-7"), Some(&"order-1")));
    assert!(!headers(&sent(&[], "")).contains_key("last-event-id"));
}

#[test]
fn a_user_and_password_in_the_url_become_a_header() {
    let server = Upstream::start();
    let url = server.url("/auth?interval_ms=0").replace("http://", "http://user:geheim@");
    let done = tidewire(["get", &url, "--output", "events"]).run();
    assert_eq!(done.stream().1["outcome"], "complete", "{}", done.stderr);
    let log = server.log_of(1);
    assert_eq!(headers(&log[0]).get("authorization"), Some(&"present"));
    // But not at another origin.
    let url = server.url("/redirect?interval_ms=0").replace("http://", "http://user:geheim@");
    assert_eq!(tidewire(["get", &url]).run().status, Some(0));
    let log = server.log_of(3);
    assert!(
        headers(&log[1]).contains_key("authorization") && !headers(&log[2]).contains_key("authorization")
    );
}

#[test]
fn the_scheme_may_be_left_out() {
    let server = Upstream::start();
    for path in ["/chat?interval_ms=0", "/chat?interval_ms=0&to=http://elsewhere/"] {
        let url = format!("localhost:{}{path}", server.port());
        let url = url.replace("localhost", "127.0.0.1");
        assert_eq!(tidewire(["get", &url]).run().status, Some(0), "{url}");
    }
}
