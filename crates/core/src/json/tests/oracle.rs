//! What a body should come to, said naively: over the whole body at once, in quadratic time, with serde_json's idea of
//! what a value is. Without limits.

use alloc::vec::Vec;

use serde_json::value::RawValue;

use super::{End, Line};

const DONE: &[u8] = b"[DONE]";
const RS: u8 = 0x1E;

pub(super) fn read(format: &str, wire: &[u8], done: bool) -> (Vec<Line>, End) {
    let mut seen = Seen { lines: Vec::new(), index: 0 };
    let end = match format {
        "ndjson" => ndjson(wire, done, &mut seen),
        "json-seq" => seq(wire, done, &mut seen),
        "json-array" => array(wire, &mut seen),
        "concat" => concat(wire, done, &mut seen),
        _ => panic!("{format}"),
    };
    (seen.lines, end)
}

struct Seen {
    lines: Vec<Line>,
    index: u64,
}

impl Seen {
    fn record(&mut self, text: &[u8]) {
        self.lines.push(Line::Record { index: self.index, text: text.to_vec() });
        self.index += 1;
    }

    fn bad(&mut self, offset: usize) {
        self.lines.push(Line::Bad { offset: offset as u64 });
    }

    fn fatal(&mut self, offset: usize) -> End {
        self.bad(offset);
        End::Malformed { offset: offset as u64 }
    }
}

fn ndjson(wire: &[u8], done: bool, seen: &mut Seen) -> End {
    let mut lines: Vec<&[u8]> = wire.split(|byte| *byte == b'\n').collect();
    let last = lines.pop().unwrap();
    let mut offset = 0;
    for line in lines {
        let (start, text) = ndjson_text(offset, line);
        match value(text) {
            _ if text.is_empty() => {}
            _ if done && text == DONE => seen.lines.push(Line::Done),
            Value::Whole(length) if length == text.len() => seen.record(text),
            Value::Whole(length) => seen.bad(start + length + white(&text[length..])),
            Value::Partial => seen.bad(offset + line.len()),
            Value::Bad(at) => seen.bad(start + at),
        }
        offset += line.len() + 1;
    }
    let (start, text) = ndjson_text(offset, last);
    match value(text) {
        _ if text.is_empty() => {}
        _ if done && text == DONE => seen.lines.push(Line::Done),
        _ if done && DONE.starts_with(text) => return End::Inside,
        Value::Whole(length) if length == text.len() => seen.record(text),
        Value::Whole(length) => seen.bad(start + length + white(&text[length..])),
        Value::Partial => return End::Inside,
        Value::Bad(at) => seen.bad(start + at),
    }
    End::Clean
}

fn ndjson_text(offset: usize, line: &[u8]) -> (usize, &[u8]) {
    let bom = if offset == 0 { bom(line) } else { 0 };
    let start = bom + white(&line[bom..]);
    let mut end = line.len();
    while end > start && white(&line[end - 1..end]) == 1 {
        end -= 1;
    }
    (offset + start, &line[start..end])
}

fn seq(wire: &[u8], done: bool, seen: &mut Seen) -> End {
    let mut pieces: Vec<&[u8]> = wire.split(|byte| *byte == RS).collect();
    let before = pieces.remove(0);
    if white(before) < before.len() {
        seen.bad(white(before));
    }
    let mut offset = before.len() + 1;
    let mut end = End::Clean;
    for (nth, piece) in pieces.iter().enumerate() {
        let cut_off = nth + 1 == pieces.len();
        let start = white(piece);
        let text = &piece[start..];
        let length = match value(text) {
            _ if text.is_empty() => {
                if cut_off {
                    end = End::Inside;
                }
                None
            }
            _ if done && text.starts_with(DONE) => {
                seen.lines.push(Line::Done);
                Some(DONE.len())
            }
            _ if done && cut_off && DONE.starts_with(text) => {
                end = End::Inside;
                None
            }
            Value::Whole(length) if b"{[\"".contains(&text[0]) => {
                seen.record(&text[..length]);
                Some(length)
            }
            Value::Whole(length) if white(&text[length..]) > 0 => {
                seen.record(&text[..length]);
                Some(length)
            }
            Value::Whole(length) if length < text.len() => {
                seen.bad(offset + start + length);
                None
            }
            Value::Whole(_) | Value::Partial => {
                if cut_off {
                    end = End::Inside;
                } else {
                    seen.bad(offset + piece.len());
                }
                None
            }
            Value::Bad(at) => {
                seen.bad(offset + start + at);
                None
            }
        };
        if let Some(length) = length {
            let more = start + length + white(&text[length..]);
            if more < piece.len() {
                seen.bad(offset + more);
            }
        }
        offset += piece.len() + 1;
    }
    end
}

