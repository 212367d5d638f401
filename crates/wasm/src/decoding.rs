//! Bytes through a decoder, into a table.

use tidewire_core::{DecodeError, Frame};

use crate::table::Writer;

#[cfg(feature = "streams")]
pub(crate) use tidewire_core::Decoder;
/// The one decoder that there is without streams.
#[cfg(not(feature = "streams"))]
pub(crate) use tidewire_core::Sse as Decoder;

/// Puts what is in `input`, or with `last` what the body's clean end completes, behind the table's rows.
#[inline]
pub(crate) fn decode(
    decoder: &mut Decoder,
    input: &[u8],
    last: bool,
    table: &mut Writer<'_>,
) -> Result<(), DecodeError> {
    if !last {
        return decoder.each(input, |frame| table.push(frame));
    }
    while let Some(frame) = decoder.finish()? {
        table.push_seldom(&frame);
    }
    Ok(())
}

/// Adds the row of why decoding cannot go on, as for a record that is passed over.
pub(crate) fn push_failure(error: &DecodeError, table: &mut Writer<'_>) {
    match error {
        DecodeError::TooLarge(error) => table.push_seldom(&Frame::Skipped(*error)),
        DecodeError::Malformed(error) => table.push_seldom(&Frame::BadRecord(*error)),
        // All that there are today.
        _ => {}
    }
}
