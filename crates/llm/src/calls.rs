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
    /// The places of calls whose arguments are held until it is clear that no pieces of them follow.
    waiting: Vec<usize>,
    /// How many of them, from the front, were handed out.
    released: usize,
}

#[derive(Clone, Debug)]
struct Call {
    choice: u32,
    /// Which of its choice.
    ordinal: u32,
    /// The provider's number for it, or that of its block.
    number: Option<u64>,
    /// The name that later records use for it, if that is not its id.
    item: String,
    id: String,
    name: String,
    /// Arguments have come.
    fed: bool,
    /// Arguments that are used only if no pieces of them follow.
    first: String,
}

/// Names a call among those that have begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallAt(usize);

impl Calls {
    /// A call that begins.
    pub(crate) fn begin(
        &mut self,
        choice: u32,
        number: Option<u64>,
        item: &str,
        id: &str,
        name: &str,
    ) -> CallAt {
        let ordinal = self.last(choice).map_or(0, |before| self.list[before.0].ordinal + 1);
        let (item, id, name) = (item.to_owned(), id.to_owned(), name.to_owned());
        self.list.push(Call { choice, ordinal, number, item, id, name, fed: false, first: String::new() });
        self.places.added(&self.list);
        CallAt(self.list.len() - 1)
    }

    /// The call that a fragment continues; `None` if it begins a new one or belongs to none.
    ///
    /// A number takes precedence over an id, since some servers give all calls the same id. But a new id under a known number, or a new name
    /// without an id, begins a new call, since some servers number all calls 0. Without a number, a known id selects its call; a fragment with
    /// neither continues the last call, unless it has a name.
    pub(crate) fn continued(
        &self,
        choice: u32,
        number: Option<u64>,
        item: &str,
        id: &str,
        name: &str,
    ) -> Option<CallAt> {
        if let Some(known) =
            Some(item).filter(|item| !item.is_empty()).and_then(|item| self.latest(Key::Id(choice, item)))
        {
            return Some(known);
        }
        let with_id = Some(id).filter(|id| !id.is_empty()).and_then(|id| self.latest(Key::Id(choice, id)));
        let Some(number) = number else {
            return match with_id {
                None if id.is_empty() && name.is_empty() && item.is_empty() => self.last(choice),
                known => known,
            };
        };
        let taken = self.latest(Key::Number(choice, number))?;
        let call = &self.list[taken.0];
        let has_another_id = !id.is_empty() && !call.id.is_empty() && id != call.id;
        let has_another_name =
            id.is_empty() && !name.is_empty() && !call.name.is_empty() && name != call.name;
        if has_another_id && !name.is_empty() {
            // The id of an earlier call with this number, or of a new call.
            return with_id.filter(|known| self.list[known.0].number == Some(number));
        }
        (!has_another_name).then_some(taken)
    }

    /// Adds to the item, id and name of a call. Returns whether its id or its name changed.
    pub(crate) fn named(&mut self, at: CallAt, item: &str, id: &str, name: &str) -> bool {
        let Some(call) = self.list.get_mut(at.0) else { return false };
        if call.item.is_empty() {
            call.item.push_str(item);
        }
        let is_late = call.id.is_empty() && !id.is_empty();
        if is_late {
            call.id.push_str(id);
        }
        // Until arguments arrive, a name may continue; a repeated name adds nothing.
        let goes_on = !name.is_empty() && name != call.name && (call.name.is_empty() || !call.fed);
        if goes_on {
            call.name.push_str(name);
        }
        is_late || goes_on
    }

    /// The id and the name of a call.
    pub(crate) fn names(&self, at: CallAt) -> (&str, &str) {
        self.list.get(at.0).map_or(("", ""), |call| (&call.id, &call.name))
    }

    fn last(&self, choice: u32) -> Option<CallAt> {
        self.latest(Key::Choice(choice))
    }

    /// The choice and the index of a call.
    pub(crate) fn place(&self, at: CallAt) -> (u32, u32) {
        self.list.get(at.0).map_or((0, 0), |call| (call.choice, call.ordinal))
    }

    /// Notes that arguments have come; says whether some had before.
    pub(crate) fn feed(&mut self, at: CallAt) -> bool {
        self.list.get_mut(at.0).is_some_and(|call| core::mem::replace(&mut call.fed, true))
    }

    /// Takes arguments that count unless pieces of them follow.
    pub(crate) fn hold(&mut self, at: CallAt, arguments: &str) {
        if let Some(call) = self.list.get_mut(at.0).filter(|call| !call.fed) {
            if call.first.is_empty() {
                self.waiting.push(at.0);
            }
            call.first.clear();
            call.first.push_str(arguments);
        }
    }

    /// A call with held arguments, and these; empty if others have arrived since. With a number, only the call with that number.
    pub(crate) fn held(&mut self, choice: Option<u32>, number: Option<u64>) -> Option<(CallAt, String)> {
        let has_some = |place: &usize| !self.list[*place].first.is_empty();
        let place = match number {
            Some(number) => {
                self.latest(Key::Number(choice.unwrap_or_default(), number)).map(|at| at.0).filter(has_some)
            }
            None => {
                // Skip the ones at the front that were already handed out by number.
                self.released +=
                    self.waiting[self.released..].iter().take_while(|place| !has_some(place)).count();
                let is_meant = |place: &usize| choice.is_none_or(|choice| choice == self.list[*place].choice);
                self.waiting[self.released..].iter().copied().find(|place| has_some(place) && is_meant(place))
            }
        }?;
        let call = &mut self.list[place];
        let first = core::mem::take(&mut call.first);
        Some((CallAt(place), if call.fed { String::new() } else { first }))
    }

    /// Whether arguments have come.
    pub(crate) fn is_fed(&self, at: CallAt) -> bool {
        self.list.get(at.0).is_some_and(|call| call.fed)
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
            Key::Id(choice, id) => self.choice == choice && (self.id == id || self.item == id),
        }
    }

    fn tell_keys(&self, tell: &mut dyn FnMut(Key<'_>)) {
        tell(Key::Choice(self.choice));
        tell(Key::Id(self.choice, &self.id));
        tell(Key::Id(self.choice, &self.item));
        if let Some(number) = self.number {
            tell(Key::Number(self.choice, number));
        }
    }
}
