//! The rows of `tests/cases/json_*.json`, cut every way and held against a naive oracle.

extern crate std;

mod oracle;
mod properties;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use alloc::{borrow::ToOwned, vec};

use serde_json::Value;

use super::{Concat, JsonArray, JsonSeq, Ndjson, values};
use crate::{DecodeError, DecoderOptions, Frame, Utf8};

/// A frame that owns its bytes.
#[derive(Clone, Debug, PartialEq)]
enum Line {
    Record { index: u64, text: Vec<u8> },
    Done,
    Bad { offset: u64 },
    TooLarge { offset: u64, limit: usize },
}

/// How the body ended.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Clean,
    Inside,
    Malformed { offset: u64 },
    TooLarge { offset: u64, limit: usize },
}

trait Decoder {
    fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Frame<'a>>, DecodeError>;
    fn finish(&mut self) -> Result<Option<Frame<'_>>, DecodeError>;
    fn inside_record(&self) -> bool;
}

macro_rules! decoders {
    ($($format:literal => $decoder:ident,)*) => {
        const FORMATS: &[&str] = &[$($format),*];

        fn decoder(format: &str, options: DecoderOptions) -> alloc::boxed::Box<dyn Decoder> {
            match format {
                $($format => alloc::boxed::Box::new($decoder::new(options)),)*
                _ => panic!("{format}"),
            }
        }

        $(impl Decoder for $decoder {
            fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Frame<'a>>, DecodeError> {
                $decoder::next(self, input)
            }
            fn finish(&mut self) -> Result<Option<Frame<'_>>, DecodeError> {
                $decoder::finish(self)
            }
            fn inside_record(&self) -> bool {
                $decoder::inside_record(self)
            }
        })*
    };
}

decoders! {
    "ndjson" => Ndjson,
    "json-seq" => JsonSeq,
    "json-array" => JsonArray,
    "concat" => Concat,
}

fn line(frame: Frame<'_>) -> Line {
    match frame {
        Frame::Record(record) => Line::Record { index: record.index, text: record.json.as_bytes().to_vec() },
        Frame::Done => Line::Done,
        Frame::BadRecord(bad) => Line::Bad { offset: bad.offset },
        Frame::Skipped(error) => Line::TooLarge { offset: error.offset, limit: error.limit },
        frame => panic!("{frame:?}"),
    }
}

/// Reads a body that comes in `pieces`.
fn read<'w>(
    format: &str,
    options: DecoderOptions,
    pieces: impl IntoIterator<Item = &'w [u8]>,
) -> (Vec<Line>, End) {
    let mut decoder = decoder(format, options);
    let mut lines = Vec::new();
    for mut input in pieces {
        loop {
            match decoder.next(&mut input) {
                Ok(Some(frame)) => lines.push(line(frame)),
                Ok(None) => {
                    assert!(input.is_empty());
                    break;
                }
                Err(error) => return (lines, failed(&mut *decoder, error)),
            }
        }
    }
    loop {
        match decoder.finish() {
            Ok(Some(frame)) => lines.push(line(frame)),
            Ok(None) => break,
            Err(error) => return (lines, failed(&mut *decoder, error)),
        }
    }
    (lines, if decoder.inside_record() { End::Inside } else { End::Clean })
}

/// A failure, which every further call repeats.
fn failed(decoder: &mut dyn Decoder, error: DecodeError) -> End {
    let mut more = &b"[1]\n{}"[..];
    assert_eq!(decoder.next(&mut more), Err(error));
    assert!(more.is_empty());
    assert_eq!(decoder.finish(), Err(error));
    match error {
        DecodeError::TooLarge(error) => End::TooLarge { offset: error.offset, limit: error.limit },
        DecodeError::Malformed(bad) => End::Malformed { offset: bad.offset },
    }
}

struct Row {
    format: String,
    name: String,
    wire: Vec<u8>,
    options: DecoderOptions,
    lines: Vec<Value>,
    end: End,
}

