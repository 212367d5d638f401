//! Which requests are sent, how often, and with which headers, body and cursor.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidewire::{
    AttemptRequest, Client, CursorTo, Error, Format, Outcome, Reason, Request, RequestBuilderExt, Resume,
};
use tidewire_tests::raw::{Act, RawServer, chunk, reply};
use tidewire_tests::{ids, requests, take, upstream, within};

const CHUNKED: &str = "content-type: text/event-stream\r\ntransfer-encoding: chunked";
const SOON: Duration = Duration::from_millis(1);

/// A chunked body that breaks off without its last chunk.
fn broken(body: &[u8]) -> Vec<Act> {
    vec![reply(CHUNKED, &chunk(body))]
}

fn whole(body: &[u8]) -> Vec<Act> {
    let mut bytes = chunk(body);
    bytes.extend_from_slice(b"0\r\n\r\n");
    vec![reply(CHUNKED, &bytes)]
}

#[tokio::test]
async fn resets_and_wrong_lengths_are_breaks() {
    let event = b"data: one\n\n";
    let scripts = [
        broken(event),
        vec![reply(CHUNKED, &chunk(event)), Act::Wait(Duration::from_millis(30)), Act::Reset],
        vec![reply("content-type: text/event-stream\r\ncontent-length: 100", event)],
        vec![reply(CHUNKED, b"b\r\ndata: one\n\n\r\nzz\r\n")],
    ];
    for script in scripts {
        let server = RawServer::start(vec![script.clone()]).await;
        let taken = take(&mut Client::new().post(server.url("/")).body("x").events()).await;
        assert_eq!((taken.outcome, taken.items.len()), (Some(Outcome::Truncated), 1), "{script:?}");
        assert_eq!(server.seen().len(), 1);
    }
    // If only the close of the connection delimits the body, a cut between records cannot be detected.
    let server = RawServer::start(vec![vec![reply("content-type: text/event-stream", event)]]).await;
    let taken = take(&mut Client::new().post(server.url("/")).body("x").events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Ended));
}

#[tokio::test]
async fn a_connection_that_breaks_before_a_head_is_retried_only_if_idempotent() {
    let scripts = || vec![vec![Act::Reset], vec![], whole(b"data: one\n\ndata: [DONE]\n\n")];
    let server = RawServer::start(scripts()).await;
    let taken = take(&mut Client::new().get(server.url("/")).retry_delay(SOON).events()).await;
    assert_eq!((taken.outcome, server.seen().len()), (Some(Outcome::Complete), 3));
    let server = RawServer::start(scripts()).await;
    let taken = take(&mut Client::new().post(server.url("/")).body("x").retry_delay(SOON).events()).await;
    assert_eq!((taken.outcome, server.seen().len()), (Some(Outcome::Unreachable), 1));
}

#[tokio::test]
async fn attempts_are_bounded_and_each_is_reported() {
    let reported = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&reported);
    let request = Client::new().post("http://127.0.0.1:1/").body("x").retry_delay(SOON).retry_attempts(2);
    let mut events = request
        .on_attempt(move |attempt| {
            let refused = attempt.error.as_ref().is_some_and(|error| error.contains("refused"));
            noted.lock().expect("a lock").push((attempt.number, attempt.reason, refused));
        })
        .events();
    let taken = take(&mut events).await;
    assert_eq!((taken.outcome, events.stats().attempts), (Some(Outcome::Unreachable), 3));
    let reported = reported.lock().expect("a lock").clone();
    assert_eq!(
        reported,
        [(1, None, false), (2, Some(Reason::Connect), true), (3, Some(Reason::Connect), true)]
    );
    let error = taken.error.expect("an error").to_string();
    assert!(error.contains("refused"), "{error}");
}

