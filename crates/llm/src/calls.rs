//! Decides which tool call a fragment belongs to: providers number calls by index, by id, by both, or not at all.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::places::{Key, Keyed, Places};

/// The calls that have begun.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls {
    list: Vec<Call>,
    places: Places,
}

#[derive(Clone, Debug)]
struct Call {
    choice: u32,
    /// Which of its choice.
    ordinal: u32,
    /// The provider's number for it, or that of its block.
    number: Option<u64>,
    id: String,
    name: String,
    /// Arguments have come.
    fed: bool,
}

/// Names a call among those that have begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallAt(usize);

impl Calls {
    /// A call that begins.
    pub(crate) fn begin(&mut self, choice: u32, number: Option<u64>, id: &str, name: &str) -> CallAt {
        let ordinal = self.last(choice).map_or(0, |before| self.list[before.0].ordinal + 1);
        let (id, name) = (id.to_owned(), name.to_owned());
        self.list.push(Call { choice, ordinal, number, id, name, fed: false });
        self.places.added(&self.list);
        CallAt(self.list.len() - 1)
    }

    /// The latest call with this number.
    pub(crate) fn numbered(&self, choice: u32, number: u64) -> Option<CallAt> {
        self.latest(Key::Number(choice, number))
    }

    /// The latest call with this id.
    pub(crate) fn with_id(&self, choice: u32, id: &str) -> Option<CallAt> {
        self.latest(Key::Id(choice, id))
    }

    /// The latest call of a choice.
    pub(crate) fn last(&self, choice: u32) -> Option<CallAt> {
        self.latest(Key::Choice(choice))
    }

    /// The call that a fragment of a chat continues, or `None` where it begins a new one.
    ///
    /// An id that was seen is that call's. Another id under a number that is taken begins a new call if it comes with a name: some servers
    /// number all parallel calls 0. Without an id, a name other than that of the call with its number does. Without a number and an
    /// id, a name begins a call, and what has none goes on with the last one.
    pub(crate) fn continued(&self, choice: u32, number: Option<u64>, id: &str, name: &str) -> Option<CallAt> {
        if !id.is_empty()
            && let Some(known) = self.with_id(choice, id)
        {
            return Some(known);
        }
        let Some(number) = number else {
            return if id.is_empty() && name.is_empty() { self.last(choice) } else { None };
        };
        let taken = self.numbered(choice, number)?;
        let call = &self.list[taken.0];
        let another = !name.is_empty() && (name != call.name || (!id.is_empty() && !call.id.is_empty()));
        (!another).then_some(taken)
    }

    /// The choice and the index of a call.
    pub(crate) fn place(&self, at: CallAt) -> (u32, u32) {
        self.list.get(at.0).map_or((0, 0), |call| (call.choice, call.ordinal))
    }

    /// Notes that arguments have come; says whether some had before.
    pub(crate) fn feed(&mut self, at: CallAt) -> bool {
        self.list.get_mut(at.0).is_some_and(|call| core::mem::replace(&mut call.fed, true))
    }

    /// Whether arguments have come.
    pub(crate) fn is_fed(&self, at: CallAt) -> bool {
        self.list.get(at.0).is_some_and(|call| call.fed)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn latest(&self, key: Key<'_>) -> Option<CallAt> {
        self.places.find(&self.list, key).map(CallAt)
    }
}

impl Keyed for Call {
    fn choice(&self) -> u32 {
        self.choice
    }

    fn has(&self, key: Key<'_>) -> bool {
        match key {
            Key::Choice(choice) => self.choice == choice,
            Key::Number(choice, number) => self.choice == choice && self.number == Some(number),
            Key::Id(choice, id) => self.choice == choice && self.id == id,
        }
    }

    fn tell_keys(&self, tell: &mut dyn FnMut(Key<'_>)) {
        tell(Key::Choice(self.choice));
        tell(Key::Id(self.choice, &self.id));
        if let Some(number) = self.number {
            tell(Key::Number(self.choice, number));
        }
    }
}
