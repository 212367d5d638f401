//! Streams over more than one reply, and what a driver may do out of turn.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use tidewire_core::json::Path;
use tidewire_core::session::{At, Failure, Limit, Outcome, Policy, Refusal};
use tidewire_core::{
    CursorSource, Format, Frame, Markers, Notice, REFUSED_BODY_BYTES, ResponseHead, Stats, Step, Stream,
    StreamOptions, StreamState,
};

const SSE: Option<&str> = Some("text/event-stream");

/// A stream, its clock, and what it said: frames as `name#id:data`, everything else by name.
struct Rig {
    stream: Stream,
    now: Duration,
}

impl Rig {
    fn new(setup: StreamOptions) -> Self {
        Self { stream: Stream::new(setup), now: Duration::from_secs(100) }
    }

    /// A GET request whose head has come.
    fn open(setup: StreamOptions) -> Self {
        Self::open_with(setup, SSE)
    }

    fn open_with(setup: StreamOptions, content_type: Option<&str>) -> Self {
        let mut rig = Self::started(setup);
        assert_eq!(rig.head(content_type), "");
        rig
    }

    fn started(setup: StreamOptions) -> Self {
        let mut rig = Self::new(setup);
        rig.stream.start(rig.at());
        assert_eq!(rig.said(b""), "connect");
        rig
    }

    fn at(&self) -> At {
        At::new(self.now, 1 << 31)
    }

    fn head(&mut self, content_type: Option<&str>) -> String {
        self.headed(ResponseHead { status: 200, content_type, ..ResponseHead::default() })
    }

    fn headed(&mut self, head: ResponseHead<'_>) -> String {
        self.stream.head(self.at(), &head, Duration::ZERO);
        self.said(b"")
    }

    fn bytes(&mut self, bytes: &[u8]) -> String {
        self.stream.received(self.at(), bytes.len());
        self.said(bytes)
    }

    fn end(&mut self) -> String {
        self.stream.body_end();
        self.said(b"")
    }

    fn broke(&mut self) -> String {
        self.stream.broke(self.at(), Failure::Body, "reset".to_owned());
        self.said(b"")
    }

    /// Turns the clock, and ticks wherever the stream wants it.
    fn pass(&mut self, time: Duration) -> String {
        let until = self.now + time;
        let mut said = Vec::new();
        while let Some(deadline) = self.stream.deadline().filter(|deadline| *deadline <= until) {
            assert!(said.len() < 1000, "ticks without end");
            self.now = self.now.max(deadline);
            self.stream.tick(self.at());
            said.push(self.said(b""));
        }
        self.now = until;
        said.retain(|words| !words.is_empty());
        said.join(" ")
    }

    fn seconds(&mut self, seconds: u64) -> String {
        self.pass(Duration::from_secs(seconds))
    }

    /// What the stream says about the input.
    fn said(&mut self, mut input: &[u8]) -> String {
        let mut said = Vec::new();
        loop {
            let at = self.at();
            said.push(match self.stream.next(at, &mut input) {
                Step::Starved => break,
                Step::Closed => {
                    said.push(self.stream.outcome().unwrap().code().to_owned());
                    break;
                }
                Step::Pass => continue,
                Step::Connect => {
                    self.stream.sent(at);
                    "connect".to_owned()
                }
                Step::Retry(retry) if retry.refresh => format!("refresh({})", retry.reason),
                Step::Retry(retry) => format!("again({})", retry.reason),
                Step::Notice(notice) => noticed(&notice),
                Step::Frame { frame: Frame::Id(_), notice } => match notice {
                    Some(notice) => noticed(&notice),
                    None => continue,
                },
                Step::Frame { frame, notice } => {
                    notice.map_or(String::new(), |notice| noticed(&notice) + " ") + &shown(&frame)
                }
                other => panic!("{other:?}"),
            });
        }
        said.join(" ")
    }

    fn stats(&self) -> Stats {
        self.stream.stats(self.now)
    }
}

fn noticed(notice: &Notice) -> String {
    match notice {
        Notice::Gap { after } => format!("gap({})", after.as_deref().unwrap_or_default()),
        Notice::Replayed { id } => format!("replayed({id})"),
        Notice::Stalled(silent) => format!("stalled({})", silent.as_secs()),
        other => panic!("{other:?}"),
    }
}

fn shown(frame: &Frame<'_>) -> String {
    match frame {
        Frame::Event(event) if event.id.is_empty() => format!("{}:{}", event.event, event.data),
        Frame::Event(event) => format!("{}#{}:{}", event.event, event.id, event.data),
        Frame::Record(record) => record.json.to_string(),
        Frame::Text(text) => (*text).to_owned(),
        Frame::Comment(comment) => format!("comment:{comment}"),
        Frame::Retry(wait) => format!("retry:{}", wait.as_millis()),
        other => format!("{other:?}"),
    }
}

fn get() -> StreamOptions {
    StreamOptions { policy: Policy { idempotent: true, ..Policy::default() }, ..StreamOptions::default() }
}

/// An LLM's reply, whose end its dialect knows.
fn reply() -> StreamOptions {
    StreamOptions { policy: Policy { reply: true, ..get().policy }, ..get() }
}

fn follow() -> StreamOptions {
    StreamOptions {
        policy: Policy { idempotent: true, follow: true, ..Policy::default() },
        ..StreamOptions::default()
    }
}

#[test]
fn the_last_event_id_outlives_its_connection() {
    let mut rig = Rig::open(get());
    assert_eq!(rig.bytes(b"id: 1\ndata: a\n\ndata: hal"), "message#1:a");
    assert_eq!(rig.broke(), "again(body)");
    assert_eq!(rig.seconds(1), "connect");
    assert_eq!(rig.stream.request_cursor(), Some("1"));
    assert_eq!(rig.head(SSE), "");
    // What was cut off is not continued, and an event without an id has the last one.
    assert_eq!(rig.bytes(b"f\n\ndata: b\n\n"), "message#1:b");
    assert_eq!(rig.end(), "ended");
}

