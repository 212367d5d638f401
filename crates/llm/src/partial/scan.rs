//! A strict scanner for JSON text that arrives in pieces; it reports what each piece adds.

use alloc::string::String;
use alloc::vec::Vec;

use tidewire_core::json::{Number, plain};

/// The deepest nesting, as in records.
const MAX_DEPTH: usize = 512;

/// Receives what a text builds, in the order of a depth-first walk. A string arrives in pieces.
pub trait Build {
    /// An object begins, as the next value.
    fn open_object(&mut self);
    /// An array begins, as the next value.
    fn open_array(&mut self);
    /// The innermost container ends.
    fn close(&mut self);
    /// The key of the next value.
    fn key(&mut self, key: &str);
    /// A string begins, empty, as the next value.
    fn open_string(&mut self);
    /// The string continues with this piece.
    fn more_string(&mut self, piece: &str);
    /// A whole number, as it is written, or `true`, `false` or `null`.
    fn scalar(&mut self, text: &str);
}

/// A text that is not JSON, or is incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The position in the text, in bytes.
    pub offset: usize,
}

impl core::fmt::Display for Problem {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "not JSON at byte {}", self.offset)
    }
}

impl core::error::Error for Problem {}

/// Reads one JSON value in pieces, each character once. It is as strict as `JSON.parse`; half a surrogate pair reads as U+FFFD. A string
/// is reported as far as it has arrived; a number, once something follows it or [`finish`](Self::finish) is called.
///
/// ```text
///                  ┌──────────────── , ───────────────┐
///                  ▼                                  │
///  ──▶ Value / FirstElement ─▶ a value's end ─▶ AfterValue ─▶ } ] ─▶ AfterValue … or Over
///  FirstKey / Key ─▶ string ─▶ Colon ─▶ Value          └─▶ Key (in an object)
/// ```
#[derive(Clone, Debug, Default)]
pub struct Scanner {
    place: Place,
    /// The containers that are open, outermost first; `true` for objects.
    open: Vec<bool>,
    /// The key or number that is being read.
    held: String,
    offset: usize,
    problem: Option<Problem>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Value,
    FirstElement,
    FirstKey,
    Key,
    Colon,
    AfterValue,
    String(Role),
    Escape(Role, Half),
    Hex(Role, Half, u32, u8),
    /// Behind an escaped high surrogate.
    HalfDone(Role, Half),
    /// A number, as far as it is in `held`.
    Number(Number),
    /// So many bytes of `true`, `false` or `null`.
    Word(&'static str, usize),
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Key,
    Value,
}

/// A high surrogate that waits for its other half.
type Half = Option<u32>;

impl Scanner {
    /// The number of bytes read.
    #[must_use]
    pub const fn read(&self) -> usize {
        self.offset
    }

    /// Reads the next piece of the text.
    ///
    /// # Errors
    /// [`Problem`] at the first invalid byte, and again from every later call.
    pub fn push(&mut self, piece: &str, build: &mut impl Build) -> Result<(), Problem> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let mut rest = piece;
        while let Some(first) = rest.bytes().next() {
            let used = match self.place {
                Place::String(role) => self.string(role, rest, build),
                Place::Number(number) => self.number(number, rest, build),
                Place::Word(word, read) => self.word(word, read, first, build),
                Place::Escape(..) | Place::Hex(..) | Place::HalfDone(..) => self.escape(first, build),
                Place::Over
                | Place::Value
                | Place::FirstElement
                | Place::FirstKey
                | Place::Key
                | Place::Colon
                | Place::AfterValue => self.structure(first, build),
            };
            // What was taken ends between characters.
            let Some((used, after)) = used.and_then(|used| Some((used, rest.get(used..)?))) else {
                let problem = Problem { offset: self.offset };
                self.problem = Some(problem);
                return Err(problem);
            };
            self.offset += used;
            rest = after;
        }
        Ok(())
    }

