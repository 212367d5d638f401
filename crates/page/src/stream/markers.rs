//! Which records end a stream, report its failure, or are heartbeats.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// The marker of the record with which many LLM servers end a stream.
const DONE: &[u8] = b"[DONE]";
const ERROR: &[u8] = b"event:error";

/// What a marker says of a record, the first of those that match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Role {
    /// It reports that the peer failed.
    Failure,
    /// It ends the stream, and has no payload, so it is not delivered.
    BareEnd,
    /// It ends the stream.
    End,
    /// It is no record: its data is a comment.
    Heartbeat,
    /// No marker matches it.
    Plain,
}

/// A condition on a record.
#[derive(Clone, Debug)]
struct Marker {
    role: Role,
    condition: Condition,
    next: Option<Box<Self>>,
}

#[derive(Clone, Debug)]
enum Condition {
    /// The record's data is exactly this. It has no payload, so an end marker of this kind is not delivered.
    Data(Vec<u8>),
    /// The event has this name.
    Name(Vec<u8>),
    #[cfg(feature = "formats")]
    Json(tidewire_core::JsonCondition),
}

/// All markers of a stream.
#[derive(Debug)]
pub(crate) struct Markers {
    /// The marker that was added last; it links to the earlier ones.
    last: Option<Box<Marker>>,
    /// Nothing but the end of the body ends the stream.
    pub(crate) no_end: bool,
    /// `event:error` is no failure.
    pub(crate) no_failure: bool,
    /// An end marker was declared, so that the stream must reach one.
    pub(crate) expects_end: bool,
}

impl Markers {
    pub(crate) const NONE: Self = Self { last: None, no_end: false, no_failure: false, expects_end: false };

    /// Declares one: a data value, or `event:NAME`. False if it is neither.
    #[inline(never)]
    pub(crate) fn add(&mut self, role: Role, text: &[u8]) -> bool {
        let condition = match text.strip_prefix(b"event:") {
            Some(name) => Condition::Name(name.to_vec()),
            #[cfg(feature = "formats")]
            None if text.starts_with(b"json:") => {
                let text = core::str::from_utf8(&text[b"json:".len()..]).unwrap_or_default();
                let Some(condition) = tidewire_core::JsonCondition::parse(text) else { return false };
                Condition::Json(condition)
            }
            #[cfg(not(feature = "formats"))]
            None if text.starts_with(b"json:") => return false,
            None => Condition::Data(text.to_vec()),
        };
        if let Condition::Data(text) | Condition::Name(text) = &condition
            && text.is_empty()
        {
            return false;
        }
        self.no_failure |= role == Role::Failure;
        self.expects_end |= role == Role::End;
        let is_bare = role == Role::End && matches!(condition, Condition::Data(_));
        let role = if is_bare { Role::BareEnd } else { role };
        self.last = Some(Box::new(Marker { role, condition, next: self.last.take() }));
        true
    }

    fn all(&self) -> impl Iterator<Item = &Marker> {
        core::iter::successors(self.last.as_deref(), |marker| marker.next.as_deref())
    }

    /// Adds those that count unless they were turned off.
    pub(crate) fn add_defaults(&mut self, follows: bool) {
        if !self.no_failure && !follows {
            self.add(Role::Failure, ERROR);
        }
        if !self.no_end {
            self.add(Role::End, DONE);
        }
    }

    /// What the markers say of a record. `name` is an event's, empty for `message`; JSON values have none.
    #[inline]
    pub(crate) fn role(&self, name: Option<&[u8]>, data: &[u8]) -> Role {
        let mut role = Role::Plain;
        for marker in self.all() {
            let matches = match &marker.condition {
                Condition::Data(text) => text == data,
                Condition::Name(text) => {
                    name.is_some_and(|name| text == name || (name.is_empty() && text == b"message"))
                }
                #[cfg(feature = "formats")]
                Condition::Json(condition) => condition.holds(data),
            };
            if matches && marker.role < role {
                role = marker.role;
            }
        }
        role
    }

    /// Whether a marker can match an event with this name whose data is a JSON object.
    #[cfg(feature = "llm")]
    pub(crate) fn may_match(&self, name: &[u8]) -> bool {
        self.all().any(|marker| match &marker.condition {
            Condition::Data(text) => text.starts_with(b"{"),
            Condition::Name(text) => text == name,
            Condition::Json(_) => true,
        })
    }

    /// Whether this data is an end marker without a payload.
    pub(crate) fn is_bare_end(&self, data: &[u8]) -> bool {
        self.all().any(|marker| {
            marker.role == Role::BareEnd && matches!(&marker.condition, Condition::Data(text) if text == data)
        })
    }

    /// The data values that end or fail a stream, without the white space around them, which does not count in a text body.
    pub(crate) fn in_text(&self) -> impl Iterator<Item = (Role, &[u8])> {
        self.all().filter_map(|marker| match &marker.condition {
            Condition::Data(text) if marker.role < Role::Heartbeat => {
                Some((marker.role, text.trim_ascii())).filter(|(_, text)| !text.is_empty())
            }
            _ => None,
        })
    }
}
