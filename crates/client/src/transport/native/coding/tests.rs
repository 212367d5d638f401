//! Bodies in every coding that is built in, cut everywhere, against what was encoded.

use std::io::Write as _;

use flate2::Compression;
use http::{HeaderMap, HeaderValue};

use super::*;

/// How a body ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Whole,
    Short,
    Corrupt,
}

fn headers(values: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(CONTENT_ENCODING, HeaderValue::from_bytes(value.as_bytes()).expect("a header"));
    }
    headers
}

fn decoding(coding: &str) -> Decoding {
    Decoding::of(&headers(&[coding])).expect("a known coding").expect("a coding")
}

/// Decodes the pieces, and returns all the decoded bytes and how the body ended. No decoded piece may exceed the limit.
fn read<'a>(mut decoding: Decoding, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, End) {
    let mut decoded = Vec::new();
    let mut drain = |decoding: &mut Decoding| {
        loop {
            match decoding.next() {
                Ok(Some(piece)) => {
                    assert!(!piece.is_empty() && piece.len() <= PIECE);
                    decoded.extend_from_slice(&piece);
                }
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    };
    for piece in pieces {
        decoding.push(Bytes::copy_from_slice(piece));
        if !drain(&mut decoding) {
            return (decoded, End::Corrupt);
        }
    }
    let end = if decoding.is_whole() { End::Whole } else { End::Short };
    (decoded, end)
}

/// Encodes the blocks and flushes after each: returns the coded bytes, and where each block ends in them.
fn encode(coding: &str, blocks: &[&[u8]]) -> (Vec<u8>, Vec<usize>) {
    macro_rules! through {
        ($encoder:expr, $finish:expr) => {{
            let mut encoder = $encoder;
            let mut ends = Vec::new();
            for block in blocks {
                encoder.write_all(block).expect("a Vec takes all");
                encoder.flush().expect("a Vec takes all");
                ends.push(encoder.get_ref().len());
            }
            ($finish(encoder), ends)
        }};
    }
    let level = Compression::default();
    match coding {
        "gzip" => {
            through!(flate2::write::GzEncoder::new(Vec::new(), level), |encoder: flate2::write::GzEncoder<
                Vec<u8>,
            >| encoder
                .finish()
                .expect("a Vec takes all"))
        }
        "deflate" => through!(
            flate2::write::ZlibEncoder::new(Vec::new(), level),
            |encoder: flate2::write::ZlibEncoder<Vec<u8>>| encoder.finish().expect("a Vec takes all")
        ),
        "bare deflate" => through!(
            flate2::write::DeflateEncoder::new(Vec::new(), level),
            |encoder: flate2::write::DeflateEncoder<Vec<u8>>| encoder.finish().expect("a Vec takes all")
        ),
        "br" => through!(
            ::brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22),
            ::brotli::CompressorWriter::into_inner
        ),
        "zstd" => {
            through!(::zstd::Encoder::new(Vec::new(), 0).expect("an encoder"), |encoder: ::zstd::Encoder<
                '_,
                Vec<u8>,
            >| encoder
                .finish()
                .expect("a Vec takes all"))
        }
        other => panic!("no encoder for {other}"),
    }
}

/// The coding's name in a header, and the encoder, for all that are built in.
fn built_in() -> Vec<(&'static str, &'static str)> {
    let all = [
        ("gzip", "gzip"),
        ("deflate", "deflate"),
        ("deflate", "bare deflate"),
        ("br", "br"),
        ("zstd", "zstd"),
    ];
    all.into_iter().filter(|(coding, _)| BUILT_IN.iter().any(|(name, _)| name == coding)).collect()
}

fn has(coding: &str) -> bool {
    BUILT_IN.iter().any(|(name, _)| *name == coding)
}

/// Random words.
fn prose(bytes: usize) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(7);
    let words = ["tide ", "wire ", "stream ", "潮 ", "event ", "\n"];
    let mut text = Vec::new();
    while text.len() < bytes {
        text.extend_from_slice(words[rng.usize(..words.len())].as_bytes());
    }
    text
}

