//! The event that the clients read: a chunk of an OpenAI chat completion with a number and a time, always of the same length.

use std::time::Duration;

/// The length of an event on the wire, and of its data.
pub const EVENT: usize = DATA + "data: \n\n".len();
pub const DATA: usize = BEFORE.len() + NUMBER + BETWEEN.len() + TIME + AFTER.len();

const BEFORE: &str =
    r#"{"id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012","object":"chat.completion.chunk","number":"#;
const BETWEEN: &str = r#","nanoseconds":"#;
const AFTER: &str = concat!(
    r#","model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{"content":" stream"},"#,
    r#""logprobs":null,"finish_reason":null}]}"#
);
/// The digits of the event's number and of its time. Neither has leading zeros, which JSON forbids.
const NUMBER: usize = 7;
const TIME: usize = 19;
const FIRST_NUMBER: u64 = 1_000_000;
const FIRST_TIME: u64 = 1_000_000_000_000_000_000;

#[must_use]
pub fn template() -> Vec<u8> {
    let event = format!("data: {BEFORE}{FIRST_NUMBER}{BETWEEN}{FIRST_TIME}{AFTER}\n\n");
    debug_assert_eq!(event.len(), EVENT);
    event.into_bytes()
}

/// Writes the number and the time into an event of [`template`].
pub fn stamp(event: &mut [u8], number: u64, time: Duration) {
    let number_at = "data: ".len() + BEFORE.len();
    let time_at = number_at + NUMBER + BETWEEN.len();
    write_digits(&mut event[number_at..number_at + NUMBER], FIRST_NUMBER + number);
    write_digits(&mut event[time_at..time_at + TIME], FIRST_TIME + nanoseconds(time));
}

/// The number and the time in an event's data; `None` if it is not such an event.
#[must_use]
pub fn read(data: &[u8]) -> Option<(u64, Duration)> {
    let number = digits(data.get(BEFORE.len()..BEFORE.len() + NUMBER)?)?;
    let time_at = BEFORE.len() + NUMBER + BETWEEN.len();
    let time = digits(data.get(time_at..time_at + TIME)?)?;
    let whole = data.len() == DATA && data.ends_with(AFTER.as_bytes());
    whole.then_some((number.checked_sub(FIRST_NUMBER)?, Duration::from_nanos(time.checked_sub(FIRST_TIME)?)))
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn write_digits(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

fn digits(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0, |number: u64, digit| {
        digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'))
    })
}
