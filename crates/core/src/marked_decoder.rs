//! A decoder that compares each record with the stream's end, failure and heartbeat markers.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::decoder::Decoder;
use crate::error::DecodeError;
use crate::frame::{Frame, Record};
use crate::marker::{DONE, Marker};
use crate::sse::Sse;

/// Which records end a stream, report its failure, or are heartbeats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markers {
    /// End markers. `None` is the default: `[DONE]` ends the stream, but may be missing. If markers are declared, one of them or
    /// `[DONE]` must arrive. With an empty list, only the end of the body ends the stream.
    pub end_on: Option<Vec<Marker>>,
    /// Failure markers. `None` is the default: `event:error`, unless the stream is followed.
    pub fail_on: Option<Vec<Marker>>,
    /// Heartbeat markers: such records are read as comments.
    pub heartbeat_on: Vec<Marker>,
}

impl Markers {
    /// The end markers that were declared.
    #[inline]
    fn ends(&self) -> &[Marker] {
        self.end_on.as_deref().unwrap_or_default()
    }

    /// Whether the stream must reach an end marker.
    #[must_use]
    pub fn expected(&self) -> bool {
        !self.ends().is_empty()
    }

    /// Whether `[DONE]` ends the stream.
    #[must_use]
    pub fn done(&self) -> bool {
        self.end_on.as_ref().is_none_or(|markers| !markers.is_empty())
    }
}

/// How a marker ends the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerOutcome {
    /// The stream is complete.
    Complete,
    /// The peer failed.
    Failed,
}

/// A frame and what its marker says about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MarkedFrame<'a> {
    /// A frame to deliver. With an outcome, it is the last frame of the stream.
    Frame(Frame<'a>, Option<MarkerOutcome>),
    /// A heartbeat: a record whose data is delivered as a comment.
    Heartbeat(Frame<'a>),
    /// A marker without a payload ended the stream.
    Ended(MarkerOutcome),
    /// The input is used up; at the end of the body, there is nothing more.
    Nothing,
}

/// A decoder that compares each record with the markers.
#[derive(Clone, Debug)]
pub struct MarkedDecoder {
    decoder: Decoder,
    /// Clones share it.
    rules: Arc<MarkerRules>,
}

#[derive(Debug)]
struct MarkerRules {
    markers: Markers,
    /// `event:error` fails the stream, because no failure marker was declared.
    error_fails: bool,
    /// The data values of end and failure markers, to be found in a text body; `None` without such markers.
    in_text: Option<Arc<[Box<str>]>>,
}

/// What the markers make of a frame.
enum MarkerRole {
    Plain,
    Heartbeat,
    End {
        /// The record has a payload, so it is delivered.
        delivered: bool,
    },
    Failure,
}

impl MarkedDecoder {
    /// Compares the records of `decoder` with `markers`. If the stream is followed, `event: error` is no failure by default.
    #[must_use]
    pub fn new(decoder: Decoder, markers: Markers, follow: bool) -> Self {
        let error_fails = markers.fail_on.is_none() && !follow;
        let in_text = text_markers(&markers);
        let mut marked = Self { decoder, rules: Arc::new(MarkerRules { markers, error_fails, in_text }) };
        marked.watch_text();
        marked
    }

    /// Begins the next body.
    pub fn restart(&mut self, decoder: Decoder) {
        self.decoder = decoder;
        self.watch_text();
    }

    fn watch_text(&mut self) {
        if let Some(markers) = &self.rules.in_text {
            self.decoder.hold_back(Arc::clone(markers));
        }
    }

    /// The decoder of the present body.
    #[must_use]
    pub const fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// The markers.
    #[must_use]
    pub fn markers(&self) -> &Markers {
        &self.rules.markers
    }

    /// The SSE decoder, if the body is SSE and no marker can match an event with this name and JSON data.
    #[inline]
    pub(crate) fn sse_if_unmarked(&mut self, name: &[u8]) -> Option<&mut Sse> {
        if self.rules.may_mark(name) { None } else { self.decoder.as_sse() }
    }

    /// Returns the next frame, and removes the bytes that it used from the front of `input`.
    ///
    /// # Errors
    /// [`DecodeError`] when the body cannot be decoded any further.
    #[inline]
    pub fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<MarkedFrame<'a>, DecodeError> {
        let frame = self.decoder.next(input)?;
        Ok(self.rules.mark(frame))
    }

    /// Returns the next frame that the clean end of the body completes. Call it until it returns [`MarkedFrame::Nothing`] or an
    /// outcome.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    #[inline]
    pub fn finish(&mut self) -> Result<MarkedFrame<'_>, DecodeError> {
        // At the end of the body an end marker without a payload counts without its blank line.
        let is_bare_end = self.decoder.unterminated_data().is_some_and(|data| self.rules.is_bare_end(&data));
        let frame = self.decoder.finish_block(is_bare_end)?;
        Ok(self.rules.mark(frame))
    }
}

