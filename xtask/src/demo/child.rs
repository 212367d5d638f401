//! The demo's child processes; each is stopped when its owner is dropped.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::report::{dim, say};
use crate::run::{Trouble, check_interrupt, check_interrupt_after_child, spawn, stop};

/// A running `tidewire serve` on a free port.
pub(super) struct Server {
    address: String,
    _running: Running,
}

impl Server {
    pub(super) fn start(deadline: Instant) -> Result<Self, Trouble> {
        let log = new_log().map_err(|error| Trouble::Failed(format!("cannot write {LOG}: {error}")))?;
        let arguments = ["serve", "--port", "0"];
        show_command(&arguments);
        let more_log =
            log.try_clone().map_err(|error| Trouble::Failed(format!("cannot write {LOG}: {error}")))?;
        let mut lines = Lines::start(command(&arguments).stderr(log), deadline)?;
        let Some(line) = lines.next()? else {
            return Err(Trouble::Failed(format!("`{PROGRAM} serve` ended before it listened; see {LOG}")));
        };
        let listening = serde_json::from_str::<serde_json::Value>(&line).unwrap_or_default();
        let Some(address) = listening["url"].as_str().map(str::to_owned) else {
            return Err(Trouble::Failed(format!(
                "`{PROGRAM} serve` printed `{line}` instead of its address"
            )));
        };
        say!("  listening on {address}; its log: {LOG}");
        let Lines { lines: rest, running, .. } = lines;
        // The rest of its output goes to the log; a full pipe would block it.
        thread::spawn(move || append_to_log(&rest, more_log));
        Ok(Server { address, _running: running })
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }
}

/// The lines that a running command prints, until it ends.
pub(super) struct Lines {
    lines: Receiver<String>,
    running: Running,
    deadline: Instant,
}

impl Lines {
    /// Runs `tidewire` with these arguments, without showing the command.
    pub(super) fn of(arguments: &[&str], deadline: Instant) -> Result<Self, Trouble> {
        Self::start(&mut command(arguments), deadline)
    }

    /// The same, and shows the command.
    pub(super) fn shown(arguments: &[&str], deadline: Instant) -> Result<Self, Trouble> {
        show_command(arguments);
        Self::of(arguments, deadline)
    }

    /// The next line; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<String>, Trouble> {
        loop {
            match self.lines.recv_timeout(POLL_EVERY) {
                Ok(line) => return Ok(Some(line)),
                // Ctrl-C ends the command too; its missing lines are then no loss.
                Err(RecvTimeoutError::Disconnected) => return check_interrupt_after_child().map(|()| None),
                Err(RecvTimeoutError::Timeout) => check_deadline(self.deadline)?,
            }
        }
    }

    fn start(command: &mut Command, deadline: Instant) -> Result<Self, Trouble> {
        let mut child = spawn(command.stdout(Stdio::piped()))?;
        let (sender, lines) = channel();
        let output = child.stdout.take();
        thread::spawn(move || {
            let lines =
                output.into_iter().flat_map(|output| BufReader::new(output).lines()).map_while(Result::ok);
            // Sending fails once the demo has ended.
            lines.map(|line| sender.send(line)).take_while(Result::is_ok).for_each(drop);
        });
        Ok(Lines { lines, running: Running(child), deadline })
    }
}

/// Runs `tidewire` with its output let through; it must succeed.
pub(super) fn show(arguments: &[&str], deadline: Instant) -> Result<(), Trouble> {
    show_command(arguments);
    let mut running = Running(spawn(&mut command(arguments))?);
    loop {
        match running.0.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => {
                check_interrupt_after_child()?;
                return Err(Trouble::Failed(format!("`{PROGRAM} {}`: {status}", arguments.join(" "))));
            }
            Err(error) => return Err(Trouble::Failed(format!("cannot wait: {error}"))),
            Ok(None) => check_deadline(deadline)?,
        }
        thread::sleep(POLL_EVERY);
    }
}

const PROGRAM: &str = "target/debug/tidewire";
const LOG: &str = "target/demo-serve.log";
const POLL_EVERY: Duration = Duration::from_millis(50);

/// A child process that is stopped on drop.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        stop(&mut self.0);
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).stdin(Stdio::null());
    // A proxy from the environment must not see requests to this machine.
    command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    command
}

fn show_command(arguments: &[&str]) {
    say!("{}", dim(format!("$ {PROGRAM} {}", arguments.join(" "))));
}

fn check_deadline(deadline: Instant) -> Result<(), Trouble> {
    check_interrupt()?;
    if Instant::now() < deadline {
        return Ok(());
    }
    Err(Trouble::Failed(format!("the demo did not end in time; the server's log is {LOG}")))
}

/// An empty log that several writers may append to.
fn new_log() -> io::Result<fs::File> {
    fs::write(LOG, "")?;
    fs::OpenOptions::new().append(true).open(LOG)
}

fn append_to_log(lines: &Receiver<String>, mut log: fs::File) {
    for line in lines {
        // A full disk costs the log, not the demo.
        let _ = writeln!(log, "{line}");
    }
}
