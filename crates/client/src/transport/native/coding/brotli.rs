//! The coding `br` (RFC 7932).

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::{Decoder, Step};

struct Brotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    is_done: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "as the other codings")]
pub(super) fn new() -> Result<Box<dyn Decoder>, String> {
    let alloc = StandardAlloc::default;
    // Strict: without "large windows", which take up to 1 GiB and are not part of the coding `br`. Its own take at most 16 MiB.
    Ok(Box::new(Brotli { state: BrotliState::new_strict(alloc(), alloc(), alloc()), is_done: false }))
}

impl Decoder for Brotli {
    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        if self.is_done {
            return if input.is_empty() {
                Step::NOTHING
            } else {
                Step::error("there are bytes after its end")
            };
        }
        let (mut read, mut written) = (0, 0);
        let (mut input_left, mut output_left) = (input.len(), output.len());
        let result = BrotliDecompressStream(
            &mut input_left,
            &mut read,
            input,
            &mut output_left,
            &mut written,
            output,
            &mut 0,
            &mut self.state,
        );
        let error = match result {
            BrotliResult::ResultFailure => Some("it is not brotli".to_owned()),
            BrotliResult::ResultSuccess => {
                self.is_done = true;
                None
            }
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => None,
        };
        Step { read, written, error }
    }

    fn is_whole(&self) -> bool {
        self.is_done
    }
}
