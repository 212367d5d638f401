//! Which ids a stream has had, kept as a plain list: what the session's ring of hashes and its order of ids are held against.

use std::collections::HashMap;

/// As many ids are remembered.
const REMEMBERED: usize = 1024;

/// The ids of a stream's records, and how far those go that count up.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    attempt: u32,
    /// How many records with an id were delivered.
    delivered: usize,
    /// For each id, which of them had it, and in which attempt.
    by_id: HashMap<String, Vec<(usize, u32)>>,
    /// The furthest id that counts up.
    furthest: Option<Counted>,
    /// The same, when the present attempt began.
    furthest_before: Option<Counted>,
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
        self.furthest_before = self.furthest.clone();
    }

    /// Whether a record with this id arrived before the present attempt.
    pub(crate) fn is_known(&self, id: &str) -> bool {
        let passed = match (Counted::parse(id), &self.furthest_before) {
            (Some(id), Some(before)) => id.epoch == before.epoch && id.number <= before.number,
            _ => false,
        };
        let counts = |&(index, attempt): &(usize, u32)| {
            attempt < self.attempt && index + REMEMBERED >= self.delivered
        };
        let seen = self.by_id.get(id).is_some_and(|records| records.iter().any(counts));
        self.attempt > 1 && (passed || seen)
    }

    /// A record with this id is delivered. Gives the id after which others are missing.
    pub(crate) fn deliver(&mut self, id: &str) -> Option<String> {
        self.by_id.entry(id.to_owned()).or_default().push((self.delivered, self.attempt));
        self.delivered += 1;
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
