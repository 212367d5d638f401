//! Simple readers of whole bodies, written from the formats' standards, to compare the decoders with.

use tidewire::Format;

const BOM: &[u8] = b"\xEF\xBB\xBF";
const DONE: &[u8] = b"[DONE]";
const WHITE: &[u8] = b" \t\r\n";

/// Something that a body contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Event {
        event: String,
        data: String,
        id: String,
        /// Its block set the id.
        own: bool,
    },
    /// An id in a block without data.
    Id(String),
    Record(String),
    Text(String),
    Comment(String),
    Retry(u64),
    BadRecord,
    /// `[DONE]` as a record or text of its own.
    Done,
}

/// Why reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Between,
    Inside,
    TooLarge,
    Malformed,
}

/// How to read a body.
pub(crate) struct Rules<'a> {
    /// `[DONE]` ends it.
    pub(crate) done: bool,
    pub(crate) deliver_unterminated: bool,
    pub(crate) max_event_bytes: usize,
    /// The last event id before it.
    pub(crate) last_id: &'a str,
}

/// Reads a body. `clean` says that it ended cleanly, so that an unterminated last line may count.
pub(crate) fn read(format: Format, bytes: &[u8], clean: bool, rules: &Rules<'_>) -> (Vec<Seen>, Stop) {
    match format {
        Format::Sse => sse(bytes, clean, rules),
        Format::Ndjson => ndjson(bytes, clean, rules),
        Format::JsonSeq => seq(bytes, rules),
        Format::JsonArray => array(bytes),
        Format::Concat => concat(bytes, rules),
        Format::Text => text(bytes, clean, rules),
        other => panic!("no body is made in {other}"),
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The fields of an SSE block so far (WHATWG HTML, 9.2.6).
#[derive(Default)]
struct Block {
    data: Option<Vec<u8>>,
    event: Vec<u8>,
    id: Option<Vec<u8>>,
}

impl Block {
    fn line(&mut self, line: &[u8], seen: &mut Vec<Seen>) {
        let (name, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"" => seen.push(Seen::Comment(lossy(value))),
            b"data" => match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.to_vec()),
            },
            b"event" => self.event = value.to_vec(),
            b"id" if !value.contains(&0) => self.id = Some(value.to_vec()),
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                seen.extend(lossy(value).parse().ok().map(Seen::Retry));
            }
            _ => {}
        }
    }

    fn close(&mut self, last_id: &mut String, seen: &mut Vec<Seen>) {
        let block = std::mem::take(self);
        if let Some(id) = &block.id {
            *last_id = lossy(id);
        }
        if let Some(data) = block.data {
            let event = if block.event.is_empty() { "message".to_owned() } else { lossy(&block.event) };
            let own = block.id.is_some();
            seen.push(Seen::Event { event, data: lossy(&data), id: last_id.clone(), own });
        } else if block.id.is_some() {
            seen.push(Seen::Id(last_id.clone()));
        }
    }
}

fn sse(bytes: &[u8], clean: bool, rules: &Rules<'_>) -> (Vec<Seen>, Stop) {
    let mut rest = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let mut seen = Vec::new();
    let mut last_id = rules.last_id.to_owned();
    let mut block = Block::default();
    let too_large =
        |block: &Block| block.data.as_ref().is_some_and(|data| data.len() > rules.max_event_bytes);
    while let Some(end) = rest.iter().position(|byte| b"\r\n".contains(byte)) {
        let line = &rest[..end];
        let used = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = &rest[end + used..];
        if line.is_empty() {
            block.close(&mut last_id, &mut seen);
        } else {
            block.line(line, &mut seen);
        }
        if too_large(&block) {
            return (seen, Stop::TooLarge);
        }
    }
    // How the unterminated line would read with its line end.
    let mut finished = Block { data: block.data.clone(), event: block.event.clone(), id: block.id.clone() };
    let mut behind = Vec::new();
    if !rest.is_empty() {
        finished.line(rest, &mut behind);
    }
    if too_large(&finished) {
        return (seen, Stop::TooLarge);
    }
    let bare_done = rules.done && finished.data.as_deref() == Some(DONE);
    if clean && (rules.deliver_unterminated || bare_done) {
        seen.append(&mut behind);
        if finished.data.is_some() {
            finished.close(&mut last_id, &mut seen);
        }
        return (seen, Stop::Between);
    }
    let inside = block.data.is_some() || !(rest.is_empty() || rest.starts_with(b":"));
    (seen, if inside { Stop::Inside } else { Stop::Between })
}