fn rows(file: &str) -> Vec<Row> {
    let path = format!("{}/../../tests/cases/{file}", env!("CARGO_MANIFEST_DIR"));
    let table: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let format = table["format"].as_str().unwrap();
    table["cases"].as_array().unwrap().iter().map(|case| row(format, case)).collect()
}

fn row(format: &str, case: &Value) -> Row {
    let wire = match (case["wire"].as_str(), case["wire_hex"].as_str()) {
        (Some(text), None) => text.as_bytes().to_vec(),
        (None, Some(hex)) => hex
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect(),
        _ => panic!("one wire: {case}"),
    };
    let mut options = DecoderOptions::default();
    for (name, value) in case["options"].as_object().into_iter().flatten() {
        match name.as_str() {
            "max_event_bytes" => options.max_event_bytes = number(value) as usize,
            "skip_oversized" => options.skip_oversized = value.as_bool().unwrap(),
            "done" => options.done = value.as_bool().unwrap(),
            _ => panic!("{name}"),
        }
    }
    let end = &case["end"];
    let end = match (end["inside_record"].as_bool(), end["error"].as_str()) {
        (None | Some(false), None) => End::Clean,
        (Some(true), None) => End::Inside,
        (None, Some("bad_record")) => End::Malformed { offset: number(&end["offset"]) },
        (None, Some("too_large")) => {
            End::TooLarge { offset: number(&end["offset"]), limit: number(&end["limit"]) as usize }
        }
        _ => panic!("{end}"),
    };
    Row {
        format: format.to_owned(),
        name: case["name"].as_str().unwrap().to_owned(),
        wire,
        options,
        lines: case["lines"].as_array().unwrap().clone(),
        end,
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

/// A line as the tables write it.
fn written(line: &Line) -> Value {
    match line {
        Line::Record { index, text } => {
            let value: Value = serde_json::from_str(&Utf8::new(text).to_str()).unwrap();
            serde_json::json!({"type": "record", "index": index, "value": value})
        }
        Line::Done => serde_json::json!({"type": "done"}),
        Line::Bad { offset } => serde_json::json!({"type": "error", "code": "bad_record", "offset": offset}),
        Line::TooLarge { offset, limit } => {
            serde_json::json!({"type": "error", "code": "too_large", "offset": offset, "limit": limit})
        }
    }
}

fn check(file: &str) {
    for Row { format, name, wire, options, lines, end } in rows(file) {
        let whole = read(&format, options, [&wire[..]]);
        assert_eq!(whole.0.iter().map(written).collect::<Vec<_>>(), lines, "{format}: {name}");
        assert_eq!(whole.1, end, "{format}: {name}");
        if options.max_event_bytes == DecoderOptions::default().max_event_bytes {
            assert_eq!(whole, oracle::read(&format, &wire, options.done), "{format}: {name}: the oracle");
        }
        assert_eq!(read(&format, options, wire.chunks(1)), whole, "{format}: {name}: byte by byte");
        for (cut, _) in wire.iter().enumerate() {
            let (first, rest) = wire.split_at(cut);
            assert_eq!(read(&format, options, [first, rest]), whole, "{format}: {name}: cut at {cut}");
            for again in (0..=rest.len()).filter(|_| wire.len() < 40) {
                let (second, third) = rest.split_at(again);
                let cuts = read(&format, options, [first, second, third]);
                assert_eq!(cuts, whole, "{format}: {name}: cut at {cut} and {again} later");
            }
        }
    }
}

#[test]
fn ndjson_rows() {
    check("json_ndjson.json");
}

#[test]
fn seq_rows() {
    check("json_seq.json");
}

#[test]
fn array_rows() {
    check("json_array.json");
}

#[test]
fn concat_rows() {
    check("json_concat.json");
}

#[test]
fn a_record_that_is_whole_in_the_input_is_lent_from_it() {
    for (format, first, wire) in [
        ("ndjson", "", " {\"a\":1}\r\n 12\n"),
        ("json-seq", "", "\x1E{\"a\":1}\n\x1E12\n"),
        ("json-array", "", "[{\"a\":1},12]"),
        ("concat", "", "{\"a\":1}12\n"),
        // Also after one that was not.
        ("ndjson", "[", "]\n {\"a\":1}\n12\n"),
        ("concat", "[", "]{\"a\":1}12\n"),
    ] {
        let mut decoder = decoder(format, DecoderOptions { done: true, ..DecoderOptions::default() });
        assert_eq!(decoder.next(&mut first.as_bytes()), Ok(None));
        let mut input = wire.as_bytes();
        let mut lent = 0;
        while let Some(frame) = decoder.next(&mut input).unwrap() {
            let Frame::Record(record) = frame else { panic!("{frame:?}") };
            lent += usize::from(wire.as_bytes().as_ptr_range().contains(&record.json.as_bytes().as_ptr()));
        }
        assert_eq!(lent, 2, "{format}");
    }
}

#[test]
fn lone_surrogates_are_accepted() {
    for text in [r#""\ud800""#, r#""\udc00\ud800""#, r#"{"\ud83d":"\uDBFFx"}"#] {
        let want = vec![Line::Record { index: 0, text: text.as_bytes().to_vec() }];
        assert_eq!(
            read("concat", DecoderOptions::default(), [text.as_bytes()]),
            (want, End::Clean),
            "{text}"
        );
    }
}

#[test]
fn depth_512_is_accepted_in_any_mixture() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[[{\"a\":", "}]]")] {
        let levels = open.matches(['[', '{']).count();
        for (depth, good) in
            [(510, true), (512 / levels * levels, true), (513_usize.next_multiple_of(levels), false)]
        {
            let times = depth / levels;
            let text = [&open.repeat(times), "1", &close.repeat(times)].concat();
            assert_eq!(values(text.as_bytes()).all(|value| value.is_ok()), good, "{open} {depth}");
        }
    }
}

#[test]
fn without_validation_only_an_unfinished_last_line_is_checked() {
    let options = DecoderOptions { validate: false, ..DecoderOptions::default() };
    let record = |index, text: &str| Line::Record { index, text: text.as_bytes().to_vec() };
    for (wire, want, end) in [
        (" oops \n\n1 2\r\n", vec![record(0, "oops"), record(1, "1 2")], End::Clean),
        ("x\n[1]", vec![record(0, "x"), record(1, "[1]")], End::Clean),
        ("x\n[1", vec![record(0, "x")], End::Inside),
        ("x\n[x", vec![record(0, "x"), Line::Bad { offset: 3 }], End::Clean),
    ] {
        assert_eq!(read("ndjson", options, [wire.as_bytes()]), (want.clone(), end), "{wire}");
        assert_eq!(read("ndjson", options, wire.as_bytes().chunks(1)), (want, end), "{wire}: byte by byte");
    }
}

#[test]
fn a_large_record_in_small_pieces_takes_linear_time() {
    // Quadratic, these would take hours.
    let options = DecoderOptions { done: true, ..DecoderOptions::default() };
    for (size, piece) in [(8 << 20, 1024), (1 << 20, 1)] {
        let record = format!("[{}\"{}\"]", " ".repeat(size / 2), "x".repeat(size / 2));
        for (format, before, after) in
            [("ndjson", "", "\n"), ("json-seq", "\x1E", "\n"), ("json-array", "[", "]"), ("concat", "", "")]
        {
            let wire = [before, &record, after].concat();
            let (lines, end) = read(format, options, wire.as_bytes().chunks(piece));
            assert!(lines == [Line::Record { index: 0, text: record.clone().into_bytes() }], "{format}");
            assert_eq!(end, End::Clean, "{format}");
        }
    }
}
