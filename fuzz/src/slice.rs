//! A slice of the fuzz campaign on the stable compiler: each target runs for a few seconds on inputs made from its seeds by blind
//! mutation. It has no coverage feedback; that is libFuzzer's part (`cargo xtask fuzz`).
//!
//! `cargo xtask fuzz --slice` writes the seeds and runs these tests one after the other. Variables: `TIDEWIRE_FUZZ_SECONDS` per target,
//! `TIDEWIRE_FUZZ_SEED`, and `TIDEWIRE_FUZZ_INPUT`, the file of one input to run alone.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::abort;
use std::sync::Mutex;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use arbitrary::{Arbitrary, Unstructured};
use fastrand::Rng;

use crate::targets::{TARGETS, Target};

/// The tests, and the list of their names.
macro_rules! slices {
    ($($name:ident: $run:expr),* $(,)?) => {
        const TESTED: &[&str] = &[$(stringify!($name)),*];
        $(#[test] fn $name() { slice(stringify!($name), $run); })*
    };
}

slices! {
    sse: crate::sse,
    page: crate::page,
    text: crate::text,
    ndjson: crate::ndjson,
    json_seq: crate::json_seq,
    json_array: crate::json_array,
    concat: crate::concat,
    decoder: crate::decoder,
    session: live,
    stream: crate::stream,
    lookup: crate::lookup,
    strings: crate::strings,
    views: crate::views,
    partial: crate::partial,
    dialects: crate::dialects,
    alike: crate::alike,
    retry_after: crate::retry_after,
}

#[test]
fn every_target_has_a_slice() {
    assert_eq!(TESTED, TARGETS.iter().map(|target| target.name).collect::<Vec<_>>());
}

/// As libFuzzer's macro makes the value out of bytes.
fn live(data: &[u8]) {
    if let Ok(history) = crate::History::arbitrary_take_rest(Unstructured::new(data)) {
        crate::session(&history);
    }
}

const SECONDS: u64 = 1;
const SEED: u64 = 1;
/// An input that takes longer is a fault.
const LONGEST_INPUT: Duration = Duration::from_secs(10);
const MOST_MUTATIONS: usize = 8;
/// Where `cargo xtask fuzz` keeps seeds and crashes.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/fuzz");

/// One target at a time: some of them count the bytes on the heap.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
/// The input that is running, and since when.
static RUNNING: Mutex<Option<(&str, Vec<u8>, Instant)>> = Mutex::new(None);

fn slice(name: &'static str, run: fn(&[u8])) {
    let _guard = ONE_AT_A_TIME.lock();
    let target = TARGETS.iter().find(|target| target.name == name).expect("a row of TARGETS");
    if let Some(file) = std::env::var_os("TIDEWIRE_FUZZ_INPUT") {
        return run(&fs::read(file).expect("a file that can be read"));
    }
    let seconds = Duration::from_secs(number("TIDEWIRE_FUZZ_SECONDS", SECONDS));
    let seed = number("TIDEWIRE_FUZZ_SEED", SEED);
    let mut mutator = Mutator::new(target, seed);
    spawn(abort_when_stuck);
    let (started, mut count) = (Instant::now(), 0_u64);
    while started.elapsed() < seconds {
        let input = mutator.input();
        set_running(Some((name, input.clone(), Instant::now())));
        let passed = catch_unwind(AssertUnwindSafe(|| run(&input))).is_ok();
        set_running(None);
        assert!(passed, "{}", saved(name, &input));
        count += 1;
    }
    println!(
        "{}: {count} inputs made from {} seeds with random seed {seed}",
        target.what,
        mutator.seeds.len()
    );
}

fn set_running(running: Option<(&'static str, Vec<u8>, Instant)>) {
    *RUNNING.lock().expect("no holder panics") = running;
}

/// Ends the process, with the input saved, once one input takes too long.
fn abort_when_stuck() {
    loop {
        sleep(Duration::from_secs(1));
        match RUNNING.lock().expect("no holder panics").as_ref() {
            None => {}
            Some((name, input, since)) if since.elapsed() > LONGEST_INPUT => {
                eprintln!("{name} does not end; {}", saved(name, input));
                abort();
            }
            Some(_) => {}
        }
    }
}

/// Writes the input to a file, and says how to run it again.
fn saved(name: &str, input: &[u8]) -> String {
    let folder = Path::new(FOLDER).join("crashes").join(name);
    let file = folder.join("slice");
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, input));
    match written {
        Ok(()) => format!(
            "run it again with: TIDEWIRE_FUZZ_INPUT={} cargo test --manifest-path fuzz/Cargo.toml --target-dir target/fuzz --profile slice --lib -- --exact slice::{name}",
            file.display()
        ),
        Err(error) => format!("its input cannot be saved ({error}): {}", input.escape_ascii()),
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |value| value.parse().expect("a number"))
}

