//! `cargo xtask contract`: a suite that others wrote (launchdarkly/sse-contract-tests), run against the native client.

use std::env;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::report::{green, say, yellow};
use crate::run::{Trouble, check_interrupt_after_child, run as run_command, run_and_keep, spawn, stop};

/// Builds the contract service, and runs the suite's program against it, on this machine only.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(Arguments {}: &Arguments) -> Result<(), Trouble> {
    let suite = suite()?;
    // As the tests build it, so that one build serves both; the folder is named, so that the program is where it is looked for.
    let build = ["build", "--workspace", "--all-features", "--bin", SERVICE, "--target-dir", "target"];
    run_command(Command::new("cargo").args(build))?;
    let service = Service::start()?;
    let ran = run_suite(&suite, &service)?;
    if ran < TESTS {
        return Err(Trouble::Failed(format!("the suite ran {ran} tests and not {TESTS}")));
    }
    say!("{}", green(format!("{ran} tests of the suite ran, all of them passed")));
    Ok(())
}

/// The same as a step of `cargo xtask test`: the suite's program can be had by no package manager, so its absence is no fault.
pub(crate) fn run_where_found() -> Result<(), Trouble> {
    run(&Arguments {}).map_err(|trouble| match trouble {
        Trouble::Missing { what, .. } => Trouble::LeftOut { what, see: "cargo xtask contract" },
        Trouble::Failed(_) | Trouble::LeftOut { .. } | Trouble::Usage(_) | Trouble::Interrupted => trouble,
    })
}

const SERVICE: &str = "tidewire-contract-service";
const SUITE: &str = "sse-contract-tests";
const VARIABLE: &str = "SSE_CONTRACT_TESTS";
/// As many as the suite has at commit 81fc8203db98 (2.31.0) for a service with all capabilities but `event-type-listeners`.
const TESTS: usize = 113;
/// The suite panics where its port was taken in the meantime, or its listener does not answer within 10 ms of its start.
const STARTS: usize = 3;

/// The suite's program. A variable that names none is a mistake; without one there may be a program on PATH, or not.
fn suite() -> Result<PathBuf, Trouble> {
    if let Some(named) = env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        return if named.is_file() {
            Ok(named)
        } else {
            Err(Trouble::Usage(format!("{VARIABLE} says {}, which is no file", named.display())))
        };
    }
    let program = format!("{SUITE}{}", env::consts::EXE_SUFFIX);
    let folders = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&folders).map(|folder| folder.join(&program)).find(|path| path.is_file());
    found.ok_or_else(|| Trouble::Missing {
        what: format!("no {SUITE} program"),
        install: format!(
            "a release or a build of https://github.com/launchdarkly/{SUITE}, on PATH or named by {VARIABLE}=/its/path"
        ),
    })
}

/// Runs the suite, and says how many tests that were. It must succeed; one that ended before its first test is started again.
fn run_suite(suite: &Path, service: &Service) -> Result<usize, Trouble> {
    for _ in 1..STARTS {
        match start_suite(suite, service)? {
            (0, Err(Trouble::Failed(why))) => {
                say!("{}", yellow(format!("{why}, before any test; once more")))
            }
            (ran, result) => return result.map(|()| ran),
        }
    }
    let (ran, result) = start_suite(suite, service)?;
    result.map(|()| ran)
}

fn start_suite(suite: &Path, service: &Service) -> Result<(usize, Result<(), Trouble>), Trouble> {
    // Its own default port may be taken, and it cannot choose a free one by itself.
    let port = free_port()?.to_string();
    let arguments = ["--url", &service.url, "--host", "127.0.0.1", "--port", &port];
    let (lines, result) = run_and_keep(Command::new(suite).args(arguments));
    Ok((tests_run(&lines), result))
}

/// The service on a port of its own choice; stopped by its id when it is dropped.
struct Service {
    child: Child,
    url: String,
}

impl Service {
    fn start() -> Result<Self, Trouble> {
        let mut command = Command::new(format!("target/debug/{SERVICE}"));
        command.arg("127.0.0.1:0").stdin(Stdio::null()).stdout(Stdio::piped());
        // A proxy of the environment has no business with this machine's own address.
        command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
        let mut service = Service { child: spawn(&mut command)?, url: String::new() };
        let mut line = String::new();
        if let Some(output) = service.child.stdout.take() {
            // An error is a line that says nothing.
            let _ = BufReader::new(output).read_line(&mut line);
        }
        let Some((_, url)) = line.trim().split_once("listening on ") else {
            check_interrupt_after_child()?;
            return Err(Trouble::Failed(format!("{SERVICE} said {line:?} and not where it listens")));
        };
        url.clone_into(&mut service.url);
        Ok(service)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

fn free_port() -> Result<u16, Trouble> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| Trouble::Failed(format!("no free port on 127.0.0.1: {error}")))
}

/// How many tests the suite ran: the lines `[group/test]` that no line of a test inside them follows, without what it skipped.
fn tests_run(lines: &[String]) -> usize {
    let begun: Vec<&str> =
        lines.iter().filter_map(|line| line.strip_prefix('[')?.strip_suffix(']')).collect();
    let is_group = |index: usize| {
        let inside = begun.get(index + 1).and_then(|next: &&str| next.strip_prefix(begun[index]));
        inside.is_some_and(|rest| rest.starts_with('/'))
    };
    let tests = (0..begun.len()).filter(|&index| !is_group(index)).count();
    let skipped = lines.iter().filter(|line| line.trim_start().starts_with("SKIPPED: ")).count();
    tests.saturating_sub(skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted_and_groups_and_what_was_skipped_are_not() {
        for (output, want) in [
            ("Running test suite\n[a]\n[a/x]\n[a/x/1]\n[a/x/2]\n[a/y]\n[b]\n\nAll tests passed", 4),
            ("[a]\n[a/x]\n  SKIPPED: a/x (not able to)\n[a/x y]\n  FAILED: a/x y\n[a b]\n", 2),
            ("[a]\n  SKIPPED: a\n[ab]", 1),
            ("", 0),
        ] {
            let lines: Vec<String> = output.lines().map(String::from).collect();
            assert_eq!(tests_run(&lines), want, "{output}");
        }
    }
}
