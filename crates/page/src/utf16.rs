//! UTF-8 as UTF-16, which JavaScript has, by "UTF-8 decode" of the WHATWG Encoding standard.

const REPLACEMENT: u32 = 0xFFFD;

use crate::buffer::Span;

/// What [`character`] makes of the beginning of a character that is cut off.
const CUT: u32 = u32::MAX;

/// Writes a part of the bytes as UTF-16, low byte first, from the code unit `at` on, and returns where it ends. Each sequence that is not UTF-8
/// becomes U+FFFD (maximal subparts). There must be as much room as there are bytes.
pub(crate) fn write_utf16(bytes: &[u8], part: Span, wide: &mut [u8], mut at: usize) -> usize {
    let (units, _) = wide.as_chunks_mut::<2>();
    let mut from = part.start;
    while from < part.end {
        // With less than a word left it is one byte, with which no character of three begins.
        let word = match bytes.get(from..).and_then(<[u8]>::first_chunk) {
            Some(word) => u32::from_le_bytes(*word),
            None => bytes[from].into(),
        };
        let first = word & 0xFF;
        let mut unit = first;
        let is_three = word & 0x00C0_C0F0 == 0x0080_80E0 && first != 0xE0 && first != 0xED;
        from += 1;
        if is_three && from + 2 <= part.end {
            // Nearly all text beyond ASCII that is long. As one of the others it would take a third longer.
            unit = (word & 0x0F) << 12 | (word >> 2) & 0x0FC0 | (word >> 16) & 0x3F;
            from += 2;
        } else if first >= 0x80 {
            let mut rest = &bytes[from..part.end];
            unit = character(first, &mut rest);
            from = part.end - rest.len();
            if unit == CUT {
                unit = REPLACEMENT;
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

/// The character that begins with `first`, a byte beyond ASCII; takes its further bytes. What is no character is U+FFFD, and takes the bytes
/// that could have been one.
#[inline(never)]
fn character(first: u32, rest: &mut &[u8]) -> u32 {
    let more = match first {
        0xC2..0xE0 => 1,
        0xE0..0xF0 => 2,
        0xF0..0xF5 => 3,
        _ => return REPLACEMENT,
    };
    let mut character = first & (0x3F >> more);
    for left in (0..more).rev() {
        let [byte, after @ ..] = *rest else { return CUT };
        let next = character << 6 | u32::from(byte & 0x3F);
        // After two bytes it is decided whether it is too long, a surrogate, or too high.
        let is_wrong = left + 1 == more
            && match more {
                2 => next < 0x20 || next >> 5 == 0x1B,
                3 => !(0x10..0x110).contains(&next),
                _ => false,
            };
        if byte & 0xC0 != 0x80 || is_wrong {
            return REPLACEMENT;
        }
        character = next;
        *rest = after;
    }
    character
}

/// How many bytes come before a character that is cut off at the end.
pub(crate) fn whole_characters(text: &[u8]) -> usize {
    // Only the last three bytes can begin a character that more bytes would complete.
    for at in (text.len().saturating_sub(3)..text.len()).rev() {
        let (first, mut rest) = (text[at].into(), &text[at + 1..]);
        if first >= 0x80 && character(first, &mut rest) == CUT {
            return at;
        }
    }
    text.len()
}

/// Whether all bytes are ASCII.
pub(crate) fn is_ascii(bytes: &[u8]) -> bool {
    let (blocks, rest) = bytes.as_chunks::<16>();
    let low = blocks.iter().fold(0, |all, block| all | u128::from_le_bytes(*block));
    let last = rest.iter().fold(0, |all, byte| all | byte);
    low & (u128::MAX / 0xFF * 0x80) == 0 && last < 0x80
}

/// UTF-16 code units of UTF-8: one for each first byte of a character, and one more for those of four bytes.
#[inline(never)]
pub(crate) fn code_units(text: &[u8]) -> u32 {
    let (words, rest) = text.as_chunks::<8>();
    // The bytes of a character after its first one count nothing.
    let last = rest.iter().fold(HIGH, |word, byte| word << 8 | u64::from(*byte));
    words.iter().map(|word| units_of(u64::from_le_bytes(*word))).sum::<u32>() + units_of(last)
}

const HIGH: u64 = 0x8080_8080_8080_8080;

/// Those of eight bytes, each counted by its highest bit.
#[inline(always)]
const fn units_of(word: u64) -> u32 {
    let first = (!word | word << 1) & HIGH;
    let of_four = word & word << 1 & word << 2 & word << 3 & HIGH;
    first.count_ones() + of_four.count_ones()
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

    /// The text as UTF-16, whatever comes after it: that must not be read as a part of it.
    fn utf16(text: &[u8]) -> Vec<u16> {
        let read = |after: &[u8]| -> Vec<u16> {
            let mut wide = vec![7; 2 + 2 * text.len()];
            let bytes = [text, after].concat();
            let end = write_utf16(&bytes, Span { start: 0, end: text.len() }, &mut wide, 1);
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
            assert_eq!(code_units(text.as_bytes()) as usize, want.len(), "{text}");
            assert_eq!(utf16(text.as_bytes()), want, "{text}");
            assert_eq!(is_ascii(text.as_bytes()), text.is_ascii());
        }
        for at in 0..40 {
            let mut text = [b'a'; 40];
            text[at] = 0x80;
            assert!(!is_ascii(&text) && is_ascii(&text[..at]), "{at}");
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
