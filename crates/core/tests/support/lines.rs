//! Frames as the lines that `tidewire decode` prints.

use serde_json::{Value, json};
use tidewire_core::{Event, Frame};

/// The line of a frame.
pub(crate) fn line(frame: &Frame<'_>) -> Value {
    match frame {
        Frame::Event(Event { event, data, id, .. }) => {
            event_line(&event.to_str(), &data.to_str(), &id.to_str())
        }
        Frame::Record(record) => {
            let value: Value = serde_json::from_slice(record.json.as_bytes()).expect("a record is JSON");
            json!({"type": "record", "index": record.index, "value": value})
        }
        Frame::Text(text) => json!({"type": "text", "text": text}),
        Frame::Comment(comment) => json!({"type": "comment", "comment": comment.to_str()}),
        Frame::Retry(wait) => json!({"type": "retry", "ms": wait.as_millis() as u64}),
        Frame::Done => json!({"type": "done"}),
        Frame::BadRecord(bad) => json!({"type": "error", "code": "bad_record", "offset": bad.offset}),
        Frame::Skipped(error) => {
            json!({"type": "error", "code": "too_large", "offset": error.offset, "limit": error.limit})
        }
        other => panic!("a frame without a line: {other:?}"),
    }
}

/// The line of an event; an empty id is left out.
pub(crate) fn event_line(event: &str, data: &str, id: &str) -> Value {
    let mut line = json!({"type": "event", "event": event, "data": data});
    if !id.is_empty() {
        line["id"] = id.into();
    }
    line
}

/// Adds a line; pieces of text depend on the cuts, so adjacent ones become one.
pub(crate) fn push(lines: &mut Vec<Value>, line: Value) {
    if let (Some(last), "text") = (lines.last_mut(), kind(&line))
        && kind(last) == "text"
    {
        let joined = [&last["text"], &line["text"]].map(|text| text.as_str().expect("text")).concat();
        last["text"] = joined.into();
    } else {
        lines.push(line);
    }
}

fn kind(line: &Value) -> &str {
    line["type"].as_str().unwrap_or_default()
}
