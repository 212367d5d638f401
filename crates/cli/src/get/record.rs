//! `--record`: the responses as they arrive, as a scenario file that `serve` plays again.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, LineWriter, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tidewire::{Request, Wire};

use crate::serve::scenario_file::ScenarioWriter;
use crate::terminal::{self, SafeWriter};

/// A recording in progress. The first write error is kept until [`problem`](Self::problem) takes it.
pub(crate) struct Recorder {
    recording: Arc<Mutex<Recording>>,
    /// The file's name as the user gave it.
    name: String,
}

struct Recording {
    writer: ScenarioWriter<Box<dyn Write + Send>>,
    /// The file, if it has earlier content: that is kept until a request is sent, so that an invalid request destroys nothing.
    earlier: Option<File>,
    /// The headers that the caller declared secret.
    secret_headers: Vec<String>,
    /// When the current request was sent.
    sent: Instant,
    failed: Option<io::Error>,
}

const STANDARD_OUTPUT: &str = "-";

impl Recorder {
    /// Opens the file, or standard output for `-`.
    ///
    /// # Errors
    /// A line that says what to do.
    pub(crate) fn open(path: &Path, secret_headers: &[String]) -> Result<Self, String> {
        let name = path.display().to_string();
        let (out, earlier): (Box<dyn Write + Send>, _) = if name == STANDARD_OUTPUT {
            (Box::new(terminal::stdout()), None)
        } else {
            let (file, earlier) = open(path)
                .map_err(|error| format!("--record {name}: {error}; name a file that can be written"))?;
            let is_terminal = file.is_terminal();
            (Box::new(SafeWriter::new(LineWriter::new(file), is_terminal)), earlier)
        };
        let recording = Recording {
            writer: ScenarioWriter::new(out),
            earlier,
            secret_headers: secret_headers.to_vec(),
            sent: Instant::now(),
            failed: None,
        };
        Ok(Self { recording: Arc::new(Mutex::new(recording)), name })
    }

    /// Whether the recording goes to standard output, so that nothing else may be printed there.
    pub(crate) fn takes_standard_output(&self) -> bool {
        self.name == STANDARD_OUTPUT
    }

    /// Records the responses of this request.
    pub(crate) fn attach(&self, request: Request) -> Request {
        let recording = Arc::clone(&self.recording);
        request.on_wire(move |wire| {
            let mut recording = recording.lock().unwrap_or_else(PoisonError::into_inner);
            recording.write(wire);
        })
    }

    /// Why the recording is incomplete; returned only once.
    pub(crate) fn problem(&self) -> Option<String> {
        let error = self.recording.lock().unwrap_or_else(PoisonError::into_inner).failed.take()?;
        Some(format!("cannot write the recording {}: {error}", self.name))
    }
}

/// Opens the file, with a second handle if it has earlier content to protect. A new file is readable by its owner alone: a server's
/// data can be private.
fn open(path: &Path) -> io::Result<(File, Option<File>)> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let file = options.open(path)?;
    // A pipe or a terminal has no earlier content.
    let earlier = if file.metadata()?.is_file() { Some(file.try_clone()?) } else { None };
    Ok((file, earlier))
}

impl Recording {
    fn write(&mut self, wire: Wire<'_>) {
        let elapsed = self.sent.elapsed();
        let written = match wire {
            Wire::Sent => {
                self.sent = Instant::now();
                self.earlier.take().map_or(Ok(()), |file| file.set_len(0))
            }
            Wire::Head { status, headers } => {
                let is_secret =
                    |name: &str| self.secret_headers.iter().any(|secret| secret.eq_ignore_ascii_case(name));
                let headers: Vec<(String, String)> = headers
                    .iter()
                    .filter(|(name, _)| !is_secret(name.as_str()))
                    .map(|(name, value)| {
                        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
                    })
                    .collect();
                self.writer.response(status, headers, elapsed)
            }
            Wire::Bytes(bytes) => self.writer.bytes(bytes, elapsed),
            Wire::End => self.writer.end(elapsed),
            Wire::Broken => self.writer.cut(elapsed),
            _ => Ok(()),
        };
        if let Err(error) = written {
            self.failed.get_or_insert(error);
        }
    }
}
