//! The choice of the format, by the first bytes of a body or by its content type.

use tidewire_core::{Decoder, Format};

use crate::input::Input;
use crate::reading::{Reading, read};

const BOM: &[u8] = b"\xEF\xBB\xBF";
const WHITE: &[u8] = b" \t\r\n";
/// The most white space before the byte that decides.
const LONGEST_LEAD: usize = 4096;

/// Content types and the format of each: `None` if it is refused, `Some(None)` if the first byte decides between an array and values.
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
/// The input is a body whose format has to be found out.
pub fn decoder(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    let Some(input) = Input::new(data) else { return };
    let announced = TYPES.get(usize::from(*kind));
    // Half of the other kinds are labelled as text by a server that may not know better; the others have no label.
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

/// The length of the BOM and the white space at the start. The beginning of a BOM counts as one if the body ends in it.
fn lead(body: &[u8]) -> usize {
    let bom = (0..=BOM.len()).rev().find(|length| body.starts_with(&BOM[..*length])).unwrap_or(0);
    let mut lead = if bom == BOM.len() || bom == body.len() { bom } else { 0 };
    while lead < LONGEST_LEAD && body.get(lead).is_some_and(|byte| WHITE.contains(byte)) {
        lead += 1;
    }
    lead
}

/// The format by the first byte; [`Format::Auto`] if the body is only white space.
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

/// The format of a body that is labelled as text: text, unless it begins like another format. Fields of SSE begin a line.
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

/// A body is read as if the format had been chosen by hand. Bytes before the deciding one are an exception: they do not count towards
/// the limit, and a BOM is accepted before a record separator.
fn as_chosen_by_hand(input: &Input<'_>, format: Format, have: &Reading) {
    let passed_over = format == Format::JsonSeq && input.body.starts_with(BOM);
    if format == Format::Auto || passed_over || input.is_limited() {
        return;
    }
    assert_eq!(&read(&mut Decoder::new(format, input.options), input.options, [input.body]), have);
}