#[test]
fn an_id_that_was_reset_stays_so_on_the_next_connection() {
    let stored = StreamOptions { last_event_id: Some("s".to_owned()), ..follow() };
    let mut rig = Rig::started(stored);
    assert_eq!(rig.stream.request_cursor(), Some("s"));
    assert_eq!(rig.head(SSE), "");
    assert_eq!(rig.bytes(b"data: a\n\nid\ndata: b\n\n"), "message#s:a message:b");
    assert_eq!((rig.end(), rig.seconds(1)), ("again(end)".into(), "connect".into()));
    assert_eq!(rig.stream.request_cursor(), None);
    assert_eq!(rig.head(SSE), "");
    assert_eq!(rig.bytes(b"data: c\n\n"), "message:c");
    assert_eq!(rig.stream.cursor(), None);
}

#[test]
fn an_id_in_a_block_without_data_is_sent() {
    for block in [&b"id: 2\n\n"[..], b"id: 2\nevent: x\n\n"] {
        let mut rig = Rig::open(get());
        rig.bytes(b"id: 1\ndata: a\n\n");
        rig.bytes(block);
        assert_eq!((rig.broke(), rig.seconds(1)), ("again(body)".into(), "connect".into()));
        assert_eq!(rig.stream.request_cursor(), Some("2"));
    }
}

#[test]
fn an_empty_id_in_a_block_without_data_removes_the_cursor() {
    let mut rig = Rig::open(get());
    rig.bytes(b"id: 1\ndata: a\n\nid\n\n");
    assert_eq!(rig.broke(), "truncated");
    assert_eq!(rig.stream.cursor(), None);
}

#[test]
fn an_id_that_no_header_can_carry_is_not_sent() {
    let mut rig = Rig::open(follow());
    assert_eq!(rig.bytes(b"id: 1\ndata: a\n\nid: \x07\ndata: b\n\n"), "message#1:a message#\x07:b");
    assert_eq!((rig.broke(), rig.seconds(1)), ("again(body) gap()".into(), "connect".into()));
    assert_eq!(rig.stream.request_cursor(), None);
}

#[test]
fn the_cursor_of_a_heartbeat_is_sent() {
    let markers = Markers { heartbeat_on: vec!["event:ping".parse().unwrap()], ..Markers::default() };
    let mut rig = Rig::open(StreamOptions { markers, ..get() });
    assert_eq!(rig.bytes(b"id: 1\ndata: a\n\nid: 2\nevent: ping\ndata: p\n\n"), "message#1:a comment:p");
    assert_eq!((rig.broke(), rig.seconds(1)), ("again(body)".into(), "connect".into()));
    assert_eq!(rig.stream.request_cursor(), Some("2"));
}

#[test]
fn a_followed_stream_without_cursor_reports_a_gap() {
    let mut rig = Rig::open(follow());
    assert_eq!(rig.bytes(b"data: a\n\n"), "message:a");
    assert_eq!(rig.broke(), "again(body) gap()");
}

#[test]
fn a_hole_does_not_depend_on_the_cuts() {
    // The block between has an id, and no data.
    let pieces = ["id: e-1\ndata: a\n\nid: e-2\n\n", "id: e-4\ndata: b\n\n"];
    let mut rig = Rig::open(get());
    let whole = rig.bytes(pieces.concat().as_bytes());
    let mut rig = Rig::open(get());
    let cut = pieces.map(|piece| rig.bytes(piece.as_bytes())).join(" ");
    assert_eq!((&*whole, &*cut), ("message#e-1:a gap(e-2) message#e-4:b", &*whole));
}

#[test]
fn holes_in_ordered_ids_are_reported_across_connections() {
    let mut rig = Rig::open(get());
    assert_eq!(rig.bytes(b"id: e-1\ndata: a\n\n"), "message#e-1:a");
    rig.broke();
    rig.seconds(1);
    rig.head(SSE);
    assert_eq!(rig.bytes(b"id: e-3\ndata: c\n\n"), "gap(e-1) message#e-3:c");
}

#[test]
fn a_json_field_is_the_cursor() {
    let cursor_source = CursorSource::Json(Path::parse("meta.seq"));
    for (content_type, body, cursor) in [
        ("application/x-ndjson", "{\"meta\":{\"seq\":7}}\n", Some("7")),
        ("application/x-ndjson", "{\"meta\":{\"seq\":\"a\\u0062\"}}\n", Some("ab")),
        ("application/x-ndjson", "{\"meta\":{\"seq\":7}}\n{}\n", Some("7")),
        ("application/x-ndjson", "{\"meta\":{\"seq\":true}}\n", None),
        ("application/x-ndjson", "{}\n", None),
        ("text/event-stream", "id: 9\ndata: {\"meta\":{\"seq\":1.50}}\n\n", Some("1.50")),
        ("text/event-stream", "id: 9\ndata: seq\n\n", None),
    ] {
        let mut rig = Rig::started(StreamOptions { cursor_source: cursor_source.clone(), ..get() });
        rig.head(Some(content_type));
        rig.bytes(body.as_bytes());
        rig.broke();
        assert_eq!(rig.stream.cursor(), cursor, "{body}");
    }
}

