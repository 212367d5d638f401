//! `Retry-After` and `retry-after-ms`: numbers, and dates compared with the crate httpdate.

use std::time::{Duration, SystemTime};

use tidewire_core::session::{retry_after as read, retry_after_ms as read_ms};

const NANOSECONDS: u128 = 1_000_000_000;
const NANOSECONDS_OF_MS: u128 = 1_000_000;

/// The input is the present time and the header value.
pub fn retry_after(data: &[u8]) {
    let Some((now, value)) = data.split_first_chunk::<4>() else { return };
    let now = Duration::from_secs(u32::from_le_bytes(*now).into());
    let Ok(value) = str::from_utf8(value) else { return };
    let have = read(value, now);
    let trimmed = value.trim_ascii();
    let seconds = number(trimmed, NANOSECONDS, u64::MAX.into());
    assert_eq!(read_ms(value), number(trimmed, NANOSECONDS_OF_MS, u64::MAX.into()), "milliseconds");
    if seconds.is_some() {
        return assert_eq!(have, seconds);
    }
    let last = Duration::from_secs(253_402_300_800);
    assert!(have.is_none_or(|wait| wait <= last), "a date after the year 9999");
    as_another_says(trimmed, now, have);
}

/// Reads a decimal number of units of `unit` nanoseconds. Its whole part is at most `most`, and fractions of a nanosecond are dropped.
fn number(value: &str, unit: u128, most: u128) -> Option<Duration> {
    let (whole, part) = value.split_once('.').unwrap_or((value, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(part) {
        return None;
    }
    let whole = whole.parse::<u128>().map_or(most, |whole| whole.min(most));
    // Each digit counts a tenth of the one before.
    let mut parts = 0;
    let mut tenth = unit / 10;
    for digit in part.bytes() {
        parts += u128::from(digit - b'0') * tenth;
        tenth /= 10;
    }
    let all = whole * unit + parts;
    Some(Duration::new(u64::try_from(all / NANOSECONDS).ok()?, (all % NANOSECONDS) as u32))
}

/// httpdate 1 reads dates as RFC 9110 does, with exceptions that are left out here: it does not check some separators, so a value must
/// have the number of words of its form; a year of two digits is always one of 1970 to 2069; a wrong day of the week and a leap second
/// are errors; and a vertical tab is white space.
fn as_another_says(value: &str, now: Duration, have: Option<Duration>) {
    let Ok(date) = httpdate::parse_http_date(value) else { return };
    if value.contains('\u{B}') {
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
