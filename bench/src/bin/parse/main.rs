//! Runs one contender on one case, in a process of its own.
//!
//! By hand: `tidewire-bench-parse sse-16k tidewire [--runs 30] [--quick]`. With `--driven`, the conductor starts each turn
//! with a line on stdin.

mod chunks;
mod contenders;
mod input;
mod words;

use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tidewire_bench::plan::{self, CASES, Case};
use tidewire_bench::tally::Tally;
use tidewire_bench::wire::{Checked, Facts, LONG, Turn};
use tidewire_bench::{clock, memory};

use crate::contenders::Runs;
use crate::input::Input;

#[derive(Parser)]
struct Arguments {
    case: String,
    contender: String,
    /// Use a smaller body
    #[arg(long)]
    quick: bool,
    /// Print the median of this many timed runs
    #[arg(long, default_value_t = 30)]
    runs: usize,
    /// Wait on stdin for each turn
    #[arg(long, hide = true)]
    driven: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let case = CASES.iter().find(|case| case.name == arguments.case).ok_or_else(unknown_case)?;
    let runs = contenders::find(case.group, &arguments.contender)
        .ok_or_else(|| format!("no contender `{}` in {}", arguments.contender, case.name))?;
    let input = Input::generate(case.input, arguments.quick);
    if arguments.driven { driven(&input, &runs) } else { by_hand(case, arguments, &input, &runs) }
}

fn driven(input: &Input, runs: &Runs) -> Result<(), Box<dyn Error>> {
    let checked = introduce(input, runs);
    let checked = checked.map_or_else(|error| Checked::Cannot(error.to_string()), Checked::Right);
    writeln!(stdout(), "{}", serde_json::to_string(&checked)?)?;
    for turn in stdin().lock().lines() {
        let turn: Turn = serde_json::from_str(&turn?)?;
        for _ in 0..turn.warming {
            time(input, runs)?;
        }
        let times = (0..turn.timed).map(|_| time(input, runs)).collect::<Result<Vec<_>, _>>()?;
        writeln!(stdout(), "{}", serde_json::to_string(&times)?)?;
    }
    Ok(())
}

/// The facts of the checked run, with the duration of a timed one, because hashing can take longer than all else.
fn introduce(input: &Input, runs: &Runs) -> Result<Facts, Box<dyn Error>> {
    let facts = check(input, runs)?;
    let took = if facts.took > LONG { facts.took } else { time(input, runs)? };
    Ok(Facts { took, ..facts })
}

fn by_hand(case: &Case, arguments: &Arguments, input: &Input, runs: &Runs) -> Result<(), Box<dyn Error>> {
    let facts = check(input, runs)?;
    time(input, runs)?;
    let mut times = (0..arguments.runs.max(1)).map(|_| time(input, runs)).collect::<Result<Vec<_>, _>>()?;
    times.sort_unstable();
    let speed = |time: Duration| facts.body_bytes as f64 / 1e6 / time.as_secs_f64();
    let per_event = |count: u64| count as f64 / facts.digest.events as f64;
    println!(
        "{} {}: {:.0} MB/s (best {:.0}), {:.3} ms, {} events, {:.3} allocations and {:.1} bytes an event, peak {} bytes",
        case.name,
        arguments.contender,
        speed(times[times.len() / 2]),
        speed(times[0]),
        times[times.len() / 2].as_secs_f64() * 1e3,
        facts.digest.events,
        per_event(facts.allocations),
        per_event(facts.allocated),
        facts.peak,
    );
    Ok(())
}

/// Reads the body once, compares what was read with what was written, and counts allocations.
fn check(input: &Input, runs: &Runs) -> Result<Facts, Box<dyn Error>> {
    let mut tally = Tally::default();
    let began = clock::thread();
    memory::start();
    let result = (runs.checked)(&input.with_afterwards(), &mut tally);
    let counts = memory::stop();
    let took = clock::thread() - began;
    result?;
    if !runs.is_floor && tally.digest() != input.expected {
        return Err(format!("read {:?}, but {:?} was written", tally.digest(), input.expected).into());
    }
    Ok(Facts {
        body_bytes: input.chunks().body_bytes() as u64,
        digest: input.expected,
        allocations: counts.allocations,
        allocated: counts.allocated,
        peak: counts.peak,
        allocated_after_first: counts.allocated.saturating_sub(tally.after_first().allocated),
        took,
    })
}

fn time(input: &Input, runs: &Runs) -> Result<Duration, Box<dyn Error>> {
    let mut tally = Tally::default();
    let chunks = input.chunks();
    let began = clock::thread();
    (runs.timed)(&chunks, &mut tally)?;
    let took = clock::thread() - began;
    std::hint::black_box(tally);
    Ok(took)
}

fn unknown_case() -> String {
    let names: Vec<_> = plan::CASES.iter().map(|case| case.name).collect();
    format!("no such case; the cases are {}", names.join(", "))
}
