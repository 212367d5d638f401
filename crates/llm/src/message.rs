//! The message that the deltas of a reply add up to.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::delta::{Delta, Finish, Usage};
use crate::partial::{Partial, Problem};
use crate::places::{Key, Keyed, Places};

/// A reply as far as it has arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The reply's id; empty if the provider gives none.
    pub id: String,
    /// The model.
    pub model: String,
    /// The time, as the provider writes it.
    pub created: String,
    /// The text.
    pub text: String,
    /// The reasoning.
    pub reasoning: String,
    /// The explanation of a refusal.
    pub refusal: String,
    /// The tool calls, in the order in which they began.
    pub tool_calls: Vec<ToolCall>,
    /// The sources that the reply cites.
    pub citations: Vec<Citation>,
    /// Why the reply is finished; `None` until it is.
    pub finish: Option<Finish>,
    /// The provider's own word for it.
    pub finish_said: String,
    /// The tokens used.
    pub usage: Usage,
    /// The further alternatives, if the request asked for more than one.
    pub others: Vec<Alternative>,
    places: Places,
    /// What arrived and has no field above.
    pub raw: Vec<Other>,
}

/// One of several alternatives of a reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alternative {
    /// The number of the alternative; the message itself is 0.
    pub choice: u32,
    /// Its texts, tool calls, citations and finish.
    pub message: Message,
}

/// A source that a reply cites.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Citation {
    /// The URL of the source; empty if it has none.
    pub url: String,
    /// The title of the source; empty if it has none.
    pub title: String,
}

/// A part of a reply that has no kind of its own here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Other {
    /// The provider's name for it.
    pub name: String,
    /// Its JSON text.
    pub json: String,
}

/// A tool call.
#[derive(Clone, Debug, Default)]
pub struct ToolCall {
    /// The provider's id of the call; empty if it has none.
    pub id: String,
    /// The name of the tool.
    pub name: String,
    arguments: String,
    partial: Partial,
}

impl ToolCall {
    /// The JSON text of the arguments so far; empty for a call without arguments.
    #[must_use]
    pub fn arguments(&self) -> &str {
        &self.arguments
    }

    /// The arguments so far, as a value. Each call reads only what is new, so calling it after each fragment is linear in the text.
    ///
    /// # Errors
    /// [`Problem`] once the text is not JSON; the value keeps what was valid.
    pub fn partial(&mut self) -> Result<&Partial, Problem> {
        let read = self.partial.read();
        self.partial.push(self.arguments.get(read..).unwrap_or_default())?;
        Ok(&self.partial)
    }

    /// The arguments as a whole value; an empty text is an empty object.
    ///
    /// # Errors
    /// [`Problem`] if the text is not JSON or is incomplete.
    pub fn value(&mut self) -> Result<&Partial, Problem> {
        if self.arguments.is_empty() {
            self.arguments.push_str("{}");
        }
        self.partial()?;
        self.partial.finish()?;
        Ok(&self.partial)
    }
}

impl PartialEq for ToolCall {
    fn eq(&self, other: &Self) -> bool {
        (&self.id, &self.name, &self.arguments) == (&other.id, &other.name, &other.arguments)
    }
}

impl Eq for ToolCall {}

impl Message {
    /// Adds a delta. [`Delta::Error`] adds nothing: it tells how the stream ended and is not part of the reply.
    pub fn push(&mut self, delta: &Delta<'_>) {
        match delta {
            Delta::Start { id, model, created } => {
                self.id = id.to_string();
                self.model = model.to_string();
                self.created = created.to_string();
            }
            Delta::Text { choice, text } => self.choice(*choice).text.push_str(text),
            Delta::Reasoning { choice, text } => self.choice(*choice).reasoning.push_str(text),
            Delta::Refusal { choice, text } => self.choice(*choice).refusal.push_str(text),
            Delta::ToolCall { choice, index, id, name } => {
                let (id, name) = (id.to_string(), name.to_string());
                let calls = &mut self.choice(*choice).tool_calls;
                match calls.get_mut(*index as usize) {
                    Some(known) => (known.id, known.name) = (id, name),
                    None => calls.push(ToolCall { id, name, ..ToolCall::default() }),
                }
            }
            Delta::Arguments { choice, index, fragment } => {
                if let Some(call) = self.choice(*choice).tool_calls.get_mut(*index as usize) {
                    call.arguments.push_str(fragment);
                }
            }
            Delta::Usage(usage) => self.usage.update(usage),
            Delta::Citation { choice, url, title } => {
                let citation = Citation { url: url.to_string(), title: title.to_string() };
                self.choice(*choice).citations.push(citation);
            }
            Delta::Finish { choice, reason, said } => {
                let own = self.choice(*choice);
                own.finish = Some(*reason);
                own.finish_said = said.to_string();
            }
            Delta::Other { name, json } => {
                self.raw.push(Other { name: name.to_string(), json: json.to_string() });
            }
            Delta::Error { .. } => {}
        }
    }

