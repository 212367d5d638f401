//! `cargo xtask contract`: runs LaunchDarkly's test suite (launchdarkly/sse-contract-tests) against the native client.

use std::env;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::build;
use crate::report::{green, say, yellow};
use crate::run::{Trouble, check_interrupt_after_child, run_and_keep, spawn, stop};

/// Builds the contract service and runs the suite's program against it, on this machine only.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(Arguments {}: &Arguments) -> Result<(), Trouble> {
    let suite = suite()?;
    let service = Service::start()?;
    let ran = run_suite(&suite, &service)?;
    if ran < TESTS {
        return Err(Trouble::Failed(format!("the suite ran {ran} tests, but it has {TESTS}")));
    }
    say!("{}", green(format!("{ran} tests of the suite passed, none failed")));
    Ok(())
}

/// The same as a step of `cargo xtask test`. No package manager has the suite's program, so the step is optional.
pub(crate) fn step() -> Result<(), Trouble> {
    run(&Arguments {}).map_err(|trouble| match trouble {
        Trouble::Missing { what, .. } => Trouble::LeftOut { what, see: "cargo xtask contract" },
        Trouble::Failed(_) | Trouble::LeftOut { .. } | Trouble::Usage(_) | Trouble::Interrupted => trouble,
    })
}

const SERVICE: &str = "tidewire-contract-service";
const SUITE: &str = "sse-contract-tests";
const VARIABLE: &str = "SSE_CONTRACT_TESTS";
/// The suite's tests at commit 81fc8203db98 (2.31.0) for a service with all capabilities except `event-type-listeners`.
const TESTS: usize = 113;
/// The suite panics if its port was taken in the meantime, or if its listener does not answer within 10 ms of its start.
const STARTS: usize = 3;

/// The suite's program: from the variable, which must then name a file, or from PATH.
fn suite() -> Result<PathBuf, Trouble> {
    if let Some(named) = env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        return if named.is_file() {
            Ok(named)
        } else {
            Err(Trouble::Usage(format!("{VARIABLE} names {}, which is not a file", named.display())))
        };
    }
    let program = format!("{SUITE}{}", env::consts::EXE_SUFFIX);
    let folders = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&folders).map(|folder| folder.join(&program)).find(|path| path.is_file());
    found.ok_or_else(|| Trouble::Missing {
        what: format!("{SUITE} is not installed"),
        install: format!(
            "a release or a build of https://github.com/launchdarkly/{SUITE}, on PATH or named by {VARIABLE}=/its/path"
        ),
    })
}

/// Runs the suite, which must succeed, and returns how many tests ran. A suite that ended before its first test is started again.
fn run_suite(suite: &Path, service: &Service) -> Result<usize, Trouble> {
    for _ in 1..STARTS {
        match start_suite(suite, service)? {
            (0, Err(Trouble::Failed(why))) => {
                say!("{}", yellow(format!("{why}, before any test; trying again")))
            }
            (ran, result) => return result.map(|()| ran),
        }
    }
    let (ran, result) = start_suite(suite, service)?;
    result.map(|()| ran)
}

fn start_suite(suite: &Path, service: &Service) -> Result<(usize, Result<(), Trouble>), Trouble> {
    // Its default port may be taken, and it cannot choose a free one itself.
    let port = free_port()?.to_string();
    let arguments = ["--url", &service.url, "--host", "127.0.0.1", "--port", &port];
    let (lines, result) = run_and_keep(Command::new(suite).args(arguments));
    Ok((tests_run(&lines), result))
}

/// The running service, on a free port; stopped when dropped.
struct Service {
    child: Child,
    url: String,
}

impl Service {
    fn start() -> Result<Self, Trouble> {
        let mut command = Command::new(build::program(SERVICE)?);
        command.arg("127.0.0.1:0").stdin(Stdio::null()).stdout(Stdio::piped());
        // A proxy from the environment must not see requests to this machine.
        command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
        let mut service = Service { child: spawn(&mut command)?, url: String::new() };
        let mut line = String::new();
        if let Some(output) = service.child.stdout.take() {
            // An error leaves the line empty, which is reported below.
            let _ = BufReader::new(output).read_line(&mut line);
        }
        let Some((_, url)) = line.trim().split_once("listening on ") else {
            check_interrupt_after_child()?;
            return Err(Trouble::Failed(format!("{SERVICE} printed {line:?} instead of its address")));
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

/// How many tests the suite ran: its lines `[group/test]`, without the groups and the skipped tests.
fn tests_run(lines: &[String]) -> usize {
    let started: Vec<&str> =
        lines.iter().filter_map(|line| line.strip_prefix('[')?.strip_suffix(']')).collect();
    let is_group = |index: usize| {
        let inside = started.get(index + 1).and_then(|next: &&str| next.strip_prefix(started[index]));
        inside.is_some_and(|rest| rest.starts_with('/'))
    };
    let tests = (0..started.len()).filter(|&index| !is_group(index)).count();
    let skipped = lines.iter().filter(|line| line.trim_start().starts_with("SKIPPED: ")).count();
    tests.saturating_sub(skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_skipped_tests_are_not_counted() {
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
