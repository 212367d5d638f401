//! Converts numbers from and to text. The standard library's functions do more, and would add as much code as a decoder to a download.

use alloc::string::String;

/// Parses a number of decimal digits alone; `None` for an empty text, any other byte, or a number beyond 64 bits.
#[must_use]
pub fn decimal(digits: &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        let next = value.wrapping_mul(10).wrapping_add(digit.into());
        // Not with `checked_mul`, which is a multiplication in 128 bits in WebAssembly.
        if digit > 9 || next / 10 != value {
            return None;
        }
        value = next;
    }
    (!digits.is_empty()).then_some(value)
}

/// Fills in a sentence: replaces each `{}` with the next number.
pub(crate) fn sentence(text: &str, numbers: &[u64]) -> String {
    let mut filled = String::new();
    let mut numbers = numbers.iter();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'{' {
            bytes.next();
            push(&mut filled, numbers.next().copied().unwrap_or(0));
        } else {
            filled.push(char::from(byte));
        }
    }
    filled
}

fn push(text: &mut String, number: u64) {
    if number > 9 {
        push(text, number / 10);
    }
    text.push(char::from(b'0' + (number % 10) as u8));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_nothing_else() {
        for (text, want) in [
            ("0", Some(0)),
            ("0017", Some(17)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("18446744073709551620", None),
            ("99999999999999999999", None),
            ("", None),
            ("+1", None),
            ("-1", None),
            ("1 ", None),
            ("1:", None),
            ("1/", None),
        ] {
            assert_eq!(decimal(text.as_bytes()), want, "{text}");
        }
    }

    #[test]
    fn numbers_are_filled_in() {
        assert_eq!(sentence("{} of {}: {}.", &[0, 10, u64::MAX]), "0 of 10: 18446744073709551615.");
        assert_eq!(sentence("none", &[7]), "none");
    }
}
