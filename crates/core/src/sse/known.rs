//! A fast path for events that the caller recognises by their bytes.

use super::{MESSAGE, Place, Sse, data_value};

impl Sse {
    /// Takes the next event away from the front of `input` if `known` knows its data, without looking for the ends of its lines.
    ///
    /// `known` gets the input from the event's data on, and returns a value and the length of the data; that must not contain a line end.
    /// Only an event of this `name` that is whole in the input, with one line of data and no other field, is taken: anything else is
    /// left for [`next`](Self::next).
    #[inline]
    pub fn known<'i, T>(
        &mut self,
        input: &mut &'i [u8],
        name: &[u8],
        known: impl FnOnce(&'i [u8]) -> Option<(T, usize)>,
    ) -> Option<T> {
        self.forget_lent();
        if self.place != Place::BlockStart {
            return None;
        }
        let line = if name == MESSAGE { *input } else { after_name(input, name)? };
        let data = line.get(data_value(line)?..)?;
        let (made, length) = known(data)?;
        let ([b'\n', b'\n', rest @ ..] | [b'\r', b'\n', b'\r', b'\n', rest @ ..]) = data.get(length..)?
        else {
            return None;
        };
        let used = input.len() - rest.len();
        if used > self.options.max_event_bytes {
            return None;
        }
        *input = rest;
        self.offset += used as u64;
        self.line_offset = self.offset;
        Some(made)
    }
}

/// The input after the line that gives an event this name.
#[inline]
fn after_name<'i>(input: &'i [u8], name: &[u8]) -> Option<&'i [u8]> {
    let value = input.strip_prefix(b"event:")?;
    match value.strip_prefix(b" ").unwrap_or(value).strip_prefix(name)? {
        [b'\n', line @ ..] | [b'\r', b'\n', line @ ..] => Some(line),
        _ => None,
    }
}
