//! `cargo xtask fuzz`: every fuzz target of the core and the dialects for a while, and a table of what came of it.

mod found;
mod seeds;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::report::{bold, dim, green, red, say};
use crate::run::{Trouble, check_interrupt, output_of, run as run_command, run_into};
use crate::tools;
use found::{Figures, grouped, last_words};

/// Builds the targets with the nightly compiler, gives each the rows of tests/cases to start from, and runs one after the other.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// These targets only
    #[arg(long, value_delimiter = ',', value_name = "TARGET,…")]
    only: Vec<String>,
    /// How long each target runs
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// List the targets and end
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Trouble> {
    let targets = choose(&arguments.only)?;
    if arguments.list {
        for target in TARGETS {
            say!("{:width$}  {}", target.name, target.what, width = width());
        }
        return Ok(());
    }
    let cargo_fuzz = tools::cargo_fuzz()?;
    build(&cargo_fuzz)?;
    let mut results = Vec::new();
    for (index, target) in targets.iter().enumerate() {
        say!("\n{}", bold(format!("[{}/{}] {}: {}", index + 1, targets.len(), target.name, target.what)));
        let result = fuzz(target, arguments.seconds)?;
        say!("{}", result.line());
        results.push(result);
    }
    sum_up(&results)
}

/// One target.
struct Target {
    name: &'static str,
    what: &'static str,
    /// The dictionary that helps it.
    words: Option<&'static str>,
    /// How long its inputs may grow: long enough for what it reads, short enough for many a second.
    longest: usize,
}

const TARGETS: &[Target] = &[
    Target {
        name: "sse",
        what: "server-sent events, against the standard's words and sse-core",
        words: Some("sse"),
        longest: 512,
    },
    Target {
        name: "text",
        what: "text, against the whole of it decoded at once",
        words: Some("text"),
        longest: 256,
    },
    Target {
        name: "ndjson",
        what: "lines of JSON, against a naive reading",
        words: Some("json"),
        longest: 256,
    },
    Target {
        name: "json_seq",
        what: "JSON text sequences, against a naive reading",
        words: Some("json"),
        longest: 256,
    },
    Target {
        name: "json_array",
        what: "one JSON array, against a naive reading",
        words: Some("json"),
        longest: 256,
    },
    Target {
        name: "concat",
        what: "JSON values glued together, against a naive reading",
        words: Some("json"),
        longest: 256,
    },
    Target { name: "decoder", what: "which format a body has", words: Some("json"), longest: 256 },
    Target {
        name: "session",
        what: "the session told anything, against the table of reconnects",
        words: None,
        longest: 512,
    },
    Target {
        name: "stream",
        what: "the stream called in any order, its bodies cut and whole",
        words: Some("sse"),
        longest: 128,
    },
    Target {
        name: "lookup",
        what: "one value out of a JSON text, against serde_json",
        words: Some("json"),
        longest: 256,
    },
    Target {
        name: "strings",
        what: "JSON strings and white space, against serde_json",
        words: Some("json"),
        longest: 256,
    },
    Target {
        name: "views",
        what: "fields and items of a JSON text, against serde_json",
        words: Some("json"),
        longest: 256,
    },
    Target {
        name: "partial",
        what: "JSON that grows, against the whole of it and serde_json",
        words: Some("json"),
        longest: 256,
    },
    Target {
        name: "dialects",
        what: "LLM replies in each dialect, records that are alike and read whole",
        words: Some("dialects"),
        longest: 2048,
    },
    Target {
        name: "alike",
        what: "LLM replies, their events known where they stand in the body and taken for frames",
        words: Some("dialects"),
        longest: 2048,
    },
    Target { name: "retry_after", what: "Retry-After, against httpdate", words: Some("dates"), longest: 64 },
];

const FOLDER: &str = "fuzz";
const TARGET_FOLDER: &str = "target/fuzz";
/// More memory than any target needs is a fault, and so is an input that takes longer than this.
const MOST_MEMORY_MB: u32 = 1024;
const LONGEST_INPUT: Duration = Duration::from_secs(10);

/// What became of a target.
struct Outcome {
    target: &'static str,
    figures: Figures,
    log: PathBuf,
    /// The input that broke it.
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

/// No sanitizer: the core has no unsafe code, and without one there are several times as many inputs a second. The checks of a debug
/// build, overflow among them, are in.
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

fn fuzz(target: &'static Target, seconds: u64) -> Result<Outcome, Trouble> {
    let folder = |kind: &str| -> Result<PathBuf, Trouble> {
        let folder = Path::new(TARGET_FOLDER).join(kind).join(target.name);
        fs::create_dir_all(&folder).map_err(cannot("create", &folder))?;
        Ok(folder)
    };
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
        Ok(()) => Ok(Outcome { target: target.name, figures, log, crash: None }),
        Err(trouble) => {
            say!("{}", last_words(&said));
            let crash = found::crash(&said).ok_or(trouble)?;
            Ok(Outcome { target: target.name, figures, log, crash: Some(crash) })
        }
    }
}

/// cargo-fuzz builds for a target by name, also where that is the machine's own.
fn program(target: &Target) -> Result<PathBuf, Trouble> {
    let version = output_of("rustc", &["+nightly", "--version", "--verbose"]).unwrap_or_default();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or_else(|| Trouble::Failed("the nightly compiler does not say its host".into()))?;
    Ok(Path::new(TARGET_FOLDER).join(host).join("release").join(target.name))
}

impl Outcome {
    fn line(&self) -> String {
        match &self.crash {
            None => {
                dim(format!("{} inputs; log in {}", grouped(self.figures.executions), self.log.display()))
            }
            Some(crash) => format!(
                "{}\n  input      {}\n  reproduce  cargo +nightly fuzz run --fuzz-dir {FOLDER} --sanitizer none --target-dir \
                 {TARGET_FOLDER} {} {}",
                red("CRASHED"),
                crash.display(),
                self.target,
                crash.display(),
            ),
        }
    }
}

fn sum_up(results: &[Outcome]) -> Result<(), Trouble> {
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
    for Outcome { target, figures, crash, .. } in results {
        let Figures { executions, each_second, coverage, corpus } = *figures;
        let verdict = if crash.is_some() { red("CRASHED") } else { green("ok") };
        let (executions, each_second) = (grouped(executions), grouped(each_second));
        say!(
            "  {target:width$}  {executions:>14} {each_second:>10} {coverage:>9} {corpus:>8}  {verdict}",
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
