//! What the processes of a measurement share: the plan, the clocks, the counting allocator, and their messages.
//!
//! `tidewire-bench` is the conductor. It starts one `tidewire-bench-parse` for each contender of a case, so that none inherits
//! the heap or the caches of another, and lets them take turns: A B C A B C … `tidewire-bench-client` measures clients in the
//! same way, with the server in a process of its own.

pub mod clock;
pub mod event;
pub mod memory;
pub mod plan;
pub mod tally;
pub mod wire;
