//! One value out of a JSON text, without building a tree.

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::scan::{MAX_DEPTH, plain};
use super::values::{Values, values};
use crate::frame::Utf8;
use crate::numbers::decimal;

/// The way to a value: `choices.0.delta.content`.
///
/// Keys and array indices stand between dots. A number without leading zeros is an index where it meets an array, and
/// a key where it meets an object. The empty path is the text itself. A key that has a dot in it has no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// Reads a dotted path.
    #[must_use]
    pub fn parse(path: &str) -> Self {
        Self(path.to_owned())
    }

    /// `None` where the path ends before its first segment.
    fn rest(&self) -> Option<&[u8]> {
        Some(self.0.as_bytes()).filter(|path| !path.is_empty())
    }
}

/// The first segment of what is left of a path, and what is left after it.
fn split(path: &[u8]) -> (&[u8], Option<&[u8]>) {
    match path.iter().position(|byte| *byte == b'.') {
        Some(dot) => (&path[..dot], Some(&path[dot + 1..])),
        None => (path, None),
    }
}

/// The index that a segment is where it meets an array.
fn index(segment: &[u8]) -> Option<u64> {
    decimal(segment).filter(|_| segment == b"0" || segment[0] != b'0')
}

/// The raw text of the value at `path`, or `None` if there is none.
///
/// It is the value that `JSON.parse` gives: keys are compared unescaped, and of several equal ones the last wins. In
/// malformed JSON there is none; what stands after the first value of `json` is not looked at. Linear in the text,
/// which is read once.
///
/// ```
/// use tidewire_core::json::{Path, lookup, unescape};
///
/// let json = br#"{"choices": [{"delta": {"content": "h\u00e9"}}]}"#;
/// let raw = lookup(json, &Path::parse("choices.0.delta.content")).unwrap();
/// assert_eq!(raw, br#""h\u00e9""#);
/// assert_eq!(unescape(raw).unwrap(), "hé");
/// ```
#[must_use]
pub fn lookup<'a>(json: &'a [u8], path: &Path) -> Option<&'a [u8]> {
    // Deeper than any JSON that is read; it bounds the recursion.
    if path.0.bytes().filter(|byte| *byte == b'.').count() >= MAX_DEPTH {
        return None;
    }
    find(&mut values(json), path.rest())?
}

/// The text of a raw JSON string with its quotes; `None` if it is none (RFC 8259, section 7).
///
/// Half a surrogate pair, and every sequence that is not UTF-8, reads as U+FFFD.
#[must_use]
pub fn unescape(raw_string: &[u8]) -> Option<String> {
    let content = raw_string.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let mut text = String::with_capacity(content.len());
    unescape_into(content, &mut text)?;
    Some(text)
}

/// Appends what a JSON string's raw content, without its quotes, reads as; `None` if it is malformed, and some of it may then have
/// been appended. See [`unescape`].
pub fn unescape_into(content: &[u8], text: &mut String) -> Option<()> {
    let mut rest = content;
    loop {
        let (run, special) = rest.split_at(plain(rest));
        text.push_str(&Utf8::new(run).to_str());
        rest = match special {
            [] => return Some(()),
            [b'\\', b'u', after @ ..] => {
                let (character, after) = unicode_escape(after)?;
                text.push(character);
                after
            }
            [b'\\', escape, after @ ..] => {
                text.push(simple_escape(*escape)?);
                after
            }
            _ => return None,
        };
    }
}

/// Reads a value, and what is at `path` in it; `None` if it is malformed.
fn find<'a>(cursor: &mut Values<'a>, path: Option<&[u8]>) -> Option<Option<&'a [u8]>> {
    let Some((segment, rest)) = path.map(split) else { return Some(Some(cursor.value()?)) };
    match cursor.peek()? {
        b'{' => member(cursor, segment, rest),
        b'[' => element(cursor, index(segment), rest),
        _ => {
            cursor.value()?;
            Some(None)
        }
    }
}

fn member<'a>(cursor: &mut Values<'a>, name: &[u8], rest: Option<&[u8]>) -> Option<Option<&'a [u8]>> {
    let mut found = None;
    cursor.byte()?;
    if cursor.peek()? == b'}' {
        cursor.byte()?;
        return Some(found);
    }
    loop {
        let key = cursor.value()?;
        if key.first() != Some(&b'"') || cursor.byte()? != b':' {
            return None;
        }
        if is_key(key, name) {
            found = find(cursor, rest)?;
        } else {
            cursor.value()?;
        }
        match cursor.byte()? {
            b',' => {}
            b'}' => return Some(found),
            _ => return None,
        }
    }
}

fn element<'a>(cursor: &mut Values<'a>, index: Option<u64>, rest: Option<&[u8]>) -> Option<Option<&'a [u8]>> {
    let mut found = None;
    cursor.byte()?;
    if cursor.peek()? == b']' {
        cursor.byte()?;
        return Some(found);
    }
    for place in 0.. {
        if index == Some(place) {
            found = find(cursor, rest)?;
        } else {
            cursor.value()?;
        }
        match cursor.byte()? {
            b',' => {}
            b']' => break,
            _ => return None,
        }
    }
    Some(found)
}

/// Whether the raw string `key`, which is well formed, reads as `name`.
fn is_key(key: &[u8], name: &[u8]) -> bool {
    let content = &key[1..key.len() - 1];
    if content.contains(&b'\\') {
        return unescape(key).is_some_and(|key| key.as_bytes() == name);
    }
    content == name || (!content.is_ascii() && Utf8::new(content).to_str().as_bytes() == name)
}

