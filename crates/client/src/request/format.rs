//! How the response is read: dialect, format and limits.

use tidewire_core::Format;
use tidewire_llm::Dialect;

use crate::request::Request;

impl Request {
    /// Reads the records as an LLM's reply in this dialect, which knows its end and its errors: without that end the stream is
    /// `truncated`, and an error reported inside it makes it `failed`. [`frames`](Self::frames) and [`text`](Self::text) then hand out
    /// the reply's content instead of its records.
    ///
    /// A background response of OpenAI's Responses (`"background": true, "stream": true`) is resumed with
    /// `GET {url}/{id}?stream=true&starting_after={sequence_number}` if the caller chooses
    /// [`Resume::Always`](crate::Resume::Always). One that is read by GET is resumed without that, also from a
    /// [stored number](Self::last_event_id).
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.parts.dialect = Some(dialect);
        self
    }

    /// Reads this format, whatever the content type; by default the content type decides.
    pub fn format(mut self, format: Format) -> Self {
        self.parts.options.format = format;
        self
    }

    /// Accepts this format only: the request asks for it, and a response of another content type is refused. [`events`](Self::events)
    /// always does this; here it is for [`frames`](Self::frames) and the others.
    pub fn accept(mut self, format: Format) -> Self {
        self.parts.options.only = Some(format).filter(|format| *format != Format::Auto);
        self
    }

    /// The most bytes that one event or record may have; 16 MiB by default. A larger one ends the stream `unreadable`.
    pub fn max_event_bytes(mut self, bytes: usize) -> Self {
        self.parts.options.decoder.max_event_bytes = bytes;
        self
    }

    /// Passes over an event that exceeds the limit and reports it as [`Error::Skipped`](crate::Error::Skipped).
    pub fn skip_oversized(mut self) -> Self {
        self.parts.options.decoder.skip_oversized = true;
        self
    }

    /// Delivers an SSE event that has data but no blank line when the body ends; the standard discards it.
    pub fn deliver_unterminated(mut self) -> Self {
        self.parts.options.decoder.deliver_unterminated = true;
        self
    }
}
