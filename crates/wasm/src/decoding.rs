//! Bytes through a decoder, into a table.

use alloc::boxed::Box;

use tidewire_core::{DecodeError, Frame, Sse};

use crate::inbox::Inbox;
use crate::table::{Table, Writer};

#[cfg(feature = "streams")]
pub(crate) use tidewire_core::Decoder;
/// The one decoder that there is without streams.
#[cfg(not(feature = "streams"))]
pub(crate) use tidewire_core::Sse as Decoder;

/// A bare decoder at work.
pub(crate) enum Decoding {
    On(Box<Decoder>),
    /// It cannot go on.
    Failed(DecodeError),
}

impl Decoding {
    pub(crate) fn new(decoder: Decoder) -> Self {
        Self::On(Box::new(decoder))
    }

    /// Decodes the first `length` bytes of the inbox, or with `last` what the body's clean end completes. What was found is in the table;
    /// false where decoding cannot go on, and then the last row says why, as for a record that is passed over.
    #[inline]
    pub(crate) fn decode(&mut self, inbox: &mut Inbox, length: usize, last: bool, table: &mut Table) -> bool {
        let (mut rows, piece) = table.write(inbox, 0..length);
        if let Self::On(decoder) = self
            && let Err(error) = decode(decoder, piece, last, &mut rows)
        {
            *self = Self::Failed(error);
        }
        if let Self::Failed(error) = self {
            push_failure(error, &mut rows);
        }
        rows.finish();
        table.publish(inbox);
        !matches!(self, Self::Failed(_))
    }
}

#[cfg(feature = "streams")]
fn as_sse(decoder: &mut Decoder) -> Option<&mut Sse> {
    decoder.as_sse()
}

#[cfg(not(feature = "streams"))]
const fn as_sse(decoder: &mut Decoder) -> Option<&mut Sse> {
    Some(decoder)
}

#[inline]
fn decode(
    decoder: &mut Decoder,
    mut input: &[u8],
    last: bool,
    table: &mut Writer<'_>,
) -> Result<(), DecodeError> {
    if let Some(sse) = as_sse(decoder)
        && !last
    {
        return sse.each(input, |frame| table.push(frame));
    }
    while let Some(frame) = if last { decoder.finish() } else { decoder.next(&mut input) }? {
        table.push_seldom(&frame);
    }
    Ok(())
}

fn push_failure(error: &DecodeError, table: &mut Writer<'_>) {
    match error {
        DecodeError::TooLarge(error) => table.push_seldom(&Frame::Skipped(*error)),
        DecodeError::Malformed(error) => table.push_seldom(&Frame::BadRecord(*error)),
        // All that there are today.
        _ => {}
    }
}
