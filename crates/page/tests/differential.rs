//! Random bodies of server-sent events, cut anywhere, through this decoder and the native one.
//!
//! `TIDEWIRE_PAGE_BODIES=2000000 cargo test --release -p tidewire-page --test differential` compares so many; `TIDEWIRE_PAGE_SEED` chooses others.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};

use support::compare;
use tidewire_core::{DecoderOptions, Format};

/// SplitMix64: every bit is good. Low bits of a linear congruential generator find nothing here.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ word >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        ((self.next() >> 32) as usize * end) >> 32
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn of<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}

/// Lines without their ends. `%` is where a random text goes.
const LINES: [&[u8]; 44] = [
    b"data: %",
    b"data: %",
    b"data:%",
    b"data",
    b"data:",
    b"data: ",
    b"data:  %",
    b"event: %",
    b"event: message",
    b"event:%",
    b"event",
    b"event: e",
    b"id: %",
    b"id: 1",
    b"id",
    b"id:",
    b"id:%",
    b"id: a\0b",
    b"retry: 10",
    b"retry: 18446744073709551615",
    b"retry: 18446744073709551616",
    b"retry: x%",
    b"retry",
    b": %",
    b":%",
    b":",
    b"%",
    b"datax: %",
    b"dat",
    b"da%",
    b"Data: %",
    b" data: %",
    b"foo: %",
    b"idx",
    b"eventx:%",
    b"retry 10",
    b"data: \xEF\xBB\xBF%",
    b"\xEF\xBB\xBFdata: %",
    b"data\0: %",
    b"data: {\"t\":\"%\"}",
    b"d",
    b"e%",
    b"i",
    b"\xEF\xBB",
];
/// Texts, some of them broken UTF-8.
const TEXTS: [&[u8]; 26] = [
    b"",
    b"a",
    b"ab",
    b" ",
    b"hello there",
    b"message",
    b"e",
    b"1",
    "ä".as_bytes(),
    "世界".as_bytes(),
    "😀".as_bytes(),
    b"\xFF",
    b"\xE4\xB8",
    b"\xF0\x9F\x98",
    b"\xED\xA0\x80",
    b"\0",
    b"\x0B\x0C",
    b"a:b",
    b": c",
    b"data: x",
    b"0123456789abcdef",
    b"0123456789abcdef0123456789abcdef0",
    b"\xC3",
    b"\xEF\xBB\xBF",
    b"xyz",
    b"[DONE]",
];
const ENDS: [&[u8]; 3] = [b"\n", b"\r", b"\r\n"];

fn body(random: &mut Random) -> Vec<u8> {
    let mut body = Vec::new();
    if random.one_in(6) {
        body.extend_from_slice(random.of(&[
            &b"\xEF\xBB\xBF"[..],
            b"\xEF\xBB",
            b"\xEF",
            b" ",
            b"\n\n",
            b"\t \n   ",
        ]));
    }
    let usual_end = random.of(&ENDS);
    let is_mixed = random.one_in(3);
    // One kind alone, few, or all of them: some bugs need the same line many times.
    let kinds: Vec<&[u8]> = match random.below(4) {
        0 => LINES.to_vec(),
        1 => (0..2 + random.below(2)).map(|_| random.of(&LINES)).collect(),
        _ => (0..3 + random.below(6)).map(|_| random.of(&LINES)).collect(),
    };
    let blanks = 2 + random.below(5);
    let most = if random.one_in(20) { 120 } else { 16 };
    for _ in 0..random.below(most) {
        if !random.one_in(blanks) {
            for part in random.of(&kinds[..]).split_inclusive(|byte| *byte == b'%') {
                body.extend_from_slice(part.strip_suffix(b"%").unwrap_or(part));
                if part.ends_with(b"%") {
                    for _ in 0..=random.below(2) {
                        body.extend_from_slice(random.of(&TEXTS));
                    }
                }
            }
        }
        body.extend_from_slice(if is_mixed { random.of(&ENDS) } else { usual_end });
    }
    if random.one_in(3) {
        body.truncate(random.below(body.len() + 1));
    }
    body
}

/// What JSON bodies are made of; bodies of few kinds are the likelier to be well formed.
#[cfg(feature = "formats")]
const JSON: [&[u8]; 66] = [
    b"{\"a\":1}",
    b"{\"a\":[1,{\"b\":\"c\"}],\"d\":null}",
    b"[]",
    b"{}",
    b"[1, 2 ,3]",
    b"[[[[]]]]",
    b"\"text\"",
    b"\"a\\n\\u00e9\\ud83d\\ude00\\ud800\"",
    b"\"\\x\"",
    b"\"\\u00g0\"",
    b"\"a line that is longer than sixteen bytes\"",
    "\"\u{4E16}\u{754C}\"".as_bytes(),
    b"\"\xFF\xE4\xB8\"",
    b"\"a\tb\"",
    b"true",
    b"false",
    b"null",
    b"tru",
    b"nulL",
    b"0",
    b"-1.5e+10",
    b"12",
    b"01",
    b"-",
    b"1.",
    b"2e",
    b"+1",
    b"[DONE]",
    b"[DON",
    b"[D",
    b"[DONE]x",
    b"[",
    b"]",
    b"{",
    b"}",
    b",",
    b",",
    b",",
    b":",
    b"\"",
    b"\"a\":",
    b"\\",
    b"\n",
    b"\n",
    b"\n",
    b"\r\n",
    b" ",
    b"  \t",
    b"                    ",
    b"\r",
    b"\x1E",
    b"\x1E",
    b"\x1E",
    b"\xEF\xBB\xBF",
    b"\xEF\xBB",
    b"\xFF",
    b"\0",
    b"x",
    b"{\"a\" 1}",
    b"{\"a\":1,}",
    b"{1:2}",
    b"[1,]",
    b"[1 2]",
    b"\x0B",
    b"{\n  \"a\": 1\n}",
    b"1e5",
];

