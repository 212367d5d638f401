//! Which format a body has: by its first bytes, or by its content type.

use tidewire_core::{Decoder, Format};

use crate::input::Input;
use crate::reading::{Reading, read};

const BOM: &[u8] = b"\xEF\xBB\xBF";
const WHITE: &[u8] = b" \t\r\n";
/// White space in front of the deciding byte counts so far.
const LONGEST_LEAD: usize = 4096;

/// Content types, and what each says; `None` where the first byte decides between an array and values.
const TYPES: [(&str, Option<Option<Format>>); 16] = [
    ("text/event-stream", Some(Some(Format::Sse))),
    ("Text/Event-Stream; charset=utf-8", Some(Some(Format::Sse))),
    ("application/x-ndjson", Some(Some(Format::Ndjson))),
    ("application/jsonl ; x=y", Some(Some(Format::Ndjson))),
    ("application/json-lines", Some(Some(Format::Ndjson))),
    ("application/stream+json", Some(Some(Format::Ndjson))),
    ("APPLICATION/JSON-SEQ", Some(Some(Format::JsonSeq))),
    ("text/plain;charset=utf-8", Some(Some(Format::Text))),
    ("application/json", Some(None)),
    (" application/json ;charset=utf-8", Some(None)),
    ("text/html", None),
    ("text/event-streams", None),
    ("application/problem+json", None),
    ("", None),
    (";text/plain", None),
    ("application", None),
];
/// A body whose format has to be found out.
pub fn decoder(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    let Some(input) = Input::new(data) else { return };
    let announced = TYPES.get(usize::from(*kind));
    // Of the other kinds every second body is called text by a server that may not know better.
    let unknown_text = announced.is_none() && *kind % 2 == 1;
    let make = || match announced {
        Some((name, _)) => Decoder::for_content_type(name, input.options),
        None if unknown_text => Some(Decoder::for_unknown_text(input.options)),
        None => Some(Decoder::new(Format::Auto, input.options)),
    };
    let (Some(mut decoder), Some(mut cut_decoder)) = (make(), make()) else {
        assert!(announced.is_some_and(|(_, says)| says.is_none()), "refused: {announced:?}");
        return;
    };
    let whole = read(&mut decoder, input.options, [input.body]);
    let cut = read(&mut cut_decoder, input.options, input.pieces());
    assert_eq!(cut, whole, "the cuts make a difference");
    let format = match announced {
        Some((name, None)) => panic!("{name} is taken"),
        Some((_, Some(Some(format)))) => *format,
        Some((_, Some(None))) => by_first_byte(input.body, true),
        None if unknown_text => of_unknown_text(input.body),
        None => by_first_byte(input.body, false),
    };
    assert_eq!((decoder.format(), cut_decoder.format()), (format, format));
    as_chosen_by_hand(&input, format, &whole);
}

/// How many bytes of a BOM and of white space stand in front of what counts. A BOM is passed over as long as it may be one.
fn lead(body: &[u8]) -> usize {
    let bom = (0..=BOM.len()).rev().find(|length| body.starts_with(&BOM[..*length])).unwrap_or(0);
    let mut lead = if bom == BOM.len() || bom == body.len() { bom } else { 0 };
    while lead < LONGEST_LEAD && body.get(lead).is_some_and(|byte| WHITE.contains(byte)) {
        lead += 1;
    }
    lead
}

/// The format that the first byte says; none of a body that is only white.
fn by_first_byte(body: &[u8], json: bool) -> Format {
    match body.get(lead(body)) {
        None => Format::Auto,
        Some(b'[') => Format::JsonArray,
        Some(_) if json => Format::Concat,
        Some(b'{') => Format::Ndjson,
        Some(0x1E) => Format::JsonSeq,
        Some(_) => Format::Sse,
    }
}

/// Text, unless it begins as one of the other formats do. SSE has its fields at the beginning of a line.
fn of_unknown_text(body: &[u8]) -> Format {
    let (white, begun) = body.split_at(lead(body));
    let at_line_start =
        white.is_empty() || white.ends_with(BOM) || white.ends_with(b"\n") || white.ends_with(b"\r");
    let of_sse = [&b":"[..], b"data:", b"event:", b"id:", b"retry:"];
    match begun {
        [b'{', ..] => Format::Concat,
        [0x1E, ..] => Format::JsonSeq,
        [b'[', rest @ ..] if rest.iter().find(|byte| !WHITE.contains(byte)) == Some(&b'{') => {
            Format::JsonArray
        }
        begun if at_line_start && of_sse.iter().any(|field| begun.starts_with(field)) => Format::Sse,
        _ => Format::Text,
    }
}

/// It reads as if the format had been known, but for what is passed over in front of the deciding byte: a limit there, and a BOM
/// in front of a record separator.
fn as_chosen_by_hand(input: &Input<'_>, format: Format, have: &Reading) {
    let passed_over = format == Format::JsonSeq && input.body.starts_with(BOM);
    if format == Format::Auto || passed_over || input.is_limited() {
        return;
    }
    assert_eq!(&read(&mut Decoder::new(format, input.options), input.options, [input.body]), have);
}