fn trim(bytes: &[u8]) -> &[u8] {
    let white = |byte: &u8| WHITE.contains(byte);
    let start = bytes.iter().position(|byte| !white(byte)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| !white(byte)).map_or(start, |last| last + 1);
    &bytes[start..end]
}

enum Value {
    Whole,
    Partial,
    Bad,
}

fn judge(text: &[u8], rules: &Rules<'_>) -> Value {
    if rules.done && text.len() < DONE.len() && DONE.starts_with(text) {
        return Value::Partial;
    }
    // Only the last character can be cut in half.
    let whole = String::from_utf8_lossy(text);
    let whole = whole.strip_suffix('\u{FFFD}').unwrap_or(&whole);
    match serde_json::from_str::<serde::de::IgnoredAny>(whole) {
        // Half a byte order mark is not JSON.
        _ if whole.is_empty() => Value::Bad,
        Ok(_) => Value::Whole,
        Err(error) if error.is_eof() => Value::Partial,
        Err(_) => Value::Bad,
    }
}

fn ndjson(bytes: &[u8], clean: bool, rules: &Rules<'_>) -> (Vec<Seen>, Stop) {
    let mut rest = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let mut seen = Vec::new();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = trim(&rest[..end]);
        rest = &rest[end + 1..];
        match line {
            [] => {}
            DONE if rules.done => {
                seen.push(Seen::Done);
                return (seen, Stop::Between);
            }
            line if line.len() > rules.max_event_bytes => return (seen, Stop::TooLarge),
            line if matches!(judge(line, rules), Value::Whole) => seen.push(Seen::Record(lossy(line))),
            _ => seen.push(Seen::BadRecord),
        }
    }
    match trim(rest) {
        [] => (seen, Stop::Between),
        line if line.len() > rules.max_event_bytes => (seen, Stop::TooLarge),
        _ if !clean => (seen, Stop::Inside),
        DONE if rules.done => {
            seen.push(Seen::Done);
            (seen, Stop::Between)
        }
        line => match judge(line, rules) {
            Value::Whole => {
                seen.push(Seen::Record(lossy(line)));
                (seen, Stop::Between)
            }
            Value::Partial => (seen, Stop::Inside),
            Value::Bad => {
                seen.push(Seen::BadRecord);
                (seen, Stop::Between)
            }
        },
    }
}

/// The length of the object, array or string at the start; `None` if it is not whole.
fn value_length(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth -= 1,
            _ => {}
        }
        if depth == 0 && !in_string {
            return Some(at + 1);
        }
    }
    None
}

fn skip_white(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !WHITE.contains(byte)).unwrap_or(bytes.len());
    &bytes[start..]
}

fn concat(bytes: &[u8], rules: &Rules<'_>) -> (Vec<Seen>, Stop) {
    let mut rest = skip_white(bytes);
    let mut seen = Vec::new();
    while let Some(first) = rest.first() {
        if rules.done && rest.starts_with(DONE) {
            seen.push(Seen::Done);
            return (seen, Stop::Between);
        }
        if rules.done && DONE.starts_with(rest) {
            return (seen, Stop::Inside);
        }
        if !b"{[\"".contains(first) {
            seen.push(Seen::BadRecord);
            return (seen, Stop::Malformed);
        }
        let Some(length) = value_length(rest) else { return (seen, Stop::Inside) };
        seen.push(Seen::Record(lossy(&rest[..length])));
        rest = skip_white(&rest[length..]);
    }
    (seen, Stop::Between)
}

