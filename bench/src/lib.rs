//! What the processes of a measurement share: the plan, the clock, the counting allocator, and what they tell each other.
//!
//! `tidewire-bench` conducts. It starts one `tidewire-bench-parse` for each contender of a case, so that no contender runs in
//! a heap or a cache that another has left behind, and lets them run in turn: A B C A B C … Clients are measured in the same way by
//! `tidewire-bench-client`, with a server in a process of its own.

pub mod clock;
pub mod event;
pub mod memory;
pub mod plan;
pub mod tally;
pub mod wire;