/// Makes inputs; the same ones for the same random seed.
struct Mutator {
    rng: Rng,
    seeds: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
    longest: usize,
}

impl Mutator {
    fn new(target: &Target, seed: u64) -> Self {
        let dictionary =
            |words| Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("dictionaries/{words}.dict"));
        Self {
            rng: Rng::with_seed(seed),
            seeds: seeds(&Path::new(FOLDER).join("seeds").join(target.name)),
            words: target.words.map(|words| self::words(&dictionary(words))).unwrap_or_default(),
            longest: target.longest,
        }
    }

    fn input(&mut self) -> Vec<u8> {
        let mut input = match self.rng.choice(&self.seeds) {
            Some(seed) => seed.clone(),
            None => self.random_bytes(self.longest),
        };
        for _ in 0..self.rng.usize(0..=MOST_MUTATIONS) {
            self.mutate(&mut input);
        }
        input.truncate(self.longest);
        input
    }

    fn mutate(&mut self, input: &mut Vec<u8>) {
        let at = self.rng.usize(0..=input.len());
        let end = (at + self.rng.usize(0..=16)).min(input.len());
        match self.rng.u8(0..8) {
            0 if at < input.len() => input[at] ^= 1 << self.rng.u8(0..8),
            1 if at < input.len() => input[at] = self.rng.u8(..),
            2 => drop(input.drain(at..end)),
            3 => {
                let copy = input[at..end].to_vec();
                let to = self.rng.usize(0..=input.len());
                input.splice(to..to, copy);
            }
            4 | 5 if !self.words.is_empty() => {
                let word = self.rng.choice(&self.words).into_iter().flatten().copied();
                input.splice(at..at, word);
            }
            6 if !self.seeds.is_empty() => {
                let other = self.rng.choice(&self.seeds).map_or(&[][..], Vec::as_slice);
                let from = self.rng.usize(0..=other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            _ => {
                let bytes = self.random_bytes(8);
                input.splice(at..at, bytes);
            }
        }
    }

    fn random_bytes(&mut self, most: usize) -> Vec<u8> {
        let count = self.rng.usize(0..=most);
        (0..count).map(|_| self.rng.u8(..)).collect()
    }
}

/// The seeds in the order of their names, so that a run can be repeated.
fn seeds(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).expect("a file that can be read")).collect()
}

/// The words of a libFuzzer dictionary: one a line, in quotes, with `\xAB`, `\\` and `\"`.
fn words(file: &Path) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(file).expect("a dictionary that can be read");
    text.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix('"')).map(word).collect()
}

fn word(quoted: &str) -> Vec<u8> {
    let mut bytes = quoted.bytes();
    let mut word = Vec::new();
    while let Some(byte) = bytes.next() {
        let escaped = if byte == b'\\' { bytes.next() } else { None };
        word.push(match escaped {
            None => byte,
            Some(b'x') => {
                let digits = [bytes.next(), bytes.next()].map(|digit| char::from(digit.expect("two digits")));
                digits.iter().fold(0, |value, digit| value << 4 | digit.to_digit(16).expect("a digit") as u8)
            }
            Some(other) => other,
        });
    }
    word
}

#[test]
fn words_are_unquoted() {
    assert_eq!(word(r#"a\x0d\"\\"#), b"a\r\"\\");
}