const fn simple_escape(escape: u8) -> Option<char> {
    Some(match escape {
        b'"' | b'\\' | b'/' => escape as char,
        b'b' => '\u{8}',
        b'f' => '\u{C}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        _ => return None,
    })
}

/// The character of an escape, two if they are a pair, which begins after `\u`; and what follows.
fn unicode_escape(escape: &[u8]) -> Option<(char, &[u8])> {
    let (first, after) = hex(escape)?;
    if let 0xD800..0xDC00 = first
        && let Some((second @ 0xDC00..0xE000, after_both)) = after.strip_prefix(b"\\u").and_then(hex)
    {
        let pair = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return Some((char::from_u32(pair)?, after_both));
    }
    Some((char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), after))
}

fn hex(digits: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, after) = digits.split_first_chunk::<4>()?;
    let value =
        digits.iter().try_fold(0, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))?;
    Some((value, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(json: &'a str, path: &str) -> Option<&'a str> {
        lookup(json.as_bytes(), &Path::parse(path)).map(|raw| core::str::from_utf8(raw).unwrap())
    }

    #[test]
    fn paths() {
        let chat = r#" {"id":7, "choices":[ {"delta":{"content":"a"}} , {"delta":{"content":"b"} } ] } "#;
        for (json, path, want) in [
            (chat, "id", Some("7")),
            (chat, "choices.0.delta.content", Some(r#""a""#)),
            (chat, "choices.1.delta", Some(r#"{"content":"b"}"#)),
            (chat, "choices.2", None),
            (chat, "choices.01", None),
            (chat, "choices.+1", None),
            (chat, "choices.x", None),
            (chat, "id.x", None),
            (chat, "none", None),
            (" [1] ", "", Some("[1]")),
            ("12", "", Some("12")),
            ("", "", None),
            ("{}", "a", None),
            ("[]", "0", None),
            ("[ 5,6]", "1", Some("6")),
            ("[1 2]", "1", None),
            // A number is a key where it meets an object.
            (r#"{"0":1,"01":2}"#, "01", Some("2")),
            (r#"{"":{"":3}}"#, ".", Some("3")),
            // Look-alikes in strings and at other depths.
            (r#"{"x":"\"a\":1","y":{"a":2},"a":3}"#, "a", Some("3")),
            (r#"{"x":"a","a":4}"#, "a", Some("4")),
            // The last of equal keys, also where only unescaping makes them equal.
            (r#"{"a":1,"a":2}"#, "a", Some("2")),
            (r#"{"a":1,"\u0061":2}"#, "a", Some("2")),
            (r#"{"a":{"b":1},"a":{"c":2}}"#, "a.b", None),
            (r#"{"a\\b":1}"#, "a\\b", Some("1")),
            (r#"{"a\b":1}"#, "a\\b", None),
            // Malformed.
            (r#"{"a":1"#, "a", None),
            (r#"{"a":1]"#, "a", None),
            (r#"{"a" 1}"#, "a", None),
            (r#"{a:1}"#, "a", None),
            (r#"{1:1}"#, "a", None),
            (r#"{"a":1,}"#, "a", None),
            (r#"{"a":01}"#, "a", None),
            ("nul", "", None),
            // After the value's container all is well.
            (r#"{"a":1} x"#, "a", Some("1")),
        ] {
            assert_eq!(found(json, path), want, "{json} {path}");
        }
    }

    #[test]
    fn a_deep_text_is_no_deep_stack() {
        let deep = "[".repeat(100_000);
        assert_eq!(found(&deep, "0"), None);
        assert_eq!(found(&deep, &"0.".repeat(50_000)), None);
        assert_eq!(found(&"{\"a\":".repeat(100_000), "a.a.a"), None);
    }

    #[test]
    fn unescaped() {
        for (raw, want) in [
            (&br#""""#[..], Some("")),
            (br#""a""#, Some("a")),
            (br#""\"\\\/\b\f\n\r\t""#, Some("\"\\/\u{8}\u{C}\n\r\t")),
            (br#""\u00e9\u00E9""#, Some("éé")),
            (br#""\ud83d\ude00!""#, Some("😀!")),
            (br#""\udbff\udfff\ud800\udc00""#, Some("\u{10FFFF}\u{10000}")),
            (br#""\ud83d!""#, Some("\u{FFFD}!")),
            (br#""\ude00""#, Some("\u{FFFD}")),
            (br#""\ud83d\ud83d\ude00""#, Some("\u{FFFD}😀")),
            (br#""\ud83d\u0041""#, Some("\u{FFFD}A")),
            (br#""\ud83d\n""#, Some("\u{FFFD}\n")),
            (b"\"\xE2\x82\\u0041\xFF\"", Some("\u{FFFD}A\u{FFFD}")),
            (br#""a"#, None),
            (br#"""#, None),
            (b"", None),
            (br#"a""#, None),
            (br#""a"b"#, None),
            (br#""\x""#, None),
            (br#""\u00e""#, None),
            (br#""\u+0e9""#, None),
            (br#""\ud83d\u12""#, None),
            (br#""\"#, None),
            (b"\"\n\"", None),
        ] {
            assert_eq!(unescape(raw).as_deref(), want, "{}", Utf8::new(raw));
        }
    }
}
