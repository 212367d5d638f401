//! The child processes of a measurement, which the conductor talks to in lines.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use tidewire_bench::plan::Case;
use tidewire_bench::wire::{Checked, Turn};

use super::Trouble;

/// A process that prints nothing for this long hangs. The slowest checked run takes a tenth of it.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) struct Contender {
    child: Talker,
    words: ChildStdin,
}

impl Contender {
    /// Starts the contender's process, and waits for its checked run.
    pub(super) fn start(case: &Case, name: &str, quick: bool) -> Result<(Self, Checked), Trouble> {
        let mut command = program("tidewire-bench-parse")?;
        command.args([case.name, name, "--driven"]).args(quick.then_some("--quick"));
        let mut child = Talker::start(command.stdin(Stdio::piped()))?;
        let words = child.stdin().ok_or("a child without stdin")?;
        let mut contender = Self { child, words };
        let checked = serde_json::from_str(&contender.child.line()?)?;
        Ok((contender, checked))
    }

    /// Gives it a turn, and returns the CPU times of its runs.
    pub(super) fn take_turn(&mut self, turn: Turn) -> Result<Vec<Duration>, Trouble> {
        writeln!(self.words, "{}", serde_json::to_string(&turn)?)?;
        Ok(serde_json::from_str(&self.child.line()?)?)
    }
}

/// A program in the folder of this one, built with it.
pub(super) fn program(name: &str) -> Result<Command, Trouble> {
    Ok(Command::new(std::env::current_exe()?.with_file_name(name)))
}

/// A process whose lines are read with a time limit. Dropping it stops the process.
pub(super) struct Talker {
    name: String,
    child: Child,
    lines: Receiver<std::io::Result<String>>,
}

impl Talker {
    pub(super) fn start(command: &mut Command) -> Result<Self, Trouble> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {name}: {error}"))?;
        let output = BufReader::new(child.stdout.take().ok_or("a child without stdout")?);
        let (sender, lines) = channel();
        std::thread::spawn(move || output.lines().try_for_each(|line| sender.send(line)));
        Ok(Self { name, child, lines })
    }

    /// Its next line.
    pub(super) fn line(&mut self) -> Result<String, Trouble> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Ok(line?),
            Err(RecvTimeoutError::Timeout) => {
                Err(format!("{} printed nothing for {} s", self.name, PATIENCE.as_secs()).into())
            }
            Err(RecvTimeoutError::Disconnected) => {
                Err(format!("{} ended: {}", self.name, self.child.wait()?).into())
            }
        }
    }

    fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }
}

impl Drop for Talker {
    fn drop(&mut self) {
        // Both fail only if the child has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
