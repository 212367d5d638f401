//! From lines to responses, with errors that name the line.

use std::{str::FromStr, time::Duration};

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{HeadLine, Line, Response, ScenarioFile, ScenarioFileError, Yes, is_framing};
use crate::serve::{scenario::Head, script::Step};

impl FromStr for ScenarioFile {
    type Err = ScenarioFileError;

    fn from_str(text: &str) -> Result<Self, ScenarioFileError> {
        let mut parser = Parser::default();
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            parser.line(line).map_err(|problem| ScenarioFileError { line: index + 1, problem })?;
        }
        match parser.responses.is_empty() {
            true => Err(ScenarioFileError { line: 0, problem: format!("no response; {START}") }),
            false => Ok(Self { responses: parser.responses }),
        }
    }
}

const START: &str =
    r#"begin with {"response":{"status":200,"headers":[["content-type","text/event-stream"]]}}"#;

const KINDS: &str =
    r#"expected one object with one of "response", "wait_ms", "text", "base64", "stall", "cut", "end""#;

/// ```text
/// Between ── response ──▶ Within          wait keeps Between, and so does cut: a connection without a head
/// Between ◀─ end cut stall ── Within      wait, text, base64 keep Within, and so does response: the one before ends
/// ```
#[derive(Debug, Default)]
struct Parser {
    responses: Vec<Response>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// No response is open; the next one's head comes after `delay`.
    Between { delay: Duration },
    /// Steps are those of the last response.
    Within,
}

impl Default for Place {
    fn default() -> Self {
        Self::Between { delay: Duration::ZERO }
    }
}

impl Parser {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let line = serde_json::from_str(line).map_err(|error| {
            let error = error.to_string();
            // The line is known already, and serde_json's would always be 1.
            let problem = error.split(" at line").next().unwrap_or(&error);
            format!("{problem}; {KINDS}")
        })?;
        match (&mut self.place, line) {
            (Place::Between { delay }, Line::WaitMs(ms)) => {
                *delay = delay.saturating_add(Duration::from_millis(ms));
            }
            (Place::Between { delay }, Line::Response(head)) => {
                let delay = *delay;
                self.open(delay, Some(head.parse()?));
            }
            (Place::Between { delay }, Line::Cut(Yes)) => {
                let delay = *delay;
                self.open(delay, None);
                self.place = Place::default();
            }
            (Place::Between { .. }, Line::Text(_) | Line::Base64(_) | Line::Stall(_) | Line::End(_)) => {
                return Err(format!("this stands outside any response; {START}"));
            }
            (Place::Within, Line::Response(head)) => self.open(Duration::ZERO, Some(head.parse()?)),
            (Place::Within, Line::WaitMs(ms)) => self.step(Step::Pause(Duration::from_millis(ms))),
            (Place::Within, Line::Text(text)) => self.step(Step::bytes(text)),
            (Place::Within, Line::Base64(text)) => {
                let bytes = STANDARD.decode(text).map_err(|error| format!("not base64: {error}"))?;
                self.step(Step::bytes(bytes));
            }
            (Place::Within, Line::Stall(Yes)) => self.last_step(Step::Stall),
            (Place::Within, Line::Cut(Yes)) => self.last_step(Step::Cut),
            (Place::Within, Line::End(Yes)) => self.last_step(Step::End),
        }
        Ok(())
    }

    fn open(&mut self, delay: Duration, head: Option<Head>) {
        self.responses.push(Response { delay, head, steps: Vec::new() });
        self.place = Place::Within;
    }

    fn step(&mut self, step: Step) {
        if let Some(response) = self.responses.last_mut() {
            response.steps.push(step);
        }
    }

    fn last_step(&mut self, step: Step) {
        self.step(step);
        self.place = Place::default();
    }
}

impl HeadLine {
    fn parse(self) -> Result<Head, String> {
        let status = Some(self.status)
            .filter(|status| (200..600).contains(status))
            .and_then(|status| StatusCode::from_u16(status).ok())
            .ok_or_else(|| format!("status {} is none; expected 200 to 599", self.status))?;
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            if is_framing(&name) {
                return Err(format!("header `{name}` is the server's own; leave it out"));
            }
            let name = HeaderName::from_str(&name).map_err(|_| format!("`{name}` is no header's name"))?;
            let value = HeaderValue::from_str(&value)
                .map_err(|_| format!("header `{name}` cannot have the value {value:?}"))?;
            headers.append(name, value);
        }
        Ok(Head { status, headers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_line_is_named_with_what_is_expected() {
        let head = r#"{"response":{"status":200}}"#;
        let rows: [(&str, usize, &str); 13] = [
            ("", 0, "begin with"),
            ("\n\n", 0, "begin with"),
            (r#"{"text":"x"}"#, 1, "outside any response"),
            (&format!("{head}\n{{\"end\":true}}\n\n{{\"text\":\"x\"}}"), 4, "outside any response"),
            (&format!("{head}\n{{\"wait\":1}}"), 2, "expected one object with one of"),
            (&format!("{head}\nhello"), 2, "expected one object with one of"),
            (&format!("{head}\n{{\"wait_ms\":-1}}"), 2, "expected u64"),
            (&format!("{head}\n{{\"base64\":\"*\"}}"), 2, "not base64"),
            (&format!("{head}\n{{\"cut\":false}}"), 2, "expected true"),
            (r#"{"response":{"status":99}}"#, 1, "expected 200 to 599"),
            (r#"{"response":{"status":200,"header":[]}}"#, 1, "unknown field"),
            (r#"{"response":{"status":200,"headers":[["a b","c"]]}}"#, 1, "no header's name"),
            (r#"{"response":{"status":200,"headers":[["Transfer-Encoding","chunked"]]}}"#, 1, "leave it out"),
        ];
        for (text, line, part) in rows {
            let error = text.parse::<ScenarioFile>().unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(error.problem.contains(part), "{text}: {error}");
        }
    }
}
