//! Decodes the coding `zstd` (RFC 8878): one frame or several in a row.

use zstd::stream::raw::{DParameter, Decoder as RawDecoder, InBuffer, Operation as _, OutBuffer};

use super::{Decoder, Step};

/// 8 MiB, the largest window that HTTP allows (RFC 9659, 3).
const WINDOW_LOG_MAX: u32 = 23;

struct Zstd {
    inner: RawDecoder<'static>,
    /// How much input the decoder asks for, which is the rest of the present block.
    wanted: usize,
    is_between_frames: bool,
}

pub(super) fn new() -> Result<Box<dyn Decoder>, String> {
    let mut inner = RawDecoder::new().map_err(|error| error.to_string())?;
    inner.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX)).map_err(|error| error.to_string())?;
    Ok(Box::new(Zstd { inner, wanted: 1, is_between_frames: false }))
}

impl Decoder for Zstd {
    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        if self.is_between_frames && input.is_empty() {
            // A call would begin the next frame.
            return Step::NOTHING;
        }
        // One block per call: a call that meets a corrupt block loses the blocks that it has decoded before.
        let mut input = InBuffer::around(&input[..input.len().min(self.wanted)]);
        let mut output = OutBuffer::around(output);
        let error = match self.inner.run(&mut input, &mut output) {
            Ok(wanted) => {
                self.is_between_frames = wanted == 0;
                self.wanted = wanted.max(1);
                None
            }
            Err(error) => Some(error.to_string()),
        };
        Step { read: input.pos(), written: output.pos(), error }
    }

    fn is_whole(&self) -> bool {
        self.is_between_frames
    }
}
