//! Collects what a dialect reads from an event: deltas, and facts about the reply.

use alloc::borrow::Cow;
use alloc::string::String;

use tidewire_core::{ReplyState, Utf8};

use crate::calls::{CallAt, Calls};
use crate::delta::{Delta, Usage};
use crate::fault::Fault;
use crate::grow::{Grower, Slot};
use crate::json::Value;

/// What every dialect keeps about a reply.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReplyFacts {
    pub(crate) calls: Calls,
    pub(crate) grower: Grower,
    /// The state of the reply.
    pub(crate) reply_state: ReplyState,
    /// The provider's description of its failure.
    pub(crate) error: Option<String>,
    pub(crate) started: bool,
    /// The reply's id.
    pub(crate) id: String,
    model: String,
    created: String,
}

/// Hands out the deltas of one event.
pub(crate) struct Out<'o> {
    pub(crate) facts: &'o mut ReplyFacts,
    sink: &'o mut dyn FnMut(&Delta<'_>),
    /// The event's deltas so far.
    count: usize,
    /// The first of them, if it is a piece of a growing text.
    token: Option<Token>,
    /// Reading the same event again would give something else.
    once: bool,
    /// The failure that a finish stands for, until the record is read.
    pub(crate) fault: Option<Fault<'static>>,
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
        Self { facts, sink, count: 0, token: None, once: false, fault: None }
    }

    /// The piece of a growing text, cut out of `text`, that is all that the event came to.
    pub(crate) fn only_token<'t>(&self, text: &'t [u8]) -> Option<(Slot, &'t [u8])> {
        let token = self.token.filter(|_| self.count == 1 && !self.once)?;
        let start = token.at.checked_sub(text.as_ptr() as usize)?;
        Some((token.slot, text.get(start..start.checked_add(token.length)?)?))
    }

    /// Sets the state of the reply after this event.
    pub(crate) fn reply_state(&mut self, state: ReplyState) {
        self.facts.reply_state = state;
    }

    pub(crate) fn say(&mut self, delta: Delta<'_>) {
        self.begin();
        self.count += 1;
        (self.sink)(&delta);
    }

    /// Whether the record produced any delta other than the start.
    pub(crate) const fn says(&self) -> bool {
        self.count > 0
    }

    /// The reply has begun. The start is emitted once: now if there is an id, otherwise before the first other delta.
    pub(crate) fn start(
        &mut self,
        id: Option<Value<'_>>,
        model: Option<Value<'_>>,
        created: Option<Value<'_>>,
    ) {
        let facts = &mut *self.facts;
        if facts.started || (id.is_none() && model.is_none()) {
            return;
        }
        facts.id = scalar(id).into_owned();
        facts.model = scalar(model).into_owned();
        facts.created = scalar(created).into_owned();
        if !facts.id.is_empty() {
            self.begin();
        }
    }

    /// Emits the start, if it is known and not yet emitted.
    fn begin(&mut self) {
        let facts = &mut *self.facts;
        if facts.started || (facts.id.is_empty() && facts.model.is_empty()) {
            return;
        }
        facts.started = true;
        self.once = true;
        let [id, model, created] =
            [&facts.id, &facts.model, &facts.created].map(|text| Cow::Borrowed(&**text));
        (self.sink)(&Delta::Start { id, model, created });
    }

    /// Hands out arguments that were held, of a choice or of a call with this number: no pieces of them will follow.
    pub(crate) fn release(&mut self, choice: Option<u32>, number: Option<u64>) {
        while let Some((call, arguments)) = self.facts.calls.held(choice, number) {
            self.fragment(call, &arguments);
        }
    }

    /// More of a growing text; `key` is the part of it, 0 if the record does not say. Returns whether there was any.
    pub(crate) fn piece(&mut self, slot: Slot, piece: Value<'_>, key: u64) -> bool {
        self.facts.grower.in_part(slot, key);
        self.grow(slot, piece)
    }

    /// A whole text, of which only what has not arrived yet is emitted. Returns whether there was any.
    pub(crate) fn whole(&mut self, slot: Slot, whole: Value<'_>, key: u64) -> bool {
        self.once = true;
        self.begin();
        let rest = self.facts.grower.rest(slot, &scalar(Some(whole)), key, self.sink);
        self.count += usize::from(rest);
        rest
    }

    /// More text, or all of it so far. Returns whether there was any.
    pub(crate) fn so_far(&mut self, slot: Slot, text: Value<'_>) -> bool {
        self.once = true;
        self.begin();
        let is_more = self.facts.grower.so_far(slot, &scalar(Some(text)), self.sink);
        self.count += usize::from(is_more);
        is_more
    }

    /// A text that is not JSON.
    pub(crate) fn raw(&mut self, slot: Slot, text: &[u8]) {
        self.once = true;
        self.begin();
        self.facts.grower.raw(slot, &Utf8::new(text).to_str(), self.sink);
        self.count += 1;
    }

    /// A tool call begins.
    pub(crate) fn call(
        &mut self,
        choice: u32,
        number: Option<u64>,
        item: &str,
        id: Cow<'_, str>,
        name: Cow<'_, str>,
    ) -> CallAt {
        let call = self.facts.calls.begin(choice, number, item, &id, &name);
        let (choice, index) = self.facts.calls.place(call);
        self.say(Delta::ToolCall { choice, index, id, name });
        call
    }

    /// More of a call's id or name, which may arrive late or in pieces.
    pub(crate) fn more_of_call(&mut self, call: CallAt, item: &str, id: &str, name: &str) {
        if self.facts.calls.named(call, item, id, name) {
            self.once = true;
            self.count += 1;
            let (choice, index) = self.facts.calls.place(call);
            let (id, name) = self.facts.calls.names(call);
            (self.sink)(&Delta::ToolCall { choice, index, id: id.into(), name: name.into() });
        }
    }

    /// More of a call's arguments: a string with a piece of their JSON text, or the arguments themselves.
    pub(crate) fn arguments(&mut self, call: CallAt, piece: Option<Value<'_>>) {
        let Some(piece) = piece else { return };
        let (choice, index) = self.facts.calls.place(call);
        match piece.content() {
            Some([]) => {}
            Some(_) => {
                self.feed(call);
                self.grow(Slot::Arguments { choice, index }, piece);
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

    /// Some servers repeat all arguments of a call at its end; only a call that has had none takes them.
    fn feed(&mut self, call: CallAt) {
        self.once |= !self.facts.calls.feed(call);
    }

    fn grow(&mut self, slot: Slot, text: Value<'_>) -> bool {
        let content = match text.content() {
            Some(content) => content,
            None => {
                // A value that is not a string is shown as written.
                self.once = true;
                text.as_bytes()
            }
        };
        if content.is_empty() {
            return false;
        }
        self.begin();
        if self.count == 0 {
            self.token = Some(Token { slot, at: content.as_ptr() as usize, length: content.len() });
        }
        self.count += 1;
        self.facts.grower.grow(slot, content, self.sink);
        true
    }
}

/// A string's text, or another value as it is written; empty for none.
pub(crate) fn scalar(value: Option<Value<'_>>) -> Cow<'_, str> {
    match value {
        None => Cow::Borrowed(""),
        Some(value) => value.text().unwrap_or_else(|| Utf8::new(value.as_bytes()).to_str()),
    }
}
