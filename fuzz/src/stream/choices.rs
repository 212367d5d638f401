//! The input of the target `stream`: six bytes of choices, then calls, most of them one byte each.

use core::time::Duration;

use tidewire_core::json::Path;
use tidewire_core::session::{Failure, Policy, ReplyState, Resume};
use tidewire_core::{CursorSource, DecoderOptions, Format, Marker, Markers, ResponseHead, StreamOptions};

/// Something that the driver does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call<'a> {
    Body(&'a [u8]),
    /// A body of which the driver reads only this many frames. The rest is lost.
    PartOfBody(&'a [u8], usize),
    Head(ResponseHead<'static>),
    BodyEnd,
    Activity,
    Broke(Failure),
    Corrupt,
    RefreshFailed,
    LostCursor,
    ForgetCursor,
    Reply(ReplyState),
    /// A tick after this time.
    Tick(Duration),
    TickWhenDue,
    /// A tick at the deadline, without asking for steps before the next call.
    TickUnseen,
    Pause,
    Resume,
    Kick,
    Cancel,
    QueueTimeout,
    Start,
}

/// Reads calls. Each is a byte with its kind in the low half; a body is followed by its length and its bytes.
pub(super) struct Calls<'a> {
    rest: &'a [u8],
}

impl<'a> Calls<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn body(&mut self) -> Option<&'a [u8]> {
        let (&length, rest) = self.rest.split_first()?;
        let (body, rest) = rest.split_at(usize::from(length).min(rest.len()));
        self.rest = rest;
        Some(body)
    }
}

impl<'a> Iterator for Calls<'a> {
    type Item = Call<'a>;

    fn next(&mut self) -> Option<Call<'a>> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        let choice = usize::from(byte >> 4);
        Some(match byte & 15 {
            0 => Call::Body(self.body()?),
            1 => Call::Head(ResponseHead {
                status: 200,
                content_type: TYPES[choice],
                ..ResponseHead::default()
            }),
            2 => {
                let (status, retry_after, retry_after_ms) = RESPONSES[choice];
                let content_type = TYPES[0];
                Call::Head(ResponseHead { status, content_type, retry_after, retry_after_ms, relayed: false })
            }
            3 if choice == 0 => Call::BodyEnd,
            3 => Call::Head(ResponseHead {
                status: if choice > 14 { 404 } else { 200 },
                content_type: TYPES[choice],
                relayed: true,
                ..ResponseHead::default()
            }),
            4 if choice > 11 => Call::Broke(Failure::Permanent),
            4 => Call::Broke(
                [Failure::Body, Failure::Head, Failure::Connect, Failure::ConnectTimeout][choice % 4],
            ),
            5 if choice % 2 == 1 => Call::RefreshFailed,
            5 => Call::Corrupt,
            6 => Call::Tick(Duration::from_millis(700 * choice as u64)),
            7 => Call::TickWhenDue,
            8 if choice > 7 => Call::LostCursor,
            8 => Call::Pause,
            9 if choice > 7 => Call::ForgetCursor,
            9 => Call::Resume,
            10 if choice > 7 => Call::Activity,
            10 => Call::Kick,
            11 => Call::Cancel,
            12 if choice == 0 => Call::QueueTimeout,
            12 => Call::Reply(REPLIES[choice % REPLIES.len()]),
            13 => Call::Tick(Duration::from_secs(10 * choice as u64)),
            14 if choice == 0 => Call::Start,
            14 => Call::PartOfBody(self.body()?, choice),
            _ => Call::TickUnseen,
        })
    }
}

impl Call<'_> {
    /// Whether all frames of a body are read before the next call. Only then do cuts make no difference.
    pub(super) const fn is_seen(&self) -> bool {
        !matches!(self, Self::PartOfBody(..))
    }
}

const TYPES: [Option<&str>; 16] = [
    Some("text/event-stream"),
    Some("application/x-ndjson"),
    Some("application/json"),
    Some("application/json-seq"),
    Some("text/plain"),
    None,
    Some("text/event-stream;charset=utf-8"),
    Some("text/event-stream"),
    Some("text/event-stream"),
    Some("text/event-stream"),
    Some("application/jsonl"),
    Some("application/json; charset=utf-8"),
    Some("text/plain; charset=utf-8"),
    Some("text/html"),
    Some(""),
    Some("application/stream+json"),
];

