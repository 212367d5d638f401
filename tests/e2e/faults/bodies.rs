//! Random bodies in every format, block by block.

use fastrand::Rng;
use serde_json::json;
use tidewire::Format;

use crate::script::{CallOptions, EndOn, ItemKind};

/// What a body contains besides its records.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BodyWishes {
    /// The stream's end marker, if it has one.
    pub(crate) end: bool,
    /// A record that reports a failure.
    pub(crate) failure: bool,
    /// A record beyond the limit.
    pub(crate) oversized: bool,
    /// Malformed JSON.
    pub(crate) malformed: bool,
    /// A `retry:` of any size. Only for bodies after which no wait ends.
    pub(crate) long_retry: bool,
    /// Where the server continues.
    pub(crate) from: From,
}

/// Where a server continues that was asked to continue after a cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum From {
    #[default]
    Cursor,
    /// At the beginning: it ignores the cursor.
    Start,
    /// This many records before the cursor.
    Before(u64),
}

/// Makes bodies. Ids and positions continue over the attempts of a stream.
pub(crate) struct Source {
    ids: Ids,
    /// Of the last record.
    position: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ids {
    None,
    Plain,
    /// `epoch-seq`, now and then with a gap.
    Ordered,
}

const WORDS: [&str; 12] = [
    "token",
    "流式传输",
    "🌊",
    "👩‍🚀",
    "a b",
    "data: x",
    "\\u00e9\\n",
    "é",
    "[DONE",
    "{\"a\":[1,2]}",
    "]",
    "end",
];

fn words(rng: &mut Rng) -> String {
    (0..rng.usize(..5)).map(|_| WORDS[rng.usize(..WORDS.len())]).collect::<Vec<_>>().join(" ")
}

impl Source {
    pub(crate) fn new(call: &CallOptions, rng: &mut Rng) -> Self {
        let ids = match call.format {
            Format::Sse => [Ids::None, Ids::Plain, Ids::Plain, Ids::Ordered][rng.usize(..4)],
            _ => Ids::None,
        };
        let position = call.begin.as_deref().and_then(position).unwrap_or(0);
        Self { ids, position }
    }

    /// A whole body that continues after `cursor`, in the blocks in which its server would write it.
    pub(crate) fn body(
        &mut self,
        call: &CallOptions,
        cursor: Option<&str>,
        wishes: BodyWishes,
        rng: &mut Rng,
    ) -> Vec<Vec<u8>> {
        if let Some(position) = cursor.and_then(position) {
            self.position = position;
        }
        self.position = match wishes.from {
            From::Cursor => self.position,
            From::Start => 0,
            From::Before(records) => self.position.saturating_sub(records),
        };
        let least = match (wishes, call.format) {
            (BodyWishes { oversized: true, .. } | BodyWishes { malformed: true, .. }, _) => 2,
            // A body that begins with `[` would be read as an array.
            (_, Format::Concat) | (BodyWishes { end: false, failure: false, .. }, _) => 1,
            _ => 0,
        };
        let count = rng.usize(least..least + 6);
        match call.format {
            Format::Sse => self.sse(call, count, wishes, rng),
            Format::Text => text(call, count, wishes, rng),
            _ => self.json(call, count, wishes, rng),
        }
    }

    fn object(&mut self, rng: &mut Rng) -> serde_json::Value {
        self.position += 1;
        json!({ "seq": self.position, "text": words(rng), "more": [rng.u8(..9), { "deep": null }] })
    }

