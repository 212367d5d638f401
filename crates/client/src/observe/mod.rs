//! Shows streams from outside: a span for each (feature `tracing`), and metrics of all (feature `metrics`). Without either feature the
//! observer has no size and its calls do nothing.

#[cfg(any(feature = "tracing", feature = "metrics"))]
mod emit;
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