/// A stored cursor no longer counts after records that have none: resuming from it would bring them
/// again, for ever where each connection breaks.
#[test]
fn a_stored_cursor_is_dropped_after_records_without_one() {
    for (content_type, body) in [
        ("application/x-ndjson", &b"{\"a\":1}\n"[..]),
        ("application/json", b"[{\"a\":1},"),
        ("text/plain", b"text"),
    ] {
        let stored = StreamOptions { last_event_id: Some("s".to_owned()), ..get() };
        let mut rig = Rig::started(stored.clone());
        assert_eq!(rig.stream.request_cursor(), Some("s"));
        rig.head(Some(content_type));
        // Before the first of them it is.
        assert_eq!((rig.broke(), rig.seconds(1)), ("again(body)".into(), "connect".into()));
        assert_eq!(rig.stream.request_cursor(), Some("s"));
        rig.head(Some(content_type));
        rig.bytes(body);
        assert_eq!(rig.broke(), "truncated", "{content_type}");
        assert_eq!(rig.stream.cursor(), None, "{content_type}");
    }
}

#[test]
fn each_response_has_its_own_format() {
    let mut rig = Rig::open(get());
    assert_eq!(rig.bytes(b"id: 1\ndata: a\n\n"), "message#1:a");
    rig.broke();
    rig.seconds(1);
    assert_eq!(rig.head(Some("application/x-ndjson")), "");
    assert_eq!(rig.stream.format(), Format::Ndjson);
    assert_eq!(rig.bytes(b"{}\n"), "{}");
    assert_eq!(rig.end(), "ended");
}

#[test]
fn one_format_can_be_required() {
    let setup = StreamOptions { only: Some(Format::Sse), ..get() };
    let mut rig = Rig::started(setup.clone());
    assert_eq!(rig.head(Some("application/json")) + &rig.end(), "refused");
    let mut rig = Rig::started(setup.clone());
    assert_eq!(rig.head(SSE), "");
    let mut rig = Rig::started(StreamOptions { format: Format::Sse, ..setup });
    assert_eq!(rig.head(Some("application/json")), "");
}

/// A marker has decided, whatever happens before the driver asks again.
#[test]
fn nothing_overtakes_a_marker() {
    type Late = fn(&mut Rig);
    let late: [(&str, Late); 6] = [
        ("broke", |rig| rig.stream.broke(rig.at(), Failure::Body, "reset".to_owned())),
        ("corrupt", |rig| rig.stream.corrupt(rig.at(), "bad gzip".to_owned())),
        ("tick", |rig| {
            rig.now += Duration::from_secs(1000);
            rig.stream.tick(rig.at());
        }),
        ("kick", |rig| rig.stream.kick(rig.at())),
        ("cancel", |rig| rig.stream.cancel(rig.at())),
        ("end", |rig| rig.stream.body_end()),
    ];
    let markers = Markers { end_on: Some(vec!["event:close".parse().unwrap()]), ..Markers::default() };
    let policy = Policy { timeout: Some(Duration::from_secs(60)), ..get().policy };
    for (name, happens) in late {
        for (body, outcome) in [
            (&b"event: close\ndata: x\n\n"[..], Outcome::Complete),
            (b"event: error\ndata: x\n\n", Outcome::Failed),
        ] {
            let mut rig =
                Rig::open(StreamOptions { policy, markers: markers.clone(), ..StreamOptions::default() });
            rig.stream.received(rig.at(), body.len());
            let at = rig.at();
            assert!(matches!(rig.stream.next(at, &mut &body[..]), Step::Frame { .. }));
            happens(&mut rig);
            rig.said(b"");
            assert_eq!(rig.stream.outcome(), Some(outcome), "{name}");
            assert_eq!(rig.stream.error(), (outcome == Outcome::Failed).then_some("x"), "{name}");
        }
    }
}

#[test]
fn a_refused_response_is_read() {
    let refused = || {
        let mut rig = Rig::started(get());
        rig.stream.head(
            rig.at(),
            &ResponseHead { status: 404, content_type: None, ..ResponseHead::default() },
            Duration::ZERO,
        );
        assert_eq!(rig.said(b""), "");
        assert_eq!(rig.bytes(b"not "), "");
        assert_eq!(rig.bytes(b"here"), "");
        assert_eq!(rig.stream.outcome(), None);
        rig
    };
    let mut rig = refused();
    assert_eq!(rig.end(), "refused");
    assert_eq!(rig.stream.refused_body(), b"not here");
    assert_eq!(rig.stream.outcome(), Some(Outcome::Refused { status: 404, why: Refusal::Status }));

    type Stop = fn(&mut Rig);
    let stops: [(&str, Stop); 4] = [
        ("broke", |rig| rig.stream.broke(rig.at(), Failure::Body, "reset".to_owned())),
        ("corrupt", |rig| rig.stream.corrupt(rig.at(), "bad gzip".to_owned())),
        ("cancel", |rig| rig.stream.cancel(rig.at())),
        ("time", |rig| assert_eq!(rig.seconds(5), "refused")),
    ];
    for (name, stop) in stops {
        let mut rig = refused();
        stop(&mut rig);
        assert_eq!(rig.said(b""), "refused", "{name}");
        assert_eq!(rig.stream.refused_body(), b"not here", "{name}");
    }

    // Within the whole stream's time.
    let policy = Policy { timeout: Some(Duration::from_secs(3)), ..get().policy };
    let mut rig = Rig::started(StreamOptions { policy, ..get() });
    rig.now += Duration::from_secs(2);
    rig.stream.head(
        rig.at(),
        &ResponseHead { status: 404, content_type: None, ..ResponseHead::default() },
        Duration::ZERO,
    );
    assert_eq!(rig.stream.deadline(), Some(rig.now + Duration::from_secs(1)));

    let mut rig = refused();
    let piece = vec![b'x'; 10_000];
    while rig.stream.outcome().is_none() {
        rig.bytes(&piece);
    }
    assert_eq!(rig.stream.refused_body().len(), REFUSED_BODY_BYTES);
}

