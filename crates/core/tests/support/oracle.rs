//! What a body says, found in the simplest way: decode the whole of it, then split it into lines.

use serde_json::{Value, json};

use super::decoding::Decoded;
use super::lines::{event_line, push};

const WHITE: [char; 4] = [' ', '\t', '\r', '\n'];

/// Server-sent events, by the words of the WHATWG HTML standard, 9.2.6.
pub(crate) fn sse(body: &[u8], deliver_unterminated: bool) -> Decoded {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let text = String::from_utf8_lossy(body).replace("\r\n", "\n").replace('\r', "\n");
    let (whole, rest) = text.rsplit_once('\n').map_or(("", text.as_str()), |(_, rest)| (&text[..], rest));
    let mut stream = Interpreter::default();
    for line in whole.strip_suffix(rest).unwrap_or(whole).split_terminator('\n') {
        stream.line(line);
    }
    let mut inside_record = !rest.is_empty() && !rest.starts_with(':');
    if deliver_unterminated {
        if !rest.is_empty() {
            stream.line(rest);
        }
        if !stream.data.is_empty() {
            stream.line("");
        }
        inside_record = false;
    }
    Decoded {
        inside_record: inside_record || !stream.data.is_empty(),
        lines: stream.lines,
        last_event_id: stream.last_event_id,
        ids: stream.ids,
        error: None,
    }
}

#[derive(Default)]
struct Interpreter {
    data: String,
    event: String,
    id: String,
    /// The block has set the id.
    has_id: bool,
    last_event_id: String,
    lines: Vec<Value>,
    ids: Vec<(String, bool)>,
}

impl Interpreter {
    fn line(&mut self, line: &str) {
        if line.is_empty() {
            return self.dispatch();
        }
        if let Some(comment) = line.strip_prefix(':') {
            let comment = comment.strip_prefix(' ').unwrap_or(comment);
            return self.lines.push(json!({"type": "comment", "comment": comment}));
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.event = value.to_owned(),
            "data" => self.data += &format!("{value}\n"),
            "id" if !value.contains('\0') => (self.id, self.has_id) = (value.to_owned(), true),
            "retry" if value.chars().all(|c| c.is_ascii_digit()) => {
                if let Ok(ms) = value.parse::<u64>() {
                    self.lines.push(json!({"type": "retry", "ms": ms}));
                }
            }
            _ => {}
        }
    }

    fn dispatch(&mut self) {
        self.last_event_id = self.id.clone();
        if std::mem::take(&mut self.has_id) {
            self.ids.push((self.id.clone(), !self.data.is_empty()));
        }
        if let Some(data) = self.data.strip_suffix('\n') {
            let event = if self.event.is_empty() { "message" } else { &self.event };
            self.lines.push(event_line(event, data, &self.last_event_id));
        }
        self.data.clear();
        self.event.clear();
    }
}

/// A text body.
pub(crate) fn text(body: &[u8], done: bool) -> Decoded {
    let text = String::from_utf8_lossy(body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)).into_owned();
    let inside_record = whole_characters(body).len() < body.len();
    let marker = text.trim_end_matches(WHITE).strip_suffix("[DONE]").filter(|_| done && !inside_record);
    let mut decoded = Decoded { inside_record, ..Decoded::default() };
    let shown = marker.unwrap_or(&text);
    if !shown.is_empty() {
        push(&mut decoded.lines, json!({"type": "text", "text": shown}));
    }
    if marker.is_some() {
        push(&mut decoded.lines, json!({"type": "done"}));
    }
    decoded
}

/// The body without the bytes at its end that more could complete to a character.
pub(crate) fn whole_characters(body: &[u8]) -> &[u8] {
    let cut = body.utf8_chunks().last().map_or(&[][..], |last| last.invalid());
    let incomplete = str::from_utf8(cut).is_err_and(|error| error.error_len().is_none());
    &body[..body.len() - if incomplete { cut.len() } else { 0 }]
}
