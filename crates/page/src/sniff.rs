//! Which format a body is in, by its first bytes.

#[cfg(feature = "formats")]
use crate::abi::announced;
use crate::abi::format;
use crate::text::is_white;

/// The most bytes, of a BOM and white space, that are skipped before the deciding byte; no known server sends more before JSON.
const LONGEST_LEAD: usize = 4096;

/// The format of a body, and where the byte is that decides it; `None` if no byte does yet. The bytes before `start`, and `gone` more, are a BOM.
///
/// `by` is what is known: nothing ([`format::AUTO`]), that it is JSON ([`announced::JSON`](crate::abi::announced::JSON)), or that it is called text
/// ([`announced::SOME_TEXT`](crate::abi::announced::SOME_TEXT)).
pub(crate) fn sniff(body: &[u8], start: usize, gone: usize, by: u32, is_last: bool) -> Option<(u32, usize)> {
    #[cfg(feature = "formats")]
    if by == announced::SOME_TEXT {
        return some_text(body, is_last);
    }
    let _ = (by, is_last);
    let at = (start..body.len()).find(|at| *at + gone >= LONGEST_LEAD || !is_white(body[*at]))?;
    let format = match body[at] {
        b'[' => format::JSON_ARRAY,
        #[cfg(feature = "formats")]
        _ if by == announced::JSON => format::CONCAT,
        b'{' => format::NDJSON,
        0x1E => format::JSON_SEQ,
        _ => format::SSE,
    };
    Some((format, at))
}

/// The format of a body that is called text by a server that may not know better; see `tidewire_core::Decoder::for_unknown_text`.
#[cfg(feature = "formats")]
fn some_text(bytes: &[u8], is_last: bool) -> Option<(u32, usize)> {
    for (at, byte) in bytes.iter().enumerate() {
        if let Some(format) = tidewire_core::unknown_text(&bytes[..at], *byte) {
            return Some((number(format), at));
        }
    }
    // Too little to be anything else.
    is_last.then_some((format::TEXT, bytes.len()))
}

#[cfg(feature = "formats")]
const fn number(format: tidewire_core::Format) -> u32 {
    use tidewire_core::Format;
    match format {
        Format::Sse => format::SSE,
        Format::JsonSeq => format::JSON_SEQ,
        Format::JsonArray => format::JSON_ARRAY,
        Format::Concat => format::CONCAT,
        _ => format::TEXT,
    }
}
