//! Decodes the content codings of a body (RFC 9110, 8.4) piece by piece: every byte that can be decoded is handed out at once.
//!
//! reqwest's own decoding is turned off: when a body breaks it loses what it had decoded, it reads only the first member of a gzip body, and
//! it hides how many bytes arrived.
#![cfg_attr(
    not(all(feature = "gzip", feature = "brotli", feature = "deflate", feature = "zstd")),
    allow(dead_code, reason = "each coding uses its part")
)]

#[cfg(feature = "brotli")]
mod brotli;
#[cfg(feature = "deflate")]
mod deflate;
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(any(feature = "gzip", feature = "deflate"))]
mod inflate;
#[cfg(test)]
mod tests;
#[cfg(feature = "zstd")]
mod zstd;

use std::cell::RefCell;
use std::fmt;
use std::sync::LazyLock;

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

/// The most that one call decodes, so that a small body that decodes to a huge one needs little memory.
const PIECE: usize = 32 * 1024;
/// The most codings that are decoded for one body. More than two are never seen in practice.
const MOST_CODINGS: usize = 4;

thread_local! {
    /// The buffer that decoders write to, shared by all streams of a thread.
    static PIECE_BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; PIECE].into_boxed_slice());
}

/// Decodes one coding.
trait Decoder: Send {
    /// Decodes from the front of `input` to the front of `output`. Called with an empty `input`, it writes what it still holds.
    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Step;

    /// Whether the input so far is a whole body.
    fn is_whole(&self) -> bool;
}

/// The result of one call of a decoder.
struct Step {
    read: usize,
    written: usize,
    /// What is wrong with the input. The bytes written before are good.
    error: Option<String>,
}

impl Step {
    const NOTHING: Self = Self { read: 0, written: 0, error: None };

    fn error(problem: &str) -> Self {
        Self { error: Some(problem.to_owned()), ..Self::NOTHING }
    }
}

type New = fn() -> Result<Box<dyn Decoder>, String>;

/// The codings that are built in, by their names in `Accept-Encoding`.
const BUILT_IN: &[(&str, New)] = &[
    #[cfg(feature = "gzip")]
    ("gzip", gzip::new),
    #[cfg(feature = "brotli")]
    ("br", brotli::new),
    #[cfg(feature = "zstd")]
    ("zstd", zstd::new),
    #[cfg(feature = "deflate")]
    ("deflate", deflate::new),
];

static ACCEPTED: LazyLock<String> = LazyLock::new(|| match BUILT_IN {
    [] => "identity".to_owned(),
    codings => codings.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "),
});

/// The value of `Accept-Encoding`.
pub(super) fn accepted() -> &'static str {
    &ACCEPTED
}

/// Why a body cannot be decoded, or no further.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CodingError(String);

impl fmt::Display for CodingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Decodes one body.
pub(super) struct Decoding {
    /// In the order of decoding: the coding that was applied last is first.
    stages: Vec<Stage>,
    /// An error to report once the bytes before it were handed out.
    error: Option<CodingError>,
}

struct Stage {
    name: &'static str,
    decoder: Box<dyn Decoder>,
    input: Bytes,
    /// The decoder may hold decoded bytes for which there was no room.
    may_hold_more: bool,
    has_begun: bool,
}

