//! What the four framings share: how far the body is read, the record that is being collected, its limit, and the
//! frame that is made of it.

use alloc::vec::Vec;
use core::mem;

use super::white::trim_start;
use super::word::{BOM, Match, match_word};
use crate::error::{DecodeError, TooLarge};
use crate::frame::{BadRecord, Frame, Record, Utf8};
use crate::options::DecoderOptions;

/// A buffer that grew beyond this for a large record is given back after it.
const KEPT_CAPACITY: usize = 64 * 1024;

/// A body as far as it was read.
#[derive(Clone, Debug)]
pub(super) struct Body {
    options: DecoderOptions,
    /// Offset in the body of the next byte of input.
    offset: u64,
    /// The index of the next record.
    index: u64,
    /// The record that is being collected, as far as it came in earlier pieces; never more than the limit.
    held: Vec<u8>,
    /// The record that the last frame borrowed.
    lent: Vec<u8>,
    failed: Option<DecodeError>,
}

/// The text of a record.
#[derive(Clone, Copy, Debug)]
pub(super) enum Text<'a> {
    /// It is whole in the input.
    Input(&'a [u8]),
    /// It was collected.
    Held,
}

/// What a framing found. It borrows nothing of the decoder, so that a loop can return it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'a> {
    Record(Text<'a>),
    Done,
    /// A bad record after which the format finds the next one.
    Bad(BadRecord),
    /// A bad record after which nothing can be found.
    Fatal(BadRecord),
    TooLarge(TooLarge),
}

/// What the start of the body has of a byte order mark.
pub(super) enum Bom {
    /// So many bytes of one, and no more input.
    Part { matched: usize },
    /// It was skipped, or there is none; `half` of one is to be read as the body's first bytes.
    Over { half: &'static [u8] },
}

impl Body {
    pub(super) const fn new(options: DecoderOptions) -> Self {
        Self { options, offset: 0, index: 0, held: Vec::new(), lent: Vec::new(), failed: None }
    }

    /// What every call begins with: takes back what the last frame borrowed, and repeats a failure.
    #[inline]
    pub(super) fn resume(&mut self, input: &mut &[u8]) -> Result<(), DecodeError> {
        empty(&mut self.lent);
        match self.failed {
            None => Ok(()),
            Some(error) => {
                *input = &[];
                Err(error)
            }
        }
    }