impl MarkerRules {
    /// Whether a marker can match an event with this name and JSON data.
    #[inline]
    fn may_mark(&self, name: &[u8]) -> bool {
        let Self { markers, error_fails, .. } = self;
        let may = |marker: &Marker| !matches!(marker, Marker::Event(other) if other.as_bytes() != name);
        let any = |markers: &[Marker]| markers.iter().any(may);
        (*error_fails && name == b"error")
            || markers.fail_on.as_deref().is_some_and(any)
            || any(markers.ends())
            || any(&markers.heartbeat_on)
    }

    /// Whether this data is an end marker without a payload.
    fn is_bare_end(&self, data: &[u8]) -> bool {
        let is_end = |marker: &Marker| matches!(marker, Marker::Data(end) if end.as_bytes() == data);
        (self.markers.done() && data == DONE.as_bytes()) || self.markers.ends().iter().any(is_end)
    }

    fn mark<'a>(&self, frame: Option<Frame<'a>>) -> MarkedFrame<'a> {
        let Some(frame) = frame else { return MarkedFrame::Nothing };
        let role = self.role_of(&frame);
        let frame = if let Frame::LastText(text) = frame { Frame::Text(text) } else { frame };
        match role {
            MarkerRole::Plain => MarkedFrame::Frame(frame, None),
            MarkerRole::Heartbeat => MarkedFrame::Heartbeat(frame),
            MarkerRole::End { delivered: true } => MarkedFrame::Frame(frame, Some(MarkerOutcome::Complete)),
            MarkerRole::End { delivered: false } => MarkedFrame::Ended(MarkerOutcome::Complete),
            MarkerRole::Failure => MarkedFrame::Frame(frame, Some(MarkerOutcome::Failed)),
        }
    }

    fn role_of_last_text(&self, text: &str) -> MarkerRole {
        let is_text = |marker: &Marker| text_marker(marker) == Some(text);
        if self.markers.fail_on.as_deref().unwrap_or_default().iter().any(is_text) {
            MarkerRole::Failure
        } else {
            MarkerRole::End { delivered: false }
        }
    }

    fn role_of(&self, frame: &Frame<'_>) -> MarkerRole {
        let Self { markers, error_fails, .. } = self;
        let data = match frame {
            Frame::Event(event) => event.data,
            Frame::Record(Record { json, .. }) => *json,
            Frame::Done => return MarkerRole::End { delivered: false },
            Frame::LastText(text) => return self.role_of_last_text(text),
            _ => return MarkerRole::Plain,
        };
        if *error_fails && matches!(frame, Frame::Event(event) if event.event.as_bytes() == b"error") {
            return MarkerRole::Failure;
        }
        let any = |markers: &[Marker]| markers.iter().any(|marker| marker.matches(frame));
        if markers.fail_on.as_deref().is_some_and(any) {
            return MarkerRole::Failure;
        }
        if markers.done() && data.as_bytes() == DONE.as_bytes() {
            return MarkerRole::End { delivered: false };
        }
        if let Some(end) = markers.ends().iter().find(|marker| marker.matches(frame)) {
            return MarkerRole::End { delivered: !matches!(end, Marker::Data(_)) };
        }
        if any(&markers.heartbeat_on) { MarkerRole::Heartbeat } else { MarkerRole::Plain }
    }
}

/// The data values that end or fail a stream, without the white space around them, which does not count in a text body.
fn text_markers(markers: &Markers) -> Option<Arc<[Box<str>]>> {
    let failures = markers.fail_on.as_deref().unwrap_or_default();
    let values: Vec<Box<str>> =
        markers.ends().iter().chain(failures).filter_map(text_marker).map(Into::into).collect();
    (!values.is_empty()).then(|| values.into())
}

fn text_marker(marker: &Marker) -> Option<&str> {
    match marker {
        Marker::Data(data) => Some(data.trim_ascii()).filter(|data| !data.is_empty()),
        Marker::Event(_) | Marker::Json(_) => None,
    }
}

/// Turns a record into a comment with its data; other frames stay as they are.
pub(crate) const fn as_comment(frame: Frame<'_>) -> Frame<'_> {
    match frame {
        Frame::Event(event) => Frame::Comment(event.data),
        Frame::Record(record) => Frame::Comment(record.json),
        other => other,
    }
}
