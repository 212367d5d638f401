//! Decodes the coding `deflate`: zlib by the standard (RFC 9110, 8.4.1.2), bare deflate from some servers.

use super::inflate::Inflate;
use super::{Decoder, Step};

/// `None` until the first byte shows which of the two formats it is.
#[derive(Default)]
struct Deflate(Option<Inflate>);

#[expect(clippy::unnecessary_wraps, reason = "the same signature as for the other codings")]
pub(super) fn new() -> Result<Box<dyn Decoder>, String> {
    Ok(Box::<Deflate>::default())
}

impl Decoder for Deflate {
    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let Some(first) = input.first() else {
            return self.0.as_mut().map_or(Step::NOTHING, |inflate| inflate.decode(input, output));
        };
        // zlib has the method 8 in the low half of its first byte (RFC 1950, 2.2). Bare deflate only has that in a stored block with
        // non-zero padding, which no encoder writes.
        let inflate = self.0.get_or_insert_with(|| Inflate::new(first & 0x0F == 8));
        if inflate.is_done() {
            return Step::error("there are bytes after its end");
        }
        inflate.decode(input, output)
    }

    fn is_whole(&self) -> bool {
        self.0.as_ref().is_some_and(Inflate::is_done)
    }
}
