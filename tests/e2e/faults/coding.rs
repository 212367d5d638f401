//! Content codings: compresses bodies block by block, and decodes what arrived of them with the same libraries.

use std::io::Write as _;

use fastrand::Rng;
use flate2::{Compression, Decompress, FlushDecompress, Status};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
    Br,
    Zstd,
}

/// How a compressed body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    Whole,
    /// It stops short.
    Short,
    Corrupt,
}

impl Coding {
    pub(crate) const ALL: [Self; 4] = [Self::Gzip, Self::Deflate, Self::Br, Self::Zstd];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Br => "br",
            Self::Zstd => "zstd",
        }
    }

    /// Compresses the blocks, most of them flushed one by one, and returns the number of parts: gzip and zstd bodies may be made of several
    /// whole ones. With `corrupt`, a block of an undefined kind replaces the end.
    pub(crate) fn encode(self, blocks: &[Vec<u8>], corrupt: bool, rng: &mut Rng) -> (Vec<u8>, usize) {
        let mut cuts = vec![0, blocks.len()];
        if matches!(self, Self::Gzip | Self::Zstd) && rng.u8(..3) == 0 {
            cuts.extend((0..rng.usize(1..4)).map(|_| rng.usize(..=blocks.len())));
            cuts.sort_unstable();
        }
        let parts = cuts.len() - 1;
        let part = |(index, cut): (usize, &[usize])| {
            self.encode_part(&blocks[cut[0]..cut[1]], corrupt && index + 1 == parts, rng)
        };
        (cuts.windows(2).enumerate().flat_map(part).collect(), parts)
    }

    fn encode_part(self, blocks: &[Vec<u8>], corrupt: bool, rng: &mut Rng) -> Vec<u8> {
        let flushes: Vec<bool> = blocks.iter().map(|_| rng.u8(..4) > 0).collect();
        macro_rules! through {
            ($encoder:expr, $finish:expr) => {{
                let mut encoder = $encoder;
                for (block, flush) in blocks.iter().zip(&flushes) {
                    encoder.write_all(block).expect("a Vec takes all");
                    if *flush {
                        encoder.flush().expect("a Vec takes all");
                    }
                }
                if corrupt {
                    encoder.flush().expect("a Vec takes all");
                    let mut bytes: Vec<u8> = encoder.get_ref().clone();
                    bytes.extend_from_slice(self.undefined_block());
                    bytes
                } else {
                    $finish(encoder)
                }
            }};
        }
        match self {
            Self::Gzip => {
                through!(
                    flate2::write::GzEncoder::new(Vec::new(), Compression::default()),
                    |e: flate2::write::GzEncoder<_>| { e.finish().expect("a Vec takes all") }
                )
            }
            Self::Deflate => {
                through!(
                    flate2::write::ZlibEncoder::new(Vec::new(), Compression::default()),
                    |e: flate2::write::ZlibEncoder<_>| e.finish().expect("a Vec takes all")
                )
            }
            Self::Br => {
                through!(
                    brotli::CompressorWriter::new(Vec::new(), 4096, 3, 16),
                    brotli::CompressorWriter::into_inner
                )
            }
            Self::Zstd => {
                through!(zstd::Encoder::new(Vec::new(), 0).expect("an encoder"), |e: zstd::Encoder<'_, _>| e
                    .finish()
                    .expect("a Vec takes all"))
            }
        }
    }

    /// The first bytes of a block that no version of the format defines. After a flush it is at a byte boundary.
    pub(crate) const fn undefined_block(self) -> &'static [u8] {
        match self {
            // RFC 1951, 3.2.3: block type 11.
            Self::Gzip | Self::Deflate => &[0x07, 0, 0, 0],
            // RFC 7932, 9.2: a metadata block whose reserved bit is set.
            Self::Br => &[0x0E, 0, 0, 0],
            // RFC 8878, 3.1.1.2.2: block type 3.
            Self::Zstd => &[0x07, 0, 0, 0],
        }
    }

    /// Decodes as much as possible, and says how the body ends.
    pub(crate) fn decode(self, wire: &[u8]) -> (Vec<u8>, Reach) {
        match self {
            // A body without bytes is empty, whatever its coding.
            _ if wire.is_empty() => (Vec::new(), Reach::Whole),
            Self::Gzip => ungzip(wire),
            Self::Deflate => {
                let (plain, reach, _) = inflate(Decompress::new(true), wire);
                (plain, reach)
            }
            Self::Br => unbrotli(wire),
            Self::Zstd => unzstd(wire),
        }
    }
}

