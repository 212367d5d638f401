//! The dialects, which recognise repeated records by comparison, compared with themselves reading each record from scratch.

use serde_json::value::RawValue;
use tidewire_core::{Event, Frame, Record, ReplyState, Utf8};
use tidewire_llm::json::Value;
use tidewire_llm::{DIALECTS, Deltas, Dialect, Message};

/// The input is a dialect, whether its records are events, a byte, and records in lines. Each record is read twice, and a third time with
/// one byte replaced.
pub fn dialects(data: &[u8]) {
    let Some((&[dialect, kind, at, byte], body)) = data.split_first_chunk::<4>() else { return };
    let dialect: Dialect = DIALECTS[usize::from(dialect) % DIALECTS.len()].parse().expect("its name");
    let (mut quick, mut slow) = (Reader::new(&dialect), Reader::new(&dialect));
    for (index, line) in body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).enumerate() {
        let mut changed = line.to_vec();
        let place = (usize::from(at) * 7 + index * 5) % changed.len();
        changed[place] = byte;
        for record in [line, line, &changed] {
            quick.read(record, kind % 2 == 0);
            // White space after JSON means nothing, but makes consecutive records differ.
            let spaces = if Value::parse(record).is_ok() { &b"   "[..slow.count % 3] } else { b"" };
            slow.read(&[record, spaces].concat(), kind % 2 == 0);
            assert_eq!(quick.said, slow.said, "{}", record.escape_ascii());
        }
    }
    let mut line = String::new();
    quick.message.write_line(&dialect, &mut line);
    assert!(serde_json::from_str::<&RawValue>(&line).is_ok(), "{line}");
}

struct Reader {
    deltas: Deltas,
    message: Message,
    count: usize,
    /// What the last record was read as.
    said: (Vec<String>, Result<ReplyState, u64>),
}

impl Reader {
    fn new(dialect: &Dialect) -> Self {
        let said = (Vec::new(), Ok(ReplyState::Nothing));
        Self { deltas: Deltas::new(dialect.clone()), message: Message::default(), count: 0, said }
    }

    fn read(&mut self, record: &[u8], is_event: bool) {
        let data = Utf8::new(record);
        let frame = match is_event {
            true => Frame::Event(Event {
                event: Utf8::new(b"message"),
                data,
                id: Utf8::new(b""),
                has_own_id: false,
            }),
            false => Frame::Record(Record { index: 0, json: data }),
        };
        self.count += 1;
        let mut said = Vec::new();
        let reply_state = self.deltas.read(&frame, &mut |delta| {
            self.message.push(delta);
            let mut line = String::new();
            delta.write_line(&mut line);
            assert!(serde_json::from_str::<&RawValue>(&line).is_ok(), "{line}");
            said.push(line);
        });
        self.said = (said, reply_state.map_err(|bad| bad.offset));
    }
}
