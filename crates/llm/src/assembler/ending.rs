//! How a reply ends: which finish counts, what is a failure, and what a clean end of the body would mean now.

use alloc::string::String;
use core::mem;

use tidewire_core::ReplyState;

use crate::delta::{Delta, Finish, Usage};
use crate::fault::Fault;
use crate::out::Out;
use crate::table::{layout, roles};

use super::Assembler;
use super::said::{Context, Said};

impl Assembler {
    /// The state of the reply.
    pub(super) fn state(&self) -> ReplyState {
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

    pub(super) fn finish(&mut self, said: &Said<'_, '_, '_>, context: Context<'_>, out: &mut Out<'_>) {
        let blocked = said.text(roles::BLOCKED);
        if !blocked.is_empty() {
            self.close(context.choice);
            out.say(Delta::Finish { choice: context.choice, reason: Finish::ContentFilter, said: blocked });
        }
        let word = said.text(roles::FINISH);
        if !word.is_empty() {
            self.finished(context.choice, &word, out);
        }
    }

    fn close(&mut self, choice: u32) -> usize {
        let place = self.choice(choice);
        if !mem::replace(&mut self.choices[place].is_finished, true) {
            self.open -= 1;
        }
        place
    }

    /// A choice is finished; `said` is the provider's word for why.
    fn finished(&mut self, choice: u32, said: &str, out: &mut Out<'_>) {
        let reason = match self.table.word(layout::FINISH_AT, said.as_bytes()) {
            Some(layout::NO_FINISH) => return,
            Some(place) => Finish::numbered(place),
            None if is_no_word(said) => return,
            None => Finish::of(said),
        };
        out.release(Some(choice), None);
        self.end_parts(choice, out);
        let place = self.choice(choice);
        let own = &self.choices[place];
        let reason = match reason {
            Finish::Stop if own.has_calls => Finish::ToolCalls,
            // The provider has no word of its own for a refusal.
            Finish::Stop if own.refuses && said == self.table.finish_default() => Finish::Refusal,
            reason => reason,
        };
        // A repeated reason, or a `stop` after a more specific one, is not news.
        let is_news = match own.reason {
            Some(known) if own.is_finished => known != reason && reason != Finish::Stop,
            _ => true,
        };
        self.close(choice);
        if is_news {
            self.choices[place].reason = Some(reason);
            let fails = reason == Finish::Error && self.table.has(layout::FINISH_FAILS);
            out.say(Delta::Finish { choice, reason, said: said.into() });
            if fails {
                out.fault = Some(Fault::new(String::from(said), ""));
            }
        }
    }

    pub(super) fn end(&mut self, said: &Said<'_, '_, '_>, out: &mut Out<'_>) {
        let is_so = |role: u8| said.value(role).map(|value| value.as_bytes() != b"false");
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
            self.finished(0, &default, out);
        }
    }
}

/// Reports a failure if the record is one.
pub(super) fn fail(said: &Said<'_, '_, '_>, out: &mut Out<'_>) {
    let record = said.record;
    let of_finish = out.fault.take();
    let fault = match said.hit(roles::ERROR).map(|hit| (hit, record.value(&hit.value))) {
        Some((hit, error)) if !error.is_nothing() => {
            let fault = Fault::of(error);
            let is_record = error.as_bytes().len() == record.text.trim_ascii().len();
            let key = record.text.get(hit.key.clone()).and_then(|key| core::str::from_utf8(key).ok());
            // If the whole record is the error, its code says more than its kind; otherwise the field's key may be the only name that it has.
            let key = key.filter(|key| fault.kind.is_empty() && !is_record && *key != "error");
            match key {
                Some(key) => Some(fault.named(key.into(), "".into())),
                None if is_record && fault.kind == record.name => Some(fault.by_code(error)),
                None => Some(fault),
            }
        }
        _ if said.value(roles::ERROR_RECORD).is_some_and(|kind| kind.is("error")) => {
            Some(Fault::of(record.value(&(0..record.text.len()))))
        }
        _ => None,
    };
    let fault = match (fault, of_finish) {
        (Some(fault), Some(of_finish)) if fault.kind.is_empty() => fault.named(of_finish.kind, "".into()),
        (Some(fault), _) | (None, Some(fault)) => fault,
        (None, None) => return,
    };
    out.fail(fault);
}

pub(super) fn usage(said: &Said<'_, '_, '_>) -> Usage {
    Usage {
        input_tokens: said.count(roles::INPUT),
        output_tokens: said.count(roles::OUTPUT),
        total_tokens: said.count(roles::TOTAL),
        reasoning_tokens: said.count(roles::REASONED),
        cached_tokens: said.count(roles::CACHED),
        cache_write_tokens: said.count(roles::CACHE_WRITTEN),
    }
}

/// A word that stands for "not finished".
fn is_no_word(said: &str) -> bool {
    matches!(said, "null" | "NULL" | "None" | "none") || said.ends_with("UNSPECIFIED")
}
