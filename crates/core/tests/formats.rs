//! Which format a body has, where nobody says it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use support::cuts::each_cutting;
use support::decoding::decode;
use tidewire_core::{Decoder, DecoderOptions, Format, Frame};

fn after(mut decoder: Decoder, pieces: &[&[u8]]) -> Format {
    for piece in pieces {
        let mut piece = *piece;
        while let Ok(Some(_)) = decoder.next(&mut piece) {}
    }
    decoder.format()
}

#[test]
fn the_first_byte_decides() {
    for (body, of_anything, of_json) in [
        (&b""[..], Format::Auto, Format::Auto),
        (b" \r\n\t", Format::Auto, Format::Auto),
        (b"\xEF\xBB\xBF", Format::Auto, Format::Auto),
        (b"\xEF\xBB", Format::Auto, Format::Auto),
        (b"{", Format::Ndjson, Format::Concat),
        (b"[", Format::JsonArray, Format::JsonArray),
        (b"\x1E", Format::JsonSeq, Format::Concat),
        (b"data: {", Format::Sse, Format::Concat),
        (b": [", Format::Sse, Format::Concat),
        (b"1", Format::Sse, Format::Concat),
        (b"\"", Format::Sse, Format::Concat),
        (b" \n{", Format::Ndjson, Format::Concat),
        (b"\r\n\t[", Format::JsonArray, Format::JsonArray),
        (b"\xEF\xBB\xBF{", Format::Ndjson, Format::Concat),
        (b"\xEF\xBB\xBF [", Format::JsonArray, Format::JsonArray),
        (b"\xEF\xBB\xBF\xEF[", Format::Sse, Format::Concat),
        (b" \xEF\xBB\xBF[", Format::Sse, Format::Concat),
        // Half a BOM is text, and so is the white space behind it.
        (b"\xEF {", Format::Sse, Format::Concat),
        (b"\xEF\xBB[", Format::Sse, Format::Concat),
        (b"\xC2\xA0{", Format::Sse, Format::Concat),
    ] {
        each_cutting(body, |pieces| {
            let shown = body.escape_ascii();
            assert_eq!(
                after(Decoder::new(Format::Auto, DecoderOptions::default()), pieces),
                of_anything,
                "{shown}"
            );
            let json = Decoder::for_content_type("application/json", DecoderOptions::default()).unwrap();
            assert_eq!(after(json, pieces), of_json, "{shown} as JSON");
        });
    }
}

#[test]
fn nobody_sends_that_much_white_space() {
    for (white, format) in [(4096, Format::Ndjson), (4097, Format::Sse)] {
        let body = [&vec![b' '; white][..], b"{}\n"].concat();
        for chunk in [1, 1000, body.len()] {
            let pieces: Vec<&[u8]> = body.chunks(chunk).collect();
            assert_eq!(
                after(Decoder::new(Format::Auto, DecoderOptions::default()), &pieces),
                format,
                "{white}"
            );
        }
    }
}

#[test]
fn what_stands_in_front_counts_in_offsets() {
    for (body, offset) in [(&b"\xEF\xBB\xBF\x1Ex"[..], 4), (b" \n{}\nx\n", 5), (b"\xEF\xBB\xBF [1,x", 7)] {
        each_cutting(body, |pieces| {
            let decoded = decode(Format::Auto, DecoderOptions::default(), pieces);
            let error = decoded.lines.last().unwrap();
            assert_eq!((&error["code"], &error["offset"]), (&"bad_record".into(), &offset.into()), "{error}");
        });
    }
}

#[test]
fn the_largest_limit_overflows_nothing() {
    let unlimited = DecoderOptions { max_event_bytes: usize::MAX, ..DecoderOptions::default() };
    for body in
        [&b"\xEF\xBB\xBFdata: a\ndata: b\nid: 1\n\n"[..], b"{\"a\":1}\n[2]\n3", b"[1,{}]", b"\x1E{}\n"]
    {
        for (format, name) in Format::NAMES {
            each_cutting(body, |pieces| {
                let have = decode(format, unlimited, pieces);
                assert_eq!(have, decode(format, DecoderOptions::default(), &[body]), "{name}");
            });
        }
    }
}

#[test]
fn a_decoder_goes_on_with_the_last_event_id() {
    for format in [Format::Sse, Format::Auto] {
        let mut decoder = Decoder::new(format, DecoderOptions::default()).with_last_event_id(b"7");
        assert_eq!(decoder.last_event_id(), "7");
        let mut body = &b"data: a\n\nid: 8\ndata: b\n\n"[..];
        for id in ["7", "8"] {
            let Ok(Some(Frame::Event(event))) = decoder.next(&mut body) else { panic!("no event") };
            assert_eq!(event.id, id);
        }
        assert_eq!(decoder.last_event_id(), "8");
    }
}

#[test]
fn names_are_read_as_they_are_written() {
    for (format, name) in Format::NAMES {
        assert_eq!((format.name(), name.parse()), (name, Ok(format)));
        assert_eq!(format.to_string(), name);
    }
    assert!("SSE".parse::<Format>().is_err() && "".parse::<Format>().is_err());
}
