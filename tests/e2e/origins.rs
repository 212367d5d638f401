//! What goes to which origin: a client's headers, secrets and cursors.

use std::time::Duration;

use tidewire::{Client, ClientBuilder, CursorTo, Request};
use tidewire_tests::raw::{Act, RawServer, chunk, reply};
use tidewire_tests::take;

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

/// Answers each request with one event and its end.
async fn server() -> RawServer {
    RawServer::start(vec![whole(b"data: one\n\n")]).await
}

fn client(builder: ClientBuilder) -> Client {
    let builder =
        builder.header("x-team", "tides").and_then(|builder| builder.secret_header("x-pass", "open sesame"));
    builder.expect("headers").build()
}

async fn run(request: Request) {
    let taken = take(&mut request.events()).await;
    assert!(taken.outcome.is_some_and(|outcome| outcome.is_success()), "{taken:?}");
}

#[track_caller]
fn has_client_headers(server: &RawServer, index: usize, want: bool) {
    let request = &server.seen()[index].request;
    for header in ["x-team: tides", "x-pass: open sesame"] {
        assert_eq!(request.contains(header), want, "{request}");
    }
}

#[tokio::test]
async fn client_headers_go_to_the_origin_of_the_first_request_only() {
    let (home, other) = (server().await, server().await);
    let client = client(Client::builder());
    run(client.get(home.url("/"))).await;
    has_client_headers(&home, 0, true);
    run(client.get(other.url("/")).header("x-own", "1")).await;
    has_client_headers(&other, 0, false);
    assert!(other.seen()[0].request.contains("x-own: 1"));
    run(client.post(home.url("/again")).body("x")).await;
    has_client_headers(&home, 1, true);
    // A URL that cannot be requested decides nothing.
    let client = self::client(Client::builder());
    take(&mut client.get("ftp://host/").events()).await;
    run(client.get(other.url("/"))).await;
    has_client_headers(&other, 1, true);
}

#[tokio::test]
async fn client_headers_go_to_the_origin_of_the_base_url_and_to_those_allowed() {
    let (home, allowed, other) = (server().await, server().await, server().await);
    let builder = Client::builder()
        .base_url(&home.url("/v1/"))
        .and_then(|builder| builder.allowed_origin(&allowed.url("/any")));
    let client = client(builder.expect("URLs"));
    run(client.get(other.url("/"))).await;
    has_client_headers(&other, 0, false);
    run(client.get("/chat?a=b")).await;
    has_client_headers(&home, 0, true);
    assert!(home.seen()[0].request.starts_with("GET /v1/chat?a=b HTTP/1.1"), "{}", home.seen()[0].request);
    run(client.get(allowed.url("/"))).await;
    has_client_headers(&allowed, 0, true);
    assert!(
        Client::builder().base_url("host/path").is_err() && Client::builder().allowed_origin("*").is_err()
    );
}

#[tokio::test]
async fn an_attempt_that_goes_elsewhere_takes_no_client_headers_along() {
    for index in 0..3 {
        let (home, other) = (RawServer::start(vec![broken(b"id: 1\ndata: one\n\n")]).await, server().await);
        let elsewhere = other.url("/");
        let request = client(Client::builder()).get(home.url("/")).retry_delay(SOON).header("x-pass", "mine");
        let request = match index {
            0 => request.url_with(move |request| match request.attempt().number {
                1 => "/".to_owned(),
                _ => elsewhere.clone(),
            }),
            1 => request.prepare_with(move |request| match request.attempt().number {
                1 => Ok(()),
                _ => request.set_url(&elsewhere),
            }),
            _ => request.resume_with(move |_, request| request.set_url(&elsewhere)),
        };
        run(request).await;
        let [first, second] = [&home, &other].map(|server| server.seen()[0].request.clone());
        assert!(first.contains("x-team: tides") && first.contains("x-pass: mine"), "{index}: {first}");
        // What the request itself has is for wherever it goes.
        assert!(!second.contains("x-team") && second.contains("x-pass: mine"), "{index}: {second}");
    }
}

#[tokio::test]
async fn a_redirect_takes_client_headers_only_to_allowed_origins() {
    let (allowed, other) = (server().await, server().await);
    for (there, has_team) in [(&other, false), (&allowed, true)] {
        let moved =
            format!("HTTP/1.1 307 Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", there.url("/"));
        let home = RawServer::start(vec![vec![Act::Send(moved.into())]]).await;
        let builder = Client::builder().allowed_origin(&allowed.url("/")).expect("a URL");
        run(client(builder).get(home.url("/")).header("x-own", "1")).await;
        has_client_headers(&home, 0, true);
        let request = &there.seen()[0].request;
        assert_eq!(request.contains("x-team: tides"), has_team, "{request}");
        assert!(request.contains("x-own: 1") && !request.contains("x-pass"), "{request}");
    }
}

/// A redirect to another origin drops a cursor in any header that it drops, not only `Last-Event-ID`.
#[tokio::test]
async fn a_cursor_in_a_secret_header_is_lost_with_it() {
    type Row = (fn(Request) -> Request, &'static str, &'static [&'static str]);
    let header = |request: Request| request.cursor("seq", CursorTo::Header("x-since".to_owned()));
    let by_function =
        |request: Request| request.resume_with(|cursor, request| request.set_header("x-since", cursor));
    let rows: [Row; 4] = [
        (|request| request.secret_header("x-since", "0"), "truncated", &["1"]),
        (|request| request.secret_header("x-since", "0").follow(), "complete", &["1", "1", "2"]),
        // Another origin gets a header that is not secret, and continues.
        (|request| request, "complete", &["1", "1", "2"]),
        (
            |request| request.header("x-since", "0").secret_header("x-other", "1"),
            "complete",
            &["1", "1", "2"],
        ),
    ];
    for place in [header, by_function] {
        for (index, (of, want, data)) in rows.iter().enumerate() {
            let other = RawServer::start(vec![whole(
                b"data: {\"seq\":1}\n\nid: 2\ndata: {\"seq\":2}\n\ndata: [DONE]\n\n",
            )])
            .await;
            let moved =
                format!("HTTP/1.1 307 Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", other.url("/"));
            let scripts = vec![broken(b"id: 1\ndata: {\"seq\":1}\n\n"), vec![Act::Send(moved.into())]];
            let server = RawServer::start(scripts).await;
            let request = of(place(Client::new().get(server.url("/")).retry_delay(SOON)));
            let taken = take(&mut request.records::<serde_json::Value>()).await;
            let items: Vec<String> = taken.items.iter().map(|item| item["seq"].to_string()).collect();
            assert_eq!(
                (taken.outcome.map(|outcome| outcome.code()), items),
                (Some(*want), data.iter().map(|seq| (*seq).to_owned()).collect()),
                "{index}"
            );
            assert!(server.seen()[1].request.contains("x-since: 1"), "{}", server.seen()[1].request);
        }
    }
}
