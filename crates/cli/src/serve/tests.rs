//! Tests of the server over real sockets.

use std::{
    collections::BTreeSet,
    io::{self, Read},
    net::SocketAddr,
    str,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use reqwest::{Client, Method, Response, redirect::Policy};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::*;

mod tls;

async fn start() -> Server {
    Server::start(ServeConfig::default()).await.unwrap()
}

fn client() -> Client {
    Client::builder().redirect(Policy::none()).no_proxy().build().unwrap()
}

/// Everything that arrives over a new connection until the server closes it.
async fn raw(addr: SocketAddr, path: &str, headers: &str) -> Vec<u8> {
    let mut socket = TcpStream::connect(addr).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n{headers}\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(Duration::from_secs(10), socket.read_to_end(&mut answer)).await.unwrap().unwrap();
    answer
}

/// The chunks of a body, and whether its terminating chunk arrived.
fn dechunk(answer: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let head = find(answer, b"\r\n\r\n").unwrap() + 4;
    let (mut rest, mut chunks) = (&answer[head..], Vec::new());
    while let Some(line) = find(rest, b"\r\n") {
        let len = usize::from_str_radix(str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        if len == 0 {
            return (chunks, true);
        }
        chunks.push(rest[line + 2..line + 2 + len].to_vec());
        rest = &rest[line + 2 + len + 2..];
    }
    (chunks, false)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// As much of a body as can be decoded.
fn decoded(coding: &str, body: &[u8]) -> Vec<u8> {
    let mut decoder: Box<dyn Read> = match coding {
        "gzip" => Box::new(flate2::read::GzDecoder::new(body)),
        "deflate" => Box::new(flate2::read::ZlibDecoder::new(body)),
        "br" => Box::new(brotli::Decompressor::new(body, 4096)),
        _ => Box::new(zstd::Decoder::new(body).unwrap()),
    };
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = decoder.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..read]);
    }
    bytes
}

/// The whole events of an SSE body: id and data.
fn events(body: &str) -> Vec<(Option<usize>, String)> {
    let whole = body.split_inclusive("\n\n").filter(|block| block.ends_with("\n\n"));
    let fields = whole.filter_map(|block| {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        Some((field("id: ").map(|id| id.parse().unwrap()), field("data: ")?))
    });
    fields.collect()
}

fn content(data: &str) -> String {
    let chunk: Value = serde_json::from_str(data).unwrap();
    chunk["choices"][0]["delta"]["content"].as_str().unwrap_or("").to_owned()
}

