//! Content codings: compresses a script while it is played.

use std::{
    io::{self, Write},
    iter, mem,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Deserialize;

use super::script::{Script, ScriptStep};

/// A content coding that `encoding=` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950: HTTP's `deflate` is the zlib format.
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

    /// An encoder that writes to `output` and finishes the compressed stream when it is dropped.
    fn encoder(self, output: EncoderOutput) -> io::Result<Box<dyn Write + Send>> {
        Ok(match self {
            Self::Gzip => Box::new(flate2::write::GzEncoder::new(output, flate2::Compression::default())),
            Self::Deflate => {
                Box::new(flate2::write::ZlibEncoder::new(output, flate2::Compression::default()))
            }
            Self::Br => Box::new(brotli::CompressorWriter::new(output, 4096, 5, 22)),
            Self::Zstd => Box::new(zstd::Encoder::new(output, 0)?.auto_finish()),
        })
    }
}

/// Compresses the bytes of `script`, and flushes after each step so that nothing is held back.
///
/// A clean end finishes the compressed stream; a cut leaves it unfinished.
///
/// # Errors
/// The encoder's own error if it cannot be set up.
pub(crate) fn encoded(script: Script, coding: Coding) -> io::Result<Script> {
    let output = EncoderOutput::default();
    let mut encoder = Some(coding.encoder(output.clone())?);
    let mut script = script;
    Ok(Box::new(iter::from_fn(move || {
        let writer = encoder.as_mut()?;
        Some(match script.next() {
            Some(ScriptStep::Bytes(bytes)) => match writer.write_all(&bytes).and_then(|()| writer.flush()) {
                Ok(()) => ScriptStep::bytes(output.take()),
                Err(_) => ScriptStep::Cut,
            },
            Some(step @ (ScriptStep::Pause(_) | ScriptStep::Stall | ScriptStep::Cut)) => step,
            Some(ScriptStep::End) | None => {
                encoder = None;
                ScriptStep::bytes(output.take())
            }
        })
    })))
}

/// Holds an encoder's output until the script takes it.
#[derive(Clone, Default)]
struct EncoderOutput(Arc<Mutex<Vec<u8>>>);

impl EncoderOutput {
    fn take(&self) -> Vec<u8> {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for EncoderOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
