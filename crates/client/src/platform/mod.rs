//! The parts that differ by platform besides HTTP: threads, clocks, timers and random numbers.

#[cfg_attr(target_family = "wasm", path = "browser/mod.rs")]
#[cfg_attr(not(target_family = "wasm"), path = "native/mod.rs")]
mod current;
mod future;

pub(crate) use self::current::{Clock, OnceBody, Sendable, Timer, boxed, chance};
pub use self::current::{MaybeSend, MaybeSync};
pub(crate) use self::future::Boxed;
