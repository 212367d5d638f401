//! A reply whose repeated events are recognised by their bytes, compared with the same reply read frame by frame.

use std::time::Duration;

use tidewire_core::session::{At, Policy};
use tidewire_core::{Format, Frame, ResponseHead, Step, Stream, StreamOptions};
use tidewire_llm::{DIALECTS, Deltas, Dialect};

use crate::input::Input;

const NOW: At = At::new(Duration::ZERO, 0);
const CHOICES: usize = 4;

/// The input is a dialect, how its events are written and the stream is set up, a position and a byte, the options of a decoder and the
/// cuts, and records in lines. Each record is written twice, and a third time with that byte in place of one of its own.
pub fn alike(data: &[u8]) {
    let Some((&[dialect, writing, at, byte], rest)) = data.split_first_chunk::<CHOICES>() else { return };
    let Some((reading, lines)) = rest.split_first_chunk::<CHOICES>() else { return };
    let dialect: Dialect = DIALECTS[usize::from(dialect) % DIALECTS.len()].parse().expect("its name");
    let lines: Vec<&[u8]> = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let mut body = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let event = written(line, writing);
        let place = (usize::from(at) * 7 + index * 5) % event.len();
        let changed = [&event[..place], &[byte].repeat(usize::from(at % 7)), &event[place + 1..]].concat();
        body.extend([&event[..], &event, &changed].concat());
    }
    let Some(chosen) = lines.get(usize::from(at) % lines.len().max(1)) else { return };
    let marker = std::str::from_utf8(chosen).ok();
    let given = [&reading[..], &body].concat();
    let Some(mut input) = Input::new(&given) else { return };
    if input.is_limited() {
        // About the length of the records, so that some are too long.
        input.options.max_event_bytes = chosen.len() + input.options.max_event_bytes % 8;
    }
    let [known, plain] = [true, false]
        .map(|knows| Reply::read(setup(&dialect, writing, marker, input), &dialect, input, knows));
    assert_eq!(known, plain, "{}", body.escape_ascii());
}

/// Writes a record as an event.
fn written(line: &[u8], writing: u8) -> Vec<u8> {
    let end = if writing & 1 == 0 { "\n" } else { "\r\n" };
    let name =
        ["", "event: content_block_delta", "event:message", "event: error"][usize::from(writing >> 1) % 4];
    let colon = if writing & 8 == 0 { "data: " } else { "data:" };
    let name_end = if name.is_empty() { "" } else { end };
    [name.as_bytes(), name_end.as_bytes(), colon.as_bytes(), line, end.as_bytes(), end.as_bytes()].concat()
}

/// The options of a stream. One of its records may be a marker.
fn setup(dialect: &Dialect, writing: u8, marker: Option<&str>, input: Input<'_>) -> StreamOptions {
    let policy = Policy { retry_attempts: 0, ..Policy::default() };
    let mut setup =
        StreamOptions { policy, format: Format::Sse, decoder: input.options, ..StreamOptions::default() };
    let marker = marker.and_then(|marker| marker.parse().ok()).filter(|_| writing & 16 != 0);
    match writing >> 5 & 3 {
        0 => setup.markers.end_on = marker.map(|marker| vec![marker]),
        1 => setup.markers.fail_on = marker.map(|marker| vec![marker]),
        2 => setup.markers.heartbeat_on = marker.into_iter().collect(),
        _ => setup.last_event_id = Some("e-1".to_owned()),
    }
    dialect.set_up(&mut setup);
    setup
}

/// What a reply was read as.
#[derive(Debug, PartialEq)]
struct Reply {
    said: Vec<String>,
    outcome: Option<&'static str>,
    error: Option<String>,
    cursor: Option<String>,
    events: u64,
    bytes: u64,
}

impl Reply {
    fn read(setup: StreamOptions, dialect: &Dialect, input: Input<'_>, knows: bool) -> Self {
        let mut stream = Stream::new(setup);
        let mut deltas = Deltas::new(dialect.clone());
        let mut said = Vec::new();
        stream.start(NOW);
        assert_eq!(stream.next(NOW, &mut &[][..]), Step::Connect);
        stream.head(NOW, &ResponseHead { status: 200, ..ResponseHead::default() }, Duration::ZERO);
        for piece in input.pieces() {
            if stream.outcome().is_some() {
                break;
            }
            stream.received(NOW, piece.len());
            feed(&mut stream, &mut deltas, piece, knows, &mut said);
        }
        stream.body_end();
        feed(&mut stream, &mut deltas, &[], knows, &mut said);
        deltas.finish(&mut |delta| said.push(line(delta)));
        let stats = stream.stats(Duration::ZERO);
        Self {
            said,
            outcome: stream.outcome().map(|outcome| outcome.code()),
            error: stream.error().map(str::to_owned),
            cursor: stream.cursor().map(str::to_owned),
            events: stats.events,
            bytes: stats.bytes,
        }
    }
}

fn feed(stream: &mut Stream, deltas: &mut Deltas, mut input: &[u8], knows: bool, said: &mut Vec<String>) {
    loop {
        if knows {
            deltas.read_alike(stream, NOW, &mut input, &mut |delta| said.push(line(delta)));
        }
        match stream.next(NOW, &mut input) {
            Step::Frame { frame, notice } => {
                said.extend(notice.map(|notice| format!("{notice:?}")));
                if !matches!(frame, Frame::Event(_)) {
                    said.push(format!("{frame:?}"));
                }
                match deltas.read(&frame, &mut |delta| said.push(line(delta))) {
                    Ok(reply_state) => stream.reply_state(NOW, reply_state, deltas.error()),
                    Err(bad) => said.push(format!("{bad:?}")),
                }
            }
            Step::Starved | Step::Closed => return,
            _ => {}
        }
    }
}

fn line(delta: &tidewire_llm::Delta<'_>) -> String {
    let mut line = String::new();
    delta.write_line(&mut line);
    line
}
