//! Makes deltas of the values that a table found in a record: the rules that are the same for every dialect.
//!
//! A record is a tree of scopes (choices, pieces, calls, citations), and each value in it has one role. In each scope, of several values with the same role the
//! first that says something counts. What a scope says itself comes before what the scopes in it say, and usage, finish and errors
//! come last.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use core::ops::Range;

use tidewire_core::{BadRecord, ReplyState};

use crate::calls::CallAt;
use crate::delta::{Delta, Finish, Usage};
use crate::dialects::gemini_args::PartialArgs;
use crate::fault::Fault;
use crate::grow::Slot;
use crate::json::Value;
use crate::out::{Out, scalar};
use crate::places::{Key, Keyed, Places};
use crate::table::walk::{Hit, walk};
use crate::table::{Table, layout, roles};

/// What is kept of a reply from one record to the next.
#[derive(Clone, Debug)]
pub(crate) struct Assembler {
    table: Table,
    choices: Vec<Choice>,
    places: Places,
    /// So many choices are not finished.
    open: usize,
    /// The reply has begun by the table's own word.
    has_begun: bool,
    /// The end that [`roles::HALF`] is has come.
    has_half: bool,
    has_ended: bool,
    /// A record said that more must come.
    must_end: bool,
    /// Sources that were told, where each record repeats them.
    cited: usize,
    /// Kept for its memory.
    hits: Vec<Hit>,
}

#[derive(Clone, Debug, Default)]
struct Choice {
    index: u32,
    is_finished: bool,
    reason: Option<Finish>,
    /// Calls wait for their results.
    has_calls: bool,
    refuses: bool,
    /// The call whose arguments come as values at paths.
    parts: Option<(CallAt, PartialArgs)>,
}

impl Keyed for Choice {
    fn choice(&self) -> u32 {
        self.index
    }
}

/// What is known of a scope from those around it.
#[derive(Clone, Copy, Default)]
struct Context<'a> {
    choice: u32,
    number: Option<u64>,
    item: Option<Value<'a>>,
    sub: Option<u64>,
    /// The kinds of text that were told around this scope, as bits.
    told: u8,
    /// The scope's value.
    within: Option<Value<'a>>,
    /// What the piece around it is, by its kind.
    class: u8,
}

/// The values of a scope by their roles.
type Slots<'h> = [Option<&'h Hit>; roles::COUNT];

/// One record: its text, and what was found in it.
struct Record<'a, 'h> {
    text: &'a [u8],
    hits: &'h [Hit],
    kind: u8,
    /// The name of the kind, or of the event.
    name: &'h str,
}

impl<'a> Record<'a, '_> {
    fn value(&self, range: &Range<usize>) -> Value<'a> {
        Value::sound(self.text.get(range.clone()).unwrap_or_default())
    }

    fn is_for(&self, kind: u8) -> bool {
        kind == layout::ANY_KIND || kind == self.kind
    }
}

const REASONING: u8 = 1;
const TEXT: u8 = 2;
const REFUSAL: u8 = 4;

impl Assembler {
    pub(crate) fn new(table: Table) -> Self {
        Self {
            table,
            choices: Vec::new(),
            places: Places::default(),
            open: 0,
            has_begun: false,
            has_half: false,
            has_ended: false,
            must_end: false,
            cited: 0,
            hits: Vec::new(),
        }
    }

    pub(crate) const fn table(&self) -> &Table {
        &self.table
    }

    /// How a stream stands of which nothing has come.
    pub(crate) fn first(&self) -> ReplyState {
        if self.table.has(layout::OPEN_END) { ReplyState::MayEnd } else { ReplyState::Nothing }
    }

    /// Whether the records of this name are text, whatever they look like.
    pub(crate) fn takes_raw(&self, name: &[u8]) -> bool {
        let kind = self.table.kind(name);
        self.table.record_actions().any(|action| action.role == roles::TEXT_RAW && action.kind == kind)
    }

    /// Reads an event with a name and no data.
    pub(crate) fn empty(&mut self, name: &[u8], out: &mut Out<'_>) {
        if name != b"message" {
            let name = core::str::from_utf8(name).unwrap_or_default();
            let record = Record { text: b"{}", hits: &[], kind: self.table.kind(name.as_bytes()), name };
            self.record(&record, out);
        }
    }

