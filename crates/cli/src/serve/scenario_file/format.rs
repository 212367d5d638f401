//! What a scenario file holds: its lines, and the responses that they describe.

use std::{fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::serve::{
    response::{ResponseHead, ScriptedResponse},
    script::{Script, ScriptStep},
};

/// A scenario file: one response for each request, and the last one for all further requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioFile {
    pub(super) responses: Vec<FileResponse>,
}

impl ScenarioFile {
    /// The number of responses; at least one.
    pub fn responses(&self) -> usize {
        self.responses.len()
    }

    /// The response to the `nth` request, counted from 0.
    pub(crate) fn respond(&self, nth: u64) -> ScriptedResponse {
        let last = self.responses.len() - 1;
        let response = &self.responses[usize::try_from(nth).unwrap_or(last).min(last)];
        ScriptedResponse {
            delay: response.delay,
            head: response.head.clone(),
            script: play(Arc::clone(&response.steps)),
        }
    }
}

/// The steps in order. All responses share them, so that a request takes no memory for them.
fn play(steps: Arc<[ScriptStep]>) -> Script {
    Box::new((0..steps.len()).filter_map(move |at| steps.get(at).cloned()))
}

/// A line that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScenarioFileError {
    /// Its number, from 1; 0 if the file has no lines.
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

/// A response of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileResponse {
    pub(super) delay: Duration,
    pub(super) head: Option<ResponseHead>,
    pub(super) steps: Arc<[ScriptStep]>,
}

/// One line of a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FileLine {
    Response(ResponseLine),
    WaitMs(u64),
    Text(String),
    Base64(String),
    Stall(True),
    Cut(True),
    End(True),
}

/// The value of `response`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResponseLine {
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: Vec<(String, String)>,
}

/// The value of `stall`, `cut` and `end`, which can only be `true`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "bool", into = "bool")]
pub(super) struct True;

impl TryFrom<bool> for True {
    type Error = &'static str;

    fn try_from(value: bool) -> Result<Self, &'static str> {
        value.then_some(Self).ok_or("expected true; leave the line out otherwise")
    }
}

impl From<True> for bool {
    fn from(_: True) -> Self {
        true
    }
}

/// Whether a header belongs to the connection rather than to the response.
pub(super) fn is_framing(name: &str) -> bool {
    ["connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"]
        .iter()
        .any(|framing| name.eq_ignore_ascii_case(framing))
}
