//! Texts as JavaScript has them.

use alloc::vec::Vec;

use tidewire_core::Utf8;

/// In blocks of which a vector is made; the standard library looks at a word at a time, and words are short here.
pub(crate) fn is_ascii(bytes: &[u8]) -> bool {
    let is_low = |block: &[u8]| block.iter().fold(0, |all, byte| all | byte) < 0x80;
    let (blocks, rest) = bytes.as_chunks::<64>();
    blocks.iter().all(|block| is_low(block)) && is_low(rest)
}

/// Adds a text as UTF-16, with U+FFFD for what is broken.
pub(crate) fn push_text(text: &[u8], wide: &mut Vec<u16>) {
    let start = wide.len();
    if !push_utf16(text, wide) {
        wide.truncate(start);
        push_utf16(Utf8::new(text).to_str().as_bytes(), wide);
    }
}

/// UTF-16 code units of UTF-8: one for each first byte of a character, and one more for those of four bytes.
#[inline(never)]
pub(crate) fn code_units(text: &[u8]) -> u32 {
    let (blocks, rest) = blocks(text);
    let (words, rest) = rest.as_chunks::<8>();
    // By bytes: of so few, a copy by the platform takes longer. Those behind the first of a character count nothing.
    let last = rest.iter().fold(HIGH, |word, byte| word << 8 | u64::from(*byte));
    blocks + words.iter().map(|word| units_of(u64::from_le_bytes(*word))).sum::<u32>() + units_of(last)
}

const HIGH: u64 = 0x8080_8080_8080_8080;

/// Those of eight bytes, each counted by its highest bit.
#[inline(always)]
const fn units_of(word: u64) -> u32 {
    let first = (!word | word << 1) & HIGH;
    let of_four = word & word << 1 & word << 2 & word << 3 & HIGH;
    first.count_ones() + of_four.count_ones()
}

/// Those of the front of a text, by vectors of sixteen bytes, and what is left of it.
#[cfg(target_feature = "simd128")]
#[inline(always)]
fn blocks(text: &[u8]) -> (u32, &[u8]) {
    use core::arch::wasm32::{i8x16_bitmask, i8x16_lt, i8x16_splat, u8x16_ge, u8x16_splat, u64x2};

    let (blocks, rest) = text.as_chunks::<16>();
    let units = blocks.iter().map(|block| {
        let (words, _) = block.as_chunks::<8>();
        let bytes = u64x2(u64::from_le_bytes(words[0]), u64::from_le_bytes(words[1]));
        let further = i8x16_bitmask(i8x16_lt(bytes, i8x16_splat(-0x40))).count_ones();
        16 - further + i8x16_bitmask(u8x16_ge(bytes, u8x16_splat(0xF0))).count_ones()
    });
    (units.sum(), rest)
}

#[cfg(not(target_feature = "simd128"))]
const fn blocks(text: &[u8]) -> (u32, &[u8]) {
    (0, text)
}

/// Adds UTF-8 as UTF-16, checked and written in one pass; false where it is broken.
fn push_utf16(mut text: &[u8], wide: &mut Vec<u16>) -> bool {
    let mut end = wide.len();
    // No character has more code units than bytes.
    wide.resize(end + text.len(), 0);
    let tail = |byte: u8| u32::from(byte & 0x3F);
    let is_sound = loop {
        let (character, length) = match *text {
            [] => break true,
            [a @ 0..0x80, ..] => (u32::from(a), 1),
            [a @ 0xE0..0xF0, b @ 0x80..0xC0, c @ 0x80..0xC0, ..] => {
                let character = u32::from(a & 0x0F) << 12 | tail(b) << 6 | tail(c);
                if character < 0x800 || character >> 11 == 0x1B {
                    break false;
                }
                (character, 3)
            }
            [a @ 0xC2..0xE0, b @ 0x80..0xC0, ..] => (u32::from(a & 0x1F) << 6 | tail(b), 2),
            [a @ 0xF0..0xF5, b @ 0x80..0xC0, c @ 0x80..0xC0, d @ 0x80..0xC0, ..] => {
                let character = u32::from(a & 0x07) << 18 | tail(b) << 12 | tail(c) << 6 | tail(d);
                let Some(beyond @ 0..0x10_0000) = character.checked_sub(0x1_0000) else { break false };
                wide[end] = 0xD800 | (beyond >> 10) as u16;
                end += 1;
                (0xDC00 | beyond & 0x3FF, 4)
            }
            _ => break false,
        };
        wide[end] = character as u16;
        end += 1;
        text = &text[length..];
    };
    wide.truncate(end);
    is_sound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_units_are_those_of_utf_16() {
        for text in ["", "a", "ä", "世界", "😀", "a\u{FFFD}😀ä世\u{10FFFF}\u{7FF}\u{800}\u{FFFF}"] {
            let want: Vec<u16> = text.encode_utf16().collect();
            assert_eq!(code_units(text.as_bytes()) as usize, want.len(), "{text}");
            let mut wide = [7].to_vec();
            assert!(push_utf16(text.as_bytes(), &mut wide));
            assert_eq!(wide[1..], want, "{text}");
        }
    }

    #[test]
    fn broken_text_is_seen() {
        // Every two bytes and every three from the borders of the ranges, against the standard library.
        let borders = [
            0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED,
            0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ];
        for a in borders {
            for b in borders {
                for c in borders {
                    for d in borders {
                        let text = [a, b, c, d];
                        for text in [&text[..], &text[..3], &text[..2], &text[..1]] {
                            assert_eq!(
                                push_utf16(text, &mut Vec::new()),
                                core::str::from_utf8(text).is_ok(),
                                "{text:x?}"
                            );
                        }
                    }
                }
            }
        }
    }
}
