//! From JSON values to records on the wire.

use serde_json::Value;

use super::story::{HALVES, Part};

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
pub(super) struct Voice {
    pub(super) framing: Framing,
    written: Vec<String>,
    /// How many records there were.
    count: u64,
    /// The text of the block that is open or was last.
    text: String,
}

impl Voice {
    pub(super) const fn new(framing: Framing) -> Self {
        Self { framing, written: Vec::new(), count: 0, text: String::new() }
    }

    /// The records of a part.
    pub(super) fn say(&mut self, part: &Part, dialect: fn(&Part, &mut Self)) -> Vec<String> {
        match part {
            Part::Open(_) => self.text.clear(),
            Part::Piece(_, piece) => self.text.push_str(piece),
            Part::Start
            | Part::KeepAlive
            | Part::Close(_)
            | Part::Calls(..)
            | Part::Finish(_)
            | Part::Fail => {}
        }
        dialect(part, self);
        std::mem::take(&mut self.written)
    }

    /// The text of the block that ends.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// How many records came before.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// A record.
    pub(super) fn record(&mut self, json: &Value) {
        let text = written(json);
        let record = match self.framing {
            Framing::Sse => format!("data: {text}\n\n"),
            Framing::Lines => format!("{text}\n"),
            Framing::Array if self.count == 0 => format!("[{text}"),
            Framing::Array => format!(",\r\n{text}"),
        };
        self.raw(record);
        self.count += 1;
    }

    /// An event that is named by its type.
    pub(super) fn named(&mut self, json: &Value) {
        let name = json["type"].as_str().unwrap_or_default();
        self.raw(format!("event: {name}\ndata: {}\n\n", written(json)));
        self.count += 1;
    }

    /// A comment, which says nothing but that there is life.
    pub(super) fn comment(&mut self, comment: &str) {
        self.raw(format!(": {comment}\n\n"));
    }

    /// What is no record.
    pub(super) fn raw(&mut self, text: impl Into<String>) {
        self.written.push(text.into());
    }
}

fn written(json: &Value) -> String {
    HALVES.iter().fold(json.to_string(), |text, (half, escape)| text.replace(*half, escape))
}