/// Decodes member after member. The encoder writes only the ten fixed bytes of each header (RFC 1952, 2.3), and a trailer of eight.
fn ungzip(wire: &[u8]) -> (Vec<u8>, Reach) {
    let mut all = Vec::new();
    let mut rest = wire;
    while !rest.is_empty() {
        let Some((_, data)) = rest.split_first_chunk::<10>() else { return (all, Reach::Short) };
        let (plain, reach, used) = inflate(Decompress::new(false), data);
        let mut sum = flate2::Crc::new();
        sum.update(&plain);
        all.extend(plain);
        if reach != Reach::Whole {
            return (all, reach);
        }
        let Some((trailer, behind)) = data[used..].split_first_chunk::<8>() else {
            return (all, Reach::Short);
        };
        if trailer[..4] != sum.sum().to_le_bytes() {
            return (all, Reach::Corrupt);
        }
        rest = behind;
    }
    (all, Reach::Whole)
}

fn inflate(mut decoder: Decompress, wire: &[u8]) -> (Vec<u8>, Reach, usize) {
    let mut plain = Vec::new();
    loop {
        plain.reserve(4096);
        let used = usize::try_from(decoder.total_in()).expect("a small body");
        let before = plain.len();
        match decoder.decompress_vec(&wire[used..], &mut plain, FlushDecompress::None) {
            Ok(Status::StreamEnd) => {
                let used = usize::try_from(decoder.total_in()).expect("a small body");
                return (plain, Reach::Whole, used);
            }
            Ok(Status::Ok | Status::BufError) => {
                let now = usize::try_from(decoder.total_in()).expect("a small body");
                if now == used && plain.len() == before {
                    return (plain, Reach::Short, used);
                }
            }
            Err(_) => return (plain, Reach::Corrupt, used),
        }
    }
}

fn unbrotli(wire: &[u8]) -> (Vec<u8>, Reach) {
    use brotli::enc::StandardAlloc;
    use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};
    let alloc = StandardAlloc::default;
    let mut state = BrotliState::new(alloc(), alloc(), alloc());
    let (mut plain, mut piece) = (Vec::new(), [0; 4096]);
    let (mut used, mut total) = (0, 0);
    loop {
        // Byte by byte, because a call loses what it decoded before a corrupt byte.
        let mut left = usize::from(used < wire.len());
        let (mut room, mut came) = (piece.len(), 0);
        let result = BrotliDecompressStream(
            &mut left, &mut used, wire, &mut room, &mut came, &mut piece, &mut total, &mut state,
        );
        plain.extend_from_slice(&piece[..came]);
        match result {
            BrotliResult::ResultSuccess => return (plain, Reach::Whole),
            BrotliResult::ResultFailure => return (plain, Reach::Corrupt),
            BrotliResult::NeedsMoreInput if used == wire.len() => return (plain, Reach::Short),
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
        }
    }
}

fn unzstd(wire: &[u8]) -> (Vec<u8>, Reach) {
    use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};
    let mut decoder = Decoder::new().expect("a decoder");
    let mut plain = Vec::new();
    let mut between_frames = false;
    // Byte by byte, because a call loses what it decoded before a corrupt byte.
    for byte in wire.chunks(1) {
        let mut input = InBuffer::around(byte);
        loop {
            let mut piece = [0; 4096];
            let mut output = OutBuffer::around(&mut piece[..]);
            let Ok(hint) = decoder.run(&mut input, &mut output) else { return (plain, Reach::Corrupt) };
            let came = output.pos();
            plain.extend_from_slice(&piece[..came]);
            between_frames = hint == 0;
            if input.pos() == 1 && (came == 0 || between_frames) {
                break;
            }
        }
    }
    (plain, if between_frames { Reach::Whole } else { Reach::Short })
}

#[test]
fn a_cut_body_is_decoded_up_to_the_cut() {
    let mut rng = Rng::with_seed(7);
    let blocks: Vec<Vec<u8>> = (0..20).map(|n| format!("data: {n} 波浪\n\n").into_bytes()).collect();
    let plain = blocks.concat();
    for coding in Coding::ALL {
        let wire = coding.encode_part(&blocks, false, &mut rng);
        assert_eq!(coding.decode(&wire), (plain.clone(), Reach::Whole), "{coding:?}");
        for cut in 1..wire.len() {
            let (some, reach) = coding.decode(&wire[..cut]);
            assert!(plain.starts_with(&some), "{coding:?} at {cut}");
            assert_eq!(reach, Reach::Short, "{coding:?} at {cut} of {}", wire.len());
        }
        let corrupt = coding.encode_part(&blocks, true, &mut rng);
        assert_eq!(coding.decode(&corrupt), (plain.clone(), Reach::Corrupt), "{coding:?}");
        let mut most = 0;
        for _ in 0..20 {
            let (wire, parts) = coding.encode(&blocks, false, &mut rng);
            assert_eq!(coding.decode(&wire), (plain.clone(), Reach::Whole), "{coding:?} in {parts} parts");
            let whole = (1..=wire.len()).filter(|cut| coding.decode(&wire[..*cut]).1 == Reach::Whole);
            assert_eq!(whole.count(), parts, "{coding:?}");
            most = most.max(parts);
        }
        assert_eq!(most > 1, matches!(coding, Coding::Gzip | Coding::Zstd), "{coding:?}");
    }
}
