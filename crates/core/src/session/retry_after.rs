//! How long a refusing server asks to wait: `Retry-After` (RFC 9110, 10.2.3) as seconds or as a date in one of the three forms
//! of RFC 9110, 5.6.7, and the `retry-after-ms` of several LLM providers. Fractions, which the RFC does not have, are read.

use core::time::Duration;

use crate::numbers::decimal;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// How long a `Retry-After` asks to wait; `None` if it is neither a number of seconds nor a date.
///
/// `now` is the time since 1970-01-01 00:00 UTC, and only a date needs it. A date that has passed is no wait.
///
/// ```
/// use std::time::Duration;
/// use tidewire_core::session::retry_after;
/// assert_eq!(retry_after("120", Duration::ZERO), Some(Duration::from_secs(120)));
/// assert_eq!(retry_after("0.25", Duration::ZERO), Some(Duration::from_millis(250)));
/// let now = Duration::from_secs(784_111_770);
/// assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(7)));
/// ```
#[must_use]
pub fn retry_after(value: &str, now: Duration) -> Option<Duration> {
    let value = value.as_bytes().trim_ascii();
    if let Some((whole, billionths)) = fraction(value) {
        return Some(Duration::new(whole, billionths));
    }
    let date = Duration::from_secs(http_date(value, now)?);
    Some(date.saturating_sub(now))
}

/// How long a `retry-after-ms` asks to wait; `None` if it is no number of milliseconds.
#[must_use]
pub fn retry_after_ms(value: &str) -> Option<Duration> {
    let (whole, billionths) = fraction(value.as_bytes().trim_ascii())?;
    Some(Duration::from_millis(whole).saturating_add(Duration::from_nanos(u64::from(billionths / 1000))))
}

/// A decimal number as its whole part, at most `u64::MAX`, and the billionths after its point.
fn fraction(value: &[u8]) -> Option<(u64, u32)> {
    let point = value.iter().position(|byte| *byte == b'.');
    let (whole, digits) = match point {
        Some(point) => (&value[..point], &value[point + 1..]),
        None => (value, &b"0"[..]),
    };
    let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if !is_number(whole) || !is_number(digits) {
        return None;
    }
    let billionths = digits
        .iter()
        .chain(core::iter::repeat(&b'0'))
        .take(9)
        .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    Some((decimal(whole).unwrap_or(u64::MAX), billionths))
}