    /// Reads the record at the front of `text`, whose event has this name. Returns how long it is.
    pub(crate) fn read(&mut self, name: &[u8], text: &[u8], out: &mut Out<'_>) -> Result<usize, BadRecord> {
        let mut hits = mem::take(&mut self.hits);
        let Some(end) = walk(&self.table, text, &mut hits) else {
            self.hits = hits;
            return Err(Value::first(text).err().unwrap_or(BadRecord { offset: 0, problem: "not JSON" }));
        };
        let told = hits.iter().filter(|hit| hit.role == roles::KIND);
        let said = told
            .map(|hit| scalar(text.get(hit.value.clone()).map(Value::sound)))
            .find(|kind| !kind.is_empty());
        // `message` is the name of an event that was given none.
        let name =
            Some(name).filter(|name| *name != b"message").and_then(|name| core::str::from_utf8(name).ok());
        let said = said.unwrap_or_else(|| name.unwrap_or_default().into());
        let kind = self.table.kind(said.as_bytes());
        let record = Record { text: &text[..end], hits: &hits, kind, name: &said };
        self.record(&record, out);
        self.hits = hits;
        Ok(end)
    }

    fn record(&mut self, record: &Record<'_, '_>, out: &mut Out<'_>) {
        let mut slots: Slots<'_> = [None; roles::COUNT];
        // Rules for the record as a whole.
        let whole = Hit {
            kind: record.kind,
            role: roles::IGNORE,
            rank: u8::MAX,
            value: 0..record.text.len(),
            key: 0..0,
            place: 0,
            until: 0,
        };
        let mut is_other = false;
        let mut is_known = record.hits.iter().any(|hit| record.is_for(hit.kind) && hit.role != roles::KIND);
        for action in self.table.record_actions().filter(|action| record.is_for(action.kind)) {
            if action.role == roles::OTHER {
                is_other = true;
            } else {
                is_known = true;
                slots[usize::from(action.role)] = Some(&whole);
            }
        }
        let value = record.value(&whole.value);
        let fault = if is_known { None } else { Fault::bare(value, true) };
        if let Some(fault) = fault {
            return out.fail(fault);
        }
        let context = Context { within: Some(value), ..Context::default() };
        if slots[usize::from(roles::PIECE)].is_some() {
            self.piece(record, &whole, 0..record.hits.len(), context, out);
        } else {
            self.scope(record, 0..record.hits.len(), slots, context, out);
        }
        if !out.says() {
            if let Some(fault) = Fault::bare(value, false) {
                out.fail(fault);
            } else if is_other && record.text != b"{}" {
                out.other(record.name, value);
            }
        }
        if out.facts.reply_state != ReplyState::Failed {
            out.reply_state(self.state());
        }
    }

    /// How the stream stands.
    fn state(&self) -> ReplyState {
        let is_finished = !self.choices.is_empty() && self.open == 0;
        if self.choices.is_empty() && !self.has_ended && !self.table.has(layout::OPEN_END) {
            return ReplyState::Nothing;
        }
        if self.has_ended || (self.has_half && is_finished) {
            ReplyState::Complete
        } else if is_finished && self.table.has(layout::FINISH_MAY_END) {
            ReplyState::MayComplete
        } else if self.table.has(layout::OPEN_END) && !self.must_end {
            ReplyState::MayEnd
        } else {
            ReplyState::Open
        }
    }

    /// Says what a scope says: the hits of this range.
    fn scope<'a, 'h>(
        &mut self,
        record: &Record<'a, 'h>,
        range: Range<usize>,
        mut slots: Slots<'h>,
        mut context: Context<'a>,
        out: &mut Out<'_>,
    ) {
        let mut at = range.start;
        while let Some(hit) = record.hits.get(at).filter(|_| at < range.end) {
            at += 1;
            if !record.is_for(hit.kind) {
                continue;
            }
            if roles::is_scope(hit.role) {
                at = hit.until;
                continue;
            }
            let slot = &mut slots[usize::from(hit.role)];
            let says = |hit: &Hit| !matches!(record.text.get(hit.value.clone()), Some(b"\"\"") | None);
            if slot.is_none_or(|known| !says(known) || (says(hit) && hit.rank <= known.rank)) {
                *slot = Some(hit);
            }
        }
        let value = |role: u8| slots[usize::from(role)].map(|hit| record.value(&hit.value));
        let number = |role: u8| value(role).and_then(count);
        let has_begun = slots[usize::from(roles::BEGIN)].is_some() && mem::replace(&mut self.has_begun, true);
        // Some servers say it twice at once.
        if has_begun && (!self.choices.is_empty() || scalar(value(roles::ID)) != out.facts.id) {
            return out.fail(Fault::new("spliced", "a second reply begins inside the first"));
        }
        out.start(value(roles::ID), value(roles::MODEL), value(roles::CREATED));
        if let Some(index) = number(roles::CHOICE_INDEX) {
            context.choice = index.try_into().unwrap_or_default();
        }
        context.number = number(roles::INDEX).or(context.number);
        context.item = value(roles::ITEM).or(context.item);
        context.sub = number(roles::SUB).or(context.sub);
        if slots[usize::from(roles::ANSWERED)].is_some() {
            self.choices.iter_mut().for_each(|choice| choice.has_calls = false);
        }
        self.texts(&value, &mut context, out);
        self.call(record, &slots, false, context, out);
        self.cite(&value, context, out);
        self.inner(record, range, context, out);
        if slots[usize::from(roles::PART_END)].is_some() {
            out.release(Some(context.choice), context.number);
        }
        out.usage(usage(&number));
        self.finish(&value, context, out);
        self.fail(record, &slots, &value, out);
        self.end(&value, out);
    }

