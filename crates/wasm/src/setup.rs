//! DecoderOptions, as JavaScript sets them one by one: a number for the option, and a number or a text.

use alloc::borrow::ToOwned;
use core::time::Duration;

use tidewire_core::session::Resume;
use tidewire_core::{CursorSource, Decoder, Format, StreamOptions, json};

use crate::key::Key;

/// A decoder with these options.
pub(crate) fn decoder(setup: &StreamOptions) -> Decoder {
    let id = setup.last_event_id.as_deref().unwrap_or_default();
    Decoder::new(setup.format, setup.decoder).with_last_event_id(id.as_bytes())
}

/// Sets an option. False where there is no such option.
pub(crate) fn set(setup: &mut StreamOptions, key: Key, value: f64) -> bool {
    let StreamOptions { policy, decoder: options, markers, sniff, dedupe, .. } = setup;
    let flag = value != 0.0;
    let limit = Some(duration(value)).filter(|limit| !limit.is_zero());
    match key {
        Key::EndOn => markers.end_on = Some([].into()),
        Key::FailOn => markers.fail_on = Some([].into()),
        Key::MaxEventBytes => options.max_event_bytes = value as usize,
        Key::SkipOversized => options.skip_oversized = flag,
        Key::DeliverUnterminated => options.deliver_unterminated = flag,
        Key::Done => options.done = flag,
        Key::Sniff => *sniff = flag,
        Key::Dedupe => *dedupe = flag,
        Key::Refresh => policy.refresh = flag,
        Key::Follow => policy.follow = flag,
        Key::Idempotent => policy.idempotent = flag,
        Key::Repeatable => policy.repeatable = flag,
        Key::Resume => {
            policy.resume = match value as u32 {
                1 => Resume::Always,
                2 => Resume::Never,
                3 => Resume::Elsewhere,
                _ => Resume::Auto,
            };
        }
        Key::RetryAttempts => policy.retry_attempts = value as u32,
        Key::RetryDelay => policy.retry_delay = duration(value),
        Key::Timeout => policy.timeout = limit,
        Key::FirstEventTimeout => policy.first_event_timeout = limit,
        Key::IdleTimeout => policy.idle_timeout = limit,
        Key::ProgressTimeout => policy.progress_timeout = limit,
        Key::StallAfter => policy.stall_after = limit,
        Key::Format
        | Key::HeartbeatOn
        | Key::LastEventId
        | Key::Cursor
        | Key::Dialect
        | Key::Request
        | Key::Unknown => {
            return false;
        }
    }
    true
}

/// The same with a text. False where it is not what the option takes.
pub(crate) fn set_text(setup: &mut StreamOptions, key: Key, text: &str) -> bool {
    let markers = &mut setup.markers;
    match key {
        Key::Format => match text.parse::<Format>() {
            Ok(format) => setup.format = format,
            Err(_) => return false,
        },
        Key::EndOn | Key::FailOn | Key::HeartbeatOn => {
            let Ok(marker) = text.parse() else { return false };
            match key {
                Key::EndOn => markers.end_on.get_or_insert_default().push(marker),
                Key::FailOn => markers.fail_on.get_or_insert_default().push(marker),
                _ => markers.heartbeat_on.push(marker),
            }
        }
        Key::LastEventId => setup.last_event_id = Some(text.to_owned()),
        Key::Cursor => setup.cursor_source = CursorSource::Json(json::Path::parse(text)),
        _ => return false,
    }
    true
}

/// Milliseconds as JavaScript has them; what is no time is none, and what is too long is the longest.
pub(crate) fn duration(ms: f64) -> Duration {
    // A float becomes the nearest number that there is.
    Duration::from_micros((ms * 1000.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_of_every_kind() {
        for (ms, want) in [(0.0, 0), (-1.0, 0), (f64::NAN, 0), (1.5, 1500), (f64::INFINITY, u64::MAX)] {
            assert_eq!(duration(ms), Duration::from_micros(want), "{ms}");
        }
    }
}