#[test]
fn every_cut_gives_the_same_and_a_body_is_whole_only_at_its_end() {
    let blocks: [&[u8]; 4] = [b"data: one\n\n", b"data: two\n\n", b"data: one\n\ndata: one\n\n", b": hm\n\n"];
    let plain = blocks.concat();
    for (coding, encoder) in built_in() {
        let (wire, _) = encode(encoder, &blocks);
        for cut in 0..=wire.len() {
            let (one, other) = wire.split_at(cut);
            assert_eq!(
                read(decoding(coding), [one, other].into_iter().filter(|piece| !piece.is_empty())),
                (plain.clone(), End::Whole),
                "{encoder} cut at {cut}"
            );
            let (decoded, end) = read(decoding(coding), (cut > 0).then_some(one));
            assert!(plain.starts_with(&decoded), "{encoder} stopped at {cut}");
            let want = if cut == 0 || cut == wire.len() { End::Whole } else { End::Short };
            assert_eq!(end, want, "{encoder} stopped at {cut}");
        }
        assert_eq!(read(decoding(coding), wire.chunks(1)), (plain.clone(), End::Whole), "{encoder}");
    }
}

#[test]
fn what_was_flushed_is_decoded_at_once() {
    let (large, small) = (prose(200_000), prose(3_000));
    let blocks: [&[u8]; 5] = [b"data: one\n\n", &large, b"data: two\n\n", &small, &[b'x'; 100_000]];
    for (coding, encoder) in built_in() {
        let (wire, ends) = encode(encoder, &blocks);
        for (index, end) in ends.into_iter().enumerate() {
            let plain = blocks[..=index].concat();
            for size in [1, 1_000, usize::MAX] {
                let (decoded, _) = read(decoding(coding), wire[..end].chunks(size));
                assert!(decoded == plain, "{encoder}: block {index} in pieces of {size}");
            }
        }
    }
}

#[test]
fn everything_before_a_corrupt_byte_is_decoded() {
    // A block of a kind that the format does not define: RFC 1951, 3.2.3; RFC 7932, 9.2 (a reserved bit); RFC 8878, 3.1.1.2.2.
    let undefined = |encoder: &str| if encoder == "br" { [0x0E, 0, 0, 0] } else { [0x07, 0, 0, 0] };
    for (coding, encoder) in built_in() {
        let (mut wire, ends) = encode(encoder, &[b"data: one\n\n", b"data: two\n\n"]);
        wire.truncate(ends[1]);
        wire.extend(undefined(encoder));
        let pieces = [&wire[..ends[1]], &wire[ends[1]..]];
        assert_eq!(
            read(decoding(coding), pieces),
            (b"data: one\n\ndata: two\n\n".to_vec(), End::Corrupt),
            "{encoder}"
        );
        let (_, end) =
            read(decoding(coding), [b"data: one\n\n and so on, which is no coded body".as_slice()]);
        assert_eq!(end, End::Corrupt, "{encoder} that is none");
    }
}

#[test]
fn a_small_body_that_decodes_to_a_huge_one_arrives_in_small_pieces() {
    let huge = vec![b'x'; 20 << 20];
    for (coding, encoder) in built_in() {
        let (wire, _) = encode(encoder, &[&huge]);
        assert!(wire.len() < 40_000, "{encoder}: {} B", wire.len());
        // `read` checks the size of each piece.
        let (decoded, end) = read(decoding(coding), [&wire[..]]);
        assert!(decoded == huge && end == End::Whole, "{encoder}: {} B", decoded.len());
    }
}

