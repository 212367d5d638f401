//! Turns the values that a table finds in a record into deltas, by rules that all dialects share.
//!
//! A record is a tree of scopes (choices, pieces, calls, citations), and each value in it has one role. If a scope has several values with the
//! same role, the first non-empty one counts. A scope's own values come before those of the scopes inside it; usage, finish and errors come
//! last.

mod content;
mod ending;
mod said;

use alloc::vec::Vec;
use core::mem;
use core::ops::Range;

use tidewire_core::{BadRecord, ReplyState};

use crate::calls::CallAt;
use crate::delta::Finish;
use crate::dialects::gemini_args::PartialArgs;
use crate::fault::Fault;
use crate::grow::Slot;
use crate::json::Value;
use crate::out::{Out, scalar};
use crate::places::{Key, Keyed, Places};
use crate::table::walk::{Hit, walk};
use crate::table::{Table, layout, roles};
use ending::{fail, usage};
use said::{Context, Record, Said, Slots};

/// What is kept of a reply from one record to the next.
#[derive(Clone, Debug)]
pub(crate) struct Assembler {
    table: Table,
    choices: Vec<Choice>,
    places: Places,
    /// How many choices are not finished.
    open: usize,
    /// A record with [`roles::BEGIN`] has arrived.
    has_begun: bool,
    /// A record with [`roles::HALF`] has arrived.
    has_half: bool,
    has_ended: bool,
    /// A record said that more must come.
    must_end: bool,
    /// How many sources were reported, if each record repeats all of them.
    cited: usize,
    /// Kept to reuse its memory.
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

const TEXTS: [u8; 7] = [
    roles::TEXT,
    roles::TEXT_WHOLE,
    roles::TEXT_SO_FAR,
    roles::REASONING,
    roles::REASONING_WHOLE,
    roles::REFUSAL,
    roles::REFUSAL_WHOLE,
];
const CALLS: [u8; 7] = [
    roles::CALL_ID,
    roles::CALL_NAME,
    roles::ARGUMENTS,
    roles::ARGUMENTS_WHOLE,
    roles::ARGUMENTS_FIRST,
    roles::CALL_PARTS,
    roles::CALL_MORE,
];
const USAGE: [u8; 6] =
    [roles::INPUT, roles::OUTPUT, roles::TOTAL, roles::REASONED, roles::CACHED, roles::CACHE_WRITTEN];

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

    /// The state of a reply before anything of it has arrived.
    pub(crate) fn first(&self) -> ReplyState {
        if self.table.has(layout::OPEN_END) { ReplyState::MayEnd } else { ReplyState::Nothing }
    }

    /// Whether the records of this name are text, whatever they look like.
    pub(crate) fn takes_raw(&self, name: &[u8]) -> bool {
        let kind = self.table.kind(name);
        self.table.record_actions().any(|action| action.role == roles::TEXT_RAW && action.kind == kind)
    }

    /// Reads a text that is no JSON, or is not to be read as that.
    pub(crate) fn raw(&mut self, text: &[u8], out: &mut Out<'_>) {
        out.raw(Slot::Text { choice: 0 }, text);
        if !text.is_empty() {
            self.reopened(0);
        }
        out.reply_state(self.state());
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
            .map(|hit| scalar(text.get(hit.value.clone()).map(Value::exact)))
            .find(|kind| !kind.is_empty());
        // An event without a name is called `message`.
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
        let mut slots = Slots::NONE;
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
                slots.set(action.role, &whole);
            }
        }
        let value = record.value(&whole.value);
        let fault = if is_known { None } else { Fault::bare(value, true) };
        if let Some(fault) = fault {
            return out.fail(fault);
        }
        let context = Context { within: Some(value), ..Context::default() };
        if slots.has_any(&[roles::PIECE]) {
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

    /// Emits the deltas of a scope, which has the hits in this range.
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
            let says = |hit: &Hit| !matches!(record.text.get(hit.value.clone()), Some(b"\"\"") | None);
            let known = slots.hit(hit.role);
            if known.is_none_or(|known| !says(known) || (says(hit) && hit.rank <= known.rank)) {
                slots.set(hit.role, hit);
            }
        }
        let said = Said { record, slots: &slots };
        let has_begun = said.has(roles::BEGIN) && mem::replace(&mut self.has_begun, true);
        // Some servers announce the same reply twice in a row.
        if has_begun && (!self.choices.is_empty() || said.text(roles::ID) != out.facts.id) {
            return out.fail(Fault::new("spliced", "a second reply begins inside the first"));
        }
        if said.has_any(&[roles::ID, roles::MODEL]) {
            out.start(said.value(roles::ID), said.value(roles::MODEL), said.value(roles::CREATED));
        }
        if let Some(index) = said.count(roles::CHOICE_INDEX) {
            context.choice = index.try_into().unwrap_or_default();
        }
        if said.has_any(&[roles::INDEX, roles::ITEM, roles::SUB]) {
            context.number = said.count(roles::INDEX).or(context.number);
            context.item = said.value(roles::ITEM).or(context.item);
            context.sub = said.count(roles::SUB).or(context.sub);
        }
        if said.has(roles::ANSWERED) {
            self.choices.iter_mut().for_each(|choice| choice.has_calls = false);
        }
        if said.has_any(&TEXTS) {
            self.texts(&said, &mut context, out);
        }
        if said.has_any(&CALLS) {
            self.call(&said, context, out);
        }
        if said.has_any(&[roles::URL, roles::TITLE]) {
            out.citation(context.choice, said.value(roles::URL), said.value(roles::TITLE));
        }
        self.inner(record, range, context, out);
        if said.has(roles::PART_END) {
            out.release(Some(context.choice), context.number);
        }
        if said.has_any(&USAGE) {
            out.usage(usage(&said));
        }
        if said.has_any(&[roles::FINISH, roles::BLOCKED]) {
            self.finish(&said, context, out);
        }
        fail(&said, out);
        if said.has_any(&[roles::COMPLETE, roles::HALF, roles::MAY_END]) {
            self.end(&said, out);
        }
    }

    /// The choice with this number, marked as unfinished again.
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

    /// Emits, in order, the scopes inside a scope and the values that are kept as `other`.
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
                    self.scope(record, inside, Slots::NONE, context, out);
                }
                // If there are several lists of sources, the table names the most detailed one first.
                roles::CITATION_AGAIN if Some(hit.rank) != list => {}
                roles::CITATION_AGAIN => {
                    sources += 1;
                    if sources <= self.cited {
                        continue;
                    }
                    self.cited = sources;
                    let url = record.value(&hit.value);
                    if url.is_object() {
                        self.scope(record, inside, Slots::NONE, context, out);
                    } else {
                        out.citation(context.choice, Some(url), None);
                    }
                }
                roles::PIECE => {
                    let context = Context { within: Some(record.value(&hit.value)), ..context };
                    self.piece(record, hit, inside, context, out);
                }
                _ => self.scope(record, inside, Slots::NONE, context, out),
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
                    self.scope(record, inside, Slots::NONE, Context { class, ..context }, out);
                }
            },
            // Without a kind, its content decides.
            None => {
                let says = record.hits[inside.clone()].iter().any(|hit| {
                    record.is_for(hit.kind) && !matches!(hit.role, roles::IGNORE | roles::THOUGHT)
                });
                if says {
                    self.scope(record, inside, Slots::NONE, context, out);
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
}
