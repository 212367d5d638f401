//! `cargo xtask fuzz`: runs every fuzz target of the core and the dialects for a while, and prints a table of the results.

mod found;
mod seeds;
#[path = "../../fuzz/src/targets.rs"]
mod targets;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread::{self, available_parallelism};
use std::time::Duration;

use crate::report::{bold, dim, green, red, say};
use crate::run::{Trouble, check_interrupt, run as run_command, run_into};
use crate::tools;
use found::{Figures, grouped, last_words};
use targets::{TARGETS, Target};

/// Builds the targets with the nightly compiler, seeds each with the rows of tests/cases, and runs as many at a time as there are cores.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// These targets only
    #[arg(long, value_delimiter = ',', value_name = "TARGET,…")]
    only: Vec<String>,
    /// How long each target runs
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Run 2 seconds of each target on the stable compiler, with random inputs and without libFuzzer
    #[arg(long, conflicts_with_all = ["only", "seconds"])]
    slice: bool,
    /// List the targets and exit
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Trouble> {
    if arguments.list {
        for target in TARGETS {
            say!("{:width$}  {}", target.name, target.what, width = width());
        }
        return Ok(());
    }
    if arguments.slice { slice() } else { fuzz_all(&choose(&arguments.only)?, arguments.seconds) }
}

/// Two seconds of each target, on the stable compiler (`fuzz/src/slice.rs`).
pub(crate) fn slice() -> Result<(), Trouble> {
    for target in TARGETS {
        seeds::write(target.name, &folder("seeds", target.name)?)?;
    }
    let mut command = Command::new("cargo");
    command.args(["test", "--locked", "--manifest-path", MANIFEST, "--target-dir", TARGET_FOLDER]);
    command.args(["--profile", "slice", "--lib", "--", "--test-threads=1", "--nocapture"]);
    run_command(command.env("TIDEWIRE_FUZZ_SECONDS", "2"))
}

/// Five minutes of each target, with libFuzzer.
pub(crate) fn campaign() -> Result<(), Trouble> {
    fuzz_all(&choose(&[])?, 5 * 60)
}

fn fuzz_all(targets: &[&'static Target], seconds: u64) -> Result<(), Trouble> {
    let cargo_fuzz = tools::cargo_fuzz()?;
    build(&cargo_fuzz)?;
    let jobs = available_parallelism().map_or(1, usize::from).min(targets.len());
    say!("{}", bold(format!("{} targets, {jobs} at a time, {seconds} s each", targets.len())));
    let waiting = Mutex::new(targets.iter());
    // A worker that panicked leaves the list as it was. The lock is free again when a target is taken.
    let next = || waiting.lock().unwrap_or_else(|lock| lock.into_inner()).next();
    let work = || {
        let mut results = Vec::new();
        while let Some(target) = next() {
            let result = fuzz(target, seconds)?;
            say!("{}", result.line());
            results.push(result);
        }
        Ok(results)
    };
    let results: Vec<Result<Vec<FuzzResult>, Trouble>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        let lost = |_| Err(Trouble::Failed("a worker panicked".into()));
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(lost)).collect()
    });
    let mut results: Vec<FuzzResult> =
        results.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    results.sort_by_key(|result| TARGETS.iter().position(|target| target.name == result.target));
    summarize(&results)
}

const FOLDER: &str = "fuzz";
const MANIFEST: &str = "fuzz/Cargo.toml";
const TARGET_FOLDER: &str = "target/fuzz";
/// More memory than any target needs is a fault, and so is an input that takes longer than this.
const MOST_MEMORY_MB: u32 = 1024;
const LONGEST_INPUT: Duration = Duration::from_secs(10);

/// What a run of one target came to.
struct FuzzResult {
    target: &'static str,
    figures: Figures,
    log: PathBuf,
    /// The input that crashed it.
    crash: Option<PathBuf>,
}

fn choose(only: &[String]) -> Result<Vec<&'static Target>, Trouble> {
    if let Some(unknown) = only.iter().find(|name| !TARGETS.iter().any(|target| target.name == **name)) {
        let known: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        return Err(Trouble::Usage(format!("no target `{unknown}`; there are {}", known.join(", "))));
    }
    let chosen = |target: &&Target| only.is_empty() || only.iter().any(|name| name == target.name);
    Ok(TARGETS.iter().filter(chosen).collect())
}

