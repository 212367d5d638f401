//! Collects what a dialect reads from an event: deltas, and facts about the reply.

use alloc::borrow::Cow;
use alloc::string::String;

use tidewire_core::{ReplyState, Utf8};

use crate::calls::{CallAt, Calls};
use crate::delta::{Delta, Finish, Usage};
use crate::fault::Fault;
use crate::grow::{Grower, Slot};
use crate::json::Value;

/// What all dialects keep of a reply.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReplyFacts {
    pub(crate) calls: Calls,
    pub(crate) grower: Grower,
    /// How the stream stands.
    pub(crate) reply_state: ReplyState,
    /// What the provider said of its failure.
    pub(crate) error: Option<String>,
    pub(crate) started: bool,
    /// The reply's id.
    pub(crate) id: String,
}

/// Hands out the deltas of one event.
pub(crate) struct Out<'o> {
    pub(crate) facts: &'o mut ReplyFacts,
    sink: &'o mut dyn FnMut(&Delta<'_>),
    /// The event's deltas so far.
    count: usize,
    /// The first of them, if it is a piece of a growing text.
    token: Option<Token>,
    /// The same event would not come to the same again.
    once: bool,
}

/// A piece of a growing text: its raw content, as a place in memory, which is compared and never looked at.
#[derive(Clone, Copy, Debug)]
struct Token {
    slot: Slot,
    at: usize,
    length: usize,
}

impl<'o> Out<'o> {
    pub(crate) fn new(facts: &'o mut ReplyFacts, sink: &'o mut dyn FnMut(&Delta<'_>)) -> Self {
        Self { facts, sink, count: 0, token: None, once: false }
    }

    /// The piece of a growing text, cut out of `text`, that is all that the event came to.
    pub(crate) fn only_token<'t>(&self, text: &'t [u8]) -> Option<(Slot, &'t [u8])> {
        let token = self.token.filter(|_| self.count == 1 && !self.once)?;
        let start = token.at.checked_sub(text.as_ptr() as usize)?;
        Some((token.slot, text.get(start..start.checked_add(token.length)?)?))
    }

    /// The event says nothing that changes how the stream stands.
    pub(crate) fn reply_state(&mut self, state: ReplyState) {
        self.facts.reply_state = state;
    }

    pub(crate) fn say(&mut self, delta: Delta<'_>) {
        self.count += 1;
        (self.sink)(&delta);
    }

    /// The reply has begun; says so once, as soon as there is something to say.
    pub(crate) fn start(
        &mut self,
        id: Option<Value<'_>>,
        model: Option<Value<'_>>,
        created: Option<Value<'_>>,
    ) {
        if self.facts.started {
            return;
        }
        let (id, model) = (scalar(id), scalar(model));
        if !id.is_empty() || !model.is_empty() {
            self.facts.started = true;
            self.facts.id.push_str(&id);
            self.say(Delta::Start { id, model, created: scalar(created) });
        }
    }

    pub(crate) fn text(&mut self, choice: u32, text: Option<Value<'_>>) {
        self.grow(Slot::Text { choice }, text);
    }

    pub(crate) fn reasoning(&mut self, choice: u32, text: Option<Value<'_>>) {
        self.grow(Slot::Reasoning { choice }, text);
    }

    pub(crate) fn refusal(&mut self, choice: u32, text: Option<Value<'_>>) {
        self.grow(Slot::Refusal { choice }, text);
    }

    /// A tool call begins.
    pub(crate) fn call(
        &mut self,
        choice: u32,
        number: Option<u64>,
        id: Option<Value<'_>>,
        name: Option<Value<'_>>,
    ) -> CallAt {
        let (id, name) = (scalar(id), scalar(name));
        let call = self.facts.calls.begin(choice, number, &id, &name);
        let (choice, index) = self.facts.calls.place(call);
        self.say(Delta::ToolCall { choice, index, id, name });
        call
    }

    /// More of a call's arguments: a string with a piece of their JSON text, or the arguments themselves.
    pub(crate) fn arguments(&mut self, call: CallAt, piece: Option<Value<'_>>) {
        let Some(piece) = piece else { return };
        let (choice, index) = self.facts.calls.place(call);
        match piece.content() {
            Some([]) => {}
            Some(_) => {
                self.feed(call);
                self.grow(Slot::Arguments { choice, index }, Some(piece));
            }
            None => {
                self.feed(call);
                let fragment = Utf8::new(piece.as_bytes()).to_str();
                self.say(Delta::Arguments { choice, index, fragment });
            }
        }
    }

    /// More of a call's arguments, as text.
    pub(crate) fn fragment(&mut self, call: CallAt, fragment: &str) {
        let (choice, index) = self.facts.calls.place(call);
        if !fragment.is_empty() {
            self.feed(call);
            self.say(Delta::Arguments { choice, index, fragment: fragment.into() });
        }
    }

    pub(crate) fn usage(&mut self, usage: Usage) {
        if !usage.is_empty() {
            self.say(Delta::Usage(usage));
        }
    }

    pub(crate) fn citation(&mut self, choice: u32, url: Option<Value<'_>>, title: Option<Value<'_>>) {
        let (url, title) = (scalar(url), scalar(title));
        if !url.is_empty() || !title.is_empty() {
            self.say(Delta::Citation { choice, url, title });
        }
    }

    pub(crate) fn finish(&mut self, choice: u32, said: &str) {
        self.say(Delta::Finish { choice, reason: Finish::of(said), said: said.into() });
    }

    pub(crate) fn other(&mut self, name: &str, value: Value<'_>) {
        self.say(Delta::Other { name: name.into(), json: Utf8::new(value.as_bytes()).to_str() });
    }

    /// The provider has failed.
    pub(crate) fn fail(&mut self, fault: Fault<'_>) {
        let retryable = fault.retryable();
        let (kind, message) = (fault.kind, fault.message);
        self.facts.error = Some(match (&*kind, &*message) {
            ("", message) => message.into(),
            (kind, "") => kind.into(),
            (kind, message) => [kind, ": ", message].concat(),
        });
        self.say(Delta::Error { kind, message, retryable });
        self.reply_state(ReplyState::Failed);
    }

    /// The last event has come.
    pub(crate) fn complete(&mut self) {
        self.reply_state(ReplyState::Complete);
    }

    /// Some servers give all arguments of a call again at its end, where only a call that has had none takes them.
    fn feed(&mut self, call: CallAt) {
        self.once |= !self.facts.calls.feed(call);
    }

    fn grow(&mut self, slot: Slot, text: Option<Value<'_>>) {
        let Some(content) = text.and_then(Value::content).filter(|content| !content.is_empty()) else {
            return;
        };
        if self.count == 0 {
            self.token = Some(Token { slot, at: content.as_ptr() as usize, length: content.len() });
        }
        self.count += 1;
        self.facts.grower.grow(slot, content, self.sink);
    }
}

/// A string's text, or another value as it is written; empty for none.
pub(crate) fn scalar(value: Option<Value<'_>>) -> Cow<'_, str> {
    match value {
        None => Cow::Borrowed(""),
        Some(value) => value.text().unwrap_or_else(|| Utf8::new(value.as_bytes()).to_str()),
    }
}

/// A count of choices or blocks; what does not fit is the first.
pub(crate) fn choice(value: Option<Value<'_>>) -> u32 {
    value.and_then(Value::whole).and_then(|index| index.try_into().ok()).unwrap_or_default()
}
