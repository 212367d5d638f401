//! What operators can observe of a stream: spans and metrics, but no secret.

mod capture;
mod numbers;
mod secrets;
mod spans;

use std::time::Duration;

use tidewire_tests::raw::{Act, chunk, reply};

const STREAM: &str = "content-type: text/event-stream\r\ntransfer-encoding: chunked";
/// The silence after which a stall is reported.
const STALL: Duration = Duration::from_millis(40);

/// A stream that needs three requests: the first is answered with 503, the second is cut after its second event.
fn interrupted() -> Vec<Vec<Act>> {
    let busy = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 0\r\n\r\n";
    vec![
        vec![Act::Send(busy.to_vec())],
        vec![reply(STREAM, &chunk(b": hello\n\nid: 1\ndata: a\n\nid: 2\ndata: b\n\n")), Act::Reset],
        vec![
            reply(STREAM, &chunk(b"id: 3\ndata: c\n\n")),
            Act::Send(chunk(b"data: [DONE]\n\n")),
            Act::Send(b"0\r\n\r\n".to_vec()),
        ],
    ]
}

/// A stream that stalls after its first event, and then ends cleanly.
fn stalling() -> Vec<Vec<Act>> {
    vec![vec![
        reply(STREAM, &chunk(b"data: a\n\n")),
        Act::Wait(STALL * 10),
        Act::Send(chunk(b"data: b\n\n")),
        Act::Send(b"0\r\n\r\n".to_vec()),
    ]]
}