#[test]
fn codings_that_need_more_memory_than_http_allows_are_refused() {
    let plain = prose(1 << 20);
    if has("zstd") {
        let mut encoder = ::zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
        encoder.set_parameter(::zstd::zstd_safe::CParameter::WindowLog(27)).expect("a parameter");
        encoder.write_all(&plain).expect("a Vec takes all");
        let wire = encoder.finish().expect("a Vec takes all");
        assert_eq!(read(decoding("zstd"), [&wire[..]]), (Vec::new(), End::Corrupt));
    }
    if has("br") {
        let params = ::brotli::enc::BrotliEncoderParams {
            large_window: true,
            lgwin: 30,
            quality: 5,
            ..Default::default()
        };
        let mut wire = Vec::new();
        ::brotli::BrotliCompress(&mut &plain[..], &mut wire, &params).expect("a Vec takes all");
        assert_eq!(read(decoding("br"), [&wire[..]]), (Vec::new(), End::Corrupt));
    }
}

#[test]
fn all_members_and_frames_are_read() {
    for coding in ["gzip", "zstd"].into_iter().filter(|coding| has(coding)) {
        let member = |text: &[u8]| encode(coding, &[text]).0;
        let (one, two) = (member(b"data: one\n\n"), member(b"data: two\n\n"));
        let wire = [&one[..], &member(b""), &two].concat();
        let plain = b"data: one\n\ndata: two\n\n".to_vec();
        assert_eq!(read(decoding(coding), [&wire[..]]), (plain.clone(), End::Whole), "{coding}");
        assert_eq!(read(decoding(coding), wire.chunks(1)), (plain.clone(), End::Whole), "{coding}");
        // The first is complete, but the second has begun.
        let cut = one.len() + 3;
        assert_eq!(read(decoding(coding), [&wire[..cut]]), (plain[..11].to_vec(), End::Short), "{coding}");
        let wire = [&one[..], b"what is this?"].concat();
        assert_eq!(read(decoding(coding), [&wire[..]]), (plain[..11].to_vec(), End::Corrupt), "{coding}");
    }
    for (coding, encoder) in built_in().into_iter().filter(|(coding, _)| matches!(*coding, "br" | "deflate"))
    {
        let (mut wire, _) = encode(encoder, &[b"data: one\n\n"]);
        wire.extend(b"what is this?");
        assert_eq!(
            read(decoding(coding), [&wire[..]]),
            (b"data: one\n\n".to_vec(), End::Corrupt),
            "{encoder}"
        );
    }
}

#[test]
fn zstd_skips_a_frame_that_says_so() {
    if has("zstd") {
        // RFC 8878, 3.1.2: a magic number of this range, a length, and as many bytes.
        let skippable = [0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3];
        let (frame, _) = encode("zstd", &[b"data: one\n\n"]);
        let wire = [&skippable[..], &frame, &skippable].concat();
        assert_eq!(read(decoding("zstd"), wire.chunks(2)), (b"data: one\n\n".to_vec(), End::Whole));
    }
}

#[test]
fn gzip_in_all_its_forms() {
    if !has("gzip") {
        return;
    }
    let (plain, _) = encode("gzip", &[b"data: one\n\n"]);
    let data = &plain[10..];
    let header = |flags: u8, rest: &[u8]| [&[0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 255], rest, data].concat();
    let (one, none) = (b"data: one\n\n".to_vec(), Vec::new());
    let altered = |from_end: usize| {
        let mut wire = plain.clone();
        let place = wire.len() - from_end;
        wire[place] ^= 1;
        wire
    };
    let rows = [
        ("plain", plain.clone(), &one, End::Whole),
        ("a name", header(8, b"a.txt\0"), &one, End::Whole),
        ("a comment", header(16, b"hm\0"), &one, End::Whole),
        ("an extra field", header(4, b"\x03\0abc"), &one, End::Whole),
        ("an empty extra field", header(4, b"\0\0"), &one, End::Whole),
        ("a checksum of the header", header(2, b"\xAB\xCD"), &one, End::Whole),
        ("all of them", header(31, b"\x01\0ea\0c\0\x01\x02"), &one, End::Whole),
        ("zeros after it", [&plain[..], &[0; 500]].concat(), &one, End::Whole),
        ("zeros, then a member", [&plain[..], &[0; 500], &plain].concat(), &one.repeat(2), End::Whole),
        ("a wrong checksum", altered(8), &one, End::Corrupt),
        ("a wrong length", altered(1), &one, End::Corrupt),
        ("another method", [&[0x1F, 0x8B, 7][..], &plain[3..]].concat(), &none, End::Corrupt),
        ("a name without an end", header(8, b"")[..12].to_vec(), &none, End::Short),
    ];
    for (name, wire, plain, end) in rows {
        for size in [1, usize::MAX] {
            let (decoded, found) = read(decoding("gzip"), wire.chunks(size));
            assert_eq!((&decoded, &found), (plain, &end), "{name} in pieces of {size}");
        }
    }
}