    /// The text, the reasoning and the refusal of a scope.
    fn texts<'a>(
        &mut self,
        value: &dyn Fn(u8) -> Option<Value<'a>>,
        context: &mut Context<'a>,
        out: &mut Out<'_>,
    ) {
        let choice = context.choice;
        let around = context.told;
        let is_thought =
            value(roles::THOUGHT).is_some_and(Value::is_true) || context.class == layout::PIECE_REASONING;
        let is_skipped = value(roles::SKIPPED).is_some_and(Value::is_true);
        for (bit, role, whole, slot) in [
            (REASONING, roles::REASONING, roles::REASONING_WHOLE, Slot::Reasoning { choice }),
            (TEXT, roles::TEXT, roles::TEXT_WHOLE, Slot::Text { choice }),
            (REFUSAL, roles::REFUSAL, roles::REFUSAL_WHOLE, Slot::Refusal { choice }),
        ] {
            let slot = if is_thought && bit == TEXT { Slot::Reasoning { choice } } else { slot };
            let (piece, all) = (value(role).filter(|_| !is_skipped), value(whole));
            let so_far = value(roles::TEXT_SO_FAR).filter(|_| bit == TEXT);
            if around & bit != 0 || (piece.is_none() && all.is_none() && so_far.is_none()) {
                continue;
            }
            let key = key(context);
            let mut says = false;
            if let Some(piece) = piece {
                says |= out.piece(slot, piece, key);
            }
            if let Some(so_far) = so_far {
                says |= out.so_far(slot, so_far);
            }
            if let Some(all) = all {
                says |= out.whole(slot, all, key);
            }
            if says {
                context.told |= bit;
                let answers = self.table.has(layout::TEXT_ANSWERS) && bit == TEXT;
                let own = self.reopened(choice);
                own.refuses |= bit == REFUSAL;
                own.has_calls &= !answers;
            }
        }
    }

    /// The choice with this number, which is not finished now.
    fn reopened(&mut self, index: u32) -> &mut Choice {
        let place = self.choice(index);
        let own = &mut self.choices[place];
        if mem::take(&mut own.is_finished) {
            self.open += 1;
        }
        own
    }

    /// The place of the choice with this number.
    fn choice(&mut self, index: u32) -> usize {
        self.places.find(&self.choices, Key::Choice(index)).unwrap_or_else(|| {
            self.choices.push(Choice { index, ..Choice::default() });
            self.places.added(&self.choices);
            self.open += 1;
            self.choices.len() - 1
        })
    }

    /// A tool call, or more of one, if the scope has any of it.
    fn call<'a>(
        &mut self,
        record: &Record<'a, '_>,
        slots: &Slots<'_>,
        begins: bool,
        context: Context<'a>,
        out: &mut Out<'_>,
    ) {
        let value = |role: u8| slots[usize::from(role)].map(|hit| record.value(&hit.value));
        let (id, name) = (scalar(value(roles::CALL_ID)), scalar(value(roles::CALL_NAME)));
        let piece = value(roles::ARGUMENTS);
        let parts = value(roles::CALL_PARTS);
        let more = value(roles::CALL_MORE).is_some_and(Value::is_true);
        let first = value(roles::ARGUMENTS_FIRST).filter(|first| first.entries().next().is_some());
        let whole = value(roles::ARGUMENTS_WHOLE);
        let says = |piece: Option<Value<'_>>| piece.is_some_and(|piece| piece.content() != Some(b""));
        let names = !id.is_empty() || !name.is_empty();
        if !names && !says(piece) && !says(whole) && first.is_none() && parts.is_none() {
            return;
        }
        let item = scalar(context.item);
        let choice = context.choice;
        let known = out.facts.calls.continued(choice, context.number, &item, &id, &name);
        let call = match known {
            Some(call) => {
                out.more_of_call(call, &item, &id, &name);
                call
            }
            None if names || begins => out.call(choice, context.number, &item, id, name),
            // Of a call that is not the caller's.
            None => {
                let kind = scalar(context.within.and_then(|within| within.field("type")));
                let name = if kind.is_empty() { record.name } else { &*kind };
                return context.within.into_iter().for_each(|within| out.other(name, within));
            }
        };
        self.reopened(choice).has_calls = true;
        if parts.is_some() || more || self.parts_of(choice) {
            return self.call_parts(choice, call, parts, more, out);
        }
        if let Some(first) = first {
            out.facts.calls.hold(call, &scalar(Some(first)));
        }
        if !out.facts.calls.is_fed(call) {
            out.arguments(call, whole);
        }
        out.arguments(call, piece);
    }

    /// Whether a call's arguments come as values at paths.
    fn parts_of(&mut self, choice: u32) -> bool {
        let place = self.choice(choice);
        self.choices[place].parts.is_some()
    }

    /// More of arguments that come as values at paths.
    fn call_parts(
        &mut self,
        choice: u32,
        call: CallAt,
        parts: Option<Value<'_>>,
        more: bool,
        out: &mut Out<'_>,
    ) {
        if self.parts_call(choice).is_some_and(|open| open != call) {
            self.end_parts(choice, out);
        }
        let place = self.choice(choice);
        let (_, arguments) = self.choices[place].parts.get_or_insert_with(|| (call, PartialArgs::default()));
        for part in parts.into_iter().flat_map(Value::items) {
            let fragment = arguments.push(part);
            out.fragment(call, &fragment);
        }
        if !more {
            self.end_parts(choice, out);
        }
    }

    fn parts_call(&mut self, choice: u32) -> Option<CallAt> {
        let place = self.choice(choice);
        self.choices[place].parts.as_ref().map(|(call, _)| *call)
    }

    /// No more values of a call's arguments will come.
    fn end_parts(&mut self, choice: u32, out: &mut Out<'_>) {
        let place = self.choice(choice);
        if let Some((call, arguments)) = self.choices[place].parts.take() {
            out.fragment(call, &arguments.end());
        }
    }

    fn cite<'a>(&self, value: &dyn Fn(u8) -> Option<Value<'a>>, context: Context<'a>, out: &mut Out<'_>) {
        out.citation(context.choice, value(roles::URL), value(roles::TITLE));
    }

    /// The scopes in a scope, and what has no role, in their order.
    fn inner<'a>(
        &mut self,
        record: &Record<'a, '_>,
        range: Range<usize>,
        context: Context<'a>,
        out: &mut Out<'_>,
    ) {
        let mut at = range.start;
        let mut sources = 0;
        let again = record.hits[range.clone()].iter().filter(|hit| hit.role == roles::CITATION_AGAIN);
        let list = again.map(|hit| hit.rank).min();
        while let Some(hit) = record.hits.get(at).filter(|_| at < range.end) {
            at += 1;
            if !record.is_for(hit.kind) {
                continue;
            }
            if hit.role == roles::OTHER {
                let key = record.text.get(hit.key.clone()).unwrap_or_default();
                out.other(core::str::from_utf8(key).unwrap_or_default(), record.value(&hit.value));
            }
            if !roles::is_scope(hit.role) {
                continue;
            }
            let inside = at..hit.until;
            at = hit.until;
            match hit.role {
                roles::CHOICE => {
                    let context = Context { choice: hit.place, ..context };
                    self.scope(record, inside, [None; roles::COUNT], context, out);
                }
                // Of several lists of the sources the first says most.
                roles::CITATION_AGAIN if Some(hit.rank) != list => {}
                roles::CITATION_AGAIN => {
                    sources += 1;
                    if sources <= self.cited {
                        continue;
                    }
                    self.cited = sources;
                    let url = record.value(&hit.value);
                    if url.is_object() {
                        self.scope(record, inside, [None; roles::COUNT], context, out);
                    } else {
                        out.citation(context.choice, Some(url), None);
                    }
                }
                roles::PIECE => {
                    let context = Context { within: Some(record.value(&hit.value)), ..context };
                    self.piece(record, hit, inside, context, out);
                }
                _ => self.scope(record, inside, [None; roles::COUNT], context, out),
            }
        }
    }

    /// A piece of content, whose kind may say what it is.
    fn piece<'a>(
        &mut self,
        record: &Record<'a, '_>,
        hit: &Hit,
        inside: Range<usize>,
        context: Context<'a>,
        out: &mut Out<'_>,
    ) {
        let own = |role: u8| {
            let mut at = inside.start;
            core::iter::from_fn(|| {
                let hit = record.hits.get(at).filter(|_| at < inside.end)?;
                at = if roles::is_scope(hit.role) && record.is_for(hit.kind) { hit.until } else { at + 1 };
                Some(hit)
            })
            .filter(|hit| record.is_for(hit.kind))
            .find(|hit| hit.role == role)
            .map(|hit| record.value(&hit.value))
        };
        let value = record.value(&hit.value);
        let kind = own(roles::PIECE_KIND).map(|kind| scalar(Some(kind)));
        match kind {
            Some(kind) => match self.table.word(layout::PIECES_AT, kind.as_bytes()) {
                Some(layout::PIECE_IGNORED) => {}
                Some(layout::PIECE_OTHER) => out.other(&kind, value),
                Some(layout::PIECE_ACTION) => {
                    self.reopened(context.choice).has_calls = true;
                    out.other(&kind, value);
                }
                // A kind that the table does not know may still have a text.
                None if own(roles::TEXT).or(own(roles::TEXT_WHOLE)).is_none() => out.other(&kind, value),
                class => {
                    let class = class.unwrap_or_default();
                    self.scope(record, inside, [None; roles::COUNT], Context { class, ..context }, out);
                }
            },
            // Known by what is in it.
            None => {
                let says = record.hits[inside.clone()].iter().any(|hit| {
                    record.is_for(hit.kind) && !matches!(hit.role, roles::IGNORE | roles::THOUGHT)
                });
                if says {
                    self.scope(record, inside, [None; roles::COUNT], context, out);
                } else {
                    let key = record.text.get(hit.key.clone()).and_then(|key| core::str::from_utf8(key).ok());
                    let first = value.entries().map(|(key, _)| key).find(|key| !key.is("thought"));
                    match key {
                        Some(key) if !key.is_empty() => out.other(key, value),
                        _ => out.other(&scalar(first), value),
                    }
                }
            }
        }
    }

    fn finish<'a>(
        &mut self,
        value: &dyn Fn(u8) -> Option<Value<'a>>,
        context: Context<'a>,
        out: &mut Out<'_>,
    ) {
        if let Some(reason) = value(roles::BLOCKED) {
            let said = scalar(Some(reason));
            self.close(context.choice);
            out.say(Delta::Finish { choice: context.choice, reason: Finish::ContentFilter, said });
        }
        let said = scalar(value(roles::FINISH));
        if !said.is_empty() {
            self.finished(context.choice, said, out);
        }
    }

    fn close(&mut self, choice: u32) -> usize {
        let place = self.choice(choice);
        if !mem::replace(&mut self.choices[place].is_finished, true) {
            self.open -= 1;
        }
        place
    }

    /// A choice is finished, in the provider's word.
    fn finished(&mut self, choice: u32, said: Cow<'_, str>, out: &mut Out<'_>) {
        let reason = match self.table.word(layout::FINISH_AT, said.as_bytes()) {
            Some(layout::NO_FINISH) => return,
            Some(place) => Finish::numbered(place),
            None if is_no_word(&said) => return,
            None => Finish::of(&said),
        };
        out.release(Some(choice), None);
        self.end_parts(choice, out);
        let place = self.choice(choice);
        let own = &self.choices[place];
        let reason = match reason {
            Finish::Stop if own.has_calls => Finish::ToolCalls,
            // Where the provider has no word for it.
            Finish::Stop if own.refuses && said == self.table.finish_default() => Finish::Refusal,
            reason => reason,
        };
        // The same again, and a `stop` behind a stronger word, say nothing new.
        let is_news = match own.reason {
            Some(known) if own.is_finished => known != reason && reason != Finish::Stop,
            _ => true,
        };
        self.close(choice);
        if is_news {
            self.choices[place].reason = Some(reason);
            let fails = reason == Finish::Error && self.table.has(layout::FINISH_FAILS);
            out.say(Delta::Finish { choice, reason, said: Cow::Borrowed(&said) });
            if fails {
                out.fault = Some(Fault::new(String::from(&*said), ""));
            }
        }
    }

    fn fail<'a>(
        &mut self,
        record: &Record<'a, '_>,
        slots: &Slots<'_>,
        value: &dyn Fn(u8) -> Option<Value<'a>>,
        out: &mut Out<'_>,
    ) {
        let of_finish = out.fault.take();
        let error = slots[usize::from(roles::ERROR)].map(|hit| (hit, record.value(&hit.value)));
        let fault = match error.filter(|(_, error)| !error.is_nothing()) {
            Some((hit, error)) => {
                let fault = Fault::of(error);
                let key = record.text.get(hit.key.clone()).and_then(|key| core::str::from_utf8(key).ok());
                let is_record = error.as_bytes().len() == record.text.trim_ascii().len();
                Some(match key {
                    // Of a record that is an error, a code says more than its kind.
                    _ if is_record && fault.kind == record.name => fault.by_code(error),
                    Some(key) if fault.kind.is_empty() && !is_record && key != "error" => {
                        fault.named(key.into(), "".into())
                    }
                    _ => fault,
                })
            }
            None if value(roles::ERROR_RECORD).is_some_and(|kind| kind.is("error")) => {
                Some(Fault::of(record.value(&(0..record.text.len()))))
            }
            None => None,
        };
        match (fault, of_finish) {
            (Some(fault), Some(of_finish)) if fault.kind.is_empty() => {
                out.fail(fault.named(of_finish.kind, "".into()))
            }
            (Some(fault), _) | (None, Some(fault)) => out.fail(fault),
            (None, None) => {}
        }
    }

    fn end<'a>(&mut self, value: &dyn Fn(u8) -> Option<Value<'a>>, out: &mut Out<'_>) {
        let is_so = |role: u8| value(role).map(|value| value.as_bytes() != b"false");
        if out.facts.reply_state == ReplyState::Failed {
            return;
        }
        match is_so(roles::COMPLETE) {
            Some(true) => {
                self.has_ended = true;
                out.release(None, None);
                self.finish_unsaid(out);
            }
            Some(false) => self.must_end = true,
            None => {}
        }
        self.has_half |= is_so(roles::HALF) == Some(true);
        if is_so(roles::MAY_END) == Some(true) {
            self.finish_unsaid(out);
            self.close(0);
        }
    }

    /// The finish of a reply whose provider has not said why it is over.
    fn finish_unsaid(&mut self, out: &mut Out<'_>) {
        let default = String::from(self.table.finish_default());
        if self.choices.iter().all(|choice| choice.reason.is_none()) && !default.is_empty() {
            self.finished(0, default.into(), out);
        }
    }
}

