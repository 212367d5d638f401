//! What a redirect sends to another origin.

use tidewire::{Client, Outcome};
use tidewire_tests::raw::{Act, RawServer, reply};

use super::{SOON, SSE, get, read};

fn redirect(location: &str) -> Vec<Act> {
    let head = format!("HTTP/1.1 307 There\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
    vec![Act::Send(head.into_bytes()), Act::NextRequest, Act::Hang]
}

fn events(text: &str) -> Vec<Act> {
    vec![reply(&format!("{SSE}\r\ncontent-length: {}", text.len()), text.as_bytes())]
}

/// The headers' names and values, in lower case.
fn header_lines(request: &str) -> Vec<String> {
    request.lines().skip(1).take_while(|line| !line.is_empty()).map(str::to_ascii_lowercase).collect()
}

#[tokio::test]
async fn another_origin_gets_no_secret() {
    let there = RawServer::start(vec![events("data: one\n\n")]).await;
    let here =
        RawServer::start(vec![redirect(&there.url("/y").replace("http://", "http://who:ever@"))]).await;
    let secrets = [
        "authorization",
        "x-api-key",
        "x-amz-security-token",
        "ocp-apim-subscription-key",
        "x-auth-token",
        "private-token",
        "mcp-session-id",
        "cookie",
        "x-shared-secret",
        "x-hub-signature",
        "last-event-id",
        "referer",
    ];
    let mut request = get(&here.url("/x?token=SECRET").replace("http://", "http://user:SECRET@"));
    for name in secrets.into_iter().skip(1) {
        request = request.header(name, "SECRET");
    }
    request = request.secret_header("x-own", "SECRET").header("x-plain", "1").idempotency_key("2");
    let (events, outcome, text) = read(request).await;
    assert_eq!((events, outcome), (vec!["one".to_owned()], Some(Outcome::Ended)), "{text}");
    let here = header_lines(&here.seen()[0].request);
    for name in secrets {
        assert!(here.iter().any(|line| line.starts_with(&format!("{name}: "))), "{name}: {here:?}");
    }
    let seen = &there.seen()[0].request;
    assert!(!seen.contains("SECRET") && !seen.to_ascii_lowercase().contains("authorization"), "{seen}");
    let there_lines = header_lines(seen);
    for line in ["x-plain: 1", "idempotency-key: 2"] {
        assert!(there_lines.iter().any(|found| found == line), "{line}: {there_lines:?}");
    }
    let host = there.url("").replace("http://", "host: ");
    assert!(there_lines.contains(&host), "{host}: {there_lines:?}");
}

#[tokio::test]
async fn the_callers_host_header_is_for_the_first_origin_only() {
    let there = RawServer::start(vec![events("data: one\n\n")]).await;
    let here = RawServer::start(vec![redirect(&there.url("/y"))]).await;
    read(get(&here.url("/x")).header("host", "site.example")).await;
    assert!(header_lines(&here.seen()[0].request).contains(&"host: site.example".to_owned()));
    let host = there.url("").replace("http://", "host: ");
    assert!(header_lines(&there.seen()[0].request).contains(&host));
}

#[tokio::test]
async fn a_redirect_through_another_origin_does_not_bring_secrets_back() {
    let back = RawServer::start(vec![events("data: one\n\n")]).await;
    let there = RawServer::start(vec![redirect(&back.url("/z"))]).await;
    // The first answer of the origin leads away, the second is the events.
    let first = vec![
        redirect(&there.url("/y")).remove(0),
        Act::NextRequest,
        reply(&format!("{SSE}\r\ncontent-length: 11"), b"data: one\n\n"),
    ];
    let here = RawServer::start(vec![first]).await;
    read(Client::new().get(here.url("/x")).bearer_auth("SECRET").retry_delay(SOON)).await;
    assert!(here.seen()[0].request.contains("SECRET"));
    for server in [&there, &back] {
        assert!(!server.seen()[0].request.contains("SECRET"));
    }
}

#[tokio::test]
async fn the_same_origin_gets_every_header() {
    let first = vec![
        Act::Send(b"HTTP/1.1 302 There\r\nlocation: /y\r\ncontent-length: 0\r\n\r\n".to_vec()),
        Act::NextRequest,
        reply(&format!("{SSE}\r\ncontent-length: 11"), b"data: one\n\n"),
    ];
    let server = RawServer::start(vec![first]).await;
    let (events, outcome, text) =
        read(get(&server.url("/x")).bearer_auth("SECRET").header("x-api-key", "SECRET")).await;
    assert_eq!((events, outcome), (vec!["one".to_owned()], Some(Outcome::Ended)), "{text}");
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    for request in seen {
        assert_eq!(request.request.matches("SECRET").count(), 2, "{}", request.request);
    }
}
