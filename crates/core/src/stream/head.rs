//! The head of a response: how its body is read, if it is.

use core::time::Duration;

use crate::decoder::Decoder;
use crate::format::Format;
use crate::numbers::sentence;
use crate::session::{At, ContentType, ms, retry_after, retry_after_ms};

use super::{ResponseHead, Stream, StreamOptions};

impl Stream {
    /// The response's head arrived. `clock` is the time since 1970, for a `Retry-After` that is a date.
    pub fn head(&mut self, at: At, head: &ResponseHead<'_>, clock: Duration) {
        if !self.session.is_connecting() {
            return;
        }
        let status = head.status;
        self.error = (!(200..=299).contains(&status))
            .then(|| sentence("the server answered with status {}", &[status.into()]).into());
        let decoder = self.decoder_for(head.content_type);
        let content_type = match (&decoder, head.content_type) {
            (Err(why), _) => *why,
            (Ok(_), Some(_)) => ContentType::Accepted,
            (Ok(_), None) => ContentType::Assumed,
        };
        let in_ms = head.retry_after_ms.and_then(retry_after_ms);
        let wait = in_ms.or_else(|| head.retry_after.and_then(|value| retry_after(value, clock)));
        self.session.head(at, status.into(), content_type, wait.map_or(-1.0, ms), head.relayed);
        if let Ok(decoder) = decoder
            && self.session.is_reading()
        {
            self.marked.restart(decoder);
        }
        self.note_refusal();
    }

    /// The decoder for a body of this content type, or why the body is not read.
    fn decoder_for(&self, content_type: Option<&str>) -> Result<Decoder, ContentType> {
        let StreamOptions { format: chosen, only, no_text, sniff, decoder: options, .. } = *self.options;
        let decoder = match (chosen, content_type) {
            (Format::Auto, Some(content_type)) => match Decoder::for_content_type(content_type, options) {
                Some(decoder) if sniff && decoder.format() == Format::Text => {
                    Decoder::for_unknown_text(options)
                }
                Some(decoder) => decoder,
                None => return Err(ContentType::Refused),
            },
            (Format::Auto, None) if sniff => Decoder::new(Format::Auto, options),
            (Format::Auto, None) => return Err(ContentType::Missing),
            (chosen, _) => Decoder::new(chosen, options),
        };
        // `application/json` is one of two formats; which one is unknown until the first byte has arrived.
        let decoder = match (only, decoder.format()) {
            (Some(only @ (Format::JsonArray | Format::Concat)), Format::Auto) => Decoder::new(only, options),
            _ => decoder,
        };
        let format = decoder.format();
        let unwanted = only.is_some_and(|only| only != format) || (no_text && format == Format::Text);
        if unwanted && chosen == Format::Auto {
            return Err(ContentType::Refused);
        }
        Ok(decoder.with_last_event_id(self.marked.decoder().last_event_id().as_bytes()))
    }
}