    /// Ends the text.
    ///
    /// # Errors
    /// [`Problem`] if the value is incomplete or was bad before.
    pub fn finish(&mut self, build: &mut impl Build) -> Result<(), Problem> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        if let Place::Number(number) = self.place
            && self.open.is_empty()
            && number.is_whole()
        {
            build.scalar(&self.held);
            self.end_value();
        }
        if self.place == Place::Over { Ok(()) } else { Err(Problem { offset: self.offset }) }
    }

    /// White space and punctuation.
    fn structure(&mut self, byte: u8, build: &mut impl Build) -> Option<usize> {
        let in_object = self.open.last().copied();
        match (self.place, byte) {
            (_, b' ' | b'\t' | b'\n' | b'\r') => {}
            (Place::Value | Place::FirstElement, b'{') => {
                self.deepen(true)?;
                build.open_object();
                self.place = Place::FirstKey;
            }
            (Place::Value | Place::FirstElement, b'[') => {
                self.deepen(false)?;
                build.open_array();
                self.place = Place::FirstElement;
            }
            (Place::Value | Place::FirstElement, b'"') => {
                build.open_string();
                self.place = Place::String(Role::Value);
            }
            (Place::Value | Place::FirstElement, b'-' | b'0'..=b'9') => {
                self.held.clear();
                self.held.push(char::from(byte));
                self.place = Place::Number(Number::begin(byte)?);
            }
            (Place::Value | Place::FirstElement, b't') => self.place = Place::Word("true", 1),
            (Place::Value | Place::FirstElement, b'f') => self.place = Place::Word("false", 1),
            (Place::Value | Place::FirstElement, b'n') => self.place = Place::Word("null", 1),
            (Place::FirstElement, b']') | (Place::FirstKey, b'}') => self.close(build),
            (Place::AfterValue, b']') if in_object == Some(false) => self.close(build),
            (Place::AfterValue, b'}') if in_object == Some(true) => self.close(build),
            (Place::AfterValue, b',') => {
                self.place = if in_object == Some(true) { Place::Key } else { Place::Value };
            }
            (Place::FirstKey | Place::Key, b'"') => {
                self.held.clear();
                self.place = Place::String(Role::Key);
            }
            (Place::Colon, b':') => self.place = Place::Value,
            _ => return None,
        }
        Some(1)
    }

    /// A run of a string's characters, and the quote or backslash behind it.
    fn string(&mut self, role: Role, rest: &str, build: &mut impl Build) -> Option<usize> {
        let run = plain(rest.as_bytes());
        let text = rest.get(..run)?;
        if !text.is_empty() {
            self.text(role, text, build);
        }
        match rest.as_bytes().get(run) {
            None => return Some(run),
            Some(b'\\') => self.place = Place::Escape(role, None),
            Some(b'"') => {
                if role == Role::Key {
                    build.key(&self.held);
                    self.place = Place::Colon;
                } else {
                    self.end_value();
                }
            }
            // A control character, of which the run before it is told already.
            Some(_) if run > 0 => return Some(run),
            Some(_) => return None,
        }
        Some(run + 1)
    }

    fn escape(&mut self, byte: u8, build: &mut impl Build) -> Option<usize> {
        match self.place {
            Place::Escape(role, half) if byte == b'u' => self.place = Place::Hex(role, half, 0, 4),
            Place::Escape(role, half) => {
                let text = match byte {
                    b'"' => "\"",
                    b'\\' => "\\",
                    b'/' => "/",
                    b'b' => "\u{8}",
                    b'f' => "\u{C}",
                    b'n' => "\n",
                    b'r' => "\r",
                    b't' => "\t",
                    _ => return None,
                };
                if half.is_some() {
                    self.text(role, "\u{FFFD}", build);
                }
                self.text(role, text, build);
                self.place = Place::String(role);
            }
            Place::Hex(role, half, unit, left) => {
                let unit = unit << 4 | char::from(byte).to_digit(16)?;
                self.place = Place::Hex(role, half, unit, left - 1);
                if left == 1 {
                    self.unit(role, half, unit, build);
                }
            }
            // Only another escape can be the other half.
            Place::HalfDone(role, half) if byte == b'\\' => self.place = Place::Escape(role, half),
            Place::HalfDone(role, _) => {
                self.text(role, "\u{FFFD}", build);
                self.place = Place::String(role);
                return Some(0);
            }
            _ => return None,
        }
        Some(1)
    }

    /// A unit of UTF-16 was escaped, perhaps behind a high surrogate.
    fn unit(&mut self, role: Role, half: Half, unit: u32, build: &mut impl Build) {
        let mut buffer = [0; 4];
        if let (Some(high), 0xDC00..0xE000) = (half, unit) {
            let pair = char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (unit - 0xDC00));
            let pair = pair.unwrap_or(char::REPLACEMENT_CHARACTER);
            self.text(role, pair.encode_utf8(&mut buffer), build);
            self.place = Place::String(role);
            return;
        }
        if half.is_some() {
            self.text(role, "\u{FFFD}", build);
        }
        if (0xD800..0xDC00).contains(&unit) {
            self.place = Place::HalfDone(role, Some(unit));
            return;
        }
        let character = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
        self.text(role, character.encode_utf8(&mut buffer), build);
        self.place = Place::String(role);
    }

    fn text(&mut self, role: Role, text: &str, build: &mut impl Build) {
        match role {
            Role::Key => self.held.push_str(text),
            Role::Value => build.more_string(text),
        }
    }

    /// A number goes on until something else comes.
    fn number(&mut self, mut number: Number, rest: &str, build: &mut impl Build) -> Option<usize> {
        for (at, byte) in rest.bytes().enumerate() {
            match number.then(byte) {
                Ok(Some(next)) => number = next,
                Ok(None) => {
                    self.held.push_str(rest.get(..at)?);
                    build.scalar(&self.held);
                    self.end_value();
                    return Some(at);
                }
                Err(_) => {
                    self.offset += at;
                    return None;
                }
            }
        }
        self.held.push_str(rest);
        self.place = Place::Number(number);
        Some(rest.len())
    }

    fn word(&mut self, word: &'static str, read: usize, byte: u8, build: &mut impl Build) -> Option<usize> {
        if word.as_bytes().get(read) != Some(&byte) {
            return None;
        }
        self.place = Place::Word(word, read + 1);
        if read + 1 == word.len() {
            build.scalar(word);
            self.end_value();
        }
        Some(1)
    }

    fn deepen(&mut self, object: bool) -> Option<()> {
        (self.open.len() < MAX_DEPTH).then(|| self.open.push(object))
    }

    fn close(&mut self, build: &mut impl Build) {
        self.open.pop();
        build.close();
        self.end_value();
    }

    fn end_value(&mut self) {
        self.place = if self.open.is_empty() { Place::Over } else { Place::AfterValue };
    }
}