#[test]
fn calls_out_of_turn_are_ignored() {
    let mut rig = Rig::new(get());
    // Before the start.
    assert_eq!(rig.head(SSE), "");
    assert_eq!(rig.bytes(b"data: a\n\n") + &rig.end() + &rig.broke(), "");
    rig.stream.start(rig.at());
    assert_eq!(rig.said(b""), "connect");
    // Before the head.
    assert_eq!(rig.bytes(b"data: a\n\n") + &rig.end(), "");
    assert_eq!(rig.head(SSE), "");
    assert_eq!(rig.bytes(b"id: 1\nda"), "");
    // A second head.
    assert_eq!(rig.head(Some("text/plain")), "");
    assert_eq!(rig.bytes(b"ta: a\n\n"), "message#1:a");
    // While waiting.
    assert_eq!(rig.broke(), "again(body)");
    assert_eq!(rig.head(SSE) + &rig.bytes(b"data: b\n\n") + &rig.end() + &rig.broke(), "");
    assert_eq!(rig.seconds(1), "connect");
    assert_eq!(rig.head(SSE), "");
    assert_eq!(rig.end(), "ended");
    // After the end.
    assert_eq!(rig.head(SSE), "ended");
    assert_eq!(rig.bytes(b"data: c\n\n") + &rig.end() + &rig.broke(), "endedendedended");
    rig.stream.corrupt(rig.at(), "bad gzip".to_owned());
    rig.stream.cancel(rig.at());
    rig.stream.queue_timeout(rig.at());
    assert_eq!(rig.said(b""), "ended");
    assert_eq!((rig.stream.error(), rig.stream.deadline()), (None, None));
    assert_eq!(rig.stats().bytes, 6 + 2 + 7);
}

#[test]
fn a_cancelled_stream_does_not_connect() {
    let mut rig = Rig::new(get());
    rig.stream.start(rig.at());
    rig.stream.cancel(rig.at());
    assert_eq!(rig.said(b""), "cancelled");
}

#[test]
fn no_slot_in_time() {
    let mut rig = Rig::new(get());
    rig.stream.queue_timeout(rig.at());
    assert_eq!(rig.said(b""), "timed_out");
    assert_eq!(rig.stream.outcome(), Some(Outcome::TimedOut(Limit::Queue)));
}

#[test]
fn the_error_is_the_one_that_ended_the_stream() {
    let mut rig = Rig::open(get());
    rig.bytes(b"id: 1\ndata: a\n\n");
    rig.broke();
    assert_eq!(rig.stream.error(), Some("reset"));
    rig.seconds(1);
    assert_eq!(rig.head(SSE), "");
    assert_eq!(rig.bytes(b"data: [DONE]\n\n"), "complete");
    assert_eq!(rig.stream.error(), None);

    let mut rig = Rig::open(StreamOptions::default());
    assert_eq!(rig.broke(), "truncated");
    assert_eq!(rig.stream.error(), Some("reset"));

    let mut rig = Rig::open(StreamOptions::default());
    rig.bytes(b"data: a\n\n");
    rig.stream.corrupt(rig.at(), "bad gzip".to_owned());
    assert_eq!(rig.said(b""), "unreadable");
    assert_eq!(rig.stream.error(), Some("bad gzip"));
    assert_eq!(rig.stream.outcome(), Some(Outcome::Unreadable { offset: 9, limit: None }));
}

#[test]
fn the_first_part_of_a_failure_is_kept() {
    let mut rig = Rig::open(get());
    let said = "é".repeat(3000);
    rig.bytes(format!("event: error\ndata: a{said}\n\n").as_bytes());
    let kept = rig.stream.error().unwrap();
    assert_eq!((kept.len(), kept.starts_with("aéé")), (4095, true));
    for event in [&b"data: x\n\n"[..], b"event: error\ndata: x\n\n"] {
        let mut rig = Rig::open(reply());
        let mut input = event;
        rig.stream.received(rig.at(), input.len());
        assert!(matches!(rig.stream.next(rig.at(), &mut input), Step::Frame { .. }));
        rig.stream.reply_state(rig.at(), tidewire_core::ReplyState::Failed, Some(&format!("a{said}")));
        assert_eq!(rig.stream.error().map(str::len), Some(4095));
    }
}

#[test]
fn the_retry_field_is_honoured() {
    let mut rig = Rig::open(get());
    assert_eq!(rig.bytes(b"retry: 7000\nid: 1\ndata: a\n\n"), "retry:7000 message#1:a");
    assert_eq!(rig.broke(), "again(body)");
    assert_eq!(rig.stream.deadline(), Some(rig.now + Duration::from_secs(7)));
}

#[test]
fn retry_after_comes_in_seconds_and_as_a_date() {
    for (value, clock, wait) in [("5", 0, 5), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_770, 7)] {
        let mut rig = Rig::started(StreamOptions::default());
        rig.stream.head(
            rig.at(),
            &ResponseHead { status: 503, retry_after: Some(value), ..ResponseHead::default() },
            Duration::from_secs(clock),
        );
        assert_eq!(rig.said(b""), "again(status)", "{value}");
        assert_eq!(rig.stream.deadline(), Some(rig.now + Duration::from_secs(wait)), "{value}");
    }
}

#[test]
fn heartbeats_are_activity_but_not_progress() {
    let policy =
        Policy { progress_timeout: Some(Duration::from_secs(5)), stall_after: None, ..Policy::default() };
    let markers = Markers { heartbeat_on: vec!["ping".parse().unwrap()], ..Markers::default() };
    let mut rig = Rig::open(StreamOptions { policy, markers: markers.clone(), ..StreamOptions::default() });
    for _ in 0..4 {
        assert_eq!(rig.seconds(1), "");
        assert_eq!(rig.bytes(b"data: ping\n\n: x\n\n"), "comment:ping comment:x");
    }
    assert_eq!(rig.seconds(1), "timed_out");
    assert_eq!(rig.stream.outcome(), Some(Outcome::TimedOut(Limit::Progress)));
    assert_eq!(rig.stats().events, 0);

    let policy =
        Policy { idle_timeout: Some(Duration::from_secs(5)), stall_after: None, ..Policy::default() };
    let mut rig = Rig::open(StreamOptions { policy, markers, ..StreamOptions::default() });
    for _ in 0..20 {
        assert_eq!(rig.seconds(4), "");
        rig.bytes(b"data: ping\n\n");
    }
}

