//! Rows of the session over sockets: replays, refreshed credentials, relays, states, waits, and what is counted.

use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidewire::{
    AttemptRequest, Client, Event, Format, Frame, Outcome, Refusal, Request, Resume, StreamState, Streaming,
};
use tidewire_tests::raw::{Act, RawServer, chunk, reply};
use tidewire_tests::{ids, take, within};

const CHUNKED: &str = "content-type: text/event-stream\r\ntransfer-encoding: chunked";
const SOON: Duration = Duration::from_millis(1);

/// A chunked body that breaks off without its last chunk.
fn broken(body: &str) -> Vec<Act> {
    vec![reply(CHUNKED, &chunk(body.as_bytes()))]
}

fn whole(body: &str) -> Vec<Act> {
    whole_with("", body)
}

fn whole_with(headers: &str, body: &str) -> Vec<Act> {
    let mut bytes = chunk(body.as_bytes());
    bytes.extend_from_slice(b"0\r\n\r\n");
    vec![reply(&format!("{CHUNKED}{headers}"), &bytes)]
}

fn status(status: u16, headers: &str, body: &str) -> Vec<Act> {
    let length = body.len();
    vec![Act::Send(
        format!("HTTP/1.1 {status} Reason\r\ncontent-length: {length}{headers}\r\n\r\n{body}").into(),
    )]
}

/// What a hook noted.
type List<T> = Arc<Mutex<Vec<T>>>;

/// A list, once for a hook that fills it and once for the test.
fn list<T>() -> (List<T>, List<T>) {
    let list = List::default();
    (Arc::clone(&list), list)
}

fn data(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.data.as_str()).collect()
}

#[tokio::test]
async fn replayed_records_are_reported_and_left_out_on_request() {
    let scripts = || {
        vec![
            broken("id: a\ndata: 1\n\nid: b\ndata: 2\n\n"),
            whole("id: a\ndata: 1\n\nid: b\ndata: 2\n\nid: c\ndata: 3\n\ndata: [DONE]\n\n"),
        ]
    };
    for dedupe in [false, true] {
        let server = RawServer::start(scripts()).await;
        let (replayed, noted) = list();
        let request = Client::new().get(server.url("/")).retry_delay(SOON);
        let request = if dedupe { request.dedupe() } else { request };
        let request = request.on_replayed(move |id| noted.lock().expect("a lock").push(id.to_owned()));
        let taken = take(&mut request.events()).await;
        let want: &[&str] = if dedupe { &["1", "2", "3"] } else { &["1", "2", "1", "2", "3"] };
        assert_eq!((taken.outcome, data(&taken.items)), (Some(Outcome::Complete), want.to_vec()));
        assert_eq!(*replayed.lock().expect("a lock"), ["a"], "once for each response");

        let server = RawServer::start(scripts()).await;
        let request = Client::new().get(server.url("/")).retry_delay(SOON);
        let request = if dedupe { request.dedupe() } else { request };
        let taken = take(&mut request.frames()).await;
        let index = taken.items.iter().position(|frame| *frame == Frame::Replayed { id: "a".to_owned() });
        let index = index.expect("a notice");
        assert!(matches!(taken.items[index - 1], Frame::Attempt(_)), "{:?}", taken.items);
        let Frame::Event(next) = &taken.items[index + 1] else { panic!("{:?}", taken.items) };
        assert_eq!(next.data, if dedupe { "3" } else { "1" });
    }
}

/// A server that repeats itself and breaks off is given up after the retries.
#[tokio::test]
async fn replayed_records_are_no_progress() {
    let server = RawServer::start(vec![broken("id: a\ndata: 1\n\n")]).await;
    let mut events = Client::new().get(server.url("/")).retry_delay(SOON).retry_attempts(2).dedupe().events();
    let taken = take(&mut events).await;
    assert_eq!((taken.outcome, ids(&taken.items)), (Some(Outcome::Truncated), vec!["a"]));
    assert_eq!((server.seen().len(), events.stats().attempts), (3, 3));
}

