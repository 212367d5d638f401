//! Texts and tool calls, and which choice and part they belong to.

use crate::calls::CallAt;
use crate::dialects::gemini_args::PartialArgs;
use crate::grow::Slot;
use crate::json::Value;
use crate::out::{Out, scalar};
use crate::table::{layout, roles};

use super::Assembler;
use super::said::{Context, Said};

const REASONING: u8 = 1;
const TEXT: u8 = 2;
const REFUSAL: u8 = 4;

impl Assembler {
    /// The text, the reasoning and the refusal of a scope.
    pub(super) fn texts<'a>(
        &mut self,
        said: &Said<'_, 'a, '_>,
        context: &mut Context<'a>,
        out: &mut Out<'_>,
    ) {
        let choice = context.choice;
        let around = context.told;
        let is_thought = said.is_true(roles::THOUGHT) || context.class == layout::PIECE_REASONING;
        let is_skipped = said.is_true(roles::SKIPPED);
        for (bit, role, whole, slot) in [
            (REASONING, roles::REASONING, roles::REASONING_WHOLE, Slot::Reasoning { choice }),
            (TEXT, roles::TEXT, roles::TEXT_WHOLE, Slot::Text { choice }),
            (REFUSAL, roles::REFUSAL, roles::REFUSAL_WHOLE, Slot::Refusal { choice }),
        ] {
            let slot = if is_thought && bit == TEXT { Slot::Reasoning { choice } } else { slot };
            let (piece, all) = (said.value(role).filter(|_| !is_skipped), said.value(whole));
            let so_far = said.value(roles::TEXT_SO_FAR).filter(|_| bit == TEXT);
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

    /// Emits a tool call, or a part of one, if the scope has any.
    pub(super) fn call<'a>(&mut self, said: &Said<'_, 'a, '_>, context: Context<'a>, out: &mut Out<'_>) {
        let (id, name) = (said.text(roles::CALL_ID), said.text(roles::CALL_NAME));
        let piece = said.value(roles::ARGUMENTS);
        let parts = said.value(roles::CALL_PARTS);
        let first = said.value(roles::ARGUMENTS_FIRST).filter(|first| !first.is_nothing());
        let whole = said.value(roles::ARGUMENTS_WHOLE);
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
            None if names => out.call(choice, context.number, &item, id, name),
            // It belongs to a call that the caller does not have to make.
            None => {
                let kind = scalar(context.within.and_then(|within| within.field("type")));
                let name = if kind.is_empty() { said.record.name } else { &*kind };
                return context.within.into_iter().for_each(|within| out.other(name, within));
            }
        };
        self.reopened(choice).has_calls = true;
        let more = said.is_true(roles::CALL_MORE);
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
    pub(super) fn end_parts(&mut self, choice: u32, out: &mut Out<'_>) {
        let place = self.choice(choice);
        if let Some((call, arguments)) = self.choices[place].parts.take() {
            out.fragment(call, &arguments.end());
        }
    }
}

/// The part that a text continues, as a number; 0 if the record does not say.
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