#[tokio::test]
async fn a_name_that_does_not_resolve_and_a_port_without_tls_say_so() {
    let server = upstream().await;
    let rows = [
        ("http://does-not-exist.invalid/".to_owned(), "cannot be resolved"),
        (server.url("/chat").replace("http:", "https:"), "TLS"),
    ];
    for (url, says) in rows {
        let taken = take(&mut Client::new().get(url).retry_attempts(0).events()).await;
        let error = taken.error.expect("an error").to_string();
        assert_eq!(taken.outcome, Some(Outcome::Unreachable));
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_body_that_can_be_read_only_once_is_sent_once() {
    let server = upstream().await;
    let body = || reqwest::Body::from("once");
    let once = |url: String| {
        Client::new().post(url).body_once(reqwest::Body::wrap(body())).idempotent().retry_delay(SOON)
    };
    let taken = take(&mut once(server.url("/flaky?interval_ms=0")).events()).await;
    assert_eq!((taken.outcome, requests(&server.log(), "/flaky").len()), (Some(Outcome::Truncated), 1));
    assert_eq!(server.log()[0].body, "once");
    let taken = take(&mut once(server.url("/busy")).events()).await;
    assert!(matches!(taken.outcome, Some(Outcome::Refused { status: 429, .. })));
    // A resume function makes a request without that body.
    server.clear_log();
    let elsewhere = once(server.url("/flaky?interval_ms=0")).resume_with(|cursor, request| {
        request.set_method("GET".parse().expect("a method"));
        request.clear_body();
        request.set_header("last-event-id", cursor)
    });
    let taken = take(&mut elsewhere.events()).await;
    let log = server.log();
    assert_eq!(
        (taken.outcome, log[0].method.as_str(), log[1].method.as_str()),
        (Some(Outcome::Complete), "POST", "GET")
    );
}

#[tokio::test]
async fn each_attempt_can_have_its_own_url_headers_and_body() {
    let server = upstream().await;
    let tokens = Arc::new(AtomicU32::new(0));
    let request = Client::new()
        .post(server.url("/flaky?interval_ms=0"))
        .idempotent()
        .retry_delay(SOON)
        .header_with("x-attempt", |request| request.attempt().number.to_string())
        .url_with(|request| format!("/flaky?interval_ms=0&attempt={}", request.attempt().number))
        .body_with(|request| format!("body {}", request.attempt().number))
        .prepare_async(move |mut request| {
            let token = tokens.fetch_add(1, Ordering::Relaxed);
            async move {
                tokio::time::sleep(SOON).await;
                request.set_header("x-fresh", &format!("token-of-{token}")).map(|()| request)
            }
        });
    let taken = take(&mut request.events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Complete));
    for (index, request) in server.log().iter().enumerate() {
        let number = index + 1;
        assert_eq!(request.headers["x-attempt"], number.to_string());
        assert!(request.path.ends_with(&format!("attempt={number}")));
        assert_eq!(request.body, format!("body {number}"));
        assert!(request.headers.contains_key("x-fresh"));
    }
}

/// A resuming request without a body has no headers of a body; one with another body has that body's length.
#[tokio::test]
async fn content_headers_match_the_body_that_is_sent() {
    type Change = fn(&mut AttemptRequest);
    let rows: [(&str, Change); 2] = [
        ("GET", |request| {
            request.set_method(reqwest::Method::GET);
            request.clear_body();
        }),
        ("POST", |request| request.set_body("longer")),
    ];
    for (method, change) in rows {
        let first = broken(b"id: 1\ndata: one\n\n");
        let server = RawServer::start(vec![first, whole(b"data: [DONE]\n\n")]).await;
        let headers = ["content-type", "content-encoding", "content-language", "content-location"];
        let request = Client::new().post(server.url("/")).body("{}").header("content-length", "2");
        let request = headers.iter().fold(request, |request, name| request.header(name, "x"));
        let request = request.retry_delay(SOON).resume_with(move |_, request| {
            change(request);
            Ok(())
        });
        let taken = take(&mut request.events()).await;
        assert_eq!(taken.outcome, Some(Outcome::Complete));
        let [first, second] = [0, 1].map(|request: usize| server.seen()[request].request.clone());
        assert!(first.contains("content-length: 2\r\n"), "{first}");
        match method {
            "GET" => assert!(!second.contains("content-"), "{second}"),
            _ => assert!(second.contains("content-length: 6\r\n") && second.ends_with("longer"), "{second}"),
        }
    }
}

#[tokio::test]
async fn a_cursor_from_a_record_goes_into_query_header_or_body() {
    let first = broken(b"data: {\"seq\":7}\n\ndata: {\"seq\":8}\n\n");
    let second = whole(b"data: {\"seq\":9}\n\ndata: [DONE]\n\n");
    let rows = [
        (CursorTo::Query("since".to_owned()), "GET /?a=b&since=8 "),
        (CursorTo::Header("x-since".to_owned()), "x-since: 8\r\n"),
        (CursorTo::Body("starting_after".to_owned()), "\"starting_after\":8"),
    ];
    for (to, expected) in rows {
        let server = RawServer::start(vec![first.clone(), second.clone()]).await;
        let request = match to {
            CursorTo::Body(_) => Client::new()
                .post(server.url("/?a=b"))
                .json(&serde_json::json!({ "model": "m" }))
                .idempotent(),
            _ => Client::new().get(server.url("/?a=b")),
        };
        let taken =
            take(&mut request.cursor("seq", to).retry_delay(SOON).records::<serde_json::Value>()).await;
        assert_eq!((taken.outcome, taken.items.len()), (Some(Outcome::Complete), 3));
        let seen = server.seen();
        assert!(!seen[0].request.contains(expected), "{}", seen[0].request);
        assert!(seen[1].request.contains(expected), "{}", seen[1].request);
    }
}

#[tokio::test]
async fn an_id_that_cannot_be_a_header_is_not_a_cursor() {
    let server = RawServer::start(vec![broken(b"id: a\x01b\ndata: one\n\n"), whole(b"data: two\n\n")]).await;
    let taken = take(&mut Client::new().get(server.url("/")).retry_delay(SOON).events()).await;
    assert_eq!((taken.outcome, taken.items.len(), server.seen().len()), (Some(Outcome::Truncated), 1, 1));
}

#[tokio::test]
async fn a_cursor_in_the_body_is_unchanged_and_so_is_the_rest() {
    let numbers = ["7", "1700000000.123456789", "12345678901234567890123", "\"42\""];
    // A stored cursor has no JSON type.
    let rows = numbers.map(|seq| (None, seq, seq)).into_iter();
    for (stored, seq, want) in rows.chain([(Some("8"), "null", "8"), (Some("8a"), "null", "\"8a\"")]) {
        let first = broken(format!("data: {{\"seq\":{seq}}}\n\n").as_bytes());
        let server = RawServer::start(vec![first, whole(b"data: [DONE]\n\n")]).await;
        let request =
            Client::new().post(server.url("/")).body(r#"{"z":1,"n":12345678901234567890123,"a":2}"#);
        let request = request.cursor("seq", CursorTo::Body("after".to_owned())).resume(Resume::Always);
        let request = match stored {
            Some(id) => request.last_event_id(id),
            None => request,
        };
        take(&mut request.retry_delay(SOON).events()).await;
        let body = format!(r#"{{"z":1,"n":12345678901234567890123,"a":2,"after":{want}}}"#);
        let seen = server.seen();
        assert!(seen[1].request.ends_with(&body), "{}", seen[1].request);
    }
}

/// A redirect to another origin drops the cursor. The response there starts from the beginning and must not be taken for a resumed one.
#[tokio::test]
async fn a_response_without_the_cursor_is_not_taken_for_a_resumed_one() {
    type Row =
        (fn(Request) -> Request, &'static str, &'static [&'static str], &'static [Option<&'static str>]);
    let rows: [Row; 3] = [
        (|request| request, "truncated", &["1"], &[]),
        (Request::follow, "complete", &["1", "1", "2"], &[Some("1")]),
        (|request| request.retry_attempts(0).last_event_id("0"), "truncated", &["1"], &[Some("0")]),
    ];
    for (of, want, data, gaps) in rows {
        let other = RawServer::start(vec![
            broken(b"id: 1\ndata: 1\n\n"),
            whole(b"id: 1\ndata: 1\n\nid: 2\ndata: 2\n\ndata: [DONE]\n\n"),
        ])
        .await;
        let moved =
            format!("HTTP/1.1 307 Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", other.url("/"));
        let server = RawServer::start(vec![vec![Act::Send(moved.into())]]).await;
        let reported = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&reported);
        let request = of(Client::new().get(server.url("/")).retry_delay(SOON));
        let request =
            request.on_gap(move |after| noted.lock().expect("a lock").push(after.map(str::to_owned)));
        let taken = take(&mut request.events()).await;
        let items: Vec<&str> = taken.items.iter().map(|event| &*event.data).collect();
        assert_eq!((taken.outcome.map(|outcome| outcome.code()), &*items), (Some(want), data));
        let reported = reported.lock().expect("a lock");
        assert_eq!(reported.iter().map(Option::as_deref).collect::<Vec<_>>(), gaps);
    }
}

/// A cursor that the server sent is not the caller's fault.
#[tokio::test]
async fn a_cursor_from_a_record_that_cannot_be_a_header_is_not_used() {
    let rows = [
        (r#"{"seq":"a\nb"}"#, CursorTo::Header("x-since".to_owned()), Outcome::Truncated, 1),
        (r#"{"seq":"a\nb"}"#, CursorTo::Query("since".to_owned()), Outcome::Complete, 2),
        (r#"{"seq":"ab"}"#, CursorTo::Header("x-since".to_owned()), Outcome::Complete, 2),
    ];
    for (record, to, outcome, requests) in rows {
        let first = broken(format!("data: {record}\n\n").as_bytes());
        let server = RawServer::start(vec![first, whole(b"data: [DONE]\n\n")]).await;
        let request = Client::new().get(server.url("/")).cursor("seq", to.clone()).retry_delay(SOON);
        let taken = take(&mut request.events()).await;
        assert_eq!((taken.outcome, server.seen().len()), (Some(outcome), requests), "{record} {to:?}");
    }
}

#[tokio::test]
async fn a_hole_in_ordered_ids_and_a_gap_without_cursor_are_reported() {
    let gaps = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&gaps);
    let server = RawServer::start(vec![
        broken(b"id: e-1\ndata: a\n\nid: e-2\ndata: b\n\n"),
        whole(b"id: e-5\ndata: c\n\ndata: [DONE]\n\n"),
    ])
    .await;
    let request = Client::new().get(server.url("/")).retry_delay(SOON);
    let taken = take(
        &mut request
            .on_gap(move |after| noted.lock().expect("a lock").push(after.map(str::to_owned)))
            .events(),
    )
    .await;
    assert_eq!((taken.outcome, ids(&taken.items)), (Some(Outcome::Complete), vec!["e-1", "e-2", "e-5"]));
    assert_eq!(*gaps.lock().expect("a lock"), [Some("e-2".to_owned())]);
    let gaps = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&gaps);
    let server = RawServer::start(vec![broken(b"data: a\n\n"), whole(b"data: b\n\ndata: [DONE]\n\n")]).await;
    let request = Client::new().get(server.url("/")).follow().retry_delay(SOON);
    let taken = take(
        &mut request
            .on_gap(move |after| noted.lock().expect("a lock").push(after.map(str::to_owned)))
            .events(),
    )
    .await;
    assert_eq!((taken.outcome, taken.items.len()), (Some(Outcome::Complete), 2));
    assert_eq!(*gaps.lock().expect("a lock"), [None]);
}

#[tokio::test]
async fn the_callers_own_client_keeps_its_settings() {
    let server = upstream().await;
    let own = reqwest::Client::builder()
        .user_agent("mine/1")
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client");
    let taken = take(&mut own.get(server.url("/redirect")).events()).await;
    assert!(matches!(taken.outcome, Some(Outcome::Refused { status: 307, .. })), "its redirect policy holds");
    let body =
        own.post(server.url("/flaky?interval_ms=0")).body("again").streaming().idempotent().retry_delay(SOON);
    let taken = take(&mut body.events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Complete));
    assert!(server.log().iter().all(|request| request.headers["user-agent"] == "mine/1"));
    assert!(requests(&server.log(), "/flaky").iter().all(|request| request.body == "again"));
}

#[tokio::test]
async fn the_connection_of_a_complete_stream_is_used_again() {
    let done = || whole(b"data: one\n\ndata: [DONE]\n\n");
    // The end of the body arrives on its own, a little later.
    let late = || {
        let marker = chunk(b"data: one\n\ndata: [DONE]\n\n");
        vec![reply(CHUNKED, &marker), Act::Wait(Duration::from_millis(2)), Act::Send(b"0\r\n\r\n".to_vec())]
    };
    let script = [done(), vec![Act::NextRequest], late(), vec![Act::NextRequest], done()].concat();
    let server = RawServer::start(vec![script]).await;
    let client = Client::new();
    for _ in 0..3 {
        let taken = take(&mut client.post(server.url("/")).body("x").events()).await;
        assert_eq!(taken.outcome, Some(Outcome::Complete));
        // Another task returns the connection to the pool; until then, a request would open a new one.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((server.seen().len(), server.connections()), (3, 1));
    // The client does not wait for a server that leaves the body open.
    let server = RawServer::start(vec![vec![reply(CHUNKED, &chunk(b"data: [DONE]\n\n")), Act::Hang]]).await;
    let taken = take(&mut client.post(server.url("/")).body("x").events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Complete));
}

#[tokio::test]
async fn http2() {
    let server = upstream().await;
    let own = reqwest::Client::builder().http2_prior_knowledge().build().expect("a client");
    let client = Client::from_reqwest(own);
    let streams = (0..20).map(|key| {
        let url = server.url(&format!("/flaky?interval_ms=0&key={key}"));
        let mut events = client.get(url).retry_delay(SOON).events();
        tokio::spawn(async move { take(&mut events).await.outcome })
    });
    for stream in streams.collect::<Vec<_>>() {
        assert_eq!(stream.await.expect("no panic"), Some(Outcome::Complete));
    }
    assert!(server.log().iter().all(|request| request.version == "HTTP/2.0"));
}

#[tokio::test]
async fn slots_are_given_in_order_and_waiting_is_bounded() {
    let server = upstream().await;
    let client = Client::builder().max_concurrent(1).queue_timeout(Duration::from_millis(300)).build();
    let url = server.url("/stall?interval_ms=0");
    let mut first = client.get(&url).events();
    assert!(within("an event", first.next()).await.is_some());
    let mut second = client.get(&url).events();
    let taken = take(&mut second).await;
    assert_eq!(taken.outcome, Some(Outcome::TimedOut(tidewire::Limit::Queue)));
    assert_eq!(server.log().len(), 1, "the second stream sent nothing");
    let mut third = client.get(server.url("/chat?interval_ms=0&events=3")).events();
    let (freed, taken) = tokio::join!(
        async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            drop(first);
        },
        take(&mut third)
    );
    assert_eq!((freed, taken.outcome), ((), Some(Outcome::Complete)));
}

#[tokio::test]
async fn invalid_input_is_a_usage_error_before_anything_is_sent() {
    let server = upstream().await;
    let client = Client::new();
    // `true` if `problem()` reports it at once; `false` if only an attempt does.
    let streams = [
        (true, client.get("not a url")),
        (true, client.get("ftp://host/")),
        (true, client.get(server.url("/chat")).header("bad name", "x")),
        (false, client.get(server.url("/chat")).format(Format::Ndjson)),
        (false, client.get(server.url("/chat")).accept(Format::Text)),
        (false, client.get(server.url("/chat")).resume(Resume::Elsewhere)),
        (true, client.get(server.url("/chat")).header("x-y", "a\r\nevil: 1")),
        // A cursor that could never be sent is not noticed only when the stream has to be resumed.
        (true, client.get(server.url("/chat")).cursor("seq", CursorTo::Header("x y".to_owned()))),
        (false, client.get(server.url("/chat")).cursor("seq", CursorTo::Body("after".to_owned()))),
        (
            false,
            client.post(server.url("/chat")).body("[]").cursor("seq", CursorTo::Body("after".to_owned())),
        ),
        (false, client.get(server.url("/chat")).header_with("x-y", |_| "a\nb".to_owned())),
        (false, client.get(server.url("/chat")).url_with(|_| "http://".to_owned())),
    ];
    for (at_once, request) in streams {
        let problem = request.problem().map(ToString::to_string);
        let taken = take(&mut request.events()).await;
        assert_eq!(problem, taken.error.as_ref().filter(|_| at_once).map(ToString::to_string));
        assert_eq!(
            (taken.outcome, taken.error.as_ref().map(Error::code)),
            (None, Some("usage")),
            "{:?}",
            taken.error
        );
    }
    let records = client.get(server.url("/chat")).format(Format::Text).records::<serde_json::Value>();
    let error = take(&mut { records }).await.error.expect("an error").to_string();
    assert!(error.starts_with("text has no records"), "{error}");
    assert!(server.log().is_empty());
}

#[tokio::test]
async fn secrets_are_not_shown() {
    let request = Client::new()
        .get("http://user:hush@127.0.0.1:1/path?key=hush")
        .bearer_auth("hush")
        .header("x-api-key", "hush")
        .secret_header("x-mine", "hush")
        .header("last-event-id", "hush")
        .last_event_id("hush")
        .prepare_with(|request| {
            assert!(!format!("{request:?}").contains("hush"), "{request:?}");
            Ok(())
        })
        .body("hush")
        .retry_attempts(0)
        .resume(Resume::Never);
    assert!(!format!("{request:?}").contains("hush"));
    let mut events = request.events();
    assert!(!format!("{events:?}").contains("hush"));
    let taken = take(&mut events).await;
    let error = taken.error.expect("an error");
    assert!(!format!("{error:?} {error}").contains("hush"), "{error:?}");
    assert!(!format!("{events:?}").contains("hush"));
}
