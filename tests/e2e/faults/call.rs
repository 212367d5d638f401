//! Random options of a caller.

use std::time::Duration;

use fastrand::Rng;
use tidewire::{Format, Resume};

use crate::script::{CallOptions, Declared, EndOn, ItemKind, Limits, Payload, Refresh, To, Verb};

/// Longer than a busy machine needs for a request, shorter than a test.
pub(crate) const LIMIT: Duration = Duration::from_millis(2500);
/// Passes after [`LIMIT`] when both are set.
const LATER: Duration = Duration::from_millis(4500);
const MAX_EVENT_BYTES: usize = 1500;

/// Picks a choice at random; its number is its weight.
pub(crate) fn pick<T: Copy>(rng: &mut Rng, choices: &[(u32, T)]) -> T {
    let mut at = rng.u32(..choices.iter().map(|(weight, _)| *weight).sum::<u32>());
    for (weight, choice) in choices {
        match at.checked_sub(*weight) {
            Some(rest) => at = rest,
            None => return *choice,
        }
    }
    unreachable!("the weights make up the sum")
}

/// The options of one caller.
pub(crate) fn call(rng: &mut Rng) -> CallOptions {
    let format = pick(
        rng,
        &[
            (10, Format::Sse),
            (3, Format::Ndjson),
            (1, Format::JsonSeq),
            (2, Format::JsonArray),
            (1, Format::Concat),
            (2, Format::Text),
        ],
    );
    let json = !matches!(format, Format::Sse | Format::Text);
    let kind = match format {
        Format::Sse => pick(rng, &[(3, ItemKind::Frames), (3, ItemKind::Events), (1, ItemKind::Text)]),
        Format::Text => pick(rng, &[(1, ItemKind::Frames), (1, ItemKind::Text)]),
        _ => pick(rng, &[(1, ItemKind::Frames), (1, ItemKind::Records)]),
    };
    let method = pick(rng, &[(6, Verb::Get), (4, Verb::Post), (1, Verb::Put)]);
    let payload = match method {
        Verb::Get => Payload::None,
        _ => pick(rng, &[(1, Payload::None), (5, Payload::Bytes), (1, Payload::Once)]),
    };
    let declared = match method {
        Verb::Get => Declared::Nothing,
        _ => pick(rng, &[(3, Declared::Nothing), (1, Declared::Idempotent), (2, Declared::Key)]),
    };
    let cursor_to = match (format, payload) {
        (Format::Text, _) => None,
        (_, Payload::Bytes) => pick(rng, &[(3, None), (1, Some(To::Body)), (1, Some(To::Query))]),
        (Format::Sse, _) => pick(rng, &[(9, None), (1, Some(To::Query))]),
        _ => pick(rng, &[(2, None), (1, Some(To::Query)), (1, Some(To::Header))]),
    };
    let end_on = match format {
        Format::Sse => {
            pick(rng, &[(4, EndOn::Default), (2, EndOn::Event), (1, EndOn::Json), (1, EndOn::None)])
        }
        Format::Text => pick(rng, &[(2, EndOn::Default), (1, EndOn::None)]),
        _ => pick(rng, &[(2, EndOn::Default), (2, EndOn::Json), (1, EndOn::None)]),
    };
    let http2 = rng.u8(..6) == 0;
    CallOptions {
        format,
        by_hand: rng.u8(..8) == 0,
        kind,
        method,
        payload,
        declared,
        resume: pick(
            rng,
            &[(5, Resume::Auto), (2, Resume::Always), (1, Resume::Never), (1, Resume::Elsewhere)],
        ),
        follow: rng.u8(..6) == 0,
        dedupe: rng.u8(..3) == 0,
        refresh: pick(rng, &[(4, None), (3, Some(Refresh::Works)), (1, Some(Refresh::Fails))]),
        begin: (rng.u8(..6) == 0).then(|| pick(rng, &[(1, "3"), (1, "e7-3")]).to_owned()).filter(|id| {
            // A JSON cursor is a number.
            cursor_to.is_none() || id == "3"
        }),
        cursor_to,
        end_on,
        fail_on_none: rng.u8(..10) == 0,
        heartbeat: (format == Format::Sse || json) && rng.u8(..6) == 0,
        deliver_unterminated: rng.u8(..10) == 0,
        max_event_bytes: (rng.u8(..4) == 0).then_some(MAX_EVENT_BYTES),
        retry_attempts: rng.u32(..4),
        retry_delay: pick(rng, &[(1, Duration::ZERO), (3, Duration::from_millis(3))]),
        limits: limits(rng),
        close_after: (format != Format::Text && rng.u8(..12) == 0).then(|| rng.usize(1..6)),
        http2,
    }
}

fn limits(rng: &mut Rng) -> Limits {
    let none = Limits::default();
    let idle = Limits { idle: Some(LIMIT), ..none };
    let progress = Limits { progress: Some(LIMIT), ..none };
    let first = Limits { first_event: Some(LIMIT), idle: Some(LATER), ..none };
    let total = Limits { total: Some(LIMIT * 2), ..none };
    pick(rng, &[(100, none), (6, idle), (4, progress), (4, first), (6, total)])
}
