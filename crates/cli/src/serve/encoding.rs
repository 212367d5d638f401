//! Content codings: compresses a script while it streams.

use std::{
    io::{self, Write},
    iter, mem,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Deserialize;

use super::script::{Script, Step};

/// A content coding that `encoding=` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950: what HTTP calls deflate is the zlib format.
    Deflate,
    /// RFC 7932.
    Br,
    /// RFC 8878.
    Zstd,
}

impl Coding {
    /// The value of `Content-Encoding`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Br => "br",
            Self::Zstd => "zstd",
        }
    }

    /// An encoder that writes to `sink` and finishes the stream when it is dropped.
    fn encoder(self, sink: Sink) -> io::Result<Box<dyn Write + Send>> {
        Ok(match self {
            Self::Gzip => Box::new(flate2::write::GzEncoder::new(sink, flate2::Compression::default())),
            Self::Deflate => Box::new(flate2::write::ZlibEncoder::new(sink, flate2::Compression::default())),
            Self::Br => Box::new(brotli::CompressorWriter::new(sink, 4096, 5, 22)),
            Self::Zstd => Box::new(zstd::Encoder::new(sink, 0)?.auto_finish()),
        })
    }
}

/// Compresses the bytes of `script`, flushed after each step so that nothing is held back.
///
/// A clean end finishes the compressed stream; a cut leaves it unfinished.
///
/// # Errors
/// What the encoder says when it cannot be set up.
pub(crate) fn encoded(script: Script, coding: Coding) -> io::Result<Script> {
    let sink = Sink::default();
    let mut encoder = Some(coding.encoder(sink.clone())?);
    let mut script = script;
    Ok(Box::new(iter::from_fn(move || {
        let writer = encoder.as_mut()?;
        Some(match script.next() {
            Some(Step::Bytes(bytes)) => match writer.write_all(&bytes).and_then(|()| writer.flush()) {
                Ok(()) => Step::bytes(sink.take()),
                Err(_) => Step::Cut,
            },
            Some(step @ (Step::Pause(_) | Step::Stall | Step::Cut)) => step,
            Some(Step::End) | None => {
                encoder = None;
                Step::bytes(sink.take())
            }
        })
    })))
}

/// Where an encoder leaves its output until the script fetches it.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn take(&self) -> Vec<u8> {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