    fn choice(&mut self, choice: u32) -> &mut Self {
        if choice == 0 {
            return self;
        }
        let known = self.places.find(&self.others, Key::Choice(choice));
        // Whoever took some out of the list began it anew.
        let known = known.filter(|place| self.others.get(*place).is_some_and(|other| other.choice == choice));
        let place = known.unwrap_or_else(|| {
            self.others.push(Alternative { choice, message: Self::default() });
            self.places.added(&self.others);
            self.others.len() - 1
        });
        &mut self.others[place].message
    }
}

impl Keyed for Alternative {
    fn choice(&self) -> u32 {
        self.choice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_grow() {
        let mut message = Message::default();
        message.push(&Delta::ToolCall { choice: 0, index: 0, id: "1".into(), name: "f".into() });
        message.push(&Delta::ToolCall { choice: 0, index: 1, id: "2".into(), name: "g".into() });
        let mut shown = Vec::new();
        for fragment in ["{\"a\":\"x", "y\\", "n\",\"b\":[1", ",tr", "ue]}"] {
            message.push(&Delta::Arguments { choice: 0, index: 1, fragment: fragment.into() });
            shown.push(alloc::format!("{}", message.tool_calls[1].partial().unwrap()));
        }
        assert_eq!(
            shown,
            [
                r#"{"a":"x"}"#,
                r#"{"a":"xy"}"#,
                r#"{"a":"xy\n","b":[]}"#,
                r#"{"a":"xy\n","b":[1]}"#,
                r#"{"a":"xy\n","b":[1,true]}"#
            ]
        );
        assert!(message.tool_calls[1].value().is_ok());
        assert_eq!(alloc::format!("{}", message.tool_calls[0].value().unwrap()), "{}");
    }

    /// The time for a call with this many characters of arguments in fragments of this length, when the value is read after each fragment.
    fn time(characters: usize, fragment: usize) -> core::time::Duration {
        let item = r#"{"name":"a value","n":12.5,"list":[true,null]},"#;
        let mut text: String =
            core::iter::once("[").chain(core::iter::repeat_n(item, characters / item.len())).collect();
        text.push_str("0]");
        let mut message = Message::default();
        message.push(&Delta::ToolCall { choice: 0, index: 0, id: "1".into(), name: "f".into() });
        let began = std::time::Instant::now();
        for at in (0..text.len()).step_by(fragment) {
            let fragment = &text[at..text.len().min(at + fragment)];
            message.push(&Delta::Arguments { choice: 0, index: 0, fragment: fragment.into() });
            assert!(message.tool_calls[0].partial().unwrap().root().is_some());
        }
        message.tool_calls[0].value().unwrap();
        began.elapsed()
    }

    #[test]
    fn a_hundred_thousand_fragments_are_linear() {
        // Eight times as much takes 8 times as long, and 64 times if each fragment costs what is there already.
        let best = |characters| (0..5).map(|_| time(characters, 1)).min().unwrap();
        let (some, many) = (best(12_500), best(100_000));
        std::println!(
            "12,500 fragments {some:?}, 100,000 fragments {many:?}; 64 KiB by 20: {:?}",
            time(65_536, 20)
        );
        assert!(many < some * 24, "{some:?} {many:?}");
    }

    #[test]
    fn arguments_that_are_incomplete_or_not_json() {
        let mut call = ToolCall { arguments: "{\"a\":".into(), ..ToolCall::default() };
        assert_eq!(call.value().unwrap_err().offset, 5);
        call.arguments.push_str("x}");
        assert_eq!(call.partial().unwrap_err().offset, 5);
        assert_eq!(call.arguments(), "{\"a\":x}");
    }
}
