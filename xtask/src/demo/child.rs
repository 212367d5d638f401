//! The demo's child processes: each is stopped by its id when its owner is dropped, so that none outlives the demo.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::report::{dim, say};
use crate::run::{Trouble, check_interrupt, check_interrupt_after_child, spawn, stop};

/// `tidewire serve` on a port of its own choice.
pub(super) struct Server {
    address: String,
    _running: Running,
}

impl Server {
    pub(super) fn start(deadline: Instant) -> Result<Self, Trouble> {
        // Its log of requests is for who wants to look behind the scene.
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
            return Err(Trouble::Failed(format!("`{PROGRAM} serve` said `{line}` and not where it listens")));
        };
        say!("  listening on {address}; its log: {LOG}");
        let Lines { lines: rest, running, .. } = lines;
        // What else it says goes to the log too; a full pipe would stop it.
        thread::spawn(move || append_to_log(&rest, more_log));
        Ok(Server { address, _running: running })
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }
}

/// The lines of a running command, until it ends.
pub(super) struct Lines {
    lines: Receiver<String>,
    running: Running,
    deadline: Instant,
}

impl Lines {
    /// Runs `tidewire` with these arguments, out of sight.
    pub(super) fn of(arguments: &[&str], deadline: Instant) -> Result<Self, Trouble> {
        Self::start(&mut command(arguments), deadline)
    }

    /// The same, and shows the command.
    pub(super) fn shown(arguments: &[&str], deadline: Instant) -> Result<Self, Trouble> {
        show_command(arguments);
        Self::of(arguments, deadline)
    }

    /// The next line, or none after the last.
    pub(super) fn next(&mut self) -> Result<Option<String>, Trouble> {
        loop {
            match self.lines.recv_timeout(LOOK_EVERY) {
                Ok(line) => return Ok(Some(line)),
                // A Ctrl-C ends the command too; what it had not said by then is not lost.
                Err(RecvTimeoutError::Disconnected) => return check_interrupt_after_child().map(|()| None),
                Err(RecvTimeoutError::Timeout) => go_on(self.deadline)?,
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
            // Nobody listens any more once the demo has ended.
            lines.map(|line| sender.send(line)).take_while(Result::is_ok).for_each(drop);
        });
        Ok(Lines { lines, running: Running(child), deadline })
    }
}

/// Runs `tidewire` with its output in full view; it must succeed.
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
            Ok(None) => go_on(deadline)?,
        }
        thread::sleep(LOOK_EVERY);
    }
}

const PROGRAM: &str = "target/debug/tidewire";
const LOG: &str = "target/demo-serve.log";
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A child that does not outlive its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        stop(&mut self.0);
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).stdin(Stdio::null());
    // A proxy of the environment has no business with this machine's own address.
    command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    command
}

fn show_command(arguments: &[&str]) {
    say!("{}", dim(format!("$ {PROGRAM} {}", arguments.join(" "))));
}

fn go_on(deadline: Instant) -> Result<(), Trouble> {
    check_interrupt()?;
    if Instant::now() < deadline {
        return Ok(());
    }
    Err(Trouble::Failed(format!("the demo did not end in time; the server's log is {LOG}")))
}

/// An empty log, to which several may write.
fn new_log() -> io::Result<fs::File> {
    fs::write(LOG, "")?;
    fs::OpenOptions::new().append(true).open(LOG)
}

fn append_to_log(lines: &Receiver<String>, mut log: fs::File) {
    for line in lines {
        // A full disk takes the log and not the demo.
        let _ = writeln!(log, "{line}");
    }
}
