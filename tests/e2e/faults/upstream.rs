//! The servers of a script: `serve` plays a scenario file; the other servers send what no HTTP library does.

use std::env;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tidewire::Wire;
use tidewire_cli::serve::{Scenario, ScenarioFile, Server};
use tidewire_tests::raw::{Act, RawServer, chunk};
use tokio::net::TcpSocket;
use tokio::sync::Notify;

use crate::call::LIMIT;
use crate::http2::Http2Server;
use crate::script::{Answer, Attempt, End, Framing, KEPT, NoHead, Relay, Response, Script, Stage};

/// The interval of comments that never end, much shorter than any time limit.
pub(crate) const BEAT: Duration = Duration::from_millis(200);
pub(crate) const BEATS: u32 = 100;

/// A loopback address of the stream's own: with a shared one, a port may be reused for which the clients' pools still have a dying
/// connection. Only Linux has more than one such address, and a proxy may know only the first.
pub(crate) fn address(number: usize) -> Ipv4Addr {
    let proxied =
        ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].iter().any(|name| env::var(name).is_ok());
    if !cfg!(target_os = "linux") || proxied {
        return Ipv4Addr::LOCALHOST;
    }
    let [.., b, c, d] = u32::try_from(number % (120 << 16)).unwrap_or_default().to_be_bytes();
    Ipv4Addr::new(127, 1 + b, c, d)
}

