//! An oracle that tells how a recorded stream ends at each cut. It has the dialects' rules about ends, written independently of their code.

use serde_json::Value;

use crate::corpus::Recording;
use crate::naive::{Record, Rest, Rests, records};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// A clean end completes the stream.
    MayComplete,
    /// A clean end ends the stream.
    MayEnd,
    Complete,
    Failed,
}

/// The state of the stream after each record, with the offset of that record's end.
pub(crate) struct Ends {
    states: Vec<(usize, State)>,
    first: State,
    /// Whether `[DONE]` ends the stream.
    done: bool,
    rests: Rests,
}

pub(crate) fn outcome(recording: &Recording, at: usize) -> &'static str {
    Ends::of(recording).at(at)
}

impl Ends {
    pub(crate) fn of(recording: &Recording) -> Self {
        let first = if recording.dialect == "generic" { State::MayEnd } else { State::Open };
        let done = matches!(recording.dialect, "openai-chat" | "cohere" | "gemini-interactions" | "generic");
        let mut tracker =
            Tracker { dialect: recording.dialect, state: first, finished: Vec::new(), marks: (false, false) };
        let records = records(recording);
        let states = records
            .iter()
            .map(|record| {
                tracker.record(record, done);
                (record.end, tracker.state)
            })
            .collect();
        Self { states, first, done, rests: Rests::of(recording) }
    }

    pub(crate) fn offsets(&self) -> Vec<usize> {
        self.states.iter().map(|(end, _)| *end).collect()
    }

    /// The number of records up to and including the one that ends the stream.
    pub(crate) fn last_record(&self) -> usize {
        let over = |(_, state): &(usize, State)| matches!(state, State::Complete | State::Failed);
        self.states.iter().position(over).map_or(self.states.len(), |place| place + 1)
    }

    /// The outcome of a body that ends cleanly at `at`.
    pub(crate) fn at(&self, at: usize) -> &'static str {
        match (self.state(at), self.rests.at(at)) {
            (State::Complete, _) => "complete",
            (State::Failed, _) => "failed",
            (_, Rest::Done) if self.done => "complete",
            (_, Rest::Done | Rest::Inside) => "truncated",
            (State::MayComplete, Rest::Nothing) => "complete",
            (State::MayEnd, Rest::Nothing) => "ended",
            (State::Open, Rest::Nothing) => "truncated",
        }
    }

    /// The outcome of a body that breaks off at `at`. A record that only a clean end would complete does not count.
    pub(crate) fn broken_at(&self, at: usize) -> &'static str {
        match self.state(self.rests.whole_at(at)) {
            State::Complete => "complete",
            State::Failed => "failed",
            State::Open | State::MayComplete | State::MayEnd => "truncated",
        }
    }

    fn state(&self, at: usize) -> State {
        let whole = self.states.partition_point(|(end, _)| *end <= at);
        whole.checked_sub(1).map_or(self.first, |last| self.states[last].1)
    }
}

/// Follows the state of a reply record by record.
struct Tracker {
    dialect: &'static str,
    state: State,
    /// The numbers of choices or candidates, and whether each is finished.
    finished: Vec<(u64, bool)>,
    /// Whether Bedrock's `messageStop` and `metadata` have arrived.
    marks: (bool, bool),
}

impl Tracker {
    fn record(&mut self, record: &Record, done: bool) {
        if matches!(self.state, State::Complete | State::Failed) {
            return;
        }
        if record.data == "[DONE]" {
            if done {
                self.state = State::Complete;
            }
            return;
        }
        let Ok(event) = serde_json::from_str::<Value>(&record.data) else { return };
        self.state = match self.dialect {
            "generic" if event.get("error").is_some_and(|error| !error.is_null()) => State::Failed,
            "generic" => State::MayEnd,
            _ if !event["error"].is_null() && self.dialect != "openai-responses" => State::Failed,
            "openai-chat" => {
                self.finish(&event["choices"], "finish_reason", |choice| choice["index"].as_u64())
            }
            "gemini" => self.finish(&event["candidates"], "finishReason", |one| one["index"].as_u64()),
            "openai-responses" => match event["type"].as_str() {
                Some("response.completed" | "response.incomplete") => State::Complete,
                Some("response.failed" | "error") => State::Failed,
                _ => State::Open,
            },
            "anthropic" if event["type"] == "message_stop" => State::Complete,
            "gemini-interactions" if event["event_type"] == "interaction.completed" => State::Complete,
            "cohere" if event["type"] == "message-end" => State::Complete,
            "ollama" if event["done"] == true => State::Complete,
            "bedrock-json" => {
                self.marks.0 |= event.get("messageStop").is_some();
                self.marks.1 |= event.get("metadata").is_some();
                match self.marks {
                    (true, true) => State::Complete,
                    (true, false) => State::MayComplete,
                    (false, _) => State::Open,
                }
            }
            _ => State::Open,
        };
    }

    fn finish(&mut self, choices: &Value, reason: &str, index: impl Fn(&Value) -> Option<u64>) -> State {
        for choice in choices.as_array().into_iter().flatten() {
            let number = index(choice).unwrap_or_default();
            let finished = choice[reason].as_str().is_some_and(|reason| !reason.is_empty());
            match self.finished.iter_mut().find(|(known, _)| *known == number) {
                Some(known) => known.1 |= finished,
                None => self.finished.push((number, finished)),
            }
        }
        let all = !self.finished.is_empty() && self.finished.iter().all(|(_, finished)| *finished);
        if all { State::MayComplete } else { State::Open }
    }
}
