//! JSON records: one strict incremental scanner, four framings.
//!
//! | decoder | one record is |
//! |---|---|
//! | [`Ndjson`] | a line |
//! | [`JsonSeq`] | what follows a record separator (RFC 7464) |
//! | [`JsonArray`] | an element of the one array that the body is |
//! | [`Concat`] | a value, whatever white space is around it |
//!
//! All four have the same three methods. `next` takes from the front of a piece of the body and returns the next
//! frame, lent from that piece where the record is whole in it; `finish` returns what a clean end of the body adds;
//! `inside_record` then says whether the body ended inside a record, which is no bad record but a truncated stream.
//! Frames, errors and their offsets do not depend on how the body is cut. Reading is linear in its bytes, and no
//! buffer grows beyond [`DecoderOptions::max_event_bytes`](crate::DecoderOptions::max_event_bytes).
//!
//! JSON is that of RFC 8259, exactly, nested at most 512 levels deep. In strings, half a surrogate pair may
//! be escaped, and bytes that are not UTF-8 read as U+FFFD.
//!
//! For the records themselves: [`compact()`] drops insignificant white space, [`lookup`] finds one value without
//! building a tree, [`unescape`] reads a string, and [`values()`] reads a text that is there as a whole, such as the
//! data of an SSE event.

mod array;
mod body;
mod compact;
mod concat;
mod ndjson;
mod path;
mod scan;
mod seq;
mod value;
mod values;
mod white;
mod word;

#[cfg(test)]
mod tests;

pub use array::JsonArray;
pub use compact::compact;
pub use concat::Concat;
pub use ndjson::Ndjson;
pub use path::{Path, lookup, unescape, unescape_into};
pub use scan::{Number, Remains, Scan, Scanner, plain};
pub use seq::JsonSeq;
pub use values::{Values, values};
pub(crate) use white::{is_white, trim_end, trim_start};
