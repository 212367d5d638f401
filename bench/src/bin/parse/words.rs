//! Random words for the generated bodies.

use fastrand::Rng;

/// Tokens of an English reply: as they are written inside a JSON string, and as they read.
const TOKENS: &[(&str, &str)] = &[
    (" the", " the"),
    (" of", " of"),
    (" stream", " stream"),
    ("ing", "ing"),
    (" because", " because"),
    (",", ","),
    (".", "."),
    ("\\n\\n", "\n\n"),
    (" \\\"quoted\\\"", " \"quoted\""),
    (" response", " response"),
    (" a", " a"),
    (" connection", " connection"),
    ("'s", "'s"),
    (" would", " would"),
    (" 42", " 42"),
    (" bytes", " bytes"),
];

pub(crate) fn token(random: &mut Rng) -> (&'static str, &'static str) {
    TOKENS[random.usize(..TOKENS.len())]
}

/// A line of 20 to 44 bytes.
pub(crate) fn line(random: &mut Rng) -> String {
    let length = random.usize(20..45);
    letters(random, length)
}

pub(crate) fn letters(random: &mut Rng, length: usize) -> String {
    const LETTERS: &[u8] = b"etaoin shrdlu cmfwyp";
    (0..length).map(|_| char::from(LETTERS[random.usize(..LETTERS.len())])).collect()
}

/// 10 to 59 Chinese characters.
pub(crate) fn chinese(random: &mut Rng) -> String {
    let length = random.usize(10..60);
    (0..length).map(|_| random.char('\u{4E00}'..='\u{9FA5}')).collect()
}
