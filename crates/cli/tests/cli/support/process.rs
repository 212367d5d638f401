//! The binary as a process that ends with its test.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::PATIENCE;

/// The binary with these arguments, without a proxy of the environment.
pub(crate) fn tidewire<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidewire"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for variable in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(variable);
    }
    command
}

/// The address in the first line of `serve`.
pub(crate) fn listening(line: &str) -> String {
    let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
    assert_eq!(line["type"], "listening", "{line}");
    line["url"].as_str().expect("a URL").to_owned()
}

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Done {
    /// The exit status, or `None` after a signal that it did not handle.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Done {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("UTF-8 on standard output")
    }

    /// Standard output as JSON lines.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
        self.text().lines().map(parse).collect()
    }

    /// The lines before the end line, and the end line, which must be the last.
    pub(crate) fn stream(&self) -> (Vec<Value>, Value) {
        let mut lines = self.lines();
        let end = lines.pop().unwrap_or_else(|| panic!("no end line: {self:?}"));
        assert_eq!(end["type"], "end", "{self:?}");
        assert!(lines.iter().all(|line| line["type"] != "end"), "an end line before the last");
        (lines, end)
    }

    /// The one line of standard error.
    pub(crate) fn complaint(&self) -> &str {
        let line = self.stderr.strip_suffix('\n').unwrap_or_else(|| panic!("no whole line: {self:?}"));
        assert!(!line.contains('\n'), "more than one line: {}", self.stderr);
        line.strip_prefix("tidewire: ").unwrap_or_else(|| panic!("no prefix: {line}"))
    }
}

/// A running process, which is ended when it is dropped.
pub(crate) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    /// The lines of standard output; disconnected at its end.
    stdout: Receiver<Vec<u8>>,
    stderr: Option<JoinHandle<String>>,
    started: Instant,
}

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        Self::adopt(command.spawn().expect("the binary runs"))
    }

    /// Takes over a running process, with the pipes that it still has.
    pub(crate) fn adopt(mut child: Child) -> Self {
        let started = Instant::now();
        let (tell, stdout) = channel();
        if let Some(pipe) = child.stdout.take() {
            thread::spawn(move || {
                let mut pipe = BufReader::new(pipe);
                let mut line = Vec::new();
                while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                    if tell.send(std::mem::take(&mut line)).is_err() {
                        break;
                    }
                }
            });
        }
        let stderr = child.stderr.take().map(|mut pipe| {
            thread::spawn(move || {
                let mut text = String::new();
                let _ = pipe.read_to_string(&mut text);
                text
            })
        });
        Self { stdin: child.stdin.take(), child, stdout, stderr, started }
    }

    /// Writes to standard input, which must be a pipe.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("standard input is a pipe");
        stdin.write_all(bytes).and_then(|()| stdin.flush()).expect("standard input is open");
    }

    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// The next line of standard output.
    pub(crate) fn line(&mut self) -> String {
        let line = self.stdout.recv_timeout(PATIENCE).expect("a line on standard output");
        String::from_utf8(line).expect("UTF-8 on standard output")
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name, to this process alone.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let id = self.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().expect("kill runs").success());
    }

    /// Waits for its end and returns the exit status.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.child.try_wait().expect("a child of this process") {
                Some(status) => return status.code(),
                None if Instant::now() > deadline => panic!("it does not end"),
                None => thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// Reads what it prints to its end.
    pub(crate) fn finish(mut self) -> Done {
        self.stdin = None;
        let deadline = Instant::now() + PATIENCE;
        let mut stdout = Vec::new();
        loop {
            match self.stdout.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => stdout.extend(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("its output does not end"),
            }
        }
        let status = self.wait();
        let took = self.started.elapsed();
        let stderr = self.stderr.take().map(|reader| reader.join().expect("the reader"));
        Done { status, stdout, stderr: stderr.unwrap_or_default(), took }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the binary to its end.
pub(crate) trait Run {
    fn run(&mut self) -> Done;
    /// The same with this on its standard input.
    fn run_with(&mut self, input: &[u8]) -> Done;
}

impl Run for Command {
    fn run(&mut self) -> Done {
        Process::spawn(self).finish()
    }

    fn run_with(&mut self, input: &[u8]) -> Done {
        let mut process = Process::spawn(self.stdin(Stdio::piped()));
        let mut stdin = process.stdin.take().expect("a pipe");
        let input = input.to_vec();
        // A process may end before it has read everything.
        let writer = thread::spawn(move || {
            let written = stdin.write_all(&input);
            assert!(written.is_ok() || written.is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe));
        });
        let done = process.finish();
        writer.join().expect("the writer");
        done
    }
}
