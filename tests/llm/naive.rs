//! Splits bodies into records in the simplest way: line by line, over the whole body, with the offset at which each record is complete.

use serde_json::Value;
use serde_json::value::RawValue;
use tidewire::Format;

use crate::corpus::Recording;

/// A record and the offset at which it ends.
pub(crate) struct Record {
    /// A body that ends here contains the record.
    pub(crate) end: usize,
    pub(crate) data: String,
}

/// A line, without its line end of at most two bytes.
struct Line<'a> {
    start: usize,
    text: &'a str,
    /// After the first byte of its line end; `usize::MAX` if it has none.
    end: usize,
}

fn lines(body: &str) -> Vec<Line<'_>> {
    let (mut lines, mut start) = (Vec::new(), 0);
    while start < body.len() {
        let length = body[start..].find(['\r', '\n']);
        let Some(length) = length else {
            lines.push(Line { start, text: &body[start..], end: usize::MAX });
            break;
        };
        let at = start + length;
        lines.push(Line { start, text: &body[start..at], end: at + 1 });
        start = at + if body[at..].starts_with("\r\n") { 2 } else { 1 };
    }
    lines
}

/// All records of a body.
pub(crate) fn records(recording: &Recording) -> Vec<Record> {
    let body = std::str::from_utf8(&recording.body).unwrap();
    match recording.format {
        Format::Sse => events(body),
        Format::JsonArray => elements(body),
        _ => lines(body)
            .into_iter()
            .filter(|line| !line.text.trim().is_empty())
            // A value is whole at its last byte, even without a line end.
            .map(|line| Record { end: line.start + line.text.trim_end().len(), data: line.text.to_owned() })
            .collect(),
    }
}

/// An element is whole at its last byte.
fn elements(body: &str) -> Vec<Record> {
    let elements: Vec<&RawValue> =
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error} in {body}"));
    let record = |element: &RawValue| {
        let start = element.get().as_ptr() as usize - body.as_ptr() as usize;
        Record { end: start + element.get().len(), data: element.get().to_owned() }
    };
    elements.into_iter().map(record).collect()
}

fn events(body: &str) -> Vec<Record> {
    let (mut records, mut data) = (Vec::new(), Vec::new());
    for line in lines(body) {
        if line.text.is_empty() && line.end != usize::MAX {
            if !data.is_empty() {
                records.push(Record { end: line.end, data: data.join("\n") });
                data.clear();
            }
        } else if let Some(("data", value)) = field(line.text) {
            data.push(value);
        }
    }
    records
}

fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    Some((name, value.strip_prefix(' ').unwrap_or(value)))
}

/// What a body that ends at a given offset has after its last whole record.
pub(crate) struct Rests {
    format: Format,
    /// After the last byte that is not white space.
    end: usize,
    /// Start and end of each line, its text, and the data of its block before it.
    lines: Vec<(usize, usize, String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    Nothing,
    /// `[DONE]` without its blank line.
    Done,
    Inside,
}

impl Rests {
    pub(crate) fn of(recording: &Recording) -> Self {
        let body = std::str::from_utf8(&recording.body).unwrap();
        let mut pending: Vec<&str> = Vec::new();
        let lines = lines(body)
            .into_iter()
            .map(|line| {
                let before = pending.join("\n");
                match field(line.text) {
                    Some(("data", value)) => pending.push(value),
                    _ if line.text.is_empty() => pending.clear(),
                    _ => {}
                }
                (line.start, line.end, line.text.to_owned(), before)
            })
            .collect();
        Self { format: recording.format, end: body.trim_end().len(), lines }
    }

    /// The offset by which a record must end to be whole in a body that breaks off at `at`: a line needs its line feed.
    pub(crate) fn whole_at(&self, at: usize) -> usize {
        if self.format == Format::Ndjson { at.saturating_sub(1) } else { at }
    }

    /// What a body that ends at `at` has after its last whole record.
    pub(crate) fn at(&self, at: usize) -> Rest {
        if self.format == Format::JsonArray {
            return if at < self.end { Rest::Inside } else { Rest::Nothing };
        }
        // The line in which the body ends: the first one whose end is not in the body.
        let place = self.lines.partition_point(|(_, end, ..)| *end <= at);
        let Some((start, _, text, before)) = self.lines.get(place) else { return Rest::Nothing };
        let part = at.checked_sub(*start).map_or("", |length| {
            let length = (0..=length.min(text.len())).rev().find(|length| text.is_char_boundary(*length));
            &text[..length.unwrap()]
        });
        // Part of a character counts too.
        let has_part = at > *start;
        if self.format != Format::Sse {
            let whole = serde_json::from_str::<Value>(part).is_ok();
            return if whole || part.trim().is_empty() && !has_part { Rest::Nothing } else { Rest::Inside };
        }
        match (before.is_empty(), has_part) {
            (true, false) => Rest::Nothing,
            (true, true) if part.starts_with(':') => Rest::Nothing,
            (true, true) if field(part) == Some(("data", "[DONE]")) => Rest::Done,
            (false, false) if before == "[DONE]" => Rest::Done,
            _ => Rest::Inside,
        }
    }
}
