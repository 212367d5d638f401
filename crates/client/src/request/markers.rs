//! Markers: which records end the stream, fail it, or only show that it is alive.

use tidewire_core::{Marker, Markers};

use crate::request::Request;

impl Request {
    /// Declares an end marker, in addition to those declared before: without one of them the stream is `truncated`. `[DONE]` completes a
    /// stream without being declared.
    pub fn end_on(mut self, marker: Marker) -> Self {
        self.parts.options.markers.end_on.get_or_insert_default().push(marker);
        self
    }

    /// Turns end markers off, also `[DONE]`.
    pub fn end_on_none(mut self) -> Self {
        self.parts.options.markers.end_on = Some(Vec::new());
        self
    }

    /// Declares a failure marker, instead of the default `event:error`. Its record is delivered, then the stream ends `failed`.
    pub fn fail_on(mut self, marker: Marker) -> Self {
        self.parts.options.markers.fail_on.get_or_insert_default().push(marker);
        self
    }

    /// Turns failure markers off, also `event:error`.
    pub fn fail_on_none(mut self) -> Self {
        self.parts.options.markers.fail_on = Some(Vec::new());
        self
    }

    /// Declares a heartbeat: such a record is read as a comment.
    pub fn heartbeat_on(mut self, marker: Marker) -> Self {
        self.parts.options.markers.heartbeat_on.push(marker);
        self
    }

    /// Sets all markers at once, instead of those declared before.
    pub fn markers(mut self, markers: Markers) -> Self {
        self.parts.options.markers = markers;
        self
    }
}
