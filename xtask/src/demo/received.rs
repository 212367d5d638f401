//! Reads the lines of `tidewire get --output events`, and checks that no event was lost or doubled.

use serde_json::Value;

use crate::run::Trouble;

/// One line of `tidewire get --output events`, with the fields that the demo needs.
pub(super) enum Line {
    Event {
        id: Option<String>,
        data: String,
    },
    Attempt {
        attempt: u64,
        delay_ms: u64,
        reason: String,
        cursor: Option<String>,
    },
    End {
        outcome: String,
        bytes: u64,
        requests: u64,
    },
    /// Comments, `retry:` and the like, which do not matter here.
    Other,
}

impl Line {
    pub(super) fn read(line: &str) -> Result<Self, Trouble> {
        let value: Value = serde_json::from_str(line).map_err(|error| {
            Trouble::Failed(format!("`tidewire get --output events` wrote `{line}`: {error}"))
        })?;
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let number = |name: &str| value[name].as_u64().unwrap_or_default();
        Ok(match value["type"].as_str() {
            Some("event") => Line::Event { id: text("id"), data: text("data").unwrap_or_default() },
            Some("attempt") => Line::Attempt {
                attempt: number("attempt"),
                delay_ms: number("delay_ms"),
                reason: text("reason").unwrap_or_default(),
                cursor: text("cursor"),
            },
            Some("end") => Line::End {
                outcome: text("outcome").unwrap_or_default(),
                bytes: number("bytes"),
                requests: number("attempts"),
            },
            _ => Line::Other,
        })
    }

    /// The readable text of an event: the content of an OpenAI delta, else the event's data.
    pub(super) fn text(&self) -> String {
        let Line::Event { data, .. } = self else { return String::new() };
        let Ok(value) = serde_json::from_str::<Value>(data) else { return data.clone() };
        match value.pointer("/choices/0/delta") {
            Some(delta) => delta["content"].as_str().unwrap_or_default().to_owned(),
            None => data.clone(),
        }
    }
}

/// What a stream delivered, over all its requests.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub(super) ids: Vec<String>,
    pub(super) text: String,
    pub(super) cuts: usize,
    pub(super) requests: u64,
    pub(super) bytes: u64,
    /// Empty until the stream has ended.
    pub(super) outcome: String,
}

impl Received {
    pub(super) fn add(&mut self, line: Line) {
        self.text += &line.text();
        match line {
            Line::Event { id, .. } => self.ids.push(id.unwrap_or_default()),
            Line::Attempt { .. } => self.cuts += 1,
            Line::End { outcome, bytes, requests } => {
                (self.outcome, self.bytes, self.requests) = (outcome, bytes, requests);
            }
            Line::Other => {}
        }
    }

    /// Fails unless both have the same ids in order, the same text and a successful outcome.
    pub(super) fn same_as(&self, wanted: &Received) -> Result<(), Trouble> {
        let counted = wanted.ids.iter().enumerate().all(|(at, id)| *id == (at + 1).to_string());
        let fault = if wanted.ids.is_empty() || wanted.cuts > 0 || !counted {
            "the run without cuts was cut, or its ids do not count from 1".to_owned()
        } else if let Some(at) = first_difference(&self.ids, &wanted.ids) {
            let id = |ids: &[String]| ids.get(at).map_or("the end".to_owned(), |id| format!("event {id}"));
            format!("lost or doubled: after {at} events came {}, not {}", id(&self.ids), id(&wanted.ids))
        } else if self.text != wanted.text {
            "the ids are right, but the text differs".to_owned()
        } else if self.outcome != wanted.outcome {
            format!("ended `{}`, not `{}`", self.outcome, wanted.outcome)
        } else if !matches!(self.outcome.as_str(), "complete" | "ended") {
            format!("ended `{}`", self.outcome)
        } else {
            return Ok(());
        };
        Err(Trouble::Failed(fault))
    }
}

fn first_difference(left: &[String], right: &[String]) -> Option<usize> {
    let longest = left.len().max(right.len());
    (0..longest).find(|&at| left.get(at) != right.get(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: &str = r#"{"type":"end","outcome":"complete","events":3,"bytes":60,"attempts":1}"#;

    #[test]
    fn only_the_same_events_pass() {
        let rows = [
            (vec![1, 2, 3], Ok(())),
            (vec![1, 3], Err("lost or doubled: after 1 events came event 3, not event 2")),
            (vec![1, 2, 2, 3], Err("lost or doubled: after 2 events came event 2, not event 3")),
            (vec![1, 2], Err("lost or doubled: after 2 events came the end, not event 3")),
            (vec![1, 2, 3, 4], Err("lost or doubled: after 3 events came event 4, not the end")),
        ];
        let wanted = received(&[1, 2, 3], END);
        for (ids, want) in rows {
            let result = received(&ids, END).same_as(&wanted).map_err(|trouble| trouble.to_string());
            assert_eq!(result, want.map_err(str::to_owned));
        }
    }

    #[test]
    fn a_truncated_stream_never_passes() {
        let truncated = received(&[1, 2, 3], r#"{"type":"end","outcome":"truncated"}"#);
        assert!(truncated.same_as(&received(&[1, 2, 3], END)).is_err());
        assert!(truncated.same_as(&truncated).is_err());
        assert!(received(&[], END).same_as(&received(&[], END)).is_err());
    }

    fn received(ids: &[u32], end: &str) -> Received {
        let event = |id: &u32| {
            format!(
                r#"{{"type":"event","id":"{id}","data":"{{\"choices\":[{{\"delta\":{{\"content\":\"潮{id}\"}}}}]}}"}}"#
            )
        };
        let mut received = Received::default();
        for line in ids.iter().map(event).chain([end.to_owned()]) {
            received.add(Line::read(&line).unwrap());
        }
        received
    }
}