fn array(bytes: &[u8]) -> (Vec<Seen>, Stop) {
    let mut seen = Vec::new();
    let mut rest = skip_white(bytes);
    if rest.is_empty() {
        return (seen, Stop::Between);
    }
    assert_eq!(rest[0], b'[', "arrays begin with a bracket");
    rest = skip_white(&rest[1..]);
    loop {
        let Some(first) = rest.first() else { return (seen, Stop::Inside) };
        if !b"{[\"".contains(first) {
            break;
        }
        let Some(length) = value_length(rest) else { return (seen, Stop::Inside) };
        seen.push(Seen::Record(lossy(&rest[..length])));
        rest = skip_white(&rest[length..]);
        match rest.first() {
            None => return (seen, Stop::Inside),
            Some(b',') => rest = skip_white(&rest[1..]),
            Some(_) => break,
        }
    }
    if rest[0] == b']' && skip_white(&rest[1..]).is_empty() {
        return (seen, Stop::Between);
    }
    seen.push(Seen::BadRecord);
    (seen, Stop::Malformed)
}

/// JSON text sequences (RFC 7464).
fn seq(bytes: &[u8], rules: &Rules<'_>) -> (Vec<Seen>, Stop) {
    let mut seen = Vec::new();
    let mut records = bytes.split(|byte| *byte == 0x1E);
    assert!(records.next().is_none_or(<[u8]>::is_empty), "a sequence begins with a separator");
    let records: Vec<&[u8]> = records.collect();
    for (index, record) in records.iter().enumerate() {
        let last = index + 1 == records.len();
        let text = skip_white(record);
        if rules.done && trim(text) == DONE {
            seen.push(Seen::Done);
            return (seen, Stop::Between);
        }
        if text.first().is_some_and(|first| !b"{[\"".contains(first)) {
            seen.push(Seen::BadRecord);
            continue;
        }
        match value_length(text) {
            Some(length) => {
                seen.push(Seen::Record(lossy(&text[..length])));
                if !trim(&text[length..]).is_empty() {
                    seen.push(Seen::BadRecord);
                }
            }
            None if last => return (seen, Stop::Inside),
            // Several separators in a row count as one.
            None if text.is_empty() => {}
            None => seen.push(Seen::BadRecord),
        }
    }
    (seen, Stop::Between)
}

fn text(bytes: &[u8], clean: bool, rules: &Rules<'_>) -> (Vec<Seen>, Stop) {
    let whole = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).expect("valid so far")
        }
        Err(_) => panic!("texts of the campaign are UTF-8"),
    };
    let half = whole.len() < bytes.len();
    let mut seen = Vec::new();
    let mut show = |text: &str| {
        if !text.is_empty() {
            seen.push(Seen::Text(text.to_owned()));
        }
    };
    let trimmed = whole.trim_end_matches([' ', '\t', '\r', '\n']);
    let marker = trimmed.strip_suffix("[DONE]").filter(|_| rules.done);
    if let (Some(before), true, false) = (marker, clean, half) {
        show(before);
        seen.push(Seen::Done);
        return (seen, Stop::Between);
    }
    if clean {
        show(&if half { format!("{whole}\u{FFFD}") } else { whole.to_owned() });
        return (seen, if half { Stop::Inside } else { Stop::Between });
    }
    // The beginning of a marker is held back.
    let begun = (1..DONE.len()).rev().find(|length| whole.as_bytes().ends_with(&DONE[..*length]));
    show(match (marker, begun) {
        (Some(before), _) => before,
        (None, Some(length)) if rules.done => &whole[..whole.len() - length],
        (None, _) => whole,
    });
    (seen, if half { Stop::Inside } else { Stop::Between })
}