fn array(wire: &[u8], seen: &mut Seen) -> End {
    let mut at = bom(wire);
    at += white(&wire[at..]);
    match wire.get(at) {
        None => return End::Clean,
        Some(b'[') => at += 1,
        Some(_) => return seen.fatal(at),
    }
    let mut first = true;
    loop {
        at += white(&wire[at..]);
        match wire.get(at) {
            None => return End::Inside,
            Some(b']') if first => break,
            Some(_) => {}
        }
        first = false;
        match value(&wire[at..]) {
            Value::Whole(length) => {
                let number = matches!(wire[at], b'-' | b'0'..=b'9');
                if number && at + length == wire.len() {
                    return End::Inside;
                }
                seen.record(&wire[at..at + length]);
                at += length;
            }
            Value::Partial => return End::Inside,
            Value::Bad(bad) => return seen.fatal(at + bad),
        }
        at += white(&wire[at..]);
        match wire.get(at) {
            None => return End::Inside,
            Some(b',') => at += 1,
            Some(b']') => break,
            Some(_) => return seen.fatal(at),
        }
    }
    at += 1;
    at += white(&wire[at..]);
    if at < wire.len() { seen.fatal(at) } else { End::Clean }
}

fn concat(wire: &[u8], done: bool, seen: &mut Seen) -> End {
    let mut at = bom(wire);
    loop {
        at += white(&wire[at..]);
        let rest = &wire[at..];
        match value(rest) {
            _ if rest.is_empty() => return End::Clean,
            _ if done && rest.starts_with(DONE) => {
                seen.lines.push(Line::Done);
                at += DONE.len();
            }
            _ if done && DONE.starts_with(rest) => return End::Inside,
            Value::Whole(length) => {
                seen.record(&rest[..length]);
                at += length;
            }
            Value::Partial => return End::Inside,
            Value::Bad(bad) => return seen.fatal(at + bad),
        }
    }
}

fn bom(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 }
}

fn white(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| b" \t\r\n".contains(byte)).count()
}

/// What `text`, which does not begin with white space, begins with.
enum Value {
    /// A value of this length.
    Whole(usize),
    Partial,
    /// Nothing that can become one; the first byte that shows it.
    Bad(usize),
}

fn value(text: &[u8]) -> Value {
    // serde_json checks UTF-8 where the decoders leave that for later; an `x` can stand in the same places.
    let text: Vec<u8> = text.iter().map(|byte| if byte.is_ascii() { *byte } else { b'x' }).collect();
    // What cannot go on cannot go on when it is longer, so the place is found by halving: the fuzzer asks for it often.
    let (mut viable, mut beyond) = (0, text.len() + 1);
    while beyond - viable > 1 {
        let middle = usize::midpoint(viable, beyond);
        if may_go_on(&text[..middle]) {
            viable = middle;
        } else {
            beyond = middle;
        }
    }
    let viable = viable.min(too_deep(&text).unwrap_or(viable));
    let whole = |end: &usize| serde_json::from_slice::<&RawValue>(&text[..*end]).is_ok();
    let number = matches!(text.first(), Some(b'-' | b'0'..=b'9'));
    // A number goes on as far as it can, anything else ends as soon as it can.
    let end = if number {
        let end = text[..viable].iter().position(|byte| white(&[*byte]) == 1).unwrap_or(viable);
        // `01` is not `0` and `1`.
        Some(end).filter(whole).filter(|end| !text.get(*end).is_some_and(u8::is_ascii_digit))
    } else {
        (1..=viable).find(whole)
    };
    match end {
        Some(end) => Value::Whole(end),
        None if viable == text.len() => Value::Partial,
        None => Value::Bad(viable),
    }
}

/// Whether something may follow `text` so that it becomes a value. serde_json says "end of file" where there must be
/// more, but not in the middle of every token; for these, something that would complete the token is tried.
fn may_go_on(text: &[u8]) -> bool {
    ["", "1111", "n", "ue", "rue", "e", "alse", "lse", "se", "ull", "ll", "l"].iter().any(|suffix| {
        let tried = [text, suffix.as_bytes(), b"        "].concat();
        match serde_json::from_slice::<&RawValue>(&tried) {
            Ok(_) => true,
            Err(error) => error.is_eof(),
        }
    })
}

/// Where the 513th level is opened.
fn too_deep(text: &[u8]) -> Option<usize> {
    let (mut depth, mut string, mut escaped) = (0, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if string => escaped = true,
            b'"' => string = !string,
            _ if string => {}
            b'[' | b'{' if depth == 512 => return Some(at),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}
