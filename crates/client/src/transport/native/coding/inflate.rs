//! The deflate format (RFC 1951), bare or in its zlib wrapping, as the codings gzip and deflate use it.

use flate2::{Decompress, FlushDecompress, Status};

use super::Step;

pub(super) struct Inflate {
    inner: Decompress,
    is_done: bool,
}

impl Inflate {
    pub(super) fn new(zlib: bool) -> Self {
        Self { inner: Decompress::new(zlib), is_done: false }
    }

    /// Whether its end was read.
    pub(super) const fn is_done(&self) -> bool {
        self.is_done
    }

    /// Bytes after the end are left unread.
    pub(super) fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        if self.is_done {
            return Step { read: 0, written: 0, error: None };
        }
        let (read_before, written_before) = (self.inner.total_in(), self.inner.total_out());
        let result = self.inner.decompress(input, output, FlushDecompress::None);
        let count = |now: u64, before| usize::try_from(now - before).unwrap_or_default();
        let error = match result {
            Ok(Status::StreamEnd) => {
                self.is_done = true;
                None
            }
            Ok(Status::Ok | Status::BufError) => None,
            Err(error) => Some(error.to_string()),
        };
        Step {
            read: count(self.inner.total_in(), read_before),
            written: count(self.inner.total_out(), written_before),
            error,
        }
    }
}
