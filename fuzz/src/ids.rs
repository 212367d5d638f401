//! The ids of a stream's records, kept as plain lists, to compare the session's rings of hashes and its order of ids with.

use std::collections::HashMap;

/// How many of the last ids are remembered, and of the first.
const LAST: usize = 1024;
const FIRST: usize = 16;

/// The ids of a stream's records, and the highest of those that are numbered in order.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    attempt: u32,
    /// How many new records with an id earlier attempts delivered.
    delivered_before: usize,
    /// For each id, the index of the last record of earlier attempts that had it; and the ids of this attempt, in order.
    by_id: HashMap<String, usize>,
    present: Vec<String>,
    first: Vec<String>,
    /// The current response repeats records: the last one with an id, or everything since it started over.
    repeats: bool,
    from_the_start: bool,
    /// The highest ordered id of the current epoch.
    furthest: Option<Counted>,
    /// The same, when the current attempt began.
    furthest_before: Option<Counted>,
}

/// What the id of a record says about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Known {
    New,
    Delivered,
    Old,
}

/// An ordered id, such as `epoch-7`.
#[derive(Clone, Debug)]
struct Counted {
    id: String,
    epoch: String,
    number: u64,
}

impl Ids {
    /// The ids of a stream that begins after `stored`.
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

    /// Whether an earlier attempt delivered a record with this id.
    pub(crate) fn is_known(&self, id: &str) -> bool {
        let passed = match (Counted::parse(id), &self.furthest_before) {
            (Some(id), Some(before)) => id.epoch == before.epoch && id.number <= before.number,
            _ => false,
        };
        let seen = self.by_id.get(id).is_some_and(|index| index + LAST >= self.delivered_before);
        self.attempt > 1 && (passed || seen)
    }

    /// Compares the id of a record with those of earlier attempts.
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

    /// Whether a record without its own id counts as a repeat.
    pub(crate) fn repeats(&self) -> bool {
        self.repeats
    }

    /// Notes a new record with this id. Returns the id after which others are missing, if there is a gap.
    pub(crate) fn deliver(&mut self, id: &str) -> Option<String> {
        self.present.push(id.to_owned());
        if self.first.len() < FIRST {
            self.first.push(id.to_owned());
        }
        self.mention(id)
    }

    /// The same for an id without a record.
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

    /// Forgets the order of the ids.
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
