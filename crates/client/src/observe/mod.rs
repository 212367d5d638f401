//! What the driver tells to who watches from outside: a span for each stream (feature `tracing`), and metrics of all of them
//! (feature `metrics`). Without either the observer has no size and its calls nothing in them.

#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(not(any(feature = "tracing", feature = "metrics")))]
mod off;
#[cfg(any(feature = "tracing", feature = "metrics"))]
mod on;
#[cfg(feature = "tracing")]
mod trace;

#[cfg(not(any(feature = "tracing", feature = "metrics")))]
pub(crate) use self::off::Observer;
#[cfg(any(feature = "tracing", feature = "metrics"))]
pub(crate) use self::on::Observer;
