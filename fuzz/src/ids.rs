//! Which ids a stream has had, kept as a plain list: what the session's ring of hashes and its order of ids are held against.

use std::collections::HashMap;

/// As many of the last ids are remembered, and of the first.
const LAST: usize = 1024;
const FIRST: usize = 16;

/// The ids of a stream's records, and how far those go that count up.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    attempt: u32,
    /// How many new records with an id earlier attempts delivered.
    delivered_before: usize,
    /// For each id, the last of the records of earlier attempts that had it; and the ids of this attempt, in order.
    by_id: HashMap<String, usize>,
    present: Vec<String>,
    first: Vec<String>,
    /// The present response repeats what had arrived, since its last record with an id or from the start.
    repeats: bool,
    from_the_start: bool,
    /// The furthest id that counts up.
    furthest: Option<Counted>,
    /// The same, when the present attempt began.
    furthest_before: Option<Counted>,
}

/// What is known of a record by its id.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Known {
    New,
    Delivered,
    Old,
}

/// An id like `epoch-7`.
#[derive(Clone, Debug)]
struct Counted {
    id: String,
    epoch: String,
    number: u64,
}

impl Ids {
    /// Of a stream that begins after `stored`.
    pub(crate) fn after(stored: Option<&str>) -> Self {
        Self { furthest: stored.and_then(Counted::parse), ..Self::default() }
    }

    pub(crate) fn next_attempt(&mut self) {
        self.attempt += 1;
        for id in self.present.drain(..) {
            self.by_id.insert(id, self.delivered_before);
            self.delivered_before += 1;
        }
        (self.repeats, self.from_the_start) = (false, false);
        self.furthest_before = self.furthest.clone();
    }

    /// Whether a record with this id arrived before the present attempt.
    pub(crate) fn is_known(&self, id: &str) -> bool {
        let passed = match (Counted::parse(id), &self.furthest_before) {
            (Some(id), Some(before)) => id.epoch == before.epoch && id.number <= before.number,
            _ => false,
        };
        let seen = self.by_id.get(id).is_some_and(|index| index + LAST >= self.delivered_before);
        self.attempt > 1 && (passed || seen)
    }

    /// What becomes of a record with this id: it is new, or had arrived before, or is older than what is remembered.
    pub(crate) fn compare(&mut self, id: &str) -> Known {
        if self.attempt <= 1 {
            return Known::New;
        }
        if self.is_known(id) {
            (self.repeats, self.from_the_start) = (true, false);
            return Known::Delivered;
        }
        let nothing_yet = self.present.is_empty() && !self.repeats;
        if (nothing_yet || self.from_the_start) && self.first.iter().any(|first| first == id) {
            (self.repeats, self.from_the_start) = (true, true);
            return Known::Delivered;
        }
        if self.from_the_start {
            return Known::Old;
        }
        self.repeats = false;
        Known::New
    }

    /// Whether what has no id of its own repeats what had arrived.
    pub(crate) fn repeats(&self) -> bool {
        self.repeats
    }

    /// A record with this id is delivered. Gives the id after which others are missing.
    pub(crate) fn deliver(&mut self, id: &str) -> Option<String> {
        self.present.push(id.to_owned());
        if self.first.len() < FIRST {
            self.first.push(id.to_owned());
        }
        self.mention(id)
    }

    /// The same, of an id that came without a record.
    pub(crate) fn mention(&mut self, id: &str) -> Option<String> {
        let Some(id) = Counted::parse(id) else {
            self.furthest = None;
            return None;
        };
        match &self.furthest {
            Some(last) if last.epoch == id.epoch && last.number >= id.number => None,
            Some(last) if last.epoch == id.epoch => {
                let missing = (id.number - last.number > 1).then(|| last.id.clone());
                self.furthest = Some(id);
                missing
            }
            _ => {
                self.furthest = Some(id);
                None
            }
        }
    }

    /// Nobody knows any more which id comes next.
    pub(crate) fn lose_count(&mut self) {
        self.furthest = None;
    }
}

impl Counted {
    fn parse(id: &str) -> Option<Self> {
        let (epoch, digits) = id.split_once('-').filter(|(epoch, _)| !epoch.is_empty())?;
        let number = digits.parse::<u64>().ok().filter(|number| number.to_string() == digits)?;
        Some(Self { id: id.to_owned(), epoch: epoch.to_owned(), number })
    }
}
