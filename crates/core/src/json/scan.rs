//! A strict scanner of JSON text (RFC 8259) that is fed in any cut and builds nothing.

use super::white::trim_start;

/// The deepest nesting of arrays and objects within one value.
pub(super) const MAX_DEPTH: usize = 512;

/// What a piece of input came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// All of it was taken, and the value goes on (or has not begun).
    More,
    /// A value ended after this many bytes of it. The scanner is ready for the next value.
    End(usize),
    /// The byte at this place cannot stand there. The scanner starts anew.
    #[expect(missing_docs, reason = "said above")]
    Bad { at: usize, problem: &'static str },
}

/// What there is when the input ends here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remains {
    /// Nothing but white space since the last value.
    Nothing,
    /// A whole value: a number, which only the end of the input completes.
    Whole,
    /// The beginning of a value.
    Partial,
}

/// An incremental scanner of JSON values.
///
/// Strict in everything but two points: a `\u` escape may be half of a surrogate pair, as RFC 8259, section 8.2
/// allows, and bytes from 0x80 on are not checked inside strings, where they read as U+FFFD if they are not UTF-8.
///
/// ```text
///            ┌──────── , ────────┐
///            ▼                   │
///  ──▶ Value / FirstElement ─▶ AfterValue ─▶ container closes ─▶ AfterValue … or the end
///            ▲                   │
///            :                   ,
///  FirstKey / Key ─▶ Colon       └─▶ Key (in an object)
/// ```
#[derive(Clone, Debug)]
pub struct Scanner {
    place: Place,
    open: Open,
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

impl Scanner {
    /// A scanner before a value.
    #[must_use]
    pub const fn new() -> Self {
        Self { place: Place::Value, open: Open { kinds: [0; MAX_DEPTH / 64], depth: 0 } }
    }

    /// Reads on to the end of the value or of `input`, whichever comes first. White space before a value is skipped.
    pub fn push(&mut self, input: &[u8]) -> Scan {
        let mut at = 0;
        while at < input.len() {
            match self.step(input, &mut at) {
                Ok(Step::Inside) => {}
                Ok(Step::ValueEnded) if self.open.depth == 0 => {
                    self.place = Place::Value;
                    return Scan::End(at);
                }
                Ok(Step::ValueEnded) => self.place = Place::AfterValue,
                Err(problem) => {
                    *self = Self::new();
                    return Scan::Bad { at, problem };
                }
            }
            at += self.usual(&input[at..]);
        }
        Scan::More
    }

    /// What there is if nothing follows what was pushed.
    pub const fn remains(&self) -> Remains {
        match (self.place, self.open.depth) {
            (Place::Value, 0) => Remains::Nothing,
            (Place::Number(number), 0) if number.is_whole() => Remains::Whole,
            _ => Remains::Partial,
        }
    }

    /// Reads what comes in a run, and the byte that ends it. After a problem, that byte is at `at`.
    #[inline]
    fn step(&mut self, input: &[u8], at: &mut usize) -> Result<Step, &'static str> {
        let rest = &input[*at..];
        *at += match self.place {
            Place::String(_) => plain(rest),
            Place::Number(number) => return self.number(number, input, at),
            Place::Value
            | Place::FirstElement
            | Place::FirstKey
            | Place::Key
            | Place::Colon
            | Place::AfterValue => rest.len() - trim_start(rest).len(),
            Place::Escape(_) | Place::Hex { .. } | Place::Literal(_) => 0,
        };
        let Some(&byte) = input.get(*at) else { return Ok(Step::Inside) };
        let step = self.take(byte)?;
        *at += 1;
        Ok(step)
    }

