//! A contender's process, which runs when it is told to.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use tidewire_bench::plan::Case;
use tidewire_bench::wire::{Checked, Turn};

use super::Trouble;

pub(super) struct Contender {
    child: Child,
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Contender {
    /// Starts it, and waits for its checked run.
    pub(super) fn start(case: &Case, name: &str, quick: bool) -> Result<(Self, Checked), Trouble> {
        let program = std::env::current_exe()?.with_file_name("tidewire-bench-parse");
        let mut command = Command::new(&program);
        command.args([case.name, name, "--driven"]).args(quick.then_some("--quick"));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        let words = child.stdin.take().ok_or("a child without stdin")?;
        let answers = BufReader::new(child.stdout.take().ok_or("a child without stdout")?);
        let mut contender = Self { child, words, answers };
        let checked = serde_json::from_str(&contender.answer()?)?;
        Ok((contender, checked))
    }

    /// Lets it run; the CPU times.
    pub(super) fn take_turn(&mut self, turn: Turn) -> Result<Vec<Duration>, Trouble> {
        writeln!(self.words, "{}", serde_json::to_string(&turn)?)?;
        Ok(serde_json::from_str(&self.answer()?)?)
    }

    fn answer(&mut self) -> Result<String, Trouble> {
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err(format!("a contender's process ended: {}", self.child.wait()?).into()),
            _ => Ok(line),
        }
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        // Both fail only for a child that has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
