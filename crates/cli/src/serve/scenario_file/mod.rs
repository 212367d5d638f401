//! Scenario files: a timeline of bytes, pauses and cuts in JSON Lines, written by hand or recorded.
//!
//! `docs/scenarios.md` describes the format.

mod parser;
mod writer;

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

pub use self::writer::Writer;
use super::{
    scenario::{Head, Reply},
    script::Step,
};

/// What a scenario file says: one response for each request, the last one for all further requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioFile {
    responses: Vec<Response>,
}

impl ScenarioFile {
    /// How many responses it has; at least one.
    pub fn responses(&self) -> usize {
        self.responses.len()
    }

    /// What the `nth` request gets, counted from 0.
    pub(crate) fn reply(&self, nth: u64) -> Reply {
        let last = self.responses.len() - 1;
        let response = &self.responses[usize::try_from(nth).unwrap_or(last).min(last)];
        Reply {
            delay: response.delay,
            head: response.head.clone(),
            script: Box::new(response.steps.clone().into_iter()),
        }
    }
}

/// A line that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScenarioFileError {
    /// Its number, from 1; 0 for a file that has none.
    pub line: usize,
    /// What is wrong with it, and what is expected.
    pub problem: String,
}

impl fmt::Display for ScenarioFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "scenario file: {}", self.problem),
            line => write!(f, "scenario file, line {line}: {}", self.problem),
        }
    }
}

impl std::error::Error for ScenarioFileError {}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Response {
    delay: Duration,
    head: Option<Head>,
    steps: Vec<Step>,
}

/// One line of a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Response(HeadLine),
    WaitMs(u64),
    Text(String),
    Base64(String),
    Stall(Yes),
    Cut(Yes),
    End(Yes),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadLine {
    status: u16,
    #[serde(default)]
    headers: Vec<(String, String)>,
}

/// Only `true` makes sense of `{"cut":…}`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "bool", into = "bool")]
struct Yes;

impl TryFrom<bool> for Yes {
    type Error = &'static str;

    fn try_from(value: bool) -> Result<Self, &'static str> {
        value.then_some(Self).ok_or("expected true; leave the line out otherwise")
    }
}

impl From<Yes> for bool {
    fn from(_: Yes) -> Self {
        true
    }
}

/// Headers of the connection, not of what it carries.
fn is_framing(name: &str) -> bool {
    ["connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"]
        .iter()
        .any(|framing| name.eq_ignore_ascii_case(framing))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut file = Vec::new();
        let mut writer = Writer::new(&mut file);
        let headers = [
            ("content-type", "text/event-stream"),
            ("Set-Cookie", "sid=1"),
            ("x-session-token", "t"),
            ("content-encoding", "gzip"),
            ("transfer-encoding", "chunked"),
            ("x-request-id", "r1"),
        ];
        writer.response(200, headers, ms(30)).unwrap();
        writer.bytes("data: 你\n\n".as_bytes(), ms(31)).unwrap();
        writer.bytes(b"data: \xE4\xBD", Duration::from_micros(31_900)).unwrap();
        writer.cut(ms(40)).unwrap();
        writer.cut(ms(5)).unwrap();
        writer.response(307, [("location", "/")], ms(7)).unwrap();
        writer.response(204, [("", ""); 0], ms(0)).unwrap();
        writer.end(ms(0)).unwrap();

        let text = String::from_utf8(file).unwrap();
        let kept = HeaderMap::from_iter([
            (HeaderName::from_static("content-type"), HeaderValue::from_static("text/event-stream")),
            (HeaderName::from_static("x-request-id"), HeaderValue::from_static("r1")),
        ]);
        let location =
            HeaderMap::from_iter([(HeaderName::from_static("location"), HeaderValue::from_static("/"))]);
        let want = ScenarioFile {
            responses: vec![
                Response {
                    delay: ms(30),
                    head: Some(Head { status: StatusCode::OK, headers: kept }),
                    steps: vec![
                        Step::Pause(ms(1)),
                        Step::bytes("data: 你\n\n"),
                        Step::bytes(&b"data: \xE4\xBD"[..]),
                        Step::Pause(ms(9)),
                        Step::Cut,
                    ],
                },
                Response { delay: ms(5), head: None, steps: vec![] },
                Response {
                    delay: ms(7),
                    head: Some(Head { status: StatusCode::TEMPORARY_REDIRECT, headers: location }),
                    steps: vec![Step::End],
                },
                Response {
                    delay: ms(0),
                    head: Some(Head { status: StatusCode::NO_CONTENT, headers: HeaderMap::new() }),
                    steps: vec![Step::End],
                },
            ],
        };
        assert_eq!(text.parse(), Ok(want), "{text}");
    }

    #[test]
    fn later_requests_get_the_last_response() {
        let text = "{\"response\":{\"status\":500}}\n{\"wait_ms\":3}\n{\"response\":{\"status\":200}}\n";
        let file: ScenarioFile = text.parse().unwrap();
        let statuses = [0, 1, 2, u64::MAX].map(|nth| file.reply(nth).head.unwrap().status.as_u16());
        assert_eq!(statuses, [500, 200, 200, 200]);
        assert_eq!(file.reply(0).script.collect::<Vec<_>>(), [Step::Pause(ms(3))]);
    }
}
