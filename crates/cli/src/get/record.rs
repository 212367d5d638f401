//! `--record`: what comes over the wire, as a scenario file that `serve` plays again.

use std::fs::{File, OpenOptions};
use std::io::{self, LineWriter, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tidewire::{Request, Wire};

use crate::serve::scenario_file::Writer;

/// A recording under way; the first write that fails is told to whoever asks for the [`problem`](Recorder::problem).
pub(crate) struct Recorder {
    tape: Arc<Mutex<Tape>>,
    /// As the user names it.
    name: String,
}

struct Tape {
    writer: Writer<Box<dyn Write + Send>>,
    /// A file that has its earlier content until something comes: a request that cannot be made leaves it alone.
    earlier: Option<File>,
    /// When the present request was sent.
    sent: Instant,
    failed: Option<io::Error>,
}

const STANDARD_OUTPUT: &str = "-";

impl Recorder {
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        let (out, earlier): (Box<dyn Write + Send>, _) = if name == STANDARD_OUTPUT {
            (Box::new(io::stdout()), None)
        } else {
            let open = || {
                let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
                // Only a file has an earlier content; a pipe or a terminal has none.
                let earlier = if file.metadata()?.is_file() { Some(file.try_clone()?) } else { None };
                Ok((file, earlier))
            };
            let (file, earlier) = open().map_err(|error: io::Error| {
                format!("--record {name}: {error}; name a file that can be written")
            })?;
            (Box::new(LineWriter::new(file)), earlier)
        };
        let tape = Tape { writer: Writer::new(out), earlier, sent: Instant::now(), failed: None };
        Ok(Self { tape: Arc::new(Mutex::new(tape)), name })
    }

    /// Whether there is room for nothing else on it.
    pub(crate) fn takes_standard_output(&self) -> bool {
        self.name == STANDARD_OUTPUT
    }

    /// Lets the request's stream write to this recording.
    pub(crate) fn attach(&self, request: Request) -> Request {
        let tape = Arc::clone(&self.tape);
        request.on_wire(move |wire| {
            let mut tape = tape.lock().unwrap_or_else(PoisonError::into_inner);
            tape.write(wire);
        })
    }

    /// Why the recording is not whole, once.
    pub(crate) fn problem(&self) -> Option<String> {
        let error = self.tape.lock().unwrap_or_else(PoisonError::into_inner).failed.take()?;
        Some(format!("cannot write the recording {}: {error}", self.name))
    }
}

impl Tape {
    fn write(&mut self, wire: Wire<'_>) {
        let elapsed = self.sent.elapsed();
        let written = match wire {
            Wire::Sent => {
                self.sent = Instant::now();
                self.earlier.take().map_or(Ok(()), |file| file.set_len(0))
            }
            Wire::Head { status, headers } => {
                let headers: Vec<(String, String)> = headers
                    .iter()
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
