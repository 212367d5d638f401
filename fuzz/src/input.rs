//! The input of the decoders' targets: a few choices, then the body.

use tidewire_core::{DEFAULT_MAX_EVENT_BYTES, DecoderOptions};

/// The number of bytes of choices before the body.
const CHOICES: usize = 4;
const LIMITED: u8 = 1;
const SKIP_OVERSIZED: u8 = 2;
const DELIVER_UNTERMINATED: u8 = 4;
const DONE: u8 = 8;
const UNCHECKED: u8 = 16;

/// A body, the options for reading it, and where to cut it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    pub(crate) options: DecoderOptions,
    pub(crate) body: &'a [u8],
    kind: u8,
    seed: u8,
}

impl<'a> Input<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Option<Self> {
        let (&[flags, limit, kind, seed], body) = data.split_first_chunk::<CHOICES>()?;
        let mut options = DecoderOptions {
            skip_oversized: flags & SKIP_OVERSIZED != 0,
            deliver_unterminated: flags & DELIVER_UNTERMINATED != 0,
            done: flags & DONE != 0,
            validate: flags & UNCHECKED == 0,
            ..DecoderOptions::default()
        };
        if flags & LIMITED != 0 {
            options.max_event_bytes = limit.into();
        }
        Some(Self { options, body, kind, seed })
    }

    pub(crate) const fn is_limited(&self) -> bool {
        self.options.max_event_bytes != DEFAULT_MAX_EVENT_BYTES
    }

    /// A number from 0 to 63 for further choices of a target.
    pub(crate) const fn choice(&self) -> usize {
        (self.kind >> 2) as usize
    }

    /// The body in pieces: single bytes, two pieces, equal pieces, or random pieces of 0 to 8 bytes.
    pub(crate) fn pieces(&self) -> Pieces<'a> {
        let seed = usize::from(self.seed);
        Pieces {
            rest: Some(self.body),
            cut: match self.kind % 4 {
                0 => Cut::Every(1),
                1 => Cut::Once(seed * (self.body.len() + 1) / 256),
                2 => Cut::Every(2 + seed % 64),
                _ => Cut::Random(seed as u32),
            },
        }
    }
}

/// The pieces of a body.
#[derive(Clone, Debug)]
pub(crate) struct Pieces<'a> {
    rest: Option<&'a [u8]>,
    cut: Cut,
}

#[derive(Clone, Copy, Debug)]
enum Cut {
    Nowhere,
    Once(usize),
    Every(usize),
    Random(u32),
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let length = match &mut self.cut {
            Cut::Nowhere => rest.len(),
            Cut::Every(length) => *length,
            Cut::Once(length) => {
                let length = *length;
                self.cut = Cut::Nowhere;
                length
            }
            Cut::Random(state) => {
                // The constants are those of Numerical Recipes; only the high bits are random enough.
                *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (*state >> 24) as usize % 9
            }
        };
        let (piece, rest) = rest.split_at(length.min(rest.len()));
        self.rest = (!rest.is_empty()).then_some(rest);
        Some(piece)
    }
}