#[test]
fn a_long_silence_is_reported_and_then_cut() {
    let mut rig = Rig::open(StreamOptions::default());
    assert_eq!(rig.seconds(299), "stalled(15)");
    assert_eq!(rig.seconds(1), "timed_out");
    assert_eq!(rig.stats().longest_silence, Duration::from_secs(300));
}

#[test]
fn a_paused_stream_is_not_cut() {
    let mut rig = Rig::open(StreamOptions::default());
    rig.stream.pause(rig.at());
    assert_eq!(rig.seconds(10_000), "");
    rig.stream.resume(rig.at());
    assert_eq!(rig.seconds(299), "stalled(15)");
    assert_eq!(rig.seconds(1), "timed_out");
}

#[test]
fn a_kick_connects_at_once_and_reads_from_the_start_of_a_body() {
    let mut rig = Rig::open(get());
    rig.bytes(b"id: 1\ndata: a\n\nid: 2\ndata: b\n");
    rig.stream.kick(rig.at());
    assert_eq!(rig.said(b""), "again(kick)");
    assert_eq!(rig.seconds(0), "connect");
    assert_eq!(rig.stream.request_cursor(), Some("1"));
    assert_eq!(rig.head(SSE), "");
    assert_eq!(rig.bytes(b"\n\nid: 2\ndata: b\n\n"), "message#2:b");
}

#[test]
fn the_statistics_add_up() {
    let mut rig = Rig::started(get());
    rig.seconds(1);
    assert_eq!(rig.head(SSE), "");
    rig.seconds(2);
    rig.bytes(b": hi\n\n");
    rig.seconds(3);
    rig.bytes(b"id: 1\ndata: a\n\n");
    assert_eq!(rig.broke(), "again(body)");
    assert_eq!(rig.seconds(1), "connect");
    assert_eq!(rig.head(SSE), "");
    rig.bytes(b"data: b\n\ndata: c\n\n");
    rig.seconds(2);
    assert_eq!(rig.end(), "ended");
    let seconds = Duration::from_secs;
    assert_eq!(
        rig.stats(),
        Stats {
            first_byte: Some(seconds(3)),
            first_event: Some(seconds(6)),
            bytes: 6 + 15 + 18,
            events: 3,
            attempts: 2,
            longest_silence: seconds(3),
            elapsed: seconds(9),
        }
    );
}

#[test]
fn a_further_attempt_names_its_reason() {
    let mut rig = Rig::started(get());
    rig.stream.broke(rig.at(), Failure::Connect, "refused".to_owned());
    assert_eq!(rig.said(b""), "again(connect)");
}

#[test]
fn a_stream_has_begun_with_its_first_record() {
    let mut rig = Rig::open(get());
    assert!(!rig.stream.has_begun());
    assert_eq!(rig.bytes(b": c\n\n"), "comment:c");
    assert!(!rig.stream.has_begun());
    assert_eq!(rig.bytes(b"data: a\n\ndata: b\n\n"), "message:a message:b");
    assert!(rig.stream.has_begun());
}

#[test]
fn a_refused_response_is_waited_for_five_seconds() {
    let mut rig = Rig::started(get());
    rig.stream.head(
        rig.at(),
        &ResponseHead { status: 404, content_type: SSE, ..ResponseHead::default() },
        Duration::ZERO,
    );
    assert_eq!(rig.bytes(b"not h"), "");
    rig.stream.tick(rig.at());
    assert_eq!(rig.said(b""), "");
    assert_eq!(rig.pass(Duration::from_millis(4999)), "");
    assert_eq!(rig.pass(Duration::from_millis(1)), "refused");
    assert_eq!(rig.stream.refused_body(), b"not h");
}

#[test]
fn a_refused_response_is_read_up_to_its_limit() {
    let mut rig = Rig::started(get());
    rig.stream.head(
        rig.at(),
        &ResponseHead { status: 404, content_type: SSE, ..ResponseHead::default() },
        Duration::ZERO,
    );
    assert_eq!(rig.bytes(&vec![b'x'; REFUSED_BODY_BYTES - 1]), "");
    assert_eq!(rig.bytes(b"x"), "refused");
    assert_eq!(rig.stream.refused_body().len(), REFUSED_BODY_BYTES);
}

#[test]
fn a_response_without_content_type_is_read_if_that_is_allowed() {
    let mut rig = Rig::open_with(StreamOptions { sniff: true, ..get() }, None);
    assert_eq!(rig.bytes(b"data: a\n\n"), "message:a");
}

