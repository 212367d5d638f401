//! UTF-8 as UTF-16, which JavaScript has, by "UTF-8 decode" of the WHATWG Encoding standard.

use crate::buffer::Span;
use crate::vector::{LENGTH, Vector, first_bytes, vector};

const REPLACEMENT: u32 = 0xFFFD;
/// What [`character`] makes of the beginning of a character that is cut off.
const CUT: u32 = u32::MAX;
/// The bit from which on [`character`] returns how many bytes it read.
const READ: u32 = 24;

/// Writes a part of the bytes as UTF-16, low byte first, from the code unit `at` on, and returns where it ends. Each sequence that is not UTF-8
/// becomes U+FFFD (maximal subparts). There must be as much room as there are bytes, and four more bytes after the part.
pub(crate) fn write_utf16(bytes: &[u8], part: Span, wide: &mut [u8], mut at: usize) -> usize {
    let (units, _) = wide.as_chunks_mut::<2>();
    let mut from = part.start;
    while from < part.end {
        let word =
            bytes.get(from..).and_then(<[u8]>::first_chunk).map_or(0, |word| u32::from_le_bytes(*word));
        let first = word & 0xFF;
        let mut unit = first;
        let is_three = word & 0x00C0_C0F0 == 0x0080_80E0 && first != 0xE0 && first != 0xED;
        from += 1;
        if is_three && from + 2 <= part.end {
            // Nearly all text beyond ASCII that is long. As one of the others it would take a third longer.
            unit = (word & 0x0F) << 12 | (word >> 2) & 0x0FC0 | (word >> 16) & 0x3F;
            from += 2;
        } else if first >= 0x80 {
            let read = character(&bytes[from - 1..part.end]);
            unit = read & 0x1F_FFFF;
            from += (read >> READ) as usize;
            if read == CUT {
                unit = REPLACEMENT;
                from = part.end;
            } else if unit > 0xFFFF {
                units[at] = ((0xD7C0 + (unit >> 10)) as u16).to_le_bytes();
                at += 1;
                unit = 0xDC00 | unit & 0x3FF;
            }
        }
        units[at] = (unit as u16).to_le_bytes();
        at += 1;
    }
    at
}

/// The non-ASCII character at the front of a text; the bits from [`READ`] on say how many bytes it has after its first one. Bytes that are not a
/// character read as U+FFFD, together with those that could have continued it.
#[inline(never)]
fn character(text: &[u8]) -> u32 {
    let first = u32::from(text[0]);
    let more = match first {
        0xC2..0xE0 => 1,
        0xE0..0xF0 => 2,
        0xF0..0xF5 => 3,
        _ => return REPLACEMENT,
    };
    let mut character = first & (0x3F >> more);
    for at in 1..=more {
        let Some(byte) = text.get(at) else { return CUT };
        let next = character << 6 | u32::from(byte & 0x3F);
        // After two bytes it is decided whether it is too long, a surrogate, or too high.
        let is_wrong = at == 1
            && match more {
                2 => next < 0x20 || next >> 5 == 0x1B,
                3 => !(0x10..0x110).contains(&next),
                _ => false,
            };
        if byte & 0xC0 != 0x80 || is_wrong {
            return REPLACEMENT | (at as u32 - 1) << READ;
        }
        character = next;
    }
    character | (more as u32) << READ
}

/// How many bytes come before a character that is cut off at the end.
pub(crate) fn whole_characters(text: &[u8]) -> usize {
    // Only the last three bytes can begin a character that more bytes would complete.
    let mut last = text.len().saturating_sub(3)..text.len();
    last.find(|at| character(&text[*at..]) == CUT).unwrap_or(text.len())
}

/// Whether all bytes of a part are ASCII. There must be a vector's length of bytes after it.
pub(crate) fn is_ascii(bytes: &[u8], part: Span) -> bool {
    let mut at = part.start;
    let mut all = Vector::ZEROS;
    while let Some(next) = vector(bytes, at) {
        let left = part.end - at;
        if left < LENGTH {
            return all.beyond_ascii() | next.beyond_ascii() & first_bytes(left) == 0;
        }
        all = all.or(next);
        at += LENGTH;
    }
    false
}

