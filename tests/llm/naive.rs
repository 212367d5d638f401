//! Bodies split into records the simple way: line by line, over the whole body, with the offset at which each record is there.

use serde_json::Value;
use tidewire::Format;

use crate::corpus::Recording;

/// A record and where it ends.
pub(crate) struct Record {
    /// With a body that ends here it is there.
    pub(crate) end: usize,
    pub(crate) data: String,
}

/// A line without its end, which is at most two bytes after it.
struct Line<'a> {
    start: usize,
    text: &'a str,
    /// Behind the first byte of its end; beyond the body for a line without one.
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
        _ => lines(body)
            .into_iter()
            .filter(|line| !line.text.trim().is_empty())
            // A value is whole at its last byte, also without the line's end.
            .map(|line| Record { end: line.start + line.text.trim_end().len(), data: line.text.to_owned() })
            .collect(),
    }
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

/// What of a record there is behind the last whole one, in a body that ends at each offset.
pub(crate) struct Rests {
    pub(crate) sse: bool,
    /// Start and end of each line, and whether it is one of data, and the data that its block has had with it.
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
        Self { sse: recording.format == Format::Sse, lines }
    }

    /// For a body that ends at `at`.
    pub(crate) fn at(&self, at: usize) -> Rest {
        // The line in which the body ends: the first one whose end is not in it.
        let place = self.lines.partition_point(|(_, end, ..)| *end <= at);
        let Some((start, _, text, before)) = self.lines.get(place) else { return Rest::Nothing };
        let part = at.checked_sub(*start).map_or("", |length| {
            let length = (0..=length.min(text.len())).rev().find(|length| text.is_char_boundary(*length));
            &text[..length.unwrap()]
        });
        // Half a character is something, too.
        let has_part = at > *start;
        if !self.sse {
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
