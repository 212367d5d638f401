//! A process on a pseudo terminal.

use std::fs::File;
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::{PATIENCE, Process};

/// A process whose standard output and standard error are a terminal.
pub(crate) struct Terminal {
    pub(crate) process: Process,
    shown: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Terminal {
    /// Starts the command with this on its standard input.
    pub(crate) fn spawn(command: &mut Command, input: &[u8]) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo terminal");
        grantpt(&controller).and_then(|()| unlockpt(&controller)).expect("a pseudo terminal");
        let path = ptsname(&controller, Vec::new()).expect("its path").into_string().expect("UTF-8");
        let terminal = File::options().read(true).write(true).open(path).expect("its terminal");
        command.stdout(terminal.try_clone().expect("a copy")).stderr(terminal).stdin(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        // The command keeps copies of the terminal, which would never end.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input).expect("standard input is open");
        drop(stdin);
        let shown = Arc::new(Mutex::new(Vec::new()));
        let reader = thread::spawn({
            let shown = Arc::clone(&shown);
            move || read(&mut File::from(controller), &shown)
        });
        Self { process: Process::adopt(child), shown, reader }
    }

    /// What it has shown so far, once that contains `part`.
    pub(crate) fn wait_for(&self, part: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let shown = String::from_utf8_lossy(&self.shown.lock().expect("a lock")).into_owned();
            if shown.contains(part) {
                return shown;
            }
            assert!(Instant::now() < deadline, "no {part:?} in {shown:?}");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// All that it has shown, once it has ended.
    pub(crate) fn finish(mut self) -> String {
        self.process.wait();
        self.reader.join().expect("the reader");
        String::from_utf8(self.shown.lock().expect("a lock").clone()).expect("UTF-8 on the terminal")
    }
}

fn read(controller: &mut File, shown: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    loop {
        match controller.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => shown.lock().expect("a lock").extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Linux reports in this way that the last process on the terminal has ended.
            Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => return,
            Err(error) => panic!("{error}"),
        }
    }
}
