//! The measured figures of a case, and the ratios between them.

use std::time::Duration;

use tidewire_bench::plan::{Case, Contender, EVENTS_AFTERWARDS, Role};
use tidewire_bench::wire::Facts;

pub(super) struct CaseResult {
    pub(super) case: &'static Case,
    pub(super) measured: Vec<Measured>,
}

pub(super) struct Measured {
    pub(super) contender: &'static Contender,
    /// Or the reason why there are none.
    pub(super) figures: Result<Figures, String>,
}

pub(super) struct Figures {
    pub(super) median: Duration,
    pub(super) facts: Facts,
}

impl Figures {
    pub(super) fn mb_per_second(&self) -> f64 {
        self.facts.body_bytes as f64 / 1e6 / self.median.as_secs_f64()
    }

    pub(super) fn allocations_per_event(&self) -> f64 {
        self.facts.allocations as f64 / self.facts.digest.events as f64
    }

    pub(super) fn allocated_per_event(&self) -> f64 {
        self.facts.allocated as f64 / self.facts.digest.events as f64
    }

    /// For one large event: the peak, as a multiple of its size.
    pub(super) fn peak_to_body(&self) -> f64 {
        self.facts.peak as f64 / self.facts.body_bytes as f64
    }

    /// For one large event: bytes allocated for each small event after it.
    pub(super) fn allocated_per_event_afterwards(&self) -> f64 {
        self.facts.allocated_after_first as f64 / EVENTS_AFTERWARDS as f64
    }
}

impl CaseResult {
    pub(super) fn figures(&self, contender: &str) -> Option<&Figures> {
        self.measured.iter().find(|one| one.contender.name == contender)?.figures.as_ref().ok()
    }

    pub(super) fn speed(&self, contender: &str) -> Option<f64> {
        self.figures(contender).map(Figures::mb_per_second)
    }

    pub(super) fn best_peer(&self) -> Option<(&'static str, f64)> {
        self.of_role(Role::Peer).max_by(|(_, one), (_, other)| one.total_cmp(other))
    }

    pub(super) fn floor(&self) -> Option<f64> {
        self.of_role(Role::Floor).map(|(_, speed)| speed).next()
    }

    /// The contender's speed as a multiple of the best peer's.
    pub(super) fn to_best_peer(&self, contender: &str) -> Option<f64> {
        Some(self.speed(contender)? / self.best_peer()?.1)
    }

    /// The contender's speed as a fraction of the floor's.
    pub(super) fn to_floor(&self, contender: &str) -> Option<f64> {
        Some(self.speed(contender)? / self.floor()?)
    }

    fn of_role(&self, role: Role) -> impl Iterator<Item = (&'static str, f64)> {
        let of_role = self.measured.iter().filter(move |one| one.contender.role == role);
        of_role.filter_map(|one| Some((one.contender.name, one.figures.as_ref().ok()?.mb_per_second())))
    }
}
