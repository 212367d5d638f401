//! Reads fields and items of a JSON text on demand, without building a tree.
//!
//! The text is checked once, as strictly as by `JSON.parse`, by the core's scanner or `table/walk.rs`; later walks rely on that. We looked
//! at other crates
//! (picojson, nanojson, bufjson, jiter). They need `str`, a buffer for escapes or `std`, and none accepts exactly the texts that the core
//! accepts, so a record could be valid for one and bad for the other.

use alloc::borrow::Cow;
use alloc::string::String;

use tidewire_core::json::{plain, unescape_into, values};
use tidewire_core::{BadRecord, Utf8};

/// A JSON value as its own text, which is known to be valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a>(&'a [u8]);

impl<'a> Value<'a> {
    /// Checks that a text is one JSON value, with any white space around it.
    ///
    /// # Errors
    /// [`BadRecord`], with the offset in `text` of the first invalid byte. For a text that ends too early, that is its end.
    pub fn parse(text: &'a [u8]) -> Result<Self, BadRecord> {
        let mut all = values(text);
        let bad = |offset: usize, problem| BadRecord { offset: offset as u64, problem };
        let value = all.next().ok_or_else(|| bad(text.len(), "expected a value"))??.as_bytes();
        let after = value.as_ptr() as usize - text.as_ptr() as usize + value.len();
        let white = text[after..].iter().take_while(|byte| is_white(**byte)).count();
        if after + white < text.len() {
            return Err(bad(after + white, "more after the value"));
        }
        Ok(Self(value))
    }

    /// The value that a text begins with.
    ///
    /// # Errors
    /// [`BadRecord`] as from [`parse`](Self::parse).
    pub(crate) fn first(text: &'a [u8]) -> Result<Self, BadRecord> {
        let missing = BadRecord { offset: text.len() as u64, problem: "expected a value" };
        Ok(Self(values(text).next().ok_or(missing)??.as_bytes()))
    }

    /// A value's own text, which is known to be valid.
    pub(crate) const fn exact(text: &'a [u8]) -> Self {
        Self(text)
    }

    /// The value in a text that is known to be valid.
    pub(crate) fn sound(text: &'a [u8]) -> Self {
        let white = text.iter().take_while(|byte| is_white(**byte)).count();
        Self(&text[white..])
    }

    /// The value's text, without white space around it.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The values of these fields; `None` for a field that is missing or `null`, and for all fields if this is not an object. Of equal
    /// keys the last one wins, as in `JSON.parse`. Takes one pass over the object, whatever the number of names.
    #[must_use]
    pub fn fields<const N: usize>(self, names: &[&str; N]) -> [Option<Self>; N] {
        let mut found = [None; N];
        let Some(mut walker) = Walker::inside(self.0, b'{') else { return found };
        while let Some(key) = walker.next() {
            let Some(value) = walker.next() else { break };
            let Some(key) = key.content() else { break };
            // Nearly no key is written with an escape.
            let place = match plain(key) == key.len() {
                true => names.iter().position(|name| name.as_bytes() == key),
                false => names.iter().position(|name| unescaped(key).is_some_and(|key| key == *name)),
            };
            if let Some(place) = place {
                found[place] = Some(value).filter(|value| value.0 != b"null");
            }
        }
        found
    }

    /// The value of this field; see [`fields`](Self::fields).
    #[must_use]
    pub fn field(self, name: &str) -> Option<Self> {
        let [value] = self.fields(&[name]);
        value
    }

    /// The elements of an array; none if this is not an array.
    pub fn items(self) -> impl Iterator<Item = Self> + use<'a> {
        Walker::inside(self.0, b'[').into_iter().flatten()
    }

    /// Keys and values of an object, in order, including repeated keys; none if this is not an object.
    pub(crate) fn entries(self) -> impl Iterator<Item = (Self, Self)> + use<'a> {
        let mut walker = Walker::inside(self.0, b'{');
        core::iter::from_fn(move || {
            let walker = walker.as_mut()?;
            Some((walker.next()?, walker.next()?))
        })
    }

    /// The raw content of a string, without its quotes.
    #[must_use]
    pub fn content(self) -> Option<&'a [u8]> {
        self.0.strip_prefix(b"\"")?.strip_suffix(b"\"")
    }

    /// The text of a string; borrowed if it has no escapes and is UTF-8. Half a surrogate pair and bytes that are not UTF-8 read as
    /// U+FFFD.
    #[must_use]
    pub fn text(self) -> Option<Cow<'a, str>> {
        let content = self.content()?;
        if plain(content) == content.len() {
            return Some(Utf8::new(content).to_str());
        }
        unescaped(content).map(Cow::Owned)
    }

    /// Whether this is a string with this text.
    #[must_use]
    pub fn is(self, text: &str) -> bool {
        let Some(content) = self.content() else { return false };
        content == text.as_bytes()
            || (plain(content) < content.len() && self.text().is_some_and(|own| own == text))
    }

    /// A number without sign, point and exponent, if it fits.
    #[must_use]
    pub fn whole(self) -> Option<u64> {
        core::str::from_utf8(self.0).ok()?.parse().ok()
    }

    /// Whether this is `true`.
    #[must_use]
    pub fn is_true(self) -> bool {
        self.0 == b"true"
    }

    /// Whether this stands for nothing: an empty text, object or list, zero, or `false`.
    pub(crate) fn is_nothing(self) -> bool {
        matches!(self.0, b"\"\"" | b"false" | b"0" | b"{}" | b"[]")
    }

    /// Whether this is an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        self.0.first() == Some(&b'{')
    }
}

fn unescaped(content: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(content.len());
    unescape_into(content, &mut text)?;
    Some(text)
}

/// Walks over what is between the brackets of a container: elements, or keys and values in turn.
struct Walker<'a> {
    rest: &'a [u8],
}

impl<'a> Walker<'a> {
    fn inside(container: &'a [u8], bracket: u8) -> Option<Self> {
        let (first, rest) = container.split_first()?;
        (*first == bracket).then_some(Self { rest })
    }
}

impl<'a> Iterator for Walker<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        // In a sound text only these stand between two values.
        while let [b',' | b':' | b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
        if matches!(self.rest, [] | [b'}' | b']', ..]) {
            return None;
        }
        let (value, rest) = self.rest.split_at(length(self.rest).min(self.rest.len()));
        self.rest = rest;
        Some(Value(value))
    }
}

/// How long the value is that `text` begins with.
#[inline]
fn length(text: &[u8]) -> usize {
    match text.first() {
        Some(b'"') => string_length(text),
        Some(b'{' | b'[') => container_length(text),
        _ => text
            .iter()
            .position(|byte| matches!(byte, b',' | b'}' | b']') || is_white(*byte))
            .unwrap_or(text.len()),
    }
}

fn container_length(text: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                at += string_length(&text[at..]);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return at + 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// How long the string is that `text` begins with, quotes included.
#[inline]
fn string_length(text: &[u8]) -> usize {
    let mut at = 1;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let run = plain(rest);
        match rest.get(run) {
            Some(b'"') => return at + run + 1,
            Some(_) => at += run + 2,
            None => return text.len(),
        }
    }
}

const fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
