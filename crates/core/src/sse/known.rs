//! Events that somebody knows by their bytes.

use super::{MESSAGE, Place, Sse, data_value};

impl Sse {
    /// Takes the next event away from the front of `input` if `known` knows its data, without looking for the ends of its lines.
    ///
    /// `known` is given what follows the field's name, and says what it makes of the data and how long that is; it must not take a line
    /// end for data. Left alone is whatever [`next`](Self::next) might read as something else: all but an event of this `name`, with
    /// one line of data and no other field, that is whole in the input.
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
        let line = if name == MESSAGE { *input } else { behind_name(input, name)? };
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

/// What follows the line that gives an event this name.
#[inline]
fn behind_name<'i>(input: &'i [u8], name: &[u8]) -> Option<&'i [u8]> {
    let value = input.strip_prefix(b"event:")?;
    match value.strip_prefix(b" ").unwrap_or(value).strip_prefix(name)? {
        [b'\n', line @ ..] | [b'\r', b'\n', line @ ..] => Some(line),
        _ => None,
    }
}
