//! Request methods that start a stream: of events, records, text, deltas or frames.

use serde::de::DeserializeOwned;
use tidewire_core::Format;
use tidewire_llm::Dialect;

use crate::error::UsageError;
use crate::event::{Event, Frame};
use crate::reply::Reply;
use crate::request::Request;
use crate::streaming::{Streaming, item_mapper};

/// The `Accept` header of [`Request::records`]: every format but text.
const ACCEPT_RECORDS: &str = "text/event-stream, application/x-ndjson, application/jsonl, application/json-seq, application/json;q=0.9";

impl Request {
    /// Reads the response as SSE events. A response of another content type is refused, unless [`format`](Self::format) says that it is
    /// SSE.
    pub fn events(mut self) -> Streaming<Event> {
        self.check_format("events", |format| format == Format::Sse);
        self.parts.options.only = Some(Format::Sse);
        Streaming::new(self.parts, Format::Sse.accept(), item_mapper::EVENTS)
    }

    /// Reads the response as typed JSON records: those of every JSON format, and the data of SSE events, each of which may hold several
    /// values. A record that does not fit is an [`Error::BadRecord`](crate::Error::BadRecord), and the next one is read.
    ///
    /// A response of text is refused. Lines of JSON that a server sends as `text/plain` are read with
    /// [`format(Format::Ndjson)`](Self::format).
    pub fn records<T: DeserializeOwned>(mut self) -> Streaming<T> {
        self.check_format("records", |format| format != Format::Text);
        self.parts.options.no_text = true;
        // serde checks anyway whether a line is JSON.
        self.parts.options.decoder.validate = false;
        Streaming::new(self.parts, ACCEPT_RECORDS, item_mapper::records())
    }

    /// Reads the response as text: a text stream's pieces as they arrive, an event's data, a JSON record's own text; of an LLM's reply in
    /// a known [`dialect`](Self::dialect), its text.
    pub fn text(self) -> Streaming<String> {
        Streaming::new(self.parts, Format::Auto.accept(), item_mapper::TEXT)
    }

    /// Reads an LLM's reply in this dialect as deltas, and assembles its [`Message`](crate::Message).
    pub fn reply(self, dialect: Dialect) -> Reply {
        let parts = self.dialect(dialect).parts;
        Reply::new(Streaming::new(parts, Format::Auto.accept(), item_mapper::DELTAS))
    }

    /// Reads everything that the stream delivers: records, comments, retry fields, attempts, stalls and gaps.
    pub fn frames(self) -> Streaming<Frame> {
        Streaming::new(self.parts, Format::Auto.accept(), item_mapper::FRAMES)
    }

    /// Rejects a chosen format whose records make no such items: the stream would deliver nothing.
    fn check_format(&mut self, items: &'static str, makes_items: fn(Format) -> bool) {
        let chosen = [Some(self.parts.options.format), self.parts.options.only].into_iter().flatten();
        let mut chosen = chosen.filter(|format| *format != Format::Auto);
        if let Some(format) = chosen.find(|format| !makes_items(*format)) {
            self.parts.note(UsageError::Format { format, items });
        }
    }
}
