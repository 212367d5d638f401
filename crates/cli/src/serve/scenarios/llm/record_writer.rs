//! Writes JSON values as the records of a body.

use serde_json::Value;

use super::parts::{HALVES, ReplyPart};

/// How records become a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// Server-sent events.
    Sse,
    /// JSON lines.
    Lines,
    /// The elements of one array.
    Array,
}

impl Framing {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Sse => "text/event-stream",
            Self::Lines => "application/x-ndjson",
            Self::Array => "application/json; charset=UTF-8",
        }
    }
}

/// Writes the records of one reply.
pub(super) struct RecordWriter {
    pub(super) framing: Framing,
    written: Vec<String>,
    /// How many records there were.
    count: u64,
    /// The text of the block that is open, or was last.
    text: String,
}

impl RecordWriter {
    pub(super) const fn new(framing: Framing) -> Self {
        Self { framing, written: Vec::new(), count: 0, text: String::new() }
    }

    /// The records that a dialect makes of a part.
    pub(super) fn records(&mut self, part: &ReplyPart, dialect: fn(&ReplyPart, &mut Self)) -> Vec<String> {
        match part {
            ReplyPart::Open(_) => self.text.clear(),
            ReplyPart::Piece(_, piece) => self.text.push_str(piece),
            ReplyPart::Start
            | ReplyPart::KeepAlive
            | ReplyPart::Close(_)
            | ReplyPart::Calls(..)
            | ReplyPart::Finish(_)
            | ReplyPart::Fail => {}
        }
        dialect(part, self);
        std::mem::take(&mut self.written)
    }

    /// The text of the block that is closed.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The number of records so far.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Writes a record.
    pub(super) fn record(&mut self, json: &Value) {
        let text = to_text(json);
        let record = match self.framing {
            Framing::Sse => format!("data: {text}\n\n"),
            Framing::Lines => format!("{text}\n"),
            Framing::Array if self.count == 0 => format!("[{text}"),
            Framing::Array => format!(",\r\n{text}"),
        };
        self.raw(record);
        self.count += 1;
    }

    /// Writes an event whose name is its `type`.
    pub(super) fn named(&mut self, json: &Value) {
        let name = json["type"].as_str().unwrap_or_default();
        self.raw(format!("event: {name}\ndata: {}\n\n", to_text(json)));
        self.count += 1;
    }

    /// Writes a comment, which only shows that the connection is alive.
    pub(super) fn comment(&mut self, comment: &str) {
        self.raw(format!(": {comment}\n\n"));
    }

    /// Writes text that is not a record.
    pub(super) fn raw(&mut self, text: impl Into<String>) {
        self.written.push(text.into());
    }
}

fn to_text(json: &Value) -> String {
    HALVES.iter().fold(json.to_string(), |text, (half, escape)| text.replace(*half, escape))
}
