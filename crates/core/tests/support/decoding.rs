//! A body run through a decoder.

use serde_json::Value;
use tidewire_core::{DecodeError, Decoder, DecoderOptions, Format, Frame};

use super::lines::{line, push};

/// What a body came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Decoded {
    pub(crate) lines: Vec<Value>,
    pub(crate) inside_record: bool,
    pub(crate) error: Option<DecodeError>,
    pub(crate) last_event_id: String,
    /// The ids that blocks set, each with whether the block made an event.
    pub(crate) ids: Vec<(String, bool)>,
}

/// Decodes the body, and checks on the way what holds for every decoder.
pub(crate) fn decode(format: Format, options: DecoderOptions, pieces: &[&[u8]]) -> Decoded {
    let mut run = Run::new(format, options);
    for piece in pieces {
        run.push(piece);
    }
    run.finish()
}

/// A decoder and what it has come to so far.
pub(crate) struct Run {
    decoder: Decoder,
    decoded: Decoded,
}

impl Run {
    pub(crate) fn new(format: Format, options: DecoderOptions) -> Self {
        Self { decoder: Decoder::new(format, options), decoded: Decoded::default() }
    }

    /// The lines so far.
    pub(crate) fn lines(&self) -> &[Value] {
        &self.decoded.lines
    }

    pub(crate) fn push(&mut self, mut piece: &[u8]) {
        loop {
            let before = piece.len();
            let frame = self.decoder.next(&mut piece);
            assert!(piece.len() <= before);
            if !self.decoded.take(frame) {
                break;
            }
        }
        assert!(piece.is_empty() || self.decoded.error.is_some(), "input is left over");
    }

    pub(crate) fn finish(mut self) -> Decoded {
        while self.decoded.take(self.decoder.finish()) {}
        assert_eq!(self.decoder.finish().is_err(), self.decoded.error.is_some(), "a second end brings more");
        self.decoded.inside_record = self.decoded.error.is_none() && self.decoder.inside_record();
        self.decoded.last_event_id = self.decoder.last_event_id().to_str().into_owned();
        self.decoded
    }
}

impl Decoded {
    /// Notes what a call returned; says whether to go on.
    fn take(&mut self, frame: Result<Option<Frame<'_>>, DecodeError>) -> bool {
        assert!(self.error.is_none_or(|error| frame == Err(error)), "an error does not stay");
        match frame {
            Ok(Some(frame)) => {
                assert!(!matches!(frame, Frame::Text("")), "empty text");
                match frame {
                    Frame::Id(id) => self.ids.push((id.to_string(), false)),
                    Frame::Event(event) if event.has_own_id => self.ids.push((event.id.to_string(), true)),
                    _ => {}
                }
                if !matches!(frame, Frame::Id(_)) {
                    push(&mut self.lines, line(&frame));
                }
                return true;
            }
            Ok(None) => {}
            Err(error) => self.error = Some(error),
        }
        false
    }
}
