//! The values that every dialect's reply contains: model, dates, token counts, an error.

pub(super) const MODEL: &str = "tidewire-demo";
pub(super) const CREATED: u64 = 1_760_000_000;
pub(super) const DATE: &str = "2025-10-09T08:53:20Z";
pub(super) const OVERLOADED: &str = "the model is overloaded";
pub(super) const INPUT: u64 = 11;
pub(super) const CACHED: u64 = 5;
pub(super) const OUTPUT: u64 = 29;
pub(super) const REASONING: u64 = 7;
pub(super) const TOTAL: u64 = INPUT + OUTPUT;
