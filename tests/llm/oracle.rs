//! How a recorded stream ends wherever it is cut: the rules of the dialects' ends over whole records, written without a look at the dialects.

use serde_json::Value;

use crate::corpus::Recording;
use crate::naive::{Record, Rest, Rests, records};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    Open,
    /// A clean end completes it.
    May,
    /// A clean end is one.
    Free,
    Complete,
    Failed,
}

/// How the stream stands behind each record, with the offset of that record's end.
pub(crate) struct Ends {
    stands: Vec<(usize, Stand)>,
    first: Stand,
    /// `[DONE]` is an end.
    done: bool,
    rests: Rests,
}

pub(crate) fn outcome(recording: &Recording, at: usize) -> &'static str {
    Ends::of(recording).at(at)
}

impl Ends {
    pub(crate) fn of(recording: &Recording) -> Self {
        let first = if recording.dialect == "generic" { Stand::Free } else { Stand::Open };
        let done = matches!(recording.dialect, "openai-chat" | "cohere" | "generic");
        let mut judge =
            Judge { dialect: recording.dialect, stand: first, finished: Vec::new(), marks: (false, false) };
        let records = records(recording);
        let stands = records
            .iter()
            .map(|record| {
                judge.record(record, done);
                (record.end, judge.stand)
            })
            .collect();
        Self { stands, first, done, rests: Rests::of(recording) }
    }

    pub(crate) fn offsets(&self) -> Vec<usize> {
        self.stands.iter().map(|(end, _)| *end).collect()
    }

    /// How many records there are up to the one that ends the stream.
    pub(crate) fn last_record(&self) -> usize {
        let over = |(_, stand): &(usize, Stand)| matches!(stand, Stand::Complete | Stand::Failed);
        self.stands.iter().position(over).map_or(self.stands.len(), |place| place + 1)
    }

    /// The outcome of a body that ends cleanly at `at`.
    pub(crate) fn at(&self, at: usize) -> &'static str {
        match (self.stand(at), self.rests.at(at)) {
            (Stand::Complete, _) => "complete",
            (Stand::Failed, _) => "failed",
            (_, Rest::Done) if self.done => "complete",
            (_, Rest::Done | Rest::Inside) => "truncated",
            (Stand::May, Rest::Nothing) => "complete",
            (Stand::Free, Rest::Nothing) => "ended",
            (Stand::Open, Rest::Nothing) => "truncated",
        }
    }

    /// The outcome of a body that breaks off at `at`. What only a clean end shows to be whole does not count.
    pub(crate) fn broken_at(&self, at: usize) -> &'static str {
        match self.stand(self.rests.whole_at(at)) {
            Stand::Complete => "complete",
            Stand::Failed => "failed",
            Stand::Open | Stand::May | Stand::Free => "truncated",
        }
    }

    fn stand(&self, at: usize) -> Stand {
        let whole = self.stands.partition_point(|(end, _)| *end <= at);
        whole.checked_sub(1).map_or(self.first, |last| self.stands[last].1)
    }
}

struct Judge {
    dialect: &'static str,
    stand: Stand,
    /// Choices and candidates, and whether they are finished.
    finished: Vec<(u64, bool)>,
    /// Bedrock's stop and metadata.
    marks: (bool, bool),
}

impl Judge {
    fn record(&mut self, record: &Record, done: bool) {
        if matches!(self.stand, Stand::Complete | Stand::Failed) {
            return;
        }
        if record.data == "[DONE]" {
            if done {
                self.stand = Stand::Complete;
            }
            return;
        }
        let Ok(event) = serde_json::from_str::<Value>(&record.data) else { return };
        self.stand = match self.dialect {
            "generic" if event.get("error").is_some_and(|error| !error.is_null()) => Stand::Failed,
            "generic" => Stand::Free,
            _ if !event["error"].is_null() && self.dialect != "openai-responses" => Stand::Failed,
            "openai-chat" => {
                self.finish(&event["choices"], "finish_reason", |choice| choice["index"].as_u64())
            }
            "gemini" => self.finish(&event["candidates"], "finishReason", |one| one["index"].as_u64()),
            "openai-responses" => match event["type"].as_str() {
                Some("response.completed" | "response.incomplete") => Stand::Complete,
                Some("response.failed" | "error") => Stand::Failed,
                _ => Stand::Open,
            },
            "anthropic" if event["type"] == "message_stop" => Stand::Complete,
            "cohere" if event["type"] == "message-end" => Stand::Complete,
            "ollama" if event["done"] == true => Stand::Complete,
            "bedrock-json" => {
                self.marks.0 |= event.get("messageStop").is_some();
                self.marks.1 |= event.get("metadata").is_some();
                match self.marks {
                    (true, true) => Stand::Complete,
                    (true, false) => Stand::May,
                    (false, _) => Stand::Open,
                }
            }
            _ => Stand::Open,
        };
    }

    fn finish(&mut self, choices: &Value, reason: &str, index: impl Fn(&Value) -> Option<u64>) -> Stand {
        for choice in choices.as_array().into_iter().flatten() {
            let number = index(choice).unwrap_or_default();
            let finished = choice[reason].as_str().is_some_and(|reason| !reason.is_empty());
            match self.finished.iter_mut().find(|(known, _)| *known == number) {
                Some(known) => known.1 |= finished,
                None => self.finished.push((number, finished)),
            }
        }
        let all = !self.finished.is_empty() && self.finished.iter().all(|(_, finished)| *finished);
        if all { Stand::May } else { Stand::Open }
    }
}
