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
        // Half a BOM is text, and so is the white space after it.
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
fn too_much_white_space_before_json_is_not_json() {
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
fn bytes_before_the_deciding_one_count_in_offsets() {
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

#[test]
fn text_that_may_be_something_else_is_inspected() {
    for (body, format) in [
        (&b"data: {}\n\n"[..], Format::Sse),
        (b"data:{}\n\n", Format::Sse),
        (b"\xEF\xBB\xBF\r\nevent: x", Format::Sse),
        (b"\n event: x", Format::Text),
        (b"\xEF\xBBevent: x", Format::Text),
        (b" : x", Format::Text),
        (b"event: x\n", Format::Sse),
        (b"id:7", Format::Sse),
        (b"retry: 5\n", Format::Sse),
        (b": hello\n\n", Format::Sse),
        (b"{\"a\":1}\n", Format::Concat),
        (b" \n{", Format::Concat),
        (b"[{\"a\":1}]", Format::JsonArray),
        (b"[ \n{", Format::JsonArray),
        (b"\x1E{}\n", Format::JsonSeq),
        (b"[1] says that", Format::Text),
        (b"[DONE]", Format::Text),
        (b"[]", Format::Text),
        (b"database", Format::Text),
        (b"dat: x", Format::Text),
        (b"data", Format::Auto),
        (b"data\n\n", Format::Text),
        (b"ideas: many", Format::Text),
        (b"0:\"Hi\"\n", Format::Text),
        (b"Hello", Format::Text),
        (b"\xE4\xBD\xA0", Format::Text),
        (b"", Format::Auto),
        (b"\n", Format::Auto),
    ] {
        each_cutting(body, |pieces| {
            let decoder = Decoder::for_unknown_text(DecoderOptions::default());
            assert_eq!(after(decoder, pieces), format, "{}", body.escape_ascii());
        });
    }
}

#[test]
fn nothing_that_was_inspected_is_lost() {
    for body in
        ["Hello", "data", "da", "\u{FEFF}  re", "[1] you\u{4F60}", "[ ", " \n ", "dataa: \u{1F600}", "i"]
    {
        each_cutting(body.as_bytes(), |pieces| {
            let mut decoder =
                Decoder::for_unknown_text(DecoderOptions { done: true, ..DecoderOptions::default() });
            let mut text = String::new();
            for piece in pieces {
                let mut piece = *piece;
                while let Ok(Some(frame)) = decoder.next(&mut piece) {
                    let Frame::Text(more) = frame else { panic!("{frame:?}") };
                    text.push_str(more);
                }
            }
            while let Ok(Some(frame)) = decoder.finish() {
                let Frame::Text(more) = frame else { panic!("{frame:?}") };
                text.push_str(more);
            }
            assert_eq!(text, body.trim_start_matches('\u{FEFF}'), "{pieces:?}");
            assert!(!decoder.inside_record());
        });
    }
}

#[test]
fn a_marker_ends_a_text_that_was_all_inspected() {
    for (body, shown) in [("data", "d"), ("ata ", ""), (" e", " e"), (" \nata\n", " \n")] {
        each_cutting(body.as_bytes(), |pieces| {
            let mut decoder = Decoder::for_unknown_text(DecoderOptions::default());
            decoder.hold_back([Box::from("ata")].into());
            let (mut text, mut last) = (String::new(), None);
            for piece in pieces {
                let mut piece = *piece;
                while let Ok(Some(frame)) = decoder.next(&mut piece) {
                    let Frame::Text(more) = frame else { panic!("{frame:?}") };
                    text.push_str(more);
                }
            }
            while let Ok(Some(frame)) = decoder.finish() {
                match frame {
                    Frame::Text(more) => text.push_str(more),
                    Frame::LastText(marker) => last = Some(marker.to_owned()),
                    frame => panic!("{frame:?}"),
                }
            }
            let marker = body.contains("ata").then_some("ata");
            assert_eq!((&*text, last.as_deref()), (shown, marker), "{pieces:?}");
        });
    }
}

#[test]
fn of_several_content_types_the_last_valid_one_counts() {
    for (value, format) in [
        ("text/event-stream", Some(Format::Sse)),
        ("TEXT/Event-Stream; charset=utf-8", Some(Format::Sse)),
        ("text/html, text/event-stream", Some(Format::Sse)),
        ("text/event-stream, text/html", None),
        ("text/event-stream, */*", Some(Format::Sse)),
        ("text/event-stream, nonsense", Some(Format::Sse)),
        ("text/event-stream,", Some(Format::Sse)),
        ("text/plain; x=\"a, text/html\", application/x-ndjson", Some(Format::Ndjson)),
        ("text/plain; x=\"a\\\", text/html, b\"", Some(Format::Text)),
        ("text/event-stream/x", None),
        ("text/ event-stream", None),
        ("", None),
        (",", None),
        ("*/*", None),
    ] {
        let decoder = Decoder::for_content_type(value, DecoderOptions::default());
        assert_eq!(decoder.map(|decoder| decoder.format()), format, "{value:?}");
    }
    let ndjson = [
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/x-jsonlines",
        "application/jsonlines",
        "application/json-lines",
        "application/json-stream",
        "application/stream+json",
        "text/x-ndjson",
    ];
    for value in ndjson {
        let decoder = Decoder::for_content_type(value, DecoderOptions::default()).unwrap();
        assert_eq!(decoder.format(), Format::Ndjson, "{value}");
    }
}