/// Seconds since 1970 of an HTTP date.
fn http_date(value: &[u8], now: Duration) -> Option<u64> {
    let mut words = value.split(|byte| b" ,-".contains(byte)).filter(|word| !word.is_empty());
    let _day_name = words.next()?;
    let second = words.next()?;
    let (day, month, year, time) = if second[0].is_ascii_digit() {
        // IMF-fixdate "Sun, 06 Nov 1994 08:49:37 GMT" and RFC 850 "Sunday, 06-Nov-94 08:49:37 GMT".
        (second, words.next()?, words.next()?, words.next()?)
    } else {
        // asctime "Sun Nov  6 08:49:37 1994".
        let (day, time, year) = (words.next()?, words.next()?, words.next()?);
        (day, second, year, time)
    };
    if words.next().is_some_and(|zone| zone != b"GMT" && zone != b"UTC") || words.next().is_some() {
        return None;
    }
    let month = MONTHS.iter().position(|name| name.as_bytes() == month)?;
    let day = number(day, 1..=31)?;
    let year = match year.len() {
        4 => number(year, 1970..=9999)?,
        2 => full_year(number(year, 0..=99)?, now),
        _ => return None,
    };
    let [_, _, b':', _, _, b':', _, _] = time else { return None };
    let (hour, minute) = (number(&time[..2], 0..=23)?, number(&time[3..5], 0..=59)?);
    let second = number(&time[6..], 0..=60)?;
    Some(days_since_1970(year, month as u64 + 1, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

fn number(digits: &[u8], range: core::ops::RangeInclusive<u64>) -> Option<u64> {
    decimal(digits).filter(|number| digits.len() <= 4 && range.contains(number))
}

/// The latest year with these last two digits that is not more than 50 years ahead (RFC 9110, 5.6.7).
fn full_year(two_digits: u64, now: Duration) -> u64 {
    let this_year = 1970 + now.as_secs() / 31_556_952;
    let latest = this_year + 50;
    (latest - (latest - two_digits) % 100).max(1970)
}

/// Days of the proleptic Gregorian calendar, counted in years that begin in March.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [(&str, Option<u64>); 28] = [
        ("0", Some(0)),
        (" 7 ", Some(7)),
        ("99999999999999999999999", Some(u64::MAX)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(37)),
        ("Sunday, 06-Nov-94 08:49:37 GMT", Some(37)),
        ("Sun Nov  6 08:49:37 1994", Some(37)),
        // 1994 is two digits too: 2000 is ahead, 2044 as far ahead as can be, 2045 is 1945.
        ("Saturday, 01-Jan-00 00:00:00 GMT", Some(946_684_800 - 784_111_740)),
        ("Sunday, 06-Nov-44 08:49:37 GMT", Some(2_362_034_977 - 784_111_740)),
        ("Monday, 06-Nov-45 08:49:37 GMT", Some(0)),
        ("Sun, +6 Nov 1994 08:49:37 GMT", None),
        ("Sun, 00006 Nov 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 08:48:37 GMT", Some(0)),
        ("Tue, 29 Feb 2000 00:00:00 GMT", Some(951_782_400 - 784_111_740)),
        ("Thu, 31 Dec 2026 23:59:60 GMT", Some(1_798_761_600 - 784_111_740)),
        ("Sun, 06 Nov 1994 08:49:37 CET", None),
        ("Sun, 06 Brumaire 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 25:49:37 GMT", None),
        ("Sun, 06 Nov 1994 08::49:37 GMT", None),
        ("Sun, 06 Nov 1994 08:49:3: GMT", None),
        ("Sun, 06 Nov 1994 08:49:37:01 GMT", None),
        ("-1", None),
        ("1.", None),
        (".5", None),
        ("1.5.5", None),
        ("1e3", None),
        ("1,5", None),
        ("soon", None),
        ("", None),
    ];

    #[test]
    fn seconds_and_dates() {
        // One minute after 08:48 of that day, less the 37 seconds.
        let now = Duration::from_secs(784_111_740);
        for (value, want) in ROWS {
            assert_eq!(retry_after(value, now), want.map(Duration::from_secs), "{value:?}");
        }
    }

    #[test]
    fn fractions() {
        let ms = |value: f64| Some(Duration::from_secs_f64(value / 1000.0));
        for (seconds, want) in
            [("1.5", ms(1500.0)), ("0.25", ms(250.0)), ("0.0", ms(0.0)), ("2.000000001999", None)]
        {
            let want = want.or(Some(Duration::new(2, 1)));
            assert_eq!(retry_after(seconds, Duration::ZERO), want, "{seconds}");
        }
        let beyond = retry_after("99999999999999999999999.5", Duration::ZERO);
        assert_eq!(beyond, Some(Duration::new(u64::MAX, 500_000_000)));
    }

    #[test]
    fn milliseconds() {
        let rows = [
            ("250", Some(Duration::from_millis(250))),
            (" 0 ", Some(Duration::ZERO)),
            ("1500.75", Some(Duration::from_nanos(1_500_750_000))),
            ("99999999999999999999999", Some(Duration::from_millis(u64::MAX))),
            ("-1", None),
            ("1s", None),
            ("", None),
            ("Sun, 06 Nov 1994 08:49:37 GMT", None),
        ];
        for (value, want) in rows {
            assert_eq!(retry_after_ms(value), want, "{value:?}");
        }
    }
}