#[test]
fn one_of_the_announced_formats_can_be_required() {
    let json = Some("application/x-ndjson");
    let only = StreamOptions { only: Some(Format::Ndjson), ..get() };
    let mut rig = Rig::open_with(only.clone(), json);
    assert_eq!(rig.bytes(b"1\n"), "1");
    let mut rig = Rig::started(only.clone());
    rig.head(SSE);
    assert_eq!(rig.end(), "refused");
    let mut rig = Rig::started(StreamOptions { no_text: true, ..get() });
    rig.head(Some("text/plain"));
    assert_eq!(rig.end(), "refused");
    let mut rig = Rig::open_with(StreamOptions { no_text: true, ..get() }, json);
    assert_eq!(rig.bytes(b"1\n"), "1");
    // Of two that are announced alike, the wanted one is read.
    for (only, body, want) in [(Format::JsonArray, "[1]", "1"), (Format::Concat, "[1]", "[1]")] {
        let mut rig = Rig::open_with(StreamOptions { only: Some(only), ..get() }, Some("application/json"));
        assert_eq!(rig.bytes(body.as_bytes()), want);
    }
    // Chosen by hand, it is read whatever was announced.
    let mut rig =
        Rig::open_with(StreamOptions { no_text: true, format: Format::Ndjson, ..get() }, Some("text/plain"));
    assert_eq!(rig.bytes(b"1\n"), "1");
    let mut rig = Rig::open_with(StreamOptions { format: Format::Sse, ..only }, json);
    assert_eq!(rig.bytes(b"data: a\n\n"), "message:a");
}

#[test]
fn an_id_with_a_space_is_a_cursor_and_one_with_a_control_character_is_not() {
    for (id, cursor) in [("a b", Some("a b")), ("a\tb", Some("a\tb")), ("a\u{1F}b", None), ("a\u{7F}b", None)]
    {
        let mut rig = Rig::open(get());
        rig.bytes(format!("id: {id}\ndata: a\n\n").as_bytes());
        assert_eq!(rig.stream.cursor(), cursor, "{id:?}");
    }
}

#[test]
fn a_record_that_reports_a_failure_is_the_error() {
    let markers = Markers { fail_on: Some(vec!["json:error=true".parse().unwrap()]), ..Markers::default() };
    let setup = StreamOptions { format: Format::Ndjson, markers, ..get() };
    let mut rig = Rig::open(setup);
    assert_eq!(rig.bytes(b"{\"error\":true}\n"), "{\"error\":true} failed");
    assert_eq!(rig.stream.error(), Some("{\"error\":true}"));
}

/// What a dialect says after each event, and how a clean end and a break end the stream then.
#[test]
fn a_dialect_decides_how_a_stream_ends() {
    use tidewire_core::ReplyState::{Complete, Failed, MayComplete, MayEnd, Open};
    for (judgements, clean, broken) in [
        (&[][..], Outcome::Truncated, Outcome::Truncated),
        (&[Open], Outcome::Truncated, Outcome::Truncated),
        (&[MayComplete], Outcome::Complete, Outcome::Truncated),
        (&[MayComplete, Open], Outcome::Truncated, Outcome::Truncated),
        (&[MayEnd], Outcome::Ended, Outcome::Truncated),
        (&[MayEnd, Open], Outcome::Truncated, Outcome::Truncated),
        (&[MayEnd, MayComplete], Outcome::Complete, Outcome::Truncated),
        (&[Open, Complete], Outcome::Complete, Outcome::Complete),
        (&[Failed], Outcome::Failed, Outcome::Failed),
        (&[MayComplete, Failed], Outcome::Failed, Outcome::Failed),
    ] {
        for (breaks, want) in [(false, clean), (true, broken)] {
            let policy = Policy { retry_attempts: 0, ..Policy::default() };
            let mut rig = Rig::open(StreamOptions {
                policy: Policy { reply: true, ..policy },
                ..StreamOptions::default()
            });
            for reply_state in judgements {
                let at = rig.at();
                let mut input = &b"data: x\n\n"[..];
                rig.stream.received(at, input.len());
                assert!(matches!(rig.stream.next(at, &mut input), Step::Frame { .. }));
                rig.stream.reply_state(rig.at(), *reply_state, Some("it said so"));
            }
            if breaks {
                rig.broke()
            } else {
                rig.end()
            };
            assert_eq!(rig.stream.outcome(), Some(want), "{judgements:?} breaks {breaks}");
            assert_eq!(rig.stream.error() == Some("it said so"), want == Outcome::Failed);
        }
    }
}

/// A reply that had finished before it broke has nothing to add after its cursor, with a comment or without.
#[test]
fn a_finished_reply_stays_finished_when_it_resumes() {
    use tidewire_core::ReplyState::{MayComplete, Open};
    let setup = |follow| StreamOptions { policy: Policy { follow, ..reply().policy }, ..get() };
    for (event, reply_state, follow, want) in [
        (&b"id: 1\ndata: x\n\n"[..], MayComplete, false, "complete"),
        (b"id: 1\ndata: x\n\n", Open, false, "again(end)"),
        // Without a cursor it begins anew.
        (b"data: x\n\n", MayComplete, true, "again(end) gap()"),
    ] {
        for (status, body) in [(200, &b""[..]), (200, b": nothing more\n\n"), (204, b"")] {
            let mut rig = Rig::open(setup(follow));
            let mut input = event;
            rig.stream.received(rig.at(), input.len());
            assert!(matches!(rig.stream.next(rig.at(), &mut input), Step::Frame { .. }));
            rig.stream.reply_state(rig.at(), reply_state, None);
            rig.broke();
            assert_eq!(rig.seconds(1), "connect");
            rig.stream.head(
                rig.at(),
                &ResponseHead { status, content_type: SSE, ..ResponseHead::default() },
                Duration::ZERO,
            );
            rig.bytes(body);
            let said = rig.end();
            let want = if status == 204 && want != "complete" { "truncated" } else { want };
            assert_eq!(said, want, "{reply_state:?} {status} {body:?}");
        }
    }
}

#[test]
fn a_dialect_words_the_failure_that_a_marker_found() {
    for (reply_state, error) in
        [(tidewire_core::ReplyState::Failed, "it said so"), (tidewire_core::ReplyState::Open, "{}")]
    {
        let mut rig = Rig::open(reply());
        let at = rig.at();
        let mut input = &b"event: error\ndata: {}\n\n"[..];
        rig.stream.received(at, input.len());
        assert!(matches!(rig.stream.next(at, &mut input), Step::Frame { .. }));
        rig.stream.reply_state(rig.at(), reply_state, Some("it said so"));
        rig.said(b"");
        assert_eq!((rig.stream.outcome(), rig.stream.error()), (Some(Outcome::Failed), Some(error)));
    }
}

