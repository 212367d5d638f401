//! `--record`: what comes over the wire, as a scenario file that `serve` plays again.

use std::fs::File;
use std::io::{self, LineWriter, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tidewire::{Request, Wire};

use crate::serve::scenario_file::Writer;

/// A recording under way; the first write that fails is told to whoever [checks](Recorder::check).
pub(crate) struct Recorder {
    tape: Arc<Mutex<Tape>>,
}

struct Tape {
    writer: Writer<Box<dyn Write + Send>>,
    /// When the present request was sent.
    sent: Instant,
    failed: Option<io::Error>,
}

impl Recorder {
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let out: Box<dyn Write + Send> = if path.as_os_str() == "-" {
            Box::new(io::stdout())
        } else {
            let file = File::create(path).map_err(|error| {
                format!("--record {}: {error}; name a file that can be written", path.display())
            })?;
            Box::new(LineWriter::new(file))
        };
        let tape = Tape { writer: Writer::new(out), sent: Instant::now(), failed: None };
        Ok(Self { tape: Arc::new(Mutex::new(tape)) })
    }

    /// Lets the request's stream write to this recording.
    pub(crate) fn attach(&self, request: Request) -> Request {
        let tape = Arc::clone(&self.tape);
        request.on_wire(move |wire| {
            let mut tape = tape.lock().unwrap_or_else(PoisonError::into_inner);
            tape.write(wire);
        })
    }

    pub(crate) fn check(&self) -> io::Result<()> {
        match self.tape.lock().unwrap_or_else(PoisonError::into_inner).failed.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl Tape {
    fn write(&mut self, wire: Wire<'_>) {
        let elapsed = self.sent.elapsed();
        let written = match wire {
            Wire::Sent => {
                self.sent = Instant::now();
                Ok(())
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
