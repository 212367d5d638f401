//! From a seed to a script. The model is asked along the way, so that each body goes on where the one before was cut.

use std::time::Duration;

use fastrand::Rng;
use tidewire::Format;

use crate::ask::{ask, pick};
use crate::bodies::{From, Source, Wishes};
use crate::coding::Coding;
use crate::model::Model;
use crate::script::{
    Ask, Attempt, End, EndOn, Framing, Meets, NoHead, Payload, Relay, Reply, Script, Shape, Stage,
};

/// The script of one stream, and what must come of it.
pub(crate) fn script(seed: u64, number: usize) -> (Script, Model) {
    let mut rng = Rng::with_seed(seed.wrapping_add((number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    let rng = &mut rng;
    let ask = ask(rng);
    let mut model = Model::new(&ask);
    let mut source = Source::new(&ask, rng);
    let mut attempts = Vec::new();
    let trouble = rng.usize(..5);
    let mut silences = 0;
    loop {
        let calm = attempts.len() >= trouble;
        let attempt = attempt(rng, &ask, &model, &mut source, calm, &mut silences);
        let again = model.meet(&attempt);
        attempts.push(attempt);
        if !again {
            break;
        }
        assert!(attempts.len() < 60, "a script without end: {ask:?}");
    }
    let mut script = Script { ask, attempts };
    script.ask.close_after =
        script.ask.close_after.and_then(|count| model.closes_at(script.ask.shape, count));
    (script, model)
}

fn attempt(
    rng: &mut Rng,
    ask: &Ask,
    model: &Model,
    source: &mut Source,
    calm: bool,
    silences: &mut u32,
) -> Attempt {
    let stage = model.stages()[rng.usize(..model.stages().len())];
    let relayed = model.is_relayed();
    let redirect = (stage == Stage::Serve && !ask.http2 && !relayed && rng.u8(..12) == 0)
        .then(|| pick(rng, &[(2, 307), (1, 308), (1, 301), (1, 302), (1, 303)]));
    let plain = |meets| Attempt { stage, redirect: None, meets };
    if calm {
        if ask.follow && (ask.end_on == EndOn::None || ask.format == Format::JsonArray || rng.u8(..3) == 0) {
            return plain(pick(rng, &[(3, Status(204)), (1, Status(404))]).meets());
        }
        let wishes = Wishes {
            end: ask.end_on != EndOn::Default || rng.bool() || ask.follow,
            // Nothing comes after it.
            long_retry: !ask.follow && rng.u8(..6) == 0,
            ..Wishes::default()
        };
        let reply = reply(rng, ask, model, source, stage, wishes, "none", End::Clean);
        return Attempt { stage, redirect, meets: Meets::Reply(reply) };
    }
    let may_be_silent = *silences < 2;
    let limits = &ask.limits;
    let any_limit = limits.any().is_some();
    // The limit on the whole stream passes in waits too.
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
                (12, Kind::Odd),
                (10, Kind::Behind),
                (6, Kind::Corrupt),
                (3, Kind::SlowHead),
            ],
        ),
    };
    match kind {
        Kind::Silence => {
            *silences += 1;
            let beats = ask.format == Format::Sse
                && rng.u8(..3) == 0
                && model.finds_silence(true)
                && !ask.deliver_unterminated;
            if !beats && rng.u8(..3) == 0 {
                return plain(Meets::NoHead(NoHead::Silence));
            }
            let (fault, end) =
                if beats { ("comments for ever", End::Beats) } else { ("half-open silence", End::Silence) };
            let mut reply = reply(rng, ask, model, source, stage, Wishes::default(), fault, end);
            if beats {
                // So that the comments are lines of their own.
                reply.coding = None;
                reply.slices = vec![b": open\n\n".to_vec()];
            } else {
                cut(rng, ask, &mut reply);
            }
            Attempt { stage, redirect, meets: Meets::Reply(reply) }
        }
        // Where the response is kept, somebody listens.
        Kind::Connect if relayed => plain(Meets::NoHead(NoHead::HangUp)),
        Kind::Connect => match rng.u8(..3) {
            // The limits of time count from sending the request, and so from before the handshake.
            0 if !ask.http2 && may_be_silent && !any_limit => {
                *silences += 1;
                plain(Meets::MuteTls)
            }
            _ => plain(Meets::Nobody),
        },
        Kind::NoHead => plain(Meets::NoHead(match stage {
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
            // So many requests may need longer than a limit of time.
            if stage == Stage::Serve
                && !ask.http2
                && !any_limit
                && !relayed
                && ask.payload != Payload::Once
                && rng.u8(..16) == 0
            {
                return plain(Meets::RoundAndRound);
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
                // Too close to the time that is left.
                .filter(|value| *value != "1" || ask.limits.total.is_none()),
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
            plain(Meets::Status { status, retry_after, retry_after_ms })
        }
        Kind::Cut => {
            let end = match stage {
                Stage::Raw if rng.bool() => End::Reset,
                Stage::Http2 if rng.u8(..4) > 0 => End::StreamReset(pick(rng, &CODES)),
                Stage::Serve | Stage::Raw | Stage::Http2 => End::Cut,
            };
            let wishes = Wishes { end: rng.bool(), ..Wishes::default() };
            let mut reply = reply(rng, ask, model, source, stage, wishes, "", end);
            if rng.u8(..8) > 0 {
                cut(rng, ask, &mut reply);
            }
            if reply.framing == Framing::Close && reply.end == End::Cut && stage != Stage::Http2 {
                // Nothing was promised, so this is no cut.
                reply.end = End::Clean;
            }
            reply.fault = match (reply.coding, &reply.end, reply.framing) {
                (Some(_), End::Clean, _) => "early clean end inside a content coding",
                (Some(Coding::Gzip), ..) => "cut inside gzip",
                (Some(Coding::Deflate), ..) => "cut inside deflate",
                (Some(Coding::Br), ..) => "cut inside brotli",
                (Some(Coding::Zstd), ..) => "cut inside zstd",
                (None, End::StreamReset(0), _) => "HTTP/2 reset without an error",
                (None, End::StreamReset(_), _) => "HTTP/2 reset",
                (None, _, Framing::Length) if stage == Stage::Http2 => "HTTP/2: short of its length",
                (None, ..) if stage == Stage::Http2 => "HTTP/2: connection closed",
                (None, ..) if ask.http2 => "HTTP/2 reset",
                (None, End::Reset, Framing::Chunked) => "reset, chunked",
                (None, End::Reset, Framing::Length) => "reset, with a length",
                (None, End::Reset, Framing::Close) => "reset, to be closed",
                (None, End::Clean, _) => "cut, to be closed",
                (None, _, Framing::Length) => "cut, with a length",
                (None, ..) => "cut, chunked",
            };
            Attempt { stage, redirect, meets: Meets::Reply(reply) }
        }
        Kind::EarlyEnd => {
            let wishes = Wishes { end: rng.bool(), ..Wishes::default() };
            let mut reply = reply(rng, ask, model, source, stage, wishes, "early clean end", End::Clean);
            if reply.coding.is_some() {
                reply.fault = "early clean end inside a content coding";
            }
            cut(rng, ask, &mut reply);
            Attempt { stage, redirect, meets: Meets::Reply(reply) }
        }
        Kind::Odd => odd(rng, ask, model, source, stage),
        Kind::Behind => {
            let wishes = Wishes { end: true, ..Wishes::default() };
            let mut reply = reply(rng, ask, model, source, stage, wishes, "", End::Clean);
            behind(rng, ask, &mut reply, stage);
            Attempt { stage, redirect, meets: Meets::Reply(reply) }
        }
        // How much of a text is lost with a corrupt byte could not be told; see `Model::corrupt_at`.
        Kind::Corrupt if ask.format == Format::Text && stage == Stage::Serve => {
            plain(Meets::NoHead(NoHead::HangUp))
        }
        Kind::Corrupt => {
            let coding = Coding::ALL[rng.usize(..4)];
            let cursor = ask_cursor(model);
            let blocks = source.body(ask, cursor.as_deref(), Wishes::default(), rng);
            let (wire, parts) = coding.encode(&blocks, true, rng);
            let (good, corrupt) = wire.split_at(wire.len() - coding.undefined_block().len());
            let mut reply =
                reply_of(rng, ask, stage, good.to_vec(), Some(coding), "corrupt content coding", End::Clean);
            reply.slices.push(corrupt.to_vec());
            reply.parts = parts;
            reply.held = stage != Stage::Serve;
            Attempt { stage, redirect: None, meets: Meets::Reply(reply) }
        }
        Kind::SlowHead => {
            let wishes = Wishes { end: true, ..Wishes::default() };
            let mut reply = reply(rng, ask, model, source, stage, wishes, "slow head", End::Clean);
            reply.head_after = Duration::from_millis(rng.u64(20..300));
            Attempt { stage, redirect, meets: Meets::Reply(reply) }
        }
    }
}

/// Codes with which a stream of HTTP/2 is reset (RFC 9113, 7): none, internal, refused, cancelled, and one that nobody knows.
const CODES: [(u32, u32); 5] = [(2, 0), (1, 2), (1, 7), (1, 8), (1, 0xABCD)];

#[derive(Clone, Copy)]
enum Kind {
    Silence,
    Connect,
    NoHead,
    Status,
    Cut,
    EarlyEnd,
    Odd,
    Behind,
    Corrupt,
    SlowHead,
}

#[derive(Clone, Copy)]
struct Status(u16);

impl Status {
    const fn meets(self) -> Meets {
        Meets::Status { status: self.0, retry_after: None, retry_after_ms: None }
    }
}

/// Replies that are whole, and no stream all the same.
fn odd(rng: &mut Rng, ask: &Ask, model: &Model, source: &mut Source, stage: Stage) -> Attempt {
    let malformed =
        matches!(ask.format, Format::Concat | Format::JsonArray | Format::Ndjson | Format::JsonSeq);
    if rng.u8(..4) == 0 {
        let end = if rng.u8(..3) > 0 { End::Clean } else { End::Cut };
        let fault = "empty, without a content type";
        let mut reply = reply_of(rng, ask, stage, Vec::new(), None, fault, end);
        reply.content_type = None;
        if reply.framing == Framing::Close {
            // Nothing was promised.
            reply.end = End::Clean;
        }
        return Attempt { stage, redirect: None, meets: Meets::Reply(reply) };
    }
    let (fault, wishes) = match rng.u8(..4) {
        0 if ask.format == Format::Sse => {
            ("error event", Wishes { failure: true, end: true, ..Wishes::default() })
        }
        1 | 2 if ask.max_event_bytes.is_some() && matches!(ask.format, Format::Sse | Format::Ndjson) => {
            ("event beyond its limit", Wishes { oversized: true, ..Wishes::default() })
        }
        0..=2 if malformed => ("malformed JSON", Wishes { malformed: true, end: true, ..Wishes::default() }),
        _ => ("wrong content type", Wishes { end: true, ..Wishes::default() }),
    };
    let mut reply = reply(rng, ask, model, source, stage, wishes, fault, End::Clean);
    if fault == "wrong content type" {
        reply.content_type = match ask.shape {
            // Read as frames it would be another format.
            Shape::Events => pick(rng, &[(1, None), (1, Some("text/html")), (1, Some("application/json"))]),
            _ => pick(rng, &[(1, None), (1, Some("text/html; charset=utf-8"))]),
        };
    }
    Attempt { stage, redirect: None, meets: Meets::Reply(reply) }
}

/// Bytes behind the end: behind the marker inside the body, or behind the body itself.
fn behind(rng: &mut Rng, ask: &Ask, reply: &mut Reply, stage: Stage) {
    let marked =
        ask.end_on != EndOn::None && !(ask.format == Format::JsonArray && ask.end_on == EndOn::Default);
    if stage == Stage::Raw && reply.framing != Framing::Close && rng.u8(..4) > 0 {
        reply.fault = match reply.framing {
            Framing::Length => "garbage behind the length",
            _ => "garbage behind the last chunk",
        };
        reply.end = End::Garbage(pick(
            rng,
            &[
                (1, &b"\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 12\r\n\r\ndata: evil\n\n"[..]),
                (1, b"data: evil\n\n"),
                (1, b"\0\0\0\0"),
            ],
        ));
    } else if marked && ask.format != Format::Text && reply.coding.is_none() {
        reply.fault = "garbage behind the marker";
        reply.slices.push(
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
        reply.end = if rng.bool() { End::Clean } else { End::Cut };
    } else {
        reply.fault = "none";
    }
}

fn ask_cursor(model: &Model) -> Option<String> {
    model.cursor.clone()
}

/// A whole reply that goes on where the stream stands.
#[expect(clippy::too_many_arguments, reason = "all that a reply is made of")]
fn reply(
    rng: &mut Rng,
    ask: &Ask,
    model: &Model,
    source: &mut Source,
    stage: Stage,
    wishes: Wishes,
    fault: &'static str,
    end: End,
) -> Reply {
    let cursor = ask_cursor(model);
    let from = pick(rng, &[(6, From::Cursor), (2, From::Start), (1, From::Before(1)), (1, From::Before(4))]);
    let from = if model.is_first() && cursor.is_none() { From::Cursor } else { from };
    // It would be waited for, but the time for all is over before.
    let long_retry = wishes.long_retry || (ask.limits.total.is_some() && rng.bool());
    let blocks = source.body(ask, cursor.as_deref(), Wishes { from, long_retry, ..wishes }, rng);
    let coding = (rng.u8(..6) == 0).then(|| Coding::ALL[rng.usize(..4)]);
    let (wire, parts) = match coding {
        Some(coding) => coding.encode(&blocks, false, rng),
        None => (blocks.concat(), 1),
    };
    Reply { parts, ..reply_of(rng, ask, stage, wire, coding, fault, end) }
}

fn reply_of(
    rng: &mut Rng,
    ask: &Ask,
    stage: Stage,
    wire: Vec<u8>,
    coding: Option<Coding>,
    fault: &'static str,
    end: End,
) -> Reply {
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
    let content_type = match ask.format {
        Format::Sse => pick(rng, &[(3, "text/event-stream"), (1, "text/event-stream; charset=utf-8")]),
        Format::Ndjson => pick(rng, &[(1, "application/x-ndjson"), (1, "application/jsonl")]),
        Format::JsonSeq => "application/json-seq",
        Format::Text => "text/plain; charset=utf-8",
        _ => "application/json",
    };
    Reply {
        head_after: Duration::ZERO,
        content_type: Some(content_type),
        coding,
        parts: 1,
        relay,
        framing,
        slices: sliced(rng, ask, &wire),
        slow: rng.u8(..4) == 0,
        end,
        held: false,
        fault,
    }
}

/// The bytes in random writes. A busy machine may need long for many, so there are few of them where a limit of time is set.
fn sliced(rng: &mut Rng, ask: &Ask, wire: &[u8]) -> Vec<Vec<u8>> {
    let most = if ask.limits.any().is_some() { 6 } else { 60 };
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

/// Cut at a random byte.
fn cut(rng: &mut Rng, ask: &Ask, reply: &mut Reply) {
    let wire = reply.wire();
    // No byte at all is an empty body in some places and half a coding in others, as its end comes with the head or behind it.
    let least = usize::from(reply.coding.is_some() && !wire.is_empty());
    let at = rng.usize(least..=wire.len());
    reply.slices = sliced(rng, ask, &wire[..at]);
}
