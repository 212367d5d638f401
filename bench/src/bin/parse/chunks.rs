//! Cuts a body into the pieces in which it arrives.

/// Pieces of a body that lives as long as the process: a block, several times over.
#[derive(Clone, Copy)]
pub(crate) struct Chunks {
    pub(crate) block: &'static [u8],
    pub(crate) repeats: usize,
    pub(crate) ends: Ends,
}

/// Where the pieces end.
#[derive(Clone, Copy)]
pub(crate) enum Ends {
    Every(usize),
    At(&'static [usize]),
}

impl Chunks {
    pub(crate) fn body_bytes(&self) -> usize {
        self.block.len() * self.repeats
    }

    #[inline]
    pub(crate) fn iter(&self) -> Iter {
        Iter { rest: self.block, ends: self.ends, taken: 0, again: *self }
    }
}

pub(crate) struct Iter {
    rest: &'static [u8],
    ends: Ends,
    taken: usize,
    /// What is left to read after this block.
    again: Chunks,
}

impl Iterator for Iter {
    type Item = &'static [u8];

    #[inline]
    fn next(&mut self) -> Option<&'static [u8]> {
        if self.rest.is_empty() {
            if self.again.repeats <= 1 {
                return None;
            }
            self.again.repeats -= 1;
            *self = self.again.iter();
        }
        let length = match &mut self.ends {
            Ends::Every(length) => *length,
            Ends::At(ends) => {
                let (end, others) = ends.split_first()?;
                *ends = others;
                end - self.taken
            }
        };
        let (piece, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        self.taken += piece.len();
        Some(piece)
    }
}
