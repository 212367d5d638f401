//! One record, and the values of each of its scopes.

use alloc::borrow::Cow;
use core::ops::Range;

use crate::json::Value;
use crate::out::scalar;
use crate::table::walk::Hit;
use crate::table::{layout, roles};

/// What is known of a scope from those around it.
#[derive(Clone, Copy, Default)]
pub(super) struct Context<'a> {
    pub(super) choice: u32,
    pub(super) number: Option<u64>,
    pub(super) item: Option<Value<'a>>,
    pub(super) sub: Option<u64>,
    /// The kinds of text that the scopes around this one have emitted, as bits.
    pub(super) told: u8,
    /// The scope's value.
    pub(super) within: Option<Value<'a>>,
    /// What the piece around it is, by its kind.
    pub(super) class: u8,
}

/// The values of a scope by their roles.
#[derive(Clone, Copy)]
pub(super) struct Slots<'h> {
    hits: [Option<&'h Hit>; roles::COUNT],
    /// The roles that have a value, as bits.
    roles: u64,
}

impl<'h> Slots<'h> {
    pub(super) const NONE: Self = Self { hits: [None; roles::COUNT], roles: 0 };

    pub(super) fn set(&mut self, role: u8, hit: &'h Hit) {
        self.hits[usize::from(role)] = Some(hit);
        self.roles |= 1 << role;
    }

    /// The value of a role.
    pub(super) fn hit(&self, role: u8) -> Option<&'h Hit> {
        self.hits[usize::from(role)]
    }

    /// Whether there is a value of one of these roles.
    #[inline]
    pub(super) fn has_any(&self, roles: &[u8]) -> bool {
        self.roles & roles.iter().fold(0, |bits, role| bits | 1 << role) != 0
    }
}

/// One record: its text, and what was found in it.
pub(super) struct Record<'a, 'h> {
    pub(super) text: &'a [u8],
    pub(super) hits: &'h [Hit],
    pub(super) kind: u8,
    /// The name of the kind, or of the event.
    pub(super) name: &'h str,
}

impl<'a> Record<'a, '_> {
    #[inline(never)]
    pub(super) fn value(&self, range: &Range<usize>) -> Value<'a> {
        Value::exact(self.text.get(range.clone()).unwrap_or_default())
    }

    pub(super) fn is_for(&self, kind: u8) -> bool {
        kind == layout::ANY_KIND || kind == self.kind
    }
}

/// The values of a scope, by role, with the record that they are from.
pub(super) struct Said<'r, 'a, 'h> {
    pub(super) record: &'r Record<'a, 'h>,
    pub(super) slots: &'r Slots<'h>,
}

impl<'a, 'h> Said<'_, 'a, 'h> {
    pub(super) fn hit(&self, role: u8) -> Option<&'h Hit> {
        self.slots.hit(role)
    }

    pub(super) fn has(&self, role: u8) -> bool {
        self.has_any(&[role])
    }

    /// Whether there is a value of one of these roles.
    #[inline]
    pub(super) fn has_any(&self, roles: &[u8]) -> bool {
        self.slots.has_any(roles)
    }

    #[inline(never)]
    pub(super) fn value(&self, role: u8) -> Option<Value<'a>> {
        self.hit(role).map(|hit| self.record.value(&hit.value))
    }

    /// The value as a text; empty for none.
    #[inline(never)]
    pub(super) fn text(&self, role: u8) -> Cow<'a, str> {
        scalar(self.value(role))
    }

    /// A count, which some servers write as `3.0`.
    #[inline(never)]
    pub(super) fn count(&self, role: u8) -> Option<u64> {
        let text = core::str::from_utf8(self.value(role)?.as_bytes()).ok()?;
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        rest.bytes().all(|byte| byte == b'0').then(|| whole.parse().ok())?
    }

    #[inline(never)]
    pub(super) fn is_true(&self, role: u8) -> bool {
        self.value(role).is_some_and(Value::is_true)
    }
}