#[test]
fn a_dialect_does_not_make_half_a_record_whole() {
    let policy = Policy { retry_attempts: 0, ..Policy::default() };
    let mut rig =
        Rig::open(StreamOptions { policy: Policy { reply: true, ..policy }, ..StreamOptions::default() });
    let at = rig.at();
    let mut input = &b"data: x\n\nda"[..];
    rig.stream.received(at, input.len());
    assert!(matches!(rig.stream.next(at, &mut input), Step::Frame { .. }));
    rig.stream.reply_state(rig.at(), tidewire_core::ReplyState::MayComplete, None);
    rig.said(input);
    rig.end();
    assert_eq!(rig.stream.outcome(), Some(Outcome::Truncated));
}

#[test]
fn a_record_that_arrives_again_is_reported_once_and_delivered() {
    let mut rig = Rig::open(get());
    assert_eq!(rig.bytes(b"id: 1\ndata: a\n\nid: 2\ndata: b\n\n"), "message#1:a message#2:b");
    assert_eq!((rig.broke(), rig.seconds(1)), ("again(body)".into(), "connect".into()));
    assert_eq!(rig.head(SSE), "");
    let again = b"id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\ndata: d\n\n";
    assert_eq!(rig.bytes(again), "replayed(1) message#1:a message#2:b message#3:c message#3:d");
    assert_eq!((rig.end(), rig.stats().events), ("ended".into(), 6));
}

#[test]
fn with_dedupe_a_record_that_arrives_again_is_left_out() {
    for pieces in [1, 7, 1000] {
        let mut rig = Rig::open(StreamOptions { dedupe: true, ..get() });
        assert_eq!(rig.bytes(b"id: 1\ndata: a\n\nid: 2\ndata: b\n\n"), "message#1:a message#2:b");
        assert_eq!((rig.broke(), rig.seconds(1)), ("again(body)".into(), "connect".into()));
        assert_eq!(rig.head(SSE), "");
        let again = b"id: 1\ndata: a\n\nid: 2\nevent: x\ndata: b\n\nid: 3\ndata: c\n\ndata: d\n\n";
        let said: Vec<_> =
            again.chunks(pieces).map(|piece| rig.bytes(piece)).filter(|said| !said.is_empty()).collect();
        assert_eq!(said.join(" "), "replayed(1) message#3:c message#3:d");
        assert_eq!((rig.end(), rig.stats().events), ("ended".into(), 4));
    }
}

#[test]
fn json_records_that_arrive_again_are_known_by_their_cursor() {
    let cursor_source = CursorSource::Json(Path::parse("seq"));
    let ndjson = Some("application/x-ndjson");
    let mut rig = Rig::open_with(StreamOptions { dedupe: true, cursor_source, ..get() }, ndjson);
    assert_eq!(rig.bytes(b"{\"seq\":1}\n{\"seq\":2}\n"), "{\"seq\":1} {\"seq\":2}");
    assert_eq!((rig.broke(), rig.seconds(1)), ("again(body)".into(), "connect".into()));
    assert_eq!(rig.head(ndjson), "");
    assert_eq!(rig.bytes(b"{\"seq\":1}\n{}\n{\"seq\":3}\n"), "replayed(1) {} {\"seq\":3}");
}

/// A server may write the number of an old record as a string; the cursor goes back as it came.
#[test]
fn a_record_that_arrives_again_does_not_change_how_the_cursor_is_written() {
    let cursor_source = CursorSource::Json(Path::parse("seq"));
    let ndjson = Some("application/x-ndjson");
    let mut rig = Rig::open_with(StreamOptions { cursor_source, ..get() }, ndjson);
    assert_eq!(rig.bytes(b"{\"seq\":1}\n{\"seq\":2}\n"), "{\"seq\":1} {\"seq\":2}");
    assert_eq!((rig.broke(), rig.seconds(1)), ("again(body)".into(), "connect".into()));
    rig.head(ndjson);
    assert_eq!(rig.bytes(b"{\"seq\":\"1\"}\n"), "replayed(1) {\"seq\":\"1\"}");
    assert_eq!((rig.stream.cursor(), rig.stream.cursor_is_string()), (Some("2"), false));
    rig.bytes(b"{\"seq\":\"3\"}\n");
    assert_eq!((rig.stream.cursor(), rig.stream.cursor_is_string()), (Some("3"), true));
}

/// A redirect to another origin dropped it.
#[test]
fn a_cursor_that_was_lost_on_the_way_is_a_gap() {
    let last_event_id = || Some("7".to_owned());
    for (setup, want) in [
        (StreamOptions { last_event_id: last_event_id(), ..get() }, "gap(7)"),
        (StreamOptions { last_event_id: last_event_id(), ..follow() }, "gap(7)"),
        (get(), ""),
    ] {
        let mut rig = Rig::open(setup);
        rig.stream.lost_cursor(rig.at());
        assert_eq!(rig.said(b""), want);
    }
    for (setup, want) in [(get(), "truncated"), (follow(), "gap(1)")] {
        let mut rig = Rig::open(setup);
        rig.bytes(b"id: 1\ndata: a\n\n");
        assert_eq!((rig.broke(), rig.seconds(1)), ("again(body)".into(), "connect".into()));
        rig.head(SSE);
        rig.stream.lost_cursor(rig.at());
        assert_eq!(rig.said(b""), want);
    }
}

