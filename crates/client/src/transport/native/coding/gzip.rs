//! The coding `gzip` (RFC 1952): one member after the other.

use flate2::Crc;

use super::inflate::Inflate;
use super::{Decoder, Step};

/// The bytes with which every member begins: two magic bytes and the method deflate (RFC 1952, 2.3.1).
const MAGIC: [u8; 3] = [0x1F, 0x8B, 8];
const HAS_CHECKSUM: u8 = 1 << 1;
const HAS_EXTRA: u8 = 1 << 2;
const HAS_NAME: u8 = 1 << 3;
const HAS_COMMENT: u8 = 1 << 4;

/// ```text
/// Header ─▶ Data ─▶ Trailer ─▶ Between ─▶ Header …
/// ```
enum State {
    Header(Header),
    Data(Inflate),
    /// The checksum and the length, and how many of their bytes have arrived.
    Trailer(usize, [u8; 8]),
    /// A member is whole; another may follow.
    Between,
}

/// The part of a member's header that is read next, and how much of it has arrived.
#[derive(Clone, Copy)]
enum Header {
    /// Magic, method, flags, time and system: ten bytes.
    Fixed {
        at: usize,
        flags: u8,
    },
    /// The length of the extra field, low byte first.
    ExtraLength {
        low: Option<u8>,
        flags: u8,
    },
    Extra {
        left: u16,
        flags: u8,
    },
    /// Up to its zero byte.
    Name {
        flags: u8,
    },
    Comment {
        flags: u8,
    },
    Checksum {
        at: usize,
    },
}

struct Gzip {
    state: State,
    /// The checksum of the member's data.
    sum: Crc,
}

#[expect(clippy::unnecessary_wraps, reason = "as the other codings")]
pub(super) fn new() -> Result<Box<dyn Decoder>, String> {
    Ok(Box::new(Gzip { state: State::Header(Header::START), sum: Crc::new() }))
}

impl Decoder for Gzip {
    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let mut read = 0;
        loop {
            let next = input.get(read).copied();
            match (&mut self.state, next) {
                (State::Data(inflate), _) => {
                    let step = inflate.decode(&input[read..], output);
                    read += step.read;
                    self.sum.update(&output[..step.written]);
                    let is_done = inflate.is_done();
                    if is_done {
                        self.state = State::Trailer(0, [0; 8]);
                    }
                    if !is_done || step.written > 0 || step.error.is_some() {
                        return Step { read, ..step };
                    }
                }
                (_, None) => return Step { read, written: 0, error: None },
                // Padding: the program gzip skips zeros as well.
                (State::Between, Some(0)) => read += 1,
                (State::Between, Some(_)) => self.state = State::Header(Header::START),
                (State::Header(header), Some(byte)) => match header.take(byte) {
                    Ok(Some(next)) => {
                        *header = next;
                        read += 1;
                    }
                    Ok(None) => {
                        self.state = State::Data(Inflate::new(false));
                        self.sum = Crc::new();
                        read += 1;
                    }
                    Err(problem) => return Step { read, ..Step::error(problem) },
                },
                (State::Trailer(at, bytes), Some(byte)) => {
                    bytes[*at] = byte;
                    *at += 1;
                    read += 1;
                    if *at < bytes.len() {
                        continue;
                    }
                    if *bytes != trailer(&self.sum) {
                        return Step { read, ..Step::error("its checksum is wrong") };
                    }
                    self.state = State::Between;
                }
            }
        }
    }

    fn is_whole(&self) -> bool {
        matches!(self.state, State::Between)
    }
}

/// The checksum of the data and its length, low bytes first (RFC 1952, 2.3).
fn trailer(sum: &Crc) -> [u8; 8] {
    (u64::from(sum.amount()) << 32 | u64::from(sum.sum())).to_le_bytes()
}

impl Header {
    const START: Self = Self::Fixed { at: 0, flags: 0 };

    /// The part after this byte; `None` if the data is next.
    fn take(self, byte: u8) -> Result<Option<Self>, &'static str> {
        Ok(match self {
            Self::Fixed { at, .. } if MAGIC.get(at).is_some_and(|magic| *magic != byte) => {
                return Err("it does not begin as gzip does");
            }
            Self::Fixed { at: 3, .. } => Some(Self::Fixed { at: 4, flags: byte }),
            Self::Fixed { at: 9, flags } => Self::after_fixed(flags),
            Self::Fixed { at, flags } => Some(Self::Fixed { at: at + 1, flags }),
            Self::ExtraLength { low: None, flags } => Some(Self::ExtraLength { low: Some(byte), flags }),
            Self::ExtraLength { low: Some(low), flags } => match u16::from_le_bytes([low, byte]) {
                0 => Self::after_extra(flags),
                left => Some(Self::Extra { left, flags }),
            },
            Self::Extra { left: 1, flags } => Self::after_extra(flags),
            Self::Extra { left, flags } => Some(Self::Extra { left: left - 1, flags }),
            Self::Name { flags } if byte == 0 => Self::after_name(flags),
            Self::Comment { flags } if byte == 0 => Self::after_comment(flags),
            Self::Name { .. } | Self::Comment { .. } => Some(self),
            // Not checked: nothing is decoded from the header, and the data has a checksum of its own.
            Self::Checksum { at: 0 } => Some(Self::Checksum { at: 1 }),
            Self::Checksum { .. } => None,
        })
    }

    const fn after_fixed(flags: u8) -> Option<Self> {
        if flags & HAS_EXTRA > 0 {
            Some(Self::ExtraLength { low: None, flags })
        } else {
            Self::after_extra(flags)
        }
    }

    const fn after_extra(flags: u8) -> Option<Self> {
        if flags & HAS_NAME > 0 { Some(Self::Name { flags }) } else { Self::after_name(flags) }
    }

    const fn after_name(flags: u8) -> Option<Self> {
        if flags & HAS_COMMENT > 0 { Some(Self::Comment { flags }) } else { Self::after_comment(flags) }
    }

    const fn after_comment(flags: u8) -> Option<Self> {
        if flags & HAS_CHECKSUM > 0 { Some(Self::Checksum { at: 0 }) } else { None }
    }
}