/// Which part a text is more of, as a number; 0 if the record does not say.
fn key(context: &Context<'_>) -> u64 {
    let mut key = 0_u64;
    let mut add = |number: u64| key = (key ^ number).wrapping_mul(0x0100_0000_01B3).wrapping_add(1);
    match (context.number, context.item) {
        (Some(number), _) => add(number),
        (None, Some(item)) => item.as_bytes().iter().for_each(|byte| add(u64::from(*byte))),
        (None, None) if context.sub.is_none() => return 0,
        (None, None) => {}
    }
    add(context.sub.map_or(0, |sub| sub + 1));
    key
}

fn usage(number: &dyn Fn(u8) -> Option<u64>) -> Usage {
    Usage {
        input_tokens: number(roles::INPUT),
        output_tokens: number(roles::OUTPUT),
        total_tokens: number(roles::TOTAL),
        reasoning_tokens: number(roles::REASONED),
        cached_tokens: number(roles::CACHED),
        cache_write_tokens: number(roles::CACHE_WRITTEN),
    }
}

/// A count, which some servers write as `3.0`.
fn count(value: Value<'_>) -> Option<u64> {
    let text = core::str::from_utf8(value.as_bytes()).ok()?;
    text.split_once('.')
        .map_or(text, |(whole, rest)| if rest.bytes().all(|byte| byte == b'0') { whole } else { text })
        .parse()
        .ok()
}

/// A word that stands for "not finished".
fn is_no_word(said: &str) -> bool {
    matches!(said, "null" | "NULL" | "None" | "none") || said.ends_with("UNSPECIFIED")
}