#[test]
fn a_marker_that_arrives_again_ends_the_stream_all_the_same() {
    let markers = Markers { end_on: Some(vec!["event:close".parse().unwrap()]), ..Markers::default() };
    let mut rig = Rig::open(StreamOptions { dedupe: true, markers, ..get() });
    assert_eq!(rig.bytes(b"id: 1\nevent: close\n\nid: 1\ndata: a\n\n"), "message#1:a");
    assert_eq!((rig.broke(), rig.seconds(1)), ("again(body)".into(), "connect".into()));
    rig.head(SSE);
    assert_eq!(rig.bytes(b"id: 1\nevent: close\ndata: b\n\n"), "replayed(1) complete");
}

#[test]
fn a_body_without_a_content_type_is_refused_unless_it_is_empty() {
    for (bytes, want) in [(&b""[..], "ended"), (b"data: a\n\n", "refused")] {
        let mut rig = Rig::open_with(get(), None);
        // A piece without bytes, as some transports hand over, is no byte.
        let mut said = rig.bytes(b"");
        said += &rig.bytes(bytes);
        said += &rig.end();
        assert_eq!(said, want);
        assert_eq!(rig.stream.refused_body(), bytes);
    }
    let sniffed = StreamOptions { sniff: true, ..get() };
    let mut rig = Rig::open_with(sniffed, None);
    assert_eq!((rig.bytes(b"data: a\n\n"), rig.end()), ("message:a".into(), "ended".into()));
}

#[test]
fn an_empty_body_without_a_content_type_ends_a_followed_stream() {
    let chosen = StreamOptions { format: Format::Sse, ..follow() };
    for (content_type, want) in [(None, "ended"), (SSE, "again(end)")] {
        let mut rig = Rig::open_with(chosen.clone(), content_type);
        assert_eq!(rig.end(), want);
    }
}

#[test]
fn text_is_inspected_only_if_sniffing_is_on() {
    for (sniff, want) in [(true, "message:a"), (false, "data: a\n\n")] {
        let mut rig = Rig::open_with(StreamOptions { sniff, ..get() }, Some("text/plain"));
        assert_eq!(rig.bytes(b"data: a\n\n"), want);
    }
    let chosen = StreamOptions { sniff: true, format: Format::Text, ..get() };
    assert_eq!(Rig::open_with(chosen, Some("text/plain")).bytes(b"data: a\n\n"), "data: a\n\n");
}

#[test]
fn a_response_that_a_relay_keeps_is_continued_there() {
    let mut rig = Rig::started(StreamOptions::default());
    let head = ResponseHead { status: 200, content_type: SSE, relayed: true, ..ResponseHead::default() };
    assert!(!rig.stream.continues_at_relay());
    assert_eq!(rig.headed(head), "");
    assert_eq!(rig.bytes(b"id: 1\ndata: a\n\n"), "message#1:a");
    assert_eq!((rig.broke(), rig.seconds(1)), ("again(body)".into(), "connect".into()));
    assert!(rig.stream.continues_at_relay());
    assert_eq!(rig.stream.request_cursor(), Some("1"));
}

#[test]
fn a_refresh_that_fails_leaves_the_refusal() {
    let policy = Policy { refresh: true, ..Policy::default() };
    let mut rig = Rig::started(StreamOptions { policy, ..StreamOptions::default() });
    assert_eq!(rig.headed(ResponseHead { status: 401, ..ResponseHead::default() }), "refresh(status)");
    assert_eq!(rig.seconds(0), "connect");
    rig.stream.refresh_failed(rig.at(), "no token".to_owned());
    assert_eq!(rig.said(b""), "refused");
    assert_eq!(rig.stream.outcome(), Some(Outcome::Refused { status: 401, why: Refusal::Status }));
    assert_eq!(rig.stream.error(), Some("no token"));
}

#[test]
fn retry_after_ms_counts_before_retry_after() {
    for (ms, seconds, want) in
        [(Some("750"), Some("9"), 750), (None, Some("1.5"), 1500), (Some("x"), Some("2"), 2000)]
    {
        let mut rig = Rig::started(StreamOptions::default());
        rig.headed(ResponseHead {
            status: 503,
            retry_after: seconds,
            retry_after_ms: ms,
            ..ResponseHead::default()
        });
        assert_eq!(rig.stream.deadline(), Some(rig.now + Duration::from_millis(want)));
    }
}

#[test]
fn only_requests_that_were_sent_are_counted() {
    let mut stream = Stream::new(get());
    let at = At::new(Duration::ZERO, 0);
    stream.start(at);
    assert_eq!(stream.next(at, &mut &[][..]), Step::Connect);
    assert_eq!(stream.stats(Duration::ZERO).attempts, 0);
    stream.broke(at, Failure::Connect, "the headers could not be made".to_owned());
    assert!(matches!(stream.next(at, &mut &[][..]), Step::Retry(retry) if retry.attempt == 2));
    stream.tick(at);
    assert_eq!(stream.next(at, &mut &[][..]), Step::Connect);
    stream.sent(at);
    assert_eq!(stream.stats(Duration::ZERO).attempts, 1);
    assert_eq!(stream.state(Duration::ZERO), StreamState::Connecting);
}

#[test]
fn a_stream_says_where_it_is() {
    let mut rig = Rig::new(get());
    let state = |rig: &Rig| rig.stream.state(rig.now);
    let mut states = vec![state(&rig)];
    rig.stream.start(rig.at());
    states.push(state(&rig));
    rig.said(b"");
    rig.head(SSE);
    states.push(state(&rig));
    rig.broke();
    states.push(state(&rig));
    rig.stream.cancel(rig.at());
    rig.said(b"");
    states.push(state(&rig));
    let names: Vec<&str> = states.iter().map(StreamState::name).collect();
    assert_eq!(names, ["idle", "connecting", "open", "waiting", "closed"]);
    assert_eq!(states[4], StreamState::Closed(Some(Outcome::Cancelled)));
}
