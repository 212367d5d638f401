//! Writes deltas and messages as lines of JSON, which the command prints and the tests of every language read. Fields without a value
//! are left out.

use alloc::string::String;
use core::fmt;

use crate::delta::Delta;
use crate::dialect::Dialect;
use crate::json::Value;
use crate::message::Message;

impl Delta<'_> {
    /// Appends `{"type":"delta","kind":"text","text":"…"}`, without a line feed. Other kinds have the fields of their variants, except that
    /// the `kind` of an error is written as `code`, and the `json` of [`Delta::Other`] as the JSON value `value`.
    pub fn write_line(&self, line: &mut String) {
        let mut fields = Fields::open(line);
        fields.text("type", "delta");
        fields.text("kind", self.kind());
        match self {
            Self::Start { id, model, created } => {
                fields.text("id", id);
                fields.text("model", model);
                fields.text("created", created);
            }
            Self::Text { choice, text }
            | Self::Reasoning { choice, text }
            | Self::Refusal { choice, text } => {
                fields.choice(*choice);
                fields.text("text", text);
            }
            Self::ToolCall { choice, index, id, name } => {
                fields.choice(*choice);
                fields.number("index", (*index).into());
                fields.text("id", id);
                fields.text("name", name);
            }
            Self::Arguments { choice, index, fragment } => {
                fields.choice(*choice);
                fields.number("index", (*index).into());
                fields.text("fragment", fragment);
            }
            Self::Usage(usage) => {
                for (name, count) in usage.named() {
                    fields.count(name, count);
                }
            }
            Self::Citation { choice, url, title } => {
                fields.choice(*choice);
                fields.text("url", url);
                fields.text("title", title);
            }
            Self::Finish { choice, reason, said } => {
                fields.choice(*choice);
                fields.text("reason", reason.name());
                fields.text("said", said);
            }
            Self::Error { kind, message, retryable } => {
                fields.text("code", kind);
                fields.text("message", message);
                fields.raw("retryable", if *retryable { "true" } else { "false" });
            }
            Self::Other { name, json } => {
                fields.text("name", name);
                fields.json("value", "value_text", json);
            }
        }
        fields.close();
    }
}

impl Message {
    /// Appends `{"type":"message","dialect":"…","text":"…","tool_calls":[{"id":"…","name":"…","arguments":{…}}],"finish":"stop", …}`,
    /// without a line feed. Arguments that are not JSON are written as the text `arguments_text`.
    pub fn write_line(&self, dialect: &Dialect, line: &mut String) {
        let mut fields = Fields::open(line);
        fields.text("type", "message");
        fields.text("dialect", dialect.name());
        self.write_fields(&mut fields);
        fields.close();
    }

    fn write_fields(&self, fields: &mut Fields<'_>) {
        fields.text("id", &self.id);
        fields.text("model", &self.model);
        fields.text("created", &self.created);
        fields.text("text", &self.text);
        fields.text("reasoning", &self.reasoning);
        fields.text("refusal", &self.refusal);
        fields.list("tool_calls", &self.tool_calls, |call, fields| {
            fields.text("id", &call.id);
            fields.text("name", &call.name);
            let text = if call.arguments().is_empty() { "{}" } else { call.arguments() };
            fields.json("arguments", "arguments_text", text);
        });
        fields.list("citations", &self.citations, |citation, fields| {
            fields.text("url", &citation.url);
            fields.text("title", &citation.title);
        });
        if let Some(finish) = self.finish {
            fields.text("finish", finish.name());
            fields.text("finish_said", &self.finish_said);
        }
        if !self.usage.is_empty() {
            let mut usage = fields.object("usage");
            for (name, count) in self.usage.named() {
                usage.count(name, count);
            }
            usage.close();
        }
        fields.list("others", &self.others, |other, fields| {
            fields.choice(other.choice);
            other.message.write_fields(fields);
        });
        fields.list("raw", &self.raw, |other, fields| {
            fields.text("name", &other.name);
            fields.json("value", "value_text", &other.json);
        });
    }
}

/// Writes a JSON object field by field.
struct Fields<'l> {
    line: &'l mut String,
    first: bool,
}

impl<'l> Fields<'l> {
    fn open(line: &'l mut String) -> Self {
        line.push('{');
        Self { line, first: true }
    }

    fn close(self) {
        self.line.push('}');
    }

    fn name(&mut self, name: &str) {
        if !core::mem::take(&mut self.first) {
            self.line.push(',');
        }
        self.line.push('"');
        self.line.push_str(name);
        self.line.push_str("\":");
    }

    fn raw(&mut self, name: &str, value: &str) {
        self.name(name);
        self.line.push_str(value);
    }

    fn text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.name(name);
            let _ = quoted(text, self.line);
        }
    }

    fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        digits(number, self.line);
    }

    fn count(&mut self, name: &str, count: Option<u64>) {
        if let Some(count) = count {
            self.number(name, count);
        }
    }

    fn choice(&mut self, choice: u32) {
        if choice > 0 {
            self.number("choice", choice.into());
        }
    }

    /// A JSON text as the value that it is, or else as a text.
    fn json(&mut self, name: &str, text_name: &str, json: &str) {
        match Value::parse(json.as_bytes()) {
            Ok(_) => {
                self.name(name);
                tidewire_core::json::compact(json, self.line);
            }
            Err(_) => self.text(text_name, json),
        }
    }

    fn object(&mut self, name: &str) -> Fields<'_> {
        self.name(name);
        Fields::open(self.line)
    }

    fn list<T>(&mut self, name: &str, items: &[T], write: impl Fn(&T, &mut Fields<'_>)) {
        if items.is_empty() {
            return;
        }
        self.name(name);
        for (place, item) in items.iter().enumerate() {
            self.line.push(if place == 0 { '[' } else { ',' });
            let mut fields = Fields::open(self.line);
            write(item, &mut fields);
            fields.close();
        }
        self.line.push(']');
    }
}

/// By hand, as all of this: where this crate is downloaded, `core::fmt` would weigh more than a dialect.
fn digits(number: u64, out: &mut String) {
    if number > 9 {
        digits(number / 10, out);
    }
    out.push(char::from(b'0' + (number % 10) as u8));
}

/// Writes a JSON string.
pub(crate) fn quoted(text: &str, out: &mut impl fmt::Write) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            c if u32::from(c) < 0x20 => {
                out.write_str(if u32::from(c) < 0x10 { "\\u000" } else { "\\u001" })?;
                out.write_char(char::from_digit(u32::from(c) % 0x10, 0x10).unwrap_or_default())?;
            }
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_strings_are_written_as_json() {
        let mut line = String::new();
        for number in [0, 9, 10, 1_234_567_890, u64::MAX] {
            digits(number, &mut line);
            line.push(' ');
        }
        assert_eq!(line, "0 9 10 1234567890 18446744073709551615 ");
        let every: String = (0..0x20_u8).map(char::from).chain("\"\\/ a\u{7F}é😀".chars()).collect();
        let mut line = String::new();
        assert!(quoted(&every, &mut line).is_ok());
        assert_eq!(serde_json::from_str::<String>(&line).ok(), Some(every));
    }
}