#[cfg(feature = "formats")]
fn json_body(random: &mut Random, format: Format) -> Vec<u8> {
    let mut body = Vec::new();
    if random.one_in(6) {
        body.extend_from_slice(random.of(&[&b"\xEF\xBB\xBF"[..], b"\xEF\xBB", b"\xEF", b" ", b"\n\n"]));
    }
    let (open, before, after): (&[u8], &[u8], &[u8]) = match format {
        Format::Ndjson => (b"", b"", b"\n"),
        Format::JsonSeq => (b"", b"\x1E", b"\n"),
        Format::JsonArray => (b"[", b"", b","),
        _ => (b"", b"", b""),
    };
    if !random.one_in(8) {
        body.extend_from_slice(open);
    }
    // Whole values more often than not: a body that breaks at once shows little.
    let whole = 1 + random.below(40);
    for _ in 0..random.below(14) {
        let list: &[&[u8]] = if random.one_in(whole) { &JSON } else { &JSON[..21] };
        body.extend_from_slice(before);
        if random.one_in(80) {
            for _ in 0..505 + random.below(12) {
                body.extend_from_slice(random.of(&[&b"["[..], b"[", b"{\"\":"]));
            }
        }
        body.extend_from_slice(random.of(list));
        if random.one_in(8) {
            body.extend_from_slice(random.of(&JSON));
        }
        if !random.one_in(12) {
            body.extend_from_slice(after);
        }
    }
    if format == Format::JsonArray && random.one_in(2) {
        body.extend_from_slice(b"1]");
    }
    if random.one_in(3) {
        body.truncate(random.below(body.len() + 1));
    }
    body
}

/// One body of this seed in a JSON format, through both.
#[cfg(feature = "formats")]
fn run_json(seed: u64) {
    let random = &mut Random(seed);
    let formats = [Format::Ndjson, Format::JsonSeq, Format::JsonArray, Format::Concat];
    let format = formats[random.below(4)];
    let body = json_body(random, format);
    let pieces = cut(random, &body);
    let options = DecoderOptions {
        max_event_bytes: if random.one_in(2) { random.below(40) } else { usize::MAX },
        skip_oversized: !random.one_in(3),
        done: random.one_in(2),
        ..DecoderOptions::default()
    };
    compare(format, options, b"", random.one_in(2), &pieces);
}

fn cut<'a>(random: &mut Random, body: &'a [u8]) -> Vec<&'a [u8]> {
    let longest = match random.below(5) {
        0 => 1,
        1 => 3,
        2 => 10,
        3 => 40,
        _ => body.len().max(1),
    };
    let mut pieces = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let length = if random.one_in(12) { 0 } else { 1 + random.below(longest) };
        let (piece, after) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// One body of this seed, through both.
fn run(seed: u64) {
    let random = &mut Random(seed);
    let body = body(random);
    let pieces = cut(random, &body);
    let options = DecoderOptions {
        max_event_bytes: if random.one_in(2) { random.below(40) } else { usize::MAX },
        skip_oversized: random.one_in(2),
        deliver_unterminated: random.one_in(2),
        ..DecoderOptions::default()
    };
    let id = random.of(&[&b""[..], b"", b"7", b"message", b"\xFFx", "ä".as_bytes(), b"0123456789abcdef"]);
    let format = if random.one_in(8) { Format::Text } else { Format::Sse };
    // What is not SSE by its first byte is not read here.
    let is_auto = format == Format::Sse && random.one_in(4) && starts_as_sse(&body);
    let format = if is_auto { Format::Auto } else { format };
    compare(format, options, id, random.one_in(2), &pieces);
}

fn starts_as_sse(body: &[u8]) -> bool {
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii_start();
    !matches!(text.first(), Some(b'{' | b'[' | 0x1E))
}

#[test]
fn random_bodies_read_the_same() {
    read_all(run);
}

#[cfg(feature = "formats")]
#[test]
fn random_json_reads_the_same() {
    read_all(run_json);
}

fn read_all(run: fn(u64)) {
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
    };
    let seed = number("TIDEWIRE_PAGE_SEED", 1);
    let bodies = number("TIDEWIRE_PAGE_BODIES", 20_000);
    for body in 0..bodies {
        let one = seed.wrapping_mul(0x1_0000_0000).wrapping_add(body);
        if let Err(why) = catch_unwind(AssertUnwindSafe(|| run(one))) {
            eprintln!("body {body} of seed {seed}");
            std::panic::resume_unwind(why);
        }
    }
    println!("{bodies} bodies of seed {seed} read the same");
}
