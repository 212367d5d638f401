//! Tests of the `tidewire` command: the built binary against a scripted upstream.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod advice;
mod arrows;
mod attempts;
mod decode;
mod dialects;
mod options;
mod output;
mod record;
mod reply_shapes;
mod scenarios;
mod serve;
mod stopping;
mod support;
#[cfg(unix)]
mod terminal;
mod time;
mod usage;
