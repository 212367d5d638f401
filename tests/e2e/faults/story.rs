//! Makes a script from a seed. Each body continues where the model says that the one before was cut.

use std::time::Duration;

use fastrand::Rng;
use tidewire::Format;

use crate::bodies::{BodyWishes, From, Source};
use crate::call::{call, pick};
use crate::coding::Coding;
use crate::model::Model;
use crate::script::{
    Answer, Attempt, CallOptions, End, EndOn, Framing, ItemKind, NoHead, Payload, Relay, Response, Script,
    Stage,
};

/// The script of a stream, and the model after it.
pub(crate) fn script(seed: u64, number: usize) -> (Script, Model) {
    let mut rng = Rng::with_seed(seed.wrapping_add((number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    let rng = &mut rng;
    let call = call(rng);
    let mut model = Model::new(&call);
    let mut source = Source::new(&call, rng);
    let mut attempts = Vec::new();
    let trouble = rng.usize(..5);
    let mut silences = 0;
    loop {
        let calm = attempts.len() >= trouble;
        let attempt = attempt(rng, &call, &model, &mut source, calm, &mut silences);
        let again = model.meet(&attempt);
        attempts.push(attempt);
        if !again {
            break;
        }
        assert!(attempts.len() < 60, "a script without end: {call:?}");
    }
    let mut script = Script { call, attempts };
    script.call.close_after =
        script.call.close_after.and_then(|count| model.closes_at(script.call.kind, count));
    (script, model)
}

fn attempt(
    rng: &mut Rng,
    call: &CallOptions,
    model: &Model,
    source: &mut Source,
    calm: bool,
    silences: &mut u32,
) -> Attempt {
    let stage = model.stages()[rng.usize(..model.stages().len())];
    let relayed = model.is_relayed();
    let redirect = (stage == Stage::Serve && !call.http2 && !relayed && rng.u8(..12) == 0)
        .then(|| pick(rng, &[(2, 307), (1, 308), (1, 301), (1, 302), (1, 303)]));
    let plain = |answer| Attempt { stage, redirect: None, answer };
    if calm {
        if call.follow && (call.end_on == EndOn::None || call.format == Format::JsonArray || rng.u8(..3) == 0)
        {
            return plain(pick(rng, &[(3, Status(204)), (1, Status(404))]).answer());
        }
        let wishes = BodyWishes {
            end: call.end_on != EndOn::Default || rng.bool() || call.follow,
            // No attempt follows.
            long_retry: !call.follow && rng.u8(..6) == 0,
            ..BodyWishes::default()
        };
        let response = response(rng, call, model, source, stage, wishes, "none", End::Clean);
        return Attempt { stage, redirect, answer: Answer::Response(response) };
    }
    let may_be_silent = *silences < 2;
    let limits = &call.limits;
    let any_limit = limits.any().is_some();
    // The limit on the whole stream can also pass during a wait.
    let silent_of_four = if limits.total.is_some() { 1 } else { 3 };
    let kind = match any_limit && may_be_silent && rng.u8(..4) < silent_of_four {
        true => Kind::Silence,
        false => pick(
            rng,
            &[
                (6, Kind::Connect),
                (8, Kind::NoHead),
                (12, Kind::Status),
                (40, Kind::Cut),
                (8, Kind::EarlyEnd),
                (12, Kind::Unusable),
                (10, Kind::GarbageAfter),
                (6, Kind::Corrupt),
                (3, Kind::SlowHead),
            ],
        ),
    };
    match kind {
        Kind::Silence => {
            *silences += 1;
            let beats = call.format == Format::Sse
                && rng.u8(..3) == 0
                && model.finds_silence(true)
                && !call.deliver_unterminated;
            if !beats && rng.u8(..3) == 0 {
                return plain(Answer::NoHead(NoHead::Silence));
            }
            let (fault, end) = if beats {
                ("comments for ever", End::Comments)
            } else {
                ("half-open silence", End::Silence)
            };
            let mut response = response(rng, call, model, source, stage, BodyWishes::default(), fault, end);
            if beats {
                // Each comment must be a line of its own.
                response.coding = None;
                response.slices = vec![b": open\n\n".to_vec()];
            } else {
                cut(rng, call, &mut response);
            }
            Attempt { stage, redirect, answer: Answer::Response(response) }
        }
        // The relay is `serve`, which listens.
        Kind::Connect if relayed => plain(Answer::NoHead(NoHead::HangUp)),
        Kind::Connect => match rng.u8(..3) {
            // The other limits count from sending the request, which is before the handshake.
            0 if !call.http2 && may_be_silent && !any_limit => {
                *silences += 1;
                plain(Answer::SilentTls)
            }
            _ => plain(Answer::Nobody),
        },
        Kind::NoHead => plain(Answer::NoHead(match stage {
            Stage::Serve => NoHead::HangUp,
            Stage::Raw => {
                pick(rng, &[(1, NoHead::HangUp), (1, NoHead::Reset), (1, NoHead::Half), (1, NoHead::Garbage)])
            }
            Stage::Http2 => pick(
                rng,
                &[
                    (1, NoHead::HangUp),
                    (1, NoHead::Reset),
                    (2, NoHead::NotProcessed),
                    (1, NoHead::WantsHttp1),
                ],
            ),
        })),
        Kind::Status => {
            // So many requests may take longer than a time limit.
            if stage == Stage::Serve
                && !call.http2
                && !any_limit
                && !relayed
                && call.payload != Payload::Once
                && rng.u8(..16) == 0
            {
                return plain(Answer::EndlessRedirects);
            }
            let status = pick(
                rng,
                &[
                    (10, 503),
                    (3, 429),
                    (2, 529),
                    (1, 408),
                    (1, 425),
                    (2, 500),
                    (1, 502),
                    (1, 504),
                    (5, 401),
                    (1, 400),
                    (1, 404),
                    (1, 501),
                    (2, 204),
                ],
            );
            let retry_after = match status {
                204 => None,
                _ => pick(
                    rng,
                    &[
                        (8, None),
                        (6, Some("0")),
                        (1, Some("1")),
                        (2, Some("0.02")),
                        (2, Some("Sun, 06 Nov 1994 08:49:37 GMT")),
                        (1, Some("soon")),
                        (1, Some(".5")),
                        (1, Some("61")),
                        (1, Some("99999999999999999999")),
                    ],
                )
                // Too close to the limit on the whole stream.
                .filter(|value| *value != "1" || call.limits.total.is_none()),
            };
            let retry_after_ms = match status {
                204 => None,
                _ => pick(
                    rng,
                    &[
                        (16, None),
                        (3, Some("30")),
                        (1, Some("0.5")),
                        (1, Some("1e3")),
                        (1, Some("60001")),
                        (1, Some("99999999999999999999")),
                    ],
                ),
            };
            plain(Answer::Status { status, retry_after, retry_after_ms })
        }
        Kind::Cut => {
            let end = match stage {
                Stage::Raw if rng.bool() => End::Reset,
                Stage::Http2 if rng.u8(..4) > 0 => End::StreamReset(pick(rng, &CODES)),
                Stage::Serve | Stage::Raw | Stage::Http2 => End::Cut,
            };
            let wishes = BodyWishes { end: rng.bool(), ..BodyWishes::default() };
            let mut response = response(rng, call, model, source, stage, wishes, "", end);
            if rng.u8(..8) > 0 {
                cut(rng, call, &mut response);
            }
            if response.framing == Framing::Close && response.end == End::Cut && stage != Stage::Http2 {
                // The close is the end, so nothing is cut.
                response.end = End::Clean;
            }
            response.fault = match (response.coding, &response.end, response.framing) {
                (Some(_), End::Clean, _) => "early clean end inside a content coding",
                (Some(Coding::Gzip), ..) => "cut inside gzip",
                (Some(Coding::Deflate), ..) => "cut inside deflate",
                (Some(Coding::Br), ..) => "cut inside brotli",
                (Some(Coding::Zstd), ..) => "cut inside zstd",
                (None, End::StreamReset(0), _) => "HTTP/2 reset without an error",
                (None, End::StreamReset(_), _) => "HTTP/2 reset",
                (None, _, Framing::Length) if stage == Stage::Http2 => "HTTP/2: short of its length",
                (None, ..) if stage == Stage::Http2 => "HTTP/2: connection closed",
                (None, ..) if call.http2 => "HTTP/2 reset",
                (None, End::Reset, Framing::Chunked) => "reset, chunked",
                (None, End::Reset, Framing::Length) => "reset, with a length",
                (None, End::Reset, Framing::Close) => "reset, to be closed",
                (None, End::Clean, _) => "cut, to be closed",
                (None, _, Framing::Length) => "cut, with a length",
                (None, ..) => "cut, chunked",
            };
            Attempt { stage, redirect, answer: Answer::Response(response) }
        }
        Kind::EarlyEnd => {
            let wishes = BodyWishes { end: rng.bool(), ..BodyWishes::default() };
            let mut response =
                response(rng, call, model, source, stage, wishes, "early clean end", End::Clean);
            if response.coding.is_some() {
                response.fault = "early clean end inside a content coding";
            }
            cut(rng, call, &mut response);
            Attempt { stage, redirect, answer: Answer::Response(response) }
        }
        Kind::Unusable => unusable(rng, call, model, source, stage),
        Kind::GarbageAfter => {
            let wishes = BodyWishes { end: true, ..BodyWishes::default() };
            let mut response = response(rng, call, model, source, stage, wishes, "", End::Clean);
            garbage_after(rng, call, &mut response, stage);
            Attempt { stage, redirect, answer: Answer::Response(response) }
        }
        // The model cannot say how much text is lost with a corrupt byte; see `Model::corrupt_at`.
        Kind::Corrupt if call.format == Format::Text && stage == Stage::Serve => {
            plain(Answer::NoHead(NoHead::HangUp))
        }
        Kind::Corrupt => {
            let coding = Coding::ALL[rng.usize(..4)];
            let cursor = cursor_of(model);
            let blocks = source.body(call, cursor.as_deref(), BodyWishes::default(), rng);
            let (wire, parts) = coding.encode(&blocks, true, rng);
            let (good, corrupt) = wire.split_at(wire.len() - coding.undefined_block().len());
            let mut response = response_of(
                rng,
                call,
                stage,
                good.to_vec(),
                Some(coding),
                "corrupt content coding",
                End::Clean,
            );
            response.slices.push(corrupt.to_vec());
            response.parts = parts;
            response.held = stage != Stage::Serve;
            Attempt { stage, redirect: None, answer: Answer::Response(response) }
        }
        Kind::SlowHead => {
            let wishes = BodyWishes { end: true, ..BodyWishes::default() };
            let mut response = response(rng, call, model, source, stage, wishes, "slow head", End::Clean);
            response.head_after = Duration::from_millis(rng.u64(20..300));
            Attempt { stage, redirect, answer: Answer::Response(response) }
        }
    }
}

/// Error codes of HTTP/2 resets (RFC 9113, 7): no error, internal error, refused stream, cancel, and an unknown one.
const CODES: [(u32, u32); 5] = [(2, 0), (1, 2), (1, 7), (1, 8), (1, 0xABCD)];

#[derive(Clone, Copy)]
enum Kind {
    Silence,
    Connect,
    NoHead,
    Status,
    Cut,
    EarlyEnd,
    Unusable,
    GarbageAfter,
    Corrupt,
    SlowHead,
}

#[derive(Clone, Copy)]
struct Status(u16);

impl Status {
    const fn answer(self) -> Answer {
        Answer::Status { status: self.0, retry_after: None, retry_after_ms: None }
    }
}

/// A whole response that is not read to a good end.
fn unusable(rng: &mut Rng, call: &CallOptions, model: &Model, source: &mut Source, stage: Stage) -> Attempt {
    let malformed =
        matches!(call.format, Format::Concat | Format::JsonArray | Format::Ndjson | Format::JsonSeq);
    if rng.u8(..4) == 0 {
        let end = if rng.u8(..3) > 0 { End::Clean } else { End::Cut };
        let fault = "empty, without a content type";
        let mut response = response_of(rng, call, stage, Vec::new(), None, fault, end);
        response.content_type = None;
        if response.framing == Framing::Close {
            // The close is the end.
            response.end = End::Clean;
        }
        return Attempt { stage, redirect: None, answer: Answer::Response(response) };
    }
    let (fault, wishes) = match rng.u8(..4) {
        0 if call.format == Format::Sse => {
            ("error event", BodyWishes { failure: true, end: true, ..BodyWishes::default() })
        }
        1 | 2 if call.max_event_bytes.is_some() && matches!(call.format, Format::Sse | Format::Ndjson) => {
            ("event beyond its limit", BodyWishes { oversized: true, ..BodyWishes::default() })
        }
        0..=2 if malformed => {
            ("malformed JSON", BodyWishes { malformed: true, end: true, ..BodyWishes::default() })
        }
        _ => ("wrong content type", BodyWishes { end: true, ..BodyWishes::default() }),
    };
    let mut response = response(rng, call, model, source, stage, wishes, fault, End::Clean);
    if fault == "wrong content type" {
        response.content_type = match call.kind {
            // A stream of frames would read it in another format.
            ItemKind::Events => {
                pick(rng, &[(1, None), (1, Some("text/html")), (1, Some("application/json"))])
            }
            _ => pick(rng, &[(1, None), (1, Some("text/html; charset=utf-8"))]),
        };
    }
    Attempt { stage, redirect: None, answer: Answer::Response(response) }
}

/// Adds bytes after the end: after the marker inside the body, or after the body itself.
fn garbage_after(rng: &mut Rng, call: &CallOptions, response: &mut Response, stage: Stage) {
    let marked =
        call.end_on != EndOn::None && !(call.format == Format::JsonArray && call.end_on == EndOn::Default);
    if stage == Stage::Raw && response.framing != Framing::Close && rng.u8(..4) > 0 {
        response.fault = match response.framing {
            Framing::Length => "garbage behind the length",
            _ => "garbage behind the last chunk",
        };
        response.end = End::Garbage(pick(
            rng,
            &[
                (1, &b"\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 12\r\n\r\ndata: evil\n\n"[..]),
                (1, b"data: evil\n\n"),
                (1, b"\0\0\0\0"),
            ],
        ));
    } else if marked && call.format != Format::Text && response.coding.is_none() {
        response.fault = "garbage behind the marker";
        response.slices.push(
            pick(
                rng,
                &[
                    (1, &b"data: evil\n\n"[..]),
                    (1, b"\n{\"evil\":1}\n"),
                    (1, b"event: error\ndata: x\n\n"),
                    (1, b"\xFF\0garbage"),
                ],
            )
            .to_vec(),
        );
        response.end = if rng.bool() { End::Clean } else { End::Cut };
    } else {
        response.fault = "none";
    }
}

fn cursor_of(model: &Model) -> Option<String> {
    model.cursor.clone()
}

/// A whole response that continues the stream.
#[expect(clippy::too_many_arguments, reason = "all that a response is made of")]
fn response(
    rng: &mut Rng,
    call: &CallOptions,
    model: &Model,
    source: &mut Source,
    stage: Stage,
    wishes: BodyWishes,
    fault: &'static str,
    end: End,
) -> Response {
    let cursor = cursor_of(model);
    let from = pick(rng, &[(6, From::Cursor), (2, From::Start), (1, From::Before(1)), (1, From::Before(4))]);
    let from = if model.is_first() && cursor.is_none() { From::Cursor } else { from };
    // The limit on the whole stream passes before such a wait is over.
    let long_retry = wishes.long_retry || (call.limits.total.is_some() && rng.bool());
    let blocks = source.body(call, cursor.as_deref(), BodyWishes { from, long_retry, ..wishes }, rng);
    let coding = (rng.u8(..6) == 0).then(|| Coding::ALL[rng.usize(..4)]);
    let (wire, parts) = match coding {
        Some(coding) => coding.encode(&blocks, false, rng),
        None => (blocks.concat(), 1),
    };
    Response { parts, ..response_of(rng, call, stage, wire, coding, fault, end) }
}

fn response_of(
    rng: &mut Rng,
    call: &CallOptions,
    stage: Stage,
    wire: Vec<u8>,
    coding: Option<Coding>,
    fault: &'static str,
    end: End,
) -> Response {
    let framing = match stage {
        Stage::Serve => Framing::Chunked,
        Stage::Raw => pick(rng, &[(1, Framing::Chunked), (1, Framing::Length), (1, Framing::Close)]),
        Stage::Http2 => pick(rng, &[(1, Framing::Chunked), (1, Framing::Length)]),
    };
    let relay = match stage {
        Stage::Serve => {
            pick(rng, &[(24, Relay::No), (3, Relay::Here), (1, Relay::Elsewhere), (1, Relay::Unnamed)])
        }
        Stage::Raw | Stage::Http2 => {
            pick(rng, &[(18, Relay::No), (1, Relay::Elsewhere), (1, Relay::Unnamed)])
        }
    };
    let content_type = match call.format {
        Format::Sse => pick(rng, &[(3, "text/event-stream"), (1, "text/event-stream; charset=utf-8")]),
        Format::Ndjson => pick(rng, &[(1, "application/x-ndjson"), (1, "application/jsonl")]),
        Format::JsonSeq => "application/json-seq",
        Format::Text => "text/plain; charset=utf-8",
        _ => "application/json",
    };
    Response {
        head_after: Duration::ZERO,
        content_type: Some(content_type),
        coding,
        parts: 1,
        relay,
        framing,
        slices: sliced(rng, call, &wire),
        slow: rng.u8(..4) == 0,
        end,
        held: false,
        fault,
    }
}

/// Cuts the bytes into random writes. With a time limit there are few, since a busy machine may need long for many.
fn sliced(rng: &mut Rng, call: &CallOptions, wire: &[u8]) -> Vec<Vec<u8>> {
    let most = if call.limits.any().is_some() { 6 } else { 60 };
    let mut rest = wire;
    let mut slices = Vec::new();
    let longest = pick(rng, &[(1, 7), (3, 60), (3, 400), (1, usize::MAX)]);
    while !rest.is_empty() && slices.len() < most {
        let (slice, behind) = rest.split_at(rng.usize(1..=rest.len().min(longest)));
        slices.push(slice.to_vec());
        rest = behind;
    }
    if !rest.is_empty() {
        slices.push(rest.to_vec());
    }
    slices
}

/// Cuts the body at a random byte.
fn cut(rng: &mut Rng, call: &CallOptions, response: &mut Response) {
    let wire = response.wire();
    // A coded body without a single byte is empty or cut off, depending on whether its end arrives together with the head.
    let least = usize::from(response.coding.is_some() && !wire.is_empty());
    let at = rng.usize(least..=wire.len());
    response.slices = sliced(rng, call, &wire[..at]);
}
