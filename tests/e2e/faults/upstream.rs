//! The servers of a script: `serve` plays a scenario file, the server of raw bytes what no HTTP library sends.

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

use crate::ask::LIMIT;
use crate::http2::Http2Server;
use crate::script::{Attempt, End, Framing, KEPT, Meets, NoHead, Relay, Reply, Script, Stage};

/// Comments come this much more often than a limit of time passes.
pub(crate) const BEAT: Duration = Duration::from_millis(200);
pub(crate) const BEATS: u32 = 100;

/// An address of the stream's own: a port that another stream's server had before may still stand in the clients' pools, with a
/// connection that is about to be closed. Elsewhere the machine has one such address, and a proxy may know only that one.
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
pub(crate) enum Place {
    Serve,
    Raw(RawServer),
    Http2(Http2Server),
    /// Holds a port without listening on it.
    Nobody(#[expect(dead_code, reason = "held for its port")] TcpSocket),
}

/// Opens when the caller has read what an attempt brings first.
pub(crate) struct Gate {
    /// Of the decoded body.
    bytes: usize,
    pub(crate) open: Arc<Notify>,
}

impl Gate {
    pub(crate) fn of(attempt: &Attempt) -> Self {
        let bytes = match &attempt.meets {
            Meets::Reply(reply) => {
                let held =
                    if reply.held { &reply.slices[..reply.slices.len() - 1] } else { &reply.slices[..] };
                let wire = held.concat();
                reply.coding.map_or(wire.len(), |coding| coding.decode(&wire).0.len())
            }
            _ => 0,
        };
        Self { bytes, open: Arc::default() }
    }
}

/// Counts what comes of each attempt, and opens its gate.
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

/// The server of an attempt, and its URL.
pub(crate) async fn place(attempt: &Attempt, ip: Ipv4Addr, serve: &Server, gate: &Gate) -> (Place, String) {
    match (&attempt.meets, attempt.stage) {
        (Meets::Nobody, _) => {
            let socket = TcpSocket::new_v4().expect("a socket");
            socket.bind((ip, 0).into()).expect("a free port");
            let url = format!("http://{}/s", socket.local_addr().expect("an address"));
            (Place::Nobody(socket), url)
        }
        (Meets::MuteTls, _) => {
            let server = RawServer::start_on(ip, vec![vec![Act::Hang]]).await;
            let url = server.url("/s").replace("http:", "https:");
            (Place::Raw(server), url)
        }
        (Meets::RoundAndRound, _) => (Place::Serve, serve.url("/redirect?to=redirect&status=307")),
        (_, Stage::Serve) => match attempt.redirect {
            Some(status) => (Place::Serve, serve.url(&format!("/redirect?to=s&status={status}"))),
            None => (Place::Serve, serve.url("/s")),
        },
        (meets, Stage::Http2) => {
            let server = Http2Server::start(ip, meets.clone(), Arc::clone(&gate.open)).await;
            let url = server.url("/s");
            (Place::Http2(server), url)
        }
        (meets, Stage::Raw) => {
            let server = RawServer::start_on(ip, vec![acts(meets, gate)]).await;
            let url = server.url("/s");
            (Place::Raw(server), url)
        }
    }
}

/// Whether the scenario file answers it.
fn is_served(attempt: &Attempt) -> bool {
    attempt.stage == Stage::Serve
        && !matches!(attempt.meets, Meets::Nobody | Meets::MuteTls | Meets::RoundAndRound)
}

/// What `serve` answers, as a scenario file.
pub(crate) fn scenario(script: &Script) -> Scenario {
    let mut lines = Vec::new();
    for attempt in script.attempts.iter().filter(|attempt| is_served(attempt)) {
        match &attempt.meets {
            Meets::NoHead(NoHead::Silence) => {
                lines.push(r#"{"wait_ms":600000}"#.to_owned());
                lines.push(r#"{"response":{"status":200}}"#.to_owned());
                lines.push(r#"{"end":true}"#.to_owned());
            }
            Meets::NoHead(_) => lines.push(r#"{"cut":true}"#.to_owned()),
            Meets::Status { status, retry_after, retry_after_ms } => {
                let headers: Vec<_> = waits(*retry_after, *retry_after_ms).collect();
                lines.push(response(*status, &headers));
                if *status != 204 {
                    lines.push(r#"{"text":"{\"error\":\"so it is\"}"}"#.to_owned());
                }
                lines.push(r#"{"end":true}"#.to_owned());
            }
            Meets::Reply(reply) => served(reply, script.ask.http2, &mut lines),
            Meets::Nobody | Meets::MuteTls | Meets::RoundAndRound => {}
        }
    }
    // For requests that nobody expects.
    lines.push(r#"{"response":{"status":418}}"#.to_owned());
    let file: ScenarioFile = lines.join("\n").parse().expect("a scenario file");
    Scenario::File(Arc::new(file))
}

/// The headers that ask to wait.
pub(crate) fn waits(
    retry_after: Option<&'static str>,
    retry_after_ms: Option<&'static str>,
) -> impl Iterator<Item = [&'static str; 2]> {
    let seconds = retry_after.map(|value| ["retry-after", value]);
    seconds.into_iter().chain(retry_after_ms.map(|value| ["retry-after-ms", value]))
}

/// The headers of a reply but for those of its framing.
pub(crate) fn headers(reply: &Reply) -> Vec<[&'static str; 2]> {
    let content_type = reply.content_type.map(|value| ["content-type", value]);
    let coding = reply.coding.map(|coding| ["content-encoding", coding.name()]);
    let name = ["tidewire-stream", "7"];
    let relay: &[[&'static str; 2]] = match reply.relay {
        Relay::No => &[],
        Relay::Here => &[name, ["location", KEPT]],
        Relay::Elsewhere => &[name, ["location", "http://127.0.0.1:9/s?kept=1"]],
        Relay::Unnamed => &[["location", KEPT]],
    };
    content_type.into_iter().chain(coding).chain(relay.iter().copied()).collect()
}

fn response(status: u16, headers: &[[&str; 2]]) -> String {
    serde_json::json!({ "response": { "status": status, "headers": headers } }).to_string()
}

fn served(reply: &Reply, http2: bool, lines: &mut Vec<String>) {
    if !reply.head_after.is_zero() {
        lines.push(format!(r#"{{"wait_ms":{}}}"#, reply.head_after.as_millis()));
    }
    lines.push(response(200, &headers(reply)));
    for slice in &reply.slices {
        lines.push(format!(r#"{{"base64":"{}"}}"#, STANDARD.encode(slice)));
        if reply.slow {
            lines.push(r#"{"wait_ms":1}"#.to_owned());
        }
    }
    match &reply.end {
        End::Clean | End::Garbage(_) => lines.push(r#"{"end":true}"#.to_owned()),
        End::Cut | End::Reset | End::StreamReset(_) => {
            // A reset of HTTP/2 overtakes what the server has not yet written.
            if http2 {
                lines.push(format!(r#"{{"wait_ms":{}}}"#, (LIMIT / 6).as_millis()));
            }
            lines.push(r#"{"cut":true}"#.to_owned());
        }
        End::Silence => lines.push(r#"{"stall":true}"#.to_owned()),
        End::Beats => {
            for _ in 0..BEATS {
                lines.push(format!(r#"{{"wait_ms":{}}}"#, BEAT.as_millis()));
                lines.push(r#"{"text":": beat\n\n"}"#.to_owned());
            }
            lines.push(r#"{"stall":true}"#.to_owned());
        }
    }
}

/// What the server of raw bytes does.
fn acts(meets: &Meets, gate: &Gate) -> Vec<Act> {
    let send = |bytes: &[u8]| Act::Send(bytes.to_vec());
    match meets {
        Meets::NoHead(NoHead::HangUp) => vec![],
        Meets::NoHead(NoHead::Reset) => vec![Act::Reset],
        Meets::NoHead(NoHead::Half) => vec![send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-st")],
        Meets::NoHead(NoHead::Garbage) => vec![send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")],
        Meets::NoHead(NoHead::Silence) => vec![Act::Hang],
        Meets::NoHead(NoHead::NotProcessed | NoHead::WantsHttp1) => vec![],
        Meets::Status { status, retry_after, retry_after_ms } => {
            let retry: String = waits(*retry_after, *retry_after_ms)
                .map(|[name, value]| format!("{name}: {value}\r\n"))
                .collect();
            let body = if *status == 204 { "" } else { "content-length: 4\r\n" };
            let text = if *status == 204 { "" } else { "busy" };
            vec![send(format!("HTTP/1.1 {status} Said\r\n{retry}{body}\r\n{text}").as_bytes())]
        }
        Meets::Reply(reply) => raw(reply, gate),
        Meets::Nobody | Meets::MuteTls | Meets::RoundAndRound => vec![],
    }
}

fn raw(reply: &Reply, gate: &Gate) -> Vec<Act> {
    let wire = reply.wire();
    let clean = matches!(reply.end, End::Clean | End::Garbage(_));
    let mut head = "HTTP/1.1 200 OK\r\n".to_owned();
    head.extend(headers(reply).iter().map(|[name, value]| format!("{name}: {value}\r\n")));
    head += &match reply.framing {
        Framing::Chunked => "transfer-encoding: chunked\r\n\r\n".to_owned(),
        Framing::Length => {
            let missing = if clean { 0 } else { 100_000 };
            format!("content-length: {}\r\n\r\n", wire.len() + missing)
        }
        Framing::Close => "connection: close\r\n\r\n".to_owned(),
    };
    let mut acts = vec![Act::Wait(reply.head_after), Act::Send(head.into_bytes())];
    let framed = |bytes: &[u8]| match reply.framing {
        Framing::Chunked => chunk(bytes),
        Framing::Length | Framing::Close => bytes.to_vec(),
    };
    for (index, slice) in reply.slices.iter().enumerate() {
        let mut bytes = framed(slice);
        let last = index + 1 == reply.slices.len();
        let breaks = matches!(reply.end, End::Cut | End::Reset | End::Silence);
        if breaks && last && reply.framing == Framing::Chunked && reply.slow {
            // A chunk that announces more than comes.
            bytes = [format!("{:x}\r\n", slice.len() + 10).as_bytes(), slice].concat();
        }
        if reply.held && last {
            acts.push(Act::Until(Arc::clone(&gate.open)));
        }
        acts.push(Act::Send(bytes));
        if reply.slow {
            acts.push(Act::Wait(Duration::from_millis(1)));
        }
    }
    let last = if reply.framing == Framing::Chunked { &b"0\r\n\r\n"[..] } else { b"" };
    match &reply.end {
        End::Clean => acts.push(Act::Send(last.to_vec())),
        End::Garbage(bytes) => acts.push(Act::Send([last, bytes].concat())),
        End::Cut | End::StreamReset(_) => {}
        End::Reset => acts.extend([Act::Until(Arc::clone(&gate.open)), Act::Reset]),
        End::Silence => acts.push(Act::Hang),
        End::Beats => {
            for _ in 0..BEATS {
                acts.push(Act::Wait(BEAT));
                acts.push(Act::Send(framed(b": beat\n\n")));
            }
            acts.push(Act::Hang);
        }
    }
    acts
}
