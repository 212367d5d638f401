//! Reads a scenario file, with errors that name the line.

use std::{mem, str::FromStr, sync::Arc, time::Duration};

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::format::{
    FileLine, FileResponse, ResponseLine, ScenarioFile, ScenarioFileError, True, is_framing,
};
use crate::serve::{response::ResponseHead, script::ScriptStep};

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
        parser.close();
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
/// Between ── response ──▶ Within          Between stays: wait, cut (a connection without a head)
/// Between ◀─ end cut stall ── Within      Within stays: wait, text, base64, response (which ends the one before)
/// ```
#[derive(Debug, Default)]
struct Parser {
    responses: Vec<FileResponse>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// No response is open. The next one's head takes `delay`.
    Between { delay: Duration },
    /// A response is open.
    Within { delay: Duration, head: Option<ResponseHead>, steps: Vec<ScriptStep> },
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
            // The caller knows the line's number; serde_json counts from this line.
            let problem = error.split(" at line").next().unwrap_or(&error);
            format!("{problem}; {KINDS}")
        })?;
        match (&mut self.place, line) {
            (Place::Between { delay }, FileLine::WaitMs(ms)) => {
                *delay = delay.saturating_add(Duration::from_millis(ms));
            }
            (Place::Between { delay }, FileLine::Response(response)) => {
                let delay = *delay;
                self.open(delay, response.parse()?);
            }
            (Place::Between { delay }, FileLine::Cut(True)) => {
                let response = FileResponse { delay: *delay, head: None, steps: Arc::new([]) };
                self.responses.push(response);
                self.place = Place::default();
            }
            (
                Place::Between { .. },
                FileLine::Text(_) | FileLine::Base64(_) | FileLine::Stall(_) | FileLine::End(_),
            ) => {
                return Err(format!("this is outside of any response; {START}"));
            }
            (Place::Within { .. }, FileLine::Response(response)) => {
                self.open(Duration::ZERO, response.parse()?);
            }
            (Place::Within { steps, .. }, FileLine::WaitMs(ms)) => {
                steps.push(ScriptStep::Pause(Duration::from_millis(ms)));
            }
            (Place::Within { steps, .. }, FileLine::Text(text)) => steps.push(ScriptStep::bytes(text)),
            (Place::Within { steps, .. }, FileLine::Base64(text)) => {
                let bytes = STANDARD.decode(text).map_err(|error| format!("not base64: {error}"))?;
                steps.push(ScriptStep::bytes(bytes));
            }
            (Place::Within { .. }, FileLine::Stall(True)) => self.last_step(ScriptStep::Stall),
            (Place::Within { .. }, FileLine::Cut(True)) => self.last_step(ScriptStep::Cut),
            (Place::Within { .. }, FileLine::End(True)) => self.last_step(ScriptStep::End),
        }
        Ok(())
    }

    /// Begins a response; one that is open ends.
    fn open(&mut self, delay: Duration, head: ResponseHead) {
        self.close();
        self.place = Place::Within { delay, head: Some(head), steps: Vec::new() };
    }

    fn last_step(&mut self, step: ScriptStep) {
        if let Place::Within { steps, .. } = &mut self.place {
            steps.push(step);
        }
        self.close();
    }

    /// Ends the response that is open, if one is.
    fn close(&mut self) {
        if let Place::Within { delay, head, steps } = mem::take(&mut self.place) {
            self.responses.push(FileResponse { delay, head, steps: steps.into() });
        }
    }
}

impl ResponseLine {
    fn parse(self) -> Result<ResponseHead, String> {
        let status = Some(self.status)
            .filter(|status| (200..600).contains(status))
            .and_then(|status| StatusCode::from_u16(status).ok())
            .ok_or_else(|| format!("status {} is out of range; expected 200 to 599", self.status))?;
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            if is_framing(&name) {
                return Err(format!("the server sends header `{name}` itself; leave it out"));
            }
            let name =
                HeaderName::from_str(&name).map_err(|_| format!("`{name}` cannot be a header's name"))?;
            let value = HeaderValue::from_str(&value)
                .map_err(|_| format!("header `{name}` cannot have the value {value:?}"))?;
            headers.append(name, value);
        }
        Ok(ResponseHead { status, headers })
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
            (r#"{"text":"x"}"#, 1, "outside of any response"),
            (&format!("{head}\n{{\"end\":true}}\n\n{{\"text\":\"x\"}}"), 4, "outside of any response"),
            (&format!("{head}\n{{\"wait\":1}}"), 2, "expected one object with one of"),
            (&format!("{head}\nhello"), 2, "expected one object with one of"),
            (&format!("{head}\n{{\"wait_ms\":-1}}"), 2, "expected u64"),
            (&format!("{head}\n{{\"base64\":\"*\"}}"), 2, "not base64"),
            (&format!("{head}\n{{\"cut\":false}}"), 2, "expected true"),
            (r#"{"response":{"status":99}}"#, 1, "expected 200 to 599"),
            (r#"{"response":{"status":200,"header":[]}}"#, 1, "unknown field"),
            (r#"{"response":{"status":200,"headers":[["a b","c"]]}}"#, 1, "cannot be a header's name"),
            (r#"{"response":{"status":200,"headers":[["Transfer-Encoding","chunked"]]}}"#, 1, "leave it out"),
        ];
        for (text, line, part) in rows {
            let error = text.parse::<ScenarioFile>().unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(error.problem.contains(part), "{text}: {error}");
        }
    }
}