#[test]
fn several_codings_are_undone_from_the_last_to_the_first() {
    if has("gzip") && has("br") {
        let text = prose(100_000);
        let (inner, _) = encode("gzip", &[&text]);
        let (wire, _) = encode("br", &[&inner]);
        for values in [&["gzip, br"][..], &["gzip", "br"], &["GZip,,identity , x-br"]] {
            let decoding = || Decoding::of(&headers(values)).expect("known").expect("codings");
            assert_eq!(decoding().names(), "gzip, br");
            for size in [1, 1000, usize::MAX] {
                let (decoded, end) = read(decoding(), wire.chunks(size));
                assert!(decoded == text && end == End::Whole, "{values:?} in pieces of {size}");
            }
            let (decoded, end) = read(decoding(), [&wire[..wire.len() - 1]]);
            assert!(decoded == text && end == End::Short, "{values:?}, short");
        }
        let (short_inner, _) = encode("br", &[&inner[..inner.len() - 1]]);
        let gzip_over_br = Decoding::of(&headers(&["gzip, br"])).expect("known").expect("codings");
        assert_eq!(read(gzip_over_br, [&short_inner[..]]).1, End::Short);
    }
}

#[test]
fn names_of_codings() {
    let known = |coding: &'static str| if has(coding) { Ok(coding) } else { Err("feature") };
    let rows: [(&[&str], Result<&str, &str>); 20] = [
        (&[], Ok("")),
        (&[""], Ok("")),
        (&["identity"], Ok("")),
        (&["Identity, identity"], Ok("")),
        (&["none"], Ok("")),
        (&["UTF-8"], Ok("")),
        (&["gzip"], known("gzip")),
        (&["GZIP"], known("gzip")),
        (&["x-gzip"], known("gzip")),
        (&[" X-GZip\t"], known("gzip")),
        (&["deflate"], known("deflate")),
        (&["br"], known("br")),
        (&["zstd"], known("zstd")),
        (&["identity, gzip"], known("gzip")),
        (&["identity", "gzip"], known("gzip")),
        (&["compress"], Err("\"compress\"")),
        (&["foo"], Err("\"foo\"")),
        (&["gzip;q=1"], Err("\"gzip;q=1\"")),
        (&["\u{e9}"], Err("known")),
        (&["foo, identity"], Err("\"foo\"")),
    ];
    for (values, want) in rows {
        match (Decoding::of(&headers(values)), want) {
            (Ok(decoding), Ok(want)) => {
                let names = decoding.map(|decoding| decoding.names()).unwrap_or_default();
                assert_eq!(names, want, "{values:?}");
            }
            (Err(CodingError(text)), Err(want)) => assert!(text.contains(want), "{values:?}: {text}"),
            (Ok(_), Err(want)) => panic!("{values:?}: no error with {want}"),
            (Err(error), Ok(_)) => panic!("{values:?}: {error}"),
        }
    }
    if has("gzip") {
        assert!(Decoding::of(&headers(&["gzip, gzip, gzip, gzip"])).is_ok());
        let error = Decoding::of(&headers(&["gzip, gzip, gzip, gzip, gzip"])).err().expect("too many");
        assert!(error.to_string().contains("5 content codings"), "{error}");
    }
}