/// No sanitizer: the core has no unsafe code, and without one several times as many inputs run per second. Debug assertions and overflow
/// checks are on.
fn build(cargo_fuzz: &str) -> Result<(), Trouble> {
    let mut command = Command::new(cargo_fuzz);
    command.args([
        "fuzz",
        "build",
        "--fuzz-dir",
        FOLDER,
        "--sanitizer",
        "none",
        "--target-dir",
        TARGET_FOLDER,
    ]);
    run_command(command.env("RUSTUP_TOOLCHAIN", "nightly"))
}

fn fuzz(target: &'static Target, seconds: u64) -> Result<FuzzResult, Trouble> {
    let folder = |kind| folder(kind, target.name);
    let (corpus, seeded, crashes) = (folder("corpus")?, folder("seeds")?, folder("crashes")?);
    seeds::write(target.name, &seeded)?;
    let log = crashes.with_extension("log");
    let mut command = Command::new(program(target)?);
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={}", target.longest))
        .arg(format!("-rss_limit_mb={MOST_MEMORY_MB}"))
        .arg(format!("-timeout={}", LONGEST_INPUT.as_secs()))
        .arg(format!("-artifact_prefix={}/", crashes.display()))
        .arg("-print_final_stats=1");
    if let Some(words) = target.words {
        command.arg(format!("-dict={FOLDER}/dictionaries/{words}.dict"));
    }
    let ran = run_into(&log, command.arg(&corpus).arg(&seeded));
    check_interrupt()?;
    let said = fs::read(&log).map_err(cannot("read", &log))?;
    let said = String::from_utf8_lossy(&said);
    let figures = Figures::of(&said);
    match ran {
        Ok(()) => Ok(FuzzResult { target: target.name, figures, log, crash: None }),
        Err(trouble) => {
            say!("{}", last_words(&said));
            let crash = found::crash(&said).ok_or(trouble)?;
            Ok(FuzzResult { target: target.name, figures, log, crash: Some(crash) })
        }
    }
}

/// What the targets keep of this kind, in the target's own folder.
fn folder(kind: &str, target: &str) -> Result<PathBuf, Trouble> {
    let folder = Path::new(TARGET_FOLDER).join(kind).join(target);
    fs::create_dir_all(&folder).map_err(cannot("create", &folder))?;
    Ok(folder)
}

/// cargo-fuzz builds for a target by name, even for the machine's own.
fn program(target: &Target) -> Result<PathBuf, Trouble> {
    Ok(Path::new(TARGET_FOLDER).join(tools::host()?).join("release").join(target.name))
}

impl FuzzResult {
    fn line(&self) -> String {
        match &self.crash {
            None => {
                let inputs = grouped(self.figures.executions);
                dim(format!("{}: {inputs} inputs; log in {}", self.target, self.log.display()))
            }
            Some(crash) => format!(
                "{}: {}\n  input      {}\n  reproduce  cargo +nightly fuzz run --fuzz-dir {FOLDER} --sanitizer none --target-dir \
                 {TARGET_FOLDER} {} {}",
                self.target,
                red("CRASHED"),
                crash.display(),
                self.target,
                crash.display(),
            ),
        }
    }
}

fn summarize(results: &[FuzzResult]) -> Result<(), Trouble> {
    say!("\n{}", bold("cargo xtask fuzz"));
    let head = ["executions", "a second", "coverage", "corpus"];
    say!(
        "  {:width$}  {:>14} {:>10} {:>9} {:>8}",
        "target",
        head[0],
        head[1],
        head[2],
        head[3],
        width = width()
    );
    for FuzzResult { target, figures, crash, .. } in results {
        let Figures { executions, each_second, coverage, corpus } = *figures;
        let result = if crash.is_some() { red("CRASHED") } else { green("ok") };
        let (executions, each_second) = (grouped(executions), grouped(each_second));
        say!(
            "  {target:width$}  {executions:>14} {each_second:>10} {coverage:>9} {corpus:>8}  {result}",
            width = width()
        );
    }
    let total = results.iter().map(|result| result.figures.executions).sum();
    say!("  {:width$}  {:>14}", "in all", grouped(total), width = width());
    let crashed: Vec<_> =
        results.iter().filter(|result| result.crash.is_some()).map(|result| result.target).collect();
    if crashed.is_empty() { Ok(()) } else { Err(Trouble::Failed(format!("CRASHED: {}", crashed.join(", ")))) }
}

fn width() -> usize {
    TARGETS.iter().map(|target| target.name.len()).max().unwrap_or(0)
}

fn cannot(verb: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Trouble {
    let path = path.display().to_string();
    move |error| Trouble::Failed(format!("cannot {verb} {path}: {error}"))
}