    /// Reads on in a number, which ends before the first byte that does not belong to it.
    fn number(&mut self, mut number: Number, input: &[u8], at: &mut usize) -> Result<Step, &'static str> {
        while let Some(&byte) = input.get(*at) {
            match number.then(byte)? {
                Some(next) => number = next,
                None => return Ok(Step::ValueEnded),
            }
            *at += 1;
        }
        self.place = Place::Number(number);
        Ok(Step::Inside)
    }

    /// Takes what comes next nearly always in JSON that machines write, in fewer steps than `step`, which would take it
    /// just so.
    #[inline]
    fn usual(&mut self, input: &[u8]) -> usize {
        let (place, used) = match (self.place, input) {
            (Place::Colon, [b':', b'"', ..]) => (Place::String(Role::Value), 2),
            (Place::Colon, [b':', ..]) => (Place::Value, 1),
            (Place::AfterValue, [b',', b'"', ..]) if self.open.in_object() => (Place::String(Role::Key), 2),
            _ => return 0,
        };
        self.place = place;
        used
    }

    #[inline]
    fn take(&mut self, byte: u8) -> Result<Step, &'static str> {
        self.place = match (self.place, byte) {
            (Place::String(role), b'\\') => Place::Escape(role),
            (Place::String(Role::Key), b'"') => Place::Colon,
            (Place::String(Role::Value), b'"') => return Ok(Step::ValueEnded),
            // `plain` stopped before this byte, so it is a control character.
            (Place::String(_), _) => return Err("a control character in a string"),

            (Place::AfterValue, b',') if self.open.in_object() => Place::Key,
            (Place::AfterValue, b',') => Place::Value,
            (Place::AfterValue | Place::FirstKey, b'}') if self.open.in_object() => return Ok(self.close()),
            (Place::AfterValue | Place::FirstElement, b']') if !self.open.in_object() => {
                return Ok(self.close());
            }
            (Place::AfterValue, _) if self.open.in_object() => return Err("expected `,` or `}`"),
            (Place::AfterValue, _) => return Err("expected `,` or `]`"),

            (Place::FirstKey | Place::Key, b'"') => Place::String(Role::Key),
            (Place::FirstKey, _) => return Err("expected a key in quotes or `}`"),
            (Place::Key, _) => return Err("expected a key in quotes"),
            (Place::Colon, b':') => Place::Value,
            (Place::Colon, _) => return Err("expected `:`"),

            (Place::Value | Place::FirstElement, b'"') => Place::String(Role::Value),
            (Place::Value | Place::FirstElement, b'{') => {
                self.open.push(1)?;
                Place::FirstKey
            }
            (Place::Value | Place::FirstElement, b'[') => {
                self.open.push(0)?;
                Place::FirstElement
            }
            (Place::Value | Place::FirstElement, b'-' | b'0'..=b'9') => {
                Place::Number(Number::begin(byte).ok_or("expected a digit")?)
            }
            (Place::Value | Place::FirstElement, b't') => Place::Literal(b"rue"),
            (Place::Value | Place::FirstElement, b'f') => Place::Literal(b"alse"),
            (Place::Value | Place::FirstElement, b'n') => Place::Literal(b"ull"),
            (Place::FirstElement, _) => return Err("expected a value or `]`"),
            (Place::Value, _) => return Err("expected a value"),

            (Place::Escape(role), b'u') => Place::Hex { role, left: 4 },
            (Place::Escape(role), b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                Place::String(role)
            }
            (Place::Escape(_), _) => return Err("no such escape in a string"),
            (Place::Hex { role, left: 1 }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => Place::String(role),
            (Place::Hex { role, left }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                Place::Hex { role, left: left - 1 }
            }
            (Place::Hex { .. }, _) => return Err("expected a hexadecimal digit"),

            (Place::Literal([next, rest @ ..]), _) if *next == byte => match rest {
                [] => return Ok(Step::ValueEnded),
                _ => Place::Literal(rest),
            },
            (Place::Literal(_), _) => return Err("expected `true`, `false` or `null`"),

            // `number` reads these.
            (Place::Number(_), _) => return Err("expected a digit"),
        };
        Ok(Step::Inside)
    }

    const fn close(&mut self) -> Step {
        self.open.depth -= 1;
        Step::ValueEnded
    }
}

/// Scans `text`, which has no white space around it, as exactly one value; says whether it is whole or the beginning
/// of one.
///
/// # Errors
/// Where the first byte is that cannot stand there, and what is wrong with it.
pub(super) fn scan_one(text: &[u8]) -> Result<Remains, (usize, &'static str)> {
    let mut scanner = Scanner::new();
    match scanner.push(text) {
        Scan::More => Ok(scanner.remains()),
        Scan::End(used) if used == text.len() => Ok(Remains::Whole),
        Scan::End(used) => Err((text.len() - trim_start(&text[used..]).len(), MORE)),
        Scan::Bad { at, problem } => Err((at, problem)),
    }
}

/// The problem of whatever stands after a value where only one may be.
pub(super) const MORE: &str = "more after the value";

