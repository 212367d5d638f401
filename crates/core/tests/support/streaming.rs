//! One reply run through a stream, by the simplest possible driver.

use std::time::Duration;

use serde_json::{Value, json};
use tidewire_core::session::{At, Failure, Outcome, Policy};
use tidewire_core::{Event, Format, Frame, Markers, Notice, ResponseHead, Step, Stream, StreamOptions, Utf8};

use super::lines::{line, push};
use super::table::Row;

const NOW: At = At::new(Duration::ZERO, 0);

/// The lines of a reply, and its end line.
#[derive(Debug, PartialEq)]
pub(crate) struct Streamed {
    pub(crate) lines: Vec<Value>,
    pub(crate) end: Value,
}

/// Reads the reply of a row, cut like this.
pub(crate) fn stream(row: &Row, pieces: &[&[u8]]) -> Streamed {
    drive(setup(row), row.text("content_type"), pieces, row.flag("broken"))
}

/// Reads one reply to a request that is not sent again.
pub(crate) fn drive(
    setup: StreamOptions,
    content_type: Option<&str>,
    pieces: &[&[u8]],
    broken: bool,
) -> Streamed {
    drive_with(setup, content_type, pieces, broken, None)
}

/// The same by one who knows events of this name with a number in `{"a":…}`.
pub(crate) fn drive_knowing(
    setup: StreamOptions,
    content_type: Option<&str>,
    pieces: &[&[u8]],
    broken: bool,
    name: &str,
) -> Streamed {
    drive_with(setup, content_type, pieces, broken, Some(name))
}

fn drive_with(
    setup: StreamOptions,
    content_type: Option<&str>,
    pieces: &[&[u8]],
    broken: bool,
    known: Option<&str>,
) -> Streamed {
    let mut stream = Stream::new(setup);
    let mut lines = Vec::new();
    stream.start(NOW);
    assert_eq!(stream.next(NOW, &mut &[][..]), Step::Connect);
    stream.head(NOW, &ResponseHead { status: 200, content_type, ..ResponseHead::default() }, Duration::ZERO);
    for piece in pieces {
        if stream.outcome().is_some() {
            break;
        }
        stream.received(NOW, piece.len());
        read(&mut stream, piece, known, &mut lines);
    }
    if broken {
        stream.broke(NOW, Failure::Body, "reset".to_owned());
    } else {
        stream.body_end();
    }
    read(&mut stream, &[], known, &mut lines);
    Streamed { lines, end: end(&stream) }
}

fn read(stream: &mut Stream, mut input: &[u8], known: Option<&str>, lines: &mut Vec<Value>) {
    loop {
        if let Some(name) = known {
            let is_known = |data| known_data(data).map(|data| (data, data.len()));
            stream.known(NOW, &mut input, name.as_bytes(), is_known, |data| {
                let [event, data, id] = [name.as_bytes(), data, b""].map(Utf8::new);
                push(lines, line(&Frame::Event(Event { event, data, id, has_own_id: false })));
            });
        }
        match stream.next(NOW, &mut input) {
            Step::Frame { frame, notice } => {
                match notice {
                    Some(Notice::Gap { after }) => lines.push(json!({"type": "gap", "after": after})),
                    Some(other) => panic!("the request is not sent again, yet: {other:?}"),
                    None => {}
                }
                if !matches!(frame, Frame::Id(_)) {
                    push(lines, line(&frame));
                }
            }
            Step::Pass => {}
            Step::Starved => {
                assert!(input.is_empty(), "input is left over");
                return;
            }
            Step::Closed => return,
            other => panic!("the request is not sent again, yet: {other:?}"),
        }
    }
}

fn known_data(input: &[u8]) -> Option<&[u8]> {
    let value = input.strip_prefix(br#"{"a":"#)?;
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    value[digits..].starts_with(b"}").then(|| &input[..input.len() - value.len() + digits + 1])
}

fn setup(row: &Row) -> StreamOptions {
    let markers = |key| {
        let list = row.list(key)?;
        Some(list.into_iter().map(|marker| marker.parse().expect("a marker")).collect())
    };
    StreamOptions {
        policy: Policy { follow: row.flag("follow"), ..Policy::default() },
        format: row.text("format").map_or(Format::Auto, |name| name.parse().expect("a format")),
        decoder: row.options(),
        markers: Markers {
            end_on: markers("end_on"),
            fail_on: markers("fail_on"),
            heartbeat_on: markers("heartbeat_on").unwrap_or_default(),
        },
        last_event_id: row.text("last_event_id").map(str::to_owned),
        ..StreamOptions::default()
    }
}

/// The end line.
fn end(stream: &Stream) -> Value {
    let outcome = stream.outcome().expect("a stream that has ended has an outcome");
    let stats = stream.stats(Duration::ZERO);
    let mut end =
        json!({"type": "end", "outcome": outcome.code(), "events": stats.events, "bytes": stats.bytes});
    if let Some(cursor) = stream.cursor() {
        end["cursor"] = cursor.into();
    }
    if let Outcome::Unreadable { offset, limit } = outcome {
        end["offset"] = offset.into();
        if let Some(limit) = limit {
            end["limit"] = limit.into();
        }
    }
    end
}
