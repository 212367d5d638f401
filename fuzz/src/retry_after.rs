//! `Retry-After`: seconds, and dates against the crate httpdate.

use std::time::{Duration, SystemTime};

use tidewire_core::session::retry_after as read;

/// A time, and the value behind it.
pub fn retry_after(data: &[u8]) {
    let Some((now, value)) = data.split_first_chunk::<4>() else { return };
    let now = Duration::from_secs(u32::from_le_bytes(*now).into());
    let Ok(value) = str::from_utf8(value) else { return };
    let have = read(value, now);
    let trimmed = value.trim_ascii();
    if !trimmed.is_empty() && trimmed.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds =
            trimmed.parse::<u128>().map_or(u64::MAX, |seconds| seconds.try_into().unwrap_or(u64::MAX));
        assert_eq!(have, Some(Duration::from_secs(seconds)));
        return;
    }
    let last = Duration::from_secs(253_402_300_800);
    assert!(have.is_none_or(|wait| wait <= last), "a date behind the year 9999");
    as_another_says(trimmed, now, have);
}

/// httpdate 1 reads a date as RFC 9110 does but for these, which are left out: some separators it does not look at, so a value
/// must have as many words between spaces as its form; of two digits it makes a year of 1970 to 2069, whatever the present one. A
/// wrong day of the week and a leap second are errors to it, and dates here; a vertical tab at the end is neither here nor there.
fn as_another_says(value: &str, now: Duration, have: Option<Duration>) {
    let Ok(date) = httpdate::parse_http_date(value) else { return };
    if value.ends_with('\u{B}') {
        return;
    }
    let two_digits = value.contains('-');
    match value.split(' ').filter(|word| !word.is_empty()).count() {
        4 if two_digits => assert!(have.is_some(), "{value}"),
        5 | 6 if !two_digits => {
            let date = date.duration_since(SystemTime::UNIX_EPOCH).expect("httpdate knows none before 1970");
            assert_eq!(have, Some(date.saturating_sub(now)), "{value}");
        }
        _ => {}
    }
}