    fn sse(&mut self, call: &CallOptions, count: usize, wishes: BodyWishes, rng: &mut Rng) -> Vec<Vec<u8>> {
        let line_end = ["\n", "\n", "\n", "\r\n", "\r"][rng.usize(..5)];
        let mut blocks: Vec<Vec<u8>> = Vec::new();
        let push = |lines: &[String], blocks: &mut Vec<Vec<u8>>| {
            let text: String = lines.iter().map(|line| format!("{line}{line_end}")).collect();
            blocks.push(format!("{text}{line_end}").into_bytes());
        };
        if rng.u8(..20) == 0 {
            blocks.push(b"\xEF\xBB\xBF".to_vec());
        }
        if rng.u8(..5) == 0 {
            push(&[format!("retry: {}", rng.u8(..9))], &mut blocks);
        }
        if wishes.long_retry {
            let ms = [60_001, 86_400_000, u64::MAX][rng.usize(..3)];
            push(&[format!("retry: {ms}")], &mut blocks);
        }
        let odd = rng.usize(..count.max(1));
        for index in 0..count {
            let mut lines = Vec::new();
            if rng.u8(..6) == 0 {
                lines.push(format!(": {}", words(rng)));
            }
            if rng.u8(..4) == 0 {
                lines.push(format!("event: {}", ["update", "note", "message", ""][rng.usize(..4)]));
            }
            let object = self.object(rng);
            let id = match self.ids {
                Ids::None => None,
                _ if rng.u8(..50) == 0 => Some(String::new()),
                // An event without an id inherits that of the event before it.
                Ids::Plain if rng.u8(..6) == 0 => None,
                Ids::Plain if rng.u8(..20) == 0 => Some(self.position.saturating_sub(1).to_string()),
                Ids::Plain => Some(self.position.to_string()),
                Ids::Ordered if rng.u8(..12) == 0 => None,
                Ids::Ordered => {
                    if rng.u8(..8) == 0 {
                        self.position += 2;
                    }
                    Some(format!("e7-{}", self.position))
                }
            };
            let id_first = rng.bool();
            if let (Some(id), true) = (&id, id_first) {
                lines.push(format!("id: {id}"));
            }
            let as_json = call.cursor_to.is_some() || call.kind == ItemKind::Records || rng.bool();
            if wishes.oversized && index == odd {
                lines.push(format!("data: {}", "波".repeat(700)));
            } else if as_json {
                lines.push(format!("data: {object}"));
            } else {
                for _ in 0..rng.usize(1..4) {
                    lines.push(match rng.u8(..6) {
                        0 => "data".to_owned(),
                        1 => format!("data:{}", words(rng)),
                        _ => format!("data: {}", words(rng)),
                    });
                }
            }
            if let (Some(id), false) = (&id, id_first) {
                lines.push(format!("id: {id}"));
            }
            if rng.u8(..12) == 0 {
                lines.push(["database: no", "id: a\0b", "retry: soon", "x"][rng.usize(..4)].to_owned());
            }
            push(&lines, &mut blocks);
            // An id without data counts too, and so does the id of a heartbeat.
            let has_id = self.ids != Ids::None && rng.u8(..12) == 0;
            let mut lines = Vec::new();
            if has_id {
                self.position += 1;
                lines.push(match self.ids {
                    Ids::Ordered => format!("id: e7-{}", self.position),
                    Ids::Plain | Ids::None => format!("id: {}", self.position),
                });
            }
            if call.heartbeat && rng.u8(..3) == 0 {
                lines.push(r#"data: {"type":"heartbeat"}"#.to_owned());
            }
            if !lines.is_empty() {
                push(&lines, &mut blocks);
            }
        }
        if wishes.failure {
            push(&["event: error".to_owned(), format!("data: {}", words(rng))], &mut blocks);
        }
        if wishes.end {
            match call.end_on {
                EndOn::Default => push(&["data: [DONE]".to_owned()], &mut blocks),
                EndOn::Event => push(&["event: close".to_owned(), "data: bye".to_owned()], &mut blocks),
                EndOn::Json => push(&[r#"data: {"done":true}"#.to_owned()], &mut blocks),
                EndOn::None => {}
            }
        }
        blocks
    }

    fn json(&mut self, call: &CallOptions, count: usize, wishes: BodyWishes, rng: &mut Rng) -> Vec<Vec<u8>> {
        let mut records: Vec<String> = Vec::new();
        let odd = if count > 1 { rng.usize(1..count) } else { 0 };
        for index in 0..count {
            if wishes.malformed && index == odd {
                records.push("}".to_owned());
            }
            let object = self.object(rng);
            records.push(match rng.u8(..8) {
                _ if wishes.oversized && index == odd => json!({ "big": "波".repeat(700) }).to_string(),
                0 if index > 0 && call.cursor_to.is_none() => json!(words(rng)).to_string(),
                1 if index > 0 && call.cursor_to.is_none() => json!([1, words(rng)]).to_string(),
                2 if call.format == Format::Concat => format!("{object:#}"),
                _ => object.to_string(),
            });
            if call.heartbeat && rng.u8(..3) == 0 {
                records.push(r#"{"type":"heartbeat"}"#.to_owned());
            }
        }
        if wishes.end {
            match call.end_on {
                EndOn::Json => records.push(r#"{"seq":0,"done":true}"#.to_owned()),
                EndOn::Default if call.format != Format::JsonArray => records.push("[DONE]".to_owned()),
                _ => {}
            }
        }
        let mut blocks: Vec<Vec<u8>> = match call.format {
            Format::Ndjson => {
                let line_end = if rng.u8(..4) == 0 { "\r\n" } else { "\n" };
                let blank = if rng.u8(..4) == 0 { line_end } else { "" };
                records.iter().map(|record| format!("{record}{line_end}{blank}").into()).collect()
            }
            Format::JsonSeq => records.iter().map(|record| format!("\u{1E}{record}\n").into()).collect(),
            Format::Concat => {
                let glue = ["", " ", "\n", "\r\n"][rng.usize(..4)];
                records.iter().map(|record| format!("{record}{glue}").into()).collect()
            }
            _ => {
                let mut text = String::from("[");
                for (index, record) in records.iter().enumerate() {
                    text += if index == 0 { "" } else { ",\r\n" };
                    text += record;
                    text += "\u{0}";
                }
                text += "]\n";
                // Each element is a block, together with the separator before it.
                text.split('\u{0}').map(|block| block.as_bytes().to_vec()).collect()
            }
        };
        if rng.u8(..20) == 0 && call.format == Format::Ndjson {
            blocks.insert(0, b"\xEF\xBB\xBF".to_vec());
        }
        blocks
    }
}

fn text(call: &CallOptions, count: usize, wishes: BodyWishes, rng: &mut Rng) -> Vec<Vec<u8>> {
    let mut blocks: Vec<Vec<u8>> = (0..count).map(|_| format!("{} ", words(rng)).into_bytes()).collect();
    if wishes.end && call.end_on != EndOn::None {
        let white = if rng.bool() { "\n" } else { "" };
        blocks.push(format!("[DONE]{white}").into_bytes());
    }
    blocks
}

/// The number in an id.
fn position(id: &str) -> Option<u64> {
    id.rsplit('-').next()?.parse().ok()
}