/// UTF-16 code units of a part in UTF-8: one for each first byte of a character, and one more for those of four bytes. There must be a vector's
/// length of bytes after it.
#[inline(never)]
pub(crate) fn code_units(bytes: &[u8], part: Span) -> u32 {
    let mut at = part.start;
    let mut units = 0;
    while at < part.end
        && let Some(next) = vector(bytes, at)
    {
        let some = first_bytes(part.end - at);
        units += (next.characters() & some).count_ones() + (next.characters_of_four() & some).count_ones();
        at += LENGTH;
    }
    units
}

#[cfg(test)]
mod tests {
    extern crate std;

    use alloc::string::String;
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    const BORDERS: [u8; 24] = [
        0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
        0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
    ];

    fn padded(text: &[u8]) -> Vec<u8> {
        [text, &[0x80; LENGTH]].concat()
    }

    fn all(text: &[u8]) -> Span {
        Span { start: 0, end: text.len() }
    }

    /// The text as UTF-16, whatever comes after it: that must not be read as a part of it.
    fn utf16(text: &[u8]) -> Vec<u16> {
        let read = |after: &[u8]| -> Vec<u16> {
            let mut wide = vec![7; 2 + 2 * text.len()];
            let bytes = [text, after].concat();
            let end = write_utf16(&padded(&bytes), Span { start: 0, end: text.len() }, &mut wide, 1);
            wide[2..2 * end].chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect()
        };
        let alone = read(b"");
        assert_eq!(read(&[0x80; 8]), alone);
        alone
    }

    #[test]
    fn code_units_are_those_of_utf_16() {
        for text in ["", "a", "ä", "世界", "😀", "a\u{FFFD}😀ä世\u{10FFFF}\u{7FF}\u{800}\u{FFFF}\u{10000}"]
        {
            let want: Vec<u16> = text.encode_utf16().collect();
            assert_eq!(
                code_units(&padded(text.as_bytes()), all(text.as_bytes())) as usize,
                want.len(),
                "{text}"
            );
            assert_eq!(utf16(text.as_bytes()), want, "{text}");
            assert_eq!(is_ascii(&padded(text.as_bytes()), all(text.as_bytes())), text.is_ascii());
        }
        for at in 0..40 {
            let mut text = [b'a'; 40];
            text[at] = 0x80;
            let text = padded(&text);
            let is_ascii = |start, end| is_ascii(&text, Span { start, end });
            assert!(
                !is_ascii(0, at + 1) && is_ascii(0, at) && !is_ascii(at, 40) && is_ascii(at + 1, 40),
                "{at}"
            );
        }
    }

    #[test]
    fn broken_text_reads_as_the_standard_library_reads_it() {
        // Every four bytes from the borders of the ranges, and one more character.
        for a in BORDERS {
            for b in BORDERS {
                for c in BORDERS {
                    for d in BORDERS {
                        let text = [a, b, c, d, b'z'];
                        for text in [&text[..], &text[..3], &text[..2], &text[..1]] {
                            let want: Vec<u16> = String::from_utf8_lossy(text).encode_utf16().collect();
                            assert_eq!(utf16(text), want, "{text:x?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_cut_character_is_what_the_standard_library_takes_for_one() {
        let is_cut = |bytes: &[u8]| matches!(core::str::from_utf8(bytes), Err(error) if error.valid_up_to() == 0 && error.error_len().is_none());
        for a in BORDERS {
            for b in BORDERS {
                for c in BORDERS {
                    let bytes = [a, b, c];
                    let want = (0..3).find(|&at| is_cut(&bytes[at..])).unwrap_or(3);
                    assert_eq!(whole_characters(&bytes), want, "{bytes:x?}");
                }
            }
        }
    }
}
