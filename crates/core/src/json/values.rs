//! The JSON values in a text that is there as a whole.

use core::iter::FusedIterator;

use super::scan::{Remains, Scan, Scanner, plain};
use super::white::trim_start;
use crate::frame::{BadRecord, Utf8};

/// The JSON values in `data`, in any white space or none, as [`Concat`](super::Concat) reads a body.
///
/// Each is its own text; what is malformed, and a value that `data` ends in, is an error with its offset in `data`, and
/// the last item. This is how the data of an SSE event is read as records.
///
/// ```
/// use tidewire_core::json::values;
///
/// let texts: Vec<_> = values(b"{\"a\": 1}\n2").map(|value| value.map(|text| text.to_str())).collect();
/// assert_eq!(texts, [Ok("{\"a\": 1}".into()), Ok("2".into())]);
/// assert_eq!(values(b"1 [2").last().unwrap().unwrap_err().offset, 4);
/// ```
#[must_use]
pub const fn values(data: &[u8]) -> Values<'_> {
    Values { data, at: 0, scanner: Scanner::new() }
}

/// The iterator of [`values()`].
#[derive(Clone, Debug)]
pub struct Values<'a> {
    data: &'a [u8],
    at: usize,
    scanner: Scanner,
}

impl<'a> Values<'a> {
    /// What is left, from the next byte that is not white.
    fn rest(&mut self) -> &'a [u8] {
        let rest = trim_start(&self.data[self.at..]);
        self.at = self.data.len() - rest.len();
        rest
    }

    /// The next byte that is not white.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        self.rest().first().copied()
    }

    /// Takes the next byte that is not white, in place of a value.
    #[inline]
    pub(super) fn byte(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// The next value, if there is one and it is not malformed.
    #[inline]
    pub(super) fn value(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest();
        // A string without escapes needs no state.
        if let Some((b'"', text)) = rest.split_first() {
            let length = plain(text);
            if text.get(length) == Some(&b'"') {
                self.at += length + 2;
                return Some(&rest[..length + 2]);
            }
        }
        Some(self.next()?.ok()?.as_bytes())
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Result<Utf8<'a>, BadRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        let length = match self.scanner.push(rest) {
            Scan::End(used) => Ok(used),
            Scan::More if self.scanner.remains() == Remains::Whole => Ok(rest.len()),
            Scan::More => Err((rest.len(), "the data ends inside a value")),
            Scan::Bad { at, problem } => Err((at, problem)),
        };
        let value = length
            .map(|length| Utf8::new(&rest[..length]))
            .map_err(|(at, problem)| BadRecord { offset: (self.at + at) as u64, problem });
        self.at += length.unwrap_or(rest.len());
        Some(value)
    }
}

impl FusedIterator for Values<'_> {}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn values_of_a_text() {
        for (data, want) in [
            ("", &[][..]),
            (" \r\n\t", &[]),
            ("1", &["1"]),
            (" 1 ", &["1"]),
            ("1-2\"\"truefalse[]{}", &["1", "-2", "\"\"", "true", "false", "[]", "{}"]),
            ("{} x {}", &["{}", "!3"]),
            ("{\n\"a\" : [ ]}\n{", &["{\n\"a\" : [ ]}", "!14"]),
            ("tru", &["!3"]),
            ("1 01", &["1", "!3"]),
            ("\u{FEFF}1", &["!0"]),
            ("[DONE]", &["!1"]),
        ] {
            let have: Vec<String> = values(data.as_bytes())
                .map(|value| {
                    value.map_or_else(|bad| alloc::format!("!{}", bad.offset), |text| text.to_string())
                })
                .collect();
            assert_eq!(have, want, "{data}");
        }
    }
}