/// A server of one attempt.
pub(crate) enum Peer {
    Serve,
    Raw(RawServer),
    Http2(Http2Server),
    /// A port that is bound, but not listened on.
    Nobody(#[expect(dead_code, reason = "held for its port")] TcpSocket),
}

/// Opens when the client has read the first bytes of an attempt.
pub(crate) struct Gate {
    /// How many, of the decoded body.
    bytes: usize,
    pub(crate) open: Arc<Notify>,
}

impl Gate {
    pub(crate) fn of(attempt: &Attempt) -> Self {
        let bytes = match &attempt.answer {
            Answer::Response(response) => {
                let held = if response.held {
                    &response.slices[..response.slices.len() - 1]
                } else {
                    &response.slices[..]
                };
                let wire = held.concat();
                response.coding.map_or(wire.len(), |coding| coding.decode(&wire).0.len())
            }
            _ => 0,
        };
        Self { bytes, open: Arc::default() }
    }
}

/// Counts the bytes of each attempt, and opens its gate.
pub(crate) fn watch(gates: Vec<Gate>) -> impl FnMut(Wire<'_>) + Send + 'static {
    let (mut sent, mut came) = (0, 0);
    move |wire| {
        match wire {
            Wire::Sent => {
                (sent, came) = (sent + 1, 0);
                return;
            }
            Wire::Head { .. } => {}
            Wire::Bytes(bytes) => came += bytes.len(),
            _ => return,
        }
        if let Some(gate) = gates.get(sent - 1).filter(|gate| came >= gate.bytes) {
            gate.open.notify_one();
        }
    }
}

/// Starts the server of an attempt; returns it and its URL.
pub(crate) async fn peer(attempt: &Attempt, ip: Ipv4Addr, serve: &Server, gate: &Gate) -> (Peer, String) {
    match (&attempt.answer, attempt.stage) {
        (Answer::Nobody, _) => {
            let socket = TcpSocket::new_v4().expect("a socket");
            socket.bind((ip, 0).into()).expect("a free port");
            let url = format!("http://{}/s", socket.local_addr().expect("an address"));
            (Peer::Nobody(socket), url)
        }
        (Answer::SilentTls, _) => {
            let server = RawServer::start_on(ip, vec![vec![Act::Hang]]).await;
            let url = server.url("/s").replace("http:", "https:");
            (Peer::Raw(server), url)
        }
        (Answer::EndlessRedirects, _) => (Peer::Serve, serve.url("/redirect?to=redirect&status=307")),
        (_, Stage::Serve) => match attempt.redirect {
            Some(status) => (Peer::Serve, serve.url(&format!("/redirect?to=s&status={status}"))),
            None => (Peer::Serve, serve.url("/s")),
        },
        (answer, Stage::Http2) => {
            let server = Http2Server::start(ip, answer.clone(), Arc::clone(&gate.open)).await;
            let url = server.url("/s");
            (Peer::Http2(server), url)
        }
        (answer, Stage::Raw) => {
            let server = RawServer::start_on(ip, vec![acts(answer, gate)]).await;
            let url = server.url("/s");
            (Peer::Raw(server), url)
        }
    }
}

/// Whether the scenario file has an answer for it.
fn is_served(attempt: &Attempt) -> bool {
    attempt.stage == Stage::Serve
        && !matches!(attempt.answer, Answer::Nobody | Answer::SilentTls | Answer::EndlessRedirects)
}

/// The answers of `serve`, as a scenario file.
pub(crate) fn scenario(script: &Script) -> Scenario {
    let mut lines = Vec::new();
    for attempt in script.attempts.iter().filter(|attempt| is_served(attempt)) {
        match &attempt.answer {
            Answer::NoHead(NoHead::Silence) => {
                lines.push(r#"{"wait_ms":600000}"#.to_owned());
                lines.push(r#"{"response":{"status":200}}"#.to_owned());
                lines.push(r#"{"end":true}"#.to_owned());
            }
            Answer::NoHead(_) => lines.push(r#"{"cut":true}"#.to_owned()),
            Answer::Status { status, retry_after, retry_after_ms } => {
                let headers: Vec<_> = waits(*retry_after, *retry_after_ms).collect();
                lines.push(head_line(*status, &headers));
                if *status != 204 {
                    lines.push(r#"{"text":"{\"error\":\"so it is\"}"}"#.to_owned());
                }
                lines.push(r#"{"end":true}"#.to_owned());
            }
            Answer::Response(response) => served(response, script.call.http2, &mut lines),
            Answer::Nobody | Answer::SilentTls | Answer::EndlessRedirects => {}
        }
    }
    // The answer to unexpected requests.
    lines.push(r#"{"response":{"status":418}}"#.to_owned());
    let file: ScenarioFile = lines.join("\n").parse().expect("a scenario file");
    Scenario::File(Arc::new(file))
}

/// The headers that ask the client to wait.
pub(crate) fn waits(
    retry_after: Option<&'static str>,
    retry_after_ms: Option<&'static str>,
) -> impl Iterator<Item = [&'static str; 2]> {
    let seconds = retry_after.map(|value| ["retry-after", value]);
    seconds.into_iter().chain(retry_after_ms.map(|value| ["retry-after-ms", value]))
}

/// The headers of a response, without those of its framing.
pub(crate) fn headers(response: &Response) -> Vec<[&'static str; 2]> {
    let content_type = response.content_type.map(|value| ["content-type", value]);
    let coding = response.coding.map(|coding| ["content-encoding", coding.name()]);
    let name = ["tidewire-stream", "7"];
    let relay: &[[&'static str; 2]] = match response.relay {
        Relay::No => &[],
        Relay::Here => &[name, ["location", KEPT]],
        Relay::Elsewhere => &[name, ["location", "http://127.0.0.1:9/s?kept=1"]],
        Relay::Unnamed => &[["location", KEPT]],
    };
    content_type.into_iter().chain(coding).chain(relay.iter().copied()).collect()
}

fn head_line(status: u16, headers: &[[&str; 2]]) -> String {
    serde_json::json!({ "response": { "status": status, "headers": headers } }).to_string()
}

fn served(response: &Response, http2: bool, lines: &mut Vec<String>) {
    if !response.head_after.is_zero() {
        lines.push(format!(r#"{{"wait_ms":{}}}"#, response.head_after.as_millis()));
    }
    lines.push(head_line(200, &headers(response)));
    for slice in &response.slices {
        lines.push(format!(r#"{{"base64":"{}"}}"#, STANDARD.encode(slice)));
        if response.slow {
            lines.push(r#"{"wait_ms":1}"#.to_owned());
        }
    }
    match &response.end {
        End::Clean | End::Garbage(_) => lines.push(r#"{"end":true}"#.to_owned()),
        End::Cut | End::Reset | End::StreamReset(_) => {
            // An HTTP/2 reset overtakes data that was not written yet.
            if http2 {
                lines.push(format!(r#"{{"wait_ms":{}}}"#, (LIMIT / 6).as_millis()));
            }
            lines.push(r#"{"cut":true}"#.to_owned());
        }
        End::Silence => lines.push(r#"{"stall":true}"#.to_owned()),
        End::Comments => {
            for _ in 0..BEATS {
                lines.push(format!(r#"{{"wait_ms":{}}}"#, BEAT.as_millis()));
                lines.push(r#"{"text":": beat\n\n"}"#.to_owned());
            }
            lines.push(r#"{"stall":true}"#.to_owned());
        }
    }
}

/// The steps of the server of raw bytes.
fn acts(answer: &Answer, gate: &Gate) -> Vec<Act> {
    let send = |bytes: &[u8]| Act::Send(bytes.to_vec());
    match answer {
        Answer::NoHead(NoHead::HangUp) => vec![],
        Answer::NoHead(NoHead::Reset) => vec![Act::Reset],
        Answer::NoHead(NoHead::Half) => vec![send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-st")],
        Answer::NoHead(NoHead::Garbage) => vec![send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")],
        Answer::NoHead(NoHead::Silence) => vec![Act::Hang],
        Answer::NoHead(NoHead::NotProcessed | NoHead::WantsHttp1) => vec![],
        Answer::Status { status, retry_after, retry_after_ms } => {
            let retry: String = waits(*retry_after, *retry_after_ms)
                .map(|[name, value]| format!("{name}: {value}\r\n"))
                .collect();
            let body = if *status == 204 { "" } else { "content-length: 4\r\n" };
            let text = if *status == 204 { "" } else { "busy" };
            vec![send(format!("HTTP/1.1 {status} Said\r\n{retry}{body}\r\n{text}").as_bytes())]
        }
        Answer::Response(response) => raw(response, gate),
        Answer::Nobody | Answer::SilentTls | Answer::EndlessRedirects => vec![],
    }
}

fn raw(response: &Response, gate: &Gate) -> Vec<Act> {
    let wire = response.wire();
    let clean = matches!(response.end, End::Clean | End::Garbage(_));
    let mut head = "HTTP/1.1 200 OK\r\n".to_owned();
    head.extend(headers(response).iter().map(|[name, value]| format!("{name}: {value}\r\n")));
    head += &match response.framing {
        Framing::Chunked => "transfer-encoding: chunked\r\n\r\n".to_owned(),
        Framing::Length => {
            let missing = if clean { 0 } else { 100_000 };
            format!("content-length: {}\r\n\r\n", wire.len() + missing)
        }
        Framing::Close => "connection: close\r\n\r\n".to_owned(),
    };
    let mut acts = vec![Act::Wait(response.head_after), Act::Send(head.into_bytes())];
    let framed = |bytes: &[u8]| match response.framing {
        Framing::Chunked => chunk(bytes),
        Framing::Length | Framing::Close => bytes.to_vec(),
    };
    for (index, slice) in response.slices.iter().enumerate() {
        let mut bytes = framed(slice);
        let last = index + 1 == response.slices.len();
        let breaks = matches!(response.end, End::Cut | End::Reset | End::Silence);
        if breaks && last && response.framing == Framing::Chunked && response.slow {
            // A chunk that is shorter than announced.
            bytes = [format!("{:x}\r\n", slice.len() + 10).as_bytes(), slice].concat();
        }
        if response.held && last {
            acts.push(Act::Until(Arc::clone(&gate.open)));
        }
        acts.push(Act::Send(bytes));
        if response.slow {
            acts.push(Act::Wait(Duration::from_millis(1)));
        }
    }
    let last = if response.framing == Framing::Chunked { &b"0\r\n\r\n"[..] } else { b"" };
    match &response.end {
        End::Clean => acts.push(Act::Send(last.to_vec())),
        End::Garbage(bytes) => acts.push(Act::Send([last, bytes].concat())),
        End::Cut | End::StreamReset(_) => {}
        End::Reset => acts.extend([Act::Until(Arc::clone(&gate.open)), Act::Reset]),
        End::Silence => acts.push(Act::Hang),
        End::Comments => {
            for _ in 0..BEATS {
                acts.push(Act::Wait(BEAT));
                acts.push(Act::Send(framed(b": beat\n\n")));
            }
            acts.push(Act::Hang);
        }
    }
    acts
}
