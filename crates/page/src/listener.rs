//! A decoder reports each event to a listener, which decides what becomes of it while the table is written.

use crate::abi::kind;
use crate::buffer::{Buffer, Span};
use crate::sse::Sse;
use crate::table::Table;

/// An event, once its block has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event<'a> {
    /// The decoder, which has the event's name and id. Only streams need them.
    #[cfg_attr(not(feature = "streams"), allow(dead_code))]
    pub(crate) sse: &'a Sse,
    pub(crate) data: Span,
    /// The block set the id; otherwise it is inherited from an earlier one.
    pub(crate) has_own_id: bool,
}

/// Receives what a decoder finds, and adds the rows of records.
pub(crate) trait Listener {
    /// A block with data has ended. The rows of its name and its id are there. Returns whether it ends the body.
    fn event(&mut self, event: Event<'_>, buffer: &mut Buffer, table: &mut Table) -> bool;

    /// The same of an event that has nothing but this data, and the type of the one before it.
    fn plain(&mut self, sse: &Sse, data: Span, buffer: &mut Buffer, table: &mut Table) -> bool;

    /// A JSON value. Returns whether it ends the body.
    #[cfg(feature = "formats")]
    fn record(&mut self, index: u64, json: Span, buffer: &mut Buffer, table: &mut Table) -> bool;

    /// `[DONE]` in place of a record. Returns whether it ends the body.
    #[cfg(feature = "formats")]
    fn done(&mut self, table: &mut Table) -> bool;

    /// A block without data set this id. The row of the id follows.
    fn id(&mut self, id: Span, buffer: &mut Buffer, table: &mut Table);

    /// The `retry:` field asks for a wait of `wait` milliseconds.
    fn retry(&mut self, wait: u64);

    /// Whether data can end the stream, so that its block counts even if its blank line is missing.
    fn may_end(&self) -> bool;

    /// Whether this data ends the stream.
    fn ends_with(&self, data: &[u8]) -> bool;

    /// A piece of a text body.
    fn text(&mut self, text: Span, buffer: &Buffer, table: &mut Table);

    /// Reads events that it recognises by their bytes, at the front of what has not been decoded. Returns how many bytes they have; none of them
    /// may have more than `most`.
    #[cfg(feature = "llm")]
    fn alike(&mut self, input: Span, most: usize, buffer: &Buffer, table: &mut Table) -> usize;

    /// How much of a text can be shown: what may be the closing marker of the body begins there. And whether that is a whole marker, perhaps with
    /// white space after it.
    fn hold(&self, text: &[u8], most: usize) -> (usize, bool);

    /// The body ended with this closing marker.
    fn last_text(&mut self, marker: Span, buffer: &Buffer, table: &mut Table);
}

/// Delivers everything.
pub(crate) struct Everything;

impl Listener for Everything {
    #[inline(always)]
    fn event(&mut self, event: Event<'_>, _: &mut Buffer, table: &mut Table) -> bool {
        table.add(kind::EVENT, event.has_own_id.into(), event.data);
        false
    }

    #[inline(always)]
    fn plain(&mut self, _: &Sse, data: Span, _: &mut Buffer, table: &mut Table) -> bool {
        table.push(kind::EVENT, 0, 0, data);
        false
    }

    #[cfg(feature = "formats")]
    fn record(&mut self, index: u64, json: Span, _: &mut Buffer, table: &mut Table) -> bool {
        table.add(kind::RECORD, index, json);
        false
    }

    #[cfg(feature = "formats")]
    fn done(&mut self, table: &mut Table) -> bool {
        table.add_number(kind::DONE, 0, 0);
        false
    }

    #[inline(always)]
    fn id(&mut self, _: Span, _: &mut Buffer, _: &mut Table) {}

    #[inline(always)]
    fn retry(&mut self, _: u64) {}

    #[inline(always)]
    fn may_end(&self) -> bool {
        false
    }

    #[inline(always)]
    fn ends_with(&self, _: &[u8]) -> bool {
        false
    }

    #[inline(always)]
    fn text(&mut self, text: Span, _: &Buffer, table: &mut Table) {
        table.add(kind::TEXT, 0, text);
    }

    #[cfg(feature = "llm")]
    fn alike(&mut self, _: Span, _: usize, _: &Buffer, _: &mut Table) -> usize {
        0
    }

    #[inline(always)]
    fn hold(&self, text: &[u8], _: usize) -> (usize, bool) {
        (text.len(), false)
    }

    #[inline(always)]
    fn last_text(&mut self, _: Span, _: &Buffer, _: &mut Table) {}
}