    /// What every call ends with.
    #[inline]
    pub(super) fn deliver<'a>(
        &'a mut self,
        found: Option<Found<'a>>,
    ) -> Result<Option<Frame<'a>>, DecodeError> {
        let Some(found) = found else { return Ok(None) };
        Ok(Some(match found {
            Found::Record(text) => {
                let index = self.index;
                self.index += 1;
                let json = match text {
                    Text::Input(bytes) => bytes,
                    Text::Held => {
                        mem::swap(&mut self.held, &mut self.lent);
                        &self.lent
                    }
                };
                Frame::Record(Record { index, json: Utf8::new(json) })
            }
            Found::Done => {
                self.discard();
                Frame::Done
            }
            Found::Bad(bad) => {
                self.discard();
                Frame::BadRecord(bad)
            }
            Found::Fatal(bad) => {
                self.discard();
                self.failed = Some(bad.into());
                Frame::BadRecord(bad)
            }
            Found::TooLarge(error) => {
                self.discard();
                if !self.options.skip_oversized {
                    self.failed = Some(error.into());
                    return Err(error.into());
                }
                Frame::Skipped(error)
            }
        }))
    }

    pub(super) const fn options(&self) -> &DecoderOptions {
        &self.options
    }

    pub(super) const fn limit(&self) -> usize {
        self.options.max_event_bytes
    }

    /// Offset in the body of the next byte of input.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes the first `count` bytes off the input.
    #[inline]
    pub(super) fn take<'a>(&mut self, input: &mut &'a [u8], count: usize) -> &'a [u8] {
        let (taken, rest) = input.split_at(count);
        *input = rest;
        self.offset += count as u64;
        taken
    }

    /// Reads on at the very start of the body, after `matched` bytes of a byte order mark.
    pub(super) fn bom(&mut self, matched: usize, input: &mut &[u8]) -> Bom {
        match match_word(BOM, matched, input) {
            Match::Whole { used } => {
                self.take(input, used);
                Bom::Over { half: &[] }
            }
            Match::Part { matched } => {
                self.take(input, input.len());
                Bom::Part { matched }
            }
            Match::Not { .. } => Bom::Over { half: self.half_bom(matched) },
        }
    }

    /// The first `matched` bytes of a byte order mark that came before, to be read again.
    pub(super) fn half_bom(&mut self, matched: usize) -> &'static [u8] {
        self.rewind(matched);
        &BOM[..matched]
    }

    /// Says that the last `count` bytes, whose text the caller knows, will be read again.
    pub(super) const fn rewind(&mut self, count: usize) {
        self.offset -= count as u64;
    }

    /// Takes white space off the input; the byte that then comes, if there is one.
    pub(super) fn skip_white(&mut self, input: &mut &[u8]) -> Option<u8> {
        let white = input.len() - trim_start(input).len();
        self.take(input, white);
        input.first().copied()
    }

    /// The record as far as it was collected.
    pub(super) fn held(&self) -> &[u8] {
        &self.held
    }

    /// Collects as much of `bytes` as the limit allows.
    pub(super) fn hold(&mut self, bytes: &[u8]) {
        let room = self.limit() - self.held.len();
        let bytes = &bytes[..bytes.len().min(room)];
        let needed = self.held.len() + bytes.len();
        if needed > self.held.capacity() {
            // Twice as much each time, so that every byte is moved a constant number of times; but no more than the
            // limit, so that this bounds the memory too.
            let capacity = self.held.capacity().saturating_mul(2).max(needed).min(self.limit());
            self.held.reserve_exact(capacity - self.held.len());
        }
        self.held.extend_from_slice(bytes);
    }

    /// Keeps the first `length` collected bytes.
    pub(super) fn cut(&mut self, length: usize) {
        self.held.truncate(length);
    }

    /// The text of a record that ends with `bytes`.
    pub(super) fn text<'a>(&mut self, bytes: &'a [u8]) -> Text<'a> {
        if self.held.is_empty() {
            return Text::Input(bytes);
        }
        self.hold(bytes);
        Text::Held
    }

    /// Collects a text whole, to hand it out later.
    pub(super) fn keep(&mut self, text: Text<'_>) {
        match text {
            Text::Input(bytes) => self.hold(bytes),
            Text::Held => {}
        }
    }

    /// The bytes of a text.
    pub(super) fn bytes<'t>(&'t self, text: Text<'t>) -> &'t [u8] {
        match text {
            Text::Input(bytes) => bytes,
            Text::Held => &self.held,
        }
    }

    /// Forgets what was collected.
    pub(super) fn discard(&mut self) {
        empty(&mut self.held);
    }

    /// The breach of a record that begins at `start` in the body.
    pub(super) const fn too_large(&self, start: u64) -> TooLarge {
        TooLarge { limit: self.limit(), offset: start + self.limit() as u64 }
    }

    /// The next byte of input cannot stand there.
    pub(super) const fn bad(&self, problem: &'static str) -> BadRecord {
        BadRecord { offset: self.offset, problem }
    }
}

fn empty(buffer: &mut Vec<u8>) {
    if buffer.capacity() > KEPT_CAPACITY {
        *buffer = Vec::new();
    } else {
        buffer.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(max_event_bytes: usize) -> Body {
        Body::new(DecoderOptions { max_event_bytes, ..DecoderOptions::default() })
    }

    #[test]
    fn the_limit_bounds_length_and_capacity() {
        let mut body = body(1000);
        for _ in 0..300 {
            body.hold(b"12345");
            assert!(body.held.capacity() <= 1000, "{}", body.held.capacity());
        }
        assert_eq!(body.held.len(), 1000);
    }

    #[test]
    fn a_small_buffer_is_kept_and_a_large_one_given_back() {
        for (size, kept) in [(KEPT_CAPACITY, true), (KEPT_CAPACITY + 1, false)] {
            let mut body = body(usize::MAX);
            body.hold(&alloc::vec![b'1'; size]);
            body.deliver(Some(Found::Record(Text::Held))).unwrap();
            body.resume(&mut &[][..]).unwrap();
            assert_eq!(body.lent.capacity() > 0, kept, "{size}");
            body.hold(&alloc::vec![b'1'; size]);
            body.discard();
            assert_eq!(body.held.capacity() > 0, kept, "{size}");
        }
    }
}