/// How many bytes at the front of `input` are neither `"` nor `\` nor a control character: those that stand for themselves in a
/// JSON string.
#[inline]
#[must_use]
pub fn plain(input: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    // The high bit of every byte below `n`; a borrow makes it wrong only above a byte for which it is right, so the
    // lowest one is exact.
    let below = |word: u64, n: u64| word.wrapping_sub(ONES * n) & !word & HIGH;
    let (words, tail) = input.as_chunks::<8>();
    for (place, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let special = below(word, 0x20)
            | below(word ^ (ONES * b'"' as u64), 1)
            | below(word ^ (ONES * b'\\' as u64), 1);
        if special != 0 {
            return place * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let special = |byte: &u8| matches!(byte, 0..0x20 | b'"' | b'\\');
    words.len() * 8 + tail.iter().position(special).unwrap_or(tail.len())
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// Where a value must stand.
    Value,
    /// After `[`: a value or `]`.
    FirstElement,
    /// After `{`: a key or `}`.
    FirstKey,
    /// After `,` in an object.
    Key,
    /// After a key.
    Colon,
    /// After a value in an array or object.
    AfterValue,
    String(Role),
    /// After `\`.
    Escape(Role),
    /// After `\u`, with this many digits to come.
    Hex {
        role: Role,
        left: u8,
    },
    Number(Number),
    /// In `true`, `false` or `null`, with these bytes to come.
    Literal(&'static [u8]),
}

/// What a string is in its container.
#[derive(Clone, Copy, Debug)]
enum Role {
    Key,
    Value,
}

/// The last thing that was read of a number (RFC 8259, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the grammar's names")]
pub enum Number {
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    E,
    Sign,
    Power,
}

impl Number {
    /// What a number begins with.
    #[must_use]
    pub const fn begin(byte: u8) -> Option<Self> {
        match byte {
            b'-' => Some(Self::Minus),
            b'0' => Some(Self::Zero),
            b'1'..=b'9' => Some(Self::Integer),
            _ => None,
        }
    }

    /// Whether it may end here.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Zero | Self::Integer | Self::Fraction | Self::Power)
    }

    /// What the number comes to with `byte`; `None` if it was over before that.
    ///
    /// # Errors
    /// What is wrong with a number that goes on like this.
    pub const fn then(self, byte: u8) -> Result<Option<Self>, &'static str> {
        Ok(Some(match (self, byte) {
            (Self::Zero, b'0'..=b'9') => return Err("a number with a leading zero"),
            (Self::Minus, b'0') => Self::Zero,
            (Self::Minus | Self::Integer, b'0'..=b'9') => Self::Integer,
            (Self::Point | Self::Fraction, b'0'..=b'9') => Self::Fraction,
            (Self::E | Self::Sign | Self::Power, b'0'..=b'9') => Self::Power,
            (Self::Zero | Self::Integer, b'.') => Self::Point,
            (Self::Zero | Self::Integer | Self::Fraction, b'e' | b'E') => Self::E,
            (Self::E, b'+' | b'-') => Self::Sign,
            (Self::Zero | Self::Integer | Self::Fraction | Self::Power, _) => return Ok(None),
            (Self::Minus | Self::Point | Self::E | Self::Sign, _) => return Err("expected a digit"),
        }))
    }
}

/// What was read.
enum Step {
    /// A part of a value.
    Inside,
    /// The last byte of a value, or of a number the byte after it was looked at.
    ValueEnded,
}

/// The arrays (0) and objects (1) that are open, as a stack of bits.
#[derive(Clone, Debug)]
struct Open {
    kinds: [u64; MAX_DEPTH / 64],
    depth: usize,
}

impl Open {
    const fn push(&mut self, kind: u64) -> Result<(), &'static str> {
        if self.depth == MAX_DEPTH {
            return Err("nested deeper than 512 levels");
        }
        let (word, bit) = (self.depth / 64, self.depth % 64);
        self.kinds[word] = self.kinds[word] & !(1 << bit) | kind << bit;
        self.depth += 1;
        Ok(())
    }

    /// Whether the innermost is an object.
    const fn in_object(&self) -> bool {
        match self.depth.checked_sub(1) {
            Some(top) => self.kinds[top / 64] >> (top % 64) & 1 == 1,
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn plain_finds_every_special_byte_at_every_position() {
        for length in 1..20 {
            for place in 0..length {
                for byte in 0..=u8::MAX {
                    // What follows must not matter.
                    for after in [b'a', b'"', 0x1F, 0xFF] {
                        let mut text = vec![b'!'; length];
                        text[place] = byte;
                        text[place + 1..].fill(after);
                        let special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
                        let want = text.iter().position(special).unwrap_or(length);
                        assert_eq!(plain(&text), want, "{text:x?}");
                    }
                }
            }
        }
    }
}