/// Status, `Retry-After`, `retry-after-ms`.
const RESPONSES: [(u16, Option<&str>, Option<&str>); 16] = [
    (204, None, None),
    (503, Some("1"), None),
    (503, None, Some("250.5")),
    (429, Some("3"), None),
    (429, Some("61"), Some("0")),
    (500, Some("Thu, 01 Jan 1970 00:00:20 GMT"), None),
    (529, Some("0.25"), Some("soon")),
    (404, None, None),
    (401, None, None),
    (408, None, None),
    (206, None, None),
    (425, Some("x"), None),
    (401, Some("5"), None),
    (502, None, None),
    (504, None, Some("60001")),
    (100, None, None),
];

const REPLIES: [ReplyState; 5] =
    [ReplyState::Open, ReplyState::MayComplete, ReplyState::MayEnd, ReplyState::Complete, ReplyState::Failed];

/// Reads the choices: the format with flags in its high half, two bytes of flags, the limit, the markers. The last one is about cuts.
pub(super) fn setup(choices: &[u8; 6]) -> StreamOptions {
    let [format, flags, more, limit, markers, _] = *choices;
    let is = |byte: u8, bit: u8| byte & 1 << bit != 0;
    let seconds = |bit: u8, seconds| is(more, bit).then_some(Duration::from_secs(seconds));
    let policy = Policy {
        idempotent: is(flags, 0),
        repeatable: !is(flags, 1),
        follow: is(flags, 2),
        resume: [Resume::Auto, Resume::Always, Resume::Never, Resume::Elsewhere][usize::from(flags >> 3 & 3)],
        reply: is(format, 6),
        refresh: is(format, 5),
        retry_attempts: 2,
        idle_timeout: seconds(4, 20),
        progress_timeout: seconds(5, 30),
        timeout: seconds(6, 90),
        first_event_timeout: seconds(7, 10),
        stall_after: Some(Duration::from_secs(5)),
        ..Policy::default()
    };
    let mut options = DecoderOptions {
        skip_oversized: is(flags, 7),
        deliver_unterminated: is(more, 0),
        ..DecoderOptions::default()
    };
    if is(flags, 6) {
        options.max_event_bytes = limit.into();
    }
    StreamOptions {
        policy,
        format: Format::NAMES.get(usize::from(format % 16)).map_or(Format::Auto, |(format, _)| *format),
        sniff: is(flags, 5),
        only: is(more, 3).then_some(Format::Sse),
        no_text: is(more, 4),
        decoder: options,
        markers: Markers {
            end_on: listed(if is(markers, 7) { END_IN_TEXT } else { END_ON[usize::from(markers & 7)] }),
            fail_on: listed(FAIL_ON[usize::from(markers >> 3 & 3)]),
            heartbeat_on: listed(HEARTBEAT_ON[usize::from(markers >> 5 & 3)]).unwrap_or_default(),
        },
        cursor_source: if is(more, 1) { CursorSource::Json(Path::parse("a")) } else { CursorSource::EventId },
        last_event_id: is(more, 2).then(|| "e-1".to_owned()),
        dedupe: is(format, 4),
    }
}

const END_ON: [Option<&[&str]>; 8] = [
    None,
    None,
    None,
    Some(&[]),
    Some(&["[DONE]"]),
    Some(&["event:close", "json:done=true"]),
    Some(&["x", "json:a=1"]),
    Some(&["json:a.0=x", "event:e"]),
];
/// Markers for text.
const END_IN_TEXT: Option<&[&str]> = Some(&["fin", " b ", "x y"]);
const FAIL_ON: [Option<&[&str]>; 4] =
    [None, Some(&[]), Some(&["event:error", "json:error=1"]), Some(&["[DONE]", "json:a=2"])];
const HEARTBEAT_ON: [Option<&[&str]>; 4] =
    [None, None, Some(&["ping", "event:ping"]), Some(&["json:a=1", "x"])];

fn listed(markers: Option<&[&str]>) -> Option<Vec<Marker>> {
    let parse = |marker: &&str| marker.parse().expect("a marker");
    markers.map(|markers| markers.iter().map(parse).collect())
}