impl Decoding {
    /// Decodes a body with these headers; `None` if it has no coding.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, CodingError> {
        let mut stages = Vec::new();
        for value in headers.get_all(CONTENT_ENCODING) {
            let value = String::from_utf8_lossy(value.as_bytes());
            for name in value.split(',') {
                stages.extend(Stage::of(name.trim())?);
            }
        }
        if stages.len() > MOST_CODINGS {
            return Err(CodingError(format!(
                "the body has {} content codings, one over the other",
                stages.len()
            )));
        }
        stages.reverse();
        Ok(Some(Self { stages, error: None }).filter(|decoding| !decoding.stages.is_empty()))
    }

    /// Takes in the next bytes of the body. Call it only when [`next`](Self::next) has returned `None`.
    pub(super) fn push(&mut self, bytes: Bytes) {
        if let Some(stage) = self.stages.first_mut() {
            stage.input = bytes;
        }
    }

    /// The next piece of the decoded body, or `None` if more input is needed.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, CodingError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let piece = self.pull(self.stages.len());
        if !piece.is_empty() {
            return Ok(Some(piece));
        }
        self.error.take().map_or(Ok(None), Err)
    }

    /// Whether the body is whole if it ends here.
    pub(super) fn is_whole(&self) -> bool {
        // A body without a byte is empty, whatever its coding.
        self.stages.iter().all(|stage| !stage.has_begun || stage.decoder.is_whole())
    }

    /// The names of the codings, as their header lists them.
    pub(super) fn names(&self) -> String {
        self.stages.iter().rev().map(|stage| stage.name).collect::<Vec<_>>().join(", ")
    }

    /// The output of the first `count` stages; empty if more input is needed, or after an error.
    fn pull(&mut self, count: usize) -> Bytes {
        let Some(index) = count.checked_sub(1) else { return Bytes::new() };
        loop {
            if self.error.is_some() {
                return Bytes::new();
            }
            let (piece, error) = self.stages[index].decode();
            self.error = error;
            if !piece.is_empty() || self.error.is_some() {
                return piece;
            }
            let input = self.pull(index);
            if input.is_empty() {
                return input;
            }
            self.stages[index].input = input;
        }
    }
}

impl Stage {
    /// `None` for names that mean no coding.
    fn of(name: &str) -> Result<Option<Self>, CodingError> {
        let lower = name.to_ascii_lowercase();
        let (coding, feature) = match lower.strip_prefix("x-").unwrap_or(&lower) {
            // Servers send `none` to keep middleware from compressing a stream, and `utf-8` by mistake. Neither changes the body.
            "" | "identity" | "none" | "utf-8" | "utf8" => return Ok(None),
            "gzip" => ("gzip", "gzip"),
            "br" => ("br", "brotli"),
            "zstd" => ("zstd", "zstd"),
            "deflate" => ("deflate", "deflate"),
            _ => {
                return Err(CodingError(format!(
                    "the body has the content coding {name:?}, which is not known"
                )));
            }
        };
        let Some((coding, new)) = BUILT_IN.iter().find(|(name, _)| *name == coding) else {
            return Err(CodingError(format!(
                "the body has the content coding {name:?}, for which tidewire's feature {feature} is not enabled"
            )));
        };
        let decoder = new().map_err(|problem| CodingError(format!("no decoder for {coding}: {problem}")))?;
        let (input, may_hold_more, has_begun) = (Bytes::new(), false, false);
        Ok(Some(Self { name: coding, decoder, input, may_hold_more, has_begun }))
    }

    /// The next decoded bytes, and the error after them. Empty without an error if more input is needed.
    fn decode(&mut self) -> (Bytes, Option<CodingError>) {
        PIECE_BUFFER.with_borrow_mut(|output| {
            loop {
                if self.input.is_empty() && !self.may_hold_more {
                    return (Bytes::new(), None);
                }
                self.has_begun |= !self.input.is_empty();
                let Step { read, written, error } = self.decoder.decode(&self.input, output);
                self.input.advance(read);
                self.may_hold_more = written == output.len();
                let error = error.or_else(|| {
                    // A codec that makes no progress must not make this loop spin.
                    (read == 0 && written == 0 && !self.input.is_empty())
                        .then(|| "the decoder is stuck".to_owned())
                });
                let error = error.map(|cause| {
                    CodingError(format!("the body's content coding {} is corrupt: {cause}", self.name))
                });
                if written > 0 || error.is_some() {
                    return (Bytes::copy_from_slice(&output[..written]), error);
                }
            }
        })
    }
}