/// A request whose function adds a number to its token.
fn refreshing(request: Request, calls: &Arc<AtomicU32>) -> Request {
    let calls = Arc::clone(calls);
    request.bearer_auth("token-0").retry_delay(SOON).refresh(move |mut request: AttemptRequest| {
        let call = calls.fetch_add(1, Ordering::Relaxed) + 1;
        async move {
            tokio::time::sleep(SOON).await;
            request.set_header("authorization", &format!("Bearer token-{call}")).map(|()| request)
        }
    })
}

fn tokens(server: &RawServer) -> Vec<String> {
    let seen = server.seen();
    let token = |request: &str| {
        let line = request.lines().find_map(|line| line.strip_prefix("authorization: Bearer "));
        line.unwrap_or_default().to_owned()
    };
    seen.iter().map(|seen| token(&seen.request)).collect()
}

#[tokio::test]
async fn a_401_is_tried_again_once_with_what_was_renewed() {
    let denied = || status(401, "", r#"{"error":{"message":"token expired"}}"#);
    let rows = [
        // What is renewed holds for the attempts after it.
        (
            vec![denied(), broken("id: 1\ndata: 1\n\n"), whole("id: 2\ndata: 2\n\ndata: [DONE]\n\n")],
            "complete",
            vec!["token-0", "token-1", "token-1"],
        ),
        (vec![denied()], "refused", vec!["token-0", "token-1"]),
        // A response that is accepted allows it again.
        (
            vec![denied(), broken("id: 1\ndata: 1\n\n"), denied(), whole("data: [DONE]\n\n")],
            "complete",
            vec!["token-0", "token-1", "token-1", "token-2"],
        ),
        (vec![status(403, "", "")], "refused", vec!["token-0"]),
    ];
    for method in ["GET", "POST"] {
        for (scripts, want, sent) in &rows {
            let server = RawServer::start(scripts.clone()).await;
            let calls = Arc::default();
            let client = Client::new();
            let request = client.request(method.parse().expect("a method"), server.url("/"));
            let request = if method == "POST" { request.body("x").resume(Resume::Always) } else { request };
            let mut events = refreshing(request, &calls).events();
            let taken = take(&mut events).await;
            let code = taken.outcome.map(|outcome| outcome.code());
            assert_eq!((code, tokens(&server)), (Some(*want), owned(sent)), "{method}");
            if *want == "refused" && sent.len() == 2 {
                let error = taken.error.expect("an error").to_string();
                assert!(error.contains("401: token expired"), "{error}");
            }
        }
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn a_401_that_cannot_be_renewed_is_refused() {
    // The function fails: the 401 stands, with what the function said.
    let server = RawServer::start(vec![status(401, "\r\nwww-authenticate: Bearer", "no")]).await;
    let request = Client::new().get(server.url("/")).retry_delay(SOON);
    let mut events =
        request.refresh(|_| async { Err::<AttemptRequest, _>("the identity provider is down") }).events();
    let taken = take(&mut events).await;
    assert_eq!(taken.outcome, Some(Outcome::Refused { status: 401, why: Refusal::Status }));
    assert!(taken.error.expect("an error").to_string().contains("the identity provider is down"));
    let refused = events.end().and_then(|end| end.refused.as_ref()).expect("what was refused");
    assert!(refused.headers.contains_key("www-authenticate"));
    assert_eq!((server.seen().len(), events.stats().attempts), (1, 1));

    // A body that can be read only once is not sent twice.
    let server = RawServer::start(vec![status(401, "", "")]).await;
    let calls = Arc::default();
    let request = Client::new().post(server.url("/")).body_once("once");
    let taken = take(&mut refreshing(request, &calls).events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Refused { status: 401, why: Refusal::Status }));
    assert_eq!((server.seen().len(), calls.load(Ordering::Relaxed)), (1, 0));
}

#[tokio::test]
async fn a_refresh_that_hangs_is_begun_again_by_a_reconnect() {
    let server =
        RawServer::start(vec![status(401, "", "expired"), whole("data: 1\n\ndata: [DONE]\n\n")]).await;
    let calls = AtomicU32::new(0);
    let request = Client::new().get(server.url("/")).bearer_auth("token-0").retry_delay(SOON);
    let mut stream = request
        .refresh(move |mut request: AttemptRequest| {
            let call = calls.fetch_add(1, Ordering::Relaxed) + 1;
            async move {
                if call == 1 {
                    pending::<()>().await;
                }
                request.set_header("authorization", &format!("Bearer token-{call}")).map(|()| request)
            }
        })
        .events();
    let asking = tokio::time::timeout(Duration::from_millis(100), stream.next()).await;
    assert!(asking.is_err());
    stream.reconnect();
    let taken = take(&mut stream).await;
    assert_eq!((taken.outcome, data(&taken.items)), (Some(Outcome::Complete), vec!["1"]));
    assert_eq!(tokens(&server), ["token-0", "token-2"]);
}

/// What a relay adds to the head.
fn relay_head(location: &str) -> String {
    format!("\r\ntidewire-stream: 7\r\nlocation: {location}")
}

#[tokio::test]
async fn a_relayed_response_is_continued_at_its_location() {
    let first = format!("{CHUNKED}{}", relay_head("/streams/7#x"));
    let server = RawServer::start(vec![
        vec![reply(&first, &chunk(b"id: e-1\ndata: 1\n\n"))],
        broken("id: e-2\ndata: 2\n\n"),
        whole("id: e-3\ndata: 3\n\ndata: [DONE]\n\n"),
    ])
    .await;
    let request = Client::new()
        .post(server.url("/chat?a=b").replace("http://", "http://who:open@"))
        .json(&["a prompt"])
        .secret_header("x-pass", "open sesame")
        .header_with("x-path", |request| format!("{} {}", request.method(), request.url().path()))
        // These make the request that starts the response.
        .url_with(|_| "/chat?made=1".to_owned())
        .body_with(|_| "[\"made\"]".to_owned())
        .retry_delay(SOON);
    let taken = take(&mut request.events()).await;
    assert_eq!((taken.outcome, data(&taken.items)), (Some(Outcome::Complete), vec!["1", "2", "3"]));
    let seen = server.seen();
    assert!(seen[0].request.starts_with("POST /chat?made=1 ") && seen[0].request.ends_with("[\"made\"]"));
    for (seen, cursor) in seen[1..].iter().zip(["e-1", "e-2"]) {
        let request = &seen.request;
        assert!(request.starts_with("GET /streams/7 HTTP/1.1\r\n"), "{request}");
        let cursor = format!("last-event-id: {cursor}");
        // The second is the user and password of the URL.
        let headers =
            [&cursor, "authorization: Basic d2hvOm9wZW4=", "x-pass: open sesame", "x-path: GET /streams/7"];
        for header in headers {
            assert!(request.contains(header), "{header}: {request}");
        }
        assert!(!request.contains("content-") && request.ends_with("\r\n\r\n"), "{request}");
    }
}

#[tokio::test]
async fn a_response_that_is_not_read_does_not_move_the_relay() {
    let first = format!("{CHUNKED}{}", relay_head("/streams/7"));
    let busy = format!("HTTP/1.1 503 Busy{}\r\ncontent-length: 0\r\n\r\n", relay_head("/elsewhere"));
    let server = RawServer::start(vec![
        vec![reply(&first, &chunk(b"id: e-1\ndata: 1\n\n"))],
        vec![Act::Send(busy.into_bytes())],
        whole("id: e-2\ndata: 2\n\ndata: [DONE]\n\n"),
    ])
    .await;
    let request = Client::new().post(server.url("/chat")).body("x").retry_delay(SOON);
    let taken = take(&mut request.events()).await;
    assert_eq!((taken.outcome, data(&taken.items)), (Some(Outcome::Complete), vec!["1", "2"]));
    let paths: Vec<String> = server.seen().iter().map(|seen| seen.request[..16].to_owned()).collect();
    assert_eq!(paths, ["POST /chat HTTP/", "GET /streams/7 H", "GET /streams/7 H"]);
}

#[tokio::test]
async fn a_location_that_is_not_a_relays_is_not_asked() {
    let other = RawServer::start(vec![whole("data: [DONE]\n\n")]).await;
    let plain: fn(Request) -> Request = |request| request;
    let never: fn(Request) -> Request = |request| request.resume(Resume::Never);
    let rows = [
        (plain, relay_head(&other.url("/streams/7"))),
        (plain, "\r\nlocation: /streams/7".to_owned()),
        (plain, "\r\ntidewire-stream: 7".to_owned()),
        (never, relay_head("/streams/7")),
    ];
    for (of, headers) in rows {
        let first = vec![reply(&format!("{CHUNKED}{headers}"), &chunk(b"id: e-1\ndata: 1\n\n"))];
        let server = RawServer::start(vec![first, whole("data: [DONE]\n\n")]).await;
        let request = of(Client::new().post(server.url("/chat")).body("x").retry_delay(SOON));
        let taken = take(&mut request.events()).await;
        assert_eq!((taken.outcome, server.seen().len()), (Some(Outcome::Truncated), 1), "{headers}");
        assert!(other.seen().is_empty(), "{headers}");
    }
}

async fn next(stream: &mut Streaming<Event>) -> String {
    within("an event", stream.next()).await.expect("an event").expect("an event").data
}

#[tokio::test]
async fn a_stream_says_where_it_is() {
    let server = RawServer::start(vec![broken("data: 1\n\n"), whole("data: 2\n\ndata: [DONE]\n\n")]).await;
    let mut stream =
        Client::new().get(server.url("/")).follow().retry_delay(Duration::from_secs(20)).events();
    assert_eq!(stream.state(), StreamState::Idle);
    assert_eq!(next(&mut stream).await, "1");
    assert_eq!((stream.state(), stream.state().name()), (StreamState::Open, "open"));
    let waiting = async {
        loop {
            tokio::select! {
                biased;
                _ = stream.next() => panic!("an item"),
                () = tokio::time::sleep(Duration::from_millis(5)) => {}
            }
            if let StreamState::Waiting { delay } = stream.state() {
                break delay;
            }
        }
    };
    let delay = within("the wait", waiting).await;
    assert!(delay <= Duration::from_secs(20), "{delay:?}");
    stream.reconnect();
    assert_eq!(next(&mut stream).await, "2");
    take(&mut stream).await;
    assert_eq!(stream.state(), StreamState::Closed(Some(Outcome::Complete)));

    let silent = RawServer::start(vec![vec![Act::Hang]]).await;
    let mut stream = Client::new().get(silent.url("/")).events();
    let asking = tokio::time::timeout(Duration::from_millis(50), stream.next()).await;
    assert!(asking.is_err());
    assert_eq!(stream.state(), StreamState::Connecting);
    stream.close();
    assert_eq!(stream.state(), StreamState::Closed(Some(Outcome::Cancelled)));
    let mut none = Client::new().get("http://").events();
    take(&mut none).await;
    assert_eq!(none.state(), StreamState::Closed(None));
}

#[tokio::test]
async fn only_requests_that_were_sent_are_counted() {
    // Closed while its request was being made.
    let server = RawServer::start(vec![whole("data: [DONE]\n\n")]).await;
    let mut stream =
        Client::new().get(server.url("/")).prepare_async(|_| pending::<Result<_, String>>()).events();
    assert!(tokio::time::timeout(Duration::from_millis(20), stream.next()).await.is_err());
    assert_eq!(stream.state(), StreamState::Connecting);
    stream.close();
    take(&mut stream).await;
    assert_eq!((stream.stats().attempts, server.connections()), (0, 0));

    // The function for the first attempt failed.
    let calls = AtomicU32::new(0);
    let request = Client::new().get(server.url("/")).retry_delay(SOON).prepare_async(move |request| {
        let fails = calls.fetch_add(1, Ordering::Relaxed) == 0;
        async move { if fails { Err("no token") } else { Ok(request) } }
    });
    let mut stream = request.events();
    let taken = take(&mut stream).await;
    assert_eq!((taken.outcome, stream.stats().attempts), (Some(Outcome::Complete), 1));

    // A port that nobody listens on was tried.
    let mut stream = Client::new().get("http://127.0.0.1:1/").retry_attempts(1).retry_delay(SOON).events();
    take(&mut stream).await;
    assert_eq!(stream.stats().attempts, 2);
}

#[tokio::test]
async fn a_wait_that_the_server_asks_for_is_bounded_and_said() {
    let server = RawServer::start(vec![broken("retry: 86400000\nid: 1\ndata: 1\n\n")]).await;
    let (attempts, noted) = list();
    let request = Client::new().get(server.url("/"));
    let mut stream = request
        .on_attempt(move |attempt| noted.lock().expect("a lock").push((attempt.delay, attempt.asked)))
        .events();
    assert_eq!(next(&mut stream).await, "1");
    assert!(tokio::time::timeout(Duration::from_millis(200), stream.next()).await.is_err());
    let minute = Duration::from_secs(60);
    assert_eq!(attempts.lock().expect("a lock")[1..], [(minute, Some(Duration::from_secs(86_400)))]);
    let StreamState::Waiting { delay } = stream.state() else { panic!("{:?}", stream.state()) };
    assert!(delay > Duration::from_secs(55) && delay <= minute, "{delay:?}");

    let server = RawServer::start(vec![
        status(503, "\r\nretry-after-ms: 30\r\nretry-after: 50", ""),
        whole("data: [DONE]\n\n"),
    ])
    .await;
    let (attempts, noted) = list();
    let request = Client::new().post(server.url("/")).body("x").retry_delay(Duration::ZERO);
    let mut stream =
        request.on_attempt(move |attempt| noted.lock().expect("a lock").push(attempt.delay)).events();
    assert_eq!(take(&mut stream).await.outcome, Some(Outcome::Complete));
    assert_eq!(attempts.lock().expect("a lock")[1..], [Duration::from_millis(30)]);
}

#[tokio::test]
async fn a_refusal_says_the_servers_reason() {
    let rows = [
        (
            status(401, "", r#"{"error":{"message":"invalid\napi key"}}"#),
            "refused with status 401: invalid api key",
        ),
        (status(404, "", "no such route\nat all"), "refused with status 404: no such route"),
        (status(500, "", "<html>oops</html>"), "refused with status 500"),
        (status(400, "", ""), "refused with status 400"),
    ];
    for (script, want) in rows {
        let server = RawServer::start(vec![script]).await;
        let taken = take(&mut Client::new().post(server.url("/")).body("x").events()).await;
        assert_eq!(taken.error.expect("an error").to_string(), want);
    }
}

#[tokio::test]
async fn an_empty_body_without_a_content_type_is_no_content() {
    for (code, body, want) in [(202, "", "ended"), (200, "", "ended"), (200, "data: 1\n\n", "refused")] {
        let server = RawServer::start(vec![status(code, "", body)]).await;
        let taken = take(&mut Client::new().get(server.url("/")).events()).await;
        assert_eq!(taken.outcome.map(|outcome| outcome.code()), Some(want), "{code} {body:?}");
    }
    // Several content types in one head: the last one that is valid counts.
    let server =
        RawServer::start(vec![whole_with("\r\ncontent-type: application/x-ndjson", "{\"a\":1}\n")]).await;
    let mut frames = Client::new().get(server.url("/")).frames();
    assert_eq!(take(&mut frames).await.outcome, Some(Outcome::Ended));
    assert_eq!(frames.format(), Format::Ndjson);
}