/// Sends a request as it is and returns everything that arrives.
async fn exchange(addr: SocketAddr, request: &str) -> String {
    let mut socket = TcpStream::connect(addr).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(Duration::from_secs(10), socket.read_to_end(&mut answer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn last_ended(server: &Server) -> ResponseLog {
    let done = |log: &[RequestLog]| log.last().is_some_and(|request| request.response.is_some());
    let log = timeout(Duration::from_secs(2), server.log_until(done)).await.unwrap();
    log.last().unwrap().response.clone().unwrap()
}

async fn get(url: String) -> Response {
    client().get(url).send().await.unwrap()
}

#[tokio::test]
async fn every_scenario_answers_get_and_post() {
    let server = start().await;
    for named in SCENARIOS {
        let params = "interval_ms=0&silence_ms=1&bytes=100000&events=40";
        for method in [Method::GET, Method::POST] {
            let url = server.url(&format!("/{}?{params}&key={method}", named.name));
            let sent = client().request(method, url).body(r#"{"prompt":"why?"}"#).send().await;
            let ended = match sent {
                Ok(response) => {
                    let (status, body) = (response.status(), response.bytes().await);
                    (Some(status.as_u16()), body.is_ok())
                }
                Err(_) => (None, false),
            };
            let want = match named.name {
                "hangup" => (None, false),
                "truncate" | "flaky" => (Some(200), false),
                "busy" => (Some(429), true),
                "status" => (Some(500), true),
                "auth" => (Some(401), true),
                "gone" => (Some(204), true),
                "redirect" => (Some(307), true),
                _ => (Some(200), true),
            };
            assert_eq!(ended, want, "{}", named.name);
            let logged = last_ended(&server).await;
            assert_eq!(logged.status, want.0, "{}", named.name);
            let how = if want.1 { Ended::Complete } else { Ended::Cut };
            assert_eq!(logged.ended, how, "{}", named.name);
        }
    }
}

#[tokio::test]
async fn scenarios_stream_the_reply() {
    let server = start().await;
    for name in ["chat", "glued", "think", "stall", "slow-headers"] {
        let body =
            get(server.url(&format!("/{name}?interval_ms=0&silence_ms=1"))).await.text().await.unwrap();
        let mut events = events(&body);
        assert_eq!(events.pop().unwrap().1, "[DONE]", "{name}");
        let text: String = events.iter().map(|(_, data)| content(data)).collect();
        assert_eq!(text, reply_text(), "{name}");
    }
    let text = get(server.url("/text?interval_ms=0")).await.text().await.unwrap();
    assert_eq!(text, format!("{}[DONE]", reply_text()));
    let lines = get(server.url("/ndjson?interval_ms=0")).await.text().await.unwrap();
    let values = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert_eq!(
        values.map(|v| v["message"]["content"].as_str().unwrap().to_owned()).collect::<String>(),
        reply_text()
    );
    for events in ["", "&events=0", "&events=2"] {
        let array = get(server.url(&format!("/jsonarray?interval_ms=0{events}"))).await.text().await.unwrap();
        assert!(serde_json::from_str::<Value>(&array).unwrap().is_array(), "{array}");
    }
}

#[tokio::test]
async fn flaky_neither_loses_nor_repeats_an_event() {
    let server = start().await;
    let (mut last, mut text, mut requests) = (None::<usize>, String::new(), 0);
    loop {
        requests += 1;
        let header = last.map_or_else(String::new, |id| format!("last-event-id: {id}\r\n"));
        let (chunks, clean) = dechunk(&raw(server.addr(), "/flaky?interval_ms=0", &header).await);
        let body = String::from_utf8_lossy(&chunks.concat()).into_owned();
        let events = events(&body);
        assert!(!events.is_empty(), "each connection brings new events: {body}");
        for (id, data) in events {
            if data == "[DONE]" {
                assert!(clean);
                assert_eq!(text, flaky_text());
                assert!((6..20).contains(&requests), "{requests} requests");
                return;
            }
            assert_eq!(id, Some(last.unwrap_or(0) + 1));
            last = id;
            text += &content(&data);
        }
        assert!(!clean);
    }
}

#[tokio::test]
async fn cut_at_cuts_after_exactly_this_many_bytes() {
    let server = start().await;
    let path = "/chat?interval_ms=0&events=3";
    let whole = get(server.url(path)).await.bytes().await.unwrap();
    for cut in (0..=whole.len()).step_by(37).chain([1, whole.len() - 1, whole.len()]) {
        let (chunks, clean) = dechunk(&raw(server.addr(), &format!("{path}&cut_at={cut}"), "").await);
        assert_eq!((chunks.concat(), clean), (whole[..cut].to_vec(), false), "cut_at={cut}");
        let (chunks, clean) =
            dechunk(&raw(server.addr(), &format!("{path}&cut_at={cut}&end=clean"), "").await);
        assert_eq!((chunks.concat(), clean), (whole[..cut].to_vec(), true), "cut_at={cut}&end=clean");
    }
}

#[tokio::test]
async fn a_cut_loses_nothing_that_a_slow_reader_has_not_read_yet() {
    let server = start().await;
    let mut socket = TcpStream::connect(server.addr()).await.unwrap();
    let request =
        "GET /bigfinal?bytes=20000000&interval_ms=0&cut_at=19000000 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    socket.write_all(request.as_bytes()).await.unwrap();
    sleep(Duration::from_millis(300)).await;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    let (chunks, clean) = dechunk(&answer);
    assert_eq!((chunks.concat().len(), clean), (19_000_000, false));
}

#[tokio::test]
async fn cuts_limits_how_many_requests_are_cut() {
    let server = start().await;
    let url = server.url("/chat?interval_ms=0&cut_at=100&cuts=1&key=a");
    let first = get(url.clone()).await.bytes().await;
    let second = get(url).await.bytes().await;
    let other_key = get(server.url("/chat?interval_ms=0&cut_at=100&cuts=1&key=b")).await.bytes().await;
    assert!(first.is_err() && second.is_ok() && other_key.is_err());
}

#[tokio::test]
async fn split_sends_every_byte_in_its_own_chunk() {
    let server = start().await;
    let (chunks, clean) = dechunk(&raw(server.addr(), "/split?interval_ms=0&events=2", "").await);
    assert!(clean && chunks.len() > 500 && chunks.iter().all(|chunk| chunk.len() == 1));
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed_while_the_scenario_is_silent() {
    let server = start().await;
    for path in ["/stall?interval_ms=0", "/think?interval_ms=0", "/slow-headers", "/chat?interval_ms=60000"] {
        let mut socket = TcpStream::connect(server.addr()).await.unwrap();
        let request = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{{}}");
        socket.write_all(request.as_bytes()).await.unwrap();
        sleep(Duration::from_millis(150)).await;
        assert_eq!(server.log().last().unwrap().response, None, "{path}");
        let left = Instant::now();
        drop(socket);
        let ended = last_ended(&server).await;
        assert_eq!(ended.ended, Ended::ClientClosed, "{path}");
        assert!(left.elapsed() < Duration::from_secs(1), "{path}: {:?}", left.elapsed());
        assert_eq!(ended.status.is_some(), path != "/slow-headers");
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_is_logged() {
    let server = start().await;
    let mut socket = TcpStream::connect(server.addr()).await.unwrap();
    socket
        .write_all(b"POST /chat HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99\r\n\r\nhalf")
        .await
        .unwrap();
    sleep(Duration::from_millis(50)).await;
    drop(socket);
    assert_eq!(last_ended(&server).await.ended, Ended::ClientClosed);
}

#[tokio::test]
async fn redirect_leads_to_another_origin_and_both_are_logged() {
    let server = start().await;
    let follower = Client::builder().no_proxy().build().unwrap();
    let url = server.url("/redirect?interval_ms=0&status=308");
    let response = follower.post(url).bearer_auth("secret").send().await.unwrap();
    assert_eq!(response.url().port(), Some(server.other_addr().port()));
    response.bytes().await.unwrap();
    last_ended(&server).await;
    let log = server.log();
    let seen: Vec<_> = log
        .iter()
        .map(|r| (r.port, r.method.as_str(), r.route(), r.response.as_ref().and_then(|r| r.status)))
        .collect();
    assert_eq!(
        seen,
        [
            (server.addr().port(), "POST", "/redirect", Some(308)),
            (server.other_addr().port(), "POST", "/chat", Some(200))
        ]
    );
    assert_eq!(log[0].headers["authorization"], "present");
    assert!(!log[1].headers.contains_key("authorization"));

    let endless = follower.get(server.url("/redirect?to=redirect")).send().await;
    assert!(endless.unwrap_err().is_redirect());
}

#[tokio::test]
async fn busy_refuses_twice_for_each_key() {
    let server = start().await;
    for key in ["a", "b"] {
        let mut statuses = Vec::new();
        for _ in 0..4 {
            let response = get(server.url(&format!("/busy?interval_ms=0&key={key}"))).await;
            let retry_after =
                response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
            statuses.push((response.status().as_u16(), retry_after));
        }
        let one = || Some("1".to_owned());
        assert_eq!(statuses, [(429, one()), (503, one()), (200, None), (429, one())]);
    }
}

#[tokio::test]
async fn notify_replays_what_was_missed_and_then_says_that_it_is_over() {
    let server = start().await;
    let from =
        |id: &str| client().get(server.url("/notify?interval_ms=0&events=4")).header("last-event-id", id);
    let rows: [(&str, u16, &[usize]); 4] =
        [("x", 200, &[1, 2, 3, 4]), ("2", 200, &[3, 4]), ("4", 204, &[]), ("99", 204, &[])];
    for (id, status, want) in rows {
        let response = from(id).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        let ids: Vec<_> =
            events(&response.text().await.unwrap()).into_iter().filter_map(|(id, _)| id).collect();
        assert_eq!(ids, want, "after {id}");
    }
}

#[tokio::test]
async fn http2_with_prior_knowledge() {
    let server = start().await;
    let h2 = Client::builder().http2_prior_knowledge().no_proxy().build().unwrap();
    let whole = h2.get(server.url("/chat?interval_ms=0")).send().await.unwrap();
    assert_eq!(whole.version(), reqwest::Version::HTTP_2);
    let whole = whole.bytes().await.unwrap();
    assert!(whole.ends_with(b"data: [DONE]\n\n"));

    let mut cut = h2.get(server.url("/chat?interval_ms=0&cut_at=1000")).send().await.unwrap();
    let mut bytes = Vec::new();
    let error = loop {
        match cut.chunk().await {
            Ok(piece) => bytes.extend_from_slice(&piece.expect("a cut is an error")),
            Err(error) => break error,
        }
    };
    assert_eq!(bytes, whole[..1000]);
    assert!(format!("{error:?}").contains("Reset"), "{error:?}");
    assert_eq!(last_ended(&server).await.ended, Ended::Cut);

    let mut left = h2.get(server.url("/stall?interval_ms=0")).send().await.unwrap();
    left.chunk().await.unwrap();
    drop(left);
    assert_eq!(last_ended(&server).await.ended, Ended::ClientClosed);
    assert_eq!(server.log()[0].version, "HTTP/2.0");

    let endless = h2.get(server.url("/endless?bytes=3000000")).send().await.unwrap();
    assert_eq!(endless.bytes().await.unwrap().len(), 184 * 16_384 + "data: [DONE]\n\n".len());
}

#[tokio::test]
async fn pages_are_admitted_by_their_origin_and_never_with_credentials() {
    let local = "http://localhost:5173";
    let other = "https://app.example";
    let rows: [(&str, &str, Option<&str>); 6] = [
        ("loopback", local, Some(local)),
        ("loopback", other, None),
        ("any", other, Some(other)),
        (other, other, Some(other)),
        (other, local, None),
        ("none", local, None),
    ];
    for (cors, origin, want) in rows {
        let cors = cors.parse().unwrap();
        let server = Server::start(ServeConfig { cors, ..Default::default() }).await.unwrap();
        let preflight = client()
            .request(Method::OPTIONS, server.url("/chat"))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,last-event-id");
        let response = preflight.send().await.unwrap();
        assert_eq!(server.log().len(), 1, "preflights are logged");
        let request = client().get(server.url("/status?status=503&retry_after=9")).header("origin", origin);
        let refusal = request.send().await.unwrap();
        for response in [&response, &refusal] {
            let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap());
            assert_eq!(header("access-control-allow-origin"), want, "{origin}");
            assert_eq!(header("access-control-allow-credentials"), None);
        }
        if want.is_some() {
            let allowed = &response.headers()["access-control-allow-headers"];
            assert_eq!(allowed, "authorization,last-event-id");
            let exposed = refusal.headers()["access-control-expose-headers"].to_str().unwrap();
            assert!(exposed.contains("retry-after"), "{exposed}");
        }
    }
}

#[tokio::test]
async fn requests_to_a_name_that_is_not_the_servers_are_refused() {
    let names = vec!["upstream".to_owned()];
    let server = Server::start(ServeConfig { names, ..Default::default() }).await.unwrap();
    let post = client().post(server.url("/ai/chat?interval_ms=0")).body(r#"{"prompt":"private"}"#);
    post.send().await.unwrap().bytes().await.unwrap();
    for addr in [server.addr(), server.other_addr()] {
        for path in ["/_log", "/chat?interval_ms=0&events=1", "/", "/nothing"] {
            let get = |target: &str, host: &str| {
                format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")
            };
            for host in ["evil.example", "evil.example:80", "localhost.evil.example"] {
                let answer = exchange(addr, &get(path, host)).await;
                assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("--allow-host"), "{answer}");
                assert!(!answer.contains("private"), "{answer}");
            }
            let absolute = get(&format!("http://evil.example{path}"), "localhost");
            assert!(exchange(addr, &absolute).await.starts_with("HTTP/1.1 403"));
            for host in ["localhost", "127.0.0.1:1", "[::1]:8787", "UPSTREAM:9"] {
                let answer = exchange(addr, &get(path, host)).await;
                assert!(!answer.starts_with("HTTP/1.1 403"), "{host} {path}: {answer}");
            }
        }
    }
    let log = server.log();
    let refused = log.iter().find(|request| request.headers["host"] == "evil.example").unwrap();
    assert_eq!(refused.response.as_ref().unwrap().status, Some(403), "the owner sees who tried");
    let h2 = Client::builder().http2_prior_knowledge().no_proxy().resolve("evil.example", server.addr());
    let url = format!("http://evil.example:{}/_log", server.addr().port());
    assert_eq!(h2.build().unwrap().get(url).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn the_log_is_not_shown_to_foreign_pages() {
    for (cors, origin, want) in [
        ("loopback", "http://localhost:5173", 200),
        ("loopback", "https://evil.example", 403),
        ("loopback", "null", 403),
        ("any", "https://evil.example", 403),
        ("any", "http://127.0.0.1:3000", 200),
        ("https://app.example", "https://app.example", 200),
        ("https://app.example", "http://localhost", 403),
        ("none", "http://localhost", 403),
    ] {
        let cors = cors.parse().unwrap();
        let server = Server::start(ServeConfig { cors, ..Default::default() }).await.unwrap();
        get(server.url("/gone")).await;
        let response = client().get(server.url("/_log")).header("origin", origin).send().await.unwrap();
        assert_eq!(response.status(), want, "{origin}");
        let text = response.text().await.unwrap();
        assert_eq!(text.contains("/gone"), want == 200, "{origin}: {text}");
        let response = get(server.url("/_log")).await;
        assert_eq!(response.status(), 200, "no page asks");
        assert_eq!(response.headers()["cross-origin-resource-policy"], "same-origin");
    }
}

#[tokio::test]
async fn encodings_decode_as_they_stream_and_can_be_cut() {
    let server = start().await;
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let path = format!("/chat?encoding={coding}&interval_ms=0");
        let response = get(server.url(&path)).await;
        let whole = decoded(coding, &response.bytes().await.unwrap());
        assert!(whole.ends_with(b"data: [DONE]\n\n"), "{coding}");

        // The first event arrives before the second one is written.
        let mut slow = get(server.url(&format!("/chat?encoding={coding}&interval_ms=60000"))).await;
        let mut came = Vec::new();
        while !decoded(coding, &came).ends_with(b"\n\n") {
            let chunk = timeout(Duration::from_secs(5), slow.chunk()).await.unwrap().unwrap();
            came.extend_from_slice(&chunk.unwrap());
        }

        let (chunks, clean) = dechunk(&raw(server.addr(), &format!("{path}&cut_at=50"), "").await);
        assert_eq!((chunks.concat().len(), clean), (50, false), "{coding}");
    }
}

#[tokio::test]
async fn the_log_can_be_read_and_cleared_over_http() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = LogSink::new({
        let lines = Arc::clone(&lines);
        move |line| lines.lock().unwrap().push(serde_json::to_value(line).unwrap())
    });
    let server = Server::start(ServeConfig { log: sink, ..Default::default() }).await.unwrap();
    let post = client().post(server.url("/ai/chat?interval_ms=0")).header("x-api-key", "secret");
    let reply = post.body(r#"{"prompt":"为什么?"}"#).send().await.unwrap().text().await.unwrap();
    let text: String =
        events(&reply).iter().filter(|(_, data)| data != "[DONE]").map(|(_, data)| content(data)).collect();
    assert_eq!(text, prompt_text("为什么?"));
    last_ended(&server).await;

    let log: Vec<RequestLog> =
        get(server.url("/_log")).await.bytes().await.map(|b| serde_json::from_slice(&b)).unwrap().unwrap();
    assert_eq!(log, server.log());
    assert_eq!((log[0].body.as_str(), log[0].body_bytes), (r#"{"prompt":"为什么?"}"#, 23));
    assert_eq!(log[0].headers["x-api-key"], "present");
    assert_eq!(log[0].response.as_ref().unwrap().bytes, reply.len() as u64);

    let types: Vec<_> =
        lines.lock().unwrap().iter().map(|line| (line["type"].clone(), line["number"].clone())).collect();
    assert_eq!(types, [("request".into(), 1.into()), ("response".into(), 1.into())]);
    assert_eq!(lines.lock().unwrap()[1]["ended"], "complete");

    client().delete(server.url("/_log")).send().await.unwrap();
    assert_eq!(server.log(), []);
}

#[tokio::test]
async fn a_wrong_request_is_answered_with_what_is_expected() {
    let server = start().await;
    let rows = [
        ("/nothing", 404, "GET / lists them"),
        ("/", 200, "/midstream-error"),
        ("/chat?interval_ms=x", 400, "interval_ms"),
        ("/flaky?events=18446744073709551615", 400, "up to 1000000"),
        ("/chat?events=1000001", 400, "up to 1000000"),
        ("/chat?events=-1", 400, "up to 1000000"),
        ("/llm?events=100001", 400, "up to 100000"),
        ("/chat?interval_ms=86400001", 400, "up to 86400000"),
        ("/think?silence_ms=18446744073709551615", 400, "up to 86400000"),
        ("/bigfinal?bytes=1073741825", 400, "up to 1073741824"),
        ("/bigfinal?bytes=99999999999999999999", 400, "bytes"),
        ("/endless?bytes=99999999999999999999", 400, "bytes"),
        ("/chat?cut_at=99999999999999999999", 400, "cut_at"),
        ("/chat?seed=99999999999999999999", 400, "seed"),
        ("/status?retry_after=a%0Ab", 400, "header"),
        ("/redirect?to=a%0Ab", 400, "scenario's name"),
        ("/chat?ids=2", 400, "expected 0 or 1"),
        ("/status?status=99", 400, "200 to 599"),
        ("/chat?encoding=lzw", 400, "`zstd`"),
        ("/ai/chat", 400, "{\\\"prompt\\\":"),
    ];
    for (path, status, part) in rows {
        let response = get(server.url(path)).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        let text = response.text().await.unwrap();
        assert!(text.contains(part), "{path}: {text}");
    }
    let head = client().head(server.url("/chat")).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(last_ended(&server).await.ended, Ended::Complete);
}

#[tokio::test]
async fn no_secret_is_logged() {
    let server = start().await;
    let form = "application/x-www-form-urlencoded";
    let json = "application/json";
    for (path, content_type, body) in [
        ("/chat?api_key=s3cr3t&events=1&interval_ms=0", json, r#"{"apiKey":"s3cr3t","prompt":"why?"}"#),
        ("/v1beta/models/m:generate?key=s3cr3t", form, "client_secret=s3cr3t&grant_type=x"),
        ("/gone?key=counter", form, r#"{"password":"s3cr3t"}"#),
    ] {
        let request = client()
            .post(server.url(path))
            .header("content-type", content_type)
            .header("x-auth-token", "s3cr3t")
            .header("referer", "http://u:s3cr3t@localhost/?token=s3cr3t")
            .body(body);
        request.send().await.unwrap().bytes().await.unwrap();
    }
    let log = get(server.url("/_log")).await.text().await.unwrap();
    assert!(!log.contains("s3cr3t"), "{log}");
    for part in ["prompt", "why?", "grant_type=x", "key=counter", "/chat?api_key=***&events=1"] {
        assert!(log.contains(part), "{part}: {log}");
    }
}

/// A response is made as it is read, however large the parameters.
#[tokio::test(flavor = "multi_thread")]
async fn the_largest_parameters_are_answered_at_once() {
    let server = start().await;
    let most = u64::MAX;
    for path in [
        "/chat?events=1000000".to_owned(),
        "/chat?events=1000000&ids=1&last_event_id=999990".to_owned(),
        format!("/chat?seed={most}&cuts={most}&cut_at={most}&last_event_id={most}&ids=1"),
        "/flaky?events=1000000".to_owned(),
        "/flaky?events=1000000&last_event_id=999980".to_owned(),
        format!("/flaky?last_event_id={most}"),
        "/truncate?events=1000000".to_owned(),
        "/midstream-error?events=1000000".to_owned(),
        "/glued?events=1000000".to_owned(),
        "/split?events=1000000".to_owned(),
        "/text?events=1000000".to_owned(),
        "/plain?events=1000000".to_owned(),
        "/ndjson?events=1000000".to_owned(),
        "/jsonarray?events=1000000".to_owned(),
        "/notify?events=1000000".to_owned(),
        "/notify?events=1000000&last_event_id=999990".to_owned(),
        "/heartbeat?events=1000000&ids=1&last_event_id=999990".to_owned(),
        "/stream?events=1000000&ids=1&last_event_id=999990".to_owned(),
        format!("/sse?last_event_id={}", most - 1),
        "/bigfinal?events=0&bytes=1073741824".to_owned(),
        format!("/endless?bytes={most}"),
        "/llm?events=100000".to_owned(),
        format!("/llm?dialect=openai-responses&starting_after={most}"),
    ] {
        let first = async {
            let mut response = get(server.url(&format!("{path}&interval_ms=0"))).await;
            assert!(response.status().is_success(), "{path}: {}", response.status());
            // `truncate` and others that break off at once are an error, which is an answer too.
            let _ = response.chunk().await;
        };
        // Much longer than it takes on a busy machine, and much shorter than the whole response takes.
        tokio::time::timeout(Duration::from_secs(30), first)
            .await
            .expect("the response is made as it is read");
    }
}

#[tokio::test]
async fn a_scenario_file_is_played() {
    let text = r#"
        {"response":{"status":503,"headers":[["retry-after","1"]]}}
        {"end":true}
        {"cut":true}
        {"wait_ms":30}
        {"response":{"status":200,"headers":[["content-type","text/event-stream"],["x-model","m"]]}}
        {"text":"data: a\n\n"}
        {"base64":"ZGF0YTog5L0="}
        {"cut":true}"#;
    let scenario = Some(Scenario::File(Arc::new(text.parse().unwrap())));
    let server = Server::start(ServeConfig { scenario, ..Default::default() }).await.unwrap();
    assert_eq!(get(server.url("/v1/chat")).await.status(), 503);
    assert!(client().get(server.url("/v1/chat")).send().await.is_err());
    for _ in 0..2 {
        let answer = raw(server.addr(), "/v1/chat", "").await;
        assert!(find(&answer, b"x-model: m\r\n").is_some());
        let (chunks, clean) = dechunk(&answer);
        assert_eq!((chunks, clean), (vec![b"data: a\n\n".to_vec(), b"data: \xE4\xBD".to_vec()], false));
    }
    assert_eq!(get(server.url("/gone")).await.status(), 204, "names stay reachable");
}

#[tokio::test]
async fn shutting_down_closes_and_logs_every_connection() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = LogSink::new({
        let lines = Arc::clone(&lines);
        move |line| lines.lock().unwrap().push(line)
    });
    let server = Server::start(ServeConfig { log, ..Default::default() }).await.unwrap();
    let paths = ["/stall?interval_ms=0", "/slow-headers", "/endless"];
    let mut sockets = Vec::new();
    for path in paths {
        let mut socket = TcpStream::connect(server.addr()).await.unwrap();
        socket.write_all(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
        sockets.push(socket);
    }
    server.log_until(|log| log.len() == paths.len()).await;
    sleep(Duration::from_millis(100)).await;
    timeout(Duration::from_secs(2), server.shutdown()).await.unwrap();
    let ended: Vec<_> = lines
        .lock()
        .unwrap()
        .iter()
        .filter_map(|line| match line {
            LogLine::Response { response, .. } => Some(response.ended),
            _ => None,
        })
        .collect();
    assert_eq!(ended, [Ended::ServerClosed; 3]);
}

#[tokio::test]
async fn an_error_about_a_port_in_use_says_what_to_do() {
    let server = start().await;
    let config = ServeConfig { listen: server.addr(), ..Default::default() };
    let error = Server::start(config).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains("--port"), "{error}");
}

const PAGE: &str = include_str!("../../../../docs/scenarios.md");

#[test]
fn the_documentation_names_every_scenario_and_no_other() {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `/")?.split_once('`'));
    let documented: BTreeSet<_> = rows.map(|(name, _)| name).collect();
    let known: BTreeSet<_> = SCENARIOS.iter().map(|named| named.name).collect();
    assert_eq!(documented, known);
}

#[test]
fn the_example_in_the_documentation_is_a_scenario_file() {
    let (_, example) = PAGE.split_once("```jsonl\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    assert_eq!(example.parse::<ScenarioFile>().unwrap().responses(), 2);
}
